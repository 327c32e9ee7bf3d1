"""Who may stand for a party."""

from include.mobile_plans.policy import load_policy, people_of, signer_problem
from include.mobile_plans.policy.files import mobile_operator_paths, read_files
from include.mobile_plans.policy.loading import SHIPPED_POLICY


def test_only_named_people_sign() -> None:
    """L9: contacts sign for a mobile operator, the duty roster for the program, nobody for both."""
    policy = load_policy(SHIPPED_POLICY)
    paths = mobile_operator_paths([SHIPPED_POLICY / "mobile_operators" / "tailspin.yaml"])
    (file,) = read_files(paths, allow_loopback=True).read
    tailspin = file.mobile_operator
    theirs = people_of("mobile_operator", tailspin, policy)
    ours = people_of("program", None, policy)

    assert "Theresa Vogel" in theirs
    assert "Laura Chen" in ours
    assert not set(theirs) & set(ours)
    assert signer_problem("Theresa Vogel", theirs, "Tailspin") is None
    assert "allowed are" in str(signer_problem("Laura Chen", theirs, "Tailspin"))
    assert signer_problem(None, theirs, "Tailspin")
