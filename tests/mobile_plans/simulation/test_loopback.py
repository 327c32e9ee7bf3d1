import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict

import pytest

from include.mobile_plans.errors import BadInput
from include.mobile_plans.simulation.loopback import ADDRESS, Ports, hostname, is_free


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server((ADDRESS, 0)) as listener:
        yield listener.getsockname()[1]


def test_one_number_moves_every_port_but_the_portals() -> None:
    """The portal's port is in the mobile operators' records and stays."""
    assert asdict(Ports.from_environment({"PORT": "8090"})) == {
        "web": 8090,
        "smtp": 8091,
        "mail": 8092,
        "worker_log": 8093,
        "trigger_log": 8094,
        "tasks": 8095,
        "portal": 8843,
    }
    assert Ports.from_environment({"PORT": "", "MAIL_PORT": "9000"}).mail == 9000
    assert Ports.from_environment({}).web == 8080


@pytest.mark.parametrize("value", ["http", "80", "70000", "-1", "80.5"])
def test_what_is_no_port_is_refused(value: str) -> None:
    with pytest.raises(BadInput, match=f"PORT={value} is no port"):
        Ports.from_environment({"PORT": value})


def test_a_port_used_twice_is_refused() -> None:
    with pytest.raises(BadInput, match="SMTP_PORT=8080 is used twice"):
        Ports.from_environment({"SMTP_PORT": "8080"})


def test_free_ports_are_free_and_differ() -> None:
    ports = Ports.free()
    ports.require_free()
    assert len(set(asdict(ports).values())) == 7


def test_a_taken_port_is_said_plainly_with_one_that_works(taken: int) -> None:
    """The line names the port, what it is for and the command to type."""
    ports = Ports.from_environment({"PORT": str(taken)})
    with pytest.raises(BadInput) as refused:
        ports.require_free()
    (line,) = refused.value.problems
    words, _, suggestion = line.rpartition("=")
    assert words == f"port {taken} (Airflow) is taken: make run PORT"
    assert is_free(int(suggestion))


def test_moving_the_first_port_is_enough_when_its_neighbours_are_taken_too(taken: int) -> None:
    """A second `make run` is told one thing to type, not six."""
    ports = Ports.free()
    with socket.create_server((ADDRESS, ports.smtp)), pytest.raises(BadInput) as refused:
        Ports(**(asdict(ports) | {"web": taken})).require_free()
    assert len(refused.value.problems) == 1


def test_every_taken_port_has_its_line(taken: int) -> None:
    ports = Ports.free()
    moved = Ports(**(asdict(ports) | {"smtp": taken}))
    with pytest.raises(BadInput, match=rf"port {taken} \(mail in\) is taken: make run SMTP_PORT="):
        moved.require_free()


def test_a_listener_on_every_address_is_seen() -> None:
    """A program that listens on all addresses, of either family, has the port."""
    with ExitStack() as held:
        listener = held.enter_context(socket.socket())
        listener.bind(("", 0))
        listener.listen()
        assert not is_free(listener.getsockname()[1])


def test_airflow_is_told_a_loopback_name() -> None:
    assert hostname() == "localhost"
