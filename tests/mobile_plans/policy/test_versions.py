"""Reading many mobile operators, fast."""

import time
from datetime import datetime
from pathlib import Path

from sqlalchemy import insert

from include.mobile_plans.policy import mobile_operators_in_force
from include.mobile_plans.policy.mobile_operators import document_hash, document_of
from include.mobile_plans.store import Store
from include.mobile_plans.store.schema import upgrade
from include.mobile_plans.store.tables import mobile_operator_version
from tests.mobile_plans.policy.examples import example


def test_a_thousand_load_in_well_under_a_second_once_cached(tmp_path: Path, now: datetime) -> None:
    """Documents are parsed once per content; then 1,000 records cost little CPU."""
    store = Store(f"sqlite:///{tmp_path}/store.db")
    upgrade(store)
    document = document_of(example("contoso"))
    rows = []
    for number in range(1000):
        one = document | {"slug": f"mo-{number}", "name": f"Number {number}"}
        rows.append(
            {
                "slug": one["slug"],
                "version": 1,
                "valid_from": now,
                "recorded_at": now,
                "author": "A",
                "reason": "r",
                "state": "draft",
                "name": one["name"],
                "document": one,
                "document_hash": document_hash(one),
            }
        )
    with store.transaction() as connection:
        connection.execute(insert(mobile_operator_version), rows)
    with store.snapshot() as connection:
        first = mobile_operators_in_force(connection, now)
    began = time.process_time()
    with store.snapshot() as connection:
        again = mobile_operators_in_force(connection, now)
    assert time.process_time() - began < 0.5
    assert first == again
    assert {v.mobile_operator.name for v in first} == {f"Number {n}" for n in range(1000)}
