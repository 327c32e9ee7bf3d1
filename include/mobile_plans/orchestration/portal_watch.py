"""What the tasks of ``portal_monitoring`` do."""

import logging
from functools import reduce
from operator import or_

from airflow.sdk import Asset, AssetOrTimeSchedule, AssetWatcher, CronTriggerTimetable
from airflow.sdk.configuration import conf

from include.mobile_plans.errors import MobilePlansError
from include.mobile_plans.monitoring import look_after_monitoring, situation
from include.mobile_plans.orchestration.portal_probe_trigger import PortalProbeTrigger
from include.mobile_plans.policy import policy_source, program_policy
from include.mobile_plans.simulation.clock import SystemClock
from include.mobile_plans.store import store_from_environment

log = logging.getLogger(__name__)
clock = SystemClock()
DAG_ID = "portal_monitoring"


def schedule() -> AssetOrTimeSchedule:
    """Run when a round had news, and every minute in case nothing woke it; one asset per shard."""
    shards = program_policy().monitoring.probe.shards
    assets = [
        Asset(
            name=f"mobile_plans.portals.{shard}",
            uri=f"x-mobile-plans://portals/{shard}",
            watchers=[
                AssetWatcher(
                    name=f"mobile_plans_portals_{shard}",
                    trigger=PortalProbeTrigger(shard=shard, shards=shards),
                )
            ],
        )
        for shard in range(shards)
    ]
    every_minute = CronTriggerTimetable("* * * * *", timezone="UTC")
    return AssetOrTimeSchedule(timetable=every_minute, assets=reduce(or_, assets))


def look_after_the_prober() -> list[str]:
    """
    Alert the duty person while monitoring itself does not work.

    Raises:
        MobilePlansError: It does not: it is blind, or its policy is invalid. The alert is raised.
    """
    policy = program_policy()
    source = policy_source()
    troubles = look_after_monitoring(
        store_from_environment(),
        clock,
        policy,
        directory=source.directory,
        problems=source.problems,
        link=f"{conf.get('api', 'base_url').rstrip('/')}/dags/{DAG_ID}",
    )
    if troubles:
        raise MobilePlansError("; ".join(troubles))
    return ["monitoring sees every portal it should"]


def tell_of_the_portals() -> list[str]:
    """Say what the portals do; a portal that is down is a result, not a failure."""
    with store_from_environment().snapshot() as connection:
        lines = situation(connection, program_policy().monitoring, clock.now())
    for line in lines:
        log.info(line)
    return lines
