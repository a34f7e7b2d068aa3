"""The office decides on practices that clients miss in its list."""

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import ProposalState, Vet, VetProposal
from tests import factories as make
from workflows import vets
from workflows.mail_facts import MailKind

pytestmark = pytest.mark.covers("D5")


@pytest.fixture
def proposal(cast):
    made = vets.propose(cast.alice, cast.biscuit, {"name": "Hill vets", "phone": "212 555 0199"}, actor=cast.as_alice)
    db.session.commit()
    return made


def test_home_leads_to_the_queue_and_the_practice_is_corrected_and_listed(office, cast, proposal, outbox):
    home = office.get("/admin/")
    assert "misses a vet in your list" in home.main
    queue = office.get("/admin/vet-proposals/")
    assert "Hill vets" in queue.main
    page = office.get(f"/admin/vet-proposals/{proposal.id}/")
    page = page.press("Add to the list", name="Hillside Clinic", answer="Welcome")
    assert "Hillside Clinic is in the list now" in page.html
    vet = db.session.scalars(sa.select(Vet).where(Vet.name == "Hillside Clinic")).one()
    assert (vet.phone, cast.biscuit.vet, proposal.state) == ("+12125550199", vet, ProposalState.ACCEPTED)
    assert outbox.facts(MailKind.VET_DECIDED).message == "Welcome"


def test_one_that_is_there_is_linked(office, cast, proposal):
    there = make.vet("Hill Veterinary Practice")
    db.session.commit()
    page = office.get(f"/admin/vet-proposals/{proposal.id}/?search=hill")
    page.press("This one Hill Veterinary Practice")
    assert cast.biscuit.vet is there


def test_declining_without_a_word_is_refused_and_with_one_told(office, cast, proposal, outbox):
    page = office.get(f"/admin/vet-proposals/{proposal.id}/")
    page = page.press("Decline and tell the client", answer="")
    assert (page.status, "Tell the client why." in page.main) == (422, True)
    page.press("Decline and tell the client", answer="They closed.")
    assert outbox.facts(MailKind.VET_DECIDED).message == "They closed."


def test_bad_name_comes_back_and_nothing_is_listed(office, cast, proposal):
    page = office.get(f"/admin/vet-proposals/{proposal.id}/").press("Add to the list", name=" ", answer="Hello")
    assert (page.status, "Hello" in page.html) == (422, True)
    assert (db.session.scalars(sa.select(Vet)).all(), proposal.state) == ([], ProposalState.PENDING)


def test_second_of_two_managers_is_told(office, manager, cast, proposal):
    page = office.get(f"/admin/vet-proposals/{proposal.id}/")
    manager.get(f"/admin/vet-proposals/{proposal.id}/").press("Decline and tell the client", answer="No.")
    page = page.press("Add to the list")
    assert "decided already" in page.html
    assert db.session.scalars(sa.select(Vet)).all() == []


def test_client_and_office_in_the_same_moment(cast, proposal, together, outbox):
    number = proposal.id

    def take_back():
        vets.withdraw(db.session.get(VetProposal, number), actor=cast.as_alice)
        db.session.commit()

    def decline():
        vets.decline(db.session.get(VetProposal, number), "No.", actor=cast.as_olivia)
        db.session.commit()

    done = together(take_back, decline)
    db.session.expire_all()
    assert sum(isinstance(x, Exception) for x in done) == 1, done
    assert proposal.state in {ProposalState.WITHDRAWN, ProposalState.DECLINED}
    assert len(outbox.mails(MailKind.VET_DECIDED)) == (proposal.state is ProposalState.DECLINED)


def test_unknown_ones_are_404(office, cast, proposal):
    assert office.browser.get("/admin/vet-proposals/99999/").status_code == 404
    assert office.browser.get(f"/admin/vet-proposals/{10**30}/").status_code == 404
    assert office.post(f"/admin/vet-proposals/{proposal.id}/", do="merge", vet="99999").status == 404
    assert office.post(f"/admin/vet-proposals/{proposal.id}/", do="nonsense").status == 404
