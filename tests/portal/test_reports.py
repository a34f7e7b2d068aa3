"""P4 and V2: the client reads report cards with their photos, old ones too, and says thanks; nobody else's, and no drafts."""

import datetime as dt
import re

import pytest

from foundation import storage
from foundation.db import db
from models import JobState
from tests import factories as make
from tests import sent_files as sent
from tests.databases import statements
from workflows import report_cards, report_photos
from workflows.actors import staff_actor
from workflows.report_cards import Typed
from workflows.uploads import Upload, photo

pytestmark = pytest.mark.covers("V2", "P4")
MONDAY = dt.date(2026, 11, 23)


@pytest.fixture(autouse=True)
def store(app):
    storage.use(app.extensions["store"])


def a_card(client, item, sitter, *, pets=(), day=MONDAY, message="A good walk.", is_sent=True, n_photos=0):
    job = make.job(client, item, sitter=sitter, on_date=day, pets=pets, state=JobState.COMPLETED)
    actor = staff_actor(sitter)
    card = report_cards.draft_of(job, actor=actor)
    report_cards.save_draft(card, Typed(texts={"message": message}, base=card.version), actor=actor)
    photos = [photo(Upload(f"{n}.jpg", sent.picture("JPEG", color=(9 * n, 0, 0)))) for n in range(n_photos)]
    if photos:
        report_photos.add(card, photos, actor=actor)
    if is_sent:
        report_cards.send(card, actor=actor)
    db.session.commit()
    return card


def test_a_client_reads_a_card_looks_at_its_photos_and_says_thanks_once(cast, walk):
    card = a_card(cast.alice, cast.walk, cast.sam, pets=[cast.biscuit], n_photos=2)
    draft = a_card(cast.alice, cast.walk, cast.sam, message="Not yet", is_sent=False)
    alice, bob = walk(cast.alice), walk(cast.bob)
    day = alice.get(f"/portal/schedule/{MONDAY}")
    assert f"/portal/reports/{card.public_id}" in day.links()
    assert day.html.count(">Report card<") == 1
    page = alice.get(f"/portal/visits/{card.job.public_id}")
    assert f"/portal/reports/{card.public_id}" in page.links()
    assert f"/portal/reports/{draft.public_id}" not in alice.get(f"/portal/visits/{draft.job.public_id}").links()
    page = alice.get(f"/portal/reports/{card.public_id}")
    assert all(words in page.text for words in ("A good walk.", "Biscuit", "with Sam", "Say thank you"))
    photos = re.findall(r'(?:href|src)="(/portal/reports/[^"]+/files/[^"]+)"', page.html)
    assert {alice.browser.get(address).status_code for address in photos} == {200}
    assert {bob.get(address).status for address in [*photos, f"/portal/reports/{card.public_id}"]} == {404}
    assert alice.get(f"/portal/reports/{draft.public_id}").status == 404
    long = alice.press(page, "/thanks", words="x" * 1001)
    assert (long.status, "at most 1000" in long.text) == (422, True)
    thanked = alice.press(page, "/thanks", words="You made our day")
    assert "It is passed on." in thanked.text
    again = alice.press(page, "/thanks", words="Again")
    assert "Thanks were said for this visit already." in again.text
    assert ("You made our day" in again.text, "Again" in again.text) == (True, False)
    assert bob.post(f"/portal/reports/{card.public_id}/thanks").status_code == 404


def test_the_list_has_ten_a_page_and_can_show_one_pet(cast, walk):
    for n in range(11):
        a_card(cast.alice, cast.walk, cast.sam, pets=[cast.biscuit], message=f"Walk {n}", n_photos=n == 10)
    a_card(cast.alice, cast.cat_visit, cast.sam, pets=[cast.mochi], message="Purring", day=MONDAY - dt.timedelta(400))
    a_card(cast.bob, cast.walk, cast.sam, pets=[cast.bella], message="Bob's")
    alice = walk(cast.alice)
    first = alice.get("/portal/reports/")
    assert ("Purring" in first.text, "Walk 10" in first.text, "Bob's" in first.text, "Older" in first.text) == (True, True, False, True)  # fmt: skip
    assert "Walk 0" in alice.get("/portal/reports/?page=2").text
    mochis = alice.get(f"/portal/reports/?pet={cast.mochi.public_id}")
    assert ("Purring" in mochis.text, "Walk" in mochis.text.replace("Walks", "")) == (True, False)
    assert alice.get(f"/portal/reports/?pet={cast.bella.public_id}&page=x").status == 200
    with statements() as many:
        alice.get("/portal/reports/")
    few_walker = walk(cast.bob)
    with statements() as few:
        few_walker.get("/portal/reports/")
    assert len(many) <= len(few) + 2


def test_switched_off_pages_photos_and_links_are_gone(cast, walk, change_settings):
    card = a_card(cast.alice, cast.walk, cast.sam, n_photos=1)
    alice = walk(cast.alice)
    page = alice.get(f"/portal/reports/{card.public_id}")
    (address,) = set(re.findall(r'src="(/portal/reports/[^"]+/thumb)"', page.html))
    file_id = address.split("/")[-2]
    assert "Report cards" in alice.get("/portal/schedule").text
    for off in ({"portal.report_cards": False}, {"portal.report_cards": True, "reports.on": False}):
        change_settings(off)
        for gone in ("/portal/reports/", page.path, address, f"/portal/files/{file_id}/thumb", f"/portal/files/{file_id}/download"):  # fmt: skip
            assert alice.get(gone).status == 404, gone
        assert alice.post(f"{page.path}/thanks").status_code == 404
        day = alice.get(f"/portal/schedule/{MONDAY}")
        assert "/portal/reports" not in day.html


def test_photos_of_cards_do_not_crowd_the_page_of_own_files(cast, walk):
    a_card(cast.alice, cast.walk, cast.sam, n_photos=1)
    make.stored_file(cast.alice, name="plan.pdf")
    db.session.commit()
    page = walk(cast.alice).get("/portal/files")
    assert ("plan.pdf" in page.text, "0.webp" in page.text) == (True, False)
