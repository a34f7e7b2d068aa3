"""Who hears of what a series did: its sitter, at once or in the evening's mail; the office on HOME when it is odd."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from foundation import clock
from foundation.db import db
from foundation.types import UTCDateTime
from models import Job, JobState, Notification, NotificationKind, Repeat, Staff
from workflows import activity, notifications, settings, sitter_mails
from workflows.actors import Actor
from workflows.mail_facts import MailKind
from workflows.repeat_patterns import DAY, Occurrence, in_short

#: the nightly run makes visits that are far away; only so near ones would surprise their sitter
SURPRISE_DAYS = 3
SAID_AGAIN = dt.timedelta(days=14)


def tell_sitters(
    several: Sequence[tuple[Repeat, int | None, Sequence[Occurrence]]], *, actor: Actor, quiet: bool = False
) -> None:
    """Tell sitters (by id) of the visits that series made: for each series one mail with the near ones, and one line of
    the evening's mail with the others. A `quiet` run tells of the next three days only: the sitter knows the series."""
    days = settings.read()["mail.sitter_days"]
    last_near = clock.today() + DAY * (min(days, SURPRISE_DAYS) if quiet else days)
    near = {r.id: [x for x in made if x.on_date <= last_near] if days and to else [] for r, to, made in several}
    visits = _visits_at(near)
    for repeat, sitter_id, made in several:
        sitter = db.session.get(Staff, sitter_id) if sitter_id and made else None
        if sitter is not None:
            _tell(repeat, sitter, made, near[repeat.id], visits.get(repeat.id, []), actor=actor, quiet=quiet)


def _tell(
    repeat: Repeat, sitter: Staff, made: Sequence[Occurrence], near: Sequence[Occurrence], visits: Sequence[Job], *, actor: Actor, quiet: bool
) -> None:  # fmt: skip
    late: list[Occurrence] = []
    if near and sitter_mails.tell(MailKind.SITTER_VISIT_ASSIGNED, sitter, visits):
        late = list(near)
    far = [*late, *([] if quiet else made[len(near) :])]
    if far:
        span = f"{far[0].on_date} - {far[-1].on_date}"
        activity.record(
            "job.repeated", actor=actor, subject=repeat, client=repeat.client, n_jobs=len(far), evening=[sitter.id],
            after=f"{in_short(repeat)}, {span}, {repeat.client} ({sitter})",
        )  # fmt: skip


def _visits_at(slots: Mapping[int, Sequence[Occurrence]]) -> Mapping[int, list[Job]]:
    """{series: its scheduled visits of these days and times, with what mails need}. Two queries."""
    wanted = {(repeat_id, *x.slot) for repeat_id, own in slots.items() for x in own}
    found: dict[int, list[Job]] = defaultdict(list)
    if not wanted:
        return found
    days = [day for _repeat_id, day, _time_id in wanted]
    repeat_ids = sorted({repeat_id for repeat_id, _day, _time_id in wanted})
    for job in db.session.scalars(_VISITS, {"repeat_ids": repeat_ids, "first": min(days), "last": max(days)}):
        if job.repeat_id is not None and (job.repeat_id, job.repeat_on, job.repeat_time_id) in wanted:
            found[job.repeat_id].append(job)
    return found


# Built once: a nightly run asks for every piece.
_VISITS = (
    sa.select(Job)
    .where(
        # not `among`: SQLite would look for the days in all that is scheduled
        Job.repeat_id.in_(sa.bindparam("repeat_ids", expanding=True)),
        Job.repeat_on.between(sa.bindparam("first", type_=sa.Date), sa.bindparam("last", type_=sa.Date)),
        Job.state == JobState.SCHEDULED,
    )
    .options(
        joinedload(Job.client), joinedload(Job.service_item), joinedload(Job.time_block), joinedload(Job.sitter),
        selectinload(Job.pets),
    )
    .order_by(Job.on_date, Job.start_time, Job.id)
)  # fmt: skip
_STILL_SAID = sa.select(Notification).where(
    Notification.kind == NotificationKind.SERIES_TROUBLE,
    Notification.client_id == sa.bindparam("client_id", type_=sa.Integer),
    sa.or_(
        Notification.dismissed_at.is_(None), Notification.created_at > sa.bindparam("said_since", type_=UTCDateTime)
    ),
)


def report_trouble(
    repeat: Repeat, *, remarks: Collection[str], n_conflicts: int, on_date: dt.date | None
) -> Notification | None:
    """Put a line on HOME when the office should look at a series; while one stands there, no second one is added.

    One that was dismissed comes again with the next conflict, or when nothing has been done about the rest for long.
    """
    told = [r for r in ("no_pets", "sitter_left", "sitter_blocked", "item_inactive") if r in remarks]
    if n_conflicts:
        told.append("conflicts")
    if not told:
        return None
    # With a conflict, what was dismissed does not count, however lately it was said.
    since = clock.now() + (SAID_AGAIN if n_conflicts else -SAID_AGAIN)
    for line in db.session.scalars(_STILL_SAID, {"client_id": repeat.client_id, "said_since": since}):
        if line.facts.get("repeat_id") == repeat.id and line.facts.get("told") == told:
            line.facts = {**line.facts, "n_conflicts": line.facts.get("n_conflicts", 0) + n_conflicts}
            return line
    return notifications.notify_office(
        NotificationKind.SERIES_TROUBLE, client=repeat.client, repeat_id=repeat.id, series=in_short(repeat), told=told,
        n_conflicts=n_conflicts, on_date=on_date,
    )  # fmt: skip
