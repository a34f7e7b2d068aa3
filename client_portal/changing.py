"""Asking for a change of a scheduled visit: the form as the visit is, with what it costs now and would cost.

The amounts follow the form by htmx, and by a button without JavaScript. They go back with the form, so that nobody
asks for something at another price than they were shown.
"""

import datetime as dt
import re
from dataclasses import dataclass

from flask import flash, request, url_for
from flask_babel import gettext as _

from client_portal import asked, cards, words
from client_portal import draft as drafts
from client_portal.draft import Draft
from client_portal.frame import View, by_htmx, can_change_visits, client_here, page, page_group, see
from client_portal.offer import Offer, offer_for
from client_portal.urls import read_day
from client_portal.visits import TWICE, own_job
from foundation import clock
from foundation.db import db
from models import Job, TimeType
from sign_in import current_actor
from workflows import change_asking, changes_shown, settings
from workflows.change_preview import ChangePreview, FiguresChanged, Wish, check_wish, is_stay, preview_change
from workflows.errors import WorkflowError

pages = page_group("portal_changing", __name__, under="/visits", nav="schedule", switches=[can_change_visits])


@dataclass(frozen=True)
class Figures:
    """What the client is shown of the amounts."""

    #: "" where prices are not shown
    before: str
    after: str
    is_same: bool
    fee: str
    policy: str
    #: name the figures; they go back with the form
    mark: str
    fee_mark: str


@pages.get("/<public_id:visit_id>/change")
def form(visit_id: str) -> View:
    """The visit as it is, to be changed."""
    job = own_job(visit_id)
    return _show(job, drafts.of_job(job), preview_change(client_here(), job, _as_it_is(job)))


@pages.post("/<public_id:visit_id>/change")
def ask(visit_id: str) -> View:
    """Ask for the change; or, by the button `go`, show what it would cost with everything kept."""
    client, job = client_here(), own_job(visit_id)
    offer = offer_for(client, keep=job)
    draft = drafts.read(request.form, offer)
    wish = _wish(draft, offer, job)
    if request.form.get("go"):
        return _preview(job, draft, wish, offer)
    if wish is None:
        return _show(job, draft, preview_change(client, job, _as_it_is(job)), 422, offer=offer)
    try:
        shown = preview_change(client, job, wish)
        change_asking.ask_to_change(
            client, job, wish, actor=current_actor(), body=request.form.get("body", ""), seen=_seen(shown)
        )
    except FiguresChanged as changed:
        db.session.rollback()
        draft.blame("form", _("The amounts follow your changes. Please look at them, then send it once more."))
        return _show(own_job(visit_id), draft, changed.preview, 409)  # type: ignore[arg-type]  # a change's preview
    except WorkflowError as problem:
        db.session.rollback()
        if problem.code in TWICE:
            flash(_("This was asked for already. Nothing was done twice."), "info")
            return see(url_for("portal_visits.show", visit_id=visit_id))
        drafts.blame(draft, problem)
        job = own_job(visit_id)
        return _show(job, draft, preview_change(client, job, _as_it_is(job)), 409 if problem.field == "visits" else 422)
    db.session.commit()
    business = settings.read()["business.name"]
    flash(_("Your change request is being reviewed. The visit stands as it is until %(business)s answers.", business=business), "success")  # fmt: skip
    return see(url_for("portal_schedule.month", day=job.on_date.isoformat()))


def _seen(shown: ChangePreview) -> str:
    """What the form says was shown. Where prices are hidden only the fee was, so only the fee counts."""
    if settings.read()["portal.show_prices"]:
        return request.form.get("seen", "")
    return shown.mark if request.form.get("seen_fee", "") == str(shown.fee) else ""


def _preview(job: Job, draft: Draft, wish: Wish | None, offer: Offer) -> View:
    client = client_here()
    shown = preview_change(client, job, wish or _as_it_is(job))
    if wish is not None:
        try:
            check_wish(client, job, wish)
        except WorkflowError as problem:
            if problem.code != "nothing_changed":
                drafts.blame(draft, problem)
    if by_htmx("figures"):
        return page("_figures.html", figures=_figures(shown), errors=draft.errors)
    return _show(job, draft, shown, offer=offer)


# ------------------------------------------------------------------------------------------------- reading the form


def _as_it_is(job: Job) -> Wish:
    return Wish(
        job.service_item, job.on_date, job.start_time, job.time_block, tuple(job.pets), job.note, job.ends_on if _is_long(job) else None, job.end_time,
    )  # fmt: skip


def _is_long(job: Job) -> bool:
    """Is it a stay, with a last day of its own?"""
    return is_stay(job.service_item, job.end_time)


def _wish(draft: Draft, offer: Offer, job: Job) -> Wish | None:
    """What the form asks for, or None with what is wrong in it."""
    wanted = drafts.checked(draft, offer, client_here(), is_new=False)
    if len(draft.dates) > 1 or (wanted is not None and len(wanted.blocks) > 1):
        draft.blame("dates", _("Choose one day and one time."))
    ends_on, end_time = _end(draft, job)
    if wanted is None or draft.errors:
        return None
    same = wanted.item.id == job.service_item_id
    block = wanted.blocks[0] if wanted.blocks else None
    start = wanted.start_time
    if same and wanted.item.time_type is not TimeType.STANDARD and (block is None or block.id == job.time_block_id):
        start = job.start_time  # the office's own, which the form does not ask for
    return Wish(
        wanted.item, wanted.dates[0], start, block, tuple(wanted.pets), wanted.note,
        ends_on if same and _is_long(job) else None, end_time if same else None,
    )  # fmt: skip


def _end(draft: Draft, job: Job) -> tuple[dt.date | None, dt.time | None]:
    """The last day and end time of a stay, as the form has them."""
    if not _is_long(job) or "ends_on" not in request.form:
        return job.ends_on if _is_long(job) else None, job.end_time
    ends_on, time = read_day(request.form["ends_on"]), request.form.get("end_time", "").strip()
    if ends_on is None:
        draft.blame("dates", _("Give the last day of the stay."))
    if job.end_time is None:
        return ends_on, None
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d(:00)?", time, re.ASCII):
        draft.blame("dates", _("Give the time at which the stay ends, for example 9:00."))
        return ends_on, None
    return ends_on, dt.time.fromisoformat(time)


# ---------------------------------------------------------------------------------------------------------- showing


def _figures(shown: ChangePreview) -> Figures:
    has_prices = settings.read()["portal.show_prices"]
    return Figures(
        before=words.amount(shown.price_before) if has_prices else "",
        after=words.amount(shown.price_after) if has_prices else "",
        is_same=shown.price_before == shown.price_after,
        fee=words.amount(shown.fee) if shown.fee else "",
        policy=shown.policy_text if settings.read()["changes.count_as_cancel"] else "",
        mark=shown.mark,
        fee_mark=str(shown.fee),
    )


def _show(job: Job, draft: Draft, shown: ChangePreview, status: int = 200, *, offer: Offer | None = None) -> View:
    client, values, today = client_here(), settings.read(), clock.today()
    waiting = asked.waiting_items(changes_shown.open_of(client))
    control = asked.touch_of(job, waiting, clock.now()).change
    return page(
        "change.html",
        status,
        job=job,
        card=cards.of_job(job),
        draft=draft,
        offer=offer or offer_for(client, keep=job),
        figures=_figures(shown),
        why=control.why if control else "",
        is_long=_is_long(job),
        raw_day=request.form.get("dates", draft.dates[0].isoformat() if draft.dates else ""),
        raw_end=request.form.get("ends_on", job.ends_on.isoformat()),
        raw_end_time=request.form.get("end_time", job.end_time.strftime("%H:%M") if job.end_time else ""),
        first_day=today,
        last_day=today + dt.timedelta(days=values["booking.days_ahead"]),
        body=request.form.get("body", ""),
        back=url_for("portal_visits.show", visit_id=job.public_id),
        business=values["business.name"],
    )
