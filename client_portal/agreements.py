"""The texts that a client accepts: a page that stands before all others while something is open, and what was accepted.

The gate is `stand_before_the_portal`; staff who look at the portal as the client pass it, since nobody agrees for a client.
"""

from typing import Any

from flask import Flask, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from client_portal.frame import View, client_here, data_is_on, first_page, page, page_group, see
from client_portal.your_data import AGREEMENTS, Tab, add_tabs, data_page
from foundation.db import db
from models import AgreementVersion, Realm
from sign_in import current_actor, current_sign_in, realm_of
from ui_kit.downloads import download
from workflows import agreements, settings
from workflows.agreements import Shown
from workflows.errors import Conflict, Invalid, NotAllowed

pages = page_group("portal_agreements", __name__, under="/agreements", nav="data")

#: what may be opened while something is to be accepted
_FREE = frozenset(
    {
        "portal_door.log_out", "portal_agreements.accept", "portal_agreements.show",
        "portal_install.manifest", "portal_install.worker", "portal_install.offline",
        "portal_unsubscribe.show", "portal_unsubscribe.spare", "portal_unsubscribe.again",
    }
)  # fmt: skip


def stand_before_the_portal(app: Flask) -> None:
    """Let nobody of a household past who has something to accept; a hand-made post is refused as well."""

    @app.before_request
    def _gate() -> Response | None:
        endpoint = request.endpoint
        if endpoint is None or endpoint in _FREE or realm_of(request.path) is not Realm.CLIENT:
            return None
        user = current_sign_in()
        login = user.read.client_login if user is not None and not user.is_view else None
        if user is None or login is None or not agreements.must_accept(login, user.read.agreements_epoch):
            return None
        return redirect(url_for("portal_agreements.show"), 303)


@pages.get("")
def show() -> View:
    """What is to be accepted; or, when nothing is, what was accepted before."""
    return _show()


def _show(status: int = 200, *, problem: str = "", field: str | None = None, typed: str = "") -> View:
    client, user = client_here(), current_sign_in()
    waiting = agreements.outstanding(client)
    closed = bool(waiting) and user is not None and not user.is_view
    facts: dict[str, Any] = {
        "waiting": [(version, _paragraphs(version)) for version in waiting],
        "accepted": agreements.accepted_by(client),
        "may_accept": user is not None and not user.is_view,
        "problem": problem,
        "field": field,
        "typed": typed,
        "ticked": set(request.form.getlist("accept")),
        "business": settings.read()["business.name"],
        "closed": closed,
    }
    # While something is open, nothing else may be: then there are no tabs either.
    if closed or not data_is_on():
        return page("agreements.html", status, **facts)
    return data_page("agreements.html", "agreements", status, **facts)


def _tabs() -> list[Tab]:
    return [Tab("agreements", _("Agreements"), url_for("portal_agreements.show"), "signature")]


add_tabs(AGREEMENTS, _tabs)


def _paragraphs(version: AgreementVersion) -> list[list[str]]:
    """The text as paragraphs of lines."""
    parts = [part.strip("\n") for part in version.body.split("\n\n")]
    return [part.split("\n") for part in parts if part.strip()]


@pages.post("")
def accept() -> View:
    """The client's yes to the texts that were ticked."""
    client = client_here()
    shown = [Shown(*text.split(".", 1)) for text in request.form.getlist("accept") if "." in text]
    typed = request.form.get("typed_name", "")
    try:
        given = agreements.accept(client, shown, typed, address=request.remote_addr or "", actor=current_actor())
    except NotAllowed:
        db.session.rollback()
        abort(403)
    except (Invalid, Conflict) as problem:
        db.session.rollback()
        return _show(
            422 if isinstance(problem, Invalid) else 409, problem=problem.say(_), field=problem.field, typed=typed
        )
    db.session.commit()
    if given:
        flash(_("Thank you. Your copy comes by mail."), "success")
    if agreements.outstanding(client):
        return see(url_for(".show"))
    return see(first_page() or url_for(".show"))


@pages.get("/<public_id:acceptance_id>/copy")
def copy(acceptance_id: str) -> Response:
    """The PDF of what this client accepted; 404 for anybody else's, and while the worker has not made it."""
    mine = [a for a in agreements.accepted_by(client_here()) if a.public_id == acceptance_id]
    if not mine or mine[0].file is None or mine[0].file.removed_at is not None:
        abort(404)
    return download(mine[0].file) or abort(404)
