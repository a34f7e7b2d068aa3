"""The card of a client whom the sitter visits: address, pets, what is filled in; what is locked away opens around a visit.

Who sees whom, and when, is decided by `workflows.sitter_access`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from foundation.db import db
from models import Client, ClientContact, FieldArea, FieldKind, Job, Pet, PetStatus, Staff, StoredFile, TimeType
from sign_in import current_actor, current_staff
from sitter_portal.frame import frame
from ui_kit.formats import clock_time, time_of_day
from workflows import field_kinds, field_layout, field_values, people, sitter_access
from workflows.errors import WorkflowError
from workflows.field_kinds import MASK, Value, kind_of
from workflows.field_layout import Layout, PlacedField
from workflows.field_values import Values
from workflows.sitter_access import OwnClient

pages = Blueprint("sitter_clients", __name__, url_prefix="/staff/clients")
MOST_VISITS = 10


@dataclass(frozen=True)
class Line:
    """A field as the sitter reads it."""

    label: str
    words: str
    kind: str
    is_locked: bool = False
    #: to write, to call, to a web page, or to a photo or document that the sitter may have
    href: str = ""


@dataclass(frozen=True)
class Sheet:
    """A page of fields about the client or a pet: headings with their lines."""

    public_id: str
    name: str
    sections: Sequence[tuple[str, Sequence[Line]]]
    #: something is filled in that is masked
    has_locked: bool
    is_open: bool


@dataclass(frozen=True)
class About:
    """The client or a pet with the pages that sitters may see."""

    owner: Client | Pet
    layout: Layout
    values: Values

    def sheets(self, opened: Mapping[str, str]) -> list[Sheet]:
        """The pages with what is filled in; what the answers do not ask for is left out."""
        asked = self.values.asked(self.layout)
        return [s for p in self.layout.for_sitters().pages if (s := _sheet(p, self.values, asked, opened)).sections]

    def locked(self, page_id: str) -> list[PlacedField]:
        """The fields of a page that are locked away and filled in; 404 for a page that sitters do not have."""
        asked, of = self.values.asked(self.layout), self.layout.for_sitters().page(page_id)
        if of is None:
            abort(404)
        return [p for p in of.fields if p.key in asked and _is_masked(p, self.values)]


def _is_masked(placed: PlacedField, values: Values) -> bool:
    return sitter_access.is_locked(placed) and bool(values.shown(placed.field))


def _sheet(page: field_layout.PlacedPage, values: Values, asked: frozenset[str], opened: Mapping[str, str]) -> Sheet:
    sections = []
    for section in page.sections:
        lines = [_line(p, values, opened) for p in section.fields if p.key in asked]
        filled = [line for line in lines if line.words]
        if filled:
            sections.append((section.section.name, filled))
    masked = [p.key for p in page.fields if p.key in asked and _is_masked(p, values)]
    is_open = any(key in opened for key in masked)
    return Sheet(page.page.public_id, page.page.name, sections, bool(masked) and not is_open, is_open)


def _line(placed: PlacedField, values: Values, opened: Mapping[str, str]) -> Line:
    kind, label = kind_of(placed.field), placed.field.label
    if placed.key not in opened and _is_masked(placed, values):
        return Line(label, MASK, "", is_locked=True)
    words = opened.get(placed.key) or values.shown(placed.field, translate=gettext)
    return Line(label, words, kind.value, href=_href(kind, values.of(placed.field)))


def _href(kind: FieldKind, value: Value) -> str:
    if not isinstance(value, StoredFile):
        return field_kinds.address_of(kind, value)
    how = "picture" if kind is FieldKind.IMAGE else "download"
    return url_for("sitter_files.give", file_id=value.public_id, how=how)


@pages.get("/<public_id:client_id>/")
def show(client_id: str) -> str:
    """The card; what is locked away is masked."""
    staff, own = _own(client_id)
    return _card(staff, own)


@pages.post("/<public_id:client_id>/secrets")
def secrets(client_id: str) -> str | Response:
    """What one page locks away, in the clear, this once; the look is logged. Outside of the hours nothing is shown."""
    staff, own = _own(client_id)
    about = next((a for a in abouts(own.client) if a.owner.public_id == request.form.get("of")), None)
    if about is None:
        abort(404)
    fields = [p.field for p in about.locked(request.form.get("page", ""))]
    try:
        opened = sitter_access.open_locked(about.owner, fields, actor=current_actor())
        db.session.commit()
    except WorkflowError as problem:
        db.session.rollback()
        flash(problem.say(gettext), "error")
        return redirect(url_for(".show", client_id=client_id), 303)
    answer = make_response(_card(staff, own, about.owner.public_id, opened))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _own(client_id: str) -> tuple[Staff, OwnClient]:
    staff = current_staff() or abort(403)
    own = sitter_access.own_client(staff, client_id)
    if own is None:
        abort(404)
    return staff, own


# Built once: putting a statement with its options together takes longer than the database takes to answer it.
_PETS = (
    sa.select(Pet)
    .where(Pet.client_id == sa.bindparam("client_id"), Pet.status == PetStatus.ACTIVE)
    .options(joinedload(Pet.vet), joinedload(Pet.photo))
    .order_by(Pet.name, Pet.id)
)


def abouts(client: Client) -> list[About]:
    """The client and each pet that is with them, with pages and values; the queries are as many for ten pets."""
    pets = db.session.scalars(_PETS, {"client_id": client.id}).all()
    of_household, of_pets = field_layout.layout(FieldArea.CLIENT), field_layout.layout(FieldArea.PET, of_all_kinds=True)
    # Where the office asks for nothing, nothing is filled in.
    own = field_values.read(client) if of_household.pages else Values(client)
    values = field_values.read_many(pets) if of_pets.pages else {}
    return [
        About(client, of_household, own),
        *(About(pet, of_pets.for_species(pet.species), values.get(pet.id) or Values(pet)) for pet in pets),
    ]


def told_by(closed: Collection[str]) -> Callable[[Client | Pet, str], str]:
    """A column of ours in words, if it is none that is `closed` to sitters."""

    def told(owner: Client | Pet, column: str) -> str:
        return "" if f"{owner.__tablename__}.{column}" in closed else getattr(owner, column) or ""

    return told


def pet_photo_url(pet: Pet) -> str | None:
    """Where the pet's small photo is, or None for the drawing."""
    return url_for("sitter_files.give", file_id=pet.photo.public_id, how="thumb") if pet.photo else None


def _card(staff: Staff, own: OwnClient, open_of: str = "", opened: Mapping[str, str] | None = None) -> str:
    household, *pets = abouts(own.client)

    def sheets(about: About) -> list[Sheet]:
        return about.sheets(opened or {} if about.owner.public_id == open_of else {})

    emergency = db.session.scalars(
        sa.select(ClientContact)
        .where(ClientContact.client_id == own.client.id, ClientContact.is_emergency)
        .order_by(ClientContact.name, ClientContact.id)
    ).all()
    region = people.region()
    return render_template(
        "staff/client.html",
        told=told_by(sitter_access.closed_columns()),
        photo_url=pet_photo_url,
        frame=frame(staff),
        nav="day",
        own=own,
        client=own.client,
        visits=own.visits[:MOST_VISITS],
        time_words=time_words,
        household=sheets(household),
        pets=[(about.owner, sheets(about)) for about in pets],
        emergency=emergency,
        phone_words=lambda phone: people.show_phone(phone, region=region),
    )


def time_words(job: Job) -> str:
    """When a visit is on its day; of a stay the time it begins."""
    if job.ends_on != job.on_date:
        return clock_time(job.start_time) if job.start_time else gettext("All day")
    return time_of_day(
        job.start_time, minutes=job.duration_minutes, end=job.end_time, block=job.time_block,
        all_day=job.service_item.time_type is TimeType.ALL_DAY,
    )  # fmt: skip
