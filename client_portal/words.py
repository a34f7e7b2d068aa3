"""Times, lengths and amounts in the portal's words: "today at 8:14", "12:00 to 12:45", "1 hour 30 minutes"."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from babel.dates import get_day_names
from babel.lists import format_list
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from foundation import clock, money
from models import Job, JobRequestLine, Repeat, ServiceItem, TimeBlock, TimeType
from ui_kit.formats import (
    block_words,
    clock_time,
    language,
    later,
    length,
    pill_time,
    short_day,
    time_of_day,
    time_span,
)


def soon(moment: dt.datetime) -> str:
    """When something happens or happened: "today at 8:14", "tomorrow at 9:30", "on Thu 26 Nov at 8:14"."""
    local = clock.to_local(moment)
    days = (local.date() - clock.today()).days
    time = clock_time(local.time())
    if days in {-1, 0, 1}:
        return {
            -1: _("yesterday at %(time)s", time=time),
            0: _("today at %(time)s", time=time),
            1: _("tomorrow at %(time)s", time=time),
        }[days]
    return _("on %(day)s at %(time)s", day=day_words(local.date()), time=time)


def day_words(day: dt.date) -> str:
    """`Thu 26 Nov`, with the year when it is not this one."""
    return short_day(day, year=day.year != clock.today().year)


def near_day(day: dt.date) -> str:
    """`today`, `tomorrow`, or the day."""
    days = (day - clock.today()).days
    return _("today") if days == 0 else _("tomorrow") if days == 1 else day_words(day)


def item_title(item: ServiceItem, minutes: int | None = None) -> str:
    """`Dog walk, 45 minutes`; a service that takes all day, or whose name says how long it takes, only has its name."""
    wanted = minutes or item.duration_minutes
    says_it = length(wanted) in item.name or re.search(rf"\b{wanted}\b", item.name)
    if item.time_type is TimeType.ALL_DAY or says_it:
        return item.name
    return f"{item.name}, {length(wanted)}"


def block_hours(block: TimeBlock) -> str:
    """`7 to 10`, as short as the locale writes it."""
    return time_span(pill_time(block.starts_at), pill_time(block.ends_at))


def line_time(line: JobRequestLine) -> str:
    """When on its day a visit is asked for; a stay says its two days."""
    item = line.service_item
    return job_time(Placed(item, line.on_date, line.last_on, line.start_time, line.end_time, line.time_block))


@dataclass(frozen=True)
class Placed:
    """Where a visit that does not exist yet would stand; `job_time` reads it like one."""

    service_item: ServiceItem
    on_date: dt.date
    ends_on: dt.date
    start_time: dt.time | None
    end_time: dt.time | None
    time_block: TimeBlock | None

    @property
    def duration_minutes(self) -> int:
        """As long as the service takes."""
        return self.service_item.duration_minutes


def job_time(job: Job | Placed) -> str:
    """When a visit is; one that touches more days says which."""
    if job.ends_on == job.on_date:
        return time_of_day(
            job.start_time,
            minutes=job.duration_minutes,
            end=job.end_time,
            block=job.time_block,
            all_day=job.service_item.time_type is TimeType.ALL_DAY,
        )
    if job.time_block and not job.start_time:
        return block_words(job.time_block)
    begin, end = day_words(job.on_date), day_words(job.ends_on)
    if job.start_time:
        last = job.end_time or later(job.start_time, job.duration_minutes)
        begin, end = f"{begin}, {clock_time(job.start_time)}", f"{end}, {clock_time(last)}"
    return time_span(begin, end)


def names(of: Sequence[str]) -> str:
    """`Mochi and Pepper`."""
    return _names(tuple(of), language()) if of else ""


@lru_cache(maxsize=512)
def _names(of: tuple[str, ...], locale: str) -> str:
    return format_list(list(of), locale=locale)


def one_of(of: Sequence[str]) -> str:
    """`Yes or Sometimes`."""
    return format_list(list(of), style="or", locale=get_locale()) if of else ""


def amount(price: Decimal) -> str:
    """The price with its sign."""
    return money.show(price, language())


def pattern(repeat: Repeat) -> str:
    """`every Monday, 12:00 to 12:30, and Friday, Morning, 7:00 to 10:00`; every nth week says so."""
    days = get_day_names("wide", locale=get_locale())
    item = repeat.service_item
    all_day = item.time_type is TimeType.ALL_DAY
    times = [
        f"{days[t.weekday]}, "
        + time_of_day(t.start_time, minutes=item.duration_minutes, block=t.time_block, all_day=all_day)
        for t in repeat.times
    ]
    said = names(times)
    if repeat.every_weeks == 1:
        return _("every %(days)s", days=said)
    return ngettext("every %(num)d week on %(days)s", "every %(num)d weeks on %(days)s", repeat.every_weeks, days=said)
