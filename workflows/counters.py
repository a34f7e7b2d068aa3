"""Numbers that are given out one after the other without a gap: requests, invoices, receipts."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from foundation.db import Base, begin_writing, db, rows_of
from models import Counter

_TABLE = Base.metadata.tables["counter"]

#: built once: putting a statement together takes longer than the database takes to answer it
_COUNT = {
    name: insert(_TABLE)
    .values(name=sa.bindparam("series"), value=sa.bindparam("n"))
    .on_conflict_do_update(index_elements=[_TABLE.c.name], set_={"value": _TABLE.c.value + sa.bindparam("n")})
    .returning(_TABLE.c.value)
    for name, insert in (("sqlite", sqlite_insert), ("postgresql", pg_insert))
}


def next_value(series: str) -> int:
    """The next number of the series, from 1 on: its row stays locked until the commit, and a rollback gives it back."""
    return next_values(series, 1)[0]


def next_values(series: str, n: int) -> range:
    """The next `n` numbers of the series, with one statement; otherwise as `next_value`."""
    begin_writing()
    last = int(rows_of(_COUNT[db.session.get_bind().dialect.name], {"series": series, "n": n})[0][0])
    return range(last - n + 1, last + 1)


def last_value(series: str) -> int:
    """The number that was given out last; 0 before the first."""
    return db.session.scalar(sa.select(Counter.value).where(Counter.name == series)) or 0


def raise_to(series: str, last: int) -> bool:
    """Let the next number be `last` + 1. It can only go up; says whether it did."""
    current = last_value(series)
    if last <= current:
        return False
    if next_value(series) < last:
        db.session.execute(sa.update(Counter).where(Counter.name == series).values(value=last))
    return True
