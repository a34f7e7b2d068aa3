"""One visit: moved, given to another sitter, edited, cancelled; what cannot be changed says why; sitters are told."""

import datetime as dt

import pytest

from foundation.db import db
from models import JobState
from tests import factories as make
from tests.admin.office.conftest import NOON, THURSDAY
from tests.databases import statements
from workflows import sitter_mails
from workflows.mail_facts import MailKind

TUESDAY = dt.date(2026, 11, 24)


@pytest.fixture
def job(cast):
    """Alice's walk tomorrow at noon by Sam."""
    return make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TUESDAY, pets=[cast.biscuit], note="Side gate")


@pytest.fixture
def page(office, job):
    """Its page."""
    return office.get(f"/admin/visit/{job.id}/")


def again(job):
    """The visit as it is now."""
    db.session.expire_all()
    return job


def test_the_page_shows_the_visit_and_links_to_its_client(cast, page):
    assert "Dog walk, Alice Archer Tomorrow, 12:00 PM to 12:30 PM Scheduled" in page.main
    assert page.has_link(f"/admin/client/{cast.alice.id}/")
    assert "$20.00" in page.main


@pytest.mark.covers("B16")
def test_moving_it_tells_the_sitter(cast, job, page, outbox):
    result = page.press("Save visit", on_date="2026-11-25", start_time="15:30")
    assert "Visit saved." in result.main
    assert (
        "Olivia Owens moved a visit Visit: Dog walk, Tue, Nov 24, 12:00 PM (Sam Stone) → became Dog walk, Wed, Nov 25, 3:30 PM (Sam Stone)"
        in result.main
    )
    assert (again(job).on_date, job.start_time, job.sitter) == (dt.date(2026, 11, 25), dt.time(15, 30), cast.sam)
    facts = outbox.facts(MailKind.SITTER_VISIT_MOVED, to="sam@example.com")
    assert (facts.before[0].on_date, facts.visits[0].on_date) == ("2026-11-24", "2026-11-25")
    assert len(outbox) == 1


@pytest.mark.covers("B16")
def test_giving_it_to_another_sitter_tells_both(cast, job, page, outbox):
    page.press("Save visit", sitter=cast.sita.id)
    assert again(job).sitter == cast.sita
    assert outbox.one(MailKind.SITTER_VISIT_TAKEN_AWAY).to_address == "sam@example.com"
    assert outbox.one(MailKind.SITTER_VISIT_ASSIGNED).to_address == "sita@example.com"


@pytest.mark.covers("B16")
def test_taking_the_sitter_off_it_is_a_choice(cast, job, page, outbox):
    assert page.press("Save visit", sitter="").status == 422
    assert again(job).sitter == cast.sam
    page.press("Save visit", sitter="none")
    assert again(job).sitter is None
    assert outbox.one(MailKind.SITTER_VISIT_TAKEN_AWAY).to_address == "sam@example.com"


def test_another_service_and_more_pets_bring_todays_price(cast, job, page):
    page = page.press("Show its times", service=cast.cat_visit.id)
    page.press(
        "Save visit",
        block=cast.night.id,
        pets=[cast.biscuit.id, cast.mochi.id],
        note="Two bowls",
        staff_note="Mind the step",
    )
    again(job)
    assert (job.service_item, job.time_block, job.price, job.note, job.staff_note) == (
        cast.cat_visit,
        cast.night,
        25,
        "Two bowls",
        "Mind the step",
    )
    assert job.pets == [cast.biscuit, cast.mochi]


@pytest.mark.covers("B15")
def test_a_stay_can_be_made_longer(office, cast):
    stay = make.job(
        cast.alice, cast.overnight, sitter=cast.sam, on_date=dt.date(2026, 12, 4), ends_on=dt.date(2026, 12, 7),
        start_time=dt.time(18), end_time=dt.time(10), pets=[cast.biscuit],
    )  # fmt: skip
    page = office.get(f"/admin/visit/{stay.id}/")
    page.press("Save visit", ends_on="2026-12-08")
    assert (again(stay).ends_on, stay.end_time) == (dt.date(2026, 12, 8), dt.time(10))
    for fields in ({"ends_on": "2026-12-03"}, {"end_time": ""}, {"ends_on": "2028-01-01"}):
        refused = office.get(f"/admin/visit/{stay.id}/").press("Save visit", **fields)
        assert refused.status == 422
    assert again(stay).ends_on == dt.date(2026, 12, 8)


@pytest.mark.covers("B15", "B11")
def test_a_move_into_a_conflict_asks_first(cast, job, page, outbox):
    make.job(make.client("Leo", "Feld"), cast.walk, sitter=cast.sam, on_date=THURSDAY, start_time=NOON)
    asked = page.press("Save visit", on_date=THURSDAY.isoformat())
    assert asked.status == 409
    assert "Dog walk, Leo Feld, Thu, Nov 26, 12:00 PM" in asked.main
    assert again(job).on_date == TUESDAY
    assert len(outbox) == 0
    assert "Visit saved." in asked.press("Save anyway").main
    assert again(job).on_date == THURSDAY


def test_who_saves_second_is_told(page, manager, job):
    other = manager.get(f"/admin/visit/{job.id}/")
    page.press("Save visit", note="Olivia was first")
    late = other.press("Save visit", note="Max was second")
    assert "Someone changed this visit meanwhile." in late.main
    assert again(job).note == "Olivia was first"


def test_a_visit_that_began_meanwhile_is_not_changed(page, job):
    job.state = JobState.IN_PROGRESS
    late = page.press("Save visit", note="Too late")
    assert "The visit has begun, so it cannot be changed any more." in late.main
    assert again(job).note == "Side gate"


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (JobState.IN_PROGRESS, "The visit has begun, so it cannot be changed any more."),
        (JobState.COMPLETED, "The visit is done, so it cannot be changed any more."),
        (JobState.CANCELLED, "The visit was cancelled."),
        (JobState.VOIDED, "The visit is void: it counts for nobody."),
    ],
)
def test_what_cannot_be_changed_says_why_and_has_no_form(office, job, state, sentence):
    job.state = state
    page = office.get(f"/admin/visit/{job.id}/")
    assert sentence in page.main
    assert "Save visit" not in page.buttons()
    assert "Cancel visit" not in page.text
    assert office.browser.get(f"/admin/visit/{job.id}/cancellation").status_code == 302
    office.post(f"/admin/visit/{job.id}/cancellation", reason="No")
    assert again(job).state is state


@pytest.mark.covers("B16")
def test_cancelling_keeps_it_greyed_and_tells_sitter_and_client(office, cast, job, page, outbox):
    result = page.follow("Cancel visit").press("Cancel visit", reason="Snow")
    assert "Visit cancelled. Alice gets a mail." in result.main
    assert "“Snow”" in result.main
    assert "was $20.00" in result.main
    assert (again(job).state, job.price, job.prior_price) == (JobState.CANCELLED, 0, 20)
    assert outbox.facts(MailKind.VISIT_CANCELLED, to="alice@example.com").reason == "Snow"
    assert outbox.one(MailKind.SITTER_VISIT_TAKEN_AWAY).to_address == "sam@example.com"
    assert f"/admin/visit/{job.id}/" in office.get("/admin/schedule/?state=cancelled").html
    assert f'ui-slot--off" href="/admin/visit/{job.id}/"' in office.get("/admin/schedule/").html


def test_cancelling_without_the_tick_mails_only_the_sitter(page, outbox):
    page.follow("Cancel visit").press("Cancel visit", mail_client=None)
    assert [mail.to_address for mail in outbox.mails()] == ["sam@example.com"]


def test_a_visit_in_the_past_cannot_be_cancelled(office, job):
    job.on_date = job.ends_on = dt.date(2026, 11, 22)
    page = office.get(f"/admin/visit/{job.id}/")
    assert "The visit is in the past and cannot be cancelled." in page.main
    office.post(f"/admin/visit/{job.id}/cancellation")
    assert again(job).state is JobState.SCHEDULED


@pytest.mark.covers("B16")
def test_visits_further_away_are_left_to_the_evening_mail(office, cast, outbox):
    far = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=dt.date(2026, 12, 20), pets=[cast.biscuit])
    office.get(f"/admin/visit/{far.id}/").press("Save visit", start_time="16:00")
    assert len(outbox) == 0
    sitter_mails.evening_schedules(now=dt.datetime(2026, 11, 23, 23, 30, tzinfo=dt.UTC))
    facts = outbox.facts(MailKind.SITTER_SCHEDULE, to="sam@example.com")
    assert "2026-12-20 16:00" in facts.changes[0]


@pytest.mark.parametrize(
    "fields",
    [
        {"pets": None},
        {"on_date": ""},
        {"on_date": "0001-01-01"},
        {"start_time": "99"},
        {"service": "x"},
        {"version": "x", "note": "x" * 10_001},
    ],
)
def test_nonsense_changes_nothing(job, page, fields):
    result = page.press("Save visit", **fields)
    assert result.status == 422
    assert (again(job).on_date, job.note) == (TUESDAY, "Side gate")


def test_all_that_is_wrong_is_said_in_one_round(job, page):
    wrong = page.press("Save visit", on_date="soon", start_time="noon", pets=[], sitter="", staff_note="n" * 10_001)
    for words in (
        "Choose a day, for example",
        "Enter a time, for example",
        "Choose at least one pet.",
        "Choose a sitter, or Unassigned.",
        "The note is too long",
    ):
        assert words in wrong.main
    assert (wrong.status, again(job).version) == (422, 1)


def test_the_page_takes_few_queries(office, job, cast):
    for n in range(30):
        make.activity_line(
            "job.changed",
            subject_type="job",
            subject_id=job.id,
            client_id=cast.alice.id,
            facts={"before": "a", "after": f"b{n}"},
        )
    office.get(f"/admin/visit/{job.id}/")
    with statements() as sent:
        office.get(f"/admin/visit/{job.id}/")
    assert len(sent) <= 17
