"""The worker's part of backups: make the one that is due, forget the old ones, and read the newest."""

import logging
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from application.tasks.turns import Turn
from application.tasks.worker import stopping
from application.units import unit_of_work
from foundation import storage
from foundation.alone import alone
from foundation.db import reading
from workflows import backups, settings
from workflows.actors import WORKER
from workflows.archiving import shelf
from workflows.errors import WorkflowError

log = logging.getLogger("latchkey.tasks")


class _Stopped(Exception):
    """The worker was asked to stop."""


def back_up(app: Flask, *, should_stop: Callable[[], bool] = stopping) -> bool:
    """Make the backup that is due, then delete those that are not kept; whether there is a new one.

    Safe with many workers: one at a time holds the lock and looks again. A worker that is killed leaves a file that has
    no name yet, and the next call begins anew. Whatever goes wrong is noted, and told to the owners.
    """
    if not _asked(app, backups.is_due):
        return False
    with app.app_context(), alone("backups") as is_ours:
        if not is_ours or not _asked(app, backups.is_due):
            return False
        mine = Turn(app)
        try:
            with app.app_context():
                made = shelf.make(
                    app.extensions["backups"],
                    near=Path(app.config["DATA_DIR"]),
                    passed=lambda _n: _go_on(should_stop, mine),
                )
        except _Stopped:
            return False
        except Exception as problem:
            log.exception("no backup could be made; tried again in an hour")
            with unit_of_work(app):
                backups.failed(_words(problem))
            return False
        with unit_of_work(app):
            backups.done(made, actor=WORKER)
        _prune(app)
    return True


def _go_on(should_stop: Callable[[], bool], mine: Turn) -> None:
    if should_stop():
        raise _Stopped
    mine.serve_others()


def _prune(app: Flask) -> None:
    with reading(), unit_of_work(app):
        values = settings.read()
        daily, weekly = values["backups.keep_daily"], values["backups.keep_weekly"]
    try:
        gone = shelf.prune(app.extensions["backups"], daily=daily, weekly=weekly)
    except (storage.StoreAwayError, OSError):
        log.exception("old backups could not be deleted; tried again with the next one")
        return
    if gone:
        log.info("deleted %s old backups", len(gone))


def check_backup(app: Flask) -> bool:
    """Open the newest backup where it lies and read it to its end; whether it did so and it is whole.

    Safe with many workers: one at a time holds the lock and looks again; reading changes nothing.
    """
    if not _asked(app, backups.is_check_due):
        return False
    with app.app_context(), alone("backup_check") as is_ours:
        if not is_ours or not _asked(app, backups.is_check_due):
            return False
        store, name, mine = app.extensions["backups"], "", Turn(app)
        try:
            name = next(iter(shelf.names(store)), "")
            if not name:  # they are made by hand, into another place
                return False
            found = shelf.check(store, name, passed=mine.serve_others)
        except Exception as problem:
            log.exception("the newest backup could not be read")
            with unit_of_work(app):
                backups.check_failed(name, _words(problem))
            return False
        with unit_of_work(app):
            backups.checked(found)
    return True


def _asked(app: Flask, question: Callable[[], bool]) -> bool:
    with reading(), unit_of_work(app):
        return question()


def _words(problem: Exception) -> str:
    """For the owner and whoever helps them: a sentence of ours, or what the machine says."""
    return problem.say() if isinstance(problem, WorkflowError) else f"{type(problem).__name__}: {problem}."[:300]
