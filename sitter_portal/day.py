"""The sitter's work list: own visits only, the day's with their buttons; of the next days how many there are, and the way there."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from foundation import clock
from foundation.among import among
from foundation.db import db, rows_of
from foundation.fixed import fixed
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
from sitter_portal.clients import told_by
from sitter_portal.day_cards import DayCards, until
from sitter_portal.frame import frame
from ui_kit.formats import clock_time, time_of_day
from ui_kit.visit_words import map_of_address, map_of_place
from workflows import homes, key_facts, sitter_access, visit_rules, visits
from workflows.cancelling import shown_from
from workflows.stretches import reach
from workflows.visit_rules import Steps

pages = Blueprint("sitter_day", __name__, url_prefix="/staff")
DAYS = 7
SHOWN = (JobState.SCHEDULED, JobState.IN_PROGRESS, JobState.COMPLETED, JobState.CANCELLED)


class Hours(NamedTuple):
    """A time block's columns."""

    name: str
    starts_at: dt.time
    ends_at: dt.time


class Visit(NamedTuple):
    """A visit as the list knows it: plain values, for a week can be sixty of them."""

    job_id: int
    public_id: str
    day: dt.date
    ends_on: dt.date
    is_long: bool
    starts_at: dt.time
    state: JobState
    is_read: bool
    service: str
    client: str
    #: start, end, minutes, time block, does it take all day
    when: tuple[dt.time | None, dt.time | None, int, Hours | None, bool]
    for_key: key_facts.Known

    @property
    def time(self) -> str:
        """When it is on its day, in words; of a stay the time it begins. Most visits of a week are never asked."""
        start, end, minutes, hours, all_day = self.when
        if self.is_long:
            return clock_time(start) if start else gettext("All day")
        return time_of_day(start, minutes=minutes, end=end, block=hours, all_day=all_day)

    def is_new(self, today: dt.date) -> bool:
        """Does it wait to be acknowledged? What is over does not."""
        return not self.is_read and self.ends_on >= today


_FIRST, _LAST, _REACH, _SHOWN_FROM = (
    sa.bindparam(name, type_=sa.Date) for name in ("first", "last", "reach", "shown_from")
)
_job, _item, _client, _block, _pet = (m.__table__.c for m in (Job, ServiceItem, Client, TimeBlock, Pet))
# Built once, as the other statements of this page: that takes longer than the database takes to answer it.
_VISITS = fixed(
    sa.select(
        _job.id, _job.public_id, _job.on_date, _job.ends_on, _job.start_time, _job.end_time, _job.duration_minutes,
        _job.state, _job.acknowledged_at, _item.name, _item.time_type, _client.first_name, _client.last_name,
        _block.name, _block.starts_at, _block.ends_at, _job.client_id,
        sa.not_(sa.or_(_item.key_not_needed, _client.key_not_needed)),
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
    found = rows_of(_VISITS, {"staff_id": staff.id, **days})
    return sorted((_visit(row, first) for row in found), key=_ORDER)


_ORDER = attrgetter("day", "starts_at", "job_id")


def _visit(row: Sequence[Any], first: dt.date) -> Visit:
    (
        job_id, public_id, on, ends, start, end, minutes, state, read_at, service, time_type, given, family,
        block, block_starts, block_ends, client_id, may_need_key,
    ) = row  # fmt: skip
    hours = Hours(block, block_starts, block_ends) if block is not None else None
    return Visit(
        job_id, public_id, max(first, on), ends, ends != on, start or block_starts or dt.time(0), state,
        read_at is not None or state is not JobState.SCHEDULED, service, f"{given} {family}".strip(),
        (start, end, minutes, hours, time_type is TimeType.ALL_DAY),
        key_facts.Known(job_id, client_id, state, ends, bool(may_need_key)),
    )  # fmt: skip


@dataclass(frozen=True)
class Card:
    """A visit of the day in full. One that was called off says nothing of the client's home."""

    visit: Visit
    job: Job
    steps: Steps
    address: str
    map_url: str
    phone: str


_JOB = Twin(
    Job, "public_id", "client_id", "sitter_id", "on_date", "ends_on", "start_time", "end_time", "duration_minutes", "state",
    "note", "staff_note", "acknowledged_at", "checked_in_at", "checked_out_at", "version",
    client=Twin(Client, "public_id", "first_name", "last_name", "phone", *homes.ADDRESS, "latitude", "longitude"),
    service_item=Twin(ServiceItem, "name", "time_type", "group_id"),
    time_block=Twin(TimeBlock, "name", "starts_at", "ends_at"),
    report_card=Twin(ReportCard, "state", "message", "office_note", "version"),
)  # fmt: skip
_PET = Twin(
    Pet, "name", "species", "warning", "feeding", "medication", "notes", photo=Twin(StoredFile, "public_id")
)  # fmt: skip
_report, _file = ReportCard.__table__.c, StoredFile.__table__.c
_CARDS = fixed(
    sa.select(*_JOB.columns)
    .join(Client.__table__, _client.id == _job.client_id)
    .join(ServiceItem.__table__, _item.id == _job.service_item_id)
    .outerjoin(TimeBlock.__table__, _block.id == _job.time_block_id)
    .outerjoin(ReportCard.__table__, _report.job_id == _job.id)
    .where(among(_job.id, "job_ids"))
)
_PETS = fixed(
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
    jobs = _JOB.read(rows_of(_CARDS, ids))
    put_beside(jobs, "pets", _PET.by_first(rows_of(_PETS, ids)))
    of_id = {job.id: job for job in jobs}
    return [_card(v, of_id[v.job_id], visit_rules.steps(of_id[v.job_id], actor=actor, now=now), closed) for v in own]


def _card(visit: Visit, job: Job, steps: Steps, closed: Collection[str]) -> Card:
    if job.state is JobState.CANCELLED:
        return Card(visit, job, steps, "", "", "")
    address, url = home_of(job.client, closed)
    return Card(visit, job, steps, address, url, told_by(closed)(job.client, "phone"))


def home_of(client: Client, closed: Collection[str]) -> tuple[str, str]:
    """The address in one line, as far as sitters read it, and a map: of the home's place when it is known."""
    address = homes.in_one_line(client, closed)
    return address, address and (map_of_place(client.latitude, client.longitude) or map_of_address(address))


class Coming(NamedTuple):
    """A day after the one in full, in a line; its own page says the rest."""

    day: dt.date
    n_visits: int
    n_cancelled: int
    #: given to the sitter, or changed, since they last acknowledged
    n_new: int
    n_without_key: int
    #: the first that is still to be done, else the first that was done; None when all are cancelled
    first: Visit | None


def _coming(date: dt.date, own: Sequence[Visit], key_notes: Mapping[int, keys.KeyNote], today: dt.date) -> Coming:
    on = [visit for visit in own if visit.state is not JobState.CANCELLED]
    return Coming(
        date,
        len(on),
        len(own) - len(on),
        sum(visit.is_new(today) for visit in on),
        sum(visit.job_id in key_notes and key_notes[visit.job_id].is_missing for visit in on),
        next((visit for visit in on if visit.state is not JobState.COMPLETED), on[0] if on else None),
    )


@pages.get("/")
def day() -> str:
    """Seven days from `?from=` (today without it), own visits only: the first that has any in full, a line for the others.

    Each line leads to its day in full; it says how many visits there are, which is the first, and what is new.
    """
    staff = current_staff() or abort(403)
    try:
        first = dt.date.fromisoformat(request.args["from"]) if "from" in request.args else clock.today()
        last = first + dt.timedelta(days=DAYS - 1)
        before = first - dt.timedelta(days=DAYS)
    except (ValueError, OverflowError):
        abort(404)
    by_day = [(key, list(own)) for key, own in groupby(visits_of(staff, first, last), key=lambda v: v.day)]
    today, closed = clock.today(), sitter_access.closed_columns()
    cards = DayCards(closed)
    key_notes = keys.for_known([visit.for_key for _day, own in by_day for visit in own], staff)
    return render_template(
        "staff/day.html",
        frame=frame(staff),
        nav="day",
        full_day=by_day[0][0] if by_day else None,
        cards=[
            cards.article(card, key_notes.get(card.job.id))
            for card in (cards_of(by_day[0][1], closed) if by_day else ())
        ],
        until=until,
        coming=[_coming(key, own, key_notes, today) for key, own in by_day[1:]],
        n_unread=sum(v.is_new(today) for _day, own in by_day for v in own),
        today=today,
        before=before,
        last=last,
        after=last + dt.timedelta(days=1),
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
