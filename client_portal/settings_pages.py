"""The client's settings: password, second factor, passkeys, devices (`sign_in.account`); the household's log-ins; mails.

All of it is about a log-in. The office in a client's portal has none there: every address is 404 for it.
"""

from typing import Any

from flask import abort, flash, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from client_portal.frame import READS, View, page_group, see
from foundation.db import db
from foundation.sealing import fingerprint
from mailer import kinds
from models import ClientLogin, Realm
from sign_in import account as account_pages
from sign_in import current_actor, current_sign_in
from sign_in.people import own_login
from workflows import account, invitations
from workflows.errors import WorkflowError
from workflows.invitations import InvitationState
from workflows.mail_facts import REFUSABLE_KINDS

pages = page_group("portal_settings", __name__, under="/settings", nav="settings")


@pages.url_value_preprocessor
def _not_for_the_office(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Before the CSRF check, so that a hand-made post learns nothing."""
    user = current_sign_in() if request.method not in READS else None
    if user is not None and user.is_view:
        abort(404)


account_pages.add_routes(pages, Realm.CLIENT, "ui/base_portal.html")


class InviteForm(FlaskForm):
    """Whom to invite."""

    email = StringField(_l("Mail address"), validators=[InputRequired(_l("Fill this in.")), Length(max=255)])


def _login() -> ClientLogin:
    login = own_login()
    return login if isinstance(login, ClientLogin) else abort(404)


def _handle(login: ClientLogin) -> str:
    """What stands for a log-in in a form: nothing that can be counted up, found among the household's own only."""
    return fingerprint(f"login:{login.id}:{login.client_id}:{login.created_at.isoformat()}")[:16]


def _state(login: ClientLogin) -> str:
    if not login.is_active:
        return _("Closed")
    return {
        InvitationState.ACCEPTED: _("Has a password"),
        InvitationState.INVITED: _("Invited, has not come in yet"),
        InvitationState.EXPIRED: _("The invitation has expired. Invite again."),
        InvitationState.NONE: _("Not invited yet"),
        InvitationState.CLOSED: _("Closed"),
    }[invitations.state_of(login)]


def _household(form: InviteForm, status: int = 200) -> View:
    login = _login()
    return account_pages.page(
        "household.html", status, logins=account.logins_of(login), me=login, form=form, state=_state, handle=_handle
    )


@pages.get("/log-ins")
def household() -> View:
    """Who of the household may come in."""
    return _household(InviteForm(None))


@pages.post("/log-ins")
def add_login() -> View:
    """Invite another address."""
    form = InviteForm(request.form)
    if not form.validate():
        return _household(form, 422)
    try:
        added = account.add_login(_login(), form.email.data or "", actor=current_actor())
        db.session.commit()
    except WorkflowError as refusal:
        db.session.rollback()
        form.email.errors = [refusal.say(_)]
        return _household(form, 422)
    flash(_("An invitation goes to %(email)s. The link works once, for 7 days.", email=added.email), "success")
    return see(url_for(".household"))


@pages.post("/log-ins/close")
def close_login() -> View:
    """Close another log-in."""
    login = _login()
    wanted = next((x.id for x in account.logins_of(login) if _handle(x) == request.form.get("login")), 0)
    try:
        closed = account.close_login(login, wanted, actor=current_actor())
        db.session.commit()
    except WorkflowError as refusal:
        db.session.rollback()
        flash(refusal.say(_), "error")
    else:
        flash(_("%(email)s cannot log in any more.", email=closed.email or ""), "success")
    return see(url_for(".household"))


@pages.get("/mails")
def mails() -> View:
    """Which mails this person wants."""
    login = _login()
    offered = [(kind.value, kinds.KINDS[kind].label) for kind in REFUSABLE_KINDS]
    return account_pages.page("mails.html", login=login, kinds=offered, off=account.sorted_off(login))


@pages.post("/mails")
def choose_mails() -> View:
    """Save what they want."""
    account.choose_mails(_login(), set(request.form.getlist("kind")), actor=current_actor())
    db.session.commit()
    flash(_("Saved."), "success")
    return see(url_for(".mails"))
