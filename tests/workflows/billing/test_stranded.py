"""Unclear charges and refunds of a gateway that is not set any more: a person says what happened."""

import datetime as dt
from decimal import Decimal

import pytest

from foundation import clock
from foundation.db import db
from models import AttemptState, GatewayMode, Payment, PaymentKind, RefundState, RefundWay
from tests import money_factories as money
from workflows.billing import attempts, attention, modes, reconciling, stranded, sums
from workflows.errors import Conflict, Invalid, NotAllowed, WrongState
from workflows.mail_facts import MailKind

pytestmark = pytest.mark.covers("M4", "M5")

LONG_AGO = dt.timedelta(hours=3)


@pytest.fixture
def bill(cast, issued):
    return issued("40.00", cast.alice)


@pytest.fixture
def unclear(cast, bill):
    """A charge of Alice's invoice that the live gateway never answered; today the demo is set."""
    attempt = money.payment_attempt(
        cast.alice, mode=GatewayMode.PRODUCTION, state=AttemptState.UNKNOWN, created_at=clock.now() - LONG_AGO
    )
    money.attempt_target(attempt, bill, amount=Decimal(40))
    db.session.commit()
    return attempt


def code(problem, do):
    with pytest.raises(problem) as refused:
        do()
    return refused.value.code


def test_it_stands_apart_from_what_todays_gateway_can_be_asked_about(cast, unclear, gateway):
    modes.use(gateway.mode())
    ours = money.payment_attempt(cast.bob, state=AttemptState.UNKNOWN, created_at=clock.now() - LONG_AGO)
    assert stranded.stranded_attempts() == [unclear]
    assert list(attention.attempts()) == [ours]
    assert code(WrongState, lambda: stranded.settle_attempt(ours, charged=False, reason="x", actor=cast.as_olivia)) == "can_be_asked"  # fmt: skip


def test_nothing_was_charged_frees_the_invoice_and_tells_the_client(cast, unclear, bill, outbox):
    stranded.settle_attempt(unclear, charged=False, reason="Not in the old control panel", actor=cast.as_olivia)
    assert (unclear.state, attempts.active_on([bill.id]), sums.outstanding(bill)) == (
        AttemptState.NOT_CHARGED, set(), 40,
    )  # fmt: skip
    assert outbox.facts(MailKind.PAYMENT_FAILED, to=cast.alice.email).amount == "40.00"
    again = lambda: stranded.settle_attempt(unclear, charged=False, reason="x", actor=cast.as_olivia)  # noqa: E731
    assert code(WrongState, again) == "decided"


def test_it_was_charged_books_it_once_and_the_books_balance(cast, unclear, bill):
    def say(**more):
        facts = {"charged": True, "reason": "Seen there", "transaction_id": "tx123", "actor": cast.as_olivia}
        return stranded.settle_attempt(unclear, **{**facts, **more})

    assert code(Invalid, lambda: say(reason=" ")) == "no_reason"
    assert code(Invalid, lambda: say(transaction_id="")) == "no_number"
    assert code(NotAllowed, lambda: say(actor=cast.as_sam)) == "not_allowed"
    money.payment(cast.bob, kind=PaymentKind.CARD, gateway_transaction_id="taken")
    assert code(Conflict, lambda: say(transaction_id="taken")) == "booked"
    say()
    (payment,) = db.session.query(Payment).filter_by(client_id=cast.alice.id)
    assert (payment.amount, payment.mode, payment.gateway_transaction_id, payment.settled_at) == (
        40, GatewayMode.PRODUCTION, "tx123", None,
    )  # fmt: skip
    assert (unclear.state, sums.outstanding(bill)) == (AttemptState.SUCCEEDED, 0)
    assert code(WrongState, say) == "decided"


def test_a_gateway_that_moves_no_money_can_have_charged_nothing(cast, unclear):
    unclear.mode = GatewayMode.SANDBOX
    db.session.flush()
    say = lambda: stranded.settle_attempt(unclear, charged=True, reason="x", transaction_id="t", actor=cast.as_olivia)  # noqa: E731
    assert code(Invalid, say) == "no_money"


def test_what_was_sent_before_the_switch_becomes_unclear_though_nobody_can_be_asked(cast, unclear, gateway):
    unclear.state = AttemptState.SENDING
    db.session.commit()
    reconciling.look_again(gateway=gateway)
    db.session.expire_all()
    assert (unclear.state, unclear.n_looks) == (AttemptState.UNKNOWN, 0)


@pytest.mark.parametrize("went", [True, False])
def test_a_refund_is_settled_too(cast, went):
    paid = money.payment(cast.alice, kind=PaymentKind.CARD, mode=GatewayMode.PRODUCTION, gateway_transaction_id="tx9")
    row = money.refund(
        paid, amount=Decimal(10), state=RefundState.UNKNOWN, way=RefundWay.REFUND, mode=GatewayMode.PRODUCTION,
        created_at=clock.now() - LONG_AGO,
    )  # fmt: skip
    db.session.commit()
    assert list(stranded.stranded_refunds()) == [row]
    stranded.settle_refund(row, went=went, reason="Seen there", actor=cast.as_olivia)
    assert row.state is (RefundState.SUCCEEDED if went else RefundState.FAILED)
    assert list(stranded.stranded_refunds()) == []
