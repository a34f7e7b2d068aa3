"""The log's lines: who, what, whose, and only plain values."""

import datetime as dt
from decimal import Decimal

import pytest

from models import Activity, ActorKind, Via
from tests import factories as make
from workflows import activity
from workflows.actors import WORKER, client_actor, staff_as_client


def only_line(db_session):
    db_session.flush()
    return db_session.query(Activity).one()


def test_record_notes_who_what_and_whose(cast, db_session):
    login = make.client_login(cast.alice)
    activity.record(
        "pet.changed", actor=client_actor(cast.alice, login), subject=cast.mochi, client=cast.alice, name="Mochi"
    )
    line = only_line(db_session)
    assert (line.verb, line.actor_kind, line.actor_name, line.via) == (
        "pet.changed", ActorKind.CLIENT, "Alice Archer", Via.PORTAL,
    )  # fmt: skip
    assert (line.client_id, line.client_login_id, line.staff_id, line.on_behalf) == (
        cast.alice.id,
        login.id,
        None,
        False,
    )
    assert (line.subject_type, line.subject_id, line.facts) == ("pet", cast.mochi.id, {"name": "Mochi"})
    assert line.at == dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC)


@pytest.mark.covers("B14")
def test_record_of_staff_in_a_client_s_portal_names_the_staff_member_on_behalf(cast, db_session):
    activity.record("basket.added", actor=staff_as_client(cast.olivia, cast.alice), client=cast.alice)
    line = only_line(db_session)
    assert (line.actor_name, line.staff_id, line.on_behalf, line.client_id) == (
        "Olivia Owens", cast.olivia.id, True, cast.alice.id,
    )  # fmt: skip


def test_record_without_subject_and_client_is_nobody_s(db_session):
    activity.record("worker.cleaned", actor=WORKER, n=3)
    line = only_line(db_session)
    assert (line.subject_type, line.subject_id, line.client_id, line.facts) == ("", None, None, {"n": 3})


def test_record_of_a_very_long_name_is_cut_not_refused(db_session):
    who = make.staff("A" * 120, "B" * 120)
    activity.record("x", actor=client_actor(make.client("C" * 120, "D" * 120)), subject=who)
    assert only_line(db_session).actor_name == "C" * 120 + " " + "D" * 120


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None), (True, True), (3, 3), ("x", "x"),
        (dt.date(2026, 11, 26), "2026-11-26"), (dt.time(7, 30), "07:30:00"),
        (dt.datetime(2026, 11, 26, 7, tzinfo=dt.UTC), "2026-11-26T07:00:00+00:00"),
        (Decimal("12.50"), "12.50"), ([dt.time(7)], ["07:00:00"]), ((1, 2), [1, 2]), ({3}, [3]),
        ({1: dt.date(2026, 1, 1)}, {"1": "2026-01-01"}), (1.5, "1.5"), (Via.PORTAL, "portal"),
    ],
)  # fmt: skip
def test_plain_makes_values_that_json_can_keep(value, plain):
    assert activity.plain(value) == plain
