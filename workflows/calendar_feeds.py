"""Private calendar addresses: visits in a person's own calendar, by a secret address that can be renewed or turned off.

The address is a signed token of the feed's number and serial; raising the serial kills every address given out before.
`documents.calendar` writes the file from the entries that are read here.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import joinedload, selectinload

from foundation import clock
from foundation.db import db
from models import (
    CalendarFeed,
    Client,
    ClientLogin,
    ClientStatus,
    Job,
    JobRequestLine,
    JobState,
    LineState,
    ServiceItem,
    Staff,
    TimeBlock,
)
from workflows import activity, locks, settings, sitter_access
from workflows.actors import Actor
from workflows.cancelling import still_shown
from workflows.errors import N_, NotAllowed
from workflows.permissions import Permission, role_allows
from workflows.requested_stays import lines_touching
from workflows.sitter_mails import address_of
from workflows.stretches import touching_own

#: what a feed holds, in days from today
DAYS_BACK, DAYS_AHEAD = 90, 400
_SHOWN = (JobState.SCHEDULED, JobState.IN_PROGRESS, JobState.COMPLETED, JobState.CANCELLED)


@dataclass(frozen=True)
class Entry:
    """One visit for a calendar. With `starts` and `ends` (aware, local) or, without a time of day, whole days."""

    #: the same for a request and the visit that comes of it, whatever happens to either
    uid: str
    #: raised with every change
    sequence: int
    changed_at: dt.datetime
    #: first day, and the last day included
    on_date: dt.date
    ends_on: dt.date
    starts: dt.datetime | None
    ends: dt.datetime | None
    service: str
    #: "CONFIRMED", "TENTATIVE" for a request, "CANCELLED"
    status: str
    client: str
    pets: tuple[str, ...] = ()
    note: str = ""
    sitter: str = ""
    address: str = ""


def feed_of(owner: ClientLogin | Staff) -> CalendarFeed | None:
    """The owner's feed if one was ever turned on; it may be off."""
    mine = CalendarFeed.client_login_id if isinstance(owner, ClientLogin) else CalendarFeed.staff_id
    return db.session.scalar(sa.select(CalendarFeed).where(mine == owner.id))


def turn_on(owner: ClientLogin | Staff, *, actor: Actor) -> CalendarFeed:
    """Give the owner a feed, or turn it on again with a new address; on already, nothing changes. Logged.

    Refused with NotAllowed for anybody but the owner: also the office, when it looks at a client's portal.
    """
    _require_owner(owner, actor)
    locks.lock_place(f"feed {type(owner).__name__} {owner.id}")
    feed = feed_of(owner)
    if feed is None:
        feed = CalendarFeed()
        if isinstance(owner, ClientLogin):
            feed.client_login = owner
        else:
            feed.staff = owner
        db.session.add(feed)
        db.session.flush()
    elif feed.is_on:
        return feed
    else:
        feed.is_on, feed.serial = True, feed.serial + 1
    _log("calendar_feed.on", feed, actor)
    return feed


def renew(owner: ClientLogin | Staff, *, actor: Actor) -> CalendarFeed:
    """A new address; the one before is dead at once. Logged. Refused as in `turn_on`."""
    _require_owner(owner, actor)
    feed = feed_of(owner)
    if feed is None or not feed.is_on:
        return turn_on(owner, actor=actor)
    feed.serial += 1
    _log("calendar_feed.renewed", feed, actor)
    return feed


def turn_off(owner: ClientLogin | Staff, *, actor: Actor) -> None:
    """The address is dead; twice changes nothing. Logged. Refused as in `turn_on`."""
    _require_owner(owner, actor)
    feed = feed_of(owner)
    if feed is not None and feed.is_on:
        feed.is_on = False
        _log("calendar_feed.off", feed, actor)


def _require_owner(owner: ClientLogin | Staff, actor: Actor) -> None:
    mine = actor.client_login if isinstance(owner, ClientLogin) else actor.staff if actor.client is None else None
    if mine is None or mine.id != owner.id:
        raise NotAllowed("not_allowed", N_("Your account does not allow this."))


def _log(verb: str, feed: CalendarFeed, actor: Actor) -> None:
    db.session.flush()
    client = feed.client_login.client if feed.client_login else None
    activity.record(verb, actor=actor, subject=feed, client=client, name=actor.name)


# ------------------------------------------------------------------------------------------------------ the address


def sign(secret_key: str, feed: CalendarFeed) -> str:
    """The secret part of the feed's address."""
    return str(_signer(secret_key).dumps([feed.id, feed.serial]))


def _signer(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, salt="latchkey-calendar", signer_kwargs={"digest_method": hashlib.sha256})


def read(secret_key: str, token: str) -> CalendarFeed | None:
    """The live feed behind an address.

    None when it is altered, renewed, turned off, or its owner is out: the log-in or the person inactive, the client
    archived or without portal, the switch "Calendar feed" or the schedule off.
    """
    try:
        feed_id, serial = _signer(secret_key).loads(token)
    except (BadSignature, ValueError, TypeError):
        return None
    feed = db.session.scalar(
        sa.select(CalendarFeed)
        .where(CalendarFeed.id == feed_id)
        .options(joinedload(CalendarFeed.client_login).joinedload(ClientLogin.client), joinedload(CalendarFeed.staff))
    )
    if feed is None or feed.serial != serial or not feed.is_on:
        return None
    return feed if _is_open(feed) else None


def _is_open(feed: CalendarFeed) -> bool:
    if feed.staff is not None:
        return feed.staff.is_active and role_allows(feed.staff.role, Permission.OWN_DAY)
    if feed.client_login is None or not feeds_are_on():
        return False
    client = feed.client_login.client
    return feed.client_login.is_active and client.portal_enabled and client.status is not ClientStatus.ARCHIVED


def feeds_are_on() -> bool:
    """May clients follow their visits in their own calendar?"""
    values = settings.read()
    return bool(values["portal.calendar_feed"] and values["portal.schedule"])


# ------------------------------------------------------------------------------------------------------ the entries


def entries(feed: CalendarFeed) -> list[Entry]:
    """What the feed holds, in the order of the dates; at most four queries."""
    if feed.staff is not None:
        return _of_sitter(feed.staff)
    return _of_client(feed.client_login.client) if feed.client_login is not None else []


def _of_client(client: Client) -> list[Entry]:
    """The visits that the portal's schedule shows, and waiting requests as tentative."""
    values = settings.read()
    first, last = _span()
    shown = _jobs(first, last).where(Job.client_id == client.id, ServiceItem.is_internal.is_(False))
    found = [
        _of_job(job, sitter=job.sitter.first_name if job.sitter and values["portal.show_sitter"] else "", note=job.note)
        for job in db.session.scalars(shown.where(still_shown()))
    ]
    lines = db.session.scalars(
        sa.select(JobRequestLine)
        .where(JobRequestLine.client_id == client.id, JobRequestLine.state == LineState.SUBMITTED)
        .where(lines_touching(first, last))
        .options(
            joinedload(JobRequestLine.client),
            joinedload(JobRequestLine.service_item),
            joinedload(JobRequestLine.time_block),
            selectinload(JobRequestLine.pets),
        )
    )
    return sorted([*found, *(_of_line(line) for line in lines)], key=lambda e: (e.on_date, e.uid))


def _of_sitter(staff: Staff) -> list[Entry]:
    """Own visits, also of yesterday and cancelled ones, with the client's name and address."""
    first, last = _span()
    closed = sitter_access.closed_columns()
    mine = _jobs(first, last).where(Job.sitter_id == staff.id)
    jobs = db.session.scalars(mine.where(still_shown()))
    return sorted(
        (
            _of_job(
                job,
                note="\n".join(n for n in (job.note, job.staff_note) if n),
                address=address_of(job.client, closed),
            )
            for job in jobs
        ),
        key=lambda e: (e.on_date, e.uid),
    )


def _span() -> tuple[dt.date, dt.date]:
    today = clock.today()
    return today - dt.timedelta(days=DAYS_BACK), today + dt.timedelta(days=DAYS_AHEAD)


def _jobs(first: dt.date, last: dt.date) -> sa.Select[Job]:
    return (
        sa.select(Job)
        .join(Job.service_item)
        .where(Job.state.in_(_SHOWN), touching_own(first, last))
        .options(
            joinedload(Job.client),
            joinedload(Job.service_item),
            joinedload(Job.time_block),
            joinedload(Job.sitter),
            joinedload(Job.request_line),
            selectinload(Job.pets),
        )
    )


def _of_job(job: Job, *, note: str, sitter: str = "", address: str = "") -> Entry:
    starts, ends = _times(job.on_date, job.start_time, job.time_block, job.duration_minutes)
    if job.end_time is not None and job.start_time is not None:
        starts, ends = _wall_span(job.on_date, job.start_time, job.ends_on, job.end_time)
    line = job.request_line
    return Entry(
        uid=line.public_id if line is not None else job.public_id,
        sequence=job.version + (line.version if line is not None else 0),
        changed_at=max(t for t in (job.created_at, job.cancelled_at, job.acknowledged_at) if t is not None),
        on_date=job.on_date,
        ends_on=job.ends_on,
        starts=starts,
        ends=ends,
        service=job.service_item.name,
        status="CANCELLED" if job.state is JobState.CANCELLED else "CONFIRMED",
        client=str(job.client),
        pets=_names(job.pets),
        note=note,
        sitter=sitter,
        address=address,
    )


def _of_line(line: JobRequestLine) -> Entry:
    starts, ends = _times(line.on_date, line.start_time, line.time_block, line.service_item.duration_minutes)
    if line.end_time is not None and line.start_time is not None:
        starts, ends = _wall_span(line.on_date, line.start_time, line.last_on, line.end_time)
    return Entry(
        uid=line.public_id,
        sequence=line.version,
        changed_at=line.submitted_at or line.created_at,
        on_date=line.on_date,
        ends_on=line.last_on,
        starts=starts,
        ends=ends,
        service=line.service_item.name,
        status="TENTATIVE",
        client=str(line.client),
        pets=_names(line.pets),
        note=line.note,
    )


def _times(
    day: dt.date, start: dt.time | None, block: TimeBlock | None, minutes: int
) -> tuple[dt.datetime | None, dt.datetime | None]:
    """When it is on, on the business's clock: a time for its minutes, a block from end to end; else whole days."""
    if start is not None:
        begins = clock.from_local(day, start)
        return clock.to_local(begins), clock.to_local(begins + dt.timedelta(minutes=minutes))
    if block is None:
        return None, None
    over_midnight = block.ends_at <= block.starts_at
    last = day + dt.timedelta(days=1) if over_midnight else day
    return _wall_span(day, block.starts_at, last, block.ends_at)


def _wall_span(first: dt.date, begins: dt.time, last: dt.date, ends: dt.time) -> tuple[dt.datetime, dt.datetime]:
    start, end = clock.local_span(first, begins, last, ends)
    return clock.to_local(start), clock.to_local(end)


def _names(pets: Iterable[Any]) -> tuple[str, ...]:
    return tuple(p.name for p in pets)
