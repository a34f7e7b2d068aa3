"""The red badge and HOME's sentence: how many clients wait, on every page."""

import datetime as dt
import re

import pytest

from foundation.db import db
from models import LineState
from tests import factories as make
from workflows import job_requests

PAGES = (
    "/admin/", "/admin/schedule/", "/admin/job-requests/", "/admin/job-requests/baskets/", "/admin/job-requests/done/",
    "/admin/visit/new", "/admin/clients/", "/admin/pets/", "/admin/services/", "/admin/log/", "/admin/outbox/",
)  # fmt: skip


def badge(page):
    """The number beside "Job requests" and what is read aloud, or None."""
    entry = re.search(r'<a href="/admin/job-requests/"[^>]*>.*?</a>', page.html)[0]
    found = re.search(r'aria-hidden="true">(\d+)</span><span class="ui-vh">([^<]+)<', entry)
    return (int(found[1]), found[2]) if found else None


@pytest.mark.covers("B7")
def test_badge_counts_clients_not_visits_on_every_page(office, cast, alices_request):
    pages = [*PAGES, f"/admin/client/{cast.bob.id}/", f"/admin/visit/{cast.bobs_job.id}/"]
    assert {badge(office.get(path)) for path in pages} == {(2, "2 clients with outstanding job requests")}


@pytest.mark.covers("B7")
def test_home_says_the_same_and_both_lead_to_the_queue(office, alices_request):
    home = office.get("/admin/")
    assert "2 clients with outstanding job requests" in home.main
    assert home.follow("Process requests").path == "/admin/job-requests/"
    assert home.follow("Job requests").path == "/admin/job-requests/"


@pytest.mark.covers("B7")
def test_badge_goes_down_with_every_decision_and_disappears_with_the_last(office, cast, alices_request):
    job_requests.cancel_request(alices_request, actor=cast.as_alice)
    assert badge(office.get("/admin/")) == (1, "1 client with outstanding job requests")
    job_requests.decline(cast.bob, cast.bobs_request.lines, reason="Full.", actor=cast.as_olivia)
    page = office.get("/admin/")
    assert badge(page) is None
    assert "outstanding" not in page.text


def test_baskets_do_not_count(office, cast):
    make.basket(cast.alice, cast.walk)
    assert badge(office.get("/admin/"))[0] == 1


def test_home_names_the_soonest_day_and_what_was_auto_submitted(office, cast):
    make.sent_request(
        cast.alice, cast.walk, first_on=dt.date(2026, 11, 24), auto_submitted=True, state=LineState.SUBMITTED
    )
    db.session.commit()
    assert "2 visits. The soonest is tomorrow. 1 was auto-submitted." in office.get("/admin/").main
