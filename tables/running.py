"""What runs by itself, and when it last did."""

import enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from foundation import clock
from foundation.db import Base
from foundation.types import enum_column, pk, utc


class Sign(enum.StrEnum):
    """What leaves a sign each time that it has run."""

    #: the worker's minute
    WORKER = "worker"
    BACKUP = "backup"
    #: the newest backup was opened and read
    BACKUP_CHECK = "backup_check"
    #: the night's comparison with the gateway, and the proof of the books
    COMPARE_BOOKS = "compare_books"
    CLEAN_UP = "clean_up"
    REPEATS = "make_repeating_visits"


class SignOfLife(Base):
    """The last time that something ran by itself, and how it went; one row for each."""

    __tablename__ = "sign_of_life"
    id: Mapped[pk]
    sign: Mapped[Sign] = mapped_column(enum_column(Sign), unique=True)
    at: Mapped[utc] = mapped_column(default=clock.now)
    is_well: Mapped[bool] = mapped_column(default=True)
    #: the last time that it went well
    well_at: Mapped[utc | None]
    #: the first time ever
    since: Mapped[utc] = mapped_column(default=clock.now)
    #: plain values for whoever looks, such as the name of a backup
    facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
