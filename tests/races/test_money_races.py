"""Money from six tabs, eight presses, two desks and four workers in the same second: moved once, told to everybody."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from gateways.payments import Mandate
from models import (
    AttemptState,
    Client,
    GatewayEvent,
    Invoice,
    InvoiceState,
    MethodKind,
    Payment,
    PaymentAttempt,
    PaymentKind,
    Refund,
    RefundState,
    Staff,
    StoredMethod,
)
from tests import money_world
from tests.databases import count
from workflows import once, settings
from workflows.actors import client_actor, staff_actor
from workflows.billing import (
    gateway_events,
    methods,
    modes,
    paying,
    reconciling,
    recording,
    refunding,
    sums,
)
from workflows.errors import WorkflowError

D = Decimal
pytestmark = pytest.mark.covers("M5")


@pytest.fixture(autouse=True)
def _mode(gateway):
    before = modes.current()
    modes.use(gateway.mode())
    yield
    modes.use(before.value if before else "off")


def presser(gateway, client_id, invoice_id, key, amount="40.00"):
    """A press of Pay in a tab of its own."""

    def press():
        client, invoice = db.session.get(Client, client_id), db.session.get(Invoice, invoice_id)
        return paying.pay(
            client, submit_key=key, targets=[(invoice, D(amount))], nonce="fake-valid-nonce",
            actor=client_actor(client), gateway=gateway,
        ).id  # fmt: skip

    return press


def test_eight_presses_of_one_form_charge_once(cast, gateway, together):
    invoice = money_world.issue(cast.alice, "40.00")
    answers = together(*[presser(gateway, cast.alice.id, invoice.id, "key-of-the-form-0001")] * 8)
    assert len(set(answers)) == 1
    assert count(PaymentAttempt) == count(Payment) == len(money_world.sales(gateway)) == 1
    money_world.agree(gateway)


def test_six_tabs_with_a_form_each_charge_once_and_the_others_read_why(cast, gateway, together):
    invoice = money_world.issue(cast.alice, "40.00")
    answers = together(*(presser(gateway, cast.alice.id, invoice.id, f"key-of-the-form-000{n}") for n in range(6)))
    refused = [a for a in answers if isinstance(a, WorkflowError)]
    assert len(refused) == 5
    assert {r.code for r in refused} <= {"being_paid", "invoice_paid"}
    assert all(invoice.number in r.say() for r in refused)
    assert len(money_world.sales(gateway)) == count(Payment) == 1
    money_world.agree(gateway)


def test_six_parts_at_once_never_pay_more_than_is_owed(cast, gateway, together):
    invoice = money_world.issue(cast.alice, "40.00")
    together(*(presser(gateway, cast.alice.id, invoice.id, f"key-of-the-form-000{n}", "15.00") for n in range(6)))
    assert sums.outstanding(invoice) >= 0
    assert sum(p.amount for p in db.session.scalars(sa.select(Payment))) <= D(40)
    money_world.agree(gateway)


def test_a_charge_and_cash_for_the_same_invoice_lose_nothing(cast, gateway, together):
    invoice = money_world.issue(cast.alice, "40.00")
    client_id, staff_id = cast.alice.id, cast.olivia.id

    def cash():
        return recording.record_payment(
            db.session.get(Client, client_id), kind=PaymentKind.CASH, amount=D(40), received_on=clock.today(),
            actor=staff_actor(db.session.get(Staff, staff_id)),
        ).id  # fmt: skip

    answers = together(presser(gateway, client_id, invoice.id, "key-of-the-form-0001"), cash)
    n_paid = sum(not isinstance(a, WorkflowError) for a in answers)
    assert invoice.state is InvoiceState.PAID
    assert sums.client_money(client_id).credit == D(40) * (n_paid - 1)
    money_world.agree(gateway)


@pytest.mark.parametrize("settled", [True, False])
def test_six_refunds_at_once_never_give_back_more_than_came_in(cast, gateway, together, settled):
    invoice = money_world.issue(cast.alice, "40.00")
    attempt_id = presser(gateway, cast.alice.id, invoice.id, "key-of-the-form-0001")()
    payment = db.session.get(PaymentAttempt, attempt_id).payment
    if settled:
        gateway.demo().settle(payment.gateway_transaction_id)
    payment_id, staff_id = payment.id, cast.olivia.id

    def give(key):
        return lambda: refunding.refund(
            db.session.get(Payment, payment_id), amount=D(15), reason="x", submit_key=key,
            actor=staff_actor(db.session.get(Staff, staff_id)), gateway=gateway,
        ).id  # fmt: skip

    together(*(give(f"key-of-the-refund-{n}") for n in range(6)))
    rows = db.session.scalars(sa.select(Refund)).all()
    assert {r.state for r in rows} <= {RefundState.SUCCEEDED, RefundState.FAILED}
    assert D(15) <= sum(r.amount for r in rows if r.state is RefundState.SUCCEEDED) <= D(40)
    money_world.agree(gateway)


def test_eight_presses_of_one_refund_give_once(cast, gateway, together):
    invoice = money_world.issue(cast.alice, "40.00")
    attempt_id = presser(gateway, cast.alice.id, invoice.id, "key-of-the-form-0001")()
    payment = db.session.get(PaymentAttempt, attempt_id).payment
    gateway.demo().settle(payment.gateway_transaction_id)
    payment_id, staff_id = payment.id, cast.olivia.id

    def give():
        return refunding.refund(
            db.session.get(Payment, payment_id), amount=D(15), reason="x", submit_key="key-of-the-refund-01",
            actor=staff_actor(db.session.get(Staff, staff_id)), gateway=gateway,
        ).id  # fmt: skip

    answers = together(*[give] * 8)
    assert count(Refund) == 1
    assert {a for a in answers if not isinstance(a, WorkflowError)} == {db.session.scalars(sa.select(Refund.id)).one()}
    money_world.agree(gateway)


def test_four_workers_find_out_the_same_charge_once(cast, gateway, together, clock_at):
    invoice = money_world.issue(cast.alice, "40.00")
    gateway.simulator.fault("sale", "500_after", times=2)
    attempt_id = presser(gateway, cast.alice.id, invoice.id, "key-of-the-form-0001")()
    assert db.session.get(PaymentAttempt, attempt_id).state is AttemptState.UNKNOWN
    import datetime as dt

    clock_at(clock.now() + dt.timedelta(minutes=2))
    looks = together(*[lambda: reconciling.look_again(gateway=gateway)] * 4)
    assert sum(looks) == 1
    assert count(Payment) == 1
    money_world.agree(gateway)


def test_four_workers_hear_of_one_return_once(cast, gateway, together):
    settings.change({"portal.bank_accounts": True}, actor=cast.as_olivia)
    invoice = money_world.issue(cast.alice, "40.00")
    attempt = paying.pay(
        cast.alice, submit_key="key-of-the-form-0001", targets=[(invoice, D(40))], nonce="fake-us-bank-account-nonce",
        kind=MethodKind.BANK, mandate=Mandate(text="Yes", accepted_at=clock.now()), actor=cast.as_alice, gateway=gateway,
    )  # fmt: skip
    back = gateway.demo().bank_return(attempt.payment.gateway_transaction_id)
    together(*[lambda: gateway_events.receive(back.signature, back.payload, gateway=gateway).id] * 4)
    assert count(GatewayEvent) == 1
    done = together(*[lambda: gateway_events.process(gateway=gateway)] * 4)
    assert sum(done) == 1
    assert invoice.state is InvoiceState.OPEN
    money_world.agree(gateway)


def test_six_presses_of_record_record_once(cast, gateway, together):
    money_world.issue(cast.alice, "40.00")
    client_id, staff_id, key = cast.alice.id, cast.olivia.id, once.new_key()

    def record():
        return recording.record_payment(
            db.session.get(Client, client_id), kind=PaymentKind.CASH, amount=D(40), received_on=clock.today(),
            actor=staff_actor(db.session.get(Staff, staff_id)), form_key=key,
        ).id  # fmt: skip

    together(*[record] * 6)
    assert count(Payment) == 1
    money_world.agree(gateway)


def test_two_tabs_make_two_cards_the_default_and_one_is(cast, gateway, together):
    cards = [
        methods.add(cast.alice, nonce=nonce, actor=cast.as_alice, gateway=gateway).id
        for nonce in ("fake-valid-visa-nonce", "fake-valid-mastercard-nonce", "fake-valid-amex-nonce")
    ]
    client_id = cast.alice.id

    def choose(card_id):
        return lambda: (
            methods.make_default(
                db.session.get(StoredMethod, card_id), actor=client_actor(db.session.get(Client, client_id))
            ).id
        )

    together(*(choose(card_id) for card_id in cards))
    assert count(StoredMethod, StoredMethod.is_default) == 1
