import json
import socket
from pathlib import Path

import pytest

from include.mobile_plans.errors import BadInput
from include.mobile_plans.simulation.local_world import LocalWorld, ProcessDied, Stopped
from include.mobile_plans.simulation.loopback import Ports

NOT_A_GROUP = ["no-such-group"]


@pytest.fixture
def world(tmp_path: Path) -> LocalWorld:
    return LocalWorld(tmp_path / "home", Ports.free())


def test_our_own_environment_points_into_its_home(world: LocalWorld) -> None:
    """Store, files and mail of one world are its own; portals on the loopback are allowed."""
    environment = world.airflow.environment
    home = world.home
    assert environment["MOBILE_PLANS_DATABASE_URL"] == f"sqlite:///{home}/store.db"
    assert environment["MOBILE_PLANS_ARCHIVE"] == f"{home}/archive"
    assert environment["MOBILE_PLANS_XDR_DIR"] == f"{home}/xdr"
    assert environment["MOBILE_PLANS_INBOX"] == f"{home}/inbox"
    assert Path(environment["MOBILE_PLANS_POLICY_DIR"]).name == "policy"
    assert environment["MOBILE_PLANS_ALLOW_LOOPBACK_PORTALS"] == "1"
    assert Path(environment["MOBILE_PLANS_CA_FILE"]).exists()
    connection = json.loads(environment["AIRFLOW_CONN_SMTP_MOBILE_PLANS"])
    assert (connection["host"], connection["port"]) == ("127.0.0.1", world.ports.smtp)
    assert connection["extra"]["disable_ssl"] is True
    assert connection["extra"]["disable_tls"] is True


def test_a_command_that_fails_is_named_with_its_last_words(world: LocalWorld) -> None:
    with pytest.raises(ProcessDied, match=r"(?s)try-it ended with exit code 2.*no-such-group"):
        world.command("try-it", NOT_A_GROUP)
    world.stop()


def test_being_stopped_ends_a_command(world: LocalWorld) -> None:
    world.stopping.set()
    with pytest.raises(Stopped):
        world.command("try-it", ["--help"])
    world.stop()


def test_one_home_has_one_world(world: LocalWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second start in the same home is refused before it touches anything."""
    second = LocalWorld(world.home, Ports.free())
    monkeypatch.setattr(world, "_prepare", second.start)
    with pytest.raises(BadInput, match="in use by another run"):
        world.start()


def test_a_taken_port_is_refused(world: LocalWorld, tmp_path: Path) -> None:
    """Checked again at the start, for whoever did not check before."""
    with (
        socket.create_server(("127.0.0.1", world.ports.mail)),
        pytest.raises(BadInput, match=r"\(mail page\) is taken"),
    ):
        world.start()
    assert not list((tmp_path / "home").glob("*.db"))


def test_a_portal_that_moved_is_refused(world: LocalWorld) -> None:
    """The store holds the portals' addresses, so another port must be asked for knowingly."""
    (world.home / "examples-imported.txt").write_text("https://localhost:8843\n")
    with pytest.raises(BadInput, match="make run PORTAL_PORT=8843"):
        world._import_examples()
