"""S8: messages between client and office: kept, told to the other side, read marks, limits."""

import datetime as dt

import pytest

from foundation import clock
from foundation.db import db
from models import Activity, Letter, Notification, NotificationKind
from tests import factories as make
from tests.databases import count
from workflows import letters, notifications, settings
from workflows.actors import COMMAND_LINE, client_actor
from workflows.errors import Invalid, NotAllowed
from workflows.mail_facts import MailKind

pytestmark = pytest.mark.covers("S8")


def lines(cast):
    return [n for n in db.session.query(Notification) if n.kind is NotificationKind.LETTER_RECEIVED]


def test_a_client_writes_and_the_office_hears_by_mail_on_home_and_in_the_log(cast, outbox):
    settings.change({"business.admin_inbox": "desk@example.com"}, actor=COMMAND_LINE)
    login = make.client_login(cast.alice)
    letter = letters.write_as_client(
        cast.alice, body=" Is Sunday\x00 possible?\r\nThanks ", actor=client_actor(cast.alice, login)
    )
    assert (letter.body, letter.from_office, letter.client_login, letter.read_at) == ("Is Sunday possible?\nThanks", False, login, None)  # fmt: skip
    facts = outbox.facts(MailKind.LETTER_TO_OFFICE, to="desk@example.com")
    assert (facts.client_name, facts.body, facts.author_name) == ("Alice Archer", letter.body, "Alice Archer")
    (line,) = lines(cast)
    assert (line.client_id, line.facts["about"], line.dismissed_at) == (cast.alice.id, ["Is Sunday possible? Thanks"], None)  # fmt: skip
    (logged,) = [a for a in db.session.query(Activity) if a.verb == "letter.received"]
    assert (logged.client_id, "Sunday" in str(logged.facts)) == (cast.alice.id, False)


def test_one_line_on_home_a_client_until_it_is_dismissed(cast):
    for text in ("One", "Two"):
        letters.write_as_client(cast.alice, body=text, actor=cast.as_alice)
    letters.write_as_client(cast.bob, body="Other", actor=cast.as_bob)
    own = [n for n in lines(cast) if n.client_id == cast.alice.id]
    assert [(n.facts["about"], n.facts["n"]) for n in own] == [(["Two"], 2)]
    notifications.dismiss(own[0], actor=cast.as_olivia)
    letters.write_as_client(cast.alice, body="Three", actor=cast.as_alice)
    assert len([n for n in lines(cast) if n.client_id == cast.alice.id]) == 2


def test_the_office_answers_by_mail_to_the_client_alone_and_has_read_what_was_written(cast, outbox):
    make.client_contact(cast.alice, email="kim@example.com", receives_copies=True)
    asked = letters.write_as_client(cast.alice, body="Is Sunday possible?", actor=cast.as_alice)
    answer = letters.write_as_office(cast.alice, body="Of course.", actor=cast.as_max)
    mail = outbox.one(MailKind.LETTER_TO_CLIENT)
    assert (mail.to_address, mail.cc_addresses) == ("alice@example.com", [])
    assert outbox.facts(MailKind.LETTER_TO_CLIENT).author_name == "Max Mason"
    db.session.refresh(asked)
    assert (asked.read_at, answer.read_at, answer.staff) == (clock.now(), None, cast.max)
    assert letters.mark_read(cast.alice, by_office=False) == 1
    assert letters.mark_read(cast.alice, by_office=False) == 0
    assert [x.body for x in letters.thread(cast.alice, limit=9)] == ["Of course.", "Is Sunday possible?"]


def test_twenty_letters_an_hour_are_enough_and_another_hour_begins_anew(cast, clock_at):
    for i in range(20):
        letters.write_as_client(cast.alice, body=f"Letter {i}", actor=cast.as_alice)
    with pytest.raises(Invalid) as no:
        letters.write_as_client(cast.alice, body="One more", actor=cast.as_alice)
    assert (no.value.code, no.value.field) == ("too_many", "body")
    letters.write_as_client(cast.bob, body="Others may", actor=cast.as_bob)
    clock_at(clock.now() + dt.timedelta(hours=1))
    letters.write_as_client(cast.alice, body="One more", actor=cast.as_alice)
    assert count(Letter) == 22


def test_of_two_that_write_the_twentieth_at_once_one_is_refused(cast, together):
    for i in range(19):
        letters.write_as_client(cast.alice, body=f"Letter {i}", actor=cast.as_alice)
    alice_id = cast.alice.id

    def write():
        alice = db.session.get(type(cast.alice), alice_id)
        return letters.write_as_client(alice, body="Last", actor=client_actor(alice)).id

    results = together(write, write)
    assert sorted(isinstance(r, Invalid) for r in results) == [False, True]
    assert (count(Letter), len(lines(cast))) == (20, 1)


@pytest.mark.parametrize("body", ["", "  \n ", "\x00", "x" * 5001])
def test_nothing_and_too_much_are_refused_from_both_sides(cast, body):
    for write, actor in ((letters.write_as_client, cast.as_alice), (letters.write_as_office, cast.as_olivia)):
        with pytest.raises(Invalid) as no:
            write(cast.alice, body=body, actor=actor)
        assert no.value.field == "body"
    assert count(Letter) == 0


def test_others_are_refused(cast):
    for actor in (cast.as_bob, cast.as_olivia, cast.as_sam):
        with pytest.raises(NotAllowed):
            letters.write_as_client(cast.alice, body="Hello", actor=actor)
    for actor in (cast.as_alice, cast.as_sam):
        with pytest.raises(NotAllowed):
            letters.write_as_office(cast.alice, body="Hello", actor=actor)


def test_a_client_who_could_not_read_it_is_not_written_to(cast, outbox):
    quiet = make.client("Quinn", "Quiet")
    with pytest.raises(Invalid):
        letters.write_as_office(quiet, body="Hello", actor=cast.as_olivia)
    make.client_login(quiet)
    letters.write_as_office(quiet, body="Hello", actor=cast.as_olivia)
    settings.change({"portal.letters": False}, actor=COMMAND_LINE)
    with pytest.raises(Invalid):
        letters.write_as_office(quiet, body="Hello", actor=cast.as_olivia)
    assert outbox.mails(MailKind.LETTER_TO_CLIENT) == []
