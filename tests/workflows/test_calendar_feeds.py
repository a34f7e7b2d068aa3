"""Private calendar addresses: who has one, when it is dead, and what it holds."""

import datetime as dt

import pytest

from models import Activity, CalendarFeed, ClientStatus, JobState, LineState
from tests import factories as make
from tests.databases import count, statements
from workflows import calendar_feeds, job_requests, settings
from workflows.actors import COMMAND_LINE, client_actor, staff_actor, staff_as_client
from workflows.errors import NotAllowed

KEY = "k" * 40
THU = make.DAY


@pytest.fixture
def login(cast):
    return make.client_login(cast.alice)


@pytest.fixture
def as_login(cast, login):
    return client_actor(cast.alice, login)


@pytest.fixture
def feed(login, as_login):
    return calendar_feeds.turn_on(login, actor=as_login)


def held(feed):
    return [(e.on_date, e.service, e.status) for e in calendar_feeds.entries(feed)]


@pytest.mark.covers("P7")
def test_turn_on_renew_and_off_change_the_address_and_are_logged(login, as_login, feed, db_session):
    first = calendar_feeds.sign(KEY, feed)
    assert calendar_feeds.read(KEY, first) is feed
    assert calendar_feeds.turn_on(login, actor=as_login) is feed
    assert calendar_feeds.sign(KEY, feed) == first, "on already: nothing changes"
    calendar_feeds.renew(login, actor=as_login)
    second = calendar_feeds.sign(KEY, feed)
    assert (calendar_feeds.read(KEY, first), calendar_feeds.read(KEY, second)) == (None, feed)
    calendar_feeds.turn_off(login, actor=as_login)
    calendar_feeds.turn_off(login, actor=as_login)
    assert calendar_feeds.read(KEY, second) is None
    calendar_feeds.turn_on(login, actor=as_login)
    assert calendar_feeds.read(KEY, second) is None, "what was off does not come back to life"
    assert calendar_feeds.read(KEY, calendar_feeds.sign(KEY, feed)) is feed
    verbs = [a.verb for a in db_session.query(Activity).order_by(Activity.id)]
    assert verbs == ["calendar_feed.on", "calendar_feed.renewed", "calendar_feed.off", "calendar_feed.on"]
    assert count(CalendarFeed) == 1


def test_only_the_owner_may_and_not_the_office_in_the_portal(cast, login):
    for who in (cast.as_bob, cast.as_max, staff_as_client(cast.max, cast.alice), client_actor(cast.alice)):
        for verb in (calendar_feeds.turn_on, calendar_feeds.renew, calendar_feeds.turn_off):
            with pytest.raises(NotAllowed):
                verb(login, actor=who)
    with pytest.raises(NotAllowed):
        calendar_feeds.turn_on(cast.sam, actor=cast.as_max)
    assert count(CalendarFeed) == 0


@pytest.mark.covers("P7", "P8")
def test_an_address_is_dead_when_altered_or_its_owner_is_out_or_the_switch_is_off(cast, login, feed):
    token = calendar_feeds.sign(KEY, feed)
    for wrong in ("", "x", token[:-1], token + "x", calendar_feeds.sign("o" * 40, feed)):
        assert calendar_feeds.read(KEY, wrong) is None
    for key in ("portal.calendar_feed", "portal.schedule"):
        settings.change({key: False}, actor=COMMAND_LINE)
        assert calendar_feeds.read(KEY, token) is None, key
        settings.change({key: True}, actor=COMMAND_LINE)
    for record, field, off in (
        (login, "is_active", False), (cast.alice, "portal_enabled", False), (cast.alice, "status", ClientStatus.ARCHIVED),
    ):  # fmt: skip
        before = getattr(record, field)
        setattr(record, field, off)
        assert calendar_feeds.read(KEY, token) is None, field
        setattr(record, field, before)
    assert calendar_feeds.read(KEY, token) is feed


def test_a_sitter_s_address_dies_with_the_account(cast):
    feed = calendar_feeds.turn_on(cast.sam, actor=staff_actor(cast.sam))
    token = calendar_feeds.sign(KEY, feed)
    assert calendar_feeds.read(KEY, token) is feed
    cast.sam.is_active = False
    assert calendar_feeds.read(KEY, token) is None


@pytest.mark.covers("P7")
def test_a_client_s_feed_holds_what_the_schedule_shows_and_requests_as_tentative(cast, feed):
    request = make.sent_request(cast.alice, cast.walk, n_lines=2, start_time=make.NOON, pets=[cast.biscuit], number=5)
    make.job(cast.alice, cast.cat_visit, on_date=THU, start_time=None, block=cast.morning)
    make.job(cast.alice, cast.walk, on_date=THU + dt.timedelta(days=7), state=JobState.CANCELLED)
    make.job(cast.alice, cast.walk, on_date=dt.date(2026, 10, 1), state=JobState.CANCELLED)
    make.job(cast.alice, make.service_item("Key run", is_internal=True))
    make.job(cast.alice, cast.walk, state=JobState.VOIDED)
    make.job(cast.alice, cast.walk, on_date=dt.date(2025, 1, 1))
    request.lines[1].state = LineState.DECLINED
    assert held(feed) == [
        (THU, "Cat visit", "CONFIRMED"), (THU, "Dog walk", "TENTATIVE"),
        (THU + dt.timedelta(days=7), "Dog walk", "CANCELLED"),
    ] or held(feed) == [
        (THU, "Dog walk", "TENTATIVE"), (THU, "Cat visit", "CONFIRMED"),
        (THU + dt.timedelta(days=7), "Dog walk", "CANCELLED"),
    ]  # fmt: skip


@pytest.mark.covers("P7")
def test_the_uid_stays_from_the_request_to_the_visit_and_the_sequence_grows(cast, feed, db_session):
    request = make.sent_request(cast.alice, cast.walk, start_time=make.NOON, pets=[cast.biscuit], number=5)
    (asked,) = calendar_feeds.entries(feed)
    job_requests.schedule(cast.alice, request.lines, actor=cast.as_max)
    db_session.commit()
    (booked,) = calendar_feeds.entries(feed)
    assert (asked.uid, asked.status, booked.status) == (booked.uid, "TENTATIVE", "CONFIRMED")
    assert booked.sequence > asked.sequence
    assert (booked.sitter, booked.pets) == ("Sam", ("Biscuit",))
    settings.change({"portal.show_sitter": False}, actor=COMMAND_LINE)
    assert calendar_feeds.entries(feed)[0].sitter == ""


def test_a_sitter_s_feed_holds_own_visits_with_the_address(cast):
    cast.alice.address_line1, cast.alice.city = "12 Maple Lane", "Springfield"
    make.job(cast.alice, cast.walk, sitter=cast.sam, note="Blue harness", staff_note="Alarm is off")
    feed = calendar_feeds.turn_on(cast.sam, actor=staff_actor(cast.sam))
    (entry,) = calendar_feeds.entries(feed)
    assert (entry.client, entry.address, entry.note) == (
        "Alice Archer", "12 Maple Lane, Springfield", "Blue harness\nAlarm is off",
    )  # fmt: skip


def test_times_are_the_business_s_wall_clock_also_over_midnight_and_on_dst_days(cast, feed):
    sunday = dt.date(2027, 3, 14)  # the clocks go from 2:00 to 3:00
    make.job(cast.alice, cast.walk, on_date=sunday, start_time=dt.time(1, 45))
    facts = {
        "sitter": cast.sam,
        "on_date": sunday,
        "ends_on": sunday,
        "start_time": dt.time(2, 30),
        "end_time": dt.time(3),
    }
    make.job(cast.bob, cast.walk, **facts)
    (in_gap,) = calendar_feeds.entries(calendar_feeds.turn_on(cast.sam, actor=staff_actor(cast.sam)))
    assert (f"{in_gap.starts:%H:%M}", f"{in_gap.ends:%H:%M}") == ("03:30", "04:00")
    make.job(cast.alice, cast.walk, on_date=dt.date(2026, 11, 27), start_time=None, block=cast.night)
    make.job(
        cast.alice, cast.overnight, on_date=dt.date(2026, 12, 24), ends_on=dt.date(2026, 12, 27),
        start_time=dt.time(18), end_time=dt.time(9),
    )  # fmt: skip
    make.job(cast.alice, cast.overnight, on_date=dt.date(2026, 12, 30), ends_on=dt.date(2026, 12, 31), start_time=None)
    times = {e.on_date: (e.starts and f"{e.starts:%d %H:%M}", e.ends and f"{e.ends:%d %H:%M}", e.ends_on) for e in calendar_feeds.entries(feed)}  # fmt: skip
    assert times == {
        dt.date(2026, 11, 27): ("27 22:00", "28 06:00", dt.date(2026, 11, 28)),
        dt.date(2026, 12, 24): ("24 18:00", "27 09:00", dt.date(2026, 12, 27)),
        dt.date(2026, 12, 30): (None, None, dt.date(2026, 12, 31)),
        sunday: ("14 01:45", "14 03:15", sunday),
    }


@pytest.mark.parametrize("n_visits", [1, 40])
def test_entries_cost_the_same_few_queries_however_many(cast, feed, n_visits, db_session):
    for n in range(n_visits):
        make.job(
            cast.alice, cast.walk, on_date=THU + dt.timedelta(days=n), pets=[cast.biscuit, cast.mochi], sitter=cast.sam
        )
    make.sent_request(cast.alice, cast.cat_visit, n_lines=n_visits, block=cast.morning, pets=[cast.mochi])
    db_session.commit()
    settings.read()
    db_session.expire_all()
    with statements() as sent:
        assert len(calendar_feeds.entries(feed)) == 2 * n_visits
    assert len(sent) <= 8
