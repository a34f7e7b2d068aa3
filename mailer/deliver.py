"""Takes due mails from the outbox, renders and sends them, and writes down what became of each.

Any number of workers may do this at once. A mail is claimed for ten minutes in one statement, nothing is locked while
a server is talked to, and only the holder of the claim writes the result. At least once: a worker that dies between
the server's "250" and its own note leaves a mail that is sent again, under the same Message-ID.
"""

import datetime as dt
import logging
import os
import random
import re
import smtplib
import socket
import uuid
from collections import deque
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask_mail import Message

from foundation import clock
from foundation.db import db, reading
from mailer import smtp
from mailer.folder import FolderDelivery, delivers_to_folder
from mailer.message import BadSender, compose
from mailer.own_words import render_for_sending
from mailer.render import Rendered, one_line
from models import Client, MailState, NotificationKind, OutboxMail
from workflows import demo_marks, mail_refusals, notifications, settings
from workflows.mail_facts import SENSITIVE_KINDS

log = logging.getLogger("latchkey.mailer")

LEASE = dt.timedelta(minutes=10)
#: a mail is not begun with less than this left of its lease: more than one that meets every time-out can take
MARGIN = dt.timedelta(minutes=2)
BATCH = 5
MOST_ATTEMPTS = 8
#: many servers hang up after a hundred, at the expense of the mail in hand
MAILS_A_TALK = 50
#: what a mail says that is not sent because an earlier one came back
RETURNED = "an earlier mail to this address came back; take the mark off under Returned mails, then send again"
#: and what one says that is not sent because nobody is there to read it
MADE_UP = "somebody of the demo data, whose address leads nowhere: not sent"
SERVER_DOWN_PAUSE = dt.timedelta(seconds=60)
_ERROR_MOST = 500
#: addresses of pages, and signed tokens that stand alone
_LINKS = re.compile(r"(?i)https?://\S*|\S*set-password\S*|[\w-]+\.[\w-]{6}\.[\w-]{40,}")


def _never() -> bool:
    return False


def backoff(attempts: int) -> dt.timedelta:
    """How long to wait after so many tries: 15 s, 1, 4, 16, 64 minutes, 4.3 h, then 6 h; a fifth more or less, so that
    mails which failed together do not come back together."""
    return dt.timedelta(seconds=min(6 * 3600, 15 * 4 ** (attempts - 1)) * random.uniform(0.8, 1.2))


#: rounds of this process that broke before they could put their mails back, as when the database went away
_broken: set[str] = set()


def drain(app: Flask, *, should_stop: Callable[[], bool] = _never) -> int:
    """Send all that is due; how many went out.

    Stops early when asked to, and when the server is down: its mails are put back for a minute, so whoever calls next
    goes on. What a round of this process left in hand because the database went away is put back first: its lease would
    hold it up for minutes. Must not be called inside a transaction that has changed something: it would wait for itself
    on SQLite.
    """
    worker = f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
    with app.app_context():
        _give_back()
        round_ = _Round(app, worker, should_stop)
        try:
            while not should_stop() and not round_.server_down and is_due():
                round_.deliver(claim(worker))
        except BaseException:
            _broken.add(worker)
            raise
        finally:
            round_.hang_up()
    return round_.n_sent


def _give_back() -> None:
    """Mails of broken rounds are due again at once. The try stays charged: one of them may be what breaks the rounds, and
    one may have gone out; it goes again under the same Message-ID, as after a lease."""
    if not _broken:
        return
    over = set(_broken)
    db.session.execute(
        sa.update(OutboxMail)
        .where(OutboxMail.locked_by.in_(over), OutboxMail.state == MailState.SENDING)
        .values(state=MailState.QUEUED, next_at=clock.now(), locked_by=None, locked_until=None)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    _broken.difference_update(over)


# ------------------------------------------------------------------------------------------------ claim and finish


def _due(now: dt.datetime) -> sa.ColumnElement[bool]:
    return sa.or_(
        sa.and_(OutboxMail.state == MailState.QUEUED, OutboxMail.next_at <= now),
        sa.and_(OutboxMail.state == MailState.SENDING, OutboxMail.locked_until < now),
    )


def is_due() -> bool:
    """Is there anything to do? Asked first, because claiming takes SQLite's one write lock."""
    with reading():
        found = db.session.scalar(sa.select(OutboxMail.id).where(_due(clock.now())).limit(1))
        db.session.rollback()
    return found is not None


def claim(worker: str, n: int = BATCH) -> list[OutboxMail]:
    """Up to `n` due mails for this worker alone, the longest due first and those of mailings last, so that thousands of news
    hold up no mail that somebody waits for; the settings are read in the same breath.

    One statement on both databases: PostgreSQL passes over rows that another worker is just taking, SQLite lets one
    writer in at a time. Each claim counts as an attempt until the mail is put back.
    """
    now = clock.now()
    pick = (
        sa.select(OutboxMail.id)
        .where(_due(now))
        .order_by(OutboxMail.mailing_id.is_not(None), OutboxMail.next_at, OutboxMail.id)
        .limit(n)
        .with_for_update(skip_locked=True)
        .cte("pick")
    )
    taken = (
        sa.update(OutboxMail)
        .where(OutboxMail.id.in_(sa.select(pick.c.id)))
        .values(
            state=MailState.SENDING, locked_by=worker, locked_until=now + LEASE, attempts=OutboxMail.attempts + 1
        )
        .returning(OutboxMail)
        .execution_options(synchronize_session=False, populate_existing=True)
    )  # fmt: skip
    mails = list(db.session.scalars(taken))
    settings.forget()
    settings.read()
    db.session.commit()
    db.session.expunge_all()  # plain values from here on: nothing of them may be written back by accident
    return sorted(mails, key=lambda m: (m.mailing_id is not None, m.next_at, m.id))


def finish(mail: OutboxMail, worker: str, **values: Any) -> bool:  # noqa: ANN401 -- columns
    """Write a result, and commit; False and nothing is written when the claim has passed to another worker."""
    result = db.session.execute(
        sa.update(OutboxMail)
        .where(OutboxMail.id == mail.id, OutboxMail.locked_by == worker, OutboxMail.state == MailState.SENDING)
        .values(locked_by=None, locked_until=None, **values)
        .execution_options(synchronize_session=False)
    )
    if getattr(result, "rowcount", 0) != 1:
        db.session.rollback()
        log.warning("mail %s: the claim had run out, its result is dropped", mail.id)
        return False
    if values["state"] is MailState.FAILED:
        _tell_office(mail, values["last_error"])
    db.session.commit()
    return True


def _tell_office(mail: OutboxMail, error: str, *, to: str | None = None) -> None:
    client = db.session.get(Client, mail.client_id) if mail.client_id else None
    notifications.notify_office(
        NotificationKind.MAIL_FAILED,
        client=client,
        mail_id=mail.id,
        mail_kind=mail.kind,
        to=to or mail.to_address,
        error=error,
    )


# ------------------------------------------------------------------------------------------------ a postman's round


class _Round:
    """One worker's way through what is due, with one talk with the server as long as it lasts."""

    def __init__(self, app: Flask, worker: str, should_stop: Callable[[], bool]) -> None:
        self.app, self.worker, self.should_stop = app, worker, should_stop
        self.waiting: deque[OutboxMail] = deque()
        self.connection: smtp.SafeConnection | FolderDelivery | None = None
        self.n_talked = self.n_sent = 0
        self.server_down = False

    def deliver(self, mails: list[OutboxMail]) -> None:
        """Send the mails of one claim. Whatever happens, those not begun are put back, uncharged."""
        self.waiting.extend(mails)
        try:
            while self.waiting and not self.server_down and not self._must_stop():
                self._next()
        finally:
            db.session.rollback()  # a result that could not be written must not keep the others from being put back
            while self.waiting:
                self._put_back(self.waiting.popleft())

    def _must_stop(self) -> bool:
        lease = self.waiting[0].locked_until
        return self.should_stop() or lease is None or clock.now() > lease - MARGIN

    def _next(self) -> None:
        mail = self.waiting[0]
        if mail.attempts > MOST_ATTEMPTS:  # each of them ended with a dead worker
            self.waiting.popleft()
            self._fail(mail, "the worker stopped in the middle of every try")
            return
        returned = _returned(mail)
        if mail_refusals.plain(mail.to_address) in returned:
            self.waiting.popleft()
            self._fail(mail, RETURNED)
            return
        mail.cc_addresses = [a for a in mail.cc_addresses if mail_refusals.plain(a) not in returned]
        is_made_up = _is_made_up(mail)
        try:
            rendered = render_for_sending(mail)
            message = compose(mail, rendered)
        except BadSender as problem:
            self._server_is_down(str(problem))
            return
        except Exception as problem:  # noqa: BLE001 -- one mail's fault must not hold up the others
            self.waiting.popleft()
            self._fail(mail, self._words(mail, problem), trace=not _is_sensitive(mail))
            return
        if is_made_up:
            self.waiting.popleft()
            self._keep(mail, rendered)
            return
        if not self._connect():
            return
        self.waiting.popleft()
        self._send(mail, message, rendered)

    def _connect(self) -> bool:
        if self.n_talked >= MAILS_A_TALK:
            self.hang_up()
        if self.connection is not None:
            return True
        way_out: smtp.SafeConnection | FolderDelivery = (
            FolderDelivery(self.app) if delivers_to_folder(self.app) else smtp.connection_of(self.app)
        )
        try:
            self.connection = way_out.__enter__()
        except Exception as problem:  # noqa: BLE001 -- a wrong set-up fails in more ways than SMTP and sockets know
            self._server_is_down(self._words(self.waiting[0], problem))
            return False
        return True

    def _server_is_down(self, error: str) -> None:
        """All go back for a minute, and none is charged for it: a night without a server must not use up their tries."""
        log.warning("mail server not usable, %s mails put back: %s", len(self.waiting), error)
        self.server_down = True
        while self.waiting:
            self._put_back(self.waiting.popleft(), next_at=clock.now() + SERVER_DOWN_PAUSE, last_error=error)

    def _send(self, mail: OutboxMail, message: Message, rendered: Rendered) -> None:
        refused: smtp.Refused = {}
        self.n_talked += 1
        try:
            if isinstance(self.connection, FolderDelivery):
                self.connection.deliver(message, mail)
            elif self.connection is not None:
                refused = self.connection.deliver(message, last_try=mail.attempts >= MOST_ATTEMPTS)
        except Exception as problem:  # noqa: BLE001 -- every way of failing ends in a state of the mail
            self._not_sent(mail, problem)
        except BaseException:  # the worker is being stopped in the middle; the server may have the mail already
            finish(mail, self.worker, state=MailState.QUEUED, next_at=clock.now() + backoff(mail.attempts))
            raise
        else:
            self._sent(mail, rendered, refused, missed=message.recipients[0] in refused)

    def _sent(self, mail: OutboxMail, rendered: Rendered, refused: smtp.Refused, *, missed: bool) -> None:
        error = self._clean(smtp.explain_refused(refused)) if refused else None
        if missed:
            self._fail(mail, f"{error}; the copies went out")
            return
        bodies = {} if _is_sensitive(mail) else {"body_text": rendered.text, "body_html": rendered.html}
        done = finish(
            mail,
            self.worker,
            state=MailState.SENT,
            sent_at=clock.now(),
            last_error=error,
            subject=rendered.subject,
            **bodies,
        )
        if done:
            self.n_sent += 1
        if done and error:
            _tell_office(mail, error, to=", ".join(refused))
            db.session.commit()

    def _not_sent(self, mail: OutboxMail, problem: Exception) -> None:
        error = self._words(mail, problem)
        if smtp.is_gone(problem):
            self.hang_up()
        if smtp.is_server_trouble(problem):
            self.waiting.appendleft(mail)
            self._server_is_down(error)
        elif smtp.is_permanent(problem) or mail.attempts >= MOST_ATTEMPTS:
            self._fail(mail, error)
        else:
            pause = backoff(mail.attempts)
            log.info("mail %s, try %s: %s; again in %s", mail.id, mail.attempts, error, pause)
            finish(mail, self.worker, state=MailState.QUEUED, next_at=clock.now() + pause, last_error=error)

    def _fail(self, mail: OutboxMail, error: str, *, trace: bool = False) -> None:
        log.error("mail %s (%s) failed: %s", mail.id, mail.kind, error, exc_info=trace)
        finish(mail, self.worker, state=MailState.FAILED, last_error=error)

    def _keep(self, mail: OutboxMail, rendered: Rendered) -> None:
        """A mail about somebody of the demo data: read in the outbox, sent to nobody."""
        bodies = {} if _is_sensitive(mail) else {"body_text": rendered.text, "body_html": rendered.html}
        finish(mail, self.worker, state=MailState.CANCELLED, last_error=MADE_UP, subject=rendered.subject, **bodies)

    def _put_back(self, mail: OutboxMail, **values: Any) -> None:  # noqa: ANN401 -- columns
        finish(mail, self.worker, state=MailState.QUEUED, attempts=mail.attempts - 1, **values)

    def hang_up(self) -> None:
        """End the talk; the next mail begins another."""
        connection, self.connection = self.connection, None
        self.n_talked = 0
        if connection is not None:
            connection.__exit__(None, None, None)

    def _words(self, mail: OutboxMail, problem: Exception) -> str:
        """What is written down: for a mail that holds a link nothing that could quote it, beside the server's words."""
        told = isinstance(problem, OSError | smtplib.SMTPException)
        text = smtp.explain(problem) if told or not _is_sensitive(mail) else type(problem).__name__
        return self._clean(text)

    def _clean(self, text: str) -> str:
        return clean_error(text, self.app.config.get("MAIL_PASSWORD"), self.app.config["SECRET_KEY"])


def _returned(mail: OutboxMail) -> set[str]:
    """Which of a mail's addresses gave an earlier one back."""
    with reading():
        found = mail_refusals.bounced([mail.to_address, *mail.cc_addresses])
        db.session.rollback()
    return found


def _is_made_up(mail: OutboxMail) -> bool:
    """Is it to an address that is nobody's, of a made-up person? A copy to such an address goes with it."""
    if not any(map(demo_marks.leads_nowhere, (mail.to_address, *mail.cc_addresses))):
        return False
    with reading():
        found = demo_marks.is_about_made_up(mail)
        db.session.rollback()
    if found and not demo_marks.leads_nowhere(mail.to_address):
        mail.cc_addresses = [a for a in mail.cc_addresses if not demo_marks.leads_nowhere(a)]
        return False
    return found


def _is_sensitive(mail: OutboxMail) -> bool:
    return mail.kind in {kind.value for kind in SENSITIVE_KINDS}


def clean_error(text: str, *secrets: str | None) -> str:
    """An error as it may be kept and shown: one line of at most 500 signs, without links, tokens and our secrets.

    Some servers quote the mail that they refuse, and a mail can hold a one-time link.
    """
    for secret in filter(None, secrets):
        text = text.replace(secret, "[secret]")
    return _LINKS.sub("[link]", one_line(text))[:_ERROR_MOST]
