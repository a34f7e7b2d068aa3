"""What a run of repeating services would do: which visits are missing, wanted back or in conflict. Nothing is changed.

`repeat_runs` makes them; the office sees the same as the dry run of "Run repeats".
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from foundation import clock
from foundation.db import db
from models import (
    ClientStatus,
    ClosedDay,
    Job,
    JobState,
    Pet,
    PetStatus,
    PublicHoliday,
    Repeat,
    RepeatSkip,
    RepeatTime,
    ServiceItem,
    TimeBlock,
    TimeType,
)
from workflows import client_sitters, key_facts
from workflows.conflicts import ClashKind
from workflows.plans import Plan, last_day
from workflows.repeat_clashes import DayBook, Found
from workflows.repeat_patterns import Occurrence, Slot, occurrences

#: a client with another status has no visits made
SERVED = (ClientStatus.ACTIVE, ClientStatus.PROSPECT)


@dataclass
class Outlook:
    """What a run would do for one series, or has done: its status in the list of "Run repeats"."""

    repeat: Repeat
    #: None when nobody does it, or who did has left
    sitter_id: int | None = None
    pets: list[Pet] = field(default_factory=list)
    #: visits that are missing: the run makes them
    ready: list[Occurrence] = field(default_factory=list)
    #: visits (by id) that a pause or an end called off, and that are wanted again: the run brings them back
    back: dict[int, Occurrence] = field(default_factory=dict)
    n_already: int = 0
    #: days on which the business is closed: no visits
    closed: list[dt.date] = field(default_factory=list)
    conflicts: list[Found] = field(default_factory=list)
    #: for each time of its visits, how long after their first day their last one is
    later: dict[tuple[dt.time | None, TimeBlock | None], dt.timedelta] = field(default_factory=dict)
    #: why it makes nothing at all, or not as it says: "client_away", "no_pets", "sitter_left",
    #: "sitter_blocked", "item_inactive"
    remarks: list[str] = field(default_factory=list)

    @cached_property
    def label(self) -> str:
        """Its visits in words, for those that clash with them."""
        return f"{self.repeat.service_item.name}, {self.repeat.client}"

    @property
    def wanted(self) -> list[Occurrence]:
        """The visits that the run makes or brings back."""
        if not self.back:
            return self.ready  # they were found in this order
        return sorted([*self.ready, *self.back.values()], key=lambda x: (x.on_date, x.begins, x.time_id))

    @property
    def n_ready(self) -> int:
        """How many these are."""
        return len(self.ready) + len(self.back)


@dataclass
class Run:
    """The result of a run."""

    outlooks: list[Outlook]

    @property
    def n_made(self) -> int:
        """How many visits were made or brought back."""
        return sum(o.n_ready for o in self.outlooks)

    @property
    def n_already(self) -> int:
        """How many existed."""
        return sum(o.n_already for o in self.outlooks)

    @property
    def n_conflicts(self) -> int:
        """How many conflicts the made visits have."""
        return sum(len(o.conflicts) for o in self.outlooks)


def preview(repeats: Sequence[Repeat], until: dt.date, *, first: dt.date | None = None) -> Run:
    """What `generate` would make now, without making it. A fixed number of queries however many series."""
    start = max(first or clock.today(), clock.today())
    outlooks = look(fresh(repeats), start, until)
    find_conflicts(outlooks, None)
    find_missing_keys(outlooks)
    return Run(outlooks)


def fresh(repeats: Sequence[Repeat]) -> list[Repeat]:
    """The series as they are in the database now, with all that their visits need."""
    return list(
        db.session.scalars(
            sa.select(Repeat)
            .where(Repeat.id.in_([r.id for r in repeats]))
            .options(
                joinedload(Repeat.client),
                joinedload(Repeat.service_item).joinedload(ServiceItem.group),
                joinedload(Repeat.sitter),
                selectinload(Repeat.times).joinedload(RepeatTime.time_block),
                selectinload(Repeat.pauses),
                selectinload(Repeat.pets),
            )
            .order_by(Repeat.id)
            .execution_options(populate_existing=True)
        )
    )


def look(repeats: list[Repeat], first: dt.date, last: dt.date) -> list[Outlook]:
    """What each series is missing from `first` to `last`; conflicts are looked up by `find_conflicts` afterwards."""
    known = _Known(_existing(repeats, first, last), _skipped(repeats, first, last), Closed(first, last))
    blocked, outlooks = client_sitters.blocked_pairs({r.client_id for r in repeats}), []
    for repeat in repeats:
        pets = [p for p in repeat.pets if p.status is PetStatus.ACTIVE]
        is_blocked = (repeat.client_id, repeat.sitter_id) in blocked
        o = Outlook(repeat, None if is_blocked else _sitter_of(repeat), pets)
        o.remarks = [*_remarks(repeat, pets), *(["sitter_blocked"] if is_blocked else [])]
        if not {"client_away", "no_pets"} & set(o.remarks):
            _sort_out(o, known, first, last)
        outlooks.append(o)
    return outlooks


def _sitter_of(repeat: Repeat) -> int | None:
    sitter = repeat.sitter
    return sitter.id if sitter is not None and sitter.is_active and sitter.is_sitter else None


def _remarks(repeat: Repeat, pets: list[Pet]) -> list[str]:
    remarks = []
    if repeat.client.status not in SERVED:
        remarks.append("client_away")
    if repeat.pets and not pets:
        remarks.append("no_pets")
    if repeat.sitter_id is not None and _sitter_of(repeat) is None:
        remarks.append("sitter_left")
    if not repeat.service_item.is_active:
        remarks.append("item_inactive")
    return remarks


def _sort_out(o: Outlook, known: "_Known", first: dt.date, last: dt.date) -> None:
    now = clock.local_now().replace(tzinfo=None)
    existing = known.existing[o.repeat.id]
    for x in occurrences(o.repeat, first, last, skips=known.gone[o.repeat.id]):
        job_id, can_return = existing.get(x.slot, (0, False))
        if job_id and not can_return:
            o.n_already += 1
        elif x.on_date == now.date() and is_over(x, now):
            continue
        elif known.closed.on(x.on_date, o.repeat.service_item):
            o.closed.append(x.on_date)
        elif job_id:
            o.back[job_id] = x
        else:
            o.ready.append(x)


def is_over(x: Occurrence, now: dt.datetime) -> bool:
    """Has its time, or its window, passed already today?"""
    if x.start_time is not None:
        return x.start_time < now.time()
    return x.block is not None and x.block.starts_at < x.block.ends_at < now.time()


def _existing(repeats: list[Repeat], first: dt.date, last: dt.date) -> dict[int, dict[Slot, tuple[int, bool]]]:
    """{series: {slot: (visit, may it come back?)}}: only what the series itself called off may."""
    found: dict[int, dict[Slot, tuple[int, bool]]] = defaultdict(dict)
    rows = db.session.execute(
        sa.select(
            Job.repeat_id, Job.repeat_on, Job.repeat_time_id, Job.id, Job.state, Job.repeat_off, Job.repeat_edited
        ).where(Job.repeat_id.in_([r.id for r in repeats]), Job.repeat_on.between(first, last))
    )
    for repeat_id, on, time_id, job_id, state, is_off, is_edited in rows:
        can_return = state is JobState.CANCELLED and is_off and not is_edited
        if repeat_id is not None and on is not None and time_id is not None:
            found[repeat_id][on, time_id] = (job_id, can_return)
    return found


def _skipped(repeats: list[Repeat], first: dt.date, last: dt.date) -> dict[int, set[Slot]]:
    gone: dict[int, set[Slot]] = defaultdict(set)
    for skip in db.session.scalars(
        sa.select(RepeatSkip).where(
            RepeatSkip.repeat_id.in_([r.id for r in repeats]), RepeatSkip.on_date.between(first, last)
        )
    ):
        gone[skip.repeat_id].add((skip.on_date, skip.repeat_time_id))
    return gone


@dataclass
class _Known:
    """What there is of some series already, and the days on which nothing shall be."""

    existing: dict[int, dict[Slot, tuple[int, bool]]]
    gone: dict[int, set[Slot]]
    closed: "Closed"


class Closed:
    """The days on which the business, or a service, is closed. An open public holiday is a day like any other."""

    def __init__(self, first: dt.date, last: dt.date) -> None:
        self._days = set(
            db.session.scalars(
                sa.select(PublicHoliday.on_date).where(
                    PublicHoliday.on_date.between(first, last), PublicHoliday.is_closed
                )
            )
        )
        self._stretches = db.session.scalars(
            sa.select(ClosedDay).where(ClosedDay.first_on <= last, ClosedDay.last_on >= first)
        ).all()

    def on(self, day: dt.date, item: ServiceItem) -> bool:
        """Is this service closed on the day?"""
        return day in self._days or any(
            c.first_on <= day <= c.last_on
            and c.service_item_id in {None, item.id}
            and (c.service_group_id is None or c.service_group_id == item.group_id)
            for c in self._stretches
        )


def ends_on(o: Outlook, x: Occurrence) -> dt.date:
    """The last day of a visit that is not made yet; worked out once for each time."""
    later = o.later.get((x.start_time, x.block))
    if later is None:
        item = o.repeat.service_item
        last = last_day(
            x.on_date, start_time=x.start_time, minutes=item.duration_minutes, block=x.block,
            all_day=item.time_type is TimeType.ALL_DAY,
        )  # fmt: skip
        later = o.later[x.start_time, x.block] = last - x.on_date
    return x.on_date + later


def plans(o: Outlook, visits: Iterable[Occurrence]) -> Iterator[Plan]:
    """Visits that are not made yet, in their sitter's days: as of `plan_of_item`, but the service is read once for all."""
    item, label, sitter_id = o.repeat.service_item, o.label, o.sitter_id
    minutes, time_type, asks_for_key = item.duration_minutes, item.time_type, not item.key_not_needed
    for x in visits:
        yield Plan(
            None, sitter_id, x.on_date, ends_on(o, x), x.start_time, None, x.block, minutes, time_type, label=label,
            asks_for_key=asks_for_key,
        )  # fmt: skip


def find_conflicts(outlooks: list[Outlook], book: DayBook | None) -> None:
    """Note each new visit's conflicts; the visits before it in the same run count as in the schedule."""
    planned = [(o, o.wanted) for o in outlooks if o.sitter_id is not None and o.n_ready]
    if not planned:
        return
    sitters = {o.sitter_id for o, _wanted in planned if o.sitter_id is not None}
    known = book or DayBook(sitters, min(w[0].on_date for _o, w in planned), max(w[-1].on_date for _o, w in planned))
    for o, wanted in planned:
        for planned_visit in plans(o, wanted):
            o.conflicts += known.find(planned_visit)
            known.add(planned_visit)


def find_missing_keys(outlooks: list[Outlook]) -> None:
    """Note the series whose sitter does not hold the client's key, once each, on the day of the first visit; one query."""
    planned = [o for o in outlooks if o.sitter_id and o.n_ready and not o.repeat.service_item.key_not_needed]
    lacks = key_facts.who_lack({(o.repeat.client_id, o.sitter_id) for o in planned if o.sitter_id})
    for o in planned:
        if o.sitter_id and (o.repeat.client_id, o.sitter_id) in lacks:
            o.conflicts.append(Found(ClashKind.MISSING_KEY, o.wanted[0].on_date, None, o.sitter_id))


def first_conflict(o: Outlook) -> dt.date | None:
    """The day of the earliest conflict."""
    return min((f.on_date for f in o.conflicts), default=None)
