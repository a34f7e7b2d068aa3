"""What must never change once it counts: issued invoices and committed notes, with their lines and taxes.

The guard stands below all workflows, so that a mistake in one of them raises instead of changing what a client was
sent. What may still happen to such a row is named here.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Mapper

from models import CreditNote, CreditNoteLine, Invoice, InvoiceLine, InvoiceState, InvoiceTax, NoteState

#: what becomes of an issued invoice and of a committed note
_FATES = {
    Invoice: frozenset({"state", "sent_at", "debited", "written_off", "end_reason", "ended_at", "run_id", "staff_id", "version", "replaces_id"}),
    CreditNote: frozenset({"state", "sent_at", "staff_id", "version", "reason"}),
    InvoiceLine: frozenset({"is_live", "job_id", "service_item_id", "tax_rate_id", "visit_package_id"}),
    CreditNoteLine: frozenset({"invoice_line_id", "job_id"}),
    InvoiceTax: frozenset(),
}  # fmt: skip


class FrozenError(RuntimeError):
    """Something tried to change what is fixed: a bug, never a person's mistake."""


def _changed(target: Any) -> set[str]:  # noqa: ANN401 -- a row of one of these tables
    state: Any = sa.inspect(target)
    columns: Iterable[str] = state.mapper.column_attrs.keys()
    same = state.unmodified  # to look at the history of every column takes longer than to write the row
    return {name for name in columns if name not in same and state.attrs[name].history.has_changes()}


def _was(target: Invoice | CreditNote) -> InvoiceState | NoteState:
    """The state in the database, before what is being saved."""
    row: Any = sa.inspect(target)
    history = row.attrs.state.history
    before: InvoiceState | NoteState = history.deleted[0] if history.deleted else target.state
    return before


def _counts(target: Any, connection: sa.Connection) -> bool:  # noqa: ANN401
    """Is it issued or committed, or part of what is?"""
    if isinstance(target, Invoice):
        return _was(target) is not InvoiceState.DRAFT
    if isinstance(target, CreditNote):
        return _was(target) is not NoteState.OPEN
    if isinstance(target, CreditNoteLine):
        return connection.scalar(sa.select(CreditNote.state).where(CreditNote.id == target.note_id)) not in {None, NoteState.OPEN}  # fmt: skip
    return connection.scalar(sa.select(Invoice.state).where(Invoice.id == target.invoice_id)) not in {None, InvoiceState.DRAFT}  # fmt: skip


def _before_update(_mapper: Mapper[Any], connection: sa.Connection, target: Any) -> None:  # noqa: ANN401
    changed = _changed(target) - _FATES[type(target)]
    if changed and _counts(target, connection):
        raise FrozenError(f"{type(target).__name__} {target.id} is fixed: {', '.join(sorted(changed))}")


def _before_delete(_mapper: Mapper[Any], connection: sa.Connection, target: Any) -> None:  # noqa: ANN401
    if _counts(target, connection):
        raise FrozenError(f"{type(target).__name__} {target.id} is fixed and stays")


for _table in _FATES:
    event.listen(_table, "before_update", _before_update)
    event.listen(_table, "before_delete", _before_delete)
