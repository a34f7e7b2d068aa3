"""Taxes: which rate a line bears, and sums that add up to the last cent, whatever the currency."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation import money
from models import TaxRate
from tests import factories as make
from tests import money_factories as make_money
from workflows.billing import taxes
from workflows.billing.taxes import Charge, Rate

VAT, LOW = Rate("VAT", Decimal(19)), Rate("Reduced", Decimal(7))
D = Decimal


@pytest.mark.covers("M3")
def test_tax_is_rounded_once_for_each_rate_on_the_sum_of_its_lines():
    sums = taxes.add_up([Charge(D("0.45"), VAT)] * 9, inclusive=False)
    assert (sums.subtotal, sums.tax_total, sums.total) == (D("4.05"), D("0.77"), D("4.82"))
    half = taxes.add_up([Charge(D("2.50"), Rate("Half", D("1")))], inclusive=False)
    assert half.tax_total == D("0.03"), "0.025 rounds up"


def test_inclusive_prices_hold_their_tax():
    sums = taxes.add_up([Charge(D("119.00"), VAT), Charge(D("10.70"), LOW), Charge(D("5.00"))], inclusive=True)
    assert [(t.rate.name, t.base, t.amount) for t in sums.taxes] == [
        ("VAT", D("100.00"), D("19.00")),
        ("Reduced", D("10.00"), D("0.70")),
    ]
    assert (sums.subtotal, sums.tax_total, sums.total) == (D("115.00"), D("19.70"), D("134.70"))


def test_discounts_are_spread_over_the_rates_of_the_other_lines():
    lines = [Charge(D("80.00"), VAT), Charge(D("20.00"), LOW), Charge(D("-10.00"), is_discount=True)]
    sums = taxes.add_up(lines, inclusive=False)
    assert [(t.base, t.amount) for t in sums.taxes] == [(D("72.00"), D("13.68")), (D("18.00"), D("1.26"))]
    assert sums.total == D("104.94")


def test_discounts_without_any_other_line_are_below_zero():
    assert taxes.add_up([Charge(D("-10.00"), is_discount=True)], inclusive=False).total == D("-10.00")
    assert taxes.add_up([], inclusive=False).total == D("0.00")


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        ("0.10", "1 1 1", "0.04 0.03 0.03"),
        ("-0.10", "1 1 1", "-0.04 -0.03 -0.03"),
        ("1.00", "0 1 3", "0.00 0.25 0.75"),
        ("1.00", "0 0", "0 0"),
        ("1.00", "", ""),
    ],
)
def test_allot_gives_the_odd_cents_to_the_largest_remainders(total, weights, parts):
    assert taxes.allot(D(total), [D(w) for w in weights.split()]) == [D(p) for p in parts.split()]


@pytest.fixture(params=["USD", "JPY", "KWD"])
def currency(request):
    money.use_currency(request.param)
    yield request.param
    money.use_currency("USD")


amounts = st.integers(0, 10_000_000)
rates = st.sampled_from([None, VAT, LOW, Rate("Odd", D("8.875")), Rate("Zero", D(0))])


@given(lines=st.lists(st.tuples(amounts, rates), max_size=12), off=st.integers(0, 100), inclusive=st.booleans())
def test_sums_add_up_whatever_the_lines(currency, lines, off, inclusive):
    charges = [Charge(money.from_minor(minor), rate) for minor, rate in lines]
    gross = sum((c.amount for c in charges), D(0))
    charges.append(Charge(-money.round_half_up(gross * off / 100), is_discount=True))
    sums = taxes.add_up(charges, inclusive=inclusive)
    stated = sum((c.amount for c in charges), D(0))
    assert sums.total == sums.subtotal + sums.tax_total
    assert (sums.total if inclusive else sums.subtotal) == stated
    assert sums.tax_total == sum((t.amount for t in sums.taxes), D(0))
    assert all(t.amount >= 0 and t.base >= 0 for t in sums.taxes)
    net = taxes.after_discounts(charges)
    assert sum(net, D(0)) == (stated if gross else D(0))
    assert all(0 <= left <= c.amount for left, c in zip(net, charges, strict=True) if not c.is_discount)
    for tax in sums.taxes:
        of = tax.base + tax.amount if inclusive else tax.base
        exact = of - of / (1 + tax.rate.percent / 100) if inclusive else of * tax.rate.percent / 100
        assert abs(tax.amount - exact) <= money.quantum() / 2


@given(total=st.integers(-100_000, 100_000), weights=st.lists(st.integers(0, 5000), min_size=1, max_size=20))
def test_allot_loses_nothing(currency, total, weights):
    parts = taxes.allot(money.from_minor(total), [money.from_minor(w) for w in weights])
    assert sum(parts, D(0)) == (money.from_minor(total) if any(weights) else 0)
    for part, weight in zip(parts, weights, strict=True):
        if any(weights):
            assert abs(part - money.from_minor(total) * weight / sum(weights)) < money.quantum()


@pytest.mark.covers("M3")
def test_the_client_s_rate_comes_before_the_service_s_and_exempt_bears_none(cast):
    default = make_money.tax_rate("Sales tax", D(8), is_default=True)
    own, of_service = make_money.tax_rate("Own", D(5)), make_money.tax_rate("Reduced", D(7))
    plain, reduced = make.service_item(), make.service_item(tax_rate=of_service)

    def rate(client, item):
        return taxes.rate_for(client, item, default=taxes.default_rate())

    assert (rate(cast.alice, plain), rate(cast.alice, reduced), rate(cast.alice, None)) == (
        default,
        of_service,
        default,
    )
    cast.alice.tax_rate = own
    assert (rate(cast.alice, plain), rate(cast.alice, reduced)) == (own, own)
    cast.alice.is_tax_exempt = True
    assert rate(cast.alice, reduced) is None


def test_without_any_rate_nothing_is_taxed(cast):
    assert taxes.default_rate() is None
    make_money.tax_rate("Old", is_default=True, is_active=False)
    assert taxes.default_rate() is None
    assert isinstance(make_money.tax_rate(), TaxRate)
    assert taxes.rate_for(cast.alice, cast.walk, default=None) is None
