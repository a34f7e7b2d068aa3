"""Agreements of the business: the list, the page on which their text is written, and who accepted what."""

from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.wrappers import Response

from admin_site import client_choice, filters, rows, search
from admin_site.base import OfficeList, ReadList
from admin_site.forms import Section
from admin_site.pages import Answer, WorkPage, get_or_404, page, refuse
from admin_site.people import OF_CLIENT, client_link
from admin_site.reading import read_id
from admin_site.rows import Column
from foundation.db import db
from models import Agreement, AgreementAcceptance, AgreementVersion, Client
from ui_kit.downloads import download
from workflows import agreements, once
from workflows.actors import Actor
from workflows.errors import Conflict, WorkflowError
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add the lists and the page to the back office."""
    admin.add_view(AgreementList(Agreement, "agreements", "/admin/agreements"))
    admin.add_view(AgreementText(name="Agreement", endpoint="agreement_text", url="agreement"))
    admin.add_view(AcceptanceList(AgreementAcceptance, "acceptances", "/admin/acceptances"))


class AgreementList(OfficeList):
    """What clients are asked to accept."""

    writing = Permission.SETTINGS
    may_delete = False
    title, add_label = _l("Agreements"), _l("Add agreement")
    empty = ("dog", _l("No agreements yet"), _l("Terms of service, a key release, a veterinary release: clients accept them at their next log-in."))  # fmt: skip
    search_hint = _l("Name")
    default_order = (Agreement.position, Agreement.id)
    list_template = "admin/agreements/list.html"
    list_options = (selectinload(Agreement.versions).load_only(AgreementVersion.number, AgreementVersion.created_at),)
    record_options = (selectinload(Agreement.versions), selectinload(Agreement.clients))
    details_template = "admin/agreements/details.html"
    columns = (
        Column("name", _l("Name"), sort=(Agreement.name,)),
        Column(
            "who", _l("Asked of"), value=lambda a: gettext("All clients") if a.for_all else gettext("Chosen clients")
        ),
        Column("newest", _l("Version"), right=True, value=lambda a: a.versions[-1].number if a.versions else ""),
        Column("changed", _l("Text of"), value=lambda a: a.versions[-1].created_at if a.versions else None),
        Column("at_registration", _l("At registration")),
        Column("is_active", _l("Active")),
    )
    filters = (filters.YesNo("active", Agreement.is_active, _l("Active")),)
    sections = (Section(_l("Agreement"), ("name", "is_active", "at_registration", "position")),)
    field_looks = {"position": {"class_": "ui-input--w8"}}
    form_args = {
        "name": {"label": _l("Name"), "description": _l("Clients read it as the heading.")},
        "is_active": {"label": _l("Active"), "description": _l("Off: nobody is asked any more. What was accepted stays.")},
        "position": {"label": _l("Place"), "description": _l("Clients are asked in this order.")},
        "at_registration": {"label": _l("At registration"), "description": _l("New clients accept it while they register.")},
    }  # fmt: skip

    def find(self, text: str) -> Any:
        return search.plain(Agreement.name)(text)

    def change(self, record: Agreement, values: dict[str, Any], actor: Actor) -> None:
        agreements.change(record, values, actor=actor)

    def add_url(self) -> str | None:
        return url_for("agreement_text.new") if self.can_create else None

    @expose("/new/")
    def create_view(self) -> Response:
        """It begins with its text, on the page for that."""
        if not self.can_create:
            abort(403)
        return redirect(url_for("agreement_text.new"))


class AgreementText(WorkPage):
    """Write a new agreement, or give one a new text."""

    permission = Permission.SETTINGS

    @expose("/")
    def index(self) -> Response:
        """The list."""
        return redirect(url_for("agreements.index_view"))

    @expose("/new", methods=("GET", "POST"))
    def new(self) -> Answer:
        """Name and text of a new one; whom it concerns is chosen afterwards, until then nobody is asked."""
        if request.method == "GET":
            return page("agreement_text.html", agreement=None, name="", body="", form_key=once.new_key())
        name, body = request.form.get("name", ""), request.form.get("body", "")
        try:
            once.claim(request.form.get("form_key"))
            made = agreements.add({"name": name, "for_all": True, "is_active": False}, body, actor=self.actor)
        except WorkflowError as problem:
            return self._refused(problem, None, name=name, body=body)
        db.session.commit()
        flash(gettext("“%(name)s” is saved. Say who is asked, and make it active.", name=made.name), "success")
        return redirect(url_for("agreements.edit_view", id=made.id))

    @expose("/<int:agreement_id>/text", methods=("GET", "POST"))
    def text(self, agreement_id: int) -> Answer:
        """A new version of the text."""
        agreement = get_or_404(Agreement, agreement_id)
        last = agreements.latest(agreement)
        if request.method == "GET":
            return page(
                "agreement_text.html", agreement=agreement, body=last.body, seen=last.number, form_key=once.new_key()
            )
        body, seen = request.form.get("body", ""), request.form.get("seen", "")
        typo = request.form.get("save") == "typo"
        try:
            once.claim(request.form.get("form_key"))
            made = agreements.revise(
                agreement,
                body,
                keeps_consent=typo,
                seen=int(seen) if seen.isdigit() and len(seen) < 9 else 0,
                actor=self.actor,
            )
        except WorkflowError as problem:
            return self._refused(problem, agreement, body=body)
        db.session.commit()
        flash(self._said(made, typo=typo), "success" if made else "info")
        return redirect(url_for("agreements.details_view", id=agreement.id))

    def _said(self, made: AgreementVersion | None, *, typo: bool) -> str:
        if made is None:
            return gettext("The text is the same as before. Nothing was changed.")
        if typo:
            return gettext("Saved as a typo fix: nobody is asked again.")
        return gettext("Version %(number)s is saved. Clients are asked to accept it from now on.", number=made.number)

    def _refused(self, problem: WorkflowError, agreement: Agreement | None, *, name: str = "", body: str) -> Answer:
        """The form as it was filled in; after a collision with the text of now beside it."""
        db.session.rollback()
        if isinstance(problem, Conflict) and problem.code == "sent_twice":
            flash(problem.say(gettext), "info")
            return redirect(url_for("agreements.index_view"))
        now = agreements.latest(agreement) if agreement is not None else None
        return page(
            "agreement_text.html", 409 if isinstance(problem, Conflict) else 422, agreement=agreement, name=name, body=body,
            seen=now.number if now else 0, theirs=now if isinstance(problem, Conflict) else None,
            problem=problem.say(gettext), field=problem.field, form_key=once.new_key(),
        )  # fmt: skip

    @expose("/<int:agreement_id>/clients", methods=("GET", "POST"))
    def clients(self, agreement_id: int) -> Answer:
        """Who is asked: all, or the clients that are chosen here."""
        agreement = get_or_404(Agreement, agreement_id, selectinload(Agreement.clients))
        if request.method == "POST":
            return self._choose(agreement)
        typed = search.tidy(request.args.get("search"))
        chosen = sorted(agreement.clients, key=lambda c: (c.last_name, c.first_name, c.id))
        found = client_choice.find(typed) if typed else []
        return page("agreement_clients.html", agreement=agreement, chosen=chosen, search=typed, found=found)

    def _choose(self, agreement: Agreement) -> Answer:
        what, named = request.form.get("do"), read_id(request.form.get("client"))
        client = db.session.get(Client, named) if named else None
        try:
            if what == "all":
                agreements.change(agreement, {"for_all": True, "clients": []}, actor=self.actor)
            elif what in {"add", "remove"} and client is not None:
                work = agreements.choose if what == "add" else agreements.unchoose
                work(agreement, client, actor=self.actor)
            else:
                abort(404)
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
        except StaleDataError:
            db.session.rollback()
            flash(gettext("Someone changed this record meanwhile."), "error")
        return redirect(url_for("agreement_text.clients", agreement_id=agreement.id))

    @expose("/version/<int:version_id>")
    def version(self, version_id: int) -> Answer:
        """A text as it was."""
        one = get_or_404(AgreementVersion, version_id, joinedload(AgreementVersion.agreement))
        return page("agreement_version.html", version=one)


class AcceptanceList(ReadList):
    """Who accepted which text when."""

    title = _l("Accepted agreements")
    empty = ("cat", _l("Nobody has accepted anything yet"), _l("Each yes of a client stands here, with its copy."))
    search_hint = _l("Client, pet or account number")
    default_order = (AgreementAcceptance.id.desc(),)
    counts_rows = False
    list_options = (
        joinedload(AgreementAcceptance.client).load_only(*OF_CLIENT),
        joinedload(AgreementAcceptance.agreement_version).load_only(AgreementVersion.number).joinedload(AgreementVersion.agreement).load_only(Agreement.name),
        joinedload(AgreementAcceptance.client_login),
        joinedload(AgreementAcceptance.file),
    )  # fmt: skip
    record_options = list_options
    columns = (
        Column("accepted_at", _l("When"), sort=(AgreementAcceptance.accepted_at, AgreementAcceptance.id)),
        Column("client", _l("Client"), show=lambda a: client_link(a.client)),
        Column("agreement", _l("Agreement"), value=lambda a: a.agreement_version.agreement.name),
        Column("number", _l("Version"), right=True, value=lambda a: a.agreement_version.number),
        Column("typed_name", _l("Typed name")),
        Column("login", _l("Logged in as"), hidden=True, value=lambda a: str(a.client_login or "")),
        Column("address", _l("Network address"), hidden=True),
        Column("text_hash", _l("Fingerprint of the text"), hidden=True),
        Column("copy", _l("Copy"), value=lambda a: a.file.name if a.file else "", show=lambda a: rows.link(gettext("PDF"), url_for("acceptances.copy", id=a.id)) if a.file and not a.file.removed_at else ""),
    )  # fmt: skip
    filters = (
        *filters.client_filters(AgreementAcceptance.client_id),
        filters.Day("from", AgreementAcceptance.accepted_at, _l("From")),
        filters.Day("until", AgreementAcceptance.accepted_at, _l("Until"), until=True),
    )

    def find(self, text: str) -> Any:
        return AgreementAcceptance.client_id.in_(sa.select(Client.id).where(search.clients(text)))

    def record_name(self, record: AgreementAcceptance) -> str:
        return f"{record.agreement_version.agreement.name}: {record.client}"

    @expose("/copy/")
    def copy(self) -> Response:
        """The PDF."""
        record = self.asked_record()
        if record.file is None or record.file.removed_at is not None:
            abort(404)
        return download(record.file) or abort(404)
