"""Where the demo gateway keeps its books: an SQLite file of its own, or memory for tests. Never our tables."""

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Doc = dict[str, Any]
_SCHEMA = """
CREATE TABLE IF NOT EXISTS thing (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    parent TEXT NOT NULL,
    created_at TEXT NOT NULL,
    doc TEXT NOT NULL,
    UNIQUE (kind, id)
);
CREATE INDEX IF NOT EXISTS thing_order ON thing (kind, order_id);
CREATE INDEX IF NOT EXISTS thing_parent ON thing (kind, parent);
CREATE INDEX IF NOT EXISTS thing_created ON thing (kind, created_at);
"""


class Books:
    """The books within one transaction. A `doc` is found by its kind and id, or by order, parent or day."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    def get(self, kind: str, id_: str) -> Doc | None:
        row = self._run("SELECT doc FROM thing WHERE kind = ? AND id = ?", (kind, id_)).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, kind: str, id_: str, doc: Doc, *, parent: str = "") -> None:
        """Write it down or over; `order_id` and `created_at` are taken from it."""
        values = (kind, id_, doc.get("order_id") or "", parent, doc.get("created_at") or "", json.dumps(doc))
        self._run(
            "INSERT INTO thing (kind, id, order_id, parent, created_at, doc) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (kind, id) DO UPDATE SET order_id = excluded.order_id, doc = excluded.doc",
            values,
        )

    def remove(self, kind: str, id_: str) -> None:
        self._run("DELETE FROM thing WHERE kind = ? AND id = ?", (kind, id_))

    def of_parent(self, kind: str, parent: str) -> list[Doc]:
        """Oldest first, as all lists."""
        return self._docs("parent = ?", kind, parent)

    def of_order(self, kind: str, order_id: str) -> list[Doc]:
        return self._docs("order_id = ?", kind, order_id)

    def created(self, kind: str, first: str = "", last: str = "~") -> list[Doc]:
        return self._docs("created_at BETWEEN ? AND ?", kind, first, last)

    def _docs(self, condition: str, kind: str, *values: str) -> list[Doc]:
        query = f"SELECT doc FROM thing WHERE kind = ? AND {condition} ORDER BY seq"  # noqa: S608 -- three fixed conditions
        return [json.loads(row[0]) for row in self._run(query, (kind, *values))]


class Store:
    """The file, or memory when there is no path. One writer at a time, over threads and processes."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._memory: sqlite3.Connection | None = None
        self._ready = False

    @contextmanager
    def begin(self) -> Iterator[Books]:
        """A transaction: all of it is kept, or nothing."""
        with self._lock:
            connection = self._open()
            try:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield Books(connection)
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")
            finally:
                if self._path:
                    connection.close()

    def _open(self) -> sqlite3.Connection:
        if self._path is None:
            if self._memory is None:
                self._memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
                self._memory.executescript(_SCHEMA)
            return self._memory
        if not self._ready or not self._path.exists():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        # A connection for each transaction: none is carried over a fork, and the file may be replaced.
        connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        if not self._ready:
            connection.executescript(_SCHEMA)
            self._ready = True
        return connection
