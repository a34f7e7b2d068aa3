"""Prices in the back office: rules in their order, the tester, extra pets, agreed prices, client types."""

import datetime as dt
import html
import re
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Activity, ClientPrice, ExtraPetPrice, PriceEffect, PriceRule, PriceTarget
from tests import factories as make
from tests.admin.crud.desk import forms_of
from tests.databases import count, statements

pytestmark = pytest.mark.covers("M1")
ADD = PriceEffect.ADD_AMOUNT
THU = dt.date(2026, 11, 26)


def words_of(page) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", page.text)).replace("\xa0", " ")


def names() -> list[str]:
    return list(db.session.scalars(sa.select(PriceRule.name).order_by(PriceRule.position, PriceRule.id)))


# --------------------------------------------------------------------------------------- rules


def test_a_rule_is_added_with_all_its_conditions_and_said_in_words(office, cast):
    regular = make.client_type("Regular")
    office.after(
        office.fill(
            "/admin/price-rules/new/", name="Holiday evenings", target="price", effect="add_percent", percent="25", amount="",
            stops="y", service_group=str(cast.dog_walks.id), client_type=str(regular.id), on_holiday="yes",
            weekdays=["5", "6"], starts_from="18:00", starts_before="06:00", pets_from="2", pets_to="4",
            first_on="2026-11-01", last_on="2026-12-31", booked_within_hours="24",
        )
    )  # fmt: skip
    rule = db.session.scalars(sa.select(PriceRule)).one()
    assert (rule.effect, rule.percent, rule.amount, rule.stops) == (PriceEffect.ADD_PERCENT, 25, None, True)
    assert (rule.weekdays, rule.on_holiday, rule.service_group, rule.client_type) == (
        0b1100000,
        True,
        cast.dog_walks,
        regular,
    )
    assert (rule.starts_from, rule.starts_before, rule.booked_within_hours) == (dt.time(18), dt.time(6), 24)
    assert (rule.pets_from, rule.pets_to, rule.first_on, rule.last_on) == (
        2,
        4,
        dt.date(2026, 11, 1),
        dt.date(2026, 12, 31),
    )
    shown = words_of(office.open("/admin/price-rules/"))
    for piece in ("+25%", "Dog walks", "Regular", "on public holidays", "Sun, Sat", "begins from 6:00 PM, before 6:00 AM",
                  "2 to 4 pets", "Nov 1, 2026", "booked less than 24 hours ahead"):  # fmt: skip
        assert piece in shown, piece


def test_the_form_shows_a_rule_as_it_is(office, cast):
    rule = make.price_rule(weekdays=0b0000101, on_holiday=False)
    form = (office.open(f"/admin/price-rules/edit/?id={rule.id}"), office.form())[1]
    assert form.fields.getlist("weekdays") == ["0", "2"]
    assert form.fields["on_holiday"] == "no"


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"name": ""}, "name", "Fill this in."),
        ({"amount": ""}, "amount", "Enter an amount."),
        ({"amount": "-5"}, "amount", "Enter an amount of 0 or more."),
        ({"amount": "abc"}, "amount", "Enter a number"),
        ({"effect": "set_percent", "percent": "50"}, "effect", "Only a sitter's pay can be a share of the price."),
        ({"effect": "set_percent", "target": "pay", "percent": "101"}, "percent", "from 0 to 100"),
        ({"effect": "add_percent"}, "percent", "from -100 to 1000"),
        ({"starts_from": "08:00", "starts_before": "08:00"}, "starts_before", "Choose an end other than the start"),
        ({"pets_from": "0"}, "pets_from", "from 1 to 50"),
        ({"pets_from": "3", "pets_to": "2"}, "pets_to", "The larger number of pets comes second."),
        ({"first_on": "2026-12-02", "last_on": "2026-12-01"}, "last_on", "The last day cannot be before the first."),
        ({"booked_within_hours": "0"}, "booked_within_hours", "from 1 to 8760"),
        ({"weekdays": ["9"]}, "weekdays", "Choose from the list."),
        ({"on_holiday": "maybe"}, "on_holiday", "Choose one of the list."),
        ({"effect": "magic"}, "effect", "Choose one of the list."),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_a_sentence(office, cast, typed, field, said):
    page = office.fill("/admin/price-rules/new/", **{"name": "Rule", "amount": "30", **typed})
    assert page.status_code == 422
    assert said in words_of(page)
    assert f'id="{field}' in page.text
    assert count(PriceRule) == 0


def test_a_rule_for_a_service_and_a_group_is_refused(office, cast):
    typed = {"service_item": str(cast.walk.id), "service_group": str(cast.dog_walks.id)}
    page = office.fill("/admin/price-rules/new/", name="Both", amount="30", **typed)
    assert "Choose a service or a group, not both." in words_of(page)


def test_buttons_move_a_rule_up_and_down_without_javascript(office, cast):
    for n, name in enumerate("ABC"):
        make.price_rule(name, position=n)
    make.price_rule("Pay", position=1, target=PriceTarget.PAY)
    page = office.open("/admin/price-rules/")
    assert "Move A up" not in page.text
    assert "Move C down" not in page.text
    pressed = re.search(r'value="([\d:]+)" aria-label="Move C up"', page.text)[1]
    for _twice in range(2):
        answer = office.send(next(f for f in forms_of(page.text) if f.action.endswith("/order/")), move=pressed)
    assert [n for n in names() if n != "Pay"] == ["A", "C", "B"]
    assert answer.headers["Location"].startswith("/admin/price-rules/?view=price#order-")
    page = office.open("/admin/price-rules/")
    pressed = re.search(r'value="([\d:]+)" aria-label="Move A down"', page.text)[1]
    office.send(next(f for f in forms_of(page.text) if f.action.endswith("/order/")), move=pressed)
    assert [n for n in names() if n != "Pay"] == ["C", "A", "B"]
    logged = db.session.scalars(
        sa.select(Activity).where(Activity.verb == "price_rule.moved").order_by(Activity.id)
    ).all()
    assert [(x.facts["name"], x.facts["before"]) for x in logged] == [("C", "B"), ("C", "A")]


@pytest.mark.parametrize("move", ["", "1", "x:y:z", "99999:1:1", "99999999999:1:1"])
def test_nonsense_moves_nothing(office, cast, move):
    make.price_rule()
    answer = office.post("/admin/price-rules/order/", move=move)
    assert answer.status_code == 302
    assert "not there any more" in office.open("/admin/price-rules/").text


def test_a_rule_is_switched_off_and_on_again(office, cast):
    rule = make.price_rule()
    office.press("deactivate", [rule], at="/admin/price-rules/")
    assert (rule.is_active, "Off" in words_of(office.open("/admin/price-rules/"))) == (False, True)
    office.press("activate", [rule], at="/admin/price-rules/")
    assert rule.is_active


# --------------------------------------------------------------------------------------- the tester


def try_out(office, cast, **typed):
    office.open("/admin/price-rules/try/")
    form = next(f for f in forms_of(office.page.text) if f.action.endswith("/try/"))
    asked = {**form.fields, "service_item": str(cast.walk.id), "on_date": "2026-11-26", "try": "yes", **typed}
    office.page = office.browser.get("/admin/price-rules/try/", query_string=asked)
    return words_of(office.page)


def test_the_tester_shows_price_and_pay_line_by_line_and_why_rules_do_not_apply(office, cast):
    make.public_holiday(THU)
    make.price_rule("Holiday", amount=Decimal(10), effect=ADD, on_holiday=True)
    make.price_rule("Weekend", amount=Decimal(4), effect=ADD, weekdays=0b1100000)
    make.price_rule("Late booking", amount=Decimal(3), effect=ADD, booked_within_hours=24)
    make.price_rule("Holiday pay", amount=Decimal(2), effect=ADD, target=PriceTarget.PAY, on_holiday=True)
    shown = re.sub(r"\s+", " ", try_out(office, cast, n_pets="2", booked_at="2026-11-25T09:00"))
    for piece in ("Dog walk $20.00", "Extra pet: no. 2 $5.00", "Holiday $10.00", "Together $35.00", "50% of the price $17.50",
                  "Holiday pay $2.00", "Together $19.50", "Does not apply: for other days of the week.",
                  "Does not apply: booked early enough."):  # fmt: skip
        assert piece in shown, (piece, shown)
    assert "Late booking $3.00" in re.sub(r"\s+", " ", try_out(office, cast, booked_at="2026-11-25T13:00"))


def test_the_tester_knows_the_client_and_their_type(office, cast):
    regular = make.client_type("Regular")
    make.price_rule("Regulars", amount=Decimal(17), client_type=regular)
    assert "for another type of client" in try_out(office, cast)
    assert "Together $17.00" in re.sub(r"\s+", " ", try_out(office, cast, client_type=str(regular.id)))
    make.client_price(cast.alice, cast.walk, Decimal(16))
    shown = re.sub(r"\s+", " ", try_out(office, cast, client=str(cast.alice.id), client_type=str(regular.id)))
    assert "Together $16.00" in shown
    assert "for another type of client" in shown


def test_the_tester_counts_the_nights_of_a_stay(office, cast):
    make.public_holiday(THU)
    make.price_rule("Holiday", amount=Decimal(10), effect=ADD, on_holiday=True)
    shown = re.sub(
        r"\s+", " ", try_out(office, cast, service_item=str(cast.overnight.id), on_date="2026-11-25", n_days="3")
    )
    assert "3 days at" in shown
    assert "Holiday 1 day at $10.00 $10.00" in shown
    assert "Applies on 1 night" in shown
    assert "On the other nights: only on public holidays." in shown


@pytest.mark.parametrize("typed", [{"on_date": "soon"}, {"n_pets": "many"}, {"n_days": "0"}, {"service_item": "99999"}, {"booked_at": ""}, {"begins": "noon"}])  # fmt: skip
def test_the_tester_says_what_is_missing_and_never_breaks(office, cast, typed):
    try_out(office, cast, **typed)
    assert office.page.status_code == 422
    assert 'aria-invalid="true"' in office.page.text


def test_the_tester_costs_as_many_queries_with_many_rules_as_with_one(office, cast):
    make.price_rule()
    db.session.commit()
    db.session.expire_all()
    with statements() as few:
        try_out(office, cast, client=str(cast.alice.id))
    for n in range(20):
        make.price_rule(position=n, service_item=make.service_item())
        make.client_price(make.client(), cast.walk)
    db.session.commit()
    db.session.expire_all()
    with statements() as many:
        try_out(office, cast, client=str(cast.alice.id))
    assert len(many) == len(few)


# --------------------------------------------------------------------------------------- the other lists


def test_a_second_row_for_the_same_pet_or_client_is_refused(office, cast):
    make.extra_pet_price(cast.walk, 3)
    page = office.fill("/admin/extra-pets/new/", service_item=str(cast.walk.id), from_pet="3", amount="2")
    assert "This service has an amount for this pet already." in words_of(page)
    page = office.fill("/admin/extra-pets/new/", service_item=str(cast.walk.id), from_pet="1", amount="2")
    assert "a number from 2 to 50" in words_of(page)
    make.client_price(cast.alice, cast.walk)
    typed = {"client": str(cast.alice.id), "service_item": str(cast.walk.id), "price": "9"}
    page = office.fill("/admin/agreed-prices/new/", **typed)
    assert "A price for this service is agreed with this client already." in words_of(page)
    assert (count(ExtraPetPrice), count(ClientPrice)) == (1, 1)


def test_a_client_type_that_is_used_stays(office, cast):
    regular = make.client_type("Regular")
    cast.alice.client_type = regular
    db.session.commit()
    office.post("/admin/client-types/delete/", id=str(regular.id))
    assert "is used by other records and stays" in words_of(office.open("/admin/client-types/"))
    page = office.fill("/admin/client-types/new/", name="regular")
    assert "This name is taken already." in words_of(page)


def test_a_client_gets_a_type_and_is_found_by_it(office, cast):
    regular = make.client_type("Regular")
    office.after(office.fill(f"/admin/clients/edit/?id={cast.alice.id}", client_type=str(regular.id)))
    assert cast.alice.client_type is regular
    shown = words_of(office.open(f"/admin/clients/?flt_type={regular.id}"))
    assert ("Alice Archer" in shown, "Bob Baker" in shown) == (True, False)


@pytest.mark.parametrize("path", ["price-rules", "client-types", "extra-pets", "agreed-prices"])
def test_every_list_of_prices_leads_to_the_others(office, cast, path):
    text = office.open(f"/admin/{path}/").text
    for other in ("price-rules/", "client-types/", "extra-pets/", "agreed-prices/", "price-rules/try/"):
        assert f'href="/admin/{other}"' in text
