"""The office's lists and forms in a real browser: on a phone and a desk, light and dark, with and without JavaScript."""

import datetime as dt

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from foundation import clock
from foundation.db import db, mark_request
from models import Client, ClientStatus, MailState, Pet, ServiceItem
from tests import factories as make

pytestmark = [pytest.mark.browser, pytest.mark.covers("S3")]


@pytest.fixture
def busy(live):
    """More clients than a list of options holds, and a row for every list."""
    mark_request(reads_only=False)
    people, day = live.cast, clock.today()
    for n in range(205):
        make.client("Hannah", f"Okafor {n:03}", phone=f"+1212555{n:04}", primary_sitter=people.sam if n % 2 else None)
    grace = make.client("Grace", "Lindqvist", status=ClientStatus.PROSPECT, email="grace@example.com")
    vet = make.vet("Oakfield Vets", phone="+12125550100")
    make.pet(grace, "Otis", vet=vet, warning="Insulin at 8:00")
    make.client_contact(people.alice, "Kim", receives_copies=True, email="kim@example.com")
    make.time_off(people.sam, day + dt.timedelta(days=3))
    make.public_holiday(day + dt.timedelta(days=9))
    make.closed_day(day + dt.timedelta(days=20), reason="Summer break")
    make.notification(client=people.alice, facts={"n_lines": 2})
    make.activity_line(
        "client.changed", client=people.alice, facts={"name": "Alice Archer", "changes": {"city": ["", "Springfield"]}}
    )
    make.outbox_mail(
        client_id=people.alice.id,
        state=MailState.SENT,
        subject="Your visits",
        body_text="Hello",
        body_html="<h1>Hello</h1>",
    )
    job = make.job(people.alice, people.walk, on_date=day)
    make.change_item(make.change_request(people.alice, body="We are away"), job)
    make.stored_file(people.alice, note="Insulin plan")
    db.session.commit()
    mark_request(reads_only=True)
    return live


PAGES = [
    "/admin/clients/", "/admin/clients/?view=all&search=okafor&flt_status=active&panel=filters", "/admin/clients/new/", "/admin/clients/edit/?id=1",
    "/admin/contacts/", "/admin/pets/?view=all", "/admin/pets/new/", "/admin/pets/details/?id=1", "/admin/vets/", "/admin/staff/", "/admin/staff/details/?id=3",
    "/admin/time-off/", "/admin/services/", "/admin/services/new/", "/admin/service-groups/", "/admin/time-blocks/", "/admin/holidays/", "/admin/closed-days/",
    "/admin/request-lines/?view=all", "/admin/visits/?view=all", "/admin/change-items/?view=all", "/admin/change-items/details/?id=1", "/admin/notifications/", "/admin/log/", "/admin/log/details/?id=1", "/admin/outbox/", "/admin/stored-files/", "/admin/stored-files/details/?id=1",
    "/admin/outbox/details/?id=1", "/admin/vets/?search=nobody", "/admin/vets/delete/?id=1",
]  # fmt: skip


@pytest.mark.parametrize("part", range(2))
def test_every_list_and_form_is_in_order(busy, visitor, part):
    olivia = visitor().log_in("office", "olivia@example.com")
    for path in PAGES[part::2]:
        page = olivia.go(path)
        if page.get_by_text("Advanced", exact=True).count():
            page.get_by_text("Advanced", exact=True).click()
        olivia.look_in_every_way()


def test_a_client_is_looked_up_while_one_types_and_gets_a_pet(busy, visitor):
    olivia = visitor().log_in("office", "olivia@example.com")
    page = olivia.go("/admin/pets/new/")
    box = page.get_by_role("combobox", name="Client")
    box.click()
    box.press_sequentially("lindq")
    page.get_by_role("option", name="Grace Lindqvist").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Luna")
    olivia.look()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Luna was added.")).to_be_visible()
    busy.look_again()
    assert str(db.session.scalars(sa.select(Pet).where(Pet.name == "Luna")).one().client) == "Grace Lindqvist"


def test_without_javascript_a_client_is_typed_filters_open_and_bulk_asks_on_a_page(busy, visitor):
    olivia = visitor("phone", javascript=False).log_in("office", "olivia@example.com")
    page = olivia.go("/admin/pets/new/")
    page.get_by_label("Another one: type a part of the name").fill("lindqvist")
    page.get_by_role("textbox", name="Name", exact=True).fill("Nala")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Nala was added.")).to_be_visible()
    page = olivia.go("/admin/clients/")
    page.get_by_role("link", name="Add filter").click()
    page.get_by_label("Status").select_option("prospect")
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("link", name="All", exact=True).click()
    page.get_by_label("Grace Lindqvist", exact=True).check()
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(page.get_by_role("heading", name="Archive these clients?")).to_be_visible()
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(page.get_by_text("1 client archived.")).to_be_visible()


def test_bulk_asks_in_a_dialog_and_does_it_to_the_ticked_rows(busy, visitor):
    olivia = visitor().log_in("office", "olivia@example.com")
    page = olivia.go("/admin/clients/?view=all&search=okafor")
    expect(page.get_by_role("button", name="Archive", exact=True)).to_be_hidden()
    page.locator("tbody tr").nth(1).locator("td").nth(4).click()
    page.get_by_label("Hannah Okafor 000", exact=True).check()
    expect(page.get_by_text("2 ticked"), "the bar follows, however long the page is").to_be_in_viewport()
    olivia.look()
    page.get_by_role("button", name="Archive", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("2 rows are ticked.")).to_be_visible()
    olivia.look()
    dialog.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Archive", exact=True).click()
    dialog.get_by_role("button", name="Archive", exact=True).click()
    expect(page.get_by_text("2 clients archived.")).to_be_visible()
    expect(page).to_have_url(lambda_url(page))
    busy.look_again()
    assert len(db.session.scalars(sa.select(Client.id).where(Client.status == ClientStatus.ARCHIVED)).all()) == 2


def lambda_url(page):
    """The list as it was: its search is still there."""
    assert "search=okafor" in page.url
    return page.url


def test_a_price_is_changed_in_its_place(busy, visitor):
    olivia = visitor().log_in("office", "olivia@example.com")
    page = olivia.go("/admin/services/")
    row = page.get_by_role("row", name="Dog walk")
    row.get_by_role("link", name="$20.00").click()
    expect(row.get_by_label("Price")).to_be_focused()
    olivia.look()
    row.get_by_label("Price").fill("a lot")
    row.get_by_label("Price").press("Enter")
    expect(row.get_by_text("Enter a number, for example 12.50.")).to_be_visible()
    row.get_by_label("Price").fill("21.50")
    row.get_by_role("button", name="Save").click()
    expect(row.get_by_role("link", name="$21.50")).to_be_visible()
    olivia.look()
    busy.look_again()
    assert str(db.session.scalar(sa.select(ServiceItem.price).where(ServiceItem.code == "Walk30"))) == "21.50"


def test_a_wrong_value_under_advanced_is_shown_and_has_the_focus_above_it(busy, visitor):
    olivia = visitor("phone").log_in("office", "olivia@example.com")
    page = olivia.go("/admin/services/new/")
    page.get_by_role("textbox", name="Name", exact=True).fill("Long walk")
    page.get_by_label("Code").fill("Walk60")
    page.get_by_text("Advanced", exact=True).click()
    page.get_by_label("Time", exact=True).select_option("time_block")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Choose at least one time block, or another time type.").last).to_be_visible()
    expect(page.locator(".ui-problems")).to_be_focused()
    olivia.look()


def test_all_that_is_wrong_is_said_by_the_page_and_half_a_day_is_not_taken_for_none(busy, visitor):
    page = visitor().log_in("office", "olivia@example.com").go("/admin/pets/new/")
    page.get_by_role("textbox", name="Name", exact=True).fill("")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".ui-problems")).to_contain_text("Client")
    expect(page.locator(".ui-problems")).to_contain_text("Name")
    page.get_by_label("Birthday").focus()
    page.keyboard.type("12")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_label("Birthday"), "the browser says that a day is missing").to_be_focused()
    assert page.get_by_label("Birthday").evaluate("field => field.validity.badInput")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_cannot_be_ticked_is_plainly_not_what_can(live, visitor, scheme):
    olivia = visitor("desk", scheme=scheme).log_in("office", live.cast.olivia.login.email)
    page = olivia.go(f"/admin/visit/new?client={live.cast.alice.id}")
    look = """(box) => [box, box.closest("label")].map((one) => {
      const style = getComputedStyle(one);
      return [style.appearance, style.backgroundColor, style.color, style.cursor].join();
    })"""
    box = page.locator(".ui-checkline > .ui-check").first
    can = box.evaluate(look)
    box.evaluate("(box) => { box.disabled = true; }")
    cannot = box.evaluate(look)
    assert (can[0] != cannot[0], can[1] != cannot[1]) == (True, True)
    olivia.look()
