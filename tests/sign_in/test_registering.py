"""Registering as a stranger with a browser: the same answer for everybody, links once, nothing while it is off."""

import re

import pytest

from foundation.db import db
from models import Client, ClientLogin, Registration
from tests import factories as make
from tests.databases import count
from tests.sign_in.test_doors import token_of
from workflows import mail_facts, registrations, settings
from workflows.mail_facts import MailKind

PASSWORD = "tulips on the windowsill"


@pytest.fixture
def switch(cast):
    def to(mode):
        settings.change({"portal.registration": mode}, actor=cast.as_olivia)
        db.session.commit()

    return to


def ask(browser, email, **headers):
    page = browser.get("/portal/register")
    return browser.post("/portal/register", data={"csrf_token": token_of(page), "email": email}, headers=headers)


def path_of_link(app, outbox):
    facts = mail_facts.from_json(MailKind.REGISTRATION_LINK, outbox.mails(MailKind.REGISTRATION_LINK)[-1].facts)
    return f"/portal/register/{registrations.sign_link(app.config['SECRET_KEY'], facts)}"


def fill(page, **more):
    return {"csrf_token": token_of(page), "first_name": "Nora", "last_name": "New", "password": PASSWORD, "repeated": PASSWORD, **more}  # fmt: skip


@pytest.mark.covers("A2", "P8")
def test_off_every_address_is_404_with_and_without_a_token(http, cast, switch, app, outbox):
    switch("open")
    browser = http()
    page = browser.get("/portal/register")
    ask(browser, "nora@example.com")
    path = path_of_link(app, outbox)
    switch("off")
    for address in ("/register", "/portal/register", path, "/portal/registered"):
        assert browser.get(address).status_code == 404, address
    for address in ("/portal/register", path):
        for data in ({}, {"csrf_token": token_of(page), "email": "eve@example.com"}):
            assert browser.post(address, data=data).status_code == 404, address
    assert "/portal/register" not in browser.get("/portal/log-in").text
    assert (count(Registration), len(outbox)) == (1, 1)


@pytest.mark.covers("A2")
def test_open_somebody_registers_is_welcomed_and_is_in(http, cast, switch, app, outbox):
    switch("open")
    browser = http()
    assert browser.get("/register").headers["Location"] == "/portal/register"
    assert "a mail with a link is on its way" in ask(browser, " Nora@Example.com ").text
    path = path_of_link(app, outbox)
    page = browser.get(path)
    assert "nora@example.com" in page.text
    short = browser.post(path, data=fill(page, password="short", repeated="short"))
    assert (short.status_code, 'value="Nora"' in short.text) == (422, True)
    done = browser.post(path, data=fill(page))
    assert done.headers["Location"] == "/portal/registered"
    assert "Welcome!" in browser.get("/portal/registered").text
    assert browser.get("/portal/schedule").status_code == 200
    assert http().get(path).status_code == 410
    assert count(Client, Client.email == "nora@example.com") == 1


@pytest.mark.covers("A2")
def test_with_approval_nobody_is_in(http, cast, switch, app, outbox):
    switch("approval")
    browser = http()
    ask(browser, "nora@example.com")
    path = path_of_link(app, outbox)
    browser.post(path, data=fill(browser.get(path)))
    assert "We look at it and write to you." in browser.get("/portal/registered").text
    assert browser.get("/portal/schedule").status_code == 302
    assert count(ClientLogin) == 0


@pytest.mark.covers("A2")
def test_the_answer_is_the_same_for_known_and_unknown_addresses(http, cast, switch):
    switch("open")
    make.client_login(cast.alice, email="alice@example.com")
    db.session.commit()
    answers = [ask(http(), name) for name in ("alice@example.com", "nora@example.com")]
    assert [a.status_code for a in answers] == [200, 200]
    known, unknown = (re.sub(r'value="[^"]+"|content="[^"]+"', "", a.text) for a in answers)
    assert known == unknown


def test_what_is_no_address_says_so_and_too_many_are_slowed_down(http, cast, switch, outbox):
    switch("open")
    for wrong in ("", "nobody", "a@b", "a@x.com,b@x.com", "x@example.com\r\nBcc: y@example.com", "\0"):
        assert ask(http(), wrong).status_code == 422, wrong
    for n in range(20):
        assert ask(http(), f"n{n}@example.com", **{"X-Forwarded-For": f"203.0.113.{n}"}).status_code == 200
    slow = ask(http(), "more@example.com", **{"X-Forwarded-For": "203.0.113.99"})
    assert (slow.status_code, int(slow.headers["Retry-After"]) > 0) == (429, True)
    assert len(outbox) == 20


def test_terms_are_shown_and_must_be_ticked(http, cast, switch, app, outbox):
    switch("open")
    version = make.agreement_version(make.agreement("House rules", at_registration=True), body="Be <kind> to cats.")
    db.session.commit()
    browser = http()
    ask(browser, "nora@example.com")
    path = path_of_link(app, outbox)
    page = browser.get(path)
    assert "Be &lt;kind&gt; to cats." in page.text
    refused = browser.post(path, data=fill(page))
    assert (refused.status_code, "Read the terms" in refused.text) == (422, True)
    wrong = {"first_name": "", "password": "short", "repeated": "long"}
    told = browser.post(path, data=fill(page, **wrong)).text
    assert {name for name in (*wrong, "terms") if f'id="{name}-error"' in told} == {*wrong, "terms"}
    done = browser.post(path, data=fill(page, accept=f"{version.public_id}:{version.text_hash}"))
    assert done.status_code == 303
    assert browser.get("/portal/schedule").status_code == 200


@pytest.mark.parametrize("token", ["x", "a.b.c", "%00", "é", "0" * 2000])
def test_a_made_up_link_is_dead(http, cast, switch, token):
    switch("open")
    assert http().get(f"/portal/register/{token}").status_code == 410
