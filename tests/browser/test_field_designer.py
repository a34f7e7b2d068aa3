"""The designer in a real browser: order by mouse, by finger and by keyboard; the preview that follows the form."""

import pytest
from playwright.sync_api import expect

from foundation.db import db, mark_request
from models import CustomField, FieldKind
from tests import factories as make
from workflows import field_order

pytestmark = [pytest.mark.browser, pytest.mark.covers("D3")]


@pytest.fixture
def getting_in(live):
    """A section with four fields: the code depends on the alarm."""
    mark_request(reads_only=False)
    section = make.field_section(name="Getting in")
    alarm = make.custom_field(section, label="Alarm", kind=FieldKind.YES_NO, position=1)
    make.custom_field(
        section, label="Code", position=2, is_secret=True, show_if={"field": alarm.public_id, "values": ["yes"]}
    )
    make.custom_field(section, label="Parking", position=3)
    make.custom_field(section, label="Notes", position=4)
    path = f"/admin/fields/client/?page={section.page.public_id}&section={section.public_id}"
    live.alarm_path, live.section_id = f"{path}&field={alarm.public_id}", section.id
    db.session.commit()
    mark_request(reads_only=True)
    return live


def order_of(live):
    live.look_again()
    return [
        f.label
        for f in field_order.siblings(db.session.query(CustomField).filter_by(section_id=live.section_id).first())
    ]


def rows(page):
    return page.locator(".fd-column:last-child .fd-list a > span:first-child")


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_fields_are_put_in_order_by_dragging_and_by_the_arrow_keys(getting_in, visitor, size):
    olivia = visitor(size).log_in("office", getting_in.cast.olivia.login.email)
    page = olivia.go(getting_in.alarm_path)
    olivia.look()
    handle = page.get_by_role("button", name="Move Notes")
    start, target = handle.bounding_box(), page.get_by_role("button", name="Move Alarm").bounding_box()
    x = start["x"] + start["width"] / 2
    page.mouse.move(x, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(x, start["y"] - 20, steps=4)
    page.mouse.move(x, target["y"] + 4, steps=12)
    page.mouse.up()
    said = page.locator("#fd-said")
    expect(said).to_have_text("Notes is now 1 of 4.")
    expect(rows(page)).to_have_text(["Notes", "Alarm", "Code", "Parking"])
    assert order_of(getting_in) == ["Notes", "Alarm", "Code", "Parking"]

    handle.focus()
    page.keyboard.press("ArrowDown")
    expect(said).to_have_text("Notes is now 2 of 4.")
    expect(handle).to_be_focused()
    assert order_of(getting_in) == ["Alarm", "Notes", "Code", "Parking"]

    # The code cannot come before the alarm that it depends on: the list goes back, and the reason is said.
    code = page.get_by_role("button", name="Move Code")
    code.focus()
    page.keyboard.press("ArrowUp")
    expect(said).to_have_text("Code is now 2 of 4.")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".ui-toast")).to_contain_text("“Code” is shown depending on “Alarm”")
    expect(rows(page)).to_have_text(["Alarm", "Code", "Notes", "Parking"])
    olivia.look()


def test_the_preview_follows_the_form_and_its_own_answers(getting_in, visitor):
    olivia = visitor("desk", scheme="dark").log_in("office", getting_in.cast.olivia.login.email)
    page = olivia.go(getting_in.alarm_path)
    preview = page.locator("#fd-preview")
    expect(preview).not_to_contain_text("Code")
    preview.get_by_role("group", name="Alarm").locator("label", has_text="Yes").click()
    expect(preview).to_contain_text("Code")
    page.get_by_label("Label", exact=True).fill("Is there an alarm?")
    expect(preview.get_by_role("group", name="Is there an alarm?").get_by_label("Yes")).to_be_checked()
    page.get_by_label("Clients", exact=True).select_option("hidden")
    expect(preview).not_to_contain_text("Is there an alarm?")
    expect(page.locator("#fd-results")).to_contain_text("Hidden")
    page.get_by_label("Asks for", exact=True).select_option("choice")
    page.get_by_label("Choice 1").fill("Loud")
    expect(page.get_by_label("Label", exact=True)).to_have_value("Is there an alarm?")
    page.get_by_role("button", name="Phone", exact=True).click()
    expect(preview).to_have_class("fd-preview is-phone")
    olivia.look()
    olivia.keep("designer-preview-desk-dark")
    assert order_of(getting_in) == ["Alarm", "Code", "Parking", "Notes"]
