"""What a sitter may know: the clients of own visits, and what is locked away only around such a visit.

The office's own look at secrets needs a permission (`field_values.reveal`); a sitter's needs a visit.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from foundation import clock
from foundation.db import db, rows_of
from foundation.fixed import fixed
from foundation.twins import Twin
from models import (
    Client,
    CustomField,
    FieldPage,
    FieldSection,
    FieldValue,
    Job,
    JobState,
    ServiceItem,
    Staff,
    StaffAccess,
    StoredFile,
    TimeBlock,
)
from workflows import activity, field_layout, field_values, settings
from workflows.actors import Actor
from workflows.errors import N_, NotAllowed
from workflows.field_kinds import Owner
from workflows.field_layout import PlacedField
from workflows.field_values import client_of
from workflows.locks import lock_client
from workflows.permissions import Permission
from workflows.plans import window_of

#: a cancelled, void or reassigned visit opens nothing
OPENS = (JobState.SCHEDULED, JobState.IN_PROGRESS, JobState.COMPLETED)
#: this long after the last own visit a sitter can still read about the client, to answer questions
DAYS_AFTER = 30
_HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Hours:
    """When what is locked away at a client's is open to a sitter."""

    is_open: bool
    #: when it opens next; None when it is open, or no visit comes
    opens_at: dt.datetime | None
    #: while it is open: until when
    closes_at: dt.datetime | None


@dataclass(frozen=True)
class OwnClient(Hours):
    """A client with the sitter's visits there that count, the next ones first, then the past ones backwards."""

    client: Client
    visits: Sequence[Job]


def own_client(staff: Staff, public_id: str) -> OwnClient | None:
    """The client, when the sitter has a visit there that comes, goes on or is not over for long; None for all others."""
    client = db.session.scalar(sa.select(Client).where(Client.public_id == public_id))
    if client is None:
        return None
    visits = _visits(staff, client)
    if not visits:
        return None
    hours = _hours(visits)
    return OwnClient(hours.is_open, hours.opens_at, hours.closes_at, client, visits)


def hours_at(staff: Staff, client: Client) -> Hours | None:
    """When what is locked away there is open; None for a client who is not the sitter's own. One query."""
    visits = _WHEN.read(db.session.execute(_OWN_WHEN, _of(staff, client)))
    return _hours(visits) if visits else None


def _hours(visits: Sequence[Job]) -> Hours:
    now = clock.now()
    hours = [window(job) for job in visits]
    until = [closes for opens, closes in hours if opens <= now < closes]
    ahead = [opens for opens, _closes in hours if opens > now]
    return Hours(bool(until), None if until or not ahead else min(ahead), max(until) if until else None)


# Built once: putting a statement with its options together takes longer than the database takes to answer it.
_OWN = (
    sa.select(Job)
    .where(Job.client_id == sa.bindparam("client_id"), Job.sitter_id == sa.bindparam("staff_id"), Job.state.in_(OPENS))
    .where(Job.ends_on >= sa.bindparam("since"))
    .options(joinedload(Job.service_item), joinedload(Job.time_block))
    .order_by(Job.on_date, Job.start_time, Job.id)
)
_job, _item, _block = (m.__table__.c for m in (Job, ServiceItem, TimeBlock))
#: as much of a visit as its hours need
_WHEN = Twin(
    Job, "on_date", "ends_on", "start_time", "end_time", "duration_minutes",
    service_item=Twin(ServiceItem, "time_type"), time_block=Twin(TimeBlock, "starts_at", "ends_at"),
)  # fmt: skip
_OWN_WHEN = (
    sa.select(*_WHEN.columns)
    .join(ServiceItem.__table__, _item.id == _job.service_item_id)
    .outerjoin(TimeBlock.__table__, _block.id == _job.time_block_id)
    .where(
        _job.client_id == sa.bindparam("client_id"), _job.sitter_id == sa.bindparam("staff_id"), _job.state.in_(OPENS),
        _job.ends_on >= sa.bindparam("since"),
    )
)  # fmt: skip
_OWN_WITH_PETS = _OWN.options(selectinload(Job.pets)).execution_options(populate_existing=True)


def _of(staff: Staff, client: Client) -> dict[str, object]:
    since = clock.today() - dt.timedelta(days=DAYS_AFTER)
    return {"client_id": client.id, "staff_id": staff.id, "since": since}


def _visits(staff: Staff, client: Client) -> list[Job]:
    """The sitter's own visits there as they are in the database now."""
    today, found = clock.today(), db.session.scalars(_OWN_WITH_PETS, _of(staff, client)).all()
    coming = [job for job in found if job.ends_on >= today]
    return [*coming, *[job for job in reversed(found) if job.ends_on < today]]


def window(job: Job) -> tuple[dt.datetime, dt.datetime]:
    """From when until when (UTC, half open) a visit opens what is locked away; the settings say how long around it."""
    values, hours = settings.read(), window_of(job)
    return (
        hours.earliest - values["access.secret_hours_before"] * _HOUR,
        hours.latest + values["access.secret_hours_after"] * _HOUR,
    )


def is_locked(placed: PlacedField) -> bool:
    """Is this field one that sitters see around their visits only: a secret, or restricted by the office?"""
    return placed.field.is_secret or placed.staff is StaffAccess.RESTRICTED


_field, _section, _page = (m.__table__.c for m in (CustomField, FieldSection, FieldPage))
_COLUMNS = fixed(
    sa.select(_field.column, _field.staff_access, _section.staff_access, _page.staff_access)
    .join(FieldSection.__table__, _section.id == _field.section_id)
    .join(FieldPage.__table__, _page.id == _section.page_id)
    .where(_field.column.is_not(None))
)


def closed_columns() -> frozenset[str]:
    """The columns of ours ("pet.notes") that sitters do not read at any time: hidden, or shown around visits only.

    One query. A column that stands on no page is not named: nobody said anything about it. Only the region, which
    pages from before it lack, goes with the town.
    """
    said = {str(c): field_layout.narrowest_staff(*levels) is not StaffAccess.VIEW for c, *levels in rows_of(_COLUMNS)}
    said.setdefault("client.region", said.get("client.city", False))
    return frozenset(column for column, is_closed in said.items() if is_closed)


def open_locked(owner: Owner, fields: Iterable[CustomField], *, actor: Actor) -> dict[str, str]:
    """What is locked away among these fields of a client or pet, in the clear, by public id; each look is logged.

    Refused with NotAllowed: whoever is no sitter with a visit there from some hours before now to some hours after
    (settings); the visits are read afresh under the client's lock, so one that was just cancelled opens nothing.
    """
    actor.require(Permission.OWN_DAY)
    client = client_of(owner)
    if client is None or actor.staff is None:
        raise NotAllowed("not_yours", N_("This is not open to you."))
    lock_client(client.id)
    _require_now(actor.staff, client)
    return field_values.look(owner, fields, actor=actor)


def open_file(file: StoredFile, *, actor: Actor) -> None:
    """Let the sitter have a photo or document of a field that is shown around visits only; each look is logged.

    `file` is one of `file_access.of_sitter_around_visits`. Refused as `open_locked`.
    """
    actor.require(Permission.OWN_DAY)
    if file.client is None or actor.staff is None:
        raise NotAllowed("not_yours", N_("This is not open to you."))
    lock_client(file.client.id)
    _require_now(actor.staff, file.client)
    label = db.session.scalar(
        sa.select(CustomField.label)
        .join(FieldValue, FieldValue.field_id == CustomField.id)
        .where(FieldValue.file_id == file.id)
        .limit(1)
    )
    owner = file.pet or file.client
    activity.record(
        "secret.seen", actor=actor, subject=owner, client=file.client, name=str(owner), lines=[label or file.name]
    )
    db.session.flush()


def _require_now(staff: Staff, client: Client) -> None:
    now = clock.now()
    if not any(opens <= now < closes for opens, closes in map(window, _visits(staff, client))):
        raise NotAllowed("not_now", N_("This opens shortly before your own visit, and closes after it."))
