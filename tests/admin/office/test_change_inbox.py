"""The inbox of change and cancellation requests, and the screen on which they are decided."""

import datetime as dt
import re
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import ChangeItem, ChangeKind, ChangeRequest, ChangeState, Initiator, Job, JobState, NoticeKind, StaffRole
from tests import factories as make
from tests.admin.office.conftest import NOON, THURSDAY
from tests.admin.office.walk import Office
from tests.databases import count, statements
from workflows import change_asking, change_requests, repeats, settings
from workflows.actors import COMMAND_LINE, client_actor
from workflows.change_preview import Wish
from workflows.following import ask_to_change_following
from workflows.following_preview import SeriesWish
from workflows.mail_facts import MailKind
from workflows.permissions import ROLE_PERMISSIONS, Permission
from workflows.repeat_patterns import Pattern, PatternTime

FRIDAY = THURSDAY + dt.timedelta(days=1)


@pytest.fixture
def job(cast):
    """Alice's walk on Thursday at noon by Sam, 20.00."""
    return make.job(cast.alice, cast.walk, sitter=cast.sam, pets=[cast.biscuit])


@pytest.fixture
def half(cast):
    """Clients who cancel pay half, and the sitter gets half of the pay."""
    return make.cancellation_rule(
        "Half for late notice", initiator=Initiator.CLIENT, charge_percent=Decimal(50), pay_percent=Decimal(50)
    )


@pytest.fixture
def cancellation(cast, job, half, outbox):
    """Alice asks to cancel the walk and another one on Friday."""
    other = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=FRIDAY, pets=[cast.biscuit])
    request = change_asking.ask_to_cancel(cast.alice, [job, other], actor=cast.as_alice, body="The dog is ill")
    outbox.clear()
    db.session.commit()
    return request


@pytest.fixture
def change(cast, job, outbox):
    """Alice asks for Friday at 2 PM, with both pets."""
    wish = Wish(cast.walk, FRIDAY, dt.time(14), pets=[cast.biscuit, cast.mochi], note="Both this time")
    request = change_asking.ask_to_change(cast.alice, job, wish, actor=cast.as_alice, body="We come home later")
    outbox.clear()
    db.session.commit()
    return request


@pytest.fixture
def office_at(http, cast, sign_in_as_staff, clock_at):
    """office_at("2026-11-25 13:00") is Olivia's browser at that moment: an old log-in would have run out."""

    def go(moment):
        clock_at(moment)
        return Office(sign_in_as_staff(http(), cast.olivia))

    return go


def url(request, rest=""):
    return f"/admin/change-requests/{request.id}/{rest}"


def states(request):
    db.session.expire_all()
    return [i.state.value for i in db.session.get(ChangeRequest, request.id).items]


def again(job):
    db.session.expire_all()
    return db.session.get(Job, job.id)


# -------------------------------------------------------------------------------------------------------- the lists


@pytest.mark.covers("X7")
def test_the_tabs_list_what_waits_with_age_start_and_flag(office_at, cast, cancellation):
    office = office_at("2026-11-25 13:00")
    settings.change({"changes.mode": "message"}, actor=COMMAND_LINE)
    change_asking.send_message(cast.bob, "Could Sita come later?", actor=cast.as_bob)
    db.session.commit()
    page = office.get("/admin/change-requests/")
    for words in (
        "Alice Archer",
        "Dog walk, Thu, Nov 26",
        "“The dog is ill”",
        "Starts within 24 h",
        "2 days",
        "$20.00",
    ):
        assert words in page.main
    for tab in ("New", "Changes", "Cancellations", "Messages", "Auto-approved", "Done"):
        assert page.link(tab)
    assert page.link("New") == "/admin/job-requests/"
    assert "Bob Baker" not in page.main
    messages = office.get("/admin/change-requests/messages/")
    assert ("Could Sita come later?" in messages.main, "Alice Archer" in messages.main) == (True, False)
    assert "Nothing waits here" in office.get("/admin/change-requests/changes/").main
    office.get("/admin/change-requests/other/", 404)


@pytest.mark.covers("X7")
def test_the_menu_counts_clients_with_open_requests_beside_the_job_requests(office, cast, cancellation):
    page = office.get("/admin/")
    assert "1 client with open change requests" in page.text
    assert "1 client with outstanding job requests" in page.text  # Bob's, and nothing else
    assert "2 cancellations" not in page.main
    assert "1 cancellation." in page.main
    assert "Alice Archer asks to cancel 2 visits" in page.main
    assert page.has_link(url(cancellation))


@pytest.mark.covers("X7")
def test_automatic_cancellations_stand_in_their_strip_for_seven_days(office, office_at, cast, job, half):
    settings.change({"changes.auto_approve": True}, actor=COMMAND_LINE)
    request = change_asking.ask_to_cancel(cast.alice, [job], actor=cast.as_alice)
    db.session.commit()
    for tab in ("auto", "done"):
        assert "Alice Archer" in office.get(f"/admin/change-requests/{tab}/").main
    page = office.get(url(request))
    assert ("Auto-approved" in page.main, page.buttons().count("Approve")) == (True, 0)
    assert "Alice Archer cancelled a visit" in office.get("/admin/").main
    office = office_at("2026-11-30 10:00:01")
    assert "Alice Archer" not in office.get("/admin/change-requests/auto/").main
    assert "Alice Archer" in office.get("/admin/change-requests/done/").main


def test_the_lists_and_the_screen_take_the_same_queries_however_many_wait(office, cast, half):
    def numbers():
        found = []
        for path in ("/admin/change-requests/cancellations/", "/admin/change-requests/done/"):
            with statements() as made:
                office.get(path)
            found.append(len(made))
        return found

    def ask(n):
        for _n in range(n):
            client = make.client("Many", "Things")
            job = make.job(client, cast.walk, on_date=FRIDAY)
            change_asking.ask_to_cancel(client, [job], actor=client_actor(client))
        db.session.commit()

    ask(1)
    few = numbers()
    ask(60)
    assert numbers() == few
    first = office.get("/admin/change-requests/cancellations/")
    assert first.main.count("Many Things") == 50
    assert first.follow("Next").main.count("Many Things") == 11


@pytest.mark.covers("X7")
def test_an_inbox_of_500_open_requests_is_read_with_few_queries(office, cast):
    with make.at_once():
        clients = [make.client("Many", f"Things {n}") for n in range(25)]
    with make.at_once():
        jobs = [make.job(c, cast.walk, on_date=FRIDAY + dt.timedelta(days=k)) for c in clients for k in range(20)]
    with make.at_once():
        for n, job in enumerate(jobs):
            asked = make.change_request(job.client, ChangeKind.CANCEL if n % 2 else ChangeKind.CHANGE)
            make.change_item(asked, job, new_service_item=cast.walk, new_on_date=FRIDAY, fee=Decimal(5))
    db.session.commit()
    for tab in ("changes", "cancellations", "done"):
        path = f"/admin/change-requests/{tab}/"
        office.get(path)
        with statements() as sent:
            page = office.get(path)
        assert len(sent) <= 9, (tab, sent)
        assert page.main.count("Many Things") == (0 if tab == "done" else 50)
        assert len(page.html) < 80_000
    assert "Cancellations 250" in office.get("/admin/change-requests/").main


# ------------------------------------------------------------------------------------------------------- cancelling


@pytest.mark.covers("X7", "X9")
def test_approving_takes_the_figures_that_the_client_was_shown(office, job, cancellation, half, outbox):
    half.charge_percent = Decimal(100)
    db.session.commit()
    page = office.get(url(cancellation))
    for words in ("Your policy said: Half for late notice.", "Price $20.00.", "The dog is ill"):
        assert words in page.main
    done = page.press("Approve", note="Get well soon")
    assert ("2 requests approved." in done.main, "Alice gets one mail about it." in done.main) == (True, True)
    assert (again(job).state, job.price, job.sitter_pay, job.prior_price) == (
        JobState.CANCELLED, Decimal("10.00"), Decimal("5.00"), Decimal("20.00"),
    )  # fmt: skip
    facts = outbox.facts(MailKind.CHANGE_DECIDED, to="alice@example.com")
    assert (facts.outcome, facts.message, [i.fee for i in facts.items]) == ("all", "Get well soon", ["10.00", "10.00"])
    assert states(cancellation) == ["approved", "approved"]


@pytest.mark.covers("X7", "X10")
def test_fee_and_pay_can_be_edited_with_a_reason_and_waived(office, job, cancellation):
    page = office.get(url(cancellation))
    ids = [i.id for i in cancellation.items]
    refused = page.press("Approve", **{f"fee-{ids[0]}": "3.50"})
    assert (refused.status, "Say why you take other figures" in refused.main) == (422, True)
    assert refused.fields(url(cancellation, "approval"))[f"fee-{ids[0]}"] == "3.50"
    assert refused.press("Approve", **{f"fee-{ids[0]}": "x"}).status == 422
    assert refused.press("Approve", **{f"fee-{ids[0]}": "99"}, why="A friend").status == 422
    assert again(job).state is JobState.SCHEDULED
    page.press("Approve and waive the fee", why="A friend", item=[ids[0]])
    assert (again(job).price, job.sitter_pay, job.fee_reason) == (0, Decimal("5.00"), "A friend")
    assert states(cancellation) == ["approved", "pending"]


@pytest.mark.covers("X7")
def test_visits_of_one_request_are_decided_one_by_one_with_one_mail_at_the_end(office, job, cancellation, outbox):
    first, second = [i.id for i in cancellation.items]
    page = office.get(url(cancellation)).press("Approve", item=[first])
    assert (states(cancellation), len(outbox.mails(MailKind.CHANGE_DECIDED))) == (["approved", "pending"], 0)
    assert page.press("Deny").status == 422
    page.press("Deny", item=[second], note="Sam is on the way")
    facts = outbox.facts(MailKind.CHANGE_DECIDED, to="alice@example.com")
    assert (facts.outcome, [i.state for i in facts.items]) == ("some", ["approved", "denied"])
    assert count(Job, Job.client_id == cancellation.client_id, Job.state == JobState.SCHEDULED) == 1


@pytest.mark.covers("X7")
def test_a_fee_of_nothing_stands_as_an_amount_in_its_field(office, cast, job):
    request = change_asking.ask_to_cancel(cast.alice, [job], actor=cast.as_alice)
    db.session.commit()
    item = request.items[0].id
    html = office.get(url(request)).html
    for name in (f"fee-{item}", f"pay-{item}"):
        assert re.search(rf'name="{name}"[^>]*value="0\.00"', html), name


@pytest.mark.covers("X9")
def test_home_and_the_log_say_hours_and_amounts_as_people_write_them(office, cast, half):
    visit = make.job(cast.alice, cast.cat_visit, block=cast.morning, start_time=None, pets=[cast.mochi])
    request = change_asking.ask_to_cancel(cast.alice, [visit], actor=cast.as_alice)
    db.session.commit()
    home = office.get("/admin/").main
    assert "Cat visit, Thu, Nov 26 Morning, 7:00 AM to 10:00 AM (fee $10.00)" in home
    page = office.get(url(request))
    assert "Cat visit, Thu, Nov 26, Morning, 7:00 AM to 10:00 AM" in page.main
    page.press("Approve")
    visit_page = office.get(f"/admin/visit/{visit.id}/").main
    assert "Price: $20.00" in visit_page
    assert "$10.00" in visit_page


@pytest.mark.covers("X7")
def test_nothing_ticked_changes_nothing(office, cancellation):
    page = office.get(url(cancellation)).press("Approve", item=None)
    assert (page.status, "Tick at least one visit." in page.main, states(cancellation)) == (422, True, ["pending"] * 2)


@pytest.mark.covers("X7")
def test_the_mail_can_be_read_before_and_nothing_is_done_by_it(office, job, cancellation, outbox):
    page = office.get(url(cancellation)).press("See the mail for no", note="Sam is on the way")
    assert ("What Alice will read" in page.main, "Sam is on the way" in page.main) == (True, True)
    assert (states(cancellation), len(outbox), again(job).state) == (["pending"] * 2, 0, JobState.SCHEDULED)
    part = page.press("See the mail for yes", item=[cancellation.items[0].id])
    assert "No mail goes out yet" in part.main
    assert states(cancellation) == ["pending"] * 2


# --------------------------------------------------------------------------------------------------------- changing


@pytest.mark.covers("X7")
def test_a_change_shows_old_beside_new_and_the_price(office, cast, job, change, outbox):
    page = office.get(url(change))
    for words in ("Thu, Nov 26", "Fri, Nov 27", "12:00 PM", "2:00 PM", "Biscuit, Mochi", "Both this time", "+$5.00"):
        assert words in page.main
    page.press("Approve")
    assert (again(job).on_date, job.start_time, job.price, len(job.pets)) == (FRIDAY, dt.time(14), Decimal("25.00"), 2)
    assert outbox.facts(MailKind.CHANGE_DECIDED, to="alice@example.com").outcome == "all"
    assert [m.to_address for m in outbox.mails(MailKind.SITTER_VISIT_MOVED)] == ["sam@example.com"]


@pytest.mark.covers("X7", "B11")
def test_a_change_shows_the_conflicts_that_it_would_cause(office, cast, job, change):
    make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=FRIDAY, start_time=dt.time(14))
    page = office.get(url(change))
    assert ("It would cause:" in page.main, "Dog walk, Bob Baker" in page.main) == (True, True)
    asked = page.press("Approve")
    assert (asked.status, again(job).on_date) == (409, THURSDAY)
    asked.press("Approve anyway")
    assert again(job).on_date == FRIDAY


@pytest.mark.covers("X7")
def test_edit_then_approve(office, cast, job, change, outbox):
    page = office.get(url(change)).follow("Edit, then approve")
    assert page.press("Approve as edited", on_date="").status == 422
    page.press("Approve as edited", start_time="16:00", sitter=cast.sita.id, answer="Sita can come at four")
    assert (again(job).on_date, job.start_time, job.sitter) == (FRIDAY, dt.time(16), cast.sita)
    assert outbox.facts(MailKind.CHANGE_DECIDED, to="alice@example.com").message == "Sita can come at four"
    item_id = change.items[0].id
    assert "decided already" in office.get(page.path, 302).html or office.browser.get(page.path).status_code == 302
    office.get(f"/admin/change-requests/999/items/{item_id}/", 404)


@pytest.mark.covers("X7")
def test_denying_needs_a_word_and_leaves_the_visit(office, job, change, outbox):
    page = office.get(url(change))
    assert page.press("Deny").status == 422
    page.press("Deny", note="Friday is full")
    assert (again(job).on_date, states(change)) == (THURSDAY, ["denied"])
    facts = outbox.facts(MailKind.CHANGE_DECIDED, to="alice@example.com")
    assert (facts.outcome, facts.message) == ("none", "Friday is full")


# ------------------------------------------------------------------------------------------------- races and ends


@pytest.mark.covers("X7")
def test_two_managers_and_a_client_who_withdraws_meet(office, manager, cast, cancellation):
    mine, theirs = office.get(url(cancellation)), manager.get(url(cancellation))
    change_requests.withdraw([cancellation.items[0]], actor=cast.as_alice)
    db.session.commit()
    late = mine.press("Approve")
    assert "withdrawn meanwhile. Nothing was changed." in late.main
    assert states(cancellation) == ["withdrawn", "pending"]
    late.press("Approve")
    assert "approved meanwhile" in theirs.press("Deny", note="No", item=[cancellation.items[1].id]).main
    assert states(cancellation) == ["withdrawn", "approved"]


def test_a_visit_that_the_office_cancelled_takes_its_request_along(office, job, cancellation):
    office.get(f"/admin/visit/{job.id}/cancellation").press("Cancel visit")
    assert states(cancellation) == ["superseded", "pending"]


def test_a_visit_that_goes_back_to_request_takes_its_request_along(office, job, change):
    job_id = job.id
    office.get(f"/admin/visit/{job_id}/back-to-request").press("Back to request")
    assert (states(change), count(Job, Job.id == job_id)) == (["superseded"], 0)
    assert office.get(url(change)).status == 200


@pytest.mark.covers("X7", "X11")
def test_a_pause_that_was_asked_for_is_made(office, cast):
    series = make.repeat(cast.alice, cast.walk)
    visit = make.job(cast.alice, cast.walk, repeat=series, repeat_on=THURSDAY, repeat_time_id=series.times[0].id)
    request = change_asking.ask_to_pause(cast.alice, series, THURSDAY, FRIDAY, actor=cast.as_alice)
    db.session.commit()
    assert "Dog walk: Thu, Nov 26" in office.get("/admin/change-requests/changes/").main
    office.get(url(request)).press("Approve")
    assert (again(visit).state, [(p.first_on, p.last_on) for p in series.pauses]) == (
        JobState.CANCELLED, [(THURSDAY, FRIDAY)],
    )  # fmt: skip


@pytest.fixture
def ended(cast):
    """Alice asks to end her walks after Wednesday: Thursday's costs half, Friday's and Saturday's nothing."""
    make.cancellation_rule(
        "Half", notice_kind=NoticeKind.HOURS, notice_number=96, charge_percent=Decimal(50), pay_percent=Decimal(50)
    )
    series = make.repeat(cast.alice, cast.walk, starts_on=dt.date(2026, 11, 19))
    for n in range(3):
        day = THURSDAY + dt.timedelta(days=n)
        time_id = series.times[0].id
        make.job(
            cast.alice,
            cast.walk,
            on_date=day,
            repeat=series,
            repeat_on=day,
            repeat_time_id=time_id,
            sitter_pay=Decimal(10),
        )
    request = change_asking.ask_to_end(cast.alice, series, dt.date(2026, 11, 25), actor=cast.as_alice, body="We move")
    db.session.commit()
    return request


def visits_of(request):
    return db.session.scalars(
        sa.select(Job).where(Job.repeat_id == request.items[0].repeat_id).order_by(Job.on_date)
    ).all()


@pytest.mark.covers("X7", "X10", "X11")
def test_the_end_of_a_series_shows_what_it_calls_off_and_costs_before_it_is_approved(office, ended, outbox):
    assert "Dog walk: last day Wed, Nov 25" in office.get("/admin/change-requests/changes/").main
    page = office.get(url(ended))
    for words in (
        "3 visits would be cancelled. Your policy takes $10.00.",
        "2 visits are free of charge.",
        "Half",
        "We move",
    ):
        assert words in page.main, words
    thursday = visits_of(ended)[0]
    fields = page.fields(f"/admin/change-requests/{ended.id}/approval")
    assert [fields[f"{of}-visit-{thursday.id}"] for of in ("fee", "pay")] == ["10.00", "5.00"]
    assert (
        "between 0 and the visit's price"
        in page.press("Approve", **{f"fee-visit-{thursday.id}": "21", "why": "x"}).main
    )
    assert page.press("Approve", **{f"fee-visit-{thursday.id}": "7"}).status == 422, "without a reason"
    outbox.clear()
    page = page.press("Approve", **{f"fee-visit-{thursday.id}": "7.50", "why": "Half of half"})
    assert [(j.state, j.price) for j in map(again, visits_of(ended))] == [
        (JobState.CANCELLED, Decimal("7.50")), (JobState.CANCELLED, Decimal(0)), (JobState.CANCELLED, Decimal(0)),
    ]  # fmt: skip
    facts = outbox.facts(MailKind.CHANGE_DECIDED)
    assert (facts.items[0].fee, facts.items[0].fee_reason) == ("7.50", "Half of half")
    assert "Fee $7.50" in office.get(url(ended)).main


@pytest.mark.covers("X7", "X10", "X11")
def test_the_fee_of_an_end_is_waived_with_a_reason(office, ended):
    page = office.get(url(ended))
    assert page.press("Approve and waive the fee").status == 422
    page.press("Approve and waive the fee", why="Long-standing client")
    assert [(j.price, j.sitter_pay) for j in map(again, visits_of(ended))] == [
        (Decimal(0), Decimal(5)), (Decimal(0), Decimal(0)), (Decimal(0), Decimal(0)),
    ]  # fmt: skip
    assert ended.items[0].fee_reason == "Long-standing client"


def test_who_may_not_change_fees_sees_those_of_an_end_as_they_are(office, ended, monkeypatch):
    less = ROLE_PERMISSIONS[StaffRole.OWNER] - {Permission.FEES}
    monkeypatch.setitem(ROLE_PERMISSIONS, StaffRole.OWNER, less)
    page = office.get(url(ended))
    assert ("Fee $10.00, pay for the sitter $5.00" in page.main, "fee-visit-" in page.html) == (True, False)
    page.press("Approve")
    assert again(visits_of(ended)[0]).price == Decimal(10)


@pytest.mark.covers("X7", "X1")
def test_a_general_message_is_answered_by_mail_or_put_away(office, cast, outbox):
    settings.change({"changes.mode": "message"}, actor=COMMAND_LINE)
    requests = [change_asking.send_message(cast.alice, "Later, please", actor=cast.as_alice) for _n in range(2)]
    outbox.clear()
    db.session.commit()
    page = office.get(url(requests[0]))
    assert page.press("Answer and mark as done", answer=" ").status == 422
    page.press("Answer and mark as done", answer="At one, then")
    assert outbox.facts(MailKind.CLIENT_MESSAGE_ANSWERED, to="alice@example.com").answer == "At one, then"
    office.get(url(requests[1])).press("Done without an answer")
    assert (len(outbox), count(ChangeRequest, ChangeRequest.is_open)) == (1, 0)
    assert "dealt with already" in page.press("Answer and mark as done", answer="Again").main


@pytest.mark.covers("X7")
def test_the_client_s_page_lists_what_waits(office, cast, cancellation):
    page = office.get(f"/admin/client/{cast.alice.id}/?tab=requests")
    assert ("Open change requests" in page.main, page.has_link(url(cancellation))) == (True, True)
    assert "Open change requests" not in office.get(f"/admin/client/{cast.bob.id}/?tab=requests").main


def test_requests_that_are_not_there_are_not_found(office, cancellation):
    office.get("/admin/change-requests/999999/", 404)
    office.get(f"/admin/change-requests/{cancellation.id}/items/{cancellation.items[0].id}/", 404)
    assert count(ChangeItem, ChangeItem.state == ChangeState.PENDING) == 2
    assert ({ChangeKind.CANCEL}, NOON) == ({cancellation.kind}, dt.time(12))


# ------------------------------------------------------------------------------------------ this and all following


@pytest.fixture
def following_asked(cast, outbox):
    """Alice asks for Mondays and Wednesdays at 14:00 instead of Monday, Wednesday and Friday at noon, from the 30th on."""
    settings.change({"schedule.repeat_days": 14}, actor=COMMAND_LINE)
    make.cancellation_rule("Half", initiator=Initiator.CLIENT, charge_percent=Decimal(50), pay_percent=Decimal(0))
    pattern = Pattern(
        item=cast.walk, times=[PatternTime(d, dt.time(12)) for d in (0, 2, 4)], starts_on=dt.date(2026, 11, 25),
        sitter=cast.sam, pets=[cast.biscuit],
    )  # fmt: skip
    series = repeats.start(cast.alice, pattern, actor=cast.as_max).repeat
    make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=dt.date(2026, 12, 2), start_time=dt.time(14))
    wish = SeriesWish(cast.walk, [PatternTime(d, dt.time(14)) for d in (0, 2)], [cast.biscuit], "Blue lead")
    request = ask_to_change_following(cast.alice, series, dt.date(2026, 11, 30), wish, actor=cast.as_alice)
    outbox.clear()
    db.session.commit()
    return request


def planned(request):
    db.session.expire_all()
    found = db.session.scalars(sa.select(Job).where(Job.repeat_id.is_not(None)).order_by(Job.on_date))
    return [(j.on_date.day, j.start_time.hour, j.price) for j in found if j.state is JobState.SCHEDULED]


@pytest.mark.covers("X7", "X11")
def test_a_change_of_a_series_shows_the_old_week_beside_the_new_and_its_conflicts(office, following_asked, outbox):
    assert "Dog walk: all visits from Mon, Nov 30 on" in office.get("/admin/change-requests/changes/").main
    page = office.get(url(following_asked))
    for words in (
        "Mon, Wed, and Fri 12:00", "Mon and Wed 2:00", "Blue lead", "$80.00", "$60.00", "It would cause:",
        "Wed, Dec 2: at the same time as Dog walk, Bob Baker", "4 planned visits change with it.",
        "1 visit would be cancelled. Your policy takes $10.00.",
    ):  # fmt: skip
        assert words in page.main.replace("\u202f", " "), words
    assert "Done: your change request" in page.press("See the mail for yes").main
    assert planned(following_asked)[2:] == [(30, 12, 20), (2, 12, 20), (4, 12, 20), (7, 12, 20)], "only looked at"
    page.press("Approve and waive the fee", why="Regular client")
    assert planned(following_asked)[2:] == [(30, 14, 20), (2, 14, 20), (7, 14, 20)]
    facts = outbox.facts(MailKind.CHANGE_DECIDED)
    assert (facts.outcome, facts.items[0].fee, facts.items[0].fee_reason) == ("all", "", "Regular client")
    assert "Mon and Wed" in office.get(url(following_asked)).main


@pytest.mark.covers("X7", "X11")
def test_a_change_of_a_series_is_edited_then_approved(office, following_asked):
    (item,) = following_asked.items
    form = office.get(f"{url(following_asked)}items/{item.id}/")
    assert form.status == 200
    assert form.fields(f"{url(following_asked)}items/{item.id}/").getlist("row-time")[0] == "14:00"
    saved = form.press("Approve as edited", **{"row-time": ["15:00", ""]})
    assert saved.status == 200
    assert [(d, h) for d, h, _price in planned(following_asked)][2:] == [(30, 15), (2, 15), (7, 15)]


def test_a_change_of_a_series_that_somebody_changed_meanwhile_says_so(office, cast, following_asked):
    series = following_asked.items[0].repeat
    repeats.end(series, dt.date(2026, 11, 27), actor=cast.as_max)
    db.session.commit()
    page = office.get(url(following_asked))
    assert "was changed since the client asked" in page.main
    assert states(following_asked) == ["pending"]
    page.press("Approve")
    assert states(following_asked) == ["superseded"]
