"""The same promises at Braintree's real sandbox: `BRAINTREE_SANDBOX_MERCHANT_ID=… _PUBLIC_KEY=… _PRIVATE_KEY=… pytest -m sandbox`."""

import datetime as dt
import secrets
from decimal import Decimal

import pytest

from gateways.braintree_gateway import BraintreeGateway, Keys
from gateways.payments import Answer, SaleOrder

pytestmark = pytest.mark.sandbox


@pytest.fixture
def sandbox(sandbox_keys):
    return BraintreeGateway(Keys(*sandbox_keys, "sandbox"))


def order(amount="10.00", **more):
    id_ = secrets.token_hex(8)
    first = {
        "order_id": id_,
        "amount": Decimal(amount),
        "currency": "USD",
        "request_key": id_,
        "nonce": "fake-valid-nonce",
    }
    return SaleOrder(**{**first, **more})


def test_keys_are_good(sandbox):
    sandbox.check()


def test_charge_is_found_by_its_order_and_given_back_once(sandbox):
    wanted = order()
    done = sandbox.sale(wanted)
    assert (done.answer, done.transaction.order_id, done.transaction.amount) == (
        Answer.SUCCEEDED,
        wanted.order_id,
        wanted.amount,
    )
    assert [one.id for one in sandbox.find_by_order(wanted.order_id)] in ([done.transaction.id], [])
    back = sandbox.reverse(done.transaction.id)
    assert (back.answer, back.voided) == (Answer.SUCCEEDED, True)
    assert sandbox.reverse(done.transaction.id).answer is Answer.REJECTED


@pytest.mark.parametrize(
    ("more", "answer"),
    [
        ({"amount": "2000.00"}, "declined"),
        ({"amount": "5001.00"}, "declined"),
        ({"nonce": "fake-consumed-nonce"}, "rejected"),
        ({"nonce": "fake-gateway-rejected-fraud-nonce"}, "declined"),
    ],
)
def test_refusals_are_told_apart(sandbox, more, answer):
    assert sandbox.sale(order(**more)).answer == answer


def test_card_is_kept_and_charged(sandbox):
    customer_id = f"test-{secrets.token_hex(6)}"
    sandbox.ensure_customer(customer_id, first="Ann", last="Archer", email="ann@example.com")
    kept = sandbox.store_method(customer_id, "fake-valid-visa-nonce", verify_card=True)
    assert (kept.answer, kept.method.last4, kept.method.is_expired) == (Answer.SUCCEEDED, "1881", False)
    done = sandbox.sale(order(nonce=None, payment_method_token=kept.method.token, customer_id=customer_id))
    assert (done.answer, done.transaction.method.token) == (Answer.SUCCEEDED, kept.method.token)
    sandbox.delete_method(kept.method.token)
    assert sandbox.find_method(kept.method.token) is None


def test_repeat_with_a_key_is_the_same_charge_or_unknown(sandbox):
    wanted = order()
    first, again = sandbox.sale(wanted), sandbox.sale(wanted, repeat=True)
    assert again.key_refused or again.transaction.id == first.transaction.id


def test_search_by_day_is_understood(sandbox):
    made = sandbox.sale(order()).transaction
    # The index may lag, so that this one need not be there yet.
    for one in sandbox.created_between(made.created_at - dt.timedelta(minutes=5), made.created_at):
        assert made.created_at - dt.timedelta(minutes=5) <= one.created_at <= made.created_at
