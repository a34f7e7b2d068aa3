"""The sitter's time off: days to tap or a span to enter, what became of earlier wishes; who else is away, by permission."""

import datetime as dt
from collections.abc import Mapping, Sequence

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from foundation import clock
from foundation.db import db
from models import Staff, TimeOff, TimeOffState
from sign_in import current_actor, current_staff
from sitter_portal.frame import frame
from ui_kit import formats
from ui_kit.month import month_grid
from workflows import once, time_off
from workflows.errors import N_, Conflict, Invalid, WorkflowError
from workflows.permissions import Permission

pages = Blueprint("sitter_time_off", __name__, url_prefix="/staff/time-off")

#: so long earlier wishes stay in sight
KEPT = dt.timedelta(days=60)
CHIPS = {
    TimeOffState.REQUESTED: ("req", N_("Waiting for an answer")),
    TimeOffState.APPROVED: ("ok", N_("Approved")),
    TimeOffState.DECLINED: ("declined", N_("Declined")),
    TimeOffState.WITHDRAWN: ("off", N_("Withdrawn")),
}


@pages.get("")
def show() -> str:
    """A month to tap days in, a span for longer times, the own wishes; four queries."""
    return _page()


@pages.post("")
def ask() -> str | Response | tuple[str, int]:
    """Ask for the days that were tapped, or for the span; all of it or nothing."""
    staff, actor = _staff(Permission.ASK_TIME_OFF), current_actor()
    try:
        spans = _asked_for()
        once.claim(request.form.get("form_key"))
        for first, last in spans:
            time_off.ask(staff, first_on=first, last_on=last, note=request.form.get("note", ""), actor=actor)
        db.session.commit()
    except Conflict as sent_twice:
        db.session.rollback()
        flash(sent_twice.say(gettext), "info")
    except WorkflowError as refusal:
        db.session.rollback()
        return _page(problem=refusal.say(gettext), field=refusal.field or ""), 422
    else:
        flash(gettext("Asked. You get a mail when the office has answered."), "success")
    return redirect(url_for(".show"), 303)


@pages.post("/withdrawal")
def withdraw() -> Response:
    """Take a wish back, or give approved days back."""
    staff = _staff(Permission.ASK_TIME_OFF)
    text = request.form.get("days", "")
    off = time_off.own(staff, int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else None
    if off is None:
        abort(404)
    try:
        time_off.withdraw(off, actor=current_actor())
        db.session.commit()
    except WorkflowError as refusal:
        db.session.rollback()
        flash(refusal.say(gettext), "error")
    else:
        flash(gettext("Withdrawn. You are not away on these days."), "success")
    return redirect(url_for(".show"), 303)


def _staff(needed: Permission | None = None) -> Staff:
    """Who looks; 404 for whoever may neither ask nor see others, or not do what they want to do."""
    actor, staff = current_actor(), current_staff()
    allowed = [needed] if needed else [Permission.ASK_TIME_OFF, Permission.SEE_TIME_OFF]
    if staff is None or not any(actor.may(p) for p in allowed):
        abort(404)
    return staff


def _asked_for() -> list[tuple[dt.date, dt.date]]:
    days = [day for text in request.form.getlist("day") if (day := _day(text))]
    first, last = request.form.get("first_on", ""), request.form.get("last_on", "")
    if days and not first and not last:
        return time_off.spans(days)
    begins, ends = _day(first), _day(last or first)
    if begins is None:
        raise Invalid("no_days", N_("Tap the days, or enter the first and the last one."), field="first_on")
    if ends is None:
        raise Invalid("no_day", N_("Enter a day, for example 2026-12-24."), field="last_on")
    return [*time_off.spans(days), (begins, ends)]


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text.isascii() and len(text) == 10 else None
    except ValueError:
        return None


def _month() -> dt.date:
    text, this = request.values.get("month", ""), clock.today().replace(day=1)
    asked = _day(f"{text}-01")
    return min(max(asked, this), this + time_off.MOST_AHEAD) if asked else this


def _page(*, problem: str = "", field: str = "") -> str:
    staff, actor, today, first = _staff(), current_actor(), clock.today(), _month()
    last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    may_ask, sees_others = actor.may(Permission.ASK_TIME_OFF), actor.may(Permission.SEE_TIME_OFF)
    mine = time_off.own_days(staff, since=min(today - KEPT, first)) if may_ask else []
    others = time_off.others_away(staff, max(first, today), last) if sees_others else []
    picked = [day for text in request.form.getlist("day") if (day := _day(text))]
    grid = month_grid(
        first, today=today, selected=picked, reasons=_reasons(mine, first, last),
        notes=_notes(others, first, last),
    )  # fmt: skip
    return render_template(
        "staff/time_off.html", frame=frame(staff), nav="time_off", grid=grid, mine=[(off, _words(off)) for off in mine],
        others=[(name, _span(begins, ends)) for name, begins, ends in others], may_ask=may_ask, sees_others=sees_others,
        chips={state: (kind, gettext(text)) for state, (kind, text) in CHIPS.items()},
        can_withdraw=_can_withdraw, before=url_for(".show", month=f"{grid.previous:%Y-%m}"),
        after=url_for(".show", month=f"{grid.next:%Y-%m}"), month=f"{first:%Y-%m}", problem=problem, field=field,
        form=request.form, today=today, form_key=once.new_key(), most=time_off.MOST_NOTE,
    )  # fmt: skip


def _can_withdraw(off: TimeOff) -> bool:
    if off.state is TimeOffState.APPROVED:
        return off.first_on > clock.today()
    return off.state is TimeOffState.REQUESTED


def _words(off: TimeOff) -> str:
    return _span(off.first_on, off.last_on)


def _span(first: dt.date, last: dt.date) -> str:
    if first == last:
        return formats.short_day(first)
    n = (last - first).days + 1
    days = formats.time_span(formats.short_day(first), formats.short_day(last))
    return gettext("%(days)s (%(number)s)", days=days, number=ngettext("%(num)d day", "%(num)d days", n))


def _days(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def _reasons(mine: Sequence[TimeOff], first: dt.date, last: dt.date) -> Mapping[dt.date, str]:
    """Days that cannot be tapped: over, asked for or given already."""
    found = {day: gettext("over already") for day in _days(first, last) if day < clock.today()}
    for off in mine:
        if off.state in time_off.TAKEN:
            word = gettext("you are away") if off.state is TimeOffState.APPROVED else gettext("you asked for it")
            found.update(dict.fromkeys(_days(max(off.first_on, first), min(off.last_on, last)), word))
    return found


def _notes(others: list[tuple[str, dt.date, dt.date]], first: dt.date, last: dt.date) -> Mapping[dt.date, str]:
    """Days on which others are away."""
    found: dict[dt.date, list[str]] = {}
    for name, begins, ends in others:
        for day in _days(max(begins, first), min(ends, last)):
            found.setdefault(day, []).append(name)
    return {day: gettext("away: %(names)s", names=", ".join(names)) for day, names in found.items()}
