"""Taking everything out in a real browser: ordered, made by the worker, fetched, removed."""

import zipfile

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from application import tasks
from foundation import storage
from foundation.db import db
from models import ArchiveState, DataArchive
from tests.browser.conftest import SIZES
from tests.browser.working import work


@pytest.mark.browser
@pytest.mark.covers("S6")
def test_an_archive_is_ordered_made_fetched_and_removed(live, visitor):
    storage.use(live.app.extensions["store"])
    olivia = visitor().log_in("office", live.cast.olivia.login.email)
    page = olivia.go("/admin/archives/")
    expect(page.get_by_text("No archive yet")).to_be_visible()
    page.get_by_label("With photos, documents and papers").uncheck()
    page.get_by_role("button", name="Order").click()
    expect(page.get_by_text("It is made in the background.").last).to_be_visible()
    expect(page.get_by_role("button", name="Download")).to_have_count(0)
    olivia.look()
    work(live, tasks.archives.make_archives)
    expect(page.get_by_role("button", name="Download")).to_be_visible()  # the page asks by itself
    olivia.look()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download").click()
    with zipfile.ZipFile(saved.value.path()) as archive:
        assert archive.testzip() is None
        clients = next(name for name in archive.namelist() if name.rpartition("/")[2].startswith("client."))
        assert "Archer" in archive.read(clients).decode("utf-8")
    assert saved.value.suggested_filename.startswith("latchkey-")
    page.set_viewport_size(SIZES["phone"])
    olivia.look()
    olivia.keep("archives-phone")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The archive was removed.")).to_be_visible()
    expect(page.get_by_role("button", name="Download")).to_have_count(0)
    live.look_again()
    assert db.session.scalars(sa.select(DataArchive.state)).all() == [ArchiveState.GONE]
