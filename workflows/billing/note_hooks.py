"""What a changed visit does to the money: called from every place that changes, calls off or deletes visits.

The caller holds the client's lock and has flushed; for visits that were never invoiced this is one query.
"""

from collections.abc import Iterable, Mapping, Sequence

from models import InvoiceLine, Job, JobState, NoteKind, PackageUse
from workflows import settings
from workflows.actors import Actor
from workflows.billing import note_changes, notes, packages, visit_lines


def follow(
    jobs: Sequence[Job],
    *,
    actor: Actor,
    cause: str = "changed",
    in_portal: bool = False,
    lines: Mapping[int, InvoiceLine] | None = None,
) -> None:
    """These visits were changed, called off or put back: their drafts, packages and notes follow.

    `in_portal`: the client cancelled them in the portal; the credit then counts at once, as the setting says. `lines`
    is what `visit_lines.live_lines` said of them, and of others, under the same locks.
    """
    if lines is None:
        lines = visit_lines.live_lines(job.id for job in jobs)
    billed = [job for job in jobs if job.id in lines]
    if not billed:
        return
    _follow_packages(billed, {job.id: lines[job.id] for job in billed})
    touched = note_changes.change_for(billed, actor=actor, cause=cause)
    if in_portal and cause == "cancelled" and settings.read()["billing.commit_on_cancel"]:
        ids = {job.id for job in billed}
        for note in touched:
            if note.kind is NoteKind.CREDIT and any(line.job_id in ids for line in note.lines):
                notes.commit_now(note, actor=actor)


def let_go(jobs: Sequence[Job], *, actor: Actor) -> None:
    """These visits are about to be deleted: what was billed of them is credited whole, their packages get it back."""
    lines = visit_lines.live_lines(job.id for job in jobs)
    for use in visit_lines.package_uses(lines).values():
        packages.give_back(use)
    note_changes.change_for([job for job in jobs if job.id in lines], actor=actor, cause="back_to_request", gone=True)


def _follow_packages(jobs: Iterable[Job], lines: dict[int, InvoiceLine]) -> None:
    """What does not take place gives its place back, unless it is charged in full; what is put back takes one again."""
    uses = visit_lines.package_uses(lines)
    for job in jobs:
        use = uses.get(job.id)
        if use is not None and not _keeps(use, job):
            packages.give_back(use)
        elif use is None and packages.paid(lines[job.id]):
            packages.draw(job, packages.open_packages(job.client_id))


def _keeps(use: PackageUse, job: Job) -> bool:
    if job.state is JobState.VOIDED:
        return False
    if job.state is JobState.CANCELLED:
        return bool(job.price) and job.price == job.prior_price
    return packages.still_covers(use, job)
