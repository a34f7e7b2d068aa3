"""The sitter's day: own visits only, with what is needed at the door."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import Blueprint, abort, render_template, request
from flask_babel import gettext

from foundation import clock
from foundation.db import db
from models import Client, Job, JobState, Pet, ServiceItem, Species, Staff, TimeBlock, TimeType, job_pet
from sign_in import current_staff
from sitter_portal.frame import frame
from ui_kit.formats import clock_time, time_of_day
from workflows import people
from workflows.cancelling import still_shown
from workflows.conflicts import touching_own

pages = Blueprint("sitter_day", __name__, url_prefix="/staff")
DAYS = 7
SHOWN = (JobState.SCHEDULED, JobState.IN_PROGRESS, JobState.COMPLETED, JobState.CANCELLED)


@dataclass(frozen=True)
class Visit:
    """A visit as the page says it: plain values, for a week can be sixty of them."""

    job_id: int
    day: dt.date
    ends_on: dt.date
    is_long: bool
    starts_at: dt.time
    time: str
    state: JobState
    service: str
    client: str
    address: str
    phone: str | None
    note: str
    staff_note: str
    #: of the client's card; "" when the visit is off and the card is closed with it
    card: str


def visits_of(staff: Staff, first: dt.date, last: dt.date) -> list[Visit]:
    """The sitter's visits that touch these days, in the order of the day; one query."""
    address = Client.address_line1, Client.address_line2, Client.city, Client.postcode
    rows = db.session.execute(
        sa.select(
            Job.id, Job.on_date, Job.ends_on, Job.start_time, Job.end_time, Job.duration_minutes, Job.state, Job.note,
            Job.staff_note, ServiceItem.name, ServiceItem.time_type, Client.first_name, Client.last_name, Client.phone,
            *address, Client.public_id, TimeBlock.name, TimeBlock.starts_at, TimeBlock.ends_at,
        )
        .join(ServiceItem, ServiceItem.id == Job.service_item_id)
        .join(Client, Client.id == Job.client_id)
        .outerjoin(TimeBlock, TimeBlock.id == Job.time_block_id)
        .where(Job.sitter_id == staff.id, Job.state.in_(SHOWN), touching_own(first, last), still_shown())
    )  # fmt: skip
    return sorted((_visit(row, first) for row in rows), key=lambda v: (v.day, v.starts_at, v.job_id))


def _visit(row: Sequence[Any], first: dt.date) -> Visit:
    job_id, on, ends, start, end, minutes, state, note, staff_note, service, time_type, given, family, phone = row[:14]
    hours = _Hours(*row[19:]) if row[19] is not None else None
    is_long, is_off = ends != on, state is JobState.CANCELLED
    return Visit(
        job_id=job_id,
        day=max(on, first),
        ends_on=ends,
        is_long=is_long,
        starts_at=start or (hours.starts_at if hours else dt.time(0)),
        time=_time_words(start, end, minutes, hours, is_long=is_long, all_day=time_type is TimeType.ALL_DAY),
        state=state,
        service=service,
        client=f"{given} {family}".strip(),
        address="" if is_off else ", ".join(part for part in row[14:18] if part),
        phone=None if is_off else phone,
        note="" if is_off else note,
        staff_note="" if is_off else staff_note,
        card="" if is_off else row[18],
    )


class _Hours(NamedTuple):
    """A time block's columns."""

    name: str
    starts_at: dt.time
    ends_at: dt.time


def _time_words(
    start: dt.time | None, end: dt.time | None, minutes: int, hours: _Hours | None, *, is_long: bool, all_day: bool
) -> str:
    """When it is on its day; of a stay the time it begins."""
    if is_long:
        return clock_time(start) if start else gettext("All day")
    return time_of_day(start, minutes=minutes, end=end, block=hours, all_day=all_day)


class _Animal(NamedTuple):
    """What a sitter must know of a pet."""

    job_id: int
    id: int
    name: str
    species: Species
    warning: str
    feeding: str
    medication: str
    notes: str


def _pets_of(visits: Sequence[Visit]) -> dict[int, list[_Animal]]:
    """The pets of each visit; one query."""
    found: dict[int, list[_Animal]] = defaultdict(list)
    for row in db.session.execute(
        sa.select(job_pet.c.job_id, Pet.id, Pet.name, Pet.species, Pet.warning, Pet.feeding, Pet.medication, Pet.notes)
        .join(Pet, Pet.id == job_pet.c.pet_id)
        .where(job_pet.c.job_id.in_([v.job_id for v in visits if v.card]))
        .order_by(Pet.name)
    ):
        animal = _Animal(*row)
        found[animal.job_id].append(animal)
    return found


@pages.get("/")
def day() -> str:
    """Seven days from `?from=` (today without it), own visits only: the first that has any in full, the others short."""
    staff = current_staff()
    if staff is None:
        abort(403)
    try:
        first = dt.date.fromisoformat(request.args["from"]) if "from" in request.args else clock.today()
        last = first + dt.timedelta(days=DAYS - 1)
        before = first - dt.timedelta(days=DAYS)
    except (ValueError, OverflowError):
        abort(404)
    by_day = [(key, list(own)) for key, own in groupby(visits_of(staff, first, last), key=lambda v: v.day)]
    region = people.region()
    return render_template(
        "staff/day.html",
        phone_words=lambda phone: people.show_phone(phone, region=region),
        frame=frame(staff),
        nav="day",
        full_day=by_day[0][0] if by_day else None,
        visits=by_day[0][1] if by_day else [],
        pets=_pets_of(by_day[0][1]) if by_day else {},
        later=by_day[1:],
        today=clock.today(),
        before=before,
        after=last + dt.timedelta(days=1),
    )
