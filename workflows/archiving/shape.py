"""What an archive is made of: its names, which tables are in it, and how each kind of column is written.

Values are written as the database keeps them: amounts in minor units, moments in UTC, sealed text sealed.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from foundation.db import Base
from foundation.types import Money, UTCDateTime
from workflows.errors import WorkflowError

#: raised when a reader of the one before could not read it any more
FORMAT = 1
MANIFEST = "manifest.json"
TABLES, FILES = "tables/", "files/"
#: the store's folder of archives, which are in no archive themselves
FOLDER = "archives"

#: what belongs to a running installation: who is signed in, tries to log in, forms sent, files of archives, when its worker
#: last ran; and what the search looks through, which is made anew
NEVER = frozenset(
    {
        "sign_in",
        "login_attempt",
        "form_key",
        "data_archive",
        "sign_of_life",
        "search_entry",
        "api_answer",
        "hook_delivery",
    }
)
#: ways into an account that are tables of their own
LOG_INS = frozenset({"authenticator", "recovery_code", "passkey", "api_token"})
#: and those that are columns; an archive without log-ins has nothing there
LOG_IN_COLUMNS = frozenset(
    {("staff_login", "password_hash"), ("client_login", "password_hash"), ("registration", "password_hash")}
)

#: kind -> the type that a value is read and written with
KINDS: dict[str, Any] = {
    "integer": sa.BigInteger(),
    "boolean": sa.Boolean(),
    "text": sa.Text(),
    "date": sa.Date(),
    "time": sa.Time(),
    "moment": UTCDateTime(),
    "decimal": sa.Numeric(),
    "float": sa.Double(),
    "json": sa.Text(),
}


class ArchiveProblem(WorkflowError):
    """An archive that is not whole, is none, or does not belong here; nothing was changed."""


#: the first that fits: a money column is a number, a moment no mere date
_KINDS_OF: tuple[tuple[type[Any] | tuple[type[Any], ...], str], ...] = (
    ((Money, sa.Integer), "integer"),
    (sa.Boolean, "boolean"),
    (UTCDateTime, "moment"),
    (sa.JSON, "json"),
    (sa.Float, "float"),
    (sa.Numeric, "decimal"),
    (sa.Date, "date"),
    (sa.Time, "time"),
    (sa.String, "text"),
)


def kind_of(column: sa.Column[Any]) -> str:
    """How a column is written."""
    for types, kind in _KINDS_OF:
        if isinstance(column.type, types):
            return kind
    raise TypeError(f"{column} has a type that no archive knows")


def tables(*, with_log_ins: bool) -> list[sa.Table]:
    """The tables that are in an archive, each after those that it refers to."""
    left_out = NEVER if with_log_ins else NEVER | LOG_INS
    return [table for table in Base.metadata.sorted_tables if table.name not in left_out]


def columns(table: sa.Table) -> dict[str, str]:
    """The table's columns with their kinds."""
    return {column.name: kind_of(column) for column in table.columns}


def query(table: sa.Table, *, with_log_ins: bool) -> sa.Select[Any]:
    """Every row in the order of its key, the values as they are kept."""
    wanted: list[Any] = []
    for column in table.columns:
        kind = kind_of(column)
        if not with_log_ins and (table.name, column.name) in LOG_IN_COLUMNS:
            wanted.append(sa.null().label(column.name))
        elif kind == "json":  # the text itself: an empty column and JSON's null are two things
            wanted.append(sa.cast(column, sa.Text).label(column.name))
        elif kind == "decimal":
            wanted.append(column)
        else:
            wanted.append(sa.type_coerce(column, KINDS[kind]).label(column.name))
    return sa.select(*wanted).order_by(*table.primary_key.columns)


#: kind -> how a value that is there stands in a line; those that are missing stand as they are
WRITTEN: dict[str, Callable[[Any], Any]] = {
    "date": dt.date.isoformat,
    "time": dt.time.isoformat,
    "moment": lambda value: value.isoformat(),
    "decimal": lambda value: f"{value:f}",
}


def _time(value: Any) -> dt.time:  # noqa: ANN401 -- whatever stands in the file
    return dt.time.fromisoformat(_as(str, value))


def _as(kind: type | tuple[type, ...], value: Any) -> Any:  # noqa: ANN401 -- whatever stands in the file
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{value!r} is no {kind}")
    return value


#: kind -> the value again; TypeError or ValueError for what is none
READ: dict[str, Callable[[Any], Any]] = {
    "integer": lambda value: _as(int, value),
    "boolean": lambda value: _as(bool, value),
    "text": lambda value: _as(str, value),
    "json": lambda value: _as(str, value),
    "float": lambda value: float(_as((int, float), value)),
    "decimal": lambda value: Decimal(_as(str, value)),
    "date": lambda value: dt.date.fromisoformat(_as(str, value)),
    "time": _time,
    "moment": lambda value: dt.datetime.fromisoformat(_as(str, value)),
}


class Tally:
    """The length and SHA-256 of what went by."""

    def __init__(self) -> None:
        self.n_bytes = 0
        self._hash = hashlib.sha256()

    def add(self, data: bytes) -> None:
        """These bytes went by."""
        self.n_bytes += len(data)
        self._hash.update(data)

    @property
    def sha256(self) -> str:
        """In hex."""
        return self._hash.hexdigest()

    def facts(self) -> Mapping[str, Any]:
        """As the manifest says it."""
        return {"bytes": self.n_bytes, "sha256": self.sha256}
