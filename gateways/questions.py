"""What can be asked of Braintree without moving money: the first half of the adapter; imports no SDK itself."""

import datetime as dt
import hashlib
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from foundation import text
from gateways import answers, reading, sentences
from gateways.demo import DemoGateway
from gateways.events import BadWebhook, GatewayEvent
from gateways.keys import Keys
from gateways.payments import Answer, GatewayProblem, Mode, NonceForStored, StoredMethod, Transaction

log = logging.getLogger(__name__)

_MOST_FOUND = 50_000
_LONGEST_WEBHOOK = 2**20
_NOT_IN_XML = re.compile("[\ufffe\uffff]")


class Questions:
    """A question that cannot be asked, or has no sensible answer, is a GatewayProblem and nothing else."""

    keys: Keys
    simulator: DemoGateway | None
    #: the SDK itself, and its gateway object
    _module: Any
    _sdk: Any

    def mode(self) -> Mode:
        return self.keys.environment

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """A question that moves no money: whatever goes wrong is a GatewayProblem."""
        try:
            yield
        except GatewayProblem:
            raise
        except Exception as problem:
            code = answers.from_problem(problem).code
            wrong = code in {"http_401", "http_403"}
            log.warning("gateway: %s failed: %s", what, code)
            sentence = sentences.KEYS_ARE_WRONG if wrong else sentences.CANNOT_REACH
            raise GatewayProblem(code, sentence, keys_are_wrong=wrong) from problem

    def check(self) -> None:
        self.client_token()
        for currency, account in self.keys.merchant_accounts.items():
            with self._asking("merchant account"):
                found = or_none(partial(self._sdk.merchant_account.find, account))
            if found is None or found.currency_iso_code != currency:
                raise GatewayProblem("merchant_account", sentences.WRONG_ACCOUNT, keys_are_wrong=True)

    def takes(self, currency: str) -> bool:
        return self.simulator is not None or not self.keys.merchant_accounts or currency in self.keys.merchant_accounts

    def _account(self, currency: str) -> dict[str, str]:
        account = f"demo_{currency.lower()}" if self.simulator else self.keys.merchant_accounts.get(currency, "")
        return {"merchant_account_id": account} if account else {}

    def client_token(self, customer_id: str | None = None, *, currency: str = "") -> str:
        wanted = {"customer_id": customer_id} if customer_id else {}
        with self._asking("client token"):
            return str(self._sdk.client_token.generate({**wanted, **(self._account(currency) if currency else {})}))

    def ensure_customer(self, customer_id: str, *, first: str, last: str, email: str) -> None:
        known = {"first_name": clean(first)[:255], "last_name": clean(last)[:255]}
        with self._asking("customer"):
            # Without the mail address once more, if Braintree does not take it: it is not worth a payment.
            for details in ({**known, "email": clean(email)}, known):
                result = or_none(partial(self._sdk.customer.update, customer_id, details))
                if result is None:
                    result = self._sdk.customer.create({"id": customer_id, **details})
                outcome = answers.from_result(result)
                if outcome.answer is Answer.SUCCEEDED or outcome.code == "91609":  # somebody else has just made it
                    return
            raise GatewayProblem(outcome.code, sentences.REFUSED)

    def find_method(self, token: str) -> StoredMethod | None:
        with self._asking("method"):
            found = or_none(partial(self._sdk.payment_method.find, token))
            return None if found is None else reading.stored_from(found)

    def delete_method(self, token: str) -> None:
        with self._asking("delete method"):
            or_none(partial(self._sdk.payment_method.delete, token))
            # The SDK takes every answer to a deletion for a yes.
            if or_none(partial(self._sdk.payment_method.find, token)) is not None:
                raise GatewayProblem("not_deleted", sentences.REFUSED)

    def nonce_for(self, token: str) -> NonceForStored:
        with self._asking("nonce"):
            result = self._sdk.payment_method_nonce.create(token)
            if not result.is_success:
                raise GatewayProblem(answers.from_result(result).code, sentences.REFUSED)
            return reading.nonce_from(result.payment_method_nonce)

    def find(self, transaction_id: str) -> Transaction | None:
        with self._asking("find"):
            found = or_none(partial(self._sdk.transaction.find, transaction_id))
            return None if found is None else reading.transaction_from(found)

    def find_by_order(self, order_id: str) -> list[Transaction]:
        with self._asking("search"):
            newest_first = self._sdk.transaction.search(self._module.TransactionSearch.order_id == order_id)
            found = [reading.transaction_from(one) for one in newest_first]
            found.reverse()
            return sorted(found, key=lambda one: one.created_at)

    def created_between(self, first: dt.datetime, last: dt.datetime) -> Iterator[Transaction]:
        # The SDK prints a Z behind whatever it is given, and no fractions.
        low, high = (at.astimezone(dt.UTC).replace(tzinfo=None) for at in (first, last))
        with self._asking("search"):
            found = self._sdk.transaction.search(self._module.TransactionSearch.created_at.between(low, high))
            if found.maximum_size >= _MOST_FOUND:
                raise GatewayProblem("too_many", sentences.REFUSED)
            for one in found:
                yield reading.transaction_from(one)

    def parse_webhook(self, signature: str, payload: str) -> GatewayEvent:
        if len(payload) > _LONGEST_WEBHOOK or len(signature) > _LONGEST_WEBHOOK:
            raise BadWebhook("too long")
        try:
            # The SDK checks the signature before it reads the payload.
            event = self._sdk.webhook_notification.parse(signature, payload)
            return reading.event_from(event, hashlib.sha256(payload.encode()).hexdigest())
        except Exception as problem:
            log.warning("gateway: a webhook was refused: %s", type(problem).__name__)
            raise BadWebhook(type(problem).__name__) from problem

    def webhook_challenge(self, challenge: str) -> str:
        try:
            return str(self._sdk.webhook_notification.verify(challenge))
        except Exception as problem:
            raise BadWebhook(type(problem).__name__) from problem


def clean(value: str) -> str:
    """Without the characters that XML cannot carry."""
    return _NOT_IN_XML.sub("", text.visible(value))


def or_none(ask: Callable[[], Any]) -> Any:  # noqa: ANN401 -- the SDK has no types
    """What is found, or None for what the gateway does not know."""
    try:
        return ask()
    except Exception as problem:
        if answers.from_problem(problem).code == "http_404":
            return None
        raise
