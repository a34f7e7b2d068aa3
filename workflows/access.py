"""Getting in: log-in with limits, one-time links, sign-ins that can be ended, and "go to portal".

Passwords are hashed by werkzeug's scrypt. A link holds no secret of ours: it is signed, names a log-in and its
serial, and dies with a newer link, with its use, or with time.
"""

import datetime as dt
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from functools import cache
from typing import cast

import sqlalchemy as sa
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from sqlalchemy.orm import joinedload
from werkzeug.security import check_password_hash, generate_password_hash

from foundation import clock
from foundation.db import db
from models import (
    Client,
    ClientLogin,
    ClientStatus,
    LoginAttempt,
    Realm,
    SignIn,
    Staff,
    StaffLogin,
    StaffRole,
)
from workflows import activity, outbox
from workflows.actors import Actor, client_actor, staff_actor
from workflows.errors import N_, Conflict, Invalid, NotAllowed
from workflows.mail_facts import MailKind, SetPassword
from workflows.people import clean_email
from workflows.permissions import Permission

#: wrong passwords an account in five minutes, and an address in an hour (PyPI's and healthchecks' figures)
ACCOUNT_TRIES, ACCOUNT_WINDOW = 10, dt.timedelta(minutes=5)
ADDRESS_TRIES, ADDRESS_WINDOW = 20, dt.timedelta(hours=1)
#: links asked for an account in an hour
LINK_TRIES = 3
PASSWORD_LEAST, PASSWORD_MOST = 8, 200
LIFETIME = {Realm.STAFF: dt.timedelta(hours=24), Realm.CLIENT: dt.timedelta(days=14)}
VIEW_LIFETIME = dt.timedelta(minutes=30)
LINK_LIFETIME = {"forgotten": dt.timedelta(hours=1), "invitation": dt.timedelta(days=7)}
_COMMON = frozenset(
    [
        "password",
        "password1",
        "12345678",
        "123456789",
        "1234567890",
        "qwertyuiop",
        "qwerty123",
        "iloveyou",
        "sunshine",
        "princess",
        "football",
        "baseball",
        "welcome1",
        "letmein1",
        "superman",
        "trustno1",
        "11111111",
        "00000000",
        "abc12345",
        "passw0rd",
        "dogwalker",
        "petsitter",
        "latchkey",
    ]
)

Login = StaffLogin | ClientLogin


class TooManyTries(NotAllowed):
    """Guessing was slowed down; `retry_after` in seconds."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(
            "too_many_tries", N_("Too many tries. Wait %(minutes)s minutes, or ask for a new password link."),
            minutes=max(1, -(-retry_after // 60)),
        )  # fmt: skip


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def hash_password(password: str) -> str:
    """A password as it is kept."""
    return generate_password_hash(password, method=_METHOD)


#: tests lower it; production never does
_METHOD = "scrypt:32768:8:1"


@cache
def _nobody() -> str:
    """A hash to compare with when there is no such account, so that both answers take the same time."""
    return hash_password(secrets.token_urlsafe(16))


# ---------------------------------------------------------------------------------------------------------- log in


@dataclass(frozen=True)
class Opened:
    """A new sign-in and the secret that goes into the cookie; the secret is not kept."""

    sign_in: SignIn
    token: str


def log_in(realm: Realm, name: str, password: str, *, address: str) -> Opened | None:
    """Check name and password; a new sign-in, or None.

    Staff log in by mail address, clients by mail address or account number. Every try is written down; the caller
    commits in both cases. Raises TooManyTries before looking at the password when this account or this address had
    too many wrong ones. Unknown names and wrong passwords take the same time and get the same answer.
    """
    key = _hash(f"{realm}:{_typed_name(name)}")
    _slow_down(realm, key, address)
    known = [x for x in _candidates(realm, name) if x.password_hash]
    login = next((x for x in known if _matches(x.password_hash or "", password)), None)
    if not known:
        _matches(_nobody(), password)
    allowed = login is not None and _why_closed(login) is None
    db.session.add(
        LoginAttempt(realm=realm, purpose="log-in", account_key=key, address=address[:64], succeeded=allowed)
    )
    if login is None or not allowed:
        db.session.flush()
        return None
    login.last_login_at = clock.now()
    opened = _open(realm, login)
    who = staff_actor(login.staff) if isinstance(login, StaffLogin) else client_actor(login.client, login)
    client = login.client if isinstance(login, ClientLogin) else None
    activity.record("access.logged_in", actor=who, subject=login, client=client)
    db.session.flush()
    return opened


def _typed_name(name: str) -> str:
    text = name.replace("\0", "").strip().casefold()
    digits = "".join(c for c in text if c.isdigit())
    return digits if len(digits) == 10 and "@" not in text else text


def _matches(password_hash: str, password: str) -> bool:
    return check_password_hash(password_hash, password[: PASSWORD_MOST + 1])


def _candidates(realm: Realm, name: str) -> list[Login]:
    """Who could be meant; two households may share one mail address, so there can be more than one."""
    typed = _typed_name(name)
    if realm is Realm.STAFF:
        return list(
            db.session.scalars(
                sa.select(StaffLogin).where(StaffLogin.email == typed).options(joinedload(StaffLogin.staff))
            )
        )
    by_name = ClientLogin.email == typed
    if typed.isdigit():
        by_name = ClientLogin.client.has(Client.account_number == typed)
    return list(
        db.session.scalars(
            sa.select(ClientLogin)
            .where(by_name)
            .options(joinedload(ClientLogin.client))
            .order_by(ClientLogin.id)
            .limit(4)
        )
    )


def _why_closed(login: Login) -> str | None:
    """Why this log-in may not be used now."""
    if not login.is_active:
        return "login"
    if isinstance(login, StaffLogin):
        return None if login.staff.is_active else "staff"
    client = login.client
    return None if client.portal_enabled and client.status is not ClientStatus.ARCHIVED else "client"


def _slow_down(realm: Realm, key: str, address: str) -> None:
    now = clock.now()
    wrong = (LoginAttempt.succeeded.is_(False), LoginAttempt.purpose == "log-in", LoginAttempt.realm == realm)
    for column, value, tries, window in (
        (LoginAttempt.account_key, key, ACCOUNT_TRIES, ACCOUNT_WINDOW),
        (LoginAttempt.address, address[:64], ADDRESS_TRIES, ADDRESS_WINDOW),
    ):
        times = db.session.scalars(
            sa.select(LoginAttempt.at)
            .where(*wrong, column == value, LoginAttempt.at > now - window)
            .order_by(LoginAttempt.at.desc())
            .limit(tries)
        ).all()
        if len(times) >= tries:
            raise TooManyTries(int((times[-1] + window - now).total_seconds()) + 1)


def _open(realm: Realm, login: Login) -> Opened:
    token = secrets.token_urlsafe(32)
    sign_in = SignIn(token_hash=_hash(token), realm=realm, expires_at=clock.now() + LIFETIME[realm])
    if isinstance(login, StaffLogin):
        sign_in.staff_login = login
    else:
        sign_in.client_login = login
    db.session.add(sign_in)
    return Opened(sign_in, token)


def find_sign_in(realm: Realm, token: str) -> SignIn | None:
    """The live sign-in behind a cookie's secret; None once it ended, expired, or its person is out.

    One query, as each request asks; a second one for the few that are a member of staff in a client's portal.
    """
    sign_in = db.session.scalar(_LIVE[realm], {"token_hash": _hash(token)})
    if sign_in is None or not _is_running(sign_in):
        return None
    if sign_in.viewed_client_id is None:
        return sign_in if _has_open_login(sign_in) else None
    db.session.scalar(_VIEW, {"sign_in_id": sign_in.id})
    staff, opener = sign_in.viewing_staff, sign_in.opened_by
    may_look = staff is not None and staff_actor(staff).may(Permission.PORTAL_AS_CLIENT)
    return sign_in if may_look and opener is not None and _is_running(opener) and _has_open_login(opener) else None


# Built once: putting a statement with its options together takes longer than the database takes to answer it.
_LIVE = {
    realm: sa.select(SignIn)
    .where(SignIn.token_hash == sa.bindparam("token_hash"), SignIn.realm == realm)
    .options(person)
    for realm, person in (
        (Realm.STAFF, joinedload(SignIn.staff_login).joinedload(StaffLogin.staff)),
        (Realm.CLIENT, joinedload(SignIn.client_login).joinedload(ClientLogin.client)),
    )
}
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


def _has_open_login(sign_in: SignIn) -> bool:
    login = sign_in.staff_login or sign_in.client_login
    return login is not None and _why_closed(login) is None


def log_out(sign_in: SignIn) -> None:
    """End this sign-in: a copied cookie is dead too, and so are client views opened from it."""
    db.session.execute(
        sa.update(SignIn)
        .where(sa.or_(SignIn.id == sign_in.id, SignIn.opened_by_id == sign_in.id), SignIn.ended_at.is_(None))
        .values(ended_at=clock.now())
        .execution_options(synchronize_session=False)
    )


# ----------------------------------------------------------------------------------------------------------- links


def invite_client(client: Client, *, actor: Actor, email: str | None = None) -> ClientLogin:
    """Give a client (or another member of the household) a portal log-in and mail the one-time link; logged.

    Again for the same address: a new link, the old one is dead. Refused with Invalid without an address, and with
    NotAllowed while the client's portal is closed.
    """
    actor.require(Permission.CLIENTS)
    address = clean_email(email) or client.email
    if not address:
        raise Invalid("no_email", N_("This client has no mail address."), field="email")
    if not client.portal_enabled or client.status is ClientStatus.ARCHIVED:
        raise NotAllowed("portal_closed", N_("The portal is closed for this client. Open it first."))
    login = next((x for x in client.logins if x.email == address), None)
    if login is None:
        login = ClientLogin(client=client, email=address)
        db.session.add(login)
        db.session.flush()
    _mail_link(login, name=client.first_name, address=address, reason="invitation")
    activity.record("access.invited", actor=actor, subject=login, client=client, email=address)
    db.session.flush()
    return login


def invite_staff(staff: Staff, *, actor: Actor) -> StaffLogin:
    """Give a staff member a log-in and mail the one-time link; logged. Invalid without a mail address of their own."""
    actor.require(Permission.STAFF)
    if not staff.email:
        raise Invalid("no_email", N_("This staff member has no mail address."), field="email")
    login = staff.login
    taken = db.session.scalar(sa.select(StaffLogin).where(StaffLogin.email == staff.email))
    if taken is not None and taken is not login:
        raise Invalid("email_taken", N_("Another staff member logs in with this address."), field="email")
    if login is None:
        login = StaffLogin(staff=staff, email=staff.email)
        db.session.add(login)
    login.email = staff.email
    db.session.flush()
    _mail_link(login, name=staff.first_name, address=staff.email, reason="invitation")
    activity.record("access.invited", actor=actor, subject=login, email=staff.email)
    db.session.flush()
    return login


def ask_for_link(realm: Realm, name: str, *, address: str) -> None:
    """Forgotten password: mail a one-time link if there is such an account. The answer is the same in every case.

    At most three links an account and twenty tries an address in an hour; beyond that nothing is mailed, or
    TooManyTries is raised for the address.
    """
    key, now = _hash(f"{realm}:{_typed_name(name)}"), clock.now()
    asked = sa.select(sa.func.count(LoginAttempt.id)).where(
        LoginAttempt.purpose == "link", LoginAttempt.at > now - ADDRESS_WINDOW
    )
    by_address = db.session.scalar(asked.where(LoginAttempt.address == address[:64])) or 0
    if by_address >= ADDRESS_TRIES:
        raise TooManyTries(int(ADDRESS_WINDOW.total_seconds()))
    by_account = db.session.scalar(asked.where(LoginAttempt.account_key == key)) or 0
    db.session.add(LoginAttempt(realm=realm, purpose="link", account_key=key, address=address[:64], succeeded=True))
    if by_account < LINK_TRIES:
        for login in _candidates(realm, name):
            if _why_closed(login) is None and login.email:
                first = login.staff.first_name if isinstance(login, StaffLogin) else login.client.first_name
                _mail_link(login, name=first, address=login.email, reason="forgotten")
    db.session.flush()


def _mail_link(login: Login, *, name: str, address: str, reason: str) -> None:
    login.link_serial += 1
    db.session.flush()
    client = login.client if isinstance(login, ClientLogin) else None
    staff = login.staff if isinstance(login, StaffLogin) else None
    realm = Realm.CLIENT if client else Realm.STAFF
    number = client.account_number if client else ""
    facts = SetPassword(name, realm.value, login.id, login.link_serial, reason, number)
    outbox.queue_mail(MailKind.SET_PASSWORD, facts, to=address, client=client, staff=staff)


def _signer(secret_key: str, realm: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret_key, salt=f"latchkey-set-password-{realm}", signer_kwargs={"digest_method": hashlib.sha256})  # fmt: skip


def sign_link(secret_key: str, facts: SetPassword) -> str:
    """The token of a one-time link, made at delivery from what was queued."""
    return _signer(secret_key, facts.realm).dumps([facts.login_id, facts.link_serial, facts.reason])


def read_link(secret_key: str, realm: Realm, token: str) -> Login:
    """The log-in that a link's token is for; Invalid when it was used, replaced, altered, or is too old."""
    dead = Invalid("link_dead", N_("This link has been used or is too old. Ask for a new one."))
    try:
        (login_id, serial, reason), made_at = _signer(secret_key, realm.value).loads(
            token, max_age=int(max(LINK_LIFETIME.values()).total_seconds()), return_timestamp=True
        )
        age = clock.now() - made_at
    except (BadSignature, SignatureExpired, ValueError, TypeError) as problem:
        raise dead from problem
    kind: type[StaffLogin | ClientLogin] = StaffLogin if realm is Realm.STAFF else ClientLogin
    login = cast("Login | None", db.session.get(kind, login_id))
    if login is None or login.link_serial != serial or age > LINK_LIFETIME.get(reason, dt.timedelta(0)):
        raise dead
    if _why_closed(login) is not None:
        raise dead
    return login


def set_password(login: Login, password: str, *, serial: int, repeated: str | None = None) -> Opened:
    """Set the password by a one-time link: the link is used up, all other sign-ins end, a new one begins; logged.

    `serial` is the link's; Conflict when another window used it first. Invalid: too short, too long, too common, the
    two entries differ.
    """
    check_password(password, repeated)
    kind = type(login)
    used = db.session.execute(
        sa.update(kind)
        .where(kind.id == login.id, kind.link_serial == serial)
        .values(link_serial=serial + 1, password_hash=hash_password(password), last_login_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    if getattr(used, "rowcount", 0) != 1:
        raise Conflict("link_dead", N_("This link has been used or is too old. Ask for a new one."))
    db.session.refresh(login)
    is_staff = isinstance(login, StaffLogin)
    column = SignIn.staff_login_id if is_staff else SignIn.client_login_id
    mine = sa.select(SignIn.id).where(column == login.id).scalar_subquery()
    db.session.execute(
        sa.update(SignIn)
        .where(SignIn.ended_at.is_(None), sa.or_(column == login.id, SignIn.opened_by_id.in_(mine)))
        .values(ended_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    opened = _open(Realm.STAFF if is_staff else Realm.CLIENT, login)
    if isinstance(login, StaffLogin):
        activity.record("access.password_set", actor=staff_actor(login.staff), subject=login)
    else:
        activity.record(
            "access.password_set", actor=client_actor(login.client, login), subject=login, client=login.client
        )
    db.session.flush()
    return opened


def check_password(password: str, repeated: str | None = None) -> None:
    """Length and commonness only (no rules about signs); Invalid says what is wrong."""
    if len(password) < PASSWORD_LEAST:
        raise Invalid("password_short", N_("Use at least %(n)s characters."), field="password", n=PASSWORD_LEAST)
    if len(password) > PASSWORD_MOST:
        raise Invalid("password_long", N_("Use at most %(n)s characters."), field="password", n=PASSWORD_MOST)
    if password.casefold() in _COMMON or len(set(password)) < 3:
        raise Invalid(
            "password_common",
            N_("This password is among the first that are guessed. Choose another."),
            field="password",
        )
    if repeated is not None and not hmac.compare_digest(password.encode(), repeated.encode()):
        raise Invalid("password_differs", N_("The two passwords differ."), field="repeated")


# -------------------------------------------------------------------------------------------------- "go to portal"


def open_portal_as(client: Client, *, actor: Actor, opened_by: SignIn) -> Opened:
    """A staff member looks at a client's portal as the client sees it; logged in the client's log.

    Ends by `log_out`, after 30 minutes, or with the staff member's own sign-in. What is done meanwhile is logged as
    the staff member on behalf of the client (`actors.staff_as_client`).
    """
    actor.require(Permission.PORTAL_AS_CLIENT)
    if actor.staff is None:
        raise NotAllowed("not_allowed", N_("Your account does not allow this."))
    token = secrets.token_urlsafe(32)
    sign_in = SignIn(
        token_hash=_hash(token), realm=Realm.CLIENT, expires_at=clock.now() + VIEW_LIFETIME, viewed_client=client,
        viewing_staff=actor.staff, opened_by=opened_by,
    )  # fmt: skip
    db.session.add(sign_in)
    db.session.flush()
    activity.record("access.portal_opened", actor=actor, subject=sign_in, client=client)
    return Opened(sign_in, token)


def close_portal_view(sign_in: SignIn) -> None:
    """End "go to portal"; logged. Ending it twice changes nothing."""
    if sign_in.ended_at is None and sign_in.viewing_staff is not None:
        sign_in.ended_at = clock.now()
        actor = staff_actor(sign_in.viewing_staff)
        activity.record("access.portal_closed", actor=actor, subject=sign_in, client=sign_in.viewed_client)
        db.session.flush()


# ---------------------------------------------------------------------------------------------------- first owner


def create_owner(first_name: str, last_name: str, email: str, password: str, *, actor: Actor) -> Staff:
    """The first owner of an empty business (`flask owner create`), or another one; logged.

    Refused with Invalid: a bad or taken address, a poor password. Only the command line may do it without an owner.
    """
    actor.require(Permission.STAFF)
    address = clean_email(email)
    if not address:
        raise Invalid("no_email", N_("Enter a full mail address, for example office@example.com."), field="email")
    check_password(password)
    if db.session.scalar(sa.select(StaffLogin.id).where(StaffLogin.email == address)):
        raise Invalid("email_taken", N_("Another staff member logs in with this address."), field="email")
    if not first_name.strip():
        raise Invalid("required", N_("Fill in a name."), field="first_name")
    staff = Staff(first_name=first_name.strip(), last_name=last_name.strip(), email=address, role=StaffRole.OWNER, is_sitter=False)  # fmt: skip
    staff.login = StaffLogin(email=address, password_hash=hash_password(password))
    db.session.add(staff)
    db.session.flush()
    activity.record("staff.added", actor=actor, subject=staff, name=str(staff), role=staff.role.value)
    return staff


def forget_old_attempts() -> int:
    """Drop tries older than two days and sign-ins that ended a month ago; how many tries. The nightly task calls it."""
    now = clock.now()
    db.session.execute(sa.delete(SignIn).where(SignIn.expires_at < now - dt.timedelta(days=30)))
    result = db.session.execute(sa.delete(LoginAttempt).where(LoginAttempt.at < now - dt.timedelta(days=2)))
    return int(getattr(result, "rowcount", 0))
