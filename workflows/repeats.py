"""Repeating services: begun, paused, taken up again, ended. Their visits are made by `repeat_runs`.

A series that goes on with another pattern is in `repeat_changes`; what a pattern says is in `repeat_patterns`. A visit
that a person changed or cancelled is theirs: a series never touches it again, nor makes it a second time.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from foundation import clock
from foundation.db import db
from models import Client, Initiator, Job, JobState, Repeat, RepeatPause, RepeatSkip, RepeatTime
from workflows import activity, cancellation, cancelling, client_sitters, repeat_runs
from workflows.actors import Actor
from workflows.cancellation import Outcome as Fee
from workflows.errors import N_, Conflict, Invalid, Refusals, WorkflowError, WrongState
from workflows.jobs import check_sitter
from workflows.locks import lock_client, lock_clients
from workflows.permissions import Permission
from workflows.repeat_outlook import Run
from workflows.repeat_patterns import DAY, Pattern, begins, check, in_short, tidy_times
from workflows.wanted import clean_note

MAX_REASON = 255
#: a pause longer than this is an end
LONGEST_PAUSE = dt.timedelta(days=366)


@dataclass
class Outcome:
    """What came of it: the series, the run that made visits, and the visits that were called off."""

    repeat: Repeat
    run: Run = field(default_factory=lambda: Run([]))
    cancelled: list[Job] = field(default_factory=list)


# -------------------------------------------------------------------------------------------------------- beginning


def start(client: Client, pattern: Pattern, *, actor: Actor) -> Outcome:
    """Begin a repeating service, and make its visits up to the horizon.

    In this order: the series; the client's log; its visits, with all that `repeat_runs.generate` does. Refused with
    Invalid: what `repeat_patterns.check` refuses, and a sitter who may not be given visits, or whom the client never wants.
    """
    repeat = write_down(client, pattern, actor=actor)
    run = repeat_runs.generate([repeat], repeat_runs.horizon(), actor=actor)
    return Outcome(repeat, run)


def write_down(client: Client, pattern: Pattern, *, actor: Actor) -> Repeat:
    """A repeating service without its visits, which the next nightly run makes; in the client's log. Refused as `start`."""
    actor.require(Permission.SCHEDULE)
    lock_client(client.id)
    check(pattern, client, today=clock.today())
    check_sitter(pattern.sitter)
    client_sitters.check(client, pattern.sitter)
    repeat = make(client, pattern)
    _log("repeat.started", repeat, actor)
    return repeat


def write_down_all(several: Sequence[tuple[Client, Pattern]], *, actor: Actor) -> list[Repeat | WorkflowError]:
    """`write_down` for many, with a few statements in all: the series or its refusal for each, in the same order."""
    actor.require(Permission.SCHEDULE)
    ids = {client.id for client, _pattern in several}
    lock_clients(ids)
    blocked, today, made = client_sitters.blocked_pairs(ids), clock.today(), list[Repeat | WorkflowError]()
    for client, pattern in several:
        try:
            check(pattern, client, today=today)
            check_sitter(pattern.sitter)
            client_sitters.check(client, pattern.sitter, blocked=blocked)
            made.append(_new(client, pattern))
        except WorkflowError as refusal:
            made.append(refusal)
    some = [one for one in made if isinstance(one, Repeat)]
    db.session.add_all(some)
    db.session.flush()
    lines = [
        activity.Line("repeat.started", r, r.client, {"series": in_short(r), "starts_on": r.starts_on}) for r in some
    ]
    activity.record_many(lines, actor=actor)
    return made


def make(client: Client, pattern: Pattern, *, follows: Repeat | None = None) -> Repeat:
    """The rows of a series, flushed; `write_down` and `repeat_changes.go_on_with` call it after their checks."""
    repeat = _new(client, pattern, follows)
    db.session.add(repeat)
    db.session.flush()
    return repeat


def _new(client: Client, pattern: Pattern, follows: Repeat | None = None) -> Repeat:
    return Repeat(
        client=client, service_item=pattern.item, sitter=pattern.sitter, starts_on=pattern.starts_on,
        ends_on=pattern.ends_on, every_weeks=pattern.every_weeks, week_starts=pattern.week_starts,
        note=clean_note(pattern.note), staff_note=clean_note(pattern.staff_note), pets=list(pattern.pets), follows=follows,
        times=[
            RepeatTime(weekday=t.weekday, start_time=t.start_time, time_block=t.block) for t in tidy_times(pattern)
        ],
    )  # fmt: skip


# --------------------------------------------------------------------------------------------------------- pausing


def pause(
    repeat: Repeat,
    first: dt.date,
    last: dt.date,
    *,
    actor: Actor,
    reason: str = "",
    keep_visits: bool = False,
    mail_client: bool = False,
    initiator: Initiator = Initiator.OFFICE,
) -> Outcome:
    """Make no visits from `first` to `last`, both included.

    In this order: the pause; visits of these days that exist already and that nobody has changed are cancelled free
    of charge (unless `keep_visits`), their sitters told, the client if asked; the log. Refused: a series that is over
    (WrongState), days that are past, the wrong way round, more than a year, outside of the series, or paused already.
    """
    actor.require(Permission.SCHEDULE)
    text = clean_note(reason)[:MAX_REASON]
    lock_client(repeat.client_id)
    repeat = fresh(repeat.id)
    require_going(repeat)
    check_pause(repeat, first, last)
    repeat.pauses.append(RepeatPause(first_on=first, last_on=last, reason=text))
    db.session.flush()
    cancelled = [] if keep_visits else own_visits(repeat, first, last)
    call_off(cancelled, actor=actor, reason=text, mail_client=mail_client, initiator=initiator)
    _log("repeat.paused", repeat, actor, first=first, last=last, reason=text, n_jobs=len(cancelled))
    db.session.flush()
    return Outcome(repeat, cancelled=cancelled)


def check_pause(repeat: Repeat, first: dt.date | None, last: dt.date | None) -> None:
    """Refused as `pause` says, all at once; a day that could not be read is None, and what needs it is not asked."""
    refusals = Refusals()
    with refusals:
        _check_last_day(first, last)
    with refusals:
        _check_first_day(repeat, first, last)
    refusals.say()


def _check_last_day(first: dt.date | None, last: dt.date | None) -> None:
    if last is None:
        return
    if last < clock.today():
        raise Invalid("past", N_("These days are in the past."), field="last_on")
    if first is not None and last < first:
        raise Invalid("order", N_("The last day cannot be before the first."), field="last_on")
    if first is not None and last - first > LONGEST_PAUSE:
        raise Invalid(
            "pause_long", N_("A pause can last at most a year. End the series, and begin a new one later."), field="last_on"
        )  # fmt: skip


def _check_first_day(repeat: Repeat, first: dt.date | None, last: dt.date | None) -> None:
    ends_before = first is not None and repeat.ends_on is not None and first > repeat.ends_on
    if ends_before or (last is not None and clock.today() <= last < repeat.starts_on):
        raise Invalid("outside", N_("The series has no visits on these days."), field="first_on")
    if first is not None and last is not None and any(p.first_on <= first and last <= p.last_on for p in repeat.pauses):
        raise Invalid("paused", N_("The series is paused on these days already."), field="first_on")


def resume(pause_: RepeatPause, *, actor: Actor, from_on: dt.date | None = None) -> Outcome:
    """End a pause early: visits are made again from `from_on` (today) on.

    In this order: the pause ends the day before, or is gone when nothing of it is left; visits that it had called off
    come back and missing ones are made, as `repeat_runs.generate` says; the log. A visit that a person has cancelled
    stays cancelled. Refused with WrongState when the pause is over or gone.
    """
    actor.require(Permission.SCHEDULE)
    lock_client(pause_.repeat.client_id)
    repeat = fresh(pause_.repeat_id)
    found = next((p for p in repeat.pauses if p.id == pause_.id), None)
    day = max(from_on or clock.today(), clock.today())
    if found is None or found.last_on < day:
        raise WrongState("pause_over", N_("This pause is over already. Nothing was changed."))
    first, last = found.first_on, found.last_on
    if day <= first:
        repeat.pauses.remove(found)
    else:
        found.last_on = day - DAY
    db.session.flush()
    _log("repeat.resumed", repeat, actor, first=first, last=last, from_on=day)
    return Outcome(repeat, _make_again(repeat, actor=actor))


# ---------------------------------------------------------------------------------------------------------- ending


def end(
    repeat: Repeat,
    last_on: dt.date | None,
    *,
    actor: Actor,
    reason: str = "",
    mail_client: bool = False,
    seen_version: int | None = None,
    initiator: Initiator = Initiator.OFFICE,
    policy: Mapping[int, Fee] | None = None,
    outcomes: Mapping[int, Fee] | None = None,
    fee_reason: str = "",
) -> Outcome:
    """Let a series have its last visits on `last_on`; None lets it go on without an end.

    In this order: the last day; later visits are cancelled, those that somebody has changed too, at what the
    cancellation policy says of the end of a series (`fees_of_end`; `policy`, `outcomes` and `fee_reason` as in
    `cancelling.cancel`), and their sitters told; when the end moves later, visits that the earlier end had called off
    come back and missing ones are made; the log. Refused: the past (Invalid); a series that another one goes on from,
    to a later day (WrongState); changed by somebody since `seen_version` (Conflict); what `cancelling.cancel` refuses.
    """
    actor.require(Permission.SCHEDULE)
    text = clean_note(reason)
    lock_client(repeat.client_id)
    repeat = fresh(repeat.id)
    if seen_version is not None and repeat.version != seen_version:
        raise Conflict("stale", N_("Someone changed this series meanwhile. Look at it again, then make your change."))
    if last_on is not None and last_on < clock.today() - DAY:
        raise Invalid("past", N_("The last day is in the past."), field="last_on")
    was = repeat.ends_on
    later = was is not None and (last_on is None or last_on > was)
    if later or not repeat.is_active:
        require_not_followed(repeat)
    close(repeat, last_on)
    cancelled = [] if last_on is None else ended_visits(repeat, last_on)
    expected = cancellation.preview(cancelled, initiator=initiator, ends_series=True)
    call_off(
        cancelled, actor=actor, reason=text, mail_client=mail_client, policy={**expected, **(policy or {})},
        initiator=initiator, outcomes=outcomes, fee_reason=fee_reason,
    )  # fmt: skip
    _log("repeat.ended", repeat, actor, last=last_on, was=was, reason=text, n_jobs=len(cancelled))
    run = _make_again(repeat, actor=actor)
    return Outcome(repeat, run, cancelled)


def fees_of_end(repeat: Repeat, last_on: dt.date, *, initiator: Initiator = Initiator.OFFICE) -> dict[int, Fee]:
    """What ending the series on that day would cost: {visit: outcome} of the visits that `end` would call off."""
    return cancellation.preview(ended_visits(repeat, last_on), initiator=initiator, ends_series=True)


def waived(fees: Mapping[int, Fee]) -> dict[int, Fee]:
    """The same outcomes without a charge; the sitters keep what the policy gives them."""
    return {job_id: replace(fee, charge=Decimal(0)) for job_id, fee in fees.items()}


def close(repeat: Repeat, last_on: dt.date | None) -> None:
    """Set the last day. A series that shall end before it began never was: it is not active any more."""
    begun = last_on is None or last_on >= repeat.starts_on
    repeat.is_active, repeat.ends_on = begun, last_on if begun else repeat.starts_on
    db.session.flush()


def require_not_followed(repeat: Repeat) -> None:
    """Refuse when another series goes on from this one already."""
    if db.session.scalar(sa.select(Repeat.id).where(Repeat.follows_id == repeat.id).limit(1)):
        raise WrongState("followed", N_("Another series goes on from this one. Change that one instead."))


# ------------------------------------------------------------------------------------------------ the visits of it


def own_visits(repeat: Repeat, first: dt.date, last: dt.date) -> list[Job]:
    """Its visits of these days that nobody has touched and that have not begun: the series may change them."""
    found = db.session.scalars(
        _visits()
        .where(Job.repeat_id == repeat.id, Job.repeat_on.between(first, last), Job.repeat_edited.is_(False))
        .where(Job.state == JobState.SCHEDULED)
    )
    return [job for job in found if not has_begun(job)]


def visits_from(repeat: Repeat, first: dt.date) -> list[Job]:
    """Every visit that it has made for the days from `first` on, in any state."""
    return list(db.session.scalars(_visits().where(Job.repeat_id == repeat.id, Job.repeat_on >= first)))


def ended_visits(repeat: Repeat, last_on: dt.date) -> list[Job]:
    """Its visits after `last_on` that have not begun, changed ones too: what an end calls off."""
    found = db.session.scalars(
        _visits().where(Job.repeat_id == repeat.id, Job.on_date > last_on, Job.state == JobState.SCHEDULED)
    )
    return [job for job in found if not has_begun(job)]


def _visits() -> sa.Select[Any]:
    return (
        sa.select(Job)
        .options(
            joinedload(Job.client), joinedload(Job.service_item), joinedload(Job.time_block), joinedload(Job.sitter),
            selectinload(Job.pets),
        )
        .order_by(Job.on_date, Job.start_time, Job.id)
        .execution_options(populate_existing=True)
    )  # fmt: skip


def has_begun(job: Job) -> bool:
    """Has the time passed at which the visit was to begin? Then no series decides on it any more."""
    return clock.from_local(job.on_date, begins(job.start_time, job.time_block)) <= clock.now()


def call_off(
    jobs: Sequence[Job],
    *,
    actor: Actor,
    reason: str,
    policy: Mapping[int, Fee] | None = None,
    **more: Any,  # noqa: ANN401 -- as the other
) -> None:
    """Cancel visits because their series does not have them: it may bring back those that nobody has touched.

    Free of charge unless `policy` says something else; `more` as in `cancelling.cancel`.
    """
    if not jobs:
        return
    untouched = [job.id for job in jobs if not job.repeat_edited]
    fees = policy if policy is not None else dict.fromkeys((job.id for job in jobs), cancellation.FREE)
    for job in cancelling.cancel(jobs, actor=actor, reason=reason, policy=fees, **{"mail_client": False, **more}):
        if job.id in untouched:
            job.repeat_off, job.repeat_edited = True, False
    db.session.flush()


def take_out(job: Job) -> None:
    """Note that a visit of a series leaves the schedule for good, before its row is deleted: it is not made again.

    The workflow that deletes the row calls it, in its transaction; a visit of no series needs nothing. A day that is
    noted already stays noted once.
    """
    if job.repeat_id is None or job.repeat_on is None or job.repeat_time_id is None:
        return
    place = (job.repeat_id, job.repeat_on, job.repeat_time_id)
    known = sa.select(RepeatSkip.id).where(
        sa.tuple_(RepeatSkip.repeat_id, RepeatSkip.on_date, RepeatSkip.repeat_time_id) == place
    )
    if db.session.scalar(known) is None:
        db.session.add(RepeatSkip(repeat_id=place[0], on_date=place[1], repeat_time_id=place[2]))
        db.session.flush()


def _make_again(repeat: Repeat, *, actor: Actor) -> Run:
    """Make what is missing, as far ahead as the series was made before."""
    until = max(repeat.generated_to or clock.today(), repeat_runs.horizon())
    return repeat_runs.generate([repeat], until, actor=actor)


# ---------------------------------------------------------------------------------------------------------- shared


def fresh(repeat_id: int) -> Repeat:
    """The series as it is in the database now; take the client's lock first. WrongState when it is gone."""
    repeat = db.session.scalar(
        sa.select(Repeat)
        .where(Repeat.id == repeat_id)
        .options(
            joinedload(Repeat.client), joinedload(Repeat.service_item), joinedload(Repeat.sitter),
            selectinload(Repeat.times).joinedload(RepeatTime.time_block), selectinload(Repeat.pauses),
            selectinload(Repeat.pets),
        )
        .execution_options(populate_existing=True)
    )  # fmt: skip
    if repeat is None:
        raise WrongState("repeat_gone", N_("This series no longer exists."))
    return repeat


def is_over(repeat: Repeat) -> bool:
    """Will it have no more visits?"""
    return not repeat.is_active or (repeat.ends_on is not None and repeat.ends_on < clock.today())


def require_going(repeat: Repeat) -> None:
    """Refuse a series that will have no more visits."""
    if is_over(repeat):
        raise WrongState("repeat_over", N_("This series has ended. Nothing was changed."))


def _log(verb: str, repeat: Repeat, actor: Actor, **more: object) -> None:
    facts: Mapping[str, object] = {"series": in_short(repeat), "starts_on": repeat.starts_on, **more}
    activity.record(verb, actor=actor, subject=repeat, client=repeat.client, **facts)
