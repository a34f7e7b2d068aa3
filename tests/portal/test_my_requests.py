"""B5, C2, C3, C4: what the client has sent, its thread, and taking it back."""

import datetime as dt

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import Activity, ActorKind, JobState, LineState, Notification, NotificationKind, RequestMessage, Via
from tests import factories as make
from tests.databases import count
from workflows import job_requests
from workflows.mail_facts import MailKind

DAY = make.DAY


@pytest.fixture
def sent(cast):
    """Alice's request 17: three walks."""
    request = make.sent_request(cast.alice, cast.walk, number=17, n_lines=3, start_time=make.NOON, pets=[cast.biscuit])
    db.session.commit()
    return request


@pytest.fixture
def alice(walk, cast):
    return walk(cast.alice)


@pytest.mark.covers("B5")
def test_the_list_shows_number_lines_with_their_states_and_the_office_s_words(alice, cast, sent, change_settings):
    change_settings({"business.name": "Maple Lane"})
    first, second, _third = sent.lines
    job_requests.decline(cast.alice, [first], reason="Full that day", actor=cast.as_olivia)
    job_requests.schedule(cast.alice, [second], actor=cast.as_olivia)
    make.request_message(sent, "Is the gate code the same?", staff=cast.olivia)
    make.request_message(sent, "Only for Sam's eyes", staff=cast.olivia, to_client=False, to_sitter=True)
    make.line(sent, make.service_item("Deleted wish"), state=LineState.DELETED)
    make.request_message(cast.bobs_request, "For Bob alone")
    for path in ("/portal/requests", f"/portal/requests/{sent.public_id}"):
        page = alice.get(path)
        for words in ("Request 17", "REQ: 1 waiting", "1 scheduled", "1 declined", "Answer: Full that day", "with Sam", "REQ: Dog walk, 30 minutes", "Is the gate code the same?", "Olivia of Maple Lane"):  # fmt: skip
            assert words in page.text, (path, words)
        for hidden in ("Only for Sam's eyes", "Deleted wish", "For Bob alone", "secret gate code"):
            assert hidden not in page.html, (path, hidden)
        assert page.form(f"/portal/requests/{sent.public_id}/additions")
        assert f"/portal/requests/{sent.public_id}/cancellation" in page.links()


@pytest.mark.covers("B13")
def test_the_client_answers_on_the_request_s_page_and_the_office_reads_it(alice, cast, sent, outbox, change_settings):
    change_settings({"business.name": "Maple Lane", "business.admin_inbox": "office@example.com"})
    make.request_message(sent, "Is the gate code the same?", staff=cast.olivia)
    db.session.commit()
    address = f"/portal/requests/{sent.public_id}"
    assert f"{address}#answer" in alice.get("/portal/requests").links()
    page = alice.press(alice.get(address), f"{address}/messages", body="Yes. <b>4711</b>")
    assert "Message sent. Maple Lane reads it." in page.text
    assert "Yes. <b>4711</b> You," in page.text
    assert "<b>4711</b>" not in page.html
    assert [m.to_address for m in outbox.mails(MailKind.REQUEST_ANSWERED)] == ["office@example.com"]
    assert count(Notification, Notification.kind == NotificationKind.REQUEST_ANSWERED) == 1


@pytest.mark.covers("B13")
def test_an_answer_without_words_comes_back_and_one_sent_twice_is_kept_once(alice, sent, outbox):
    address = f"/portal/requests/{sent.public_id}"
    page = alice.get(address)
    empty = alice.press(page, f"{address}/messages", body="  ")
    assert (empty.status, "Write a message first." in empty.text) == (422, True)
    long = alice.press(page, f"{address}/messages", body="x" * 10_001)
    assert (long.status, "x" * 10_001 in long.html) == (422, True)
    alice.press(page, f"{address}/messages", body="Hello")
    again = alice.press(page, f"{address}/messages", body="Hello")
    assert "This was already saved. Nothing was done twice." in again.text
    assert count(RequestMessage) == 1


@pytest.mark.covers("B13")
def test_nobody_answers_for_another_client_or_while_requests_are_off(alice, cast, sent, change_settings):
    assert alice.post(f"/portal/requests/{cast.bobs_request.public_id}/messages", body="Hello").status_code == 404
    change_settings({"portal.requests": False})
    assert alice.post(f"/portal/requests/{sent.public_id}/messages", body="Hello").status_code == 404
    assert count(RequestMessage) == 0


def test_internal_and_voided_visits_of_a_request_are_not_listed(alice, cast, sent):
    first, second, _third = sent.lines
    jobs = job_requests.schedule(cast.alice, [first, second], actor=cast.as_olivia)
    jobs[0].state = JobState.VOIDED
    jobs[1].service_item = make.service_item("Key run", is_internal=True)
    page = alice.get("/portal/requests")
    assert "Key run" not in page.text
    assert "scheduled" not in page.text.split("Request 17")[1].split("Add services")[0]


@pytest.mark.covers("B5")
def test_a_decided_request_has_no_add_services_and_takes_no_more(alice, cast, sent):
    page = alice.get("/portal/requests")
    job_requests.schedule(cast.alice, sent.lines, actor=cast.as_olivia)
    late = alice.press(page, f"/portal/requests/{sent.public_id}/additions")
    assert "This request is decided already. Start a new one." in late.text
    assert "Add services" not in alice.get("/portal/requests").text
    assert "Cancel request" not in alice.get("/portal/requests").text


def test_older_requests_are_on_further_pages(alice, cast):
    for n in range(21):
        make.sent_request(cast.alice, cast.walk, number=100 + n, pets=[cast.biscuit])
    for path, first, last in (("?", 120, 116), ("?page=2", 115, 111), ("?page=5", 100, 100)):
        text = alice.get(f"/portal/requests{path}").text
        assert (f"Request {first} " in text, f"Request {last} " in text, f"Request {last - 1} " in text) == (
            True,
            True,
            False,
        )
    assert "/portal/requests?page=2" in alice.get("/portal/requests?page=3").links()
    for junk in ("0", "-1", "x", "9" * 30, "%00"):
        assert "Request 120" in alice.get(f"/portal/requests?page={junk}").text


def test_a_long_request_is_listed_in_short_and_shown_in_full(alice, cast):
    request = make.sent_request(cast.alice, cast.walk, number=18, n_lines=9, pets=[cast.biscuit])
    page = alice.get("/portal/requests")
    assert "and 3 more visits" in page.text
    assert page.html.count('class="pt-row"') == 6
    assert alice.get(f"/portal/requests/{request.public_id}").html.count('class="pt-row"') == 9


def test_without_requests_the_page_says_what_to_do(alice):
    page = alice.get("/portal/requests")
    assert "You have not sent a request yet" in page.text
    assert "/portal/request" in page.links()


# ------------------------------------------------------------------------------------------------------ cancelling


@pytest.mark.covers("C2", "C3")
def test_cancelling_a_line_asks_tells_everybody_and_leaves_the_others(
    walk, cast, sent, outbox, change_settings, clock_at
):
    change_settings(
        {"business.admin_inbox": "inbox@example.com", "booking.limit_kind": "days", "booking.limit_number": 300}
    )
    make.client_contact(cast.alice, email="kim@example.com", receives_copies=True)
    clock_at("2026-11-26 11:59")  # a minute before the visit: no notice limit
    alice = walk(cast.alice)
    line, *others = sent.lines
    path = f"/portal/requests/lines/{line.public_id}/cancellation"
    day = alice.get(f"/portal/schedule/{DAY}")
    assert path in day.links()
    question = alice.get(path)
    for words in (
        "Cancel this job request?",
        "REQ: Dog walk, Thu, Nov 26, 12:00",
        "for Biscuit",
        "Yes, cancel job request",
        "Close",
    ):
        assert words in question.text, words
    assert line.state is LineState.SUBMITTED
    done = alice.press(question, path, reason="We stay at home")
    assert (done.path, "Your request for this visit is cancelled." in done.text) == (f"/portal/schedule/{DAY}", True)
    assert "<del>Dog walk, 30 minutes</del>" in done.html
    assert ([line.state, *(x.state for x in others)], line.cancelled_at) == (
        [LineState.CANCELLED, LineState.SUBMITTED, LineState.SUBMITTED], clock.now(),
    )  # fmt: skip
    mail = outbox.one()
    facts = outbox.facts(MailKind.REQUEST_CANCELLED)
    assert (mail.to_address, set(mail.cc_addresses)) == ("alice@example.com", {"kim@example.com", "inbox@example.com"})
    assert (facts.request_number, [x.on_date for x in facts.lines], facts.reason) == (17, [str(DAY)], "We stay at home")
    (notice,) = db.session.scalars(sa.select(Notification))
    assert (notice.kind, notice.client_id, notice.facts["number"], notice.facts["n_lines"]) == (
        NotificationKind.REQUEST_CANCELLED, cast.alice.id, 17, 1,
    )  # fmt: skip
    log = db.session.scalars(sa.select(Activity).where(Activity.verb == "job_request.cancelled")).one()
    assert (log.at, log.client_id, log.actor_kind, log.via, log.on_behalf, log.facts["lines"], log.facts["reason"]) == (
        clock.now(), cast.alice.id, ActorKind.CLIENT, Via.PORTAL, False, [f"Dog walk, {DAY} 12:00"], "We stay at home",
    )  # fmt: skip


@pytest.mark.covers("C2")
def test_the_dialog_beside_the_line_is_the_same_question(alice, sent):
    page = alice.get(f"/portal/schedule/{DAY}")
    line = sent.lines[0]
    assert f'data-dialog="cancel-{line.public_id}"' in page.html
    dialog = page.html.split(f'<dialog class="ui-dialog" id="cancel-{line.public_id}"')[1].split("</dialog>")[0]
    assert "Cancel this job request?" in dialog
    assert "Yes, cancel job request" in dialog
    assert ">Close<" in dialog
    assert page.form(f"/portal/requests/lines/{line.public_id}/cancellation").method == "post"


@pytest.mark.covers("C2", "C3")
def test_a_whole_request_is_cancelled_as_far_as_it_waits(alice, cast, sent, outbox):
    job_requests.schedule(cast.alice, [sent.lines[0]], actor=cast.as_olivia)
    outbox.clear()
    path = f"/portal/requests/{sent.public_id}/cancellation"
    question = alice.get(path)
    assert "2 visits of request 17 are waiting:" in question.text
    assert "Visits that are scheduled already stay." in question.text
    done = alice.press(question, path)
    assert (done.path, "2 requested visits are cancelled." in done.text) == (f"/portal/requests/{sent.public_id}", True)
    assert [x.state for x in sent.lines] == [LineState.SCHEDULED, LineState.CANCELLED, LineState.CANCELLED]
    assert outbox.kinds() == [MailKind.REQUEST_CANCELLED.value]
    again = alice.press(question, path)
    assert (again.status, "Nothing of this request is waiting any more. Nothing was changed." in again.text) == (
        409,
        True,
    )
    assert len(outbox) == 1


@pytest.mark.covers("C4")
@pytest.mark.parametrize(
    ("decide", "said"),
    [
        (lambda cast, x: job_requests.schedule(cast.alice, [x], actor=cast.as_olivia), "This visit was scheduled meanwhile. Nothing was changed."),
        (lambda cast, x: job_requests.decline(cast.alice, [x], reason="Full", actor=cast.as_olivia), "This visit was declined meanwhile. Nothing was changed."),
        (lambda cast, x: job_requests.delete_lines(cast.alice, [x], actor=cast.as_olivia), "This visit was deleted meanwhile. Nothing was changed."),
    ],
    ids=["scheduled", "declined", "deleted"],
)  # fmt: skip
def test_who_cancels_after_the_office_decided_reads_what_happened(alice, cast, sent, outbox, decide, said):
    line = sent.lines[0]
    path = f"/portal/requests/lines/{line.public_id}/cancellation"
    question = alice.get(path)
    decide(cast, line)
    before, n_mails = line.state, len(outbox)
    late = alice.press(question, path, reason="Too late")
    assert (late.status, said in late.text) == (409, True)
    assert "Yes, cancel job request" not in late.text
    assert (line.state, len(outbox), count(Notification)) == (before, n_mails, 0)


@pytest.mark.covers("C2")
def test_a_second_press_on_yes_does_nothing_twice(alice, sent, outbox):
    path = f"/portal/requests/lines/{sent.lines[0].public_id}/cancellation"
    question = alice.get(path)
    alice.press(question, path)
    again = alice.press(question, path)
    assert (again.status, "This visit is cancelled already. Nothing was done twice." in again.text) == (200, True)
    assert (len(outbox), count(Notification)) == (1, 1)
    assert "This visit is no longer waiting" in alice.get(path).text


@pytest.mark.covers("C2")
def test_a_reason_that_is_too_long_comes_back(alice, sent):
    for path in (
        f"/portal/requests/lines/{sent.lines[0].public_id}/cancellation",
        f"/portal/requests/{sent.public_id}/cancellation",
    ):
        page = alice.press(alice.get(path), path, reason="x" * 10_001)
        assert (page.status, "The note is too long" in page.text) == (422, True)
        assert page.form(path).filled()["reason"] == ["x" * 10_001]
    assert [x.state for x in sent.lines] == [LineState.SUBMITTED] * 3


def test_after_cancelling_with_the_schedule_off_the_request_is_shown(alice, sent, change_settings):
    change_settings({"portal.schedule": False})
    path = f"/portal/requests/lines/{sent.lines[0].public_id}/cancellation"
    assert alice.press(alice.get(path), path).path == f"/portal/requests/{sent.public_id}"


# --------------------------------------------------------------------------------------------------------- strangers


def test_what_is_not_the_client_s_own_is_not_found_and_stays_as_it_is(alice, cast):
    line, draft = cast.bobs_request.lines[0].public_id, cast.bobs_basket.lines[0].public_id
    request, basket = cast.bobs_request.public_id, cast.bobs_basket.public_id
    before = count(Activity)
    for shown in (line, draft, request, basket, "AAAAAAAAAAAA", "%00", "a'b", "x" * 17):
        for path in (f"/portal/requests/{shown}", f"/portal/requests/{shown}/cancellation", f"/portal/requests/lines/{shown}/cancellation", f"/portal/request/lines/{shown}"):  # fmt: skip
            page = alice.get(path)
            assert (page.status, "Bella" in page.html, "secret" in page.html) == (404, False, False), path
        for path in (f"/portal/requests/{shown}/additions", f"/portal/requests/{shown}/cancellation", f"/portal/requests/lines/{shown}/cancellation", f"/portal/request/lines/{shown}", f"/portal/request/lines/{shown}/removal"):  # fmt: skip
            assert alice.post(path, basket=basket, dates=str(DAY), service=cast.walk.public_id).status_code == 404, path
    alice.post("/portal/request/submission", basket=basket)
    assert count(Activity) == before
    assert (cast.bobs_request.lines[0].state, cast.bobs_basket.lines[0].state, cast.bobs_basket.submitted_at) == (
        LineState.SUBMITTED, LineState.DRAFT, None,
    )  # fmt: skip


def test_an_own_basket_is_no_sent_request(alice, cast):
    basket = make.basket(cast.alice, cast.walk, first_on=DAY + dt.timedelta(3), pets=[cast.biscuit])
    assert alice.get(f"/portal/requests/{basket.public_id}").status == 404
    assert alice.get(f"/portal/requests/lines/{basket.lines[0].public_id}/cancellation").status == 404
