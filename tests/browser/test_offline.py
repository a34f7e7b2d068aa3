"""V1, P10: the sitter's day goes on without a connection; the client's portal says that there is none, and keeps nothing."""

import datetime as dt
import re

import pytest
from playwright.sync_api import expect

from foundation import clock
from foundation.db import db, mark_request
from models import Job, JobState, VisitCheck
from tests import factories as make
from tests.databases import count

#: the worker stands, or what is missing after thirty seconds
INSTALLED = """async () => {
  const stands = (it) => it.active.state === "activated" ? "" : new Promise((done) => it.active.addEventListener("statechange", () => done("")));
  const late = new Promise((done) => setTimeout(() => done("no worker"), 30000));
  return Promise.race([navigator.serviceWorker.ready.then(stands), late]);
}"""
#: how much still waits on the phone; asked anew until nothing does
WAITING = """async () => {
  const count = () => new Promise((done) => {
    const wish = indexedDB.open("latchkey-day");
    wish.onsuccess = () => {
      const all = wish.result.transaction("queue").objectStore("queue").getAll();
      all.onsuccess = () => { wish.result.close(); done(all.result.length); };
    };
  });
  for (let tries = 0; tries < 300; tries += 1) {
    if (await count() === 0) return 0;
    await new Promise((again) => setTimeout(again, 100));
  }
  return count();
}"""
#: the day that this page read is on the phone; asked anew until it is
KEPT = """async () => {
  const script = [...document.scripts].find((it) => it.src.endsWith("/day.js")).src;
  const { readDay } = await import(new URL("day-store.js", script).href);
  for (let tries = 0; tries < 300; tries += 1) {
    const day = await readDay();
    if (day && day.kept >= performance.timeOrigin) return "";
    await new Promise((again) => setTimeout(again, 100));
  }
  return "no day";
}"""


def installed(visitor):
    """The worker stands, and the page is its own: one that was opened while it was being installed is so only when it
    is opened again."""
    assert visitor.page.evaluate(INSTALLED) == ""
    visitor.page.reload()
    assert visitor.page.evaluate("!!navigator.serviceWorker.controller")


def day_is_kept(page):
    """The phone has written down the day as it is now. The answer's arrival would not do: it is read and kept after it."""
    page.reload()
    assert page.evaluate(KEPT) == ""


def n_checks(live):
    live.look_again()
    return count(VisitCheck)


@pytest.fixture
def visit(live):
    """Sam's visit of this hour."""
    mark_request(reads_only=False)
    cast, now = live.cast, clock.local_now()
    job = make.job(
        cast.alice, cast.walk, sitter=cast.sam, on_date=now.date(), start_time=now.time().replace(microsecond=0),
        pets=[cast.biscuit], acknowledged_at=clock.now(),
    )  # fmt: skip
    db.session.commit()
    mark_request(reads_only=True)
    return job.id


@pytest.mark.covers("V1", "P10")
def test_a_visit_is_done_in_a_dead_spot_and_arrives_once(live, visit, visitor):
    sam = visitor("phone").log_in("office", "sam@example.com")
    page = sam.go("/staff/")
    installed(sam)
    day_is_kept(page)
    context = page.context
    context.grant_permissions(["geolocation"])
    context.set_geolocation({"latitude": 40.7, "longitude": -74.0})
    context.set_offline(True)
    # The tab is closed and opened again in the dead spot: the day is there, with no code in it.
    page.close()
    page = sam.page = context.new_page()
    page.goto(live.url + "/staff/")
    card = page.get_by_role("article").filter(has_text="Alice Archer")
    card.wait_for()
    card.get_by_role("button", name="Check in").click()
    card.get_by_text("Kept on this phone, not sent yet.").wait_for()
    # In the business's time, though the phone is set to Tokyo's.
    expect(card).to_contain_text(re.compile(f"In {clock.local_now():%-I}:[0-9]+\\s{clock.local_now():%p}"))
    card.get_by_text("Write the report card").click()
    card.get_by_label("Message to the client").fill("Biscuit rolled in leaves.")
    card.get_by_text("Photos are added, and the report card is sent").wait_for()
    # The last one is the report's own; the check-in's says the same already.
    expect(card.get_by_role("status").last).to_have_text("Kept on this phone, not sent yet.")
    sam.look()
    page.reload()
    card = page.get_by_role("article").filter(has_text="Alice Archer")
    card.get_by_role("button", name="Check out").click()
    page.get_by_text("Done", exact=True).first.wait_for()
    assert n_checks(live) == 0
    # The connection is back: everything arrives, once, also when two tabs send.
    context.set_offline(False)
    second = context.new_page()
    second.goto(live.url + "/staff/")
    page.goto(live.url + "/staff/")
    assert page.evaluate(WAITING) == 0
    live.look_again()
    job = db.session.get(Job, visit)
    assert job.state is JobState.COMPLETED
    assert n_checks(live) == 2
    assert job.report_card.message == "Biscuit rolled in leaves."


@pytest.mark.covers("V1")
def test_the_line_of_a_coming_day_leads_to_it_without_a_connection_too(live, visit, visitor):
    cast, today = live.cast, clock.today()
    mark_request(reads_only=False)
    for days, note in ((1, "Gate sticks"), (6, "Far away")):
        day = today + dt.timedelta(days)
        make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=day, start_time=dt.time(9), staff_note=note)
    db.session.commit()
    mark_request(reads_only=True)
    sam = visitor("phone").log_in("office", "sam@example.com")
    page = sam.go("/staff/")
    installed(sam)
    day_is_kept(page)
    sam.look_in_every_way("staff-day", sizes=("small", "phone", "desk"))
    lines = page.get_by_role("region", name="The next days").get_by_role("link")
    assert lines.count() == 2
    page.context.set_offline(True)
    lines.first.click()
    page.get_by_text("Gate sticks").wait_for()
    assert page.get_by_text("is not on this phone").count() == 0
    page.goto(f"{live.url}/staff/?from={today + dt.timedelta(6)}")
    page.get_by_text("The day that you asked for is not on this phone. It keeps 3 days, from today on.").wait_for()
    assert page.get_by_text("Gate sticks").count() == 1
    assert page.get_by_text("Far away").count() == 0
    sam.look()


@pytest.mark.covers("V1")
def test_a_tap_is_kept_when_the_connection_goes_at_that_moment(live, visit, visitor):
    sam = visitor("phone").log_in("office", "sam@example.com")
    page = sam.go("/staff/")
    installed(sam)
    page.context.set_offline(True)
    page.get_by_role("article").filter(has_text="Alice Archer").get_by_role("button", name="Check in").click()
    page.get_by_text("Kept on this phone and not sent yet:").wait_for()
    page.context.set_offline(False)
    page.get_by_text("Checked in at Alice Archer").wait_for()
    assert n_checks(live) == 1


@pytest.mark.covers("V1")
def test_logging_out_leaves_nothing_of_the_day_on_the_phone(live, visit, visitor):
    sam = visitor("phone").log_in("office", "sam@example.com")
    page = sam.go("/staff/")
    installed(sam)
    day_is_kept(page)
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Log out").last.click()
    page.wait_for_url("**/office/log-in")
    page.context.set_offline(True)
    page.goto(live.url + "/staff/")
    page.get_by_text("Nothing of your day is on this phone").wait_for()
    sam.look()


@pytest.mark.covers("P10")
def test_the_portal_installs_and_keeps_no_page_of_the_client(live, visitor):
    alice = visitor("phone").log_in("portal", "alice@example.com")
    page = alice.go("/portal/account")
    installed(alice)
    page.reload()
    kept = page.evaluate(
        "caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name).then((one) => one.keys())))).then((all) => all.flat().map((one) => new URL(one.url).pathname))"
    )
    assert "/portal/offline" in kept
    assert all(path.startswith("/static/") or path == "/portal/offline" for path in kept)
    session = page.context.new_cdp_session(page)
    problems = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [p["errorId"] for p in problems if p["errorId"] != "in-incognito"] == []
    page.context.set_offline(True)
    page.goto(live.url + "/portal/invoices")
    page.get_by_text("You are offline").wait_for()
    assert "Alice" not in page.content()
    alice.look()
