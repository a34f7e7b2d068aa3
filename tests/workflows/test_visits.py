"""What a sitter taps at a visit: who may, when, what it changes, and what is kept when phones, clocks and people err."""

import datetime as dt

import pytest

from foundation import clock
from models import (
    Activity,
    ChangeItem,
    ChangeState,
    CheckKind,
    Job,
    JobState,
    Notification,
    NotificationKind,
    PlaceSource,
    ReportState,
    StaffRole,
    VisitCheck,
)
from tests import factories as make
from workflows import cancelling, changing, settings, visit_checks, visit_rules, visits
from workflows.actors import COMMAND_LINE, staff_actor
from workflows.errors import Conflict, Invalid, NotAllowed, WrongState
from workflows.permissions import Permission
from workflows.visit_checks import Place, read_place

pytestmark = pytest.mark.covers("V1")

TODAY = dt.date(2026, 11, 23)
NOWHERE = Place()
#: Union Square, and a spot some 150 metres north of it
HOME, NEAR = (40.7359, -73.9911), Place(PlaceSource.GIVEN, 40.73725, -73.9911, 12)
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture
def job(cast):
    """Alice's walk today at noon for half an hour, by Sam; it is ten o'clock."""
    return make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY, pets=[cast.biscuit])


@pytest.fixture
def tap(cast, job):
    """tap("in"): Sam checks in."""

    def do(kind, of=None, *, place=NOWHERE, actor=None, **more):
        doing = visits.check_in if kind == "in" else visits.check_out
        return doing(of or job, actor=actor or cast.as_sam, place=place, **more)

    return do


def local(time, day=TODAY):
    return clock.from_local(day, dt.time.fromisoformat(time))


def verbs(db_session):
    return [a.verb for a in db_session.query(Activity).order_by(Activity.id) if a.verb.startswith("job.")]


def refuse(do, kind=WrongState):
    with pytest.raises(kind) as refused:
        do()
    return refused.value


def set_to(**values):
    settings.change({key.replace("__", "."): value for key, value in values.items()}, actor=COMMAND_LINE)


def hand_over(cast, job, to):
    wanted = changing.Change(
        job.service_item, job.on_date, job.start_time, None, to, job.pets, note=job.note, staff_note=job.staff_note
    )
    return changing.change(job, wanted, actor=cast.as_max)


# ------------------------------------------------------------------------------------------------------- the usual day


def test_a_visit_is_read_begun_left_and_done_and_the_log_says_so(cast, job, tap, db_session, clock_at):
    visits.acknowledge(job, actor=cast.as_sam)
    clock_at("2026-11-23 12:03")
    cast.alice.latitude, cast.alice.longitude = HOME
    came = tap("in", place=NEAR)
    clock_at("2026-11-23 12:31")
    left = tap("out", place=Place(PlaceSource.REFUSED))
    db_session.commit()
    db_session.expire_all()
    assert (job.state, job.acknowledged_at) == (JobState.COMPLETED, local("10:00"))
    assert (job.checked_in_at, job.checked_out_at, job.completed_at) == (local("12:03"), local("12:31"), local("12:31"))
    assert [(c.kind, c.at, c.staff, c.place, c.phone_at) for c in job.checks] == [
        (CheckKind.IN, local("12:03"), cast.sam, PlaceSource.GIVEN, None),
        (CheckKind.OUT, local("12:31"), cast.sam, PlaceSource.REFUSED, None),
    ]
    assert (came.latitude, came.longitude, came.accuracy_metres, came.distance_metres) == (40.73725, -73.9911, 12, 150)
    assert (left.latitude, left.distance_metres) == (None, None)
    assert verbs(db_session) == ["job.acknowledged", "job.checked_in", "job.checked_out", "job.completed"]


def test_checking_in_counts_as_reading_if_the_setting_says_so(job, tap):
    set_to(visits__acknowledge_on_check_in=False)
    tap("in")
    assert (job.state, job.acknowledged_at) == (JobState.IN_PROGRESS, None)


def test_checking_in_reads_the_visit(job, tap):
    tap("in")
    assert job.acknowledged_at == local("10:00")


def test_checking_out_completes_only_if_the_setting_says_so(cast, job, tap):
    set_to(visits__complete_on_check_out=False)
    tap("in")
    tap("out")
    assert (job.state, job.completed_at) == (JobState.IN_PROGRESS, None)
    assert visits.complete(job, actor=cast.as_sam).state is JobState.COMPLETED
    assert visits.complete(job, actor=cast.as_sam).completed_at == local("10:00")


def test_a_report_card_can_be_asked_for_before_a_visit_is_completed(cast, job, tap, db_session):
    set_to(reports__needed=True)
    tap("in")
    tap("out")
    assert job.state is JobState.IN_PROGRESS
    assert refuse(lambda: visits.complete(job, actor=cast.as_sam)).code == "report_needed"
    card = make.report_card(job)
    assert refuse(lambda: visits.complete(job, actor=cast.as_sam)).code == "report_needed"
    card.state, card.sent_at = ReportState.SENT, clock.now()
    db_session.flush()
    assert visits.complete(job, actor=cast.as_sam).state is JobState.COMPLETED


def test_the_office_completes_without_a_report_card(cast, job, tap):
    set_to(reports__needed=True)
    tap("in")
    assert visits.complete(job, actor=cast.as_max).state is JobState.COMPLETED


def test_who_forgot_to_check_in_completes_once_the_time_has_begun(cast, job, clock_at):
    assert refuse(lambda: visits.complete(job, actor=cast.as_sam)).code == "not_begun"
    clock_at("2026-11-23 12:40")
    done = visits.complete(job, actor=cast.as_sam)
    assert (done.state, done.checked_in_at, done.checked_out_at) == (JobState.COMPLETED, None, None)


def test_acknowledge_all_reads_what_is_ahead_and_own(cast, job, db_session):
    tomorrow = make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=TODAY + DAY)
    later = make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=TODAY + 8 * DAY)
    past = make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=TODAY - DAY)
    off = make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=TODAY, state=JobState.CANCELLED)
    assert visits.acknowledge_all(cast.sam, actor=cast.as_sam, upto=TODAY + 6 * DAY) == 2
    assert visits.acknowledge_all(cast.sam, actor=cast.as_sam, upto=TODAY + 6 * DAY) == 0
    read = [j.acknowledged_at is not None for j in (job, tomorrow, later, past, off, cast.bobs_job)]
    assert (read, verbs(db_session)) == ([True, True, False, False, False, False], ["job.acknowledged"] * 2)
    assert visits.acknowledge_all(cast.sam, actor=cast.as_sam) == 1
    refuse(lambda: visits.acknowledge_all(cast.sita, actor=cast.as_sam), NotAllowed)


def test_a_visit_that_the_office_changed_is_read_again_before_it_is_acknowledged(cast, job, db_session):
    seen = job.version
    job.staff_note = "Use the back door"
    db_session.flush()
    refuse(lambda: visits.acknowledge(job, actor=cast.as_sam, seen_version=seen), Conflict)
    assert visits.acknowledge(job, actor=cast.as_sam, seen_version=job.version).acknowledged_at is not None


def test_a_moved_visit_is_to_be_acknowledged_again(cast, job):
    visits.acknowledge(job, actor=cast.as_sam)
    wanted = changing.Change(job.service_item, TODAY, dt.time(15), None, cast.sam, job.pets)
    assert changing.change(job, wanted, actor=cast.as_max).acknowledged_at is None


def test_what_the_client_asked_about_a_visit_ends_when_it_begins(cast, job, tap, db_session):
    item = make.change_item(make.change_request(cast.alice), job)
    db_session.commit()
    tap("in")
    assert db_session.get(ChangeItem, item.id).state is ChangeState.EXPIRED


# --------------------------------------------------------------------------------------------------------- who may


def test_only_the_visits_own_sitter_taps(cast, job, tap, db_session):
    for actor in (staff_actor(cast.sita), cast.as_max, cast.as_alice, COMMAND_LINE):
        doings = [
            lambda actor=actor: visits.acknowledge(job, actor=actor),
            lambda actor=actor: tap("in", actor=actor),
            lambda actor=actor: tap("out", actor=actor),
        ]
        if actor.client is not None or actor.staff is cast.sita:
            doings.append(lambda actor=actor: visits.complete(job, actor=actor))
        assert [refuse(do, NotAllowed).code for do in doings] == ["not_yours"] * len(doings)
    assert (job.state, db_session.query(VisitCheck).count(), verbs(db_session)) == (JobState.SCHEDULED, 0, [])


def test_a_sitter_whose_role_lost_the_own_day_taps_nothing(cast, job, tap):
    make.role_permission(StaffRole.SITTER, Permission.OWN_DAY.value, is_allowed=False)
    settings.forget()
    refuse(lambda: tap("in"), NotAllowed)


# --------------------------------------------------------------------------------------------------------- too early


@pytest.mark.parametrize(
    ("hours", "at", "code"),
    [
        (2, "2026-11-23 09:59", "too_early"), (2, "2026-11-23 10:00", None), (0, "2026-11-23 11:59", "too_early"),
        (0, "2026-11-23 12:00", None), (None, "2026-11-23 00:00", None), (None, "2026-11-22 23:59", "too_early"),
    ],
)  # fmt: skip
def test_check_in_opens_some_hours_before_or_any_time_of_the_day(cast, job, tap, clock_at, hours, at, code):
    set_to(visits__check_in_hours=hours)
    clock_at(at)
    refusal = visit_rules.why_not_check_in(job, actor=cast.as_sam)
    assert (refusal.code if refusal else None) == code
    if code:
        assert refuse(lambda: tap("in")).code == code
    else:
        assert tap("in").at == clock.now()


def test_a_visit_without_a_time_opens_with_its_day(cast, clock_at):
    visit = make.job(cast.alice, cast.overnight, sitter=cast.sam, on_date=TODAY, start_time=None)
    assert visit_checks.opens_at(visit) == local("00:00")


def test_check_out_without_check_in_says_what_to_do(tap, job):
    refusal = refuse(lambda: tap("out"))
    assert (refusal.code, "Check in first" in refusal.say()) == ("no_check_in", True)


# ------------------------------------------------------------------------------------------------- twice, two phones


def test_the_same_tap_sent_twice_is_there_once(tap, job, db_session, clock_at):
    first = tap("in", key="phone-tap-0001")
    clock_at("2026-11-23 10:05")
    assert tap("in", key="phone-tap-0001") is first
    tap("out", key="phone-tap-0002")
    assert tap("in", key="phone-tap-0001") is first
    assert (db_session.query(VisitCheck).count(), job.checked_in_at) == (2, local("10:00"))
    assert refuse(lambda: tap("out", key="phone-tap-0001"), Conflict).code == "sent_twice"
    assert refuse(lambda: tap("in", key="bad key"), Invalid).code == "bad_key"


def test_a_second_phone_of_the_sitter_hears_since_when(tap, job, db_session, clock_at):
    tap("in", key="phone-one-1")
    clock_at("2026-11-23 12:05")
    refusal = refuse(lambda: tap("in", key="phone-two-1"), Conflict)
    assert (refusal.code, refusal.say()) == (
        "already", "You are checked in since 10:00. Nothing was done twice.",
    )  # fmt: skip
    tap("out")
    assert refuse(lambda: tap("out"), Conflict).code == "already"
    assert db_session.query(VisitCheck).count() == 2


# ------------------------------------------------------------------------------------------------ clocks and offline


@pytest.mark.parametrize(
    ("now", "at", "counts", "flagged"),
    [
        ("13:00", "12:03", "12:03", False),  # made offline: its own time
        ("12:00", "12:01", "12:00", False),  # a minute off is right
        ("12:00", "15:00", "12:00", True),  # in the future
        ("12:30", "08:00", "10:00", True),  # before it opened
    ],
)
def test_a_wrong_clock_refuses_nobody_and_is_kept_beside_the_time_that_counts(
    job, tap, clock_at, now, at, counts, flagged
):
    clock_at(f"2026-11-23 {now}")
    row = tap("in", at=local(at))
    assert (row.at, row.phone_at, row.received_at) == (local(counts), local(at) if flagged else None, local(now))
    assert job.checked_in_at == local(counts)


def test_a_phone_that_says_what_its_clock_shows_is_put_right(tap, clock_at):
    clock_at("2026-11-23 13:00")
    row = tap("in", at=local("15:05"), phone_now=local("16:00"))
    assert (row.at, row.phone_at) == (local("12:05"), local("15:05"))


def test_a_check_out_before_the_check_in_counts_at_the_check_in(tap, clock_at):
    clock_at("2026-11-23 12:10")
    tap("in")
    clock_at("2026-11-23 12:40")
    row = tap("out", at=local("11:00"))
    assert (row.at, row.phone_at) == (local("12:10"), local("11:00"))


def test_a_day_offline_then_everything_at_once(job, tap, clock_at, db_session):
    clock_at("2026-11-24 09:00")
    tap("in", at=local("12:01"), key="offline-1")
    tap("out", at=local("12:33"), key="offline-2")
    assert (job.state, job.checked_in_at, job.checked_out_at) == (JobState.COMPLETED, local("12:01"), local("12:33"))
    assert [c.received_at for c in db_session.query(VisitCheck)] == [local("09:00", TODAY + DAY)] * 2


def test_a_check_in_that_arrives_after_the_office_completed_is_kept(cast, job, tap, clock_at):
    clock_at("2026-11-23 13:00")
    visits.complete(job, actor=cast.as_max)
    tap("in", at=local("12:01"))
    tap("out", at=local("12:33"))
    assert (job.state, job.checked_in_at, job.checked_out_at) == (JobState.COMPLETED, local("12:01"), local("12:33"))


def test_days_later_the_times_are_the_offices_to_enter(cast, job, tap, clock_at, db_session):
    clock_at("2026-11-26 09:00")
    refusal = refuse(lambda: tap("in"), visit_rules.NotCounted)
    assert refusal.code == "too_late"
    assert tap("in", at=local("12:00")).at == local("12:00")


# -------------------------------------------------------------------------------------------------------- the place


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ({}, NOWHERE),
        ({"place": "refused", "latitude": "1", "longitude": "1"}, Place(PlaceSource.REFUSED)),
        ({"place": "given", "latitude": "40.7372511", "longitude": -73.9911, "accuracy": "12.4"}, Place(PlaceSource.GIVEN, 40.737251, -73.9911, 12)),
        ({"latitude": "0", "longitude": "0"}, Place(PlaceSource.GIVEN, 0.0, 0.0)),
        ({"latitude": "91", "longitude": "0"}, NOWHERE), ({"latitude": "nan", "longitude": "0"}, NOWHERE),
        ({"latitude": "x", "longitude": "\x00"}, NOWHERE), ({"latitude": 1, "longitude": None}, NOWHERE),
        ({"latitude": 1, "longitude": 2, "accuracy": "inf"}, Place(PlaceSource.GIVEN, 1.0, 2.0)),
        ({"latitude": 1, "longitude": 2, "accuracy": -5}, Place(PlaceSource.GIVEN, 1.0, 2.0)),
        ({"latitude": 1, "longitude": 2, "accuracy": 10**9}, Place(PlaceSource.GIVEN, 1.0, 2.0, 100_000)),
    ],
)  # fmt: skip
def test_nonsense_is_no_place_and_never_a_refusal(told, place):
    assert read_place(told) == place


@pytest.mark.parametrize(
    ("a", "b", "metres"),
    [
        (HOME, HOME, 0), ((51.5007, -0.1246), (48.8584, 2.2945), 340_553), ((0, 179.999), (0, -179.999), 222),
        ((90, 0), (-90, 0), 20_015_087),
    ],
)  # fmt: skip
def test_the_way_as_the_crow_flies(a, b, metres):
    assert visit_checks.metres_between(a, b) == pytest.approx(metres, rel=0.002)


# ---------------------------------------------------------------------------------- gone while the sitter was there


@pytest.mark.parametrize("how", ["cancelled", "voided", "given to Sita"])
@pytest.mark.parametrize("kind", ["in", "out"])
def test_a_tap_at_a_visit_that_is_gone_is_refused_and_told_to_the_office_once(
    cast, job, tap, db_session, clock_at, how, kind
):
    if how == "given to Sita":
        hand_over(cast, job, cast.sita)
    elif how == "cancelled":
        cancelling.cancel([job], actor=cast.as_max)
    else:
        clock_at("2026-11-24 09:00")
        cancelling.void([job], actor=cast.as_max, reason="Nobody was there")
    db_session.commit()
    refusal = refuse(lambda: tap(kind), visit_rules.NotCounted)
    db_session.rollback()
    assert "the office is told that you were there" in refusal.say()
    assert visits.note_refused(refusal, actor=cast.as_sam)
    db_session.commit()
    assert not visits.note_refused(refusal, actor=cast.as_sam)
    db_session.commit()
    (told,) = db_session.query(Notification).filter_by(kind=NotificationKind.CHECK_REFUSED)
    assert (told.client, told.facts["sitter"], told.facts["job_id"]) == (cast.alice, "Sam Stone", job.id)
    assert verbs(db_session).count("job.check_refused") == 1
    assert (db_session.query(VisitCheck).count(), db_session.get(Job, job.id).checked_in_at) == (0, None)


def test_other_refusals_are_not_told(cast, tap, job, db_session):
    refusal = refuse(lambda: tap("out"))
    assert not visits.note_refused(refusal, actor=cast.as_sam)
    assert db_session.query(Notification).filter_by(kind=NotificationKind.CHECK_REFUSED).count() == 0


def test_a_visit_in_progress_cannot_be_taken_from_the_sitter(cast, job, tap):
    tap("in")
    refuse(lambda: hand_over(cast, job, cast.sita))
    refuse(lambda: cancelling.cancel([job], actor=cast.as_max))


# ---------------------------------------------------------------------------------------------------------- adjusting


@pytest.fixture
def adjust(cast, job):
    """adjust("12:00", "12:30"): Max sets when Sam came and left."""

    def do(came, left, *, reason="Sam's phone was flat", actor=None, **more):
        return visits.adjust(
            job, actor=actor or cast.as_max, checked_in_at=came and local(came), checked_out_at=left and local(left),
            reason=reason, **more,
        )  # fmt: skip

    return do


def test_the_office_adjusts_marked_and_logged_with_old_and_new(cast, job, tap, adjust, db_session, clock_at):
    clock_at("2026-11-23 12:20")
    tap("in", place=NEAR)
    clock_at("2026-11-23 13:00")
    tap("out")
    adjust("12:05", "13:00")
    db_session.commit()
    rows = db_session.query(VisitCheck).order_by(VisitCheck.id).all()
    assert [(r.kind.value, r.at, r.place, r.replaced_at is None, r.staff, r.reason) for r in rows] == [
        ("in", local("12:20"), PlaceSource.GIVEN, False, cast.sam, ""),
        ("out", local("13:00"), PlaceSource.UNAVAILABLE, True, cast.sam, ""),
        ("in", local("12:05"), PlaceSource.ADJUSTED, True, cast.max, "Sam's phone was flat"),
    ]
    assert (job.checked_in_at, job.checked_out_at) == (local("12:05"), local("13:00"))
    logged = db_session.query(Activity).filter_by(verb="job.times_adjusted").one()
    assert logged.facts["changes"] == {"checked_in_at": ["2026-11-23 12:20", "2026-11-23 12:05"]}
    assert logged.facts["reason"] == "Sam's phone was flat"


def test_nothing_different_changes_nothing(job, tap, adjust, db_session):
    tap("in")
    adjust("10:00", None)
    assert verbs(db_session)[-1] == "job.checked_in"


@pytest.mark.covers("V1")
def test_a_check_in_on_the_wrong_visit_is_taken_back_and_kept(cast, job, tap, adjust, db_session, clock_at):
    clock_at("2026-11-23 12:20")
    tap("in", place=NEAR)
    clock_at("2026-11-23 12:30")
    db_session.commit()
    refuse(lambda: visits.take_back(job, actor=cast.as_sam, reason="Wrong house"), NotAllowed)
    refuse(lambda: visits.take_back(job, actor=cast.as_max, reason=" "), Invalid)
    refuse(lambda: visits.take_back(job, actor=cast.as_max, reason="Wrong", seen_version=job.version - 1), Conflict)
    visits.take_back(job, actor=cast.as_max, reason="Wrong house", seen_version=job.version)
    db_session.commit()
    assert (job.state, job.checked_in_at, job.checked_out_at) == (JobState.SCHEDULED, None, None)
    (row,) = job.checks
    assert (row.at, row.place, row.replaced_at is None) == (local("12:20"), PlaceSource.GIVEN, False)
    line = db_session.query(Activity).filter_by(verb="job.check_taken_back").one()
    assert line.facts == {**line.facts, "changes": {"checked_in_at": ["2026-11-23 12:20", ""]}, "reason": "Wrong house"}
    # Nobody is there, so it can be given to somebody else, or checked in to again.
    refuse(lambda: visits.take_back(job, actor=cast.as_max, reason="Once more"))
    tap("in")
    db_session.commit()
    assert (job.state, job.checked_in_at, len(job.checks)) == (JobState.IN_PROGRESS, local("12:30"), 2)
    tap("out")
    visits.complete(job, actor=cast.as_max)
    refuse(lambda: visits.take_back(job, actor=cast.as_max, reason="Too late"))


def test_times_of_a_visit_that_nobody_checked_in_to_begin_and_complete_it(job, adjust, clock_at):
    clock_at("2026-11-23 14:00")
    assert adjust("12:00", None).state is JobState.IN_PROGRESS
    assert adjust("12:00", "12:30").state is JobState.IN_PROGRESS


def test_both_times_complete_a_visit_that_had_not_begun(job, adjust, clock_at):
    clock_at("2026-11-25 14:00")
    done = adjust("12:00", "12:30")
    assert (done.state, done.completed_at) == (JobState.COMPLETED, clock.now())


@pytest.mark.parametrize(
    ("came", "left", "more", "field"),
    [
        ("12:00", "11:59", {}, "checked_out_at"), (None, "12:30", {}, "checked_in_at"), ("12:00", "14:05", {}, "checked_out_at"),
        ("12:00", "12:30", {"reason": "  "}, "reason"), ("12:00", "12:30", {"reason": "x" * 256}, "reason"),
    ],
)  # fmt: skip
def test_times_that_make_no_sense_are_refused(job, adjust, clock_at, came, left, more, field):
    clock_at("2026-11-23 14:00")
    assert refuse(lambda: adjust(came, left, **more), Invalid).field == field


def test_an_arrival_is_not_taken_away_and_another_day_is_no_time_of_this_visit(cast, job, tap, adjust):
    tap("in")
    assert refuse(lambda: adjust(None, None), Invalid).code == "no_arrival"
    far = local("12:00", TODAY - 3 * DAY)
    refusal = refuse(
        lambda: visits.adjust(job, actor=cast.as_max, checked_in_at=far, checked_out_at=None, reason="x"), Invalid
    )
    assert refusal.code == "far_time"


def test_adjusting_is_the_offices_and_of_the_visit_that_was_seen(cast, job, adjust, db_session):
    refuse(lambda: adjust("10:00", None, actor=cast.as_sam), NotAllowed)
    refuse(lambda: adjust("10:00", None, seen_version=job.version + 1), Conflict)
    job.state = JobState.CANCELLED
    db_session.flush()
    refuse(lambda: adjust("10:00", None), WrongState)
