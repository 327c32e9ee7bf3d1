"""Hostile and broken files end in a clear finding, within bounds of memory and time (X1)."""

import gzip
import io
import json
import resource
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from include.mobile_plans.simulation.xdr_files import Draft, write_draft
from include.mobile_plans.xdr import Expectations, FileReport, check_file
from include.mobile_plans.xdr.gate import Delivered, Gate, Refused
from tests.mobile_plans.xdr.conftest import POLICY, draft, expectations, found

LIMITS = POLICY.limits


def without_manifest() -> Expectations:
    """Contoso, as if it had agreed to send no manifests: the bytes alone are judged."""
    known = expectations()
    feeds = tuple(replace(feed, manifest=False) for feed in known.feeds)
    return replace(known, feeds=feeds)


def checked(tmp_path: Path, data: bytes, expected: Expectations | None = None) -> FileReport:
    """Check bytes as a file of Contoso."""
    path = tmp_path / draft().name.name
    path.write_bytes(data)
    return check_file(str(path), expected or without_manifest())


def text_of(made: Draft, tmp_path: Path) -> bytes:
    """Return the text of a draft's file."""
    return gzip.decompress(write_draft(tmp_path, made).read_bytes())


def refusal(report: FileReport) -> tuple[str, str]:
    """Return the check and words of the finding that refuses a file."""
    assert not report.accepted
    finding = next(one for one in report.findings if one.severity == "R")
    return finding.check, finding.message


def packed_stream(head: bytes, piece: bytes, times: int) -> bytes:
    """Repeat a compressed piece, which is never held unpacked; the end is left out."""
    packer = zlib.compressobj(9, wbits=31)
    begin = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    return begin + times * (packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH))


def test_a_bomb_is_refused_before_it_unpacks(tmp_path: Path) -> None:
    """A file that unpacks to a thousand times its size is refused early (F04)."""
    header = (",".join(draft().columns) + "\n").encode()
    bomb = packed_stream(header, (b"x" * 5_000 + b"\n") * 200, 2_000)
    report = checked(tmp_path, bomb)
    assert refusal(report) == ("F04", "unpacks to more than 100 times its size")
    assert report.unpacked_bytes == 0


def test_a_line_of_two_gigabytes_is_never_held(tmp_path: Path) -> None:
    """The first 64 KiB without a line break are enough (F05); memory stays small."""
    line = packed_stream(b"", bytes(range(65, 91)) * 40_330, 2_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    check, message = refusal(checked(tmp_path, line))
    assert (check, message) == ("F05", f"has a line longer than {LIMITS.line_bytes} bytes")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-9], "is truncated"),
        (lambda data: data[:-8] + b"\0" * 8, "is damaged gzip"),
        (lambda data: data + b"\0" * 512, "holds something after its gzip data"),
        (lambda data: b"PK" + data, "is not gzip"),
        (lambda _: b"", "is not gzip"),
    ],
    ids=["truncated", "wrong CRC", "zeros after it", "no gzip", "nothing"],
)
def test_gzip_is_whole_or_refused(tmp_path: Path, damage: object, message: str) -> None:
    """2.4: truncation, a wrong CRC and bytes after the end, which readers may let pass (F04)."""
    data = gzip.compress(text_of(draft(), tmp_path))
    check, words = refusal(checked(tmp_path, damage(data)))  # type: ignore[operator]
    assert check == "F04"
    assert words.startswith(message)


def test_gzip_in_several_members_is_one_file(tmp_path: Path) -> None:
    """2.4: concatenated gzip members are whole."""
    text = text_of(draft(), tmp_path)
    report = checked(tmp_path, gzip.compress(text[:5_001]) + gzip.compress(text[5_001:]))
    assert report.rows == 200


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace(b"LTE", b"L\0E", 1), "holds NUL bytes"),
        (lambda text: text.replace(b"mobile.example", b"caf\xe9", 1), "is not UTF-8"),
        (lambda text: text.decode().encode("utf-16"), "is UTF-16"),
        (lambda text: text.replace(b"mobile.example", b'"a\nb"', 1), "has a line break inside"),
        (lambda text: text.replace(b"mobile.example", b'"a', 1), "has a line break inside"),
    ],
    ids=["NUL", "Latin-1", "UTF-16", "quoted line break", "open quote"],
)
def test_text_is_clean_or_refused(tmp_path: Path, change: object, message: str) -> None:
    """2.4: what pandas, polars or duckdb accept silently is refused (F05)."""
    text = change(text_of(draft(), tmp_path))  # type: ignore[operator]
    check, words = refusal(checked(tmp_path, gzip.compress(text)))
    assert check == "F05"
    assert words.startswith(message)


def test_quotes_crlf_and_other_scripts_are_read(tmp_path: Path) -> None:
    """Quoted delimiters, CRLF and UTF-8 are within the contract."""
    text = text_of(draft(), tmp_path).replace(b"mobile.example", '"caffè, bar"'.encode())
    report = checked(tmp_path, gzip.compress(text.replace(b"\n", b"\r\n")))
    assert report.rows == 200
    assert found(report) == {"F07": 1}  # neither manifest nor last line


def test_a_short_and_a_long_row_are_counted_and_never_filled_up(tmp_path: Path) -> None:
    """2.4: a row with too few or too many fields is set aside, with its own number (R00)."""
    lines = text_of(draft(), tmp_path).split(b"\n")
    lines[5] = lines[5].rpartition(b",")[0]
    lines[9] += b",more"
    report = checked(tmp_path, gzip.compress(b"\n".join(lines)))
    finding = next(one for one in report.findings if one.check == "R00")
    assert [(sample.row, sample.value) for sample in finding.samples] == [
        (5, "19 fields"),
        (9, "21 fields"),
    ]
    assert (report.rows, report.quarantined) == (198, 2)


def test_reading_stops_where_nothing_is_a_row(tmp_path: Path) -> None:
    """A file of lines that are no rows is given up after so many of them (F06)."""
    limits = replace(LIMITS, malformed_rows=100)
    known = replace(without_manifest(), policy=replace(POLICY, limits=limits))
    text = text_of(draft(), tmp_path) + b"x,y\n" * 500
    check, message = refusal(checked(tmp_path, gzip.compress(text), known))
    assert check == "F06"
    assert message.startswith("has more than 100 rows")


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("file_bytes", 100, "is larger than 100 bytes"),
        ("unpacked_bytes", 1_000, "unpacks to more than 1000 bytes"),
        ("rows", 50, "holds more than 50 rows"),
        ("columns", 10, "has 20 columns: 10 are allowed"),
    ],
)
def test_each_limit_refuses(tmp_path: Path, limit: str, value: int, message: str) -> None:
    """Bytes, rows and columns are bounded; what is beyond is not read."""
    limits = replace(LIMITS, **{limit: value})
    known = replace(without_manifest(), policy=replace(POLICY, limits=limits))
    data = gzip.compress(text_of(draft(), tmp_path))
    assert refusal(checked(tmp_path, data, known))[1] == message


def test_findings_without_end_cost_bounded_memory(tmp_path: Path) -> None:
    """
    A file in which everything is wrong: counts exact, a hundred samples each, memory bounded.

    Scaled: a hundred thousand rows, more than a million findings.
    """
    made = draft(rows=100_000)
    for column in ("event_start", "event_end", "duration_s", "bytes_up", "charge_amount", "iccid"):
        made.columns[column] = pa.array(["nonsense"] * made.rows)
    for column in ("rat", "country", "service_type", "imsi", "currency", "serving_mccmnc"):
        made.columns[column] = pa.array([f"{n}?" for n in range(made.rows)])
    path = write_draft(tmp_path, made)
    code = (
        "import json\n"
        "from pathlib import Path\n"
        "from tests.mobile_plans.xdr.conftest import expectations, check_file\n"
        f"report = check_file({str(path)!r}, expectations())\n"
        "counts = [one.count for one in report.findings if one.severity == 'Q']\n"
        "samples = [len(one.samples) for one in report.findings]\n"
        # Of this process alone: the kernel's resource usage begins with the parent's size.
        "status = Path('/proc/self/status').read_text()\n"
        "peak = int(status.partition('VmHWM:')[2].split()[0]) / 1000\n"
        "print(json.dumps([report.rows, report.quarantined, counts, max(samples), peak]))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    rows, quarantined, counts, samples, peak = json.loads(run.stdout)
    assert (rows, quarantined, samples) == (100_000, 100_000, 100)
    assert set(counts) == {100_000}
    assert len(counts) >= 10
    assert peak < 700


class Trickle(io.BytesIO):
    """A source that gives a byte at a time, as a slow network may."""

    def read(self, size: int | None = -1) -> bytes:
        del size
        return super().read(1)


def blocks_of(source: io.BytesIO) -> Iterator[bytes]:
    """Pass a source through the gate."""
    return Gate(Delivered(source, LIMITS), LIMITS).blocks()


def test_the_gate_does_not_depend_on_how_bytes_come() -> None:
    """One byte at a time gives the same text, and is truncated where it ends early."""
    text = b"a,b\n1,2\n" * 50
    data = gzip.compress(text)
    assert b"".join(blocks_of(Trickle(data))) == text
    assert b"".join(blocks_of(Trickle(gzip.compress(b"\xef\xbb\xbf" + text)))) == text
    with pytest.raises(Refused, match="truncated"):
        list(blocks_of(Trickle(data[:-4])))
