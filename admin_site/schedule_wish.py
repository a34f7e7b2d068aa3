"""What the schedule shows: which days, by sitter or by client, which visits; read from the page's address."""

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass

from admin_site.reading import LAST_DAY, read_day, read_id
from foundation import clock
from ui_kit import formats

DAY = dt.timedelta(days=1)


class Show(enum.StrEnum):
    """Which visits."""

    OPEN = "open"
    NOBODY = "nobody"
    REQUESTED = "requested"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Wish:
    """What somebody wants to see."""

    is_week: bool
    by_client: bool
    first: dt.date
    last: dt.date
    show: Show
    with_requests: bool
    #: a sitter's number, "none" for visits without one, "" for all
    sitter: str = ""
    group_id: int | None = None
    #: cancelled visits stand among the others for as long as the setting says; on paper they do not
    with_cancelled: bool = True

    #: the month view shows whole weeks, summed up by day
    is_month: bool = False
    #: the day that was asked for
    on: dt.date = dt.date.min

    @property
    def view(self) -> str:
        """Its name in addresses."""
        return "month" if self.is_month else "week" if self.is_week else "day"

    @property
    def days(self) -> list[dt.date]:
        """Every day shown."""
        return [self.first + DAY * n for n in range((self.last - self.first).days + 1)]


def wish_of(asked: Mapping[str, str]) -> Wish:
    """What a query string asks for; what makes no sense there is left out."""
    on = read_day(asked.get("on")) or clock.today()
    view = asked.get("view")
    is_week, is_month = view not in {"day", "month"}, view == "month"
    first, last = on, on
    if is_month:
        first = on.replace(day=1)
        last = min((first + DAY * 31).replace(day=1) - DAY, LAST_DAY)
    if is_week or is_month:
        first -= DAY * ((first.weekday() - formats.first_weekday()) % 7)
        last = first + DAY * 6 if is_week else last + DAY * ((formats.first_weekday() - 1 - last.weekday()) % 7)
    state, sitter = asked.get("state", ""), asked.get("sitter", "")
    return Wish(
        is_week=is_week,
        by_client=asked.get("by") == "client" and not is_month,
        first=first,
        last=last,
        show=Show(state) if state in set(Show) and not is_month else Show.OPEN,
        with_requests=asked.get("requests") == "1",
        sitter=sitter if sitter == "none" else str(read_id(sitter) or ""),
        group_id=read_id(asked.get("group")),
        is_month=is_month,
        on=on,
    )
