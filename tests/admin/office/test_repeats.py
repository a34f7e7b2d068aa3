"""Repeating services through the office's pages: begun, made ahead, changed for one visit or from a day on, paused, ended."""

import datetime as dt

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Job, JobState, Repeat, RepeatPause
from tests import factories as make
from tests.databases import statements
from workflows import repeat_orders, repeat_runs

WED, FRI = dt.date(2026, 11, 25), dt.date(2026, 11, 27)
MON = dt.date(2026, 11, 30)
DAY, WEEK = dt.timedelta(days=1), dt.timedelta(days=7)
NEW = "/admin/repeat/new"


@pytest.fixture
def series(office, cast):
    """Begun on the page: Biscuit's walk on Monday, Wednesday and Friday at noon by Sam, from this Wednesday on."""
    form = office.get(f"{NEW}?client={cast.alice.id}")
    times = {"row-time": ["12:00", ""], "r0-days": ["0", "2", "4"]}
    values = {"starts_on": WED, "service": cast.walk.id, "pets": [cast.biscuit.id], "week_starts": "0"}
    page = form.press("Save and make visits", **values, **times)
    assert "Saved." in page.main
    return db.session.scalars(sa.select(Repeat)).one()


def visits(*states):
    db.session.expire_all()
    found = sa.select(Job).where(Job.repeat_id.is_not(None), Job.state.in_(states or [JobState.SCHEDULED]))
    return db.session.scalars(found.order_by(Job.on_date, Job.start_time, Job.id)).all()


def night():
    """What the nightly task does for all clients."""
    made = repeat_orders.nightly(repeat_runs.due())
    db.session.commit()
    return made


def days(found):
    return [j.on_date for j in found]


@pytest.mark.covers("V4")
def test_a_weekly_pattern_rolls_ahead_by_night_and_over_a_range_without_duplicates(office, cast, series, clock_at):
    ahead = WED + DAY * 58  # sixty days from Monday
    db.session.commit()
    assert days(visits())[:4] == [WED, FRI, MON, MON + 2 * DAY]
    assert max(days(visits())) <= ahead
    before = [j.id for j in visits()]
    db.session.commit()
    assert night() == 0, "the night finds everything made"
    clock_at("2026-11-25 03:17")
    db.session.commit()
    night()
    night()
    assert [j.id for j in visits()][: len(before)] == before
    assert len(visits()) == len({(j.repeat_on, j.repeat_time_id) for j in visits()})
    clock_at("2026-11-23 10:30")
    # Over a range: listed first, made by a press, and the second run finds nothing to do.
    make.time_off(cast.sam, MON + 20 * WEEK, MON + 20 * WEEK)
    page = office.get(
        f"/admin/repeat/run?client={cast.alice.id}&first={MON + 20 * WEEK}&until={MON + 20 * WEEK + 6 * DAY}"
    )
    assert "3 visits are missing" in page.main
    assert "1 has a conflict" in page.main
    n = len(visits())
    assert "3 visits made." in page.press("Make 3 visits").main
    again = office.get(f"/admin/repeat/run?first={MON + 20 * WEEK}&until={MON + 20 * WEEK + 6 * DAY}")
    assert "0 visits are missing, 3 exist already" in again.main
    assert "Already made" in again.main
    assert len(visits()) == n + 3


@pytest.mark.covers("V4")
def test_several_times_a_day_with_a_block_and_a_line_added_without_javascript(office, cast):
    form = office.get(f"{NEW}?client={cast.alice.id}").press("Show its times", service=cast.walk.id)
    more = form.press(
        "Add a time", **{"service": cast.walk.id, "row-time": ["08:00", "12:00"], "r0-days": ["0"], "r1-days": ["0"]}
    )
    assert more.fields(NEW).getlist("row-time") == ["08:00", "12:00", ""]
    page = more.press("Save and make visits", **{"r2-days": ["0"], "row-time": ["08:00", "12:00", "18:30"]})
    assert "8:00" in page.main
    monday = [j.start_time.hour for j in visits() if j.on_date == MON]
    assert monday == [8, 12, 18]


@pytest.mark.covers("V4")
@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"r0-days": None}, "Tick the days of 12:00."),
        ({"row-time": ["", ""]}, "Enter a time for the ticked days."),
        ({"row-time": ["25:00", ""]}, "Enter a time, for example 12:00."),
        ({"row-time": ["", ""], "r0-days": None}, "Choose at least one day of the week."),
        ({"every_weeks": "99"}, "Choose every 1 to 52 weeks."),
        ({"ends_on": "2026-11-24"}, "The last day cannot be before the first."),
        ({"pets": None}, "Choose at least one pet."),
    ],
)
def test_what_makes_no_sense_comes_back_with_a_sentence(office, cast, values, sentence):
    form = office.get(f"{NEW}?client={cast.alice.id}")
    fine = {
        "service": cast.walk.id,
        "starts_on": WED,
        "row-time": ["12:00", ""],
        "r0-days": ["2"],
        "pets": [cast.biscuit.id],
    }
    page = form.press("Save and make visits", **{**fine, **values})
    assert page.status == 422
    assert sentence in page.main
    assert db.session.scalars(sa.select(Repeat)).all() == []


@pytest.mark.covers("V4")
def test_all_that_is_wrong_with_a_series_is_said_at_once(office, cast):
    form = office.get(f"{NEW}?client={cast.alice.id}")
    values = {"service": cast.walk.id, "starts_on": "", "ends_on": "2026-01-01", "row-time": ["25:00", ""], "every_weeks": "99", "sitter": "", "pets": None, "week_starts": "25:99"}  # fmt: skip
    page = form.press("Save and make visits", **values)
    assert page.status == 422
    for name in ("starts_on", "ends_on", "times", "every_weeks", "week_starts", "sitter", "pets"):
        assert f'id="{name}-error"' in page.html, name


@pytest.mark.covers("X11")
def test_all_that_is_wrong_with_a_pause_is_said_at_once(office, cast, series):
    form = office.get(f"/admin/repeat/{series.id}/pause")
    page = form.press("Pause", first_on="", last_on="2026-01-05")
    assert (page.status, "These days are in the past." in page.main) == (422, True)
    assert 'id="first_on-error"' in page.html
    series.ends_on = FRI + WEEK
    db.session.commit()
    page = form.press("Pause", first_on=FRI + 2 * WEEK, last_on=WED + 2 * WEEK)
    assert "The last day cannot be before the first." in page.main
    assert "The series has no visits on these days." in page.main


@pytest.mark.covers("X11")
def test_this_visit_this_and_following_pause_and_end(office, cast, series):
    _first, second, third, *_rest = visits()
    # This visit: cancelled, and never made again.
    office.post(f"/admin/visit/{second.id}/cancellation", reason="Rain")
    page = office.get(f"/admin/visit/{third.id}/")
    assert "Part of a repeating service" in page.main
    assert "Mon, Wed" in page.main
    # This and following: from the third visit on at 14:00.
    form = page.follow("Change this and following")
    page = form.press("Save from this day on", **{"row-time": ["14:00", ""], "r0-days": ["0", "2", "4"]})
    assert "Saved." in page.main
    new = db.session.scalars(sa.select(Repeat).where(Repeat.follows_id == series.id)).one()
    assert {j.start_time.hour for j in visits() if j.on_date >= third.on_date} == {14}
    assert visits()[0].start_time.hour == 12
    assert second.on_date not in days(visits())
    # Pause from Wednesday week to Friday week.
    form = office.get(f"/admin/repeat/{new.id}/pause")
    page = form.press("Pause", first_on=WED + 2 * WEEK, last_on=FRI + 2 * WEEK, reason="Holiday")
    assert "2 visits cancelled." in page.main
    assert not {WED + 2 * WEEK, FRI + 2 * WEEK} & set(days(visits()))
    assert db.session.scalars(sa.select(RepeatPause)).one().reason == "Holiday"
    office.get(f"/admin/repeat/{new.id}/").press("Take out")
    assert {WED + 2 * WEEK, FRI + 2 * WEEK} <= set(days(visits())), "the pause is over, they are back"
    assert db.session.scalars(sa.select(RepeatPause)).all() == []
    # End: first it says what is cancelled, then it is.
    form = office.get(f"/admin/repeat/{new.id}/end")
    looked = form.press("Show what is cancelled", last_on=FRI + 2 * WEEK)
    assert "visits are cancelled" in looked.main
    assert "Nothing has happened yet." not in looked.main
    assert looked.press("Set this last day").status == 200
    assert max(days(visits())) == FRI + 2 * WEEK
    # The cancelled one stays cancelled through all of it.
    db.session.expire_all()
    assert db.session.get(Job, second.id).state is JobState.CANCELLED
    assert len([j for j in visits(*JobState) if j.repeat_on == second.repeat_on]) == 1


@pytest.mark.covers("X11")
def test_a_series_ends_only_once_what_is_cancelled_was_seen(office, cast, series):
    asked = office.get(f"/admin/repeat/{series.id}/end").press("Set this last day", last_on=FRI)
    assert "Nothing has happened yet." in asked.main
    assert "visits are cancelled" in asked.main
    db.session.refresh(series)
    assert series.ends_on is None
    other = asked.press("Set this last day", last_on=FRI + WEEK)
    assert "Nothing has happened yet." in other.main, "another day than the one that was looked at"
    other.press("Set this last day")
    db.session.refresh(series)
    assert series.ends_on == FRI + WEEK


@pytest.mark.covers("X11")
def test_refusals_of_the_pages(office, cast, series, http, sign_in_as_staff):
    page = office.get(f"/admin/repeat/{series.id}/pause").press("Pause", first_on=FRI, last_on=WED)
    assert (page.status, "The last day cannot be before the first." in page.main) == (422, True)
    assert office.get(f"/admin/repeat/{series.id}/pause").press("Pause").status == 422
    past = office.get(f"/admin/repeat/{series.id}/end").press("Set this last day", last_on="2026-11-01")
    assert (past.status, "The last day is in the past." in past.main) == (422, True)
    office.get("/admin/repeat/999999/", 404)
    sam = sign_in_as_staff(http(), cast.sam)
    assert sam.get(f"/admin/repeat/{series.id}/end").status_code in {302, 403, 404}


def test_the_same_form_sent_twice_begins_one_series(office, cast):
    form = office.get(f"{NEW}?client={cast.alice.id}")
    values = {"service": cast.walk.id, "starts_on": WED, "row-time": ["12:00", ""], "r0-days": ["2"]}
    form.press("Save and make visits", **values)
    page = form.press("Save and make visits", **values)
    assert "This was already saved." in page.text
    assert len(db.session.scalars(sa.select(Repeat)).all()) == 1


def test_lists_and_pages_name_the_series(office, cast, series):
    assert "Mon, Wed" in office.get("/admin/repeats/").main
    assert "Alice Archer" in office.get("/admin/repeats/?search=alice").main
    assert "Nothing found" in office.get("/admin/repeats/?search=zzz").main
    tab = office.get(f"/admin/client/{cast.alice.id}/?tab=repeats")
    assert "Dog walk" in tab.main


def test_pages_cost_a_fixed_number_of_queries(office, cast, series):
    make.repeat(cast.bob, cast.walk, times=[(2, dt.time(20))], pets=[cast.bella], sitter=cast.sam)
    with statements() as few:
        office.get("/admin/repeat/run")
    for hour in range(8):
        make.repeat(
            cast.bob, cast.walk, times=[(d, dt.time(8 + hour)) for d in range(7)], pets=[cast.bella], sitter=cast.sam
        )
    with statements() as many:
        office.get("/admin/repeat/run")
    assert len(many) <= len(few) + 1, "at most one more, for the names of what the visits clash with"
    assert len(many) <= 24
    with statements() as sent:
        office.get(f"/admin/repeat/{series.id}/")
    assert len(sent) <= 16
