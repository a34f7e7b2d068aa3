"""How the demo gateway says no: a validation error with Braintree's code, and the guard against card numbers."""

import re
import secrets
from typing import Any

from gateways.demo import wire

_RUN_OF_DIGITS = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
_CARD_FIELDS = {"number", "cvv", "credit_card", "account_number", "routing_number"}


class Refused(Exception):
    """A validation error: 422, no transaction, nothing changed."""

    def __init__(self, code: str, attribute: str, message: str, *, on: str = "transaction") -> None:
        super().__init__(f"{code} {message}")
        self.code, self.attribute, self.message, self.on = code, attribute, message, on

    def xml(self) -> str:
        """With an errors list at every level, without which the SDK stumbles."""
        error = {"attribute": self.attribute, "code": self.code, "message": self.message}
        errors = {"errors": wire.Array(), self.on: {"errors": wire.Array([("error", error)])}}
        return wire.write("api_error_response", {"errors": errors, "message": self.message})


class Unknown(Exception):
    """404."""


def new_id(length: int = 8) -> str:
    """Letters and digits, as Braintree's ids."""
    return "".join(secrets.choice("abcdefghjkmnpqrstvwxyz23456789") for _each in range(length))


def refuse_card_numbers(value: object, name: str = "") -> None:
    """No card number ever comes here: not as a field, and not hidden in another one."""
    if name in _CARD_FIELDS:
        raise Refused("81717", "number", "The demo gateway takes no card or account numbers.", on="credit_card")
    if isinstance(value, dict):
        for key, inner in value.items():
            refuse_card_numbers(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            refuse_card_numbers(inner, name)
    elif isinstance(value, str) and name != "device_data":
        for found in _RUN_OF_DIGITS.findall(value):
            if _passes_luhn(re.sub(r"\D", "", found)):
                refuse_card_numbers({}, "number")


def _passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        worth = int(digit) * (1 + place % 2)
        total += worth - 9 if worth > 9 else worth
    return total % 10 == 0


def text(params: dict[str, Any], name: str) -> str:
    """A field as text; empty when it is missing or no text."""
    value = params.get(name)
    return value if isinstance(value, str) else ""


def part(params: dict[str, Any], name: str) -> dict[str, Any]:
    """A group of fields; empty when it is missing or no group."""
    value = params.get(name)
    return value if isinstance(value, dict) else {}
