"""Every page in a made-up language: what can be read in English all the same went past gettext."""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from werkzeug.exceptions import HTTPException

from application import demo
from application.demo import PASSWORD
from foundation import sealing, storage
from foundation.db import db
from mailer import examples, previews
from mailer.render import render
from models import Realm
from tests import conftest, databases
from tests.languages import pseudo
from ui_kit import guide
from workflows import access, settings
from workflows.mail_facts import MailKind
from workflows.sign_ins import Browser

#: in the two others stand the office's own words
PLAIN_KINDS = [kind for kind in MailKind if kind not in {MailKind.TEMPLATE_TEST, MailKind.OWN_MAIL}]


@pytest.fixture
def business(sqlite_app, monkeypatch):
    """The cast of the demo, who have something of everything, in the made-up language."""
    databases.empty(sqlite_app)
    sealing.use_keys(sqlite_app.config["FIELD_KEYS"])
    storage.use(sqlite_app.extensions["store"])
    with sqlite_app.app_context():
        assert demo.fill(sqlite_app, cast_only=True) is True
        pseudo.choose()
        pseudo.speak(monkeypatch)
        yield sqlite_app
        db.session.rollback()


def stranger(app):
    return databases.Http(app, app.response_class, use_cookies=True)


def enter(app, realm, email):
    browser = stranger(app)
    opened = access.log_in(realm, email, PASSWORD, browser=Browser("127.0.0.1"))
    db.session.commit()
    conftest._put_cookie(browser, realm, opened.token)
    return browser


def walk(app, browser, start, realm, *, each=1):
    """Follow the links from `start` within the realm: at most `each` pages of a kind. Yields (path, html)."""
    adapter = app.url_map.bind("localhost")
    queue, seen, kinds = list(start), set(start), {}
    while queue:
        path = queue.pop(0)
        try:
            endpoint, _values = adapter.match(urlsplit(path).path, method="GET")
        except HTTPException:
            if path not in start:
                continue
            endpoint = path
        kinds[endpoint] = kinds.get(endpoint, 0) + 1
        # The pages of help are written whole, in English, not text by text.
        if kinds[endpoint] > each or "log_out" in endpoint or "/help/" in path:
            continue
        answer = browser.get(path)
        while answer.status_code in {301, 302, 303}:
            path = answer.headers["Location"]
            if not path.startswith(realm):
                break
            answer = browser.get(path)
        if answer.status_code >= 500 or not answer.mimetype.startswith("text/html"):
            continue
        html = answer.get_data(as_text=True)
        yield path, html
        for link in re.findall(r'(?:href|hx-get)="([^"#]+)', html):
            to = urljoin(path, link.replace("&amp;", "&"))
            if to.startswith(realm) and to not in seen:
                seen.add(to)
                queue.append(to)


def test_no_page_speaks_english(business):
    """A few hundred pages, one or two of each kind; what the demo's people typed is no English of ours."""
    typed = pseudo.Typed(Path(examples.__file__), *Path(demo.__file__).parent.glob("*.py"))
    typed.add(["Excel", "SQLite", "pdf"])  # brands, and the ending of a saved file
    typed.add(
        label for key in ("time_zone", "locale") for _value, label in settings.REGISTRY[f"business.{key}"].choices()
    )
    typed.add(chapter.title for _part, chapters in guide.contents() for chapter in chapters)  # in the title of its page
    found, pages = {}, Counter()
    for who, path, html in everything(business):
        pages[who] += 1
        for text in pseudo.readable(html):
            if english := typed.english(text):
                found.setdefault((who, *english), f"{path}: {text[:80]}")
    assert not found, f"{found} went past gettext, or stands in no catalogue (run `make texts`)"
    least = {"nobody": 4, "client": 40, "sitter": 12, "owner": 150, "mail": len(PLAIN_KINDS)}
    assert {who: n for who, n in pages.items() if n < least[who]} == {}


def everything(app):
    """(who, path, html) of each kind of page, and of an example of each mail."""
    hannah, sam = enter(app, Realm.CLIENT, "hannah@example.com"), enter(app, Realm.STAFF, "sam@example.com")
    olivia = enter(app, Realm.STAFF, "olivia@example.com")
    for who, browser, start, realm in (
        ("nobody", stranger(app), ["/portal/log-in", "/office/log-in", "/portal/offline", "/nothing"], "/"),
        ("client", hannah, ["/portal/"], "/portal/"),
        ("sitter", sam, ["/staff/"], "/staff/"),
        ("owner", olivia, ["/admin/"], "/admin/"),
    ):
        for path, html in walk(app, browser, start, realm):
            yield who, path, html
    for kind in PLAIN_KINDS:
        made = render(previews.preview_mail(kind))
        yield "mail", kind.value, f"<p>{made.subject}</p><p>{made.text}</p>{made.html}"
