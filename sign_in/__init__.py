"""Who is signed in: two realms (staff, clients) with a cookie each, log-in pages, and the guard before every page.

The only package that talks to Flask-Login. Rules (limits, links, ending) are in `workflows.access`.
"""

from flask import Flask

from foundation.extensions import login_manager
from models import Realm
from sign_in import guard, pages
from sign_in.cookies import RealmSessions, cookie_name, put_cookie, realm_of
from sign_in.people import (
    SignedIn,
    begin,
    bring_along,
    current_actor,
    current_client,
    current_role,
    current_sign_in,
    current_staff,
    end,
    load,
)

__all__ = [
    "SignedIn", "begin", "bring_along", "cookie_name", "current_actor", "current_client", "current_role", "current_sign_in", "current_staff", "end",
    "install", "put_cookie", "realm_of",
]  # fmt: skip


def install(app: Flask) -> None:
    """Cookies, the loader, the guard and the log-in pages of both realms."""
    app.session_interface = RealmSessions()
    login_manager.session_protection = None  # sign-ins are rows that can be ended; addresses of phones change
    login_manager.user_loader(load)
    guard.install(app)
    app.register_blueprint(pages.make(Realm.STAFF, name="office_door", url_prefix="/office"))
    app.register_blueprint(pages.make(Realm.CLIENT, name="portal_door", url_prefix="/portal"))
