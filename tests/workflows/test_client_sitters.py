"""V6: whom a client prefers and who is never sent there, in every way in which a visit gets its sitter."""

import datetime as dt
from dataclasses import replace

import pytest

from foundation.db import db
from models import Activity, ClientSitter, Job, JobState, Notification
from tests import factories as make
from tests.databases import count
from workflows import (
    bulk,
    cancelling,
    changing,
    client_sitters,
    jobs,
    moving,
    people,
    repeat_changes,
    repeat_runs,
    repeats,
)
from workflows.conflicts import ClashKind, ConflictsFound, tokens
from workflows.errors import Invalid, NotAllowed, WorkflowError
from workflows.job_requests import line_conflicts, schedule
from workflows.moving import Place
from workflows.repeat_patterns import Pattern, PatternTime
from workflows.wanted import Wanted

pytestmark = pytest.mark.covers("V6")

DAY, NOON = make.DAY, make.NOON


@pytest.fixture
def blocked(cast):
    """Sita is never to be sent to Alice."""
    client_sitters.choose(cast.alice, cast.sita, is_blocked=True, note="Allergic to cats", actor=cast.as_olivia)
    return cast.sita


def refused(do):
    """The clashes with which it is refused, also when all of them are accepted."""
    found = []
    for accept in ((), None):
        with pytest.raises(ConflictsFound) as stopped:
            do(tuple(found) if accept is None else accept)
        found = list(tokens(stopped.value.clashes))
    return [c.kind for clashes in stopped.value.clashes.values() for c in clashes]


def test_booking_scheduling_reassigning_moving_and_reinstating_refuse_a_blocked_sitter_whatever_is_accepted(
    cast, blocked
):
    wanted = Wanted(cast.walk, [DAY], NOON, pets=[cast.biscuit])
    ways = [lambda ok: jobs.book(cast.alice, wanted, sitter=blocked, actor=cast.as_olivia, accept=ok)]
    line = make.line(
        make.sent_request(cast.alice, n_lines=0), cast.walk, sitter=blocked, start_time=NOON, pets=[cast.biscuit]
    )
    ways.append(lambda ok: schedule(cast.alice, [line], actor=cast.as_olivia, accept=ok))
    job = make.job(cast.alice, cast.walk, sitter=cast.sam, pets=[cast.biscuit])
    ways.append(lambda ok: changing.change(job, moving.as_change(job, Place(DAY, NOON, None, blocked)), actor=cast.as_olivia, accept=ok))  # fmt: skip
    ways.append(lambda ok: moving.move(job, Place(DAY, NOON, None, blocked), actor=cast.as_olivia, accept=ok))
    off = make.job(cast.alice, cast.walk, sitter=blocked, state=JobState.CANCELLED, pets=[cast.biscuit])
    ways.append(lambda ok: cancelling.reinstate(off, actor=cast.as_olivia, accept=ok))
    had = make.job(cast.alice, cast.walk, sitter=blocked, pets=[cast.biscuit])
    ways.append(lambda ok: moving.move(had, Place(DAY + dt.timedelta(1), NOON, None, blocked), actor=cast.as_olivia, accept=ok))  # fmt: skip
    db.session.commit()
    for way in ways:
        assert ClashKind.BLOCKED in refused(way)
        db.session.rollback()
    assert (job.sitter, off.state, had.on_date) == (cast.sam, JobState.CANCELLED, DAY)


def test_others_are_not_concerned_neither_another_client_nor_another_sitter(cast, blocked):
    for client, pet, sitter in ((cast.bob, cast.bella, blocked), (cast.alice, cast.biscuit, cast.sam)):
        assert jobs.book(client, Wanted(cast.walk, [DAY], NOON, pets=[pet]), sitter=sitter, actor=cast.as_olivia)


def test_a_note_can_be_changed_on_a_visit_that_the_sitter_had_before(cast):
    job = make.job(cast.alice, cast.walk, sitter=cast.sita, pets=[cast.biscuit])
    client_sitters.choose(cast.alice, cast.sita, is_blocked=True, actor=cast.as_olivia)
    assert client_sitters.coming_with(cast.alice, cast.sita) == 1
    place = moving.place_of(job)
    changing.change(job, replace(moving.as_change(job, place), staff_note="Call first"), actor=cast.as_olivia)
    assert (job.staff_note, job.sitter) == ("Call first", cast.sita)


def test_an_order_for_many_visits_leaves_them_even_when_it_shall_be_done_anyway(cast, blocked):
    own = [
        make.job(cast.alice, cast.walk, sitter=cast.sam, pets=[cast.biscuit]),
        make.job(cast.bob, cast.walk, sitter=cast.sam, pets=[cast.bella]),
    ]
    wish = bulk.Wish(sitter_id=blocked.id, anyway=True)
    run = bulk.order(bulk.BulkKind.REASSIGN, [j.id for j in own], wish, actor=cast.as_olivia)
    while bulk.work(run.id):
        pass
    db.session.expire_all()
    assert [j.sitter for j in own] == [cast.sam, blocked]
    assert (run.n_done, len(run.failures)) == (1, 1)


def pattern(cast, sitter):
    return Pattern(cast.walk, [PatternTime(DAY.weekday(), NOON)], DAY, sitter=sitter, pets=[cast.biscuit])


def test_a_series_does_not_begin_or_go_on_with_a_blocked_sitter(cast, blocked):
    with pytest.raises(Invalid) as no:
        repeats.start(cast.alice, pattern(cast, blocked), actor=cast.as_olivia)
    assert (no.value.code, no.value.field) == ("sitter_blocked", "sitter")
    series = repeats.start(cast.alice, pattern(cast, cast.sam), actor=cast.as_olivia).repeat
    with pytest.raises(Invalid):
        repeat_changes.go_on_with(series, replace(pattern(cast, blocked), starts_on=DAY + dt.timedelta(7)), actor=cast.as_olivia)  # fmt: skip


def test_a_series_whose_sitter_is_blocked_later_makes_unassigned_visits_and_says_so(cast, clock_at):
    series = repeats.start(cast.alice, pattern(cast, cast.sita), actor=cast.as_olivia).repeat
    before = count(Job, Job.repeat_id == series.id, Job.sitter_id == cast.sita.id)
    client_sitters.choose(cast.alice, cast.sita, is_blocked=True, actor=cast.as_olivia)
    clock_at("2026-12-20 10:00")
    repeat_runs.generate([series], repeat_runs.horizon(), actor=cast.as_olivia)
    later = [j.sitter for j in db.session.query(Job).filter_by(repeat_id=series.id).order_by(Job.on_date)][before:]
    assert later
    assert set(later) == {None}
    (told,) = [n.facts["told"] for n in db.session.query(Notification) if "told" in n.facts]
    assert "sitter_blocked" in told


def test_blocking_ends_being_the_usual_sitter_and_nobody_becomes_it_again_while_blocked(cast):
    assert cast.alice.primary_sitter is cast.sam
    client_sitters.choose(cast.alice, cast.sam, is_blocked=True, actor=cast.as_olivia)
    assert cast.alice.primary_sitter is None
    with pytest.raises(Invalid) as no:
        people.change_client(cast.alice, {"primary_sitter": cast.sam}, actor=cast.as_olivia)
    assert no.value.field == "primary_sitter"
    client_sitters.choose(cast.alice, cast.sam, is_blocked=False, actor=cast.as_olivia)
    people.change_client(cast.alice, {"primary_sitter": cast.sam}, actor=cast.as_olivia)


def test_choosing_again_changes_the_one_note_and_each_change_is_logged_once(cast, blocked):
    client_sitters.choose(cast.alice, blocked, is_blocked=True, note="Allergic to cats", actor=cast.as_olivia)
    client_sitters.choose(cast.alice, blocked, is_blocked=False, actor=cast.as_olivia)
    assert client_sitters.forget(cast.alice, blocked, actor=cast.as_olivia)
    assert not client_sitters.forget(cast.alice, blocked, actor=cast.as_olivia)
    verbs = [a.verb for a in db.session.query(Activity).order_by(Activity.id) if a.client_id == cast.alice.id]
    assert verbs == ["client_sitter.blocked", "client_sitter.preferred", "client_sitter.forgotten"]
    assert count(ClientSitter) == 0


def test_who_may_not_and_what_is_too_long_is_refused(cast):
    with pytest.raises(NotAllowed):
        client_sitters.choose(cast.alice, cast.sita, is_blocked=True, actor=cast.as_sam)
    with pytest.raises(NotAllowed):
        client_sitters.forget(cast.alice, cast.sita, actor=cast.as_alice)
    with pytest.raises(Invalid):
        client_sitters.choose(cast.alice, cast.sita, is_blocked=True, note="x" * 256, actor=cast.as_olivia)
    with pytest.raises(Invalid):
        client_sitters.choose(cast.alice, cast.olivia, is_blocked=True, actor=cast.as_olivia)


def test_of_blocking_and_booking_in_the_same_moment_one_knows_of_the_other(cast, together):
    def block():
        alice, sita = db.session.get(type(cast.alice), alice_id), db.session.get(type(cast.sita), sita_id)
        return client_sitters.choose(alice, sita, is_blocked=True, actor=cast.as_olivia).is_blocked

    def book():
        alice, sita = db.session.get(type(cast.alice), alice_id), db.session.get(type(cast.sita), sita_id)
        item = db.session.get(type(cast.walk), walk_id)
        pets = list(alice.pets)
        return len(jobs.book(alice, Wanted(item, [DAY], NOON, pets=pets), sitter=sita, actor=cast.as_olivia))

    alice_id, sita_id, walk_id = cast.alice.id, cast.sita.id, cast.walk.id
    blocked, booked = together(block, book)
    assert blocked is True
    made = count(Job, Job.client_id == alice_id)
    assert (made, booked) == (1, 1) or (made == 0 and isinstance(booked, WorkflowError))


def test_conflicts_of_lines_name_the_blocked_sitter_without_a_further_query(cast, blocked):
    line = make.line(
        make.sent_request(cast.alice, n_lines=0), cast.walk, sitter=blocked, start_time=NOON, pets=[cast.biscuit]
    )
    (clash,) = line_conflicts([line])[line.id]
    assert (clash.kind, clash.sitter_name, clash.is_final) == (ClashKind.BLOCKED, "Sita Singh", True)
