"""Webhooks: believed only with our gateway's signature, and whatever else comes is refused in one way."""

import base64
import datetime as dt
import hashlib
import hmac
from decimal import Decimal

import pytest
from werkzeug.wrappers import Request, Response

from foundation import clock
from gateways import choose
from gateways.demo import DemoGateway, webhooks
from gateways.events import BadWebhook, DisputeNews, EventKind
from gateways.payments import Answer, GatewayProblem, Mandate, SaleOrder


@pytest.fixture
def pair():
    """The adapter, and its desk."""
    gateway = choose.over(DemoGateway())
    gateway.ensure_customer("ann", first="Ann", last="Archer", email="ann@example.com")
    return gateway, gateway.demo()


def charged(gateway, amount="40.00", *, bank=False, order_id="pay-1"):
    mandate = Mandate(text="I allow it.", accepted_at=clock.now()) if bank else None
    nonce = "fake-us-bank-account-nonce" if bank else "fake-valid-nonce"
    kept = gateway.store_method("ann", nonce, verify_card=True, mandate=mandate)
    order = SaleOrder(order_id=order_id, amount=Decimal(amount), currency="USD", payment_method_token=kept.method.token)
    done = gateway.sale(order)
    assert done.answer is Answer.SUCCEEDED
    return done.transaction.id


def sign(gateway, payload: bytes) -> str:
    keys = gateway.simulator.keys
    secret = hashlib.sha1(keys.private_key.encode()).digest()  # noqa: S324 -- the wire protocol says so
    return f"{keys.public_key}|{hmac.new(secret, payload, hashlib.sha1).hexdigest()}"


# ------------------------------------------------------------------------------------------------------ what it says


def test_settlement_of_a_bank_debit_is_told_and_that_of_a_card_is_not(pair):
    gateway, desk = pair
    card, debit = charged(gateway), charged(gateway, bank=True, order_id="pay-2")
    assert desk.settle(card) is None
    told = desk.settle(debit)
    event = gateway.parse_webhook(told.signature, told.payload)
    assert (event.kind, event.raw_kind, event.at) == (EventKind.TRANSACTION_SETTLED, "transaction_settled", clock.now())
    assert (event.transaction_id, event.order_id, event.dispute) == (debit, "pay-2", None)
    assert event.digest == hashlib.sha256(told.payload.encode()).hexdigest()
    assert gateway.find(card).settled
    assert gateway.find(debit).settled


def test_bank_may_return_a_debit_also_after_it_settled(pair):
    gateway, desk = pair
    debit = charged(gateway, bank=True)
    desk.settle(debit)
    told = desk.bank_return(debit)
    event = gateway.parse_webhook(told.signature, told.payload)
    assert (event.kind, event.transaction_id) == (EventKind.TRANSACTION_SETTLEMENT_DECLINED, debit)
    assert gateway.find(debit).status.is_bad
    with pytest.raises(GatewayProblem):
        desk.bank_return(debit)


def test_refund_that_fails_later_names_the_refund(pair):
    gateway, desk = pair
    sale = charged(gateway)
    desk.settle(sale)
    made = gateway.refund(sale, Decimal(5), currency="USD", order_id="ref-1").transaction
    told = desk.refund_fails(made.id)
    event = gateway.parse_webhook(told.signature, told.payload)
    assert (event.kind, event.transaction_id, event.order_id) == (EventKind.REFUND_FAILED, made.id, "ref-1")
    assert gateway.find(made.id).status.is_bad
    # What failed can be given back again.
    assert gateway.refund(sale, Decimal(40), currency="USD", order_id="ref-2").answer is Answer.SUCCEEDED
    with pytest.raises(GatewayProblem):
        desk.refund_fails(sale)


@pytest.mark.parametrize(
    ("end", "status", "won"), [("lose_dispute", "lost", None), ("win_dispute", "won", Decimal("12.00"))]
)
def test_dispute_is_opened_and_ended(pair, end, status, won):
    gateway, desk = pair
    sale = charged(gateway)
    told = desk.open_dispute(sale, Decimal(12))
    opened = gateway.parse_webhook(told.signature, told.payload)
    assert (opened.kind, opened.transaction_id, opened.order_id) == (EventKind.DISPUTE_OPENED, sale, "pay-1")
    assert opened.dispute == DisputeNews(
        id=opened.dispute.id, amount_disputed=Decimal("12.00"), amount_won=None, currency="USD",
        reply_by=dt.date(2026, 12, 7), status="open", reason="fraud",
    )  # fmt: skip
    with pytest.raises(GatewayProblem):
        desk.open_dispute(sale)
    told = getattr(desk, end)(sale)
    ended = gateway.parse_webhook(told.signature, told.payload)
    assert (ended.kind, ended.kind.is_dispute) == (EventKind(f"dispute_{status}"), True)
    assert (ended.dispute.id, ended.dispute.status, ended.dispute.amount_won) == (opened.dispute.id, status, won)
    with pytest.raises(GatewayProblem):
        getattr(desk, end)(sale)


def test_only_a_card_that_was_charged_is_disputed(pair):
    gateway, desk = pair
    for id_ in (charged(gateway, bank=True), "nothing"):
        with pytest.raises(GatewayProblem):
            desk.open_dispute(id_)


@pytest.mark.parametrize("kind", ["yen", "dinar"])
def test_disputed_amount_is_in_its_own_currency(pair, kind):
    gateway, desk = pair
    currency, text = {"yen": ("JPY", "900"), "dinar": ("KWD", "9.125")}[kind]
    order = SaleOrder(order_id="x", amount=Decimal(text), currency=currency, nonce="fake-valid-nonce")
    told = desk.open_dispute(gateway.sale(order).transaction.id)
    dispute = gateway.parse_webhook(told.signature, told.payload).dispute
    assert (str(dispute.amount_disputed), dispute.currency) == (text, currency)


@pytest.mark.parametrize(
    ("kind", "ours"),
    [
        ("check", EventKind.CHECK),
        ("dispute_accepted", EventKind.DISPUTE_ACCEPTED),
        ("dispute_auto_accepted", EventKind.DISPUTE_ACCEPTED),
        ("dispute_expired", EventKind.DISPUTE_EXPIRED),
        ("dispute_under_review", EventKind.DISPUTE_UNDER_REVIEW),
        ("dispute_disputed", EventKind.DISPUTE_DISPUTED),
        ("dispute_won", EventKind.DISPUTE_WON),
        ("refund_failed", EventKind.REFUND_FAILED),
        ("transaction_settled", EventKind.TRANSACTION_SETTLED),
        ("transaction_settlement_declined", EventKind.TRANSACTION_SETTLEMENT_DECLINED),
        ("payment_method_revoked_by_customer", EventKind.METHOD_REVOKED),
        ("transaction_disbursed", EventKind.OTHER),
        ("subscription_canceled", EventKind.OTHER),
        ("account_updater_daily_report", EventKind.OTHER),
    ],
)
@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
def test_samples_of_the_sdk_are_read(pair, kind, ours):
    gateway, _desk = pair
    sample = gateway._sdk.webhook_testing.sample_notification(kind, "abc123")
    event = gateway.parse_webhook(sample["bt_signature"], sample["bt_payload"].decode())
    assert (event.kind, event.raw_kind) == (ours, kind)
    assert (event.dispute is not None) == ours.is_dispute
    assert event.at.tzinfo is dt.UTC
    told = {EventKind.REFUND_FAILED, EventKind.TRANSACTION_SETTLED, EventKind.TRANSACTION_SETTLEMENT_DECLINED}
    if ours in told or ours.is_dispute:
        assert event.transaction_id == "abc123"


# ------------------------------------------------------------------------------------------------------- impostors


def test_same_event_twice_has_the_same_digest(pair):
    gateway, desk = pair
    told = desk.open_dispute(charged(gateway))
    first, again = (gateway.parse_webhook(told.signature, told.payload) for _twice in range(2))
    assert first == again


def test_old_notification_is_dated_as_it_was(pair):
    gateway, _desk = pair
    at = dt.datetime(2020, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    told = webhooks.signed(gateway.simulator.keys, "check", "check", {}, at=at)
    assert gateway.parse_webhook(told.signature, told.payload).at == at


def test_signature_of_another_install_is_refused(pair):
    gateway, _desk = pair
    other = choose.over(DemoGateway())
    told = other.demo().open_dispute(other.sale(SaleOrder(order_id="a", amount=Decimal(5), currency="USD", nonce="fake-valid-nonce")).transaction.id)  # fmt: skip
    with pytest.raises(BadWebhook):
        gateway.parse_webhook(told.signature, told.payload)
    forged = f"{gateway.simulator.keys.public_key}|{told.signature.partition('|')[2]}"
    with pytest.raises(BadWebhook):
        gateway.parse_webhook(forged, told.payload)


def changed(told, how):
    signature, payload = told.signature, told.payload
    altered = base64.encodebytes(base64.b64decode(payload).replace(b"40.00", b"10.00")).decode()
    return {
        "no signature": ("", payload),
        "no payload": (signature, ""),
        "altered payload": (signature, altered),
        "altered signature": (signature[:-1] + ("0" if signature[-1] != "0" else "1"), payload),
        "three parts": ("a|b|c", payload),
        "three parts of ours": (signature + "|c", payload),
        "no bar": ("abc", payload),
        "bars": ("|" * 5000, payload),
        "non-ASCII payload": (signature, "é" + payload),
        "non-ASCII signature": (signature[:-1] + "é", payload),
        "surrogate": (signature, "\ud800" + payload),
        "control characters": (signature, payload + "\x00"),
        "very long": (signature, "A" * (2**20 + 1)),
        "very long signature": ("a" * (2**20 + 1), payload),
    }[how]


@pytest.mark.parametrize(
    "how",
    ["no signature", "no payload", "altered payload", "altered signature", "three parts", "three parts of ours", "no bar", "bars",
     "non-ASCII payload", "non-ASCII signature", "surrogate", "control characters", "very long", "very long signature"],
)  # fmt: skip
def test_what_is_not_ours_is_refused_in_one_way(pair, how):
    gateway, desk = pair
    told = desk.open_dispute(charged(gateway))
    gateway.parse_webhook(told.signature, told.payload)
    with pytest.raises(BadWebhook):
        gateway.parse_webhook(*changed(told, how))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"not xml", b"<notification/>", b"<other/>", b"<notification><kind>check</kind></notification>",
        b"<notification><kind>dispute_lost</kind><timestamp type='datetime'>soon</timestamp><subject/></notification>",
        b"<a>" * 3000,
    ],
)  # fmt: skip
def test_nonsense_with_a_right_signature_is_refused_in_the_same_way(pair, content):
    gateway, _desk = pair
    payload = base64.encodebytes(content)
    with pytest.raises(BadWebhook):
        gateway.parse_webhook(sign(gateway, payload), payload.decode())


def test_challenge_is_answered_and_nothing_else(pair):
    gateway, _desk = pair
    public, digest = gateway.webhook_challenge("ab" * 12).split("|")
    assert public == gateway.simulator.keys.public_key
    assert len(digest) == 40
    for wrong in ("", "xyz", "AB" * 12, "a" * 33, "é" * 24, "ab" * 12 + "<script>"):
        with pytest.raises(BadWebhook):
            gateway.webhook_challenge(wrong)


def test_webhook_is_delivered_to_our_own_address_as_a_form(pair):
    gateway, desk = pair
    seen = []

    @Request.application
    def ours(request):
        event = gateway.parse_webhook(request.form["bt_signature"], request.form["bt_payload"])
        seen.append((request.method, request.url, event.kind))
        return Response(status=204)

    told = desk.open_dispute(charged(gateway))
    assert desk.deliver(ours, told, base_url="https://portal.example.com") == 204
    assert seen == [("POST", "https://portal.example.com/webhooks/braintree", EventKind.DISPUTE_OPENED)]
