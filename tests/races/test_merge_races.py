"""Two people merge, or one merges while the household asks for visits, in the same second: one record has it all."""

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Client, JobRequest, JobRequestLine, MergedRecord, Pet, Staff
from tests import factories as make
from workflows import baskets
from workflows.actors import client_actor, staff_actor
from workflows.errors import WorkflowError
from workflows.merging import undoing
from workflows.merging.merge import merge
from workflows.wanted import Wanted

pytestmark = pytest.mark.covers("S3", "S6")


@pytest.fixture
def pair(cast):
    """Alice and the same household once more, committed."""
    ally = make.client("Ally", "Archer")
    make.pet(ally, "Otto")
    db.session.commit()
    return cast.alice.id, ally.id


def join(olivia_id, stays, goes):
    versions = tuple(db.session.get(Client, i).version for i in (stays, goes))
    actor = staff_actor(db.session.get(Staff, olivia_id))
    return merge("client", stays, goes, {}, versions=versions, actor=actor).id


def test_each_into_the_other_at_once_ends_with_one_of_them(cast, pair, together):
    olivia, (alice, ally) = cast.olivia.id, pair
    answers = together(*[lambda: join(olivia, alice, ally), lambda: join(olivia, ally, alice)] * 2)
    (stays,) = [a for a in answers if not isinstance(a, WorkflowError)]
    (goes,) = {*pair} - {stays}
    assert db.session.execute(sa.select(MergedRecord.record_id, MergedRecord.into_id)).all() == [(goes, stays)]
    assert set(db.session.scalars(sa.select(Pet.client_id).where(Pet.client_id.in_(pair)))) == {stays}


def test_a_household_that_asks_while_it_is_merged_leaves_nothing_at_the_old_record(cast, pair, together):
    olivia, (alice, ally), walk = cast.olivia.id, pair, cast.walk.id

    def ask():
        client = db.session.get(Client, ally)
        wanted = Wanted(db.session.get(type(cast.walk), walk), [make.DAY], pets=list(client.pets))
        baskets.add(client, wanted, actor=client_actor(client))

    asked, joined = together(ask, lambda: join(olivia, alice, ally))
    assert joined == alice
    owners = set(db.session.scalars(sa.select(JobRequest.client_id).where(JobRequest.client_id.in_(pair))))
    assert owners == (set() if isinstance(asked, WorkflowError) else {alice})


def test_two_who_undo_one_merge_at_once_undo_it_once_and_nothing_is_lost(cast, pair, together):
    olivia, (alice, ally) = cast.olivia.id, pair
    join(olivia, alice, ally)
    db.session.commit()

    mark = undoing.look(undoing.find("client", ally).note, actor=staff_actor(db.session.get(Staff, olivia))).mark

    def undo():
        return undoing.undo("client", ally, mark=mark, actor=staff_actor(db.session.get(Staff, olivia))).id

    answers = together(*[undo] * 3)
    assert [a for a in answers if not isinstance(a, Exception)] == [ally]
    assert not db.session.execute(sa.select(MergedRecord.record_id)).all()
    owners = dict(db.session.execute(sa.select(Pet.name, Pet.client_id).where(Pet.client_id.in_(pair))).all())
    assert owners == {"Otto": ally, "Biscuit": alice, "Mochi": alice}


def test_a_household_that_asks_while_the_merge_is_undone_has_its_visit_at_one_of_them(cast, pair, together):
    olivia, (alice, ally), walk = cast.olivia.id, pair, cast.walk.id
    join(olivia, alice, ally)
    db.session.commit()
    actor = staff_actor(db.session.get(Staff, olivia))
    mark = undoing.look(undoing.find("client", ally).note, actor=actor).mark

    def ask():
        client = db.session.get(Client, alice)
        wanted = Wanted(db.session.get(type(cast.walk), walk), [make.DAY], pets=list(client.pets))
        baskets.add(client, wanted, actor=client_actor(client))

    asked, undone = together(ask, lambda: undoing.undo("client", ally, mark=mark, actor=staff_actor(db.session.get(Staff, olivia))).id)  # fmt: skip
    otto = db.session.scalar(sa.select(Pet.client_id).where(Pet.name == "Otto"))
    line = db.session.execute(sa.select(JobRequestLine.client_id, JobRequest.client_id).join(JobRequest).where(JobRequestLine.client_id.in_(pair))).all()  # fmt: skip
    if isinstance(undone, WorkflowError):  # the visit of pets of both came first
        assert (otto, asked, line) == (alice, None, [(alice, alice)])
    else:
        assert otto == ally
        assert line in ([], [(alice, alice)])
