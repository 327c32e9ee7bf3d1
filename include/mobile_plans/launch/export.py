"""One file that shows a launch to a partner or an auditor: every event with its hash, no script."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from include.mobile_plans.iccid import mask_iccids
from include.mobile_plans.launch.asked import launch_in_context
from include.mobile_plans.launch.rules import gate_question, gate_questions
from include.mobile_plans.launch.state import step_question
from include.mobile_plans.notices import render_page
from include.mobile_plans.store import read_events, stream_head, verify_events


def export_launch(connection: Connection, launch_id: str, now: datetime) -> str:
    """
    Return a launch as one self-contained HTML file; ICCIDs are masked.

    The hashes are those of the record, so an event whose numbers are masked here can be recomputed
    only from the record itself; ``launch verify`` does.

    Raises:
        NotFound: There is no such launch.
    """
    asked = launch_in_context(connection, launch_id, now)
    launch = asked.launch
    context: dict[str, Any] = {
        "launch": launch,
        "name": asked.mobile_operator.name,
        "program_name": asked.policy.contacts.program_name,
        "now": now,
        "head_hash": stream_head(connection, launch.stream),
        "findings": verify_events(connection, launch.stream),
        "gates": [
            (gate.title, party.replace("_", " "), launch.latest(gate_question(gate, party)))
            for gate, party in gate_questions(launch)
        ],
        "steps": [
            (scenario.title, step.title, launch.answers.get(question, ()), launch.passed)
            for scenario in launch.all_scenarios
            for step in scenario.steps
            for question in [step_question(scenario.name, step.name)]
        ],
        "events": read_events(connection, launch.stream),
    }
    return mask_iccids(render_page("launch_export", context))
