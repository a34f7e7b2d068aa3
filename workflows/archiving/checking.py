"""Reading an archive without trusting it: nothing is unpacked by the names inside, and no entry is longer than it says.

Every byte is compared with the manifest's sums while it is read; who reads to the end has checked it.
"""

import itertools
import json
import lzma
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from foundation import sealed_files, sealing, storage
from workflows.archiving import making, shape
from workflows.archiving.shape import ArchiveProblem
from workflows.errors import N_

#: the longest line of a table, and the longest manifest (half a million files)
LINE, MANIFEST = 2**26, 2**28
#: deflate packs real rows to a tenth or a thirtieth; beyond this an entry was made to fill a disk
RATIO, SMALL = 400, 2**20
_IN_MEMORY = 2**22
#: what `zipfile` and what unpacks for it raise for bytes that were changed
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError, LookupError, ValueError,
)  # fmt: skip


class Opened:
    """An archive whose table of contents was checked."""

    def __init__(self, archive: zipfile.ZipFile, manifest: dict[str, Any]) -> None:
        self._archive = archive
        self.manifest = manifest
        self.tables: dict[str, Any] = manifest["tables"]
        self.files: dict[str, Any] = manifest["files"]

    @property
    def n_rows(self) -> int:
        """Of all tables."""
        return sum(table["rows"] for table in self.tables.values())

    @property
    def n_missing(self) -> int:
        """Files that rows name and that were not there any more when it was made."""
        return len(self.manifest["missing"])

    def keys_fit(self) -> bool:
        """Can this installation open what is sealed in there?"""
        try:
            return sealing.unseal(self.manifest["probe"]) == making.PROBE
        except sealing.UnreadableError:
            return False

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """The table's rows as the database takes them; ArchiveProblem as soon as something is not as the manifest says."""
        facts, tally, n_rows = self.tables[table], shape.Tally(), 0
        readers = {name: shape.READ[kind] for name, kind in facts["columns"].items()}
        for line in self._read(f"{shape.TABLES}{table}.jsonl", lambda entry: entry.readline(LINE)):
            tally.add(line)
            n_rows += 1
            yield _row(readers, line, table)
        if n_rows != facts["rows"] or tally.facts() != {k: facts[k] for k in ("bytes", "sha256")}:
            raise _broken(table)

    @contextmanager
    def file(self, key: str) -> Iterator[BinaryIO]:
        """A stored file's bytes, checked before the first is handed out."""
        tally = shape.Tally()
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as whole:
            for piece in self._read(f"{shape.FILES}{key}", lambda entry: entry.read(making.PIECE)):
                tally.add(piece)
                whole.write(piece)
            if tally.facts() != self.files[key]:
                raise _broken(key)
            whole.seek(0)
            yield cast("BinaryIO", whole)

    def _read(self, name: str, read: Callable[[IO[bytes]], bytes]) -> Iterator[bytes]:
        """An entry piece by piece. Only what reading it raises is the archive's fault: a full disk of ours is not."""
        try:
            with self._archive.open(name) as entry:
                while piece := read(entry):
                    yield piece
        except _UNREADABLE as problem:
            raise _broken(name) from problem


def _row(readers: dict[str, Any], line: bytes, table: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
        _need(values.keys() == readers.keys())
        return {name: None if value is None else readers[name](value) for name, value in values.items()}
    except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as problem:
        raise _broken(table) from problem


def _broken(what: str) -> ArchiveProblem:
    return ArchiveProblem("broken", N_("The archive is damaged or was changed: %(what)s."), what=what)


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """Open an archive, sealed or not, and check its table of contents.

    ArchiveProblem when it is none, a newer one than we can read, or sealed with another key or cut off.
    """
    try:
        stream = path.open("rb")
    except OSError as problem:
        raise _no_archive(path.name) from problem
    with stream, opened_stream(stream, path.name) as archive:
        yield archive


@contextmanager
def opened_stream(source: BinaryIO, name: str) -> Iterator[Opened]:
    """The same for a stream that can be read at any place."""
    try:
        plain = sealed_files.unsealed(source) if sealed_files.is_sealed(source) else source
    except sealed_files.CannotOpenError as problem:
        raise ArchiveProblem("sealed", N_("%(name)s is encrypted, and BACKUP_KEY does not open it, or its end is missing."), name=name) from problem  # fmt: skip
    try:
        archive = zipfile.ZipFile(plain)
    except _UNREADABLE as problem:
        raise _no_archive(name) from problem
    with archive:
        manifest = _manifest(archive)
        names = [entry.filename for entry in archive.infolist()]
        expected = {
            shape.MANIFEST,
            *(f"{shape.TABLES}{name}.jsonl" for name in manifest["tables"]),
            *(f"{shape.FILES}{key}" for key in manifest["files"]),
        }
        if len(names) != len(set(names)) or set(names) != expected:
            raise _broken(shape.MANIFEST)
        yield Opened(archive, manifest)


def _no_archive(name: str) -> ArchiveProblem:
    return ArchiveProblem("no_archive", N_("%(name)s cannot be read as an archive."), name=name)


def verify(archive: Opened, passed: Callable[[], object] = lambda: None) -> None:
    """Read every row and every file once. ArchiveProblem at the first that is not as the manifest says.

    `passed` is called after each few hundred rows and after each file.
    """
    for table in archive.tables:
        rows = archive.rows(table)
        while any(True for _row in itertools.islice(rows, making.AT_ONCE)):
            passed()
    for key in archive.files:
        with archive.file(key):
            passed()


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    """The manifest, with everything that is used of it in its right shape."""
    for entry in archive.infolist():
        if entry.file_size > SMALL and entry.file_size > RATIO * max(entry.compress_size, 1):
            raise _broken(entry.filename)
    try:
        _need(archive.getinfo(shape.MANIFEST).file_size <= MANIFEST)
        with archive.open(shape.MANIFEST) as entry_:
            manifest = json.loads(entry_.read(MANIFEST))
        is_newer = manifest["format"] > shape.FORMAT
        if not is_newer:
            _check_shape(manifest)
    except (*_UNREADABLE, TypeError, AttributeError) as problem:
        raise _broken(shape.MANIFEST) from problem
    if is_newer:
        raise ArchiveProblem("newer_format", N_("The archive was made by a newer Latchkey. Update this one first."))
    return dict(manifest)


def _need(is_right: bool) -> None:  # noqa: FBT001 -- the one thing that it is asked
    """ValueError unless it is."""
    if not is_right:
        raise ValueError("not what an archive says")


def _check_shape(manifest: dict[str, Any]) -> None:
    """KeyError, TypeError or ValueError unless all is there, and is what it should be."""
    _need(all(isinstance(manifest[name], str) for name in ("revision", "name", "made_at", "probe")))
    _need(isinstance(manifest["missing"], list))
    for name, table in manifest["tables"].items():
        _need(name.isidentifier() and isinstance(table["rows"], int) and isinstance(table["bytes"], int))
        _need(bool(table["columns"]) and all(kind in shape.KINDS for kind in table["columns"].values()))
        _need(isinstance(table["sha256"], str))
    for key, facts in manifest["files"].items():
        _need(storage.is_key(key) and isinstance(facts["bytes"], int) and isinstance(facts["sha256"], str))
