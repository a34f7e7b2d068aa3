"""What the schedule board draws: visits, waiting requests and days off as plain values for its script.

Three queries for any number of visits. Times are the business's wall-clock times without a zone.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext

from admin_site import schedule_rows
from admin_site.schedule_rows import DAY, Slot, Wish
from foundation.db import db
from models import Job, Staff, TimeOff, TimeOffState, TimeType
from workflows.conflicts import AWAY

#: the row of the visits that nobody does
NOBODY = "0"
_CLASSES = {"req": "is-req", "none": "is-none", "live": "is-live", "done": "is-done", "off": "is-off"}


def events(wish: Wish) -> list[dict[str, Any]]:
    """Every visit and request of these days."""
    slots = schedule_rows.slots_of(wish)
    schedule_rows.add_pets_to(slots, with_keys=True)
    seen: dict[Any, _Words] = {}
    return [_event(slot, seen) for slot in slots]


def event_of(job: Job) -> dict[str, Any]:
    """One visit, as it is now."""
    slot = Slot(
        job.id, None, job.client_id, job.sitter_id, job.on_date, job.ends_on, job.start_time, job.end_time,
        job.duration_minutes, schedule_rows.Block(job.time_block.name, job.time_block.starts_at, job.time_block.ends_at) if job.time_block else None,
        schedule_rows.kind_of(job.state, job.sitter_id), str(job.client), job.service_item.name, job.service_item.time_type,
        str(job.sitter or ""), job.version, ", ".join(sorted(p.name for p in job.pets)),
    )  # fmt: skip
    schedule_rows.add_keys_to([slot])
    return _event(slot, {})


class _Words(NamedTuple):
    """What visits at the same time and in the same state have in common: nine hundred of a day are some dozens."""

    span: tuple[str, str, bool]
    time: str
    short_time: str
    word: str


def _words(slot: Slot, seen: dict[Any, _Words]) -> _Words:
    key = (
        slot.on_date, slot.ends_on, slot.start_time, slot.end_time, slot.minutes, slot.block, slot.time_type, slot.kind,
    )  # fmt: skip
    if key not in seen:
        seen[key] = _Words(_span(slot), slot.time, slot.short_time, slot.word)
    return seen[key]


def _event(slot: Slot, seen: dict[Any, _Words]) -> dict[str, Any]:
    words = _words(slot, seen)
    start, end, all_day = words.span
    who = f"{slot.client} ({slot.pets})" if slot.pets else slot.client
    can_move = slot.job_id is not None and slot.kind in {"scheduled", "none"}
    return {
        "id": f"job-{slot.job_id}" if slot.job_id else f"line-{slot.line_id}",
        "resourceIds": [str(slot.sitter_id or NOBODY)],
        "start": start,
        "end": end,
        "allDay": all_day,
        "title": f"{gettext('REQ:')} {who}"
        if slot.kind == "req"
        else f"{who} ({gettext('no key')})"
        if slot.no_key
        else who,
        "classNames": [_CLASSES[slot.kind]] if slot.kind in _CLASSES else [],
        "editable": can_move,
        "startEditable": can_move,
        "durationEditable": False,
        "extendedProps": {
            "job": slot.job_id,
            "version": slot.version,
            "time": words.short_time,
            "service": slot.service,
            "sitter": slot.sitter,
            "label": f"{words.time}, {who}, {slot.service}, {slot.sitter or gettext('Nobody yet')}, {words.word}"
            + (f", {gettext('no key')}" if slot.no_key else ""),
            "url": url_for("visits_page.show", job_id=slot.job_id)
            if slot.job_id
            else url_for("requests.batch", client_id=slot.client_id),
            "move": url_for("moves.move", job_id=slot.job_id) if can_move else None,
        },
    }


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


def days_off(wish: Wish, sitters: Sequence[Staff]) -> list[dict[str, Any]]:
    """When sitters are away, as grey stretches, and when they asked to be, as amber ones; one query."""
    found = db.session.execute(
        sa.select(TimeOff.id, TimeOff.staff_id, TimeOff.first_on, TimeOff.last_on, TimeOff.state).where(
            TimeOff.staff_id.in_([s.id for s in sitters]),
            TimeOff.first_on <= wish.last,
            TimeOff.last_on >= wish.first,
            AWAY,
        )
    )
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
