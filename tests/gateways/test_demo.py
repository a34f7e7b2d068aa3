"""The built-in gateway itself: its books and keys, what it refuses to read, and its life as a process of its own."""

import base64
import datetime as dt
import os
import re
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

from foundation import clock
from gateways import choose
from gateways.braintree_gateway import BraintreeGateway, Keys
from gateways.demo import DemoGateway, keys, open_gateway, searches, server, wire
from gateways.demo.store import Store
from gateways.payments import Answer, Mandate, SaleOrder

ROOT = Path(__file__).resolve().parents[2]


def order(id_="pay-1", amount="25.00", **more):
    return SaleOrder(
        order_id=id_, amount=Decimal(amount), currency="USD", nonce="fake-valid-nonce", request_key=id_, **more
    )


# ------------------------------------------------------------------------------------------------------------- books


def test_books_outlive_a_restart(tmp_path):
    before = choose.over(open_gateway(tmp_path))
    before.ensure_customer("ann", first="Ann", last="Archer", email="ann@example.com")
    card = before.store_method("ann", "fake-valid-nonce", verify_card=True).method
    sale = before.sale(order()).transaction
    after = choose.over(open_gateway(tmp_path))
    assert after.find_method(card.token) == card
    assert after.find(sale.id) == sale
    assert after.sale(order(), repeat=True).transaction == sale


def test_books_and_keys_are_nobody_elses(tmp_path):
    choose.over(open_gateway(tmp_path)).sale(order())
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"demo_gateway.db": 0o600, "demo_gateway_keys": 0o600}


def test_keys_are_random_for_each_install_and_made_once(tmp_path):
    one, again, other = (keys.kept_keys(tmp_path / name) for name in ("a", "a", "b"))
    assert one == again
    assert len({one.private_key, other.private_key}) == len({one.public_key, other.public_key}) == 2
    assert re.fullmatch(r"[A-Za-z0-9_-]+", one.merchant_id)


def test_keys_are_kept_where_a_file_system_knows_no_links(tmp_path, monkeypatch):
    def refuse(*_anything):
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    assert keys.kept_keys(tmp_path / "a") == keys.kept_keys(tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


CHARGE = """
import sys
from decimal import Decimal
from pathlib import Path
from gateways import choose
from gateways.demo import open_gateway
from gateways.payments import SaleOrder
gateway = choose.over(open_gateway(Path(sys.argv[1])))
for number in range(5):
    same = SaleOrder(order_id=f"same-{number}", amount=Decimal(5), currency="USD", nonce="fake-valid-nonce", request_key=f"k{number}")
    own = SaleOrder(order_id=f"own-{sys.argv[2]}-{number}", amount=Decimal(5), currency="USD", nonce="fake-valid-nonce")
    print(gateway.sale(same).answer, gateway.sale(own).answer)
"""


def test_three_processes_share_the_books_and_a_key_charges_once_among_them(tmp_path):
    started = [
        subprocess.Popen([sys.executable, "-W", "ignore", "-c", CHARGE, str(tmp_path), str(n)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for n in range(3)
    ]  # fmt: skip
    said = [process.communicate(timeout=240)[0] for process in started]
    assert said == ["succeeded succeeded\n" * 5] * 3
    with open_gateway(tmp_path).store.begin() as books:
        made = [doc["order_id"] for doc in books.created("transaction")]
    assert len(made) == len(set(made)) == 5 + 15


def test_of_two_who_read_and_write_one_waits_for_the_other(tmp_path):
    """Each with a store of its own, as two processes have; read first and then write is where SQLite gives up."""

    def count(_each):
        with Store(tmp_path / "books.db").begin() as books:
            before = (books.get("counter", "one") or {"n": 0})["n"]
            time.sleep(0.002)
            books.put("counter", "one", {"n": before + 1})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(40)))
    with Store(tmp_path / "books.db").begin() as books:
        assert books.get("counter", "one") == {"n": 40}


def test_call_that_fails_half_way_leaves_nothing_behind():
    store = Store()
    with pytest.raises(ZeroDivisionError), store.begin() as books:
        books.put("customer", "ann", {"id": "ann"})
        raise ZeroDivisionError
    with store.begin() as books:
        assert books.get("customer", "ann") is None


# ----------------------------------------------------------------------------------------------- what it does not read


def call(simulator, body, *, path="/transactions", verb="POST", authorization=None):
    given = simulator.keys
    token = base64.b64encode(f"{given.public_key}:{given.private_key}".encode()).decode()
    whole = path if path.startswith("/merchants") else f"/merchants/{given.merchant_id}{path}"
    return simulator.handle(verb, whole, authorization or f"Basic {token}", body)


@pytest.mark.parametrize(
    "fields",
    [
        "<credit_card><number>4111111111111111</number><cvv>123</cvv></credit_card>",
        "<order_id>4111111111111111</order_id>",
        "<order_id>my card is 4111-1111-1111-1111 thanks</order_id>",
        "<payment_method_nonce>3782 822463 10005</payment_method_nonce>",
        "<customer><first_name>5555555555554444</first_name></customer>",
        "<us_bank_account><account_number>1000000000</account_number></us_bank_account>",
        '<list type="array"><item>6011111111111117</item></list>',
    ],
)
def test_card_number_is_refused_wherever_it_hides_and_never_kept(tmp_path, fields):
    simulator = open_gateway(tmp_path)
    body = f"<transaction><type>sale</type><amount>5.00</amount>{fields}</transaction>".encode()
    reply = call(simulator, body)
    assert (reply.status, "81717" in reply.body) == (422, True)
    kept = (tmp_path / "demo_gateway.db").read_bytes() if (tmp_path / "demo_gateway.db").exists() else b""
    assert not re.search(rb"\d{13}", kept)


def test_long_numbers_that_are_no_card_numbers_pass():
    done = choose.over(DemoGateway()).sale(order("4111111111111112", device_data='{"id":"4111111111111111"}'))
    assert done.answer is Answer.SUCCEEDED


@pytest.mark.parametrize(
    "body",
    [
        b"<a>" * 50,
        b"not xml",
        b"<a><b/>",
        b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd"><a/>',
        b"<a>" + b"<b></b>" * 6000 + b"</a>",
        b"<a>" + b"x" * wire.MOST_BYTES + b"</a>",
        b'<a type="integer">many</a>',
        b"<a>&undefined;</a>",
        b"\xff\xfe\x00",
    ],
)  # fmt: skip
def test_tricks_in_xml_are_a_400(body):
    assert call(DemoGateway(), body).status == 400


@pytest.mark.parametrize("authorization", ["Basic nonsense", "Basic é", "Bearer x", "Basic "])
def test_wrong_keys_are_a_401(authorization):
    assert call(DemoGateway(), b"", authorization=authorization).status == 401


def test_anothers_merchant_is_a_403_and_an_unknown_address_a_404():
    simulator = DemoGateway()
    assert call(simulator, b"", path="/merchants/another/client_token").status == 403
    assert call(simulator, b"", path="/moon").status == 404
    assert call(simulator, b"", verb="GET", path="/client_token").status == 404


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ("<type>credit</type>", "91523"),
        ("<type>sale</type>", "81502"),
        ("<type>sale</type><amount>ten</amount>", "81503"),
        ("<type>sale</type><amount>1.001</amount>", "81503"),
        ("<type>sale</type><amount>NaN</amount>", "81503"),
        ("<type>sale</type><amount>0.00</amount>", "81531"),
        ("<type>sale</type><amount>5.00</amount>", "91508"),
        ("<type>sale</type><amount>5.00</amount><merchant_account_id>abc</merchant_account_id>", "91513"),
        ("<type>sale</type><amount>5.00</amount><customer_id>nobody</customer_id>", "91510"),
        ("<type>sale</type><amount>5.00</amount><payment_method_nonce>a</payment_method_nonce><payment_method_token>b</payment_method_token>", "91515"),
        (f"<type>sale</type><amount>5.00</amount><api_request_key>{'k' * 256}</api_request_key>", "915230"),
    ],
    ids=["type", "no amount", "words", "digit too many", "NaN", "nothing", "no card", "account", "customer", "both", "long key"],
)  # fmt: skip
def test_wrong_request_is_refused_with_braintrees_code(fields, code):
    reply = call(DemoGateway(), f"<transaction>{fields}</transaction>".encode())
    assert (reply.status, f"<code>{code}</code>" in reply.body) == (422, True)


def test_wrong_deposits_are_refused_with_braintrees_code():
    gateway = choose.over(DemoGateway())
    gateway.ensure_customer("ann", first="Ann", last="Archer", email="ann@example.com")
    path = "/us_bank_account_verifications/{}/confirm_micro_transfer_amounts"
    body = b'<us_bank_account_verification><deposit_amounts type="array"><item>17</item></deposit_amounts></us_bank_account_verification>'
    codes = []
    for check in ("micro_transfers", "network_check"):
        mandate = Mandate(text="I allow it.", accepted_at=clock.now())
        kept = gateway.store_method(
            "ann", "fake-us-bank-account-nonce", verify_card=False, mandate=mandate, bank_check=check
        )
        with gateway.simulator.store.begin() as books:
            id_ = books.get("method", kept.method.token)["verification"]["id"]
        codes += re.findall("<code>(.*?)</code>", call(gateway.simulator, body, verb="PUT", path=path.format(id_)).body)
    assert codes == ["96106", "96102"]
    assert call(gateway.simulator, body, verb="PUT", path=path.format("nothing")).status == 404


def test_nonce_of_a_kept_card_lasts_three_hours(clock_at):
    gateway = choose.over(DemoGateway())
    gateway.ensure_customer("ann", first="Ann", last="Archer", email="ann@example.com")
    card = gateway.store_method("ann", "fake-valid-nonce", verify_card=True).method
    nonce = gateway.nonce_for(card.token).nonce
    clock_at(clock.now() + dt.timedelta(hours=3, minutes=1))
    done = gateway.sale(SaleOrder(order_id="a", amount=Decimal(5), currency="USD", nonce=nonce))
    assert (done.answer, done.code) == (Answer.REJECTED, "91565")


def test_xml_is_read_and_written_alike():
    content = {"a_b": "x <&> 'é'", "yes": True, "seven": 7, "nothing": None, "list": ["1", "2"], "group": {"c": ""}}
    assert wire.read(wire.write("root_name", content).encode()) == ("root_name", content)


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        ({"order_id": {"starts_with": "pay-"}}, {"pay-1", "pay-2"}),
        ({"order_id": {"is_not": "pay-1"}, "type": ["sale"]}, {"pay-2", "other"}),
        ({"order_id": {"contains": "the", "ends_with": "er"}}, {"other"}),
        ({"status": ["processor_declined"]}, {"other"}),
        ({"status": ["submitted_for_settlement", "voided"]}, {"pay-1", "pay-2"}),
        ({"amount": {"min": "20", "max": "30"}}, {"pay-1"}),
        ({"customer_id": {"is": "nobody"}}, set()),
        ({"moon": {"is": "full"}}, set()),
        ({}, {"pay-1", "pay-2", "other"}),
    ],
)
def test_search_knows_more_than_we_ask(criteria, found):
    gateway = choose.over(DemoGateway())
    for id_, amount in (("pay-1", "25"), ("pay-2", "35"), ("other", "2000")):
        gateway.sale(order(id_, amount))
    with gateway.simulator.store.begin() as books:
        ids = searches.ids(books, criteria)["ids"]
        assert {books.get("transaction", id_)["order_id"] for id_ in ids} == found


def test_fault_must_say_when_it_happens():
    with pytest.raises(ValueError, match="neither before nor after"):
        DemoGateway().fault("sale", "reset")


def test_faults_come_by_chance_and_end_when_cleared():
    gateway = choose.over(DemoGateway())
    gateway.simulator.fault("sale", "500_before", times=None, chance=0.5)
    answers = {gateway.sale(order(f"pay-{number}")).answer for number in range(40)}
    assert answers == {Answer.UNKNOWN, Answer.SUCCEEDED}
    gateway.simulator.faults.clear()
    assert {gateway.sale(order(f"more-{number}")).answer for number in range(20)} == {Answer.SUCCEEDED}


def test_slow_answer_is_an_answer(twin):
    twin.simulator.fault("sale", "slow_after", seconds=0.05)
    assert twin.gateway.sale(twin.order()).answer is Answer.SUCCEEDED


def test_answer_that_hangs_holds_up_nobody_else():
    simulator = DemoGateway()
    with server.serving(simulator) as port:
        given = simulator.keys
        keys_ = Keys(given.merchant_id, given.public_key, given.private_key, "development", port=port)
        simulator.fault("sale", "hang_after", seconds=60)
        impatient = BraintreeGateway(keys_, timeout=(5, 0.2))
        assert impatient.sale(order()).answer is Answer.UNKNOWN
        # The first call still hangs at the gateway; its books are closed all the same.
        assert [one.order_id for one in BraintreeGateway(keys_, timeout=(30, 30)).find_by_order("pay-1")] == ["pay-1"]


# ----------------------------------------------------------------------------------------------- a process of its own


def test_it_runs_as_a_process_of_its_own(tmp_path):
    command = [sys.executable, "-m", "gateways.demo.server", "--port", "0", "--data", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = process.stdout.readline()
            port, merchant = re.search(r"GATEWAY_PORT=(\d+) BRAINTREE_MERCHANT_ID=(\S+)", said).groups()
            given = keys.kept_keys(tmp_path / "demo_gateway_keys")
            assert merchant == given.merchant_id
            assert given.private_key not in said
            gateway = BraintreeGateway(
                Keys(merchant, given.public_key, given.private_key, "development", port=int(port))
            )
            gateway.check()
            assert gateway.sale(order()).answer is Answer.SUCCEEDED
        finally:
            os.kill(process.pid, signal.SIGTERM)
    assert [one.order_id for one in choose.over(open_gateway(tmp_path)).find_by_order("pay-1")] == ["pay-1"]
