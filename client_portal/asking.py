"""Taking a request back, writing a general message, asking to pause or end repeating visits.

Withdrawing is open as long as the schedule is, whatever else is switched off by now: what is out must be possible to
take back.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import abort, flash, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import joinedload, selectinload

from client_portal import asked, words
from client_portal.frame import (
    View,
    can_ask_about_series,
    can_write_message,
    client_here,
    page,
    page_group,
    schedule_is_on,
    see,
)
from client_portal.urls import read_day
from foundation import clock
from foundation.db import db
from models import ChangeItem, ChangeRequest, ChangeState, Job, Repeat, RepeatTime, ServiceItem
from sign_in import current_actor
from workflows import change_asking, change_requests, once, settings
from workflows.change_preview import EndPreview, FiguresChanged, preview_end
from workflows.errors import Conflict, WorkflowError, WrongState

withdrawing = page_group("portal_withdrawing", __name__, under="/changes", nav="schedule", switches=[schedule_is_on])
messages = page_group("portal_messages", __name__, under="/message", nav="schedule", switches=[can_write_message])
series = page_group("portal_series", __name__, under="/repeats", nav="schedule", switches=[can_ask_about_series])


# ------------------------------------------------------------------------------------------------------ withdrawing


def _own_items(which: sa.ColumnElement[bool]) -> list[ChangeItem]:
    """Items of this client, or 404 when there is none."""
    found = db.session.scalars(
        sa.select(ChangeItem)
        .join(ChangeItem.request)
        .where(ChangeRequest.client_id == client_here().id, which)
        .options(
            joinedload(ChangeItem.request),
            joinedload(ChangeItem.job).options(joinedload(Job.service_item), joinedload(Job.time_block)),
            joinedload(ChangeItem.repeat).joinedload(Repeat.service_item),
        )
        .order_by(ChangeItem.id)
        .execution_options(populate_existing=True)
    ).all()
    return list(found) or abort(404)


@withdrawing.get("/<public_id:item_id>/withdrawal")
def one(item_id: str) -> View:
    """Ask whether to take back what was asked about one visit."""
    return _ask(_own_items(ChangeItem.public_id == item_id))


@withdrawing.post("/<public_id:item_id>/withdrawal")
def withdraw_one(item_id: str) -> View:
    """Take it back."""
    return _withdraw(_own_items(ChangeItem.public_id == item_id))


@withdrawing.get("/together/<public_id:request_id>/withdrawal")
def whole(request_id: str) -> View:
    """Ask whether to take back all of a request that still waits."""
    return _ask(_own_items(ChangeRequest.public_id == request_id))


@withdrawing.post("/together/<public_id:request_id>/withdrawal")
def withdraw_whole(request_id: str) -> View:
    """Take back all of it that still waits."""
    return _withdraw(_own_items(ChangeRequest.public_id == request_id))


def _pending(items: Sequence[ChangeItem]) -> list[ChangeItem]:
    return [i for i in items if i.state is ChangeState.PENDING]


def _back(items: Sequence[ChangeItem]) -> str:
    job = items[0].job
    return url_for("portal_schedule.month", day=job.on_date.isoformat() if job and len(items) == 1 else None)


def _ask(items: Sequence[ChangeItem], status: int = 200, *, problem: str = "") -> View:
    return page(
        "withdrawal.html",
        status,
        waiting=[asked.of_item(i) for i in _pending(items)],
        ended=[_ended(i) for i in items if i.state is not ChangeState.PENDING],
        back=_back(items),
        problem=problem,
        business=settings.read()["business.name"],
    )


def _ended(item: ChangeItem) -> tuple[str, str]:
    """What became of an item that waits no more."""
    said = {
        ChangeState.APPROVED: _("approved"),
        ChangeState.DENIED: _("answered with no"),
        ChangeState.WITHDRAWN: _("withdrawn"),
        ChangeState.EXPIRED: _("closed, the visit began"),
        ChangeState.SUPERSEDED: _("closed, the visit was changed or cancelled"),
    }
    return str(item.old.get("service", "")), said[item.state]


def _withdraw(items: list[ChangeItem]) -> View:
    """When the office was faster, nothing changes and the client reads what happened."""
    back, n = _back(items), len(_pending(items))
    if not n and all(i.state is ChangeState.WITHDRAWN for i in items):
        flash(_("This is withdrawn already. Nothing was done twice."), "info")
        return see(back)
    try:
        change_requests.withdraw(_pending(items), actor=current_actor())
    except WrongState as problem:
        db.session.rollback()
        ids = [i.id for i in items]
        return _ask(_own_items(ChangeItem.id.in_(ids)), 409, problem=problem.say(_))
    db.session.commit()
    flash(
        ngettext("Your request is withdrawn. The visit stays as it is.", "Your request is withdrawn. %(num)d visits stay as they are.", n),
        "success",
    )  # fmt: skip
    return see(back)


# --------------------------------------------------------------------------------------------------------- messages


@messages.get("")
def write() -> View:
    """Write a general message about the schedule."""
    return _write()


@messages.post("")
def send() -> View:
    """Send it; the same form sent twice is one message."""
    try:
        once.claim(request.form.get("form_key"))
        change_asking.send_message(client_here(), request.form.get("body", ""), actor=current_actor())
    except Conflict:
        db.session.rollback()
        flash(_("Your message was sent already. Nothing was sent twice."), "info")
        return see(url_for("portal_schedule.month"))
    except WorkflowError as problem:
        db.session.rollback()
        return _write(422, problem=problem.say(_))
    db.session.commit()
    business = settings.read()["business.name"]
    flash(_("Message sent. Nothing is changed or cancelled until %(business)s answers.", business=business), "success")
    return see(url_for("portal_schedule.month"))


def _write(status: int = 200, *, problem: str = "") -> View:
    return page(
        "message.html",
        status,
        body=request.form.get("body", ""),
        problem=problem,
        form_key=once.new_key(),
        policy=settings.read()["changes.policy_text"],
        business=settings.read()["business.name"],
    )


# ----------------------------------------------------------------------------------------------------------- series


@dataclass(frozen=True)
class Repeating:
    """A repeating service as the schedule shows it."""

    name: str
    pattern: str
    pets: str
    until: str
    pause_url: str
    end_url: str
    #: something was asked about it and waits
    is_asked: bool


@dataclass(frozen=True)
class Costs:
    """What ending a repeating service costs."""

    n_visits: int
    #: "" when it is free
    total: str
    #: (visit, fee) of those that cost something
    lines: list[tuple[str, str]]
    #: names the figures; goes back with the answer
    mark: str


def of_repeat(repeat: Repeat, *, is_asked: bool) -> Repeating:
    """A repeating service in words."""
    return Repeating(
        name=repeat.service_item.name,
        pattern=words.pattern(repeat),
        pets=words.names([p.name for p in repeat.pets]),
        until=words.day_words(repeat.ends_on) if repeat.ends_on else "",
        pause_url=url_for("portal_series.pause", repeat_id=repeat.public_id),
        end_url=url_for("portal_series.end", repeat_id=repeat.public_id),
        is_asked=is_asked,
    )


def active_repeats() -> list[Repeat]:
    """This client's repeating services that go on."""
    return list(db.session.scalars(_repeats()))


def _repeats() -> sa.Select[Repeat]:
    return (
        sa.select(Repeat)
        .join(Repeat.service_item)
        .where(Repeat.client_id == client_here().id, Repeat.is_active, ServiceItem.is_internal.is_(False))
        .where(sa.or_(Repeat.ends_on.is_(None), Repeat.ends_on >= clock.today()))
        .options(
            joinedload(Repeat.service_item),
            selectinload(Repeat.times).joinedload(RepeatTime.time_block),
            selectinload(Repeat.pets),
        )
        .order_by(Repeat.starts_on, Repeat.id)
    )


def _own_repeat(repeat_id: str) -> Repeat:
    return db.session.scalar(_repeats().where(Repeat.public_id == repeat_id)) or abort(404)


@series.get("/<public_id:repeat_id>/pause")
def pause(repeat_id: str) -> View:
    """Ask for days without the visits of a repeating service."""
    return _ask_series(_own_repeat(repeat_id), "pause")


@series.get("/<public_id:repeat_id>/end")
def end(repeat_id: str) -> View:
    """Ask to end a repeating service; with `?last_on=` what that costs is shown at once."""
    repeat, last = _own_repeat(repeat_id), read_day(request.args.get("last_on"))
    shown = preview_end(repeat, last) if last is not None and last >= clock.today() else None
    return _ask_series(repeat, "end", shown=shown)


@series.post("/<public_id:repeat_id>/pause")
def send_pause(repeat_id: str) -> View:
    """Send the wish for a pause."""
    return _send_series(_own_repeat(repeat_id), "pause")


@series.post("/<public_id:repeat_id>/end")
def send_end(repeat_id: str) -> View:
    """Send the wish for an end."""
    return _send_series(_own_repeat(repeat_id), "end")


def _send_series(repeat: Repeat, what: str) -> View:
    client, body = client_here(), request.form.get("body", "")
    first, last = read_day(request.form.get("first_on")), read_day(request.form.get("last_on"))
    if last is None or (what == "pause" and first is None):
        return _ask_series(repeat, what, 422, problem=_("Give the day, for example %(day)s.", day=words.day_words(clock.today())))  # fmt: skip
    repeat_id = repeat.public_id
    try:
        if what == "pause" and first is not None:
            change_asking.ask_to_pause(client, repeat, first, last, actor=current_actor(), body=body)
        else:
            seen = request.form.get("seen", "")
            change_asking.ask_to_end(client, repeat, last, actor=current_actor(), body=body, seen=seen)
    except FiguresChanged as changed:
        db.session.rollback()
        repeat = _own_repeat(repeat_id)
        # The first press asks what it costs; a later one finds other figures than those that were shown.
        problem_words = changed.say(_) if request.form.get("seen") else ""
        return _ask_series(repeat, what, 409, problem=problem_words, shown=preview_end(repeat, last))
    except WorkflowError as problem:
        db.session.rollback()
        if problem.code == "asked_already":
            flash(_("This was asked for already. Nothing was done twice."), "info")
            return see(url_for("portal_schedule.month"))
        return _ask_series(_own_repeat(repeat_id), what, 422, problem=problem.say(_))
    db.session.commit()
    business = settings.read()["business.name"]
    flash(
        _("Your request is being reviewed. All visits stand until %(business)s answers.", business=business), "success"
    )
    return see(url_for("portal_schedule.month"))


def series_of(job: Job) -> Repeat | None:
    """This client's repeating service that the visit is of, while it goes on."""
    return db.session.scalar(_repeats().where(Repeat.id == job.repeat_id)) if job.repeat_id else None


def asked_about_series(job: Job, open_requests: Sequence[ChangeRequest]) -> ChangeItem | None:
    """What the client asked about this visit's series and waits for."""
    pending = [i for r in open_requests for i in r.items if i.state is ChangeState.PENDING]
    return next((i for i in pending if i.repeat_id is not None and i.repeat_id == job.repeat_id), None)


def end_from(job: Job, open_requests: Sequence[ChangeRequest]) -> str | None:
    """Where this visit and all that follow in its series are called off: the series ends the day before.

    None for a visit of no series, where it is switched off, asked for already, or the day before is over.
    """
    if not can_ask_about_series() or job.on_date <= clock.today() or asked_about_series(job, open_requests):
        return None
    found = series_of(job)
    if found is None:
        return None
    return url_for("portal_series.end", repeat_id=found.public_id, last_on=job.on_date - dt.timedelta(days=1))


def _costs(shown: EndPreview) -> Costs:
    lines = [
        (f"{words.day_words(job.on_date)}, {words.job_time(job)}", words.amount(outcome.charge))
        for job, outcome in shown.lines
        if outcome.charge
    ]
    return Costs(len(shown.lines), words.amount(shown.total) if shown.total else "", lines, shown.mark)


def _ask_series(
    repeat: Repeat, what: str, status: int = 200, *, problem: str = "", shown: EndPreview | None = None
) -> View:
    return page(
        "series.html",
        status,
        repeat=repeat,
        pattern=words.pattern(repeat),
        what=what,
        problem=problem,
        first_on=request.form.get("first_on", ""),
        last_on=request.values.get("last_on", ""),
        costs=_costs(shown) if shown is not None else None,
        today=clock.today(),
        body=request.form.get("body", ""),
        policy=settings.read()["changes.policy_text"],
        business=settings.read()["business.name"],
    )
