"""The client's schedule: a month with the coming visits beside it, and a page for each day.

Requested visits stand among the booked ones with "REQ:". Visits of internal services and voided visits are never shown.
The month costs seven queries, and so does the day, however many visits there are, and more with requests about visits.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import sqlalchemy as sa
from flask import make_response, request, url_for
from flask_babel import gettext as _

from client_portal import asked, asking, cards, shown, words
from client_portal.cards import Card
from client_portal.frame import (
    View,
    basket_facts,
    by_htmx,
    can_ask_about_series,
    can_cancel_visits,
    can_write_message,
    client_here,
    page,
    page_group,
    schedule_is_on,
)
from client_portal.urls import read_day, read_month
from foundation import clock
from foundation.db import rows_of
from foundation.fixed import fixed
from models import (
    JOB_CLIENT_LABELS,
    ChangeItem,
    ChangeRequest,
    ChangeState,
    Client,
    Job,
    JobRequestLine,
    JobState,
    LineState,
    ServiceItem,
    TimeBlock,
)
from ui_kit import MonthGrid, month_grid
from ui_kit.formats import clock_time, language, pill_time
from ui_kit.month import DayItem, weeks_of
from workflows import changes_shown
from workflows.errors import N_

#: how many coming visits stand beside the month
COMING = 6

pages = page_group("portal_schedule", __name__, under="/schedule", nav="schedule", switches=[schedule_is_on])


@dataclass(frozen=True)
class DayCards:
    """A day's heading and its cards."""

    day: dt.date
    cards: list[Card]


@dataclass(frozen=True)
class Waiting:
    """Requested visits of one kind in one request: "Cat visit, 17:00 to 20:00: Sat 28 Nov and Sun 29 Nov".

    Of a stay the time says all, and `days` are empty.
    """

    request_id: str
    number: int
    name: str
    time: str
    days: str


@pages.get("")
def month() -> View:
    """The month of `?month=2026-11` (this month without), with a day's visits or the coming ones beside it."""
    chosen, text = read_day(request.args.get("day")), request.args.get("month")
    first = read_month(text) or (chosen or clock.today()).replace(day=1)
    return _month(first, chosen, unread=bool(text) and read_month(text) is None)


@pages.get("/<day:day>")
def day(day: dt.date) -> View:
    """Everything that is booked and requested for a day. For htmx: the month with this day's visits beside it."""
    if by_htmx("schedule"):
        response = make_response(_month(day.replace(day=1), day))
        response.headers["HX-Push-Url"] = url_for(".month", month=f"{day:%Y-%m}", day=day.isoformat())
        return response
    client = client_here()
    lines, jobs = shown.lines_of_day(client, day), shown.jobs_of_day(client, day)
    waiting = asked.waiting_items(_open_of(client))
    return page("day.html", day=day, today=clock.today(), cards=_day_cards(day, jobs, lines, waiting).cards)


def _open_of(client: Client) -> list[ChangeRequest]:
    """What the client waits for; most wait for nothing, and the frame's query knows that."""
    return changes_shown.open_of(client) if basket_facts(client).n_asked else []


def _month(first: dt.date, chosen: dt.date | None, *, unread: bool = False) -> tuple[str, int]:
    client, today = client_here(), clock.today()
    # Most clients wait for nothing, and the frame's query knows that.
    lines = shown.waiting_lines(client, chosen) if chosen or basket_facts(client).n_waiting else []
    jobs = shown.jobs_of_day(client, chosen) if chosen else shown.coming_jobs(client, today, COMING)
    is_part = by_htmx("schedule")
    open_requests = _open_of(client)
    items = asked.waiting_items(open_requests)
    return page(
        "_schedule.html" if is_part else "schedule.html",
        grid=_grid(client, first, chosen, items),
        chosen=chosen,
        today=today,
        unread_month=unread,
        days=[_day_cards(chosen, jobs, lines, items)] if chosen else _coming(today, jobs, lines, items),
        asked=[] if is_part else asked.together(open_requests),
        repeats=[]
        if is_part or not can_ask_about_series() or not basket_facts(client).n_series
        else _repeats(open_requests),
        can_cancel=can_cancel_visits(),
        can_write=can_write_message(),
        waiting=_waiting(lines),
        n_waiting=sum(1 for x in lines if x.state is LineState.SUBMITTED),
    )


# ------------------------------------------------------------------------------------------------------- the month

#: where a pill stands among those of its day, and the pill
_Drawn = tuple[tuple[bool, dt.time, str], DayItem]


def _grid(client: Client, first: dt.date, chosen: dt.date | None, asked_about: Container[int]) -> MonthGrid:
    """The month's weeks with a pill for each visit; one query for visits and requested visits together."""
    weeks = weeks_of(first)
    begin, end = weeks[0][0], weeks[-1][-1]
    found: dict[dt.date, list[_Drawn]] = defaultdict(list)
    locale = language()
    for job_id, state, on_date, ends_on, start, block, block_start, name in _pill_rows(client, begin, end):
        kind = "change" if job_id in asked_about else state
        shown = max(on_date, begin)
        while shown <= min(ends_on, end):
            own = start if shown == on_date else None
            found[shown].append(_drawn(kind, own, start or block_start, block or "", name, locale))
            shown += dt.timedelta(days=1)
    a_day = url_for(".day", day=first)
    items = {d: [pill for _order, pill in sorted(pills, key=lambda p: p[0])] for d, pills in found.items()}
    return month_grid(
        first,
        today=clock.today(),
        items=items,
        selected=[chosen] if chosen else [],
        day_url=lambda d: a_day.replace(first.isoformat(), d.isoformat()),  # one address for all 42 days
    )


_job, _line, _item, _block = (m.__table__.c for m in (Job, JobRequestLine, ServiceItem, TimeBlock))
_PILLS = fixed(
    sa.select(
        _job.id,
        sa.type_coerce(_job.state, sa.String).label("state"),
        _job.on_date,
        _job.ends_on,
        _job.start_time,
        _block.name.label("block"),
        _block.starts_at.label("block_start"),
        _item.name,
        sa.literal("job").label("what"),
    )
    .join(ServiceItem.__table__, _item.id == _job.service_item_id)
    .outerjoin(TimeBlock.__table__, _block.id == _job.time_block_id)
    .where(*shown.OWN_JOBS, shown.STILL_SHOWN, shown.TOUCHING)
    .union_all(
        sa.select(
            sa.literal(0),
            sa.type_coerce(_line.state, sa.String),
            _line.on_date,
            shown.LINE_ENDS_ON,
            _line.start_time,
            _block.name,
            _block.starts_at,
            _item.name,
            sa.literal("line"),
        )
        .join(ServiceItem.__table__, _item.id == _line.service_item_id)
        .outerjoin(TimeBlock.__table__, _block.id == _line.time_block_id)
        .where(*shown.OWN_LINES, shown.LINES_TOUCHING)
    )
)


def _pill_rows(
    client: Client, begin: dt.date, end: dt.date
) -> Iterable[tuple[int, str, dt.date, dt.date, dt.time | None, str | None, dt.time | None, str]]:
    """(visit's id or 0, kind, first day, last day, time, block's name, block's start, service) of all that touches these days."""
    for job_id, state, *rest, what in rows_of(_PILLS, shown.days_of(client, begin, end)):
        kind = JOB_CLIENT_LABELS[JobState(state)] if what == "job" else cards.LINE_KINDS[LineState(state)]
        yield (job_id, kind, *rest)  # the columns above, in their order


_SAID = {
    "req": N_("REQ: requested, waiting for an answer"),
    "scheduled": N_("Scheduled"),
    "change": N_("Change or cancellation requested"),
    "live": N_("On the visit"),
    "done": N_("Done"),
    "off": N_("Cancelled"),
    "declined": N_("Declined"),
}


@lru_cache(maxsize=512)
def _drawn(kind: str, own: dt.time | None, at: dt.time | None, block: str, name: str, _locale: str) -> _Drawn:
    """A pill with its own time or its block; most look like others of the same service and time."""
    time = (clock_time(own) if own else "") or block
    return cards.order_key(kind, at, name), _pill(kind, time, pill_time(at), name)


def _pill(kind: str, time: str, short: str, name: str) -> DayItem:
    """A pill says what it is by its words, marks and lines, not by its colour alone."""
    said = _(_SAID[kind])
    if kind == "done":
        return DayItem(kind, f"✓ {time}".strip(), name, said, short=f"✓{short}")
    if kind == "declined":
        return DayItem(kind, said, name, said, short="✕")
    return DayItem(kind, time, name, said, short=short or name)


# -------------------------------------------------------------------------------------------- cards and the banner


def _day_cards(
    day: dt.date, jobs: Iterable[Job], lines: Iterable[JobRequestLine], items: Mapping[int, ChangeItem]
) -> DayCards:
    own = [cards.of_line(x) for x in lines if x.on_date <= day <= x.last_on]
    return DayCards(day, cards.in_order([*_job_cards(jobs, items), *own]))


def _job_cards(jobs: Iterable[Job], items: Mapping[int, ChangeItem]) -> list[Card]:
    """Visits with what was asked about them, or may be asked."""
    now, shown = clock.now(), list(jobs)
    checks = cards.checks_of(shown)
    return [
        cards.of_job(
            j,
            checks=checks.get(j.id, ()),
            asked=asked.of_item(items[j.id]) if j.id in items else None,
            touch=asked.touch_of(j, items, now) if j.state is JobState.SCHEDULED and j.id not in items else None,
        )
        for j in shown
    ]


def _repeats(open_requests: Iterable[ChangeRequest]) -> list[asking.Repeating]:
    """The client's repeating services; one that was asked about waits for its answer."""
    waiting = {i.repeat_id for r in open_requests for i in r.items if i.state is ChangeState.PENDING}
    return [asking.of_repeat(r, is_asked=r.id in waiting) for r in asking.active_repeats()]


def _coming(
    today: dt.date, jobs: Iterable[Job], lines: Iterable[JobRequestLine], items: Mapping[int, ChangeItem]
) -> list[DayCards]:
    """The next visits, booked and requested, by day. A stay that is on stands under today."""
    by_day: dict[dt.date, list[Card]] = defaultdict(list)
    days = [max(j.on_date, today) for j in jobs]
    entries: list[tuple[dt.date, Card]] = list(zip(days, _job_cards(jobs, items), strict=True))
    waiting = [x for x in lines if x.state is LineState.SUBMITTED and x.last_on >= today]
    entries += [(max(x.on_date, today), cards.of_line(x)) for x in waiting[:COMING]]
    entries.sort(key=lambda e: (e[0], e[1].order))
    for day, card in entries[:COMING]:
        by_day[day].append(card)
    return [DayCards(day, own) for day, own in by_day.items()]


def _waiting(lines: Iterable[JobRequestLine]) -> list[Waiting]:
    """What the client waits for, in few words; a stay's time names its days."""
    groups: dict[tuple[int, str, str], list[JobRequestLine]] = defaultdict(list)
    for line in lines:
        if line.state is LineState.SUBMITTED:
            groups[line.request_id, line.service_item.name, words.line_time(line)].append(line)
    return [
        Waiting(
            own[0].request.public_id,
            own[0].request.number or 0,
            name,
            time,
            words.names([words.near_day(d) for d in sorted({x.on_date for x in own if x.last_on == x.on_date})]),
        )
        for (_request, name, time), own in groups.items()
    ]
