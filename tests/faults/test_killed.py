"""A process that charges is killed (kill -9) before, during and after the call; the next minutes find out what happened."""

import datetime as dt
import os
import signal
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from gateways.demo.faults import Lost
from models import AttemptState, InvoiceState, PaymentAttempt, Refund, RefundState
from tests import money_world
from tests.loaded_python import Python
from workflows.billing import paying

D = Decimal
pytestmark = pytest.mark.covers("M5")

#: pays or refunds in a process of its own, and says that it came to an end if it does
PROGRAM = """
import os, signal, sys
from decimal import Decimal
from application import create_app
from foundation.db import db
from models import Client, Invoice, Payment, Staff
from workflows import settings
from workflows.actors import client_actor, staff_actor
from workflows.billing import paying, refunding

what, row_id, die_first = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "first"
app = create_app({"TESTING": True, "SECRET_KEY": "x" * 40, "FIELD_KEYS": "a2V5IGZvciB0ZXN0cyBvbmx5LCBub3Qgc2VjcmV0ISE="})
with app.app_context():
    settings.read()
    gateway = app.extensions["gateway"]
    if die_first:
        def die(*_args, **_more):
            os.kill(os.getpid(), signal.SIGKILL)
        gateway.sale = gateway.refund = die
    if what == "pay":
        invoice = db.session.get(Invoice, row_id)
        paying.pay(invoice.client, submit_key="key-of-the-form-0001", targets=[(invoice, Decimal(40))],
                   nonce="fake-valid-nonce", actor=client_actor(invoice.client), gateway=gateway)
    else:
        payment = db.session.get(Payment, row_id)
        owner = db.session.query(Staff).filter_by(first_name="Olivia").one()
        refunding.refund(payment, amount=Decimal(15), reason="x", submit_key="key-of-the-refund-01",
                         actor=staff_actor(owner), gateway=gateway)
print("finished")
"""


def run(app, line, what, row_id, when):
    """Run it until it is killed: by itself before the call, or from outside when the call comes in or is done."""
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    keys, handle = line.simulator.keys, line.simulator.handle
    process: list[Python] = []

    def deadly(verb, path, authorization, body):
        moves_money = verb == "POST" and (path.endswith(("/transactions", "/refund")))
        if moves_money and when == "after":
            handle(verb, path, authorization, body)
        if moves_money:
            os.kill(process[0].pid, signal.SIGKILL)
            raise Lost("reset", 0)
        return handle(verb, path, authorization, body)

    line.simulator.handle = deadly
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("BRAINTREE", "DATABASE"))},
        "DATABASE_URL": url, "DATA_DIR": str(app.config["DATA_DIR"]), "BRAINTREE_ENVIRONMENT": "development",
        "BRAINTREE_MERCHANT_ID": keys.merchant_id, "BRAINTREE_PUBLIC_KEY": keys.public_key,
        "BRAINTREE_PRIVATE_KEY": keys.private_key, "BRAINTREE_MERCHANT_ACCOUNTS": "USD=demo_usd",
        "GATEWAY_PORT": str(line.keys.port), "PUBLIC_URL": "http://127.0.0.1:8000",
    }  # fmt: skip
    db.session.commit()
    died = "first" if when == "first" else "later"
    process.append(Python("-c", PROGRAM, what, str(row_id), died, env=env))
    with process[0].stdout as said:
        out = said.read()
    ended = process[0].wait(500)
    line.simulator.handle = handle
    db.session.expire_all()
    assert ended == -signal.SIGKILL, out
    assert "finished" not in out


@pytest.mark.parametrize("when", ["first", "before", "after"])
def test_killed_while_charging(app, cast, line, clock_at, when):
    invoice = money_world.issue(cast.alice, "40.00")
    run(app, line, "pay", invoice.id, when)
    attempt = db.session.scalars(sa.select(PaymentAttempt)).one()
    assert attempt.state is AttemptState.SENDING
    assert paying.can_pay(cast.alice, [invoice]).code == "being_paid"
    # The killed process had the machine's own clock.
    attempt.created_at = clock.now()
    db.session.commit()
    clock_at(clock.now() + dt.timedelta(seconds=91))
    money_world.later(clock_at, line, minutes=25)
    charged = when == "after"
    assert attempt.state is (AttemptState.SUCCEEDED if charged else AttemptState.NOT_CHARGED)
    assert attempt.nonce == ""
    assert invoice.state is (InvoiceState.PAID if charged else InvoiceState.OPEN)
    assert len(money_world.sales(line)) == charged
    money_world.agree(line)
    assert (paying.can_pay(cast.alice, [invoice]) is None) != charged


@pytest.mark.parametrize("when", ["first", "before", "after"])
def test_killed_while_refunding(app, cast, line, clock_at, when):
    invoice = money_world.issue(cast.alice, "40.00")
    attempt = paying.pay(
        cast.alice, submit_key="key-of-the-form-0002", targets=[(invoice, D(40))], nonce="fake-valid-nonce",
        actor=cast.as_alice, gateway=line,
    )  # fmt: skip
    line._sdk.testing.settle_transaction(attempt.payment.gateway_transaction_id)
    run(app, line, "refund", attempt.payment.id, when)
    row = db.session.scalars(sa.select(Refund)).one()
    assert row.state is RefundState.PENDING
    row.created_at = clock.now()
    db.session.commit()
    clock_at(clock.now() + dt.timedelta(seconds=91))
    money_world.later(clock_at, line, minutes=25)
    assert row.state is (RefundState.SUCCEEDED if when == "after" else RefundState.FAILED)
    assert money_world.held(line) == (D(25) if when == "after" else D(40))
    money_world.agree(line)
