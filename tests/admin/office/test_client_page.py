"""A client's page: the blue snapshot panel and the tabs; who did what, when and through which door."""

import datetime as dt
import re
from decimal import Decimal

import pytest

from foundation.db import db
from models import ActorKind, ClientStatus, JobState, MailState, PetStatus, StaffRole, Via
from tests import factories as make
from tests import money_factories as money
from tests.databases import statements
from tests.workflows.billing.test_allocations import issued, received
from workflows import agreements, people
from workflows.mail_facts import MailKind
from workflows.permissions import ROLE_PERMISSIONS, Permission

TODAY = dt.date(2026, 11, 23)


@pytest.fixture
def url(cast):
    return f"/admin/client/{cast.alice.id}/"


@pytest.mark.covers("S2")
def test_the_snapshot_panel(office, cast, alices_request, url):
    cast.biscuit.warning = "insulin at 8:00"
    cast.alice.phone = "+12125550123"
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY, start_time=dt.time(15))
    page = office.get(url)
    panel = page.main.partition("Overview")[0]
    for words in (
        "Alice Archer 4417 209 318. Client since November 2026", "Active", "Biscuit: insulin at 8:00",
        "Next visit Today, 3:00 PM, Sam", "Requests 2 waiting", "Usual sitter Sam Stone", "Phone (212) 555-0123",
        "Portal open", "Last log-in not invited", "Go to portal", "Book visits", "Edit", "Invite to portal",
    ):  # fmt: skip
        assert words in panel, words
    assert page.link("2 waiting") == f"/admin/job-requests/{cast.alice.id}/"
    assert page.link("Book visits") == f"/admin/visit/new?client={cast.alice.id}"
    assert page.follow("Edit").status == 200
    assert "Bella" not in page.text


@pytest.mark.covers("S2")
def test_a_client_with_nothing_has_an_empty_but_whole_page(office, cast):
    empty = make.client("Petra", "Petless")
    for tab in ("", "?tab=schedule", "?tab=requests", "?tab=messages", "?tab=log", "?tab=nonsense"):
        page = office.get(f"/admin/client/{empty.id}/{tab}")
        assert "Petra Petless" in page.main
    panel = office.get(f"/admin/client/{empty.id}/").main
    assert "Next visit none" in panel
    assert "Requests none" in panel
    assert "Usual sitter none" in panel
    assert "Invite to portal" not in panel, "there is no address to send it to"


@pytest.mark.covers("S2")
def test_a_closed_portal_and_an_archived_client_are_marked(office, cast, url):
    people.change_client(cast.alice, {"portal_enabled": False}, actor=cast.as_olivia)
    page = office.get(url)
    assert "Portal closed" in page.main
    assert "Portal closed Agreements" in page.main.replace("Portal closed Biscuit", "")
    assert "Invite to portal" not in page.main
    cast.alice.status, cast.alice.portal_enabled = ClientStatus.ARCHIVED, True
    page = office.get(url)
    assert "Archived" in page.main
    assert "Invite to portal" not in page.main


@pytest.mark.covers("S2")
def test_inviting_mails_a_link_once_and_says_so(office, cast, url, outbox):
    page = office.get(url).press("Invite to portal")
    assert "A log-in link goes to alice@example.com." in page.main
    assert "invited, not yet" in page.main
    assert "Send log-in link" in page.buttons()
    assert outbox.one(MailKind.SET_PASSWORD).to_address == "alice@example.com"
    cast.alice.portal_enabled = False
    refused = office.post(f"{url}invitation")
    assert "The portal is closed for this client. Open it first." in refused.main
    assert len(outbox) == 1


@pytest.mark.covers("S2")
def test_overview_shows_pets_what_comes_and_contacts(office, cast, alices_request, url):
    cast.biscuit.feeding, cast.biscuit.breed, cast.biscuit.born_on = (
        "2 cups",
        "Labrador",
        TODAY.replace(year=TODAY.year - 2),
    )
    cast.mochi.status = PetStatus.DECEASED
    make.client_contact(
        cast.alice,
        "Kim Archer",
        relation="Sister",
        phone="+12125550199",
        is_emergency=True,
        receives_copies=True,
        email="kim@example.com",
    )
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY, start_time=dt.time(15))
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY - dt.timedelta(days=1), state=JobState.COMPLETED)
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY + dt.timedelta(days=1), state=JobState.CANCELLED)
    text = office.get(url).main
    assert "Biscuit Labrador, 2 years" in text
    assert "Feeding 2 cups" in text
    assert "Mochi Cat No longer with us" in text
    assert "Kim Archer Sister (212) 555-0199 kim@example.com Emergency Gets copies" in text
    coming = text.partition("Coming up")[2].partition("Address and contacts")[0]
    assert coming.count("Job request") == 2
    assert "Today, 3:00 PM to 3:30 PM Dog walk, Sam Stone Scheduled" in coming
    assert "Yesterday" not in coming
    assert "Tomorrow" not in coming


@pytest.mark.covers("S2")
def test_agreed_prices_and_the_client_type_stand_on_the_page_and_are_changed_from_there(office, cast, url):
    assert "Client type none" in office.get(url).main
    assert "The price list and its rules count." in office.get(url).main
    people.change_client(cast.alice, {"client_type": make.client_type("Regular")}, actor=cast.as_olivia)
    make.client_price(cast.bob, cast.walk, Decimal(7))
    add = office.get(url).follow("Add an agreed price")
    data = {**add.fields("/admin/agreed-prices/new/").to_dict(), "service_item": cast.walk.id, "price": "18.50"}
    page = office.send(add.path, data)
    assert page.path == url
    assert "Client type Regular" in page.main
    assert "Dog walk $18.50 list price $20.00" in page.main
    assert "$7.00" not in page.main, "Bob's"
    page = page.follow("Edit the price of Dog walk").press("Save", at="agreed-prices", price="17")
    assert (page.path, "Dog walk $17.00" in page.main) == (url, True)
    page = page.follow("Remove the price of Dog walk").press("Yes, delete")
    assert (page.path, "Dog walk $17.00" in page.main) == (url, False)
    assert office.get(url).follow("Change the client type").status == 200


def test_who_may_not_change_prices_sees_them_without_links(office, cast, url, monkeypatch):
    make.client_price(cast.alice, cast.walk, Decimal(18))
    monkeypatch.setitem(ROLE_PERMISSIONS, StaffRole.OWNER, frozenset({Permission.OFFICE}))
    page = office.get(url)
    assert "Dog walk $18.00" in page.main
    assert "agreed-prices" not in page.html
    assert "Change the client type" not in page.html


@pytest.mark.covers("S2")
def test_a_stay_that_is_on_now_is_the_next_visit(office, cast, url):
    make.job(
        cast.alice,
        cast.overnight,
        sitter=cast.sita,
        on_date=TODAY - dt.timedelta(days=1),
        ends_on=TODAY + dt.timedelta(days=2),
        start_time=dt.time(18),
        end_time=dt.time(10),
    )
    assert "Next visit Yesterday, 6:00 PM, Sita" in office.get(url).main


@pytest.mark.covers("S2")
def test_visits_of_a_day_follow_their_times_also_where_one_has_a_time_of_day(office, cast, url):
    """In the order of their numbers they would stand in the wrong one."""
    day = TODAY + dt.timedelta(days=1)
    evening = make.job(cast.alice, cast.cat_visit, on_date=day, start_time=None, block=cast.evening)
    noon = make.job(cast.alice, cast.walk, on_date=day, start_time=dt.time(12))
    morning = make.job(cast.alice, cast.cat_visit, on_date=day, start_time=None, block=cast.morning)
    early = make.job(cast.alice, cast.walk, on_date=day, start_time=dt.time(6))
    db.session.commit()
    page = office.get(url)
    order = [int(n) for n in re.findall(r'href="/admin/visit/(\d+)/"', page.html)]
    assert list(dict.fromkeys(order)) == [early.id, morning.id, noon.id, evening.id]
    table = office.get(f"{url}?tab=schedule").html.partition("<tbody")[2]
    latest = [int(n) for n in re.findall(r'href="/admin/visit/(\d+)/"', table)]
    assert list(dict.fromkeys(latest)) == [evening.id, noon.id, morning.id, early.id]


@pytest.mark.covers("S2")
def test_schedule_tab_lists_visits_and_pages_through_them(office, cast, url):
    for n in range(30):
        make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY - dt.timedelta(days=n), pets=[cast.biscuit])
    page = office.get(f"{url}?tab=schedule")
    assert page.html.count('class="ui-table__main') == 25
    older = page.follow("Next")
    assert older.html.count('class="ui-table__main') == 5
    assert older.follow("Previous").html.count('class="ui-table__main') == 25


@pytest.mark.covers("S2")
def test_messages_tab_lists_the_clients_mails_with_their_states(office, cast, url):
    make.outbox_mail(
        client_id=cast.alice.id, to_address="alice@example.com", subject="We have your request", state=MailState.SENT
    )
    make.outbox_mail(client_id=cast.alice.id, to_address="alice@example.com", state=MailState.FAILED)
    make.outbox_mail(client_id=cast.bob.id, to_address="bob@example.com", subject="To Bob")
    text = office.get(f"{url}?tab=messages").main
    assert "We have your request Sent alice@example.com" in text
    assert "Failed" in text
    assert "To Bob" not in text


@pytest.mark.covers("S2")
def test_log_says_who_when_through_which_door_and_old_to_new(office, cast, url):
    people.change_pet(cast.biscuit, {"name": "Biscuit", "medication": "Insulin, 4 units"}, actor=cast.as_olivia)
    make.activity_line("job_request.auto_submitted", client_id=cast.alice.id, facts={"n_lines": 2})
    make.activity_line(
        "access.logged_in",
        client_id=cast.alice.id,
        actor_kind=ActorKind.CLIENT,
        actor_name="Alice Archer",
        via=Via.PORTAL,
    )
    make.activity_line("something.new_entirely", client_id=cast.alice.id)
    make.activity_line("client.changed", client_id=cast.bob.id, facts={"name": "Bob's own"})
    text = office.get(f"{url}?tab=log").main
    assert (
        "Olivia Owens changed the pet Biscuit Medication: none → became Insulin, 4 units Today, 10:00 AM, office"
        in text
    )
    assert "Forgotten basket sent: 2 visits (Auto-submitted) Today, 10:00 AM, automatic" in text
    assert "Alice Archer logged in Today, 10:00 AM, portal" in text
    assert "Latchkey: something new entirely" in text
    assert "Bob's own" not in text


@pytest.mark.covers("S2")
def test_words_of_people_are_never_markup(office, cast, url):
    cast.biscuit.warning = "<script>alert(1)</script>"
    cast.alice.notes = "</p><img src=x onerror=alert(2)>"
    make.activity_line(
        "client.changed",
        client_id=cast.alice.id,
        facts={"name": "<i>x</i>", "changes": {"notes": ["<u>", "</u>%s"]}, "reason": "<s>"},
    )
    for tab in ("overview", "log"):
        html = office.get(f"{url}?tab={tab}").html
        for hostile in ("<script>alert", "<img src=x", "<i>x</i>", "<u>", "<s>"):
            assert hostile not in html


@pytest.mark.covers("S2")
@pytest.mark.parametrize("tab", ["overview", "schedule", "requests", "messages", "log", "account"])
def test_few_queries_also_with_a_long_history(office, cast, url, tab):
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY, pets=[cast.biscuit], block=cast.morning)
    make.sent_request(cast.alice, cast.walk, pets=[cast.biscuit])
    make.outbox_mail(client_id=cast.alice.id)
    make.client_contact(cast.alice)
    make.client_price(cast.alice, cast.walk)
    cast.alice.client_type = make.client_type()
    money.allocation(received(cast.alice), issued(cast.alice))
    office.get(f"{url}?tab={tab}")
    with statements() as few:
        office.get(f"{url}?tab={tab}")
    for n in range(60):
        make.job(cast.alice, cast.walk, sitter=cast.sita, on_date=TODAY + dt.timedelta(days=n - 30), pets=[cast.mochi])
        make.activity_line(client_id=cast.alice.id)
        make.outbox_mail(client_id=cast.alice.id)
        make.client_price(cast.alice)
        issued(cast.alice)
    for _ in range(15):
        request = make.sent_request(cast.alice, cast.cat_visit, n_lines=3, block=cast.evening, pets=[cast.mochi])
        make.request_message(request, staff=cast.max)
    db.session.flush()
    with statements() as many:
        office.get(f"{url}?tab={tab}")
    assert len(many) - len(few) <= 1, "a second staff member's name may cost one"
    assert len(many) <= (14 if tab == "account" else 13)


@pytest.mark.covers("S2", "D7")
def test_snapshot_says_which_agreements_are_still_to_be_accepted(office, cast, url):
    facts = office.get(url).main
    assert "Agreements none" in facts
    assert "all accepted" not in facts
    terms = agreements.add({"name": "Terms"}, "We walk.", actor=cast.as_olivia)
    key = agreements.add({"name": "Key", "for_all": False, "clients": [cast.bob]}, "We hold.", actor=cast.as_olivia)
    db.session.commit()
    assert "1 to accept" in office.get(url).main
    agreements.choose(key, cast.alice, actor=cast.as_olivia)
    db.session.commit()
    assert "2 to accept" in office.get(url).main
    for agreement in (terms, key):
        make.agreement_acceptance(agreements.latest(agreement), cast.alice)
    db.session.commit()
    assert "all accepted" in office.get(url).main
