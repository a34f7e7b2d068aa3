"""Money on HOME: what clients owe by age, and what waits for somebody; and on a visit's page: which invoice has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext, ngettext
from sqlalchemy.orm import joinedload

from admin_site.believed import Believed
from admin_site.billing_records import invoice_chip, invoice_name
from foundation import clock
from foundation.db import db
from models import CreditNote, CreditNoteLine, InvoiceLine, Job, JobState, NoteState
from workflows.actors import Actor
from workflows.billing import sums, visit_lines
from workflows.permissions import Permission

ZERO = Decimal(0)
#: to add up so many takes longer than any other question of HOME
OPEN_INVOICES: Believed[dict[int | None, Decimal]] = Believed(at_least=500)


@dataclass(frozen=True)
class Aged:
    """What is owed for so long; `share` is for the bar."""

    label: str
    amount: Decimal


@dataclass(frozen=True)
class Owed:
    """What clients owe in all; `waits` when it is added up anew only every half minute."""

    total: Decimal
    overdue: Decimal
    ages: list[Aged]
    waits: bool

    @property
    def parts(self) -> list[float]:
        """For the picture: not yet due, up to 30, up to 60, and later than that."""
        figures = [float(age.amount) for age in self.ages]
        return [*figures[:3], sum(figures[3:])]


def owed(actor: Actor) -> Owed | None:
    """The tile of HOME, for those who may see what the business is owed; one query."""
    if not actor.may(Permission.FINANCES):
        return None
    key = (str(db.session.get_bind().engine.url), clock.today())
    by_age = OPEN_INVOICES.find(key, sums.open_by_age)
    words: dict[int | None, str] = {
        0: gettext("Not due yet"),
        30: gettext("Up to 30 days late"),
        60: gettext("31 to 60 days late"),
        90: gettext("61 to 90 days late"),
        None: gettext("Later than that"),
    }
    total = sum(by_age.values(), ZERO)
    ages = [Aged(words[age], amount) for age, amount in by_age.items()]
    return Owed(total, total - by_age[0], ages, OPEN_INVOICES.waits)


def notes_words(n: int) -> tuple[str, str, str]:
    """Title, text and address of the row about notes that wait."""
    title = ngettext("%(num)d note waits to be committed", "%(num)d notes wait to be committed", n)
    return title, gettext("Invoiced visits were cancelled or changed."), url_for("credit_notes.index_view")


def attention_words(n: int) -> tuple[str, str, str]:
    """Title, text and address of the row about money that somebody must look at."""
    title = ngettext("%(num)d payment needs attention", "%(num)d payments need attention", n)
    return title, gettext("Disputes, payments being confirmed, or books that differ."), url_for("attention.index")


def of_visit(job: Job, actor: Actor) -> dict[str, Any]:
    """Which invoice charges the visit, the notes about it, and whether it can be invoiced; at most two queries."""
    if not actor.may(Permission.BILLING):
        return {"billed": None}
    line = db.session.scalar(
        sa.select(InvoiceLine)
        .where(InvoiceLine.job_id == job.id, InvoiceLine.is_live)
        .options(joinedload(InvoiceLine.invoice))
    )
    # Only of invoiced visits are there notes.
    notes = _notes_about(job) if line is not None else []
    invoice = line.invoice if line is not None else None
    return {
        "billed": {
            "invoice": invoice,
            "name": invoice_name(invoice) if invoice is not None else "",
            "chip": invoice_chip(invoice) if invoice is not None else "",
            "amount": line.amount if line is not None else None,
            "notes": notes,
            "may": line is None and job.state is not JobState.VOIDED and visit_lines.is_charged(job),
        }
    }


def _notes_about(job: Job) -> Sequence[CreditNote]:
    about_it = sa.select(CreditNoteLine.note_id).where(CreditNoteLine.job_id == job.id)
    wanted = sa.select(CreditNote).where(CreditNote.id.in_(about_it), CreditNote.state != NoteState.DROPPED)
    return db.session.scalars(wanted.order_by(CreditNote.id)).all()
