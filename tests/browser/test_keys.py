"""A key on its way: the office gives it out, one sitter takes it over from another on the phone, the office reads of it."""

import pytest
from playwright.sync_api import expect

from foundation import clock
from foundation.db import db, mark_request
from models import KeyPlace, StaffRole
from tests import factories as make
from workflows import keys, roles
from workflows.permissions import ROLE_PERMISSIONS, Permission

pytestmark = pytest.mark.browser


@pytest.fixture
def k7(live):
    """Alice's key at the office; Sam and Sita both visit her today; sitters may hand keys over."""
    db.session.rollback()
    mark_request(reads_only=False)
    cast = live.cast
    for sitter in (cast.sam, cast.sita):
        make.job(cast.alice, cast.overnight, sitter=sitter, on_date=clock.today(), start_time=None)
    allowed = {*ROLE_PERMISSIONS[StaffRole.SITTER], Permission.HAND_OVER_KEYS}
    roles.change({StaffRole.SITTER: allowed}, actor=cast.as_olivia)
    key = keys.add(cast.alice, {"name": "Front door", "reference": "K7"}, actor=cast.as_olivia, place=KeyPlace.OFFICE)
    db.session.commit()
    mark_request(reads_only=True)
    return key


@pytest.mark.covers("V5")
def test_a_key_goes_from_the_office_to_a_sitter_and_on_to_another(live, visitor, k7):
    office, alice = visitor("desk").log_in("office", "olivia@example.com"), live.cast.alice.id
    page = office.go("/admin/keys/required/")
    expect(page.get_by_role("heading", name="Sita Singh")).to_be_visible()
    office.look()
    page.get_by_role("link", name="Alice Archer").first.click()
    page.get_by_label("Give to").select_option("Sita Singh")
    page.get_by_role("button", name="Save K7").click()
    expect(page.locator(".ui-chip", has_text="With Sita Singh")).to_be_visible()
    office.look()
    page.get_by_role("link", name="K7", exact=True).click()
    office.look()
    office.go("/admin/keys/")
    office.look()

    sam = visitor("phone", scheme="dark").log_in("office", "sam@example.com")
    page = sam.go("/staff/")
    expect(page.get_by_text("no key").first).to_be_visible()
    page.get_by_role("link", name="no key").first.click()
    expect(page.get_by_text("with Sita Singh")).to_be_visible()
    sam.look()
    page.get_by_role("button", name="I have it now K7").click()
    expect(page.get_by_text("You have every key that you need.")).to_be_visible()
    page.get_by_text("Hand over K7").first.click()
    page.get_by_label("To", exact=True).select_option("Sita Singh")
    sam.look()
    page.get_by_role("button", name="Hand over K7").click()
    expect(page.get_by_text("K7 is with Sita Singh now. The office knows.")).to_be_visible()
    sam.go("/staff/")
    sam.look()

    page = office.go("/admin/")
    expect(page.get_by_text("Sita Singh handed over a key").or_(page.get_by_text("Sam Stone handed over a key")).first).to_be_visible()  # fmt: skip
    office.look()
    office.go(f"/admin/client/{alice}/?tab=log")
    expect(page.get_by_text("noted who has the key").first).to_be_visible()
