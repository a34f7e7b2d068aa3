"""Turns: work that comes in pieces lets others go on in between, so that no long import holds up the mails, nor mails an import."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from application.tasks.worker import stopping

log = logging.getLogger("latchkey.tasks")

#: so long a turn lasts at least; then it ends as soon as other tasks wait
TURN_SECONDS = 20
#: how often the queue is looked at afterwards
LOOK_SECONDS = 1


class Turn:
    """One task's turn; ask `is_over` before each piece."""

    def __init__(self, app: Flask) -> None:
        self._huey = app.extensions["huey"]
        self._look_at = time.monotonic() + TURN_SECONDS
        self.gave_way = False

    def is_over(self) -> bool:
        """Is the worker to stop, or do others wait who have waited long enough?"""
        if not self.gave_way and time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_SECONDS
            self.gave_way = self._others_wait()
        return self.gave_way or stopping()

    def _others_wait(self) -> bool:
        try:
            return int(self._huey.pending_count()) > 0
        except Exception:  # of whichever queue; what is due stands in the database
            log.warning("the queue cannot be asked; the work in hand goes on", exc_info=True)
            return False


@contextmanager
def turn(app: Flask, nudge: str) -> Iterator[Turn]:
    """The turn of a task; if it gave way, `nudge` puts it into the queue again, behind those who wait."""
    mine = Turn(app)
    yield mine
    if mine.gave_way:
        app.extensions[nudge]()
