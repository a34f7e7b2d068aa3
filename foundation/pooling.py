"""How many connections a process keeps to PostgreSQL, how long it waits, and what is different behind PgBouncer.

PgBouncer in transaction mode gives each transaction another connection: what was said or prepared on the last one is
not there any more. So nothing is prepared then, and the limits are said at the beginning of each transaction. SQLite
has none of this.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Limits:
    """What the operator set; seconds, and 0 for as long as the server itself allows."""

    #: connections that a process keeps open
    kept: int = 5
    #: how many more it may open at a busy moment
    more: int = 10
    #: until a connection of the process's own is free, and until the server takes a new one
    wait_seconds: int = 10
    connect_seconds: int = 5
    #: a statement that takes longer is broken off, and so is one that waits longer for a row or a table
    statement_seconds: int = 0
    lock_seconds: int = 0
    #: PgBouncer in transaction mode stands before the server
    by_transaction: bool = False

    def engine_options(self, url: str) -> dict[str, Any]:
        """For SQLAlchemy's `create_engine`; empty for SQLite."""
        if not url.startswith("postgresql"):
            return {}
        connect: dict[str, Any] = {"connect_timeout": self.connect_seconds}
        if self.by_transaction:
            connect["prepare_threshold"] = None
        elif said := " ".join(f"-c {name}={milliseconds}" for name, milliseconds in self._said()):
            connect["options"] = said
        return {
            "pool_size": self.kept,
            "max_overflow": self.more,
            "pool_timeout": self.wait_seconds,
            "connect_args": connect,
        }

    def begin(self) -> str:
        """The BEGIN of each transaction behind PgBouncer, in one message with the limits."""
        return "; ".join(["BEGIN", *(f"SET LOCAL {name} = {milliseconds}" for name, milliseconds in self._said())])

    def _said(self) -> list[tuple[str, int]]:
        both = (("statement_timeout", self.statement_seconds), ("lock_timeout", self.lock_seconds))
        return [(name, seconds * 1000) for name, seconds in both if seconds]
