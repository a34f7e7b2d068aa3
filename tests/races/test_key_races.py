"""Two people give the same key in the same second, or take the same code: one outcome."""

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Client, Key, KeyMove, KeyPlace, Staff
from workflows import keys
from workflows.actors import staff_actor
from workflows.errors import WorkflowError

pytestmark = pytest.mark.covers("V5")


def test_the_same_key_is_given_to_two_people_at_once(cast, together):
    key = keys.add(cast.alice, {"name": "Front door", "reference": "K7"}, actor=cast.as_olivia)
    db.session.commit()
    key_id, olivia, people = key.id, cast.olivia.id, (cast.sam.id, cast.sita.id)

    def give(to):
        found = db.session.get(Key, key_id)
        return keys.move(
            found, KeyPlace.STAFF, db.session.get(Staff, to), actor=staff_actor(db.session.get(Staff, olivia)), seen_version=1
        ).id  # fmt: skip

    answers = together(*(lambda to=to: give(to) for to in people))
    refused = [a for a in answers if isinstance(a, WorkflowError)]
    assert [a.code for a in refused] == ["stale"]
    winner = people[0] if not isinstance(answers[0], WorkflowError) else people[1]
    assert db.session.get(Key, key_id).holder_id == winner
    moves = db.session.scalars(
        sa.select(KeyMove.holder_id).where(KeyMove.key_id == key_id, KeyMove.from_place.is_not(None))
    )
    assert list(moves) == [winner]


def test_two_keys_cannot_take_one_code_at_once(cast, together):
    olivia, clients = cast.olivia.id, (cast.alice.id, cast.bob.id)
    db.session.commit()

    def take(client_id):
        actor = staff_actor(db.session.get(Staff, olivia))
        return keys.add(db.session.get(Client, client_id), {"name": "Door", "reference": "K7"}, actor=actor).id

    answers = together(*(lambda c=c: take(c) for c in clients))
    assert [a.code for a in answers if isinstance(a, WorkflowError)] == ["reference_taken"]
    assert db.session.scalar(sa.select(sa.func.count(Key.id))) == 1
