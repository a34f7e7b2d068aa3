"""The office writes agreements: their texts, whom they are asked of, and who accepted."""

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Agreement, AgreementVersion
from tests import factories as make
from workflows import agreements

pytestmark = pytest.mark.covers("D7", "S3")


@pytest.fixture
def terms(cast):
    made = agreements.add({"name": "Terms", "for_all": True}, "First text.", actor=cast.as_olivia)
    db.session.commit()
    return made


def test_owner_adds_one_and_nobody_is_asked_before_it_is_active(office, cast):
    page = office.get("/admin/agreement/new").press("Save", name="Key release", body="We hold your key.")
    made = db.session.scalars(sa.select(Agreement)).one()
    assert (made.name, made.is_active, agreements.latest(made).body) == ("Key release", False, "We hold your key.")
    assert f"/admin/agreements/edit/?id={made.id}" in page.path
    assert agreements.outstanding(cast.alice) == []
    page.press("Save", is_active="y")
    assert [v.agreement.name for v in agreements.outstanding(cast.alice)] == ["Key release"]


def test_refused_form_comes_back_filled(office, cast):
    page = office.get("/admin/agreement/new").press("Save", name="", body="We hold your key.")
    assert page.status == 422
    assert "We hold your key." in page.html
    assert "Fill in a name." in page.main
    assert db.session.scalars(sa.select(Agreement)).all() == []


def test_new_text_asks_again_and_a_typo_fix_does_not(office, cast, terms):
    url = f"/admin/agreement/{terms.id}/text"
    office.get(url).press("Save as typo fix", body="First text!")
    office.get(url).press("Save and ask again", body="Second text.")
    texts = db.session.execute(
        sa.select(AgreementVersion.number, AgreementVersion.body, AgreementVersion.keeps_consent)
    ).all()
    assert [tuple(t) for t in texts] == [
        (1, "First text.", False),
        (2, "First text!", True),
        (3, "Second text.", False),
    ]
    details = office.get(f"/admin/agreements/details/?id={terms.id}")
    assert "Version 3" in details.main
    assert "typo fix" in details.main
    assert "First text!" in details.follow("Version 2").main


def test_two_owners_at_once_lose_nothing(office, cast, terms):
    page = office.get(f"/admin/agreement/{terms.id}/text")
    agreements.revise(terms, "Theirs.", keeps_consent=False, seen=1, actor=cast.as_olivia)
    db.session.commit()
    again = page.press("Save and ask again", body="Mine.")
    assert again.status == 409
    assert "Mine." in again.html
    assert "Theirs." in again.html
    again.press("Save and ask again")
    assert agreements.latest(terms).body == "Mine."


def test_chosen_clients_are_added_and_removed(office, cast, terms):
    page = office.get(f"/admin/agreement/{terms.id}/clients?search=archer")
    page = page.press("Add Alice Archer")
    assert (agreements.outstanding(cast.bob), len(agreements.outstanding(cast.alice))) == ([], 1)
    page = page.press("Remove Alice Archer")
    assert "Choose at least one client" in page.html
    page.press("Ask all clients")
    assert len(agreements.outstanding(cast.bob)) == 1


def test_managers_read_and_do_not_write(manager, cast, terms):
    make.agreement_acceptance(agreements.latest(terms), cast.alice)
    db.session.commit()
    assert "Alice Archer" in manager.get("/admin/acceptances/").main
    for path in ("new", f"{terms.id}/text", f"{terms.id}/clients"):
        assert manager.browser.get(f"/admin/agreement/{path}").status_code == 403


def test_unknown_numbers_are_404(office, cast, terms):
    for path in ("99999/text", f"{10**30}/text", "99999/clients", "version/99999"):
        assert office.browser.get(f"/admin/agreement/{path}").status_code == 404
    assert office.post(f"/admin/agreement/{terms.id}/clients", do="add", client="99999").status == 404
    assert office.browser.get("/admin/acceptances/copy/?id=1").status_code == 404
