"""The queue: one row a client, sortable, marked; what the client cancelled is greyed until it is dismissed."""

import datetime as dt
import re

import pytest

from foundation import clock
from foundation.db import db
from models import JobRequestLine, LineState
from tests import factories as make
from tests.admin.office.walk import Office
from tests.databases import statements
from workflows import job_requests

QUEUE = "/admin/job-requests/"
TODAY = dt.date(2026, 11, 23)


def names(page):
    """The clients in the order of the table."""
    return re.findall(r'class="ui-table__main" href="/admin/job-requests/\d+/">([^<]+)</a>', page.html)


def row(page, name):
    """The words of a client's row."""
    cells = next(r for r in page.html.split("<tr")[1:] if f">{name}</a>" in r)
    return " ".join(re.sub(r"<[^>]+>", " ", cells.partition("</tr>")[0].partition(">")[2]).split())


@pytest.mark.covers("B10")
def test_a_client_has_one_row_with_count_first_date_and_when_it_was_sent(office, cast, alices_request):
    make.sent_request(cast.alice, cast.walk, first_on=dt.date(2026, 12, 1))
    page = office.get(QUEUE)
    assert names(page) == ["Alice Archer", "Bob Baker"]
    assert row(page, "Alice Archer") == "AA Alice Archer 3 Thu, Nov 26 Today, 10:00 AM"
    assert row(page, "Bob Baker") == "BB Bob Baker 1 Thu, Nov 26 Today, 10:00 AM"


@pytest.mark.covers("B10")
@pytest.mark.parametrize(
    ("start", "day", "soon"),
    [
        (dt.time(10, 0), TODAY + dt.timedelta(days=1), True),  # exactly 24 hours
        (dt.time(10, 1), TODAY + dt.timedelta(days=1), False),
        (dt.time(8, 0), TODAY, True),  # has begun already
        (None, TODAY + dt.timedelta(days=1), True),  # counts from midnight
        (dt.time(0, 0), TODAY + dt.timedelta(days=2), False),
    ],
)
def test_a_visit_that_starts_within_24_hours_is_flagged(office, cast, start, day, soon):
    make.sent_request(cast.alice, cast.walk, first_on=day, start_time=start)
    make.sent_request(cast.alice, cast.walk, first_on=TODAY + dt.timedelta(days=9), start_time=dt.time(9))
    assert ("Starts within 24 hours" in row(office.get(QUEUE), "Alice Archer")) is soon
    assert "Starts within 24 hours" not in row(office.get(QUEUE), "Bob Baker")
    assert "12:00 AM" not in row(office.get(QUEUE), "Alice Archer")  # nobody asked for midnight


@pytest.mark.covers("B10")
def test_a_time_block_counts_from_its_start(office, cast):
    tomorrow = TODAY + dt.timedelta(days=1)
    make.sent_request(cast.alice, cast.cat_visit, first_on=tomorrow, block=cast.morning)
    assert "Starts within 24 hours" in row(office.get(QUEUE), "Alice Archer")
    db.session.query(JobRequestLine).filter_by(client_id=cast.alice.id).update({"time_block_id": cast.evening.id})
    assert "Starts within 24 hours" not in row(office.get(QUEUE), "Alice Archer")


@pytest.mark.covers("B10", "B8")
def test_auto_submitted_requests_are_marked(office, cast):
    make.sent_request(cast.alice, cast.walk, auto_submitted=True)
    page = office.get(QUEUE)
    assert "Auto-submitted" in row(page, "Alice Archer")
    assert "Auto-submitted" not in row(page, "Bob Baker")


@pytest.fixture
def three(cast):
    """Alice: 2 visits from 1 December, sent last; Bob: 1 on 26 November, sent first; Cleo: 3 from 30 November."""
    cleo = make.client("Cleo", "Aaron")
    now = clock.now()
    make.sent_request(cast.alice, cast.walk, n_lines=2, first_on=dt.date(2026, 12, 1), submitted_at=now)
    make.sent_request(
        cleo, cast.walk, n_lines=3, first_on=dt.date(2026, 11, 30), submitted_at=now - dt.timedelta(hours=1)
    )
    for line in cast.bobs_request.lines:
        line.submitted_at = now - dt.timedelta(days=2)
    db.session.flush()


@pytest.mark.covers("B10")
@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("", "Bob Cleo Alice"),
        ("?sort=first", "Bob Cleo Alice"),
        ("?sort=first&desc=1", "Alice Cleo Bob"),
        ("?sort=count", "Bob Alice Cleo"),
        ("?sort=count&desc=1", "Cleo Alice Bob"),
        ("?sort=sent", "Bob Cleo Alice"),
        ("?sort=sent&desc=1", "Alice Cleo Bob"),
        ("?sort=name", "Alice Bob Cleo"),
        ("?sort=name&desc=1", "Cleo Bob Alice"),
        ("?sort=nonsense&desc=maybe", "Bob Cleo Alice"),
    ],
)
def test_queue_is_sorted_by_each_column(office, three, query, order):
    assert [name.split()[0] for name in names(office.get(QUEUE + query))] == order.split()


@pytest.mark.covers("B10")
def test_column_heads_sort_and_turn_the_order_round(office, three):
    page = office.get(QUEUE).follow("Visits")
    assert names(page)[0] == "Bob Baker"
    assert 'aria-sort="ascending"' in page.html
    assert names(page.follow("Visits"))[0] == "Cleo Aaron"


@pytest.mark.covers("C3")
def test_cancelled_visits_stay_greyed_until_they_are_dismissed_and_readable_for_ever(
    office, cast, alices_request, batch_url
):
    job_requests.cancel_lines(cast.alice, [alices_request.lines[0]], actor=cast.as_alice)
    assert row(office.get(QUEUE), "Alice Archer").startswith("AA Alice Archer 1 + 1 cancelled")
    page = office.get(batch_url)
    assert "Cancelled by the client" in page.main
    assert re.search(r'<tr class="is-off">.*?Dog walk, Thu, Nov 26, 12:00', page.html, re.DOTALL)
    assert page.fields(f"{batch_url}scheduling").getlist("line") == [str(alices_request.lines[1].id)]

    page = page.press("Dismiss", at="dismissal")
    assert "1 cancelled visit dismissed." in page.main
    assert "Cancelled by the client" not in page.main
    assert "cancelled" not in row(office.get(QUEUE), "Alice Archer")
    history = office.get(f"/admin/client/{cast.alice.id}/?tab=requests").main
    assert "Request #2" in history
    assert "Cancelled" in history
    log = office.get(f"/admin/client/{cast.alice.id}/?tab=log").main
    assert (
        "Alice Archer cancelled a job request: 1 visit Dog walk, Thu, Nov 26, 12:00 PM Today, 10:00 AM, portal" in log
    )


@pytest.mark.covers("C3")
def test_a_wholly_cancelled_request_keeps_its_row_without_counting(office, cast, alices_request, batch_url):
    job_requests.cancel_request(alices_request, actor=cast.as_alice)
    page = office.get(QUEUE)
    assert names(page) == ["Bob Baker", "Alice Archer"]
    assert row(page, "Alice Archer") == "AA Alice Archer 2 cancelled Cancelled by the client"
    assert "Waiting 1 Unsent" in page.main
    page = office.get(batch_url).press("Dismiss")
    assert page.path == QUEUE
    assert names(page) == ["Bob Baker"]


def test_dismissing_one_client_leaves_the_others(office, cast, alices_request, batch_url):
    job_requests.cancel_request(alices_request, actor=cast.as_alice)
    job_requests.cancel_lines(cast.bob, cast.bobs_request.lines, actor=cast.as_bob)
    office.get(batch_url).press("Dismiss")
    assert names(office.get(QUEUE)) == ["Bob Baker"]


def test_empty_queue_says_so(office, cast):
    job_requests.delete_lines(cast.bob, cast.bobs_request.lines, actor=cast.as_olivia)
    page = office.get(QUEUE)
    assert "Nothing is waiting" in page.main
    assert names(page) == []


@pytest.mark.covers("B10")
def test_decided_requests_are_listed_with_who_and_why(office, cast, alices_request):
    job_requests.decline(cast.alice, alices_request.lines[:1], reason="Full on Thursday.", actor=cast.as_olivia)
    job_requests.schedule(cast.alice, alices_request.lines[1:], actor=cast.as_max)
    declined, done = office.get(f"{QUEUE}declined/").main, office.get(f"{QUEUE}done/").main
    assert "Olivia Owens declined 1 requested visit" in declined
    assert "“Full on Thursday.”" in declined
    assert "scheduled" not in declined
    assert "Max Mason scheduled 1 requested visit" in done
    assert "Olivia Owens declined 1 requested visit" in done


def test_decisions_older_than_a_month_are_left_to_the_log(cast, alices_request, clock_at, http, sign_in_as_staff):
    job_requests.decline(cast.alice, alices_request.lines, reason="Full.", actor=cast.as_olivia)
    db.session.commit()
    clock_at("2026-12-24 10:00")
    office = Office(sign_in_as_staff(http(), cast.olivia))
    assert "declined 2" not in office.get(f"{QUEUE}declined/").main


@pytest.mark.covers("B10")
def test_queue_of_500_clients_takes_as_many_queries_as_one_of_two(office, cast):
    make.sent_request(cast.alice, cast.walk, first_on=TODAY)
    office.get(QUEUE)
    with statements() as few:
        office.get(QUEUE)
    for n in range(500):
        make.sent_request(
            make.client(f"Client {n}"), cast.walk, first_on=TODAY + dt.timedelta(days=n % 30), state=LineState.SUBMITTED
        )
    with statements() as many:
        page = office.get(QUEUE)
    assert len(many) == len(few) <= 9
    assert len(names(page)) == 50
    assert "502 clients" in page.main
    assert len(names(office.get(f"{QUEUE}?page=11"))) == 2
    assert names(office.get(f"{QUEUE}?page=99")) == names(office.get(f"{QUEUE}?page=11"))
