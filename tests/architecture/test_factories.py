"""Every table has a factory, and each makes its row on both databases."""

from foundation.db import Base
from tests import cast as cast_
from tests.factories import FACTORIES


def test_every_table_has_a_factory():
    assert {mapper.class_ for mapper in Base.registry.mappers} == set(FACTORIES)


def test_each_factory_makes_a_row_that_comes_back_as_it_was(db_session):
    for kind, factory in FACTORIES.items():
        row = factory()
        key = row.__mapper__.primary_key_from_instance(row)
        db_session.commit()
        db_session.expire_all()
        assert (kind.__name__, db_session.get(kind, key) is row) == (kind.__name__, True)


def test_cast_can_be_put_on_stage(db_session):
    made = cast_.make_cast()
    db_session.commit()
    assert (str(made.alice), [p.name for p in made.alice.pets]) == ("Alice Archer", ["Biscuit", "Mochi"])
