"""The lists of money that came in and went back: payments and refunds. For reading, as those of `billing_records`."""

from typing import Any

from flask_admin import Admin
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from admin_site import filters, rows, search
from admin_site.billing_lists import PAYMENT_TABS
from admin_site.billing_records import BooksList
from admin_site.people import OF_CLIENT, client_link
from admin_site.rows import Column
from models import (
    GatewayMode,
    Payment,
    PaymentKind,
    PaymentState,
    Refund,
    RefundState,
    RefundWay,
    Staff,
)


def register(admin: Admin) -> None:
    """Add these lists to the back office."""
    admin.add_view(PaymentList(Payment, "payments", "/admin/payments"))
    admin.add_view(RefundList(Refund, "refunds", "/admin/refunds"))


_NAME = (Staff.first_name, Staff.last_name)


def payment_url(payment_id: int) -> str:
    """The payment's own page."""
    return f"/admin/payment/{payment_id}/"


class PaymentList(BooksList):
    """Every payment; a row leads to its own page."""

    title, add_label = _l("Payments"), _l("Record payment")
    pages = PAYMENT_TABS
    empty = ("dog", _l("No payments yet"), _l("Record cash, cheques and transfers here; cards come by themselves."))
    search_hint = _l("Number, reference or client")
    default_order = (Payment.id.desc(),)
    list_options = (joinedload(Payment.client).load_only(*OF_CLIENT),)
    record_options = (*list_options, joinedload(Payment.staff).load_only(*_NAME))
    columns = (
        Column("number", _l("Number"), sort=(Payment.sequence,), show=lambda p: rows.link(str(p), payment_url(p.id), main=True)),
        Column("client", _l("Client"), show=lambda p: client_link(p.client)),
        Column("received_on", _l("Received"), sort=(Payment.received_on,)),
        Column("kind", _l("How")),
        Column("shown_as", _l("Card or account"), hidden=True),
        Column("state", _l("State"), words=rows.code_chip),
        Column("amount", _l("Amount"), right=True, sort=(Payment.amount,)),
        Column("tip_amount", _l("Tip"), right=True, hidden=True),
        Column("currency", _l("Currency"), hidden=True),
        Column("description", _l("Description"), hidden=True),
        Column("reference", _l("Reference"), hidden=True),
        Column("mode", _l("Gateway"), hidden=True),
        Column("gateway_transaction_id", _l("Gateway's number"), hidden=True),
        Column("settled_at", _l("Settled"), hidden=True),
        Column("staff", _l("Recorded by"), hidden=True, export=False),
        Column("end_reason", _l("Reason"), hidden=True),
    )  # fmt: skip
    filters = (
        filters.Choice("kind", Payment.kind, _l("How"), PaymentKind),
        filters.Choice("state", Payment.state, _l("State"), PaymentState),
        *filters.client_filters(Payment.client_id),
        filters.Day("from", Payment.received_on, _l("From")),
        filters.Day("until", Payment.received_on, _l("Until"), until=True),
        filters.Choice("mode", Payment.mode, _l("Gateway"), GatewayMode),
    )

    def find(self, text: str) -> Any:
        return search.billing_papers(Payment, Payment.number, Payment.reference, Payment.gateway_transaction_id)(text)

    def record_url(self, record: Payment) -> str:
        return payment_url(record.id)

    def add_url(self) -> str | None:
        return "/admin/payment/new" if self.actor.may(self.writing) else None


class RefundList(BooksList):
    """Money that went back; a row leads to its payment."""

    title = _l("Refunds")
    pages = PAYMENT_TABS
    empty = ("cat", _l("No refunds yet"), _l("Open a payment to give money back."))
    search_hint = _l("Number or client")
    default_order = (Refund.id.desc(),)
    list_options = (
        joinedload(Refund.client).load_only(*OF_CLIENT),
        joinedload(Refund.payment).load_only(Payment.number, Payment.public_id),
    )
    record_options = (*list_options, joinedload(Refund.staff).load_only(*_NAME))
    columns = (
        Column("number", _l("Number"), sort=(Refund.sequence,), show=lambda r: rows.link(str(r), payment_url(r.payment_id), main=True)),
        Column("client", _l("Client"), show=lambda r: client_link(r.client)),
        Column("payment", _l("Payment"), show=lambda r: rows.link(str(r.payment), payment_url(r.payment_id))),
        Column("refunded_on", _l("Day")),
        Column("way", _l("How")),
        Column("state", _l("State"), words=rows.code_chip),
        Column("amount", _l("Amount"), right=True),
        Column("tip_amount", _l("Of it, tip"), right=True, hidden=True),
        Column("reason", _l("Reason"), hidden=True),
        Column("message", _l("Gateway says"), hidden=True),
        Column("code", _l("Gateway's code"), hidden=True),
        Column("created_at", _l("Asked for"), hidden=True),
    )  # fmt: skip
    filters = (
        filters.Choice("state", Refund.state, _l("State"), RefundState),
        filters.Choice("way", Refund.way, _l("How"), RefundWay),
        *filters.client_filters(Refund.client_id),
        filters.Day("from", Refund.refunded_on, _l("From")),
        filters.Day("until", Refund.refunded_on, _l("Until"), until=True),
    )

    def find(self, text: str) -> Any:
        return search.billing_papers(Refund, Refund.number, Refund.order_id)(text)

    def record_url(self, record: Refund) -> str:
        return payment_url(record.payment_id)
