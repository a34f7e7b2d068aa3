"""Days, amounts and numbers of a paper in the words of the language that is set, from the plain text of its facts."""

import datetime as dt
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_interval, format_skeleton
from babel.numbers import format_currency, format_decimal, get_currency_precision
from flask_babel import get_locale

from foundation.text import open_ended

# Figtree has no glyph for the narrow ones, and the page must say what the PDF says.
_SPACES = str.maketrans({"\u202f": "\u00a0", "\u2009": "\u00a0"})


def _locale() -> Locale:
    return get_locale() or Locale("en", "US")


def amount(text: str, currency: str) -> str:
    """`$1,284.50`, `-3 €`, `¥1,285`: with all the decimals that the currency has. Empty for nothing."""
    return _amount(text, currency, _locale()) if text else ""


@lru_cache(maxsize=4096)
def _amount(text: str, currency: str, locale: Locale) -> str:
    exact = Decimal(text).quantize(Decimal(1).scaleb(-get_currency_precision(currency)))
    return str(format_currency(exact or abs(exact), currency, locale=locale)).translate(_SPACES)


def taken_off(text: str, currency: str) -> str:
    """An amount that lowers the one above it: `-$4.00` for 4.00."""
    return amount(str(-Decimal(text)), currency) if text else ""


def is_more_than_nothing(text: str) -> bool:
    """Is there an amount, and is it above zero?"""
    return bool(text) and Decimal(text) > 0


def is_nothing(text: str) -> bool:
    """No amount, or zero."""
    return not text or not Decimal(text)


def number(text: str) -> str:
    """`1.5` as people write it."""
    return str(format_decimal(Decimal(text).normalize(), locale=_locale())).translate(_SPACES) if text else ""


def percent(text: str) -> str:
    """`8.875%` for 8.875, with no more decimals than it has."""
    rate = Decimal(text).normalize()
    decimals = max(0, -int(rate.as_tuple().exponent))
    pattern = _locale().percent_formats[None].pattern.split(";")[0]
    hashes = "0." + "0" * decimals if decimals else "0"
    shown = format_decimal(rate, format=f"#,##{hashes}", locale=_locale())
    return pattern.replace("#,##0", str(shown)) if "#,##0" in pattern else f"{shown}%"


def day(text: str) -> str:
    """`Thu 26 Nov 2026`, in the locale's own order."""
    return _day(text, "yMMMEd", _locale()) if text else ""


def near_day(text: str, than: str) -> str:
    """The same; without the year when it is `than`'s."""
    return _day(text, "MMMEd" if text[:4] == than[:4] else "yMMMEd", _locale()) if text else ""


@lru_cache(maxsize=4096)
def _day(text: str, skeleton: str, locale: Locale) -> str:
    return open_ended(format_skeleton(skeleton, dt.date.fromisoformat(text), locale=locale).translate(_SPACES))


def period(first: str, last: str) -> str:
    """`1-30 Nov 2026`, with the locale's own dash; one day when both are the same, or one is missing."""
    if not first or not last or first == last:
        return day(first or last)
    begin, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    return str(format_interval(begin, end, "yMMMd", locale=_locale())).translate(_SPACES)
