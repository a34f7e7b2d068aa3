"""No page of the portal and of the sitters scrolls sideways at 320 px (WCAG 1.4.10)."""

import datetime as dt
import io

import pytest
from PIL import Image

from application import demo
from foundation import clock, sealing, storage
from foundation.db import db, mark_request
from models import JobState, Realm
from tests import databases, sessions
from tests import factories as make
from tests.browser.conftest import SIZES
from tests.languages.test_pseudo import stranger, walk
from workflows import access, settings
from workflows.sign_ins import Browser

pytestmark = pytest.mark.browser

#: who looks, where they begin, how wide their screen is, how many pages that must be at least
PEOPLE = (
    ("hannah@example.com", Realm.CLIENT, "/portal/", ("/portal/",), "small", 35),
    ("sam@example.com", Realm.STAFF, "/staff/", ("/staff/", "/staff/account/", "/staff/pay"), "small", 10),
)
WIDE = """() => {
  const root = document.documentElement, more = root.scrollWidth - root.clientWidth;
  if (more <= 0) return "";
  const over = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > root.clientWidth + 1);
  const last = over.filter((one) => !over.some((other) => other !== one && one.contains(other)))[0] ?? over[0];
  return `${more} px: ${last ? last.outerHTML.slice(0, 160) : "?"}`;
}"""


@pytest.fixture
def business(live_app, server):
    """The cast of the demo, who have something of everything."""
    databases.empty(live_app)
    databases.take_the_process(live_app)
    sealing.use_keys(live_app.config["FIELD_KEYS"])
    storage.use(live_app.extensions["store"])
    with live_app.app_context():
        settings.forget()
        assert demo.fill(live_app, cast_only=True) is True
        mark_request(reads_only=False)
        yield live_app
        mark_request(reads_only=False)


#: the page for a phone without signal goes to the day by itself once there is one
LEADS_AWAY = "/staff/offline"


@pytest.mark.covers("P10")
@pytest.mark.parametrize(("email", "realm", "face", "start", "size", "least"), PEOPLE, ids=["portal", "sitter"])
def test_no_page_scrolls_sideways(business, server, browser, email, realm, face, start, size, least):
    opened = access.log_in(realm, email, demo.PASSWORD, browser=Browser("127.0.0.1"))
    db.session.commit()
    name, content = sessions.cookie(business, realm, opened.token)
    reader = stranger(business)
    reader.set_cookie(name, content)
    paths = [path for path, _html in walk(business, reader, list(start), face)]
    assert len(paths) >= least
    context = browser.new_context(viewport=SIZES[size], locale="en-US", reduced_motion="reduce")
    url = f"http://127.0.0.1:{server.server_port}"
    context.add_cookies([{"name": name, "value": content, "url": url, "httpOnly": True}])
    page = context.new_page()
    found = []
    for path in paths:
        page.goto(url + path)
        if path == LEADS_AWAY:
            page.wait_for_url(f"**{face}")
        if wide := page.evaluate(WIDE):
            found.append(f"{path}: {wide}")
    context.close()
    assert found == []


def test_a_wide_logo_leaves_the_business_s_name_its_room(live, visitor):
    storage.use(live.app.extensions["store"])
    wide = io.BytesIO()
    Image.new("RGB", (900, 220), "#1d5fbf").save(wide, "png")
    page = visitor().log_in("office", live.cast.olivia.login.email).go("/admin/settings/business")
    page.get_by_label("Business name").fill("Maple Lane Pet Care")
    page.get_by_label("Logo").set_input_files({"name": "logo.png", "mimeType": "image/png", "buffer": wide.getvalue()})
    page.get_by_role("button", name="Save settings").click()
    page.get_by_text("2 settings saved.").wait_for()
    phone = visitor("phone").log_in("portal", live.cast.alice.email)
    page = phone.go("/portal/")
    name = page.locator(".ui-top .ui-logo > span").bounding_box()
    picture = page.locator(".ui-top .ui-logo__img").bounding_box()
    assert name["y"] >= picture["y"] + picture["height"], "below the picture, not squeezed beside it"
    assert name["width"] >= 88
    phone.look()


def test_on_a_phone_the_tab_one_is_on_is_in_view(live, visitor):
    page = visitor("phone").log_in("office", live.cast.olivia.login.email).go("/admin/settings/team")
    tab = page.locator(".ui-tabs [aria-current]").bounding_box()
    assert tab["x"] >= 0
    assert tab["x"] + tab["width"] <= SIZES["phone"]["width"]


def test_times_in_the_month_fit_the_smallest_phone(live, visitor):
    mark_request(reads_only=False)
    today = clock.today()
    for state, start in ((JobState.COMPLETED, dt.time(10, 30)), (JobState.SCHEDULED, dt.time(22, 30))):
        make.job(
            live.cast.alice, live.cast.walk, on_date=today, start_time=start, state=state, pets=[live.cast.biscuit]
        )
    settings.change({"business.locale": "de_DE"}, actor=live.cast.as_olivia)
    db.session.commit()
    page = visitor("small").log_in("portal", live.cast.alice.email).go("/portal/schedule")
    pills = page.locator(".ui-pill:visible")
    assert pills.count() == 2
    cut = "all => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.innerText)"
    assert pills.evaluate_all(cut) == []
