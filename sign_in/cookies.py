"""Two session cookies, one for each realm, so that an owner can try the portal without being logged out."""

from typing import Any

from flask import Flask, Request, Response, current_app, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature

from models import Realm


def realm_of(path: str) -> Realm:
    """Which realm a path belongs to: everything under /portal is the clients', the rest is staff's."""
    return Realm.CLIENT if path == "/portal" or path.startswith("/portal/") else Realm.STAFF


def cookie_name(app: Flask, realm: Realm) -> str:
    """The realm's cookie; over https bound to this host alone."""
    prefix = "__Host-" if app.config["SESSION_COOKIE_SECURE"] else ""
    return f"{prefix}latchkey_{'portal' if realm is Realm.CLIENT else 'staff'}"


class RealmSessions(SecureCookieSessionInterface):
    """Flask's signed cookie session, under the name of the path's realm. It holds only the sign-in's secret,
    the CSRF token and flashed words."""

    def get_cookie_name(self, app: Flask) -> str:
        return cookie_name(app, realm_of(request.path))

    def get_cookie_path(self, app: Flask) -> str:  # noqa: ARG002 -- Flask's signature
        return "/"

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        signer = self.get_signing_serializer(app)
        if signer is None:
            return None
        value = request.cookies.get(cookie_name(app, realm_of(request.path)))
        if not value:
            return self.session_class()
        try:
            return self.session_class(signer.loads(value, max_age=int(app.permanent_session_lifetime.total_seconds())))
        except (BadSignature, ValueError, TypeError):
            return self.session_class()


def put_cookie(response: Response, realm: Realm, content: dict[str, Any]) -> None:
    """Set the other realm's cookie on a response: "go to portal" starts in the office and ends in the portal."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 -- Flask's documented way
    interface = app.session_interface
    signer = interface.get_signing_serializer(app)
    response.set_cookie(
        cookie_name(app, realm),
        signer.dumps({**content, "_permanent": True}),
        max_age=int(app.permanent_session_lifetime.total_seconds()),
        httponly=True,
        secure=app.config["SESSION_COOKIE_SECURE"],
        samesite="Lax",
        path="/",
    )
