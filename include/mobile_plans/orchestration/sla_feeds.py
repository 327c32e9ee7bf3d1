"""
What the room of feeds says for a statement, which it knows nothing of.

Nothing here imports Airflow, so that the command line can use it too.
"""

from dataclasses import asdict
from datetime import date, datetime

from sqlalchemy import Connection

from include.mobile_plans.policy import ProgramPolicy
from include.mobile_plans.sla.model import FeedLine
from include.mobile_plans.xdr import summarise


def feed_lines(
    connection: Connection,
    slug: str,
    first_day: date,
    last_day: date,
    policy: ProgramPolicy,
    now: datetime,
) -> tuple[FeedLine, ...]:
    """
    Say of each registered feed of a mobile operator what was found in a period (X1).

    Raises:
        NotFound: There is no such mobile operator.
    """
    found = summarise(connection, slug, first_day, last_day, policy, now)
    return tuple(FeedLine(**asdict(one)) for one in found)
