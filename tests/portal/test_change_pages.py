"""Changing and cancelling scheduled visits in the portal: X1 to X6, X8 and the client's part of X11, through the pages."""

import datetime as dt
import re
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
    Job,
    JobState,
    NoticeKind,
    Notification,
    NotificationKind,
)
from tests import factories as make
from tests.databases import statements
from workflows import cancelling, change_deciding
from workflows.mail_facts import MailKind

THU, FRI = make.DAY, dt.date(2026, 11, 27)
CONFIRM = "Confirm Cancellation Request"


@pytest.fixture
def visit(cast):
    """Alice's walk with Biscuit on Thursday at noon, by Sam, 20.00; Bob has one on the same day."""
    found = make.job(cast.alice, cast.walk, sitter=cast.sam, pets=[cast.biscuit])
    make.job(cast.bob, make.service_item("Bob's visit"), pets=[cast.bella])
    db.session.commit()
    return found


@pytest.fixture
def half(cast):
    """Within four days a cancellation costs half."""
    rule = make.cancellation_rule("Half", notice_kind=NoticeKind.HOURS, notice_number=96, charge_percent=Decimal(50))
    db.session.commit()
    return rule


def address(visit, what=""):
    return f"/portal/visits/{visit.public_id}{what}"


def cancel(me, visit, **values):
    page = me.get(address(visit, "/cancellation"))
    return me.press(page, "/cancellation", **values)


def change(me, visit, **values):
    page = me.get(address(visit, "/change"))
    return me.press(page, "/change", **values)


def items():
    return list(
        db.session.scalars(sa.select(ChangeItem).order_by(ChangeItem.id).execution_options(populate_existing=True))
    )


def fresh(visit):
    db.session.expire_all()
    return db.session.get(Job, visit.id)


# -------------------------------------------------------------------------------------------------------------- X1

PAGES = {
    "cancellations": ["/portal/visits/cancellation", "/portal/visits/{visit}/cancellation"],
    "changes": ["/portal/visits/{visit}/change"],
    "messages": ["/portal/message"],
    "series": ["/portal/repeats/{repeat}/pause", "/portal/repeats/{repeat}/end"],
}


@pytest.mark.covers("X1", "P8")
@pytest.mark.parametrize(
    ("values", "on"),
    [
        ({}, {"cancellations", "changes", "series"}),
        ({"changes.mode": "off"}, set()),
        ({"changes.mode": "message"}, {"messages"}),
        ({"changes.cancellations": False}, {"changes", "series"}),
        ({"changes.changes": False}, {"cancellations", "series"}),
        ({"changes.series": False}, {"cancellations", "changes"}),
        ({"portal.schedule": False}, set()),
    ],
)
def test_each_switch_shows_its_controls_and_closes_its_addresses(cast, visit, walk, change_settings, values, on):
    series = make.repeat(cast.alice, cast.walk, pets=[cast.biscuit])
    change_settings(values)
    me = walk(cast.alice)
    token = me.token() if "portal.schedule" not in values else None
    for name, pages in PAGES.items():
        for page in pages:
            url = page.format(visit=visit.public_id, repeat=series.public_id)
            assert me.browser.get(url).status_code == (200 if name in on else 404), url
            answer = me.browser.post(url, data={"csrf_token": token or "", "visit": visit.public_id, "body": ""})
            assert (answer.status_code == 404) is (name not in on), url
    if "portal.schedule" in values:
        return
    schedule, own = me.get("/portal/schedule"), me.get(address(visit))
    assert ("Cancel several visits" in schedule.text) is ("cancellations" in on)
    assert ("/portal/message" in schedule.links()) is ("messages" in on)
    assert ("Repeating visits" in schedule.text) is ("series" in on)
    assert ("Make Changes" in schedule.text) is bool(on & {"cancellations", "changes"})
    assert (address(visit, "/cancellation") in own.links()) is ("cancellations" in on)
    assert (address(visit, "/change") in own.links()) is ("changes" in on)
    assert items() == []
    assert fresh(visit).state is JobState.SCHEDULED


@pytest.mark.covers("X1")
def test_a_general_message_is_sent_once_and_changes_nothing(cast, visit, walk, change_settings, outbox):
    change_settings({"changes.mode": "message", "business.admin_inbox": "office@example.com"})
    me = walk(cast.alice)
    form = me.get("/portal/message")
    empty = me.press(form, "/portal/message", body=" ")
    assert (empty.status, "Write a message first" in empty.text) == (422, True)
    done = me.press(form, "/portal/message", body="Please come later on Thursday")
    assert "Nothing is changed or cancelled until" in done.text
    assert "Please come later on Thursday" in done.text
    again = me.press(form, "/portal/message", body="Please come later on Thursday")
    assert "Nothing was sent twice" in again.text
    request = db.session.scalar(sa.select(ChangeRequest))
    assert (request.kind, request.is_open) == (ChangeKind.MESSAGE, True)
    mail = outbox.one(MailKind.CLIENT_MESSAGE)
    assert (mail.to_address, mail.cc_addresses) == ("alice@example.com", ["office@example.com"])
    assert db.session.scalar(sa.select(Notification.kind)) is NotificationKind.CLIENT_MESSAGE
    assert fresh(visit).on_date == THU


# -------------------------------------------------------------------------------------------------------------- X2


@pytest.mark.covers("X2")
def test_from_the_list_and_from_the_day_a_visit_opens_with_two_choices(cast, visit, walk):
    me = walk(cast.alice)
    for page in (me.get("/portal/schedule"), me.get(f"/portal/schedule/{THU}"), me.get(f"/portal/schedule?day={THU}")):
        assert address(visit) in page.links()
        assert "Make Changes" in page.text
    assert "/portal/visits/cancellation" in me.get("/portal/schedule").links()
    own = me.get(address(visit))
    assert "Make Changes" in own.text
    assert "Request Changes To Event" in own.text
    assert {address(visit, "/cancellation"), address(visit, "/change")} <= own.links()


@pytest.mark.covers("X2")
def test_visits_of_others_internal_and_void_ones_are_404(cast, visit, walk):
    internal = make.job(cast.alice, make.service_item("Key run", is_internal=True))
    void = make.job(cast.alice, cast.walk, state=JobState.VOIDED)
    db.session.commit()
    me = walk(cast.alice)
    token = me.token()
    for other in (cast.bobs_job, internal, void):
        for what in ("", "/cancellation", "/change"):
            assert me.browser.get(address(other, what)).status_code == 404
        for what in ("/cancellation", "/change"):
            assert me.browser.post(address(other, what), data={"csrf_token": token}).status_code == 404
        data = {"csrf_token": token, "visit": [visit.public_id, other.public_id]}
        assert me.browser.post("/portal/visits/cancellation", data=data).status_code == 404
        assert me.browser.get(f"/portal/visits/cancellation?visit={other.public_id}").status_code == 404
    assert me.browser.get("/portal/visits/cancellation?visit=%00").status_code == 404
    assert items() == []


# -------------------------------------------------------------------------------------------------------------- X3


@pytest.mark.covers("X3")
def test_cancelling_shows_the_fee_first_and_is_being_reviewed(cast, visit, half, walk, change_settings, outbox):
    change_settings({"changes.policy_text": "Four days' notice, please."})
    reason = make.cancellation_reason("Plans changed")
    make.cancellation_reason("Office only", for_clients=False)
    db.session.commit()
    me = walk(cast.alice)
    for page in (me.get(address(visit)), me.get(address(visit, "/cancellation"))):
        assert "Cancellation fee: $10.00" in page.text
        assert "Four days' notice, please." in page.text
        assert CONFIRM in page.text
        assert "Plans changed" in page.text
        assert "Office only" not in page.text
    dialog = re.search(r'<dialog[^>]*id="cancel-visit".*?</dialog>', me.get(address(visit)).html, re.DOTALL)[0]
    assert re.search(r"<button[^>]*data-dialog-close autofocus>Close<", dialog)
    done = cancel(me, visit, reason_id=reason.id, reason="Grandma comes")
    assert "being reviewed" in done.text
    (item,) = items()
    assert (item.state, item.fee, item.request.reason, item.request.body) == (
        ChangeState.PENDING, 10, reason, "Grandma comes",
    )  # fmt: skip
    assert (fresh(visit).state, fresh(visit).price) == (JobState.SCHEDULED, 20)
    assert outbox.facts(MailKind.CANCELLATION_REQUESTED).total_fee == "10.00"


@pytest.mark.covers("X3")
def test_the_reason_is_optional_and_without_a_rule_it_is_free(cast, visit, walk):
    me = walk(cast.alice)
    assert "There is no fee." in me.get(address(visit, "/cancellation")).text
    assert "being reviewed" in cancel(me, visit).text
    assert (items()[0].request.reason, items()[0].request.body, items()[0].fee) == (None, "", 0)


@pytest.mark.covers("X3")
def test_with_auto_approval_it_is_cancelled_at_once(cast, visit, half, walk, change_settings, outbox):
    change_settings({"changes.auto_approve": True})
    me = walk(cast.alice)
    assert "cancelled at once" in me.get(address(visit, "/cancellation")).text
    done = cancel(me, visit)
    assert "Your visit is cancelled" in done.text
    now = fresh(visit)
    assert (now.state, now.price, now.prior_price) == (JobState.CANCELLED, 10, 20)
    assert sorted(outbox.kinds()) == ["sitter_visit_taken_away", "visit_cancelled_by_client"]
    assert db.session.scalar(sa.select(ChangeRequest.auto_approved)) is True
    assert "Cancelled" in me.get(address(visit)).text


@pytest.mark.covers("X3")
def test_pressing_twice_and_two_tabs_ask_once(cast, visit, walk, change_settings, outbox):
    me = walk(cast.alice)
    tab, other = me.get(address(visit, "/cancellation")), me.get(address(visit, "/change"))
    me.press(tab, "/cancellation")
    assert "Nothing was done twice" in me.press(tab, "/cancellation").text
    assert "Nothing was done twice" in me.press(other, "/change", dates=FRI).text
    assert len(items()) == 1
    assert len(outbox) == 1


@pytest.mark.covers("X3")
def test_a_fee_that_rose_meanwhile_is_shown_and_asked_again(cast, visit, walk, outbox):
    me = walk(cast.alice)
    tab = me.get(address(visit, "/cancellation"))
    make.cancellation_rule("All of it")
    db.session.commit()
    again = me.press(tab, "/cancellation", reason="Away")
    assert (again.status, "Cancellation fee: $20.00" in again.text, "Away" in again.html) == (409, True, True)
    assert (items(), len(outbox)) == ([], 0)
    me.press(again, "/cancellation")
    assert items()[0].fee == 20


@pytest.mark.covers("X3")
@pytest.mark.parametrize("reason", ["9999999", "x", "-1", "²"])
def test_rubbish_as_reason_is_no_reason_and_no_error_page(cast, visit, walk, reason):
    assert cancel(walk(cast.alice), visit, reason_id=reason).status == 200
    assert items()[0].request.reason is None


@pytest.mark.covers("X3")
def test_an_endless_reason_comes_back_to_be_shortened(cast, visit, walk):
    page = cancel(walk(cast.alice), visit, reason="x" * 10_001)
    assert (page.status, "too long" in page.text, items()) == (422, True, [])


# -------------------------------------------------------------------------------------------------------------- X4


@pytest.mark.covers("X4")
def test_the_change_form_is_filled_in_and_shows_both_prices(cast, visit, walk, change_settings, outbox):
    change_settings({"portal.show_prices": True})
    me = walk(cast.alice)
    form = me.get(address(visit, "/change"))
    filled = form.form("/change").filled()
    assert (filled["dates"], filled["service"], filled["pets"]) == (
        ["2026-11-26"], [cast.walk.public_id], [cast.biscuit.public_id],
    )  # fmt: skip
    assert filled[f"time-{cast.walk.public_id}"] == ["12:00"]
    wanted = {"dates": FRI, f"time-{cast.walk.public_id}": "15:30", "pets": [cast.biscuit.public_id, cast.mochi.public_id], "note": "Both"}  # fmt: skip
    shown = me.press(form, "/change", go="preview", **wanted)
    assert "Price now $20.00" in shown.text
    assert "Price after the change $25.00" in shown.text
    assert items() == []
    done = me.press(shown, "/change", go=None, body="If Sam can")
    assert "being reviewed" in done.text
    (item,) = items()
    assert (item.new_on_date, item.new_start_time, item.new_note, item.price_before, item.price_after) == (
        FRI, dt.time(15, 30), "Both", 20, 25,
    )  # fmt: skip
    now = fresh(visit)
    assert (now.on_date, now.start_time, now.price) == (THU, dt.time(12), 20)
    assert outbox.facts(MailKind.CHANGE_REQUESTED).reason == "If Sam can"
    assert item.request.auto_approved is False


@pytest.mark.covers("X4")
def test_another_price_than_shown_is_asked_again(cast, visit, walk, change_settings):
    change_settings({"portal.show_prices": True})
    me = walk(cast.alice)
    both = [cast.biscuit.public_id, cast.mochi.public_id]
    again = change(me, visit, pets=both)
    assert (again.status, "Price after the change $25.00" in again.text, items()) == (409, True, [])
    assert "being reviewed" in me.press(again, "/change").text


@pytest.mark.covers("X4")
def test_prices_are_hidden_where_the_office_hides_them_but_a_fee_is_shown(cast, visit, half, walk, change_settings):
    me = walk(cast.alice)
    assert "$" not in me.get(address(visit, "/change")).text
    change_settings({"changes.count_as_cancel": True})
    again = change(me, visit, dates=FRI)
    assert (again.status, "costs $10.00 on top" in again.text, items()) == (409, True, [])
    assert "being reviewed" in me.press(again, "/change").text
    assert items()[0].fee == 10


@pytest.mark.covers("X4")
def test_the_amounts_follow_by_htmx(cast, visit, walk, change_settings):
    change_settings({"portal.show_prices": True})
    me = walk(cast.alice)
    form = me.get(address(visit, "/change"))
    headers = {"HX-Request": "true", "HX-Target": "figures"}
    part = me.press(form, "/change", headers=headers, go="preview", pets=[cast.biscuit.public_id, cast.mochi.public_id])
    assert part.html.lstrip().startswith('<div id="figures"')
    assert "$25.00" in part.text
    past = me.press(form, "/change", headers=headers, go="preview", dates="2026-11-20")
    assert "in the past" in past.text


@pytest.mark.covers("X4")
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"dates": "2026-11-22"}, "in the past"),
        ({"dates": "31 February"}, "not in the calendar"),
        ({"dates": ["2026-11-27", "2026-11-28"]}, "Choose one day"),
        ({"dates": None}, "Choose at least one day"),
        ({"service": "nothing"}, "no longer offered"),
        ({"pets": None}, "at least one pet"),
        ({"pets": "somebody-else"}, "your own pets"),
        ({}, "Nothing is different yet"),
    ],
)
def test_what_makes_no_sense_comes_back_with_a_sentence(cast, visit, walk, values, words):
    page = change(walk(cast.alice), visit, **values)
    assert page.status in {409, 422}
    assert words in page.text
    assert (items(), fresh(visit).on_date) == ([], THU)


@pytest.mark.covers("X4")
def test_a_stay_and_a_block_visit_keep_what_the_form_does_not_ask(cast, walk):
    stay = make.job(
        cast.alice, cast.overnight, on_date=FRI, ends_on=FRI + dt.timedelta(1), start_time=None, pets=[cast.biscuit]
    )
    early = make.job(cast.alice, cast.cat_visit, start_time=dt.time(8), block=cast.morning, pets=[cast.mochi])
    db.session.commit()
    me = walk(cast.alice)
    assert "being reviewed" in change(me, stay, ends_on="2026-11-30").text
    assert "being reviewed" in change(me, early, note="Key safe").text
    longer, note = items()
    assert (longer.new_on_date, longer.new_ends_on) == (FRI, dt.date(2026, 11, 30))
    assert (note.new_start_time, note.new_time_block, note.new_note) == (dt.time(8), cast.morning, "Key safe")


# -------------------------------------------------------------------------------------------------------------- X5


@pytest.mark.covers("X5")
def test_what_waits_stands_on_the_visit_and_above_the_schedule_and_can_be_withdrawn(cast, visit, half, walk, outbox):
    other = make.job(cast.alice, cast.walk, on_date=FRI, pets=[cast.biscuit])
    db.session.commit()
    me = walk(cast.alice)
    cancel(me, visit, reason="Away")
    change(me, other, dates="2026-12-01")
    page = me.get("/portal/schedule")
    top = page.text[page.text.index("Being reviewed") : page.text.index("Coming visits")]
    assert "Cancellation of 1 visit" in top
    assert "Away" in top
    assert "The fee would be $10.00" in top
    assert "Change of a visit" in top
    assert "Dec 1" in top
    cards = re.findall(r'<article class="ui-visit ui-visit--change">(.*?)</article>', page.html, re.DOTALL)
    assert len(cards) == 2
    assert all("ui-banner--req" in card for card in cards)
    assert "Cancellation requested" in page.text
    assert "Change requested" in page.text
    first = items()[0]
    ask = me.get(f"/portal/changes/{first.public_id}/withdrawal")
    done = me.press(ask, "/withdrawal")
    assert "Your request is withdrawn" in done.text
    assert [i.state for i in items()] == [ChangeState.WITHDRAWN, ChangeState.PENDING]
    assert fresh(visit).state is JobState.SCHEDULED
    assert MailKind.CHANGE_WITHDRAWN.value in outbox.kinds()
    assert db.session.scalar(
        sa.select(sa.func.count()).where(Notification.kind == NotificationKind.CHANGE_WITHDRAWN)
    ) == 1  # fmt: skip
    assert "Nothing was done twice" in me.press(ask, "/withdrawal").text
    assert "Cancellation of 1 visit" not in me.get("/portal/schedule").text


@pytest.mark.covers("X5")
def test_withdrawing_after_the_office_decided_says_what_happened(cast, visit, walk):
    me = walk(cast.alice)
    cancel(me, visit)
    ask = me.get(f"/portal/changes/{items()[0].public_id}/withdrawal")
    change_deciding.deny(items(), actor=cast.as_olivia, note="Sorry")
    db.session.commit()
    late = me.press(ask, "/withdrawal")
    assert (late.status, "answered with no" in late.text) == (409, True)


@pytest.mark.covers("X5")
def test_others_requests_cannot_be_seen_or_withdrawn(cast, visit, walk):
    cancel(walk(cast.alice), visit)
    item = items()[0]
    bob = walk(cast.bob)
    token = bob.token()
    for url in (
        f"/portal/changes/{item.public_id}/withdrawal",
        f"/portal/changes/together/{item.request.public_id}/withdrawal",
    ):
        assert bob.browser.get(url).status_code == 404
        assert bob.browser.post(url, data={"csrf_token": token}).status_code == 404
    assert "Being reviewed" not in bob.get("/portal/schedule").text
    assert items()[0].state is ChangeState.PENDING


# -------------------------------------------------------------------------------------------------------------- X6


@pytest.mark.covers("X6")
def test_several_visits_are_cancelled_in_one_go(cast, visit, half, walk, outbox):
    week = [make.job(cast.alice, cast.walk, on_date=THU + dt.timedelta(n), pets=[cast.biscuit]) for n in (1, 7)]
    make.cancellation_reason("Away")
    db.session.commit()
    me = walk(cast.alice)
    choose = me.get("/portal/visits/cancellation")
    ticked = [v.public_id for v in (visit, *week)]
    assert set(choose.form("/portal/visits/cancellation").choices["visit"]) == set(ticked)
    assert "Tick at least one visit" in me.get("/portal/visits/cancellation?go=1").text
    question = me.get("/portal/visits/cancellation?" + "&".join(f"visit={i}" for i in ticked))
    assert "Cancel 3 visits?" in question.text
    assert "Total $10.00" in question.text
    assert question.text.count("no fee") == 2
    done = me.press(question, "/portal/visits/cancellation", reason="We travel")
    assert "3 visits is being reviewed" in done.text
    request = db.session.scalar(sa.select(ChangeRequest))
    assert ([i.fee for i in request.items], request.body) == ([10, 0, 0], "We travel")
    assert (outbox.kinds(), len(outbox.facts().items)) == (["cancellation_requested"], 3)
    whole = me.get(f"/portal/changes/together/{request.public_id}/withdrawal")
    assert f"/portal/changes/together/{request.public_id}/withdrawal" in me.get("/portal/schedule").links()
    assert "3 visits stay as they are" in me.press(whole, "/withdrawal").text
    assert {i.state for i in items()} == {ChangeState.WITHDRAWN}


@pytest.mark.covers("X6")
def test_a_bulk_that_one_visit_spoils_changes_nothing(cast, visit, walk):
    late = make.job(cast.alice, cast.walk, on_date=FRI, pets=[cast.biscuit])
    db.session.commit()
    me = walk(cast.alice)
    question = me.get(f"/portal/visits/cancellation?visit={visit.public_id}&visit={late.public_id}")
    cancelling.cancel([late], actor=cast.as_olivia)
    db.session.commit()
    done = me.press(question, "/portal/visits/cancellation")
    assert items() == []
    assert fresh(visit).state is JobState.SCHEDULED
    assert done.status in {200, 409}


# -------------------------------------------------------------------------------------------------------------- X8


@pytest.mark.covers("X8")
def test_too_late_leaves_a_dead_control_with_reason_and_phone(cast, visit, walk, change_settings):
    me = walk(cast.alice)
    tab, form = me.get(address(visit, "/cancellation")), me.get(address(visit, "/change"))
    change_settings(
        {
            "booking.cancel_limit_kind": "days", "booking.cancel_limit_number": 7, "business.phone": "555 0100",
            "portal.too_late_text": "Too late online.",
        }
    )  # fmt: skip
    own = me.get(address(visit))
    assert address(visit, "/cancellation") not in own.links()
    assert address(visit, "/change") in own.links()
    assert "until 7 days before" in own.text
    assert "Too late online. 555 0100" in own.text
    assert re.search(r"<button[^>]*disabled[^>]*>(<svg.*?</svg>)?Cancel<", own.html, re.DOTALL)
    dead = me.get(address(visit, "/cancellation"))
    assert "555 0100" in dead.text
    assert re.search(rf"<button[^>]*disabled[^>]*>{CONFIRM}<", dead.html)
    assert (me.press(tab, "/cancellation").status, items()) == (409, [])
    change_settings({"booking.change_limit_kind": "days", "booking.change_limit_number": 7})
    schedule = me.get("/portal/schedule")
    assert re.search(r"<button[^>]*disabled[^>]*>(<svg.*?</svg>)?Make Changes<", schedule.html, re.DOTALL)
    assert "555 0100" in schedule.text
    choose = me.get("/portal/visits/cancellation")
    assert choose.form("/portal/visits/cancellation").disabled["visit"] == [visit.public_id]
    assert "Send change request" in me.get(address(visit, "/change")).text
    assert (me.press(form, "/change", dates=FRI).status, items()) == (409, [])


@pytest.mark.covers("X8")
def test_nothing_of_today_can_be_touched_unless_the_office_allows_it(cast, walk, change_settings):
    today = make.job(cast.alice, cast.walk, on_date=dt.date(2026, 11, 23), start_time=dt.time(18), pets=[cast.biscuit])
    db.session.commit()
    me = walk(cast.alice)
    assert address(today, "/cancellation") not in me.get(address(today)).links()
    assert (me.post(address(today, "/cancellation"), seen="").status_code, items()) == (409, [])
    change_settings({"changes.future_only": False})
    assert "being reviewed" in cancel(me, today).text


# ------------------------------------------------------------------------------------------------------------- X11


@pytest.mark.covers("X11")
def test_a_pause_and_an_end_are_asked_for_and_wait(cast, walk, outbox):
    series = make.repeat(cast.alice, cast.walk, pets=[cast.biscuit])
    make.repeat(cast.bob, make.service_item("Bob's series"))
    db.session.commit()
    me = walk(cast.alice)
    page = me.get("/portal/schedule")
    assert "Repeating visits" in page.text
    assert re.search(r"every [A-Z]\w+day, 12:00", page.text)
    assert "Bob's series" not in page.text
    form = me.get(f"/portal/repeats/{series.public_id}/pause")
    bad = me.press(form, "/pause", first_on="2026-12-24", last_on="2026-12-01")
    assert (bad.status, "must end after it starts" in bad.text) == (422, True)
    assert me.press(form, "/pause", first_on="", last_on="x").status == 422
    done = me.press(form, "/pause", first_on="2026-12-20", last_on="2027-01-03", body="Holidays")
    assert "being reviewed" in done.text
    assert "Pause of repeating visits" in done.text
    assert "Holidays" in done.text
    end = me.get(f"/portal/repeats/{series.public_id}/end")
    assert "Nothing was done twice" in me.press(end, "/end", last_on="2026-12-31").text
    (item,) = items()
    assert (item.request.kind, item.first_on, item.last_on) == (
        ChangeKind.PAUSE, dt.date(2026, 12, 20), dt.date(2027, 1, 3),
    )  # fmt: skip
    assert outbox.kinds() == ["series_change_requested"]
    me.press(me.get(f"/portal/changes/{item.public_id}/withdrawal"), "/withdrawal")
    assert "being reviewed" in me.press(end, "/end", last_on="2026-12-31").text
    assert items()[1].request.kind is ChangeKind.END


@pytest.fixture
def weekly(cast, half):
    """Alice's walk with its visits of Thursday (which costs half when it is called off) and in two weeks (nothing)."""
    series = make.repeat(cast.alice, cast.walk, pets=[cast.biscuit], starts_on=dt.date(2026, 11, 19))
    for day in (THU, THU + dt.timedelta(days=14)):
        make.job(
            cast.alice, cast.walk, sitter=cast.sam, on_date=day, pets=[cast.biscuit], repeat=series, repeat_on=day,
            repeat_time_id=series.times[0].id,
        )  # fmt: skip
    db.session.commit()
    return series


@pytest.mark.covers("X3", "X11")
def test_this_and_all_following_visits_of_a_series_are_called_off_after_their_fee_was_shown(cast, walk, weekly, half):
    thursday = db.session.scalars(sa.select(Job).where(Job.repeat_id == weekly.id).order_by(Job.on_date)).first()
    me = walk(cast.alice)
    page = me.get(address(thursday))
    assert "Cancel this and all following" in page.text
    (url,) = [u for u in page.links() if u.startswith(f"/portal/repeats/{weekly.public_id}/end")]
    page = me.get(url.replace("&amp;", "&"))
    for words in ("2 visits would be cancelled.", "The fee would be $10.00.", "Thu, Nov 26"):
        assert words in page.text, words
    half.charge_percent = Decimal(100)
    db.session.commit()
    again = me.press(page, "/end")
    assert (again.status, items()) == (409, [])
    assert "changed meanwhile" in again.text
    assert "The fee would be $20.00." in again.text
    assert "being reviewed" in me.press(again, "/end", body="We move").text
    (item,) = items()
    assert (item.request.kind, item.last_on, item.fee, item.state) == (
        ChangeKind.END, dt.date(2026, 11, 25), Decimal(20), ChangeState.PENDING,
    )  # fmt: skip
    assert "The fee would be $20.00." in me.get("/portal/schedule").text
    assert "Cancel this and all following" not in me.get(address(thursday)).text, "it was asked for"
    change_deciding.approve([item], actor=cast.as_max)
    db.session.commit()
    assert [(j.state, j.price) for j in db.session.scalars(sa.select(Job).where(Job.repeat_id == weekly.id).order_by(Job.on_date))] == [
        (JobState.CANCELLED, Decimal(20)), (JobState.CANCELLED, Decimal(0)),
    ]  # fmt: skip


@pytest.mark.covers("X3", "X11")
def test_an_end_that_costs_something_is_asked_twice_and_a_free_one_once(cast, walk, weekly):
    me = walk(cast.alice)
    form = me.get(f"/portal/repeats/{weekly.public_id}/end")
    shown = me.press(form, "/end", last_on="2026-11-25")
    assert ("The fee would be $10.00." in shown.text, "Press the button again" in shown.text, items()) == (
        True,
        True,
        [],
    )
    other_day = me.press(shown, "/end", last_on="2026-11-26")
    assert "being reviewed" not in other_day.text, "another day than the one whose fee was shown"
    assert "There is no fee." in other_day.text
    assert "being reviewed" in me.press(other_day, "/end", last_on="2026-11-26").text
    assert items()[0].fee == 0


def test_this_and_following_is_offered_only_where_it_can_be_asked(cast, walk, weekly, visit, change_settings):
    offered = "Cancel this and all following"
    later = db.session.scalars(sa.select(Job).where(Job.repeat_id == weekly.id).order_by(Job.on_date.desc())).first()
    today = make.job(cast.alice, cast.walk, on_date=dt.date(2026, 11, 23), start_time=dt.time(18), repeat=weekly)
    db.session.commit()
    me = walk(cast.alice)
    assert [offered in me.get(address(j)).text for j in (later, today, visit)] == [True, False, False]
    weekly.ends_on = dt.date(2026, 11, 20)
    db.session.commit()
    assert offered not in me.get(address(later)).text
    weekly.ends_on = None
    change_settings({"changes.series": False})
    assert offered not in me.get(address(later)).text


def test_others_series_are_404(cast, walk):
    bobs = make.repeat(cast.bob, cast.walk)
    db.session.commit()
    me = walk(cast.alice)
    for what in ("pause", "end"):
        assert me.browser.get(f"/portal/repeats/{bobs.public_id}/{what}").status_code == 404
        data = {"csrf_token": me.token(), "last_on": "2026-12-31", "first_on": "2026-12-31"}
        assert me.browser.post(f"/portal/repeats/{bobs.public_id}/{what}", data=data).status_code == 404


# ------------------------------------------------------------------------------------------------------- the speed


@pytest.mark.parametrize("n", [1, 12])
def test_the_month_with_waiting_requests_costs_the_same_however_many(cast, walk, n):
    for k in range(n):
        job = make.job(cast.alice, cast.walk, on_date=THU + dt.timedelta(k), pets=[cast.biscuit], sitter=cast.sam)
        request = make.change_request(cast.alice)
        make.change_item(request, job, old={"service": "Dog walk", "on_date": "2026-11-26", "pets": ["Biscuit"]})
    make.repeat(cast.alice, cast.walk, pets=[cast.biscuit])
    db.session.commit()
    me = walk(cast.alice)
    with statements() as sql:
        assert me.browser.get("/portal/schedule").status_code == 200
    assert len(sql) == 8, sql


def test_what_the_client_did_stands_in_the_clients_log(cast, visit, walk):
    me = walk(cast.alice)
    cancel(me, visit)
    me.press(me.get(f"/portal/changes/{items()[0].public_id}/withdrawal"), "/withdrawal")
    verbs = db.session.scalars(
        sa.select(Activity.verb).where(Activity.client_id == cast.alice.id).order_by(Activity.id)
    )
    assert [v for v in verbs if v.startswith("change_request.")] == [
        "change_request.cancel_asked", "change_request.withdrawn",
    ]  # fmt: skip
