"""What a client is shown in the basket is what they are asked to pay: estimate = request = visit = invoice, to the cent."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation import clock
from foundation.db import db
from models import (
    InvoiceState,
    PriceEffect,
)
from tests import cast as cast_
from tests import databases
from tests import factories as make
from tests import money_factories as money_make
from workflows import baskets, job_requests, limits, price_books, sending
from workflows import settings as business
from workflows.billing import books, drafting, invoicing
from workflows.wanted import Wanted

FEWER = settings(max_examples=max(settings.default.max_examples // 7, 10))
MON = dt.date(2026, 11, 23)

cents = st.integers(0, 9_999).map(lambda n: Decimal(n) / 100)
rules = st.lists(
    st.fixed_dictionaries(
        {
            "effect": st.sampled_from([PriceEffect.SET_AMOUNT, PriceEffect.ADD_AMOUNT, PriceEffect.ADD_PERCENT]),
            "amount": cents,
            # a holiday or late-booking fee above zero, a discount below
            "percent": st.integers(-5_000, 5_000).map(lambda n: Decimal(n) / 100),
            "on_holiday": st.sampled_from([None, True, False]),
            "weekdays": st.sampled_from([None, 0b0011111, 0b1100000]),
            "pets_from": st.sampled_from([None, 2]),
            "booked_within_hours": st.sampled_from([None, 24, 96]),
            "starts_from": st.sampled_from([None, dt.time(17)]),
        }
    ),
    max_size=4,
)
lines = st.lists(
    st.tuples(st.integers(1, 12), st.sampled_from([9, 12, 18]), st.integers(1, 2), st.booleans()),
    min_size=1, max_size=6, unique_by=lambda line: line[:2],
)  # fmt: skip


@pytest.fixture
def fresh(app):
    """An empty business with its people, for each example anew."""

    def do():
        db.session.rollback()
        databases.empty(app)
        business.forget()
        return cast_.make_cast()

    return do


def set_up(cast, wanted_rules, agreed, tax, inclusive):
    for n, values in enumerate(wanted_rules):
        more = dict(values)
        if more["effect"] is PriceEffect.ADD_PERCENT:
            more["amount"] = None
        else:
            more["percent"] = None
        make.price_rule(f"Rule {n}", position=n, **more)
    make.public_holiday(MON + dt.timedelta(days=3))
    make.extra_pet_price(cast.walk, from_pet=2, amount=Decimal("3.35"))
    if agreed is not None:
        make.client_price(cast.alice, cast.walk, price=agreed)
    money_make.tax_rate("VAT", tax, is_default=True)
    business.change({"tax.inclusive": inclusive}, actor=cast.as_olivia)


@pytest.mark.covers("M1")
@FEWER
@given(
    rules, lines, st.none() | cents, st.sampled_from([Decimal(0), Decimal(20), Decimal("8.875")]), st.booleans()
)  # fmt: skip
def test_the_invoice_asks_for_what_the_basket_showed(fresh, wanted_rules, wanted, agreed, tax, inclusive):
    cast = fresh()
    set_up(cast, wanted_rules, agreed, tax, inclusive)
    for day, hour, n_pets, _ in wanted:
        pets = [cast.biscuit, cast.mochi][:n_pets]
        one = Wanted(cast.walk, [MON + dt.timedelta(days=day)], start_time=dt.time(hour), pets=pets)
        baskets.add(cast.alice, one, actor=cast.as_alice)
    basket = baskets.basket_of(cast.alice.id)
    book = price_books.load_book([cast.alice], *limits.span(line.on_date for line in basket.lines))
    shown = baskets.estimates(basket.lines, book=book, now=clock.now())
    promised = sum((quote.price for quote in shown.values()), Decimal(0))
    by_line = {line_id: quote.price for line_id, quote in shown.items()}

    sent = sending.submit(cast.alice, actor=cast.as_alice).request.lines
    assert {line.id: line.price for line in sent} == by_line
    for line in sent:
        line.sitter, line.leave_unassigned = None, True
    db.session.flush()
    jobs = job_requests.schedule(cast.alice, list(sent), actor=cast.as_olivia)
    assert {job.request_line_id: job.price for job in jobs} == by_line
    for job in jobs:
        explained = [Decimal(x["amount"]) for x in job.price_lines if x.get("of") == "price"]
        assert sum(explained, Decimal(0)) == job.price, "why it costs this adds up"

    draft = drafting.draft_for(cast.alice, actor=cast.as_olivia)
    invoice = invoicing.issue(draft, actor=cast.as_olivia)
    assert {line.job.request_line_id: line.amount for line in invoice.lines} == by_line
    for line in invoice.lines:
        assert sum((Decimal(x["amount"]) for x in line.price_lines), Decimal(0)) == line.amount
    assert invoice.total - (Decimal(0) if inclusive else invoice.tax_total) == promised
    assert invoice.state is (InvoiceState.OPEN if invoice.total else InvoiceState.PAID)
    assert books.check() == []
    assert len(invoice.lines) == len(wanted)
