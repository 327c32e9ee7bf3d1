"""Numbers that people say on the phone, such as INC-0042: each once, in order, without gaps."""

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from include.mobile_plans.store.tables import number_series


def next_number(connection: Connection, series: str) -> str:
    """
    Take the next number of a series; whoever else wants one waits until this transaction ends.

    A transaction that is undone gives its number back.

    Args:
        connection: The write transaction.
        series: What the number begins with, such as ``INC``.
    """
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    taken: int = connection.execute(
        insert(number_series)
        .values(series=series, last=1)
        .on_conflict_do_update(index_elements=["series"], set_={"last": number_series.c.last + 1})
        .returning(number_series.c.last)
    ).scalar_one()
    return f"{series}-{taken:04d}"
