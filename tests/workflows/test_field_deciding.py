"""The office's yes or no to many proposals: what is written, who is told, and of two who decide exactly one does."""

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import FieldArea, FieldKind, FieldProposal, FieldValue, ProposalState, Staff
from tests import factories as make
from workflows import field_deciding, field_saving, field_values, settings
from workflows.actors import client_actor, staff_actor
from workflows.errors import Invalid, NotAllowed
from workflows.mail_facts import DetailsDecided, MailKind

pytestmark = pytest.mark.covers("D6")


def asks(owner, actor, label="Way in", new="Cellar", **more):
    """The client asks for a field's change; its proposal."""
    area = FieldArea.PET if owner.__tablename__ == "pet" else FieldArea.CLIENT
    field = make.custom_field(make.field_section(make.field_page(area)), label=label, needs_approval=True, **more)
    field_saving.save(owner, {field.public_id: new}, actor=actor)
    db.session.commit()
    return db.session.scalars(sa.select(FieldProposal).where(FieldProposal.field_id == field.id)).one()


def held(proposal):
    db.session.expire_all()
    return field_values.read(proposal.pet or proposal.client).of(proposal.field)


def test_many_are_accepted_at_once_and_each_client_gets_one_mail(cast, outbox):
    way, food = asks(cast.alice, cast.as_alice), asks(cast.mochi, cast.as_alice, "Feeding", "Fish")
    bobs = asks(cast.bob, cast.as_bob, "Parking", "Yard")
    decided = field_deciding.decide([p.public_id for p in (bobs, way, food)], accept=True, actor=cast.as_max, answer=" Thank \n you ")  # fmt: skip
    db.session.commit()
    assert ([p.id for p in decided.done], decided.over, decided.refused) == ([way.id, food.id, bobs.id], 0, [])
    assert [held(p) for p in (way, food, bobs)] == ["Cellar", "Fish", "Yard"]
    assert {(p.state, p.answer, p.decided_by_id) for p in (way, food, bobs)} == {(ProposalState.ACCEPTED, "Thank you", cast.max.id)}  # fmt: skip
    assert outbox.facts(MailKind.DETAILS_DECIDED, to="alice@example.com") == DetailsDecided(
        "Alice Archer", "4417209318", ("Way in", "Mochi: Feeding"), (), "Thank you"
    )
    assert outbox.facts(MailKind.DETAILS_DECIDED, to="bob@example.com").accepted == ("Parking",)


def test_declined_ones_leave_the_record_and_the_mail_names_no_value(cast, outbox):
    code = asks(cast.alice, cast.as_alice, "Alarm code", "4711-geheim", is_secret=True)
    field_deciding.decide([code.public_id], accept=False, actor=cast.as_max, answer="Call us")
    db.session.commit()
    assert (held(code), code.state, code.answer) == (None, ProposalState.DECLINED, "Call us")
    mail = outbox.one(MailKind.DETAILS_DECIDED)
    assert (mail.facts["declined"], mail.facts["message"]) == (["Alarm code"], "Call us")
    assert "4711" not in str(mail.facts)


def test_no_mail_when_the_setting_says_so(cast, outbox):
    settings.change({"portal.tell_decided": ""}, actor=cast.as_olivia)
    way = asks(cast.alice, cast.as_alice)
    field_deciding.decide([way.public_id], accept=True, actor=cast.as_max)
    assert (held(way), outbox.kinds()) == ("Cellar", [])


def test_what_cannot_be_accepted_is_named_and_the_rest_is_done(cast, outbox):
    way = asks(cast.alice, cast.as_alice)
    raw = [{"key": "raw", "label": "Raw"}, {"key": "dry", "label": "Dry"}]
    food = asks(cast.mochi, cast.as_alice, "Food", "raw", kind=FieldKind.CHOICE, choices=raw)
    food.field.choices = raw[1:]
    db.session.commit()
    decided = field_deciding.decide([food.public_id, way.public_id, "nothing"], accept=True, actor=cast.as_max)
    db.session.commit()
    assert [p.id for p in decided.done] == [way.id]
    assert [p.id for p, _why in decided.refused] == [food.id]
    assert (held(way), held(food), food.state) == ("Cellar", None, ProposalState.PENDING)
    assert outbox.facts(MailKind.DETAILS_DECIDED).accepted == ("Way in",)


@pytest.mark.covers("C4")
def test_of_two_managers_who_decide_at_once_exactly_one_does(cast, together, outbox):
    proposals = [asks(cast.alice, cast.as_alice, f"Field {n}", "New") for n in range(3)]
    ids, max_, olivia = [p.public_id for p in proposals], cast.max.id, cast.olivia.id

    def decide(staff_id, *, accept, order):
        actor = staff_actor(db.session.get(Staff, staff_id))
        decided = field_deciding.decide(order, accept=accept, actor=actor)
        return len(decided.done), decided.over

    answers = together(
        lambda: decide(max_, accept=True, order=ids), lambda: decide(olivia, accept=False, order=ids[::-1])
    )
    assert sorted(answers) == [(0, 3), (3, 0)]
    states = set(db.session.scalars(sa.select(FieldProposal.state)))
    accepted = answers[0] == (3, 0)
    assert states == {ProposalState.ACCEPTED if accepted else ProposalState.DECLINED}
    assert [held(p) for p in proposals] == (["New"] * 3 if accepted else [None] * 3)
    assert len(outbox.mails(MailKind.DETAILS_DECIDED)) == 1


@pytest.mark.covers("C4")
def test_the_client_asks_for_something_else_while_the_office_decides(cast, together):
    way = asks(cast.alice, cast.as_alice)
    key, number, public_id, max_ = way.field.public_id, cast.alice.id, way.public_id, cast.max.id

    def ask_again():
        alice = db.session.get(type(cast.alice), number)
        return len(field_saving.save(alice, {key: "Roof"}, actor=client_actor(alice)).proposed)

    def accept():
        decided = field_deciding.decide([public_id], accept=True, actor=staff_actor(db.session.get(Staff, max_)))
        return len(decided.done), decided.over

    asked, decided = together(ask_again, accept)
    states = dict(db.session.execute(sa.select(FieldProposal.public_id, FieldProposal.state)).all())
    first = states.pop(public_id)
    assert (asked, list(states.values())) == (1, [ProposalState.PENDING])
    assert (decided, first, held(way)) in {
        ((1, 0), ProposalState.ACCEPTED, "Cellar"),
        ((0, 1), ProposalState.WITHDRAWN, None),
    }


def test_only_who_may_edit_clients_decides_and_secrets_need_more(cast, monkeypatch):
    way = asks(cast.alice, cast.as_alice)
    for actor in (cast.as_sam, cast.as_alice):
        with pytest.raises(NotAllowed):
            field_deciding.decide([way.public_id], accept=True, actor=actor)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(FieldValue)) == 0


@pytest.mark.parametrize(
    ("ids", "answer", "code"), [([], "x" * 256, "too_long"), (["a"] * 201, "", "too_many")], ids=["word", "many"]
)
def test_a_word_and_a_batch_have_an_end(cast, ids, answer, code):
    with pytest.raises(Invalid) as refused:
        field_deciding.decide(ids, accept=True, actor=cast.as_max, answer=answer)
    assert refused.value.code == code


def test_the_badge_counts_clients(cast):
    for label in ("A", "B"):
        asks(cast.alice, cast.as_alice, label)
    bobs = asks(cast.bob, cast.as_bob)
    assert db.session.scalar(field_deciding.CLIENTS_WAITING) == 2
    field_deciding.decide([bobs.public_id], accept=False, actor=cast.as_max)
    assert db.session.scalar(field_deciding.CLIENTS_WAITING) == 1
