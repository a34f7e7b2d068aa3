"""Time off: the list, and the page on which the office decides with the sitter's visits of those days in view."""

from typing import Any

import sqlalchemy as sa
from flask import flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from admin_site import filters, lookups, rows, search
from admin_site.base import OfficeList
from admin_site.forms import Section
from admin_site.list_address import Pill
from admin_site.pages import Answer, WorkPage, get_or_404, page, refuse
from admin_site.reading import read_id, read_ids
from admin_site.rows import Column
from admin_site.words import chip_of
from foundation import clock
from foundation.db import db
from models import TIME_OFF_MOVES, BulkKind, Staff, TimeOff, TimeOffState
from ui_kit import formats
from workflows import time_off
from workflows.actors import Actor
from workflows.bulk import MOST
from workflows.errors import WorkflowError
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add list and page to the back office."""
    admin.add_view(TimeOffList(TimeOff, "time_off", "/admin/time-off"))
    admin.add_view(TimeOffPage(name="Days off", endpoint="time_off_page", url="days-off"))


def days_words(off: TimeOff) -> str:
    """`Thu, Dec 24 to Sun, Dec 27`, or the one day."""
    first = rows.show(off.first_on)
    return first if off.first_on == off.last_on else formats.time_span(first, rows.show(off.last_on))


def waiting_words(n_sitters: int) -> str:
    """What HOME and the badge say."""
    return ngettext(
        "%(num)d sitter waits for an answer about time off", "%(num)d sitters wait for an answer about time off", n_sitters
    )  # fmt: skip


class TimeOffList(OfficeList):
    """Days on which a sitter is away, or asked to be."""

    writing = Permission.SCHEDULE
    title, add_label = _l("Time off"), _l("Add time off")
    empty = ("bird", _l("Nobody is away"), _l("Visits for a sitter who is away are pointed out before you save them."))
    search_hint = _l("Sitter or note")
    default_order = (TimeOff.first_on.desc(), TimeOff.id.desc())
    list_options = (joinedload(TimeOff.staff).load_only(Staff.first_name, Staff.last_name),)
    record_options = (joinedload(TimeOff.staff),)
    pills = (
        Pill("coming", _l("Now and coming"), lambda: TimeOff.last_on >= clock.today(), order=(TimeOff.first_on, TimeOff.id)),
        Pill("waiting", _l("Waiting"), lambda: sa.and_(TimeOff.state == TimeOffState.REQUESTED, TimeOff.last_on >= clock.today()), order=(TimeOff.first_on, TimeOff.id)),
        Pill("past", _l("Past"), lambda: TimeOff.last_on < clock.today()),
        Pill("all", _l("All")),
    )  # fmt: skip
    columns = (
        Column("staff", _l("Sitter")),
        Column("first_on", _l("First day"), sort=(TimeOff.first_on,)),
        Column("last_on", _l("Last day")),
        Column("state", _l("State"), words=rows.code_chip),
        Column("note", _l("Note")),
        Column("answer", _l("Answer"), hidden=True),
        Column("created_at", _l("Asked or entered"), hidden=True),
    )
    filters = (
        filters.sitter(TimeOff.staff_id, may_be_nobody=False),
        filters.Choice("state", TimeOff.state, _l("State"), TimeOffState),
        filters.Day("from", TimeOff.last_on, _l("From")),
        filters.Day("until", TimeOff.first_on, _l("Until"), until=True),
    )
    sections = (Section(_l("Away"), ("staff", ("first_on", "last_on"), "note")),)
    form_ajax_refs = {"staff": lookups.team("staff")}
    form_args = {
        "staff": {"label": _l("Who")},
        "first_on": {"label": _l("First day")},
        "last_on": {"label": _l("Last day"), "description": _l("This day included.")},
        "note": {"label": _l("Note")},
    }

    def find(self, text: str) -> Any:
        return sa.or_(
            TimeOff.staff_id.in_(sa.select(Staff.id).where(search.staff(text))), search.plain(TimeOff.note)(text)
        )

    def record_name(self, record: TimeOff) -> str:
        return f"{record.staff}, {days_words(record)}"

    def record_url(self, record: TimeOff) -> str:
        return url_for("time_off_page.show", off_id=record.id)

    def saved_url(self, record: TimeOff) -> str:
        return f"{self.url}/"

    def add(self, values: dict[str, Any], actor: Actor) -> TimeOff:
        return time_off.save(TimeOff(), values, actor=actor)

    def change(self, record: TimeOff, values: dict[str, Any], actor: Actor) -> None:
        time_off.save(record, values, actor=actor)

    def remove(self, record: TimeOff, actor: Actor) -> None:
        time_off.remove(record, actor=actor)


class TimeOffPage(WorkPage):
    """One stretch of days."""

    @expose("/")
    def index(self) -> Any:
        """There is no list here."""
        return redirect(url_for("time_off.index_view"))

    @expose("/<int:off_id>/")
    def show(self, off_id: int) -> Answer:
        """The days, the sitter's visits in them, and the decision."""
        return self._show(_off(off_id))

    @expose("/<int:off_id>/decision", methods=("POST",))
    def decide(self, off_id: int) -> Answer:
        """Approve or decline; visits that came meanwhile are shown first."""
        off, form = _off(off_id), request.form
        answer, version = form.get("answer", ""), read_id(form.get("version")) or 0
        try:
            if form.get("choice") == "approve":
                seen = read_ids(form.get("seen", "").split(","))
                done = time_off.approve(off, actor=self.actor, answer=answer, seen=seen, seen_version=version)
            else:
                done = time_off.decline(off, actor=self.actor, answer=answer, seen_version=version)
            db.session.commit()
        except WorkflowError as problem:
            if problem.field != "answer" and problem.code != "visits_in_the_way":
                refuse(problem)
                return redirect(url_for(".show", off_id=off_id))
            db.session.rollback()
            return self._show(_off(off_id), 422, answer=answer, problem=problem.say(gettext))
        _say(done)
        return redirect(url_for(".show", off_id=off_id))

    def _show(self, off: TimeOff, status: int = 200, *, answer: str = "", problem: str = "") -> tuple[str, int]:
        visits = time_off.visits_in(off) if off.last_on >= clock.today() else []
        may = self.actor.may(Permission.SCHEDULE)
        return page(
            "time_off.html", status, off=off, days=days_words(off), visits=visits[:MOST], n_more=len(visits[MOST:]),
            chip=chip_of(off.state), seen=",".join(str(job.id) for job in visits), answer=answer or off.answer, problem=problem, may_decide=may,
            can_approve=may and TimeOffState.APPROVED in TIME_OFF_MOVES[off.state],
            can_decline=may and TimeOffState.DECLINED in TIME_OFF_MOVES[off.state], kind=BulkKind.REASSIGN.value,
        )  # fmt: skip


def _off(off_id: int) -> TimeOff:
    return get_or_404(TimeOff, off_id, joinedload(TimeOff.staff), joinedload(TimeOff.decided_by))


def _say(off: TimeOff) -> None:
    if off.state is TimeOffState.DECLINED:
        flash(gettext("Declined. %(name)s is told by mail.", name=off.staff.first_name), "success")
        return
    n = len(time_off.visits_in(off))
    flash(gettext("Approved. %(name)s is told by mail.", name=off.staff.first_name), "success")
    if n:
        flash(ngettext("%(num)d visit in these days is still theirs. Give it to somebody else below.", "%(num)d visits in these days are still theirs. Give them to somebody else below.", n), "warning")  # fmt: skip
