"""A stay over several days that the office turned back into a request, as the client sees it."""

import datetime as dt
from decimal import Decimal

import pytest
import vobject

from foundation.db import db
from models import JobRequestLine, LineState
from tests import factories as make
from tests.portal.test_calendar import path_of
from tests.portal.test_schedule_pages import cards, cell
from workflows import job_requests
from workflows.back_to_request import back_to_request

FRI, SUN = dt.date(2026, 11, 27), dt.date(2026, 11, 29)
WORDS = "Fri, Nov 27, 6:00 PM to Sun, Nov 29, 9:00 AM"


@pytest.fixture
def line(cast) -> JobRequestLine:
    """Alice's overnight stay from Friday 18:00 to Sunday 9:00, which waits again."""
    return asked(cast, FRI, SUN)


def asked(cast, first, last, start=dt.time(18), end=dt.time(9)) -> JobRequestLine:
    """A stay that was booked and went back to request."""
    stay = make.job(
        cast.alice, cast.overnight, sitter=cast.sam, on_date=first, ends_on=last, start_time=start, end_time=end,
        pets=[cast.mochi], price=Decimal(200),
    )  # fmt: skip
    (made,) = back_to_request([stay], actor=cast.as_max)
    db.session.commit()
    return made


@pytest.mark.covers("B12", "P3", "C1")
def test_the_requested_stay_stands_on_every_day_that_it_touches(walk, cast):
    asked(cast, dt.date(2026, 12, 30), dt.date(2027, 1, 2))
    alice = walk(cast.alice)
    for day in ("2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02"):
        ((kind, text),) = cards(alice.get(f"/portal/schedule/{day}"))
        assert kind == "ui-visit--req"
        assert "Wed, Dec 30, 6:00 PM to Sat, Jan 2, 2027, 9:00 AM REQ: waiting REQ: Overnight Mochi" in text
        for url in (f"/portal/schedule?month={day[:7]}", f"/portal/schedule?month={day[:7]}&day={day}"):
            said = cell(alice.get(url), day)
            assert "Overnight" in said
            assert "REQ: requested, waiting for an answer" in said
        assert len(cards(alice.get(f"/portal/schedule?month={day[:7]}&day={day}"))) == 1
    for day in ("2026-12-29", "2027-01-03"):
        assert "Nothing on this day" in alice.get(f"/portal/schedule/{day}").text
    assert "nothing booked" in cell(alice.get("/portal/schedule?month=2026-12"), "2026-12-29")
    assert "<b>REQ: 6:00" in cell(alice.get("/portal/schedule?month=2026-12"), "2026-12-30").replace("\u202f", " ")


@pytest.mark.covers("B12", "P3")
def test_the_schedule_says_once_from_when_to_when_the_stay_is_asked_for(walk, cast, line, clock_at):
    page = walk(cast.alice).get("/portal/schedule")
    assert "1 requested visit is waiting for My pet care business" in page.text
    assert f'<li>REQ: Overnight, {WORDS} <span class="u-nowrap">(<a' in page.html.replace("\xa0", " ")
    clock_at("2026-11-28 12:00")
    beside = walk(cast.alice).get("/portal/schedule").text.split("Coming visits")[1]
    assert "Saturday, November 28 · Today" in beside, "a stay that would be on stands under today"
    assert WORDS in beside
    clock_at("2026-11-30 12:00")
    assert "REQ: Overnight" not in walk(cast.alice).get("/portal/schedule").text.split("Coming visits")[-1].split("What the marks")[0]  # fmt: skip


@pytest.mark.covers("B12", "C1")
def test_the_client_cancels_the_requested_stay_from_its_last_day(walk, cast, line, outbox):
    outbox.clear()
    alice, path = walk(cast.alice), f"/portal/requests/lines/{line.public_id}/cancellation"
    assert path in alice.get(f"/portal/schedule/{SUN}").links()
    assert WORDS in alice.get(path).text
    alice.press(alice.get(path), path)
    db.session.expire_all()
    assert line.state is LineState.CANCELLED
    ((kind, _text),) = cards(alice.get(f"/portal/schedule/{SUN}"))
    assert kind == "ui-visit--off"
    assert [m.kind for m in outbox.mails()] == ["request_cancelled"]
    assert WORDS in alice.get(f"/portal/requests/{line.request.public_id}").text


@pytest.mark.covers("B12", "C2")
def test_the_request_shows_the_stay_and_then_the_visit_that_came_of_it(walk, cast, line):
    alice, path = walk(cast.alice), f"/portal/requests/{line.request.public_id}"
    for url in (path, "/portal/requests", f"{path}/cancellation"):
        assert WORDS in alice.get(url).text, url
    job_requests.schedule(cast.alice, [line], actor=cast.as_max)
    db.session.commit()
    for url in (path, f"/portal/schedule/{SUN}"):
        page = alice.get(url)
        assert (WORDS in page.text, "REQ: Overnight" in page.text) == (True, False), url


@pytest.mark.covers("B12", "P3")
def test_whole_days_that_are_asked_for_say_their_first_and_their_last(walk, cast):
    asked(cast, FRI, SUN, None, None)
    ((_kind, text),) = cards(walk(cast.alice).get(f"/portal/schedule/{SUN}"))
    assert text.startswith("Fri, Nov 27 to Sun, Nov 29 REQ: waiting")


@pytest.mark.covers("B12", "P7")
@pytest.mark.parametrize("has_times", [True, False])
def test_the_calendar_holds_the_requested_stay_as_tentative_from_its_start_to_its_end(walk, cast, http, has_times):
    line = asked(cast, FRI, SUN, *((dt.time(18), dt.time(9)) if has_times else (None, None)))
    alice = walk(cast.alice)
    feed = path_of(alice.press(alice.get("/portal/calendar"), "/portal/calendar", do="on"))
    (event,) = vobject.readOne(http().get(feed).text).vevent_list
    assert (event.summary.value, event.status.value) == ("REQ: Overnight: Mochi", "TENTATIVE")
    begins, ends = event.dtstart.value, event.dtend.value
    if has_times:
        assert (begins.replace(tzinfo=None), ends.replace(tzinfo=None)) == (
            dt.datetime(2026, 11, 27, 18), dt.datetime(2026, 11, 29, 9),
        )  # fmt: skip
    else:
        assert (begins, ends) == (FRI, SUN + dt.timedelta(days=1))
    job_requests.schedule(cast.alice, [line], actor=cast.as_max)
    db.session.commit()
    (booked,) = vobject.readOne(http().get(feed).text).vevent_list
    assert (booked.uid.value, booked.status.value, booked.dtend.value) == (event.uid.value, "CONFIRMED", ends)


def test_a_stay_that_reaches_into_the_feed_s_days_is_held(walk, cast, http, clock_at):
    asked(cast, FRI, SUN)
    alice = walk(cast.alice)
    feed = path_of(alice.press(alice.get("/portal/calendar"), "/portal/calendar", do="on"))
    clock_at("2027-02-26 12:00")  # 90 days back begin on the stay's Saturday
    assert "REQ: Overnight" in http().get(feed).text
    clock_at("2027-02-28 12:00")
    assert "REQ: Overnight" not in http().get(feed).text


@pytest.mark.covers("B12")
def test_nobody_else_sees_the_requested_stay(walk, cast, line):
    bob = walk(cast.bob)
    assert "Overnight" not in bob.get(f"/portal/schedule/{FRI}").html
    assert bob.get(f"/portal/requests/lines/{line.public_id}/cancellation").status == 404
    assert "Overnight" not in bob.get("/portal/schedule?month=2026-11").html
