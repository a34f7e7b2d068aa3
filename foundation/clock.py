"""The only place that asks the machine for the time.

Things that happened are aware UTC. Things that are planned are local dates and wall-clock times in the one business
time zone; `workflows.settings` sets that zone with `use_zone` whenever it reads the settings.
"""

import datetime as dt
from zoneinfo import ZoneInfo

UTC = dt.UTC
_zone = ZoneInfo("UTC")


def use_zone(name: str) -> None:
    """Make `name` (an IANA zone) the business time zone of this process."""
    global _zone  # noqa: PLW0603 -- one business, one zone per process; set again with every read of the settings
    if _zone.key != name:
        _zone = ZoneInfo(name)


def zone() -> ZoneInfo:
    """The business time zone."""
    return _zone


def now() -> dt.datetime:
    """This moment as aware UTC."""
    return dt.datetime.now(UTC)


def local_now() -> dt.datetime:
    """This moment on the business's clock."""
    return now().astimezone(_zone)


def today() -> dt.date:
    """Today's date at the business."""
    return local_now().date()


def to_local(moment: dt.datetime) -> dt.datetime:
    """An aware moment on the business's clock."""
    return moment.astimezone(_zone)


def wall_clock(moment: dt.datetime) -> dt.datetime:
    """A moment as the business's clock shows it, without its zone. Notice is counted by it (`workflows.notice`)."""
    return to_local(moment).replace(tzinfo=None)


def from_local(day: dt.date, time: dt.time) -> dt.datetime:
    """The UTC moment at which the business's clock shows `day` and `time`.

    A time that the spring change leaves out counts as if the clock had not been changed yet (02:30 becomes 03:30);
    a time that the autumn change shows twice is its first showing.
    """
    return dt.datetime.combine(day, time, tzinfo=_zone).astimezone(UTC)


def local_span(first: dt.date, begins: dt.time, last: dt.date, ends: dt.time) -> tuple[dt.datetime, dt.datetime]:
    """The UTC moments at which something begins and ends by the business's clock.

    What lies wholly in the hour that the spring change leaves out begins as `from_local` says and keeps its length.
    """
    start, end = from_local(first, begins), from_local(last, ends)
    if end <= start:
        end = start + (dt.datetime.combine(last, ends) - dt.datetime.combine(first, begins))
    return start, end
