"""V1, S1: HOME's board of today keeps itself up to date, and says which visits need a look."""

import datetime as dt

import pytest

from foundation.db import db
from models import AlertKind, Job, JobState, VisitAlert
from tests import factories as make
from tests.databases import statements
from workflows import alerts

pytestmark = pytest.mark.covers("V1")
TODAY = dt.date(2026, 11, 23)


@pytest.fixture
def late(cast, clock_at):
    """Sam's visit at 10:00 today; it is 10:20 and nobody came. Nothing else is wrong."""
    db.session.execute(db.update(Job).values(state=JobState.CANCELLED))
    visit = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY, start_time=dt.time(10), pets=[cast.biscuit])
    clock_at("2026-11-23 10:20")
    alerts.look()
    db.session.commit()
    return visit


def test_home_says_who_is_late_by_how_much_and_how_to_reach_them(office, cast, late):
    cast.sam.phone = "+14135550100"
    db.session.commit()
    page = office.get("/admin/")
    assert "Visits that need a look" in page.main
    assert "20 minutes late: Alice Archer" in page.main
    assert page.has_link("tel:+14135550100")
    assert page.has_link(f"/admin/visit/{late.id}/")
    assert "1 late" in page.main
    assert "Biscuit, Dog walk, late" in page.main


def test_the_board_is_renewed_only_when_something_is_new(office, cast, late):
    seen = office.get("/admin/").html.split("/admin/live/?seen=")[1].split('"')[0]
    assert office.browser.get(f"/admin/live/?seen={seen}").status_code == 204
    late.state = JobState.IN_PROGRESS
    db.session.commit()
    alerts.look()
    db.session.commit()
    answer = office.browser.get(f"/admin/live/?seen={seen}")
    assert answer.status_code == 200
    assert "on now" in answer.text
    assert "minutes late" not in answer.text
    assert "<html" not in answer.text


def test_a_warning_is_put_away_and_stays_in_the_list(office, cast, late):
    alert = db.session.scalars(db.select(VisitAlert).where(VisitAlert.kind == AlertKind.LATE)).one()
    office.post(f"/admin/warnings/{alert.id}")
    assert "minutes late" not in office.get("/admin/").main
    page = office.get("/admin/alerts/?view=seen")
    assert "minutes late" in page.main
    assert "Olivia" in page.main


def test_nobody_but_the_office_sees_the_board(http, sign_in_as_staff, cast, late):
    sitter = sign_in_as_staff(http(), cast.sam)
    assert sitter.get("/admin/live/").status_code in {302, 403}
    assert http().get("/admin/live/").status_code in {302, 401}


def test_home_costs_as_many_queries_with_many_warnings(office, cast, late):
    def queries():
        with statements() as seen:
            office.get("/admin/")
        return len(seen)

    before = queries()
    for hour in range(6):
        make.job(cast.alice, cast.walk, sitter=cast.sita, on_date=TODAY, start_time=dt.time(hour, 30))
    alerts.look()
    db.session.commit()
    assert queries() == before
