"""Which amounts prices, fees and pay may be, and how each refusal is told."""

from decimal import Decimal

import pytest

from foundation import money
from workflows.amounts import MOST, check_amount
from workflows.errors import Invalid


@pytest.mark.parametrize("value", [Decimal(0), Decimal("0.01"), MOST])
def test_what_a_price_may_be(value):
    check_amount(value, "price")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "Enter an amount of 0 or more."),
        (Decimal("NaN"), "Enter an amount of 0 or more."),
        (Decimal("Infinity"), "Enter an amount of 0 or more."),
        (Decimal("-0.01"), "Enter an amount of 0 or more."),
        (MOST + Decimal("0.01"), "Enter an amount of at most a million."),
        (Decimal("1e30"), "Enter an amount of at most a million."),
        (Decimal("0.001"), "Enter an amount with at most %(n)s decimals."),
    ],
)
def test_what_it_may_not_be_names_the_field_and_says_why(value, message):
    with pytest.raises(Invalid, check=lambda refusal: (refusal.message, refusal.field) == (message, "price")):
        check_amount(value, "price")


def test_a_discount_may_take_away_but_not_more_than_a_million():
    check_amount(-MOST, "amount", least=-MOST)
    with pytest.raises(Invalid, match="at most a million"):
        check_amount(-MOST - 1, "amount", least=-MOST)


def test_currencies_without_cents_have_none():
    money.use_currency("JPY")
    check_amount(Decimal(100), "price")
    with pytest.raises(Invalid, check=lambda refusal: refusal.values == {"n": 0}):
        check_amount(Decimal("100.5"), "price")
