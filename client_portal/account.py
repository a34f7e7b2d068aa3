"""The account summary, the first page of the portal: what is to pay, until when, what is credited and on its way."""

from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa
from flask_babel import gettext as _

from client_portal import owing
from client_portal.frame import (
    View,
    can_pay,
    client_here,
    invoices_are_on,
    page,
    page_group,
    payments_are_on,
    summary_is_on,
)
from client_portal.owing import Owed
from foundation import clock
from foundation.db import rows_of
from foundation.fixed import fixed
from foundation.twins import Twin
from models import Account, AttemptState, Client, CreditNote, NoteKind, NoteState, PaymentAttempt
from workflows import settings
from workflows.billing import ledger, sums

pages = page_group("portal_account", __name__, under="/account", nav="account", switches=[summary_is_on])

#: nobody knows yet whether these charged anything
OPEN_ATTEMPTS = (AttemptState.SENDING, AttemptState.UNKNOWN)


@dataclass(frozen=True)
class Summary:
    """What the page says."""

    due: list[Owed]
    later: list[Owed]
    #: of all open invoices, also those that the page does not list
    total_due: Decimal
    total_later: Decimal
    #: money and notes that pay nothing yet; deposits that wait for their invoice
    credit: Decimal
    deposits: Decimal
    #: notes that the office has not closed
    pending_credit: Decimal
    pending_charge: Decimal
    attempts: list[PaymentAttempt]

    @property
    def total(self) -> Decimal:
        return self.total_due + self.total_later

    @property
    def unlisted(self) -> bool:
        """Are there more invoices than stand here?"""
        return len(self.due) + len(self.later) >= owing.MOST

    @property
    def nothing(self) -> bool:
        """Nothing to pay, now or later."""
        return not self.due and not self.later


@pages.get("")
def show() -> View:
    """Unpaid and part-paid invoices, those not yet due apart, credit, payments being confirmed."""
    summary = of(client_here())
    values = settings.read()
    return page(
        "account.html",
        summary=summary,
        today=clock.today(),
        can_pay=can_pay(),
        can_read=invoices_are_on(),
        can_look_back=payments_are_on(),
        above=_(values["portal.account_above"]) if values["portal.account_above"] else "",
        below=_(values["portal.account_below"]) if values["portal.account_below"] else "",
    )


def of(client: Client) -> Summary:
    """This client's summary, in five queries, and one more with hundreds of open invoices."""
    owed = owing.shown_to(client)
    today = clock.today()
    due = owing.due_now(owed)
    later = [o for o in owed if not o.is_due(today)]
    total_due, total_later = owing.total(due), owing.total(later)
    if len(owed) >= owing.MOST:
        by_day = sums.open_by_due_date(client.id)
        total_due = sum((amount for day, amount in by_day if day is None or day <= today), Decimal(0))
        total_later = sum((amount for day, amount in by_day if day is not None and day > today), Decimal(0))
    stands = ledger.client_balances([client.id])[client.id]
    pending = _pending_notes(client)
    return Summary(
        due,
        later,
        total_due,
        total_later,
        credit=-stands.get(Account.CLIENT_CREDIT, Decimal(0)),
        deposits=-stands.get(Account.DEPOSITS_HELD, Decimal(0)),
        pending_credit=pending.get(NoteKind.CREDIT, Decimal(0)),
        pending_charge=pending.get(NoteKind.DEBIT, Decimal(0)),
        attempts=attempts_on_the_way(client),
    )


_CLIENT = sa.bindparam("client_id", type_=sa.Integer)
_note = CreditNote.__table__.c
_PENDING_NOTES = fixed(
    sa.select(_note.kind, sa.func.sum(_note.total))
    .where(_note.client_id == _CLIENT, _note.state == NoteState.OPEN)
    .group_by(_note.kind)
)
_ATTEMPT = Twin(PaymentAttempt, "public_id", "amount")
_ON_THE_WAY = fixed(
    sa.select(*_ATTEMPT.columns)
    .where(_ATTEMPT.c.client_id == _CLIENT, _ATTEMPT.c.state.in_(OPEN_ATTEMPTS))
    .order_by(_ATTEMPT.c.id)
)


def _pending_notes(client: Client) -> dict[NoteKind, Decimal]:
    rows = rows_of(_PENDING_NOTES, {"client_id": client.id})
    return {kind: amount for kind, amount in rows if amount}


def attempts_on_the_way(client: Client) -> list[PaymentAttempt]:
    """Payments of which nobody knows yet what became of them."""
    return _ATTEMPT.read(rows_of(_ON_THE_WAY, {"client_id": client.id}))
