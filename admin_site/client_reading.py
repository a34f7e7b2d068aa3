"""What a client's page shows of pets, visits, requests, contacts and the log: twins, as nobody changes them here.

Only what is shown is read: each column of each row costs as much as a line of the template. Every statement is built
once: that takes longer than the database takes to answer it.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from foundation.fixed import fixed
from foundation.twins import Twin
from models import (
    Activity,
    ClientContact,
    FilePurpose,
    Job,
    JobRequestLine,
    JobState,
    LineState,
    Pet,
    ServiceItem,
    Staff,
    StoredFile,
    TimeBlock,
    Vet,
)
from workflows.stretches import reach

_CLIENT_ID = sa.bindparam("client_id", type_=sa.Integer)
#: lines of the log on the overview
LAST_LINES = 6
_MOST = sa.bindparam("most", type_=sa.Integer)
_SERVICE = Twin(ServiceItem, "name", "duration_minutes", "time_type")
_BLOCK = Twin(TimeBlock, "name", "starts_at", "ends_at")


def _in_the_day(of: Any) -> tuple[Any, ...]:
    """How visits of a day follow each other: by the time, or by when their time of day begins, then by service."""
    starts = sa.func.coalesce(of.start_time, _BLOCK.c.starts_at, sa.literal(dt.time(0), sa.Time))
    return starts, _SERVICE.c.name, of.id


def pets(client_id: int) -> list[Pet]:
    """The client's pets by name, with vet and photo; one query."""
    return _PET.read(db.session.connection().execute(_PETS, {"client_id": client_id}).all())


_VET, _PHOTO = Twin(Vet, "name"), Twin(StoredFile, "public_id")
_PET = Twin(
    Pet, "name", "species", "breed", "born_on", "warning", "feeding", "medication", "notes", "status",
    vet=_VET, photo=_PHOTO,
)  # fmt: skip
_PETS = (
    sa.select(*_PET.columns)
    .select_from(_PET.table)
    .outerjoin(_VET.table, _VET.c.id == _PET.c.vet_id)
    # As the relation `Pet.photo` says.
    .outerjoin(
        _PHOTO.table,
        sa.and_(_PHOTO.c.pet_id == _PET.c.id, _PHOTO.c.purpose == FilePurpose.PET_PHOTO, _PHOTO.c.removed_at.is_(None)),
    )
    .where(_PET.c.client_id == _CLIENT_ID)
    .order_by(_PET.c.name)
)


def coming(client_id: int, most: int) -> list[Job]:
    """The next visits, a stay that is on now among them; one query."""
    today = clock.today()
    asked = {"client_id": client_id, "today": today, "reach": reach(today), "most": most}
    return _VISIT.read(db.session.connection().execute(_COMING, asked).all())


_VISIT = Twin(
    Job, "on_date", "ends_on", "start_time", "end_time", "duration_minutes", "state", "sitter_id",
    service_item=_SERVICE, time_block=_BLOCK, sitter=Twin(Staff, "first_name", "last_name"),
)  # fmt: skip
_COMING = (
    sa.select(*_VISIT.columns)
    .select_from(_VISIT.joined())
    .where(
        _VISIT.c.client_id == _CLIENT_ID,
        _VISIT.c.state.in_([JobState.SCHEDULED, JobState.IN_PROGRESS]),
        _VISIT.c.on_date >= sa.bindparam("reach", type_=sa.Date),
        _VISIT.c.ends_on >= sa.bindparam("today", type_=sa.Date),
    )
    .order_by(_VISIT.c.on_date, *_in_the_day(_VISIT.c))
    .limit(_MOST)
)


def waiting(client_id: int, most: int) -> list[JobRequestLine]:
    """The visits that the client asked for and nobody has decided on, the soonest first; one query."""
    return _LINE.read(db.session.connection().execute(_WAITING, {"client_id": client_id, "most": most}).all())


_LINE = Twin(
    JobRequestLine, "request_id", "on_date", "ends_on", "start_time", "end_time", "state", "sitter_id",
    service_item=_SERVICE, time_block=_BLOCK,
)  # fmt: skip
_WAITING = (
    sa.select(*_LINE.columns)
    .select_from(_LINE.joined())
    .where(_LINE.c.state == LineState.SUBMITTED, _LINE.c.client_id == _CLIENT_ID)
    .order_by(_LINE.c.on_date, *_in_the_day(_LINE.c))
    .limit(_MOST)
)


def soonest(visits: Sequence[Job], lines: Sequence[JobRequestLine]) -> list[Job | JobRequestLine]:
    """Both together, in the order of their days, times and services."""
    return sorted([*visits, *lines], key=lambda v: (v.on_date, _begins(v), v.service_item.name))


def _begins(visit: Job | JobRequestLine) -> dt.time:
    block = visit.time_block
    return visit.start_time or (block.starts_at if block else dt.time(0))


def contacts(client_id: int) -> list[ClientContact]:
    """Who else belongs to the household, by name; one query."""
    return _CONTACT.read(db.session.connection().execute(_CONTACTS, {"client_id": client_id}).all())


_CONTACT = Twin(ClientContact, "name", "relation", "email", "phone", "receives_copies", "is_emergency")
_CONTACTS = sa.select(*_CONTACT.columns).where(_CONTACT.c.client_id == _CLIENT_ID).order_by(_CONTACT.c.name)


def log(client_id: int, offset: int, limit: int) -> list[Activity]:
    """A part of the log, the latest first; one query."""
    asked = {"client_id": client_id, "limit": limit, "offset": offset}
    return _ACTIVITY.read(db.session.connection().execute(_LOG, asked).all())


def last_log(client_id: int) -> list[Activity]:
    """The last lines of the log for the overview, the latest first; one query."""
    return _ACTIVITY.read(db.session.connection().execute(_LAST_LOG, {"client_id": client_id}).all())


_ACTIVITY = Twin(Activity, "at", "verb", "actor_kind", "actor_name", "on_behalf", "via", "facts")
_OF_CLIENT = sa.select(*_ACTIVITY.columns).where(_ACTIVITY.c.client_id == _CLIENT_ID).order_by(_ACTIVITY.c.id.desc())
_LOG = _OF_CLIENT.limit(sa.bindparam("limit")).offset(sa.bindparam("offset"))
# PostgreSQL keeps no plan of a statement that does not say how few rows are wanted.
_LAST_LOG = fixed(_OF_CLIENT.limit(LAST_LINES))
