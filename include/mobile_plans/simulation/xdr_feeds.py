"""Feeds of detail records over some periods, as a mobile operator would deliver them."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from include.mobile_plans.policy import MobileOperator
from include.mobile_plans.simulation.xdr_faults import FILE_FAULTS, fitting_faults, inject
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
    places = _spread(faults, periods, np.random.default_rng(seed))
    injected: list[Injected] = []
    unreadable_before: list[str] = []
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
        if "F01" in unreadable_before and period > 1:
            injected.append(Injected(file=draft.name.name, check="F09_gap"))
        injected += inject(draft, wanted, np.random.default_rng([seed, period, 1]))
        write_draft(folder, draft)
        unreadable_before = wanted
    return injected


def _spread(faults: Sequence[str], periods: int, random: np.random.Generator) -> list[int]:
    """Put each fault of a file into a period of its own, where it hides no others."""
    order = [int(one) for one in random.permutation(periods)]
    of_files = [fault for fault in faults if fault in FILE_FAULTS]
    others = order[len(of_files) :] or order
    taken = iter(order * len(of_files))
    return [
        next(taken) if fault in FILE_FAULTS else others[int(random.integers(len(others)))]
        for fault in faults
    ]


def any_faults(
    mobile_operator: MobileOperator, feed: FeedName, start: datetime, count: int, seed: int
) -> list[str]:
    """Choose faults that fit a feed, no kind more than once more often than another."""
    draft = draft_file(mobile_operator, feed, start, sequence=1, rows=1, seed=seed)
    random = np.random.default_rng(seed)
    found: list[str] = []
    while len(found) < count:
        chosen = random.permutation(fitting_faults(draft))[: count - len(found)]
        found += [str(one) for one in chosen]
    return found
