"""When an invoice is due: so many days after it was sent, or before its first visit; never before the day of issue."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from foundation.db import db
from models import Client, DueKind, Invoice, PaymentTerms
from workflows import settings
from workflows.errors import N_

#: the sentence on the paper where the terms have none of their own: for one day, and for more
SENTENCES = {
    (DueKind.AFTER_SENT, 0): N_("Please pay on receipt."),
    (DueKind.AFTER_SENT, 1): N_("Please pay within one day."),
    (DueKind.AFTER_SENT, 2): N_("Please pay within %(days)s days."),
    (DueKind.BEFORE_SERVICE, 0): N_("Please pay by the day of the first visit."),
    (DueKind.BEFORE_SERVICE, 1): N_("Please pay by the day before the first visit."),
    (DueKind.BEFORE_SERVICE, 2): N_("Please pay at least %(days)s days before the first visit."),
}


@dataclass(frozen=True)
class Terms:
    """The terms that hold for an invoice, as plain values."""

    kind: DueKind
    days: int
    text: str = ""
    name: str = ""

    @property
    def sentence(self) -> str:
        """One sentence on when to pay: the owner's own, else one is made."""
        return self.text or SENTENCES[self.kind, min(self.days, 2)] % {"days": self.days}


def terms_for(client: Client, chosen: PaymentTerms | None = None) -> Terms:
    """The invoice's own terms, else the client's, else the default, else so many days as the setting says."""
    return as_terms(chosen or client.payment_terms or default_terms())


def as_terms(own: PaymentTerms | None) -> Terms:
    """Terms as plain values; None: so many days as the setting says."""
    if own is None:
        return Terms(DueKind.AFTER_SENT, int(settings.read()["billing.due_days"]))
    return Terms(own.kind, own.days, own.text, own.name)


def default_terms() -> PaymentTerms | None:
    """The terms of clients that have none of their own."""
    return db.session.scalar(sa.select(PaymentTerms).where(PaymentTerms.is_default, PaymentTerms.is_active))


def due_on(terms: Terms, *, issued_on: dt.date, first_on: dt.date | None) -> dt.date:
    """The due date of an invoice; one without any visit is due on its day where the terms count from the first visit."""
    if terms.kind is DueKind.AFTER_SENT:
        return issued_on + dt.timedelta(days=terms.days)
    if first_on is None:
        return issued_on
    return max(first_on - dt.timedelta(days=terms.days), issued_on)


def due_date(invoice: Invoice, terms: Terms, *, issued_on: dt.date) -> dt.date:
    """The day by hand, else by the terms that hold for it; for an issued invoice the day that it was given."""
    if invoice.due_on is not None:
        return max(invoice.due_on, issued_on)
    return due_on(terms, issued_on=issued_on, first_on=invoice.first_on)
