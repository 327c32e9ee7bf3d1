"""Mobile operators as versioned records, alike on SQLite and PostgreSQL."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from include.mobile_plans.errors import BadInput, Conflict, NaiveDatetime, NotFound
from include.mobile_plans.policy import (
    MobileOperator,
    MobileOperatorVersion,
    change_state,
    mobile_operator_in_force,
    mobile_operator_versions,
    mobile_operators_in_force,
    record_version,
)
from include.mobile_plans.store import Store, read_events, verify_events
from tests.mobile_plans.policy.examples import example

HOUR = timedelta(hours=1)


def record(
    store: Store, mobile_operator: MobileOperator, now: datetime, **changes: object
) -> MobileOperatorVersion:
    arguments = {"author": "Laura Chen", "approver": None, "reason": "test", "now": now} | changes
    with store.transaction() as connection:
        return record_version(connection, mobile_operator, **arguments)


def become(store: Store, slug: str, state: str, now: datetime) -> MobileOperatorVersion:
    with store.transaction() as connection:
        return change_state(
            connection, slug, state, author="Laura Chen", approver=None, reason="test", now=now
        )


def in_force(store: Store, slug: str, at: datetime) -> MobileOperatorVersion:
    with store.snapshot() as connection:
        return mobile_operator_in_force(connection, slug, at)


def test_a_recorded_version_is_read_back_as_it_was(store: Store, now: datetime) -> None:
    """What is recorded is in force from then on, with its author, and told in its stream."""
    contoso = example("contoso")
    recorded = record(store, contoso, now)
    assert in_force(store, "contoso", now) == recorded
    assert recorded.mobile_operator == contoso
    with store.snapshot() as connection:
        (event,) = read_events(connection, "mobile_operator:contoso")
        assert verify_events(connection) == []
    assert event.kind == "mobile_operator.version_recorded"
    assert (event.actor, event.data["document_hash"]) == ("Laura Chen", recorded.document_hash)


def test_which_version_was_in_force_at_any_instant(store: Store, now: datetime) -> None:
    """Old versions stay, and each answers for its own time; a later one can wait."""
    contoso = example("contoso")
    record(store, contoso, now)
    record(store, replace(contoso, language="es"), now + HOUR, valid_from=now + 5 * HOUR)
    assert in_force(store, "contoso", now).version == 1
    assert in_force(store, "contoso", now + 5 * HOUR - timedelta(microseconds=1)).version == 1
    late = in_force(store, "contoso", now + 5 * HOUR)
    assert (late.version, late.mobile_operator.language) == (2, "es")
    with store.snapshot() as connection:
        assert [v.version for v in mobile_operator_versions(connection, "contoso")] == [1, 2]


def test_the_same_document_again_changes_nothing(store: Store, now: datetime) -> None:
    """Recording what is newest already adds no version."""
    first = record(store, example("contoso"), now)
    assert record(store, example("contoso"), now + HOUR) == first


def test_all_in_force_are_listed_by_slug(store: Store, now: datetime) -> None:
    """Every mobile operator with a version in force is listed once, the others not at all."""
    for slug in ("tailspin", "contoso"):
        record(store, example(slug), now)
    record(store, replace(example("contoso"), language="es"), now + HOUR)
    record(store, example("fabrikam"), now, valid_from=now + 2 * HOUR)
    with store.snapshot() as connection:
        found = mobile_operators_in_force(connection, now + HOUR)
    assert [(v.slug, v.version) for v in found] == [("contoso", 2), ("tailspin", 1)]


def test_an_unknown_slug_names_the_known_ones(store: Store, now: datetime) -> None:
    """A misspelled slug is answered with what is known and what was probably meant."""
    for slug in ("tailspin", "contoso"):
        record(store, example(slug), now)
    with pytest.raises(NotFound, match=r"known are contoso, tailspin; did you mean 'contoso'\?"):
        in_force(store, "contosso", now)
    with pytest.raises(NotFound, match="the first begins 2026-11-23T10:00:00Z"):
        in_force(store, "contoso", now - HOUR)
    with store.snapshot() as connection, pytest.raises(NotFound, match="known are contoso"):
        mobile_operator_versions(connection, "nobody")
    with store.transaction() as connection, pytest.raises(NotFound, match="'nobody' is unknown"):
        change_state(connection, "nobody", "live", author="A", approver=None, reason="r", now=now)


def test_a_naive_instant_is_refused(store: Store, now: datetime) -> None:
    """No question about time is answered without a time zone."""
    record(store, example("contoso"), now)
    with pytest.raises(NaiveDatetime):
        in_force(store, "contoso", now.replace(tzinfo=None))
    with store.snapshot() as connection, pytest.raises(NaiveDatetime):
        mobile_operators_in_force(connection, now.replace(tzinfo=None))
    with pytest.raises(NaiveDatetime):
        record(store, example("contoso"), now.replace(tzinfo=None))


def test_validity_only_moves_forward(store: Store, now: datetime) -> None:
    """No version begins in the past, nor before the one before it."""
    contoso = example("contoso")
    with pytest.raises(BadInput, match="is in the past"):
        record(store, contoso, now, valid_from=now - HOUR)
    record(store, contoso, now, valid_from=now + 2 * HOUR)
    with pytest.raises(Conflict, match="version 1 of contoso waits until 2026-11-23T12:00:00Z"):
        record(store, replace(contoso, language="es"), now + HOUR)


def test_clocks_that_differ_by_seconds_do_not_refuse_a_change(store: Store, now: datetime) -> None:
    """A writer whose clock is a little behind begins when the version before it does."""
    contoso = example("contoso")
    record(store, contoso, now)
    second = record(store, replace(contoso, language="es"), now - timedelta(seconds=5))
    assert second.valid_from == now


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"author": " "}, "author is empty"),
        ({"reason": ""}, "reason is empty"),
        ({"approver": ""}, "approver is empty"),
        ({"approver": "laura chen"}, "a second named person approves"),
    ],
)
def test_every_version_is_signed(
    store: Store, now: datetime, changes: dict[str, str], words: str
) -> None:
    """A version needs a named author and a reason, and its approver is another person."""
    with pytest.raises(BadInput, match=words):
        record(store, example("contoso"), now, **changes)


def test_a_record_that_contradicts_itself_is_refused(store: Store, now: datetime) -> None:
    """Also a record that no file was read for is checked before it is written."""
    contoso = example("contoso")
    wrong = replace(contoso, sim_kinds=("esim", "esim"))
    with pytest.raises(BadInput, match="sim_kinds: 'esim' is named twice"):
        record(store, wrong, now)


def test_iccids_belong_to_one_mobile_operator(store: Store, now: datetime) -> None:
    """L3: a range that another mobile operator registered is refused, until that one is gone."""
    contoso = example("contoso")
    record(store, contoso, now)
    rival = replace(example("tailspin"), iccid_ranges=contoso.iccid_ranges)
    with pytest.raises(Conflict, match=r"tailspin: iccid_ranges.production\[0\]: .* of contoso"):
        record(store, rival, now)
    become(store, "contoso", "withdrawn", now + HOUR)
    assert record(store, rival, now + HOUR).version == 1


def test_a_live_period_is_kept_with_its_versions(store: Store, now: datetime) -> None:
    """L10: since when a mobile operator is live is recorded, whatever changes meanwhile."""
    contoso = example("contoso")
    assert record(store, contoso, now).live_since is None
    live = become(store, "contoso", "live", now + HOUR)
    assert (live.state, live.live_since, live.live_until) == ("live", now + HOUR, None)
    changed = record(store, replace(live.mobile_operator, language="es"), now + 2 * HOUR)
    assert (changed.live_since, changed.live_until) == (now + HOUR, None)
    suspended = become(store, "contoso", "suspended", now + 3 * HOUR)
    assert (suspended.live_since, suspended.live_until) == (now + HOUR, now + 3 * HOUR)
    again = become(store, "contoso", "live", now + 4 * HOUR)
    assert (again.live_since, again.live_until) == (now + 4 * HOUR, None)
    assert become(store, "contoso", "live", now + 5 * HOUR) == again


def test_the_state_is_not_changed_by_recording(store: Store, now: datetime) -> None:
    """A file that says draft cannot take a live mobile operator back, nor one make it live."""
    record(store, example("contoso"), now)
    with pytest.raises(Conflict, match="contoso is draft, not live"):
        record(store, replace(example("contoso"), state="live"), now)
    with pytest.raises(Conflict, match="is draft and cannot become suspended"):
        become(store, "contoso", "suspended", now)
