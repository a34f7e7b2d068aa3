"""What is filled in about a client, a pet or a staff member, in the back office: to read, to open secrets, to change.

The sheets are made in `field_sheet`; saving and its rules are `workflows.field_saving`.
"""

from dataclasses import dataclass
from typing import Any

from flask import abort, flash, make_response, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from admin_site import field_sheet
from admin_site.field_sheet import Sent, Sheet
from admin_site.pages import Answer, WorkPage, get_or_404, page, refuse
from admin_site.people import client_url
from admin_site.reading import link
from foundation.db import db
from models import Client, FieldKind, Pet, Staff
from ui_kit import uploading
from workflows import field_files, field_layout, field_saving, field_values, uploads
from workflows.errors import N_, Invalid, NotAllowed, WorkflowError
from workflows.field_kinds import FILES, Person, kind_of
from workflows.field_layout import Layout, PlacedPage
from workflows.field_saving import Crossed, Saved, Unfit
from workflows.field_values import Values
from workflows.permissions import Permission
from workflows.uploads import Checked, Upload

KINDS: dict[str, Any] = {"client": Client, "pet": Pet, "staff": Staff}
_WHO = "<any(client, pet, staff):kind>/<int:owner_id>"


@dataclass(frozen=True)
class Record:
    """An owner with the pages about it and what is filled in."""

    kind: str
    owner: Person
    layout: Layout
    values: Values

    def page(self, page_id: str) -> PlacedPage:
        """One of its pages, or 404."""
        return self.layout.page(page_id) or abort(404)

    def url(self, what: str, **more: Any) -> str:
        """The address of what is done with it."""
        return url_for(f"data.{what}", kind=self.kind, owner_id=self.owner.id, **more)


def record_of(owner: Person) -> Record:
    """The owner's pages and values, in a fixed number of queries."""
    layout = field_layout.layout(field_values.area_of(owner), species=owner.species if isinstance(owner, Pet) else None)
    return Record(owner.__tablename__, owner, layout, field_values.read(owner, with_pending=True))


def sheets_of(record: Record, opened: dict[str, str] | None = None) -> list[Sheet]:
    """All pages, to read."""
    return [field_sheet.read_sheet(p, record.layout, record.values, opened or {}) for p in record.layout.pages]


class DataPages(WorkPage):
    """The pages of fields of one record."""

    @expose("/")
    def index(self) -> Response:
        """There is no list here."""
        return redirect(url_for("clients.index_view"))

    @expose(f"/{_WHO}/")
    def show(self, kind: str, owner_id: int) -> Answer:
        """All pages, to read; secrets masked."""
        return self._show(_record(kind, owner_id), {})

    @expose(f"/{_WHO}/<page_id>/secrets", methods=("POST",))
    def secrets(self, kind: str, owner_id: int, page_id: str) -> Answer:
        """The secrets of one page in the clear, this once; the look is logged."""
        record = _record(kind, owner_id)
        asked = record.values.asked(record.layout)
        fields = [p.field for p in record.page(page_id).fields if p.key in asked]
        try:
            opened = field_values.reveal(record.owner, fields, actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
            return redirect(record.url("show"))
        answer = make_response(self._show(_record(kind, owner_id), opened))
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @expose(f"/{_WHO}/<page_id>/")
    def edit(self, kind: str, owner_id: int, page_id: str) -> Answer:
        """A page, to fill in."""
        return self._edit(_record(kind, owner_id), page_id)

    @expose(f"/{_WHO}/<page_id>/", methods=("POST",))
    @uploading.takes_files
    def save(self, kind: str, owner_id: int, page_id: str) -> Answer:
        """Save it; what is refused comes back as it was typed, and what two changed with both answers."""
        record = _record(kind, owner_id)
        if not self._may_edit(record):
            refuse(NotAllowed("not_allowed", N_("Your account does not allow this.")))
            return redirect(record.url("show"))
        checked, problems = _look_at_files(record.page(page_id))
        record = _record(kind, owner_id)
        sent = field_sheet.read_form(request.form, record.page(page_id))
        try:
            # Kept for good at once: whatever is refused about the page, they need not be chosen again.
            kept = field_files.keep(checked, owner=record.owner, actor=self.actor)
            db.session.commit()
        except Invalid as problem:
            db.session.rollback()
            kept, problems = {}, {**problems, **dict.fromkeys(checked, problem)}
        sent = sent.with_files(kept)
        if problems:
            return self._edit(_record(kind, owner_id), page_id, sent.with_problems(problems), 422)
        try:
            saved = field_saving.save(record.owner, sent.raw, actor=self.actor, seen=sent.seen)
            db.session.commit()
        except Unfit as problem:
            db.session.rollback()
            return self._edit(_record(kind, owner_id), page_id, sent.with_problems(problem.problems), 422)
        except Crossed as problem:
            db.session.rollback()
            return self._edit(_record(kind, owner_id), page_id, sent.with_clashes(problem.clashes), 409)
        except WorkflowError as problem:
            refuse(problem)
            return redirect(record.url("show"))
        _say(saved)
        return redirect(record.url("show", _anchor=f"page-{page_id}"))

    def _show(self, record: Record, opened: dict[str, str]) -> str:
        return page("data.html", record=record, sheets=sheets_of(record, opened), around=around(record.owner), may_edit=self._may_edit(record), may_open=self.actor.may(Permission.SECRETS))[0]  # fmt: skip

    def _edit(self, record: Record, page_id: str, sent: Sent | None = None, status: int = 200) -> Answer:
        if not self._may_edit(record):
            abort(403)
        sheet = field_sheet.form_sheet(record.page(page_id), record.values, actor=self.actor, sent=sent)
        return page("data_edit.html", status, record=record, sheet=sheet, around=around(record.owner))

    def _may_edit(self, record: Record) -> bool:
        return self.actor.may(Permission.STAFF if record.kind == "staff" else Permission.CLIENTS)


def _look_at_files(sheet: PlacedPage) -> tuple[dict[str, Checked], dict[str, Invalid]]:
    """The files that were sent for fields of the page, made safe, and why others cannot be kept."""
    kinds = {p.key: kind_of(p.field) for p in sheet.fields if kind_of(p.field) in FILES}
    sent = {key: got[0] for key in kinds if (got := uploading.received(field_sheet.FIELD + key))}
    if not sent:
        return {}, {}
    db.session.commit()  # looking at a picture takes seconds, in which nobody else should wait for the database
    checked: dict[str, Checked] = {}
    problems: dict[str, Invalid] = {}
    for key, (name, data) in sent.items():
        look = uploads.photo if kinds[key] is FieldKind.IMAGE else uploads.photo_or_document
        try:
            checked[key] = look(Upload(name, data))
        except Invalid as problem:
            problems[key] = problem
    return checked, problems


def _record(kind: str, owner_id: int) -> Record:
    options = (joinedload(Pet.client),) if kind == "pet" else ()
    return record_of(get_or_404(KINDS[kind], owner_id, *options))


def around(owner: Person) -> list[tuple[str, str | None]]:
    """The way to the record's own page, for the breadcrumb."""
    if isinstance(owner, Pet):
        client = owner.client
        return [(gettext("Clients"), link("clients.index_view")), (str(client), client_url(client.id)), (owner.name, link("pets.details_view", id=owner.id))]  # fmt: skip
    if isinstance(owner, Client):
        return [(gettext("Clients"), link("clients.index_view")), (str(owner), client_url(owner.id))]
    return [(gettext("Team"), link("team.index_view")), (str(owner), link("team.details_view", id=owner.id))]


def _say(saved: Saved) -> None:
    if saved.changed:
        flash(gettext("Saved: %(what)s.", what=", ".join(c.field.label for c in saved.changed)), "success")
    if saved.unasked:
        flash(gettext("Not changed, as the other answers do not ask for it: %(what)s.", what=", ".join(saved.unasked)), "info")  # fmt: skip
    if not saved.changed and not saved.unasked:
        flash(gettext("Nothing was different, so nothing was changed."), "info")


def register(admin: Admin) -> None:
    """Add the pages to the back office."""
    admin.add_view(DataPages(name="Details", endpoint="data", url="data"))
