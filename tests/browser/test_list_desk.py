"""P9, S3: the columns of a list are chosen by keyboard, and one field of many rows is changed and put back."""

import pytest

from foundation.db import db, mark_request
from models import PetStatus
from tests import factories as make

pytestmark = pytest.mark.covers("P9", "S3")


def test_columns_by_keyboard_and_a_change_of_many_rows_with_its_undo(live, visitor):
    rex = make.pet(live.cast.alice, "Rex")
    db.session.commit()
    mark_request(reads_only=True)
    for size, scheme in (("phone", "dark"), ("desk", "light")):
        olivia = visitor(size, scheme=scheme).log_in("office", "olivia@example.com")
        page = olivia.go("/admin/pets/")
        page.get_by_role("link", name="Columns", exact=True).click()
        olivia.look()
        olivia.keep(f"columns-{size}")
    page.get_by_role("link", name="Birthday").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Up Birthday").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**at=up-born_on*")
    assert page.evaluate("document.activeElement.textContent").split() == ["Up", "Birthday"]
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Show me these from now on").click()
    page.get_by_text("The list shows these columns from now on, for you.").wait_for()
    olivia.look()
    page.get_by_role("checkbox", name="Biscuit").check()
    page.get_by_role("checkbox", name="Rex").check()
    page.get_by_role("button", name="Change one field").click()
    page.get_by_label("Status", exact=True).select_option("deceased")
    page.get_by_role("button", name="Preview Status").click()
    olivia.look()
    olivia.keep("edit-desk")
    page.set_viewport_size({"width": 390, "height": 844})
    olivia.look()
    olivia.keep("edit-phone")
    page.get_by_role("button", name="Change 2 records").click()
    page.get_by_text("2 records were changed.").wait_for()
    live.look_again()
    assert rex.status is PetStatus.DECEASED
    olivia.look()
    olivia.keep("edited-phone")
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("What it changed is put back.").wait_for()
    live.look_again()
    assert rex.status is PetStatus.ACTIVE
