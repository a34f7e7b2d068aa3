"""The list of all lines of pay: on runs, waiting, or released by an undone run."""

from typing import Any

from flask import url_for
from flask_admin import Admin
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from admin_site import filters, rows
from admin_site.base import ReadList
from admin_site.list_address import Pill
from admin_site.rows import Column
from documents.pay_statement import text_words
from models import PayLine, PayLineKind, PayRun, PayStatement, Staff
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add this list to the back office."""
    admin.add_view(PayLineList(PayLine, "pay_lines", "/admin/pay-lines"))


def _url(line: PayLine) -> str | None:
    if line.statement is not None:
        return url_for("pay_statement.show", statement_id=line.statement.public_id)
    return url_for("pay_extra.edit", line_id=line.public_id)


def _run(line: PayLine) -> str:
    return str(line.statement.run) if line.statement is not None else ""


def _state(line: PayLine) -> Any:
    if line.released_at is not None:
        return rows.chip("mute", gettext("Run undone"))
    if line.statement is None:
        return rows.chip("req", gettext("Waits"))
    if line.statement.paid_on is not None:
        return rows.chip("ok", gettext("Paid"))
    return rows.chip("info", gettext("On a run"))


def _state_words(line: PayLine) -> str:
    return str(_state(line).striptags())


class PayLineList(ReadList):
    """Everything that sitters were or will be paid for, line by line."""

    reading = writing = Permission.PAY
    list_template = "admin/pay/list.html"
    title = _l("Lines of pay")
    empty = (
        "dog",
        _l("No lines of pay yet"),
        _l("Pay runs make them; extras are entered by hand and wait for the next run."),
    )
    default_order = (PayLine.id.desc(),)
    list_options = (
        joinedload(PayLine.staff).load_only(Staff.first_name, Staff.last_name),
        joinedload(PayLine.statement)
        .load_only(PayStatement.public_id, PayStatement.paid_on)
        .joinedload(PayStatement.run)
        .load_only(PayRun.number),
    )
    record_options = list_options
    pills = (
        Pill("all", _l("All")),
        Pill("waiting", _l("Waiting"), lambda: PayLine.statement_id.is_(None)),
        Pill("run", _l("On runs"), lambda: PayLine.statement_id.is_not(None) & PayLine.released_at.is_(None)),
        Pill("released", _l("Of undone runs"), lambda: PayLine.released_at.is_not(None)),
    )
    columns = (
        Column("on_date", _l("Day"), show=lambda x: rows.link(rows.show(x.on_date), _url(x), main=True)),
        Column("staff", _l("Sitter")),
        Column("kind", _l("Kind")),
        Column("text", _l("What"), words=text_words),
        Column("run", _l("Run"), value=_run),
        Column("state", _l("State"), value=_state_words, show=_state),
        Column("amount", _l("Amount"), right=True),
        Column("created_at", _l("Entered"), hidden=True),
    )  # fmt: skip
    filters = (
        filters.sitter(PayLine.staff_id, may_be_nobody=False),
        filters.Choice("kind", PayLine.kind, _l("Kind"), PayLineKind),
        filters.Day("from", PayLine.on_date, _l("From")),
        filters.Day("until", PayLine.on_date, _l("Until"), until=True),
    )

    def record_name(self, record: PayLine) -> str:
        return f"{record.staff}, {rows.show(record.on_date)}"

    def record_url(self, record: PayLine) -> str | None:
        return _url(record)
