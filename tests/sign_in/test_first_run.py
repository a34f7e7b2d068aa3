"""S7: a fresh installation comes to its owner, its first service and its first client by an address of its terminal."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Client, ClientLogin, OutboxMail, Pet, ServiceItem, Staff
from tests import factories as make
from tests.databases import count
from tests.sign_in.test_doors import token_of
from workflows import first_run, settings

PASSWORD = "six quiet llamas"


@pytest.fixture
def path(app):
    return f"/office/welcome/{first_run.code(app.config['SECRET_KEY'])}"


def fill(page, **more):
    return {
        "csrf_token": token_of(page), "business": "Quiet Paws", "time_zone": "Europe/London", "currency": "GBP",
        "locale": "en_GB", "first_name": "Rosa", "last_name": "Reed", "email": "office@example.com",
        "password": PASSWORD, "repeated": PASSWORD, **more,
    }  # fmt: skip


def key_of(page):
    return page.text.partition('name="form_key" value="')[2].partition('"')[0]


@pytest.mark.covers("S7")
def test_the_first_run_leads_to_a_business_with_a_service_and_a_client(app, http, path):
    browser = http()
    page = browser.get(path)
    assert page.status_code == 200
    answer = browser.post(path, data=fill(page))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/first-steps/service")
    settings.forget()
    values = settings.read()
    assert [values[f"business.{n}"] for n in ("name", "time_zone", "currency", "locale")] == ["Quiet Paws", "Europe/London", "GBP", "en_GB"]  # fmt: skip
    rosa = db.session.scalars(sa.select(Staff)).one()
    assert (rosa.email, rosa.role.value, rosa.is_sitter) == ("office@example.com", "owner", False)

    # She is logged in already. The service, sent twice, is there once.
    page = browser.get("/admin/first-steps/service")
    service = {"csrf_token": token_of(page), "form_key": key_of(page), "name": "Dog walk", "minutes": "30", "price": "18.50", "in_portal": "y", "i_do_visits": "y"}  # fmt: skip
    for _ in range(2):
        answer = browser.post("/admin/first-steps/service", data=service)
        assert answer.headers["Location"] == "/admin/first-steps/client"
    item = db.session.scalars(sa.select(ServiceItem)).one()
    assert (item.name, item.code, item.price, item.duration_minutes, item.visible_in_portal) == ("Dog walk", "DogWalk30", Decimal("18.50"), 30, True)  # fmt: skip
    db.session.expire_all()
    assert rosa.is_sitter

    # The first client with a pet, invited.
    page = browser.get("/admin/first-steps/client")
    client = {"csrf_token": token_of(page), "form_key": key_of(page), "first_name": "Nora", "last_name": "Quill", "email": "nora@example.com", "phone": "", "pet": "Pip", "species": "cat", "invite": "y"}  # fmt: skip
    for _ in range(2):
        assert browser.post("/admin/first-steps/client", data=client).headers["Location"] == "/admin/"
    assert (count(Client), count(ClientLogin), count(OutboxMail)) == (1, 1, 1)
    assert db.session.scalars(sa.select(Pet.name)).all() == ["Pip"]
    home = browser.get("/admin/")
    assert home.status_code == 200
    assert "Nora Quill is your client. You are open." in home.text

    # The door is shut behind her.
    assert http().get(path).status_code == 404
    assert http().post(path, data=fill(page)).status_code == 404


@pytest.mark.covers("S7")
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"business": " "}, "Fill in a name."), ({"business": "x" * 300}, "80"), ({"email": "nonsense"}, "Enter a full mail address"),
        ({"password": "short", "repeated": "short"}, "Use at least"), ({"repeated": "something else"}, "The two passwords differ."),
        ({"time_zone": "Mars/Base"}, "Choose one of the listed values."), ({"currency": "XXZ"}, "Choose one of the listed values."),
        ({"locale": ""}, "Fill this in."), ({"first_name": "\0"}, "Fill in a name."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nobody_is_made(app, http, path, wrong, words):
    browser = http()
    answer = browser.post(path, data=fill(browser.get(path), **wrong))
    assert answer.status_code == 422
    assert words in answer.text
    assert 'value="office@example.com"' in answer.text or "email" in wrong
    assert (count(Staff), settings.read()["business.name"]) == (0, "My pet care business")


def test_without_the_code_there_is_no_such_page(app, http, path):
    for wrong in (path[:-1], path + "0", "/office/welcome/x", "/office/welcome/%00", "/office/welcome/%C3%A9"):
        assert http().get(wrong).status_code == 404, wrong
        assert http().post(wrong).status_code == 404, wrong


def test_once_there_is_a_team_the_code_is_worth_nothing(app, http, path, cast):
    assert http().get(path).status_code == 404
    assert http().post(path).status_code == 404


def test_of_two_who_begin_at_once_one_is_the_owner(app, http, path, monkeypatch):
    browser = http()
    data = fill(browser.get(path))
    # The other one has passed the same look a moment ago and is done before us.
    make.form_key(key=first_run._KEY)
    db.session.commit()
    answer = browser.post(path, data=data, follow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/office/log-in")
    assert count(Staff) == 0


def test_steps_ask_for_what_they_need(app, http, cast, sign_in_as_staff):
    browser = sign_in_as_staff(http(), cast.olivia)
    page = browser.get("/admin/first-steps/client")
    wrong = {"csrf_token": token_of(page), "form_key": key_of(page), "first_name": "Nora", "species": "dragon", "invite": "y"}  # fmt: skip
    assert browser.post("/admin/first-steps/client", data=wrong).status_code == 422
    answer = browser.post("/admin/first-steps/client", data={**wrong, "species": "dog"})
    assert answer.status_code == 422
    assert "An invitation needs their mail address." in answer.text
    assert 'value="Nora"' in answer.text
    page = browser.get("/admin/first-steps/service")
    for wrong_one in ({"minutes": "0"}, {"minutes": "x"}, {"price": "1.234"}, {"price": "-1"}, {"name": ""}):
        data = {"csrf_token": token_of(page), "form_key": key_of(page), "name": "Walk", "minutes": "20", "price": "9", **wrong_one}  # fmt: skip
        assert browser.post("/admin/first-steps/service", data=data).status_code == 422, wrong_one
    for n in (1, 2):  # the same name twice: two codes
        page = browser.get("/admin/first-steps/service")
        data = {"csrf_token": token_of(page), "form_key": key_of(page), "name": "Short walk", "minutes": "20", "price": "9"}  # fmt: skip
        assert browser.post("/admin/first-steps/service", data=data).status_code == 303, n
    codes = db.session.scalars(sa.select(ServiceItem.code).where(ServiceItem.name == "Short walk").order_by(ServiceItem.id))  # fmt: skip
    assert list(codes) == ["ShortWalk20", "ShortWalk20-2"]
    sitter = sign_in_as_staff(http(), cast.sam)
    assert sitter.get("/admin/first-steps/service").status_code == 403


def test_all_that_is_wrong_is_said_in_one_round(app, http, path):
    browser = http()
    wrong = {
        "business": "",
        "time_zone": "Mars/Base",
        "first_name": "",
        "email": "nonsense",
        "password": "short",
        "repeated": "long",
    }
    answer = browser.post(path, data=fill(browser.get(path), **wrong))
    assert answer.status_code == 422
    assert {name for name in wrong if f'id="{name}-error"' in answer.text} == set(wrong)
