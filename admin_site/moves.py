"""The Move page: one visit to another day, time or sitter, by keyboard, without JavaScript and on a phone; and Undo.

The board's dragging ends in the same workflow (`board`); what is more than a move is on the visit's own page.
"""

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import BooleanField, HiddenField
from wtforms.validators import Optional

from admin_site import texts, undo
from admin_site.fields import (
    UNASSIGNED,
    ClockField,
    DayField,
    OfficeForm,
    Pick,
    all_blocks,
    option,
    sitter_options,
)
from admin_site.pages import Answer, WorkPage, active_sitters, is_htmx, page, refuse, warn_of_past
from admin_site.reading import MAX_ID, read_id, read_tokens, write_tokens
from admin_site.visit_ends import why_not_changed
from admin_site.visits_page import each_once
from foundation.db import db
from models import Job, JobState, TimeType
from sign_in.guard import local_path
from ui_kit import formats
from workflows import conflicts, jobs, moving, settings
from workflows.errors import N_, Conflict, Invalid, WorkflowError, WrongState
from workflows.permissions import Permission


class MoveForm(OfficeForm):
    """A place in the schedule."""

    on_date = DayField(_l("Day"), [Optional()])
    start_time = ClockField(_l("Time"), [Optional()])
    block = Pick(_l("Time of day"))
    sitter = Pick(_l("Sitter"))
    tell_client = BooleanField(_l("Tell the client of a new day or time"), default=True)
    version = HiddenField()
    back = HiddenField()

    def __init__(self, formdata: Any, job: Job) -> None:
        super().__init__(
            formdata, on_date=job.on_date, start_time=job.start_time, block=str(job.time_block_id or ""),
            sitter=str(job.sitter_id or UNASSIGNED), version=str(job.version),
        )  # fmt: skip
        self.job = job
        self.all_blocks = all_blocks()
        if job.time_block is not None and job.time_block.id not in {b.id for b in self.all_blocks}:
            self.all_blocks.append(job.time_block)
        self.block.choices = [
            option("", gettext("Choose a time of day")),
            *(option(b.id, formats.block_words(b)) for b in self.all_blocks),
        ]
        self.all_sitters = active_sitters(job.client_id)
        self.sitter.choices = sitter_options(self.all_sitters, current=job.sitter, empty=False)
        self.block.data, self.sitter.data = self.block.data or "", self.sitter.data or UNASSIGNED
        if not self.asks_block:
            del self.block
        if not self.asks_time:
            del self.start_time

    @property
    def asks_block(self) -> bool:
        """Does it happen in a time block?"""
        return self.job.service_item.time_type is TimeType.TIME_BLOCK

    @property
    def asks_time(self) -> bool:
        """Has it, or may it have, a time?"""
        item = self.job.service_item
        return item.time_type in {TimeType.STANDARD, TimeType.TIME_BLOCK} or self.job.start_time is not None

    def place(self) -> moving.Place:
        """What is chosen."""
        if self.on_date.data is None:
            raise Invalid("no_date", N_("Choose a day."), field="on_date")
        people = [*self.all_sitters, *([self.job.sitter] if self.job.sitter else [])]
        sitter = next((s for s in people if s.id == read_id(self.sitter.data)), None)
        block = next((b for b in self.all_blocks if str(b.id) == self.block.data), None) if self.asks_block else None
        start = self.start_time.data if self.asks_time else self.job.start_time
        return moving.Place(self.on_date.data, start, block, sitter)


class MovesPage(WorkPage):
    """Moving, and undoing a move."""

    permission = Permission.SCHEDULE

    @expose("/")
    def index(self) -> Response:
        """There is no list here."""
        return redirect(url_for("schedule.index"))

    @expose("/<int:job_id>/", methods=("GET", "POST"))
    def move(self, job_id: int) -> Answer:
        """The form; conflicts are shown before anything is saved."""
        job = jobs.get_fresh(job_id) if 0 < job_id <= MAX_ID else None
        if job is None:
            abort(404)
        back = local_path(request.values.get("back")) or url_for("visits_page.show", job_id=job_id)
        if job.state is not JobState.SCHEDULED:
            flash(why_not_changed(job) or "", "warning")
            return redirect(url_for("visits_page.show", job_id=job_id))
        form = MoveForm(request.form if request.method == "POST" else None, job)
        stopped: conflicts.ConflictsFound | None = None
        if request.method == "POST" and form.validate():
            try:
                moved = moving.move(
                    job, form.place(), actor=self.actor, seen_version=read_id(form.version.data),
                    accept=read_tokens(request.form.get("accept")), tell_client=bool(form.tell_client.data),
                )  # fmt: skip
                db.session.commit()
            except conflicts.ConflictsFound as found:
                db.session.rollback()
                stopped = found
            except (Conflict, WrongState) as problem:
                refuse(problem)
                return redirect(url_for(".move", job_id=job_id, back=back))
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem, {"time_block": "block"})
            else:
                undo.remember(moved)
                if moved.changed and moved.number is None:
                    flash(undo.moved_words(moved.job), "success")
                if moved.changed:
                    warn_of_past([moved.job.ends_on])
                else:
                    flash(gettext("Nothing was different, so nothing was changed."), "info")
                return redirect(back)
        return self._show(job, form, stopped, back)

    def _show(self, job: Job, form: MoveForm, stopped: conflicts.ConflictsFound | None, back: str) -> Answer:
        if request.method == "GET" and is_htmx():
            return page("_move_part.html", job=job, form=form, back=back)
        clashes = each_once(stopped)
        status = 409 if stopped else 422 if form.errors else 200
        return page(
            "move.html", status, job=job, form=form, back=back, clashes=clashes,
            alert=stopped.say(gettext) if stopped else None, tokens=write_tokens(c.token for c in clashes),
            seconds=settings.read()["schedule.undo_seconds"],
            chip=texts.job_chip(job.state, has_sitter=job.sitter_id is not None),
        )  # fmt: skip

    @expose("/undoing/<int:number>", methods=("POST",))
    def take_back(self, number: int) -> Answer:
        """Put the visit back."""
        back = local_path(request.values.get("back")) or url_for("schedule.index")
        undo.forget()
        try:
            job = moving.undo(number if number <= MAX_ID else 0, actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
        else:
            flash(undo.undone_words(job), "success")
        return redirect(back)


def register(admin: Admin) -> None:
    """Add the pages to the back office."""
    admin.add_view(MovesPage(name="Move", endpoint="moves", url="moves"))
