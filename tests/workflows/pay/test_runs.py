"""Pay runs: what is due, frozen as it was seen, corrected afterwards, undone, paid."""

import datetime as dt
from decimal import Decimal

import pytest

from foundation.db import db
from models import Initiator, JobState, PayLine, PayLineKind, PaymentKind, PayRunState, TipShare
from tests import factories as make
from tests.databases import count, statements
from tests.workflows.pay.earned import SUNDAY, TODAY, done, run, said, statement_of, would_get
from workflows import cancelling, privacy
from workflows.billing import recording, tips
from workflows.errors import Conflict, Invalid, NotAllowed, WrongState
from workflows.mail_facts import MailKind
from workflows.pay import extras, figures, previews, runs

D = Decimal
V, C, T, K, E = (PayLineKind(k) for k in ("visit", "cancellation", "tip", "correction", "extra"))
pytestmark = pytest.mark.covers("V5")


def tipped(client, amount, sitter, actor, on=TODAY):
    """A tip that came with a payment, all of it for one sitter."""
    payment = recording.record_payment(
        client, kind=PaymentKind.CASH, amount=D(20), tip=D(amount), received_on=on, actor=actor
    )
    tips.decide(payment, {sitter.id: D(amount)}, actor=actor)
    return payment


def test_a_run_pays_done_visits_policy_pay_tips_and_extras_to_who_did_them(cast):
    done(cast.alice, cast.sam, item=cast.walk, pay=12)
    done(cast.bob, cast.sita, item=cast.cat_visit, pay=9)
    off = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=SUNDAY, state=JobState.CANCELLED, sitter_pay=D(6))
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=SUNDAY, state=JobState.CANCELLED, sitter_pay=D(0))
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=SUNDAY, state=JobState.SCHEDULED)
    done(cast.alice, cast.sam, on_date=TODAY + dt.timedelta(1), pay=50)
    stay = done(cast.alice, cast.sam, item=cast.overnight, on_date=SUNDAY, ends_on=TODAY + dt.timedelta(2), start_time=None, pay=90)  # fmt: skip
    tipped(cast.alice, "5.00", cast.sam, cast.as_olivia)
    extras.add(cast.sam, on_date=TODAY, text="  Bus  fare ", amount=D("-2.50"), actor=cast.as_olivia)
    made = run(cast.as_max)
    sams = statement_of(made, cast.sam)
    assert (made.number, made.upto_on, made.state) == (1, TODAY, PayRunState.MADE)
    assert said(sams.lines) == [
        (V, "Dog walk, Alice Archer", "12.00"),
        (C, "Dog walk, Alice Archer", "6.00"),
        (E, "Bus fare", "-2.50"),
        (T, "Alice Archer", "5.00"),
    ]
    assert (sams.total, sams.n_visits, sams.name) == (D("20.50"), 1, "Sam Stone")
    assert sams.lines[1].job_id == off.id
    assert statement_of(made, cast.sita).total == D(9)
    later = run(cast.as_max, stay.ends_on - dt.timedelta(2), staff=[cast.sam]) if would_get(cast.sam) else None
    assert later is None
    assert would_get(cast.sam, stay.ends_on) == D(140)


def test_a_visit_that_pays_nothing_stands_on_the_run_and_a_sitter_who_left_is_paid(cast):
    done(cast.alice, cast.sam, pay=0)
    done(cast.alice, cast.sam, pay=10)
    cast.sam.is_active = cast.sam.is_sitter = False
    sams = statement_of(run(cast.as_olivia), cast.sam)
    assert (sams.total, sams.n_visits) == (D(10), 2)


def test_what_changes_after_it_was_paid_comes_with_the_next_run_as_a_correction(cast, clock_at):
    walk = done(cast.alice, cast.sam, item=cast.walk, pay=12)
    wrong = done(cast.alice, cast.sam, item=cast.walk, pay=10)
    payment = tipped(cast.alice, "5.00", cast.sam, cast.as_olivia)
    first = run(cast.as_olivia)
    figures.set_pay(walk, D("15.50"), reason="Two dogs", actor=cast.as_olivia)
    cancelling.void([wrong], actor=cast.as_olivia, reason="Nobody was there")
    tips.decide(payment, {cast.sita.id: D(2), cast.sam.id: D(3)}, actor=cast.as_olivia)
    done(cast.alice, cast.sam, item=cast.walk, pay=8)
    second = run(cast.as_olivia)
    assert said(statement_of(second, cast.sam).lines) == [
        (V, "Dog walk, Alice Archer", "8.00"),
        (K, "Dog walk, Alice Archer", "3.50"),
        (K, "Dog walk, Alice Archer", "-10.00"),
        (K, "Alice Archer", "-2.00"),
    ]
    assert statement_of(second, cast.sita).total == D(2)
    assert statement_of(first, cast.sam).total == D(27)
    assert would_get(cast.sam) == 0
    # The void visit counts again after all.
    cancelling.unvoid([wrong], actor=cast.as_olivia)
    assert wrong.state is JobState.COMPLETED
    assert would_get(cast.sam) == D(10)


def test_a_tip_that_went_back_altogether_is_taken_off(cast, gateway):
    payment = tipped(cast.alice, "5.00", cast.sam, cast.as_olivia)
    run(cast.as_olivia)
    recording.void_payment(payment, reason="Typed twice", actor=cast.as_olivia)
    assert count(TipShare) == 0
    assert said(statement_of(run(cast.as_olivia), cast.sam).lines) == [(K, "", "-5.00")]
    assert would_get(cast.sam) == 0


def test_a_cancelled_visit_that_was_paid_and_takes_place_after_all_with_somebody_else(cast, clock_at):
    visit = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY, sitter_pay=D(12))
    outcome = {visit.id: _pays(D(6))}
    cancelling.cancel([visit], actor=cast.as_olivia, outcomes=outcome, policy=outcome, initiator=Initiator.CLIENT)
    assert statement_of(run(cast.as_olivia), cast.sam).total == D(6)
    back = cancelling.reinstate(visit, actor=cast.as_olivia, sitter=cast.sita)
    assert would_get(cast.sam) == D(-6)
    back.state = JobState.COMPLETED
    second = run(cast.as_olivia)
    assert said(statement_of(second, cast.sam).lines) == [(K, "Dog walk, Alice Archer", "-6.00")]
    assert said(statement_of(second, cast.sita).lines) == [(K, "Dog walk, Alice Archer", "12.00")]


def _pays(pay):
    from models import RefundTo
    from workflows.cancellation import Outcome

    return Outcome(D(0), pay, RefundTo.CREDIT, "Late")


def test_what_changed_since_it_was_looked_at_is_not_paid(cast):
    walk = done(cast.alice, cast.sam, pay=12)
    seen = {s.staff.id: s.seen for s in previews.preview(TODAY).sitters}
    figures.set_pay(walk, D(15), reason="Two dogs", actor=cast.as_olivia)
    with pytest.raises(Conflict, match=r"Sam 12\.00 → 15\.00") as refused:
        runs.make(TODAY, seen, actor=cast.as_olivia, key=None, seen=seen)
    db.session.rollback()
    assert refused.value.code == "pay_changed"
    assert count(PayLine) == 0


@pytest.mark.parametrize(
    ("days", "who", "kind"),
    [(1, "sam", Invalid), (0, "nobody", Invalid), (0, "bobby", Conflict)],
    ids=["a day to come", "nobody", "nothing to pay"],
)
def test_a_run_that_makes_no_sense_is_refused(cast, days, who, kind):
    done(cast.alice, cast.sam)
    ids = {"sam": [cast.sam.id], "nobody": [], "bobby": [cast.sita.id]}[who]
    with pytest.raises(kind):
        runs.make(TODAY + dt.timedelta(days), ids, actor=cast.as_olivia, key=None, seen={})


def test_one_form_makes_one_run(cast):
    done(cast.alice, cast.sam)
    key = "k" * 24
    run(cast.as_olivia, key=key)
    done(cast.alice, cast.sam)
    with pytest.raises(Conflict, match="already saved"):
        run(cast.as_olivia, key=key)


def test_pay_is_for_those_who_may(cast, clock_at):
    made = run_for(cast)
    line = extras.add(cast.sam, on_date=TODAY, text="Bus", amount=D(2), actor=cast.as_olivia)
    sam, visit = cast.as_sam, done(cast.alice, cast.sam)
    for do in (
        lambda: runs.make(TODAY, [cast.sam.id], actor=sam, key=None, seen={}),
        lambda: runs.undo(made, reason="Mine", actor=sam),
        lambda: runs.mark_paid(made.statements[0], TODAY, actor=sam),
        lambda: extras.add(cast.sam, on_date=TODAY, text="Mine", amount=D(99), actor=sam),
        lambda: extras.change(line, on_date=TODAY, text="Mine", amount=D(99), actor=sam),
        lambda: extras.remove(line, actor=sam),
        lambda: figures.set_pay(visit, D(99), reason="Mine", actor=sam),
    ):
        with pytest.raises(NotAllowed):
            do()


def run_for(cast):
    done(cast.alice, cast.sam, pay=12)
    return run(cast.as_olivia)


# ------------------------------------------------------------------------------------------------------------ undo


def test_an_undone_run_pays_nobody_and_its_lines_come_again(cast, outbox):
    done(cast.alice, cast.sam, pay=12)
    extras.add(cast.sam, on_date=TODAY, text="Bus", amount=D(2), actor=cast.as_olivia)
    first = run(cast.as_olivia)
    runs.undo(first, reason="Wrong day", actor=cast.as_max)
    assert first.state is PayRunState.UNDONE
    assert all(line.released_at for line in first.statements[0].lines)
    assert would_get(cast.sam) == D(14)
    second = run(cast.as_olivia)
    assert (second.number, statement_of(second, cast.sam).total) == (2, D(14))
    with pytest.raises(WrongState, match="undone already"):
        runs.undo(first, reason="Again", actor=cast.as_olivia)


def test_only_the_newest_unpaid_run_can_be_undone(cast):
    first = run_for(cast)
    second = run_for(cast)
    with pytest.raises(WrongState, match="newest"):
        runs.undo(first, reason="Wrong", actor=cast.as_olivia)
    with pytest.raises(Invalid, match="why"):
        runs.undo(second, reason="  ", actor=cast.as_olivia)
    statement = runs.mark_paid(second.statements[0], TODAY, actor=cast.as_olivia)
    with pytest.raises(WrongState, match="paid already"):
        runs.undo(second, reason="Wrong", actor=cast.as_olivia)
    runs.mark_paid(statement, None, actor=cast.as_olivia)
    runs.undo(second, reason="Wrong", actor=cast.as_olivia)
    runs.undo(first, reason="That too", actor=cast.as_olivia)
    assert would_get(cast.sam) == D(24)


def test_a_statement_is_paid_once_and_not_tomorrow(cast):
    statement = run_for(cast).statements[0]
    with pytest.raises(Invalid, match="earlier day"):
        runs.mark_paid(statement, TODAY + dt.timedelta(1), actor=cast.as_olivia)
    with pytest.raises(WrongState, match="not marked"):
        runs.mark_paid(statement, None, actor=cast.as_olivia)
    assert runs.mark_all_paid(statement.run, SUNDAY, actor=cast.as_olivia) == 1
    assert statement.paid_on == SUNDAY
    for do in (runs.mark_paid,):
        with pytest.raises(WrongState, match="already"):
            do(statement, TODAY, actor=cast.as_olivia)
    with pytest.raises(WrongState, match="Everybody"):
        runs.mark_all_paid(statement.run, TODAY, actor=cast.as_olivia)


# ---------------------------------------------------------------------------------------------------------- extras


def test_an_extra_waits_until_its_day_and_can_be_changed_until_a_run_has_it(cast):
    line = extras.add(cast.sam, on_date=TODAY + dt.timedelta(3), text="Bonus", amount=D(30), actor=cast.as_olivia)
    assert would_get(cast.sam) == 0
    extras.change(line, on_date=TODAY, text="Bonus for Sunday", amount=D(20), actor=cast.as_olivia)
    gone = extras.add(cast.sam, on_date=TODAY, text="Oops", amount=D(1), actor=cast.as_olivia)
    extras.remove(gone, actor=cast.as_olivia)
    assert statement_of(run(cast.as_olivia), cast.sam).total == D(20)
    for do in (
        lambda: extras.change(line, on_date=TODAY, text="More", amount=D(90), actor=cast.as_olivia),
        lambda: extras.remove(line, actor=cast.as_olivia),
    ):
        with pytest.raises(WrongState, match="has this line already"):
            do()


@pytest.mark.parametrize("amount", ["0", "0.001", "NaN", "Infinity", "100001"])
def test_an_extra_needs_an_amount_and_words(cast, amount):
    with pytest.raises(Invalid):
        extras.add(cast.sam, on_date=TODAY, text="Bonus", amount=D(amount), actor=cast.as_olivia)
    with pytest.raises(Invalid, match="what it is for"):
        extras.add(cast.sam, on_date=TODAY, text=" \n", amount=D(5), actor=cast.as_olivia)


# --------------------------------------------------------------------------------------------------------- figures


def test_the_pay_of_a_done_visit_is_changed_by_hand_with_a_reason(cast):
    visit = done(cast.alice, cast.sam, pay=10)
    for pay, reason, match in (("-1", "x", "above zero"), ("1.005", "x", "amount"), ("12", " ", "why")):
        with pytest.raises(Invalid, match=match):
            figures.set_pay(visit, D(pay), reason=reason, actor=cast.as_olivia)
    with pytest.raises(Conflict):
        figures.set_pay(visit, D(12), reason="Late", actor=cast.as_olivia, seen_version=visit.version - 1)
    figures.set_pay(visit, D(0), reason="Did it as a favour", actor=cast.as_olivia, seen_version=visit.version)
    assert visit.sitter_pay == 0
    coming = make.job(cast.alice, sitter=cast.sam)
    with pytest.raises(WrongState, match="once the visit is done"):
        figures.set_pay(coming, D(12), reason="More", actor=cast.as_olivia)


# ------------------------------------------------------------------------------------------------- warnings, queries


def test_the_preview_warns_of_what_is_not_in_order(cast):
    done(cast.alice, cast.sam, checked_in_at=_at(10), checked_out_at=_at(11))
    done(cast.alice, cast.sam, checked_in_at=_at(12))
    make.job(cast.alice, sitter=cast.sam, on_date=SUNDAY)
    make.job(cast.alice, sitter=cast.sam, on_date=SUNDAY, state=JobState.IN_PROGRESS)
    make.job(cast.alice, sitter=cast.sam, on_date=SUNDAY, state=JobState.VOIDED, sitter_pay=D(0))
    make.job(cast.alice, sitter=cast.sita, on_date=SUNDAY)
    make.job(cast.alice, on_date=SUNDAY)
    make.job(cast.alice, on_date=TODAY + dt.timedelta(1))
    found = previews.preview(TODAY)
    sams = next(s for s in found.sitters if s.staff is cast.sam)
    assert (sams.counts.n_scheduled, sams.counts.n_no_check_out, sams.counts.n_voided) == (2, 1, 1)
    assert [s.staff.first_name for s in found.sitters] == ["Sam", "Sita"]
    assert found.n_unassigned == 1
    assert len(previews.not_in_order(cast.sam, found.since_on, TODAY)) == 4


def _at(hour):
    return dt.datetime(2026, 11, 22, hour, tzinfo=dt.UTC)


def test_without_check_outs_nobody_is_warned_of_them(cast):
    done(cast.alice, cast.sam)
    assert previews.preview(TODAY).sitters[0].counts.n_no_check_out == 0


def test_warnings_begin_after_the_last_run(cast):
    done(cast.alice, cast.sam, on_date=TODAY - dt.timedelta(5))
    run(cast.as_olivia, TODAY - dt.timedelta(4))
    make.job(cast.alice, sitter=cast.sam, on_date=TODAY - dt.timedelta(4))
    make.job(cast.alice, sitter=cast.sam, on_date=TODAY - dt.timedelta(3))
    (sams,) = previews.preview(TODAY).sitters
    assert (sams.counts.n_scheduled, len(sams.lines)) == (1, 0)


def test_the_preview_takes_as_many_queries_for_many_as_for_one(cast):
    def asked():
        db.session.flush()
        with statements() as sent:
            previews.preview(TODAY)
        return len(sent)

    done(cast.alice, cast.sam)
    tipped(cast.alice, "5.00", cast.sam, cast.as_olivia)
    few = asked()
    for n in range(6):
        done(cast.alice, make.staff(f"Sitter{n}"))
        done(cast.bob, cast.sita)
    assert asked() == few == 9


# ------------------------------------------------------------------------------------------------------------ mails


def test_statements_are_mailed_to_who_has_an_address(cast, outbox):
    cast.sita.email = None
    tess = make.staff("Tess", email="tess@example.com", mails_off=["pay_statement"])
    done(cast.alice, tess)
    done(cast.alice, cast.sam, pay=12)
    done(cast.alice, cast.sita)
    made = run(cast.as_olivia, mail=True)
    facts = outbox.facts(MailKind.PAY_STATEMENT, to="sam@example.com")
    assert (facts.sitter_name, facts.run_number, facts.total, facts.n_visits, facts.may_open) == ("Sam", 1, "12.00", 1, True)  # fmt: skip
    assert len(outbox) == 1
    runs.mail_again(statement_of(made, tess), actor=cast.as_olivia)
    assert outbox.facts(MailKind.PAY_STATEMENT, to="tess@example.com").total == "10.00"
    with pytest.raises(Invalid, match="no mail address"):
        runs.mail_again(statement_of(made, cast.sita), actor=cast.as_olivia)


# ------------------------------------------------------------------------------------------------------- privacy


def test_what_is_handed_over_about_a_client_has_the_lines_about_them_and_no_others(cast):
    done(cast.alice, cast.sam, item=cast.walk, pay=12)
    done(cast.bob, cast.sam, item=cast.walk, pay=9)
    tipped(cast.alice, "5.00", cast.sam, cast.as_olivia)
    extras.add(cast.sam, on_date=TODAY, text="Bus", amount=D(2), actor=cast.as_olivia)
    run(cast.as_olivia)
    handed = {name: list(rows) for name, rows in privacy.export(cast.alice, actor=cast.as_olivia).tables}
    assert [row["text"] for row in handed["pay_line"]] == ["Dog walk, Alice Archer", "Alice Archer"]
    assert not {"pay_run", "pay_statement"} & set(handed)
