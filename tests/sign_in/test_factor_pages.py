"""Between password and second factor: what opens, what does not, and by which way one comes in at last."""

import datetime as dt
import json
import re

import pyotp
import pytest

from foundation import clock
from foundation.db import db
from models import Passkey, Realm, SignIn
from sign_in import cookie_name
from tests import factories as make
from tests.databases import count
from tests.passkey_device import Device
from tests.sign_in.test_doors import log_in, token_of
from workflows import second_factor, settings, sign_ins


def turned_on(login):
    secret = second_factor.start(login)
    earlier = pyotp.TOTP(secret).at(clock.now() - dt.timedelta(seconds=30))
    codes = second_factor.confirm(login, earlier, actor=sign_ins.person(login))
    db.session.commit()
    return secret, codes


def now(secret):
    return pyotp.TOTP(secret).at(clock.now())


@pytest.fixture
def olivia(cast):
    login = make.staff_login(cast.olivia)
    db.session.commit()
    return login


def halfway(browser, login, door="office", **more):
    answer = log_in(browser, f"/{door}/log-in", login.email, make.PASSWORD, **more)
    assert answer.headers["Location"] == f"/{door}/second-factor"
    return browser.get(f"/{door}/second-factor")


def show(browser, page, code, door="office"):
    return browser.post(f"/{door}/second-factor", data={"csrf_token": token_of(page), "code": code})


@pytest.mark.covers("A4")
def test_a_password_alone_leads_to_the_factor_s_page_and_opens_nothing_else(http, cast, olivia, app):
    secret, _codes = turned_on(olivia)
    browser = http()
    page = halfway(browser, olivia, next="/admin/clients/")
    assert page.status_code == 200
    for path in ("/admin/", "/staff/", "/admin/clients/", "/admin/account/", "/portal/schedule"):
        assert browser.get(path).status_code == 302, path
    assert browser.get("/admin/").headers["Location"] == "/office/second-factor"
    assert browser.post("/admin/account/sign-ins/end-others", data={"csrf_token": token_of(page)}).status_code == 302
    before = browser.get_cookie(cookie_name(app, Realm.STAFF)).value
    answer = show(browser, page, now(secret))
    assert answer.headers["Location"] == "/admin/clients/"
    assert browser.get("/admin/").status_code == 200
    # The cookie of halfway is worth nothing any more.
    thief = http()
    thief.set_cookie(cookie_name(app, Realm.STAFF), before)
    assert thief.get("/admin/").headers["Location"].startswith("/office/log-in")
    assert thief.get("/office/second-factor").headers["Location"] == "/office/log-in"


def test_a_cookie_planted_before_is_worth_nothing_after(http, cast, olivia, app):
    secret, _codes = turned_on(olivia)
    browser, name = http(), cookie_name(app, Realm.STAFF)
    browser.get("/office/log-in")
    planted = browser.get_cookie(name).value
    show(browser, halfway(browser, olivia), now(secret))
    other = http()
    other.set_cookie(name, planted)
    assert other.get("/admin/").status_code == 302
    assert browser.get("/admin/").status_code == 200


def test_a_used_code_and_a_wrong_one_say_so_and_a_paper_code_works_once(http, cast, olivia):
    secret, codes = turned_on(olivia)
    first = http()
    show(first, halfway(first, olivia), now(secret))
    second = http()
    page = halfway(second, olivia)
    for code in (now(secret), "123456", ""):
        assert show(second, page, code).status_code == 422
    assert show(second, page, codes[3]).headers["Location"] == "/admin/"
    third = http()
    assert show(third, halfway(third, olivia), codes[3]).status_code == 422


def test_the_eleventh_wrong_code_is_not_looked_at(http, cast, olivia):
    secret, _codes = turned_on(olivia)
    browser = http()
    page = halfway(browser, olivia)
    for _ in range(10):
        show(browser, page, "000000")
    blocked = show(browser, page, now(secret))
    assert (blocked.status_code, int(blocked.headers["Retry-After"]) > 0) == (429, True)


@pytest.mark.covers("A4")
def test_required_sets_it_up_right_after_the_password(http, cast, olivia):
    settings.change({"access.staff_two_factor": "required"}, actor=cast.as_olivia)
    db.session.commit()
    browser = http()
    answer = halfway(browser, olivia)
    assert answer.headers["Location"] == "/office/second-factor/set-up"
    page = browser.get("/office/second-factor/set-up")
    assert browser.get("/admin/").status_code == 302
    picture = browser.get("/office/second-factor/picture.svg")
    assert (picture.mimetype, picture.headers["Cache-Control"]) == ("image/svg+xml", "no-store")
    assert b"<svg" in picture.data
    secret = re.search(r"<code[^>]*>([A-Z2-7 ]+)</code>", page.text)[1].replace(" ", "")
    wrong = browser.post("/office/second-factor/set-up", data={"csrf_token": token_of(page), "code": "000000"})
    assert (wrong.status_code, secret in wrong.text.replace(" ", "")) == (422, True)
    done = browser.post("/office/second-factor/set-up", data={"csrf_token": token_of(page), "code": now(secret)})
    codes = re.findall(r"<code>([a-z0-9-]{19})</code>", done.text)
    assert (done.status_code, len(codes)) == (200, 10)
    assert browser.get("/admin/").status_code == 200
    assert browser.get("/office/second-factor/picture.svg").status_code == 302
    file = browser.post("/office/second-factor/codes.txt", data={"csrf_token": token_of(done), "code": codes})
    assert file.headers["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert all(code in file.text for code in codes)
    others = browser.post(
        "/office/second-factor/codes.txt", data={"csrf_token": token_of(done), "code": ["x" * 19] * 10}
    )
    assert others.status_code == 404


def test_a_thief_of_the_password_sets_up_nothing_where_there_is_a_factor(http, cast, olivia):
    settings.change({"access.staff_two_factor": "required"}, actor=cast.as_olivia)
    make.passkey(olivia)
    db.session.commit()
    thief = http()
    page = halfway(thief, olivia)
    assert "Use a passkey" in page.text
    assert thief.get("/office/second-factor/set-up").headers["Location"] == "/office/second-factor"
    posted = thief.post("/office/second-factor/set-up", data={"csrf_token": token_of(thief.get("/office/log-in"))})
    assert posted.headers["Location"] == "/office/second-factor"
    assert not second_factor.state_of(olivia).is_on


def test_who_is_signed_in_when_it_becomes_required_is_led_to_the_set_up(http, cast, olivia, sign_in_as_staff):
    browser = sign_in_as_staff(http(), cast.olivia)
    assert browser.get("/admin/").status_code == 200
    settings.change({"access.staff_two_factor": "required"}, actor=cast.as_olivia)
    db.session.commit()
    assert browser.get("/admin/").headers["Location"] == "/office/second-factor"
    assert browser.get("/office/second-factor").headers["Location"] == "/office/second-factor/set-up"
    page = browser.get("/office/second-factor/set-up")
    assert browser.post("/office/second-factor/set-up", data={"csrf_token": token_of(page)}).status_code == 303
    assert "Scan this picture" in browser.get("/office/second-factor/set-up").text


# -------------------------------------------------------------------------------------------------------- passkeys


def ask(browser, door="office", part="passkey"):
    page = browser.get(f"/{door}/log-in") if part == "passkey" else browser.get(f"/{door}/second-factor")
    token = re.search(r'name="csrf-token" content="([^"]+)"', page.text)[1]
    options = browser.post(f"/{door}/{part}/options", headers={"X-CSRFToken": token}).text
    return token, options


def answer(browser, token, data, door="office", part="passkey"):
    return browser.post(f"/{door}/{part}", json=data, headers={"X-CSRFToken": token})


@pytest.fixture
def device(cast, olivia):
    """Olivia's own device."""
    from workflows import passkeys

    site, made = passkeys.site_of("http://127.0.0.1:8000", "x"), Device()
    options, challenge = passkeys.ask_to_register(olivia, site)
    passkeys.register(olivia, site, challenge, made.make(options), name="Phone", actor=cast.as_olivia)
    db.session.commit()
    return made


@pytest.mark.covers("A4")
def test_a_passkey_logs_in_and_its_challenge_is_good_once(http, cast, device):
    browser = http()
    token, options = ask(browser)
    signed = device.sign(options)
    done = answer(browser, token, signed)
    assert json.loads(done.text) == {"onward": "/admin/"}
    assert browser.get("/admin/").status_code == 200
    fresh = http()
    token, _options = ask(fresh)
    assert answer(fresh, token, signed).status_code == 422
    assert fresh.get("/admin/").status_code == 302


def test_a_challenge_of_another_browser_or_none_lets_nobody_in(http, cast, device):
    one, two = http(), http()
    _token, options = ask(one)
    token, _other = ask(two)
    assert answer(two, token, device.sign(options)).status_code == 422
    bare = http()
    token = re.search(r'name="csrf-token" content="([^"]+)"', bare.get("/office/log-in").text)[1]
    assert answer(bare, token, device.sign(options)).status_code == 422
    assert count(SignIn) == 0


@pytest.mark.parametrize("data", [None, [], "x", 5, {"id": 5}, {"id": "x" * 9999}])
def test_a_made_up_answer_is_refused_in_a_sentence(http, cast, data):
    browser = http()
    token, _options = ask(browser, "portal")
    refused = answer(browser, token, data, "portal")
    assert (refused.status_code, "password" in json.loads(refused.text)["problem"]) == (422, True)


def test_a_passkey_is_the_second_factor_too(http, cast, olivia, device):
    turned_on(olivia)
    browser = http()
    assert "Use a passkey" in halfway(browser, olivia).text
    token, options = ask(browser, part="second-factor/passkey")
    done = answer(browser, token, device.sign(options), part="second-factor/passkey")
    assert json.loads(done.text) == {"onward": "/admin/"}
    assert browser.get("/admin/").status_code == 200
    assert count(SignIn, SignIn.awaits_factor, SignIn.ended_at.is_(None)) == 0


def test_a_post_without_its_token_asks_nothing(http, cast):
    assert http().post("/office/passkey/options").status_code == 400
    assert http().post("/portal/passkey", json={}).status_code == 400
    assert count(Passkey) == 0
