"""The worker's sign of life, and what is thrown away in time."""

import logging

from flask import Flask

from application.tasks.turns import Turn
from application.tasks.worker import stopping
from application.units import unit_of_work
from foundation.db import reading
from models import Sign
from workflows import (
    api_answers,
    condition,
    field_files,
    files,
    hooks,
    once,
    registrations,
    search_index,
    sign_ins,
    tries,
)
from workflows.billing import paper_store
from workflows.importing import runs as import_runs
from workflows.merging import undoing

log = logging.getLogger("latchkey.tasks")


def show_life(app: Flask) -> None:
    """Leave the worker's sign of life. Safe with many workers: the last one's counts."""
    with unit_of_work(app):
        condition.leave(Sign.WORKER)


def forget_removed_files(app: Flask) -> int:
    """Delete the bytes of files that were taken away, and then their rows, some at a time; how many.

    Safe with many workers: each locks its own rows and skips the others'; bytes that are gone already are no error.
    """
    n_gone, more, mine = 0, 1, Turn(app)
    while more and not stopping():
        with unit_of_work(app):
            more = files.forget_removed()
        n_gone += more
        mine.serve_others()
    return n_gone


def clean_up(app: Flask) -> None:
    """Drop used form keys, answers to programs, old log-in tries, ended sign-ins, files of pages never saved, notes of old
    merges, and bytes that no file knows; put right what the search does not know of what was written past the program.

    Safe with many workers: deleting twice deletes once.
    """
    mine = Turn(app)
    with unit_of_work(app):
        once.forget_old()
        api_answers.forget_old()
        hooks.forget_old()
    with unit_of_work(app):
        tries.forget_old()
        sign_ins.forget_old()
        registrations.forget_old()
    with unit_of_work(app):
        field_files.forget_unused()
    with unit_of_work(app):
        import_runs.forget_old()
        undoing.forget_old()
    mine.serve_others()
    with unit_of_work(app):
        n_wrong = search_index.rebuild()
    if n_wrong:
        log.info("put %s entries of the search right", n_wrong)
    mine.serve_others()
    with reading(), unit_of_work(app):
        n_lost = files.forget_orphans()
        paper_store.forget_orphans()
    if n_lost:
        log.info("deleted %s stored files of transactions that were rolled back", n_lost)
