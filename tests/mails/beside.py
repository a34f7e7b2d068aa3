"""Looking at the database, and ending programs, while other processes work beside the test."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from foundation import clock
from foundation.db import db, reading
from mailer.examples import PREVIEWS
from models import MailState, OutboxMail
from tests.loaded_python import Python
from workflows import outbox
from workflows.mail_facts import MailKind

Found = TypeVar("Found")


def kill(process: Python) -> None:
    """kill -9, with all that it started; nobody can say goodbye."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def wait_until(holds: Callable[[], bool], *, seconds: float = 40) -> None:
    """Look again and again until it holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain: {count_states()}"
        time.sleep(0.02)


def queue_mails(n: int) -> set[str]:
    """Queue and commit `n` mails without waking a worker; their Message-IDs."""
    mails = [
        outbox.queue_mail(MailKind.VISITS_BOOKED, PREVIEWS[MailKind.VISITS_BOOKED], to=f"c{i}@example.com")
        for i in range(n)
    ]
    db.session.info.pop("nudge_worker")
    db.session.commit()
    return {m.message_id for m in mails if m is not None}


def look(query: Callable[[], Found]) -> Found:
    """Ask without holding SQLite's one write lock, which the others need."""
    db.session.rollback()
    with reading():
        try:
            return query()
        finally:
            db.session.rollback()


def states() -> dict[str, int]:
    """How many mails are in each state."""
    rows = db.session.execute(sa.select(OutboxMail.state, sa.func.count()).group_by(OutboxMail.state))
    return {MailState(state).value: n for state, n in rows}


def count_states() -> dict[str, int]:
    """The same, without getting in anybody's way."""
    return look(states)


def count_leases() -> int:
    """How many mails a worker, alive or killed, still holds."""
    held = sa.select(sa.func.count(OutboxMail.id)).where(OutboxMail.locked_until >= clock.now())
    return look(lambda: db.session.scalar(held)) or 0


def all_due_now() -> None:
    """Those that were put off are due at once."""
    db.session.execute(sa.update(OutboxMail).where(OutboxMail.state == MailState.QUEUED).values(next_at=clock.now()))
    db.session.commit()
