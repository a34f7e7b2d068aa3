"""Every kind of mail, and which of them people may do without."""

import enum


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
