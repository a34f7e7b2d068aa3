"""Warnings about visits: late, overdue, too short, far from home, unread, not done when the day is over.

`reasons` says what is wrong with one visit at one moment; `look` writes it down once, mails it once, and takes it back
when the reason is gone. The limits are the owner's settings (`alerts.*`); an empty one switches its warning off.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from foundation import clock
from foundation.among import among
from foundation.db import db
from foundation.twins import Twin
from models import (
    AlertKind,
    Client,
    Job,
    JobState,
    PlaceSource,
    ServiceItem,
    Staff,
    TimeBlock,
    TimeType,
    VisitAlert,
    VisitCheck,
)
from workflows import activity, outbox, settings
from workflows.actors import Actor
from workflows.mail_facts import AlertFacts, MailKind, VisitAlerts
from workflows.permissions import Permission
from workflows.plans import Window, plan_of_job
from workflows.settings import Values
from workflows.stretches import touching
from workflows.visit_facts import job_facts

#: how far back visits are looked at; an older warning stays until a person has seen it or the visit is done
DAYS_BACK = 2
#: checks that are older were looked at before; the worker may have been away
LATELY = dt.timedelta(hours=6)
#: what makes somebody act now; the others can be read in the evening
URGENT = (AlertKind.LATE, AlertKind.OVERDUE, AlertKind.NOT_COMPLETED)
_MINUTE = dt.timedelta(minutes=1)
_HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Reason:
    """What is wrong, and by how much: `minutes` late, overdue or short of, `metres` away."""

    kind: AlertKind
    minutes: int = 0
    metres: int = 0


def reasons(job: Job, checks: Collection[VisitCheck], values: Values, now: dt.datetime) -> list[Reason]:
    """What is wrong with a visit at this moment (UTC), by the settings; `checks` are those that count."""
    plan = plan_of_job(job)
    window = plan.window()
    is_open_ended = job.start_time is None and (plan.time_type is TimeType.ALL_DAY or job.ends_on > job.on_date)
    found = [
        _unread(job, values["alerts.unacknowledged_hours"], window, now),
        None if is_open_ended else _late(job, values["alerts.late_minutes"], window, now),
        _overdue(job, values["alerts.overdue_minutes"], window, now, whole=is_open_ended or job.ends_on > job.on_date),
        None if is_open_ended else _short(job, values["alerts.short_percent"], window),
        _far(checks, values["alerts.far_metres"]),
        _no_place(checks) if values["alerts.no_place"] else None,
        _not_completed(job, values["alerts.day_ends"], window, now),
    ]
    return [reason for reason in found if reason is not None]


def _unread(job: Job, hours: int | None, window: Window, now: dt.datetime) -> Reason | None:
    """From some hours before it until it begins: then it is late, or not."""
    if hours is None or job.state is not JobState.SCHEDULED or job.acknowledged_at or job.sitter_id is None:
        return None
    return Reason(AlertKind.UNACKNOWLEDGED) if window.earliest - hours * _HOUR <= now < window.earliest else None


def _late(job: Job, minutes: int | None, window: Window, now: dt.datetime) -> Reason | None:
    """Counted from the last moment at which it could begin: its time, or what its block leaves room for."""
    if minutes is None or job.state is not JobState.SCHEDULED:
        return None
    late = now - (window.latest - window.length)
    return Reason(AlertKind.LATE, minutes=late // _MINUTE) if late >= minutes * _MINUTE else None


def _overdue(
    job: Job, minutes: int | None, window: Window, now: dt.datetime, *, whole: bool
) -> Reason | None:  # fmt: skip
    """Who came late leaves late: counted from check-in, but for stays, which have an end of their own."""
    if minutes is None or job.state is not JobState.IN_PROGRESS or job.checked_out_at is not None:
        return None
    ends = window.latest if whole or job.checked_in_at is None else job.checked_in_at + window.length
    over = now - ends
    return Reason(AlertKind.OVERDUE, minutes=over // _MINUTE) if over >= minutes * _MINUTE else None


def _short(job: Job, percent: int | None, window: Window) -> Reason | None:
    if percent is None or job.checked_in_at is None or job.checked_out_at is None or not _counts(job):
        return None
    stayed = job.checked_out_at - job.checked_in_at
    return Reason(AlertKind.SHORT, minutes=stayed // _MINUTE) if stayed * 100 < window.length * percent else None


def _counts(job: Job) -> bool:
    return job.state in {JobState.IN_PROGRESS, JobState.COMPLETED}


def _far(checks: Collection[VisitCheck], metres: int | None) -> Reason | None:
    """The phone's own doubt counts for the sitter."""
    if metres is None:
        return None
    away = [c.distance_metres - min(c.accuracy_metres or 0, metres) for c in checks if c.distance_metres is not None]
    return Reason(AlertKind.FAR, metres=max(away)) if away and max(away) > metres else None


def _no_place(checks: Collection[VisitCheck]) -> Reason | None:
    return Reason(AlertKind.NO_PLACE) if any(c.place is not PlaceSource.GIVEN for c in checks) else None


def _not_completed(job: Job, day_ends: dt.time | None, window: Window, now: dt.datetime) -> Reason | None:
    if day_ends is None or job.state not in {JobState.SCHEDULED, JobState.IN_PROGRESS}:
        return None
    over = max(clock.from_local(job.ends_on, day_ends), min(window.latest, clock.from_local(job.ends_on, dt.time.max)))
    return Reason(AlertKind.NOT_COMPLETED) if now >= over else None


# ----------------------------------------------------------------------------------------------------------- looking


def look(*, now: dt.datetime | None = None) -> list[int]:
    """Bring the warnings up to date: raise what is new, take back what has no reason any more.

    In this order: rows (one for each visit and kind, whatever many workers do); one mail to the office about all new
    ones, if it wants mails. Safe to call at any time and twice; the worker does each minute. Returns the new rows' ids.
    Four queries when nothing is new, however many visits the day has.
    """
    at = now or clock.now()
    values = settings.read()
    known = _known(at)
    jobs = _watched(at, values, {job_id for job_id, _kind in known})
    checks: dict[int, list[VisitCheck]] = defaultdict(list)
    for check in db.session.scalars(_CHECKS, {"ids": [j.id for j in jobs if j.checked_in_at or j.checked_out_at]}):
        checks[check.job_id].append(check)
    raised: list[tuple[VisitAlert, Reason]] = []
    for job in jobs:
        wrong = {reason.kind: reason for reason in reasons(job, checks[job.id], values, at)}
        for kind in AlertKind:
            alert, reason = known.get((job.id, kind)), wrong.get(kind)
            if reason is None:
                if alert is not None and alert.cleared_at is None:
                    alert.cleared_at = at
            elif alert is None or alert.cleared_at is not None:
                raised.append((_raise(job, alert, reason, at), reason))
    db.session.flush()
    if raised and values["alerts.mail"]:
        _mail(raised)
    db.session.flush()
    return [alert.id for alert, _reason in raised]


def _known(at: dt.datetime) -> dict[tuple[int, AlertKind], VisitAlert]:
    """The warnings that stand, and those of the visits that are looked at; read under lock, so that two workers that
    look in the same second do not both mail."""
    rows = db.session.scalars(
        sa.select(VisitAlert)
        .join(Job, Job.id == VisitAlert.job_id)
        .where(sa.or_(VisitAlert.cleared_at.is_(None) & VisitAlert.seen_at.is_(None), Job.ends_on >= _first_day(at)))
        .with_for_update(of=VisitAlert)
        .execution_options(populate_existing=True)
    )
    return {(row.job_id, row.kind): row for row in rows}


def _first_day(at: dt.datetime) -> dt.date:
    return clock.to_local(at).date() - dt.timedelta(days=DAYS_BACK)


def _watched(at: dt.datetime, values: Values, also: Collection[int]) -> Sequence[Job]:
    """Visits of these days that somebody must still do or read, those checked in or out lately, and those warned of."""
    today, lately = clock.to_local(at).date(), at - LATELY
    ahead = dt.timedelta(days=1 + (values["alerts.unacknowledged_hours"] or 0) // 24)
    to_do = sa.and_(
        Job.state.in_([JobState.SCHEDULED, JobState.IN_PROGRESS]),
        sa.or_(Job.on_date <= today, Job.acknowledged_at.is_(None)),
    )
    near = sa.and_(
        touching(_first_day(at), today + ahead),
        sa.or_(to_do, Job.checked_in_at >= lately, Job.checked_out_at >= lately),
    )
    return db.session.scalars(
        sa.select(Job)
        .where(sa.or_(near, among(Job.id, "also")))
        .options(joinedload(Job.service_item), joinedload(Job.time_block))
        .order_by(Job.on_date, Job.start_time, Job.id)
        .execution_options(populate_existing=True),
        {"also": list(also)},
    ).all()  # fmt: skip


_CHECKS = sa.select(VisitCheck).where(among(VisitCheck.job_id, "ids"), VisitCheck.replaced_at.is_(None))


def _raise(job: Job, alert: VisitAlert | None, reason: Reason, at: dt.datetime) -> VisitAlert:
    """A new row, or the old one of a reason that is back: a visit that was moved is late a second time."""
    if alert is None:
        alert = VisitAlert(job_id=job.id, kind=reason.kind)
        db.session.add(alert)
    alert.raised_at, alert.cleared_at, alert.seen_at, alert.seen_by_id = at, None, None, None
    alert.sitter_id = job.sitter_id
    alert.facts = {"minutes": reason.minutes, "metres": reason.metres}
    alert.job = job
    return alert


def _mail(raised: Sequence[tuple[VisitAlert, Reason]]) -> None:
    told = tuple(
        AlertFacts(
            reason.kind.value, str(alert.job.client), str(alert.job.sitter or ""), job_facts(alert.job, for_sitter=True),
            reason.minutes, reason.metres,
        )
        for alert, reason in raised
    )  # fmt: skip
    to, *others = outbox.office_addresses() or [""]
    outbox.queue_mail(MailKind.VISIT_ALERTS, VisitAlerts(told), to=to, cc=others)


# ----------------------------------------------------------------------------------------------------------- showing


def is_open() -> sa.ColumnElement[bool]:
    """Warnings that stand and that nobody has put away."""
    return sa.and_(VisitAlert.seen_at.is_(None), VisitAlert.cleared_at.is_(None))


def newest(most: int) -> Sequence[VisitAlert]:
    """The open warnings with visit, client, service and sitter, the newest first, to be shown: twins; one query."""
    return _SHOWN.read(db.session.connection().execute(_NEWEST, {"most": most}).all())


_SHOWN = Twin(
    VisitAlert, "job_id", "kind", "facts", "raised_at", "cleared_at",
    sitter=Twin(Staff, "first_name", "last_name", "phone"),
    job=Twin(
        Job, "on_date", "start_time",
        client=Twin(Client, "first_name", "last_name"),
        service_item=Twin(ServiceItem, "name"),
        time_block=Twin(TimeBlock, "name", "starts_at", "ends_at"),
    ),
)  # fmt: skip
# Built once: every HOME asks.
_NEWEST = (
    sa.select(*_SHOWN.columns)
    .select_from(_SHOWN.joined())
    .where(_SHOWN.c.seen_at.is_(None), _SHOWN.c.cleared_at.is_(None))
    .order_by(_SHOWN.c.id.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)


def put_away(alert: VisitAlert, *, actor: Actor) -> VisitAlert:
    """The office has seen it: it leaves HOME, and a line in the visit's log says who took care. Twice changes nothing."""
    actor.require(Permission.OFFICE)
    if alert.seen_at is None:
        alert.seen_at, alert.seen_by_id = clock.now(), actor.staff.id if actor.staff else None
        activity.record(
            "job.alert_seen", actor=actor, subject=alert.job, client=alert.job.client, kind=alert.kind.value
        )
        db.session.flush()
    return alert
