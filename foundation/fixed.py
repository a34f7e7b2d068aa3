"""`fixed(statement)`: a statement that is built once, with the values that never change written into it.

As a parameter a state is a value that might be another next time: where SQLite has statistics of the column, it then plans
the statement anew each time that it is asked, which took up to ten times as long as the answer; and SQLAlchemy writes
`IN (…)` anew each time. What is asked for, such as whose rows, stays a parameter (`sa.bindparam` with a name and no value).
"""

from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql.visitors import replacement_traverse

S = TypeVar("S", bound=sa.sql.ClauseElement)
_DIALECT = DefaultDialect()


def fixed(statement: S) -> S:
    """The same statement; its texts and whole numbers are no parameters any more."""
    return cast("S", replacement_traverse(statement, {}, _written))


def _written(element: Any, **_more: Any) -> sa.ColumnElement[Any] | None:  # noqa: ANN401 -- SQLAlchemy's elements of any kind
    if not isinstance(element, sa.BindParameter) or element.required or element.callable is not None:
        return None
    values = element.value if element.expanding else [element.value]
    if not values or not all(isinstance(value, str) or type(value) is int for value in values):
        return None
    process = element.type.literal_processor(_DIALECT)
    texts = [process(value) if process else str(value) for value in values]
    # A colon would be a parameter's, and a backslash is not the same to every database.
    if any(":" in text or "\\" in text for text in texts):
        return None
    written = ", ".join(texts)
    return sa.literal_column(f"({written})" if element.expanding else written, element.type)
