"""Who reads which report card, as conditions for queries, so that somebody else's card is simply not found.

A draft is seen by the visit's sitter and the office alone. Writing and sending are in `report_cards`.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import aliased, joinedload

from foundation import clock
from foundation.db import db
from foundation.twins import Twin
from models import (
    Client,
    FieldArea,
    FieldKind,
    FilePurpose,
    Job,
    JobState,
    Pet,
    ReportCard,
    ReportState,
    ServiceItem,
    Staff,
    StoredFile,
    job_pet,
)
from workflows import field_layout, field_values, settings
from workflows.field_kinds import Value, kind_of
from workflows.field_layout import Layout
from workflows.field_values import Values
from workflows.sitter_access import DAYS_AFTER

#: cards that a sitter reads before a visit, and that a list of the office's shows at a client or a pet
LAST = 5


def is_on() -> bool:
    """Do sitters write report cards?"""
    return bool(settings.read()["reports.on"])


def is_open_to_clients() -> bool:
    """Do clients read them in the portal?"""
    return is_on() and bool(settings.read()["portal.report_cards"])


def of_client(client: Client) -> sa.ColumnElement[bool]:
    """The cards that a client reads: sent ones, of own visits that are not internal and not void, while that is on."""
    if not is_open_to_clients():
        return sa.false()
    return sa.and_(ReportCard.state == ReportState.SENT, _of_visit(Job.client_id == client.id, ~_INTERNAL))


def of_sitter(staff: Staff) -> sa.ColumnElement[bool]:
    """The cards that a sitter reads: of own visits, and the sent ones of clients whom the sitter goes to.

    As long as `sitter_access` shows the client: until thirty days after the last own visit.
    """
    if not is_on():
        return sa.false()
    there = aliased(Job)
    goes_there = sa.exists().where(
        there.client_id == Job.client_id,
        there.sitter_id == staff.id,
        there.state.not_in([JobState.CANCELLED, JobState.VOIDED]),
        there.ends_on >= clock.today() - dt.timedelta(days=DAYS_AFTER),
    )
    own = Job.sitter_id == staff.id
    return _of_visit(goes_there, sa.or_(own, ReportCard.state == ReportState.SENT))


_INTERNAL = sa.exists().where(ServiceItem.id == Job.service_item_id, ServiceItem.is_internal.is_(True))


def _of_visit(*where: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().where(Job.id == ReportCard.job_id, Job.state != JobState.VOIDED, *where)


def of_pet(pet_id: int) -> sa.ColumnElement[bool]:
    """The cards of visits to this pet."""
    return ReportCard.job_id.in_(sa.select(job_pet.c.job_id).where(job_pet.c.pet_id == pet_id))


def of_household(client_id: int) -> sa.ColumnElement[bool]:
    """The cards of visits to this client."""
    return ReportCard.job_id.in_(sa.select(Job.id).where(Job.client_id == client_id))


_VISIT = joinedload(ReportCard.job)
# Built once: putting a statement with its options together takes longer than the database takes to answer it.
_READING = (
    sa.select(ReportCard)
    .options(
        joinedload(ReportCard.staff), _VISIT.joinedload(Job.service_item), _VISIT.joinedload(Job.time_block),
        _VISIT.joinedload(Job.sitter), _VISIT.joinedload(Job.client), _VISIT.selectinload(Job.pets),
    )
    .order_by(ReportCard.sent_at.desc(), ReportCard.id.desc())
)  # fmt: skip


def reading() -> sa.Select[ReportCard]:
    """Cards with all that a list says of them, the newest first; two queries whatever their number."""
    return _READING


def find(public_id: str, allowed: sa.ColumnElement[bool]) -> ReportCard | None:
    """The card of that id if it is among the allowed ones."""
    return db.session.scalar(reading().where(ReportCard.public_id == public_id, allowed))


def card_of(job: Job) -> ReportCard | None:
    """The visit's card, a draft among it."""
    return db.session.scalar(reading().where(ReportCard.job_id == job.id))


def sent(*where: sa.ColumnElement[bool], limit: int = LAST) -> Sequence[ReportCard]:
    """The last sent cards under these conditions."""
    return db.session.scalars(reading().where(ReportCard.state == ReportState.SENT, *where).limit(limit)).all()


_SHORT_VISIT = joinedload(ReportCard.job)
_LAST_OF_HOUSEHOLD = (
    sa.select(ReportCard)
    .options(
        joinedload(ReportCard.staff).load_only(Staff.first_name),
        _SHORT_VISIT.load_only(Job.on_date), _SHORT_VISIT.joinedload(Job.service_item).load_only(ServiceItem.name),
    )
    .where(
        ReportCard.state == ReportState.SENT,
        ReportCard.job_id.in_(sa.select(Job.id).where(Job.client_id == sa.bindparam("client_id", type_=sa.Integer))),
    )
    .order_by(ReportCard.sent_at.desc(), ReportCard.id.desc())
    .limit(LAST)
)  # fmt: skip


def last_of_household(client_id: int) -> Sequence[ReportCard]:
    """The last sent cards of visits to this client, with what a line says of each: one query."""
    return db.session.scalars(_LAST_OF_HOUSEHOLD, {"client_id": client_id}).all()


_report, _job, _item, _staff = (m.__table__.c for m in (ReportCard, Job, ServiceItem, Staff))
_visit_there = Job.__table__.alias()
_LAST_CARD = Twin(
    ReportCard, "message",
    job=Twin(Job, "on_date", service_item=Twin(ServiceItem, "name")), staff=Twin(Staff, "first_name"),
)  # fmt: skip
# The sent ones among those of `of_sitter`, at one client. Built once.
_LAST_THERE = (
    sa.select(*_LAST_CARD.columns)
    .join(Job.__table__, _job.id == _report.job_id)
    .join(ServiceItem.__table__, _item.id == _job.service_item_id)
    .outerjoin(Staff.__table__, _staff.id == _report.staff_id)
    .where(
        _report.state == ReportState.SENT, _job.client_id == sa.bindparam("client_id"), _job.state != JobState.VOIDED,
        _job.id != sa.bindparam("job_id"),
        sa.exists().where(
            _visit_there.c.client_id == sa.bindparam("client_id"), _visit_there.c.sitter_id == sa.bindparam("staff_id"),
            _visit_there.c.state.not_in([JobState.CANCELLED, JobState.VOIDED]),
            _visit_there.c.ends_on >= sa.bindparam("since"),
        ),
    )
    .order_by(_report.sent_at.desc(), _report.id.desc())
    .limit(LAST)
)  # fmt: skip


def last_there(job: Job, staff: Staff) -> Sequence[ReportCard]:
    """The last sent cards of the visit's client that this sitter reads, without the visit's own; read as twins."""
    since = clock.today() - dt.timedelta(days=DAYS_AFTER)
    wanted = {"client_id": job.client_id, "job_id": job.id, "staff_id": staff.id, "since": since}
    return _LAST_CARD.read(db.session.execute(_LAST_THERE, wanted)) if is_on() else []


# ------------------------------------------------------------------------------------------------------- what it says


@dataclass(frozen=True)
class Answer:
    """A field of the card that is filled in."""

    label: str
    words: str
    kind: FieldKind
    value: Value


@dataclass(frozen=True)
class Part:
    """A section with what is filled in on it."""

    name: str
    answers: Sequence[Answer]


@dataclass(frozen=True)
class Told:
    """A card as it is read: what is filled in, section by section, and the photos in the order they were added."""

    card: ReportCard
    parts: Sequence[Part]
    photos: Sequence[StoredFile]


def layout_of(job: Job) -> Layout:
    """The pages that the visit's card asks for: those for all services and those for its group's."""
    return field_layout.layout(FieldArea.REPORT, service_group_id=job.service_item.group_id)


def photos_of(card: ReportCard) -> Sequence[StoredFile]:
    """The photos, in the order they were added."""
    return db.session.scalars(
        sa.select(StoredFile)
        .where(StoredFile.report_card_id == card.id, StoredFile.purpose == FilePurpose.REPORT)
        .where(StoredFile.removed_at.is_(None))
        .order_by(StoredFile.id)
    ).all()


def first_photos(cards: Sequence[ReportCard]) -> dict[int, StoredFile]:
    """The first photo of each card that has one, by the card's id; one query."""
    first = (
        sa.select(sa.func.min(StoredFile.id))
        .where(StoredFile.report_card_id.in_([card.id for card in cards]), StoredFile.purpose == FilePurpose.REPORT)
        .where(StoredFile.removed_at.is_(None))
        .group_by(StoredFile.report_card_id)
    )
    found = db.session.scalars(sa.select(StoredFile).where(StoredFile.id.in_(first)))
    return {photo.report_card_id: photo for photo in found if photo.report_card_id is not None}


def told(card: ReportCard, *, to_client: bool, translate: Callable[[str], str] = str) -> Told:
    """The card as the client reads it, or as the team does; four queries."""
    whole, values = layout_of(card.job), field_values.read(card)
    seen = whole.for_portal() if to_client else whole
    return Told(card, parts_of(whole, seen, values, translate), photos_of(card))


def parts_of(whole: Layout, seen: Layout, values: Values, translate: Callable[[str], str] = str) -> list[Part]:
    """What is filled in on the pages that are seen, as far as the answers ask for it."""
    asked = values.asked(whole)
    parts = []
    for section in (section for page in seen.pages for section in page.sections):
        answers = [
            Answer(p.field.label, words, kind_of(p.field), values.of(p.field))
            for p in section.fields
            if p.key in asked and (words := values.shown(p.field, translate=translate))
        ]
        if answers:
            parts.append(Part(section.section.name, answers))
    return parts


def today() -> tuple[dt.datetime, dt.datetime]:
    """The moments between which the business has today."""
    day, midnight = clock.today(), dt.time(0)
    return clock.from_local(day, midnight), clock.from_local(day + dt.timedelta(days=1), midnight)


def pets_with_cards(client: Client) -> Sequence[Pet]:
    """The client's pets that have cards to read; for choosing one."""
    own = (
        sa.select(job_pet.c.pet_id)
        .join(ReportCard, ReportCard.job_id == job_pet.c.job_id)
        .where(of_client(client), Pet.id == job_pet.c.pet_id)
    )
    return db.session.scalars(
        sa.select(Pet).where(Pet.client_id == client.id, own.exists()).order_by(Pet.name, Pet.id)
    ).all()
