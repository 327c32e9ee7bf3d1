"""Figures from a file of samples, against a slow and obvious reference (M3)."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.mobile_plans.errors import BadInput
from include.mobile_plans.monitoring import start_of
from include.mobile_plans.sla import Terms, figures_document, figures_of_file
from tests.mobile_plans.sla import reference
from tests.mobile_plans.sla.conftest import LENGTH_S, MIDNIGHT, csv_of, write_csv
from tests.mobile_plans.sla.reference import Slot

INTERVAL = timedelta(seconds=LENGTH_S)
ANY_SLOT = st.one_of(
    st.none(), st.just("bad"), st.integers(0, 2_000_000), st.integers(395_000, 405_000)
)


def write(folder: Path, slots: list[Slot]) -> Path:
    rows = [
        f"contoso/portal,{start_of(slot.start + 7).isoformat().replace('+00:00', 'Z')},"
        + ("false," if slot.seen == "bad" else f"true,{slot.total_us / 1000}")
        for slot in slots
        if slot.seen is not None
    ]
    return write_csv(folder, *rows)


@given(
    seen=st.lists(ANY_SLOT, min_size=1, max_size=60),
    stretch=st.sampled_from([1, 1, 1, 2, 5]),
    begin=st.integers(-40, 5),
)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_figures_are_those_of_the_reference(
    quick_terms: Terms, tmp_path: Path, seen: list[object], stretch: int, begin: int
) -> None:
    """Counts exact, shares as fractions, percentiles by nearest rank, outages by M2 (M3)."""
    first = int(datetime(2028, 3, 1, tzinfo=UTC).timestamp()) + begin * LENGTH_S
    values = [one for one in seen for _ in range(stretch)]
    while values and values[0] is None:
        values.pop(0)
    while values and values[-1] is None:
        values.pop()
    if not values:
        return
    slots = [
        Slot(
            start=first + number * LENGTH_S,
            seen=None if one is None else "bad" if one == "bad" else "good",
            total_us=one if isinstance(one, int) else None,
        )
        for number, one in enumerate(values)
    ]
    (found,) = figures_of_file(write(tmp_path, slots), INTERVAL, quick_terms)
    document = figures_document(found)

    assert document["slots"] == reference.counts(slots)
    for name, share in reference.shares(slots).items():
        assert document[name] == (None if share is None else pytest.approx(float(share), abs=1e-15))
    measured = reference.latencies(slots)
    assert document["latency"]["mean_ms"] == (
        pytest.approx(sum(measured) / len(measured) / 1000) if measured else None
    )
    for name, share in (("p50_ms", "1/2"), ("p95_ms", "95/100"), ("p99_ms", "99/100")):
        expected = reference.percentile(measured, Fraction(share)) / 1000 if measured else None
        assert document["latency"][name] == expected
    expected_outages = reference.outages(slots, quick_terms.monitoring)
    assert [
        (
            int(line.first_bad_at.timestamp()),
            int(line.last_bad_at.timestamp()),
            line.last_good_before and int(line.last_good_before.timestamp()),
            line.first_good_after and int(line.first_good_after.timestamp()),
            line.escalated,
        )
        for line in found.outages
    ] == [
        (run.first_bad, run.last_bad, run.good_before, run.good_after, run.escalated is not None)
        for run in expected_outages
    ]
    n = reference.counts(slots)
    allowed_s = Fraction(1, 1000) * (len(slots) - n["excluded"]) * LENGTH_S
    assert found.budget.allowed_s == pytest.approx(float(allowed_s))
    assert found.budget.left_s == pytest.approx(float(allowed_s - n["bad"] * LENGTH_S))
    assert sum(day.slots.total for day in found.days) == len(slots)


def test_of_two_rows_in_a_slot_the_bad_one_counts(terms: Terms, tmp_path: Path) -> None:
    """Two rows in one slot are one slot; bad wins, else the slower one (M3)."""
    file = write_csv(
        tmp_path,
        "contoso/portal,2026-11-22T00:00:01Z,true,10",
        "contoso/portal,2026-11-22T00:00:02Z,false,",
        "contoso/portal,2026-11-22T00:00:31Z,true,10",
        "contoso/portal,2026-11-22T00:00:59.5+00:00,true,90",
    )
    (found,) = figures_of_file(file, INTERVAL, terms)
    assert (found.slots.good, found.slots.bad, found.slots.unknown) == (1, 1, 0)
    assert found.latency.mean_ms == 90


def test_targets_have_their_own_time(terms: Terms, tmp_path: Path) -> None:
    """Each target counts from its first to its last slot (M3)."""
    file = write_csv(
        tmp_path,
        csv_of("ggg", MIDNIGHT, target="fabrikam/portal"),
        csv_of("g.b..g", MIDNIGHT - timedelta(minutes=1), target="contoso/portal"),
    )
    contoso, fabrikam = figures_of_file(file, INTERVAL, terms)
    assert (contoso.slots.total, contoso.slots.unknown, fabrikam.slots.total) == (6, 3, 3)
    assert contoso.after - contoso.first_slot == timedelta(minutes=3)
    assert [day.slots.total for day in contoso.days] == [2, 4]


def test_a_day_without_a_sample_is_unknown(terms: Terms, tmp_path: Path) -> None:
    """A gap of days is unknown, neither up nor down, through a leap day too (M3)."""
    letters = "g" + "." * 2880 * 2 + "g"
    file = write_csv(tmp_path, csv_of(letters, datetime(2028, 2, 28, 12, tzinfo=UTC)))
    (found,) = figures_of_file(file, INTERVAL, terms)
    assert found.slots.unknown == 5760
    assert found.availability.share == 1.0
    assert found.availability.low == pytest.approx(2 / 5762)
    assert [str(day.day) for day in found.days] == ["2028-02-28", "2028-02-29", "2028-03-01"]
    assert found.judged_availability.verdict == "undecided"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("contoso/portal,2026-11-22T00:00:00,true,5", "no time zone"),
        ("contoso/portal,2026-02-30T00:00:00Z,true,5", "not an ISO 8601"),
        ("contoso/portal,2026-11-22T00:00:00Z,maybe,5", "ok is 'maybe'"),
        ("contoso/portal,2026-11-22T00:00:00Z,false,5", "false without one"),
        ("contoso/portal,2026-11-22T00:00:00Z,true,", "latency_ms is ''"),
        ("contoso/portal,2026-11-22T00:00:00Z,true,-1", "latency_ms is '-1'"),
        ("contoso/portal,2026-11-22T00:00:00Z,true,600001", "a number from 0 to 600000"),
        ("contoso/portal,2026-11-22T00:00:00Z,true", "3 cells"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(
    terms: Terms, tmp_path: Path, row: str, problem: str
) -> None:
    """The same errors as the import of a history, each with its line."""
    file = write_csv(tmp_path, csv_of("g", MIDNIGHT), row)
    with pytest.raises(BadInput, match=rf"samples.csv line 3: .*{problem}"):
        figures_of_file(file, INTERVAL, terms)


@pytest.mark.parametrize("content", [b"", b"at,target\n", b"target,at,ok,latency_ms\n", b"\xff"])
def test_a_file_of_another_kind_is_refused(terms: Terms, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "samples.csv"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=r"samples\.csv"):
        figures_of_file(file, INTERVAL, terms)
