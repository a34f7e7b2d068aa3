"""Pay in a real browser: the office looks, runs and opens the statement; the sitter reads it on the phone and has the PDF."""

import re

import pytest
from playwright.sync_api import expect

from foundation.db import db, mark_request
from tests.workflows.pay.earned import SUNDAY, done


@pytest.mark.covers("V5")
def test_from_the_preview_to_the_sitters_pdf(live, visitor):
    db.session.rollback()
    mark_request(reads_only=False)
    for _ in range(2):
        done(live.cast.alice, live.cast.sam, item=live.cast.walk, pay=12, on_date=SUNDAY)
    done(live.cast.bob, live.cast.sita, item=live.cast.walk, pay=9, on_date=SUNDAY)
    db.session.commit()
    mark_request(reads_only=True)
    olivia = visitor().log_in("office", live.cast.olivia.login.email)
    page = olivia.go("/admin/pay/")
    olivia.look()
    page.get_by_role("checkbox", name="Sita Singh").uncheck()
    page.get_by_role("button", name="Make the pay run").click()
    expect(page.get_by_text("Pay run 1 is made: 1 statement.")).to_be_visible()
    olivia.look()
    page.get_by_role("link", name="Sam Stone", exact=True).click()
    expect(page.get_by_role("heading", name="Statement of Sam Stone")).to_be_visible()
    expect(page.get_by_text("$24.00").first).to_be_visible()
    olivia.look()
    with page.expect_download() as saved:
        page.get_by_role("link", name="PDF").click()
    assert re.fullmatch(r"Pay statement 1, Sam Stone\.pdf", saved.value.suggested_filename)

    sam = visitor("phone", scheme="dark").log_in("office", live.cast.sam.login.email)
    page = sam.go("/staff/pay")
    expect(page.get_by_text("Completed visits and tips appear here")).to_be_visible()
    sam.look()
    page.get_by_role("link", name=re.compile("^Up to")).click()
    expect(page.get_by_role("heading", name="Pay statement 1")).to_be_visible()
    sam.look()
    with page.expect_download() as saved:
        page.get_by_role("link", name="PDF").click()
    assert saved.value.path().read_bytes().startswith(b"%PDF")
