"""A visit that does not take place: cancelled, void, back to request; and the ways back. Part of the visit's pages.

Each question is a page of its own, so that it works without JavaScript; all of it ends in `workflows.cancelling` and
`workflows.back_to_request`.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import BooleanField, HiddenField, StringField, TextAreaField

from admin_site.fields import UNASSIGNED, OfficeForm, Pick, option, sitter_options
from admin_site.number_fields import MoneyField
from admin_site.pages import Answer, WorkPage, active_sitters, page, refuse
from admin_site.reading import MAX_ID, link, read_id, read_tokens, write_tokens
from foundation import clock
from foundation.db import db
from models import CancellationReason, Initiator, Job, JobState
from workflows import cancellation, cancelling, conflicts, jobs
from workflows.back_to_request import back_to_request
from workflows.back_to_request import why_not as why_not_back
from workflows.cancellation import Outcome
from workflows.errors import WorkflowError, WrongState
from workflows.permissions import Permission


class CancelForm(OfficeForm):
    """Why a visit is called off, and what that costs."""

    reason_id = Pick(_l("Reason"))
    reason = TextAreaField(_l("In your words"))
    charge = MoneyField(_l("Fee for the client"))
    sitter_pay = MoneyField(_l("Pay for the sitter"))
    fee_reason = StringField(_l("Why other figures than your policy's"))
    mail_client = BooleanField(_l("Mail the client"), default=True)
    #: the policy's figures that were shown
    seen = HiddenField()

    def __init__(self, formdata: Any, outcome: Outcome, *, may_change: bool, **values: Any) -> None:
        super().__init__(
            formdata,
            charge=outcome.charge,
            sitter_pay=outcome.sitter_pay,
            seen=mark_of(outcome),
            reason_id="",
            **values,
        )
        self.reason_id.choices = [option("", gettext("No reason of the list")), *reason_options()]
        self.reason_id.data = self.reason_id.data or ""
        if not may_change:
            del self.charge, self.sitter_pay, self.fee_reason

    def chosen(self, outcome: Outcome, *, waived: bool = False) -> Outcome:
        """The figures that are typed in; the policy's where nothing is."""
        charge = self.charge.data if "charge" in self else None
        pay = self.sitter_pay.data if "sitter_pay" in self else None
        charge = outcome.charge * 0 if waived else charge
        return Outcome(
            outcome.charge if charge is None else charge,
            outcome.sitter_pay if pay is None else pay,
            outcome.refund_to,
            outcome.rule_name,
        )


class ReinstateForm(OfficeForm):
    """Who does the visit that takes place after all."""

    sitter = Pick(_l("Sitter"))
    mail_client = BooleanField(_l("Mail the client that it takes place"), default=True)
    version = HiddenField()

    def __init__(self, formdata: Any, job: Job) -> None:
        has_left = job.sitter is not None and not (job.sitter.is_active and job.sitter.is_sitter)
        chosen = "" if has_left else str(job.sitter_id or UNASSIGNED)
        super().__init__(formdata, sitter=chosen, version=str(job.version))
        self.people = active_sitters(job.client_id)
        self.sitter.choices = sitter_options(self.people)
        self.sitter.data = self.sitter.data or ""


class VisitEnds(WorkPage):
    """What `VisitsPage` has for visits that do not take place."""

    @expose("/<int:job_id>/cancellation", methods=("GET", "POST"))
    def cancel(self, job_id: int) -> Answer:
        """Cancel a visit: by whom, why, with the policy's fee and pay or others, with or without a mail."""
        job = fresh_or_404(job_id)
        if not may_cancel(job):
            flash(why_not_cancelled(job) or "", "warning")
            return redirect(url_for(".show", job_id=job_id))
        by = Initiator.OFFICE if request.values.get("by") == Initiator.OFFICE.value else Initiator.CLIENT
        outcome = cancellation.preview([job], initiator=by)[job.id]
        posted = request.method == "POST"
        form = CancelForm(request.form if posted else None, outcome, may_change=self.actor.may(Permission.FEES))
        is_new = posted and form.seen.data not in {"", None, mark_of(outcome)}
        if is_new:
            form = CancelForm(None, outcome, may_change="charge" in form, reason=form.reason.data)
        elif posted and form.validate():
            try:
                self._cancel(job, form, outcome, by)
                db.session.commit()
            except WrongState as problem:
                refuse(problem)
                return redirect(url_for(".show", job_id=job_id))
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem)
            else:
                told = form.mail_client.data and job.client.email
                flash(gettext("Visit cancelled. %(name)s gets a mail.", name=job.client.first_name) if told else gettext("Visit cancelled."), "success")  # fmt: skip
                return redirect(url_for(".show", job_id=job_id))
        status = 409 if is_new else 422 if form.errors else 200
        return page("cancel_visit.html", status, job=job, form=form, outcome=outcome, by=by.value, is_new=is_new)

    def _cancel(self, job: Job, form: CancelForm, outcome: Outcome, by: Initiator) -> None:
        cancelling.cancel(
            [job], actor=self.actor, reason=form.reason.data or "", reason_id=read_id(form.reason_id.data),
            mail_client=bool(form.mail_client.data), initiator=by, policy={job.id: outcome},
            outcomes={job.id: form.chosen(outcome, waived="waive" in request.form)},
            fee_reason=(form.fee_reason.data or "") if "fee_reason" in form else "",
        )  # fmt: skip

    @expose("/<int:job_id>/reinstatement", methods=("GET", "POST"))
    def reinstate(self, job_id: int) -> Answer:
        """Put a cancelled visit back; conflicts are shown before anything is saved."""
        job = fresh_or_404(job_id)
        if not may_reinstate(job):
            flash(gettext("This visit cannot be put back into the schedule."), "warning")
            return redirect(url_for(".show", job_id=job_id))
        posted = request.method == "POST"
        form = ReinstateForm(request.form if posted else None, job)
        stopped: conflicts.ConflictsFound | None = None
        if posted and form.validate():
            try:
                self._reinstate(job, form)
                db.session.commit()
            except conflicts.ConflictsFound as found:
                db.session.rollback()
                stopped = found
            except WrongState as problem:
                refuse(problem)
                return redirect(url_for(".show", job_id=job_id))
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem)
            else:
                flash(gettext("The visit is back in the schedule, with its price and pay."), "success")
                return redirect(url_for(".show", job_id=job_id))
        clashes = [c for found in (stopped.clashes if stopped else {}).values() for c in found]
        return page(
            "reinstate_visit.html", 409 if stopped else 422 if form.errors else 200, job=job, form=form,
            clashes=clashes, alert=stopped.say(gettext) if stopped else None,
            tokens=write_tokens(c.token for c in clashes),
        )  # fmt: skip

    def _reinstate(self, job: Job, form: ReinstateForm) -> None:
        sitter = next((s for s in form.people if s.id == read_id(form.sitter.data)), None)
        cancelling.reinstate(
            job, actor=self.actor, accept=read_tokens(request.form.get("accept")), sitter=sitter,
            leave_unassigned=form.sitter.data == UNASSIGNED, mail_client=bool(form.mail_client.data),
            seen_version=read_id(form.version.data),
        )  # fmt: skip

    @expose("/<int:job_id>/voiding", methods=("GET", "POST"))
    def void(self, job_id: int) -> Answer:
        """Take a past visit out of what counts, with a reason."""
        job = fresh_or_404(job_id)
        if not may_void(job):
            flash(gettext("This visit cannot be made void. Cancel it while it is still to come."), "warning")
            return redirect(url_for(".show", job_id=job_id))
        if request.method == "GET":
            return page("void_visit.html", job=job, error=None)
        reason = request.form.get("reason", "")
        return self._do(
            job_id,
            lambda: cancelling.void([job], actor=self.actor, reason=reason),
            gettext("The visit is void. It counts for nobody any more."),
            ask=lambda error: page("void_visit.html", 422, job=job, error=error),
        )

    @expose("/<int:job_id>/unvoiding", methods=("POST",))
    def unvoid(self, job_id: int) -> Answer:
        """Let a void visit count again."""
        job = fresh_or_404(job_id)
        words = gettext("The visit counts again, with its price and pay.")
        return self._do(job_id, lambda: cancelling.unvoid([job], actor=self.actor), words)

    @expose("/<int:job_id>/back-to-request", methods=("GET", "POST"))
    def back(self, job_id: int) -> Answer:
        """Turn a visit into a request again; it then waits on the client's batch page."""
        job = fresh_or_404(job_id)
        client_id, name = job.client_id, job.client.first_name
        if refusal := why_not_back(job):
            flash(refusal.say(gettext), "warning")
            return redirect(url_for(".show", job_id=job_id))
        if request.method == "GET":
            return page("back_to_request.html", job=job, error=None)
        message, keep = request.form.get("message", ""), "keep_sitter" in request.form
        words = gettext("Back to request: the visit of %(name)s waits in the queue again.", name=name)
        return self._do(
            job_id,
            lambda: back_to_request([job], actor=self.actor, message=message, keep_sitter=keep),
            words,
            ask=lambda error: page("back_to_request.html", 422, job=job, error=error, message=message),
            onward=link("requests.batch", client_id=client_id) or url_for("schedule.index"),
        )

    def _do(
        self,
        job_id: int,
        do: Callable[[], object],
        words: str,
        *,
        ask: Callable[[str], Answer] | None = None,
        onward: str | None = None,
    ) -> Answer:
        """Do it, commit and say so; what can be mended is asked again."""
        try:
            do()
            db.session.commit()
        except WrongState as problem:
            refuse(problem)
            return _to_visit(job_id)
        except WorkflowError as problem:
            db.session.rollback()
            if ask is not None:
                return ask(problem.say(gettext))
            refuse(problem)
            return _to_visit(job_id)
        flash(words, "success")
        return redirect(onward or url_for(".show", job_id=job_id))


# ------------------------------------------------------------------------------------------------------- helpers


def _to_visit(job_id: int) -> Response:
    """The visit's page, or the schedule when the visit is gone."""
    found = db.session.get(Job, job_id)
    return redirect(url_for(".show", job_id=job_id) if found else url_for("schedule.index"))


def fresh_or_404(job_id: int) -> Job:
    """The visit as it is now."""
    job = jobs.get_fresh(job_id) if 0 < job_id <= MAX_ID else None
    if job is None:
        abort(404)
    return job


def mark_of(outcome: Outcome) -> str:
    """Names exactly these figures: those that a person saw before saying yes."""
    return f"{outcome.charge:.3f}/{outcome.sitter_pay:.3f}"


def reason_options() -> list[Any]:
    """The office's list of reasons, in its order."""
    reasons = sa.select(CancellationReason).where(CancellationReason.is_active)
    ordered = reasons.order_by(CancellationReason.position, CancellationReason.name)
    return [option(r.id, r.name) for r in db.session.scalars(ordered)]


def may_cancel(job: Job) -> bool:
    """Is it still to come?"""
    return job.state is JobState.SCHEDULED and job.ends_on >= clock.today()


def may_reinstate(job: Job) -> bool:
    """Was it cancelled, and can it still take place?"""
    return job.state is JobState.CANCELLED and job.ends_on >= clock.today()


def may_void(job: Job) -> bool:
    """Is it done, or past and never begun?"""
    return job.state is JobState.COMPLETED or (job.state is JobState.SCHEDULED and job.ends_on < clock.today())


def why_not_changed(job: Job) -> str | None:
    """Why this visit cannot be moved or edited any more."""
    return {
        JobState.SCHEDULED: None,
        JobState.IN_PROGRESS: gettext("The visit has begun, so it cannot be changed any more."),
        JobState.COMPLETED: gettext("The visit is done, so it cannot be changed any more."),
        JobState.CANCELLED: gettext("The visit was cancelled."),
        JobState.VOIDED: gettext("The visit is void: it counts for nobody."),
    }[job.state]


def why_not_cancelled(job: Job) -> str | None:
    """Why this visit cannot be cancelled."""
    if job.state is JobState.SCHEDULED and job.ends_on < clock.today():
        return gettext("The visit is in the past and cannot be cancelled. Make it void if it shall not count.")
    return why_not_changed(job)
