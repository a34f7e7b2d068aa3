"""The demo's buttons: what time, banks and cardholders do in earnest. See `gateways.payments.DemoDesk`."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

from werkzeug.test import Client

from gateways import amounts
from gateways.demo import transactions, vault, webhooks
from gateways.demo.gateway import DemoGateway
from gateways.demo.refusals import Refused, Unknown
from gateways.demo.store import Books
from gateways.events import SignedWebhook
from gateways.payments import N_, GatewayProblem

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

WEBHOOK_PATH = "/webhooks/braintree"


class Desk:
    """The buttons of one demo gateway. Cards settle without a webhook, as at Braintree; bank debits do not."""

    def __init__(self, gateway: DemoGateway) -> None:
        self._gateway = gateway

    @contextmanager
    def _books(self) -> Iterator[Books]:
        try:
            with self._gateway.store.begin() as books:
                yield books
        except Unknown:
            raise GatewayProblem("unknown", N_("The demo gateway knows no such payment.")) from None
        except Refused as refusal:
            raise GatewayProblem(refusal.code, N_("This payment is not in a state for that.")) from None

    def settle(self, transaction_id: str) -> SignedWebhook | None:
        with self._books() as books:
            doc = transactions.find(books, transaction_id)
            transactions.settle(books, doc)
        if doc["method"]["kind"] == "card":
            return None
        kind = "transaction_settled" if doc["status"] == "settled" else "transaction_settlement_declined"
        return webhooks.about_transaction(self._gateway.keys, kind, doc)

    def bank_return(self, transaction_id: str, code: str = "R01") -> SignedWebhook | None:
        with self._books() as books:
            doc = transactions.find(books, transaction_id)
            transactions.decline_settlement(books, doc, code)
        if doc["method"]["kind"] == "card":
            return None
        return webhooks.about_transaction(self._gateway.keys, "transaction_settlement_declined", doc)

    def refund_fails(self, refund_id: str) -> SignedWebhook | None:
        with self._books() as books:
            doc = transactions.find(books, refund_id)
            transactions.fail_refund(books, doc)
        return webhooks.about_transaction(self._gateway.keys, "refund_failed", doc)

    def open_dispute(self, transaction_id: str, amount: Decimal | None = None) -> SignedWebhook:
        with self._books() as books:
            sale = transactions.find(books, transaction_id)
            if amount is not None:
                amount = Decimal(amounts.to_wire(amount, sale["currency"]))
            doc = webhooks.open_dispute(books, sale, amount)
        return webhooks.about_dispute(self._gateway.keys, "dispute_opened", doc, sale)

    def lose_dispute(self, transaction_id: str) -> SignedWebhook:
        return self._end(transaction_id, "lost")

    def win_dispute(self, transaction_id: str, amount: Decimal | None = None) -> SignedWebhook:
        return self._end(transaction_id, "won", amount)

    def _end(self, transaction_id: str, status: str, won: Decimal | None = None) -> SignedWebhook:
        with self._books() as books:
            sale = transactions.find(books, transaction_id)
            if won is not None:
                won = Decimal(amounts.to_wire(won, sale["currency"]))
            doc = webhooks.end_dispute(books, sale, status, won)
        return webhooks.about_dispute(self._gateway.keys, f"dispute_{status}", doc, sale)

    def confirm_with_bank(self, nonce: str, *, succeeds: bool) -> str:
        with self._books() as books:
            return str(vault.confirm_with_bank(books, nonce, succeeds=succeeds)["nonce"])

    def deliver(self, wsgi_app: "WSGIApplication", webhook: SignedWebhook, *, base_url: str) -> int:
        form = {"bt_signature": webhook.signature, "bt_payload": webhook.payload}
        return Client(wsgi_app).post(WEBHOOK_PATH, base_url=base_url, data=form).status_code
