"""Visits and requested visits as the portal shows them: one plain card for both, so that templates decide nothing."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext as _

from client_portal import words
from client_portal.asked import Asked, Touch
from foundation import clock
from foundation.db import db
from models import (
    JOB_CLIENT_LABELS,
    CheckKind,
    Job,
    JobRequestLine,
    JobState,
    LineState,
    Pet,
    PlaceSource,
    ReportState,
    VisitCheck,
)
from ui_kit.formats import clock_time
from ui_kit.visit_words import map_of_place
from workflows import report_views, settings
from workflows.report_cards import TOLD_OF

#: chip kinds of request lines; a scheduled line is shown as its visit
LINE_KINDS = {
    LineState.SUBMITTED: "req",
    LineState.SCHEDULED: "scheduled",
    LineState.DECLINED: "declined",
    LineState.CANCELLED: "off",
    LineState.DELETED: "off",
}


@dataclass(frozen=True)
class Checked:
    """When the sitter came or left, and a map of where that was, as far as the settings show it."""

    words: str
    map_url: str


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
    #: what the sitter told of it
    report_url: str | None = None
    #: what the client asked about it and waits for
    asked: Asked | None = None
    #: may it be changed or cancelled, and if not, why
    touch: Touch | None = None
    #: when the sitter came and left
    checks: Sequence[Checked] = ()

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
        title=f"{_('REQ:')} {title}" if waiting else title,
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


def checks_of(jobs: Iterable[Job]) -> Mapping[int, list[Checked]]:
    """When the sitters came and left, by visit; one query, and none where nobody came yet or the setting is off."""
    came = {job.id: job for job in jobs if job.checked_in_at is not None}
    if not came or not settings.read()["portal.show_checks"]:
        return {}
    found: dict[int, list[Checked]] = defaultdict(list)
    for row in db.session.scalars(
        sa.select(VisitCheck)
        .where(VisitCheck.job_id.in_(came), VisitCheck.replaced_at.is_(None))
        .order_by(VisitCheck.job_id, VisitCheck.at, VisitCheck.id)
    ):
        found[row.job_id].append(_checked(row, came[row.job_id]))
    return found


def _checked(row: VisitCheck, job: Job) -> Checked:
    values = settings.read()
    local = clock.to_local(row.at)
    when = (
        clock_time(row.at) if local.date() == job.on_date else f"{words.day_words(local.date())}, {clock_time(row.at)}"
    )
    said = _("Check-in %(time)s", time=when) if row.kind is CheckKind.IN else _("Check-out %(time)s", time=when)
    if row.place is PlaceSource.ADJUSTED:
        said = _("%(check)s (adjusted by %(business)s)", check=said, business=values["business.name"])
    return Checked(said, map_of_place(row.latitude, row.longitude) if values["portal.show_place"] else "")


def of_job(job: Job, *, asked: Asked | None = None, touch: Touch | None = None, checks: Sequence[Checked] = ()) -> Card:
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
        report_url=_report_url(job),
        asked=asked,
        touch=touch,
        checks=checks,
    )


def _report_url(job: Job) -> str | None:
    """Where the visit's report card is read; None for a draft. Visits are read together with their cards."""
    if job.state not in TOLD_OF or not report_views.is_open_to_clients():
        return None
    card = job.report_card
    told = card is not None and card.state is ReportState.SENT
    return url_for("portal_reports.show", card_id=card.public_id) if card is not None and told else None


def order_key(kind: str, start: dt.time | None, title: str) -> tuple[bool, dt.time, str]:
    """What will not happen stands last, so that it never hides what will."""
    return kind in {"off", "declined"}, start or dt.time(0), title


def in_order(cards: Iterable[Card]) -> list[Card]:
    """The cards of one day as they follow each other."""
    return sorted(cards, key=lambda c: c.order)


def drawings(pets: Iterable[Pet]) -> list[dict[str, Any]]:
    """Pets as `ui.pets` draws them."""
    return [{"kind": p.species.value, "look": p.id, "name": p.name, "photo_url": None} for p in pets]
