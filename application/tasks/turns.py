"""Turns: work that comes in pieces lets others go on in between, so that no long import holds up the mails, nor mails an import.

What can be put down gives way: it ends, and queues up behind those who wait (`turn`). What cannot, such as an archive out of
one snapshot, serves them itself between two pieces (`Turn.serve_others`); so a worker of a single process is enough.
"""

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
    """One task's turn; ask `is_over` before each piece, or `serve_others` between two, where no transaction is open."""

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

    def serve_others(self) -> None:
        """Do what has waited long enough, here and now, each task once; afterwards a new turn begins."""
        if time.monotonic() < self._look_at or stopping():
            return
        for _ in range(self._n_waiting()):
            try:
                task = self._huey.dequeue()
            except Exception:
                log.warning("the queue gave nothing; the work in hand goes on", exc_info=True)
                break
            if task is None:
                break
            self._huey.execute(task)
        self._look_at = time.monotonic() + TURN_SECONDS

    def _others_wait(self) -> bool:
        return self._n_waiting() > 0

    def _n_waiting(self) -> int:
        try:
            return int(self._huey.pending_count())
        except Exception:  # of whichever queue; what is due stands in the database
            log.warning("the queue cannot be asked; the work in hand goes on", exc_info=True)
            return 0


@contextmanager
def turn(app: Flask, nudge: str) -> Iterator[Turn]:
    """The turn of a task; if it gave way, `nudge` puts it into the queue again, behind those who wait."""
    mine = Turn(app)
    yield mine
    if mine.gave_way:
        app.extensions[nudge]()
