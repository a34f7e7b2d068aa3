"""The main job as people live it: a client at one browser, the office at another, on a phone and at a desk."""

import datetime as dt
import re
from contextlib import suppress
from decimal import Decimal

import pytest
import sqlalchemy as sa
from playwright.sync_api import Error, expect

from foundation import clock, sealing
from foundation.db import db, mark_request
from models import Activity, FieldKind, Job, JobRequestLine, JobState, LineState, NoticeKind, OutboxMail
from tests import factories as make
from workflows import change_asking
from workflows.mail_facts import MailKind
from workflows.visit_facts import job_facts

pytestmark = pytest.mark.browser


def coming_days():
    """The 10th and 11th of next month: always ahead, always on one page of the picker."""
    first = (clock.today().replace(day=1) + dt.timedelta(days=32)).replace(day=1)
    return first.replace(day=10), first.replace(day=11)


def choose(page, days, service, *, time=None, blocks=(), pets=("Biscuit",)):
    """Fill in the request form as a person does, and add it."""
    if not page.locator(f'input[name="dates"][value="{days[0].isoformat()}"]').count():
        page.get_by_role("button", name="Next month").click()
    for day in days:
        page.locator(f'input[name="dates"][value="{day.isoformat()}"]').check(force=True)
    page.get_by_role("radio", name=re.compile(f"^{service}")).check(force=True)
    if time:
        page.locator('input[type="time"]:visible').fill(time)
    for block in blocks:
        page.get_by_role("checkbox", name=re.compile(f"^{block}")).locator("visible=true").check(force=True)
    for pet in pets:
        page.get_by_role("checkbox", name=pet).check(force=True)
    page.get_by_role("button", name=re.compile("Add .*to your request")).locator("visible=true").click()


@pytest.mark.covers("B3", "B4", "B5", "B6", "B7", "B10", "C1", "C2", "C3", "S1", "S2")
@pytest.mark.parametrize("size", ["phone", "desk"])
def test_a_client_requests_the_office_schedules_and_everybody_is_told(live, visitor, size):
    cast, (first, second) = live.cast, coming_days()
    hannah, olivia = (
        visitor(size).log_in_by_form("portal", cast.alice.email),
        visitor(size).log_in_by_form("office", cast.olivia.login.email),
    )
    page, office = hannah.page, olivia.page

    # The client asks for three visits on two days.
    hannah.go("/portal/schedule")
    hannah.look()
    page.get_by_role("link", name="Request Services").first.click()
    hannah.look()
    choose(page, [first, second], "Dog walk", time="12:00")
    expect(page.locator("#basket")).to_contain_text("Dog walk")
    choose(page, [first], "Overnight", pets=["Biscuit", "Mochi"])
    expect(page.locator("#basket")).to_contain_text("Overnight")
    hannah.look()
    hannah.go("/portal/schedule")
    expect(page.get_by_text("3 visits are not sent yet.")).to_be_visible()
    page.get_by_role("link", name="Review and send").first.click()
    page.get_by_role("button", name="Send request").click()
    expect(page.get_by_text(re.compile(r"Request \d+ sent: 3 visits"))).to_be_visible()
    hannah.look()

    # And for one more, which joins the same request.
    page.get_by_role("button", name="Add services").first.click()
    choose(page, [second], "Cat visit", blocks=["Morning"], pets=["Mochi"])
    expect(page.locator("#basket")).to_contain_text("Cat visit")
    page.get_by_role("button", name="Send request").click()
    expect(page.get_by_text(re.compile(r"Request \d+ sent: 1 visit"))).to_be_visible()
    live.look_again()
    lines = db.session.scalars(sa.select(JobRequestLine).where(JobRequestLine.client_id == cast.alice.id)).all()
    assert len(lines) == 4
    assert {line.state for line in lines} == {LineState.SUBMITTED}
    assert len({line.request_id for line in lines}) == 1
    assert db.session.scalars(sa.select(Job).where(Job.client_id == cast.alice.id)).all() == []

    # The schedule says REQ:.
    hannah.go(f"/portal/schedule?month={first:%Y-%m}")
    expect(page.locator("table.ui-cal")).to_contain_text("REQ:")
    hannah.go(f"/portal/schedule/{first.isoformat()}")
    expect(page.get_by_role("heading", name=re.compile("^REQ: Dog walk"))).to_be_visible()
    hannah.look()

    # The office sees the badge, schedules two and declines one.
    olivia.go("/admin/")
    expect(office.get_by_text("2 clients with outstanding job requests").first).to_be_attached()
    olivia.look()
    office.get_by_role("link", name="Process requests").click()
    olivia.look()
    office.get_by_role("link", name="Alice Archer").last.click()
    olivia.look()
    for box in office.locator('input[name="line"]').all():
        box.set_checked("Dog walk" in (box.get_attribute("aria-label") or ""))
    office.get_by_role("button", name=re.compile("^Schedule")).locator("visible=true").click()
    expect(office.get_by_text("2 visits scheduled").first).to_be_visible()
    for box in office.locator('input[name="line"]').all():
        box.set_checked("Overnight" in (box.get_attribute("aria-label") or ""))
    office.get_by_role("button", name="Decline", exact=True).click()
    office.get_by_label("Message to Alice").fill("We are full that night. Would the 12th suit you?")
    olivia.look()
    office.get_by_role("button", name="Decline visits").click()
    expect(office.get_by_text("declined").first).to_be_visible()

    # The client is told, by mail and in the portal.
    live.deliver_mails()
    mails = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.client_id == cast.alice.id)).all()
    assert {m.kind for m in mails} == {
        MailKind.REQUEST_RECEIVED.value, MailKind.JOB_SCHEDULED.value, MailKind.REQUEST_DECLINED.value
    }  # fmt: skip
    assert {m.state.value for m in mails} == {"sent"}
    hannah.go(f"/portal/schedule/{first.isoformat()}")
    expect(page.get_by_text("Scheduled", exact=True).first).to_be_visible()
    expect(page.get_by_text("We are full that night. Would the 12th suit you?")).to_be_visible()

    # She cancels the request that is left.
    hannah.go(f"/portal/schedule/{second.isoformat()}")
    page.get_by_role("link", name=re.compile("^Cancel.*Cat visit")).click()
    hannah.look()
    page.get_by_role("button", name="Yes, cancel job request").locator("visible=true").click()
    expect(page.get_by_text(re.compile("cancelled", re.IGNORECASE)).first).to_be_visible()
    live.look_again()
    assert {x.state for x in lines} == {LineState.SCHEDULED, LineState.DECLINED, LineState.CANCELLED}

    # HOME, the queue and the client's log show it.
    olivia.go("/admin/")
    expect(office.get_by_text(re.compile("cancelled", re.IGNORECASE)).first).to_be_visible()
    olivia.go(f"/admin/job-requests/{cast.alice.id}/")
    expect(office.get_by_role("heading", name="Cancelled by the client")).to_be_visible()
    olivia.look()
    olivia.go(f"/admin/client/{cast.alice.id}/")
    expect(office.get_by_text(re.compile("Alice Archer.*cancelled", re.IGNORECASE)).first).to_be_visible()
    olivia.look()
    verbs = set(db.session.scalars(sa.select(Activity.verb).where(Activity.client_id == cast.alice.id)))
    assert {
        "job_request.submitted",
        "job_request.added",
        "job_request.scheduled",
        "job_request.declined",
        "job_request.cancelled",
    } <= verbs


@pytest.mark.covers("B4", "C2")
def test_without_javascript_a_client_requests_sends_and_cancels(live, visitor):
    hannah = visitor("phone", javascript=False).log_in_by_form("portal", live.cast.alice.email)
    page, (first, second) = hannah.page, coming_days()
    hannah.go("/portal/request")
    choose(page, [first, second], "Dog walk", time="09:30")
    page.get_by_role("button", name="Send request").click()
    expect(page.get_by_text(re.compile(r"Request \d+ sent: 2 visits"))).to_be_visible()
    hannah.go(f"/portal/schedule/{first.isoformat()}")
    page.get_by_role("link", name=re.compile("^Cancel.*Dog walk")).click()
    page.get_by_role("button", name="Yes, cancel job request").locator("visible=true").click()
    live.look_again()
    states = db.session.scalars(
        sa.select(JobRequestLine.state).where(JobRequestLine.client_id == live.cast.alice.id)
    ).all()
    assert sorted(s.value for s in states) == ["cancelled", "submitted"]


@pytest.mark.covers("B14")
def test_go_to_portal_shows_a_banner_and_ends_with_the_button(live, visitor):
    olivia = visitor("desk").log_in("office", live.cast.olivia.login.email)
    page = olivia.go(f"/admin/client/{live.cast.alice.id}/")
    page.get_by_role("button", name="Go to portal").click()
    expect(page.get_by_role("region", name="Portal seen as a client")).to_contain_text("Alice Archer")
    olivia.look()
    olivia.go("/portal/request")
    expect(page.get_by_role("region", name="Portal seen as a client")).to_be_visible()
    page.get_by_role("button", name=re.compile("^End")).click()
    expect(page).to_have_url(re.compile(f"/admin/client/{live.cast.alice.id}/"))
    olivia.go("/portal/schedule")
    expect(page).to_have_url(re.compile("/portal/log-in"))


#: those that no other test looks at: lists and their forms are in test_office_lists.py, money in test_office_money.py and
#: test_paying.py, log-ins and roles in test_access.py
OFFICE_PAGES = (
    "/admin/schedule/", "/admin/job-requests/", "/admin/visit/new", "/admin/vaccinations/", "/admin/vet-proposals/",
    "/admin/agreements/", "/admin/agreement/new", "/admin/acceptances/", "/admin/settings/business",
    "/admin/settings/portal", "/admin/settings/billing", "/admin/billing-run/?up_to=", "/admin/billing-run/runs",
    "/staff/", "/staff/calendar", "/admin/agreed-prices/", "/admin/agreed-prices/new/", "/admin/client-types/",
    "/admin/extra-pets/", "/admin/extra-pets/new/", "/admin/price-rules/", "/admin/price-rules/new/",
    "/admin/price-rules/try/", "/admin/cancellation-policy/", "/admin/cancellation-policy/examples",
    "/admin/cancellation-policy/preview", "/admin/cancellation-reasons/", "/admin/cancellation-rules/new/",
    "/admin/opening-hours/", "/admin/closed-days/new/", "/admin/change-requests/", "/admin/orders/",
    "/admin/schedule/?pick=1", "/admin/repeats/", "/admin/repeat/run", "/admin/schedule/?view=month",
    "/admin/schedule/print", "/admin/payment-gateway/", "/admin/letters/", "/admin/fields/client/",
    "/admin/fields/pet/?new=page", "/admin/custom-fields/", "/admin/field-pages/?view=all", "/admin/proposals/",
    "/admin/files/forms",
)  # fmt: skip
PORTAL_PAGES = (
    "/portal/schedule", "/portal/request", "/portal/requests", "/portal/calendar", "/portal/your-data/",
    "/portal/your-data/pets", "/portal/your-data/pets/new", "/portal/agreements", "/portal/files",
    "/portal/messages/", "/portal/your-data/contacts", "/portal/your-data/contacts/new",
)  # fmt: skip


def _something_everywhere(live):
    """One record of each kind, so that no page is an empty one; and the pages of these records."""
    db.session.rollback()
    mark_request(reads_only=False)
    cast = live.cast
    dog_walks = make.client_type("Recurring")
    make.price_rule("Thanksgiving", client_type=dog_walks, on_holiday=True)
    make.extra_pet_price(cast.walk)
    make.client_price(cast.bob, cast.walk)
    make.cancellation_rule("Late walk", service_group=cast.dog_walks, notice_kind=NoticeKind.HOURS, notice_number=24)
    make.cancellation_reason("We are at home")
    make.opening_hours()
    series = make.repeat(cast.bob, cast.walk, pets=[cast.bella], starts_on=clock.today())
    job = make.job(
        cast.bob, cast.walk, pets=[cast.bella], sitter=cast.sita, on_date=clock.today() + dt.timedelta(days=3)
    )
    asked = make.change_item(
        make.change_request(cast.bob, body="We are away"), job, old=vars(job_facts(job)), fee=Decimal(10)
    )
    ending = make.repeat(cast.bob, cast.walk, pets=[cast.bella], starts_on=clock.today() - dt.timedelta(days=7))
    on_date = clock.today() + dt.timedelta(days=4)
    free = make.job(
        cast.bob, cast.walk, pets=[cast.bella], sitter=cast.sita, on_date=on_date, repeat=ending, repeat_on=on_date,
        repeat_time_id=ending.times[0].id,
    )  # fmt: skip
    make.job(cast.bob, cast.walk, pets=[cast.bella], sitter=cast.sita, state=JobState.CANCELLED, on_date=clock.today())
    make.cancellation_rule("Always half", charge_percent=Decimal(50))
    ended = change_asking.ask_to_end(
        cast.bob, make.repeat(cast.bob, cast.walk, starts_on=clock.today()), clock.today(), actor=cast.as_bob
    )
    home = make.field_section(name="Getting in")
    make.field_value(make.custom_field(home, is_secret=True), cast.bob, text=None, sealed=sealing.seal('"4711"'))
    make.field_proposal(make.custom_field(home), cast.bob, facts={"old": None, "new": "Cellar"})
    make.custom_field(home, label="Alarm", kind=FieldKind.MULTI_CHOICE, choices=[{"key": "a", "label": "Loud"}])
    make.job(
        cast.bob, cast.walk, on_date=on_date, start_time=dt.time(8), repeat_id=ended.items[0].repeat_id, repeat_on=on_date,
        repeat_time_id=ended.items[0].repeat.times[0].id,
    )  # fmt: skip
    db.session.commit()
    pages = {
        "office": (
            f"/admin/client/{cast.bob.id}/?tab=details", f"/admin/data/client/{cast.bob.id}/",
            f"/admin/data/client/{cast.bob.id}/{home.page.public_id}/", f"/admin/client-sitters/{cast.bob.id}/", f"/admin/left-visits/{cast.bob.id}/", f"/admin/client-data/{cast.bob.id}/", f"/admin/client-data/{cast.bob.id}/erasure",
            f"/admin/visit/{job.id}", f"/admin/visit/{job.id}/cancellation", f"/admin/visit/{job.id}/back-to-request",
            f"/admin/moves/{job.id}/", f"/admin/repeat/{series.id}/pause", f"/admin/repeat/{series.id}/end",
            f"/admin/repeat/{series.id}/following", f"/admin/repeat/{series.id}/",
            f"/admin/repeat/new?client={cast.bob.id}", f"/admin/change-requests/{asked.request.id}/",
            f"/admin/change-requests/{ended.id}/", f"/admin/client/{cast.bob.id}/", f"/admin/change-items/details/?id={asked.id}",
            f"/admin/client/{cast.bob.id}/?tab=repeats", f"/admin/client/{cast.bob.id}/?tab=requests",
        ),
        "portal": (
            f"/portal/visits/{free.public_id}", f"/portal/visits/{free.public_id}/cancellation",
            f"/portal/visits/{free.public_id}/change", "/portal/visits/cancellation",
            f"/portal/repeats/{series.public_id}/pause", f"/portal/repeats/{series.public_id}/end",
            f"/portal/repeats/{ending.public_id}/end?last_on={on_date - dt.timedelta(days=1)}",
        ),
    }  # fmt: skip
    mark_request(reads_only=True)
    return pages


PARTS = 6


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_is_accessible_and_fits(live, visitor, part):
    own = _something_everywhere(live)
    stranger = visitor()
    if part < 2:
        stranger.go(("/office/log-in", "/portal/log-in")[part])
        stranger.look_in_every_way()
    for door, name, paths in (
        ("office", live.cast.olivia.login.email, OFFICE_PAGES + own["office"]),
        ("portal", live.cast.bob.email, PORTAL_PAGES + own["portal"]),
    ):
        person = visitor().log_in(door, name)
        for path in paths[part::PARTS]:
            page = person.go(path)
            expect(page.get_by_role("heading", level=1).first).not_to_have_text(re.compile("not found|went wrong"))
            person.look_in_every_way()


@pytest.mark.covers("B11")
def test_sitters_that_are_chosen_while_the_first_is_being_kept_are_kept_too(live, visitor):
    mark_request(reads_only=False)
    cast, day = live.cast, clock.today() + dt.timedelta(days=9)
    cast.alice.primary_sitter = None
    request = make.sent_request(cast.alice, cast.walk, n_lines=2, first_on=day)
    db.session.commit()
    mark_request(reads_only=True)
    page, held = visitor().log_in("office", cast.olivia.login.email).go(f"/admin/job-requests/{cast.alice.id}/"), []

    def hold(route):
        held.append(route)

    page.route("**/sitters", hold)
    for line in request.lines:
        with page.expect_request("**/sitters"):
            page.locator(f"#sitter-{line.id}").select_option(label=str(cast.sita))
    for asked in held:
        with suppress(Error):  # htmx has given the first one up
            asked.continue_()
    expect(page.get_by_text("Needs a sitter")).to_have_count(0)
    live.look_again()
    assert {line.sitter_id for line in request.lines} == {cast.sita.id}
