"""Which rows of a file were there before: in a small database of its own on the disk, so that a million rows take no memory."""

import sqlite3
from collections.abc import Mapping


class Seen:
    """The mark of each row so far, and the line that had it first. Gone when it is closed."""

    def __init__(self) -> None:
        self._book: sqlite3.Connection | None = None

    def firsts(self, marks: Mapping[int, str]) -> dict[int, int]:
        """Note the marks of these lines, in their order; for each line the first one of the file that has its mark."""
        book = self._book = self._book or _opened()
        ask = "SELECT line FROM seen WHERE mark = ?"
        book.execute("BEGIN")
        book.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", ((m, line) for line, m in marks.items()))
        found = {line: int(book.execute(ask, (m,)).fetchone()[0]) for line, m in marks.items()}
        book.execute("COMMIT")
        return found

    def close(self) -> None:
        """Let it go."""
        if self._book is not None:
            self._book.close()
        self._book = None


def _opened() -> sqlite3.Connection:
    # Without a name it is a private file, which SQLite deletes; 2 MB of it stay in memory.
    book = sqlite3.connect("", isolation_level=None)
    book.execute("PRAGMA journal_mode=OFF")
    book.execute("CREATE TABLE seen (mark TEXT PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID")
    return book
