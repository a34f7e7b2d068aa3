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

    PostgreSQL keeps the lock with a connection, SQLite's is on a file beside the database: both end with the process.
    """
    engine = db.engine
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            number = zlib.crc32(name.encode())
            is_ours = bool(connection.scalar(sa.text("SELECT pg_try_advisory_lock(:n)"), {"n": number}))
            connection.commit()
            try:
                yield is_ours
            finally:
                if is_ours:
                    connection.execute(sa.text("SELECT pg_advisory_unlock(:n)"), {"n": number})
                    connection.commit()
        return
    with Path(f"{engine.url.database}.{name}").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
