"""Doing things in the past: inside `at(moment)` the workflows see that moment, and what they write is dated by it.

Only the demo needs this, to make a history through the same functions that make the present.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

from foundation import clock
from foundation.db import db
from foundation.types import UTCDateTime


@contextmanager
def at(moment: dt.datetime) -> Iterator[None]:
    """Let `foundation.clock` show `moment` (aware), also for the columns whose default is the present."""
    real_now, then = clock.now, moment.astimezone(clock.UTC)

    def date_new_rows(session: Session, *_more: Any) -> None:  # noqa: ANN401 -- SQLAlchemy's event
        for row in session.new:
            state = sa.inspect(row)
            for column in state.mapper.columns:
                if isinstance(column.type, UTCDateTime) and column.default is not None:
                    name = state.mapper.get_property_by_column(column).key
                    if getattr(row, name) is None:
                        setattr(row, name, then)

    clock.now = lambda: then
    event.listen(db.session, "before_flush", date_new_rows)
    try:
        yield
        db.session.flush()
    finally:
        event.remove(db.session, "before_flush", date_new_rows)
        clock.now = real_now
