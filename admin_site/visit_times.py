"""Check-in and check-out on a visit's page: where that was, putting the times right, completing. Part of `VisitsPage`."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response
from wtforms import HiddenField, StringField

from admin_site.fields import ClockField, DayField, OfficeForm
from admin_site.pages import Answer, page, refuse
from admin_site.reading import read_id
from admin_site.visit_ends import VisitEnds, fresh_or_404
from foundation import clock
from foundation.db import db
from models import Job, JobState, VisitCheck
from ui_kit.visit_words import map_of_place, place_words
from workflows import homes, once, visit_rules, visits
from workflows.actors import Actor
from workflows.errors import N_, Conflict, Invalid, WorkflowError
from workflows.permissions import Permission


class TimesForm(OfficeForm):
    """When the sitter came and left."""

    in_on, in_at = DayField(_l("Check-in, day")), ClockField(_l("Check-in, time"))
    out_on, out_at = DayField(_l("Check-out, day")), ClockField(_l("Check-out, time"))
    reason = StringField(_l("Why"))
    version, form_key = HiddenField(), HiddenField()

    def __init__(self, formdata: Any, job: Job) -> None:
        came, left = (at and clock.to_local(at) for at in (job.checked_in_at, job.checked_out_at))
        super().__init__(
            formdata, version=str(job.version), form_key=once.new_key(), in_on=came.date() if came else job.on_date,
            in_at=came.time() if came else None, out_on=left.date() if left else job.ends_on,
            out_at=left.time() if left else None,
        )  # fmt: skip
        self.was = {"in": job.checked_in_at, "out": job.checked_out_at}

    def moment(self, which: str) -> dt.datetime | None:
        """What stands in the fields of "in" or "out"; the moment that was there when it is still the same minute."""
        day, time = self[f"{which}_on"].data, self[f"{which}_at"].data
        if time is None:
            return None
        if day is None:
            raise Invalid("no_day", N_("Choose the day."), field=f"{which}_on")
        # Compared as it is shown: of the hour that comes twice in autumn the fields cannot say which one is meant.
        was = self.was[which]
        shown = clock.to_local(was).replace(second=0, microsecond=0, tzinfo=None) if was is not None else None
        return was if shown == dt.datetime.combine(day, time) else clock.from_local(day, time)


@dataclass(frozen=True)
class Check:
    """A check as the page shows it."""

    row: VisitCheck
    place: str
    map_url: str


def checks_of(job: Job, actor: Actor) -> dict[str, Any]:
    """What the visit's page shows of its checks; those that were replaced come after those that count."""
    rows = db.session.scalars(
        sa.select(VisitCheck)
        .where(VisitCheck.job_id == job.id)
        .options(joinedload(VisitCheck.staff))
        .order_by(VisitCheck.replaced_at.is_not(None), VisitCheck.id)
    )
    return {
        "checks": [
            Check(c, place_words(c.place.value, c.distance_metres), map_of_place(c.latitude, c.longitude)) for c in rows
        ],
        "may_adjust": job.state in visit_rules.STANDING,
        "may_complete": job.state is not JobState.COMPLETED and visit_rules.why_not_complete(job, actor=actor) is None,
        "may_set_home": actor.may(Permission.CLIENTS),
    }


class VisitTimes(VisitEnds):
    """What `VisitsPage` has for the sitter's taps."""

    @expose("/<int:job_id>/times", methods=("GET", "POST"))
    def times(self, job_id: int) -> Answer:
        """Put the times right, with the reason."""
        job = fresh_or_404(job_id)
        if job.state not in visit_rules.STANDING:
            flash(gettext("This visit does not take place. It has no times."), "warning")
            return redirect(url_for(".show", job_id=job_id))
        form = TimesForm(request.form if request.method == "POST" else None, job)
        if request.method == "POST" and form.validate():
            try:
                once.claim(form.form_key.data)
                said = self._correct(job, form)
                db.session.commit()
            except Conflict as problem:
                refuse(problem)
                return redirect(url_for(".show", job_id=job_id))
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem, {"checked_in_at": "in_at", "checked_out_at": "out_at"})
            else:
                flash(said, "success")
                return redirect(url_for(".show", job_id=job_id))
        return page("adjust_times.html", 422 if form.errors else 200, job=job, form=form)

    def _correct(self, job: Job, form: TimesForm) -> str:
        """Set the times, or take the check-in back, as the button says; what was done."""
        reason, seen = form.reason.data or "", read_id(form.version.data)
        if "take_back" in request.form:
            visits.take_back(job, actor=self.actor, reason=reason, seen_version=seen)
            return gettext("The check-in was taken back. The visit waits for its sitter again.")
        visits.adjust(
            job, actor=self.actor, checked_in_at=form.moment("in"), checked_out_at=form.moment("out"), reason=reason,
            seen_version=seen,
        )  # fmt: skip
        return gettext("Times saved, marked as adjusted.")

    @expose("/<int:job_id>/completion", methods=("POST",))
    def complete(self, job_id: int) -> Response:
        """The visit is done, also when nobody checked in."""
        job = fresh_or_404(job_id)
        try:
            visits.complete(job, actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
        else:
            flash(gettext("Visit completed."), "success")
        return redirect(url_for(".show", job_id=job_id))

    @expose("/<int:job_id>/home", methods=("POST",))
    def home(self, job_id: int) -> Response:
        """The place of a check is the client's home from now on."""
        job = fresh_or_404(job_id)
        check = next((c for c in job.checks if c.id == read_id(request.form.get("check"))), None) or abort(404)
        try:
            homes.take_from(check, actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
        else:
            flash(gettext("Saved as the home of %(client)s. Check-ins are measured against it.", client=job.client), "success")  # fmt: skip
        return redirect(url_for(".show", job_id=job_id))
