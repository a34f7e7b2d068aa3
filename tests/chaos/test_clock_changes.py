"""The two nights on which the clock is changed, from the evening before to noon, with two workers: all timed work once.

huey's own timetable says what is due when, by UTC. In spring the business's clock jumps from 2 to 3; in autumn the hour from 1
to 2 comes twice. The evening's schedules are set to a time in just that hour.
"""

import datetime as dt
import logging
from collections import Counter
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import Job, JobRequest, OutboxMail, VisitAlert
from tests import factories as make
from tests import money_factories
from workflows import settings, vaccinations

#: of each hour: when the hourly and the nightly tasks are due, and those of each five minutes
MINUTES = (7, 17, 35)
#: work that waits for a time of day; the rest looks at rows, and does so by day as well
TIMED = {
    "auto_submit", "watch_visits", "evening_schedules", "expire_changes", "send_master_schedule", "send_data_digest",
    "remind_of_vaccinations", "remind_of_invoices", "make_repeating_visits",
}  # fmt: skip

#: the zone; the Sunday; the time of the evening's schedules; hours from eight on Saturday evening to Sunday noon
NIGHTS = {
    "spring": ("America/New_York", dt.date(2027, 3, 14), "02:30", 15),
    "autumn": ("America/New_York", dt.date(2026, 11, 1), "01:30", 17),
    # half an hour beside the timetable's clock
    "Newfoundland's spring": ("America/St_Johns", dt.date(2027, 3, 14), "02:30", 15),
}


def live_through(app, clock_at, start, hours):
    """Each due task twice, as two workers would do it; the names of what ran."""
    ran = Counter()
    start = start.replace(minute=0)  # the timetable goes by UTC
    for hour in range(hours):
        for minute in MINUTES:
            at = start + dt.timedelta(hours=hour, minutes=minute)
            clock_at(at)
            for task in app.extensions["huey"].read_periodic(at.replace(tzinfo=None)):
                if task.name in TIMED:
                    task.execute()
                    task.execute()
                    ran[task.name] += 1
    db.session.rollback()
    return ran


def mails(kind):
    return Counter(
        mail.facts.get("for_date") or mail.to_address
        for mail in db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == kind))
    )


@pytest.mark.parametrize("night", NIGHTS)
def test_all_timed_work_is_done_once_while_the_clock_is_changed(app, cast, clock_at, caplog, night):
    zone, sunday, schedules_at, hours = NIGHTS[night]
    there = ZoneInfo(zone)
    saturday, monday = sunday - dt.timedelta(days=1), sunday + dt.timedelta(days=1)
    start = dt.datetime.combine(saturday, dt.time(20), tzinfo=there).astimezone(dt.UTC)
    assert (start + dt.timedelta(hours=hours)).astimezone(there).time() == dt.time(12), (
        "the night has an hour more or less"
    )
    clock_at(start)
    settings.change(
        {
            "business.time_zone": zone, "mail.schedule_time": schedules_at, "mail.master_schedule": "6", "reminders.on": True, "reminders.days": "3",
            "portal.auto_submit_hours": 14, "business.admin_inbox": "office@example.com",
        },
        actor=cast.as_olivia,
    )  # fmt: skip
    lost_hour = dt.time.fromisoformat(schedules_at)
    series = make.repeat(cast.alice, cast.walk, starts_on=saturday, times=[(day, lost_hour) for day in range(7)], pets=[cast.biscuit])  # fmt: skip
    late = make.job(cast.bob, cast.walk, sitter=cast.sita, on_date=sunday, start_time=lost_hour, pets=[cast.bella])
    for day in (sunday, monday):
        make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=day, start_time=dt.time(19), pets=[cast.bella])
    make.basket(
        cast.alice, cast.walk, first_on=sunday + dt.timedelta(days=9), start_time=make.NOON, pets=[cast.biscuit]
    )
    money_factories.invoice(cast.alice, total=Decimal(40), due_on=sunday - dt.timedelta(days=3))
    remind_days = settings.read()["vaccinations.remind_days"]
    vaccinations.add(cast.mochi, {"name": "Rabies", "expires_on": sunday + dt.timedelta(days=remind_days)}, actor=cast.as_olivia)  # fmt: skip
    db.session.execute(sa.delete(OutboxMail))
    db.session.commit()

    with caplog.at_level(logging.ERROR):
        ran = live_through(app, clock_at, start, hours)

    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR] == []
    assert set(ran) == TIMED
    assert ran["make_repeating_visits"] == 1
    # Saturday's schedule time was over in the evening, and Sunday's came in the hour that is lost or doubled.
    schedules = {day: n for day, n in mails("sitter_schedule").items() if day >= sunday.isoformat()}
    assert set(schedules) == {sunday.isoformat(), monday.isoformat()}
    sams = sa.select(OutboxMail).where(OutboxMail.kind == "sitter_schedule", OutboxMail.to_address == "sam@example.com")
    assert Counter(m.facts["for_date"] for m in db.session.scalars(sams)) == {sunday.isoformat(): 1, monday.isoformat(): 1}  # fmt: skip
    assert mails("master_schedule") == {"office@example.com": 1}
    assert mails("invoice_reminder") == {"alice@example.com": 1}
    assert mails("vaccination_due") == {"alice@example.com": 1}
    assert mails("request_auto_submitted") == {"alice@example.com": 1}
    sent = sa.select(sa.func.count(JobRequest.id)).where(JobRequest.client_id == cast.alice.id, JobRequest.number.is_not(None))  # fmt: skip
    assert db.session.scalar(sent) == 1
    alerts = db.session.scalars(sa.select(VisitAlert).where(VisitAlert.job_id == late.id)).all()
    assert len({a.kind for a in alerts}) == len(alerts) > 0
    # At 2:30 in the lost hour counts as 3:30, at 1:30 in the doubled one as the first of the two.
    begins = clock.from_local(sunday, lost_hour)
    assert min(a.raised_at for a in alerts if a.kind.value == "late") > begins
    made = db.session.execute(sa.select(Job.on_date, Job.start_time).where(Job.repeat_id == series.id)).all()
    days = Counter(on_date for on_date, _time in made)
    assert set(days.values()) == {1}
    assert {sunday, monday} <= set(days)
    assert {time for _day, time in made} == {lost_hour}
