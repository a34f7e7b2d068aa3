"""The second factor of a log-in: a phone's code generator (TOTP), and codes on paper for the day the phone is gone.

The generator's secret is sealed in the database. A code is good for its half minute and the ones beside it, and never
twice. Whether staff may or must have one is a setting; for clients it is their own choice, where it is switched on.
"""

import datetime as dt
import hmac
import secrets
from dataclasses import dataclass
from typing import Any

import pyotp
import sqlalchemy as sa
from sqlalchemy.orm import aliased

from foundation import clock, sealing
from foundation.db import db
from models import (
    Authenticator,
    Client,
    ClientLogin,
    LoginAttempt,
    Passkey,
    Realm,
    RecoveryCode,
    SignIn,
    Staff,
    StaffLogin,
)
from workflows import activity, locks, outbox, settings, sign_ins, tries
from workflows.actors import Actor
from workflows.errors import N_, Conflict, Invalid, NotAllowed
from workflows.mail_facts import MailKind, SecurityNews
from workflows.permissions import Permission
from workflows.sign_ins import Browser, Login, Opened

STEP = 30
N_CODES = 10
#: wrong codes a log-in in a day, beside the limits of `tries`; whoever guesses knows the password already
DAY_TRIES, DAY = 50, dt.timedelta(days=1)
#: no l, o, 0 and 1, which paper mixes up
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class State:
    """What a log-in has beside its password."""

    is_on: bool
    since: dt.datetime | None
    n_codes_left: int
    n_passkeys: int


def is_in_household(client_id: Any) -> sa.ColumnElement[bool]:  # noqa: ANN401 -- a number or a bound parameter
    """Has a log-in of this client codes of a phone or a passkey? To be read along with the client."""
    login = aliased(ClientLogin)
    of = {kind: kind.client_login_id == login.id for kind in (Authenticator, Passkey)}
    has = sa.or_(
        sa.exists().where(of[Authenticator], Authenticator.confirmed_at.is_not(None)), sa.exists().where(of[Passkey])
    )
    return sa.exists().where(login.client_id == client_id, has)


def state_of(login: Login) -> State:
    """What this log-in has beside its password; one query."""
    of = {kind: _of(kind, login) for kind in (Authenticator, RecoveryCode, Passkey)}
    since, n_left, n_keys = db.session.execute(
        sa.select(
            sa.select(Authenticator.confirmed_at).where(of[Authenticator]).scalar_subquery(),
            sa.select(sa.func.count(RecoveryCode.id))
            .where(of[RecoveryCode], RecoveryCode.used_at.is_(None))
            .scalar_subquery(),
            sa.select(sa.func.count(Passkey.id)).where(of[Passkey]).scalar_subquery(),
        )
    ).one()
    return State(since is not None, since, n_left, n_keys)


def is_required(login: Login) -> bool:
    """Must this person have a second factor?"""
    return isinstance(login, StaffLogin) and settings.read()["access.staff_two_factor"] == "required"


def is_offered(realm: Realm) -> bool:
    """May people of this realm set one up? Who has one already keeps it whatever the setting says."""
    if realm is Realm.STAFF:
        return bool(settings.read()["access.staff_two_factor"] != "off")
    return bool(settings.read()["portal.two_factor"])


def is_asked(login: Login) -> bool:
    """Does a right password alone leave this person in front of the second factor's page?

    Where a factor is required that is so also without one: there it is set up, and nothing else opens before.
    """
    return is_required(login) or _confirmed(login) is not None


# ------------------------------------------------------------------------------------------------------- setting up


def start(login: Login) -> str:
    """The secret of a generator that is still to be proved, as people type it; the same until then.

    Refused: switched off (NotAllowed), on already (Conflict).
    """
    if not is_offered(sign_ins.realm_of(login)):
        raise NotAllowed("factor_off", N_("Two-step log-in is switched off."))
    locks.lock_place(f"factor {type(login).__name__} {login.id}")
    found = _authenticator(login)
    if found is not None and found.confirmed_at is not None:
        raise Conflict("factor_on", N_("Two-step log-in is on already."))
    if found is None:
        found = Authenticator(sealed=sealing.seal(pyotp.random_base32()))
        _belongs(found, login)
        db.session.add(found)
        db.session.flush()
    return sealing.unseal(found.sealed)


def pending_secret(login: Login) -> str | None:
    """The secret of a generator that was begun and not proved yet; it is shown once more, and never after that."""
    found = _authenticator(login)
    return sealing.unseal(found.sealed) if found is not None and found.confirmed_at is None else None


def address_of(secret: str, *, name: str, business: str) -> str:
    """The otpauth address that the QR code holds."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=business)


def confirm(login: Login, code: str, *, actor: Actor) -> list[str]:
    """Prove the generator with a code: it counts from now on; the ten recovery codes come back, this once. Logged, mailed.

    Refused: nothing was begun or it is on already (Conflict), a wrong code (Invalid).
    """
    found = _authenticator(login)
    if found is None or found.confirmed_at is not None:
        raise Conflict("factor_on", N_("Two-step log-in is on already, or was not begun. Look again."))
    if not _uses_step(found, code):
        raise Invalid("wrong_code", N_("This code is not right. Look at the app and enter the one it shows now."), field="code")  # fmt: skip
    found.confirmed_at = clock.now()
    codes = _write_codes(login)
    activity.record("access.factor_on", actor=actor, subject=login, client=sign_ins.client_of(login))
    tell(login, "factor_on")
    db.session.flush()
    return codes


def new_codes(login: Login, *, actor: Actor) -> list[str]:
    """Ten fresh recovery codes, this once; the older ones are dead. Logged. Conflict when two-step log-in is off."""
    if _confirmed(login) is None:
        raise Conflict("factor_gone", N_("Two-step log-in is off."))
    codes = _write_codes(login)
    activity.record("access.codes_renewed", actor=actor, subject=login, client=sign_ins.client_of(login))
    db.session.flush()
    return codes


def are_own(login: Login, codes: list[str]) -> bool:
    """Are these the unused recovery codes of this log-in? Asked before they are handed out as a file."""
    kept = db.session.scalars(
        sa.select(RecoveryCode.code_hash).where(_of(RecoveryCode, login), RecoveryCode.used_at.is_(None))
    )
    return {_code_hash(c) for c in codes} == set(kept)


def turn_off(login: Login, *, actor: Actor) -> None:
    """Take generator and codes away; logged, mailed. The caller has had the person prove who they are.

    Refused with NotAllowed where the office requires it.
    """
    if is_required(login):
        raise NotAllowed("factor_required", N_("Your business requires two-step log-in."))
    _remove(login)
    activity.record("access.factor_off", actor=actor, subject=login, client=sign_ins.client_of(login))
    tell(login, "factor_off")
    db.session.flush()


def reset(person: Staff | Client, *, actor: Actor) -> None:
    """The office takes generators, codes and passkeys of somebody who lost their phone away, and ends their sign-ins.

    Logged; each log-in is told by mail. Staff need the permission for staff, clients that for clients.
    """
    is_staff = isinstance(person, Staff)
    actor.require(Permission.STAFF if is_staff else Permission.CLIENTS)
    logins: list[Login] = ([person.login] if person.login else []) if isinstance(person, Staff) else list(person.logins)
    for login in logins:
        _remove(login)
        db.session.execute(sa.delete(Passkey).where(_of(Passkey, login)))
        sign_ins.end_all(login)
        tell(login, "factor_reset")
    client = person if isinstance(person, Client) else None
    activity.record("access.factor_reset", actor=actor, subject=person, client=client, name=str(person))
    db.session.flush()


# ----------------------------------------------------------------------------------------------------------- asking


def pass_factor(waiting: Login, typed: str, *, browser: Browser) -> bool:
    """Is this the phone's code, or an unused one from paper? Each try is written down; the caller commits in both cases.

    A code is used up with it. Raises TooManyTries after ten wrong ones in five minutes, or fifty in a day.
    """
    key = tries.account_key(sign_ins.realm_of(waiting), f"#{waiting.id}")
    realm = sign_ins.realm_of(waiting)
    tries.slow_down(realm, "factor", key, browser.address)
    wrong = (LoginAttempt.purpose == "factor", LoginAttempt.succeeded.is_(False), LoginAttempt.account_key == key)
    tries.check(DAY_TRIES, DAY, *wrong)
    generator = _confirmed(waiting)
    passed = generator is not None and (_uses_step(generator, typed) or _uses_code(waiting, typed))
    tries.note(realm, "factor", key, browser.address, succeeded=passed)
    db.session.flush()
    return passed


def finish(login: Login, waiting: SignIn, *, browser: Browser) -> Opened:
    """After the factor: the sign-in that waited is dead, a new one with a new secret begins; logged."""
    sign_ins.log_out(waiting)
    login.last_login_at = clock.now()
    opened = sign_ins.begin(login, browser)
    activity.record(
        "access.logged_in", actor=sign_ins.person(login), subject=login, client=sign_ins.client_of(login), factor=True
    )
    db.session.flush()
    return opened


def tell(login: Login, what: str, **more: str) -> None:
    """Mail the person what happened to their log-in; nobody can refuse these mails."""
    client = sign_ins.client_of(login)
    staff = login.staff if isinstance(login, StaffLogin) else None
    name = staff.first_name if staff else client.first_name if client else ""
    facts = SecurityNews(name, sign_ins.realm_of(login).value, what, **more)
    outbox.queue_mail(MailKind.SECURITY_NEWS, facts, to=login.email, client=client, staff=staff)


# ---------------------------------------------------------------------------------------------------------- helpers


def _of(kind: type[Authenticator | RecoveryCode | Passkey], login: Login) -> sa.ColumnElement[bool]:
    column = kind.staff_login_id if isinstance(login, StaffLogin) else kind.client_login_id
    return column == login.id


def _belongs(row: Authenticator | RecoveryCode, login: Login) -> None:
    if isinstance(login, StaffLogin):
        row.staff_login_id = login.id
    else:
        row.client_login_id = login.id


def _authenticator(login: Login) -> Authenticator | None:
    return db.session.scalar(sa.select(Authenticator).where(_of(Authenticator, login)))


def _confirmed(login: Login) -> Authenticator | None:
    found = _authenticator(login)
    return found if found is not None and found.confirmed_at is not None else None


def _uses_step(generator: Authenticator, typed: str) -> bool:
    """Does the code belong to this half minute or one beside it, and to none that was used? Then its step is used up.

    Two windows with the same code in the same moment: the database lets the first one through.
    """
    code = "".join(typed.split())
    if not (code.isascii() and code.isdigit() and len(code) == 6):
        return False
    totp, now = pyotp.TOTP(sealing.unseal(generator.sealed)), int(clock.now().timestamp()) // STEP
    fitting = [s for s in (now - 1, now, now + 1) if hmac.compare_digest(totp.at(s * STEP), code)]
    if not fitting:
        return False
    used = db.session.execute(
        sa.update(Authenticator)
        .where(Authenticator.id == generator.id, Authenticator.last_step < max(fitting))
        .values(last_step=max(fitting))
        .execution_options(synchronize_session=False)
    )
    return getattr(used, "rowcount", 0) == 1


def _uses_code(login: Login, typed: str) -> bool:
    used = db.session.execute(
        sa.update(RecoveryCode)
        .where(_of(RecoveryCode, login), RecoveryCode.code_hash == _code_hash(typed), RecoveryCode.used_at.is_(None))
        .values(used_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    return getattr(used, "rowcount", 0) == 1


def _code_hash(typed: str) -> str:
    return sealing.fingerprint("".join(c for c in typed.casefold() if c.isalnum())[:64])


def _write_codes(login: Login) -> list[str]:
    db.session.execute(sa.delete(RecoveryCode).where(_of(RecoveryCode, login)))
    codes = ["-".join("".join(secrets.choice(_LETTERS) for _i in range(4)) for _j in range(4)) for _k in range(N_CODES)]
    for code in codes:
        row = RecoveryCode(code_hash=_code_hash(code))
        _belongs(row, login)
        db.session.add(row)
    return codes


def _remove(login: Login) -> None:
    for kind in (Authenticator, RecoveryCode):
        db.session.execute(sa.delete(kind).where(_of(kind, login)))


@settings.when_changed("access.staff_two_factor")
def _require_at_once(value: str) -> None:
    """Whoever is signed in without a second factor meets the set-up page at their next click."""
    if value != "required":
        return
    has = sa.or_(
        SignIn.staff_login_id.in_(sa.select(Authenticator.staff_login_id).where(Authenticator.confirmed_at.is_not(None), Authenticator.staff_login_id.is_not(None))),
        SignIn.staff_login_id.in_(sa.select(Passkey.staff_login_id).where(Passkey.staff_login_id.is_not(None))),
    )  # fmt: skip
    db.session.execute(
        sa.update(SignIn)
        .where(SignIn.staff_login_id.is_not(None), SignIn.ended_at.is_(None), ~has)
        .values(awaits_factor=True)
        .execution_options(synchronize_session=False)
    )
