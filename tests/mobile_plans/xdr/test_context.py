"""What a file is held against besides itself: earlier files, ranges at event time, its record."""

import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.mobile_plans.errors import NotFound
from include.mobile_plans.iccid import parse_ranges, with_check_digit
from include.mobile_plans.simulation.xdr_files import Draft, draft_file, write_draft
from include.mobile_plans.xdr import (
    AcceptedFile,
    FileReport,
    RangePeriod,
    check_file,
    file_name,
    registered_periods,
)
from include.mobile_plans.xdr.session import accepted_file, check_files, feed_files
from tests.mobile_plans.policy.examples import example
from tests.mobile_plans.xdr.conftest import POLICY, START, Check, draft, expectations, found

HOUR = timedelta(hours=1)
A = "898824700010010000"
"""A body within the ranges of Contoso."""


def accepted(
    made: Draft, *, sha256: str = "0" * 64, rows: int = 200, width: int = 190
) -> AcceptedFile:
    return AcceptedFile(name=made.name, sha256=sha256, rows=rows, unpacked_bytes=rows * width)


def later(made: Draft, *, hours: int = 1, sequence: int | None = None, revision: int = 0) -> Draft:
    """Make the file of a later period, or of another place in the sequence."""
    start = made.name.period_start + hours * HOUR
    number = made.name.sequence + hours if sequence is None else sequence
    other = draft_file(
        example("contoso"), "CDR", start, sequence=number, rows=200, seed=7, first=hours * 200
    )
    other.name = replace(other.name, revision=revision)
    other.name = replace(other.name, name=file_name(other.name))
    return other


def one(report: FileReport) -> tuple[str, str]:
    (finding,) = report.findings
    return finding.check, finding.severity


def test_the_next_of_the_sequence_is_expected(check: Check) -> None:
    """F09: one more than before is right; after 999999 comes 1."""
    first = draft()
    assert found(check(later(first), accepted=(accepted(first),))) == {}
    last = draft(sequence=999_999)
    assert found(check(later(last, sequence=1), accepted=(accepted(last),))) == {}


def test_a_gap_in_the_sequence_warns(check: Check) -> None:
    """F09: a higher number than expected warns; a refused file before it leaves no gap."""
    first = draft()
    third = later(first, hours=2)
    assert one(check(third, accepted=(accepted(first),))) == ("F09", "W")
    refused = (later(first).name,)
    assert found(check(third, accepted=(accepted(first),), refused=refused)) == {}


def test_a_copy_is_ignored_and_other_content_refused(check: Check) -> None:
    """F09: the same sequence with the same hash informs; with another hash it is refused."""
    made = draft()
    sha256 = check(made).sha256
    assert one(check(made, accepted=(accepted(made, sha256=sha256 or ""),))) == ("F09", "I")
    assert one(check(made, accepted=(accepted(made),))) == ("F09", "R")


def test_a_resend_replaces_and_an_old_one_comes_too_late(check: Check) -> None:
    """F09: the highest revision replaces the period; one below it is refused."""
    made = draft()
    resend = later(made, hours=0, revision=1)
    assert found(check(resend, accepted=(accepted(made),))) == {}
    assert one(check(made, accepted=(accepted(resend),))) == ("F09", "R")


def test_a_sequence_belongs_to_one_period(check: Check) -> None:
    """F09: a sequence used again for another period is refused."""
    made = draft()
    assert one(check(later(made, sequence=1), accepted=(accepted(made),))) == ("F09", "R")


def test_periods_do_not_overlap(check: Check) -> None:
    """F10: a second file of one period with another sequence is refused."""
    made = draft()
    assert one(check(later(made, hours=0, sequence=2), accepted=(accepted(made),))) == ("F10", "R")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"mobile_operator": "fabrikam"}, "F01"),
        ({"feed": "TDR"}, "F01"),
        ({"feeds": example("fabrikam").xdr_feeds[:0] + example("northwind").xdr_feeds[1:]}, "F01"),
        ({"feeds": (replace(example("contoso").xdr_feeds[0], format="parquet"),)}, "F01"),
        ({"feeds": (replace(example("contoso").xdr_feeds[0], cadence="P1D"),)}, "F10"),
    ],
    ids=["another's", "another feed", "no such feed", "another format", "another cadence"],
)
def test_a_file_is_one_the_record_names(
    changes: dict[str, object], expected: str, check: Check
) -> None:
    """F01, F10: mobile operator, feed, format and cadence are those registered."""
    report = check(draft(), **changes)
    assert found(report) == {expected: 1}
    assert not report.accepted


def test_a_row_much_wider_than_usual_warns(check: Check) -> None:
    """F16: bytes a row beside the median of the files before."""
    before = [later(draft(), hours=-number, sequence=10 - number) for number in range(4, 0, -1)]
    made = draft(sequence=10)
    usual = tuple(accepted(one) for one in before)
    assert found(check(made, accepted=usual)) == {}
    wide = tuple(accepted(one, width=500) for one in before)
    assert one(check(made, accepted=wide)) == ("F16", "W")


def test_an_empty_period_is_stated(tmp_path: Path) -> None:
    """F12: a manifest alone says it; where many rows are usual it warns."""
    made = draft()
    made.empty = True
    write_draft(tmp_path, made)
    path = str(tmp_path / made.name.manifest_name)
    report = check_file(path, expectations())
    assert (report.accepted, report.rows, found(report)) == (True, 0, {})
    assert report.manifest is not None
    assert report.manifest.empty
    usual = tuple(
        accepted(later(draft(), hours=-168 * weeks, sequence=100 - weeks), rows=5_000)
        for weeks in range(1, 5)
    )
    known = replace(expectations(), accepted=usual, is_holiday=lambda _: False)
    busy = check_file(path, known)
    assert {"F12": "W", "T03": "W"}.items() <= {
        one.check: one.severity for one in busy.findings
    }.items()
    assert "F12" not in found(check_file(path, replace(known, is_holiday=None)))


def test_a_manifest_whose_file_is_missing_is_a_finding(tmp_path: Path) -> None:
    """F02: a manifest that is not of an empty period needs its file."""
    made = draft()
    write_draft(tmp_path, made).unlink()
    report = check_file(str(tmp_path / made.name.manifest_name), expectations())
    assert found(report) == {"F02": 1}


def test_ranges_are_those_of_the_event(check: Check) -> None:
    """R03: a range that began in the middle of the period holds its later events only."""
    made = draft()
    middle = START + HOUR / 2
    whole = registered_periods(example("contoso").iccid_ranges, "P")
    since = tuple(replace(period, begin=middle) for period in whole)
    until = tuple(replace(period, end=middle) for period in whole)
    starts = made.columns["event_start"].to_pylist()
    before = sum(text < "2026-11-22T00:30:00Z" for text in starts)
    assert found(check(made, production=since)) == {"R03": before}
    assert found(check(made, production=until)) == {"R03": 200 - before}
    assert found(check(made, production=(*since, *until))) == {}
    assert found(check(made, production=None)) == {}


def test_a_card_of_another_mobile_operator_is_a_matter_of_privacy(check: Check) -> None:
    """R03: set aside, and warned of without a name: nobody learns whose it is."""
    made = draft()
    others = (RangePeriod(ranges=parse_ranges("898824700010000000-898824700010099999")),)
    report = check(made, production=(), others=others)
    assert [(one.check, one.severity, one.count) for one in report.findings] == [
        ("R03", "W", 200),
        ("R03", "Q", 200),
    ]


def test_registered_without_check_digit_none_is_asked(check: Check) -> None:
    """R02: whether there is a check digit is registered, never guessed from the number."""
    made = draft()
    wrong = f"{A}{(int(with_check_digit(A)[-1]) + 1) % 10}"
    made.columns["iccid"] = pa.array([wrong] * 200)
    made.columns["bytes_down"] = pa.array([str(n) for n in range(200)])
    made.columns["service_type"] = pa.array(["DATA"] * 200)
    assert found(check(made)) == {"R02": 200}
    plain = parse_ranges(f"{A}0-{A}9", length=19, has_check_digit=False)
    assert found(check(made, production=(RangePeriod(ranges=plain),))) == {}


def test_a_test_file_holds_test_cards_only(check: Check) -> None:
    """F11: in a file of test cards a live one is set aside."""
    made = draft()
    made.name = replace(made.name, environment="T")
    made.name = replace(made.name, name=file_name(made.name))
    report = check(made)
    test = registered_periods(example("contoso").iccid_ranges, "T")[0].ranges
    live = [not any(r.contains(text) for r in test) for text in made.columns["iccid"].to_pylist()]
    assert found(report) == {"F11": sum(live)}
    assert report.quarantined == sum(live) > 0


def test_records_do_not_come_again_in_later_files(tmp_path: Path) -> None:
    """S01: across files, kept once; a resend holds the same records and is no repetition."""
    first, second = draft(), later(draft())
    ids = second.columns["record_id"].to_pylist()
    second.columns["record_id"] = pa.array(
        [*ids[:-2], "contoso-P-000000003", "contoso-P-000000009"]
    )
    resend = later(first, hours=0, revision=1)
    resend.columns = first.columns
    for made in (first, second, resend):
        write_draft(tmp_path, made)
    (tmp_path / "work").mkdir()
    paths = feed_files([str(tmp_path)])
    reports = list(check_files(paths, lambda _: expectations(), tmp_path / "work"))
    assert [found(report) for report in reports] == [{}, {}, {"S01": 2}]
    assert [sample.row for sample in reports[2].findings[0].samples] == [199, 200]
    assert accepted_file(reports[1]).name.revision == 1


def test_a_snapshot_repeats_those_before_it(tmp_path: Path) -> None:
    """S01: the SDR says every subscription each day; that is no repetition."""
    for day in range(2):
        start = START + timedelta(days=day)
        made = draft_file(example("contoso"), "SDR", start, sequence=day + 1, rows=50, seed=1)
        write_draft(tmp_path, made)
    (tmp_path / "work").mkdir()
    known = replace(expectations(), now=datetime(2026, 12, 1, tzinfo=UTC))
    reports = list(check_files(feed_files([str(tmp_path)]), lambda _: known, tmp_path / "work"))
    assert [found(report) for report in reports] == [{}, {}]


def test_rows_set_aside_are_kept_with_their_reasons(tmp_path: Path) -> None:
    """Every row set aside is kept as it came, with its number and the rules it broke (X1)."""
    made = draft()
    made.columns["rat"] = pa.array(["5G", "LTE", *["NR"] * 198])
    made.columns["plan_id"] = pa.array([None, *["p"] * 199])
    made.short_lines = (7,)
    path = write_draft(tmp_path, made)
    target = tmp_path / "aside.parquet"
    report = check_file(str(path), expectations(), quarantine=str(target))
    rows = pq.read_table(target).sort_by("row").to_pylist()
    assert report.quarantined == len(rows) == 2
    assert [(row["row"], row["reasons"]) for row in rows] == [(1, "R01 R04"), (7, "R00")]
    assert rows[0]["record_id"] == "contoso-P-000000000"
    assert rows[1]["line"].startswith("contoso-P-000000006,7,")


def test_the_last_line_says_what_no_manifest_does(check: Check, tmp_path: Path) -> None:
    """F07, F08, F09: without a manifest the last line is held against the file."""
    made = draft("fabrikam")
    path = write_draft(tmp_path, made)
    lines = gzip.decompress(path.read_bytes()).split(b"\n")
    _, sequence, records, moved = lines[-2].split(b";")
    assert (int(sequence), int(records)) == (1, 200)
    for wrong, expected in (
        (b"TRL;9;%b;%b" % (records, moved), {"F09": 1}),
        (b"TRL;1;199;%b" % moved, {"F07": 1}),
        (b"TRL;1;%b;5" % records, {"F08": 1}),
        (b"TRL;1;%b" % records, {"F07": 1}),
        (b"", {"F07": 1}),
    ):
        path.write_bytes(gzip.compress(b"\n".join([*lines[:-2], wrong])))
        assert found(check_file(str(path), expectations("fabrikam"))) == expected
    assert found(check(made)) == {}


def test_local_times_without_offset_are_read_where_they_are_registered(check: Check) -> None:
    """R06: Fabrikam's times are Riyadh's, three hours ahead; Contoso's need their offset."""
    made = draft("fabrikam")
    assert made.columns["event_end"][100].as_py().endswith("Z") is False
    assert found(check(made)) == {}
    feeds = (replace(example("fabrikam").xdr_feeds[0], time_zone="UTC"),)
    assert set(found(check(made, feeds=feeds))) == {"R06"}


def test_times_with_an_offset_are_converted(check: Check) -> None:
    """R06: an offset form is accepted and converted."""
    made = draft()
    moved = [
        (datetime.fromisoformat(text) + 2 * HOUR).strftime("%Y-%m-%dT%H:%M:%S+02:00")
        for text in made.columns["event_end"].to_pylist()
    ]
    made.columns["event_end"] = pa.array(moved)
    assert found(check(made)) == {}


@pytest.mark.parametrize("offset", ["+05:45", "-03:30", "+14:00", "-05:00"])
def test_a_shifted_zone_is_recognised(offset: str, check: Check) -> None:
    """R09: rows outside their period that one offset explains; it is proposed."""
    made = draft()
    sign = -1 if offset.startswith("-") else 1
    shift = sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[4:]))
    for column in ("event_start", "event_end"):
        times = [datetime.fromisoformat(text) + shift for text in made.columns[column].to_pylist()]
        made.columns[column] = pa.array([time.strftime("%Y-%m-%dT%H:%M:%SZ") for time in times])
    report = check(made)
    finding = next(one for one in report.findings if one.check == "R09")
    assert finding.severity == "W"
    assert f"offset {offset} " in finding.message


def test_a_number_is_never_an_iccid(tmp_path: Path) -> None:
    """F06: Parquet with ICCIDs as integers has lost digits, or will."""
    made = draft("northwind")
    made.columns["iccid"] = pa.array([8944501606231037754] * 200)
    path = write_draft(tmp_path, made)
    report = check_file(str(path), expectations("northwind"))
    assert found(report) == {"F06": 1}
    assert "iccid is int64" in report.findings[0].message


def test_values_in_messages_are_masked(check: Check) -> None:
    """A finding never shows a whole ICCID, in whatever column it stands."""
    made = draft()
    made.columns["rat"] = pa.array(["8988247000100003319"] * 200)
    (finding,) = check(made).findings
    assert "8988247000100003319" not in finding.message
    assert "8988247********3319" in finding.message


def test_a_feed_may_lie_on_any_file_system(tmp_path: Path) -> None:
    """Files are read from any address fsspec knows, their manifests beside them."""
    made = draft()
    write_draft(tmp_path, made)
    elsewhere = fsspec.filesystem("memory")
    elsewhere.put(f"{tmp_path}/", "/feeds/contoso/", recursive=True)
    (path,) = feed_files(["memory://feeds/contoso"])
    report = check_file(path, expectations(), quarantine="memory://feeds/aside.parquet")
    assert (report.rows, found(report)) == (200, {})


def test_a_file_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    """Neither a file nor a folder without any is checked silently."""
    with pytest.raises(NotFound, match="no such file"):
        check_file(str(tmp_path / "none.csv.gz"), expectations())
    with pytest.raises(NotFound, match="holds no file"):
        feed_files([str(tmp_path)])


def test_the_policy_decides_the_severity(check: Check) -> None:
    """A severity is one line of policy."""
    made = draft()
    made.columns["rat"] = pa.array(["5G"] * 200)
    strict = replace(POLICY, severities={**POLICY.severities, "R04": "R"})
    report = check(made, policy=strict)
    assert (report.accepted, report.quarantined) == (False, 0)
