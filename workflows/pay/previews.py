"""What a pay run would pay each sitter, and what the office should look at before it runs."""

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from foundation.db import db
from models import Job, JobState, PayLineKind, PayRun, PayRunState, Staff
from workflows import demo_marks
from workflows.pay import due
from workflows.pay.due import Due

#: how far back the warnings look before the first run
FIRST_LOOK = dt.timedelta(days=30)
#: visits that a sitter's page lists as not in order
MOST_LISTED = 50
_UNDONE = (JobState.SCHEDULED, JobState.IN_PROGRESS)


@dataclass(frozen=True)
class Counts:
    """A sitter's visits between two days, as they stand now."""

    #: days on which a visit was done
    n_days: int = 0
    n_done: int = 0
    #: not done, though their day has come
    n_scheduled: int = 0
    n_cancelled: int = 0
    n_voided: int = 0
    #: done, and nobody knows when the sitter left
    n_no_check_out: int = 0

    @property
    def n_all(self) -> int:
        """Every one of them."""
        return self.n_done + self.n_scheduled + self.n_cancelled + self.n_voided


@dataclass(frozen=True)
class SitterPay:
    """What one sitter would get."""

    staff: Staff
    lines: Sequence[Due]
    counts: Counts

    @cached_property
    def total(self) -> Decimal:
        """What the lines come to."""
        return due.total(self.lines)

    @property
    def n_visits(self) -> int:
        """Done visits among the lines."""
        return sum(line.kind is PayLineKind.VISIT for line in self.lines)

    def sum_of(self, *kinds: PayLineKind) -> Decimal:
        """What the lines of these kinds come to."""
        return due.total(line for line in self.lines if line.kind in kinds)

    @cached_property
    def seen(self) -> str:
        """Names exactly these lines: what the office looked at before it ran them."""
        facts = [
            (d.kind, d.on_date.isoformat(), d.text, str(d.amount), d.job_id, d.tip_share_id, d.line_id) for d in self.lines
        ]  # fmt: skip
        return f"{self.total}:{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class Preview:
    """What a run up to this day would pay."""

    upto_on: dt.date
    #: the day from which visits were looked at that pay nothing yet
    since_on: dt.date
    #: by name, with anything to pay or anything to look at
    sitters: Sequence[SitterPay]
    #: visits that nobody was sent to
    n_unassigned: int

    @property
    def total(self) -> Decimal:
        """All of them."""
        return due.total(line for s in self.sitters for line in s.lines)


def preview(upto_on: dt.date, staff_ids: Collection[int] | None = None) -> Preview:
    """What each sitter, or each of these, would get up to and including the day; ten queries however much it is.

    Everybody with a line, whether still active or not; and whoever has visits since the last run's day that are not
    done, not checked out of, or void.
    """
    lines: dict[int, list[Due]] = defaultdict(list)
    for line in due.find(upto_on, staff_ids):
        lines[line.staff_id].append(line)
    since = since_on(upto_on)
    counted = count_visits(since, upto_on, staff_ids)
    wanted = set(lines) | {i for i, c in counted.items() if i and (c.n_scheduled or c.n_no_check_out or c.n_voided)}
    people = db.session.scalars(
        sa.select(Staff)
        .where(Staff.id.in_(wanted), ~demo_marks.is_made_up("staff", Staff.id))
        .order_by(Staff.first_name, Staff.last_name, Staff.id)
    )
    nobodys = counted.get(None, Counts())
    return Preview(
        upto_on, since,
        [SitterPay(staff, tuple(lines[staff.id]), counted.get(staff.id, Counts())) for staff in people],
        nobodys.n_scheduled + nobodys.n_done,
    )  # fmt: skip


def since_on(upto_on: dt.date) -> dt.date:
    """The day after the last run that ends before this one; thirty days back when there is none."""
    before = sa.select(sa.func.max(PayRun.upto_on)).where(PayRun.state == PayRunState.MADE, PayRun.upto_on < upto_on)
    last = db.session.scalar(before)
    return last + dt.timedelta(days=1) if last is not None else upto_on - FIRST_LOOK


def count_visits(
    first_on: dt.date, last_on: dt.date, staff_ids: Collection[int] | None = None
) -> dict[int | None, Counts]:
    """{sitter, or None for nobody: how many visits ended between these days}, with one query.

    Missing check-outs are only told where check-outs are in use at all.
    """
    done = Job.state == JobState.COMPLETED
    wanted = (
        sa.select(
            Job.sitter_id, Job.state, sa.func.count(), sa.func.count(sa.distinct(Job.ends_on)),
            sa.func.count(sa.case((sa.and_(done, Job.checked_out_at.is_(None)), 1))), sa.func.count(Job.checked_out_at),
        )
        .where(Job.ends_on.between(first_on, last_on))
        .group_by(Job.sitter_id, Job.state)
    )  # fmt: skip
    if staff_ids is not None:
        wanted = wanted.where(Job.sitter_id.in_(list(staff_ids)))
    rows = db.session.execute(wanted).all()
    uses_checks = any(row[5] for row in rows)
    by_sitter: dict[int | None, dict[JobState, tuple[int, int, int]]] = defaultdict(dict)
    for sitter_id, state, n, n_days, n_open, _n_checked in rows:
        by_sitter[sitter_id][state] = (n, n_days, n_open if uses_checks else 0)
    return {sitter_id: _counts(of) for sitter_id, of in by_sitter.items()}


def _counts(of: dict[JobState, tuple[int, int, int]]) -> Counts:
    nothing = (0, 0, 0)
    n_done, n_days, n_no_check_out = of.get(JobState.COMPLETED, nothing)
    return Counts(
        n_days=n_days, n_done=n_done, n_scheduled=sum(of.get(state, nothing)[0] for state in _UNDONE),
        n_cancelled=of.get(JobState.CANCELLED, nothing)[0], n_voided=of.get(JobState.VOIDED, nothing)[0],
        n_no_check_out=n_no_check_out,
    )  # fmt: skip


def not_in_order(staff: Staff, first_on: dt.date, last_on: dt.date) -> Sequence[Job]:
    """The sitter's visits between these days that are not done, void, or done without a check-out; the first fifty."""
    no_check_out = sa.and_(
        Job.state == JobState.COMPLETED, Job.checked_out_at.is_(None), Job.checked_in_at.is_not(None)
    )
    return db.session.scalars(
        sa.select(Job)
        .where(
            Job.sitter_id == staff.id, Job.ends_on.between(first_on, last_on),
            sa.or_(Job.state.in_([*_UNDONE, JobState.VOIDED]), no_check_out),
        )
        .options(joinedload(Job.client), joinedload(Job.service_item))
        .order_by(Job.on_date, Job.start_time, Job.id)
        .limit(MOST_LISTED)
    ).all()  # fmt: skip
