"""The outbox: mails are queued here in the transaction of the change they tell about, and nowhere else.

`mailer.deliver` claims, renders and sends them; a minute sweep catches whatever a lost nudge left behind.
"""

import contextvars
import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from foundation import clock
from foundation.among import among
from foundation.db import db, rows_of
from foundation.together import New
from models import MAIL_MOVES, Client, ClientContact, ClientLogin, Mailing, MailState, OutboxMail, Staff, StaffRole
from workflows import activity, settings
from workflows.actors import Actor
from workflows.errors import N_, WrongState
from workflows.mail_facts import REFUSABLE_KINDS, MailKind
from workflows.permissions import Permission


@dataclass
class _Hold:
    until: dt.datetime
    mails: list[OutboxMail] = field(default_factory=list)


#: who gets copies of a client's mail, and which mails the person at the client's own address has turned off
Readers = tuple[Sequence[str], Collection[str]]
_hold: contextvars.ContextVar[_Hold | None] = contextvars.ContextVar("hold", default=None)


@contextmanager
def held(until: dt.datetime) -> Iterator[list[OutboxMail]]:
    """Inside, every mail that is queued waits until then (UTC); the list holds them, for `call_back`."""
    hold = _Hold(until)
    token = _hold.set(hold)
    try:
        yield hold.mails
    finally:
        _hold.reset(token)


def call_back(mail_ids: Iterable[int]) -> None:
    """Cancel mails that still wait: all of these, or WrongState 'mail_left' when one has left or is leaving."""
    ids = list(mail_ids)
    if not ids:
        return
    result = db.session.execute(
        sa.update(OutboxMail)
        .where(OutboxMail.id.in_(ids), OutboxMail.state == MailState.QUEUED)
        .values(state=MailState.CANCELLED)
        .execution_options(synchronize_session=False)
    )
    if getattr(result, "rowcount", 0) != len(ids):
        raise WrongState("mail_left", N_("The mails about it have left already. Move the visit back instead."))


def queue_mail(
    kind: MailKind,
    facts: Any,  # noqa: ANN401 -- the kind's own dataclass of mail_facts
    *,
    to: str | None,
    cc: list[str] | None = None,
    client: Client | None = None,
    staff: Staff | None = None,
    dedupe_key: str | None = None,
    not_before: dt.datetime | None = None,
    mailing: Mailing | None = None,
) -> OutboxMail | None:
    """Queue a mail in the caller's transaction and have the worker nudged once that is committed.

    Nobody to write to is no error: nothing is queued and None comes back. A mail with the same `dedupe_key` that
    exists already is not queued again. `not_before` (UTC) holds it back. One of a `mailing` is sent after
    all others that are due.
    """
    values = _mail(kind, facts, to=to, cc=cc or [], client=client, dedupe_key=dedupe_key)
    if values is None:
        return None
    hold = _hold.get()
    values |= {
        "staff_id": staff.id if staff else None,
        "mailing_id": mailing.id if mailing else None,
        "next_at": max(not_before or clock.now(), hold.until if hold else clock.now()),
    }
    mail: OutboxMail | None
    if dedupe_key is None:
        mail = OutboxMail(**values)
        db.session.add(mail)
    else:
        mail = _add_once(values)
    if mail is None:
        return None
    if hold is not None:
        hold.mails.append(mail)
    db.session.info["nudge_worker"] = True
    return mail


def _mail(
    kind: MailKind,
    facts: Any,  # noqa: ANN401 -- as in `queue_mail`
    *,
    to: str | None,
    cc: Sequence[str],
    client: Client | None,
    dedupe_key: str | None,
) -> dict[str, Any] | None:
    """What a mail's row says of who reads what; None when nobody does."""
    others = [a for a in cc if a]
    if not to:
        if not others:
            return None
        to, others = others[0], others[1:]
    seen = {to.casefold()}
    copies = [a for a in others if not (a.casefold() in seen or seen.add(a.casefold()))]  # type: ignore[func-returns-value]
    return {
        "kind": kind.value,
        "facts": stored(facts),
        "to_address": to,
        "cc_addresses": copies,
        "client_id": client.id if client else None,
        "message_id": f"<{uuid.uuid4()}@{_domain()}>",
        "dedupe_key": dedupe_key,
    }


def stored(facts: Any) -> dict[str, Any]:  # noqa: ANN401 -- the kind's own dataclass of mail_facts
    """Facts as the row keeps them."""
    plain: dict[str, Any] = activity.plain(facts)
    return plain


def _add_once(values: dict[str, Any]) -> OutboxMail | None:
    """Add a mail with a dedupe key; None when the same one is there, also if it was queued at this very moment."""
    return db.session.scalars(_ONCE[db.session.get_bind().dialect.name], [values]).one_or_none()


# The database itself looks whether the mail is there: one statement instead of five.
_ONCE = {
    name: insert(OutboxMail).on_conflict_do_nothing(index_elements=[OutboxMail.dedupe_key]).returning(OutboxMail)
    for name, insert in (("sqlite", sqlite_insert), ("postgresql", pg_insert))
}


def _domain() -> str:
    """The business's own mail domain for Message-IDs, as receivers expect it."""
    address = str(settings.read()["business.email"] or settings.read()["business.admin_inbox"] or "")
    return address.rpartition("@")[2] or "latchkey.invalid"


def queue_client_mail(
    kind: MailKind,
    facts: Any,  # noqa: ANN401 -- the kind's own dataclass of mail_facts
    *,
    client: Client,
    copy_admin: bool = False,
    dedupe_key: str | None = None,
    readers: Readers | None = None,
) -> OutboxMail | None:
    """Queue a mail to the client, with copies to the contacts flagged for them and, if asked, to the admin inbox.

    A client without an address, or who does not want this kind of mail: the contacts and the admin inbox still get theirs.
    `readers` is what `readers_of` said of the client.
    """
    to, cc = _addresses(kind, client, readers or _readers(kind, client), copy_admin=copy_admin)
    return queue_mail(kind, facts, to=to, cc=cc, client=client, dedupe_key=dedupe_key)


def client_mail_rows(
    kind: MailKind,
    facts: Any,  # noqa: ANN401 -- as above
    *,
    client: Client,
    dedupe_key: str,
    readers: Readers,
) -> list[New]:
    """The same mail with a copy to the admin inbox, for whoever writes it together with other rows (`foundation.together`);
    no row when nobody reads it. Mails that are `held` are queued one by one."""
    to, cc = _addresses(kind, client, readers, copy_admin=True)
    values = _mail(kind, facts, to=to, cc=cc, client=client, dedupe_key=dedupe_key)
    if values is None:
        return []
    db.session.info["nudge_worker"] = True
    return [New(OutboxMail, values, unless="dedupe_key")]


def _addresses(kind: MailKind, client: Client, readers: Readers, *, copy_admin: bool) -> tuple[str | None, list[str]]:
    copies, off = readers
    inbox = settings.read()["business.admin_inbox"] if copy_admin else None
    return client.email if kind.value not in off else None, [*copies, *([inbox] if inbox else [])]


def reaches(kind: MailKind, client: Client) -> bool:
    """Would such a mail to the client be queued for anybody?"""
    copies, off = _readers(kind, client)
    return bool(copies) or (bool(client.email) and kind.value not in off)


def readers_of(kind: MailKind, clients: Iterable[Client]) -> dict[int, Readers]:
    """Who reads such a mail of each of these clients, with one query, for `queue_client_mail`: {client: readers}."""
    by_id = {client.id: client for client in clients}
    found: dict[int, Readers] = {client_id: ([], ()) for client_id in by_id}
    for client_id, email, off in rows_of(_READERS_OF, {"client_ids": by_id}):
        copies, refused = found[client_id]
        may_be_off = kind in REFUSABLE_KINDS and bool(by_id[client_id].email)
        found[client_id] = ([*copies, email] if email else copies, (off or ()) if may_be_off else refused)
    return found


def _readers(kind: MailKind, client: Client) -> Readers:
    """The contacts that get copies, and the mails that the person who reads at the client's address has turned off.

    With one query; none where the contacts are loaded and this kind cannot be turned off.
    """
    may_be_off = kind in REFUSABLE_KINDS and bool(client.email)
    if not may_be_off and "contacts" not in sa.inspect(client).unloaded:
        return [c.email for c in client.contacts if c.receives_copies and c.email], ()
    rows = db.session.execute(_READERS, {"client_id": client.id, "email": client.email}).all()
    return [email for email, _off in rows if email], (rows[0][1] or ()) if may_be_off and rows else ()


_READERS = (
    sa.select(
        ClientContact.email,
        sa.select(ClientLogin.mails_off)
        .where(ClientLogin.client_id == sa.bindparam("client_id"), ClientLogin.email == sa.bindparam("email"))
        .scalar_subquery(),
    )
    .select_from(Client)
    .outerjoin(ClientContact, sa.and_(ClientContact.client_id == Client.id, ClientContact.receives_copies))
    .where(Client.id == sa.bindparam("client_id"))
    .order_by(ClientContact.id)
)


_client, _contact, _login = Client.__table__, ClientContact.__table__, ClientLogin.__table__
_READERS_OF = (
    sa.select(_client.c.id, _contact.c.email, _login.c.mails_off)
    .outerjoin(_contact, sa.and_(_contact.c.client_id == _client.c.id, _contact.c.receives_copies))
    .outerjoin(_login, sa.and_(_login.c.client_id == _client.c.id, _login.c.email == _client.c.email))
    .where(among(_client.c.id, "client_ids"))
    .order_by(_client.c.id, _contact.c.id)
)


def office_addresses() -> list[str]:
    """Where the office's own mails go: the admin inbox, else the owners."""
    if inbox := settings.read()["business.admin_inbox"]:
        return [str(inbox)]
    return owner_addresses()


def owner_addresses() -> list[str]:
    """The owners' own addresses, for what the office's inbox is no place for."""
    owners = sa.select(Staff.email).where(Staff.role == StaffRole.OWNER, Staff.is_active).order_by(Staff.id)
    return [email for email in db.session.scalars(owners) if email]


def _move(mail: OutboxMail, to: MailState, **values: Any) -> None:  # noqa: ANN401
    """Decided by the database, so that a worker or a second office cannot move the mail in the same moment.

    A mail that is being sent is the worker's alone.
    """
    allowed = [s for s in MailState if to in MAIL_MOVES[s] and s is not MailState.SENDING]
    result = db.session.execute(
        sa.update(OutboxMail)
        .where(OutboxMail.id == mail.id, OutboxMail.state.in_(allowed))
        .values(state=to, **values)
        .execution_options(synchronize_session=False)
    )
    db.session.refresh(mail)
    if getattr(result, "rowcount", 0) != 1:
        raise WrongState(
            "mail_state", N_("This mail is %(state)s; that cannot be done any more."), state=mail.state.value
        )


def retry(mail: OutboxMail, *, actor: Actor) -> OutboxMail:
    """Queue a failed mail again, due now, with its attempts counted from zero; logged. Refused unless it failed."""
    actor.require(Permission.RECORDS)
    _move(mail, MailState.QUEUED, attempts=0, next_at=clock.now(), locked_by=None, locked_until=None)
    db.session.info["nudge_worker"] = True
    activity.record("outbox_mail.retried", actor=actor, subject=mail, client=mail.client, kind=mail.kind)
    db.session.flush()
    return mail


def cancel(mail: OutboxMail, *, actor: Actor) -> OutboxMail:
    """Keep a queued or failed mail from being sent; logged. Refused once it is being sent."""
    actor.require(Permission.RECORDS)
    _move(mail, MailState.CANCELLED)
    activity.record("outbox_mail.cancelled", actor=actor, subject=mail, client=mail.client, kind=mail.kind)
    return mail
