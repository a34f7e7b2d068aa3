"""`flask worker`: the processes that do what is due."""

import ctypes
import gc
import logging
import os
import signal
import sys

from flask import Flask
from huey import Huey, PostgresHuey
from huey.consumer import Consumer, Scheduler

from application.tasks.queue import make_tables
from foundation.db import db

log = logging.getLogger("latchkey.tasks")

#: how long a worker may go on after SIGTERM before it is interrupted; `application.serve` kills after ten seconds
SHUTDOWN_SECONDS = 8

_consumer: Consumer | None = None
_worker_pid = 0


def stopping() -> bool:
    """Was this worker asked to stop? Work that comes in pieces ends at the next piece."""
    return _consumer is not None and _consumer.stop_flag.is_set()


def run_worker(app: Flask, workers: int = 2) -> None:
    """`flask worker`: run tasks in `workers` processes until SIGTERM or Ctrl-C.

    On SIGTERM each finishes the mail in hand, puts the rest back and ends; one that hangs is interrupted after eight
    seconds, and a killed one loses nothing (see `mailer.deliver`). Processes that die are replaced.
    """
    global _consumer, _worker_pid  # noqa: PLW0603 -- one worker a process; its children find the stop flag here
    _worker_pid = os.getpid()
    huey: Huey = app.extensions["huey"]
    if isinstance(huey, PostgresHuey):
        make_tables(huey)

    @huey.on_startup()
    def _own_connections() -> None:
        _die_with_parent()
        # A forked child must not talk over its parent's connections; closing them is the parent's business.
        with app.app_context():
            db.engine.dispose(close=False)

    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    # What exists now stays: walking over it again and again took a fifth of a long import.
    gc.collect()
    gc.freeze()
    _consumer = _Consumer(
        huey,
        workers=workers,
        worker_type="process",
        max_delay=1.0,
        graceful_signal="TERM",
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    log.info("worker %s starts with %s processes", os.getpid(), workers)
    try:
        _consumer.run()
    finally:
        _consumer = None


class _Scheduler(Scheduler):
    """huey's clock, which ends with the worker that started it."""

    def initialize(self) -> None:
        _die_with_parent()


class _Consumer(Consumer):
    scheduler_class = _Scheduler


def _die_with_parent() -> None:
    """Have the kernel end this child when its parent is killed; else it would work on unseen beside its successor."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
        if os.getppid() != _worker_pid:  # it died before we asked
            os._exit(1)
