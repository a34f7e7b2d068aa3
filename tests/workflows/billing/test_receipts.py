"""Receipts of payments and refunds: their entries add up to the money that moved, whatever became of it afterwards."""

from decimal import Decimal

import pytest

from foundation import clock
from foundation.db import db
from models import DisputeState, GatewayMode, PaymentKind, PaymentState, RefundState
from tests import money_factories as make
from workflows.billing import paper_makers, receipts
from workflows.billing.paper_store import About, AboutKind
from workflows.billing.papers import PaperKind, PaperStatus

D = Decimal
pytestmark = [pytest.mark.covers("M4"), pytest.mark.usefixtures("db_session")]


def entries(paper):
    return [(e.kind.value, e.amount, e.number) for e in paper.entries]


def adds_up(paper):
    return sum(D(e.amount) for e in paper.entries) == D(paper.total)


def test_receipt_says_what_the_money_paid():
    payment = make.payment(amount=D("100.00"), tip_amount=D(8), tip_note="For Sam", reference="Cheque 104")
    first, second = (make.invoice(payment.client, total=D(60)) for _ in range(2))
    make.allocation(payment, second, amount=D("25.50"))
    make.allocation(payment, first, amount=D(60))
    paper = receipts.payment_paper(payment)
    assert entries(paper) == [
        ("invoice", "60.00", first.number), ("invoice", "25.50", second.number), ("tip", "8.00", ""), ("credit", "14.50", ""),
    ]  # fmt: skip
    assert (paper.kind, paper.number, paper.total, paper.method, paper.reference, paper.status) == (
        PaperKind.RECEIPT, payment.number, "108.00", "cash", "Cheque 104", PaperStatus.NONE,
    )  # fmt: skip
    assert paper.client.name == str(payment.client)
    assert adds_up(paper)


def test_what_went_back_and_was_taken_away_stays_on_the_receipt():
    payment = make.payment(amount=D(100), tip_amount=D(8))
    invoice = make.invoice(payment.client, total=D(90))
    make.allocation(payment, invoice, amount=D(90))
    refund = make.refund(payment, amount=D(33), tip_amount=D(3), number="RF-1", sequence=1)
    make.refund(payment, amount=D(5), state=RefundState.FAILED)
    make.allocation(payment, invoice, amount=D(-30), refund_id=refund.id, reason="refund")
    make.dispute(payment, state=DisputeState.LOST, amount_lost=D(10))
    db.session.expire(payment)
    paper = receipts.payment_paper(payment)
    assert entries(paper) == [
        ("invoice", "60.00", invoice.number), ("tip", "5.00", ""), ("refund", "33.00", "RF-1"), ("reversed_payment", "10.00", ""),
    ]  # fmt: skip
    assert adds_up(paper)


def test_invoice_that_gave_everything_back_is_left_out():
    payment = make.payment(amount=D(40))
    invoice = make.invoice(payment.client)
    make.allocation(payment, invoice)
    make.allocation(payment, invoice, amount=D(-40), reason="moved")
    assert entries(receipts.payment_paper(payment)) == [("credit", "40.00", "")]


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({}, PaperStatus.NONE),
        ({"kind": PaymentKind.BANK, "mode": GatewayMode.DEMO}, PaperStatus.PENDING),
        ({"kind": PaymentKind.BANK, "mode": GatewayMode.DEMO, "settled_at": clock.now}, PaperStatus.NONE),
        ({"kind": PaymentKind.BANK}, PaperStatus.NONE),
        ({"state": PaymentState.RETURNED}, PaperStatus.REVERSED),
        ({"state": PaymentState.VOIDED}, PaperStatus.REVERSED),
    ],
)
def test_receipt_says_how_sure_the_money_is(facts, status):
    made = {name: value() if callable(value) else value for name, value in facts.items()}
    paper = receipts.payment_paper(make.payment(**made))
    assert (paper.status, paper.is_demo) == (status, "mode" in facts)


def test_refund_says_of_which_invoices_and_why():
    payment = make.payment(amount=D(100), tip_amount=D(8), shown_as="Visa ···· 1881", kind=PaymentKind.CARD)
    invoice = make.invoice(payment.client, total=D(90))
    make.allocation(payment, invoice, amount=D(90))
    refund = make.refund(payment, amount=D(40), tip_amount=D(3), number="RF-1", sequence=1, gateway_transaction_id="t1")
    make.allocation(payment, invoice, amount=D(-30), refund_id=refund.id, reason="refund")
    paper = receipts.refund_paper(refund)
    assert entries(paper) == [
        ("invoice", "30.00", invoice.number),
        ("tip", "3.00", ""),
        ("payment", "7.00", payment.number),
    ]
    assert (paper.kind, paper.number, paper.total, paper.method, paper.reference, paper.reason) == (
        PaperKind.REFUND_RECEIPT, "RF-1", "40.00", "Visa ···· 1881", "t1", refund.reason,
    )  # fmt: skip
    assert adds_up(paper)
    assert paper.status is PaperStatus.NONE


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (RefundState.PENDING, PaperStatus.PENDING),
        (RefundState.UNKNOWN, PaperStatus.PENDING),
        (RefundState.FAILED, PaperStatus.REVERSED),
    ],
)
def test_refund_says_how_sure_it_is(state, status):
    assert receipts.refund_paper(make.refund(state=state)).status is status


def test_each_kind_has_its_maker():
    payment = make.payment()
    made = {
        AboutKind.INVOICE: make.invoice(payment.client), AboutKind.NOTE: make.credit_note(), AboutKind.PAYMENT: payment,
        AboutKind.REFUND: make.refund(payment),
    }  # fmt: skip
    kinds = {kind: paper_makers.make(About(kind, row.id)).kind for kind, row in made.items()}
    assert kinds == {
        AboutKind.INVOICE: PaperKind.INVOICE, AboutKind.NOTE: PaperKind.CREDIT_NOTE, AboutKind.PAYMENT: PaperKind.RECEIPT,
        AboutKind.REFUND: PaperKind.REFUND_RECEIPT,
    }  # fmt: skip
    assert [paper_makers.make(About(kind, 10**6)) for kind in made] == [None] * 4


def test_statement_has_its_maker_and_a_way_to_pay_all():
    client = make.payment(amount=D(40)).client
    about = About(AboutKind.STATEMENT, client.id, "2026-11-01", "2026-11-30")
    paper = paper_makers.make(about, site="https://x.example")
    assert (paper.kind, paper.period_from, paper.period_to) == (PaperKind.STATEMENT, "2026-11-01", "2026-11-30")
    assert paper.pay_link == "https://x.example/portal/pay?what=due"
    assert paper_makers.make(About(AboutKind.STATEMENT, 10**6, "2026-11-01", "2026-11-30")) is None
