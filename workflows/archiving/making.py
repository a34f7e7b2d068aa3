"""Making an archive: every row out of one snapshot of the database, then the files; a few rows in memory at a time."""

import datetime as dt
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import sqlalchemy as sa

import foundation
from foundation import clock, sealing, storage
from foundation.db import db, reading
from models import StoredFile
from workflows import settings
from workflows.archiving import shape

#: rows that are fetched and written at a time
AT_ONCE = 500
#: bytes of a stored file that are copied at a time
PIECE = 2**18
#: later than any file
EVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
#: what the manifest holds sealed, so that a reader knows whether its keys fit
PROBE = "the keys of this installation"


@dataclass(frozen=True)
class Wanted:
    """What goes in."""

    with_files: bool = True
    with_log_ins: bool = False


@contextmanager
def snapshot() -> Iterator[sa.Connection]:
    """A connection that sees the database as it is now for as long as it is open, and holds up no one who writes."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with reading():
            revision_of(connection)  # SQLite takes its snapshot with the first look
        yield connection
        connection.rollback()


def revision_of(connection: sa.Connection) -> str:
    """Which migration the tables are at."""
    return str(connection.scalar(sa.text("SELECT version_num FROM alembic_version")))


def head() -> dict[str, str]:
    """Whose archive it is. Read before, in a transaction of its own: making it must not hold one."""
    values = settings.read()
    return {name: str(values[f"business.{name}"]) for name in ("name", "currency", "time_zone")}


def count(connection: sa.Connection, wanted: Wanted) -> int:
    """How many rows will go in."""
    return sum(
        connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
        for table in shape.tables(with_log_ins=wanted.with_log_ins)
    )


def write(
    out: BinaryIO,
    wanted: Wanted,
    *,
    connection: sa.Connection,
    head: Mapping[str, str],
    passed: Callable[[int], object] = lambda _n: None,
) -> dict[str, Any]:
    """Write an archive of what the connection sees; its manifest comes back. `passed` hears how many rows are done.

    The manifest comes last, so an archive that was cut off has none. Files that rows name and that the store does not
    have, or has no longer, are named under `missing`.
    """
    manifest: dict[str, Any] = {
        "format": shape.FORMAT,
        "made_by": f"Latchkey {foundation.__version__}",
        "made_at": clock.now().isoformat(),
        "revision": revision_of(connection),
        **head,
        "with_log_ins": wanted.with_log_ins,
        "with_files": wanted.with_files,
        "probe": sealing.seal(PROBE),
        "tables": {},
        "files": {},
        "missing": [],
    }
    n_done = 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        for table in shape.tables(with_log_ins=wanted.with_log_ins):
            for n in _write_table(archive, table, manifest, connection=connection):
                n_done += n
                passed(n_done)
        named = _named_files(connection) if wanted.with_files else set()
        connection.rollback()  # the snapshot is not needed for the files
        if wanted.with_files:
            for key in storage.here().keys(before=EVER):
                if not key.startswith(f"{shape.FOLDER}/"):
                    _write_file(archive, key, manifest)
                    passed(n_done)
            manifest["missing"] = sorted(named - manifest["files"].keys())
        archive.writestr(shape.MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False))
    return manifest


def _write_table(
    archive: zipfile.ZipFile, table: sa.Table, manifest: dict[str, Any], *, connection: sa.Connection
) -> Iterator[int]:
    """One line of JSON a row; says after each piece how many rows it held."""
    kinds, tally, n_rows = shape.columns(table), shape.Tally(), 0
    writers = [(name, shape.WRITTEN.get(kind)) for name, kind in kinds.items()]
    found = connection.execution_options(yield_per=AT_ONCE).execute(
        shape.query(table, with_log_ins=manifest["with_log_ins"])
    )
    with archive.open(f"{shape.TABLES}{table.name}.jsonl", "w", force_zip64=True) as entry:
        for rows in found.partitions(AT_ONCE):
            text = "".join(_line(writers, row) for row in rows).encode()
            tally.add(text)
            entry.write(text)
            n_rows += len(rows)
            yield len(rows)
    manifest["tables"][table.name] = {"columns": kinds, "rows": n_rows, **tally.facts()}


def _line(writers: list[tuple[str, Callable[[Any], Any] | None]], row: Any) -> str:  # noqa: ANN401 -- SQLAlchemy's row
    values = {
        name: value if value is None or written is None else written(value)
        for (name, written), value in zip(writers, row, strict=True)
    }
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n"


def _named_files(connection: sa.Connection) -> set[str]:
    """The keys that the snapshot's rows know."""
    rows = connection.execute(
        sa.select(StoredFile.key, StoredFile.thumbnail_key).where(StoredFile.removed_at.is_(None))
    )
    return {key for row in rows for key in row if key}


def _write_file(archive: zipfile.ZipFile, key: str, manifest: dict[str, Any]) -> None:
    stream = storage.here().open(key)
    if stream is None:  # deleted since the store named it
        return
    tally = shape.Tally()
    entry_name = zipfile.ZipInfo(f"{shape.FILES}{key}")  # pictures and PDFs are packed already
    with stream, archive.open(entry_name, "w", force_zip64=True) as entry:
        while piece := stream.read(PIECE):
            tally.add(piece)
            entry.write(piece)
    manifest["files"][key] = tally.facts()
