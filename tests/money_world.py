"""The other end of the line for tests of money: the gateway's own books, over a socket too, and whether ours say the same."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from foundation import clock
from foundation.db import db
from gateways.braintree_gateway import BraintreeGateway, Keys
from gateways.demo import DemoGateway, server
from models import Account, Client, Invoice
from tests import money_factories
from workflows.billing import books, ledger, reconciling

_GONE = {"processor_declined", "gateway_rejected", "failed", "voided", "settlement_declined"}


def transactions(gateway: BraintreeGateway) -> list[dict[str, Any]]:
    """All that the gateway knows, oldest first."""
    simulator = gateway.simulator
    assert simulator is not None
    with simulator.store.begin() as kept:
        return kept.created("transaction")


def sales(gateway: BraintreeGateway) -> list[dict[str, Any]]:
    """The charges that took money and still have it."""
    return [doc for doc in transactions(gateway) if doc["type"] == "sale" and doc["status"] not in _GONE]


def disputes(gateway: BraintreeGateway) -> list[dict[str, Any]]:
    """The chargebacks that the gateway knows, oldest first."""
    simulator = gateway.simulator
    assert simulator is not None
    with simulator.store.begin() as kept:
        return kept.created("dispute")


def held(gateway: BraintreeGateway) -> Decimal:
    """What the gateway has for us: charges less refunds; what was voided, returned or declined counts nothing."""
    total = Decimal(0)
    for doc in transactions(gateway):
        if doc["status"] not in _GONE:
            total += Decimal(doc["amount"]) * (1 if doc["type"] == "sale" else -1)
    return total


def issue(client: Client, total: str | Decimal) -> Invoice:
    """An open invoice that stands in the books."""
    invoice = money_factories.invoice(client, total=Decimal(total))
    lines = {Account.RECEIVABLE: invoice.total, Account.INCOME: -invoice.total}
    ledger.post("invoice.issued", subject=invoice, client=client, lines=lines)
    db.session.commit()
    return invoice


def agree(gateway: BraintreeGateway, *, disputed: Decimal = Decimal(0)) -> None:
    """Our books are right in themselves and say what the gateway has."""
    db.session.expire_all()
    assert [str(one) for one in books.check()] == []
    assert ledger.account_balance(Account.GATEWAY) == held(gateway) - disputed


@contextmanager
def over_a_socket(simulator: DemoGateway, *, seconds: float = 0.4) -> Iterator[BraintreeGateway]:
    """The adapter as it is in earnest: HTTP, and an end to its patience."""
    keys = simulator.keys
    with server.serving(simulator) as port:
        gateway = BraintreeGateway(
            Keys(keys.merchant_id, keys.public_key, keys.private_key, "development", {"USD": "demo_usd"}, port),
            timeout=(seconds, seconds),
        )
        assert gateway._sdk is not None  # made now, so that it goes through the socket
        # The tests look at the other end by the same name as in process.
        gateway.simulator = simulator
        yield gateway


def later(clock_at: Any, gateway: BraintreeGateway, *, minutes: int = 40) -> None:
    """Minutes go by, with a look each minute, as the worker does."""
    for _ in range(minutes):
        clock_at(clock.now() + dt.timedelta(minutes=1))
        reconciling.look_again(gateway=gateway)
    db.session.expire_all()
