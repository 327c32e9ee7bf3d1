"""Statements: made once from the same inputs, corrected openly, disputed with evidence (M3, M4)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from include.mobile_plans.errors import BadInput, Conflict, NotFound
from include.mobile_plans.monitoring.records import write_outages
from include.mobile_plans.monitoring.rules import OutageRun
from include.mobile_plans.obligations import Wanted, meet, open_obligation
from include.mobile_plans.policy import mobile_operator_in_force, people_of
from include.mobile_plans.sla import (
    Claim,
    Desk,
    Dispute,
    decide_dispute,
    find_statement,
    issue,
    kept_document,
    kind_of,
    list_disputes,
    list_statements,
    number_of,
    open_dispute,
    reissue,
    statement_from,
    statement_problems,
)
from include.mobile_plans.sla.model import Statement
from include.mobile_plans.store import read_events
from include.mobile_plans.store.tables import incident, incident_trouble, sla_statement
from tests.mobile_plans.sla.conftest import LENGTH_S, MIDNIGHT, NIGHT, exclude, fill, seal

SUNDAY = date(2026, 11, 22)
NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))
DAY_SLOTS = 2880


def made(desk: Desk, first: date = SUNDAY, last: date = SUNDAY) -> Statement:
    (found,) = issue(desk, ["contoso"], first, last)
    return found.statement


@pytest.fixture
def people(desk: Desk) -> tuple[str, str]:
    """A contact of contoso, and a named person of the program."""
    with desk.store.snapshot() as connection:
        version = mobile_operator_in_force(connection, "contoso", NIGHT)
    theirs = people_of("mobile_operator", version.mobile_operator, desk.policy)
    return theirs[0], people_of("program", None, desk.policy)[0]


def test_a_day_is_indicative_and_a_month_is_judged(desk: Desk) -> None:
    """The SLA table with all three services; two are not monitored by the program (M3)."""
    fill(desk, MIDNIGHT, "g" * (DAY_SLOTS - 3) + "bbb")
    seal(desk)
    day = made(desk)
    assert (day.number, day.kind, day.seal.revision) == ("SLA-contoso-2026-11-22", "day", 0)
    assert [(one.service, one.monitored_by) for one in day.services] == [
        ("core_network", "mobile_operator"),
        ("portal", "program"),
        ("xdr", "mobile_operator"),
    ]
    (figures,) = day.targets
    assert figures.in_words.startswith("3 bad of 2,880 known slots: 99.89 % (95 % interval 99.69")
    assert figures.budget.allowed_s == pytest.approx(86.4)
    assert figures.budget.left_s == pytest.approx(-3.6)
    assert figures.judged_availability.verdict == "missed"
    assert figures.judged_availability.reason == (
        "99.89 % of the known slots were good, 99.90 % is promised"
    )
    month = made(desk, *NOVEMBER)
    assert (month.number, month.kind) == ("SLA-contoso-2026-11", "month")
    assert month.targets[0].slots.unknown == 29 * DAY_SLOTS
    assert month.targets[0].judged_availability.verdict == "undecided"
    assert month.targets[0].budget.allowed_s == pytest.approx(30 * 86.4)
    assert month.targets[0].seconds_by_cause["ours"] == 29 * 86_400


@pytest.mark.parametrize(
    ("first", "last", "kind", "number"),
    [
        ("2028-02-01", "2028-02-29", "month", "SLA-x-2028-02"),
        ("2028-02-01", "2028-02-28", "period", "SLA-x-2028-02-01-to-2028-02-28"),
        ("2026-02-01", "2026-02-28", "month", "SLA-x-2026-02"),
        ("2026-12-01", "2026-12-31", "month", "SLA-x-2026-12"),
        ("2026-12-01", "2027-01-31", "period", "SLA-x-2026-12-01-to-2027-01-31"),
        ("2026-12-31", "2026-12-31", "day", "SLA-x-2026-12-31"),
    ],
)
def test_months_are_calendar_months(first: str, last: str, kind: str, number: str) -> None:
    """The month of the calendar in UTC is judged, leap years too (M3)."""
    days = date.fromisoformat(first), date.fromisoformat(last)
    assert kind_of(*days) == kind
    assert number_of("x", *days) == number


def test_the_same_inputs_make_the_same_statement(desk: Desk) -> None:
    """Made again it is the one that is kept; it is read back as it was made (M3)."""
    fill(desk, MIDNIGHT, "g" * 100 + "b")
    first = issue(desk, ["contoso"], SUNDAY, SUNDAY)[0]
    desk.clock.advance(timedelta(hours=1))
    seal(desk)
    again = issue(desk, ["contoso"], SUNDAY, SUNDAY)[0]
    assert (first.is_new, again.is_new) == (True, False)
    assert again.statement == first.statement
    assert statement_from(kept_document(first.statement)) == first.statement
    with desk.store.snapshot() as connection:
        assert find_statement(connection, first.statement.number) == first.statement
        assert len(read_events(connection, f"statement:{first.statement.number}")) == 1


def test_a_correction_shows_what_differs_and_why(desk: Desk) -> None:
    """Other inputs make a further revision with each figure before and after (M3)."""
    fill(desk, MIDNIGHT, "g" * 2000 + "b" * 10 + "g" * 870)
    before = made(desk)
    exclude(desk, MIDNIGHT + timedelta(seconds=2000 * 30), MIDNIGHT + timedelta(seconds=2005 * 30))
    after = made(desk)
    assert (after.seal.revision, after.seal.replaces) == (1, before.seal.sha256)
    assert after.seal.why == "the planned maintenance that is excluded is another"
    changes = {one.figure: (one.before, one.after) for one in after.changes}
    assert changes["bad slots"] == ("10", "5")
    assert changes["excluded slots"] == ("0", "5")
    assert changes["budget left"] == ("-213.6 s", "-63.8 s")
    assert "good slots" not in changes
    fill(desk, MIDNIGHT - timedelta(days=1), "g")  # of another day: no matter
    assert made(desk) == after
    with desk.store.snapshot() as connection:
        assert [one.seal.revision for one in list_statements(connection)] == [0, 1]
        assert statement_problems(connection, SUNDAY, SUNDAY) == []


def test_inputs_that_change_no_figure_correct_nothing(desk: Desk) -> None:
    """A partner is not told of a correction that corrects nothing (M3)."""
    fill(desk, MIDNIGHT, "g" * 100)
    before = made(desk)
    other = replace(desk, policy=replace(desk.policy, fingerprint="f" * 64))
    assert made(other) == before


def test_an_edited_statement_is_found(desk: Desk) -> None:
    """What was sealed is hashed again (M3)."""
    fill(desk, MIDNIGHT, "g" * 100)
    one = made(desk)
    document = kept_document(replace(one, mobile_operator="Somebody else"))
    with desk.store.transaction() as connection:
        connection.execute(update(sla_statement).values(document=document))
    with desk.store.snapshot() as connection:
        assert statement_problems(connection, *NOVEMBER) == [
            "SLA-contoso-2026-11-22 revision 0 is not what was sealed"
        ]


def test_a_period_that_is_not_over_is_not_kept(desk: Desk) -> None:
    """It is made to be looked at; its budget is for the whole month (M3)."""
    fill(desk, datetime(2026, 12, 1, tzinfo=UTC), "g" * 392)
    (found,) = issue(desk, ["contoso"], date(2026, 12, 1), date(2026, 12, 31))
    assert not found.is_kept
    (figures,) = found.statement.targets
    assert figures.budget.allowed_s == pytest.approx(31 * 86.4)
    assert figures.slots.total == 392
    assert figures.judged_availability.reason.startswith("only 392 slots are known")
    with desk.store.snapshot() as connection:
        assert list_statements(connection) == []


def test_an_outage_names_its_incident_and_reaches_back(desk: Desk) -> None:
    """Bounded on both sides, across midnight, with the incident that was opened (M2, M3)."""
    begin = MIDNIGHT - timedelta(minutes=40)
    fill(desk, begin - timedelta(minutes=5), "g" * 10 + "b" * 100 + "g" * 20)
    first_bad = int(begin.timestamp())
    run = OutageRun(
        first_bad=first_bad,
        good_before=first_bad - LENGTH_S,
        last_bad=first_bad + 99 * LENGTH_S,
        bad_slots=100,
        escalated=first_bad + 1830,
    )
    row = {
        "incident_id": "INC-0007",
        "source": "test",
        "told_by": "program",
        "service": "portal",
        "slug": "contoso",
        "state": "open",
        "since": begin,
        "opened_at": begin,
        "changed_at": begin,
        "awaits_mail": False,
    }
    with desk.store.transaction() as connection:
        write_outages(connection, [("contoso/portal", run)], origin="probe")
        connection.execute(incident.insert().values(row))
        trouble = f"contoso/portal:{begin:%Y-%m-%dT%H:%M:%SZ}"
        link = {"trouble": trouble, "incident_id": "INC-0007"}
        connection.execute(incident_trouble.insert().values(link))
    ((line,),) = (one.outages for one in made(desk).targets)
    assert line.first_bad_at == begin
    assert line.last_good_before == begin - timedelta(seconds=LENGTH_S)
    assert line.first_good_after == begin + timedelta(seconds=100 * LENGTH_S)
    assert (line.escalated, line.incident) == (True, "INC-0007")


def test_promises_of_both_parties_are_counted(desk: Desk) -> None:
    """Kept, broken and open, by kind and party, of this mobile operator alone (M4)."""

    def promise(number: int, slug: str, answered: timedelta | None) -> None:
        wanted = Wanted(
            kind="initial_response_high",
            key=f"{slug}:{number}",
            subject="incident:INC-0001",
            slug=slug,
            debtor="mobile_operator",
            since=MIDNIGHT,
        )
        with desk.store.transaction() as connection:
            key = open_obligation(
                connection, wanted, desk.policy, by="test", now=MIDNIGHT
            ).promise.key
            if answered is not None:
                at = MIDNIGHT + answered
                meet(connection, key, by="Ada", evidence="mail", received_at=at, now=at)

    promise(1, "contoso", timedelta(minutes=30))
    promise(2, "contoso", timedelta(minutes=90))
    promise(3, "contoso", None)
    promise(4, "fabrikam", None)
    (line,) = made(desk).promises
    assert (line.party, line.kind) == ("mobile_operator", "initial_response_high")
    assert line.title == "the initial response to a High incident"
    assert (line.kept, line.broken, line.open) == (1, 1, 1)


def test_who_never_was_live_has_no_figures(desk: Desk) -> None:
    """Before anything was monitored there is nothing to say, and nothing is made up (M4)."""
    (found,) = issue(desk, ["northwind"], SUNDAY, SUNDAY)
    assert found.statement.targets == ()
    with pytest.raises(NotFound, match="unknown"):
        issue(desk, ["nobody"], SUNDAY, SUNDAY)
    with pytest.raises(BadInput, match="before it begins"):
        issue(desk, ["contoso"], SUNDAY, SUNDAY - timedelta(days=1))


def opened(desk: Desk, contact: str, **changes: object) -> Dispute:
    claim = Claim(
        target="contoso/portal",
        starts_at=MIDNIGHT + timedelta(seconds=2000 * 30),
        ends_at=MIDNIGHT + timedelta(seconds=2008 * 30),
        contact=contact,
        evidence="Our load balancer served these requests, see the log",
        file="access.log",
        received_at=NIGHT - timedelta(hours=5),
    )
    with desk.store.transaction() as connection:
        return open_dispute(connection, replace(claim, **changes), desk.policy, by="Ada", now=NIGHT)


def decided(desk: Desk, dispute: Dispute, decision: str, by: str, reason: str = "Logs") -> Dispute:
    with desk.store.transaction() as connection:
        return decide_dispute(
            connection,
            dispute.dispute_id,
            decision,
            desk.policy,
            by=by,
            reason=reason,
            now=desk.clock.now(),
        )


@pytest.mark.parametrize(
    ("decision", "slots"),
    [("good", (2878, 2, 0, 0)), ("excluded", (2870, 2, 8, 0)), ("unknown", (2870, 2, 0, 8))],
)
def test_an_accepted_dispute_corrects_the_day_and_the_month(
    desk: Desk, people: tuple[str, str], decision: str, slots: tuple[int, ...]
) -> None:
    """Bad slots are re-attributed over unchanged samples; both statements are reissued (M3)."""
    fill(desk, MIDNIGHT, "g" * 2000 + "b" * 10 + "g" * 870)
    seal(desk)
    day, month = made(desk), made(desk, *NOVEMBER)
    contact, decider = people
    dispute = decided(desk, opened(desk, contact), decision, decider)
    corrected = reissue(desk, dispute)

    assert [one.number for one in corrected] == [month.number, day.number]
    for one, before in zip(corrected, (month, day), strict=True):
        assert one.seal.replaces == before.seal.sha256
        assert one.seal.why == f"DSP-0001 was accepted by {decider}: Logs"
    found = corrected[1].targets[0].slots
    assert (found.good, found.bad, found.excluded, found.unknown) == slots
    assert corrected[1].targets[0].latency == day.targets[0].latency
    assert reissue(desk, dispute) == []


def test_a_rejected_dispute_changes_nothing(desk: Desk, people: tuple[str, str]) -> None:
    """It is kept with its reason, and decided once (M3)."""
    fill(desk, MIDNIGHT, "g" * 2000 + "b" * 10 + "g" * 870)
    before = made(desk)
    contact, decider = people
    dispute = decided(desk, opened(desk, contact), "reject", decider, "No request in the log")
    assert (dispute.state, dispute.reason) == ("rejected", "No request in the log")
    assert reissue(desk, dispute) == []
    assert made(desk) == before
    with pytest.raises(Conflict, match="was rejected by"):
        decided(desk, dispute, "good", decider)
    with desk.store.snapshot() as connection:
        assert list_disputes(connection, slug="contoso") == [dispute]
        assert list_disputes(connection, slug="fabrikam") == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"contact": "Mallory"}, "'Mallory' cannot sign for"),
        ({"evidence": " "}, "needs evidence"),
        ({"ends_at": MIDNIGHT}, "ends before it begins"),
        ({"ends_at": NIGHT + timedelta(days=1)}, "not over yet"),
        ({"received_at": NIGHT + timedelta(days=1)}, "in the future"),
        ({"target": "nobody/portal"}, "unknown"),
    ],
)
def test_a_dispute_needs_a_person_and_evidence(
    desk: Desk, people: tuple[str, str], changes: dict[str, object], problem: str
) -> None:
    """Who disputes is named, and proves it (M3)."""
    with pytest.raises(BadInput, match=problem):
        opened(desk, **({"contact": people[0]} | changes))


@pytest.mark.parametrize(
    ("by", "reason", "decision", "problem"),
    [
        ("Mallory", "Logs", "good", "'Mallory' cannot sign for the program"),
        (None, " ", "good", "needs a reason"),
        (None, "Logs", "bad", "'bad' is none of good, excluded, unknown, reject"),
    ],
)
def test_a_decision_is_a_named_persons(
    desk: Desk, people: tuple[str, str], by: str | None, reason: str, decision: str, problem: str
) -> None:
    """Nobody decides anonymously or without a reason (M3)."""
    contact, decider = people
    dispute = opened(desk, contact)
    with pytest.raises(BadInput, match=problem):
        decided(desk, dispute, decision, by or decider, reason)
