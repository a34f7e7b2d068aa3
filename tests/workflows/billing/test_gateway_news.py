"""What the gateway tells: kept once, true only after a look, in any order; returns and disputes, and their money."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from gateways import choose
from gateways.demo import DemoGateway
from gateways.events import BadWebhook, DisputeNews, EventKind
from gateways.payments import Mandate
from models import (
    Account,
    Dispute,
    DisputeState,
    EventState,
    GatewayEvent,
    InvoiceState,
    MethodKind,
    Notification,
    NotificationKind,
    PaymentState,
    RefundState,
)
from tests import money_factories
from tests.databases import count
from workflows import settings
from workflows.actors import WORKER
from workflows.billing import books, disputes, gateway_events, ledger, paying, refunding, settling, sums
from workflows.errors import WorkflowError, WrongState
from workflows.mail_facts import MailKind

D = Decimal
pytestmark = pytest.mark.covers("M4", "M5")
HOOK = "/webhooks/braintree"


@pytest.fixture
def by_card(cast, desk, issued):
    def make(total="40.00", key="key-of-the-form-0001", **more):
        invoice = issued(total)
        attempt = paying.pay(
            cast.alice, submit_key=key, targets=[(invoice, D(total))], gateway=desk,
            **{"nonce": "fake-valid-nonce", "actor": cast.as_alice, **more},
        )  # fmt: skip
        assert attempt.payment, attempt.message
        return attempt.payment, invoice

    return make


@pytest.fixture
def by_bank(cast, by_card):
    settings.change({"portal.bank_accounts": True, "portal.tips": True}, actor=cast.as_olivia)

    def make(**more):
        mandate = Mandate(text="I authorize you.", accepted_at=clock.now())
        return by_card(nonce="fake-us-bank-account-nonce", kind=MethodKind.BANK, mandate=mandate, **more)

    return make


def hear(desk, webhook):
    row = gateway_events.receive(webhook.signature, webhook.payload, gateway=desk)
    db.session.commit()
    gateway_events.process(gateway=desk)
    db.session.expire_all()
    return row


def test_a_bank_payment_is_pending_until_it_settles(desk, by_bank):
    payment, _invoice = by_bank()
    assert payment.settled_at is None
    event = hear(desk, desk.demo().settle(payment.gateway_transaction_id))
    assert event.state is EventState.DONE
    assert payment.settled_at == clock.now()


def test_a_card_settles_without_a_message_and_is_asked_for(desk, by_card):
    payment, _invoice = by_card()
    assert settling.poll(gateway=desk) == 0
    desk.demo().settle(payment.gateway_transaction_id)
    assert settling.poll(gateway=desk) == 1
    db.session.expire_all()
    assert payment.settled_at == clock.now()
    assert settling.poll(gateway=desk) == 0


@pytest.mark.parametrize(
    ("code", "blocks"), [("R01", False), *((c, True) for c in ("R02", "R03", "R04", "R07", "R10"))]
)
@pytest.mark.parametrize("settled", [True, False])
def test_a_debit_comes_back_also_after_it_settled(cast, desk, by_bank, outbox, code, blocks, settled):
    payment, invoice = by_bank(tip=D(5))
    if settled:
        hear(desk, desk.demo().settle(payment.gateway_transaction_id))
    event = hear(desk, desk.demo().bank_return(payment.gateway_transaction_id, code))
    assert event.state is EventState.DONE
    assert (payment.state, payment.end_reason) == (PaymentState.RETURNED, code)
    assert (invoice.state, sums.outstanding(invoice)) == (InvoiceState.OPEN, D(40))
    assert (payment.method.blocked_at is not None) == blocks
    assert payment.tip_shares == []
    assert [ledger.account_balance(a) for a in (Account.GATEWAY, Account.CLIENT_CREDIT, Account.TIPS_PAYABLE)] == [
        0,
        0,
        0,
    ]
    facts = outbox.facts(MailKind.PAYMENT_RETURNED)
    assert (facts.numbers, facts.is_blocked) == ((invoice.number,), blocks)
    assert count(Notification, Notification.kind == NotificationKind.PAYMENT_RETURNED) == 1
    assert books.check() == []
    again = paying.can_pay(cast.alice, [invoice])
    assert again is None


def test_a_refund_of_a_debit_that_comes_back_is_our_loss_and_the_books_say_so(cast, desk, by_bank):
    payment, _invoice = by_bank()
    hear(desk, desk.demo().settle(payment.gateway_transaction_id))
    row = refunding.refund(
        payment, amount=D(10), reason="Kindness", submit_key="key-of-the-refund-01", actor=cast.as_olivia, gateway=desk
    )
    assert row.state is RefundState.SUCCEEDED
    hear(desk, desk.demo().bank_return(payment.gateway_transaction_id))
    assert payment.state is PaymentState.RETURNED
    assert ledger.account_balance(Account.BAD_DEBT) == D(10)
    assert ledger.account_balance(Account.GATEWAY) == D(-10)
    assert books.check() == []


def test_the_same_message_again_or_late_changes_nothing_twice(desk, by_bank):
    payment, _invoice = by_bank()
    settled = desk.demo().settle(payment.gateway_transaction_id)
    back = desk.demo().bank_return(payment.gateway_transaction_id)
    for webhook in (back, back, settled, back, settled):  # also out of order
        hear(desk, webhook)
    assert count(GatewayEvent) == 2
    assert payment.state is PaymentState.RETURNED
    assert count(Notification, Notification.kind == NotificationKind.PAYMENT_RETURNED) == 1
    assert books.check() == []


def test_a_message_before_our_commit_waits_and_is_worked_on_afterwards(cast, desk, issued):
    """The bank is so quick that its word comes while our own answer is still on the way."""
    settings.change({"portal.bank_accounts": True}, actor=cast.as_olivia)
    invoice, heard = issued(), []

    class Quick:
        def __getattr__(self, name):
            return getattr(desk, name)

        def sale(self, order, *, repeat=False):
            answer = desk.sale(order, repeat=repeat)
            heard.append(hear(desk, desk.demo().settle(answer.transaction.id)))
            db.session.commit()
            return answer

    attempt = paying.pay(
        cast.alice, submit_key="key-of-the-form-0001", targets=[(invoice, D(40))], nonce="fake-us-bank-account-nonce",
        kind=MethodKind.BANK, mandate=Mandate(text="Yes", accepted_at=clock.now()), actor=cast.as_alice, gateway=Quick(),
    )  # fmt: skip
    (event,) = heard
    assert event.state is EventState.UNMATCHED
    assert gateway_events.process(gateway=desk) == 1
    db.session.expire_all()
    assert event.state is EventState.DONE
    assert attempt.payment.settled_at is not None


def test_a_refund_that_the_bank_sends_back_puts_all_as_it_was(cast, desk, by_card):
    payment, invoice = by_card()
    desk.demo().settle(payment.gateway_transaction_id)
    row = refunding.refund(
        payment, amount=D(15), reason="x", submit_key="key-of-the-refund-01", actor=cast.as_olivia, gateway=desk
    )
    assert sums.outstanding(invoice) == D(15)
    hear(desk, desk.demo().refund_fails(row.gateway_transaction_id))
    assert row.state is RefundState.FAILED
    assert (invoice.state, refunding.refundable(payment)) == (InvoiceState.PAID, D(40))
    assert ledger.account_balance(Account.GATEWAY) == D(40)
    assert books.check() == []


def test_a_dispute_is_told_blocks_refunds_and_leaves_the_invoice_paid(cast, desk, by_card, outbox):
    payment, invoice = by_card()
    desk.demo().settle(payment.gateway_transaction_id)
    hear(desk, desk.demo().open_dispute(payment.gateway_transaction_id))
    dispute = db.session.scalars(sa.select(Dispute)).one()
    assert (dispute.state, dispute.amount_disputed, invoice.state) == (DisputeState.OPEN, D(40), InvoiceState.PAID)
    assert dispute.reply_by is not None
    assert outbox.facts(MailKind.DISPUTE_OPENED).reply_by == dispute.reply_by.isoformat()
    with pytest.raises(WrongState) as refusal:
        refunding.refund(
            payment, amount=D(5), reason="x", submit_key="key-of-the-refund-01", actor=cast.as_olivia, gateway=desk
        )
    assert refusal.value.code == "disputed"
    db.session.rollback()
    hear(desk, desk.demo().win_dispute(payment.gateway_transaction_id))
    assert (dispute.state, invoice.state) == (DisputeState.WON, InvoiceState.PAID)
    assert ledger.account_balance(Account.GATEWAY) == D(40)


@pytest.mark.parametrize("amount", ["40.00", "45.00", "12.00"])
def test_a_lost_dispute_takes_the_money_and_a_late_win_brings_it_back(cast, desk, by_card, amount):
    settings.change({"portal.tips": True}, actor=cast.as_olivia)
    payment, invoice = by_card(tip=D(5))
    desk.demo().settle(payment.gateway_transaction_id)
    opened = desk.demo().open_dispute(payment.gateway_transaction_id, D(amount))
    lost = desk.demo().lose_dispute(payment.gateway_transaction_id)
    for webhook in (lost, opened, lost):  # the first message comes second
        hear(desk, webhook)
    dispute = db.session.scalars(sa.select(Dispute)).one()
    assert dispute.state is DisputeState.LOST
    assert dispute.amount_lost + dispute.tip_lost == D(amount)
    assert sums.outstanding(invoice) == min(D(amount), D(40))
    assert ledger.account_balance(Account.GATEWAY) == D(45) - D(amount)
    assert refunding.refundable(payment) == D(45) - D(amount)
    assert books.check() == []
    news = DisputeNews(
        id=dispute.gateway_dispute_id, amount_disputed=D(amount), amount_won=D(amount), currency="USD", reply_by=None,
        status="won",
    )  # fmt: skip
    for _ in range(2):
        disputes.hear(news, EventKind.DISPUTE_WON, payment, actor=WORKER)
        db.session.commit()
    assert dispute.state is DisputeState.WON
    assert invoice.state is InvoiceState.PAID
    assert ledger.account_balance(Account.GATEWAY) == D(45)
    assert sum(s.amount for s in payment.tip_shares) == D(5)
    assert books.check() == []


@pytest.mark.covers("M4", "M6")
@pytest.mark.parametrize("late", [False, True])
def test_a_dispute_that_is_won_in_part_takes_only_the_rest(cast, desk, by_card, late):
    payment, invoice = by_card()
    desk.demo().settle(payment.gateway_transaction_id)
    hear(desk, desk.demo().open_dispute(payment.gateway_transaction_id, D(30)))
    dispute = db.session.scalars(sa.select(Dispute)).one()
    if late:  # first it looked lost
        hear(desk, desk.demo().lose_dispute(payment.gateway_transaction_id))
        assert sums.outstanding(invoice) == D(30)
        news = DisputeNews(
            id=dispute.gateway_dispute_id, amount_disputed=D(30), amount_won=D(18), currency="USD", reply_by=None, status="won"
        )  # fmt: skip
        disputes.hear(news, EventKind.DISPUTE_WON, payment, actor=WORKER)
        db.session.commit()
    else:
        webhook = desk.demo().win_dispute(payment.gateway_transaction_id, D(18))
        for _ in range(2):
            hear(desk, webhook)
    assert (dispute.state, dispute.amount_lost) == (DisputeState.WON, D(12))
    assert (sums.outstanding(invoice), refunding.refundable(payment)) == (D(12), D(28))
    assert ledger.account_balance(Account.GATEWAY) == D(28)
    assert books.check() == []


def test_a_message_about_money_of_others_waits_for_a_person(cast, desk, by_bank):
    payment, _invoice = by_bank()
    webhook = desk.demo().settle(payment.gateway_transaction_id)
    payment.gateway_transaction_id = "somebody-elses"
    db.session.commit()
    event = hear(desk, webhook)
    assert event.state is EventState.UNMATCHED
    gateway_events.dismiss(event, actor=cast.as_olivia, remark="The other shop's")
    db.session.commit()
    assert gateway_events.process(gateway=desk) == 0
    db.session.expire_all()
    assert event.state is EventState.DISMISSED


def test_messages_of_another_shop_keep_ours_neither_waiting_nor_unmatched(desk, by_bank, monkeypatch):
    monkeypatch.setattr(gateway_events, "AT_ONCE", 2)
    payment, _invoice = by_bank()
    told = desk.demo().settle(payment.gateway_transaction_id)
    ours, payment.gateway_transaction_id = payment.gateway_transaction_id, "not yet known"
    facts = {"what": EventKind.TRANSACTION_SETTLED.value, "transaction_id": "of-the-other-shop"}
    for _ in range(4):
        money_factories.gateway_event(state=EventState.UNMATCHED, facts=facts)
    event = hear(desk, told)
    assert event.state is EventState.UNMATCHED
    payment.gateway_transaction_id = ours
    db.session.commit()
    assert gateway_events.process(gateway=desk) == 1
    db.session.expire_all()
    assert (event.state, payment.settled_at) == (EventState.DONE, clock.now())


def test_the_address_keeps_what_is_signed_and_nothing_else(app, desk, by_bank, http):
    payment, _invoice = by_bank()
    webhook = desk.demo().settle(payment.gateway_transaction_id)
    good = {"bt_signature": webhook.signature, "bt_payload": webhook.payload}
    stranger = http()
    for bad in (
        {}, {"bt_signature": "a|b|c", "bt_payload": webhook.payload}, {**good, "bt_payload": webhook.payload[:-9] + "AAAAAAAA\n"},
        {**good, "bt_payload": "Ünïcode"}, {"bt_signature": webhook.signature}, {**good, "bt_signature": ""},
    ):  # fmt: skip
        assert stranger.post(HOOK, data=bad).status_code == 400, bad
    assert stranger.post(HOOK, data={**good, "bt_payload": "x" * 300_000}).status_code in {400, 413}
    assert count(GatewayEvent) == 0
    for _ in range(2):
        assert stranger.post(HOOK, data=good).status_code == 204
    assert count(GatewayEvent) == 1
    assert stranger.get(HOOK).status_code == 400
    assert stranger.get(f"{HOOK}?bt_challenge=<script>").status_code == 400
    answer = stranger.get(f"{HOOK}?bt_challenge=20f9f8ed05f77439fe955c977e4c8a53")
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")


def test_what_the_demo_signed_is_refused_once_real_keys_are_set(app, desk, by_bank, http):
    payment, _invoice = by_bank()
    webhook = desk.demo().settle(payment.gateway_transaction_id)
    real = choose.Choice("sandbox", "merchant", "public_key", "private_key_of_ours")
    app.extensions["gateway"] = choose.gateway(real, None)
    data = {"bt_signature": webhook.signature, "bt_payload": webhook.payload}
    assert http().post(HOOK, data=data).status_code == 400
    app.extensions["gateway"] = choose.over(DemoGateway())  # another install's demo, with other keys
    assert http().post(HOOK, data=data).status_code == 400
    assert count(GatewayEvent) == 0


def test_without_a_gateway_nothing_is_heard(desk):
    off = choose.gateway(choose.Choice("off"), None)
    with pytest.raises(BadWebhook):
        gateway_events.receive("x", "y", gateway=off)
    assert gateway_events.process(gateway=off) == settling.poll(gateway=off) == 0


def test_only_unmatched_messages_can_be_dismissed_and_only_by_the_office(cast, desk, by_bank):
    payment, _invoice = by_bank()
    event = hear(desk, desk.demo().settle(payment.gateway_transaction_id))
    for actor in (cast.as_alice, cast.as_olivia):
        with pytest.raises(WorkflowError):
            gateway_events.dismiss(event, actor=actor)
        db.session.rollback()
