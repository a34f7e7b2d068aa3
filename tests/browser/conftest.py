"""A real server and a real browser: Latchkey over a fresh SQLite file on a loopback port, Chromium through Playwright.

The clock runs here (browsers drop cookies that look expired), so dates in these tests are counted from today.
"""

import contextvars
import datetime as dt
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from axe_playwright_python.base import AXE_SCRIPT
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from werkzeug.serving import BaseWSGIServer, make_server

from foundation import clock
from foundation.db import db, mark_request
from mailer import deliver
from models import Realm
from tests import cast as cast_
from tests import databases, factories, sessions
from workflows import settings

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
#: notes when somebody typed or chose last: what htmx delays after that is not under way yet
NOTE_TYPING = """
for (const kind of ["input", "change"])
  addEventListener(kind, () => { window.typedAt = performance.now(); }, { capture: true, passive: true });
"""
#: comes true when nothing is under way or about to be (no delay of ours is longer than 500 ms), nor half-way through a
#: transition; false after thirty seconds. A function that polls by itself: our pages forbid `wait_for_function` its eval.
AT_REST = """async () => {
  const moving = (a) => a.playState === "running" && a.effect?.getComputedTiming().endTime !== Infinity;
  const atRest = () => !document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling")
    && !(document.querySelector("[hx-trigger*=delay]") && performance.now() - (window.typedAt ?? -1000) < 600)
    && !document.getAnimations().some(moving);
  for (const until = performance.now() + 30_000; !atRest();) {
    if (performance.now() > until) return false;
    await new Promise(requestAnimationFrame);
  }
  return true;
}"""
#: runs what it is told to and answers with what is wrong alone: the list of what is right takes longer than the look
AXE = """async (options) => (await axe.run({ resultTypes: ["violations"], ...options })).violations
  .map((v) => `${v.id}: ${v.help} -> ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`)"""
ALL_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
#: those of them that a change of colours alone can break
RULES_OF_COLOUR = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
#: milliseconds that somebody waits on a busy machine, for something to press and for what comes of it
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)
SIZES = {
    "phone": {"width": 390, "height": 844},
    "desk": {"width": 1280, "height": 900},
    "small": {"width": 320, "height": 700},
}


@pytest.fixture(autouse=True)
def real_time(_stopped_clock: time_machine.Traveller) -> None:
    """Let time run from now on."""
    now = dt.datetime.fromtimestamp(time_machine.escape_hatch.time.time(), dt.UTC)
    _stopped_clock.move_to(now, tick=True)


@pytest.fixture(scope="session")
def live_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder: Path = tmp_path_factory.mktemp("live")
    return databases.make_app(f"sqlite:///{folder / 'latchkey.db'}", folder)


@pytest.fixture(scope="session")
def server(live_app: Flask) -> Iterator[BaseWSGIServer]:
    made = make_server("127.0.0.1", 0, live_app, threaded=True)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    thread.join(timeout=10)


@pytest.fixture
def live(live_app: Flask, server: BaseWSGIServer) -> Iterator["Live"]:
    """The running business with the cast in it, in an app context."""
    databases.empty(live_app)
    databases.take_the_process(live_app)
    live_app.config["PUBLIC_URL"] = f"http://127.0.0.1:{server.server_port}"
    with live_app.app_context():
        settings.forget()
        settings.read()
        if (
            not 3 <= clock.local_now().hour < 21
        ):  # no visit of this hour or of tomorrow crosses midnight while one looks
            factories.setting("business.time_zone", "Europe/Berlin")
            db.session.commit()
            settings.forget()
            settings.read()
        people = cast_.make_cast()
        for staff in (people.olivia, people.max, people.sam, people.sita):
            factories.staff_login(staff)
        for client in (people.alice, people.bob):
            factories.client_login(client, email=client.email)
        db.session.commit()
        # From here on the test only looks: it must not hold SQLite's write lock while the browsers work.
        mark_request(reads_only=True)
        yield Live(live_app, f"http://127.0.0.1:{server.server_port}", people)
        db.session.rollback()
        mark_request(reads_only=False)


class Live:
    """The business under test: its address, its people, and the worker's work on demand."""

    def __init__(self, app: Flask, url: str, people: cast_.Cast) -> None:
        self.app, self.url, self.cast = app, url, people

    def deliver_mails(self) -> None:
        """What the worker does."""
        db.session.rollback()
        mark_request(reads_only=False)
        deliver.drain(self.app)
        mark_request(reads_only=True)
        self.look_again()

    def opened(self, realm: Realm, name: str) -> tuple[str, str]:
        """A session of this log-in, opened as the log-in page does it: the name and the content of its cookie."""

        def log_in() -> tuple[str, str]:
            with self.app.app_context():
                return sessions.log_in(self.app, realm, name)

        # In a context of its own: the test's session keeps what it has, and goes on reading only.
        return contextvars.Context().run(log_in)

    def look_again(self) -> None:
        """See what the browsers have changed."""
        db.session.rollback()
        db.session.expire_all()
        settings.forget()


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield running
        running.close()


class Visitor:
    """A person at a browser; collects what the console complains about."""

    def __init__(self, context: BrowserContext, live: Live, scheme: str) -> None:
        self.page: Page = context.new_page()
        self.live, self.url, self.scheme = live, live.url, scheme
        self.complaints: list[str] = []
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _listen(self, message: Any) -> None:
        expected = "Failed to load resource" in message.text  # a 409 or 422 page is no fault of the page
        if message.text.startswith("htmx:sendAbort"):  # a newer request took the place of one that was under way
            self.complaints = [told for told in self.complaints if not told.startswith("htmx:afterRequest")]
            return
        if message.type == "error" and not expected:
            self.complaints.append(message.text)

    def go(self, path: str) -> Page:
        """Open a page of the business."""
        self.page.goto(self.url + path)
        return self.page

    def log_in(self, door: str, name: str) -> "Visitor":
        """Come with the cookie of a session that is open: `door` is "office" or "portal". No page is opened yet."""
        realm = Realm.CLIENT if door == "portal" else Realm.STAFF
        name_, content = self.live.opened(realm, name)
        self.page.context.add_cookies([{"name": name_, "value": content, "url": self.url, "httpOnly": True}])
        return self

    def log_in_by_form(self, door: str, name: str) -> "Visitor":
        """The same as people do it, to the page that they come to."""
        self.go(f"/{door}/log-in")
        self.page.get_by_label("Mail address").fill(name)
        self.page.get_by_label("Password").fill(factories.PASSWORD)
        self.page.get_by_role("button", name="Log in", exact=True).click()
        self.page.wait_for_url(lambda url: "log-in" not in url)
        return self

    def look(self, rules: dict[str, Any] = ALL_RULES) -> None:
        """No accessibility violation, nothing wider than the screen, no complaint in the console."""
        self.page.wait_for_load_state()
        self.page.locator(".htmx-request").first.wait_for(state="detached")  # what is under way has arrived
        assert self.page.evaluate(AT_REST), f"{self.page.url} does not come to rest"
        if not self.page.evaluate("typeof axe === 'object'"):
            self.page.evaluate(AXE_SCRIPT)
        how = f"{self.page.url} at {self.page.viewport_size}"
        found = self.page.evaluate(AXE, rules)
        assert found == [], f"{how}: {found}"
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{how} is {wide} px too wide"
        assert self.complaints == [], how

    def look_in_every_way(self, name: str = "", *, sizes: tuple[str, ...] = ("desk", "phone")) -> None:
        """Look at the page that is open at each of these sizes (none: as it is), light and dark: all rules in the light, and
        in the dark those that colours can break. It ends as it began. `name` names the pictures, if somebody wants them."""
        began = self.page.viewport_size
        for size in sizes or ("",):
            if size:
                self.page.set_viewport_size(SIZES[size])
            for scheme, rules in (("light", ALL_RULES), ("dark", RULES_OF_COLOUR)):
                self.page.emulate_media(color_scheme=scheme)
                self.look(rules)
                if name:
                    self.keep("-".join(filter(None, (name, size, scheme))))
        self.page.emulate_media(color_scheme=self.scheme)
        if sizes:
            self.page.set_viewport_size(began)

    def keep(self, name: str) -> None:
        """A picture for people to look at, when somebody wants them: PICTURES names the folder."""
        if folder := os.environ.get("PICTURES"):
            self.page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True, caret="initial")


@pytest.fixture
def visitor(browser: Browser, live: Live) -> Iterator[Callable[..., Visitor]]:
    """`visitor("phone", scheme="dark", javascript=False)` is a fresh browser profile of that size."""
    contexts: list[BrowserContext] = []

    def make(size: str = "desk", *, scheme: str = "light", javascript: bool = True) -> Visitor:
        context = browser.new_context(
            viewport=SIZES[size], color_scheme=scheme, java_script_enabled=javascript, locale="en-US",
            timezone_id="Asia/Tokyo", reduced_motion="reduce",
        )  # fmt: skip
        context.set_default_timeout(PATIENCE)
        context.add_init_script(NOTE_TYPING)
        contexts.append(context)
        return Visitor(context, live, scheme)

    yield make
    for context in contexts:
        context.close()
