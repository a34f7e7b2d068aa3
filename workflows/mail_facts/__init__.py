"""What each kind of mail is about, as plain values. Workflows queue facts; `mailer` turns them into text at delivery.

Dates and times are ISO text in the business's local time, money is text in major units; `from_json` rebuilds the
dataclass, ignoring what an older version had more.
"""

import dataclasses
from typing import Any

from workflows.mail_facts.kinds import REFUSABLE_KINDS, SENSITIVE_KINDS, STAFF_REFUSABLE_KINDS, MailKind
from workflows.mail_facts.money import (
    CreditNoteSent,
    DisputeOpened,
    InvoiceDue,
    InvoiceReminded,
    InvoiceSent,
    PaidInvoice,
    PaymentFailed,
    PaymentReceipt,
    PaymentReturned,
    PayStatementSent,
    RefundMade,
    StatementSent,
)
from workflows.mail_facts.office import (
    BackupFailed,
    OwnMail,
    TemplateTest,
)
from workflows.mail_facts.people import (
    AgreementAccepted,
    ClientMessage,
    ClientNews,
    DataDigest,
    DetailsDecided,
    LetterFacts,
    RegistrationAnswered,
    RegistrationKnown,
    RegistrationLink,
    RegistrationTold,
    SecurityNews,
    SetPassword,
    VaccinationDue,
    VetDecided,
)
from workflows.mail_facts.requests import (
    BasketReminder,
    JobScheduled,
    RequestAnswered,
    RequestCancelled,
    RequestDeclined,
    RequestMessageFacts,
    RequestReceived,
)
from workflows.mail_facts.team import (
    DayVisits,
    KeyToFetch,
    MasterSchedule,
    SitterChanges,
    SitterDays,
    SitterMessageFacts,
    SitterSchedule,
    SitterScheduleEntry,
    SitterVisits,
    TimeOffAsked,
    TimeOffDecided,
    VisitNews,
)
from workflows.mail_facts.visits import (
    AlertFacts,
    ChangeAsked,
    ChangeDecided,
    ChangedVisit,
    ChangeEnded,
    ReportCardFacts,
    ReportThanked,
    SeriesFacts,
    VisitAlerts,
    VisitCancelled,
    VisitFacts,
    VisitMoved,
)

__all__ = [
    "FACTS",
    "REFUSABLE_KINDS",
    "SENSITIVE_KINDS",
    "STAFF_REFUSABLE_KINDS",
    "AgreementAccepted",
    "AlertFacts",
    "BackupFailed",
    "BasketReminder",
    "ChangeAsked",
    "ChangeDecided",
    "ChangeEnded",
    "ChangedVisit",
    "ClientMessage",
    "ClientNews",
    "CreditNoteSent",
    "DataDigest",
    "DayVisits",
    "DetailsDecided",
    "DisputeOpened",
    "InvoiceDue",
    "InvoiceReminded",
    "InvoiceSent",
    "JobScheduled",
    "KeyToFetch",
    "LetterFacts",
    "MailKind",
    "MasterSchedule",
    "OwnMail",
    "PaidInvoice",
    "PayStatementSent",
    "PaymentFailed",
    "PaymentReceipt",
    "PaymentReturned",
    "RefundMade",
    "RegistrationAnswered",
    "RegistrationKnown",
    "RegistrationLink",
    "RegistrationTold",
    "ReportCardFacts",
    "ReportThanked",
    "RequestAnswered",
    "RequestCancelled",
    "RequestDeclined",
    "RequestMessageFacts",
    "RequestReceived",
    "SecurityNews",
    "SeriesFacts",
    "SetPassword",
    "SitterChanges",
    "SitterDays",
    "SitterMessageFacts",
    "SitterSchedule",
    "SitterScheduleEntry",
    "SitterVisits",
    "StatementSent",
    "TemplateTest",
    "TimeOffAsked",
    "TimeOffDecided",
    "VaccinationDue",
    "VetDecided",
    "VisitAlerts",
    "VisitCancelled",
    "VisitFacts",
    "VisitMoved",
    "VisitNews",
    "from_json",
    "visit_from_json",
]

FACTS: dict[MailKind, type] = {
    MailKind.REQUEST_RECEIVED: RequestReceived,
    MailKind.REQUEST_AUTO_SUBMITTED: RequestReceived,
    MailKind.REQUEST_CANCELLED: RequestCancelled,
    MailKind.JOB_SCHEDULED: JobScheduled,
    MailKind.REQUEST_DECLINED: RequestDeclined,
    MailKind.REQUEST_MESSAGE: RequestMessageFacts,
    MailKind.BASKET_REMINDER: BasketReminder,
    MailKind.INVOICE_SENT: InvoiceSent,
    MailKind.CREDIT_NOTE_SENT: CreditNoteSent,
    MailKind.VISITS_BOOKED: JobScheduled,
    MailKind.VISIT_CANCELLED: VisitCancelled,
    MailKind.VISIT_MOVED: VisitMoved,
    MailKind.VISIT_REINSTATED: JobScheduled,
    MailKind.CHANGE_REQUESTED: ChangeAsked,
    MailKind.CANCELLATION_REQUESTED: ChangeAsked,
    MailKind.VISIT_CANCELLED_BY_CLIENT: ChangeAsked,
    MailKind.SERIES_CHANGE_REQUESTED: ChangeAsked,
    MailKind.CHANGE_DECIDED: ChangeDecided,
    MailKind.CHANGE_WITHDRAWN: ChangeEnded,
    MailKind.CHANGE_SUPERSEDED: ChangeEnded,
    MailKind.CLIENT_MESSAGE: ClientMessage,
    MailKind.CLIENT_MESSAGE_ANSWERED: ClientMessage,
    MailKind.SITTER_VISIT_ASSIGNED: SitterVisits,
    MailKind.SITTER_VISIT_MOVED: SitterVisits,
    MailKind.SITTER_VISIT_TAKEN_AWAY: SitterVisits,
    MailKind.SITTER_CHANGES: SitterChanges,
    MailKind.SITTER_REQUEST_MESSAGE: RequestMessageFacts,
    MailKind.SITTER_SCHEDULE: SitterSchedule,
    MailKind.REQUEST_ANSWERED: RequestAnswered,
    MailKind.MASTER_SCHEDULE: MasterSchedule,
    MailKind.VISIT_ALERTS: VisitAlerts,
    MailKind.DATA_DIGEST: DataDigest,
    MailKind.DETAILS_DECIDED: DetailsDecided,
    MailKind.AGREEMENT_ACCEPTED: AgreementAccepted,
    MailKind.VACCINATION_DUE: VaccinationDue,
    MailKind.VET_DECIDED: VetDecided,
    MailKind.INVOICE_REMINDER: InvoiceReminded,
    MailKind.STATEMENT_SENT: StatementSent,
    MailKind.LETTER_TO_CLIENT: LetterFacts,
    MailKind.LETTER_TO_OFFICE: LetterFacts,
    MailKind.REPORT_CARD: ReportCardFacts,
    MailKind.REPORT_THANKED: ReportThanked,
    MailKind.PAYMENT_RECEIPT: PaymentReceipt,
    MailKind.PAYMENT_FAILED: PaymentFailed,
    MailKind.PAYMENT_RETURNED: PaymentReturned,
    MailKind.REFUND_MADE: RefundMade,
    MailKind.DISPUTE_OPENED: DisputeOpened,
    MailKind.BACKUP_FAILED: BackupFailed,
    MailKind.PAY_STATEMENT: PayStatementSent,
    MailKind.SET_PASSWORD: SetPassword,
    MailKind.SECURITY_NEWS: SecurityNews,
    MailKind.REGISTRATION_LINK: RegistrationLink,
    MailKind.REGISTRATION_KNOWN: RegistrationKnown,
    MailKind.REGISTRATION_ANSWERED: RegistrationAnswered,
    MailKind.REGISTRATION_TOLD: RegistrationTold,
    MailKind.TIME_OFF_ASKED: TimeOffAsked,
    MailKind.TIME_OFF_DECIDED: TimeOffDecided,
    MailKind.SITTER_MESSAGE: SitterMessageFacts,
    MailKind.SITTER_MESSAGE_ANSWERED: SitterMessageFacts,
    MailKind.TEMPLATE_TEST: TemplateTest,
    MailKind.OWN_MAIL: OwnMail,
}

_NESTED = {
    "wanted": VisitFacts,
    "series": SeriesFacts,
    "series_wanted": SeriesFacts,
    "items": ChangedVisit,
    "lines": VisitFacts,
    "before": VisitFacts,
    "visit": VisitFacts,
    "was": VisitFacts,
    "gone": VisitNews,
    "gained": VisitNews,
    "moved": VisitNews,
    "sitters": SitterDays,
    "keys": KeyToFetch,
    "days": DayVisits,
    "clients": ClientNews,
    "alerts": AlertFacts,
    "invoices": InvoiceDue,
    "paid": PaidInvoice,
}


def from_json(kind: MailKind, stored: dict[str, Any]) -> Any:  # noqa: ANN401 -- the kind's own dataclass
    """The facts of a queued mail as its dataclass again."""
    return _build(FACTS[kind], stored)


def visit_from_json(stored: dict[str, Any]) -> VisitFacts:
    """One visit that was kept as plain values."""
    facts: VisitFacts = _build(VisitFacts, stored)
    return facts


def _build(cls: type, stored: dict[str, Any]) -> Any:  # noqa: ANN401
    names = {f.name for f in dataclasses.fields(cls)}
    values: dict[str, Any] = {}
    for name, value in stored.items():
        if name not in names:
            continue
        nested = _NESTED.get(name) or (SitterScheduleEntry if cls in {SitterSchedule, DayVisits} else VisitFacts)
        if isinstance(value, list):
            values[name] = tuple(_build(nested, v) if isinstance(v, dict) else v for v in value)
        else:
            values[name] = _build(nested, value) if isinstance(value, dict) else value
    return cls(**values)
