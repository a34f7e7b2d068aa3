"""What is certain after a call to Braintree and what is not: docs/adr/0008 has the table. Imports no SDK."""

import logging
import re
import ssl
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from gateways import sentences
from gateways.payments import Answer, RefundResult, Transaction
from gateways.reading import transaction_from

log = logging.getLogger(__name__)

#: these answers say that nothing was done
_SAY_NOTHING_DONE = {
    "AuthenticationError": "http_401",
    "AuthorizationError": "http_403",
    "NotFoundError": "http_404",
    "UpgradeRequiredError": "http_426",
    "TooManyRequestsError": "http_429",
    "ConnectTimeoutError": "connect_timeout",
}
KEY_REFUSED = "915231"
#: same key with another request, in flight, failed before, gateway trouble: the first try may have charged
_KEY_IS_UNCLEAR = {"915232", "915233", "915234", "915235"}


@dataclass(frozen=True)
class Outcome:
    """What one call came to. `subject` is the SDK's transaction, method or verification, for whoever reads on."""

    answer: Answer
    code: str = ""
    transaction: Transaction | None = None
    subject: Any = None
    key_refused: bool = False
    mismatch: bool = False


def from_problem(problem: Exception) -> Outcome:
    """NOT_SENT only when it is certain that the gateway did nothing; everything else is UNKNOWN."""
    name = type(problem).__name__
    if type(problem).__module__.startswith("braintree.") and name in _SAY_NOTHING_DONE:
        return Outcome(Answer.NOT_SENT, _SAY_NOTHING_DONE[name])
    if isinstance(problem, KeyError) and str(problem.args[:1]).find("Invalid keys") >= 0:
        # Raised before sending; other KeyErrors come from answers that could not be read.
        return Outcome(Answer.NOT_SENT, "invalid_keys")
    never = _never_connected(problem)
    if never:
        return Outcome(Answer.NOT_SENT, never)
    return Outcome(Answer.UNKNOWN, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())


def _never_connected(problem: BaseException) -> str:
    """Why no connection came about; empty when one did, or nobody can tell."""
    from urllib3.exceptions import NameResolutionError, NewConnectionError

    waiting: list[object] = [problem]
    for _each in range(20):
        if not waiting:
            break
        one = waiting.pop()
        if isinstance(one, NewConnectionError):
            return "dns" if isinstance(one, NameResolutionError) else "refused"
        if isinstance(one, ssl.SSLCertVerificationError):
            return "certificate"
        if isinstance(one, BaseException):
            waiting += [*one.args, getattr(one, "reason", None)]
    return ""


def from_result(result: Any) -> Outcome:  # noqa: ANN401 -- the SDK has no types
    """The answer in a result of the SDK's; whatever does not read clearly is UNKNOWN. May raise on nonsense."""
    if result is None:
        return Outcome(Answer.UNKNOWN, "no_result")
    subject = getattr(result, "transaction", None)
    if subject is not None:
        return _from_transaction(subject, succeeded=bool(result.is_success))
    if result.is_success:
        subject = getattr(result, "payment_method", None) or getattr(result, "us_bank_account_verification", None)
        return Outcome(Answer.SUCCEEDED, subject=subject)
    verification = getattr(result, "credit_card_verification", None)
    if verification is not None:
        code = getattr(verification, "processor_response_code", None)
        code = code or getattr(verification, "gateway_rejection_reason", None) or verification.status
        return Outcome(Answer.DECLINED, str(code))
    return _from_errors([str(error.code) for error in result.errors.deep_errors])


def _from_transaction(subject: Any, *, succeeded: bool) -> Outcome:  # noqa: ANN401 -- the SDK has no types
    transaction = transaction_from(subject)
    status, reason = transaction.status, transaction.gateway_rejection
    code = reason or str(getattr(subject, "processor_response_code", None) or status.value)
    if reason == "duplicate":
        # "The other one may have succeeded": look it up.
        answer = Answer.UNKNOWN
    elif succeeded and (status.is_good or status.value == "voided"):
        answer = Answer.SUCCEEDED
    elif status.is_bad:
        answer = Answer.DECLINED
    else:
        answer = Answer.UNKNOWN
    return Outcome(answer, code, transaction, subject)


def _from_errors(codes: list[str]) -> Outcome:
    if not codes:
        return Outcome(Answer.UNKNOWN, "no_reason")
    unclear = next((code for code in codes if code in _KEY_IS_UNCLEAR), "")
    if unclear:
        return Outcome(Answer.UNKNOWN, unclear)
    return Outcome(Answer.REJECTED, KEY_REFUSED if KEY_REFUSED in codes else codes[0])


def on_repeat(outcome: Outcome, key: str) -> Outcome:
    """What a second try with the same key tells of the first: only what the gateway remembered under that key."""
    if outcome.answer is Answer.SUCCEEDED or (outcome.answer is Answer.DECLINED and key and not outcome.key_refused):
        return outcome
    return replace(outcome, answer=Answer.UNKNOWN)


def compared(outcome: Outcome, amount: Decimal, currency: str, order_id: str | None) -> Outcome:
    """Another amount, currency or order than was sent is never a quiet success: a person must look."""
    found = outcome.transaction
    if outcome.answer is not Answer.SUCCEEDED or found is None:
        return outcome
    if (found.amount, found.currency) == (amount, currency) and order_id in {None, found.order_id}:
        return outcome
    log.error("gateway: %s has another amount, currency or order than was sent", found.id)
    return replace(outcome, answer=Answer.UNKNOWN, code="mismatch", mismatch=True)


def given_back(outcome: Outcome) -> RefundResult:
    if outcome.code == "http_404" and outcome.answer is Answer.NOT_SENT:
        # Trying again in a few minutes would not help.
        outcome = replace(outcome, answer=Answer.REJECTED)
    return RefundResult(
        answer=outcome.answer,
        transaction=outcome.transaction,
        voided=outcome.transaction is not None and outcome.transaction.status.value == "voided",
        code=outcome.code,
        message=sentences.about_giving_back(outcome.answer, outcome.code),
        key_refused=outcome.key_refused,
        mismatch=outcome.mismatch,
    )
