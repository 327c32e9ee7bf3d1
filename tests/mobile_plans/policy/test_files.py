"""Mobile operators in and out of YAML files."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.mobile_plans.errors import BadInput, Conflict
from include.mobile_plans.policy import (
    MobileOperator,
    change_state,
    mobile_operator_in_force,
    mobile_operators_in_force,
)
from include.mobile_plans.policy.consistency import read_mobile_operator
from include.mobile_plans.policy.documents import parse_document, write_document
from include.mobile_plans.policy.expectations import ExpectedHeader, ExpectedJson
from include.mobile_plans.policy.files import (
    Imported,
    export_text,
    import_files,
    mobile_operator_paths,
    read_files,
    with_portal_base,
)
from include.mobile_plans.policy.mobile_operators import Brand, Contact, MonitoringFlags
from include.mobile_plans.store import Store
from tests.mobile_plans.policy.examples import EXAMPLES, example, example_data

SLUGS = sorted(path.stem for path in EXAMPLES.glob("*.yaml"))
LINES = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=30
)


def written(directory: Path, name: str, data: object) -> Path:
    path = directory / f"{name}.yaml"
    path.write_text(write_document(data))  # type: ignore[arg-type]
    return path


def import_paths(store: Store, now: datetime, *paths: Path) -> list[Imported]:
    files = read_files(paths, allow_loopback=True)
    assert files.problems == []
    with store.transaction() as connection:
        return import_files(
            connection, files.read, author="Laura Chen", approver=None, reason="test", now=now
        )


def read_back(text: str) -> MobileOperator:
    return read_mobile_operator(parse_document(text, "exported.yaml"), allow_loopback=True)


@pytest.mark.parametrize("slug", SLUGS)
def test_an_export_imports_to_the_same_record(slug: str) -> None:
    """What is exported is the record, whole, and nothing empty in it."""
    text = export_text(example(slug))
    assert read_back(text) == example(slug)
    assert "null" not in text
    assert "[]" not in text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=LINES,
    other_names=st.lists(LINES, max_size=3, unique=True).map(tuple),
    reason=LINES,
    body=st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1),
    languages=st.lists(st.sampled_from(["no", "en", "pt-BR"]), max_size=2).map(tuple),
)
def test_any_record_survives_export_and_import(
    name: str, other_names: tuple[str, ...], reason: str, body: str, languages: tuple[str, ...]
) -> None:
    """Text that looks like YAML, and every part that is seldom used, comes back as it was."""
    contoso = example("contoso")
    contact = Contact(
        name=name, email="a@contoso.example", phone="+12065550100", languages=languages
    )
    expectation = replace(
        contoso.portals.production.expectation,
        body_text=body,
        json_path=ExpectedJson(path="status.portal", equals=name),
        header=ExpectedHeader(name="X-Portal", contains=reason),
        maximum_redirects=0,
        maximum_body_bytes=1024,
    )
    portal = replace(contoso.portals.production, expectation=expectation)
    changed = replace(
        contoso,
        name=name,
        other_names=other_names,
        brand=Brand(display_name=name),
        monitoring=MonitoringFlags(probed=False, reason=reason),
        portals=replace(contoso.portals, production=portal, staging=portal),
        contacts=replace(contoso.contacts, incident=(contact,)),
    )
    assert read_back(export_text(changed)) == changed


def test_a_directory_is_imported_and_again_changes_nothing(store: Store, now: datetime) -> None:
    """The first import adds each version, the second none."""
    paths = mobile_operator_paths([EXAMPLES])
    first = import_paths(store, now, *paths)
    assert [(one.version.slug, one.version.version, one.is_new) for one in first] == [
        (slug, 1, True) for slug in SLUGS
    ]
    again = import_paths(store, now + timedelta(hours=1), *paths)
    assert [(one.version.version, one.is_new) for one in again] == [(1, False)] * len(SLUGS)


def test_an_import_leaves_the_state_as_it_is(store: Store, now: datetime, tmp_path: Path) -> None:
    """A file without a state changes a live mobile operator's record, not its state."""
    data = example_data("contoso")
    import_paths(store, now, written(tmp_path, "contoso", data))
    with store.transaction() as connection:
        change_state(
            connection, "contoso", "live", author="A", approver=None, reason="launched", now=now
        )
    (imported,) = import_paths(store, now, written(tmp_path, "contoso", data | {"language": "es"}))
    assert (imported.version.state, imported.version.version) == ("live", 3)
    with pytest.raises(BadInput, match=r"contoso.yaml: mobile operator contoso is live, not draft"):
        import_paths(store, now, written(tmp_path, "contoso", data | {"state": "draft"}))


def test_an_import_is_all_or_nothing(store: Store, now: datetime, tmp_path: Path) -> None:
    """One refused file keeps all of them out, and every refusal is told."""
    import_paths(store, now, EXAMPLES / "tailspin.yaml")
    taken = example_data("tailspin")["iccid_ranges"]
    paths = [
        written(tmp_path, "fabrikam", example_data("fabrikam")),
        written(
            tmp_path, "rival", example_data("contoso") | {"slug": "rival", "iccid_ranges": taken}
        ),
        written(tmp_path, "tailspin", example_data("tailspin") | {"state": "live"}),
    ]
    files = read_files(paths[:2], allow_loopback=True).read
    files += read_files(paths[2:], allow_loopback=True).read
    with (
        pytest.raises(BadInput) as refused,
        store.transaction() as connection,
    ):
        import_files(connection, files, author="A", approver=None, reason="r", now=now)
    state, overlap = refused.value.problems
    assert "tailspin.yaml: mobile operator tailspin is draft, not live" in state
    assert "tailspin.yaml: iccid_ranges.production[0]: " in overlap
    with store.snapshot() as connection:
        assert [v.slug for v in mobile_operators_in_force(connection, now)] == ["tailspin"]
        assert mobile_operator_in_force(connection, "tailspin", now).state == "draft"


def test_a_refusal_names_the_file(store: Store, now: datetime, tmp_path: Path) -> None:
    """ICCIDs of another mobile operator in the store are told with file and key path."""
    import_paths(store, now, EXAMPLES / "tailspin.yaml")
    taken = {"slug": "rival", "iccid_ranges": example_data("tailspin")["iccid_ranges"]}
    path = written(tmp_path, "rival", example_data("contoso") | taken)
    with pytest.raises(Conflict, match=r"rival.yaml: iccid_ranges.production\[0\]: .* of tailspin"):
        import_paths(store, now, path)


def test_ranges_may_change_hands_in_one_import(store: Store, now: datetime, tmp_path: Path) -> None:
    """Files are held against each other as they shall be, not against what they replace."""
    first, second = EXAMPLES / "contoso.yaml", EXAMPLES / "tailspin.yaml"
    import_paths(store, now, first, second)
    contoso, tailspin = example_data("contoso"), example_data("tailspin")
    swapped = [
        written(tmp_path, "contoso", contoso | {"iccid_ranges": tailspin["iccid_ranges"]}),
        written(tmp_path, "tailspin", tailspin | {"iccid_ranges": contoso["iccid_ranges"]}),
    ]
    assert [one.version.version for one in import_paths(store, now, *swapped)] == [2, 2]


def test_files_are_held_against_each_other(tmp_path: Path) -> None:
    """A slug given twice and ICCIDs claimed twice name both files."""
    first = written(tmp_path, "a", example_data("contoso"))
    twin = written(tmp_path, "b", example_data("contoso"))
    rival = written(tmp_path, "c", example_data("contoso") | {"slug": "rival"})
    files = read_files([first, twin, rival], allow_loopback=True)
    assert files.problems == [
        f"{twin}:1: slug: 'contoso' is the slug of {first} already",
        (
            f"{rival}:23: iccid_ranges.production[0]: 898824700010000000-898824700010099999 "
            "overlaps 898824700010000000-898824700010099999 of contoso: "
            "an ICCID belongs to one mobile operator"
        ),
    ]


def test_a_scenario_of_the_programs_name_is_refused() -> None:
    """L8: the names of the program's scenarios are taken."""
    taken = example("northwind").scenarios
    files = read_files([EXAMPLES / "northwind.yaml"], allow_loopback=True, scenarios=taken)
    assert "scenarios[0].name: 'top_up' is a scenario of the program already" in files.problems[0]


def test_paths_that_hold_nothing_are_named(tmp_path: Path) -> None:
    """A missing file and an empty directory are refused together."""
    with pytest.raises(BadInput) as refused:
        mobile_operator_paths([tmp_path, tmp_path / "no.yaml", EXAMPLES])
    assert refused.value.problems == (
        f"{tmp_path}: holds no mobile operator; a file is called <slug>.yaml",
        f"{tmp_path / 'no.yaml'}: does not exist",
    )


def test_portals_on_this_machine_move_to_another_port() -> None:
    """Development: the portals of a local world are where it put them, others stay."""
    tailspin = with_portal_base(example("tailspin"), "https://localhost:9443")
    assert tailspin.portals.production.uri == "https://localhost:9443/tailspin/"
    assert tailspin.portals.staging is not None
    assert tailspin.portals.staging.uri == "https://localhost:9443/tailspin-staging/"
    public = replace(
        tailspin.portals, production=replace(tailspin.portals.production, uri="https://p.example/")
    )
    moved = with_portal_base(replace(tailspin, portals=public), "https://127.0.0.1:1")
    assert moved.portals.production.uri == "https://p.example/"


@pytest.mark.parametrize(
    "base", ["http://localhost:1", "https://portal.example", "https://localhost:1/a", "localhost"]
)
def test_a_portal_base_is_of_this_machine(base: str) -> None:
    """Nothing but an https address of this machine, without a path, is a portal base."""
    with pytest.raises(BadInput, match="is not allowed: write https://localhost:PORT"):
        with_portal_base(example("contoso"), base)
