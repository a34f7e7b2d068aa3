"""This and following: a series goes on with another pattern; and series edits in every order, by machine."""

import datetime as dt
from collections import Counter
from decimal import Decimal

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from foundation import clock
from foundation.db import db
from models import ChangeKind, Job, JobState, Repeat, RepeatPause, RepeatSkip
from tests import factories as make
from tests.cast import make_cast
from tests.databases import empty
from workflows import cancelling, changing, jobs, repeat_changes, repeat_runs, repeats, settings
from workflows.actors import COMMAND_LINE, WORKER
from workflows.changing import Change
from workflows.errors import Conflict, Invalid, NotAllowed, WorkflowError, WrongState
from workflows.mail_facts import MailKind
from workflows.repeat_patterns import Pattern, PatternTime, occurrences

MON, TUE, WED, THU, FRI, SAT, SUN = (dt.date(2026, 11, d) for d in range(23, 30))
NOON, EIGHT, TWO, SIX = dt.time(12), dt.time(8), dt.time(14), dt.time(18)
DAY = dt.timedelta(days=1)
WEEK = dt.timedelta(days=7)


def refuse(do, kind=Invalid):
    with pytest.raises(kind) as refused:
        do()
    return refused.value.code, refused.value.field


def visits(repeat=None, *, state=JobState.SCHEDULED):
    db.session.flush()
    query = sa.select(Job).where(Job.repeat_id.is_not(None), Job.state == state)
    query = query.where(Job.repeat_id == repeat.id) if repeat is not None else query
    return list(db.session.scalars(query.order_by(Job.on_date, Job.start_time, Job.id)))


def places(found):
    return [(j.on_date, j.start_time) for j in found]


def change_of(job, **more):
    values = {
        "item": job.service_item, "on_date": job.on_date, "start_time": job.start_time, "block": job.time_block,
        "sitter": job.sitter, "pets": job.pets, "note": job.note, "staff_note": job.staff_note,
    }  # fmt: skip
    return Change(**{**values, **more})


@pytest.fixture(autouse=True)
def _two_weeks_ahead(request):
    if "cast" in request.fixturenames:
        request.getfixturevalue("cast")
        settings.change({"schedule.repeat_days": 14}, actor=COMMAND_LINE)


@pytest.fixture
def pattern(cast):
    """Biscuit is walked by Sam on Monday, Wednesday and Friday at noon, from this Wednesday on."""

    def do(**more):
        values = {"item": cast.walk, "starts_on": WED, "sitter": cast.sam, "pets": [cast.biscuit]}
        days, at = more.pop("days", (0, 2, 4)), more.pop("at", (NOON,))
        times = [PatternTime(d, t) for d in days for t in at]
        return Pattern(**{**values, "times": times, **more})

    return do


@pytest.fixture
def old(cast, pattern):
    return repeats.start(cast.alice, pattern(), actor=cast.as_max).repeat


@pytest.fixture
def go_on(cast, pattern, old):
    def do(from_on=MON + WEEK, repeat=None, **more):
        return repeat_changes.go_on_with(repeat or old, pattern(starts_on=from_on, **more), actor=cast.as_max)

    return do


class TestGoOnWith:
    def test_ends_the_old_series_and_moves_the_visits_over(self, cast, old, go_on):
        before = {j.id for j in visits()}
        outcome = go_on(at=(TWO,))
        new = outcome.repeat
        assert (old.ends_on, new.starts_on, new.follows_id) == (SUN, MON + WEEK, old.id)
        assert places(visits(old)) == [(WED, NOON), (FRI, NOON)]
        assert places(visits(new)) == [(MON + WEEK, TWO), (WED + WEEK, TWO), (FRI + WEEK, TWO), (MON + 2 * WEEK, TWO)]
        assert {j.id for j in visits()} == before, "moved, not made again: their addresses stay"
        assert (outcome.cancelled, outcome.run.n_made) == ([], 0)

    def test_tells_the_sitter_of_near_visits_at_once_and_of_others_in_the_evening(self, cast, go_on, outbox):
        outbox.clear()
        go_on(WED, at=(TWO,))
        moved = outbox.facts(MailKind.SITTER_VISIT_MOVED, to=cast.sam.email)
        assert (moved.visits[0].start_time, moved.before[0].start_time) == ("14:00", "12:00")
        assert {m.kind for m in outbox.mails()} == {MailKind.SITTER_VISIT_MOVED.value}

    def test_another_sitter_takes_over(self, cast, go_on, outbox):
        outbox.clear()
        new = go_on(WED, sitter=cast.sita).repeat
        assert {j.sitter for j in visits(new)} == {cast.sita}
        assert [m.to_address for m in outbox.mails(MailKind.SITTER_VISIT_TAKEN_AWAY)] == [cast.sam.email]
        assert [m.to_address for m in outbox.mails(MailKind.SITTER_VISIT_ASSIGNED)] == [cast.sita.email]

    def test_other_days_take_the_visits_of_their_week(self, go_on):
        before = {j.id for j in visits()}
        new = go_on(days=(1, 3, 5)).repeat
        assert places(visits(new)) == [
            (TUE + WEEK, NOON), (THU + WEEK, NOON), (SAT + WEEK, NOON), (TUE + 2 * WEEK, NOON),
        ]  # fmt: skip
        assert {j.id for j in visits()} == before

    def test_fewer_visits_cancels_the_others_free_of_charge(self, old, go_on):
        outcome = go_on(days=(0,))
        assert places(outcome.cancelled) == [(WED + WEEK, NOON), (FRI + WEEK, NOON)]
        assert {(j.state, j.price, j.repeat_id) for j in outcome.cancelled} == {(JobState.CANCELLED, 0, old.id)}
        assert places(visits(outcome.repeat)) == [(MON + WEEK, NOON), (MON + 2 * WEEK, NOON)]

    def test_more_visits_makes_the_missing_ones(self, go_on):
        outcome = go_on(at=(NOON, SIX))
        assert outcome.run.n_made == 4
        assert len(visits(outcome.repeat)) == 8

    def test_cancelled_and_changed_visits_stay_and_are_not_made_a_second_time(self, cast, old, go_on):
        _wed, _fri, monday, wednesday, friday, _last = visits()
        cancelling.cancel([monday], actor=cast.as_max)
        changing.change(wednesday, change_of(wednesday, start_time=SIX), actor=cast.as_max)
        changing.change(friday, change_of(friday, on_date=SAT + WEEK), actor=cast.as_max)
        versions = {j.id: j.version for j in (monday, wednesday, friday)}
        new = go_on(at=(TWO,)).repeat
        assert places(visits(new)) == [(WED + WEEK, SIX), (SAT + WEEK, NOON), (MON + 2 * WEEK, TWO)]
        assert monday.state is JobState.CANCELLED
        assert {j.id: j.version for j in (monday, wednesday, friday)} == versions
        assert repeat_runs.generate([old, new], MON + 2 * WEEK, actor=WORKER).n_made == 0

    def test_of_two_visits_a_day_the_cancelled_one_keeps_its_place(self, cast, go_on, pattern):
        twice = repeats.start(cast.alice, pattern(days=(2,), at=(EIGHT, SIX)), actor=cast.as_max).repeat
        evening = visits(twice)[3]
        assert places([evening]) == [(WED + WEEK, SIX)]
        cancelling.cancel([evening], actor=cast.as_max)
        new = go_on(repeat=twice, days=(2,), at=(dt.time(9), dt.time(17))).repeat
        assert places(visits(new)) == [(WED + WEEK, dt.time(9))]

    def test_a_cancelled_visit_stays_cancelled_over_two_changes(self, cast, go_on):
        wednesday = visits()[3]
        cancelling.cancel([wednesday], actor=cast.as_max)
        second = go_on(days=(0,)).repeat
        third = go_on(repeat=second, days=(0, 2)).repeat
        assert places(visits(third)) == [(MON + WEEK, NOON), (MON + 2 * WEEK, NOON)]

    def test_a_visit_that_a_change_dropped_comes_back_with_a_later_one(self, go_on):
        second = go_on(days=(0,)).repeat
        third = go_on(repeat=second).repeat
        assert places(visits(third)) == [
            (MON + WEEK, NOON), (WED + WEEK, NOON), (FRI + WEEK, NOON), (MON + 2 * WEEK, NOON),
        ]  # fmt: skip

    def test_a_visit_that_was_taken_out_stays_out(self, go_on):
        monday = visits()[2]
        repeats.take_out(monday)
        db.session.delete(monday)
        new = go_on(at=(TWO,)).repeat
        assert places(visits(new))[0] == (WED + WEEK, TWO)
        assert sorted(r.repeat_id == new.id for r in db.session.scalars(sa.select(RepeatSkip))) == [False, True]

    def test_a_visit_that_a_client_asks_about_is_left_to_the_answer(self, cast, go_on):
        monday = visits()[2]
        make.change_item(make.change_request(cast.alice, ChangeKind.CANCEL), monday)
        new = go_on(at=(TWO,)).repeat
        assert places(visits(new)) == [(MON + WEEK, NOON), (WED + WEEK, TWO), (FRI + WEEK, TWO), (MON + 2 * WEEK, TWO)]

    def test_pauses_go_on(self, cast, old, go_on):
        repeats.pause(old, SAT, WED + WEEK, actor=cast.as_max)
        new = go_on(at=(TWO,)).repeat
        assert [(p.first_on, p.last_on) for p in new.pauses] == [(MON + WEEK, WED + WEEK)]
        assert places(visits(new)) == [(FRI + WEEK, TWO), (MON + 2 * WEEK, TWO)]
        repeats.resume(new.pauses[0], actor=cast.as_max)
        assert places(visits(new)) == [(MON + WEEK, TWO), (WED + WEEK, TWO), (FRI + WEEK, TWO), (MON + 2 * WEEK, TWO)]

    def test_prices_are_of_today_where_the_visit_changes(self, cast, go_on):
        cast.walk.price = Decimal(30)
        same = go_on(sitter=cast.sita).repeat
        assert {j.price for j in visits(same)} == {Decimal(20)}
        other = go_on(repeat=same, sitter=cast.sita, pets=[cast.biscuit, cast.mochi]).repeat
        assert {j.price for j in visits(other)} == {30 + cast.walk.extra_pet_price}

    def test_another_service_brings_its_length_and_blocks(self, cast, go_on):
        new = go_on(item=cast.cat_visit, times=[PatternTime(0, None, cast.evening)], pets=[cast.mochi]).repeat
        assert [(j.time_block, j.start_time, j.duration_minutes, j.service_item) for j in visits(new)] == [
            (cast.evening, None, 20, cast.cat_visit)
        ] * 2

    def test_every_second_week_keeps_its_weeks(self, cast, pattern, go_on):
        odd = repeats.start(cast.alice, pattern(every_weeks=2), actor=cast.as_max).repeat
        new = go_on(repeat=odd, every_weeks=2, at=(TWO,)).repeat
        assert new.starts_on == MON + 2 * WEEK
        assert places(visits(odd)) == [(WED, NOON), (FRI, NOON)]
        assert places(visits(new)) == [(MON + 2 * WEEK, TWO)]

    def test_from_its_first_day_the_old_series_never_was(self, old, go_on):
        new = go_on(WED, at=(TWO,)).repeat
        assert (old.is_active, visits(old), len(visits(new))) == (False, [], 6)

    def test_logs_old_and_new(self, cast, go_on):
        new = go_on(at=(TWO,)).repeat
        line = db.session.scalars(sa.select(make.Activity).where(make.Activity.verb == "repeat.followed")).one()
        assert (line.subject_id, line.client_id) == (new.id, cast.alice.id)
        assert (line.facts["before"], line.facts["series"]) == (
            "Dog walk, Mon Wed Fri 12:00",
            "Dog walk, Mon Wed Fri 14:00",
        )

    def test_refuses_what_cannot_go_on(self, cast, old, go_on, pattern, clock_at):
        version = old.version
        for actor in (cast.as_sam, cast.as_alice):
            refuse(lambda actor=actor: repeat_changes.go_on_with(old, pattern(), actor=actor), NotAllowed)
        assert refuse(lambda: go_on(SUN - WEEK)) == ("past", "starts_on")
        assert refuse(lambda: go_on(days=())) == ("no_times", "times")
        assert refuse(lambda: go_on(sitter=cast.olivia)) == ("not_a_sitter", "sitter")
        new = go_on().repeat
        assert refuse(go_on, WrongState)[0] == "followed"
        assert refuse(lambda: repeats.end(old, None, actor=cast.as_max), WrongState)[0] == "followed"
        stale = lambda: repeat_changes.go_on_with(old, pattern(), actor=cast.as_max, seen_version=version)  # noqa: E731
        assert refuse(stale, Conflict)[0] == "stale"
        repeats.end(new, FRI + WEEK, actor=cast.as_max)
        clock_at("2026-12-10 09:00")
        assert refuse(lambda: go_on(dt.date(2026, 12, 11), repeat=new), WrongState)[0] == "repeat_over"

    def test_a_sitter_who_has_left_may_stay_written_down(self, cast, old, go_on):
        cast.sam.is_active = False
        assert {j.sitter for j in visits(go_on(at=(TWO,)).repeat)} == {None}


# ---------------------------------------------------------------------------------------------------- in every order


class Series(RuleBasedStateMachine):
    """Start, run, change, cancel, pause, resume, go on, end, days go by: nothing doubled, nothing risen from the dead."""

    app = None
    travel = None

    def __init__(self):
        super().__init__()
        empty(self.app)
        self.context = self.app.app_context()
        self.context.push()
        self.travel("2026-11-23 10:00")
        self.cast = make_cast()
        settings.forget()
        settings.change({"schedule.repeat_days": 14}, actor=COMMAND_LINE)
        self.max = self.cast.as_max
        #: what a person decided: {visit: (state, day, time)}
        self.decided = {}
        #: (day of the calendar as the client knows it): how many visits a person took off it
        self.now = dt.datetime(2026, 11, 23, 10)

    def teardown(self):
        db.session.rollback()
        self.context.pop()

    def series(self):
        return list(db.session.scalars(sa.select(Repeat).order_by(Repeat.id)))

    def open(self):
        followed = {r.follows_id for r in self.series()}
        return [r for r in self.series() if not repeats.is_over(r) and r.id not in followed]

    def try_(self, do):
        db.session.flush()
        point = db.session.begin_nested()
        try:
            do()
            db.session.flush()
            point.commit()
        except WorkflowError:
            point.rollback()

    def pattern(self, from_on, week):
        return Pattern(
            self.cast.walk, [PatternTime(d, dt.time(h)) for d, h in week], from_on, sitter=self.cast.sam,
            pets=[self.cast.biscuit],
        )  # fmt: skip

    week = st.lists(st.tuples(st.integers(0, 6), st.sampled_from([8, 12, 18])), min_size=1, max_size=4, unique=True)

    @initialize(week=week)
    def begin(self, week):
        repeats.start(self.cast.alice, self.pattern(clock.today(), week), actor=self.max)

    @rule(days=st.integers(0, 20))
    def run_(self, days):
        repeat_runs.generate(self.series(), clock.today() + DAY * days, actor=WORKER, quiet=True)

    @rule(n=st.integers(0, 30))
    def cancel(self, n):
        found = [j for j in visits() if not repeats.has_begun(j)]
        if found:
            job = found[n % len(found)]
            cancelling.cancel([job], actor=self.max)
            self.decided[job.id] = (JobState.CANCELLED, job.on_date, job.start_time)

    @rule(n=st.integers(0, 30), days=st.integers(0, 3), hour=st.sampled_from([7, 8, 12, 15]))
    def change(self, n, days, hour):
        found = [j for j in visits() if not repeats.has_begun(j)]
        if found:
            job = found[n % len(found)]
            wanted = change_of(job, on_date=job.on_date + DAY * days, start_time=dt.time(hour))
            before = places([job])
            try:
                changing.change(job, wanted, actor=self.max)
            except jobs.ConflictsFound as stopped:
                changing.change(
                    job, wanted, actor=self.max, accept=[c.token for x in stopped.clashes.values() for c in x]
                )
            if places([job]) != before:
                self.decided[job.id] = (JobState.SCHEDULED, job.on_date, job.start_time)

    @rule(first=st.integers(0, 12), length=st.integers(0, 9), keep=st.booleans())
    def pause(self, first, length, keep):
        for repeat in self.open()[:1]:
            day = clock.today() + DAY * first
            self.try_(
                lambda r=repeat, d=day: repeats.pause(r, d, d + DAY * length, actor=self.max, keep_visits=keep)
            )  # fmt: skip

    @rule(n=st.integers(0, 5), days=st.integers(0, 6))
    def resume(self, n, days):
        pauses = list(db.session.scalars(sa.select(RepeatPause).order_by(RepeatPause.id)))
        if pauses:
            pause = pauses[n % len(pauses)]
            self.try_(lambda: repeats.resume(pause, actor=self.max, from_on=clock.today() + DAY * days))

    @rule(week=week, days=st.integers(0, 12))
    def go_on(self, week, days):
        for repeat in self.open()[:1]:
            pattern = self.pattern(clock.today() + DAY * days, week)
            self.try_(lambda r=repeat, p=pattern: repeat_changes.go_on_with(r, p, actor=self.max))

    @rule(days=st.integers(-1, 12))
    def end(self, days):
        for repeat in self.open()[:1]:
            before = {j.id for j in visits(repeat, state=JobState.CANCELLED)}
            self.try_(lambda r=repeat: repeats.end(r, clock.today() + DAY * days, actor=self.max))
            for job in visits(repeat, state=JobState.CANCELLED):
                if job.id in self.decided and job.id not in before:
                    self.decided[job.id] = (JobState.CANCELLED, job.on_date, job.start_time)

    @rule(n=st.integers(0, 3))
    def reopen(self, n):
        series = self.series()
        self.try_(lambda: repeats.end(series[n % len(series)], None, actor=self.max))

    @rule(days=st.integers(1, 4))
    def time_goes_by(self, days):
        db.session.commit()
        self.now += DAY * days
        self.travel(self.now)

    @invariant()
    def each_occurrence_is_there_once(self):
        db.session.flush()
        slots = db.session.execute(
            sa.select(Job.repeat_id, Job.repeat_on, Job.repeat_time_id).where(Job.repeat_id.is_not(None))
        )
        assert [slot for slot, n in Counter(map(tuple, slots)).items() if n > 1] == []

    @invariant()
    def what_a_person_decided_stays(self):
        for job_id, decided in self.decided.items():
            job = db.session.get(Job, job_id)
            assert (job.state, job.on_date, job.start_time) == decided
            assert (job.repeat_edited, job.repeat_off) == (True, False)

    @invariant()
    def no_day_has_more_visits_than_its_pattern(self):
        """Of one household's one arrangement: visits that nobody moved, each day, are at most those of the pattern."""
        own = Counter(j.repeat_on for j in visits() if not j.repeat_edited)
        theirs = Counter(
            on
            for on in db.session.scalars(sa.select(Job.repeat_on).where(Job.repeat_edited, Job.repeat_id.is_not(None)))
        )
        for day, n in own.items():
            most = sum(len(list(occurrences(r, day, day, pauses=False))) for r in self.series())
            assert n <= most
            assert n == 0 or n + min(theirs[day], most) <= max(most, n), (day, n, theirs[day], most)

    @invariant()
    def a_cancelled_visit_is_free_and_a_scheduled_one_is_not(self):
        assert {j.price for j in visits(state=JobState.CANCELLED)} <= {Decimal(0)}
        assert {j.price for j in visits()} <= {Decimal(20)}


def test_series_edits_in_every_order(sqlite_app, clock_at):
    Series.app, Series.travel = sqlite_app, staticmethod(clock_at)
    examples = max(hypothesis.settings().max_examples // 3, 8)
    run_state_machine_as_test(Series, settings=hypothesis.settings(max_examples=examples, stateful_step_count=20))
