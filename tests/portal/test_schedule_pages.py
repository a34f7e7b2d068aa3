"""P3 and C1: the month, the day, and what stands on them."""

import datetime as dt
import re

import pytest

from foundation import clock
from foundation.db import db
from models import JobState, LineState
from tests import factories as make

DAY = make.DAY
TODAY = dt.date(2026, 11, 23)


def cell(page, day):
    """What a day's cell in the month says to a screen reader."""
    (inner,) = re.findall(
        rf'<a class="ui-cal__day[^"]*" href="/portal/schedule/{day}"[^>]*>(.*?)</a>', page.html, re.DOTALL
    )
    return inner


def cards(page):
    """The visit cards: class and text of each."""
    found = re.findall(r'<article class="ui-visit([^"]*)">(.*?)</article>', page.html, re.DOTALL)
    return [(kind.strip(), re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).strip()) for kind, body in found]


@pytest.fixture
def week(cast):
    """Alice's week: a visit of every kind that is shown, and two that are not; Bob's on the same days."""
    a, pets = cast.alice, [cast.biscuit]
    make.job(a, cast.walk, on_date=TODAY, start_time=dt.time(8), state=JobState.COMPLETED, pets=pets, sitter=cast.sam)
    make.job(
        a, cast.walk, on_date=TODAY, start_time=dt.time(9, 45), state=JobState.IN_PROGRESS, pets=pets, sitter=cast.sam
    )
    make.job(a, cast.walk, on_date=DAY, pets=pets, sitter=cast.sam, note="Use the side gate")
    make.job(
        a, cast.walk, on_date=DAY, start_time=dt.time(15), state=JobState.CANCELLED, cancelled_at=clock.now(), pets=pets
    )
    make.job(a, make.service_item("Vanished visit"), on_date=DAY, state=JobState.VOIDED, pets=pets)
    make.job(a, make.service_item("Key run", is_internal=True), on_date=DAY)
    request = make.job_request(a, number=17)
    make.line(request, cast.cat_visit, block=cast.evening, pets=[cast.mochi], note="She hides")
    make.line(request, cast.cat_visit, block=cast.morning, pets=[cast.mochi], auto_submitted=True)
    make.line(request, cast.walk, start_time=dt.time(18), pets=pets, state=LineState.DECLINED, decided_at=clock.now(), decline_reason="We are full.\nTry noon?")  # fmt: skip
    make.line(
        request, cast.walk, start_time=dt.time(19), pets=pets, state=LineState.CANCELLED, cancelled_at=clock.now()
    )
    make.line(request, make.service_item("Deleted wish"), pets=pets, state=LineState.DELETED)
    make.line(request, cast.walk, start_time=dt.time(12), pets=pets, state=LineState.SCHEDULED)
    make.line(make.job_request(a), make.service_item("Basket wish"), pets=pets)
    make.job(cast.bob, make.service_item("Bob's visit"), on_date=DAY, pets=[cast.bella])
    db.session.commit()
    return cast


@pytest.mark.covers("C1", "P3", "C2")
def test_the_day_lists_all_that_is_booked_and_requested(walk, week):
    page = walk(week.alice).get(f"/portal/schedule/{DAY}")
    assert [(kind, text.split(" Your note")[0]) for kind, text in cards(page)] == [
        ("ui-visit--req", "Morning, 7:00 AM to 10:00 AM REQ: waiting REQ: Cat visit, 20 minutes Mochi We sent this for you today at 10:00 AM, so that it was not forgotten. Not booked yet. Cancel the request: Cat visit, Thu, Nov 26, Morning, 7:00 AM to 10:00 AM"),
        ("", "12:00 PM to 12:30 PM Scheduled Dog walk, 30 minutes Biscuit with Sam"),
        ("ui-visit--req", "Evening, 5:00 PM to 8:00 PM REQ: waiting REQ: Cat visit, 20 minutes Mochi Sent today at 10:00 AM. Not booked yet."),
        ("ui-visit--off", "3:00 PM to 3:30 PM Cancelled Dog walk, 30 minutes Biscuit Cancelled today at 10:00 AM."),
        ("ui-visit--declined", "6:00 PM to 6:30 PM Declined Dog walk, 30 minutes Biscuit My pet care business answered today at 10:00 AM. We are full. Try noon?"),
        ("ui-visit--off", "7:00 PM to 7:30 PM Cancelled Dog walk, 30 minutes Biscuit You cancelled this request today at 10:00 AM."),
    ]  # fmt: skip
    assert "Your note: Use the side gate" in page.text
    assert "Your note: She hides" in page.text
    assert page.html.count("<del>Dog walk, 30 minutes</del>") == 2
    for hidden in ("Vanished visit", "Key run", "Deleted wish", "Basket wish", "Bob"):
        assert hidden not in page.html, hidden


@pytest.mark.covers("C1", "P3")
def test_the_month_tells_the_kinds_apart_by_words_and_leads_to_the_day(walk, week):
    page = walk(week.alice).get("/portal/schedule?month=2026-11")
    thursday, today = cell(page, DAY), cell(page, TODAY)
    assert "<b>REQ: Morning</b>Cat visit" in thursday
    assert "REQ: requested, waiting for an answer" in thursday
    assert "Scheduled, 12:00" in thursday
    assert "+4 more" in thursday
    assert "Done, ✓ 8:00" in today
    assert "On the visit, 9:45" in today
    assert "today" in today
    assert "nothing booked" in cell(page, "2026-11-10")
    for hidden in ("Vanished visit", "Key run", "Deleted wish", "Basket wish", "Bob"):
        assert hidden not in page.html, hidden
    for words in ("Scheduled", "REQ: requested", "Done", "Cancelled", "Declined"):
        assert words in page.text.split("What the marks mean")[-1]


@pytest.mark.covers("P3")
def test_the_coming_visits_stand_beside_the_month_in_order(walk, week):
    make.job(week.alice, week.walk, on_date=dt.date(2026, 11, 20), pets=[week.biscuit])
    page = walk(week.alice).get("/portal/schedule")
    assert "Coming visits" in page.text
    assert [kind for kind, _text in cards(page)] == ["ui-visit--live", "ui-visit--req", "", "ui-visit--req"]
    beside = page.text.split("Coming visits")[1]
    assert beside.index("Monday, November 23 · Today") < beside.index("Thursday, November 26")
    assert "2 requested visits are waiting for My pet care business" in page.text
    assert "REQ: Cat visit, Evening, 5:00 PM to 8:00 PM: Thu, Nov 26" in page.text.replace("\xa0", " ")


@pytest.mark.covers("P3")
def test_a_chosen_day_stands_beside_its_month(walk, week):
    page = walk(week.alice).get(f"/portal/schedule?month=2026-11&day={DAY}")
    assert len(cards(page)) == 6
    assert "Thursday, November 26" in page.text
    assert "shown below" in cell(page, DAY)


@pytest.mark.covers("P3")
def test_to_htmx_a_day_answers_with_the_month_alone(walk, week):
    answer = walk(week.alice).browser.get(
        f"/portal/schedule/{DAY}", headers={"HX-Request": "true", "HX-Target": "schedule"}
    )
    assert answer.text.lstrip().startswith('<div class="ui-split" id="schedule"')
    assert "<html" not in answer.text
    assert answer.headers["HX-Push-Url"] == f"/portal/schedule?month=2026-11&day={DAY}"
    assert answer.text.count("<article") == 6


@pytest.mark.covers("P3")
def test_a_stay_stands_on_every_day_that_it_touches(walk, cast):
    make.job(cast.alice, cast.overnight, on_date=dt.date(2026, 12, 30), ends_on=dt.date(2027, 1, 2), start_time=dt.time(18), end_time=dt.time(9), pets=[cast.mochi])  # fmt: skip
    alice = walk(cast.alice)
    for day in ("2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02"):
        page = alice.get(f"/portal/schedule/{day}")
        ((kind, text),) = cards(page)
        assert (kind, "Wed, Dec 30, 6:00 PM to Sat, Jan 2, 2027, 9:00 AM" in text) == ("", True), text
        assert "Overnight" in cell(alice.get(f"/portal/schedule?month={day[:7]}"), day)
    for day in ("2026-12-29", "2027-01-03"):
        assert "Nothing on this day" in alice.get(f"/portal/schedule/{day}").text
    clock_in_the_stay = alice.get("/portal/schedule?month=2027-01")
    assert "Overnight" in cell(clock_in_the_stay, "2026-12-31")


@pytest.mark.covers("P3")
def test_a_visit_over_midnight_stands_on_both_days(walk, cast):
    make.job(cast.alice, cast.walk, start_time=dt.time(23, 45), pets=[cast.biscuit])
    alice = walk(cast.alice)
    for day in (DAY, DAY + dt.timedelta(1)):
        ((_kind, text),) = cards(alice.get(f"/portal/schedule/{day}"))
        assert "Thu, Nov 26, 11:45 PM to Fri, Nov 27, 12:15 AM" in text


@pytest.mark.covers("P3")
@pytest.mark.parametrize(
    ("month", "before", "after"),
    [
        ("2026-12", "2026-11", "2027-01"),
        ("2027-01", "2026-12", "2027-02"),
        ("2024-02", "2024-01", "2024-03"),
        ("1970-02", "1970-01", "1970-03"),
        ("2199-11", "2199-10", "2199-12"),
    ],  # fmt: skip
)
def test_months_before_and_after_are_reachable_over_the_years(walk, cast, month, before, after):
    page = walk(cast.alice).get(f"/portal/schedule?month={month}")
    assert {f"/portal/schedule?month={before}", f"/portal/schedule?month={after}"} <= page.links()


@pytest.mark.covers("P3")
@pytest.mark.parametrize(("locale", "first"), [("en_US", "Sun"), ("en_GB", "Mon"), ("de_DE", "Mo")])
def test_the_week_begins_as_the_locale_says(walk, cast, change_settings, locale, first):
    change_settings({"business.locale": locale})
    html = walk(cast.alice).get("/portal/schedule").html
    assert re.search(r'<th scope="col"><abbr[^>]*>(\w+)', html)[1] == first


@pytest.mark.parametrize(
    "month",
    [
        "x",
        "2026-13",
        "2026-00",
        "99999-01",
        "2026-11-01",
        "%00",
        "\u0662\u0660\u0662\u0666-\u0661\u0661",
        "1969-12",
        "2200-01",
        "9" * 500,
    ],
)
def test_a_month_that_is_none_is_said_and_this_month_is_shown(walk, cast, month):
    page = walk(cast.alice).get(f"/portal/schedule?month={month}&day={month}")
    assert page.status == 200
    assert "We could not read that month, so this is November 2026." in page.text


@pytest.mark.parametrize(
    "day", ["2026-02-31", "0000-00-00", "1969-12-31", "2200-01-01", "9999-12-31", "x", "2026-1-1", "%00"]
)
def test_a_day_that_is_none_is_not_found(walk, cast, day):
    assert walk(cast.alice).get(f"/portal/schedule/{day}").status == 404


@pytest.mark.covers("P3")
def test_empty_pages_say_what_to_do(walk, cast):
    alice = walk(cast.alice)
    page = alice.get("/portal/schedule")
    assert "No visits ahead" in page.text
    assert "ui-pet" in page.html
    day = alice.get(f"/portal/schedule/{DAY}")
    assert f"/portal/request?day={DAY}" in day.links()
    assert "/portal/request?day=2026-11-22" not in alice.get("/portal/schedule/2026-11-22").links()


@pytest.mark.covers("P3")
def test_times_follow_the_business_clock_when_clocks_change(walk, cast, clock_at):
    clock_at("2026-11-01 01:30", fold=1)  # the second half past one of that night
    make.sent_request(cast.alice, cast.walk, first_on=dt.date(2026, 11, 3), pets=[cast.biscuit])
    db.session.commit()
    page = walk(cast.alice).get("/portal/schedule/2026-11-03")
    assert "Sent today at 1:30 AM." in page.text.replace("\xa0", " ")


@pytest.mark.parametrize(
    ("name", "minutes", "title"),
    [
        ("Dog walk", 30, "Dog walk, 30 minutes"),
        ("Dog walk, 30 minutes", 30, "Dog walk, 30 minutes"),
        ("Walk 60 min", 60, "Walk 60 min"),
        ("Walk for 1 hour", 60, "Walk for 1 hour"),
        # The office made this visit longer than its service: then it is said.
        ("Dog walk, 30 minutes", 45, "Dog walk, 30 minutes, 45 minutes"),
        ("Walk 130", 30, "Walk 130, 30 minutes"),
    ],
)
def test_a_card_says_once_how_long_a_visit_takes(walk, cast, name, minutes, title):
    make.job(cast.alice, make.service_item(name), on_date=DAY, duration_minutes=minutes, pets=[cast.biscuit])
    db.session.commit()
    assert f'ui-visit__name">{title}<' in walk(cast.alice).get(f"/portal/schedule/{DAY}").html
