"""Each night: what the gateway has against the books. Every way in which they can differ is told, once."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from gateways.payments import GatewayProblem, SaleOrder
from models import (
    Account,
    AttemptState,
    FindingKind,
    GatewayFinding,
    InvoiceState,
    Notification,
    NotificationKind,
    Payment,
    PaymentAttempt,
    PostingLine,
)
from tests import money_world
from tests.databases import count
from workflows import settings
from workflows.billing import comparing, findings, invoicing, ledger, paying, reconciling, refunding, sums
from workflows.errors import NotAllowed

D = Decimal
pytestmark = pytest.mark.covers("M4", "M5")


@pytest.fixture
def payment(cast, desk, issued):
    attempt = paying.pay(
        cast.alice, submit_key="key-of-the-form-0001", targets=[(issued(), D(40))], nonce="fake-valid-nonce",
        actor=cast.as_alice, gateway=desk,
    )  # fmt: skip
    return attempt.payment


def night(desk, clock_at):
    clock_at(clock.now() + dt.timedelta(hours=2))
    n_new = comparing.compare(gateway=desk)
    assert comparing.compare(gateway=desk) == 0, "told twice"
    return n_new, list(db.session.scalars(sa.select(GatewayFinding.kind).order_by(GatewayFinding.id)))


def test_nothing_differs(cast, desk, payment, clock_at):
    desk.demo().settle(payment.gateway_transaction_id)
    refunding.refund(
        payment, amount=D(10), reason="x", submit_key="key-of-the-refund-01", actor=cast.as_olivia, gateway=desk
    )
    assert night(desk, clock_at) == (0, [])


def test_money_that_we_know_nothing_of(cast, desk, payment, clock_at):
    desk.sale(SaleOrder(order_id="another_shop", amount=D(9), currency="USD", nonce="fake-valid-visa-nonce"))
    assert night(desk, clock_at) == (1, [FindingKind.ORPHAN])
    finding = db.session.scalars(sa.select(GatewayFinding)).one()
    assert (finding.facts["amount"], finding.facts["order_id"]) == ("9.00", "another_shop")
    assert count(Notification, Notification.kind == NotificationKind.BOOKS_DIFFER) == 1
    with pytest.raises(NotAllowed):
        findings.dismiss(finding, actor=cast.as_alice)
    findings.dismiss(finding, actor=cast.as_olivia)
    db.session.commit()
    assert findings.n_open() == 0
    assert comparing.compare(gateway=desk) == 0


def test_a_booked_charge_that_the_gateway_does_not_know(desk, payment, clock_at):
    payment.gateway_transaction_id = "neverwas"
    payment.attempt.gateway_transaction_id = "neverwas"
    db.session.commit()
    n_new, kinds = night(desk, clock_at)
    assert FindingKind.MISSING in kinds
    assert n_new == len(kinds)


def test_another_amount_than_is_booked(desk, payment, clock_at):
    desk.reduce(payment.gateway_transaction_id, D(35), currency="USD")
    assert night(desk, clock_at) == (1, [FindingKind.AMOUNT])


@pytest.mark.parametrize("settled", [True, False])
def test_money_that_somebody_gave_back_in_the_gateways_own_pages(desk, payment, clock_at, settled):
    if settled:
        desk.demo().settle(payment.gateway_transaction_id)
    desk.reverse(payment.gateway_transaction_id)
    assert night(desk, clock_at) == (1, [FindingKind.FOREIGN_REFUND])


def test_a_gateway_that_cannot_be_asked_is_no_difference(desk, payment, clock_at):
    clock_at(clock.now() + dt.timedelta(hours=2))
    desk.simulator.fault("*", "503_before", times=None)
    with pytest.raises(GatewayProblem):
        comparing.compare(gateway=desk)
    db.session.rollback()
    assert count(GatewayFinding) == 0


def test_a_part_that_was_taken_only_is_booked_as_it_is_and_told(cast, desk, issued):
    """The gateway took less than was asked for: invoices first, the tip goes short."""
    settings.change({"portal.tips": True}, actor=cast.as_olivia)
    invoice = issued()

    class Short:
        def __getattr__(self, name):
            return getattr(desk, name)

        def sale(self, order, *, repeat=False):
            answer = desk.sale(order, repeat=repeat)
            desk.reduce(answer.transaction.id, D(42), currency="USD")
            import dataclasses

            return dataclasses.replace(answer, transaction=desk.find(answer.transaction.id), mismatch=True)

    attempt = paying.pay(
        cast.alice, submit_key="key-of-the-form-0001", targets=[(invoice, D(40))], tip=D(5), nonce="fake-valid-nonce",
        actor=cast.as_alice, gateway=Short(),
    )  # fmt: skip
    assert (attempt.payment.amount, attempt.payment.tip_amount) == (D(40), D(2))
    assert invoice.state is InvoiceState.PAID
    assert db.session.scalars(sa.select(GatewayFinding.kind)).all() == [FindingKind.AMOUNT]
    money_world.agree(desk)


def test_money_in_another_currency_is_given_back_and_told(cast, desk, issued, clock_at):
    invoice = issued()

    class Abroad:
        """A gateway whose merchant account is set up wrong: it takes euros."""

        def __getattr__(self, name):
            return getattr(desk, name)

        def find_by_order(self, order_id):
            import dataclasses

            return [dataclasses.replace(one, currency="EUR") for one in desk.find_by_order(order_id)]

        def sale(self, order, *, repeat=False):
            import dataclasses

            answer = desk.sale(order, repeat=repeat)
            return dataclasses.replace(answer, transaction=dataclasses.replace(answer.transaction, currency="EUR"))

    abroad = Abroad()
    attempt = paying.pay(
        cast.alice, submit_key="key-of-the-form-0001", targets=[(invoice, D(40))], nonce="fake-valid-nonce",
        actor=cast.as_alice, gateway=abroad,
    )  # fmt: skip
    assert attempt.state is AttemptState.UNKNOWN
    money_world.later(clock_at, abroad, minutes=15)
    assert attempt.state is AttemptState.DECLINED
    assert (count(Payment), money_world.held(desk)) == (0, 0)
    assert invoice.state is InvoiceState.OPEN
    assert db.session.scalars(sa.select(GatewayFinding.kind)).all() == [FindingKind.AMOUNT]


def test_a_late_charge_for_an_invoice_that_was_voided_meanwhile_is_credit(cast, desk, issued, clock_at):
    invoice = issued()
    desk.simulator.fault("sale", "reset_before", times=2)
    attempt = paying.pay(
        cast.alice, submit_key="key-of-the-form-0001", targets=[(invoice, D(40))], nonce="fake-valid-nonce",
        actor=cast.as_alice, gateway=desk,
    )  # fmt: skip
    money_world.later(clock_at, desk, minutes=20)
    assert attempt.state is AttemptState.NOT_CHARGED
    invoicing.void(invoice, actor=cast.as_olivia, reason="Wrong client")
    db.session.commit()
    desk.sale(SaleOrder(order_id=attempt.order_id, amount=D(40), currency="USD", nonce="fake-valid-nonce"))
    clock_at(clock.now() + dt.timedelta(hours=3))
    reconciling.look_again(gateway=desk)
    db.session.expire_all()
    assert attempt.state is AttemptState.SUCCEEDED
    assert (invoice.state, sums.client_money(cast.alice.id).credit) == (InvoiceState.VOID, D(40))
    money_world.agree(desk)


def test_books_check_says_whether_they_are_right(app, cast, desk, payment):
    db.session.commit()
    fine = app.test_cli_runner().invoke(args=["books", "check"])
    assert (fine.exit_code, fine.output) == (0, "The books are right.\n")
    line = db.session.scalars(sa.select(PostingLine).where(PostingLine.account == Account.GATEWAY)).one()
    line.amount += 1
    db.session.commit()
    broken = app.test_cli_runner().invoke(args=["books", "check"])
    assert broken.exit_code == 1
    assert "payment.received" in broken.output
    assert ledger.account_balance(Account.GATEWAY) == D(41)
    assert count(PaymentAttempt) == 1


def test_the_nights_proof_tells_home_once_a_day(app, cast, desk, payment):
    from application import tasks

    app.extensions["gateway"] = desk
    tasks.money.compare_books(app)
    assert count(Notification, Notification.kind == NotificationKind.BOOKS_DIFFER) == 0
    line = db.session.scalars(sa.select(PostingLine).where(PostingLine.account == Account.GATEWAY)).one()
    line.amount += 1
    db.session.commit()
    for _ in range(2):
        tasks.money.compare_books(app)
    db.session.expire_all()
    assert count(Notification, Notification.kind == NotificationKind.BOOKS_DIFFER) == 1
