"""Statements with the values that never change written into them, on both databases."""

import sqlalchemy as sa

from foundation.among import among
from foundation.db import db, rows_of
from foundation.fixed import fixed
from models import Client, ClientStatus, Job, JobState, Pet
from tests import factories as make
from tests.databases import statements

_job, _client, _pet = Job.__table__.c, Client.__table__.c, Pet.__table__.c


def test_states_and_lists_of_them_are_written_and_names_stay_parameters(app, cast):
    kept = make.job(cast.alice, cast.walk)
    make.job(cast.alice, cast.walk, state=JobState.CANCELLED)
    make.job(cast.bob, cast.walk)
    wanted = (
        sa.select(_job.id, sa.literal("visit"), _job.state)
        .join(Client.__table__, _client.id == _job.client_id)
        .where(
            _job.client_id == sa.bindparam("client_id", type_=sa.Integer), among(_client.id, "keys"),
            _job.state.in_([JobState.SCHEDULED, JobState.COMPLETED]), _client.status == ClientStatus.ACTIVE,
        )
    )  # fmt: skip
    db.session.flush()
    values = {"client_id": cast.alice.id, "keys": [cast.alice.id, cast.bob.id]}
    with statements() as sent:
        assert rows_of(fixed(wanted), values) == rows_of(wanted, values) == [(kept.id, "visit", JobState.SCHEDULED)]
    assert "IN ('scheduled', 'completed')" in sent[0]
    assert "'active'" in sent[0]
    assert "'active'" not in sent[1]


def test_what_a_text_cannot_say_safely_stays_a_parameter(app, cast):
    cast.biscuit.name = r"O'Brien: 100% \o/"
    db.session.flush()
    for text in ("O'Brien: 100% \\o/", "O'Brien", "100%"):
        of_name = sa.select(_pet.id).where(_pet.name.contains(text, autoescape=True))
        assert rows_of(fixed(of_name)) == rows_of(of_name) == [(cast.biscuit.id,)]


def test_two_statements_with_other_values_are_two(app, cast):
    make.job(cast.alice, cast.walk, state=JobState.CANCELLED)
    db.session.flush()
    of_state = [sa.select(sa.func.count(_job.id)).where(_job.state == state) for state in JobState]
    found = [rows_of(fixed(one))[0][0] for one in of_state]
    assert found == [rows_of(one)[0][0] for one in of_state]
    assert set(found) == {0, 1}
