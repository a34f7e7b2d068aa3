"""The office's words for the codes of billing; `admin_site.words` takes them in with all the others."""

import enum
from collections.abc import Mapping
from typing import Any

from models import (
    Account,
    AttemptState,
    ConsentKind,
    DisputeState,
    DueKind,
    EventState,
    FindingKind,
    GatewayMode,
    InvoiceKind,
    InvoiceState,
    LineKind,
    MethodKind,
    NoteKind,
    NoteState,
    PayLineKind,
    PaymentKind,
    PaymentState,
    PayRunState,
    RefundState,
    RefundWay,
)
from workflows.errors import N_
from workflows.pay.statements import KIND_WORDS

MONEY_WORDS: dict[type[enum.StrEnum], Mapping[Any, str]] = {
    InvoiceKind: {InvoiceKind.STANDARD: N_("Invoice"), InvoiceKind.DEPOSIT: N_("Deposit")},
    InvoiceState: {
        InvoiceState.DRAFT: N_("Draft"),
        InvoiceState.OPEN: N_("Open"),
        InvoiceState.PAID: N_("Paid"),
        InvoiceState.VOID: N_("Void"),
        InvoiceState.WRITTEN_OFF: N_("Written off"),
    },
    LineKind: {
        LineKind.VISIT: N_("Visit"),
        LineKind.ITEM: N_("Item"),
        LineKind.FEE: N_("Fee"),
        LineKind.DISCOUNT: N_("Discount"),
        LineKind.PACKAGE: N_("Package"),
        LineKind.DEPOSIT: N_("Deposit"),
    },
    NoteKind: {
        NoteKind.CREDIT: N_("Credit note"),
        NoteKind.DEBIT: N_("Debit note"),
        NoteKind.DEPOSIT: N_("Deposit"),
    },
    NoteState: {
        NoteState.OPEN: N_("Not committed"),
        NoteState.COMMITTED: N_("Committed"),
        NoteState.DROPPED: N_("Dropped"),
    },
    PayLineKind: KIND_WORDS,
    PayRunState: {PayRunState.MADE: N_("Made"), PayRunState.UNDONE: N_("Undone")},
    DueKind: {
        DueKind.AFTER_SENT: N_("Days after it is sent"),
        DueKind.BEFORE_SERVICE: N_("Days before the first visit"),
    },
    GatewayMode: {
        GatewayMode.DEMO: N_("Demo"),
        GatewayMode.DEVELOPMENT: N_("Development"),
        GatewayMode.SANDBOX: N_("Sandbox"),
        GatewayMode.PRODUCTION: N_("Live"),
    },
    MethodKind: {MethodKind.CARD: N_("Card"), MethodKind.BANK: N_("Bank account")},
    ConsentKind: {
        ConsentKind.BANK_MANDATE: N_("May take from the bank account"),
        ConsentKind.AUTOMATIC: N_("Automatic payment"),
    },
    AttemptState: {
        AttemptState.SENDING: N_("Under way"),
        AttemptState.SUCCEEDED: N_("Paid"),
        AttemptState.DECLINED: N_("Declined"),
        AttemptState.REJECTED: N_("Refused"),
        AttemptState.NOT_SENT: N_("Not sent"),
        AttemptState.UNKNOWN: N_("Being confirmed"),
        AttemptState.NOT_CHARGED: N_("Not charged"),
    },
    PaymentKind: {
        PaymentKind.CARD: N_("Card"),
        PaymentKind.BANK: N_("Bank account"),
        PaymentKind.CASH: N_("Cash"),
        PaymentKind.CHEQUE: N_("Cheque"),
        PaymentKind.TRANSFER: N_("Bank transfer"),
        PaymentKind.OTHER: N_("Other"),
    },
    PaymentState: {
        PaymentState.RECEIVED: N_("Received"),
        PaymentState.RETURNED: N_("Returned"),
        PaymentState.VOIDED: N_("Voided"),
    },
    RefundState: {
        RefundState.PENDING: N_("Under way"),
        RefundState.SUCCEEDED: N_("Refunded"),
        RefundState.UNKNOWN: N_("Being confirmed"),
        RefundState.FAILED: N_("Failed"),
    },
    RefundWay: {
        RefundWay.REVERSE: N_("Through the gateway, whole"),
        RefundWay.REFUND: N_("Through the gateway, in part"),
        RefundWay.REDUCE: N_("Charged less before it settled"),
        RefundWay.RECORDED: N_("Paid back by hand"),
    },
    DisputeState: {
        DisputeState.OPEN: N_("Open"),
        DisputeState.WON: N_("Won"),
        DisputeState.LOST: N_("Lost"),
        DisputeState.ACCEPTED: N_("Accepted"),
        DisputeState.EXPIRED: N_("Not answered in time"),
    },
    EventState: {
        EventState.WAITING: N_("Waiting"),
        EventState.DONE: N_("Done"),
        EventState.UNMATCHED: N_("About money that we do not know"),
        EventState.DISMISSED: N_("Dismissed"),
    },
    FindingKind: {
        FindingKind.ORPHAN: N_("Charged, but not in our books"),
        FindingKind.MISSING: N_("In our books, but not at the gateway"),
        FindingKind.AMOUNT: N_("Another amount"),
        FindingKind.DOUBLE: N_("Charged twice; the second was reversed"),
        FindingKind.FOREIGN_REFUND: N_("Refunded at the gateway, not here"),
    },
    Account: {
        Account.RECEIVABLE: N_("Owed by clients"),
        Account.CLIENT_CREDIT: N_("Credit of clients"),
        Account.DEPOSITS_BILLED: N_("Deposits asked for"),
        Account.DEPOSITS_HELD: N_("Deposits held"),
        Account.INCOME: N_("Income"),
        Account.TAX_PAYABLE: N_("Tax to pay"),
        Account.TIPS_PAYABLE: N_("Tips to pay out"),
        Account.CASH: N_("Cash, cheques and transfers"),
        Account.GATEWAY: N_("Card and bank payments"),
        Account.BAD_DEBT: N_("Written off"),
    },
}

MONEY_CHIPS: dict[type[enum.StrEnum], Mapping[Any, str]] = {
    InvoiceState: {InvoiceState.OPEN: "req", InvoiceState.PAID: "ok", InvoiceState.VOID: "off"},
    NoteState: {NoteState.OPEN: "req", NoteState.COMMITTED: "ok", NoteState.DROPPED: "off"},
    AttemptState: {
        AttemptState.SENDING: "live",
        AttemptState.SUCCEEDED: "ok",
        AttemptState.DECLINED: "late",
        AttemptState.REJECTED: "late",
        AttemptState.UNKNOWN: "req",
    },
    PaymentState: {PaymentState.RECEIVED: "ok", PaymentState.RETURNED: "late", PaymentState.VOIDED: "off"},
    RefundState: {
        RefundState.PENDING: "live",
        RefundState.SUCCEEDED: "ok",
        RefundState.UNKNOWN: "req",
        RefundState.FAILED: "late",
    },
    DisputeState: {DisputeState.OPEN: "req", DisputeState.WON: "ok", DisputeState.LOST: "late"},
    EventState: {EventState.UNMATCHED: "req", EventState.DONE: "ok"},
}
