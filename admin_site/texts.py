"""Days, times, states and conflicts in words, in the reader's language.

The database keeps stable verbs and plain facts; nothing here is stored.
"""

import datetime as dt
import re
from decimal import Decimal

from flask_babel import get_locale, gettext

from admin_site.reading import read_clock, read_day
from foundation import clock, money
from models import JobState, KeyPlace, LineState, TimeType
from ui_kit import formats
from workflows.conflicts import Clash, ClashKind
from workflows.errors import N_

# ------------------------------------------------------------------------------------------------- days and times


def day_words(day: dt.date, *, inside: bool = False) -> str:
    """`Today`, `Tomorrow`, `Thu 26 Nov`, and with its year when that is another one; `inside` a sentence `today`."""
    away = (day - clock.today()).days
    if inside and away in {0, 1, -1}:
        return {0: gettext("today"), 1: gettext("tomorrow"), -1: gettext("yesterday")}[away]
    if away in {0, 1, -1}:
        return {0: gettext("Today"), 1: gettext("Tomorrow"), -1: gettext("Yesterday")}[away]
    return formats.short_day(day, year=day.year != clock.today().year)


def moment_words(at: dt.datetime | None, *, inside: bool = False) -> str:
    """`Today, 9:41`, `Thu 26 Nov, 9:41`; `inside` a sentence `today, 9:41`."""
    if at is None:
        return ""
    local = clock.to_local(at)
    return gettext(
        "%(day)s, %(time)s", day=day_words(local.date(), inside=inside), time=formats.clock_time(local.time())
    )


def time_words(
    start: dt.time | None,
    *,
    minutes: int,
    end: dt.time | None = None,
    block: formats.Hours | None = None,
    time_type: TimeType = TimeType.ANYTIME,
) -> str:
    """`12:00 to 12:45`, `Morning, 7:00 to 10:00`, `All day`, `Any time`."""
    words = formats.time_of_day(start, minutes=minutes, end=end, block=block, all_day=time_type is TimeType.ALL_DAY)
    return f"{block.name}, {words}" if block and start is not None else words


def stay_words(on_date: dt.date, ends_on: dt.date, start: dt.time | None, end: dt.time | None) -> str:
    """`Fri 27 Nov, 18:00 to Sun 29 Nov, 10:00`."""
    first, last = day_words(on_date), day_words(ends_on)
    if start is not None:
        first = gettext("%(day)s, %(time)s", day=first, time=formats.clock_time(start))
    if end is not None:
        last = gettext("%(day)s, %(time)s", day=last, time=formats.clock_time(end))
    return formats.time_span(first, last)


def with_dates(text: str) -> str:
    """A line of the log with its ISO dates, times and the fee at its end as people write them."""

    def _day(found: re.Match[str]) -> str:
        day, time = read_day(found[1]), read_clock(found[2] or "")
        words = formats.short_day(day, year=day.year != clock.today().year) if day else found[1]
        return f"{words}, {formats.clock_time(time)}" if time else words

    def _hours(found: re.Match[str]) -> str:
        first, last = read_clock(found[1]), read_clock(found[2])
        return (
            f", {formats.time_span(formats.clock_time(first), formats.clock_time(last))}"
            if first and last
            else found[0]
        )

    text = re.sub(r"\b(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d)(?![\d-]))?", _day, text)
    text = re.sub(r" (\d\d:\d\d)-(\d\d:\d\d)\b", _hours, text)
    return re.sub(
        r" \((\d+(?:\.\d+)?)\)$", lambda found: f" ({gettext('fee %(amount)s', amount=amount_words(found[1]))})", text
    )


def amount_words(figure: str) -> str:
    """An amount of the log with its sign."""
    return money.show(Decimal(figure), str(get_locale() or "en"))


# ------------------------------------------------------------------------------------------------------- states


_JOB_CHIPS = {
    JobState.SCHEDULED: ("scheduled", N_("Scheduled")),
    JobState.IN_PROGRESS: ("live", N_("On the visit")),
    JobState.COMPLETED: ("done", N_("Done")),
    JobState.CANCELLED: ("off", N_("Cancelled")),
    JobState.VOIDED: ("off", N_("Void")),
}
_LINE_CHIPS = {
    LineState.DRAFT: ("mute", N_("Not sent yet")),
    LineState.SUBMITTED: ("req", N_("Job request")),
    LineState.SCHEDULED: ("scheduled", N_("Scheduled")),
    LineState.DECLINED: ("declined", N_("Declined")),
    LineState.CANCELLED: ("off", N_("Cancelled")),
    LineState.DELETED: ("off", N_("Deleted")),
}


def job_chip(state: JobState, *, has_sitter: bool = True) -> tuple[str, str]:
    """Kind and word of a visit's chip."""
    if state is JobState.SCHEDULED and not has_sitter:
        return "none", gettext("Nobody yet")
    kind, words = _JOB_CHIPS[state]
    return kind, gettext(words)


def line_chip(state: LineState) -> tuple[str, str]:
    """Kind and word of a requested visit's chip."""
    kind, words = _LINE_CHIPS[state]
    return kind, gettext(words)


# ---------------------------------------------------------------------------------------------------- conflicts


def clash_sentence(clash: Clash) -> str:
    """`Tom is away Tue 24 Nov to Sat 28 Nov.`, `Tom has another visit then: Dog walk, Leo Feld, Thu 26 Nov, 12:00.`"""
    if clash.kind is ClashKind.TIME_OFF:
        if clash.last_on == clash.on_date:
            return gettext(
                "%(sitter)s is away on %(day)s.", sitter=clash.sitter_name, day=formats.short_day(clash.on_date)
            )
        return gettext("%(sitter)s is away %(days)s.", sitter=clash.sitter_name, days=_span(clash))
    if clash.kind is ClashKind.TIME_OFF_ASKED:
        return gettext("%(sitter)s asked for time off: %(days)s. Nobody has answered yet.", sitter=clash.sitter_name, days=_span(clash))  # fmt: skip
    if clash.kind is ClashKind.VACCINATION:
        return gettext("Vaccinations of %(pet)s run out on %(day)s.", pet=clash.label, day=formats.short_day(clash.on_date, year=True))  # fmt: skip
    if clash.kind is ClashKind.BLOCKED:
        return gettext("%(sitter)s is never to be sent to this client. Choose somebody else.", sitter=clash.sitter_name)
    if clash.kind is ClashKind.MISSING_KEY:
        return _no_key(clash)
    if clash.kind is ClashKind.OVERLAP:
        return gettext("%(sitter)s has another visit then: %(visit)s, %(when)s.", sitter=clash.sitter_name, visit=clash.label, when=_when(clash))  # fmt: skip
    day, block = formats.short_day(clash.on_date), clash.label or gettext("that time")
    return gettext("%(sitter)s has no time left on %(day)s in %(block)s: %(n)s other visits fill it.", sitter=clash.sitter_name, day=day, block=block, n=clash.n_others)  # fmt: skip


def clash_note(clash: Clash, day: dt.date) -> str:
    """The same in a row where sitter and day are seen: `Away 24 Nov to 28 Nov`, `Overlaps Dog walk, Leo Feld, 12:00`."""
    if clash.kind is ClashKind.TIME_OFF:
        return (
            gettext("Away on this day")
            if clash.last_on == clash.on_date
            else gettext("Away %(days)s", days=_span(clash))
        )
    if clash.kind is ClashKind.TIME_OFF_ASKED:
        return gettext("Asked for time off: %(days)s", days=_span(clash))
    if clash.kind is ClashKind.VACCINATION:
        return clash_sentence(clash)
    if clash.kind is ClashKind.BLOCKED:
        return gettext("Never to be sent to this client")
    if clash.kind is ClashKind.MISSING_KEY:
        return _no_key(clash)
    if clash.kind is ClashKind.BLOCK_FULL:
        return gettext(
            "Full: %(n)s other visits, %(block)s", n=clash.n_others, block=clash.label or gettext("that time")
        )
    same_day = clash.on_date == day and clash.start_time is not None
    when = formats.clock_time(clash.start_time) if same_day else _when(clash)
    if clash.on_date == day and clash.start_time is None:
        return gettext("Overlaps %(visit)s", visit=clash.label)
    return gettext("Overlaps %(visit)s, %(when)s", visit=clash.label, when=when)


def _no_key(clash: Clash) -> str:
    """`Tom has no key of Leo Feld. Keys: with Nina Novak, at the office.`"""
    if not clash.keys:
        return gettext("There is no key of %(client)s, and %(sitter)s would need one.", client=clash.label, sitter=clash.sitter_name)  # fmt: skip
    where = ", ".join(dict.fromkeys(key_place(place, holder) for place, holder in clash.keys))
    return gettext("%(sitter)s has no key of %(client)s. It is: %(where)s.", sitter=clash.sitter_name, client=clash.label, where=where)  # fmt: skip


def key_place(place: KeyPlace, holder: str = "") -> str:
    """Where a key is, inside a sentence."""
    return {
        KeyPlace.OFFICE: gettext("at the office"),
        KeyPlace.STAFF: gettext("with %(name)s", name=holder),
        KeyPlace.CLIENT: gettext("with the client"),
        KeyPlace.LOST: gettext("lost"),
    }[place]


def _span(clash: Clash) -> str:
    if clash.last_on == clash.on_date:
        return formats.short_day(clash.on_date)
    return formats.time_span(formats.short_day(clash.on_date), formats.short_day(clash.last_on))


def _when(clash: Clash) -> str:
    day = formats.short_day(clash.on_date)
    return f"{day}, {formats.clock_time(clash.start_time)}" if clash.start_time else day
