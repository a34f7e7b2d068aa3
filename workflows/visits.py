"""What the sitter taps at a visit: read, arrived, left, done; and how the office puts its times right.

Only the visit's own sitter taps; when that is refused, and why, is in `visit_rules`, from which buttons are made too.
Who was at the door and could not be recorded (the visit was called off, or given away meanwhile) gets `NotCounted`;
the edge rolls back, calls `note_refused` and commits, so that the office hears that somebody was there.
"""

import datetime as dt

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import (
    JOB_MOVES,
    CheckKind,
    Job,
    JobState,
    NotificationKind,
    PlaceSource,
    Staff,
    VisitCheck,
)
from workflows import activity, change_requests, notifications, settings
from workflows.actors import WORKER, Actor
from workflows.errors import N_, Conflict, Invalid, NotAllowed, WorkflowError, WrongState
from workflows.jobs import fresh_jobs, get_fresh, not_now
from workflows.locks import lock_client, lock_clients
from workflows.permissions import Permission
from workflows.visit_checks import KEY_SHAPE, SLACK, Place, metres_from_home, opens_at, time_that_counts
from workflows.visit_facts import job_facts, short
from workflows.visit_rules import (
    STANDING,
    NotCounted,
    log_of,
    not_counted,
    report_missing,
    require_in_time,
    require_own,
    was_theirs,
    why_not_check_in,
    why_not_check_out,
    why_not_complete,
)

MOST_REASON = 255
#: the office may set times from so long before the visit's first day until so long after its last
ADJUST_DAYS = dt.timedelta(days=2)


# ---------------------------------------------------------------------------------------------------------- reading


def acknowledge(job: Job, *, actor: Actor, seen_version: int | None = None) -> Job:
    """The sitter has read the visit: a time stamp, and the log. A second time, or of one that began, nothing happens.

    Refused: another's visit (NotAllowed); cancelled or void (WrongState); changed since `seen_version` (Conflict).
    """
    fresh = _locked(job)
    require_own(fresh, actor=actor)
    if seen_version is not None and fresh.version != seen_version and fresh.acknowledged_at is None:
        raise Conflict("stale", N_("The office changed this visit meanwhile. Look at it again, then acknowledge it."))
    if fresh.state not in STANDING:
        raise not_now(fresh)
    if fresh.state is JobState.SCHEDULED:
        _acknowledge(fresh, actor, clock.now())
    return fresh


def acknowledge_all(staff: Staff, *, actor: Actor, upto: dt.date | None = None) -> int:
    """The sitter has read all own visits from today on (until `upto`); says how many were new. A log line for each."""
    actor.require(Permission.OWN_DAY)
    if actor.staff is None or actor.staff.id != staff.id:
        raise NotAllowed("not_yours", N_("This is not open to you."))
    wanted = sa.select(Job.id, Job.client_id).where(
        Job.sitter_id == staff.id, Job.state == JobState.SCHEDULED, Job.acknowledged_at.is_(None),
        Job.ends_on >= clock.today(), Job.on_date <= (upto or dt.date.max),
    )  # fmt: skip
    lock_clients({client_id for _id, client_id in db.session.execute(wanted)})
    found = fresh_jobs([job_id for job_id, _client in db.session.execute(wanted)])
    now = clock.now()
    for job in found:
        _acknowledge(job, actor, now)
    return len(found)


def _acknowledge(job: Job, actor: Actor, now: dt.datetime) -> None:
    if job.acknowledged_at is not None:
        return
    job.acknowledged_at = now
    _log("job.acknowledged", job, actor)


# ------------------------------------------------------------------------------------------------- arrived, left, done


def check_in(
    job: Job,
    *,
    actor: Actor,
    place: Place,
    at: dt.datetime | None = None,
    key: str | None = None,
    phone_now: dt.datetime | None = None,
) -> VisitCheck:
    """The sitter has arrived.

    `at` is the phone's own time (aware) of a tap made offline, `phone_now` what its clock shows as it sends (see
    `visit_checks.time_that_counts`), `key` the phone's name for the tap: when it comes again the first row is returned.

    In this order: the row, with time, place and the distance from the client's home; the visit is in progress, and
    read (setting); what the client still asked about it ends; the log. Of a visit that was completed without a
    check-in only the row and the time are added. Refused: another's visit (NotAllowed), or one that was taken away,
    cancelled or voided meanwhile, or is over for days (NotCounted); before it opens (WrongState 'too_early'); checked
    in already (Conflict 'already').
    """
    fresh, seen = _to_tap(job, CheckKind.IN, actor, key)
    if seen is not None:
        return seen
    received = clock.now()
    if refusal := why_not_check_in(fresh, actor=actor, now=received):
        raise refusal
    when = time_that_counts(at, received=received, phone_now=phone_now, not_before=opens_at(fresh))
    require_in_time(fresh, CheckKind.IN, when[0])
    if fresh.state is JobState.SCHEDULED:
        if settings.read()["visits.acknowledge_on_check_in"]:
            _acknowledge(fresh, actor, received)
        _move(fresh, JobState.IN_PROGRESS)
    fresh.checked_in_at = when[0]
    return _keep(fresh, CheckKind.IN, when, place, key, actor=actor, received=received)


def check_out(
    job: Job,
    *,
    actor: Actor,
    place: Place,
    at: dt.datetime | None = None,
    key: str | None = None,
    phone_now: dt.datetime | None = None,
) -> VisitCheck:
    """The sitter has left. As `check_in`; the setting says whether that completes the visit too.

    It stays in progress when a report card is needed first. Refused besides: not checked in (WrongState 'no_check_in').
    """
    fresh, seen = _to_tap(job, CheckKind.OUT, actor, key)
    if seen is not None:
        return seen
    received = clock.now()
    if refusal := why_not_check_out(fresh, actor=actor):
        raise refusal
    when = time_that_counts(at, received=received, phone_now=phone_now, not_before=fresh.checked_in_at or received)
    require_in_time(fresh, CheckKind.OUT, when[0])
    fresh.checked_out_at = when[0]
    row = _keep(fresh, CheckKind.OUT, when, place, key, actor=actor, received=received)
    if (
        fresh.state is JobState.IN_PROGRESS
        and settings.read()["visits.complete_on_check_out"]
        and not report_missing(fresh)
    ):
        _complete(fresh, actor)
    return row


def complete(job: Job, *, actor: Actor) -> Job:
    """The visit is done. A second time nothing happens; one that nobody checked in to is completed without times.

    By its sitter, or by the office (Permission.SCHEDULE), which needs no report card. Refused: another's visit
    (NotAllowed); not begun yet, cancelled or void (WrongState); a report card is needed first (WrongState).
    """
    fresh = _locked(job)
    refusal = why_not_complete(fresh, actor=actor)
    if refusal is not None and refusal.code != "completed":
        raise refusal
    if refusal is not None:
        return fresh
    if fresh.state is JobState.SCHEDULED:
        _move(fresh, JobState.IN_PROGRESS)
    _complete(fresh, actor)
    return fresh


# ------------------------------------------------------------------------------------------------------- the office


def adjust(
    job: Job,
    *,
    actor: Actor,
    checked_in_at: dt.datetime | None,
    checked_out_at: dt.datetime | None,
    reason: str,
    seen_version: int | None = None,
) -> Job:
    """The office sets when the sitter came and left (aware moments); what does not change stays as it was.

    In this order: the rows that counted are kept, replaced by new ones without a place, with the reason; the visit's
    times; a visit that had not begun is in progress with an arrival, and completed with both; the log, old to new.
    Refused: no reason, a leaving without or before an arrival, the future, a day far from the visit's, taking an
    arrival away (Invalid); cancelled or void (WrongState); changed since `seen_version` (Conflict).
    """
    why, fresh = _to_correct(job, reason, seen_version, actor=actor)
    if fresh.state not in STANDING:
        raise not_now(fresh)
    _check_times(fresh, checked_in_at, checked_out_at)
    wanted = {CheckKind.IN: checked_in_at, CheckKind.OUT: checked_out_at}
    was = {CheckKind.IN: fresh.checked_in_at, CheckKind.OUT: fresh.checked_out_at}
    changed = [kind for kind in CheckKind if wanted[kind] != was[kind]]
    if not changed:
        return fresh
    _replace(fresh, {kind: wanted[kind] for kind in changed}, why, actor=actor)
    fresh.checked_in_at, fresh.checked_out_at = checked_in_at, checked_out_at
    if fresh.state is JobState.SCHEDULED and checked_in_at is not None:
        _move(fresh, JobState.IN_PROGRESS)
        if checked_out_at is not None:
            _complete(fresh, actor)
    columns = {CheckKind.IN: "checked_in_at", CheckKind.OUT: "checked_out_at"}
    changes = {columns[kind]: [_moment(was[kind]), _moment(wanted[kind])] for kind in changed}
    _log("job.times_adjusted", fresh, actor, changes=changes, reason=why)
    return fresh


def take_back(job: Job, *, actor: Actor, reason: str, seen_version: int | None = None) -> Job:
    """The sitter checked in at the wrong visit: it is as if nobody had come.

    In this order: the check-in is kept, but counts no more, with the reason; the visit is scheduled again and can be
    checked in, moved or cancelled; the log. Refused: no reason (Invalid); a visit that is not under way: a completed
    one is voided (WrongState); changed since `seen_version` (Conflict).
    """
    why, fresh = _to_correct(job, reason, seen_version, actor=actor)
    if fresh.state is not JobState.IN_PROGRESS:
        raise WrongState("not_under_way", N_("Only a visit that is under way can be taken back."))
    was = fresh.checked_in_at
    _replace(fresh, dict.fromkeys(CheckKind), why, actor=actor)
    fresh.checked_in_at = fresh.checked_out_at = None
    _move(fresh, JobState.SCHEDULED)
    _log("job.check_taken_back", fresh, actor, changes={"checked_in_at": [_moment(was), ""]}, reason=why)
    return fresh


def _to_correct(job: Job, reason: str, seen_version: int | None, *, actor: Actor) -> tuple[str, Job]:
    """The reason in one line, and the visit as it is now, for the office that puts its times right."""
    actor.require(Permission.SCHEDULE)
    why = " ".join(reason.split())
    if not why:
        raise Invalid("no_reason", N_("Say why you set other times."), field="reason")
    if len(why) > MOST_REASON:
        raise Invalid("reason_long", N_("Say why in at most %(most)s characters."), field="reason", most=MOST_REASON)
    fresh = _locked(job)
    if seen_version is not None and fresh.version != seen_version:
        raise Conflict("stale", N_("Someone changed this visit meanwhile. Look at it again, then make your change."))
    return why, fresh


def _check_times(job: Job, came: dt.datetime | None, left: dt.datetime | None) -> None:
    first = clock.from_local(job.on_date, dt.time(0)) - ADJUST_DAYS
    last = min(clock.from_local(job.ends_on, dt.time(0)) + dt.timedelta(days=1) + ADJUST_DAYS, clock.now() + SLACK)
    if came is None:
        if left is not None or job.checked_in_at is not None:
            raise Invalid("no_arrival", N_("Give the time of the check-in."), field="checked_in_at")
        return
    for moment, field in ((came, "checked_in_at"), (left, "checked_out_at")):
        if moment is not None and not first <= moment <= last:
            raise Invalid("far_time", N_("Give a time around the visit that is not in the future."), field=field)
    if left is not None and left < came:
        raise Invalid("order", N_("The check-out cannot be before the check-in."), field="checked_out_at")


def _replace(job: Job, wanted: dict[CheckKind, dt.datetime | None], why: str, *, actor: Actor) -> None:
    now = clock.now()
    db.session.execute(
        sa.update(VisitCheck)
        .where(VisitCheck.job_id == job.id, VisitCheck.kind.in_(wanted), VisitCheck.replaced_at.is_(None))
        .values(replaced_at=now)
    )
    for kind, at in wanted.items():
        if at is not None:
            db.session.add(
                VisitCheck(
                    job_id=job.id, kind=kind, at=at, received_at=now, place=PlaceSource.ADJUSTED, reason=why,
                    staff_id=actor.staff.id if actor.staff else None,
                )
            )  # fmt: skip
    db.session.flush()
    db.session.expire(job, ["checks"])


# --------------------------------------------------------------------------------------- who was there all the same


def note_refused(refused: WorkflowError, *, actor: Actor) -> bool:
    """Tell the office on HOME and in the log that somebody was at a visit that is not theirs to do any more.

    For `NotCounted` only (False for other refusals), after the rollback; the same tap of the same sitter once.
    """
    if not isinstance(refused, NotCounted) or actor.staff is None:
        return False
    job = get_fresh(refused.job_id)
    if job is None:
        return False
    lock_client(job.client_id)
    facts: dict[str, object] = {"check": refused.kind.value, "code": refused.code}
    before = log_of(job, "job.check_refused")
    if any(line.staff_id == actor.staff.id and facts.items() <= line.facts.items() for line in before):
        return False
    notifications.notify_office(
        NotificationKind.CHECK_REFUSED, client=job.client, sitter=str(actor.staff), about=[short(job_facts(job))],
        job_id=job.id, check=refused.kind.value, code=refused.code,
    )  # fmt: skip
    _log("job.check_refused", job, actor, **facts)
    return True


# ---------------------------------------------------------------------------------------------------------- helpers


def _locked(job: Job) -> Job:
    """The visit as it is now, while nobody else can change anything of its client."""
    lock_client(job.client_id)
    fresh = get_fresh(job.id)
    if fresh is None:
        raise WrongState("job_gone", N_("This visit no longer exists."))
    db.session.expire(fresh, ["report_card"])
    return fresh


def _to_tap(job: Job, kind: CheckKind, actor: Actor, key: str | None) -> tuple[Job, VisitCheck | None]:
    """The visit, and the row when this very tap was here before."""
    if key is not None and not KEY_SHAPE.fullmatch(key):
        raise Invalid("bad_key", N_("This check-in came in a form that cannot be read. Load the page again."))
    fresh = _locked(job)
    if key is not None and (seen := db.session.scalar(sa.select(VisitCheck).where(VisitCheck.key == key))):
        if (seen.job_id, seen.kind, seen.staff_id) != (fresh.id, kind, actor.staff.id if actor.staff else None):
            raise Conflict("sent_twice", N_("This was already saved. Nothing was done twice."))
        return fresh, seen
    if actor.staff is not None and fresh.sitter_id != actor.staff.id and was_theirs(fresh, actor.staff):
        raise not_counted(fresh, kind, "taken_away", N_("This visit is not yours any more. Nothing was recorded; the office is told that you were there."))  # fmt: skip
    return fresh, None


def _move(job: Job, to: JobState) -> None:
    if to not in JOB_MOVES[job.state]:
        raise not_now(job)
    was, job.state = job.state, to
    db.session.flush()
    if was is JobState.SCHEDULED:  # what the client still asked about it cannot be decided any more
        change_requests.expire(job.client, actor=WORKER)


def _complete(job: Job, actor: Actor) -> None:
    _move(job, JobState.COMPLETED)
    job.completed_at = clock.now()
    _log("job.completed", job, actor)


def _keep(
    job: Job,
    kind: CheckKind,
    when: tuple[dt.datetime, dt.datetime | None],
    place: Place,
    key: str | None,
    *,
    actor: Actor,
    received: dt.datetime,
) -> VisitCheck:
    row = VisitCheck(
        job_id=job.id, kind=kind, at=when[0], phone_at=when[1], received_at=received,
        staff_id=actor.staff.id if actor.staff else None, place=place.source, latitude=place.latitude,
        longitude=place.longitude, accuracy_metres=place.accuracy_metres,
        distance_metres=metres_from_home(job.client, place), key=key,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    db.session.expire(job, ["checks"])
    _log(f"job.checked_{kind.value}", job, actor, at=_moment(when[0]), place=place.source, distance=row.distance_metres)
    return row


def _log(verb: str, job: Job, actor: Actor, **facts: object) -> None:
    activity.record(
        verb, actor=actor, subject=job, client=job.client, n_jobs=1, jobs=[short(job_facts(job))], **facts
    )  # fmt: skip
    db.session.flush()


def _moment(moment: dt.datetime | None) -> str:
    """As the log keeps moments: on the business's clock, so that it can say them in words."""
    return clock.to_local(moment).strftime("%Y-%m-%d %H:%M") if moment else ""
