"""Backups: archives with log-ins and files, each read back before it counts, and only the newest ones kept.

The archive's own format on both databases, not a dump: it is one file with the uploads in it, taken from one snapshot
while people work, checked row by row, and it can be put back on either database and by a later version.
"""

import datetime as dt
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

import sqlalchemy as sa

from foundation import clock, sealed_files
from foundation.db import db, reading
from workflows.archiving import checking, making
from workflows.archiving.shape import ArchiveProblem
from workflows.errors import N_

_NAME = re.compile(r"latchkey-(\d{8}-\d{6})\.(zip|lkb)")
#: what a killed program left behind
_PART = re.compile(r"latchkey-\d{8}-\d{6}\.(zip|lkb)\.part")
_PART_OLD_AFTER = dt.timedelta(days=1)


def write_file(
    path: Path,
    wanted: making.Wanted,
    *,
    passed: Callable[[int], object] = lambda _n: None,
    thorough: bool = False,
    is_sealed: bool = False,
) -> checking.Opened:
    """Make an archive at this path and read it back; only then it gets its name. Readable by its owner alone.

    `thorough`: SQLite looks through its own file first. `is_sealed`: nothing of it is ever on the disk in the clear.
    ArchiveProblem when the database or the archive is not whole.
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
                if is_sealed:
                    sealer = sealed_files.Sealer(out)
                    making.write(cast("BinaryIO", sealer), wanted, connection=connection, head=head, passed=passed)
                    sealer.finish()
                else:
                    making.write(out, wanted, connection=connection, head=head, passed=passed)
            out.flush()
            os.fsync(out.fileno())
        with checking.opened(part) as archive:
            n_rows = archive.n_rows
            checking.verify(archive, lambda: passed(n_rows))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return archive


def make(folder: Path, *, keep: int = 0, passed: Callable[[int], object] = lambda _n: None) -> Path:
    """Back everything up into the folder, and delete all but the `keep` newest backups there (0: none is deleted).

    Sealed (and named .lkb) where there is a BACKUP_KEY. The older ones go only after the new one was read back.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _clear(folder)
    path = folder / new_name()
    wanted = making.Wanted(with_files=True, with_log_ins=True)
    write_file(path, wanted, passed=passed, thorough=True, is_sealed=sealed_files.has_key())
    if keep > 0:
        backups = sorted((p for p in folder.iterdir() if _NAME.fullmatch(p.name)), reverse=True)
        for old in backups[keep:]:
            old.unlink()
    return path


def new_name() -> str:
    """The name of a backup that is made now."""
    return f"latchkey-{clock.now():%Y%m%d-%H%M%S}.{'lkb' if sealed_files.has_key() else 'zip'}"


def moment_of(name: str) -> dt.datetime | None:
    """When the backup of this name was made; None for other names."""
    found = _NAME.fullmatch(name)
    try:
        return dt.datetime.strptime(found[1], "%Y%m%d-%H%M%S").replace(tzinfo=dt.UTC) if found else None
    except ValueError:
        return None


def _clear(folder: Path) -> None:
    """Delete what killed programs left half; a fresh one may be somebody's who is at it now."""
    for path in folder.iterdir():
        if _PART.fullmatch(path.name) and path.stat().st_mtime < (clock.now() - _PART_OLD_AFTER).timestamp():
            path.unlink(missing_ok=True)


def _require_whole(connection: sa.Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    (state,) = connection.exec_driver_sql("PRAGMA quick_check(1)").one()
    if state != "ok":
        raise ArchiveProblem("database_broken", N_("The database file is damaged: %(why)s"), why=state)
