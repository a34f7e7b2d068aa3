"""V5: the office decides on time off with the sitter's visits in view; what is asked for is seen in schedule and board."""

import datetime as dt

import pytest

from foundation.db import db
from models import TimeOff, TimeOffState
from tests import factories as make
from tests.admin.office.conftest import NOON, THURSDAY
from tests.databases import statements
from workflows import time_off
from workflows.mail_facts import MailKind

pytestmark = pytest.mark.covers("V5")

FRIDAY = THURSDAY + dt.timedelta(days=1)


@pytest.fixture
def asked(cast):
    off = time_off.ask(cast.sam, first_on=THURSDAY, last_on=FRIDAY, note="Skiing", actor=cast.as_sam)
    db.session.commit()
    return off


def page_of(off):
    return f"/admin/days-off/{off.id}/"


def test_from_home_to_the_decision_with_the_visits_that_somebody_else_must_do(office, cast, asked, outbox):
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=FRIDAY, pets=[cast.biscuit])
    home = office.get("/admin/")
    assert "1 sitter waits for an answer about time off" in home.main
    assert "Sam Stone asks for time off: Thu, Nov 26 to Fri, Nov 27" in home.main
    listed = office.get("/admin/time-off/?view=waiting")
    assert "Waiting" in listed.main
    assert listed.has_link(page_of(asked))
    page = office.get(page_of(asked))
    assert "1 visit in these days" in page.main
    assert "Dog walk, Alice Archer: Biscuit" in page.main
    done = page.press("Approve", answer="Have fun")
    assert "Approved. Sam is told by mail." in done.text
    assert "1 visit in these days is still theirs. Give it to somebody else below." in done.text
    assert outbox.facts(MailKind.TIME_OFF_DECIDED).message == "Have fun"
    order = done.press("Give to another sitter")
    assert "Alice Archer" in order.main
    assert "waits for an answer" not in office.get("/admin/").main


def test_a_visit_that_came_meanwhile_is_shown_before_it_is_approved(office, cast, asked):
    page = office.get(page_of(asked))
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=FRIDAY)
    again = page.press("Approve", answer="Yes")
    assert (again.status, "Visits were added in these days meanwhile" in again.main) == (422, True)
    assert again.press("Decline").status == 200
    db.session.expire_all()
    assert db.session.get(TimeOff, asked.id).state is TimeOffState.DECLINED


def test_what_is_asked_for_is_a_weaker_clash_and_seen_in_schedule_and_board(office, cast, asked):
    week = office.get(f"/admin/schedule/?view=week&on={THURSDAY}")
    assert week.main.count("Asked for time off") == 2
    drawn = office.browser.get(f"/admin/board/visits?start={THURSDAY}&end={FRIDAY}").json["away"]
    assert [e["classNames"] for e in drawn] == [["is-asked"]]
    time_off.approve(asked, actor=cast.as_max)
    assert "Asked for time off" not in office.get(f"/admin/schedule/?view=week&on={THURSDAY}").main
    make.time_off(cast.sita, THURSDAY, state=TimeOffState.DECLINED)
    drawn = office.browser.get(f"/admin/board/visits?start={THURSDAY}&end={FRIDAY}").json["away"]
    assert [e["classNames"] for e in drawn] == [["is-away"]]


def test_the_page_takes_as_many_queries_for_many_visits_as_for_one(office, cast, asked):
    path = page_of(asked)

    def load():
        with statements() as sent:
            office.get(path)
        return len(sent)

    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=FRIDAY, start_time=NOON, pets=[cast.biscuit])
    few = load()
    for hour in range(8, 20):
        make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=THURSDAY, start_time=dt.time(hour), pets=[cast.bella])
    assert load() == few


def test_sitters_mails_are_changed_for_them_and_a_held_mail_says_why(office, cast):
    page = office.get(f"/admin/staff-mails/{cast.sam.id}/")
    done = page.press("Save", quiet_from="22:00", quiet_until="07:00")
    assert "Saved." in done.text
    db.session.expire_all()
    assert (cast.sam.quiet_from, cast.sam.quiet_until) == (dt.time(22), dt.time(7))
    mail = make.outbox_mail(staff=cast.sam)
    mail.next_at = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
    db.session.commit()
    assert "Waits for quiet hours to end, 7:00 AM" in office.get("/admin/outbox/").main.replace("\u202f", " ").replace(
        "\u00a0", " "
    )
    assert "Enter both times" in office.get(f"/admin/staff-mails/{cast.sam.id}/").press("Save", quiet_from="").main


def test_the_thread_with_a_sitter_is_read_and_answered(office, cast, outbox):
    make.sitter_message(
        cast.sam, body="The gate sticks", author_name="Sam Stone", job=make.job(cast.alice, sitter=cast.sam)
    )
    home = office.get("/admin/sitter-messages/")
    assert "1 new" in home.main
    thread = office.get(f"/admin/sitter-messages/{cast.sam.id}/")
    assert "Alice Archer" in thread.main
    assert "1 new" not in office.get("/admin/sitter-messages/").main
    done = thread.press("Send message", body="Tell them, please")
    assert "Sent. Sam gets it by mail too." in done.text
    assert thread.press("Send message", body="Tell them, please").text.count("Tell them, please") == 1
    assert len(outbox.mails(MailKind.SITTER_MESSAGE_ANSWERED)) == 1
    assert (
        "Write a message first."
        in office.get(f"/admin/sitter-messages/{cast.sam.id}/").press("Send message", body=" ").main
    )
