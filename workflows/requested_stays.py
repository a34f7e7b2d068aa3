"""Stays that were turned back into requests: requested visits with a last day, and an end of their own.

Clients cannot ask for one; a line gets its end from the visit that it was (`back_to_request`) or from the office, and
gives it to the visit that comes of it.
"""

import datetime as dt
from collections.abc import Hashable, Iterable

import sqlalchemy as sa

from models import Job, JobRequestLine, Pet, ServiceItem, TimeType
from workflows.jobs import Stay, check_stay
from workflows.plans import Plan, last_day, plan_of_item
from workflows.stretches import reach
from workflows.wanted import Slot

#: the last day of a requested visit, in queries
LINE_ENDS_ON = sa.func.coalesce(JobRequestLine.ends_on, JobRequestLine.on_date)


def lines_touching(first: dt.date, last: dt.date) -> sa.ColumnElement[bool]:
    """Requested visits that touch a stretch of days: those that begin in it, and stays that reach into it."""
    return sa.and_(JobRequestLine.on_date.between(reach(first), last), first <= LINE_ENDS_ON)


def is_long(job: Job) -> bool:
    """Does this visit end on a day or at a time of its own, and not after its minutes or with its block?"""
    item = job.service_item
    usual = last_day(
        job.on_date, start_time=job.start_time, minutes=job.duration_minutes, block=job.time_block,
        all_day=item.time_type is TimeType.ALL_DAY,
    )  # fmt: skip
    return job.end_time is not None or job.ends_on != usual


def keeps_end(line: JobRequestLine, item: ServiceItem) -> bool:
    """Has the requested visit an end of its own that it keeps with this service? One over whole days can last as long."""
    return line.ends_on is not None and (item.id == line.service_item_id or item.time_type is TimeType.ALL_DAY)


def may_have_end(line: JobRequestLine, item: ServiceItem) -> bool:
    """Can the office give it a last day with this service? What lasts over whole days, and what has an end already."""
    return item.time_type is TimeType.ALL_DAY or keeps_end(line, item)


def moved_end(
    line: JobRequestLine, item: ServiceItem, slot: Slot, end_time: dt.time | None, ends_on: dt.date | None = None
) -> tuple[dt.date | None, dt.time | None]:
    """The last day and the end of a line that is being changed: `ends_on`, or as long as it was when that is None.

    Nothing for lines without an end of their own, or that lose it with another service. Refused: an end before the
    start or after 120 days, or only one of the two times (Invalid).
    """
    if not may_have_end(line, item):
        return None, None
    if ends_on is None:
        if line.ends_on is None:
            return None, None
        ends_on = slot.on_date + (line.ends_on - line.on_date)
    if line.ends_on is None and ends_on == slot.on_date and end_time is None:
        return None, None
    check_stay(Stay(slot.on_date, ends_on, slot.start_time, end_time))
    return ends_on, end_time


def plan_of_line(
    line: JobRequestLine, *, key: Hashable, sitter_id: int | None, label: str = "", pets: Iterable[Pet] = ()
) -> Plan:
    """A requested visit in this sitter's day."""
    return plan_of_item(
        key, line.service_item, sitter_id=sitter_id, on_date=line.on_date, start_time=line.start_time,
        block=line.time_block, ends_on=line.ends_on, end_time=line.end_time, label=label, pets=pets,
        client_id=line.client_id,
    )  # fmt: skip
