"""Prices: the item's, more for further pets, times the days of a stay; and the sitter's share."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation import money
from models import PayKind, ServiceItem
from workflows.pricing import Quote, quote


def item(**more):
    values = {
        "price": Decimal("20.00"), "extra_pet_price": Decimal("5.00"), "pay_kind": PayKind.PERCENT,
        "pay_percent": Decimal(50), "pay_amount": Decimal("12.00"), **more,
    }  # fmt: skip
    return ServiceItem(**values)


@pytest.mark.parametrize(
    ("n_pets", "n_days", "price"), [(0, 1, "20.00"), (1, 1, "20.00"), (2, 1, "25.00"), (4, 1, "35.00"), (2, 3, "75.00")]
)
def test_quote_adds_each_further_pet_and_counts_the_days(n_pets, n_days, price):
    assert quote(item(), n_pets=n_pets, n_days=n_days).price == Decimal(price)


def test_quote_pays_a_share_of_the_price_rounded_half_up():
    assert quote(item(price=Decimal("20.01")), n_pets=1) == Quote(Decimal("20.01"), Decimal("10.01"))


def test_quote_pays_a_fixed_amount_for_each_day_whatever_the_pets():
    assert quote(item(pay_kind=PayKind.AMOUNT), n_pets=3, n_days=2) == Quote(Decimal("60.00"), Decimal("24.00"))


def test_quote_rounds_to_the_currency():
    money.use_currency("JPY")
    assert quote(item(price=Decimal(1001)), n_pets=1).sitter_pay == Decimal(501)


@given(st.integers(0, 10**6), st.integers(0, 10**4), st.integers(0, 10000), st.integers(0, 20), st.integers(1, 120))
def test_quote_can_always_be_stored_and_pays_no_more_than_the_price(price, extra, percent, n_pets, n_days):
    of = item(
        price=money.from_minor(price), extra_pet_price=money.from_minor(extra), pay_percent=Decimal(percent).scaleb(-2)
    )
    figures = quote(of, n_pets=n_pets, n_days=n_days)
    assert 0 <= money.to_minor(figures.sitter_pay) <= money.to_minor(figures.price)
    assert money.to_minor(figures.price) == (price + extra * max(n_pets - 1, 0)) * n_days
