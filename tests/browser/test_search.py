"""The search of the office by keyboard alone, and by thumb on a phone."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.mark.covers("S7")
def test_whole_office_by_keyboard(live, visitor):
    office = visitor("desk").log_in("office", "olivia@example.com")
    page = office.go("/admin/schedule/")
    keys, box, found = (
        page.keyboard,
        page.get_by_role("combobox", name="Search"),
        page.get_by_role("listbox", name="Search"),
    )
    keys.press("/")
    expect(box).to_be_focused()
    keys.type("arhcer")
    first = found.get_by_role("option").first
    expect(first).to_contain_text("Alice Archer")
    expect(page.get_by_role("status").filter(has_text="result")).to_be_attached()
    keys.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == first.get_attribute("id")
    office.look()
    office.keep("search-desk")
    keys.press("Escape")
    expect(found).to_be_hidden()
    keys.press("ArrowDown")
    keys.press("Enter")
    page.wait_for_url(f"**/admin/client/{live.cast.alice.id}/")

    keys.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    office.look()
    office.keep("search-keys")
    dialog.get_by_role("button", name="Single keys").click()
    keys.press("Escape")
    expect(dialog).to_be_hidden()
    for key in ("?", "/", "g", "c"):
        keys.press(key)
    expect(dialog).to_be_hidden()
    expect(box).not_to_be_focused()
    assert page.url.endswith(f"/admin/client/{live.cast.alice.id}/")
    keys.press("Control+k")
    expect(box).to_be_focused()
    keys.type("archer")
    expect(found).to_be_visible()
    keys.press("Enter")
    page.wait_for_url("**/admin/search/?q=archer")
    office.look()
    office.keep("search-page")
    page.evaluate("localStorage.removeItem('shortcuts')")
    page.get_by_role("heading", name="Search", exact=True).click()
    keys.press("g")
    keys.press("c")
    page.wait_for_url("**/admin/clients/")

    phone = visitor("phone", scheme="dark").log_in("office", "olivia@example.com")
    page = phone.go("/admin/")
    page.get_by_role("combobox", name="Search").fill("bisc")
    expect(page.get_by_role("option", name="Biscuit")).to_be_visible()
    phone.look()
    phone.keep("search-phone")
    page.get_by_role("option", name="Biscuit").click()
    page.wait_for_url(f"**/admin/pets/details/?id={live.cast.biscuit.id}")
