"""The cards and bank accounts that the demo knows. Nobody types a number: each is a fixed name, as in Braintree's sandbox."""

from typing import Any

from foundation import clock

Doc = dict[str, Any]


def _card(brand: str, bin_: str, last4: str, **more: object) -> Doc:
    return {"kind": "card", "brand": brand, "bin": bin_, "last4": last4, **more}


_FULL = {
    "status": "authenticate_successful",
    "liability_shifted": True,
    "liability_shift_possible": True,
    "enrolled": "Y",
}
_FAILED = {
    "status": "authenticate_failed",
    "liability_shifted": False,
    "liability_shift_possible": True,
    "enrolled": "Y",
}
_BANK = {"kind": "bank", "brand": "Demo Bank", "routing_number": "021000021", "account_type": "checking"}

#: name -> what it stands for; `verify` and `charge` are the answers that it gives when kept and when charged
FIXED: dict[str, Doc] = {
    "fake-valid-nonce": _card("Visa", "401288", "1881"),
    "fake-valid-visa-nonce": _card("Visa", "401288", "1881"),
    "fake-valid-mastercard-nonce": _card("MasterCard", "555555", "4444"),
    "fake-valid-amex-nonce": _card("American Express", "378282", "0005"),
    "fake-valid-discover-nonce": _card("Discover", "601111", "1117"),
    # Refused when it is to be kept; a charge follows the amount.
    "fake-processor-declined-visa-nonce": _card("Visa", "400011", "1115", verify="processor_declined"),
    "fake-gateway-rejected-fraud-nonce": _card("Visa", "400011", "1511", verify="fraud", charge="fraud"),
    "fake-three-d-secure-visa-full-authentication-nonce": _card("Visa", "400000", "1091", three_d_secure=_FULL),
    "fake-three-d-secure-visa-failed-authentication-nonce": _card("Visa", "400000", "1109", three_d_secure=_FAILED),
    "fake-us-bank-account-nonce": {**_BANK, "last4": "0000"},
    # Ours: a card that ran out, and an account that the check at the bank's network refuses.
    "demo-expired-visa-nonce": _card("Visa", "401288", "1882", expired=True, charge="2004"),
    "demo-us-bank-account-declined-nonce": {**_BANK, "last4": "0005", "verify": "2061"},
}
CONSUMED = "fake-consumed-nonce"
LUHN_INVALID = "fake-luhn-invalid-nonce"


def fixed(name: str) -> Doc | None:
    """A copy of what the name stands for, with the day it runs out."""
    known = FIXED.get(name)
    if known is None:
        return None
    year = clock.now().year
    return {**known, "month": "12", "year": str(year - 1 if known.get("expired") else year + 2)}
