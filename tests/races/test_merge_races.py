"""Two people merge, or one merges while the household asks for visits, in the same second: one record has it all."""

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Client, JobRequest, MergedRecord, Pet, Staff
from tests import factories as make
from workflows import baskets
from workflows.actors import client_actor, staff_actor
from workflows.errors import WorkflowError
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
