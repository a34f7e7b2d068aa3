"""What clients do with the people of their own household in the portal: add, change, remove; the office is told.

The rules of a contact are in `people.save_contact`, which the office's own form calls too.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from foundation.db import db
from foundation.text import tidy
from models import Client, ClientContact, NotificationKind
from workflows import notifications, people
from workflows.actors import Actor
from workflows.errors import N_, Conflict, Invalid, NotAllowed, Refusals, WrongState
from workflows.locks import lock_client

#: more people than any household has
MAX_CONTACTS = 20
#: field -> as many characters as its column holds
LIMITS = {"name": 120, "relation": 120, "email": 255, "phone": 40}
TICKS = ("receives_copies", "is_emergency")


def of_client(client: Client) -> Sequence[ClientContact]:
    """The household's other people, by name; one query."""
    return db.session.scalars(
        sa.select(ClientContact)
        .where(ClientContact.client_id == client.id)
        .order_by(ClientContact.name, ClientContact.id)
    ).all()


def key_of(client: Client, contact: ClientContact) -> str:
    """What names a contact in addresses: it tells nobody how many contacts there are."""
    digest = hashlib.sha256(f"{client.public_id}/contact/{contact.id}".encode()).digest()
    return urlsafe_b64encode(digest)[:12].decode()


def find(client: Client, key: str) -> ClientContact | None:
    """The household's contact of that key; None for anybody else's."""
    return next((c for c in of_client(client) if key_of(client, c) == key), None)


def mark(contact: ClientContact) -> str:
    """What a form was made from; another mark means that somebody changed the contact meanwhile."""
    held = [str(getattr(contact, name) or "") for name in (*LIMITS, *TICKS)]
    return hashlib.sha256("\0".join(held).encode()).hexdigest()[:16]


def add(client: Client, values: Mapping[str, Any], *, actor: Actor) -> ClientContact:
    """Add somebody to the actor's own household; logged, and told to the office on HOME.

    Refused with Invalid: no name, too long a text, a bad address or number, copies without an address, over 20 people;
    with NotAllowed: another client's household.
    """
    _require_own(client, actor)
    cleaned = _clean(values)
    lock_client(client.id)
    if len(of_client(client)) >= MAX_CONTACTS:
        raise Invalid("many_contacts", N_("There are %(most)s people here already. Please ask us to add more."), most=MAX_CONTACTS)  # fmt: skip
    contact = people.save_contact(ClientContact(), {**cleaned, "client": client}, actor=actor)
    _tell(client, contact.name, "added")
    return contact


def change(client: Client, key: str, values: Mapping[str, Any], *, seen: str, actor: Actor) -> ClientContact:
    """Change somebody of the own household; logged old to new, and told to the office.

    Refused as `add`; with Conflict when somebody changed them since the form was made (`seen`, from `mark`); with
    WrongState when they were removed.
    """
    _require_own(client, actor)
    cleaned = _clean(values)
    lock_client(client.id)
    contact = _fresh(client, key)
    if mark(contact) != seen:
        raise Conflict("stale", N_("Somebody changed this meanwhile. Look at it, then save yours again."))
    before = {name: getattr(contact, name) for name in cleaned}
    people.save_contact(contact, cleaned, actor=actor)
    now = {name: getattr(contact, name) for name in before}
    if told := {n: [_said(before[n]), _said(now[n])] for n in before if before[n] != now[n]}:
        _tell(client, contact.name, "changed", told)
    return contact


def remove(client: Client, key: str, *, actor: Actor) -> str:
    """Take somebody out of the own household, and say who it was; logged, and told to the office.

    Refused with WrongState when that was done already, with NotAllowed for another client's.
    """
    _require_own(client, actor)
    lock_client(client.id)
    contact = _fresh(client, key)
    name = contact.name
    people.remove_contact(contact, actor=actor)
    _tell(client, name, "removed")
    return name


def _require_own(client: Client, actor: Actor) -> None:
    if actor.client is None or actor.client.id != client.id:
        raise NotAllowed("not_yours", N_("This is not yours to change."))


def _fresh(client: Client, key: str) -> ClientContact:
    found = find(client, key)
    if found is None:
        raise WrongState("contact_gone", N_("This person was removed meanwhile."))
    db.session.refresh(found)
    return found


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed as it is kept; everything that is wrong with it is refused at once."""
    refusals, cleaned = Refusals(), dict.fromkeys(LIMITS, "") | {name: bool(values.get(name)) for name in TICKS}
    for name, most in LIMITS.items():
        text = tidy(str(values.get(name) or "")).replace("\n", " ")
        with refusals:
            if len(text) > most:
                raise Invalid("value_long", N_("Use at most %(most)s characters; these are %(n)s."), field=name, most=most, n=len(text))  # fmt: skip
        cleaned[name] = text
    with refusals:
        people.checked_contact(cleaned, ClientContact())
    refusals.say()
    return cleaned


def _said(value: Any) -> str | bool:  # noqa: ANN401 -- a text or a tick
    return value if isinstance(value, bool) else str(value or "")


def _tell(client: Client, person: str, what: str, changes: Mapping[str, list[str | bool]] | None = None) -> None:
    """A line on HOME; columns and yes or no become words when it is read."""
    notifications.notify_office(
        NotificationKind.DATA_CHANGED, client=client, person=person, what=what, changes=dict(changes or {})
    )
    db.session.flush()
