"""The abuse cases of the doors (A23 to A28 of the threat model), tried as an attacker tries them."""

import re
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from foundation.db import db
from mailer.render import render
from models import OutboxMail, Realm
from sign_in import cookie_name
from tests import factories as make
from tests.sign_in.test_doors import log_in, token_of
from workflows import sign_ins
from workflows.mail_facts import MailKind

NEW = "five green geese"


@pytest.fixture
def alice(cast):
    login = make.client_login(cast.alice, email="alice@example.com")
    db.session.commit()
    return login


def ask(browser, name, **more):
    page = browser.get("/portal/forgotten")
    return browser.post("/portal/forgotten", data={"csrf_token": token_of(page), "name": name}, **more)


def paths_of_links():
    """Where the links of the queued mails lead, oldest first, made as they are delivered."""
    db.session.expire_all()
    mails = db.session.scalars(
        sa.select(OutboxMail).where(OutboxMail.kind == MailKind.SET_PASSWORD.value).order_by(OutboxMail.id)
    )
    return [urlsplit(re.search(r"https?://\S+/set-password/\S+", render(mail).text)[0]).path for mail in mails]


def use(browser, path, password=NEW):
    page = browser.get(path)
    if page.status_code != 200:
        return page.status_code
    return browser.post(path, data={"csrf_token": token_of(page), "password": password, "repeated": password}).status_code  # fmt: skip


@pytest.mark.covers("A3")
def test_a23_guessing_from_many_places_slows_this_account_down_and_no_other(http, cast, alice, clock_at):
    make.client_login(cast.bob, email="bob@example.com")
    db.session.commit()
    browser, seen = http(), []
    for n in range(25):
        token = token_of(browser.get("/portal/log-in"))
        data = {"csrf_token": token, "name": alice.email, "password": "wrong"}
        seen.append(
            browser.post(
                "/portal/log-in", data=data, headers={"X-Forwarded-For": f"203.0.113.{n}"},
                environ_overrides={"REMOTE_ADDR": f"198.51.100.{n}"},
            ).status_code
        )  # fmt: skip
    assert seen == [422] * 10 + [429] * 15
    assert log_in(http(), "/portal/log-in", "bob@example.com", make.PASSWORD).status_code == 302
    clock_at("2026-11-23 10:06")
    assert log_in(http(), "/portal/log-in", alice.email, make.PASSWORD).status_code == 302


@pytest.mark.covers("A3")
@pytest.mark.parametrize("page", ["/portal/log-in", "/portal/forgotten", "/office/log-in", "/office/forgotten"])
def test_a24_known_and_unknown_names_get_the_same_answer_seven_times(http, cast, alice, page):
    make.staff_login(cast.olivia, email="olivia@example.com")
    db.session.commit()
    known = "olivia@example.com" if page.startswith("/office") else alice.email
    answers = {}
    for name in (known, "nobody@example.com"):
        browser, seen = http(), []
        for _ in range(7):
            token = token_of(browser.get(page))
            got = browser.post(page, data={"csrf_token": token, "name": name, "password": "wrong"})
            body = re.sub(r'value="[^"]+"|content="[^"]+"', "", got.text).replace(name, "…")
            seen.append((got.status_code, body))
        answers[name] = seen
    assert answers[known] == answers["nobody@example.com"]


@pytest.mark.covers("A3")
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"}, {"Host": "127.0.0.1:8000@evil.example"}, {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "host=evil.example"}, {"X-Original-URL": "http://evil.example/"}, {"X-Host": "evil.example"},
        {"X-Forwarded-Server": "evil.example"}, {"X-Forwarded-Proto": "evil"},
    ],
    ids=lambda h: next(iter(h.items()))[0] + next(iter(h.values()))[:6],
)  # fmt: skip
def test_a25_no_host_trick_reaches_the_mail(http, cast, app, alice, headers):
    answer = ask(http(), alice.email, headers=headers)
    assert answer.status_code in {200, 400}
    mails = db.session.scalars(sa.select(OutboxMail)).all()
    assert len(mails) == (answer.status_code == 200)
    for mail in mails:
        made = render(mail)
        assert "evil" not in made.text + made.html
        assert f"{app.config['PUBLIC_URL']}/portal/set-password/" in made.text


@pytest.mark.covers("A3", "A1")
def test_a26_a_link_works_once_until_a_newer_one_and_for_an_hour(http, cast, alice, clock_at):
    for _ in range(10):
        assert ask(http(), alice.email).status_code == 200
    older, old, newest = paths_of_links()
    assert [use(http(), x) for x in (older, old)] == [410, 410]
    assert use(http(), newest) == 302
    assert [use(http(), newest, "another password of mine"), use(http(), newest)] == [410, 410]
    assert log_in(http(), "/portal/log-in", alice.email, NEW).status_code == 302
    clock_at("2026-11-23 11:00:01")
    ask(http(), alice.email)
    *_used, last = paths_of_links()
    clock_at("2026-11-23 12:00:03")
    # Delivered later, a link is signed later; this one was signed an hour and two seconds ago.
    assert http().get(last).status_code == 410


@pytest.mark.covers("A1")
def test_a26_an_invitation_is_dead_once_it_was_used(http, cast, sign_in_as_staff):
    from workflows import invitations

    invitations.invite_client(cast.alice, actor=cast.as_olivia)
    db.session.commit()
    (path,) = paths_of_links()
    assert use(http(), path) == 302
    assert use(http(), path, "another password of mine") == 410


@pytest.mark.covers("A3", "A1")
@pytest.mark.parametrize("how", ["log out", "new password by link", "new password in the settings", "office"])
def test_a27_a_copied_cookie_is_dead(http, cast, app, alice, how):
    victim, thief, name = http(), http(), cookie_name(app, Realm.CLIENT)
    log_in(victim, "/portal/log-in", alice.email, make.PASSWORD)
    copied = victim.get_cookie(name).value
    thief.set_cookie(name, copied)
    assert thief.get("/portal/schedule").status_code == 200
    if how == "log out":
        victim.post("/portal/log-out", data={"csrf_token": token_of(victim.get("/portal/schedule"))})
    elif how == "new password by link":
        ask(http(), alice.email)
        assert use(http(), paths_of_links()[-1]) == 302
    elif how == "new password in the settings":
        other = http()
        log_in(other, "/portal/log-in", alice.email, make.PASSWORD)
        page = other.get("/portal/settings/password")
        data = {"csrf_token": token_of(page), "present": make.PASSWORD, "password": NEW, "repeated": NEW}
        assert other.post("/portal/settings/password", data=data).status_code == 303
        assert other.get("/portal/schedule").status_code == 200
    else:
        sign_ins.sign_out_client(cast.alice, actor=cast.as_max)
        db.session.commit()
    assert thief.get("/portal/schedule").headers["Location"].startswith("/portal/log-in")


@pytest.mark.parametrize("planted", ["a value of the attacker", "their own session"])
def test_a28_a_cookie_from_before_the_log_in_is_worth_nothing(http, cast, app, alice, planted):
    make.client_login(cast.bob, email="bob@example.com")
    db.session.commit()
    victim, attacker, name = http(), http(), cookie_name(app, Realm.CLIENT)
    if planted == "their own session":
        log_in(attacker, "/portal/log-in", "bob@example.com", make.PASSWORD)
    else:
        attacker.get("/portal/log-in")
    value = attacker.get_cookie(name).value
    victim.set_cookie(name, value)
    if planted == "their own session":
        victim.post("/portal/log-out", data={"csrf_token": token_of(victim.get("/portal/schedule"))})
    log_in(victim, "/portal/log-in", alice.email, make.PASSWORD)
    assert "Alice Archer" in victim.get("/portal/schedule").text
    assert attacker.get("/portal/schedule").status_code == 302
