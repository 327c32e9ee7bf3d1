"""
Ten million call detail records, all checks on, with about three faults in a hundred thousand rows.

The peer of `xdr csv.gz` and `xdr parquet` is pyarrow parsing the same file into typed columns and
doing nothing with them. The peer of `xdr pandera` is pandera on pandas with the row checks that can
be said in it: types, patterns, limits, coded values, check digits, ranges, order and length of
times, money with its currency, doubled ids. It reads the csv.gz by pyarrow's reader, as text.
`xdr memory` is the greatest resident size of a process of its own that checks a file.
`MOBILE_PLANS_BENCH_ROWS` makes the files smaller.
"""

import gzip
import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from include.mobile_plans.iccid import check_digits_hold
from include.mobile_plans.policy import load_policy
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.simulation.xdr_faults import inject
from include.mobile_plans.simulation.xdr_files import (
    Draft,
    control_totals,
    draft_file,
    manifest_of,
    typed_columns,
)
from include.mobile_plans.xdr import (
    ControlTotals,
    Expectations,
    FileReport,
    check_file,
    registered_periods,
    write_manifest,
)
from include.mobile_plans.xdr.ranges import RangesOverTime
from tests.benchmarks.harness import Result, compare
from tests.mobile_plans.policy.examples import example

ROWS = int(os.environ.get("MOBILE_PLANS_BENCH_ROWS", "10000000"))
CHUNK = 100_000
CSV_LIMIT, PARQUET_LIMIT, PANDERA_LIMIT = 2.5, 4, 0.5
MEMORY_LIMIT = 1_000
REPEATS = 2
START = datetime(2026, 11, 22, tzinfo=UTC)
FAULTS = (
    "R01",
    "R02",
    "R03",
    "R04",
    "R05",
    "R06",
    "R06_duration",
    "R07",
    "R08",
    "R10",
    "R11",
    "S01",
)
SLUGS = {"csv.gz": "contoso", "parquet": "northwind"}


@dataclass(slots=True)
class Sums:
    """Control totals over the parts of a file."""

    totals: ControlTotals
    rows: int = 0

    def add(self, draft: Draft) -> None:
        more = control_totals(draft)
        integers = {
            key: self.totals.integers.get(key, 0) + value for key, value in more.integers.items()
        }
        before = self.totals.money.get("charge_amount", {})
        money = {
            currency: before.get(currency, Decimal(0)) + value
            for currency, value in more.money["charge_amount"].items()
        }
        self.totals = ControlTotals(integers=integers, money={"charge_amount": money})
        self.rows += draft.rows


def parts(slug: str, rows: int) -> Iterator[Draft]:
    """Make a file's rows in parts, each with a few rows that break one rule."""
    for number, first in enumerate(range(0, rows, CHUNK)):
        count = min(CHUNK, rows - first)
        draft = draft_file(
            example(slug), "CDR", START, sequence=1, rows=count, seed=number, first=first
        )
        inject(draft, [FAULTS[number % len(FAULTS)]], np.random.default_rng(number))
        yield draft


def write_csv(path: Path, rows: int) -> Draft:
    """Write the csv.gz and its manifest."""
    sums, draft = Sums(ControlTotals()), None
    options = pacsv.WriteOptions(include_header=False, quoting_style="none")
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
        for draft in parts(SLUGS["csv.gz"], rows):
            if not sums.rows:
                packed.write(",".join(draft.columns).encode() + b"\n")
            text = io.BytesIO()
            pacsv.write_csv(pa.table(draft.columns), text, options)
            packed.write(text.getvalue())
            sums.add(draft)
    return finish(path, draft, sums)


def write_parquet(path: Path, rows: int) -> Draft:
    """Write the Parquet file, typed, and its manifest."""
    sums, draft, writer = Sums(ControlTotals()), None, None
    for draft in parts(SLUGS["parquet"], rows):
        table = pa.table(typed_columns(draft, keep_text=False))
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
        sums.add(draft)
    if writer is not None:
        writer.close()
    return finish(path, draft, sums)


def finish(path: Path, draft: Draft | None, sums: Sums) -> Draft:
    """Write the manifest of a file made in parts."""
    assert draft is not None
    data = path.read_bytes()
    manifest = replace(
        manifest_of(draft, path),
        records=sums.rows,
        control_totals=sums.totals,
        first_record_seq=1,
        last_record_seq=sums.rows,
        sha256=hashlib.sha256(data).hexdigest(),
    )
    (path.parent / draft.name.manifest_name).write_text(write_manifest(manifest))
    return draft


def expectations(slug: str) -> Expectations:
    """What a file is held against: the shipped policy and all ranges."""
    ranges = example(slug).iccid_ranges
    return Expectations(
        policy=load_policy(SHIPPED_POLICY, allow_loopback=True).xdr,
        now=datetime(2026, 11, 23, tzinfo=UTC),
        mobile_operator=slug,
        feeds=example(slug).xdr_feeds,
        production=registered_periods(ranges, "P"),
        test=registered_periods(ranges, "T"),
    )


def parse_csv(path: Path) -> int:
    """Let pyarrow parse a csv.gz, batch by batch; times as text, as one wrong time stops it."""
    times = pacsv.ConvertOptions(
        column_types={"event_start": pa.string(), "event_end": pa.string()}
    )
    with pa.input_stream(str(path), compression="gzip") as source:
        batches = pacsv.open_csv(source, convert_options=times)
        return sum(batch.num_rows for batch in batches)


def parse_parquet(path: Path) -> int:
    """Let pyarrow parse a Parquet file, batch by batch."""
    return sum(batch.num_rows for batch in pq.ParquetFile(path).iter_batches())


def by_pandera(path: Path, slug: str) -> int:
    """Check the rows with pandera on pandas, and return how many cases of failure it names."""
    # Only here: a process that checks files imports neither, and its memory is measured.
    import pandas as pd  # noqa: PLC0415
    import pandera.pandas as pandera  # noqa: PLC0415

    frame = pd.read_csv(path, dtype="string[pyarrow]", engine="pyarrow", keep_default_na=True)
    for name in ("record_seq", "duration_s", "bytes_up", "bytes_down", "partial_seq"):
        frame[name] = pd.to_numeric(frame[name], errors="coerce").astype("Int64")
    for name in ("event_start", "event_end"):
        frame[name] = pd.to_datetime(
            frame[name], format="%Y-%m-%dT%H:%M:%SZ", utc=True, errors="coerce"
        )
    frame["charge_amount"] = pd.to_numeric(frame["charge_amount"], errors="coerce")
    ranges = RangesOverTime(expectations(slug).production or ())
    moment = np.full(len(frame), int(START.timestamp()))
    check, text, whole = pandera.Check, pandera.Column, pandera.Column

    def coded(*values: str, nullable: bool = False) -> pandera.Column:
        return text(checks=check.isin(values), nullable=nullable)

    def each(column: pd.Series, judge: Callable[[pa.Array], object]) -> pd.Series:
        return pd.Series(judge(pa.array(column, pa.string())), index=column.index)

    iccids = [
        check(lambda column: each(column, check_digits_hold)),
        check(lambda column: each(column, lambda array: ranges.hold(array, moment))),
    ]
    size = check.in_range(0, 1 << 40)
    schema = pandera.DataFrameSchema(
        {
            "record_id": text(checks=check.str_length(max_value=64), unique=True),
            "record_seq": whole(checks=check(lambda column: column.diff().dropna().eq(1).all())),
            "iccid": text(checks=iccids),
            "imsi": text(checks=check.str_matches(r"^\d{14,15}$"), nullable=True),
            "service_type": coded("DATA", "VOICE", "SMS"),
            "event_start": pandera.Column(),
            "event_end": pandera.Column(checks=check.lt(pd.Timestamp(START) + pd.Timedelta("1h"))),
            "duration_s": whole(checks=check.in_range(0, 86_400)),
            "bytes_up": whole(checks=size),
            "bytes_down": whole(checks=size),
            "serving_mccmnc": text(checks=check.str_matches(r"^\d{5,6}$")),
            "country": text(checks=check.str_matches(r"^[A-Z]{2}$")),
            "rat": coded("GSM", "UMTS", "LTE", "NR", "OTHER", nullable=True),
            "plan_id": text(checks=check.str_length(max_value=64)),
            "charge_amount": pandera.Column(checks=check.ge(0), nullable=True),
            "currency": text(checks=check.str_matches(r"^[A-Z]{3}$"), nullable=True),
        },
        checks=[
            check(lambda rows: rows["event_end"] >= rows["event_start"]),
            check(
                lambda rows: (
                    (
                        (rows["event_end"] - rows["event_start"]).dt.total_seconds()
                        - rows["duration_s"].astype("float64")
                    ).abs()
                    <= 2
                )
            ),
            check(lambda rows: rows["charge_amount"].isna() == rows["currency"].isna()),
            check(
                lambda rows: (
                    (rows["service_type"] == "DATA")
                    | ((rows["bytes_up"] == 0) & (rows["bytes_down"] == 0))
                )
            ),
        ],
    )
    try:
        schema.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        return len(error.failure_cases)
    msg = "pandera found nothing: the comparison is not fair"
    raise AssertionError(msg)


def peak_megabytes(path: Path, slug: str) -> float:
    """
    Check a file in a process of its own and return its greatest resident size.

    By the process's own status: the kernel's resource usage begins with the parent's size.
    """
    code = (
        "from pathlib import Path\n"
        "from tests.benchmarks.xdr import check_file, expectations\n"
        f"check_file({str(path)!r}, expectations({slug!r}))\n"
        "status = Path('/proc/self/status').read_text()\n"
        "print(int(status.partition('VmHWM:')[2].split()[0]) * 1024 / 1e6)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return float(run.stdout.splitlines()[-1])


def require_findings(report: FileReport, rows: int) -> None:
    """A quick answer must be a right one: every row read, every kind of fault found."""
    assert report.rows == rows, report
    assert report.accepted, report.document
    expected = {fault.partition("_")[0] for fault in FAULTS[: -(-rows // CHUNK)]}
    assert expected <= {finding.check for finding in report.findings}, report.document


def measure(rows: int = ROWS) -> list[Result]:
    """Compare with parsing, with pandera, and take the memory."""
    with TemporaryDirectory() as place:
        return compared(Path(place), rows)


def compared(folder: Path, rows: int) -> list[Result]:
    """Write the files into a folder, unless they are there, and measure."""
    names = {
        kind: folder / draft_file(example(slug), "CDR", START, sequence=1, rows=1, seed=0).name.name
        for kind, slug in SLUGS.items()
    }
    for path, write in ((names["csv.gz"], write_csv), (names["parquet"], write_parquet)):
        if not path.exists():
            write(path, rows)
    text, columns = names["csv.gz"], names["parquet"]
    mobile_operator = SLUGS["csv.gz"]
    require_findings(check_file(str(text), expectations(mobile_operator)), rows)
    results = [
        compare(
            "xdr csv.gz",
            lambda: check_file(str(text), expectations(mobile_operator)),
            lambda: parse_csv(text),
            peer="pyarrow parsing",
            limit=CSV_LIMIT,
            repeats=REPEATS,
        ),
        compare(
            "xdr parquet",
            lambda: check_file(str(columns), expectations(SLUGS["parquet"])),
            lambda: parse_parquet(columns),
            peer="pyarrow parsing",
            limit=PARQUET_LIMIT,
            repeats=REPEATS,
        ),
    ]
    peaks = {kind: peak_megabytes(path, SLUGS[kind]) for kind, path in names.items()}
    results += [
        Result(
            name=f"xdr memory {kind}",
            figure=peak,
            unit="MB",
            peer=None,
            ratio=None,
            limit=MEMORY_LIMIT,
        )
        for kind, peak in peaks.items()
    ]
    results.append(
        compare(
            "xdr pandera",
            lambda: check_file(str(text), expectations(mobile_operator)),
            lambda: by_pandera(text, mobile_operator),
            peer="pandera on pandas",
            limit=PANDERA_LIMIT,
            repeats=1,
        )
    )
    return results
