"""Messages between a sitter and the office: one thread a sitter, about a visit or about nothing in particular, mailed to
the other side."""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from foundation import clock
from foundation.db import begin_writing, db
from foundation.text import tidy
from models import Job, Notification, NotificationKind, SignIn, SitterMessage, Staff, StaffLogin
from workflows import activity, notifications, outbox, staff_mails
from workflows.actors import Actor
from workflows.errors import N_, Invalid, NotAllowed
from workflows.locks import lock_sitters
from workflows.mail_facts import MailKind, SitterMessageFacts
from workflows.permissions import Permission
from workflows.visit_facts import job_facts, short

MAX_MESSAGE = 5000
#: more messages than this in an hour from one sitter are an accident
MOST_AN_HOUR = 40
#: as much of a message as a line on HOME says
MOST_TOLD = 200

#: sitters with a message that nobody in the office has read; for the badge
SITTERS_UNREAD = sa.select(sa.func.count(sa.distinct(SitterMessage.staff_id))).where(
    SitterMessage.from_office.is_(False), SitterMessage.read_at.is_(None)
)
#: the office's messages that the person of a sign-in has not read; each of the sitter's pages asks, so it is read with it
UNREAD: sa.ScalarSelect[int] = (
    sa.select(sa.func.count(SitterMessage.id))
    .join(StaffLogin, StaffLogin.staff_id == SitterMessage.staff_id)
    .where(StaffLogin.id == SignIn.staff_login_id)
    .where(SitterMessage.from_office.is_(True), SitterMessage.read_at.is_(None))
    .correlate(SignIn)
    .scalar_subquery()
)


def write_as_sitter(staff: Staff, *, body: str, actor: Actor, job: Job | None = None) -> SitterMessage:
    """A sitter writes to the office, also about one of the own visits.

    In this order, one message of a sitter after the other: the message; one line on HOME for all of the sitter's messages
    until somebody dismisses it; a mail to the admin inbox, else the owners; the log, without the words. Refused: somebody
    else's thread or visit (NotAllowed); no text, over 5,000 characters, more than 40 in an hour (Invalid).
    """
    actor.require(Permission.OWN_DAY)
    if actor.staff is None or actor.staff.id != staff.id or (job is not None and job.sitter_id != staff.id):
        raise NotAllowed("not_yours", N_("This is not yours to change."))
    text = _text(body)
    begin_writing()
    lock_sitters([staff.id])
    since = clock.now() - dt.timedelta(hours=1)
    sent = sa.select(sa.func.count()).select_from(SitterMessage).where(SitterMessage.staff_id == staff.id)
    if (db.session.scalar(sent.where(SitterMessage.from_office.is_(False), SitterMessage.created_at > since)) or 0) >= MOST_AN_HOUR:  # fmt: skip
        raise Invalid("too_many", N_("That is a lot for one hour. Please call the office instead."), field="body")
    message = _add(staff, text, actor, job, from_office=False)
    _tell_home(staff, text)
    to, *others = outbox.office_addresses() or [""]
    outbox.queue_mail(
        MailKind.SITTER_MESSAGE, _facts(message, str(staff)), to=to, cc=others, dedupe_key=f"sitter_message:{message.id}"
    )  # fmt: skip
    activity.record("sitter_message.received", actor=actor, subject=message, name=str(staff))
    db.session.flush()
    return message


def answer(staff: Staff, *, body: str, actor: Actor) -> SitterMessage:
    """The office writes to a sitter: the message, a mail to the sitter with the words, the log.

    What the sitter wrote before counts as read. Refused: somebody who may not plan visits (NotAllowed); no text, over
    5,000 characters, a person who is not in the team any more (Invalid).
    """
    actor.require(Permission.SCHEDULE)
    text = _text(body)
    if not staff.is_active:
        raise Invalid("left", N_("%(name)s is not active, so nobody would read it."), field="body", name=str(staff))
    begin_writing()
    lock_sitters([staff.id])
    message = _add(staff, text, actor, None, from_office=True)
    staff_mails.queue(
        MailKind.SITTER_MESSAGE_ANSWERED, _facts(message, staff.first_name), staff=staff,
        dedupe_key=f"sitter_message:{message.id}",
    )  # fmt: skip
    mark_read(staff, by_office=True)
    activity.record("sitter_message.written", actor=actor, subject=message, name=str(staff))
    db.session.flush()
    return message


def mark_read(staff: Staff, *, by_office: bool) -> int:
    """What the other side wrote counts as read from now on; how many messages that were."""
    result = db.session.execute(
        sa.update(SitterMessage)
        .where(SitterMessage.staff_id == staff.id, SitterMessage.from_office.is_(not by_office))
        .where(SitterMessage.read_at.is_(None))
        .values(read_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    return int(getattr(result, "rowcount", 0))


def thread(staff: Staff, *, limit: int, offset: int = 0) -> Sequence[SitterMessage]:
    """The sitter's messages, the newest first, with the visits that they are about; one query."""
    return db.session.scalars(
        sa.select(SitterMessage)
        .where(SitterMessage.staff_id == staff.id)
        .options(joinedload(SitterMessage.job).options(joinedload(Job.client), joinedload(Job.service_item)))
        .order_by(SitterMessage.id.desc())
        .limit(limit)
        .offset(offset)
    ).all()


def unread_of(messages: Sequence[SitterMessage], *, by_office: bool) -> bool:
    """Is something among these that this side has not read?"""
    return any(m.read_at is None and m.from_office is not by_office for m in messages)


def thread_page(staff: Staff) -> str:
    """Where the office reads it."""
    return f"/admin/sitter-messages/{staff.id}/"


def _text(body: str) -> str:
    text = tidy(body)
    if not text:
        raise Invalid("no_text", N_("Write a message first."), field="body")
    if len(text) > MAX_MESSAGE:
        raise Invalid("message_long", N_("Use at most %(most)s characters; these are %(n)s."), field="body", most=MAX_MESSAGE, n=len(text))  # fmt: skip
    return text


def _add(staff: Staff, text: str, actor: Actor, job: Job | None, *, from_office: bool) -> SitterMessage:
    message = SitterMessage(
        staff=staff, body=text, from_office=from_office, author=actor.staff, author_name=actor.name[:255], job=job
    )
    db.session.add(message)
    db.session.flush()
    return message


def _facts(message: SitterMessage, name: str) -> SitterMessageFacts:
    about = short(job_facts(message.job, for_sitter=True)) if message.job else ""
    return SitterMessageFacts(name, message.body, message.author_name, message.from_office, about, message.staff_id)


def _tell_home(staff: Staff, text: str) -> None:
    """One line a sitter until it is dismissed: it says the last words, and how many there are."""
    lines = db.session.scalars(
        sa.select(Notification)
        .where(Notification.kind == NotificationKind.SITTER_MESSAGE, Notification.dismissed_at.is_(None))
        .order_by(Notification.id)
    )
    line = next((x for x in lines if x.facts.get("staff_id") == staff.id), None)
    about = [" ".join(text.split())[:MOST_TOLD]]
    if line is None:
        notifications.notify_office(
            NotificationKind.SITTER_MESSAGE, sitter=str(staff), staff_id=staff.id, about=about, n=1, url=thread_page(staff)
        )  # fmt: skip
    else:
        line.facts = {**line.facts, "about": about, "n": line.facts.get("n", 1) + 1}
