"""The sitter's week: own visits only, with what is needed at the door."""

import datetime as dt
import re

import pytest

from foundation import clock
from foundation.db import db
from models import JobState, KeyPlace
from tests import factories
from tests.databases import statements
from workflows import settings
from workflows.actors import COMMAND_LINE
from workflows.stretches import MAX_STAY_DAYS


def test_sitter_sees_own_visits_and_nobody_elses(http, cast, sign_in_as_staff):
    today = dt.date(2026, 11, 23)
    cast.biscuit.warning = "Insulin at 8 and 18"
    factories.job(
        cast.alice, on_date=today, ends_on=today, sitter=cast.sam, pets=[cast.biscuit], staff_note="Key under pot"
    )
    db.session.commit()
    page = sign_in_as_staff(http(), cast.sam).get("/staff/")
    assert page.status_code == 200
    for text in ("Alice Archer", "Biscuit", "Insulin at 8 and 18", "Key under pot"):
        assert text in page.text
    assert "Bob Baker" not in page.text
    assert "Bob Baker" in sign_in_as_staff(http(), cast.sita).get("/staff/").text


def test_times_and_phone_numbers_stand_as_people_write_them(http, cast, sign_in_as_staff):
    today = dt.date(2026, 11, 23)
    cast.alice.phone = "+14135550123"
    factories.job(cast.alice, on_date=today, start_time=dt.time(17), ends_on=today, sitter=cast.sam)
    factories.job(cast.alice, cast.cat_visit, on_date=today, start_time=None, block=cast.evening, sitter=cast.sam)
    factories.job(cast.alice, cast.overnight, on_date=today, start_time=None, ends_on=today + dt.timedelta(2), sitter=cast.sam)  # fmt: skip
    db.session.commit()
    page = sign_in_as_staff(http(), cast.sam).get("/staff/").text.replace("\u00a0", " ")
    for words in ("5:00 PM to 5:30 PM", "Evening, 5:00 PM to 8:00 PM", "All day until Wed, Nov 25"):
        assert words in page
    assert '<a class="ui-link" href="tel:+14135550123">(413) 555-0123</a>' in page


def test_a_stay_that_began_on_another_day_says_on_which(http, cast, sign_in_as_staff):
    friday, today = dt.date(2026, 11, 20), dt.date(2026, 11, 23)
    for start in (dt.time(20), None):
        factories.job(cast.alice, cast.overnight, on_date=friday, start_time=start, ends_on=today, sitter=cast.sam)
    db.session.commit()
    sams = sign_in_as_staff(http(), cast.sam)
    page = sams.get("/staff/").text.replace("\u00a0", " ")
    assert "Fri, Nov 20, 8:00 PM until Mon, Nov 23" in page
    assert "Fri, Nov 20 until Mon, Nov 23" in page
    assert ">8:00 PM until Mon, Nov 23" in sams.get("/staff/?from=2026-11-20").text.replace("\u00a0", " ")


def test_a_visit_that_is_done_stands_in_few_words_and_the_next_in_full(http, cast, sign_in_as_staff):
    today = dt.date(2026, 11, 23)

    def at(hour, minute):
        return dt.datetime.combine(today, dt.time(hour, minute), clock.zone())

    done = factories.job(
        cast.alice, cast.walk, on_date=today, start_time=dt.time(9), sitter=cast.sam, pets=[cast.biscuit],
        staff_note="Key under pot", state=JobState.COMPLETED, checked_in_at=at(9, 2), checked_out_at=at(9, 31),
    )  # fmt: skip
    factories.job(cast.bob, cast.walk, on_date=today, start_time=dt.time(11), sitter=cast.sam, staff_note="Side door")
    db.session.commit()
    sams = sign_in_as_staff(http(), cast.sam)
    first, second = re.findall(r"<article.*?</article>", sams.get("/staff/").text, re.DOTALL)
    said = " ".join(re.sub(r"<[^>]+>", " ", first).replace("\u00a0", " ").split())
    assert said == "9:00 AM to 9:30 AM Done Dog walk , Alice Archer In 9:02 AM · Out 9:31 AM"
    assert "<form" not in first
    assert [word in second for word in ("Side door", "<form", "Bob Baker")] == [True, True, True]
    assert "Key under pot" in sams.get(re.search(r'href="(/staff/visits/[^"]+)"', first)[1]).text
    assert str(done.public_id) in first


@pytest.mark.parametrize("first", ["x", "2026-02-31", "9999-12-31", "0001-01-01", "%00"])
def test_a_day_that_is_none_is_not_found(http, cast, sign_in_as_staff, first):
    assert sign_in_as_staff(http(), cast.sam).get(f"/staff/?from={first}").status_code == 404


@pytest.mark.parametrize("first", ["0001-01-08", "0001-02-01", "9999-12-24"])
def test_the_ends_of_the_calendar_are_days_like_others(http, cast, sign_in_as_staff, first):
    assert sign_in_as_staff(http(), cast.sam).get(f"/staff/?from={first}").status_code == 200


def test_the_longest_stay_is_seen_until_its_last_day(http, cast, sign_in_as_staff):
    begins = dt.date(2026, 11, 24) - dt.timedelta(days=MAX_STAY_DAYS)
    factories.job(cast.alice, cast.overnight, on_date=begins, start_time=None, ends_on=dt.date(2026, 11, 24), sitter=cast.sam)  # fmt: skip
    db.session.commit()
    sams = sign_in_as_staff(http(), cast.sam)
    seen = ["Alice Archer" in sams.get(f"/staff/?from=2026-11-{day}").text for day in (23, 24, 25)]
    assert seen == [True, True, False]


def test_an_empty_week_says_what_will_come(http, cast, sign_in_as_staff):
    page = sign_in_as_staff(http(), cast.sam).get("/staff/?from=2027-03-01")
    assert "No visits in these seven days" in page.text


def line_of(page, day):
    """What the line of a later day says, in words."""
    found = re.search(rf'<a class="ui-list__link" href="\?from={day}">(.*?)</a>', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).replace("\u00a0", " ").split()) if found else None


def test_the_first_day_stands_in_full_and_the_later_ones_in_a_line_with_the_way_to_theirs(http, cast, sign_in_as_staff):
    today, later = dt.date(2026, 11, 23), dt.date(2026, 11, 25)
    cast.biscuit.warning = "Insulin at 8 and 18"
    factories.job(cast.alice, on_date=today, ends_on=today, sitter=cast.sam, staff_note="Key under pot")
    factories.job(
        cast.alice, cast.walk, on_date=later, ends_on=later, start_time=dt.time(17), sitter=cast.sam, pets=[cast.biscuit],
        staff_note="Gate code 12",
    )  # fmt: skip
    factories.job(cast.bob, cast.walk, on_date=later, ends_on=later, start_time=dt.time(9), sitter=cast.sam, state=JobState.CANCELLED)  # fmt: skip
    db.session.commit()
    sams = sign_in_as_staff(http(), cast.sam)
    week = sams.get("/staff/").text
    assert [text in week for text in ("Key under pot", "Gate code 12", "Insulin at 8 and 18")] == [True, False, False]
    said = "Wednesday, November 25 1 visit, 1 cancelled 1 new or changed 5:00 PM to 5:30 PM: Dog walk, Alice Archer"
    assert line_of(week, later) == said
    assert line_of(week, today) is None
    full = sams.get("/staff/?from=2026-11-25").text
    assert [text in full for text in ("Gate code 12", "Insulin at 8 and 18", "Dog walk</a>, Bob Baker")] == [True] * 3


def test_the_line_of_a_later_day_says_what_is_new_until_it_is_acknowledged(http, cast, sign_in_as_staff):
    tomorrow = dt.date(2026, 11, 24)
    factories.job(cast.alice, on_date=dt.date(2026, 11, 23), sitter=cast.sam)
    own = [
        factories.job(cast.alice, cast.walk, on_date=tomorrow, start_time=dt.time(h), sitter=cast.sam)
        for h in (14, 9, 17)
    ]
    db.session.commit()
    sams = sign_in_as_staff(http(), cast.sam)
    visits = [job.public_id for job in own]
    token = re.search(r'name="csrf_token" value="([^"]+)"', sams.get("/staff/").text)[1]
    sent = {"csrf_token": token, "back": "day"}
    assert "3 visits 3 new or changed 9:00 AM to 9:30 AM: Dog walk" in line_of(sams.get("/staff/").text, tomorrow)
    sams.post(f"/staff/visits/{visits[0]}/acknowledgement", data=sent)
    assert "3 visits 2 new or changed 9:00" in line_of(sams.get("/staff/").text, tomorrow)
    sams.post("/staff/acknowledgements", data={**sent, "upto": "2026-11-29"})
    assert "3 visits 9:00" in line_of(sams.get("/staff/").text, tomorrow)


def test_the_line_of_a_later_day_says_how_many_keys_are_missing(http, cast, sign_in_as_staff):
    tomorrow = dt.date(2026, 11, 24)
    factories.job(cast.bob, on_date=dt.date(2026, 11, 23), sitter=cast.sam)
    factories.job(cast.alice, on_date=tomorrow, sitter=cast.sam)
    factories.job(cast.alice, on_date=tomorrow, sitter=cast.sam, state=JobState.CANCELLED)
    key = factories.key(cast.alice)
    db.session.commit()
    sams = sign_in_as_staff(http(), cast.sam)
    assert "1 without a key" in line_of(sams.get("/staff/").text, tomorrow)
    key.place, key.holder = KeyPlace.STAFF, cast.sam
    db.session.commit()
    assert "without a key" not in line_of(sams.get("/staff/").text, tomorrow)


def test_a_later_day_that_is_all_cancelled_names_no_visit(http, cast, sign_in_as_staff):
    factories.job(cast.alice, on_date=dt.date(2026, 11, 23), sitter=cast.sam)
    factories.job(cast.bob, on_date=dt.date(2026, 11, 24), sitter=cast.sam, state=JobState.CANCELLED)
    db.session.commit()
    page = sign_in_as_staff(http(), cast.sam).get("/staff/").text
    assert line_of(page, "2026-11-24") == "Tuesday, November 24 1 cancelled"


def test_without_visits_on_the_first_day_the_next_that_has_any_stands_in_full(http, cast, sign_in_as_staff):
    later = dt.date(2026, 11, 25)
    factories.job(cast.alice, on_date=later, ends_on=later, sitter=cast.sam, staff_note="Gate code 12")
    db.session.commit()
    assert "Gate code 12" in sign_in_as_staff(http(), cast.sam).get("/staff/").text


def test_a_week_of_sixty_visits_takes_as_many_queries_as_one_visit(http, cast, sign_in_as_staff):
    today = dt.date(2026, 11, 23)
    sams = sign_in_as_staff(http(), cast.sam)
    factories.job(cast.alice, on_date=today, sitter=cast.sam, pets=[cast.biscuit])
    db.session.commit()

    def cost():
        with statements() as sent:
            assert sams.get("/staff/").status_code == 200
        return len(sent)

    one = cost()
    for n in range(60):
        client, pet = (cast.alice, cast.mochi) if n % 2 else (cast.bob, factories.pet(cast.bob, f"Rex {n}"))
        item, block = (cast.cat_visit, cast.evening) if n % 3 else (cast.walk, None)
        day = today + dt.timedelta(n % 7)
        factories.job(client, item, on_date=day, block=block, sitter=cast.sam, pets=[pet])
    db.session.commit()
    assert (one <= 7, cost()) == (True, one)


def test_a_stay_that_began_before_the_week_is_on_it(http, cast, sign_in_as_staff):
    today = dt.date(2026, 11, 23)
    for began, ends in ((10, -1), (3, 1), (9, -2)):
        factories.job(
            cast.alice, cast.overnight, on_date=today - dt.timedelta(began), ends_on=today + dt.timedelta(ends),
            start_time=None, sitter=cast.sam, staff_note=f"Ends {ends}",
        )  # fmt: skip
    db.session.commit()
    page = sign_in_as_staff(http(), cast.sam).get("/staff/").text
    assert [f"Ends {n}" in page for n in (-1, 1, -2)] == [False, True, False]


@pytest.mark.covers("X9")
def test_a_cancelled_visit_stays_greyed_as_long_as_the_setting_says(http, cast, sign_in_as_staff):
    past = dt.date(2026, 11, 20)
    factories.job(cast.alice, on_date=past, ends_on=past, sitter=cast.sam, state=JobState.CANCELLED)
    db.session.commit()
    browser = sign_in_as_staff(http(), cast.sam)
    for days, is_shown in ((3, True), (2, False), (None, True), (0, False)):
        settings.change({"schedule.cancelled_days": days}, actor=COMMAND_LINE)
        db.session.commit()
        page = browser.get("/staff/?from=2026-11-20").text
        assert ("ui-visit--off" in page) is is_shown
