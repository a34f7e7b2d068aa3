"""The batch screen: tick, look at the conflicts, schedule; edit, add, write, decline, delete; and who was first."""

import datetime as dt
import json
import re

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import Activity, Client, Job, JobRequestLine, JobState, LineState, Notification, RequestMessage
from tests import factories as make
from tests.admin.office.conftest import NOON, THURSDAY
from tests.databases import count, statements
from workflows import job_requests, request_threads
from workflows.actors import client_actor
from workflows.mail_facts import MailKind

FRIDAY = THURSDAY + dt.timedelta(days=1)


def jobs_of(client):
    """The client's visits, in order."""
    return db.session.scalars(
        sa.select(Job).where(Job.client_id == client.id).order_by(Job.on_date, Job.start_time, Job.id)
    ).all()


def states(request):
    """The states of a request's lines, in order of their dates."""
    db.session.expire_all()
    return [line.state for line in request.lines]


# ------------------------------------------------------------------------------------------------------ what it shows


@pytest.mark.covers("B10")
def test_batch_shows_client_note_visits_and_the_proposed_sitter(office, cast, alices_request, batch_url):
    page = office.get(batch_url)
    text = page.main
    assert "Alice Archer Biscuit, Mochi. Usual sitter Sam Stone. Request #2." in text
    assert "Note from Alice: The gate sticks, lift it." in text
    assert "Thu, Nov 26 12:00 PM to 12:30 PM" in text
    first, second = alices_request.lines
    fields = page.fields(f"{batch_url}scheduling")
    assert fields.getlist("line") == [str(first.id), str(second.id)]
    assert fields[f"sitter-{first.id}"] == str(cast.sam.id)
    assert page.has_link(f"/admin/client/{cast.alice.id}/")
    assert "Bob's secret" not in text
    assert page.buttons().count("Dismiss") == 0


def test_a_client_of_whom_nothing_waits_has_an_empty_batch(office, cast, batch_url):
    page = office.get(batch_url)
    assert "Nothing of Alice is waiting" in page.main
    assert "Schedule visits" not in page.html


def test_without_a_usual_sitter_nobody_is_proposed_and_the_line_is_not_ticked(office, cast, alices_request, batch_url):
    cast.alice.primary_sitter = None
    page = office.get(batch_url)
    first = alices_request.lines[0]
    fields = page.fields(f"{batch_url}scheduling")
    assert fields[f"sitter-{first.id}"] == ""
    assert fields.getlist("line") == []
    assert page.main.count("Needs a sitter") == 2


# ------------------------------------------------------------------------------------------------------- scheduling


@pytest.mark.covers("B10", "B11", "B16")
def test_schedule_turns_the_ticked_lines_into_visits_and_tells_client_and_sitter(
    office, cast, alices_request, batch_url, outbox
):
    first = alices_request.lines[0]
    outbox.clear()
    page = office.get(batch_url).press("Schedule visits", line=[first.id])
    assert "1 visit scheduled. Alice gets one mail." in page.main
    assert page.path == batch_url
    (job,) = jobs_of(cast.alice)
    assert (job.on_date, job.start_time, job.sitter, job.state, job.note) == (
        THURSDAY, NOON, cast.sam, JobState.SCHEDULED, "The gate sticks, lift it."
    )  # fmt: skip
    assert states(alices_request) == [LineState.SCHEDULED, LineState.SUBMITTED]
    assert job.request_line_id == first.id
    assert outbox.one(MailKind.JOB_SCHEDULED).to_address == "alice@example.com"
    assert outbox.one(MailKind.SITTER_VISIT_ASSIGNED).to_address == "sam@example.com"
    assert len(outbox) == 2
    page = page.press("Schedule visits")
    assert page.path == "/admin/job-requests/"
    assert states(alices_request) == [LineState.SCHEDULED, LineState.SCHEDULED]
    log = office.get(f"/admin/client/{cast.alice.id}/?tab=log").main
    assert "Olivia Owens scheduled 1 requested visit Dog walk, Thu, Nov 26, 12:00 PM Today, 10:00 AM, office" in log


@pytest.mark.covers("B11")
def test_an_empty_choice_of_sitter_is_refused_and_unassigned_is_a_choice(office, cast, alices_request, batch_url):
    first = alices_request.lines[0]
    cast.alice.primary_sitter = None
    page = office.get(batch_url).press("Schedule visits", line=[first.id])
    assert page.status == 422
    assert "Each ticked visit needs a sitter, or choose Unassigned." in page.main
    assert jobs_of(cast.alice) == []
    assert page.fields(f"{batch_url}scheduling").getlist("line") == [str(first.id)]
    page = page.press("Schedule visits", line=[first.id], **{f"sitter-{first.id}": "none"})
    assert page.status == 200
    (job,) = jobs_of(cast.alice)
    assert job.sitter is None
    assert f"/admin/visit/{job.id}/" in office.get("/admin/schedule/").html


@pytest.mark.covers("B11")
def test_another_sitter_can_be_chosen(office, cast, alices_request, batch_url):
    first = alices_request.lines[0]
    office.get(batch_url).press("Schedule visits", line=[first.id], **{f"sitter-{first.id}": cast.sita.id})
    assert [j.sitter for j in jobs_of(cast.alice)] == [cast.sita]


@pytest.mark.covers("B11")
def test_nothing_ticked_schedules_nothing(office, cast, alices_request, batch_url):
    page = office.get(batch_url).press("Schedule visits", line=None)
    assert page.status == 422
    assert "Tick at least one visit." in page.main
    assert jobs_of(cast.alice) == []


@pytest.fixture
def busy(cast, alices_request):
    """Sam walks Leo's dog on Thursday 12:15 and is away on Friday."""
    leo = make.client("Leo", "Feld")
    job = make.job(leo, cast.walk, sitter=cast.sam, start_time=dt.time(12, 15))
    off = make.time_off(cast.sam, FRIDAY, FRIDAY + dt.timedelta(days=2))
    return job, off


@pytest.mark.covers("B11")
def test_conflicts_are_shown_before_anything_is_done(office, cast, alices_request, busy, batch_url):
    page = office.get(batch_url)
    assert "Overlaps Dog walk, Leo Feld, 12:15 PM" in page.main
    assert "Away Fri, Nov 27 to Sun, Nov 29" in page.main
    assert page.fields(f"{batch_url}scheduling").getlist("line") == [], (
        "lines with conflicts are not ticked by themselves"
    )


@pytest.mark.covers("B11")
def test_scheduling_with_a_conflict_asks_first_and_then_does_it(office, cast, alices_request, busy, batch_url, outbox):
    first, second = alices_request.lines
    outbox.clear()
    page = office.get(batch_url).press("Schedule visits", line=[first.id, second.id])
    assert page.status == 409
    assert "Sam Stone has another visit then: Dog walk, Leo Feld, Thu, Nov 26, 12:15 PM." in page.main
    assert "Sam Stone is away Fri, Nov 27 to Sun, Nov 29." in page.main
    assert jobs_of(cast.alice) == []
    assert len(outbox) == 0
    assert states(alices_request) == [LineState.SUBMITTED, LineState.SUBMITTED]
    page = page.press("Schedule anyway")
    assert page.status == 200
    assert len(jobs_of(cast.alice)) == 2


@pytest.mark.covers("B11")
def test_a_conflict_that_came_up_meanwhile_is_shown_again(office, cast, alices_request, busy, batch_url):
    first = alices_request.lines[0]
    page = office.get(batch_url).press("Schedule visits", line=[first.id])
    make.job(make.client("Ina", "New"), cast.walk, sitter=cast.sam, start_time=NOON)
    page = page.press("Schedule anyway")
    assert page.status == 409
    assert "Ina New" in page.main
    assert jobs_of(cast.alice) == []
    assert page.press("Schedule anyway").status == 200
    assert len(jobs_of(cast.alice)) == 1


@pytest.mark.covers("B11")
def test_accepting_for_one_sitter_accepts_nothing_for_another(office, cast, alices_request, busy, batch_url):
    first = alices_request.lines[0]
    make.time_off(cast.sita, THURSDAY)
    page = office.get(batch_url).press("Schedule visits", line=[first.id])
    page = page.press("Schedule anyway", **{f"sitter-{first.id}": cast.sita.id})
    assert page.status == 409
    assert "Sita Singh is away on Thu, Nov 26." in page.main
    assert jobs_of(cast.alice) == []


@pytest.mark.covers("B11")
@pytest.mark.parametrize("accept", ["", "[]", "x", "[1]", '{"a": 1}', '["*"]', "[" * 5000, '"yes"'])
def test_a_made_up_acceptance_accepts_nothing(office, cast, alices_request, busy, batch_url, accept):
    first = alices_request.lines[0]
    page = office.post(f"{batch_url}scheduling", line=first.id, accept=accept)
    assert page.status == 409
    assert jobs_of(cast.alice) == []


@pytest.mark.covers("B11")
def test_a_normal_press_after_the_warning_does_not_accept_it(office, cast, alices_request, busy, batch_url):
    page = office.get(batch_url).press("Schedule visits", line=[alices_request.lines[0].id])
    assert page.press("Schedule visits (").status == 409
    assert jobs_of(cast.alice) == []


@pytest.mark.covers("B11")
def test_the_choice_of_sitter_is_kept_when_a_conflict_stops_it(office, cast, alices_request, batch_url):
    first, second = alices_request.lines
    make.time_off(cast.sita, THURSDAY)
    office.get(batch_url).press(
        "Schedule visits", line=[first.id], **{f"sitter-{first.id}": cast.sita.id, f"sitter-{second.id}": "none"}
    )
    db.session.expire_all()
    assert (first.sitter, second.leave_unassigned) == (cast.sita, True)


@pytest.mark.covers("B11")
def test_somebody_who_is_free_is_offered_and_takes_the_visit_with_one_press(
    office, cast, alices_request, busy, batch_url
):
    make.time_off(make.staff("Away", "Always"), THURSDAY)
    page = office.get(batch_url)
    assert "Free then: give to Sita Singh" in page.main
    assert "give to Away Always" not in page.main.partition("Fri, Nov 27 ")[0]
    page = page.press("give to Sita Singh")
    first = alices_request.lines[0]
    assert page.fields(f"{batch_url}scheduling")["line"]
    db.session.expire_all()
    assert cast.sita in {line.sitter for line in alices_request.lines}
    assert jobs_of(cast.alice) == []
    assert first.state is LineState.SUBMITTED


@pytest.mark.covers("B11")
def test_choosing_a_sitter_shows_the_conflicts_at_once_and_keeps_the_ticks(office, cast, alices_request, batch_url):
    first, second = alices_request.lines
    make.time_off(cast.sita, THURSDAY)
    part = office.post(
        f"{batch_url}sitters", headers={"HX-Request": "true"}, line=second.id, **{f"sitter-{first.id}": cast.sita.id}
    )
    assert part.status == 200
    assert "Away on this day" in part.main
    assert part.fields(f"{batch_url}scheduling").getlist("line") == [str(second.id)]
    plain = office.post(f"{batch_url}sitters", **{f"sitter-{first.id}": cast.sam.id})
    assert "Sitters saved." in plain.main
    db.session.expire_all()
    assert first.sitter == cast.sam


@pytest.mark.covers("B11")
def test_somebody_who_cannot_be_given_visits_is_refused(office, cast, alices_request, batch_url):
    first = alices_request.lines[0]
    page = office.post(f"{batch_url}scheduling", line=first.id, **{f"sitter-{first.id}": cast.max.id})
    assert page.status == 422
    assert "Max Mason cannot be given visits." in page.main
    assert jobs_of(cast.alice) == []


def test_a_sitter_who_left_stays_visible_where_chosen(office, cast, alices_request, batch_url):
    alices_request.lines[0].sitter = cast.sita
    cast.sita.is_active = False
    assert "Sita Singh (no longer a sitter)" in office.get(batch_url).html


# ---------------------------------------------------------------------------------------------------- who was first


@pytest.mark.covers("C4", "B11")
def test_when_the_client_cancelled_meanwhile_the_office_sees_it_and_nothing_is_scheduled(
    office, cast, alices_request, batch_url
):
    page = office.get(batch_url)
    job_requests.cancel_lines(cast.alice, [alices_request.lines[0]], actor=cast.as_alice)
    page = page.press("Schedule visits")
    assert page.status == 409
    assert "This visit was cancelled meanwhile. Nothing was changed." in page.main
    assert "Cancelled by the client" in page.main
    assert jobs_of(cast.alice) == []
    assert states(alices_request) == [LineState.CANCELLED, LineState.SUBMITTED]


@pytest.mark.covers("C4")
def test_a_cancelled_line_that_is_not_ticked_stops_nothing(office, cast, alices_request, batch_url):
    first, second = alices_request.lines
    page = office.get(batch_url)
    job_requests.cancel_lines(cast.alice, [first], actor=cast.as_alice)
    page = page.press("Schedule visits", line=[second.id])
    assert page.status == 200
    assert [j.on_date for j in jobs_of(cast.alice)] == [FRIDAY]


@pytest.mark.covers("C4")
def test_when_the_office_was_first_the_client_keeps_the_visit(office, cast, alices_request, batch_url, outbox):
    office.get(batch_url).press("Schedule visits")
    with pytest.raises(job_requests.WrongState) as refusal:
        job_requests.cancel_lines(cast.alice, alices_request.lines, actor=cast.as_alice)
    assert refusal.value.message == "This visit was scheduled meanwhile. Nothing was changed."
    assert len(jobs_of(cast.alice)) == 2


@pytest.mark.covers("C4")
def test_of_two_in_the_same_moment_exactly_one_wins(office, cast, alices_request, batch_url, together, http, app):
    token = office.token()
    ids = [line.id for line in alices_request.lines]
    number = cast.alice.id  # read here: in another thread it would begin a transaction of this session

    def schedule():
        return office.browser.post(f"{batch_url}scheduling", data={"csrf_token": token, "line": ids}).status_code

    def cancel():
        client = db.session.get(Client, number)
        lines = [db.session.get(JobRequestLine, i) for i in ids]
        return job_requests.cancel_lines(client, lines, actor=client_actor(client))

    answer, cancelled = together(schedule, cancel)
    won_by_office = answer == 302
    assert won_by_office is isinstance(cancelled, job_requests.WrongState)
    assert len(jobs_of(cast.alice)) == (2 if won_by_office else 0)
    assert set(states(alices_request)) == {LineState.SCHEDULED if won_by_office else LineState.CANCELLED}


def test_two_presses_schedule_once(office, cast, alices_request, batch_url):
    page = office.get(batch_url)
    page.press("Schedule visits")
    again = page.press("Schedule visits")
    assert again.status == 409
    assert "scheduled meanwhile" in again.main
    assert len(jobs_of(cast.alice)) == 2


# ------------------------------------------------------------------------------------------------ decline and delete


@pytest.mark.covers("B10")
def test_decline_needs_a_reason_and_the_client_reads_it(office, cast, alices_request, batch_url, outbox):
    first = alices_request.lines[0]
    outbox.clear()
    page = office.get(batch_url).press("Decline visits", line=[first.id], reason="  ")
    assert page.status == 422
    assert "Write the client a word why." in page.main
    assert states(alices_request) == [LineState.SUBMITTED, LineState.SUBMITTED]
    page = page.press("Decline 1 visit", reason="We are full on Thursday.")
    assert "1 visit declined. Alice gets a mail with your reason." in page.main
    assert states(alices_request) == [LineState.DECLINED, LineState.SUBMITTED]
    assert first.decline_reason == "We are full on Thursday."
    assert outbox.facts(MailKind.REQUEST_DECLINED, to="alice@example.com").reason == "We are full on Thursday."
    assert "“We are full on Thursday.”" in office.get(f"/admin/client/{cast.alice.id}/?tab=requests").main


@pytest.mark.covers("B10")
def test_without_javascript_decline_and_delete_ask_on_a_page_of_their_own(office, cast, alices_request, batch_url):
    first = alices_request.lines[0]
    for word, action in (("Decline", "declining"), ("Delete", "deletion")):
        asked = office.post(f"{batch_url}{action}", line=first.id, ask="1")
        assert asked.status == 200
        assert "Dog walk, Thu, Nov 26, 12:00 PM to 12:30 PM" in asked.main
        assert f"{word} 1 visit" in asked.buttons()
        assert "Fri, Nov 27" not in asked.main
    assert states(alices_request) == [LineState.SUBMITTED, LineState.SUBMITTED]


@pytest.mark.covers("B10")
def test_delete_takes_lines_off_the_queue_without_a_mail_and_the_log_keeps_them(
    office, cast, alices_request, batch_url, outbox
):
    first = alices_request.lines[0]
    outbox.clear()
    page = office.get(batch_url).press("Delete visits", line=[first.id])
    assert "1 requested visit deleted. The log keeps it." in page.main
    assert states(alices_request) == [LineState.DELETED, LineState.SUBMITTED]
    assert len(outbox) == 0
    log = office.get(f"/admin/client/{cast.alice.id}/?tab=log").main
    assert "Olivia Owens deleted 1 requested visit Dog walk, Thu, Nov 26, 12:00 PM" in log


@pytest.mark.parametrize("action", ["declining", "deletion"])
@pytest.mark.covers("B10", "C4")
def test_decline_and_delete_of_a_line_that_was_cancelled_change_nothing(
    office, cast, alices_request, batch_url, action
):
    first, second = alices_request.lines
    job_requests.cancel_lines(cast.alice, [first], actor=cast.as_alice)
    page = office.post(f"{batch_url}{action}", line=[first.id, second.id], reason="Full.")
    assert page.status == 409
    assert "cancelled meanwhile" in page.main
    assert states(alices_request) == [LineState.CANCELLED, LineState.SUBMITTED]


@pytest.mark.parametrize("action", ["scheduling", "declining", "deletion", "message"])
@pytest.mark.covers("B10")
def test_lines_of_another_client_are_out_of_reach(office, cast, alices_request, batch_url, action):
    foreign = cast.bobs_request.lines[0]
    draft = cast.bobs_basket.lines[0]
    for line in (foreign, draft):
        page = office.post(f"{batch_url}{action}", line=line.id, reason="Full.", body="Hello", to_client="1", ask="")
        assert page.status in {200, 422}
        db.session.expire_all()
    assert (foreign.state, draft.state) == (LineState.SUBMITTED, LineState.DRAFT)
    assert count(Job, Job.client_id == cast.bob.id) == 1
    assert states(alices_request) == [LineState.SUBMITTED, LineState.SUBMITTED]


# ------------------------------------------------------------------------------------------------------- messages


@pytest.mark.covers("B10", "B13")
def test_a_message_goes_to_client_and_sitters_and_stays_on_the_thread(office, cast, alices_request, batch_url, outbox):
    outbox.clear()
    page = office.get(batch_url)
    page = page.press(
        "Send message",
        body="Is the gate code the same?",
        to_client="1",
        to_sitters="1",
        line=[alices_request.lines[0].id],
    )
    assert "Message sent. It stays on this page." in page.main
    assert "Is the gate code the same? Olivia Owens to client and sitter, #2, Today, 10:00 AM" in page.main
    assert sorted(mail.to_address for mail in outbox.mails()) == ["alice@example.com", "sam@example.com"]
    assert len(outbox.facts(MailKind.REQUEST_MESSAGE).lines) == 1
    assert "Is the gate code the same?" in office.get(f"/admin/client/{cast.alice.id}/?tab=requests").main
    assert states(alices_request) == [LineState.SUBMITTED, LineState.SUBMITTED]


@pytest.mark.covers("B10", "B13")
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"body": " ", "to_client": "1"}, "Write a message first."),
        ({"body": "Hello", "to_client": None}, "Choose who gets the message."),
    ],
)
def test_a_message_without_words_or_without_anybody_is_refused_and_kept(
    office, cast, alices_request, batch_url, outbox, fields, sentence
):
    outbox.clear()
    page = office.get(batch_url).press("Send message", **fields)
    assert page.status == 422
    assert sentence in page.main
    assert page.fields(f"{batch_url}message")["body"] == fields["body"].strip()
    assert len(outbox) == count(RequestMessage) == 0


@pytest.mark.covers("B13")
def test_a_message_sent_twice_is_mailed_once(office, cast, alices_request, batch_url, outbox):
    outbox.clear()
    page = office.get(batch_url)
    page.press("Send message", body="Hello", to_client="1")
    again = page.press("Send message", body="Hello", to_client="1")
    assert again.status == 409
    assert "This was already saved. Nothing was done twice." in again.main
    assert len(outbox) == count(RequestMessage) == 1


@pytest.mark.covers("B13")
def test_the_answers_of_client_and_sitter_stand_on_the_thread_and_on_home(office, cast, alices_request, batch_url):
    request_threads.answer(alices_request, body="Yes, the same.", actor=cast.as_alice)
    request_threads.answer_as_sitter(alices_request, cast.sam, body="I am free.")
    db.session.commit()
    for path in (batch_url, f"/admin/client/{cast.alice.id}/?tab=requests"):
        page = office.get(path)
        assert "Yes, the same. Alice Archer, the client" in page.main, path
        assert "I am free. Sam Stone, sitter" in page.main, path
    home = office.get("/admin/")
    assert "Alice Archer wrote about a request: Yes, the same." in home.main
    assert "Sam Stone answered about a request of Alice Archer: I am free." in home.main
    log = office.get(f"/admin/client/{cast.alice.id}/?tab=log").main
    assert "wrote about request #2" in log
    assert "Sam Stone answered the office about request #2" in log


def test_each_request_gets_its_own_message(office, cast, alices_request, batch_url):
    other = make.sent_request(cast.alice, cast.walk, first_on=dt.date(2026, 12, 3))
    office.get(batch_url).press("Send message", body="About both", to_client="1", line=None)
    found = db.session.scalars(sa.select(RequestMessage.request_id)).all()
    assert sorted(found) == sorted([alices_request.id, other.id])


# -------------------------------------------------------------------------------------------------- edit and add


@pytest.mark.covers("B10")
def test_edit_changes_service_day_block_pets_sitter_and_both_notes(office, cast, alices_request, batch_url):
    line = alices_request.lines[0]
    url = f"{batch_url}lines/{line.id}/"
    page = office.get(batch_url).follow("Edit Dog walk")
    assert page.path == url
    page = page.press("Show its times", service=cast.cat_visit.id)
    assert page.status == 200
    page = page.press(
        "Save", on_date="2026-12-24", block=cast.night.id, start_time="22:30", pets=[cast.mochi.id], sitter=cast.sita.id,
        note="Two bowls", staff_note="Mind the step",
    )  # fmt: skip
    assert "Requested visit changed." in page.main
    db.session.expire_all()
    assert (line.service_item, line.on_date, line.time_block, line.start_time) == (
        cast.cat_visit, dt.date(2026, 12, 24), cast.night, dt.time(22, 30)
    )  # fmt: skip
    assert (line.pets, line.sitter, line.note, line.staff_note) == (
        [cast.mochi],
        cast.sita,
        "Two bowls",
        "Mind the step",
    )
    assert line.state is LineState.SUBMITTED
    log = office.get(f"/admin/client/{cast.alice.id}/?tab=log").main
    assert (
        "Olivia Owens changed a requested visit Visit: Dog walk, Thu, Nov 26, 12:00 PM → became Cat visit, Thu, Dec 24"
        in log
    )


def test_all_that_is_wrong_with_a_line_is_said_in_one_round(office, cast, alices_request, batch_url):
    for url in (f"{batch_url}lines/{alices_request.lines[0].id}/", f"{batch_url}lines"):
        fields = {
            "service": cast.cat_visit.id,
            "on_date": "2026-02-30",
            "block": "",
            "blocks": [],
            "pets": None,
            "note": "n" * 10_001,
        }
        page = office.get(url).press("Save" if url.endswith("/") else "Add visit", **fields)
        for sentence in (
            "Choose a day, for example",
            "Choose at least one time of day.",
            "Choose at least one pet.",
            "The note is too long",
        ):
            assert sentence in page.main, (url, sentence)
        assert (page.status, page.main.count("Choose a day, for example")) == (422, 2)


@pytest.mark.covers("B10")
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"on_date": ""}, "Fill this in."),
        ({"on_date": "2026-02-30"}, "Choose a day"),
        ({"on_date": "9999-12-31"}, "Choose a day"),
        ({"start_time": "25:00"}, "Enter a time"),
        ({"pets": None}, "Choose at least one pet."),
        ({"pets": ["999"]}, "Choose among the listed values."),
        ({"service": "999"}, "Choose one of the listed values."),
        ({"sitter": "abc"}, "Choose one of the listed values."),
        ({"note": "x" * 10_001}, "The note is too long"),
    ],
)
def test_edit_refuses_nonsense_beside_its_field(office, cast, alices_request, batch_url, fields, sentence):
    line = alices_request.lines[0]
    page = office.get(f"{batch_url}lines/{line.id}/").press("Save", **fields)
    assert page.status == 422
    assert sentence in page.main
    db.session.expire_all()
    assert (line.on_date, line.start_time, line.service_item) == (THURSDAY, NOON, cast.walk)


def test_a_line_that_is_put_into_the_past_is_warned_of(office, cast, alices_request, batch_url):
    line = alices_request.lines[0]
    page = office.get(f"{batch_url}lines/{line.id}/").press("Save", on_date="2026-12-24")
    assert "is in the past" not in page.main
    yesterday = clock.today() - dt.timedelta(days=1)
    page = office.get(f"{batch_url}lines/{line.id}/").press("Save", on_date=yesterday)
    assert "Requested visit changed." in page.main
    assert "is in the past. Change it once more if that was a slip." in page.main
    visit = make.job(cast.alice, cast.walk, sitter=cast.sam, pets=[cast.biscuit])
    db.session.commit()
    url = f"/admin/visit/{visit.id}/"
    assert "is in the past." in office.get(url).press("Save visit", on_date=yesterday).main
    assert "is in the past." not in office.get(url).press("Save visit", note="Ring twice").main


@pytest.mark.covers("B10")
def test_edit_of_a_line_that_somebody_changed_meanwhile_says_so(office, manager, cast, alices_request, batch_url):
    url = f"{batch_url}lines/{alices_request.lines[0].id}/"
    mine, other = office.get(url), manager.get(url)
    other.press("Save", note="Max was first")
    page = mine.press("Save", note="Olivia was second")
    assert "Someone changed this visit meanwhile." in page.main
    db.session.expire_all()
    assert alices_request.lines[0].note == "Max was first"


@pytest.mark.covers("B10", "C4")
def test_edit_of_a_line_that_no_longer_waits_leads_back(office, cast, alices_request, batch_url):
    line = alices_request.lines[0]
    page = office.get(f"{batch_url}lines/{line.id}/")
    job_requests.cancel_lines(cast.alice, [line], actor=cast.as_alice)
    answer = page.press("Save", note="Too late")
    assert answer.path == batch_url
    assert "no longer waiting" in answer.main
    assert office.browser.get(f"{batch_url}lines/{line.id}/").status_code == 302
    db.session.expire_all()
    assert line.note == "The gate sticks, lift it."


@pytest.mark.covers("B10")
def test_add_visit_joins_the_request_and_waits_with_it(office, cast, alices_request, batch_url, outbox):
    outbox.clear()
    page = office.get(batch_url).follow("Add visit")
    assert "Add a visit to request #2" in page.main
    page = page.press(
        "Add visit", service=cast.walk.id, on_date="2026-11-28", start_time="9:30", pets=[cast.biscuit.id], sitter="none",
        note="Pet taxi",
    )  # fmt: skip
    assert "1 visit added to request #2." in page.main
    added = alices_request.lines[-1]
    db.session.refresh(alices_request)
    added = alices_request.lines[-1]
    assert (added.on_date, added.start_time, added.note, added.state) == (
        dt.date(2026, 11, 28), dt.time(9, 30), "Pet taxi", LineState.SUBMITTED
    )  # fmt: skip
    assert added.leave_unassigned
    assert len(outbox) == 0


@pytest.mark.covers("B10")
def test_adding_with_several_blocks_makes_a_line_for_each_and_twice_pressed_only_once(
    office, cast, alices_request, batch_url
):
    page = office.get(f"{batch_url}lines").press("Show its times", service=cast.cat_visit.id)
    filled = {"blocks": [cast.morning.id, cast.night.id], "pets": [cast.mochi.id], "on_date": "2026-11-28"}
    answer = page.press("Add visit", **filled)
    assert "2 visits added to request #2." in answer.main
    again = page.press("Add visit", **filled)
    assert again.status == 422
    assert "This was already saved. Nothing was done twice." in again.main
    assert count(JobRequestLine, JobRequestLine.request_id == alices_request.id) == 4


def test_adding_where_nothing_waits_leads_to_booking(office, cast, batch_url):
    page = office.post(f"{batch_url}lines", on_date="2026-11-28")
    assert page.path == f"/admin/visit/new?client={cast.alice.id}"
    assert "Nothing of this client is waiting." in page.main


def test_a_line_of_another_client_or_a_draft_is_not_found(office, cast, alices_request, batch_url):
    office.get(f"{batch_url}lines/{cast.bobs_request.lines[0].id}/", 404)
    office.get(f"/admin/job-requests/{cast.bob.id}/lines/{cast.bobs_basket.lines[0].id}/", 404)


# ------------------------------------------------------------------------------------------------------ the figures


def test_a_big_batch_takes_as_many_queries_as_a_small_one(office, cast, alices_request, batch_url):
    office.get(batch_url)
    with statements() as few:
        office.get(batch_url)
    for n in range(40):
        make.line(
            alices_request, cast.walk, on_date=THURSDAY + dt.timedelta(days=n), start_time=dt.time(9), pets=[cast.mochi]
        )
        make.sent_request(make.client(f"Client {n}"), cast.walk)
    with statements() as many:
        office.get(batch_url)
    assert len(many) == len(few) <= 16


def test_home_is_told_nothing_by_the_offices_own_doings(office, cast, alices_request, batch_url):
    before = count(Notification)
    office.get(batch_url).press("Schedule visits")
    assert count(Notification) == before


def test_tokens_name_exactly_the_conflicts_shown(office, cast, alices_request, busy, batch_url):
    page = office.get(batch_url).press("Schedule visits", line=[alices_request.lines[0].id])
    value = re.search(r'name="accept" value="([^"]*)"', page.html)[1].replace("&#34;", '"').replace("&#39;", "'")
    assert len(json.loads(value)) == 1
    assert (
        db.session.scalar(
            sa.select(sa.func.count()).select_from(Activity).where(Activity.verb == "job_request.scheduled")
        )
        == 0
    )
