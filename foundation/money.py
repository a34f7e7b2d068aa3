"""Money: `Decimal` in Python, minor units (pence, cents) in the database; one currency for each installation."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from babel.numbers import format_currency, get_currency_precision

_currency = "USD"


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
    return get_currency_precision(code or _currency)


def quantum() -> Decimal:
    """The smallest amount: 0.01 for USD, 1 for JPY."""
    return Decimal(1).scaleb(-exponent())


def to_minor(amount: Decimal) -> int:
    """Decimal to minor units; refuses a digit too many instead of rounding in silence."""
    if isinstance(amount, float):
        raise BadAmountError("money is never a float")
    scaled = Decimal(amount).scaleb(exponent())
    if not scaled.is_finite() or scaled != scaled.to_integral_value():
        raise BadAmountError(f"{amount} has more decimals than {_currency} allows")
    return int(scaled)


def from_minor(minor: int) -> Decimal:
    """Minor units to Decimal with the currency's own number of decimals."""
    return Decimal(minor).scaleb(-exponent()).quantize(quantum())


def round_half_up(amount: Decimal) -> Decimal:
    """Round to the currency's smallest amount, halves away from zero."""
    return amount.quantize(quantum(), rounding=ROUND_HALF_UP)


def parse(text: str) -> Decimal:
    """What a person typed ('12', '12.50', '1,250.00') as an amount, or BadAmountError."""
    cleaned = text.strip().replace(" ", "").replace("\u00a0", "")
    if "," in cleaned and "." not in cleaned and len(cleaned.rsplit(",", 1)[1]) <= max(exponent(), 1):
        cleaned = cleaned.replace(",", ".")
    cleaned = cleaned.replace(",", "")
    try:
        amount = Decimal(cleaned)
    except InvalidOperation as problem:
        raise BadAmountError(f"{text!r} is not an amount") from problem
    to_minor(amount)
    return amount


def show(amount: Decimal | None, locale: str = "en") -> str:
    """The amount with its sign, as the locale writes it; an empty text for None."""
    return "" if amount is None else format_currency(amount, _currency, locale=locale)
