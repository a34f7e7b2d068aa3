"""Vet and vaccinations of a pet in the portal, without JavaScript."""

import datetime as dt
import io

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import FilePurpose, ProposalState, Vaccination, VetProposal
from tests import factories as make
from tests.databases import statements
from tests.sent_files import PDF
from workflows import vaccinations


@pytest.fixture
def alice(walk, cast):
    return walk(cast.alice)


@pytest.fixture
def health(cast):
    return f"/portal/your-data/pets/{cast.biscuit.public_id}/health"


@pytest.fixture
def oakfield():
    vet = make.vet("Oakfield Vets", address="1 Elm Road", phone="+12125550123")
    db.session.commit()
    return vet


# ----------------------------------------------------------------------------------------------------- vaccinations


@pytest.mark.covers("B11", "D2")
def test_client_enters_and_removes_a_vaccination(alice, cast, health):
    page = alice.get(health)
    page = alice.press(page, "/vaccinations", name="Rabies", given_on="2026-01-10", expires_on="2027-01-10")
    assert page.path == health
    assert "Rabies" in page.text
    assert "Valid" in page.text
    row = db.session.scalars(sa.select(Vaccination)).one()
    assert (row.pet_id, row.expires_on.isoformat()) == (cast.biscuit.id, "2027-01-10")
    page = alice.press(page, f"/vaccinations/{row.public_id}/removal")
    assert "No vaccination is noted" in page.text


def test_a_vaccination_without_an_end_is_shown_without_one(alice, cast, health):
    make.vaccination(cast.biscuit, name="Rabies", given_on=dt.date(2020, 1, 10))
    db.session.commit()
    page = alice.get(health)
    assert (page.status, "Rabies" in page.text) == (200, True)
    assert [words in page.text for words in ("lasts until", "Valid", "Has run out")] == [False, False, False]


@pytest.mark.covers("B11")
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"name": ""}, "Say what the vaccination is for"),
        ({"expires_on": ""}, "Enter until when it lasts"),
        ({"expires_on": "2027-02-31"}, "Enter a day that there is"),
        ({"given_on": "2026-12-24"}, "Enter a day in the past"),
        ({"expires_on": "9999-12-31"}, "Enter a day that there is"),
        ({"name": "x\0" * 5000}, "at most 120"),
    ],
)
def test_bad_input_comes_back_filled(alice, health, typed, sentence):
    good = {"name": "Rabies", "given_on": "2026-01-10", "expires_on": "2027-01-10"}
    page = alice.press(alice.get(health), "/vaccinations", **{**good, **typed})
    assert (page.status, sentence in page.text) == (422, True)
    kept = {k: v for k, v in good.items() if k not in typed}
    assert all(dict(page.form("/vaccinations").fields)[k] == v for k, v in kept.items())
    assert db.session.scalars(sa.select(Vaccination)).all() == []


def test_form_sent_twice_enters_one(alice, health):
    page = alice.get(health)
    for _time in range(2):
        alice.press(page, "/vaccinations", name="Rabies", expires_on="2027-01-10")
    assert len(db.session.scalars(sa.select(Vaccination)).all()) == 1


@pytest.mark.covers("D5", "B11")
def test_pets_and_rows_of_others_are_404(alice, cast, oakfield):
    bellas = f"/portal/your-data/pets/{cast.bella.public_id}"
    row = vaccinations.add(cast.bella, {"name": "Flu", "expires_on": make.DAY}, actor=cast.as_bob)
    proposal = make.vet_proposal(cast.bob)
    db.session.commit()
    mine = f"/portal/your-data/pets/{cast.biscuit.public_id}"
    for path in ("/health", "/vet"):
        assert alice.browser.get(bellas + path).status_code == 404
    for path in (
        f"{bellas}/vaccinations", f"{bellas}/vet", f"{bellas}/vet/proposal", f"{mine}/vaccinations/{row.public_id}/removal",
        f"{mine}/vet/proposal/{proposal.public_id}/withdrawal",
    ):  # fmt: skip
        answer = alice.post(path, name="Mine", expires_on="2027-01-10", vet=str(oakfield.id))
        assert answer.status_code == 404, path
    assert (cast.bella.vet, row.ended_at, proposal.state) == (None, None, ProposalState.PENDING)
    assert db.session.scalar(sa.select(sa.func.count(VetProposal.id))) == 1


# ----------------------------------------------------------------------------------------------------------- the vet


@pytest.mark.covers("D5")
def test_client_finds_and_chooses_a_vet(alice, cast, health, oakfield):
    make.vet("Harbour Vets")
    make.vet("Old Vets", is_active=False)
    db.session.commit()
    page = alice.get(f"/portal/your-data/pets/{cast.biscuit.public_id}/vet")
    assert "Harbour Vets" in page.text
    assert "Old Vets" not in page.text
    page = alice.get(f"/portal/your-data/pets/{cast.biscuit.public_id}/vet?search=elm oak")
    assert "Harbour Vets" not in page.text
    assert page.html.count(f'name="vet" value="{oakfield.id}"') == 1
    alice.post(f"/portal/your-data/pets/{cast.biscuit.public_id}/vet", vet=str(oakfield.id))
    page = alice.get(health)
    assert (page.path, "Oakfield Vets" in page.text, "(212) 555-0123" in page.text) == (health, True, True)
    assert cast.biscuit.vet is oakfield


@pytest.mark.covers("D5")
def test_vet_that_is_not_listed_is_proposed_and_can_be_taken_back(alice, cast, health):
    page = alice.get(f"/portal/your-data/pets/{cast.biscuit.public_id}/vet")
    page = alice.press(page, "/vet/proposal", name="Hill vets", phone="212 555 0199", note="By the school")
    assert (page.path, "“Hill vets”, which you proposed" in page.text) == (health, True)
    row = db.session.scalars(sa.select(VetProposal)).one()
    assert (row.client_id, row.pet_id, row.phone) == (cast.alice.id, cast.biscuit.id, "+12125550199")
    page = alice.press(page, f"/{row.public_id}/withdrawal")
    assert "which you proposed" not in page.text
    assert row.state is ProposalState.WITHDRAWN


@pytest.mark.covers("B11")
def test_all_that_is_wrong_with_a_vaccination_is_said_at_once(alice, health):
    wrong = {"name": "", "given_on": "2026-12-24", "expires_on": "2027-02-31"}
    page = alice.press(alice.get(health), "/vaccinations", **wrong)
    assert [page.html.count(f'id="{name}-error"') for name in wrong] == [1, 1, 1]


@pytest.mark.covers("D5")
def test_refused_proposal_comes_back_filled(alice, cast):
    page = alice.get(f"/portal/your-data/pets/{cast.biscuit.public_id}/vet")
    page = alice.press(page, "/vet/proposal", name="", phone="none", note="By the school")
    assert (page.status, "Fill in the name" in page.text, 'id="phone-error"' in page.html) == (422, True, True)
    assert dict(page.form("/vet/proposal").fields)["note"] == "By the school"


@pytest.mark.covers("D5")
def test_vets_that_are_none_are_refused(alice, cast, oakfield):
    url = f"/portal/your-data/pets/{cast.biscuit.public_id}/vet"
    for named in ("99999", "9" * 30, "x", "١", "-1"):
        assert alice.post(url, vet=named).status_code == 404, named
    oakfield.is_active = False
    db.session.commit()
    assert alice.post(url, vet=str(oakfield.id)).status_code == 422
    assert cast.biscuit.vet is None


@pytest.mark.covers("P8", "D5")
@pytest.mark.parametrize("switch", ["portal.vets", "portal.your_data_amend", "portal.your_data"])
def test_what_is_off_is_gone_for_hand_made_posts_too(alice, cast, change_settings, health, oakfield, switch):
    base = f"/portal/your-data/pets/{cast.biscuit.public_id}"
    token = alice.token()
    change_settings({switch: False})
    gone = [f"{base}/vet", f"{base}/vet/proposal"]
    if switch != "portal.vets":
        gone.append(f"{base}/vaccinations")
    for path in gone:
        answer = alice.browser.post(
            path, data={"csrf_token": token, "name": "X", "vet": str(oakfield.id), "expires_on": "2027-01-01"}
        )
        assert answer.status_code == 404, path
    assert alice.browser.get(f"{base}/vet").status_code == 404
    assert alice.browser.get(health).status_code == (404 if switch == "portal.your_data" else 200)
    assert cast.biscuit.vet is None


def test_page_costs_as_many_queries_with_many_rows(alice, cast, health):
    def cost():
        with statements() as sent:
            alice.get(health)
        return len(sent)

    vaccinations.add(cast.biscuit, {"name": "Rabies", "expires_on": make.DAY}, actor=cast.as_alice)
    db.session.commit()
    alice.get(health)
    few = cost()
    for n in range(20):
        make.vaccination(cast.biscuit, name=f"V{n}", expires_on=make.DAY)
        make.vet_proposal(cast.alice, name=f"Vet {n}", pet=cast.biscuit)
    db.session.commit()
    assert cost() == few


# ------------------------------------------------------------------------------------------------- the certificate


def send(alice, health, data, name="rabies.png"):
    page = alice.get(health)
    fields = page.form("/vaccinations").filled(name="Rabies", expires_on="2027-01-10")
    return alice.browser.post(
        page.form("/vaccinations").action,
        data={**fields, "certificate": (io.BytesIO(data), name)},
        content_type="multipart/form-data",
    )


@pytest.mark.covers("B11", "D4")
def test_certificate_is_kept_and_downloaded_by_the_household_only(alice, walk, cast, health):
    assert send(alice, health, PDF, "../rabies.pdf").status_code == 303
    row = db.session.scalars(sa.select(Vaccination)).one()
    assert (row.certificate.purpose, row.certificate.pet_id) == (FilePurpose.CERTIFICATE, cast.biscuit.id)
    (link,) = [x for x in alice.get(health).links() if row.certificate.public_id in x]
    answer = alice.browser.get(link)
    assert (answer.status_code, answer.data) == (200, PDF)
    assert walk(cast.bob).browser.get(link).status_code == 404


@pytest.mark.covers("D4")
def test_file_that_is_no_certificate_is_refused_and_the_form_comes_back(alice, health):
    answer = send(alice, health, b"<html><script>alert(1)</script>", "rabies.pdf")
    assert answer.status_code == 422
    assert 'value="Rabies"' in answer.text
    assert db.session.scalars(sa.select(Vaccination)).all() == []


def test_certificate_beyond_all_limits_gets_a_sentence(alice, health):
    answer = alice.browser.post(
        alice.get(health).form("/vaccinations").action,
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"wsgi.input": io.BytesIO(b""), "CONTENT_LENGTH": str(100 * 2**20)},
    )
    assert (answer.status_code, "15 MB" in answer.text) == (413, True)


def test_without_uploads_the_vaccination_alone_is_kept(alice, health, change_settings):
    change_settings({"portal.upload": False})
    assert send(alice, health, PDF).status_code == 303
    assert db.session.scalars(sa.select(Vaccination)).one().certificate is None
