"""B2, B4, B5, B6, B8, B9: choosing visits, the basket and sending, as a client without JavaScript does it; and with htmx."""

import datetime as dt
import html
import re

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import JobRequest, JobRequestLine, LimitKind, LineState, Notification, PetStatus, TimeType
from tests import factories as make
from tests.databases import count
from workflows import catalogue, sending
from workflows.mail_facts import MailKind

DAY = make.DAY
FRIDAY = DAY + dt.timedelta(1)
ADD = "/portal/request"


def lines_of(client):
    return list(
        db.session.scalars(
            sa.select(JobRequestLine)
            .where(JobRequestLine.client_id == client.id)
            .order_by(JobRequestLine.on_date, JobRequestLine.id)
        )
    )


def fill(cast, item=None, days=(DAY,), pets=None, **more):
    """What a client ticks: a walk for Biscuit on Thursday."""
    return {
        "dates": [d.isoformat() for d in days], "service": (item or cast.walk).public_id,
        "pets": [p.public_id for p in (pets or [cast.biscuit])], **more,
    }  # fmt: skip


def day_label(page, day):
    """The whole label of a day in the picker."""
    (label,) = re.findall(rf'<label[^>]*>(?:(?!</label>).)*value="{day}".*?</label>', page.html, re.DOTALL)
    return label


@pytest.fixture
def alice(walk, cast):
    return walk(cast.alice)


# ------------------------------------------------------------------------------------------------------ the picker


@pytest.mark.covers("B4", "B9")
def test_days_that_cannot_be_requested_are_disabled_with_the_reason(alice, cast, change_settings):
    change_settings({"booking.days_ahead": 10})
    make.closed_day(dt.date(2026, 11, 27), reason="winter break")
    make.public_holiday(DAY, "Thanksgiving Day")
    make.public_holiday(dt.date(2026, 11, 28), "Small Saturday", is_closed=True)
    page = alice.get(ADD)
    form = page.form(ADD)
    assert form.choices["dates"] == [f"2026-11-{n}" for n in (23, 24, 25, 26, 29, 30)]
    assert len(form.disabled["dates"]) == 24
    assert "This day is in the past." in day_label(page, "2026-11-22")
    assert "Closed on this day: winter break." in day_label(page, "2026-11-27")
    assert "Closed on this day: Small Saturday." in day_label(page, "2026-11-28")
    assert 'class="is-holiday"' in day_label(page, DAY)
    assert "Thanksgiving Day" in day_label(page, DAY)
    december = alice.press(page, ADD, go="2026-12")
    assert "up to 10 days ahead" in day_label(december, "2026-12-04")
    assert december.form(ADD).choices["dates"] == ["2026-12-01", "2026-12-02", "2026-12-03"]
    assert "disabled" in re.findall(r'<button[^>]*id="picker-next"[^>]*>', december.html)[0]


@pytest.mark.covers("B9")
def test_the_chosen_service_s_own_limit_disables_days_and_says_whom_to_call(alice, cast, change_settings):
    change_settings({"portal.too_late_text": "Too late for the form.", "business.phone": "020 7946 0018"})
    cast.walk.request_limit_kind, cast.walk.request_limit_number = LimitKind.DAYS, 3
    page = alice.get(ADD)
    assert "2026-11-25" in page.form(ADD).choices["dates"]
    page = alice.press(page, ADD, go="2026-11", service=cast.walk.public_id)
    assert "Ask at least 3 days before the visit." in day_label(page, "2026-11-25")
    assert "2026-11-26" in page.form(ADD).choices["dates"]
    assert "Crossed out: Too late for the form. 020 7946 0018" in page.text
    refused = alice.press(page, ADD, **fill(cast, days=[dt.date(2026, 11, 24), DAY]))
    assert refused.status == 422
    assert "Tue, Nov 24: Ask at least 3 days before the visit. Too late for the form. 020 7946 0018" in refused.text
    assert lines_of(cast.alice) == []


@pytest.mark.covers("B9")
def test_a_block_service_can_be_chosen_for_a_day_while_one_of_its_times_is_left(alice, cast, clock_at):
    cast.cat_visit.request_limit_kind, cast.cat_visit.request_limit_number = LimitKind.HOURS, 4
    page = alice.press(alice.get(ADD), ADD, go="2026-11", service=cast.cat_visit.public_id)
    assert "2026-11-23" in page.form(ADD).choices["dates"]
    clock_at("2026-11-23 13:30")
    page = alice.press(page, ADD, go="2026-11")
    assert "Ask at least 4 hours before the visit." in day_label(page, "2026-11-23")


@pytest.mark.covers("B4")
def test_turning_the_month_keeps_everything_that_is_filled_in(alice, cast):
    blocks = f"blocks-{cast.cat_visit.public_id}"
    page = alice.press(
        alice.get(ADD), ADD, go="2026-12", note="Second\nline & <b>", keep_days="yes",
        **fill(cast, cast.cat_visit, [DAY, FRIDAY], [cast.mochi], **{blocks: cast.evening.id}),
    )  # fmt: skip
    assert (page.status, count(JobRequestLine, JobRequestLine.client_id == cast.alice.id)) == (200, 0)
    assert "December 2026" in page.text
    page = alice.press(page, ADD, go="2027-01", dates=[str(DAY), str(FRIDAY), "2026-12-24"])
    assert "January 2027" in page.text
    assert "Chosen in other months: Thu, Nov 26, 2026 Fri, Nov 27, 2026 Thu, Dec 24, 2026" in page.text
    sent = page.form(ADD).filled()
    assert sent["dates"] == [str(DAY), str(FRIDAY), "2026-12-24"]
    assert (sent["service"], sent[blocks], sent["pets"], sent["note"], sent["keep_days"]) == (
        [cast.cat_visit.public_id], [str(cast.evening.id)], [cast.mochi.public_id], ["Second\nline & <b>"], ["yes"],
    )  # fmt: skip
    cleared = alice.press(page, ADD, go="clear").form(ADD).filled()
    assert ("dates" in cleared, cleared["note"]) == (False, ["Second\nline & <b>"])
    added = alice.press(page, ADD)
    assert "3 visits added to your request. Nothing is sent yet." in added.text
    assert [x.on_date for x in lines_of(cast.alice)] == [DAY, FRIDAY, dt.date(2026, 12, 24)]


@pytest.mark.covers("B4")
def test_to_htmx_a_turned_month_answers_with_the_picker_alone(alice, cast):
    page = alice.get(ADD)
    answer = alice.press(page, ADD, go="2026-12", headers={"HX-Request": "true", "HX-Target": "picker"}, **fill(cast))
    assert answer.html.lstrip().startswith('<div id="picker"')
    assert "<form" not in answer.html
    assert f'value="{DAY}" checked' in answer.html


@pytest.mark.parametrize("go", ["x", "2026-13", "0000-00", "1969-12", "2200-01", "9999-12", "\0", "☃", "9" * 1000])
def test_a_month_that_is_none_keeps_the_form(alice, cast, go):
    page = alice.press(alice.get(ADD), ADD, go=go, month=go, **fill(cast, note="kept"))
    assert (page.status, page.form(ADD).filled()["dates"], page.form(ADD).filled()["note"]) == (
        200,
        [str(DAY)],
        ["kept"],
    )
    assert alice.get("/portal/request?month=2031-01").status == 200


def test_a_day_in_the_address_is_picked_already(alice):
    page = alice.get("/portal/request?day=2026-12-24&day=2026-12-26&day=2026-02-31&day=2026-11-01&day=x")
    assert "December 2026" in page.text
    assert page.form(ADD).filled()["dates"] == ["2026-12-24", "2026-12-26"]


# -------------------------------------------------------------------------------------------- services, times, pets


@pytest.mark.covers("B4", "B2")
def test_tiles_say_what_there_is_and_each_has_its_own_time(alice, cast):
    any_time = make.service_item("Puppy visit", time_type=TimeType.ANYTIME, description="Toilet, feed, play")
    make.service_item("Office only", visible_in_portal=False)
    make.service_item("Given up", is_active=False)
    make.service_item("Without times", time_type=TimeType.TIME_BLOCK)
    cast.morning.is_active = False
    page = alice.get(ADD)
    form = page.form(ADD)
    assert set(form.choices["service"]) == {x.public_id for x in (cast.walk, cast.cat_visit, cast.overnight, any_time)}
    assert form.choices[f"blocks-{cast.cat_visit.public_id}"] == [str(cast.evening.id)]
    assert (f"time-{cast.walk.public_id}", "") in form.fields
    assert "30 minutes. Toilet, feed, play" in page.text
    assert "This service takes all day: no time is needed." in page.text
    assert "We come when it fits best on that day: no time is needed." in page.text
    assert page.text.index("Dog walks") < page.text.index("Other services")


@pytest.mark.covers("B4")
def test_the_times_of_other_services_do_not_matter(alice, cast):
    other = {f"time-{cast.walk.public_id}": "nonsense", f"blocks-{cast.cat_visit.public_id}": ["999", "x"]}
    page = alice.press(alice.get(ADD), ADD, **fill(cast, cast.overnight, **other))
    assert page.status == 200
    (line,) = lines_of(cast.alice)
    assert (line.service_item, line.start_time, line.time_block) == (cast.overnight, None, None)


@pytest.mark.covers("B4")
@pytest.mark.parametrize(
    "time", ["24:00", "9:30", "0930", "09:60", "x", "09:30+01:00", "\u0660\u0669:\u0663\u0660", "\0", "09:30:61"]
)
def test_a_time_that_is_none_is_said(alice, cast, time):
    name = f"time-{cast.walk.public_id}"
    page = alice.press(alice.get(ADD), ADD, **fill(cast, **{name: time}))
    assert page.status == 422
    assert "Enter a time, for example 14:30, or leave it empty." in page.text
    assert lines_of(cast.alice) == []


@pytest.mark.covers("B4")
@pytest.mark.parametrize("blocks", [None, ["night"], ["morning", "night"], ["x"], ["-1"], ["\0"], ["9" * 40]])
def test_a_block_service_needs_times_of_its_own(alice, cast, blocks):
    ids = [str(getattr(cast, b).id) if hasattr(cast, b) else b for b in blocks] if blocks else None
    page = alice.press(alice.get(ADD), ADD, **fill(cast, cast.cat_visit, **{f"blocks-{cast.cat_visit.public_id}": ids}))
    assert page.status == 422
    assert ("Choose among the times of this service." if blocks else "Choose at least one time of day.") in page.text
    assert lines_of(cast.alice) == []


@pytest.mark.covers("B4")
def test_pets_at_home_are_offered_and_the_only_one_is_chosen(alice, walk, cast):
    cast.mochi.status = PetStatus.DECEASED
    assert alice.get(ADD).form(ADD).filled()["pets"] == [cast.biscuit.public_id]
    make.pet(cast.alice, "Pepper")
    form = alice.get(ADD).form(ADD)
    assert (len(form.choices["pets"]), "pets" in form.filled()) == (2, False)
    petless = make.client("Nora", "Nopet")
    nora = walk(petless)
    page = nora.get(ADD)
    assert "Who is it for?" not in page.text
    nora.press(page, ADD, dates=str(DAY), service=cast.walk.public_id)
    assert [x.pets for x in lines_of(petless)] == [[]]


@pytest.mark.covers("B4")
def test_the_pets_of_the_last_visit_are_chosen_for_the_next(alice, cast):
    page = alice.press(alice.get(ADD), ADD, **fill(cast, pets=[cast.biscuit, cast.mochi]))
    assert set(page.form(ADD).filled()["pets"]) == {cast.biscuit.public_id, cast.mochi.public_id}


# ------------------------------------------------------------------------------------------------- what comes back

BAD = {
    "31 February": ({"dates": ["2026-02-31", str(DAY)]}, "One of the days is not in the calendar."),
    "yesterday": ({"dates": ["2026-11-22"]}, "Sun, Nov 22: This day is in the past."),
    "five years ahead": ({"dates": ["2031-11-23"]}, "Sun, Nov 23, 2031: Visits can be asked for up to 400 days ahead."),
    "the year 9999": ({"dates": ["9999-12-31"]}, "One of the days is not in the calendar."),
    "NUL as a day": ({"dates": ["\0"]}, "One of the days is not in the calendar."),
    "no day": ({"dates": None}, "Choose at least one day."),
    "201 days": ({"dates": [str(DAY + dt.timedelta(n)) for n in range(201)]}, "at most 200 visits in one request"),
    "no service": ({"service": None}, "Choose a service."),
    "a service that is none": ({"service": "\0'; --"}, "This service is no longer offered online."),
    "no pet": ({"pets": None}, "Choose at least one pet."),
    "a pet that is none": ({"pets": ["\0"]}, "Choose among your own pets."),
    "20 kB of note": ({"note": "ä" * 20_000}, "The note is too long: use at most 10000 characters."),
}


@pytest.mark.covers("B4")
@pytest.mark.parametrize("name", BAD)
def test_a_bad_form_says_what_is_wrong_comes_back_as_it_was_and_adds_nothing(alice, cast, name):
    wrong, said = BAD[name]
    given = {**fill(cast, note="Ring twice 🐾", keep_days="yes", **{f"time-{cast.walk.public_id}": "09:15"}), **wrong}
    page = alice.press(alice.get(ADD), ADD, **given)
    assert page.status == 422
    assert said in page.text
    assert 'role="alert"' in page.html
    assert lines_of(cast.alice) == []
    back = page.form(ADD).filled()
    good = {k: v if isinstance(v, list) else [v] for k, v in given.items() if k not in wrong}
    assert {k: back.get(k) for k in good} == good
    if name in {"201 days", "20 kB of note", "yesterday", "five years ahead"}:
        key = next(iter(wrong))
        assert sorted(back[key]) == sorted(wrong[key] if isinstance(wrong[key], list) else [wrong[key]])


@pytest.mark.covers("B4")
def test_everything_that_is_wrong_is_said_at_once(alice, cast):
    page = alice.press(alice.get(ADD), ADD, dates=None, service=cast.cat_visit.public_id, pets=None, note="x" * 10_001)
    for words in ("4 things need another look", "Choose at least one day.", "Choose at least one time of day.", "Choose at least one pet.", "The note is too long"):  # fmt: skip
        assert words in page.text


@pytest.mark.covers("B4", "B9")
def test_a_day_that_does_not_work_is_said_although_something_else_is_missing(alice, cast):
    make.closed_day(DAY, reason="winter break")
    page = alice.press(alice.get(ADD), ADD, **fill(cast, note="x" * 10_001) | {"pets": None})
    for words in ("Closed on this day: winter break.", "Choose at least one pet.", "The note is too long"):
        assert words in page.text
    untimed = alice.press(alice.get(ADD), ADD, **fill(cast, item=cast.cat_visit))
    assert ("Choose at least one time of day." in untimed.text, 'id="dates-error"' in untimed.html) == (True, False)


@pytest.mark.covers("B4")
@pytest.mark.parametrize(
    "note", ["x" * 10_000, "NUL \0 in it", "🐕‍🦺 \u202e <script>alert(1)</script> {{ 7*7 }} %(x)s"]
)
def test_odd_notes_are_kept_and_shown_as_text(alice, cast, note):
    page = alice.press(alice.get(ADD), ADD, **fill(cast, note=note))
    assert page.status == 200
    (line,) = lines_of(cast.alice)
    assert line.note == note.translate({0: None, 0x202E: None})
    assert "<script>alert" not in page.html
    shown = re.findall(r'pt-note">Note: (.*?)</div>', page.html, re.DOTALL)
    assert [html.unescape(x) for x in shown] == [line.note]


@pytest.mark.covers("B4")
def test_two_hundred_visits_are_the_most_in_one_basket(alice, cast):
    days = [DAY + dt.timedelta(n) for n in range(199)]
    assert "199 visits added" in alice.press(alice.get(ADD), ADD, **fill(cast, cast.overnight, days)).text
    page = alice.press(alice.get(ADD), ADD, **fill(cast, days=[DAY, FRIDAY]))
    assert (page.status, "at most 200 visits in one request" in page.text) == (422, True)
    assert "1 visit added" in alice.press(alice.get(ADD), ADD, **fill(cast)).text
    assert len(lines_of(cast.alice)) == 200


# ------------------------------------------------------------------------------------------------------ the basket


@pytest.mark.covers("B5")
def test_duplicates_are_told_and_not_added_twice(alice, cast):
    alice.press(alice.get(ADD), ADD, **fill(cast))
    page = alice.press(alice.get(ADD), ADD, **fill(cast))
    assert (page.status, "This is already in your request. Nothing was added twice." in page.text) == (422, True)
    page = alice.press(alice.get(ADD), ADD, **fill(cast, days=[DAY, FRIDAY]))
    assert "1 visit added to your request. 1 was in it already and was not added twice." in page.text
    assert [x.on_date for x in lines_of(cast.alice)] == [DAY, FRIDAY]


@pytest.mark.covers("B5")
def test_days_are_cleared_after_adding_unless_the_client_keeps_them(alice, cast):
    page = alice.press(alice.get(ADD), ADD, **fill(cast, days=[DAY, FRIDAY]))
    assert "dates" not in page.form(ADD).filled()
    page = alice.press(page, ADD, keep_days="yes", **fill(cast, cast.overnight, [DAY, FRIDAY]))
    assert page.form(ADD).filled()["dates"] == [str(DAY), str(FRIDAY)]


@pytest.mark.covers("B4")
def test_the_list_shows_lines_of_one_kind_together_with_a_chip_for_each_day(alice, cast, change_settings):
    change_settings({"portal.show_prices": True})
    alice.press(
        alice.get(ADD), ADD, **fill(cast, days=[DAY, FRIDAY], pets=[cast.biscuit, cast.mochi], note="Gate sticks")
    )
    page = alice.press(alice.get(ADD), ADD, **fill(cast, cast.overnight))
    text = page.text.split("Your request")[-2] + page.text.split("Your request")[-1]
    assert "Dog walk, 30 minutes Any time. Biscuit and Mochi Note: Gate sticks $50.00 Change Dog walk on Thu, Nov 26" in text  # fmt: skip
    assert "Overnight All day. Biscuit $100.00" in text
    assert "Estimate for 3 visits $150.00" in text
    for line in lines_of(cast.alice):
        assert f"/portal/request/lines/{line.public_id}" in page.links()
        assert page.form(f"/portal/request/lines/{line.public_id}/removal").method == "post"


@pytest.mark.covers("B4")
def test_a_line_is_changed_on_its_own_page(alice, cast):
    alice.press(alice.get(ADD), ADD, **fill(cast, note="Gate sticks", **{f"time-{cast.walk.public_id}": "09:15"}))
    (line,) = lines_of(cast.alice)
    path = f"/portal/request/lines/{line.public_id}"
    page = alice.get(path)
    shown = page.form(path).filled()
    assert (shown["dates"], shown["service"], shown[f"time-{cast.walk.public_id}"], shown["pets"], shown["note"]) == (
        [str(DAY)], [cast.walk.public_id], ["09:15"], [cast.biscuit.public_id], ["Gate sticks"],
    )  # fmt: skip
    blocks = f"blocks-{cast.cat_visit.public_id}"
    done = alice.press(
        page, path, **fill(cast, cast.cat_visit, [FRIDAY], [cast.mochi], note="", **{blocks: cast.evening.id})
    )
    assert (done.path, "Changed. Nothing is sent yet." in done.text) == ("/portal/request", True)
    (line,) = lines_of(cast.alice)
    assert (line.service_item, line.on_date, line.start_time, line.time_block, line.pets, line.note) == (
        cast.cat_visit, FRIDAY, None, cast.evening, [cast.mochi], "",
    )  # fmt: skip


@pytest.mark.covers("B4")
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"dates": "2026-02-31"}, "One of the days is not in the calendar."),
        ({"dates": ""}, "One of the days is not in the calendar."),
        ({"dates": "2026-11-22"}, "This day is in the past."),
        ({"dates": str(FRIDAY)}, "This is already in your request."),
        ({"dates": [str(DAY), str(DAY + dt.timedelta(5))]}, "Choose one day and one time here"),
        ({"pets": None}, "Choose at least one pet."),
        ({"service": "AAAAAAAAAAAA"}, "This service is no longer offered online."),
    ],
)
def test_a_bad_change_comes_back_and_changes_nothing(alice, cast, wrong, said):
    alice.press(alice.get(ADD), ADD, **fill(cast, days=[DAY, FRIDAY]))
    first = lines_of(cast.alice)[0]
    path = f"/portal/request/lines/{first.public_id}"
    page = alice.press(alice.get(path), path, **{**fill(cast, note="New words"), **wrong})
    assert (page.status, said in page.text) == (422, True)
    assert page.form(path).filled()["note"] == ["New words"]
    assert [(x.on_date, x.note) for x in lines_of(cast.alice)] == [(DAY, ""), (FRIDAY, "")]


@pytest.mark.covers("B4")
def test_removing_twice_and_clearing_twice_is_no_error(alice, cast):
    page = alice.press(alice.get(ADD), ADD, **fill(cast, days=[DAY, FRIDAY]))
    first, second = lines_of(cast.alice)
    removal = f"/portal/request/lines/{first.public_id}/removal"
    assert "Taken out of your request." in alice.press(page, removal).text
    again = alice.press(page, removal)
    assert (again.status, "This visit is no longer in your request." in again.text) == (200, True)
    assert lines_of(cast.alice) == [second]
    question = alice.get("/portal/request/clearing")
    assert "Clear all?" in question.text
    assert "1 visit removed." in alice.press(question, "/portal/request/clearing").text
    assert "Your request was empty already." in alice.press(question, "/portal/request/clearing").text
    assert alice.get("/portal/request/clearing").path == "/portal/request"
    assert count(JobRequest, JobRequest.client_id == cast.alice.id) == 0


@pytest.mark.covers("B2", "B8", "B9")
def test_what_cannot_go_any_more_stands_apart_with_the_reason(alice, cast, clock_at, change_settings):
    change_settings({"business.phone": "020 7946 0018", "portal.too_late_text": "Too late for the form."})
    make.basket(cast.alice, cast.walk, pets=[cast.biscuit], n_lines=2)
    taxi = make.service_item("Pet taxi")
    basket = db.session.scalars(sa.select(JobRequest).where(JobRequest.client_id == cast.alice.id)).one()
    make.line(basket, taxi, on_date=FRIDAY, pets=[cast.biscuit])
    make.line(basket, cast.overnight, on_date=DAY + dt.timedelta(5), pets=[cast.biscuit])
    make.closed_day(DAY, reason="winter break")
    cast.walk.request_limit_kind, cast.walk.request_limit_number = LimitKind.DAYS, 7
    db.session.flush()
    catalogue.save_item(taxi, {"visible_in_portal": False}, actor=cast.as_olivia)
    page = alice.get(ADD)
    apart = page.text.split("Taken out of your request")[1]
    out, impossible = apart.split("Can no longer be requested")
    assert "Pet taxi is no longer offered online." in out
    assert "Closed on this day: winter break." in impossible
    assert "Ask at least 7 days before the visit." in impossible
    assert "Too late for the form. 020 7946 0018" in impossible
    assert "4 visits are not sent yet." in page.text
    sent = alice.press(page, "/portal/request/submission")
    assert "sent: 1 visit." in sent.text
    assert "3 visits can no longer be requested and stay in your basket. There you see why." in sent.text
    assert {x.service_item.name: x.state for x in lines_of(cast.alice)} == {
        "Overnight": LineState.SUBMITTED, "Dog walk": LineState.DRAFT, "Pet taxi": LineState.DRAFT,
    }  # fmt: skip
    rest = alice.get(ADD)
    assert "Send request" not in rest.text
    assert "Clear all" in rest.text


# --------------------------------------------------------------------------------------------------------- sending


@pytest.mark.covers("B6")
def test_after_sending_the_client_reads_what_happens_next(alice, cast, change_settings):
    change_settings({"business.name": "Maple Lane"})
    page = alice.press(alice.get(ADD), ADD, **fill(cast, days=[DAY, FRIDAY]))
    sent = alice.press(page, "/portal/request/submission")
    (request,) = {x.request for x in lines_of(cast.alice)}
    assert sent.path == f"/portal/requests/{request.public_id}"
    assert f"Request {request.number} sent: 2 visits." in sent.text
    assert "Nothing is booked yet. Maple Lane looks at your request and finds a sitter." in sent.text
    assert "A mail to alice@example.com tells you which visits are scheduled" in sent.text
    assert "not sent yet" not in sent.text
    assert "Nothing here yet" in alice.get(ADD).text


@pytest.mark.covers("B6", "B8")
def test_a_second_press_and_a_second_tab_find_it_sent_and_send_nothing_twice(alice, cast, outbox):
    page = alice.press(alice.get(ADD), ADD, **fill(cast))
    other_tab = alice.get(ADD)
    first = alice.press(page, "/portal/request/submission")
    for stale in (page, other_tab):
        again = alice.press(stale, "/portal/request/submission")
        assert (again.status, again.path) == (200, first.path)
        assert "Your request was sent already. Nothing was sent twice." in again.text
    assert outbox.kinds() == [MailKind.REQUEST_RECEIVED.value]
    assert count(Notification) == 1


@pytest.mark.covers("B6")
def test_an_old_tab_does_not_send_a_new_basket(alice, cast):
    page = alice.press(alice.get(ADD), ADD, **fill(cast))
    alice.press(page, "/portal/request/submission")
    alice.press(alice.get(ADD), ADD, **fill(cast, cast.overnight))
    alice.press(page, "/portal/request/submission")
    assert [x.state for x in lines_of(cast.alice)] == [LineState.SUBMITTED, LineState.DRAFT]
    assert "Your request changed meanwhile." in alice._follow(alice.post("/portal/request/submission", basket="x")).text
    alice.press(alice.get(ADD), "/portal/request/submission")
    gone = alice._follow(alice.post("/portal/request/submission", basket="\0"))
    assert (gone.path, "There is nothing to send" in gone.text) == ("/portal/requests", True)


@pytest.mark.covers("B6", "B8")
def test_pressing_send_in_the_second_of_the_clock_finds_it_sent(alice, cast, clock_at):
    page = alice.press(alice.get(ADD), ADD, **fill(cast))
    sending.auto_submit(cast.alice, now=clock_at("2026-11-24 10:00"))
    db.session.commit()
    clock_at("2026-11-23 20:00")
    again = alice.press(page, "/portal/request/submission")
    assert "Your request was sent already." in again.text
    assert "Sent for you" in again.text
    assert count(JobRequest, JobRequest.client_id == cast.alice.id) == 1


@pytest.mark.covers("B6")
def test_when_nothing_can_go_any_more_nothing_is_sent_and_the_reason_is_said(alice, cast):
    page = alice.press(alice.get(ADD), ADD, **fill(cast))
    make.closed_day(DAY, reason="storm")
    sent = alice.press(page, "/portal/request/submission")
    assert "Nothing was sent. Closed on this day: storm." in sent.text
    assert [x.state for x in lines_of(cast.alice)] == [LineState.DRAFT]


def test_a_line_that_was_sent_meanwhile_cannot_be_changed_or_removed(alice, cast):
    page = alice.press(alice.get(ADD), ADD, **fill(cast))
    (line,) = lines_of(cast.alice)
    path = f"/portal/request/lines/{line.public_id}"
    edit = alice.get(path)
    alice.press(page, "/portal/request/submission")
    for late in (alice.get(path), alice.press(edit, path, **fill(cast, days=[FRIDAY])), alice.press(page, f"{path}/removal")):  # fmt: skip
        assert "This visit was sent already. You find it here." in late.text
    assert [(x.on_date, x.state) for x in lines_of(cast.alice)] == [(DAY, LineState.SUBMITTED)]


@pytest.mark.covers("B5")
def test_adding_to_a_sent_request_can_be_undone_before_sending(alice, cast):
    request = make.sent_request(cast.alice, cast.walk, number=17, pets=[cast.biscuit])
    page = alice.press(alice.get("/portal/requests"), f"/portal/requests/{request.public_id}/additions")
    assert (page.path, "You are adding to request 17. What you send keeps that number." in page.text) == (
        "/portal/request",
        True,
    )
    page = alice.press(page, ADD, **fill(cast, cast.overnight))
    page = alice.press(page, "/portal/request/new-start")
    assert "You are adding to request" not in page.text
    alice.press(page, "/portal/request/submission")
    assert len({x.request_id for x in lines_of(cast.alice)}) == 2


def test_a_post_without_a_token_changes_nothing(alice, cast):
    assert alice.post(ADD, with_token=False, **fill(cast)).status_code == 400
    assert lines_of(cast.alice) == []
