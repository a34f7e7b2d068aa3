"""Mails of the office's own, to one client or to a list of them: ordered here, sent in pieces by the worker.

The words may hold merge codes; they are checked when they are ordered and kept with each mail, so what arrives is what was
ordered. Each client gets one mail of an order whatever happens to the worker: the mail's key is made of both. It waits for
two minutes, and can be called back as long as it waits. News and
offers carry a link to be spared further ones (`mail_refusals`), and go to nobody who pressed it. The client's contacts who
receive copies get them as they do of other mails; news go to each of them in a mail of their own, with a link of their own.
"""

import datetime as dt
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import (
    BULK_MOVES,
    BulkKind,
    BulkRun,
    BulkState,
    Client,
    ClientContact,
    ClientStatus,
    Mailing,
    MailState,
    OutboxMail,
)
from workflows import activity, bulk, mail_refusals, outbox
from workflows.actors import Actor
from workflows.bulk_kinds import Failure, Piece
from workflows.errors import N_, Invalid, WorkflowError, WrongState
from workflows.mail_checking import problems, tidy_words
from workflows.mail_facts import MailKind, OwnMail
from workflows.mail_refusals import plain
from workflows.mail_texts import NotUsable
from workflows.permissions import Permission

#: clients of one order
MOST = 5000
#: clients in one transaction
AT_ONCE = 50
#: so long a mail waits, for whoever sees a mistake in it
HOLD = dt.timedelta(minutes=2)


def order(
    subject: str, body: str, client_ids: Iterable[int], *, is_news: bool, chosen: Mapping[str, str], actor: Actor
) -> Mailing:
    """Store a mail to these clients; the worker is woken after the commit and can be followed. Logged.

    `chosen` is how the list was made, as its address had it. Refused: without the permission (NotAllowed); words that
    cannot be used (NotUsable, with every objection); nobody, more than 5,000, or nobody who can be written to (Invalid).
    """
    actor.require(Permission.MAILINGS)
    subject, body = tidy_words(subject, body)
    if found := problems(MailKind.OWN_MAIL, subject, body):
        raise NotUsable(found)
    ids = list(dict.fromkeys(client_ids))
    if len(ids) > MOST:
        raise Invalid("too_many", N_("At most %(most)s clients at once."), most=MOST)
    clients = _clients(ids)
    if not clients:
        raise Invalid("nobody", N_("Tick at least one client."))
    if not _reachable(clients, is_news=is_news):
        raise Invalid("nobody_reachable", N_("None of these clients can be written to: no address, mails come back, archived, or no news wanted."))  # fmt: skip
    by = actor.staff
    mailing = Mailing(
        subject=subject, body=body, is_news=is_news, chosen=dict(chosen), staff_id=by.id if by else None,
        staff_name=actor.name[:255],
    )  # fmt: skip
    db.session.add(mailing)
    db.session.flush()
    run = BulkRun(
        kind=BulkKind.MAILING, staff_id=by.id if by else None, n_total=len(clients), failures=[],
        wish={"ids": [client.id for client in clients], "mailing_id": mailing.id},
    )  # fmt: skip
    db.session.add(run)
    db.session.flush()
    mailing.run_id = run.id
    activity.record("mailing.ordered", actor=actor, subject=mailing, n=len(clients), name=subject)
    bulk.wake()
    return mailing


def of_run(run: BulkRun) -> Mailing | None:
    """What an order sends."""
    return db.session.scalar(sa.select(Mailing).where(Mailing.run_id == run.id))


def past(n: int, skip: int = 0) -> list[tuple[Mailing, BulkRun | None]]:
    """The mails that were ordered, the newest first, with how far each is. One query."""
    wanted = sa.select(Mailing, BulkRun).outerjoin(BulkRun, BulkRun.id == Mailing.run_id)
    return [(m, run) for m, run in db.session.execute(wanted.order_by(Mailing.id.desc()).limit(n).offset(skip))]


def count_reachable(client_ids: Collection[int], *, is_news: bool = False) -> int:
    """How many of them can be written to. Four queries."""
    return len(_reachable(_clients(client_ids), is_news=is_news))


def facts_for(
    client: Client, subject: str, body: str, *, is_news: bool, reader: str | None = None, preview: bool = False
) -> OwnMail:
    """What a client's mail is made of, for the reader at this address (None: the client); a preview's link to be spared
    leads nowhere."""
    return OwnMail(
        client_name=str(client), first_name=client.first_name, last_name=client.last_name,
        account_number=client.account_number, subject=subject, body=body, is_news=is_news,
        client_id=0 if preview else client.id, address="" if preview else plain(reader or client.email or ""),
    )  # fmt: skip


def send_piece(run: BulkRun, left: Sequence[int], *, actor: Actor) -> Piece:
    """Queue the mails of the next clients, each at most once; who cannot be written to is left out and listed."""
    ids = list(left[:AT_ONCE])
    mailing, clients, piece = of_run(run), {c.id: c for c in _clients(ids)}, Piece(len(ids))
    letters = _Letters(clients.values(), is_news=mailing is not None and mailing.is_news)
    for client_id in ids:
        client = clients.get(client_id)
        try:
            actor.require(Permission.MAILINGS)
            if client is None:
                raise Invalid("gone", N_("This client no longer exists."))
            if mailing is None or not mailing.body:
                raise Invalid("no_words", N_("The words of this mail were erased."))
            if why := letters.why_not(client):
                raise Invalid("left_out", why)
            _send(mailing, client, letters.readers(client), actor)
        except WorkflowError as refusal:
            label = {"label": str(client)} if client is not None else {}
            piece.failures.append(Failure(client_id, refusal.message, {**refusal.values, **label}))
    return piece


def _send(mailing: Mailing, client: Client, readers: Sequence[str], actor: Actor) -> None:
    """Queue it for these addresses: news as a mail for each, whose link spares that reader only; else one with copies."""
    mails = [(reader, ()) for reader in readers] if mailing.is_news else [(readers[0], readers[1:])]
    queued = False
    for n, (to, copies) in enumerate(mails):
        facts = facts_for(client, mailing.subject, mailing.body, is_news=mailing.is_news, reader=to)
        mail = outbox.queue_mail(
            MailKind.OWN_MAIL, facts, to=to, cc=list(copies), client=client, mailing=mailing,
            dedupe_key=_key(mailing, client.id, to if n else ""), not_before=clock.now() + HOLD,
        )  # fmt: skip
        queued = queued or mail is not None  # else it is in the outbox already
    if queued:
        activity.record("mailing.sent", actor=actor, subject=mailing, client=client, name=mailing.subject)


def retry(run: BulkRun, *, actor: Actor) -> BulkRun:
    """Order the same mail for those who did not get it. Refused as `order`, and once its words are gone (WrongState)."""
    mailing = of_run(run)
    if mailing is None:
        raise WrongState("no_words", N_("The words of this mail were erased."))
    ids = [failure["job_id"] for failure in run.failures]
    anew = order(mailing.subject, mailing.body, ids, is_news=mailing.is_news, chosen=mailing.chosen, actor=actor)
    return db.session.get_one(BulkRun, anew.run_id)


def send_test(subject: str, body: str, client: Client | None, *, is_news: bool, actor: Actor) -> OutboxMail:
    """Queue these words, with this client's values or made-up ones, to whoever asks and to nobody else.

    NotUsable as in `order`; Invalid when they have no mail address. The link to be spared leads nowhere.
    """
    actor.require(Permission.MAILINGS)
    subject, body = tidy_words(subject, body)
    if found := problems(MailKind.OWN_MAIL, subject, body):
        raise NotUsable(found)
    facts = facts_for(client or made_up_client(), subject, body, is_news=is_news, preview=True)
    address = actor.staff.email if actor.staff else ""
    mail = outbox.queue_mail(MailKind.OWN_MAIL, facts, to=address, staff=actor.staff)
    if mail is None:
        raise Invalid("no_address", N_("Your account has no mail address to send the test to."))
    return mail


def made_up_client() -> Client:
    """Somebody to show words with; not in the database."""
    return Client(first_name="Alice", last_name="Archer", account_number="4417209318")


def states(mailing: Mailing) -> dict[MailState, int]:
    """How many of an order's mails wait, were sent, failed, were called back. One query."""
    found = db.session.execute(
        sa.select(OutboxMail.state, sa.func.count().label("n"))
        .where(OutboxMail.mailing_id == mailing.id)
        .group_by(OutboxMail.state)
    )
    return {row.state: row.n for row in found}


def call_back(run: BulkRun, *, actor: Actor) -> int:
    """Undo an order as far as it goes: clients who are still to come get nothing, mails that wait are cancelled. Logged.

    How many mails were called back. What was sent, or is being sent, is not had back; when nothing waits any more
    WrongState says so. Of two who press it one wins.
    """
    actor.require(Permission.MAILINGS)
    mailing = of_run(run)
    is_open = BulkState.STOPPED in BULK_MOVES[run.state]
    if is_open:
        bulk.stop(run, actor=actor)  # waits for the worker's piece, whose mails are found below
    n = _turn(mailing, MailState.QUEUED, state=MailState.CANCELLED) if mailing is not None else 0
    if mailing is None or not (n or is_open):
        raise WrongState("mail_left", N_("These mails have left already."))
    activity.record("mailing.called_back", actor=actor, subject=mailing, n=n, name=mailing.subject)
    db.session.flush()
    return n


def send_again(run: BulkRun, *, actor: Actor) -> int:
    """Queue an order's failed mails again, due now; how many. Logged. WrongState when none failed: safe to press twice."""
    actor.require(Permission.MAILINGS)
    mailing = of_run(run)
    fresh = {"attempts": 0, "next_at": clock.now(), "locked_by": None, "locked_until": None}
    n = _turn(mailing, MailState.FAILED, state=MailState.QUEUED, **fresh) if mailing is not None else 0
    if mailing is None or not n:
        raise WrongState("none_failed", N_("None of these mails failed."))
    db.session.info["nudge_worker"] = True
    activity.record("mailing.retried", actor=actor, subject=mailing, n=n, name=mailing.subject)
    db.session.flush()
    return n


def _turn(mailing: Mailing, old: MailState, **values: object) -> int:
    """Change an order's mails of this state; how many."""
    changed = sa.update(OutboxMail).where(OutboxMail.mailing_id == mailing.id, OutboxMail.state == old)
    result = db.session.execute(changed.values(**values).execution_options(synchronize_session=False))
    return int(getattr(result, "rowcount", 0))


def _key(mailing: Mailing, client_id: int, reader: str = "") -> str:
    """What a mail of an order is known by; that to a contact, by their address too."""
    key = f"mailing:{mailing.id}:{client_id}"
    return f"{key}:{hashlib.sha256(plain(reader).encode()).hexdigest()[:32]}" if reader else key


def _clients(ids: Collection[int]) -> list[Client]:
    """Those of them who are there, by name."""
    wanted = sa.select(Client).where(Client.id.in_(ids)).order_by(Client.last_name, Client.first_name, Client.id)
    return list(db.session.scalars(wanted))


def _reachable(clients: Sequence[Client], *, is_news: bool) -> list[Client]:
    letters = _Letters(clients, is_news=is_news)
    return [client for client in clients if not letters.why_not(client)]


class _Letters:
    """At which addresses some clients are written to. Three queries for all of them, two when it is no news."""

    def __init__(self, clients: Collection[Client], *, is_news: bool) -> None:
        wanted = (
            sa.select(ClientContact.client_id, ClientContact.email)
            .where(ClientContact.client_id.in_([c.id for c in clients]), ClientContact.receives_copies)
            .order_by(ClientContact.id)
        )
        self.contacts: dict[int, list[str]] = {}
        for client_id, email in db.session.execute(wanted):
            self.contacts.setdefault(client_id, []).append(email or "")
        self.returned = mail_refusals.bounced()
        self.spared = mail_refusals.unsubscribed() if is_news else set()

    def readers(self, client: Client) -> list[str]:
        """The client's own address first, then the contacts with copies; each address once, none that is marked."""
        found: dict[str, str] = {}
        for address in (client.email or "", *self.contacts.get(client.id, ())):
            found.setdefault(plain(address), address)
        return [a for key, a in found.items() if key and key not in self.returned and key not in self.spared]

    def why_not(self, client: Client) -> str:
        """Why nobody is written to for this client, "" when somebody is."""
        if client.erased_at is not None or client.status is ClientStatus.ARCHIVED:
            return N_("Archived.")
        if self.readers(client):
            return ""
        address = plain(client.email or "")
        if not address:
            return N_("Has no mail address.")
        return N_("Mails to this address come back.") if address in self.returned else N_("Wants no news by mail.")


bulk.KINDS[BulkKind.MAILING] = send_piece
bulk.NEEDED[BulkKind.MAILING] = Permission.MAILINGS
bulk.RETRIES[BulkKind.MAILING] = retry
