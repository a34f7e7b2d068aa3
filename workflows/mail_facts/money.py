"""What the mails about invoices and payments are about."""

from dataclasses import dataclass


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
class PaidInvoice:
    """An invoice and what was paid of it."""

    number: str
    amount: str


@dataclass(frozen=True)
class PaymentReceipt:
    """To the client: we have your money; this is the receipt."""

    client_name: str
    account_number: str
    receipt_number: str
    #: all of it, with the tip
    amount: str
    on_date: str
    #: "card", "bank", "cash", "cheque", "transfer", "other"
    kind: str
    #: "Visa ···· 1881", "" for what the office received by hand
    method: str = ""
    reference: str = ""
    #: "" for none
    tip: str = ""
    paid: tuple[PaidInvoice, ...] = ()
    #: what pays nothing yet, "" for nothing
    credit: str = ""
    #: a bank payment, which is sure only some days later
    is_pending: bool = False
    #: for the PDF that goes along
    payment_id: int = 0


@dataclass(frozen=True)
class PaymentFailed:
    """To the client: a charge that nobody watched did not go through."""

    client_name: str
    account_number: str
    amount: str
    method: str = ""
    numbers: tuple[str, ...] = ()
    #: the gateway's sentence
    reason: str = ""
    #: we charged it by ourselves when it was due
    automatic: bool = False


@dataclass(frozen=True)
class PaymentReturned:
    """To the client: the bank took the payment back, and these invoices are owed again."""

    client_name: str
    account_number: str
    receipt_number: str
    amount: str
    method: str = ""
    numbers: tuple[str, ...] = ()
    #: the account will not be debited again
    is_blocked: bool = False


@dataclass(frozen=True)
class RefundMade:
    """To the client: money is on its way back."""

    client_name: str
    account_number: str
    refund_number: str
    amount: str
    on_date: str
    kind: str
    method: str = ""
    receipt_number: str = ""
    reason: str = ""
    #: for the PDF that goes along
    refund_id: int = 0


@dataclass(frozen=True)
class DisputeOpened:
    """To the office: a client disputes a charge; answer until the day."""

    client_name: str
    account_number: str
    receipt_number: str
    amount: str
    reason: str = ""
    reply_by: str = ""


@dataclass(frozen=True)
class PayStatementSent:
    """To the sitter: what you earned, its PDF goes along."""

    sitter_name: str
    run_number: int
    upto_on: str
    total: str
    n_visits: int
    #: for the PDF that goes along
    statement_id: int = 0
    #: the sitter may open the page of own pay
    may_open: bool = True
