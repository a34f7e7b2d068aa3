"""Money: exact, in minor units, never rounded in silence."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation import money
from foundation.money import BadAmountError


def test_use_currency_sets_the_number_of_decimals():
    seen = []
    for code in ("USD", "JPY", "KWD"):
        money.use_currency(code)
        seen.append((money.currency(), money.exponent(), money.quantum()))
    assert seen == [("USD", 2, Decimal("0.01")), ("JPY", 0, Decimal(1)), ("KWD", 3, Decimal("0.001"))]
    assert money.exponent("EUR") == 2


@pytest.mark.parametrize("amount", ["0", "0.01", "12", "12.5", "12.50", "-3.10", "92233720368547758.07"])
def test_to_minor_and_back_keeps_the_amount(amount):
    assert money.from_minor(money.to_minor(Decimal(amount))) == Decimal(amount)


@pytest.mark.parametrize(
    "amount", [Decimal("0.001"), Decimal("12.345"), Decimal("NaN"), Decimal("Infinity"), Decimal("1e999999"), 0.1]
)
def test_to_minor_refuses_what_the_currency_cannot_express(amount):
    with pytest.raises(BadAmountError):
        money.to_minor(amount)


def test_to_minor_refuses_more_than_the_database_can_hold():
    with pytest.raises(BadAmountError):
        money.to_minor(Decimal("92233720368547758.08"))


@given(st.integers(1 - 2**63, 2**63 - 1), st.sampled_from(["USD", "JPY", "KWD"]))
def test_minor_units_survive_the_round_trip_in_every_currency(minor, code):
    money.use_currency(code)
    assert money.to_minor(money.from_minor(minor)) == minor


@given(st.lists(st.integers(0, 10**9), max_size=20))
def test_sums_of_amounts_are_exact(minors):
    money.use_currency("USD")
    assert sum((money.from_minor(m) for m in minors), Decimal(0)) == money.from_minor(sum(minors))


@pytest.mark.parametrize(
    ("amount", "rounded"), [("0.005", "0.01"), ("-0.005", "-0.01"), ("0.0049", "0.00"), ("2.675", "2.68")]
)
def test_round_half_up_takes_halves_away_from_zero(amount, rounded):
    assert str(money.round_half_up(Decimal(amount))) == rounded


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12", "12"), ("12.50", "12.50"), (" 12.5 ", "12.5"), ("12,50", "12.50"), ("12,5", "12.5"),
        ("1,250.00", "1250.00"), ("1,250", "1250"), ("1 250,00", "1250.00"), ("1\u00a0250.00", "1250.00"),
        ("1.250,00", "1250.00"), ("1.250.000,5", "1250000.5"), ("1,250,000", "1250000"), ("-5", "-5"), ("1.250.000", "1250000"),
        ("1'250.00", "1250.00"), ("1\u202f250,00", "1250.00"),
    ],
)  # fmt: skip
def test_parse_reads_what_people_type(text, amount):
    assert money.parse(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    ["", "  ", "abc", "12.345", "1.250", "0,001", "01,000", "1,2,3", "12,50,00", "NaN", "Infinity", "1e3", "1e999999", "1_000", "£5", "--5",
     "1.2.3", "1,25.00", "5-", ".", ","],
)  # fmt: skip
def test_parse_refuses_what_is_not_clearly_an_amount(text):
    with pytest.raises(BadAmountError):
        money.parse(text)


def test_parse_follows_the_currency_s_decimals():
    money.use_currency("JPY")
    assert money.parse("1,250") == 1250
    with pytest.raises(BadAmountError):
        money.parse("12.50")
    money.use_currency("KWD")
    assert money.parse("1.250") == Decimal("1.250")


@given(st.integers(0, 10**12), st.sampled_from(["USD", "JPY", "KWD"]), st.booleans())
def test_parse_reads_back_what_is_written_with_either_decimal_sign(minor, code, comma):
    money.use_currency(code)
    text = f"{money.from_minor(minor):f}"
    assert money.parse(text.replace(".", ",") if comma else text) == money.from_minor(minor)


def test_show_writes_the_amount_as_the_locale_does():
    assert money.show(Decimal("1250.5"), "en") == "$1,250.50"
    assert money.show(None) == ""
    money.use_currency("JPY")
    assert money.show(Decimal(1250), "en") == "¥1,250"
