"""
What the daily report does: statements and their mails, the overview, the month, corrections (M4).

Each step looks at what is kept and does what is missing, so doing it again does nothing.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import Connection, select

from include.mobile_plans.calendar import Party, is_working_day
from include.mobile_plans.errors import BadInput, MobilePlansError
from include.mobile_plans.monitoring import bounds_of, portal_target, start_of
from include.mobile_plans.notices import list_notices, queue_notice
from include.mobile_plans.policy import (
    MobileOperator,
    live_spans,
    mobile_operators_in_force,
)
from include.mobile_plans.sla.days import Desk, refresh
from include.mobile_plans.sla.documents import statement_from
from include.mobile_plans.sla.issuing import issue
from include.mobile_plans.sla.mails import queue_overview, statement_notice
from include.mobile_plans.sla.model import Statement
from include.mobile_plans.sla.period import read_period
from include.mobile_plans.sla.rules import Terms
from include.mobile_plans.sla.scopes import days_between
from include.mobile_plans.sla.statements import compose, target_figures
from include.mobile_plans.store.tables import sla_statement

_DAY = timedelta(days=1)


def live_between(connection: Connection, first_day: date, last_day: date) -> list[str]:
    """Name the mobile operators that were live at some time of a period."""
    begin, end = start_of(bounds_of(first_day)[0]), start_of(bounds_of(last_day)[1])
    return sorted(live_spans(connection, begin, end))


def month_to_tell(day: date, program: Party) -> tuple[date, date] | None:
    """
    Return the month that is told after a day was reported, or None: it is not its time yet.

    That is the month before, from its first business day of the program on; every later report
    looks again, so that a day on which nothing ran is made up for.

    Args:
        day: The day that is reported.
        program: Whose business days.
    """
    today = day + _DAY
    first = today.replace(day=1)
    if not any(is_working_day(one, program) for one in days_between(first, today)):
        return None
    last_day = first - _DAY
    return last_day.replace(day=1), last_day


def statements_of(desk: Desk, first_day: date, last_day: date) -> list[Statement]:
    """Make the statements of all who were live in a period, or return those made of the same."""
    with desk.store.snapshot() as connection:
        slugs = live_between(connection, first_day, last_day)
    if not slugs:
        return []
    return [one.statement for one in issue(desk, slugs, first_day, last_day)]


def months_so_far(desk: Desk, slugs: Collection[str], day: date) -> dict[str, Statement]:
    """
    Return the month of each mobile operator up to a day: never kept, its budget the whole month's.

    Args:
        desk: The store, the archive, the policy and the time.
        slugs: Whose; those that were not live in it are left out.
        day: The last day, included.
    """
    first = day.replace(day=1)
    days = days_between(first, day)
    refresh(desk, days, slugs)
    now = desk.clock.now()
    end_of_month = bounds_of((first + 31 * _DAY).replace(day=1))[0]
    with desk.store.snapshot() as connection:
        period = read_period(connection, slugs, first, day, desk.policy, now)
        names = {
            one.slug: one.mobile_operator.name for one in mobile_operators_in_force(connection, now)
        }
    months = {}
    for slug in slugs:
        statement, _ = compose(period, slug, names.get(slug, slug), now)
        if statement.targets and period.known.live[slug][-1][1] == start_of(period.span[1]):
            target = portal_target(slug)
            whole = target_figures(period, target, Terms.of(period.policy), end_of_month)
            statement = replace(statement, targets=(whole,))
        months[slug] = statement
    return months


def tell_day(desk: Desk, day: date) -> list[str]:
    """
    Queue the statements of a day for those who chose to get one each day; name the new mails.

    Raises:
        MobilePlansError: A mail could not be written; all others were.
    """
    statements = statements_of(desk, day, day)
    chosen = [
        one for one, record in _with_records(desk, statements) if record.report_frequency == "daily"
    ]
    months = months_so_far(desk, [one.slug for one in chosen], day) if chosen else {}
    return _tell(desk, chosen, months)


def tell_overview(desk: Desk, day: date) -> bool:
    """Queue the overview of a day, unless nobody was live; tell whether it is new."""
    statements = statements_of(desk, day, day)
    if not statements:
        return False
    months = months_so_far(desk, [one.slug for one in statements], day)
    with desk.store.transaction() as connection:
        return queue_overview(
            connection, day, statements, desk.policy, now=desk.clock.now(), so_far=months
        )


def tell_month(desk: Desk, day: date) -> list[str]:
    """
    Queue the statements of the month before for all, once it is time; name the new mails.

    Raises:
        MobilePlansError: A mail could not be written; all others were.
    """
    month = month_to_tell(day, desk.policy.calendars.program.party)
    return [] if month is None else _tell(desk, statements_of(desk, *month), {})


def tell_corrections(desk: Desk) -> list[str]:
    """
    Queue the newest correction of each statement that was mailed, where it was not mailed yet.

    Raises:
        MobilePlansError: A mail could not be written; all others were.
    """
    table = sla_statement
    newest: dict[str, Statement] = {}
    with desk.store.snapshot() as connection:
        query = select(table.c.document).where(table.c.revision > 0)
        for document in connection.scalars(query.order_by(table.c.number, table.c.revision)):
            one = statement_from(document)
            newest[one.number] = one
        told = {number for number in newest if list_notices(connection, key_prefix=f"{number}:")}
    return _tell(desk, [newest[number] for number in sorted(told)], {})


def _with_records(
    desk: Desk, statements: Iterable[Statement]
) -> Iterator[tuple[Statement, MobileOperator]]:
    """Yield each statement with the record that says now who is told, and how often."""
    now = desk.clock.now()
    with desk.store.snapshot() as connection:
        records = {one.slug: one for one in mobile_operators_in_force(connection, now)}
    for one in statements:
        yield one, records[one.slug].mobile_operator


def _tell(desk: Desk, statements: Iterable[Statement], months: dict[str, Statement]) -> list[str]:
    """Queue each statement in a transaction of its own; one that fails keeps back no other."""
    sender = desk.policy.contacts.sender.email
    new, problems = [], []
    for statement, record in _with_records(desk, statements):
        month = months.get(statement.slug)
        with desk.store.snapshot() as connection:
            notice = statement_notice(connection, statement, record, desk.policy, month)
        if notice is None:
            continue
        try:
            with desk.store.transaction() as connection:
                if queue_notice(connection, notice, sender=sender, now=desk.clock.now()):
                    new.append(f"{statement.number} revision {statement.seal.revision}")
        except BadInput as problem:
            problems.append(f"{statement.number}: {problem}")
    if problems:
        raise MobilePlansError("; ".join(problems))
    return new
