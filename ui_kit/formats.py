"""Dates and times in words, by the reader's locale and the business's time zone (both as Flask-Babel selects them)."""

import datetime as dt
import re
from functools import lru_cache
from typing import Protocol

from babel import Locale
from babel import dates as babel_dates
from flask import g, has_app_context
from flask_babel import get_locale, get_timezone, gettext, ngettext

from foundation import clock
from foundation.text import open_ended

_NARROW_SPACES = str.maketrans({"\u202f": "\u00a0", "\u2009": "\u00a0"})  # Figtree has no glyph for them
AGO_DAYS = 7


class Hours(Protocol):
    """A time block, or the columns of one."""

    @property
    def name(self) -> str: ...
    @property
    def starts_at(self) -> dt.time: ...
    @property
    def ends_at(self) -> dt.time: ...


#: `g` itself, as in `foundation.extensions`
_here = g._get_current_object  # noqa: SLF001 -- documented


def _locale() -> Locale:
    """The reader's locale; taken from where Flask-Babel keeps it, whose own way there is three times as long."""
    try:
        found = _here()._flask_babel.babel_locale  # noqa: SLF001 -- asked for each date and time of a page
    except (AttributeError, RuntimeError):  # nobody asked in this context yet, or there is none
        found = None
    return found or get_locale() or Locale("en", "GB")


def language() -> str:
    """The reader's locale in a word, `en_GB`, by which texts are kept: to compare locales themselves takes longer."""
    return _code(_locale())


def _code(locale: Locale) -> str:
    # A locale's own way to its name puts it together each time.
    found: str | None = getattr(locale, "in_a_word", None)
    if found is None:
        found = locale.in_a_word = str(locale)  # type: ignore[attr-defined]
    return found


def _zone() -> dt.tzinfo:
    try:
        found = _here()._flask_babel.babel_tzinfo  # noqa: SLF001 -- as above
    except (AttributeError, RuntimeError):
        found = None
    return found or (get_timezone() if has_app_context() else clock.zone())


def _day_of(value: dt.date | dt.datetime) -> dt.date:
    if not isinstance(value, dt.datetime):
        return value
    return value.astimezone(_zone()).date() if value.tzinfo else value.date()


def locale_code() -> str:
    """For `<html lang>`: `en-GB`."""
    return language().replace("_", "-")


def text_direction() -> str:
    """For `<html dir>`: `ltr` or `rtl`."""
    return _locale().text_direction


def local_date(value: dt.date | dt.datetime | None, style: str = "medium") -> str:
    """`26 Nov 2026`. A moment counts as the day it was at the business. Nothing gives an empty text."""
    return "" if value is None else _date(_day_of(value), style, language())


@lru_cache(maxsize=4096)
def _date(value: dt.date, style: str, locale: str) -> str:
    return babel_dates.format_date(value, style, locale)


def short_day(value: dt.date | dt.datetime | None, *, year: bool = False) -> str:
    """`Thu 26 Nov`, in the locale's own order; with `year=True` also the year."""
    return "" if value is None else _skeleton("yMMMEd" if year else "MMMEd", _day_of(value))


def long_day(value: dt.date | dt.datetime | None, *, year: bool = False) -> str:
    """`Thursday 26 November`: headings, and what screen readers say for a day."""
    return "" if value is None else _skeleton("yMMMMEEEEd" if year else "MMMMEEEEd", _day_of(value))


def month_name(value: dt.date) -> str:
    """`November 2026`."""
    return _skeleton("yMMMM", value)


def clock_time(value: dt.time | dt.datetime | None) -> str:
    """`12:00`, or `12:00 PM` where people write it so. A wall-clock time is shown as it is, a moment in local time."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        value = value.astimezone(_zone()).time() if value.tzinfo else value.time()
    return _clock_time(value.replace(tzinfo=None), language())


# A day of 900 visits says the same few times again and again, and Babel takes 50 microseconds for each.
@lru_cache(maxsize=4096)
def _clock_time(value: dt.time, locale: str) -> str:
    return babel_dates.format_time(value, "short", locale=locale).translate(_NARROW_SPACES)


def pill_time(value: dt.time | dt.datetime | None) -> str:
    """The shortest clear time, for calendar cells on a phone: `12:00`, or `9a` and `7:30p` on a 12-hour clock."""
    text = clock_time(value)
    if match := re.fullmatch(r"(\d+):(\d\d)\s*([AaPp])\.?\s?[Mm]\.?", text):
        hour, minute, half = match.groups()
        return f"{hour}{'' if minute == '00' else ':' + minute}{half.lower()}"
    return text


def time_span(begin: str, end: str) -> str:
    """`12:00 to 12:45`, of any two times or days in words."""
    return _time_span(begin, end, language())


@lru_cache(maxsize=4096)
def _time_span(begin: str, end: str, _language: str) -> str:
    return gettext("%(begin)s to %(end)s", begin=begin, end=end)


def block_words(block: Hours) -> str:
    """`Morning, 7:00 to 10:00`."""
    return f"{block.name}, {time_span(clock_time(block.starts_at), clock_time(block.ends_at))}"


def later(start: dt.time, minutes: int) -> dt.time:
    """What the clock on the wall says so many minutes later."""
    return (dt.datetime.combine(dt.date(2000, 1, 1), start) + dt.timedelta(minutes=minutes)).time()


def time_of_day(
    start: dt.time | None,
    *,
    minutes: int,
    end: dt.time | None = None,
    block: Hours | None = None,
    all_day: bool = False,
) -> str:
    """When on its day a visit is: `12:00 to 12:45`, `Morning, 7:00 to 10:00`, `All day`, `Any time`."""
    if start is not None:
        return time_span(clock_time(start), clock_time(end or later(start, minutes)))
    if block is not None:
        return block_words(block)
    return gettext("All day") if all_day else gettext("Any time")


def length(minutes: int) -> str:
    """`45 minutes`, `1 hour 30 minutes`, for sentences."""
    hours, rest = divmod(minutes, 60)
    parts = [ngettext("%(num)d hour", "%(num)d hours", hours)] if hours else []
    if rest or not hours:
        parts.append(ngettext("%(num)d minute", "%(num)d minutes", rest))
    return " ".join(parts)


def short_length(minutes: int) -> str:
    """`45 min`, `1 h 30 min`, `11 h`, for lists and pickers."""
    hours, rest = divmod(minutes, 60)
    parts = [gettext("%(n)s h", n=hours)] if hours else []
    if rest or not hours:
        parts.append(gettext("%(n)s min", n=rest))
    return " ".join(parts)


def local_datetime(value: dt.datetime | None) -> str:
    """`Thu 26 Nov 2026, 12:00`, on the business's clock."""
    return "" if value is None else f"{short_day(value, year=True)}, {clock_time(value)}"


def ago(moment: dt.datetime | None) -> str:
    """`3 minutes ago`; after a week the date. `moment` is aware."""
    if moment is None:
        return ""
    since = clock.now() - moment
    if abs(since) >= dt.timedelta(days=AGO_DAYS):
        return local_date(moment)
    return babel_dates.format_timedelta(-since, add_direction=True, locale=_locale())


def weekday_names() -> list[tuple[str, str]]:
    """Seven pairs (short, long), beginning with the locale's first day of the week."""
    locale = _locale()
    short, long = locale.days["stand-alone"]["abbreviated"], locale.days["stand-alone"]["wide"]
    return [(short[(locale.first_week_day + n) % 7], long[(locale.first_week_day + n) % 7]) for n in range(7)]


def first_weekday() -> int:
    """0 for Monday … 6 for Sunday, by locale."""
    return _locale().first_week_day


def page_numbers(page: int, pages: int) -> list[int | None]:
    """Which page numbers to show, counted from 1; `None` stands for a gap: `[1, None, 5, 6, 7, None, 12]`."""
    wanted = sorted({1, pages, *range(max(1, page - 1), min(pages, page + 1) + 1)})
    shown: list[int | None] = []
    for number in wanted:
        before = shown[-1] if shown else None
        if before is not None and number - before == 2:  # a gap of one is the page itself
            shown.append(number - 1)
        elif before is not None and number - before > 1:
            shown.append(None)
        shown.append(number)
    return shown


def _skeleton(skeleton: str, day: dt.date) -> str:
    return _written(skeleton, day, language())


@lru_cache(maxsize=4096)
def _written(skeleton: str, day: dt.date, code: str) -> str:
    locale = Locale.parse(code)
    pattern = locale.datetime_skeletons.get(skeleton)
    if pattern is None:  # CLDR has yMMMEd everywhere, but not yMMMMEEEEd
        near = babel_dates.match_skeleton(skeleton, locale.datetime_skeletons)
        pattern = locale.datetime_skeletons[near] if near else "EEE d MMM"
    text = pattern.pattern if hasattr(pattern, "pattern") else str(pattern)
    if "EEEE" in skeleton:
        text = re.sub(r"(?<!E)E{1,3}(?!E)|ccc+", "EEEE", text)
    if "MMMM" in skeleton:
        text = re.sub(r"(?<!M)M{3}(?!M)", "MMMM", re.sub(r"(?<!L)L{3}(?!L)", "LLLL", text))
    return open_ended(babel_dates.format_datetime(dt.datetime.combine(day, dt.time()), text, locale=locale).strip())
