"""Getting the rows of a list that its address asks for (`list_address`): conditions, order, page, count.

Keys first: the inner query finds the ids of one page, walking from the nearer end; only those rows are read.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.util import ClauseAdapter
from sqlalchemy.sql.visitors import iterate

from admin_site import search
from admin_site.list_address import PAGE_SIZES, Listed, Wanted
from foundation.among import among
from foundation.db import db

#: of full pages, also of lists that look one row further because nobody counts
_USUAL_LIMITS = frozenset(size + more for size in PAGE_SIZES for more in (0, 1))
#: more rows than this are not counted when a list is narrowed down
MOST_COUNTED = 10_000
#: how long the number of all rows of a big table is believed
_COUNT_SECONDS, _COUNT_FROM = 30, 1_000
_counts: dict[tuple[str, str], tuple[float, int]] = {}
#: statements of lists that show their whole table in its usual order: putting one together takes as long as its rows
_whole: dict[tuple[type, str], Any] = {}
_ANYTHING = sa.select(sa.literal(1))


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
    narrow = _narrowed(of, wanted)
    conditions = _by_order(narrow)
    if not of.counts_rows:
        records = _records(of, wanted, conditions, wanted.size + 1, (wanted.page - 1) * wanted.size)
        more = len(records) > wanted.size
        return Found(records[: wanted.size], None, wanted.page, wanted.size, has_next=more)
    if (searched := _searched(of, wanted, narrow)) is not None:
        return searched
    counted = count(of, narrow)
    total = min(counted, MOST_COUNTED) if conditions else counted
    is_capped = bool(conditions) and counted > MOST_COUNTED
    page = min(wanted.page, max(1, -(-total // wanted.size)))
    first = (page - 1) * wanted.size
    n = min(wanted.size, total - first)
    if n <= 0:
        return Found([], total, page, wanted.size)
    if is_capped or first <= total // 2:
        records = _records(of, wanted, conditions, n, first)
    else:
        records = _records(of, wanted, conditions, n, total - first - n, backwards=True)[::-1]
    return Found(records, total, page, wanted.size, is_capped, page * wanted.size < total)


def _searched(of: Listed, wanted: Wanted, narrow: Sequence[Any]) -> Found | None:
    """A page of a search through a small table, which reads it once: what fits, sorted and counted by the same query.

    The limit within keeps SQLite from walking the order's index instead, which looks up each row of the table by
    itself. None for what is no search, for searches with a plan of their own, and where that query gives no page.
    """
    if not wanted.search or any(isinstance(c, search.Planned) for c in narrow):
        return None
    order = [_direction(o) for o in order_of(of, wanted)]
    places = [place.label(f"place_{n}") for n, (place, _is_desc) in enumerate(order)]
    fitting = of.scope(sa.select(of.model.id, *places)).where(*narrow).limit(MOST_COUNTED + 1).subquery()
    sort = [
        fitting.c[f"place_{n}"].desc() if is_desc else fitting.c[f"place_{n}"] for n, (_p, is_desc) in enumerate(order)
    ]
    keys = sa.select(fitting.c.id, sa.func.count().over()).order_by(*sort)
    some = keys.limit(wanted.size).offset((wanted.page - 1) * wanted.size)
    found = db.session.connection().execute(some).all()
    total = found[0][1] if found else 0
    if not 0 < total <= MOST_COUNTED:
        return None
    records = _of_keys(of, [key for key, _total in found])
    return Found(records, total, wanted.page, wanted.size, has_next=wanted.page * wanted.size < total)


def _of_keys(of: Listed, keys: Sequence[int]) -> list[Any]:
    """The records in the order of their keys; a row may have gone between the two queries."""

    def rows() -> Any:
        # A list that comes with its owners (`Twin`) must stand together.
        return _rows_where(of, among(of.model.id, "keys")).order_by(of.model.id)

    found = {record.id: record for record in _read(of, _kept(of, "by key", rows), {"keys": keys})}
    return [found[key] for key in keys if key in found]


def _is_plain(of: Listed) -> bool:
    """Are the rows read as twins? Whoever chose columns beyond the usual ones gets entities, which have them all."""
    return of.twin is not None and of.shows_only_usual


def _rows_where(of: Listed, where: Any) -> Any:
    """The rows of the list that a condition names, with what the columns show of other tables."""
    if of.twin is not None and _is_plain(of):
        return sa.select(*of.twin.columns).select_from(of.twin.joined()).where(where)
    return sa.select(of.model).where(where).options(*of.list_options)


def _read_at_once(twin: Any, order: Sequence[Any], n: int) -> Any:
    """The first rows of the table in their order, and what stands beside them: their keys are not gathered and looked up
    again first. PostgreSQL then plans no join with the whole table."""
    whole = sa.select(*twin.columns).select_from(twin.joined()).order_by(*order)
    named = {element.key for element in iterate(whole) if isinstance(element, sa.ColumnClause)}
    some = (
        sa.select(*(c for c in twin.c if c.key in named))
        .order_by(*order)
        .limit(sa.literal_column(str(n)))
        .offset(sa.literal_column("0"))
    )
    return ClauseAdapter(some.subquery()).traverse(whole)


def _read(of: Listed, statement: Any, values: dict[str, Any]) -> list[Any]:
    """The rows of such a statement."""
    if of.twin is not None and _is_plain(of):
        # The condition names entities. Asked through the session, the whole statement would go their long way.
        return of.twin.read(db.session.connection().execute(statement, values).all(), keep_rows=of.keeps_page)
    return list(db.session.scalars(statement, values).unique())


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
        return list((wanted.pill and wanted.pill.order) or of.default_order)
    order = [*wanted.sort.sort, of.model.id]
    return [o.desc() for o in order] if wanted.desc else order


def _direction(order: Any) -> tuple[Any, bool]:
    """What is sorted by, and whether it is from the end."""
    is_desc = getattr(order, "modifier", None) is sa.sql.operators.desc_op
    return (order.element if is_desc else order), is_desc


def _turned(order: Any) -> Any:
    place, is_desc = _direction(order)
    return place if is_desc else place.desc()


def page_of_ids(of: Listed, conditions: Sequence[Any], order: Sequence[Any], n: Any, skip: Any) -> Any:
    """The inner query: the keys of one page."""
    return of.scope(sa.select(of.model.id)).where(*conditions).order_by(*order).limit(n).offset(skip)


def _records(
    of: Listed, wanted: Wanted, conditions: Sequence[Any], n: int, skip: int, *, backwards: bool = False
) -> list[Any]:
    """So many records of the order, or of the order turned round."""
    order = [_turned(o) for o in order_of(of, wanted)] if backwards else order_of(of, wanted)
    ids = partial(page_of_ids, of, conditions, order)

    def rows(n: Any, skip: Any) -> Any:
        return _rows_where(of, of.model.id.in_(ids(n, skip))).order_by(*order)

    def any_page() -> Any:
        return rows(sa.bindparam("n"), sa.bindparam("skip"))

    def first_page() -> Any:
        if of.twin is None or not _is_plain(of):
            return rows(sa.literal_column(str(n)), sa.literal_column("0"))
        return _read_at_once(of.twin, order, n)

    if wanted.search:
        # It is put together each time: so short it is planned soon, and what is shown of the rows is always one statement.
        return _of_keys(of, db.session.connection().execute(ids(n, skip)).scalars().all())
    if conditions or wanted.sort is not None:
        return _read(of, any_page(), {"n": n, "skip": skip})
    if skip == 0 and not backwards and n in _USUAL_LIMITS:
        # Without any value PostgreSQL plans it once for each connection. With them it plans each time, which takes two to
        # ten times as long as the answer: not knowing them, it takes a page to be a tenth of the table.
        return _read(of, _kept(of, f"first {n}", first_page), {})
    return _read(of, _kept(of, "backwards" if backwards else "rows", any_page), {"n": n, "skip": skip})


def _kept(of: Listed, what: str, make: Callable[[], Any]) -> Any:
    """A statement over the whole table, made once, unless this person sees a part of it only."""
    if of.scope(_ANYTHING) is not _ANYTHING:
        return make()
    key = (type(of), f"{what}, plain" if _is_plain(of) else what)
    if key not in _whole:
        _whole[key] = make()
    return _whole[key]


def count(of: Listed, conditions: Sequence[Any]) -> int:
    """How many rows there are: all of them, or up to one more than is counted when the list is narrowed down.

    Every database reads an index to count (500,000 rows: 3 ms on SQLite, 23 to 43 on PostgreSQL), so a big number is
    believed for a while.
    """
    if conditions:
        some = _some(of, conditions).limit(MOST_COUNTED + 1)
        return db.session.connection().scalar(sa.select(sa.func.count()).select_from(some.subquery())) or 0
    key = (str(db.session.get_bind().engine.url), of.model.__tablename__)
    known = _counts.get(key)
    if known and known[0] > time.monotonic():
        return known[1]

    def all_of_them() -> Any:
        return of.scope(sa.select(sa.func.count()).select_from(of.model))

    n = db.session.connection().scalar(_kept(of, "count", all_of_them)) or 0
    if n >= _COUNT_FROM:
        _counts[key] = (time.monotonic() + _COUNT_SECONDS, n)
    return n


def _some(of: Listed, conditions: Sequence[Any]) -> Any:
    """A row for each that fits: as many as are counted, one after the other.

    A search that may hold in several ways is asked for each way, without what an earlier one found. As one condition
    PostgreSQL reads the whole table until it has met enough; SQLite finds the ways' indexes by itself.
    """
    fitting = of.scope(sa.select(sa.literal(1)).select_from(of.model))
    ways: list[Any] = [sa.true()]
    for condition in conditions:
        if isinstance(condition, search.Planned) and len(condition.count) > 1 and not search.is_sqlite():
            ways = [
                sa.and_(way, *(earlier.is_not(True) for earlier in condition.count[:n]))
                for n, way in enumerate(condition.count)
            ]
        elif isinstance(condition, search.Planned):
            fitting = fitting.where(sa.or_(*condition.count))
        else:
            fitting = fitting.where(condition)
    return fitting.where(ways[0]) if len(ways) == 1 else sa.union_all(*(fitting.where(way) for way in ways))


def forget_counts() -> None:
    """A record was added or removed here: count afresh."""
    _counts.clear()
