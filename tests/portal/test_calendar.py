"""P7: the client's calendar feed, from the page to the file."""

import re

import pytest
import vobject

from foundation.db import db
from settings_ui.forms import entries_of
from tests import factories as make
from workflows import settings


@pytest.fixture
def alice(walk, cast):
    make.sent_request(cast.alice, cast.walk, start_time=make.NOON, pets=[cast.biscuit])
    make.job(cast.alice, cast.walk, start_time=make.NOON, pets=[cast.mochi], sitter=cast.sam)
    return walk(cast.alice)


def path_of(page):
    (address,) = re.findall(r'value="http://127.0.0.1:8000(/portal/calendar/[^"]+\.ics)"', page.html)
    return address


@pytest.mark.covers("P7")
def test_the_client_turns_it_on_follows_it_renews_it_and_turns_it_off(alice, http):
    assert "/portal/calendar" in alice.get("/portal/schedule").links()
    page = alice.press(alice.get("/portal/calendar"), "/portal/calendar", do="on")
    first = path_of(page)
    program = http()  # which is not logged in
    answer = program.get(first)
    assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
    found = vobject.readOne(answer.text)
    assert sorted((v.summary.value, v.status.value) for v in found.vevent_list) == [
        ("Dog walk: Mochi", "CONFIRMED"), ("REQ: Dog walk: Biscuit", "TENTATIVE"),
    ]  # fmt: skip
    assert "Bella" not in answer.text
    assert program.get(first, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    answer = alice.post("/portal/calendar", do="renew")
    second = path_of(alice.get("/portal/calendar"))
    assert (program.get(first).status_code, program.get(second).status_code) == (404, 200)
    alice.post("/portal/calendar", do="off")
    assert program.get(second).status_code == 404
    assert alice.post("/portal/calendar", do="dance").status_code == 400


@pytest.mark.covers("P7", "P8")
@pytest.mark.parametrize("switch", ["portal.calendar_feed", "portal.schedule"])
def test_the_switch_closes_page_post_and_file(alice, http, change_settings, switch):
    feed = path_of(alice.press(alice.get("/portal/calendar"), "/portal/calendar", do="on"))
    change_settings({switch: False})
    assert alice.get("/portal/calendar").status == 404
    assert alice.post("/portal/calendar", do="on").status_code == 404
    assert http().get(feed).status_code == 404
    assert "/portal/calendar" not in alice.get("/portal/requests").links()


@pytest.mark.covers("P7", "P8")
def test_the_address_is_closed_with_the_whole_portal_and_works_again_afterwards(alice, http, change_settings, cast):
    feed, program = path_of(alice.press(alice.get("/portal/calendar"), "/portal/calendar", do="on")), http()
    known = {"If-None-Match": program.get(feed).headers["ETag"]}
    switches = [e.key for e in entries_of("portal") if e.kind is settings.Kind.SWITCH]
    were = {key: settings.read()[key] for key in switches}
    assert "portal.schedule" in switches
    change_settings(dict.fromkeys(switches, False))
    assert [program.get(feed, headers=h).status_code for h in ({}, known)] == [404, 404]
    change_settings(were)
    assert [program.get(feed, headers=h).status_code for h in ({}, known)] == [200, 304]
    for is_open, status in ((False, 404), (True, 200)):
        cast.alice.portal_enabled = is_open
        db.session.commit()
        assert program.get(feed).status_code == status


@pytest.mark.covers("P7", "B14")
def test_the_office_finds_no_feed_when_it_looks_at_the_portal(cast, http, sign_in_as_staff):
    make.client_login(cast.alice)
    office = sign_in_as_staff(http(), cast.max)
    db.session.commit()
    token = re.search(r'name="csrf-token" content="([^"]+)"', office.get("/admin/").text)[1]
    office.post(f"/admin/client/{cast.alice.id}/portal-visit", data={"csrf_token": token})
    assert office.get("/portal/schedule").status_code == 200
    assert office.get("/portal/calendar").status_code == 404


@pytest.mark.covers("P7")
def test_the_sitter_has_a_feed_too(cast, http, sign_in_as_staff):
    make.job(cast.alice, cast.walk, sitter=cast.sam)
    browser = sign_in_as_staff(http(), cast.sam)
    token = re.search(r'name="csrf-token" content="([^"]+)"', browser.get("/staff/calendar").text)[1]
    for do in ("off", "on", "renew"):
        assert browser.post("/staff/calendar", data={"csrf_token": token, "do": do}).status_code == 303
    assert browser.post("/staff/calendar", data={"csrf_token": token, "do": "x"}).status_code == 400
    (path,) = re.findall(
        r'value="http://127.0.0.1:8000(/staff/calendar/[^"]+\.ics)"', browser.get("/staff/calendar").text
    )
    answer = http().get(path)
    assert "Dog walk: Alice Archer" in answer.text
    assert "Bella" not in answer.text
    assert http().get(path.replace("/staff/", "/portal/")).status_code == 404
