"""Open sessions: what the log-in page leaves, made without the page."""

from flask import Flask

from foundation.db import db
from models import Realm
from sign_in import cookie_name
from tests import factories
from workflows import access
from workflows.sign_ins import Browser


def cookie(app: Flask, realm: Realm, token: str) -> tuple[str, str]:
    """The name and the content of the cookie that belongs to an open session."""
    content = {"_user_id": f"{realm.value}.{token}", "_fresh": True, "_permanent": True}
    return cookie_name(app, realm), app.session_interface.get_signing_serializer(app).dumps(content)


def log_in(app: Flask, realm: Realm, name: str) -> tuple[str, str]:
    """Log this person in and commit: the name and the content of the cookie that the browser would get."""
    opened = access.log_in(realm, name, factories.PASSWORD, browser=Browser("127.0.0.1"))
    assert opened is not None, name
    db.session.commit()
    return cookie(app, realm, opened.token)
