"""
Telling the duty person that monitoring itself does not work: it is blind, or its policy is invalid.

A silent prober looks healthy to everybody else, so its silence is looked for from outside. Each
episode is one urgent task, told to the persons of ``ROLE`` until one takes it or it is over.
"""

from collections.abc import Sequence
from pathlib import Path

from include.mobile_plans.instants import format_instant
from include.mobile_plans.monitoring.reading import Silence, silences
from include.mobile_plans.obligations import end_alert, open_alerts, raise_alert
from include.mobile_plans.policy import ProgramPolicy, keep_policy
from include.mobile_plans.simulation.clock import Clock
from include.mobile_plans.store import Store

ROLE = "platform"
ACTOR = "portal_monitoring"
_MOST_NAMED = 20


Trouble = tuple[str, str, tuple[str, ...]]
"""What is wrong with monitoring: the key of the episode, a sentence, and paragraphs."""


def look_after_monitoring(
    store: Store,
    clock: Clock,
    policy: ProgramPolicy,
    *,
    directory: Path,
    problems: Sequence[str],
    link: str,
) -> list[str]:
    """
    Raise an alert for each trouble that is new, end those that are over, and keep the policy.

    Args:
        store: The store.
        clock: The current time.
        policy: The policy in force.
        directory: Where its files are.
        problems: Why these files are not in force; empty where they are.
        link: Where the duty person looks.

    Returns:
        One sentence for each trouble that lasts.
    """
    now = clock.now()
    with store.transaction() as connection:
        refusal = keep_policy(connection, policy, directory, problems, now)
        silent = silences(connection, policy.monitoring, now)
        found = [_invalid(refusal, problems)] if refusal is not None else []
        found += [_blind(silent)] if silent else []
        for key, headline, details in found:
            raise_alert(
                connection,
                key,
                role=ROLE,
                headline=headline,
                link=link,
                policy=policy,
                now=now,
                details=details,
            )
        lasting = {key for key, _, _ in found}
        for alert in open_alerts(connection):
            if alert.key.startswith(f"{ACTOR}:") and alert.key not in lasting:
                end_alert(connection, alert.key, by=ACTOR, now=now)
    return [f"{headline}: {details[0]}" for _, headline, details in found]


def _invalid(refusal: int, problems: Sequence[str]) -> Trouble:
    return (
        f"{ACTOR}:policy:{refusal}",
        "The program's policy is invalid, the last valid one stays in force",
        (
            "; ".join(problems[:_MOST_NAMED]),
            "Nothing that was changed since has an effect.",
            "Repair the files, or take the change back; `policy check` lists every problem.",
        ),
    )


def _blind(silent: Sequence[Silence]) -> Trouble:
    since = min(one.since for one in silent)
    names = ", ".join(one.target for one in silent[:_MOST_NAMED])
    more = f" and {len(silent) - _MOST_NAMED} more" if len(silent) > _MOST_NAMED else ""
    asked = sum(one.is_probed for one in silent)
    cause = (
        "Portals are asked, but no control target answers: this installation is cut off from the "
        "network, or the control targets of policy are wrong."
        if asked == len(silent)
        else "No samples are written: the prober does not run. Look whether the triggerer runs and "
        "whether the DAG portal_monitoring is unpaused, and into the triggerer's log."
    )
    many = f"{len(silent)} portal{'s' * (len(silent) != 1)}"
    return (
        f"{ACTOR}:blind:{format_instant(since)}",
        f"Monitoring is blind on {many} since {since:%a %d %b %Y %H:%M:%S} UTC",
        (
            f"Nothing was learnt lately of {names}{more}.",
            cause,
            "No outage is noticed until it sees again. What it misses counts as unknown.",
        ),
    )
