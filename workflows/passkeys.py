"""Passkeys (WebAuthn): a log-in without a password that counts as both factors, as the device asks for finger or PIN.

The site's name and origin come from PUBLIC_URL, never from a request. A challenge lives in the browser's signed
session for five minutes; that it is used once only is what `once` keeps.
"""

import datetime as dt
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
import webauthn
from sqlalchemy.orm import joinedload
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from foundation import clock
from foundation.db import db
from foundation.sealing import fingerprint
from foundation.text import tidy
from models import ClientLogin, LoginAttempt, Passkey, Realm, StaffLogin
from workflows import activity, once, second_factor, sign_ins, tries
from workflows.actors import Actor
from workflows.errors import N_, Invalid
from workflows.sign_ins import Browser, Login, Opened

CHALLENGE_LIFETIME = dt.timedelta(minutes=5)
MOST_KEYS = 10
_REQUIRED = UserVerificationRequirement.REQUIRED


@dataclass(frozen=True)
class Site:
    """Who asks for passkeys: the host name, the origin of its pages, and a name for people."""

    host: str
    origin: str
    name: str


def site_of(public_url: str, name: str) -> Site:
    """The site of PUBLIC_URL."""
    parts = urlsplit(public_url)
    return Site(parts.hostname or "", f"{parts.scheme}://{parts.netloc}", name)


@dataclass(frozen=True)
class Challenge:
    """What was asked of the browser, as its session keeps it: the random part, since when, and for which log-in (0: none)."""

    value: str
    at: float
    login_id: int = 0

    def stored(self) -> list[Any]:
        """As JSON can keep it."""
        return [self.value, self.at, self.login_id]


def read_challenge(stored: Any) -> Challenge | None:  # noqa: ANN401 -- whatever is in the session
    """The challenge again, or None when there is none or it is older than five minutes."""
    if not isinstance(stored, list) or len(stored) != 3:
        return None
    found = Challenge(str(stored[0]), float(stored[1]), int(stored[2]))
    return found if 0 <= clock.now().timestamp() - found.at <= CHALLENGE_LIFETIME.total_seconds() else None


def _new_challenge(login_id: int = 0) -> tuple[bytes, Challenge]:
    value = secrets.token_bytes(32)
    return value, Challenge(bytes_to_base64url(value), clock.now().timestamp(), login_id)


# ----------------------------------------------------------------------------------------------------- a person's own


def list_of(login: Login) -> list[Passkey]:
    """The passkeys of this log-in, the oldest first."""
    return list(db.session.scalars(sa.select(Passkey).where(_of(login)).order_by(Passkey.id)))


def ask_to_register(login: Login, site: Site) -> tuple[str, Challenge]:
    """What the browser is to make a passkey from (JSON), and the challenge to remember. Invalid: ten are enough."""
    there = list_of(login)
    if len(there) >= MOST_KEYS:
        raise Invalid("too_many", N_("At most %(most)s passkeys."), most=MOST_KEYS)
    value, challenge = _new_challenge(login.id)
    client = sign_ins.client_of(login)
    name = login.email or (client.account_number if client else "")
    options = webauthn.generate_registration_options(
        rp_id=site.host, rp_name=site.name, user_name=name, user_display_name=name, challenge=value,
        user_id=fingerprint(f"{sign_ins.realm_of(login)}:{login.id}:{login.created_at.isoformat()}").encode(),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(k.credential_id)) for k in there],
    )  # fmt: skip
    return options_to_json(options), challenge


def register(login: Login, site: Site, challenge: Challenge | None, answer: Any, *, name: str, actor: Actor) -> Passkey:  # noqa: ANN401 -- what the browser sent
    """Keep the passkey that the browser made; logged, mailed.

    Refused with Invalid: too late, for another log-in or site, without finger or PIN, not from a real device, known.
    """
    if challenge is None or challenge.login_id != login.id:
        raise _too_late()
    _use_up(challenge)
    try:
        made = webauthn.verify_registration_response(
            credential=_as_dict(answer), expected_challenge=base64url_to_bytes(challenge.value),
            expected_rp_id=site.host, expected_origin=site.origin, require_user_verification=True,
        )  # fmt: skip
    except _FAILS as problem:
        raise _no_good() from problem
    key = Passkey(
        name=tidy(name)[:120] or "Passkey", credential_id=bytes_to_base64url(made.credential_id),
        public_key=bytes_to_base64url(made.credential_public_key), sign_count=made.sign_count,
    )  # fmt: skip
    if isinstance(login, StaffLogin):
        key.staff_login = login
    else:
        key.client_login = login
    try:
        with db.session.begin_nested():
            db.session.add(key)
    except sa.exc.IntegrityError as known:
        raise Invalid("key_known", N_("This passkey is registered already.")) from known
    activity.record("access.passkey_added", actor=actor, subject=login, client=sign_ins.client_of(login), name=key.name)
    second_factor.tell(login, "passkey_added", detail=key.name)
    db.session.flush()
    return key


def rename(login: Login, public_id: str, name: str) -> Passkey:
    """Call one's own passkey something else. Invalid: none of one's own, or no name."""
    key = _own(login, public_id)
    text = tidy(name)
    if not text:
        raise Invalid("required", N_("Fill in a name."), field="name")
    key.name = text[:120]
    db.session.flush()
    return key


def remove(login: Login, public_id: str, *, actor: Actor) -> None:
    """Take one's own passkey away; logged, mailed. Invalid when there is no such one (any more)."""
    key = _own(login, public_id)
    _remove(key, login, actor)
    second_factor.tell(login, "passkey_removed", detail=key.name)
    db.session.flush()


def remove_all(login: Login, *, actor: Actor) -> None:
    """Take the passkeys of an account that ends away; logged. Nobody is mailed: the person has left."""
    for key in list_of(login):
        _remove(key, login, actor)
    db.session.flush()


def _remove(key: Passkey, login: Login, actor: Actor) -> None:
    db.session.delete(key)
    activity.record(
        "access.passkey_removed", actor=actor, subject=login, client=sign_ins.client_of(login), name=key.name
    )


def _own(login: Login, public_id: str) -> Passkey:
    key = db.session.scalar(sa.select(Passkey).where(_of(login), Passkey.public_id == public_id))
    if key is None:
        raise Invalid("no_passkey", N_("This passkey is not there any more."))
    return key


# ------------------------------------------------------------------------------------------------------------ log in


def ask_to_log_in(site: Site, login: Login | None = None) -> tuple[str, Challenge]:
    """What the browser is to sign (JSON), and the challenge to remember; for one log-in when the password was right."""
    value, challenge = _new_challenge(login.id if login is not None else 0)
    keys = list_of(login) if login is not None else []
    options = webauthn.generate_authentication_options(
        rp_id=site.host, challenge=value, user_verification=_REQUIRED,
        allow_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(k.credential_id)) for k in keys],
    )  # fmt: skip
    return options_to_json(options), challenge


def log_in(realm: Realm, site: Site, challenge: Challenge | None, answer: Any, *, browser: Browser) -> Opened | None:  # noqa: ANN401 -- what the browser sent
    """A new sign-in by passkey, which is both factors at once, or None; every try is written down, the caller commits.

    The passkey must be of this realm, fit the challenge, have asked for finger or PIN, and count upwards.
    Raises TooManyTries after twenty wrong ones from an address in an hour.
    """
    key_of_tries = tries.account_key(realm, "passkey")
    tries.check(
        tries.ADDRESS_TRIES, tries.ADDRESS_WINDOW, LoginAttempt.purpose == "passkey",
        LoginAttempt.succeeded.is_(False), LoginAttempt.address == browser.address[:64],
    )  # fmt: skip
    login = _verified(realm, site, challenge, answer)
    tries.note(realm, "passkey", key_of_tries, browser.address, succeeded=login is not None)
    if login is None:
        db.session.flush()
        return None
    login.last_login_at = clock.now()
    opened = sign_ins.begin(login, browser)
    activity.record(
        "access.logged_in", actor=sign_ins.person(login), subject=login, client=sign_ins.client_of(login), passkey=True
    )
    db.session.flush()
    return opened


def _verified(realm: Realm, site: Site, challenge: Challenge | None, answer: Any) -> Login | None:  # noqa: ANN401
    if challenge is None:
        return None
    _use_up(challenge)
    given = _as_dict(answer)
    credential_id = given.get("id")
    if not isinstance(credential_id, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,1400}", credential_id):
        return None
    key = db.session.scalar(
        sa.select(Passkey)
        .where(Passkey.credential_id == credential_id)
        .options(
            joinedload(Passkey.staff_login).joinedload(StaffLogin.staff),
            joinedload(Passkey.client_login).joinedload(ClientLogin.client),
        )
    )
    login: Login | None = None
    if key is not None:
        login = key.staff_login if realm is Realm.STAFF else key.client_login
    if (
        key is None
        or login is None
        or sign_ins.why_closed(login) is not None
        or challenge.login_id not in {0, login.id}
    ):
        return None
    try:
        done = webauthn.verify_authentication_response(
            credential=given, expected_challenge=base64url_to_bytes(challenge.value), expected_rp_id=site.host,
            expected_origin=site.origin, credential_public_key=base64url_to_bytes(key.public_key),
            credential_current_sign_count=key.sign_count, require_user_verification=True,
        )  # fmt: skip
    except _FAILS:
        return None
    key.sign_count, key.last_used_at = done.new_sign_count, clock.now()
    return login


#: what the library raises for an answer that is wrong, cut off or made up
_FAILS = (WebAuthnException, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)


def _use_up(challenge: Challenge) -> None:
    once.claim(f"passkey-{fingerprint(challenge.value)[:40]}")


def _as_dict(answer: Any) -> dict[str, Any]:  # noqa: ANN401
    try:
        found = json.loads(answer) if isinstance(answer, str) else answer
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}


def _too_late() -> Invalid:
    return Invalid("too_late", N_("That took too long. Begin again."))


def _no_good() -> Invalid:
    return Invalid("bad_passkey", N_("This passkey could not be checked. Begin again, or use another device."))


def _of(login: Login) -> sa.ColumnElement[bool]:
    column = Passkey.staff_login_id if isinstance(login, StaffLogin) else Passkey.client_login_id
    return column == login.id
