"""Backups: archives with log-ins and files, each read back before it counts, and only the newest ones kept.

The archive's own format on both databases, not a dump: it is one file with the uploads in it, taken from one snapshot
while people work, checked row by row, and it can be put back on either database and by a later version.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from foundation import clock
from foundation.db import db, reading
from workflows.archiving import checking, making
from workflows.archiving.shape import ArchiveProblem
from workflows.errors import N_

_NAME = re.compile(r"latchkey-\d{8}-\d{6}\.zip")


def write_file(
    path: Path, wanted: making.Wanted, *, passed: Callable[[int], object] = lambda _n: None, thorough: bool = False
) -> checking.Opened:
    """Make an archive at this path and read it back; only then it gets its name. Readable by its owner alone.

    `thorough`: SQLite looks through its own file first. ArchiveProblem when the database or the archive is not whole.
    """
    with reading():
        head = making.head()
        db.session.rollback()  # nothing is kept open meanwhile
    part = path.with_name(path.name + ".part")
    handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w+b") as out:
            with making.snapshot() as connection:
                if thorough:
                    _require_whole(connection)
                making.write(out, wanted, connection=connection, head=head, passed=passed)
            out.flush()
            os.fsync(out.fileno())
        with checking.opened(part) as archive:
            checking.verify(archive)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return archive


def make(folder: Path, *, keep: int = 0, passed: Callable[[int], object] = lambda _n: None) -> Path:
    """Back everything up into the folder, and delete all but the `keep` newest backups there (0: none is deleted).

    The older ones go only after the new one was read back.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"latchkey-{clock.now():%Y%m%d-%H%M%S}.zip"
    write_file(path, making.Wanted(with_files=True, with_log_ins=True), passed=passed, thorough=True)
    if keep > 0:
        backups = sorted((p for p in folder.iterdir() if _NAME.fullmatch(p.name)), reverse=True)
        for old in backups[keep:]:
            old.unlink()
    return path


def _require_whole(connection: sa.Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    (state,) = connection.exec_driver_sql("PRAGMA quick_check(1)").one()
    if state != "ok":
        raise ArchiveProblem("database_broken", N_("The database file is damaged: %(why)s"), why=state)
