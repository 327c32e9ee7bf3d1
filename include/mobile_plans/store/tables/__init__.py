"""
Every table of the store, one module per room; ``migrations/`` brings a database to this shape.

Points in time are UTC; documents are canonical JSON text; a slug names a mobile operator.
"""

from include.mobile_plans.store.tables.base import metadata
from include.mobile_plans.store.tables.feeds import xdr_file
from include.mobile_plans.store.tables.history import event, event_stream
from include.mobile_plans.store.tables.incidents import (
    bug,
    incident,
    incident_trouble,
    number_series,
)
from include.mobile_plans.store.tables.launches import launch
from include.mobile_plans.store.tables.maintenance import maintenance, maintenance_file
from include.mobile_plans.store.tables.monitoring import (
    exclusion,
    outage,
    portal_finding,
    probe_target,
    sample,
)
from include.mobile_plans.store.tables.promises import delivery, duty_alert, notice, obligation
from include.mobile_plans.store.tables.records import (
    mobile_operator_change,
    mobile_operator_version,
)
from include.mobile_plans.store.tables.sla import sla_dispute, sla_rollup, sla_statement

__all__ = [
    "bug",
    "delivery",
    "duty_alert",
    "event",
    "event_stream",
    "exclusion",
    "incident",
    "incident_trouble",
    "launch",
    "maintenance",
    "maintenance_file",
    "metadata",
    "mobile_operator_change",
    "mobile_operator_version",
    "notice",
    "number_series",
    "obligation",
    "outage",
    "portal_finding",
    "probe_target",
    "sample",
    "sla_dispute",
    "sla_rollup",
    "sla_statement",
    "xdr_file",
]
