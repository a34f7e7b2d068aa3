"""The frame of every page: header, banner of the forgotten basket, the view that the office opened, queries."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import Activity, ActorKind, Realm, SignIn, Via
from tests import factories as make
from tests.conftest import _put_cookie as put_cookie
from tests.databases import statements
from tests.portal.conftest import Walker
from workflows import portal_views, sign_ins

DAY = make.DAY


def pages_of(client):
    """Every page that a client can open, with the ids of the oldest request and basket in it."""
    paths = [
        "/portal/schedule",
        f"/portal/schedule?day={DAY}",
        f"/portal/schedule/{DAY}",
        "/portal/request",
        "/portal/requests",
    ]
    own = db.session.scalars(
        sa.select(make.JobRequest).where(make.JobRequest.client_id == client.id).order_by(make.JobRequest.id)
    )
    for request in own.all()[:2]:
        line = min(request.lines, key=lambda x: x.id).public_id
        if request.is_basket:
            paths += [f"/portal/request/lines/{line}", "/portal/request/clearing"]
        else:
            paths += [
                f"/portal/requests/{request.public_id}", f"/portal/requests/{request.public_id}/cancellation",
                f"/portal/requests/lines/{line}/cancellation",
            ]  # fmt: skip
    return paths


@pytest.fixture
def busy(cast):
    """Alice with one of each: a sent request, a basket, a visit."""
    make.sent_request(cast.alice, cast.walk, number=17, pets=[cast.biscuit])
    make.basket(cast.alice, cast.walk, first_on=DAY + dt.timedelta(1), pets=[cast.biscuit])
    make.job(cast.alice, cast.walk, sitter=cast.sam, pets=[cast.biscuit])
    db.session.commit()
    return cast


@pytest.mark.covers("B3", "P9", "B8")
def test_every_page_has_the_whole_frame(walk, busy, change_settings):
    change_settings({
        "business.name": "Maple Lane", "business.phone": "020 7946 0018", "business.email": "hi@maple.example",
        "business.logo": "logos/AAAAAAAAAAAAAAAAAAAA.webp", "portal.button_label": "Our site",
        "portal.button_url": "https://maple.example/", "portal.notice": "We are closed on Friday.",
    })  # fmt: skip
    alice = walk(busy.alice)
    for path in pages_of(busy.alice):
        page = alice.get(path)
        assert page.status == 200, path
        for words in ("Maple Lane", "Alice Archer", "4417 209 318", "Our site", "We are closed on Friday.", "020 7946 0018", "hi@maple.example", "1 visit is not sent yet.", "we send it for you tomorrow at 10:00\xa0AM"):  # fmt: skip
            assert words in page.text or words.replace("\xa0", " ") in page.text, (path, words)
        assert page.html.index("4417 209 318") < page.html.index("Request Services</a>"), path
        assert 'src="/business-logo/logos/AAAAAAAAAAAAAAAAAAAA.webp"' in page.html, path
        assert page.form("/portal/log-out").method == "post", path


@pytest.mark.covers("P9")
def test_the_business_name_can_be_hidden_behind_the_logo(walk, busy, change_settings):
    change_settings({"business.name": "Maple Lane", "business.logo": "logos/AAAAAAAAAAAAAAAAAAAA.webp", "portal.hide_business_name": True})  # fmt: skip
    html = walk(busy.alice).get("/portal/schedule").html
    assert 'alt="Maple Lane"' in html
    assert ">Maple Lane</span>" not in html


@pytest.mark.covers("B8")
@pytest.mark.parametrize(
    ("hours", "now", "said"),
    [
        (24, "2026-11-23 10:00", "we send it for you tomorrow at 10:00"),
        (6, "2026-11-23 10:00", "we send it for you today at 4:00"),
        (24, "2026-11-24 09:59", "we send it for you today at 10:00"),
        (72, "2026-11-23 10:00", "we send it for you on Thu, Nov 26 at 10:00"),
        (24, "2026-11-24 10:00", "We are about to send it for you"),
        (None, "2026-11-25 10:00", "Nothing is requested until you send it."),
    ],
)
def test_the_banner_says_when_a_forgotten_basket_is_sent(walk, busy, change_settings, clock_at, hours, now, said):
    change_settings({"portal.auto_submit_hours": hours})
    clock_at(now)
    page = walk(busy.alice).get("/portal/schedule")
    assert "1 visit is not sent yet." in page.text
    assert said in page.text
    assert "/portal/request#basket" in page.links()


@pytest.mark.covers("B8")
def test_a_basket_whose_lines_are_all_blocked_asks_for_a_look(walk, busy):
    (basket,) = [r for r in db.session.scalars(sa.select(make.JobRequest).where(make.JobRequest.client_id == busy.alice.id)) if r.is_basket]  # fmt: skip
    basket.lines[0].blocked_code = "past"
    assert "It can no longer be requested online. Please have a look." in walk(busy.alice).get("/portal/schedule").text


def test_without_a_basket_there_is_no_banner(walk, cast):
    assert "not sent yet" not in walk(cast.alice).get("/portal/schedule").text


@pytest.fixture
def olivia_as_alice(http, cast):
    """Olivia in Alice's portal."""
    opener = sign_ins.begin(make.staff_login(cast.olivia))
    db.session.flush()
    opened = portal_views.open_portal_as(cast.alice, actor=cast.as_olivia, opened_by=opener.sign_in)
    db.session.commit()
    browser = http()
    put_cookie(browser, Realm.CLIENT, opened.token)
    return Walker(browser)


@pytest.mark.covers("B14")
def test_a_view_of_the_office_is_marked_on_every_page_and_acts_on_behalf(olivia_as_alice, busy):
    for path in pages_of(busy.alice):
        page = olivia_as_alice.get(path)
        assert "You see the portal as Alice Archer. What you do here is logged as Olivia Owens." in page.text, path
        assert "Ends by itself at 10:30" in page.text, path
    page = olivia_as_alice.get(f"/portal/schedule/{DAY}")
    (line,) = [
        x for r in db.session.scalars(sa.select(make.JobRequest).where(make.JobRequest.number == 17)) for x in r.lines
    ]
    olivia_as_alice.press(page, f"/portal/requests/lines/{line.public_id}/cancellation", reason="She rang")
    log = db.session.scalars(sa.select(Activity).where(Activity.verb == "job_request.cancelled")).one()
    assert (log.actor_kind, log.actor_name, log.staff_id, log.on_behalf, log.via, log.client_id, log.facts["reason"]) == (
        ActorKind.STAFF, "Olivia Owens", busy.olivia.id, True, Via.PORTAL, busy.alice.id, "She rang",
    )  # fmt: skip


@pytest.mark.covers("B14")
def test_ending_the_view_leads_back_to_the_client_in_the_office(olivia_as_alice, cast):
    page = olivia_as_alice.get("/portal/schedule")
    done = olivia_as_alice.press(page, "/portal/office-view/end", follow=False)
    assert (done.status, done.answer.location) == (303, f"/admin/client/{cast.alice.id}/")
    ended = db.session.scalars(sa.select(SignIn).where(SignIn.viewed_client_id == cast.alice.id)).one()
    assert ended.ended_at == clock.now()
    assert (
        db.session.scalars(sa.select(Activity.verb).order_by(Activity.id.desc()).limit(1)).one()
        == "access.portal_closed"
    )
    assert olivia_as_alice.get("/portal/schedule").path.startswith("/portal/log-in")


@pytest.mark.covers("B14")
def test_a_client_sees_no_such_banner_and_cannot_end_what_is_none(walk, cast):
    alice = walk(cast.alice)
    assert "You see the portal as" not in alice.get("/portal/schedule").text
    assert alice.post("/portal/office-view/end").status_code == 404
    assert alice.get("/portal/schedule").path == "/portal/schedule"


@pytest.mark.covers("B1")
def test_staff_in_the_portal_of_a_blocked_client_see_it_and_request_nothing(olivia_as_alice, cast):
    cast.alice.portal_enabled = False
    page = olivia_as_alice.get("/portal/schedule")
    assert (page.status, "Request Services" in page.text) == (200, False)
    assert olivia_as_alice.get("/portal/request").status == 404
    assert olivia_as_alice.post("/portal/request/submission").status_code == 404


def test_no_page_costs_more_than_eight_queries_nor_more_for_thirty_times_as_much(walk, busy, change_settings):
    change_settings({"portal.show_prices": True})
    alice, cast = walk(busy.alice), busy
    make.closed_day(DAY + dt.timedelta(9))
    make.public_holiday(DAY + dt.timedelta(10), "Founders' Day")
    (sent,) = db.session.scalars(sa.select(make.JobRequest).where(make.JobRequest.number == 17))
    (basket,) = db.session.scalars(sa.select(make.JobRequest).where(make.JobRequest.client_id == cast.alice.id, make.JobRequest.submitted_at.is_(None)))  # fmt: skip
    make.request_message(sent, staff=cast.olivia)
    make.line(sent, cast.cat_visit, block=cast.evening, pets=[cast.mochi], state=make.LineState.SCHEDULED)
    make.job(
        cast.alice, cast.cat_visit, block=cast.evening, start_time=None, pets=[cast.mochi], request_line=sent.lines[0]
    )

    def costs():
        found = {}
        for path in pages_of(cast.alice):
            with statements() as sql:
                assert alice.browser.get(path).status_code == 200
            found[path] = len(sql)
        return found

    few = costs()
    for n in range(30):
        day = DAY + dt.timedelta(n // 4)
        item, pets = (cast.walk, [cast.biscuit]) if n % 2 else (cast.cat_visit, [cast.biscuit, cast.mochi])
        block = None if n % 2 else cast.morning
        make.job(cast.alice, item, on_date=day, block=block, sitter=cast.sita, pets=pets)
        for request in (sent, basket):
            make.line(request, item, on_date=day, block=block, start_time=dt.time(n % 24), pets=pets, note=f"note {n}")
        make.sent_request(cast.alice, item, pets=pets, n_lines=2)
        make.request_message(sent, f"Message {n}", staff=cast.max)
    make.service_item("Puppy visit", group=cast.dog_walks, time_blocks=[cast.morning, cast.evening])
    many = costs()
    # Where one chooses services, the price book costs two more.
    most = {path: 10 if re.search(r"/request(/|$|\?)|/change", path) else 8 for path in few}
    assert {path: n for path, n in few.items() if n > most[path]} == {}
    assert {path: n for path, n in many.items() if n > few[path]} == {}


def test_pages_of_the_portals_run_with_plans_that_postgresql_keeps(http, cast, sign_in_as_client, sign_in_as_staff):
    """Planning took three to ten times as long as the answer; the office's lists of everybody are planned each time."""
    modes = set()

    def note(connection, *_rest):
        if db.engine.dialect.name == "postgresql":
            own = connection.connection.dbapi_connection
            modes.add(own.pgconn.exec_(b"SHOW plan_cache_mode").get_value(0, 0).decode())

    sa.event.listen(db.engine, "after_cursor_execute", note)
    try:
        found = {}
        for path, person in (
            ("/portal/requests", sign_in_as_client(http(), cast.alice)),
            ("/staff/", sign_in_as_staff(http(), cast.sam)),
            ("/admin/clients/", sign_in_as_staff(http(), cast.olivia)),
        ):
            modes.clear()
            assert person.get(path).status_code == 200
            found[path] = sorted(modes)
    finally:
        sa.event.remove(db.engine, "after_cursor_execute", note)
    kept, anew = (["force_generic_plan"], ["auto"]) if db.engine.dialect.name == "postgresql" else ([], [])
    assert found == {"/portal/requests": kept, "/staff/": kept, "/admin/clients/": anew}
