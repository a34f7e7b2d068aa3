"""The portal's contract rows, entered as a client does: through the pages, with the tokens and fields that they show."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import Activity, JobRequest, JobRequestLine, LineState, Notification, NotificationKind, PetStatus, Realm
from tests import factories
from tests.conftest import _put_cookie as put_cookie
from workflows import baskets, catalogue, job_requests, portal_views, sending, settings, sign_ins
from workflows.mail_facts import MailKind
from workflows.wanted import Wanted

DAY = dt.date(2026, 12, 10)


def token_of(page):
    return re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]


@pytest.fixture
def alice(http, cast, sign_in_as_client):
    return sign_in_as_client(http(), cast.alice)


@pytest.fixture
def post(alice):
    """Post to a path with the token of the request page."""

    def send(path, data=None, source="/portal/request"):
        return alice.post(path, data={"csrf_token": token_of(alice.get(source)), **(data or {})})

    return send


def change(cast, **values):
    settings.change({k.replace("__", "."): v for k, v in values.items()}, actor=cast.as_olivia)
    db.session.commit()


def form(cast, item=None, days=(DAY,), **more):
    item = item or cast.walk
    return {
        "dates": [d.isoformat() for d in days], "service": item.public_id, "pets": [cast.biscuit.public_id],
        "month": "2026-12", **more,
    }  # fmt: skip


def lines_of(client):
    return db.session.scalars(
        sa.select(JobRequestLine).where(JobRequestLine.client_id == client.id).order_by(JobRequestLine.on_date)
    ).all()


@pytest.fixture
def sent(cast):
    baskets.add(
        cast.alice,
        Wanted(cast.walk, [DAY, DAY + dt.timedelta(1)], dt.time(12), pets=[cast.biscuit]),
        actor=cast.as_alice,
    )
    request = sending.submit(cast.alice, actor=cast.as_alice).request
    db.session.commit()
    return request


REQUEST_URLS = [
    ("GET", "/portal/request"), ("POST", "/portal/request"), ("POST", "/portal/request/submission"),
    ("GET", "/portal/request/clearing"), ("POST", "/portal/request/clearing"), ("POST", "/portal/request/new-start"),
]  # fmt: skip


@pytest.mark.covers("B1", "P8")
def test_the_switch_takes_button_menu_and_urls_away(alice, cast, sent, app, monkeypatch):
    assert "Request Services" in alice.get("/portal/schedule").text
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    change(cast, portal__requests=False)
    page = alice.get("/portal/schedule")
    assert page.status_code == 200
    assert "Request Services" not in page.text
    assert '/portal/request"' not in page.text
    for method, path in [*REQUEST_URLS, ("POST", f"/portal/requests/{sent.public_id}/additions")]:
        assert alice.open(path, method=method, data=form(cast)).status_code in {403, 404}, (method, path)
    assert [x.state for x in lines_of(cast.alice)] == [LineState.SUBMITTED] * 2
    assert baskets.basket_of(cast.alice.id) is None


@pytest.mark.covers("P3", "P8")
def test_the_schedule_switch_closes_month_and_day(alice, cast):
    assert alice.get("/portal/schedule").status_code == 200
    change(cast, portal__schedule=False)
    for path in ("/portal/schedule", "/portal/schedule?month=2026-12", "/portal/schedule/2026-12-10"):
        assert alice.get(path).status_code == 404
    assert "/portal/schedule" not in alice.get("/portal/request").text


@pytest.mark.covers("P8")
def test_prices_and_sitters_are_shown_only_when_switched_on(alice, cast):
    cast.walk.price = 18
    factories.job(cast.alice, on_date=DAY, ends_on=DAY, sitter=cast.sam, item=cast.walk, pets=[cast.biscuit], price=18)
    change(cast, portal__show_prices=False, portal__show_sitter=True)
    assert "$18" not in alice.get("/portal/request").text
    day = alice.get("/portal/schedule/2026-12-10").text
    assert "with Sam" in day
    assert "$18" not in day
    change(cast, portal__show_prices=True, portal__show_sitter=False)
    assert "$18.00" in alice.get("/portal/request").text
    day = alice.get("/portal/schedule/2026-12-10").text
    assert "Sam" not in day
    assert "$18.00" in day


@pytest.mark.covers("B2")
@pytest.mark.parametrize("field", ["visible_in_portal", "is_active"])
def test_a_service_is_offered_only_when_active_and_visible(alice, post, cast, field):
    assert cast.walk.name in alice.get("/portal/request").text
    setattr(cast.walk, field, False)
    db.session.commit()
    assert f'value="{cast.walk.public_id}"' not in alice.get("/portal/request").text
    answer = post("/portal/request", form(cast))
    assert answer.status_code == 422
    assert lines_of(cast.alice) == []


@pytest.mark.covers("B2")
def test_a_service_hidden_later_is_taken_out_of_the_basket_with_an_explanation(alice, post, cast):
    assert post("/portal/request", form(cast)).status_code in {302, 303}
    catalogue.save_item(cast.walk, {"visible_in_portal": False}, actor=cast.as_olivia)
    db.session.commit()
    page = alice.get("/portal/request").text
    assert "Taken out of your request" in page
    assert "no longer offered online" in page
    assert "Send request" not in page
    answer = post("/portal/request/submission", {"basket": baskets.basket_of(cast.alice.id).public_id})
    assert answer.status_code in {302, 303}
    assert [x.state for x in lines_of(cast.alice)] == [LineState.DRAFT]


@pytest.mark.covers("B3", "P9")
def test_every_page_has_the_header_with_button_under_the_account_number(alice, cast, sent):
    change(
        cast, business__name="Maple Lane", portal__button_label="Our shop", portal__button_url="https://shop.example.com/",
        portal__notice="Closed over New Year",
    )  # fmt: skip
    for path in ("/portal/schedule", "/portal/schedule/2026-12-10", "/portal/request", "/portal/requests"):
        page = alice.get(path).text
        number, button = page.index(cast.alice.account_number_grouped), page.index("Request Services</a>")
        assert number < button
        for text in ("Maple Lane", "Alice Archer", "Our shop", "https://shop.example.com/", "Closed over New Year"):
            assert text in page, (path, text)
    change(cast, portal__hide_business_name=True)
    assert 'class="ui-vh"' in alice.get("/portal/schedule").text


@pytest.mark.covers("B4")
def test_each_time_type_asks_its_own_time(alice, post, cast):
    days = (DAY, DAY + dt.timedelta(3))
    assert post(
        "/portal/request", form(cast, days=days, note="Back door", **{f"time-{cast.walk.public_id}": "09:15"})
    ).status_code in {302, 303}
    blocks = {f"blocks-{cast.cat_visit.public_id}": [str(cast.morning.id), str(cast.evening.id)]}
    assert post("/portal/request", form(cast, cast.cat_visit, pets=[cast.mochi.public_id], **blocks)).status_code in {
        302,
        303,
    }
    assert post(
        "/portal/request", form(cast, cast.overnight, **{f"time-{cast.overnight.public_id}": "09:15"})
    ).status_code in {302, 303}
    found = [
        (
            x.service_item.name,
            x.on_date,
            x.start_time,
            x.time_block.name if x.time_block else None,
            x.note,
            [p.name for p in x.pets],
        )
        for x in lines_of(cast.alice)
    ]
    walk, cat, night = cast.walk.name, cast.cat_visit.name, cast.overnight.name
    assert sorted(found, key=str) == sorted(
        [
            (walk, days[0], dt.time(9, 15), None, "Back door", ["Biscuit"]),
            (walk, days[1], dt.time(9, 15), None, "Back door", ["Biscuit"]),
            (cat, DAY, None, cast.morning.name, "", ["Mochi"]),
            (cat, DAY, None, cast.evening.name, "", ["Mochi"]),
            (night, DAY, None, None, "", ["Biscuit"]),
        ],
        key=str,
    )


@pytest.mark.covers("B4")
def test_the_list_shows_edits_removes_and_clears_lines(alice, post, cast):
    post("/portal/request", form(cast, days=(DAY, DAY + dt.timedelta(1)), note="Gate sticks"))
    page = alice.get("/portal/request").text
    assert "Gate sticks" in page
    first, second = lines_of(cast.alice)
    edit = f"/portal/request/lines/{first.public_id}"
    assert f'href="{edit}"' in page
    answer = post(edit, form(cast, days=(DAY + dt.timedelta(5),), note="Gate is fixed"), source=edit)
    assert answer.status_code in {302, 303}
    assert {(x.on_date, x.note) for x in lines_of(cast.alice)} == {
        (DAY + dt.timedelta(5), "Gate is fixed"), (DAY + dt.timedelta(1), "Gate sticks")
    }  # fmt: skip
    post(f"/portal/request/lines/{second.public_id}/removal")
    assert len(lines_of(cast.alice)) == 1
    assert "Clear all" in alice.get("/portal/request").text
    post("/portal/request/clearing")
    assert lines_of(cast.alice) == []


@pytest.mark.covers("B5")
def test_days_stay_picked_only_on_wish_and_duplicates_are_refused(alice, post, cast):
    left = post("/portal/request", form(cast))
    assert "day=" not in left.headers["Location"]
    again = post("/portal/request", form(cast))
    assert again.status_code == 422
    assert "already in your request" in again.text
    kept = post("/portal/request", form(cast, cast.overnight, keep_days="yes"))
    assert f"day={DAY}" in kept.headers["Location"]
    page = alice.get(kept.headers["Location"]).text
    assert re.search(rf'value="{DAY}"[^>]*checked', page)
    assert len(lines_of(cast.alice)) == 2


@pytest.mark.covers("B5")
def test_lines_added_to_a_sent_request_keep_its_number_and_a_decided_one_takes_none(alice, post, cast, sent):
    assert "Add services" in alice.get("/portal/requests").text
    assert post(f"/portal/requests/{sent.public_id}/additions").status_code in {302, 303}
    assert f"adding to request {sent.number}" in alice.get("/portal/request").text
    post("/portal/request", form(cast, cast.overnight, days=(DAY + dt.timedelta(7),)))
    post("/portal/request/submission", {"basket": baskets.basket_of(cast.alice.id).public_id})
    assert {x.request_id for x in lines_of(cast.alice)} == {sent.id}
    assert len(lines_of(cast.alice)) == 3
    job_requests.schedule(cast.alice, lines_of(cast.alice), actor=cast.as_olivia)
    db.session.commit()
    assert "Add services" not in alice.get("/portal/requests").text
    answer = post(f"/portal/requests/{sent.public_id}/additions")
    assert answer.status_code < 500
    assert baskets.basket_of(cast.alice.id) is None


@pytest.mark.covers("B6")
def test_send_only_requests_and_tells_everybody_in_one_go(alice, post, cast, outbox):
    change(cast, business__admin_inbox="inbox@example.com")
    factories.client_contact(cast.alice, name="Kit", email="kit@example.com", receives_copies=True)
    post("/portal/request", form(cast))
    answer = post("/portal/request/submission", {"basket": baskets.basket_of(cast.alice.id).public_id})
    page = alice.get(answer.headers["Location"]).text
    (line,) = lines_of(cast.alice)
    assert line.state is LineState.SUBMITTED
    assert line.request.number is not None
    assert f"Request {line.request.number}" in page
    mail = outbox.one(MailKind.REQUEST_RECEIVED, to=cast.alice.email)
    assert set(mail.cc_addresses) == {"kit@example.com", "inbox@example.com"}
    notice = db.session.scalars(sa.select(Notification).where(Notification.client_id == cast.alice.id)).one()
    assert notice.kind is NotificationKind.REQUEST_RECEIVED
    log = db.session.scalars(
        sa.select(Activity).where(Activity.verb == "job_request.submitted", Activity.client_id == cast.alice.id)
    ).one()
    assert log.facts["number"] == line.request.number
    assert job_requests.n_clients_waiting() == 2
    assert line.job is None


@pytest.mark.covers("B8")
def test_an_unsent_basket_is_told_on_every_page_with_the_time_of_sending(alice, post, cast, sent):
    post("/portal/request", form(cast, cast.overnight))
    for path in ("/portal/schedule", "/portal/schedule/2026-12-10", "/portal/requests", "/portal/request"):
        assert "1 visit is not sent yet." in alice.get(path).text, path
    change(cast, portal__auto_submit_hours=None)
    page = alice.get("/portal/schedule").text
    assert "1 visit is not sent yet." in page
    assert "we send it for you" not in page


@pytest.mark.covers("C1", "P3")
def test_requested_visits_carry_req_in_month_and_day(alice, cast, sent):
    factories.job(cast.alice, on_date=DAY, ends_on=DAY, sitter=cast.sam, item=cast.overnight, pets=[cast.biscuit])
    hidden = factories.service_item(name="Key pick-up", is_internal=True)
    factories.job(cast.alice, on_date=DAY, ends_on=DAY, item=hidden)
    month = alice.get("/portal/schedule?month=2026-12").text
    assert "REQ:" in month
    assert 'href="/portal/schedule/2026-12-10"' in month
    day = alice.get("/portal/schedule/2026-12-10").text
    assert f"REQ: {cast.walk.name}" in day
    assert f"REQ: {cast.overnight.name}" not in day
    assert cast.overnight.name in day
    assert "Key pick-up" not in day
    assert "Bob Baker" not in day


@pytest.mark.covers("C2", "C3")
def test_cancelling_one_line_asks_first_and_tells_everybody(alice, post, cast, sent, outbox):
    change(cast, business__admin_inbox="inbox@example.com", booking__limit_kind="days", booking__limit_number=60)
    first, second = lines_of(cast.alice)
    path = f"/portal/requests/lines/{first.public_id}/cancellation"
    question = alice.get(path).text
    assert "Yes, cancel job request" in question
    assert "Close" in question
    assert first.state is LineState.SUBMITTED
    assert post(path, {"reason": "Plans changed"}, source=path).status_code in {302, 303}
    db.session.refresh(first), db.session.refresh(second)
    assert (first.state, second.state) == (LineState.CANCELLED, LineState.SUBMITTED)
    mail = outbox.one(MailKind.REQUEST_CANCELLED)
    assert (mail.to_address, mail.cc_addresses) == (cast.alice.email, ["inbox@example.com"])
    kinds = db.session.scalars(sa.select(Notification.kind).where(Notification.client_id == cast.alice.id)).all()
    assert NotificationKind.REQUEST_CANCELLED in kinds
    log = db.session.scalars(sa.select(Activity).where(Activity.verb == "job_request.cancelled")).one()
    assert log.facts["lines"] == [f"{cast.walk.name}, 2026-12-10 12:00"]
    assert log.at == clock.now()


@pytest.mark.covers("C2")
def test_the_whole_request_is_cancelled_at_once(alice, post, cast, sent):
    path = f"/portal/requests/{sent.public_id}/cancellation"
    assert post(path, source=path).status_code in {302, 303}
    assert {x.state for x in lines_of(cast.alice)} == {LineState.CANCELLED}


@pytest.mark.covers("C4")
def test_a_client_who_cancels_too_late_reads_what_happened(alice, cast, sent, outbox):
    first = lines_of(cast.alice)[0]
    path = f"/portal/requests/lines/{first.public_id}/cancellation"
    token = token_of(alice.get(path))
    job_requests.schedule(cast.alice, lines_of(cast.alice), actor=cast.as_olivia)
    db.session.commit()
    answer = alice.post(path, data={"csrf_token": token})
    page = answer if answer.status_code == 409 else alice.get(answer.headers["Location"])
    assert "scheduled meanwhile" in page.text
    assert MailKind.REQUEST_CANCELLED.value not in outbox.kinds()
    db.session.refresh(first)
    assert first.state is LineState.SCHEDULED


@pytest.mark.covers("P3")
def test_an_empty_schedule_says_what_to_do(alice):
    page = alice.get("/portal/schedule?month=2027-06").text
    assert "Request Services" in page
    assert alice.get("/portal/schedule/2027-06-05").status_code == 200


@pytest.mark.parametrize("path", ["/portal/schedule?month=2026-13", "/portal/schedule?month=%00", "/portal/schedule?month=99999-1",
    "/portal/request?month=x&day=2026-02-31&day=%ff", "/portal/requests?page=99999999999999999999", "/portal/requests?page=-1"])  # fmt: skip
def test_junk_in_the_address_gets_a_page(alice, path):
    assert alice.get(path).status_code in {200, 303, 302, 404}


@pytest.mark.parametrize("day", ["2026-02-31", "0000-00-00", "9999-12-31", "x", "2026-1-1", "12345-01-01"])
def test_a_day_that_is_none_is_not_found(alice, day):
    assert alice.get(f"/portal/schedule/{day}").status_code in {200, 404}


BAD = {
    "31 February": {"dates": ["2026-02-31"]},
    "yesterday": {"dates": ["2026-11-22"]},
    "five years ahead": {"dates": ["2031-11-23"]},
    "no day": {"dates": []},
    "201 days": {"dates": [(DAY + dt.timedelta(n)).isoformat() for n in range(201)]},
    "a service that is none": {"service": "AAAAAAAAAAAA"},
    "no service": {"service": ""},
    "no pet": {"pets": []},
    "20 kB of note": {"note": "x" * 20_000},
}


@pytest.mark.covers("B4")
@pytest.mark.parametrize("name", BAD)
def test_a_bad_form_comes_back_filled_and_adds_nothing(alice, post, cast, name):
    answer = post("/portal/request", {**form(cast, note="Please ring twice 🐾"), **BAD[name]})
    assert answer.status_code == 422, name
    assert 'role="alert"' in answer.text
    assert ("Please ring twice 🐾" in answer.text) or "note" in BAD[name]
    assert lines_of(cast.alice) == []


@pytest.mark.parametrize("note", ["10 kB " + "y" * 9_900, "NUL \0 here", "🐕‍🦺 <img src=x onerror=alert(1)> {{7*7}}"])
def test_odd_notes_are_kept_and_shown_as_text(alice, post, cast, note):
    assert post("/portal/request", form(cast, note=note)).status_code in {302, 303}
    (line,) = lines_of(cast.alice)
    assert line.note == note.replace("\0", "")
    page = alice.get("/portal/request").text
    assert "<img src=x" not in page
    assert "49" not in re.findall(r"Note: ([^<]*)", page)


@pytest.mark.covers("B4")
def test_pets_of_others_and_pets_that_are_gone_cannot_be_chosen(alice, post, cast):
    assert post("/portal/request", form(cast, pets=[cast.bella.public_id])).status_code == 422
    cast.mochi.status = PetStatus.DECEASED
    db.session.commit()
    assert cast.mochi.public_id not in alice.get("/portal/request").text
    assert post("/portal/request", form(cast, pets=[cast.mochi.public_id])).status_code == 422
    assert lines_of(cast.alice) == []


def test_what_belongs_to_others_is_not_found_and_stays_as_it_is(alice, post, cast):
    line, basket_line = cast.bobs_request.lines[0], cast.bobs_basket.lines[0]
    for path in (f"/portal/requests/{cast.bobs_request.public_id}", f"/portal/requests/{cast.bobs_request.public_id}/cancellation",
                 f"/portal/requests/lines/{line.public_id}/cancellation", f"/portal/request/lines/{basket_line.public_id}"):  # fmt: skip
        answer = alice.get(path)
        assert answer.status_code == 404, path
        assert "Bob Baker" not in answer.text
    for path in (f"/portal/requests/{cast.bobs_request.public_id}/cancellation", f"/portal/requests/lines/{line.public_id}/cancellation",
                 f"/portal/requests/{cast.bobs_request.public_id}/additions", f"/portal/request/lines/{basket_line.public_id}",
                 f"/portal/request/lines/{basket_line.public_id}/removal"):  # fmt: skip
        assert post(path, form(cast)).status_code == 404, path
    db.session.refresh(line)
    assert line.state is LineState.SUBMITTED
    assert baskets.basket_of(cast.bob.id) is not None
    answer = post("/portal/request/submission", {"basket": cast.bobs_basket.public_id})
    assert answer.status_code in {302, 303, 404}
    assert db.session.get(JobRequest, cast.bobs_basket.id).submitted_at is None


@pytest.mark.covers("B14")
def test_staff_in_a_clients_portal_are_named_in_the_log_and_cannot_stay(http, cast, app, clock_at):
    opener = sign_ins.begin(factories.staff_login(cast.olivia))
    db.session.flush()
    opened = portal_views.open_portal_as(cast.alice, actor=cast.as_olivia, opened_by=opener.sign_in)
    db.session.commit()
    browser = http()
    put_cookie(browser, Realm.CLIENT, opened.token)
    page = browser.get("/portal/request")
    assert "You see the portal as Alice Archer" in page.text
    assert cast.olivia.first_name in page.text
    browser.post("/portal/request", data={"csrf_token": token_of(page), **form(cast)})
    log = db.session.scalars(
        sa.select(Activity).where(Activity.verb == "basket.added").order_by(Activity.id.desc())
    ).first()
    assert (log.staff_id, log.on_behalf, log.client_id) == (cast.olivia.id, True, cast.alice.id)
    clock_at("2026-11-23 10:31")
    assert browser.get("/portal/request").headers["Location"].startswith("/portal/log-in")


@pytest.mark.parametrize(
    "path", ["/portal/schedule?month=2026-12", "/portal/schedule/2026-12-10", "/portal/request", "/portal/requests"]
)
def test_a_page_costs_at_most_eight_queries_however_much_there_is(alice, cast, sent, app, path):
    baskets.add(
        cast.alice,
        Wanted(cast.overnight, [DAY + dt.timedelta(n) for n in range(5)], pets=[cast.biscuit]),
        actor=cast.as_alice,
    )
    db.session.commit()
    counted = []

    def count(_connection, _cursor, statement, *_more):
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            counted.append(statement)

    def visit():
        counted.clear()
        sa.event.listen(db.engine, "before_cursor_execute", count)
        try:
            assert alice.get(path).status_code == 200
        finally:
            sa.event.remove(db.engine, "before_cursor_execute", count)
        return len(counted)

    few = visit()
    for n in range(30):
        day = DAY + dt.timedelta(n % 6)
        factories.job(cast.alice, on_date=day, ends_on=day, sitter=cast.sam, pets=[cast.biscuit, cast.mochi])
    baskets.add(
        cast.alice,
        Wanted(cast.overnight, [DAY + dt.timedelta(n) for n in range(10, 30)], pets=[cast.mochi]),
        actor=cast.as_alice,
    )
    many = visit()
    assert many <= 8, "\n".join(counted)
    assert many <= few + 1
