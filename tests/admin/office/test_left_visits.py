"""S8 in the office: from the line on HOME to the visits ahead, and to an order that cancels them free of charge."""

import datetime as dt

import pytest

from foundation.db import db
from models import ClientStatus, JobState, PetStatus
from tests import factories as make
from workflows import people

pytestmark = pytest.mark.covers("S8")


def test_visits_of_an_archived_client_are_cancelled_free_of_charge_or_kept(office, cast):
    make.cancellation_rule("Always all", charge_percent=100)
    gone, kept = (make.job(cast.alice, cast.walk, on_date=make.DAY + dt.timedelta(n), pets=[cast.biscuit], sitter=cast.sam) for n in (0, 7))  # fmt: skip
    people.change_client(cast.alice, {"status": ClientStatus.ARCHIVED}, actor=cast.as_olivia)
    db.session.commit()
    home = office.get("/admin/")
    assert "Alice Archer is archived, and 2 visits are booked" in home.text
    url = f"/admin/left-visits/{cast.alice.id}/"
    assert home.has_link(url)
    page = office.get(url)
    assert page.main.count("Dog walk: Biscuit. Sam Stone") == 2
    asked = page.press("Cancel what is ticked", job=[gone.id])
    asked.press("Cancel 1 visit", fee_reason="They moved away")
    db.session.expire_all()
    assert (gone.state, gone.price, kept.state) == (JobState.CANCELLED, 0, JobState.SCHEDULED)
    assert office.get(url).main.count("Dog walk: Biscuit. Sam Stone") == 1


def test_of_a_pet_only_its_visits_are_shown_and_other_peoples_pets_are_not_found(office, cast):
    make.job(cast.alice, cast.walk, pets=[cast.biscuit])
    make.job(cast.alice, cast.cat_visit, pets=[cast.mochi])
    people.set_pet_status(cast.mochi, PetStatus.DECEASED, actor=cast.as_olivia)
    db.session.commit()
    home = office.get("/admin/")
    assert "Mochi of Alice Archer is no longer with us, and 1 visit is booked" in home.text
    url = f"/admin/left-visits/{cast.alice.id}/?pet={cast.mochi.id}"
    assert home.has_link(url)
    page = office.get(url)
    assert ("Cat visit: Mochi" in page.main, "Dog walk" in page.main) == (True, False)
    for odd in (f"?pet={cast.bella.id}", "?pet=x", "?pet="):
        office.get(f"/admin/left-visits/{cast.alice.id}/{odd}", 404)
    office.get("/admin/left-visits/999999/", 404)
