"""Thousands of rows as tuples: the same values, defaults and constraints as in any insert."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.inserting import insert_rows, new_ids, unsaid
from models import Job, JobState, Vet
from tests import factories as make

COLUMNS = (
    "public_id", "client_id", "service_item_id", "on_date", "ends_on", "start_time", "duration_minutes", "state", "price",
    "sitter_pay", "price_lines", "note",
)  # fmt: skip
DAY = dt.date(2026, 12, 24)


def job_row(client, item, public_id, **other):
    values = {
        "public_id": public_id, "client_id": client.id, "service_item_id": item.id, "on_date": DAY, "ends_on": DAY,
        "start_time": dt.time(7, 30), "duration_minutes": 30, "state": JobState.SCHEDULED, "price": Decimal("24.50"),
        "sitter_pay": Decimal(12), "price_lines": [{"code": "base", "text": "Ä\t\\N\n"}], "note": "Tab\there, \\N and\nlines",
        **other,
    }  # fmt: skip
    return tuple(values[name] for name in COLUMNS)


def test_rows_come_back_as_they_were_given_with_defaults_in_the_other_columns(db_session):
    client, item = make.client(), make.service_item()
    db_session.flush()
    rows = [job_row(client, item, "a"), job_row(client, item, "b", start_time=None, price=Decimal(0), note="")]
    insert_rows(Job.__table__, COLUMNS, iter(rows))
    first, second = db_session.scalars(sa.select(Job).order_by(Job.public_id)).all()
    assert (first.on_date, first.start_time, first.state, first.price) == (DAY, dt.time(7, 30), JobState.SCHEDULED, Decimal("24.50"))  # fmt: skip
    assert (first.price_lines, first.note) == ([{"code": "base", "text": "Ä\t\\N\n"}], "Tab\there, \\N and\nlines")
    assert (second.start_time, second.price, second.note, second.cancel_reason) == (None, Decimal(0), "", "")
    assert (first.version, first.repeat_edited, first.sitter_id) == (1, False, None)
    assert clock.now() - first.created_at < dt.timedelta(minutes=1)


def test_defaults_that_are_made_are_made_for_each_row(db_session):
    client, item = make.client(), make.service_item()
    db_session.flush()
    rows = [job_row(client, item, "unused")[1:] for _n in range(3)]
    insert_rows(Job.__table__, COLUMNS[1:], rows)
    assert len(set(db_session.scalars(sa.select(Job.public_id)))) == 3


def test_what_waits_in_the_session_is_written_before(db_session):
    vet = Vet(name="Elm Street Vets")
    db_session.add(vet)
    insert_rows(Vet.__table__, ("name",), [("Oak Street Vets",)])
    assert db_session.scalars(sa.select(Vet.name).order_by(Vet.id)).all() == ["Elm Street Vets", "Oak Street Vets"]


def test_no_rows_change_nothing(db_session):
    insert_rows(Vet.__table__, ("name",), [])
    assert db_session.scalar(sa.select(sa.func.count()).select_from(Vet)) == 0


def test_what_the_database_refuses_is_an_integrity_error_and_leaves_nothing_behind(db_session):
    client, item = make.client(), make.service_item()
    db_session.flush()
    with pytest.raises(sa.exc.IntegrityError), db_session.begin_nested():
        insert_rows(Job.__table__, COLUMNS, [job_row(client, item, "a"), job_row(client, item, "a")])
    assert db_session.scalar(sa.select(sa.func.count()).select_from(Job)) == 0


def test_a_value_that_is_none_of_the_column_is_refused(db_session):
    client, item = make.client(), make.service_item()
    db_session.flush()
    with pytest.raises((LookupError, sa.exc.StatementError)), db_session.begin_nested():
        insert_rows(Job.__table__, COLUMNS, [job_row(client, item, "a", state="lost")])


def test_new_numbers_are_nobody_elses_even_after_the_last_row_is_gone(db_session):
    client, item = make.client(), make.service_item()
    gone = make.job(item=item, client_=client)
    db_session.flush()
    last = gone.id
    db_session.delete(gone)
    numbers = new_ids(Job.__table__, 3)
    assert numbers == sorted(set(numbers))
    assert numbers[0] > last
    insert_rows(Job.__table__, ("id", *COLUMNS), [(n, *job_row(client, item, f"own{n}")) for n in numbers])
    after = make.job(item=item, client_=client)
    db_session.flush()
    assert after.id > numbers[-1]


def test_new_numbers_of_any_table_follow_those_that_are_there(db_session):
    vet = Vet(name="Elm Street Vets")
    db_session.add(vet)
    numbers = new_ids(Vet.__table__, 2)
    assert numbers[0] > vet.id
    insert_rows(Vet.__table__, ("id", "name"), [(n, f"Vet {n}") for n in numbers])
    assert set(db_session.scalars(sa.select(Vet.id))) == {vet.id, *numbers}


def test_what_nobody_names_is_what_the_database_holds(db_session):
    client, item = make.client(), make.service_item()
    db_session.flush()
    insert_rows(Job.__table__, COLUMNS, [job_row(client, item, "a")])
    held = db_session.execute(sa.select(Job.__table__)).mappings().one()
    rest = {name: value for name, value in unsaid(Job).items() if name not in {*COLUMNS, "id"}}
    assert {name: held[name] for name in rest} == rest
    assert {"repeat_edited", "staff_note", "version", "sitter_id"} <= rest.keys()
