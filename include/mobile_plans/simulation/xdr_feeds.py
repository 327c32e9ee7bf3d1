"""Feeds of detail records over some periods, as a mobile operator would deliver them."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from include.mobile_plans.policy import MobileOperator
from include.mobile_plans.simulation.xdr_faults import inject
from include.mobile_plans.simulation.xdr_files import Injected, draft_file, feed_terms, write_draft
from include.mobile_plans.xdr import FeedName
from include.mobile_plans.xdr.model import LENGTHS


def deliver(
    folder: Path,
    mobile_operator: MobileOperator,
    feed: FeedName,
    start: datetime,
    *,
    periods: int,
    rows: int,
    seed: int = 0,
    faults: Sequence[str] = (),
) -> list[Injected]:
    """
    Write the files of some periods, with faults spread over them.

    Args:
        folder: Where to; made if it is missing.
        mobile_operator: Whose.
        feed: Which feed.
        start: Of the first period, aware UTC.
        periods: How many.
        rows: In each.
        seed: The same writes the same files.
        faults: Rules to break, such as ``R03``; see ``fitting_faults``.

    Returns:
        What was put in.

    Raises:
        BadInput: An unknown fault, or one that does not fit the feed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    places = np.random.default_rng(seed).integers(0, periods, len(faults))
    injected: list[Injected] = []
    length = LENGTHS[feed_terms(mobile_operator, feed).cadence]
    for period in range(periods):
        draft = draft_file(
            mobile_operator,
            feed,
            start + period * length,
            sequence=period + 1,
            rows=rows,
            seed=seed,
            first=period * rows,
        )
        wanted = [fault for fault, place in zip(faults, places, strict=True) if place == period]
        injected += inject(draft, wanted, np.random.default_rng([seed, period, 1]))
        write_draft(folder, draft)
    return injected


def chosen_faults(count: int, allowed: Sequence[str], seed: int) -> list[str]:
    """Choose faults to put in, no kind more than once more often than another."""
    random = np.random.default_rng(seed)
    found: list[str] = []
    while len(found) < count:
        found += [str(one) for one in random.permutation(allowed)[: count - len(found)]]
    return found
