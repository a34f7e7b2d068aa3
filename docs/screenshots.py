"""`make screenshots`: the pictures of the user guide, taken from the real program.

A small demo business moves into a fresh database in a folder that is thrown away, on a Monday morning that is always the
same; the program answers on a free port of this machine, and Chromium looks at it. Each picture is written to
`docs/guide/pictures/` with few colours, so that the guide stays small.

    screenshots.py [NAME ...]     only these pictures
"""

import datetime as dt
import io
import os
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from flask import Flask
    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "guide" / "pictures"
#: far enough ahead that no browser takes the cookies of it for old ones, and no holiday
NOW = dt.datetime(2031, 3, 3, 9, 40, tzinfo=ZoneInfo("America/New_York"))
SIZES = {"desk": (1280, 860), "phone": (390, 760)}
COLOURS = 96

Steps = Callable[["Page"], None]


@dataclass(frozen=True)
class Shot:
    """One picture: who looks at which page, how large, and what is done first."""

    name: str
    who: str
    path: str
    size: str = "desk"
    steps: Steps | None = None
    #: the first link on the page whose address fits is followed: ids differ from run to run
    follow: str = ""


def _type_a_search(page: "Page") -> None:
    page.get_by_role("combobox").fill("okafor")
    page.get_by_role("option").first.wait_for()


def _show_the_run(page: "Page") -> None:
    page.get_by_label("Up to and including").fill("2031-03-31")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_load_state()


def _press_record_payment(page: "Page") -> None:
    page.get_by_role("link", name="Record payment").first.click()
    page.wait_for_load_state()


def _press_cancel(page: "Page") -> None:
    page.goto(f"{page.url}/cancellation")


def _compare_last_month(page: "Page") -> None:
    page.get_by_label("Period", exact=True).select_option(label="Last month")
    page.get_by_label("Compare with").select_option(label="The period before")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_load_state()


def _choose_days(page: "Page") -> None:
    for day in (11, 12, 13):
        page.get_by_role("checkbox", name=re.compile(rf"March {day}\b")).check(force=True)
        page.wait_for_load_state("networkidle")


OFFICE, CLIENT, SITTER = "olivia@example.com", "hannah@example.com", "sam@example.com"
#: what is expected to stand in the guide; a test compares
SHOTS = (
    Shot("office-home", OFFICE, "/admin/"),
    Shot("office-services", OFFICE, "/admin/services/"),
    Shot("office-opening-hours", OFFICE, "/admin/opening-hours/"),
    Shot("office-policy", OFFICE, "/admin/cancellation-policy/"),
    Shot("office-portal-settings", OFFICE, "/admin/settings/portal"),
    Shot("office-import", OFFICE, "/admin/imports/"),
    Shot("office-client", OFFICE, "/admin/search/?q=Hannah+Okafor", follow="/admin/client/"),
    Shot("office-fields", OFFICE, "/admin/fields/pet/"),
    Shot("office-request", OFFICE, "/admin/job-requests/", follow=r"/admin/job-requests/\d+/"),
    Shot("office-schedule", OFFICE, "/admin/schedule/?view=week"),
    Shot("office-board", OFFICE, "/admin/board/?view=day"),
    Shot("office-visit", OFFICE, "/admin/visits/", follow=r"/admin/visit/\d+/"),
    Shot("office-change", OFFICE, "/admin/change-requests/", follow=r"/admin/change-requests/\d+/"),
    Shot("office-repeat", OFFICE, "/admin/repeats/", follow=r"/admin/repeat/\d+/"),
    Shot("office-roles", OFFICE, "/admin/roles/"),
    Shot("office-keys", OFFICE, "/admin/keys/"),
    Shot("office-time-off", OFFICE, "/admin/time-off/?view=waiting", follow=r"/admin/days-off/\d+/"),
    Shot("office-billing-run", OFFICE, "/admin/billing-run/", steps=_show_the_run),
    Shot("office-invoice", OFFICE, "/admin/invoices/", follow=r"/admin/invoice/\d+/"),
    Shot("office-payment", OFFICE, "/admin/invoices/", steps=_press_record_payment, follow=r"/admin/invoice/\d+/"),
    Shot("office-pay", OFFICE, "/admin/pay/"),
    Shot("office-mail-template", OFFICE, "/admin/mail-templates/job_scheduled/"),
    Shot("office-report", OFFICE, "/admin/reports/revenue/", steps=_compare_last_month),
    Shot("office-search", OFFICE, "/admin/", steps=_type_a_search),
    Shot("portal-request", CLIENT, "/portal/request", "phone", _choose_days),
    Shot("portal-schedule", CLIENT, "/portal/schedule", "phone"),
    Shot(
        "portal-cancel",
        CLIENT,
        "/portal/schedule",
        "phone",
        _press_cancel,
        r"/portal/visits/(?!cancellation)[\w-]{12}$",
    ),
    Shot("portal-account", CLIENT, "/portal/account", "phone"),
    Shot("portal-data", CLIENT, "/portal/your-data/pets", "phone", follow=r"/portal/your-data/pets/(?!new)[\w-]{12}$"),
    Shot("portal-report", CLIENT, "/portal/reports/", "phone", follow=r"/portal/reports/[\w-]{12}$"),
    Shot("staff-day", SITTER, "/staff/", "phone"),
    Shot("staff-visit", SITTER, "/staff/", "phone", follow=r"/staff/visits/[\w-]{12}/$"),
    Shot("staff-keys", SITTER, "/staff/keys", "phone"),
    Shot("staff-time-off", SITTER, "/staff/time-off", "phone"),
    Shot("staff-pay", SITTER, "/staff/pay", "phone"),
)


def main(names: Iterable[str]) -> int:
    """Take the pictures; exit code 2 when there is no Chromium."""
    import time_machine
    from playwright.sync_api import sync_playwright

    from tests.plugins.needs import find_chromium

    wanted = [shot for shot in SHOTS if not set(names) or shot.name in set(names)]
    chromium = find_chromium()
    if chromium is None:
        print("This needs a Chromium: install one, or name it in CHROMIUM.", file=sys.stderr)
        return 2
    PICTURES.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="latchkey-pictures-"))
    try:
        with time_machine.travel(NOW, tick=True), sync_playwright() as playwright:
            app = _business(folder)
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            with _answering(app) as url:
                _take(browser, url, wanted)
            browser.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not set(names):
        for old in {*PICTURES.glob("*")} - {PICTURES / f"{shot.name}.webp" for shot in SHOTS}:
            old.unlink()
    return 0


def _business(folder: Path) -> "Flask":
    """A small demo business in a database of its own."""
    os.environ.update({"DATA_DIR": str(folder), "DATABASE_URL": f"sqlite:///{folder / 'latchkey.db'}"})
    from flask_migrate import upgrade

    from application import create_app
    from application.demo import Size, fill

    app = create_app({"SECRET_KEY": "only for pictures, and gone with them"})
    with app.app_context():
        upgrade()
    fill(app, cast_only=False, size=Size(clients=240, active_clients=120, pets=480, more_sitters=6, days_back=120))
    return app


@contextmanager
def _answering(app: "Flask") -> Iterator[str]:
    """The program on a free port. Cookies lose their end: the browser has another clock."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    def endless(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        def begin(status: str, headers: list[tuple[str, str]], *rest: object) -> object:
            kept = [(k, re.sub(r"; Expires=[^;]+", "", v) if k == "Set-Cookie" else v) for k, v in headers]
            return start(status, kept, *rest)

        return app.wsgi_app(environ, begin)

    class Quiet(WSGIRequestHandler):
        def log(self, *_said: object) -> None:
            """Nobody wants to read each request."""

    server = make_server("127.0.0.1", 0, endless, threaded=True, request_handler=Quiet)
    app.config["PUBLIC_URL"] = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield str(app.config["PUBLIC_URL"])
    finally:
        server.shutdown()
        thread.join(timeout=10)


def _take(browser: "Browser", url: str, shots: Iterable[Shot]) -> None:
    from application.demo.founding import PASSWORD

    rooms: dict[tuple[str, str], BrowserContext] = {}
    for shot in shots:
        room = rooms.get((shot.who, shot.size))
        if room is None:
            width, height = SIZES[shot.size]
            room = rooms[shot.who, shot.size] = browser.new_context(
                viewport={"width": width, "height": height}, locale="en-US", timezone_id="America/New_York",
                color_scheme="light", reduced_motion="reduce",
            )  # fmt: skip
            room.set_default_timeout(30_000)
            room.clock.install(time=NOW)
            page = room.new_page()
            page.goto(f"{url}/{'portal' if shot.who == CLIENT else 'office'}/log-in")
            page.get_by_label("Mail address").fill(shot.who)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Log in", exact=True).click()
            page.wait_for_url(lambda at: "log-in" not in at)
            page.close()
        page = room.new_page()
        _look(page, url, shot)
        _write(page, PICTURES / f"{shot.name}.webp")
        page.close()


def _look(page: "Page", url: str, shot: Shot) -> None:
    page.goto(url + shot.path)
    if shot.follow:
        links = page.locator("main a[href]").evaluate_all("all => all.map(a => a.getAttribute('href'))")
        found = next((link for link in links if re.match(shot.follow, link)), None)
        if found is None:
            message = f"{shot.name}: no link on {shot.path} fits {shot.follow}; there are {links}"
            raise LookupError(message)
        page.goto(url + found)
    if shot.steps:
        shot.steps(page)
    page.wait_for_load_state("networkidle")


def _write(page: "Page", path: Path) -> None:
    """Few colours, without loss: screens are flat, and words stay sharp."""
    from PIL import Image

    shot = Image.open(io.BytesIO(page.screenshot()))
    few = shot.convert("RGB").quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.convert("RGB").save(path, "WEBP", lossless=True, quality=100, method=6)
    print(f"{path.name:32} {path.stat().st_size / 1000:6.1f} KB", flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main(sys.argv[1:]))
