"""A notice to send, and a transport that does what a script says."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from include.mobile_plans.notices import Notice, Recipient, RetrySchedule, queue_notice
from include.mobile_plans.policy import load_policy
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.store import Store

SENDER = "notices@mobileplans.example"
THERESA = Recipient(
    name="Theresa Vogel",
    email="theresa@tailspin.example",
    role="launch_manager",
    slug="tailspin",
)
TOBIAS = Recipient(
    name="Tobias Keller", email="tobias@tailspin.example", role="launch_manager", slug="tailspin"
)
DESK = Recipient(name="Launches", email="launches@mobileplans.example", role="launches")

SCHEDULE = RetrySchedule.of(load_policy(SHIPPED_POLICY).notices)

ICCID_CONTEXT = {
    "launch_id": "launch-tailspin-2026-12-14-1",
    "mobile_operator_name": "Tailspin",
    "program_name": "Mobile Plans program",
    "purpose": "test",
    "ranges": [{"start": "8988280****4900", "end": "8988280****4919", "size": 20, "length": 20}],
    "requested_by": "ops",
}


@dataclass
class ScriptedTransport:
    """Answers each delivery as the script for its recipient says; keeps what was accepted."""

    script: dict[str, list[Exception | str]] = field(default_factory=dict)
    accepted: list[tuple[str, bytes]] = field(default_factory=list)
    closed: int = 0

    def send(self, message: bytes, *, sender: str, recipient: str, patience: timedelta) -> str:
        steps = self.script.get(recipient, [])
        outcome = steps.pop(0) if steps else "250 ok"
        if isinstance(outcome, BaseException):
            raise outcome
        self.accepted.append((recipient, message))
        return outcome

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def iccid_notice(now: datetime) -> Notice:
    """The mail that asks the program to configure a range."""
    return Notice(
        key="launch-tailspin-2026-12-14-1:iccid",
        kind="launch_iccid_configuration_requested",
        party="mobile_operator",
        slug="tailspin",
        recipients=(THERESA,),
        fallbacks=(TOBIAS,),
        context={**ICCID_CONTEXT, "due_at": now, "target_at": now},
        thread="launch-tailspin-2026-12-14-1",
    )


@pytest.fixture
def queue(store: Store, now: datetime) -> Callable[[Notice], bool]:
    """Queue a notice in a transaction of its own."""

    def put(notice: Notice) -> bool:
        with store.transaction() as connection:
            return queue_notice(connection, notice, sender=SENDER, now=now)

    return put
