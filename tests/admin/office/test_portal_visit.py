""" "Go to portal": the client's portal as the client sees it, with a banner; logged as the staff member on behalf."""

import datetime as dt

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Activity, ActorKind, Realm, SignIn, Via
from tests import factories as make
from workflows import job_requests


def log_of(client):
    """The client's log, oldest first."""
    return db.session.scalars(sa.select(Activity).where(Activity.client_id == client.id).order_by(Activity.id)).all()


@pytest.fixture
def snapshot(cast):
    return f"/admin/client/{cast.alice.id}/"


@pytest.mark.covers("B14", "S2")
def test_the_snapshot_panel_opens_the_clients_portal_with_a_banner(office, cast, snapshot):
    page = office.get(snapshot).press("Go to portal", follow=False)
    assert page.answer.headers["Location"] == "/portal/"
    portal = office.browser.get("/portal/schedule")
    assert portal.status_code == 200
    assert "You see the portal as Alice Archer. What you do here is logged as Olivia Owens." in portal.text
    assert "4417 209 318" in portal.text
    assert "Bella" not in portal.text
    opened = db.session.scalars(sa.select(SignIn).where(SignIn.viewed_client_id.is_not(None))).one()
    assert (opened.realm, opened.viewed_client, opened.viewing_staff, opened.opened_by.staff_login) == (
        Realm.CLIENT, cast.alice, cast.olivia, cast.olivia.login
    )  # fmt: skip


@pytest.mark.covers("B14")
def test_opening_it_is_logged_in_the_clients_log(office, cast, snapshot):
    office.get(snapshot).press("Go to portal", follow=False)
    (line,) = log_of(cast.alice)
    assert (line.verb, line.staff_id, line.via) == ("access.portal_opened", cast.olivia.id, Via.OFFICE)
    assert "Olivia Owens opened the portal as this client" in office.get(f"{snapshot}?tab=log").main


@pytest.mark.covers("B14")
def test_what_is_done_there_is_logged_as_the_staff_member_for_the_client(office, cast, snapshot, alices_request):
    office.get(snapshot).press("Go to portal", follow=False)
    line = alices_request.lines[0]
    page = office.get(f"/portal/schedule/{line.on_date.isoformat()}")
    page.follow("Cancel").press("Yes, cancel job request")
    db.session.expire_all()
    assert line.cancelled_at is not None
    told = log_of(cast.alice)[-1]
    assert (told.verb, told.actor_kind, told.staff_id, told.on_behalf, told.via) == (
        "job_request.cancelled", ActorKind.STAFF, cast.olivia.id, True, Via.PORTAL
    )  # fmt: skip
    assert "Olivia Owens (for the client) cancelled a job request" in office.get(f"{snapshot}?tab=log").main


@pytest.mark.covers("B14")
def test_it_ends_with_the_staff_members_own_log_out(office, cast, snapshot):
    office.get(snapshot).press("Go to portal", follow=False)
    office.get("/admin/").press("Log out", at="/office/log-out", follow=False)
    assert office.browser.get("/portal/schedule").status_code == 302


@pytest.mark.covers("B14")
def test_it_ends_by_itself_after_half_an_hour(office, cast, snapshot, clock_at):
    office.get(snapshot).press("Go to portal", follow=False)
    clock_at("2026-11-23 10:29")
    assert office.browser.get("/portal/schedule").status_code == 200
    clock_at("2026-11-23 10:31")
    assert office.browser.get("/portal/schedule").status_code == 302
    office.get("/admin/")


@pytest.mark.covers("B14")
def test_a_manager_may_and_a_sitter_or_stranger_may_not(
    manager, cast, snapshot, http, sign_in_as_staff, sign_in_as_client
):
    manager.get(snapshot).press("Go to portal", follow=False)
    url = f"{snapshot}portal-visit"
    sitter = sign_in_as_staff(http(), cast.sam)
    token = manager.token()
    assert sitter.post(url, data={"csrf_token": token}).status_code in {400, 403}
    assert http().post(url).status_code in {302, 400}
    assert sign_in_as_client(http(), cast.bob).post(url).status_code in {302, 400}
    views = db.session.scalars(sa.select(SignIn).where(SignIn.viewed_client_id.is_not(None))).all()
    assert [v.viewing_staff for v in views] == [cast.max]


@pytest.mark.covers("B14")
def test_it_cannot_be_opened_by_a_link_or_without_the_token(office, cast, snapshot):
    assert office.browser.get(f"{snapshot}portal-visit").status_code == 405
    assert office.browser.post(f"{snapshot}portal-visit").status_code == 400
    assert log_of(cast.alice) == []


@pytest.mark.covers("B14")
def test_the_staff_session_goes_on_beside_it(office, cast, snapshot):
    office.get(snapshot).press("Go to portal", follow=False)
    office.get("/portal/schedule")
    assert "Good morning, Olivia" in office.get("/admin/").main


def test_a_second_client_replaces_the_first(office, cast, snapshot):
    office.get(snapshot).press("Go to portal", follow=False)
    office.get(f"/admin/client/{cast.bob.id}/").press("Go to portal", follow=False)
    assert "You see the portal as Bob Baker." in office.get("/portal/schedule").text


@pytest.mark.covers("B14")
def test_requests_sent_there_count_as_the_clients_own(office, cast, snapshot):
    make.basket(cast.alice, cast.walk, pets=[cast.biscuit], first_on=dt.date(2026, 12, 3))
    office.get(snapshot).press("Go to portal", follow=False)
    office.get("/portal/request").press("Send request")
    assert job_requests.n_clients_waiting() == 2
    told = next(line for line in log_of(cast.alice) if line.verb == "job_request.submitted")
    assert (told.on_behalf, told.actor_name) == (True, "Olivia Owens")
