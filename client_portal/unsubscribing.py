"""The link in news: whoever reads them asks for no more, without logging in, and may take it back.

Opening the link changes nothing, because programs that look through mails open links too. Mail programs post to it by
themselves when one presses their own button (RFC 8058); they have no CSRF token, and nothing else can be done there.
"""

from collections.abc import Callable

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from client_portal.frame import View
from foundation.db import db
from foundation.extensions import csrf
from ui_kit.frames import AuthFrame
from workflows import mail_refusals, settings
from workflows.errors import Invalid

pages = Blueprint("portal_unsubscribe", __name__, url_prefix="/portal/unsubscribe")


def install(app: Flask) -> None:
    """Open the pages; only the address that spares somebody does without a CSRF token."""
    csrf.exempt(spare)
    app.register_blueprint(pages)


@pages.get("/<token>")
def show(token: str) -> View:
    """Whether news go to this address, and one button to change it. 410 for a link that is not ours."""
    try:
        reader = mail_refusals.read_link(current_app.config["SECRET_KEY"], token)
    except Invalid as dead:
        return render_template("portal/unsubscribe.html", auth=_frame(), dead=dead.say(gettext)), 410
    # A client who is gone is not written to either.
    is_spared = reader.client is None or bool(mail_refusals.unsubscribed([reader.address]))
    return render_template(
        "portal/unsubscribe.html", auth=_frame(), dead="", token=token, address=reader.address, is_spared=is_spared,
        may_return=reader.client is not None,
    )  # fmt: skip


@pages.post("/<token>")
def spare(token: str) -> View:
    """No more news; again the same. A mail program's own button gets its answer without a redirect, as RFC 8058 has it."""
    answer = _change(token, mail_refusals.unsubscribe)
    return "" if "List-Unsubscribe" in request.form and isinstance(answer, Response) else answer


@pages.post("/<token>/again")
def again(token: str) -> View:
    """News again."""
    return _change(token, mail_refusals.subscribe)


def _change(token: str, change: Callable[[mail_refusals.Reader], bool]) -> View:
    try:
        change(mail_refusals.read_link(current_app.config["SECRET_KEY"], token))
    except Invalid as dead:
        return render_template("portal/unsubscribe.html", auth=_frame(), dead=dead.say(gettext)), 410
    db.session.commit()
    answer: Response = redirect(url_for(".show", token=token), 303)
    return answer


def _frame() -> AuthFrame:
    values = settings.read()
    logo = values["business.logo"]
    return AuthFrame(
        values["business.name"], url_for("portal_home.home"), logo_url=url_for("logo", key=logo) if logo else None,
        phone_number=values["business.phone"] or None, email=values["business.email"] or None,
    )  # fmt: skip
