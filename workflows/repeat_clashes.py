"""Conflicts of many visits at once, fast enough for a year of a whole business: the sitters' days as plain values.

The rules are those of `conflicts`; only the way to the other visits differs (no objects, looked up by day). A run of
repeats makes its visits in spite of conflicts and lists them, so that the office can choose another sitter.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from foundation.db import db
from models import Client, Job, ServiceItem, TimeBlock, TimeOff, TimeOffState
from workflows import plans, stretches
from workflows.conflicts import ClashKind
from workflows.plans import Plan, Window
from workflows.stretches import BUSY_STATES

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Found:
    """One conflict of a planned visit; `with_job_id` is the other visit, when there is one that exists."""

    kind: ClashKind
    on_date: dt.date
    start_time: dt.time | None
    sitter_id: int
    with_job_id: int | None = None
    #: what it clashes with, when that is no visit that exists yet
    label: str = ""


class _Taken(NamedTuple):
    """When somebody is busy, and with what."""

    window: Window
    job_id: int | None
    label: str


class DayBook:
    """What some sitters have to do on each day of a stretch of time: read once, then kept up with what is added.

    `without` are visits that do not count, because they are about to be somewhere else.
    """

    def __init__(
        self, sitter_ids: Iterable[int], first: dt.date, last: dt.date, *, without: Container[int] = ()
    ) -> None:
        sitters = sorted(set(sitter_ids))
        self._days: dict[tuple[int, dt.date], list[_Taken]] = defaultdict(list)
        #: a year of visits has few different windows, and to make one takes as long as to read ten visits
        self._windows: dict[tuple[object, ...], Window] = {}
        self._away: dict[int, list[tuple[dt.date, dt.date, str]]] = defaultdict(list)
        if not sitters:
            return
        blocks = {b.id: b for b in db.session.scalars(sa.select(TimeBlock))}
        types = dict(db.session.execute(sa.select(ServiceItem.id, ServiceItem.time_type)).all())
        found = db.session.execute(
            sa.select(
                Job.id, Job.sitter_id, Job.on_date, Job.ends_on, Job.start_time, Job.end_time, Job.time_block_id,
                Job.duration_minutes, Job.service_item_id,
            ).where(
                Job.sitter_id.in_(sitters), Job.state.in_(BUSY_STATES),
                stretches.touching_own(first - DAY, last + DAY),
            )
        )  # fmt: skip
        for job_id, sitter_id, on, ends, start, end, block_id, minutes, item_id in found:
            if sitter_id is None or job_id in without:
                continue
            asked = (on, ends, start, end, block_id, minutes, types[item_id])
            window = self._windows.get(asked)
            if window is None:
                block = blocks.get(block_id) if block_id else None
                plan = Plan(None, sitter_id, on, ends, start, end, block, minutes, types[item_id])
                window = self._windows[asked] = plan.window()
            self._put(sitter_id, on, ends, _Taken(window, job_id, ""))
        for off in db.session.scalars(
            sa.select(TimeOff).where(
                TimeOff.staff_id.in_(sitters), TimeOff.first_on <= last, TimeOff.last_on >= first,
                TimeOff.state == TimeOffState.APPROVED,
            )
        ):  # fmt: skip
            self._away[off.staff_id].append((off.first_on, off.last_on, off.note))

    def add(self, plan: Plan) -> None:
        """Put a visit into its sitter's days."""
        if plan.sitter_id is not None:
            self._put(plan.sitter_id, plan.on_date, plan.ends_on, _Taken(self._window(plan), plan.job_id, plan.label))

    def _put(self, sitter_id: int, first: dt.date, last: dt.date, taken: _Taken) -> None:
        self._days[sitter_id, first].append(taken)
        while first < last:
            first += DAY
            self._days[sitter_id, first].append(taken)

    def _window(self, plan: Plan) -> Window:
        block_id = plan.block.id if plan.block is not None else None
        asked = (plan.on_date, plan.ends_on, plan.start_time, plan.end_time, block_id, plan.minutes, plan.time_type)
        window = self._windows.get(asked)
        if window is None:
            window = self._windows[asked] = plan.window()
        return window

    def find(self, plan: Plan) -> list[Found]:
        """What speaks against giving this visit to its sitter."""
        if plan.sitter_id is None:
            return []
        found: list[Found] = []
        window, beside = self._window(plan), []
        for other in self._around(plan.sitter_id, plan.on_date, plan.ends_on, window):
            if plans.clash(window, other.window):
                found.append(
                    Found(ClashKind.OVERLAP, plan.on_date, plan.start_time, plan.sitter_id, other.job_id, other.label)
                )  # fmt: skip
            else:
                beside.append(other.window)
        if plans.is_full(window, beside):
            block = str(plan.block) if plan.block else ""
            found.append(Found(ClashKind.BLOCK_FULL, plan.on_date, plan.start_time, plan.sitter_id, None, block))
        for first, last, note in self._away.get(plan.sitter_id, ()):
            if first <= plan.ends_on and last >= plan.on_date:
                found.append(Found(ClashKind.TIME_OFF, plan.on_date, plan.start_time, plan.sitter_id, None, note))
        return found

    def _around(self, sitter_id: int, first: dt.date, last: dt.date, window: Window) -> list[_Taken]:
        """What touches the window on these days, each once though it may stand in several of them."""
        begins, ends, near = window.earliest, window.latest, list[_Taken]()
        while first <= last:
            for taken in self._days.get((sitter_id, first), ()):
                theirs = taken.window
                if theirs.latest > begins and theirs.earliest < ends and not any(taken is one for one in near):
                    near.append(taken)
            first += DAY
        return near


def labels(found: Iterable[Found]) -> dict[int, str]:
    """The visits that are clashed with, in words: {job id: "Dog walk, Hannah Okafor"}. One query."""
    wanted = {f.with_job_id for f in found if f.with_job_id is not None}
    if not wanted:
        return {}
    rows = db.session.execute(
        sa.select(Job.id, ServiceItem.name, Client.first_name, Client.last_name)
        .join(ServiceItem, Job.service_item_id == ServiceItem.id)
        .join(Client, Job.client_id == Client.id)
        .where(Job.id.in_(wanted))
    )
    return {job_id: f"{service}, {first} {last}".strip() for job_id, service, first, last in rows}
