"""What the schedule board draws: visits, waiting requests and days off as plain values for its script.

Two queries for any number of visits. Times are the business's wall-clock times without a zone. A day of 900 visits
is read often, so a visit says only what it does not share with others: a fifth of what whole events would be.
"""

import datetime as dt
from collections.abc import Hashable, Sequence
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext

from admin_site import schedule_marks, schedule_rows
from admin_site.home_figures import kind_of
from admin_site.job_lines import MOVABLE
from admin_site.schedule_names import Block, Named, Names
from admin_site.schedule_rows import DAY, Slot
from admin_site.schedule_wish import Wish
from foundation.among import among
from foundation.db import db
from models import Job, TimeOff, TimeOffState, TimeType
from workflows.conflicts import AWAY

#: the row of the visits that nobody does
NOBODY = "0"
#: as they go to the script, which makes events of them (board.js)
Look = dict[str, Any]
Visit = dict[str, Any]
_CLASSES = {"req": "is-req", "none": "is-none", "live": "is-live", "done": "is-done", "off": "is-off"}


def visits(wish: Wish, names: Names) -> tuple[list[Look], list[Visit]]:
    """Every visit and request of these days, and their looks: what many of them have in common. A visit names its look
    by its place in that list."""
    slots = schedule_rows.slots_of(wish, names)
    schedule_marks.add_pets_to(slots, with_keys=True)
    looks: list[Look] = []
    places: dict[Hashable, int] = {}
    drawn = []
    for slot in slots:
        place = places.setdefault(slot.look, len(looks))
        if place == len(looks):
            looks.append(_look(slot))
        drawn.append(_visit(slot, place))
    return looks, drawn


def visit_of(job: Job) -> Visit:
    """One visit, as it is now, with its look."""
    slot = Slot(
        job.id, None, job.client_id, job.sitter_id, job.on_date, job.ends_on, job.start_time, job.end_time,
        job.duration_minutes, Block(job.time_block.name, job.time_block.starts_at, job.time_block.ends_at) if job.time_block else None,
        kind_of(job.state, job.sitter_id), str(job.client), job.service_item.name, job.service_item.time_type,
        str(job.sitter or ""), job.version, ", ".join(sorted(p.name for p in job.pets)),
    )  # fmt: skip
    schedule_marks.add_keys_to([slot])
    return {**_visit(slot, 0), "look": _look(slot), "sitter": slot.sitter or gettext("Nobody yet")}


def _look(slot: Slot) -> Look:
    """What visits at the same time and in the same state have in common."""
    start, end, all_day = _span(slot)
    return {
        "start": start, "end": end, "allDay": all_day, "class": _CLASSES.get(slot.kind, ""), "word": slot.word,
        "time": slot.short_time, "span": slot.time, "movable": slot.job_id is not None and slot.kind in MOVABLE,
    }  # fmt: skip


def _visit(slot: Slot, look: int) -> Visit:
    """What it has for itself; a request has a client instead of a visit's number."""
    visit: Visit = {
        "look": look, "row": str(slot.sitter_id or NOBODY), "service": slot.service,
        "who": f"{slot.client} ({slot.pets})" if slot.pets else slot.client,
    }  # fmt: skip
    if slot.job_id is None:
        return {**visit, "line": slot.line_id, "client": slot.client_id}
    visit["job"], visit["version"] = slot.job_id, slot.version
    if slot.no_key:
        visit["noKey"] = True
    return visit


def _span(slot: Slot) -> tuple[str, str, bool]:
    """First and last moment as text, and whether it fills its days."""
    if slot.ends_on > slot.on_date and slot.end_time is not None and slot.start_time is not None:
        return f"{slot.on_date}T{slot.start_time}", f"{slot.ends_on}T{slot.end_time}", False
    if slot.start_time is not None and slot.time_type is not TimeType.ALL_DAY:
        start = dt.datetime.combine(slot.on_date, slot.start_time)
        return start.isoformat(), (start + dt.timedelta(minutes=slot.minutes)).isoformat(), False
    if slot.block is not None:
        ends = slot.on_date + DAY if slot.block.ends_at <= slot.block.starts_at else slot.on_date
        return f"{slot.on_date}T{slot.block.starts_at}", f"{ends}T{slot.block.ends_at}", False
    return f"{slot.on_date}T00:00:00", f"{slot.ends_on + DAY}T00:00:00", True


def days_off(wish: Wish, sitters: Sequence[Named]) -> list[dict[str, Any]]:
    """When sitters are away, as grey stretches, and when they asked to be, as amber ones; one query."""
    asked = {"sitters": [s.id for s in sitters], "first": wish.first, "last": wish.last}
    found = db.session.connection().execute(_DAYS_OFF, asked)
    return [
        {
            "id": f"off-{off_id}", "resourceIds": [str(staff_id)], "start": f"{first}T00:00:00",
            "end": f"{last + DAY}T00:00:00", "display": "background",
            "classNames": ["is-away"] if state is TimeOffState.APPROVED else ["is-asked"],
            "title": gettext("Away") if state is TimeOffState.APPROVED else gettext("Asked for time off"),
            "extendedProps": {},
        }
        for off_id, staff_id, first, last, state in found
    ]  # fmt: skip


# Built once: putting it together takes longer than the database takes to answer it.
_DAYS_OFF = sa.select(TimeOff.id, TimeOff.staff_id, TimeOff.first_on, TimeOff.last_on, TimeOff.state).where(
    among(TimeOff.staff_id, "sitters"),
    TimeOff.first_on <= sa.bindparam("last", type_=sa.Date),
    TimeOff.last_on >= sa.bindparam("first", type_=sa.Date),
    AWAY,
)
