"""Credit and debit notes: what was changed about an issued invoice, or credit given without one.

Changes of invoiced visits join the note that is open (`note_changes.change_for`); committed, it counts and never changes again.
What a visit's lines on notes say is always the difference between what was billed and what it costs now, so the same
change made twice changes nothing twice.
"""

from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from foundation import clock, money
from foundation.db import db
from models import (
    Client,
    CreditNote,
    CreditNoteLine,
    Invoice,
    InvoiceState,
    NoteKind,
    NoteState,
    Notification,
    NotificationKind,
    OutboxMail,
)
from workflows import activity, notifications, outbox, settings
from workflows.actors import Actor
from workflows.billing import (
    allocations,
    crediting,
    drafting,
    invoice_papers,
    ledger,
    line_amounts,
    note_ends,
    note_sums,
    numbers,
    sums,
)
from workflows.billing.note_rooms import make_room
from workflows.billing.papers import Paper
from workflows.errors import N_, Invalid, WrongState
from workflows.locks import lock_client
from workflows.mail_facts import CreditNoteSent, MailKind
from workflows.permissions import Permission

ZERO = Decimal(0)


def paper(note: CreditNote) -> Paper:
    """What its paper says."""
    return invoice_papers.of_note(note)


def notes_of(invoice: Invoice) -> list[CreditNote]:
    """All notes about an invoice as they are in the database now, with their lines."""
    return list(
        db.session.scalars(
            sa.select(CreditNote)
            .where(CreditNote.invoice_id == invoice.id)
            .options(selectinload(CreditNote.lines))
            .order_by(CreditNote.id)
            .execution_options(populate_existing=True)
        )
    )


def n_open() -> int:
    """How many notes wait to be committed, for HOME."""
    return db.session.scalar(sa.select(sa.func.count()).where(CreditNote.state == NoteState.OPEN)) or 0


# -------------------------------------------------------------------------------------------------- commit, drop, give


def commit(note: CreditNote, *, actor: Actor, mail: bool = False, seen_version: int | None = None) -> CreditNote:
    """Let an open note count.

    In this order: its sums once more; the next number of its kind without a gap; frozen; the posting. A credit note
    then pays its own invoice: as far as that is paid already, money is taken off it first, newest first, and becomes
    credit on account (a written-off invoice owes that much less); unless it is to go back as money, it pays what else
    the client owes, if the setting says so. A debit note raises what the invoice asks for, and
    free credit pays it if the setting says so. The log; HOME's line about it goes, and one comes when money is to go
    back to the client as the cancellation policy says; if asked, the mail. A note that is committed already stays as
    it is. Refused: dropped, or its invoice is void (WrongState), changed since `seen_version` (Conflict).
    """
    actor.require(Permission.BILLING)
    fresh = _take(note)
    if seen_version is not None and fresh.state is NoteState.OPEN:
        line_amounts.check_version(fresh.version, seen_version)
    return commit_now(fresh, actor=actor, mail=mail)


def commit_now(note: CreditNote, *, actor: Actor, mail: bool = False) -> CreditNote:
    """The same for who acts for the client (their own cancellation); the caller holds the lock."""
    if note.state is NoteState.COMMITTED:
        return note
    invoice = drafting.fresh_invoice(note.invoice_id) if note.invoice_id is not None else None
    if note.state is not NoteState.OPEN or invoice is None or invoice.state in {InvoiceState.DRAFT, InvoiceState.VOID}:
        raise WrongState("note_state", N_("This note was changed meanwhile. Nothing was done."))
    found = note_sums.add_up(note, notes_of(invoice))
    note.subtotal, note.tax_total, note.total = found.subtotal, found.tax_total, found.total
    _fix(note, "debit_note" if note.kind is NoteKind.DEBIT else "credit_note", taxes=note_sums.as_json(found))
    freed = ZERO
    if note.kind is NoteKind.CREDIT:
        freed = make_room(invoice, note, actor=actor)
    else:
        _raise_debt(invoice, note, actor=actor)
    back = note_sums.to_money(note, freed)
    activity.record(
        "credit_note.committed", actor=actor, subject=note, client=note.client, number=note.number, kind=note.kind,
        invoice=invoice.number, total=note.total,
    )  # fmt: skip
    _off_home(note)
    if freed and not back:
        freed = max(freed - crediting.follow(note.client, actor=actor), ZERO)
    if back:
        notifications.notify_office(
            NotificationKind.REFUND_DUE, client=note.client, about=[note.number, str(back)], amount=back,
            number=note.number, note_id=note.id,
        )  # fmt: skip
    if mail:
        _mail(note, freed=freed)
    db.session.flush()
    return note


def _fix(note: CreditNote, series: str, *, taxes: list[dict[str, str]]) -> None:
    """Number, date, parties and taxes as they stay; and into the books."""
    note.frozen = {**invoice_papers.freeze(note.client), "taxes": taxes}
    note.sequence, note.number = numbers.next_number(series)
    note.committed_at, note.committed_on = clock.now(), clock.today()
    note_ends.move(note, NoteState.COMMITTED)
    db.session.flush()
    ledger.post("note.committed", subject=note, client=note.client, lines=note_ends.books(note), memo=note.reason)


def _raise_debt(invoice: Invoice, note: CreditNote, *, actor: Actor) -> None:
    invoice.debited += note.total
    if invoice.state is InvoiceState.WRITTEN_OFF:
        note_ends.reopen(invoice)
    db.session.flush()
    allocations.settle(invoice, actor=actor)
    if settings.read()["billing.spend_credit"]:
        allocations.spend_credit(invoice.client, actor=actor, invoices=[invoice])


def drop(note: CreditNote, *, actor: Actor, reason: str = "") -> CreditNote:
    """Throw an open note away: what it said does not count. Refused once it is committed or dropped (WrongState)."""
    actor.require(Permission.BILLING)
    fresh = _take(note)
    if fresh.state is not NoteState.OPEN:
        raise WrongState("note_state", N_("This note was changed meanwhile. Nothing was done."))
    return drop_now(fresh, actor=actor, reason=line_amounts.line(reason, field="reason"))


def drop_now(note: CreditNote, *, actor: Actor, reason: str = "") -> CreditNote:
    """The same by itself, where nothing is left on the note; the caller holds the lock."""
    note_ends.move(note, NoteState.DROPPED)
    activity.record(
        "credit_note.dropped", actor=actor, subject=note, client=note.client, kind=note.kind, reason=reason,
        number="", invoice=note.invoice.number if note.invoice else "",
    )  # fmt: skip
    _off_home(note)
    db.session.flush()
    return note


def grant_credit(client: Client, amount: Decimal, *, actor: Actor, reason: str) -> CreditNote:
    """Give a client credit on account without an invoice, as goodwill: a committed credit note, without tax; logged.

    It pays what the client owes, if the setting says so. Refused: no amount or no reason (Invalid), without the permission (NotAllowed).
    """
    actor.require(Permission.REFUND)
    words = line_amounts.line(reason, field="reason")
    if not words:
        raise Invalid("no_reason", N_("Say why, in a few words."), field="reason")
    total = line_amounts.price(amount, least=money.quantum(), field="amount")
    lock_client(client.id)
    note = CreditNote(
        client=client, kind=NoteKind.CREDIT, state=NoteState.OPEN, currency=money.currency(), reason=words,
        subtotal=total, total=total, staff_id=actor.staff.id if actor.staff else None,
        lines=[CreditNoteLine(description=words, amount=total)],
    )  # fmt: skip
    db.session.add(note)
    db.session.flush()
    _fix(note, "credit_note", taxes=[])
    activity.record("credit_note.granted", actor=actor, subject=note, client=client, number=note.number, total=total, reason=words)  # fmt: skip
    db.session.flush()
    crediting.follow(client, actor=actor)
    return note


# -------------------------------------------------------------------------------------------------------------- mail


def send(note: CreditNote, *, actor: Actor) -> OutboxMail | None:
    """Mail a committed note to the client; logged. None: there is nobody to mail to. Refused before commitment."""
    actor.require(Permission.BILLING)
    fresh = _take(note)
    if fresh.state is not NoteState.COMMITTED or fresh.kind is NoteKind.DEPOSIT:
        raise WrongState("note_not_committed", N_("Only committed notes can be sent."))
    sent = _mail(fresh)
    if sent is not None:
        activity.record("credit_note.sent", actor=actor, subject=fresh, client=fresh.client, number=fresh.number)
    db.session.flush()
    return sent


def _mail(note: CreditNote, *, freed: Decimal = ZERO) -> OutboxMail | None:
    """Queue it; the worker draws the PDF and puts it in when it delivers."""
    left = sums.outstanding(note.invoice) if note.invoice is not None else ZERO
    on_account = freed if note.invoice is not None else sums.unallocated(note)
    facts = CreditNoteSent(
        client_name=str(note.client), account_number=note.client.account_number, note_id=note.id,
        number=note.number or "", invoice_number=(note.invoice.number or "") if note.invoice is not None else "",
        total=str(note.total), reason=note.reason, is_debit=note.kind is NoteKind.DEBIT,
        on_account=str(on_account) if on_account else "", outstanding=str(left) if left else "",
    )  # fmt: skip
    mail = outbox.queue_client_mail(MailKind.CREDIT_NOTE_SENT, facts, client=note.client)
    if mail is not None:
        note.sent_at = clock.now()
    return mail


# ------------------------------------------------------------------------------------------------------------ inside


def _take(note: CreditNote) -> CreditNote:
    """The note as it is now, under the client's lock."""
    lock_client(note.client_id)
    fresh = db.session.scalar(
        sa.select(CreditNote)
        .where(CreditNote.id == note.id)
        .options(selectinload(CreditNote.lines))
        .execution_options(populate_existing=True)
    )
    if fresh is None:
        raise WrongState("note_state", N_("This note was changed meanwhile. Nothing was done."))
    return fresh


def _off_home(note: CreditNote) -> None:
    """HOME's line about the open note has nothing to say any more."""
    for told in db.session.scalars(
        sa.select(Notification).where(
            Notification.kind == NotificationKind.NOTE_OPENED, Notification.client_id == note.client_id,
            Notification.dismissed_at.is_(None),
        )
    ):  # fmt: skip
        if told.facts.get("note_id") == note.id:
            told.dismissed_at = clock.now()
