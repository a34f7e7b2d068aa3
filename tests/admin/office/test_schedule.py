"""The schedule: day and week, by sitter and by client, with filters; few queries however much there is."""

import datetime as dt
import re

import pytest

from foundation.db import db
from models import Job, JobState
from tests import factories as make
from tests.admin.office.conftest import THURSDAY
from tests.databases import statements
from workflows import settings

WEEK = "/admin/schedule/"
DAY = f"/admin/schedule/?view=day&on={THURSDAY}"


@pytest.fixture
def week(cast):
    """Thursday: Sam 9:00 with Alice, nobody at 14:00; Friday: Sita 10:00 with Alice, a cancelled one at 11:00."""
    friday = THURSDAY + dt.timedelta(days=1)
    return {
        "sam": make.job(cast.alice, cast.walk, sitter=cast.sam, start_time=dt.time(9), pets=[cast.biscuit]),
        "nobody": make.job(cast.alice, cast.cat_visit, start_time=dt.time(14), pets=[cast.mochi]),
        "sita": make.job(cast.alice, cast.walk, sitter=cast.sita, on_date=friday, start_time=dt.time(10)),
        "off": make.job(cast.alice, cast.walk, sitter=cast.sita, on_date=friday, start_time=dt.time(11), state=JobState.CANCELLED),
    }  # fmt: skip


def shown(page, week):
    """Which of the visits are on the page."""
    return {name for name, job in week.items() if f'href="/admin/visit/{job.id}/"' in page.html}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (WEEK, {"sam", "nobody", "sita", "off"}),
        (DAY, {"sam", "nobody"}),
        (f"{WEEK}?by=client", {"sam", "nobody", "sita", "off"}),
        (f"{DAY}&by=client", {"sam", "nobody"}),
        (f"{WEEK}?state=cancelled", {"off"}),
        (f"{WEEK}?state=nobody", {"nobody"}),
        (f"{WEEK}?sitter=none", {"nobody"}),
        (f"{WEEK}?state=requested", set()),
        (f"{WEEK}?on=2026-12-01", set()),
        (f"{WEEK}?on=2026-11-29", set()),  # a Sunday begins the next week here
        (f"{WEEK}?on=2026-11-28", {"sam", "nobody", "sita", "off"}),
    ],
)
def test_views_and_states(office, week, url, expected):
    assert shown(office.get(url), week) == expected


def test_filters_by_sitter_and_by_group_of_services(office, cast, week):
    assert shown(office.get(f"{WEEK}?sitter={cast.sam.id}"), week) == {"sam"}
    assert shown(office.get(f"{WEEK}?group={cast.dog_walks.id}"), week) == {"sam", "sita", "off"}
    assert shown(office.get(f"{WEEK}?group={cast.dog_walks.id}&by=client"), week) == {"sam", "sita", "off"}


def test_day_shows_time_client_pets_service_and_state(office, week):
    text = office.get(DAY).main
    assert "Sam Stone 9:00 AM to 9:30 AM Alice Archer Biscuit · Dog walk Scheduled" in text
    assert "Nobody yet 2:00 PM to 2:20 PM Alice Archer Mochi · Cat visit Nobody yet" in text


@pytest.mark.covers("X9")
def test_a_cancelled_visit_stays_greyed_for_as_long_as_the_setting_says_and_is_not_counted(office, cast, week):
    friday = f"/admin/schedule/?view=day&on={THURSDAY + dt.timedelta(days=1)}"
    card = rf'<a class="ui-(?:slot|job) ui-(?:slot|job)--off" href="/admin/visit/{week["off"].id}/"'
    void = make.job(cast.alice, cast.walk, sitter=cast.sita, on_date=week["off"].on_date, state=JobState.VOIDED)
    for url in (friday, f"{friday}&by=client"):
        page = office.get(url)
        assert len(re.findall(card, page.html)) == 1
        assert "1 visit" in page.main, "the other one"
        assert "Dog walk Cancelled" in page.main or "Dog walk, Cancelled" in page.main
        assert f"/admin/visit/{void.id}/" not in page.html, "what never was is not in the schedule"
        assert page.html.index(f"/admin/visit/{week['sita'].id}/") < page.html.index(f"/admin/visit/{week['off'].id}/")
    assert "4 visits" in office.get(f"{WEEK}?on={THURSDAY}").main, "Bob's is the fourth"
    assert "2 visits" in office.get(f"{friday}&state=cancelled").main, "the filter counts what it shows"
    paper = office.get(f"/admin/schedule/print?on={THURSDAY}").main
    assert ("10:00 AM" in paper, "11:00 AM" in paper) == (True, False), "on paper stands what takes place"
    today = dt.date(2026, 11, 23)
    for days_ago, days, stays in ((30, 30, True), (31, 30, False), (31, None, True), (1, 0, False), (0, 0, True)):
        settings.change({"schedule.cancelled_days": days}, actor=cast.as_olivia)
        on = today - dt.timedelta(days=days_ago)
        gone = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=on, state=JobState.CANCELLED)
        url = f"/admin/schedule/?view=day&on={on}"
        assert (gone.id in ids_on(office.get(url))) is stays, (days_ago, days)
        assert gone.id in ids_on(office.get(f"{url}&state=cancelled")), "the filter still finds it"


def test_cancelled_visits_never_push_others_out_of_a_cell_nor_into_an_order(office, cast):
    off = [
        make.job(cast.alice, cast.walk, sitter=cast.sam, start_time=dt.time(7, n), state=JobState.CANCELLED)
        for n in range(6)
    ]
    on = make.job(cast.alice, cast.walk, sitter=cast.sam, start_time=dt.time(20))
    page = office.get(f"{WEEK}?on={THURSDAY}&pick=1")
    assert on.id in ids_on(page)
    assert len(ids_on(page) & {j.id for j in off}) == 4
    assert set(re.findall(r'name="job" value="(\d+)"', page.html)) == {str(cast.bobs_job.id), str(on.id)}


def ids_on(page):
    """The numbers of the visits on a page."""
    return {int(n) for n in re.findall(r'href="/admin/visit/(\d+)/"', page.html)}


def test_waiting_requests_are_shown_when_they_are_wished_for(office, cast):
    link = f'href="/admin/job-requests/{cast.bob.id}/"'
    assert link not in office.get(WEEK).html
    for url in (f"{WEEK}?requests=1", f"{DAY}&requests=1", f"{WEEK}?state=requested", f"{WEEK}?by=client&requests=1"):
        page = office.get(url)
        assert link in page.html
        assert "REQ:" in page.main
    # They stand with the sitter who would be proposed.
    assert link in office.get(f"{WEEK}?requests=1&sitter={cast.sita.id}").html
    assert link not in office.get(f"{WEEK}?requests=1&sitter={cast.sam.id}").html


def test_drafts_in_baskets_are_nobodys_business(office, cast):
    assert "Cat visit" not in office.get(f"{DAY}&requests=1&by=client").main


def test_a_stay_stands_on_each_day_that_it_touches(office, cast):
    stay = make.job(
        cast.alice, cast.overnight, sitter=cast.sam, on_date=dt.date(2026, 11, 20), ends_on=dt.date(2026, 11, 24),
        start_time=dt.time(18), end_time=dt.time(10),
    )  # fmt: skip
    page = office.get(WEEK)
    assert len(re.findall(rf'href="/admin/visit/{stay.id}/"', page.html)) == 3  # Sunday to Tuesday
    assert "Stay until Tue, Nov 24" in page.main
    assert f"/admin/visit/{stay.id}/" in office.get("/admin/schedule/?view=day&on=2026-11-24").html
    assert f"/admin/visit/{stay.id}/" not in office.get("/admin/schedule/?view=day&on=2026-11-25").html


def test_days_off_are_marked(office, cast):
    make.time_off(cast.sam, THURSDAY, THURSDAY + dt.timedelta(days=5))
    assert office.get(WEEK).main.count("Away") == 3  # Thursday to Saturday
    assert "Away" in office.get(DAY).main


def test_moving_through_time_keeps_the_filters(office, week):
    page = office.get(f"{WEEK}?state=nobody&requests=1&by=client")
    assert "Sun, Nov 22 to Sat, Nov 28" in page.main
    later = page.follow("Week after")
    assert "Sun, Nov 29 to Sat, Dec 5" in later.main
    assert "state=nobody" in later.path
    assert "requests=1" in later.path
    assert shown(later.follow("Week before"), week) == {"nobody"}
    assert "Monday, November 23" in office.get(WEEK).follow("Mon, Nov 23").main
    assert "view=day" in page.link("Thu, Nov 26")


def test_a_big_week_is_drawn_as_sums_that_lead_to_the_day(office, cast):
    for n in range(40):
        sitter = make.staff(f"Sitter {n:02}")
        for hour in range(8, 15):
            make.job(cast.alice, cast.walk, sitter=sitter, start_time=dt.time(hour))
        make.job(cast.alice, cast.walk, sitter=sitter, on_date=THURSDAY + dt.timedelta(days=1), start_time=dt.time(8))
        for day in range(3):
            make.job(
                cast.alice,
                cast.walk,
                sitter=sitter,
                on_date=THURSDAY - dt.timedelta(days=day + 1),
                start_time=dt.time(9),
            )
    page = office.get(WEEK)
    assert "7 visits 8:00 AM to 2:00 PM" in page.main
    assert "1 visit 9:00 AM" in page.main
    assert "9:00 AM to 9:00 AM" not in page.main
    assert "441 visits" in page.main
    rows = [p.html.partition("<table")[2] for p in (page, office.get(f"{WEEK}?page=2"))]
    assert ["Sitter 39" in row for row in rows] == [False, True]
    day = page.follow("7 visits")
    assert "Thursday, November 26" in day.main
    assert len(re.findall(r'href="/admin/visit/\d+/"', day.html)) == 7


@pytest.mark.parametrize(
    "url", [WEEK, DAY, f"{WEEK}?requests=1", f"{DAY}&requests=1", f"{WEEK}?by=client", f"{DAY}&by=client&requests=1"]
)
def test_few_queries_at_900_visits_a_day(office, cast, url):
    office.get(url)
    people = [make.staff(f"Sitter {n}") for n in range(60)]
    db.session.flush()
    proto = make.job(cast.alice, cast.walk)
    common = {
        c.name: getattr(proto, c.name)
        for c in Job.__table__.columns
        if c.name not in {"id", "public_id", "sitter_id", "on_date", "ends_on", "start_time"}
    }
    rows = [
        {
            **common,
            "sitter_id": people[n % 60].id,
            "on_date": day,
            "ends_on": day,
            "start_time": dt.time(6 + n % 15, n % 4 * 15),
        }
        for day in (
            THURSDAY,
            THURSDAY + dt.timedelta(days=1),
            THURSDAY - dt.timedelta(days=1),
            THURSDAY - dt.timedelta(days=2),
        )
        for n in range(900)
    ]
    db.session.execute(Job.__table__.insert(), [{**row, "public_id": f"p{i}"} for i, row in enumerate(rows)])
    db.session.commit()
    with statements() as sent:
        page = office.get(url)
    assert len(sent) <= 7
    assert len(page.html) < 300_000
