"""Stays: the visits of a client that belong together, because the gaps between them are short.

A stay is the chain of a client's visits with no gap over `schedule.stay_gap_hours`, or one booking over several days,
which is a stay of its own. A gap is real time from the end of one visit's window to the beginning of the next one's;
a visit without a time takes its whole day.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from foundation.db import db
from models import Job, JobState, ServiceItem, TimeBlock, TimeType
from workflows import settings
from workflows.plans import Plan, Window
from workflows.stretches import reach

#: visits further away than this from the first and last that are asked for are not looked at
REACH = dt.timedelta(days=120)
#: done visits belong to it, so that a stay of which a part is over is known to have begun
_STATES = (JobState.SCHEDULED, JobState.IN_PROGRESS, JobState.COMPLETED)


@dataclass(frozen=True)
class StayVisit:
    """A visit as far as stays go."""

    job_id: int
    client_id: int
    group_id: int | None
    on_date: dt.date
    ends_on: dt.date
    #: on the business's clock; 00:00 without a time
    begins: dt.datetime
    window: Window
    state: JobState
    #: booked as one thing over several days
    is_booking: bool

    @property
    def n_days(self) -> int:
        """For how many days (or nights) it is charged."""
        return max((self.ends_on - self.on_date).days, 1) if self.is_booking else 1


@dataclass(frozen=True, eq=False)
class Stay:
    """From when to when, and whether it has begun."""

    visits: tuple[StayVisit, ...]
    has_begun: bool

    @cached_property
    def begins(self) -> dt.datetime:
        """When the first visit begins, on the business's clock."""
        return min(v.begins for v in self.visits)

    @cached_property
    def first_on(self) -> dt.date:
        """The day of its first visit."""
        return min(v.on_date for v in self.visits)

    @cached_property
    def last_on(self) -> dt.date:
        """The last day that any of it touches."""
        return max(v.ends_on for v in self.visits)


def stays_of(jobs: Sequence[Job], *, now: dt.datetime) -> dict[int, Stay]:
    """The stay that each of these visits belongs to: {job id: stay}. One query, whoever's visits they are."""
    if not jobs:
        return {}
    gap = dt.timedelta(hours=settings.read()["schedule.stay_gap_hours"])
    found: dict[int, Stay] = {}
    visits = sorted(_visits(jobs), key=lambda v: (v.client_id, v.window.earliest, v.job_id))
    for _client, own in groupby(visits, key=lambda v: v.client_id):
        for chain in chains(own, gap=gap):
            stay = Stay(tuple(chain), any(_has_begun(v, now) for v in chain))
            found.update({v.job_id: stay for v in chain})
    return {job.id: found[job.id] for job in jobs}


def _has_begun(visit: StayVisit, now: dt.datetime) -> bool:
    return visit.state in {JobState.IN_PROGRESS, JobState.COMPLETED} or visit.window.earliest <= now


def _visits(jobs: Sequence[Job]) -> list[StayVisit]:
    first, last = min(j.on_date for j in jobs) - REACH, max(j.ends_on for j in jobs) + REACH
    ids, clients = {job.id for job in jobs}, {job.client_id for job in jobs}
    asked = {"client_ids": clients, "ids": ids, "reach": reach(first), "first": first, "last": last}
    return [_visit(row) for row in db.session.execute(_NEAR, asked)]


_REACH, _FIRST, _LAST = (sa.bindparam(name, type_=sa.Date) for name in ("reach", "first", "last"))
#: built once: every cancellation asks
_NEAR = (
    sa.select(
        Job.id, Job.client_id, Job.on_date, Job.ends_on, Job.start_time, Job.end_time, Job.duration_minutes,
        Job.state, ServiceItem.group_id, ServiceItem.time_type, TimeBlock,
    )
    .join(ServiceItem, ServiceItem.id == Job.service_item_id)
    .outerjoin(TimeBlock, TimeBlock.id == Job.time_block_id)
    .where(
        Job.client_id.in_(sa.bindparam("client_ids", expanding=True)),
        Job.on_date.between(_REACH, _LAST),  # as `stretches.touching_own`
        Job.ends_on >= _FIRST,
        sa.or_(Job.state.in_(_STATES), Job.id.in_(sa.bindparam("ids", expanding=True))),
    )
)  # fmt: skip


def _visit(row: Sequence[Any]) -> StayVisit:
    job_id, client_id, on_date, ends_on, start, end, minutes, state, group_id, time_type, block = row
    plan = Plan(job_id, None, on_date, ends_on, start, end, block, minutes, time_type)
    begins = start or (block.starts_at if block else dt.time(0))
    days = (ends_on - on_date).days
    return StayVisit(
        job_id, client_id, group_id, on_date, ends_on, dt.datetime.combine(on_date, begins), plan.window(), state,
        is_booking=days > 1 or (days == 1 and (end is not None or time_type is TimeType.ALL_DAY)),
    )  # fmt: skip


def chains(visits: Iterable[StayVisit], *, gap: dt.timedelta) -> list[list[StayVisit]]:
    """One client's visits, in the order in which they may begin, cut where a gap is longer than `gap`."""
    found: list[list[StayVisit]] = []
    bookings: list[list[StayVisit]] = []
    busy_until: dt.datetime | None = None
    for visit in visits:
        if visit.is_booking:
            bookings.append([visit])
            continue
        if busy_until is not None and visit.window.earliest - busy_until <= gap:
            found[-1].append(visit)
            busy_until = max(busy_until, visit.window.latest)
        else:
            found.append([visit])
            busy_until = visit.window.latest
    return [*found, *bookings]
