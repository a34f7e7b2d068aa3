"""Photos and documents in the browser: several sent at once with progress, fetched, removed; a pet's photo; the office's side."""

import random
import re

import pytest
from playwright.sync_api import expect

from foundation import storage
from foundation.db import db, mark_request
from tests import sent_files as sent
from workflows import files
from workflows.uploads import Upload, photo_or_document

pytestmark = pytest.mark.browser


def as_file(name, data):
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


@pytest.fixture
def shelf(live):
    """Something of the office and of the household is there already."""
    storage.use(live.app.extensions["store"])
    mark_request(reads_only=False)
    cast = live.cast
    files.add_form(photo_or_document(Upload("House rules.pdf", sent.PDF)), actor=cast.as_olivia, client=None)
    files.add_form(photo_or_document(Upload("Contract.pdf", sent.PDF)), actor=cast.as_olivia, client=cast.alice, note="Please sign and bring it along")  # fmt: skip
    photo = photo_or_document(Upload("Gate.jpg", sent.picture("JPEG", size=(800, 500), color=(70, 120, 90))))
    files.upload([photo], client=cast.alice, actor=cast.as_alice, note="The gate sticks, lift it")
    db.session.commit()
    mark_request(reads_only=True)


@pytest.mark.covers("D4", "D2")
@pytest.mark.parametrize(("size", "scheme"), [("phone", "light"), ("desk", "dark")])
def test_a_client_sends_several_files_with_progress_and_fetches_them(live, visitor, shelf, size, scheme):
    alice = visitor(size, scheme=scheme).log_in("portal", live.cast.alice.email)
    page = alice.go("/portal/files")
    expect(page.get_by_role("heading", name="Photos and documents", level=1)).to_be_visible()
    expect(page.get_by_text("House rules.pdf")).to_be_visible()
    alice.look_in_every_way(f"files-{size}", sizes=())
    page.get_by_label("About").select_option(label="Biscuit")
    page.get_by_label(re.compile("Note")).fill("Insulin at 8")
    page.get_by_label("Files", exact=True).set_input_files(
        [as_file("Plan.pdf", sent.PDF), as_file("Biscuit.jpg", sent.with_place((900, 600))), as_file("run.exe", b"MZ\x90\0"), as_file("huge.txt", b"x" * (15 * 2**20 + 1))]
    )  # fmt: skip
    page.get_by_role("button", name="Upload").click()
    sending = page.get_by_role("list", name="Files on their way")
    expect(sending.get_by_text("Uploaded", exact=True)).to_have_count(2)
    expect(sending.get_by_text(re.compile("run.exe: This type of file cannot be kept"))).to_be_visible()
    expect(sending.get_by_text("This file is larger than 15 MB.")).to_be_visible()
    expect(page.get_by_text("2 of 4 files uploaded")).to_be_attached()
    shelf_of_biscuit = page.locator("#shelves section").filter(has=page.get_by_role("heading", name="Biscuit"))
    expect(shelf_of_biscuit.get_by_role("listitem")).to_have_count(2)
    expect(page.get_by_role("heading", name="Contracts and forms")).to_have_count(1)
    alice.look_in_every_way(f"files-sent-{size}", sizes=())
    with page.expect_download() as saved:
        shelf_of_biscuit.get_by_role("link", name="Download Plan.pdf").click()
    assert (saved.value.suggested_filename, saved.value.path().read_bytes()) == ("Plan.pdf", sent.PDF)
    shelf_of_biscuit.get_by_role("link", name="Remove Plan.pdf").click()
    alice.look_in_every_way(f"files-removal-{size}", sizes=())
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Plan.pdf is removed.")).to_be_visible()
    page.goto(f"{live.url}/portal/files/pets/{live.cast.biscuit.public_id}/photo")
    page.get_by_label("New photo").set_input_files([as_file("b.jpg", sent.picture("JPEG", size=(600, 600)))])
    alice.look_in_every_way(sizes=())
    page.get_by_role("button", name="Use this photo").click()
    expect(page.get_by_text("Biscuit has a new photo.")).to_be_visible()
    shown = page.locator(".ui-pet img").first
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
    alice.look_in_every_way(f"files-pet-{size}", sizes=())


@pytest.mark.covers("D4")
def test_a_form_that_is_much_too_large_is_refused_with_a_page_that_has_the_form(live, visitor, shelf, tmp_path):
    """Without JavaScript, through a real server: the browser gets the answer although it was not done sending."""
    alice = visitor("desk", javascript=False).log_in("portal", live.cast.alice.email)
    page = alice.go("/portal/files")
    heavy = [tmp_path / f"{n}.txt" for n in range(5)]  # together they are over the limit of a form
    for path in heavy:
        path.write_bytes(random.Random(1).randbytes(14 * 2**20))
    page.get_by_label("Files", exact=True).set_input_files(heavy)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("That was too much at once")).to_be_visible()
    page.get_by_label("Files", exact=True).set_input_files([as_file("Plan.pdf", sent.PDF)])
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("1 file is uploaded.")).to_be_visible()


@pytest.mark.covers("D4")
@pytest.mark.parametrize(("size", "scheme"), [("phone", "dark"), ("desk", "light")])
def test_the_office_gives_forms_and_sees_what_came(live, visitor, shelf, size, scheme):
    olivia = visitor(size, scheme=scheme).log_in("office", live.cast.olivia.login.email)
    page = olivia.go(f"/admin/client/{live.cast.alice.id}/?tab=files")
    expect(page.get_by_text("The gate sticks, lift it")).to_be_visible()
    page.get_by_label("Files", exact=True).set_input_files([as_file("Key receipt.pdf", sent.PDF)])
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("#list").get_by_text("Key receipt.pdf")).to_be_visible()
    olivia.look()
    olivia.keep(f"office-files-{size}-{scheme}")
    page = olivia.go("/admin/files/forms")
    page.get_by_label("Files", exact=True).set_input_files([as_file("Prices 2027.pdf", sent.PDF)])
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("#list").get_by_text("Prices 2027.pdf")).to_be_visible()
    olivia.look()
    olivia.keep(f"office-forms-{size}-{scheme}")
