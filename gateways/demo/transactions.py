"""Sales, refunds and what becomes of them at the demo gateway, by the sandbox's table of amounts."""

import datetime as dt
from decimal import Decimal
from typing import Any

from foundation import clock, money
from gateways import amounts
from gateways.demo import vault, wire
from gateways.demo.refusals import Refused, Unknown, new_id, part, text
from gateways.demo.store import Books, Doc

_SAME = dt.timedelta(seconds=30)
#: cards settle overnight, bank debits take days
_SETTLES_AFTER = {"card": dt.timedelta(days=1), "bank": dt.timedelta(days=4)}
_WAITING = {"submitted_for_settlement", "settlement_pending"}
_VOIDABLE = _WAITING | {"authorized"}
_REFUNDABLE = {"settling", "settled"}
_FAILED = {"processor_declined", "gateway_rejected", "failed", "voided", "settlement_declined"}
_MESSAGES = {"2004": "Expired Card", "2001": "Insufficient Funds", "3000": "Processor Network Unavailable - Try Again"}


def account_of(currency: str) -> str:
    """The demo has an account for each currency there is, named after it."""
    return f"demo_{currency.lower()}"


def _currency_of(account: str) -> str:
    code = account.removeprefix("demo_").upper()
    if not account.startswith("demo_") or len(code) != 3 or not code.isalpha():
        raise Refused("91513", "merchant_account_id", "Merchant account ID is invalid.")
    return code


def _amount(params: dict[str, Any], currency: str) -> Decimal:
    given = text(params, "amount")
    if not given:
        raise Refused("81502", "amount", "Amount is required.")
    try:
        amount = amounts.from_wire(given, currency)
    except money.BadAmountError:
        raise Refused("81503", "amount", "Amount is an invalid format.") from None
    if amount <= 0:
        raise Refused("81531", "amount", "Amount must be greater than zero.")
    return amount


# ------------------------------------------------------------------------------------------------------------ sale


def sale(books: Books, params: dict[str, Any]) -> Doc:
    """Charge a kept method or a nonce: the transaction, good or bad. Refused when the request itself is wrong."""
    if params.get("type") != "sale":
        raise Refused("91523", "type", "Type is invalid.")
    account = text(params, "merchant_account_id") or account_of("USD")
    currency = _currency_of(account)
    amount = _amount(params, currency)
    method = _charged(books, params)
    if method["kind"] == "bank" and currency != "USD":
        raise Refused("91577", "merchant_account_id", "Merchant account does not support this payment instrument.")
    doc = {
        **_begin("sale", amount, currency, account, text(params, "order_id")),
        "customer_id": text(params, "customer_id") or method.get("customer_id") or "",
        "method": {name: value for name, value in method.items() if name != "three_d_secure"},
        "liability": method.get("three_d_secure"),
    }
    options = part(params, "options")
    _decide(books, doc, method, options)
    if doc["status"] not in _FAILED and options.get("store_in_vault_on_success") and not method.get("token"):
        doc["method"] = vault.keep(books, doc["customer_id"], method)
    _move(books, doc, doc["status"])
    return doc


def _charged(books: Books, params: dict[str, Any]) -> Doc:
    token, nonce = text(params, "payment_method_token"), text(params, "payment_method_nonce")
    if nonce and token:
        raise Refused("91515", "base", "Cannot provide more than one payment method.")
    customer_id = text(params, "customer_id")
    if customer_id and not books.get("customer", customer_id):
        raise Refused("91510", "customer_id", "Customer ID is invalid.")
    if nonce:
        method = vault.spend_nonce(books, nonce, consumed="91564", unknown="91565", on="transaction")
    elif not token:
        raise Refused("91508", "base", "A payment method is required.")
    else:
        found = books.get("method", token)
        if found is None:
            raise Refused("91518", "payment_method_token", "Payment method token is invalid.")
        method = found
    if customer_id and method.get("customer_id") not in {None, customer_id}:
        raise Refused("91516", "payment_method_token", "The payment method belongs to another customer.")
    if method["kind"] == "bank" and not method.get("verified"):
        raise Refused("915172", "payment_method_token", "The US bank account is not verified.")
    return method


def _begin(type_: str, amount: Decimal, currency: str, account: str, order_id: str) -> Doc:
    now = wire.stamp(clock.now())
    return {
        "id": new_id(), "type": type_, "amount": str(amount), "currency": currency, "merchant_account_id": account,
        "order_id": order_id, "created_at": now, "updated_at": now, "history": [], "refund_ids": [],
        "code": "1000", "text": "Approved", "rejection": "",
    }  # fmt: skip


def _decide(books: Books, doc: Doc, method: Doc, options: dict[str, Any]) -> None:
    shifted = (method.get("three_d_secure") or {}).get("liability_shifted")
    whole = int(Decimal(doc["amount"]))
    wants_3ds = part(options, "three_d_secure").get("required") and method["kind"] == "card"
    if _has_twin(books, doc):
        _reject(doc, "duplicate")
    elif wants_3ds and not shifted:
        _reject(doc, "three_d_secure")
    elif method.get("charge") == "fraud":
        _reject(doc, "fraud")
    elif whole == 5001:
        _reject(doc, "application_incomplete")
    elif method.get("charge"):
        _decline(doc, method["charge"])
    elif 2000 <= whole < 3000:
        _decline(doc, str(whole))
    elif whole == 3000:
        doc |= {"status": "failed", "code": "3000", "text": _MESSAGES["3000"]}
    elif not options.get("submit_for_settlement"):
        doc["status"] = "authorized"
    else:
        doc["status"] = "settlement_pending" if method["kind"] == "bank" else "submitted_for_settlement"


def _has_twin(books: Books, doc: Doc) -> bool:
    since = wire.stamp(clock.now() - _SAME)
    marks = ("amount", "currency", "order_id")
    return any(
        other["created_at"] >= since
        and other["type"] == "sale"
        and other["status"] not in _FAILED
        and all(other[mark] == doc[mark] for mark in marks)
        and all(other["method"].get(mark) == doc["method"].get(mark) for mark in ("brand", "last4"))
        for other in (books.of_order("transaction", doc["order_id"]) if doc["order_id"] else [])
    )


def _reject(doc: Doc, reason: str) -> None:
    doc |= {"status": "gateway_rejected", "rejection": reason, "code": "", "text": f"Gateway Rejected: {reason}"}


def _decline(doc: Doc, code: str) -> None:
    kind = "soft_declined" if code in {"2000", "2001", "2002", "2003", "2046"} else "hard_declined"
    doc |= {
        "status": "processor_declined",
        "code": code,
        "text": _MESSAGES.get(code, "Declined"),
        "response_type": kind,
    }


# ----------------------------------------------------------------------------------------------------- afterwards


def find(books: Books, id_: str) -> Doc:
    """As it stands now: what is due has settled."""
    found = books.get("transaction", id_)
    if found is None:
        raise Unknown
    return aged(books, found)


def aged(books: Books, doc: Doc) -> Doc:
    """Settle what has waited long enough; Braintree does it overnight."""
    due = wire.moment(doc["created_at"]) + _SETTLES_AFTER[doc["method"]["kind"]]
    if doc["status"] in _WAITING and clock.now() >= due:
        settle(books, doc)
    return doc


def settle(books: Books, doc: Doc) -> None:
    """An amount of 4001 is refused at settlement, as in the sandbox."""
    if doc["status"] not in _VOIDABLE:
        raise Refused("91575", "base", "Cannot simulate the settlement of this transaction.")
    _move(books, doc, "settlement_declined" if int(Decimal(doc["amount"])) == 4001 else "settled")


def decline_settlement(books: Books, doc: Doc, return_code: str = "") -> None:
    """Also after it settled: a bank may return a debit for 60 days, and says why."""
    if doc["status"] not in _VOIDABLE | _REFUNDABLE:
        raise Refused("91575", "base", "Cannot simulate the settlement of this transaction.")
    doc["ach_return_code"] = return_code or None
    _move(books, doc, "settlement_declined")


def fail_refund(books: Books, doc: Doc) -> None:
    """The bank does not take a refund; it stays listed at its sale."""
    if doc["type"] != "credit" or doc["status"] in _FAILED:
        raise Refused("91575", "base", "This is no refund that could fail.")
    _decline(doc, "2000")
    _move(books, doc, "processor_declined")


def set_status(books: Books, doc: Doc, status: str) -> None:
    _move(books, doc, status)


def void(books: Books, doc: Doc) -> Doc:
    if doc["status"] not in _VOIDABLE:
        raise Refused("91504", "base", "Transaction can only be voided if status is authorized or submitted.")
    _move(books, doc, "voided")
    return doc


def refund(books: Books, doc: Doc, params: dict[str, Any]) -> Doc:
    """Give back an amount, or all that is left; the sum is never more than the sale."""
    if doc["type"] != "sale":
        raise Refused("91505", "base", "Cannot refund a refund.")
    if doc["status"] not in _REFUNDABLE:
        raise Refused("91506", "base", "Cannot refund a transaction unless it is settled.")
    left = refundable(books, doc)
    if left <= 0:
        raise Refused("91512", "base", "Transaction has already been completely refunded.")
    wanted = _amount(params, doc["currency"]) if text(params, "amount") else left
    if wanted > left:
        raise Refused("91521", "amount", "Refund amount is too large.")
    made = _begin(
        "credit", wanted, doc["currency"], doc["merchant_account_id"], text(params, "order_id") or doc["order_id"]
    )
    made |= {name: doc.get(name) for name in ("customer_id", "method")} | {"refunded_transaction_id": doc["id"]}
    _move(books, made, "submitted_for_settlement")
    doc["refund_ids"].append(made["id"])
    _move(books, doc, doc["status"])
    return made


def refundable(books: Books, doc: Doc) -> Decimal:
    """What of the sale has not been given back."""
    refunds = [books.get("transaction", id_) or {} for id_ in doc["refund_ids"]]
    gone = sum((Decimal(one["amount"]) for one in refunds if one["status"] not in _FAILED), Decimal(0))
    return Decimal(doc["amount"]) - gone


def reverse(books: Books, doc: Doc) -> Doc:
    """Void what can be voided, else refund it whole."""
    if doc["status"] in _VOIDABLE:
        return void(books, doc)
    if doc["type"] == "sale" and doc["status"] in _REFUNDABLE and 0 < refundable(books, doc) < Decimal(doc["amount"]):
        raise Refused("91521", "amount", "Refund amount is too large.")
    return refund(books, doc, {})


def update_details(books: Books, doc: Doc, params: dict[str, Any]) -> Doc:
    """Lower the amount before settlement."""
    if doc["status"] != "submitted_for_settlement":
        raise Refused("915129", "base", "Cannot update a transaction that is not submitted for settlement.")
    amount = _amount(params, doc["currency"])
    if amount > Decimal(doc["amount"]):
        raise Refused("91522", "amount", "Settlement amount is too large.")
    doc["amount"] = str(amount)
    _move(books, doc, doc["status"])
    return doc


def _move(books: Books, doc: Doc, status: str) -> None:
    now = wire.stamp(clock.now())
    doc |= {"status": status, "updated_at": now}
    doc["history"].append({"status": status, "amount": doc["amount"], "timestamp": now})
    books.put("transaction", doc["id"], doc)


def did_fail(doc: Doc) -> bool:
    """Whether a sale's answer is a 422."""
    return doc["status"] in {"processor_declined", "gateway_rejected", "failed"}


# ------------------------------------------------------------------------------------------------------------- XML


def transaction_xml(doc: Doc) -> Doc:
    method = doc["method"]
    shown = vault.method_xml(method)
    nothing: Doc = {"token": None, "bin": None, "last_4": None, "card_type": None, "expired": False}
    is_card = method["kind"] == "card"
    # As Braintree does, a bank debit carries a credit card full of nothing.
    instrument: Doc = {"credit_card": shown} if is_card else {"credit_card": nothing, "us_bank_account": shown}
    names = ("id", "type", "status", "amount", "merchant_account_id")
    return {
        **{name: doc[name] for name in names},
        **instrument,
        "currency_iso_code": doc["currency"],
        "order_id": doc["order_id"] or None,
        "created_at": wire.moment(doc["created_at"]),
        "updated_at": wire.moment(doc["updated_at"]),
        "customer": {"id": doc.get("customer_id") or None},
        "payment_instrument_type": "credit_card" if is_card else "us_bank_account",
        "processor_response_code": doc["code"],
        "processor_response_text": doc["text"],
        "processor_response_type": doc.get("response_type", "approved"),
        "gateway_rejection_reason": doc["rejection"] or None,
        "refund_ids": doc["refund_ids"],
        "refunded_transaction_id": doc.get("refunded_transaction_id"),
        "three_d_secure_info": doc.get("liability"),
        "ach_return_code": doc.get("ach_return_code"),
        "status_history": wire.Array([("status_event", event) for event in doc["history"]]),
    }
