"""Archives that the office orders: the worker makes them, they lie in the store for a week, each fetch is logged.

What stands in one is `workflows.archiving`'s. The office's archives hold no log-ins: they leave the house by a browser.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from foundation import clock, storage
from foundation.db import db
from models import ARCHIVE_MOVES, ArchiveState, DataArchive
from workflows import activity, locks
from workflows.actors import Actor
from workflows.archiving import shape
from workflows.errors import N_, Conflict, WrongState
from workflows.permissions import Permission

#: how long a file waits to be fetched
KEPT = dt.timedelta(days=7)
#: orders that the page shows
SHOWN = 20
_OPEN = (ArchiveState.WAITING, ArchiveState.RUNNING)


@dataclass(frozen=True)
class Task:
    """What the worker has to make, and under which key it puts it."""

    archive_id: int
    key: str
    with_files: bool


def order(*, with_files: bool, actor: Actor) -> DataArchive:
    """Order an archive of everything; the worker is woken after the commit. Logged.

    Refused: without the permission (NotAllowed), while another one is being made (Conflict).
    """
    actor.require(Permission.TAKE_ALL)
    locks.lock_place("archive")
    if db.session.scalar(sa.select(DataArchive.id).where(DataArchive.state.in_(_OPEN)).limit(1)):
        raise Conflict("one_at_a_time", N_("An archive is being made already. Wait until it is there."))
    archive = DataArchive(with_files=with_files, staff_id=actor.staff.id if actor.staff else None)
    db.session.add(archive)
    db.session.flush()
    activity.record("archive.ordered", actor=actor, subject=archive, with_files=with_files)
    db.session.info["nudge_archives"] = True
    return archive


def latest(*, actor: Actor) -> Sequence[DataArchive]:
    """The newest orders, the last one first. Refused with NotAllowed without the permission."""
    actor.require(Permission.TAKE_ALL)
    return db.session.scalars(
        sa.select(DataArchive).options(joinedload(DataArchive.staff)).order_by(DataArchive.id.desc()).limit(SHOWN)
    ).all()


def fetch(archive: DataArchive, *, actor: Actor) -> str:
    """The key of its file in the store, for whoever takes it out. Logged.

    Refused: without the permission (NotAllowed); before it is made and when it was removed (WrongState).
    """
    actor.require(Permission.TAKE_ALL)
    if archive.state is not ArchiveState.DONE or archive.key is None:
        raise WrongState("not_there", N_("This archive is not there. Order a new one."))
    activity.record("archive.fetched", actor=actor, subject=archive, n_bytes=archive.n_bytes)
    return archive.key


def remove(archive: DataArchive, *, actor: Actor) -> bool:
    """Remove its file, or call the order off while it waits; was there anything to remove? Logged.

    The bytes go within a minute of the commit. Refused: without the permission (NotAllowed), while it is being made
    (WrongState).
    """
    actor.require(Permission.TAKE_ALL)
    locked = _locked(archive.id)
    if locked.state is ArchiveState.GONE:
        return False
    if locked.state is ArchiveState.RUNNING:
        raise WrongState("running", N_("This archive is being made. It can be removed when it is done."))
    _move(locked, ArchiveState.GONE)
    activity.record("archive.removed", actor=actor, subject=locked)
    return True


# -------------------------------------------------------------------------------------------------------- the worker


def due() -> list[int]:
    """Orders to be made; also those that a killed worker left. Only one worker may look (`foundation.alone`)."""
    return list(
        db.session.scalars(sa.select(DataArchive.id).where(DataArchive.state.in_(_OPEN)).order_by(DataArchive.id))
    )


def begin(archive_id: int, *, n_total: int) -> Task | None:
    """Take an order up, under a new key; None when it was called off. What a killed worker stored is thrown away."""
    archive = _locked(archive_id)
    if archive.state not in _OPEN:
        return None
    if archive.key is not None:
        storage.here().delete(archive.key)
    if archive.state is ArchiveState.WAITING:
        _move(archive, ArchiveState.RUNNING)
    archive.key, archive.n_done, archive.n_total = storage.new_key(shape.FOLDER, "zip"), 0, n_total
    return Task(archive.id, archive.key, archive.with_files)


def progress(task: Task, n_done: int) -> None:
    """Note how many rows are in it."""
    db.session.execute(sa.update(DataArchive).where(_is(task)).values(n_done=n_done))


def finish(task: Task, *, n_bytes: int, sha256: str) -> bool:
    """It lies in the store; False when it is not wanted any more, and the caller deletes the bytes."""
    archive = _locked(task.archive_id)
    if archive.key != task.key or archive.state is not ArchiveState.RUNNING:
        return False
    _move(archive, ArchiveState.DONE)
    archive.n_bytes, archive.sha256 = n_bytes, sha256
    archive.n_done, archive.finished_at = archive.n_total, clock.now()
    return True


def fail(task: Task, problem: str) -> None:
    """It could not be made, and why."""
    archive = _locked(task.archive_id)
    if archive.key == task.key and archive.state is ArchiveState.RUNNING:
        _move(archive, ArchiveState.FAILED)
        archive.problem, archive.finished_at = problem, clock.now()


def put_back(task: Task) -> None:
    """The worker was asked to stop: the next one begins anew."""
    archive = _locked(task.archive_id)
    if archive.key == task.key and archive.state is ArchiveState.RUNNING:
        _move(archive, ArchiveState.WAITING)


def forget_old() -> int:
    """Let go of archives that are a week old, and delete the bytes of all that are gone; how many bytes' files.

    The bytes go first: if the rows' change is not committed, the next call does both again.
    """
    old = sa.and_(DataArchive.state == ArchiveState.DONE, DataArchive.finished_at < clock.now() - KEPT)
    for archive in db.session.scalars(sa.select(DataArchive).where(old).with_for_update(skip_locked=True)):
        _move(archive, ArchiveState.GONE)
    db.session.flush()
    ended = (ArchiveState.GONE, ArchiveState.FAILED)
    gone = db.session.scalars(
        sa.select(DataArchive)
        .where(DataArchive.state.in_(ended), DataArchive.key.is_not(None))
        .with_for_update(skip_locked=True)
    ).all()
    for archive in gone:
        storage.here().delete(str(archive.key))
        archive.key = None
    return len(gone)


def _is(task: Task) -> sa.ColumnElement[bool]:
    return sa.and_(DataArchive.id == task.archive_id, DataArchive.key == task.key)


def _locked(archive_id: int) -> DataArchive:
    return db.session.scalars(
        sa.select(DataArchive)
        .where(DataArchive.id == archive_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _move(archive: DataArchive, state: ArchiveState) -> None:
    if state not in ARCHIVE_MOVES[archive.state]:
        raise WrongState("archive_state", N_("This archive is not there. Order a new one."))
    archive.state = state
