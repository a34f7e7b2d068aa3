"""Keys at the office's desk: the list, giving out, the client's tab and panel, HOME, and conflicts that name the key."""

import datetime as dt

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Activity, Job, Key, KeyPlace, LineState
from tests import factories as make
from tests.admin.office.conftest import THURSDAY
from tests.admin.office.test_booking import NEW, booked
from workflows import keys

pytestmark = pytest.mark.covers("V5")
WARNING = "Sam Stone has no key of Alice Archer. It is: at the office."


@pytest.fixture
def k7(cast):
    """Alice's key at the office, committed."""
    key = keys.add(cast.alice, {"name": "Front door", "reference": "K7", "description": "under the blue pot"}, actor=cast.as_olivia)  # fmt: skip
    db.session.commit()
    return key


def reread(key):
    db.session.expire_all()
    return db.session.get(Key, key.id)


def test_a_key_is_added_from_the_client_given_out_and_taken_back_with_its_history(office, cast):
    tab = f"/admin/client/{cast.alice.id}/?tab=keys"
    assert "No keys yet" in office.get(tab).main
    page = office.get(f"/admin/keys/new/?client={cast.alice.id}&url={tab.replace('?', '%3F')}")
    filled = page.fields("/admin/keys/new/")
    proposed = filled["reference"]
    assert len(proposed) == 5
    assert not set(proposed) & set("AEIOU")
    page = office.send(page.path, {**filled, "name": "Front door", "description": "Turn it twice"})
    for words in (proposed, "At the office", "Turn it twice", "Taken in: at the office"):
        assert words in page.main
    key = db.session.scalar(sa.select(Key))
    given = page.press("Save", to=f"staff-{cast.sam.id}", note="for the week")
    assert "With Sam Stone" in given.main
    assert "From the office to Sam Stone" in given.main
    assert "“for the week”" in given.main
    stale = page.press("Save", to=f"staff-{cast.sita.id}", form_key=None)  # the page as it was before
    assert "meanwhile" in stale.html
    assert reread(key).holder_id == cast.sam.id
    panel = office.get(f"/admin/client/{cast.alice.id}/").main
    assert "1 key, 1 with the team" in panel
    assert "noted who has the key" in panel
    assert "at the office" in panel
    office.get(tab).press("Save", to="office")
    for n in range(3):
        keys.move(reread(key), KeyPlace.STAFF, [cast.sam, cast.sita][n % 2], actor=cast.as_max)
    db.session.commit()
    short = office.get(f"/admin/keys/details/?id={key.id}")
    assert "Taken in" not in short.main
    assert "Taken in" in office.get(f"/admin/keys/details/?id={key.id}&history=all").main


def test_many_keys_are_given_at_once_or_none(office, cast, k7):
    other = make.key(cast.bob, "B1")
    db.session.commit()
    ask = office.get("/admin/keys/").press("Give to, take back", rowid=[k7.id, other.id])
    assert "All are moved, or none." in ask.main
    keys.retire(reread(other), actor=cast.as_max)
    db.session.commit()
    refused = ask.press("Move 2 keys", to=f"staff-{cast.sam.id}")
    assert (refused.status, "No longer in use: B1" in refused.main) == (422, True)
    assert reread(k7).place is KeyPlace.OFFICE
    keys.restore(reread(other), actor=cast.as_max)
    db.session.commit()
    done = refused.press("Move 2 keys", to=f"staff-{cast.sam.id}")
    assert "2 keys were moved." in done.html
    assert {k.holder_id for k in db.session.scalars(sa.select(Key))} == {cast.sam.id}


def test_the_list_has_its_views_and_its_file_says_nothing_of_the_description(office, cast, k7):
    make.key(cast.bob, "B1", holder=cast.sam)
    lost, gone = make.key(cast.bob, "B2"), make.key(cast.bob, "B3")
    keys.move(lost, KeyPlace.LOST, actor=cast.as_olivia)
    keys.retire(gone, actor=cast.as_olivia)
    db.session.commit()
    seen = {
        query: [code for code in ("K7", "B1", "B2", "B3") if f">{code}</a>" in office.get(f"/admin/keys/?{query}").html]
        for query in ("", "view=team", "view=office", "view=lost", "view=retired", "search=k7", "search=baker", f"flt_sitter={cast.sam.id}")
    }  # fmt: skip
    assert seen == {
        "": ["K7", "B1", "B2"], "view=team": ["B1"], "view=office": ["K7"], "view=lost": ["B2"], "view=retired": ["B3"],
        "search=k7": ["K7"], "search=baker": ["B1", "B2"], f"flt_sitter={cast.sam.id}": ["B1"],
    }  # fmt: skip
    file = office.get("/admin/keys/").press("Export")
    assert "K7" in file.html
    assert "blue pot" not in file.html
    assert "blue pot" not in str([line.facts for line in db.session.scalars(sa.select(Activity))])
    cast.sam.is_active = False
    db.session.commit()
    assert "Sam Stone has left and still has 1 key." in office.get("/admin/keys/").main
    assert "1 key is with somebody who left" in office.get("/admin/").main


def test_home_the_required_page_schedule_and_visit_say_which_sitter_lacks_the_key(office, cast, k7, clock_at):
    job = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=dt.date(2026, 11, 24))
    make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=dt.date(2026, 11, 24), start_time=dt.time(15))
    db.session.commit()
    assert "1 key still required" in office.get("/admin/").main
    page = office.get("/admin/keys/required/").main
    assert ("K7" in page, "at the office" in page, "Bob Baker" in page) == (True, True, False)
    for url in ("/admin/schedule/?view=day&on=2026-11-24", "/admin/schedule/?on=2026-11-24", f"/admin/visit/{job.id}/"):
        assert office.get(url).main.count("no key") == 1, url
    keys.move(reread(k7), KeyPlace.STAFF, cast.sam, actor=cast.as_olivia)
    db.session.commit()
    assert "still required" not in office.get("/admin/").main
    assert "Everybody has their keys" in office.get("/admin/keys/required/").main
    assert "no key" not in office.get("/admin/schedule/?on=2026-11-24").main


@pytest.mark.covers("B11")
def test_requested_visits_are_not_scheduled_without_a_word_about_the_missing_key(office, cast, alices_request, batch_url, k7):  # fmt: skip
    page = office.get(batch_url)
    assert WARNING in page.main
    stopped = page.press("Schedule visits", line=[x.id for x in alices_request.lines])
    assert (stopped.status, stopped.html.count(f"<li>{WARNING}</li>")) == (409, 1)  # once, not for each visit
    assert db.session.scalar(sa.select(sa.func.count(Job.id)).where(Job.client_id == cast.alice.id)) == 0
    stopped.press("Schedule anyway")
    db.session.expire_all()
    assert {x.state for x in alices_request.lines} == {LineState.SCHEDULED}


@pytest.mark.covers("B11")
def test_who_holds_the_key_is_proposed_when_only_the_key_is_missing(office, cast, alices_request, batch_url, k7):
    keys.move(reread(k7), KeyPlace.STAFF, cast.sita, actor=cast.as_olivia)
    db.session.commit()
    page = office.get(batch_url)
    assert "Sam Stone has no key of Alice Archer. It is: with Sita Singh." in page.main
    assert "Sita" in page.html.split('id="why-', 1)[1].split("</td>")[0].replace("with Sita Singh", "")


@pytest.mark.covers("B11")
def test_booking_asks_once_for_all_days_and_not_for_visits_that_nobody_does_or_that_need_none(office, cast, k7):
    filled = {"service": cast.walk.id, "start_time": "12:00", "pets": [cast.biscuit.id]}
    form = office.get(f"{NEW}?client={cast.alice.id}")
    assert "1 visit booked." in form.press("Book visits", dates=[THURSDAY.isoformat()], sitter="none", **filled).main
    days = ["2026-12-01", "2026-12-02", "2026-12-03"]
    stopped = form.press("Book visits", dates=days, sitter=cast.sam.id, form_key=None, **filled)
    assert (stopped.status, stopped.main.count(WARNING)) == (409, 1)
    assert len(booked(cast.alice)) == 1
    stopped.press("Book anyway")
    assert len(booked(cast.alice)) == 4
    cast.walk.key_not_needed = True
    db.session.commit()
    fine = form.press("Book visits", dates=["2026-12-08"], sitter=cast.sam.id, form_key=None, **filled)
    assert "1 visit booked." in fine.main


@pytest.mark.covers("B11")
def test_giving_a_visit_to_a_sitter_without_the_key_asks_and_moving_it_does_not(office, cast, k7):
    keys.move(reread(k7), KeyPlace.STAFF, cast.sita, actor=cast.as_olivia)
    job = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=THURSDAY, pets=[cast.biscuit])
    db.session.commit()
    later = office.get(f"/admin/visit/{job.id}/").press("Save visit", start_time="15:00")
    assert "Visit saved." in later.html
    job.sitter = None
    db.session.commit()
    stopped = office.get(f"/admin/visit/{job.id}/").press("Save visit", sitter=cast.sam.id)
    assert (stopped.status, "Sam Stone has no key of Alice Archer. It is: with Sita Singh." in stopped.main) == (409, True)  # fmt: skip
    assert "Visit saved." in stopped.press("Save anyway").html
    db.session.expire_all()
    assert db.session.get(Job, job.id).sitter_id == cast.sam.id
