"""``mobile-operator`` as a person runs it."""

from pathlib import Path

import pytest

from include.mobile_plans.policy.values import LOOPBACK_VARIABLE
from include.mobile_plans.store import Store
from include.mobile_plans.store.schema import upgrade
from tests.mobile_plans.commands.running import CommandLine
from tests.mobile_plans.policy.examples import EXAMPLES

CONTOSO = str(EXAMPLES / "contoso.yaml")


@pytest.fixture(autouse=True)
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty store, and the switch that the examples need."""
    url = f"sqlite:///{tmp_path}/store.db"
    upgrade(Store(url))
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", url)
    monkeypatch.setenv(LOOPBACK_VARIABLE, "1")


@pytest.fixture
def imported(command_line: CommandLine) -> CommandLine:
    """The command line, with contoso imported."""
    found = command_line("mobile-operator", "import", CONTOSO, "--author", "Ann", "--reason", "new")
    assert (found.code, found.out) == (0, "contoso version 1 recorded\n")
    return command_line


def edited(tmp_path: Path, old: str, new: str) -> str:
    text = Path(CONTOSO).read_text()
    assert old in text
    path = tmp_path / "edited.yaml"
    path.write_text(text.replace(old, new))
    return str(path)


def test_a_directory_is_imported_once(command_line: CommandLine) -> None:
    """Every example is recorded; the same files again change nothing and say so."""
    found = command_line("mobile-operator", "import", str(EXAMPLES), "--author", "Ann", "--json")
    assert [one["is_new"] for one in found.document["mobile_operators"]] == [True] * 4
    again = command_line("mobile-operator", "import", str(EXAMPLES))
    assert again.out.splitlines()[0] == "contoso version 1 is the same: nothing changed"
    listed = command_line("mobile-operator", "list", "--json").document["mobile_operators"]
    assert [(one["slug"], one["state"], one["author"]) for one in listed] == [
        (slug, "draft", "Ann") for slug in ("contoso", "fabrikam", "northwind", "tailspin")
    ]
    assert "northwind  Northwind Mobile" in command_line("mobile-operator", "list").out


def test_an_import_is_all_or_nothing(command_line: CommandLine, tmp_path: Path) -> None:
    """One bad file keeps the good ones out; every problem is one line, exit 2."""
    bad = edited(tmp_path, "sim_kinds: [esim]", "sim_kinds: [usim]")
    found = command_line("mobile-operator", "import", CONTOSO, bad, str(tmp_path / "no.yaml"))
    assert (found.code, found.out) == (2, "")
    found = command_line("mobile-operator", "import", str(EXAMPLES / "fabrikam.yaml"), bad)
    assert found.code == 2
    assert found.err.startswith(f"{bad}:6: sim_kinds[0]: 'usim' is not allowed")
    assert command_line("mobile-operator", "list", "--json").document["mobile_operators"] == []


def test_an_export_imports_to_the_same(imported: CommandLine, tmp_path: Path) -> None:
    """The exported file changes nothing when it is imported again."""
    path = tmp_path / "exported.yaml"
    assert imported("mobile-operator", "export", "contoso", "--output", str(path)).code == 0
    assert path.read_text() == imported("mobile-operator", "export", "contoso").out
    again = imported("mobile-operator", "import", str(path))
    assert again.out == "contoso version 1 is the same: nothing changed\n"


def test_a_record_is_shown_as_it_was(imported: CommandLine, tmp_path: Path) -> None:
    """What is in force now, or was at an instant."""
    shown = imported("mobile-operator", "show", "contoso", "--json").document
    assert (shown["version"], shown["author"], shown["reason"]) == (1, "Ann", "new")
    assert shown["mobile_operator"]["name"] == "Contoso Mobile"
    imported("mobile-operator", "import", edited(tmp_path, "language: en", "language: es"))
    assert "# version: 2\n" in imported("mobile-operator", "show", "contoso").out
    before = imported("mobile-operator", "export", "contoso", "--at", shown["valid_from"])
    assert "language: en\n" in before.out


def test_differences_are_shown(imported: CommandLine, tmp_path: Path) -> None:
    """Between two versions, and of a file before it is imported."""
    path = edited(tmp_path, "report_frequency: daily", "report_frequency: monthly")
    line = "report_frequency: daily -> monthly"
    assert imported("mobile-operator", "diff", path).out == f"{line}\n"
    assert imported("mobile-operator", "diff", CONTOSO).out == "nothing changes\n"
    assert imported("mobile-operator", "diff", "contoso").out == "nothing changes\n"
    assert imported("mobile-operator", "diff", str(EXAMPLES / "tailspin.yaml")).out == (
        "tailspin is new\n"
    )
    imported("mobile-operator", "import", path)
    shown = imported("mobile-operator", "diff", "contoso", "--json").document
    assert shown == {"differences": [line]}
    back = imported("mobile-operator", "diff", "contoso", "--from", "2", "--to", "1")
    assert back.out == "report_frequency: monthly -> daily\n"


def test_portals_can_be_moved_for_development(command_line: CommandLine) -> None:
    """The examples are imported with the portals of a world on other ports."""
    base = ("--portal-base", "https://localhost:9443")
    assert command_line("mobile-operator", "import", CONTOSO, *base).code == 0
    shown = command_line("mobile-operator", "show", "contoso", "--json").document
    uri = shown["mobile_operator"]["portals"]["production"]["uri"]
    assert uri == "https://localhost:9443/contoso/"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "contosso"), "did you mean 'contoso'?"),
        (("show", "contoso", "--at", "yesterday"), "--at 'yesterday' is not an ISO 8601 time"),
        (("export", "nobody"), "mobile operator 'nobody' is unknown"),
        (("diff", "contoso", "--to", "7"), "contoso has no version 7: it has 1 to 1"),
        (("diff", CONTOSO, "--to", "1"), "--from and --to compare versions of a slug"),
        (("import", CONTOSO, "--portal-base", "http://x"), "portal base http://x is not allowed"),
        (("import", "nowhere.yaml"), "nowhere.yaml: does not exist"),
        (("import", CONTOSO, "--approver", " "), "approver is empty"),
    ],
)
def test_bad_input_is_one_clear_line(
    imported: CommandLine, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    """Exit 2, one line, no traceback."""
    if "--approver" in arguments:
        arguments = ("import", edited(tmp_path, "language: en", "language: es"), *arguments[2:])
    found = imported("mobile-operator", *arguments)
    assert found.code == 2
    assert found.out == ""
    assert len(found.err.splitlines()) == 1
    assert words in found.err


def test_a_portal_on_this_machine_needs_the_switch(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In production the examples are refused, and nothing is written."""
    monkeypatch.delenv(LOOPBACK_VARIABLE)
    found = command_line("mobile-operator", "import", CONTOSO)
    assert (found.code, LOOPBACK_VARIABLE in found.err) == (2, True)
    assert command_line("mobile-operator", "list", "--json").document["mobile_operators"] == []
    allowed = ("--allow-loopback-portals",)
    assert command_line("mobile-operator", "import", CONTOSO, *allowed).code == 0
