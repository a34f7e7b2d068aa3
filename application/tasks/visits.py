"""Requests, visits and repeating services: what time itself brings about."""

import logging

from flask import Flask

from application.tasks.turns import Turn
from application.tasks.worker import stopping
from application.units import unit_of_work
from foundation.alone import alone
from foundation.db import db, reading
from models import Client
from workflows import alerts, change_requests, repeat_orders, repeat_runs, sending
from workflows.actors import WORKER

log = logging.getLogger("latchkey.tasks")

#: clients in one transaction of the night's run of repeating services
CLIENTS_AT_ONCE = 50


def auto_submit(app: Flask) -> int:
    """Send forgotten baskets, each in a transaction of its own, so that one that fails holds up no other.

    Safe with many workers: `auto_submit` takes the client's lock and looks again; the second finds nothing to do.
    """
    with reading(), unit_of_work(app):
        due = sending.auto_submit_due()
    n_sent = 0
    for client_id in due:
        if stopping():
            break
        try:
            with unit_of_work(app):
                client = db.session.get(Client, client_id)
                if client is not None and sending.auto_submit(client) is not None:
                    n_sent += 1
        except Exception:
            log.exception("the basket of client %s could not be sent; tried again in a minute", client_id)
    return n_sent


def watch_visits(app: Flask) -> int:
    """Warn of visits that are late, overdue, too short…; how many warnings are new.

    Safe with many workers: one row for each visit and kind, unique in the database; the mail is queued with the row.
    While one looks, the others do not: they would find the same, and be refused.
    """
    with app.app_context(), alone("watch-visits") as is_ours:
        if not is_ours:
            return 0
        with unit_of_work(app):
            return len(alerts.look())


def expire_changes(app: Flask) -> int:
    """End change and cancellation requests whose visit has begun; a transaction for each client, as `auto_submit`.

    Safe with many workers: `expire` takes the client's lock and looks again; the second finds nothing to do.
    """
    with reading(), unit_of_work(app):
        due = change_requests.expire_due()
    n_expired = 0
    for client_id in due:
        if stopping():
            break
        try:
            with unit_of_work(app):
                client = db.session.get(Client, client_id)
                n_expired += len(change_requests.expire(client, actor=WORKER)) if client is not None else 0
        except Exception:
            log.exception("the change requests of client %s could not be ended; tried again in five minutes", client_id)
    return n_expired


def make_repeating_visits(app: Flask) -> int:
    """Make the visits of repeating services up to the horizon, some clients at a time; how many visits.

    Safe with many workers: each holds its clients' locks and looks again, and an occurrence is unique in the database.
    Clients whose run breaks hold up no others; the next night tries again, and Run repeats does at once.
    """
    with reading(), unit_of_work(app):
        due = repeat_runs.due()
    n_made, mine = 0, Turn(app)
    for start in range(0, len(due), CLIENTS_AT_ONCE):
        some = due[start : start + CLIENTS_AT_ONCE]
        try:
            with unit_of_work(app):
                n_made += repeat_orders.nightly(some)
        except Exception:
            log.exception("the repeating visits of clients %s to %s could not be made", some[0], some[-1])
        mine.serve_others()
        if stopping():
            break
    return n_made


def run_ordered_repeats(app: Flask, mine: Turn) -> int:
    """Do the office's large runs of repeating services, piece by piece in this turn; how many pieces.

    Safe with many workers: each piece holds the run's row, and its visits are committed with the note of how far it is.
    """
    with reading(), unit_of_work(app):
        due = repeat_orders.due()
    n_pieces = 0
    for run_id in due:
        more = True
        while more and not mine.is_over():
            with unit_of_work(app):
                more = repeat_orders.work(run_id)
            n_pieces += 1
    return n_pieces
