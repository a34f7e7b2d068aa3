"""Calling visits off, and back on: cancelled visits stay in the schedule, greyed, with their figures before."""

from collections.abc import Sequence

from foundation import clock
from foundation.db import db
from models import JOB_MOVES, Job, JobState
from workflows import activity, outbox
from workflows.actors import Actor
from workflows.errors import N_, Invalid, WrongState
from workflows.jobs import get_fresh, not_now
from workflows.locks import lock_client
from workflows.mail_facts import MailKind, VisitCancelled
from workflows.permissions import Permission
from workflows.sitter_mails import by_sitter, in_short, is_near, tell
from workflows.visit_facts import job_facts, short
from workflows.wanted import clean_note


def _move(job: Job, to: JobState) -> None:
    if to not in JOB_MOVES[job.state]:
        raise not_now(job)
    job.state = to


def cancel(jobs: Sequence[Job], *, actor: Actor, reason: str = "", mail_client: bool = True) -> list[Job]:
    """The office cancels visits of one client that have not begun and are not past.

    They stay in the schedule, greyed; price and pay become zero and the prior figures are kept; if asked, one mail to
    the client; the sitters are told; the log. All or nothing: refused with WrongState for a visit that has begun, is
    done or cancelled already, or lies in the past (void it instead).
    """
    actor.require(Permission.SCHEDULE)
    text = clean_note(reason)
    if not jobs:
        raise Invalid("no_jobs", N_("Tick at least one visit."))
    client = jobs[0].client
    lock_client(client.id)
    current = [get_fresh(j.id) for j in jobs]
    found = [j for j in current if j is not None and j.client_id == client.id]
    if len(found) != len(jobs):
        raise WrongState("job_gone", N_("This visit no longer exists."))
    for job in found:
        if JobState.CANCELLED not in JOB_MOVES[job.state]:
            raise not_now(job)
        if job.ends_on < clock.today():
            raise WrongState("job_past", N_("This visit is in the past and cannot be cancelled."))
    for job in found:
        _move(job, JobState.CANCELLED)
        job.prior_price, job.prior_sitter_pay = job.price, job.sitter_pay
        job.price = job.sitter_pay = job.price * 0
        job.cancelled_at, job.cancel_reason = clock.now(), text
    db.session.flush()
    news: dict[int, str] = {}
    for sitter, own in by_sitter(found).items():
        if tell(MailKind.SITTER_VISIT_TAKEN_AWAY, sitter, own, because="cancelled"):
            news[sitter.id] = "; ".join(in_short(j) for j in own if not is_near(j)) + " ✗"
    if mail_client:
        facts = VisitCancelled(str(client), client.account_number, tuple(job_facts(j) for j in found), text)
        outbox.queue_client_mail(MailKind.VISIT_CANCELLED, facts, client=client)
    activity.record(
        "job.cancelled", actor=actor, subject=found[0], client=client, reason=text, n_jobs=len(found),
        jobs=[short(job_facts(j)) for j in found[:20]], evening=sorted(news), news=news,
    )  # fmt: skip
    db.session.flush()
    return found
