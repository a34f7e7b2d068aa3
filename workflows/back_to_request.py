"""Back to request: a visit leaves the schedule and waits for the office again, for example when its sitter fell ill."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from foundation import clock
from foundation.db import db
from models import Job, JobRequest, JobRequestLine, JobState, LineState, Staff
from workflows import activity, change_requests, repeats, request_threads
from workflows.actors import Actor
from workflows.billing import note_hooks
from workflows.errors import N_, Invalid, WrongState
from workflows.job_requests import move_line, next_number
from workflows.jobs import fresh_jobs, not_now
from workflows.locks import lock_client
from workflows.mail_facts import MailKind
from workflows.permissions import Permission
from workflows.requested_stays import is_long
from workflows.sitter_mails import at_once, by_sitter, in_short, tell
from workflows.visit_facts import job_facts, short
from workflows.wanted import Slot, clean_note, fingerprint

#: how the log names it
VERB = "job.back_to_request"


def back_to_request(
    jobs: Sequence[Job], *, actor: Actor, message: str = "", keep_sitter: bool = False
) -> list[JobRequestLine]:
    """Turn scheduled visits of one client into requests again.

    In this order: what the client asked about them is superseded; the visits leave the schedule; their lines wait again under their old number, as the visits were at
    last, a stay with its last day and its end; what was invoiced of them is credited whole, and asked for again once they are scheduled, but for those that the program of before has billed; visits that no request stands behind (booked by the office, made by a series) get a new request; a series
    never makes those visits again; their sitters are told that they are gone, and stay proposed with `keep_sitter`
    only; a `message`, if there is one, goes to the client and onto the request's thread, else the client hears
    nothing; the log keeps the story. All or nothing. Refused: begun, done, cancelled or void, or past (WrongState); gone
    already (WrongState 'job_gone').
    """
    actor.require(Permission.SCHEDULE)
    actor.require(Permission.REQUESTS)
    text = clean_note(message)
    if not jobs:
        raise Invalid("no_jobs", N_("Tick at least one visit."))
    found = _take(jobs)
    change_requests.supersede_for(found, actor=actor)
    later = _tell_sitters(found)
    said = {job.id: short(job_facts(job)) for job in found}
    sitters = {job.id: job.sitter for job in found}
    news = {job.id: f"{in_short(job)} ✗" for job in found if job.id in later}
    gone = {job.id: {"id": job.public_id, "with": job.sitter_id, "was": said[job.id]} for job in found if job.sitter_id}
    moved = _make_lines(found, keep_sitter=keep_sitter)
    note_hooks.let_go(found, actor=actor)
    for job in found:
        repeats.take_out(job)
        job.request_line = None
        db.session.delete(job)
    db.session.flush()
    by_request: dict[JobRequest, list[tuple[Job, JobRequestLine]]] = defaultdict(list)
    for pair in moved:
        by_request[pair[1].request].append(pair)
    for request, own in by_request.items():
        ids = [job.id for job, _line in own]
        left = [gone[i] for i in ids if i in gone]
        _log(request, [said[i] for i in ids], _news(ids, sitters, news), left, actor=actor, message=text)
        if text:
            lines = [line for _job, line in own]
            request_threads.write(request, lines, body=text, to_client=True, to_sitters=False, actor=actor)
    db.session.flush()
    return [line for _job, line in moved]


def _take(jobs: Sequence[Job]) -> list[Job]:
    """The visits as they are now, under the client's lock, if all of them can go back."""
    client_id, ids = jobs[0].client_id, {j.id for j in jobs}
    lock_client(client_id)
    found = [j for j in fresh_jobs(ids) if j.client_id == client_id]
    if len(found) != len(ids):
        raise WrongState("job_gone", N_("This visit no longer exists."))
    for job in found:
        if refusal := why_not(job):
            raise refusal
    return found


def why_not(job: Job) -> WrongState | None:
    """Why this visit cannot become a request again, or None; the visit's page says the same."""
    if job.state is not JobState.SCHEDULED:
        return not_now(job)
    if job.ends_on < clock.today():
        return WrongState("job_past", N_("This visit is in the past and cannot be requested any more."))
    return None


def _make_lines(jobs: Iterable[Job], *, keep_sitter: bool) -> list[tuple[Job, JobRequestLine]]:
    """The line behind each visit, waiting and as the visit was at last; new lines for visits that had none."""
    fresh_request: JobRequest | None = None
    made = []
    for job in jobs:
        line = job.request_line
        if line is None:
            if fresh_request is None:
                fresh_request = JobRequest(client=job.client, number=next_number(), submitted_at=clock.now())
                db.session.add(fresh_request)
            line = JobRequestLine(
                request=fresh_request, client=job.client, state=LineState.SUBMITTED, submitted_at=clock.now()
            )
        else:
            move_line(line, LineState.SUBMITTED)
        line.service_item, line.on_date, line.start_time = job.service_item, job.on_date, job.start_time
        line.ends_on, line.end_time = (job.ends_on, job.end_time) if is_long(job) else (None, None)
        line.time_block, line.pets, line.price = job.time_block, list(job.pets), job.price
        line.note, line.staff_note, line.billed_elsewhere = job.note, job.staff_note, job.billed_elsewhere
        line.sitter, line.leave_unassigned = job.sitter if keep_sitter else None, False
        slot = Slot(job.on_date, job.start_time, job.time_block)
        line.fingerprint = fingerprint(job.service_item, slot, job.pets)
        db.session.add(line)
        made.append((job, line))
    db.session.flush()
    return made


def _tell_sitters(jobs: Sequence[Job]) -> set[int]:
    """Mail the sitters of near visits; return the visits that are left for the evening's mail."""
    later: set[int] = set()
    for sitter, own in by_sitter(jobs).items():
        tell(MailKind.SITTER_VISIT_TAKEN_AWAY, sitter, own, because="request")
        later |= {j.id for j in own if not at_once(MailKind.SITTER_VISIT_TAKEN_AWAY, sitter, j)}
    return later


def _news(job_ids: Iterable[int], sitters: dict[int, Staff | None], news: dict[int, str]) -> dict[int, str]:
    """{staff id: what the evening's mail says}."""
    found: dict[int, list[str]] = defaultdict(list)
    for job_id in job_ids:
        sitter = sitters[job_id]
        if sitter is not None and job_id in news:
            found[sitter.id].append(news[job_id])
    return {staff_id: "; ".join(lines) for staff_id, lines in found.items()}


def _log(
    request: JobRequest,
    said: list[str],
    news: dict[int, str],
    left: list[dict[str, object]],
    *,
    actor: Actor,
    message: str,
) -> None:
    """`left`: the visits that had a sitter, by which one who was there all the same is known (`visit_gone`)."""
    activity.record(
        VERB, actor=actor, subject=request, client=request.client, number=request.number, n_jobs=len(said), jobs=said[:20],
        message=message, evening=sorted(news), news=news, left=left,
    )  # fmt: skip
