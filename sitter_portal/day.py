"""The sitter's day: own visits only, with what is needed at the door."""

import datetime as dt
from itertools import groupby

import sqlalchemy as sa
from flask import Blueprint, abort, render_template, request
from flask_babel import gettext
from sqlalchemy.orm import joinedload, selectinload

from foundation import clock
from foundation.db import db
from models import Client, Job, JobState, ServiceItem, Staff, TimeType
from sign_in import current_staff
from sitter_portal.frame import frame
from ui_kit.formats import clock_time, time_of_day
from workflows import people
from workflows.cancelling import still_shown
from workflows.conflicts import touching_own

pages = Blueprint("sitter_day", __name__, url_prefix="/staff")
DAYS = 7
SHOWN = (JobState.SCHEDULED, JobState.IN_PROGRESS, JobState.COMPLETED, JobState.CANCELLED)


#: a week can be sixty visits, so of the client and the service only what stands on the page is read
_SHOWN_OF_A_VISIT = (
    joinedload(Job.client).load_only(
        Client.first_name, Client.last_name, Client.address_line1, Client.address_line2, Client.city, Client.postcode,
        Client.phone,
    ),
    joinedload(Job.service_item).load_only(ServiceItem.name, ServiceItem.time_type),
    joinedload(Job.time_block),
    selectinload(Job.pets),
)  # fmt: skip


def visits_of(staff: Staff, first: dt.date, last: dt.date) -> list[Job]:
    """The sitter's visits that touch these days, in the order of the day; three queries."""
    jobs = db.session.scalars(
        sa.select(Job)
        .where(Job.sitter_id == staff.id, Job.state.in_(SHOWN), touching_own(first, last))
        .where(still_shown())
        .options(*_SHOWN_OF_A_VISIT)
    )
    return sorted(jobs, key=lambda j: (max(j.on_date, first), _start(j), j.id))


def _start(job: Job) -> dt.time:
    return job.start_time or (job.time_block.starts_at if job.time_block else dt.time(0))


def _time_words(job: Job) -> str:
    """When it is on its day; of a stay the time it begins."""
    if job.ends_on != job.on_date:
        return clock_time(job.start_time) if job.start_time else gettext("All day")
    return time_of_day(
        job.start_time,
        minutes=job.duration_minutes,
        end=job.end_time,
        block=job.time_block,
        all_day=job.service_item.time_type is TimeType.ALL_DAY,
    )


@pages.get("/")
def day() -> str:
    """Seven days from `?from=` (today without it), own visits only."""
    staff = current_staff()
    if staff is None:
        abort(403)
    try:
        first = dt.date.fromisoformat(request.args["from"]) if "from" in request.args else clock.today()
        last = first + dt.timedelta(days=DAYS - 1)
        before = first - dt.timedelta(days=DAYS)
    except (ValueError, OverflowError):
        abort(404)
    jobs = visits_of(staff, first, last)
    by_day = [(key, list(own)) for key, own in groupby(jobs, key=lambda j: max(j.on_date, first))]
    region = people.region()
    return render_template(
        "staff/day.html",
        phone_of=lambda client: people.show_phone(client.phone, region=region),
        time_of=_time_words,
        frame=frame(staff),
        nav="day",
        by_day=by_day,
        first=first,
        today=clock.today(),
        before=before,
        after=last + dt.timedelta(days=1),
    )
