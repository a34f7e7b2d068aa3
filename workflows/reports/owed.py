"""What clients owe now by age, and where every client stands."""

from typing import Any

import sqlalchemy as sa

from foundation.db import db
from foundation.types import as_money
from models import Account, Client, Invoice, InvoiceState, PostingLine
from workflows.billing import sums
from workflows.errors import N_
from workflows.reports import grouping
from workflows.reports.grouping import total_if
from workflows.reports.shapes import Column, Report, Row, Unit, Wish, largest_first, report

_NAME = (Client.id, Client.first_name, Client.last_name)


def unpaid(_wish: Wish) -> Report:
    """What is outstanding on issued invoices today, by client and by how long it is overdue. One query.

    What clients hold as credit is not taken off.
    """
    columns = (
        Column(N_("Client")),
        Column(N_("Owed"), Unit.MONEY, is_card=True),
        Column(N_("Not due yet"), Unit.MONEY, is_card=True),
        Column(N_("1 to 30 days late"), Unit.MONEY),
        Column(N_("31 to 60 days late"), Unit.MONEY),
        Column(N_("61 to 90 days late"), Unit.MONEY),
        Column(N_("More than 90 days late"), Unit.MONEY, is_card=True),
        Column(N_("Invoices"), Unit.COUNT),
    )
    paid = sums.allocated()
    left = as_money(
        Invoice.total + Invoice.debited - Invoice.written_off - sa.func.coalesce(paid.c.amount, sa.literal(0))
    )
    found = db.session.execute(
        sa.select(*_NAME, sa.func.sum(left), *(total_if(late, left) for late in sums.late_now()), sa.func.count())
        .select_from(Invoice)
        .join(Client, Client.id == Invoice.client_id)
        .outerjoin(paid, paid.c.invoice_id == Invoice.id)
        .where(Invoice.state == InvoiceState.OPEN)
        .group_by(*_NAME)
    )
    return report(columns, largest_first([_row(line, columns, "owed") for line in found]))


def balances(_wish: Wish) -> Report:
    """Where each client stands today by the books: owed, held as credit, both together, deposits apart. One query.

    Who stands at nothing is left out.
    """
    columns = (
        Column(N_("Client")),
        Column(N_("Balance"), Unit.MONEY, is_card=True),
        Column(N_("Owed"), Unit.MONEY, is_card=True),
        Column(N_("Credit"), Unit.MONEY, is_card=True),
        Column(N_("Deposits"), Unit.MONEY, is_card=True),
    )
    on, amount = PostingLine.account, PostingLine.amount
    owed, credit = on == Account.RECEIVABLE, on == Account.CLIENT_CREDIT
    measures = (
        total_if(sa.or_(owed, credit), amount), total_if(owed, amount), total_if(credit, as_money(-amount)),
        total_if(on == Account.DEPOSITS_HELD, as_money(-amount)),
    )  # fmt: skip
    # Added up by client from the index that holds client, account and amount, and named afterwards: with the names in
    # it, SQLite sorted every line of the books (30 MB). A condition on the account would tempt it to another index.
    of = sa.select(PostingLine.client_id, *(m.label(f"sum_{n}") for n, m in enumerate(measures)))
    sums_of = of.group_by(PostingLine.client_id).subquery()
    found = db.session.execute(
        sa.select(*_NAME, *(sums_of.c[f"sum_{n}"] for n in range(len(measures))))
        .select_from(sums_of)
        .outerjoin(Client, Client.id == sums_of.c.client_id)
    )
    rows = [_row(line, columns, "account") for line in found]
    return report(columns, largest_first([row for row in rows if any(row.cells[1:])]))


def _row(line: Any, columns: tuple[Column, ...], about: str) -> Row:  # noqa: ANN401 -- a row of the database
    client_id, first, last, *amounts = line
    link = (about, client_id) if client_id is not None else None
    return Row(client_id, (grouping.person(first, last), *grouping.filled(amounts, columns[1:])), link)
