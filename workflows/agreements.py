"""Terms and contracts that clients accept: their texts as versions, who has still to accept, and the yes itself.

A text is never changed: it gets a new version, which everybody concerned accepts again, unless it is saved as a typo
fix. `documents.agreement` makes the copy as PDF; `agreement_copies` keeps and mails it.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased, joinedload
from sqlalchemy.orm.attributes import flag_modified

from foundation import clock
from foundation.db import db
from foundation.text import tidy
from models import (
    Agreement,
    AgreementAcceptance,
    AgreementVersion,
    Client,
    ClientLogin,
    NotificationKind,
    agreement_client,
)
from workflows import activity, locks, notifications, records
from workflows.actors import Actor
from workflows.errors import N_, Conflict, Invalid, NotAllowed
from workflows.permissions import Permission

MOST_TEXT = 100_000
NAME_MOST = 120


def text_hash(body: str) -> str:
    """SHA-256 of a text, as it is kept beside each yes."""
    return hashlib.sha256(body.encode()).hexdigest()


# ------------------------------------------------------------------------------------------------- what is agreed to


def add(values: Mapping[str, Any], body: str, *, actor: Actor) -> Agreement:
    """Add an agreement with its first version; logged. Clients concerned are asked from now on.

    `values`: name, for_all, clients (the chosen ones, of whom there must be one unless it is for all), at_registration, is_active, position. Invalid without a name
    or a text, and for chosen clients without one.
    """
    actor.require(Permission.SETTINGS)
    cleaned = _clean(values)
    records.require_text({"name": "", **cleaned}, ["name"], N_("Fill in a name."))
    text = _clean_body(body)
    agreement = Agreement(**{"for_all": True, **cleaned})
    _check_clients(agreement)
    records.add(agreement, actor=actor)
    _add_version(agreement, text, number=1, keeps_consent=False, actor=actor)
    return agreement


def change(agreement: Agreement, values: Mapping[str, Any], *, actor: Actor) -> dict[str, list[Any]]:
    """Change whom it concerns, its name, or whether it is asked for at all; logged old to new. The text: `revise`."""
    actor.require(Permission.SETTINGS)
    cleaned = _clean(values)
    records.require_text(cleaned, ["name"], N_("Fill in a name."))
    changed = records.change(agreement, cleaned, actor=actor)
    _check_clients(agreement)
    if changed.keys() == {"clients"}:
        _raise_epoch(agreement)
    return changed


def choose(agreement: Agreement, client: Client, *, actor: Actor) -> None:
    """Ask this client, and from now on only chosen ones; logged. Choosing somebody twice changes nothing."""
    clients = [*(c for c in agreement.clients if c is not client), client]
    change(agreement, {"for_all": False, "clients": clients}, actor=actor)


def unchoose(agreement: Agreement, client: Client, *, actor: Actor) -> None:
    """Ask this client no more; logged. The last one stays (Invalid): then ask all, or make the agreement inactive."""
    change(agreement, {"clients": [c for c in agreement.clients if c is not client]}, actor=actor)


def revise(agreement: Agreement, body: str, *, keeps_consent: bool, seen: int, actor: Actor) -> AgreementVersion | None:
    """Give it a new text; logged. None when the text is the same as before.

    Everybody concerned is asked again, except with `keeps_consent` (a typo fix): then who accepted the version before
    has accepted this one. `seen` is the number of the version that the person had before them: Conflict
    'agreement_changed' when somebody else saved one meanwhile.
    """
    actor.require(Permission.SETTINGS)
    text = _clean_body(body)
    db.session.execute(sa.select(Agreement.id).where(Agreement.id == agreement.id).with_for_update())
    last = latest(agreement)
    if last.number != seen:
        raise Conflict(
            "agreement_changed", N_("Somebody else changed this text meanwhile. Look at theirs first."), field="body"
        )
    if last.text_hash == text_hash(text):
        return None
    version = _add_version(agreement, text, number=last.number + 1, keeps_consent=keeps_consent, actor=actor)
    _raise_epoch(agreement)
    return version


def _raise_epoch(agreement: Agreement) -> None:
    """Write the row anew, which raises its version: whoever is signed in is asked at the next page."""
    flag_modified(agreement, "position")
    db.session.flush()


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    cleaned = records.tidy(values)
    if len(str(cleaned.get("name", ""))) > NAME_MOST:
        raise Invalid("name_long", N_("Use at most %(most)s characters."), field="name", most=NAME_MOST)
    return cleaned


def _clean_body(body: str) -> str:
    text = tidy(body).replace("\r\n", "\n")
    if not text:
        raise Invalid("no_text", N_("Write or paste the text that clients accept."), field="body")
    if len(text) > MOST_TEXT:
        raise Invalid("text_long", N_("Use at most %(most)s characters."), field="body", most=MOST_TEXT)
    return text


def _check_clients(agreement: Agreement) -> None:
    if not agreement.for_all and not agreement.clients:
        raise Invalid("no_clients", N_("Choose at least one client, or ask all of them."), field="clients")


def _add_version(
    agreement: Agreement, text: str, *, number: int, keeps_consent: bool, actor: Actor
) -> AgreementVersion:
    version = AgreementVersion(
        agreement=agreement, number=number, body=text, text_hash=text_hash(text), keeps_consent=keeps_consent,
        staff_id=actor.staff.id if actor.staff else None,
    )  # fmt: skip
    db.session.add(version)
    db.session.flush()
    verb = "agreement.typo_fixed" if keeps_consent else "agreement.published"
    activity.record(verb, actor=actor, subject=version, name=agreement.name, number=number)
    return version


def latest(agreement: Agreement) -> AgreementVersion:
    """The version that is shown now."""
    asked = sa.select(AgreementVersion).where(AgreementVersion.agreement_id == agreement.id)
    return db.session.scalars(asked.order_by(AgreementVersion.number.desc()).limit(1)).one()


# ------------------------------------------------------------------------------------------------- who has to accept

#: a number that rises with every change of any agreement: who had nothing left at this number has nothing left now
EPOCH = sa.select(sa.func.coalesce(sa.func.sum(Agreement.version), 0)).scalar_subquery()


def epoch() -> int:
    """The number of now, by one small query."""
    return int(db.session.scalar(sa.select(EPOCH)) or 0)


def outstanding(client: Client) -> list[AgreementVersion]:
    """The texts that this client has still to accept, in the office's order; one query.

    What counts is the newest version that was no typo fix: a yes to it or to a later one is enough. What has to be
    accepted is the newest version.
    """
    return list(db.session.scalars(_OUTSTANDING, {"client_id": client.id}))


_CLIENT_ID = sa.bindparam("client_id", type_=sa.Integer)


def _asked() -> tuple[sa.ColumnElement[bool], ...]:
    """Agreements that are asked of the client `:client_id`, accepted or not."""
    chosen = (
        sa.select(agreement_client.c.client_id)
        .where(agreement_client.c.agreement_id == Agreement.id, agreement_client.c.client_id == _CLIENT_ID)
        .correlate(Agreement)
        .exists()
    )
    return Agreement.is_active.is_(True), sa.or_(Agreement.for_all.is_(True), chosen)


def _still_open() -> tuple[sa.ColumnElement[bool], ...]:
    """Those that are not accepted in their newest text that was no typo fix."""
    version, said = aliased(AgreementVersion), aliased(AgreementVersion)
    binding = (
        sa.select(sa.func.max(version.number))
        .where(version.agreement_id == Agreement.id, version.keeps_consent.is_(False))
        .correlate(Agreement)
        .scalar_subquery()
    )
    accepted = (
        sa.select(AgreementAcceptance.id)
        .join(said, AgreementAcceptance.version_id == said.id)
        .where(AgreementAcceptance.client_id == _CLIENT_ID, said.agreement_id == Agreement.id, said.number >= binding)
        .correlate(Agreement)
        .exists()
    )
    return *_asked(), ~accepted


# Built once: putting these together takes ten times as long as the database takes to answer.
def _outstanding() -> sa.Select[AgreementVersion]:
    version = aliased(AgreementVersion)
    newest = (
        sa.select(sa.func.max(version.number))
        .where(version.agreement_id == Agreement.id)
        .correlate(Agreement)
        .scalar_subquery()
    )
    return (
        sa.select(AgreementVersion)
        .join(Agreement, AgreementVersion.agreement_id == Agreement.id)
        .where(*_still_open(), AgreementVersion.number == newest)
        .options(joinedload(AgreementVersion.agreement))
        .order_by(Agreement.position, Agreement.id)
    )


_OUTSTANDING = _outstanding()
#: how many agreements the client `:client_id` has still to accept, to be read along with other numbers
N_OUTSTANDING = sa.select(sa.func.count(Agreement.id)).where(*_still_open()).scalar_subquery()
#: is any agreement asked of the client `:client_id`?
IS_ASKED = sa.exists(sa.select(Agreement.id).where(*_asked()))


def must_accept(login: ClientLogin, now: int) -> bool:
    """Has this person's household something to accept? Costs nothing while `now` is the epoch of their last yes."""
    return login.agreed_epoch != now and bool(outstanding(login.client))


def note_agreed(login: ClientLogin) -> None:
    """Remember that nothing is left, so that pages need not ask; called at log-in and after a yes."""
    if not outstanding(login.client):
        login.agreed_epoch = epoch()


def accepted_by(client: Client) -> Sequence[AgreementAcceptance]:
    """What this client accepted, newest first; one query."""
    return db.session.scalars(
        sa.select(AgreementAcceptance)
        .where(AgreementAcceptance.client_id == client.id)
        .options(
            joinedload(AgreementAcceptance.agreement_version).joinedload(AgreementVersion.agreement),
            joinedload(AgreementAcceptance.client_login),
            joinedload(AgreementAcceptance.file),
        )
        .order_by(AgreementAcceptance.id.desc())
    ).all()


# ----------------------------------------------------------------------------------------------------------- the yes


@dataclass(frozen=True)
class Shown:
    """A text as the client had it on the screen: which version, and the hash of its words."""

    version_id: str
    text_hash: str


def accept(
    client: Client, shown: Iterable[Shown], typed_name: str, *, address: str, actor: Actor
) -> list[AgreementAcceptance]:
    """The client's yes to what was shown. Safe when sent twice: what was accepted before is left as it is.

    In one transaction: a row for each text with typed name, moment (UTC), network address and hash; a line in the
    client's log; a HOME line; the copy as PDF follows by mail (`agreement_copies`). Refused: NotAllowed for anybody but
    a log-in of the household (nobody agrees on behalf of a client), Invalid without a typed name, Conflict
    'agreement_changed' when a text is not the newest any more or is not this client's to accept.
    """
    if actor.client_login is None or actor.client_login.client_id != client.id:
        raise NotAllowed("own_yes", N_("Only the client can accept an agreement."))
    name = tidy(typed_name)
    if not name or len(name) > NAME_MOST:
        raise Invalid("typed_name", N_("Type your full name to accept."), field="typed_name")
    locks.lock_client(client.id)
    waiting = {version.public_id: version for version in outstanding(client)}
    asked = list(shown)
    known = {a.agreement_version.public_id for a in accepted_by(client)}
    if not asked:
        raise Invalid("nothing_ticked", N_("Tick that you have read and accept the text."), field="accept")
    given = []
    for one in asked:
        version = waiting.get(one.version_id)
        if version is None and one.version_id in known:
            continue
        if version is None or version.text_hash != one.text_hash:
            raise Conflict("agreement_changed", N_("This text was changed meanwhile. Please read it again."))
        given.append(_write_down(version, client, name, address=address, actor=actor))
    if given:
        names = [a.agreement_version.agreement.name for a in given]
        notifications.notify_office(NotificationKind.AGREEMENT_ACCEPTED, client=client, about=names)
        db.session.info["nudge_worker"] = True
    db.session.flush()
    note_agreed(actor.client_login)
    return given


@dataclass(frozen=True)
class Given:
    """A yes that was given before there was a client: which text, by whom, from where, when."""

    version_id: str
    text_hash: str
    typed_name: str
    address: str
    at: dt.datetime


def take_over(login: ClientLogin, given: Iterable[Given], *, actor: Actor) -> list[AgreementAcceptance]:
    """Write down what somebody accepted while registering, once the client exists: with its own moment and address.

    The copies follow by mail. A text that was changed meanwhile is asked again as of everybody; one that is gone is
    left out.
    """
    wanted = {one.version_id: one for one in given}
    versions = db.session.scalars(
        sa.select(AgreementVersion)
        .where(AgreementVersion.public_id.in_(list(wanted)))
        .options(joinedload(AgreementVersion.agreement))
        .order_by(AgreementVersion.id)
    ).all()
    rows = []
    for version in versions:
        one = wanted[version.public_id]
        if one.text_hash == version.text_hash:
            rows.append(_write_down(version, login.client, one.typed_name, address=one.address, actor=actor, at=one.at))
    if rows:
        db.session.info["nudge_worker"] = True
    note_agreed(login)
    db.session.flush()
    return rows


def _write_down(
    version: AgreementVersion,
    client: Client,
    name: str,
    *,
    address: str,
    actor: Actor,
    at: dt.datetime | None = None,
) -> AgreementAcceptance:
    row = AgreementAcceptance(
        agreement_version=version, client=client, client_login=actor.client_login, typed_name=name,
        address=address[:64], text_hash=version.text_hash, accepted_at=at or clock.now(),
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    activity.record(
        "agreement.accepted", actor=actor, subject=row, client=client, name=version.agreement.name,
        number=version.number, typed_name=name,
    )  # fmt: skip
    return row
