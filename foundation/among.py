"""`among(column, keys)`: a column that is one of many keys, with the keys as one parameter.

`IN (…)` has a parameter for each key: SQLAlchemy writes the statement anew at every request, and PostgreSQL plans it
anew, which for hundreds of keys took fifty times as long as the answer. Here the statement is always the same.

For columns that are looked up by a unique index, or by the only index that serves the question: SQLite does not see how
many keys there are, and would rather walk another index ("of these clients, cancelled" through all that was cancelled).
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeDecorator, TypeEngine


class KeyList(TypeDecorator[Iterable[int]]):
    """Integer keys as one value: an array on PostgreSQL, a JSON list on SQLite."""

    impl = sa.String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(sa.String() if dialect.name == "sqlite" else postgresql.ARRAY(sa.Integer))

    def bind_processor(self, dialect: Dialect) -> Callable[[Iterable[int] | None], str]:
        """Both as text: psycopg would find a way to write down each key of a list by itself."""
        if dialect.name == "sqlite":
            return lambda keys: json.dumps(list(keys or ()))
        return lambda keys: f"{{{','.join(map(str, keys or ()))}}}"


class _Among(GenericFunction[bool]):
    """Written as a condition; a function only to SQLAlchemy."""

    type = sa.Boolean()
    inherit_cache = True
    name = "among"

    def self_group(self, against: Any = None) -> Any:  # noqa: ANN401, ARG002 -- SQLAlchemy's signature
        """A condition as it stands: SQLAlchemy would ask whether it `= 1`, and SQLite then uses no index."""
        return self


def among(column: Any, keys: Iterable[int] | str) -> sa.ColumnElement[bool]:  # noqa: ANN401 -- any integer column
    """Is the column one of these keys? A text is the name of a parameter that the keys will come in, for a statement
    that is built once."""
    values = sa.bindparam(keys, type_=KeyList()) if isinstance(keys, str) else sa.literal(keys, KeyList())
    return _Among(column, values)


class _AmongQuery(_Among):
    """The same with a query for the keys."""

    inherit_cache = True
    name = "among_query"


def among_query(column: Any, keys: sa.Select[int]) -> sa.ColumnElement[bool]:  # noqa: ANN401 -- any integer column
    """Is the column one of the keys that the query finds? PostgreSQL finds them first and looks each up, however large the
    column's table; `IN (SELECT …)` may be a join to it, for which the whole table is read."""
    return _AmongQuery(column, keys.scalar_subquery())


@compiles(_AmongQuery, "sqlite")
def _query_on_sqlite(element: _AmongQuery, compiler: SQLCompiler, **more: Any) -> str:  # noqa: ANN401 -- SQLAlchemy's signature
    column, keys = (compiler.process(part, **more) for part in element.clauses)
    return f"({column} IN {keys})"


@compiles(_AmongQuery)
def _query_elsewhere(element: _AmongQuery, compiler: SQLCompiler, **more: Any) -> str:  # noqa: ANN401 -- SQLAlchemy's signature
    column, keys = (compiler.process(part, **more) for part in element.clauses)
    return f"({column} = ANY (ARRAY{keys}))"


@compiles(_Among, "sqlite")
def _on_sqlite(element: _Among, compiler: SQLCompiler, **more: Any) -> str:  # noqa: ANN401 -- SQLAlchemy's signature
    column, keys = (compiler.process(part, **more) for part in element.clauses)
    return f"({column} IN (SELECT value FROM json_each({keys})))"  # noqa: S608 -- compiled pieces


@compiles(_Among)
def _elsewhere(element: _Among, compiler: SQLCompiler, **more: Any) -> str:  # noqa: ANN401 -- SQLAlchemy's signature
    column, keys = (compiler.process(part, **more) for part in element.clauses)
    return f"({column} = ANY ({keys}))"
