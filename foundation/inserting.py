"""Thousands of rows into one table, as tuples: one prepared statement on SQLite, COPY on PostgreSQL.

SQLAlchemy's own way takes a dictionary apart for each row; for a year of visits that took as long as the database did.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
import sqlalchemy as sa

from foundation.db import Base, db

Step = Callable[[Any], Any]


@dataclass(frozen=True)
class Written:
    """A new row that no object stands for: what it is, its number, and the values of its columns."""

    model: type[Base]
    id: int
    values: Mapping[str, Any]

    @property
    def __tablename__(self) -> str:
        """Its table, asked for as of any record."""
        return str(self.model.__tablename__)


def new_ids(table: sa.Table, n: int) -> list[int]:
    """Numbers for `n` new rows, in rising order; nobody else gets them. For rows that others of this transaction name.

    PostgreSQL's sequence gives them out. On SQLite they follow the highest, and where numbers never come again the
    highest that there ever was; the transaction must hold the write lock. What waits in the session is written first.
    """
    db.session.flush()
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        asked = "SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :n)"
        return list(connection.scalars(sa.text(asked), {"name": table.name, "n": n}))
    highest = sa.select(sa.func.max(table.c.id))
    if table.dialect_options["sqlite"]["autoincrement"]:
        ever = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
        highest = sa.select(ever.c.seq).where(ever.c.name == table.name)
    last = connection.scalar(highest) or 0
    return list(range(last + 1, last + n + 1))


def unsaid(model: type[Base]) -> dict[str, Any]:
    """What the columns hold that nobody names, by name; without those whose default is made for each row."""
    found: dict[str, Any] = {}
    for column in model.__table__.columns:
        default: Any = column.default
        if default is None or not default.is_callable:
            found[column.key] = None if default is None else default.arg
    return found


def insert_rows(table: sa.Table, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows, with values in the order of `names`, in the session's transaction and behind all that it holds.

    Columns that are not named get their default; values are checked and written as in any insert, and the constraints
    hold: what the database refuses is raised as SQLAlchemy would. Nobody learns the new ids.
    """
    db.session.flush()
    connection = db.session.connection()
    rest = [c for c in table.columns if c.name not in names and c.default is not None]
    columns = [*(table.c[name] for name in names), *rest]
    made = _written(rows, [_default(c) for c in rest], [_step(c, connection.dialect) for c in columns])
    listed = ", ".join(connection.dialect.identifier_preparer.format_column(c) for c in columns)
    if connection.dialect.name == "postgresql":
        _copy(connection, f"COPY {table.name} ({listed}) FROM STDIN", made)
        return
    marks = ", ".join("?" * len(columns))
    if values := list(made):
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({listed}) VALUES ({marks})", values)  # noqa: S608 -- names of ours


def _default(column: sa.Column[Any]) -> Callable[[], Any]:
    default: Any = column.default
    return (lambda: default.arg(None)) if default.is_callable else (lambda: default.arg)


def _step(column: sa.Column[Any], dialect: sa.Dialect) -> Step | None:
    """How the driver wants the column's values. Neighbours often hold the very same object: it is worked on once."""
    process = column.type.dialect_impl(dialect).bind_processor(dialect)
    if process is None:
        return None
    last: Any = None
    done = process(None)

    def step(value: Any) -> Any:  # noqa: ANN401 -- of the column's type
        nonlocal last, done
        if value is not last:
            done = process(value)
            last = value
        return done

    return step


def _written(
    rows: Iterable[Sequence[Any]], defaults: Sequence[Callable[[], Any]], steps: Sequence[Step | None]
) -> Iterator[tuple[Any, ...]]:
    busy = [(n, step) for n, step in enumerate(steps) if step is not None]
    for row in rows:
        values = [*row, *(default() for default in defaults)]
        for n, step in busy:
            values[n] = step(values[n])
        yield tuple(values)


def _copy(connection: sa.Connection, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    own: Any = connection.connection.dbapi_connection
    try:
        with own.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as problem:
        raise sa.exc.DBAPIError.instance(
            statement, None, problem, psycopg.Error, dialect=connection.dialect
        ) from problem
