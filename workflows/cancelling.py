"""Calling visits off, and back on: cancelled visits stay in the schedule, greyed, with their figures before.

*Cancel* is for visits still to come and may cost the policy's fee; *void* is for the past, for what should not count.
Both keep price and pay as they were, so that `reinstate` and `unvoid` can bring them back. The row stays whatever
happens, so a series never makes the same visit again.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import (
    JOB_MOVES,
    Activity,
    CancellationReason,
    ChangeRequest,
    Client,
    Initiator,
    Job,
    JobState,
    Staff,
)
from workflows import activity, cancel_news, cancellation, change_requests, conflicts, outbox, settings
from workflows.actors import Actor
from workflows.billing import note_hooks
from workflows.cancel_news import How
from workflows.cancellation import Outcome
from workflows.conflicts import ConflictsFound
from workflows.errors import N_, Conflict, Invalid, NotAllowed, WrongState
from workflows.jobs import check_sitter, fresh_jobs, not_now
from workflows.locks import lock_client, lock_living, lock_sitters
from workflows.mail_facts import JobScheduled, MailKind
from workflows.permissions import Permission
from workflows.plans import plan_of_job
from workflows.repeat_patterns import touched
from workflows.sitter_mails import by_sitter, in_short, tell
from workflows.visit_facts import job_facts, short
from workflows.wanted import clean_note

MOST_REASON = 255


def still_shown() -> sa.ColumnElement[bool]:
    """The condition under which a visit stands in schedules: cancelled ones leave them some days after their last day.

    The setting says how many; empty shows them for ever. They are never deleted.
    """
    return sa.or_(Job.state != JobState.CANCELLED, Job.ends_on >= shown_from())


def shown_from() -> dt.date:
    """Cancelled visits whose last day is this one or later stand in schedules, as `still_shown` says."""
    days = settings.read()["schedule.cancelled_days"]
    return dt.date.min if days is None else clock.today() - dt.timedelta(days=days)


def _move(job: Job, to: JobState) -> None:
    if to not in JOB_MOVES[job.state]:
        raise not_now(job)
    job.state = to


# ------------------------------------------------------------------------------------------------------- cancelling


def cancel(
    jobs: Sequence[Job],
    *,
    actor: Actor,
    reason: str = "",
    reason_id: int | None = None,
    mail_client: bool = True,
    initiator: Initiator = Initiator.OFFICE,
    outcomes: Mapping[int, Outcome] | None = None,
    policy: Mapping[int, Outcome] | None = None,
    fee_reason: str = "",
    told: bool = True,
    change_request: ChangeRequest | None = None,
) -> list[Job]:
    """Call visits of one client off that have not begun and are not past.

    `policy` is what the cancellation policy says of each visit ({job id: outcome}): what the client was shown before,
    or the preview of this moment for visits that are not in it. `outcomes` are the figures to take instead; where
    they differ from the policy's, `fee_reason` says why. A client's own act always counts as the client's (`initiator`).

    In this order: the visits become cancelled and stay, greyed; price and sitter pay go to the outcome's figures and
    the prior ones are kept, with who called it off and why; invoiced ones are credited (`billing.notes`); if asked, one mail to the client; what the client asked
    about them has no object any more (see `change_requests.supersede_for`); the sitters are told
    unless `told` is False: at once for visits within the set days, else in the evening; a notice on HOME when the
    client did it; a line in the log for each visit. All or nothing. Refused: begun, done, cancelled already
    (WrongState), past (WrongState 'job_past': void it instead); other figures than the policy's without the permission
    (NotAllowed) or without a reason (Invalid), a fee over the price or below nothing, an unknown reason (Invalid).
    """
    _require_may(jobs, actor)
    by = Initiator.CLIENT if actor.is_client else initiator
    how = How(by, _words(reason, reason_id), _why(fee_reason), mail_client, told, change_request)
    return _call_off(_locked(jobs), how, policy or {}, outcomes or {}, actor=actor)


def cancel_together(
    job_ids: Collection[int],
    client_ids: Collection[int],
    *,
    actor: Actor,
    reason: str,
    waive_fee: bool,
    fee_reason: str,
    mail_client: bool,
) -> list[Job]:
    """The office calls visits of these clients off, each client's as `cancel` does, in the order of the clients.

    At the policy's figures of this moment, or free with `waive_fee`. All clients are locked first, and what each would
    ask the database for is asked once. All or nothing, whoever's visit is refused; one that is gone or is another
    client's by now is refused with WrongState.
    """
    actor.require(Permission.SCHEDULE)
    how = How(Initiator.OFFICE, _words(reason, None), _why(fee_reason), mail_client)
    lock_living(client_ids)
    found = fresh_jobs(job_ids)
    if len(found) != len(job_ids) or not {job.client_id for job in found} <= set(client_ids):
        raise WrongState("job_gone", N_("This visit no longer exists."))
    policy = cancellation.preview(found, initiator=how.by)
    free = {i: replace(outcome, charge=outcome.charge * 0) for i, outcome in policy.items()} if waive_fee else {}
    return _call_off(found, how, policy, free, actor=actor)


def _call_off(
    found: list[Job], how: How, policy: Mapping[int, Outcome], outcomes: Mapping[int, Outcome], *, actor: Actor
) -> list[Job]:
    """What `cancel` does with the visits, as they are now, of clients whose rows are held."""
    for job in found:
        if JobState.CANCELLED not in JOB_MOVES[job.state]:
            raise not_now(job)
        if job.ends_on < clock.today():
            raise WrongState("job_past", N_("This visit is in the past and cannot be cancelled."))
    chosen, other = _decide(found, policy, outcomes, by=how.by, why=how.why, actor=actor)
    shown = {job.id: replace(job_facts(job), price="", fee=_fee(chosen[job.id])) for job in found}
    for job in found:
        _move(job, JobState.CANCELLED)
        touched(job)
        _keep_figures(job, chosen[job.id])
        job.cancelled_at, job.cancel_reason, job.cancelled_by = clock.now(), how.text, how.by
        job.fee_reason = how.why if job.id in other else ""
    db.session.flush()
    cancel_news.follow(found, how, chosen, shown, actor=actor)
    db.session.flush()
    return found


def _require_may(jobs: Sequence[Job], actor: Actor) -> None:
    """Clients call off their own visits (how late, the limits say before); else it takes the schedule's permission."""
    if not jobs:
        raise Invalid("no_jobs", N_("Tick at least one visit."))
    if actor.client is None:
        actor.require(Permission.SCHEDULE)
    elif actor.client.id != jobs[0].client_id:
        raise NotAllowed("not_allowed", N_("Your account does not allow this."))


def _words(reason: str, reason_id: int | None) -> str:
    """The reason of the list, the words, or both."""
    text = clean_note(reason)
    if reason_id is None:
        return text
    listed = db.session.get(CancellationReason, reason_id)
    if listed is None or not listed.is_active:
        raise Invalid("bad_reason", N_("Choose a reason from the list."), field="reason_id")
    return f"{listed.name}: {text}" if text else listed.name


def _why(fee_reason: str) -> str:
    text = " ".join(fee_reason.split())
    if len(text) > MOST_REASON:
        raise Invalid("fee_reason_long", N_("Say why in at most %(most)s characters."), field="fee_reason", most=MOST_REASON)  # fmt: skip
    return text


def _locked(jobs: Sequence[Job]) -> list[Job]:
    """The visits as they are now, while nobody else can change anything of this client."""
    client_id, ids = jobs[0].client_id, {j.id for j in jobs}
    lock_client(client_id)
    found = [j for j in fresh_jobs(ids) if j.client_id == client_id]
    if len(found) != len(ids):
        raise WrongState("job_gone", N_("This visit no longer exists."))
    return found


def _decide(
    jobs: Sequence[Job],
    policy: Mapping[int, Outcome],
    outcomes: Mapping[int, Outcome],
    *,
    by: Initiator,
    why: str,
    actor: Actor,
) -> tuple[dict[int, Outcome], set[int]]:
    """The figures that are taken, and which visits get others than the policy's; refused as `cancel` says."""
    expected = dict(policy)
    if any(job.id not in expected for job in jobs):
        expected = {**cancellation.preview(jobs, initiator=by), **expected}
    chosen = {job.id: outcomes.get(job.id, expected[job.id]) for job in jobs}
    other: set[int] = set()
    for job in jobs:
        outcome, theirs = chosen[job.id], expected[job.id]
        if (outcome.charge, outcome.sitter_pay) != (theirs.charge, theirs.sitter_pay):
            _check_figures(job, outcome, why=why, actor=actor)
            other.add(job.id)
    return chosen, other


def _check_figures(job: Job, outcome: Outcome, *, why: str, actor: Actor) -> None:
    """May this visit get these figures, which are not the policy's?"""
    actor.require(Permission.FEES)
    if not 0 <= outcome.charge <= job.price:
        raise Invalid("fee_range", N_("The fee must be between 0 and the visit's price, %(price)s."), field="charge", price=job.price)  # fmt: skip
    if outcome.sitter_pay < 0:
        raise Invalid("pay_range", N_("The sitter's pay cannot be below 0."), field="sitter_pay")
    if not why:
        raise Invalid("no_fee_reason", N_("Say why you take other figures than your policy's."), field="fee_reason")


def _keep_figures(job: Job, outcome: Outcome) -> None:
    job.prior_price, job.prior_sitter_pay = job.price, job.sitter_pay
    job.price, job.sitter_pay, job.refund_to = outcome.charge, outcome.sitter_pay, outcome.refund_to


def _fee(outcome: Outcome) -> str:
    return str(outcome.charge) if outcome.charge else ""


# ----------------------------------------------------------------------------------------------------- reinstating


def reinstate(
    job: Job,
    *,
    actor: Actor,
    accept: Iterable[str] = (),
    sitter: Staff | None = None,
    leave_unassigned: bool = False,
    mail_client: bool = False,
    seen_version: int | None = None,
) -> Job:
    """Put a cancelled visit back into the schedule, with the price and the sitter's pay that it had.

    Its sitter gets it again, or `sitter`, or nobody with `leave_unassigned`. In this order: the row, with nothing left
    of the cancellation; what was credited is asked for again; if asked, a mail to the client; the sitter is told as of a new visit; the log. Refused: not
    cancelled (WrongState), its last day is past (WrongState 'job_past'), changed since `seen_version` (Conflict), its
    sitter has left and no other was chosen (Invalid 'sitter_left'), conflicts not in `accept` (ConflictsFound).
    """
    actor.require(Permission.SCHEDULE)
    check_sitter(sitter)
    (fresh,) = _locked([job])
    _check_seen(fresh, seen_version)
    if fresh.state is not JobState.CANCELLED:
        raise not_now(fresh)
    if fresh.ends_on < clock.today():
        raise WrongState("job_past", N_("This visit is in the past and cannot take place any more."))
    who = None if leave_unassigned else sitter or fresh.sitter
    if who is not None and not (who.is_active and who.is_sitter):
        raise Invalid(
            "sitter_left", N_("%(name)s cannot be given visits any more. Choose somebody else."), field="sitter", name=str(who)
        )  # fmt: skip
    lock_sitters([who.id if who else None])
    asks_for_key = not fresh.service_item.key_not_needed
    plan = replace(plan_of_job(fresh), sitter_id=who.id if who else None, asks_for_key=asks_for_key)
    found = conflicts.find([plan])
    if conflicts.stand_against(found, accept):
        raise ConflictsFound(found)
    _move(fresh, JobState.SCHEDULED)
    touched(fresh)
    changes = _restore_figures(fresh)
    fresh.sitter, fresh.acknowledged_at = who, None
    db.session.flush()
    note_hooks.follow([fresh], actor=actor, cause="reinstated")
    _tell_reinstated(fresh, changes, actor=actor, mail_client=mail_client)
    db.session.flush()
    return fresh


def _check_seen(job: Job, seen_version: int | None) -> None:
    if seen_version is not None and job.version != seen_version:
        raise Conflict("stale", N_("Someone changed this visit meanwhile. Look at it again, then make your change."))


def _restore_figures(job: Job) -> dict[str, list[object]]:
    """Price and pay as before; nothing is left of why it was called off. The figures before and now, for the log."""
    before = job.price, job.sitter_pay
    job.price = job.price if job.prior_price is None else job.prior_price
    job.sitter_pay = job.sitter_pay if job.prior_sitter_pay is None else job.prior_sitter_pay
    job.prior_price = job.prior_sitter_pay = job.cancelled_at = job.cancelled_by = job.refund_to = None
    job.cancel_reason = job.fee_reason = ""
    return cancel_news.pairs((before[0], job.price), (before[1], job.sitter_pay))


def _tell_reinstated(job: Job, changes: dict[str, list[object]], *, actor: Actor, mail_client: bool) -> None:
    client: Client = job.client
    if mail_client:
        facts = JobScheduled(str(client), client.account_number, 0, (job_facts(job),))
        outbox.queue_client_mail(MailKind.VISIT_REINSTATED, facts, client=client)
    left = [s for s, own in by_sitter([job]).items() if tell(MailKind.SITTER_VISIT_ASSIGNED, s, own)]
    activity.record(
        "job.reinstated", actor=actor, subject=job, client=client, n_jobs=1, jobs=[short(job_facts(job))],
        changes=changes, evening=[s.id for s in left], news={str(s.id): f"{in_short(job)} ({s})" for s in left},
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- voiding


def void(jobs: Sequence[Job], *, actor: Actor, reason: str) -> list[Job]:
    """Take visits that are done, or past and never begun, out of what counts: nobody is charged, nobody is paid.

    The rows stay; price and pay become zero and the prior figures are kept; the log says why, and what the visit was
    before, so that `unvoid` can restore it. Nobody is mailed, but clients who still wait for an answer about a visit that
    began: that ends here if the worker has not ended it yet (`change_requests.expire`). All or nothing. Refused: no reason (Invalid); still to
    come or today (WrongState 'job_ahead': cancel it instead), begun, cancelled or void already (WrongState).
    """
    actor.require(Permission.SCHEDULE)
    text = clean_note(reason)
    if not text:
        raise Invalid("no_reason", N_("Say why this visit should not count."), field="reason")
    if not jobs:
        raise Invalid("no_jobs", N_("Tick at least one visit."))
    found = _locked(jobs)
    for job in found:
        if JobState.VOIDED not in JOB_MOVES[job.state]:
            raise not_now(job)
        if job.state is JobState.SCHEDULED and job.ends_on >= clock.today():
            raise WrongState("job_ahead", N_("This visit is still to come. Cancel it instead."))
    for client in {job.client_id: job.client for job in found}.values():
        change_requests.expire(client, actor=actor)
    for job in found:
        was = job.state
        _move(job, JobState.VOIDED)
        _keep_figures(job, cancellation.FREE)
        job.cancelled_at, job.cancelled_by, job.cancel_reason = clock.now(), Initiator.OFFICE, text
        db.session.flush()
        activity.record(
            "job.voided", actor=actor, subject=job, client=job.client, reason=text, n_jobs=1,
            jobs=[short(job_facts(job))], changes=cancel_news.changes(job), was=was,
        )  # fmt: skip
    db.session.flush()
    note_hooks.follow(found, actor=actor, cause="voided")
    return found


def unvoid(jobs: Sequence[Job], *, actor: Actor) -> list[Job]:
    """Let void visits count again: done or missed as they were before, with the price and pay that they had; logged.

    All or nothing; refused with WrongState for a visit that is not void.
    """
    actor.require(Permission.SCHEDULE)
    if not jobs:
        raise Invalid("no_jobs", N_("Tick at least one visit."))
    found = _locked(jobs)
    for job in found:
        if job.state is not JobState.VOIDED:
            raise not_now(job)
    done = _done_before(found)
    for job in found:
        _move(job, JobState.COMPLETED if job.id in done else JobState.SCHEDULED)
        changes = _restore_figures(job)
        db.session.flush()
        activity.record(
            "job.unvoided", actor=actor, subject=job, client=job.client, n_jobs=1, jobs=[short(job_facts(job))],
            changes=changes,
        )  # fmt: skip
    db.session.flush()
    note_hooks.follow(found, actor=actor, cause="unvoided")
    return found


def _done_before(jobs: Sequence[Job]) -> set[int]:
    """Which of these void visits had been completed? Their last "voided" line in the log knows."""
    was: dict[int, str] = {}
    for line in db.session.scalars(
        sa.select(Activity)
        .where(
            Activity.subject_type == "job", Activity.subject_id.in_([j.id for j in jobs]), Activity.verb == "job.voided"
        )
        .order_by(Activity.id)
    ):
        was[line.subject_id or 0] = str(line.facts.get("was"))
    return {job_id for job_id, state in was.items() if state == JobState.COMPLETED.value}
