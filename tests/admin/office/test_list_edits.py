"""S3, P9 in the office: tick rows, choose a field, look at old and new, change, undo."""

import pytest

from foundation.db import db
from models import BulkRun, Client, ClientStatus, PetStatus, StaffRole
from tests import factories as make
from tests.databases import count
from workflows import people, roles
from workflows.permissions import Permission

pytestmark = pytest.mark.covers("S3", "P9")


def tick(office, url, *ids, **more):
    return office.post(f"{url}action/", action="edit", rowid=[str(i) for i in ids], **more)


def test_rows_are_ticked_previewed_changed_and_undone(office, cast):
    rex = make.pet(cast.alice, "Rex")
    db.session.commit()
    asked = tick(office, "/admin/pets/", cast.biscuit.id, rex.id)
    page = asked.press("Preview Status", **{"v-status": "inactive"})
    assert "2 records change." in page.main
    assert "Rex" in page.main
    db.session.expire_all()
    assert rex.status is PetStatus.ACTIVE
    done = page.press("Change 2 records")
    assert "2 records were changed." in done.main
    db.session.expire_all()
    assert rex.status is PetStatus.INACTIVE
    again = page.press("Change 2 records")
    assert ("already saved" in again.html, db.session.query(BulkRun).count()) == (True, 1)
    people.change_pet(rex, {"breed": "Collie"}, actor=cast.as_olivia)
    db.session.commit()
    back = done.press("Undo")
    assert "1 record was changed." in back.main
    assert "Somebody changed this record since." in back.main
    db.session.expire_all()
    assert (cast.biscuit.status, rex.status) == (PetStatus.ACTIVE, PetStatus.INACTIVE)


def test_all_that_fit_the_filter_are_counted_and_large_orders_are_left_to_the_worker(office, cast):
    for n in range(30):
        make.client(f"C{n}", "Many")
    db.session.commit()
    page = office.post("/admin/clients/action/?search=many&view=all", action="edit", all="yes")
    assert "Of 30 records." in page.main
    page = page.press("Preview Status", **{"v-status": "prospect"})
    follow = page.press("Change 30 records")
    assert "Waiting for its turn" in follow.main
    assert "Stopped" in follow.press("Stop here").main
    assert count(Client, Client.status == ClientStatus.PROSPECT) == 0


def test_nonsense_is_said_and_who_may_not_change_has_no_button_and_no_address(office, manager, cast):
    url = "/admin/services/"
    wrong = tick(office, url, cast.walk.id, field="is_active", **{"v-is_active": "perhaps"})
    assert (wrong.status, "Choose a value." in wrong.main) == (422, True)
    assert "Choose a field." in tick(office, url, cast.walk.id, field="price", **{"v-price": "1"}).main
    assert office.get("/admin/list-edits/AAAAAAAAAAAA/", 404)
    run = make.bulk_run(
        kind="edit",
        wish={"ids": [cast.walk.id], "table": "service_item", "field": "is_active", "value": "no", "was": {}},
    )
    roles.change(
        {StaffRole.MANAGER: {Permission.OFFICE, Permission.CLIENTS}, StaffRole.SITTER: set()}, actor=cast.as_olivia
    )
    db.session.commit()
    assert 'value="edit"' not in manager.get(url).html
    assert tick(manager, url, cast.walk.id).status == 403
    assert manager.get(f"/admin/list-edits/{run.public_id}/", 403)
    assert 'value="edit"' in manager.get("/admin/clients/").html
