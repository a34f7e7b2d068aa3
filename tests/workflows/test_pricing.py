"""Prices: the item's, what was agreed, rules, further pets, days of a stay; the sitter's pay; line by line."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation import money
from models import Client, PayKind, PriceEffect, PriceTarget, ServiceItem
from tests import factories as make
from tests.databases import statements
from workflows import settings
from workflows.price_books import Book, Quote, load_book
from workflows.price_rules import Rule
from workflows.pricing import kept_lines, lines_to_keep, quote

THU, FRI, SAT, SUN, MON = (dt.date(2026, 11, d) for d in range(26, 31))
NOON = dt.time(12)
RECURRING, FIRST_TIME = 1, 2


def item(**more):
    values = {
        "id": 1, "group_id": 1, "name": "Walk", "price": Decimal("20.00"), "extra_pet_price": Decimal("5.00"),
        "pay_kind": PayKind.PERCENT, "pay_percent": Decimal(50), "pay_amount": Decimal("12.00"), **more,
    }  # fmt: skip
    return ServiceItem(**values)


def rule(amount=None, effect=PriceEffect.SET_AMOUNT, *, percent=None, id=1, **more):  # noqa: A002 -- a rule's id
    values = {"id": id, "name": f"Rule {id}", "effect": effect, **more}
    return Rule(
        amount=None if amount is None else Decimal(amount),
        percent=None if percent is None else Decimal(percent),
        **values,
    )


def add(amount=None, *, percent=None, **more):
    effect = PriceEffect.ADD_AMOUNT if percent is None else PriceEffect.ADD_PERCENT
    return rule(amount, effect, percent=percent, **more)


def pay(amount=None, effect=PriceEffect.SET_AMOUNT, **more):
    return rule(amount, effect, target=PriceTarget.PAY, **more)


def book(*rules, **more):
    """A book with these rules in this order; Thursday is a holiday."""
    numbered = [replace(r, id=n, name=f"Rule {n}") for n, r in enumerate(rules, start=1)]
    return Book(
        price_rules=tuple(r for r in numbered if r.target is PriceTarget.PRICE),
        pay_rules=tuple(r for r in numbered if r.target is PriceTarget.PAY),
        **{"holidays": {THU: "Thanksgiving"}, **more},
    )


def price(*rules, of=None, n_pets=1, on_date=FRI, type_id=None, **more):
    """The price of a 20.00 walk on a Friday under these rules."""
    client = Client(id=7, client_type_id=type_id)
    used = more.pop("book", None) or book(*rules)
    return quote(of or item(), n_pets=n_pets, client=client, on_date=on_date, book=used, **more).price


def told(lines):
    return [(line.text % line.values, line.amount) for line in lines]


# --------------------------------------------------------------------------------------- without rules


@pytest.mark.parametrize(
    ("n_pets", "n_days", "expected"),
    [(0, 1, "20.00"), (1, 1, "20.00"), (2, 1, "25.00"), (4, 1, "35.00"), (2, 3, "75.00")],
)
def test_quote_adds_each_further_pet_and_counts_the_days(n_pets, n_days, expected):
    assert quote(item(), n_pets=n_pets, n_days=n_days, book=Book()).price == Decimal(expected)


def test_quote_pays_a_share_of_the_price_rounded_half_up():
    assert quote(item(price=Decimal("20.01")), n_pets=1, book=Book()) == Quote(Decimal("20.01"), Decimal("10.01"))


def test_quote_pays_a_fixed_amount_for_each_day_whatever_the_pets():
    figures = quote(item(pay_kind=PayKind.AMOUNT), n_pets=3, n_days=2, book=Book())
    assert figures == Quote(Decimal("60.00"), Decimal("24.00"))


def test_quote_rounds_to_the_currency():
    money.use_currency("JPY")
    assert quote(item(price=Decimal(1001)), n_pets=1, book=Book()).sitter_pay == Decimal(501)


# --------------------------------------------------------------------------------------- each condition


@pytest.mark.parametrize(
    ("condition", "asked", "holds"),
    [
        ({"service_item_id": 1}, {}, True),
        ({"service_item_id": 2}, {}, False),
        ({"service_group_id": 1}, {}, True),
        ({"service_group_id": 2}, {}, False),
        ({"service_group_id": 1}, {"of": item(group_id=None)}, False),
        ({"client_type_id": RECURRING}, {"type_id": RECURRING}, True),
        ({"client_type_id": RECURRING}, {"type_id": FIRST_TIME}, False),
        ({"client_type_id": RECURRING}, {"type_id": None}, False),
        ({"on_holiday": True}, {"on_date": THU}, True),
        ({"on_holiday": True}, {"on_date": FRI}, False),
        ({"on_holiday": True}, {"on_date": None}, False),
        ({"on_holiday": False}, {"on_date": FRI}, True),
        ({"on_holiday": False}, {"on_date": THU}, False),
        ({"on_holiday": False}, {"on_date": None}, False),
        ({"weekdays": 0b0110000}, {"on_date": SAT}, True),
        ({"weekdays": 0b1100000}, {"on_date": SUN}, True),
        ({"weekdays": 0b1100000}, {"on_date": MON}, False),
        ({"weekdays": 0b1100000}, {"on_date": None}, False),
        ({"starts_from": dt.time(18)}, {"begins": dt.time(18)}, True),
        ({"starts_from": dt.time(18)}, {"begins": dt.time(17, 59)}, False),
        ({"starts_before": dt.time(7)}, {"begins": dt.time(6, 59)}, True),
        ({"starts_before": dt.time(7)}, {"begins": dt.time(7)}, False),
        ({"starts_from": dt.time(9), "starts_before": dt.time(17)}, {"begins": NOON}, True),
        ({"starts_from": dt.time(9), "starts_before": dt.time(17)}, {"begins": dt.time(17)}, False),
        ({"starts_from": dt.time(21), "starts_before": dt.time(6)}, {"begins": dt.time(23)}, True),
        ({"starts_from": dt.time(21), "starts_before": dt.time(6)}, {"begins": dt.time(0)}, True),
        ({"starts_from": dt.time(21), "starts_before": dt.time(6)}, {"begins": dt.time(6)}, False),
        ({"starts_from": dt.time(21), "starts_before": dt.time(6)}, {"begins": NOON}, False),
        ({"starts_from": dt.time(0)}, {"begins": None}, False),
        ({"starts_before": dt.time(7)}, {"begins": None}, False),
        ({"pets_from": 1, "pets_to": 1}, {}, True),
        ({"pets_from": 2}, {}, False),
        ({"pets_to": 0}, {}, False),
        ({"first_on": FRI, "last_on": FRI}, {"on_date": FRI}, True),
        ({"first_on": FRI}, {"on_date": THU}, False),
        ({"last_on": FRI}, {"on_date": SAT}, False),
        ({"first_on": FRI}, {"on_date": None}, False),
        ({"last_on": FRI}, {"on_date": None}, False),
        ({"on_holiday": True, "client_type_id": RECURRING}, {"on_date": THU, "type_id": RECURRING}, True),
        ({"on_holiday": True, "client_type_id": RECURRING}, {"on_date": THU}, False),
        ({"on_holiday": True, "client_type_id": RECURRING}, {"type_id": RECURRING}, False),
    ],
)
def test_rule_holds_only_where_its_conditions_do(condition, asked, holds):
    assert price(rule(30, **condition), **asked) == (30 if holds else 20)


@pytest.mark.parametrize(
    ("booked", "begins", "holds"),
    [
        ("2026-11-26 12:01-05:00", NOON, True),
        ("2026-11-26 12:00-05:00", NOON, False),
        ("2026-11-27 13:00-05:00", NOON, True),
        # Without a time, notice counts to the first minute of the day.
        ("2026-11-26 00:01-05:00", None, True),
        ("2026-11-26 00:00-05:00", None, False),
        (None, NOON, False),
    ],
)
def test_rule_for_short_notice_counts_the_hours_from_booking_to_start(app, booked, begins, holds):
    settings.read()
    at = dt.datetime.fromisoformat(booked) if booked else None
    assert price(add(10, booked_within_hours=24), begins=begins, booked_at=at) == (30 if holds else 20)


@pytest.mark.parametrize(
    ("booked", "holds"),
    [
        # The night to 1 November 2026 is an hour longer, and the clock on the wall counts, as for fees.
        ("2026-10-31 08:00-04:00", False),
        ("2026-10-31 08:01-04:00", True),
    ],
)
def test_rule_for_short_notice_counts_by_the_clock_on_the_wall(app, booked, holds):
    settings.read()
    case = {"on_date": dt.date(2026, 11, 1), "begins": dt.time(8), "booked_at": dt.datetime.fromisoformat(booked)}
    assert price(add(10, booked_within_hours=24), **case) == (30 if holds else 20)


def test_rule_for_short_notice_needs_a_day():
    at = dt.datetime(2026, 11, 27, tzinfo=dt.UTC)
    assert price(add(10, booked_within_hours=24), on_date=None, booked_at=at) == 20


# --------------------------------------------------------------------------------------- order


def test_first_matching_set_rule_wins_and_the_others_are_not_asked():
    assert price(rule(31, on_holiday=True), rule(32), rule(33)) == 32


def test_every_matching_addition_is_added_also_before_the_rule_that_sets():
    assert price(add(1), rule(30), add(2), add(4, on_holiday=True), add(percent=10)) == Decimal("36.00")


def test_percent_is_of_the_price_with_further_pets_before_any_addition_rounded_half_up():
    figures = quote(item(price=Decimal("20.05")), n_pets=2, book=book(add(7), add(percent=10), add(percent="-2.5")))
    # 25.05; 2.505 becomes 2.51, 0.62625 becomes 0.63
    assert figures.price == Decimal("25.05") + 7 + Decimal("2.51") - Decimal("0.63")


@pytest.mark.parametrize(("percent", "expected"), [("2.5", "20.71"), ("-2.5", "19.69"), ("2.4", "20.68")])
def test_halves_are_rounded_away_from_zero(percent, expected):
    # 2.5 % of 20.20 is 0.505; 2.4 % is 0.4848
    assert price(add(percent=percent), of=item(price=Decimal("20.20"))) == Decimal(expected)


def test_rule_that_stops_ends_the_list_only_if_it_applies():
    assert price(add(1, stops=True), add(2)) == 21
    assert price(add(1, stops=True, on_holiday=True), add(2)) == 22
    assert price(rule(30, stops=True), rule(40), add(2)) == 30
    # The second one matches, but the first was before it: it does not apply, so it ends nothing.
    assert price(rule(30), rule(40, stops=True), add(2)) == 32
    # What comes after the end cannot set the price either.
    assert price(add(1, stops=True), rule(30)) == 21


def test_price_never_falls_below_zero_and_a_line_says_so():
    figures = quote(item(), n_pets=1, book=book(add(-15), add(-15)))
    assert figures == Quote(Decimal(0), Decimal(0))
    assert told(figures.lines)[-1] == ("Never below zero", Decimal("10.00"))


def test_discount_takes_off():
    assert price(add(-3), add(percent=-10)) == 15


def test_the_trades_own_example():
    """Pet Sitter Plus, charge conditions: base 15; recurring and holiday 18; recurring 14; holiday 19."""
    walk = item(price=Decimal(15))
    rules = [
        rule(18, client_type_id=RECURRING, on_holiday=True), rule(14, client_type_id=RECURRING),
        rule(19, on_holiday=True),
    ]  # fmt: skip
    asked = [(RECURRING, THU), (RECURRING, FRI), (FIRST_TIME, THU), (None, THU), (FIRST_TIME, FRI), (None, FRI)]
    prices = [price(*rules, of=walk, type_id=type_id, on_date=day) for type_id, day in asked]
    assert prices == [18, 14, 19, 19, 15, 15]


# --------------------------------------------------------------------------------------- agreed, pets


def test_agreed_price_replaces_the_items_and_every_set_rule_and_takes_additions():
    agreed = book(rule(30, stops=True), add(2), agreed={(7, 1): Decimal(16)})
    assert price(book=agreed) == 18
    assert price(book=agreed, of=item(id=2)) == 30
    assert price(book=agreed, n_pets=2) == 23
    other = quote(item(), n_pets=1, client=Client(id=8), book=agreed)
    assert other.price == 30
    assert quote(item(), n_pets=1, book=agreed).price == 30


@pytest.mark.parametrize(("n_pets", "expected"), [(1, 20), (2, 25), (3, 28), (4, 31), (5, 32), (6, 33)])
def test_nth_pet_adds_the_amount_of_its_row_and_before_any_row_the_items(n_pets, expected):
    steps = book(extra_pets={1: ((3, Decimal(3)), (5, Decimal(1)))})
    assert price(book=steps, n_pets=n_pets) == expected


def test_further_pets_come_on_top_of_a_rule_and_are_told_in_runs():
    steps = book(rule(30), extra_pets={1: ((3, Decimal(3)), (5, Decimal(0)))})
    figures = quote(item(), n_pets=6, book=steps)
    assert told(figures.lines) == [("Rule 1", 30), ("Extra pet: no. 2", 5), ("Extra pets: no. 3 to 4", 6)]
    assert figures.price == 41


# --------------------------------------------------------------------------------------- stays


def test_stay_over_a_holiday_pays_its_surcharge_for_the_nights_that_begin_on_it():
    night = item(price=Decimal(60), name="Boarding")
    rules = book(add(10, on_holiday=True), add(percent=50, weekdays=0b0110000))
    # Wednesday to Sunday: Wed, Thu (holiday), Fri and Sat (weekend); Sunday is the day of departure.
    figures = quote(night, n_pets=2, n_days=4, on_date=dt.date(2026, 11, 25), book=rules)
    assert figures.price == 65 + 75 + Decimal("97.50") * 2
    assert [(line.text % line.values, line.values.get("n_days"), line.amount) for line in figures.lines] == [
        ("Boarding", 4, 240), ("Extra pet: no. 2", 4, 20), ("Rule 1", 1, 10), ("Rule 2, 50%", 2, 65),
    ]  # fmt: skip
    assert figures.sitter_pay == figures.price / 2


def test_stay_may_have_another_base_on_single_days():
    rules = book(rule(90, on_holiday=True, stops=True), add(5, first_on=THU, last_on=FRI))
    assert price(book=rules, on_date=THU, n_days=3) == 90 + 25 + 20


def test_what_is_asked_of_the_start_holds_for_the_first_day_of_a_stay_only():
    late = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
    assert price(add(10, booked_within_hours=48), on_date=FRI, n_days=3, booked_at=late) == 70
    assert price(add(10, starts_from=dt.time(18)), on_date=FRI, n_days=3, begins=dt.time(19)) == 70


def test_visit_over_midnight_counts_by_the_day_on_which_it_begins():
    assert price(add(10, on_holiday=True), on_date=THU, begins=dt.time(22)) == 30
    assert price(add(10, on_holiday=True), on_date=dt.date(2026, 11, 25), begins=dt.time(22)) == 20


# --------------------------------------------------------------------------------------- pay


def pay_of(*rules, of=None, **more):
    return quote(of or item(), n_pets=1, book=book(*rules), **more).sitter_pay


def test_pay_is_the_share_of_the_price_with_its_additions():
    assert pay_of(add(10)) == 15


def test_pay_rule_sets_an_amount_or_a_share_of_the_price_and_the_first_wins():
    share = pay(None, PriceEffect.SET_PERCENT, percent="60")
    assert pay_of(add(10), share) == 18
    assert pay_of(pay(13), share) == 13
    assert pay_of(pay(13, on_holiday=True), share, on_date=FRI) == 12
    assert pay_of(pay(13, on_holiday=True), share, on_date=THU) == 13
    assert pay_of(pay(13), of=item(pay_kind=PayKind.AMOUNT)) == 13


def test_pay_takes_additions_of_the_pay_before_any_and_stops_and_stays_above_zero():
    more = PriceEffect.ADD_AMOUNT
    assert pay_of(pay(3, more), pay(None, PriceEffect.ADD_PERCENT, percent="10")) == 14
    assert pay_of(pay(3, more, stops=True), pay(1, more)) == 13
    assert pay_of(pay(-30, more)) == 0


def test_rules_for_the_price_do_not_set_the_pay_nor_the_other_way_round():
    figures = quote(item(pay_kind=PayKind.AMOUNT), n_pets=1, book=book(rule(30, stops=True), pay(13, stops=True)))
    assert figures == Quote(Decimal(30), Decimal(13))


def test_agreed_price_does_not_keep_pay_rules_from_setting():
    agreed = book(pay(13), agreed={(7, 1): Decimal(16)})
    assert quote(item(), n_pets=1, client=Client(id=7), book=agreed) == Quote(Decimal(16), Decimal(13))


# --------------------------------------------------------------------------------------- lines


def test_quote_explains_itself_line_by_line():
    rules = book(add(10, on_holiday=True), pay(None, PriceEffect.SET_PERCENT, percent="62.50"))
    figures = quote(item(), n_pets=2, on_date=THU, book=rules)
    assert told(figures.lines) == [("Walk", 20), ("Extra pet: no. 2", 5), ("Rule 1", 10)]
    assert told(figures.pay_lines) == [("Rule 2, 62.5%", Decimal("21.88"))]
    assert [line.code for line in figures.lines] == ["item", "extra_pet", "rule:1"]


@pytest.mark.parametrize(
    ("of", "text"), [(item(), "50% of the price"), (item(pay_kind=PayKind.AMOUNT), "Pay for Walk")]
)
def test_quote_explains_the_items_own_pay(of, text):
    assert [line for line, _ in told(quote(of, n_pets=1, book=Book()).pay_lines)] == [text]


def test_lines_can_be_kept_as_json_and_come_back_as_they_were():
    figures = quote(item(name="100% walk"), n_pets=3, n_days=2, on_date=THU, book=book(add(10), pay(13)))
    kept = lines_to_keep(figures)
    assert kept_lines(kept, PriceTarget.PRICE) == list(figures.lines)
    assert kept_lines(kept, PriceTarget.PAY) == list(figures.pay_lines)
    assert told(figures.lines)[0] == ("100% walk", 40)


# --------------------------------------------------------------------------------------- the book


def test_book_holds_active_rules_by_position_and_what_the_clients_agreed(cast):
    make.price_rule("Second", amount=Decimal(31), position=2)
    first = make.price_rule("First", amount=Decimal(30), position=1, on_holiday=True)
    make.price_rule("Off", amount=Decimal(1), is_active=False)
    make.price_rule("Pay", amount=Decimal(9), target=PriceTarget.PAY)
    make.public_holiday(THU)
    make.extra_pet_price(cast.walk, 3, Decimal(2))
    make.client_price(cast.alice, cast.walk, Decimal(17))
    make.client_price(cast.bob, cast.walk, Decimal(16))
    held = load_book([cast.alice], THU, SAT)
    assert [r.name for r in held.price_rules] == ["First", "Second"]
    assert held.price_rules[0].id == first.id
    assert [r.name for r in held.pay_rules] == ["Pay"]
    assert held.agreed == {(cast.alice.id, cast.walk.id): Decimal(17)}
    assert held.extra_pets == {cast.walk.id: ((3, Decimal(2)),)}
    assert held.holidays == {THU: "Thanksgiving Day"}
    assert quote(cast.walk, n_pets=1, client=cast.alice, on_date=THU) == Quote(Decimal(17), Decimal(9))


def test_book_costs_two_queries_however_many_clients_and_days_and_quotes_cost_none(cast):
    clients = [make.client() for _ in range(20)]
    for each in clients:
        make.client_price(each, cast.walk)
        make.price_rule(position=each.id, on_holiday=True)
        make.extra_pet_price(make.service_item())
    assert cast.walk.group
    with statements() as sent:
        held = load_book(clients, THU, THU + dt.timedelta(days=365))
    assert len(sent) == 2, sent
    with statements() as sent:
        for each in clients:
            for n in range(10):
                quote(cast.walk, n_pets=2, client=each, on_date=THU + dt.timedelta(days=n), begins=NOON, book=held)
    assert sent == []


def test_book_refuses_clients_and_days_that_it_was_not_read_for(cast):
    held = load_book([cast.alice], THU, FRI)
    with pytest.raises(LookupError):
        quote(cast.walk, n_pets=1, client=cast.bob, on_date=THU, book=held)
    with pytest.raises(LookupError):
        quote(cast.walk, n_pets=1, client=cast.alice, on_date=SAT, book=held)


def test_book_knows_the_holidays_of_a_stay_that_lasts_beyond_its_days(cast):
    make.public_holiday(THU)
    make.price_rule(amount=Decimal(7), effect=PriceEffect.ADD_AMOUNT, on_holiday=True)
    day = dt.date(2026, 11, 24)
    held = load_book([cast.alice], day, day)
    plain = quote(cast.overnight, n_pets=1, n_days=4, on_date=day, book=Book()).price
    assert quote(cast.overnight, n_pets=1, n_days=4, on_date=day, book=held).price == plain + 7


def test_book_can_be_read_for_the_last_day_of_the_calendar(cast):
    assert load_book([], dt.date.max, dt.date.max).holidays == {}


# --------------------------------------------------------------------------------------- properties

AMOUNTS = st.integers(0, 10**6).map(money.from_minor)
SIGNED = st.integers(-(10**6), 10**6).map(money.from_minor)
PERCENTS = st.integers(-20_000, 30_000).map(lambda n: Decimal(n).scaleb(-2))
CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "on_holiday": st.booleans(),
        "weekdays": st.integers(1, 127),
        "pets_from": st.integers(1, 4),
        "pets_to": st.integers(1, 4),
        "starts_from": st.times().map(lambda t: t.replace(second=0, microsecond=0)),
        "starts_before": st.times().map(lambda t: t.replace(second=0, microsecond=0)),
        "first_on": st.dates(THU, MON),
        "last_on": st.dates(THU, MON),
        "client_type_id": st.sampled_from([RECURRING, FIRST_TIME]),
        "booked_within_hours": st.integers(1, 400),
        "stops": st.booleans(),
    },
)
RULES = st.one_of(
    st.builds(lambda amount, more: rule(amount, **more), AMOUNTS, CONDITIONS),
    st.builds(lambda amount, more: add(amount, **more), SIGNED, CONDITIONS),
    st.builds(lambda percent, more: add(percent=percent, **more), PERCENTS, CONDITIONS),
    st.builds(lambda amount, more: pay(amount, **more), AMOUNTS, CONDITIONS),
    st.builds(lambda amount, more: pay(amount, PriceEffect.ADD_AMOUNT, **more), SIGNED, CONDITIONS),
    st.builds(
        lambda percent, more: pay(None, PriceEffect.SET_PERCENT, percent=abs(percent), **more), PERCENTS, CONDITIONS
    ),
)
CASES = st.fixed_dictionaries(
    {
        "n_pets": st.integers(0, 6),
        "n_days": st.integers(1, 20),
        "on_date": st.dates(THU - dt.timedelta(days=10), MON),
        "begins": st.none() | st.times(),
        "booked_at": st.none() | st.datetimes(dt.datetime(2026, 11, 1), dt.datetime(2026, 12, 1), timezones=st.just(dt.UTC)),
        "client": st.none() | st.builds(Client, id=st.just(7), client_type_id=st.sampled_from([None, 1, 2])),
    }
)  # fmt: skip
ITEMS = st.builds(
    item, price=AMOUNTS, extra_pet_price=AMOUNTS, pay_amount=AMOUNTS, pay_kind=st.sampled_from(PayKind),
    pay_percent=st.integers(0, 10000).map(lambda n: Decimal(n).scaleb(-2)),
)  # fmt: skip
BOOKS = st.builds(
    lambda rules, agreed, steps: book(*rules, agreed=agreed, extra_pets={1: tuple(sorted(steps.items()))}),
    st.lists(RULES, max_size=8),
    st.dictionaries(st.just((7, 1)), AMOUNTS),
    st.dictionaries(st.integers(2, 6), AMOUNTS, max_size=3),
)


@given(ITEMS, BOOKS, CASES)
def test_lines_always_sum_to_figures_that_are_never_negative_and_can_be_stored(of, used, case):
    figures = quote(of, book=used, **case)
    assert figures.price == sum(line.amount for line in figures.lines)
    assert figures.sitter_pay == sum(line.amount for line in figures.pay_lines)
    assert money.to_minor(figures.price) >= 0
    assert money.to_minor(figures.sitter_pay) >= 0
    assert all(line.text % line.values for line in [*figures.lines, *figures.pay_lines])


@given(ITEMS, BOOKS, CASES)
def test_stay_costs_and_pays_the_sum_of_its_days(of, used, case):
    n_days, first = case.pop("n_days"), case["on_date"]
    stay = quote(of, n_days=n_days, book=used, **case)
    later = {**case, "begins": None, "booked_at": None}
    days = [quote(of, book=used, **case)]
    days += [quote(of, book=used, **{**later, "on_date": first + dt.timedelta(days=n)}) for n in range(1, n_days)]
    assert stay == Quote(sum(d.price for d in days), sum(d.sitter_pay for d in days))


@given(ITEMS, CASES)
def test_without_rules_the_price_is_the_lists(of, case):
    figures = quote(of, book=Book(), **case)
    pets = max(case["n_pets"] - 1, 0)
    assert figures.price == (of.price + of.extra_pet_price * pets) * case["n_days"]
    if of.pay_kind is PayKind.PERCENT:
        assert figures.sitter_pay <= figures.price


@given(ITEMS, st.lists(RULES, max_size=6), CASES)
def test_rules_that_are_not_met_change_nothing(of, rules, case):
    never = [replace(r, service_item_id=99) for r in rules]
    assert quote(of, book=book(*never), **case) == quote(of, book=Book(), **case)


MANY = [
    rule(25, weekdays=0b1100000), rule(18, starts_before=dt.time(9)), rule(percent=90, effect=PriceEffect.SET_PERCENT, first_on=SAT),
    add(7, on_holiday=True), add(3, booked_within_hours=48), add(4, booked_within_hours=24, last_on=SUN), add(percent=10, pets_from=2),
    add(2, client_type_id=RECURRING), pay(9, weekdays=0b0000001), pay(2, PriceEffect.ADD_AMOUNT, on_holiday=True),
]  # fmt: skip


def test_book_that_quoted_much_already_quotes_as_a_fresh_one():
    """Days of one kind are priced once; whatever a rule asks about must be part of the kind."""
    used = book(*MANY, agreed={(8, 1): Decimal("11.00")})
    asked_at = dt.datetime(2026, 11, 26, 15, tzinfo=dt.UTC)
    services = [item(), item(name="Long walk"), item(price=Decimal("30.00")), item(id=2), item(pay_percent=Decimal(40))]
    clients = [Client(id=7, client_type_id=RECURRING), Client(id=7, client_type_id=FIRST_TIME), Client(id=8)]
    seen = set()
    for of, client, day, n_pets, begins, at in product(
        services, clients, (THU, FRI, SAT, SUN, MON), (1, 2), (dt.time(8), NOON, None), (None, asked_at)
    ):
        asked = {"n_pets": n_pets, "client": client, "on_date": day, "begins": begins, "booked_at": at}
        found = quote(of, **asked, book=used)
        alone = quote(of, **asked, book=replace(used))
        assert (found, found.lines, found.pay_lines) == (alone, alone.lines, alone.pay_lines), asked
        seen.add(found.price)
    assert len(seen) > 30
    assert len(used.quotes) < 5 * 3 * 5 * 2 * 3 * 2


def test_book_does_not_keep_what_a_service_cost_before():
    used, walk = book(), item()
    assert price(of=walk, book=used) == 20
    walk.price = Decimal("21.00")
    assert price(of=walk, book=used) == 21
