"""A repeating service in words: `Mon, Wed and Fri 12:00`, `every week`; the same for office and clients."""

import datetime as dt

from babel.lists import format_list
from flask_babel import get_locale, gettext, ngettext

from models import Repeat
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
    first = formats.first_weekday()
    by_time: dict[tuple[dt.time, str], set[int]] = {}
    for t in repeat.times:
        when = formats.clock_time(t.start_time) if t.start_time else t.time_block.name if t.time_block else ""
        begins = t.start_time or (t.time_block.starts_at if t.time_block else dt.time(0))
        by_time.setdefault((begins, when), set()).add(t.weekday)
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
