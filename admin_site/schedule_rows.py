"""What the schedule reads: visits and waiting requests of a day or a week as plain rows, by sitter or by client.

One query for all visits, however many: tuples, not records; at 3,500 a week the page draws sums, not cards.
"""

import datetime as dt
import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext

from admin_site import texts
from admin_site.home_figures import kind_of
from admin_site.reading import LAST_DAY, initials, read_day, read_id
from foundation import clock
from foundation.among import among
from foundation.db import db
from models import (
    Client,
    Job,
    JobRequestLine,
    JobState,
    LineState,
    Pet,
    ServiceItem,
    Staff,
    TimeBlock,
    TimeOff,
    TimeOffState,
    TimeType,
    job_pet,
    job_request_line_pet,
)
from ui_kit import formats
from workflows import key_facts
from workflows.cancelling import still_shown
from workflows.conflicts import AWAY, is_busy, touching
from workflows.requested_stays import LINE_ENDS_ON, lines_touching

#: more visits than this on a week's page are drawn as sums
MOST_CARDS = 240
#: cards in one cell of a week
MOST_IN_CELL = 5
DAY = dt.timedelta(days=1)


class Show(enum.StrEnum):
    """Which visits."""

    OPEN = "open"
    NOBODY = "nobody"
    REQUESTED = "requested"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Wish:
    """What somebody wants to see."""

    is_week: bool
    by_client: bool
    first: dt.date
    last: dt.date
    show: Show
    with_requests: bool
    #: a sitter's number, "none" for visits without one, "" for all
    sitter: str = ""
    group_id: int | None = None
    #: cancelled visits stand among the others for as long as the setting says; on paper they do not
    with_cancelled: bool = True

    #: the month view shows whole weeks, summed up by day
    is_month: bool = False
    #: the day that was asked for
    on: dt.date = dt.date.min

    @property
    def view(self) -> str:
        """Its name in addresses."""
        return "month" if self.is_month else "week" if self.is_week else "day"

    @property
    def days(self) -> list[dt.date]:
        """Every day shown."""
        return [self.first + DAY * n for n in range((self.last - self.first).days + 1)]


def wish_of(asked: Mapping[str, str]) -> Wish:
    """What a query string asks for; what makes no sense there is left out."""
    on = read_day(asked.get("on")) or clock.today()
    view = asked.get("view")
    is_week, is_month = view not in {"day", "month"}, view == "month"
    first, last = on, on
    if is_month:
        first = on.replace(day=1)
        last = min((first + DAY * 31).replace(day=1) - DAY, LAST_DAY)
    if is_week or is_month:
        first -= DAY * ((first.weekday() - formats.first_weekday()) % 7)
        last = first + DAY * 6 if is_week else last + DAY * ((formats.first_weekday() - 1 - last.weekday()) % 7)
    state, sitter = asked.get("state", ""), asked.get("sitter", "")
    return Wish(
        is_week=is_week,
        by_client=asked.get("by") == "client" and not is_month,
        first=first,
        last=last,
        show=Show(state) if state in set(Show) and not is_month else Show.OPEN,
        with_requests=asked.get("requests") == "1",
        sitter=sitter if sitter == "none" else str(read_id(sitter) or ""),
        group_id=read_id(asked.get("group")),
        is_month=is_month,
        on=on,
    )


@dataclass(frozen=True)
class Block:
    """The columns of a time block."""

    name: str
    starts_at: dt.time
    ends_at: dt.time


@dataclass
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
class Row:
    """A sitter's or a client's days. `key` is None for the visits that nobody does."""

    key: int | None
    name: str
    cells: dict[dt.date, list[Slot]] = field(default_factory=dict)
    away: set[dt.date] = field(default_factory=set)
    #: asked for and not answered yet
    asks_off: set[dt.date] = field(default_factory=set)
    #: cancelled visits are what is asked for, so they count
    counts_cancelled: bool = False

    @property
    def initials(self) -> str:
        """For the avatar."""
        return initials(self.name)

    @property
    def n_visits(self) -> int:
        """How many visits take place, each once also when it lasts over days."""
        return len({(s.job_id, s.line_id) for day in self.cells for s in self.counted(day)})

    @property
    def n_drawn(self) -> int:
        """How many cards it takes."""
        return sum(len(slots) for slots in self.cells.values())

    def counted(self, day: dt.date) -> list[Slot]:
        """The visits of a day that take place: a cancelled one is drawn and not counted."""
        return [s for s in self.cells.get(day, []) if self.counts_cancelled or s.kind != "off"]

    def add(self, slot: Slot, days: Iterable[dt.date]) -> None:
        """Put a visit into each day that it touches."""
        for day in days:
            if slot.on_date <= day <= slot.ends_on:
                self.cells.setdefault(day, []).append(slot)


def rows(wish: Wish, sitters: list[Staff]) -> list[Row]:
    """The rows in order: what nobody does first, then by name. Sitters without visits have a row too."""
    found: dict[int | None, Row] = {}
    if not wish.by_client and wish.show is Show.OPEN and not wish.sitter:
        found = {s.id: Row(s.id, str(s)) for s in sitters}
    if wish.sitter.isdigit() and not wish.by_client:
        found = {s.id: Row(s.id, str(s)) for s in sitters if str(s.id) == wish.sitter}
    days = wish.days
    for slot in slots_of(wish):
        key, name = (slot.client_id, slot.client) if wish.by_client else (slot.sitter_id, slot.sitter)
        found.setdefault(key, Row(key, name)).add(slot, days)
    for row in found.values():
        row.counts_cancelled = wish.show is Show.CANCELLED
        for slots in row.cells.values():
            slots.sort(key=lambda s: s.order)
    return sorted(found.values(), key=lambda r: (r.key is not None, r.name.casefold(), r.key or 0))


def slots_of(wish: Wish) -> list[Slot]:
    """All visits and requests that are wished for; one query."""
    parts: list[Any] = []
    if wish.show is not Show.REQUESTED:
        parts.append(_jobs(wish))
    if wish.show is Show.REQUESTED or wish.with_requests:
        parts.append(_lines(wish))
    statement: Any = parts[0] if len(parts) == 1 else sa.union_all(*parts)
    rows: Any = db.session.execute(statement).all()  # at once: row by row takes longer
    return [_slot(*row) for row in rows]


def slots_by_id(ids: Sequence[int]) -> list[Slot]:
    """These visits, in the order of their days; one query."""
    statement = _all_jobs().where(Job.id.in_(ids)).order_by(Job.on_date, Job.start_time, Job.id)
    rows: Any = db.session.execute(statement)
    return [_slot(*row) for row in rows]


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
    what: str, row_id: int, client_id: int, sitter_id: int | None, on_date: dt.date, ends_on: dt.date,
    start_time: dt.time | None, end_time: dt.time | None, minutes: int, block_name: str | None,
    block_start: dt.time | None, block_end: dt.time | None, state: str, first: str, last: str, service: str,
    time_type: str, sitter_first: str | None, sitter_last: str | None, version: int,
) -> Slot:  # fmt: skip
    is_job = what == "job"
    block = Block(block_name, block_start, block_end) if block_name and block_start and block_end else None
    return Slot(
        row_id if is_job else None, None if is_job else row_id, client_id, sitter_id, on_date, ends_on, start_time,
        end_time, minutes, block, kind_of(JobState(state), sitter_id) if is_job else "req", f"{first} {last}".strip(),
        service, TimeType(time_type), f"{sitter_first or ''} {sitter_last or ''}".strip(),
        version,
    )  # fmt: skip


def _jobs(wish: Wish) -> Any:
    statement = _all_jobs().where(touching(wish.first, wish.last))
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


def _all_jobs() -> Any:
    """Visits with all that a slot needs."""
    columns: list[Any] = [
        sa.literal("job"), Job.id, Job.client_id, Job.sitter_id, Job.on_date, Job.ends_on, Job.start_time,
        Job.end_time, Job.duration_minutes, TimeBlock.name, TimeBlock.starts_at, TimeBlock.ends_at,
        _text(Job.state), Client.first_name, Client.last_name, ServiceItem.name, _text(ServiceItem.time_type),
        Staff.first_name, Staff.last_name, Job.version,
    ]  # fmt: skip
    return (
        sa.select(*columns)
        # Every visit has a client and a service; outer, so that SQLite begins with the visits and not with all clients.
        .outerjoin(Client, Client.id == Job.client_id)
        .outerjoin(ServiceItem, ServiceItem.id == Job.service_item_id)
        .outerjoin(TimeBlock, TimeBlock.id == Job.time_block_id)
        .outerjoin(Staff, Staff.id == Job.sitter_id)
    )


def _lines(wish: Wish) -> Any:
    """Waiting requests stand with the sitter who is chosen, or would be proposed."""
    proposed = sa.case((JobRequestLine.leave_unassigned, None), else_=Client.primary_sitter_id)
    sitter_id = sa.func.coalesce(JobRequestLine.sitter_id, proposed)
    columns: list[Any] = [
        sa.literal("line"), JobRequestLine.id, JobRequestLine.client_id, sitter_id, JobRequestLine.on_date,
        LINE_ENDS_ON, JobRequestLine.start_time, JobRequestLine.end_time, ServiceItem.duration_minutes,
        TimeBlock.name, TimeBlock.starts_at, TimeBlock.ends_at, _text(JobRequestLine.state), Client.first_name,
        Client.last_name, ServiceItem.name, _text(ServiceItem.time_type), Staff.first_name, Staff.last_name,
        sa.literal(0),
    ]  # fmt: skip
    statement = (
        sa.select(*columns)
        .join(Client, Client.id == JobRequestLine.client_id)
        .join(ServiceItem, ServiceItem.id == JobRequestLine.service_item_id)
        .outerjoin(TimeBlock, TimeBlock.id == JobRequestLine.time_block_id)
        .outerjoin(Staff, Staff.id == sitter_id)
        .where(JobRequestLine.state == LineState.SUBMITTED, lines_touching(wish.first, wish.last))
    )
    return narrow(statement, wish, sitter_id)


def _text(column: Any) -> sa.ColumnElement[str]:
    """An enum column as the text it is kept as: two enums stand in one column here."""
    return sa.type_coerce(column, sa.String)


def narrow(statement: Any, wish: Wish, sitter_id: Any) -> Any:
    """Only the sitter and the group of services that are wished for."""
    if wish.sitter == "none":
        statement = statement.where(sitter_id.is_(None))
    elif wish.sitter:
        statement = statement.where(sitter_id == int(wish.sitter))
    if wish.group_id is not None:
        statement = statement.where(ServiceItem.group_id == wish.group_id)
    return statement


def add_pets(shown: Iterable[Row], *, with_keys: bool = False) -> None:
    """Give the visits of these rows their pets' names, and mark those without a key; one query for both."""
    add_pets_to([s for row in shown for cell in row.cells.values() for s in cell], with_keys=with_keys)


def add_pets_to(slots: Sequence[Slot], *, with_keys: bool = False) -> None:
    """Give these visits their pets' names, and mark those whose sitter does not hold the client's key; one query."""
    jobs, lines = [*{s.job_id for s in slots if s.job_id}], [*{s.line_id for s in slots if s.line_id}]
    needy = _may_need_keys(slots) if with_keys else []
    of_line = job_request_line_pet.c
    parts: list[Any] = []
    if jobs:
        parts.append(sa.select(sa.literal("job"), job_pet.c.job_id, Pet.name).join(Pet, Pet.id == job_pet.c.pet_id).where(among(job_pet.c.job_id, jobs)))  # fmt: skip
    if lines:
        parts.append(sa.select(sa.literal("line"), of_line.line_id, Pet.name).join(Pet, Pet.id == of_line.pet_id).where(among(of_line.line_id, lines)))  # fmt: skip
    if needy:
        lacking: Any = key_facts.lacking_among(needy)
        parts.append(lacking.with_only_columns(sa.literal("no key"), Job.id, sa.literal("")))
    if not parts:
        return
    names: dict[tuple[str, int], list[str]] = {}
    statement: Any = parts[0] if len(parts) == 1 else sa.union_all(*parts)
    rows: Any = db.session.execute(statement).all()
    for what, row_id, name in rows:
        names.setdefault((what, row_id), []).append(name)
    for slot in slots:
        own = ("job", slot.job_id) if slot.job_id else ("line", slot.line_id or 0)
        slot.pets = ", ".join(sorted(names.get(own, [])))
        slot.no_key = bool(slot.job_id) and ("no key", slot.job_id) in names


def _may_need_keys(slots: Sequence[Slot]) -> list[int]:
    return [*{s.job_id for s in slots if s.job_id and s.kind in {"scheduled", "live"}}]


def add_keys_to(slots: Sequence[Slot]) -> None:
    """Only mark the visits whose sitter does not hold the client's key; one query."""
    lacking = key_facts.without_key(_may_need_keys(slots))
    for slot in slots:
        slot.no_key = slot.job_id in lacking


def add_keys(shown: Iterable[Row]) -> None:
    """The same for the visits of these rows."""
    add_keys_to([s for row in shown for cell in row.cells.values() for s in cell])


def addresses(shown: Iterable[Row]) -> dict[int, tuple[str, str]]:
    """Where these clients live, and their phone: {client id: (address, phone)}; one query."""
    ids = {s.client_id for row in shown for cell in row.cells.values() for s in cell}
    columns = (Client.address_line1, Client.address_line2, Client.city, Client.postcode)
    found = db.session.execute(sa.select(Client.id, Client.phone, *columns).where(Client.id.in_(ids))) if ids else ()
    return {row[0]: (", ".join(part for part in row[2:] if part), row[1] or "") for row in found}


def add_time_off(shown: Iterable[Row], wish: Wish) -> None:
    """Mark the days on which these sitters are away, or asked to be; one query."""
    by_id = {row.key: row for row in shown if row.key is not None}
    if not by_id:
        return
    for off in db.session.scalars(
        sa.select(TimeOff).where(
            TimeOff.staff_id.in_(by_id), TimeOff.first_on <= wish.last, TimeOff.last_on >= wish.first, AWAY
        )
    ):
        row = by_id[off.staff_id]
        days = row.away if off.state is TimeOffState.APPROVED else row.asks_off
        days.update(d for d in wish.days if off.first_on <= d <= off.last_on)
