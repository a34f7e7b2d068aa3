"""Which rows of a list a URL asks for, and getting them: conditions, order, page, count.

Keys first: the inner query finds the ids of one page, walking from the nearer end; only those rows are read.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import request
from flask_babel import gettext

from admin_site import search
from admin_site.filters import OfficeFilter
from admin_site.reading import MAX_ID, read_id
from admin_site.rows import Column
from foundation.db import db

PAGE_SIZES = (20, 50, 100)
#: more rows than this are not counted when a list is narrowed down
MOST_COUNTED = 10_000
#: keys that a search through a small table reads at once: when that is all, nothing needs to be counted
_AT_ONCE = 1_000
#: how long the number of all rows of a big table is believed
_COUNT_SECONDS, _COUNT_FROM = 30, 10_000
_counts: dict[tuple[str, str], tuple[float, int]] = {}


@dataclass(frozen=True)
class Pill:
    """A view of a list that is one click away. Without a condition it shows everything."""

    key: str
    label: Any
    where: Callable[[], sa.ColumnElement[bool]] | None = None


class Listed(Protocol):
    """What a list says of itself."""

    model: type[Any]
    pills: Sequence[Pill]
    filters: Sequence[OfficeFilter]
    columns: Sequence[Column]
    default_order: Sequence[Any]
    list_options: Sequence[Any]
    counts_rows: bool

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
            "page_size": str(self.size) if self.size != PAGE_SIZES[0] else "",
            "page": str(self.page) if self.page > 1 else "",
        }
        return {key: value for key, value in pairs.items() if value}

    def query(self, **changes: Any) -> str:
        """The query string with changes; what the list shows then begins at its first page unless that is said."""
        arguments = replace(self, **{"page": 1, **changes}).arguments()
        return f"?{urlencode(arguments)}" if arguments else "?"

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
        panel=arguments.get("panel") == "filters",
        notes=tuple(notes),
    )


def _pill(of: Listed, key: str | None, *, narrow: bool) -> Pill | None:
    """The pill that is named; else the first one, or "All" for what is searched without a word on it."""
    if not of.pills:
        return None
    everything = next((p for p in of.pills if p.where is None), of.pills[0])
    return next((p for p in of.pills if p.key == key), everything if narrow else of.pills[0])


@dataclass(frozen=True)
class Found:
    """One page of a list."""

    records: Sequence[Any]
    #: how many there are, None where nobody counts
    total: int | None
    page: int
    size: int
    #: there are more than `total`
    is_capped: bool = False
    has_next: bool = False

    @property
    def pages(self) -> int:
        """How many pages can be opened."""
        return max(1, -(-(self.total or 0) // self.size))


def find(of: Listed, wanted: Wanted) -> Found:
    """The page of records that is asked for; a page behind the last one is the last one."""
    narrow, order = _narrowed(of, wanted), order_of(of, wanted)
    conditions = _by_order(narrow)
    if not of.counts_rows:
        records = _records(of, conditions, order, wanted.size + 1, (wanted.page - 1) * wanted.size)
        more = len(records) > wanted.size
        return Found(records[: wanted.size], None, wanted.page, wanted.size, has_next=more)
    keys = _first_keys(of, wanted, narrow, order)
    if keys is not None and len(keys) <= _AT_ONCE:
        counted = len(keys)
    else:
        counted = count(of, [c.count if isinstance(c, search.Planned) else c for c in narrow])
    total = min(counted, MOST_COUNTED) if conditions else counted
    is_capped = bool(conditions) and counted > MOST_COUNTED
    page = min(wanted.page, max(1, -(-total // wanted.size)))
    first = (page - 1) * wanted.size
    n = min(wanted.size, total - first)
    if n <= 0:
        return Found([], total, page, wanted.size)
    if keys is not None and first + n <= len(keys):
        records = _of_keys(of, keys[first : first + n])
    elif is_capped or first <= total // 2:
        records = _records(of, conditions, order, n, first)
    else:
        records = _records(of, conditions, [_turned(o) for o in order], n, total - first - n)[::-1]
    return Found(records, total, page, wanted.size, is_capped, page * wanted.size < total)


def _first_keys(of: Listed, wanted: Wanted, narrow: Sequence[Any], order: Sequence[Any]) -> Sequence[int] | None:
    """The first keys of a search through a small table, in order: so the table is read once, not to count it and then
    for the page. None for what is no search, and for searches with a plan of their own."""
    if not wanted.search or any(isinstance(c, search.Planned) for c in narrow):
        return None
    return db.session.scalars(page_of_ids(of, narrow, order, _AT_ONCE + 1, 0)).all()


def _of_keys(of: Listed, keys: Sequence[int]) -> list[Any]:
    """The records in the order of their keys; a row may have gone between the two queries."""
    rows = sa.select(of.model).where(of.model.id.in_(keys)).options(*of.list_options)
    found = {record.id: record for record in db.session.scalars(rows).unique()}
    return [found[key] for key in keys if key in found]


def conditions_of(of: Listed, wanted: Wanted) -> list[Any]:
    """Everything that narrows the list down, for rows in an order."""
    return _by_order(_narrowed(of, wanted))


def _by_order(conditions: Sequence[Any]) -> list[Any]:
    return [c.rows if isinstance(c, search.Planned) else c for c in conditions]


def _narrowed(of: Listed, wanted: Wanted) -> list[Any]:
    """Conditions, among them a search's plan."""
    conditions = [] if wanted.pill is None or wanted.pill.where is None else [wanted.pill.where()]
    if wanted.search:
        conditions.append(of.find(wanted.search))
    return [*conditions, *(one.where(value) for one, value in wanted.filters)]


def order_of(of: Listed, wanted: Wanted) -> list[Any]:
    """The order, always ending in the key: without it, pages of equal rows are not defined."""
    if wanted.sort is None:
        return list(of.default_order)
    order = [*wanted.sort.sort, of.model.id]
    return [o.desc() for o in order] if wanted.desc else order


def _turned(order: Any) -> Any:
    is_desc = getattr(order, "modifier", None) is sa.sql.operators.desc_op
    return order.element if is_desc else order.desc()


def page_of_ids(of: Listed, conditions: Sequence[Any], order: Sequence[Any], n: int, skip: int) -> Any:
    """The inner query: the keys of one page."""
    return of.scope(sa.select(of.model.id)).where(*conditions).order_by(*order).limit(n).offset(skip)


def _records(of: Listed, conditions: Sequence[Any], order: Sequence[Any], n: int, skip: int) -> list[Any]:
    ids = page_of_ids(of, conditions, order, n, skip)
    rows = sa.select(of.model).where(of.model.id.in_(ids)).order_by(*order).options(*of.list_options)
    return list(db.session.scalars(rows).unique())


def count(of: Listed, conditions: Sequence[Any]) -> int:
    """How many rows there are: all of them, or up to one more than is counted when the list is narrowed down.

    PostgreSQL reads the table to count it (23 to 43 ms for 500,000 rows), so a big number is believed for a while.
    """
    if conditions:
        some = of.scope(sa.select(sa.literal(1)).select_from(of.model)).where(*conditions).limit(MOST_COUNTED + 1)
        return db.session.scalar(sa.select(sa.func.count()).select_from(some.subquery())) or 0
    bind = db.session.get_bind()
    key = (str(bind.engine.url), of.model.__tablename__)
    known = _counts.get(key)
    if known and known[0] > time.monotonic():
        return known[1]
    n = db.session.scalar(of.scope(sa.select(sa.func.count()).select_from(of.model))) or 0
    if n >= _COUNT_FROM and bind.dialect.name != "sqlite":
        _counts[key] = (time.monotonic() + _COUNT_SECONDS, n)
    return n


def forget_counts() -> None:
    """A record was added or removed here: count afresh."""
    _counts.clear()
