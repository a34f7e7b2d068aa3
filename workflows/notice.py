"""How much notice was given, and whether that is too little for a rule: pure, on the business's own clock.

Notice goes by what the clock on the wall shows: from Saturday 10:00 to Sunday 10:00 are 24 hours, also in the night in
which the clock is changed. (Time To Pet, Pet Sitter Plus and the companies' published texts know no other way.)
"""

import datetime as dt
from collections.abc import Container

from models import CancellationRule, NoticeKind
from workflows.errors import N_

DAY = dt.timedelta(days=1)
#: a business that is closed for longer has no business days to count
_MOST_BACK = 1000


def is_business_day(day: dt.date, off: Container[dt.date]) -> bool:
    """Monday to Friday, and not among `off`: public holidays and days closed for every service.

    (Weekends and holidays that move a cut-off to the business day before are asked for in the published policies of
    Time To Pet's customers; nobody there counts Saturdays.)
    """
    return day.weekday() < 5 and day not in off


def business_days_before(day: dt.date, number: int, off: Container[dt.date]) -> dt.date:
    """The business day `number` business days before `day`; with 0 the day itself, or the last one before it."""
    steps = 0
    left = number
    while steps < _MOST_BACK:
        if left == 0 and (number > 0 or is_business_day(day, off)):
            return day
        day -= DAY
        steps += 1
        if left and is_business_day(day, off):
            left -= 1
    return day


def cut_off(rule: CancellationRule, *, begins: dt.datetime, off: Container[dt.date]) -> dt.datetime | None:
    """From which moment on a rule holds (on the business's clock); None when it holds whatever the notice.

    HOURS and DAYS are "less than": exactly N hours before the start, and N days before the date, are in time. From
    the time of day of the other two on it is too late.
    """
    number, time = rule.notice_number or 0, rule.notice_time or dt.time(0)
    day = begins.date()
    if rule.notice_kind is NoticeKind.HOURS:
        return begins - dt.timedelta(hours=number) + dt.datetime.resolution
    if rule.notice_kind is NoticeKind.DAYS:
        return dt.datetime.combine(day - (number - 1) * DAY, dt.time(0))
    if rule.notice_kind is NoticeKind.CLOCK:
        return dt.datetime.combine(day - number * DAY, time)
    if rule.notice_kind is NoticeKind.BUSINESS_CLOCK:
        return dt.datetime.combine(business_days_before(day, number, off), time)
    return None


#: why the notice was long enough, by kind
IN_TIME = {
    NoticeKind.HOURS: N_("It is cancelled in time: %(n)s hours before it starts, or earlier."),
    NoticeKind.DAYS: N_("It is cancelled in time: %(n)s days before it, or earlier."),
    NoticeKind.CLOCK: N_("It is cancelled in time: before %(when)s."),
    NoticeKind.BUSINESS_CLOCK: N_("It is cancelled in time: before %(when)s."),
}
