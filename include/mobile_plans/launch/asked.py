"""What the questions, mails and checks of a launch are about, read from the store at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from include.mobile_plans.errors import BadInput
from include.mobile_plans.launch.records import find_launch, launch_of_run, lock_launch
from include.mobile_plans.launch.rules import Ranges, ranges_at
from include.mobile_plans.launch.state import Launch
from include.mobile_plans.obligations import list_obligations
from include.mobile_plans.policy import (
    MobileOperator,
    PartyName,
    ProgramPolicy,
    mobile_operator_in_force,
    people_of,
    program_policy,
)
from include.mobile_plans.questions import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    What a question is asked about: the launch, the record in force, the policy.

    Attributes:
        launch: The launch as it stands.
        mobile_operator: Its mobile operator's record in force.
        policy: The program's policy in force.
        ranges: The ICCID ranges valid now.
        promised: When each promise of this launch is due, by its key.
        map_index: Which of several like questions is asked, from 0; -1 where there is one.
        now: The instant it was read at.
    """

    launch: Launch
    mobile_operator: MobileOperator
    policy: ProgramPolicy
    ranges: Ranges
    promised: Mapping[str, datetime]
    map_index: int
    now: datetime

    def people(self, party: PartyName) -> tuple[str, ...]:
        """Name the people who can sign for a party (L9)."""
        return people_of(party, self.mobile_operator, self.policy)

    def whose(self, party: PartyName) -> str:
        """Return the name of a party."""
        if party == "mobile_operator":
            return self.mobile_operator.name
        return self.policy.contacts.program_name


def asked_about(
    connection: Connection, run: Run, now: datetime, *, to_change: bool = False
) -> Asked:
    """
    Read what the questions of a run are about.

    Args:
        connection: A snapshot, or the write transaction.
        run: The run that carries the launch.
        now: The current instant, aware UTC.
        to_change: Whether nobody else may change the launch until the transaction ends.

    Raises:
        NotFound: The run carries no launch.
        BadInput: The launch was cancelled.
        Conflict: It is to be changed and has ended.
    """
    launch = launch_of_run(connection, run.run_id)
    if launch.state == "cancelled":
        msg = f"launch {launch.launch_id} was cancelled: nothing more is asked"
        raise BadInput(msg)
    if to_change:
        launch = lock_launch(connection, launch.launch_id)
    return _asked(connection, launch, run.map_index, now)


def launch_in_context(connection: Connection, launch_id: str, now: datetime) -> Asked:
    """
    Read what there is to know about a launch, whatever became of it.

    Raises:
        NotFound: There is no such launch.
    """
    return _asked(connection, find_launch(connection, launch_id), -1, now)


def _asked(connection: Connection, launch: Launch, map_index: int, now: datetime) -> Asked:
    mobile_operator = mobile_operator_in_force(connection, launch.slug, now).mobile_operator
    return Asked(
        launch=launch,
        mobile_operator=mobile_operator,
        policy=program_policy(),
        ranges=ranges_at(mobile_operator, now),
        promised={
            promise.key: promise.due_at
            for promise in list_obligations(connection, subject=launch.stream)
        },
        map_index=map_index,
        now=now,
    )
