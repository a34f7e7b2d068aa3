"""The first page of an installation: its owner and its business. 404 for a wrong code, and once somebody has begun."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from foundation.db import db
from models import Realm
from sign_in.people import begin, this_browser
from ui_kit.refused import point_out
from workflows import access, first_run, settings
from workflows.errors import Conflict, WorkflowError
from workflows.first_run import Beginning

View = Any
_NEEDED = InputRequired(_l("Fill this in."))


class FirstForm(FlaskForm):
    """Who begins, and with what business."""

    business = StringField(_l("Name of your business"), validators=[_NEEDED, Length(max=80)])
    time_zone = SelectField(_l("Time zone"), validate_choice=False)
    currency = SelectField(_l("Currency"), validate_choice=False)
    locale = SelectField(_l("Language and format"), validate_choice=False)
    first_name = StringField(_l("Your first name"), validators=[_NEEDED, Length(max=120)])
    last_name = StringField(_l("Your last name"), validators=[Length(max=120)])
    email = StringField(_l("Your mail address"), validators=[_NEEDED, Length(max=255)])
    password = PasswordField(_l("Password"), validators=[_NEEDED])
    repeated = PasswordField(_l("The same again"), validators=[_NEEDED])

    def offer(self) -> None:
        """Fill the lists from what the settings allow, with their defaults chosen."""
        for name in ("time_zone", "currency", "locale"):
            entry = settings.REGISTRY[f"business.{name}"]
            self[name].choices = [SelectChoice(v, gettext(label)) for v, label in (entry.choices or list)()]
            self[name].render_kw = {"data-searchable": ""}
            if self[name].data is None:
                self[name].data = entry.default


#: a refusal of `settings.change` names the setting
_FIELDS = {f"business.{name}": name for name in ("time_zone", "currency", "locale")} | {"business.name": "business"}


def add_routes(door: Blueprint, show: Callable[..., View]) -> None:
    """Add the page to the office's door."""

    @door.url_value_preprocessor
    def _only_with_the_code(endpoint: str | None, values: dict[str, Any] | None) -> None:
        # Before the CSRF check, whose 400 would tell that the page exists.
        if (endpoint or "").endswith(".first_run"):
            key = current_app.config["SECRET_KEY"]
            if not first_run.fits(key, str((values or {}).get("code"))) or not first_run.is_open():
                abort(404)

    @door.route("/welcome/<code>", methods=["GET", "POST"], endpoint="first_run")
    def first(code: str) -> View:  # noqa: ARG001 -- the preprocessor compares it
        form = FirstForm(request.form if request.method == "POST" else None)
        form.offer()
        if request.method == "GET":
            return show("first_run.html", form=form)
        given = {name: form[name].data or "" for name in Beginning.__dataclass_fields__}
        beginning = Beginning(**given)
        try:
            if not form.validate():
                first_run.check(beginning)
                return show("first_run.html", 422, form=form)
            first_run.begin(beginning, say=gettext)
            opened = access.log_in(Realm.STAFF, given["email"], given["password"], browser=this_browser())
            db.session.commit()
        except Conflict as other:
            db.session.rollback()
            flash(other.say(gettext), "error")
            return redirect(url_for(".log_in"), 303)
        except WorkflowError as refusal:
            db.session.rollback()
            settings.forget()
            point_out(form, refusal, _FIELDS)
            return show("first_run.html", 422, form=form)
        if opened is not None:
            begin(opened)
        return redirect("/admin/first-steps/service", 303)
