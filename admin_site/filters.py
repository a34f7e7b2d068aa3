"""Filters of a list. Each has a fixed key for its URL argument (`flt_status=active`), an input, and says what it does.

They are Flask-Admin filters to Flask-Admin; what a value means and whether it is one is decided here, so that a bad
value in a URL is left out with a word and never reaches the database.
"""

import datetime as dt
import enum
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from flask_admin.contrib.sqla.filters import BaseSQLAFilter
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from admin_site import search, words
from admin_site.reading import read_day, read_id
from foundation import clock
from foundation.db import db
from models import Client, ServiceItem, Staff
from ui_kit import formats

Condition = sa.ColumnElement[bool]
#: no list of options is longer, "Any" and "Nobody" included
MOST_OPTIONS = 200


class OfficeFilter(BaseSQLAFilter):
    """One filter: `key` in the URL, `where` for the database, `words` for its chip."""

    #: "select", "date", "text", or "" for one that only links set
    input = "text"

    def __init__(self, key: str, column: Any, label: Any) -> None:
        super().__init__(column, label)
        self.key = key

    def operation(self) -> Any:
        """Flask-Admin asks; there is one operation for each of ours."""
        return ""

    def validate(self, value: str) -> bool:
        """Is this a value of the filter?"""
        return self.read(value) is not None

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        """Flask-Admin's way in."""
        return query.where(self.where(str(value)))

    def read(self, value: str) -> Any:
        """The text of the URL as a value, or None if it is none."""
        return search.tidy(value) or None

    def where(self, value: str) -> Condition:
        """The condition for a valid value."""
        raise NotImplementedError

    def words(self, value: str) -> str:
        """The value as the chip shows it."""
        return str(self.read(value))

    def choices(self) -> Sequence[tuple[str, str]]:
        """The options of a select."""
        return ()


class Choice(OfficeFilter):
    """One of an enum."""

    input = "select"

    def __init__(self, key: str, column: Any, label: Any, kind: type[enum.StrEnum]) -> None:
        super().__init__(key, column, label)
        self.kind = kind

    def read(self, value: str) -> enum.StrEnum | None:
        return self.kind(value) if value in {m.value for m in self.kind} else None

    def where(self, value: str) -> Condition:
        return self.column == self.read(value)

    def words(self, value: str) -> str:
        return words.word(self.read(value))

    def choices(self) -> Sequence[tuple[str, str]]:
        return words.choices(self.kind)


class TextChoice(OfficeFilter):
    """One of a few texts that a column holds; `options` gives them with their words."""

    input = "select"

    def __init__(self, key: str, column: Any, label: Any, options: Callable[[], Sequence[tuple[str, str]]]) -> None:
        super().__init__(key, column, label)
        self.options_now = options

    def read(self, value: str) -> str | None:
        return value if value in dict(self.options_now()) else None

    def where(self, value: str) -> Condition:
        return self.column == value

    def words(self, value: str) -> str:
        return dict(self.options_now())[value]

    def choices(self) -> Sequence[tuple[str, str]]:
        return self.options_now()


class YesNo(OfficeFilter):
    """A tick; `when` is the condition that a yes stands for, for what is no column."""

    input = "select"

    def __init__(self, key: str, column: Any, label: Any, *, when: Condition | None = None) -> None:
        super().__init__(key, column, label)
        self.when = column.is_(True) if when is None else when

    def read(self, value: str) -> bool | None:
        return {"yes": True, "no": False}.get(value)

    def where(self, value: str) -> Condition:
        return self.when if self.read(value) else sa.not_(self.when)

    def words(self, value: str) -> str:
        return dict(self.choices())[value]

    def choices(self) -> Sequence[tuple[str, str]]:
        return [("yes", gettext("Yes")), ("no", gettext("No"))]


class Day(OfficeFilter):
    """From or until a day; moments count by the business's clock."""

    input = "date"

    def __init__(self, key: str, column: Any, label: Any, *, until: bool = False) -> None:
        super().__init__(key, column, label)
        self.until = until
        self.is_moment = isinstance(column.type, sa.types.TypeDecorator)

    def read(self, value: str) -> dt.date | None:
        return read_day(value)

    def where(self, value: str) -> Condition:
        day = self.read(value)
        if day is None:
            raise ValueError(value)
        if not self.is_moment:
            return self.column <= day if self.until else self.column >= day
        if self.until:
            return self.column < clock.from_local(day + dt.timedelta(days=1), dt.time())
        return self.column >= clock.from_local(day, dt.time())

    def words(self, value: str) -> str:
        return formats.local_date(self.read(value))


class Record(OfficeFilter):
    """The rows of one record, which a link names by its number; its name is read for the chip."""

    input = ""

    def __init__(self, key: str, column: Any, label: Any, kind: type[Any]) -> None:
        super().__init__(key, column, label)
        self.kind = kind

    def read(self, value: str) -> int | None:
        return read_id(value)

    def where(self, value: str) -> Condition:
        return self.column == self.read(value)

    def words(self, value: str) -> str:
        found = db.session.get(self.kind, self.read(value))
        return str(found) if found else gettext("not there any more")


class RecordChoice(Record):
    """The rows of one record out of a short list, such as a sitter or a service; `none` is an option too."""

    input = "select"

    def __init__(
        self, key: str, column: Any, label: Any, kind: type[Any], *, order: Sequence[Any], none: Any = None
    ) -> None:
        super().__init__(key, column, label, kind)
        self.order, self.none = order, none

    def read(self, value: str) -> int | None:
        return 0 if value == "none" and self.none is not None else read_id(value)

    def where(self, value: str) -> Condition:
        number = self.read(value)
        return self.column.is_(None) if number == 0 else self.column == number

    def words(self, value: str) -> str:
        return str(self.none) if value == "none" else super().words(value)

    def choices(self) -> Sequence[tuple[str, str]]:
        records = db.session.scalars(sa.select(self.kind).order_by(*self.order).limit(MOST_OPTIONS - 2))
        options = [(str(r.id), str(r)) for r in records]
        return [("none", str(self.none)), *options] if self.none is not None else options


class ClientWords(OfficeFilter):
    """The rows of clients that a text finds."""

    def where(self, value: str) -> Condition:
        return self.column.in_(sa.select(Client.id).where(search.clients(value)))


def client_filters(column: Any) -> list[OfficeFilter]:
    """The two ways to ask for a client's rows: by a link from the client, and by typing."""
    return [Record("client", column, _l("Client"), Client), ClientWords("of", column, _l("Client"))]


def sitter(column: Any, label: Any = None, *, may_be_nobody: bool = True) -> RecordChoice:
    """Rows of one of the team."""
    order = (Staff.is_active.desc(), Staff.first_name, Staff.last_name, Staff.id)
    none = _l("Nobody") if may_be_nobody else None
    return RecordChoice("sitter", column, label or _l("Sitter"), Staff, order=order, none=none)


def service(column: Any) -> RecordChoice:
    """Rows of one service."""
    return RecordChoice("service", column, _l("Service"), ServiceItem, order=(ServiceItem.name, ServiceItem.id))
