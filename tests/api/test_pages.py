"""The office's pages about other programs: made and shown once, revoked, retried, and gone while the API is off."""

import re

import pytest
import sqlalchemy as sa

from foundation import sealing
from foundation.db import db
from models import ApiToken, DeliveryState, HookDelivery, WebHook
from tests import connection_factories as make
from tests.factories import PASSWORD
from workflows import api_tokens


def csrf(page):
    return re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]


def field(page, name):
    return re.search(rf'name="{name}" value="([^"]+)"', page.text)[1]


@pytest.fixture
def owner(http, on, sign_in_as_staff):
    return sign_in_as_staff(http(), on.olivia)


def send(browser, page, path, **data):
    return browser.post(path, data={"csrf_token": csrf(page), "form_key": field(page, "form_key"), **data})


@pytest.mark.parametrize(("face", "who"), [("admin", "olivia"), ("staff", "sam")])
def test_a_person_makes_a_token_sees_it_once_and_revokes_it(http, on, sign_in_as_staff, face, who):
    browser = sign_in_as_staff(http(), getattr(on, who))
    assert f"/{face}/account/tokens" in browser.get(f"/{face}/account/").text
    page = browser.get(f"/{face}/account/tokens")
    answer = send(browser, page, f"/{face}/account/tokens", name="My calendar", scope="visits:read", days="90")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    secret = re.search(r'value="(lk_[\w-]+)"', answer.text)[1]
    assert api_tokens.find(secret).name == "My calendar"
    again = send(browser, page, f"/{face}/account/tokens", name="My calendar", scope="visits:read", days="90")
    assert again.status_code == 422
    listed = browser.get(f"/{face}/account/tokens")
    assert "My calendar" in listed.text
    assert secret not in listed.text
    token = db.session.scalars(sa.select(ApiToken)).one()
    gone = send(browser, listed, f"/{face}/account/tokens/{token.public_id}/revocation")
    assert gone.status_code == 303
    assert api_tokens.find(secret) is None


def test_a_token_asks_once_more_who_it_is_when_the_log_in_is_a_while_ago(owner, on, clock_at):
    path = "/admin/account/tokens"
    assert "is it still you?" not in owner.get(path).text
    clock_at("2026-11-23 10:16")
    page = owner.get(path)
    assert "is it still you?" in page.text
    for proof in ({}, {"proof": "wrong"}):
        answer = send(owner, page, path, name="Books", scope="visits:read", days="90", **proof)
        assert (answer.status_code, db.session.query(ApiToken).count()) == (422, 0)
        assert 'value="Books"' in answer.text
        assert "This is not right. Check it, please." in answer.text
    assert send(owner, page, path, name="Books", scope="visits:read", days="90", proof=PASSWORD).status_code == 201


def test_the_password_page_says_that_tokens_go_too(owner, on):
    assert "revoked with it" not in owner.get("/admin/account/password").text
    make.api_token(on.olivia, number=1)
    make.api_token(on.olivia, number=2)
    db.session.commit()
    assert "Your 2 tokens for other programs are revoked with it" in owner.get("/admin/account/password").text


def test_a_form_that_is_wrong_comes_back_filled(owner, on):
    page = owner.get("/admin/account/tokens")
    answer = send(owner, page, "/admin/account/tokens", name="Books", days="30")
    assert answer.status_code == 422
    assert 'value="Books"' in answer.text
    assert "Tick at least one thing that it may do." in answer.text
    assert '<option value="30" selected>' in answer.text
    page = owner.get("/admin/connections/")
    answer = send(owner, page, "/admin/connections/hooks", address="http://shop.example", event="visit.changed")
    assert answer.status_code == 422
    assert 'value="http://shop.example"' in answer.text
    assert re.search(r'value="visit.changed" checked', answer.text)


def test_a_sitter_is_offered_what_a_sitter_may(http, on, sign_in_as_staff):
    page = sign_in_as_staff(http(), on.sam).get("/staff/account/tokens")
    assert set(re.findall(r'name="scope" value="([\w:]+)"', page.text)) == {
        "clients:read", "pets:read", "visits:read", "services:read",
    }  # fmt: skip


def test_nobody_revokes_anothers_on_the_own_page(owner, on):
    token = make.api_token(on.max)
    page = owner.get("/admin/account/tokens")
    assert send(owner, page, f"/admin/account/tokens/{token.public_id}/revocation").status_code == 404
    page = owner.get("/admin/connections/")
    assert "Max Mason" in page.text
    assert send(owner, page, f"/admin/connections/tokens/{token.public_id}/revocation").status_code == 303
    assert db.session.get(ApiToken, token.id).revoked_at is not None


def test_a_hook_is_added_tried_out_switched_and_removed(owner, on):
    page = owner.get("/admin/connections/")
    answer = send(owner, page, "/admin/connections/hooks", address="https://shop.example/in", event="visit.changed")
    secret = re.search(r'value="(whsec_[^"]+)"', answer.text)[1]
    hook = db.session.scalars(sa.select(WebHook)).one()
    assert sealing.unseal(hook.sealed) == secret
    assert secret not in owner.get("/admin/connections/").text
    path = f"/admin/connections/hooks/{hook.public_id}"
    assert send(owner, page, f"{path}/ping").status_code == 303
    row = db.session.scalars(sa.select(HookDelivery)).one()
    row.state, row.last_error, row.attempts = DeliveryState.FAILED, "<b>no</b>", 9
    shown = owner.get(f"{path}/")
    assert "&lt;b&gt;no" in shown.text
    assert send(owner, page, f"{path}/messages/{row.public_id}/retry").status_code == 303
    assert db.session.get(HookDelivery, row.id).state is DeliveryState.WAITING
    send(owner, page, f"{path}/switch", on="0")
    assert db.session.get(WebHook, hook.id).is_on is False
    send(owner, page, f"{path}/removal")
    assert db.session.scalars(sa.select(WebHook)).all() == []
    assert owner.get(f"{path}/").status_code == 404


def test_a_message_of_another_hook_is_not_found(owner, on):
    one, other = make.web_hook(), make.web_hook()
    row = make.hook_delivery(other, state=DeliveryState.FAILED)
    page = owner.get("/admin/connections/")
    path = f"/admin/connections/hooks/{one.public_id}/messages/{row.public_id}/retry"
    assert send(owner, page, path).status_code == 404


def test_managers_have_no_page_of_connections(http, on, sign_in_as_staff):
    manager = sign_in_as_staff(http(), on.max)
    assert manager.get("/admin/connections/").status_code == 403
    assert "/admin/connections/" not in manager.get("/admin/").text


def test_all_is_gone_while_the_api_is_off(http, cast, sign_in_as_staff):
    owner = sign_in_as_staff(http(), cast.olivia)
    for path in ("/admin/connections/", "/admin/account/tokens"):
        assert owner.get(path).status_code == 404
    home = owner.get("/admin/")
    assert "/admin/connections/" not in home.text
    assert "/account/tokens" not in owner.get("/admin/account/").text
    make.switch_on()
    assert "/admin/connections/" in owner.get("/admin/").text
