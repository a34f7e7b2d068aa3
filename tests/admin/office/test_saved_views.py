"""Saved views: what one sees of a list becomes a tab, of one person or of the team."""

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import SavedView, StaffRole
from tests import factories as make
from tests.databases import count
from workflows.permissions import Permission

LIST = "/admin/clients/?view=all&search=archer&sort=name&desc=1"


def views():
    """All there are, in their order."""
    return list(db.session.scalars(sa.select(SavedView).order_by(SavedView.position, SavedView.id)))


def save(office, name, at=LIST, **more):
    page = office.get(at).follow("Save this view")
    return page.press("Save the view", name=name, **more)


@pytest.mark.covers("S3")
def test_what_one_sees_becomes_a_tab_that_can_be_named_ordered_shared_and_removed(office, manager, cast):
    assert "Save this view" not in office.get("/admin/clients/").main
    page = save(office, "Archers")
    assert "“Archers” is a tab of the list now." in page.text
    assert "Alice Archer" in page.main
    assert "Bob Baker" not in page.main
    assert "Save this view" not in page.main
    save(office, "Bakers", "/admin/clients/?view=all&search=baker")
    assert "Alice Archer" in office.get("/admin/clients/").follow("Archers").main
    assert "Archers" not in manager.get("/admin/clients/").main

    office.get("/admin/clients/").follow("Saved views").press("Up Bakers")
    assert [v.name for v in views()] == ["Bakers", "Archers"]
    bakers = views()[0].public_id
    office.post(f"/admin/views/{bakers}/", name="Bakers of all", shared="on")
    assert "Bob Baker" in manager.get("/admin/clients/").follow("Bakers of all").main
    # shared is not theirs: the manager may neither change nor remove it
    for deed in ("", "up", "removal"):
        assert "Only who made" in manager.post(f"/admin/views/{bakers}/{deed}", name="Mine").text
    office.post(f"/admin/views/{bakers}/removal")
    assert "Bakers" not in manager.get("/admin/clients/").main
    assert count(SavedView) == 1


@pytest.mark.covers("S3")
def test_owner_removes_what_others_share_and_nobody_sees_what_they_keep(office, manager):
    save(manager, "Shared", shared="on")
    save(manager, "Own", "/admin/clients/?view=all&search=baker")
    assert "Own" not in office.get("/admin/views/?list=clients").main
    ids = {v.name: v.public_id for v in views()}
    office.post(f"/admin/views/{ids['Shared']}/removal")
    assert (
        office.browser.post(f"/admin/views/{ids['Own']}/removal", data={"csrf_token": office.token()}).status_code
        == 404
    )
    assert [v.name for v in views()] == ["Own"]


@pytest.mark.covers("S3")
def test_refusals_come_back_filled_and_twice_is_once(office):
    save(office, "Archers")
    again = save(office, " archers ", "/admin/clients/?view=all&search=arch")
    assert "You have a view “archers” of this list already." in again.text
    assert "Give the view a name." in save(office, " \0 ", "/admin/clients/?view=all&search=arch").text
    assert "At most 40 letters" in save(office, "x" * 41, "/admin/clients/?view=all&search=arch").text
    assert count(SavedView) == 1
    for path in (
        "/admin/views/?list=nowhere",
        "/admin/views/",
        "/admin/views/new?list=schedule",
        "/admin/views/new?list=https://evil.example",
    ):
        office.get(path, status=404)


@pytest.mark.covers("S3")
def test_a_view_that_no_longer_fits_says_so_and_a_closed_list_is_closed(office, manager, cast):
    make.FACTORIES[SavedView](cast.olivia, name="Old", arguments="view=gone&flt_gone=1&sort=shoe")
    page = office.get("/admin/clients/").follow("Old")
    assert "A part of this saved view is not there any more" in page.main
    make.role_permission(StaffRole.MANAGER, Permission.BILLING, is_allowed=False)
    manager.get("/admin/views/?list=invoices", status=404)
