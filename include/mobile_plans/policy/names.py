"""The names of all mobile operators, for forms: one small query, and never a broken DAG file."""

import logging

from sqlalchemy import func, select

from include.mobile_plans.errors import StoreUnavailable
from include.mobile_plans.store import Store
from include.mobile_plans.store.tables import mobile_operator_version as version_table

log = logging.getLogger(__name__)
_last_known: dict[str, dict[str, str]] = {}
_away: set[str] = set()


def mobile_operator_names(store: Store) -> dict[str, str]:
    """
    Return the name of every mobile operator that is not withdrawn, by slug and sorted by name.

    A store that is away or not prepared gives what this process knew last, or nothing: a form
    without its choices is better than a DAG that cannot be parsed. That is logged once.
    """
    key = str(store.url)
    try:
        names = _read(store)
    except StoreUnavailable as error:
        if key not in _away:
            log.warning("the names of mobile operators are not up to date: %s", error)
        _away.add(key)
        return dict(_last_known.get(key, {}))
    _away.discard(key)
    _last_known[key] = names
    return dict(names)


def _read(store: Store) -> dict[str, str]:
    newest = (
        select(version_table.c.slug, func.max(version_table.c.version).label("version"))
        .group_by(version_table.c.slug)
        .subquery()
    )
    query = (
        select(version_table.c.slug, version_table.c.name)
        .join(
            newest,
            (version_table.c.slug == newest.c.slug) & (version_table.c.version == newest.c.version),
        )
        .where(version_table.c.state != "withdrawn")
        .order_by(version_table.c.name, version_table.c.slug)
    )
    with store.snapshot() as connection:
        return {row.slug: row.name for row in connection.execute(query)}
