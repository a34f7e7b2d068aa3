"""The doors of both realms, as a person with a browser meets them."""

import re

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import OutboxMail, Realm, SignIn, StaffRole
from sign_in import cookie_name
from tests import factories
from workflows import invitations, login_links, mail_facts, people
from workflows.mail_facts import MailKind


def token_of(page):
    """The CSRF token of a page's form."""
    return re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]


def log_in(browser, path, name, password, **more):
    page = browser.get(path)
    assert page.status_code == 200
    return browser.post(path, data={"csrf_token": token_of(page), "name": name, "password": password, **more})


def link_token(app):
    """The token of the newest set-password mail, made as the mailer makes it."""
    mail = db.session.scalars(sa.select(OutboxMail).order_by(OutboxMail.id.desc())).first()
    facts = mail_facts.from_json(MailKind.SET_PASSWORD, mail.facts)
    return login_links.sign_link(app.config["SECRET_KEY"], facts)


def test_owner_logs_in_and_lands_in_the_back_office(http, cast):
    factories.staff_login(cast.olivia)
    answer = log_in(http(), "/office/log-in", cast.olivia.login.email, factories.PASSWORD)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")


def test_sitter_logs_in_and_lands_on_own_visits(http, cast):
    factories.staff_login(cast.sam)
    answer = log_in(http(), "/office/log-in", cast.sam.login.email, factories.PASSWORD)
    assert answer.headers["Location"] == "/staff/"


@pytest.mark.parametrize("name", ["number", "grouped", "email", "EMAIL"])
def test_client_logs_in_by_account_number_or_mail_address(http, cast, name):
    login = factories.client_login(cast.alice)
    typed = {
        "number": cast.alice.account_number,
        "grouped": cast.alice.account_number_grouped,
        "email": login.email,
        "EMAIL": f" {login.email.upper()} ",
    }[name]
    answer = log_in(http(), "/portal/log-in", typed, factories.PASSWORD)
    assert answer.headers["Location"] == "/portal/"


def test_log_in_with_a_wrong_password_keeps_the_name_and_says_nothing_about_who_exists(http, cast):
    login = factories.client_login(cast.alice)
    wrong = log_in(http(), "/portal/log-in", login.email, "not-the-password")
    unknown = log_in(http(), "/portal/log-in", "nobody@example.com", "not-the-password")
    assert wrong.status_code == unknown.status_code == 422
    assert login.email in wrong.text

    def sentence(page):
        return re.search(r'role="alert".*?</div>', page.text, re.DOTALL)[0]

    assert sentence(wrong) == sentence(unknown)


def test_a_client_cannot_log_in_at_the_office_nor_staff_at_the_portal(http, cast):
    client_login, staff_login = factories.client_login(cast.alice), factories.staff_login(cast.olivia)
    assert log_in(http(), "/office/log-in", client_login.email, factories.PASSWORD).status_code == 422
    assert log_in(http(), "/portal/log-in", staff_login.email, factories.PASSWORD).status_code == 422


def test_the_eleventh_wrong_password_is_not_even_looked_at(http, cast):
    login = factories.client_login(cast.alice)
    browser = http()
    for _ in range(10):
        assert log_in(browser, "/portal/log-in", login.email, "wrong").status_code == 422
    blocked = browser.post(
        "/portal/log-in",
        data={
            "csrf_token": token_of(browser.get("/portal/log-in")),
            "name": login.email,
            "password": factories.PASSWORD,
        },
        headers={"X-Forwarded-For": "203.0.113.9"},
    )
    assert blocked.status_code == 429
    assert int(blocked.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "http:evil.example", "/a\tb",
     "javascript:alert(1)", "/%0d%0aX: y\r\n", "evil.example", "/admin/"],
)  # fmt: skip
def test_log_in_leads_nowhere_but_to_own_pages(http, cast, target):
    login = factories.client_login(cast.alice)
    answer = log_in(http(), "/portal/log-in", login.email, factories.PASSWORD, next=target)
    assert answer.headers["Location"] == "/portal/"


def test_log_in_leads_to_the_page_that_was_asked_for(http, cast):
    login = factories.client_login(cast.alice)
    browser = http()
    asked = browser.get("/portal/schedule?month=2026-12")
    assert asked.status_code == 302
    page = browser.get(asked.headers["Location"])
    wanted = re.search(r'name="next"[^>]*value="([^"]*)"', page.text)[1]
    answer = log_in(browser, "/portal/log-in", login.email, factories.PASSWORD, next=wanted)
    assert answer.headers["Location"] == "/portal/schedule?month=2026-12"


def test_log_out_kills_a_copied_cookie(http, cast, app, sign_in_as_client):
    browser, thief = sign_in_as_client(http(), cast.alice), http()
    name = cookie_name(app, Realm.CLIENT)
    thief.set_cookie(name, browser.get_cookie(name).value)
    page = thief.get("/portal/schedule")
    assert page.status_code == 200
    browser.post("/portal/log-out", data={"csrf_token": token_of(browser.get("/portal/schedule"))})
    assert thief.get("/portal/schedule").headers["Location"].startswith("/portal/log-in")


def test_log_in_drops_what_was_in_the_cookie_before(http, cast, app):
    login = factories.client_login(cast.alice)
    browser = http()
    name = cookie_name(app, Realm.CLIENT)
    page = browser.get("/portal/log-in")
    planted = browser.get_cookie(name).value
    browser.post(
        "/portal/log-in", data={"csrf_token": token_of(page), "name": login.email, "password": factories.PASSWORD}
    )
    other = http()
    other.set_cookie(name, planted)
    assert other.get("/portal/schedule").status_code == 302
    assert browser.get("/portal/schedule").status_code == 200


@pytest.mark.parametrize("value", ["", "x", "x.y.z", "é" * 20, "A" * 4000, "eyJfdXNlcl9pZCI6InN0YWZmLnh4In0.a.b"])
def test_a_broken_cookie_is_anonymous(http, app, cast, value):
    for realm, path in ((Realm.STAFF, "/admin/"), (Realm.CLIENT, "/portal/schedule")):
        browser = http()
        browser.set_cookie(cookie_name(app, realm), value)
        assert browser.get(path).status_code == 302


def test_a_deactivated_sitter_is_out_at_the_next_request(http, cast, sign_in_as_staff):
    browser = sign_in_as_staff(http(), cast.sam)
    assert browser.get("/staff/").status_code == 200
    people.change_staff(cast.sam, {"is_active": False}, actor=cast.as_olivia)
    assert browser.get("/staff/").headers["Location"].startswith("/office/log-in")


def test_an_archived_client_is_out_at_the_next_request(http, cast, sign_in_as_client):
    browser = sign_in_as_client(http(), cast.alice)
    people.change_client(cast.alice, {"portal_enabled": False}, actor=cast.as_olivia)
    assert browser.get("/portal/schedule").status_code == 302


def test_forgotten_answers_the_same_for_known_and_unknown_names(http, cast, outbox):
    login = factories.client_login(cast.alice)

    def ask(name):
        browser = http()
        page = browser.get("/portal/forgotten")
        return browser.post("/portal/forgotten", data={"csrf_token": token_of(page), "name": name})

    known, unknown = ask(login.email), ask("nobody@example.com")
    assert known.status_code == unknown.status_code == 200
    assert re.sub(r'value="[^"]+"|content="[^"]+"', "", known.text) == re.sub(
        r'value="[^"]+"|content="[^"]+"', "", unknown.text
    )
    assert outbox.one(MailKind.SET_PASSWORD).to_address == login.email


def test_a_link_sets_the_password_once_and_signs_in(http, cast, app, sign_in_as_client):
    factories.client_login(cast.alice, email=cast.alice.email)
    other_device = sign_in_as_client(http(), cast.alice)
    invitations.invite_client(cast.alice, actor=cast.as_olivia)
    db.session.commit()
    path = f"/portal/set-password/{link_token(app)}"
    browser = http()
    page = browser.get(path)
    assert cast.alice.account_number_grouped in page.text
    short = browser.post(path, data={"csrf_token": token_of(page), "password": "short", "repeated": "short"})
    assert (short.status_code, "at least 8" in short.text) == (422, True)
    differs = browser.post(
        path, data={"csrf_token": token_of(page), "password": "five green geese", "repeated": "five green gees"}
    )
    assert differs.status_code == 422
    done = browser.post(
        path, data={"csrf_token": token_of(page), "password": "five green geese", "repeated": "five green geese"}
    )
    assert done.headers["Location"] == "/portal/"
    assert browser.get("/portal/schedule").status_code == 200
    assert http().get(path).status_code == 410
    assert log_in(http(), "/portal/log-in", cast.alice.email, "five green geese").status_code == 302
    assert other_device.get("/portal/schedule").status_code == 302


def test_a_link_of_one_realm_opens_nothing_in_the_other(http, cast, app):
    invitations.invite_client(cast.alice, actor=cast.as_olivia)
    db.session.commit()
    assert http().get(f"/office/set-password/{link_token(app)}").status_code == 410


@pytest.mark.parametrize("token", ["x", "a.b.c", "%00", "é", "W10.x.y", "0" * 2000])
def test_a_made_up_link_says_that_it_does_not_work(http, cast, token):
    assert http().get(f"/portal/set-password/{token}").status_code == 410


def test_an_owner_and_a_client_can_be_signed_in_in_one_browser(http, cast, sign_in_as_staff, sign_in_as_client):
    browser = sign_in_as_client(sign_in_as_staff(http(), cast.olivia), cast.alice)
    assert browser.get("/admin/").status_code == 200
    assert browser.get("/portal/schedule").status_code == 200
    browser.post("/portal/log-out", data={"csrf_token": token_of(browser.get("/portal/schedule"))})
    assert browser.get("/admin/").status_code == 200


def test_a_form_without_its_token_changes_nothing_and_says_so(http, cast):
    login = factories.client_login(cast.alice)
    answer = http().post("/portal/log-in", data={"name": login.email, "password": factories.PASSWORD})
    assert answer.status_code == 400
    assert "reload" in answer.text
    assert db.session.scalars(sa.select(SignIn)).all() == []


def test_roles_have_their_own_front_door(http, cast, sign_in_as_staff):
    for staff, admin, own in ((cast.olivia, 200, 200), (cast.max, 200, 200), (cast.sam, 403, 200)):
        browser = sign_in_as_staff(http(), staff)
        assert (staff.role, browser.get("/admin/").status_code) == (StaffRole(staff.role), admin)
        assert browser.get("/staff/").status_code == own
