"""V1: what the office is warned of, when, once, and until when."""

import datetime as dt

import pytest

from foundation import clock
from foundation.db import db
from models import Activity, AlertKind, CheckKind, Job, JobState, PlaceSource, VisitAlert
from tests import factories as make
from tests.databases import count, statements
from workflows import alerts, settings
from workflows.errors import NotAllowed
from workflows.mail_facts import MailKind

pytestmark = pytest.mark.covers("V1")

DAY = make.DAY
A = AlertKind


@pytest.fixture(autouse=True)
def _no_other_visits(cast):
    """The cast has visits of its own; nothing is wrong with them."""
    db.session.execute(db.update(Job).values(state=JobState.CANCELLED))
    db.session.expire_all()


@pytest.fixture
def visit(cast):
    """Sam's visit on Thursday from 12:00 to 12:30, acknowledged."""
    return make.job(
        cast.alice, cast.walk, sitter=cast.sam, on_date=DAY, pets=[cast.biscuit], acknowledged_at=clock.now()
    )


def wrong(visit, checks=()):
    return {r.kind for r in alerts.reasons(visit, checks, settings.read(), clock.now())}


def there(visit, came, left=None, **more):
    """The sitter came at a time, and left at one."""
    visit.checked_in_at = clock.from_local(DAY, came)
    visit.state = JobState.IN_PROGRESS
    if left is not None:
        visit.checked_out_at, visit.state = clock.from_local(DAY, left), JobState.COMPLETED
    db.session.flush()
    return make.visit_check(visit, CheckKind.IN, at=visit.checked_in_at, **more)


@pytest.mark.parametrize(
    ("at", "is_late"),
    [("2026-11-26 12:14", False), ("2026-11-26 12:15", True), ("2026-11-26 18:00", True), ("2026-11-26 11:00", False)],
)
def test_nobody_checked_in_is_late_from_the_set_minutes_on(app, visit, clock_at, at, is_late):
    clock_at(at)
    assert (A.LATE in wrong(visit)) is is_late


def test_a_visit_in_a_block_is_late_when_the_block_leaves_no_room(cast, clock_at):
    block = make.time_block("Early", dt.time(7), dt.time(10))
    visit = make.job(cast.alice, cast.walk, sitter=cast.sam, start_time=None, block=block, acknowledged_at=clock.now())
    clock_at("2026-11-26 09:44")
    assert wrong(visit) == set()
    clock_at("2026-11-26 09:45")
    assert wrong(visit) == {A.LATE}


def test_whoever_came_late_is_overdue_later(visit, clock_at):
    there(visit, dt.time(12, 20))
    clock_at("2026-11-26 13:19")
    assert wrong(visit) == set()
    clock_at("2026-11-26 13:20")
    assert wrong(visit) == {A.OVERDUE}


@pytest.mark.parametrize(("left", "is_short"), [(dt.time(12, 22), True), (dt.time(12, 23), False)])
def test_less_than_the_set_part_of_its_minutes_is_too_short(visit, left, is_short):
    there(visit, dt.time(12), left)
    assert (A.SHORT in wrong(visit)) is is_short


def test_far_from_home_counts_the_phones_doubt_for_the_sitter(visit):
    near = there(visit, dt.time(12), place=PlaceSource.GIVEN, distance_metres=350, accuracy_metres=60)
    assert A.FAR not in wrong(visit, [near])
    near.accuracy_metres = 20
    assert A.FAR in wrong(visit, [near])
    assert A.NO_PLACE not in wrong(visit, [near])


def test_without_a_place_is_a_warning_only_when_wanted(cast, visit):
    check = there(visit, dt.time(12), place=PlaceSource.REFUSED)
    assert wrong(visit, [check]) == set()
    settings.change({"alerts.no_place": True}, actor=cast.as_olivia)
    assert A.NO_PLACE in wrong(visit, [check])


def test_unread_is_a_warning_from_the_set_hours_before_until_it_begins(visit, clock_at):
    visit.acknowledged_at = None
    for at, kinds in (
        ("2026-11-25 23:59", set()), ("2026-11-26 00:00", {A.UNACKNOWLEDGED}), ("2026-11-26 12:00", set()),
    ):  # fmt: skip
        clock_at(at)
        assert wrong(visit) == kinds
    clock_at("2026-11-26 08:00")
    visit.sitter = None
    db.session.flush()
    assert wrong(visit) == set()


def test_not_completed_when_the_day_is_over_or_a_late_visit_is(cast, visit, clock_at):
    night = make.job(cast.alice, cast.walk, sitter=cast.sam, start_time=dt.time(22), acknowledged_at=clock.now())
    clock_at("2026-11-26 20:59")
    assert A.NOT_COMPLETED not in wrong(visit)
    clock_at("2026-11-26 21:00")
    assert A.NOT_COMPLETED in wrong(visit)
    assert wrong(night) == set()
    clock_at("2026-11-26 22:30")
    assert wrong(night) == {A.LATE, A.NOT_COMPLETED}


def test_every_empty_limit_switches_its_warning_off(cast, visit, clock_at):
    visit.acknowledged_at = None
    off = ("unacknowledged_hours", "late_minutes", "overdue_minutes", "short_percent", "far_metres", "day_ends")
    settings.change({f"alerts.{name}": None for name in off}, actor=cast.as_olivia)
    for at in ("2026-11-26 10:00", "2026-11-27 10:00"):
        clock_at(at)
        assert wrong(visit) == set()
    far = there(visit, dt.time(12), dt.time(12, 1), place=PlaceSource.GIVEN, distance_metres=9000)
    assert wrong(visit, [far]) == set()


def test_stays_and_whole_days_are_not_late_but_are_overdue_after_their_end(cast, clock_at):
    stay = make.job(
        cast.alice, cast.overnight, sitter=cast.sam, ends_on=DAY + dt.timedelta(days=2), start_time=None,
        acknowledged_at=clock.now(),
    )  # fmt: skip
    clock_at("2026-11-27 10:00")
    assert wrong(stay) == set()
    stay.state, stay.checked_in_at = JobState.IN_PROGRESS, clock.from_local(DAY, dt.time(9))
    assert wrong(stay) == set()
    clock_at("2026-11-29 01:00")
    assert wrong(stay) == {A.OVERDUE, A.NOT_COMPLETED}


def test_looking_raises_once_mails_once_and_takes_back_what_is_over(cast, visit, clock_at, outbox):
    clock_at("2026-11-26 12:20")
    assert len(alerts.look()) == 1
    alert = db.session.scalars(db.select(VisitAlert)).one()
    assert (alert.kind, alert.sitter_id, alert.facts["minutes"]) == (A.LATE, cast.sam.id, 20)
    facts = outbox.facts(MailKind.VISIT_ALERTS)
    assert [(a.kind, a.client_name, a.sitter_name, a.minutes) for a in facts.alerts] == [
        ("late", "Alice Archer", "Sam Stone", 20)
    ]
    db.session.commit()
    assert alerts.look() == []
    assert len(outbox) == 1
    assert [a.id for a in alerts.newest(5)] == [alert.id]
    there(visit, dt.time(12, 21))
    alerts.look()
    assert alert.cleared_at is not None
    assert alerts.newest(5) == []


def test_a_visit_that_was_moved_is_late_a_second_time(visit, clock_at, outbox):
    clock_at("2026-11-26 12:20")
    alerts.look()
    visit.start_time = dt.time(15)
    db.session.flush()
    alerts.look()
    clock_at("2026-11-26 15:30")
    assert len(alerts.look()) == 1
    assert count(VisitAlert) == 1
    assert len(outbox) == 2


def test_mails_can_be_off_and_home_warns_all_the_same(cast, visit, clock_at, outbox):
    settings.change({"alerts.mail": False}, actor=cast.as_olivia)
    clock_at("2026-11-26 12:20")
    assert len(alerts.look()) == 1
    assert len(outbox) == 0


def test_a_cancelled_visit_is_no_warning_any_more(visit, clock_at):
    clock_at("2026-11-26 12:20")
    alerts.look()
    visit.state = JobState.CANCELLED
    db.session.flush()
    alerts.look()
    assert alerts.newest(5) == []


def test_an_old_warning_stands_until_the_visit_is_done(visit, clock_at):
    clock_at("2026-11-26 21:30")
    alerts.look()
    clock_at("2026-12-04 09:00")
    alerts.look()
    assert {a.kind for a in alerts.newest(5)} == {A.LATE, A.NOT_COMPLETED}
    visit.state, visit.completed_at = JobState.COMPLETED, clock.now()
    db.session.flush()
    alerts.look()
    assert alerts.newest(5) == []


def test_putting_away_is_logged_once_and_needs_the_office(cast, visit, clock_at):
    clock_at("2026-11-26 12:20")
    alerts.look()
    (shown,) = alerts.newest(5)
    alert = db.session.get_one(VisitAlert, shown.id)
    with pytest.raises(NotAllowed):
        alerts.put_away(alert, actor=cast.as_sam)
    alerts.put_away(alert, actor=cast.as_olivia)
    alerts.put_away(alert, actor=cast.as_olivia)
    assert (alert.seen_by_id, count(Activity, Activity.verb == "job.alert_seen")) == (cast.olivia.id, 1)
    assert alerts.newest(5) == []
    assert alerts.look() == []


def test_a_day_of_visits_costs_as_many_statements_as_one(cast, clock_at):
    def make_late(n):
        for _ in range(n):
            make.job(cast.alice, cast.walk, sitter=cast.sam, acknowledged_at=clock.now())
        alerts.look()
        db.session.commit()
        settings.forget()
        with statements() as seen:
            alerts.look()
        return len(seen)

    clock_at("2026-11-26 12:20")
    assert make_late(1) == make_late(12) <= 5
