"""Who is signed in: the rows behind the cookies, found on every request and ended at once where they should.

A sign-in that still awaits the second factor opens nothing: `find_sign_in` does not know it.
"""

import datetime as dt
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.visitors import replacement_traverse

from foundation import clock
from foundation.db import db
from foundation.fixed import fixed
from foundation.sealing import fingerprint
from foundation.twins import Twin
from models import Client, ClientLogin, ClientStatus, Realm, SignIn, Staff, StaffLogin
from workflows import activity, household_facts, settings, settings_stored, sitter_messages
from workflows.actors import Actor, client_actor, staff_actor
from workflows.agreements import EPOCH
from workflows.errors import N_, Invalid
from workflows.letters import UNREAD
from workflows.permissions import Permission

LIFETIME = {Realm.STAFF: dt.timedelta(hours=24), Realm.CLIENT: dt.timedelta(days=14)}
#: how long the second factor may take
FACTOR_LIFETIME = dt.timedelta(minutes=15)
#: rows that a person is shown; nobody has more browsers
MOST_SHOWN = 50

Login = StaffLogin | ClientLogin


@dataclass(frozen=True)
class Opened:
    """A new sign-in and the secret that goes into the cookie; the secret is not kept."""

    sign_in: SignIn
    token: str


@dataclass(frozen=True)
class Browser:
    """Where a sign-in comes from: the network address, and how the browser names itself."""

    address: str = ""
    agent: str = ""


#: for tests and tools, which have no browser
NOWHERE = Browser()


def begin(login: Login, browser: Browser = NOWHERE, *, awaits_factor: bool = False) -> Opened:
    """A new sign-in of this log-in; one that awaits the second factor opens nothing and lasts fifteen minutes."""
    token, realm, now = secrets.token_urlsafe(32), realm_of(login), clock.now()
    sign_in = SignIn(
        token_hash=fingerprint(token), realm=realm, expires_at=now + (FACTOR_LIFETIME if awaits_factor else LIFETIME[realm]),
        awaits_factor=awaits_factor, device=device_of(browser.agent), address=browser.address[:64], last_seen_at=_hour(now),
    )  # fmt: skip
    if isinstance(login, StaffLogin):
        sign_in.staff_login = login
    else:
        sign_in.client_login = login
    db.session.add(sign_in)
    return Opened(sign_in, token)


def realm_of(login: Login) -> Realm:
    """Which world a log-in belongs to; also of one that was only read."""
    return Realm.STAFF if login.__tablename__ == StaffLogin.__tablename__ else Realm.CLIENT


def person(login: Login) -> Actor:
    """Whoever owns the log-in, as the log names them."""
    return staff_actor(login.staff) if isinstance(login, StaffLogin) else client_actor(login.client, login)


def client_of(login: Login) -> Client | None:
    """Into whose log it goes; a staff member's into none."""
    return login.client if isinstance(login, ClientLogin) else None


def why_closed(login: Login) -> str | None:
    """Why this log-in may not be used now."""
    if not login.is_active:
        return "login"
    if realm_of(login) is Realm.STAFF:
        return None if cast("StaffLogin", login).staff.is_active else "staff"
    client = cast("ClientLogin", login).client
    return None if client.portal_enabled and client.status is not ClientStatus.ARCHIVED else "client"


# ---------------------------------------------------------------------------------------------------- each request


def find_sign_in(
    realm: Realm, token: str, more: sa.Select[Any] | None = None, values: Mapping[str, Any] | None = None
) -> SignIn | None:
    """The live sign-in behind a cookie's secret; None once it ended, expired, or its person is out.

    One query, as each request asks, and it brings the settings along; a second one for the few that are a member of
    staff in a client's portal. What is found is a twin with log-in and person, all of it read: most pages need one
    entity of the three (`twins.attached`). `more` is a statement of `with_more` and `values` what it asks for; what it found
    is the twin's `household`, as the portal's is.
    """
    read, live = _READ[realm], _LIVE[realm] if more is None else more
    db.session.flush()  # of what a program holds so far; a request holds nothing yet
    row = db.session.connection().execute(live, {**(values or {}), "token_hash": fingerprint(token)}).first()
    if row is None:
        return None
    stored, ticked, epoch, n_unread, *facts = row[len(read.columns) :]
    settings.keep(stored, ticked)
    found = _alive(read.read([row])[0])
    if found is not None:
        # Read along because every page asks it; see `agreements.must_accept`, the badge of the messages, the portal's frame.
        vars(found).update(agreements_epoch=int(epoch), n_unread=int(n_unread), household=facts)
    return found


def _alive(found: SignIn) -> SignIn | None:
    if found.awaits_factor or not _is_running(found):
        return None
    if found.viewed_client_id is not None:
        return _view(found.id)
    return found if _has_open_login(found) else None


def _view(sign_in_id: int) -> SignIn | None:
    """A member of staff in a client's portal: as long as they may, and the sign-in that it was opened from lives."""
    found = db.session.scalars(_VIEW, {"sign_in_id": sign_in_id}).one()
    staff, opener = found.viewing_staff, found.opened_by
    may_look = staff is not None and staff_actor(staff).may(Permission.PORTAL_AS_CLIENT)
    return found if may_look and opener is not None and _is_running(opener) and _has_open_login(opener) else None


def find_waiting(realm: Realm, token: str) -> SignIn | None:
    """The sign-in behind this secret that still awaits its second factor, or None."""
    sign_in = db.session.scalar(sa.select(SignIn).where(SignIn.token_hash == fingerprint(token), SignIn.realm == realm))
    if sign_in is None or not sign_in.awaits_factor or not _is_running(sign_in):
        return None
    return sign_in if _has_open_login(sign_in) else None


_READ = {
    Realm.STAFF: Twin.whole(SignIn, staff_login=Twin.whole(StaffLogin, staff=Twin.whole(Staff))),
    Realm.CLIENT: Twin.whole(SignIn, client_login=Twin.whole(ClientLogin, client=Twin.whole(Client))),
}
_ALONG: dict[Realm, tuple[sa.ColumnElement[Any], ...]] = {
    Realm.STAFF: (sa.literal(0), sitter_messages.UNREAD), Realm.CLIENT: (EPOCH, UNREAD, *household_facts.COLUMNS),
}  # fmt: skip


def _live(realm: Realm, *more: sa.ColumnElement[Any]) -> sa.Select[Any]:
    read = _READ[realm]
    return fixed(
        sa.select(*read.columns, *settings_stored.AS_TEXTS, *_ALONG[realm], *more)
        .select_from(read.joined())
        .where(read.c.token_hash == sa.bindparam("token_hash"), read.c.realm == realm)
    )


def with_more(columns: Iterable[sa.ColumnElement[Any]]) -> sa.Select[Any]:
    """The statement of a member of staff's sign-in that brings these along, for `find_sign_in`. Their parameter `me` is
    whoever is signed in. A page then asks the database once for all that is the same on every page."""

    def whoever(element: Any, **_more: Any) -> Any:  # noqa: ANN401 -- SQLAlchemy's elements of any kind
        is_me = isinstance(element, sa.BindParameter) and element.key == "me"
        return StaffLogin.__table__.c.staff_id if is_me else None

    return _live(Realm.STAFF, *(replacement_traverse(column, {}, whoever) for column in columns))


# Built once: putting a statement together takes longer than the database takes to answer it.
_LIVE = {realm: _live(realm) for realm in _READ}
_VIEW = (
    sa.select(SignIn)
    .where(SignIn.id == sa.bindparam("sign_in_id"))
    .options(
        joinedload(SignIn.viewed_client),
        joinedload(SignIn.viewing_staff),
        joinedload(SignIn.opened_by).joinedload(SignIn.staff_login).joinedload(StaffLogin.staff),
    )
    .execution_options(populate_existing=True)
)


def _is_running(sign_in: SignIn) -> bool:
    return sign_in.ended_at is None and sign_in.expires_at > clock.now()


def login_of(sign_in: SignIn) -> Login | None:
    """Whose sign-in it is; None for a staff member who looks at a client's portal."""
    return sign_in.staff_login if sign_in.realm is Realm.STAFF else sign_in.client_login


def _has_open_login(sign_in: SignIn) -> bool:
    login = login_of(sign_in)
    return login is not None and why_closed(login) is None


def is_stale(sign_in: SignIn) -> bool:
    """Was it last seen in an earlier hour? Only then a request writes it down again."""
    return sign_in.last_seen_at is None or sign_in.last_seen_at < _hour(clock.now())


def see(sign_in: SignIn) -> None:
    """Note that it was used, to the hour."""
    sign_in.last_seen_at = _hour(clock.now())
    db.session.flush()


def _hour(moment: dt.datetime) -> dt.datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


# --------------------------------------------------------------------------------------------------------- the list


def list_of(login: Login) -> Sequence[SignIn]:
    """Where this log-in is signed in now, the last used first; one query."""
    return db.session.scalars(
        sa.select(SignIn)
        .where(_of(login), *_open())
        .order_by(SignIn.last_seen_at.desc(), SignIn.id.desc())
        .limit(MOST_SHOWN)
    ).all()


def handle(sign_in: SignIn) -> str:
    """What stands for a sign-in in a form; nobody comes in with it, and it is found among one's own only."""
    return sign_in.token_hash[:16]


def end_one(login: Login, wanted: str, *, actor: Actor) -> None:
    """End one of this log-in's own sign-ins, by its handle; logged. Invalid when there is no such one (any more)."""
    found = next((s for s in list_of(login) if handle(s) == wanted), None)
    if found is None:
        raise Invalid("no_sign_in", N_("This sign-in has ended already."))
    log_out(found)
    activity.record(
        "access.signed_out_elsewhere", actor=actor, subject=login, client=client_of(login), device=found.device
    )
    db.session.flush()


def end_others(login: Login, *, keep: SignIn | None, actor: Actor) -> int:
    """End all sign-ins of this log-in but one, and the client views opened from them; how many. Logged if any."""
    n_ended = _end(_of(login), *([SignIn.id != keep.id] if keep is not None else []))
    if n_ended:
        activity.record("access.signed_out_others", actor=actor, subject=login, client=client_of(login), n=n_ended)
        db.session.flush()
    return n_ended


def end_all(login: Login) -> int:
    """End every sign-in of this log-in; how many. The caller logs why."""
    return _end(_of(login))


def log_out(sign_in: SignIn) -> None:
    """End this sign-in: a copied cookie is dead too, and so are client views opened from it."""
    _end(SignIn.id == sign_in.id)


def end_of_client(client: Client) -> int:
    """Sign the whole household out, on every device, at once, and end the views of its portal."""
    logins = sa.select(ClientLogin.id).where(ClientLogin.client_id == client.id).scalar_subquery()
    return _end(sa.or_(SignIn.client_login_id.in_(logins), SignIn.viewed_client_id == client.id))


def end_of_staff(staff: Staff) -> int:
    """Sign a staff member out on every device, and end the client views they opened."""
    logins = sa.select(StaffLogin.id).where(StaffLogin.staff_id == staff.id).scalar_subquery()
    return _end(sa.or_(SignIn.staff_login_id.in_(logins), SignIn.viewing_staff_id == staff.id))


def sign_out_client(client: Client, *, actor: Actor) -> int:
    """The office signs a household out everywhere: a lost phone, a quarrel. Logged; how many ended."""
    actor.require(Permission.CLIENTS)
    n_ended = end_of_client(client)
    activity.record("access.signed_out_by_office", actor=actor, subject=client, client=client, n=n_ended)
    db.session.flush()
    return n_ended


def sign_out_staff(staff: Staff, *, actor: Actor) -> int:
    """The office signs a staff member out everywhere. Logged; how many ended."""
    actor.require(Permission.STAFF)
    n_ended = end_of_staff(staff)
    activity.record("access.signed_out_by_office", actor=actor, subject=staff, name=str(staff), n=n_ended)
    db.session.flush()
    return n_ended


def forget_old() -> None:
    """Drop sign-ins that expired a month ago. The nightly task calls it."""
    db.session.execute(sa.delete(SignIn).where(SignIn.expires_at < clock.now() - dt.timedelta(days=30)))


def _of(login: Login) -> sa.ColumnElement[bool]:
    column = SignIn.staff_login_id if isinstance(login, StaffLogin) else SignIn.client_login_id
    return column == login.id


def _open() -> tuple[sa.ColumnElement[bool], ...]:
    return SignIn.ended_at.is_(None), SignIn.expires_at > clock.now(), SignIn.awaits_factor.is_(False)


def _end(*which: sa.ColumnElement[bool]) -> int:
    """End these and the client views that were opened from them; how many had not ended."""
    ids = sa.select(SignIn.id).where(*which).correlate(None).scalar_subquery()
    result: Any = db.session.execute(
        sa.update(SignIn)
        .where(SignIn.ended_at.is_(None), sa.or_(SignIn.id.in_(ids), SignIn.opened_by_id.in_(ids)))
        .values(ended_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)


# ------------------------------------------------------------------------------------------------------ device words

_BROWSERS = (
    ("Edge", r"Edg(e|A|iOS)?/"), ("Opera", r"OPR/|Opera"), ("Samsung Internet", r"SamsungBrowser"),
    ("Firefox", r"Firefox|FxiOS"), ("Chrome", r"Chrome|CriOS|Chromium"), ("Safari", r"Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("Android", r"Android"), ("iPhone", r"iPhone"), ("iPad", r"iPad"), ("Windows", r"Windows"),
    ("ChromeOS", r"CrOS"), ("macOS", r"Mac OS X|Macintosh"), ("Linux", r"Linux|X11"),
)  # fmt: skip


def device_of(agent: str) -> str:
    """`Firefox/Android` from what a browser says of itself; either part may be empty. Names need no translation."""
    text = agent[:400]
    parts = [
        next((name for name, mark in known if re.search(mark, text)), "") for known in (_BROWSERS, _SYSTEMS)
    ]  # fmt: skip
    return "/".join(parts) if any(parts) else ""
