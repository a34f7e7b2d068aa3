"""Which vet a pet goes to: chosen from the list, or proposed and decided."""

import pytest
import sqlalchemy as sa

from models import Activity, Notification, NotificationKind, ProposalState, Vet
from tests import factories as make
from workflows import vets
from workflows.errors import Invalid, NotAllowed, WrongState
from workflows.mail_facts import MailKind

pytestmark = pytest.mark.covers("D5")

HILL = {"name": "Hill vets", "phone": "(212) 555-0123", "address": "1 Elm Road", "note": "By the school"}


@pytest.fixture
def proposal(cast):
    return vets.propose(cast.alice, cast.biscuit, HILL, actor=cast.as_alice)


def test_client_chooses_from_the_list_logged_old_to_new_and_told(cast, db_session):
    vet = make.vet("Oakfield")
    assert vets.choose(cast.biscuit, vet, actor=cast.as_alice)
    assert not vets.choose(cast.biscuit, vet, actor=cast.as_alice)
    assert cast.biscuit.vet is vet
    line = db_session.scalars(sa.select(Activity).where(Activity.verb == "pet.changed")).one()
    assert (line.client_id, line.facts["changes"]) == (cast.alice.id, {"vet": [None, "Oakfield"]})
    told = db_session.scalars(sa.select(Notification).where(Notification.kind == NotificationKind.DATA_CHANGED)).one()
    assert told.facts["about"] == ["Biscuit: Oakfield"]
    assert vets.choose(cast.biscuit, None, actor=cast.as_alice)
    assert cast.biscuit.vet is None


def test_nobody_chooses_for_others_or_what_is_not_listed(cast):
    vet, old = make.vet("Oakfield"), make.vet("Closed", is_active=False)
    with pytest.raises(NotAllowed):
        vets.choose(cast.bella, vet, actor=cast.as_alice)
    with pytest.raises(Invalid):
        vets.choose(cast.biscuit, old, actor=cast.as_alice)


def test_proposal_waits_for_the_office(cast, proposal, db_session):
    assert (proposal.state, proposal.phone, proposal.pet) == (ProposalState.PENDING, "+12125550123", cast.biscuit)
    told = db_session.scalars(sa.select(Notification).where(Notification.kind == NotificationKind.VET_PROPOSED)).one()
    assert (told.client_id, told.facts) == (cast.alice.id, {"about": ["Hill vets"], "url": "/admin/vet-proposals/"})
    assert db_session.scalar(sa.select(sa.func.count(Vet.id)).where(Vet.name == "Hill vets")) == 0
    assert vets.waiting_of(cast.alice) == [proposal]


@pytest.mark.parametrize(
    ("values", "field"),
    [({"name": " "}, "name"), ({"name": "x" * 121}, "name"), ({"phone": "no"}, "phone"), ({"address": "x" * 256}, "address"), ({"note": "x" * 2001}, "note")],
    ids=["no name", "long name", "bad phone", "long address", "long note"],
)  # fmt: skip
def test_proposal_that_says_nothing_useful_is_refused(cast, values, field):
    with pytest.raises(Invalid) as refused:
        vets.propose(cast.alice, cast.biscuit, {**HILL, **values}, actor=cast.as_alice)
    assert refused.value.field == field


def test_same_proposal_twice_and_too_many_are_refused(cast, proposal):
    with pytest.raises(Invalid, match="already"):
        vets.propose(cast.alice, cast.biscuit, {"name": "HILL VETS"}, actor=cast.as_alice)
    for n in range(9):
        vets.propose(cast.alice, None, {"name": f"Vet {n}"}, actor=cast.as_alice)
    with pytest.raises(Invalid, match="wait"):
        vets.propose(cast.alice, None, {"name": "One more"}, actor=cast.as_alice)


def test_proposals_are_for_oneself(cast):
    for client, pet, actor in (
        (cast.alice, cast.bella, cast.as_alice), (cast.bob, None, cast.as_alice), (cast.alice, None, cast.as_olivia),
    ):  # fmt: skip
        with pytest.raises(NotAllowed):
            vets.propose(client, pet, HILL, actor=actor)


def test_accepting_lists_it_gives_it_to_the_pet_and_mails(cast, proposal, outbox):
    vet = vets.accept(
        proposal, {"name": "Hillside Clinic", "phone": "(212) 555-0123"}, actor=cast.as_olivia, answer="Thanks"
    )
    assert (vet.name, vet.is_active, cast.biscuit.vet, proposal.state) == (
        "Hillside Clinic",
        True,
        vet,
        ProposalState.ACCEPTED,
    )
    facts = outbox.facts(MailKind.VET_DECIDED, to=cast.alice.email)
    assert (facts.proposed_name, facts.vet_name, facts.pet_name, facts.message) == (
        "Hill vets",
        "Hillside Clinic",
        "Biscuit",
        "Thanks",
    )


def test_merging_uses_the_one_that_is_there(cast, proposal, outbox):
    oak = make.vet("Oakfield")
    vets.merge(proposal, oak, actor=cast.as_olivia)
    assert (cast.biscuit.vet, proposal.vet_id, proposal.state) == (oak, oak.id, ProposalState.ACCEPTED)
    assert outbox.facts(MailKind.VET_DECIDED).vet_name == "Oakfield"


def test_declining_needs_a_word_and_leaves_the_pet(cast, proposal, outbox):
    with pytest.raises(Invalid):
        vets.decline(proposal, " ", actor=cast.as_olivia)
    vets.decline(proposal, "They closed in May.", actor=cast.as_olivia)
    facts = outbox.facts(MailKind.VET_DECIDED)
    assert (cast.biscuit.vet, facts.vet_name, facts.message) == (None, "", "They closed in May.")


def test_client_takes_it_back(cast, proposal, outbox):
    vets.withdraw(proposal, actor=cast.as_alice)
    assert (proposal.state, len(outbox.mails(MailKind.VET_DECIDED))) == (ProposalState.WITHDRAWN, 0)
    with pytest.raises(NotAllowed):
        vets.withdraw(vets.propose(cast.bob, None, HILL, actor=cast.as_bob), actor=cast.as_alice)


def test_what_is_decided_is_decided(cast, proposal):
    vets.decline(proposal, "No.", actor=cast.as_olivia)
    for work in (
        lambda: vets.accept(proposal, HILL | {"note": ""}, actor=cast.as_olivia),
        lambda: vets.merge(proposal, make.vet(), actor=cast.as_olivia),
        lambda: vets.withdraw(proposal, actor=cast.as_alice),
    ):
        with pytest.raises(WrongState):
            work()
    assert cast.biscuit.vet is None


@pytest.mark.parametrize("how", ["accept", "merge", "decline"])
def test_only_who_may_edit_clients_decides(cast, proposal, how):
    work = {
        "accept": lambda a: vets.accept(proposal, HILL, actor=a),
        "merge": lambda a: vets.merge(proposal, make.vet(), actor=a),
        "decline": lambda a: vets.decline(proposal, "No.", actor=a),
    }[how]
    for actor in (cast.as_alice, cast.as_sam):
        with pytest.raises(NotAllowed):
            work(actor)
