"""Charging: what is certain after each answer, and that no order is ever charged twice."""

import dataclasses
import datetime as dt
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from foundation import clock
from gateways import choose
from gateways.demo import DemoGateway, server
from gateways.payments import Answer, MethodShown, SaleOrder, TransactionStatus
from tests.gateways.conftest import over_socket

#: after each of these nobody knows what the gateway did
LOST = ["hang", "reset", "html", "empty", "xml", "400", "408", "500", "502", "503", "504"]


def test_charge_of_a_kept_card_tells_all_there_is_to_know(twin):
    card = twin.card()
    order = twin.order("12.50", payment_method_token=card.token, customer_id="ann")
    done = twin.gateway.sale(order)
    assert (done.answer, done.message, done.key_refused, done.mismatch) == (Answer.SUCCEEDED, "", False, False)
    assert done.transaction.id
    assert dataclasses.replace(done.transaction, id="x") == dataclasses.replace(
        done.transaction,
        id="x", order_id=order.order_id, status=TransactionStatus.SUBMITTED_FOR_SETTLEMENT, amount=Decimal("12.50"),
        currency="USD", created_at=clock.now(), customer_id="ann", refund_ids=(), refunded_transaction_id=None,
        is_refund=False, settled=False, gateway_rejection="", liability_shifted=None,
        method=MethodShown(kind="card", brand="Visa", last4="1881", expires="2028-12", token=card.token),
    )  # fmt: skip
    assert twin.gateway.find(done.transaction.id) == done.transaction
    assert done.transaction.created_at.tzinfo is dt.UTC


def test_card_of_a_nonce_is_kept_when_its_charge_succeeds(twin):
    twin.gateway.ensure_customer("ann", first="Ann", last="Archer", email="ann@example.com")
    order = twin.order(nonce="fake-valid-mastercard-nonce", customer_id="ann", store_in_vault=True)
    done = twin.gateway.sale(order)
    kept = twin.gateway.find_method(done.transaction.method.token)
    assert (kept.brand, kept.last4, kept.customer_id) == ("MasterCard", "4444", "ann")
    declined = twin.gateway.sale(twin.order("2000.00", customer_id="ann", store_in_vault=True))
    assert (declined.answer, declined.transaction.method.token) == (Answer.DECLINED, "")
    assert twin.gateway.sale(twin.order()).transaction.method.token == ""


@pytest.mark.parametrize(
    ("amount", "answer", "code", "status"),
    [
        ("0.01", "succeeded", "1000", "submitted_for_settlement"),
        ("1999.99", "succeeded", "1000", "submitted_for_settlement"),
        ("2000.00", "declined", "2000", "declined"),
        ("2001.49", "declined", "2001", "declined"),
        ("2999.99", "declined", "2999", "declined"),
        ("3000.00", "declined", "3000", "failed"),
        ("3001.00", "succeeded", "1000", "submitted_for_settlement"),
        ("5001.00", "declined", "application_incomplete", "gateway_rejected"),
    ],
)
def test_amount_decides_as_in_the_sandbox(twin, amount, answer, code, status):
    done = twin.gateway.sale(twin.order(amount))
    assert (done.answer, done.code, done.transaction.status) == (answer, code, status)
    assert bool(done.message) == (answer == "declined")
    assert not set("0123456789") & set(done.message)


@pytest.mark.parametrize(
    ("nonce", "answer", "code"),
    [
        ("fake-consumed-nonce", "rejected", "91564"),
        ("never-heard-of", "rejected", "91565"),
        ("not a nonce", "rejected", "91565"),
        ("fake-luhn-invalid-nonce", "rejected", "81715"),
        ("fake-gateway-rejected-fraud-nonce", "declined", "fraud"),
        ("fake-processor-declined-visa-nonce", "succeeded", "1000"),
        ("demo-expired-visa-nonce", "declined", "2004"),
    ],
)
def test_nonce_decides_too(twin, nonce, answer, code):
    done = twin.gateway.sale(twin.order(nonce=nonce))
    assert (done.answer, done.code) == (answer, code)
    assert (done.transaction is None) == (answer == "rejected")


def test_token_that_nobody_knows_or_that_is_anothers_is_rejected(twin):
    card = twin.card("ann")
    twin.card("bob")
    unknown = twin.gateway.sale(twin.order(payment_method_token="gone"))
    anothers = twin.gateway.sale(twin.order(payment_method_token=card.token, customer_id="bob"))
    assert [(done.answer, done.code) for done in (unknown, anothers)] == [("rejected", "91518"), ("rejected", "91516")]
    assert twin.charged() == []


# ------------------------------------------------------------------------------------------------------ amounts


@pytest.mark.parametrize(
    ("amount", "currency", "wire"),
    [
        ("1E+3", "USD", "1000.00"),
        ("12.5", "USD", "12.50"),
        ("1200", "JPY", "1200"),
        ("1.25", "KWD", "1.250"),
        ("7", "EUR", "7.00"),
    ],
)
def test_amounts_travel_with_their_currencys_decimals(twin, amount, currency, wire):
    done = twin.gateway.sale(twin.order(amount, currency=currency))
    assert f"<amount>{wire}</amount>" in twin.calls("POST")[-1]
    assert f"<merchant_account_id>demo_{currency.lower()}</merchant_account_id>" in twin.calls("POST")[-1]
    assert (done.answer, str(done.transaction.amount), done.transaction.currency) == ("succeeded", wire, currency)


@pytest.mark.parametrize(
    ("amount", "currency"),
    [(12.5, "USD"), (Decimal("12.505"), "USD"), (Decimal("0.5"), "JPY"), (Decimal(0), "USD"), (Decimal(-5), "USD"), (Decimal("NaN"), "USD")],
)  # fmt: skip
def test_amount_that_the_currency_cannot_say_is_not_sent(twin, amount, currency):
    done = twin.gateway.sale(twin.order(currency=currency, request_key="k").__class__(
        order_id="odd", amount=amount, currency=currency, request_key="k", nonce="fake-valid-nonce"
    ))  # fmt: skip
    assert (done.answer, done.code) == (Answer.NOT_SENT, "bad_amount")
    assert twin.books() == []


def test_currency_without_an_account_is_not_sent():
    simulator = DemoGateway()
    gateway = over_socket(simulator, 1)
    order = SaleOrder(order_id="a", amount=Decimal(5), currency="CHF", nonce="fake-valid-nonce")
    done = gateway.sale(order)
    assert (done.answer, done.code) == (Answer.NOT_SENT, "currency")
    assert gateway.sale(dataclasses.replace(order, request_key="k"), repeat=True).answer is Answer.UNKNOWN
    assert (gateway.takes("CHF"), gateway.takes("JPY"), choose.over(simulator).takes("CHF")) == (False, True, True)


@pytest.mark.parametrize(
    "change",
    [{"amount": "10.00", "code": "1004"}, {"currency": "CAD"}, {"order_id": "another"}],
    ids=["a part only", "another currency", "another order"],
)
def test_other_money_than_was_ordered_is_never_a_quiet_success(twin, change):
    twin.simulator.tamper = lambda doc: doc.update(change)
    done = twin.gateway.sale(twin.order())
    assert (done.answer, done.code, done.mismatch) == (Answer.UNKNOWN, "mismatch", True)
    assert done.transaction is not None


@pytest.mark.parametrize("change", [{"amount": "ten"}, {"currency": "JPY", "amount": "10.50"}, {"status": "brand_new"}])
def test_answer_that_makes_no_sense_is_unknown(twin, change):
    twin.simulator.tamper = lambda doc: doc.update(change)
    done = twin.gateway.sale(twin.order())
    assert done.answer is Answer.UNKNOWN


# ---------------------------------------------------------------------------------------------------- lost answers


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", LOST)
def test_lost_answer_is_unknown_and_a_repeat_with_its_key_charges_once(twin, kind, when):
    twin.simulator.fault("sale", f"{kind}_{when}", seconds=0.4)
    order = twin.order()
    twin.wait(0.2 if kind == "hang" else 10)
    first = twin.gateway.sale(order)
    twin.wait(10)
    assert (first.answer, first.transaction) == (Answer.UNKNOWN, None)
    assert "do not pay again" in first.message
    assert len(twin.charged()) == (when == "after")
    again = twin.gateway.sale(order, repeat=True)
    assert again.answer is Answer.SUCCEEDED
    assert twin.charged() == [order.order_id]
    assert [one.id for one in twin.gateway.find_by_order(order.order_id)] == [again.transaction.id]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", LOST)
def test_lost_answer_without_a_key_is_never_sent_again_but_looked_up(twin, kind, when):
    twin.simulator.fault("sale", f"{kind}_{when}", seconds=0.4)
    order = twin.order(request_key="")
    twin.wait(0.2 if kind == "hang" else 10)
    assert twin.gateway.sale(order).answer is Answer.UNKNOWN
    twin.wait(10)
    sent = len(twin.bodies)
    again = twin.gateway.sale(order, repeat=True)
    assert (again.answer, again.code, len(twin.bodies)) == (Answer.UNKNOWN, "no_key", sent)
    assert [one.order_id for one in twin.gateway.find_by_order(order.order_id)] == [order.order_id] * (when == "after")


def test_repeat_of_a_lost_decline_is_declined_and_leaves_one_transaction(twin):
    twin.simulator.fault("sale", "reset_after")
    order = twin.order("2000.00")
    assert twin.gateway.sale(order).answer is Answer.UNKNOWN
    assert twin.gateway.sale(order, repeat=True).answer is Answer.DECLINED
    assert len(twin.books()) == 1


@pytest.mark.parametrize(("status", "code"), [(401, "http_401"), (403, "http_403"), (404, "http_404"), (426, "http_426"), (429, "http_429")])  # fmt: skip
def test_answers_that_say_that_nothing_was_done(twin, status, code):
    twin.simulator.fault("sale", f"{status}_before", times=2)
    order = twin.order()
    first, again = twin.gateway.sale(order), twin.gateway.sale(order, repeat=True)
    assert (first.answer, first.code) == (Answer.NOT_SENT, code)
    assert "Nothing was charged" in first.message
    # What the second try says tells nothing of the first one.
    assert (again.answer, again.code) == (Answer.UNKNOWN, code)


@pytest.mark.parametrize("kind", ["refused", "dns", "connect_timeout"])
def test_no_connection_within_the_process_is_not_sent(kind):
    simulator = DemoGateway()
    simulator.fault("sale", f"{kind}_before")
    order = SaleOrder(order_id="a", amount=Decimal(5), currency="USD", nonce="fake-valid-nonce", request_key="k")
    done = choose.over(simulator).sale(order)
    assert (done.answer, done.code) == (Answer.NOT_SENT, kind)


def test_port_where_nobody_listens_is_not_sent():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        gateway = over_socket(DemoGateway(), taken.getsockname()[1])
        order = SaleOrder(order_id="a", amount=Decimal(5), currency="USD", nonce="fake-valid-nonce", request_key="k")
        done = gateway.sale(order)
    assert (done.answer, done.code) == (Answer.NOT_SENT, "refused")
    assert gateway.sale(order, repeat=True).answer is Answer.UNKNOWN


def test_name_that_nobody_knows_is_not_sent(monkeypatch):
    def unknown(*_anything, **_more):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    order = SaleOrder(order_id="a", amount=Decimal(5), currency="USD", nonce="fake-valid-nonce", request_key="k")
    done = over_socket(DemoGateway(), 9).sale(order)
    assert (done.answer, done.code) == (Answer.NOT_SENT, "dns")


def test_wrong_keys_are_not_sent_and_told_apart_from_a_gateway_that_is_away(twin):
    order = twin.order()
    twin.gateway.keys = dataclasses.replace(twin.gateway.keys, private_key="wrong")
    done = twin.gateway.sale(order)
    assert (done.answer, done.code, twin.books()) == (Answer.NOT_SENT, "http_401", [])


def test_certificate_that_does_not_hold_is_not_sent():
    import ssl

    from braintree.exceptions.http.connection_error import ConnectionError as NoConnection
    from requests.exceptions import SSLError
    from urllib3.exceptions import MaxRetryError
    from urllib3.exceptions import SSLError as Urllib3SSLError

    from gateways import answers

    wrong = ssl.SSLCertVerificationError(1, "certificate verify failed")
    told = answers.from_problem(NoConnection(SSLError(MaxRetryError(None, "/", Urllib3SSLError(wrong)))))
    assert (told.answer, told.code) == (Answer.NOT_SENT, "certificate")


def test_field_that_the_sdk_does_not_know_is_not_sent_but_other_key_errors_are_unknown():
    from gateways import answers

    assert answers.from_problem(KeyError("Invalid keys: moon")).answer is Answer.NOT_SENT
    assert answers.from_problem(KeyError("errors")).answer is Answer.UNKNOWN


# ------------------------------------------------------------------------------------------------------ keys, twins


def test_gateway_that_refuses_keys_is_asked_once_more_without(twin):
    twin.simulator.takes_keys = False
    order = twin.order()
    done = twin.gateway.sale(order)
    assert (done.answer, done.key_refused, twin.charged()) == (Answer.SUCCEEDED, True, [order.order_id])
    assert ["api_request_key" in call for call in twin.calls("/transactions ")] == [True, False]


def test_repeat_at_a_gateway_that_refuses_keys_charges_nothing(twin):
    twin.simulator.takes_keys = False
    twin.simulator.fault("sale", "reset_before")
    order = twin.order()
    twin.gateway.sale(order)
    again = twin.gateway.sale(order, repeat=True)
    assert (again.answer, again.key_refused, twin.charged()) == (Answer.UNKNOWN, True, [])


@pytest.mark.parametrize("code", ["915232", "915233", "915234", "915235"])
def test_unclear_key_is_unknown(twin, code):
    twin.simulator.fault("sale", f"{code}_before")
    done = twin.gateway.sale(twin.order())
    assert (done.answer, done.code, done.key_refused) == (Answer.UNKNOWN, code, False)


def test_same_key_for_another_charge_is_unknown_and_charges_nothing(twin):
    first = twin.order()
    twin.gateway.sale(first)
    other = twin.gateway.sale(twin.order(request_key=first.request_key))
    assert (other.answer, other.code, twin.charged()) == (Answer.UNKNOWN, "915232", [first.order_id])


def test_twin_within_half_a_minute_is_unknown_as_the_other_may_have_succeeded(twin, clock_at):
    order = twin.order(request_key="")
    twin.gateway.sale(order)
    done = twin.gateway.sale(order)
    assert (done.answer, done.code, done.transaction.gateway_rejection) == (Answer.UNKNOWN, "duplicate", "duplicate")
    assert twin.charged() == [order.order_id]
    clock_at(clock.now() + dt.timedelta(seconds=31))
    assert twin.gateway.sale(order).answer is Answer.SUCCEEDED


def test_eight_at_once_with_one_key_charge_once(twin):
    order = twin.order()
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _each: twin.gateway.sale(order), range(8)))
    assert {one.answer for one in done} == {Answer.SUCCEEDED}
    assert len({one.transaction.id for one in done}) == 1
    assert twin.charged() == [order.order_id]


def test_forty_orders_over_eight_threads_are_forty_charges(twin):
    orders = [twin.order() for _each in range(40)]
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(twin.gateway.sale, orders))
    assert [one.transaction.order_id for one in done] == [order.order_id for order in orders]
    assert sorted(twin.charged()) == sorted(order.order_id for order in orders)


# ---------------------------------------------------------------------------------------------------- 3-D Secure


@pytest.mark.parametrize(
    ("wanted", "nonce", "answer", "shifted"),
    [
        ("required", "fake-three-d-secure-visa-full-authentication-nonce", "succeeded", True),
        ("required", "fake-three-d-secure-visa-failed-authentication-nonce", "rejected", None),
        ("required", "fake-valid-nonce", "rejected", None),
        ("when_available", "fake-valid-nonce", "succeeded", None),
        ("when_available", "fake-three-d-secure-visa-full-authentication-nonce", "succeeded", True),
        ("when_available", "fake-three-d-secure-visa-failed-authentication-nonce", "rejected", None),
        ("off", "fake-valid-nonce", "succeeded", None),
    ],
)
def test_banks_liability_is_asked_on_the_server(twin, wanted, nonce, answer, shifted):
    done = twin.gateway.sale(twin.order(nonce=nonce, three_d_secure=wanted))
    assert done.answer == answer
    assert done.transaction is None or done.transaction.liability_shifted is shifted
    assert len(twin.charged()) == (answer == "succeeded")
    assert answer == "succeeded" or done.code == "three_d_secure"


def test_kept_card_is_confirmed_through_a_nonce(twin):
    card = twin.card()
    plain = twin.gateway.sale(twin.order(payment_method_token=card.token, three_d_secure="required"))
    assert (plain.answer, plain.code) == (Answer.DECLINED, "three_d_secure")
    begun = twin.gateway.nonce_for(card.token)
    assert begun.bin == "401288"
    confirmed = choose.over(twin.simulator).demo().confirm_with_bank(begun.nonce, succeeds=True)
    done = twin.gateway.sale(twin.order(nonce=confirmed, three_d_secure="required", customer_id="ann"))
    assert (done.answer, done.transaction.liability_shifted) == (Answer.SUCCEEDED, True)
    assert done.transaction.method.token == card.token
    refused = (
        choose.over(twin.simulator).demo().confirm_with_bank(twin.gateway.nonce_for(card.token).nonce, succeeds=False)
    )
    assert twin.gateway.sale(twin.order(nonce=refused, three_d_secure="required")).code == "three_d_secure"
    assert twin.gateway.sale(twin.order(nonce=begun.nonce)).code == "91564"


def test_question_for_the_banks_liability_that_fails_is_not_sent(twin):
    twin.simulator.fault("nonce", "500_before")
    done = twin.gateway.sale(twin.order(three_d_secure="required"))
    assert (done.answer, twin.books()) == (Answer.NOT_SENT, [])


def test_bank_debit_needs_no_3d_secure(twin):
    account = twin.card(nonce="fake-us-bank-account-nonce", mandate=_mandate())
    done = twin.gateway.sale(twin.order(payment_method_token=account.token, three_d_secure="required"))
    assert (done.answer, done.transaction.status) == (Answer.SUCCEEDED, TransactionStatus.SETTLEMENT_PENDING)
    assert done.transaction.method == MethodShown(kind="bank", brand="Demo Bank", last4="0000", token=account.token)


def _mandate():
    from gateways.payments import Mandate

    return Mandate(text="I allow Paws & Co. to debit my account.", accepted_at=clock.now())


# ---------------------------------------------------------------------------------------------------------- travel


def test_proxies_of_the_environment_are_ignored(monkeypatch, twin):
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert twin.gateway.sale(twin.order()).answer is Answer.SUCCEEDED


def test_each_call_has_a_connection_of_its_own(monkeypatch):
    seen = []
    setup = BaseHTTPRequestHandler.setup
    monkeypatch.setattr(BaseHTTPRequestHandler, "setup", lambda self: (seen.append(self.client_address), setup(self)))
    simulator = DemoGateway()
    with server.serving(simulator) as port:
        gateway = over_socket(simulator, port)
        for _each in range(3):
            gateway.client_token()
    assert len(set(seen)) == 3


class Elsewhere(BaseHTTPRequestHandler):
    """Sends everybody to an address that says yes to everything."""

    asked: list[str] = []

    def do_GET(self):
        self.asked.append(self.path)
        self.send_response(302)
        self.send_header("Location", "/yes")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815 -- the name that http.server asks for

    def log_message(self, *_anything):
        pass


def test_redirect_is_not_followed_but_unknown():
    with HTTPServer(("127.0.0.1", 0), Elsewhere) as elsewhere:
        thread = threading.Thread(target=elsewhere.handle_request)
        thread.start()
        order = SaleOrder(order_id="a", amount=Decimal(5), currency="USD", nonce="fake-valid-nonce")
        done = over_socket(DemoGateway(), elsewhere.server_port).sale(order)
        thread.join()
    assert (done.answer, done.code, len(Elsewhere.asked)) == (Answer.UNKNOWN, "unexpected_error", 1)


def test_words_arrive_without_what_xml_cannot_carry(twin):
    twin.gateway.ensure_customer(
        "ann", first="Zoë 🐕\x0b\x00\uffff", last="O'Brien <&> \ud800", email="ann@example.com"
    )
    with twin.simulator.store.begin() as books:
        kept = books.get("customer", "ann")
    assert (kept["first_name"], kept["last_name"]) == ("Zoë 🐕", "O'Brien <&> ")


def test_no_key_of_the_gateway_is_in_any_repr_or_log_line(twin, caplog):
    caplog.set_level("DEBUG")
    twin.simulator.fault("sale", "500_before")
    twin.gateway.sale(twin.order(nonce="fake-valid-visa-nonce"))
    twin.gateway.keys = dataclasses.replace(twin.gateway.keys, private_key="wrong-private-key")
    twin.gateway.sale(twin.order())
    keys = twin.simulator.keys
    said = " ".join([repr(twin.gateway), repr(twin.gateway.keys), repr(keys), str(keys), caplog.text])
    assert "unknown" in caplog.text
    for secret in (keys.private_key, keys.public_key, "wrong-private-key", "fake-valid"):
        assert secret not in said
