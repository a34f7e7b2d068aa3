"""Open sessions: what lets a browser in, made without the log-in page."""

from flask import Flask

from foundation.db import db
from models import ClientLogin, Realm, StaffLogin
from sign_in import cookie_name
from tests import factories
from workflows import access, second_factor, sign_ins
from workflows.sign_ins import Browser


def cookie(app: Flask, realm: Realm, token: str) -> tuple[str, str]:
    """The name and the content of the cookie that belongs to an open session."""
    content = {"_user_id": f"{realm.value}.{token}", "_fresh": True, "_permanent": True}
    return cookie_name(app, realm), app.session_interface.get_signing_serializer(app).dumps(content)


def begin(app: Flask, login: ClientLogin | StaffLogin) -> tuple[str, str]:
    """Open a session of this log-in and commit: the same cookie without looking at the password. No try and no log line is
    written, which many tests would pay for and few look at."""
    assert sign_ins.why_closed(login) is None, login
    opened = sign_ins.begin(login, Browser("127.0.0.1"), awaits_factor=second_factor.is_asked(login))
    db.session.commit()
    return cookie(app, sign_ins.realm_of(login), opened.token)


def log_in(app: Flask, realm: Realm, name: str) -> tuple[str, str]:
    """Log this person in and commit: the name and the content of the cookie that the browser would get."""
    opened = access.log_in(realm, name, factories.PASSWORD, browser=Browser("127.0.0.1"))
    assert opened is not None, name
    db.session.commit()
    return cookie(app, realm, opened.token)
