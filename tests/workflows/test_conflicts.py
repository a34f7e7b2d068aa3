"""Can a sitter do this visit beside the others? Minutes, blocks, midnight, clock changes, stays, time off."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation import clock
from foundation.db import db
from models import Job, JobState, ServiceItem, TimeBlock, TimeType
from tests import factories as make
from tests.databases import statements
from workflows import conflicts
from workflows.conflicts import ClashKind, ConflictsFound
from workflows.plans import Plan, Window, clash, last_day, plan_of_item, plan_of_job

pytestmark = pytest.mark.covers("B11")

THU, FRI, SAT = (dt.date(2026, 11, d) for d in (26, 27, 28))
MORNING = TimeBlock(id=1, name="Morning", starts_at=dt.time(7), ends_at=dt.time(10))
NIGHT = TimeBlock(id=2, name="Night", starts_at=dt.time(22), ends_at=dt.time(6))
TO_MIDNIGHT = TimeBlock(id=3, name="Late", starts_at=dt.time(20), ends_at=dt.time(0))
IN_THE_GAP = TimeBlock(id=4, name="Gap", starts_at=dt.time(2), ends_at=dt.time(3))


def time(text):
    return dt.time.fromisoformat(text) if text else None


def plan(
    start=None, minutes=30, *, on=THU, block=None, ends_on=None, end=None, kind=TimeType.STANDARD, key="x", sitter=1
):
    item = ServiceItem(name="Visit", duration_minutes=minutes, time_type=kind)
    return plan_of_item(
        key,
        item,
        sitter_id=sitter,
        on_date=on,
        start_time=time(start),
        block=block,
        ends_on=ends_on,
        end_time=time(end),
    )


def window(start, end, minutes):
    return Window(
        dt.datetime.fromisoformat(f"{start}Z"), dt.datetime.fromisoformat(f"{end}Z"), dt.timedelta(minutes=minutes)
    )


# ---------------------------------------------------------------------------------------------------------- windows


@pytest.mark.parametrize(
    ("planned", "expected"),
    [
        (plan("12:00"), window("2026-11-26 17:00", "2026-11-26 17:30", 30)),
        (plan("23:45"), window("2026-11-27 04:45", "2026-11-27 05:15", 30)),
        (plan(block=MORNING), window("2026-11-26 12:00", "2026-11-26 15:00", 30)),
        (plan(block=MORNING, minutes=240), window("2026-11-26 12:00", "2026-11-26 15:00", 180)),
        (plan("08:00", block=MORNING), window("2026-11-26 13:00", "2026-11-26 13:30", 30)),
        (plan(block=NIGHT), window("2026-11-27 03:00", "2026-11-27 11:00", 30)),
        (plan(block=TO_MIDNIGHT), window("2026-11-27 01:00", "2026-11-27 05:00", 30)),
        (plan(kind=TimeType.ANYTIME), window("2026-11-26 05:00", "2026-11-27 05:00", 30)),
        (plan(kind=TimeType.ALL_DAY, minutes=60), window("2026-11-26 05:00", "2026-11-27 05:00", 24 * 60)),
        # a stay with times, and one of whole days
        (plan("18:00", ends_on=SAT, end="09:00"), window("2026-11-26 23:00", "2026-11-28 14:00", 39 * 60)),
        (plan(ends_on=SAT, kind=TimeType.ALL_DAY), window("2026-11-26 05:00", "2026-11-29 05:00", 72 * 60)),
        (plan(ends_on=FRI), window("2026-11-26 05:00", "2026-11-28 05:00", 48 * 60)),
        # the night of 1 November has 25 hours, that of 14 March 23
        (plan("23:00", 240, on=dt.date(2026, 10, 31)), window("2026-11-01 03:00", "2026-11-01 07:00", 240)),
        (plan(block=NIGHT, on=dt.date(2026, 10, 31), minutes=600), window("2026-11-01 02:00", "2026-11-01 11:00", 540)),
        (plan(block=NIGHT, on=dt.date(2027, 3, 13), minutes=600), window("2027-03-14 03:00", "2027-03-14 10:00", 420)),
        # in the hour that is left out it is as long as ever, an hour later
        (plan("02:30", on=dt.date(2027, 3, 14), ends_on=dt.date(2027, 3, 14), end="03:00"), window("2027-03-14 07:30", "2027-03-14 08:00", 30)),
        (plan(block=IN_THE_GAP, on=dt.date(2027, 3, 14)), window("2027-03-14 07:00", "2027-03-14 08:00", 30)),
        (plan(kind=TimeType.ALL_DAY, on=dt.date(2026, 11, 1)), window("2026-11-01 04:00", "2026-11-02 05:00", 25 * 60)),
        (plan(kind=TimeType.ALL_DAY, on=dt.date(2027, 3, 14)), window("2027-03-14 05:00", "2027-03-15 04:00", 23 * 60)),
        (plan("18:00", on=dt.date(2026, 10, 31), ends_on=dt.date(2026, 11, 1), end="08:00"),
         window("2026-10-31 22:00", "2026-11-01 13:00", 15 * 60)),
    ],
)  # fmt: skip
def test_window_is_when_it_must_happen_and_how_long_it_takes(planned, expected):
    assert planned.window() == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (dt.date(2026, 10, 24), window("2026-10-24 20:00", "2026-10-25 05:00", 9 * 60)),
        (dt.date(2027, 3, 27), window("2027-03-27 21:00", "2027-03-28 04:00", 7 * 60)),
    ],
    ids=["autumn", "spring"],
)
def test_window_of_a_night_in_berlin_is_as_long_as_the_night_really_is(day, expected):
    clock.use_zone("Europe/Berlin")
    assert plan(block=NIGHT, minutes=600, on=day).window() == expected


@pytest.mark.parametrize(
    ("start", "minutes", "block", "all_day", "last"),
    [
        ("12:00", 30, None, False, THU), ("23:30", 30, None, False, THU), ("23:31", 30, None, False, FRI),
        ("12:00", 1440, None, False, FRI), ("00:00", 1440, None, False, THU), ("00:00", 1440, None, True, THU),
        (None, 30, None, False, THU), (None, 30, MORNING, False, THU), (None, 30, NIGHT, False, FRI),
        (None, 30, TO_MIDNIGHT, False, THU), ("23:00", 30, NIGHT, False, THU),
    ],
)  # fmt: skip
def test_last_day_is_the_next_when_it_runs_over_midnight(start, minutes, block, all_day, last):
    assert last_day(THU, start_time=time(start), minutes=minutes, block=block, all_day=all_day) == last


# ----------------------------------------------------------------------------------------------------------- clashes


@pytest.mark.parametrize(
    ("one", "other", "clashes"),
    [
        (plan("12:00"), plan("12:30"), False), (plan("12:00"), plan("12:29"), True), (plan("12:00"), plan("12:00"), True),
        (plan("12:00", 120), plan("12:30", 10), True),
        # a block has room beside a fixed time, until it has none
        (plan("08:00", 60), plan(block=MORNING), False), (plan("07:20", 150), plan(block=MORNING), True),
        (plan(block=MORNING), plan(block=MORNING), False), (plan(block=MORNING, minutes=100), plan(block=MORNING, minutes=90), True),
        # over midnight
        (plan("23:45"), plan("00:14", on=FRI), True), (plan("23:45"), plan("00:15", on=FRI), False),
        (plan(block=NIGHT, minutes=480), plan("05:30", on=FRI), True), (plan(block=NIGHT, minutes=480), plan("06:00", on=FRI), False),
        # all day and anytime
        (plan(kind=TimeType.ALL_DAY), plan("12:00"), True), (plan(kind=TimeType.ALL_DAY), plan("00:00", on=FRI), False),
        (plan(kind=TimeType.ANYTIME), plan("12:00"), False), (plan(kind=TimeType.ANYTIME), plan(kind=TimeType.ALL_DAY), True),
        # a stay
        (plan("18:00", ends_on=SAT, end="09:00"), plan("12:00", on=FRI), True),
        (plan("18:00", ends_on=SAT, end="09:00"), plan("09:00", on=SAT), False),
        (plan("18:00", ends_on=SAT, end="09:00"), plan("17:31"), True), (plan("18:00", ends_on=SAT, end="09:00"), plan("17:30"), False),
        # the hour that comes twice: 00:45 for two hours lasts until 01:45 of the new time
        (plan("00:45", 120, on=dt.date(2026, 11, 1)), plan("02:00", on=dt.date(2026, 11, 1)), False),
        (plan("00:45", 120, on=dt.date(2027, 3, 14)), plan("03:30", on=dt.date(2027, 3, 14)), True),
    ],
)  # fmt: skip
def test_clash_of_two_visits_of_one_sitter(one, other, clashes):
    assert clash(one.window(), other.window()) is clashes
    assert clash(other.window(), one.window()) is clashes


# ----------------------------------------------------------------------------------------------------- in the schedule


@pytest.fixture
def ask(cast):
    """The clashes of one walk that Sam would do, as (kind, label)."""

    def find(start="12:00", *, on=THU, sitter=None, **more):
        sitter_id = (sitter or cast.sam).id
        planned = plan_of_item(
            "new", cast.walk, sitter_id=sitter_id, on_date=on, start_time=time(start), block=None, **more
        )
        return [(c.kind, c.label) for c in conflicts.find([planned]).get("new", [])]

    return find


def test_find_sees_the_sitter_s_other_visits_and_nobody_else_s(cast, ask):
    make.job(cast.bob, cast.walk, sitter=cast.sita)
    assert ask() == []
    make.job(cast.bob, cast.walk, sitter=cast.sam)
    assert ask() == [(ClashKind.OVERLAP, "Dog walk, Bob Baker")]


def test_find_names_what_the_office_wants_to_see(cast):
    job = make.job(cast.bob, cast.walk, sitter=cast.sam)
    off = make.time_off(cast.sam, THU, SAT, note="wedding")
    found = conflicts.find([plan("12:00", key=7, sitter=cast.sam.id)])
    assert [(c.kind, c.sitter_name, c.label, c.on_date, c.last_on, c.start_time) for c in found[7]] == [
        (ClashKind.OVERLAP, "Sam Stone", "Dog walk, Bob Baker", THU, THU, dt.time(12)),
        (ClashKind.TIME_OFF, "Sam Stone", "wedding", THU, SAT, None),
    ]
    assert conflicts.tokens(found) == {c.token for c in found[7]}
    assert len(conflicts.tokens(found)) == 2
    assert str(job.id) in found[7][0].token
    assert str(off.id) in found[7][1].token


@pytest.mark.parametrize("state", JobState, ids=str)
def test_find_counts_visits_that_keep_the_sitter_busy(cast, ask, state):
    make.job(cast.bob, cast.walk, sitter=cast.sam, state=state)
    assert bool(ask()) is (state in {JobState.SCHEDULED, JobState.IN_PROGRESS, JobState.COMPLETED})


def test_find_sees_a_visit_of_yesterday_that_runs_over_midnight_and_a_long_stay(cast, ask):
    make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=FRI, start_time=dt.time(23, 45))
    assert ask("00:10", on=SAT)
    assert not ask("00:15", on=SAT)
    make.job(
        cast.bob, cast.overnight, sitter=cast.sita, on_date=dt.date(2026, 11, 1), start_time=dt.time(18),
        ends_on=dt.date(2026, 12, 20), end_time=dt.time(9),
    )  # fmt: skip
    assert ask(sitter=cast.sita) == [(ClashKind.OVERLAP, "Overnight, Bob Baker")]


@pytest.mark.parametrize(
    ("first", "last", "away"), [(THU, THU, True), (FRI, SAT, False), (dt.date(2026, 11, 1), THU, True)]
)
def test_find_sees_time_off_on_the_very_days(cast, ask, first, last, away):
    make.time_off(cast.sam, first, last)
    make.time_off(cast.sita, THU, THU)
    assert bool(ask()) is away


def test_find_sees_time_off_on_the_day_after_midnight(cast, ask):
    make.time_off(cast.sam, FRI, FRI)
    assert [k for k, _label in ask("23:45")] == [ClashKind.TIME_OFF]
    assert ask("23:30") == []


def test_find_of_visits_without_a_sitter_finds_nothing_and_asks_nothing(db_session):
    with statements() as sent:
        assert conflicts.find([plan(sitter=None)]) == {}
        assert sent == []


def test_find_compares_the_planned_visits_with_each_other(cast):
    plans = [
        plan("12:00", key=1, sitter=cast.sam.id),
        plan("12:15", key=2, sitter=cast.sam.id),
        plan("12:15", key=3, sitter=cast.sita.id),
    ]
    found = conflicts.find(plans)
    assert {key: [c.token for c in clashes] for key, clashes in found.items()} == {
        1: [f"1:overlap:2026-11-26/12:15:00/:{cast.sam.id}"], 2: [f"2:overlap:2026-11-26/12:00:00/:{cast.sam.id}"],
    }  # fmt: skip


def test_find_leaves_a_visit_s_own_old_place_out(cast):
    job = make.job(cast.bob, cast.walk, sitter=cast.sam)
    assert conflicts.find([plan_of_job(job)]) == {}


def test_find_asks_three_questions_however_many_visits(cast):
    plans = [plan(f"{h:02}:00", key=h, sitter=[cast.sam.id, cast.sita.id][h % 2]) for h in range(24)]
    for hour in (8, 9, 12):
        make.job(cast.bob, cast.cat_visit, sitter=cast.sam, start_time=dt.time(hour), block=cast.morning)
    from foundation.db import db

    db.session.expunge_all()
    with statements() as sent:
        found = conflicts.find(plans)
        assert (sorted(found), len(sent)) == ([8, 12], 3)


def test_find_sees_a_visit_where_it_is_now_not_where_it_was_when_it_was_loaded(cast, elsewhere, db_session):
    job = make.job(cast.bob, cast.walk, sitter=cast.sam)
    db_session.commit()
    elsewhere(lambda: setattr(db_session.get(Job, job.id), "start_time", dt.time(9)))
    assert job.start_time == dt.time(12)
    assert conflicts.find([plan("12:00", sitter=cast.sam.id)]) == {}
    assert job.start_time == dt.time(9)


# ------------------------------------------------------------------------------------------------------- full blocks


def test_find_sees_a_block_that_is_too_full_though_each_two_would_fit(cast):
    """Three times 70 minutes do not fit into the morning's three hours, though any two of them do."""
    for client in (cast.alice, cast.bob):
        make.job(client, cast.cat_visit, sitter=cast.sam, start_time=None, block=cast.morning, duration_minutes=70)
    third = plan(block=cast.morning, minutes=70, key="new", sitter=cast.sam.id)
    (full,) = conflicts.find([third])["new"]
    assert (full.kind, full.label, full.on_date, full.n_others) == (ClashKind.BLOCK_FULL, "Morning 07:00-10:00", THU, 2)
    assert conflicts.find([plan(block=cast.morning, minutes=40, sitter=cast.sam.id)]) == {}
    assert conflicts.find([plan(block=cast.morning, minutes=70, sitter=cast.sita.id)]) == {}


def test_find_sees_that_fixed_visits_leave_no_room_in_the_block(cast):
    for hour, minute in ((7, 20), (8, 20), (9, 20)):
        make.job(cast.bob, cast.walk, sitter=cast.sam, start_time=dt.time(hour, minute), duration_minutes=40)
    assert conflicts.find([plan(block=cast.morning, minutes=20, sitter=cast.sam.id)]) == {}
    (full,) = conflicts.find([plan(block=cast.morning, minutes=21, sitter=cast.sam.id)])["x"]
    assert (full.kind, full.n_others) == (ClashKind.BLOCK_FULL, 3)
    for _ in range(3):
        make.job(cast.bob, cast.cat_visit, sitter=cast.sam, start_time=None, block=cast.morning)
    (full,) = conflicts.find([plan(block=cast.morning, minutes=20, sitter=cast.sam.id)])["x"]
    assert (full.kind, full.n_others) == (ClashKind.BLOCK_FULL, 6)


def test_block_that_is_impossible_already_does_not_speak_against_what_still_fits(cast):
    make.job(cast.bob, cast.walk, sitter=cast.sam, start_time=dt.time(7, 20), duration_minutes=40)
    make.job(cast.bob, cast.walk, sitter=cast.sam, start_time=dt.time(8, 20), duration_minutes=100)
    make.job(cast.bob, cast.cat_visit, sitter=cast.sam, start_time=None, block=cast.morning, duration_minutes=60)
    assert conflicts.find([plan(block=cast.morning, minutes=20, sitter=cast.sam.id)]) == {}


def test_full_block_has_another_token_once_one_more_visit_is_in_it(cast):
    for _ in range(2):
        make.job(cast.bob, cast.cat_visit, sitter=cast.sam, start_time=None, block=cast.morning, duration_minutes=70)
    third = plan(block=cast.morning, minutes=70, sitter=cast.sam.id)
    before = conflicts.tokens(conflicts.find([third]))
    make.job(cast.alice, cast.cat_visit, sitter=cast.sam, start_time=None, block=cast.morning, duration_minutes=70)
    assert not before & conflicts.tokens(conflicts.find([third]))


def test_full_block_of_planned_visits_alone_is_seen(cast):
    plans = [plan(block=cast.morning, minutes=70, key=k, sitter=cast.sam.id) for k in range(3)]
    assert {key: [c.kind for c in clashes] for key, clashes in conflicts.find(plans).items()} == {
        k: [ClashKind.BLOCK_FULL] for k in range(3)
    }


def test_visits_that_clash_anyway_are_not_said_to_fill_the_block_too(cast):
    make.job(cast.bob, cast.walk, sitter=cast.sam, start_time=dt.time(7), duration_minutes=170)
    assert [c.kind for c in conflicts.find([plan(block=cast.morning, sitter=cast.sam.id)])["x"]] == [ClashKind.OVERLAP]


@pytest.mark.covers("B11")
@given(st.lists(st.integers(1, 90), max_size=6), st.integers(1, 90))
def test_block_is_overfull_exactly_when_one_sitter_s_minutes_in_it_exceed_its_length(others, minutes):
    """Three hours of morning. Two that cannot both be done are an overlap, more of them a full block."""
    morning = TimeBlock(id=1, name="Morning", starts_at=dt.time(7), ends_at=dt.time(10))
    plans = [plan(block=morning, minutes=m, key=k, sitter=1) for k, m in enumerate([*others, minutes])]
    *there, new = plans
    found = list(conflicts._clashes(new, conflicts._around([], plans), {}, "Sam"))
    assert bool(found) == (sum(others) + minutes > 180)
    assert {c.kind for c in found} <= {ClashKind.OVERLAP, ClashKind.BLOCK_FULL}
    assert all(c.n_others == len(there) for c in found if c.kind is ClashKind.BLOCK_FULL)


def test_block_that_is_overfull_already_is_said_to_be_so_again(cast):
    for _ in range(3):
        make.job(cast.bob, cast.cat_visit, sitter=cast.sam, start_time=None, block=cast.morning, duration_minutes=70)
    (full,) = conflicts.find([plan(block=cast.morning, minutes=40, sitter=cast.sam.id)])["x"]
    assert (full.kind, full.n_others) == (ClashKind.BLOCK_FULL, 3)


# ----------------------------------------------------------------------------------------------------- vaccinations


@pytest.mark.covers("B11")
@pytest.mark.parametrize(
    ("expires", "ends_on", "warns"),
    [(THU, None, True), (FRI, None, False), (FRI, FRI, True), (dt.date(2020, 1, 1), None, True), (None, None, False)],
)
def test_vaccination_that_has_run_out_on_a_day_of_the_visit_speaks_against_it(cast, expires, ends_on, warns):
    cast.biscuit.vaccinations_expire_on = expires
    wanted = plan_of_item(
        "x", cast.walk, sitter_id=None, on_date=THU, start_time=make.NOON, block=None, ends_on=ends_on,
        pets=[cast.biscuit, cast.mochi],
    )  # fmt: skip
    found = conflicts.find([wanted]).get("x", [])
    assert [(c.kind, c.label, c.on_date, c.about) for c in found] == (
        [(ClashKind.VACCINATION, "Biscuit", expires, f"pet-{cast.biscuit.id}")] if warns else []
    )


@pytest.mark.covers("B11")
def test_vaccinations_stand_beside_the_sitter_s_conflicts_and_cost_no_question(cast):
    for pet in (cast.biscuit, cast.mochi):
        pet.vaccinations_expire_on = THU
    make.job(cast.bob, cast.walk, sitter=cast.sam)
    db.session.flush()
    wanted = plan_of_item(
        "x",
        cast.walk,
        sitter_id=cast.sam.id,
        on_date=THU,
        start_time=make.NOON,
        block=None,
        pets=[cast.biscuit, cast.mochi],
    )
    with statements() as sent:
        found = conflicts.find([wanted])["x"]
    assert ([c.kind.value for c in found], len(sent)) == (["overlap", "vaccination", "vaccination"], 3)
    assert len(conflicts.tokens({"x": found})) == 3


# ------------------------------------------------------------------------------------------------------------ plans


def test_plan_of_a_job_is_its_place_in_the_day(cast):
    job = make.job(cast.bob, cast.cat_visit, sitter=cast.sam, start_time=None, block=cast.night)
    assert plan_of_job(job) == Plan(
        ("job", job.id),
        cast.sam.id,
        THU,
        FRI,
        None,
        None,
        cast.night,
        20,
        TimeType.TIME_BLOCK,
        job.id,
        "Cat visit, Bob Baker",
        client_id=cast.bob.id,
    )


def test_conflicts_found_carries_what_to_show(cast):
    found = {"x": []}
    refusal = ConflictsFound(found)
    assert (refusal.code, refusal.clashes) == ("conflicts", found)
