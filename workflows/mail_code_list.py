"""The merge codes of each kind of mail, by the facts that it is about; a part of `mail_codes`, which explains them."""

from workflows import mail_facts as f
from workflows.errors import N_
from workflows.mail_codes import Code, block, made_link, when, words
from workflows.mail_facts import MailKind

ACCOUNT = words("CLIENT_ACCOUNT_NUMBER", "grouped", "account_number", N_("The client's account number"))
CLIENT_NAME = (
    words("CLIENT_NAME", "text", "client_name", N_("The client's whole name")),
    words("CLIENT_FORENAME", "forename", "client_name", N_("The client's first name")),
    words("CLIENT_SURNAME", "surname", "client_name", N_("The client's last name")),
)
CLIENT = (*CLIENT_NAME, ACCOUNT)
SITTER = (words("SITTER_NAME", "text", "sitter_name", N_("The sitter's name")),)
REQUEST = words("REQUEST_NUMBER", "number", "request_number", N_("The number of the request, empty without one"))
REASON = block("REASON", "quote", "reason", N_("The reason that was given, set off"))
MESSAGE = block("MESSAGE", "quote", "message", N_("The office's own word, set off"))
BODY = block("MESSAGE", "quote", "body", N_("What was written, set off"))
AUTHOR = words("AUTHOR_NAME", "text", "author_name", N_("Who wrote it"))
STAFF = words("STAFF_NAME", "text", "staff_name", N_("Who of the office wrote it"))
LIFETIME = words("LINK_LIFETIME", "made", "lifetime", N_("How long the link works"))
PASSWORD_URL = made_link("PASSWORD_URL", "link", N_("The one-time link; must stand in this mail"), is_needed=True, is_secret=True)  # fmt: skip
DAYS = (
    words("FIRST_DAY", "day", "first_on", N_("The first day")),
    words("LAST_DAY", "day", "last_on", N_("The last day")),
)
METHOD = words("PAYMENT_METHOD", "text", "method", N_("The card or account"))
AMOUNT = words("AMOUNT", "price", "amount", N_("The amount"))
RECEIPT = words("RECEIPT_NUMBER", "text", "receipt_number", N_("The number of the receipt"))
INVOICE_LIST = block("INVOICES", "numbers", "numbers", N_("The invoices, one a line"))
FEE_TOTAL = words("FEE", "price", "total_fee", N_("The fee in all, empty for none"))


def _visits(fact: str) -> tuple[Code, ...]:
    return (
        block("VISITS", "visits", fact, N_("The visits with day, time, pets and price")),
        words("VISIT_COUNT", "count", fact, N_("How many visits")),
        words("FIRST_VISIT_DAY", "first_day", fact, N_("The day of the first of them")),
        words("ESTIMATE", "total", fact, N_("The sum of their prices, empty when one has none")),
        block("JOB_TABLE", "visits", fact, N_("The same as {VISITS}, under the name that other programs use")),
    )


def _asked(how: str) -> tuple[Code, ...]:
    return (
        block("VISITS", how, "items", N_("Visit by visit: as it is, as it is wanted, and its fee")),
        words("VISIT_COUNT", "count", "items", N_("How many visits")),
        words("FIRST_VISIT_DAY", "first_asked_day", "items", N_("The day of the first of them")),
        when("FOR_CHANGE", "kind", N_("It is a change"), "change"),
        when("FOR_CANCELLATION", "kind", N_("It is a cancellation"), "cancel"),
        when("FOR_PAUSE", "kind", N_("It is a pause of a repeating service"), "pause"),
        when("FOR_END", "kind", N_("It is the end of a repeating service"), "end"),
    )


_KEPT_BACK = words("KEPT_BACK", "number", "n_kept_back", N_("How many visits stayed in the basket, empty for none"))
_ADDED = when("ADDED", "added", N_("Visits joined a request that was there already"))
_INVOICE = (
    words("INVOICE_NUMBER", "text", "number", N_("The number of the invoice")),
    words("INVOICE_TOTAL", "price", "total", N_("Its total")),
    words("INVOICE_OUTSTANDING", "price_left", "outstanding", N_("What is still to pay, empty when it is paid")),
    words("INVOICE_DATE", "day", "issued_on", N_("The day of the invoice")),
    words("INVOICE_DUE", "day", "due_on", N_("The day until which it is to be paid")),
    words("INVOICE_FIRST_SENT", "first_sent", "invoice_id", N_("The day on which it was first sent")),
    words("INVOICE_LAST_SENT", "last_sent", "invoice_id", N_("The day on which it was last sent")),
    words("INVOICE_SERVICE_START", "day", "first_on", N_("The first day of its visits")),
    words("INVOICE_SERVICE_END", "day", "last_on", N_("The last day of its visits")),
    words("VISIT_COUNT", "number", "n_visits", N_("How many visits")),
    block("NOTE", "quote", "note", N_("Your words on the invoice, set off")),
    when("DEPOSIT", "is_deposit", N_("It is an invoice for a deposit")),
)
_SITTER_MESSAGE = (
    *SITTER, AUTHOR, BODY, words("ABOUT", "news", "about", N_("The visit that it is about, empty for none")),
)  # fmt: skip

OF_FACTS: dict[type, tuple[Code, ...]] = {
    f.RequestReceived: (*CLIENT, REQUEST, *_visits("lines"), _KEPT_BACK, _ADDED),
    f.RequestCancelled: (*CLIENT, REQUEST, *_visits("lines"), REASON),
    f.RequestDeclined: (*CLIENT, REQUEST, *_visits("lines"), REASON),
    f.JobScheduled: (*CLIENT, REQUEST, *_visits("visits"), MESSAGE),
    f.RequestMessageFacts: (
        words("RECIPIENT_NAME", "text", "recipient_name", N_("The first name of whoever reads it")), *CLIENT_NAME, REQUEST,
        STAFF, BODY, *_visits("lines"),
    ),
    f.RequestAnswered: (*CLIENT, REQUEST, AUTHOR, BODY, when("FROM_SITTER", "from_sitter", N_("A sitter answered"))),
    f.BasketReminder: (*CLIENT, *_visits("lines"), BODY, words("AUTO_SUBMIT_HOURS", "company", "auto_submit_hours", N_("After how many hours a basket is sent by itself, empty for never"))),
    f.VisitCancelled: (
        *CLIENT, *_visits("visits"), REASON, words("FEE", "price_left", "fee", N_("The fees in all, empty when nothing is to be said")),
        when("FREE", "fee", N_("There is nothing to pay for it"), "zero"),
    ),
    f.VisitMoved: (*CLIENT, *_visits("visits"), block("VISITS_BEFORE", "visits_off", "before", N_("The visits as they stood before")), REASON),
    f.InvoiceSent: (*CLIENT, *_INVOICE),
    f.CreditNoteSent: (
        *CLIENT,
        words("NOTE_NUMBER", "text", "number", N_("The number of the note")),
        words("NOTE_TOTAL", "price", "total", N_("Its amount")),
        words("INVOICE_NUMBER", "text", "invoice_number", N_("The invoice that it changes, empty for none")),
        words("CREDIT", "price", "on_account", N_("What became credit on the account, empty for nothing")),
        words("INVOICE_OUTSTANDING", "price", "outstanding", N_("What is still to pay of the invoice, empty when nothing")),
        REASON, when("DEBIT", "is_debit", N_("It is a debit note: it asks for more")),
    ),
    f.ChangeAsked: (*CLIENT, *_asked("asked"), REASON, FEE_TOTAL),
    f.ChangeDecided: (
        *CLIENT, *_asked("decided"), MESSAGE, block("NOTES", "notes", "items", N_("Words about single visits, set off")),
        when("ALL_DONE", "outcome", N_("All was done"), "all"), when("PARTLY_DONE", "outcome", N_("A part was done"), "some"),
        when("NOTHING_DONE", "outcome", N_("Nothing was done"), "none"),
    ),
    f.ChangeEnded: (*CLIENT, *_asked("asked"), when("EXPIRED", "why", N_("It had begun before anybody decided"), "expired")),
    f.ClientMessage: (*CLIENT, BODY, block("ANSWER", "quote", "answer", N_("The office's answer, set off")), STAFF),
    f.LetterFacts: (*CLIENT, AUTHOR, BODY),
    f.ReportCardFacts: (
        *CLIENT,
        words("SERVICE", "service", "visit", N_("The service")), words("VISIT_DAY", "visit_day", "visit", N_("The day of the visit")),
        block("VISIT", "visit", "visit", N_("The visit with day, time and pets")), MESSAGE,
        block("ANSWERS", "answers", "answers", N_("What the sitter filled in, one a line")),
        words("SITTER_NAME", "text", "sitter", N_("The sitter's first name, empty when not to be shown")),
        words("PHOTO_COUNT", "number", "n_photos", N_("How many photos, empty for none")),
        words("PHOTOS_ATTACHED", "number", "n_along", N_("How many photos are attached, empty for none")),
        when("IN_PORTAL", "in_portal", N_("The client has the portal")), when("CORRECTED", "is_corrected", N_("The office put something right")),
        made_link("REPORT_URL", "report_link", N_("The report card")),
    ),
    f.ReportThanked: (
        words("SITTER_NAME", "text", "staff_name", N_("The sitter's name")), *CLIENT_NAME, MESSAGE,
        block("VISIT", "visit", "visit", N_("The visit with day, time and pets")), made_link("REPORT_URL", "report_link", N_("The report card")),
    ),
    f.SitterVisits: (
        *SITTER, *CLIENT_NAME, *_visits("visits"), block("VISITS_BEFORE", "visits_off", "before", N_("The visits as they stood before")),
        when("CANCELLED", "because", N_("They are cancelled"), "cancelled"), when("REASSIGNED", "because", N_("Somebody else does them"), "reassigned"),
        when("PLANNED_ANEW", "because", N_("They are being planned anew"), "request"),
    ),
    f.SitterChanges: (
        *SITTER, REASON, block("VISITS_GONE", "news_off", "gone", N_("Visits that are no longer the sitter's")),
        block("VISITS_NEW", "news_list", "gained", N_("Visits that are the sitter's now")),
        block("VISITS_MOVED", "news_list", "moved", N_("Visits that moved, with where they stood")),
    ),
    f.SitterSchedule: (
        *SITTER, words("DAY", "day", "for_date", N_("Tomorrow's date")), words("VISIT_COUNT", "count", "visits", N_("How many visits, empty for none")),
        block("VISITS", "entries", "visits", N_("The visits with address and notes")), block("KEYS", "keys", "keys", N_("The keys to fetch")),
        block("CHANGES", "changes", "changes", N_("What changed since yesterday evening")),
    ),
    f.BackupFailed: (
        when("UNREADABLE", "is_check", N_("The newest backup cannot be read; else none could be made")), words("PROBLEM", "text", "problem", N_("What went wrong")),
        words("LAST_BACKUP", "day", "last_on", N_("The day of the last good one, empty for none")),
    ),
    f.MasterSchedule: (*DAYS, words("VISIT_COUNT", "number", "n_visits", N_("How many visits, empty for none")), block("SCHEDULE", "sitters", "sitters", N_("All visits by sitter and day"))),
    f.DataDigest: (*DAYS, words("CLIENT_COUNT", "count", "clients", N_("How many clients")), block("CHANGES", "client_news", "clients", N_("What each client changed"))),
    f.DetailsDecided: (
        *CLIENT, block("ACCEPTED", "points", "accepted", N_("What was changed")), block("DECLINED", "points", "declined", N_("What was not changed")), MESSAGE,
    ),
    f.AgreementAccepted: (
        *CLIENT, words("AGREEMENT_NAME", "text", "agreement_name", N_("The name of the agreement")),
        words("TYPED_NAME", "text", "typed_name", N_("The name that was typed below it")), words("ACCEPTED_ON", "day", "on_date", N_("The day of the yes")),
    ),
    f.VaccinationDue: (
        *CLIENT, words("PET_NAME", "text", "pet_name", N_("The pet")), words("VACCINATION", "text", "vaccination", N_("The vaccination")),
        words("VALID_UNTIL", "day", "on_date", N_("The day on which it runs out")), when("RUN_OUT", "is_over", N_("It has run out")),
    ),
    f.VetDecided: (
        *CLIENT, words("PROPOSED_VET", "text", "proposed_name", N_("The vet as the client wrote it")),
        words("VET_NAME", "text", "vet_name", N_("The vet in your list, empty when it was not taken")),
        words("PET_NAME", "text", "pet_name", N_("The pet whose vet it is, empty for none")), MESSAGE,
    ),
    f.InvoiceReminded: (
        *CLIENT, block("INVOICES", "due", "invoices", N_("The invoices with day and amount, one a line")), words("INVOICE_COUNT", "count", "invoices", N_("How many invoices")),
        words("INVOICE_NUMBER", "first_number", "invoices", N_("The number of the first of them")),
        words("INVOICE_OUTSTANDING", "price", "total", N_("What is still to pay in all")), MESSAGE,
    ),
    f.StatementSent: (
        *CLIENT, *DAYS, words("BALANCE", "balance_owed", "balance", N_("What is to be paid at its end, empty when the account is in credit")),
        words("CREDIT", "balance_credit", "balance", N_("The account's credit, empty for none")),
    ),
    f.PaymentReceipt: (
        *CLIENT, RECEIPT, AMOUNT, words("PAID_ON", "day", "on_date", N_("The day of the payment")), METHOD,
        words("REFERENCE", "text", "reference", N_("Its reference, empty for none")), block("INVOICES", "paid", "paid", N_("What was paid of which invoice")),
        words("TIP", "price", "tip", N_("The tip, empty for none")), words("CREDIT", "price", "credit", N_("What became credit, empty for nothing")),
        when("PENDING", "is_pending", N_("The bank has still to confirm it")),
    ),
    f.PaymentFailed: (*CLIENT, AMOUNT, METHOD, INVOICE_LIST, REASON, when("AUTOMATIC", "automatic", N_("It was charged by itself when it was due"))),
    f.PaymentReturned: (*CLIENT, RECEIPT, AMOUNT, METHOD, INVOICE_LIST, when("BLOCKED", "is_blocked", N_("The account is not debited again"))),
    f.RefundMade: (
        *CLIENT, words("REFUND_NUMBER", "text", "refund_number", N_("The number of the refund")), AMOUNT,
        words("REFUNDED_ON", "day", "on_date", N_("The day of the refund")), METHOD, RECEIPT, REASON,
    ),
    f.DisputeOpened: (
        *CLIENT, RECEIPT, AMOUNT, words("BANK_REASON", "text", "reason", N_("The bank's reason, empty for none")),
        words("REPLY_BY", "day", "reply_by", N_("The day until which to answer, empty when unknown")),
    ),
    f.PayStatementSent: (
        *SITTER, words("STATEMENT_NUMBER", "number", "run_number", N_("The number of the statement")), words("UP_TO_DAY", "day", "upto_on", N_("The last day that it counts")),
        words("TOTAL", "price", "total", N_("The pay in all")), words("VISIT_COUNT", "number", "n_visits", N_("How many visits")),
        when("MAY_OPEN_PAY", "may_open", N_("The sitter may open the page of own pay")),
    ),
    f.SetPassword: (
        words("RECIPIENT_NAME", "text", "name", N_("The first name of whoever reads it")), ACCOUNT, PASSWORD_URL, LIFETIME,
        when("INVITED", "reason", N_("It is an invitation"), "invitation"), when("FORGOTTEN", "reason", N_("A new password was asked for"), "forgotten"),
        when("FOR_CLIENT", "realm", N_("The reader is a client"), "client"), when("FOR_TEAM", "realm", N_("The reader is of the team"), "staff"),
    ),
    f.SecurityNews: (
        words("RECIPIENT_NAME", "text", "name", N_("The first name of whoever reads it")), block("NEWS", "security", "what", N_("What changed about the log-in, one sentence")),
        made_link("FORGOTTEN_URL", "forgotten_link", N_("Where a new password is asked for")),
    ),
    f.RegistrationLink: (made_link("REGISTER_URL", "link", N_("The one-time link; must stand in this mail"), is_needed=True, is_secret=True), LIFETIME),
    f.RegistrationKnown: (words("RECIPIENT_NAME", "text", "name", N_("The first name of whoever reads it")), ACCOUNT, PASSWORD_URL, LIFETIME),
    f.RegistrationAnswered: (
        words("RECIPIENT_NAME", "text", "name", N_("The first name of whoever reads it")), ACCOUNT, MESSAGE,
        when("ACCEPTED", "outcome", N_("They are taken on"), "accepted"), when("WAITING", "outcome", N_("The office has still to decide"), "waiting"),
        when("DECLINED", "outcome", N_("They are not taken on"), "declined"),
    ),
    f.RegistrationTold: (
        words("NAME", "text", "name", N_("Who registered")), words("EMAIL", "text", "email", N_("Their mail address")), when("WAITING", "is_waiting", N_("They wait for your yes")),
    ),
    f.VisitAlerts: (block("WARNINGS", "alerts", "alerts", N_("The warnings, one by one")), words("WARNING_COUNT", "count", "alerts", N_("How many warnings"))),
    f.TimeOffAsked: (
        *SITTER, *DAYS, block("NOTE", "quote", "note", N_("The sitter's word, set off")), words("VISIT_COUNT", "number", "n_visits", N_("How many visits are in these days, empty for none")),
        when("WITHDRAWN", "withdrawn", N_("The sitter needs them no more")),
    ),
    f.TimeOffDecided: (
        *SITTER, *DAYS, MESSAGE, when("APPROVED", "outcome", N_("It is approved"), "approved"), when("DECLINED", "outcome", N_("It cannot be given"), "declined"),
        when("CHANGED", "outcome", N_("The days were changed"), "changed"), when("REMOVED", "outcome", N_("It was taken out"), "removed"),
    ),
    f.SitterMessageFacts: _SITTER_MESSAGE,
    f.TemplateTest: (),
    f.OwnMail: (
        words("CLIENT_NAME", "text", "client_name", N_("The client's whole name")),
        words("CLIENT_FORENAME", "text", "first_name", N_("The client's first name")),
        words("CLIENT_SURNAME", "text", "last_name", N_("The client's last name")),
        ACCOUNT,
    ),
}  # fmt: skip

#: what one kind has besides, or reads otherwise than its facts' other kinds
OF_KIND: dict[MailKind, tuple[Code, ...]] = {
    MailKind.SITTER_REQUEST_MESSAGE: (
        block("VISITS", "visits_unpriced", "lines", N_("The visits with day, time and pets")),
        made_link("ANSWER_URL", "answer_link", N_("The sitter's own link to answer; must stand in this mail"), is_needed=True, is_secret=True),
    ),
}  # fmt: skip
