"""
What launches and monitoring know that maintenance, which lies below them, must mind.

Nothing here imports Airflow, so that the command line can use it too.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from include.mobile_plans.launch import find_launch, list_launches
from include.mobile_plans.maintenance import Desk, Outlook
from include.mobile_plans.monitoring import failing_portals
from include.mobile_plans.policy import program_policy


def launch_days(connection: Connection) -> dict[str, datetime]:
    """Return when each mobile operator with an active launch is to go live."""
    active = [row for row in list_launches(connection) if row["state"] == "active"]
    return {row["slug"]: find_launch(connection, row["launch_id"]).target_at for row in active}


def failing(connection: Connection, slugs: Iterable[str], now: datetime) -> dict[str, datetime]:
    """Return whose portals monitoring sees fail, and since when."""
    return failing_portals(connection, slugs, program_policy().monitoring, now)


OUTLOOK = Outlook(launch_days=launch_days, failing=failing)


def desk_at(connection: Connection, now: datetime) -> Desk:
    """Open a desk with everything maintenance must mind."""
    return Desk(connection=connection, policy=program_policy(), now=now, outlook=OUTLOOK)
