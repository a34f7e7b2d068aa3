"""The worker's part of archives: each is written to a nameless temporary file, then put into the store."""

import hashlib
import logging
import tempfile
import time
from collections.abc import Callable

from flask import Flask

from application.tasks.turns import Turn
from application.tasks.worker import stopping
from application.units import unit_of_work
from foundation import storage
from foundation.alone import alone
from foundation.db import db, reading
from workflows import archives
from workflows.archiving import making

log = logging.getLogger("latchkey.tasks")

#: seconds between two notes of how far it is
NOTED = 2.0


class _Stopped(Exception):
    """The worker was asked to stop."""


def make_archives(app: Flask, *, should_stop: Callable[[], bool] = stopping) -> int:
    """Make the archives that were ordered, and delete the files of old ones; how many were made.

    Safe with many workers: one at a time holds the lock, which ends with it, so what is due then is nobody's. A worker
    that is killed leaves its order to the next minute; its temporary file had no name.
    """
    with unit_of_work(app):
        archives.forget_old()
    with reading(), unit_of_work(app):
        due = archives.due()
    if not due:
        return 0
    n_made = 0
    with app.app_context(), alone("archives") as is_ours:
        for archive_id in due if is_ours else ():
            if should_stop():
                break
            n_made += _make(app, archive_id, should_stop)
    return n_made


def _make(app: Flask, archive_id: int, should_stop: Callable[[], bool]) -> bool:
    with reading(), unit_of_work(app), making.snapshot() as connection:
        n_total = making.count(connection, making.Wanted())
    with unit_of_work(app):
        task = archives.begin(archive_id, n_total=n_total)
    if task is None:
        return False
    try:
        return _write(app, task, should_stop)
    except _Stopped:
        with unit_of_work(app):
            archives.put_back(task)
    except Exception as problem:
        log.exception("archive %s could not be made", archive_id)
        with unit_of_work(app):
            archives.fail(task, f"{type(problem).__name__}: {problem}"[:500])
    return False


def _write(app: Flask, task: archives.Task, should_stop: Callable[[], bool]) -> bool:
    noted, mine = time.monotonic(), Turn(app)

    def passed(n_done: int) -> None:
        nonlocal noted
        if should_stop():
            raise _Stopped
        if time.monotonic() - noted > NOTED:
            noted = time.monotonic()
            with unit_of_work(app):
                archives.progress(task, n_done)
        mine.serve_others()

    with reading(), unit_of_work(app):
        head = making.head()
    with tempfile.TemporaryFile() as out:
        with app.app_context(), making.snapshot() as connection:
            wanted = making.Wanted(with_files=task.with_files)
            making.write(out, wanted, connection=connection, head=head, passed=passed)
        n_bytes = out.tell()
        out.seek(0)
        sha256 = hashlib.file_digest(out, "sha256").hexdigest()
        out.seek(0)
        storage.here().take(out, key=task.key)
    with unit_of_work(app):
        is_wanted = archives.finish(task, n_bytes=n_bytes, sha256=sha256)
        db.session.flush()
    if not is_wanted:
        storage.here().delete(task.key)
    return is_wanted
