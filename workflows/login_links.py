"""One-time links with which a password is set: invitations and forgotten passwords.

A link holds no secret of ours: it is signed, names a log-in and its serial, and dies with a newer link, with its use,
or with time.
"""

import datetime as dt
import hashlib
from typing import cast

import sqlalchemy as sa
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from foundation import clock
from foundation.db import db
from models import ClientLogin, LoginAttempt, Realm, StaffLogin
from workflows import access, activity, api_tokens, locks, outbox, passwords, second_factor, sign_ins, tries
from workflows.errors import N_, Conflict, Invalid
from workflows.mail_facts import MailKind, SetPassword
from workflows.sign_ins import NOWHERE, Browser, Login, Opened, why_closed

#: links asked for an account in an hour
LINK_TRIES = 3
LINK_LIFETIME = {"forgotten": dt.timedelta(hours=1), "invitation": dt.timedelta(days=7)}


def ask_for_link(realm: Realm, name: str, *, address: str) -> None:
    """Forgotten password: mail a one-time link if there is such an account. The answer is the same in every case.

    At most three links an account and twenty tries an address in an hour; beyond that nothing is mailed, or
    TooManyTries is raised for the address.
    """
    key = tries.account_key(realm, access.typed_name(name))
    locks.lock_place(f"links {key}")  # asked for many times at once: each sees those before it
    asked = (LoginAttempt.purpose == "link",)
    tries.check(tries.ADDRESS_TRIES, tries.ADDRESS_WINDOW, *asked, LoginAttempt.address == address[:64])
    by_account = sa.select(sa.func.count(LoginAttempt.id)).where(
        *asked, LoginAttempt.account_key == key, LoginAttempt.at > clock.now() - tries.ADDRESS_WINDOW
    )
    n_asked = db.session.scalar(by_account) or 0
    tries.note(realm, "link", key, address, succeeded=True)
    if n_asked < LINK_TRIES:
        for login in access.candidates(realm, name):
            if why_closed(login) is None and login.email:
                first = login.staff.first_name if isinstance(login, StaffLogin) else login.client.first_name
                mail_link(login, name=first, address=login.email, reason="forgotten")
    db.session.flush()


def mail_link(login: Login, *, name: str, address: str, reason: str) -> None:
    """Queue the mail with a new link; every older one is dead."""
    login.link_serial += 1
    db.session.flush()
    client = sign_ins.client_of(login)
    staff = login.staff if isinstance(login, StaffLogin) else None
    realm = sign_ins.realm_of(login)
    number = client.account_number if client and access.opens_by_number(cast("ClientLogin", login)) else ""
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
    if why_closed(login) is not None:
        raise dead
    return login


def set_password(
    login: Login, password: str, *, serial: int, repeated: str | None = None, browser: Browser = NOWHERE
) -> Opened:
    """Set the password by a one-time link: the link is used up, all other sign-ins and the tokens end, a new one begins; logged.

    `serial` is the link's; Conflict when another window used it first. Invalid: too short, too long, too common, the
    two entries differ.
    """
    access.check_password(password, repeated, words=passwords.words_of(login))
    kind = type(login)
    used = db.session.execute(
        sa.update(kind)
        .where(kind.id == login.id, kind.link_serial == serial)
        .values(link_serial=serial + 1, password_hash=access.hash_password(password), last_login_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    if getattr(used, "rowcount", 0) != 1:
        raise Conflict("link_dead", N_("This link has been used or is too old. Ask for a new one."))
    db.session.refresh(login)
    sign_ins.end_all(login)
    opened = sign_ins.begin(login, browser, awaits_factor=second_factor.is_asked(login))
    activity.record(
        "access.password_set", actor=sign_ins.person(login), subject=login, client=sign_ins.client_of(login)
    )
    api_tokens.revoke_with_password(login)
    db.session.flush()
    return opened
