"""The office decides, visit by visit: figures as shown, one mail when all is decided, nothing lost when visits change."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import (
    Activity,
    ChangeItem,
    ChangeKind,
    ChangeState,
    Initiator,
    Job,
    JobState,
    NoticeKind,
    Notification,
    RefundTo,
    StaffRole,
)
from tests import factories as make
from tests.databases import count
from workflows import change_asking, change_deciding, changing, settings
from workflows.actors import COMMAND_LINE
from workflows.change_deciding import FeeDecision, approve, deny, put_away
from workflows.change_preview import FiguresChanged, Wish, preview_end
from workflows.changing import Change
from workflows.conflicts import ConflictsFound, tokens
from workflows.errors import Invalid, NotAllowed, WorkflowError, WrongState
from workflows.mail_facts import MailKind
from workflows.permissions import ROLE_PERMISSIONS, Permission

WED, THU, FRI, SAT = (dt.date(2026, 11, d) for d in (25, 26, 27, 28))
NOON = dt.time(12)


def put(**values):
    settings.change({key.replace("__", "."): value for key, value in values.items()}, actor=COMMAND_LINE)


@pytest.fixture
def rule(cast):
    """A cancellation within four days costs half, and half of the pay."""
    return make.cancellation_rule(
        "Half", notice_kind=NoticeKind.HOURS, notice_number=96, charge_percent=Decimal(50), pay_percent=Decimal(50)
    )


@pytest.fixture
def visits(cast, rule):
    """Alice's walks at noon by Sam: Thursday (half is charged), Friday and Saturday (nothing), 20.00 each."""
    return [make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=d, pets=[cast.biscuit]) for d in (THU, FRI, SAT)]


@pytest.fixture
def off(cast, visits, outbox):
    """Alice's request to cancel all three; her receipt is out of the way."""
    request = change_asking.ask_to_cancel(cast.alice, visits, actor=cast.as_alice, body="Away")
    outbox.clear()
    return request


def asked(cast, visit, outbox, **more):
    wanted = Wish(**{"item": cast.walk, "on_date": FRI, "start_time": dt.time(9), "pets": [cast.biscuit], **more})
    request = change_asking.ask_to_change(cast.alice, visit, wanted, actor=cast.as_alice)
    outbox.clear()
    db.session.commit()
    return request


@pytest.fixture
def visit(cast):
    """One walk on Thursday at noon by Sam, 20.00, pay 10.00."""
    return make.job(cast.alice, cast.walk, sitter=cast.sam, pets=[cast.biscuit])


def states(request):
    return [i.state.value for i in request.items]


# ---------------------------------------------------------------------------------------------------- cancellations


def test_approving_cancels_with_the_figures_that_were_shown_whatever_the_rules_say_now(cast, visits, off, rule, outbox):
    rule.charge_percent, rule.pay_percent = Decimal(100), Decimal(0)
    done = approve(off.items, actor=cast.as_olivia, note="See you soon")
    assert states(off) == ["approved"] * 3
    assert [(j.state, j.price, j.prior_price, j.sitter_pay) for j in visits] == [
        (JobState.CANCELLED, 10, 20, 5), (JobState.CANCELLED, 0, 20, 0), (JobState.CANCELLED, 0, 20, 0),
    ]  # fmt: skip
    assert {(j.cancelled_by, j.cancel_reason, j.fee_reason) for j in visits} == {(Initiator.CLIENT, "Away", "")}
    assert (off.is_open, off.answer, off.decided_by, done.closed) == (False, "See you soon", cast.olivia, [off])
    facts = outbox.facts(MailKind.CHANGE_DECIDED)
    assert (facts.outcome, facts.kind, facts.message, len(facts.items)) == ("all", "cancel", "See you soon", 3)
    assert sorted(outbox.kinds()) == ["change_decided", "sitter_visit_taken_away"]
    line = db.session.scalar(sa.select(Activity).where(Activity.verb == "change_request.approved"))
    assert (line.actor_name, line.facts["fees"], line.client_id) == ("Olivia Owens", ["10.00"], cast.alice.id)


def test_each_visit_is_decided_by_itself_and_one_mail_comes_at_the_end(cast, visits, off, outbox):
    approve(off.items[:1], actor=cast.as_olivia)
    deny(off.items[1:2], actor=cast.as_max, note="Sam is paid already")
    assert (states(off), off.is_open) == (["approved", "denied", "pending"], True)
    assert outbox.mails(MailKind.CHANGE_DECIDED) == []
    approve(off.items[2:], actor=cast.as_olivia, note="Done")
    facts = outbox.facts(MailKind.CHANGE_DECIDED)
    assert (facts.outcome, [(i.state, i.note) for i in facts.items]) == (
        "some", [("approved", ""), ("denied", "Sam is paid already"), ("approved", "Done")],
    )  # fmt: skip
    assert [j.state.value for j in visits] == ["cancelled", "scheduled", "cancelled"]


def test_denying_all_leaves_the_visits_and_says_none(cast, visits, off, outbox, clock_at):
    """Also after the cut-off: the limits bind the client, not the office."""
    put(booking__cancel_limit_kind="days", booking__cancel_limit_number=30)
    clock_at("2026-11-26 08:00")
    deny(off.items, actor=cast.as_olivia, note="Too late, sorry")
    assert (states(off), {j.state for j in visits}) == (["denied"] * 3, {JobState.SCHEDULED})
    assert [j.price for j in visits] == [20, 20, 20]
    assert outbox.facts(MailKind.CHANGE_DECIDED).outcome == "none"
    assert outbox.kinds() == ["change_decided"]


def test_saying_no_needs_a_word_why(cast, off):
    with pytest.raises(Invalid) as refusal:
        deny(off.items, actor=cast.as_olivia, note=" ")
    assert (refusal.value.field, states(off)) == ("note", ["pending"] * 3)


def test_the_office_may_take_another_fee_with_a_reason(cast, visits, off):
    fee = FeeDecision(Decimal(4), Decimal(3), "A good client", RefundTo.MONEY)
    approve(off.items, actor=cast.as_olivia, fees={off.items[0].id: fee})
    first = visits[0]
    assert (first.price, first.prior_price, first.sitter_pay) == (4, 20, 3)
    assert (first.fee_reason, first.refund_to) == ("A good client", RefundTo.MONEY)
    assert (off.items[0].fee, off.items[0].fee_reason) == (4, "A good client")
    assert [(j.price, j.fee_reason) for j in visits[1:]] == [(0, ""), (0, "")]
    assert off.snapshot["figures"][off.items[0].public_id] == ["10.00", "5.00"]


@pytest.mark.parametrize(
    ("code", "decision"),
    [
        ("no_fee_reason", FeeDecision(Decimal(0), Decimal(5))),
        ("no_fee_reason", FeeDecision(Decimal(10), Decimal(0), "  ")),
        ("fee_reason_long", FeeDecision(Decimal(0), Decimal(5), "x" * 256)),
        ("fee_range", FeeDecision(Decimal(21), Decimal(5), "Because")),
        ("fee_range", FeeDecision(Decimal(-1), Decimal(5), "Because")),
        ("pay_range", FeeDecision(Decimal(10), Decimal(-1), "Because")),
    ],
)
def test_figures_that_cannot_be_are_refused_and_nothing_changes(cast, off, code, decision):
    with pytest.raises(Invalid) as refusal:
        approve(off.items, actor=cast.as_olivia, fees={off.items[0].id: decision})
    db.session.rollback()
    assert refusal.value.code == code


def test_the_figures_as_shown_need_no_reason(cast, visits, off):
    approve(off.items, actor=cast.as_olivia, fees={off.items[0].id: FeeDecision(Decimal(10), Decimal(5), "")})
    assert (visits[0].price, visits[0].fee_reason) == (10, "")


def test_deciding_needs_the_permission_and_something_to_decide(cast, off):
    for actor in (cast.as_sam, cast.as_alice):
        with pytest.raises(NotAllowed):
            approve(off.items, actor=actor)
        with pytest.raises(NotAllowed):
            deny(off.items, actor=actor, note="No")
    with pytest.raises(Invalid):
        approve([], actor=cast.as_olivia)


def test_items_of_two_clients_are_not_decided_together(cast, off):
    bobs = change_asking.ask_to_cancel(cast.bob, [cast.bobs_job], actor=cast.as_bob)
    with pytest.raises(Invalid):
        approve([*off.items, *bobs.items], actor=cast.as_olivia)
    assert states(off) + states(bobs) == ["pending"] * 4


@pytest.mark.parametrize("state", [s for s in ChangeState if s is not ChangeState.PENDING])
def test_what_has_an_end_is_not_decided_again(cast, off, state):
    off.items[0].state = state
    db.session.flush()
    for decide in (
        lambda: approve(off.items, actor=cast.as_olivia),
        lambda: deny(off.items, actor=cast.as_olivia, note="No"),
    ):
        with pytest.raises(WrongState) as refusal:
            decide()
        assert refusal.value.code == f"item_{state.value}"


# --------------------------------------------------------------------------------------------------------- changes


def test_approving_a_change_moves_the_visit_at_the_price_that_was_shown(cast, visit, outbox):
    request = asked(cast, visit, outbox, pets=[cast.biscuit, cast.mochi], note="Both")
    cast.walk.price = Decimal(99)
    approve(request.items, actor=cast.as_olivia)
    assert (visit.on_date, visit.start_time, visit.price, visit.sitter_pay) == (FRI, dt.time(9), 25, Decimal("12.5"))
    assert ({p.name for p in visit.pets}, visit.note, visit.sitter) == ({"Biscuit", "Mochi"}, "Both", cast.sam)
    facts = outbox.facts(MailKind.CHANGE_DECIDED)
    assert (facts.outcome, facts.kind, facts.items[0].wanted.on_date) == ("all", "change", "2026-11-27")
    assert sorted(outbox.kinds()) == ["change_decided", "sitter_visit_moved"]
    changes = db.session.scalar(sa.select(Activity.facts).where(Activity.verb == "job.priced"))["changes"]
    assert changes["price"][1] == "25.00"


def test_the_fee_of_a_moved_date_is_on_the_price_and_explained(cast, visit, rule, outbox):
    put(changes__count_as_cancel=True)
    request = asked(cast, visit, outbox)
    rule.charge_percent = Decimal(100)
    approve(request.items, actor=cast.as_olivia)
    assert (visit.price, visit.sitter_pay) == (30, 15)
    added = [x for x in visit.price_lines if x["code"] == "change_fee"]
    assert [(x["of"], x["text"] % x["values"], x["amount"]) for x in added] == [
        ("price", "Fee for the moved date: Half", "10.00"), ("pay", "Pay for the moved date: Half", "5.00"),
    ]  # fmt: skip


def test_a_fee_that_no_rule_asked_for_has_words_of_its_own(cast, visit, outbox):
    request = asked(cast, visit, outbox)
    decision = FeeDecision(Decimal(3), Decimal(2), "Third move this week")
    approve(request.items, actor=cast.as_olivia, fees={request.items[0].id: decision})
    added = [x for x in visit.price_lines if x["code"] == "change_fee"]
    assert [(x["of"], x["text"] % x["values"], x["amount"]) for x in added] == [
        ("price", "Fee for the moved date", "3"), ("pay", "Pay for the moved date", "2"),
    ]  # fmt: skip


def test_the_office_may_waive_the_fee_of_a_moved_date(cast, visit, rule, outbox):
    put(changes__count_as_cancel=True)
    request = asked(cast, visit, outbox)
    waived = FeeDecision(Decimal(0), Decimal(0), "Our fault")
    approve(request.items, actor=cast.as_olivia, fees={request.items[0].id: waived})
    assert (visit.price, visit.sitter_pay, request.items[0].fee_reason) == (20, 10, "Our fault")
    line = db.session.scalars(sa.select(Activity).where(Activity.verb == "change_request.approved")).one()
    assert line.facts["fees"] == []


def edit(cast, **more):
    return Change(
        **{
            "item": cast.walk, "on_date": SAT, "start_time": NOON, "block": None, "sitter": cast.sita,
            "pets": [cast.biscuit], **more,
        }
    )  # fmt: skip


def test_editing_before_approving_takes_the_offices_version(cast, visit, outbox):
    request = asked(cast, visit, outbox)
    approve(request.items, actor=cast.as_olivia, edited=edit(cast, pets=[cast.biscuit, cast.mochi]))
    assert (visit.on_date, visit.start_time, visit.sitter, visit.price) == (SAT, NOON, cast.sita, 25)
    assert request.items[0].state is ChangeState.APPROVED


def test_editing_is_for_one_change(cast, off):
    with pytest.raises(Invalid) as refusal:
        approve(off.items, actor=cast.as_olivia, edited=edit(cast))
    assert refusal.value.code == "edit_one"


def test_conflicts_are_shown_first_and_can_be_accepted(cast, visit, outbox):
    make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=FRI, start_time=dt.time(9))
    request = asked(cast, visit, outbox)
    with pytest.raises(ConflictsFound) as refusal:
        approve(request.items, actor=cast.as_olivia)
    db.session.rollback()
    assert (request.items[0].state, visit.on_date) == (ChangeState.PENDING, THU)
    approve(request.items, actor=cast.as_olivia, accept=tokens(refusal.value.clashes))
    assert visit.on_date == FRI


def test_a_day_that_is_past_by_now_is_edited_or_denied(cast, outbox, clock_at):
    later = make.job(cast.alice, cast.walk, on_date=dt.date(2026, 12, 3), sitter=cast.sam, pets=[cast.biscuit])
    request = asked(cast, later, outbox)
    clock_at("2026-11-30 09:00")
    with pytest.raises(Invalid) as refusal:
        approve(request.items, actor=cast.as_olivia)
    db.session.rollback()
    assert refusal.value.code == "target_past"
    approve(request.items, actor=cast.as_olivia, edited=edit(cast, on_date=dt.date(2026, 12, 4)))
    assert later.on_date == dt.date(2026, 12, 4)


# ------------------------------------------------------------------------------------------------------- meanwhile


def test_a_visit_that_the_office_changed_supersedes_what_was_asked_and_tells_the_client(cast, visits, off, outbox):
    changing.change(visits[0], edit(cast, on_date=SAT, start_time=dt.time(15), sitter=cast.sam), actor=cast.as_olivia)
    assert (states(off), off.is_open) == (["superseded", "pending", "pending"], True)
    facts = outbox.facts(MailKind.CHANGE_SUPERSEDED)
    assert (facts.why, [i.visit.on_date for i in facts.items]) == ("superseded", ["2026-11-26"])
    with pytest.raises(WrongState):
        approve(off.items, actor=cast.as_olivia)
    approve(off.items[1:], actor=cast.as_olivia)
    told = outbox.facts(MailKind.CHANGE_DECIDED)
    assert (told.outcome, [i.state for i in told.items]) == ("some", ["superseded", "approved", "approved"])
    assert visits[0].state is JobState.SCHEDULED


def test_another_sitter_or_staff_note_supersedes_nothing(cast, visit, off, outbox):
    request = asked(cast, visit, outbox)
    same = edit(cast, on_date=THU, sitter=cast.sita, staff_note="Key 7")
    changing.change(visit, same, actor=cast.as_olivia)
    assert (states(request), outbox.mails(MailKind.CHANGE_SUPERSEDED)) == (["pending"], [])
    approve(request.items, actor=cast.as_olivia)
    assert (visit.on_date, visit.sitter, visit.staff_note) == (FRI, cast.sita, "Key 7")


def test_a_visit_changed_behind_every_hook_is_superseded_at_the_decision(cast, visits, off, outbox):
    visits[0].on_date = visits[0].ends_on = SAT
    db.session.commit()
    done = approve(off.items, actor=cast.as_olivia)
    assert (states(off), [i.state.value for i in done.over]) == (["superseded", "approved", "approved"], ["superseded"])
    assert [j.state.value for j in visits] == ["scheduled", "cancelled", "cancelled"]
    told = outbox.facts(MailKind.CHANGE_DECIDED)
    assert (told.outcome, [i.state for i in told.items]) == ("some", ["superseded", "approved", "approved"])
    assert outbox.mails(MailKind.CHANGE_SUPERSEDED) == []


def test_a_sitter_who_has_checked_in_ends_the_request(cast, visit, outbox):
    request = asked(cast, visit, outbox)
    visit.state = JobState.IN_PROGRESS
    db.session.commit()
    done = approve(request.items, actor=cast.as_olivia)
    assert (states(request), done.decided, request.is_open) == (["expired"], [], False)
    assert outbox.facts(MailKind.CHANGE_SUPERSEDED).why == "expired"
    assert (visit.on_date, visit.state) == (THU, JobState.IN_PROGRESS)


def test_a_visit_that_went_back_to_request_cannot_be_decided(cast, visit, outbox):
    request = asked(cast, visit, outbox)
    db.session.execute(sa.update(ChangeItem).values(job_id=None))
    db.session.commit()
    deny(request.items, actor=cast.as_olivia, note="No")
    assert states(request) == ["superseded"]


# -------------------------------------------------------------------------------------------------------- messages


def test_a_message_is_answered_once(cast, outbox):
    put(changes__mode="message")
    request = change_asking.send_message(cast.alice, "Later, please", actor=cast.as_alice)
    outbox.clear()
    put_away(request, actor=cast.as_olivia, answer="At one o'clock")
    facts = outbox.facts(MailKind.CLIENT_MESSAGE_ANSWERED)
    assert (facts.body, facts.answer, facts.staff_name) == ("Later, please", "At one o'clock", "Olivia Owens")
    assert (request.is_open, request.decided_by) == (False, cast.olivia)
    with pytest.raises(WrongState):
        put_away(request, actor=cast.as_olivia)
    assert len(outbox) == 1


def test_a_message_can_be_put_away_without_a_word(cast, outbox):
    put(changes__mode="message")
    request = change_asking.send_message(cast.alice, "Thanks!", actor=cast.as_alice)
    outbox.clear()
    with pytest.raises(NotAllowed):
        put_away(request, actor=cast.as_sam)
    put_away(request, actor=cast.as_max)
    assert (request.is_open, len(outbox)) == (False, 0)


def test_only_messages_are_put_away(cast, off):
    with pytest.raises(WorkflowError):
        put_away(off, actor=cast.as_olivia)
    assert off.kind is ChangeKind.CANCEL


def test_home_is_told_once_for_what_the_client_did_and_never_for_what_the_office_did(cast, off):
    approve(off.items, actor=cast.as_olivia)
    assert count(Notification) == 1


def test_fees_and_dates_of_the_snapshot_survive_the_office(cast, off):
    assert off.snapshot["total"] == "10.00"
    assert change_deciding.MOST_REASON == 255


# ------------------------------------------------------------------------------------------------ the end of a series


@pytest.fixture
def series(cast, rule):
    """Alice's walk at noon by Sam with its visits of Thursday, Friday and Saturday; within four days half is charged."""
    made = make.repeat(cast.alice, cast.walk, pets=[cast.biscuit], sitter=cast.sam, starts_on=dt.date(2026, 11, 19))
    for n, day in enumerate((THU, FRI, SAT)):
        make.job(
            cast.alice, cast.walk, sitter=cast.sam, on_date=day, pets=[cast.biscuit], repeat=made, repeat_on=day,
            repeat_time_id=made.times[0].id, price=Decimal(20 + n), sitter_pay=Decimal(10),
        )  # fmt: skip
    return made


def figures_of(series):
    jobs_ = db.session.scalars(sa.select(Job).where(Job.repeat_id == series.id).order_by(Job.on_date, Job.id))
    return [(j.on_date, j.state.value, j.price, j.sitter_pay) for j in jobs_]


def end_on(cast, series, day, **more):
    return change_asking.ask_to_end(cast.alice, series, day, actor=cast.as_alice, **more)


@pytest.mark.covers("X10", "X11")
def test_the_end_of_a_series_costs_what_the_client_was_shown(cast, series, rule, outbox):
    shown = preview_end(series, WED)
    assert [(job.on_date, o.charge) for job, o in shown.charged] == [(THU, Decimal(10))]
    assert (shown.total, shown.sitter_pay, len(shown.lines), shown.rule_name) == (Decimal(10), Decimal(5), 3, "Half")
    request = end_on(cast, series, WED, seen=shown.mark)
    (item,) = request.items
    assert (item.fee, item.sitter_pay, item.rule_name) == (Decimal(10), Decimal(5), "Half")
    assert outbox.facts(MailKind.SERIES_CHANGE_REQUESTED).items[0].fee == "10.00"
    assert {state for _day, state, _price, _pay in figures_of(series)} == {"scheduled"}
    rule.charge_percent = Decimal(100)
    outbox.clear()
    approve(request.items, actor=cast.as_max)
    assert figures_of(series) == [
        (THU, "cancelled", Decimal(10), Decimal(5)), (FRI, "cancelled", Decimal(0), Decimal(0)), (SAT, "cancelled", Decimal(0), Decimal(0)),
    ]  # fmt: skip
    assert (item.fee, item.fee_reason, series.ends_on) == (Decimal(10), "", WED)
    assert outbox.facts(MailKind.CHANGE_DECIDED).items[0].fee == "10.00"


@pytest.mark.covers("X10", "X11")
def test_other_fees_for_the_end_of_a_series_need_a_reason_and_the_permission(cast, series, monkeypatch):
    request = end_on(cast, series, WED)
    db.session.commit()
    ((job, _outcome),) = preview_end(series, WED, shown=request.snapshot).charged
    waived = {job.id: FeeDecision(Decimal(0), Decimal(5), "")}
    for fees, code in (
        (waived, "no_fee_reason"), ({job.id: FeeDecision(Decimal(21), Decimal(5), "x")}, "fee_range"),
        ({job.id: FeeDecision(Decimal(1), Decimal(-1), "x")}, "pay_range"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            approve(request.items, actor=cast.as_max, visit_fees=fees)
        assert refused.value.code == code
        db.session.rollback()
    monkeypatch.setitem(ROLE_PERMISSIONS, StaffRole.MANAGER, ROLE_PERMISSIONS[StaffRole.MANAGER] - {Permission.FEES})
    with pytest.raises(NotAllowed):
        approve(request.items, actor=cast.as_max, visit_fees={job.id: FeeDecision(Decimal(0), Decimal(5), "Kind")})
    db.session.rollback()
    approve(request.items, actor=cast.as_olivia, visit_fees={job.id: FeeDecision(Decimal(0), Decimal(5), "Kind")})
    assert figures_of(series)[0] == (THU, "cancelled", Decimal(0), Decimal(5))
    assert (request.items[0].fee, request.items[0].fee_reason) == (Decimal(0), "Kind")


def test_visits_made_since_the_client_asked_cost_what_the_policy_says_now_and_others_days_are_left_alone(cast, series):
    request = end_on(cast, series, THU)
    assert request.items[0].fee == 0
    new = make.job(
        cast.alice, cast.walk, on_date=FRI, start_time=dt.time(8), repeat=series, repeat_on=FRI, price=Decimal(30),
        repeat_time_id=make.repeat_time(series, 4, dt.time(8)).id,
    )  # fmt: skip
    later = make.job(cast.alice, cast.walk, on_date=SAT, start_time=dt.time(8))
    fees = {later.id: FeeDecision(Decimal(3), Decimal(0), "not of this series")}
    approve(request.items, actor=cast.as_max, visit_fees=fees)
    assert (new.state, new.price, request.items[0].fee, request.items[0].fee_reason) == (
        JobState.CANCELLED, Decimal(15), Decimal(15), "",
    )  # fmt: skip
    assert (later.state, later.price) == (JobState.SCHEDULED, Decimal(20))
    assert figures_of(series)[0][1] == "scheduled", "the last day's own visit takes place"


def test_a_client_who_was_shown_another_fee_is_asked_again(cast, series, rule):
    mark = preview_end(series, WED).mark
    rule.charge_percent = Decimal(100)
    with pytest.raises(FiguresChanged) as changed:
        end_on(cast, series, WED, seen=mark)
    assert changed.value.preview.total == Decimal(20)
    assert end_on(cast, series, WED, seen=changed.value.preview.mark).items[0].fee == Decimal(20)


def test_denying_the_end_of_a_series_changes_nothing(cast, series, outbox):
    request = end_on(cast, series, WED)
    deny(request.items, actor=cast.as_max, note="Please call us")
    assert {row[1] for row in figures_of(series)} == {"scheduled"}
    assert (series.ends_on, request.is_open) == (None, False)
