"""Which gateway an install gets, and the mixtures that it refuses to start with."""

import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from application import config, create_app
from gateways import choose
from gateways.events import BadWebhook
from gateways.payments import Answer, GatewayProblem, PaymentGateway, SaleOrder

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"BRAINTREE_MERCHANT_ID": "m3rch4nt", "BRAINTREE_PUBLIC_KEY": "publ1c", "BRAINTREE_PRIVATE_KEY": "s3cr3t"}
PRODUCTION = {"LATCHKEY_ENV": "production", "PUBLIC_URL": "https://portal.example.com", "SECRET_KEY": "k" * 40}


def chosen(tmp_path, **env):
    given = {"SECRET_KEY": "k" * 40, "DATA_DIR": str(tmp_path), "FIELD_KEYS": "", **env}
    if env.get("LATCHKEY_ENV") == "production":
        given["FIELD_KEYS"] = "one"
    complete = config.complete(config.from_environment(given))
    return config.payment_gateway(complete)


@pytest.mark.parametrize(
    ("env", "mode"),
    [
        ({}, "demo"),
        ({"BRAINTREE_ENVIRONMENT": "demo"}, "demo"),
        ({"BRAINTREE_ENVIRONMENT": " Sandbox ", **KEYS}, "sandbox"),
        ({"BRAINTREE_ENVIRONMENT": "development", "GATEWAY_PORT": "3999", **KEYS}, "development"),
        ({"BRAINTREE_ENVIRONMENT": "production", "BRAINTREE_MERCHANT_ACCOUNTS": "USD=abc", **KEYS}, "production"),
        ({"BRAINTREE_ENVIRONMENT": "off"}, "off"),
        (PRODUCTION, "off"),
        ({**PRODUCTION, "BRAINTREE_ENVIRONMENT": "sandbox", **KEYS}, "sandbox"),
        (
            {**PRODUCTION, "BRAINTREE_ENVIRONMENT": "production", "BRAINTREE_MERCHANT_ACCOUNTS": "USD=abc", **KEYS},
            "production",
        ),
    ],
)
def test_environment_chooses_the_gateway(tmp_path, env, mode):
    gateway = chosen(tmp_path, **env)
    assert gateway.mode() == mode
    assert (gateway.demo() is not None) == (mode == "demo")


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        (KEYS, "set BRAINTREE_ENVIRONMENT to sandbox or production too"),
        ({"BRAINTREE_PRIVATE_KEY": "s3cr3t"}, "set BRAINTREE_ENVIRONMENT to sandbox or production too"),
        ({"BRAINTREE_ENVIRONMENT": "demo", **KEYS}, "remove one or the other"),
        ({"BRAINTREE_ENVIRONMENT": "off", **KEYS}, "remove one or the other"),
        ({**PRODUCTION, **KEYS}, "set BRAINTREE_ENVIRONMENT to sandbox or production too"),
        ({**PRODUCTION, "BRAINTREE_ENVIRONMENT": "demo"}, "does not run in production"),
        (
            {"BRAINTREE_ENVIRONMENT": "sandbox"},
            "Set BRAINTREE_MERCHANT_ID, BRAINTREE_PUBLIC_KEY, BRAINTREE_PRIVATE_KEY",
        ),
        ({"BRAINTREE_ENVIRONMENT": "sandbox", **KEYS, "BRAINTREE_PRIVATE_KEY": " "}, "Set BRAINTREE_PRIVATE_KEY:"),
        ({"BRAINTREE_ENVIRONMENT": "production", **KEYS}, "Set BRAINTREE_MERCHANT_ACCOUNTS"),
        ({"BRAINTREE_ENVIRONMENT": "live", **KEYS}, "one of demo, development, sandbox, production, off"),
        ({"BRAINTREE_MERCHANT_ACCOUNTS": "USD"}, "such as USD=abc,EUR=def"),
        ({"BRAINTREE_MERCHANT_ACCOUNTS": "XXQ=abc"}, "such as USD=abc,EUR=def"),
        ({"BRAINTREE_MERCHANT_ACCOUNTS": "USD=a b"}, "such as USD=abc,EUR=def"),
        ({"BRAINTREE_MERCHANT_ACCOUNTS": "USD=a,usd=b"}, "such as USD=abc,EUR=def"),
        ({"GATEWAY_PORT": "http"}, "Set GATEWAY_PORT"),
        ({"GATEWAY_PORT": "70000"}, "Set GATEWAY_PORT"),
    ],
)
def test_mixture_is_refused_at_start_with_what_to_set(tmp_path, env, sentence):
    with pytest.raises(config.ConfigError) as refused:
        chosen(tmp_path, **env)
    assert sentence in str(refused.value)
    assert "s3cr3t" not in str(refused.value)


def test_production_that_says_nothing_about_payments_is_told_so_at_start(tmp_path, caplog):
    chosen(tmp_path, **PRODUCTION)
    assert "Online payments are off: set BRAINTREE_ENVIRONMENT" in caplog.text
    caplog.clear()
    chosen(tmp_path, **PRODUCTION, BRAINTREE_ENVIRONMENT="off")
    chosen(tmp_path)
    assert caplog.text == ""


def test_merchant_accounts_are_read_for_each_currency():
    choice = choose.from_environment({"BRAINTREE_MERCHANT_ACCOUNTS": " usd = abc , EUR=d-e_f, "})
    assert choice.merchant_accounts == {"USD": "abc", "EUR": "d-e_f"}


def test_no_key_is_in_the_repr_of_the_config(tmp_path):
    given = {"SECRET_KEY": "k" * 40, "DATA_DIR": str(tmp_path), "BRAINTREE_ENVIRONMENT": "sandbox", **KEYS}
    complete = config.complete(config.from_environment(given))
    said = repr(complete) + repr(config.payment_gateway(complete)) + repr(config.payment_gateway(complete).keys)
    assert "s3cr3t" not in said
    assert "publ1c" not in said


def test_app_starts_with_the_demo_and_without_the_sdk_and_hands_the_gateway_out(tmp_path):
    code = (
        "import sys; from application import create_app; app = create_app();"
        "gateway = app.extensions['gateway']; print(gateway.mode(), 'braintree' in sys.modules, 'requests' in sys.modules);"
        "gateway.check(); print('braintree' in sys.modules)"
    )
    env = {**os.environ, "DATA_DIR": str(tmp_path), "SECRET_KEY": "k" * 40}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[0].split()[:2] == ["demo", "False"]
    assert done.stdout.split("\n")[1] == "True"


def test_app_does_not_start_with_a_demo_in_production(tmp_path):
    env = {
        **PRODUCTION,
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(tmp_path),
        "FIELD_KEYS": "k",
        "BRAINTREE_ENVIRONMENT": "demo",
    }
    code = "from application import create_app; create_app()"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "does not run in production" in done.stderr


def test_each_test_has_a_gateway_of_its_own(app, gateway):
    assert app.extensions["gateway"] is gateway
    assert gateway.find_by_order("x") == []
    assert gateway.sale(ORDER).answer is Answer.SUCCEEDED


def test_app_of_the_tests_speaks_to_its_demo(tmp_path):
    overrides = {"SQLALCHEMY_DATABASE_URI": "sqlite://", "DATA_DIR": str(tmp_path)}
    gateway: PaymentGateway = create_app(overrides).extensions["gateway"]
    gateway.check()
    assert (tmp_path / "demo_gateway_keys").exists()


# ----------------------------------------------------------------------------------------------------------- accounts


def test_check_compares_each_merchant_account_with_its_currency(twin):
    twin.gateway.check()
    if twin.over_socket:
        for accounts in ({"USD": "demo_eur"}, {"USD": "nothing"}):
            twin.gateway.keys = replace(twin.gateway.keys, merchant_accounts=accounts)
            with pytest.raises(GatewayProblem) as told:
                twin.gateway.check()
            assert (told.value.code, told.value.keys_are_wrong) == ("merchant_account", True)


# ---------------------------------------------------------------------------------------------------------------- off

ORDER = SaleOrder(order_id="a", amount=Decimal(5), currency="USD", nonce="fake-valid-nonce")


def test_without_a_gateway_nothing_is_sent_and_one_sentence_says_so(tmp_path):
    off = chosen(tmp_path, BRAINTREE_ENVIRONMENT="off")
    done = [
        off.sale(ORDER),
        off.store_method("ann", "n", verify_card=True),
        off.micro_deposits("t", (1, 2)),
        off.reverse("t"),
        off.refund("t", Decimal(5), currency="USD", order_id="r"),
        off.void("t"),
        off.reduce("t", Decimal(5), currency="USD"),
    ]
    assert {(one.answer, one.code, one.message) for one in done} == {
        ("not_sent", "off", "Online payments are switched off.")
    }
    assert not off.takes("USD")


def test_without_a_gateway_what_was_sent_before_stays_unclear(tmp_path):
    off = chosen(tmp_path, BRAINTREE_ENVIRONMENT="off")
    assert off.sale(ORDER, repeat=True).answer is Answer.UNKNOWN
    assert off.reverse("t", repeat=True).answer is Answer.UNKNOWN
    assert off.refund("t", Decimal(5), currency="USD", order_id="r", repeat=True).answer is Answer.UNKNOWN


@pytest.mark.parametrize(
    "ask",
    [
        lambda off: off.check(), lambda off: off.client_token(), lambda off: off.find("a"), lambda off: off.find_by_order("a"),
        lambda off: off.created_between(None, None), lambda off: off.find_method("a"), lambda off: off.delete_method("a"),
        lambda off: off.nonce_for("a"), lambda off: off.ensure_customer("a", first="", last="", email=""),
    ],
    ids=["check", "client token", "find", "order", "between", "find method", "delete", "nonce", "customer"],
)  # fmt: skip
def test_without_a_gateway_no_question_is_answered(tmp_path, ask):
    with pytest.raises(GatewayProblem, match="Online payments are switched off"):
        ask(chosen(tmp_path, BRAINTREE_ENVIRONMENT="off"))


def test_without_a_gateway_no_webhook_is_believed(tmp_path):
    off = chosen(tmp_path, BRAINTREE_ENVIRONMENT="off")
    for ask in (lambda: off.parse_webhook("a", "b"), lambda: off.webhook_challenge("ab" * 12)):
        with pytest.raises(BadWebhook):
            ask()
