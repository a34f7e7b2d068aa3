"""Visits and requested visits as the schedule shows them: read as twins (`foundation.twins`), as nothing of them is changed.

Each question costs two queries, the pets' the second; and none where nothing is found.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from foundation.among import among
from foundation.db import rows_of
from foundation.fixed import fixed
from foundation.twins import Twin, put_beside
from models import (
    Client,
    Job,
    JobRequest,
    JobRequestLine,
    JobState,
    LineState,
    Pet,
    ReportCard,
    ServiceGroup,
    ServiceItem,
    Staff,
    TimeBlock,
    job_pet,
    job_request_line_pet,
)
from workflows.cancelling import shown_from
from workflows.stretches import reach

_LIMITS = tuple(f"{use}_limit_{part}" for use in ("change", "cancel") for part in ("kind", "number", "time"))
_HOURS = Twin(TimeBlock, "name", "starts_at", "ends_at")
#: the limits say what may still be asked about it
_SERVICE = Twin(
    ServiceItem, "name", "duration_minutes", "time_type", *_LIMITS, group=Twin(ServiceGroup, *_LIMITS)
)  # fmt: skip
_JOB = Twin(
    Job, "public_id", "client_id", "service_item_id", "on_date", "ends_on", "start_time", "end_time", "duration_minutes",
    "sitter_id", "state", "price", "note", "cancelled_at", "checked_in_at",
    service_item=_SERVICE, time_block=_HOURS, sitter=Twin(Staff, "first_name"), report_card=Twin(ReportCard, "public_id", "state"),
)  # fmt: skip
_ASKED_SERVICE = Twin(ServiceItem, "name", "duration_minutes", "time_type")
_LINE = Twin(
    JobRequestLine, "public_id", "request_id", "on_date", "ends_on", "start_time", "end_time", "state", "note", "price",
    "submitted_at", "auto_submitted", "decided_at", "decline_reason", "cancelled_at",
    service_item=_ASKED_SERVICE, time_block=_HOURS, request=Twin(JobRequest, "public_id", "number"),
)  # fmt: skip
#: as cards draw them
PET = Twin(Pet, "name", "species")

_job, _line, _item, _group = (m.__table__.c for m in (Job, JobRequestLine, ServiceItem, ServiceGroup))
_block, _staff, _report, _request, _pet = (m.__table__.c for m in (TimeBlock, Staff, ReportCard, JobRequest, Pet))

CLIENT = sa.bindparam("client_id", type_=sa.Integer)
_FIRST, _LAST, _REACH, _SHOWN_FROM = (
    sa.bindparam(name, type_=sa.Date) for name in ("first", "last", "reach", "shown_from")
)
TOUCHING = sa.and_(_job.on_date.between(_REACH, _LAST), _job.ends_on >= _FIRST)
OWN_JOBS = _job.client_id == CLIENT, _job.state != JobState.VOIDED, _item.is_internal.is_(False)
STILL_SHOWN = sa.or_(_job.state != JobState.CANCELLED, _job.ends_on >= _SHOWN_FROM)
#: the last day of a requested stay, else its day
LINE_ENDS_ON = sa.func.coalesce(_line.ends_on, _line.on_date)
LINES_TOUCHING = sa.and_(_line.on_date.between(_REACH, _LAST), LINE_ENDS_ON >= _FIRST)
#: requested visits that are not in the schedule: waiting, declined, cancelled
OWN_LINES = (
    _line.client_id == CLIENT,
    _line.state.in_([LineState.SUBMITTED, LineState.DECLINED, LineState.CANCELLED]),
)


def _jobs(*where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return (
        sa.select(*_JOB.columns)
        .join(_SERVICE.table, _item.id == _job.service_item_id)
        .outerjoin(ServiceGroup.__table__, _group.id == _item.group_id)
        .outerjoin(_HOURS.table, _block.id == _job.time_block_id)
        .outerjoin(Staff.__table__, _staff.id == _job.sitter_id)
        .outerjoin(ReportCard.__table__, _report.job_id == _job.id)
        .where(*OWN_JOBS, TOUCHING, *where)
        .order_by(_job.on_date, _job.start_time, _job.id)
    )


def _lines(*where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return (
        sa.select(*_LINE.columns)
        .join(_ASKED_SERVICE.table, _item.id == _line.service_item_id)
        .outerjoin(_HOURS.table, _block.id == _line.time_block_id)
        .join(JobRequest.__table__, _request.id == _line.request_id)
        .where(*OWN_LINES, *where)
        .order_by(_line.on_date, _line.start_time, _line.id)
    )


def pets_of(key: sa.ColumnElement[int], pet_id: sa.ColumnElement[int], twin: Twin[Pet] = PET) -> sa.Select[Any]:
    """(owner's id, the pet) of these `owners`, by a table of pairs."""
    return (
        sa.select(key, *twin.columns)
        .join(twin.table, _pet.id == pet_id)
        .where(among(key, "owners"))
        .order_by(_pet.name)
    )


# Built once: putting a statement together takes longer than the database takes to answer it.
_JOBS_OF_DAY = fixed(_jobs(STILL_SHOWN))
_COMING = fixed(_jobs(_job.state.in_([JobState.SCHEDULED, JobState.IN_PROGRESS])).limit(sa.bindparam("most")))
_LINES_OF_DAY = fixed(_lines(LINES_TOUCHING))
_LINES_WAITING = fixed(_lines(sa.or_(_line.state == LineState.SUBMITTED, LINES_TOUCHING)))
PETS_OF_JOBS = pets_of(job_pet.c.job_id, job_pet.c.pet_id)
PETS_OF_LINES = pets_of(job_request_line_pet.c.line_id, job_request_line_pet.c.pet_id)


def days_of(client: Client, first: dt.date, last: dt.date) -> dict[str, Any]:
    """What the statements ask for: the client's, between these days."""
    return {
        "client_id": client.id,
        "first": first,
        "last": last,
        "reach": reach(first),
        "shown_from": shown_from(),
    }


def jobs_of_day(client: Client, day: dt.date) -> list[Job]:
    """The visits that touch the day."""
    return _visits(_JOBS_OF_DAY, days_of(client, day, day))


def coming_jobs(client: Client, today: dt.date, most: int) -> list[Job]:
    """The next visits from today on."""
    return _visits(_COMING, {**days_of(client, today, dt.date.max), "most": most})


def lines_of_day(client: Client, day: dt.date) -> list[JobRequestLine]:
    """Requested visits of the day that are not in the schedule."""
    return _requested(_LINES_OF_DAY, days_of(client, day, day))


def waiting_lines(client: Client, day: dt.date | None) -> list[JobRequestLine]:
    """What waits, on any day, and all that is left of the day."""
    no_day = {"client_id": client.id, "first": None, "last": None, "reach": None}
    return _requested(_LINES_WAITING, days_of(client, day, day) if day else no_day)


def _visits(statement: sa.Select[Any], wanted: dict[str, Any]) -> list[Job]:
    jobs = _JOB.read(rows_of(statement, wanted))
    put_pets(jobs, PETS_OF_JOBS)
    return jobs


def _requested(statement: sa.Select[Any], wanted: dict[str, Any]) -> list[JobRequestLine]:
    lines = _LINE.read(rows_of(statement, wanted))
    put_pets(lines, PETS_OF_LINES)
    return lines


def put_pets(owners: Sequence[Any], statement: sa.Select[Any], twin: Twin[Pet] = PET) -> None:
    """Give twins their pets, by name; one query, and none for nobody."""
    ids = [owner.id for owner in owners]
    put_beside(owners, "pets", twin.by_first(rows_of(statement, {"owners": ids})) if ids else {})
