"""What reports say and what the books say, for tests: any world, whatever happened in it."""

import datetime as dt
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from foundation.db import db
from models import Account, Posting, PostingLine, StaffRole
from tests import factories as make
from workflows.actors import Actor, staff_actor
from workflows.billing import ledger, sums
from workflows.pay import due
from workflows.reports import catalogue
from workflows.reports.periods import Compared, Period, Step
from workflows.reports.shapes import Report, Wish

EVER = Period(dt.date(2022, 1, 1), dt.date(2031, 12, 31))
NOVEMBER = Period(dt.date(2026, 11, 1), dt.date(2026, 11, 30))


def read(name: str, actor: Actor, period: Period = NOVEMBER, *, compared: Compared = Compared.NOTHING, **more: Any) -> Report:  # fmt: skip
    """The report as the page makes it."""
    subject = catalogue.find(name)
    assert subject is not None, name
    return catalogue.make(subject, Wish(period, **more), compared=compared, actor=actor)


def table(report: Report) -> list[tuple[Any, ...]]:
    """Names and figures as plain text; time by its first day."""
    return [tuple(_plain(cell) for cell in row.cells) for row in report.rows]


def sums_of(report: Report) -> tuple[Any, ...]:
    """The last line."""
    return tuple(_plain(cell) for cell in report.totals[1:])


def _plain(cell: Any) -> Any:
    if hasattr(cell, "first"):
        return cell.first.isoformat()
    return cell if cell is None or isinstance(cell, int) else str(getattr(cell, "value", cell))


def posted(period: Period, *accounts: Account) -> Decimal:
    """What was posted on these accounts in the period, as income: credits above zero."""
    total = db.session.scalar(
        sa.select(sa.func.sum(PostingLine.amount))
        .join(Posting, Posting.id == PostingLine.posting_id)
        .where(PostingLine.account.in_(accounts), Posting.on_date.between(period.first, period.last))
    )
    return -(total or Decimal(0))


def agree(actor: Actor | None = None, period: Period = EVER) -> None:
    """Each report says what the ledger says, by whatever it is put together."""
    who = actor or staff_actor(make.staff("Ann", "Auditor", role=StaffRole.OWNER, is_sitter=False))
    income, tax = posted(period, Account.INCOME), posted(period, Account.TAX_PAYABLE)
    for by in ("time", "client"):
        assert read("invoiced", who, period, by=by).totals[1] == income
        assert read("invoiced", who, period, by=by).totals[6] == tax
    for by in ("time", "client", "method"):
        found = read("received", who, period, by=by).totals
        assert found[1] == -posted(period, Account.CASH, Account.GATEWAY)
        assert sum(found[i] for i in (2, 4, 5, 6)) == found[1]
        assert found[7] == posted(period, Account.TIPS_PAYABLE)
    if read("tax", who, period).rows:
        assert read("tax", who, period).totals[1:3] == (tax, income)
    notes = read("notes", who, period).totals
    assert notes[3] == read("invoiced", who, period).totals[5]
    owed = read("unpaid", who)
    assert owed.totals[1] == ledger.account_balance(Account.RECEIVABLE)
    assert list(owed.totals[2:7]) == list(sums.open_by_age()[0].values())
    stands = read("balances", who)
    assert stands.totals[3] == -ledger.account_balance(Account.CLIENT_CREDIT)
    assert stands.totals[4] == -ledger.account_balance(Account.DEPOSITS_HELD)
    earned = read("staff-pay", who, EVER)
    assert earned.totals[9] == sum((line.amount for line in due.find(EVER.last)), Decimal(0))
    if period is EVER:
        for step in Step:
            assert read("invoiced", who, period, by="time", step=step).totals[1] == income
