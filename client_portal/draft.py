"""The request form as it was filled in: read tolerantly, so that whatever comes back is shown again and nothing is lost.

Each service has its own time fields (`time-<id>`, `blocks-<id>`), so that the form works without JavaScript; only
those of the chosen service count. `checked` turns the form into what the workflows want, or says what is wrong.
"""

import datetime as dt
import re
from dataclasses import dataclass, field

from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from client_portal import words
from client_portal.offer import Offer, Service
from client_portal.urls import read_day, read_month
from foundation import clock
from models import Client, Job, JobRequestLine, TimeBlock, TimeType
from workflows import limits, settings
from workflows.errors import Invalid, WorkflowError
from workflows.limits import Calendar, Refusal
from workflows.wanted import MAX_LINES, Slot, Wanted, clean_note, slots

#: how many days are named in one message
NAMED = 4


@dataclass
class Draft:
    """What stands in the form."""

    month: dt.date
    dates: list[dt.date] = field(default_factory=list)
    service: str = ""
    times: dict[str, str] = field(default_factory=dict)
    blocks: dict[str, list[str]] = field(default_factory=dict)
    pets: list[str] = field(default_factory=list)
    note: str = ""
    keep_days: bool = False
    #: of the days, once they were checked
    calendar: Calendar | None = None
    #: field -> sentences
    errors: dict[str, list[str]] = field(default_factory=dict)

    def blame(self, part: str, sentence: str) -> None:
        """Note what is wrong with a part of the form: dates, service, time, pets or note."""
        told = self.errors.setdefault(part, [])
        if sentence not in told:
            told.append(sentence)


def read(form: MultiDict[str, str], offer: Offer) -> Draft:
    """The form as it came; unreadable days are blamed, more than the most are cut."""
    days, bad = [], False
    for text in form.getlist("dates"):
        day = read_day(text)
        days.append(day) if day else None
        bad = bad or day is None
    found = sorted(set(days))
    keys = [s.key for s in offer.services]
    draft = Draft(
        month=read_month(form.get("month")) or (found[0] if found else clock.today()).replace(day=1),
        dates=found,
        service=form.get("service", ""),
        times={k: form.get(f"time-{k}", "") for k in keys},
        blocks={k: form.getlist(f"blocks-{k}") for k in keys},
        pets=form.getlist("pets"),
        note=form.get("note", ""),
        keep_days=bool(form.get("keep_days")),
    )
    if bad:
        draft.blame("dates", _("One of the days is not in the calendar. Choose days from the list."))
    return draft


def of_line(line: JobRequestLine) -> Draft:
    """A basket line, to be changed."""
    key = line.service_item.public_id
    return Draft(
        month=line.on_date.replace(day=1),
        dates=[line.on_date],
        service=key,
        times={key: line.start_time.strftime("%H:%M") if line.start_time else ""},
        blocks={key: [str(line.time_block_id)] if line.time_block_id else []},
        pets=[p.public_id for p in line.pets],
        note=line.note,
    )


def of_job(job: Job) -> Draft:
    """A scheduled visit, for which a change is asked."""
    key = job.service_item.public_id
    return Draft(
        month=job.on_date.replace(day=1),
        dates=[job.on_date],
        service=key,
        times={key: job.start_time.strftime("%H:%M") if job.start_time else ""},
        blocks={key: [str(job.time_block_id)] if job.time_block_id else []},
        pets=[p.public_id for p in job.pets],
        note=job.note,
    )


def checked(draft: Draft, offer: Offer, client: Client, *, is_new: bool = True) -> Wanted | None:
    """What is wanted, or None with the draft's errors filled in: all that is wrong, at once.

    Whether the days can be requested is asked for new visits only; a change of a visit has rules of its own.
    """
    service = offer.service(draft.service)
    if not draft.dates and "dates" not in draft.errors:
        draft.blame("dates", _("Choose at least one day."))
    if len(draft.dates) > MAX_LINES:
        draft.blame("dates", _("That is too much at once: at most %(most)s visits in one request.", most=MAX_LINES))
    pets = [p for p in client.pets if p.public_id in draft.pets]
    if len(pets) < len(set(draft.pets)):
        draft.blame("pets", _("Choose among your own pets."))
    elif offer.pets and not pets:
        draft.blame("pets", _("Choose at least one pet."))
    try:
        note = clean_note(draft.note)
    except WorkflowError as problem:
        blame(draft, problem)
        note = ""
    if service is None:
        gone = _("This service is no longer offered online. Choose another one.")
        draft.blame("service", gone if draft.service else _("Choose a service."))
        return None
    start, blocks = _times(draft, service)
    wanted = Wanted(service.item, draft.dates, start_time=start, blocks=blocks, pets=pets, note=note)
    if is_new:
        _check_meaning(draft, wanted, client)
    return None if draft.errors else wanted


def _times(draft: Draft, service: Service) -> tuple[dt.time | None, list[TimeBlock]]:
    """The chosen service's own times; those of the others are left alone."""
    if service.item.time_type is TimeType.TIME_BLOCK:
        by_id = {str(b.id): b for b in service.blocks}
        chosen = draft.blocks.get(service.key, [])
        if any(c not in by_id for c in chosen):
            draft.blame("time", _("Choose among the times of this service."))
        elif not chosen:
            draft.blame("time", _("Choose at least one time of day."))
        return None, [by_id[c] for c in chosen if c in by_id]
    text = draft.times.get(service.key, "").strip()
    if service.item.time_type is not TimeType.STANDARD or not text:
        return None, []
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d(:00)?", text, re.ASCII):
        draft.blame("time", _("Enter a time, for example 14:30, or leave it empty."))
        return None, []
    return dt.time.fromisoformat(text), []


def _check_meaning(draft: Draft, wanted: Wanted, client: Client) -> None:
    """Ask the workflow's own rules before it refuses, to name every day that does not work and why."""
    try:
        all_slots = list(slots(wanted, client))
    except Invalid as problem:
        for one in problem.all:
            if PARTS.get(one.field or "", "form") not in draft.errors:
                blame(draft, one)
        days = sorted(set(wanted.dates))[:MAX_LINES]
        blocks: list[TimeBlock | None] = [*wanted.blocks] or [None]
        all_slots = [Slot(day, wanted.start_time, block) for day in days for block in blocks]
    if "time" in draft.errors:  # without its time nobody can say whether a day is too late
        return
    known, now = limits.calendar(*limits.span(draft.dates)), clock.now()
    draft.calendar = known
    refused: dict[str, list[dt.date]] = {}
    late = False
    for slot in all_slots:
        refusal = limits.why_not_request(
            wanted.item, slot.on_date, start_time=slot.start_time, block=slot.block, known=known,
            values=settings.read(), now=now,
        )  # fmt: skip
        if refusal:
            late = late or refusal.too_late
            days = refused.setdefault(say(refusal), [])
            days.append(slot.on_date) if slot.on_date not in days else None
    for sentence, days in refused.items():
        draft.blame("dates", f"{_some(days)}: {sentence}")
    if late:
        draft.blame("dates", too_late_text())


def _some(days: list[dt.date]) -> str:
    """`Thu 26 Nov, Fri 27 Nov and 12 more`."""
    named = [words.day_words(d) for d in days[:NAMED]]
    if len(days) > NAMED:
        named.append(ngettext("%(num)d more", "%(num)d more", len(days) - NAMED))
    return words.names(named)


def say(refusal: Refusal) -> str:
    """The reason in the reader's language."""
    return refusal.error().say(_)


def too_late_text() -> str:
    """The owner's words for those who come too late, and the phone number."""
    values = settings.read()
    text = _(values["portal.too_late_text"])
    phone = values["business.phone"]
    return f"{text} {phone}" if phone and phone not in text else text


#: what a workflow calls a field -> the part of the form
PARTS = {"dates": "dates", "service": "service", "blocks": "time", "pets": "pets", "note": "note"}


def blame(draft: Draft, problem: WorkflowError) -> None:
    """Show a workflow's refusal at the part of the form that it is about."""
    draft.blame(PARTS.get(problem.field or "", "form"), problem.say(_))
