"""Every page in a made-up language: what can be read in English all the same went past gettext."""

import re
from urllib.parse import urljoin, urlsplit

import pytest

from application import demo
from application.demo import PASSWORD
from foundation import sealing, storage
from foundation.db import db
from models import Realm
from tests import conftest, databases
from tests.languages import pseudo
from workflows import access
from workflows.sign_ins import Browser

#: pages whose English is meant to be so
SPARED: set[str] = set()


@pytest.fixture
def business(sqlite_app, monkeypatch):
    """The cast of the demo, who have something of everything, in the made-up language."""
    databases.empty(sqlite_app)
    sealing.use_keys(sqlite_app.config["FIELD_KEYS"])
    storage.use(sqlite_app.extensions["store"])
    with sqlite_app.app_context():
        assert demo.fill(sqlite_app, cast_only=True) is True
        pseudo.choose_it()
        pseudo.speak(monkeypatch)
        yield sqlite_app
        db.session.rollback()


def enter(app, realm, email):
    browser = databases.Http(app, app.response_class, use_cookies=True)
    opened = access.log_in(realm, email, PASSWORD, browser=Browser("127.0.0.1"))
    db.session.commit()
    conftest._put_cookie(browser, realm, opened.token)
    return browser


def walk(app, browser, start, realm, *, each=2, most=400):
    """Follow the links from `start` within the realm: at most `each` pages of a kind. Yields (path, html)."""
    adapter = app.url_map.bind("localhost")
    queue, seen, kinds = list(start), set(start), {}
    while queue and len(seen) < 5000:
        path = queue.pop(0)
        try:
            endpoint, _values = adapter.match(urlsplit(path).path, method="GET")
        except Exception:
            continue
        kinds[endpoint] = kinds.get(endpoint, 0) + 1
        if kinds[endpoint] > each or "log_out" in endpoint:
            continue
        answer = browser.get(path)
        while answer.status_code in {301, 302, 303}:
            path = answer.headers["Location"]
            if not path.startswith(realm):
                break
            answer = browser.get(path)
        if answer.status_code != 200 or not answer.mimetype.startswith("text/html"):
            continue
        html = answer.get_data(as_text=True)
        yield path, html
        for link in re.findall(r'(?:href|hx-get)="([^"#]+)', html):
            to = urljoin(path, link.replace("&amp;", "&"))
            if to.startswith(realm) and to not in seen:
                seen.add(to)
                queue.append(to)


def test_no_page_speaks_english(business):
    nobody = databases.Http(business, business.response_class, use_cookies=True)
    owner = enter(business, Realm.STAFF, "olivia@example.com")
    sitter = enter(business, Realm.STAFF, "sam@example.com")
    client = enter(business, Realm.CLIENT, "hannah@example.com")
    typed = pseudo.Typed(SPARED)
    found, seen = {}, 0
    for who, browser, start, realm in (
        ("nobody", nobody, ["/portal/log-in", "/office/log-in", "/portal/offline", "/staff/offline"], "/"),
        ("client", client, ["/portal/"], "/portal/"),
        ("sitter", sitter, ["/staff/"], "/staff/"),
        ("owner", owner, ["/admin/"], "/admin/"),
    ):
        pages = 0
        for path, html in walk(business, browser, start, realm):
            pages += 1
            for text in pseudo.readable(html):
                if english := typed.english(text):
                    found.setdefault(f"{who}: {english}", path)
        seen += pages
        assert pages > {"nobody": 3, "client": 20, "sitter": 8, "owner": 120}[who], who
    print("\n".join(f"{k}  @ {v}" for k, v in found.items()))  # FIXME
    assert found == {}, "went past gettext, or stands in no catalogue (make texts)"
