"""Where prices are used: basket, request, visit, booking and change agree with each other, and with the rules."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from models import Activity, Job, PriceEffect, PriceTarget
from tests import factories as make
from tests.databases import statements
from workflows import baskets, changing, job_requests, jobs, sending
from workflows.changing import Change
from workflows.jobs import Stay
from workflows.pricing import kept_lines
from workflows.wanted import Wanted

THU, FRI, SAT, SUN = (dt.date(2026, 11, d) for d in (26, 27, 28, 29))
NOON = dt.time(12)
ADD = PriceEffect.ADD_AMOUNT


@pytest.fixture
def rules(cast):
    """Alice is a regular; Thursday is a holiday; the walk costs 20, and 5 for the second pet."""
    cast.alice.client_type = make.client_type("Regular")
    make.public_holiday(THU)
    make.price_rule("Regular clients", amount=Decimal(18), client_type=cast.alice.client_type)
    make.price_rule("Holiday", amount=Decimal(10), effect=ADD, on_holiday=True)
    make.price_rule("Evening", amount=Decimal(4), effect=ADD, starts_from=dt.time(17))
    make.price_rule("Short notice", amount=Decimal(6), effect=ADD, booked_within_hours=24)
    make.price_rule("Holiday pay", amount=Decimal(3), effect=ADD, target=PriceTarget.PAY, on_holiday=True)


def ask(cast, *days, item=None, start=NOON, pets=None, **more):
    wanted = Wanted(item or cast.walk, days, start_time=start, pets=pets or [cast.biscuit], **more)
    return baskets.add(cast.alice, wanted, actor=cast.as_alice).lines


def scheduled(cast, lines):
    job_requests.choose_sitters(cast.alice, {x.id: (cast.sam, False) for x in lines}, actor=cast.as_max)
    return job_requests.schedule(cast.alice, lines, actor=cast.as_max)


def test_estimate_request_and_visit_cost_the_same_while_nothing_changes(cast, rules, clock_at):
    added = ask(cast, THU, FRI, pets=[cast.biscuit, cast.mochi])
    assert [x.price for x in added] == [33, 23]
    sent = sending.submit(cast.alice, actor=cast.as_alice).lines
    assert [x.price for x in sent] == [33, 23]
    # The office decides on Thursday morning: notice still counts from the moment at which Alice asked.
    clock_at("2026-11-26 09:00")
    made = scheduled(cast, sent)
    assert [(j.price, j.sitter_pay) for j in made] == [(33, Decimal("19.50")), (23, Decimal("11.50"))]
    lines = [(x.text % x.values, x.amount) for x in kept_lines(made[0].price_lines, PriceTarget.PRICE)]
    assert lines == [("Regular clients", 18), ("Extra pet: no. 2", 5), ("Holiday", 10)]
    pay = [(x.text % x.values, x.amount) for x in kept_lines(made[0].price_lines, PriceTarget.PAY)]
    assert pay == [("50% of the price", Decimal("16.50")), ("Holiday pay", 3)]


def test_visit_keeps_its_price_when_the_list_changes_later(cast, rules, db_session):
    ask(cast, FRI)
    (job,) = scheduled(cast, sending.submit(cast.alice, actor=cast.as_alice).lines)
    cast.walk.price = Decimal(99)
    make.price_rule("New", amount=Decimal(50), position=-1)
    db_session.flush()
    db_session.expire_all()
    assert db_session.get(Job, job.id).price == 18


def test_short_notice_is_asked_again_when_the_basket_is_sent(cast, rules, clock_at):
    (line,) = ask(cast, FRI)
    assert line.price == 18
    clock_at("2026-11-26 13:00")
    (sent,) = sending.submit(cast.alice, actor=cast.as_alice).lines
    assert sent.price == 24


def test_block_counts_from_its_start(cast, rules):
    lines = ask(cast, FRI, item=cast.cat_visit, start=None, blocks=[cast.morning, cast.evening])
    assert [x.price for x in lines] == [18, 22]


def test_changing_a_basket_line_prices_it_anew(cast, rules):
    (line,) = ask(cast, FRI)
    wanted = Wanted(cast.walk, [THU], start_time=dt.time(18), pets=[cast.biscuit])
    assert baskets.change_line(line, wanted, actor=cast.as_alice).price == 32


def test_office_prices_lines_that_it_changes_or_adds_by_the_rules(cast, rules, clock_at):
    ask(cast, FRI)
    (line,) = sending.submit(cast.alice, actor=cast.as_alice).lines
    clock_at("2026-11-26 13:00")
    wanted = Wanted(cast.walk, [FRI], start_time=dt.time(18), pets=[cast.biscuit])
    edited = job_requests.edit_line(
        line, wanted, sitter=cast.sam, leave_unassigned=False, staff_note="", actor=cast.as_max
    )
    assert edited.price == 22
    (added,) = job_requests.add_lines(edited.request, wanted, sitter=cast.sam, actor=cast.as_max)
    assert added.price == 22
    clock_at("2026-11-26 20:00")
    (late,) = job_requests.add_lines(edited.request, wanted, sitter=cast.sam, actor=cast.as_max)
    assert late.price == 28


def test_office_books_by_the_rules(cast, rules):
    cast.overnight.price = Decimal(60)
    wanted = Wanted(cast.walk, [THU, FRI], start_time=NOON, pets=[cast.biscuit])
    made = jobs.book(cast.alice, wanted, sitter=None, actor=cast.as_max)
    assert [j.price for j in made] == [28, 18]
    stay = jobs.book(
        cast.bob, Wanted(cast.overnight, [], pets=[cast.bella]), sitter=None, actor=cast.as_max,
        stay=Stay(dt.date(2026, 11, 25), FRI),
    )  # fmt: skip
    assert stay[0].price == 130
    assert [x["values"] for x in stay[0].price_lines if x["of"] == "price"] == [
        {"service": "Overnight", "n_days": 2, "each": "60.00"}, {"rule": "Holiday", "n_days": 1, "each": "10.00"},
    ]  # fmt: skip


def change(cast, job, **more):
    values = {
        "item": job.service_item, "on_date": job.on_date, "start_time": job.start_time, "block": job.time_block,
        "sitter": job.sitter, "pets": job.pets, **more,
    }  # fmt: skip
    return changing.change(job, Change(**values), actor=cast.as_max)


@pytest.fixture
def job(cast, rules):
    """A walk of Alice's Biscuit on Friday at noon, booked by the office: 18."""
    wanted = Wanted(cast.walk, [FRI], start_time=NOON, pets=[cast.biscuit])
    return jobs.book(cast.alice, wanted, sitter=cast.sam, actor=cast.as_max)[0]


def test_moving_onto_a_holiday_brings_its_price_and_the_log_says_so(cast, job, db_session):
    moved = change(cast, job, on_date=THU)
    assert (moved.price, moved.sitter_pay) == (28, 17)
    assert [x["values"]["rule"] for x in moved.price_lines if x["of"] == "price"] == ["Regular clients", "Holiday"]
    logged = db_session.scalars(sa.select(Activity).where(Activity.verb == "job.moved")).one()
    assert logged.facts["figures"] == {"price": ["18.00", "28.00"], "sitter_pay": ["9.00", "17.00"]}


def test_moving_where_the_rules_are_the_same_keeps_the_copied_price(cast, job, db_session):
    make.price_rule("New", amount=Decimal(50), position=-1)
    moved = change(cast, job, on_date=SAT)
    assert moved.price == 18
    logged = db_session.scalars(sa.select(Activity).where(Activity.verb == "job.moved")).one()
    assert "figures" not in logged.facts


def test_another_service_or_pet_brings_todays_price(cast, job):
    make.price_rule("New", amount=Decimal(50), position=-1)
    assert change(cast, job, pets=[cast.biscuit, cast.mochi]).price == 55


def test_moving_a_visit_asks_short_notice_of_when_it_was_booked(cast, job, clock_at):
    clock_at("2026-11-27 09:00")
    assert change(cast, job, start_time=dt.time(11)).price == 18


@pytest.mark.parametrize("n_days", [2, 20])
def test_prices_cost_a_fixed_number_of_queries_however_many_visits(cast, rules, n_days):
    days = [FRI + dt.timedelta(days=n) for n in range(n_days)]
    tables = ("FROM price_rule", "FROM extra_pet_price", "FROM client_price", "FROM public_holiday")

    def asked(sent):
        return [sum(table in statement for statement in sent) for table in tables]

    with statements() as sent:
        ask(cast, *days)
    assert asked(sent) == [1, 1, 1, 2]
    with statements() as sent:
        lines = sending.submit(cast.alice, actor=cast.as_alice).lines
    assert asked(sent) == [1, 1, 1, 2]
    with statements() as sent:
        scheduled(cast, lines)
    assert asked(sent) == [1, 1, 1, 1]
