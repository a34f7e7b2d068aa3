"""Reading for the inbox of change and cancellation requests: what waits, what was decided, one request in full.

Every list costs a fixed number of queries, however many requests wait.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

import sqlalchemy as sa
from flask_babel import format_timedelta, gettext, ngettext
from sqlalchemy.orm import joinedload, load_only, selectinload

from admin_site import texts
from admin_site.repeat_run_page import clash_words
from admin_site.words import chip_of
from foundation import clock
from foundation.db import db
from models import (
    CancellationReason,
    ChangeItem,
    ChangeKind,
    ChangeRequest,
    ChangeState,
    Client,
    Job,
    Pet,
    ServiceItem,
    Staff,
)
from ui_kit import formats, repeat_words
from workflows import change_requests, conflicts, repeat_clashes
from workflows.cancellation import Outcome
from workflows.change_facts import is_about_following, series_of, series_wanted_of, visit_of, wanted_of
from workflows.change_preview import EndPreview, preview_end
from workflows.conflicts import Clash
from workflows.errors import WorkflowError
from workflows.following import preview_item
from workflows.following_preview import FollowingPreview, conflicts_of
from workflows.mail_facts import VisitFacts
from workflows.plans import plan_of_item, window_of

#: how long automatic cancellations stand in their strip
AUTO_DAYS = 7
SOON = dt.timedelta(hours=24)
SHOWN_ITEMS = 3
SHOWN_CLASHES = 5
OPEN_KINDS = {
    "changes": (ChangeKind.CHANGE, ChangeKind.PAUSE, ChangeKind.END),
    "cancellations": (ChangeKind.CANCEL,),
    "messages": (ChangeKind.MESSAGE,),
}


@dataclass(frozen=True)
class Counts:
    """What waits in each tab."""

    changes: int
    cancellations: int
    messages: int
    auto: int


def counts() -> Counts:
    """One query."""
    auto = sa.select(sa.func.count()).select_from(ChangeRequest).where(_lately_auto()).scalar_subquery()
    return Counts(**db.session.execute(sa.select(*OPEN_BY_TAB.c, auto.label("auto"))).mappings().one())


#: what nobody has decided, in each tab: one row
OPEN_BY_TAB = (
    sa.select(
        *(
            sa.func.count(sa.case((ChangeRequest.kind.in_(kinds), ChangeRequest.id))).label(tab)
            for tab, kinds in OPEN_KINDS.items()
        )
    )
    .where(ChangeRequest.is_open)
    .subquery("open_by_tab")
)


def _lately_auto() -> Any:
    since = clock.now() - dt.timedelta(days=AUTO_DAYS)
    return sa.and_(ChangeRequest.auto_approved, ChangeRequest.closed_at >= since)


#: how many clients have asked for something that nobody has decided; each once before they are counted, as PostgreSQL
#: would sort them all for a count of distinct ones
CLIENTS_WITH_CHANGES = sa.select(sa.func.count()).select_from(
    sa.select(ChangeRequest.client_id).where(ChangeRequest.is_open).distinct().subquery()
)


# ---------------------------------------------------------------------------------------------------------- the lists


@dataclass(frozen=True)
class Row:
    """One request in a list."""

    request: ChangeRequest
    kind: tuple[str, str]
    #: what it is about, a line for each of the first visits
    lines: list[str]
    n_more: int
    #: "2 hours"
    age: str
    #: the first visit's beginning, in words; "" when nothing of it waits
    starts: str
    is_soon: bool
    fee: Decimal
    #: what became of it, for what is decided
    states: list[tuple[str, str]] = field(default_factory=list)


def rows(tab: str, limit: int, offset: int) -> list[Row]:
    """One page of a tab: what waits by its first day, what is decided by when. Four queries."""
    first = (
        sa.select(ChangeItem.request_id, sa.func.min(sa.func.coalesce(Job.on_date, ChangeItem.first_on)).label("day"))
        .outerjoin(ChangeItem.job)
        .where(ChangeItem.state == ChangeState.PENDING)
        .group_by(ChangeItem.request_id)
        .subquery()
    )
    wanted = sa.select(ChangeRequest)
    if tab in OPEN_KINDS:
        wanted = (
            wanted.outerjoin(first, first.c.request_id == ChangeRequest.id)
            .where(ChangeRequest.is_open, ChangeRequest.kind.in_(OPEN_KINDS[tab]))
            .order_by(first.c.day.is_(None), first.c.day, ChangeRequest.id)
        )
    else:
        done = _lately_auto() if tab == "auto" else sa.not_(ChangeRequest.is_open)
        wanted = wanted.where(done).order_by(ChangeRequest.closed_at.desc(), ChangeRequest.id.desc())
    found = db.session.scalars(wanted.options(*_row_loads()).limit(limit).offset(offset)).unique().all()
    now = clock.now()
    return [_row(request, now) for request in found]


def of_client(client: Client) -> list[Row]:
    """What waits of one client."""
    wanted = sa.select(ChangeRequest).where(ChangeRequest.is_open, ChangeRequest.client_id == client.id)
    found = db.session.scalars(wanted.options(*_row_loads()).order_by(ChangeRequest.id)).unique().all()
    now = clock.now()
    return [_row(request, now) for request in found]


@cache  # to put them together takes a twentieth of the page
def _row_loads() -> tuple[Any, ...]:
    """Only what a row says. The visit's client is the request's, which is there by then."""
    of_item = (ServiceItem.name, ServiceItem.duration_minutes, ServiceItem.time_type)
    of_job = (
        Job.client_id, Job.sitter_id, Job.on_date, Job.ends_on, Job.start_time, Job.end_time, Job.duration_minutes,
        Job.service_item_id, Job.time_block_id,
    )  # fmt: skip
    of_staff = (Staff.first_name, Staff.last_name)
    return (
        joinedload(ChangeRequest.client).load_only(Client.first_name, Client.last_name),
        joinedload(ChangeRequest.decided_by).load_only(*of_staff),
        joinedload(ChangeRequest.reason).load_only(CancellationReason.name),
        selectinload(ChangeRequest.items).options(
            joinedload(ChangeItem.job).options(
                load_only(*of_job), joinedload(Job.service_item).load_only(*of_item), joinedload(Job.time_block)
            ),
            joinedload(ChangeItem.new_service_item).load_only(*of_item),
            joinedload(ChangeItem.new_time_block),
            selectinload(ChangeItem.new_pets).load_only(Pet.name),
        ),
    )


def _row(request: ChangeRequest, now: dt.datetime) -> Row:
    waiting = [i for i in request.items if i.state is ChangeState.PENDING]
    shown = waiting or request.items
    begins = [window_of(i.job).earliest for i in waiting if i.job is not None]
    lines = [item_words(i) for i in shown[:SHOWN_ITEMS]] or [request.body[:120]]
    fees = sum((i.fee for i in shown if i.fee), Decimal(0))
    is_soon = bool(begins) and min(begins) - now <= SOON
    starts = texts.moment_words(min(begins)) if begins else ""
    return Row(
        request, chip_of(request.kind), lines, max(len(shown) - SHOWN_ITEMS, 0),
        format_timedelta(now - request.created_at), starts, is_soon, fees, _states(request.items),
    )  # fmt: skip


def _states(items: Iterable[ChangeItem]) -> list[tuple[str, str]]:
    return [chip_of(state) for state in dict.fromkeys(i.state for i in items)]


def visit_words(visit: VisitFacts) -> str:
    """`Dog walk, Thu 26 Nov, 12:00`."""
    parts = [visit.service, formats.short_day(dt.date.fromisoformat(visit.on_date)), time_words(visit)]
    return ", ".join(part for part in parts if part)


def time_words(visit: VisitFacts) -> str:
    """A visit's time or block, and where a stay ends."""
    when = (
        formats.clock_time(dt.time.fromisoformat(visit.start_time))
        if visit.start_time
        else texts.with_dates(visit.block)
    )
    if not visit.ends_on:
        return when
    end = formats.clock_time(dt.time.fromisoformat(visit.end_time)) if visit.end_time else ""
    until = f"{formats.short_day(dt.date.fromisoformat(visit.ends_on))} {end}".strip()
    return gettext("%(when)s until %(end)s", when=when, end=until).strip()


def item_words(item: ChangeItem) -> str:
    """One line about an item: the visit, what is wanted instead, the days of a pause."""
    visit = visit_of(item)
    if is_about_following(item) and item.first_on is not None:
        return gettext("%(service)s: all visits from %(day)s on", service=visit.service, day=formats.short_day(item.first_on))  # fmt: skip
    if item.repeat_id is not None:
        if item.first_on is None and item.last_on is not None:
            return gettext("%(service)s: last day %(day)s", service=visit.service, day=formats.short_day(item.last_on))
        days = " - ".join(formats.short_day(d) for d in (item.first_on, item.last_on) if d)
        return f"{visit.service}: {days}"
    wanted = wanted_of(item)
    return f"{visit_words(visit)} → {visit_words(wanted)}" if wanted else visit_words(visit)


# -------------------------------------------------------------------------------------------------------- one request


@dataclass(frozen=True)
class Detail:
    """One visit of a request, as the processing screen shows it."""

    item: ChangeItem
    words: str
    state: tuple[str, str]
    #: (label, old, new, is it different)
    compared: list[tuple[str, str, str, bool]]
    clashes: list[Clash]
    #: what the price changes by
    difference: Decimal | None
    #: why it cannot be decided any more, though nobody has
    over: str = ""
    #: what the end of a series that waits would call off, and cost
    end: EndPreview | None = None
    #: what a wish for "this and all following" that waits would do, and the conflicts that it would cause
    following: FollowingPreview | None = None
    series_clashes: list[str] = field(default_factory=list)
    is_soon: bool = False


def details(request: ChangeRequest) -> list[Detail]:
    """Every visit of the request with its conflicts; a fixed number of queries."""
    items = change_requests.fresh_items(
        db.session.scalars(sa.select(ChangeItem.id).where(ChangeItem.request_id == request.id))
    )
    now = clock.now()
    clashes = conflicts.find(
        plan_of_item(
            ("job", i.job.id), i.new_service_item, sitter_id=i.job.sitter_id, on_date=i.new_on_date,
            start_time=i.new_start_time, block=i.new_time_block, ends_on=i.new_ends_on, end_time=i.new_end_time,
            job_id=i.job.id, label=f"{i.new_service_item.name}, {request.client}", client_id=request.client_id,
            same_sitter=not i.job.service_item.key_not_needed,
        )
        for i in items
        if i.state is ChangeState.PENDING and i.job and i.new_service_item and i.new_on_date
    )  # fmt: skip
    return [_detail(item, clashes.get(("job", item.job_id), []), now) for item in items]


def _detail(item: ChangeItem, clashes: list[Clash], now: dt.datetime) -> Detail:
    ends = change_requests.why_over(item, now) if item.state is ChangeState.PENDING else None
    over = {
        ChangeState.EXPIRED: gettext("It has begun or is over. Deciding closes it, and the client is told."),
        ChangeState.SUPERSEDED: gettext(
            "The visit was changed since the client asked. Deciding closes it, and the client is told."
        ),
    }
    begins = window_of(item.job).earliest if item.job is not None else None
    difference, following, why_not = None, *following_of(item)
    if item.price_after is not None and item.price_before is not None:
        difference = item.price_after - item.price_before
    return Detail(
        item, item_words(item), chip_of(item.state), _compared(item), clashes, difference,
        over[ends] if ends else why_not, following=following,
        series_clashes=_series_clashes(item, following) if following else [],
        is_soon=begins is not None and item.state is ChangeState.PENDING and begins - now <= SOON, end=end_of(item),
    )  # fmt: skip


def end_of(item: ChangeItem) -> EndPreview | None:
    """What a waiting end of a series calls off, at the figures that the client was shown; None for anything else."""
    is_end = item.request.kind is ChangeKind.END and item.state is ChangeState.PENDING
    if not is_end or item.repeat is None or item.last_on is None:
        return None
    return preview_end(item.repeat, item.last_on, shown=item.request.snapshot)


def following_of(item: ChangeItem) -> tuple[FollowingPreview | None, str]:
    """What a waiting wish about a series does at the figures that the client was shown, or why it cannot be done now."""
    if item.state is not ChangeState.PENDING or not is_about_following(item):
        return None, ""
    try:
        return preview_item(item), ""
    except WorkflowError as problem:
        return None, problem.say(gettext)


def charged_of(item: ChangeItem) -> tuple[tuple[Job, Outcome], ...]:
    """The visits of a series that a waiting request calls off or moves away, and that cost something."""
    found = end_of(item) or following_of(item)[0]
    return found.charged if found else ()


def _series_clashes(item: ChangeItem, preview: FollowingPreview) -> list[str]:
    found = conflicts_of(item.repeat, preview) if item.repeat is not None else []
    names = repeat_clashes.labels(found[:SHOWN_CLASHES])
    said = [clash_words(f, names) for f in found[:SHOWN_CLASHES]]
    n = len(found) - SHOWN_CLASHES
    return [*said, ngettext("and %(num)d more conflict", "and %(num)d more conflicts", n)] if n > 0 else said


def _compared(item: ChangeItem) -> list[tuple[str, str, str, bool]]:
    old, new = visit_of(item), wanted_of(item)
    if new is None:
        return _compared_series(item)
    pairs = [
        (gettext("Service"), old.service, new.service),
        (gettext("Day"), *(formats.short_day(dt.date.fromisoformat(v.on_date)) for v in (old, new))),
        (gettext("Time"), time_words(old) or gettext("any time"), time_words(new) or gettext("any time")),
        (gettext("Pets"), ", ".join(old.pets), ", ".join(new.pets)),
        (gettext("Note"), old.note, new.note),
    ]
    return [
        (label, before or gettext("none"), after or gettext("none"), before != after) for label, before, after in pairs
    ]


def _compared_series(item: ChangeItem) -> list[tuple[str, str, str, bool]]:
    old, new = series_of(item), series_wanted_of(item)
    if old is None or new is None or item.first_on is None:
        return []
    weeks = ("; ".join(texts.with_dates(line) for line in repeat_words.kept_week_lines(s.times)) for s in (old, new))
    pairs = [
        (gettext("Service"), old.service, new.service),
        (gettext("The week"), *weeks),
        (gettext("Pets"), ", ".join(old.pets), ", ".join(new.pets)),
        (gettext("Note"), old.note, new.note),
    ]
    return [(label, a or gettext("none"), b or gettext("none"), a != b) for label, a, b in pairs]


def waiting_words(n: int) -> str:
    """The sentence of the badge and of HOME."""
    return ngettext("%(num)d client with open change requests", "%(num)d clients with open change requests", n)
