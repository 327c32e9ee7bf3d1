"""Two weeks that are promised: the ICCID configuration, and the move from staging."""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from include.mobile_plans.errors import BadInput, DoesNotApply
from include.mobile_plans.launch import (
    CutOverConfirmation,
    IccidConfirmation,
    Launch,
    asked_about,
    configuration_choice,
    promise_migration,
    request_iccid_configuration,
    request_migration,
    require_staging,
)
from include.mobile_plans.launch.rules import is_on_production
from include.mobile_plans.notices import list_notices
from include.mobile_plans.obligations import find_obligation
from include.mobile_plans.questions import Answer, Run, require_complete
from include.mobile_plans.store import Store, read_events
from tests.mobile_plans.launch.conftest import RUN

Start = Callable[..., Launch]
Give = Callable[..., Answer]
OURS = {"signed_by": "Laura Chen", "evidence": "ticket 4711"}
THEIRS = {"signed_by": "Theresa Vogel", "evidence": "mail of 23 Nov"}
TEST_RANGE = "89882806660004900000-89882806660004919999"


def test_the_week_is_a_promise_that_the_confirmation_meets(
    records: Store, start: Start, answer: Give, promise: Callable[..., datetime], now: datetime
) -> None:
    """L3: configured within seven days of being asked for; the promise is met with evidence."""
    launch = start()
    due = promise("test")
    question = IccidConfirmation().ask(RUN, now)

    assert question.deadline == due == now + timedelta(days=7)
    assert "8988280666000490000" in question.body
    with pytest.raises(BadInput, match="'Configured ranges' is needed"):
        require_complete(question, answer("Confirm", **OURS))
    assert IccidConfirmation().record(RUN, answer("Confirm", **OURS, configured=TEST_RANGE))
    with records.snapshot() as connection:
        met = find_obligation(connection, f"{launch.launch_id}:iccid_configuration.test")
        last = read_events(connection, launch.stream)[-1]
    assert met.state == "met"
    assert met.answer.by == "Laura Chen"
    assert last.data["facts"]["iccids"] == 2000


def test_a_difference_is_refused_and_named(
    start: Start, reread: Start, answer: Give, promise: Callable[..., datetime]
) -> None:
    """L3: other ranges than the asked ones are not recorded, nor what is no range at all."""
    start()
    promise()
    for wrong, words in [
        ("89882806660004900000-89882806660004909999", "1000 ICCIDs are asked for but not"),
        ("as in the ticket", "not an ICCID"),
    ]:
        with pytest.raises(BadInput, match=words):
            IccidConfirmation().record(RUN, answer("Confirm", **OURS, configured=wrong))
    assert reread().answers == {}


def test_a_file_of_the_inbox_is_read(
    records: Store,
    start: Start,
    answer: Give,
    promise: Callable[..., datetime],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A form names a file inside the inbox; its SHA-256 is kept with the answer."""
    launch = start()
    promise()
    given = answer("Confirm", **OURS, configured="export.txt")
    with pytest.raises(BadInput, match="has no inbox"):
        IccidConfirmation().record(RUN, given)
    monkeypatch.setenv("MOBILE_PLANS_INBOX", str(tmp_path))
    with pytest.raises(BadInput, match=r"no file 'export\.txt'"):
        IccidConfirmation().record(RUN, given)
    (tmp_path / "export.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="is not text"):
        IccidConfirmation().record(RUN, given)
    (tmp_path / "export.txt").write_text("8" * 1_000_001)
    with pytest.raises(BadInput, match="at most 1000000 are read"):
        IccidConfirmation().record(RUN, given)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x.txt").write_text(TEST_RANGE)
    (tmp_path / "link.txt").symlink_to(tmp_path / "outside" / "x.txt")
    with pytest.raises(BadInput, match=r"no file 'link\.txt'"):
        IccidConfirmation().record(RUN, answer("Confirm", **OURS, configured="link.txt"))
    (tmp_path / "export.txt").write_text(f"{TEST_RANGE}\n")

    assert IccidConfirmation().record(RUN, given) is True
    with records.snapshot() as connection:
        facts = read_events(connection, launch.stream)[-1].data["facts"]
    assert facts["file_sha256"] == sha256(f"{TEST_RANGE}\n".encode()).hexdigest()


def test_after_sign_off_the_full_range_follows(
    records: Store, start: Start, answer: Give, promise: Callable[..., datetime], now: datetime
) -> None:
    """L4: a test range is followed by the full one, with a week of its own."""
    start()
    promise("full")
    full = IccidConfirmation(after_sign_off=True)

    assert "89882806660006000000"[:19] in full.ask(RUN, now).body
    with pytest.raises(BadInput, match="asked for but not configured"):
        full.record(RUN, answer("Confirm", **OURS, configured=TEST_RANGE))
    whole = "89882806660000000000-89882806660004999999; 89882806660006000000-89882806660006999999"
    assert full.record(RUN, answer("Confirm", **OURS, configured=whole)) is True


def test_a_full_range_at_once_needs_no_second_one(
    records: Store, start: Start, now: datetime
) -> None:
    """L4: the second configuration is skipped with its reason."""
    start(range_choice="full")
    with records.snapshot() as connection:
        asked = asked_about(connection, RUN, now)

    assert configuration_choice(asked, after_sign_off=False) == "full"
    with pytest.raises(DoesNotApply, match="configured before the validation"):
        IccidConfirmation(after_sign_off=True).ask(RUN, now)


def test_the_move_from_staging_is_promised_by_the_mobile_operator(
    records: Store, start: Start, reread: Start, answer: Give, now: datetime
) -> None:
    """L2: a week, met when its own mail reached us; the way back is shown."""
    launch = start()
    with records.transaction() as connection:
        asked = asked_about(connection, RUN, now)
        due_at = promise_migration(connection, asked, now)
        request_migration(connection, asked, require_staging(asked), due_at)
        notices = list_notices(connection)
    question = CutOverConfirmation().ask(RUN, now)

    assert question.deadline == now + timedelta(days=7)
    assert "The way back" in question.body
    assert "tailspin-staging" in question.body
    (subject,) = [one.subject for one in notices]
    assert subject.startswith(f"[{launch.launch_id}] Tailspin: move from staging to production by")
    assert is_on_production(launch) is False
    with pytest.raises(BadInput, match="lies in the future"):
        CutOverConfirmation().record(
            RUN, answer("Confirm", **THEIRS, received_at="2030-01-01T00:00:00Z")
        )
    assert CutOverConfirmation().record(RUN, answer("Confirm", **THEIRS)) is True
    assert is_on_production(reread()) is True


def test_without_staging_there_is_no_cut_over(records: Store, start: Start, now: datetime) -> None:
    """L2: one that has no staging endpoint skips the step, with the reason."""
    run = Run(run_id="other")
    start(run_id="other", slug="contoso", uses_staging=False)

    with pytest.raises(DoesNotApply, match="without a staging endpoint"):
        CutOverConfirmation().ask(run, now)
    with records.transaction() as connection:
        asked = asked_about(connection, run, now)
        with pytest.raises(DoesNotApply, match="without a staging endpoint"):
            promise_migration(connection, asked, now)


def test_the_request_shows_masked_numbers(records: Store, start: Start, now: datetime) -> None:
    """L3: the mail goes to the program's list, and no ICCID stands whole in it."""
    start()
    with records.transaction() as connection:
        asked = asked_about(connection, RUN, now)
        request_iccid_configuration(connection, asked, "test", now)
        (queued,) = list_notices(connection)

    assert "Configure the test ICCID range of Tailspin" in queued.subject
