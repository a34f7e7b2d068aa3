"""HOME: what needs somebody, today's visits, what came from the portal, the weeks, the first steps."""

import datetime as dt

import pytest

from admin_site import believed, billing_home, home_figures
from admin_site.believed import Believed
from foundation.db import db
from models import Job, JobState, MailState, NotificationKind
from tests import factories as make
from tests import issued
from tests.admin.office.walk import Office
from tests.databases import statements
from workflows import baskets, job_requests

HOME = "/admin/"
TODAY = dt.date(2026, 11, 23)


@pytest.mark.covers("S1")
@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-11-23 08:00", "Good morning, Olivia"),
        ("2026-11-23 12:00", "Good afternoon"),
        ("2026-11-23 21:00", "Good evening"),
    ],
)
def test_greeting_follows_the_clock_of_the_business(cast, http, sign_in_as_staff, clock_at, at, words):
    clock_at(at)
    assert words in Office(sign_in_as_staff(http(), cast.olivia)).get(HOME).main


@pytest.mark.covers("S1")
def test_todays_visits_by_sitter_with_what_is_done_on_now_and_to_go(office, cast):
    common = {"on_date": TODAY, "pets": [cast.biscuit]}
    make.job(cast.alice, cast.walk, sitter=cast.sam, start_time=dt.time(7, 30), state=JobState.COMPLETED, **common)
    make.job(cast.alice, cast.walk, sitter=cast.sam, start_time=dt.time(10), state=JobState.IN_PROGRESS, **common)
    to_go = make.job(cast.alice, cast.walk, sitter=cast.sita, start_time=dt.time(12), **common)
    make.job(cast.alice, cast.walk, start_time=dt.time(16), **common)
    make.job(cast.alice, cast.walk, sitter=cast.sam, start_time=dt.time(9), state=JobState.CANCELLED, **common)
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY + dt.timedelta(days=1))
    page = office.get(HOME)
    assert "Monday, November 23. 4 visits today, the first at 7:30 AM." in page.main
    assert "1 done 1 on now 1 to go 1 with nobody" in page.main
    assert "Sam Stone 1 of 2 done 7:30 AM Biscuit, Dog walk, done 10:00 AM Biscuit, Dog walk, on now" in page.main
    assert "Nobody yet 1 visit 4:00 PM Biscuit, Dog walk, nobody on it" in page.main
    assert page.has_link(f"/admin/visit/{to_go.id}/")


@pytest.mark.covers("S1")
def test_a_stay_that_began_before_today_is_todays_too(office, cast):
    stay = make.job(
        cast.alice,
        cast.overnight,
        sitter=cast.sam,
        on_date=TODAY - dt.timedelta(days=2),
        ends_on=TODAY,
        start_time=dt.time(18),
        end_time=dt.time(10),
    )
    page = office.get(HOME)
    assert "1 visit today." in page.main, "with no time: six in the evening was two days ago"
    assert page.has_link(f"/admin/visit/{stay.id}/")
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY, start_time=dt.time(12), pets=[cast.biscuit])
    page = office.get(HOME)
    assert "2 visits today, the first at 12:00 PM." in page.main
    assert "6:00 PM" not in page.main


@pytest.mark.covers("S1")
def test_visits_with_nobody_on_them_need_somebody(office, cast):
    assert "nobody on" not in office.get(HOME).main
    make.job(cast.alice, cast.walk, on_date=TODAY + dt.timedelta(days=7))
    page = office.get(HOME)
    assert "1 visit in the next 7 days has nobody on it The first is Mon, Nov 30." in page.main
    make.job(cast.alice, cast.walk, on_date=TODAY)
    make.job(cast.alice, cast.walk, on_date=TODAY + dt.timedelta(days=8))
    make.job(cast.alice, cast.walk, on_date=TODAY, state=JobState.CANCELLED)
    page = office.get(HOME)
    assert "1 visit today has nobody on it 1 more in the next 7 days." in page.main
    assert "Nobody yet" in page.follow("Assign").main


@pytest.mark.covers("S1")
def test_failed_mails_and_unsent_baskets_need_somebody(office, cast):
    make.outbox_mail(state=MailState.FAILED)
    make.outbox_mail(state=MailState.SENT)
    page = office.get(HOME)
    assert "1 mail could not be sent" in page.main
    assert page.follow("Outbox").path.startswith("/admin/outbox/")
    assert "1 unsent basket" in page.main
    assert page.follow("Look").path == "/admin/job-requests/baskets/"


def test_nothing_to_do_says_so(office, cast):
    job_requests.delete_lines(cast.bob, cast.bobs_request.lines, actor=cast.as_olivia)
    baskets.clear(cast.bob, actor=cast.as_bob)
    assert "Nothing waits for you." in office.get(HOME).main


# -------------------------------------------------------------------------------------------------- notifications


@pytest.fixture
def three(cast):
    """Three notifications about Alice."""
    facts = {"number": 2, "n_lines": 2, "lines": ["Dog walk, 2026-11-26 12:00"]}
    return [
        make.notification(NotificationKind.REQUEST_RECEIVED, client_id=cast.alice.id, facts=facts),
        make.notification(NotificationKind.REQUEST_CANCELLED, client_id=cast.alice.id, facts={**facts, "n_lines": 1}),
        make.notification(NotificationKind.MAIL_FAILED, facts={"to": "alice@example.com"}),
    ]


@pytest.mark.covers("S1")
def test_each_notification_is_a_sentence_linked_to_its_record(office, cast, three):
    page = office.get(HOME)
    assert "Alice Archer requested 2 visits" in page.main
    assert "Alice Archer cancelled a job request: Dog walk, Thu, Nov 26, 12:00 PM" in page.main
    assert "A mail to alice@example.com could not be sent" in page.main
    assert page.link("Open: Alice Archer requested") == f"/admin/job-requests/{cast.alice.id}/"
    assert page.link("Open: A mail to").startswith("/admin/outbox/")
    assert page.link("Alice Archer") == f"/admin/client/{cast.alice.id}/"


@pytest.mark.covers("S1")
def test_each_is_dismissed_by_its_x_and_looking_dismisses_nothing(office, cast, three):
    page = office.get(HOME)
    page = office.get(HOME).press("Dismiss: Alice Archer requested")
    assert "requested 2 visits" not in page.main
    assert "cancelled a job request" in page.main
    db.session.expire_all()
    assert [n.dismissed_at is not None for n in three] == [True, False, False]
    assert three[0].dismissed_by_id == cast.olivia.id


@pytest.mark.covers("S1")
def test_dismiss_all_leaves_what_came_after_the_page_was_opened(office, cast, three):
    page = office.get(HOME)
    later = make.notification(NotificationKind.REQUEST_AUTO_SUBMITTED, client_id=cast.alice.id, facts={"n_lines": 3})
    page = page.press("Dismiss all shown")
    assert "3 notifications dismissed." in page.main
    assert "Auto-submitted: 3 visits of Alice Archer's forgotten basket" in page.main
    db.session.expire_all()
    assert later.dismissed_at is None


def test_htmx_takes_only_the_line_away(office, three):
    answer = office.post(f"/admin/dismissal/{three[0].id}", headers={"HX-Request": "true"}, follow=False)
    assert (answer.status, answer.html) == (200, "")


@pytest.mark.covers("S1")
def test_names_and_words_of_clients_are_never_markup(office, cast):
    cast.alice.first_name = '<img src=x onerror="alert(1)">%(client)s%s'
    make.notification(
        NotificationKind.REQUEST_CANCELLED, client_id=cast.alice.id, facts={"n_lines": 1, "lines": ["<b>Walk</b> %d"]}
    )
    html = office.get(HOME).html
    assert "<img src=x" not in html
    assert "<b>Walk</b>" not in html
    assert "&lt;b&gt;Walk&lt;/b&gt; %d" in html


# -------------------------------------------------------------------------------------------- weeks and first steps


@pytest.mark.covers("S1")
def test_the_chart_counts_visits_a_week_without_the_cancelled(office, cast):
    db.session.delete(cast.bobs_job)
    for day, n in (
        (TODAY, 3),
        (TODAY - dt.timedelta(days=7), 2),
        (TODAY + dt.timedelta(days=27), 1),
        (TODAY + dt.timedelta(days=28), 9),
    ):
        for _ in range(n):
            make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=day)
    make.job(cast.alice, cast.walk, on_date=TODAY, state=JobState.CANCELLED)
    text = office.get(HOME).main.partition("by the first day of the week")[2]
    assert " ".join(text.split()[:24]) == "Oct 25 0 Nov 1 0 Nov 8 0 Nov 15 2 Nov 22 3 Nov 29 0 Dec 6 0 Dec 13 0"


def this_week(office):
    """How many visits HOME's chart says this week has."""
    text = office.get(HOME).main.partition("by the first day of the week")[2]
    return int(" ".join(text.split()).partition("Nov 22 ")[2].split()[0])


@pytest.mark.covers("S1")
def test_a_big_business_has_its_weeks_counted_every_half_minute_a_small_one_always(office, cast, monkeypatch):
    at = [1000.0]
    monkeypatch.setattr(believed, "monotonic", lambda: at[0])
    monkeypatch.setattr(home_figures, "WEEKS", Believed(at_least=4))
    db.session.delete(cast.bobs_job)
    counted = []
    for seconds in (0, 0, 0, 0, 29.9, 0.1):  # after the last look; each time somebody has booked one more
        at[0] += seconds
        make.job(cast.alice, cast.walk, on_date=TODAY)
        counted.append(this_week(office))
    assert counted == [1, 2, 3, 4, 4, 6]


@pytest.mark.covers("S1")
def test_weeks_that_are_believed_are_those_of_this_day(office, cast, monkeypatch, clock_at):
    monkeypatch.setattr(home_figures, "WEEKS", Believed(at_least=0))
    db.session.delete(cast.bobs_job)
    make.job(cast.alice, cast.walk, on_date=TODAY)
    clock_at("2026-11-23 20:00")
    assert this_week(office) == 1
    make.job(cast.alice, cast.walk, on_date=TODAY)
    assert this_week(office) == 1
    clock_at("2026-11-24 00:30")
    assert this_week(office) == 2


@pytest.mark.covers("S1")
def test_a_big_business_has_what_it_is_owed_added_up_every_half_minute_a_small_one_always(office, cast, monkeypatch):
    at = [1000.0]
    monkeypatch.setattr(believed, "monotonic", lambda: at[0])
    monkeypatch.setattr(billing_home, "OPEN_INVOICES", Believed(at_least=3))
    seen = []
    for seconds in (0, 0, 0, 29.9, 0.1):  # after the last look; each time there is one more invoice of 10
        at[0] += seconds
        issued.invoice(cast.alice, 10)
        seen.append(office.get(HOME).main.partition("Money owed")[2].partition("Visits a week")[0])
    totals = [next(word for word in text.split() if word.startswith("$")) for text in seen]
    assert totals == ["$10.00", "$20.00", "$30.00", "$30.00", "$50.00"]
    assert ["Counted anew every half minute." in text for text in seen] == [False, False, True, True, True]


@pytest.mark.covers("S1")
def test_a_new_business_sees_its_first_steps_until_they_are_done(app, http, sign_in_as_staff):
    owner = make.owner(email="oona@example.com")
    office = Office(sign_in_as_staff(http(), owner))
    page = office.get(HOME)
    assert "First steps 0 of 6 done" in page.main
    assert page.follow("Open settings").path.startswith("/admin/settings/")
    make.setting("business.name", "Paws & Co")
    make.service_item("Walk", visible_in_portal=False)
    assert "First steps 2 of 6 done" in office.get(HOME).main
    make.service_item("Visit")
    make.staff("Sam")
    make.client_login(make.client(email="carla@example.com"))
    assert "First steps" not in office.get(HOME).main


@pytest.mark.covers("S1")
def test_home_at_900_visits_a_day_takes_few_queries(office, cast):
    office.get(HOME)
    with statements() as few:
        office.get(HOME)
    people = [make.staff(f"Sitter {n}") for n in range(60)]
    proto = make.job(cast.alice, cast.walk, on_date=TODAY)
    db.session.flush()
    common = {
        c.name: getattr(proto, c.name)
        for c in Job.__table__.columns
        if c.name not in {"id", "public_id", "sitter_id", "start_time"}
    }
    db.session.execute(
        Job.__table__.insert(),
        [
            {**common, "public_id": f"p{n}", "sitter_id": people[n % 60].id, "start_time": dt.time(6 + n % 15)}
            for n in range(900)
        ],
    )
    for n in range(40):
        make.notification(client_id=cast.alice.id, facts={"n_lines": n})
    with statements() as many:
        page = office.get(HOME)
    assert len(many) <= 13
    assert len(few) <= 11
    assert "901 visits today" in page.main
    assert "49 more sitters in the schedule" in page.main
    assert len(page.html) < 90_000
