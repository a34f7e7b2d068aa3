"""Getting in with a password: log-in with limits, what a good password is, the first owner.

Passwords are hashed by werkzeug's scrypt. Who is signed in is `sign_ins`, one-time links are `login_links`, slowing
down is `tries`.
"""

import hmac
import secrets
from collections.abc import Iterable
from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import joinedload
from werkzeug.security import check_password_hash, generate_password_hash

from foundation import clock
from foundation.db import db
from foundation.text import tidy
from models import Client, ClientLogin, MergedRecord, Realm, Staff, StaffLogin, StaffRole
from workflows import activity, locks, passwords, second_factor, sign_ins, tries
from workflows.actors import Actor
from workflows.errors import N_, Invalid, Refusals
from workflows.people import clean_email
from workflows.permissions import Permission
from workflows.sign_ins import Browser, Login, Opened

PASSWORD_LEAST, PASSWORD_MOST = 8, 200


def hash_password(password: str) -> str:
    """A password as it is kept."""
    return generate_password_hash(password, method=_METHOD)


#: tests lower it; production never does
_METHOD = "scrypt:32768:8:1"


#: log-ins that one name can mean: as many hashes are compared before anybody reads that the password is wrong. More would make
#: every wrong try of everybody as slow as the largest household's, or tell by its time how many there are. So of a household
#: with more log-ins the four oldest with a password may use the account number; each of the others has a mail address.
_MOST_MEANT = {Realm.STAFF: 1, Realm.CLIENT: 4}


@cache
def _nobody() -> str:
    """A hash to compare with in place of an account that is not there, so that each answer takes the same time."""
    return hash_password(secrets.token_urlsafe(16))


# ---------------------------------------------------------------------------------------------------------- log in


def log_in(realm: Realm, name: str, password: str, *, browser: Browser) -> Opened | None:
    """Check name and password; a new sign-in, or None.

    Staff log in by mail address, clients by mail address or account number. Every try is written down; the caller
    commits in both cases. Raises TooManyTries before looking at the password when this account or this address had
    too many wrong ones. Where a second factor is asked, the sign-in opens nothing but its page. Unknown names and wrong
    passwords get the same answer after as many hashes, however many share the address.
    """
    key = tries.account_key(realm, typed_name(name))
    tries.slow_down(realm, "log-in", key, browser.address)
    known = [x for x in candidates(realm, name) if x.password_hash]
    login = next((x for x in known if matches(x.password_hash or "", password)), None)
    if login is None:
        for _missing in range(len(known), _MOST_MEANT[realm]):
            matches(_nobody(), password)
    # Hashing takes long and holds up nobody. What was decided meanwhile counts: tries of the same moment, a new password.
    locks.lock_place(f"tries {key}")
    tries.slow_down(realm, "log-in", key, browser.address)
    if login is not None:
        fitted = login.password_hash
        db.session.refresh(login)
        login = login if login.password_hash == fitted else None
    allowed = login is not None and sign_ins.why_closed(login) is None
    tries.note(realm, "log-in", key, browser.address, succeeded=allowed)
    if login is None or not allowed:
        db.session.flush()
        return None
    login.last_login_at = clock.now()
    awaits = second_factor.is_asked(login)
    opened = sign_ins.begin(login, browser, awaits_factor=awaits)
    if not awaits:
        activity.record(
            "access.logged_in", actor=sign_ins.person(login), subject=login, client=sign_ins.client_of(login)
        )
    db.session.flush()
    return opened


def typed_name(name: str) -> str:
    """A name as it is looked up and counted: in lower case, an account number without its spaces."""
    text = name.replace("\0", "").strip().casefold()
    digits = "".join(c for c in text if c.isdigit())
    return digits if len(digits) == 10 and "@" not in text else text


def matches(password_hash: str, password: str) -> bool:
    """Is this the password? "" is nobody's hash."""
    return check_password_hash(password_hash, password[: PASSWORD_MOST + 1])


def candidates(realm: Realm, name: str) -> list[Login]:
    """Who could be meant, at most `_MOST_MEANT`: two households may share a mail address, and a household its number.

    Of more, the oldest that are open and have a password.
    """
    typed = typed_name(name)
    if realm is Realm.STAFF:
        return list(
            db.session.scalars(
                sa.select(StaffLogin).where(StaffLogin.email == typed).options(joinedload(StaffLogin.staff))
            )
        )
    by_name = ClientLogin.email == typed
    if typed.isdigit():
        # The number of a client who was merged with another one opens the one who stays.
        own = sa.select(Client.id).where(Client.account_number == typed)
        led = sa.select(MergedRecord.into_id).where(
            MergedRecord.record_type == "client", MergedRecord.record_id.in_(own)
        )
        by_name = ClientLogin.client_id.in_(own.union_all(led))
    return list(
        db.session.scalars(
            sa.select(ClientLogin)
            .where(by_name)
            .options(joinedload(ClientLogin.client))
            .order_by(ClientLogin.password_hash.is_(None) | ~ClientLogin.is_active, ClientLogin.id)
            .limit(_MOST_MEANT[realm])
        )
    )


def opens_by_number(login: ClientLogin) -> bool:
    """Is the account number taken for this log-in too, once it has its password (`candidates`)?"""
    earlier = sa.select(sa.func.count(ClientLogin.id)).where(
        ClientLogin.client_id == login.client_id, ClientLogin.id < login.id, ClientLogin.is_active,
        ClientLogin.password_hash.is_not(None),
    )  # fmt: skip
    return (db.session.scalar(earlier) or 0) < _MOST_MEANT[Realm.CLIENT]


def check_password(password: str, repeated: str | None = None, *, words: Iterable[str] = ()) -> None:
    """Length and commonness only (no rules about signs); Invalid says what is wrong, of both fields at once.

    `words` are those around the log-in (`passwords.words_of`), which are guessed first.
    """
    refusals = Refusals()
    with refusals:
        _check_alone(password, words)
    with refusals:
        if repeated is not None and not hmac.compare_digest(password.encode(), repeated.encode()):
            raise Invalid("password_differs", N_("The two passwords differ."), field="repeated")
    refusals.say()


def _check_alone(password: str, words: Iterable[str]) -> None:
    if len(password) < PASSWORD_LEAST:
        raise Invalid("password_short", N_("Use at least %(n)s characters."), field="password", n=PASSWORD_LEAST)
    if len(password) > PASSWORD_MOST:
        raise Invalid("password_long", N_("Use at most %(n)s characters."), field="password", n=PASSWORD_MOST)
    if passwords.is_common(password, words):
        raise Invalid(
            "password_common",
            N_(
                "This password is among the first that are guessed. Choose another, for example three words of your own."
            ),
            field="password",
        )


# ---------------------------------------------------------------------------------------------------- first owner


def check_owner(first_name: str, last_name: str, email: str, password: str, repeated: str | None = None) -> str:
    """The address of a new owner as it is kept. Refused with Invalid, all at once: a bad or taken address, a poor
    password, one that differs from the repeated, no name.
    """
    refusals, address = Refusals(), ""
    first, last = tidy(first_name), tidy(last_name)
    with refusals:
        address = clean_email(email) or ""
        if not address:
            raise Invalid("no_email", N_("Enter a full mail address, for example office@example.com."), field="email")
        if db.session.scalar(sa.select(StaffLogin.id).where(StaffLogin.email == address)):
            raise Invalid("email_taken", N_("Another staff member logs in with this address."), field="email")
    with refusals:
        around = [first, last, first + last, *((address, address.partition("@")[0]) if address else ())]
        check_password(password, repeated, words=[*passwords.words_of(None), *around])
    with refusals:
        if not first:
            raise Invalid("required", N_("Fill in a name."), field="first_name")
    refusals.say()
    return address


def create_owner(first_name: str, last_name: str, email: str, password: str, *, actor: Actor) -> Staff:
    """The first owner of an empty business (`flask owner create`), or another one; logged.

    Refused as `check_owner`. Only the command line may do it without an owner.
    """
    actor.require(Permission.STAFF)
    address = check_owner(first_name, last_name, email, password)
    first_name, last_name = tidy(first_name), tidy(last_name)
    staff = Staff(first_name=first_name, last_name=last_name, email=address, role=StaffRole.OWNER, is_sitter=False)  # fmt: skip
    staff.login = StaffLogin(email=address, password_hash=hash_password(password))
    db.session.add(staff)
    db.session.flush()
    activity.record("staff.added", actor=actor, subject=staff, name=str(staff), role=staff.role.value)
    return staff
