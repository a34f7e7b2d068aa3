"""A scheduled visit's own page, and asking to cancel one or several: what it costs is shown before it is confirmed.

Without JavaScript every question is a page; with it the question about one visit is a dialog on the visit's page.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import abort, flash, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from client_portal import asked, asking, cards, words
from client_portal.asked import Touch
from client_portal.cards import Card
from client_portal.frame import (
    View,
    can_ask_about_series,
    can_cancel_visits,
    can_change_visits,
    client_here,
    page,
    page_group,
    schedule_is_on,
    see,
)
from client_portal.urls import is_public_id
from foundation import clock
from foundation.db import db
from models import CancellationReason, ChangeRequest, Job, JobState, ReportCard, ServiceItem, TimeBlock
from sign_in import current_actor
from workflows import change_asking, change_requests, changes_shown, settings
from workflows.change_preview import CancelPreview, FiguresChanged, preview_cancel
from workflows.errors import WorkflowError
from workflows.limits import Use
from workflows.wanted import MAX_LINES

#: refusals that a second press of the same button meets
TWICE = frozenset({"asked_already", "job_cancelled"})

pages = page_group("portal_visits", __name__, under="/visits", nav="schedule", switches=[schedule_is_on])
cancelling = page_group(
    "portal_visit_cancelling", __name__, under="/visits", nav="schedule", switches=[can_cancel_visits]
)


@dataclass(frozen=True)
class Line:
    """One visit of the question, with its fee in words."""

    card: Card
    fee: str


def own_jobs() -> sa.Select[Job]:
    """The visits that this client may see, with all that shows them."""
    return (
        sa.select(Job)
        .join(Job.service_item)
        .outerjoin(Job.time_block)
        .where(Job.client_id == client_here().id, Job.state != JobState.VOIDED, ServiceItem.is_internal.is_(False))
        .options(
            joinedload(Job.service_item).joinedload(ServiceItem.group), contains_eager(Job.time_block),
            joinedload(Job.sitter), joinedload(Job.report_card).load_only(ReportCard.public_id, ReportCard.state),
            selectinload(Job.pets),
        )
        .order_by(Job.on_date, sa.func.coalesce(Job.start_time, TimeBlock.starts_at), ServiceItem.name, Job.id)
        .execution_options(populate_existing=True)
    )  # fmt: skip


def own_job(visit_id: str) -> Job:
    """A visit of this client, or 404."""
    found = db.session.scalar(own_jobs().where(Job.public_id == visit_id))
    return found or abort(404)


# -------------------------------------------------------------------------------------------------------- one visit


@pages.get("/<public_id:visit_id>")
def show(visit_id: str) -> View:
    """A visit with what may be asked about it: "Cancel", "Request Changes To Event"; or what was asked already."""
    return _show(own_job(visit_id))


def _show(job: Job) -> View:
    client, now = client_here(), clock.now()
    open_requests = changes_shown.open_of(client)
    waiting = asked.waiting_items(open_requests)
    item = waiting.get(job.id)
    touch = asked.touch_of(job, waiting, now) if job.state is JobState.SCHEDULED else Touch(None, None)
    checks = cards.checks_of([job]).get(job.id, ())
    card = cards.of_job(job, asked=asked.of_item(item) if item else None, touch=touch, checks=checks)
    can_cancel = touch.cancel is not None and not touch.cancel.why
    return page(
        "visit.html",
        card=card,
        question=_question([job], preview_cancel(client, [job])) if can_cancel else None,
        end_url=asking.end_from(job, open_requests) if job.state is JobState.SCHEDULED else None,
        following_url=_following_url(job, open_requests, now) if job.state is JobState.SCHEDULED else None,
        series_asked=asked.of_item(about) if (about := asking.asked_about_series(job, open_requests)) else None,
        back=url_for("portal_schedule.day", day=job.on_date),
        business=settings.read()["business.name"],
    )


def _following_url(job: Job, open_requests: Sequence[ChangeRequest], now: dt.datetime) -> str | None:
    """Where this visit and all that follow in its series are changed; None where that is off, asked for or too late."""
    if not (can_change_visits() and can_ask_about_series()) or asking.asked_about_series(job, open_requests):
        return None
    late = change_asking.why_not(job, Use.CHANGE, values=settings.read(), now=now, waiting={})
    if late is not None or asking.series_of(job) is None:
        return None
    return url_for("portal_following.form", visit_id=job.public_id)


@dataclass(frozen=True)
class Question:
    """All that stands in the question before a cancellation."""

    lines: list[Line]
    total: str
    is_free: bool
    policy: str
    #: names the figures; goes back with the answer
    mark: str
    reasons: list[CancellationReason]
    at_once: bool


def _question(jobs: Sequence[Job], shown: CancelPreview) -> Question:
    by_id = {job.id: job for job in jobs}
    lines = [
        Line(cards.of_job(by_id[job.id]), words.amount(o.charge) if o.charge else _("no fee")) for job, o in shown.lines
    ]
    reasons = db.session.scalars(
        sa.select(CancellationReason)
        .where(CancellationReason.is_active, CancellationReason.for_clients)
        .order_by(CancellationReason.position, CancellationReason.name)
    ).all()
    return Question(
        lines, words.amount(shown.total), not shown.total, shown.policy_text, shown.mark, list(reasons),
        change_requests.auto_approves(),
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------- cancelling


@cancelling.get("/<public_id:visit_id>/cancellation")
def one(visit_id: str) -> View:
    """Ask whether to cancel a visit; the page behind the dialog."""
    return _ask([own_job(visit_id)])


@cancelling.post("/<public_id:visit_id>/cancellation")
def cancel_one(visit_id: str) -> View:
    """Confirm the cancellation of one visit."""
    return _confirm([own_job(visit_id)])


@cancelling.get("/cancellation")
def several() -> View:
    """Tick the visits to cancel; with `?visit=…` the question about those that were ticked."""
    ticked = request.args.getlist("visit")
    if ticked:
        return _ask(_ticked(ticked))
    return _choose(_("Tick at least one visit.") if request.args.get("go") else "")


@cancelling.post("/cancellation")
def cancel_several() -> View:
    """Confirm the cancellation of several visits: one request, one mail."""
    ticked = request.form.getlist("visit")
    return _confirm(_ticked(ticked)) if ticked else _choose(_("Tick at least one visit."), 422)


def _ticked(ids: Sequence[str]) -> list[Job]:
    """The ticked visits; one that is not this client's is 404."""
    wanted = set(ids[: MAX_LINES + 1])
    if not all(is_public_id(i) for i in wanted):
        abort(404)
    found = list(db.session.scalars(own_jobs().where(Job.public_id.in_(wanted))))
    if len(found) != len(wanted):
        abort(404)
    return found


def _choose(problem: str = "", status: int = 200) -> View:
    """The coming visits with a tick each; those that cannot be cancelled any more are dead and say why."""
    client, now = client_here(), clock.now()
    coming = db.session.scalars(
        own_jobs().where(Job.state == JobState.SCHEDULED, Job.on_date >= clock.today()).limit(MAX_LINES)
    ).all()
    waiting = asked.waiting_items(changes_shown.open_of(client))
    return page(
        "visits_to_cancel.html",
        status,
        choices=[cards.of_job(j, touch=asked.touch_of(j, waiting, now)) for j in coming],
        problem=problem,
        business=settings.read()["business.name"],
    )


def _ask(jobs: list[Job], status: int = 200, *, problem: str = "", shown: CancelPreview | None = None) -> View:
    """The question as a page. A visit for which it is too late leaves only the reason and the way back."""
    client, now = client_here(), clock.now()
    waiting = asked.waiting_items(changes_shown.open_of(client))
    dead = [(cards.of_job(j), c.why) for j in jobs if (c := asked.touch_of(j, waiting, now).cancel) and c.why]
    return page(
        "visit_cancellation.html",
        status,
        question=_question(jobs, shown or preview_cancel(client, jobs)),
        dead=dead,
        problem=problem,
        several=len(jobs) > 1 or request.path.endswith("/visits/cancellation"),
        back=_back(jobs),
        chosen_reason=request.form.get("reason_id", ""),
        body=request.form.get("reason", ""),
        business=settings.read()["business.name"],
    )


def _back(jobs: Sequence[Job]) -> str:
    if len(jobs) == 1:
        return url_for("portal_visits.show", visit_id=jobs[0].public_id)
    return url_for("portal_schedule.month")


def _confirm(jobs: list[Job]) -> View:
    """Send the request, or cancel at once; a second press changes nothing and says so."""
    client, shown = client_here(), request.form.get("seen", "")
    back = _back(jobs)
    try:
        sent = change_asking.ask_to_cancel(
            client, jobs, actor=current_actor(), reason=_reason(), body=request.form.get("reason", ""), seen=shown
        )
    except FiguresChanged as changed:
        db.session.rollback()
        return _ask(_again(jobs), 409, problem=changed.say(_))
    except WorkflowError as problem:
        db.session.rollback()
        if problem.code in TWICE:
            flash(_("This was asked for already. Nothing was done twice."), "info")
            return see(back)
        status = 422 if problem.field == "reason" or problem.code == "note_long" else 409
        return _ask(_again(jobs), status, problem=problem.say(_))
    db.session.commit()
    flash(_done(sent), "success")
    return see(url_for("portal_schedule.month", day=jobs[0].on_date.isoformat()))


def _again(jobs: Sequence[Job]) -> list[Job]:
    """The same visits, read afresh after the rollback."""
    return list(db.session.scalars(own_jobs().where(Job.id.in_([j.id for j in jobs]))))


def _reason() -> CancellationReason | None:
    """The reason of the list that was chosen; one that is no number was never offered."""
    text = request.form.get("reason_id", "")
    return (
        db.session.get(CancellationReason, int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else None
    )


def _done(sent: ChangeRequest) -> str:
    n, business = len(sent.items), settings.read()["business.name"]
    if sent.auto_approved:
        return ngettext(
            "Your visit is cancelled. %(business)s is told, and a mail confirms it to you.",
            "%(num)d visits are cancelled. %(business)s is told, and a mail confirms it to you.",
            n, business=business,
        )  # fmt: skip
    return ngettext(
        "Your cancellation request is being reviewed. The visit stands until %(business)s answers.",
        "Your cancellation request for %(num)d visits is being reviewed. They stand until %(business)s answers.",
        n, business=business,
    )  # fmt: skip
