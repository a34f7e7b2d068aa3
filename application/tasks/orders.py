"""What the office ordered and is too large for one page: changes of many visits, and files brought in."""

import logging
from contextlib import closing

from flask import Flask
from sqlalchemy.exc import DBAPIError

from application.tasks.money import charge_ordered_invoices
from application.tasks.turns import Turn, turn
from application.tasks.visits import run_ordered_repeats
from application.units import unit_of_work
from foundation.alone import alone
from foundation.db import reading
from workflows import bulk
from workflows.importing import work as importing

log = logging.getLogger("latchkey.tasks")


def bulk_orders(app: Flask) -> int:
    """Do the office's orders about many visits, piece by piece and turn by turn; how many pieces.

    Safe with many workers: each piece holds the order's row, and its effect is committed together with the note of
    how far the order is. A piece that breaks is tried once more, then its first visit is left out and listed.
    """
    with reading(), unit_of_work(app):
        due = bulk.due()
    with turn(app, "bulk_nudge") as mine:
        n_pieces = sum(_order(app, run_id, mine) for run_id in due)
        return n_pieces + run_ordered_repeats(app, mine) + charge_ordered_invoices(app, mine)


def _order(app: Flask, run_id: int, mine: Turn) -> int:
    n_pieces, n_broken, more = 0, 0, True
    while more and not mine.is_over():
        try:
            with unit_of_work(app):
                more = bulk.work(run_id)
            n_pieces, n_broken = n_pieces + 1, 0
        except DBAPIError:
            raise  # the database is away: the next minute goes on where this ended
        except Exception:
            log.exception("a piece of order %s broke", run_id)
            n_broken += 1
            if n_broken > 1:
                with unit_of_work(app):
                    bulk.pass_over(run_id)
                n_broken = 0
    return n_pieces


def bring_in(app: Flask) -> int:
    """Check, bring in and undo the office's imports, piece by piece and turn by turn; how many pieces.

    Safe with many workers: each piece holds the import's row, and its rows are committed together with the note of
    how far the import is. While one worker is at it the others do not wait for its pieces: each would read the file from
    its beginning to find its own. A piece that breaks is tried once more, then the import ends and says so.
    """
    n_pieces, run_id, seen = 0, _next_import(app, set()), set[int]()
    if run_id is None:
        return 0
    # Let go before it is put into the queue again: whoever takes it from there must find it free.
    with turn(app, "imports_nudge") as mine, app.app_context(), alone("imports") as is_ours:
        while is_ours and run_id is not None and not mine.is_over():
            n_pieces += _import(app, run_id, mine)
            seen.add(run_id)
            run_id = _next_import(app, seen)
    return n_pieces


def _next_import(app: Flask, seen: set[int]) -> int | None:
    with reading(), unit_of_work(app):
        return next((run_id for run_id in importing.due() if run_id not in seen), None)


def _import(app: Flask, run_id: int, mine: Turn) -> int:
    n_pieces, n_broken, more = 0, 0, True
    with closing(importing.Cursor()) as cursor:
        while more and not mine.is_over():
            try:
                with unit_of_work(app):
                    more = importing.work(run_id, cursor)
                n_pieces, n_broken = n_pieces + 1, 0
            except DBAPIError:
                raise  # the database is away: the next minute goes on where this ended
            except Exception:
                log.exception("a piece of import %s broke", run_id)
                cursor.close()
                n_broken += 1
                if n_broken > 1:
                    with unit_of_work(app):
                        importing.break_off(run_id)
                    more = False
    return n_pieces
