"""Log in, log out, forgotten password, set a password: the same pages for both realms, in their own frames."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from foundation.db import db, reads_first
from models import ClientLogin, Realm
from sign_in import factor, first_run, registering
from sign_in.guard import local_path
from sign_in.people import current_sign_in, end, this_browser
from ui_kit.frames import AuthFrame
from ui_kit.refused import point_out
from workflows import access, login_links, registrations, settings, sign_ins, tries
from workflows.errors import WorkflowError
from workflows.permissions import Permission

View = str | Response | tuple[str, int] | tuple[str, int, dict[str, str]]


class LogInForm(FlaskForm):
    """Name and password; paste and password managers are welcome."""

    name = StringField(validators=[InputRequired(_l("Fill this in.")), Length(max=255)])
    password = PasswordField(_l("Password"), validators=[InputRequired(_l("Fill this in.")), Length(max=200)])
    next = HiddenField()


class ForgottenForm(FlaskForm):
    """Who wants a link."""

    name = StringField(validators=[InputRequired(_l("Fill this in.")), Length(max=255)])


class SetPasswordForm(FlaskForm):
    """A new password, twice."""

    password = PasswordField(_l("New password"), validators=[InputRequired(_l("Fill this in."))])
    repeated = PasswordField(_l("The same again"), validators=[InputRequired(_l("Fill this in."))])


def make(realm: Realm, *, name: str, url_prefix: str) -> Blueprint:  # noqa: PLR0915 -- four small pages that share their realm
    """The blueprint of one realm's door."""
    door = Blueprint(name, __name__, url_prefix=url_prefix)
    name_label = _l("Mail address or account number") if realm is Realm.CLIENT else _l("Mail address")

    def show(template: str, status: int = 200, headers: dict[str, str] | None = None, **more: object) -> View:
        values = settings.read()
        logo = url_for("logo", key=values["business.logo"]) if values["business.logo"] else None
        auth = AuthFrame(
            values["business.name"],
            url_for(".log_in"),
            logo_url=logo,
            phone_number=values["business.phone"] or None,
            email=values["business.email"] or None,
        )
        body = render_template(
            f"sign_in/{template}",
            auth=auth,
            realm=realm.value,
            door=name,
            name_label=name_label,
            may_register=realm is Realm.CLIENT and registrations.is_open(),
            **more,
        )
        return body, status, headers or {}

    def home() -> str:
        """Where a signed-in person belongs."""
        if realm is Realm.CLIENT:
            return "/portal/"
        user = current_sign_in()
        return "/admin/" if user and user.actor.may(Permission.OFFICE) else "/staff/"

    @door.route("/log-in", methods=["GET", "POST"])
    @reads_first
    def log_in() -> View:
        if request.method == "GET" and current_sign_in() is not None:
            return redirect(home())
        form = LogInForm(request.form if request.method == "POST" else None)
        if request.method == "GET":
            form.next.data = local_path(request.args.get("next")) or ""
        if not form.validate_on_submit():
            return show("log_in.html", 422 if form.errors else 200, form=form, problem=None)
        try:
            opened = access.log_in(realm, form.name.data or "", form.password.data or "", browser=this_browser())
            if opened is not None:
                factor.prepare(opened)
        except tries.TooManyTries as slow:
            db.session.rollback()
            headers = {"Retry-After": str(slow.retry_after)}
            return show("log_in.html", 429, headers, form=form, problem=slow.say(gettext))
        db.session.commit()
        if opened is None:
            return show("log_in.html", 422, form=form, problem=gettext("This name and password do not match. Check them, or ask for a new password link."))  # fmt: skip
        return factor.let_on(opened, _own_path(realm, form.next.data), home)

    @door.post("/log-out")
    def log_out() -> View:
        user = current_sign_in()
        if user is not None:
            sign_ins.log_out(user.sign_in)
            db.session.commit()
        end()
        flash(gettext("You are logged out."), "success")
        return redirect(url_for(".log_in"))

    @door.route("/forgotten", methods=["GET", "POST"])
    def forgotten() -> View:
        form = ForgottenForm(request.form if request.method == "POST" else None)
        if not form.validate_on_submit():
            return show("forgotten.html", 422 if form.errors else 200, form=form, sent=False, problem=None)
        try:
            login_links.ask_for_link(realm, form.name.data or "", address=request.remote_addr or "")
        except tries.TooManyTries as slow:
            db.session.rollback()
            return show("forgotten.html", 429, form=form, sent=False, problem=slow.say(gettext))
        db.session.commit()
        return show("forgotten.html", form=form, sent=True, problem=None)

    @door.route("/set-password/<token>", methods=["GET", "POST"])
    def set_password(token: str) -> View:
        form = SetPasswordForm(request.form if request.method == "POST" else None)
        try:
            login = login_links.read_link(current_app.config["SECRET_KEY"], realm, token)
        except WorkflowError as dead:
            return show("link_dead.html", 410, message=dead.say(gettext))
        number = None
        if isinstance(login, ClientLogin) and access.opens_by_number(login):
            number = login.client.account_number_grouped
        who = str(login.client if isinstance(login, ClientLogin) else login.staff)
        if not form.validate_on_submit():
            return show("set_password.html", 422 if form.errors else 200, form=form, who=who, number=number)
        try:
            opened = login_links.set_password(
                login,
                form.password.data or "",
                serial=login.link_serial,
                repeated=form.repeated.data,
                browser=this_browser(),
            )
            factor.prepare(opened)
        except WorkflowError as refusal:
            db.session.rollback()
            point_out(form, refusal, {"": "password"})
            return show("set_password.html", 422, form=form, who=who, number=number)
        db.session.commit()
        onward = factor.let_on(opened, None, home)
        flash(gettext("Your password is set. Welcome."), "success")
        return onward

    factor.add_routes(door, realm, show, home)
    if realm is Realm.CLIENT:
        registering.add_routes(door, show)
    else:
        first_run.add_routes(door, show)
    return door


def _own_path(realm: Realm, target: str | None) -> str | None:
    """Where the person was going, if it is a page of this realm."""
    path = local_path(target)
    if path is None:
        return None
    return path if path.startswith("/portal") is (realm is Realm.CLIENT) else None
