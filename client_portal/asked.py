"""What a client waits for about scheduled visits, and what may still be asked about one: in words, for every page."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from client_portal import words
from client_portal.draft import say, too_late_text
from client_portal.frame import can_cancel_visits, can_change_visits
from models import ChangeItem, ChangeKind, ChangeRequest, ChangeState, Job
from ui_kit.formats import time_span
from ui_kit.repeat_words import kept_week_lines
from workflows import settings
from workflows.change_asking import why_not
from workflows.change_facts import series_wanted_of
from workflows.change_preview import wish_of
from workflows.limits import Use


@dataclass(frozen=True)
class Asked:
    """One visit (or series) of a request that waits for the office."""

    key: str
    #: "Change requested", "Cancellation requested"
    chip: str
    #: `Dog walk, Thu 26 Nov, 12:00 to 12:30`
    about: str
    #: what was asked for and that nothing is done yet, in a sentence or two
    text: str
    #: small facts: the fee, the new price, the new note
    details: list[str]
    #: that it is being reviewed, and since when
    sent: str
    withdraw_url: str
    withdraw_label: str


@dataclass(frozen=True)
class AskedTogether:
    """A request that waits, for the summary above the schedule."""

    key: str
    title: str
    sent: str
    items: list[Asked] = field(default_factory=list)
    #: the client's own words, or the whole of a general message
    body: str = ""
    reason: str = ""
    #: several visits can be withdrawn at once
    withdraw_url: str | None = None


@dataclass(frozen=True)
class Control:
    """A button: where it leads, or why it is dead."""

    page: str
    visit_id: str
    why: str = ""

    @property
    def url(self) -> str:
        """The schedule draws one button for both, which leads elsewhere: it asks for none of them."""
        return url_for(self.page, visit_id=self.visit_id)


@dataclass(frozen=True)
class Touch:
    """What may be asked about a visit; None is switched off."""

    cancel: Control | None
    change: Control | None

    @property
    def is_on(self) -> bool:
        """Is there anything to show at all?"""
        return self.cancel is not None or self.change is not None

    @property
    def is_open(self) -> bool:
        """Is there something that can be asked now?"""
        return any(c is not None and not c.why for c in (self.cancel, self.change))

    @property
    def why(self) -> str:
        """Why nothing can be asked now; "" when something can."""
        reasons = [c.why for c in (self.cancel, self.change) if c is not None]
        return "" if self.is_open or not reasons else reasons[0]


def touch_of(job: Job, waiting: Mapping[int, ChangeItem], now: dt.datetime) -> Touch:
    """The two buttons of a visit. Needs the visit's item with its group, and its block."""
    return Touch(
        _control(job, Use.CANCEL, waiting, now) if can_cancel_visits() else None,
        _control(job, Use.CHANGE, waiting, now) if can_change_visits() else None,
    )


def _control(job: Job, use: Use, waiting: Mapping[int, ChangeItem], now: dt.datetime) -> Control:
    page = "portal_visit_cancelling.one" if use is Use.CANCEL else "portal_changing.form"
    refusal = why_not(job, use, values=settings.read(), now=now, waiting=waiting)
    if refusal is None:
        return Control(page, job.public_id)
    why = say(refusal)
    return Control(page, job.public_id, f"{why} {too_late_text()}" if refusal.too_late else why)


def waiting_items(requests: Iterable[ChangeRequest]) -> dict[int, ChangeItem]:
    """The waiting items of these requests by their visits."""
    pending = [i for r in requests for i in r.items if i.state is ChangeState.PENDING]
    return {i.job_id: i for i in pending if i.job_id is not None}


def of_item(item: ChangeItem) -> Asked:
    """One waiting item."""
    request = item.request
    kind = request.kind
    chips = {
        ChangeKind.CANCEL: _("Cancellation requested"),
        ChangeKind.CHANGE: _("Change requested"),
        ChangeKind.PAUSE: _("Pause requested"),
        ChangeKind.END: _("End requested"),
    }
    labels = {ChangeKind.CANCEL: _("Withdraw cancellation"), ChangeKind.CHANGE: _("Withdraw change")}
    return Asked(
        key=item.public_id,
        chip=chips[kind],
        about=_about(item),
        text=_text(item),
        details=_details(item),
        sent=_("Being reviewed, sent %(when)s.", when=words.soon(request.created_at)),
        withdraw_url=url_for("portal_withdrawing.one", item_id=item.public_id),
        withdraw_label=labels.get(kind, _("Withdraw request")),
    )


def _about(item: ChangeItem) -> str:
    if item.job is not None:
        return f"{item.job.service_item.name}, {words.day_words(item.job.on_date)}, {words.job_time(item.job)}"
    return item.repeat.service_item.name if item.repeat is not None else str(item.old.get("service", ""))


def _text(item: ChangeItem) -> str:
    business = settings.read()["business.name"]
    stays = _("It stays as it is until %(business)s agrees.", business=business)
    if (series := series_wanted_of(item)) is not None and item.first_on:
        wanted = ", ".join([series.service, "; ".join(kept_week_lines(series.times)), words.names(series.pets)])
        return _("You asked to change it from %(day)s on: %(wanted)s.", day=words.day_words(item.first_on), wanted=wanted) + " " + stays  # fmt: skip
    if item.first_on and item.last_on:
        days = time_span(words.day_words(item.first_on), words.day_words(item.last_on))
        return _("You asked for a pause, %(days)s.", days=days) + " " + stays
    if item.last_on:
        return _("You asked to end it after %(day)s.", day=words.day_words(item.last_on)) + " " + stays
    wanted = ", ".join(differences(item))
    if wanted:
        return _("You asked to change this to: %(wanted)s.", wanted=wanted) + " " + stays
    if item.request.kind is ChangeKind.CHANGE:
        return _("You asked for another note.") + " " + stays
    return _("You asked to cancel this visit. It stays until %(business)s agrees.", business=business)


def differences(item: ChangeItem) -> list[str]:
    """What a change would make different, as it would be: service, day, time, pets."""
    wish, job = wish_of(item), item.job
    if wish is None or job is None:
        return []
    placed = words.Placed(wish.item, wish.on_date, wish.last_on, wish.start_time, wish.end_time, wish.block)
    found = [wish.item.name] if wish.item.id != job.service_item_id else []
    if wish.on_date != job.on_date:
        found.append(words.day_words(wish.on_date))
    if words.job_time(placed) != words.job_time(job) or found:
        found.append(words.job_time(placed))
    if [p.name for p in wish.pets] != item.old.get("pets"):
        found.append(words.names([p.name for p in wish.pets]))
    return [part for part in found if part]


def _details(item: ChangeItem) -> list[str]:
    details = []
    if item.fee:
        details.append(_("The fee would be %(amount)s.", amount=words.amount(item.fee)))
    price = item.price_after
    is_single = item.job is not None
    if is_single and settings.read()["portal.show_prices"] and price is not None and price != item.price_before:
        details.append(_("New price: %(amount)s.", amount=words.amount(price)))
    if item.new_note and item.new_note != item.old.get("note"):
        details.append(_("New note: “%(note)s”.", note=item.new_note))
    return details


def together(requests: Iterable[ChangeRequest]) -> list[AskedTogether]:
    """All that waits, request by request."""
    return [_together(r) for r in requests]


def _together(request: ChangeRequest) -> AskedTogether:
    pending = [i for i in request.items if i.state is ChangeState.PENDING]
    n = len(pending)
    titles = {
        ChangeKind.CANCEL: ngettext("Cancellation of %(num)d visit", "Cancellation of %(num)d visits", n),
        ChangeKind.CHANGE: _("Change of repeating visits")
        if any(i.repeat_id for i in pending)
        else _("Change of a visit"),
        ChangeKind.MESSAGE: _("Your message"),
        ChangeKind.PAUSE: _("Pause of repeating visits"),
        ChangeKind.END: _("End of repeating visits"),
    }
    return AskedTogether(
        key=request.public_id,
        title=titles[request.kind],
        sent=words.soon(request.created_at),
        items=[of_item(i) for i in pending],
        body=request.body,
        reason=request.reason.name if request.reason else "",
        withdraw_url=url_for("portal_withdrawing.whole", request_id=request.public_id) if n > 1 else None,
    )
