"""What the office ordered and is too large for one page: changes of many visits, and files brought in."""

import logging
from contextlib import closing

from flask import Flask
from sqlalchemy.exc import DBAPIError

from application.tasks.money import charge_ordered_invoices
from application.tasks.turns import Turn, turn
from application.tasks.visits import run_ordered_repeats
from application.units import unit_of_work
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
    how far the import is. A piece that breaks is tried once more, then the import ends and says so.
    """
    with reading(), unit_of_work(app):
        due = importing.due()
    with turn(app, "imports_nudge") as mine:
        return sum(_import(app, run_id, mine) for run_id in due)


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
