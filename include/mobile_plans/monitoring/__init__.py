"""Portal monitoring: the probe engine, slots, outages, and what is kept of them (M1, M2)."""

from include.mobile_plans.monitoring.answers import judge_answer

__all__ = ["judge_answer"]
