"""The month overview, the schedule on paper, and the 14-day schedule by mail."""

import datetime as dt
import re

import pytest

from foundation import clock
from foundation.db import db
from models import Job, JobState
from tests import factories as make
from tests.admin.office.conftest import THURSDAY
from tests.databases import statements
from workflows import master_schedule, settings
from workflows.mail_facts import MailKind

MONTH = "/admin/schedule/?view=month&on=2026-11-26"


@pytest.fixture
def november(cast):
    """Thursday: one by Sam, one by nobody, one cancelled; a stay by Sam from Friday to Sunday."""
    friday = THURSDAY + dt.timedelta(days=1)
    make.job(cast.alice, cast.walk, sitter=cast.sam, pets=[cast.biscuit])
    make.job(cast.alice, cast.walk, start_time=dt.time(15), pets=[cast.biscuit])
    make.job(cast.alice, cast.walk, sitter=cast.sam, state=JobState.CANCELLED)
    make.job(
        cast.alice, cast.overnight, sitter=cast.sam, on_date=friday, ends_on=friday + dt.timedelta(2), start_time=dt.time(18),
        end_time=dt.time(9), pets=[cast.mochi],
    )  # fmt: skip


def cell(page, day):
    """What a screen reader says of a day."""
    found = re.search(rf'<a class="ui-cal__day[^>]*href="([^"]*on={day}[^"]*)"[^>]*>(.*?)</a>', page.html, re.DOTALL)
    words = re.sub(r'<span[^>]*aria-hidden="true">.*?</span>', " ", found[2], flags=re.DOTALL)
    return found[1].replace("&amp;", "&"), " ".join(re.sub(r"<[^>]+>", " ", words).split())


@pytest.mark.covers("V3")
def test_the_month_sums_up_each_day_and_leads_into_it(office, cast, november):
    page = office.get(MONTH)
    url, words = cell(page, "2026-11-26")
    for part in ("2 visits", "1 nobody yet", "1 requested", "1 cancelled"):
        assert part in words, words
    assert "1 visit" in cell(page, "2026-11-29")[1]  # the stay's last day
    assert "nothing booked" in cell(page, "2026-11-10")[1]
    day = office.get(url)
    assert "Thursday, November 26" in day.main
    assert "4 visits this month" in page.main or "visits this month" in page.main


@pytest.mark.covers("V3")
def test_the_month_by_sitter(office, cast, november):
    words = cell(office.get(f"{MONTH}&sitter={cast.sam.id}"), "2026-11-26")[1]
    assert "1 visit" in words
    assert "nobody yet" not in words
    assert "1 nobody yet" in cell(office.get(f"{MONTH}&sitter=none"), "2026-11-26")[1]
    assert "2 visits" in cell(office.get(f"{MONTH}&group={cast.dog_walks.id}"), "2026-11-26")[1]


def test_turning_months_keeps_the_filters(office, cast):
    later = office.get(f"{MONTH}&sitter={cast.sam.id}").follow("Next month")
    assert "December 2026" in later.main
    assert f"sitter={cast.sam.id}" in later.path
    for url in ("/admin/schedule/?view=month&on=2099-12-31", "/admin/schedule/?view=month&on=2000-01-01"):
        office.get(url)


def test_a_month_of_15000_visits_costs_few_queries_and_little_html(office, cast):
    first = dt.date(2026, 11, 1)
    sitters = [make.staff(f"Sitter {n:02}") for n in range(30)]
    model = make.job(cast.alice, cast.walk, sitter=cast.sam)
    columns = {c.name: getattr(model, c.name) for c in Job.__table__.c if c.name not in {"id", "public_id"}}
    db.session.execute(
        Job.__table__.insert(),
        [
            {
                **columns, "public_id": f"m{n:06}", "on_date": first + dt.timedelta(n % 30), "ends_on": first + dt.timedelta(n % 30),
                "sitter_id": sitters[n % 30].id if n % 50 else None,
            }
            for n in range(15_000)
        ],
    )  # fmt: skip
    db.session.commit()
    office.get(MONTH)
    with statements() as sent:
        page = office.get(MONTH)
    assert len(sent) <= 7, sent
    assert len(page.html) <= 200_000
    assert "500 visits" in cell(page, "2026-11-10")[1]


@pytest.mark.covers("V3")
def test_the_schedule_on_paper_is_by_sitter_and_day(office, cast, november):
    cast.alice.address_line1, cast.alice.city, cast.alice.phone = "12 Maple Lane", "Springfield", "+14135550123"
    page = office.get("/admin/schedule/?view=week").follow("Print")
    for part in (
        "Sun, Nov 22 to Sat, Nov 28", "Nobody yet 1 visit", "Sam Stone 2 visits",
        "12:00 PM to 12:30 PM Alice Archer Dog walk Biscuit 12 Maple Lane, Springfield +14135550123",
    ):  # fmt: skip
        assert part in page.main, page.main
    day = office.get(f"/admin/schedule/print?view=day&on={THURSDAY}&sitter={cast.sam.id}")
    assert "Overnight" not in day.main
    fortnight = office.get("/admin/schedule/print?days=14&on=2026-11-23")
    assert "Mon, Nov 23 to Sun, Dec 6" in fortnight.main
    assert "Overnight" in fortnight.main


def test_paper_costs_few_queries(office, cast, november):
    with statements() as sent:
        office.get("/admin/schedule/print?days=14")
    assert len(sent) <= 8


@pytest.mark.covers("V3")
def test_the_14_day_schedule_is_mailed_to_who_asks(office, cast, november, outbox):
    page = office.get("/admin/schedule/print").press("Mail me the 14-day schedule")
    assert "The schedule of 14 days is on its way to olivia@example.com." in page.text
    facts = outbox.facts(MailKind.MASTER_SCHEDULE, to="olivia@example.com")
    assert (facts.first_on, facts.last_on, facts.n_visits) == ("2026-11-23", "2026-12-06", 4)
    assert [s.name for s in facts.sitters] == ["", "Sam Stone", "Sita Singh"]
    assert [(d.for_date, [v.client_name for v in d.visits]) for d in facts.sitters[1].days] == [
        ("2026-11-26", ["Alice Archer"]),
        ("2026-11-27", ["Alice Archer"]),
    ]


def test_the_14_day_schedule_is_mailed_once_on_its_weekday(cast, november, outbox, clock_at):
    assert master_schedule.send_due() is False  # off
    settings.change({"mail.master_schedule": "1"}, actor=cast.as_olivia)
    assert master_schedule.send_due() is False  # Monday
    clock_at("2026-11-24 05:59")
    assert master_schedule.send_due() is False
    clock_at("2026-11-24 06:00")
    assert master_schedule.send_due() is True
    clock_at("2026-11-24 18:00")
    assert master_schedule.send_due() is False
    assert outbox.one(MailKind.MASTER_SCHEDULE).to_address == "olivia@example.com"
    settings.change({"business.admin_inbox": "desk@example.com"}, actor=cast.as_olivia)
    clock_at("2026-12-01 06:00")
    assert master_schedule.send_due() is True
    assert outbox.mails(MailKind.MASTER_SCHEDULE)[-1].to_address == "desk@example.com"
    assert clock.today() == dt.date(2026, 12, 1)


def test_two_workers_mail_it_once(cast, november, together, outbox, clock_at):
    settings.change({"mail.master_schedule": "0"}, actor=cast.as_olivia)
    db.session.commit()
    assert sorted(map(bool, together(master_schedule.send_due, master_schedule.send_due))) == [False, True]
    assert len(outbox.mails(MailKind.MASTER_SCHEDULE)) == 1
