"""Unsent baskets as the office sees them, and the mail about them; also with the timer off."""

import datetime as dt

import pytest

from foundation.db import db
from models import LineState
from tests import factories as make
from tests.databases import statements
from workflows import sending, settings
from workflows.mail_facts import MailKind

BASKETS = "/admin/job-requests/baskets/"


@pytest.mark.covers("B8")
def test_unsent_baskets_are_listed_with_their_visits_and_when_they_send_themselves(office, cast):
    page = office.get(BASKETS)
    assert "Bob Baker 1 visit, last changed today, 10:00 AM. Sent by itself tomorrow, 10:00 AM" in page.main
    assert "Cat visit, Thu, Nov 26, Morning, 7:00 AM to 10:00 AM" in page.main
    assert "Unsent baskets 1" in page.main
    assert "1 unsent basket" in office.get("/admin/").main


@pytest.mark.covers("B8")
@pytest.mark.parametrize("timer", [24, None])
def test_the_office_mails_the_client_about_the_basket_also_with_the_timer_off(office, cast, outbox, timer):
    settings.change({"portal.auto_submit_hours": timer}, actor=cast.as_olivia)
    page = office.get(BASKETS)
    assert ("Baskets are not sent by themselves." in page.main) is (timer is None)
    page = page.press("Send reminder", body="Shall we keep Thursday for you?")
    assert "Bob Baker gets a mail about the basket." in page.main
    assert "Reminded today, 10:00 AM" in page.main
    facts = outbox.facts(MailKind.BASKET_REMINDER, to="bob@example.com")
    assert (facts.body, [v.service for v in facts.lines]) == ("Shall we keep Thursday for you?", ["Cat visit"])
    assert cast.bobs_basket.is_basket
    assert cast.bobs_basket.lines[0].state is LineState.DRAFT
    log = office.get(f"/admin/client/{cast.bob.id}/?tab=log").main
    assert "Olivia Owens wrote about the unsent basket “Shall we keep Thursday for you?”" in log


@pytest.mark.covers("B8")
def test_a_reminder_pressed_twice_is_mailed_once(office, cast, outbox):
    page = office.get(BASKETS)
    page.press("Send reminder", body="")
    again = page.press("Send reminder", body="")
    assert "This was already saved. Nothing was done twice." in again.main
    assert len(outbox.mails(MailKind.BASKET_REMINDER)) == 1


@pytest.mark.covers("B8")
def test_a_basket_that_was_sent_meanwhile_gets_no_reminder(office, cast, outbox):
    page = office.get(BASKETS)
    sending.submit(cast.bob, actor=cast.as_bob)
    outbox.clear()
    page = page.press("Send reminder")
    assert "This basket was sent or emptied meanwhile." in page.main
    assert len(outbox) == 0


@pytest.mark.covers("B8")
def test_lines_that_became_impossible_are_explained_and_a_client_without_address_has_no_button(office, cast):
    make.closed_day(make.DAY, reason="Thanksgiving")
    cast.bob.email = None
    page = office.get(BASKETS)
    assert "Closed on this day: Thanksgiving." in page.main
    assert "No mail address" in page.main
    assert "Send reminder" not in page.buttons()
    answer = office.post(f"{BASKETS}{cast.bobs_basket.id}/reminder")
    assert "This client has no mail address." in answer.main


def test_an_empty_basket_is_no_basket(office, cast):
    make.job_request(cast.alice)
    assert "Alice" not in office.get(BASKETS).main


def test_reminding_about_something_else_is_not_found_or_refused(office, cast, outbox):
    outbox.clear()
    assert office.post(f"{BASKETS}99999/reminder").status == 404
    assert "sent or emptied" in office.post(f"{BASKETS}{cast.bobs_request.id}/reminder").main
    assert len(outbox) == 0


def test_many_baskets_take_as_many_queries_as_one(office, cast):
    office.get(BASKETS)
    with statements() as few:
        office.get(BASKETS)
    for n in range(30):
        make.basket(make.client(f"Client {n}"), cast.walk, n_lines=4, first_on=make.DAY + dt.timedelta(days=n))
    db.session.flush()
    with statements() as many:
        office.get(BASKETS)
    assert len(many) == len(few) <= 13
