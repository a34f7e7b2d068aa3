"""What HOME reads: today's visits by sitter, who waits, what has nobody on it, the weeks; few queries at any size."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa

from admin_site import change_queue
from admin_site.believed import Believed
from admin_site.reading import initials
from foundation import clock
from foundation.among import among
from foundation.db import db
from foundation.fixed import fixed
from foundation.twins import Twin
from foundation.types import UTCDateTime
from models import (
    Client,
    ClientLogin,
    Job,
    JobRequest,
    JobRequestLine,
    JobState,
    Key,
    LineState,
    MailRefusal,
    MailState,
    MailTemplate,
    Notification,
    OutboxMail,
    Pet,
    RefusalKind,
    ReportCard,
    ReportState,
    ServiceItem,
    Staff,
    TimeBlock,
    job_pet,
)
from workflows import condition, report_views
from workflows.billing import attention
from workflows.stretches import BUSY_STATES, is_busy, touching

#: chips a sitter and sitters on HOME; a business of 60 sitters opens the schedule for the rest
MOST_CHIPS, MOST_SITTERS = 8, 12
MOST_NOTICES = 12
WEEKS_BACK, WEEKS_AHEAD = 4, 4
DAYS_AHEAD = 7


def _asked() -> sa.Connection:
    """Plain columns are asked for on the connection: through the session, statements that name entities go their long way."""
    return db.session.connection()


@dataclass
class Chip:
    """One visit of today."""

    job_id: int
    kind: str
    time: dt.time | None
    who: str = ""
    service: str = ""


@dataclass
class Run:
    """A sitter's day, or what nobody does yet."""

    sitter_id: int | None
    name: str
    n_all: int = 0
    n_done: int = 0
    chips: list[Chip] = field(default_factory=list)

    @property
    def initials(self) -> str:
        """For the avatar."""
        return initials(self.name)

    @property
    def n_more(self) -> int:
        """How many visits are not drawn."""
        return self.n_all - len(self.chips)


@dataclass
class Today:
    """Today's visits."""

    runs: list[Run]
    n_sitters_more: int
    n_all: int
    n_done: int
    n_live: int
    n_to_go: int
    n_nobody: int
    n_late: int
    first: dt.time | None


def kind_of(state: JobState, sitter_id: int | None) -> str:
    """A visit's look: done, live, none (nobody on it), scheduled."""
    if state is JobState.COMPLETED:
        return "done"
    if state is JobState.IN_PROGRESS:
        return "live"
    if state in {JobState.CANCELLED, JobState.VOIDED}:
        return "off"
    return "scheduled" if sitter_id else "none"


def today(late: Collection[int] = ()) -> Today:
    """Today's visits by sitter: all are counted, few are drawn. Three queries, also at 900 visits.

    `late`: the visits that a warning calls late, overdue or not completed.
    """
    rows = _asked().execute(_TODAY, {"day": clock.today()}).all()
    own: dict[int | None, list[Any]] = {}
    for row in rows:
        own.setdefault(row[1], []).append(row)
    first_of_all = sorted(own, key=lambda sitter: (sitter is not None, own[sitter][0][3] or dt.time(0)))
    shown = [_run(sitter_id, own[sitter_id], late) for sitter_id in first_of_all[:MOST_SITTERS]]
    _name(shown)
    kinds = _kinds(rows, own.get(None, ()), late)
    return Today(
        runs=sorted(shown, key=lambda r: (r.sitter_id is None, r.name)),
        n_sitters_more=len(own) - len(shown),
        n_all=len(rows),
        n_done=kinds["done"],
        n_live=kinds["live"],
        n_to_go=kinds["scheduled"],
        n_nobody=kinds["none"],
        n_late=kinds["late"],
        first=next((time for *_visit, time in rows if time is not None), None),
    )


def _kinds(rows: Sequence[Any], nobodys: Sequence[Any], late: Collection[int]) -> Counter[str]:
    """How many visits there are of each kind. Counted by state first, as asking each of 900 takes ten times as long."""
    found: Counter[str] = Counter()
    for state, n in Counter(map(itemgetter(2), rows)).items():
        found[kind_as_kept(state, 1)] += n
    for _id, _sitter, state, _time in nobodys:
        found[kind_as_kept(state, 1)] -= 1
        found[kind_as_kept(state, None)] += 1
    for job_id, sitter_id, state, _time in rows if late else ():
        if job_id in late:
            found[kind_as_kept(state, sitter_id)] -= 1
            found["late"] += 1
    return found


_STARTS = sa.func.coalesce(Job.start_time, TimeBlock.starts_at)
_DAY = sa.bindparam("day", type_=sa.Date)
#: a stay that began on an earlier day is there from the morning on: the time of its first day says nothing of today
_IS_THERE = Job.on_date < _DAY
_TODAY = fixed(
    # The state as text: making an enum of each of 900 takes longer than reading them.
    sa.select(
        Job.id, Job.sitter_id, sa.type_coerce(Job.state, sa.String), sa.case((_IS_THERE, sa.null()), else_=_STARTS)
    )
    .outerjoin(TimeBlock, TimeBlock.id == Job.time_block_id)
    .where(touching(_DAY, _DAY), is_busy())
    .order_by(sa.case((_IS_THERE, 0), else_=1), _STARTS, Job.id)
)


def kind_as_kept(state: str, sitter_id: int | None) -> str:
    """As `kind_of`, for a state as it is kept."""
    return _KINDS.get(state) or ("scheduled" if sitter_id else "none")


_KINDS = {s.value: kind_of(s, None) for s in JobState if s is not JobState.SCHEDULED}


def _run(sitter_id: int | None, rows: Sequence[Any], late: Collection[int]) -> Run:
    """A sitter's day with as many chips as are drawn."""
    visits = [
        (job_id, "late" if job_id in late else kind_as_kept(state, sitter_id), time)
        for job_id, _sitter, state, time in rows
    ]
    n_done = sum(kind == "done" for _id, kind, _time in visits)
    return Run(sitter_id, "", len(visits), n_done, [Chip(*visit) for visit in _nearest(visits, n_done)])


def _nearest(visits: list[Any], n_done: int) -> list[Any]:
    """As many as are drawn, from the last that is done on: what is still to come matters."""
    start = max(min(n_done - 1, len(visits) - MOST_CHIPS), 0)
    return visits[start : start + MOST_CHIPS]


def _name(runs: list[Run]) -> None:
    """Give runs their sitters and chips their clients, pets and services; two queries. Every run has a chip."""
    chips = {chip.job_id: (chip, run) for run in runs for chip in run.chips}
    if not chips:
        return
    animals = pet_names(chips)
    for job_id, first, last, service, *sitter in _asked().execute(_JOB_NAMES, {"ids": chips}):
        chip, run = chips[job_id]
        chip.who = animals.get(job_id) or f"{first} {last}".strip()
        chip.service = service
        run.name = " ".join(part for part in sitter if part)


# Statements that are always the same are built once: that takes as long as their answer.
_JOB_NAMES = (
    sa.select(Job.id, Client.first_name, Client.last_name, ServiceItem.name, Staff.first_name, Staff.last_name)
    .join(Client, Client.id == Job.client_id)
    .join(ServiceItem, ServiceItem.id == Job.service_item_id)
    .outerjoin(Staff, Staff.id == Job.sitter_id)
    .where(among(Job.id, "ids"))
)


def pet_names(job_ids: Collection[int]) -> dict[int, str]:
    """`Biscuit, Mochi` of each visit."""
    found: dict[int, list[str]] = {}
    for job_id, name in _asked().execute(_PET_NAMES, {"ids": job_ids}):
        found.setdefault(job_id, []).append(name)
    return {job_id: ", ".join(names) for job_id, names in found.items()}


# Each name is looked up: joined, PostgreSQL reads all pets to find a hundred.
_PET_NAME = sa.select(Pet.name).where(Pet.id == job_pet.c.pet_id).scalar_subquery().label("pet_name")
_PET_NAMES = sa.select(job_pet.c.job_id, _PET_NAME).where(among(job_pet.c.job_id, "ids")).order_by(_PET_NAME)


class Facts(NamedTuple):
    """Small questions that one query answers together."""

    n_baskets: int
    n_failed_mails: int
    has_service: bool
    has_client: bool
    has_sitter: bool
    has_offer: bool
    has_login: bool
    n_notes: int
    n_attention: int
    #: sent today
    n_reports: int
    #: visits that clients asked for and nobody has decided on, the soonest, and of how many clients they were sent by themselves
    n_lines: int
    first_on: dt.date | None
    n_auto: int
    #: what clients ask about visits in the schedule and nobody has decided, by the inbox's tabs
    n_changes: int
    n_cancellations: int
    n_messages: int
    #: visits without a sitter from today to the same day next week: all, today's, and the first day
    n_nobody: int
    n_nobody_today: int
    first_nobody_on: dt.date | None
    #: keys are written down at all
    has_keys: bool
    #: somebody who is not in the team any more still has a key
    has_left_keys: bool
    #: mails whose own words could not be used
    n_broken_words: int
    #: clients whose address gave a mail back
    n_bounced: int
    #: the worker and the backups, as `condition.Known`
    worker_at: dt.datetime | None
    worker_since: dt.datetime | None
    backup_well_at: dt.datetime | None
    backup_is_well: bool | None
    check_is_well: bool | None
    is_overdue: bool

    @property
    def condition(self) -> condition.Known:
        """What the last six say together."""
        return condition.Known(
            self.worker_at, self.worker_since, self.backup_well_at, self.backup_is_well, self.check_is_well, self.is_overdue
        )  # fmt: skip


def facts() -> Facts:
    """Counts and "is there any?"; one query."""
    (begin, end), first = report_views.today(), clock.today()
    days = {"first": first, "last": first + dt.timedelta(days=DAYS_AHEAD)}
    return Facts(*_asked().execute(_FACTS, {"begin": begin, "end": end, **days, **condition.bound()}).one())


def _count(what: Any, *where: Any) -> Any:
    return sa.select(sa.func.count()).select_from(what).where(*where).scalar_subquery()


_HAS_LINES = sa.select(JobRequestLine.id).where(JobRequestLine.request_id == JobRequest.id).exists()
_LINES = (
    sa.select(
        sa.func.count(JobRequestLine.id).label("n"),
        # Of the bare column, SQLite would walk all lines by day until one of them waits.
        sa.func.min(sa.func.coalesce(JobRequestLine.on_date, sa.null())).label("first_on"),
        sa.func.count(sa.distinct(sa.case((JobRequestLine.auto_submitted, JobRequestLine.client_id)))).label("n_auto"),
    )
    .where(JobRequestLine.state == LineState.SUBMITTED)
    .subquery("lines")
)
_FIRST, _LAST = (sa.bindparam(name, type_=sa.Date) for name in ("first", "last"))
_NOBODY = (
    sa.select(
        sa.func.count(Job.id).label("n"),
        sa.func.count(sa.case((Job.on_date == _FIRST, Job.id))).label("n_today"),
        sa.func.min(Job.on_date).label("first_on"),
    )
    .where(Job.sitter_id.is_(None), Job.state == JobState.SCHEDULED, Job.on_date.between(_FIRST, _LAST))
    .subquery("nobody")
)
# With the states as parameters PostgreSQL keeps no plan of it, and to think of one took three times as long as to answer.
_FACTS = fixed(
    sa.select(
        _count(JobRequest, JobRequest.submitted_at.is_(None), _HAS_LINES),
        _count(OutboxMail, OutboxMail.state == MailState.FAILED),
        sa.exists(sa.select(ServiceItem.id).where(ServiceItem.is_active)),
        sa.exists(sa.select(Client.id)),
        sa.exists(sa.select(Staff.id).where(Staff.is_active, Staff.is_sitter)),
        sa.exists(sa.select(ServiceItem.id).where(ServiceItem.is_active, ServiceItem.visible_in_portal)),
        sa.exists(sa.select(ClientLogin.id)),
        *attention.counted(),
        _count(
            ReportCard,
            ReportCard.state == ReportState.SENT,
            ReportCard.sent_at >= sa.bindparam("begin", type_=UTCDateTime),
            ReportCard.sent_at < sa.bindparam("end", type_=UTCDateTime),
        ),
        *_LINES.c,
        *change_queue.OPEN_BY_TAB.c,
        *_NOBODY.c,
        sa.exists(sa.select(Key.id).where(Key.retired_at.is_(None))),
        sa.exists(
            sa.select(Key.id)
            .join(Staff, Staff.id == Key.holder_id)
            .where(Staff.is_active.is_(False), Key.retired_at.is_(None))
        ),
        _count(MailTemplate, MailTemplate.broken_at.is_not(None), MailTemplate.in_use.is_not(None)),
        _count(MailRefusal, MailRefusal.kind == RefusalKind.BOUNCED, MailRefusal.client_id.is_not(None)),
        *condition.KNOWN,
    ).select_from(_LINES.join(change_queue.OPEN_BY_TAB, sa.true()).join(_NOBODY, sa.true()))
)


def notices() -> list[Notification]:
    """The open notifications, newest first; one more than is shown says that there are more. They are twins."""
    return _NOTICE.read(_asked().execute(_NOTICES).all())


_NOTICE = Twin(
    Notification, "kind", "client_id", "change_request_id", "facts", "created_at",
    client=Twin(Client, "first_name", "last_name"),
)  # fmt: skip
_NOTICES = fixed(
    sa.select(*_NOTICE.columns)
    .select_from(_NOTICE.joined())
    .where(_NOTICE.c.dismissed_at.is_(None))
    .order_by(_NOTICE.c.id.desc())
    .limit(MOST_NOTICES + 1)
)


#: so many visits in the eight weeks take 2 ms to count
WEEKS: Believed[list[tuple[dt.date, int]]] = Believed(at_least=10_000)


# Grouped as their index is, so that the index alone is read: half the time for 28,000 visits on SQLite.
_WEEKS = fixed(
    sa.select(Job.state, Job.on_date, sa.func.count())
    .where(
        Job.state.in_(BUSY_STATES),
        Job.on_date.between(sa.bindparam("first", type_=sa.Date), sa.bindparam("last", type_=sa.Date)),
    )
    .group_by(Job.state, Job.on_date)
)


def weeks(first_weekday: int) -> list[tuple[dt.date, int]]:
    """Visits a week (not the cancelled ones), the last four, this one and the next three: (first day, how many)."""
    day = clock.today()
    key = (str(db.session.get_bind().engine.url), day, first_weekday)
    return WEEKS.find(
        key, lambda: _count_weeks(day - dt.timedelta(days=(day.weekday() - first_weekday) % 7), first_weekday)
    )


def _count_weeks(this: dt.date, first_weekday: int) -> tuple[list[tuple[dt.date, int]], int]:
    mondays = [this + dt.timedelta(weeks=n) for n in range(-WEEKS_BACK, WEEKS_AHEAD)]
    counts = dict.fromkeys(mondays, 0)
    for _state, on_date, n in _asked().execute(
        _WEEKS, {"first": mondays[0], "last": mondays[-1] + dt.timedelta(days=6)}
    ):
        counts[on_date - dt.timedelta(days=(on_date.weekday() - first_weekday) % 7)] += n
    return list(counts.items()), sum(counts.values())
