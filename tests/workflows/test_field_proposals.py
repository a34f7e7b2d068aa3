"""Fields that need approval: accepted into the record, declined with a word, taken back; never decided twice."""

import pytest

from foundation import clock
from foundation.db import db
from models import Activity, FieldKind, FieldProposal, FilePurpose, ProposalState
from tests import factories as make
from tests.databases import count, statements, together
from workflows import field_proposals, field_values
from workflows.errors import Invalid, NotAllowed, WrongState
from workflows.field_saving import save

pytestmark = pytest.mark.covers("D6")


@pytest.fixture
def place(cast):
    return make.custom_field(make.field_section(make.field_page()), label="Key place", needs_approval=True)


def wish(cast, field, text="mat", owner=None):
    save(owner or cast.alice, {field.public_id: text}, actor=cast.as_alice)
    db.session.commit()
    return db.session.query(FieldProposal).filter_by(state=ProposalState.PENDING, field_id=field.id).one()


def held(owner, field):
    return field_values.read(owner).of(field)


def test_accepting_writes_the_value_and_logs_old_and_new(cast, place):
    one = wish(cast, place)
    assert field_proposals.pending() == [one]
    assert field_proposals.accept(one, actor=cast.as_max, answer=" Thank you ") == "mat"
    assert (held(cast.alice, place), one.state, one.decided_by, one.answer) == (
        "mat", ProposalState.ACCEPTED, cast.max, "Thank you",
    )  # fmt: skip
    (line,) = db.session.query(Activity).filter_by(verb="client.changed")
    assert (line.facts["changes"], line.actor_name) == ({"Key place": ["", "mat"]}, "Max Mason")
    assert field_proposals.pending() == []


def test_declining_leaves_the_record_and_keeps_the_answer(cast, place):
    one = wish(cast, place)
    field_proposals.decline(one, actor=cast.as_max, answer="Too easy to find")
    assert (held(cast.alice, place), one.state, one.answer) == (None, ProposalState.DECLINED, "Too easy to find")
    assert count(Activity, Activity.verb == "field_proposal.declined") == 1


def test_the_client_takes_it_back(cast, place):
    one = wish(cast, place)
    with pytest.raises(NotAllowed):
        field_proposals.withdraw(one, actor=cast.as_bob)
    with pytest.raises(NotAllowed):
        field_proposals.withdraw(one, actor=cast.as_max)
    field_proposals.withdraw(one, actor=cast.as_alice)
    assert one.state is ProposalState.WITHDRAWN
    for decide in (field_proposals.accept, field_proposals.decline):
        with pytest.raises(WrongState):
            decide(one, actor=cast.as_max)
    with pytest.raises(WrongState):
        field_proposals.withdraw(one, actor=cast.as_alice)
    assert held(cast.alice, place) is None


def test_only_who_may_change_clients_decides_and_secrets_need_their_own_permission(cast, place, monkeypatch):
    place.is_secret = True
    one = wish(cast, place, "4711")
    assert "4711" not in str(one.facts)
    for actor in (cast.as_sam, cast.as_alice):
        with pytest.raises(NotAllowed):
            field_proposals.accept(one, actor=actor)
        with pytest.raises(NotAllowed):
            field_proposals.decline(one, actor=actor)
    field_proposals.accept(one, actor=cast.as_max)
    assert held(cast.alice, place) == "4711"
    assert "4711" not in str([a.facts for a in db.session.query(Activity)])


def test_a_pet_s_field_is_written_to_the_pet(cast):
    food = make.custom_field(make.field_section(make.field_page("pet")), needs_approval=True)
    one = wish(cast, food, "raw", cast.mochi)
    assert (one.pet, one.client) == (cast.mochi, cast.alice)
    field_proposals.accept(one, actor=cast.as_max)
    assert (held(cast.mochi, food), held(cast.biscuit, food)) == ("raw", None)


def test_what_fits_no_more_is_refused_and_stays_to_be_declined(cast, place):
    one = wish(cast, place)
    place.retired_at = clock.now()
    with pytest.raises(Invalid):
        field_proposals.accept(one, actor=cast.as_max)
    db.session.rollback()
    assert one.state is ProposalState.PENDING
    field_proposals.decline(one, actor=cast.as_max)


def test_a_wish_to_empty_a_field_is_accepted_too(cast, place):
    make.field_value(place, cast.alice, text="pot")
    assert field_proposals.accept(wish(cast, place, ""), actor=cast.as_max) is None
    assert held(cast.alice, place) is None


def test_a_proposed_file_goes_when_it_is_not_taken(cast):
    picture = make.custom_field(make.field_section(make.field_page()), kind=FieldKind.IMAGE, needs_approval=True)
    file = make.stored_file(cast.alice, purpose=FilePurpose.FIELD, media_type="image/webp")
    one = wish(cast, picture, file.public_id)
    field_proposals.decline(one, actor=cast.as_max)
    assert file.removed_at is not None
    kept = make.stored_file(cast.alice, purpose=FilePurpose.FIELD, media_type="image/webp")
    field_proposals.accept(wish(cast, picture, kept.public_id), actor=cast.as_max)
    assert (held(cast.alice, picture), kept.removed_at) == (kept, None)


def test_of_two_who_decide_at_once_one_wins(app, cast, place):
    one = wish(cast, place)
    proposal, staff = one.id, cast.max.id

    def doing(decide):
        def do():
            from models import Staff
            from workflows.actors import staff_actor

            decide(db.session.get(FieldProposal, proposal), actor=staff_actor(db.session.get(Staff, staff)))

        return do

    results = together(app, doing(field_proposals.accept), doing(field_proposals.decline))
    assert sorted(type(r).__name__ for r in results) == ["NoneType", "WrongState"]
    db.session.refresh(one)
    assert (one.state is ProposalState.ACCEPTED) is (held(cast.alice, place) == "mat")


def test_the_queue_costs_one_query(cast, place):
    for n in (1, 2, 3):
        wish(cast, make.custom_field(place.section, needs_approval=True), str(n))
    db.session.commit()
    db.session.expire_all()
    with statements() as sql:
        assert [(p.field.needs_approval, p.client.first_name, p.pet) for p in field_proposals.pending()] == [(True, "Alice", None)] * 3  # fmt: skip
    assert len(sql) == 1
