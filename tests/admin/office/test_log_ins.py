"""How others get in, as the office sees and ends it: team, clients, registrations, roles."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import BulkRun, Client, ClientLogin, RolePermission, SignIn, StaffRole
from tests import factories as make
from tests.databases import count
from workflows import registrations, roles, second_factor, settings, sign_ins
from workflows.permissions import ROLE_PERMISSIONS, Permission
from workflows.registrations import Person
from workflows.sign_ins import NOWHERE


@pytest.mark.covers("A4")
def test_a_team_member_is_invited_logged_out_and_reset_from_their_page(office, cast, outbox):
    url = f"/admin/staff-access/{cast.sam.id}/"
    assert "Not invited" in office.get(url).main
    page = office.get(url).press("Invite to log in")
    assert "Invited today" in page.main
    cast.sam.login.password_hash = "x"
    make.passkey(cast.sam.login)
    sign_ins.begin(cast.sam.login)
    db.session.commit()
    page = office.get(url)
    assert "Has a password" in page.main
    page = page.press("Log out everywhere")
    assert "Nowhere at the moment." in page.main
    page = page.press("Reset the second factor")
    assert "0 passkeys." in page.main
    assert not second_factor.state_of(cast.sam.login).n_passkeys


def test_an_invitation_expires_after_seven_days(office, cast, clock_at):
    url = f"/admin/staff-access/{cast.sam.id}/"
    office.get(url).press("Invite to log in")
    cast.sam.login.invited_at = clock_at("2026-11-15 10:00")
    db.session.commit()
    clock_at("2026-11-23 10:00")
    assert "Expired, invited" in office.get(url).main


@pytest.mark.covers("A1")
def test_a_household_is_logged_out_everywhere_from_the_client_s_page(office, cast):
    login = make.client_login(cast.alice, email="alice@example.com")
    sign_ins.begin(login)
    db.session.commit()
    page = office.get(f"/admin/client/{cast.alice.id}/")
    assert "alice@example.com" in page.main
    page = page.press("Log out everywhere")
    assert "Logged out everywhere." in page.main
    assert count(SignIn, SignIn.client_login_id == login.id, SignIn.ended_at.is_(None)) == 0
    assert "Reset the second factor" not in page.main, "there is none"
    make.authenticator(client_login_id=login.id, confirmed_at=clock.now())
    page = office.get(f"/admin/client/{cast.alice.id}/").press("Reset the second factor")
    assert "Reset. They log in with their password alone" in page.main
    make.authenticator(client_login_id=login.id, confirmed_at=None)
    assert "Reset the second factor" not in office.get(f"/admin/client/{cast.alice.id}/").main, "begun and never proved"
    make.passkey(client_login=login)
    assert "Reset the second factor" in office.get(f"/admin/client/{cast.alice.id}/").main


@pytest.mark.covers("A4")
def test_the_owner_ticks_and_the_manager_may(office, manager, cast):
    page = office.get("/admin/roles/")
    assert page.main.count("cancellation fee") == 1
    owners = {
        Permission.ROLES,
        Permission.SETTINGS,
        Permission.ERASE,
        Permission.TAKE_ALL,
        Permission.OPERATIONS,
        Permission.IMPORT,
    }
    wanted = {p.value for p in Permission if p not in {*owners, Permission.EXPORT}}
    saved = office.post(
        "/admin/roles/",
        manager=sorted(wanted),
        sitter=["sitter:day:open", "sitter:pay:see", "sitter:time_off:ask"],
        owner=[],
    )
    assert "permissions changed. They count at once." in saved.main
    assert {(r.role, r.permission, r.is_allowed) for r in db.session.query(RolePermission)} == {
        (StaffRole.MANAGER, "office:staff:edit", True), (StaffRole.MANAGER, "office:lists:export", False),
    }  # fmt: skip
    seen = manager.get("/admin/roles/")
    assert "Save roles" not in seen.buttons()
    assert manager.post("/admin/roles/", manager=[p.value for p in Permission]).status == 403
    assert not roles.role_allows(StaffRole.MANAGER, Permission.SETTINGS)


@pytest.fixture
def waiting(cast, outbox):
    settings.change({"portal.registration": "approval"}, actor=cast.as_olivia)
    registrations.ask("nora@example.com", address="192.0.2.1")
    found = db.session.query(registrations.Registration).one()
    words = "tulips on the windowsill"
    registrations.register(found, Person("Nora", "<b>New</b>", words, words), serial=found.link_serial, browser=NOWHERE)
    db.session.commit()
    return found


@pytest.mark.covers("A2")
def test_registrations_wait_and_are_accepted(office, cast, waiting):
    assert "Somebody registered and waits for your yes" in office.get("/admin/").main
    page = office.get("/admin/registrations/")
    assert "Nora <b>New</b>" in page.main
    done = office.post(f"/admin/registrations/{waiting.public_id}/acceptance")
    assert "Accepted. A welcome mail is on its way." in done.main
    assert count(Client, Client.email == "nora@example.com") == 1
    again = office.post(f"/admin/registrations/{waiting.public_id}/acceptance")
    assert "has been decided already" in again.main


def test_a_no_needs_a_word(office, cast, waiting):
    url = f"/admin/registrations/{waiting.public_id}/refusal"
    refused = office.post(url, message=" ")
    assert (refused.status, "Write a word to them." in refused.main) == (422, True)
    assert "Declined." in office.post(url, message="We are full.").main
    assert "Nobody waits" in office.get("/admin/registrations/").main
    assert office.post("/admin/registrations/AAAAAAAAAAAA/refusal", message="x").status == 404


def test_many_clients_are_invited_as_an_order_that_can_be_followed(office, cast, outbox):
    several = [make.client(f"C{n}", email=f"c{n}@example.com") for n in range(25)]
    several[3].portal_enabled = False
    make.client_login(several[4], email="c4@example.com")
    db.session.commit()
    page = office.post("/admin/clients/action/", action="invite", rowid=[str(c.id) for c in several], confirmed="1")
    assert "0 of 25 clients" in page.main
    from workflows import bulk

    run_id = bulk.due()[0]
    while bulk.work(run_id):
        db.session.commit()
    db.session.commit()
    page = office.get(page.path)
    assert "25 of 25 clients" in page.main
    assert "23 invitations are on their way. 2 could not be done." in page.main
    assert "Has a password already." in page.main
    assert "The portal is closed for this client." in page.main
    assert len(outbox) == 23
    assert "Back to the clients" in page.main
    assert page.path.startswith("/admin/invitations/")
    assert "Invite 25 clients" not in office.get("/admin/orders/").main  # that list is about visits

    # Those who could not be invited are invited again, once, however often the button is pressed.
    several[3].portal_enabled = True
    db.session.commit()
    again = page.press("Try these again")
    assert (again.path != page.path, "0 of 2 clients" in again.main) == (True, True)
    assert "0 of 2 clients" not in page.press("Try these again").main
    (second,) = bulk.due()
    while bulk.work(second):
        db.session.commit()
    db.session.commit()
    done = office.get(again.path).main
    assert ("1 invitation is on its way. 1 could not be done." in done, len(outbox)) == (True, 24)


def test_who_may_change_clients_follows_and_stops_invitations_without_the_permission_for_the_schedule(manager, cast):
    """And the pages for orders about visits do not know them, nor the other way round."""
    several = [make.client(f"C{n}", email=f"c{n}@example.com") for n in range(25)]
    roles.change({StaffRole.MANAGER: ROLE_PERMISSIONS[StaffRole.MANAGER] - {Permission.SCHEDULE}}, actor=cast.as_olivia)
    db.session.commit()
    page = manager.post("/admin/clients/action/", action="invite", rowid=[str(c.id) for c in several], confirmed="1")
    assert "0 of 25 clients" in page.main
    manager.get(page.path.replace("invitations", "orders"), 403)
    stopped = page.press("Stop here")
    assert "Stopped: 0 of 25 clients" in stopped.main
    assert "Try these again" not in stopped.main
    assert "Tick at least one client." in manager.post(f"{page.path}retry").text
    assert count(BulkRun) == 1  # nobody was left to be invited again
    assert manager.post("/admin/invitations/AAAAAAAAAAAA/retry").status == 404
    only_visits = ROLE_PERMISSIONS[StaffRole.MANAGER] - {Permission.CLIENTS}
    roles.change({StaffRole.MANAGER: only_visits}, actor=cast.as_olivia)
    db.session.commit()
    manager.get(page.path, 403)
    assert manager.post(f"{page.path}retry").status == 403
    manager.get(page.path.replace("invitations", "orders"), 404)
    assert manager.post(page.path.replace("invitations", "orders") + "retry").status == 404


def test_the_list_of_clients_says_how_far_their_invitation_has_come_and_finds_by_it(office, cast, clock_at):
    db.session.execute(sa.delete(ClientLogin))
    now, old = clock.now(), clock.now() - dt.timedelta(days=8)
    for name, logins, more in (
        ("Nobody", [], {}),
        ("Asked", [{"invited_at": now, "password_hash": None}], {}),
        ("Late", [{"invited_at": old, "password_hash": None}], {}),
        ("Half", [{"invited_at": old, "password_hash": None}, {"invited_at": now, "password_hash": None}], {}),
        ("Inside", [{"invited_at": old, "password_hash": "x"}, {"invited_at": now, "password_hash": None}], {}),
        ("Gone", [{"invited_at": old, "password_hash": "x", "is_active": False}], {}),
        ("Shut", [{"invited_at": old, "password_hash": "x"}], {"portal_enabled": False}),
    ):  # fmt: skip
        client = make.client(name, "Q", **more)
        for n, login in enumerate(logins):
            made = make.client_login(client, email=f"{name}{n}@example.com".lower())
            for column, value in login.items():
                setattr(made, column, value)
    db.session.commit()

    def found(state):
        return re.findall(r'ui-table__main"[^>]*>(\w+) Q<', office.get(f"/admin/clients/?flt_invited={state}").html)

    assert {state: found(state) for state in ("none", "invited", "expired", "accepted", "closed")} == {
        "none": ["Gone", "Nobody"], "invited": ["Asked", "Half"], "expired": ["Late"], "accepted": ["Inside"],
        "closed": ["Shut"],
    }  # fmt: skip
    rows = office.get("/admin/clients/?search=Q").html
    for words, n in (
        ("Not invited", 2),
        ("Invited", 2),
        ("Invitation expired", 1),
        ("Has a password", 1),
        ("Closed", 1),
    ):
        assert len(re.findall(rf"<td[^>]*>\s*{words}\s*</td>", rows)) == n, words
