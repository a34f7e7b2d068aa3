"""Rows about money for tests: like tests.factories, plain and without hidden siblings; nothing is posted or checked.

Tests of rules make their invoices and payments through the workflows; these are for lists, pages and broken books.
"""

import datetime as dt
import itertools
import secrets
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from foundation import clock
from foundation.db import Base
from models import (
    Account,
    Allocation,
    AttemptState,
    AttemptTarget,
    Client,
    ClientPackage,
    ConsentKind,
    CreditNote,
    CreditNoteLine,
    Dispute,
    FindingKind,
    GatewayEvent,
    GatewayFinding,
    GatewayMode,
    Invoice,
    InvoiceLine,
    InvoiceReminder,
    InvoiceState,
    InvoiceTax,
    MethodKind,
    PackageUse,
    PaperFile,
    Payment,
    PaymentAttempt,
    PaymentConsent,
    PaymentKind,
    PaymentTerms,
    Posting,
    PostingLine,
    Refund,
    RefundState,
    RefundWay,
    StoredMethod,
    TaxRate,
    TipShare,
    Via,
    VisitPackage,
)
from tests import factories
from tests.factories import DAY

_numbers = itertools.count(1)
_save = factories._save


def tax_rate(name: str | None = None, percent: Decimal = Decimal(20), **more: Any) -> TaxRate:
    return _save(TaxRate(name=name or f"VAT {next(_numbers)}", percent=percent, **more))


def payment_terms(name: str | None = None, **more: Any) -> PaymentTerms:
    return _save(PaymentTerms(name=name or f"Terms {next(_numbers)}", **more))


def invoice(client_: Client | None = None, *, total: Decimal = Decimal(40), **more: Any) -> Invoice:
    """Open, 40.00 without tax, issued today, due in 14 days; no line."""
    n = next(_numbers)
    facts: dict[str, Any] = {
        "state": InvoiceState.OPEN, "subtotal": total, "total": total, "currency": "USD", "issued_on": clock.today(),
        "issued_at": clock.now(), "due_on": clock.today() + dt.timedelta(days=14),
    }  # fmt: skip
    facts |= more
    if facts["state"] is not InvoiceState.DRAFT:
        facts = {"sequence": n, "number": f"F-{n}", **facts}
    return _save(Invoice(client=client_ or factories.client(), **facts))


def invoice_line(invoice_: Invoice | None = None, *, amount: Decimal = Decimal(40), **more: Any) -> InvoiceLine:
    facts = {"description": "Walk", "unit_price": amount, "amount": amount, "on_date": DAY}
    return _save(InvoiceLine(invoice=invoice_ or invoice(), **{**facts, **more}))


def invoice_tax(invoice_: Invoice | None = None, **more: Any) -> InvoiceTax:
    facts = {"name": "VAT", "percent": Decimal(20), "base": Decimal(40), "amount": Decimal(8)}
    return _save(InvoiceTax(invoice=invoice_ or invoice(), **{**facts, **more}))


def credit_note(invoice_: Invoice | None = None, **more: Any) -> CreditNote:
    parent = None if "client" in more else invoice_ or invoice()
    facts = {
        "client": parent and parent.client,
        "invoice": parent,
        "currency": "USD",
        "total": Decimal(10),
        "subtotal": Decimal(10),
    }
    return _save(CreditNote(**{**facts, **more}))


def credit_note_line(note: CreditNote | None = None, **more: Any) -> CreditNoteLine:
    facts = {"description": "Walk cancelled", "amount": Decimal(10)}
    return _save(CreditNoteLine(note=note or credit_note(), **{**facts, **more}))


def invoice_reminder(invoice_: Invoice | None = None, **more: Any) -> InvoiceReminder:
    return _save(InvoiceReminder(invoice_id=(invoice_ or invoice()).id, **{"step": 1, **more}))


def visit_package(name: str | None = None, **more: Any) -> VisitPackage:
    """Ten visits for 180.00."""
    if not more.get("service_group"):
        more = {"service_item": factories.service_item(), **more}
    return _save(VisitPackage(name=name or f"Ten {next(_numbers)}", **{"n_visits": 10, "price": Decimal(180), **more}))


def client_package(client_: Client | None = None, package: VisitPackage | None = None, **more: Any) -> ClientPackage:
    kind = package or visit_package()
    facts = {
        "visit_package": kind, "name": kind.name, "service_item_id": kind.service_item_id,
        "service_group_id": kind.service_group_id, "n_visits": kind.n_visits, "price": kind.price,
        "bought_on": clock.today(),
    }  # fmt: skip
    return _save(ClientPackage(client=client_ or factories.client(), **{**facts, **more}))


def package_use(package: ClientPackage | None = None, **more: Any) -> PackageUse:
    parent = package or client_package()
    if "job" not in more:
        more["job"] = factories.job(parent.client)
    return _save(PackageUse(package=parent, **{"position": 1, **more}))


def stored_method(client_: Client | None = None, **more: Any) -> StoredMethod:
    """A Visa card of the demo gateway's."""
    facts = {
        "kind": MethodKind.CARD, "mode": GatewayMode.DEMO, "token": f"t{secrets.token_hex(8)}", "brand": "Visa",
        "last4": "1881", "expires": "2030-12",
    }  # fmt: skip
    return _save(StoredMethod(client=client_ or factories.client(), **{**facts, **more}))


def payment_consent(client_: Client | None = None, **more: Any) -> PaymentConsent:
    facts = {"kind": ConsentKind.AUTOMATIC, "text": "You may charge my card.", "address": "127.0.0.1"}
    return _save(PaymentConsent(client=client_ or factories.client(), **{**facts, **more}))


def payment_attempt(client_: Client | None = None, *, amount: Decimal = Decimal(40), **more: Any) -> PaymentAttempt:
    facts = {
        "submit_key": secrets.token_urlsafe(12), "order_id": f"pay_{secrets.token_hex(6)}", "request_key": secrets.token_hex(16),
        "amount": amount, "currency": "USD", "mode": GatewayMode.DEMO, "via": Via.PORTAL, "state": AttemptState.SENDING,
    }  # fmt: skip
    return _save(PaymentAttempt(client=client_ or factories.client(), **{**facts, **more}))


def attempt_target(
    attempt: PaymentAttempt | None = None, invoice_: Invoice | None = None, **more: Any
) -> AttemptTarget:
    parent = attempt or payment_attempt()
    facts = {"invoice": invoice_ or invoice(parent.client), "amount": Decimal(40)}
    return _save(AttemptTarget(attempt=parent, **{**facts, **more}))


def payment(client_: Client | None = None, *, amount: Decimal = Decimal(40), **more: Any) -> Payment:
    """Cash of today, with a receipt number."""
    n = next(_numbers)
    facts = {
        "kind": PaymentKind.CASH, "currency": "USD", "received_on": clock.today(), "sequence": n, "number": f"P-{n}",
        "description": "Payment received",
    }  # fmt: skip
    return _save(Payment(client=client_ or factories.client(), amount=amount, **{**facts, **more}))


def allocation(payment_: Payment | None = None, invoice_: Invoice | None = None, **more: Any) -> Allocation:
    if payment_ is None and "note" not in more:
        payment_ = payment(invoice_.client if invoice_ else None)
    client_ = payment_.client if payment_ else more["note"].client
    target = invoice_ or invoice(client_)
    return _save(Allocation(payment=payment_, invoice=target, client_id=client_.id, **{"amount": Decimal(40), **more}))


def refund(payment_: Payment | None = None, *, amount: Decimal = Decimal(10), **more: Any) -> Refund:
    parent = payment_ or payment()
    facts = {
        "submit_key": secrets.token_urlsafe(12), "order_id": f"ref_{secrets.token_hex(6)}", "request_key": secrets.token_hex(16),
        "currency": "USD", "mode": GatewayMode.DEMO, "via": Via.OFFICE, "state": RefundState.SUCCEEDED,
        "way": RefundWay.RECORDED, "kind": parent.kind, "refunded_on": clock.today(), "reason": "A visit was called off",
    }  # fmt: skip
    return _save(Refund(payment=parent, client=parent.client, amount=amount, **{**facts, **more}))


def tip_share(payment_: Payment | None = None, **more: Any) -> TipShare:
    if "staff" not in more:
        more["staff"] = factories.staff()
    return _save(TipShare(payment=payment_ or payment(), **{"amount": Decimal(5), **more}))


def dispute(payment_: Payment | None = None, **more: Any) -> Dispute:
    facts = {"gateway_dispute_id": f"d{secrets.token_hex(6)}", "amount_disputed": Decimal(40)}
    return _save(Dispute(payment=payment_ or payment(), **{**facts, **more}))


def gateway_event(**more: Any) -> GatewayEvent:
    facts = {"payload_hash": secrets.token_hex(32), "kind": "transaction_settled", "mode": GatewayMode.DEMO}
    return _save(GatewayEvent(**{**facts, **more}))


def gateway_finding(**more: Any) -> GatewayFinding:
    facts = {"kind": FindingKind.ORPHAN, "gateway_transaction_id": secrets.token_hex(6)}
    return _save(GatewayFinding(**{**facts, **more}))


def paper_file(invoice_: Invoice | None = None, **more: Any) -> PaperFile:
    facts = {"content_hash": secrets.token_hex(32), "storage_key": f"papers/{secrets.token_urlsafe(24)}.pdf", "size": 9}
    return _save(PaperFile(invoice_id=(invoice_ or invoice()).id, **{**facts, **more}))


def posting(**more: Any) -> Posting:
    facts = {
        "on_date": clock.today(), "verb": "payment.received", "event_key": f"payment.received:{next(_numbers)}",
        "subject_type": "payment", "subject_id": 1,
    }  # fmt: skip
    return _save(Posting(**{**facts, **more}))


def posting_line(posting_: Posting | None = None, **more: Any) -> PostingLine:
    return _save(PostingLine(posting=posting_ or posting(), **{"account": Account.CASH, "amount": Decimal(40), **more}))


MONEY_FACTORIES: dict[type[Base], Callable[..., Base]] = {
    Allocation: allocation,
    AttemptTarget: attempt_target,
    ClientPackage: client_package,
    CreditNote: credit_note,
    CreditNoteLine: credit_note_line,
    Dispute: dispute,
    GatewayEvent: gateway_event,
    GatewayFinding: gateway_finding,
    Invoice: invoice,
    InvoiceLine: invoice_line,
    InvoiceReminder: invoice_reminder,
    InvoiceTax: invoice_tax,
    PackageUse: package_use,
    PaperFile: paper_file,
    Payment: payment,
    PaymentAttempt: payment_attempt,
    PaymentConsent: payment_consent,
    PaymentTerms: payment_terms,
    Posting: posting,
    PostingLine: posting_line,
    Refund: refund,
    StoredMethod: stored_method,
    TaxRate: tax_rate,
    TipShare: tip_share,
    VisitPackage: visit_package,
}
