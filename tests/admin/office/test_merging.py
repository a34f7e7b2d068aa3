"""S3, S6 in the office: finding a duplicate, comparing both, merging, and where old addresses lead."""

import pytest

from foundation.db import db
from models import Activity, ClientStatus, DistinctPair, Pet, StaffRole
from tests import desk_factories
from tests import factories as make
from tests.databases import count, statements
from workflows import merged, roles
from workflows.permissions import Permission

pytestmark = pytest.mark.covers("S3", "S6")


def led(office, url):
    """The page that an old address leads to."""
    return office.get(office.get(url, 302).answer.headers["Location"])


@pytest.fixture
def ally(cast):
    """Alice a second time: same phone, another town."""
    cast.alice.phone = "+14135550199"
    ally = make.client(
        "Ally", "Archer", email="ally@example.com", phone="+14135550199", city="Newtown", notes="Gate code <b>12</b>."
    )
    make.pet(ally, "Otto")
    db.session.commit()
    return ally


def test_a_duplicate_is_found_compared_and_merged_and_the_old_address_leads_on(office, cast, ally):
    alice_url, ally_url = f"/admin/client/{cast.alice.id}/", f"/admin/client/{ally.id}/"
    found = office.get("/admin/merging/")
    assert "Same phone" in found.main
    page = office.get(alice_url).follow("Merge").follow("Ally Archer")
    assert "Gate code &lt;b&gt;12&lt;/b&gt;." in page.html
    assert "Pets 1" in page.main
    wrong = page.press("Merge now", **{"use-email": "goes", "use-city": "goes", "stays_version": 99})
    assert (wrong.status, "changed one of these records meanwhile" in wrong.main) == (409, True)
    assert 'name="use-city" value="goes" checked' in wrong.html
    done = wrong.press("Merge now")
    assert "Ally Archer was merged into this record. For 30 days" in done.html
    db.session.expire_all()
    assert (cast.alice.city, cast.alice.email, ally.status) == ("Newtown", "ally@example.com", ClientStatus.ARCHIVED)
    assert "Otto" in office.get(alice_url).main
    # Sent twice, and from old addresses.
    again = wrong.press("Merge now")
    assert "already" in again.html
    assert "Ally Archer was merged into this record." in led(office, ally_url).html
    assert (
        "was merged with another record"
        in office.get(f"/admin/clients/edit/?id={ally.id}").press("Save", city="X").html
    )
    log = office.get(f"{alice_url}?tab=log").main
    assert "merged Ally Archer into this record" in log
    assert "it was merged into Alice Archer" in office.get(f"/admin/history/client/{ally.id}/").main


def test_a_merge_is_undone_after_reading_what_goes_back_and_what_stays(office, manager, cast, ally):
    page = office.get(f"/admin/merging/client/{cast.alice.id}/{ally.id}/")
    assert "For 30 days this can be undone" in page.press("Merge now", **{"use-city": "goes", "use-email": "goes"}).html
    office.get(f"/admin/clients/edit/?id={cast.alice.id}").press("Save", email="new@example.com")
    assert "Ally Archer into Alice Archer" in office.get("/admin/merging/").main
    ask = office.get(f"/admin/client/{cast.alice.id}/").follow("Merge").follow("Undo this merge")
    otto = db.session.query(Pet).filter_by(name="Otto").one()
    assert ("Pets 1" in ask.main, "has the values of before again: Town" in ask.main) == (True, True)
    assert "Values that were changed since stay: Mail" in ask.main, ask.main
    make.job(cast.alice, cast.walk, pets=[otto])
    mixed = make.job(cast.alice, cast.walk, pets=[otto, cast.biscuit])
    db.session.commit()
    changed = ask.press("Undo this merge")
    assert (changed.status, "belong together by now" in changed.main) == (422, True)
    assert "Pets: " in changed.main
    assert ">Undo this merge</button>" not in changed.html
    mixed.pets = [cast.biscuit]
    db.session.commit()
    changed = ask.press("Undo this merge")
    assert (changed.status, "Something changed meanwhile" in changed.main) == (409, True)
    assert "Added since, and goes along" in changed.main
    done = changed.press("Undo this merge")
    assert "The merge was undone: Ally Archer is back." in done.html
    db.session.expire_all()
    assert (otto.client_id, ally.status, cast.alice.email) == (ally.id, ClientStatus.ACTIVE, "new@example.com")
    assert "undone already" in changed.press("Undo this merge").html
    assert "they are two records again" in office.get(f"/admin/client/{cast.alice.id}/?tab=log").main
    assert "this record is back" in office.get(f"/admin/client/{ally.id}/?tab=log").main
    assert "Merged in the last 30 days" not in office.get("/admin/merging/").main
    for url in ("/admin/merging/job/1/undo", "/admin/merging/client/99999/undo"):
        assert office.get(url, 404), url
    roles.change({StaffRole.MANAGER: {Permission.OFFICE}, StaffRole.SITTER: set()}, actor=cast.as_olivia)
    db.session.commit()
    assert manager.get(f"/admin/merging/client/{ally.id}/undo", 403)


def test_pets_and_vets_are_merged_from_their_own_pages(office, cast):
    twin = make.pet(cast.alice, "Biscuit", breed="Labrador")
    old, new = make.vet("High Street Vets", phone="+14135550111"), make.vet("High St Vets", phone="+14135550111")
    db.session.commit()
    office.get(f"/admin/pets/details/?id={cast.biscuit.id}").follow("Merge").follow("Labrador").press("Merge now")
    assert merged.leads_to("pet", twin.id) == cast.biscuit.id
    assert "was merged into this record" in led(office, f"/admin/pets/details/?id={twin.id}").html
    assert "Same phone" in office.get("/admin/merging/?kind=vet").main
    office.get(f"/admin/vets/details/?id={old.id}").follow("Merge").follow("High St Vets").press("Merge now")
    assert "was merged into this record" in led(office, f"/admin/vets/details/?id={new.id}").html


def test_nonsense_is_not_found_and_what_cannot_be_done_is_said(office, cast, ally):
    for url in ("/admin/merging/?kind=job", "/admin/merging/job/1/", "/admin/merging/client/999999/", f"/admin/merging/client/{ally.id}/999999/", "/admin/merging/client/99999999999999/"):  # fmt: skip
        assert office.get(url, 404), url
    same = led(office, f"/admin/merging/client/{ally.id}/{ally.id}/")
    assert "one and the same" in same.html
    make.bulk_run(kind="statement", wish={"ids": [ally.id]})
    db.session.commit()
    page = office.get(f"/admin/merging/client/{cast.alice.id}/{ally.id}/")
    assert ("order about one of them" in page.main, "Merge now" in page.main) == (True, False)
    assert office.get(f"/admin/merging/client/{cast.alice.id}/?search=Arch%00er%25").main


def test_who_sees_no_invoices_sees_no_figures_and_sitters_nothing(office, manager, cast, ally):
    from tests import issued

    issued.invoice(ally, 40)
    db.session.commit()
    url = f"/admin/merging/client/{cast.alice.id}/{ally.id}/"
    assert "Invoices" in office.get(url).main
    roles.change(
        {StaffRole.MANAGER: {Permission.OFFICE, Permission.CLIENTS}, StaffRole.SITTER: set()}, actor=cast.as_olivia
    )
    db.session.commit()
    main = manager.get(url).main
    assert ("Pets 1" in main, "Invoices" in main, "books" in main) == (True, False, False)
    roles.change({StaffRole.MANAGER: {Permission.OFFICE}, StaffRole.SITTER: set()}, actor=cast.as_olivia)
    db.session.commit()
    assert manager.get(url, 403)


def test_the_pages_ask_the_same_few_questions_however_much_there_is(office, cast, ally):
    def asked(url):
        with statements() as sent:
            office.get(url)
        return len(sent)

    urls = [
        "/admin/merging/",
        f"/admin/merging/client/{cast.alice.id}/",
        f"/admin/merging/client/{cast.alice.id}/{ally.id}/",
    ]
    before = [asked(url) for url in urls]
    for n in range(12):
        make.client(f"Twin{n}", "Again", phone="+14135550199")
        make.pet(ally, f"Pet{n}")
        make.field_value(make.custom_field(label=f"F{n}"), ally, text="x")
    db.session.commit()
    after = [asked(url) for url in urls]
    assert max(after) <= 16
    assert before == after


def test_a_pair_that_is_none_is_not_proposed_again_until_that_is_taken_back(office, cast, ally):
    both = f"/admin/client/{cast.alice.id}/", f"/admin/client/{ally.id}/"
    said = office.get("/admin/merging/").press("Not a duplicate")
    assert "Alice Archer and Ally Archer are not proposed again." in said.text
    assert "Marked by Olivia Owens" in said.main
    assert "Same phone" not in said.main
    choose = office.get(f"/admin/merging/client/{ally.id}/")
    assert "Same phone" not in choose.main
    office.post(f"/admin/merging/client/{ally.id}/{cast.alice.id}/two")  # the other way round, and once more
    assert count(DistinctPair) == 1
    assert [a.facts["name"] for a in db.session.query(Activity).filter_by(verb="merging.distinct")] == ["Ally Archer", "Alice Archer"]  # fmt: skip
    with statements() as few:
        office.get("/admin/merging/")
    for n in range(3):
        desk_factories.distinct_pair("client", make.client(f"A{n}").id, make.client(f"B{n}").id)
    db.session.commit()
    with statements() as many:
        office.get("/admin/merging/")
    assert len(many) == len(few)
    page = office.get("/admin/merging/").press("Take back", at=f"{cast.alice.id}/{ally.id}")
    assert "Same phone" in page.main
    assert office.post(f"/admin/merging/client/{cast.alice.id}/{ally.id}/maybe-one").status == 200, "twice is safe"
    for path in (f"/admin/merging/client/{ally.id}/{ally.id}/two", f"/admin/merging/client/{ally.id}/99999/two"):
        assert office.post(path, follow=False).status in {303, 404}
    assert office.post(f"/admin/merging/dogs/{cast.alice.id}/{ally.id}/two").status == 404
    assert count(DistinctPair) == 3
    assert [office.get(url).status for url in both] == [200, 200], "nothing was done to the records themselves"
