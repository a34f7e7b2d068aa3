"""What one thing that happened writes into several tables, as plain rows and as few messages as the database lets us.

An entity of its own for each costs several times what the row does, and on PostgreSQL a message there and back. Where
everybody waits for a row that is held meanwhile, such as a counter's, that is what they wait for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from foundation.db import Base, db


@dataclass(frozen=True)
class New:
    """A new row; columns that are not named get their default. With `unless`, none is added where that unique column
    has the value already."""

    model: type[Base]
    values: Mapping[str, Any]
    unless: str = ""


@dataclass(frozen=True)
class Changed:
    """Other values for the row of a number."""

    model: type[Base]
    id: int
    values: Mapping[str, Any]


#: table, columns in order, the unique column that must not be there yet; None when the row is there and changes
_Shape = tuple[sa.Table, tuple[str, ...], str | None]


def write_together(changes: Sequence[New | Changed]) -> None:
    """Write rows in the session's transaction, behind all that it holds: one statement on PostgreSQL, one each on SQLite.

    None may depend on another but for foreign keys. Nobody learns the new ids; entities of changed rows must be expired.
    """
    db.session.flush()
    connection = db.session.connection()
    is_postgresql = connection.dialect.name == "postgresql"
    shapes: list[_Shape] = []
    values: list[dict[str, Any]] = []
    for n, change in enumerate(changes):
        of_row = (
            {**_defaults(change.model, change.values), **change.values} if isinstance(change, New) else change.values
        )
        shapes.append(
            (
                Base.metadata.tables[change.model.__tablename__],
                tuple(of_row),
                change.unless if isinstance(change, New) else None,
            )
        )
        values.append({f"{name}_{n}": value for name, value in of_row.items()})
        if isinstance(change, Changed):
            values[-1][f"id_{n}"] = change.id
    if is_postgresql:
        connection.execute(_all_of(tuple(shapes)), {name: value for own in values for name, value in own.items()})
        return
    for n, shape in enumerate(shapes):
        connection.execute(_one_of(shape, n), values[n])


def _defaults(model: type[Base], values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: default.arg(None) if default.is_callable else default.arg
        for name, default in _default_of(model)
        if name not in values
    }


@cache
def _default_of(model: type[Base]) -> list[tuple[str, Any]]:
    return [(c.name, c.default) for c in Base.metadata.tables[model.__tablename__].columns if c.default is not None]


@cache
def _one_of(shape: _Shape, n: int, *, for_postgresql: bool = False) -> Any:  # noqa: ANN401 -- an INSERT or an UPDATE
    table, names, unless = shape
    values = {name: sa.bindparam(f"{name}_{n}", type_=table.c[name].type) for name in names}
    if unless is None:
        return sa.update(table).where(table.c.id == sa.bindparam(f"id_{n}")).values(values)
    insert = (pg_insert if for_postgresql else sqlite_insert)(table).values(values).inline()
    return insert.on_conflict_do_nothing(index_elements=[table.c[unless]]) if unless else insert


@cache
def _all_of(shapes: tuple[_Shape, ...]) -> Any:  # noqa: ANN401 -- as above
    *before, last = (_one_of(shape, n, for_postgresql=True) for n, shape in enumerate(shapes))
    return last.add_cte(*(one.cte(f"part_{n}") for n, one in enumerate(before)))
