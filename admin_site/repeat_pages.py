"""One repeating service: begun, looked at, changed from a day on, paused, ended; and "Run repeats" for many.

All of it ends in `workflows.repeats`, `repeat_changes` and `repeat_runs`.
"""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.wrappers import Response
from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import Optional

from admin_site import client_choice, log_entries, repeat_run_page
from admin_site.fields import DayField, OfficeForm
from admin_site.pages import Answer, WorkPage, faces, get_or_404, page, refuse
from admin_site.reading import MAX_ID, read_day, read_id
from admin_site.repeat_form import RepeatForm, empty_form, filled_form
from admin_site.repeats import repeat_url, state_chip
from foundation import clock
from foundation.db import db
from models import Activity, Client, Job, Repeat, RepeatPause, RepeatTime
from ui_kit import repeat_words
from workflows import once, repeat_changes, repeats
from workflows.errors import Conflict, Refusals, WorkflowError, WrongState
from workflows.permissions import Permission
from workflows.repeats import Outcome

DAY = dt.timedelta(days=1)
SHOWN = 20
#: refusals after which the form makes no sense any more
_OVER = {"sent_twice", "stale", "followed", "repeat_over"}


class PauseForm(OfficeForm):
    """The days of a pause."""

    first_on = DayField(_l("First day"))
    last_on = DayField(_l("Last day"), description=_l("This day included."))
    reason = StringField(_l("Reason"), [Optional()])
    keep_visits = BooleanField(_l("Leave the visits that are in the schedule already"))
    mail_client = BooleanField(_l("Mail the client about cancelled visits"))
    form_key = HiddenField()

    def __init__(self, formdata: Any, *, repeat: Repeat) -> None:
        super().__init__(formdata)
        self.repeat = repeat

    def check(self, refusals: Refusals) -> None:
        """The days, also one alone while the other is missing."""
        with refusals:
            repeats.check_pause(self.repeat, self.first_on.data, self.last_on.data)


class EndForm(OfficeForm):
    """The last day of a series."""

    last_on = DayField(_l("Last day with visits"), [Optional()], description=_l("Empty: it goes on without an end."))
    reason = StringField(_l("Reason"), [Optional()])
    waive = BooleanField(_l("Take no cancellation fee"))
    fee_reason = StringField(_l("Why no fee is taken"), [Optional()])
    mail_client = BooleanField(_l("Mail the client about cancelled visits"))
    form_key = HiddenField()
    version = HiddenField()
    #: the last day whose cancelled visits stood on the page
    seen_on = HiddenField()


class RepeatPage(WorkPage):
    """Everything about one series."""

    permission = Permission.OFFICE

    @expose("/")
    def index(self) -> Response:
        """The list is another page."""
        return redirect(url_for("repeats.index_view"))

    @expose("/new", methods=("GET", "POST"))
    def start(self) -> Answer:
        """Begin a series for a client, who is looked up first."""
        self._require()
        client_id = read_id(request.args.get("client"))
        if client_id is None:
            return client_choice.choose(url_for(".start"), gettext("Add repeating service"), ("repeats.index_view", gettext("Repeating services")))  # fmt: skip
        client = get_or_404(Client, client_id)
        if request.method == "GET":
            form = empty_form(client, starts_on=clock.today() + DAY, form_key=once.new_key())
            return self._show_form(form, client, None)
        form = RepeatForm(request.form, client=client)
        if not {"refresh", "add_row"} & set(request.form) and form.is_right():
            try:
                once.claim(form.form_key.data)
                outcome = repeats.start(client, form.pattern(), actor=self.actor)
                db.session.commit()
            except WorkflowError as problem:
                db.session.rollback()
                if problem.code in _OVER:
                    flash(problem.say(gettext), "error")
                    return redirect(url_for("repeats.index_view"))
                form.add_problem(problem)
            else:
                _flash(outcome)
                return redirect(repeat_url(outcome.repeat.id))
        return self._show_form(form, client, None)

    @expose("/<int:repeat_id>/")
    def show(self, repeat_id: int) -> Answer:
        """What repeats, the next visits, the pauses, and what can be done."""
        repeat = _repeat(repeat_id)
        visits = db.session.scalars(
            sa.select(Job)
            .where(Job.repeat_id == repeat.id, Job.on_date >= clock.today())
            .options(joinedload(Job.service_item), joinedload(Job.time_block), joinedload(Job.sitter), joinedload(Job.client))
            .order_by(Job.on_date, Job.start_time, Job.id)
            .limit(SHOWN + 1)
        ).all()  # fmt: skip
        after = db.session.scalar(sa.select(Repeat).where(Repeat.follows_id == repeat.id).limit(1))
        log = db.session.scalars(
            sa.select(Activity)
            .where(Activity.subject_type == "repeat", Activity.subject_id == repeat.id)
            .order_by(Activity.id.desc())
            .limit(SHOWN)
        )
        return page(
            "repeat.html", repeat=repeat, words=repeat_words, chip=state_chip(repeat), visits=visits[:SHOWN],
            more=len(visits) > SHOWN, after=after, log=[log_entries.log_entry(line) for line in log], pets=faces(repeat.pets),
            is_over=repeats.is_over(repeat), today=clock.today(), may=self.actor.may(Permission.SCHEDULE),
            pauses=[p for p in repeat.pauses if p.last_on >= clock.today()], form_key=once.new_key(),
        )  # fmt: skip

    @expose("/<int:repeat_id>/following", methods=("GET", "POST"))
    def follow(self, repeat_id: int) -> Answer:
        """This and following: another pattern from a day on."""
        self._require()
        repeat = _repeat(repeat_id)
        posted = request.method == "POST"
        from_on = max(read_day(request.args.get("from")) or clock.today() + DAY, clock.today())
        form = filled_form(
            repeat, request.form if posted else None, starts_on=from_on, form_key="" if posted else once.new_key()
        )  # fmt: skip
        if posted and not {"refresh", "add_row"} & set(request.form) and form.is_right():
            try:
                once.claim(form.form_key.data)
                outcome = repeat_changes.go_on_with(
                    repeat, form.pattern(), actor=self.actor, seen_version=read_id(form.version.data)
                )
                db.session.commit()
            except WorkflowError as problem:
                db.session.rollback()
                if problem.code in _OVER:
                    flash(problem.say(gettext), "error")
                    return redirect(repeat_url(repeat_id))
                form.add_problem(problem)
            else:
                _flash(outcome)
                return redirect(repeat_url(outcome.repeat.id))
        return self._show_form(form, repeat.client, repeat)

    def _show_form(self, form: RepeatForm, client: Client, repeat: Repeat | None) -> Answer:
        here = url_for(".follow", repeat_id=repeat.id) if repeat else url_for(".start", client=client.id)
        return page(
            "repeat_form.html", 422 if form.errors or form.times_error else 200, form=form, client=client, repeat=repeat,
            here=here, words=repeat_words, pets=faces(form.all_pets),
        )  # fmt: skip

    @expose("/<int:repeat_id>/pause", methods=("GET", "POST"))
    def pause(self, repeat_id: int) -> Answer:
        """Make no visits for some days."""
        self._require()
        repeat = _repeat(repeat_id)
        posted = request.method == "POST"
        form = PauseForm(request.form if posted else None, repeat=repeat)
        if not posted:
            form.form_key.data = once.new_key()
            form.first_on.data = read_day(request.args.get("from"))
        first, last = form.first_on.data, form.last_on.data
        if posted and form.is_right("first_on", "last_on") and first and last:
            done = self._try(form, lambda: repeats.pause(
                repeat, first, last, actor=self.actor, reason=form.reason.data or "",
                keep_visits=bool(form.keep_visits.data), mail_client=bool(form.mail_client.data),
            ), repeat_id)  # fmt: skip
            if done is not None:
                return done
        return page("repeat_pause.html", 422 if form.errors else 200, form=form, repeat=repeat, words=repeat_words)

    @expose("/<int:repeat_id>/pauses/<int:pause_id>/end", methods=("POST",))
    def resume(self, repeat_id: int, pause_id: int) -> Answer:
        """End a pause early, from today on or from a day."""
        self._require()
        repeat = _repeat(repeat_id)
        pause = get_or_404(RepeatPause, pause_id)
        if pause.repeat_id != repeat.id:
            abort(404)
        try:
            outcome = repeats.resume(pause, actor=self.actor, from_on=read_day(request.form.get("from_on")))
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
        else:
            _flash(outcome)
        return redirect(repeat_url(repeat_id))

    @expose("/<int:repeat_id>/end", methods=("GET", "POST"))
    def end(self, repeat_id: int) -> Answer:
        """Set the last day; later visits are called off, at what the policy says. Twice: first it shows the fees."""
        self._require()
        repeat = _repeat(repeat_id)
        posted = request.method == "POST"
        form = EndForm(request.form if posted else None, version=str(repeat.version))
        if not posted:
            form.form_key.data, form.last_on.data = once.new_key(), read_day(request.args.get("from")) or repeat.ends_on
        last_on = form.last_on.data
        fees = repeats.fees_of_end(repeat, last_on) if last_on is not None and not form.errors else {}
        is_unseen = (
            bool(fees)
            and last_on is not None
            and last_on >= clock.today() - DAY
            and form.seen_on.data != last_on.isoformat()
        )
        if posted and "refresh" not in request.form and form.validate() and not is_unseen:
            done = self._try(form, lambda: repeats.end(
                repeat, last_on, actor=self.actor, reason=form.reason.data or "", seen_version=read_id(form.version.data),
                mail_client=bool(form.mail_client.data), fee_reason=(form.fee_reason.data or "") if form.waive.data else "",
                outcomes=repeats.waived(fees) if form.waive.data else None,
            ), repeat_id)  # fmt: skip
            if done is not None:
                return done
        visits = repeats.ended_visits(repeat, last_on) if last_on is not None else []
        form.seen_on.data = last_on.isoformat() if last_on is not None else ""
        return page(
            "repeat_end.html", 422 if form.errors else 200, form=form, repeat=repeat, words=repeat_words, visits=visits,
            asks_again=posted and is_unseen and "refresh" not in request.form and not form.errors,
            fees=fees, total=sum(f.charge for f in fees.values()), may_waive=self.actor.may(Permission.FEES),
        )  # fmt: skip

    @expose("/run", methods=("GET", "POST"))
    def run(self) -> Answer:
        """Make visits over a range, of one client or of all; looking first."""
        self._require()
        return repeat_run_page.answer(self.actor)

    @expose("/run/<run_id>/")
    def follow_run(self, run_id: str) -> Answer:
        """How far a large run is; the page asks again every two seconds and may be left."""
        self._require()
        return repeat_run_page.follow(run_id)

    def _require(self) -> None:
        if not self.actor.may(Permission.SCHEDULE):
            abort(403)

    def _try(self, form: Any, do: Any, repeat_id: int) -> Answer | None:
        """Do it and go back to the series; None when the form must be looked at again."""
        try:
            once.claim(form.form_key.data)
            outcome = do()
            db.session.commit()
        except (Conflict, WrongState) as problem:
            refuse(problem)
            return redirect(repeat_url(repeat_id))
        except WorkflowError as problem:
            db.session.rollback()
            form.add_problem(problem)
            return None
        _flash(outcome)
        return redirect(repeat_url(repeat_id))


# ------------------------------------------------------------------------------------------------------- helpers


def _repeat(repeat_id: int) -> Repeat:
    if not 0 < repeat_id <= MAX_ID:
        abort(404)
    repeat = db.session.scalar(
        sa.select(Repeat)
        .where(Repeat.id == repeat_id)
        .options(
            joinedload(Repeat.client).selectinload(Client.pets), joinedload(Repeat.service_item),
            joinedload(Repeat.sitter), joinedload(Repeat.follows),
            selectinload(Repeat.times).joinedload(RepeatTime.time_block), selectinload(Repeat.pauses),
            selectinload(Repeat.pets),
        )
    )  # fmt: skip
    if repeat is None:
        abort(404)
    return repeat


def _flash(outcome: Outcome) -> None:
    """What came of it, in one sentence each."""
    made, conflicts = outcome.run.n_made, outcome.run.n_conflicts
    said = [ngettext("%(num)d visit made.", "%(num)d visits made.", made)] if made else []
    if outcome.cancelled:
        n = len(outcome.cancelled)
        said.append(ngettext("%(num)d visit cancelled.", "%(num)d visits cancelled.", n))
    flash(" ".join([gettext("Saved."), *said]), "success")
    if conflicts:
        flash(ngettext("%(num)d visit has a conflict: look at it in the schedule.", "%(num)d visits have conflicts: look at them in the schedule.", conflicts), "warning")  # fmt: skip


def register(admin: Admin) -> None:
    """Add the pages to the back office."""
    admin.add_view(RepeatPage(name="Repeating service", endpoint="repeat_page", url="repeat"))
