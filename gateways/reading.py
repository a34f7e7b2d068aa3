"""Braintree's objects as ours. Reads by name only and imports no SDK; what cannot be read raises."""

import datetime as dt
from typing import Any

from foundation import clock
from gateways import amounts
from gateways.events import DisputeNews, EventKind, GatewayEvent  # fmt: skip
from gateways.payments import MethodShown, NonceForStored, StoredMethod, Transaction, TransactionStatus

_STATUSES = {
    "processor_declined": TransactionStatus.DECLINED,
    "settlement_confirmed": TransactionStatus.SETTLING,
    "settlement_failed": TransactionStatus.SETTLEMENT_DECLINED,
}
_KINDS = {
    "payment_method_revoked_by_customer": EventKind.METHOD_REVOKED,
    "dispute_auto_accepted": EventKind.DISPUTE_ACCEPTED,
}
_VERIFICATIONS = {"processor_declined": "declined", "gateway_rejected": "declined", "unrecognized": "failed"}


def aware(moment: dt.datetime) -> dt.datetime:
    """The SDK's datetimes are UTC without saying so."""
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


def _text(thing: object, name: str) -> str:
    return str(getattr(thing, name, None) or "")


def status_from(text: str) -> TransactionStatus:
    if text in _STATUSES:
        return _STATUSES[text]
    return TransactionStatus(text) if text in set(TransactionStatus) else TransactionStatus.OTHER


def transaction_from(sdk: Any) -> Transaction:  # noqa: ANN401 -- the SDK has no types
    """Without a currency or an amount that the currency knows it cannot be read."""
    status, currency = status_from(sdk.status), str(sdk.currency_iso_code)
    secure = getattr(sdk, "three_d_secure_info", None)
    return Transaction(
        id=sdk.id,
        order_id=_text(sdk, "order_id"),
        status=status,
        amount=amounts.from_wire(sdk.amount, currency),
        currency=currency,
        created_at=aware(sdk.created_at),
        method=_method_of(sdk),
        customer_id=_text(getattr(sdk, "customer_details", None), "id"),
        refund_ids=tuple(getattr(sdk, "refund_ids", None) or ()),
        refunded_transaction_id=_text(sdk, "refunded_transaction_id") or None,
        is_refund=sdk.type == "credit",
        settled=status is TransactionStatus.SETTLED,
        gateway_rejection=_text(sdk, "gateway_rejection_reason"),
        liability_shifted=bool(getattr(secure, "liability_shifted", False)) if secure else None,
        return_code=_text(sdk, "ach_return_code"),
    )


def _method_of(sdk: Any) -> MethodShown | None:  # noqa: ANN401 -- the SDK has no types
    kind = _text(sdk, "payment_instrument_type")
    if kind == "us_bank_account":
        account = sdk.us_bank_account
        return MethodShown(
            kind="bank",
            brand=_text(account, "bank_name"),
            last4=_text(account, "last_4"),
            token=_text(account, "token"),
        )
    card = getattr(sdk, "credit_card_details", None)
    if kind != "credit_card" or card is None:
        return None
    return MethodShown(
        kind="card",
        brand=_text(card, "card_type"),
        last4=_text(card, "last_4"),
        expires=_expires(card),
        token=_text(card, "token"),
    )


def _expires(card: object) -> str:
    year, month = _text(card, "expiration_year"), _text(card, "expiration_month")
    return f"{year}-{month.zfill(2)}" if year and month else ""


def stored_from(sdk: Any) -> StoredMethod | None:  # noqa: ANN401 -- the SDK has no types
    """A kept card or US bank account; None for the kinds that we do not use, such as PayPal."""
    shared: Any = {
        "token": _text(sdk, "token"),
        "customer_id": _text(sdk, "customer_id"),
        "last4": _text(sdk, "last_4"),
    }
    if hasattr(sdk, "card_type"):
        expires = _expires(sdk)
        # Without <expired> the SDK's is_expired is a function, and true.
        gone = getattr(sdk, "is_expired", None) is True or bool(expires and expires < f"{clock.now():%Y-%m}")
        return StoredMethod(
            kind="card", brand=sdk.card_type, expires=expires, is_expired=gone, verification_status="verified", **shared
        )
    if type(sdk).__name__ == "UnknownPaymentMethod":
        # The SDK's word for an answer about something else.
        raise ValueError("no payment method")
    if not hasattr(sdk, "routing_number") and not hasattr(sdk, "account_type"):
        return None
    verified = getattr(sdk, "verified", False) is True
    status, waits = ("verified", False) if verified else _verification(sdk)
    return StoredMethod(
        kind="bank",
        brand=_text(sdk, "bank_name"),
        verified=verified,
        verification_status=status,
        awaits_deposits=waits,
        **shared,
    )


def _verification(sdk: object) -> tuple[str, bool]:
    if waiting_check(sdk):
        return "pending", True
    checks = getattr(sdk, "verifications", None) or []
    statuses = [_text(check, "status") for check in checks]
    if "pending" in statuses:
        return "pending", False
    return (_VERIFICATIONS.get(statuses[0], statuses[0]) if statuses else "", False)


def waiting_check(sdk: object) -> str:
    """The id of the check by two deposits that waits for their amounts; empty if there is none."""
    for check in getattr(sdk, "verifications", None) or []:
        if _text(check, "status") == "pending" and _text(check, "verification_method") == "micro_transfers":
            return _text(check, "id")
    return ""


def nonce_from(sdk: Any) -> NonceForStored:  # noqa: ANN401 -- the SDK has no types
    details = getattr(sdk, "details", None) or {}
    return NonceForStored(nonce=sdk.nonce, bin=str(details.get("bin") or ""))


def liability_of(sdk: Any) -> tuple[str, bool]:  # noqa: ANN401 -- the SDK has no types
    """What 3-D Secure said of a nonce, and whether the card's bank answers for it; ("", False) when it had no part."""
    info = getattr(sdk, "three_d_secure_info", None)
    return _text(info, "status"), getattr(info, "liability_shifted", False) is True


def event_from(sdk: Any, digest: str) -> GatewayEvent:  # noqa: ANN401 -- the SDK has no types
    """A webhook; its transaction is not read but for the ids, as the truth is asked for afterwards."""
    kind = _KINDS.get(sdk.kind) or (EventKind(sdk.kind) if sdk.kind in set(EventKind) else EventKind.OTHER)
    dispute = getattr(sdk, "dispute", None)
    about = getattr(dispute, "transaction", None) if dispute else getattr(sdk, "transaction", None)
    revoked = getattr(sdk, "revoked_payment_method_metadata", None)
    return GatewayEvent(
        kind=kind,
        raw_kind=str(sdk.kind),
        at=aware(sdk.timestamp),
        digest=digest,
        transaction_id=_text(about, "id") or None,
        order_id=_text(about, "order_id"),
        token=_text(revoked, "token"),
        dispute=_dispute(dispute) if dispute else None,
    )


def _dispute(sdk: Any) -> DisputeNews:  # noqa: ANN401 -- the SDK has no types
    currency = _text(sdk, "currency_iso_code")
    disputed, won = getattr(sdk, "amount_disputed", None), getattr(sdk, "amount_won", None)
    return DisputeNews(
        id=sdk.id,
        amount_disputed=amounts.from_wire(sdk.amount if disputed is None else disputed, currency),
        amount_won=None if won is None else amounts.from_wire(won, currency),
        currency=currency,
        reply_by=getattr(sdk, "reply_by_date", None),
        status=_text(sdk, "status"),
        reason=_text(sdk, "reason"),
    )
