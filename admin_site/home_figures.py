"""What HOME reads: today's visits by sitter, who waits, what has nobody on it, the weeks; few queries at any size."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from admin_site.reading import initials
from foundation import clock
from foundation.db import db
from models import (
    Client,
    ClientLogin,
    Job,
    JobRequest,
    JobRequestLine,
    JobState,
    LineState,
    MailState,
    Notification,
    OutboxMail,
    Pet,
    ServiceItem,
    Staff,
    TimeBlock,
    job_pet,
)
from workflows.conflicts import BUSY_STATES, is_busy, touching

#: chips a sitter and sitters on HOME; a business of 60 sitters opens the schedule for the rest
MOST_CHIPS, MOST_SITTERS = 8, 12
MOST_NOTICES = 12
WEEKS_BACK, WEEKS_AHEAD = 4, 4
DAYS_AHEAD = 7


class Waiting(NamedTuple):
    """The requests that wait: how many visits, the soonest, how many clients' were sent automatically."""

    n_lines: int
    first_on: dt.date | None
    n_auto: int


def waiting() -> Waiting:
    """All waiting lines in one row."""
    return Waiting(*db.session.execute(_WAITING).one())


# Statements that are always the same are built once: that takes as long as their answer.
_WAITING = sa.select(
    sa.func.count(),
    sa.func.min(JobRequestLine.on_date),
    sa.func.count(sa.distinct(sa.case((JobRequestLine.auto_submitted, JobRequestLine.client_id)))),
).where(JobRequestLine.state == LineState.SUBMITTED)


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


def today() -> Today:
    """Today's visits by sitter: all are counted, few are drawn. Four queries, also at 900 visits."""
    day = clock.today()
    starts = sa.func.coalesce(Job.start_time, TimeBlock.starts_at)
    rows = db.session.execute(
        # The state as text: making an enum of each of 900 takes longer than reading them.
        sa.select(Job.id, Job.sitter_id, sa.type_coerce(Job.state, sa.String), starts)
        .outerjoin(TimeBlock, TimeBlock.id == Job.time_block_id)
        .where(touching(day, day), is_busy())
        .order_by(starts, Job.id)
    ).all()
    own: dict[int | None, list[tuple[int, str, dt.time | None]]] = {}
    for job_id, sitter_id, state, time in rows:
        own.setdefault(sitter_id, []).append((job_id, _kind(state, sitter_id), time))
    first_of_all = sorted(own, key=lambda sitter: (sitter is not None, own[sitter][0][2] or dt.time(0)))
    shown = [_run(sitter_id, own[sitter_id]) for sitter_id in first_of_all[:MOST_SITTERS]]
    _name(shown)
    kinds = Counter(kind for visits in own.values() for _id, kind, _time in visits)
    return Today(
        runs=sorted(shown, key=lambda r: (r.sitter_id is None, r.name)),
        n_sitters_more=len(own) - len(shown),
        n_all=len(rows),
        n_done=kinds["done"],
        n_live=kinds["live"],
        n_to_go=kinds["scheduled"],
        n_nobody=kinds["none"],
        first=next((time for _i, _s, _st, time in rows if time is not None), None),
    )


def _kind(state: str, sitter_id: int | None) -> str:
    """As `kind_of`, for a state as it is kept."""
    return _KINDS.get(state) or ("scheduled" if sitter_id else "none")


_KINDS = {s.value: kind_of(s, None) for s in JobState if s is not JobState.SCHEDULED}


def _run(sitter_id: int | None, visits: list[tuple[int, str, dt.time | None]]) -> Run:
    """A sitter's day with as many chips as are drawn."""
    n_done = sum(kind == "done" for _id, kind, _time in visits)
    return Run(sitter_id, "", len(visits), n_done, [Chip(*visit) for visit in _nearest(visits, n_done)])


def _nearest(visits: list[Any], n_done: int) -> list[Any]:
    """As many as are drawn, from the last that is done on: what is still to come matters."""
    start = max(min(n_done - 1, len(visits) - MOST_CHIPS), 0)
    return visits[start : start + MOST_CHIPS]


def _name(runs: list[Run]) -> None:
    """Give runs their sitters and chips their clients, pets and services; three queries."""
    chips = {chip.job_id: chip for run in runs for chip in run.chips}
    people = {r.sitter_id for r in runs if r.sitter_id}
    if not chips:
        return
    named = sa.select(Staff.id, Staff.first_name, Staff.last_name).where(Staff.id.in_(people))
    names = {row[0]: f"{row[1]} {row[2]}".strip() for row in db.session.execute(named)} if people else {}
    for run in runs:
        run.name = names.get(run.sitter_id or 0, "")
    animals = pet_names(chips)
    for job_id, first, last, service in db.session.execute(
        sa.select(Job.id, Client.first_name, Client.last_name, ServiceItem.name)
        .join(Client, Client.id == Job.client_id)
        .join(ServiceItem, ServiceItem.id == Job.service_item_id)
        .where(Job.id.in_(chips))
    ):
        chips[job_id].who = animals.get(job_id) or f"{first} {last}".strip()
        chips[job_id].service = service


def pet_names(job_ids: Any) -> dict[int, str]:
    """`Biscuit, Mochi` of each visit."""
    found: dict[int, list[str]] = {}
    for job_id, name in db.session.execute(
        sa.select(job_pet.c.job_id, Pet.name)
        .join(Pet, Pet.id == job_pet.c.pet_id)
        .where(job_pet.c.job_id.in_(job_ids))
        .order_by(Pet.name)
    ):
        found.setdefault(job_id, []).append(name)
    return {job_id: ", ".join(names) for job_id, names in found.items()}


def nobody() -> dict[dt.date, int]:
    """Visits without a sitter, from today to the same day next week, by day."""
    first = clock.today()
    found = db.session.execute(
        sa.select(Job.on_date, sa.func.count())
        .where(
            Job.sitter_id.is_(None),
            Job.state == JobState.SCHEDULED,
            Job.on_date.between(first, first + dt.timedelta(days=DAYS_AHEAD)),
        )
        .group_by(Job.on_date)
        .order_by(Job.on_date)
    )
    return {row[0]: row[1] for row in found}


class Facts(NamedTuple):
    """Small questions that one query answers together."""

    n_baskets: int
    n_failed_mails: int
    has_service: bool
    has_client: bool
    has_sitter: bool
    has_offer: bool
    has_login: bool


def facts() -> Facts:
    """Counts and "is there any?"; one query."""
    return Facts(*db.session.execute(_FACTS).one())


def _count(what: Any, *where: Any) -> Any:
    return sa.select(sa.func.count()).select_from(what).where(*where).scalar_subquery()


_HAS_LINES = sa.select(JobRequestLine.id).where(JobRequestLine.request_id == JobRequest.id).exists()
_FACTS = sa.select(
    _count(JobRequest, JobRequest.submitted_at.is_(None), _HAS_LINES),
    _count(OutboxMail, OutboxMail.state == MailState.FAILED),
    sa.exists(sa.select(ServiceItem.id).where(ServiceItem.is_active)),
    sa.exists(sa.select(Client.id)),
    sa.exists(sa.select(Staff.id).where(Staff.is_active, Staff.is_sitter)),
    sa.exists(sa.select(ServiceItem.id).where(ServiceItem.is_active, ServiceItem.visible_in_portal)),
    sa.exists(sa.select(ClientLogin.id)),
)


def notices() -> list[Notification]:
    """The open notifications, newest first; one more than is shown says that there are more."""
    return list(db.session.scalars(_NOTICES))


_NOTICES = (
    sa.select(Notification)
    .where(Notification.dismissed_at.is_(None))
    .options(joinedload(Notification.client).load_only(Client.first_name, Client.last_name, Client.account_number))
    .order_by(Notification.id.desc())
    .limit(MOST_NOTICES + 1)
)


#: so many visits in the eight weeks take 2 ms to count and look the same after one more: they are believed for a while
_WEEKS_SECONDS, _WEEKS_FROM = 30, 10_000
_weeks: dict[tuple[str, dt.date, int], tuple[float, list[tuple[dt.date, int]]]] = {}


def weeks(first_weekday: int) -> list[tuple[dt.date, int]]:
    """Visits a week (not the cancelled ones), the last four, this one and the next three: (first day, how many)."""
    day = clock.today()
    key = (str(db.session.get_bind().engine.url), day, first_weekday)
    if (known := _weeks.get(key)) and known[0] > monotonic():
        return known[1]
    this = day - dt.timedelta(days=(day.weekday() - first_weekday) % 7)
    mondays = [this + dt.timedelta(weeks=n) for n in range(-WEEKS_BACK, WEEKS_AHEAD)]
    counts = dict.fromkeys(mondays, 0)
    for _state, on_date, n in db.session.execute(
        # Grouped as their index is, so that the index alone is read: half the time for 28,000 visits on SQLite.
        sa.select(Job.state, Job.on_date, sa.func.count())
        .where(Job.state.in_(BUSY_STATES), Job.on_date.between(mondays[0], mondays[-1] + dt.timedelta(days=6)))
        .group_by(Job.state, Job.on_date)
    ):
        counts[on_date - dt.timedelta(days=(on_date.weekday() - first_weekday) % 7)] += n
    found = list(counts.items())
    if sum(counts.values()) >= _WEEKS_FROM:
        _weeks.clear()
        _weeks[key] = (monotonic() + _WEEKS_SECONDS, found)
    return found
