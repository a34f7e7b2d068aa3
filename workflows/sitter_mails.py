"""Telling sitters about their visits: at once for visits within the set number of days, else with the evening's schedule.

The log keeps who is still to be told in the evening (`evening` in its facts); `evening_schedules` reads it from there.
"""

import contextvars
import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from foundation import clock
from foundation.db import db
from models import Activity, Client, Job, JobState, OutboxMail, Staff
from workflows import activity, homes, key_facts, plans, settings, sitter_access, staff_mails, stretches
from workflows.actors import Actor
from workflows.mail_facts import KeyToFetch, MailKind, SitterSchedule, SitterScheduleEntry, SitterVisits, VisitFacts
from workflows.visit_facts import job_facts, short

#: how far back the evening's mail looks for changes that a sitter has not been told of
NEWS_KEPT = dt.timedelta(days=7)
#: who reads of a visit in the evening alone must still have so long to get there
TOO_LATE = dt.timedelta(hours=2)
#: the worker looks each five minutes: a later time of day would be over, and the day with it, before it looked again
LATEST = dt.time(23, 50)


@dataclass(frozen=True)
class Told:
    """What a sitter would have been mailed, kept for one mail about many visits."""

    #: "gone", "gained" or "moved"
    list_name: str
    sitter: Staff
    jobs: tuple[Job, ...]
    was: VisitFacts | None = None


_LISTS = {
    MailKind.SITTER_VISIT_TAKEN_AWAY: "gone",
    MailKind.SITTER_VISIT_ASSIGNED: "gained",
    MailKind.SITTER_VISIT_MOVED: "moved",
}
_gathering: contextvars.ContextVar[list[Told] | None] = contextvars.ContextVar("gathering", default=None)


@contextmanager
def gathered() -> Iterator[list[Told]]:
    """Inside, sitters are told nothing, neither at once nor in the evening; the list holds what they must be told."""
    told: list[Told] = []
    token = _gathering.set(told)
    try:
        yield told
    finally:
        _gathering.reset(token)


def by_sitter(jobs: Iterable[Job]) -> dict[Staff, list[Job]]:
    """Whose visits are they? Visits that nobody does are left out."""
    grouped: dict[Staff, list[Job]] = defaultdict(list)
    for job in jobs:
        sitter = job.sitter or (db.session.get(Staff, job.sitter_id) if job.sitter_id else None)
        if sitter is not None:
            grouped[sitter].append(job)
    return grouped


def tell_assigned(jobs: Sequence[Job], *, actor: Actor) -> None:
    """Tell sitters of visits that are theirs now: one mail each for the near ones, a mark for the evening's mail."""
    for sitter, own in by_sitter(jobs).items():
        if tell(MailKind.SITTER_VISIT_ASSIGNED, sitter, own):
            far = [j for j in own if not at_once(MailKind.SITTER_VISIT_ASSIGNED, sitter, j)]
            activity.record(
                "job.assigned", actor=actor, subject=far[0], client=far[0].client, evening=[sitter.id], n_jobs=len(far),
                after=f"{'; '.join(in_short(j) for j in far)} ({sitter})",
            )  # fmt: skip


def in_short(job: Job) -> str:
    """One line for the evening's mail: no price in it."""
    return short(job_facts(job, for_sitter=True))


def is_near(job: Job, was: VisitFacts | None = None, *, within: str = "mail.sitter_days") -> bool:
    """Must the sitter hear of it at once? Also when only its old day was near; not of what is past.

    `within` is the setting that says in how many days; 0 of them means never at once. Inside `gathered` all are: they
    come with the one mail, not with the evening's.
    """
    if _gathering.get() is not None:
        return True
    days = settings.read()[within]
    first, last = job.on_date, job.ends_on
    if was is not None:
        first = min(first, dt.date.fromisoformat(was.on_date))
        last = max(last, dt.date.fromisoformat(was.ends_on or was.on_date))
    return days > 0 and first <= clock.today() + dt.timedelta(days=days) and last >= clock.today()


def at_once(
    kind: MailKind, sitter: Staff, job: Job, was: VisitFacts | None = None, *, within: str = "mail.sitter_days"
) -> bool:
    """Is this sitter mailed at once? As `is_near`; who refuses mails at once reads of it in the evening, unless the visit
    begins (or began, where it stood) before that mail has come, or soon after."""
    if not is_near(job, was, within=within):
        return False
    if _gathering.get() is not None or staff_mails.wants(sitter, kind):
        return True
    return _begins(job, was) <= staff_mails.leaves_at(sitter, _next_evening(clock.now())) + TOO_LATE


def _begins(job: Job, was: VisitFacts | None) -> dt.datetime:
    begins = plans.plan_of_job(job).window().earliest
    return begins if was is None else min(begins, begin_of(was))


def begin_of(visit: VisitFacts) -> dt.datetime:
    """The moment (UTC) at which a visit of a mail begins; that of its day where it has no time of its own."""
    start = dt.time.fromisoformat(visit.start_time) if visit.start_time else dt.time(0)
    return clock.from_local(dt.date.fromisoformat(visit.on_date), start)


def _next_evening(at: dt.datetime) -> dt.datetime:
    """When the evening's mail leaves the next time."""
    local, time = clock.to_local(at), settings.read()["mail.schedule_time"]
    day = local.date() if local.time().replace(tzinfo=None) < time else local.date() + dt.timedelta(days=1)
    return clock.from_local(day, time)


def tell(
    kind: MailKind,
    sitter: Staff,
    jobs: Sequence[Job],
    *,
    was: VisitFacts | None = None,
    because: str = "",
    within: str = "mail.sitter_days",
) -> list[Staff]:
    """Mail the near visits at once; return the sitter when some are left for the evening's mail.

    `was` is the one visit as it stood before: what a moved visit is compared with, and what a sitter has lost.
    """
    told = _gathering.get()
    if told is not None:
        told.append(Told(_LISTS[kind], sitter, tuple(jobs), was))
        return []
    near = [j for j in jobs if at_once(kind, sitter, j, was, within=within)]
    if near:
        lost = was if kind is MailKind.SITTER_VISIT_TAKEN_AWAY else None
        visits = (lost,) if lost else tuple(job_facts(j, for_sitter=True) for j in near)
        before = (was,) if was and not lost else ()
        facts = SitterVisits(sitter.first_name, str(near[0].client), visits, before, because)
        staff_mails.queue(kind, facts, staff=sitter, begins=min(_begins(j, was) for j in near), anyway=True)
    return [sitter] if len(near) < len(jobs) else []


def evening_schedules(*, now: dt.datetime | None = None) -> list[int]:
    """Queue each sitter's evening mail: tomorrow's visits, and changes since their last one not mailed at once.

    Does nothing before the set time of day; once a sitter and evening however often and by however many workers it
    is called (the mail's dedupe key). Sitters with neither visits nor news get none, nor do those who want no such
    mails without news and without keys to fetch. Returns the sitters' ids.
    """
    at = now or clock.now()
    local, values = clock.to_local(at), settings.read()
    if local.time().replace(tzinfo=None) < min(values["mail.schedule_time"], LATEST):
        return []
    tomorrow = local.date() + dt.timedelta(days=1)
    news = _news_since_last_evening(at)
    by_sitter: dict[int, list[Job]] = defaultdict(list)
    for job in db.session.scalars(
        sa.select(Job)
        .where(stretches.touching(tomorrow, tomorrow), Job.sitter_id.is_not(None))
        .where(Job.state.in_([JobState.SCHEDULED, JobState.IN_PROGRESS]))
        .options(joinedload(Job.client), joinedload(Job.service_item), joinedload(Job.time_block), selectinload(Job.pets))
        .order_by(Job.start_time, Job.id)
    ):  # fmt: skip
        by_sitter[job.sitter_id or 0].append(job)
    fetch = _keys_to_fetch(tomorrow)
    told, closed = [], sitter_access.closed_columns()
    wanted = set(news) | set(by_sitter)
    for sitter in db.session.scalars(sa.select(Staff).where(Staff.id.in_(wanted), Staff.is_active).order_by(Staff.id)):
        needed = news[sitter.id] or fetch[sitter.id]
        if not needed and not staff_mails.wants(sitter, MailKind.SITTER_SCHEDULE):
            continue
        entries = tuple(
            SitterScheduleEntry(str(j.client), address_of(j.client, closed), job_facts(j, for_sitter=True))
            for j in sorted(by_sitter[sitter.id], key=_day_order)
        )
        facts = SitterSchedule(
            sitter.first_name, tomorrow.isoformat(), entries, tuple(news[sitter.id]), tuple(fetch[sitter.id])
        )
        if staff_mails.queue(
            MailKind.SITTER_SCHEDULE, facts, staff=sitter, anyway=True,
            begins=min((_begins(j, None) for j in by_sitter[sitter.id]), default=None),
            dedupe_key=f"sitter_schedule:{sitter.id}:{local.date()}",
        ):  # fmt: skip
            told.append(sitter.id)
    db.session.flush()
    return told


def _keys_to_fetch(day: dt.date) -> Mapping[int, list[KeyToFetch]]:
    """The keys that each sitter still needs for a day, each once: {sitter id: keys}."""
    found: dict[int, dict[KeyToFetch, None]] = defaultdict(dict)
    for missing in key_facts.required(day, day):
        for key in missing.keys:
            found[missing.sitter_id][KeyToFetch(missing.client, key.reference, key.place.value, key.holder)] = None
        if not missing.keys:
            found[missing.sitter_id][KeyToFetch(missing.client, "", "")] = None
    fetch: dict[int, list[KeyToFetch]] = defaultdict(list)
    fetch.update({sitter_id: list(keys) for sitter_id, keys in found.items()})
    return fetch


def _news_since_last_evening(at: dt.datetime) -> Mapping[int, list[str]]:
    """What each sitter has not been told of yet: {sitter id: lines}.

    Counted from the sitter's own last evening mail, whenever that was (the worker may have been away, or late), at
    most a week back. The minute before it is looked at again: a change that was still being committed then would be
    lost, and a line that is read twice harms nobody.
    """
    last = dict(
        db.session.execute(
            sa.select(OutboxMail.staff_id, sa.func.max(OutboxMail.created_at))
            .where(OutboxMail.kind == MailKind.SITTER_SCHEDULE.value, OutboxMail.created_at > at - NEWS_KEPT)
            .group_by(OutboxMail.staff_id)
        ).all()
    )
    found: dict[int, dict[int, str]] = defaultdict(dict)
    fresh: dict[int, set[int]] = defaultdict(set)
    for line in db.session.scalars(
        sa.select(Activity).where(Activity.at > at - NEWS_KEPT, Activity.verb.like("job.%")).order_by(Activity.id)
    ):
        for staff_id in line.facts.get("evening", []):
            if staff_id in last and line.at < last[staff_id] - dt.timedelta(minutes=1):
                continue
            undone = line.facts.get("undoes", 0)
            if undone in fresh[staff_id]:  # undone before the sitter read of it: neither way is news
                del found[staff_id][undone]
                continue
            found[staff_id][line.id] = _news(line, staff_id)
            if staff_id not in last or line.at >= last[staff_id]:
                fresh[staff_id].add(line.id)
    news: dict[int, list[str]] = defaultdict(list)
    news.update({staff_id: list(lines.values()) for staff_id, lines in found.items() if lines})
    return news


def _news(line: Activity, staff_id: int) -> str:
    facts = line.facts
    if "news" in facts:
        return str(facts["news"][str(staff_id)])
    return f"{facts['before']} → {facts['after']}" if "before" in facts else str(facts.get("after", ""))


def _day_order(job: Job) -> tuple[dt.time, int]:
    start = job.start_time or (job.time_block.starts_at if job.time_block else dt.time(0))
    return start, job.id


def address_of(client: Client, closed: Collection[str] = ()) -> str:
    """Where the client lives, in one line, without `closed`: what the office does not show to sitters."""
    return homes.in_one_line(client, closed)
