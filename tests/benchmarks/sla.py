"""
A month of a thousand portals: 86.4 million slots in the archive, thirty thousand rollups.

`sla recompute` makes every rollup of a month again from its sealed Parquet files: counts by state
and cause, sums and histograms of latency, phases, the edges of outages. The peer is a scan of the
same columns of the same files written by hand in pandas, which finds the same counts, sums and
outages and no percentiles. `sla memory` is the most memory a process that recomputes it has.
`sla day` counts one sealed day and keeps its rollups in SQLite. `sla month` reads the month's
rollups and makes all figures and verdicts of it; the limit is the second that was promised.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from include.mobile_plans.monitoring import Archive, bounds_of
from include.mobile_plans.monitoring.archive import SCHEMA, TEXTS
from include.mobile_plans.policy import load_policy
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.sla import Terms
from include.mobile_plans.sla.days import rollups_of_file
from include.mobile_plans.sla.figures import figures
from include.mobile_plans.sla.kept import read_rollups, write_rollups
from include.mobile_plans.sla.model import TargetFigures
from include.mobile_plans.sla.rollup import PHASES, Day, Piece, Rollup, Scope
from include.mobile_plans.store import Store
from include.mobile_plans.store.schema import upgrade
from tests.benchmarks.harness import Result, compare, cpu_seconds

PORTALS = 1000
DAYS = 30
FIRST = date(2026, 11, 1)
LENGTH_S = 30
DAY_S = 86_400
LIMIT_US = 400_000
ROOT = Path(__file__).resolve().parents[2]
_ROWS_OF_A_GROUP = 65_536
_COLUMNS = ["target", "slot", "state", "total_us", *(f"{phase}_us" for phase in PHASES)]


def name_of(number: int) -> str:
    """Name a portal; in the order of their numbers."""
    return f"portal-{number:05}/portal"


def write_days(folder: Path, portals: int, days: int) -> list[Path]:
    """Write sealed days: one slot of 10,000 is bad by itself, one portal of 20 fails for longer."""
    random = np.random.default_rng(20_261_123)
    per_day = DAY_S // LENGTH_S
    rows = portals * per_day
    state = (random.random(rows) < 1 / 10_000).astype(np.int8)
    for begin in random.integers(0, rows - 90, portals // 20 + 1):
        state[begin : begin + 90] = 1
    state[random.random(rows) < 1 / 5000] = 2
    is_good = state == 0
    columns: dict[str, pa.Array] = {
        "target": pa.array(np.repeat([name_of(number) for number in range(portals)], per_day)),
        "state": pa.array(state),
        "status": pa.array(np.full(rows, 200, np.int16), mask=~is_good),
        "late_us": pa.array(random.integers(0, 900, rows).astype(np.int32)),
        **{name: pa.nulls(rows, pa.string()) for name in TEXTS if name != "target"},
    }
    total = np.zeros(rows, dtype=np.int64)
    for phase in PHASES:
        part = random.lognormal(10, 0.6, rows).astype(np.int32)
        total += part
        columns[f"{phase}_us"] = pa.array(part, mask=~is_good)
    columns["total_us"] = pa.array(total.astype(np.int32))
    slots = np.tile(np.arange(per_day) * LENGTH_S, portals)
    return [
        _write(folder / f"{FIRST + timedelta(days=number)}.parquet", columns, slots, number)
        for number in range(days)
    ]


def _write(
    path: Path, columns: dict[str, pa.Array], slots: npt.NDArray[np.int64], number: int
) -> Path:
    begin, _ = bounds_of(FIRST + timedelta(days=number))
    table = pa.table(columns | {"slot": pa.array(slots + begin)}).select(SCHEMA.names).cast(SCHEMA)
    per_day = DAY_S // LENGTH_S
    size = -(-_ROWS_OF_A_GROUP // per_day) * per_day
    with pq.ParquetWriter(
        path,
        SCHEMA,
        compression="zstd",
        use_dictionary=list(TEXTS),
        column_encoding={"slot": "DELTA_BINARY_PACKED"},
    ) as writer:
        for at in range(0, len(table), size):
            writer.write_table(table.slice(at, size))
    return path


def day_of(path: Path) -> Day:
    """Return how a day is counted."""
    day = date.fromisoformat(path.stem)
    return Day(day=day, pieces=(Piece(*bounds_of(day), LENGTH_S),), limit_us=LIMIT_US, policy="")


def by_room(paths: list[Path], portals: int) -> Iterator[Rollup]:
    """Make every rollup of some days, as `sla verify` does."""
    for path in paths:
        day = day_of(path)
        scope = Scope(spans=(day.span,))
        scopes = {name_of(number): scope for number in range(portals)}
        file = Archive(str(path.parent)).parquet(path.name, ["target"])
        yield from rollups_of_file(file, day, scopes, "archive")


def by_pandas(paths: list[Path]) -> Iterator[pd.DataFrame]:
    """Scan the same columns of some days: counts, sums and the number of outages."""
    for path in paths:
        file = pq.ParquetFile(path, read_dictionary=["target"])
        frame = file.read(columns=_COLUMNS).to_pandas()
        states = frame.groupby("target", observed=True)["state"]
        counts = states.value_counts().unstack(fill_value=0)  # noqa: PD010 - a series has no pivot
        found = counts.rename(columns=_NAMES)
        good = frame[frame["state"] == 0]
        within = good["total_us"] <= LIMIT_US
        names = ["total_us", *(f"{phase}_us" for phase in PHASES)]
        sums = good.groupby("target", observed=True)[names].sum()
        found["within"] = within.groupby(good["target"], observed=True).sum()
        known = frame.loc[frame["state"] < 2, ["target", "state"]]
        is_bad = known["state"] == 1
        begins = is_bad & ~is_bad.groupby(known["target"], observed=True).shift(fill_value=False)
        found["outages"] = begins.groupby(known["target"], observed=True).sum()
        yield found.join(sums)


_NAMES = {0: "good", 1: "bad", 2: "cut_off"}


def agree(rollups: list[Rollup], frames: list[pd.DataFrame]) -> None:
    """Fail unless both found the same."""
    theirs = pd.concat(frames)
    ours = {
        "good": [one.good for one in rollups],
        "bad": [one.bad for one in rollups],
        "within": [one.within for one in rollups],
        "outages": [len(one.edges) for one in rollups],
        "total_us": [one.sum_us for one in rollups],
        "first_byte_us": [one.phase_us[-1] for one in rollups],
    }
    for name, values in ours.items():
        np.testing.assert_array_equal(values, theirs[name].to_numpy().astype(np.int64), name)


def month_of(store: Store, terms: Terms, days: int) -> list[TargetFigures]:
    """Make all figures of a month from its rollups."""
    with store.snapshot() as connection:
        rollups = read_rollups(connection, FIRST, FIRST + timedelta(days=days - 1))
    return [figures(rollups[begin : begin + days], terms) for begin in range(0, len(rollups), days)]


def memory_mb(folder: Path, portals: int) -> float:
    """Return the most memory that a process has which recomputes what is in a folder."""
    command = [sys.executable, "-m", "tests.benchmarks.sla", str(folder), str(portals)]
    found = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return float(json.loads(found.stdout))


def measure(portals: int = PORTALS, days: int = DAYS) -> list[Result]:
    """Compare, after both have found the same."""
    terms = Terms.of(load_policy(SHIPPED_POLICY))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = Store(f"sqlite:///{folder}/store.db")
        upgrade(store)
        paths = write_days(folder, portals, days)
        of_a_day = list(by_room(paths[:1], portals))
        agree(of_a_day, list(by_pandas(paths[:1])))
        recompute = compare(
            "sla recompute",
            lambda: sum(1 for _ in by_room(paths, portals)),
            lambda: sum(map(len, by_pandas(paths))),
            peer="pandas by hand",
            limit=1.5,
            repeats=1,
        )
        memory = memory_mb(folder, portals)

        def keep(rollups: list[Rollup]) -> None:
            with store.transaction() as connection:
                write_rollups(connection, rollups)

        day_s = min(cpu_seconds(lambda: keep(list(by_room(paths[:1], portals)))) for _ in range(3))
        for number in range(1, days):
            day = FIRST + timedelta(days=number)
            shift = number * DAY_S
            keep([_shifted(one, day, shift) for one in of_a_day])
        assert len(month_of(store, terms, days)) == portals
        month_s = min(cpu_seconds(lambda: month_of(store, terms, days)) for _ in range(3))
    return [
        recompute,
        _alone("sla memory", memory, "MB", 500),
        _alone("sla day", day_s, "CPU s", 2),
        _alone("sla month", month_s, "CPU s", 1),
    ]


def _shifted(one: Rollup, day: date, shift: int) -> Rollup:
    edges = tuple(
        edge._replace(
            before=None if edge.before is None else edge.before + shift,
            after=None if edge.after is None else edge.after + shift,
            bad=tuple((first + shift, count, step) for first, count, step in edge.bad),
        )
        for edge in one.edges
    )
    return one._replace(
        day=day, first_slot=one.first_slot + shift, after=one.after + shift, edges=edges
    )


def _alone(name: str, figure: float, unit: str, limit: float) -> Result:
    return Result(name=name, figure=figure, unit=unit, peer=None, ratio=None, limit=limit)


if __name__ == "__main__":
    folder, number = Path(sys.argv[1]), int(sys.argv[2])
    for _ in by_room(sorted(folder.glob("*.parquet")), number):
        pass
    # Not getrusage, which counts what the process had before it became this one.
    status = Path("/proc/self/status").read_text()
    sys.stdout.write(json.dumps(int(status.partition("VmHWM:")[2].split()[0]) / 1024))
