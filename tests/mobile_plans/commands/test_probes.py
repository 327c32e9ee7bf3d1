"""``probes``, ``outages`` and ``archive``, as a shell sees them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from include.mobile_plans.commands import archive as archive_commands
from include.mobile_plans.commands import probes as probes_commands
from include.mobile_plans.monitoring import CONTROL_TARGETS_VARIABLE
from include.mobile_plans.monitoring.planning import AUTHORITIES_VARIABLE
from include.mobile_plans.policy import change_state, load_policy
from include.mobile_plans.policy.files import (
    import_files,
    mobile_operator_paths,
    read_files,
    with_portal_base,
)
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.policy.values import LOOPBACK_VARIABLE
from include.mobile_plans.simulation.clock import SystemClock, VirtualClock
from include.mobile_plans.simulation.loopback import Ports
from include.mobile_plans.simulation.portal import Answer, Portal
from include.mobile_plans.store import Store
from tests.mobile_plans.commands.running import CommandLine

DAY = timedelta(days=1)


@pytest.fixture
def port() -> int:
    return Ports.free().portal


@pytest.fixture
def portal(tmp_path: Path, port: int) -> Iterator[Portal]:
    folder = tmp_path / "portal"
    folder.mkdir()
    with Portal(folder, port=port) as running:
        yield running


@pytest.fixture
def live(
    store: Store, portal: Portal, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Store:
    """Two mobile operators live for a day, their portals on this machine."""
    for name, value in {
        LOOPBACK_VARIABLE: "1",
        "MOBILE_PLANS_DATABASE_URL": store.url.render_as_string(hide_password=False),
        "MOBILE_PLANS_ARCHIVE": str(tmp_path / "archive"),
        AUTHORITIES_VARIABLE: str(portal.authority),
        CONTROL_TARGETS_VARIABLE: f"https://localhost:{port}/control/",
    }.items():
        monkeypatch.setenv(name, value)
    files = read_files(
        mobile_operator_paths([SHIPPED_POLICY / "mobile_operators"]), allow_loopback=True
    )
    moved = [
        replace(
            file,
            mobile_operator=with_portal_base(file.mobile_operator, f"https://localhost:{port}"),
        )
        for file in files.read
    ]
    given = {"author": "Ada", "approver": "Ben", "reason": "live", "now": SystemClock().now() - DAY}
    with store.transaction() as connection:
        import_files(connection, moved, **given)
        for slug in ("contoso", "fabrikam"):
            change_state(connection, slug, "live", **given)
    return store


def test_once_asks_every_live_portal_and_records_it(
    live: Store, portal: Portal, command_line: CommandLine
) -> None:
    """Exit 0 while all are good, 1 when one is not; what was seen is on record."""
    good = command_line("probes", "run", "--once", "--json")
    assert good.code == 0
    (first,) = good.document["rounds"]
    assert (first["good"], first["bad"], first["is_cut_off"]) == (2, 0, False)

    status = command_line("probes", "status", "--json").document["portals"]
    assert [one["target"] for one in status] == ["contoso/portal", "fabrikam/portal"]
    assert status[0]["newest"] == status[0]["last_known"] == first["slot"]
    assert status[0]["certificate_ends_at"].endswith("Z")
    assert set(status[0]["slots"]) == {"good", "bad", "excluded", "unknown"}

    portal.control.set("contoso", Answer(status=503))
    bad = command_line("probes", "run", "--once")
    assert bad.code == 1
    assert "good 1, bad 1, excluded 0, unknown 0" in bad.out


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_for_a_while_on_the_grid(
    live: Store, portal: Portal, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--for` prints a line for each slot, with the outage it opened, and ends by itself."""
    policy = load_policy(SHIPPED_POLICY)
    second, half = timedelta(seconds=1), timedelta(seconds=0.5)
    probe = replace(policy.monitoring.probe, interval=second, timeout=half)
    quick = replace(policy, monitoring=replace(policy.monitoring, probe=probe))
    monkeypatch.setattr(probes_commands, "program_policy", lambda: quick)
    portal.control.set("fabrikam", Answer(status=503))

    outcome = command_line("probes", "run", "--for", "PT3S")

    assert outcome.code == 1
    lines = outcome.out.splitlines()
    assert len(lines) in (2, 3)
    assert "good 1, bad 1, excluded 0, unknown 0  opened fabrikam/portal:" in lines[0]
    assert "opened" not in lines[1]

    listed = command_line("outages", "list", "--json").document
    assert [one["mobile_operator"] for one in listed["outages"]] == ["fabrikam"]
    assert listed["outages"][0]["bad_slots"] == len(lines)
    assert listed["findings"] == []
    assert "fabrikam/portal is out since" in command_line("outages", "list", "--open").out
    assert command_line("outages", "list", "--mobile-operator", "contoso").out == (
        "no outage and no finding\n"
    )


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("probes", "run"), "say --once, or --for with a duration such as PT5M"),
        (("probes", "run", "--once", "--for", "PT5M"), "say --once, or --for"),
        (("probes", "run", "--for", "long"), "--for 'long' is not a duration"),
        (("probes", "status", "--within", "-PT1H"), "--within '-PT1H' is not a duration"),
        (("probes", "import", "/nowhere.csv"), "/nowhere.csv cannot be read"),
        (("probes", "import", "/nowhere.csv", "--interval", "PT7S"), "a multiple of 0:00:30"),
        (("outages", "list", "--since", "noon"), "--since 'noon' is not an ISO 8601 time"),
        (("outages", "list", "--mobile-operator", "adatum"), "'adatum' is unknown"),
    ],
)
def test_bad_input_is_one_plain_line(
    live: Store, command_line: CommandLine, arguments: tuple[str, ...], said: str
) -> None:
    outcome = command_line(*arguments)

    assert outcome.code == 2
    assert said in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_history_is_imported_sealed_verified(
    live: Store, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Bad rows are listed and nothing is imported unless asked; sealed days verify or do not."""
    file = tmp_path / "history.csv"
    file.write_text(
        "target,at,ok,latency_ms\n"
        "contoso/portal,2026-11-20T10:00:00Z,true,5\n"
        "contoso/portal,2026-11-20T10:00:10Z,false,\n"
        "nobody/portal,2026-11-20T10:00:00Z,true,5\n"
    )
    later = VirtualClock(SystemClock().now() + DAY)
    monkeypatch.setattr(archive_commands, "SystemClock", lambda: later)
    monkeypatch.setattr(probes_commands, "SystemClock", lambda: later)
    refused = command_line("probes", "import", str(file))
    assert (refused.code, refused.out) == (2, "")
    assert "history.csv line 4: mobile operator 'nobody' is unknown" in refused.err
    taken = command_line("probes", "import", str(file), "--skip-bad", "--by", "Ada", "--json")
    assert taken.code == 0
    assert taken.document == {
        "slots": 1,
        "added": 1,
        "known_before": 0,
        "doubled_rows": 1,
        "bad_rows": 1,
        "problems": ["history.csv line 4: mobile operator 'nobody' is unknown"],
    }
    again = command_line("probes", "import", str(file), "--skip-bad")
    assert again.out == "slots: 1, added: 0, known before: 1, doubled rows: 1, bad rows: 1\n"

    (sealed,) = command_line("archive", "seal", "--json").document["days"]
    assert (sealed["day"], sealed["rows"]) == ("2026-11-20", 1)
    assert command_line("archive", "list", "--json").document == {"days": [sealed]}
    assert command_line("archive", "seal", "--json").document == {"days": []}
    assert command_line("archive", "verify").out == "1 of 1 sealed days are whole\n"
    path = tmp_path / "archive" / sealed["file"]
    path.write_bytes(path.read_bytes() + b".")
    found = command_line("archive", "verify", "--json")
    assert found.code == 1
    assert "is not what was sealed" in found.document["problems"][0]
    assert command_line("archive", "list").out.splitlines()[1].startswith("2026-11-20  1")
