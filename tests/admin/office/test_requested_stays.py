"""A stay over several days that was turned back into a request: in the queue, in the batch, in the schedule."""

import datetime as dt
import re
from decimal import Decimal

import pytest

from foundation.db import db
from models import Job, JobRequestLine, LineState, TimeType
from tests import factories as make
from tests.admin.office.test_batch import jobs_of
from workflows.back_to_request import back_to_request

FRI, SAT, SUN = (dt.date(2026, 11, day) for day in (27, 28, 29))
SIX, NINE = dt.time(18), dt.time(9)
WORDS = "Fri, Nov 27, 6:00 PM to Sun, Nov 29, 9:00 AM"


@pytest.fixture
def stay(cast):
    """Alice's overnight stay with Sam, from Friday 18:00 to Sunday 9:00, in the schedule."""
    return make.job(
        cast.alice, cast.overnight, sitter=cast.sam, on_date=FRI, ends_on=SUN, start_time=SIX, end_time=NINE,
        pets=[cast.mochi], price=Decimal(200),
    )  # fmt: skip


@pytest.fixture
def line(cast, stay) -> JobRequestLine:
    """The same stay as a request again."""
    (made,) = back_to_request([stay], actor=cast.as_max)
    db.session.commit()
    return made


@pytest.mark.covers("B12", "B10", "B11")
def test_a_stay_goes_back_from_its_page_and_is_scheduled_again_from_the_batch(office, cast, stay, outbox):
    batch = office.get(f"/admin/visit/{stay.id}/").follow("Back to request").press("Back to request")
    assert jobs_of(cast.alice) == []
    assert batch.path == f"/admin/job-requests/{cast.alice.id}/"
    assert (WORDS in batch.main, "$200.00" in batch.main) == (True, True)
    assert f'aria-label="Overnight, {WORDS}"' in batch.html.replace("\xa0", " ")
    queue = office.get("/admin/job-requests/").main
    assert "Alice Archer" in queue
    done = batch.press("Schedule visits")
    assert "1 visit scheduled. Alice gets one mail." in done.main
    (job,) = jobs_of(cast.alice)
    assert (job.on_date, job.ends_on, job.start_time, job.end_time, job.sitter) == (FRI, SUN, SIX, NINE, cast.sam)
    assert (job.price, job.sitter_pay) == (Decimal(200), Decimal(100))


@pytest.mark.covers("B12")
def test_several_from_the_list_a_stay_among_them(office, cast, stay):
    walk = make.job(cast.alice, cast.walk, on_date=SAT)
    asked = office.post("/admin/visits/action/", action="back_to_request", rowid=[stay.id, walk.id])
    assert "2 visits went back to request." in asked.press("Back to request").text
    lines = db.session.query(JobRequestLine).filter_by(client_id=cast.alice.id).order_by(JobRequestLine.on_date)
    assert [(x.on_date, x.last_on) for x in lines] == [(FRI, SUN), (SAT, SAT)]


@pytest.mark.covers("B12", "B10")
def test_the_form_moves_the_stay_as_long_as_it_is_and_changes_its_times(office, cast, line, batch_url):
    form = office.get(f"{batch_url}lines/{line.id}/")
    for words in ("First day", "Last day", "Empty: it stays as long as it is.", "From (time)", "Until (time)"):
        assert words in form.main, words
    fields = form.fields(f"{batch_url}lines/{line.id}/")
    assert (fields["on_date"], fields["start_time"], fields["end_time"]) == ("2026-11-27", "18:00", "09:00")
    kept = form.press("Save")
    assert (WORDS in kept.main, line.last_on) == (True, SUN)
    moved = office.get(f"{batch_url}lines/{line.id}/").press(
        "Save", on_date="2026-12-03", ends_on="", start_time="17:00", end_time="10:30"
    )
    assert "Requested visit changed." in moved.main
    assert "Thu, Dec 3, 5:00 PM to Sat, Dec 5, 10:30 AM" in moved.main
    assert "$200.00" in moved.main
    (job,) = moved.press("Schedule visits") and jobs_of(cast.alice)
    assert (job.on_date, job.ends_on, job.end_time) == (dt.date(2026, 12, 3), dt.date(2026, 12, 5), dt.time(10, 30))


@pytest.mark.covers("B12", "B10")
def test_the_form_makes_a_stay_longer_or_shorter_and_the_price_follows(office, cast, line, batch_url):
    url = f"{batch_url}lines/{line.id}/"
    longer = office.get(url).press("Save", ends_on="2026-11-30", end_time="12:00")
    assert "Fri, Nov 27, 6:00 PM to Mon, Nov 30, 12:00 PM" in longer.main
    three_nights = line.price
    office.get(url).press("Save", on_date="2026-11-28", ends_on="2026-11-29")
    db.session.expire_all()
    assert (line.on_date, line.last_on, line.price < three_nights) == (SAT, SUN, True)
    wrong = office.get(url).press("Save", ends_on="2026-11-27")
    assert (wrong.status, wrong.fields(url)["ends_on"]) == (422, "2026-11-27")
    (job,) = office.get(batch_url).press("Schedule visits") and jobs_of(cast.alice)
    assert (job.on_date, job.ends_on, job.end_time, job.price) == (SAT, SUN, dt.time(12), line.price)


@pytest.mark.covers("B10")
def test_a_day_of_a_service_over_whole_days_becomes_a_stay(office, cast, batch_url):
    boarding = make.service_item("Boarding", time_type=TimeType.ALL_DAY, price=Decimal(60))
    request = make.job_request(cast.alice)
    day = make.line(request, boarding, on_date=FRI, pets=[cast.mochi], state=LineState.SUBMITTED)
    db.session.commit()
    url = f"{batch_url}lines/{day.id}/"
    assert office.get(url).fields(url)["ends_on"] == ""
    office.get(url).press("Save")
    db.session.expire_all()
    assert (day.ends_on, day.price) == (None, 60)
    office.get(url).press("Save", ends_on="2026-11-29")
    db.session.expire_all()
    assert (day.ends_on, day.price) == (SUN, 120), "two nights"


def test_the_form_says_what_is_wrong_with_a_stay_and_stays_filled(office, line, batch_url):
    url = f"{batch_url}lines/{line.id}/"
    half = office.get(url).press("Save", end_time="")
    assert (half.status, half.fields(url)["start_time"]) == (422, "18:00")
    assert "Give both times of the stay, or neither." in half.main
    odd = office.get(url).press("Save", end_time="25:99")
    assert odd.status == 422
    late = office.get(url).press("Save", on_date="9999-12-31")
    assert late.status == 422


def test_with_a_service_of_one_visit_the_form_asks_for_one_time_and_the_stay_ends(office, cast, line, batch_url):
    url = f"{batch_url}lines/{line.id}/"
    shown = office.post(url, service=cast.walk.id, on_date="2026-11-27", refresh="1")
    assert ("Until (time)" in shown.main, "First day" in shown.main) == (False, False)
    shown.press("Save", start_time="12:00", sitter="none", pets=[cast.biscuit.id])
    db.session.expire_all()
    assert (line.service_item, line.ends_on, line.end_time) == (cast.walk, None, None)


@pytest.mark.covers("B11", "B12")
def test_a_conflict_on_any_day_of_the_stay_shows_and_only_who_is_free_all_along_is_proposed(
    office, cast, line, batch_url
):
    make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=SAT)
    stopped = office.get(batch_url).press("Schedule visits", line=[line.id])
    assert stopped.status == 409
    assert "Overlaps Dog walk, Bob Baker" in stopped.main
    assert "give to Sita Singh" in stopped.main
    busy = make.job(cast.bob, cast.walk, sitter=cast.sita, on_date=SUN, start_time=dt.time(8))
    assert "give to Sita Singh" not in office.get(batch_url).main
    busy.start_time = NINE
    assert "give to Sita Singh" in office.get(batch_url).main
    assert db.session.query(Job).filter_by(client_id=cast.alice.id).count() == 0


@pytest.mark.covers("B12", "V3")
def test_a_requested_stay_stands_on_each_of_its_days_in_the_schedule(office, cast, line):
    batch = f'href="/admin/job-requests/{cast.alice.id}/"'
    for day, there in ((FRI, True), (SAT, True), (SUN, True), (SUN + dt.timedelta(1), False), (FRI - dt.timedelta(1), False)):  # fmt: skip
        page = office.get(f"/admin/schedule/?view=day&on={day}&requests=1")
        assert ((batch in page.html), WORDS in page.main) == (there, there), day
    for week, n_days in (("2026-11-26", 2), ("2026-11-29", 1), ("2026-12-06", 0)):
        page = office.get(f"/admin/schedule/?state=requested&by=client&on={week}")
        assert page.html.count(batch) == n_days, week


@pytest.mark.covers("B12", "V3")
def test_the_month_counts_a_requested_stay_on_each_of_its_days(office, line):
    page = office.get("/admin/schedule/?view=month&on=2026-11-26")
    for day, n in ((26, 1), (27, 1), (28, 1), (29, 1), (30, 0)):  # on the 26th Bob's
        found = re.search(rf'<a class="ui-cal__day[^>]*on=2026-11-{day}[^>]*>(.*?)</a>', page.html, re.DOTALL)
        words = " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())
        assert ("requested" in words) is bool(n), words
    december = office.get("/admin/schedule/?view=month&on=2026-12-10")
    assert "requested" in december.html.split("on=2026-11-29")[1].split("</a>")[0]


@pytest.mark.covers("B12")
def test_the_board_draws_the_requested_stay_from_its_start_to_its_end(office, line):
    answer = office.browser.get("/admin/board/visits?start=2026-11-28&end=2026-11-29&requests=1")
    (visit,) = [v for v in answer.json["visits"] if v.get("line") == line.id]
    look = answer.json["looks"][visit["look"]]
    assert (look["start"], look["end"], look["allDay"], look["movable"]) == (
        "2026-11-27T18:00:00", "2026-11-29T09:00:00", False, False,
    )  # fmt: skip


def test_lists_and_questions_name_both_days(office, cast, line, batch_url):
    assert WORDS in office.get("/admin/request-lines/?view=waiting").main
    assert WORDS in office.get(f"/admin/request-lines/details/?id={line.id}").main
    for tab in ("overview", "requests"):
        assert WORDS in office.get(f"/admin/client/{cast.alice.id}/?tab={tab}").main, tab
    for action in ("declining", "deletion"):
        assert WORDS in office.post(f"{batch_url}{action}", ask="1", line=line.id).main, action


def test_a_cancelled_stay_is_greyed_with_both_days(office, cast, line, batch_url):
    line.state, line.cancelled_at = LineState.CANCELLED, line.submitted_at
    db.session.commit()
    assert f"Overnight, {WORDS}" in office.get(batch_url).main
