"""The master schedule: two weeks of visits by sitter and day, mailed to the business once a week or when asked for.

Whoever keeps it has the whole schedule in the mail box when the server, or the line to it, is away.
"""

import datetime as dt
from collections import defaultdict

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from foundation import clock
from foundation.db import db
from models import Job, JobState, OutboxMail
from workflows import outbox, settings
from workflows.actors import Actor
from workflows.errors import N_, Invalid
from workflows.mail_facts import DayVisits, MailKind, MasterSchedule, SitterDays, SitterScheduleEntry
from workflows.permissions import Permission
from workflows.sitter_mails import address_of
from workflows.stretches import touching
from workflows.visit_facts import job_facts

DAYS = 14
#: on its weekday it leaves at this time of the business's clock
AT = dt.time(6)
OFF = "off"


def facts(first: dt.date) -> MasterSchedule:
    """The visits of 14 days that are to take place: nobody's first, then by sitter, by day, by time. Two queries."""
    last = first + dt.timedelta(days=DAYS - 1)
    found = db.session.scalars(
        sa.select(Job)
        .where(touching(first, last))
        .where(Job.state.in_([JobState.SCHEDULED, JobState.IN_PROGRESS]))
        .options(
            joinedload(Job.client), joinedload(Job.service_item), joinedload(Job.time_block), joinedload(Job.sitter),
            selectinload(Job.pets),
        )
    )  # fmt: skip
    by_sitter: dict[tuple[bool, str, int], dict[dt.date, list[Job]]] = defaultdict(lambda: defaultdict(list))
    n = 0
    for job in found:
        key = (job.sitter is not None, str(job.sitter or ""), job.sitter_id or 0)
        by_sitter[key][max(job.on_date, first)].append(job)
        n += 1
    sitters = tuple(
        SitterDays(name, tuple(DayVisits(day.isoformat(), tuple(map(_entry, sorted(jobs, key=_order)))) for day, jobs in sorted(days.items())))
        for (_has, name, _id), days in sorted(by_sitter.items())
    )  # fmt: skip
    return MasterSchedule(first.isoformat(), last.isoformat(), n, sitters)


def _entry(job: Job) -> SitterScheduleEntry:
    return SitterScheduleEntry(str(job.client), address_of(job.client), job_facts(job, for_sitter=True))


def _order(job: Job) -> tuple[dt.time, int]:
    return job.start_time or (job.time_block.starts_at if job.time_block else dt.time(0)), job.id


def send_to(*, actor: Actor) -> OutboxMail:
    """Mail it to whoever asks. Refused without a mail address (Invalid) or the permission (NotAllowed)."""
    actor.require(Permission.SCHEDULE)
    mail = outbox.queue_mail(
        MailKind.MASTER_SCHEDULE, facts(clock.today()), to=actor.staff.email if actor.staff else None, staff=actor.staff
    )
    if mail is None:
        raise Invalid("no_address", N_("You have no mail address in the team list."))
    db.session.flush()
    return mail


def send_due(*, now: dt.datetime | None = None) -> bool:
    """Mail it to the admin inbox, else to the owners, on the set weekday from six in the morning; whether it did.

    Once a day however often and by however many workers it is called: the mail's dedupe key.
    """
    weekday = settings.read()["mail.master_schedule"]
    local = clock.to_local(now or clock.now())
    if weekday == OFF or int(weekday) != local.weekday() or local.time().replace(tzinfo=None) < AT:
        return False
    key = f"master_schedule:{local.date()}"
    if db.session.scalar(sa.select(OutboxMail.id).where(OutboxMail.dedupe_key == key)):
        return False
    to = outbox.office_addresses()
    if not to:
        return False
    queued = outbox.queue_mail(MailKind.MASTER_SCHEDULE, facts(local.date()), to=to[0], cc=to[1:], dedupe_key=key)
    db.session.flush()
    return queued is not None
