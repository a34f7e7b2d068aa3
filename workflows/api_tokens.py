"""Personal tokens of the API: made by a person for themself, shown once, and never more than the person may at the moment.

`api` asks `find` on every call; what a scope opens, and what the person must be allowed for it, stands in `NEEDS`.
"""

import datetime as dt
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from foundation import clock
from foundation.db import db
from foundation.sealing import fingerprint
from foundation.text import tidy
from models import ApiToken, Staff, StaffLogin, Via
from workflows import activity, second_factor, settings
from workflows.actors import Actor, staff_actor
from workflows.errors import N_, Invalid, NotAllowed, WrongState
from workflows.permissions import Permission
from workflows.sign_ins import Login

#: what tokens begin with, so that people and programs that look for leaked secrets know them
MARK = "lk_"
_SHAPE = re.compile(r"lk_[A-Za-z0-9_-]{43}")
MOST_TOKENS = 25
MOST_DAYS = 3650
#: `last_used_at` is as exact as this
NOTED_EVERY = dt.timedelta(minutes=5)

READ, WRITE = "read", "write"
#: kind -> what it is called
KINDS: dict[str, str] = {
    "clients": N_("Clients"), "pets": N_("Pets"), "visits": N_("Visits"), "requests": N_("Requests"),
    "invoices": N_("Invoices and payments"), "services": N_("Services"),
}  # fmt: skip
#: kinds that are read only
_ONLY_READ = frozenset({"services"})
#: "visits:write", in the order of the page
SCOPES: tuple[str, ...] = tuple(
    f"{kind}:{how}" for kind in KINDS for how in (READ, WRITE) if how == READ or kind not in _ONLY_READ
)
_ANYBODY = (Permission.OFFICE, Permission.OWN_DAY)
#: scope -> permissions: the person needs one of each row
NEEDS: dict[str, tuple[tuple[Permission, ...], ...]] = {
    "clients:read": (_ANYBODY,),
    "clients:write": ((Permission.CLIENTS,),),
    "pets:read": (_ANYBODY,),
    "pets:write": ((Permission.CLIENTS,),),
    "visits:read": (_ANYBODY,),
    "visits:write": ((Permission.SCHEDULE,),),
    "requests:read": ((Permission.REQUESTS,),),
    "requests:write": ((Permission.REQUESTS,),),
    # Lists of invoices add up to what the business earns.
    "invoices:read": ((Permission.BILLING,), (Permission.FINANCES,)),
    "invoices:write": ((Permission.BILLING,), (Permission.FINANCES,)),
    "services:read": (_ANYBODY,),
}


@dataclass(frozen=True)
class Made:
    """A new token and its secret, which is shown once and not kept."""

    token: ApiToken
    secret: str


def is_on() -> bool:
    """May other programs connect at all?"""
    return bool(settings.read()["api.on"])


def may_ever(scope: str, *, actor: Actor) -> bool:
    """May the person do now what the scope is for?"""
    return all(any(actor.may(p) for p in row) for row in NEEDS[scope])


def allows(token: ApiToken, scope: str) -> bool:
    """Does the token have the scope? Writing a kind includes reading it."""
    kind, _colon, how = scope.partition(":")
    return scope in token.scopes or (how == READ and f"{kind}:{WRITE}" in token.scopes)


def make(*, name: str, scopes: Iterable[str], days: int | None, actor: Actor) -> Made:
    """Make a token for whoever asks, valid for `days` (None: until it is revoked). Logged with its name and scopes.

    Refused: the API switched off (WrongState), nobody of the team (NotAllowed), no name or a name too long, no scope,
    an unknown one or one that the person may not use, days that make no sense, more than 25 tokens (Invalid).
    """
    _require_on()
    staff = _staff(actor)
    words, wanted = tidy(name), set(scopes)
    if not 1 <= len(words) <= 60:
        raise Invalid("token_name", N_("Give it a name of at most 60 characters."), field="name")
    if not wanted or not wanted <= set(SCOPES):
        raise Invalid("token_scopes", N_("Tick at least one thing that it may do."), field="scopes")
    if not all(may_ever(scope, actor=actor) for scope in wanted):
        raise Invalid("token_scopes", N_("You cannot give it more than you may do yourself."), field="scopes")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise Invalid("token_days", N_("Choose how long it is valid."), field="days")
    if len(of_person(staff)) >= MOST_TOKENS:
        raise Invalid("token_many", N_("You have %(most)s tokens already. Revoke one first."), most=MOST_TOKENS)
    secret = f"{MARK}{secrets.token_urlsafe(32)}"
    token = ApiToken(
        staff=staff, name=words, prefix=secret[:9], token_hash=fingerprint(secret),
        scopes=[s for s in SCOPES if s in wanted],
        expires_at=clock.now() + dt.timedelta(days=days) if days is not None else None,
    )  # fmt: skip
    db.session.add(token)
    db.session.flush()
    activity.record("api_token.made", actor=actor, subject=token, name=words, scopes=token.scopes)
    return Made(token, secret)


def of_person(staff: Staff) -> Sequence[ApiToken]:
    """The person's tokens that are not revoked, the newest first."""
    return db.session.scalars(
        sa.select(ApiToken)
        .where(ApiToken.staff_id == staff.id, ApiToken.revoked_at.is_(None))
        .order_by(ApiToken.id.desc())
    ).all()


def of_others(*, actor: Actor) -> Sequence[ApiToken]:
    """The tokens of everybody else; nothing for those who may not look after the team."""
    staff = _staff(actor)
    if not actor.may(Permission.STAFF):
        return []
    return db.session.scalars(
        sa.select(ApiToken)
        .where(ApiToken.staff_id != staff.id, ApiToken.revoked_at.is_(None))
        .options(joinedload(ApiToken.staff))
        .order_by(ApiToken.id.desc())
    ).all()


def revoke(token: ApiToken, *, actor: Actor) -> ApiToken:
    """Kill a token at once, one's own or, for whoever may look after the team, anybody's. Logged; twice changes nothing.

    Refused with NotAllowed for another person's.
    """
    if _staff(actor).id != token.staff_id:
        actor.require(Permission.STAFF)
    if token.revoked_at is None:
        token.revoked_at = clock.now()
        db.session.flush()
        activity.record("api_token.revoked", actor=actor, subject=token, name=token.name, whose=str(token.staff))
    return token


def revoke_with_password(login: Login) -> None:
    """A new password takes the person's tokens along, as whoever knew the old one may have made some. Each is logged, a mail names them.

    Called for every new password of the team, typed or by a link; a client has no tokens.
    """
    if not isinstance(login, StaffLogin):
        return
    live = of_person(login.staff)
    for token in live:
        revoke(token, actor=staff_actor(login.staff))
    if live:
        second_factor.tell(login, "tokens_revoked", detail=", ".join(token.name for token in live))


def find(secret: str) -> ApiToken | None:
    """The live token of this secret with its person. None: unknown, revoked, expired, or the person is out. One query."""
    if not _SHAPE.fullmatch(secret):
        return None
    found = db.session.scalar(_FIND, {"token_hash": fingerprint(secret)})
    if found is None or (found.expires_at is not None and found.expires_at <= clock.now()):
        return None
    return found


_FIND = (
    sa.select(ApiToken)
    .join(ApiToken.staff)
    .join(StaffLogin, StaffLogin.staff_id == Staff.id)
    .where(
        ApiToken.token_hash == sa.bindparam("token_hash"),
        ApiToken.revoked_at.is_(None),
        Staff.is_active,
        StaffLogin.is_active,
    )
    .options(contains_eager(ApiToken.staff))
    .execution_options(populate_existing=True)
)


def is_stale(token: ApiToken) -> bool:
    """Is it time to note again that it is used?"""
    return token.last_used_at is None or token.last_used_at <= clock.now() - NOTED_EVERY


def note_use(token: ApiToken) -> None:
    """Note that it is used now."""
    db.session.execute(sa.update(ApiToken).where(ApiToken.id == token.id).values(last_used_at=clock.now()))


def actor_of(token: ApiToken) -> Actor:
    """The person, acting through this token: the log names both."""
    plain = staff_actor(token.staff, Via.OFFICE)
    return Actor(plain.kind, f"{token.staff} ({token.name})", plain.via, staff=token.staff)


def _require_on() -> None:
    if not is_on():
        raise WrongState("api_off", N_("Other programs may not connect. An owner can switch it on in the settings."))


def _staff(actor: Actor) -> Staff:
    if actor.staff is None or actor.client is not None:
        raise NotAllowed("not_allowed", N_("Your account does not allow this."))
    return actor.staff
