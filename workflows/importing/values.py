"""From a cell's text to a value: dates both ways round, amounts with comma or point, yes and no, choices.

Each reader takes the text, which is not blank, and how the file is read; what cannot be understood is Invalid.
"""

import datetime as dt
import enum
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from foundation import text as texts
from workflows.errors import N_, Invalid

Reader = Callable[[str, Mapping[str, Any]], Any]
_YES = frozenset({"yes", "y", "true", "t", "1", "x", "on", "active", "ja", "oui", "si", "sí"})
_NO = frozenset({"no", "n", "false", "f", "0", "off", "-", "inactive", "nein", "non"})
_MONTHS = {
    m: i for i, m in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)
}
_NUMERIC = re.compile(r"(\d{1,4})[/.\-](\d{1,2})[/.\-](\d{1,4})")
_WORDY = re.compile(r"(?:[a-z]+,?\s+)?(?:(\d{1,2})(?:st|nd|rd|th)?[\s\-]+([a-z]{3,9})\.?|([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?),?[\s\-]+(\d{4}|\d{2})")  # fmt: skip
_TIME = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?(?:[:.](\d{2}))?\s*([ap])?\.?\s*m?\.?", re.IGNORECASE)


def words(most: int) -> Reader:
    """A text of at most so many characters; formulas are texts like all others."""

    def read(cell: str, _reading: Mapping[str, Any]) -> str:
        clean = texts.tidy(cell)
        if len(clean) > most:
            raise Invalid("too_long", N_("At most %(n)s characters."), n=most)
        return clean

    return read


def date(cell: str, reading: Mapping[str, Any]) -> dt.date:
    """`2026-11-23`, `23/11/2026` in the file's order, `23 Nov 2026`, `Nov 23, 2026`; a time behind it is left out."""
    low = re.sub(r"[T\s]+\d{1,2}:\d{2}.*$", "", cell.strip()).strip().lower()
    try:
        if found := _NUMERIC.fullmatch(low):
            return _numeric(found[1], found[2], found[3], str(reading.get("date_order") or "mdy"))
        if found := _WORDY.fullmatch(low):
            month = _MONTHS[(found[2] or found[3])[:3]]
            return dt.date(_year(found[5]), month, int(found[1] or found[4]))
    except (ValueError, KeyError):
        pass
    raise Invalid("bad_date", N_("“%(text)s” is no date that fits the chosen order."), text=cell.strip()[:40])


def _numeric(a: str, b: str, c: str, order: str) -> dt.date:
    if len(a) == 4:
        return dt.date(int(a), int(b), int(c))
    if len(a) > 2 or len(c) not in {2, 4}:
        raise ValueError(a)
    day, month = (a, b) if order == "dmy" else (b, a)
    return dt.date(_year(c), int(month), int(day))


def _year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) == 4 else 2000 + year if year < 70 else 1900 + year


def time(cell: str, _reading: Mapping[str, Any]) -> dt.time:
    """`14:30`, `2:30 pm`, `2pm`."""
    found = _TIME.fullmatch(cell.strip())
    if found and (found[2] or found[4]):
        hour = int(found[1])
        if found[4] and 1 <= hour <= 12:
            hour = hour % 12 + (12 if found[4].lower() == "p" else 0)
        if hour < 24 and int(found[2] or 0) < 60:
            return dt.time(hour, int(found[2] or 0))
    raise Invalid("bad_time", N_("“%(text)s” is no time of day. Write 14:30 or 2:30 pm."), text=cell.strip()[:40])


def amount(cell: str, reading: Mapping[str, Any]) -> Decimal:
    """`1,234.50`, `1.234,50`, `-5`, `(5.00)` and `$ 5`; two decimals at most."""
    sign = str(reading.get("decimal_sign") or ".")
    bare = re.sub(r"[^\d.,()\-−]", "", cell)  # noqa: RUF001 -- the minus that typographers set
    negative = bare.startswith(("-", "−", "(")) or bare.endswith("-")  # noqa: RUF001
    bare = re.sub(r"[^\d.,]", "", bare)
    other = "." if sign == "," else ","
    whole, _dot, rest = bare.partition(sign)
    is_grouped = other not in whole or re.fullmatch(rf"\d{{1,3}}(\{other}\d{{3}})+", whole) is not None
    if re.search(r"\d", bare) and is_grouped and re.fullmatch(r"\d{0,2}", rest.rstrip("0")):
        try:
            value = Decimal(f"{whole.replace(other, '') or '0'}.{rest.rstrip('0') or '0'}").quantize(Decimal("0.01"))
        except InvalidOperation:
            value = None
        if value is not None and value < 10_000_000:
            return -value if negative else value
    raise Invalid("bad_amount", N_("“%(text)s” is no amount with the chosen decimal sign."), text=cell.strip()[:40])


def whole(cell: str, _reading: Mapping[str, Any]) -> int:
    """A number without decimals."""
    found = re.fullmatch(r"\s*(\d{1,6})(?:[.,]0+)?\s*(?:min(?:ute)?s?\.?)?\s*", cell, re.IGNORECASE)
    if not found:
        raise Invalid("bad_number", N_("“%(text)s” is no whole number."), text=cell.strip()[:40])
    return int(found[1])


def yes_no(cell: str, _reading: Mapping[str, Any]) -> bool:
    """Yes or no, as programs write them."""
    low = cell.strip().casefold()
    if low in _YES or low in _NO:
        return low in _YES
    raise Invalid("bad_yes_no", N_("“%(text)s” is neither yes nor no."), text=cell.strip()[:40])


def choice(kind: type[enum.StrEnum], others: Mapping[str, enum.StrEnum], *, rest: enum.StrEnum | None = None) -> Reader:
    """One of an enum, by its value or another word for it; `rest` takes every other word."""
    known = {**{m.value.replace("_", " "): m for m in kind}, **others}

    def read(cell: str, _reading: Mapping[str, Any]) -> enum.StrEnum:
        low = " ".join(cell.replace("_", " ").split()).casefold()
        found = known.get(low, rest)
        if found is None:
            raise Invalid(
                "bad_choice", N_("“%(text)s” is none of: %(known)s."), text=cell.strip()[:40],
                known=", ".join(m.value.replace("_", " ") for m in kind),
            )  # fmt: skip
        return found

    return read


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TAGE = ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag")
_SOME_DAYS = {
    "daily": range(7), "every day": range(7), "everyday": range(7), "all": range(7), "all days": range(7), "täglich": range(7),
    "weekdays": range(5), "weekday": range(5), "working days": range(5), "werktags": range(5), "weekends": (5, 6), "weekend": (5, 6),
}  # fmt: skip


def weekdays(cell: str, _reading: Mapping[str, Any]) -> tuple[int, ...]:
    """`Mon, Wed`, `Monday to Friday`, `Fri-Sun`, `daily`, `weekends`: the days, 0 being Monday, each once, in order."""
    low = " ".join(cell.casefold().split())
    try:
        found = set(_SOME_DAYS.get(low, ()))
        spans = re.sub(r"\s*(?:[-–]|\b(?:to|through|thru|bis)\b)\s*", "-", low)  # noqa: RUF001 -- as people write spans
        for part in () if found else re.split(r"[\s,;/+&.]+|\band\b|\bund\b", spans):
            if part:
                first, dash, last = part.partition("-")
                begin = _weekday(first)
                found |= {(begin + n) % 7 for n in range((_weekday(last) - begin) % 7 + 1 if dash else 1)}
    except ValueError:
        found = set()
    if not found:
        raise Invalid("bad_weekdays", N_("“%(text)s” names no days of the week. Write Mon, Wed or Mon to Fri."), text=cell.strip()[:40])  # fmt: skip
    return tuple(sorted(found))


def _weekday(word: str) -> int:
    """A day's number, by at least two of its letters."""
    for text in (word, word.removesuffix("s")):
        for names in (_DAYS, _TAGE):
            for day, name in enumerate(names):
                if len(text) > 1 and name.startswith(text):
                    return day
    raise ValueError(word)
