"""How requests about visits end without a decision: withdrawn, superseded, expired; and what waits for whom."""

import datetime as dt

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import CHANGE_MOVES, Activity, ChangeItem, ChangeState, JobState, Notification, NotificationKind
from tests import factories as make
from tests.databases import count
from workflows import cancelling, change_asking, change_deciding, change_requests, settings
from workflows.actors import COMMAND_LINE, WORKER, staff_as_client
from workflows.change_preview import Wish
from workflows.errors import NotAllowed, WrongState
from workflows.mail_facts import MailKind

THU, FRI = dt.date(2026, 11, 26), dt.date(2026, 11, 27)
NOON = dt.time(12)


@pytest.fixture(autouse=True)
def admin_inbox(app):
    settings.change({"business.admin_inbox": "office@example.com"}, actor=COMMAND_LINE)


@pytest.fixture
def visits(cast):
    """Alice's walks on Thursday and Friday at noon, by Sam."""
    return [make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=d, pets=[cast.biscuit]) for d in (THU, FRI)]


@pytest.fixture
def off(cast, visits, outbox):
    """Alice's request to cancel both; its receipt and notice are out of the way."""
    request = change_asking.ask_to_cancel(cast.alice, visits, actor=cast.as_alice)
    outbox.clear()
    db.session.execute(sa.delete(Notification))
    return request


def states(request):
    return [i.state.value for i in request.items]


# ------------------------------------------------------------------------------------------------------ withdrawing


def test_withdrawing_leaves_the_visits_and_tells_both_sides(cast, visits, off, outbox):
    change_requests.withdraw(off.items[:1], actor=cast.as_alice)
    assert (states(off), off.is_open) == (["withdrawn", "pending"], True)
    facts = outbox.facts(MailKind.CHANGE_WITHDRAWN)
    assert (facts.why, [i.visit.on_date for i in facts.items]) == ("withdrawn", ["2026-11-26"])
    assert outbox.one().cc_addresses == ["office@example.com"]
    notice = db.session.scalar(sa.select(Notification))
    assert (notice.kind, notice.change_request_id) == (NotificationKind.CHANGE_WITHDRAWN, off.id)
    assert count(Activity, Activity.verb == "change_request.withdrawn") == 1
    change_requests.withdraw_request(off, actor=cast.as_alice)
    assert (states(off), off.is_open, {v.state for v in visits}) == (["withdrawn"] * 2, False, {JobState.SCHEDULED})
    assert outbox.kinds() == ["change_withdrawn"] * 2


def test_a_visit_can_be_asked_about_again_after_withdrawing(cast, visits, off):
    change_requests.withdraw_request(off, actor=cast.as_alice)
    assert change_asking.ask_to_cancel(cast.alice, visits, actor=cast.as_alice).is_open


def test_withdrawing_works_although_everything_was_switched_off(cast, off):
    settings.change({"changes.mode": "off"}, actor=COMMAND_LINE)
    change_requests.withdraw_request(off, actor=cast.as_alice)
    assert states(off) == ["withdrawn"] * 2


def test_withdrawing_the_rest_tells_what_was_decided_of_it(cast, visits, off, outbox):
    change_deciding.approve(off.items[:1], actor=cast.as_olivia)
    outbox.clear()
    change_requests.withdraw(off.items[1:], actor=cast.as_alice)
    assert sorted(outbox.kinds()) == ["change_decided", "change_withdrawn"]
    told = outbox.facts(MailKind.CHANGE_DECIDED)
    assert (told.outcome, [i.state for i in told.items]) == ("all", ["approved"])
    assert off.decided_by is None or off.decided_by == cast.olivia


def test_withdrawing_what_has_an_end_is_refused_whole(cast, off):
    change_deciding.deny(off.items[:1], actor=cast.as_olivia, note="No")
    with pytest.raises(WrongState) as refusal:
        change_requests.withdraw(off.items, actor=cast.as_alice)
    db.session.rollback()
    assert refusal.value.code == "item_denied"
    with pytest.raises(WrongState):
        change_requests.withdraw([], actor=cast.as_alice)


def test_withdrawing_is_for_the_client_and_for_the_office(cast, off):
    for actor in (cast.as_bob, cast.as_sam):
        with pytest.raises(NotAllowed):
            change_requests.withdraw(off.items, actor=actor)
    change_requests.withdraw(off.items[:1], actor=staff_as_client(cast.olivia, cast.alice))
    change_requests.withdraw(off.items[1:], actor=cast.as_max)
    assert states(off) == ["withdrawn"] * 2


def test_items_of_two_clients_are_not_withdrawn_together(cast, off):
    bobs = change_asking.ask_to_cancel(cast.bob, [cast.bobs_job], actor=cast.as_bob)
    with pytest.raises(NotAllowed):
        change_requests.withdraw([*off.items, *bobs.items], actor=cast.as_alice)


# ------------------------------------------------------------------------------------------------------- superseded


def test_the_offices_own_cancellation_ends_the_request_with_one_mail(cast, visits, off, outbox):
    cancelling.cancel(visits[:1], actor=cast.as_olivia)
    assert states(off) == ["superseded", "pending"]
    assert MailKind.CHANGE_SUPERSEDED.value not in outbox.kinds()
    cancelling.cancel(visits[1:], actor=cast.as_olivia, mail_client=False)
    assert (states(off), off.is_open) == (["superseded"] * 2, False)
    assert outbox.facts(MailKind.CHANGE_SUPERSEDED).why == "superseded"
    assert count(Activity, Activity.verb == "change_request.superseded") == 2


def test_visits_that_nobody_asked_about_cost_one_query(cast, visits):
    assert change_requests.supersede_for(visits, actor=cast.as_olivia) == []


# ---------------------------------------------------------------------------------------------------------- expired


def test_a_request_expires_when_its_visit_begins_and_the_client_is_told(cast, visits, off, outbox, clock_at):
    clock_at("2026-11-26 11:59")
    assert change_requests.expire_due() == []
    assert change_requests.expire(cast.alice, actor=WORKER) == []
    clock_at("2026-11-26 12:00")
    assert change_requests.expire_due() == [cast.alice.id]
    change_requests.expire(cast.alice, actor=WORKER)
    assert (states(off), off.is_open) == (["expired", "pending"], True)
    assert outbox.facts(MailKind.CHANGE_SUPERSEDED).why == "expired"
    assert count(Activity, Activity.verb == "change_request.expired") == 1
    assert visits[0].state is JobState.SCHEDULED
    assert change_requests.expire(cast.alice, actor=WORKER) == []
    clock_at("2026-11-27 12:00")
    change_requests.expire(cast.alice, actor=WORKER)
    assert (states(off), off.is_open, outbox.kinds()) == (["expired"] * 2, False, ["change_superseded"] * 2)


def test_nothing_waits_about_a_visit_that_is_voided_before_the_worker_looked(cast, visits, off, outbox, clock_at):
    clock_at("2026-11-27 11:00")
    cancelling.void(visits[:1], actor=cast.as_olivia, reason="Nobody was there")
    assert (states(off), off.is_open) == (["expired", "pending"], True)
    assert outbox.facts(MailKind.CHANGE_SUPERSEDED).why == "expired"


def test_a_visit_that_began_early_or_is_off_ends_its_request_too(cast, visits, off):
    visits[0].state, visits[1].state = JobState.IN_PROGRESS, JobState.CANCELLED
    db.session.flush()
    assert change_requests.expire_due() == [cast.alice.id]
    change_requests.expire(cast.alice, actor=WORKER)
    assert states(off) == ["expired", "superseded"]


def test_a_request_about_a_visit_that_is_gone_is_superseded(cast, off):
    db.session.execute(sa.update(ChangeItem).values(job_id=None))
    db.session.expire_all()
    assert change_requests.expire_due() == [cast.alice.id]
    change_requests.expire(cast.alice, actor=WORKER)
    assert states(off) == ["superseded"] * 2


def test_a_pause_expires_with_its_last_day(cast, clock_at):
    series = make.repeat(cast.alice, cast.walk)
    request = change_asking.ask_to_pause(cast.alice, series, THU, FRI, actor=cast.as_alice)
    clock_at("2026-11-27 23:59")
    assert change_requests.expire_due() == []
    clock_at("2026-11-28 00:01")
    assert change_requests.expire_due() == [cast.alice.id]
    change_requests.expire(cast.alice, actor=WORKER)
    assert states(request) == ["expired"]


# ---------------------------------------------------------------------------------------------------------- reading


def test_what_waits_is_counted_and_found(cast, visits, off):
    assert change_requests.n_open() == 1
    assert set(change_requests.waiting_for([v.id for v in visits])) == {v.id for v in visits}
    assert change_requests.waiting_for([]) == {}
    assert [i.job_id for i in change_requests.waiting_of(cast.alice)] == [v.id for v in visits]
    assert change_requests.waiting_of(cast.bob) == []
    assert change_requests.fresh_items([]) == []


@pytest.mark.parametrize("old", list(ChangeState))
@pytest.mark.parametrize("new", list(ChangeState))
def test_items_move_only_along_the_moves(cast, off, old, new):
    item = off.items[0]
    item.state = old
    if new in CHANGE_MOVES[old]:
        change_requests.move(item, new, note="x")
        assert (item.state, item.note, item.decided_at is not None) == (new, "x", True)
    else:
        with pytest.raises(WrongState) as refusal:
            change_requests.move(item, new)
        assert refusal.value.code == f"item_{old.value}"


def test_what_is_wanted_has_its_own_words(cast, visits, outbox):
    wanted = Wish(cast.cat_visit, FRI, block=cast.evening, pets=[cast.mochi], note="Key safe")
    change_asking.ask_to_change(cast.alice, visits[0], wanted, actor=cast.as_alice)
    told = outbox.facts(MailKind.CHANGE_REQUESTED).items[0].wanted
    assert (told.service, told.block, told.pets, told.note) == (
        "Cat visit", "Evening 17:00-20:00", ("Mochi",), "Key safe",
    )  # fmt: skip
