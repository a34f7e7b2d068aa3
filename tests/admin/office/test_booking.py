"""The office books visits after a phone call: one day, many days, weekdays of a stretch, or one stay over days."""

import datetime as dt

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Activity, ClientStatus, Job, JobState
from tests import factories as make
from tests.databases import count, statements
from workflows.mail_facts import MailKind

NEW = "/admin/visit/new"


@pytest.fixture
def form(office, cast):
    """The booking form for Alice."""
    return office.get(f"{NEW}?client={cast.alice.id}")


def booked(client):
    """The client's visits, in order."""
    db.session.expire_all()
    return db.session.scalars(
        sa.select(Job).where(Job.client_id == client.id).order_by(Job.on_date, Job.start_time, Job.id)
    ).all()


def days(*numbers):
    """Days of December 2026."""
    return [f"2026-12-{n:02}" for n in numbers]


# ------------------------------------------------------------------------------------------------------- for whom


@pytest.mark.covers("B15")
@pytest.mark.parametrize("search", ["alice", "Arch", "biscuit", "4417209318", "alice@exam", "archer ali"])
def test_a_client_is_found_by_name_pet_mail_or_number(office, cast, search):
    page = office.get(f"{NEW}?search={search}&on=2026-12-01")
    assert "Alice Archer Biscuit, Mochi · 4417 209 318" in page.main
    assert "Bob Baker" not in page.main
    form = page.follow("Alice Archer")
    assert "Book visits for Alice Archer" in form.main
    assert form.fields(NEW).getlist("dates") == ["2026-12-01"]


def test_the_first_step_lists_clients_but_none_that_are_archived(office, cast):
    cast.bob.status = ClientStatus.ARCHIVED
    page = office.get(NEW)
    assert "Alice Archer" in page.main
    assert "Bob Baker" not in page.main
    assert "Nobody found" in office.get(f"{NEW}?search=%25").main
    assert "Nobody found" in office.get(f"{NEW}?search=_____").main


def test_a_client_without_pets_is_shown_by_initials(office, cast):
    make.client("Grace", "Lindqvist")
    assert "GL Grace Lindqvist" in office.get(f"{NEW}?search=lindq").main


# -------------------------------------------------------------------------------------------------------- booking


@pytest.mark.covers("B15", "B16")
def test_one_visit_with_its_mail_to_client_and_sitter(office, cast, form, outbox):
    page = form.press(
        "Book visits", service=cast.walk.id, dates="2026-11-24", start_time="12:00", pets=[cast.biscuit.id],
        sitter=cast.sam.id, note="Use the side gate", staff_note="Key under the pot", mail_client="y",
    )  # fmt: skip
    assert page.path == f"/admin/client/{cast.alice.id}/?tab=schedule"
    assert "1 visit booked. Alice gets one mail." in page.main
    (job,) = booked(cast.alice)
    assert (job.on_date, job.start_time, job.sitter, job.pets, job.note, job.staff_note, job.state, job.price) == (
        dt.date(2026, 11, 24), dt.time(12), cast.sam, [cast.biscuit], "Use the side gate", "Key under the pot",
        JobState.SCHEDULED, 20,
    )  # fmt: skip
    assert outbox.one(MailKind.VISITS_BOOKED).to_address == "alice@example.com"
    assert "Key under the pot" not in str(outbox.one(MailKind.VISITS_BOOKED).facts)
    assert outbox.one(MailKind.SITTER_VISIT_ASSIGNED).to_address == "sam@example.com"
    log = office.get(f"/admin/client/{cast.alice.id}/?tab=log").main
    assert "Olivia Owens booked 1 visit Dog walk, Tue, Nov 24, 12:00 PM" in log


@pytest.mark.covers("B15")
def test_many_days_that_do_not_follow_each_other(cast, form, outbox):
    page = form.press(
        "Book visits", service=cast.walk.id, dates=days(1, 3, 10, 24), start_time="09:15", pets=[cast.biscuit.id],
        sitter=cast.sam.id,
    )  # fmt: skip
    assert "4 visits booked. Alice gets one mail." in page.main
    assert [j.on_date.day for j in booked(cast.alice)] == [1, 3, 10, 24]
    assert len(outbox.mails(MailKind.VISITS_BOOKED)) == 1


@pytest.mark.covers("B15")
@pytest.mark.parametrize(
    ("weekdays", "expected"),
    [(["0", "3"], [7, 10, 14, 17]), ([], [7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17])],
)
def test_weekdays_of_a_stretch(cast, form, weekdays, expected):
    form.press(
        "Book visits", service=cast.walk.id, dates=None, range_from="2026-12-07", range_until="2026-12-17",
        weekdays=weekdays, start_time="08:00", pets=[cast.biscuit.id], sitter="none",
    )  # fmt: skip
    assert [j.on_date.day for j in booked(cast.alice)] == expected


@pytest.mark.covers("B15")
def test_ticked_days_and_a_stretch_together_book_each_day_once(cast, form):
    form.press(
        "Book visits", service=cast.walk.id, dates=days(7, 20), range_from="2026-12-07", range_until="2026-12-08",
        start_time="08:00", pets=[cast.biscuit.id], sitter="none",
    )  # fmt: skip
    assert [j.on_date.day for j in booked(cast.alice)] == [7, 8, 20]


@pytest.mark.covers("B15")
def test_any_block_can_be_used_and_each_is_a_visit(cast, form):
    page = form.press("Show its times", service=cast.cat_visit.id)
    assert "Night, 10:00 PM to 6:00 AM" in page.main
    page.press(
        "Book visits",
        dates=days(1, 2),
        blocks=[cast.morning.id, cast.night.id],
        pets=[cast.mochi.id],
        sitter=cast.sita.id,
    )
    jobs = booked(cast.alice)
    assert [(j.on_date.day, j.time_block.name) for j in jobs if j.time_block == cast.morning] == [
        (1, "Morning"),
        (2, "Morning"),
    ]
    assert [j.ends_on.day for j in jobs if j.time_block == cast.night] == [2, 3]
    assert len(jobs) == 4


@pytest.mark.covers("B15")
def test_a_stay_over_days_is_one_booking_with_start_and_end(office, cast, form):
    page = form.press("Show its times", service=cast.overnight.id)
    assert "One stay, from a day to a day" in page.main
    page = page.press(
        "Book visits", span="stay", on_date="2026-12-04", ends_on="2026-12-07", start_time="18:00", end_time="10:00",
        pets=[cast.biscuit.id, cast.mochi.id], sitter=cast.sam.id,
    )  # fmt: skip
    assert "1 visit booked." in page.main
    (job,) = booked(cast.alice)
    assert (job.on_date, job.ends_on, job.start_time, job.end_time, job.price) == (
        dt.date(2026, 12, 4), dt.date(2026, 12, 7), dt.time(18), dt.time(10), 330
    )  # fmt: skip
    assert "Fri, Dec 4, 6:00 PM to Mon, Dec 7, 10:00 AM" in page.main
    for day in (4, 5, 6, 7):
        assert f"/admin/visit/{job.id}/" in office.get(f"/admin/schedule/?view=day&on=2026-12-{day:02}").html
    assert f"/admin/visit/{job.id}/" not in office.get("/admin/schedule/?view=day&on=2026-12-08").html


@pytest.mark.covers("B15")
def test_an_all_day_service_can_be_booked_for_single_days_too(cast, form):
    page = form.press("Show its times", service=cast.overnight.id)
    page = page.press("Show its days", span="days")
    page.press("Book visits", dates=days(4, 9), pets=[cast.biscuit.id], sitter="none")
    assert [(j.on_date.day, j.ends_on.day) for j in booked(cast.alice)] == [(4, 4), (9, 9)]


@pytest.mark.covers("B15")
def test_without_the_tick_the_client_gets_no_mail(cast, form, outbox):
    page = form.press(
        "Book visits", service=cast.walk.id, dates=days(1), start_time="12:00", pets=[cast.biscuit.id], sitter="none",
        mail_client=None,
    )  # fmt: skip
    assert "1 visit booked." in page.main
    assert "gets one mail" not in page.main
    assert len(outbox) == 0


@pytest.mark.covers("B15")
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"dates": None}, "Choose at least one day."),
        ({"sitter": ""}, "Choose a sitter, or Unassigned."),
        ({"pets": None}, "Choose at least one pet."),
        ({"pets": ["999"]}, "Choose among the listed values."),
        ({"service": "999"}, "Choose one of the listed values."),
        ({"sitter": "999"}, "Choose one of the listed values."),
        ({"start_time": "noon"}, "Enter a time"),
        ({"range_from": "2026-12-01"}, "Give both ends of the range, or neither."),
        ({"range_from": "2026-12-10", "range_until": "2026-12-01"}, "The last day cannot be before the first."),
        ({"range_from": "2026-12-01", "range_until": "2099-12-31"}, "at most 200 visits"),
        ({"weekdays": ["8"]}, "Choose among the listed values."),
        ({"note": "x" * 10_001}, "The note is too long"),
    ],
)
def test_nonsense_is_refused_with_a_sentence_and_what_was_typed_is_kept(cast, form, fields, sentence):
    given = {
        "service": cast.walk.id, "dates": days(1), "start_time": "12:00", "pets": [cast.biscuit.id], "sitter": "none",
        "staff_note": "Keep me", **fields,
    }  # fmt: skip
    page = form.press("Book visits", **given)
    assert page.status == 422
    assert sentence in page.main
    assert "Keep me" in page.main
    assert booked(cast.alice) == []


@pytest.mark.covers("B15")
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"ends_on": ""}, "Fill this in."),
        ({"ends_on": "2026-12-03"}, "The stay must end after it starts."),
        ({"ends_on": "2027-12-03"}, "A stay can last at most 120 days."),
        ({"end_time": ""}, "Give both times of the stay, or neither."),
        ({"ends_on": "2026-12-04", "end_time": "17:00"}, "The stay must end after it starts."),
    ],
)
def test_an_impossible_stay_is_refused(cast, form, fields, sentence):
    given = {"on_date": "2026-12-04", "ends_on": "2026-12-07", "start_time": "18:00", "end_time": "10:00", **fields}
    page = form.press("Show its times", service=cast.overnight.id).press(
        "Book visits", pets=[cast.biscuit.id], sitter="none", **given
    )
    assert page.status == 422
    assert sentence in page.main
    assert booked(cast.alice) == []


# ------------------------------------------------------------------------------------------------------ conflicts


@pytest.mark.covers("B15", "B11")
def test_conflicts_are_shown_before_booking_and_accepted_one_by_one(cast, form, outbox):
    make.job(
        make.client("Leo", "Feld"), cast.walk, sitter=cast.sam, on_date=dt.date(2026, 12, 1), start_time=dt.time(12)
    )
    given = {
        "service": cast.walk.id,
        "dates": days(1, 2),
        "start_time": "12:10",
        "pets": [cast.biscuit.id],
        "sitter": cast.sam.id,
    }
    page = form.press("Book visits", **given)
    assert page.status == 409
    assert "Sam Stone has another visit then: Dog walk, Leo Feld, Tue, Dec 1, 12:00 PM." in page.main
    assert booked(cast.alice) == []
    assert len(outbox) == 0
    make.time_off(cast.sam, dt.date(2026, 12, 2))
    page = page.press("Book anyway")
    assert page.status == 409, "a conflict that came up meanwhile is shown again"
    assert "Sam Stone is away on Wed, Dec 2." in page.main
    assert booked(cast.alice) == []
    page = page.press("Book anyway")
    assert "2 visits booked." in page.main
    assert len(booked(cast.alice)) == 2


@pytest.mark.covers("B15")
def test_visits_of_one_booking_clash_with_each_other_too(cast, form):
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=dt.date(2026, 12, 1), start_time=dt.time(12))
    page = form.press(
        "Book visits",
        service=cast.walk.id,
        dates=days(1),
        start_time="12:00",
        pets=[cast.biscuit.id],
        sitter=cast.sam.id,
    )
    assert page.status == 409
    assert count(Job, Job.client_id == cast.alice.id) == 1


@pytest.mark.covers("B15")
def test_two_presses_book_once(cast, form, outbox):
    given = {
        "service": cast.walk.id,
        "dates": days(1),
        "start_time": "12:00",
        "pets": [cast.biscuit.id],
        "sitter": "none",
    }
    form.press("Book visits", **given)
    again = form.press("Book visits", **given)
    assert "This was already saved. Nothing was done twice." in again.main
    assert len(booked(cast.alice)) == 1
    assert len(outbox.mails(MailKind.VISITS_BOOKED)) == 1


# -------------------------------------------------------------------------------------------- without JavaScript


def test_turning_the_month_keeps_what_was_chosen(cast, form):
    page = form.press("Next month", dates=["2026-11-30"], note="Keep me", sitter="none")
    assert page.status == 200
    assert "December 2026" in page.main
    assert page.fields(NEW).getlist("dates") == ["2026-11-30"]
    assert "Also: Mon, Nov 30" in page.main
    assert "Keep me" in page.main
    assert booked(cast.alice) == []
    page = page.press("Previous month", dates=["2026-11-30", "2026-12-04"])
    assert sorted(page.fields(NEW).getlist("dates")) == ["2026-11-30", "2026-12-04"]


def test_holidays_and_closed_days_are_marked_but_do_not_bind_the_office(cast, form, office):
    make.public_holiday(dt.date(2026, 11, 26), "Thanksgiving Day")
    make.closed_day(dt.date(2026, 11, 27), reason="Stocktaking")
    page = office.get(f"{NEW}?client={cast.alice.id}")
    assert "Thursday, November 26, Thanksgiving Day" in page.main
    assert "Friday, November 27, Stocktaking" in page.main
    page.press(
        "Book visits",
        service=cast.walk.id,
        dates="2026-11-27",
        start_time="12:00",
        pets=[cast.biscuit.id],
        sitter="none",
    )
    assert len(booked(cast.alice)) == 1


def test_hidden_services_are_offered_and_inactive_ones_are_not(office, cast):
    make.service_item("Key pick-up", visible_in_portal=False)
    make.service_item("Old walk", is_active=False)
    page = office.get(f"{NEW}?client={cast.alice.id}")
    assert "Key pick-up, 30 min" in page.html
    assert "Old walk" not in page.html


def test_without_any_service_the_page_says_what_is_missing(office, cast):
    for item in (cast.walk, cast.cat_visit, cast.overnight):
        item.is_active = False
    assert "There is no service yet" in office.get(f"{NEW}?client={cast.alice.id}").main


def test_a_client_without_pets_can_be_booked(office, cast):
    empty = make.client("Petra", "Petless")
    page = office.get(f"{NEW}?client={empty.id}")
    page.press("Book visits", service=cast.walk.id, dates=days(1), start_time="12:00", sitter="none")
    assert len(booked(empty)) == 1


def test_the_booking_form_takes_few_queries(office, cast):
    office.get(f"{NEW}?client={cast.alice.id}")
    with statements() as sent:
        office.get(f"{NEW}?client={cast.alice.id}")
    assert len(sent) <= 13


def test_the_log_has_one_line_for_the_whole_booking(cast, form):
    form.press(
        "Book visits",
        service=cast.walk.id,
        dates=days(1, 2, 3),
        start_time="12:00",
        pets=[cast.biscuit.id],
        sitter="none",
    )
    assert count(Activity, Activity.verb == "job.booked") == 1


@pytest.mark.parametrize(
    ("service", "typed", "said"),
    [
        ("walk", {"start_time": "noon", "range_from": "2026-12-03"},
         ["Enter a time, for example 12:00.", "Give both ends of the range, or neither.", "Choose at least one pet.", "Choose a sitter, or Unassigned."]),
        ("walk", {"start_time": "noon"}, ["Enter a time, for example 12:00.", "Choose at least one day.", "Choose at least one pet."]),
        ("cat_visit", {}, ["Choose at least one day.", "Choose at least one time of day.", "Choose a sitter, or Unassigned."]),
        ("overnight", {"on_date": "soon", "note": "n" * 10_001}, ["Choose a day", "Fill this in.", "The note is too long", "Choose a sitter"]),
        ("overnight", {"on_date": "2026-12-03", "ends_on": "2026-12-01", "sitter": "none"}, ["The stay must end after it starts.", "Choose at least one pet."]),
    ],
)  # fmt: skip
def test_all_that_is_wrong_is_said_in_one_round(office, cast, form, service, typed, said):
    chosen = {"service": getattr(cast, service).id, "pets": [], "sitter": "", **typed}
    answer = form.press("Book visits", **chosen)
    assert (answer.status, [words for words in said if words not in answer.main]) == (422, [])
    assert booked(cast.alice) == []
    assert all(answer.fields(NEW).get(name) == text for name, text in typed.items())
