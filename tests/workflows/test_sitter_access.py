"""V6: what a sitter may know, and from when until when."""

import datetime as dt

import pytest

from foundation import sealing
from foundation.db import db
from models import Activity, JobState
from tests import factories as make
from tests.databases import count
from workflows import cancelling, jobs, moving, settings, sitter_access
from workflows.actors import staff_actor
from workflows.errors import Invalid, NotAllowed
from workflows.moving import Place

pytestmark = pytest.mark.covers("V6")

DAY = make.DAY


@pytest.fixture
def code(cast):
    """Alice's alarm code."""
    field = make.custom_field(label="Alarm code", is_secret=True)
    make.field_value(field, cast.alice, text=None, sealed=sealing.seal('"4711"'))
    return field


@pytest.fixture
def visit(cast):
    """Sam's visit on Thursday from 12:00 to 12:30."""
    return make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=DAY, pets=[cast.biscuit])


def opens(cast, code, actor=None):
    try:
        return sitter_access.open_locked(cast.alice, [code], actor=actor or cast.as_sam)[code.public_id] == "4711"
    except NotAllowed:
        return False


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-11-25 11:59:59", False),
        ("2026-11-25 12:00", True),
        ("2026-11-26 12:15", True),
        ("2026-11-26 14:29:59", True),
        ("2026-11-26 14:30", False),
    ],
)
def test_secrets_open_a_day_before_the_visit_and_close_two_hours_after_it(cast, code, visit, clock_at, at, is_open):
    clock_at(at)
    assert opens(cast, code) is is_open
    assert count(Activity, Activity.verb == "secret.seen") == is_open
    assert sitter_access.own_client(cast.sam, cast.alice.public_id).is_open is is_open


def test_the_settings_say_how_long(cast, code, visit, clock_at):
    settings.change({"access.secret_hours_before": 1, "access.secret_hours_after": 0}, actor=cast.as_olivia)
    at = {}
    for moment in ("2026-11-26 10:59", "2026-11-26 11:00", "2026-11-26 12:29", "2026-11-26 12:30"):
        clock_at(moment)
        at[moment[-5:]] = opens(cast, code)
    assert at == {"10:59": False, "11:00": True, "12:29": True, "12:30": False}


def test_a_time_block_and_a_stay_count_from_their_first_to_their_last_moment(cast, code, clock_at):
    make.job(cast.alice, cast.cat_visit, sitter=cast.sam, start_time=None, block=cast.evening)
    stay = {"start_time": None, "on_date": dt.date(2026, 12, 1), "ends_on": dt.date(2026, 12, 3)}
    make.job(cast.alice, cast.overnight, sitter=cast.sam, **stay)
    moments = {
        "2026-11-25 16:59": False, "2026-11-25 17:00": True, "2026-11-26 21:59": True, "2026-11-26 22:00": False,
        "2026-11-29 23:59": False, "2026-11-30 00:00": True, "2026-12-04 01:59": True, "2026-12-04 02:00": False,
    }  # fmt: skip
    found = {}
    for moment in moments:
        clock_at(moment)
        found[moment] = opens(cast, code)
    assert found == moments


def test_each_look_is_logged_with_the_field_and_never_the_value(cast, code, visit, clock_at):
    clock_at("2026-11-26 11:00")
    assert opens(cast, code)
    assert opens(cast, code)
    lines = [a for a in db.session.query(Activity) if a.verb == "secret.seen"]
    assert [(a.actor_name, a.client_id, a.facts["lines"]) for a in lines] == [
        ("Sam Stone", cast.alice.id, ["Alarm code"])
    ] * 2
    assert "4711" not in str([a.facts for a in lines])


def test_a_cancelled_or_reassigned_visit_closes_it_at_once(cast, code, visit, clock_at):
    clock_at("2026-11-26 11:00")
    assert opens(cast, code)
    moving.move(visit, Place(DAY, make.NOON, None, cast.sita), actor=cast.as_olivia)
    assert (opens(cast, code), opens(cast, code, staff_actor(cast.sita))) == (False, True)
    assert sitter_access.own_client(cast.sam, cast.alice.public_id) is None
    moving.move(visit, Place(DAY, make.NOON, None, cast.sam), actor=cast.as_olivia)
    assert opens(cast, code)
    cancelling.cancel([visit], actor=cast.as_olivia)
    assert not opens(cast, code)
    assert sitter_access.own_client(cast.sam, cast.alice.public_id) is None


@pytest.mark.parametrize("state", [JobState.CANCELLED, JobState.VOIDED])
def test_visits_that_do_not_take_place_show_nobody(cast, state):
    make.job(cast.alice, cast.walk, sitter=cast.sam, state=state)
    assert sitter_access.own_client(cast.sam, cast.alice.public_id) is None


def test_a_client_is_seen_for_a_month_after_the_last_own_visit(cast, clock_at):
    make.job(cast.alice, cast.walk, sitter=cast.sam, state=JobState.COMPLETED)
    seen = []
    for moment in ("2026-12-26 23:00", "2026-12-27 00:30"):
        clock_at(moment)
        seen.append(sitter_access.own_client(cast.sam, cast.alice.public_id) is not None)
    assert seen == [True, False]


def test_others_are_refused_also_clients_and_the_office_without_a_visit(cast, code, visit, clock_at):
    clock_at("2026-11-26 11:00")
    for actor in (cast.as_olivia, cast.as_alice, staff_actor(cast.sita)):
        with pytest.raises(NotAllowed):
            sitter_access.open_locked(cast.alice, [code], actor=actor)
    with pytest.raises(Invalid):
        sitter_access.open_locked(cast.alice, [], actor=cast.as_sam)
    assert jobs.get_fresh(visit.id).sitter is cast.sam


def test_of_cancelling_and_looking_in_the_same_moment_no_look_comes_after_the_cancellation(
    cast, code, visit, clock_at, together
):
    clock_at("2026-11-26 11:00")
    field_id, job_id = code.id, visit.id

    def look():
        field = db.session.get(type(code), field_id)
        return opens(cast, field)

    def cancel():
        cancelling.cancel([db.session.get(type(visit), job_id)], actor=cast.as_olivia)
        return True

    looked, cancelled = together(look, cancel)
    assert cancelled is True
    log = [
        a.verb for a in db.session.query(Activity).order_by(Activity.id) if a.verb in {"secret.seen", "job.cancelled"}
    ]
    assert log == (["secret.seen", "job.cancelled"] if looked else ["job.cancelled"])
