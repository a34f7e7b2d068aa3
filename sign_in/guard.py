"""Deny first: every path needs somebody signed in, unless it stands on the short list of open ones."""

from urllib.parse import urlsplit

from flask import Flask, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from foundation.db import writing_between
from models import Realm
from sign_in.cookies import realm_of
from sign_in.people import SignedIn, current_sign_in, waiting_sign_in
from workflows import sign_ins
from workflows.permissions import Permission

#: endpoints that anybody may open
OPEN = frozenset(
    {
        "healthz", "readyz", "front_door", "logo",
        # What makes the faces installable holds nothing of anybody, and is asked for without a cookie.
        "sitter_offline.manifest", "sitter_offline.worker", "sitter_offline.shell",
        "portal_install.manifest", "portal_install.worker", "portal_install.offline",
        # The gateway signs its messages; nothing else is kept.
        "webhooks.challenge", "webhooks.receive",
        # Other programs show a token of their own, which `api.calls` asks for; all 404 unless the API is on.
        "api.openapi", "api.list_clients", "api.get_client", "api.add_client", "api.change_client", "api.list_pets",
        "api.get_pet", "api.add_pet", "api.change_pet", "api.list_visits", "api.get_visit", "api.move_visit",
        "api.cancel_visit", "api.list_requests", "api.get_request", "api.add_request", "api.schedule_line",
        "api.list_invoices", "api.get_invoice", "api.record_payment", "api.list_services",
        # Mail servers show a token; 404 unless one is set.
        "bounces.receive",
        # Figures without anybody's data; 404 without the token that is set for them.
        "metrics.figures",
        "office_door.log_in", "office_door.forgotten", "office_door.set_password",
        # A sitter's answer: the signed link of the mail is the way in.
        "sitter_answers.answer",
        # Calendar programs cannot log in: the address is the secret.
        "portal_calendar_feed.file", "sitter_calendar.file",
        "portal_door.log_in", "portal_door.forgotten", "portal_door.set_password",
        # These look themselves for a password that was right before.
        "office_door.factor", "office_door.set_up", "office_door.picture", "office_door.factor_options", "office_door.factor_key",
        "portal_door.factor", "portal_door.set_up", "portal_door.picture", "portal_door.factor_options", "portal_door.factor_key",
        # A passkey is the log-in.
        "office_door.passkey_options", "office_door.passkey", "portal_door.passkey_options", "portal_door.passkey",
        # The first owner of a new installation: the code of its terminal is the way in, 404 once there is one.
        "office_door.first_run",
        # The link in news: whoever has it may be spared them, which is all that it is good for.
        "portal_unsubscribe.show", "portal_unsubscribe.spare", "portal_unsubscribe.again",
        # New clients; 404 unless they may register.
        "portal_door.register", "portal_door.registered", "portal_door.finish_registration", "register",
    }
)  # fmt: skip


def local_path(target: str | None) -> str | None:
    """A same-site path, or None: never absolute, scheme-relative, with backslashes or control signs."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    if any(c == "\\" or ord(c) < 32 for c in target):
        return None
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else None


def install(app: Flask) -> None:
    """Check every request before its view."""

    @app.before_request
    def _check() -> Response | None:
        if request.endpoint in OPEN:
            return None
        realm, signed_in = realm_of(request.path), current_sign_in()
        if signed_in is None:
            if request.endpoint is None:
                return None  # an unknown path: 404 or 405, the same for everybody
            if waiting_sign_in() is not None:
                return redirect(url_for("portal_door.factor" if realm is Realm.CLIENT else "office_door.factor"))
            door = "portal_door.log_in" if realm is Realm.CLIENT else "office_door.log_in"
            back = local_path(request.full_path.rstrip("?")) if request.method == "GET" else None
            return redirect(url_for(door, next=back))
        _note_use(signed_in)
        if request.endpoint is not None and realm is Realm.STAFF:
            _check_staff()
        return None

    def _note_use(user: SignedIn) -> None:
        """Once an hour, in a transaction of its own: the request itself may only read."""
        if sign_ins.is_stale(user.read):
            with writing_between():
                sign_ins.see(user.sign_in)

    def _check_staff() -> None:
        """The back office asks for the office permission, the sitter pages for the sitter's."""
        user = current_sign_in()
        if user is None or user.read_staff is None:
            abort(403)
        needed = Permission.OWN_DAY if request.path.startswith("/staff") else Permission.OFFICE
        if request.path.startswith("/office/"):
            return
        if not user.actor.may(needed):
            abort(403)
