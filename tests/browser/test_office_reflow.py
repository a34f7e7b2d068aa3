"""The office on a phone: every page that the owner may open fits into 390 px, and nothing is cut off."""

import re
from urllib.parse import urlsplit

import pytest

from application import demo
from foundation.db import db
from models import Realm, Staff, StaffRole
from tests import sessions
from tests.access.test_access_table import table
from tests.browser.conftest import SIZES
from tests.browser.test_reflow import WIDE, business  # noqa: F401 -- a fixture
from tests.languages.test_pseudo import stranger, walk
from workflows import access
from workflows.sign_ins import Browser

pytestmark = pytest.mark.browser

#: what reaches over the edge of the window without a way to scroll to it
CUT = """() => {
  const wide = document.documentElement.clientWidth, seen = [];
  for (const one of document.querySelectorAll("main *, header *")) {
    const box = one.getBoundingClientRect();
    if (box.right <= wide + 1 || !box.width || !box.height || getComputedStyle(one).visibility === "hidden") continue;
    if (one.closest("[hidden], dialog:not([open]), svg, .ui-vh")) continue;
    let above = one.parentElement, scrolls = false;
    for (; above; above = above.parentElement) scrolls ||= ["auto", "scroll"].includes(getComputedStyle(above).overflowX);
    if (!scrolls) seen.push(one);
  }
  const last = seen.filter((one) => !seen.some((other) => other !== one && one.contains(other)))[0];
  return last ? "cut off: " + last.outerHTML.slice(0, 160) : "";
}"""


def pages(app, reader):
    """A page of each kind that links lead to; of the others in the access table the first that a small number opens."""
    adapter, reached, found = app.url_map.bind("localhost"), set(), []
    for path, html in walk(app, reader, ["/admin/"], "/admin/"):
        reached.add(adapter.match(urlsplit(path).path, method="GET", return_rule=True)[0].rule)
        if "<html" in html[:200]:
            found.append(path)
    left = {rule for method, rule in table() if method == "GET" and rule.startswith("/admin/")} - reached
    for rule in sorted(left):
        for n in range(1, 6):
            path = (
                re.sub(r"<int:[^>]+>", str(n), rule).replace("<kind>", "client").replace("client/1/1/", "client/1/2/")
            )
            answer = reader.get(re.sub(r"<any\((\w+)[^>]*>", r"\1", path)) if "/help/" not in path else None
            if (
                answer
                and answer.status_code == 200
                and answer.mimetype == "text/html"
                and b"<html" in answer.data[:200]
            ):
                found.append(answer.request.path)
                break
    return found


@pytest.mark.covers("P10")
def test_every_page_of_the_office_fits_a_phone(business, server, browser):  # noqa: F811 -- the fixture
    owner = db.session.query(Staff).filter_by(role=StaffRole.OWNER).first()
    opened = access.log_in(Realm.STAFF, owner.email, demo.PASSWORD, browser=Browser("127.0.0.1"))
    db.session.commit()
    name, content = sessions.cookie(business, Realm.STAFF, opened.token)
    reader = stranger(business)
    reader.set_cookie(name, content)
    paths = pages(business, reader)
    assert len(paths) >= 230
    context = browser.new_context(viewport=SIZES["phone"], locale="en-US", reduced_motion="reduce")
    url = f"http://127.0.0.1:{server.server_port}"
    context.add_cookies([{"name": name, "value": content, "url": url, "httpOnly": True}])
    page = context.new_page()
    found = []
    for path in paths:
        page.goto(url + path, wait_until="domcontentloaded")
        if problem := page.evaluate(WIDE) or page.evaluate(CUT):
            found.append(f"{path}: {problem}")
    wide = """() => { const one = document.createElement("p"); one.textContent = "wide"; one.style.width = "800px";
      document.querySelector("main").append(one); }"""
    page.evaluate(wide)
    assert page.evaluate(WIDE) or page.evaluate(CUT), "it would be noticed"
    context.close()
    assert found == []
