"""The benchmark of SLA reports, small: both sides find the same, and every limit holds."""

from pathlib import Path

from tests.benchmarks import sla


def test_both_sides_find_the_same(tmp_path: Path) -> None:
    """Our rollups and the scan by hand agree on every portal and day they count."""
    paths = sla.write_days(tmp_path, portals=30, days=2)
    rollups = list(sla.by_room(paths, portals=30))
    assert len(rollups) == 60
    assert sum(one.good + one.bad + one.unknown for one in rollups) == 60 * 2880
    assert sum(one.bad for one in rollups) > 90
    sla.agree(rollups, list(sla.by_pandas(paths)))


def test_every_figure_is_measured() -> None:
    """At this size the limits are far away, but for the ratio, which is none of size."""
    found = {one.name: one for one in sla.measure(portals=10, days=2)}
    assert list(found) == ["sla recompute", "sla memory", "sla day", "sla month"]
    assert found["sla memory"].holds
    assert found["sla month"].holds
