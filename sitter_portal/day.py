"""The sitter's work list: own visits only, the day's with their buttons, those of the next days short."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from foundation import clock
from foundation.among import among
from foundation.db import db
from foundation.twins import Twin, put_beside
from models import (
    Client,
    FilePurpose,
    Job,
    JobState,
    Pet,
    ReportCard,
    ServiceItem,
    Staff,
    StoredFile,
    TimeBlock,
    TimeType,
    job_pet,
)
from sign_in import current_actor, current_staff
from sitter_portal import keys
from sitter_portal.clients import pet_photo_url, told_by
from sitter_portal.frame import frame
from sitter_portal.taps import Taps
from ui_kit.formats import clock_time, time_of_day
from ui_kit.visit_words import map_of_address, map_of_place
from workflows import once, people, sitter_access, visit_rules, visits
from workflows.cancelling import shown_from
from workflows.conflicts import reach
from workflows.visit_rules import Steps

pages = Blueprint("sitter_day", __name__, url_prefix="/staff")
DAYS = 7
SHOWN = (JobState.SCHEDULED, JobState.IN_PROGRESS, JobState.COMPLETED, JobState.CANCELLED)


@dataclass(frozen=True)
class Visit:
    """A visit in a line: plain values, for a week can be sixty of them."""

    job_id: int
    public_id: str
    day: dt.date
    ends_on: dt.date
    is_long: bool
    starts_at: dt.time
    time: str
    state: JobState
    is_read: bool
    service: str
    client: str


_FIRST, _LAST, _REACH, _SHOWN_FROM = (
    sa.bindparam(name, type_=sa.Date) for name in ("first", "last", "reach", "shown_from")
)
_job, _item, _client, _block, _pet = (m.__table__.c for m in (Job, ServiceItem, Client, TimeBlock, Pet))
# Built once, as the other statements of this page: that takes longer than the database takes to answer it.
_VISITS = (
    sa.select(
        _job.id, _job.public_id, _job.on_date, _job.ends_on, _job.start_time, _job.end_time, _job.duration_minutes,
        _job.state, _job.acknowledged_at, _item.name, _item.time_type, _client.first_name, _client.last_name,
        _block.name, _block.starts_at, _block.ends_at,
    )
    .join(ServiceItem.__table__, _item.id == _job.service_item_id)
    .join(Client.__table__, _client.id == _job.client_id)
    .outerjoin(TimeBlock.__table__, _block.id == _job.time_block_id)
    .where(
        _job.sitter_id == sa.bindparam("staff_id", type_=sa.Integer), _job.state.in_(SHOWN),
        _job.on_date.between(_REACH, _LAST), _job.ends_on >= _FIRST,
        sa.or_(_job.state != JobState.CANCELLED, _job.ends_on >= _SHOWN_FROM),
    )
)  # fmt: skip


def visits_of(staff: Staff, first: dt.date, last: dt.date) -> list[Visit]:
    """The sitter's visits that touch these days, in the order of the day; one query."""
    days = {"first": first, "last": last, "reach": reach(first), "shown_from": shown_from()}
    rows = db.session.execute(_VISITS, {"staff_id": staff.id, **days})
    said: dict[tuple[Any, ...], str] = {}  # sixty visits have a dozen times
    return sorted((_visit(row, first, said) for row in rows), key=lambda v: (v.day, v.starts_at, v.job_id))


def _visit(row: Sequence[Any], first: dt.date, said: dict[tuple[Any, ...], str]) -> Visit:
    job_id, public_id, on, ends, start, end, minutes, state, read_at, service, time_type, given, family = row[:13]
    hours = _Hours(*row[13:]) if row[13] is not None else None
    is_long = ends != on
    when = (start, end, minutes, hours, is_long, time_type)
    if when not in said:
        said[when] = _time_words(start, end, minutes, hours, is_long=is_long, all_day=time_type is TimeType.ALL_DAY)
    return Visit(
        job_id=job_id,
        public_id=public_id,
        day=max(on, first),
        ends_on=ends,
        is_long=is_long,
        starts_at=start or (hours.starts_at if hours else dt.time(0)),
        time=said[when],
        state=state,
        is_read=read_at is not None or state is not JobState.SCHEDULED,
        service=service,
        client=f"{given} {family}".strip(),
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


@dataclass(frozen=True)
class Card:
    """A visit of the day in full. One that was called off says nothing of the client's home."""

    visit: Visit
    job: Job
    steps: Steps
    address: str
    map_url: str
    phone: str


#: where the client lives, as columns of ours are named
ADDRESS = ("address_line1", "address_line2", "city", "postcode")


_JOB = Twin(
    Job, "public_id", "client_id", "sitter_id", "on_date", "ends_on", "start_time", "end_time", "duration_minutes", "state",
    "note", "staff_note", "acknowledged_at", "checked_in_at", "checked_out_at", "version",
    client=Twin(Client, "public_id", "first_name", "last_name", "phone", *ADDRESS, "latitude", "longitude"),
    service_item=Twin(ServiceItem, "name", "time_type"), time_block=Twin(TimeBlock, "name", "starts_at", "ends_at"),
    report_card=Twin(ReportCard, "state", "message", "office_note", "version"),
)  # fmt: skip
_PET = Twin(
    Pet, "name", "species", "warning", "feeding", "medication", "notes", photo=Twin(StoredFile, "public_id")
)  # fmt: skip
_report, _file = ReportCard.__table__.c, StoredFile.__table__.c
_CARDS = (
    sa.select(*_JOB.columns)
    .join(Client.__table__, _client.id == _job.client_id)
    .join(ServiceItem.__table__, _item.id == _job.service_item_id)
    .outerjoin(TimeBlock.__table__, _block.id == _job.time_block_id)
    .outerjoin(ReportCard.__table__, _report.job_id == _job.id)
    .where(among(_job.id, "job_ids"))
)
_PETS = (
    sa.select(job_pet.c.job_id, *_PET.columns)
    .join(Pet.__table__, _pet.id == job_pet.c.pet_id)
    .outerjoin(
        StoredFile.__table__,
        sa.and_(_file.pet_id == _pet.id, _file.purpose == FilePurpose.PET_PHOTO, _file.removed_at.is_(None)),
    )
    .where(among(job_pet.c.job_id, "job_ids"))
    .order_by(_pet.name)
)


def cards_of(own: Sequence[Visit], closed: Collection[str]) -> list[Card]:
    """The day's visits with client, pets and photos; two queries however many they are."""
    ids, actor, now = {"job_ids": [v.job_id for v in own]}, current_actor(), clock.now()
    jobs = _JOB.read(db.session.execute(_CARDS, ids))
    put_beside(jobs, "pets", _PET.by_first(db.session.execute(_PETS, ids)))
    of_id = {job.id: job for job in jobs}
    return [_card(v, of_id[v.job_id], visit_rules.steps(of_id[v.job_id], actor=actor, now=now), closed) for v in own]


def _card(visit: Visit, job: Job, steps: Steps, closed: Collection[str]) -> Card:
    if job.state is JobState.CANCELLED:
        return Card(visit, job, steps, "", "", "")
    address, url = home_of(job.client, closed)
    return Card(visit, job, steps, address, url, told_by(closed)(job.client, "phone"))


def home_of(client: Client, closed: Collection[str]) -> tuple[str, str]:
    """The address in one line, as far as sitters read it, and a map: of the home's place when it is known."""
    parts = [getattr(client, name) for name in ADDRESS if f"client.{name}" not in closed]
    address = ", ".join(part for part in parts if part)
    return address, address and (map_of_place(client.latitude, client.longitude) or map_of_address(address))


@pages.get("/")
def day() -> str:
    """Seven days from `?from=` (today without it), own visits only: the first that has any in full, the others short."""
    staff = current_staff() or abort(403)
    try:
        first = dt.date.fromisoformat(request.args["from"]) if "from" in request.args else clock.today()
        last = first + dt.timedelta(days=DAYS - 1)
        before = first - dt.timedelta(days=DAYS)
    except (ValueError, OverflowError):
        abort(404)
    by_day = [(key, list(own)) for key, own in groupby(visits_of(staff, first, last), key=lambda v: v.day)]
    today, closed, region = clock.today(), sitter_access.closed_columns(), people.region()
    return render_template(
        "staff/day.html",
        phone_words=lambda phone: people.show_phone(phone, region=region),
        told=told_by(closed),
        photo_url=pet_photo_url,
        frame=frame(staff),
        nav="day",
        full_day=by_day[0][0] if by_day else None,
        cards=cards_of(by_day[0][1], closed) if by_day else [],
        later=by_day[1:],
        key_notes=keys.for_visits(
            [v.job_id for _day, own in by_day for v in own if v.state is not JobState.CANCELLED], staff
        ),
        n_unread=sum(not v.is_read and v.ends_on >= today for _day, own in by_day for v in own),
        today=today,
        before=before,
        last=last,
        after=last + dt.timedelta(days=1),
        taps=Taps("day", once.new_key),
    )


@pages.post("/acknowledgements")
def acknowledge_all() -> Response:
    """All own visits from today until the last day of the list that was shown (`upto`) count as read."""
    staff = current_staff() or abort(403)
    try:
        upto = dt.date.fromisoformat(request.form.get("upto", ""))
    except ValueError:
        upto = clock.today() + dt.timedelta(days=DAYS - 1)
    n = visits.acknowledge_all(staff, actor=current_actor(), upto=upto)
    db.session.commit()
    flash(ngettext("%(num)d visit acknowledged.", "%(num)d visits acknowledged.", n), "success")
    return redirect(url_for(".day"), 303)
