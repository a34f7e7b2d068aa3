"""What there is to know about each kind of mail beside its facts: its folder, its name for people, whom it is for."""

import enum
from dataclasses import dataclass
from pathlib import Path

from flask_babel import gettext

from workflows.errors import N_
from workflows.mail_facts import SENSITIVE_KINDS, MailKind

TEMPLATES = Path(__file__).resolve().parent.parent / "mail_templates"
PARTS = ("subject.txt", "body.txt", "body.html")


class Category(enum.StrEnum):
    """Under which heading a list of kinds shows it."""

    REQUESTS = "requests"
    VISITS = "visits"
    MONEY = "money"
    SITTERS = "sitters"
    OFFICE = "office"
    ACCESS = "access"


CATEGORY_LABELS = {
    Category.REQUESTS: N_("Requests"),
    Category.VISITS: N_("Visits"),
    Category.MONEY: N_("Invoices and payments"),
    Category.SITTERS: N_("To sitters"),
    Category.OFFICE: N_("To the office"),
    Category.ACCESS: N_("Log-in"),
}


@dataclass(frozen=True)
class Kind:
    """One kind of mail."""

    kind: MailKind
    category: Category
    message: str

    @property
    def label(self) -> str:
        """Its name in the reader's language."""
        return gettext(self.message)

    @property
    def category_label(self) -> str:
        """Its heading in the reader's language."""
        return gettext(CATEGORY_LABELS[self.category])

    @property
    def folder(self) -> Path:
        """Where its subject.txt, body.txt and body.html are."""
        return TEMPLATES / self.kind.value

    @property
    def is_sensitive(self) -> bool:
        """Its text holds a way in: never stored, never logged."""
        return self.kind in SENSITIVE_KINDS


KINDS: dict[MailKind, Kind] = {
    kind.kind: kind
    for kind in (
        Kind(MailKind.REQUEST_RECEIVED, Category.REQUESTS, N_("Request received")),
        Kind(MailKind.REQUEST_AUTO_SUBMITTED, Category.REQUESTS, N_("Forgotten basket sent")),
        Kind(MailKind.REQUEST_CANCELLED, Category.REQUESTS, N_("Request cancelled")),
        Kind(MailKind.JOB_SCHEDULED, Category.REQUESTS, N_("Job scheduled")),
        Kind(MailKind.REQUEST_DECLINED, Category.REQUESTS, N_("Request declined")),
        Kind(MailKind.REQUEST_MESSAGE, Category.REQUESTS, N_("Message about a request")),
        Kind(MailKind.BASKET_REMINDER, Category.REQUESTS, N_("Basket reminder")),
        Kind(MailKind.INVOICE_SENT, Category.MONEY, N_("Invoice")),
        Kind(MailKind.CREDIT_NOTE_SENT, Category.MONEY, N_("Credit or debit note")),
        Kind(MailKind.VISITS_BOOKED, Category.VISITS, N_("Visits booked")),
        Kind(MailKind.VISIT_CANCELLED, Category.VISITS, N_("Visit cancelled")),
        Kind(MailKind.VISIT_MOVED, Category.VISITS, N_("Visit moved")),
        Kind(MailKind.VISIT_REINSTATED, Category.VISITS, N_("Visit takes place after all")),
        Kind(MailKind.CHANGE_REQUESTED, Category.VISITS, N_("Change asked for")),
        Kind(MailKind.CANCELLATION_REQUESTED, Category.VISITS, N_("Cancellation asked for")),
        Kind(MailKind.VISIT_CANCELLED_BY_CLIENT, Category.VISITS, N_("Visits cancelled by the client")),
        Kind(MailKind.SERIES_CHANGE_REQUESTED, Category.VISITS, N_("Change, pause or end of a series asked for")),
        Kind(MailKind.CHANGE_DECIDED, Category.VISITS, N_("Change or cancellation decided")),
        Kind(MailKind.CHANGE_WITHDRAWN, Category.VISITS, N_("Change or cancellation withdrawn")),
        Kind(MailKind.CHANGE_SUPERSEDED, Category.VISITS, N_("Change or cancellation closed")),
        Kind(MailKind.CLIENT_MESSAGE, Category.VISITS, N_("Message about the schedule")),
        Kind(MailKind.CLIENT_MESSAGE_ANSWERED, Category.VISITS, N_("Message answered")),
        Kind(MailKind.SITTER_VISIT_ASSIGNED, Category.SITTERS, N_("Sitter: new visit")),
        Kind(MailKind.SITTER_VISIT_MOVED, Category.SITTERS, N_("Sitter: visit moved")),
        Kind(MailKind.SITTER_VISIT_TAKEN_AWAY, Category.SITTERS, N_("Sitter: visit taken away")),
        Kind(MailKind.SITTER_CHANGES, Category.SITTERS, N_("Sitter: several changes")),
        Kind(MailKind.SITTER_REQUEST_MESSAGE, Category.SITTERS, N_("Sitter: message about a request")),
        Kind(MailKind.SITTER_SCHEDULE, Category.SITTERS, N_("Sitter: evening schedule")),
        Kind(MailKind.PAY_STATEMENT, Category.SITTERS, N_("Sitter: pay statement")),
        Kind(MailKind.TIME_OFF_DECIDED, Category.SITTERS, N_("Sitter: answer about time off")),
        Kind(MailKind.SITTER_MESSAGE_ANSWERED, Category.SITTERS, N_("Sitter: message from the office")),
        Kind(MailKind.TIME_OFF_ASKED, Category.OFFICE, N_("Sitter asks for time off")),
        Kind(MailKind.SITTER_MESSAGE, Category.OFFICE, N_("Message from a sitter")),
        Kind(MailKind.REQUEST_ANSWERED, Category.OFFICE, N_("Answer about a request")),
        Kind(MailKind.MASTER_SCHEDULE, Category.OFFICE, N_("Schedule of two weeks")),
        Kind(MailKind.VISIT_ALERTS, Category.OFFICE, N_("Warnings about visits")),
        Kind(MailKind.DATA_DIGEST, Category.OFFICE, N_("Changes by clients, once a day")),
        Kind(MailKind.DETAILS_DECIDED, Category.ACCESS, N_("Proposed details decided")),
        Kind(MailKind.VACCINATION_DUE, Category.VISITS, N_("Vaccination runs out")),
        Kind(MailKind.INVOICE_REMINDER, Category.MONEY, N_("Overdue invoices")),
        Kind(MailKind.STATEMENT_SENT, Category.MONEY, N_("Statement")),
        Kind(MailKind.VET_DECIDED, Category.VISITS, N_("Proposed vet decided")),
        Kind(MailKind.LETTER_TO_CLIENT, Category.ACCESS, N_("Message to the client")),
        Kind(MailKind.LETTER_TO_OFFICE, Category.OFFICE, N_("Message from a client")),
        Kind(MailKind.REPORT_CARD, Category.VISITS, N_("Report card")),
        Kind(MailKind.REPORT_THANKED, Category.SITTERS, N_("Sitter: thanks from a client")),
        Kind(MailKind.AGREEMENT_ACCEPTED, Category.ACCESS, N_("Copy of an agreement")),
        Kind(MailKind.PAYMENT_RECEIPT, Category.MONEY, N_("Receipt")),
        Kind(MailKind.PAYMENT_FAILED, Category.MONEY, N_("Payment did not go through")),
        Kind(MailKind.PAYMENT_RETURNED, Category.MONEY, N_("Payment came back")),
        Kind(MailKind.REFUND_MADE, Category.MONEY, N_("Refund")),
        Kind(MailKind.BACKUP_FAILED, Category.OFFICE, N_("Backup failed")),
        Kind(MailKind.DISPUTE_OPENED, Category.OFFICE, N_("Payment disputed")),
        Kind(MailKind.SET_PASSWORD, Category.ACCESS, N_("Log-in link")),
        Kind(MailKind.SECURITY_NEWS, Category.ACCESS, N_("News about a log-in")),
        Kind(MailKind.REGISTRATION_LINK, Category.ACCESS, N_("Link to register")),
        Kind(MailKind.REGISTRATION_KNOWN, Category.ACCESS, N_("Registered already")),
        Kind(MailKind.REGISTRATION_ANSWERED, Category.ACCESS, N_("Answer to a registration")),
        Kind(MailKind.REGISTRATION_TOLD, Category.OFFICE, N_("Somebody registered")),
        Kind(MailKind.TEMPLATE_TEST, Category.OFFICE, N_("Test of a mail's words")),
        Kind(MailKind.OWN_MAIL, Category.ACCESS, N_("Own mail to clients")),
    )
}


def label(kind: str) -> str:
    """The name of a stored kind for people; a kind that a newer or older version wrote is shown as it is stored."""
    return KINDS[MailKind(kind)].label if kind in set(MailKind) else kind
