"""Rows that read like entities: their names and properties, and that they cannot be taken for what is saved."""

import pytest
import sqlalchemy as sa

from foundation.among import among
from foundation.db import db
from foundation.twins import Twin, attached, put_beside, row_of
from models import Client, ClientLogin, Job, JobState, Pet, ServiceItem, Staff, job_pet
from tests import factories as make
from tests.databases import statements

JOB = Twin(
    Job, "on_date", "state", service_item=Twin(ServiceItem, "name"), sitter=Twin(Staff, "first_name", "last_name")
)
PET = Twin(Pet, "name")
STATEMENT = (
    sa.select(*JOB.columns)
    .join(ServiceItem.__table__, ServiceItem.__table__.c.id == JOB.c.service_item_id)
    .outerjoin(Staff.__table__, Staff.__table__.c.id == JOB.c.sitter_id)
    .order_by(JOB.c.id)
)


@pytest.fixture
def jobs(cast):
    made = [
        make.job(cast.alice, cast.walk, pets=[cast.biscuit, cast.mochi], sitter=cast.sam),
        make.job(cast.alice, cast.walk, sitter=None),
    ]
    db.session.commit()
    return JOB.read(db.session.execute(STATEMENT.where(among(JOB.c.id, [job.id for job in made]))))


def test_a_twin_has_what_was_read_with_the_entitys_types_and_methods(jobs, cast):
    first, second = jobs
    assert (first.state, first.service_item.name) == (JobState.SCHEDULED, cast.walk.name)
    assert str(first.sitter) == str(cast.sam)
    assert second.sitter is None


def test_lists_of_others_are_put_beside_it(jobs):
    pets = (
        sa.select(job_pet.c.job_id, *PET.columns).join(Pet.__table__, PET.c.id == job_pet.c.pet_id).order_by(PET.c.name)
    )
    put_beside(jobs, "pets", PET.by_first(db.session.execute(pets)))
    assert [[p.name for p in job.pets] for job in jobs] == [["Biscuit", "Mochi"], []]


def test_a_twin_knows_all_that_was_read_of_it_where_that_is_wanted(cast):
    clients = Twin(Client, "first_name", pets=Twin(Pet, "name"))
    asked = sa.select(*clients.columns).select_from(clients.joined()).where(clients.c.id == cast.alice.id).order_by(Pet.__table__.c.id)  # fmt: skip
    (alice,) = clients.read(db.session.execute(asked), keep_rows=True)
    assert row_of(alice) == (
        cast.alice.id, "Alice", cast.biscuit.id, "Biscuit", cast.alice.id, "Alice", cast.mochi.id, "Mochi",
    )  # fmt: skip
    assert [row_of(c) for c in (*clients.read(db.session.execute(asked)), cast.alice)] == [None, None]


def test_a_list_comes_with_its_owner_and_each_of_it_knows_whose_it_is(cast):
    clients = Twin(Client, "first_name", pets=Twin(Pet, "name"), primary_sitter=Twin(Staff, "first_name"))
    alone = make.client("Dora", "Doe")
    statement = sa.select(*clients.columns).select_from(clients.joined()).order_by(clients.c.id, Pet.__table__.c.id)
    found = {c.id: c for c in clients.read(db.session.execute(statement))}
    assert [p.name for p in found[cast.alice.id].pets] == ["Biscuit", "Mochi"]
    assert found[alone.id].pets == []
    assert all(pet.client is client for client in found.values() for pet in client.pets)
    with pytest.raises(RuntimeError, match="can have one list"):
        Twin(Client, pets=Twin(Pet), logins=Twin(ClientLogin)).read([])


def test_what_was_not_read_is_an_error_in_templates_too(app, jobs):
    with pytest.raises(RuntimeError, match=r"Job\.note was not read"):
        _ = jobs[0].note
    with pytest.raises(RuntimeError, match=r"Job\.client was not read"):
        app.jinja_env.from_string("{{ job.client }}").render(job=jobs[0])
    with pytest.raises(AttributeError):
        _ = jobs[0].no_such_thing


def test_it_cannot_be_changed(jobs):
    with pytest.raises(RuntimeError, match="would not be saved"):
        jobs[0].state = JobState.CANCELLED


def test_tables_beside_are_joined_by_the_relations_keys_and_may_be_missing(cast):
    made = [make.job(cast.alice, cast.walk, sitter=cast.sam), make.job(cast.alice, cast.walk, sitter=None)]
    db.session.commit()
    rows = sa.select(*JOB.columns).select_from(JOB.joined()).where(among(JOB.c.id, [job.id for job in made]))
    read = JOB.read(db.session.execute(rows.order_by(JOB.c.id)))
    assert [job.service_item.name for job in read] == [cast.walk.name] * 2
    assert [job.sitter and job.sitter.id for job in read] == [cast.sam.id, None]


WHOLE = Twin.whole(Job, sitter=Twin.whole(Staff))


def _whole(job):
    statement = sa.select(*WHOLE.columns).select_from(WHOLE.joined()).where(WHOLE.c.id == job.id)
    return WHOLE.read(db.session.connection().execute(statement))[0]


def test_the_entity_of_a_twin_is_as_if_it_had_been_loaded(cast):
    job = make.job(cast.alice, cast.walk, pets=[cast.biscuit], sitter=cast.sam)
    db.session.flush()
    db.session.expunge_all()
    read = _whole(job)
    with statements() as sent:
        entity = attached(read)
        assert (entity.state, entity.sitter.first_name, attached(entity)) == (JobState.SCHEDULED, "Sam", entity)
        assert not db.session.dirty
        assert not sent
        assert [pet.name for pet in entity.pets] == ["Biscuit"]
        assert len(sent) == 1
    entity.note = "Ring twice."
    db.session.commit()
    db.session.flush()
    db.session.expunge_all()
    assert (db.session.get(Job, job.id).note, attached(_whole(job)).version) == ("Ring twice.", 2)


def test_an_entity_that_the_session_has_stays_as_it_is(cast):
    job = make.job(cast.alice, cast.walk, sitter=cast.sam)
    read = _whole(job)
    job.note = "Not saved yet."
    assert attached(read) is job
    assert job.note == "Not saved yet."


def test_what_a_twin_was_not_read_with_is_loaded_for_its_entity(jobs, cast):
    db.session.flush()
    db.session.expunge_all()
    assert attached(jobs[0]).client.first_name == "Alice"


def test_what_stands_beside_a_twin_may_have_a_name_that_is_no_relation(jobs):
    named = Twin(Job, "on_date", what=Twin(ServiceItem, "name"))
    wanted = sa.select(*named.columns).join(
        ServiceItem.__table__, ServiceItem.__table__.c.id == named.c.service_item_id
    )
    assert {job.what.name for job in named.read(db.session.execute(wanted))} == {job.service_item.name for job in jobs}
