"""Files of feeds in a store with the example mobile operators, live for a year."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from include.mobile_plans.policy import program_policy
from include.mobile_plans.xdr import FeedFileName, FileReport, Finding, file_name
from include.mobile_plans.xdr.records import CheckedFile, record_file
from include.mobile_plans.xdr.tending import tend_feed
from tests.mobile_plans.incidents.conftest import World

HOUR = timedelta(hours=1)


def finding(check: str = "F04", severity: Any = "R", message: str = "breaks off") -> Finding:
    return Finding(check=check, severity=severity, row=None, column=None, count=1, message=message)


def report(start: datetime, *findings: Finding, **changes: Any) -> FileReport:
    """What checking an hourly CDR file of Contoso found."""
    parts = {
        "name": "",
        "feed": "CDR",
        "mobile_operator": "contoso",
        "environment": "P",
        "period_start": start,
        "cadence": "PT1H",
        "sequence": int(start.timestamp() // 3600) % 999_999,
        "revision": 0,
        "format": "csv.gz",
    } | {name: value for name, value in changes.items() if name not in ("rows", "quarantined")}
    name = FeedFileName(**parts)
    return FileReport(
        file=file_name(name),
        feed=name.feed,
        accepted=not any(one.severity == "R" for one in findings),
        rows=changes.get("rows", 1000),
        quarantined=changes.get("quarantined", 0),
        findings=findings,
        name=FeedFileName(**parts | {"name": file_name(name)}),
        sha256="0" * 64,
        bytes=1,
    )


def deliver(
    world: World, start: datetime, *findings: Finding, at: datetime | None = None, **changes: Any
) -> CheckedFile | None:
    """Let a file be there and checked now, or received earlier."""
    with world.write() as connection:
        return _record(world, connection, report(start, *findings, **changes), at)


def _record(
    world: World, connection: Connection, found: FileReport, at: datetime | None
) -> CheckedFile | None:
    now, name = world.clock.now(), found.name
    assert name is not None
    return record_file(
        connection,
        found,
        place=f"{name.mobile_operator}/{found.file}",
        stamp=f"{now.timestamp()}",
        slug=name.mobile_operator,
        kept=None,
        received_at=at or now,
        now=now,
    )


def tend(
    world: World,
    feed: str = "CDR",
    slug: str = "contoso",
    lying: Collection[datetime] | None = (),
) -> list[str]:
    now, policy = world.clock.now(), program_policy()
    with world.write() as connection:
        return tend_feed(connection, slug, feed, policy, now, lying=lying)


def deliver_days(world: World, days: int = 8) -> None:
    """Let every hourly CDR file of Contoso of the past days have come in time."""
    start = world.clock.now().replace(minute=0) - timedelta(days=days)
    with world.write() as connection:
        while start + HOUR <= world.clock.now():
            _record(world, connection, report(start), start + HOUR + timedelta(minutes=20))
            start += HOUR
