"""The demo gateway's vault: customers, their cards and bank accounts, and the nonces that stand for them once."""

import datetime as dt
import re
from typing import Any

from foundation import clock
from gateways.demo import nonces, wire
from gateways.demo.refusals import Refused, Unknown, new_id, part, text
from gateways.demo.store import Books, Doc

#: what a nonce of ours is good for
_NONCE_LASTS = dt.timedelta(hours=3)
#: the cents of the two deposits, as in the sandbox
DEPOSITS = [17, 29]
_MOST_TRIES = 3


# ------------------------------------------------------------------------------------------------------- customers


def create_customer(books: Books, params: dict[str, Any]) -> Doc:
    """91609 when the id is taken, 91610 when it is none."""
    id_ = text(params, "id") or new_id()
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,36}", id_):
        raise Refused("91610", "id", "Customer ID is invalid.", on="customer")
    if books.get("customer", id_):
        raise Refused("91609", "id", "Customer ID has already been taken.", on="customer")
    return _write_customer(books, {"id": id_, "created_at": wire.stamp(clock.now())}, params)


def update_customer(books: Books, id_: str, params: dict[str, Any]) -> Doc:
    return _write_customer(books, customer(books, id_), params)


def customer(books: Books, id_: str) -> Doc:
    found = books.get("customer", id_)
    if found is None:
        raise Unknown
    return found


def _write_customer(books: Books, doc: Doc, params: dict[str, Any]) -> Doc:
    email = text(params, "email")
    if email and "@" not in email:
        raise Refused("81604", "email", "Email is an invalid format.", on="customer")
    doc |= {name: text(params, name) for name in ("first_name", "last_name", "email") if name in params}
    books.put("customer", doc["id"], doc)
    return doc


def customer_xml(books: Books, doc: Doc) -> Doc:
    kept = books.of_parent("method", doc["id"])
    cards = [("credit_card", method_xml(method)) for method in kept if method["kind"] == "card"]
    accounts = [("us_bank_account", method_xml(method)) for method in kept if method["kind"] == "bank"]
    return {
        **{name: doc.get(name, "") for name in ("id", "first_name", "last_name", "email")},
        "credit_cards": wire.Array(cards),
        "us_bank_accounts": wire.Array(accounts),
    }


# --------------------------------------------------------------------------------------------------------- methods


def spend_nonce(books: Books, name: str, *, consumed: str, unknown: str, on: str) -> Doc:
    """What the nonce stands for; it is used up unless it is one of the fixed ones. Refused with the codes given."""
    if name == nonces.LUHN_INVALID:
        raise Refused("81715", "number", "Credit card number is invalid.", on="credit_card")
    known = nonces.fixed(name)
    if known is not None:
        return known
    doc = books.get("nonce", name)
    if name == nonces.CONSUMED or (doc and doc["consumed"]):
        raise Refused(consumed, "payment_method_nonce", "Cannot use a payment_method_nonce more than once.", on=on)
    if doc is None or wire.moment(doc["created_at"]) < clock.now() - _NONCE_LASTS:
        raise Refused(unknown, "payment_method_nonce", "Unknown or expired payment_method_nonce.", on=on)
    books.put("nonce", name, {**doc, "consumed": True})
    return {**doc["method"], "three_d_secure": doc.get("three_d_secure")}


class VerificationFailed(Exception):
    """A card was not kept as its bank refused the check: 422 with the verification."""

    def __init__(self, status: str, code: str, reason: str) -> None:
        super().__init__(status)
        self.status, self.code, self.reason = status, code, reason

    def xml(self) -> str:
        verification = {
            "status": self.status, "processor_response_code": self.code, "processor_response_text": "Do Not Honor",
            "gateway_rejection_reason": self.reason or None,
        }  # fmt: skip
        errors = {"errors": wire.Array()}
        message = "Do Not Honor" if self.code else f"Gateway Rejected: {self.reason}"
        return wire.write("api_error_response", {"errors": errors, "verification": verification, "message": message})


def store(books: Books, params: dict[str, Any]) -> Doc:
    """Keep what a nonce stands for; a card is checked at its bank when asked, a bank account always."""
    customer_id, options = text(params, "customer_id"), part(params, "options")
    if not books.get("customer", customer_id):
        raise Refused("93105", "customer_id", "Customer ID is invalid.", on="payment_method")
    nonce = text(params, "payment_method_nonce")
    if not nonce:
        raise Refused("93103", "payment_method_nonce", "Nonce is required.", on="payment_method")
    seen = spend_nonce(books, nonce, consumed="93107", unknown="93108", on="payment_method")
    verified: Doc = {}
    if seen["kind"] == "card" and options.get("verify_card"):
        if seen.get("verify") == "processor_declined":
            raise VerificationFailed("processor_declined", "2000", "")
        if seen.get("verify") == "fraud":
            raise VerificationFailed("gateway_rejected", "", "fraud")
    if seen["kind"] == "bank":
        verified = _check_account(seen, part(params, "us_bank_account"), options)
    return keep(books, customer_id, {**seen, **verified})


def _check_account(seen: Doc, mandate: dict[str, Any], options: dict[str, Any]) -> Doc:
    if not text(mandate, "ach_mandate_text") or not text(mandate, "ach_mandate_accepted_at"):
        raise Refused("93101", "ach_mandate_text", "A bank account needs a mandate.", on="payment_method")
    how = text(options, "us_bank_account_verification_method")
    if how == "micro_transfers":
        status, code = "pending", ""
    elif how in {"network_check", "independent_check"}:
        code = str(seen.get("verify") or "1000")
        status = "verified" if code == "1000" else "processor_declined"
    else:
        raise Refused("93121", "us_bank_account_verification_method", "Verification method is invalid.", on="options")
    verification = {"id": new_id(), "status": status, "method": how, "code": code, "tries": 0}
    return {"verified": status == "verified", "verification": verification}


def keep(books: Books, customer_id: str, seen: Doc) -> Doc:
    """Put it into the vault under a new token."""
    doc = {name: value for name, value in seen.items() if name != "three_d_secure"}
    doc |= {"token": new_id(), "customer_id": customer_id, "created_at": wire.stamp(clock.now())}
    books.put("method", doc["token"], doc, parent=customer_id)
    if "verification" in doc:
        books.put("verification", doc["verification"]["id"], {"token": doc["token"]})
    return doc


def method(books: Books, token: str) -> Doc:
    found = books.get("method", token)
    if found is None:
        raise Unknown
    return found


def forget(books: Books, token: str) -> None:
    method(books, token)
    books.remove("method", token)


def confirm_deposits(books: Books, verification_id: str, amounts: object) -> Doc:
    """The two amounts, in either order; wrong three times is the end of it."""
    found = books.get("verification", verification_id)
    if found is None:
        raise Unknown
    doc = method(books, found["token"])
    check, on = doc["verification"], "us_bank_account_verification"
    if check["method"] != "micro_transfers":
        raise Refused("96102", "base", "The verification is not by micro-transfers.", on=on)
    if check["status"] != "pending":
        raise Refused("96101", "base", "The verification cannot be confirmed.", on=on)
    if not isinstance(amounts, list) or len(amounts) != 2:
        raise Refused("96106", "deposit_amounts", "Invalid deposit amounts.", on=on)
    if check["tries"] >= _MOST_TRIES:
        raise Refused("96104", "base", "Too many confirmation attempts.", on=on)
    right = sorted(map(str, amounts)) == sorted(map(str, DEPOSITS))
    check["tries"] += 1
    if right:
        check["status"], doc["verified"] = "verified", True
    books.put("method", doc["token"], doc)
    return {**check, "right": right}


def method_xml(doc: Doc) -> Doc:
    shared = {"token": doc.get("token"), "customer_id": doc.get("customer_id"), "last_4": doc["last4"]}
    if doc["kind"] == "card":
        ends = f"{doc['year']}-{doc['month']}"
        return {
            **shared,
            "bin": doc["bin"],
            "card_type": doc["brand"],
            "expiration_month": doc["month"],
            "expiration_year": doc["year"],
            "expired": ends < f"{clock.now():%Y-%m}",
        }
    check = doc.get("verification")
    return {
        **shared,
        "bank_name": doc["brand"],
        "routing_number": doc["routing_number"],
        "account_type": doc["account_type"],
        "verified": bool(doc.get("verified")),
        "verifications": wire.Array([("us_bank_account_verification", verification_xml(check))] if check else []),
    }


def verification_xml(check: Doc) -> Doc:
    return {
        "id": check["id"],
        "status": check["status"],
        "verification_method": check["method"],
        "processor_response_code": check["code"] or None,
    }


# ---------------------------------------------------------------------------------------------------------- nonces


def make_nonce(books: Books, token: str) -> Doc:
    """A one-time stand-in for a kept card."""
    return _write_nonce(books, method(books, token), None)


def _write_nonce(books: Books, kept: Doc, three_d_secure: Doc | None) -> Doc:
    doc: Doc = {
        "nonce": f"demo-{new_id(20)}", "method": kept, "consumed": False, "created_at": wire.stamp(clock.now()),
        "three_d_secure": three_d_secure,
    }  # fmt: skip
    books.put("nonce", doc["nonce"], doc)
    return doc


def confirm_with_bank(books: Books, name: str, *, succeeds: bool) -> Doc:
    """What the browser's 3-D Secure does: the nonce is used up, and another says what the bank answered."""
    seen = spend_nonce(books, name, consumed="91564", unknown="91565", on="transaction")
    outcome = "full" if succeeds else "failed"
    shown = nonces.FIXED[f"fake-three-d-secure-visa-{outcome}-authentication-nonce"]["three_d_secure"]
    return _write_nonce(books, seen, shown)


def nonce(books: Books, name: str) -> Doc:
    """As the server reads it before it charges."""
    known = nonces.fixed(name)
    if known is not None:
        return {"nonce": name, "method": known, "consumed": False, "three_d_secure": known.get("three_d_secure")}
    found = books.get("nonce", name)
    if found is None:
        raise Unknown
    return found


def nonce_xml(doc: Doc) -> Doc:
    seen = doc["method"]
    details = {"bin": seen.get("bin"), "last_four": seen["last4"], "card_type": seen["brand"]}
    return {
        "nonce": doc["nonce"],
        "type": "CreditCard" if seen["kind"] == "card" else "UsBankAccount",
        "consumed": doc["consumed"],
        "details": details,
        "three_d_secure_info": doc.get("three_d_secure"),
    }
