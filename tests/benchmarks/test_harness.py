"""The benchmarks' own rules: what holds, what is registered, what a run leaves behind."""

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from include.mobile_plans.errors import BadInput
from tests.benchmarks import __main__ as runner
from tests.benchmarks import harness, iccid
from tests.benchmarks.harness import Result, benchmark_names, compare, cpu_seconds, load, machine
from tests.benchmarks.report import as_document, page


def result(**changes: object) -> Result:
    fields = {
        "name": "one",
        "figure": 2.0,
        "unit": "CPU s",
        "peer": "the peer",
        "ratio": 0.5,
        "limit": 0.6,
    }
    return Result(**(fields | changes))  # type: ignore[arg-type]


def a_benchmark(*results: Result) -> ModuleType:
    module = ModuleType("tests.benchmarks.one", doc="What one costs.")
    module.measure = lambda: list(results)  # type: ignore[attr-defined]
    return module


@pytest.fixture
def only_one(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The folder holds one benchmark, which keeps its limit."""
    monkeypatch.setattr(runner, "benchmark_names", lambda: ["one"])
    monkeypatch.setattr(harness, "benchmark_names", lambda: ["one"])
    monkeypatch.setitem(sys.modules, "tests.benchmarks.one", a_benchmark(result()))
    return monkeypatch


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({}, True),
        ({"ratio": 0.6}, True),
        ({"ratio": 0.61}, False),
        ({"peer": None, "ratio": None}, False),
        ({"peer": None, "ratio": None, "limit": 2.0}, True),
    ],
)
def test_a_limit_bounds_the_ratio_or_the_figure(changes: dict[str, object], *, holds: bool) -> None:
    """The ratio decides where there is a peer, the figure where there is none."""
    assert result(**changes).holds is holds


def test_a_result_has_the_agreed_keys() -> None:
    """The JSON document holds these keys, in this order."""
    assert as_document([result()]) == [
        {
            "name": "one",
            "figure": 2.0,
            "unit": "CPU s",
            "peer": "the peer",
            "ratio": 0.5,
            "limit": 0.6,
            "holds": True,
        }
    ]


def test_costs_are_processor_seconds() -> None:
    """Work costs more than none."""
    assert cpu_seconds(lambda: sum(range(300_000))) > cpu_seconds(lambda: None) >= 0


def test_both_sides_take_turns() -> None:
    """Whatever else the machine does falls on both."""
    turns: list[str] = []
    found = compare(
        "one",
        lambda: turns.append("ours") or sum(range(100_000)),  # type: ignore[func-returns-value]
        lambda: turns.append("theirs") or sum(range(300_000)),  # type: ignore[func-returns-value]
        peer="the peer",
        limit=1,
        repeats=2,
    )
    assert turns == ["ours", "theirs"] * 2
    assert found.ratio is not None
    assert 0 < found.ratio < 1


def test_benchmarks_are_the_modules_of_the_folder(tmp_path: Path) -> None:
    """A file is a registration; scaffolding and tests are none."""
    for name in ("one", "two", "test_one", "harness", "report", "__main__"):
        (tmp_path / f"{name}.py").touch()
    assert benchmark_names(tmp_path) == ["one", "two"]
    assert "iccid" in benchmark_names()


@pytest.mark.parametrize("name", benchmark_names())
def test_every_benchmark_says_what_it_measures(name: str) -> None:
    """Each module has its function and its docstring."""
    module = load(name)
    assert callable(module.measure)
    assert module.__doc__


def test_an_unknown_benchmark_is_refused() -> None:
    """Those there are are named."""
    with pytest.raises(BadInput, match=r"benchmark 'nope' is unknown: allowed are .*iccid"):
        load("nope")


def test_a_run_writes_json_and_prints_a_table(
    only_one: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`make bench` leaves build/benchmarks.json and shows the same figures."""
    del only_one
    assert runner.main([], tmp_path) == 0
    written = json.loads((tmp_path / "build/benchmarks.json").read_text())
    assert written == as_document([result()])
    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == list(written[0])
    assert row.split() == ["one", "2", "CPU", "s", "the", "peer", "0.50", "0.6", "yes"]
    assert not (tmp_path / "docs").exists()


def test_a_broken_limit_is_found_wanting(only_one: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A benchmark above its limit leaves with 1."""
    only_one.setitem(sys.modules, "tests.benchmarks.one", a_benchmark(result(ratio=0.7)))
    assert runner.main(["--only", "one"], tmp_path) == 1
    assert json.loads((tmp_path / "build/benchmarks.json").read_text())[0]["holds"] is False


def test_bad_input_leaves_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown name, or docs of one benchmark only, are refused before anything runs."""
    assert runner.main(["--only", "nope"], tmp_path) == 2
    assert "benchmark 'nope' is unknown" in capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        runner.main(["--only", "iccid", "--write-docs"], tmp_path)
    assert left.value.code == 2
    assert not (tmp_path / "build").exists()


def test_the_page_tells_machine_table_and_method(
    only_one: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The page in docs names the machine without its host, and what was measured."""
    del only_one
    assert runner.main(["--write-docs"], tmp_path) == 0
    written = (tmp_path / "docs/benchmarks.md").read_text()
    assert f"Measured on {machine()}." in written
    assert "| one | 2 | CPU s | the peer | 0.50 | 0.6 | yes |" in written
    assert written.rstrip().endswith("## one\n\nWhat one costs.")
    assert written == page([result()], [load("one")], machine())


def test_the_shipped_page_names_every_benchmark() -> None:
    """No benchmark is added without its figures in docs/benchmarks.md."""
    shipped = (runner.ROOT / runner.PAGE).read_text()
    missing = [name for name in benchmark_names() if f"\n## {name}\n" not in shipped]
    assert missing == [], "run: python -m tests.benchmarks --write-docs"


def test_the_iccid_benchmark_compares_equal_answers() -> None:
    """Ours and pandas agree on which numbers lie inside, about half of them."""
    (found,) = iccid.measure(count=5_000, range_count=50)
    assert (found.name, found.peer) == ("iccid", "pandas IntervalIndex")
    random = iccid.np.random.default_rng(1)
    starts, ends = iccid.bounds(50, random)
    inside = iccid.by_pandas(iccid.numbers(5_000, starts, ends, random), starts, ends)
    assert 0.4 < inside.mean() < 0.8
