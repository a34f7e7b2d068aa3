"""B16: which mails a sitter gets, and when: what is refused stands in the evening's mail, quiet hours hold, urgent does not wait."""

import datetime as dt

import pytest

from foundation import clock
from foundation.db import db
from models import Activity, OutboxMail
from tests import factories as make
from workflows import bulk, cancelling, jobs, moving, settings, sitter_mails, staff_mails
from workflows.errors import Invalid, NotAllowed
from workflows.mail_facts import MailKind
from workflows.wanted import Wanted

pytestmark = pytest.mark.covers("B16")

TODAY = dt.date(2026, 11, 23)
DAY = dt.timedelta(days=1)
AT_ONCE = {MailKind.SITTER_VISIT_ASSIGNED, MailKind.SITTER_VISIT_MOVED, MailKind.SITTER_VISIT_TAKEN_AWAY}


def local(day, hour, minute=0):
    return clock.from_local(day, dt.time(hour, minute))


def book(cast, day, time=dt.time(12)):
    (job,) = jobs.book(
        cast.alice, Wanted(cast.walk, [day], time, pets=[cast.biscuit]), sitter=cast.sam, actor=cast.as_max
    )
    return job


def evening(outbox):
    """The lines of news of Sam's evening mail of today, or None when none went."""
    sitter_mails.evening_schedules(now=local(TODAY, 20))
    mails = outbox.mails(MailKind.SITTER_SCHEDULE, to="sam@example.com")
    return mails[-1].facts["changes"] if mails else None


def refuse(cast, *kinds):
    cast.sam.mails_off = [kind.value for kind in kinds]
    db.session.flush()


def test_an_evening_just_before_midnight_is_not_missed_by_a_worker_that_looks_each_five_minutes(cast, outbox, clock_at):
    settings.change({"mail.schedule_time": "23:58"}, actor=cast.as_olivia)
    clock_at(local(TODAY, 9))
    book(cast, TODAY + DAY)
    sent = [bool(sitter_mails.evening_schedules(now=local(TODAY, 23, minute))) for minute in (45, 50, 55)]
    assert sent == [False, True, False]


def test_what_is_refused_at_once_stands_in_the_evenings_mail(cast, outbox, clock_at):
    clock_at(local(TODAY, 9))
    refuse(cast, *AT_ONCE)
    job = book(cast, TODAY + 2 * DAY)
    moving.move(job, moving.Place(job.on_date, dt.time(15), None, cast.sam), actor=cast.as_max, tell_client=False)
    cancelling.cancel([job], actor=cast.as_max)
    assert not [m for m in outbox.mails() if MailKind(m.kind) in AT_ONCE]
    news = evening(outbox)
    assert len(news) == 3
    assert news[-1].endswith("✗")


@pytest.mark.parametrize(("days", "hour", "is_mailed"), [(0, 15, True), (0, 20, True), (1, 9, False)])
def test_a_visit_that_begins_before_the_evenings_mail_could_help_comes_at_once(
    cast, outbox, clock_at, days, hour, is_mailed
):
    clock_at(local(TODAY, 9))
    refuse(cast, *AT_ONCE)
    book(cast, TODAY + days * DAY, dt.time(hour))
    assert bool(outbox.mails(MailKind.SITTER_VISIT_ASSIGNED)) is is_mailed


def test_without_the_daily_mail_it_comes_on_evenings_with_news_alone(cast, outbox, clock_at):
    clock_at(local(TODAY, 9))
    refuse(cast, MailKind.SITTER_SCHEDULE)
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY + DAY)
    assert evening(outbox) is None
    book(cast, TODAY + 30 * DAY)
    assert len(evening(outbox)) == 1


@pytest.mark.parametrize(
    ("quiet", "now", "leaves"),
    [
        ((22, 7), (TODAY, 21, 59), (TODAY, 21, 59)), ((22, 7), (TODAY, 22, 0), (TODAY + DAY, 7, 0)),
        ((22, 7), (TODAY, 3, 0), (TODAY, 7, 0)), ((22, 7), (TODAY, 7, 0), (TODAY, 7, 0)),
        ((12, 14), (TODAY, 13, 0), (TODAY, 14, 0)), ((12, 14), (TODAY, 11, 0), (TODAY, 11, 0)),
    ],
)  # fmt: skip
def test_quiet_hours_hold_mails_until_they_end_over_midnight_too(cast, quiet, now, leaves):
    cast.sam.quiet_from, cast.sam.quiet_until = (dt.time(hour) for hour in quiet)
    assert staff_mails.leaves_at(cast.sam, local(*now)) == local(*leaves)


def test_a_mail_waits_for_the_quiet_hours_unless_its_visit_begins_before_they_end(cast, outbox, clock_at):
    clock_at(local(TODAY, 22, 30))
    cast.sam.quiet_from, cast.sam.quiet_until = dt.time(22), dt.time(7)
    book(cast, TODAY + DAY, dt.time(12))
    book(cast, TODAY + DAY, dt.time(7, 30))
    later, now = outbox.mails(MailKind.SITTER_VISIT_ASSIGNED)
    assert (later.next_at, now.next_at) == (local(TODAY + DAY, 7), clock.now())
    assert (staff_mails.waits_for(later), staff_mails.waits_for(now)) == (dt.time(7), None)


def test_the_one_mail_of_an_order_waits_for_quiet_hours_too(cast, outbox, clock_at):
    clock_at(local(TODAY, 22, 30))
    cast.sam.quiet_from, cast.sam.quiet_until = dt.time(22), dt.time(7)
    job = make.job(cast.alice, cast.walk, sitter=cast.sita, on_date=TODAY + 3 * DAY, pets=[cast.biscuit])
    run = bulk.order(
        bulk.BulkKind.REASSIGN, [job.id], bulk.Wish(sitter_id=cast.sam.id), actor=cast.as_max
    )  # fmt: skip
    while bulk.work(run.id):
        db.session.commit()
    db.session.commit()
    held = {m.to_address: m.next_at for m in db.session.query(OutboxMail) if m.kind == MailKind.SITTER_CHANGES.value}
    assert held == {"sam@example.com": local(TODAY + DAY, 7), "sita@example.com": clock.now()}


def test_choosing_is_kept_and_logged_once_and_half_quiet_hours_are_refused(cast):
    def choose(actor=cast.as_sam, **more):
        values = {"wanted": {"sitter_visit_moved"}, "quiet_from": dt.time(22), "quiet_until": dt.time(7), **more}
        staff_mails.choose(cast.sam, actor=actor, **values)

    choose()
    choose()
    assert "sitter_visit_moved" not in cast.sam.mails_off
    assert "sitter_schedule" in cast.sam.mails_off
    assert [a.verb for a in db.session.query(Activity)] == ["staff.mails_chosen"]
    for wrong in ({"quiet_from": None}, {"quiet_until": None}, {"quiet_until": dt.time(22)}):
        with pytest.raises(Invalid):
            choose(**wrong)
    choose(cast.as_olivia, quiet_from=None, quiet_until=None)
    with pytest.raises(NotAllowed):
        choose(cast.as_max)
