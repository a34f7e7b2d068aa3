"""The sitter's day as it is lived on a phone: the list, the place that the phone tells or not, the visit's page."""

import datetime as dt

import pytest
from playwright.sync_api import expect

from foundation import clock
from foundation.db import db, mark_request
from models import Job, JobState, PlaceSource
from tests import factories as make
from workflows import settings
from workflows.actors import COMMAND_LINE

pytestmark = pytest.mark.browser


@pytest.mark.covers("V1")
def test_a_sitter_checks_in_with_a_place_and_out_without_one(live, visitor):
    cast = live.cast
    mark_request(reads_only=False)
    settings.change({"visits.check_in_hours": None}, actor=COMMAND_LINE)
    cast.alice.address_line1, cast.alice.city, cast.alice.latitude, cast.alice.longitude = (
        "12 Elm Street",
        "Amherst",
        42.37,
        -72.52,
    )
    cast.biscuit.warning = "Insulin at 8 and 18"
    job = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=clock.today(), start_time=dt.time(0), pets=[cast.biscuit, cast.mochi], staff_note="Use the back door")  # fmt: skip
    make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=clock.today() + dt.timedelta(days=1))
    db.session.commit()
    number = job.id
    mark_request(reads_only=True)
    sam = visitor("phone").log_in("office", cast.sam.login.email)
    page = sam.page
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"latitude": 42.371, "longitude": -72.52, "accuracy": 12})
    sam.go("/staff/")
    expect(page.get_by_text("Insulin at 8 and 18")).to_be_visible()
    sam.look()
    page.get_by_role("button", name="Check in Alice Archer").click()
    expect(page.get_by_text("Checked in at Alice Archer")).to_be_visible()
    page.context.clear_permissions()
    page.get_by_role("link", name="Dog walk", exact=True).first.click()
    expect(page.get_by_text("111 m from the home")).to_be_visible()
    sam.look()
    page.get_by_role("button", name="Check out Alice Archer").click()
    expect(page.get_by_text("Checked out at Alice Archer")).to_be_visible()
    live.look_again()
    done = db.session.get(Job, number)
    assert (done.state, [c.place for c in done.checks]) == (
        JobState.COMPLETED,
        [PlaceSource.GIVEN, PlaceSource.REFUSED],
    )
