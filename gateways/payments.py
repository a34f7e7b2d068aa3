"""What the business asks of a payment gateway, and every answer that it can get; knows no vendor.

`braintree_gateway` is the one real implementation, `demo/` the built-in gateway behind it when no keys are set.
`workflows/payments.py` writes its intent down before each call and decides by `Answer` what may happen next.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol

from gateways.events import GatewayEvent, SignedWebhook

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

Mode = Literal["demo", "development", "sandbox", "production", "off"]
BankCheck = Literal["network_check", "micro_transfers"]
ThreeDSecure = Literal["off", "when_available", "required"]


def N_(message: str) -> str:  # noqa: N802 -- the customary name of gettext's marker
    """Mark a text for translation; it is translated where it is shown."""
    return message


class Answer(StrEnum):
    """What is known after a call that could move money."""

    #: the gateway did it
    SUCCEEDED = "succeeded"
    #: the bank or the gateway looked at it and said no; no money moved
    DECLINED = "declined"
    #: the request itself was wrong (used nonce, unknown card); no money moved
    REJECTED = "rejected"
    #: it certainly never got there
    NOT_SENT = "not_sent"
    #: nobody knows: money may have moved. Look it up by its order id, never simply try again
    UNKNOWN = "unknown"


class TransactionStatus(StrEnum):
    """Where a transaction stands at the gateway."""

    AUTHORIZING = "authorizing"
    AUTHORIZED = "authorized"
    SUBMITTED_FOR_SETTLEMENT = "submitted_for_settlement"
    SETTLEMENT_PENDING = "settlement_pending"
    SETTLING = "settling"
    SETTLED = "settled"
    DECLINED = "declined"
    GATEWAY_REJECTED = "gateway_rejected"
    FAILED = "failed"
    VOIDED = "voided"
    SETTLEMENT_DECLINED = "settlement_declined"
    AUTHORIZATION_EXPIRED = "authorization_expired"
    #: a status that this version does not know; neither good nor bad
    OTHER = "other"

    @property
    def is_good(self) -> bool:
        """The money is on its way or here."""
        return self in _GOOD

    @property
    def is_bad(self) -> bool:
        """No money came, or it went back."""
        return self in _BAD

    @property
    def can_be_refunded(self) -> bool:
        """In part or whole; before that it can only be voided."""
        return self in {TransactionStatus.SETTLING, TransactionStatus.SETTLED}

    @property
    def can_be_voided(self) -> bool:
        return self in {
            TransactionStatus.AUTHORIZED,
            TransactionStatus.SUBMITTED_FOR_SETTLEMENT,
            TransactionStatus.SETTLEMENT_PENDING,
        }


_GOOD = {
    TransactionStatus.AUTHORIZED,
    TransactionStatus.SUBMITTED_FOR_SETTLEMENT,
    TransactionStatus.SETTLEMENT_PENDING,
    TransactionStatus.SETTLING,
    TransactionStatus.SETTLED,
}
_BAD = {
    TransactionStatus.DECLINED,
    TransactionStatus.GATEWAY_REJECTED,
    TransactionStatus.FAILED,
    TransactionStatus.VOIDED,
    TransactionStatus.SETTLEMENT_DECLINED,
    TransactionStatus.AUTHORIZATION_EXPIRED,
}


@dataclass(frozen=True, kw_only=True)
class MethodShown:
    """A card or bank account as people may see it."""

    kind: Literal["card", "bank"]
    #: "Visa", or the bank's name
    brand: str
    last4: str
    #: YYYY-MM; empty for a bank account
    expires: str = ""
    #: in the gateway's vault; empty when it is not kept
    token: str = ""


@dataclass(frozen=True, kw_only=True)
class StoredMethod(MethodShown):
    """A card or bank account in the gateway's vault."""

    #: a bank account may be charged only once it is; a card always is
    verified: bool = True
    #: "verified", "pending", "declined", "failed" or empty
    verification_status: str = ""
    #: the bank account waits for the amounts of its two small deposits
    awaits_deposits: bool = False
    is_expired: bool = False
    customer_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """A sale or refund as the gateway tells it."""

    id: str
    order_id: str
    status: TransactionStatus
    amount: Decimal
    currency: str
    #: aware UTC
    created_at: dt.datetime
    method: MethodShown | None = None
    customer_id: str = ""
    refund_ids: tuple[str, ...] = ()
    refunded_transaction_id: str | None = None
    is_refund: bool = False
    settled: bool = False
    #: "duplicate", "fraud", "three_d_secure" …; empty unless the gateway rejected it
    gateway_rejection: str = ""
    #: whether the card's bank answers for fraud; None when 3-D Secure had no part in it
    liability_shifted: bool | None = None
    #: why a bank sent a debit back, such as R02 for a closed account; empty when it says nothing
    return_code: str = ""


@dataclass(frozen=True, kw_only=True)
class SaleOrder:
    """A charge, whole: it is built from a stored row alone, so that a repeat is the identical request."""

    #: the attempt's public id, [A-Za-z0-9_-]
    order_id: str
    amount: Decimal
    currency: str
    #: at most 255 characters; empty when the gateway refuses keys
    request_key: str = ""
    #: either this, a kept card or bank account,
    payment_method_token: str | None = None
    #: or this, from the browser, good for one use
    nonce: str | None = None
    #: keep the nonce's card for `customer_id` if the charge succeeds
    store_in_vault: bool = False
    customer_id: str | None = None
    three_d_secure: ThreeDSecure = "off"
    device_data: str = ""


@dataclass(frozen=True, kw_only=True)
class SaleResult:
    """What came of a sale. `transaction` may be there for any answer but NOT_SENT."""

    answer: Answer
    transaction: Transaction | None = None
    #: the processor's or gateway's code, or the kind of problem ("timeout", "refused", "http_503"); for the log
    code: str = ""
    #: a sentence for the person who pays, without card data; goes through gettext
    message: str = ""
    #: the gateway does not take request keys (915231): send none from now on
    key_refused: bool = False
    #: money moved, but another amount or currency than was ordered: a person must look
    mismatch: bool = False


@dataclass(frozen=True, kw_only=True)
class RefundResult:
    """What came of a reversal, refund, void or reduction.

    `transaction` is the refund, or the original when that was voided or reduced; `voided` tells a reversal's two ways.
    """

    answer: Answer
    transaction: Transaction | None = None
    voided: bool = False
    code: str = ""
    message: str = ""
    key_refused: bool = False
    mismatch: bool = False


@dataclass(frozen=True, kw_only=True)
class Mandate:
    """The words with which a person allowed debits from a bank account, and when (aware UTC)."""

    text: str
    accepted_at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class StoreResult:
    """What came of keeping a card or bank account, or of confirming its deposits; SUCCEEDED does not mean verified."""

    answer: Answer
    method: StoredMethod | None = None
    code: str = ""
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class NonceForStored:
    """A one-time stand-in for a kept card, with which the browser runs 3-D Secure."""

    nonce: str
    bin: str


class GatewayProblem(Exception):
    """The gateway could not be asked, or answered nonsense. `message` is for people and goes through gettext."""

    def __init__(self, code: str, message: str, *, keys_are_wrong: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        #: the operator must look: trying again will not help
        self.keys_are_wrong = keys_are_wrong


class DemoDesk(Protocol):
    """What the demo's buttons do at the built-in gateway, where time and banks do it in earnest.

    Each returns the webhook that the gateway would send, or None where it would send none (cards settle quietly).
    GatewayProblem when the transaction is not in a state for it.
    """

    def settle(self, transaction_id: str) -> SignedWebhook | None: ...

    def bank_return(self, transaction_id: str, code: str = "R01") -> SignedWebhook | None:
        """The bank refuses a debit, also after it settled; the code says why, R01 for too little money."""
        ...

    def refund_fails(self, refund_id: str) -> SignedWebhook | None: ...

    def open_dispute(self, transaction_id: str, amount: Decimal | None = None) -> SignedWebhook: ...

    def lose_dispute(self, transaction_id: str) -> SignedWebhook: ...

    def win_dispute(self, transaction_id: str, amount: Decimal | None = None) -> SignedWebhook:
        """All of what is disputed, or so much of it."""
        ...

    def confirm_with_bank(self, nonce: str, *, succeeds: bool) -> str:
        """What 3-D Secure does in the browser: another nonce, which knows what the card's bank said."""
        ...

    def deliver(self, wsgi_app: "WSGIApplication", webhook: SignedWebhook, *, base_url: str) -> int:
        """Post it to our own webhook address, as the gateway would; the status of the answer.

        Never inside a transaction: the webhook is a request of its own and writes.
        """
        ...


class PaymentGateway(Protocol):
    """A payment gateway. The calls that move money answer and never raise; the others raise only GatewayProblem."""

    def mode(self) -> Mode:
        """Whose money moves: none in "demo", "development" and "sandbox". "off": there is no gateway."""
        ...

    def demo(self) -> DemoDesk | None:
        """The demo's buttons; None unless this is the built-in gateway."""
        ...

    def check(self) -> None:
        """Ask the gateway whether our keys are good; GatewayProblem with a sentence if not."""
        ...

    def takes(self, currency: str) -> bool:
        """Whether it can charge in this currency."""
        ...

    def client_token(self, customer_id: str | None = None, *, currency: str = "") -> str:
        """What the browser's card fields start with; 3-D Secure wants to know the currency."""
        ...

    def ensure_customer(self, customer_id: str, *, first: str, last: str, email: str) -> None:
        """Make this customer known to the vault, or bring its name and address up to date."""
        ...

    def store_method(
        self,
        customer_id: str,
        nonce: str,
        *,
        verify_card: bool,
        mandate: Mandate | None = None,
        bank_check: BankCheck = "network_check",
    ) -> StoreResult:
        """Keep what the nonce stands for. A bank account needs the mandate, and comes back unverified or verified."""
        ...

    def delete_method(self, token: str) -> None:
        """Forget a kept card or account; one that is gone already is fine."""
        ...

    def find_method(self, token: str) -> StoredMethod | None: ...

    def micro_deposits(self, token: str, amounts: tuple[int, int]) -> StoreResult:
        """Confirm a bank account by the cents of its two deposits."""
        ...

    def nonce_for(self, token: str) -> NonceForStored:
        """Begin 3-D Secure with a kept card."""
        ...

    def sale(self, order: SaleOrder, *, repeat: bool = False) -> SaleResult:
        """Charge and submit for settlement. Asks for the bank's liability first when 3-D Secure is required.

        `repeat` says that this order was sent before and its answer was lost. Then only what certainly tells of the
        first try is told; everything else, and a gateway that refuses the key, is UNKNOWN.
        """
        ...

    def find(self, transaction_id: str) -> Transaction | None: ...

    def find_by_order(self, order_id: str) -> list[Transaction]:
        """All of them, oldest first, declined ones and refunds too. The gateway's index may lag: none is no proof."""
        ...

    def created_between(self, first: dt.datetime, last: dt.datetime) -> Iterator[Transaction]:
        """All sales and refunds that were made from `first` to `last`, both aware and included, for the comparison."""
        ...

    def reverse(self, transaction_id: str, *, request_key: str = "", repeat: bool = False) -> RefundResult:
        """Give all of it back: the gateway itself voids or refunds, whichever can still be done."""
        ...

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
        """Give a part back of what has settled."""
        ...

    def void(self, transaction_id: str, *, request_key: str = "") -> RefundResult:
        """Cancel, whole, before it settles."""
        ...

    def reduce(self, transaction_id: str, amount: Decimal, *, currency: str) -> RefundResult:
        """Lower the amount to `amount` before it settles."""
        ...

    def parse_webhook(self, signature: str, payload: str) -> GatewayEvent:
        """The event, or BadWebhook and nothing else, whatever comes."""
        ...

    def webhook_challenge(self, challenge: str) -> str:
        """The answer to the gateway's check of our address; BadWebhook for anything that is none."""
        ...
