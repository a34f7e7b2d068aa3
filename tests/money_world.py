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
from gateways.demo.faults import Lost
from models import Account, Client, Invoice
from tests import money_factories
from workflows.billing import books, ledger, reconciling

#: seconds, longer than a busy machine takes for an answer
PATIENCE = 30
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
def over_a_socket(simulator: DemoGateway) -> Iterator[BraintreeGateway]:
    """The adapter as it is in earnest: HTTP, and an end to its patience, which comes soon where the other end hangs."""
    keys = simulator.keys
    with server.serving(simulator) as port:
        gateway = BraintreeGateway(
            Keys(keys.merchant_id, keys.public_key, keys.private_key, "development", {"USD": "demo_usd"}, port),
            timeout=(PATIENCE, PATIENCE),
        )
        assert gateway._sdk is not None  # made now, so that it goes through the socket
        # The tests look at the other end by the same name as in process.
        gateway.simulator = simulator
        with _short_of_patience_once(simulator, gateway._sdk.config):
            yield gateway


@contextmanager
def _short_of_patience_once(simulator: DemoGateway, config: Any) -> Iterator[None]:
    """Whoever meets a fault that hangs waits for a moment only, and all others as long as a busy machine may take."""
    fault, handle = simulator.fault, simulator.handle

    def announced(op: str, kind: str, **more: Any) -> None:
        if kind.startswith("hang"):
            config.timeout = (PATIENCE, 0.4)
        fault(op, kind, **more)

    def handled(*asked: Any) -> Any:
        try:
            return handle(*asked)
        except Lost as lost:
            if lost.kind == "hang":  # whoever waits now looked at the clock before
                config.timeout = (PATIENCE, PATIENCE)
            raise

    simulator.fault, simulator.handle = announced, handled  # type: ignore[method-assign]
    try:
        yield
    finally:
        simulator.fault, simulator.handle = fault, handle  # type: ignore[method-assign]


def later(clock_at: Any, gateway: BraintreeGateway, *, minutes: int = 40) -> None:
    """Minutes go by, with a look each minute, as the worker does."""
    for _ in range(minutes):
        clock_at(clock.now() + dt.timedelta(minutes=1))
        reconciling.look_again(gateway=gateway)
    db.session.expire_all()
