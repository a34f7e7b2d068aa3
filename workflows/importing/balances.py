"""Files of open balances: what a client owes becomes an invoice, what a client has with us a credit note.

Both stand in the books as everything else does. Undoing voids the invoice; a credit note stays, as the law wants it.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from foundation.db import db
from models import CreditNote, ImportKind, Invoice, InvoiceKind, InvoiceState
from workflows.actors import Actor
from workflows.billing import allocations, drafting, invoicing, notes, raising
from workflows.billing.free_lines import FreeLine
from workflows.errors import N_, Invalid, WorkflowError
from workflows.importing.kind import CLIENT_FIELDS, Added, Clients, Field, Kind, Row, client_key
from workflows.importing.values import amount, date, words
from workflows.permissions import Permission

_TEXT = "Balance brought over"


def _wanted(values: Mapping[str, Any]) -> Decimal:
    wanted: Decimal = values.get("amount", Decimal(0))
    return wanted


def _line(values: Mapping[str, Any]) -> FreeLine:
    text = str(values.get("note") or _TEXT)
    return FreeLine(description=text, on_date=values.get("on_date"), unit_price=_wanted(values), no_tax=True)


class BalanceKind(Kind):
    """A row is what one client owes (above zero) or has as credit (below zero)."""

    kind = ImportKind.BALANCES
    permission = Permission.BILLING
    model = Invoice
    one_of = (("client_id", "client_account", "client_email", "client_name"),)
    hint = N_(
        "What a client owes becomes an invoice of today without tax, credit becomes a credit note. Nothing is mailed."
    )
    fields = (
        *CLIENT_FIELDS,
        Field("amount", N_("Balance"), amount, "45.00", N_("Above zero: the client owes it. Below zero: credit."), required=True,
              aliases=("balance", "balance due", "amount due", "outstanding", "outstanding balance", "open balance", "account balance", "total due")),
        Field("on_date", N_("Stands since"), date, "2026-11-01", N_("Is written on the line."), aliases=("date", "as of", "balance date", "invoice date")),
        Field("note", N_("Words for the line"), words(200), "", aliases=("description", "note", "notes", "memo", "reference")),
    )  # fmt: skip

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.clients = Clients(source)

    def prepare(self, rows: Sequence[Row]) -> None:
        """The clients."""
        self.clients.prepare(rows)

    def key(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Whose, since when, and the words: several balances of one client differ in these."""
        return (*client_key(values), values.get("on_date", ""), values.get("note", ""))

    def about(self, values: Mapping[str, Any]) -> str:
        """Whose it is, and how much."""
        said = next((str(values[f.name]) for f in reversed(CLIENT_FIELDS) if values.get(f.name)), "")
        return f"{said} {values.get('amount', '')}".strip()

    def load(self, ids: Iterable[int]) -> dict[int, Any]:
        """Invoices by their ids, credit notes by theirs below zero."""
        wanted = set(ids)
        found: dict[int, Any] = {}
        for model, some in ((Invoice, {i for i in wanted if i > 0}), (CreditNote, {-i for i in wanted if i < 0})):
            if some:
                rows: Iterable[Any] = db.session.scalars(sa.select(model).where(model.id.in_(sorted(some))))
                found.update({self.number(r): r for r in rows})
        return found

    def number(self, record: Any) -> int:  # noqa: ANN401 -- an invoice or a note
        """See `load`."""
        return int(-record.id if isinstance(record, CreditNote) else record.id)

    def find(self, values: Mapping[str, Any]) -> None:
        """Only the mark of an earlier import finds a balance: another invoice of the same amount is none."""
        self.clients.of(values)

    def save(self, record: Any, values: Mapping[str, Any], *, actor: Actor) -> Any:  # noqa: ANN401 -- an invoice or a note
        """An invoice without tax, or a credit note; one that was brought in stays as it is."""
        wanted = _wanted(values)
        if record is not None:
            here = -record.total if isinstance(record, CreditNote) else record.total
            if here != wanted:
                raise Invalid("other_balance", N_("It was imported already, with another amount. Correct it under Billing."), field="amount")  # fmt: skip
            return record
        if not wanted:
            raise Invalid("no_balance", N_("Nothing is open."), field="amount")
        client = self.clients.of(values)
        text = str(values.get("note") or _TEXT)
        if wanted < 0:
            return notes.grant_credit(client, -wanted, actor=actor, reason=text)
        draft = drafting.draft_for(client, jobs=[], actor=actor, kind=InvoiceKind.STANDARD)
        drafting.add_line(draft, _line(values), actor=actor)
        return invoicing.issue(draft, actor=actor, mail=False)

    def add_many(self, several: Sequence[Mapping[str, Any]], *, actor: Actor) -> list[Added | WorkflowError]:
        """Invoices together; credit, and what clients owe who have credit that pays it, one after the other."""
        clients, refused = self.split(several, self.clients.of)
        own = dict(zip((n for n in range(len(several)) if n not in refused), clients, strict=True))
        holders = allocations.may_hold_credit({c.id for c in clients})
        holders |= {client.id for n, client in own.items() if _wanted(several[n]) <= 0}
        together = [n for n, client in own.items() if client.id not in holders]
        found: dict[int, Any] = dict(refused)
        issued = raising.issue_lines([(own[n], _line(several[n])) for n in together], actor=actor)
        found.update(zip(together, issued, strict=True))
        for n in sorted(own.keys() - set(together)):
            found[n] = self._alone(several[n], actor)
        return self.joined(len(several), (found[n] for n in range(len(several))), {})

    def _alone(self, values: Mapping[str, Any], actor: Actor) -> Invoice | CreditNote | WorkflowError:
        try:
            with db.session.begin_nested():
                saved: Invoice | CreditNote = self.save(None, values, actor=actor)
                return saved
        except WorkflowError as problem:
            return problem

    def blocked(self, records: Sequence[Any]) -> dict[int, str]:
        """Credit stays; so does an invoice that was paid or corrected."""
        found: dict[int, str] = {}
        for record in records:
            if isinstance(record, CreditNote):
                found[self.number(record)] = N_("A credit note stays in the books. Correct it under Billing.")
            elif record.state is not InvoiceState.OPEN:
                found[self.number(record)] = N_("The invoice is no longer just open. Correct it under Billing.")
        return found

    def remove(self, record: Any, *, actor: Actor) -> None:  # noqa: ANN401 -- an invoice
        """Void it: its number stays used."""
        invoicing.void(record, actor=actor, reason="Import undone")
