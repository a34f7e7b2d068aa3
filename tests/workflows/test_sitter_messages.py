"""Messages between a sitter and the office: kept, told to the other side, read marks, whose visits, limits."""

import datetime as dt

import pytest

from foundation import clock
from foundation.db import db
from models import Activity, Notification, NotificationKind, SitterMessage
from tests import factories as make
from tests.databases import count
from workflows import notifications, settings, sitter_messages
from workflows.actors import COMMAND_LINE, staff_actor
from workflows.errors import Invalid, NotAllowed
from workflows.mail_facts import MailKind

pytestmark = pytest.mark.covers("V5")


def write(cast, body="The gate sticks", **more):
    return sitter_messages.write_as_sitter(cast.sam, body=body, actor=cast.as_sam, **more)


def test_a_sitter_writes_about_a_visit_and_the_office_hears_by_mail_on_home_and_in_the_log(cast, outbox):
    settings.change({"business.admin_inbox": "desk@example.com"}, actor=COMMAND_LINE)
    job = make.job(cast.alice, cast.walk, sitter=cast.sam)
    message = write(cast, " The gate\r\nsticks ", job=job)
    assert (message.body, message.job, message.author_name, message.read_at) == (
        "The gate\nsticks",
        job,
        "Sam Stone",
        None,
    )
    facts = outbox.facts(MailKind.SITTER_MESSAGE, to="desk@example.com")
    assert (facts.sitter_name, facts.body, facts.about) == (
        "Sam Stone",
        "The gate\nsticks",
        "Dog walk, 2026-11-26 12:00",
    )
    (line,) = db.session.query(Notification)
    assert (line.kind, line.facts["about"], line.facts["url"]) == (
        NotificationKind.SITTER_MESSAGE, ["The gate sticks"], f"/admin/sitter-messages/{cast.sam.id}/",
    )  # fmt: skip
    (logged,) = [a for a in db.session.query(Activity) if a.verb == "sitter_message.received"]
    assert "gate" not in str(logged.facts)


def test_one_line_on_home_a_sitter_until_it_is_dismissed(cast):
    write(cast, "One")
    write(cast, "Two")
    sitter_messages.write_as_sitter(cast.sita, body="Other", actor=staff_actor(cast.sita))
    lines = list(db.session.query(Notification).order_by(Notification.id))
    assert [(n.facts["about"], n.facts["n"]) for n in lines] == [(["Two"], 2), (["Other"], 1)]
    notifications.dismiss(lines[0], actor=cast.as_olivia)
    write(cast, "Three")
    assert count(Notification) == 3


def test_the_office_answers_by_mail_and_has_read_what_was_written(cast, outbox):
    asked = write(cast)
    answer = sitter_messages.answer(cast.sam, body="Please tell them", actor=cast.as_max)
    mail = outbox.one(MailKind.SITTER_MESSAGE_ANSWERED)
    assert (mail.to_address, mail.staff_id, answer.author_name, answer.from_office) == ("sam@example.com", cast.sam.id, "Max Mason", True)  # fmt: skip
    db.session.refresh(asked)
    assert (asked.read_at, answer.read_at) == (clock.now(), None)
    assert [sitter_messages.mark_read(cast.sam, by_office=False) for _ in range(2)] == [1, 0]


def test_who_refuses_such_mails_reads_the_answer_on_their_page_alone(cast, outbox):
    cast.sam.mails_off = [MailKind.SITTER_MESSAGE_ANSWERED.value]
    sitter_messages.answer(cast.sam, body="Hello", actor=cast.as_max)
    assert (count(SitterMessage), outbox.mails(MailKind.SITTER_MESSAGE_ANSWERED)) == (1, [])


def test_nobody_writes_in_anothers_thread_or_about_anothers_visit(cast):
    with pytest.raises(NotAllowed):
        sitter_messages.write_as_sitter(cast.sita, body="x", actor=cast.as_sam)
    with pytest.raises(NotAllowed):
        write(cast, job=cast.bobs_job)
    with pytest.raises(NotAllowed):
        sitter_messages.answer(cast.sam, body="x", actor=cast.as_sam)
    assert count(SitterMessage) == 0


def test_too_little_too_long_and_too_many_are_refused(cast):
    for body in (" \n ", "x" * (sitter_messages.MAX_MESSAGE + 1)):
        with pytest.raises(Invalid):
            write(cast, body)
    for _ in range(sitter_messages.MOST_AN_HOUR):
        make.sitter_message(cast.sam)
    with pytest.raises(Invalid) as refused:
        write(cast)
    assert refused.value.code == "too_many"
    for message in db.session.query(SitterMessage):
        message.created_at = clock.now() - dt.timedelta(hours=2)
    write(cast)
