"""Mails: what is due leaves, and what goes out by the clock is put into the outbox."""

import logging

from flask import Flask

from application.tasks.turns import turn
from application.units import unit_of_work
from documents import agreement
from foundation import clock
from foundation.db import reading
from mailer import deliver
from workflows import agreement_copies, field_digest, master_schedule, sitter_mails, vaccinations
from workflows.billing import reminders

log = logging.getLogger("latchkey.tasks")

#: no reminder leaves before this hour
MORNING = 8


def send_mails(app: Flask) -> int:
    """Deliver what is due, turn by turn.

    Safe with many workers: each claims its own mails, and only the claim's holder writes.
    """
    make_agreement_copies(app)
    with turn(app, "nudge") as mine:
        return deliver.drain(app, should_stop=mine.is_over)


def make_agreement_copies(app: Flask) -> int:
    """Draw the PDFs of accepted agreements and queue their mails; how many.

    Safe with many workers: only the first to write its file's id down keeps it, the other's bytes are thrown away.
    """
    with reading(), unit_of_work(app):
        due = agreement_copies.due()
    n_made = 0
    for acceptance_id in due:
        try:
            with reading(), unit_of_work(app):
                copy = agreement_copies.facts(acceptance_id)
                drawn = agreement.write(copy) if copy is not None else None
            if drawn is not None:
                with unit_of_work(app):
                    n_made += agreement_copies.keep(acceptance_id, drawn) is not None
        except Exception:
            log.exception("the copy of acceptance %s could not be made; tried again in a minute", acceptance_id)
    return n_made


def evening_schedules(app: Flask) -> int:
    """Queue the sitters' evening mails when it is time.

    Safe with many workers: each mail has a dedupe key of sitter and date, unique in the database.
    """
    with unit_of_work(app):
        return len(sitter_mails.evening_schedules())


def send_master_schedule(app: Flask) -> bool:
    """Queue the office's 14-day schedule on its weekday. Safe with many workers: the mail has a dedupe key of the day."""
    with unit_of_work(app):
        return master_schedule.send_due()


def send_data_digest(app: Flask) -> bool:
    """Queue the office's digest of what clients changed. Safe with many workers: the mail has a dedupe key of the day."""
    with unit_of_work(app):
        return field_digest.send_due()


def remind_of_vaccinations(app: Flask) -> int:
    """Queue reminders of vaccinations that run out, in the business's morning or later; how many.

    Safe with many workers: each reminder is claimed by its row, and its mail has a dedupe key.
    """
    with unit_of_work(app):
        return vaccinations.remind() if clock.local_now().hour >= MORNING else 0


def remind_of_invoices(app: Flask) -> int:
    """Queue reminders of overdue invoices, in the business's morning or later; how many clients.

    Safe with many workers: each client is held while their steps are written down, and each step has one row.
    """
    with unit_of_work(app):
        return reminders.remind() if clock.local_now().hour >= MORNING else 0
