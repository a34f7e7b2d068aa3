"""New clients register: an address, the link that was mailed to it, names and a password. 404 while it is switched off."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, current_app, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from foundation.db import db
from sign_in.people import begin, current_sign_in, this_browser
from ui_kit.refused import point_out
from workflows import registrations, settings
from workflows.agreements import Shown
from workflows.errors import Conflict, NotAllowed, WorkflowError
from workflows.registrations import Person
from workflows.tries import TooManyTries

View = Any
#: endpoints of the door that are about registering
PAGES = frozenset({"register", "registered", "finish_registration"})


class AddressForm(FlaskForm):
    """Who wants to register."""

    email = StringField(_l("Mail address"), validators=[InputRequired(_l("Fill this in.")), Length(max=255)])


class PersonForm(FlaskForm):
    """Who they are, and the password they want, twice."""

    first_name = StringField(_l("First name"), validators=[InputRequired(_l("Fill this in.")), Length(max=120)])
    last_name = StringField(_l("Last name"), validators=[InputRequired(_l("Fill this in.")), Length(max=120)])
    password = PasswordField(_l("Password"), validators=[InputRequired(_l("Fill this in."))])
    repeated = PasswordField(_l("The same again"), validators=[InputRequired(_l("Fill this in."))])


def add_routes(door: Blueprint, show: Callable[..., View]) -> None:  # noqa: PLR0915 -- three small pages that share their door
    """Add these pages to the portal's door."""

    @door.url_value_preprocessor
    def _only_when_on(endpoint: str | None, _values: dict[str, Any] | None) -> None:
        # Before the CSRF check, whose 400 would tell that the page exists.
        if (endpoint or "").rpartition(".")[2] in PAGES and not registrations.is_open():
            abort(404)

    @door.route("/register", methods=["GET", "POST"])
    def register() -> View:
        form = AddressForm(request.form if request.method == "POST" else None)
        if not form.validate_on_submit():
            return show("register.html", 422 if form.errors else 200, form=form, sent=False, problem=None)
        try:
            registrations.ask(form.email.data or "", address=request.remote_addr or "")
        except TooManyTries as slow:
            db.session.rollback()
            headers = {"Retry-After": str(slow.retry_after)}
            return show("register.html", 429, headers, form=form, sent=False, problem=slow.say(gettext))
        except WorkflowError as refusal:
            db.session.rollback()
            form.email.errors = [refusal.say(gettext)]
            return show("register.html", 422, form=form, sent=False, problem=None)
        db.session.commit()
        return show("register.html", form=form, sent=True, problem=None)

    def show_person(form: PersonForm, email: str, status: int, problem: str = "") -> View:
        ticked = set(request.form.getlist("accept"))
        return show(
            "register_person.html", status, form=form, email=email, terms=registrations.terms(), ticked=ticked, problem=problem
        )  # fmt: skip

    @door.get("/registered")
    def registered() -> View:
        is_in = current_sign_in() is not None
        return show("registered.html", is_in=is_in, text=str(settings.read()["portal.welcome_text"] or ""))

    @door.route("/register/<token>", methods=["GET", "POST"])
    def finish_registration(token: str) -> View:
        try:
            registration, serial = registrations.read_link(current_app.config["SECRET_KEY"], token)
        except NotAllowed:
            abort(404)
        except WorkflowError as dead:
            return show("register_dead.html", 410, message=dead.say(gettext))
        form = PersonForm(request.form if request.method == "POST" else None)
        if request.method == "GET":
            return show_person(form, registration.email, 200)
        ticked = tuple(Shown(*value.split(":", 1)) for value in request.form.getlist("accept") if ":" in value)
        person = Person(
            form.first_name.data or "", form.last_name.data or "", form.password.data or "", form.repeated.data or "",
            ticked,
        )  # fmt: skip
        try:
            if not form.validate():
                registrations.check(registration, person)
                return show_person(form, registration.email, 422)
            opened = registrations.register(registration, person, serial=serial, browser=this_browser())
            db.session.commit()
        except Conflict as meanwhile:
            db.session.rollback()
            return show("register_dead.html", 409, message=meanwhile.say(gettext))
        except WorkflowError as refusal:
            db.session.rollback()
            point_out(form, refusal)
            return show_person(form, registration.email, 422, " ".join(form.form_errors))
        if opened is not None:
            begin(opened)
        return redirect(url_for(".registered"), 303)
