"""Visits and requested visits as the portal shows them: one plain card for both, so that templates decide nothing."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from client_portal import words
from client_portal.asked import Asked, Touch
from models import JOB_CLIENT_LABELS, Job, JobRequestLine, JobState, LineState, Pet
from workflows import settings

#: chip kinds of request lines; a scheduled line is shown as its visit
LINE_KINDS = {
    LineState.SUBMITTED: "req",
    LineState.SCHEDULED: "scheduled",
    LineState.DECLINED: "declined",
    LineState.CANCELLED: "off",
    LineState.DELETED: "off",
}


@dataclass(frozen=True)
class Card:
    """What a visit card says."""

    #: unique on a page: used in ids
    key: str
    #: a chip kind of ui_kit: req, scheduled, live, done, off, declined
    kind: str
    day: dt.date
    title: str
    #: the title without "REQ:" and length, for sentences
    name: str
    time: str
    pets: list[dict[str, Any]]
    pet_names: str
    order: tuple[bool, dt.time, str]
    sitter: str = ""
    price: str = ""
    note: str = ""
    #: sentences in small print: when it was sent, cancelled …
    facts: list[str] = field(default_factory=list)
    #: the office's words when it said no
    answer: str = ""
    #: where a waiting line is cancelled
    cancel_url: str | None = None
    #: the page of a scheduled visit
    visit_url: str | None = None
    #: what the client asked about it and waits for
    asked: Asked | None = None
    #: may it be changed or cancelled, and if not, why
    touch: Touch | None = None

    @property
    def spoken(self) -> str:
        """`Cat visit, Thu 26 Nov, 17:00 to 20:00`: what buttons and dialogs call it."""
        return f"{self.name}, {words.day_words(self.day)}, {self.time}"


def of_line(line: JobRequestLine) -> Card:
    """The card of a requested visit that was sent."""
    kind, title = LINE_KINDS[line.state], words.item_title(line.service_item)
    waiting = line.state is LineState.SUBMITTED
    return Card(
        key=line.public_id,
        kind=kind,
        day=line.on_date,
        title=f"REQ: {title}" if waiting else title,
        name=line.service_item.name,
        time=words.line_time(line),
        pets=drawings(line.pets),
        pet_names=words.names([p.name for p in line.pets]),
        order=order_key(kind, line.start_time or (line.time_block.starts_at if line.time_block else None), title),
        price=words.amount(line.price) if settings.read()["portal.show_prices"] else "",
        note=line.note,
        facts=_line_facts(line),
        answer=line.decline_reason if line.state is LineState.DECLINED else "",
        cancel_url=url_for("portal_cancelling.line", line_id=line.public_id) if waiting else None,
    )


def _line_facts(line: JobRequestLine) -> list[str]:
    facts = []
    if line.state is LineState.SUBMITTED and line.submitted_at:
        when = words.soon(line.submitted_at)
        if line.auto_submitted:
            facts.append(_("We sent this for you %(when)s, so that it was not forgotten.", when=when))
        else:
            facts.append(_("Sent %(when)s.", when=when))
        facts.append(_("Not booked yet."))
    elif line.state is LineState.CANCELLED and line.cancelled_at:
        facts.append(_("You cancelled this request %(when)s.", when=words.soon(line.cancelled_at)))
    elif line.state is LineState.DECLINED and line.decided_at:
        business = settings.read()["business.name"]
        facts.append(_("%(business)s answered %(when)s.", business=business, when=words.soon(line.decided_at)))
    return facts


def of_job(job: Job, *, asked: Asked | None = None, touch: Touch | None = None) -> Card:
    """The card of a visit in the schedule; the sitter's first name and the price as the portal settings say."""
    values, kind = settings.read(), "change" if asked else JOB_CLIENT_LABELS[job.state]
    title = words.item_title(job.service_item, job.duration_minutes)
    facts = []
    if job.state is JobState.CANCELLED and job.cancelled_at:
        facts.append(_("Cancelled %(when)s.", when=words.soon(job.cancelled_at)))
    return Card(
        key=job.public_id,
        kind=kind,
        day=job.on_date,
        title=title,
        name=job.service_item.name,
        time=words.job_time(job),
        pets=drawings(job.pets),
        pet_names=words.names([p.name for p in job.pets]),
        order=order_key(kind, job.start_time or (job.time_block.starts_at if job.time_block else None), title),
        sitter=job.sitter.first_name if job.sitter and values["portal.show_sitter"] else "",
        price=words.amount(job.price) if values["portal.show_prices"] else "",
        note=job.note,
        facts=facts,
        visit_url=url_for("portal_visits.show", visit_id=job.public_id) if values["portal.schedule"] else None,
        asked=asked,
        touch=touch,
    )


def order_key(kind: str, start: dt.time | None, title: str) -> tuple[bool, dt.time, str]:
    """What will not happen stands last, so that it never hides what will."""
    return kind in {"off", "declined"}, start or dt.time(0), title


def in_order(cards: Iterable[Card]) -> list[Card]:
    """The cards of one day as they follow each other."""
    return sorted(cards, key=lambda c: c.order)


def drawings(pets: Iterable[Pet]) -> list[dict[str, Any]]:
    """Pets as `ui.pets` draws them."""
    return [{"kind": p.species.value, "look": p.id, "name": p.name, "photo_url": None} for p in pets]
