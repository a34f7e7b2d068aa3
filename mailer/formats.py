"""Dates, times and money of mail facts in words, by the business's locale: "Thu 26 Nov, 12:00".

Planned things are local dates and wall-clock times, so there is no time zone to convert; `ui_kit.formats` does the
same for pages.
"""

import dataclasses
import datetime as dt
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from babel import Locale, dates
from flask_babel import gettext, ngettext

from foundation import clock, money
from foundation.text import open_ended
from workflows.mail_facts import VisitFacts

_BLOCK = re.compile(r"(?P<name>.*?) ?(?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d)")
_ISO = re.compile(r"\b(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d)\b)?")
_WIDE_SPACES = re.compile("[\u00a0\u2009\u202f]")
#: how `workflows.jobs` marks a cancelled visit in the evening's news
_CANCELLED = " ✗"


class Formats:
    """The filters of the mail templates, in one locale."""

    def __init__(self, locale: Locale) -> None:
        self.locale = locale

    def day(self, iso: str) -> str:
        """`Thu 26 Nov` in the locale's order; with the year when it is not this year's."""
        day = dt.date.fromisoformat(iso)
        skeleton = "MMMEd" if day.year == clock.today().year else "yMMMEd"
        return open_ended(dates.format_skeleton(skeleton, day, locale=self.locale))

    def answer(self, value: str | bool) -> str:  # noqa: FBT001 -- an answer of a yes-or-no field
        """What was filled in, a yes or no in words, or a dash for nothing."""
        if isinstance(value, bool):
            return gettext("Yes") if value else gettext("No")
        return value or "-"

    def time(self, iso: str) -> str:
        """`12:00`, or `12:00 PM` where people write it so. Plain spaces: a narrow one is a box in some mail programs."""
        text = dates.format_time(dt.time.fromisoformat(iso), "short", locale=self.locale)
        return _WIDE_SPACES.sub(" ", text)

    def block(self, text: str) -> str:
        """`Morning, 7:00 AM to 10:00 AM` (with a dash) from the stored "Morning 07:00-10:00"."""
        match = _BLOCK.fullmatch(text)
        if match is None:
            return text
        span = self._span(self.time(match["start"]), self.time(match["end"]))
        return f"{match['name']}, {span}" if match["name"] else span

    def when(self, visit: VisitFacts) -> str:
        """When a visit is: a moment, a block of a day, a day, or from one moment to another for a stay."""
        start = visit.start_time and self.time(visit.start_time)
        begins = ", ".join(p for p in (self.day(visit.on_date), start or self.block(visit.block)) if p)
        if not visit.ends_on:
            return begins
        end = visit.end_time and self.time(visit.end_time)
        return self._span(begins, ", ".join(p for p in (self.day(visit.ends_on), end) if p))

    @staticmethod
    def _span(first: str, last: str) -> str:
        return f"{first} \N{EN DASH} {last}"

    def week(self, times: Iterable[Sequence[Any]]) -> str:
        """`Mon, Wed 12:00; Tue Morning, 7:00 to 10:00` from (weekday, time, block) of each visit of a week."""
        names = dates.get_day_names("abbreviated", locale=self.locale)
        by_time: dict[tuple[str, str], list[int]] = {}
        for day, time, block in times:
            by_time.setdefault((time, block), []).append(day)
        parts = []
        for (time, block), days in by_time.items():
            when = self.time(time) if time else self.block(block)
            said = gettext("every day") if len(set(days)) == 7 else ", ".join(names[d] for d in sorted(set(days)))
            parts.append(f"{said} {when}".strip())
        return "; ".join(parts)

    def at(self, visit: VisitFacts, day: str) -> str:
        """When on a day that is named already: only the time or block; for a stay all of it."""
        if visit.ends_on or visit.on_date != day:
            return self.when(visit)
        return self.time(visit.start_time) if visit.start_time else self.block(visit.block)

    def price(self, amount: str) -> str:
        """An amount in major units with its sign; a text that is no amount is left as it is."""
        try:
            return _WIDE_SPACES.sub(" ", money.show(Decimal(amount), locale=str(self.locale)))
        except InvalidOperation:
            return amount

    def total(self, visits: Iterable[VisitFacts]) -> str:
        """The sum of their prices; empty as soon as one has none, because half a sum misleads."""
        prices = [v.price for v in visits]
        if not prices or not all(prices):
            return ""
        try:
            return self.price(str(sum(Decimal(p) for p in prices)))
        except InvalidOperation:
            return ""

    def news(self, text: str) -> str:
        """A line of the evening's changes: ISO dates and times in words, and the log's sign for cancelled too."""
        shown = text.removesuffix(_CANCELLED)
        shown = _ISO.sub(lambda m: ", ".join(self._part(p) for p in m.groups() if p), shown)
        return gettext("Cancelled: %(what)s", what=shown) if text.endswith(_CANCELLED) else shown

    def _part(self, text: str) -> str:
        try:
            return self.time(text) if ":" in text else self.day(text)
        except ValueError:  # 2026-13-45 in somebody's service name
            return text

    @staticmethod
    def unpriced(visits: Iterable[VisitFacts]) -> list[VisitFacts]:
        """The same visits without prices: what a sitter is shown."""
        return [dataclasses.replace(v, price="") for v in visits]

    @staticmethod
    def first_day(visits: Iterable[VisitFacts]) -> str:
        """The earliest date of some visits, as ISO text."""
        return min(v.on_date for v in visits)

    @staticmethod
    def lifetime(span: dt.timedelta) -> str:
        """`1 hour`, `7 days`: Babel's own would say "1 week"."""
        hours = int(span.total_seconds()) // 3600
        if hours % 24 == 0:
            return ngettext("%(num)s day", "%(num)s days", hours // 24)
        return ngettext("%(num)s hour", "%(num)s hours", hours)

    @staticmethod
    def grouped(account_number: str) -> str:
        """An account number as it is read aloud: `4417 209 318`."""
        return f"{account_number[:4]} {account_number[4:7]} {account_number[7:]}".strip()
