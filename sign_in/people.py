"""The person behind the request, for views: `current_staff()`, `current_client()`, `current_actor()`."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from flask import Flask, abort, current_app, g, request, session
from flask_babel import refresh
from flask_login import UserMixin, current_user, login_user, logout_user

from foundation.twins import attached
from models import Client, ClientLogin, Realm, SignIn, Staff
from sign_in.cookies import realm_of
from workflows import languages, sign_ins
from workflows.actors import Actor, StaffAtWork, client_actor, staff_as_client
from workflows.sign_ins import Browser, Login


class SignedIn(UserMixin):
    """A live sign-in, as Flask-Login carries it through a request.

    `read` is it with log-in and person as they were found; of that, whoever asks gets the entities.
    """

    def __init__(self, read: SignIn, token: str) -> None:
        self.read = read
        self.token = token
        #: for the log: read now, as whatever fails later may have lost the row
        self.role = _role(read)
        #: a staff member who looks at a client's portal
        self.is_view = read.viewed_client_id is not None
        #: how much in the person's thread with the office is unread
        self.n_unread = read.n_unread

    def get_id(self) -> str:
        """What the cookie holds."""
        return f"{self.read.realm.value}.{self.token}"

    @property
    def sign_in(self) -> SignIn:
        """The row itself, for whoever changes it."""
        return attached(self.read)

    @property
    def read_staff(self) -> Staff | None:
        """The staff member as they were read, in the staff realm; for whoever needs no entity."""
        login = self.read.staff_login if self.read.realm is Realm.STAFF else None
        return login.staff if login is not None else None

    @cached_property
    def staff(self) -> Staff | None:
        """The staff member, in the staff realm."""
        return attached(self.read_staff) if self.read_staff is not None else None

    @cached_property
    def client(self) -> Client | None:
        """The client whose portal this is, in the client realm."""
        if self.is_view:
            return self.read.viewed_client
        login = self.read.client_login if self.read.realm is Realm.CLIENT else None
        return attached(login.client) if login is not None else None

    @cached_property
    def login(self) -> Login | None:
        """What they came in with; None for a staff member in a client's portal."""
        login = sign_ins.login_of(self.read)
        return attached(login) if login is not None else None

    @cached_property
    def actor(self) -> Actor:
        """Who acts, as workflows and the log want to know it."""
        if self.is_view and self.read.viewing_staff is not None and self.client is not None:
            return staff_as_client(self.read.viewing_staff, self.client)
        if self.read_staff is not None:
            return StaffAtWork(self.read_staff)
        if self.client is None or not isinstance(self.login, ClientLogin):
            raise RuntimeError("a sign-in without a person")
        return client_actor(self.client, self.login)


def _role(read: SignIn) -> str:
    if read.realm is Realm.CLIENT:
        return "client" if read.viewed_client_id is None else "office as client"
    return read.staff_login.staff.role.value if read.staff_login else "staff"


#: what the statement of a member of staff's sign-in brings along for the page that is asked for, if anything
Besides = Callable[[], tuple[sa.Select[Any], Mapping[str, Any]] | None]


def bring_along(app: Flask, besides: Besides) -> None:
    """Have `besides` say at each request of the team what its sign-in's statement asks as well (`sign_ins.with_more`)."""
    app.extensions["sign_in_besides"] = besides


def load(user_id: str) -> SignedIn | None:
    """Flask-Login's loader; a cookie of the other realm is nobody here."""
    realm, _dot, token = user_id.partition(".")
    if realm != realm_of(request.path).value or not token:
        return None
    asks: Besides | None = current_app.extensions.get("sign_in_besides") if realm == Realm.STAFF.value else None
    found = sign_ins.find_sign_in(Realm(realm), token, *((asks() if asks else None) or ()))
    if found is None:
        return None
    login = sign_ins.login_of(found)
    if login is not None and (chosen := languages.own(login)) is not None:
        g.own_locale = chosen
        refresh()  # whoever asked for the language before knew nobody yet
    return SignedIn(found, token)


def current_sign_in() -> SignedIn | None:
    """The sign-in of this request, or None."""
    user = g.get("_login_user")  # where Flask-Login keeps whom it has loaded; its proxy looks there in four steps
    if user is None:
        user = current_user._get_current_object() if current_user else None  # noqa: SLF001 -- Flask-Login's proxy
    return user if isinstance(user, SignedIn) else None


def current_role() -> str:
    """Of whoever was found to be signed in: owner, manager, sitter, client, office as client; else nobody. No query."""
    user = g.get("_login_user")
    return user.role if isinstance(user, SignedIn) else "nobody"


def current_staff() -> Staff | None:
    """The staff member of this request, or None."""
    user = current_sign_in()
    return user.staff if user else None


def current_client() -> Client | None:
    """The client whose portal this request is for, or None."""
    user = current_sign_in()
    return user.client if user else None


def current_actor() -> Actor:
    """Who acts; only behind the guard, where somebody is signed in."""
    user = current_sign_in()
    if user is None:
        raise RuntimeError("nobody is signed in; is this page missing from the guard?")
    return user.actor


def own_login() -> Login:
    """The log-in of this request; 404 for the office in a client's portal, which has none there."""
    user = current_sign_in()
    return (user.login if user is not None else None) or abort(404)


def own_sign_in() -> SignIn:
    """The sign-in of this request; only behind the guard."""
    user = current_sign_in()
    return user.sign_in if user is not None else abort(404)


def this_browser() -> Browser:
    """Where this request comes from."""
    return Browser(request.remote_addr or "", request.headers.get("User-Agent", ""))


def waiting_sign_in() -> SignIn | None:
    """The sign-in of this browser that awaits its second factor: after the password, or once the office requires one."""
    realm = realm_of(request.path)
    token = str(session.get("waiting") or "") or str(session.get("_user_id") or "").partition(".")[2]
    return sign_ins.find_waiting(realm, token) if token else None


def begin_waiting(opened: sign_ins.Opened, target: str | None) -> None:
    """After the password: remember who may now show the second factor, and where they were going."""
    _start_afresh()
    session["waiting"], session["target"] = opened.token, target


def _start_afresh() -> None:
    """An empty session; the CSRF token that this request's form has made was the old one's."""
    session.clear()
    session.permanent = True
    g.pop("csrf_token", None)


def begin(opened: sign_ins.Opened) -> None:
    """Start a session with a fresh cookie: what an attacker may have planted before is gone."""
    _start_afresh()
    login_user(SignedIn(opened.sign_in, opened.token))


def end() -> None:
    """Forget the cookie; the caller ended the sign-in."""
    logout_user()
    session.clear()
