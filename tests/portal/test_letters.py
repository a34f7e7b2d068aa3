"""S8 in both faces: a client writes in the portal, the office answers on the client's page."""

import re

import pytest

from foundation.db import db
from models import Letter
from tests import factories as make
from tests.admin.office.walk import Office
from tests.databases import count, statements
from workflows import letters, portal_views

pytestmark = pytest.mark.covers("S8")

PAGE = "/portal/messages/"


@pytest.fixture
def alice(http, cast, sign_in_as_client):
    return sign_in_as_client(http(), cast.alice)


@pytest.fixture
def office(http, cast, sign_in_as_staff):
    return Office(sign_in_as_staff(http(), cast.olivia))


def write(browser, body, **more):
    page = browser.get(PAGE).text
    data = {n: re.search(f'name="{n}" value="([^"]+)"', page)[1] for n in ("csrf_token", "form_key")}
    return browser.post(PAGE, data={**data, "body": body, **more})


def test_a_conversation(cast, alice, office):
    assert "Nothing was written yet." in alice.get(PAGE).text
    assert write(alice, "Is Sunday possible? <b>\N{DOG FACE}").status_code == 303
    home = office.get("/admin/")
    assert "Alice Archer wrote to you" in home.text
    assert "1 client wrote" in home.text
    listed = office.get("/admin/letters/")
    assert "Is Sunday possible?" in listed.main
    assert "1 new" in listed.main
    page = office.get(f"/admin/client/{cast.alice.id}/?tab=messages")
    assert "Is Sunday possible? &lt;b&gt;" in page.html
    assert "1 client wrote" not in office.get("/admin/").text
    page = page.press("Send message", body="Of course.\nSam comes at ten.")
    assert "Of course." in page.main
    seen = alice.get("/portal/schedule").text
    assert "1 new message" in seen
    page = alice.get(PAGE).text
    assert "Of course." in page
    assert "Olivia, " in page
    assert "1 new message" not in alice.get("/portal/schedule").text
    assert "1 new message" not in alice.get("/portal/request").text


def test_the_request_page_says_it_too(cast, alice):
    letters.write_as_office(cast.alice, body="Hello", actor=cast.as_olivia)
    assert "1 new message" in alice.get("/portal/request").text


def test_sent_twice_it_is_there_once_and_what_is_refused_comes_back(cast, alice, office):
    key = "k" * 20
    assert [write(alice, "Hello", form_key=key).status_code for _ in range(2)] == [303, 303]
    assert count(Letter) == 1
    long = write(alice, "y" * 10_000)
    assert (long.status_code, "y" * 10_000 in long.text, "Use at most 5000 characters" in long.text) == (422, True, True)  # fmt: skip
    assert write(alice, "\0").status_code == 422
    page = office.get(f"/admin/client/{cast.alice.id}/?tab=messages").press("Send message", body="z" * 6000)
    assert (page.status, "z" * 6000 in page.html) == (422, True)
    page = office.get(f"/admin/client/{cast.alice.id}/?tab=messages")
    for _ in range(2):
        page.press("Send message", body="Yes", form_key="o" * 20)
    assert count(Letter, Letter.from_office.is_(True)) == 1


def test_others_threads_are_never_shown(cast, alice):
    letters.write_as_office(cast.bob, body="Bob's gate code is 9", actor=cast.as_olivia)
    assert "gate code" not in alice.get(PAGE).text
    assert "1 new message" not in alice.get("/portal/schedule").text


def test_the_office_that_looks_at_the_portal_reads_nothing_for_the_client(cast, office):
    letter = letters.write_as_office(cast.alice, body="Hello", actor=cast.as_olivia)
    db.session.commit()
    office.get(f"/admin/client/{cast.alice.id}/").press("Go to portal", follow=False)
    assert "Hello" in office.browser.get(PAGE).text
    db.session.refresh(letter)
    assert letter.read_at is None
    assert portal_views is not None


def test_long_threads_have_pages_and_cost_the_same(cast, alice, office):
    make.letter(cast.alice, body="Number 0")
    alice.get(PAGE)
    with statements() as few:
        alice.get(PAGE)
    for i in range(1, 61):
        make.letter(cast.alice, body=f"Number {i}.", client_login=None, staff=cast.max if i % 2 else None, from_office=bool(i % 2), read_at=None if i == 0 else make.clock.now())  # fmt: skip
    db.session.commit()
    with statements() as many:
        page = alice.get(PAGE).text
    assert len(many) == len(few)
    assert ("Number 60." in page, "Number 36." in page, "Number 35." in page) == (True, True, False)
    assert "Number 35." in alice.get(f"{PAGE}?page=2").text
    for odd in ("0", "-1", "x", "99999999", "\N{SUPERSCRIPT TWO}"):
        assert alice.get(f"{PAGE}?page={odd}").status_code == 200


def test_the_list_of_threads_puts_unread_ones_first_and_costs_the_same(cast, office):
    letters.write_as_client(cast.bob, body="Unread", actor=cast.as_bob)
    letters.write_as_office(cast.alice, body="Newer", actor=cast.as_olivia)
    page = office.get("/admin/letters/")
    assert page.main.index("Bob Baker") < page.main.index("Alice Archer")
    with statements() as few:
        office.get("/admin/letters/")
    for i in range(30):
        make.letter(make.client(f"Client{i}"), body="x" * 4000)
    db.session.commit()
    with statements() as many:
        page = office.get("/admin/letters/")
    assert len(many) == len(few)
    assert len(page.html.encode()) < 30_000
