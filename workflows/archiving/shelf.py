"""Where the scheduled backups lie, a folder or a bucket, and which of them stay."""

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from foundation import clock, sealed_files
from foundation.storage import LocalStore, Store
from workflows.archiving import backup, checking, making
from workflows.archiving.shape import ArchiveProblem
from workflows.errors import N_

FOLDER = "backups"


@dataclass(frozen=True)
class Made:
    """A backup that lies there."""

    name: str
    n_bytes: int
    is_sealed: bool


@dataclass(frozen=True)
class Checked:
    """A backup that was read to its end."""

    name: str
    n_rows: int
    n_files: int


def make(store: Store, *, near: Path, passed: Callable[[int], object] = lambda _n: None) -> Made:
    """Back everything up and put it there: read back before it has its name, never half there.

    `near`: a folder of this machine with room for it, on its way to a bucket. ArchiveProblem when it is not whole,
    StoreAwayError or OSError when it cannot be put there; what lay there is untouched then.
    """
    if isinstance(store, LocalStore):
        path = backup.make(store.root / FOLDER, passed=passed)
        return Made(path.name, path.stat().st_size, sealed_files.has_key())
    with tempfile.TemporaryDirectory(prefix="backup-", dir=near) as folder:
        path = backup.make(Path(folder), passed=passed)
        with path.open("rb") as stream:
            store.take(stream, key=f"{FOLDER}/{path.name}")
        return Made(path.name, path.stat().st_size, sealed_files.has_key())


def names(store: Store) -> list[str]:
    """The backups that lie there, the newest first."""
    found = (key.partition("/") for key in store.keys(before=making.EVER))
    return sorted(
        (name for folder, _slash, name in found if folder == FOLDER and backup.moment_of(name)), key=_stem, reverse=True
    )


def _stem(name: str) -> str:
    return name.partition(".")[0]


def check(store: Store, name: str, *, passed: Callable[[], object] = lambda: None) -> Checked:
    """Open the backup where it lies and read it to its end. ArchiveProblem when it is not whole or not there.

    `passed` is called again and again meanwhile.
    """
    with tempfile.TemporaryFile() as near:
        whole = cast("BinaryIO", near)
        fetch(store, name, whole)
        with checking.opened_stream(whole, name) as archive:
            checking.verify(archive, passed)
            return Checked(name, archive.n_rows, len(archive.files))


def fetch(store: Store, name: str, out: BinaryIO) -> None:
    """Copy the backup as it is, sealed or not, to a stream. ArchiveProblem when it is not there."""
    stream = store.open(f"{FOLDER}/{name}")
    if stream is None:
        raise ArchiveProblem("gone", N_("%(name)s is not there."), name=name)
    with stream:
        shutil.copyfileobj(stream, out)


def prune(store: Store, *, daily: int, weekly: int) -> list[str]:
    """Delete the backups that `to_keep` does not keep; their names. Files of other names are left alone."""
    there = names(store)
    gone = sorted(set(there) - to_keep(there, daily=daily, weekly=weekly))
    for name in gone:
        store.delete(f"{FOLDER}/{name}")
    return gone


def to_keep(there: Iterable[str], *, daily: int, weekly: int) -> set[str]:
    """The newest of each of the last `daily` days and of each of the last `weekly` weeks that have one, on the business's
    clock; the newest of all in any case. Days without a backup do not count, so a long failure deletes nothing."""
    newest_first = sorted(there, key=_stem, reverse=True)
    days: dict[dt.date, str] = {}
    weeks: dict[tuple[int, int], str] = {}
    for name in newest_first:
        moment = backup.moment_of(name)
        if moment is not None:
            day = clock.to_local(moment).date()
            days.setdefault(day, name)
            weeks.setdefault(day.isocalendar()[:2], name)
    return {*list(days.values())[:daily], *list(weeks.values())[:weekly], *newest_first[:1]}
