"""The cancellation policy through the office's pages: rules, their order, worked examples, what one visit would cost."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import CancellationReason, CancellationRule, Initiator, LimitKind, NoticeKind, OpeningHours
from tests import factories as make
from tests.databases import statements

POLICY = "/admin/cancellation-policy/"
TUESDAY = dt.date(2026, 11, 24)


def rules():
    db.session.expire_all()
    return db.session.scalars(
        sa.select(CancellationRule).order_by(CancellationRule.position, CancellationRule.id)
    ).all()


def add(desk, kind, **typed):
    """Fill in the form behind "Add …"; back on the policy's page."""
    form = desk.get(POLICY).follow(f"Add {kind}")
    form.press("Save", **typed)
    return desk.get(POLICY)


def tiers(cast):
    """The office cancels free; within 24 hours all, within 72 hours half; holidays 7 days."""
    make.cancellation_rule(
        "Office", position=1, initiator=Initiator.OFFICE, charge_percent=Decimal(0), pay_amount=Decimal(5)
    )
    make.cancellation_rule("Holiday", position=2, on_holiday=True, notice_kind=NoticeKind.DAYS, notice_number=7)
    make.cancellation_rule(
        "Last day", position=3, notice_kind=NoticeKind.HOURS, notice_number=24, pay_percent=Decimal(50)
    )
    make.cancellation_rule(
        "Walks late",
        position=4,
        service_group=cast.dog_walks,
        notice_kind=NoticeKind.HOURS,
        notice_number=72,
        charge_percent=Decimal(50),
    )
    make.cancellation_rule("Old", position=5, is_active=False)


# --------------------------------------------------------------------------------------------------------- the rules


@pytest.mark.covers("X10")
def test_rules_are_written_put_in_order_and_say_what_they_do(manager, cast):
    empty = manager.get(POLICY)
    assert "Without a rule, every cancellation is free." in empty.main
    form = empty.follow("Add rule")
    refused = form.press("Save", name="Evening before", notice_kind="clock", charge_percent="50")
    assert (refused.status, rules()) == (422, [])
    assert "Say from what time of day on." in refused.main
    page = add(
        manager, "rule", name="Evening before", notice_kind="clock", notice_number="1", notice_time="21:00",
        charge_percent="50", charge_cap="25", pay_percent="100", refund_to="money",
    )  # fmt: skip
    assert "1. Evening before" in page.main
    assert "from 9:00 PM on the day before" in page.main
    assert "50 % of the price, at most $25.00" in page.main
    assert "100 % of the pay" in page.main
    assert "paid back" in page.main
    page = add(
        manager, "rule", name="Stay", notice_kind="days", notice_number="14", basis="stay", on_holiday="yes", initiator="client",
        season_from="12-01", season_to="01-31", stay_begun="no", charge_amount="30", service_group=cast.dog_walks.id,
    )  # fmt: skip
    assert [r.name for r in rules()] == ["Evening before", "Stay"]
    assert (
        "services of the group Dog walks; less than 14 days before the date, counted from the first visit of the stay; "
        "the client cancels; the stay touches a public holiday; visits from 12-01 to 01-31 of each year; "
        "the stay has not begun" in page.main
    )
    page = page.press("Move Stay up")
    assert "Stay moved." in page.main
    assert [r.name for r in rules()] == ["Stay", "Evening before"]
    page = page.press("Move Stay down").follow("Stay").press("Save", is_active=None, name="Long stay")
    assert "2. Long stay Inactive" in page.main
    assert [(r.name, r.is_active, r.on_holiday, r.stay_begun) for r in rules()] == [
        ("Evening before", True, None, None), ("Long stay", False, True, False),
    ]  # fmt: skip


@pytest.mark.covers("X10")
def test_reasons_are_written_and_put_in_order(manager, cast):
    add(manager, "reason", name="Snow", for_clients=None)
    page = add(manager, "reason", name="My pet is ill")
    assert "Snow Office only" in page.main
    page.press("Move My pet is ill up")
    found = db.session.scalars(sa.select(CancellationReason).order_by(CancellationReason.position)).all()
    assert [(r.name, r.for_clients) for r in found] == [("My pet is ill", True), ("Snow", False)]


def test_moves_of_what_is_not_there_are_404_and_the_log_names_the_others(office, cast):
    first, _second = make.cancellation_rule("A", position=1), make.cancellation_rule("B", position=2)
    assert office.post(f"{POLICY}rules/999/place", to="up").status == 404
    assert office.post(f"{POLICY}reasons/999/place", to="up").status == 404
    office.post(f"{POLICY}rules/{first.id}/place", to="down")
    assert "It stays where it is." in office.post(f"{POLICY}rules/{first.id}/place", to="down").main
    assert "Olivia Owens moved a cancellation rule" in office.get("/admin/log/").main


# ------------------------------------------------------------------------------------------------- worked examples


@pytest.mark.covers("X10")
def test_worked_examples_show_every_group_with_short_and_long_notice(office, cast):
    tiers(cast)
    page = office.get(POLICY).follow("Worked examples")
    walks, _name, others = page.main.partition("Services without a group")
    assert "1 hour $100.00 Last day; sitter $25.00 $100.00 Holiday" in walks
    assert "24 hours $50.00 Walks late $100.00 Holiday" in walks
    assert "3 days $0.00 No rule, free $100.00 Holiday" in walks
    assert "7 days $0.00 No rule, free $0.00 No rule, free" in walks
    assert "24 hours $0.00 No rule, free $100.00 Holiday" in others
    by_office = page.follow("The office cancels")
    assert "1 hour $0.00 Office; sitter $5.00 $0.00 Office; sitter $5.00" in by_office.main


# ------------------------------------------------------------------------------------------------ what would it cost?


@pytest.fixture
def job(cast):
    """Alice's walk tomorrow at noon: 20.00, of which Sam gets 10.00."""
    return make.job(
        cast.alice, cast.walk, sitter=cast.sam, on_date=TUESDAY, pets=[cast.biscuit], sitter_pay=Decimal(10)
    )


@pytest.mark.covers("X10")
def test_what_would_cancelling_this_visit_now_cost(office, cast, job):
    tiers(cast)
    page = office.get(f"/admin/visit/{job.id}/").follow("What would cancelling this visit now cost?")
    assert "If the client cancels this visit on Mon, Nov 23 at 10:00 AM:" in page.main
    assert (
        "Client pays $10.00 of $20.00 Sitter gets $0.00 of $10.00 Money that was paid kept as credit Rule Walks late"
        in page.main
    )
    assert (
        "1. Office Only when the office cancels. 2. Holiday Only on public holidays. "
        "3. Last day It is cancelled in time: 24 hours before it starts, or earlier. 4. Walks late Decides" in page.main
    )
    late = office.get(f"{POLICY}preview?visit={job.id}&on=2026-11-23&at=12:01&by=client")
    assert "Client pays $20.00 of $20.00 Sitter gets $5.00 of $10.00" in late.main
    by_office = office.get(f"{POLICY}preview?visit={job.id}&by=office")
    assert "If the office cancels" in by_office.main
    assert "Client pays $0.00 of $20.00 Sitter gets $5.00 of $10.00" in by_office.main
    early = office.get(f"{POLICY}preview?visit={job.id}&on=2026-11-01&at=08:00")
    assert "No rule holds, so it is free." in early.main
    assert "Only for services of the group" not in early.main


@pytest.mark.covers("X10")
def test_a_visit_is_picked_by_client_or_service(office, cast, job):
    page = office.get(POLICY).follow("What would it cost?")
    assert "Tomorrow, 12:00 PM to 12:30 PM Dog walk Alice Archer $20.00" in page.main
    assert "Bob Baker" in page.main
    found = office.get(f"{POLICY}preview?search=arch+walk")
    assert "Bob Baker" not in found.main
    assert "There are no active rules." in found.follow("Tomorrow").main
    assert "No coming visit is called so" in office.get(f"{POLICY}preview?search=%25").main
    assert office.get(f"{POLICY}preview?visit=999999", 404).status == 404
    assert "Alice Archer" in office.get(f"{POLICY}preview?visit=nothing&on=x&at=y").main


def test_rule_by_the_clock_says_until_when(office, cast, job):
    make.cancellation_rule("Evening", notice_kind=NoticeKind.CLOCK, notice_number=1, notice_time=dt.time(21))
    page = office.get(f"{POLICY}preview?visit={job.id}")
    assert "1. Evening It is cancelled in time: before Mon, Nov 23, 9:00 PM." in page.main


def test_pages_cost_few_questions_however_much_there_is(office, cast, job):
    counts = {}
    for n in (1, 20):
        for k in range(n):
            make.cancellation_rule(
                f"R{k}", service_group=make.service_group(), notice_kind=NoticeKind.HOURS, notice_number=k
            )
            make.job(
                cast.alice, cast.cat_visit, on_date=TUESDAY + dt.timedelta(days=k), block=cast.morning, start_time=None
            )
        for path in ("", "examples", "preview", f"preview?visit={job.id}"):
            with statements() as sent:
                office.get(POLICY + path)
            counts.setdefault(path, []).append(len(sent))
    assert all(few == many <= 16 for few, many in counts.values()), counts


# ------------------------------------------------------------------------------------------------- opening hours, limits


@pytest.mark.covers("B9")
def test_opening_hours_are_a_week_for_the_business_a_group_or_a_service(manager, cast):
    page = manager.get("/admin/opening-hours/")
    assert "No hours yet: visits may begin at any time." in page.main
    refused = page.press("Save opening hours", **{"from-0": ["08:00", "14:00"], "until-0": ["12:00", ""]})
    assert refused.status == 422
    assert "Monday: Enter both times, for example 08:00 and 18:00." in refused.main
    refused = refused.press("Save opening hours", **{"from-0": ["14:00", "12:00"], "until-0": ["12:00", "13:00"]})
    assert "Monday: The end must be after the start." in refused.main
    assert refused.fields("/admin/opening-hours/").getlist("from-0") == ["14:00", "12:00"]
    page = refused.press(
        "Save opening hours",
        **{
            "from-0": ["08:00", "14:00"],
            "until-0": ["12:00", "00:00"],
            "from-7": ["10:00", ""],
            "until-7": ["12:00", ""],
        },
    )
    assert "Opening hours saved." in page.main
    assert "A day without hours is closed." in page.main
    group = manager.get(f"/admin/opening-hours/?for=group-{cast.dog_walks.id}")
    assert "No hours of its own yet" in group.main
    group.press("Save opening hours", **{"from-5": ["09:00"], "until-5": ["11:00"]})
    stored = db.session.scalars(sa.select(OpeningHours).order_by(OpeningHours.weekday, OpeningHours.opens_at)).all()
    assert [(r.weekday, str(r), r.service_group_id) for r in stored] == [
        (0, "08:00-12:00", None), (0, "14:00-23:59", None), (5, "09:00-11:00", cast.dog_walks.id), (7, "10:00-12:00", None),
    ]  # fmt: skip
    assert "Max Mason changed the opening hours" in manager.get("/admin/log/").main
    assert "Dog walks (has hours)" in manager.get("/admin/opening-hours/").main
    for unknown in ("group-999", "service-999", "client-1", "x"):
        manager.get(f"/admin/opening-hours/?for={unknown}", 404)


@pytest.mark.covers("X8", "B9")
def test_limits_of_a_group_are_set_in_its_advanced_section(manager, cast):
    url = f"/admin/service-groups/edit/?id={cast.dog_walks.id}"
    refused = manager.get(url).press(
        "Save", cancel_limit_kind="hours", change_limit_kind="tomorrow_after", change_limit_time="20:00"
    )
    assert refused.status == 422
    assert "Say how many hours or days." in refused.main
    refused.press("Save", cancel_limit_number="24")
    db.session.expire_all()
    group = cast.dog_walks
    assert (group.cancel_limit_kind, group.cancel_limit_number) == (LimitKind.HOURS, 24)
    assert (group.change_limit_kind, group.change_limit_time) == (LimitKind.TOMORROW_AFTER, dt.time(20))
    item = manager.get(f"/admin/services/edit/?id={cast.walk.id}")
    assert "How late clients may ask to cancel" in item.main
    item.press("Save", cancel_limit_kind="days", cancel_limit_number="0")
    db.session.expire_all()
    assert (cast.walk.cancel_limit_kind, cast.walk.cancel_limit_number) == (LimitKind.DAYS, 0)


@pytest.mark.covers("B9")
def test_closed_days_can_be_for_one_group_or_service(manager, cast):
    form = manager.get("/admin/closed-days/new/")
    days = {"first_on": "2026-12-24", "last_on": "2026-12-26", "reason": "Icy paths"}
    refused = form.press("Save", service_group=cast.dog_walks.id, service_item=cast.walk.id, **days)
    assert "Choose a group or a service, not both." in refused.main
    refused.press("Save", service_item="")
    assert "Icy paths Dec 24, 2026 Dec 26, 2026 Dog walks" in manager.get("/admin/closed-days/").main
