"""What is kept of the office's pages: nobody sees another's, and nobody what was."""

import datetime as dt
import itertools
import re

import pytest

from admin_site import frame, list_shell
from foundation import clock
from foundation.db import db
from models import LineState, StaffRole
from tests import factories as make
from tests import money_factories as money
from tests.databases import statements
from workflows import list_columns, people, roles, settings
from workflows.actors import StaffAtWork, staff_actor
from workflows.login_links import LINK_LIFETIME
from workflows.permissions import ROLE_PERMISSIONS, Permission

LISTS = ("/admin/clients/?view=all", "/admin/pets/?view=all", "/admin/visits/?view=all", "/admin/invoices/?view=all")
#: a list with a template that may ask for more, a form, a page of its own
OTHERS = (
    "/admin/vets/?view=all",
    "/admin/clients/new/",
    "/admin/reports/",
    "/admin/account/",
    "/admin/settings/business",
)


@pytest.fixture
def many(cast):
    """More than a page of each list."""
    for n in range(25):
        client = make.client("Client", f"Number {n:02}")
        make.pet(client, f"Pet {n:02}")
        money.invoice(client)
        make.job(client)


def without_token(html):
    token = re.search(r'name="csrf-token" content="([^"]+)"', html)[1]
    assert html.count(token) > 1
    return html.replace(token, "")


class Pages:
    """Pages as they come, and as they are when nothing was kept."""

    def __init__(self, app):
        self.app = app

    def forget(self):
        for name in ("office_frames", "office_list_shells", "office_menus", "office_rows"):
            self.app.extensions.pop(name, None)

    def same(self, *asked):
        """Of each (person, address), the page as it comes; it is compared with one that is made afresh."""
        kept = [without_token(who.get(path).html) for who, path in asked]
        again = [without_token(who.get(path).html) for who, path in asked]
        fresh = []
        for who, path in asked:
            self.forget()
            fresh.append(without_token(who.get(path).html))
        assert kept == fresh
        assert again == fresh
        return kept


@pytest.fixture
def pages(app):
    found = Pages(app)
    found.forget()
    return found


def test_two_people_who_may_different_things_each_see_their_own_page(pages, office, manager, many, cast):
    roles.change({StaffRole.MANAGER: set(ROLE_PERMISSIONS[StaffRole.MANAGER]) - {Permission.EXPORT, Permission.CLIENTS}}, actor=cast.as_olivia)  # fmt: skip
    db.session.commit()
    common = [path for path in (*LISTS, *OTHERS[:1], *OTHERS[2:4]) for _ in "12"]
    asked = list(zip((office, manager) * 7, common, strict=True))
    found = dict(zip([(who is office, path) for who, path in asked], pages.same(*asked), strict=True))
    for path in LISTS:
        assert found[True, path] != found[False, path]
        assert ("Olivia" in found[True, path], "Max" in found[True, path]) == (True, False)
        assert ("Olivia" in found[False, path], "Max" in found[False, path]) == (False, True)
        assert ("/export/csv/" in found[True, path], "/export/csv/" in found[False, path]) == (True, False)
        assert ("/admin/settings/" in found[True, path], "/admin/settings/" in found[False, path]) == (True, False)
    assert ("Add client" in found[True, LISTS[0]], "Add client" in found[False, LISTS[0]]) == (True, False)


def test_a_kept_page_counts_pages_sorts_and_marks_as_the_address_says(pages, office, many):
    url = LISTS[0]
    asked = [f"{url}{more}" for more in ("", "&page=2", "&page_size=50", "&sort=name", "&sort=name&desc=1", "&cols=name,city", "&panel=filters", "&search=number", "&flt_status=ACTIVE")]  # fmt: skip
    found = pages.same(*((office, path) for path in (*asked, "/admin/clients/", "/admin/clients/?view=archived")))
    assert len(set(found)) == len(found)
    assert "1 to 20 of 27" in found[0]
    assert "21 to 27 of 27" in found[1]
    make.client("One", "More")
    assert "1 to 20 of 28" in pages.same((office, url))[0]


def test_what_changes_in_between_is_on_the_next_page(pages, office, manager, many, cast):
    url = LISTS[0]

    def both():
        return pages.same((office, url), (manager, url), (office, OTHERS[2]), (manager, OTHERS[2]))

    assert not any("Bright Paws" in page or "/admin/registrations/" in page for page in both())
    settings.change({"business.name": "Bright Paws", "portal.registration": "open"}, actor=cast.as_olivia)
    db.session.commit()
    assert all("Bright Paws" in page and "/admin/registrations/" in page for page in both())

    office.get("/admin/account/language").press("Save", locale="de_DE")
    found = both()
    assert [('<html lang="de-DE"' in page, "Einstellungen" in page) for page in found] == [
        (True, True),
        (False, False),
    ] * 2
    assert ["Hinzufügen" in page or "Kunden" in page for page in found[:2]] == [True, False]

    cast.max.first_name = "Maximilian"
    db.session.commit()
    assert ["Maximilian" in page for page in both()] == [False, True] * 2

    list_columns.choose("clients", ["name", "city"], actor=staff_actor(cast.max))
    db.session.commit()
    assert ["Town" in page for page in both()[:2]] == [False, True]

    before = both()
    make.line(make.job_request(cast.alice), state=LineState.SUBMITTED)
    after = both()
    assert all(old != new for old, new in zip(before, after, strict=True)), "the badge"

    roles.change({StaffRole.MANAGER: {Permission.OFFICE}}, actor=cast.as_olivia)
    db.session.commit()
    assert ['value="archive"' in page for page in both()[:2]] == [True, False]


def test_a_row_is_drawn_again_once_anything_of_it_or_the_day_is_another(pages, office, cast, clock_at):
    money.invoice(cast.alice, due_on=clock.today())
    make.job(cast.alice)

    def lists():
        return pages.same(*((office, f"{path}&page_size=100") for path in LISTS))

    seen = [lists()]
    for change in (
        lambda: setattr(cast.alice, "last_name", "Aardvark"),
        lambda: setattr(cast.biscuit, "breed", "Beagle"),
        lambda: setattr(cast.alice, "portal_enabled", False),
    ):
        change()
        db.session.commit()
        seen.append(lists())
    assert all(old != new for old, new in itertools.pairwise(seen))
    clients, pets, visits, invoices = zip(*seen, strict=True)
    assert ["Aardvark" in page for page in (clients[1], pets[1], visits[1], invoices[1])] == [True] * 4
    late = "ui-chip--late"
    assert invoices[-1].count(late) == 0
    for hours in (8, 7):  # a session that is used goes on
        clock_at(clock.now() + dt.timedelta(hours=hours))
        office.get(LISTS[0])
    assert lists()[3].count(late) == 1


def test_an_invitation_gets_old_in_the_list_of_clients_though_nothing_changes(pages, office, cast, clock_at):
    one = make.client("Ina", "Invited")
    login = make.client_login(one, email="ina@example.com")
    login.password_hash, login.invited_at = None, clock.now() - LINK_LIFETIME["invitation"] + dt.timedelta(hours=1)
    db.session.commit()
    row = re.compile(r"<tr>(?:(?!</tr>).)*Ina Invited.*?</tr>", re.DOTALL)
    url = f"{LISTS[0]}&page_size=100"
    fresh = row.search(pages.same((office, url))[0])[0]
    clock_at(clock.now() + dt.timedelta(hours=2))
    old = row.search(pages.same((office, url))[0])[0]
    assert fresh != old


def test_no_hash_of_a_password_is_kept_with_a_row(app, pages, office, cast):
    login = make.client_login(make.client("Nina", "Grey"))
    office.get(LISTS[0])
    kept = repr([list(rows) for rows in app.extensions["office_rows"].values()])
    assert ("Nina" in kept, login.password_hash in kept) == (True, False)


def test_a_saved_view_is_a_tab_of_whoever_sees_it(pages, office, manager, many):
    office.get(f"{LISTS[0]}&search=archer").follow("Save this view").press("Save the view", name="Archers")
    assert [">Archers<" in page for page in pages.same((office, LISTS[0]), (manager, LISTS[0]))] == [True, False]


def test_what_is_told_once_is_told_once_and_each_session_has_its_own_token(pages, office, manager, many, cast):
    office.get(LISTS[0])
    with office.browser.session_transaction() as session:
        session["_flashes"] = [("success", "Said once.")]
    assert ["Said once." in office.get(LISTS[0]).html for _ in "12"] == [True, False]
    tokens = [re.findall(r'csrf[-_]token" (?:content|value)="([^"]+)"', who.get(LISTS[0]).html) for who in (office, manager)]  # fmt: skip
    assert len(tokens[0]) > 3
    assert [len(set(found)) for found in tokens] == [1, 1]
    assert tokens[0][0] != tokens[1][0]


def test_a_lists_first_page_asks_for_the_person_with_the_badges_the_number_and_the_rows(pages, office, many):
    for path in LISTS:
        office.get(path)
        with statements() as sent:
            office.get(path)
        assert len(sent) == 3, sent
        assert ["FROM sign_in" in s and "list_columns" in s for s in sent] == [True, False, False]


def test_the_badges_are_of_the_businesss_own_day(office, many):
    office.get(LISTS[0])
    clock.use_zone("Pacific/Kiritimati")  # as in a process that has read no settings yet; there it is tomorrow
    with statements() as sent:
        office.get(LISTS[0])
    assert sum("FROM time_off" in s for s in sent) == 2
    with statements() as sent:
        office.get(LISTS[0])
    assert sum("FROM time_off" in s for s in sent) == 1


def test_no_more_is_kept_than_there_is_room_for(app, pages, office, many, monkeypatch):
    monkeypatch.setattr(frame, "MOST_KEPT", 2)
    monkeypatch.setattr(list_shell, "MOST_KEPT", 2)
    monkeypatch.setattr(list_shell, "MOST_KINDS", 2)
    for path in (*LISTS, *OTHERS):
        office.get(path)
    assert 0 < len(app.extensions["office_frames"]) <= 2
    assert 0 < len(app.extensions["office_list_shells"]) <= 2
    assert 0 < len(app.extensions["office_rows"]) <= 2


def test_whoever_acts_in_the_office_is_the_same_as_the_plain_actor(cast):
    late, plain = StaffAtWork(cast.max), staff_actor(cast.max)
    assert (late == plain, plain == late, hash(late) == hash(plain)) == (True, True, True)
    assert (late == cast.as_olivia, cast.as_olivia == late, late == "Max") == (False, False, False)
    assert [late.may(p) for p in Permission] == [plain.may(p) for p in Permission]
    assert (late.staff, late.staff_id, late.name) == (plain.staff, plain.staff_id, plain.name)
    people.change_staff(cast.max, {"is_active": False}, actor=cast.as_olivia)
    assert not late.may(Permission.OFFICE)
