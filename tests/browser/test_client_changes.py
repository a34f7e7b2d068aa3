"""What a client changes about scheduled visits, at a browser: change, cancel, withdraw, several at once, pause a series."""

import datetime as dt
import re
from decimal import Decimal

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from foundation import clock
from foundation.db import db, mark_request
from models import ChangeItem, ChangeKind, ChangeRequest, ChangeState, Initiator, Job, JobState, OutboxMail
from tests import factories as make
from ui_kit.formats import short_day
from workflows import change_asking, repeats, settings
from workflows.change_preview import Wish
from workflows.mail_facts import MailKind
from workflows.repeat_patterns import Pattern, PatternTime

pytestmark = pytest.mark.browser

SIZES = pytest.mark.parametrize(("size", "scheme"), [("phone", "light"), ("desk", "dark")])


@pytest.fixture
def booked(live):
    """Alice's walks with Biscuit at noon on three coming days. Clients pay half for what they cancel, and see prices."""
    mark_request(reads_only=False)
    people, day = live.cast, clock.today() + dt.timedelta(days=2)
    make.cancellation_rule("Half", initiator=Initiator.CLIENT, charge_percent=Decimal(50), pay_percent=Decimal(50))
    make.cancellation_reason("Plans changed")
    live.days = [day + dt.timedelta(days=n) for n in range(3)]
    live.visits = [
        make.job(people.alice, people.walk, sitter=people.sam, on_date=d, pets=[people.biscuit]) for d in live.days
    ]
    make.job(people.bob, people.walk, sitter=people.sita, on_date=day, pets=[people.bella], note="Bob's secret")
    settings.change(
        {"portal.show_prices": True, "changes.policy_text": "Half the price is due, whenever you cancel."},
        actor=people.as_olivia,
    )
    db.session.commit()
    live.keys = [v.public_id for v in live.visits]
    live.ids = [v.id for v in live.visits]
    mark_request(reads_only=True)
    return live


def do(live, something):
    """Have `something` done behind the browser's back."""
    db.session.rollback()
    mark_request(reads_only=False)
    something()
    db.session.commit()
    mark_request(reads_only=True)
    live.look_again()


def visits(live):
    live.look_again()
    return [db.session.get(Job, n) for n in live.ids]


def items(live):
    live.look_again()
    return list(db.session.scalars(sa.select(ChangeItem).order_by(ChangeItem.id)))


def mails(live):
    live.look_again()
    return list(db.session.scalars(sa.select(OutboxMail).order_by(OutboxMail.id)))


def is_yellow(banner):
    """The amber of "waits for someone", and not only the class of that name."""
    red, green, blue = map(int, re.findall(r"\d+", banner.evaluate("e => getComputedStyle(e).backgroundColor"))[:3])
    return red >= green > blue


@pytest.mark.covers("X2", "X4", "X5")
@SIZES
def test_a_change_shows_both_prices_and_waits_under_a_yellow_banner(booked, visitor, size, scheme):
    alice = visitor(size, scheme=scheme).log_in("portal", booked.cast.alice.email)
    day, wanted = booked.days[0], booked.days[0] + dt.timedelta(days=5)

    # From the calendar to the visit, and to the form, which is filled in.
    page = alice.go(f"/portal/schedule?month={day:%Y-%m}")
    alice.look()
    page.locator(f'table.ui-cal a[href*="{day.isoformat()}"]').first.click()
    page.get_by_role("link", name=re.compile(f"^Make Changes.*{re.escape(short_day(day))}")).click()
    alice.look()
    alice.keep(f"client-visit-{size}")
    page.get_by_role("link", name="Request Changes To Event").click()
    expect(page.get_by_label("Day", exact=True)).to_have_value(day.isoformat())
    expect(page.get_by_role("radio", name=re.compile("^Dog walk"))).to_be_checked()
    expect(page.locator('input[type="time"]:visible')).to_have_value("12:00")
    expect(page.get_by_role("checkbox", name="Biscuit")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Mochi")).not_to_be_checked()
    expect(page.locator("#figures")).to_contain_text(re.compile(r"Price now\s*\$20.00"))
    alice.look()

    # Another day and time, and both pets: the price after it follows at once.
    page.get_by_label("Day", exact=True).fill(wanted.isoformat())
    page.locator('input[type="time"]:visible').fill("15:30")
    page.get_by_role("checkbox", name="Mochi").check(force=True)
    page.get_by_label("Note", exact=False).first.fill("The key is at the neighbor's")
    page.get_by_label(re.compile("^A word to")).fill("We come home later")
    expect(page.locator("#figures")).to_contain_text(
        re.compile(r"Price now\s*\$20.00\s*Price after the change\s*\$25.00")
    )
    alice.look()
    alice.keep(f"client-change-{size}")
    page.get_by_role("button", name="Send change request").click()

    # It is being reviewed: said at once, at the top of Schedule, and on the visit.
    expect(page.get_by_role("status").filter(has_text="Your change request is being reviewed.")).to_be_visible()
    summary = page.get_by_role("region", name="Being reviewed")
    for words in (
        "Change of a visit",
        "We come home later",
        "Dog walk",
        "3:30",
        "Biscuit and Mochi",
        "New price: $25.00.",
    ):
        expect(summary).to_contain_text(words)
    expect(summary).to_contain_text(short_day(wanted))
    card = page.locator("article.ui-visit", has_text=short_day(day)).or_(page.locator("article.ui-visit--change")).first
    expect(card).to_contain_text("Change requested")
    banner = card.locator(".ui-banner")
    expect(banner).to_contain_text("It stays as it is until")
    assert is_yellow(banner)
    assert summary.bounding_box()["y"] < page.locator("#schedule").bounding_box()["y"]
    alice.look()
    alice.keep(f"client-schedule-change-{size}")

    # Nothing is changed yet, and a person is asked.
    visit = visits(booked)[0]
    assert (visit.on_date, visit.start_time, visit.price, visit.state) == (day, dt.time(12), 20, JobState.SCHEDULED)
    (item,) = items(booked)
    assert (item.new_on_date, item.new_start_time, item.price_before, item.price_after) == (
        wanted,
        dt.time(15, 30),
        20,
        25,
    )
    assert (item.state, item.request.kind, item.request.auto_approved) == (
        ChangeState.PENDING,
        ChangeKind.CHANGE,
        False,
    )
    assert [m.kind for m in mails(booked)] == [MailKind.CHANGE_REQUESTED.value]


@pytest.mark.covers("X2", "X3", "X5")
@SIZES
@pytest.mark.parametrize("at_once", [False, True], ids=["reviewed", "auto-approved"])
def test_a_cancellation_shows_its_fee_first(booked, visitor, size, scheme, at_once):
    do(booked, lambda: settings.change({"changes.auto_approve": at_once}, actor=booked.cast.as_olivia))
    alice = visitor(size, scheme=scheme).log_in("portal", booked.cast.alice.email)
    page = alice.go("/portal/schedule")

    # From the list under the calendar; the question is a dialog, and its safe answer has the focus.
    page.get_by_role("link", name=re.compile(f"^Make Changes.*{re.escape(short_day(booked.days[0]))}")).click()
    page.get_by_role("link", name="Cancel", exact=True).click()
    dialog = page.get_by_role("dialog", name="Cancel this visit?")
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    expect(dialog).to_contain_text("Cancellation fee: $10.00")
    expect(dialog).to_contain_text("Half the price is due, whenever you cancel.")
    expect(dialog).to_contain_text(
        "It is cancelled at once." if at_once else "Until they answer, nothing is cancelled."
    )
    assert items(booked) == []
    alice.look()
    alice.keep(f"client-cancel-{at_once}-{size}")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Cancel", exact=True).click()
    dialog.get_by_label(re.compile("^Reason")).select_option("Plans changed")
    dialog.get_by_label(re.compile("^Your own words")).fill("Grandma comes")
    dialog.get_by_role("button", name="Confirm Cancellation Request").click()

    told = "Your visit is cancelled" if at_once else "being reviewed"
    expect(page.get_by_role("status").filter(has_text=told)).to_be_visible()
    alice.look()
    alice.keep(f"client-schedule-cancel-{at_once}-{size}")
    visit = visits(booked)[0]
    (item,) = items(booked)
    assert (item.fee, item.request.reason.name, item.request.body) == (10, "Plans changed", "Grandma comes")
    if at_once:
        assert (visit.state, visit.price, visit.prior_price) == (JobState.CANCELLED, 10, 20)
        assert (item.state, item.request.auto_approved) == (ChangeState.APPROVED, True)
        assert MailKind.VISIT_CANCELLED_BY_CLIENT.value in {m.kind for m in mails(booked)}
        expect(page.locator("article.ui-visit--off")).to_contain_text("Cancelled")
        expect(page.get_by_role("region", name="Being reviewed")).to_have_count(0)
    else:
        assert (visit.state, visit.price, item.state) == (JobState.SCHEDULED, 20, ChangeState.PENDING)
        assert [m.kind for m in mails(booked)] == [MailKind.CANCELLATION_REQUESTED.value]
        summary = page.get_by_role("region", name="Being reviewed")
        for words in ("Cancellation of 1 visit", "Plans changed", "Grandma comes", "The fee would be $10.00."):
            expect(summary).to_contain_text(words)
        expect(page.locator("article.ui-visit--change")).to_contain_text("Cancellation requested")
        assert is_yellow(page.locator("article.ui-visit--change .ui-banner"))


@pytest.mark.covers("X5")
@SIZES
def test_a_pending_request_is_withdrawn_from_the_visit_and_from_the_summary(booked, visitor, size, scheme):
    people = booked.cast

    def ask():
        jobs = [db.session.get(Job, n) for n in booked.ids]
        wish = Wish(people.walk, booked.days[0], dt.time(9), pets=[people.biscuit])
        change_asking.ask_to_change(people.alice, jobs[0], wish, actor=people.as_alice)
        change_asking.ask_to_cancel(people.alice, jobs[1:], actor=people.as_alice)

    do(booked, ask)
    alice = visitor(size, scheme=scheme).log_in("portal", people.alice.email)
    page = alice.go("/portal/schedule")
    expect(page.locator("article.ui-visit--change")).to_have_count(3)
    alice.look()

    # On the visit: a dialog, which can be left; the visit is free again afterwards.
    page.locator("article.ui-visit--change").first.get_by_role("link", name=re.compile("^Withdraw change")).click()
    dialog = page.get_by_role("dialog", name="Withdraw this request?")
    alice.look()
    alice.keep(f"client-withdraw-{size}")
    dialog.get_by_role("button", name="Close").click()
    assert [i.state for i in items(booked)] == [ChangeState.PENDING] * 3
    page.locator("article.ui-visit--change").first.get_by_role("link", name=re.compile("^Withdraw change")).click()
    dialog.get_by_role("button", name="Withdraw request").click()
    expect(page.get_by_role("status").filter(has_text="Your request is withdrawn")).to_be_visible()
    page.goto(f"{booked.url}/portal/schedule")
    expect(page.locator("article.ui-visit--change")).to_have_count(2)
    expect(
        page.get_by_role("link", name=re.compile(f"^Make Changes.*{re.escape(short_day(booked.days[0]))}"))
    ).to_be_visible()

    # In the summary: both cancellations at once, by way of a page.
    page.get_by_role("link", name="Withdraw all").click()
    alice.look()
    alice.keep(f"client-withdraw-all-{size}")
    page.get_by_role("button", name="Withdraw request").click()
    expect(page.get_by_text("2 visits stay as they are").first).to_be_visible()
    alice.look()
    assert {v.state for v in visits(booked)} == {JobState.SCHEDULED}
    assert [i.state for i in items(booked)] == [ChangeState.WITHDRAWN] * 3
    assert [m.kind for m in mails(booked)].count(MailKind.CHANGE_WITHDRAWN.value) == 2
    page.goto(f"{booked.url}/portal/schedule")
    expect(page.get_by_role("region", name="Being reviewed")).to_have_count(0)


@pytest.mark.covers("X2", "X6")
@SIZES
def test_several_visits_are_cancelled_with_one_reason_one_submission_and_one_mail(booked, visitor, size, scheme):
    alice = visitor(size, scheme=scheme).log_in("portal", booked.cast.alice.email)
    page = alice.go("/portal/schedule")
    several = page.get_by_role("link", name="Cancel several visits")
    assert several.bounding_box()["y"] < page.locator("#schedule").bounding_box()["y"]
    several.click()
    alice.look()
    page.get_by_role("button", name="See what it costs").click()
    expect(page.get_by_role("alert")).to_contain_text("Tick at least one visit")
    boxes = page.locator('input[name="visit"]')
    expect(boxes).to_have_count(3)
    for n in (0, 2):
        boxes.nth(n).check()
    alice.look()
    alice.keep(f"client-several-{size}")
    page.get_by_role("button", name="See what it costs").click()
    expect(page.get_by_role("heading", name="Cancel 2 visits?")).to_be_visible()
    table = page.get_by_role("table")
    expect(table.locator("tbody tr")).to_have_count(2)
    expect(table.locator("tfoot")).to_contain_text("$20.00")
    assert items(booked) == []
    page.get_by_label(re.compile("^Reason")).select_option("Plans changed")
    alice.look()
    alice.keep(f"client-several-question-{size}")
    page.get_by_role("button", name="Confirm Cancellation Request").click()
    expect(page.get_by_role("status").filter(has_text="being reviewed")).to_be_visible()
    alice.look()
    alice.keep(f"client-schedule-several-{size}")
    expect(page.get_by_role("region", name="Being reviewed")).to_contain_text("Cancellation of 2 visits")
    booked.look_again()
    (request,) = db.session.scalars(sa.select(ChangeRequest))
    assert ([i.job_id for i in request.items], request.reason.name) == ([booked.ids[0], booked.ids[2]], "Plans changed")
    assert {v.state for v in visits(booked)} == {JobState.SCHEDULED}
    booked.deliver_mails()
    (mail,) = mails(booked)
    assert (mail.kind, mail.to_address, mail.state.value, len(mail.facts["items"])) == (
        MailKind.CANCELLATION_REQUESTED.value, booked.cast.alice.email, "sent", 2,
    )  # fmt: skip


@pytest.mark.covers("X11")
@SIZES
def test_a_pause_of_a_series_is_asked_for_and_waits(booked, visitor, size, scheme):
    people = booked.cast
    first, last = clock.today() + dt.timedelta(days=20), clock.today() + dt.timedelta(days=34)
    do(booked, lambda: make.repeat(people.alice, people.walk, pets=[people.biscuit], starts_on=clock.today()))
    alice = visitor(size, scheme=scheme).log_in("portal", people.alice.email)
    page = alice.go("/portal/schedule")
    series = page.get_by_role("region", name="Repeating visits")
    expect(series).to_contain_text("Dog walk, every Thursday, 12:00")
    series.get_by_role("link", name="Pause Dog walk").click()
    alice.look()
    page.get_by_label("First day without visits").fill(last.isoformat())
    page.get_by_label("Last day without visits").fill(first.isoformat())
    page.get_by_label(re.compile("^A word to")).fill("We are at the sea")
    page.get_by_role("button", name="Ask for the pause").click()
    expect(page.get_by_role("alert")).to_contain_text("must end after it starts")
    expect(page.get_by_label(re.compile("^A word to"))).to_have_value("We are at the sea")
    alice.look()
    page.get_by_label("First day without visits").fill(first.isoformat())
    page.get_by_label("Last day without visits").fill(last.isoformat())
    alice.keep(f"client-pause-{size}")
    page.get_by_role("button", name="Ask for the pause").click()
    expect(page.get_by_role("status").filter(has_text="being reviewed")).to_be_visible()
    summary = page.get_by_role("region", name="Being reviewed")
    for words in ("Pause of repeating visits", short_day(first), short_day(last), "We are at the sea"):
        expect(summary).to_contain_text(words)
    expect(series).to_contain_text("Being reviewed")
    expect(series.get_by_role("link", name="Pause Dog walk")).to_have_count(0)
    alice.look()
    alice.keep(f"client-schedule-pause-{size}")
    (item,) = items(booked)
    assert (item.state, item.first_on, item.last_on) == (ChangeState.PENDING, first, last)
    assert item.repeat.pauses == []
    assert [m.kind for m in mails(booked)] == [MailKind.SERIES_CHANGE_REQUESTED.value]


def first_of_a_series(booked):
    """Alice's walk with Biscuit each week, for four weeks; its first visit."""
    people, start = booked.cast, clock.today() + dt.timedelta(days=7)

    def begin():
        settings.change({"schedule.repeat_days": 28}, actor=people.as_olivia)
        times = [PatternTime(start.weekday(), dt.time(12))]
        pattern = Pattern(item=people.walk, times=times, starts_on=start, sitter=people.sam, pets=[people.biscuit])
        repeats.start(people.alice, pattern, actor=people.as_max)

    do(booked, begin)
    return db.session.scalars(sa.select(Job).where(Job.repeat_id.is_not(None)).order_by(Job.on_date)).first()


def test_what_is_chosen_before_the_page_is_ready_counts_in_its_figures(booked, visitor):
    people, visit = booked.cast, first_of_a_series(booked)
    page = visitor("phone").log_in("portal", people.alice.email).page
    held = []
    page.route("**/htmx.min.js*", lambda route: held.append(route))
    page.goto(f"{booked.url}/portal/visits/{visit.public_id}/following", wait_until="commit")
    page.locator("label").filter(has_text="Mochi").click()
    expect(page.get_by_role("checkbox", name="Mochi")).to_be_checked()
    assert len(held) == 1, "htmx was not held back"
    held[0].continue_()
    expect(page.locator("#figures")).to_contain_text("$100.00")


@pytest.mark.covers("X4", "X11")
def test_this_and_all_following_is_changed_with_each_price_and_decided_by_the_office(booked, visitor):
    people, visit = booked.cast, first_of_a_series(booked)
    alice = visitor("phone").log_in("portal", people.alice.email)
    page = alice.go(f"/portal/visits/{visit.public_id}")
    page.get_by_role("link", name="Change this and all following").click()
    page.locator("label").filter(has_text="Mochi").click()
    figures = page.locator("#figures")
    expect(figures).to_contain_text("$100.00")
    page.locator("input[type=time]:visible").fill("14:00")
    expect(figures).to_contain_text("12:00 PM → 2:00 PM")
    alice.look()
    alice.keep("client-following-phone")
    page.get_by_role("button", name="Send change request").click()
    expect(page.get_by_role("region", name="Being reviewed")).to_contain_text("You asked to change it from")
    alice.look()
    office = visitor("desk", scheme="dark").log_in("office", people.olivia.email)
    page = office.go(f"/admin/change-requests/{items(booked)[0].request_id}/")
    expect(page.get_by_role("main")).to_contain_text("4 planned visits change with it.")
    office.look()
    page.get_by_role("link", name="Edit, then approve").click()
    office.look()
    page.go_back()
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="1 request approved")).to_be_visible()
    booked.look_again()
    assert items(booked)[0].state is ChangeState.APPROVED
