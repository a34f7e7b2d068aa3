"""The adapter over the demo gateway, within the process and over a socket: each test that asks for `twin` runs on both."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from gateways import choose
from gateways.braintree_gateway import BraintreeGateway, Keys
from gateways.demo import DemoGateway, server
from gateways.payments import Answer, SaleOrder, StoredMethod

ACCOUNTS = {code: f"demo_{code.lower()}" for code in ("USD", "EUR", "JPY", "KWD")}


@dataclass
class Twin:
    """The gateway as the product sees it, and the other end of the line."""

    gateway: BraintreeGateway
    simulator: DemoGateway
    over_socket: bool
    bodies: list[str] = field(default_factory=list)
    _count: int = 0

    def card(self, customer_id: str = "ann", nonce: str = "fake-valid-nonce", **more: Any) -> StoredMethod:
        self.gateway.ensure_customer(customer_id, first="Ann", last="Archer", email="ann@example.com")
        kept = self.gateway.store_method(customer_id, nonce, **{"verify_card": True, **more})
        assert kept.answer is Answer.SUCCEEDED, kept
        return kept.method

    def order(self, amount: str = "25.00", **more: Any) -> SaleOrder:
        """A charge of its own each time, with a key, of a fresh nonce unless a token is given."""
        self._count += 1
        first = {
            "order_id": f"pay-{self._count}",
            "amount": Decimal(amount),
            "currency": "USD",
            "request_key": f"key-{self._count}",
        }
        if "payment_method_token" not in more:
            first["nonce"] = "fake-valid-nonce"
        return SaleOrder(**{**first, **more})

    def books(self) -> list[dict[str, Any]]:
        """All transactions that the gateway has, oldest first."""
        with self.simulator.store.begin() as books:
            return books.created("transaction")

    def charged(self) -> list[str]:
        """The order ids of the sales that took money."""
        bad = {"processor_declined", "gateway_rejected", "failed", "voided", "settlement_declined"}
        return [doc["order_id"] for doc in self.books() if doc["type"] == "sale" and doc["status"] not in bad]

    def settle(self, transaction_id: str) -> None:
        self.gateway._sdk.testing.settle_transaction(transaction_id)

    def wait(self, seconds: float) -> None:
        """How long the product waits for an answer from now on; within the process nobody waits."""
        if self.over_socket:
            self.gateway = over_socket(self.simulator, self.gateway.keys.port, seconds=seconds)

    def calls(self, part: str) -> list[str]:
        return [call for call in self.bodies if part in call]


def listen(simulator: DemoGateway, bodies: list[str]) -> None:
    """Note every call as it comes over the wire."""
    handle = simulator.handle

    def noted(verb: str, path: str, authorization: str, body: bytes) -> Any:
        bodies.append(f"{verb} {path} {body.decode()}")
        return handle(verb, path, authorization, body)

    simulator.handle = noted


def over_socket(simulator: DemoGateway, port: int, *, seconds: float = 10, **changes: Any) -> BraintreeGateway:
    keys = simulator.keys
    given = {
        "merchant_id": keys.merchant_id,
        "public_key": keys.public_key,
        "private_key": keys.private_key,
        "port": port,
    }
    return BraintreeGateway(
        Keys(**{**given, "environment": "development", "merchant_accounts": ACCOUNTS, **changes}),
        timeout=(seconds, seconds),
    )


@pytest.fixture(params=["inside", "socket"])
def twin(request: pytest.FixtureRequest) -> Iterator[Twin]:
    simulator = DemoGateway()
    with ExitStack() as stack:
        if request.param == "inside":
            made = Twin(choose.over(simulator), simulator, False)
        else:
            port = stack.enter_context(server.serving(simulator))
            made = Twin(over_socket(simulator, port), simulator, True)
        listen(simulator, made.bodies)
        yield made
