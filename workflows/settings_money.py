"""The settings about paying in the portal; part of the registry in `workflows.settings`."""

from workflows.errors import N_
from workflows.setting_kinds import Entry, Group, Kind

AUTOMATIC_MODES = {
    "off": N_("Off"),
    "optional": N_("As the client chooses"),
    "required": N_("Always: storing a card allows it"),
}

TIP_KINDS = {
    "both": N_("A percentage or an amount"),
    "percent": N_("A percentage"),
    "amount": N_("An amount"),
}

THREE_D_SECURE = {
    "off": N_("Off"),
    "when_available": N_("Where the card's bank offers it"),
    "required": N_("Always: cards without it are refused"),
}

GROUPS = (
    Group("paying", "portal", N_("Invoices and payments"), N_("What clients see of what they owe, and how they pay.")),
)

ENTRIES = (
    Entry("portal.account_summary", Kind.SWITCH, True, "paying", N_("Account summary"), N_("The first page of the portal: what is to pay, until when, and what is credited.")),
    Entry("portal.account_above", Kind.LONG_TEXT, "", "paying", N_("Account summary: text above"), N_("For example how you like to be paid."), blank=True, max_length=2000),
    Entry("portal.account_below", Kind.LONG_TEXT, "", "paying", N_("Account summary: text below"), N_("For example your bank details."), blank=True, max_length=2000),
    Entry("portal.pay", Kind.SWITCH, True, "paying", N_("Pay online"), N_("Clients pay invoices by card or bank account. Single clients can be left out on their own page.")),
    Entry("portal.invoices", Kind.SWITCH, True, "paying", N_("Invoices"), N_("Clients read and save the invoices of the last twelve months.")),
    Entry("portal.payments", Kind.SWITCH, True, "paying", N_("Payments"), N_("Clients see what they paid and what went back, with receipts.")),
    Entry("portal.cards", Kind.SWITCH, True, "paying", N_("Cards"), N_("Clients keep cards for the next time. Card numbers stay with the payment gateway.")),
    Entry("portal.bank_accounts", Kind.SWITCH, False, "paying", N_("Bank accounts"), N_("Clients pay by direct debit. For businesses in the United States only.")),
    Entry("portal.new_cards", Kind.SWITCH, True, "paying", N_("Clients may add new cards"), N_("Off: cards that are kept already serve until they run out.")),
    Entry("portal.method_required", Kind.SWITCH, False, "paying", N_("A card or bank account before requests"), N_("Clients send requests only once a card or bank account is kept for them.")),
    Entry("portal.automatic", Kind.CHOICE, "optional", "paying", N_("Automatic payment"), N_("Whether you may charge a kept card or account when an invoice falls due, without asking again."), choices=lambda: list(AUTOMATIC_MODES.items())),
    Entry("portal.automatic_text", Kind.LONG_TEXT, N_("You may charge this card or bank account for my invoices when they are due. I can take this back at any time."), "paying", N_("Automatic payment: the words"), N_("What clients agree to; kept with the time and their network address."), max_length=1000),
    Entry("portal.mandate_text", Kind.LONG_TEXT, N_("I authorize you to debit my bank account for the invoices that I pay here, and for those that I let you collect. I can take this authorization back at any time by removing the account."), "paying", N_("Bank accounts: the authorization"), N_("What clients agree to when they add a bank account; kept with the time and their network address."), max_length=2000),
    Entry("payments.three_d_secure", Kind.CHOICE, "off", "paying", N_("3-D Secure"), N_("The card's bank asks its owner to confirm. Businesses in Europe need it."), choices=lambda: list(THREE_D_SECURE.items())),
    Entry("payments.prefer_bank", Kind.SWITCH, False, "paying", N_("Offer bank accounts first"), N_("Debits cost less than cards. Cards stay the second choice.")),
    Entry("payments.mail_receipts", Kind.SWITCH, True, "paying", N_("Mail receipts"), N_("Clients get a receipt by mail for each payment.")),
    Entry("payments.notify", Kind.SWITCH, True, "paying", N_("Tell HOME of payments"), N_("A line for each payment that a client makes or that was charged automatically. What goes wrong is always told.")),
    Entry("portal.tips", Kind.SWITCH, False, "paying", N_("Tips"), N_("Clients may add a tip when they pay.")),
    Entry("portal.tip_kind", Kind.CHOICE, "both", "paying", N_("Tips are chosen as"), N_("A percentage is of what is paid."), choices=lambda: list(TIP_KINDS.items())),
)  # fmt: skip
