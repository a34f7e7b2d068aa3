"""Nothing that people or robots type breaks a page: every address, every query string, every field of every form.

The walk follows the links that are really there, so a new page or form is tried without a word here.
"""

import datetime as dt
import html
import itertools
import re
from urllib.parse import quote, unquote, urljoin, urlsplit

import pytest
from werkzeug.datastructures import MultiDict

from foundation.db import db
from models import FieldKind, NotificationKind
from tests import factories
from tests.access.test_access_table import routes
from tests.admin.crud.desk import forms_of
from tests.asked import listen

#: one text of all that is odd: NUL, an emoji, markup, a template, a formula, right-to-left, a lone surrogate's neighbour
ODD = "\0 \U0001f436 <img src=x onerror=alert(1)> {{7*7}} =1+1 ' \" \u202e \ud7ff \r\nBcc: x@example.com"
BAD = ["9" * 20, "-1", "2026-02-31", "9999-12-31", "x" * 10_500, "1e400", "25:99", "\ufeff", "[]", ""]
CHOICES = [{"key": "raw", "label": "Raw"}, {"key": "dry", "label": "Dry"}]
IDS = [
    "0",
    "-1",
    "9" * 20,
    "1,2",
    "1.0",
    "abc",
    "\0",
    "\U0001f436",
    "'",
    "2026-02-31",
    "0001-01-01",
    "9999-12-31",
    "x" * 300,
]
NAMES = [
    "page", "page_size", "id", "sort", "search", "view", "month", "day", "from", "week", "sitter", "service", "tab", "client",
]  # fmt: skip


@pytest.fixture
def everything(cast):
    """A row of each kind that pages lead to, besides the cast's own."""
    # Far from the counter of the cast, which counts on while forms are sent.
    request = factories.job_request(cast.alice, number=900)
    factories.line(request, cast.walk, pets=[cast.biscuit], state="submitted")
    factories.line(factories.job_request(cast.alice), cast.walk, pets=[cast.biscuit], on_date=factories.DAY)
    factories.job(cast.alice, sitter=cast.sam, on_date=dt.date(2026, 11, 23), pets=[cast.biscuit])
    for area in ("client", "pet"):
        section = factories.field_section(factories.field_page(area))
        for kind in FieldKind:
            factories.custom_field(section, kind=kind, label=f"A {kind}", choices=CHOICES if "choice" in kind else [])
    factories.client_contact(cast.alice)
    factories.vet()
    factories.time_off(cast.sam)
    factories.public_holiday()
    factories.closed_day()
    factories.outbox_mail(client=cast.alice)
    factories.notification(NotificationKind.REQUEST_RECEIVED, client=cast.alice)
    db.session.commit()


@pytest.fixture(params=["client", "sitter", "owner"])
def visitor(request, http, cast, everything, sign_in_as_staff, sign_in_as_client):
    """Who is signed in, a browser, and where the walk begins."""
    if request.param == "client":
        return sign_in_as_client(http(), cast.alice), "/portal/"
    staff = cast.sam if request.param == "sitter" else cast.olivia
    return sign_in_as_staff(http(), staff), "/staff/" if request.param == "sitter" else "/admin/"


def shape(path):
    """The address without what tells one record from another."""
    parts = urlsplit(path)
    inner = re.sub(r"/[\w-]*(\d|[A-Za-z][A-Z])[\w-]*(?=/|$)", "/*", parts.path)
    return inner, tuple(sorted({p.partition("=")[0] for p in parts.query.split("&")}))


def walk(browser, start):
    """Every page that links lead to, one of each shape: (path, text)."""
    todo, seen, found = [start], set(), []
    while todo:
        path = todo.pop(0)
        if shape(path) in seen:
            continue
        seen.add(shape(path))
        answer = browser.get(path)
        assert answer.status_code < 500, path
        if answer.status_code in {301, 302, 303}:
            todo.append(answer.headers["Location"].partition("#")[0])
        elif answer.mimetype == "text/html":
            found.append((path, answer.text))
            links = map(html.unescape, re.findall(r'href="(/[^"#]+)', answer.text))
            todo += [x for x in links if not x.startswith(("/static", "/assets"))]
    return found


def test_no_address_and_no_query_string_breaks_a_page(app, visitor, monkeypatch):
    browser, start = visitor
    side = "/portal" if start == "/portal/" else start.rstrip("/")
    broken, values = [], itertools.cycle([*BAD[:4], "abc", "\0", "\U0001f436", "'"])
    there, nowhere, asked = app.url_map.bind("127.0.0.1"), set(), listen(app, monkeypatch)

    def look(path):
        if browser.get(path).status_code >= 500:
            broken.append(path)

    for (method, rule), _route in sorted(routes(app).items()):
        if method != "GET" or not rule.startswith(side):
            continue
        for value in IDS if "<" in rule else [""]:
            path = re.sub(r"<[^>]+>", quote(value, safe=""), rule)
            # What no rule fits gets the same answer everywhere: once for each value is enough.
            if there.test(unquote(path), "GET") or value not in nowhere:
                nowhere |= set() if there.test(unquote(path), "GET") else {value}
                asked.forget()
                look(path)
        if "<" not in rule:
            for name in asked.one_by_one(NAMES):
                look(f"{path}?{name}={quote(next(values))}")
    assert broken == []


def test_no_field_of_any_form_breaks_it(visitor):
    browser, start = visitor
    tried, broken, others = set(), [], itertools.cycle(BAD)
    for path, text in walk(browser, start):
        for form in forms_of(text):
            action = urljoin(path, html.unescape(form.action))
            if form.method != "post" or (shape(action), *form.fields) in tried or "log-out" in action:
                continue
            tried.add((shape(action), *form.fields))
            for name in {*form.fields, *form.options} - {"csrf_token"}:
                for value in [next(others)] if name in form.options else [ODD, next(others)]:
                    data = MultiDict(form.fields)
                    data.poplist(name)
                    data.add(name, value)
                    status = browser.post(action, data=data).status_code
                    if status >= 500:
                        broken.append((action, name, value[:20], status))
    assert broken == []
    assert start == "/staff/" or len(tried) >= 5
