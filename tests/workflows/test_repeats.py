"""Repeating services: their week, what runs make of it, pauses and ends; and who hears of it."""

import datetime as dt
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from foundation import clock
from models import (
    Activity,
    ClientStatus,
    Job,
    JobState,
    Notification,
    NotificationKind,
    OutboxMail,
    PetStatus,
    Repeat,
    RepeatPause,
    RepeatSkip,
)
from tests import factories as make
from tests.cast import Cast
from tests.databases import count, statements
from workflows import (
    cancelling,
    changing,
    conflicts,
    plans,
    repeat_outlook,
    repeat_runs,
    repeats,
    settings,
    sitter_mails,
)
from workflows.actors import COMMAND_LINE, WORKER
from workflows.changing import Change
from workflows.errors import Conflict, Invalid, NotAllowed, WrongState
from workflows.mail_facts import MailKind
from workflows.repeat_patterns import Pattern, PatternTime, in_short, occurrences

MON, TUE, WED, THU, FRI, SAT, SUN = (dt.date(2026, 11, d) for d in range(23, 30))
NOON, EIGHT, SIX = dt.time(12), dt.time(8), dt.time(18)
WEEK = dt.timedelta(days=7)
DAY = dt.timedelta(days=1)


def refuse(do, kind=Invalid):
    with pytest.raises(kind) as refused:
        do()
    return refused.value.code, refused.value.field


def log(db_session, *verbs):
    db_session.flush()
    return [a for a in db_session.scalars(sa.select(Activity).order_by(Activity.id)) if a.verb in verbs]


def visits(db_session, repeat=None, *, state=JobState.SCHEDULED):
    """(day, begin) of the visits of a series, in order."""
    db_session.flush()
    query = sa.select(Job).where(Job.repeat_id.is_not(None)).order_by(Job.on_date, Job.start_time, Job.id)
    if repeat is not None:
        query = query.where(Job.repeat_id == repeat.id)
    if state is not None:
        query = query.where(Job.state == state)
    return list(db_session.scalars(query.execution_options(populate_existing=True)))


def days(found):
    return [j.on_date for j in found]


@pytest.fixture(autouse=True)
def _two_weeks_ahead(request):
    """A short horizon, so that whole results can be written down."""
    if "cast" in request.fixturenames:
        request.getfixturevalue("cast")
        settings.change({"schedule.repeat_days": 14}, actor=COMMAND_LINE)


@pytest.fixture
def pattern(cast):
    """pattern(times=…): Biscuit is walked by Sam on Monday, Wednesday and Friday at noon, from this Wednesday on."""

    def do(**more):
        values = {
            "item": cast.walk, "starts_on": WED, "sitter": cast.sam, "pets": [cast.biscuit], "note": "Gate: 12",
            "staff_note": "key at office", "times": [PatternTime(d, NOON) for d in (0, 2, 4)],
        }  # fmt: skip
        return Pattern(**{**values, **more})

    return do


@pytest.fixture
def start(cast, pattern):
    def do(client=None, **more):
        return repeats.start(client or cast.alice, pattern(**more), actor=cast.as_max).repeat

    return do


def change_of(job, **more):
    values = {
        "item": job.service_item, "on_date": job.on_date, "start_time": job.start_time, "block": job.time_block,
        "sitter": job.sitter, "pets": job.pets, "note": job.note, "staff_note": job.staff_note,
    }  # fmt: skip
    return Change(**{**values, **more})


# ------------------------------------------------------------------------------------------------------- the week


class TestOccurrences:
    def test_are_the_weekdays_and_times_of_the_pattern(self, start):
        repeat = start(times=[PatternTime(2, SIX), PatternTime(2, EIGHT), PatternTime(5, NOON)])
        found = list(occurrences(repeat, WED, WED + WEEK))
        assert [(o.on_date, o.start_time) for o in found] == [
            (WED, EIGHT), (WED, SIX), (SAT, NOON), (WED + WEEK, EIGHT), (WED + WEEK, SIX),
        ]  # fmt: skip

    def test_begin_and_end_with_the_series(self, start):
        repeat = start(times=[PatternTime(d, NOON) for d in range(7)], ends_on=FRI)
        assert [o.on_date for o in occurrences(repeat, MON, SUN)] == [WED, THU, FRI]

    @pytest.mark.parametrize(
        ("week_starts", "expected"),
        [
            # Weeks from Monday: this week's Saturday and Sunday belong together, then two weeks on.
            (0, [SAT, SUN, SAT + 2 * WEEK, SUN + 2 * WEEK]),
            # Weeks from Sunday: that Sunday begins the next week, which is left out; the first one is over already.
            (6, [SAT, SUN - WEEK + 2 * WEEK, SAT + 2 * WEEK, SUN - WEEK + 4 * WEEK]),
            # Weeks from Saturday
            (5, [SAT + WEEK, SUN + WEEK, SAT + 3 * WEEK, SUN + 3 * WEEK]),
        ],
    )
    def test_every_second_week_counts_from_the_week_of_the_first_day(self, start, week_starts, expected):
        repeat = start(times=[PatternTime(5), PatternTime(6)], every_weeks=2, week_starts=week_starts)
        assert [o.on_date for o in occurrences(repeat, WED, WED + 5 * WEEK)][:4] == expected

    def test_leave_out_pauses_and_skips(self, start, db_session):
        repeat = start()
        make.repeat_pause(repeat, WED + WEEK, FRI + WEEK)
        friday = next(t.id for t in repeat.times if t.weekday == 4)
        found = occurrences(repeat, WED, MON + 2 * WEEK, skips={(FRI, friday)})
        assert [o.on_date for o in found] == [WED, MON + WEEK, MON + 2 * WEEK]

    def test_of_a_series_that_is_not_active_there_are_none(self, start):
        repeat = start()
        repeat.is_active = False
        assert list(occurrences(repeat, WED, SUN)) == []

    def test_do_not_depend_on_how_the_stretch_is_cut(self, start):
        repeat = start(times=[PatternTime(d, NOON) for d in (1, 3, 6)], every_weeks=3, week_starts=3)
        whole = list(occurrences(repeat, WED, WED + 30 * WEEK))
        cuts = [WED + DAY * n for n in (0, 1, 9, 10, 50, 51, 52, 140, 211)]
        assert [o for a, b in pairwise(cuts) for o in occurrences(repeat, a, b - DAY)] == whole

    def test_in_short(self, start, cast):
        assert in_short(start()) == "Dog walk, Mon Wed Fri 12:00"
        twice = start(
            item=cast.cat_visit, every_weeks=2,
            times=[PatternTime(d, None, b) for d in (0, 1) for b in (cast.morning, cast.evening)],
        )  # fmt: skip
        assert in_short(twice) == "Cat visit, Mon Tue Morning; Mon Tue Evening, every 2 weeks"


# ------------------------------------------------------------------------------------------------------ beginning


class TestStart:
    def test_makes_the_visits_up_to_the_horizon(self, cast, pattern, db_session, outbox):
        outcome = repeats.start(cast.alice, pattern(), actor=cast.as_max)
        found = visits(db_session, outcome.repeat)
        assert days(found) == [WED, FRI, MON + WEEK, WED + WEEK, FRI + WEEK, MON + 2 * WEEK]
        assert outcome.run.n_made == 6
        job = found[0]
        assert (job.start_time, job.ends_on, job.duration_minutes) == (NOON, WED, 30)
        assert (job.sitter, job.client, job.service_item) == (cast.sam, cast.alice, cast.walk)
        assert (job.price, job.sitter_pay) == (Decimal(20), Decimal(10))
        assert [p.name for p in job.pets] == ["Biscuit"]
        assert (job.note, job.staff_note) == ("Gate: 12", "key at office")
        assert (job.repeat_on, job.repeat_edited, job.repeat_off) == (WED, False, False)
        assert outcome.repeat.generated_to == MON + 2 * WEEK

    def test_writes_the_log_and_tells_the_sitter_but_not_the_client(self, cast, pattern, db_session, outbox):
        repeats.start(cast.alice, pattern(), actor=cast.as_max)
        (line,) = log(db_session, "repeat.started")
        assert line.client_id == cast.alice.id
        assert line.facts["series"] == "Dog walk, Mon Wed Fri 12:00"
        assert outbox.mails(to=cast.alice.email) == []
        facts = outbox.facts(MailKind.SITTER_VISIT_ASSIGNED, to=cast.sam.email)
        assert [v.on_date for v in facts.visits] == ["2026-11-25"], "only what is near"
        assert {v.price for v in facts.visits} == {""}
        (evening,) = log(db_session, "job.repeated")
        assert evening.facts["evening"] == [cast.sam.id]
        assert evening.facts["after"].startswith("Dog walk, Mon Wed Fri 12:00, 2026-11-27 - 2026-12-07, Alice Archer")

    def test_the_rest_stands_in_the_sitters_evening_mail_in_one_line(self, cast, start, outbox, clock_at):
        start()
        clock_at("2026-11-23 18:00")
        sitter_mails.evening_schedules()
        facts = outbox.facts(MailKind.SITTER_SCHEDULE, to=cast.sam.email)
        assert len(facts.changes) == 1
        assert "Mon Wed Fri 12:00" in facts.changes[0]

    def test_prices_follow_the_pets(self, cast, start, db_session):
        start(pets=[cast.biscuit, cast.mochi])
        assert {j.price for j in visits(db_session)} == {cast.walk.price + cast.walk.extra_pet_price}

    def test_several_times_a_day_in_blocks(self, cast, start, db_session):
        times = [PatternTime(2, None, cast.evening), PatternTime(2, None, cast.morning)]
        start(item=cast.cat_visit, pets=[cast.mochi], times=times)
        found = sorted((j.on_date, j.time_block.starts_at) for j in visits(db_session))
        assert found == [(day, b.starts_at) for day in (WED, WED + WEEK) for b in (cast.morning, cast.evening)]

    def test_a_visit_over_midnight_touches_the_next_day(self, cast, start, db_session):
        start(times=[PatternTime(2, dt.time(23, 45))])
        assert {j.ends_on - j.on_date for j in visits(db_session)} == {DAY}

    def test_an_overnight_has_no_time(self, cast, start, db_session):
        start(item=cast.overnight, times=[PatternTime(4, NOON)])
        assert [(j.on_date, j.ends_on, j.start_time, j.price) for j in visits(db_session)] == [
            (FRI, FRI, None, Decimal(100)), (FRI + WEEK, FRI + WEEK, None, Decimal(100)),
        ]  # fmt: skip

    def test_what_has_passed_today_is_not_made(self, start, db_session, clock_at):
        clock_at("2026-11-25 12:01")
        start(times=[PatternTime(2, NOON), PatternTime(2, SIX)])
        assert [(j.on_date, j.start_time) for j in visits(db_session)][:2] == [(WED, SIX), (WED + WEEK, NOON)]

    def test_a_first_day_in_the_past_only_says_which_weeks_count(self, start, db_session):
        start(starts_on=MON - WEEK, every_weeks=2, times=[PatternTime(2, NOON)])
        assert days(visits(db_session)) == [WED + WEEK]

    @pytest.mark.parametrize(
        ("wrong", "code", "field"),
        [
            ({"times": []}, "no_times", "times"),
            ({"times": [PatternTime(d % 7, dt.time(d // 7)) for d in range(71)]}, "many_times", "times"),
            ({"times": [PatternTime(7, NOON)]}, "weekday", "times"),
            ({"every_weeks": 0}, "every_weeks", "every_weeks"),
            ({"every_weeks": 53}, "every_weeks", "every_weeks"),
            ({"week_starts": 7}, "week_starts", "week_starts"),
            ({"ends_on": TUE}, "order", "ends_on"),
            ({"starts_on": MON - WEEK, "ends_on": SUN - WEEK}, "ended", "ends_on"),
            ({"starts_on": dt.date(2036, 1, 1)}, "starts_late", "starts_on"),
            ({"starts_on": dt.date(2001, 1, 1)}, "starts_early", "starts_on"),
            ({"pets": []}, "no_pet", "pets"),
        ],
    )
    def test_refuses_what_makes_no_sense(self, start, wrong, code, field, db_session):
        assert refuse(lambda: start(**wrong)) == (code, field)
        assert count(Repeat) == 0

    def test_refuses_blocks_that_are_missing_and_things_of_others(self, cast, start):
        assert refuse(lambda: start(item=cast.cat_visit)) == ("no_block", "times")
        assert refuse(lambda: start(pets=[cast.bella])) == ("foreign_pet", "pets")
        assert refuse(lambda: start(sitter=cast.olivia)) == ("not_a_sitter", "sitter")
        cast.walk.is_active = False
        assert refuse(start) == ("item_inactive", "service_item")

    def test_is_for_the_office(self, cast, pattern):
        for actor in (cast.as_sam, cast.as_alice):
            refuse(lambda actor=actor: repeats.start(cast.alice, pattern(), actor=actor), NotAllowed)

    def test_the_same_time_twice_is_one_visit(self, start):
        assert len(start(times=[PatternTime(2, NOON), PatternTime(2, NOON)]).times) == 1


# ------------------------------------------------------------------------------------------------------------ runs


class TestGenerate:
    def test_again_makes_nothing_twice(self, cast, start, db_session):
        repeat = start()
        before = visits(db_session)
        run = repeat_runs.generate([repeat], MON + 2 * WEEK, actor=WORKER)
        assert (run.n_made, run.n_already) == (0, 6)
        assert visits(db_session) == before

    def test_goes_on_where_it_stopped(self, start, db_session, clock_at):
        repeat = start()
        clock_at("2026-11-26 03:00")
        run = repeat_runs.generate([repeat], repeat_runs.horizon(), actor=WORKER, quiet=True)
        assert (run.n_made, days(visits(db_session))[-1]) == (1, WED + 2 * WEEK)
        assert repeat.generated_to == THU + 2 * WEEK

    def test_at_night_tells_nobody_of_far_visits(self, start, db_session, outbox, clock_at):
        repeat = start()
        outbox.clear()
        lines = count(Activity)
        clock_at("2026-11-26 03:00")
        repeat_runs.generate([repeat], repeat_runs.horizon(), actor=WORKER, quiet=True)
        assert (len(outbox), count(Activity)) == (0, lines)

    def test_at_night_tells_of_what_would_be_a_surprise(self, start, outbox, cast, clock_at):
        settings.change({"mail.sitter_days": 30}, actor=COMMAND_LINE)
        repeat = start()
        outbox.clear()
        clock_at("2026-12-10 03:00")  # the worker was away for days
        repeat_runs.generate([repeat], repeat_runs.horizon(), actor=WORKER, quiet=True)
        facts = outbox.facts(MailKind.SITTER_VISIT_ASSIGNED, to=cast.sam.email)
        assert [v.on_date for v in facts.visits] == ["2026-12-11"]

    def test_over_a_range_leaves_the_rest_for_later(self, start, db_session):
        repeat = start()
        run = repeat_runs.generate([repeat], SUN + 10 * WEEK, first=MON + 10 * WEEK, actor=WORKER)
        assert run.n_made == 3
        assert repeat.generated_to == MON + 2 * WEEK, "there is a gap before it"
        assert repeat_runs.generate([repeat], SUN + 10 * WEEK, actor=WORKER).n_made == 8 * 3 - 1

    def test_leaves_cancelled_changed_and_moved_visits_as_they_are(self, cast, start, db_session):
        repeat = start()
        cancelled, moved, changed, *_rest = visits(db_session, repeat)
        cancelling.cancel([cancelled], actor=cast.as_max)
        changing.change(moved, change_of(moved, on_date=SAT), actor=cast.as_max)
        changing.change(changed, change_of(changed, sitter=cast.sita), actor=cast.as_max)
        run = repeat_runs.generate([repeat], MON + 2 * WEEK, actor=WORKER)
        assert run.n_made == 0
        assert [j.on_date for j in visits(db_session, repeat)] == [
            SAT,
            MON + WEEK,
            WED + WEEK,
            FRI + WEEK,
            MON + 2 * WEEK,
        ]
        assert {j.repeat_edited for j in (cancelled, moved, changed)} == {True}
        assert cancelled.state is JobState.CANCELLED

    def test_a_visit_that_was_saved_without_a_change_still_belongs_to_its_series(self, cast, start, db_session):
        job = visits(db_session, start())[0]
        changing.change(job, change_of(job), actor=cast.as_max)
        assert job.repeat_edited is False

    def test_a_visit_that_was_taken_out_does_not_come_again(self, start, db_session):
        repeat = start()
        job = visits(db_session, repeat)[0]
        repeats.take_out(job)
        db_session.delete(job)
        db_session.flush()
        assert count(RepeatSkip) == 1
        assert repeat_runs.generate([repeat], MON + 2 * WEEK, actor=WORKER).n_made == 0

    def test_leaves_out_closed_days_but_not_holidays(self, cast, db_session, pattern):
        make.public_holiday(FRI, "Open holiday")
        make.public_holiday(WED, "Closed holiday", is_closed=True)
        make.closed_day(MON + WEEK, MON + WEEK)
        make.closed_day(WED + WEEK, WED + WEEK, service_item=cast.cat_visit)
        make.closed_day(FRI + WEEK, FRI + WEEK, service_group=cast.dog_walks)
        outcome = repeats.start(cast.alice, pattern(), actor=cast.as_max)
        assert days(visits(db_session)) == [FRI, WED + WEEK, MON + 2 * WEEK]
        assert outcome.run.outlooks[0].closed == [WED, MON + WEEK, FRI + WEEK]

    def test_makes_the_day_up_when_it_is_open_after_all(self, cast, db_session, start):
        closed = make.closed_day(FRI, FRI)
        repeat = start()
        db_session.delete(closed)
        assert repeat_runs.generate([repeat], MON + 2 * WEEK, actor=WORKER).n_made == 1
        assert FRI in days(visits(db_session))

    def test_leaves_out_pets_that_are_gone(self, cast, start, db_session, clock_at):
        repeat = start(pets=[cast.biscuit, cast.mochi])
        cast.mochi.status = PetStatus.DECEASED
        clock_at("2026-12-01 09:00")
        repeat_runs.generate([repeat], repeat_runs.horizon(), actor=WORKER)
        last = visits(db_session)[-1]
        assert ([p.name for p in last.pets], last.price) == (["Biscuit"], cast.walk.price)

    def test_with_no_pet_left_makes_nothing_and_says_so_once(self, cast, start, db_session):
        cast.walk.extra_pet_price = Decimal(0)
        repeat = start()
        cast.biscuit.status = PetStatus.INACTIVE
        for _ in range(2):
            run = repeat_runs.generate([repeat], MON + 10 * WEEK, actor=WORKER)
            assert (run.n_made, run.outlooks[0].remarks) == (0, ["no_pets"])
        (line,) = db_session.scalars(sa.select(Notification)).all()
        assert (line.kind, line.facts["told"]) == (NotificationKind.SERIES_TROUBLE, ["no_pets"])

    @pytest.mark.parametrize("status", [ClientStatus.INACTIVE, ClientStatus.ARCHIVED])
    def test_makes_nothing_for_clients_who_left(self, cast, start, status):
        repeat = start()
        cast.alice.status = status
        run = repeat_runs.generate([repeat], MON + 10 * WEEK, actor=WORKER)
        assert (run.n_made, run.outlooks[0].remarks) == (0, ["client_away"])

    def test_of_a_sitter_who_left_visits_are_unassigned(self, cast, start, db_session, clock_at):
        repeat = start()
        cast.sam.is_active = False
        clock_at("2026-12-01 09:00")
        run = repeat_runs.generate([repeat], repeat_runs.horizon(), actor=WORKER)
        assert run.n_made == 3
        assert [j.sitter_id for j in visits(db_session)][-3:] == [None] * 3
        (line,) = db_session.scalars(
            sa.select(Notification).where(Notification.kind == NotificationKind.SERIES_TROUBLE)
        )
        assert line.facts["told"] == ["sitter_left"]

    def test_an_inactive_service_goes_on_and_is_told(self, cast, start, db_session):
        repeat = start()
        cast.walk.is_active = False
        assert repeat_runs.generate([repeat], MON + 3 * WEEK, actor=WORKER).n_made == 3
        assert [n.facts["told"] for n in db_session.scalars(sa.select(Notification))] == [["item_inactive"]]

    def test_makes_visits_with_conflicts_and_lists_them(self, cast, pattern, db_session):
        make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=WED, pets=[cast.bella])
        make.time_off(cast.sam, FRI, FRI, note="Dentist")
        outcome = repeats.start(cast.alice, pattern(), actor=cast.as_max)
        assert days(visits(db_session))[:2] == [WED, FRI]
        assert {j.sitter_id for j in visits(db_session)} == {cast.sam.id}
        assert [(c.kind.value, c.on_date) for c in outcome.run.outlooks[0].conflicts] == [
            ("overlap", WED), ("time_off", FRI),
        ]  # fmt: skip
        (line,) = db_session.scalars(
            sa.select(Notification).where(Notification.kind == NotificationKind.SERIES_TROUBLE)
        )
        assert (line.facts["told"], line.facts["n_conflicts"], line.facts["on_date"]) == (
            ["conflicts"],
            2,
            "2026-11-25",
        )

    def test_finds_conflicts_among_what_it_makes(self, cast, start, pattern):
        start()
        run = repeats.start(cast.bob, pattern(pets=[cast.bella]), actor=cast.as_max).run
        assert run.n_conflicts == 6

    def test_is_for_the_office(self, cast, start):
        repeat = start()
        refuse(lambda: repeat_runs.generate([repeat], SUN, actor=cast.as_sam), NotAllowed)

    def test_of_nothing_is_nothing(self):
        assert repeat_runs.generate([], SUN, actor=WORKER).outlooks == []

    def test_costs_the_same_for_many_series(self, cast, start, app):
        few = [start(), start(item=cast.walk, times=[PatternTime(1, EIGHT)])]
        many = few + [
            start(client=cast.bob, pets=[cast.bella], times=[PatternTime(1, dt.time(h))]) for h in range(9, 18)
        ]

        def cost(series, weeks):
            with statements() as sent:
                repeat_runs.generate(series, SUN + weeks * WEEK, actor=WORKER, quiet=True)
            return len(sent)

        assert cost(few, 20) == cost(many, 40) <= 24


class TestPreview:
    def test_lists_what_a_run_would_make_and_makes_nothing(self, cast, start, db_session):
        repeat = start()
        make.time_off(cast.sam, MON + 3 * WEEK, MON + 3 * WEEK)
        make.closed_day(WED + 3 * WEEK, WED + 3 * WEEK)
        (o,) = repeat_outlook.preview([repeat], SUN + 3 * WEEK, first=MON + 2 * WEEK).outlooks
        assert (o.n_already, [x.on_date for x in o.ready]) == (
            1, [WED + 2 * WEEK, FRI + 2 * WEEK, MON + 3 * WEEK, FRI + 3 * WEEK],
        )  # fmt: skip
        assert [c.on_date for c in o.conflicts] == [MON + 3 * WEEK]
        assert o.closed == [WED + 3 * WEEK]
        assert len(visits(db_session)) == 6

    def test_due_are_the_clients_with_a_series_that_goes_on(self, cast, start, clock_at):
        start(ends_on=FRI)
        start(client=cast.bob, pets=[cast.bella])
        assert repeat_runs.due() == [cast.alice.id, cast.bob.id]
        clock_at("2026-11-28 09:00")
        assert repeat_runs.due() == [cast.bob.id]


# ------------------------------------------------------------------------------------------------- summer and winter


class TestClockChange:
    def test_seven_stays_seven(self, start, db_session, clock_at):
        clock_at("2027-03-10 10:00")  # the clocks go forward on Sunday the 14th at 2:00
        start(starts_on=dt.date(2027, 3, 10), times=[PatternTime(d, dt.time(7)) for d in range(7)])
        found = visits(db_session)
        assert {j.start_time for j in found} == {dt.time(7)}
        moments = {j.on_date: clock.from_local(j.on_date, j.start_time) for j in found}
        assert moments[dt.date(2027, 3, 14)] - moments[dt.date(2027, 3, 13)] == dt.timedelta(hours=23)
        assert {m.astimezone(ZoneInfo("America/New_York")).hour for m in moments.values()} == {7}

    @pytest.mark.parametrize(
        ("now", "day", "time"),
        [
            ("2027-03-10 10:00", dt.date(2027, 3, 14), dt.time(2, 30)),  # left out
            ("2027-11-03 10:00", dt.date(2027, 11, 7), dt.time(1, 30)),  # shown twice
        ],
    )
    def test_a_visit_in_the_night_of_the_change_is_there_once(self, start, db_session, clock_at, now, day, time):
        clock_at(now)
        repeat = start(starts_on=day - 3 * DAY, times=[PatternTime(6, time)])
        repeat_runs.generate([repeat], repeat_runs.horizon(), actor=WORKER)
        assert [(j.on_date, j.start_time) for j in visits(db_session)] == [(day, time), (day + WEEK, time)]


# ------------------------------------------------------------------------------------------------------------ pauses


class TestPause:
    def test_cancels_what_exists_free_of_charge_and_makes_nothing_new(self, cast, start, db_session, outbox):
        repeat = start()
        outbox.clear()
        outcome = repeats.pause(repeat, FRI, WED + WEEK, actor=cast.as_max, reason="Holiday")
        assert days(outcome.cancelled) == [FRI, MON + WEEK, WED + WEEK]
        off = visits(db_session, repeat, state=JobState.CANCELLED)
        assert [(j.on_date, j.price, j.sitter_pay, j.cancel_reason) for j in off] == [
            (d, 0, 0, "Holiday") for d in (FRI, MON + WEEK, WED + WEEK)
        ]
        assert days(visits(db_session, repeat)) == [WED, FRI + WEEK, MON + 2 * WEEK]
        assert repeat_runs.generate([repeat], MON + 2 * WEEK, actor=WORKER).n_made == 0
        (line,) = log(db_session, "repeat.paused")
        assert (line.facts["n_jobs"], line.facts["reason"], line.facts["first"]) == (3, "Holiday", "2026-11-27")
        assert outbox.mails(to=cast.alice.email) == [], "unless it is asked for"

    def test_tells_the_sitter_and_if_asked_the_client(self, cast, start, outbox, db_session):
        repeat = start()
        outbox.clear()
        repeats.pause(repeat, WED, WED + WEEK, actor=cast.as_max, mail_client=True)
        assert outbox.mails(MailKind.SITTER_VISIT_TAKEN_AWAY, to=cast.sam.email)
        assert len(outbox.facts(MailKind.VISIT_CANCELLED, to=cast.alice.email).visits) == 4

    def test_can_leave_the_visits_that_exist(self, cast, start, db_session):
        repeat = start()
        repeats.pause(repeat, FRI, FRI + 2 * WEEK, actor=cast.as_max, keep_visits=True)
        assert len(visits(db_session, repeat)) == 6
        assert repeat_runs.generate([repeat], FRI + 2 * WEEK, actor=WORKER).n_made == 0

    def test_leaves_what_a_person_has_changed(self, cast, start, db_session):
        repeat = start()
        job = visits(db_session, repeat)[1]
        changing.change(job, change_of(job, start_time=EIGHT), actor=cast.as_max)
        assert days(repeats.pause(repeat, THU, SUN, actor=cast.as_max).cancelled) == []
        assert job.state is JobState.SCHEDULED

    def test_leaves_what_has_begun(self, cast, start, db_session, clock_at):
        repeat = start()
        clock_at("2026-11-25 12:00")
        assert days(repeats.pause(repeat, WED, FRI, actor=cast.as_max).cancelled) == [FRI]

    def test_beyond_the_horizon_is_kept_for_later(self, cast, start, db_session, clock_at):
        repeat = start()
        repeats.pause(repeat, MON + 3 * WEEK, SUN + 3 * WEEK, actor=cast.as_max)
        repeat_runs.generate([repeat], MON + 4 * WEEK, actor=WORKER)
        assert days(visits(db_session))[-3:] == [WED + 2 * WEEK, FRI + 2 * WEEK, MON + 4 * WEEK]

    @pytest.mark.parametrize(
        ("first", "last", "code", "field"),
        [
            (FRI, THU, "order", "last_on"),
            (SUN - WEEK, SUN - WEEK, "past", "last_on"),
            (FRI, FRI + 60 * WEEK, "pause_long", "last_on"),
            (MON, TUE, "outside", "first_on"),
            (FRI + 2 * WEEK, FRI + 3 * WEEK, "outside", "first_on"),
            (WED + WEEK, THU + WEEK, "paused", "first_on"),
        ],
    )
    def test_refuses_days_that_make_no_sense(self, cast, start, first, last, code, field):
        repeat = start(ends_on=THU + 2 * WEEK)
        repeats.pause(repeat, WED + WEEK, FRI + WEEK, actor=cast.as_max)
        assert refuse(lambda: repeats.pause(repeat, first, last, actor=cast.as_max)) == (code, field)
        assert count(RepeatPause) == 1

    def test_refuses_a_series_that_is_over_and_everybody_else(self, cast, start, clock_at):
        repeat = start(ends_on=FRI)
        for actor in (cast.as_sam, cast.as_alice):
            refuse(lambda actor=actor: repeats.pause(repeat, FRI, FRI, actor=actor), NotAllowed)
        clock_at("2026-11-28 09:00")
        assert refuse(lambda: repeats.pause(repeat, SUN, SUN, actor=cast.as_max), WrongState)[0] == "repeat_over"


class TestResume:
    def test_brings_back_what_the_pause_called_off(self, cast, start, db_session, outbox):
        repeat = start()
        repeats.pause(repeat, FRI, WED + WEEK, actor=cast.as_max)
        outbox.clear()
        outcome = repeats.resume(repeat.pauses[0], actor=cast.as_max, from_on=MON + WEEK)
        assert outcome.run.n_made == 2
        assert days(visits(db_session, repeat)) == [WED, MON + WEEK, WED + WEEK, FRI + WEEK, MON + 2 * WEEK]
        back = visits(db_session, repeat)[1]
        assert (back.price, back.sitter_pay, back.prior_price, back.cancelled_at) == (20, 10, None, None)
        assert (back.cancel_reason, back.repeat_off, back.sitter_id) == ("", False, cast.sam.id)
        assert [(p.first_on, p.last_on) for p in repeat.pauses] == [(FRI, SUN)]
        assert [a.facts["from_on"] for a in log(db_session, "repeat.resumed")] == ["2026-11-30"]

    def test_never_brings_back_what_a_person_cancelled(self, cast, start, db_session):
        repeat = start()
        repeats.pause(repeat, FRI, WED + WEEK, actor=cast.as_max)
        friday, monday, _wednesday = visits(db_session, repeat, state=JobState.CANCELLED)
        # The office brings Friday back by hand, then the client calls it off after all.
        friday.state = JobState.SCHEDULED
        cancelling.cancel([friday], actor=cast.as_max)
        repeats.resume(repeat.pauses[0], actor=cast.as_max)
        assert (friday.state, monday.state) == (JobState.CANCELLED, JobState.SCHEDULED)

    def test_of_a_pause_to_come_removes_it(self, cast, start, db_session):
        repeat = start()
        repeats.pause(repeat, FRI, WED + WEEK, actor=cast.as_max)
        assert repeats.resume(repeat.pauses[0], actor=cast.as_max).run.n_made == 3
        assert count(RepeatPause) == 0

    def test_tells_the_sitter_again(self, cast, start, outbox):
        repeat = start()
        repeats.pause(repeat, WED, FRI, actor=cast.as_max)
        outbox.clear()
        repeats.resume(repeat.pauses[0], actor=cast.as_max)
        facts = outbox.facts(MailKind.SITTER_VISIT_ASSIGNED, to=cast.sam.email)
        assert [v.on_date for v in facts.visits] == ["2026-11-25"]

    def test_refuses_a_pause_that_is_over_or_gone(self, cast, start, clock_at):
        repeat = start()
        repeats.pause(repeat, WED, THU, actor=cast.as_max)
        pause = repeat.pauses[0]
        clock_at("2026-11-27 09:00")
        assert refuse(lambda: repeats.resume(pause, actor=cast.as_max), WrongState)[0] == "pause_over"


# --------------------------------------------------------------------------------------------------------------- end


class TestEnd:
    def test_cancels_what_comes_later_and_makes_no_more(self, cast, start, db_session, outbox):
        repeat = start()
        moved = visits(db_session, repeat)[2]
        changing.change(moved, change_of(moved, on_date=SAT + WEEK), actor=cast.as_max)
        outbox.clear()
        outcome = repeats.end(repeat, FRI, actor=cast.as_max, reason="Moved away", mail_client=True)
        assert days(visits(db_session, repeat)) == [WED, FRI]
        assert days(outcome.cancelled) == [WED + WEEK, FRI + WEEK, SAT + WEEK, MON + 2 * WEEK], "the moved one too"
        assert repeat_runs.generate([repeat], MON + 9 * WEEK, actor=WORKER).n_made == 0
        assert len(outbox.facts(MailKind.VISIT_CANCELLED, to=cast.alice.email).visits) == 4
        (line,) = log(db_session, "repeat.ended")
        assert (line.facts["last"], line.facts["n_jobs"], line.facts["reason"]) == ("2026-11-27", 4, "Moved away")

    def test_can_be_moved_later_and_brings_back_only_its_own(self, cast, start, db_session):
        repeat = start()
        cancelling.cancel([visits(db_session, repeat)[3]], actor=cast.as_max)
        repeats.end(repeat, FRI, actor=cast.as_max)
        outcome = repeats.end(repeat, None, actor=cast.as_max)
        assert outcome.run.n_made == 3
        assert days(visits(db_session, repeat)) == [WED, FRI, MON + WEEK, FRI + WEEK, MON + 2 * WEEK]

    def test_before_it_began_it_never_was(self, cast, start, db_session):
        repeat = start(starts_on=MON + WEEK)
        repeats.end(repeat, SUN, actor=cast.as_max)
        assert visits(db_session, repeat) == []
        assert (repeat.is_active, repeats.is_over(repeat)) == (False, True)
        repeats.end(repeat, None, actor=cast.as_max)
        assert days(visits(db_session, repeat)) == [MON + WEEK, WED + WEEK, FRI + WEEK, MON + 2 * WEEK]

    def test_leaves_what_has_begun(self, cast, start, db_session, clock_at):
        repeat = start(times=[PatternTime(2, NOON), PatternTime(2, SIX)])
        clock_at("2026-11-25 12:00")
        outcome = repeats.end(repeat, TUE, actor=cast.as_max)
        assert [(j.on_date, j.start_time) for j in outcome.cancelled] == [
            (WED, SIX),
            (WED + WEEK, NOON),
            (WED + WEEK, SIX),
        ]

    def test_refuses_the_past_and_a_stale_form(self, cast, start):
        repeat = start()
        version = repeat.version
        assert refuse(lambda: repeats.end(repeat, SAT - WEEK, actor=cast.as_max)) == ("past", "last_on")
        repeats.end(repeat, FRI + WEEK, actor=cast.as_max, seen_version=version)
        stale = lambda: repeats.end(repeat, FRI, actor=cast.as_max, seen_version=version)  # noqa: E731
        assert refuse(stale, Conflict)[0] == "stale"
        for actor in (cast.as_sam, cast.as_alice):
            refuse(lambda actor=actor: repeats.end(repeat, FRI, actor=actor), NotAllowed)


# ----------------------------------------------------------------------------------------------------------- races


def test_two_workers_at_once_make_each_visit_once(cast: Cast, start, db_session, together):
    ids = [start().id, start(client=cast.bob, pets=[cast.bella]).id]

    def work():
        series = [db_session.get(Repeat, i) for i in ids]
        return repeat_runs.generate(series, SUN + 20 * WEEK, actor=WORKER).n_made

    made = together(work, work, work)
    assert sorted(made) == [0, 0, max(made)]
    slots = [(j.repeat_id, j.repeat_on, j.repeat_time_id) for j in visits(db_session)]
    assert len(slots) == len(set(slots)) == max(made) + 12


def test_cancelling_while_a_run_works_leaves_it_cancelled(cast, start, db_session, together):
    repeat = start()
    job_id, repeat_id = visits(db_session, repeat)[0].id, repeat.id
    max_ = cast.as_max
    together(
        lambda: cancelling.cancel([db_session.get(Job, job_id)], actor=max_),
        lambda: repeat_runs.generate([db_session.get(Repeat, repeat_id)], SUN + 5 * WEEK, actor=WORKER),
    )
    assert db_session.get(Job, job_id).state is JobState.CANCELLED
    assert count(Job, Job.repeat_id == repeat_id, Job.repeat_on == WED) == 1


def test_conflicts_are_those_that_booking_would_find(cast, start, db_session):
    """The runs look at conflicts in a faster way; the answer is the same."""
    make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=WED, start_time=dt.time(12, 20), pets=[cast.bella])
    make.job(cast.bob, cast.overnight, sitter=cast.sam, on_date=FRI, pets=[cast.bella])
    make.time_off(cast.sam, MON + WEEK, TUE + WEEK)
    repeat = start()
    (o,) = repeat_outlook.preview([repeat], MON + 2 * WEEK).outlooks
    assert o.conflicts == [], "they exist already"
    booked = conflicts.find(plans.plan_of_job(j) for j in visits(db_session, repeat))
    (line,) = db_session.scalars(sa.select(Notification).where(Notification.kind == NotificationKind.SERIES_TROUBLE))
    assert line.facts["n_conflicts"] == sum(map(len, booked.values())) == 3


def test_no_mail_goes_to_clients(cast, start, db_session):
    start()
    assert count(OutboxMail, OutboxMail.client_id.is_not(None)) == 0
