"""Charging cards: once, for what is owed, and nothing lost when the answer is."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from gateways.payments import Mandate
from models import (
    Account,
    Allocation,
    AttemptState,
    AttemptTarget,
    ConsentKind,
    InvoiceState,
    MethodKind,
    Payment,
    PaymentAttempt,
    PaymentConsent,
    PaymentKind,
    StoredMethod,
)
from tests.databases import count
from workflows import settings
from workflows.billing import allocations, books, ledger, methods, paying, recording, sums
from workflows.errors import Invalid, NotAllowed, WorkflowError, WrongState
from workflows.mail_facts import MailKind

D = Decimal
pytestmark = pytest.mark.covers("P2", "M4", "M5")


def pay(cast, gateway, *targets, key="key-of-the-form-0001", **more):
    facts = {"nonce": "fake-valid-nonce", "actor": cast.as_alice, **more}
    return paying.pay(cast.alice, submit_key=key, targets=targets, gateway=gateway, **facts)


def test_a_new_card_pays_an_invoice_and_a_part_of_another(cast, desk, issued, outbox):
    first, second = issued("40.00"), issued("60.00")
    attempt = pay(cast, desk, (first, D("40.00")), (second, D("25.00")))
    assert attempt.state is AttemptState.SUCCEEDED
    payment = attempt.payment
    assert (payment.amount, payment.tip_amount, payment.kind) == (D("65.00"), 0, PaymentKind.CARD)
    assert payment.number == "R-1"
    assert payment.shown_as.endswith("···· 1881")
    assert first.state is InvoiceState.PAID
    assert sums.outstanding(second) == D("35.00")
    assert sums.unallocated(payment) == 0
    assert desk.find(payment.gateway_transaction_id).amount == D("65.00")
    assert ledger.account_balance(Account.GATEWAY) == D("65.00")
    assert attempt.nonce == ""
    facts = outbox.facts(MailKind.PAYMENT_RECEIPT)
    assert facts.amount == "65.00"
    assert [(x.number, x.amount) for x in facts.paid] == [(first.number, "40.00"), (second.number, "25.00")]
    assert books.check() == []


def test_the_same_form_again_shows_the_first_outcome(cast, desk, issued):
    invoice = issued()
    first = pay(cast, desk, (invoice, D(40)))
    again = pay(cast, desk, (invoice, D(40)))
    assert again.id == first.id
    assert count(Payment) == count(PaymentAttempt) == 1
    assert len(list(desk.find_by_order(first.order_id))) == 1


def test_a_decline_books_nothing_and_frees_the_invoice(cast, desk, issued, outbox):
    invoice = issued("2500.00")
    declined = pay(cast, desk, (invoice, D("2500.00")))
    assert declined.state is AttemptState.DECLINED
    assert declined.message
    assert count(AttemptTarget, AttemptTarget.is_active) == 0
    assert count(Payment) == 0
    assert len(outbox) == 0
    assert pay(cast, desk, (invoice, D("1500.00")), key="another-form-000001").state is AttemptState.SUCCEEDED
    assert books.check() == []


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (D("NaN"), "bad_amount"), (D("Infinity"), "bad_amount"), (D("0.001"), "bad_amount"), (D("1e30"), "bad_amount"),
        (D(0), "not_positive"), (D(-5), "not_positive"), (D("40.01"), "more_than_owed"), (12.5, "bad_amount"),
    ],
)  # fmt: skip
def test_amounts_that_are_none_or_too_much_are_refused_before_anything_is_sent(cast, desk, issued, amount, code):
    with pytest.raises(Invalid) as refusal:
        pay(cast, desk, (issued(), amount))
    assert refusal.value.code == code
    db.session.rollback()
    assert count(PaymentAttempt) == 0


def test_what_cannot_be_paid_is_refused_with_its_reason(cast, desk, issued):
    bobs = issued(client=cast.bob)
    void, paid, odd = issued(state=InvoiceState.VOID), issued(), issued(currency="EUR")
    recording.record_payment(
        cast.alice, kind=PaymentKind.CASH, amount=D(40), received_on=clock.today(), allocate={paid.id: D(40)},
        actor=cast.as_olivia,
    )  # fmt: skip
    db.session.commit()
    for invoice, code in (
        (bobs, "other_client"),
        (void, "invoice_not_open"),
        (paid, "invoice_paid"),
        (odd, "other_currency"),
    ):
        with pytest.raises(WorkflowError) as refusal:
            pay(cast, desk, (invoice, D(40)))
        assert refusal.value.code == code
        db.session.rollback()
    fine = issued()
    for targets, code in (((), "no_invoice"), (((fine, D(10)), (fine, D(10))), "no_invoice")):
        with pytest.raises(Invalid) as refusal:
            pay(cast, desk, *targets)
        assert refusal.value.code == code
        db.session.rollback()
    assert paying.can_pay(cast.alice, [fine]) is None
    assert paying.can_pay(cast.alice, [void]).code == "invoice_not_open"


def test_only_the_client_the_office_and_the_clock_may_charge(cast, desk, issued):
    invoice = issued()
    for actor in (cast.as_bob, cast.as_sam):
        with pytest.raises(NotAllowed):
            pay(cast, desk, (invoice, D(40)), actor=actor)
        db.session.rollback()
    settings.change({"portal.pay": False}, actor=cast.as_olivia)
    db.session.commit()
    with pytest.raises(NotAllowed) as refusal:
        pay(cast, desk, (invoice, D(40)))
    assert refusal.value.code == "paying_off"
    db.session.rollback()
    assert pay(cast, desk, (invoice, D(40)), actor=cast.as_olivia).state is AttemptState.SUCCEEDED


def test_a_tip_is_charged_with_it_and_pays_no_invoice(cast, desk, issued):
    invoice = issued()
    with pytest.raises(Invalid) as refusal:
        pay(cast, desk, (invoice, D(40)), tip=D(5))
    assert refusal.value.code == "tips_off"
    db.session.rollback()
    settings.change({"portal.tips": True}, actor=cast.as_olivia)
    payment = pay(cast, desk, (invoice, D(40)), tip=D(5), tip_note="For the walks").payment
    assert (payment.amount, payment.tip_amount, payment.tip_note) == (D(40), D(5), "For the walks")
    assert desk.find(payment.gateway_transaction_id).amount == D(45)
    assert [(s.staff_id, s.amount) for s in payment.tip_shares] == [(cast.sam.id, D(5))]
    assert ledger.account_balance(Account.TIPS_PAYABLE) == D(-5)
    assert sums.outstanding(invoice) == 0
    assert books.check() == []


def test_a_card_is_kept_with_what_the_client_allowed_and_serves_again(cast, desk, issued):
    first, second = issued(), issued()
    attempt = pay(
        cast,
        desk,
        (first, D(40)),
        store=True,
        allow_automatic=True,
        consent_text="Yes, charge me.",
        address="203.0.113.9",
    )
    method = db.session.scalars(sa.select(StoredMethod)).one()
    assert attempt.method is method
    assert (method.is_default, method.allows_automatic, method.kind) == (True, True, MethodKind.CARD)
    consent = db.session.scalars(sa.select(PaymentConsent)).one()
    assert (consent.kind, consent.method_id, consent.text) == (ConsentKind.AUTOMATIC, method.id, "Yes, charge me.")
    assert consent.address == "203.0.113.9"
    again = pay(cast, desk, (second, D(40)), method=method, nonce="", key="another-form-000001")
    assert again.state is AttemptState.SUCCEEDED
    assert again.payment.method_id == method.id
    assert count(StoredMethod) == 1


def test_another_clients_removed_or_blocked_card_is_refused(cast, desk, issued):
    invoice = issued()
    bobs = methods.add(cast.bob, nonce="fake-valid-visa-nonce", actor=cast.as_bob, gateway=desk)
    mine = methods.add(cast.alice, nonce="fake-valid-mastercard-nonce", actor=cast.as_alice, gateway=desk)
    methods.block(mine, "R02")
    db.session.commit()
    for method, code in ((bobs, "method_gone"), (mine, "method_blocked")):
        with pytest.raises(WorkflowError) as refusal:
            pay(cast, desk, (invoice, D(40)), method=method, nonce="")
        assert refusal.value.code == code
        db.session.rollback()
    methods.remove(mine, actor=cast.as_alice, gateway=desk)
    with pytest.raises(WorkflowError) as refusal:
        pay(cast, desk, (invoice, D(40)), method=mine, nonce="")
    assert refusal.value.code == "method_gone"


def test_a_bank_account_is_kept_with_its_mandate_then_debited(cast, desk, issued, outbox):
    settings.change({"portal.bank_accounts": True}, actor=cast.as_olivia)
    invoice = issued()
    mandate = Mandate(text="I authorize you.", accepted_at=clock.now())
    attempt = pay(
        cast, desk, (invoice, D(40)), nonce="fake-us-bank-account-nonce", kind=MethodKind.BANK, mandate=mandate,
        address="203.0.113.9",
    )  # fmt: skip
    assert attempt.state is AttemptState.SUCCEEDED, attempt.message
    method = attempt.method
    assert (method.kind, method.is_verified) == (MethodKind.BANK, True)
    consent = db.session.scalars(sa.select(PaymentConsent)).one()
    assert (consent.kind, consent.method_id, consent.text) == (ConsentKind.BANK_MANDATE, method.id, "I authorize you.")
    assert attempt.payment.settled_at is None
    assert outbox.facts(MailKind.PAYMENT_RECEIPT).is_pending
    assert books.check() == []


def test_a_bank_account_without_mandate_or_switched_off_is_refused(cast, desk, issued):
    invoice = issued()
    with pytest.raises(NotAllowed):
        pay(cast, desk, (invoice, D(40)), nonce="fake-us-bank-account-nonce", kind=MethodKind.BANK)
    db.session.rollback()
    settings.change({"portal.bank_accounts": True}, actor=cast.as_olivia)
    with pytest.raises(Invalid) as refusal:
        pay(cast, desk, (invoice, D(40)), nonce="fake-us-bank-account-nonce", kind=MethodKind.BANK)
    assert refusal.value.code == "no_mandate"


def test_money_for_an_invoice_that_was_paid_meanwhile_is_credit(cast, desk, issued):
    """The gateway answers while the office records cash for the same invoice."""
    invoice = issued()

    class Slow:
        """The gateway, with the office at work while it thinks."""

        def __getattr__(self, name):
            return getattr(desk, name)

        def sale(self, order, *, repeat=False):
            answer = desk.sale(order, repeat=repeat)
            recording.record_payment(
                cast.alice, kind=PaymentKind.CASH, amount=D(40), received_on=clock.today(), actor=cast.as_olivia
            )
            db.session.commit()
            return answer

    attempt = pay(cast, Slow(), (invoice, D(40)))
    assert attempt.state is AttemptState.SUCCEEDED
    assert sums.unallocated(attempt.payment) == D(40)
    assert sums.client_money(cast.alice.id).credit == D(40)
    assert count(Allocation) == 1
    assert books.check() == []
    other = issued("30.00")
    allocations.spend_credit(cast.alice, actor=cast.as_olivia)
    db.session.commit()
    assert other.state is InvoiceState.PAID


def test_a_running_attempt_holds_its_invoice(cast, desk, issued):
    invoice, free = issued(), issued()
    desk.simulator.fault("sale", "500_after", times=2)
    unclear = pay(cast, desk, (invoice, D(10)))
    assert unclear.state in {AttemptState.UNKNOWN, AttemptState.SUCCEEDED}
    if unclear.state is AttemptState.UNKNOWN:
        with pytest.raises(WrongState) as refusal:
            pay(cast, desk, (invoice, D(10)), key="another-form-000001")
        assert refusal.value.code == "being_paid"
        db.session.rollback()
        assert paying.can_pay(cast.alice, [invoice]).code == "being_paid"
    assert pay(cast, desk, (free, D(40)), key="another-form-000002").state is AttemptState.SUCCEEDED
    assert dt.timedelta(0) <= clock.now() - unclear.created_at
