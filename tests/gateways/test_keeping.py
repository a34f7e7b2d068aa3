"""Cards and bank accounts in the vault, and the customers whose they are."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest

from foundation import clock
from gateways.payments import Answer, GatewayProblem, Mandate, StoredMethod
from tests.gateways.test_charging import LOST


def mandate():
    return Mandate(text="I allow Paws & Co. to debit my account.", accepted_at=clock.now())


def test_card_is_kept_checked_shown_and_forgotten(twin):
    card = twin.card(nonce="fake-valid-amex-nonce")
    assert card == StoredMethod(
        kind="card", brand="American Express", last4="0005", expires="2028-12", token=card.token, verified=True,
        verification_status="verified", awaits_deposits=False, is_expired=False, customer_id="ann",
    )  # fmt: skip
    assert twin.gateway.find_method(card.token) == card
    for _twice in range(2):
        twin.gateway.delete_method(card.token)
    assert twin.gateway.find_method(card.token) is None
    assert twin.gateway.sale(twin.order(payment_method_token=card.token)).answer is Answer.REJECTED


@pytest.mark.parametrize(
    ("nonce", "verify", "answer", "code"),
    [
        ("fake-processor-declined-visa-nonce", True, "declined", "2000"),
        ("fake-processor-declined-visa-nonce", False, "succeeded", ""),
        ("fake-gateway-rejected-fraud-nonce", True, "declined", "fraud"),
        ("fake-consumed-nonce", True, "rejected", "93107"),
        ("never-heard-of", True, "rejected", "93108"),
        ("fake-luhn-invalid-nonce", True, "rejected", "81715"),
        ("", True, "rejected", "93103"),
    ],
)
def test_card_that_is_not_kept_says_why(twin, nonce, verify, answer, code):
    twin.gateway.ensure_customer("ann", first="Ann", last="Archer", email="ann@example.com")
    done = twin.gateway.store_method("ann", nonce, verify_card=verify)
    assert (done.answer, done.code) == (answer, code)
    assert (done.method is None) == (answer != "succeeded")
    assert bool(done.message) == (answer != "succeeded")


def test_card_for_a_customer_whom_nobody_knows_is_rejected(twin):
    done = twin.gateway.store_method("nobody", "fake-valid-nonce", verify_card=True)
    assert (done.answer, done.code) == (Answer.REJECTED, "93105")


@pytest.mark.parametrize("kind", LOST)
def test_lost_answer_when_keeping_is_unknown(twin, kind):
    twin.card()
    twin.simulator.fault("store_method", f"{kind}_after", seconds=0.4)
    twin.wait(0.2 if kind == "hang" else 10)
    done = twin.gateway.store_method("ann", "fake-valid-nonce", verify_card=True)
    assert (done.answer, done.method) == (Answer.UNKNOWN, None)


def test_card_that_ran_out_is_told(twin, clock_at):
    assert twin.card(nonce="demo-expired-visa-nonce", verify_card=False).is_expired
    card = twin.card()
    clock_at("2028-12-31 12:00")
    assert not twin.gateway.find_method(card.token).is_expired
    clock_at("2029-01-01 12:00")
    assert twin.gateway.find_method(card.token).is_expired


def test_card_whose_end_the_gateway_does_not_mention_is_judged_by_its_month():
    from braintree import CreditCard

    from gateways import reading

    told = {"token": "t", "last_4": "1881", "card_type": "Visa", "expiration_month": "12", "expiration_year": "2028"}
    card = CreditCard(None, told)
    assert card.is_expired  # a function of the SDK's, and true
    assert not reading.stored_from(card).is_expired
    assert reading.stored_from(CreditCard(None, {**told, "expiration_year": "2025"})).is_expired


def test_kind_of_payment_that_we_do_not_use_is_nothing():
    from braintree import PayPalAccount, Transaction

    from gateways import reading

    assert reading.stored_from(PayPalAccount(None, {"token": "t", "email": "a@example.com"})) is None
    sale = {
        "id": "a", "status": "settled", "amount": "5.00", "currency_iso_code": "USD", "type": "sale",
        "created_at": dt.datetime(2026, 11, 23), "payment_instrument_type": "paypal_account",
    }  # fmt: skip
    assert reading.transaction_from(Transaction(None, sale)).method is None


def test_bank_account_whose_check_goes_on_elsewhere_is_pending_without_deposits():
    from braintree import UsBankAccount

    from gateways import reading

    check = {"id": "v", "status": "pending", "verification_method": "instant_verification_account_validation"}
    told = {"token": "t", "last_4": "0000", "routing_number": "0", "bank_name": "B", "verified": False}
    account = reading.stored_from(UsBankAccount(None, {**told, "verifications": [check]}))
    assert (account.verification_status, account.awaits_deposits) == ("pending", False)
    assert reading.stored_from(UsBankAccount(None, told)).verification_status == ""


def test_customer_is_made_once_and_kept_up_to_date(twin):
    with ThreadPoolExecutor(6) as pool:
        list(
            pool.map(
                lambda _each: twin.gateway.ensure_customer("bob", first="Bob", last="B", email="b@example.com"),
                range(6),
            )
        )
    twin.gateway.ensure_customer("bob", first="Robert", last="Baker", email="robert@example.com")
    with twin.simulator.store.begin() as books:
        assert books.get("customer", "bob")["first_name"] == "Robert"
        assert books.get("customer", "bob")["email"] == "robert@example.com"


def test_mail_address_that_the_gateway_does_not_take_keeps_nobody_from_paying(twin):
    twin.gateway.ensure_customer("cat", first="Cat", last="C", email="not an address")
    assert twin.card("cat").customer_id == "cat"


def test_customer_with_an_impossible_id_is_a_problem(twin):
    with pytest.raises(GatewayProblem) as refused:
        twin.gateway.ensure_customer("cat dog", first="Cat", last="C", email="c@example.com")
    assert refused.value.code == "91610"


def test_client_token_is_for_a_customer_or_for_anybody(twin):
    twin.card()
    assert twin.gateway.client_token()
    assert twin.gateway.client_token("ann", currency="USD")
    with pytest.raises(GatewayProblem):
        twin.gateway.client_token("nobody")


# ---------------------------------------------------------------------------------------------------- bank accounts


def test_bank_account_is_checked_at_its_network_and_can_be_charged(twin):
    account = twin.card(nonce="fake-us-bank-account-nonce", mandate=mandate())
    assert account == StoredMethod(
        kind="bank", brand="Demo Bank", last4="0000", token=account.token, verified=True, verification_status="verified",
        customer_id="ann",
    )  # fmt: skip
    (sent,) = twin.calls("/payment_methods ")
    assert "<ach_mandate_text>I allow Paws &amp; Co. to debit my account.</ach_mandate_text>" in sent
    assert '<ach_mandate_accepted_at type="datetime">2026-11-23T15:00:00Z</ach_mandate_accepted_at>' in sent
    assert "network_check" in sent
    assert twin.gateway.sale(twin.order(payment_method_token=account.token)).answer is Answer.SUCCEEDED


def test_bank_account_that_the_network_refuses_is_kept_but_not_charged(twin):
    account = twin.card(nonce="demo-us-bank-account-declined-nonce", mandate=mandate())
    assert (account.verified, account.verification_status, account.awaits_deposits) == (False, "declined", False)
    done = twin.gateway.sale(twin.order(payment_method_token=account.token))
    assert (done.answer, done.code, done.message) == ("rejected", "915172", "This bank account is not confirmed yet.")


def test_bank_account_without_a_mandate_is_not_kept(twin):
    twin.card()
    done = twin.gateway.store_method("ann", "fake-us-bank-account-nonce", verify_card=True)
    assert done.answer is Answer.REJECTED


def test_bank_account_is_confirmed_by_its_two_deposits(twin):
    account = twin.card(nonce="fake-us-bank-account-nonce", mandate=mandate(), bank_check="micro_transfers")
    assert (account.verified, account.verification_status, account.awaits_deposits) == (False, "pending", True)
    wrong = twin.gateway.micro_deposits(account.token, (1, 2))
    assert (wrong.answer, wrong.code) == (Answer.REJECTED, "96103")
    right = twin.gateway.micro_deposits(account.token, (29, 17))
    assert (right.answer, right.method.verified, right.method.awaits_deposits) == (Answer.SUCCEEDED, True, False)
    again = twin.gateway.micro_deposits(account.token, (29, 17))
    assert (again.answer, again.code) == (Answer.REJECTED, "96101")
    assert twin.gateway.sale(twin.order(payment_method_token=account.token)).answer is Answer.SUCCEEDED


def test_deposits_that_are_wrong_three_times_are_the_end(twin):
    account = twin.card(nonce="fake-us-bank-account-nonce", mandate=mandate(), bank_check="micro_transfers")
    codes = [twin.gateway.micro_deposits(account.token, (3, 4)).code for _each in range(3)]
    assert (codes, twin.gateway.micro_deposits(account.token, (17, 29)).code) == (["96103"] * 3, "96104")


def test_deposits_that_find_no_gateway_are_not_sent_and_lost_ones_unknown(twin):
    account = twin.card(nonce="fake-us-bank-account-nonce", mandate=mandate(), bank_check="micro_transfers")
    twin.simulator.fault("find_method", "503_before")
    assert twin.gateway.micro_deposits(account.token, (17, 29)).answer is Answer.NOT_SENT
    twin.simulator.fault("micro_deposits", "reset_after")
    assert twin.gateway.micro_deposits(account.token, (17, 29)).answer is Answer.UNKNOWN
    assert twin.gateway.find_method(account.token).verified


def test_deposits_for_an_account_that_nobody_knows_are_rejected(twin):
    assert twin.gateway.micro_deposits("nothing", (17, 29)).answer is Answer.REJECTED


def test_bank_account_is_charged_in_dollars_only(twin):
    account = twin.card(nonce="fake-us-bank-account-nonce", mandate=mandate())
    done = twin.gateway.sale(twin.order("5", currency="JPY", payment_method_token=account.token))
    assert (done.answer, done.code) == (Answer.REJECTED, "91577")


# ---------------------------------------------------------------------------------------------------------- trouble


@pytest.mark.parametrize(
    "ask",
    [
        lambda gateway: gateway.check(),
        lambda gateway: gateway.client_token(),
        lambda gateway: gateway.ensure_customer("ann", first="A", last="B", email="a@example.com"),
        lambda gateway: gateway.find_method("abc"),
        lambda gateway: gateway.delete_method("abc"),
        lambda gateway: gateway.nonce_for("abc"),
        lambda gateway: gateway.find("abc"),
        lambda gateway: gateway.find_by_order("abc"),
        lambda gateway: list(gateway.created_between(clock.now(), clock.now())),
    ],
    ids=["check", "client token", "customer", "find method", "delete", "nonce", "find", "order", "between"],
)
@pytest.mark.parametrize("kind", ["reset", "html", "empty", "xml", "500", "401"])
def test_question_that_finds_no_answer_is_a_problem_and_nothing_else(twin, ask, kind):
    twin.simulator.fault("*", f"{kind}_before", times=None)
    with pytest.raises(GatewayProblem) as told:
        ask(twin.gateway)
    assert told.value.keys_are_wrong == (kind == "401")
    assert told.value.message
