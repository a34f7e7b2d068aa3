"""What the address of a list asks for: view, words, filters, order, page, columns; and the address of another page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import request
from flask_babel import gettext

from admin_site import search
from admin_site.filters import OfficeFilter
from admin_site.reading import MAX_ID, read_id
from admin_site.rows import Column
from foundation.twins import Twin

PAGE_SIZES = (20, 50, 100)


@dataclass(frozen=True)
class Pill:
    """A view of a list that is one click away. Without a condition it shows everything."""

    key: str
    label: Any
    where: Callable[[], sa.ColumnElement[bool]] | None = None
    #: an order of its own, ending in the key, for what is read the other way round: what comes next before what is far
    order: tuple[Any, ...] = ()


class Listed(Protocol):
    """What a list says of itself."""

    model: type[Any]
    pills: Sequence[Pill]
    filters: Sequence[OfficeFilter]
    columns: Sequence[Column]
    default_order: Sequence[Any]
    list_options: Sequence[Any]
    twin: Twin[Any] | None
    counts_rows: bool
    keeps_page: bool

    @property
    def shows_only_usual(self) -> bool: ...

    def scope(self, statement: Any) -> Any: ...
    def find(self, text: str) -> Any: ...


@dataclass(frozen=True)
class Wanted:
    """What the address of a list asks for, put right where it makes no sense."""

    pill: Pill | None = None
    search: str = ""
    filters: tuple[tuple[OfficeFilter, str], ...] = ()
    sort: Column | None = None
    desc: bool = False
    page: int = 1
    size: int = PAGE_SIZES[0]
    #: columns that the address names, in their order; none: as this person usually sees the list
    columns: tuple[str, ...] = ()
    #: is the form with all filters open?
    panel: bool = False
    #: what was left out, for people
    notes: tuple[str, ...] = field(default=())

    @property
    def is_narrow(self) -> bool:
        """Is anything narrowed down by hand?"""
        return bool(self.search or self.filters)

    def arguments(self) -> dict[str, str]:
        """The address's arguments; what is usual is left out."""
        pairs = {
            "view": self.pill.key if self.pill else "",
            "search": self.search,
            **{f"flt_{f.key}": value for f, value in self.filters},
            "sort": self.sort.name if self.sort else "",
            "desc": "1" if self.sort and self.desc else "",
            "cols": ",".join(self.columns),
            "page_size": str(self.size) if self.size != PAGE_SIZES[0] else "",
            "page": str(self.page) if self.page > 1 else "",
        }
        return {key: value for key, value in pairs.items() if value}

    def query(self, **changes: Any) -> str:
        """The query string with changes; what the list shows then begins at its first page unless that is said."""
        if not changes or changes.keys() == {"page"}:  # a page asks a dozen times for its own with another number
            return self._first_page + self._page_part(changes.get("page", 1))
        return replace(self, **{"page": 1, **changes}).query()

    @cached_property
    def _first_page(self) -> str:
        return f"?{urlencode(replace(self, page=1).arguments())}"

    def _page_part(self, page: int) -> str:
        if page <= 1:
            return ""
        return f"&page={page}" if len(self._first_page) > 1 else f"page={page}"

    def page_query(self, page: int) -> str:
        """The query string of another page."""
        return self.query(page=page)

    def arguments_without(self, what: str) -> dict[str, str]:
        """The arguments that a form hands on: all but what it asks for itself, from the first page."""
        changes: dict[str, Any] = {"search": ""} if what == "search" else {"filters": ()}
        return replace(self, page=1, **changes).arguments()

    def filter_values(self) -> list[tuple[str, str]]:
        """Key and value of each filter in use."""
        return [(one.key, value) for one, value in self.filters]

    def without(self, gone: OfficeFilter) -> str:
        """The query string without one filter."""
        return self.query(filters=tuple(pair for pair in self.filters if pair[0] is not gone))


def read(of: Listed, *, searchable: bool) -> Wanted:
    """What this request's query string asks for. Nonsense is left out; a filter that is none gets a word."""
    arguments = request.args
    notes: list[str] = []
    text = search.tidy(arguments.get("search")) if searchable else ""
    chosen: list[tuple[OfficeFilter, str]] = []
    for one in of.filters:
        value = search.tidy(arguments.get(f"flt_{one.key}"))
        if not value:
            continue
        if one.validate(value):
            chosen.append((one, value))
        else:
            notes.append(
                gettext("“%(value)s” is no value of the filter %(name)s and was left out.", value=value, name=one.name)
            )
    by_name = {c.name: c for c in of.columns if c.sort}
    size = read_id(arguments.get("page_size"))
    return Wanted(
        pill=_pill(of, arguments.get("view"), narrow=bool(text or chosen)),
        search=text,
        filters=tuple(chosen),
        sort=by_name.get(arguments.get("sort", "")),
        desc=arguments.get("desc") == "1",
        page=min(read_id(arguments.get("page")) or 1, MAX_ID // PAGE_SIZES[-1]),
        size=size if size in PAGE_SIZES else PAGE_SIZES[0],
        columns=read_columns(of),
        panel=arguments.get("panel") == "filters",
        notes=tuple(notes),
    )


def read_columns(of: Listed) -> tuple[str, ...]:
    """The columns of this list that the address names; what is none is left out."""
    asked = request.args.get("cols", "")[:1000].split(",")
    known = {c.name for c in of.columns} if asked != [""] else set()
    return tuple(dict.fromkeys(n for n in asked if n in known))


def _pill(of: Listed, key: str | None, *, narrow: bool) -> Pill | None:
    """The pill that is named; else the first one, or "All" for what is searched without a word on it."""
    if not of.pills:
        return None
    everything = next((p for p in of.pills if p.where is None), of.pills[0])
    return next((p for p in of.pills if p.key == key), everything if narrow else of.pills[0])
