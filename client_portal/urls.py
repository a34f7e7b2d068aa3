"""Parts of addresses: public ids, days and months. What cannot be one does not match, so it is 404 and never a query."""

import datetime as dt
import re

from werkzeug.routing import BaseConverter, ValidationError

#: a calendar of more than a lifetime either way; beyond it, months before and after would not exist
FIRST_YEAR, LAST_YEAR = 1970, 2199


class PublicIdConverter(BaseConverter):
    """`<public_id:line_id>`: what `foundation.types.new_public_id` makes."""

    regex = r"[A-Za-z0-9_-]{1,16}"


class DayConverter(BaseConverter):
    """`<day:day>`: a date such as 2026-11-26."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> dt.date:
        day = read_day(value)
        if day is None:
            raise ValidationError
        return day

    def to_url(self, value: dt.date) -> str:
        return value.isoformat()


def read_day(text: str | None) -> dt.date | None:
    """A date typed as 2026-11-26, or None for anything else, also for 31 February and the year 9999."""
    if not text or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return None
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def read_month(text: str | None) -> dt.date | None:
    """The first day of a month typed as 2026-11, or None."""
    return read_day(f"{text}-01") if text else None


def is_public_id(text: str | None) -> bool:
    """Could this be a public id? Asked before a text from a form goes into a query."""
    return bool(text and re.fullmatch(PublicIdConverter.regex, text))
