"""Those who ask: cookies of people who are signed in, as rows and signed by the app itself."""

import datetime as dt
import hashlib
from collections.abc import Sequence

import sqlalchemy as sa
from flask import Flask
from flask_wtf.csrf import generate_csrf
from itsdangerous import URLSafeTimedSerializer

from benchmarks import filling
from foundation import clock
from foundation.db import db
from models import Realm, SignIn
from sign_in import cookie_name

OWNER, SITTER, CLIENT = "owner", "sitter", "client"
#: staff log-ins: the first is the owner, the fourth the first who only walks
_STAFF = {OWNER: 1, SITTER: 4}
CSRF = "0" * 40
__all__ = ["CLIENT", "OWNER", "SITTER", "cookies_of", "csrf_field", "sign_in_clients", "staff_id_of"]


def staff_id_of(who: str) -> int:
    """Who of the team asks: each has the log-in of the same number."""
    return _STAFF[who]


def cookies_of(app: Flask) -> dict[str, str]:
    """The cookie header of each kind of person."""
    found = {who: _cookies(app, Realm.STAFF, [login_id])[0] for who, login_id in _STAFF.items()}
    return {**found, CLIENT: sign_in_clients(app, [filling.READER])[0]}


def sign_in_clients(app: Flask, login_ids: Sequence[int]) -> list[str]:
    """A cookie header for each client's log-in."""
    return _cookies(app, Realm.CLIENT, login_ids)


def _cookies(app: Flask, realm: Realm, login_ids: Sequence[int]) -> list[str]:
    column = "staff_login_id" if realm is Realm.STAFF else "client_login_id"
    now = clock.now()
    tokens = {n: f"bench-{realm.value}-{n}-{now:%H%M%S%f}" for n in login_ids}
    db.session.execute(
        sa.insert(SignIn),
        [
            {
                "token_hash": hashlib.sha256(token.encode()).hexdigest(), "realm": realm, column: n, "created_at": now,
                # As after a real log-in; else each person's first request would note in a transaction of its own that
                # it was seen, and a load of people who send once would measure that.
                "expires_at": now + dt.timedelta(hours=12), "last_seen_at": now,
            }
            for n, token in tokens.items()
        ],
    )  # fmt: skip
    db.session.commit()
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    name = cookie_name(app, realm)
    return [f"{name}={signer.dumps(_content(realm, token))}" for token in tokens.values()]


def _content(realm: Realm, token: str) -> dict[str, object]:
    return {"_user_id": f"{realm.value}.{token}", "_fresh": True, "_permanent": True, "csrf_token": CSRF}


def csrf_field(app: Flask) -> str:
    """What a form of these sessions sends as `csrf_token`."""
    with app.test_request_context():
        generate_csrf()  # fails loudly where Flask-WTF would sign otherwise than here
    return str(URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(CSRF))
