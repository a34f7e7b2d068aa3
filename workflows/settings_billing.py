"""The settings about invoices and tax; part of the registry in `workflows.settings`."""

from workflows import counters
from workflows.errors import N_, Invalid
from workflows.setting_kinds import Entry, Group, Kind


def _goes_up(number: int) -> None:
    last = counters.last_value("invoice")
    if number <= last:
        raise Invalid("number_used", N_("Number %(last)s is used already. The next one must be higher."), last=last)


GROUPS = (
    Group("invoicing", "billing", N_("Invoices"), N_("How invoices are numbered, what stands on them and when they are due.")),
    Group("tax", "billing", N_("Tax"), N_("Rates have their own list; here is how prices and taxes go together.")),
    Group("credit", "billing", N_("Credit"), N_("What becomes of money that clients hold with you, and of visits that change after they were invoiced.")),
)  # fmt: skip

ENTRIES = (
    Entry("billing.invoice_prefix", Kind.TEXT, "INV-", "invoicing", N_("Before the number"), N_("Invoices are printed as this and their number, for example INV-1024. Earlier invoices keep theirs."), blank=True, max_length=12),
    Entry("billing.next_number", Kind.NUMBER, None, "invoicing", N_("Go on with number"), N_("The number of your next invoice, to go on from another program. It can only go up; leave it empty to count on."), blank=True, least=1, most=99_999_999, check=_goes_up),
    Entry("billing.due_days", Kind.NUMBER, 14, "invoicing", N_("Due after (days)"), N_("Counted from the day of the invoice, for clients without payment terms while no terms are the default."), least=0, most=365),
    Entry("billing.terms_text", Kind.LONG_TEXT, "", "invoicing", N_("Terms"), N_("Printed below when the invoice is due, for example how you like to be paid."), blank=True, max_length=1000),
    Entry("billing.bank_details", Kind.LONG_TEXT, "", "invoicing", N_("Bank details"), N_("Bank, account, sort code or IBAN, as clients need them for a transfer."), blank=True, max_length=500),
    Entry("billing.footer_note", Kind.LONG_TEXT, "", "invoicing", N_("Note on every invoice"), N_("For example thanks, or your company's details."), blank=True, max_length=500),
    Entry("billing.show_times", Kind.SWITCH, True, "invoicing", N_("Show times"), N_("Each visit's line says its time of day.")),
    Entry("billing.show_sitter", Kind.SWITCH, False, "invoicing", N_("Show the sitter"), N_("Each visit's line says who did it, by first name.")),
    Entry("tax.inclusive", Kind.SWITCH, False, "tax", N_("Prices include tax"), N_("On: the tax is within your prices, and the invoice says how much it is. Off: it is added to them.")),
    Entry("tax.number", Kind.TEXT, "", "tax", N_("Your tax number"), N_("With the word that your country uses for it, for example VAT 123 4567 89. Printed on every invoice."), blank=True, max_length=60),
    Entry("billing.spend_credit", Kind.SWITCH, True, "credit", N_("Pay invoices from credit"), N_("Money and credit that a client holds with you pays their next invoice as soon as it is issued, and what is open when credit is freed. Off: you allocate it by hand.")),
    Entry("billing.commit_on_cancel", Kind.SWITCH, True, "credit", N_("Credit cancellations at once"), N_("When a client cancels an invoiced visit in the portal, the credit counts at once. Off: the credit note waits for you on HOME. What you cancel yourself always waits.")),
)  # fmt: skip
