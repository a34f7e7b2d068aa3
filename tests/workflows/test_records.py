"""Plain records: added, changed and removed with a log line of what changed, old to new."""

import datetime as dt
from decimal import Decimal

import pytest

from models import Activity, Client, ClientLogin, Vet
from tests import factories as make
from tests.databases import count
from workflows import records
from workflows.errors import Invalid


def log(db_session):
    db_session.flush()
    return [(a.verb, a.client_id, a.facts) for a in db_session.query(Activity).order_by(Activity.id)]


def test_add_logs_the_name(cast, db_session):
    records.add(Vet(name="High Street Vets"), actor=cast.as_max)
    assert log(db_session) == [("vet.added", None, {"name": "High Street Vets"})]


def test_add_of_a_client_stands_in_the_client_s_own_log(cast, db_session):
    carla = Client(account_number="1234567890", first_name="Carla")
    records.add(carla, actor=cast.as_max)
    assert log(db_session) == [("client.added", carla.id, {"name": "Carla"})]


def test_change_logs_old_and_new_of_what_really_changed(cast, db_session):
    off = make.time_off(cast.sam)
    changed = records.change(
        off, {"first_on": make.DAY, "last_on": dt.date(2026, 11, 28), "note": "wedding"}, actor=cast.as_max
    )
    assert changed == {"last_on": ["2026-11-26", "2026-11-28"], "note": ["", "wedding"]}
    assert log(db_session) == [("time_off.changed", None, {"name": str(off), "changes": changed})]


def test_change_of_nothing_writes_nothing(cast, db_session):
    vet = make.vet()
    assert records.change(vet, {"name": vet.name}, actor=cast.as_max) == {}
    assert (log(db_session), vet.version) == ([], 1)


def test_change_shows_related_records_by_name_and_lists_in_order(cast, db_session):
    changed = records.change(
        cast.cat_visit, {"group": cast.dog_walks, "time_blocks": [cast.night, cast.evening]}, actor=cast.as_max
    )
    assert changed == {
        "group": [None, "Dog walks"],
        "time_blocks": [["Evening 17:00-20:00", "Morning 07:00-10:00"], ["Evening 17:00-20:00", "Night 22:00-06:00"]],
    }


def test_change_of_a_list_to_the_same_members_in_another_order_is_none(cast):
    assert records.changes_of(cast.cat_visit, {"time_blocks": [cast.evening, cast.morning]}) == {}


def test_change_shows_amounts_as_text(cast, db_session):
    db_session.expire_all()
    assert records.changes_of(cast.walk, {"price": Decimal("22.00")}) == {"price": ["20.00", "22.00"]}


def test_change_of_a_secret_logs_that_it_changed_and_not_what(cast, db_session):
    login = make.client_login(cast.alice)
    records.change(login, {"password_hash": "new"}, actor=cast.as_max, client=cast.alice)
    assert log(db_session) == [
        ("client_login.changed", cast.alice.id, {"name": str(login), "changes": {"password_hash": ["…", "…"]}})
    ]


def test_remove_deletes_and_logs_the_name(cast, db_session):
    records.remove(make.pet(cast.alice, "Gonzo"), actor=cast.as_max, client=cast.alice)
    assert log(db_session) == [("pet.removed", cast.alice.id, {"name": "Gonzo"})]


def test_remove_of_what_others_need_is_refused_and_changes_nothing(cast, db_session):
    with pytest.raises(Invalid) as refused:
        records.remove(cast.bella, actor=cast.as_max, client=cast.bob)
    db_session.commit()
    assert (refused.value.code, "Bella" in str(refused.value), count(Activity)) == ("still_used", True, 0)
    assert [p.name for p in cast.bob.pets] == ["Bella"]


def test_remove_of_a_client_leaves_the_line_in_nobody_s_log(cast, db_session):
    carla = make.client()
    make.client_login(carla)
    make.client_contact(carla)
    records.remove(carla, actor=cast.as_max)
    assert (log(db_session), count(ClientLogin)) == ([("client.removed", None, {"name": "Carla Clark"})], 0)


def test_require_text_refuses_blank_and_passes_what_is_not_given():
    records.require_text({"name": "x"}, ["name", "city"], "Fill in a name.")
    for blank in (None, "", "  "):
        with pytest.raises(Invalid) as refused:
            records.require_text({"name": blank}, ["name"], "Fill in a name.")
        assert (refused.value.code, refused.value.field) == ("required", "name")


def test_tidy_strips_what_no_database_can_hold():
    assert records.tidy({"a": " x\0y \r\n z ", "b": None, "c": 3}) == {"a": "xy \n z", "b": None, "c": 3}
