"""`as_json_object(key, value)`: the rows of a statement as one text, a JSON object.

A small table that every page needs is then one value of a row, and costs nothing beside what the same statement asks
anyway; and whoever made something of that text may keep it for as long as the text is the same.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction


class _JsonObject(GenericFunction[str]):
    """An aggregate; NULL or `{}` when there are no rows."""

    type = sa.String()
    inherit_cache = True
    name = "as_json_object"


def as_json_object(key: sa.ColumnElement[str], value: sa.ColumnElement[Any]) -> sa.Function[str]:
    """Key and value of each row, gathered into one JSON object. Keys must not be NULL."""
    return _JsonObject(key, value)


@compiles(_JsonObject, "sqlite")
def _on_sqlite(element: _JsonObject, compiler: SQLCompiler, **more: Any) -> str:  # noqa: ANN401 -- SQLAlchemy's signature
    key, value = (compiler.process(part, **more) for part in element.clauses)
    # SQLite keeps JSON as text, which would become a quoted text inside of the object.
    is_json = isinstance(list(element.clauses)[1].type, sa.JSON)
    return f"json_group_object({key}, {f'json({value})' if is_json else value})"


@compiles(_JsonObject)
def _elsewhere(element: _JsonObject, compiler: SQLCompiler, **more: Any) -> str:  # noqa: ANN401 -- SQLAlchemy's signature
    key, value = (compiler.process(part, **more) for part in element.clauses)
    return f"CAST(json_object_agg({key}, {value}) AS TEXT)"
