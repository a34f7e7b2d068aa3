"""Days on which sitters are away: asked for by them and decided by the office, or entered by the office itself.

Only approved days keep visits from a sitter; days that are asked for are pointed out. Visits that stand in approved days
stay where they are: nobody is missed because somebody was allowed to go away.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from foundation import clock
from foundation.db import begin_writing, db
from foundation.text import tidy
from models import TIME_OFF_MOVES, Job, JobState, Notification, NotificationKind, Staff, TimeOff, TimeOffState
from workflows import activity, notifications, outbox, records, settings, staff_mails, stretches
from workflows.actors import Actor
from workflows.errors import N_, Conflict, Invalid, NotAllowed, WrongState
from workflows.locks import lock_sitters
from workflows.mail_facts import MailKind, TimeOffAsked, TimeOffDecided
from workflows.permissions import Permission

#: nobody asks for more in one go, nor for days that far ahead
MOST_DAYS = 366
MOST_AHEAD = dt.timedelta(days=3 * 366)
MOST_NOTE = 255
#: what takes a day
TAKEN = (TimeOffState.REQUESTED, TimeOffState.APPROVED)
#: visits that somebody else must do
OPEN_VISITS = (JobState.SCHEDULED, JobState.IN_PROGRESS)

_WAITING = sa.and_(TimeOff.state == TimeOffState.REQUESTED, TimeOff.last_on >= sa.bindparam("today"))
#: sitters who wait for an answer, for HOME and the badge; takes the parameter `today`
SITTERS_WAITING = sa.select(sa.func.count(sa.distinct(TimeOff.staff_id))).where(_WAITING)


def ask(staff: Staff, *, first_on: dt.date, last_on: dt.date, note: str = "", actor: Actor) -> TimeOff:
    """A sitter asks for days off.

    In this order, in turn with everybody who gives this sitter visits: the row, waiting; a line on HOME; a mail to the
    vacation address, else the admin inbox, else the owners; the log. The very same days asked for again change nothing
    and bring the first row back. Refused: somebody else's days (NotAllowed); days in the past, the wrong way round, more
    than 366 or over three years ahead, days that were asked for or approved already (Invalid).
    """
    _require_own(staff, actor)
    text = _line(note, "note")
    _check_days(first_on, last_on)
    begin_writing()
    lock_sitters([staff.id])
    for taken in db.session.scalars(
        sa.select(TimeOff)
        .where(TimeOff.staff_id == staff.id, TimeOff.state.in_(TAKEN))
        .where(TimeOff.first_on <= last_on, TimeOff.last_on >= first_on)
        .order_by(TimeOff.first_on)
    ):
        if taken.state is TimeOffState.REQUESTED and (taken.first_on, taken.last_on) == (first_on, last_on):
            return taken
        raise _taken(taken)
    off = TimeOff(staff=staff, first_on=first_on, last_on=last_on, note=text, state=TimeOffState.REQUESTED)
    db.session.add(off)
    db.session.flush()
    _tell_home(NotificationKind.TIME_OFF_REQUESTED, off)
    _mail_office(off)
    _log("time_off.requested", off, actor)
    db.session.flush()
    return off


def spans(days: Collection[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """Single days as stretches without a gap: first and last day of each, in order."""
    found: list[tuple[dt.date, dt.date]] = []
    for day in sorted(set(days)):
        if found and (day - found[-1][1]).days == 1:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def withdraw(off: TimeOff, *, actor: Actor) -> TimeOff:
    """A sitter needs the days no more, waiting ones or approved ones ahead; withdrawn again, nothing changes.

    In this order: the state; the line on HOME about the asking goes, one about the withdrawal comes; when they were
    approved, a mail to the office as well; the log. Refused: somebody else's (NotAllowed); declined ones, or approved
    ones that have begun (WrongState).
    """
    _require_own(off.staff, actor)
    fresh = _in_turn(off)
    if fresh.state is TimeOffState.WITHDRAWN:
        return fresh
    was = fresh.state
    if was is TimeOffState.APPROVED and fresh.first_on <= clock.today():
        raise WrongState("time_off_begun", N_("These days have begun. Ask the office."))
    _require_move(fresh, TimeOffState.WITHDRAWN)
    fresh.state = TimeOffState.WITHDRAWN
    _clear_home(fresh)
    _tell_home(NotificationKind.TIME_OFF_WITHDRAWN, fresh)
    if was is TimeOffState.APPROVED:
        _mail_office(fresh)
    _log("time_off.withdrawn", fresh, actor)
    db.session.flush()
    return fresh


class VisitsInTheWay(Conflict):
    """There are visits in the days that the person who approves has not seen; nothing was changed."""

    def __init__(self, visits: Sequence[Job]) -> None:
        self.visits = visits
        super().__init__(
            "visits_in_the_way", N_("Visits were added in these days meanwhile. Look at them, then decide again.")
        )


def approve(
    off: TimeOff,
    *,
    actor: Actor,
    answer: str = "",
    seen: Collection[int] | None = None,
    seen_version: int | None = None,
) -> TimeOff:
    """The office says yes, also after it had said no. Visits in these days stay; `visits_in` lists them.

    In this order, in turn with everybody who gives this sitter visits: the state, who decided, the answer; the line on
    HOME goes; a mail to the sitter; the log. `seen` are the numbers of the visits that were shown. Refused: withdrawn or
    approved meanwhile (WrongState); other days than were shown (Conflict); visits that were not shown (VisitsInTheWay).
    """
    actor.require(Permission.SCHEDULE)
    text, fresh = _line(answer, "answer"), _to_decide(off, TimeOffState.APPROVED, seen_version)
    if seen is not None:
        found = visits_in(fresh)
        if {job.id for job in found} - set(seen):
            raise VisitsInTheWay(found)
    return _decide(fresh, TimeOffState.APPROVED, text, actor)


def decline(off: TimeOff, *, actor: Actor, answer: str = "", seen_version: int | None = None) -> TimeOff:
    """The office says no, or takes a yes back. As `approve`, without a look at visits."""
    actor.require(Permission.SCHEDULE)
    text = _line(answer, "answer")
    return _decide(_to_decide(off, TimeOffState.DECLINED, seen_version), TimeOffState.DECLINED, text, actor)


def _to_decide(off: TimeOff, to: TimeOffState, seen_version: int | None) -> TimeOff:
    fresh = _in_turn(off)
    _require_move(fresh, to)
    if seen_version is not None and seen_version != fresh.version:
        raise Conflict("stale", N_("Somebody changed these days meanwhile. Look at them, then decide again."))
    return fresh


def _decide(off: TimeOff, to: TimeOffState, answer: str, actor: Actor) -> TimeOff:
    off.state = to
    off.decided_at, off.decided_by, off.answer = clock.now(), actor.staff, answer
    _clear_home(off)
    db.session.flush()
    _mail_sitter(off, to.value, actor)
    _log(f"time_off.{to.value}", off, actor)
    db.session.flush()
    return off


def save(off: TimeOff, values: Mapping[str, Any], *, actor: Actor) -> TimeOff:
    """The office enters days off, approved at once, or changes them; logged. A sitter whose days change is mailed.

    Refused with Invalid: a last day before the first.
    """
    actor.require(Permission.SCHEDULE)
    cleaned = records.tidy(values)
    if cleaned.get("last_on", off.last_on) < cleaned.get("first_on", off.first_on):
        raise _order()
    if off.id is None:
        for field, value in cleaned.items():
            setattr(off, field, value)
        off.state, off.decided_at, off.decided_by = TimeOffState.APPROVED, clock.now(), actor.staff
        records.add(off, actor=actor)
        return off
    changed = records.change(off, cleaned, actor=actor)
    if {"first_on", "last_on"} & set(changed) and off.state in TAKEN:
        _mail_sitter(off, "changed", actor)
    return off


def remove(off: TimeOff, *, actor: Actor) -> None:
    """Delete days off; logged. A sitter who counted on days ahead is mailed."""
    actor.require(Permission.SCHEDULE)
    if off.state in TAKEN:
        _mail_sitter(off, "removed", actor)
    _clear_home(off)
    records.remove(off, actor=actor)


# ---------------------------------------------------------------------------------------------------------- reading


def visits_in(off: TimeOff) -> Sequence[Job]:
    """The sitter's visits that touch these days and are still to be done, with what a list says of them; few queries."""
    return db.session.scalars(
        sa.select(Job)
        .where(Job.sitter_id == off.staff_id, Job.state.in_(OPEN_VISITS))
        .where(stretches.touching_own(off.first_on, off.last_on))
        .options(joinedload(Job.client), joinedload(Job.service_item), joinedload(Job.time_block), selectinload(Job.pets))
        .order_by(Job.on_date, Job.start_time, Job.id)
    ).all()  # fmt: skip


def own(staff: Staff, number: int) -> TimeOff | None:
    """A sitter's own days by their number, or None for anybody else's."""
    return db.session.scalar(sa.select(TimeOff).where(TimeOff.id == number, TimeOff.staff_id == staff.id))


def own_days(staff: Staff, *, since: dt.date, most: int = 200) -> Sequence[TimeOff]:
    """A sitter's own days that end on `since` or later, the first ones first."""
    return db.session.scalars(
        sa.select(TimeOff)
        .where(TimeOff.staff_id == staff.id, TimeOff.last_on >= since)
        .order_by(TimeOff.first_on, TimeOff.id)
        .limit(most)
    ).all()


def others_away(staff: Staff, first: dt.date, last: dt.date) -> list[tuple[str, dt.date, dt.date]]:
    """Who else is away: name, first and last day; approved days only, and nothing but the days. One query."""
    found = db.session.execute(
        sa.select(Staff.first_name, Staff.last_name, TimeOff.first_on, TimeOff.last_on)
        .select_from(TimeOff)
        .join(TimeOff.staff)
        .where(TimeOff.staff_id != staff.id, Staff.is_active, Staff.is_sitter)
        .where(TimeOff.state == TimeOffState.APPROVED, TimeOff.first_on <= last, TimeOff.last_on >= first)
        .order_by(TimeOff.first_on, Staff.first_name, TimeOff.id)
    )
    return [(f"{given} {family}".strip(), begins, ends) for given, family, begins, ends in found]


# ------------------------------------------------------------------------------------------------------------ inside


def _require_own(staff: Staff, actor: Actor) -> None:
    actor.require(Permission.ASK_TIME_OFF)
    if actor.staff is None or actor.staff.id != staff.id:
        raise NotAllowed("not_yours", N_("This is not yours to change."))


def _line(text: str, field: str) -> str:
    cleaned = " ".join(tidy(text).split())
    if len(cleaned) > MOST_NOTE:
        raise Invalid("too_long", N_("Use at most %(most)s characters; these are %(n)s."), field=field, most=MOST_NOTE, n=len(cleaned))  # fmt: skip
    return cleaned


def _order() -> Invalid:
    return Invalid("order", N_("The last day cannot be before the first."), field="last_on")


def _check_days(first_on: dt.date, last_on: dt.date) -> None:
    if last_on < first_on:
        raise _order()
    if first_on < clock.today():
        raise Invalid("past", N_("The first day is over already. Choose days from today on."), field="first_on")
    if (last_on - first_on).days >= MOST_DAYS:
        raise Invalid("too_many", N_("Ask for at most %(most)s days at once."), field="last_on", most=MOST_DAYS)
    if last_on > clock.today() + MOST_AHEAD:
        raise Invalid("too_far", N_("That is too far ahead. Ask for days within the next three years."), field="last_on")  # fmt: skip


def _taken(by: TimeOff) -> Invalid:
    if by.state is TimeOffState.APPROVED:
        return Invalid("taken", N_("You are away on some of these days already. Choose other days."), field="first_on")
    return Invalid("asked", N_("You asked for some of these days already. Withdraw that first, or choose other days."), field="first_on")  # fmt: skip


def _in_turn(off: TimeOff) -> TimeOff:
    """The row as it is now, while nobody else decides on it or gives its sitter visits."""
    begin_writing()
    lock_sitters([off.staff_id])
    fresh = db.session.scalar(
        sa.select(TimeOff)
        .where(TimeOff.id == off.id)
        .options(joinedload(TimeOff.staff))
        .execution_options(populate_existing=True)
    )
    if fresh is None:
        raise WrongState("time_off_gone", N_("These days off are not there any more."))
    return fresh


_MEANWHILE = {
    TimeOffState.REQUESTED: N_("These days off wait for an answer. Nothing was changed."),
    TimeOffState.APPROVED: N_("These days off are approved already. Nothing was changed."),
    TimeOffState.DECLINED: N_("These days off were declined. Nothing was changed."),
    TimeOffState.WITHDRAWN: N_("The sitter took these days off back. Nothing was changed."),
}


def _require_move(off: TimeOff, to: TimeOffState) -> None:
    if to not in TIME_OFF_MOVES[off.state]:
        raise WrongState(f"time_off_{off.state.value}", _MEANWHILE[off.state])


def page_of(off: TimeOff) -> str:
    """Where the office decides on it."""
    return f"/admin/days-off/{off.id}/"


def _tell_home(kind: NotificationKind, off: TimeOff) -> None:
    days = [off.first_on.isoformat()] if off.first_on == off.last_on else [off.first_on.isoformat(), off.last_on.isoformat()]  # fmt: skip
    notifications.notify_office(kind, sitter=str(off.staff), days=days, url=page_of(off), time_off_id=off.id)


def _clear_home(off: TimeOff) -> None:
    """What HOME said about the asking is answered."""
    for line in db.session.scalars(
        sa.select(Notification)
        .where(Notification.kind == NotificationKind.TIME_OFF_REQUESTED, Notification.dismissed_at.is_(None))
        .order_by(Notification.id)
    ):
        if line.facts.get("time_off_id") == off.id:
            line.dismissed_at = clock.now()


def _log(verb: str, off: TimeOff, actor: Actor) -> None:
    word = off.answer if off.state in {TimeOffState.APPROVED, TimeOffState.DECLINED} else off.note
    activity.record(
        verb, actor=actor, subject=off, name=str(off.staff), first_on=off.first_on, last_on=off.last_on, message=word
    )  # fmt: skip


def _mail_office(off: TimeOff) -> None:
    inbox = settings.read()["time_off.inbox"]
    to, *others = [str(inbox)] if inbox else outbox.office_addresses() or [""]
    facts = TimeOffAsked(
        str(off.staff), off.first_on.isoformat(), off.last_on.isoformat(), off.note, len(visits_in(off)), off.id,
        withdrawn=off.state is TimeOffState.WITHDRAWN,
    )  # fmt: skip
    outbox.queue_mail(MailKind.TIME_OFF_ASKED, facts, to=to, cc=others)


def _mail_sitter(off: TimeOff, outcome: str, actor: Actor) -> None:
    """What they do themselves, or what is over, they need not be told."""
    if off.last_on < clock.today() or (actor.staff is not None and actor.staff.id == off.staff_id):
        return
    facts = TimeOffDecided(off.staff.first_name, off.first_on.isoformat(), off.last_on.isoformat(), outcome, off.answer)
    staff_mails.queue(MailKind.TIME_OFF_DECIDED, facts, staff=off.staff)
