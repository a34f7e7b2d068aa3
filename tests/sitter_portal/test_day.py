"""The sitter's week: own visits only, with what is needed at the door."""

import datetime as dt

import pytest

from foundation.db import db
from tests import factories


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


@pytest.mark.parametrize("first", ["x", "2026-02-31", "9999-12-31", "0001-01-01", "%00"])
def test_a_day_that_is_none_is_not_found(http, cast, sign_in_as_staff, first):
    assert sign_in_as_staff(http(), cast.sam).get(f"/staff/?from={first}").status_code == 404


def test_an_empty_week_says_what_will_come(http, cast, sign_in_as_staff):
    page = sign_in_as_staff(http(), cast.sam).get("/staff/?from=2027-03-01")
    assert "No visits in these seven days" in page.text
