"""V5: time off: asked for, withdrawn, approved with its visits in view, declined, entered by the office."""

import datetime as dt

import pytest

from foundation import clock
from foundation.db import db
from models import Activity, JobState, Notification, NotificationKind, TimeOff, TimeOffState
from tests import factories as make
from tests.databases import count
from workflows import settings, time_off
from workflows.actors import COMMAND_LINE, staff_actor
from workflows.errors import Conflict, Invalid, NotAllowed, WrongState
from workflows.mail_facts import MailKind

pytestmark = pytest.mark.covers("V5")

TODAY = dt.date(2026, 11, 23)
THU, SAT = dt.date(2026, 11, 26), dt.date(2026, 11, 28)
DAY = dt.timedelta(days=1)


def ask(cast, first=THU, last=SAT, note="", staff=None, actor=None):
    return time_off.ask(
        staff or cast.sam, first_on=first, last_on=last, note=note, actor=actor or cast.as_sam
    )  # fmt: skip


def verbs():
    return [a.verb for a in db.session.query(Activity).order_by(Activity.id)]


def open_lines():
    return [(n.kind, n.facts["sitter"]) for n in db.session.query(Notification) if n.dismissed_at is None]


def test_asking_waits_and_the_office_hears_on_home_by_mail_and_in_the_log(cast, outbox):
    settings.change({"business.admin_inbox": "desk@example.com"}, actor=COMMAND_LINE)
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=THU)
    off = ask(cast, note=" Skiing \n with Jo ")
    assert (off.state, off.note, off.decided_at) == (TimeOffState.REQUESTED, "Skiing with Jo", None)
    facts = outbox.facts(MailKind.TIME_OFF_ASKED, to="desk@example.com")
    assert (facts.sitter_name, facts.first_on, facts.last_on, facts.n_visits, facts.withdrawn) == (
        "Sam Stone", "2026-11-26", "2026-11-28", 1, False,
    )  # fmt: skip
    (line,) = db.session.query(Notification)
    assert (line.kind, line.facts["url"]) == (NotificationKind.TIME_OFF_REQUESTED, f"/admin/days-off/{off.id}/")
    assert verbs()[-1] == "time_off.requested"


def test_the_vacation_address_comes_before_the_admin_inbox_and_the_owners_get_it_without_either(cast, outbox):
    ask(cast)
    assert outbox.one(MailKind.TIME_OFF_ASKED).to_address == "olivia@example.com"
    settings.change(
        {"business.admin_inbox": "desk@example.com", "time_off.inbox": "leave@example.com"}, actor=COMMAND_LINE
    )
    ask(cast, SAT + DAY, SAT + DAY)
    assert outbox.facts(MailKind.TIME_OFF_ASKED, to="leave@example.com").first_on == "2026-11-29"


def test_the_same_days_asked_for_twice_are_there_once(cast, outbox):
    first = ask(cast)
    assert ask(cast) is first
    assert (count(TimeOff), count(Notification), len(outbox.mails(MailKind.TIME_OFF_ASKED))) == (1, 1, 1)


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        (TODAY - DAY, THU, "past"), (SAT, THU, "order"), (THU, THU + 366 * DAY, "too_many"),
        (TODAY + 1098 * DAY, TODAY + 1099 * DAY, "too_far"), (THU - DAY, THU, "asked"), (SAT, SAT + DAY, "asked"),
        (dt.date(2026, 12, 24), dt.date(2026, 12, 24), "taken"),
    ],
)  # fmt: skip
def test_days_that_make_no_sense_are_refused(cast, first, last, code):
    ask(cast)
    make.time_off(cast.sam, dt.date(2026, 12, 20), dt.date(2026, 12, 26))
    make.time_off(cast.sita, TODAY, TODAY + 400 * DAY)
    with pytest.raises(Invalid) as refused:
        ask(cast, first, last)
    assert (refused.value.code, count(TimeOff)) == (code, 3)


def test_today_and_a_whole_year_can_be_asked_for_and_declined_days_again(cast):
    off = ask(cast, TODAY, TODAY + 365 * DAY)
    time_off.decline(off, actor=cast.as_max)
    assert ask(cast, TODAY, TODAY + 365 * DAY) is not off


def test_nobody_asks_for_others_and_only_who_may(cast):
    for actor in (staff_actor(cast.sita), cast.as_max, cast.as_alice):
        with pytest.raises(NotAllowed):
            ask(cast, actor=actor)
    off = ask(cast)
    for do in (time_off.approve, time_off.decline):
        with pytest.raises(NotAllowed):
            do(off, actor=cast.as_sam)
    with pytest.raises(NotAllowed):
        time_off.withdraw(off, actor=staff_actor(cast.sita))


def test_approving_tells_the_sitter_and_takes_the_line_off_home(cast, outbox):
    off = time_off.approve(ask(cast), actor=cast.as_max, answer=" Have fun ")
    assert (off.state, off.decided_by, off.decided_at, off.answer) == (
        TimeOffState.APPROVED, cast.max, clock.now(), "Have fun",
    )  # fmt: skip
    mail = outbox.one(MailKind.TIME_OFF_DECIDED)
    facts = outbox.facts(MailKind.TIME_OFF_DECIDED)
    assert (mail.to_address, facts.outcome, facts.message) == ("sam@example.com", "approved", "Have fun")
    assert (open_lines(), verbs()[-1]) == ([], "time_off.approved")


def test_visits_in_approved_days_stay_and_those_that_were_not_shown_are_shown_first(cast):
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=SAT + DAY)
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=THU, state=JobState.CANCELLED)
    shown = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=THU)
    stay = make.job(cast.bob, cast.overnight, sitter=cast.sam, on_date=THU - 2 * DAY, ends_on=THU, start_time=None)
    off = ask(cast)
    assert [job.id for job in time_off.visits_in(off)] == [stay.id, shown.id]
    with pytest.raises(time_off.VisitsInTheWay) as found:
        time_off.approve(off, actor=cast.as_max, seen=[shown.id])
    assert (len(found.value.visits), off.state) == (2, TimeOffState.REQUESTED)
    time_off.approve(off, actor=cast.as_max, seen=[shown.id, stay.id])
    assert (shown.sitter, stay.sitter, len(time_off.visits_in(off))) == (cast.sam, cast.sam, 2)


def test_days_that_a_colleague_changed_are_looked_at_again(cast):
    off = ask(cast)
    seen = off.version
    time_off.save(off, {"last_on": SAT + DAY}, actor=cast.as_olivia)
    for do in (time_off.approve, time_off.decline):
        with pytest.raises(Conflict):
            do(off, actor=cast.as_max, seen_version=seen)


def test_withdrawing_waiting_days_clears_home_and_approved_ones_are_mailed(cast, outbox):
    waiting = time_off.withdraw(ask(cast), actor=cast.as_sam)
    assert (waiting.state, open_lines()) == (
        TimeOffState.WITHDRAWN,
        [(NotificationKind.TIME_OFF_WITHDRAWN, "Sam Stone")],
    )
    assert len(outbox.mails(MailKind.TIME_OFF_ASKED)) == 1
    approved = time_off.approve(ask(cast), actor=cast.as_max)
    time_off.withdraw(approved, actor=cast.as_sam)
    assert [m.facts["withdrawn"] for m in outbox.mails(MailKind.TIME_OFF_ASKED)] == [False, False, True]
    n = len(verbs())
    assert time_off.withdraw(approved, actor=cast.as_sam) is approved
    assert len(verbs()) == n


def test_what_is_over_or_declined_is_not_withdrawn_and_withdrawn_is_not_decided(cast):
    begun = make.time_off(cast.sam, TODAY, SAT)
    declined = time_off.decline(ask(cast, SAT + DAY, SAT + DAY), actor=cast.as_max)
    for off in (begun, declined):
        with pytest.raises(WrongState):
            time_off.withdraw(off, actor=cast.as_sam)
    gone = time_off.withdraw(ask(cast, SAT + 2 * DAY, SAT + 2 * DAY), actor=cast.as_sam)
    for do in (time_off.approve, time_off.decline):
        with pytest.raises(WrongState) as refused:
            do(gone, actor=cast.as_max)
        assert refused.value.code == "time_off_withdrawn"


def test_a_no_can_become_a_yes_and_a_yes_a_no(cast, outbox):
    off = time_off.decline(ask(cast), actor=cast.as_max, answer="Thanksgiving")
    time_off.approve(off, actor=cast.as_max)
    time_off.decline(off, actor=cast.as_max)
    assert [m.facts["outcome"] for m in outbox.mails(MailKind.TIME_OFF_DECIDED)] == ["declined", "approved", "declined"]


def test_the_office_enters_changes_and_removes_days_and_the_sitter_hears_of_other_days(cast, outbox):
    off = time_off.save(
        TimeOff(), {"staff": cast.sam, "first_on": THU, "last_on": THU, "note": "dentist"}, actor=cast.as_max
    )
    assert (off.state, off.decided_by) == (TimeOffState.APPROVED, cast.max)
    time_off.save(off, {"note": "doctor"}, actor=cast.as_max)
    assert outbox.mails(MailKind.TIME_OFF_DECIDED) == []
    time_off.save(off, {"last_on": SAT}, actor=cast.as_max)
    time_off.remove(off, actor=cast.as_max)
    assert [m.facts["outcome"] for m in outbox.mails(MailKind.TIME_OFF_DECIDED)] == ["changed", "removed"]
    assert (count(TimeOff), verbs()) == (
        0, ["time_off.added", "time_off.changed", "time_off.changed", "time_off.removed"],
    )  # fmt: skip


def test_days_that_end_before_they_begin_are_refused_and_sitters_save_none(cast):
    off = make.time_off(cast.sam)
    for record, values in (
        (TimeOff(), {"first_on": make.DAY, "last_on": make.DAY - DAY}),
        (off, {"last_on": dt.date(2026, 1, 1)}),
    ):
        with pytest.raises(Invalid) as refused:
            time_off.save(record, values, actor=cast.as_max)
        assert (refused.value.code, refused.value.field) == ("order", "last_on")
    for who in (cast.as_sam, cast.as_alice):
        with pytest.raises(NotAllowed):
            time_off.save(TimeOff(), {"staff": cast.sam, "first_on": THU, "last_on": THU}, actor=who)
        with pytest.raises(NotAllowed):
            time_off.remove(off, actor=who)


def test_who_is_away_is_told_with_names_and_days_alone(cast):
    make.time_off(cast.sita, THU, SAT, note="secret")
    make.time_off(cast.sita, SAT + DAY, SAT + DAY, state=TimeOffState.REQUESTED)
    make.time_off(cast.sam, THU, THU)
    assert time_off.others_away(cast.sam, THU, SAT + DAY) == [("Sita Singh", THU, SAT)]


def test_a_manager_who_sits_too_asks_like_everybody(cast):
    cast.max.is_sitter = True
    off = ask(cast, staff=cast.max, actor=cast.as_max)
    assert off.state is TimeOffState.REQUESTED
