"""Invoices from issue to their end: issued with a gapless number and frozen, sent, voided, written off.

Nothing of an issued invoice ever changes (`frozen` stands guard): what turns out differently is a note (`notes`), or it
is voided and raised again.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

import sqlalchemy as sa

from foundation import clock, money
from foundation.db import db
from models import (
    INVOICE_MOVES,
    Account,
    Allocation,
    AttemptTarget,
    Client,
    Invoice,
    InvoiceKind,
    InvoiceLine,
    InvoiceState,
    InvoiceTax,
    Job,
    LineKind,
    OutboxMail,
)
from workflows import activity, outbox, settings
from workflows.actors import Actor
from workflows.billing import (
    allocations,
    drafting,
    due,
    invoice_papers,
    ledger,
    note_ends,
    numbers,
    packages,
    sums,
    taxes,
    visit_lines,
)
from workflows.billing.line_amounts import line as one_line
from workflows.billing.papers import Paper
from workflows.errors import N_, Invalid, WrongState
from workflows.locks import lock_client
from workflows.mail_facts import InvoiceSent, MailKind
from workflows.permissions import Permission

ZERO = Decimal(0)
#: how an invoice's state reads in a refusal
_STATES = {
    InvoiceState.DRAFT: N_("This invoice is a draft. Nothing was changed."),
    InvoiceState.OPEN: N_("Invoice %(number)s is open. Nothing was changed."),
    InvoiceState.PAID: N_("Invoice %(number)s is paid. Nothing was changed."),
    InvoiceState.VOID: N_("Invoice %(number)s is void. Nothing was changed."),
    InvoiceState.WRITTEN_OFF: N_("Invoice %(number)s is written off. Nothing was changed."),
}


def paper(invoice: Invoice) -> Paper:
    """What its paper says; of a draft the quote."""
    return invoice_papers.of_invoice(invoice)


# ------------------------------------------------------------------------------------------------------------- issue


def issue(invoice: Invoice, *, actor: Actor, mail: bool = True, seen_version: int | None = None) -> Invoice:
    """Turn a draft into an invoice that the client owes.

    In one transaction, in this order: the lines of visits as they stand at this moment; taxes, sums and the due date;
    the next number without a gap; parties, terms and bank details frozen; the posting (none for a total of zero,
    which is paid at once); the packages that it sells; free credit of the client pays it, if the setting says so; the
    log; if asked, the mail. An invoice that is issued already stays as it is. Refused: without a line (Invalid
    'no_lines'), discounts of more than the lines come to (Invalid 'below_zero'), void or written off (WrongState).
    """
    fresh = _take(invoice, actor=actor)
    if fresh.state in {InvoiceState.OPEN, InvoiceState.PAID}:
        return fresh
    _require(fresh, InvoiceState.DRAFT)
    drafting.check_seen(fresh, seen_version)
    if fresh.lines:
        drafting.sync(fresh, visit_lines.load(line.job_id for line in fresh.lines if line.job_id))
    if not fresh.lines:
        raise Invalid("no_lines", N_("Put a visit or another line on it first."))
    fix(fresh, due.terms_for(fresh.client, fresh.payment_terms))
    db.session.flush()
    after_issue(fresh, actor=actor, mail=mail)
    db.session.flush()
    return fresh


def fix(draft: Invoice, terms: due.Terms) -> None:
    """What an issue fixes, up to the number and the new state; the caller writes it and goes on with `after_issue`."""
    fix_figures(draft)
    db.session.flush()  # the lines of a stored draft while it still is one: afterwards `frozen` guards them
    with db.session.no_autoflush:  # all that is new is written with one statement
        fix_rest(draft, terms, numbers.next_number("invoice"))


def fix_rest(draft: Invoice, terms: due.Terms, number: tuple[int, str]) -> None:
    """What `fix` does after the figures, with a number that was drawn for it in this transaction."""
    today = clock.today()
    draft.due_on = due.due_date(draft, terms, issued_on=today)
    draft.frozen = invoice_papers.freeze(draft.client, terms=terms)
    draft.issued_on, draft.issued_at = today, clock.now()
    draft.sequence, draft.number = number
    draft.state = InvoiceState.OPEN


def after_issue(invoice: Invoice, *, actor: Actor, mail: bool, may_hold_credit: bool = True) -> None:
    """All that follows from an issue, in the order that `issue` says, once the invoice is written as `fix` left it.

    `may_hold_credit`: False when the caller knows that the client has nothing with us that could pay it.
    """
    _post_issue(invoice)
    packages.sell(invoice, actor=actor)
    activity.record_many([_issued_line(invoice)], actor=actor)
    # Nothing paid it yet: only what comes to nothing is paid at once.
    spent: list[Allocation] = []
    if not invoice.payable:
        allocations.settle(invoice, actor=actor)
    elif may_hold_credit and settings.read()["billing.spend_credit"]:
        spent = allocations.spend_credit(invoice.client, actor=actor, invoices=[invoice])
    if mail:
        _mail(invoice, left=sums.outstanding(invoice) if spent else invoice.payable)


def issue_new(drafts: Sequence[Invoice], terms_of: Callable[[Client], due.Terms], *, actor: Actor, mail: bool) -> None:
    """Issue drafts that are not stored yet, together and with a few statements; each as `issue` says, in their order.

    Their figures were fixed (`fix_figures`) and their clients are locked. No client may hold credit that would pay
    them, and they sell no packages: nothing here refuses, so all or none are issued.
    """
    if not drafts:
        return
    for draft, number in zip(drafts, numbers.next_numbers("invoice", len(drafts)), strict=True):
        fix_rest(draft, terms_of(draft.client), number)
        if mail and outbox.reaches(MailKind.INVOICE_SENT, draft.client):
            draft.sent_at = clock.now()
    db.session.add_all(drafts)
    db.session.flush()
    posted = [(i, i.client, books) for i in drafts if any((books := _books(i)).values())]
    ledger.post_many("invoice.issued", posted)
    lines = [
        x
        for i in drafts
        for x in (drafting.drafted_line(i, sum(x.kind in visit_lines.VISIT_KINDS for x in i.lines)), _issued_line(i))
    ]
    activity.record_many(lines, actor=actor)
    for invoice in drafts:
        if not invoice.payable:
            allocations.settle(invoice, actor=actor)
        if mail:
            facts = _facts(invoice, invoice.payable)
            outbox.queue_client_mail(MailKind.INVOICE_SENT, facts, client=invoice.client)
    db.session.flush()


def _issued_line(invoice: Invoice) -> activity.Line:
    facts = {"number": invoice.number, "total": invoice.total}
    return activity.Line("invoice.issued", invoice, invoice.client, facts)


def fix_figures(invoice: Invoice) -> None:
    """Copy each line's tax onto it, and fix the sums: a row for each rate. Below zero: Invalid."""
    invoice.tax_inclusive, invoice.currency = bool(settings.read()["tax.inclusive"]), money.currency()
    found = taxes.add_up(taxes.charges_of(invoice.lines, is_draft=True), inclusive=invoice.tax_inclusive)
    if found.total < ZERO or found.subtotal < ZERO:
        raise Invalid("below_zero", N_("The discounts are higher than what the other lines come to."))
    for line in invoice.lines:
        rate = line.tax_rate
        line.tax_name, line.tax_percent = (rate.name, rate.percent) if rate is not None else ("", ZERO)
    invoice.taxes = [InvoiceTax(name=t.rate.name, percent=t.rate.percent, base=t.base, amount=t.amount) for t in found.taxes]  # fmt: skip
    invoice.subtotal, invoice.tax_total, invoice.total = found.subtotal, found.tax_total, found.total


def _books(invoice: Invoice) -> dict[Account, Decimal]:
    if invoice.kind is InvoiceKind.DEPOSIT:
        return {Account.RECEIVABLE: invoice.total, Account.DEPOSITS_BILLED: -invoice.total}
    return {
        Account.RECEIVABLE: invoice.total,
        Account.INCOME: -invoice.subtotal,
        Account.TAX_PAYABLE: -invoice.tax_total,
    }


def _post_issue(invoice: Invoice) -> None:
    if any(_books(invoice).values()):
        ledger.post("invoice.issued", subject=invoice, client=invoice.client, lines=_books(invoice))


# -------------------------------------------------------------------------------------------------------------- mail


def send_again(invoice: Invoice, *, actor: Actor) -> OutboxMail | None:
    """Mail an issued invoice to the client, once more or for the first time; logged. None: there is nobody to mail to.

    Refused for drafts and void invoices (WrongState).
    """
    fresh = _take(invoice, actor=actor)
    _require(fresh, InvoiceState.OPEN, InvoiceState.PAID, InvoiceState.WRITTEN_OFF)
    sent = _mail(fresh, left=sums.outstanding(fresh))
    if sent is not None:
        activity.record("invoice.sent", actor=actor, subject=fresh, client=fresh.client, number=fresh.number)
    db.session.flush()
    return sent


def _mail(invoice: Invoice, *, left: Decimal) -> OutboxMail | None:
    """Queue it, with what is left to pay; the worker draws the PDF and puts it in when it delivers."""
    mail = outbox.queue_client_mail(MailKind.INVOICE_SENT, _facts(invoice, left), client=invoice.client)
    if mail is not None:
        invoice.sent_at = clock.now()
    return mail


def _facts(invoice: Invoice, left: Decimal) -> InvoiceSent:
    return InvoiceSent(
        client_name=str(invoice.client), account_number=invoice.client.account_number, invoice_id=invoice.id,
        public_id=invoice.public_id, number=invoice.number or "",
        issued_on=invoice.issued_on.isoformat() if invoice.issued_on else "",
        due_on=invoice.due_on.isoformat() if invoice.due_on and left else "", total=str(invoice.payable),
        outstanding=str(left), n_visits=sum(line.kind is LineKind.VISIT for line in invoice.lines),
        first_on=invoice.first_on.isoformat() if invoice.first_on else "",
        last_on=invoice.last_on.isoformat() if invoice.last_on else "", note=invoice.note,
        is_deposit=invoice.kind is InvoiceKind.DEPOSIT,
    )  # fmt: skip


# -------------------------------------------------------------------------------------------------- void, raise again


def void(invoice: Invoice, *, actor: Actor, reason: str, seen_version: int | None = None) -> Invoice:
    """Take an issued invoice out of what is owed; its number stays used.

    In this order: what paid it becomes credit on account; its notes are undone, open and committed; the posting of its
    issue is turned round; the packages that it sold end; its visits can be invoiced again; the log says why. Refused:
    no reason (Invalid), a payment of it is being made or confirmed (WrongState 'being_paid'), a draft or void already,
    written off (WrongState), a package that it sold was used, a deposit that pays other invoices (WrongState).
    """
    fresh = _take(invoice, actor=actor)
    words = _reason(reason)
    _require(fresh, InvoiceState.OPEN, InvoiceState.PAID)
    drafting.check_seen(fresh, seen_version)
    refuse_while_paid(fresh)
    packages.take_back(fresh, actor=actor)
    note_ends.refuse_spent_deposit(fresh)
    allocations.free_all(fresh, actor=actor, reason="void")
    note_ends.undo_all(fresh, actor=actor, reason=words)
    _move(fresh, InvoiceState.VOID)
    fresh.end_reason, fresh.ended_at = words, clock.now()
    if any(_books(fresh).values()):
        ledger.post(
            "invoice.voided", subject=fresh, client=fresh.client, lines=ledger.turned(_books(fresh)), memo=words
        )
    for use in visit_lines.package_uses(line.job_id for line in fresh.lines if line.job_id).values():
        packages.give_back(use)
    for line in fresh.lines:
        line.is_live = False
    db.session.flush()
    activity.record("invoice.voided", actor=actor, subject=fresh, client=fresh.client, number=fresh.number, reason=words)  # fmt: skip
    db.session.flush()
    return fresh


def raise_again(voided: Invoice, *, actor: Actor) -> Invoice:
    """A new draft in place of a voided invoice: its visits as they are now, its other lines as they were.

    Visits that another invoice has meanwhile, or that are not to be charged any more, stay out. Refused: not void, or
    raised again already (WrongState).
    """
    fresh = _take(voided, actor=actor)
    _require(fresh, InvoiceState.VOID)
    if db.session.scalar(sa.select(Invoice.id).where(Invoice.replaces_id == fresh.id).limit(1)):
        raise WrongState("raised_again", N_("This invoice was raised again already."))
    ids = [line.job_id for line in fresh.lines if line.job_id is not None]
    jobs: list[Job] = visit_lines.waiting(fresh.client_id, job_ids=ids)
    draft = drafting.draft_for(fresh.client, jobs=jobs, actor=actor, kind=fresh.kind, replaces=fresh)
    for line in fresh.lines:
        if line.job_id is None and line.kind is not LineKind.VISIT:
            draft.lines.append(_copy(line, position=len(draft.lines) + 1))
    drafting.refresh(draft)
    return draft


def _copy(line: InvoiceLine, *, position: int) -> InvoiceLine:
    return InvoiceLine(
        position=position, kind=line.kind, service_item=line.service_item, on_date=line.on_date,
        description=line.description, detail=line.detail, quantity=line.quantity, unit_price=line.unit_price,
        amount=line.amount, percent=line.percent, visit_package=line.visit_package, tax_rate=line.tax_rate,
    )  # fmt: skip


# --------------------------------------------------------------------------------------------------------- write off


def write_off(invoice: Invoice, *, actor: Actor, reason: str, seen_version: int | None = None) -> Invoice:
    """Give up what is still owed of an invoice: bad debt in the books; logged with the reason.

    Refused: no reason (Invalid), not open or a payment of it is being made or confirmed (WrongState), without the
    permission (NotAllowed).
    """
    actor.require(Permission.REFUND)
    fresh = _take(invoice, actor=actor)
    words = _reason(reason)
    _require(fresh, InvoiceState.OPEN)
    drafting.check_seen(fresh, seen_version)
    refuse_while_paid(fresh)
    left = note_ends.give_up(fresh)
    fresh.end_reason, fresh.ended_at = words, clock.now()
    db.session.flush()
    activity.record(
        "invoice.written_off", actor=actor, subject=fresh, client=fresh.client, number=fresh.number, reason=words,
        amount=left,
    )  # fmt: skip
    db.session.flush()
    return fresh


def undo_write_off(invoice: Invoice, *, actor: Actor) -> Invoice:
    """The client pays after all: what was given up is owed again; logged. Refused unless it is written off (WrongState)."""
    actor.require(Permission.REFUND)
    fresh = _take(invoice, actor=actor)
    _require(fresh, InvoiceState.WRITTEN_OFF)
    amount = note_ends.owe_again(fresh)
    fresh.end_reason, fresh.ended_at = "", None
    activity.record("invoice.write_off_undone", actor=actor, subject=fresh, client=fresh.client, number=fresh.number, amount=amount)  # fmt: skip
    db.session.flush()
    return fresh


# ------------------------------------------------------------------------------------------------------------ inside


def refuse_while_paid(invoice: Invoice) -> None:
    """Refuse with WrongState while a payment of it is being made, or its outcome is not known yet."""
    if db.session.scalar(
        sa.select(AttemptTarget.id).where(AttemptTarget.invoice_id == invoice.id, AttemptTarget.is_active).limit(1)
    ):
        raise WrongState("being_paid", N_("A payment of invoice %(number)s is being confirmed. Try again in a few minutes."), number=invoice.number)  # fmt: skip


def _take(invoice: Invoice, *, actor: Actor) -> Invoice:
    """The invoice as it is now, under the client's lock."""
    actor.require(Permission.BILLING)
    lock_client(invoice.client_id)
    fresh = drafting.fresh_invoice(invoice.id)
    if fresh is None:
        raise WrongState("invoice_gone", N_("This draft no longer exists."))
    return fresh


def _require(invoice: Invoice, *states: InvoiceState) -> None:
    if invoice.state not in states:
        raise WrongState(f"invoice_{invoice.state.value}", _STATES[invoice.state], number=invoice.number or "")


def _move(invoice: Invoice, to: InvoiceState) -> None:
    if to not in INVOICE_MOVES[invoice.state]:
        raise WrongState(f"invoice_{invoice.state.value}", _STATES[invoice.state], number=invoice.number or "")
    invoice.state = to


def _reason(reason: str) -> str:
    words = one_line(reason, field="reason")
    if not words:
        raise Invalid("no_reason", N_("Say why, in a few words."), field="reason")
    return words
