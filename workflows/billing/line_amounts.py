"""Amounts, quantities and words that people type onto invoices and notes: what is allowed, said in a sentence."""

from decimal import Decimal

from foundation import money
from foundation.text import tidy
from workflows.errors import N_, Conflict, Invalid

#: far above any real one, and far below what the columns hold
MOST = Decimal(10_000_000)
MOST_QUANTITY = Decimal(100_000)


def price(amount: Decimal, *, least: Decimal = Decimal(0), field: str = "unit_price") -> Decimal:
    """An amount from `least` on that the currency can express, or Invalid."""
    if not amount.is_finite() or not least <= amount <= MOST:
        raise Invalid("bad_amount", N_("Enter an amount from %(least)s to %(most)s."), field=field, least=least, most=MOST)  # fmt: skip
    try:
        return money.from_minor(money.to_minor(amount))
    except money.BadAmountError as problem:
        raise Invalid("bad_amount_decimals", N_("Enter an amount with at most %(n)s decimals."), field=field, n=money.exponent()) from problem  # fmt: skip


def quantity(number: Decimal) -> Decimal:
    """More than nothing, with at most three decimals, or Invalid."""
    if not number.is_finite() or not 0 < number <= MOST_QUANTITY or number != round(number, 3):
        raise Invalid("bad_quantity", N_("Enter a quantity above 0, with at most three decimals."), field="quantity")
    return number


def percent(number: Decimal) -> Decimal:
    """Above 0 and at most 100, with at most three decimals, or Invalid."""
    if not number.is_finite() or not 0 < number <= 100 or number != round(number, 3):
        raise Invalid("bad_percent", N_("Enter a percentage above 0 and at most 100."), field="percent")
    return number


def line(text: str, *, most: int = 255, field: str = "description") -> str:
    """One line of words, or Invalid when it is too long."""
    words = " ".join(tidy(text).split())
    if len(words) > most:
        raise Invalid("text_long", N_("Use at most %(most)s characters."), field=field, most=most)
    return words


def check_version(version: int, seen: int) -> None:
    """Refuse with Conflict what was decided while looking at an older version."""
    if version != seen:
        raise Conflict("stale", N_("Someone changed this meanwhile. Look at it again, then make your change."))
