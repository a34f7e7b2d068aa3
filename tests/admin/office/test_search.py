"""The search of the office: a page, and the pieces below its box; each person finds what they may see."""

import datetime as dt
from urllib.parse import urlencode

import pytest

from foundation import clock
from models import StaffRole
from tests import factories as make
from tests import money_factories as money
from tests.databases import statements
from workflows.permissions import Permission


def quick(office, text):
    return office.get(f"/admin/search/quick?{urlencode({'q': text})}")


def full(office, text):
    return office.get(f"/admin/search/?{urlencode({'q': text})}")


@pytest.mark.covers("S7")
def test_search_box_of_every_page_leads_to_people_pets_papers_and_visits(office, cast):
    day = clock.today() + dt.timedelta(days=3)
    job = make.job(cast.alice, cast.walk, on_date=day)
    invoice = money.invoice(cast.alice, number="INV-8123", sequence=8123)
    home = office.get("/admin/")
    assert 'action="/admin/search/"' in home.html
    page = full(office, "arhcer")
    assert page.follow("Alice Archer").path == f"/admin/client/{cast.alice.id}/"
    assert page.follow("All clients with").path.startswith("/admin/clients/")
    assert quick(office, "biscuit").follow("Biscuit").path == f"/admin/pets/details/?id={cast.biscuit.id}"
    assert quick(office, "8123").follow("INV-8123").path == f"/admin/invoice/{invoice.id}/"
    assert quick(office, f"archer {day}").follow(f"#{job.id}").path == f"/admin/visit/{job.id}/"
    nothing = quick(office, "qqqqqq")
    assert 'data-said="Nothing found"' in nothing.html
    assert "Nothing found" in full(office, "qqqqqq").main


@pytest.mark.covers("S7")
def test_pages_and_settings_are_found_by_whom_they_are_open_to(office, manager, cast):
    assert 'href="/admin/invoices/"' in quick(office, "invo").html
    assert 'href="/admin/clients/new/"' in quick(office, "new cli").html
    assert 'href="/admin/settings/billing"' in quick(office, "settings: tax").html
    make.role_permission(StaffRole.MANAGER, Permission.BILLING, is_allowed=False)
    make.role_permission(StaffRole.MANAGER, Permission.SETTINGS, is_allowed=False)
    money.invoice(cast.alice, number="INV-8123", sequence=8123)
    for text, hidden in (("invo", "/admin/invoices/"), ("settings: tax", "/admin/settings/"), ("8123", "INV-8123")):
        assert hidden not in quick(manager, text).html, text


@pytest.mark.covers("S7")
def test_nonsense_is_an_empty_answer_and_markup_stays_text(office):
    for text in (
        "",
        " ",
        "\0",
        "'; --",
        '"*',
        "(",
        "~-",
        "9" * 400,
        "<script>alert(1)</script>",
        "%_",
        "€",
        "💚 ab",
        "31 feb",
        "#0",
    ):
        quick(office, text)
        assert "<script>alert" not in full(office, text).html


@pytest.mark.covers("S7")
def test_a_piece_asks_the_database_a_fixed_number_of_times(office, cast):
    quick(office, "archer")
    with statements() as few:
        quick(office, "archer")
    for n in range(25):
        make.pet(make.client(f"Anna{n}", "Archer"), f"Rex {n}")
    with statements() as many:
        assert quick(office, "archer").html.count('role="option"') == 11
    assert len(many) <= len(few) <= 8


@pytest.mark.covers("S7")
def test_keys_are_a_page_and_a_dialog(office):
    assert "Ctrl" in office.get("/admin/search/keys").main
    assert '<dialog class="ui-dialog" id="keys-dialog"' in office.get("/admin/search/keys?piece=1").html
