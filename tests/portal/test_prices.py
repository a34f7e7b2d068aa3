"""M1: what a client is shown while requesting is what stands on the visit that the office schedules, line by line."""

import datetime as dt
import re
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Job, PriceEffect, PriceTarget
from tests import factories as make
from tests.admin.office.walk import Office
from tests.databases import statements
from workflows import baskets

THU, FRI = make.DAY, make.DAY + dt.timedelta(days=1)
ADD = PriceEffect.ADD_AMOUNT
pytestmark = pytest.mark.covers("M1")


@pytest.fixture
def office(http, cast, sign_in_as_staff):
    return Office(sign_in_as_staff(http(), cast.olivia))


@pytest.fixture
def alice(walk, cast):
    return walk(cast.alice)


@pytest.fixture
def rules(cast, change_settings):
    """Prices are shown. Alice is a regular who pays 18 for a walk; Thursday is a holiday; evenings cost more."""
    change_settings({"portal.show_prices": True})
    cast.alice.client_type = make.client_type("Regular")
    make.public_holiday(THU)
    make.price_rule("Regular clients", amount=Decimal(18), client_type=cast.alice.client_type)
    make.price_rule("Holiday", amount=None, percent=Decimal(50), effect=PriceEffect.ADD_PERCENT, on_holiday=True)
    make.price_rule("Evening", amount=Decimal(4), effect=ADD, starts_from=dt.time(17))
    make.price_rule("Holiday pay", amount=Decimal(3), effect=ADD, target=PriceTarget.PAY, on_holiday=True)
    db.session.commit()


def ask(alice, cast, *days, item=None, pets=None, **more):
    service = item or cast.walk
    values = {
        "dates": [d.isoformat() for d in days], "service": service.public_id,
        "pets": [p.public_id for p in (pets or [cast.biscuit])], f"time-{service.public_id}": "12:00", **more,
    }  # fmt: skip
    return alice.press(alice.get("/portal/request"), "/portal/request", **values)


def shown_estimate(page):
    return Decimal(re.search(r"Estimate for \d+ visits? \$([\d.]+)", page.text)[1])


def test_the_estimate_that_the_client_sees_is_what_stands_on_the_visits(alice, office, cast, rules):
    page = ask(alice, cast, THU, FRI, pets=[cast.biscuit, cast.mochi])
    # Thursday: 18, 5 for the second pet, and half of both; Friday: 18 and 5.
    assert shown_estimate(page) == Decimal("34.50") + 23
    assert "How this price is made up Regular clients $36.00 Extra pet: no. 2 $10.00 Holiday, 50% $11.50" in page.text
    alice.press(page, "/portal/request/submission")
    office.get(f"/admin/job-requests/{cast.alice.id}/").press("Schedule visits")
    made = db.session.scalars(sa.select(Job).where(Job.client_id == cast.alice.id).order_by(Job.on_date)).all()
    assert [(j.price, j.sitter_pay) for j in made] == [(Decimal("34.50"), Decimal("20.25")), (23, Decimal("11.50"))]
    assert sum(j.price for j in made) == shown_estimate(page)
    why = re.sub(r"\s+", " ", office.get(f"/admin/visit/{made[0].id}/").main)
    assert (
        "Why does this visit cost this? The client pays Regular clients $18.00 Extra pet: no. 2 $5.00 Holiday, 50% $11.50"
        " The sitter gets 50% of the price $17.25 Holiday pay $3.00" in why
    )
    # The list changes; what was agreed does not.
    cast.walk.price = Decimal(99)
    make.price_rule("Dearer", amount=Decimal(70), position=-1)
    db.session.commit()
    assert "$34.50" in office.get(f"/admin/visit/{made[0].id}/").main


def test_a_client_with_an_agreed_price_sees_it_from_the_start(alice, cast, rules):
    make.client_price(cast.alice, cast.walk, Decimal("16.50"))
    make.extra_pet_price(cast.walk, 2, Decimal(3))
    page = alice.get("/portal/request")
    assert "Each extra pet $3.00" in page.text
    assert "$16.50" in page.text
    assert shown_estimate(ask(alice, cast, FRI)) == Decimal("16.50")


def test_the_basket_shows_the_price_of_now_not_of_when_it_was_filled(alice, cast, rules, clock_at):
    make.price_rule("Short notice", amount=Decimal(6), effect=ADD, booked_within_hours=24)
    assert shown_estimate(ask(alice, cast, dt.date(2026, 11, 24))) == 18
    clock_at("2026-11-23 13:00")
    assert shown_estimate(alice.get("/portal/request")) == 24


def test_no_price_is_shown_where_prices_are_not(alice, cast, rules, change_settings):
    change_settings({"portal.show_prices": False})
    page = ask(alice, cast, THU)
    assert ("$" in page.text, "made up" in page.text) == (False, False)


def test_prices_of_others_are_theirs(walk, alice, cast, rules):
    make.client_price(cast.bob, cast.walk, Decimal("11.11"))
    assert "11.11" not in alice.get("/portal/request").text
    assert "$11.11" in walk(cast.bob).get("/portal/request").text


def test_prices_cost_the_page_two_queries_however_full_the_basket_is(alice, cast, rules, change_settings):
    ask(alice, cast, FRI)
    counted = []
    for days in (1, 12):
        for n in range(days):
            make.line(baskets.basket_of(cast.alice.id), cast.walk, on_date=FRI + dt.timedelta(days=n + 10 * days))
        db.session.commit()
        with statements() as sent:
            alice.get("/portal/request")
        counted.append(len(sent))
    change_settings({"portal.show_prices": False})
    with statements() as sent:
        alice.get("/portal/request")
    assert counted == [len(sent) + 2] * 2
