"""Rows that read like entities, for pages that only read.

For an entity SQLAlchemy gets ready, at every statement, each column and each relation that it could ever load. A page
of six visits with their service, block, sitter and pets spent a third of its time on that. A `Twin` asks for the
columns that it names, and puts each row into a plain object with the entity's names and properties. There is no session
behind it: it cannot be changed, and asking for what was not read is an error and not a query. Of the few rows that every
request reads, `attached` makes entities for whoever needs them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from types import FunctionType
from typing import Any, Generic, NoReturn, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.orm import class_mapper, make_transient_to_detached
from sqlalchemy.orm.util import identity_key

from foundation.db import Base, db

E = TypeVar("E", bound=Base)
#: where a twin keeps its row
_ROW = "__row__"


class _Plain:
    """What all twins share; the names of the entity's columns and relations are in `__mapped__`."""

    __mapped__: frozenset[str] = frozenset()
    __entity__: type[Base]

    def __getattr__(self, name: str) -> NoReturn:
        if name in self.__mapped__:
            # No AttributeError: a template would take that for an empty text.
            raise RuntimeError(f"{type(self).__name__}.{name} was not read")
        raise AttributeError(name)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise RuntimeError(f"{type(self).__name__}.{name} = … would not be saved: this object was only read")


@cache
def _plain_class(entity: type[Base]) -> type[_Plain]:
    """A class with the entity's own properties and methods, without its columns."""
    own: dict[str, Any] = {"__mapped__": frozenset(class_mapper(entity).attrs.keys()), "__entity__": entity}
    for parent in reversed(entity.__mro__[: entity.__mro__.index(Base)]):
        for name, value in vars(parent).items():
            is_method = isinstance(value, FunctionType) and (name == "__str__" or not name.startswith("_"))
            if is_method or isinstance(value, property):
                own[name] = value
    own["__tablename__"] = entity.__tablename__
    return type(entity.__name__, (_Plain,), own)


class Twin(Generic[E]):
    """Some columns of a table, and those of others beside it.

    `Twin(Job, "on_date", service_item=Twin(ServiceItem, "name"))` reads visits that know their id, their day, and their
    service with its id and name. What an outer join did not find is None. A table that stands twice in a statement
    has an alias for the second: `Twin(ServiceItem, "name", table=ServiceItem.__table__.alias())`.

    One of the relations may be a list, such as a client's log-ins: the statement then has a row for each of them, which must
    come one after the other. Each of the list knows whose it is.

    The statement is written with the tables' own columns (`twin.table.c`), not with those of the entities: one entity in
    it, and SQLAlchemy takes the long way for all of it.
    """

    def __init__(self, of: type[E], *names: str, table: sa.FromClause | None = None, **beside: "Twin[Any]") -> None:
        self._of = of
        self.table: sa.FromClause = of.__table__ if table is None else table
        self.c = self.table.c
        self._names = ["id", *names]
        self._class = _plain_class(of)
        self._beside = beside
        #: for `sa.select(*twin.columns)`; the joins are the statement's
        self.columns: list[sa.ColumnElement[Any]] = [self.c[name] for name in self._names]
        for twin in beside.values():
            self.columns += twin.columns

    @classmethod
    def whole(cls, of: type[E], **beside: "Twin[Any]") -> "Twin[E]":
        """With all columns of the table."""
        return cls(of, *(c.key for c in class_mapper(of).column_attrs if c.key != "id"), table=None, **beside)

    def joined(self) -> sa.FromClause:
        """The table with those beside it, each by the key of the relation that it is named after; all may be missing."""
        found = self.table
        for table, on in self._joins():
            found = found.outerjoin(table, on)
        return found

    def _joins(self) -> Iterator[tuple[sa.FromClause, sa.ColumnElement[bool]]]:
        # One after the other: a join inside of a join is put together in full by SQLite before it looks for one row of it.
        for name, twin in self._beside.items():
            pairs = class_mapper(self._of).relationships[name].local_remote_pairs or ()
            yield twin.table, sa.and_(*(self.c[str(here.key)] == twin.c[str(there.key)] for here, there in pairs))
            yield from twin._joins()  # noqa: SLF001 -- its own kind

    def read(self, rows: Iterable[Sequence[Any]], *, keep_rows: bool = False) -> list[E]:
        """The rows of a statement that selects `columns`; with `keep_rows` each twin knows its own (`row_of`)."""
        values = [tuple(row) for row in rows]
        found = [self._made(row, 0) for row in values]
        if keep_rows:
            for one, row in zip(found, values, strict=True):
                vars(one)[_ROW] = row
        return found if self._list is None else list(self._gathered(found, *self._list))

    def _gathered(self, found: Iterable[Any], name: str, back: str | None) -> Iterator[E]:
        """Each once, with all of its list."""
        last = None
        for one in found:
            values = vars(one)
            if last is None or last.id != one.id:
                yield one
                last = one
            else:
                vars(last)[name].extend(values[name])
                if _ROW in values:
                    vars(last)[_ROW] += values[_ROW]
            if back is not None:
                for other in values[name]:
                    vars(other)[back] = last

    @cached_property
    def _list(self) -> tuple[str, str | None] | None:
        """The relation that is a list, and its name from the other side."""
        relations = class_mapper(self._of).relationships
        lists = [
            (name, relations[name].back_populates)
            for name in self._beside
            if name in relations and relations[name].uselist
        ]
        if len(lists) > 1:
            raise RuntimeError(f"a statement about {self._of.__name__} can have one list, not {lists}")
        return lists[0] if lists else None

    def by_first(self, rows: Iterable[Sequence[Any]]) -> Mapping[Any, list[E]]:
        """The rows of a statement whose first column is a key, gathered by that key, in their order."""
        found: dict[Any, list[E]] = defaultdict(list)
        for row in rows:
            found[row[0]].append(self._made(tuple(row), 1))
        return found

    def _made(self, row: tuple[Any, ...], at: int) -> Any:  # noqa: ANN401 -- an E, or None
        if row[at] is None:
            return None
        end = at + len(self._names)
        values: dict[str, Any] = dict(zip(self._names, row[at:end], strict=True))
        for name, twin in self._beside.items():
            values[name] = twin._made(row, end)  # noqa: SLF001 -- its own kind
            end += len(twin.columns)
        if self._list is not None:
            only = values[self._list[0]]
            values[self._list[0]] = [] if only is None else [only]
        made = object.__new__(self._class)
        object.__setattr__(made, "__dict__", values)  # twice as fast as to fill the one that it has
        return made


def row_of(read: Any) -> tuple[Any, ...] | None:  # noqa: ANN401 -- a twin, or whatever else
    """All that the database said of a twin and of those beside it; None where it was not kept."""
    found: tuple[Any, ...] | None = read.__dict__.get(_ROW) if isinstance(read, _Plain) else None
    return found


def attached(read: E) -> E:
    """The session's entity of a twin, and of the twins beside it, as if it had been loaded; an entity is returned as it is.

    What was not read, and lists of others, are loaded when somebody asks for them. An entity that the session has already
    stays as it is.
    """
    if not isinstance(read, _Plain):
        return read
    known: E | None = db.session().identity_map.get(identity_key(read.__entity__, read.__dict__["id"]))
    if known is not None:
        return known
    made: Any = read.__entity__()
    own = {name: value for name, value in read.__dict__.items() if name in read.__mapped__ and type(value) is not list}
    made.__dict__.update({name: attached(value) for name, value in own.items()})
    make_transient_to_detached(made)
    db.session.add(made)
    return cast("E", made)


def loaded(read: Any) -> Any:  # noqa: ANN401 -- a twin, or whatever else
    """The session's entity of a twin, asked for if the session does not have it; anything else as it is."""
    return db.session.get(read.__entity__, read.id) if isinstance(read, _Plain) else read


def lend(owners: Iterable[Any], name: str, value: object) -> None:
    """Give twins what the page has already, such as visits their client."""
    for owner in owners:
        owner.__dict__[name] = value


def put_beside(owners: Iterable[Any], name: str, found: Mapping[Any, Sequence[Any]]) -> None:
    """Give each twin its list of others, such as a visit its pets; `found` has them by the owner's id."""
    for owner in owners:
        owner.__dict__[name] = list(found.get(owner.id, ()))
