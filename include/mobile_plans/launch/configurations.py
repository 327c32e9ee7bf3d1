"""Two weeks that are promised: the ICCID configuration, and the move from staging (L2 to L4)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from include.mobile_plans.errors import BadInput, DoesNotApply
from include.mobile_plans.iccid import total_size
from include.mobile_plans.launch.asked import Asked
from include.mobile_plans.launch.configuration import (
    configuration_problems,
    configured_ranges,
    is_file_name,
    ranges_text,
)
from include.mobile_plans.launch.inbox import read_inbox_file
from include.mobile_plans.launch.questions import (
    LaunchQuestion,
    Words,
    evidence_field,
    received_field,
    signed_by_field,
)
from include.mobile_plans.launch.requests import RangeChoice
from include.mobile_plans.launch.rules import CONFIRM, CUT_OVER, range_question
from include.mobile_plans.launch.tables import markdown_table
from include.mobile_plans.obligations import Wanted, meet, open_obligation
from include.mobile_plans.policy import PartyName
from include.mobile_plans.questions import Answer, Field
from include.mobile_plans.store import Event


def configuration_choice(asked: Asked, *, after_sign_off: bool) -> RangeChoice:
    """
    Return which range is configured now: the one chosen, or after sign-off the full one (L4).

    Raises:
        DoesNotApply: The full range was configured before the validation.
    """
    if not after_sign_off:
        return asked.launch.request.range_choice
    if asked.launch.request.range_choice == "full":
        msg = "the full production range was configured before the validation"
        raise DoesNotApply(msg)
    return "full"


def promise_configuration(
    connection: Connection, asked: Asked, choice: RangeChoice, now: datetime
) -> datetime:
    """Open the program's week for configuring a range; return when it is due (L3)."""
    wanted = Wanted(
        kind="iccid_configuration",
        key=_promise_key(asked, range_question(choice)),
        subject=asked.launch.stream,
        slug=asked.launch.slug,
        debtor="program",
        since=now,
        title=f"the configuration of the {choice} ICCID range in production",
    )
    by = asked.launch.request.requested_by
    return open_obligation(connection, wanted, asked.policy, by=by, now=now).due_at


def promise_migration(connection: Connection, asked: Asked, now: datetime) -> datetime:
    """
    Open the mobile operator's week for leaving staging; return when it is due (L2).

    Raises:
        DoesNotApply: It integrated without a staging endpoint.
    """
    require_staging(asked)
    wanted = Wanted(
        kind="staging_migration",
        key=_promise_key(asked, CUT_OVER),
        subject=asked.launch.stream,
        slug=asked.launch.slug,
        debtor="mobile_operator",
        since=now,
    )
    by = asked.launch.request.requested_by
    return open_obligation(connection, wanted, asked.policy, by=by, now=now).due_at


def require_staging(asked: Asked) -> str:
    """
    Return the staging endpoint of the launch.

    Raises:
        DoesNotApply: The mobile operator integrated without one (L2).
    """
    staging = asked.mobile_operator.portals.staging
    if not asked.launch.request.uses_staging or staging is None:
        msg = f"{asked.mobile_operator.name} integrated without a staging endpoint"
        raise DoesNotApply(msg)
    return staging.uri


class PromisedQuestion(LaunchQuestion):
    """A confirmation that meets a promise; what counts is when it was received."""

    settling = (CONFIRM,)
    options = (CONFIRM,)

    def follow_up(
        self, connection: Connection, asked: Asked, answer: Answer, recorded: Event
    ) -> None:
        """Meet the promise."""
        received_at = answer.instant("received_at", "Received at") or answer.recorded_at
        meet(
            connection,
            _promise_key(asked, self.name_in(asked)),
            by=answer.values["signed_by"],
            evidence=f"event {recorded.position} of {asked.launch.stream}",
            received_at=received_at,
            now=answer.recorded_at,
            recorded_by=answer.recorded_by,
        )


class IccidConfirmation(PromisedQuestion):
    """
    The program confirms that a range is configured in production (L3, L4).

    Args:
        after_sign_off: Whether it is the full range, once a test range was signed off.
    """

    signing_party: PartyName = "program"
    fields: Mapping[str, Field] = {
        "configured": Field(
            title="Configured ranges",
            description=(
                "What is configured now, read back from production: start-end; start-end, or the "
                "name of a .txt or .csv file in the inbox. It is compared with what was asked for."
            ),
            kind="long text",
            required_with=frozenset({CONFIRM}),
        ),
        "evidence": evidence_field(
            "How it was verified: ticket, screenshot, export of the configuration.", CONFIRM
        ),
        "received_at": received_field(),
        "signed_by": signed_by_field(CONFIRM),
    }

    def __init__(self, *, after_sign_off: bool = False) -> None:
        self.after_sign_off = after_sign_off

    def choice(self, asked: Asked) -> RangeChoice:
        """Return which range it is about."""
        return configuration_choice(asked, after_sign_off=self.after_sign_off)

    def name_in(self, asked: Asked) -> str:
        """Return the name of the question about this range."""
        return range_question(self.choice(asked))

    def words(self, asked: Asked) -> Words:
        """Show the whole numbers, which mails only show masked."""
        choice = self.choice(asked)
        rows = [(r.start, r.end, str(r.length), str(r.size)) for r in asked.ranges.of(choice)]
        head = ("From (without check digit)", "To", "Digits of the card", "Cards")
        then = (
            "It replaces the test range."
            if self.after_sign_off
            else "End-to-end validation starts only after this confirmation."
        )
        body = (
            f"Configure the **{choice}** range of **{asked.mobile_operator.name}** in the Mobile "
            f"Plans production environment.\n\n{markdown_table(head, rows)}\n\n"
            f"Read back what is configured and give it here; a difference is refused and named in "
            f"the task's log. {then}"
        )
        subject = f"{asked.mobile_operator.name}: {choice} ICCID range configured in production?"
        return subject, body, due_of(asked, self.name_in(asked))

    def problems(self, asked: Asked, answer: Answer) -> list[str]:
        """Compare what is configured with what was asked for."""
        wanted = asked.ranges.of(self.choice(asked))
        try:
            notation, _ = _notation(answer)
            return configuration_problems(configured_ranges(notation, wanted), wanted)
        except BadInput as unreadable:
            return list(unreadable.problems)

    def facts(self, asked: Asked, answer: Answer) -> Mapping[str, Any]:
        """Keep the ranges as they were read, and which file held them."""
        notation, sha256 = _notation(answer)
        found = configured_ranges(notation, asked.ranges.of(self.choice(asked)))
        return {
            "ranges": ranges_text(found),
            "iccids": total_size(found),
            "file_sha256": sha256,
        }


class CutOverConfirmation(PromisedQuestion):
    """The mobile operator confirms that it moved from staging to production (L2)."""

    name = CUT_OVER
    signing_party: PartyName = "mobile_operator"
    fields: Mapping[str, Field] = {
        "evidence": evidence_field("The mobile operator's own mail or answer.", CONFIRM),
        "received_at": received_field(),
        "signed_by": signed_by_field(CONFIRM),
    }

    def words(self, asked: Asked) -> Words:
        """Name both endpoints, and the way back."""
        staging = require_staging(asked)
        production = asked.mobile_operator.portals.production.uri
        body = (
            f"**{asked.mobile_operator.name}** moves from `{staging}` to `{production}`. Confirm "
            "when production serves its users; afterwards we look at the production portal until "
            "it answers as expected.\n\n"
            f"The way back: until go-live nobody but testers uses production. If it does not work, "
            f"the mobile operator points its configuration at `{staging}` again, keeps that "
            "endpoint running until go-live, and confirms here only when production holds."
        )
        subject = f"{asked.mobile_operator.name}: moved from staging to production?"
        return subject, body, due_of(asked, self.name)


def due_of(asked: Asked, question: str) -> datetime | None:
    """Return when the promise behind a question is due, or None before it was given."""
    return asked.promised.get(_promise_key(asked, question))


def _promise_key(asked: Asked, question: str) -> str:
    return f"{asked.launch.launch_id}:{question}"


def _notation(answer: Answer) -> tuple[str, str | None]:
    """Return the ranges as text and, where a file holds them, its SHA-256."""
    typed = answer.values["configured"]
    return read_inbox_file(typed) if is_file_name(typed) else (typed, None)
