"""A repeating service in words: `Mon, Wed and Fri 12:00`, `every week`; the same for office and clients."""

import datetime as dt
from collections.abc import Iterable

from babel.lists import format_list
from flask_babel import get_locale, gettext, ngettext

from models import Repeat, RepeatTime
from ui_kit import formats


def weekday_name(weekday: int, *, long: bool = False) -> str:
    """The name of a weekday, 0 for Monday: `Mon` or `Monday`."""
    short, wide = formats.weekday_names()[(weekday - formats.first_weekday()) % 7]
    return wide if long else short


def and_list(words: list[str]) -> str:
    """`Mon, Wed and Fri`, as the reader's language puts it."""
    return format_list(words, locale=get_locale() or "en")


def time_lines(repeat: Repeat) -> list[str]:
    """Its times, one line for each that has the same days: `Mon, Wed and Fri 12:00`. Its times must be loaded."""
    return week_lines(repeat.times)


def week_lines(times: Iterable[RepeatTime]) -> list[str]:
    """The same of some times of a week."""
    return _lines(
        (
            t.weekday,
            t.start_time or (t.time_block.starts_at if t.time_block else dt.time(0)),
            formats.clock_time(t.start_time) if t.start_time else t.time_block.name if t.time_block else "",
        )
        for t in times
    )


def kept_week_lines(times: Iterable[tuple[int, str, str]]) -> list[str]:
    """The same of a week that was kept as plain values: (weekday, ISO time or "", block in words)."""
    return _lines(
        (
            day,
            dt.time.fromisoformat(time or "00:00"),
            formats.clock_time(dt.time.fromisoformat(time)) if time else block,
        )
        for day, time, block in times
    )


def _lines(times: Iterable[tuple[int, dt.time, str]]) -> list[str]:
    first = formats.first_weekday()
    by_time: dict[tuple[dt.time, str], set[int]] = {}
    for weekday, begins, when in times:
        by_time.setdefault((begins, when), set()).add(weekday)
    lines = []
    for (_begins, when), days in sorted(by_time.items()):
        in_order = sorted(days, key=lambda d: (d - first) % 7)
        names = gettext("every day") if len(days) == 7 else and_list([weekday_name(d) for d in in_order])
        lines.append(f"{names} {when}".strip())
    return lines


def rhythm(repeat: Repeat) -> str:
    """`every week`, `every 2 weeks`."""
    return ngettext("every week", "every %(num)d weeks", repeat.every_weeks)


def sentence(repeat: Repeat) -> str:
    """`Dog walk, Mon, Wed and Fri 12:00, every week`."""
    return ", ".join([repeat.service_item.name, "; ".join(time_lines(repeat)), rhythm(repeat)])


def span(repeat: Repeat) -> str:
    """From when to when: `since Thu 26 Nov`, `from … until …`."""
    start = formats.short_day(repeat.starts_on, year=True)
    if repeat.ends_on is None:
        return gettext("from %(day)s on, without an end", day=start)
    return gettext("from %(first)s to %(last)s", first=start, last=formats.short_day(repeat.ends_on, year=True))
