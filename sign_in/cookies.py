"""Two session cookies, one for each realm, so that an owner can try the portal without being logged out."""

import datetime as dt
import hashlib
from typing import Any

from flask import Flask, Request, Response, current_app, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature, URLSafeTimedSerializer

from foundation import clock
from models import Realm

#: a cookie that was signed this lately is not signed afresh: an idle browser is forgotten this much early at most
RENEWED_AFTER = dt.timedelta(minutes=5)


def realm_of(path: str) -> Realm:
    """Which realm a path belongs to: everything under /portal is the clients', the rest is staff's."""
    return Realm.CLIENT if path == "/portal" or path.startswith("/portal/") else Realm.STAFF


def cookie_name(app: Flask, realm: Realm) -> str:
    """The realm's cookie; over https bound to this host alone."""
    prefix = "__Host-" if app.config["SESSION_COOKIE_SECURE"] else ""
    return f"{prefix}latchkey_{'portal' if realm is Realm.CLIENT else 'staff'}"


#: cookies that a process remembers as its own, of half a kilobyte each; then it begins afresh
MOST_KEPT = 1_000


class RealmSession(SecureCookieSession):
    """A session that knows when its cookie was signed; None for one that has none yet."""

    signed_at: dt.datetime | None = None


class RealmSessions(SecureCookieSessionInterface):
    """Flask's signed cookie session, under the name of the path's realm. It holds only the sign-in's secret,
    the CSRF token and flashed words.

    The cookie lasts from the last visit on, but is sent again only when something in it changed or when it is five
    minutes old: signing it for every page took longer than reading who is signed in.
    """

    session_class = RealmSession
    digest_method = staticmethod(hashlib.sha256)

    def __init__(self) -> None:
        self._signers: dict[tuple[Any, ...], URLSafeTimedSerializer | None] = {}
        #: cookies with a right signature of ours, by signer
        self._right: dict[tuple[URLSafeTimedSerializer, str], tuple[dict[str, Any], dt.datetime]] = {}

    def get_cookie_name(self, app: Flask) -> str:
        return cookie_name(app, realm_of(request.path))

    def get_cookie_path(self, app: Flask) -> str:  # noqa: ARG002 -- Flask's signature
        return "/"

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        key = (app.secret_key, *(app.config["SECRET_KEY_FALLBACKS"] or ()))
        if key not in self._signers:
            self._signers[key] = super().get_signing_serializer(app)
        return self._signers[key]

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:  # noqa: ARG002 -- Flask's signature
        signed_at = getattr(session, "signed_at", None)
        is_old = signed_at is None or signed_at + RENEWED_AFTER < clock.now()
        return session.modified or (session.permanent and is_old)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        signer = self.get_signing_serializer(app)
        if signer is None:
            return None
        value = request.cookies.get(cookie_name(app, realm_of(request.path)))
        if not value:
            return self.session_class()
        try:
            content, signed_at = self._checked(signer, value)
            session = self.session_class(content)
        except (BadSignature, ValueError, TypeError):
            return self.session_class()
        if (
            not 0
            <= int(clock.now().timestamp()) - int(signed_at.timestamp())
            <= app.permanent_session_lifetime.total_seconds()
        ):
            return self.session_class()
        session.signed_at = signed_at
        return session

    def _checked(self, signer: URLSafeTimedSerializer, value: str) -> tuple[dict[str, Any], dt.datetime]:
        """What a cookie holds and when it was signed. Whoever clicks about sends the same one for minutes: its signature,
        which took a thirtieth of a page, is checked once."""
        kept = self._right.get((signer, value))
        if kept is not None:
            return dict(kept[0]), kept[1]
        content, signed_at = signer.loads(value, return_timestamp=True)
        # A list could be changed by whoever gets it.
        if isinstance(content, dict) and all(isinstance(one, str | int) for one in content.values()):
            if len(self._right) >= MOST_KEPT:
                self._right.clear()
            self._right[signer, value] = dict(content), signed_at
        return content, signed_at


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
