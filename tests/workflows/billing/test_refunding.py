"""Giving back: whole or in part, never more than came in, through the gateway as far as the charge has come."""

import datetime as dt
from decimal import Decimal

import pytest

from foundation import clock
from foundation.db import db
from models import (
    Account,
    InvoiceState,
    Notification,
    NotificationKind,
    PaymentKind,
    Refund,
    RefundState,
    RefundWay,
)
from tests.databases import count
from workflows import settings
from workflows.billing import books, ledger, paying, recording, refunding, sums
from workflows.errors import Invalid, NotAllowed, WorkflowError
from workflows.mail_facts import MailKind

D = Decimal
pytestmark = pytest.mark.covers("M4")


@pytest.fixture
def paid(cast, desk, issued):
    """Alice paid an invoice by card, with a tip if wanted; settled if wanted."""

    def make(total="40.00", *, tip="0", settled=True, key="key-of-the-form-0001"):
        if D(tip):
            settings.change({"portal.tips": True}, actor=cast.as_olivia)
        invoice = issued(total)
        attempt = paying.pay(
            cast.alice, submit_key=key, targets=[(invoice, D(total))], tip=D(tip), nonce="fake-valid-nonce",
            actor=cast.as_alice, gateway=desk,
        )  # fmt: skip
        assert attempt.payment, attempt.message
        if settled:
            desk.demo().settle(attempt.payment.gateway_transaction_id)
        return attempt.payment, invoice

    return make


def give(cast, desk, payment, amount, *, key="key-of-the-refund-01", **more):
    facts = {"reason": "Sam was ill", "actor": cast.as_olivia, "gateway": desk, **more}
    return refunding.refund(payment, amount=D(amount), submit_key=key, **facts)


@pytest.mark.parametrize("settled", [True, False])
def test_all_of_it_goes_back_and_the_invoice_is_owed_again(cast, desk, paid, outbox, settled):
    payment, invoice = paid(settled=settled)
    row = give(cast, desk, payment, "40.00")
    assert (row.state, row.way, row.number) == (RefundState.SUCCEEDED, RefundWay.REVERSE, "RF-1")
    assert invoice.state is InvoiceState.OPEN
    assert refunding.refundable(payment) == 0
    assert ledger.account_balance(Account.GATEWAY) == 0
    charge = desk.find(payment.gateway_transaction_id)
    assert len(charge.refund_ids) == 1 if settled else charge.status.value == "voided"
    assert outbox.facts(MailKind.REFUND_MADE).amount == "40.00"
    assert books.check() == []


@pytest.mark.parametrize(("settled", "way"), [(True, RefundWay.REFUND), (False, RefundWay.REDUCE)])
def test_parts_go_back_until_nothing_is_left(cast, desk, paid, settled, way):
    payment, invoice = paid(settled=settled)
    for n, amount in enumerate(("15.00", "5.00")):
        row = give(cast, desk, payment, amount, key=f"key-of-the-refund-0{n}")
        assert (row.state, row.way) == (RefundState.SUCCEEDED, way)
    assert sums.outstanding(invoice) == D(20)
    charge = desk.find(payment.gateway_transaction_id)
    back = sum(desk.find(one).amount for one in charge.refund_ids)
    assert charge.amount - back == D(20) == ledger.account_balance(Account.GATEWAY)
    with pytest.raises(Invalid) as refusal:
        give(cast, desk, payment, "20.01", key="key-of-the-refund-09")
    assert refusal.value.code == "more_than_left"
    db.session.rollback()
    assert give(cast, desk, payment, "20.00", key="key-of-the-refund-10").state is RefundState.SUCCEEDED
    assert ledger.account_balance(Account.GATEWAY) == 0
    assert books.check() == []


def test_credit_goes_back_before_an_invoice_opens(cast, desk, paid):
    payment, invoice = paid()
    recording.reallocate(payment, {invoice.id: D(30)}, actor=cast.as_olivia)
    db.session.commit()
    give(cast, desk, payment, "10.00")
    assert sums.outstanding(invoice) == D(10)
    assert sums.unallocated(payment) == 0
    give(cast, desk, payment, "1.00", key="key-of-the-refund-02")
    assert sums.outstanding(invoice) == D(11)
    assert books.check() == []


def test_the_tip_goes_last_or_not_at_all(cast, desk, paid):
    payment, _invoice = paid(tip="6.00")
    with pytest.raises(Invalid):
        give(cast, desk, payment, "40.01", include_tip=False)
    db.session.rollback()
    row = give(cast, desk, payment, "43.00")
    assert row.tip_amount == D(3)
    assert [s.amount for s in payment.tip_shares] == [D(3)]
    assert ledger.account_balance(Account.TIPS_PAYABLE) == D(-3)
    give(cast, desk, payment, "3.00", key="key-of-the-refund-02")
    db.session.expire_all()
    assert payment.tip_shares == []
    assert ledger.account_balance(Account.GATEWAY) == 0
    assert books.check() == []


def test_the_same_form_again_shows_the_first_refund(cast, desk, paid):
    payment, _invoice = paid()
    first = give(cast, desk, payment, "10.00")
    assert give(cast, desk, payment, "10.00").id == first.id
    assert count(Refund) == 1
    other, _ = paid(key="key-of-the-form-0002")
    with pytest.raises(WorkflowError):
        give(cast, desk, other, "10.00")


def test_who_may_not_and_what_is_no_refund(cast, desk, paid):
    payment, _invoice = paid()
    for actor in (cast.as_alice, cast.as_sam):
        with pytest.raises(NotAllowed):
            give(cast, desk, payment, "10.00", actor=actor)
        db.session.rollback()
    for amount, reason, code in (
        ("0", "x", "not_positive"), ("NaN", "x", "bad_amount"), ("1.001", "x", "bad_amount"), ("1", "  ", "no_reason"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refusal:
            give(cast, desk, payment, amount, reason=reason)
        assert refusal.value.code == code
        db.session.rollback()
    assert count(Refund) == 0


def test_a_refund_has_a_day_after_the_payment_and_a_way_that_can_be(cast, desk, paid, clock_at):
    payment, _invoice = paid()
    first = payment.received_on
    clock_at(clock.now() + dt.timedelta(days=3))
    for more, code in (
        ({"refunded_on": first - dt.timedelta(days=1)}, "day_before"), ({"refunded_on": dt.date(1, 1, 1)}, "day_before"),
        ({"refunded_on": first + dt.timedelta(days=4)}, "day_ahead"), ({"by_hand": PaymentKind.CARD}, "bad_kind"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refusal:
            give(cast, desk, payment, "10.00", **more)
        assert refusal.value.code == code
        db.session.rollback()
    assert count(Refund) == 0
    assert give(cast, desk, payment, "10.00", refunded_on=first, by_hand=PaymentKind.CASH).refunded_on == first


def test_a_refused_refund_leaves_all_as_it_was(cast, desk, paid):
    payment, invoice = paid()
    desk.simulator.fault("refund", "91521_before")
    row = give(cast, desk, payment, "10.00")
    assert row.state is RefundState.FAILED
    assert row.number is None
    assert invoice.state is InvoiceState.PAID
    assert refunding.refundable(payment) == D(40)
    assert count(Notification, Notification.kind == NotificationKind.REFUND_FAILED) == 1
    assert books.check() == []


def test_cash_goes_back_by_hand(cast, desk, issued, outbox):
    invoice = issued()
    payment = recording.record_payment(
        cast.alice, kind=PaymentKind.CASH, amount=D(40), received_on=clock.today(), actor=cast.as_olivia
    )
    db.session.commit()
    row = give(cast, desk, payment, "10.00")
    assert (row.state, row.way, row.kind) == (RefundState.SUCCEEDED, RefundWay.RECORDED, PaymentKind.CASH)
    assert ledger.account_balance(Account.CASH) == D(30)
    assert sums.outstanding(invoice) == D(10)
    assert len(outbox.mails(MailKind.REFUND_MADE)) == 1
    with pytest.raises(WorkflowError) as refusal:
        recording.void_payment(payment, actor=cast.as_olivia, reason="Wrong")
    assert refusal.value.code == "has_refunds"
    db.session.rollback()
    assert refunding.paper(row).total == "10.00"
    assert books.check() == []


def test_a_card_payment_can_go_back_in_cash(cast, desk, paid):
    payment, _invoice = paid()
    row = give(cast, desk, payment, "10.00", by_hand=PaymentKind.CASH)
    assert (row.way, row.kind) == (RefundWay.RECORDED, PaymentKind.CASH)
    assert ledger.account_balance(Account.CASH) == D(-10)
    assert ledger.account_balance(Account.GATEWAY) == D(40)
    row = give(cast, desk, payment, "30.00", key="key-of-the-refund-02")
    assert (row.state, row.way) == (RefundState.SUCCEEDED, RefundWay.REFUND)
    assert ledger.account_balance(Account.GATEWAY) == D(10)
    assert books.check() == []
