"""``python -m include.mobile_plans``: the command line."""

from include.mobile_plans.cli import main

if __name__ == "__main__":
    main()
