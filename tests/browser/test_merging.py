"""S3, S6: two records of one client become one, by mouse and keyboard, on phone and desk."""

import pytest

from foundation.db import db, mark_request
from models import ClientStatus
from tests import factories as make

pytestmark = pytest.mark.covers("S3", "S6")


def test_a_duplicate_is_compared_field_by_field_and_merged(live, visitor):
    alice = live.cast.alice
    alice.phone, alice.city = "+14135550199", "Northampton"
    ally = make.client(
        "Ally", "Archer", email="ally@example.com", phone="+14135550199", city="Newtown", notes="Gate code 12."
    )
    make.pet(ally, "Otto")
    db.session.commit()
    mark_request(reads_only=True)
    url = f"/admin/merging/client/{alice.id}/{ally.id}/"
    for size, scheme in (("phone", "light"), ("desk", "dark")):
        olivia = visitor(size, scheme=scheme).log_in("office", "olivia@example.com")
        for path in ("/admin/merging/", f"/admin/merging/client/{alice.id}/?search=arch", url):
            olivia.go(path)
            olivia.look()
            olivia.keep(f"merging-{size}-{len(path)}")
    page = olivia.go(url)
    page.get_by_role("radio", name="Town: Newtown").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Merge now").click()
    page.get_by_text("Ally Archer was merged into this record.").wait_for()
    page.goto(f"{live.url}/admin/client/{ally.id}/")
    page.wait_for_url(f"**/admin/client/{alice.id}/")
    live.look_again()
    assert (alice.city, ally.status, {p.name for p in alice.pets}) == (
        "Newtown",
        ClientStatus.ARCHIVED,
        {"Biscuit", "Mochi", "Otto"},
    )
    make.job(alice, live.cast.walk, pets=[p for p in alice.pets if p.name == "Otto"])
    db.session.commit()
    mark_request(reads_only=True)
    undo = f"/admin/merging/client/{ally.id}/undo"
    for size, scheme in (("phone", "light"), ("phone", "dark"), ("desk", "light"), ("desk", "dark")):
        olivia = visitor(size, scheme=scheme).log_in("office", "olivia@example.com")
        olivia.go(undo)
        olivia.look()
        olivia.keep(f"merging-undo-{size}-{scheme}")
    page = olivia.go(f"/admin/merging/client/{alice.id}/")
    olivia.look()
    olivia.keep("merging-undo-choose")
    page.get_by_role("link", name="Undo this merge").click()
    page.get_by_role("button", name="Undo this merge").press("Enter")
    page.get_by_text("The merge was undone: Ally Archer is back.").wait_for()
    live.look_again()
    assert (alice.city, ally.status, {p.name for p in ally.pets}) == ("Northampton", ClientStatus.ACTIVE, {"Otto"})
