"""Braintree behind our promise: the only module that imports its SDK, and that only when it is first needed.

What is certain after an answer is decided in `answers`, what people read in `sentences`.
"""

import datetime as dt
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

from foundation import money
from gateways import amounts, answers, reading, sentences
from gateways.answers import Outcome, compared, given_back
from gateways.demo import DemoGateway, Desk
from gateways.keys import Keys
from gateways.payments import (
    Answer,
    BankCheck,
    GatewayProblem,
    Mandate,
    RefundResult,
    SaleOrder,
    SaleResult,
    StoreResult,
)
from gateways.questions import Questions, clean, or_none
from gateways.transport import transport

log = logging.getLogger(__name__)

#: seconds to connect, and to wait for the answer
TIMEOUT = (3.05, 30)
_FAILED_3DS = {"authenticate_failed", "authenticate_rejected", "authenticate_signature_verification_failed"}


class BraintreeGateway(Questions):
    """One object for the process; threads may share it. With `simulator` it talks to the built-in gateway."""

    def __init__(
        self, keys: Keys, *, simulator: DemoGateway | None = None, timeout: tuple[float, float] = TIMEOUT
    ) -> None:
        self.keys = keys
        self.simulator = simulator
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"<BraintreeGateway {self.mode()}>"

    def demo(self) -> Desk | None:
        return Desk(self.simulator) if self.simulator and self.mode() == "demo" else None

    @cached_property
    def _module(self) -> Any:  # noqa: ANN401 -- the SDK has no types
        import braintree

        return braintree

    @cached_property
    def _sdk(self) -> Any:  # noqa: ANN401 -- the SDK has no types
        from braintree.util.http import Http

        braintree, wanted = self._module, self.keys.environment
        environment = {"sandbox": braintree.Environment.Sandbox, "production": braintree.Environment.Production}.get(
            wanted
        )
        if environment is None:
            environment = braintree.Environment(
                "local", "127.0.0.1", str(self.keys.port), "http://127.0.0.1", False, None
            )
        return braintree.BraintreeGateway(
            braintree.Configuration(
                environment=environment,
                merchant_id=self.keys.merchant_id,
                public_key=self.keys.public_key,
                private_key=self.keys.private_key,
                timeout=self._timeout,
                wrap_http_exceptions=True,
                http_strategy=transport(Http, self.simulator),
            )
        )

    def _order(self, what: str, send: Callable[[str], object], *, key: str, repeat: bool) -> Outcome:
        """Send what may move money. A gateway that refuses keys did nothing, so it is sent once more without."""
        if repeat and not key:
            # Nothing protects a second try from being a second charge.
            return Outcome(Answer.UNKNOWN, "no_key")
        outcome = self._once(what, send, key)
        if key and outcome.code == answers.KEY_REFUSED:
            again = outcome if repeat else self._once(what, send, "")
            outcome = replace(again, key_refused=True)
        return answers.on_repeat(outcome, key) if repeat else outcome

    def _once(self, what: str, send: Callable[[str], object], key: str) -> Outcome:
        try:
            outcome = answers.from_result(send(key))
        except Exception as problem:  # noqa: BLE001 -- a charge may have happened, whatever the SDK stumbles over
            outcome = answers.from_problem(problem)
        level = logging.INFO if outcome.answer in {Answer.SUCCEEDED, Answer.DECLINED} else logging.WARNING
        log.log(level, "gateway: %s: %s %s", what, outcome.answer, outcome.code)
        return outcome

    def store_method(
        self,
        customer_id: str,
        nonce: str,
        *,
        verify_card: bool,
        mandate: Mandate | None = None,
        bank_check: BankCheck = "network_check",
    ) -> StoreResult:
        params: dict[str, Any] = {"customer_id": customer_id, "payment_method_nonce": clean(nonce)}
        if mandate:
            accepted = mandate.accepted_at.astimezone(dt.UTC)
            params["us_bank_account"] = {"ach_mandate_text": clean(mandate.text), "ach_mandate_accepted_at": accepted}
            account = self._account("USD").get("merchant_account_id")
            params["options"] = {"us_bank_account_verification_method": bank_check}
            params["options"] |= {"verification_merchant_account_id": account} if account else {}
        else:
            params["options"] = {"verify_card": verify_card}
        outcome = self._order("store", lambda _key: self._sdk.payment_method.create(params), key="", repeat=False)
        return self._stored(outcome)

    @staticmethod
    def _stored(outcome: Outcome) -> StoreResult:
        method = None
        with suppress(AttributeError, ValueError):
            method = reading.stored_from(outcome.subject)
        answer = outcome.answer
        if answer is Answer.SUCCEEDED and method is None:
            # It may be kept, but nobody can say what it is.
            answer = Answer.UNKNOWN
        message = sentences.about_keeping(answer, outcome.code)
        return StoreResult(answer=answer, method=method, code=outcome.code, message=message)

    def micro_deposits(self, token: str, amounts: tuple[int, int]) -> StoreResult:
        try:
            with self._asking("method"):
                account = or_none(partial(self._sdk.payment_method.find, token))
        except GatewayProblem as problem:
            return self._stored(Outcome(Answer.NOT_SENT, problem.code))
        check = reading.waiting_check(account)
        if not check:
            return self._stored(Outcome(Answer.REJECTED, "96101"))
        confirm = self._sdk.us_bank_account_verification.confirm_micro_transfer_amounts
        outcome = self._order("deposits", lambda _key: confirm(check, list(amounts)), key="", repeat=False)
        if outcome.answer is Answer.SUCCEEDED:
            with suppress(GatewayProblem), self._asking("method"):
                outcome = replace(outcome, subject=self._sdk.payment_method.find(token))
        return self._stored(outcome)

    def sale(self, order: SaleOrder, *, repeat: bool = False) -> SaleResult:
        params: dict[str, Any] = {}
        try:
            refusal = self._before_sale(order, repeat=repeat)
            params = {} if refusal else self._sale_params(order)
        except GatewayProblem as problem:
            refusal = Outcome(Answer.NOT_SENT, problem.code)
        except money.BadAmountError:
            log.exception("gateway: sale %s could not be sent", order.order_id)
            refusal = Outcome(Answer.NOT_SENT, "bad_amount")
        if refusal:
            # Nothing was sent now; what a first try did is as unclear as before.
            outcome = replace(refusal, answer=Answer.UNKNOWN) if repeat else refusal
        else:
            what, key = f"sale {order.order_id}", order.request_key
            sale = self._sdk.transaction.sale
            outcome = self._order(what, lambda key: sale({**params, **_with_key(key)}), key=key, repeat=repeat)
        outcome = compared(outcome, order.amount, order.currency, order.order_id)
        return SaleResult(
            answer=outcome.answer,
            transaction=outcome.transaction,
            code=outcome.code,
            message=sentences.about(outcome.answer, outcome.code),
            key_refused=outcome.key_refused,
            mismatch=outcome.mismatch,
        )

    def _before_sale(self, order: SaleOrder, *, repeat: bool) -> Outcome | None:
        """What forbids the sale before it is sent: a currency without an account, a bank that does not answer for it."""
        if not self.takes(order.currency):
            return Outcome(Answer.NOT_SENT, "currency")
        if repeat or order.three_d_secure == "off" or not order.nonce:
            return None
        with self._asking("3-D Secure"):
            found = or_none(partial(self._sdk.payment_method_nonce.find, clean(order.nonce)))
        if found is None:
            return Outcome(Answer.REJECTED, "91565")
        status, shifted = reading.liability_of(found)
        if not shifted and (order.three_d_secure == "required" or status in _FAILED_3DS):
            return Outcome(Answer.REJECTED, "three_d_secure")
        return None

    def _sale_params(self, order: SaleOrder) -> dict[str, Any]:
        options: dict[str, Any] = {"submit_for_settlement": True}
        params: dict[str, Any] = {
            "amount": amounts.to_wire(order.amount, order.currency),
            "order_id": order.order_id,
            "options": options,
            **self._account(order.currency),
        }
        if order.payment_method_token:
            params["payment_method_token"] = order.payment_method_token
        else:
            params["payment_method_nonce"] = clean(order.nonce or "")
        if order.customer_id:
            params["customer_id"] = order.customer_id
        if order.store_in_vault and order.nonce:
            options["store_in_vault_on_success"] = True
        if order.device_data:
            params["device_data"] = clean(order.device_data)
        if order.three_d_secure == "required" and not self._is_bank(order):
            options["three_d_secure"] = {"required": True}
        return params

    def _is_bank(self, order: SaleOrder) -> bool:
        method = self.find_method(order.payment_method_token) if order.payment_method_token else None
        return method is not None and method.kind == "bank"

    def reverse(self, transaction_id: str, *, request_key: str = "", repeat: bool = False) -> RefundResult:
        def send(key: str) -> object:
            return self._sdk.transaction.reverse(transaction_id, _with_key(key))

        return given_back(self._order(f"reverse {transaction_id}", send, key=request_key, repeat=repeat))

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
        sent = _amount_sent(amount, currency)
        if sent is None:
            return given_back(Outcome(Answer.UNKNOWN if repeat else Answer.NOT_SENT, "bad_amount"))

        def send(key: str) -> object:
            return self._sdk.transaction.refund(transaction_id, {**sent, "order_id": order_id, **_with_key(key)})

        outcome = self._order(f"refund {order_id}", send, key=request_key, repeat=repeat)
        return given_back(compared(outcome, amount, currency, order_id))

    def void(self, transaction_id: str, *, request_key: str = "") -> RefundResult:
        def send(key: str) -> object:
            return self._sdk.transaction.void(transaction_id, _with_key(key))

        return given_back(self._order(f"void {transaction_id}", send, key=request_key, repeat=False))

    def reduce(self, transaction_id: str, amount: Decimal, *, currency: str) -> RefundResult:
        sent = _amount_sent(amount, currency)
        if sent is None:
            return given_back(Outcome(Answer.NOT_SENT, "bad_amount"))

        def send(_key: str) -> object:
            return self._sdk.transaction.update_details(transaction_id, dict(sent))

        outcome = self._order(f"reduce {transaction_id}", send, key="", repeat=False)
        return given_back(compared(outcome, amount, currency, None))


def _with_key(key: str) -> dict[str, str]:
    return {"api_request_key": key} if key else {}


def _amount_sent(amount: Decimal, currency: str) -> dict[str, str] | None:
    """None for an amount that the currency cannot express: a mistake of ours, and nothing is sent."""
    try:
        return {"amount": amounts.to_wire(amount, currency)}
    except money.BadAmountError:
        log.exception("gateway: an amount could not be sent")
        return None


__all__ = ["BraintreeGateway", "Keys"]
