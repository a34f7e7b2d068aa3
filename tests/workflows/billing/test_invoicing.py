"""Invoices from issue to their end: numbers without a gap, frozen for good, voided, written off, raised again."""

import dataclasses
import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Account, Activity, Invoice, InvoiceKind, InvoiceLine, InvoiceState, LineKind, Posting
from tests import databases
from tests import money_factories as make_money
from tests.workflows.billing.bills import FRI, THU, drafted, issued, item, pay, right, walk
from workflows import settings
from workflows.actors import COMMAND_LINE
from workflows.billing import drafting, frozen, invoicing, ledger, numbers, recording, sums, visit_lines
from workflows.billing.drafting import FreeLine
from workflows.billing.papers import EntryKind, PaperKind, PaperStatus
from workflows.errors import Invalid, NotAllowed, WrongState
from workflows.mail_facts import MailKind

D = Decimal


def stands(client):
    """What stands on each account for a client."""
    return {a: v for a, v in ledger.client_balances([client.id])[client.id].items() if v}


def verbs():
    db.session.flush()
    found = db.session.scalars(sa.select(Activity.verb).order_by(Activity.id))
    return [verb for verb in found if verb.startswith(("invoice.", "credit_note."))]


# ------------------------------------------------------------------------------------------------------------- issue


@pytest.mark.covers("M2")
def test_issue_gives_a_number_fixes_the_figures_and_posts(cast, outbox):
    make_money.tax_rate("Sales tax", D(8), is_default=True)
    invoice = drafted(cast, walk(cast), lines=[item("2.50")])
    invoicing.issue(invoice, actor=cast.as_max)
    assert (invoice.state, invoice.number, invoice.sequence) == (InvoiceState.OPEN, "INV-1", 1)
    assert (invoice.subtotal, invoice.tax_total, invoice.total) == (D("22.50"), D("1.80"), D("24.30"))
    assert [(t.name, t.percent, t.base, t.amount) for t in invoice.taxes] == [
        ("Sales tax", D(8), D("22.50"), D("1.80"))
    ]
    assert {line.tax_name for line in invoice.lines} == {"Sales tax"}
    assert (invoice.issued_on, invoice.due_on) == (dt.date(2026, 11, 23), dt.date(2026, 12, 7))
    assert stands(cast.alice) == {Account.RECEIVABLE: D("24.30"), Account.INCOME: D("-22.50"), Account.TAX_PAYABLE: D("-1.80")}  # fmt: skip
    facts = outbox.facts(MailKind.INVOICE_SENT)
    assert (facts.number, facts.total, facts.outstanding, facts.due_on) == ("INV-1", "24.30", "24.30", "2026-12-07")
    assert invoice.sent_at is not None
    assert verbs() == ["invoice.drafted", "invoice.issued"]
    assert right()


@pytest.mark.covers("M2")
def test_pressed_twice_it_is_issued_once(cast, outbox):
    invoice = drafted(cast, walk(cast))
    first = invoicing.issue(invoice, actor=cast.as_max)
    assert invoicing.issue(invoice, actor=cast.as_max) is first
    assert (len(outbox.mails(MailKind.INVOICE_SENT)), databases.count(Posting)) == (1, 1)


def test_without_mail_nothing_is_sent(cast, outbox):
    assert issued(cast, walk(cast)).sent_at is None
    assert outbox.mails(MailKind.INVOICE_SENT) == []


@pytest.mark.covers("M2")
def test_a_rollback_leaves_no_gap_in_the_numbers(cast):
    first, second = drafted(cast, walk(cast)), drafted(cast, walk(cast, FRI))
    db.session.commit()
    invoicing.issue(first, actor=cast.as_max)
    db.session.rollback()
    assert invoicing.issue(second, actor=cast.as_max, mail=False).number == "INV-1"
    assert invoicing.issue(first, actor=cast.as_max, mail=False).number == "INV-2"


def test_the_number_goes_on_where_another_program_ended_but_never_back(cast):
    settings.change({"billing.invoice_prefix": "2026/", "billing.next_number": 500}, actor=COMMAND_LINE)
    assert settings.read()["billing.next_number"] is None
    assert issued(cast, walk(cast)).number == "2026/500"
    for used in (1, 500):
        with pytest.raises(Invalid, match="Number 500 is used already"):
            settings.change({"billing.next_number": used}, actor=COMMAND_LINE)
    settings.change({"billing.next_number": 501}, actor=COMMAND_LINE)
    assert numbers.next_number("invoice") == (501, "2026/501")
    assert numbers.next_number("credit_note") == (1, "CN-1")


@pytest.mark.covers("M2")
def test_a_total_of_zero_is_paid_at_once_without_a_posting(cast):
    invoice = issued(cast, walk(cast, price=0))
    assert (invoice.state, invoice.total, invoice.number) == (InvoiceState.PAID, D("0.00"), "INV-1")
    assert databases.count(Posting) == 0
    assert right()


def test_no_line_and_more_discount_than_lines_are_refused(cast):
    empty = drafted(cast)
    with pytest.raises(Invalid, match="Put a visit"):
        invoicing.issue(empty, actor=cast.as_max)
    below = drafted(cast, walk(cast), lines=[FreeLine(LineKind.DISCOUNT, "Too much", unit_price=D(21))])
    with pytest.raises(Invalid, match="higher than"):
        invoicing.issue(below, actor=cast.as_max)
    assert below.state is InvoiceState.DRAFT


@pytest.mark.covers("M3")
def test_inclusive_prices_and_exempt_clients(cast):
    settings.change({"tax.inclusive": True, "tax.number": "VAT 7"}, actor=COMMAND_LINE)
    make_money.tax_rate("VAT", D(20), is_default=True)
    invoice = issued(cast, walk(cast))
    assert (invoice.subtotal, invoice.tax_total, invoice.total) == (D("16.67"), D("3.33"), D("20.00"))
    assert invoicing.paper(invoice).business.tax_number == "VAT 7"
    draft = drafted(cast, walk(cast, FRI))
    cast.alice.is_tax_exempt = True
    invoicing.issue(draft, actor=cast.as_max, mail=False)
    assert (draft.tax_total, draft.total, draft.taxes) == (D("0.00"), D("20.00"), [])
    assert right()


@pytest.mark.covers("M2")
def test_free_credit_pays_a_new_invoice_as_the_setting_says(cast):
    settings.change({"billing.spend_credit": False}, actor=COMMAND_LINE)
    first = issued(cast, walk(cast))
    pay(cast, first, 50)
    assert (first.state, sums.client_money(cast.alice.id).credit) == (InvoiceState.PAID, D("30.00"))
    second = issued(cast, walk(cast, FRI))
    assert second.state is InvoiceState.OPEN
    settings.change({"billing.spend_credit": True}, actor=COMMAND_LINE)
    third = issued(cast, walk(cast, FRI, price=40))
    assert (third.state, sums.outstanding(third), sums.outstanding(second)) == (InvoiceState.OPEN, D("10.00"), D("20.00"))  # fmt: skip
    assert right()


def test_clients_sitters_and_issue(cast):
    draft = drafted(cast, walk(cast))
    for who in (cast.as_alice, cast.as_sam):
        with pytest.raises(NotAllowed):
            invoicing.issue(draft, actor=who)


# ------------------------------------------------------------------------------------------------------------ frozen


@pytest.mark.covers("M2")
@pytest.mark.parametrize("field", ["total", "note", "due_on", "number", "client_id", "frozen", "tax_inclusive"])
def test_nothing_of_an_issued_invoice_can_be_changed(cast, field):
    invoice = issued(cast, walk(cast))
    db.session.commit()
    other = {"total": D(1), "note": "x", "due_on": FRI, "number": "X", "client_id": cast.bob.id, "frozen": {}, "tax_inclusive": True}  # fmt: skip
    setattr(invoice, field, other[field])
    with pytest.raises(frozen.FrozenError, match=field):
        db.session.flush()


@pytest.mark.covers("M2")
def test_nor_its_lines_and_taxes(cast):
    make_money.tax_rate("Sales tax", D(8), is_default=True)
    invoice = issued(cast, walk(cast))
    db.session.commit()
    invoice.lines[0].amount = D(1)
    with pytest.raises(frozen.FrozenError, match="amount"):
        db.session.flush()
    db.session.rollback()
    invoice.taxes[0].amount = D(1)
    with pytest.raises(frozen.FrozenError, match="InvoiceTax"):
        db.session.flush()
    db.session.rollback()
    for row in (invoice.lines[0], invoice.taxes[0], invoice):
        db.session.rollback()
        db.session.delete(row)
        with pytest.raises(frozen.FrozenError, match="stays"):
            db.session.flush()
    db.session.rollback()
    assert (db.session.get(Invoice, invoice.id).total, databases.count(InvoiceLine)) == (D("21.60"), 1)


@pytest.mark.covers("M2")
def test_the_paper_stays_as_it_was_whatever_is_renamed_afterwards(cast):
    settings.change({"business.name": "Maple Lane", "billing.bank_details": "IBAN 1", "billing.footer_note": "Thank you."}, actor=COMMAND_LINE)  # fmt: skip
    job = walk(cast)
    invoice = issued(cast, job)
    before = invoicing.paper(invoice)
    assert (before.kind, before.status, before.bank_details, before.notes) == (PaperKind.INVOICE, PaperStatus.NONE, "IBAN 1", "Thank you.")  # fmt: skip
    assert (before.client.name, before.terms) == ("Alice Archer", "Please pay within 14 days.")
    settings.change({"business.name": "Other", "billing.bank_details": "", "tax.inclusive": True}, actor=COMMAND_LINE)
    cast.alice.last_name, cast.walk.name, job.pets = "Anders", "Stroll", []
    db.session.flush()
    assert invoicing.paper(drafting.fresh_invoice(invoice.id)) == before


def test_the_paper_tells_what_was_paid_and_what_is_left(cast, clock_at):
    invoice = issued(cast, walk(cast))
    pay(cast, invoice, 5)
    paper = invoicing.paper(invoice)
    assert (paper.status, paper.outstanding) == (PaperStatus.PART_PAID, "15.00")
    assert [(e.kind, e.amount) for e in paper.entries] == [(EntryKind.PAYMENT, "5.00")]
    clock_at("2026-12-08 09:00")
    assert invoicing.paper(invoice).status is PaperStatus.OVERDUE
    invoicing.write_off(invoice, actor=cast.as_max, reason="Moved away")
    paper = invoicing.paper(invoice)
    assert (paper.outstanding, [e.kind for e in paper.entries]) == ("0.00", [EntryKind.PAYMENT, EntryKind.WRITE_OFF])
    assert D(paper.total) - sum(D(e.amount) for e in paper.entries) == D(paper.outstanding)


@pytest.mark.covers("M2")
def test_a_draft_s_paper_is_the_quote(cast):
    make_money.tax_rate("Sales tax", D(8), is_default=True)
    paper = invoicing.paper(drafted(cast, walk(cast)))
    assert (paper.kind, paper.number, paper.total, paper.outstanding) == (PaperKind.QUOTE, "", "21.60", "")
    assert [(line.description, line.amount, line.tax_name) for line in paper.lines] == [
        ("Dog walk", "20.00", "Sales tax")
    ]
    assert [(t.name, t.rate, t.amount) for t in paper.taxes] == [("Sales tax", "8", "1.60")]
    assert dataclasses.asdict(paper)["period_from"] == THU.isoformat()


def test_send_again_queues_one_more_mail(cast, outbox):
    invoice = issued(cast, walk(cast))
    assert invoicing.send_again(invoice, actor=cast.as_max) is not None
    pay(cast, invoice)
    invoicing.send_again(invoice, actor=cast.as_max)
    first, second = outbox.mails(MailKind.INVOICE_SENT)
    assert (first.facts["due_on"], second.facts["due_on"], second.facts["outstanding"]) == ("2026-12-07", "", "0.00")
    cast.bob.email = None
    assert invoicing.send_again(issued(cast, cast.bobs_job, client=cast.bob), actor=cast.as_max) is None


# -------------------------------------------------------------------------------------------------------------- void


@pytest.mark.covers("M2")
def test_void_frees_the_money_and_the_visits(cast):
    job = walk(cast)
    invoice = issued(cast, job)
    pay(cast, invoice)
    invoicing.void(invoice, actor=cast.as_max, reason="Wrong price")
    assert (invoice.state, invoice.end_reason, invoice.number) == (InvoiceState.VOID, "Wrong price", "INV-1")
    money = sums.client_money(cast.alice.id)
    assert (money.owed, money.credit) == (D("0.00"), D("20.00"))
    assert visit_lines.waiting(cast.alice.id) == [job]
    paper = invoicing.paper(invoice)
    assert (paper.status, paper.reason, paper.outstanding) == (PaperStatus.VOID, "Wrong price", "0.00")
    assert verbs()[-1] == "invoice.voided"
    assert right()


@pytest.mark.covers("M2")
def test_raise_again_takes_the_visits_as_they_are_now(cast):
    job, other = walk(cast), walk(cast, FRI)
    invoice = issued(cast, job, other, lines=[item(5), FreeLine(LineKind.DISCOUNT, "Ten", percent=D(10))])
    invoicing.void(invoice, actor=cast.as_max, reason="Wrong price")
    job.price = D(30)
    elsewhere = issued(cast, other)
    draft = invoicing.raise_again(invoice, actor=cast.as_max)
    assert [(line.kind, line.amount) for line in draft.lines] == [
        (LineKind.VISIT, D("30.00")), (LineKind.ITEM, D("5.00")), (LineKind.DISCOUNT, D("-3.50")),
    ]  # fmt: skip
    assert (draft.replaces, draft.total) == (invoice, D("31.50"))
    with pytest.raises(WrongState, match="raised again already"):
        invoicing.raise_again(invoice, actor=cast.as_max)
    with pytest.raises(WrongState):
        invoicing.raise_again(elsewhere, actor=cast.as_max)


def test_void_is_refused_while_a_payment_is_being_made(cast):
    invoice = issued(cast, walk(cast))
    target = make_money.attempt_target(make_money.payment_attempt(cast.alice, amount=D(20)), invoice, amount=D(20))
    for do in (
        lambda: invoicing.void(invoice, actor=cast.as_max, reason="x"),
        lambda: invoicing.write_off(invoice, actor=cast.as_max, reason="x"),
    ):
        with pytest.raises(WrongState, match="is being confirmed"):
            do()
    target.is_active = False
    assert invoicing.void(invoice, actor=cast.as_max, reason="x").state is InvoiceState.VOID


def test_void_needs_a_reason(cast):
    invoice = issued(cast, walk(cast))
    for reason in ("", "   ", "x" * 256):
        with pytest.raises(Invalid) as refused:
            invoicing.void(invoice, actor=cast.as_max, reason=reason)
        assert refused.value.field == "reason"


def test_a_deposit_that_pays_another_invoice_cannot_be_voided(cast):
    draft = drafting.draft_for(cast.alice, jobs=[], kind=InvoiceKind.DEPOSIT, actor=cast.as_max)
    drafting.add_line(draft, FreeLine(LineKind.DEPOSIT, "Deposit", unit_price=D(50)), actor=cast.as_max)
    deposit = invoicing.issue(draft, actor=cast.as_max, mail=False)
    assert stands(cast.alice) == {Account.RECEIVABLE: D("50.00"), Account.DEPOSITS_BILLED: D("-50.00")}
    pay(cast, deposit)
    assert sums.client_money(cast.alice.id).deposits == D("50.00")
    walked = issued(cast, walk(cast))
    assert (walked.state, sums.client_money(cast.alice.id).deposits) == (InvoiceState.PAID, D("30.00"))
    with pytest.raises(WrongState, match="pays other invoices"):
        invoicing.void(deposit, actor=cast.as_max, reason="x")
    invoicing.void(walked, actor=cast.as_max, reason="x")
    invoicing.void(deposit, actor=cast.as_max, reason="x")
    money = sums.client_money(cast.alice.id)
    assert (money.deposits, money.credit, money.owed) == (D("0.00"), D("50.00"), D("0.00"))
    assert right()


# --------------------------------------------------------------------------------------------------------- write off


def test_write_off_and_undo_and_again(cast):
    invoice = issued(cast, walk(cast))
    pay(cast, invoice, 5)
    for _ in range(2):
        invoicing.write_off(invoice, actor=cast.as_max, reason="Moved away")
        assert (invoice.state, invoice.written_off, stands(cast.alice)[Account.BAD_DEBT]) == (InvoiceState.WRITTEN_OFF, D("15.00"), D("15.00"))  # fmt: skip
        assert right()
        invoicing.undo_write_off(invoice, actor=cast.as_max)
        assert (invoice.state, sums.outstanding(invoice)) == (InvoiceState.OPEN, D("15.00"))
        assert right()


@pytest.mark.covers("M6")
def test_money_that_comes_back_of_a_written_off_invoice_is_owed_again(cast):
    invoice = issued(cast, walk(cast))
    payment = pay(cast, invoice, 5)
    invoicing.write_off(invoice, actor=cast.as_max, reason="Moved away")
    recording.void_payment(payment, actor=cast.as_max, reason="Bounced")
    assert (invoice.state, invoice.written_off, sums.outstanding(invoice)) == (InvoiceState.OPEN, D("15.00"), D("5.00"))
    assert verbs()[-2:] == ["invoice.written_off", "invoice.reopened"]
    assert right()
    invoicing.write_off(invoice, actor=cast.as_max, reason="Moved away")
    assert (invoice.written_off, stands(cast.alice)[Account.BAD_DEBT]) == (D("20.00"), D("20.00"))
    assert right()


# ------------------------------------------------------------------------------------------------- every state x verb

VERBS = {
    "issue": lambda i, who: invoicing.issue(i, actor=who, mail=False),
    "send_again": lambda i, who: invoicing.send_again(i, actor=who),
    "void": lambda i, who: invoicing.void(i, actor=who, reason="x"),
    "raise_again": lambda i, who: invoicing.raise_again(i, actor=who),
    "write_off": lambda i, who: invoicing.write_off(i, actor=who, reason="x"),
    "undo_write_off": lambda i, who: invoicing.undo_write_off(i, actor=who),
    "drop": lambda i, who: drafting.drop(i, actor=who),
}
#: what is possible; in each other pair the invoice stays as it is, with a sentence
POSSIBLE = {
    InvoiceState.DRAFT: {"issue", "drop"},
    InvoiceState.OPEN: {"issue", "send_again", "void", "write_off"},
    InvoiceState.PAID: {"issue", "send_again", "void"},
    InvoiceState.VOID: {"raise_again"},
    InvoiceState.WRITTEN_OFF: {"send_again", "undo_write_off"},
}


def in_state(cast, state):
    invoice = drafted(cast, walk(cast))
    if state is InvoiceState.DRAFT:
        return invoice
    invoicing.issue(invoice, actor=cast.as_max, mail=False)
    if state is InvoiceState.PAID:
        pay(cast, invoice)
    if state is InvoiceState.VOID:
        invoicing.void(invoice, actor=cast.as_max, reason="x")
    if state is InvoiceState.WRITTEN_OFF:
        invoicing.write_off(invoice, actor=cast.as_max, reason="x")
    assert invoice.state is state
    return invoice


@pytest.mark.covers("M2")
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", InvoiceState)
def test_every_state_and_verb(cast, state, verb):
    invoice = in_state(cast, state)
    if verb in POSSIBLE[state]:
        VERBS[verb](invoice, cast.as_max)
    else:
        with pytest.raises(WrongState):
            VERBS[verb](invoice, cast.as_max)
        assert drafting.fresh_invoice(invoice.id).state is state
    assert right()


@pytest.mark.parametrize("verb", VERBS)
def test_nobody_without_the_permission(cast, verb):
    invoice = in_state(cast, InvoiceState.OPEN)
    for who in (cast.as_alice, cast.as_sam):
        with pytest.raises(NotAllowed):
            VERBS[verb](invoice, who)
