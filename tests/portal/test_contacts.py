"""D6: the household's other people in the portal: seen, added, changed and removed, and the office told."""

import re

import pytest

from admin_site import notices
from foundation.db import db
from models import Activity, ClientContact, Notification, NotificationKind
from tests import factories as make
from tests.databases import count
from workflows import own_contacts, settings
from workflows.actors import COMMAND_LINE, staff_as_client
from workflows.errors import Conflict, Invalid, NotAllowed, WrongState

pytestmark = pytest.mark.covers("D6")

PAGE = "/portal/your-data/contacts"
KIM = {"name": "Kim Clark", "relation": "Partner", "email": "kim@example.com", "phone": "(413) 555-0123", "receives_copies": "1"}  # fmt: skip


@pytest.fixture
def alice(http, cast, sign_in_as_client):
    return sign_in_as_client(http(), cast.alice)


def fill_in(browser, path, values, to=None):
    page = browser.get(path).text
    hidden = {n: re.search(f'name="{n}" value="([^"]*)"', page)[1] for n in ("csrf_token", "form_key", "seen")}
    return browser.post(to or path, data={**hidden, **values})


def told():
    lines = db.session.query(Notification).order_by(Notification.id)
    return [notices.told_about(n.facts) for n in lines if n.kind is NotificationKind.DATA_CHANGED]


def path_of(cast, contact):
    return f"{PAGE}/{own_contacts.key_of(cast.alice, contact)}"


def test_somebody_is_added_changed_and_removed_and_the_office_reads_it(cast, alice):
    assert "Nobody yet" in alice.get(PAGE).text
    assert fill_in(alice, f"{PAGE}/new", KIM, PAGE).status_code == 303
    (kim,) = db.session.query(ClientContact)
    assert (kim.client, kim.name, kim.phone, kim.receives_copies, kim.is_emergency) == (cast.alice, "Kim Clark", "+14135550123", True, False)  # fmt: skip
    page = alice.get(PAGE).text
    for words in ("Kim Clark", "Partner", "(413) 555-0123", "Gets copies"):
        assert words in page
    path = path_of(cast, kim)
    assert fill_in(alice, path, {**KIM, "relation": "Wife", "is_emergency": "1"}).status_code == 303
    assert (kim.relation, kim.is_emergency) == ("Wife", True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', alice.get(PAGE).text)[1]
    assert alice.post(f"{path}/removal", data={"csrf_token": token}).status_code == 303
    assert count(ClientContact) == 0
    assert told() == [
        "Kim Clark: added",
        "Kim Clark: Relation: Partner → Wife, Emergency contact: No → Yes",
        "Kim Clark: removed",
    ]
    verbs = [a.verb for a in db.session.query(Activity).order_by(Activity.id) if a.verb.startswith("client_contact")]
    assert verbs == ["client_contact.added", "client_contact.changed", "client_contact.removed"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " \0 "},
        {"name": "n" * 121},
        {"email": "kim"},
        {"email": ""},
        {"phone": "soon"},
        {"relation": "r" * 10_000},
    ],
)
def test_what_is_refused_comes_back_as_it_was_typed(cast, alice, wrong):
    answer = fill_in(alice, f"{PAGE}/new", {**KIM, **wrong}, PAGE)
    assert (answer.status_code, "kim@example.com" in answer.text or "email" in wrong) == (422, True)
    assert 'aria-invalid="true"' in answer.text
    assert (count(ClientContact), told()) == (0, [])


def test_all_that_is_wrong_is_said_in_one_round(cast, alice):
    answer = fill_in(
        alice, f"{PAGE}/new", {"name": "", "relation": "r" * 121, "phone": "soon", "receives_copies": "1"}, PAGE
    )
    assert set(re.findall(r'id="(\w+)-error"', answer.text)) == {"name", "relation", "email", "phone"}
    assert (answer.text.count("Copies need a mail address."), 'value="soon"' in answer.text) == (2, True)


def test_sent_twice_somebody_is_there_once(cast, alice):
    for _ in range(2):
        assert fill_in(alice, f"{PAGE}/new", {**KIM, "form_key": "k" * 20}, PAGE).status_code == 303
    assert count(ClientContact) == 1


def test_two_who_change_the_same_person_lose_nothing(cast, alice):
    kim = make.client_contact(cast.alice, "Kim", phone="+14135550123")
    path = path_of(cast, kim)
    page = alice.get(path).text
    hidden = {n: re.search(f'name="{n}" value="([^"]*)"', page)[1] for n in ("csrf_token", "seen")}
    kim.phone = "+14135550199"
    mine = {"name": "Kim", "phone": "+14135550777"}
    clash = alice.post(path, data={**hidden, **mine})
    assert clash.status_code == 409
    for words in ("Somebody changed this meanwhile", "Changed meanwhile to: (413) 555-0199", 'value="+14135550777"'):
        assert words in clash.text
    assert kim.phone == "+14135550199"
    again = re.search('name="seen" value="([^"]*)"', clash.text)[1]
    assert alice.post(path, data={**hidden, "seen": again, **mine}).status_code == 303
    assert kim.phone == "+14135550777"


def test_others_contacts_are_not_there(cast, alice):
    theirs = make.client_contact(cast.bob, "Bobs Neighbour")
    assert "Bobs Neighbour" not in alice.get(PAGE).text
    for key in (
        own_contacts.key_of(cast.bob, theirs),
        own_contacts.key_of(cast.alice, theirs),
        str(theirs.id),
        "nothing",
    ):
        assert alice.get(f"{PAGE}/{key}").status_code == 404
    token = re.search(r'name="csrf_token" value="([^"]+)"', alice.get(f"{PAGE}/new").text)[1]
    key = own_contacts.key_of(cast.bob, theirs)
    for path in (f"{PAGE}/{key}", f"{PAGE}/{key}/removal"):
        alice.post(path, data={"csrf_token": token, "name": "Mine", "seen": own_contacts.mark(theirs)})
    assert (theirs.name, count(ClientContact)) == ("Bobs Neighbour", 1)


def test_switched_off_they_are_gone_and_only_to_read_when_data_may_not_be_changed(cast, alice):
    kim = make.client_contact(cast.alice, "Kim")
    path = path_of(cast, kim)
    settings.change({"portal.your_data_amend": False}, actor=COMMAND_LINE)
    page = alice.get(PAGE)
    assert (page.status_code, "Kim" in page.text, "Add contact" in page.text) == (200, True, False)
    assert [alice.open(p, method=m).status_code for p, m in ((path, "GET"), (path, "POST"), (f"{PAGE}/new", "GET"), (f"{path}/removal", "POST"))] == [404] * 4  # fmt: skip
    settings.change({"portal.your_data_amend": True, "portal.contacts": False}, actor=COMMAND_LINE)
    assert [alice.get(p).status_code for p in (PAGE, path, f"{PAGE}/new")] == [404] * 3
    assert PAGE not in alice.get("/portal/your-data/pets").text


def test_rules_hold_without_a_page_too(cast, together):
    kim = own_contacts.add(cast.alice, {"name": "Kim"}, actor=staff_as_client(cast.olivia, cast.alice))
    key = own_contacts.key_of(cast.alice, kim)
    for do in (
        lambda: own_contacts.add(cast.alice, {"name": "Eve"}, actor=cast.as_bob),
        lambda: own_contacts.change(cast.alice, key, {"name": "Eve"}, seen=own_contacts.mark(kim), actor=cast.as_bob),
        lambda: own_contacts.remove(cast.alice, key, actor=cast.as_olivia),
    ):
        with pytest.raises(NotAllowed):
            do()
    for i in range(own_contacts.MAX_CONTACTS - 1):
        make.client_contact(cast.alice, f"Friend {i}")
    with pytest.raises(Invalid):
        own_contacts.add(cast.alice, {"name": "One more"}, actor=cast.as_alice)
    seen, client_id = own_contacts.mark(kim), cast.alice.id

    def change(name):
        client = db.session.get(type(cast.alice), client_id)
        return lambda: own_contacts.change(db.session.get(type(client), client_id), key, {"name": name}, seen=seen, actor=cast.as_alice).name  # fmt: skip

    results = together(change("Kim A"), change("Kim B"))
    assert sorted(isinstance(r, Conflict) for r in results) == [False, True]
    own_contacts.remove(cast.alice, key, actor=cast.as_alice)
    with pytest.raises(WrongState):
        own_contacts.remove(cast.alice, key, actor=cast.as_alice)
