"""The list of all that clients asked about visits in the schedule. Deciding happens in the inbox: `changes`."""

from typing import Any

from flask_admin import Admin
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload, selectinload

from admin_site import change_queue, filters, rows, search
from admin_site.base import ReadList
from admin_site.list_address import Pill
from admin_site.people import OF_CLIENT, client_link
from admin_site.rows import Column
from models import CancellationReason, ChangeItem, ChangeKind, ChangeRequest, ChangeState, ServiceItem, Staff, TimeBlock
from sign_in import current_actor
from workflows.change_asking import reason_text
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add the list to the back office."""
    admin.add_view(ChangeList(ChangeItem, "change_items", "/admin/change-items"))


def _days(item: ChangeItem) -> str:
    """The days of a pause, or the last day of a series that ends."""
    return " - ".join(rows.show(day) for day in (item.first_on, item.last_on) if day)


def _request_link(item: ChangeItem) -> Any:
    """The way to the screen on which it is decided, for those who may."""
    url = f"/admin/change-requests/{item.request_id}/" if current_actor().may(Permission.SCHEDULE) else None
    return rows.link(f"#{item.request_id}", url)


class ChangeList(ReadList):
    """Every change, cancellation, pause and end of a series that clients asked for, visit by visit."""

    title = _l("Changes asked for")
    empty = ("cat", _l("Nothing was asked for yet"), _l("What clients ask about visits in the schedule is listed here, visit by visit."))  # fmt: skip
    search_hint = _l("Client or pet")
    default_order = (ChangeItem.id.desc(),)
    list_options = (
        joinedload(ChangeItem.request).options(
            joinedload(ChangeRequest.client).load_only(*OF_CLIENT),
            joinedload(ChangeRequest.reason).load_only(CancellationReason.name),
            joinedload(ChangeRequest.decided_by).load_only(Staff.first_name, Staff.last_name),
        ),
        joinedload(ChangeItem.new_service_item).load_only(ServiceItem.name, ServiceItem.duration_minutes),
        joinedload(ChangeItem.new_time_block).load_only(TimeBlock.name, TimeBlock.starts_at, TimeBlock.ends_at),
        selectinload(ChangeItem.new_pets),
    )
    record_options = list_options
    pills = (
        Pill("waiting", _l("Waiting"), lambda: ChangeItem.state == ChangeState.PENDING),
        Pill("decided", _l("Decided"), lambda: ChangeItem.state.in_([ChangeState.APPROVED, ChangeState.DENIED])),
        Pill("over", _l("Over without a decision"), lambda: ChangeItem.state.in_([ChangeState.WITHDRAWN, ChangeState.EXPIRED, ChangeState.SUPERSEDED])),
        Pill("all", _l("All")),
    )  # fmt: skip
    columns = (
        Column(
            "visit", _l("Visit"), value=change_queue.item_words,
            show=lambda i: rows.link(change_queue.item_words(i), f"/admin/change-items/details/?id={i.id}", main=True),
        ),
        Column("kind", _l("Kind"), value=lambda i: i.request.kind, words=rows.code_chip),
        Column("client", _l("Client"), value=lambda i: i.request.client, show=lambda i: client_link(i.request.client)),
        Column("state", _l("State"), words=rows.code_chip),
        Column("asked_at", _l("Asked"), value=lambda i: i.request.created_at),
        Column("fee", _l("Fee"), right=True),
        Column("request", _l("Request"), hidden=True, export=False, show=_request_link),
        Column("days", _l("Days"), hidden=True, value=_days),
        Column("price_before", _l("Price"), right=True, hidden=True),
        Column("price_after", _l("Price afterwards"), right=True, hidden=True),
        Column("sitter_pay", _l("Sitter's pay"), right=True, hidden=True),
        Column("rule_name", _l("Rule of the policy"), hidden=True),
        Column("fee_reason", _l("Why other figures"), hidden=True),
        Column("refund_to", _l("Refund"), hidden=True),
        Column("reason", _l("Reason"), hidden=True, value=lambda i: reason_text(i.request)),
        Column("auto_approved", _l("Auto-approved"), hidden=True, value=lambda i: i.request.auto_approved),
        Column("decided_at", _l("Decided"), hidden=True),
        Column("decided_by", _l("Decided by"), hidden=True, value=lambda i: i.request.decided_by),
        Column("note", _l("Office's word"), hidden=True, value=lambda i: i.note or i.request.answer),
    )  # fmt: skip
    filters = (
        filters.Choice("state", ChangeItem.state, _l("State"), ChangeState),
        filters.Choice("kind", ChangeRequest.kind, _l("Kind"), ChangeKind),
        *filters.client_filters(ChangeRequest.client_id),
        filters.RecordChoice("reason", ChangeRequest.reason_id, _l("Reason"), CancellationReason, order=(CancellationReason.position, CancellationReason.id), none=_l("None")),
        filters.YesNo("auto", ChangeRequest.auto_approved, _l("Auto-approved")),
        filters.Day("from", ChangeRequest.created_at, _l("Asked from")),
        filters.Day("until", ChangeRequest.created_at, _l("Asked until"), until=True),
    )  # fmt: skip

    def scope(self, statement: Any) -> Any:
        """With the request, which holds the client, the kind and the moment."""
        return statement.join(ChangeItem.request)

    def find(self, text: str) -> Any:
        return search.change_items(text)

    def record_name(self, record: ChangeItem) -> str:
        return change_queue.item_words(record)
