"""An import in a real browser: upload, columns, check, errors file, run, undo; on the desk, with a look on the phone."""

import csv
import io

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from application import tasks
from foundation import storage
from foundation.db import db
from models import Client, ImportMapping
from tests.browser.conftest import SIZES
from tests.browser.working import work

pytestmark = [pytest.mark.browser, pytest.mark.covers("S6")]

FILE = (
    "Client ID;Forename;Surname;Email Address;Comment;Colour\r\n"
    "1;Ida;Lind;ida@example.com;Side door;red\r\n"
    "2;Jo;Marsh;jo at example.com;;=cmd()\r\n"
    '3;"Kai ""<b>""";Noor;kai@example.com;;blue\r\n'
)


def here(email):
    return db.session.scalar(sa.select(Client.last_name).where(Client.email == email))


def test_clients_come_in_from_a_file_and_go_again(live, visitor):
    storage.use(live.app.extensions["store"])
    olivia = visitor().log_in("office", live.cast.olivia.login.email)
    page = olivia.go("/admin/imports/")
    page.get_by_role("button", name="Upload and look").click()
    expect(page.get_by_text("Choose what the rows are.")).to_be_visible()
    expect(page.get_by_label("The rows are")).to_be_focused()
    expect(page.get_by_text("Choose a file.")).to_be_visible()
    olivia.look()
    page.get_by_label("The rows are").select_option("clients")
    expect(page.get_by_text("Choose what the rows are.")).to_have_count(0)
    page.get_by_label("File", exact=True).set_input_files({"name": "clients.csv", "mimeType": "text/csv", "buffer": FILE.encode("cp1252")})  # fmt: skip
    page.get_by_text("Templates and a good order").click()
    olivia.look()
    page.get_by_role("button", name="Upload and look").click()

    expect(page.get_by_role("heading", name="Which column is what?")).to_be_visible()
    expect(page.get_by_label("Last name", exact=False)).to_have_value("2")
    expect(page.get_by_text("Not used:")).to_contain_text("Colour")
    page.get_by_label("Notes", exact=True).select_option("Colour")
    page.get_by_label("First name", exact=False).select_option("No column")
    page.get_by_label("Keep these choices as").fill("Old program")
    page.get_by_role("button", name="Check every row").click()
    expect(page.get_by_label("Keep these choices as")).to_have_value("Old program")
    expect(page.get_by_label("Notes", exact=True)).to_have_value("5")
    olivia.look()
    page.set_viewport_size(SIZES["phone"])
    olivia.look()
    olivia.keep("import-columns-phone")
    page.set_viewport_size(SIZES["desk"])
    page.get_by_label("First name", exact=False).select_option("Forename")
    page.get_by_role("button", name="Check every row").click()
    expect(page.get_by_text("Being checked: 0 of 3 rows")).to_be_visible()
    olivia.look()

    work(live, tasks.orders.bring_in)
    expect(page.get_by_text("Ready to import")).to_be_visible()  # the page asks by itself
    assert here("ida@example.com") is None
    olivia.look()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Errors file").click()
    rows = list(csv.reader(io.StringIO(saved.value.path().read_text("utf-8-sig"))))
    assert rows[1][:7] == ["2", "Jo", "Marsh", "jo at example.com", "", "'=cmd()", "3"]
    assert "mail address" in rows[1][7]
    page.get_by_role("link", name="With errors 1").click()
    expect(page.get_by_role("row", name="Jo Marsh")).to_contain_text("Enter a full mail address")
    page.get_by_role("link", name="Import now").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("2 new, 0 changed, 1 left out.")).to_be_visible()
    olivia.look()
    dialog.get_by_role("button", name="Import now").click()
    expect(page.get_by_text("Under way: 0 of 3 rows")).to_be_visible()

    work(live, tasks.orders.bring_in)
    expect(page.get_by_text("Imported", exact=True)).to_be_visible()
    assert here("ida@example.com") == "Lind"
    assert db.session.scalar(sa.select(ImportMapping.name)) == "Old program"
    page.get_by_role("link", name='Kai "<b>" Noor').click()
    expect(page.get_by_role("heading", name='Kai "<b>" Noor')).to_be_visible()
    page.go_back()
    page.set_viewport_size(SIZES["phone"])
    olivia.look()
    olivia.keep("import-done-phone")
    page.get_by_role("link", name="Undo this import").click()
    page.get_by_role("dialog").get_by_role("button", name="Undo it").click()
    expect(page.get_by_text("Being undone: 0 of 2 rows")).to_be_visible()
    work(live, tasks.orders.bring_in)
    expect(page.get_by_text("Everything was taken back.")).to_be_visible()
    olivia.look()
    assert here("ida@example.com") is None
