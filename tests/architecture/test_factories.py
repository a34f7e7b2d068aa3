"""Every table has a factory, and each makes its row on both databases."""

import pytest

from foundation.db import Base
from tests import cast as cast_
from tests.factories import FACTORIES


def test_every_table_has_a_factory():
    assert {mapper.class_ for mapper in Base.registry.mappers} == set(FACTORIES)


@pytest.mark.parametrize("kind", FACTORIES, ids=lambda kind: kind.__name__)
def test_factory_makes_one_row_that_comes_back_as_it_was(db_session, kind):
    row = FACTORIES[kind]()
    key = row.__mapper__.primary_key_from_instance(row)
    db_session.commit()
    db_session.expire_all()
    assert db_session.get(kind, key) is row


def test_cast_can_be_put_on_stage(db_session):
    made = cast_.make_cast()
    db_session.commit()
    assert (str(made.alice), [p.name for p in made.alice.pets]) == ("Alice Archer", ["Biscuit", "Mochi"])
