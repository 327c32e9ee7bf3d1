"""Numbers that people say on the phone, such as INC-0042: each once, in order, without gaps."""

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from include.mobile_plans.store.tables import number_series as table


def hold_numbers(connection: Connection, series: str) -> int:
    """
    Hold a series: whoever else wants it waits until this transaction ends.

    Args:
        connection: The write transaction.
        series: What its numbers begin with, such as ``INC``.

    Returns:
        The last number given, 0 before the first.
    """
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    connection.execute(insert(table).values(series=series, last=0).on_conflict_do_nothing())
    wanted = select(table.c.last).where(table.c.series == series).with_for_update()
    last: int = connection.execute(wanted).scalar_one()
    return last


def next_number(connection: Connection, series: str) -> str:
    """Take the next number of a series; a transaction that is undone gives it back."""
    number = hold_numbers(connection, series) + 1
    connection.execute(update(table).where(table.c.series == series).values(last=number))
    return f"{series}-{number:04d}"
