"""What the schedule reads: visits and waiting requests of a day or a week as plain rows, by sitter or by client.

One query for all visits, however many: tuples, not records; at 3,500 a week the page draws sums, not cards.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext

from admin_site import schedule_names, texts
from admin_site.home_figures import kind_as_kept
from admin_site.reading import initials
from admin_site.schedule_names import Block, Names
from admin_site.schedule_wish import Show, Wish
from foundation.among import among
from foundation.db import db
from models import (
    Client,
    Job,
    JobRequestLine,
    JobState,
    LineState,
    ServiceItem,
    TimeType,
)
from ui_kit import formats
from workflows.cancelling import still_shown
from workflows.requested_stays import LINE_ENDS_ON, lines_touching
from workflows.stretches import is_busy, touching

#: more visits than this on a week's page are drawn as sums
MOST_CARDS = 240
#: cards in one cell of a week
MOST_IN_CELL = 5
DAY = dt.timedelta(days=1)


@dataclass(slots=True)
class Slot:
    """A visit, or a requested visit, as it is drawn."""

    job_id: int | None
    line_id: int | None
    client_id: int
    sitter_id: int | None
    on_date: dt.date
    ends_on: dt.date
    start_time: dt.time | None
    end_time: dt.time | None
    minutes: int
    block: Block | None
    kind: str
    client: str
    service: str
    time_type: TimeType
    sitter: str
    #: of the visit's row; 0 for a request
    version: int = 0
    pets: str = ""
    #: its sitter does not hold the client's key
    no_key: bool = False

    @property
    def look(self) -> Hashable:
        """Its time and state: what is the same here reads the same, and nine hundred of a day are some dozens."""
        return (
            self.start_time, self.minutes, self.block, self.kind, self.time_type, self.end_time, self.on_date, self.ends_on
        )  # fmt: skip

    @property
    def order(self) -> tuple[bool, dt.time, str]:
        """Its place in the day; what does not take place stands last, so that it never hides what does."""
        begins = self.start_time or (self.block.starts_at if self.block else dt.time(0))
        return self.kind == "off", begins, self.client

    @property
    def time(self) -> str:
        """`12:00 to 12:45`; a stay says its ends."""
        if self.ends_on > self.on_date and self.end_time is not None:
            return texts.stay_words(self.on_date, self.ends_on, self.start_time, self.end_time)
        return texts.time_words(
            self.start_time, minutes=self.minutes, end=self.end_time, block=self.block, time_type=self.time_type
        )

    @property
    def short_time(self) -> str:
        """`12:00`, `Morning`, `All day`: for the narrow cells of a week."""
        if self.ends_on > self.on_date and self.time_type is TimeType.ALL_DAY:
            return gettext("Stay until %(day)s", day=formats.short_day(self.ends_on))
        if self.start_time is not None:
            return formats.clock_time(self.start_time)
        return self.block.name if self.block else self.time

    @property
    def word(self) -> str:
        """Its state in a word."""
        if self.kind == "req":
            return texts.line_chip(LineState.SUBMITTED)[1]
        states = {"done": JobState.COMPLETED, "live": JobState.IN_PROGRESS, "off": JobState.CANCELLED}
        return texts.job_chip(states.get(self.kind, JobState.SCHEDULED), has_sitter=self.kind != "none")[1]


@dataclass
class DaySum:
    """The visits of a row on a day, where they are not drawn one by one."""

    n: int = 0
    #: of those with a time of their own
    first: dt.time | None = None
    last: dt.time | None = None

    def add(self, n: int, first: dt.time | None, last: dt.time | None) -> None:
        """More visits; `first` and `last` are None where none of them has a time."""
        self.n += n
        if first is not None and last is not None:
            self.first, self.last = min(self.first or first, first), max(self.last or last, last)


@dataclass
class Row:
    """A sitter's or a client's days. `key` is None for the visits that nobody does."""

    key: int | None
    name: str
    cells: dict[dt.date, list[Slot]] = field(default_factory=dict)
    away: set[dt.date] = field(default_factory=set)
    #: asked for and not answered yet
    asks_off: set[dt.date] = field(default_factory=set)
    #: how many visits take place, each once also when it lasts over days
    n_visits: int = 0
    #: how many cards it takes
    n_drawn: int = 0
    #: the days on which visits take place; a cancelled one is drawn and not counted, unless they are what is asked for
    sums: dict[dt.date, DaySum] = field(default_factory=lambda: defaultdict(DaySum))

    @property
    def initials(self) -> str:
        """For the avatar."""
        return initials(self.name)


def rows(wish: Wish, names: Names) -> list[Row]:
    """The rows in order, with sums and without visits: what nobody does first, then by name. Sitters without visits
    have a row too. One query, which the database adds up; `fill` reads the visits of those that are shown."""
    found: dict[int | None, Row] = {}
    if not wish.by_client:
        is_all = wish.show is Show.OPEN and not wish.sitter
        found = {s.id: Row(s.id, s.name) for s in names.sitters if is_all or wish.sitter == str(s.id)}
    for key, first_name, last_name, on_date, ends_on, n_all, n, first, last in _sums(wish):
        name = f"{first_name} {last_name}".strip() if wish.by_client else names.of_sitter(key or None)
        row = found.setdefault(key or None, Row(key or None, name))
        row.n_visits += n
        for day in (on_date + DAY * i for i in range((ends_on - on_date).days + 1)):
            if wish.first <= day <= wish.last:
                row.n_drawn += n_all
                if n:
                    row.sums[day].add(n, first, last)
    return sorted(found.values(), key=lambda r: (r.key is not None, r.name.casefold(), r.key or 0))


def _sums(wish: Wish) -> Sequence[Any]:
    """By row, first and last day: how many visits, how many of them take place, and their first and last time."""
    parts: list[Any] = []
    if wish.show is not Show.REQUESTED:
        # A cancelled visit is not counted, unless cancelled ones are asked for.
        counts = sa.true() if wish.show is Show.CANCELLED else Job.state.not_in([JobState.CANCELLED, JobState.VOIDED])
        parts.append(
            _summed(_wished(sa.select(), wish), wish, Job, sitter_id=Job.sitter_id, ends_on=Job.ends_on, counts=counts)
        )
    if wish.show is Show.REQUESTED or wish.with_requests:
        lines = _lines(sa.select(), wish)
        parts.append(
            _summed(lines, wish, JobRequestLine, sitter_id=_LINE_SITTER, ends_on=LINE_ENDS_ON, counts=sa.true())
        )
    statement: Any = parts[0] if len(parts) == 1 else sa.union_all(*parts)
    found: Sequence[Any] = db.session.execute(statement).all()
    return found


def _summed(statement: Any, wish: Wish, of: Any, *, sitter_id: Any, ends_on: Any, counts: Any) -> Any:
    key: Any = _row_key(wish, of.client_id, sitter_id)
    who: list[Any] = [sa.literal(""), sa.literal("")]
    grouped: list[Any] = [key, of.on_date, ends_on]
    if wish.by_client:
        who = [Client.first_name, Client.last_name]
        grouped += who
    time = sa.case((counts, of.start_time))
    figures = (sa.func.count(), sa.func.sum(sa.case((counts, 1), else_=0)), sa.func.min(time), sa.func.max(time))
    return statement.add_columns(key, *who, of.on_date, ends_on, *figures).group_by(*grouped)


def _row_key(wish: Wish, client_id: Any, sitter_id: Any) -> Any:
    """Whose row a visit stands in, 0 for nobody's. No bare column: SQLite would take its index, and walk through all
    that the business ever did, where the days are meant to be looked up."""
    return sa.func.coalesce(client_id if wish.by_client else sitter_id, sa.literal_column("0"))


def fill(shown: Sequence[Row], wish: Wish, names: Names) -> None:
    """Read the visits of these rows, in their order of the day; one query."""
    by_key, days = {row.key: row for row in shown}, wish.days
    if not by_key:
        return
    for slot in slots_of(wish, names, of=by_key):
        cells = by_key[slot.client_id if wish.by_client else slot.sitter_id].cells
        for day in days:
            if slot.on_date <= day <= slot.ends_on:
                cells.setdefault(day, []).append(slot)
    for row in shown:
        for slots in row.cells.values():
            slots.sort(key=lambda s: s.order)


def slots_of(wish: Wish, names: Names, *, of: Collection[int | None] | None = None) -> list[Slot]:
    """All visits and requests that are wished for, or those of the rows with these keys; one query."""
    parts: list[Any] = []
    if wish.show is not Show.REQUESTED:
        parts.append(_of_rows(_wished(sa.select(*_JOB), wish), _row_key(wish, Job.client_id, Job.sitter_id), of))
    if wish.show is Show.REQUESTED or wish.with_requests:
        key = _row_key(wish, JobRequestLine.client_id, _LINE_SITTER)
        parts.append(_of_rows(_lines(sa.select(*_LINE), wish), key, of))
    statement: Any = parts[0] if len(parts) == 1 else sa.union_all(*parts)
    rows: Any = db.session.connection().execute(statement).all()  # at once: row by row takes longer
    return [_slot(names, *row) for row in rows]


def _of_rows(statement: Any, key: Any, of: Collection[int | None] | None) -> Any:
    return statement if of is None else statement.where(among(key, [row_key or 0 for row_key in of]))


def slots_by_id(ids: Sequence[int]) -> list[Slot]:
    """These visits, in the order of their days; two queries."""
    statement = _with_clients(sa.select(*_JOB)).where(Job.id.in_(ids)).order_by(Job.on_date, Job.start_time, Job.id)
    rows: Any = db.session.execute(statement).all()
    names = schedule_names.read()
    return [_slot(names, *row) for row in rows]


def ids_of(wish: Wish, most: int) -> list[int]:
    """The numbers of the visits that these filters show and that have not begun, up to `most`; one query."""
    statement = (
        sa.select(Job.id)
        .join(ServiceItem, ServiceItem.id == Job.service_item_id)
        .where(touching(wish.first, wish.last), Job.state == JobState.SCHEDULED)
        .order_by(Job.on_date, Job.id)
        .limit(most)
    )
    if wish.show is Show.NOBODY:
        statement = statement.where(Job.sitter_id.is_(None))
    if wish.show in {Show.CANCELLED, Show.REQUESTED}:
        return []
    return list(db.session.scalars(narrow(statement, wish, Job.sitter_id)))


def _slot(  # noqa: PLR0917 -- the columns of the query, in its order
    names: Names, what: str, row_id: int, client_id: int, sitter_id: int | None, on_date: dt.date, ends_on: dt.date,
    start_time: dt.time | None, end_time: dt.time | None, minutes: int, block_id: int | None, service_id: int, state: str,
    version: int, first: str, last: str,
) -> Slot:  # fmt: skip
    is_job, service = what == "job", names.services[service_id]
    return Slot(
        row_id if is_job else None, None if is_job else row_id, client_id, sitter_id, on_date, ends_on, start_time,
        end_time, minutes, names.blocks[block_id] if block_id is not None else None,
        kind_as_kept(state, sitter_id) if is_job else "req", f"{first} {last}".strip(), service.name, service.time_type,
        names.of_sitter(sitter_id), version,
    )  # fmt: skip


def _wished(columns: Any, wish: Wish) -> Any:
    """These columns of the visits that are wished for."""
    statement = _with_clients(columns).where(touching(wish.first, wish.last))
    if wish.group_id is not None:
        statement = statement.join(ServiceItem, ServiceItem.id == Job.service_item_id)
    match wish.show:
        case Show.CANCELLED:
            # the filter is the way to those that have left the schedules by the setting
            statement = statement.where(Job.state.in_([JobState.CANCELLED, JobState.VOIDED]))
        case Show.NOBODY:
            statement = statement.where(Job.state == JobState.SCHEDULED, Job.sitter_id.is_(None))
        case _ if wish.with_cancelled:
            cancelled = sa.and_(Job.state == JobState.CANCELLED, still_shown())
            statement = statement.where(sa.or_(is_busy(), cancelled))
        case _:
            statement = statement.where(is_busy())
    return narrow(statement, wish, Job.sitter_id)


def _with_clients(columns: Any) -> Any:
    # Every visit has a client; outer, so that SQLite begins with the visits and not with all clients.
    return columns.select_from(Job).outerjoin(Client, Client.id == Job.client_id)


def _lines(columns: Any, wish: Wish) -> Any:
    """These columns of the waiting requests; they stand with the sitter who is chosen, or would be proposed."""
    statement = (
        columns.select_from(JobRequestLine)
        .join(Client, Client.id == JobRequestLine.client_id)
        .join(ServiceItem, ServiceItem.id == JobRequestLine.service_item_id)
        .where(JobRequestLine.state == LineState.SUBMITTED, lines_touching(wish.first, wish.last))
    )
    return narrow(statement, wish, _LINE_SITTER)


def _text(column: Any) -> sa.ColumnElement[str]:
    """An enum column as the text it is kept as: two enums stand in one column here."""
    return sa.type_coerce(column, sa.String)


_LINE_SITTER = sa.func.coalesce(
    JobRequestLine.sitter_id, sa.case((JobRequestLine.leave_unassigned, None), else_=Client.primary_sitter_id)
)
#: what a slot needs, as `_slot` takes it
_JOB: list[Any] = [
    sa.literal("job"), Job.id, Job.client_id, Job.sitter_id, Job.on_date, Job.ends_on, Job.start_time, Job.end_time,
    Job.duration_minutes, Job.time_block_id, Job.service_item_id, _text(Job.state), Job.version, Client.first_name,
    Client.last_name,
]  # fmt: skip
_LINE: list[Any] = [
    sa.literal("line"), JobRequestLine.id, JobRequestLine.client_id, _LINE_SITTER, JobRequestLine.on_date, LINE_ENDS_ON,
    JobRequestLine.start_time, JobRequestLine.end_time, ServiceItem.duration_minutes, JobRequestLine.time_block_id,
    JobRequestLine.service_item_id, _text(JobRequestLine.state), sa.literal(0), Client.first_name, Client.last_name,
]  # fmt: skip


def narrow(statement: Any, wish: Wish, sitter_id: Any) -> Any:
    """Only the sitter and the group of services that are wished for."""
    if wish.sitter == "none":
        statement = statement.where(sitter_id.is_(None))
    elif wish.sitter:
        statement = statement.where(sitter_id == int(wish.sitter))
    if wish.group_id is not None:
        statement = statement.where(ServiceItem.group_id == wish.group_id)
    return statement
