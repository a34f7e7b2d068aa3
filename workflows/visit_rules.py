"""When a sitter may tap at a visit, and why not: one source for buttons and for `visits`, which does it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import Activity, CheckKind, Job, JobState, ReportState, Staff
from workflows import settings
from workflows.actors import Actor
from workflows.errors import N_, Conflict, NotAllowed, WorkflowError, WrongState
from workflows.jobs import not_now
from workflows.permissions import Permission
from workflows.plans import window_of
from workflows.visit_checks import closes_at, opens_at

#: in these a visit takes place, or did
STANDING = (JobState.SCHEDULED, JobState.IN_PROGRESS, JobState.COMPLETED)


class NotCounted(WrongState):
    """A tap of somebody who was there, about a visit that is not theirs to do any more."""

    job_id: int
    kind: CheckKind


_GONE = {
    JobState.CANCELLED: N_("This visit was cancelled. Nothing was recorded; the office is told that you were there."),
    JobState.VOIDED: N_("This visit does not count any more. Nothing was recorded; the office is told that you were there."),
}  # fmt: skip


def why_not_acknowledge(job: Job, *, actor: Actor) -> WorkflowError | None:
    """Why there is nothing to acknowledge."""
    return why_not_own(job, actor=actor) or _why_no_acknowledgement(job)


def _why_no_acknowledgement(job: Job) -> WorkflowError | None:
    if job.state is not JobState.SCHEDULED:
        return not_now(job)
    return WrongState("acknowledged", N_("You have read this visit.")) if job.acknowledged_at is not None else None


def why_not_check_in(job: Job, *, actor: Actor, now: dt.datetime | None = None) -> WorkflowError | None:
    """Why the sitter cannot check in, now."""
    return why_not_own(job, actor=actor) or _why_no_check_in(job, now or clock.now())


def _why_no_check_in(job: Job, now: dt.datetime) -> WorkflowError | None:
    if refusal := _why_gone(job, CheckKind.IN):
        return refusal
    if job.checked_in_at is not None:
        return Conflict("already", N_("You are checked in since %(time)s. Nothing was done twice."), time=_clock(job.checked_in_at))  # fmt: skip
    opens = opens_at(job)
    if now < opens:
        if clock.to_local(opens).date() != clock.today():
            return WrongState("too_early", N_("It is too early to check in: this visit is on another day."))
        return WrongState("too_early", N_("It is too early: check-in opens at %(time)s."), time=_clock(opens))
    return None


def why_not_check_out(job: Job, *, actor: Actor) -> WorkflowError | None:
    """Why the sitter cannot check out."""
    return why_not_own(job, actor=actor) or _why_no_check_out(job)


def _why_no_check_out(job: Job) -> WorkflowError | None:
    if refusal := _why_gone(job, CheckKind.OUT):
        return refusal
    if job.checked_out_at is not None:
        return Conflict("already", N_("You are checked out since %(time)s. Nothing was done twice."), time=_clock(job.checked_out_at))  # fmt: skip
    if job.checked_in_at is None:
        return WrongState("no_check_in", N_("You are not checked in here. Check in first; if you forgot and the visit is over, tap Complete instead."))  # fmt: skip
    return None


def why_not_complete(job: Job, *, actor: Actor, now: dt.datetime | None = None) -> WorkflowError | None:
    """Why the visit cannot be completed, now, by its sitter or by the office."""
    is_office = actor.client is None and actor.may(Permission.SCHEDULE)
    if not is_office and (refusal := why_not_own(job, actor=actor)):
        return refusal
    if job.state is JobState.COMPLETED:
        return WrongState("completed", N_("This visit is completed."))
    if job.state not in STANDING:
        return not_now(job)
    if job.state is JobState.SCHEDULED and (now or clock.now()) < window_of(job).earliest:
        return WrongState("not_begun", N_("This visit has not begun yet."))
    if not is_office and report_missing(job):
        return WrongState("report_needed", N_("Send the report card first, then complete the visit."))
    return None


@dataclass(frozen=True)
class Steps:
    """What the sitter can tap at a visit now."""

    acknowledge: bool
    check_in: bool
    check_out: bool
    complete: bool
    #: it would be completed now, but for the report card
    report_first: bool
    #: check-in is not open yet: when it will be
    opens_at: dt.datetime | None


def steps(job: Job, *, actor: Actor, now: dt.datetime) -> Steps:
    """The buttons of a visit; whoever forgot to check in or out can complete it once it should be over."""
    is_open = job.state in {JobState.SCHEDULED, JobState.IN_PROGRESS}
    # Asked once for all steps: a day has twenty visits.
    is_own = why_not_own(job, actor=actor) is None
    opens = opens_at(job)
    # Too early is what most are, and its words would be made for nobody.
    check_in = is_open and is_own and now >= opens and _why_no_check_in(job, now) is None
    over = job.checked_out_at is not None or now >= window_of(job).latest
    done = why_not_complete(job, actor=actor, now=now) if is_open and over else not_now(job)
    waits = job.state is JobState.SCHEDULED and job.checked_in_at is None and not check_in
    return Steps(
        is_own and _why_no_acknowledgement(job) is None,
        check_in,
        is_open and is_own and _why_no_check_out(job) is None,
        done is None,
        done is not None and done.code == "report_needed",
        opens if waits else None,
    )


def report_missing(job: Job) -> bool:
    """Does the visit wait for a report card before it can be completed?"""
    values = settings.read()
    if not (values["reports.on"] and values["reports.needed"]):
        return False
    return job.report_card is None or job.report_card.state is not ReportState.SENT


def was_theirs(job: Job, staff: Staff) -> bool:
    """Was it this sitter's visit before it was given away?"""
    moved = log_of(job, "job.moved", "job.changed")
    return any(line.facts.get("was_with") == staff.id for line in moved)


def log_of(job: Job, *verbs: str) -> Sequence[Activity]:
    """The lines of the log about a visit, of these verbs."""
    return db.session.scalars(
        sa.select(Activity).where(
            Activity.subject_type == "job", Activity.subject_id == job.id, Activity.verb.in_(verbs)
        )
    ).all()


def not_counted(job: Job, kind: CheckKind, code: str, text: str) -> NotCounted:
    """The refusal of a tap that the office is to hear of."""
    refusal = NotCounted(code, text)
    refusal.job_id, refusal.kind = job.id, kind
    return refusal


def why_not_own(job: Job, *, actor: Actor) -> WorkflowError | None:
    """Why this is not the actor's own visit."""
    is_own = actor.staff is not None and actor.client is None and actor.staff.id == job.sitter_id
    if is_own and actor.may(Permission.OWN_DAY):
        return None
    return NotAllowed("not_yours", N_("This visit is not yours."))


def require_own(job: Job, *, actor: Actor) -> None:
    """Refuse with NotAllowed another sitter's visit."""
    if refusal := why_not_own(job, actor=actor):
        raise refusal


def _why_gone(job: Job, kind: CheckKind) -> NotCounted | None:
    return not_counted(job, kind, f"job_{job.state.value}", _GONE[job.state]) if job.state in _GONE else None


def require_in_time(job: Job, kind: CheckKind, at: dt.datetime) -> None:
    """Refuse a tap of a visit that is over for days (NotCounted)."""
    if at > closes_at(job):
        raise not_counted(job, kind, "too_late", N_("This visit was days ago. Nothing was recorded; the office is told, and enters its times."))  # fmt: skip


def _clock(moment: dt.datetime) -> str:
    return clock.to_local(moment).strftime("%H:%M")
