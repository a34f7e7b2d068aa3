"""The session's cookie: renewed by visits, but not signed afresh for every page."""

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
