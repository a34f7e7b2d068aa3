"""What the mails about payments are about, as plain values; a part of `mail_facts`, where each is named with its kind."""

from dataclasses import dataclass


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
