"""The statement that is made of a client's account."""

import datetime as dt
from decimal import Decimal

import pytest

from tests.workflows.billing.test_history import account
from workflows.billing import statements
from workflows.billing.papers import AgeBand, StatementAge
from workflows.errors import Invalid

__all__ = ["account"]

D = Decimal
NOV = dt.date(2026, 11, 1)
LAST = dt.date(2026, 11, 30)


def test_statement_begins_with_the_balance_of_the_day_before(cast, account):
    _first, _payment, second, _third = account
    paper = statements.paper(cast.alice, dt.date(2026, 11, 6), LAST)
    assert (paper.opening_balance, paper.outstanding) == ("-20.00", "30.00")
    assert next((r.number, r.charge, r.credit, r.balance) for r in paper.rows) == (second.number, "50.00", "", "30.00")
    assert paper.ages == (
        StatementAge(AgeBand.NOT_DUE, "0"), StatementAge(AgeBand.TO_30, "30.00"), StatementAge(AgeBand.TO_60, "0"),
        StatementAge(AgeBand.TO_90, "0"), StatementAge(AgeBand.OVER_90, "0"),
    )  # fmt: skip
    assert (paper.client.name, paper.client.account_number) == ("Alice Archer", cast.alice.account_number_grouped)


def test_statement_of_the_past_says_nothing_of_today(cast, account):
    paper = statements.paper(cast.alice, NOV, dt.date(2026, 11, 6))
    assert (paper.opening_balance, paper.outstanding, paper.ages, paper.credit) == ("0", "-20.00", (), "")
    empty = statements.paper(cast.bob, dt.date(2026, 10, 1), dt.date(2026, 10, 31))
    assert (empty.rows, empty.opening_balance, empty.outstanding) == ((), "0", "0")


def test_statement_refuses_days_the_wrong_way_round_and_too_many_steps(cast, account, monkeypatch):
    with pytest.raises(Invalid, match="before the first"):
        statements.paper(cast.alice, LAST, NOV)
    monkeypatch.setattr(statements, "MOST", 3)
    with pytest.raises(Invalid, match="fewer days"):
        statements.paper(cast.alice, NOV, LAST)
