"""Which request or task is at work here, and how often it has asked the database; for the log and the figures."""

import contextvars
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

#: what an id from outside may look like: nothing that breaks a line or a file
_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class Trace:
    """One request or one task."""

    __slots__ = ("n_queries", "request_id")

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        self.n_queries = 0


_here: contextvars.ContextVar[Trace | None] = contextvars.ContextVar("trace", default=None)


def new_id() -> str:
    """A fresh id; short enough to be read out over the telephone."""
    return secrets.token_hex(6)


def trusted(given: str | None) -> str | None:
    """An id from outside as far as it is one, else None."""
    return given if given and _ID.fullmatch(given) else None


def begin(request_id: str | None = None) -> Trace:
    """From here on, in this thread, it is this request; one before it is forgotten."""
    trace = Trace(request_id or new_id())
    _here.set(trace)
    return trace


def end() -> None:
    """Nothing is at work any more."""
    _here.set(None)


def request_id() -> str:
    """The id of what is at work, or an empty text."""
    trace = _here.get()
    return trace.request_id if trace is not None else ""


@contextmanager
def traced(request_id: str | None = None) -> Iterator[Trace]:
    """Inside, it is this request or task; afterwards what it was before."""
    trace = Trace(request_id or new_id())
    token = _here.set(trace)
    try:
        yield trace
    finally:
        _here.reset(token)


def count_queries(engine: sa.Engine) -> None:
    """Have the statements of this engine counted for whatever sends them."""

    @event.listens_for(engine, "before_cursor_execute")
    def _count(*_connection_and_more: Any) -> None:  # noqa: ANN401 -- SQLAlchemy's arguments
        trace = _here.get()
        if trace is not None:
            trace.n_queries += 1
