"""Orders about many visits: stored, done in pieces, resumed after a crash, one mail for each client and sitter."""

import datetime as dt

import pytest
import sqlalchemy as sa

from application import tasks
from foundation import clock
from foundation.db import db
from models import Activity, BulkKind, BulkRun, BulkState, Job, JobState, StaffRole
from tests import factories as make
from tests.databases import count
from tests.workflows.bulk_work import finish
from workflows import bulk, bulk_kinds
from workflows.bulk import Wish
from workflows.errors import Conflict, Invalid, NotAllowed
from workflows.mail_facts import MailKind
from workflows.permissions import ROLE_PERMISSIONS, Permission

THU, FRI = dt.date(2026, 11, 26), dt.date(2026, 11, 27)
MON = dt.date(2026, 11, 30)


@pytest.fixture(autouse=True)
def _one_client_a_piece(monkeypatch):
    """So that there are pieces: four visits are one else. `test_bulk_together` has several clients in each."""
    monkeypatch.setattr(bulk_kinds, "AT_ONCE", 1)


@pytest.fixture
def visits(cast, db_session):
    """Thursday: Alice at 9 and 11 and Bob at 10 by Sam, Alice at 15 by Sita."""
    at = dt.time
    made = [
        make.job(cast.alice, cast.walk, sitter=cast.sam, start_time=at(9), pets=[cast.biscuit]),
        make.job(cast.bob, cast.walk, sitter=cast.sam, start_time=at(10), pets=[cast.bella]),
        make.job(cast.alice, cast.walk, sitter=cast.sam, start_time=at(11), pets=[cast.biscuit]),
        make.job(cast.alice, cast.walk, sitter=cast.sita, start_time=at(15), pets=[cast.biscuit]),
    ]
    db_session.commit()
    return made


@pytest.fixture
def order(cast, visits, db_session):
    """order(CANCEL, reason="Snow"): Max orders it for all visits."""

    def do(kind, *, ids=None, actor=None, **wish):
        run = bulk.order(kind, [v.id for v in visits] if ids is None else ids, Wish(**wish), actor=actor or cast.as_max)
        db_session.commit()
        return run

    return do


def test_order_stores_the_visits_by_client_and_does_nothing_yet(cast, visits, order, outbox):
    run = order(BulkKind.CANCEL, reason="Snow")
    a1, b, a2, a3 = (v.id for v in visits)
    assert run.wish["ids"] == [a1, a2, a3, b]
    assert (run.state, run.n_total, run.n_done, run.staff) == (BulkState.WAITING, 4, 0, cast.max)
    assert {v.state for v in visits} == {JobState.SCHEDULED}
    assert len(outbox) == 0
    assert bulk.due() == [run.id]


def test_cancel_is_one_mail_for_each_client_and_each_sitter(cast, visits, order, outbox):
    run = order(BulkKind.CANCEL, reason="The roads are closed")
    assert finish(run) == 2  # a piece for each client
    assert {(v.state, v.cancel_reason) for v in visits} == {(JobState.CANCELLED, "The roads are closed")}
    assert sorted((m.kind, m.to_address) for m in outbox.mails()) == [
        ("sitter_changes", "sam@example.com"),
        ("sitter_changes", "sita@example.com"),
        ("visit_cancelled", "alice@example.com"),
        ("visit_cancelled", "bob@example.com"),
    ]
    assert len(outbox.facts(MailKind.VISIT_CANCELLED, to="alice@example.com").visits) == 3
    sams = outbox.facts(MailKind.SITTER_CHANGES, to="sam@example.com")
    assert [(v.client_name, v.visit.start_time) for v in sams.gone] == [
        ("Alice Archer", "09:00"), ("Alice Archer", "11:00"), ("Bob Baker", "10:00"),
    ]  # fmt: skip
    assert (run.state, run.n_done, run.failures, run.finished_at) == (BulkState.DONE, 4, [], clock.now())
    assert {m.next_at for m in outbox.mails()} == {clock.now()}  # let go with the end
    assert bulk.due() == []


def test_sitters_hear_nothing_before_the_end(order, outbox):
    run = order(BulkKind.CANCEL)
    assert bulk.work(run.id) is True
    (mail,) = outbox.mails(MailKind.SITTER_CHANGES, to="sam@example.com")
    assert mail.next_at == clock.now() + bulk.HOLD


@pytest.mark.parametrize("waive", [True, False])
def test_the_policys_fee_is_taken_unless_it_is_waived_with_a_reason(visits, order, waive):
    make.cancellation_rule(charge_percent=50, pay_percent=25)
    pay = visits[0].sitter_pay
    finish(order(BulkKind.CANCEL, waive_fee=waive, fee_reason="Snow day" if waive else ""))
    assert {(v.price, v.fee_reason) for v in visits} == ({(0, "Snow day")} if waive else {(10, "")})
    assert {v.prior_price for v in visits} == {20}
    assert visits[0].sitter_pay == pay / 4


def test_clients_are_not_mailed_unless_wished(order, outbox):
    finish(order(BulkKind.CANCEL, mail_client=False))
    assert outbox.mails(MailKind.VISIT_CANCELLED) == []


def test_a_visit_that_cannot_be_cancelled_is_listed_and_the_others_are_done(visits, order, outbox):
    visits[0].state = JobState.IN_PROGRESS
    run = order(BulkKind.CANCEL)
    finish(run)
    assert [v.state.value for v in visits] == ["in_progress", "cancelled", "cancelled", "cancelled"]
    (failure,) = run.failures
    assert (failure["job_id"], failure["why"] % failure["values"]) == (
        visits[0].id,
        "This visit is in progress. Nothing was changed.",
    )
    assert failure["values"]["label"] == "Dog walk, Alice Archer, 2026-11-26"
    assert (run.state, run.n_done) == (BulkState.DONE, 3)
    assert len(outbox.facts(MailKind.VISIT_CANCELLED, to="alice@example.com").visits) == 2
    assert len(outbox.facts(MailKind.SITTER_CHANGES, to="sam@example.com").gone) == 2


def test_a_visit_that_is_gone_is_listed(visits, order, db_session):
    run = order(BulkKind.CANCEL)
    db_session.delete(visits[1])
    db_session.commit()
    finish(run)
    assert [f["why"] for f in run.failures] == ["This visit no longer exists."]
    assert (run.state, run.n_done) == (BulkState.DONE, 3)


@pytest.mark.parametrize("wish", [{"to_date": MON}, {"by_days": 4}])
def test_move_to_a_day_or_by_days(cast, visits, order, outbox, wish):
    run = order(BulkKind.MOVE, reason="Snow", **wish)
    finish(run)
    assert {(v.on_date, v.ends_on) for v in visits} == {(MON, MON)}
    assert [v.start_time.hour for v in visits] == [9, 10, 11, 15]
    facts = outbox.facts(MailKind.VISIT_MOVED, to="alice@example.com")
    assert [v.on_date for v in (*facts.before, *facts.visits)] == ["2026-11-26"] * 3 + ["2026-11-30"] * 3
    sams = outbox.facts(MailKind.SITTER_CHANGES, to="sam@example.com")
    assert {(m.was.on_date, m.visit.on_date) for m in sams.moved} == {("2026-11-26", "2026-11-30")}
    assert len(outbox.mails(MailKind.VISIT_MOVED)) == 2


def test_reassign_tells_both_sitters_once_and_no_client(cast, visits, order, outbox):
    finish(order(BulkKind.REASSIGN, sitter_id=cast.sita.id))
    assert {v.sitter for v in visits} == {cast.sita}
    assert sorted((m.kind, m.to_address) for m in outbox.mails()) == [
        ("sitter_changes", "sam@example.com"),
        ("sitter_changes", "sita@example.com"),
    ]
    assert len(outbox.facts(MailKind.SITTER_CHANGES, to="sam@example.com").gone) == 3
    assert len(outbox.facts(MailKind.SITTER_CHANGES, to="sita@example.com").gained) == 3


def test_reassign_to_nobody(visits, order):
    finish(order(BulkKind.REASSIGN, sitter_id=None))
    assert {v.sitter for v in visits} == {None}


def test_what_clashes_is_listed_and_can_be_tried_again_anyway(cast, visits, order, db_session):
    make.job(make.client("Leo", "Feld"), cast.walk, sitter=cast.sita, start_time=dt.time(9))
    run = order(BulkKind.REASSIGN, sitter_id=cast.sita.id)
    finish(run)
    (failure,) = run.failures
    assert failure["why"] % failure["values"] == "Conflict: Sita Singh: Dog walk, Leo Feld, 2026-11-26"
    assert (visits[0].sitter, run.n_done) == (cast.sam, 3)
    again = bulk.retry(run, actor=cast.as_max, anyway=True)
    db_session.commit()
    finish(again)
    assert (visits[0].sitter, again.n_done, again.failures) == (cast.sita, 1, [])
    with pytest.raises(Invalid):
        bulk.retry(again, actor=cast.as_max)


@pytest.mark.parametrize(
    ("kind", "wish"),
    [
        (BulkKind.MOVE, {}),
        (BulkKind.MOVE, {"to_date": MON, "by_days": 3}),
        (BulkKind.MOVE, {"by_days": 366}),
        (BulkKind.REASSIGN, {"sitter_id": 999_999}),
        (BulkKind.CANCEL, {"waive_fee": True}),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(order, kind, wish):
    with pytest.raises(Invalid):
        order(kind, **wish)
    assert count(BulkRun) == 0


def test_an_order_about_nothing_or_too_much_is_refused(order):
    for ids in ([], range(1, bulk.MOST + 2)):
        with pytest.raises(Invalid):
            order(BulkKind.CANCEL, ids=ids)


def test_orders_need_the_permissions(cast, order, monkeypatch):
    with pytest.raises(NotAllowed):
        order(BulkKind.CANCEL, actor=cast.as_sam)
    with pytest.raises(Invalid):
        order(BulkKind.REASSIGN, sitter_id=cast.olivia.id)
    monkeypatch.setitem(ROLE_PERMISSIONS, StaffRole.MANAGER, ROLE_PERMISSIONS[StaffRole.MANAGER] - {Permission.FEES})
    with pytest.raises(NotAllowed):
        order(BulkKind.CANCEL, waive_fee=True, fee_reason="Snow")
    run = order(BulkKind.CANCEL)
    with pytest.raises(NotAllowed):
        bulk.stop(run, actor=cast.as_sam)


def test_what_the_orderer_may_no_longer_do_fails(cast, visits, order):
    run = order(BulkKind.CANCEL)
    cast.max.is_active = False
    finish(run)
    assert {f["why"] for f in run.failures} == {"Your account does not allow this."}
    assert {v.state for v in visits} == {JobState.SCHEDULED}


def test_stop_leaves_the_rest_and_tells_the_sitters_of_what_was_done(cast, visits, order, outbox, db_session):
    run = order(BulkKind.CANCEL)
    assert bulk.work(run.id)
    bulk.stop(run, actor=cast.as_max)
    db_session.commit()
    assert bulk.work(run.id) is False
    assert (run.state, run.n_done, visits[1].state) == (BulkState.STOPPED, 3, JobState.SCHEDULED)
    assert {m.next_at for m in outbox.mails(MailKind.SITTER_CHANGES)} == {clock.now()}
    with pytest.raises(Conflict):
        bulk.stop(run, actor=cast.as_max)


def test_a_piece_that_breaks_leaves_nothing_and_the_next_worker_goes_on(visits, order, outbox, db_session, monkeypatch):
    run = order(BulkKind.CANCEL)
    bulk.work(run.id)
    db_session.rollback()  # killed before its commit
    db_session.expire_all()
    assert (run.state, run.n_done, len(outbox)) == (BulkState.WAITING, 0, 0)
    assert {v.state for v in visits} == {JobState.SCHEDULED}
    finish(run)
    assert run.n_done == 4
    assert len(outbox.mails(MailKind.VISIT_CANCELLED)) == 2


def test_the_worker_does_it_and_leaves_out_what_always_breaks(app, visits, order, db_session, monkeypatch):
    run = order(BulkKind.CANCEL)
    bob = visits[1].client_id
    real = bulk.KINDS[BulkKind.CANCEL]

    def breaks(run, left, *, actor):
        if db_session.get(Job, left[0]).client_id == bob:
            raise ZeroDivisionError
        return real(run, left, actor=actor)

    monkeypatch.setitem(bulk.KINDS, BulkKind.CANCEL, breaks)
    tasks.orders.bulk_orders(app)
    db_session.expire_all()
    assert (run.state, run.n_done) == (BulkState.DONE, 3)
    assert [(f["job_id"], f["why"]) for f in run.failures] == [
        (visits[1].id, "Something went wrong with this visit. Nothing was changed.")
    ]


def test_two_workers_at_once_do_each_visit_once(app, visits, order, together, outbox, db_session):
    run = order(BulkKind.CANCEL)
    run_id = run.id

    def worker():
        while bulk.work(run_id):
            db.session.commit()

    together(worker, worker, worker)
    assert (run.state, run.n_done, run.failures) == (BulkState.DONE, 4, [])
    assert len(outbox.mails(MailKind.VISIT_CANCELLED)) == 2
    cancelled = db_session.scalars(sa.select(Activity).where(Activity.verb == "job.cancelled")).all()
    assert sum(a.facts.get("n_jobs", 1) for a in cancelled) == 4
    assert count(Activity, Activity.verb == "bulk.done") == 1


def test_another_kind_of_work_joins_by_an_entry(cast, visits, order, monkeypatch):
    seen = []

    def generate(run, left, *, actor):
        seen.append((list(left), str(actor.staff)))
        return bulk.Piece(len(left))

    monkeypatch.setitem(bulk.KINDS, BulkKind.GENERATE, generate)
    run = order(BulkKind.GENERATE, ids=[visits[0].id])
    assert finish(run) == 1
    assert seen == [([visits[0].id], "Max Mason")]
    assert run.state is BulkState.DONE
