"""The session's cookie: renewed by visits, but not signed afresh for every page."""

from flask import request

from models import Realm
from sign_in import cookie_name


def is_sent(app, answer):
    return any(c.startswith(cookie_name(app, Realm.STAFF)) for c in answer.headers.getlist("Set-Cookie"))


def test_the_cookie_is_sent_again_when_it_is_five_minutes_old(http, cast, app, sign_in_as_staff, clock_at):
    clock_at("2026-11-23 10:00")
    browser = sign_in_as_staff(http(), cast.olivia)
    browser.get("/admin/clients/")  # puts the forms' token in
    assert not is_sent(app, browser.get("/admin/clients/"))
    clock_at("2026-11-23 10:05:00")
    assert not is_sent(app, browser.get("/admin/clients/"))
    clock_at("2026-11-23 10:05:01")
    answer = browser.get("/admin/clients/")
    assert is_sent(app, answer)
    assert "Expires=Tue, 24 Nov 2026 03:05:01 GMT" in answer.headers["Set-Cookie"]
    assert not is_sent(app, browser.get("/admin/clients/"))


def test_whoever_visits_stays_signed_in_and_whoever_is_idle_for_twelve_hours_does_not(
    http, cast, sign_in_as_staff, clock_at
):
    clock_at("2026-11-23 08:00")
    busy, idle = sign_in_as_staff(http(), cast.olivia), sign_in_as_staff(http(), cast.max)
    assert (busy.get("/admin/clients/").status_code, idle.get("/admin/clients/").status_code) == (200, 200)
    clock_at("2026-11-23 15:00")
    assert busy.get("/admin/clients/").status_code == 200
    clock_at("2026-11-23 20:01")
    assert (busy.get("/admin/clients/").status_code, idle.get("/admin/clients/").status_code) == (200, 302)


def test_a_cookie_that_was_right_is_looked_at_again_in_all_that_may_have_changed(
    http, cast, app, sign_in_as_staff, clock_at
):
    clock_at("2026-11-23 08:00")
    browser = sign_in_as_staff(http(), cast.olivia)
    browser.get("/admin/clients/")
    name = cookie_name(app, Realm.STAFF)
    right = browser.get_cookie(name).value

    def answers(value):
        other = http()
        other.set_cookie(name, value)
        return other.get("/admin/clients/").status_code

    assert [answers(right) for _ in "123"] == [200] * 3
    assert answers(f"{right[:-9]}{'A' if right[-9] != 'A' else 'B'}{right[-8:]}") == 302, "another signature"
    with app.test_request_context("/admin/", headers={"Cookie": f"{name}={right}"}):
        first = app.session_interface.open_session(app, request._get_current_object())
        first["put_in"] = "by somebody"
        second = app.session_interface.open_session(app, request._get_current_object())
    assert "put_in" not in second
    clock_at("2026-11-24 07:59")
    assert answers(right) == 302, "too old"
    clock_at("2026-11-23 07:59")
    assert answers(right) == 302, "of a time to come"


def test_what_changes_in_the_session_is_sent_at_once(http, cast, app, sign_in_as_staff):
    browser = sign_in_as_staff(http(), cast.olivia)
    assert is_sent(app, browser.get("/admin/clients/"))  # the forms' token
    assert not is_sent(app, browser.get("/admin/clients/"))
    with browser.session_transaction() as session:
        session["_flashes"] = [("success", "Saved.")]
    told = browser.get("/admin/clients/")
    assert "Saved." in told.text
    assert is_sent(app, told)
    assert "Saved." not in browser.get("/admin/clients/").text
