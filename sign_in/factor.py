"""Behind the password: the page that asks for the second factor, or has it set up; and log-in by passkey.

Nobody is signed in here. These pages look themselves for the sign-in whose password was right (`waiting_sign_in`).
"""

import io
from collections.abc import Callable
from typing import Any

import segno
from flask import Blueprint, Response, abort, current_app, jsonify, redirect, request, session, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as BaseResponse
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from foundation.db import db
from models import Realm, SignIn
from sign_in.people import begin, begin_waiting, own_login, this_browser, waiting_sign_in
from ui_kit.downloads import text_file
from workflows import passkeys, second_factor, settings, sign_ins
from workflows.errors import WorkflowError
from workflows.sign_ins import Login, Opened
from workflows.tries import TooManyTries

View = Any


class CodeForm(FlaskForm):
    """A code from the phone, or one from paper."""

    code = StringField(_l("Code"), validators=[InputRequired(_l("Fill this in.")), Length(max=64)])


def site() -> passkeys.Site:
    """This business as passkeys know it; only the configured address counts."""
    return passkeys.site_of(current_app.config["PUBLIC_URL"], str(settings.read()["business.name"]))


def picture_of(secret: str, login: Login) -> Response:
    """The QR code that a code generator scans. A picture of its own, as the pages' policy allows no inline styles."""
    client = sign_ins.client_of(login)
    name = login.email or (client.account_number if client else "")
    address = second_factor.address_of(secret, name=name, business=str(settings.read()["business.name"]))
    out = io.BytesIO()
    segno.make(address, error="m").save(out, kind="svg", scale=5, border=4, dark="#000000", light="#ffffff")
    return Response(out.getvalue(), mimetype="image/svg+xml", headers={"Cache-Control": "no-store"})


def grouped(secret: str) -> str:
    """The key as people type it: groups of four."""
    return " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))


def hand_out(login: Login) -> Response:
    """The recovery codes that the page has just shown, as a text file; 404 for any others."""
    codes = request.form.getlist("code")[: second_factor.N_CODES]
    if not second_factor.are_own(login, codes):
        abort(404)
    name = str(settings.read()["business.name"])
    title = gettext("Recovery codes for %(business)s. Each works once.", business=name)
    return text_file("\n".join([title, "", *codes, ""]), "recovery-codes.txt")


def let_on(opened: Opened, target: str | None, home: Callable[[], str]) -> BaseResponse:
    """Signed in, or before the second factor's page; a factor that must be set up is begun at once."""
    if not opened.sign_in.awaits_factor:
        begin(opened)
        return redirect(target or home())
    begin_waiting(opened, target)
    return redirect(url_for(".factor"))


def prepare(opened: Opened) -> None:
    """Begin the set-up for somebody who must have a factor and has none; before the commit of the log-in."""
    login = sign_ins.login_of(opened.sign_in)
    if opened.sign_in.awaits_factor and login is not None and not _has_factor(login):
        second_factor.start(login)


def _has_factor(login: Login) -> bool:
    state = second_factor.state_of(login)
    return state.is_on or state.n_passkeys > 0


def add_routes(door: Blueprint, realm: Realm, show: Callable[..., View], home: Callable[[], str]) -> None:  # noqa: PLR0915 -- small pages that share their door
    """Add these pages to a realm's door."""

    def waiting() -> tuple[SignIn, Login] | None:
        found = waiting_sign_in()
        login = sign_ins.login_of(found) if found is not None else None
        return (found, login) if found is not None and login is not None else None

    def enter(opened: Opened) -> str:
        """Signed in at last; where to?"""
        target = session.get("target")
        begin(opened)
        return target or home()

    @door.route("/second-factor", methods=["GET", "POST"])
    def factor() -> View:
        found = waiting()
        if found is None:
            return redirect(url_for(".log_in"))
        waits, login = found
        state = second_factor.state_of(login)
        if not state.is_on and not state.n_passkeys:
            return redirect(url_for(".set_up"))
        form = CodeForm(request.form if request.method == "POST" else None)
        if not form.validate_on_submit():
            return show("factor.html", 422 if form.errors else 200, form=form, state=state, problem=None)
        try:
            passed = second_factor.pass_factor(login, form.code.data or "", browser=this_browser())
        except TooManyTries as slow:
            db.session.rollback()
            headers = {"Retry-After": str(slow.retry_after)}
            return show("factor.html", 429, headers, form=form, state=state, problem=slow.say(gettext))
        if not passed:
            db.session.commit()
            form.code.errors = [gettext("This code is not right, or it was used already.")]
            return show("factor.html", 422, form=form, state=state, problem=None)
        opened = second_factor.finish(login, waits, browser=this_browser())
        db.session.commit()
        return redirect(enter(opened))

    @door.route("/second-factor/set-up", methods=["GET", "POST"])
    def set_up() -> View:
        found = waiting()
        if found is None:
            return redirect(url_for(".log_in"))
        waits, login = found
        if _has_factor(login):
            return redirect(url_for(".factor"))
        secret = second_factor.pending_secret(login)
        if request.method == "POST" and secret is None:
            secret = second_factor.start(login)
            db.session.commit()
            return redirect(url_for(".set_up"), 303)
        form = CodeForm(request.form if request.method == "POST" else None)
        shown = {"form": form, "secret": grouped(secret or ""), "picture": url_for(".picture")}
        if not form.validate_on_submit():
            return show("factor_set_up.html", 422 if form.errors else 200, **shown)
        try:
            codes = second_factor.confirm(login, form.code.data or "", actor=sign_ins.person(login))
            opened = second_factor.finish(login, waits, browser=this_browser())
            db.session.commit()
        except WorkflowError as refusal:
            db.session.rollback()
            form.code.errors = [refusal.say(gettext)]
            return show("factor_set_up.html", 422, **shown)
        return show("factor_codes.html", codes=codes, onward=enter(opened))

    @door.get("/second-factor/picture.svg")
    def picture() -> View:
        found = waiting()
        if found is None:
            return redirect(url_for(".log_in"))
        secret = second_factor.pending_secret(found[1])
        return picture_of(secret, found[1]) if secret else abort(404)

    @door.post("/second-factor/codes.txt")
    def codes_file() -> View:
        return hand_out(own_login())

    # ---------------------------------------------------------------------------------------------- by passkey

    def sign_with(login: Login | None) -> View:
        options, challenge = passkeys.ask_to_log_in(site(), login)
        session["challenge"] = challenge.stored()
        return Response(options, mimetype="application/json", headers={"Cache-Control": "no-store"})

    def by_passkey(target: str | None) -> View:
        challenge = passkeys.read_challenge(session.pop("challenge", None))
        try:
            opened = passkeys.log_in(realm, site(), challenge, request.get_json(silent=True), browser=this_browser())
        except WorkflowError as refusal:
            db.session.rollback()
            return jsonify(problem=refusal.say(gettext)), 429 if isinstance(refusal, TooManyTries) else 422
        found = waiting() if opened is not None else None
        if found is not None:
            sign_ins.log_out(found[0])
        db.session.commit()
        if opened is None:
            return jsonify(problem=gettext("This passkey did not open anything. Log in with your password.")), 422
        begin(opened)
        return jsonify(onward=target or home())

    @door.post("/passkey/options")
    def passkey_options() -> View:
        return sign_with(None)

    @door.post("/passkey")
    def passkey() -> View:
        return by_passkey(None)

    @door.post("/second-factor/passkey/options")
    def factor_options() -> View:
        found = waiting()
        return sign_with(found[1]) if found is not None else abort(404)

    @door.post("/second-factor/passkey")
    def factor_key() -> View:
        return by_passkey(session.get("target")) if waiting() is not None else abort(404)
