"""No gateway: what an install without online payments has in its place. Nothing is sent, every page can say so."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import NoReturn

from gateways import sentences
from gateways.events import BadWebhook, GatewayEvent  # fmt: skip
from gateways.payments import (
    Answer,
    BankCheck,
    GatewayProblem,
    Mandate,
    Mode,
    NonceForStored,
    RefundResult,
    SaleOrder,
    SaleResult,
    StoredMethod,
    StoreResult,
    Transaction,
)

_SENTENCE = sentences.about(Answer.NOT_SENT, "off")


def _refuse() -> NoReturn:
    raise GatewayProblem("off", _SENTENCE)


class NoGateway:
    """Refuses everything with one sentence."""

    def mode(self) -> Mode:
        return "off"

    def demo(self) -> None:
        return None

    def check(self) -> None:
        _refuse()

    def takes(self, currency: str) -> bool:
        return False

    def client_token(self, customer_id: str | None = None, *, currency: str = "") -> str:
        _refuse()

    def ensure_customer(self, customer_id: str, *, first: str, last: str, email: str) -> None:
        _refuse()

    def store_method(
        self,
        customer_id: str,
        nonce: str,
        *,
        verify_card: bool,
        mandate: Mandate | None = None,
        bank_check: BankCheck = "network_check",
    ) -> StoreResult:
        return StoreResult(answer=Answer.NOT_SENT, code="off", message=_SENTENCE)

    def delete_method(self, token: str) -> None:
        _refuse()

    def find_method(self, token: str) -> StoredMethod | None:
        _refuse()

    def micro_deposits(self, token: str, amounts: tuple[int, int]) -> StoreResult:
        return StoreResult(answer=Answer.NOT_SENT, code="off", message=_SENTENCE)

    def nonce_for(self, token: str) -> NonceForStored:
        _refuse()

    def sale(self, order: SaleOrder, *, repeat: bool = False) -> SaleResult:
        # A repeat's first try may have charged before the gateway was switched off.
        answer = Answer.UNKNOWN if repeat else Answer.NOT_SENT
        return SaleResult(answer=answer, code="off", message=sentences.about(answer, "off"))

    def find(self, transaction_id: str) -> Transaction | None:
        _refuse()

    def find_by_order(self, order_id: str) -> list[Transaction]:
        _refuse()

    def created_between(self, first: dt.datetime, last: dt.datetime) -> Iterator[Transaction]:
        _refuse()

    def reverse(self, transaction_id: str, *, request_key: str = "", repeat: bool = False) -> RefundResult:
        return self._not_given_back(repeat=repeat)

    def refund(
        self,
        transaction_id: str,
        amount: Decimal,
        *,
        currency: str,
        order_id: str,
        request_key: str = "",
        repeat: bool = False,
    ) -> RefundResult:
        return self._not_given_back(repeat=repeat)

    def void(self, transaction_id: str, *, request_key: str = "") -> RefundResult:
        return self._not_given_back()

    def reduce(self, transaction_id: str, amount: Decimal, *, currency: str) -> RefundResult:
        return self._not_given_back()

    @staticmethod
    def _not_given_back(*, repeat: bool = False) -> RefundResult:
        answer = Answer.UNKNOWN if repeat else Answer.NOT_SENT
        return RefundResult(answer=answer, code="off", message=sentences.about_giving_back(answer, "off"))

    def parse_webhook(self, signature: str, payload: str) -> GatewayEvent:
        raise BadWebhook("off")

    def webhook_challenge(self, challenge: str) -> str:
        raise BadWebhook("off")
