"""Expired vaccinations and full blocks are shown before a visit is scheduled, booked or changed, and can be accepted."""

import datetime as dt

import pytest

from foundation.db import db
from models import JobState, LineState
from tests import factories as make
from tests.admin.office.conftest import THURSDAY
from tests.admin.office.test_booking import NEW, booked

pytestmark = pytest.mark.covers("B11")

WARNING = "Vaccinations of Biscuit run out on Thu, Nov 26, 2026."


@pytest.fixture
def expiring(office, cast):
    """The office writes into Biscuit's form that the vaccinations run out on Thursday."""
    office.get(f"/admin/pets/edit/?id={cast.biscuit.id}").press("Save", vaccinations_expire_on=THURSDAY.isoformat())
    db.session.expire_all()
    assert cast.biscuit.vaccinations_expire_on == THURSDAY


def test_batch_screen_shows_it_before_scheduling_and_takes_anyway(office, cast, alices_request, batch_url, expiring):
    page = office.get(batch_url)
    assert WARNING in page.main
    stopped = page.press("Schedule visits", line=[x.id for x in alices_request.lines])
    assert stopped.status == 409
    assert WARNING in stopped.main
    assert {x.state for x in alices_request.lines} == {LineState.SUBMITTED}
    stopped.press("Schedule anyway")
    db.session.expire_all()
    assert {x.state for x in alices_request.lines} == {LineState.SCHEDULED}


def test_batch_screen_shows_it_also_for_lines_that_nobody_does_yet(office, cast, alices_request, batch_url, expiring):
    for line in alices_request.lines:
        line.sitter, line.leave_unassigned = None, True
    db.session.commit()
    page = office.get(batch_url)
    assert WARNING in page.main
    stopped = page.press("Schedule visits", line=[x.id for x in alices_request.lines])
    assert (stopped.status, WARNING in stopped.main) == (409, True)


def test_booking_shows_it_and_takes_anyway(office, cast, expiring):
    form = office.get(f"{NEW}?client={cast.alice.id}")
    filled = {"service": cast.walk.id, "start_time": "12:00", "pets": [cast.biscuit.id], "sitter": "none"}
    fine = form.press("Book visits", dates=["2026-11-25"], **filled)
    assert "1 visit booked." in fine.main
    stopped = form.press("Book visits", dates=["2026-11-27"], form_key=None, **filled)
    assert (stopped.status, WARNING in stopped.main) == (409, True)
    stopped.press("Book anyway")
    assert [j.on_date.day for j in booked(cast.alice)] == [25, 27]


def test_changing_a_visit_shows_it_for_a_later_day_or_another_pet_but_not_for_a_note(office, cast, expiring):
    job = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=dt.date(2026, 11, 25), pets=[cast.biscuit])
    db.session.commit()
    url = f"/admin/visit/{job.id}/"
    stopped = office.get(url).press("Save visit", on_date="2026-11-26")
    assert (stopped.status, WARNING in stopped.main) == (409, True)
    assert "Visit saved." in stopped.press("Save anyway").main
    assert "Visit saved." in office.get(url).press("Save visit", note="Side gate").main
    assert "Visit saved." in office.get(url).press("Save visit", pets=[cast.mochi.id]).main
    stopped = office.get(url).press("Save visit", pets=[cast.biscuit.id, cast.mochi.id])
    assert (stopped.status, WARNING in stopped.main) == (409, True)
    db.session.expire_all()
    assert ([p.name for p in job.pets], job.state) == (["Mochi"], JobState.SCHEDULED)


def test_block_that_is_overfull_is_shown_when_booking_and_when_changing(office, cast):
    for _ in range(2):
        make.job(cast.bob, cast.cat_visit, sitter=cast.sam, start_time=None, block=cast.morning, duration_minutes=80)
    db.session.commit()
    form = office.get(f"{NEW}?client={cast.alice.id}")
    cast.cat_visit.duration_minutes = 21
    db.session.commit()
    filled = {"service": cast.cat_visit.id, "blocks": [cast.morning.id], "pets": [cast.mochi.id], "sitter": cast.sam.id}
    stopped = form.press("Book visits", dates=[THURSDAY.isoformat()], **filled)
    full = "Sam Stone has no time left on Thu, Nov 26 in Morning 07:00-10:00: 2 other visits fill it."
    assert (stopped.status, full in stopped.main) == (409, True)
    job = make.job(cast.alice, cast.cat_visit, sitter=cast.sita, start_time=None, block=cast.morning, pets=[cast.mochi])
    db.session.commit()
    changed = office.get(f"/admin/visit/{job.id}/").press("Save visit", sitter=cast.sam.id)
    assert (changed.status, full in changed.main) == (409, True)
