"""What each kind of mail is about, as plain values. Workflows queue facts; `mailer` turns them into text at delivery.

Dates and times are ISO text in the business's local time, money is text in major units; `from_json` rebuilds the
dataclass, ignoring what an older version had more.
"""

import dataclasses
import enum
from dataclasses import dataclass
from typing import Any

from workflows.money_mails import (
    DisputeOpened,
    PaidInvoice,
    PaymentFailed,
    PaymentReceipt,
    PaymentReturned,
    PayStatementSent,
    RefundMade,
)
from workflows.team_mails import SitterMessageFacts, TimeOffAsked, TimeOffDecided


class MailKind(enum.StrEnum):
    """Every kind of mail; the folder in `mail_templates/` has the same name."""

    REQUEST_RECEIVED = "request_received"
    REQUEST_AUTO_SUBMITTED = "request_auto_submitted"
    REQUEST_CANCELLED = "request_cancelled"
    JOB_SCHEDULED = "job_scheduled"
    REQUEST_DECLINED = "request_declined"
    REQUEST_MESSAGE = "request_message"
    BASKET_REMINDER = "basket_reminder"
    INVOICE_SENT = "invoice_sent"
    CREDIT_NOTE_SENT = "credit_note_sent"
    VISITS_BOOKED = "visits_booked"
    VISIT_CANCELLED = "visit_cancelled"
    VISIT_MOVED = "visit_moved"
    VISIT_REINSTATED = "visit_reinstated"
    CHANGE_REQUESTED = "change_requested"
    CANCELLATION_REQUESTED = "cancellation_requested"
    VISIT_CANCELLED_BY_CLIENT = "visit_cancelled_by_client"
    SERIES_CHANGE_REQUESTED = "series_change_requested"
    CHANGE_DECIDED = "change_decided"
    CHANGE_WITHDRAWN = "change_withdrawn"
    CHANGE_SUPERSEDED = "change_superseded"
    CLIENT_MESSAGE = "client_message"
    CLIENT_MESSAGE_ANSWERED = "client_message_answered"
    SITTER_VISIT_ASSIGNED = "sitter_visit_assigned"
    SITTER_VISIT_MOVED = "sitter_visit_moved"
    SITTER_VISIT_TAKEN_AWAY = "sitter_visit_taken_away"
    SITTER_CHANGES = "sitter_changes"
    SITTER_REQUEST_MESSAGE = "sitter_request_message"
    SITTER_SCHEDULE = "sitter_schedule"
    REQUEST_ANSWERED = "request_answered"
    MASTER_SCHEDULE = "master_schedule"
    VISIT_ALERTS = "visit_alerts"
    DATA_DIGEST = "data_digest"
    DETAILS_DECIDED = "details_decided"
    AGREEMENT_ACCEPTED = "agreement_accepted"
    VACCINATION_DUE = "vaccination_due"
    VET_DECIDED = "vet_decided"
    INVOICE_REMINDER = "invoice_reminder"
    STATEMENT_SENT = "statement_sent"
    LETTER_TO_CLIENT = "letter_to_client"
    LETTER_TO_OFFICE = "letter_to_office"
    REPORT_CARD = "report_card"
    REPORT_THANKED = "report_thanked"
    PAYMENT_RECEIPT = "payment_receipt"
    PAYMENT_FAILED = "payment_failed"
    PAYMENT_RETURNED = "payment_returned"
    REFUND_MADE = "refund_made"
    DISPUTE_OPENED = "dispute_opened"
    BACKUP_FAILED = "backup_failed"
    PAY_STATEMENT = "pay_statement"
    SET_PASSWORD = "set_password"  # noqa: S105 -- the name of a mail
    SECURITY_NEWS = "security_news"
    REGISTRATION_LINK = "registration_link"
    REGISTRATION_KNOWN = "registration_known"
    REGISTRATION_ANSWERED = "registration_answered"
    REGISTRATION_TOLD = "registration_told"
    TIME_OFF_ASKED = "time_off_asked"
    TIME_OFF_DECIDED = "time_off_decided"
    SITTER_MESSAGE = "sitter_message"
    SITTER_MESSAGE_ANSWERED = "sitter_message_answered"
    TEMPLATE_TEST = "template_test"
    OWN_MAIL = "own_mail"


#: their text is never stored: it holds a way in
SENSITIVE_KINDS = frozenset(
    {
        MailKind.SET_PASSWORD, MailKind.SITTER_REQUEST_MESSAGE, MailKind.REGISTRATION_LINK, MailKind.REGISTRATION_KNOWN,
    }
)  # fmt: skip

#: what a client may do without; everything else is about what they must know: visits that do not take place, their
#: log-in, what they agreed to
REFUSABLE_KINDS = (
    MailKind.REQUEST_RECEIVED,
    MailKind.REQUEST_AUTO_SUBMITTED,
    MailKind.JOB_SCHEDULED,
    MailKind.BASKET_REMINDER,
    MailKind.VISITS_BOOKED,
    MailKind.CHANGE_REQUESTED,
    MailKind.CANCELLATION_REQUESTED,
    MailKind.SERIES_CHANGE_REQUESTED,
    MailKind.CHANGE_WITHDRAWN,
    MailKind.CLIENT_MESSAGE,
    MailKind.REPORT_CARD,
)

#: what a member of staff may do without. New, moved and lost visits stand in the evening's mail then, and come at once all
#: the same when they begin before it (`sitter_mails`); without the evening's mail, it comes on evenings with news alone
STAFF_REFUSABLE_KINDS = (
    MailKind.SITTER_VISIT_ASSIGNED,
    MailKind.SITTER_VISIT_MOVED,
    MailKind.SITTER_VISIT_TAKEN_AWAY,
    MailKind.SITTER_SCHEDULE,
    MailKind.SITTER_MESSAGE_ANSWERED,
    MailKind.PAY_STATEMENT,
    MailKind.REPORT_THANKED,
)


@dataclass(frozen=True)
class VisitFacts:
    """One visit or requested visit, as a mail lists it."""

    service: str
    on_date: str
    #: ISO time, "" where the item asks for none
    start_time: str = ""
    #: "Morning 07:00-10:00", "" without a block
    block: str = ""
    #: last day of a stay, "" for the same day
    ends_on: str = ""
    end_time: str = ""
    duration_minutes: int = 0
    pets: tuple[str, ...] = ()
    note: str = ""
    #: first name, "" when unknown or not to be shown
    sitter: str = ""
    #: "" where prices are not shown
    price: str = ""
    #: what calling it off costs, "" for nothing
    fee: str = ""


@dataclass(frozen=True)
class RequestReceived:
    """To the client: we have your request (also when more lines joined it, or the clock sent it)."""

    client_name: str
    account_number: str
    request_number: int
    lines: tuple[VisitFacts, ...]
    added: bool = False
    #: lines that stayed in the basket because they can no longer be requested
    n_kept_back: int = 0


@dataclass(frozen=True)
class RequestCancelled:
    """To the client: these requested visits are cancelled."""

    client_name: str
    account_number: str
    request_number: int
    lines: tuple[VisitFacts, ...]
    reason: str = ""


@dataclass(frozen=True)
class JobScheduled:
    """To the client: these visits are in the schedule."""

    client_name: str
    account_number: str
    #: 0 for visits that the office booked without a request
    request_number: int
    visits: tuple[VisitFacts, ...]
    message: str = ""


@dataclass(frozen=True)
class RequestDeclined:
    """To the client: these visits cannot be done, and why."""

    client_name: str
    account_number: str
    request_number: int
    lines: tuple[VisitFacts, ...]
    reason: str


@dataclass(frozen=True)
class RequestMessageFacts:
    """To the client or the sitter: a word of the office about a request."""

    recipient_name: str
    client_name: str
    request_number: int
    lines: tuple[VisitFacts, ...]
    body: str
    staff_name: str
    #: (request id, staff id) for a sitter, whose link to the thread is signed at delivery
    answer_to: tuple[int, ...] = ()


@dataclass(frozen=True)
class RequestAnswered:
    """To the office's inbox: the client, or a sitter, answered about a request."""

    client_name: str
    account_number: str
    request_number: int
    body: str
    author_name: str
    from_sitter: bool = False


@dataclass(frozen=True)
class BasketReminder:
    """To the client: your basket has not been sent yet."""

    client_name: str
    account_number: str
    lines: tuple[VisitFacts, ...]
    body: str = ""


@dataclass(frozen=True)
class VisitCancelled:
    """To the client: the office cancelled these visits."""

    client_name: str
    account_number: str
    visits: tuple[VisitFacts, ...]
    reason: str = ""
    #: the fees of all of them, "" when nothing is to be said about it
    fee: str = ""


@dataclass(frozen=True)
class VisitMoved:
    """To the client: the office moved these visits to another day or time."""

    client_name: str
    account_number: str
    visits: tuple[VisitFacts, ...]
    #: the same visits as they stood before, in the same order
    before: tuple[VisitFacts, ...]
    reason: str = ""


@dataclass(frozen=True)
class InvoiceSent:
    """To the client: your invoice, its PDF goes along."""

    client_name: str
    account_number: str
    #: for the PDF and for the link to its page
    invoice_id: int
    public_id: str
    number: str
    issued_on: str
    #: "" when nothing is to be paid any more
    due_on: str
    total: str
    outstanding: str
    n_visits: int = 0
    #: the days of its visits
    first_on: str = ""
    last_on: str = ""
    #: the office's words on the invoice
    note: str = ""
    is_deposit: bool = False


@dataclass(frozen=True)
class CreditNoteSent:
    """To the client: what was changed about an invoice, or credit given without one; the note's PDF goes along."""

    client_name: str
    account_number: str
    note_id: int
    number: str
    #: "" for credit without an invoice
    invoice_number: str
    total: str
    reason: str = ""
    #: it asks for more instead of giving back
    is_debit: bool = False
    #: of it, what became credit on the account
    on_account: str = ""
    #: what is still to pay of the invoice
    outstanding: str = ""


@dataclass(frozen=True)
class SeriesFacts:
    """A repeating service, as a mail says it."""

    service: str
    #: (weekday, ISO time or "", block or "") of each visit of a week; 0 is Monday
    times: tuple[tuple[int, str, str], ...]
    pets: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class ChangedVisit:
    """One visit (or series) of a change or cancellation request."""

    #: as it was when the client asked
    visit: VisitFacts
    #: as the client wants it, for a change
    wanted: VisitFacts | None = None
    #: what calling it off (or moving it) costs, "" for nothing
    fee: str = ""
    #: why the office took another fee than the policy's
    fee_reason: str = ""
    #: "pending", "approved", "denied", "withdrawn", "expired", "superseded"
    state: str = "pending"
    #: the office's word about this one
    note: str = ""
    #: the days of a pause, the last day of a series that ends, or the first day of a series' new pattern
    first_on: str = ""
    last_on: str = ""
    #: for "this and all following": the series as it was, and as the client wants it from `first_on` on
    series: SeriesFacts | None = None
    series_wanted: SeriesFacts | None = None


@dataclass(frozen=True)
class ChangeAsked:
    """To the client: we have your change or cancellation request, it is being reviewed (or done at once)."""

    client_name: str
    account_number: str
    #: "cancel", "change", "pause", "end"
    kind: str
    items: tuple[ChangedVisit, ...]
    #: the client's reason or own words
    reason: str = ""
    #: "" when it costs nothing
    total_fee: str = ""


@dataclass(frozen=True)
class ChangeDecided:
    """To the client: the office has decided about all that was asked; "all", "some" or "none" was approved."""

    client_name: str
    account_number: str
    kind: str
    outcome: str
    items: tuple[ChangedVisit, ...]
    message: str = ""


@dataclass(frozen=True)
class ChangeEnded:
    """To the client: a request ended without a decision: "withdrawn", "superseded" or "expired"."""

    client_name: str
    account_number: str
    kind: str
    items: tuple[ChangedVisit, ...]
    why: str


@dataclass(frozen=True)
class ClientMessage:
    """To the client: we have your message about your schedule; or the office's answer to it."""

    client_name: str
    account_number: str
    body: str
    answer: str = ""
    staff_name: str = ""


@dataclass(frozen=True)
class LetterFacts:
    """A message between a client and the office, to the other side."""

    client_name: str
    account_number: str
    body: str
    #: who wrote it
    author_name: str
    #: for the office's link to the thread
    client_id: int = 0


@dataclass(frozen=True)
class ReportCardFacts:
    """To the client: what the sitter tells of a visit."""

    client_name: str
    account_number: str
    visit: VisitFacts
    #: its public id, for the link
    card: str
    message: str
    #: label and words of what is filled in
    answers: tuple[tuple[str, str], ...] = ()
    n_photos: int = 0
    #: photos that go along, for clients who have no portal
    n_along: int = 0
    in_portal: bool = True
    #: the office put something right
    is_corrected: bool = False
    #: first name, "" when not to be shown
    sitter: str = ""


@dataclass(frozen=True)
class ReportThanked:
    """To the sitter: a client said thanks for a report card."""

    staff_name: str
    client_name: str
    visit: VisitFacts
    message: str
    #: the visit's public id
    visit_id: str


@dataclass(frozen=True)
class SitterVisits:
    """To the sitter: visits given to you, moved, or no longer yours."""

    sitter_name: str
    client_name: str
    visits: tuple[VisitFacts, ...]
    #: the visit before the move, for SITTER_VISIT_MOVED
    before: tuple[VisitFacts, ...] = ()
    #: "cancelled", "reassigned" or "request" (it is being planned anew), for SITTER_VISIT_TAKEN_AWAY
    because: str = ""


@dataclass(frozen=True)
class VisitNews:
    """One visit of a mail about many changes; `was` is where a moved one stood."""

    client_name: str
    visit: VisitFacts
    was: VisitFacts | None = None


@dataclass(frozen=True)
class SitterChanges:
    """To the sitter: the office changed many visits at once, of several clients."""

    sitter_name: str
    reason: str
    gone: tuple[VisitNews, ...] = ()
    gained: tuple[VisitNews, ...] = ()
    moved: tuple[VisitNews, ...] = ()


@dataclass(frozen=True)
class SitterScheduleEntry:
    """One visit of the evening's schedule mail."""

    client_name: str
    address: str
    visit: VisitFacts


@dataclass(frozen=True)
class KeyToFetch:
    """A key that the sitter still needs for tomorrow: its code, and the place or the person that has it."""

    client_name: str
    reference: str
    place: str
    holder: str = ""


@dataclass(frozen=True)
class SitterSchedule:
    """To the sitter: tomorrow's visits, and today's changes that were not mailed at once."""

    sitter_name: str
    for_date: str
    visits: tuple[SitterScheduleEntry, ...]
    changes: tuple[str, ...] = ()
    #: of visits whose key the sitter does not hold; a code of "" says that none is on record
    keys: tuple[KeyToFetch, ...] = ()


@dataclass(frozen=True)
class DayVisits:
    """One day of one sitter in the master schedule."""

    for_date: str
    visits: tuple[SitterScheduleEntry, ...]


@dataclass(frozen=True)
class SitterDays:
    """One sitter in the master schedule; without a name, the visits that nobody does."""

    name: str
    days: tuple[DayVisits, ...]


@dataclass(frozen=True)
class BackupFailed:
    """To the owners: no backup could be made, or the newest one cannot be read."""

    is_check: bool
    problem: str
    #: the day of the last good one
    last_on: str | None = None


@dataclass(frozen=True)
class MasterSchedule:
    """To the office: two weeks of visits by sitter and day."""

    first_on: str
    last_on: str
    n_visits: int
    sitters: tuple[SitterDays, ...] = ()


@dataclass(frozen=True)
class ClientNews:
    """What one client did in Your Data; changes as label, old and new, secrets masked, yes and no as they are."""

    client_name: str
    account_number: str
    changed: tuple[tuple[str, str | bool, str | bool], ...] = ()
    #: waits for the office's yes
    wanted: tuple[tuple[str, str | bool, str | bool], ...] = ()
    #: names of pets
    added: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataDigest:
    """To the office, once a day: what clients changed about themselves, from morning to morning."""

    first_on: str
    last_on: str
    clients: tuple[ClientNews, ...]


@dataclass(frozen=True)
class DetailsDecided:
    """To the client: which of the details that you wanted changed are changed now; fields by their labels."""

    client_name: str
    account_number: str
    accepted: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    message: str = ""


@dataclass(frozen=True)
class AgreementAccepted:
    """To the client: your copy of what you accepted, as PDF."""

    client_name: str
    account_number: str
    agreement_name: str
    typed_name: str
    on_date: str


@dataclass(frozen=True)
class VaccinationDue:
    """To the client: a vaccination runs out, or has run out."""

    client_name: str
    account_number: str
    pet_name: str
    vaccination: str
    on_date: str
    is_over: bool = False


@dataclass(frozen=True)
class InvoiceDue:
    """One invoice that is overdue."""

    number: str
    outstanding: str
    due_on: str
    days_late: int


@dataclass(frozen=True)
class InvoiceReminded:
    """To the client: these invoices are overdue."""

    client_name: str
    account_number: str
    invoices: tuple[InvoiceDue, ...]
    total: str
    #: the business's own words
    message: str = ""


@dataclass(frozen=True)
class StatementSent:
    """To the client: what happened on the account, as PDF."""

    client_name: str
    account_number: str
    first_on: str
    last_on: str
    #: what is owed at its end; below zero the account is in credit
    balance: str


@dataclass(frozen=True)
class VetDecided:
    """To the client: what became of the practice that they missed in the list."""

    client_name: str
    account_number: str
    proposed_name: str
    #: as it stands in the list; "" when it was not taken
    vet_name: str = ""
    pet_name: str = ""
    message: str = ""


@dataclass(frozen=True)
class SetPassword:
    """To a client or staff member: the one-time link with which the password is set.

    Holds no secret: the link is signed at delivery for this log-in and serial, and dies with either.
    """

    name: str
    realm: str
    login_id: int
    link_serial: int
    #: "invitation" or "forgotten"
    reason: str
    account_number: str = ""


@dataclass(frozen=True)
class SecurityNews:
    """To whoever logs in: something changed about their log-in. Cannot be refused."""

    name: str
    realm: str
    #: "password_changed", "factor_on", "factor_off", "factor_reset", "passkey_added", "passkey_removed"
    what: str
    #: the passkey's name
    detail: str = ""


@dataclass(frozen=True)
class RegistrationLink:
    """To somebody who wants to register: the one-time link, signed at delivery for this registration and serial."""

    registration_id: int
    link_serial: int


@dataclass(frozen=True)
class RegistrationKnown:
    """To somebody who wants to register and is a client already: how to get in."""

    name: str
    account_number: str
    #: False: there is no open log-in, and the mail says whom to ask
    has_login: bool = False
    login_id: int = 0
    link_serial: int = 0


@dataclass(frozen=True)
class RegistrationAnswered:
    """To somebody who registered: they are in, are waited for, or are not taken."""

    name: str
    #: "accepted", "waiting", "declined"
    outcome: str
    account_number: str = ""
    #: the office's word, or the welcome text
    message: str = ""


@dataclass(frozen=True)
class AlertFacts:
    """A warning about a visit: `kind` of AlertKind, and by how much."""

    kind: str
    client_name: str
    #: "" when nobody is on it
    sitter_name: str
    visit: VisitFacts
    minutes: int = 0
    metres: int = 0


@dataclass(frozen=True)
class VisitAlerts:
    """To the office: what is wrong with visits right now."""

    alerts: tuple[AlertFacts, ...]


@dataclass(frozen=True)
class RegistrationTold:
    """To the office: somebody registered."""

    name: str
    email: str
    is_waiting: bool


@dataclass(frozen=True)
class TemplateTest:
    """To whoever edits a mail's words: what they would look like, about made-up people."""

    of_kind: str
    subject: str
    body: str


@dataclass(frozen=True)
class OwnMail:
    """To the client: a mail of the office's own, in the words that were ordered, with merge codes."""

    client_name: str
    first_name: str
    last_name: str
    account_number: str
    subject: str
    body: str
    #: carries a link to be spared further ones, for this client and address
    is_news: bool = False
    client_id: int = 0
    address: str = ""


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
