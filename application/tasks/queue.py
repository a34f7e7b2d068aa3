"""The queue that wakes the worker: huey over a file, Redis or PostgreSQL. What it holds may be lost at any time."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import redis
from huey import Huey, PostgresHuey, RedisHuey
from huey.serializer import SignedSerializer
from huey.storage import SqliteStorage
from redis.backoff import NoBackoff
from redis.retry import Retry

from application.config import ConfigError

log = logging.getLogger("latchkey.tasks")


class QueueStorage(SqliteStorage):
    """huey's SQLite file without an fsync for each task, but whole after a power cut.

    huey's own `fsync=False` would risk the file itself. Losing the last tasks is no harm; losing the queue would be.
    """

    def _create_connection(self) -> sqlite3.Connection:
        connection = cast("sqlite3.Connection", super()._create_connection())
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection


def make_huey(config: dict[str, Any]) -> Huey:
    """The queue: a file in DATA_DIR, or what QUEUE_URL names (redis://, rediss://, postgresql://).

    Tasks are pickled by huey; they are signed with a key derived from SECRET_KEY, so that whoever can write to the
    queue cannot run code here.
    """
    url = config.get("QUEUE_URL") or ""
    common: dict[str, Any] = {
        "results": False,
        "serializer": SignedSerializer(secret=config["SECRET_KEY"], salt="latchkey-queue"),
    }
    scheme = url.partition(":")[0].partition("+")[0]
    if not url:
        file = Path(config["DATA_DIR"]) / "queue.db"
        _set_aside_if_broken(file)
        return Huey("latchkey", storage_class=QueueStorage, filename=str(file), **common)
    if scheme in {"redis", "rediss"}:
        # A server that hangs must not hold up the request that wants to wake the worker. The worker itself waits a second
        # at a time for tasks (huey's read_timeout), so the socket must be more patient than that.
        pool = redis.ConnectionPool.from_url(
            url, socket_connect_timeout=2, socket_timeout=3, retry=Retry(NoBackoff(), 1)
        )
        return RedisHuey("latchkey", connection_pool=pool, **common)
    if scheme in {"postgres", "postgresql"}:
        patience = {} if "connect_timeout" in url else {"connect_timeout": 5}
        dsn = url.replace("+psycopg", "", 1)
        huey = PostgresHuey("latchkey", dsn=dsn, create_tables=False, **patience, **common)
        make_tables(huey)
        return huey
    raise ConfigError("Set QUEUE_URL to a redis:// or postgresql:// address, or leave it empty.")


def _set_aside_if_broken(file: Path) -> None:
    """A queue file that cannot be read must not keep us from starting: all that it held is found in the outbox."""
    if not file.exists():
        return
    try:
        with closing(sqlite3.connect(file)) as connection:
            (state,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError:  # somebody is writing to it, so it is alive
        return
    except sqlite3.DatabaseError as problem:
        state = str(problem)
    if state != "ok":
        log.error("the queue file is broken (%s); a new one is begun", state)
        file.rename(file.with_name(f"{file.name}.broken"))


def make_tables(huey: Huey) -> None:
    """Make the queue's tables where they are missing.

    The web must start also while that server is away, and two processes that do this in the same second collide
    although both say IF NOT EXISTS; the outbox does not depend on either.
    """
    try:
        huey.storage.initialize_schema()
    except Exception:
        log.warning("the queue's tables could not be made now", exc_info=True)
