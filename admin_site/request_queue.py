"""What the job request pages read: the queue (one row a client), unsent baskets, what was decided lately, one batch.

Only reading; whatever changes something is `workflows.job_requests` and `workflows.baskets`.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from admin_site.reading import initials
from foundation import clock
from foundation.db import db
from models import (
    Activity,
    Client,
    Job,
    JobRequest,
    JobRequestLine,
    LineState,
    RequestMessage,
    Staff,
    TimeBlock,
)
from workflows import baskets, conflicts, job_requests, limits, settings
from workflows.requested_stays import plan_of_line

SOON = dt.timedelta(hours=24)
DECIDED_DAYS = 30
#: how many sitters are tried when somebody else is proposed for a conflict
MOST_CANDIDATES = 12
#: and for how many lines
MOST_LINES = 10
SORTS = ("first", "count", "sent", "name")


@dataclass
class QueueRow:
    """One client of the queue."""

    client_id: int
    name: str
    n_waiting: int
    n_cancelled: int
    first_on: dt.date | None
    sent_at: dt.datetime | None
    is_auto: bool
    #: when the first waiting visit begins, known for those of today and tomorrow; one at any time may begin at once
    starts: dt.datetime | None = None
    #: is `starts` a time that somebody asked for?
    has_time: bool = False

    @property
    def initials(self) -> str:
        """For the avatar."""
        return initials(self.name)

    @property
    def is_soon(self) -> bool:
        """Does it start within 24 hours (or has it already)?"""
        return self.starts is not None and self.starts - clock.now() <= SOON


def queue(sort: str = "first", *, descending: bool = False) -> list[QueueRow]:
    """Every client with waiting lines, or with cancelled ones that nobody has dismissed; one query."""
    rows: dict[int, QueueRow] = {}
    for client_id, first, last, n_waiting, n_cancelled, first_on, sent_at, auto in db.session.execute(_QUEUE):
        row = rows.setdefault(client_id, QueueRow(client_id, f"{first} {last}".strip(), 0, 0, None, None, False))
        row.n_waiting += n_waiting
        row.n_cancelled += n_cancelled
        row.first_on, row.sent_at = row.first_on or first_on, row.sent_at or sent_at
        row.is_auto = row.is_auto or bool(auto)
    found = list(rows.values())
    _sort(found, sort, descending=descending)
    return found


def _queue_halves() -> Any:
    """Two halves, because each is found by its state: together, SQLite walks through all lines that ever were."""
    line = JobRequestLine
    columns = line.client_id, Client.first_name, Client.last_name
    waiting = (
        sa.select(
            *columns,
            sa.func.count().label("n_waiting"),
            sa.literal(0).label("n_cancelled"),
            sa.func.min(line.on_date),
            sa.func.min(line.submitted_at),
            sa.func.max(sa.case((line.auto_submitted, 1), else_=0)),
        )
        .join(Client, Client.id == line.client_id)
        .where(line.state == LineState.SUBMITTED)
        .group_by(*columns)
    )
    cancelled = (
        sa.select(*columns, sa.literal(0), sa.func.count(), sa.null(), sa.null(), sa.literal(0))
        .join(Client, Client.id == line.client_id)
        .where(line.state == LineState.CANCELLED, line.dismissed_at.is_(None))
        .group_by(*columns)
    )
    return waiting.union_all(cancelled)


_QUEUE = _queue_halves()


def _sort(rows: list[QueueRow], sort: str, *, descending: bool) -> None:
    """Ties by name; clients of whom nothing waits any more always stand last."""
    late, never = dt.date.max, dt.datetime.max.replace(tzinfo=clock.UTC)
    keys = {
        "first": lambda r: r.first_on or late,
        "count": lambda r: r.n_waiting,
        "sent": lambda r: r.sent_at or never,
        "name": lambda r: r.name.casefold(),
    }
    rows.sort(key=lambda r: (r.name.casefold(), r.client_id))
    rows.sort(key=keys.get(sort, keys["first"]), reverse=descending)
    rows.sort(key=lambda r: r.n_waiting == 0)


def add_starts(rows: Sequence[QueueRow]) -> None:
    """Find out when the first visits of today and tomorrow begin, for these rows; one query or none."""
    today = clock.today()
    near = {r.client_id: r for r in rows if r.first_on is not None and r.first_on <= today + dt.timedelta(days=1)}
    if not near:
        return
    found = db.session.execute(
        sa.select(JobRequestLine.client_id, JobRequestLine.on_date, JobRequestLine.start_time, TimeBlock.starts_at)
        .outerjoin(TimeBlock, TimeBlock.id == JobRequestLine.time_block_id)
        .where(
            JobRequestLine.state == LineState.SUBMITTED,
            JobRequestLine.client_id.in_(near),
            JobRequestLine.on_date <= today + dt.timedelta(days=1),
        )
    )
    for client_id, on_date, start_time, block_start in found:
        at = start_time or block_start
        starts, row = clock.from_local(on_date, at or dt.time(0)), near[client_id]
        if row.starts is None or starts < row.starts:
            row.starts, row.has_time = starts, at is not None


class Counts(NamedTuple):
    """The figures on the tabs."""

    n_waiting: int
    n_baskets: int


def n_baskets() -> int:
    """How many clients have something in an unsent basket."""
    return db.session.scalar(_basket_ids().with_only_columns(sa.func.count())) or 0


def _basket_ids() -> sa.Select[Any]:
    has_lines = sa.select(JobRequestLine.id).where(JobRequestLine.request_id == JobRequest.id).exists()
    return sa.select(JobRequest.id).where(JobRequest.submitted_at.is_(None), has_lines)


# -------------------------------------------------------------------------------------------------------- baskets


@dataclass
class BasketRow:
    """An unsent basket as the office sees it."""

    basket: JobRequest
    problems: dict[int, limits.Refusal]
    #: when the clock sends it, None while the timer is off
    sends_at: dt.datetime | None
    reminded_at: dt.datetime | None = None

    @property
    def first_on(self) -> dt.date:
        """The earliest day in it."""
        return min(line.on_date for line in self.basket.lines)


def unsent(limit: int, offset: int = 0) -> list[BasketRow]:
    """Unsent baskets, the one that was touched longest ago first."""
    found = db.session.scalars(
        sa.select(JobRequest)
        .where(JobRequest.id.in_(_basket_ids()))
        .options(
            joinedload(JobRequest.client),
            baskets.with_line_parts(selectinload(JobRequest.lines)),
        )
        .order_by(JobRequest.changed_at, JobRequest.id)
        .limit(limit)
        .offset(offset)
    ).all()
    hours = settings.read()["portal.auto_submit_hours"]
    problems = baskets.problems(line for basket in found for line in basket.lines)
    reminded = _last_reminders([b.id for b in found])
    return [
        BasketRow(
            basket,
            {line.id: problems[line.id] for line in basket.lines if line.id in problems},
            basket.changed_at + dt.timedelta(hours=hours) if hours else None,
            reminded.get(basket.id),
        )
        for basket in found
    ]


def _last_reminders(basket_ids: Sequence[int]) -> dict[int, dt.datetime]:
    if not basket_ids:
        return {}
    found = db.session.execute(
        sa.select(Activity.subject_id, sa.func.max(Activity.at))
        .where(
            Activity.subject_type == "job_request",
            Activity.subject_id.in_(basket_ids),
            Activity.verb == "basket.reminded",
        )
        .group_by(Activity.subject_id)
    )
    return {subject_id: at for subject_id, at in found if subject_id is not None}


def decided(verbs: Iterable[str], limit: int, offset: int = 0) -> list[Activity]:
    """What was decided in the last 30 days, newest first, as the log keeps it."""
    since = clock.now() - dt.timedelta(days=DECIDED_DAYS)
    return list(
        db.session.scalars(
            sa.select(Activity)
            .where(Activity.verb.in_(list(verbs)), Activity.at >= since)
            .options(joinedload(Activity.client))
            .order_by(Activity.at.desc(), Activity.id.desc())
            .limit(limit)
            .offset(offset)
        )
    )


# ---------------------------------------------------------------------------------------------------------- batch


@dataclass
class BatchRow:
    """One waiting line of a batch, with what the office sees beside it."""

    line: JobRequestLine
    #: the select's value: a sitter's number, "none" for unassigned, "" for not chosen
    choice: str
    clashes: list[conflicts.Clash] = field(default_factory=list)
    #: who could do it instead
    free: list[Staff] = field(default_factory=list)
    is_ticked: bool = False


@dataclass
class Batch:
    """What waits of one client."""

    client: Client
    rows: list[BatchRow]
    cancelled: list[JobRequestLine]
    sitters: list[Staff]
    messages: list[RequestMessage]

    @property
    def n_ticked(self) -> int:
        """How many lines the page ticks."""
        return sum(row.is_ticked for row in self.rows)

    @property
    def requests(self) -> list[JobRequest]:
        """The requests that the waiting lines belong to, oldest first."""
        return sorted({row.line.request for row in self.rows}, key=lambda r: r.id)

    @property
    def notes(self) -> list[tuple[str, list[dt.date]]]:
        """The client's words, each once, with the days they were said for."""
        found: dict[str, list[dt.date]] = {}
        for row in self.rows:
            if row.line.note:
                days = found.setdefault(row.line.note, [])
                if row.line.on_date not in days:
                    days.append(row.line.on_date)
        return list(found.items())


def waiting_lines(client_id: int, *, with_cancelled: bool = True) -> list[JobRequestLine]:
    """A client's waiting lines, and cancelled ones that nobody has dismissed, with all that is shown of them."""
    shown = JobRequestLine.state == LineState.SUBMITTED
    if with_cancelled:
        cancelled = sa.and_(JobRequestLine.state == LineState.CANCELLED, JobRequestLine.dismissed_at.is_(None))
        shown = sa.or_(shown, cancelled)
    return list(
        db.session.scalars(
            sa.select(JobRequestLine)
            .where(JobRequestLine.client_id == client_id, shown)
            .options(
                joinedload(JobRequestLine.service_item),
                joinedload(JobRequestLine.time_block),
                joinedload(JobRequestLine.request),
                joinedload(JobRequestLine.sitter),
                selectinload(JobRequestLine.pets),
            )
            .order_by(JobRequestLine.on_date, JobRequestLine.start_time, JobRequestLine.id)
        )
    )


def batch(client: Client, sitters: list[Staff], ticked: Iterable[int] | None = None) -> Batch:
    """A client's batch. Without `ticked`, every line is ticked that could be scheduled as it stands."""
    lines = waiting_lines(client.id)
    waiting = [line for line in lines if line.state is LineState.SUBMITTED]
    clashes = job_requests.line_conflicts(waiting)
    rows = [BatchRow(line, _choice(line), _worst_first(clashes.get(line.id, []))) for line in waiting]
    wanted = set(ticked) if ticked is not None else {r.line.id for r in rows if r.choice and not r.clashes}
    for row in rows:
        row.is_ticked = row.line.id in wanted
    _propose(client, rows, sitters)
    cancelled = [line for line in lines if line.state is LineState.CANCELLED]
    return Batch(client, rows, cancelled, sitters, _messages({line.request_id for line in lines}))


def _worst_first(clashes: list[conflicts.Clash]) -> list[conflicts.Clash]:
    """Somebody who is away is no choice at all, whatever else is in the day."""
    return sorted(
        clashes,
        key=lambda c: (
            not c.is_final,
            c.kind is not conflicts.ClashKind.TIME_OFF,
            c.kind is conflicts.ClashKind.MISSING_KEY,
            c.on_date,
            c.start_time or dt.time(0),
        ),
    )


def _choice(line: JobRequestLine) -> str:
    sitter_id = job_requests.proposed_sitter_id(line)
    return str(sitter_id) if sitter_id else "none" if line.leave_unassigned else ""


def _messages(request_ids: set[int]) -> list[RequestMessage]:
    if not request_ids:
        return []
    return list(
        db.session.scalars(
            sa.select(RequestMessage)
            .where(RequestMessage.request_id.in_(request_ids))
            .options(joinedload(RequestMessage.staff), joinedload(RequestMessage.request))
            .order_by(RequestMessage.id.desc())
            .limit(30)
        )
    )[::-1]


def _propose(client: Client, rows: list[BatchRow], sitters: list[Staff]) -> None:
    """For lines with a conflict, find sitters who are free: those who know the client first."""
    # Another sitter helps against everything but vaccinations that have run out.
    of_sitter = {id(r) for r in rows if any(c.kind is not conflicts.ClashKind.VACCINATION for c in r.clashes)}
    clashing = [row for row in rows if id(row) in of_sitter][:MOST_LINES]
    if not clashing:
        return
    known = db.session.scalars(
        sa.select(Job.sitter_id).where(Job.client_id == client.id, Job.sitter_id.is_not(None)).order_by(Job.on_date.desc()).limit(40)
    ).all()  # fmt: skip
    # `sitters` begins with those whom the client prefers; sorting keeps that order.
    ranked = sorted(sitters, key=lambda s: known.index(s.id) if s.id in known else len(known))[:MOST_CANDIDATES]
    plans = [
        plan_of_line(row.line, key=(row.line.id, sitter.id), sitter_id=sitter.id)
        for row in clashing
        for sitter in ranked
        if str(sitter.id) != row.choice
    ]
    # The lines of this batch that have a sitter keep that sitter busy too.
    plans += [
        plan_of_line(row.line, key=row.line.id, sitter_id=int(row.choice))
        for row in rows
        if row.choice.isdigit() and id(row) not in of_sitter
    ]
    found = conflicts.find(plans)
    lacks = {key for key, clashes in found.items() if any(c.kind is conflicts.ClashKind.MISSING_KEY for c in clashes)}
    for row in clashing:
        others = {other.line.id for other in clashing} - {row.line.id}
        free = [s for s in ranked if str(s.id) != row.choice and _is_free(row.line.id, s.id, others, found)]
        with_key = [s for s in free if (row.line.id, s.id) not in lacks]
        # Whoever holds the key goes first; where only the key is missing, nobody else without it helps.
        only_key = {c.kind for c in row.clashes} <= {conflicts.ClashKind.MISSING_KEY, conflicts.ClashKind.VACCINATION}
        row.free = (with_key if only_key else [*with_key, *(s for s in free if s not in with_key)])[:3]


def _is_free(line_id: int, sitter_id: int, others: set[int], found: dict[Any, list[conflicts.Clash]]) -> bool:
    """Could this sitter do this line, as long as the other clashing lines are not given to the same one?"""
    key = (line_id, sitter_id)
    not_yet = {f"{key}:overlap:{(other, sitter_id)}:{sitter_id}" for other in others}
    return all(clash.token in not_yet or clash.kind is conflicts.ClashKind.MISSING_KEY for clash in found.get(key, []))
