"""The visit's page: cancel with the policy's figures or others, reinstate, void, back to request."""

import datetime as dt
from decimal import Decimal

import pytest

from foundation.db import db
from models import Initiator, Job, JobState, LineState
from tests import factories as make
from tests.admin.office.conftest import THURSDAY
from tests.databases import count
from workflows import cancelling, job_requests
from workflows.mail_facts import MailKind

YESTERDAY = dt.date(2026, 11, 22)


@pytest.fixture
def job(cast):
    """Alice's walk on Thursday at noon by Sam, 20.00."""
    return make.job(cast.alice, cast.walk, sitter=cast.sam, pets=[cast.biscuit])


@pytest.fixture
def half(cast):
    """Clients who cancel pay half, and the sitter gets half of the pay; the office pays nobody."""
    return make.cancellation_rule(
        "Half for late notice", initiator=Initiator.CLIENT, charge_percent=Decimal(50), pay_percent=Decimal(50)
    )


@pytest.fixture
def visit(office, job):
    """visit("") is the visit's page, visit("/voiding") one of its questions."""
    return lambda rest="", status=200: office.get(f"/admin/visit/{job.id}{rest or '/'}", status)


def again(job):
    db.session.expire_all()
    return db.session.get(Job, job.id)


def typed(page):
    """What the question would send."""
    return page.fields(page.path)


def figures(job):
    now = again(job)
    return now.state, now.price, now.sitter_pay, now.prior_price, now.prior_sitter_pay


OFF_HALF = (JobState.CANCELLED, Decimal("10.00"), Decimal("5.00"), Decimal("20.00"), Decimal("10.00"))


# -------------------------------------------------------------------------------------------------------- cancelling


@pytest.mark.covers("X9", "X10")
def test_the_question_has_the_policy_s_fee_and_pay_filled_in(visit, job, half, outbox):
    asked = visit().follow("Cancel visit")
    assert "Your policy says: Half for late notice." in asked.main
    assert "Of $20.00 the client pays $10.00; the sitter gets $5.00 of $10.00." in asked.main
    assert (typed(asked)["charge"], typed(asked)["sitter_pay"]) == ("10.00", "5.00")
    done = asked.press("Cancel visit", reason="Dog is ill")
    assert figures(job) == OFF_HALF
    for words in (
        "Called off by the client, today",
        "“Dog is ill”",
        "was $20.00",
        "was $10.00",
        "$20.00 → became $10.00",
    ):
        assert words in done.main
    assert (again(job).cancelled_by, outbox.facts(MailKind.VISIT_CANCELLED).fee) == (Initiator.CLIENT, "10.00")


@pytest.mark.covers("X10")
def test_when_the_office_calls_it_off_its_own_rules_count(visit, job, half):
    asked = visit("/cancellation").follow("We call it off")
    assert "No rule of your policy applies: it is free of charge." in asked.main
    asked.press("Cancel visit")
    assert (again(job).cancelled_by, job.price, job.prior_price) == (Initiator.OFFICE, 0, 20)


@pytest.mark.covers("X10")
def test_other_figures_need_a_reason_and_the_fee_can_be_waived(visit, job, half):
    asked = visit("/cancellation").press("Cancel visit", charge="7.50")
    assert (asked.status, figures(job)[0]) == (422, JobState.SCHEDULED)
    assert "Say why you take other figures than your policy" in asked.main
    assert typed(asked)["charge"] == "7.50"
    assert asked.press("Cancel and waive the fee").status == 422
    done = asked.press("Cancel and waive the fee", fee_reason="A hospital stay")
    assert (figures(job)[1:3], again(job).fee_reason) == ((0, Decimal("5.00")), "A hospital stay")
    assert "“A hospital stay”" in done.main


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"charge": "20.01"}, "The fee must be between 0 and the visit"),
        ({"charge": "-1"}, "The fee must be between 0 and the visit"),
        ({"charge": "ten"}, "Enter a number, for example 12.50."),
        ({"charge": "1.234"}, "Enter a number with at most 2 decimals."),
        ({"sitter_pay": "-1"}, "cannot be below 0"),
        ({"reason_id": "999"}, "Choose one of the listed values."),
        ({"reason": "x" * 10_001}, "10000"),
    ],
)
def test_nonsense_comes_back_filled_in_with_a_sentence(visit, job, half, outbox, fields, words):
    asked = visit("/cancellation").press("Cancel visit", fee_reason="Kindness", **fields)
    assert (asked.status, figures(job)[0], len(outbox)) == (422, JobState.SCHEDULED, 0)
    assert words in asked.main.replace("10,000", "10000")
    assert typed(asked)["fee_reason"] == "Kindness"


def test_a_reason_of_the_list(visit, job):
    weather = make.cancellation_reason("Weather", for_clients=False)
    visit("/cancellation").press("Cancel visit", reason_id=weather.id, reason="Snow")
    assert again(job).cancel_reason == "Weather: Snow"


@pytest.mark.covers("X10")
def test_figures_that_changed_since_they_were_shown_are_shown_again(visit, job, half):
    asked = visit("/cancellation")
    half.charge_percent = Decimal(100)
    db.session.commit()
    new = asked.press("Cancel visit", reason="Ill")
    assert (new.status, figures(job)[0]) == (409, JobState.SCHEDULED)
    assert "Your policy gives other figures by now." in new.main
    assert (typed(new)["charge"], typed(new)["reason"]) == ("20.00", "Ill")
    new.press("Cancel visit")
    assert again(job).price == 20


def test_cancelling_twice_says_so(visit, job, half, outbox):
    asked = visit("/cancellation")
    asked.press("Cancel visit")
    n = len(outbox)
    assert "The visit was cancelled." in asked.press("Cancel visit").main
    assert (figures(job), len(outbox)) == (OFF_HALF, n)


# ------------------------------------------------------------------------------------------------------ reinstating


@pytest.fixture
def off(cast, job, half, outbox):
    """The walk, cancelled by the client for half of its price."""
    cancelling.cancel([job], actor=cast.as_max, initiator=Initiator.CLIENT)
    outbox.clear()
    db.session.commit()
    return job


@pytest.mark.covers("X9")
def test_reinstating_brings_price_and_pay_back_and_tells_both(visit, off, outbox):
    asked = visit().follow("Reinstate")
    assert "It costs $20.00 again, and the sitter gets $10.00" in asked.main
    done = asked.press("Reinstate")
    assert "The visit is back in the schedule" in done.main
    assert figures(off) == (JobState.SCHEDULED, Decimal("20.00"), Decimal("10.00"), None, None)
    assert sorted(m.to_address for m in outbox.mails()) == ["alice@example.com", "sam@example.com"]
    assert "This visit cannot be put back" in asked.press("Reinstate").main


@pytest.mark.covers("X9", "B11")
def test_reinstating_asks_about_conflicts_first(cast, visit, off, outbox):
    make.job(cast.bob, cast.walk, sitter=cast.sam)
    asked = visit("/reinstatement").press("Reinstate", mail_client=None)
    assert (asked.status, figures(off)[0], len(outbox)) == (409, JobState.CANCELLED, 0)
    assert "Dog walk, Bob Baker" in asked.main
    asked.press("Reinstate anyway", mail_client=None)
    assert (figures(off)[0], [m.to_address for m in outbox.mails()]) == (JobState.SCHEDULED, ["sam@example.com"])


def test_reinstating_asks_for_a_sitter_when_the_old_one_has_left(cast, visit, off):
    cast.sam.is_active = False
    asked = visit("/reinstatement").press("Reinstate")
    assert (asked.status, "Choose somebody else." in asked.main) == (422, True)
    asked.press("Reinstate", sitter=cast.sita.id)
    assert again(off).sitter == cast.sita


def test_reinstating_without_a_sitter_and_nonsense(visit, off):
    assert visit("/reinstatement").press("Reinstate", sitter="abc").status == 422
    visit("/reinstatement").press("Reinstate", sitter="none")
    assert again(off).sitter is None


def test_reinstating_of_the_past_or_of_what_stands_is_not_offered(office, visit, off, job):
    off.on_date = off.ends_on = YESTERDAY
    assert "Reinstate" not in visit().text
    assert office.browser.get(f"/admin/visit/{off.id}/reinstatement").status_code == 302
    office.post(f"/admin/visit/{off.id}/reinstatement", sitter="none")
    assert again(off).state is JobState.CANCELLED


# ----------------------------------------------------------------------------------------------------------- voiding


@pytest.mark.covers("X9")
def test_a_missed_visit_is_made_void_with_a_reason_and_counts_again(visit, job, outbox):
    job.on_date = job.ends_on = YESTERDAY
    asked = visit().follow("Make void")
    assert asked.press("Make void", reason=" ").status == 422
    done = asked.press("Make void", reason="Nobody was there")
    assert figures(job) == (JobState.VOIDED, 0, 0, Decimal("20.00"), Decimal("10.00"))
    assert "“Nobody was there”" in done.main
    done.press("Count it again")
    assert (figures(job), len(outbox)) == (
        (JobState.SCHEDULED, Decimal("20.00"), Decimal("10.00"), None, None),
        0,
    )


def test_a_visit_to_come_cannot_be_made_void(office, visit, job):
    assert "Make void" not in visit().text
    assert office.browser.get(f"/admin/visit/{job.id}/voiding").status_code == 302
    for rest in ("voiding", "unvoiding"):
        office.post(f"/admin/visit/{job.id}/{rest}", reason="x")
    assert figures(job)[0] is JobState.SCHEDULED


# --------------------------------------------------------------------------------------------------- back to request


@pytest.mark.covers("B12")
def test_a_visit_goes_back_to_its_request_from_its_page(office, cast, alices_request, outbox):
    job_id = job_requests.schedule(cast.alice, alices_request.lines, actor=cast.as_max)[0].id
    db.session.commit()
    outbox.clear()
    asked = office.get(f"/admin/visit/{job_id}/").follow("Back to request")
    batch = asked.press("Back to request")
    line = alices_request.lines[0]
    db.session.expire_all()
    assert (line.state, line.sitter, count(Job, Job.id == job_id)) == (LineState.SUBMITTED, None, 0)
    assert "waits in the queue again" in batch.main
    assert (batch.path, "Request #2" in batch.main) == (f"/admin/job-requests/{cast.alice.id}/", True)
    assert [(m.kind, m.to_address) for m in outbox.mails()] == [("sitter_visit_taken_away", "sam@example.com")]
    late = asked.press("Back to request", follow=False)
    assert (late.status, len(outbox)) == (404, 1)


@pytest.mark.covers("B12")
def test_a_visit_without_a_request_goes_back_with_a_message_and_its_sitter(cast, visit, job, outbox):
    visit("/back-to-request").press("Back to request", message="We look for another time.", keep_sitter="1")
    (line,) = db.session.query(type(cast.bobs_request.lines[0])).filter_by(client_id=cast.alice.id)
    assert (line.on_date, line.sitter, line.request.number is not None) == (THURSDAY, cast.sam, True)
    assert outbox.facts(MailKind.REQUEST_MESSAGE, to="alice@example.com").body == "We look for another time."


def test_back_to_request_that_cannot_be_says_why(office, cast, visit, job):
    cast.alice.email = None
    asked = visit("/back-to-request").press("Back to request", message="Hello")
    assert (asked.status, "has a mail address" in asked.main, figures(job)[0]) == (422, True, JobState.SCHEDULED)
    past = make.job(cast.alice, cast.walk, on_date=dt.date(2026, 11, 20))
    assert "Back to request" not in office.get(f"/admin/visit/{past.id}/").text
    assert "in the past and cannot be requested any more" in told(office, past)
    off = make.job(cast.alice, cast.walk, state=JobState.CANCELLED)
    assert "This visit is cancelled." in told(office, off)


def told(office, job):
    """What is said to somebody who opens "Back to request" of this visit by its address."""
    answer = office.browser.get(f"/admin/visit/{job.id}/back-to-request")
    assert answer.status_code == 302
    return office.get(answer.headers["Location"]).text


@pytest.mark.covers("B12")
def test_ticked_visits_go_back_from_the_list_each_client_with_one_request(office, cast, job):
    others = [make.job(cast.alice, cast.walk, on_date=THURSDAY + dt.timedelta(n)) for n in (1, 2)]
    off = make.job(cast.bob, cast.walk, state=JobState.CANCELLED)
    page = office.post("/admin/visits/action/", action="back_to_request", rowid=[j.id for j in (job, *others, off)])
    assert "4" in page.main or "Back to request" in page.main
    done = page.press("Back to request")
    assert "3 visits went back to request." in done.text
    assert "Bob Baker: This visit is cancelled. Nothing was changed." in done.text
    assert count(Job, Job.client_id == cast.alice.id) == 0
    lines = db.session.query(type(cast.bobs_request.lines[0])).filter_by(client_id=cast.alice.id).all()
    assert (len(lines), len({x.request_id for x in lines})) == (3, 1)


def test_the_questions_of_a_visit_that_is_not_there_are_not_found(office):
    for rest in ("cancellation", "reinstatement", "voiding", "back-to-request"):
        office.get(f"/admin/visit/999999/{rest}", 404)
        office.get(f"/admin/visit/99999999999999/{rest}", 404)
