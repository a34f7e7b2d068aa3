"""Writing many rows at once, with ids chosen by us so that rows of one batch can name each other."""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

import sqlalchemy as sa

from foundation.db import db

BATCH = 5_000


class Ids:
    """Numbers that no row has yet, table by table; `settle` then tells PostgreSQL which are taken."""

    def __init__(self) -> None:
        self._counts: dict[str, Any] = {}
        self._tables: dict[str, sa.Table] = {}

    def next(self, table: sa.Table) -> int:
        """The next free id of a table."""
        if table.name not in self._counts:
            highest = db.session.scalar(sa.select(sa.func.max(table.c.id))) or 0
            self._counts[table.name] = count(highest + 1)
            self._tables[table.name] = table
        return int(next(self._counts[table.name]))

    def settle(self) -> None:
        """Have the database's own numbering go on after ours."""
        if db.session.get_bind().dialect.name == "postgresql":
            for name, table in self._tables.items():
                highest = sa.select(sa.func.max(table.c.id)).scalar_subquery()
                db.session.execute(sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(name, "id"), highest)))
        self._counts.clear()


def insert(table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same keys; columns that are left out get their defaults."""
    for start in range(0, len(rows), BATCH):
        db.session.execute(sa.insert(table), rows[start : start + BATCH])
