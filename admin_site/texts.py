"""Records as sentences: what the log, HOME's notifications and the conflict checks say, in the reader's language.

The database keeps stable verbs and plain facts; nothing here is stored.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask_babel import get_locale, gettext, ngettext
from markupsafe import Markup, escape

from admin_site.log_words import CHANGE_SENTENCES, FIELDS, RECORDS, VERBS
from admin_site.reading import link, read_clock, read_day
from foundation import clock, money
from mailer.kinds import label as mail_word
from models import Activity, ActorKind, JobState, KeyPlace, LineState, Notification, NotificationKind, TimeType, Via
from ui_kit import formats
from workflows import field_news, settings
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
        r" \((\d+(?:\.\d+)?)\)$", lambda found: f" ({gettext('fee %(amount)s', amount=_amount(found[1]))})", text
    )


def _amount(figure: str) -> str:
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


# ------------------------------------------------------------------------------------------------- notifications


@dataclass(frozen=True)
class Told:
    """A notification to be shown: its picture, its sentence with links in it, and the record it is about."""

    icon: str
    html: Markup
    url: str | None


def _linked(text: str, **links: str | Markup) -> Markup:
    """Put links (or plain words) into a translated sentence that still holds its %(names)s."""
    return Markup(escape(text)) % links  # noqa: S704 -- the sentence is escaped, and so is what is put in


def _anchor(label: str, url: str | None) -> Markup:
    return Markup('<a href="{}">{}</a>').format(url, label) if url else escape(label)


def notification(line: Notification) -> Told:
    """The sentence of a line on HOME; its client must be loaded."""
    return _about_a_change(line) if line.kind in CHANGE_SENTENCES else _about_a_request(line)


def _about_a_change(line: Notification) -> Told:
    """What a client asks, or did, about visits in the schedule; leads to the request, else to the client."""
    icon, one, many = CHANGE_SENTENCES[line.kind]
    client_url = link("client_page.show", client_id=line.client_id) if line.client_id else None
    client = _anchor(str(line.client) if line.client else gettext("Somebody"), client_url)
    n, keep = _count(line.facts, "n_lines"), "%(client)s"
    text = ngettext(one, many, n, client=keep) if many else gettext(one, client=keep)
    about = "; ".join(with_dates(str(x)) for x in _texts(line.facts, "lines")) or str(line.facts.get("message", ""))
    url = link("changes.show", request_id=line.change_request_id) if line.change_request_id else None
    return Told(icon, _linked(text, client=client) + (f": {about}" if about else ""), url or client_url)


def _about_a_request(line: Notification) -> Told:
    n = _count(line.facts, "n_lines")
    client_url = link("client_page.show", client_id=line.client_id) if line.client_id else None
    client = _anchor(str(line.client) if line.client else gettext("Somebody"), client_url)
    batch = link("requests.batch", client_id=line.client_id) if line.client_id else None
    keep = "%(client)s"
    match line.kind:
        case NotificationKind.REQUEST_RECEIVED if line.facts.get("added"):
            text = ngettext("%(client)s added %(num)d visit to a request", "%(client)s added %(num)d visits to a request", n, client=keep)  # fmt: skip
            return Told("circle-plus", _linked(text, client=client), batch)
        case NotificationKind.REQUEST_RECEIVED:
            text = ngettext("%(client)s requested %(num)d visit", "%(client)s requested %(num)d visits", n, client=keep)
            return Told("inbox", _linked(text, client=client), batch)
        case NotificationKind.REQUEST_AUTO_SUBMITTED:
            text = ngettext("Auto-submitted: %(num)d visit of %(client)s's forgotten basket", "Auto-submitted: %(num)d visits of %(client)s's forgotten basket", n, client=keep)  # fmt: skip
            return Told("clock", _linked(text, client=client), batch)
        case NotificationKind.REQUEST_CANCELLED:
            visits = "; ".join(with_dates(str(x)) for x in _texts(line.facts, "lines"))
            text = ngettext("%(client)s cancelled a job request", "%(client)s cancelled %(num)d visits of a job request", n, client=keep)  # fmt: skip
            sentence = _linked(text, client=client)
            return Told("calendar-x", sentence + (f": {visits}" if visits else ""), batch)
        case NotificationKind.REQUEST_ANSWERED:
            by_sitter = bool(line.facts.get("from_sitter"))
            name = str(line.facts.get("name") or "")
            text = gettext("%(name)s answered about a request of %(client)s", name=name, client=keep) if by_sitter else gettext("%(client)s wrote about a request", client=keep)  # fmt: skip
            words = str(line.facts.get("text") or "")
            return Told("message", _linked(text, client=client) + (f": {words}" if words else ""), batch)
        case NotificationKind.BASKET_BLOCKED:
            text = ngettext("%(num)d visit in %(client)s's basket can no longer be requested", "%(num)d visits in %(client)s's basket can no longer be requested", n, client=keep)  # fmt: skip
            return Told("basket", _linked(text, client=client), link("requests.baskets"))
        case NotificationKind.MAIL_FAILED:
            to = str(line.facts.get("to") or line.facts.get("to_address") or line.client or "")
            text = gettext("A mail to %(to)s could not be sent", to=to) if to else gettext("A mail could not be sent")
            return Told("mail", escape(text), link("outbox.index_view"))
    return _more_told(line, client)


def _more_told(line: Notification, client: str | Markup) -> Told:
    if line.kind is NotificationKind.SERIES_TROUBLE:
        return _series_told(line, client)
    if line.kind is NotificationKind.VISITS_OF_ARCHIVED:
        return _left_told(line, client)
    if line.kind in TEAM_NEWS:
        return _team_told(line, client)
    if line.kind in DATA_NEWS:
        icon, text, endpoint = DATA_NEWS[line.kind]
        about = told_about(line.facts)
        sentence = _linked(gettext(text, client="%(client)s", pet=str(line.facts.get("pet") or "")), client=client)
        tab = {"tab": "files"} if line.kind is NotificationKind.FILES_UPLOADED else {}
        url = line.facts.get("url") or (link(endpoint, client_id=line.client_id, **tab) if line.client_id else None)
        return Told(icon, sentence + (f": {about}" if about else ""), url)
    return Told("bell", escape(str(line.kind)), None)


def told_about(facts: Mapping[str, Any]) -> str:
    """What a line on HOME is about in particular: each field with old and new, or the things that it names."""
    changes = facts.get("changes")
    if not isinstance(changes, dict) or not (changes or facts.get("what")):
        return ", ".join(_texts(facts, "about"))
    said = ", ".join(field_news.sentence(field_label(str(label)), old, new, gettext) for label, (old, new) in changes.items())  # fmt: skip
    if "person" not in facts:
        return said
    done = {"added": gettext("added"), "removed": gettext("removed")}.get(str(facts.get("what")), said)
    return f"{facts['person']}: {done}"


#: icon, sentence and page of what clients tell about themselves. The facts may hold `pet` (its name), `about` (what in
#: particular, a list) or `changes` (label to old and new), `person` and `what` became of them, and `url` (where exactly
#: it is decided or seen)
DATA_NEWS: dict[NotificationKind, tuple[str, str, str]] = {
    NotificationKind.DATA_CHANGED: ("pencil", N_("%(client)s changed details"), "client_page.show"),
    NotificationKind.DATA_PROPOSED: ("pencil", N_("%(client)s wants details changed that need your yes"), "proposals.index"),
    NotificationKind.PET_ADDED: ("paw", N_("%(client)s added %(pet)s"), "client_page.show"),
    NotificationKind.PET_LEFT: ("paw", N_("%(pet)s of %(client)s is no longer with us"), "client_page.show"),
    NotificationKind.FILES_UPLOADED: ("upload", N_("%(client)s uploaded files"), "client_page.show"),
    NotificationKind.VET_PROPOSED: ("stethoscope", N_("%(client)s misses a vet in your list"), "client_page.show"),
    NotificationKind.VACCINATION_DUE: ("vaccine", N_("A vaccination of %(pet)s (%(client)s) runs out"), "client_page.show"),
    NotificationKind.AGREEMENT_ACCEPTED: ("signature", N_("%(client)s accepted an agreement"), "client_page.show"),
    NotificationKind.CLIENT_REGISTERED: ("user-plus", N_("%(client)s registered as a new client"), "client_page.show"),
    NotificationKind.REGISTRATION_WAITING: ("user-plus", N_("Somebody registered and waits for your yes"), "client_page.show"),
    NotificationKind.LETTER_RECEIVED: ("message", N_("%(client)s wrote to you"), "letters.thread"),
    NotificationKind.PAYMENT_RECEIVED: ("cash", N_("%(client)s paid"), "client_page.show"),
    NotificationKind.PAYMENT_FAILED: ("alert-triangle", N_("A payment of %(client)s did not go through"), "client_page.show"),
    NotificationKind.PAYMENT_RETURNED: ("alert-triangle", N_("A payment of %(client)s came back"), "client_page.show"),
    NotificationKind.PAYMENT_UNCLEAR: ("alert-triangle", N_("A payment of %(client)s is still being confirmed"), "client_page.show"),
    NotificationKind.METHOD_CHANGED: ("cash", N_("%(client)s changed a card or bank account"), "client_page.show"),
    NotificationKind.NOTE_OPENED: ("file-invoice", N_("A note for %(client)s waits to be committed"), "client_page.show"),
    NotificationKind.REFUND_DUE: ("cash", N_("%(client)s gets money back"), "client_page.show"),
    NotificationKind.REFUND_FAILED: ("alert-triangle", N_("A refund to %(client)s failed"), "client_page.show"),
    NotificationKind.DISPUTE_OPENED: ("alert-triangle", N_("%(client)s disputes a payment with the bank"), "client_page.show"),
    NotificationKind.DISPUTE_CLOSED: ("file-invoice", N_("A dispute of %(client)s is decided"), "client_page.show"),
    NotificationKind.BOOKS_DIFFER: ("alert-triangle", N_("Books and payment gateway differ"), "client_page.show"),
}  # fmt: skip


#: icon, sentence and page of what sitters do. The facts may hold `sitter` (the name), `about` (what in particular, a
#: list) and `url` (where exactly it is seen)
TEAM_NEWS: dict[NotificationKind, tuple[str, str, str]] = {
    NotificationKind.TIME_OFF_REQUESTED: ("calendar-off", N_("%(sitter)s asks for time off"), "time_off.index_view"),
    NotificationKind.TIME_OFF_WITHDRAWN: ("calendar-off", N_("%(sitter)s needs no time off any more"), "time_off.index_view"),
    NotificationKind.SITTER_MESSAGE: ("message", N_("%(sitter)s wrote to you"), "sitter_messages.index"),
    NotificationKind.REPORT_SENT: ("file-text", N_("%(sitter)s sent the report card of %(client)s"), "visits.index_view"),
    NotificationKind.REPORT_THANKED: ("message", N_("%(client)s thanked %(sitter)s"), "visits.index_view"),
    NotificationKind.KEY_MOVED: ("key", N_("%(sitter)s handed over a key of %(client)s"), "keys.index_view"),
    NotificationKind.KEY_LOST: ("alert-triangle", N_("%(sitter)s lost a key of %(client)s"), "keys.index_view"),
    NotificationKind.CHECK_REFUSED: ("alert-triangle", N_("%(sitter)s was at %(client)s, but it could not be recorded"), "visits.index_view"),
    NotificationKind.HOOK_FAILED: ("alert-triangle", N_("Another program does not answer any more"), "connections.index"),
}  # fmt: skip


def _team_told(line: Notification, client: str | Markup) -> Told:
    icon, text, endpoint = TEAM_NEWS[line.kind]
    days = [formats.short_day(dt.date.fromisoformat(day)) for day in _texts(line.facts, "days")]
    others = [with_dates(x) for x in _texts(line.facts, "about")]
    about = formats.time_span(*days) if len(days) == 2 else ", ".join([*days, *others])
    sentence = _linked(gettext(text, client="%(client)s", sitter=str(line.facts.get("sitter") or "")), client=client)
    job_id = line.facts.get("job_id")
    url = line.facts.get("url") or (link("visits_page.show", job_id=job_id) if job_id else link(endpoint))
    return Told(icon, sentence + (f": {about}" if about else ""), url)


def _left_told(line: Notification, client: str | Markup) -> Told:
    """Visits ahead of a client who was archived, or with a pet that left."""
    n, pet, keep = _count(line.facts, "n_jobs"), str(line.facts.get("pet") or ""), "%(client)s"
    if pet:
        text = ngettext("%(pet)s of %(client)s is no longer with us, and %(num)d visit is booked", "%(pet)s of %(client)s is no longer with us, and %(num)d visits are booked", n, pet=pet, client=keep)  # fmt: skip
    else:
        text = ngettext("%(client)s is archived, and %(num)d visit is booked", "%(client)s is archived, and %(num)d visits are booked", n, client=keep)  # fmt: skip
    url = link("left_visits.show", client_id=line.client_id, pet=line.facts.get("pet_id")) if line.client_id else None
    return Told("alert-triangle", _linked(text, client=client), url)


def _series_told(line: Notification, client: str | Markup) -> Told:
    text = gettext("A repeating service of %(client)s needs a look", client="%(client)s")
    told = "; ".join(series_trouble(line.facts))
    url = link("repeat_page.show", repeat_id=_count(line.facts, "repeat_id"))
    return Told("calendar-repeat", _linked(text, client=client) + (f": {told}" if told else ""), url)


def series_trouble(facts: Mapping[str, Any]) -> list[str]:
    """What the office should look at in a series, in short."""
    n = facts.get("n_conflicts", 0)
    words = {
        "no_pets": gettext("none of its pets is with us any more, no visits are made"),
        "sitter_left": gettext("its sitter has left, visits are made unassigned"),
        "sitter_blocked": gettext("the client does not want its sitter, visits are made unassigned"),
        "item_inactive": gettext("its service is inactive"),
        "conflicts": ngettext("%(num)d visit has a conflict", "%(num)d visits have conflicts", n if isinstance(n, int) else 1),
    }  # fmt: skip
    return [words[code] for code in _texts(facts, "told") if code in words]


def _count(facts: Mapping[str, Any], key: str) -> int:
    value = facts.get(key, 1)
    return value if isinstance(value, int) else 1


def _texts(facts: Mapping[str, Any], key: str) -> list[str]:
    value = facts.get(key) or []
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]


# -------------------------------------------------------------------------------------------------------- the log


@dataclass(frozen=True)
class LogEntry:
    """A line of the log to be shown."""

    icon: str
    text: str
    #: `Today 8:14, portal`
    meta: str
    #: the visits or records it is about, one line each
    details: list[str] = field(default_factory=list)
    #: what changed: label, old, new
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    #: words that a person wrote: a reason, a message
    quote: str = ""


def log_entry(line: Activity) -> LogEntry:
    """A line of the log as sentence, meta and details; unknown verbs are shown as they are."""
    facts = line.facts or {}
    icon, text = _sentence(line, _who(line), facts)
    details = [with_dates(x) for key in ("lines", "jobs") for x in _texts(facts, key)]
    changes = _changes(facts)
    if line.verb.startswith("job.") and facts.get("before"):
        changes.append((gettext("Visit"), with_dates(str(facts["before"])), with_dates(str(facts.get("after", "")))))
    elif facts.get("before"):
        changes.append((gettext("Visit"), with_dates(str(facts["before"])), "; ".join(details)))
        details = []
    elif facts.get("after"):
        details.append(with_dates(str(facts["after"])))
    quote = str(facts.get("reason") or facts.get("message") or "")
    return LogEntry(icon, text, f"{moment_words(line.at)}, {via_word(line.via)}", details, changes, quote)


def _sentence(line: Activity, who: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    if line.verb == "job_request.message":
        return "message", _message_text(who, facts)
    if line.verb in VERBS:
        icon, singular, plural = VERBS[line.verb]
        values = {"who": who, **{name: facts.get(name, "") for name in ("number", "email", "name", "invoice")}}
        values["mail"] = mail_word(str(facts.get("kind", ""))) if line.verb.startswith("mail_template.") else ""
        n = _count(facts, "n_jobs" if "n_jobs" in facts else "n_lines")
        return icon, ngettext(singular, plural, n, **values) if plural else gettext(singular, **values)
    table, _dot, what = line.verb.rpartition(".")
    icon, noun = RECORDS.get(table, ("activity", table.replace("_", " ")))
    record, name = gettext(noun), str(facts.get("name") or "")
    if what == "added":
        return icon, gettext("%(who)s added the %(record)s %(name)s", who=who, record=record, name=name).rstrip()
    if what == "changed":
        return icon, gettext("%(who)s changed the %(record)s %(name)s", who=who, record=record, name=name).rstrip()
    if what == "removed":
        return icon, gettext("%(who)s removed the %(record)s %(name)s", who=who, record=record, name=name).rstrip()
    return "activity", f"{who}: {line.verb.replace('_', ' ').replace('.', ' ')}"


def _message_text(who: str, facts: Mapping[str, Any]) -> str:
    if facts.get("to_client") and facts.get("to_sitter"):
        return gettext("%(who)s wrote to client and sitter about a request", who=who)
    if facts.get("to_sitter"):
        return gettext("%(who)s wrote to the sitter about a request", who=who)
    return gettext("%(who)s wrote to the client about a request", who=who)


def _who(line: Activity) -> str:
    if line.actor_kind is ActorKind.SYSTEM:
        return gettext("Latchkey")
    if line.on_behalf:
        return gettext("%(staff)s (for the client)", staff=line.actor_name)
    return line.actor_name


def via_word(via: Via) -> str:
    """Through which door it was done."""
    return {
        Via.PORTAL: gettext("portal"),
        Via.OFFICE: gettext("office"),
        Via.WORKER: gettext("automatic"),
        Via.COMMAND_LINE: gettext("command line"),
    }[via]


def _changes(facts: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    found = facts.get("changes")
    if not isinstance(found, dict):
        return []
    shown = []
    for key, pair in found.items():
        old, new = pair if isinstance(pair, list) and len(pair) == 2 else ("", pair)
        words = _figure_words if key in FIGURES else _place_words if key == "key_place" else value_words
        shown.append((field_label(str(key)), words(old), words(new)))
    return shown


#: what a visit costs and pays, as `cancelling` and `change_deciding` log it
FIGURES = ("price", "sitter_pay")


def _figure_words(value: Any) -> str:
    try:
        return _amount(str(value))
    except ArithmeticError:
        return value_words(value)


def _place_words(value: Any) -> str:
    """Where a key was: a place, or the name of whoever had it."""
    return key_place(KeyPlace(value)) if value in set(KeyPlace) - {KeyPlace.STAFF} else value_words(value)


def field_label(key: str) -> str:
    """A column's or a setting's name as people read it."""
    if key in settings.REGISTRY:
        return gettext(settings.REGISTRY[key].label)
    if key in FIELDS:
        return gettext(FIELDS[key])
    # Columns are lower case; anything else is the label of a field that the office designed.
    return key.replace("_", " ").capitalize() if key == key.lower() else key


def value_words(value: Any) -> str:
    """An old or new value as people read it; long texts are cut."""
    if value is None or value in ("", []):
        return gettext("none")
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return ", ".join(value_words(v) for v in value)
    text = with_dates(str(value))
    return text if len(text) <= 200 else f"{text[:199]}…"
