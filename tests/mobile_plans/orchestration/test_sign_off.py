"""The one human task: it insists, records, and asks again."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.operators import hitl
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowSkipException,
    TaskAwaitingInput,
)

from include.mobile_plans.errors import BadInput, DoesNotApply, NotFound
from include.mobile_plans.obligations import find_alert, open_alerts
from include.mobile_plans.orchestration.sign_off import SignOff
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.questions import Answer, Field, Question, Run
from include.mobile_plans.store import Store
from include.mobile_plans.store.schema import upgrade

EVIDENCE = Field(title="Evidence", description="What proves it.", required_with=frozenset({"Pass"}))
AT = Field(title="Done at", description="When.", kind="instant")
QUESTION = Question(
    subject="Contoso: done?", body="**Is** it done?", fields={"evidence": EVIDENCE, "at": AT}
)


@dataclass
class ScriptedAsker:
    """Asks the question given, and keeps what it was told to record."""

    question: Question | Exception = QUESTION
    refuses: tuple[str, ...] = ()
    options: tuple[str, ...] = ("Pass", "Fail")
    fields: dict[str, Field] = field(default_factory=lambda: dict(QUESTION.fields))
    recorded: list[tuple[Run, Answer]] = field(default_factory=list)

    def ask(self, run: Run, now: datetime) -> Question:
        if isinstance(self.question, Exception):
            raise self.question
        return self.question

    def record(self, run: Run, answer: Answer) -> bool:
        if self.refuses:
            raise BadInput(*self.refuses)
        self.recorded.append((run, answer))
        return answer.option == "Pass"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What Airflow's API was told to show, in place of the API itself."""
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr(hitl, "upsert_hitl_detail", lambda **detail: shown.append(detail))
    return shown


def context(map_index: int = -1) -> Any:
    return {
        "dag_run": SimpleNamespace(run_id="run-1"),
        "task_instance": SimpleNamespace(id="ti", map_index=map_index),
    }


def event(now: datetime, *options: str, **values: object) -> dict[str, Any]:
    return {
        "chosen_options": list(options),
        "params_input": values,
        "responded_at": now,
        "responded_by_user": {"id": "1", "name": "ops"},
    }


def sign_off(asker: ScriptedAsker) -> SignOff:
    return SignOff(asker=asker, task_id="sign_off", task_display_name="Sign off")


def test_it_shows_the_words_of_the_store_and_parks(
    asked: list[dict[str, Any]], now: datetime
) -> None:
    """Subject with its deadline, body and fields come from the question, not from the DAG file."""
    asker = ScriptedAsker(question=replace(QUESTION, deadline=now))

    with pytest.raises(TaskAwaitingInput):
        sign_off(asker).execute(context())

    (shown,) = asked
    assert shown["subject"] == "By 2026-11-23 10:00 UTC: Contoso: done?"
    assert shown["body"] == "**Is** it done?"
    assert shown["options"] == ["Pass", "Fail"]
    assert shown["defaults"] is None
    assert set(shown["params"]) == {"evidence", "at"}
    assert shown["params"]["evidence"]["schema"]["type"] == ["null", "string"]


def test_a_complete_answer_is_recorded(asked: list[dict[str, Any]], now: datetime) -> None:
    """The store learns who recorded what and when; blanks are left out."""
    asker = ScriptedAsker()

    sign_off(asker).execute_complete(
        context(map_index=2), event(now, "Pass", evidence=" ticket 1 ", at=None)
    )

    ((run, answer),) = asker.recorded
    assert run == Run(run_id="run-1", map_index=2)
    assert answer == Answer(
        option="Pass", values={"evidence": "ticket 1"}, recorded_by="ops", recorded_at=now
    )
    assert asked == []


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"evidence": None, "at": None},
        {"evidence": "  ", "at": None},
        {"evidence": "x", "at": "yesterday"},
        {"evidence": "x", "at": "2026-11-23T10:00:00"},
        {"evidence": 7, "at": None},
        {"evidence": "x"},
        {"evidence": "x", "at": None, "more": "y"},
    ],
)
def test_an_answer_that_does_not_hold_is_asked_again(
    asked: list[dict[str, Any]], now: datetime, values: dict
) -> None:
    """Airflow's API lets these through; nothing is recorded and the task parks again."""
    asker = ScriptedAsker()

    with pytest.raises(TaskAwaitingInput):
        sign_off(asker).execute_complete(context(), event(now, "Pass", **values))

    assert asker.recorded == []
    assert len(asked) == 1


@pytest.mark.parametrize("options", [(), ("Pass", "Fail"), ("Perhaps",)])
def test_exactly_one_known_option_is_taken(
    asked: list[dict[str, Any]], now: datetime, options: tuple[str, ...]
) -> None:
    """No option, two options or an unknown one are asked again."""
    asker = ScriptedAsker()

    with pytest.raises(TaskAwaitingInput):
        sign_off(asker).execute_complete(context(), event(now, *options, evidence="x", at=None))
    assert asker.recorded == []


def test_what_the_record_refuses_is_asked_again(asked: list[dict[str, Any]], now: datetime) -> None:
    """A rule that refuses the answer makes the task ask again."""
    asker = ScriptedAsker(refuses=("ICCID is not accepted",))

    with pytest.raises(TaskAwaitingInput):
        sign_off(asker).execute_complete(context(), event(now, "Pass", evidence="x", at=None))


def test_an_answer_that_settles_nothing_is_recorded_and_asked_again(
    asked: list[dict[str, Any]], now: datetime
) -> None:
    """A failed step is kept, and the step is asked for again (L5)."""
    asker = ScriptedAsker()

    with pytest.raises(TaskAwaitingInput):
        sign_off(asker).execute_complete(context(), event(now, "Fail", evidence="x", at=None))
    assert [answer.option for _, answer in asker.recorded] == ["Fail"]


@pytest.mark.parametrize(
    ("reason", "raised"),
    [
        (DoesNotApply("it does not offer SIM"), AirflowSkipException),
        (NotFound("run carries no launch"), AirflowFailException),
    ],
)
def test_what_cannot_be_asked_ends_in_one_sentence(
    asked: list[dict[str, Any]], reason: Exception, raised: type[Exception]
) -> None:
    """A question that does not apply is skipped with its reason; a broken run fails plainly."""
    with pytest.raises(raised, match=str(reason)):
        sign_off(ScriptedAsker(question=reason)).execute(context())
    assert asked == []


@dataclass
class UrgentAsker(ScriptedAsker):
    """Asks something urgent of the operations centre."""

    duty_role: str = "operations_centre"


@pytest.fixture
def duty_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store in which somebody is looked for."""
    url = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("MOBILE_PLANS_DATABASE_URL", url)
    monkeypatch.setenv("MOBILE_PLANS_POLICY_DIR", str(SHIPPED_POLICY))
    upgrade(Store(url))
    return Store(url)


def urgent_context() -> Any:
    given = context()
    given["task_instance"].dag_id = "incident_escalation"
    given["task_instance"].task_id = "call_contact_1"
    given["task_instance"].run_id = "run-1"
    return given


def test_an_urgent_task_looks_for_somebody_until_it_is_claimed(
    asked: list[dict[str, Any]], duty_store: Store, now: datetime
) -> None:
    """Parked, it tells the duty roster once; claimed, it is asked again and tells nobody more."""
    task = sign_off(UrgentAsker())
    with pytest.raises(TaskAwaitingInput):
        task.execute(urgent_context())
    with duty_store.snapshot() as connection:
        (alert,) = open_alerts(connection)
    assert (alert.role, alert.told) == ("operations_centre", 1)
    assert asked[0]["options"] == ["Pass", "Fail", "I take it"]

    with pytest.raises(TaskAwaitingInput):
        task.execute_complete(urgent_context(), event(now, "I take it", evidence=None, at=None))
    with duty_store.snapshot() as connection:
        assert find_alert(connection, alert.key).claimed_by == "ops"
    assert task.asker.recorded == []


def test_an_answered_urgent_task_looks_for_nobody(
    asked: list[dict[str, Any]], duty_store: Store, now: datetime
) -> None:
    """Answering without claiming ends the search as well."""
    task = sign_off(UrgentAsker())
    with pytest.raises(TaskAwaitingInput):
        task.execute(urgent_context())

    task.execute_complete(urgent_context(), event(now, "Pass", evidence="x", at=None))

    with duty_store.snapshot() as connection:
        assert open_alerts(connection) == []
