"""Cash, cheques and transfers: recorded once, allocated as wished, voided without a trace in the sums."""

import datetime as dt
from decimal import Decimal

import pytest

from foundation import clock
from foundation.db import db
from models import Account, InvoiceState, Payment, PaymentKind, PaymentState
from tests import factories
from tests.databases import count
from workflows import once, settings
from workflows.billing import books, ledger, recording, sums, tips
from workflows.billing.papers import EntryKind, PaperStatus
from workflows.errors import Conflict, Invalid, NotAllowed, WorkflowError, WrongState
from workflows.mail_facts import MailKind

D = Decimal
pytestmark = pytest.mark.covers("M4", "M6")


def record(cast, amount="40.00", **more):
    facts = {"kind": PaymentKind.CASH, "received_on": clock.today(), "actor": cast.as_olivia, **more}
    payment = recording.record_payment(cast.alice, amount=D(amount) if isinstance(amount, str) else amount, **facts)
    db.session.commit()
    return payment


def test_it_pays_the_oldest_due_first_and_the_rest_is_credit(cast, issued, outbox):
    late = issued("30.00", due_on=clock.today() + dt.timedelta(20))
    soon = issued("30.00", due_on=clock.today() - dt.timedelta(3))
    payment = record(cast, "70.00", reference="104", kind=PaymentKind.CHEQUE)
    assert (soon.state, late.state) == (InvoiceState.PAID, InvoiceState.PAID)
    assert sums.unallocated(payment) == D(10)
    assert ledger.account_balance(Account.CASH) == D(70)
    facts = outbox.facts(MailKind.PAYMENT_RECEIPT)
    assert (facts.amount, facts.credit, facts.reference, facts.kind) == ("70.00", "10.00", "104", "cheque")
    assert books.check() == []


def test_it_pays_what_the_office_says_and_no_more(cast, issued):
    first, second = issued(), issued()
    payment = record(cast, "50.00", allocate={second.id: D(40)}, mail=False)
    assert (sums.outstanding(first), sums.outstanding(second), sums.unallocated(payment)) == (D(40), 0, D(10))
    bobs = issued(client=cast.bob)
    for wanted, code in (
        ({bobs.id: D(5)}, "other_client"), ({first.id: D(60)}, "not_enough_left"), ({first.id: D("NaN")}, "bad_amount"),
        ({first.id: D(-1)}, "not_positive"), ({first.id: D(45)}, "more_than_owed"), ({second.id: D(1)}, "invoice_not_open"),
        ({999_999: D(1)}, "other_client"),
    ):  # fmt: skip
        with pytest.raises(WorkflowError) as refusal:
            record(cast, "50.00", allocate=wanted)
        assert refusal.value.code == code, wanted
        db.session.rollback()
    assert count(Payment) == 1


def test_a_second_press_records_nothing(cast, issued):
    issued()
    key = once.new_key()
    record(cast, form_key=key)
    with pytest.raises(Conflict):
        record(cast, form_key=key)
    db.session.rollback()
    assert count(Payment) == 1


@pytest.mark.parametrize(
    ("amount", "more", "code"),
    [
        ("0", {}, "not_positive"), ("-3", {}, "not_positive"), ("1.001", {}, "bad_amount"), (D("sNaN"), {}, "bad_amount"),
        ("5", {"received_on": dt.date(2026, 11, 24)}, "day_ahead"), ("5", {"received_on": dt.date(2020, 1, 1)}, "day_too_old"),
        ("5", {"kind": PaymentKind.CARD}, "bad_kind"), ("5", {"tip": D("0.005")}, "bad_amount"),
    ],
)  # fmt: skip
def test_what_is_no_payment_is_refused(cast, amount, more, code):
    with pytest.raises(Invalid) as refusal:
        record(cast, amount, **more)
    assert refusal.value.code == code


def test_only_those_who_may_bill_record(cast):
    for actor in (cast.as_alice, cast.as_sam):
        with pytest.raises(NotAllowed):
            record(cast, actor=actor)
        db.session.rollback()


def test_allocating_anew_opens_the_one_and_pays_the_other(cast, issued):
    first, second = issued(), issued()
    payment = record(cast, allocate={first.id: D(40)})
    recording.reallocate(payment, {second.id: D("30.00")}, actor=cast.as_olivia)
    db.session.commit()
    assert (first.state, second.state) == (InvoiceState.OPEN, InvoiceState.OPEN)
    assert (sums.outstanding(first), sums.outstanding(second), sums.unallocated(payment)) == (D(40), D(10), D(10))
    assert recording.paid_by(payment) == {second.id: D(30)}
    assert books.check() == []
    with pytest.raises(Invalid):
        recording.reallocate(payment, {second.id: D(41)}, actor=cast.as_olivia)
    db.session.rollback()
    assert recording.paid_by(payment) == {second.id: D(30)}


def test_a_void_payment_is_owed_again_and_counts_nowhere(cast, issued):
    invoice = issued()
    payment = record(cast, "50.00", tip=D(5))
    with pytest.raises(Invalid):
        recording.void_payment(payment, actor=cast.as_olivia, reason=" ")
    db.session.rollback()
    for _ in range(2):
        recording.void_payment(payment, actor=cast.as_olivia, reason="Typed twice")
        db.session.commit()
    assert payment.state is PaymentState.VOIDED
    assert sums.outstanding(invoice) == D(40)
    assert [ledger.account_balance(a) for a in (Account.CASH, Account.CLIENT_CREDIT, Account.TIPS_PAYABLE)] == [0, 0, 0]
    assert payment.tip_shares == []
    assert books.check() == []
    with pytest.raises(WrongState):
        recording.reallocate(payment, {}, actor=cast.as_olivia)
    assert recording.paper(payment).status is PaperStatus.REVERSED


def test_a_tip_goes_to_those_who_did_the_visits_by_what_they_cost(cast, issued):
    from tests import money_factories

    invoice = issued("30.01")
    for sitter, amount in ((cast.sam, "20.00"), (cast.sita, "10.01")):
        job = factories.job(cast.alice, cast.walk, sitter=sitter, on_date=dt.date(2026, 11, 20), pets=[cast.biscuit])
        money_factories.invoice_line(invoice, amount=D(amount), job=job, kind="visit")
    db.session.commit()
    payment = record(cast, "30.01", tip=D("5.00"))
    assert {s.staff_id: s.amount for s in payment.tip_shares} == {cast.sam.id: D("3.33"), cast.sita.id: D("1.67")}
    tips.decide(payment, {cast.sita.id: D(5)}, actor=cast.as_olivia)
    db.session.commit()
    assert {s.staff_id: s.amount for s in payment.tip_shares} == {cast.sita.id: D(5)}
    for wanted, code in (
        ({cast.sita.id: D(4)}, "not_the_tip"), ({cast.olivia.id: D(5)}, "not_a_sitter"),
        ({cast.sita.id: D(6), cast.sam.id: D(-1)}, "not_positive"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refusal:
            tips.decide(payment, wanted, actor=cast.as_olivia)
        assert refusal.value.code == code
        db.session.rollback()
    assert ledger.account_balance(Account.TIPS_PAYABLE) == D(-5)


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        ("0.01", {1: 1, 2: 1, 3: 1}, {1: "0.01"}), ("1.00", {1: 1, 2: 1, 3: 1}, {1: "0.34", 2: "0.33", 3: "0.33"}),
        ("5.00", {}, {}), ("5.00", {1: 0}, {}), ("7.77", {4: 3}, {4: "7.77"}),
    ],
)  # fmt: skip
def test_shares_are_always_the_whole(total, weights, parts):
    assert tips.split(D(total), {k: D(v) for k, v in weights.items()}) == {k: D(v) for k, v in parts.items()}


def test_the_receipt_says_what_it_paid(cast, issued):
    invoice = issued()
    payment = record(cast, "50.00", tip=D(5), description="Thank you")
    paper = recording.paper(payment)
    assert (paper.number, paper.total, paper.method, paper.status) == ("R-1", "55.00", "cash", PaperStatus.NONE)
    assert [(e.kind, e.amount, e.number) for e in paper.entries] == [
        (EntryKind.INVOICE, "40.00", invoice.number), (EntryKind.TIP, "5.00", ""), (EntryKind.CREDIT, "10.00", ""),
    ]  # fmt: skip
    assert paper.client.name == "Alice Archer"


def test_no_receipt_is_mailed_when_the_owner_says_so(cast, issued, outbox):
    settings.change({"payments.mail_receipts": False}, actor=cast.as_olivia)
    record(cast)
    assert outbox.mails(MailKind.PAYMENT_RECEIPT) == []
