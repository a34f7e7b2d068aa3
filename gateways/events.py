"""What a payment gateway tells of its own accord, by webhook. A hint only: whoever reads it asks for the truth."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class EventKind(StrEnum):
    """What a webhook tells; a hint only: `find` the transaction for the truth."""

    CHECK = "check"
    TRANSACTION_SETTLED = "transaction_settled"
    TRANSACTION_SETTLEMENT_DECLINED = "transaction_settlement_declined"
    REFUND_FAILED = "refund_failed"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_UNDER_REVIEW = "dispute_under_review"
    DISPUTE_DISPUTED = "dispute_disputed"
    DISPUTE_ACCEPTED = "dispute_accepted"
    DISPUTE_EXPIRED = "dispute_expired"
    DISPUTE_LOST = "dispute_lost"
    DISPUTE_WON = "dispute_won"
    METHOD_REVOKED = "method_revoked"
    #: anything else: keep it, do nothing
    OTHER = "other"

    @property
    def is_dispute(self) -> bool:
        return self.value.startswith("dispute_")


@dataclass(frozen=True, kw_only=True)
class DisputeNews:
    """A chargeback as a webhook tells it."""

    id: str
    amount_disputed: Decimal
    amount_won: Decimal | None
    currency: str
    reply_by: dt.date | None
    #: "open", "lost", "won", "accepted", "expired", "under_review", "disputed"
    status: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class GatewayEvent:
    """A webhook whose signature is right. It may be old, repeated or out of order."""

    kind: EventKind
    raw_kind: str
    #: aware UTC, as the gateway dates it
    at: dt.datetime
    #: sha256 of the payload in hex: the same body twice is the same event
    digest: str
    transaction_id: str | None = None
    order_id: str = ""
    #: of a method that was revoked
    token: str = ""
    dispute: DisputeNews | None = None


class BadWebhook(Exception):
    """Not from the gateway, or not readable; answer 400 and keep nothing."""


@dataclass(frozen=True, kw_only=True)
class SignedWebhook:
    """A webhook as it arrives: the two fields of its form."""

    signature: str
    payload: str
