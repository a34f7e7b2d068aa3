"""The people of the household beside the client: who gets copies, whom to call in an emergency. A tab of Your Data."""

from collections.abc import Mapping
from typing import Any

from flask import abort, flash, request, url_for
from flask_babel import gettext as _

from client_portal.frame import View, can_amend_data, client_here, data_is_on, page_group, see
from client_portal.your_data import CONTACTS, Tab, add_tabs, data_page, forget_about, problems_of
from foundation.db import db
from models import ClientContact
from sign_in import current_actor
from workflows import once, own_contacts, people, settings
from workflows.errors import Conflict, WorkflowError, WrongState


def contacts_are_on() -> bool:
    """May clients see the people of their household?"""
    return data_is_on() and bool(settings.read()["portal.contacts"])


def can_change_contacts() -> bool:
    """May clients change them?"""
    return contacts_are_on() and can_amend_data()


pages = page_group("portal_contacts", __name__, under="/your-data/contacts", nav="data", switches=[contacts_are_on])
changing = page_group("portal_changing_contacts", __name__, under="/your-data/contacts", nav="data", switches=[can_change_contacts])  # fmt: skip


def _tabs() -> list[Tab]:
    return (
        [Tab("contacts", _("Contacts"), url_for("portal_contacts.index"), "address-book")] if contacts_are_on() else []
    )


add_tabs(CONTACTS, _tabs)


@pages.get("")
def index() -> View:
    """Who they are."""
    client = client_here()
    found = [(own_contacts.key_of(client, contact), contact) for contact in own_contacts.of_client(client)]
    return data_page("contacts.html", "contacts", contacts=found, can_change=can_change_contacts(), show_phone=_phone)


def _phone(number: str | None) -> str:
    return people.show_phone(number, region=people.region())


@changing.get("/new")
def new() -> View:
    """A form for one more."""
    return _form("", {}, seen="")


@changing.post("")
def add() -> View:
    """Add somebody; pressed twice, they are there once."""
    try:
        once.claim(request.form.get("form_key"))
        contact = own_contacts.add(client_here(), request.form, actor=current_actor())
    except Conflict as sent_twice:
        db.session.rollback()
        flash(sent_twice.say(_), "info")
        return see(url_for("portal_contacts.index"))
    except WorkflowError as problem:
        db.session.rollback()
        return _form("", request.form, 422, seen="", problem=problem)
    return _done(_("%(name)s is added.", name=contact.name))


@changing.get("/<public_id:key>")
def edit(key: str) -> View:
    """One of them, to change."""
    contact = own_contacts.find(client_here(), key) or abort(404)
    return _form(key, _values(contact), seen=own_contacts.mark(contact))


@changing.post("/<public_id:key>")
def change(key: str) -> View:
    """Save it; where somebody else was first, theirs stands beside what was typed, and saving again means ours."""
    try:
        contact = own_contacts.change(client_here(), key, request.form, seen=request.form.get("seen", ""), actor=current_actor())  # fmt: skip
    except WrongState as gone:
        db.session.rollback()
        if own_contacts.find(client_here(), key) is None and not request.form.get("seen"):
            abort(404)
        flash(gone.say(_), "info")
        return see(url_for("portal_contacts.index"))
    except WorkflowError as problem:
        db.session.rollback()
        forget_about()
        now = own_contacts.find(client_here(), key) or abort(404)
        is_stale = isinstance(problem, Conflict)
        return _form(
            key, request.form, 409 if is_stale else 422, problem=problem, theirs=_values(now) if is_stale else None,
            seen=own_contacts.mark(now) if is_stale else request.form.get("seen", ""),
        )  # fmt: skip
    return _done(_("%(name)s is saved.", name=contact.name))


@changing.post("/<public_id:key>/removal")
def remove(key: str) -> View:
    """Take somebody out."""
    try:
        name = own_contacts.remove(client_here(), key, actor=current_actor())
    except WorkflowError as problem:
        db.session.rollback()
        flash(problem.say(_), "info")
        return see(url_for("portal_contacts.index"))
    return _done(_("%(name)s is removed.", name=name))


def _done(words: str) -> View:
    db.session.commit()
    flash(words, "success")
    return see(url_for("portal_contacts.index"))


def _values(contact: ClientContact) -> dict[str, Any]:
    held = {name: getattr(contact, name) or "" for name in (*own_contacts.LIMITS, *own_contacts.TICKS)}
    return {**held, "phone": _phone(contact.phone)}


def _form(
    key: str,
    values: Mapping[str, Any],
    status: int = 200,
    *,
    seen: str,
    problem: WorkflowError | None = None,
    theirs: Mapping[str, Any] | None = None,
) -> View:
    return data_page(
        "contact.html", "contacts", status, key=key, values=values, seen=seen, theirs=theirs,
        problems=problems_of(problem),
        limits=own_contacts.LIMITS, business=settings.read()["business.name"], form_key=once.new_key(),
    )  # fmt: skip
