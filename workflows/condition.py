"""How the installation stands: the worker, its queue, mails, backups, nightly checks; for the owner's page and for figures.

What runs by itself leaves a sign each time (`leave`); whoever looks compares it with how often it should run.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from foundation import clock
from foundation.db import db
from foundation.types import UTCDateTime
from models import (
    ArchiveState,
    AttemptState,
    BulkRun,
    BulkState,
    DataArchive,
    ImportRun,
    MailState,
    OutboxMail,
    PaymentAttempt,
    Refund,
    RefundState,
    Sign,
    SignOfLife,
)
from workflows import settings
from workflows.actors import Actor
from workflows.archiving import making
from workflows.importing import runs as import_runs
from workflows.permissions import Permission

#: the worker leaves a sign each minute, and looks for mails as often: after this it is not there
SILENT_AFTER = dt.timedelta(minutes=10)
#: a backup each day, and a day to mend what keeps it from being made
BACKUP_OLD_AFTER = dt.timedelta(days=2)
#: what runs once a night, and a few hours for a long one
NIGHTLY_LATE_AFTER = dt.timedelta(hours=30)
NIGHTLY = (Sign.COMPARE_BOOKS, Sign.CLEAN_UP, Sign.REPEATS)
#: below this the database and its backups soon have no room
LEAST_DISK = 2**30


@dataclass(frozen=True)
class Waiting:
    """What waits for the worker: mails that are due, and orders of the office."""

    n_mails: int
    oldest_mail: dt.datetime | None
    n_failed: int
    n_orders: int
    oldest_order: dt.datetime | None
    n_unknown: int

    @property
    def oldest(self) -> dt.datetime | None:
        """Since when the first of them waits."""
        return min((at for at in (self.oldest_mail, self.oldest_order) if at is not None), default=None)


def leave(sign: Sign, *, is_well: bool = True, **facts: Any) -> None:  # noqa: ANN401 -- plain values
    """Note that it ran now, and how it went; the facts replace those of before."""
    now = clock.now()
    fresh = {"at": now, "is_well": is_well, "facts": facts}
    if is_well:
        fresh["well_at"] = now
    insert = pg_insert if db.session.get_bind().dialect.name == "postgresql" else sqlite_insert
    row = insert(SignOfLife).values(sign=sign, since=now, **fresh)
    db.session.execute(row.on_conflict_do_update(index_elements=[SignOfLife.sign], set_=fresh))


def signs() -> Mapping[Sign, SignOfLife]:
    """The last sign of each that ever ran; one query."""
    rows = db.session.scalars(sa.select(SignOfLife).execution_options(populate_existing=True))
    return {row.sign: row for row in rows}


def waiting() -> Waiting:
    """What waits; one query."""
    now = clock.now()
    mails = (OutboxMail.state == MailState.QUEUED, OutboxMail.next_at <= now)
    orders = (
        (BulkRun, BulkRun.state.in_([BulkState.WAITING, BulkState.RUNNING])),
        (ImportRun, ImportRun.state.in_(import_runs.OPEN)),
        (DataArchive, DataArchive.state.in_([ArchiveState.WAITING, ArchiveState.RUNNING])),
    )
    figures: list[Any] = [
        _count(OutboxMail, *mails),
        sa.select(sa.func.min(OutboxMail.next_at)).where(*mails).scalar_subquery(),
        _count(OutboxMail, OutboxMail.state == MailState.FAILED),
        _count(PaymentAttempt, PaymentAttempt.state == AttemptState.UNKNOWN),
        _count(Refund, Refund.state == RefundState.UNKNOWN),
    ]
    for table, is_open in orders:
        begun = getattr(table, "started_at", table.created_at)
        since = sa.func.min(sa.func.coalesce(begun, table.created_at))
        figures += [_count(table, is_open), sa.select(since).where(is_open).scalar_subquery()]
    n_mails, oldest_mail, n_failed, n_attempts, n_refunds, *of_orders = db.session.execute(sa.select(*figures)).one()
    begun_at = [at for at in of_orders[1::2] if at is not None]
    return Waiting(
        n_mails, oldest_mail, n_failed, sum(of_orders[::2]), min(begun_at, default=None), n_attempts + n_refunds
    )


def _count(what: Any, *where: Any) -> Any:  # noqa: ANN401 -- a table, and SQL
    return sa.select(sa.func.count()).select_from(what).where(*where).scalar_subquery()


# ------------------------------------------------------------------------------------------------------- what is wrong


class Known(NamedTuple):
    """As much as it takes to warn."""

    worker_at: dt.datetime | None
    worker_since: dt.datetime | None
    backup_well_at: dt.datetime | None
    backup_is_well: bool | None
    check_is_well: bool | None
    #: a mail has been due for so long that no worker can be there
    is_overdue: bool


def _of(sign: Sign, column: Any) -> Any:  # noqa: ANN401 -- a column of SignOfLife, and SQL
    return sa.select(column).where(SignOfLife.sign == sign).scalar_subquery()


#: the columns of `Known`, for whoever asks more at the same time; with `bound()`
KNOWN: tuple[Any, ...] = (
    _of(Sign.WORKER, SignOfLife.at),
    _of(Sign.WORKER, SignOfLife.since),
    _of(Sign.BACKUP, SignOfLife.well_at),
    _of(Sign.BACKUP, SignOfLife.is_well),
    _of(Sign.BACKUP_CHECK, SignOfLife.is_well),
    sa.exists(
        sa.select(OutboxMail.id).where(
            OutboxMail.state == MailState.QUEUED,
            OutboxMail.next_at < sa.bindparam("silent_since", type_=UTCDateTime),
        )
    ),
)


def bound() -> dict[str, Any]:
    """The values that `KNOWN` asks for."""
    return {"silent_since": clock.now() - SILENT_AFTER}


def known() -> Known:
    """All of it with one query."""
    return Known(*db.session.execute(sa.select(*KNOWN), bound()).one())


def is_silent(now: Known) -> bool:
    """Is the worker gone? One that has never run is not missed before something waits for it."""
    return now.is_overdue if now.worker_at is None else now.worker_at < clock.now() - SILENT_AFTER


def is_backup_old(now: Known) -> bool:
    """Is there no backup of these days, although there should be one by now?"""
    if settings.read()["backups.at"] is None:
        return False
    well_at = now.backup_well_at or now.worker_since
    return well_at is not None and well_at < clock.now() - BACKUP_OLD_AFTER


def troubles(now: Known | None = None, *, actor: Actor) -> list[str]:
    """What the owner should look at, by name, for HOME: worker, backup, backup_check. Nobody else is told."""
    if not actor.may(Permission.OPERATIONS):
        return []
    now = now or known()
    found = ["worker"] if is_silent(now) else []
    if now.backup_is_well is False or is_backup_old(now):
        found.append("backup")
    return [*found, "backup_check"] if now.check_is_well is False else found


# ------------------------------------------------------------------------------------------------------------ figures


def figures() -> Iterator[tuple[str, str, float | None]]:
    """Name, meaning and figure, for machines; None where nothing is known. Two queries."""
    seen, waits, now = signs(), waiting(), clock.now()
    yield "outbox_waiting", "Mails that are due.", waits.n_mails
    yield "outbox_oldest_seconds", "For how long the first of them has been due.", _age(waits.oldest_mail, now) or 0
    yield "outbox_failed", "Mails that could not be sent.", waits.n_failed
    yield "queue_waiting", "Mails and orders of the office that wait for the worker.", waits.n_mails + waits.n_orders
    yield "queue_oldest_seconds", "For how long the first of them has waited.", _age(waits.oldest, now) or 0
    yield "payments_unknown", "Charges and refunds of which nobody knows what became.", waits.n_unknown
    for sign in Sign:
        last = seen.get(sign)
        name = "heartbeat" if sign is Sign.WORKER else sign.value
        yield f"{name}_age_seconds", f"Since {sign.value} last went well.", _age(last.well_at if last else None, now)
        yield f"{name}_ok", f"Did {sign.value} go well the last time?", None if last is None else float(last.is_well)


def _age(at: dt.datetime | None, now: dt.datetime) -> float | None:
    return None if at is None else max((now - at).total_seconds(), 0.0)


def size_of_database() -> int:
    """In bytes."""
    if db.session.get_bind().dialect.name == "postgresql":
        return int(db.session.scalar(sa.text("SELECT pg_database_size(current_database())")) or 0)
    pages = db.session.scalar(sa.text("PRAGMA page_count")) or 0
    return int(pages) * int(db.session.scalar(sa.text("PRAGMA page_size")) or 0)


def migration() -> str:
    """Which migration the tables are at."""
    return making.revision_of(db.session.connection())
