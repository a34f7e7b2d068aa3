"""Row P4: when the sitter came and left, and where, as far as the office shows it."""

import datetime as dt

import pytest

from foundation import clock
from foundation.db import db
from models import JobState, PlaceSource
from tests import factories as make
from tests.databases import statements
from workflows import settings, visits
from workflows.actors import COMMAND_LINE
from workflows.visit_checks import Place

SUNDAY = dt.date(2026, 11, 22)


@pytest.fixture
def job(cast, clock_at):
    """Alice's walk of yesterday: Sam came at 12:03, with a place, and left at 12:31; the office put that right to 12:29."""
    made = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=SUNDAY, pets=[cast.biscuit])
    at_home = Place(PlaceSource.GIVEN, 42.370001, -72.520002, 10)
    clock_at("2026-11-22 12:03")
    visits.check_in(made, actor=cast.as_sam, place=at_home)
    clock_at("2026-11-22 12:31")
    visits.check_out(made, actor=cast.as_sam, place=at_home)
    clock_at("2026-11-23 10:00")
    visits.adjust(
        made, actor=cast.as_max, checked_in_at=made.checked_in_at, reason="Nina saw him leave",
        checked_out_at=clock.from_local(SUNDAY, dt.time(12, 29)),
    )  # fmt: skip
    db.session.commit()
    return made


def show(**values):
    settings.change({f"portal.{key}": value for key, value in values.items()}, actor=COMMAND_LINE)
    db.session.commit()


def text(page):
    return page.text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.covers("P4")
def test_a_client_sees_when_and_where_the_sitter_checked_in_as_the_settings_say(http, cast, sign_in_as_client, job):
    alice = sign_in_as_client(http(), cast.alice)
    pages = ["/portal/schedule?day=2026-11-22", "/portal/schedule/2026-11-22", f"/portal/visits/{job.public_id}"]
    for url in pages:
        page = text(alice.get(url))
        assert "Check-in 12:03 PM" in page
        assert "Check-out 12:29 PM (adjusted by " in page
        assert "12:31" not in page
        for secret in ("openstreetmap", "42.37", "Nina saw"):
            assert secret not in page
    show(show_place=True)
    for url in pages:
        page = alice.get(url).text
        assert page.count("https://www.openstreetmap.org/?mlat=42.370001&amp;mlon=-72.520002") == 1
    show(show_checks=False)
    for url in pages:
        page = text(alice.get(url))
        assert [word in page for word in ("Check-in", "Check-out", "12:03", "12:29", "openstreetmap")] == [False] * 5
    assert sign_in_as_client(http(), cast.bob).get(pages[-1]).status_code == 404


def test_a_visit_that_goes_on_says_since_when_and_costs_one_query(http, cast, sign_in_as_client, clock_at):
    alice = sign_in_as_client(http(), cast.alice)
    today = [
        make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=dt.date(2026, 11, 23), start_time=dt.time(9 + n))
        for n in range(3)
    ]
    db.session.commit()

    def cost():
        with statements() as sent:
            page = text(alice.get("/portal/schedule"))
        return len(sent), page.count("Check-in 10:00 AM")

    none = cost()
    for n, job in enumerate(today, 1):
        visits.check_in(job, actor=cast.as_sam, place=Place())
        db.session.commit()
        assert cost() == (none[0] + 1, n)
    assert today[0].state is JobState.IN_PROGRESS
