"""Fields that several trigger forms share."""

from typing import Any

from airflow.sdk import Param

from include.mobile_plans.errors import StoreUnavailable
from include.mobile_plans.policy import mobile_operator_names
from include.mobile_plans.store import store_from_environment


def mobile_operator_field(description: str) -> Param:
    """Offer every mobile operator on record by its name."""
    schema: dict[str, Any] = {"type": "string", "title": "Mobile operator"}
    names = names_on_record()
    if names:
        schema |= {"enum": list(names), "values_display": names}
    return Param(**schema, description=description)


def names_on_record() -> dict[str, str]:
    """Parsing a DAG must not need a store: without one, the form takes any slug."""
    try:
        return mobile_operator_names(store_from_environment())
    except StoreUnavailable:
        return {}
