"""The lists of what was asked of the payment gateway, and of what it said by itself; for reading."""

from typing import Any

from flask_admin import Admin
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from admin_site import filters, rows, search
from admin_site.billing_lists import PAYMENT_TABS
from admin_site.billing_records import BooksList
from admin_site.list_address import Pill
from admin_site.people import OF_CLIENT, client_link
from admin_site.rows import Column
from models import (
    AttemptState,
    EventState,
    GatewayEvent,
    GatewayMode,
    MethodKind,
    PaymentAttempt,
    Staff,
    StoredMethod,
    Via,
)
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add these lists to the back office."""
    admin.add_view(AttemptList(PaymentAttempt, "payment_attempts", "/admin/payment-attempts"))
    admin.add_view(EventList(GatewayEvent, "gateway_events", "/admin/gateway-events"))


_NAME = (Staff.first_name, Staff.last_name)


class AttemptList(BooksList):
    """Each try to charge a card or bank account, whatever came of it."""

    title = _l("Payment attempts")
    pages = PAYMENT_TABS
    empty = ("cat", _l("No attempts yet"), _l("Each try to charge a card or bank account stands here."))
    search_hint = _l("Order number or client")
    counts_rows = False
    default_order = (PaymentAttempt.id.desc(),)
    list_options = (
        joinedload(PaymentAttempt.client).load_only(*OF_CLIENT),
        joinedload(PaymentAttempt.method).load_only(StoredMethod.brand, StoredMethod.last4),
    )
    record_options = (*list_options, joinedload(PaymentAttempt.staff).load_only(*_NAME))
    pills = (
        Pill("all", _l("All")),
        Pill("unknown", _l("Being confirmed"), lambda: PaymentAttempt.state.in_([AttemptState.UNKNOWN, AttemptState.SENDING])),
        Pill("failed", _l("Not paid"), lambda: PaymentAttempt.state.in_([AttemptState.DECLINED, AttemptState.REJECTED, AttemptState.NOT_SENT, AttemptState.NOT_CHARGED])),
    )  # fmt: skip
    columns = (
        Column("created_at", _l("When"), show=lambda a: rows.link(rows.show(a.created_at), f"/admin/payment-attempts/details/?id={a.id}", main=True)),
        Column("client", _l("Client"), show=lambda a: client_link(a.client)),
        Column("amount", _l("Amount"), right=True),
        Column("kind", _l("With"), value=lambda a: str(a.method) if a.method else rows.show(a.kind)),
        Column("state", _l("State"), words=rows.code_chip),
        Column("message", _l("Gateway says")),
        Column("code", _l("Gateway's code"), hidden=True),
        Column("order_id", _l("Order number"), hidden=True),
        Column("gateway_transaction_id", _l("Gateway's number"), hidden=True),
        Column("tip_amount", _l("Of it, tip"), right=True, hidden=True),
        Column("is_automatic", _l("Automatic"), hidden=True),
        Column("mode", _l("Gateway"), hidden=True),
        Column("via", _l("Through"), hidden=True),
        Column("n_looks", _l("Looked up, times"), right=True, hidden=True),
        Column("next_look_at", _l("Next look"), hidden=True),
        Column("resolved_at", _l("Known since"), hidden=True),
    )  # fmt: skip
    filters = (
        filters.Choice("state", PaymentAttempt.state, _l("State"), AttemptState),
        *filters.client_filters(PaymentAttempt.client_id),
        filters.Choice("kind", PaymentAttempt.kind, _l("With"), MethodKind),
        filters.Choice("via", PaymentAttempt.via, _l("Through"), Via),
        filters.YesNo("automatic", PaymentAttempt.is_automatic, _l("Automatic")),
        filters.Day("from", PaymentAttempt.created_at, _l("From")),
        filters.Day("until", PaymentAttempt.created_at, _l("Until"), until=True),
    )

    def find(self, text: str) -> Any:
        columns = (PaymentAttempt.order_id, PaymentAttempt.gateway_transaction_id)
        return search.billing_papers(PaymentAttempt, *columns)(text)


def _facts(event: GatewayEvent) -> str:
    return "; ".join(f"{name}: {value}" for name, value in event.facts.items() if value not in {None, ""})


class EventList(BooksList):
    """What the gateway sent by itself: a hint to look, kept as it came."""

    reading = writing = Permission.BILLING
    title = _l("Gateway's messages")
    pages = PAYMENT_TABS
    empty = ("bird", _l("No messages yet"), _l("The gateway tells of settled payments, returns and disputes here."))
    search_hint = _l("Kind or remark")
    counts_rows = False
    default_order = (GatewayEvent.id.desc(),)
    pills = (
        Pill("all", _l("All")),
        Pill("unmatched", _l("About money that we do not know"), lambda: GatewayEvent.state == EventState.UNMATCHED),
    )
    columns = (
        Column("received_at", _l("When"), show=lambda e: rows.link(rows.show(e.received_at), f"/admin/gateway-events/details/?id={e.id}", main=True)),
        Column("kind", _l("Kind")),
        Column("state", _l("State"), words=rows.code_chip),
        Column("mode", _l("Gateway")),
        Column("remark", _l("Remark")),
        Column("happened_at", _l("Happened"), hidden=True),
        Column("processed_at", _l("Worked on"), hidden=True),
        Column("n_tries", _l("Tries"), right=True, hidden=True),
        Column("facts", _l("About"), hidden=True, value=_facts),
    )  # fmt: skip
    filters = (
        filters.Choice("state", GatewayEvent.state, _l("State"), EventState),
        filters.Choice("mode", GatewayEvent.mode, _l("Gateway"), GatewayMode),
        filters.Day("from", GatewayEvent.received_at, _l("From")),
        filters.Day("until", GatewayEvent.received_at, _l("Until"), until=True),
    )

    def find(self, text: str) -> Any:
        return search.plain(GatewayEvent.kind, GatewayEvent.remark)(text)

    def record_name(self, record: GatewayEvent) -> str:
        return f"{record.kind}, {rows.show(record.received_at)}"
