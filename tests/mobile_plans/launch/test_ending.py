"""The date of a launch moves, or the launch ends: live, or cancelled."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from icalendar import Calendar
from sqlalchemy import select

from include.mobile_plans.errors import BadInput, Conflict, NaiveDatetime
from include.mobile_plans.launch import (
    GateConfirmation,
    IccidConfirmation,
    Launch,
    ReviewApproval,
    StepSignOff,
    asked_about,
    bring_live,
    cancel_launch,
    find_launch,
    gate_questions,
    go_live_obstacles,
    may_go_live,
    open_issue,
    postpone_launch,
    tell_date,
    waive_issue,
)
from include.mobile_plans.launch.steps import FinalSignOff
from include.mobile_plans.obligations import list_obligations
from include.mobile_plans.policy import ProgramPolicy, mobile_operator_in_force
from include.mobile_plans.questions import Answer
from include.mobile_plans.store import Store, read_events, stream_head, tables
from tests.mobile_plans.launch.conftest import RUN
from tests.mobile_plans.launch.test_steps import NAMES, SIGNED

Start = Callable[..., Launch]
Give = Callable[..., Answer]
SIGNERS = {"program": "Laura Chen", "mobile_operator": "Theresa Vogel"}
WHOLE = "89882806660000000000-89882806660004999999; 89882806660006000000-89882806660006999999"
LATER = datetime(2026, 12, 16, 9, 0, tzinfo=UTC)
MOVE = {"by": "ops", "reason": "campaign", "agreed": SIGNERS, "evidence": "mail of 24 Nov"}


def sent(records: Store, kind: str) -> list[tuple[str, dict]]:
    """Return the party and the calendar entry of each mail of a kind, oldest first."""
    rows = select(tables.notice.c.party, tables.notice.c.message).where(
        tables.notice.c.kind == kind
    )
    found = []
    with records.snapshot() as connection:
        for party, message in connection.execute(rows.order_by(tables.notice.c.thread_position)):
            mail = message_from_bytes(message, policy=default)
            (entry,) = mail.iter_attachments()
            calendar = Calendar.from_ical(entry.get_content())
            (event,) = calendar.walk("VEVENT")
            found.append((party, dict(event) | {"METHOD": calendar["METHOD"]}))
    return found


def bring_to_the_last_gate(launch: Launch, answer: Give, promise: Callable[..., datetime]) -> None:
    """Answer everything but the approvals of the last gate."""
    for index, (_, party) in enumerate(gate_questions(launch)):
        given = answer("Confirm", signed_by=SIGNERS[party], evidence="ticket")
        GateConfirmation().record(replace(RUN, map_index=index), given)
    promise("full")
    ours = {"signed_by": "Laura Chen", "evidence": "ticket"}
    IccidConfirmation().record(RUN, answer("Confirm", **ours, configured=WHOLE))
    for name in NAMES:
        StepSignOff("esim_first_run", name, has_iccid=True).record(RUN, answer("Pass", **SIGNED))
    theirs = {"signed_by": "Theresa Vogel", "evidence": "mail"}
    FinalSignOff().record(RUN, answer("Approve", **theirs))


def test_both_agree_on_a_new_date(records: Store, start: Start, now: datetime) -> None:
    """L10: the calendar entry keeps its UID and its SEQUENCE rises; both parties are told."""
    launch = start()
    with records.transaction() as connection:
        tell_date(connection, asked_about(connection, RUN, now))
        moved = postpone_launch(connection, launch.launch_id, LATER, now=now, **MOVE)

    assert moved.target_at == LATER
    assert moved.request.target_at == launch.target_at
    (_, first), _ = sent(records, "launch_date_set")
    parties = [party for party, _ in sent(records, "launch_postponed")]
    (_, second), _ = sent(records, "launch_postponed")
    assert sorted(parties) == ["mobile_operator", "program"]
    assert first["UID"] == second["UID"]
    assert (first["SEQUENCE"], second["SEQUENCE"]) == (0, 1)
    assert second["DTSTART"].dt == LATER


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"target_at": datetime(2026, 11, 1, tzinfo=UTC)}, "is past"),
        ({"target_at": datetime(2026, 12, 25, 12, tzinfo=UTC)}, "freeze"),
        ({"target_at": datetime(2026, 12, 14, 9, tzinfo=UTC)}, "already"),
        ({"agreed": {"program": "Laura Chen"}}, "cannot sign for Tailspin"),
        ({"agreed": SIGNERS | {"program": "Theresa Vogel"}}, "cannot sign for Mobile Plans"),
        ({"reason": " "}, "needs 'reason'"),
        ({"evidence": ""}, "needs 'evidence'"),
        ({"by": ""}, "needs 'by'"),
    ],
)
def test_a_new_date_that_does_not_do(
    records: Store, start: Start, now: datetime, changes: dict, words: str
) -> None:
    """L9, L10: past, frozen or the same date, nobody's agreement, no reason, no evidence."""
    launch = start()
    wanted = {"target_at": LATER, **MOVE, **changes}
    with records.transaction() as connection, pytest.raises(BadInput, match=words):
        postpone_launch(connection, launch.launch_id, now=now, **wanted)
    with records.snapshot() as connection:
        assert find_launch(connection, launch.launch_id).postponements == ()


def test_a_new_date_has_a_zone(records: Store, start: Start, now: datetime) -> None:
    """A date without time zone could be any of several."""
    launch = start()
    naive = LATER.replace(tzinfo=None)
    with records.transaction() as connection, pytest.raises(NaiveDatetime):
        postpone_launch(connection, launch.launch_id, naive, now=now, **MOVE)


def test_cancelling_tells_both_and_closes_promises(
    records: Store, start: Start, promise: Callable[..., datetime], now: datetime
) -> None:
    """Nothing is owed for a cancelled launch, and its entry leaves the calendars."""
    launch = start()
    promise()
    for _ in range(2):
        with records.transaction() as connection:
            cancelled = cancel_launch(
                connection, launch.launch_id, by="Laura Chen", reason="no contract", now=now
            )

    assert (cancelled.state, cancelled.reason) == ("cancelled", "no contract")
    with records.snapshot() as connection:
        (owed,) = list_obligations(connection, subject=launch.stream)
    assert owed.state == "cancelled"
    told = sent(records, "launch_cancelled")
    assert sorted(party for party, _ in told) == ["mobile_operator", "program"]
    assert {(e["METHOD"], e["STATUS"], e["SEQUENCE"]) for _, e in told} == {
        ("CANCEL", "CANCELLED", 1)
    }
    with records.transaction() as connection, pytest.raises(Conflict, match="is cancelled"):
        postpone_launch(connection, launch.launch_id, LATER, now=now, **MOVE)


def test_everything_that_is_in_the_way_is_named(
    start: Start, policy: ProgramPolicy, now: datetime
) -> None:
    """L1 to L10: a fresh launch has every obstacle there is."""
    obstacles = go_live_obstacles(start(), policy, now)

    assert [line for line in obstacles if not line.startswith("not passed yet")] == [
        "the end-to-end validation is not signed off",
        "the full production range is not configured",
        "the last gate is not approved by the program",
        "the last gate is not approved by the mobile operator",
        "the agreed date is 2026-12-14 09:00 UTC",
    ]
    assert len(obstacles) == 10


def test_going_live(
    records: Store,
    start: Start,
    answer: Give,
    promise: Callable[..., datetime],
    now: datetime,
) -> None:
    """L1, L10: on the agreed date, after the last gate, with nothing open; then all is closed."""
    launch = start(range_choice="full", uses_staging=False)
    bring_to_the_last_gate(launch, answer, promise)
    for party, signer in SIGNERS.items():
        given = answer("Approve", signed_by=signer, evidence="review")
        assert ReviewApproval("last_gate", party).record(RUN, given) is True
    due = launch.target_at

    def obstacles(at: datetime) -> list[str]:
        with records.transaction() as connection:
            return may_go_live(connection, RUN, at)

    assert obstacles(due - timedelta(seconds=1)) == ["the agreed date is 2026-12-14 09:00 UTC"]
    assert obstacles(due) == []
    frozen = datetime(2026, 12, 22, 12, tzinfo=UTC)
    assert "freeze" in obstacles(frozen)[0]
    with records.transaction() as connection:
        open_issue(connection, launch.launch_id, "late", party="program", by="x", now=now)
    assert obstacles(due)[0].startswith("issue 1 (open): late")
    with records.transaction() as connection, pytest.raises(BadInput, match="issue 1"):
        bring_live(connection, RUN, due)
    with records.transaction() as connection:
        until = due + timedelta(days=9)
        waive_issue(
            connection, launch.launch_id, 1, by="Laura Chen", reason="ok", until=until, now=now
        )
    for _ in range(2):
        with records.transaction() as connection:
            bring_live(connection, RUN, due)

    with records.snapshot() as connection:
        state = mobile_operator_in_force(connection, "tailspin", due).state
        closed = find_launch(connection, launch.launch_id)
        head = stream_head(connection, launch.stream)
        last = read_events(connection, launch.stream)[-1]
        texts = [
            message_from_bytes(row.message, policy=default).get_body(("plain",)).get_content()
            for row in connection.execute(
                select(tables.notice.c.message).where(tables.notice.c.kind == "launch_live")
            )
        ]
    assert (state, closed.state, last.kind) == ("live", "live", "launch.live")
    assert obstacles(due) == []
    assert len(texts) == 2
    for text in texts:
        assert head in text
        assert "192.0.2.10" in text
        assert "2 times a minute" in text
    (_, entry), _ = sent(records, "launch_live")
    assert entry["SEQUENCE"] == 1
