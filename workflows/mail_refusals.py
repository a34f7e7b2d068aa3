"""Addresses that give mails back: marked by the office or by the mail server's own message, and not written to any more;
and those whose readers want no news.

A mail to such an address becomes a failed one that says why, so that nothing is lost silently; the mark is taken off by a
person.
"""

import hashlib
from collections.abc import Collection
from typing import NamedTuple

import sqlalchemy as sa
from itsdangerous import BadSignature, URLSafeSerializer

from foundation.db import db
from foundation.text import visible
from models import Client, MailRefusal, MailState, OutboxMail, RefusalKind
from workflows import activity
from workflows.actors import Actor, client_actor
from workflows.errors import N_, Invalid, WrongState
from workflows.permissions import Permission

_ADDRESS_MOST, _REASON_MOST = 254, 250


def plain(address: str) -> str:
    """The address as it is kept and compared."""
    return " ".join(visible(address).split()).casefold()


def mark_bounced(address: str, *, reason: str, actor: Actor, mail: OutboxMail | None = None) -> MailRefusal | None:
    """Write to this address no more; logged in the client's log. None when it is marked already: safe to repeat.

    The client is the one with this address, of several the mail's; else the mail's. Invalid for what is no address.
    """
    actor.require(Permission.RECORDS)
    kept = plain(address)
    if "@" not in kept or " " in kept or len(kept) > _ADDRESS_MOST:
        raise Invalid("no_address", N_("This is no mail address."), field="address")
    if find(kept) is not None:
        return None
    client = _client_of(kept, mail)
    refusal = MailRefusal(
        address=kept, kind=RefusalKind.BOUNCED, reason=" ".join(visible(reason).split())[:_REASON_MOST],
        mail_id=mail.id if mail is not None else None, client_id=client.id if client is not None else None,
    )  # fmt: skip
    try:
        with db.session.begin_nested():
            db.session.add(refusal)
    except sa.exc.IntegrityError:  # somebody else marked it at this moment
        return None
    activity.record(
        "mail_refusal.bounced", actor=actor, subject=refusal, client=client, email=kept, reason=refusal.reason
    )
    return refusal


def came_back(mail: OutboxMail, *, actor: Actor) -> MailRefusal | None:
    """The office saw a sent mail come back: mark the address it went to. WrongState unless it was sent."""
    if mail.state is not MailState.SENT:
        raise WrongState("not_sent", N_("Only a mail that was sent can come back."))
    return mark_bounced(mail.to_address, reason="", actor=actor, mail=mail)


def take_off(refusal: MailRefusal, *, actor: Actor) -> None:
    """Write to the address again, or send it news again, as its reader asked; logged.

    Mails that failed meanwhile are sent again by hand, from the outbox.
    """
    actor.require(Permission.RECORDS)
    client = db.session.get(Client, refusal.client_id) if refusal.client_id else None
    verb = "mail_refusal.taken_off" if refusal.kind is RefusalKind.BOUNCED else "mail_refusal.news_again"
    activity.record(verb, actor=actor, subject=refusal, client=client, email=refusal.address)
    db.session.delete(refusal)
    db.session.flush()


def find(address: str) -> MailRefusal | None:
    """The mark on this address."""
    return db.session.scalar(
        sa.select(MailRefusal).where(MailRefusal.address == plain(address), MailRefusal.kind == RefusalKind.BOUNCED)
    )


def bounced(addresses: Collection[str] | None = None) -> set[str]:
    """Which of these addresses (or of all) are marked, in lower case. One query."""
    return _marked(RefusalKind.BOUNCED, addresses)


def unsubscribed(addresses: Collection[str] | None = None) -> set[str]:
    """Which of these addresses (or of all) want no news, in lower case. One query."""
    return _marked(RefusalKind.UNSUBSCRIBED, addresses)


def _marked(kind: RefusalKind, addresses: Collection[str] | None) -> set[str]:
    wanted = sa.select(MailRefusal.address).where(MailRefusal.kind == kind)
    if addresses is not None:
        wanted = wanted.where(MailRefusal.address.in_({plain(a) for a in addresses}))
    return set(db.session.scalars(wanted))


def is_returned(address: sa.ColumnElement[str | None] | sa.orm.InstrumentedAttribute[str | None]) -> sa.Exists:
    """Inside a query: does this column's address give mails back?"""
    return sa.exists().where(MailRefusal.address == sa.func.lower(address), MailRefusal.kind == RefusalKind.BOUNCED)


def all_of(kind: RefusalKind) -> list[MailRefusal]:
    """Every address of the kind, the newest first, with its client. One query."""
    wanted = sa.select(MailRefusal).where(MailRefusal.kind == kind)
    return list(
        db.session.scalars(wanted.options(sa.orm.joinedload(MailRefusal.client)).order_by(MailRefusal.id.desc()))
    )


def _client_of(address: str, mail: OutboxMail | None) -> Client | None:
    found = list(
        db.session.scalars(sa.select(Client).where(sa.func.lower(Client.email) == address).order_by(Client.id))
    )
    about = mail.client if mail is not None else None  # a contact of theirs, perhaps
    return about if about in found or not found else found[0]


# ------------------------------------------------------------------------------------------------------------- news


class Reader(NamedTuple):
    """Whom a link to be spared is for: the client (None once there is none, or only what the books keep), the address."""

    client: Client | None
    address: str


def sign_link(secret_key: str, client_id: int, address: str) -> str:
    """The token of the link in news, made at delivery. It does not age: who reads an old mail may still say no."""
    return _signer(secret_key).dumps([client_id, plain(address)])


def read_link(secret_key: str, token: str) -> Reader:
    """Whom a link is for. Invalid 'link_dead' when it was altered, or shown in a preview."""
    try:
        client_id, address = _signer(secret_key).loads(token)
    except (BadSignature, ValueError, TypeError) as problem:
        raise _dead() from problem
    if not isinstance(client_id, int) or not isinstance(address, str) or not client_id or not address:
        raise _dead()
    client = db.session.get(Client, client_id)
    return Reader(client if client is not None and client.erased_at is None else None, plain(address))


def unsubscribe(reader: Reader) -> bool:
    """Send this address no more news; logged in the client's log. False when it is so already: safe to repeat.

    Of a client who is gone nothing is kept; nobody writes to them either.
    """
    if reader.client is None or reader.address in unsubscribed([reader.address]):
        return False
    refusal = MailRefusal(
        address=reader.address[:_ADDRESS_MOST], kind=RefusalKind.UNSUBSCRIBED, client_id=reader.client.id
    )
    try:
        with db.session.begin_nested():
            db.session.add(refusal)
    except sa.exc.IntegrityError:  # pressed twice at this moment
        return False
    _log_news("mail_refusal.unsubscribed", reader.client, reader.address)
    return True


def subscribe(reader: Reader) -> bool:
    """Send this address news again; logged. False when that is so already."""
    gone = sa.delete(MailRefusal).where(
        MailRefusal.address == reader.address, MailRefusal.kind == RefusalKind.UNSUBSCRIBED
    )
    if reader.client is None or db.session.execute(gone.returning(MailRefusal.id)).first() is None:
        return False
    _log_news("mail_refusal.subscribed", reader.client, reader.address)
    return True


def _log_news(verb: str, client: Client, address: str) -> None:
    activity.record(verb, actor=client_actor(client), subject=client, client=client, email=address)
    db.session.flush()


def _dead() -> Invalid:
    return Invalid("link_dead", N_("This link is not complete. Open it from the mail again, or write to us."))


def _signer(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, salt="latchkey-unsubscribe", signer_kwargs={"digest_method": hashlib.sha256})
