"""What people see and change of their own log-in, in each face's own frame: portal settings, the office's account page, the sitter's.

Nothing here is for a member of staff in a client's portal: it is the client's log-in (404).
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, g, jsonify, redirect, render_template, request, session, url_for
from flask_babel import gettext, refresh
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from foundation import clock
from foundation.db import db
from models import Realm, SignIn, StaffLogin
from sign_in import staff_mails, tokens
from sign_in.factor import CodeForm, grouped, hand_out, picture_of, site
from sign_in.people import own_login, own_sign_in, this_browser
from ui_kit import formats
from ui_kit.refused import point_out
from workflows import account, api_tokens, languages, passkeys, second_factor, settings, sign_ins
from workflows.account import NotProved
from workflows.errors import WorkflowError
from workflows.tries import TooManyTries

View = Any
#: endpoints that are gone while the second factor is switched off
FACTOR_PAGES = frozenset(
    {
        "two_factor", "start_factor", "factor_picture", "factor_on", "factor_off", "factor_codes", "codes_file",
        "passkeys_page", "passkey_options", "add_passkey", "rename_passkey", "remove_passkey",
    }
)  # fmt: skip

#: and those that are gone while people may not choose their language
LANGUAGE_PAGES = frozenset({"language", "choose_language"})


class PasswordForm(FlaskForm):
    """The present password, and the new one twice."""

    present = PasswordField(_l("Your present password"), validators=[InputRequired(_l("Fill this in."))])
    password = PasswordField(_l("New password"), validators=[InputRequired(_l("Fill this in."))])
    repeated = PasswordField(_l("The same again"), validators=[InputRequired(_l("Fill this in."))])


class ProofForm(FlaskForm):
    """Who is at the keyboard?"""

    proof = PasswordField(
        _l("Your password, or a code from your phone"), validators=[InputRequired(_l("Fill this in.")), Length(max=200)]
    )


class NameForm(FlaskForm):
    """What a passkey is called."""

    name = StringField(_l("Name"), validators=[InputRequired(_l("Fill this in.")), Length(max=120)])


def device_words(sign_in: SignIn) -> str:
    """`Firefox on Android`."""
    browser, _slash, system = sign_in.device.partition("/")
    if browser and system:
        return gettext("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or gettext("Unknown device")


def seen_words(sign_in: SignIn) -> str:
    """`Today, 9 AM`: to the hour, as it is kept."""
    if sign_in.last_seen_at is None:
        return ""
    local = clock.to_local(sign_in.last_seen_at)
    return gettext("%(day)s, %(time)s", day=formats.short_day(local.date()), time=formats.clock_time(local.time()))


def page(
    template: str, status: int = 200, *, layout: str = "ui/base_portal.html", is_client: bool = True, **more: object
) -> View:
    """A page about one's own log-in, in a face's frame."""
    return render_template(f"account/{template}", layout=layout, is_client=is_client, **more), status


def add_routes(group: Blueprint, realm: Realm, layout: str) -> None:  # noqa: PLR0915 -- small pages that share their frame
    """Add these pages to a face's blueprint; `layout` is the template of its frame."""

    def show(template: str, status: int = 200, **more: object) -> View:
        return page(template, status, layout=layout, is_client=realm is Realm.CLIENT, **more)

    def to(endpoint: str) -> Response:
        return redirect(url_for(f".{endpoint}"), 303)

    def refused(form: FlaskForm, refusal: WorkflowError, field: str) -> int:
        """Say it at its field; a wrong proof was counted, so that is kept. The status of the answer."""
        if isinstance(refusal, NotProved):
            db.session.commit()
        else:
            db.session.rollback()
        point_out(form, refusal, {name: field for name in ("", refusal.field or "") if name not in form})
        return 429 if isinstance(refusal, TooManyTries) else 422

    if realm is Realm.STAFF:
        staff_mails.add_routes(group, layout)
        tokens.add_routes(group, layout)

    @group.url_value_preprocessor
    def _only_offered(endpoint: str | None, _values: dict[str, Any] | None) -> None:
        # Before the CSRF check, whose 400 would tell that the page exists.
        if (endpoint or "").rpartition(".")[2] in FACTOR_PAGES and not second_factor.is_offered(realm):
            abort(404)
        if (endpoint or "").rpartition(".")[2] in LANGUAGE_PAGES and not languages.are_offered(realm):
            abort(404)

    @group.get("/")
    def index() -> View:
        login = own_login()
        return show(
            "index.html", state=second_factor.state_of(login), offered=second_factor.is_offered(realm),
            n_signed_in=len(sign_ins.list_of(login)), login=login, may_choose=languages.may_choose(login),
            tokens_on=realm is Realm.STAFF and api_tokens.is_on(),
        )  # fmt: skip

    # ------------------------------------------------------------------------------------------------- password

    @group.route("/password", methods=["GET", "POST"])
    def password() -> View:
        login = own_login()
        n_tokens = len(api_tokens.of_person(login.staff)) if isinstance(login, StaffLogin) else 0
        form = PasswordForm(request.form if request.method == "POST" else None)
        if not form.validate_on_submit():
            return show("password.html", 422 if form.errors else 200, form=form, n_tokens=n_tokens)
        try:
            account.change_password(
                login, form.present.data or "", form.password.data or "", repeated=form.repeated.data or "",
                keep=own_sign_in(), browser=this_browser(),
            )  # fmt: skip
        except WorkflowError as refusal:
            return show("password.html", refused(form, refusal, "password"), form=form, n_tokens=n_tokens)
        db.session.commit()
        flash(gettext("Your password is changed. All other devices are logged out."), "success")
        return to("index")

    # -------------------------------------------------------------------------------------------------- language

    def language_page(status: int = 200, error: str = "") -> View:
        chosen = request.form.get("locale", "") if error else own_login().locale or ""
        return show(
            "language.html", status, choices=languages.offered(), chosen=chosen, error=error,
            usual=languages.name_of(settings.read()["business.locale"]),
        )  # fmt: skip

    @group.get("/language")
    def language() -> View:
        return language_page()

    @group.post("/language")
    def choose_language() -> View:
        login = own_login()
        try:
            languages.choose(login, request.form.get("locale", ""), actor=sign_ins.person(login))
        except WorkflowError as refusal:
            db.session.rollback()
            return language_page(422, refusal.say(gettext))
        db.session.commit()
        g.own_locale = languages.own(login)
        refresh()  # the answer is in the language that was chosen
        flash(gettext("Saved."), "success")
        return to("index")

    # ----------------------------------------------------------------------------------------------- two factors

    @group.get("/two-factor")
    def two_factor() -> View:
        return two_factor_page(200, code=CodeForm(None), proof=ProofForm(None))

    def two_factor_page(status: int, **forms: FlaskForm) -> View:
        login = own_login()
        secret = second_factor.pending_secret(login)
        return show(
            "two_factor.html", status, ask=account.needs_proof(own_sign_in()), state=second_factor.state_of(login), secret=grouped(secret) if secret else "",
            required=second_factor.is_required(login), **forms,
        )  # fmt: skip

    @group.post("/two-factor/start")
    def start_factor() -> View:
        form = ProofForm(request.form)
        try:
            if account.needs_proof(own_sign_in()):
                account.prove(own_login(), form.proof.data or "", browser=this_browser(), field="proof")
            second_factor.start(own_login())
            db.session.commit()
        except (NotProved, TooManyTries) as refusal:
            return two_factor_page(refused(form, refusal, "proof"), code=CodeForm(None), proof=form)
        except WorkflowError as refusal:
            db.session.rollback()
            flash(refusal.say(gettext), "error")
        return to("two_factor")

    @group.get("/two-factor/picture.svg")
    def factor_picture() -> View:
        secret = second_factor.pending_secret(own_login())
        return picture_of(secret, own_login()) if secret else abort(404)

    @group.post("/two-factor/on")
    def factor_on() -> View:
        login, form = own_login(), CodeForm(request.form)
        if not form.validate():
            return two_factor_page(422, code=form, proof=ProofForm(None))
        try:
            codes = second_factor.confirm(login, form.code.data or "", actor=sign_ins.person(login))
        except WorkflowError as refusal:
            return two_factor_page(refused(form, refusal, "code"), code=form, proof=ProofForm(None))
        db.session.commit()
        return show("codes.html", codes=codes, is_new=True)

    @group.post("/two-factor/off")
    def factor_off() -> View:
        login, form = own_login(), ProofForm(request.form)
        if not form.validate():
            return two_factor_page(422, code=CodeForm(None), proof=form)
        try:
            account.prove(login, form.proof.data or "", browser=this_browser(), field="proof")
            second_factor.turn_off(login, actor=sign_ins.person(login))
        except WorkflowError as refusal:
            return two_factor_page(refused(form, refusal, "proof"), code=CodeForm(None), proof=form)
        db.session.commit()
        flash(gettext("Two-step log-in is off."), "success")
        return to("two_factor")

    @group.post("/two-factor/codes")
    def factor_codes() -> View:
        login, form = own_login(), ProofForm(request.form)
        if not form.validate():
            return two_factor_page(422, code=CodeForm(None), proof=form)
        try:
            account.prove(login, form.proof.data or "", browser=this_browser(), field="proof")
            codes = second_factor.new_codes(login, actor=sign_ins.person(login))
        except WorkflowError as refusal:
            return two_factor_page(refused(form, refusal, "proof"), code=CodeForm(None), proof=form)
        db.session.commit()
        return show("codes.html", codes=codes, is_new=False)

    @group.post("/two-factor/codes.txt")
    def codes_file() -> View:
        return hand_out(own_login())

    # -------------------------------------------------------------------------------------------------- passkeys

    @group.get("/passkeys")
    def passkeys_page() -> View:
        ask = account.needs_proof(own_sign_in())
        return show("passkeys.html", keys=passkeys.list_of(own_login()), local=clock.to_local, ask=ask)

    @group.post("/passkeys/options")
    def passkey_options() -> View:
        sent = request.get_json(silent=True)
        proof = str(sent.get("proof") or "") if isinstance(sent, dict) else ""
        try:
            if account.needs_proof(own_sign_in()):
                account.prove(own_login(), proof, browser=this_browser())
            options, challenge = passkeys.ask_to_register(own_login(), site())
        except WorkflowError as refusal:
            db.session.commit()  # a wrong proof was counted; nothing else was changed
            return jsonify(problem=refusal.say(gettext)), 429 if isinstance(refusal, TooManyTries) else 422
        db.session.commit()
        session["challenge"] = challenge.stored()
        return Response(options, mimetype="application/json", headers={"Cache-Control": "no-store"})

    @group.post("/passkeys")
    def add_passkey() -> View:
        login, challenge = own_login(), passkeys.read_challenge(session.pop("challenge", None))
        sent = request.get_json(silent=True)
        sent = sent if isinstance(sent, dict) else {}
        try:
            key = passkeys.register(
                login, site(), challenge, sent.get("answer"), name=str(sent.get("name") or ""), actor=sign_ins.person(login)
            )  # fmt: skip
            db.session.commit()
        except WorkflowError as refusal:
            db.session.rollback()
            return jsonify(problem=refusal.say(gettext)), 422
        flash(gettext("The passkey “%(name)s” is ready.", name=key.name), "success")
        return jsonify(onward=url_for(".passkeys_page"))

    @group.post("/passkeys/<public_id:key_id>/name")
    def rename_passkey(key_id: str) -> View:
        return do(lambda: passkeys.rename(own_login(), key_id, request.form.get("name", "")), "passkeys_page", gettext("Saved."))  # fmt: skip

    @group.post("/passkeys/<public_id:key_id>/removal")
    def remove_passkey(key_id: str) -> View:
        login = own_login()
        done = gettext("The passkey is removed. It opens nothing any more.")
        return do(lambda: passkeys.remove(login, key_id, actor=sign_ins.person(login)), "passkeys_page", done)

    # -------------------------------------------------------------------------------------------------- sign-ins

    @group.get("/sign-ins")
    def sign_ins_page() -> View:
        login, me = own_login(), own_sign_in()
        return show(
            "sign_ins.html", found=sign_ins.list_of(login), me=me, handle=sign_ins.handle, device=device_words,
            seen=seen_words,
        )  # fmt: skip

    @group.post("/sign-ins/end")
    def end_sign_in() -> View:
        login = own_login()
        wanted = request.form.get("sign_in", "")
        done = gettext("Logged out there.")
        return do(lambda: sign_ins.end_one(login, wanted, actor=sign_ins.person(login)), "sign_ins_page", done)

    @group.post("/sign-ins/end-others")
    def end_other_sign_ins() -> View:
        login = own_login()
        done = gettext("All other devices are logged out.")
        return do(lambda: sign_ins.end_others(login, keep=own_sign_in(), actor=sign_ins.person(login)), "sign_ins_page", done)  # fmt: skip

    def do(work: Callable[[], object], endpoint: str, done: str) -> Response:
        try:
            work()
            db.session.commit()
        except WorkflowError as refusal:
            db.session.rollback()
            flash(refusal.say(gettext), "error")
        else:
            flash(done, "success")
        return to(endpoint)
