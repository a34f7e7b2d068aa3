"""The entries of the back office's menu, and which of them a page without one of its own belongs to."""

from typing import NamedTuple

from workflows.errors import N_
from workflows.permissions import Permission


class Entry(NamedTuple):
    """One menu entry: shown when its page exists and the person may open it. The key is the view's endpoint."""

    key: str
    label: str
    icon: str
    permission: Permission
    view: str = "index_view"


MENU: tuple[tuple[str | None, tuple[Entry, ...]], ...] = (
    (None, (
        Entry("admin", N_("Home"), "home", Permission.OFFICE, "index"),
        Entry("schedule", N_("Schedule"), "calendar", Permission.OFFICE, "index"),
        Entry("requests", N_("Job requests"), "inbox", Permission.REQUESTS, "index"),
        Entry("changes", N_("Change requests"), "calendar-time", Permission.SCHEDULE, "index"),
        Entry("letters", N_("Messages"), "messages", Permission.OFFICE, "index"),
        Entry("repeats", N_("Repeating services"), "calendar-repeat", Permission.OFFICE),
    )),
    (N_("People"), (
        Entry("clients", N_("Clients"), "users", Permission.OFFICE),
        Entry("registrations", N_("Registrations"), "user-plus", Permission.CLIENTS, "index"),
        Entry("pets", N_("Pets"), "paw", Permission.OFFICE),
        Entry("proposals", N_("Proposed changes"), "user-check", Permission.CLIENTS, "index"),
        Entry("vets", N_("Vets"), "stethoscope", Permission.OFFICE),
        Entry("team", N_("Team"), "users-group", Permission.OFFICE),
        Entry("keys", N_("Keys"), "key", Permission.OFFICE),
        Entry("files_page", N_("Files"), "paperclip", Permission.OFFICE, "forms"),
        Entry("time_off", N_("Time off"), "calendar-off", Permission.OFFICE),
        Entry("sitter_messages", N_("Team messages"), "messages", Permission.OFFICE, "index"),
    )),
    (N_("Billing"), (
        Entry("invoices", N_("Invoices"), "file-invoice", Permission.BILLING),
        Entry("payments", N_("Payments"), "cash", Permission.BILLING),
        Entry("pay", N_("Pay"), "wallet", Permission.PAY, "index"),
        Entry("attention", N_("Needs attention"), "alert-triangle", Permission.BILLING, "index"),
    )),
    (N_("Catalogue"), (
        Entry("services", N_("Services"), "list", Permission.OFFICE),
        Entry("price_rules", N_("Prices"), "coins", Permission.OFFICE),
        Entry("opening_hours", N_("Opening and holidays"), "calendar-event", Permission.OFFICE, "index"),
        Entry("policy", N_("Cancellation policy"), "receipt-refund", Permission.OFFICE, "index"),
    )),
    (N_("Records"), (
        Entry("reports", N_("Reports"), "chart-bar", Permission.OFFICE, "index"),
        Entry("visits", N_("Visits"), "calendar-check", Permission.OFFICE),
        Entry("notifications", N_("Notifications"), "bell", Permission.OFFICE),
        Entry("activity", N_("Log"), "history", Permission.RECORDS),
        Entry("outbox", N_("Outbox"), "mail", Permission.RECORDS),
    )),
    (N_("Set up"), (
        Entry("fields", N_("Custom fields"), "forms", Permission.FIELDS, "index"),
        Entry("agreements", N_("Agreements"), "signature", Permission.OFFICE),
        Entry("imports", N_("Import and export"), "database-import", Permission.IMPORT, "index"),
        Entry("mail_texts", N_("Mail templates"), "message", Permission.TEMPLATES, "index"),
        Entry("archives", N_("Take everything out"), "database-export", Permission.TAKE_ALL, "index"),
        Entry("operations", N_("Operations"), "activity", Permission.OPERATIONS, "index"),
        Entry("connections", N_("Connections"), "link", Permission.SETTINGS, "index"),
        Entry("settings", N_("Settings"), "settings", Permission.SETTINGS, "index"),
    )),
)  # fmt: skip

#: pages that have no entry of their own belong to one that has
BELONGS_TO = {
    "vaccinations": "pets",
    "vet_proposals": "vets",
    "agreement_text": "agreements",
    "acceptances": "agreements",
    "staff_access": "team",
    "staff_mails": "team",
    "time_off_page": "time_off",
    "roles": "team",
    "agreed_prices": "price_rules",
    "client_types": "price_rules",
    "extra_pets": "price_rules",
    "client_page": "clients",
    "client_sitters": "clients",
    "client_data": "clients",
    "left_visits": "schedule",
    "alerts": "admin",
    "first_steps": "admin",
    "made_up": "imports",
    "history": "activity",
    "report_cards": "visits",
    "request_lines": "visits",
    "service_groups": "services",
    "time_blocks": "services",
    "holidays": "opening_hours",
    "closed_days": "opening_hours",
    "change_items": "changes",
    "data": "clients",
    "field_lists": "clients",
    "custom_fields": "fields",
    "field_sections": "fields",
    "field_pages": "fields",
    "contacts": "clients",
    "stored_files": "files_page",
    "visits_page": "schedule",
    "report_page": "visits",
    "repeat_page": "repeats",
    "moves": "schedule",
    "mail_refusals": "outbox",
    "cancellation_rules": "policy",
    "cancellation_reasons": "policy",
    "board": "schedule",
    "orders": "schedule",
    "invitations": "clients",
    "mailings": "clients",
    "billing_run": "invoices",
    "invoice_page": "invoices",
    "payment_gateway": "settings",
    "client_account": "clients",
    "note_page": "invoices",
    "payment_page": "payments",
    "credit_notes": "invoices",
    "client_packages": "invoices",
    "visit_packages": "invoices",
    "tax_rates": "invoices",
    "payment_terms": "invoices",
    "refunds": "payments",
    "payment_attempts": "payments",
    "gateway_events": "payments",
    "pay_lines": "pay",
    "pay_statement": "pay",
    "pay_extra": "pay",
}
