"""Money: `Decimal` in Python, minor units (pence, cents) in the database; one currency for each installation."""

import re
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation, Overflow
from functools import cache, lru_cache

from babel.numbers import format_currency, get_currency_precision

_currency = "USD"
#: what a BIGINT can hold, in minor units
_MOST = 2**63 - 1
#: counts exactly or not at all
_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation, Overflow])
_GROUPED = re.compile(r"\d+|[1-9]\d{0,2}(,\d{3})+|[1-9]\d{0,2}(\.\d{3})+")


class BadAmountError(ValueError):
    """An amount that the currency cannot express, such as a third decimal."""


def use_currency(code: str) -> None:
    """Make `code` (ISO 4217) the currency of this process; `workflows.settings` calls it on every read."""
    global _currency  # noqa: PLW0603 -- one business, one currency per process; set again with every read of the settings
    _currency = code


def currency() -> str:
    """The business's currency code."""
    return _currency


def exponent(code: str | None = None) -> int:
    """How many decimals the currency has: 2 for USD, 0 for JPY, 3 for KWD."""
    return _precision(code or _currency)


#: asked for each amount that is read or written
_precision = cache(get_currency_precision)


def quantum() -> Decimal:
    """The smallest amount: 0.01 for USD, 1 for JPY."""
    return _smallest(exponent())


@cache
def _smallest(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)


def to_minor(amount: Decimal) -> int:
    """Decimal to minor units; refuses a digit too many instead of rounding in silence."""
    if isinstance(amount, float):
        raise BadAmountError("money is never a float")
    try:
        scaled = _EXACT.scaleb(Decimal(amount), exponent())
        whole = scaled == scaled.to_integral_value() and abs(scaled) <= _MOST
    except (Inexact, InvalidOperation, Overflow):
        whole = False
    if not whole:
        raise BadAmountError(f"{amount} is no amount that {_currency} allows")
    return int(scaled)


def from_minor(minor: int) -> Decimal:
    """Minor units to Decimal with the currency's own number of decimals."""
    return Decimal(minor).scaleb(-exponent())


def round_half_up(amount: Decimal) -> Decimal:
    """Round to the currency's smallest amount, halves away from zero."""
    return amount.quantize(quantum(), rounding=ROUND_HALF_UP)


def parse(text: str) -> Decimal:
    """What a person typed ('12', '12.50', '1,250.00', '1.250,00') as an amount, or BadAmountError.

    The last of two different signs is the decimal one. A comma before three digits groups thousands; '1.250' could be
    either and is refused, as is every decimal too many.
    """
    cleaned = re.sub(r"[\s\u2019']", "", text)
    number = cleaned.lstrip("+-") if cleaned[:2] not in {"--", "++", "+-", "-+"} else ""
    last = max(number.rfind("."), number.rfind(","))
    sign, after = number[last : last + 1], len(number) - last - 1
    thousands = sign == "," and after == 3 and exponent() != 3 and "." not in number
    if last < 0 or number.count(sign) > 1 or thousands:
        whole, decimals = number, ""
    else:
        whole, decimals = number[:last], number[last + 1 :] or "?"
    if not _GROUPED.fullmatch(whole) or not f"{decimals}0".isdecimal() or len(decimals) > exponent():
        raise BadAmountError(f"{text!r} is not clearly an amount in {_currency}")
    amount = Decimal(f"{'-' if cleaned.startswith('-') else ''}{re.sub('[.,]', '', whole)}.{decimals or 0}")
    to_minor(amount)
    return amount


def show(amount: Decimal | None, locale: str = "en") -> str:
    """The amount with its sign, as the locale writes it; an empty text for None."""
    return "" if amount is None else _shown(str(amount), _currency, locale)


@lru_cache(maxsize=4096)
def _shown(amount: str, code: str, locale: str) -> str:
    """Babel takes 50 microseconds for each; a list of invoices has fifty, and most of them on every page anew."""
    return format_currency(Decimal(amount), code, locale=locale)
