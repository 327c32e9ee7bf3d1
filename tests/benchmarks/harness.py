"""
What a benchmark is, and how its costs are measured.

A benchmark is a module of this folder with a function ``measure`` that returns its results; the
module's name is the benchmark's, its docstring says what is measured. Costs are processor seconds
and ratios between runs of one process, because wall time on a shared machine proves little.
"""

import gc
import importlib
import os
import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

from include.mobile_plans.errors import BadInput

FOLDER = Path(__file__).parent
SCAFFOLDING = {"__init__", "__main__", "fleet", "harness", "report"}
REPEATS = 3
LIBRARIES = ("numpy", "pandas", "pyarrow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """
    One measured cost; less is better.

    Attributes:
        name: What was measured; begins with the benchmark's name.
        figure: Our cost.
        unit: What the figure counts, such as ``CPU s``.
        peer: Who did the same work in the same run, or None.
        ratio: Our cost divided by the peer's, or None without a peer.
        limit: The greatest ratio allowed, or the greatest figure without a peer.
    """

    name: str
    figure: float
    unit: str
    peer: str | None
    ratio: float | None
    limit: float

    @property
    def holds(self) -> bool:
        """Whether the limit is kept."""
        return (self.figure if self.ratio is None else self.ratio) <= self.limit


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the processor seconds of one run, of all threads of this process."""
    gc.collect()
    begin = time.process_time()
    work()
    return time.process_time() - begin


def compare(
    name: str,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    peer: str,
    limit: float,
    repeats: int = REPEATS,
) -> Result:
    """
    Run our work and a peer's in turn, and compare the least processor seconds of each.

    Taking turns spreads whatever else the machine does over both.
    """
    runs = [(cpu_seconds(ours), cpu_seconds(theirs)) for _ in range(repeats)]
    our_cost, peer_cost = (min(costs) for costs in zip(*runs, strict=True))
    return Result(
        name=name,
        figure=our_cost,
        unit="CPU s",
        peer=peer,
        ratio=our_cost / peer_cost,
        limit=limit,
    )


def benchmark_names(folder: Path = FOLDER) -> list[str]:
    """Name every benchmark: each module of the folder that is no scaffolding and no test."""
    modules = {path.stem for path in folder.glob("*.py")}
    return sorted(name for name in modules - SCAFFOLDING if not name.startswith("test_"))


def load(name: str) -> ModuleType:
    """
    Import a benchmark by name.

    Raises:
        BadInput: There is none of that name; those there are are named.
    """
    known = benchmark_names()
    if name not in known:
        msg = f"benchmark {name!r} is unknown: allowed are {', '.join(known)}"
        raise BadInput(msg)
    return importlib.import_module(f"tests.benchmarks.{name}")


def measure(names: Iterable[str]) -> list[Result]:
    """Run benchmarks one after the other and return all their results."""
    return [result for module in [load(name) for name in names] for result in module.measure()]


def machine() -> str:
    """Describe this machine by what figures depend on."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{os.cpu_count()} cores of {_processor()}, {_memory_gib()} GiB of memory, "
        f"{platform.system()}, Python {platform.python_version()}, {libraries}"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
