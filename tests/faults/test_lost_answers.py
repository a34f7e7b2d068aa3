"""The line breaks at the worst moment, over a real socket: nobody pays twice, nothing is lost, and all is found out."""

import dataclasses
import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from gateways.braintree_gateway import BraintreeGateway, Keys
from gateways.payments import TransactionStatus
from models import (
    AttemptState,
    FindingKind,
    GatewayFinding,
    GatewayMode,
    InvoiceState,
    Notification,
    NotificationKind,
    Payment,
    PaymentAttempt,
    Refund,
    RefundState,
    Setting,
)
from tests import money_world
from tests.databases import count
from workflows.billing import comparing, paying, reconciling, refunding, sums
from workflows.errors import WorkflowError

D = Decimal
pytestmark = pytest.mark.covers("M5")
LOST = ["hang", "reset", "500", "503", "408", "html", "empty", "xml"]
SURE = ["401", "403", "404", "426", "429"]


def pay(cast, line, invoice, key="key-of-the-form-0001", **more):
    facts = {"nonce": "fake-valid-nonce", "actor": cast.as_alice, "gateway": line, **more}
    attempt = paying.pay(cast.alice, submit_key=key, targets=[(invoice, D(40))], **facts)
    db.session.expire_all()
    return attempt


def without_keys(line):
    """The gateway was found to take no request keys."""
    db.session.add(Setting(key=f"gateway.{line.mode()}.refuses_keys", value=True))
    db.session.commit()


@pytest.mark.parametrize("with_key", [True, False], ids=["key", "no_key"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", LOST)
def test_a_lost_answer_never_charges_twice_and_is_found_out(cast, line, clock_at, kind, when, with_key):
    if not with_key:
        without_keys(line)
    invoice = money_world.issue(cast.alice, "40.00")
    line.simulator.fault("sale", f"{kind}_{when}", seconds=1)
    attempt = pay(cast, line, invoice)
    assert attempt.nonce == ""
    if with_key:
        # The second try with the same key hears what became of the first, or does it now.
        assert attempt.state is AttemptState.SUCCEEDED
    else:
        assert attempt.state is AttemptState.UNKNOWN
        with pytest.raises(WorkflowError) as refusal:
            pay(cast, line, invoice, key="another-form-000001")
        assert refusal.value.code == "being_paid"
        db.session.rollback()
        assert count(Notification, Notification.kind == NotificationKind.PAYMENT_UNCLEAR) == 1
    money_world.later(clock_at, line, minutes=20)
    charged = with_key or when == "after"
    assert attempt.state is (AttemptState.SUCCEEDED if charged else AttemptState.NOT_CHARGED)
    assert len(money_world.sales(line)) == charged == count(Payment)
    assert invoice.state is (InvoiceState.PAID if charged else InvoiceState.OPEN)
    money_world.agree(line)
    if not charged:
        assert pay(cast, line, invoice, key="another-form-000001").state is AttemptState.SUCCEEDED
        money_world.agree(line)


@pytest.mark.parametrize("kind", SURE)
def test_what_certainly_was_not_done_frees_the_invoice_at_once(cast, line, kind):
    invoice = money_world.issue(cast.alice, "40.00")
    line.simulator.fault("sale", f"{kind}_before")
    attempt = pay(cast, line, invoice)
    assert attempt.state in {AttemptState.NOT_SENT, AttemptState.REJECTED}
    assert attempt.message
    assert pay(cast, line, invoice, key="another-form-000001").state is AttemptState.SUCCEEDED
    money_world.agree(line)


def test_a_refused_port_is_not_sent(cast, line):
    invoice = money_world.issue(cast.alice, "40.00")
    keys = line.simulator.keys
    dead = BraintreeGateway(
        Keys(keys.merchant_id, keys.public_key, keys.private_key, "development", {"USD": "demo_usd"}, 9), timeout=(1, 1)
    )
    assert pay(cast, dead, invoice).state is AttemptState.NOT_SENT
    assert pay(cast, line, invoice, key="another-form-000001").state is AttemptState.SUCCEEDED


def test_a_lost_answer_and_then_wrong_keys_stay_unclear(cast, line, clock_at):
    """That the second try was not let in says nothing about the first, which charged."""
    invoice = money_world.issue(cast.alice, "40.00")
    line.simulator.fault("sale", "reset_after")
    line.simulator.fault("sale", "401_before")
    attempt = pay(cast, line, invoice)
    assert attempt.state is AttemptState.UNKNOWN
    money_world.later(clock_at, line, minutes=3)
    assert attempt.state is AttemptState.SUCCEEDED
    assert len(money_world.sales(line)) == 1
    money_world.agree(line)


def test_both_answers_lost_and_then_the_gateway_is_away_for_an_hour(cast, line, clock_at):
    invoice = money_world.issue(cast.alice, "40.00")
    line.simulator.fault("sale", "500_after", times=2)
    attempt = pay(cast, line, invoice)
    line.simulator.fault("*", "503_before", times=None)
    money_world.later(clock_at, line, minutes=60)
    assert attempt.state is AttemptState.UNKNOWN
    assert invoice.state is InvoiceState.OPEN
    line.simulator.faults.clear()
    money_world.later(clock_at, line, minutes=3)
    assert (attempt.state, invoice.state) == (AttemptState.SUCCEEDED, InvoiceState.PAID)
    money_world.agree(line)


def test_never_charged_is_said_only_after_two_looks_and_a_quarter_of_an_hour(cast, line, clock_at):
    without_keys(line)
    invoice = money_world.issue(cast.alice, "40.00")
    line.simulator.fault("sale", "reset_before")
    attempt = pay(cast, line, invoice)
    sent_at, seen = clock.now(), 0
    while attempt.state is AttemptState.UNKNOWN:
        assert clock.now() - sent_at < dt.timedelta(minutes=40)
        money_world.later(clock_at, line, minutes=1)
        seen = attempt.n_looks
    assert attempt.state is AttemptState.NOT_CHARGED
    assert seen >= 2
    assert clock.now() - sent_at >= dt.timedelta(minutes=15)


def late_charge(line, attempt):
    """The charge turns up at the gateway after all, as one whose search index lagged does."""
    from gateways.payments import SaleOrder

    return line.sale(
        SaleOrder(order_id=attempt.order_id, amount=attempt.amount, currency="USD", nonce="fake-valid-nonce")
    ).transaction


def test_a_charge_that_turns_up_a_day_late_is_booked_and_what_is_too_much_is_credit(cast, line, clock_at):
    without_keys(line)
    invoice = money_world.issue(cast.alice, "40.00")
    line.simulator.fault("sale", "reset_before")
    attempt = pay(cast, line, invoice)
    money_world.later(clock_at, line, minutes=20)
    assert attempt.state is AttemptState.NOT_CHARGED
    again = pay(cast, line, invoice, key="another-form-000001")
    assert again.state is AttemptState.SUCCEEDED
    late_charge(line, attempt)
    clock_at(clock.now() + dt.timedelta(days=1))
    money_world.later(clock_at, line, minutes=2)
    assert attempt.state is AttemptState.SUCCEEDED
    assert sums.unallocated(attempt.payment) == D(40)
    assert sums.client_money(cast.alice.id).credit == D(40)
    money_world.agree(line)


def test_after_two_days_nobody_looks_but_the_night_tells(cast, line, clock_at):
    without_keys(line)
    invoice = money_world.issue(cast.alice, "40.00")
    line.simulator.fault("sale", "reset_before")
    attempt = pay(cast, line, invoice)
    money_world.later(clock_at, line, minutes=20)
    clock_at(clock.now() + dt.timedelta(days=3))
    money_world.later(clock_at, line, minutes=2)
    assert attempt.next_look_at is None
    late_charge(line, attempt)
    clock_at(clock.now() + dt.timedelta(hours=1))
    comparing.compare(gateway=line)
    money_world.later(clock_at, line, minutes=2)
    assert attempt.state is AttemptState.SUCCEEDED
    money_world.agree(line)


def test_of_two_charges_for_one_order_the_later_goes_back_and_the_office_is_told(cast, line, clock_at):
    without_keys(line)
    invoice = money_world.issue(cast.alice, "40.00")
    line.simulator.fault("sale", "500_after")
    attempt = pay(cast, line, invoice)
    clock_at(clock.now() + dt.timedelta(minutes=1))  # past the gateway's own window for duplicates
    late_charge(line, attempt)
    assert len(money_world.sales(line)) == 2
    money_world.later(clock_at, line, minutes=10)
    assert (attempt.state, count(Payment)) == (AttemptState.SUCCEEDED, 1)
    assert len(money_world.sales(line)) == 1
    finding = db.session.scalars(sa.select(GatewayFinding)).one()
    assert finding.kind is FindingKind.DOUBLE
    assert count(Notification, Notification.kind == NotificationKind.BOOKS_DIFFER) == 1
    money_world.agree(line)
    clock_at(clock.now() + dt.timedelta(hours=2))
    assert comparing.compare(gateway=line) == 0


def test_a_decline_whose_answer_was_lost_is_found_and_the_client_is_told(cast, line, clock_at, outbox):
    without_keys(line)
    invoice = money_world.issue(cast.alice, "2100.00")
    line.simulator.fault("sale", "reset_after")
    attempt = paying.pay(
        cast.alice, submit_key="key-of-the-form-0001", targets=[(invoice, D(2100))], nonce="fake-valid-nonce",
        actor=cast.as_alice, gateway=line,
    )  # fmt: skip
    assert attempt.state is AttemptState.UNKNOWN
    money_world.later(clock_at, line, minutes=3)
    assert attempt.state is AttemptState.DECLINED
    assert outbox.kinds() == ["payment_failed"]
    money_world.agree(line)


def test_keys_that_the_gateway_refuses_are_remembered(cast, line):
    first, second = money_world.issue(cast.alice, "40.00"), money_world.issue(cast.alice, "40.00")
    line.simulator.fault("sale", "915231_before")
    assert pay(cast, line, first).state is AttemptState.SUCCEEDED
    assert pay(cast, line, second, key="another-form-000001").request_key == ""
    money_world.agree(line)


# ----------------------------------------------------------------------------------------------------------- refunds


@pytest.mark.parametrize("with_key", [True, False], ids=["key", "no_key"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("way", ["reverse", "refund", "reduce"])
def test_a_refund_whose_answer_is_lost_happens_once_or_not_at_all(cast, line, clock_at, way, kind, when, with_key):
    invoice = money_world.issue(cast.alice, "40.00")
    payment = pay(cast, line, invoice).payment
    if not with_key:
        without_keys(line)
    if way != "reduce":
        line._sdk.testing.settle_transaction(payment.gateway_transaction_id)
    amount = D(40) if way == "reverse" else D(15)
    line.simulator.fault({"reduce": "update"}.get(way, way), f"{kind}_{when}", seconds=1)
    row = refunding.refund(
        payment, amount=amount, reason="x", submit_key="key-of-the-refund-01", actor=cast.as_olivia, gateway=line
    )
    assert row.state in {RefundState.SUCCEEDED, RefundState.UNKNOWN}
    if row.state is RefundState.UNKNOWN:
        assert refunding.refundable(payment) == D(40) - amount
        with pytest.raises(WorkflowError) as refusal:
            refunding.refund(
                payment, amount=D(1), reason="x", submit_key="key-of-the-refund-02", actor=cast.as_olivia, gateway=line
            )
        assert refusal.value.code in {"refund_running", "payment_ended", "more_than_left", "gone", "changed"}
        db.session.rollback()
    money_world.later(clock_at, line, minutes=20)
    assert row.state in {RefundState.SUCCEEDED, RefundState.FAILED}
    assert money_world.held(line) == D(40) - (amount if row.state is RefundState.SUCCEEDED else 0)
    if with_key or when == "after":
        assert row.state is RefundState.SUCCEEDED
    money_world.agree(line)


def test_a_gateway_that_cannot_be_asked_takes_no_refund(cast, line):
    invoice = money_world.issue(cast.alice, "40.00")
    payment = pay(cast, line, invoice).payment
    line.simulator.fault("find", "503_before", times=None)
    with pytest.raises(WorkflowError) as refusal:
        refunding.refund(
            payment, amount=D(1), reason="x", submit_key="key-of-the-refund-01", actor=cast.as_olivia, gateway=line
        )
    assert refusal.value.code == "gateway"
    db.session.rollback()
    assert count(Refund) == 0


def test_reconciling_looks_at_nothing_twice(cast, line, clock_at):
    without_keys(line)
    invoice = money_world.issue(cast.alice, "40.00")
    line.simulator.fault("sale", "500_after")
    pay(cast, line, invoice)
    clock_at(clock.now() + dt.timedelta(minutes=2))
    assert reconciling.look_again(gateway=line) == 1
    assert reconciling.look_again(gateway=line) == 0
    assert count(PaymentAttempt) == 1


def test_a_refused_duplicate_says_nothing_about_the_charge_that_it_repeats(cast, line, clock_at):
    """Its index lags: only the second try is seen, and that was refused because of the first."""
    without_keys(line)
    invoice = money_world.issue(cast.alice, "40.00")
    line.simulator.fault("sale", "500_after")
    attempt = pay(cast, line, invoice)

    class Lagging:
        def __getattr__(self, name):
            return getattr(line, name)

        def find_by_order(self, order_id):
            refused = {"status": TransactionStatus.GATEWAY_REJECTED, "gateway_rejection": "duplicate"}
            return [dataclasses.replace(one, **refused) for one in line.find_by_order(order_id)]

    money_world.later(clock_at, Lagging(), minutes=3)
    assert (attempt.state, attempt.n_looks) == (AttemptState.UNKNOWN, 2)
    money_world.later(clock_at, line, minutes=10)
    assert attempt.state is AttemptState.SUCCEEDED
    money_world.agree(line)


def test_an_attempt_of_another_mode_is_left_alone(cast, line, clock_at):
    without_keys(line)
    invoice = money_world.issue(cast.alice, "40.00")
    line.simulator.fault("sale", "500_after")
    attempt = pay(cast, line, invoice)
    attempt.mode = GatewayMode.SANDBOX
    db.session.commit()
    money_world.later(clock_at, line, minutes=20)
    assert (attempt.state, attempt.n_looks) == (AttemptState.UNKNOWN, 0)
