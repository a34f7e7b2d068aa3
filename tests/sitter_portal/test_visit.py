"""The page of a visit and what is tapped there, through the real pages; without JavaScript they are plain forms."""

import datetime as dt
import re

import pytest

from foundation import clock, sealing
from foundation.db import db
from models import (
    Activity,
    Job,
    JobState,
    Notification,
    NotificationKind,
    PlaceSource,
    VisitCheck,
)
from tests import factories as make
from tests.databases import statements
from workflows import back_to_request, cancelling, changing, settings
from workflows.actors import COMMAND_LINE

TODAY = dt.date(2026, 11, 23)
DAY = dt.timedelta(days=1)


@pytest.fixture
def job(cast):
    """Alice's walk today at noon, by Sam; it is ten o'clock."""
    cast.alice.address_line1, cast.alice.city = "12 Elm Street", "Amherst"
    cast.biscuit.warning = "Insulin at 8 and 18"
    made = make.job(
        cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY, pets=[cast.biscuit], note="Gate: 12", staff_note="Use the mat"
    )  # fmt: skip
    db.session.commit()
    return made


@pytest.fixture
def sams(http, cast, sign_in_as_staff):
    return sign_in_as_staff(http(), cast.sam)


def forms(page):
    """{tap: (address, hidden values)} of the forms on a page."""
    found = {}
    for form in re.findall(r"<form[^>]*data-tap.*?</form>", page.text, re.DOTALL):
        values = dict(re.findall(r'name="(\w+)"(?: value="([^"]*)")?', form))
        found[re.search(r'data-tap="(\w+)"', form)[1]] = (re.search(r'action="([^"]+)"', form)[1], values)
    return found


def press(browser, page, tap, **more):
    address, values = forms(page)[tap]
    return follow(browser, browser.post(address, data={**values, **more}))


def follow(browser, answer):
    assert answer.status_code == 303, answer.status
    return browser.get(answer.location)


@pytest.mark.covers("V1")
def test_a_sitter_taps_through_the_visit_and_the_page_says_what_was_tapped(sams, job, clock_at, db_session):
    url = f"/staff/visits/{job.public_id}/"
    page = sams.get(url)
    for words in ("Gate: 12", "Use the mat", "12 Elm Street, Amherst", "openstreetmap.org/search?query=12+Elm+Street", "Insulin at 8 and 18"):  # fmt: skip
        assert words in page.text
    assert set(forms(page)) == {"arrival", "acknowledgement"}
    page = press(sams, page, "acknowledgement")
    assert "Visit to Alice Archer acknowledged." in page.text
    clock_at("2026-11-23 12:02")
    page = press(sams, sams.get(url), "arrival", place="given", latitude="42.37", longitude="-72.52", accuracy="9")
    assert "Checked in at Alice Archer" in page.text
    assert set(forms(page)) == {"departure"}
    clock_at("2026-11-23 12:31")
    page = press(sams, page, "departure", place="refused")
    assert ("12:02" in page.text, "12:31" in page.text, "the phone may not tell" in page.text) == (True, True, True)
    assert forms(page) == {}
    db_session.expire_all()
    assert (job.state, [c.place for c in job.checks]) == (JobState.COMPLETED, [PlaceSource.GIVEN, PlaceSource.REFUSED])


def test_a_form_that_is_sent_twice_counts_once_and_a_second_phone_is_told(sams, job, db_session):
    page = sams.get(f"/staff/visits/{job.public_id}/")
    press(sams, page, "arrival")
    assert "Checked in at Alice Archer" in press(sams, page, "arrival").text
    other = dict(forms(page)["arrival"][1], form_key="another-phone-of-sam")
    answer = follow(sams, sams.post(forms(page)["arrival"][0], data=other))
    assert "You are checked in since 10:00" in answer.text
    assert db_session.query(VisitCheck).count() == 1


def test_when_completing_is_a_tap_of_its_own_the_page_offers_it_after_the_check_out(sams, job, db_session):
    settings.change({"visits.complete_on_check_out": False}, actor=COMMAND_LINE)
    db.session.commit()
    page = press(sams, sams.get("/staff/"), "arrival", back="day")
    page = press(sams, page, "departure")
    assert set(forms(page)) == {"completion"}
    assert "completed" in press(sams, page, "completion").text
    assert db_session.get(Job, job.id).completed_at == clock.now()


@pytest.mark.parametrize("kind", ["GET", "acknowledgement", "arrival", "departure", "completion"])
def test_another_sitters_visit_is_not_found(sams, cast, kind, db_session):
    url = f"/staff/visits/{cast.bobs_job.public_id}/"
    token = re.search(r'name="csrf_token" value="([^"]+)"', sams.get("/staff/").text)[1]
    answer = sams.get(url) if kind == "GET" else sams.post(url + kind, data={"csrf_token": token})
    assert answer.status_code == 404
    assert (db_session.query(VisitCheck).count(), db_session.get(Job, cast.bobs_job.id).state) == (
        0,
        JobState.SCHEDULED,
    )


@pytest.mark.parametrize("how", ["cancelled", "given to Sita", "a request again"])
def test_who_was_there_when_the_visit_was_gone_is_told_and_so_is_the_office(sams, cast, job, db_session, how):
    page = sams.get(f"/staff/visits/{job.public_id}/")
    if how == "cancelled":
        cancelling.cancel([job], actor=cast.as_max)
    elif how == "a request again":
        back_to_request.back_to_request([job], actor=cast.as_max)
    else:
        wanted = changing.Change(job.service_item, TODAY, job.start_time, None, cast.sita, job.pets)
        changing.change(job, wanted, actor=cast.as_max)
    db.session.commit()
    answer = press(sams, page, "arrival")
    assert answer.request.path == "/staff/"
    assert "the office is told that you were there" in answer.text
    press(sams, page, "arrival")
    assert db_session.query(Notification).filter_by(kind=NotificationKind.CHECK_REFUSED).count() == 1
    after = sams.get(f"/staff/visits/{job.public_id}/")
    assert after.status_code == (200 if how == "cancelled" else 404)
    assert "Elm Street" not in after.text


def test_the_home_of_a_cancelled_or_long_past_visit_is_closed(sams, cast, job):
    old = make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=TODAY - 40 * DAY, state=JobState.COMPLETED)
    cast.bob.address_line1 = "7 Oak Street"
    job.state = JobState.CANCELLED
    db.session.commit()
    for visit, street in ((old, "Oak Street"), (job, "Elm Street")):
        page = sams.get(f"/staff/visits/{visit.public_id}/")
        assert (page.status_code, street in page.text) == (200, False)


@pytest.mark.covers("V6")
def test_what_is_locked_away_opens_from_the_visits_page_by_a_logged_look(sams, cast, job, db_session):
    code = make.custom_field(make.field_section(name="Getting in"), label="Alarm code", is_secret=True)
    make.field_value(code, cast.alice, text=None, sealed=sealing.seal('"4711"'))
    db.session.commit()
    page = sams.get(f"/staff/visits/{job.public_id}/")
    assert ("Alarm code" in page.text, "4711" in page.text) == (True, False)
    address, fields = re.search(r'action="(/staff/clients/[^"]+secrets)">(.*?)</form>', page.text, re.DOTALL).groups()
    opened = sams.post(address, data=dict(re.findall(r'name="(\w+)" value="([^"]*)"', fields)))
    assert "4711" in opened.text
    assert db_session.query(Activity).filter_by(verb="secret.seen").count() == 1


def test_the_page_takes_as_many_queries_for_three_pets_as_for_one(sams, cast, job):
    def cost():
        with statements() as sent:
            assert sams.get(f"/staff/visits/{job.public_id}/").status_code == 200
        return len(sent)

    one = cost()
    job.pets = [*job.pets, cast.mochi, make.pet(cast.alice, "Rex")]
    for kind in ("in", "out"):
        make.visit_check(job, kind)
    db.session.commit()
    assert (one <= 14, cost()) == (True, one)
