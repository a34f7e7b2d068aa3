"""Credit and debit notes: what was changed about an issued invoice, or credit given without one.

Changes of invoiced visits join the note that is open (`change_for`); committed, it counts and never changes again.
What a visit's lines on notes say is always the difference between what was billed and what it costs now, so the same
change made twice changes nothing twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
    InvoiceLine,
    InvoiceState,
    Job,
    LineKind,
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
    visit_lines,
)
from workflows.billing.note_rooms import make_room
from workflows.billing.papers import Paper
from workflows.errors import N_, Invalid, WrongState
from workflows.locks import lock_client
from workflows.mail_facts import CreditNoteSent, MailKind
from workflows.permissions import Permission

ZERO = Decimal(0)
#: what a line says of its visit
CAUSES = {
    "cancelled": N_("Cancelled: %(service)s"),
    "reinstated": N_("Takes place after all: %(service)s"),
    "voided": N_("Does not count: %(service)s"),
    "unvoided": N_("Counts after all: %(service)s"),
    "changed": N_("Changed: %(service)s"),
    "back_to_request": N_("Back to request: %(service)s"),
}


def paper(note: CreditNote) -> Paper:
    """What its paper says."""
    return invoice_papers.of_note(note)


# ----------------------------------------------------------------------------------------------------------- changes


def change_for(jobs: Sequence[Job], *, actor: Actor, cause: str = "changed", gone: bool = False) -> list[CreditNote]:
    """Visits were changed: bring the open notes of their invoices in line with what they cost now; the open notes.

    Of a draft the lines follow instead. `gone`: the visits are about to be deleted, and cost nothing. The caller holds
    the client's lock and has flushed the change. A note that opens is told on HOME; one that has no line left is
    dropped by itself. A difference that the office dropped stays dropped while the visit costs the same, whatever else
    is changed about it; once it costs something else, or is called off or put back, the whole difference is said. A
    fixed number of queries for the visits of one invoice.
    """
    lines = visit_lines.live_lines(job.id for job in jobs)
    uses = visit_lines.package_uses(lines)
    by_invoice: dict[int, list[Job]] = defaultdict(list)
    for job in jobs:
        if job.id in lines:
            by_invoice[lines[job.id].invoice_id].append(job)
    touched: list[CreditNote] = []
    for invoice_id, own in sorted(by_invoice.items()):
        invoice = drafting.fresh_invoice(invoice_id)
        if invoice is not None and invoice.state is InvoiceState.DRAFT:
            drafting.take_off(invoice, own) if gone else drafting.sync(invoice, own)
        elif invoice is not None:
            now = {job.id: ZERO if gone else visit_lines.cost(job, by_package=job.id in uses) for job in own}
            said, by_hand = CAUSES[cause], cause == "changed"
            changes = [Change(lines[job.id], now[job.id], said % {"service": job.service_item.name}, job, may_rest=by_hand) for job in own]  # fmt: skip
            touched += _apply(invoice, changes, actor=actor)
    return touched


def change_line(line: InvoiceLine, now: Decimal, *, actor: Actor, reason: str) -> list[CreditNote]:
    """Something else on an issued invoice costs so much now (before discounts and tax): onto the open note, as visits are.

    Refused: a visit's line, whose price is the visit's, and discounts (Invalid 'visit_price'); no amount or no reason
    (Invalid); an invoice that is a draft or void (WrongState).
    """
    actor.require(Permission.BILLING)
    words = line_amounts.line(reason, field="reason")
    if not words:
        raise Invalid("no_reason", N_("Say why, in a few words."), field="reason")
    cost = line_amounts.price(now, field="amount")
    lock_client(line.invoice.client_id)
    invoice = drafting.fresh_invoice(line.invoice_id)
    if invoice is None or invoice.state in {InvoiceState.DRAFT, InvoiceState.VOID}:
        raise WrongState("not_issued", N_("Only what stands on an issued invoice can be credited or charged."))
    own = next(x for x in invoice.lines if x.id == line.id)
    if not may_change_line(own):
        raise Invalid("visit_price", N_("This cannot be changed by hand. Change the visit, or void the invoice."), field="amount")  # fmt: skip
    return _apply(invoice, [Change(own, cost, words, None)], actor=actor)


@dataclass(frozen=True)
class Change:
    """What a line of an invoice costs now, and the words for it; the visit that it is about."""

    line: InvoiceLine
    now: Decimal
    words: str
    job: Job | None
    #: does a difference stay dropped that the office has dropped already?
    may_rest: bool = False


def _apply(invoice: Invoice, changes: Sequence[Change], *, actor: Actor) -> list[CreditNote]:
    """Let the open notes of an issued invoice say these differences, and nothing else about these lines."""
    notes = _notes_of(invoice)
    for change in changes:
        more = note_sums.worth(invoice, change.line, change.now) - note_sums.billed(invoice, change.line, notes)
        if change.may_rest and more == note_sums.dropped(change.line, notes):
            more = ZERO
        _set(invoice, notes, NoteKind.CREDIT, change=change, amount=max(-more, ZERO), actor=actor)
        _set(invoice, notes, NoteKind.DEBIT, change=change, amount=max(more, ZERO), actor=actor)
    still_open = [note for note in notes if note.state is NoteState.OPEN]
    new = [note for note in still_open if note.id is None]
    for note in still_open:
        _settle_open(note, notes, actor=actor)
    for note in new:
        _tell_opened(note, actor=actor)
    return [note for note in still_open if note.lines]


def _notes_of(invoice: Invoice) -> list[CreditNote]:
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


def _set(
    invoice: Invoice, notes: list[CreditNote], kind: NoteKind, *, change: Change, amount: Decimal, actor: Actor
) -> None:
    """Let the open note of this kind say so much about a line: one is opened where it is needed."""
    note = next((n for n in notes if n.kind is kind and n.state is NoteState.OPEN), None)
    own = next((x for x in note.lines if x.invoice_line_id == change.line.id), None) if note is not None else None
    if not amount:
        if note is not None and own is not None:
            note.lines.remove(own)
        return
    if note is None:
        note = CreditNote(
            client=invoice.client, invoice=invoice, kind=kind, state=NoteState.OPEN, currency=invoice.currency,
            tax_inclusive=invoice.tax_inclusive, lines=[], staff_id=actor.staff.id if actor.staff else None,
        )  # fmt: skip
        db.session.add(note)
        notes.append(note)
    if own is None:
        own = CreditNoteLine(invoice_line_id=change.line.id)
        note.lines.append(own)
    job = change.job
    own.job_id, own.on_date = (job.id, job.on_date) if job is not None else (None, change.line.on_date)
    own.amount, own.description = amount, change.words[:255]
    own.tax_name, own.tax_percent = change.line.tax_name, change.line.tax_percent
    own.refund_to = job.refund_to if job is not None and kind is NoteKind.CREDIT else None


def _settle_open(note: CreditNote, notes: Iterable[CreditNote], *, actor: Actor) -> None:
    """Bring an open note's sums up to date, or drop it when nothing is left on it."""
    if not note.lines:
        note.subtotal = note.tax_total = note.total = ZERO
        db.session.flush()
        _drop(note, actor=actor, reason="")
        return
    found = note_sums.add_up(note, notes)
    note.subtotal, note.tax_total, note.total = found.subtotal, found.tax_total, found.total
    db.session.flush()


def _tell_opened(note: CreditNote, *, actor: Actor) -> None:
    number = (note.invoice.number or "") if note.invoice is not None else ""
    notifications.notify_office(
        NotificationKind.NOTE_OPENED, client=note.client, about=[number], note_id=note.id, note_kind=note.kind,
        invoice=number,
    )  # fmt: skip
    activity.record(
        "credit_note.opened", actor=actor, subject=note, client=note.client, kind=note.kind, invoice=number
    )  # fmt: skip


def costs_of(line: InvoiceLine) -> tuple[Decimal, Decimal]:
    """What a line of an issued invoice cost until now, and what it costs with its open notes: before discounts and tax."""
    notes = _notes_of(line.invoice)
    billed, share = note_sums.billed(line.invoice, line, notes), note_sums.net(line.invoice, line)
    now = billed + sum(
        (x.amount if n.kind is NoteKind.DEBIT else -x.amount for n in notes if n.state is NoteState.OPEN for x in n.lines if x.invoice_line_id == line.id),
        ZERO,
    )  # fmt: skip
    if not share:
        return billed, now
    return money.round_half_up(billed * line.amount / share), money.round_half_up(now * line.amount / share)


def may_change_line(line: InvoiceLine) -> bool:
    """Can it be changed by hand? Not a visit's line, whose price is the visit's, nor discounts, packages, deposits."""
    return line.job_id is None and line.kind in {LineKind.ITEM, LineKind.FEE}


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
    found = note_sums.add_up(note, _notes_of(invoice))
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
    return _drop(fresh, actor=actor, reason=line_amounts.line(reason, field="reason"))


def _drop(note: CreditNote, *, actor: Actor, reason: str) -> CreditNote:
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
