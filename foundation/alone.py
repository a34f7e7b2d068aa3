"""Long work that only one process may do at a time, wherever it runs; whoever is killed lets go at once."""

import fcntl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from foundation.db import db


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """True for the one who may go on until the end of the block, False while somebody else is at it; nobody waits.

    PostgreSQL keeps the lock with a transaction, which stays with its connection also behind PgBouncer, and which reads
    nothing, so that it keeps nothing from being tidied. SQLite's is on a file beside the database. Both end with the process.
    """
    engine = db.engine
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            wanted = sa.text("SELECT pg_try_advisory_xact_lock(:n)")
            yield bool(connection.scalar(wanted, {"n": zlib.crc32(name.encode())}))
        return
    with Path(f"{engine.url.database}.{name}").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
