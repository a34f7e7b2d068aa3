"""B13: a sitter answers the office by the signed link in the mail, without logging in."""

import datetime as dt
import re

import pytest

from foundation.db import db
from mailer import deliver
from mailer.render import render
from models import OutboxMail, RequestMessage
from tests import factories as make
from tests.databases import count
from workflows import request_threads, settings
from workflows.actors import COMMAND_LINE
from workflows.back_to_request import back_to_request
from workflows.mail_facts import MailKind


@pytest.fixture
def sent(cast):
    """Alice's request 7, with a price that is hers alone."""
    settings.change({"portal.show_prices": True}, actor=COMMAND_LINE)
    return make.sent_request(cast.alice, cast.walk, number=7, start_time=make.NOON, pets=[cast.biscuit])


@pytest.fixture
def link(cast, sent, outbox):
    """The path of the link in the mail that Sam got."""
    request_threads.write(
        sent, sent.lines, body="Are you free?", to_client=False, to_sitters=True, actor=cast.as_max
    )  # fmt: skip
    db.session.commit()
    mail = render(outbox.one(MailKind.SITTER_REQUEST_MESSAGE))
    (found,) = re.findall(r"http://127.0.0.1:8000(/staff/answers/\S+)", mail.text)
    assert found in mail.html
    return found


def token_of(page):
    return re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1], re.search(r'name="form_key" value="([^"]+)"', page.text)[1]  # fmt: skip


@pytest.mark.covers("B13")
def test_sitter_reads_the_question_and_answers_once(http, cast, sent, link, outbox):
    make.request_message(sent, "For the client alone", staff=cast.max)
    db.session.commit()
    browser = http()
    page = browser.get(link)
    for words in (
        "About a request of Alice Archer",
        "You answer as Sam Stone",
        "Dog walk",
        "12:00",
        "Biscuit",
        "Are you free?",
    ):
        assert words in page.text, words
    for hidden in ("For the client alone", "$20", "alice@example.com", cast.alice.account_number):
        assert hidden not in page.text, hidden
    csrf, key = token_of(page)
    answer = {"csrf_token": csrf, "form_key": key, "body": "Yes, from 11 on."}
    assert browser.post(link, data=answer).headers["Location"] == link
    told = browser.get(link)
    assert "Answer sent. Thank you, Sam." in told.text
    assert "Yes, from 11 on." in told.text
    assert browser.post(link, data=answer).status_code == 303
    again = browser.get(link)
    assert "This was already saved. Nothing was done twice." in again.text
    assert count(RequestMessage, RequestMessage.from_sitter) == 1


def test_an_empty_answer_comes_back(http, link):
    browser = http()
    csrf, key = token_of(browser.get(link))
    page = browser.post(link, data={"csrf_token": csrf, "form_key": key, "body": " "})
    assert (page.status_code, "Write a message first." in page.text) == (422, True)


@pytest.mark.covers("B13")
def test_a_broken_link_says_so_and_a_post_without_a_token_is_refused(http, link):
    page = http().get(link[:-3] + "abc")
    assert (page.status_code, "This link does not work any more" in page.text) == (410, True)
    assert http().post(link, data={"body": "Hello"}).status_code == 400
    assert count(RequestMessage, RequestMessage.from_sitter) == 0


def test_the_mail_with_the_link_is_not_kept_as_it_was_sent(link, app):
    db.session.commit()
    db.session.remove()  # as a worker, which has a session of its own
    deliver.drain(app)
    mail = db.session.query(OutboxMail).filter_by(kind=MailKind.SITTER_REQUEST_MESSAGE.value).one()
    assert (mail.sent_at is not None, mail.body_text, mail.body_html) == (True, None, None)


@pytest.mark.covers("B12", "B13")
def test_a_stay_that_went_back_to_request_says_until_when(cast, http, outbox):
    stay = make.job(
        cast.alice, cast.overnight, sitter=cast.sam, on_date=dt.date(2026, 11, 27), ends_on=dt.date(2026, 11, 29),
        start_time=dt.time(18), end_time=dt.time(9), pets=[cast.mochi],
    )  # fmt: skip
    (line,) = back_to_request([stay], actor=cast.as_max, keep_sitter=True)
    request_threads.write(line.request, [line], body="Can you?", to_client=False, to_sitters=True, actor=cast.as_max)
    db.session.commit()
    mail = render(outbox.one(MailKind.SITTER_REQUEST_MESSAGE))
    assert "Nov 29, 9:00" in mail.text
    (link,) = re.findall(r"http://127.0.0.1:8000(/staff/answers/\S+)", mail.text)
    text = http().get(link).text.replace("\xa0", " ")
    assert "Friday, November 27, 6:00 PM until Sun, Nov 29, 9:00 AM" in text
