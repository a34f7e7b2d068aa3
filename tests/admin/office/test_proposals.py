"""The queue of what clients want changed: old beside new, one by one and many at once, secrets masked, two at once."""

import pytest
import sqlalchemy as sa

from foundation import storage
from foundation.db import db
from models import Activity, FieldKind, FieldProposal, PortalAccess, ProposalState
from tests import factories as make
from tests import sent_files
from tests.databases import statements
from tests.workflows.test_field_deciding import asks, held
from workflows import field_files, field_saving, uploads
from workflows.mail_facts import MailKind
from workflows.uploads import Upload

pytestmark = pytest.mark.covers("D6")

QUEUE = "/admin/proposals/"
HOSTILE = "<img src=x onerror=alert(1)>"


def state_of(proposal):
    db.session.expire_all()
    return proposal.state


def test_old_stands_beside_new_and_a_press_accepts_with_a_word(office, cast, outbox):
    assert "Nothing waits for you" in office.get(QUEUE).main
    way = asks(cast.mochi, cast.as_alice, "Feeding", "Two cups of fish", kind=FieldKind.LONG_TEXT)
    field_saving.save(cast.mochi, {way.field.public_id: "Two cups of meat"}, actor=cast.as_olivia)
    field_saving.save(cast.mochi, {way.field.public_id: "Two cups of rice"}, actor=cast.as_alice)
    page = office.get(QUEUE)
    assert "Alice Archer, Mochi: Feeding" in page.main
    assert ("<del>meat</del>" in page.html, "<ins>rice</ins>" in page.html) == (True, True)
    done = page.press("Accept Feeding", answer="Fine with us")
    assert "1 change accepted." in done.text
    assert held(way) == "Two cups of rice"
    assert outbox.facts(MailKind.DETAILS_DECIDED).message == "Fine with us"
    decided = office.get(QUEUE + "?done=yes")
    assert ("Accepted" in decided.main, "“Fine with us”" in decided.main, "Taken back" in decided.main) == (True, True, True)  # fmt: skip


def test_several_are_ticked_and_decided_at_once(office, cast):
    a, b, c = (asks(cast.alice, cast.as_alice, label, "New") for label in "ABC")
    page = office.get(QUEUE)
    done = page.press("Decline ticked", proposal=[a.public_id, c.public_id])
    assert "2 changes declined." in done.text
    assert [state_of(p) for p in (a, b, c)] == [ProposalState.DECLINED, ProposalState.PENDING, ProposalState.DECLINED]
    assert "Tick what you want to decide." in office.get(QUEUE).press("Accept ticked").text
    office.get(f"{QUEUE}?client_id={cast.alice.id}").press("Accept ticked", proposal=[b.public_id])
    assert held(b) == "New"


def test_what_somebody_else_decided_meanwhile_is_said(office, manager, cast):
    way = asks(cast.alice, cast.as_alice)
    mine, theirs = office.get(QUEUE), manager.get(QUEUE)
    theirs.press("Decline Way in")
    assert "1 was decided or taken back meanwhile" in mine.press("Accept Way in").text
    assert (state_of(way), held(way)) == (ProposalState.DECLINED, None)


def test_what_the_office_changed_meanwhile_stands_there_too(office, cast):
    way = asks(cast.alice, cast.as_alice)
    field_saving.save(cast.alice, {way.field.public_id: "Gate"}, actor=cast.as_max)
    page = office.get(QUEUE)
    assert "By now Gate Wanted Cellar" in page.main
    assert "Accepting replaces what stands there by now" in page.main


@pytest.mark.covers("V6")
def test_secrets_are_masked_until_they_are_asked_for_and_the_look_is_logged(office, cast):
    code = asks(cast.alice, cast.as_alice, "Alarm code", "4711-geheim", is_secret=True)
    page = office.get(QUEUE)
    assert ("4711" in page.html, "••••" in page.main) == (False, True)
    shown = page.press("Show secrets")
    assert ("4711-geheim" in shown.main, shown.answer.headers["Cache-Control"]) == (True, "no-store")
    assert db.session.scalars(sa.select(Activity.verb).order_by(Activity.id.desc())).first() == "secret.seen"
    assert "4711" not in office.get(QUEUE).html
    office.get(QUEUE).press("Accept Alarm code")
    assert held(code) == "4711-geheim"
    assert "4711" not in office.get(QUEUE + "?done=yes").html
    office.browser.post(f"{QUEUE}{code.public_id}/secret", data={"csrf_token": office.token()})
    assert office.post(f"{QUEUE}{code.public_id}/secret", follow=False).status == 404


def test_a_field_that_was_retired_can_only_be_declined(office, cast):
    way = asks(cast.alice, cast.as_alice)
    way.field.retired_at = way.created_at
    page = office.get(QUEUE)
    assert ("it can only be declined" in page.main, [b for b in page.buttons() if b.startswith("Accept Way")]) == (True, [])  # fmt: skip
    refused = office.post(QUEUE + "decision", one=f"accept:{way.public_id}")
    assert "not asked for any more" in refused.text
    assert state_of(way) is ProposalState.PENDING
    page.press("Decline Way in")
    assert state_of(way) is ProposalState.DECLINED


def test_the_menu_has_a_badge_and_home_leads_there(office, cast):
    asks(cast.alice, cast.as_alice)
    home = office.get("/admin/")
    assert "1 client waits for your yes" in home.text
    assert home.has_link(f"{QUEUE}?client_id={cast.alice.id}")


def test_texts_are_texts(office, cast):
    asks(cast.alice, cast.as_alice, HOSTILE, HOSTILE)
    asks(cast.alice, cast.as_alice, "Long", HOSTILE + " and more", kind=FieldKind.LONG_TEXT)
    page = office.get(QUEUE)
    assert ("<img src=x" in page.html, HOSTILE in page.main) == (False, True)
    page.press("Decline Long", answer=HOSTILE)
    assert "<img src=x" not in office.get(QUEUE + "?done=yes").html


@pytest.mark.parametrize("data", [{}, {"choice": "eat"}, {"one": "accept"}, {"one": "x:y"}], ids=str)
def test_a_decision_about_nothing_changes_nothing(office, cast, data):
    way = asks(cast.alice, cast.as_alice)
    assert office.post(QUEUE + "decision", follow=False, **data).status in {302, 400}
    office.post(QUEUE + "decision", one="accept:nothing\x00")
    office.get(QUEUE + "?client_id=99999", 404)
    assert office.post(f"{QUEUE}nothing/secret", follow=False).status == 404
    assert state_of(way) is ProposalState.PENDING


@pytest.mark.parametrize("n", [1, 20])
def test_the_queue_costs_the_same_whatever_waits(office, cast, n):
    for i in range(n):
        asks(cast.alice, cast.as_alice, f"F{i}")
        asks(cast.mochi, cast.as_alice, f"P{i}")
    office.get(QUEUE)
    with statements() as seen:
        office.get(QUEUE)
    assert len(seen) <= 9, "\n".join(seen)
    assert len(db.session.scalars(sa.select(FieldProposal)).all()) == 2 * n


@pytest.mark.covers("D4")
def test_a_photo_or_document_that_waits_can_be_looked_at_before_it_is_decided(app, office, manager, cast, http, sign_in_as_client):  # fmt: skip
    storage.use(app.extensions["store"])
    section = make.field_section(make.field_page())
    gate = make.custom_field(section, label="The gate", kind=FieldKind.IMAGE, needs_approval=True)
    plan = make.custom_field(section, label="The plan", kind=FieldKind.FILE, needs_approval=True)
    checked = {gate: uploads.photo(Upload("gate.png", sent_files.picture())), plan: uploads.photo_or_document(Upload("plan.pdf", sent_files.PDF))}  # fmt: skip
    kept = field_files.keep({f.public_id: c for f, c in checked.items()}, owner=cast.alice, actor=cast.as_alice)
    field_saving.save(cast.alice, kept, actor=cast.as_alice)
    db.session.commit()
    photo, document = kept[gate.public_id], kept[plan.public_id]
    page = office.get(QUEUE).html
    record = office.get(f"/admin/data/client/{cast.alice.id}/").html
    for file, how in ((photo, "picture"), (document, "download")):
        address = f"/admin/files/{file.id}/{how}"
        assert (f'href="{address}"' in page, f'href="{address}"' in record) == (True, True)
        assert office.browser.get(address).status_code == 200
    alice, bob = sign_in_as_client(http(), cast.alice), sign_in_as_client(http(), cast.bob)
    mine = f"/portal/files/{document.public_id}/download"
    shown = alice.get(f"/portal/your-data/{section.page.public_id}").text
    assert f'href="{mine}"' in shown
    assert (alice.get(mine).data, bob.get(mine).status_code) == (sent_files.PDF, 404)
    section.portal_access = PortalAccess.HIDDEN
    db.session.commit()
    assert alice.get(mine).status_code == 404
    section.portal_access = PortalAccess.EDIT
    db.session.commit()
    office.get(QUEUE).press("Accept The gate")
    office.get(QUEUE).press("Decline The plan", answer="Too old")
    assert (alice.get(f"/portal/files/{photo.public_id}/picture").status_code, alice.get(mine).status_code) == (
        200,
        404,
    )
    assert office.browser.get(f"/admin/files/{document.id}/download").status_code == 404
    decided = office.get(QUEUE + "?done=yes").html
    assert (f"/admin/files/{photo.id}/picture" in decided, f"/admin/files/{document.id}/" in decided) == (True, False)
