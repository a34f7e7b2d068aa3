"""Messages between a client and the office: one thread a client, kept for good, and mailed to the other side."""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from foundation import clock
from foundation.db import db
from foundation.text import tidy
from models import Client, ClientLogin, Letter, Notification, NotificationKind, SignIn
from workflows import activity, notifications, outbox, settings
from workflows.actors import Actor
from workflows.errors import N_, Invalid, NotAllowed
from workflows.locks import lock_client
from workflows.mail_facts import LetterFacts, MailKind
from workflows.permissions import Permission

MAX_LETTER = 5000
#: more letters than this in an hour from one client are an accident, or no accident
MOST_AN_HOUR = 20
#: as much of a letter as a line on HOME says
MOST_TOLD = 200

#: clients with a letter that nobody in the office has read; for the badge
CLIENTS_UNREAD = sa.select(sa.func.count(sa.distinct(Letter.client_id))).where(
    Letter.from_office.is_(False), Letter.read_at.is_(None)
)
#: the office's letters that the household of a sign-in has not read; each page of the portal asks, so it is read with it
_HOUSEHOLD = sa.func.coalesce(
    SignIn.viewed_client_id,
    sa.select(ClientLogin.client_id)
    .where(ClientLogin.id == SignIn.client_login_id)
    .correlate(SignIn)
    .scalar_subquery(),
)
UNREAD = (
    sa.select(sa.func.count(Letter.id))
    .where(Letter.client_id == _HOUSEHOLD, Letter.from_office.is_(True), Letter.read_at.is_(None))
    .correlate(SignIn)
    .scalar_subquery()
)


def is_on() -> bool:
    """May clients read and write messages in the portal?"""
    return bool(settings.read()["portal.letters"])


def write_as_client(client: Client, *, body: str, actor: Actor) -> Letter:
    """A client writes to the office.

    In this order, holding the client's lock: the letter; one line on HOME for all of the client's letters until
    somebody dismisses it; a mail to the admin inbox; the client's log, without the words. Refused: another client's
    thread (NotAllowed); no text, over 5,000 characters, more than 20 in an hour (Invalid).
    """
    if actor.client is None or actor.client.id != client.id:
        raise NotAllowed("not_yours", N_("This is not yours to change."))
    text = _text(body)
    lock_client(client.id)
    since = clock.now() - dt.timedelta(hours=1)
    own = sa.select(sa.func.count()).select_from(Letter).where(Letter.client_id == client.id)
    if (db.session.scalar(own.where(Letter.from_office.is_(False), Letter.created_at > since)) or 0) >= MOST_AN_HOUR:
        raise Invalid("too_many", N_("That is a lot for one hour. Please call us instead."), field="body")
    letter = _add(client, text, actor, from_office=False)
    _tell_home(client, text)
    facts = LetterFacts(str(client), client.account_number, text, actor.name, client.id)
    outbox.queue_mail(
        MailKind.LETTER_TO_OFFICE, facts, to=settings.read()["business.admin_inbox"], client=client,
        dedupe_key=f"letter:{letter.id}",
    )  # fmt: skip
    activity.record("letter.received", actor=actor, subject=client, client=client)
    db.session.flush()
    return letter


def write_as_office(client: Client, *, body: str, actor: Actor) -> Letter:
    """The office writes to a client: the letter, a mail to the client with the words and the way to answer, the log.

    What the client wrote before counts as read. Refused with Invalid: no text, over 5,000 characters, a client who has
    neither a mail address nor a log-in to read it with.
    """
    actor.require(Permission.CLIENTS)
    text = _text(body)
    if not client.email and not (is_on() and _has_login(client)):
        raise Invalid("no_way", N_("%(client)s has no mail address and no log-in, so nobody would read it."), field="body", client=str(client))  # fmt: skip
    lock_client(client.id)
    letter = _add(client, text, actor, from_office=True)
    facts = LetterFacts(str(client), client.account_number, text, actor.name, client.id)
    outbox.queue_mail(
        MailKind.LETTER_TO_CLIENT, facts, to=client.email, client=client, dedupe_key=f"letter:{letter.id}"
    )
    mark_read(client, by_office=True)
    activity.record("letter.written", actor=actor, subject=client, client=client)
    db.session.flush()
    return letter


def mark_read(client: Client, *, by_office: bool) -> int:
    """What the other side wrote counts as read from now on; how many letters that were."""
    result = db.session.execute(
        sa.update(Letter)
        .where(Letter.client_id == client.id, Letter.from_office.is_(not by_office), Letter.read_at.is_(None))
        .values(read_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    return int(getattr(result, "rowcount", 0))


def thread(client: Client, *, limit: int, offset: int = 0) -> Sequence[Letter]:
    """The client's letters, the newest first, with who wrote them; one query."""
    return db.session.scalars(
        sa.select(Letter)
        .where(Letter.client_id == client.id)
        .options(joinedload(Letter.staff), joinedload(Letter.client_login))
        .order_by(Letter.id.desc())
        .limit(limit)
        .offset(offset)
    ).all()


def unread_of(letters: Sequence[Letter], *, by_office: bool) -> bool:
    """Is something among these that this side has not read?"""
    return any(letter.read_at is None and letter.from_office is not by_office for letter in letters)


def _text(body: str) -> str:
    text = tidy(body)
    if not text:
        raise Invalid("no_text", N_("Write a message first."), field="body")
    if len(text) > MAX_LETTER:
        raise Invalid("letter_long", N_("Use at most %(most)s characters; these are %(n)s."), field="body", most=MAX_LETTER, n=len(text))  # fmt: skip
    return text


def _has_login(client: Client) -> bool:
    own = sa.select(ClientLogin.id).where(ClientLogin.client_id == client.id, ClientLogin.is_active)
    return db.session.scalar(own.limit(1)) is not None


def _add(client: Client, text: str, actor: Actor, *, from_office: bool) -> Letter:
    letter = Letter(
        client=client, body=text, from_office=from_office, staff=actor.staff, client_login=actor.client_login
    )
    db.session.add(letter)
    db.session.flush()
    return letter


def _tell_home(client: Client, text: str) -> None:
    """One line a client until it is dismissed: it says the last words, and how many there are."""
    line = db.session.scalar(
        sa.select(Notification)
        .where(Notification.kind == NotificationKind.LETTER_RECEIVED, Notification.client_id == client.id)
        .where(Notification.dismissed_at.is_(None))
        .limit(1)
    )
    about = [" ".join(text.split())[:MOST_TOLD]]
    if line is None:
        notifications.notify_office(NotificationKind.LETTER_RECEIVED, client=client, about=about, n=1)
    else:
        line.facts = {**line.facts, "about": about, "n": line.facts.get("n", 1) + 1}
