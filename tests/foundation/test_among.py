"""Many keys as one parameter, on both databases."""

import pytest
import sqlalchemy as sa

from foundation.among import among
from foundation.db import db
from models import Client, Pet

KEPT = sa.select(Pet.name).where(among(Pet.id, "keys")).order_by(Pet.name)


def test_it_finds_what_in_finds_also_in_a_statement_that_is_kept(app, cast):
    ids = [cast.biscuit.id, cast.bella.id]
    names = sorted([cast.biscuit.name, cast.bella.name])
    wanted = sa.select(Pet.name).order_by(Pet.name)
    assert db.session.scalars(wanted.where(among(Pet.id, ids))).all() == names
    assert db.session.scalars(wanted.where(among(Pet.id, set(ids)))).all() == names
    assert db.session.scalars(wanted.where(among(Pet.id, dict.fromkeys(ids, "")))).all() == names
    for keys in (ids, ids[:1], [], [0, 2**31 - 1], [*ids, *ids]):
        assert (
            db.session.scalars(KEPT, {"keys": keys}).all() == db.session.scalars(wanted.where(Pet.id.in_(keys))).all()
        )


def test_it_goes_with_other_conditions_and_the_other_way_round(app, cast):
    everybody = db.session.scalars(sa.select(Client.id)).all()
    one = [cast.alice.id]
    assert db.session.scalars(sa.select(Client.id).where(sa.not_(among(Client.id, one)))).all() == [
        i for i in everybody if i not in one
    ]
    both = sa.or_(among(Client.id, one), sa.and_(among(Client.id, everybody), Client.id == cast.bob.id))
    assert set(db.session.scalars(sa.select(Client.id).where(both))) == {cast.alice.id, cast.bob.id}


@pytest.mark.parametrize("n", [0, 1, 3000])
def test_it_asks_with_one_parameter_however_many_keys_there_are(app, cast, n):
    sent = []

    def note(_connection, _cursor, statement, parameters, *_more):
        sent.append((statement, parameters))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        db.session.scalars(sa.select(Pet.id).where(among(Pet.id, range(n)))).all()
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    ((statement, parameters),) = [s for s in sent if "pet" in s[0]]
    assert len(parameters) == 1
    assert len(statement) < 200


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_sqlite_looks_the_keys_up_in_the_index(app, cast):
    """SQLAlchemy asks of a function whether it is true, and SQLite then reads the whole table."""
    wanted = sa.select(Pet.name).where(among(Pet.id, [1, 2]), Pet.name != "")
    compiled = wanted.compile(db.engine)
    parameters = tuple(compiled.params[name] for name in compiled.positiontup)
    plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", (str([1, 2]), *parameters[1:]))
    steps = [row[3] for row in plan]
    assert any(step.startswith("SEARCH pet USING INTEGER PRIMARY KEY") for step in steps), steps
