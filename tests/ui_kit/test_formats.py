"""Dates and times in words."""

import datetime as dt
from collections.abc import Callable

import pytest
from flask import Flask

from ui_kit import formats, month_grid

DAY = dt.date(2026, 11, 26)
SUMMER = dt.datetime(2026, 7, 1, 23, 30, tzinfo=dt.UTC)  # 00:30 on the 2nd in London


def say(app: Flask, what: Callable[[], object], lang: str = "en_GB") -> object:
    with app.test_request_context(f"/?lang={lang}"):
        return what()


@pytest.mark.parametrize(
    ("lang", "short", "long", "month"),
    [
        ("en_GB", "Thu 26 Nov", "Thursday 26 November", "November 2026"),
        ("en_US", "Thu, Nov 26", "Thursday, November 26", "November 2026"),
        ("de", "Do., 26. Nov", "Donnerstag, 26. November", "November 2026"),
        ("fr", "jeu. 26 nov", "jeudi 26 novembre", "novembre 2026"),
        ("ja", "11月26日(木)", "11月26日木曜日", "2026年11月"),
    ],
)
def test_days_follow_the_locale(mini: Flask, lang: str, short: str, long: str, month: str) -> None:
    assert say(mini, lambda: formats.short_day(DAY), lang) == short
    assert say(mini, lambda: formats.long_day(DAY), lang) == long
    assert say(mini, lambda: formats.month_name(DAY), lang) == month


def test_the_year_comes_when_asked(mini: Flask) -> None:
    assert say(mini, lambda: formats.short_day(DAY, year=True)) == "Thu, 26 Nov 2026"
    assert say(mini, lambda: formats.long_day(DAY, year=True)) == "Thursday, 26 November 2026"


def test_a_moment_is_shown_on_the_clock_of_the_business(mini: Flask) -> None:
    assert say(mini, lambda: formats.local_datetime(SUMMER)) == "Thu, 2 Jul 2026, 00:30"
    assert say(mini, lambda: formats.local_date(SUMMER)) == "2 Jul 2026"
    assert say(mini, lambda: formats.short_day(SUMMER)) == "Thu 2 Jul"
    assert say(mini, lambda: formats.clock_time(SUMMER)) == "00:30"


def test_what_has_no_zone_is_shown_as_it_is(mini: Flask) -> None:
    naive = dt.datetime(2026, 7, 1, 23, 30)
    assert say(mini, lambda: formats.clock_time(dt.time(23, 30))) == "23:30"
    assert say(mini, lambda: formats.clock_time(naive)) == "23:30"
    assert say(mini, lambda: formats.local_date(naive)) == "1 Jul 2026"


@pytest.mark.parametrize(
    ("lang", "time", "clock", "pill"),
    [
        ("en_GB", dt.time(7, 30), "07:30", "07:30"),
        ("en_US", dt.time(7, 30), "7:30\u00a0AM", "7:30a"),
        ("en_US", dt.time(19), "7:00\u00a0PM", "7p"),
        ("en_US", dt.time(12), "12:00\u00a0PM", "12p"),
    ],
)
def test_times_follow_the_locale_and_pills_are_short(
    mini: Flask, lang: str, time: dt.time, clock: str, pill: str
) -> None:
    assert say(mini, lambda: formats.clock_time(time), lang) == clock
    assert say(mini, lambda: formats.pill_time(time), lang) == pill


@pytest.mark.parametrize(
    ("before", "says"),
    [
        (dt.timedelta(minutes=3), "3 minutes ago"),
        (dt.timedelta(hours=-2), "in 2 hours"),
        (dt.timedelta(days=2), "2 days ago"),
        (dt.timedelta(days=10), "13 Nov 2026"),
    ],
)
def test_ago_turns_into_the_date_after_a_week(mini: Flask, before: dt.timedelta, says: str) -> None:
    now = dt.datetime.now(dt.UTC)
    assert say(mini, lambda: formats.ago(now - before)) == says


def test_nothing_is_an_empty_text(mini: Flask) -> None:
    filters = ("short_day", "long_day", "local_date", "local_datetime", "clock_time", "pill_time", "ago")
    assert [mini.jinja_env.filters[name](None) for name in filters] == [""] * len(filters)


def test_outside_a_request_the_defaults_serve() -> None:
    assert formats.clock_time(dt.time(7, 30)) == "07:30"
    assert formats.clock_time(SUMMER) == "19:30"  # the business of these tests is in New York


@pytest.mark.parametrize(
    ("page", "pages", "shown"),
    [
        (1, 1, [1]),
        (1, 2, [1, 2]),
        (3, 5, [1, 2, 3, 4, 5]),
        (4, 12, [1, 2, 3, 4, 5, None, 12]),
        (6, 12, [1, None, 5, 6, 7, None, 12]),
        (12, 12, [1, None, 11, 12]),
    ],
)
def test_page_numbers_leave_gaps_but_never_for_one_page(page: int, pages: int, shown: list[int | None]) -> None:
    assert formats.page_numbers(page, pages) == shown


@pytest.mark.parametrize(
    ("lang", "first", "day"), [("en_GB", "Mon", dt.date(2026, 10, 26)), ("en_US", "Sun", dt.date(2026, 11, 1))]
)
def test_month_begins_on_the_first_day_of_the_week(mini: Flask, lang: str, first: str, day: dt.date) -> None:
    grid = say(mini, lambda: month_grid(DAY, today=DAY), lang)
    assert grid.weekdays[0][0] == first
    assert grid.weeks[0][0].date == day
    assert (grid.previous, grid.next) == (dt.date(2026, 10, 1), dt.date(2026, 12, 1))
    assert {len(week) for week in grid.weeks} == {7}


def test_december_leads_to_january(mini: Flask) -> None:
    grid = say(mini, lambda: month_grid(dt.date(2026, 12, 31), today=DAY))
    assert (grid.previous, grid.next) == (dt.date(2026, 11, 1), dt.date(2027, 1, 1))


@pytest.mark.parametrize(
    ("minutes", "short", "long"),
    [
        (0, "0 min", "0 minutes"), (45, "45 min", "45 minutes"), (60, "1 h", "1 hour"), (90, "1 h 30 min", "1 hour 30 minutes"),
        (660, "11 h", "11 hours"),
    ],
)  # fmt: skip
def test_lengths_are_said_in_hours_where_they_are(mini: Flask, minutes: int, short: str, long: str) -> None:
    assert say(mini, lambda: formats.short_length(minutes)) == short
    assert say(mini, lambda: formats.length(minutes)) == long


def test_a_day_at_the_end_of_a_sentence_brings_no_second_full_stop(mini: Flask) -> None:
    for lang in ("de", "fr", "en_GB", "es"):
        for month in range(1, 13):
            day = dt.date(2026, month, 3)
            words = say(mini, lambda day=day: (formats.short_day(day), formats.long_day(day)), lang)
            assert not [w for w in words if w.endswith(".")], (lang, words)
