"""Money: papers, charges, and what the gateway knows of them."""

import logging

from flask import Flask

from application.tasks.turns import Turn, turn
from application.units import unit_of_work
from documents import billing_files
from foundation.db import reading
from gateways.payments import GatewayProblem
from workflows.billing import (
    books,
    comparing,
    findings,
    gateway_events,
    methods,
    paper_store,
    reconciling,
    runs,
    settling,
)

log = logging.getLogger("latchkey.tasks")


def draw_papers(app: Flask) -> int:
    """Draw the PDFs of new invoices, notes, receipts and refunds, and of invoices that changed; how many.

    Safe with many workers: two may draw the same one, and the first to write its fingerprint down keeps it. Nobody
    waits for this: who asks earlier has it drawn then.
    """
    with reading(), unit_of_work(app):
        due = paper_store.due()
    n_drawn = 0
    with turn(app, "papers_nudge") as mine:
        for about in due:
            if mine.is_over():
                break
            try:
                n_drawn += _draw_paper(app, about)
            except Exception:
                log.exception("the paper of %s could not be drawn", about)
    return n_drawn


def _draw_paper(app: Flask, about: paper_store.About) -> bool:
    """Drawn without a transaction that others would have to wait for."""
    with reading(), unit_of_work(app):
        seen = billing_files.look(about)
        pdf = billing_files.fill(seen) if seen is not None else None
    if pdf is None:
        return False
    with unit_of_work(app):
        billing_files.keep(pdf)
    return pdf.is_new


def charge_ordered_invoices(app: Flask, mine: Turn) -> int:
    """Charge the invoices that were ordered to be charged, one after the other in this turn; how many.

    Safe with many workers: each charge has a key made of order and invoice, which the database takes once. A charge
    that breaks ends this round; the next minute finds out what became of it.
    """
    with reading(), unit_of_work(app):
        due = runs.charges_due()
    n_charged = 0
    for run_id in due:
        more = True
        while more and not mine.is_over():
            with unit_of_work(app):
                more = runs.charge_next(run_id, gateway=app.extensions["gateway"])
            n_charged += 1
    return n_charged


def reconcile_payments(app: Flask) -> int:
    """Find out what became of charges and refunds without an answer, then work on the gateway's messages; how many.

    Safe with many workers: each look is claimed by its row, and what it says is written under the client's lock.
    """
    with unit_of_work(app):
        n_looks = reconciling.look_again(gateway=app.extensions["gateway"])
    return n_looks + hear_gateway(app)


def hear_gateway(app: Flask) -> int:
    """Work on what the gateway told; how many messages. Safe with many workers: each message's row is locked."""
    with unit_of_work(app):
        return gateway_events.process(gateway=app.extensions["gateway"])


def compare_books(app: Flask) -> int:
    """Ask what has settled, have the gateway forget what clients removed, compare its last days with our books, and
    prove the books; how many differences are new.

    Safe with many workers: what was done is not done twice, and a difference is unique in the database.
    """
    gateway, mine = app.extensions["gateway"], Turn(app)
    with unit_of_work(app):
        settling.poll(gateway=gateway)
    with unit_of_work(app):
        methods.forget_removed(gateway)
    mine.serve_others()
    n_new = 0
    try:
        with unit_of_work(app):
            n_new = comparing.compare(gateway=gateway)
    except GatewayProblem as problem:
        log.warning("the gateway could not be asked for its last days (%s); tried again tomorrow", problem.code)
    mine.serve_others()
    with unit_of_work(app):
        return n_new + findings.tell_books(books.check())
