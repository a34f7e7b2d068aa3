"""The client's settings as a client meets them, and closed to the office in the client's portal."""

import re

import pyotp
import pytest

from foundation import clock
from foundation.db import db
from models import Activity, Authenticator, ClientLogin, Realm, SignIn
from sign_in import cookie_name
from tests import factories as make
from tests.databases import count, statements
from workflows import account, portal_views, second_factor, sign_ins
from workflows.mail_facts import MailKind
from workflows.sign_ins import Browser

BASE = "/portal/settings/"
PARTS = ("", "password", "two-factor", "passkeys", "sign-ins", "log-ins", "mails")


@pytest.fixture
def alice(walk, cast):
    make.client_login(cast.alice, email="alice@example.com")
    return walk(cast.alice)


def login_of(cast):
    return cast.alice.logins[0]


@pytest.mark.covers("P7")
def test_the_password_is_changed_with_the_present_one_and_others_are_out(alice, walk, cast):
    other = walk(cast.alice)
    page = alice.press(alice.get(f"{BASE}password"), "/settings/password", present="wrong", password="five green geese", repeated="five green geese")  # fmt: skip
    assert (page.status, "This is not right." in page.text) == (422, True)
    page = alice.press(
        page, "/settings/password", present=make.PASSWORD, password="five green geese", repeated="five green geese"
    )
    assert (page.path, "Your password is changed." in page.text) == (BASE, True)
    assert other.browser.get(BASE).status_code == 302


def test_guessing_the_present_password_is_slowed_down(alice):
    page = alice.get(f"{BASE}password")
    fill = {"present": "wrong", "password": "five green geese", "repeated": "five green geese"}
    seen = [alice.press(page, "/settings/password", **fill).status for _ in range(11)]
    assert seen == [422] * 10 + [429]


@pytest.mark.covers("P7")
def test_devices_are_listed_and_logged_out(alice, walk, cast):
    login = login_of(cast)
    sign_ins.begin(login, Browser("198.51.100.7", "Mozilla/5.0 (Android 14; Mobile) Gecko Firefox/130.0"))
    db.session.commit()
    page = alice.get(f"{BASE}sign-ins")
    assert "Firefox on Android" in page.text
    assert "198.51.100.7" in page.text
    page = alice.press(page, "/sign-ins/end")
    assert ("Logged out there." in page.text, "Firefox on Android" in page.text) == (True, False)
    another = walk(cast.alice)
    page = alice.press(alice.get(f"{BASE}sign-ins"), "/sign-ins/end-others")
    assert "All other devices are logged out." in page.text
    assert another.browser.get(BASE).status_code == 302
    assert alice.browser.get(BASE).status_code == 200


def test_the_list_of_devices_costs_the_same_for_one_and_for_many(alice, cast):
    def asked():
        with statements() as found:
            assert alice.get(f"{BASE}sign-ins").status == 200
        return len(found)

    one = asked()
    for _ in range(5):
        sign_ins.begin(login_of(cast))
    db.session.commit()
    assert asked() == one


def test_nobody_logs_out_a_stranger_s_device(alice, cast):
    bobs = sign_ins.begin(make.client_login(cast.bob)).sign_in
    db.session.commit()
    assert alice.post(f"{BASE}sign-ins/end", sign_in=sign_ins.handle(bobs)).status_code == 303
    for wanted in ("", "x", "0" * 500, "é\0"):
        assert alice.post(f"{BASE}sign-ins/end", sign_in=wanted).status_code == 303
    db.session.refresh(bobs)
    assert bobs.ended_at is None


@pytest.mark.covers("P7")
def test_two_step_log_in_is_set_up_and_turned_off_with_proof(alice, cast):
    page = alice.press(alice.get(f"{BASE}two-factor"), "/two-factor/start")
    secret = second_factor.pending_secret(login_of(cast))
    assert secret in page.text.replace(" ", "")
    assert alice.browser.get(f"{BASE}two-factor/picture.svg").mimetype == "image/svg+xml"
    wrong = alice.press(page, "/two-factor/on", code="000000")
    assert (wrong.status, "This code is not right." in wrong.text) == (422, True)
    page = alice.press(wrong, "/two-factor/on", code=pyotp.TOTP(secret).at(clock.now()))
    codes = re.findall(r"<code>([a-z0-9-]{19})</code>", page.html)
    assert len(codes) == 10
    file = alice.browser.post(f"{BASE}two-factor/codes.txt", data=page.form("codes.txt").filled())
    assert [c for c in codes if c not in file.text] == []
    page = alice.get(f"{BASE}two-factor")
    assert (secret in page.html, [c for c in codes if c in page.html]) == (False, [])
    assert alice.browser.get(f"{BASE}two-factor/picture.svg").status_code == 404
    refused = alice.press(page, "/two-factor/codes", proof="wrong")
    assert refused.status == 422
    off = alice.post(f"{BASE}two-factor/off", proof="wrong")
    assert (off.status_code, count(Authenticator)) == (422, 1)
    assert alice.post(f"{BASE}two-factor/off", proof=codes[0]).status_code == 303
    assert count(Authenticator) == 0


@pytest.mark.covers("A1")
def test_another_member_of_the_household_is_invited_and_closed(alice, cast, outbox):
    page = alice.press(alice.get(f"{BASE}log-ins"), "/log-ins", email="no address")
    assert (page.status, "no address" in page.html) == (422, True)
    page = alice.press(page, "/log-ins", email="kim@example.com")
    assert "An invitation goes to kim@example.com." in page.text
    assert "Invited, has not come in yet" in page.text
    assert outbox.one(MailKind.SET_PASSWORD).to_address == "kim@example.com"
    page = alice.press(page, "/log-ins/close")
    assert "kim@example.com cannot log in any more." in page.text
    assert [x.is_active for x in account.logins_of(login_of(cast))] == [True, False]
    for wanted in ("", "1", "2", "x" * 999):
        assert alice.post(f"{BASE}log-ins/close", login=wanted).status_code == 303
    assert count(ClientLogin, ClientLogin.is_active) == 1


@pytest.mark.covers("P7")
def test_mails_are_chosen(alice, cast):
    page = alice.press(alice.get(f"{BASE}mails"), "/settings/mails", kind=["basket_reminder", "set_password", "x"])
    assert "Saved." in page.text
    assert "basket_reminder" not in login_of(cast).mails_off
    assert "job_scheduled" in login_of(cast).mails_off
    assert "set_password" not in login_of(cast).mails_off
    kept = dict(page.form("/settings/mails").fields)
    assert kept["kind"] == "basket_reminder"


@pytest.mark.covers("B14")
def test_the_office_in_the_portal_finds_no_settings_not_even_by_hand(http, cast, app, walk):
    make.client_login(cast.alice, email="alice@example.com")
    opener = sign_ins.begin(make.staff_login(cast.olivia)).sign_in
    opened = portal_views.open_portal_as(cast.alice, actor=cast.as_olivia, opened_by=opener)
    db.session.commit()
    browser = http()
    signer = app.session_interface.get_signing_serializer(app)
    browser.set_cookie(cookie_name(app, Realm.CLIENT), signer.dumps({"_user_id": f"client.{opened.token}", "_permanent": True}))  # fmt: skip
    home = browser.get("/portal/schedule")
    assert (home.status_code, BASE in home.text) == (200, False)
    token = re.search(r'name="csrf-token" content="([^"]+)"', home.text)[1]
    before = count(Activity), count(ClientLogin), count(SignIn, SignIn.ended_at.is_(None))
    for part in PARTS:
        assert browser.get(BASE + part).status_code == 404, part
    for part in (
        "password", "two-factor/start", "two-factor/on", "two-factor/off", "two-factor/codes", "two-factor/codes.txt",
        "passkeys", "passkeys/options", "passkeys/AAAA/name", "passkeys/AAAA/removal", "sign-ins/end",
        "sign-ins/end-others", "log-ins", "log-ins/close", "mails",
    ):  # fmt: skip
        for data in ({}, {"csrf_token": token, "email": "eve@example.com", "present": make.PASSWORD}):
            assert browser.post(BASE + part, data=data).status_code == 404, part
    assert (count(Activity), count(ClientLogin), count(SignIn, SignIn.ended_at.is_(None))) == before


@pytest.mark.parametrize("text", ["\0", "🐕", "x" * 10_000, "' OR 1=1 --", "<script>alert(1)</script>"])
def test_nonsense_breaks_no_form(alice, text):
    for part, data in (
        ("password", {"present": text, "password": text, "repeated": text}),
        ("log-ins", {"email": text}),
        ("mails", {"kind": text}),
        ("two-factor/on", {"code": text}),
        ("two-factor/off", {"proof": text}),
        ("passkeys/AAAA/name", {"name": text}),
    ):
        answer = alice.post(BASE + part, **data)
        assert answer.status_code in {303, 422}, (part, answer.status_code)
        assert "<script>alert" not in answer.text


@pytest.mark.covers("P7")
def test_a_new_way_in_asks_once_more_who_it_is_when_the_log_in_is_a_while_ago(alice, cast, clock_at):
    clock_at("2026-11-23 10:14")
    assert "is it still you?" not in alice.get(f"{BASE}two-factor").text
    assert "is it still you?" not in alice.get(f"{BASE}passkeys").text
    clock_at("2026-11-23 10:16")
    assert "is it still you?" in alice.get(f"{BASE}passkeys").text
    page = alice.press(alice.get(f"{BASE}two-factor"), "/two-factor/start", proof="wrong")
    assert (page.status, count(Authenticator)) == (422, 0)
    token = {"X-CSRFToken": alice.token()}
    for proof, status in (("wrong", 422), ("", 422), (make.PASSWORD, 200)):
        asked = alice.browser.post(f"{BASE}passkeys/options", json={"proof": proof}, headers=token)
        assert asked.status_code == status
    page = alice.press(page, "/two-factor/start", proof=make.PASSWORD)
    assert (page.status, count(Authenticator)) == (200, 1)
