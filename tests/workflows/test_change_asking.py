"""What a client is shown and may ask about scheduled visits; each refusal; what asking mails, logs and leaves alone."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import (
    Activity,
    ChangeItem,
    ChangeKind,
    ChangeRequest,
    ChangeState,
    ClientStatus,
    Initiator,
    Job,
    JobState,
    NoticeKind,
    Notification,
    NotificationKind,
    TimeType,
)
from tests import factories as make
from tests.databases import count
from workflows import change_asking, change_preview, change_requests, settings
from workflows.actors import COMMAND_LINE, staff_as_client
from workflows.change_preview import FiguresChanged, Wish, preview_cancel, preview_change
from workflows.errors import Invalid, NotAllowed, WorkflowError
from workflows.limits import Use
from workflows.mail_facts import MailKind

THU, FRI, SAT = (dt.date(2026, 11, d) for d in (26, 27, 28))
NOON = dt.time(12)


def put(**values):
    settings.change({key.replace("__", "."): value for key, value in values.items()}, actor=COMMAND_LINE)


@pytest.fixture(autouse=True)
def admin_inbox(app):
    put(business__admin_inbox="office@example.com")


@pytest.fixture
def visit(cast):
    """Alice's walk with Biscuit on Thursday at noon, by Sam, 20.00."""
    return make.job(cast.alice, cast.walk, sitter=cast.sam, pets=[cast.biscuit])


@pytest.fixture
def late_rule(cast):
    """Within four days a cancellation costs half."""
    return make.cancellation_rule(
        "Half within four days", notice_kind=NoticeKind.HOURS, notice_number=96, charge_percent=Decimal(50),
        pay_percent=Decimal(50),
    )  # fmt: skip


def ask(cast, *visits, **more):
    return change_asking.ask_to_cancel(cast.alice, visits, actor=cast.as_alice, **more)


def wish(cast, **more):
    return Wish(**{"item": cast.walk, "on_date": FRI, "start_time": NOON, "pets": [cast.biscuit], **more})


def ask_change(cast, visit, wanted=None, **more):
    return change_asking.ask_to_change(cast.alice, visit, wanted or wish(cast), actor=cast.as_alice, **more)


def refused(code, *visits_or_call, field=...):
    call, *args = visits_or_call
    with pytest.raises(WorkflowError) as refusal:
        call(*args)
    assert refusal.value.code == code
    if field is not ...:
        assert refusal.value.field == field
    assert count(ChangeItem) == 0
    return refusal.value


# -------------------------------------------------------------------------------------------------------- switches


@pytest.mark.parametrize(
    ("values", "on"),
    [
        ({}, {"cancellations", "changes", "series"}),
        ({"changes__mode": "off"}, set()),
        ({"changes__mode": "message"}, {"messages"}),
        ({"changes__cancellations": False}, {"changes", "series"}),
        ({"changes__changes": False}, {"cancellations", "series"}),
        ({"changes__series": False}, {"cancellations", "changes"}),
    ],
)
def test_each_switch_opens_just_its_own_function(cast, visit, values, on):
    put(**values)
    series = make.repeat(cast.alice, cast.walk)
    doings = {
        "cancellations": lambda: ask(cast, visit),
        "changes": lambda: ask_change(cast, make.job(cast.alice, cast.walk, pets=[cast.biscuit])),
        "messages": lambda: change_asking.send_message(cast.alice, "Hello", actor=cast.as_alice),
        "series": lambda: change_asking.ask_to_end(cast.alice, series, FRI, actor=cast.as_alice),
    }
    opened = set()
    for name, do in doings.items():
        try:
            do()
        except NotAllowed as refusal:
            assert refusal.code == "changes_off"
        else:
            opened.add(name)
        assert getattr(change_requests, f"{name}_are_on")() is (name in on)
    assert opened == on


@pytest.mark.parametrize("mode", ["off", "message", "visits"])
def test_auto_approval_counts_only_where_visits_can_be_cancelled(cast, mode):
    put(changes__mode=mode, changes__auto_approve=True)
    assert change_requests.auto_approves() is (mode == "visits")


def test_nothing_can_be_asked_by_another_client_or_by_the_office_itself(cast, visit):
    for actor in (cast.as_bob, cast.as_olivia):
        refused("not_allowed", lambda a=actor: change_asking.ask_to_cancel(cast.alice, [visit], actor=a))
    refused("not_allowed", lambda: change_asking.ask_to_cancel(cast.bob, [visit], actor=cast.as_bob))
    refused("not_allowed", lambda: ask(cast, visit, cast.bobs_job))


def test_a_client_without_portal_asks_nothing(cast, visit):
    cast.alice.portal_enabled = False
    refused("changes_off", lambda: ask(cast, visit))
    cast.alice.portal_enabled, cast.alice.status = True, ClientStatus.ARCHIVED
    refused("changes_off", lambda: ask(cast, visit))


def test_the_office_asks_in_the_clients_portal_on_their_behalf(cast, visit):
    request = change_asking.ask_to_cancel(cast.alice, [visit], actor=staff_as_client(cast.olivia, cast.alice))
    line = db.session.scalar(sa.select(Activity).where(Activity.verb == "change_request.cancel_asked"))
    assert (line.actor_name, line.on_behalf, line.client_id) == ("Olivia Owens", True, cast.alice.id)
    assert request.is_open


# ---------------------------------------------------------------------------------------------------- cancellations


def test_preview_names_each_fee_and_the_total(cast, visit, late_rule):
    put(changes__policy_text="Four days' notice, please.")
    later = make.job(cast.alice, cast.walk, on_date=THU + dt.timedelta(7))
    shown = preview_cancel(cast.alice, [visit, later, cast.bobs_job])
    assert [(job.id, outcome.charge) for job, outcome in shown.lines] == [(visit.id, 10), (later.id, 0)]
    assert (shown.total, shown.policy_text) == (10, "Four days' notice, please.")
    assert preview_cancel(cast.alice, []).total == 0


def test_asking_to_cancel_keeps_the_visit_and_what_was_shown(cast, visit, late_rule, outbox):
    reason = make.cancellation_reason("Plans changed")
    shown = preview_cancel(cast.alice, [visit])
    request = ask(cast, visit, reason=reason, body="Grandma comes.", seen=shown.mark)
    (item,) = request.items
    assert (request.kind, request.is_open, request.auto_approved) == (ChangeKind.CANCEL, True, False)
    assert (item.state, item.job_version, item.fee, item.sitter_pay) == (ChangeState.PENDING, visit.version, 10, 5)
    assert item.rule_name == "Half within four days"
    assert request.snapshot["total"] == "10.00"
    assert (visit.state, visit.price) == (JobState.SCHEDULED, 20)
    facts = outbox.facts(MailKind.CANCELLATION_REQUESTED)
    assert outbox.kinds() == ["cancellation_requested"]
    assert (facts.kind, facts.reason, facts.total_fee) == ("cancel", "Plans changed: Grandma comes.", "10.00")
    assert [(i.visit.service, i.visit.on_date, i.fee) for i in facts.items] == [("Dog walk", "2026-11-26", "10.00")]
    mail = outbox.one()
    assert (mail.to_address, mail.cc_addresses) == ("alice@example.com", ["office@example.com"])
    notice = db.session.scalar(sa.select(Notification))
    assert (notice.kind, notice.change_request_id) == (NotificationKind.CANCELLATION_REQUESTED, request.id)
    line = db.session.scalar(sa.select(Activity).where(Activity.subject_type == "change_request"))
    assert (line.verb, line.client_id, line.facts["lines"]) == (
        "change_request.cancel_asked", cast.alice.id, ["Dog walk, 2026-11-26 12:00 (10.00)"],
    )  # fmt: skip


def test_several_visits_are_one_request_one_mail_one_notice(cast, visit, late_rule, outbox):
    visits = [visit, *(make.job(cast.alice, cast.walk, on_date=THU + dt.timedelta(n)) for n in (1, 7))]
    request = ask(cast, *visits, body="Away")
    assert [i.fee for i in request.items] == [10, 0, 0]
    assert (len(outbox), count(Notification), count(ChangeRequest)) == (1, 1, 1)
    assert len(outbox.facts().items) == 3


def test_auto_approval_cancels_at_once_with_the_fee_that_was_shown(cast, visit, late_rule, outbox):
    put(changes__auto_approve=True)
    other = make.job(cast.alice, cast.walk, on_date=THU + dt.timedelta(9))
    request = ask(cast, visit, other, body="Away")
    assert (request.auto_approved, request.is_open, request.closed_at is not None) == (True, False, True)
    assert {i.state for i in request.items} == {ChangeState.APPROVED}
    assert (visit.state, visit.price, visit.prior_price, visit.sitter_pay) == (JobState.CANCELLED, 10, 20, 5)
    assert (visit.cancelled_by, visit.cancel_reason) == (Initiator.CLIENT, "Away")
    assert (other.state, other.price, other.prior_price) == (JobState.CANCELLED, 0, 20)
    assert sorted(outbox.kinds()) == ["sitter_visit_taken_away", "visit_cancelled_by_client"]
    assert outbox.facts(MailKind.VISIT_CANCELLED_BY_CLIENT).total_fee == "10.00"
    notice = db.session.scalar(sa.select(Notification))
    assert (notice.kind, notice.change_request_id) == (NotificationKind.VISIT_CANCELLED, request.id)


def test_a_change_is_never_approved_automatically(cast, visit):
    put(changes__auto_approve=True)
    assert ask_change(cast, visit).is_open
    assert visit.on_date == THU


def test_the_same_visit_is_asked_about_once(cast, visit):
    ask(cast, visit)
    for again in (lambda: ask(cast, visit), lambda: ask_change(cast, visit)):
        with pytest.raises(Invalid, match="already"):
            again()
    assert (count(ChangeItem), count(ChangeRequest)) == (1, 1)


def test_other_figures_than_shown_are_asked_again_and_nothing_is_sent(cast, visit, outbox):
    shown = preview_cancel(cast.alice, [visit])
    make.cancellation_rule("All of it")
    with pytest.raises(FiguresChanged) as refusal:
        ask(cast, visit, seen=shown.mark)
    assert refusal.value.preview.total == 20
    assert (count(ChangeRequest), len(outbox)) == (0, 0)
    assert ask(cast, visit, seen=refusal.value.preview.mark).items[0].fee == 20


@pytest.mark.parametrize("seen", ["", "rubbish", "x=0.00"])
def test_a_form_that_shows_nothing_true_is_asked_again(cast, visit, seen):
    with pytest.raises(FiguresChanged):
        ask(cast, visit, seen=seen)


def test_nothing_and_too_much_are_refused(cast, visit):
    refused("no_jobs", lambda: ask(cast), field="visits")
    many = [make.job(cast.alice, cast.walk, on_date=THU + dt.timedelta(n)) for n in range(201)]
    refused("too_many", lambda: ask(cast, *many), field="visits")


def test_reasons_must_be_on_the_clients_list(cast, visit):
    for reason in (make.cancellation_reason(for_clients=False), make.cancellation_reason(is_active=False)):
        refused("bad_reason", lambda r=reason: ask(cast, visit, reason=r), field="reason")


def test_a_reason_of_endless_words_is_refused(cast, visit):
    refused("note_long", lambda: ask(cast, visit, body="x" * 10_001))


@pytest.mark.parametrize("state", [s for s in JobState if s is not JobState.SCHEDULED])
def test_visits_that_have_begun_are_done_or_off_are_refused(cast, visit, state):
    visit.state = state
    refused(f"job_{state.value}", lambda: ask(cast, visit), field="visits")
    refused(f"job_{state.value}", lambda: ask_change(cast, visit))


def test_visits_of_internal_services_are_nobodys_business(cast, visit):
    cast.walk.is_internal = True
    refused("not_allowed", lambda: ask(cast, visit))


def test_what_is_today_or_past_is_refused(cast, clock_at):
    today = make.job(cast.alice, cast.walk, on_date=dt.date(2026, 11, 23), start_time=dt.time(18))
    past = make.job(cast.alice, cast.walk, on_date=dt.date(2026, 11, 22))
    refused("today", lambda: ask(cast, today))
    refused("past", lambda: ask(cast, past))
    put(changes__future_only=False)
    refused("past", lambda: ask(cast, past))
    assert ask(cast, today).is_open


def test_a_block_visit_can_be_asked_about_until_it_must_begin(cast, clock_at):
    put(changes__future_only=False)
    visit = make.job(
        cast.alice,
        cast.cat_visit,
        on_date=dt.date(2026, 11, 23),
        start_time=None,
        block=cast.evening,
        pets=[cast.mochi],
    )  # 17 to 20, 20 minutes
    at = clock_at("2026-11-23 19:41")
    assert change_asking.why_not(visit, Use.CANCEL, values=settings.read(), now=at, waiting={}).too_late
    at = clock_at("2026-11-23 19:39")
    assert change_asking.why_not(visit, Use.CANCEL, values=settings.read(), now=at, waiting={}) is None


def test_notice_limits_for_changing_and_cancelling_are_apart(cast, visit):
    put(booking__cancel_limit_kind="hours", booking__cancel_limit_number=96)
    refusal = refused("limit_hours", lambda: ask(cast, visit))
    assert "96" in refusal.say()
    put(
        booking__cancel_limit_kind="none", booking__change_limit_kind="tomorrow_after",
        booking__change_limit_time="09:00",
    )  # fmt: skip
    assert ask(cast, visit).is_open
    tomorrow = make.job(cast.alice, cast.walk, on_date=dt.date(2026, 11, 24), pets=[cast.biscuit])
    with pytest.raises(Invalid, match="09:00"):
        ask_change(cast, tomorrow)


def test_all_or_nothing_when_one_of_several_is_too_late(cast, visit):
    past = make.job(cast.alice, cast.walk, on_date=dt.date(2026, 11, 20))
    refused("past", lambda: ask(cast, visit, past))


# --------------------------------------------------------------------------------------------------------- changes


def test_asking_for_a_change_keeps_the_visit_and_says_both_prices(cast, visit, outbox):
    put(portal__show_prices=True)
    both = wish(cast, start_time=dt.time(15, 30), pets=[cast.biscuit, cast.mochi], note="Blue harness")
    shown = preview_change(cast.alice, visit, both)
    assert (shown.price_before, shown.price_after, shown.fee) == (20, 25, 0)
    request = ask_change(cast, visit, both, body="If Sam can.", seen=shown.mark)
    (item,) = request.items
    assert (item.new_on_date, item.new_start_time, item.price_before, item.price_after) == (
        FRI,
        dt.time(15, 30),
        20,
        25,
    )
    assert {p.name for p in item.new_pets} == {"Biscuit", "Mochi"}
    assert (visit.on_date, visit.price, [p.name for p in visit.pets]) == (THU, 20, ["Biscuit"])
    facts = outbox.facts(MailKind.CHANGE_REQUESTED)
    (told,) = facts.items
    assert (told.visit.on_date, told.wanted.on_date, told.wanted.price, told.wanted.note) == (
        "2026-11-26", "2026-11-27", "25.00", "Blue harness",
    )  # fmt: skip
    assert (facts.reason, facts.total_fee, outbox.one().cc_addresses) == ("If Sam can.", "", ["office@example.com"])
    notice = db.session.scalar(sa.select(Notification))
    assert (notice.kind, notice.facts["lines"]) == (
        NotificationKind.CHANGE_REQUESTED, ["Dog walk, 2026-11-26 12:00 → Dog walk, 2026-11-27 15:30"],
    )  # fmt: skip


def test_the_mail_says_no_price_where_prices_are_not_shown(cast, visit, outbox):
    ask_change(cast, visit)
    (told,) = outbox.facts().items
    assert (told.visit.price, told.wanted.price) == ("", "")


def test_a_new_note_alone_leaves_an_agreed_price_alone(cast, visit):
    visit.price = Decimal(17)
    shown = preview_change(cast.alice, visit, wish(cast, on_date=THU, note="Back door"))
    assert (shown.price_before, shown.price_after, shown.price_lines) == (17, 17, [])


@pytest.mark.parametrize("counts", [True, False])
def test_a_new_date_counts_as_a_cancellation_where_the_setting_says_so(cast, visit, late_rule, counts):
    put(changes__count_as_cancel=counts)
    assert preview_change(cast.alice, visit, wish(cast)).fee == (10 if counts else 0)
    assert preview_change(cast.alice, visit, wish(cast, on_date=THU, start_time=dt.time(9))).fee == 0
    item = ask_change(cast, visit).items[0]
    assert (item.fee, item.sitter_pay, item.rule_name) == (
        (10, 5, "Half within four days") if counts else (0, None, "")
    )


def test_other_figures_of_a_change_are_asked_again(cast, visit, outbox):
    both = wish(cast, pets=[cast.biscuit, cast.mochi])
    shown = preview_change(cast.alice, visit, both)
    cast.walk.price = Decimal(30)
    with pytest.raises(FiguresChanged) as refusal:
        ask_change(cast, visit, both, seen=shown.mark)
    assert (refusal.value.preview.price_after, len(outbox)) == (35, 0)


def test_an_agreed_price_stays_when_the_list_makes_no_difference(cast, visit):
    visit.price = Decimal(17)
    cast.walk.price = Decimal(30)
    assert preview_change(cast.alice, visit, wish(cast)).price_after == 17


def test_a_change_that_changes_nothing_is_refused(cast, visit):
    refused("nothing_changed", lambda: ask_change(cast, visit, wish(cast, on_date=THU, note=" ")))


@pytest.mark.parametrize(
    ("code", "field", "changes"),
    [
        ("past", "dates", {"on_date": dt.date(2026, 11, 22)}),
        ("too_far", "dates", {"on_date": dt.date(2029, 1, 1)}),
        ("past_time", "dates", {"on_date": dt.date(2026, 11, 23), "start_time": dt.time(8)}),
        ("no_pet", "pets", {"pets": []}),
        ("note_long", "note", {"note": "x" * 10_001}),
    ],
)
def test_wishes_that_make_no_sense_are_refused(cast, visit, code, field, changes):
    refused(code, lambda: ask_change(cast, visit, wish(cast, **changes)), field=field)


def test_a_closed_day_and_others_pets_and_blocks_are_refused(cast, visit):
    make.closed_day(FRI, reason="Summer break")
    assert "Summer break" in refused("closed", lambda: ask_change(cast, visit)).say()
    refused("foreign_pet", lambda: ask_change(cast, visit, wish(cast, on_date=SAT, pets=[cast.bella])), field="pets")
    cat = wish(cast, item=cast.cat_visit, on_date=SAT, start_time=None)
    refused("no_block", lambda: ask_change(cast, visit, cat), field="blocks")
    night = wish(cast, item=cast.cat_visit, on_date=SAT, start_time=None, block=cast.night)
    refused("foreign_block", lambda: ask_change(cast, visit, night), field="blocks")


def test_a_service_that_is_not_offered_can_be_kept_but_not_chosen(cast, visit):
    hidden = make.service_item("Secret", visible_in_portal=False)
    refused("item_hidden", lambda: ask_change(cast, visit, wish(cast, item=hidden)), field="service")
    cast.walk.visible_in_portal = False
    assert ask_change(cast, visit).is_open


def test_a_time_that_the_clock_change_leaves_out_is_still_a_wish(cast, visit, clock_at):
    """In the night of 14 March 2027 New York has no 02:30; local time is kept as it was typed."""
    clock_at("2027-03-10 09:00")
    soon = make.job(cast.alice, cast.walk, on_date=dt.date(2027, 3, 13), pets=[cast.biscuit])
    request = ask_change(cast, soon, wish(cast, on_date=dt.date(2027, 3, 14), start_time=dt.time(2, 30)))
    assert (request.items[0].new_on_date, request.items[0].new_start_time) == (dt.date(2027, 3, 14), dt.time(2, 30))


def test_a_stay_is_changed_as_a_stay(cast):
    stay = make.job(
        cast.alice, cast.overnight, on_date=FRI, ends_on=SAT, start_time=None, pets=[cast.biscuit], price=Decimal(100)
    )
    longer = Wish(cast.overnight, FRI, pets=[cast.biscuit], ends_on=dt.date(2026, 11, 30))
    assert preview_change(cast.alice, stay, longer).price_after == 300
    backwards = Wish(cast.overnight, FRI, pets=[cast.biscuit], ends_on=THU)
    refused("stay_order", lambda: ask_change(cast, stay, backwards), field="ends_on")
    item = ask_change(cast, stay, longer).items[0]
    assert (item.new_ends_on, item.price_after) == (dt.date(2026, 11, 30), 300)
    assert cast.overnight.time_type is TimeType.ALL_DAY


def test_the_marks_of_previews_differ_by_figures_only(cast, visit):
    one, two = preview_change(cast.alice, visit, wish(cast)), preview_change(cast.alice, visit, wish(cast, note="x"))
    assert one.mark == two.mark
    assert change_preview.CancelPreview((), "").mark == ""


# -------------------------------------------------------------------------------------------- messages and series


def test_a_message_waits_for_the_office_and_is_receipted(cast, outbox):
    put(changes__mode="message")
    request = change_asking.send_message(cast.alice, " Could Sam come later?\r\nThanks ", actor=cast.as_alice)
    assert (request.kind, request.body, request.is_open) == (ChangeKind.MESSAGE, "Could Sam come later?\nThanks", True)
    assert outbox.facts(MailKind.CLIENT_MESSAGE).body == request.body
    assert outbox.one().cc_addresses == ["office@example.com"]
    notice = db.session.scalar(sa.select(Notification))
    assert (notice.kind, notice.change_request_id) == (NotificationKind.CLIENT_MESSAGE, request.id)
    assert (
        db.session.scalar(sa.select(Activity.verb).where(Activity.client_id == cast.alice.id))
        == "change_request.message"
    )
    with pytest.raises(Invalid) as refusal:
        change_asking.send_message(cast.alice, " \n", actor=cast.as_alice)
    assert (refusal.value.code, refusal.value.field) == ("no_text", "body")


@pytest.fixture
def series(cast):
    """Alice's walk every Friday at noon, open."""
    return make.repeat(cast.alice, cast.walk, pets=[cast.biscuit])


def test_a_pause_and_an_end_are_asked_for_and_change_nothing(cast, series, outbox):
    request = change_asking.ask_to_pause(cast.alice, series, FRI, SAT, actor=cast.as_alice, body="Holidays")
    (item,) = request.items
    assert (request.kind, item.repeat_id, item.first_on, item.last_on) == (ChangeKind.PAUSE, series.id, FRI, SAT)
    facts = outbox.facts(MailKind.SERIES_CHANGE_REQUESTED)
    assert (facts.kind, facts.reason, facts.items[0].first_on, facts.items[0].visit.pets) == (
        "pause", "Holidays", "2026-11-27", ("Biscuit",),
    )  # fmt: skip
    assert db.session.scalar(sa.select(Notification.kind)) is NotificationKind.SERIES_REQUESTED
    assert (series.pauses, series.ends_on) == ([], None)
    other = make.repeat(cast.alice, cast.walk)
    ended = change_asking.ask_to_end(cast.alice, other, SAT, actor=cast.as_alice)
    assert (ended.kind, ended.items[0].first_on, ended.items[0].last_on) == (ChangeKind.END, None, SAT)
    with pytest.raises(Invalid, match="already"):
        change_asking.ask_to_end(cast.alice, series, SAT, actor=cast.as_alice)


@pytest.mark.parametrize(
    ("code", "first", "last"),
    [("pause_order", SAT, FRI), ("past", dt.date(2026, 11, 22), FRI), ("pause_long", FRI, dt.date(2028, 1, 1))],
)
def test_pauses_that_make_no_sense_are_refused(cast, series, code, first, last):
    refused(code, lambda: change_asking.ask_to_pause(cast.alice, series, first, last, actor=cast.as_alice))


def test_series_that_are_over_internal_or_others_are_refused(cast, series):
    def end(client=cast.alice, actor=cast.as_alice, last=FRI):
        return lambda: change_asking.ask_to_end(client, series, last, actor=actor)

    refused("past", end(last=dt.date(2026, 11, 20)))
    refused("not_allowed", end(cast.bob, cast.as_bob))
    series.starts_on, series.ends_on = dt.date(2026, 9, 1), dt.date(2026, 11, 1)
    refused("series_over", end())
    series.ends_on, series.is_active = None, False
    refused("series_over", end())
    cast.walk.is_internal = True
    refused("not_allowed", end())


def test_nothing_is_kept_of_a_refused_request(cast, visit, outbox):
    put(changes__cancellations=False)
    refused("changes_off", lambda: ask(cast, visit))
    assert (len(outbox), count(Notification), count(Activity, Activity.verb.like("change_request.%"))) == (0, 0, 0)
    assert db.session.get(Job, visit.id).state is JobState.SCHEDULED
