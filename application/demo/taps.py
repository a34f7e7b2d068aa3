"""What sitters tapped: when they came to and left the visits behind us, and whom they are with now."""

import datetime as dt
from random import Random
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from application.demo import bulk
from foundation import clock
from foundation.db import db
from models import CheckKind, Client, Job, JobState, PlaceSource, VisitCheck
from workflows.plans import plan_of_job
from workflows.visit_checks import Place, metres_from_home

#: older visits keep no checks, so that the demo stays small
DAYS = 60
_MINUTE = dt.timedelta(minutes=1)
#: Brookmere lies about here
_TOWN = (42.318, -72.632)
#: a degree of latitude in metres
_DEGREE = 111_000
_JOB, _CHECK = cast("sa.Table", Job.__table__), cast("sa.Table", VisitCheck.__table__)


def tap(random: Random) -> None:
    """Homes get their places, visits of the last weeks their checks, those that are done the moment when they were."""
    db.session.flush()
    clients = db.session.scalars(sa.select(Client).order_by(Client.id)).all()
    for client in clients:
        client.latitude, client.longitude = _near(random, _TOWN, 3000)
    db.session.flush()
    done = sa.and_(Job.state.in_([JobState.COMPLETED, JobState.IN_PROGRESS]), Job.sitter_id.is_not(None))
    jobs = db.session.scalars(
        sa.select(Job)
        .where(done, Job.on_date >= clock.today() - dt.timedelta(days=DAYS))
        .options(joinedload(Job.client), joinedload(Job.service_item), joinedload(Job.time_block))
        .order_by(Job.id)
    )
    now = clock.now()
    taps = [_checks(job, random, now) for job in jobs]
    if taps:
        columns = (
            sa.update(_JOB)
            .where(_JOB.c.id == sa.bindparam("job_id"))
            .values(
                {
                    name: sa.bindparam(name)
                    for name in ("acknowledged_at", "checked_in_at", "checked_out_at", "completed_at")
                }
            )
        )
        db.session.execute(columns, [of_job for of_job, _rows in taps])
        bulk.insert(_CHECK, [row for _of_job, rows in taps for row in rows])
        db.session.expire_all()


def _checks(job: Job, random: Random, now: dt.datetime) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The visit's own columns, and its rows."""
    window = plan_of_job(job).window()
    room = max(int((window.latest - window.earliest - window.length) / _MINUTE), 0)
    came = min(window.earliest + _MINUTE * (random.randint(-4, 9) + random.randint(0, room)), now - _MINUTE)
    columns = {"job_id": job.id, "acknowledged_at": job.acknowledged_at or came, "checked_in_at": came}
    rows = [_row(job, CheckKind.IN, came, random)]
    if job.state is not JobState.COMPLETED:
        return {**columns, "checked_out_at": None, "completed_at": None}, rows
    left = max(min(came + window.length + _MINUTE * random.randint(-2, 6), now), came)
    return {**columns, "checked_out_at": left, "completed_at": left}, [*rows, _row(job, CheckKind.OUT, left, random)]


def _row(job: Job, kind: CheckKind, at: dt.datetime, random: Random) -> dict[str, Any]:
    place, chance = Place(), random.random()
    if chance < 0.9:
        home = (job.client.latitude or 0.0, job.client.longitude or 0.0)
        place = Place(PlaceSource.GIVEN, *_near(random, home, 900 if chance < 0.01 else 60), random.randint(5, 25))
    elif chance < 0.94:
        place = Place(PlaceSource.REFUSED)
    return {
        "job_id": job.id, "kind": kind, "at": at, "received_at": at, "staff_id": job.sitter_id, "place": place.source,
        "latitude": place.latitude, "longitude": place.longitude, "accuracy_metres": place.accuracy_metres,
        "distance_metres": metres_from_home(job.client, place),
    }  # fmt: skip


def _near(random: Random, place: tuple[float, float], metres: int) -> tuple[float, float]:
    """Somewhere not further away than that in either direction."""
    return tuple(round(x + random.uniform(-metres, metres) / _DEGREE, 6) for x in place)  # type: ignore[return-value]
