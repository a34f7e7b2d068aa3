"""What holds for every page and every form there is: guarded answers, no forged posts, no smuggled fields, no strangers.

The walk of test_bad_input.py finds the pages, so a new one is tried without a word here. The letters are those of the
abuse cases in docs/security.toml.
"""

import html
import logging
import re
from urllib.parse import urljoin, urlsplit

import pytest
import sqlalchemy as sa
from sqlalchemy.types import Boolean, Enum
from werkzeug.datastructures import MultiDict

from foundation.db import Base, db
from foundation.types import Money
from models import Realm
from sign_in import cookie_name
from tests.access.test_access_table import path_of, routes
from tests.access.test_bad_input import everything, shape, visitor, walk  # noqa: F401 -- fixtures
from tests.admin.crud.desk import forms_of

#: what is tried here does not depend on the database
pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)

#: what every request may write, whoever asks and whatever becomes of it
ASIDE = {"login_attempt", "sign_in", "alembic_version"}
#: files that are kept once they were drawn; a GET may make them
KEPT = {"paper_file", "stored_file"}
#: lines of the log that reading writes: a file was taken away, somebody was refused
NOTED = {"file.taken", "paper.taken", "access.refused"}
#: buttons that would end the walk
LAST = ("log-out", "sign-ins", "erase", "password", "archives")


def rows():
    """Every row of the database: {(table, key): values}."""
    db.session.rollback()
    found = {}
    for table in Base.metadata.sorted_tables:
        if table.name not in ASIDE:
            for row in db.session.execute(sa.select(table)):
                if table.name == "activity" and row.verb in NOTED:
                    continue
                values = tuple(map(repr, row))
                key = tuple(row._mapping[c.name] for c in table.primary_key) or values
                found[table.name, key] = values
    return found


class Noting:
    """A browser whose answers are looked at."""

    def __init__(self, browser):
        self.browser, self.answers = browser, []

    def get(self, path):
        answer = self.browser.get(path)
        self.answers.append((path, answer))
        return answer


def unguarded(path, answer):
    """What of the headers is missing or too wide."""
    h, kept = answer.headers, answer.headers["Cache-Control"]
    policy = dict(part.strip().split(" ", 1) if " " in part.strip() else (part.strip(), "") for part in h["Content-Security-Policy"].split(";"))  # fmt: skip
    default = policy["default-src"]
    # A mail is shown as it looks, in a frame of our own page: shut in, and with its own styles.
    framed = "sandbox" in policy and policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'self'"
    good = {
        "script": "unsafe" not in policy.get("script-src", default) and "*" not in policy.get("script-src", default),
        "style": framed or "unsafe" not in policy.get("style-src", default),
        "object": policy.get("object-src", default) == "'none'",
        "base": policy.get("base-uri", "'none'") == "'none'",
        "frames": framed or policy["frame-ancestors"] == "'none'",
        "xfo": h.get("X-Frame-Options") == ("SAMEORIGIN" if framed else "DENY"),
        "sniff": h.get("X-Content-Type-Options") == "nosniff",
        "referrer": h.get("Referrer-Policy") in {"same-origin", "no-referrer"},
        "permissions": all(f"{x}=()" in h.get("Permissions-Policy", "") for x in ("camera", "microphone", "usb")),
        "opener": h.get("Cross-Origin-Opener-Policy") == "same-origin",
        "kept": "no-store" in kept
        or (answer.mimetype in {"image/webp", "text/calendar"} and kept == "private, no-cache")
        or path.endswith(".webmanifest"),  # fmt: skip
        "server": "X-Powered-By" not in h,
    }
    return [name for name, is_good in good.items() if not is_good]


def canary(column):
    """A value that the column would take and that stands nowhere else."""
    kind = column.type
    if isinstance(kind, Boolean):
        return "1"
    if isinstance(kind, Enum):
        return kind.enums[-1]
    python = str(getattr(kind, "python_type", str)) if not isinstance(kind, Money) else "money"
    if python == "money":
        return "7700.77"
    return next((v for word, v in (("int", "770077"), ("float", "770077"), ("date", "2077-07-07"), ("time", "07:07:07")) if word in python), "canary-7700")  # fmt: skip


def smuggled():
    """Every name of a column of the schema, with such a value; and a card number, as if the form were the gateway's."""
    found = {}
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            try:
                found.setdefault(column.key, canary(column))
            except NotImplementedError:
                found.setdefault(column.key, "canary-7700")
    # The office refuses every form whose `url`, the page to go back to, leads elsewhere: nothing would be tried.
    del found["url"]
    return found | {"is_admin": "1", "user_id": "770077", "balance": "7700.77", "number": "4111111111111111", "cvv": "4111111111111111"}  # fmt: skip


#: values that stood in the database before are no canaries
TRACES = ("770077", "7700.77", "canary-7700", "2077", "4111111111111111")
#: who may do what, and what costs what: no form that is sent as it stands changes these
RIGHTS = {
    "staff": ("role", "is_active", "is_sitter"), "staff_login": ("email", "is_active", "password_hash"),
    "client": ("status", "account_number", "portal_enabled"), "client_login": ("client_id", "password_hash"),
    "service_item": ("price", "is_active"), "pet": ("client_id",), "job": ("client_id", "price"),
}  # fmt: skip


def rights():
    db.session.rollback()
    found = {}
    for name, columns in RIGHTS.items():
        table = Base.metadata.tables[name]
        for row in db.session.execute(sa.select(table.c.id, *(table.c[c] for c in columns))):
            found[name, row.id] = tuple(row)[1:]
    return found


def posts(pages):
    """Each form that posts, once for each shape: (where it goes, form)."""
    seen = set()
    for path, text in pages:
        for form in forms_of(text):
            action = urljoin(path, html.unescape(form.action))
            known = (shape(action), *sorted({*form.fields, *form.options}))
            if form.method == "post" and known not in seen and not any(word in action for word in LAST):
                seen.add(known)
                yield action, form


def test_every_page_is_guarded_no_form_is_forged_and_no_field_smuggled_in(visitor, http, cast, sign_in_as_staff, caplog):  # noqa: F811  # fmt: skip
    """G2, G3, G5, G16, A11, A13, A14, A35: over every page and form that links lead to."""
    caplog.set_level(logging.DEBUG)
    browser, start = visitor
    stranger = sign_in_as_staff(http(), cast.max)
    foreign = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', stranger.get("/admin/clients/new/").text)[1]
    noting, before = Noting(browser), rows()
    pages = walk(noting, start)
    assert {k[0] for k, v in rows().items() if before.get(k) != v} <= KEPT, "a page that is read changes something"
    assert [(path, bad) for path, answer in noting.answers if (bad := unguarded(path, answer))] == []

    forms, before = list(posts(pages)), rows()
    assert len(forms) >= 5
    evil, forged = {"Origin": "https://evil.example", "Referer": "https://evil.example/"}, []
    for n, (action, form) in enumerate(forms):
        fields = MultiDict((k, v) for k, v in form.fields.items(multi=True) if k != "csrf_token")
        plain = "&".join(f"{k}={v}" for k, v in form.fields.items())
        # Without a token and with somebody else's each; of the other ways one, in turn: all are stopped in one place.
        other = [
            {"data": {**fields, "csrf_token": ""}}, {"data": {**fields, "csrf_token": "x" * 40}},
            {"data": plain, "content_type": "text/plain"}, {"json": dict(form.fields)},
        ][n % 4]  # fmt: skip
        ways = ({"data": fields}, {"data": {**fields, "csrf_token": foreign}}, other)
        forged += [(action, browser.post(action, headers=evil, **way).status_code) for way in ways]
    assert [one for one in forged if one[1] not in {400, 403, 404, 405}] == []
    assert {k for k, v in rows().items() if before.get(k) != v} == set()
    for action, form in forms:  # the seventh forgery: what posts, by GET
        browser.get(urlsplit(action).path, query_string=MultiDict(form.fields))
    assert {k[0] for k, v in rows().items() if before.get(k) != v} <= KEPT

    extra, owned, done = smuggled(), rights(), []
    for action, form in forms:
        mine = {*form.fields, *form.options}
        data = MultiDict(form.fields)
        data.update({name: value for name, value in extra.items() if name not in mine})
        done.append((action, browser.post(action, data=data).status_code))
    assert [one for one in done if one[1] >= 500] == []
    assert sum(status in {200, 302, 303} for _action, status in done) * 2 >= len(done), "proper posts must still work"
    assert [k for k, v in rights().items() if k in owned and v != owned[k]] == []
    left = [(k[0], trace, v) for k, v in rows().items() for trace in TRACES if trace in " ".join(v)]
    assert left == []
    assert [trace for trace in TRACES if trace in caplog.text] == []


#: what has an id in addresses and is nobody's
SHARED = {"field_page", "field_section", "custom_field", "service_item", "agreement", "agreement_version", "staff", "time_block"}  # fmt: skip


@pytest.mark.parametrize("who", ["client", "sitter"])
def test_what_is_anothers_is_neither_opened_nor_changed(who, http, cast, everything, sign_in_as_client, sign_in_as_staff):  # noqa: F811  # fmt: skip
    """G1, A01, A03, A04: every address and every form that one finds, tried by the next one with a session of their own."""
    if who == "client":
        owner, other, start = sign_in_as_client(http(), cast.alice), sign_in_as_client(http(), cast.bob), "/portal/"
    else:
        owner, other, start = sign_in_as_staff(http(), cast.sam), sign_in_as_staff(http(), cast.sita), "/staff/"
    names = ("Archer", "Biscuit", "Mochi", cast.alice.account_number)
    tables = [t for t in Base.metadata.sorted_tables if "public_id" in t.c and t.name not in SHARED]
    marks = {one for t in tables for one in db.session.scalars(sa.select(t.c.public_id)) if one}
    pages = walk(owner, start)
    forms, opened = list(posts(pages)), {"404": 0, "else": 0}
    paths = {path for path, _text in pages} | {a for a, _form in forms} | {link for _path, text in pages for link in re.findall(r'(?:href|src)="(/(?:portal|staff)/[^"#]+)', text)}  # fmt: skip
    for path in sorted(map(html.unescape, paths)):
        answer = other.get(path)
        body = answer.get_data(as_text=True) if answer.mimetype.startswith("text/") else ""
        assert [name for name in names if name in body] == [], path
        opened["404" if answer.status_code == 404 else "else"] += 1
    assert opened["404"] >= 3
    # Tables and columns that say whose a row is; what Alice has must stay as it is, and nothing may be tied to it.
    token = re.search(
        r'name="csrf_token"[^>]*value="([^"]+)"', other.get("/portal/request" if who == "client" else start).text
    )[1]
    before, tried = rows(), 0
    for action, form in forms:
        named = marks & ({*urlsplit(action).path.split("/")} | {v for _k, v in form.fields.items(multi=True)})
        if not named:
            continue
        tried += 1
        data = MultiDict(form.fields)
        data["csrf_token"] = token
        for name, values in form.options.items():
            if set(values) & marks:
                data.setlist(name, values)
        status = other.post(action, data=data).status_code
        assert status < 500, action
        assert status in {400, 403, 404, 409, 422} or not named & {*urlsplit(action).path.split("/")}, (action, status)
    assert tried >= (3 if who == "client" else 1)
    after = rows()
    assert {key for key in before if after.get(key) != before[key] and key[0] not in {"form_key"}} == set()
    alices = {f"{cast.alice.id}", f"{cast.biscuit.id}", f"{cast.mochi.id}"}
    for key in set(after) - set(before):
        columns = Base.metadata.tables[key[0]].columns.keys()
        tied = {name: v for name, v in zip(columns, after[key], strict=True) if name in {"client_id", "pet_id"}}
        assert not alices & set(tied.values()) or key[0] == "activity", (key, tied)


#: what a stranger sees of the faces: the doors, and what makes them installable; nothing of anybody
OPEN_TO_ALL = {
    "/portal/log-in", "/portal/forgotten", "/portal/manifest.webmanifest", "/portal/sw.js", "/portal/offline",
    "/staff/manifest.webmanifest", "/staff/sw.js", "/staff/offline",
}  # fmt: skip


def test_a_stranger_opens_and_changes_nothing(app, http, cast, monkeypatch):
    """G2, A07: every address with every method, without a cookie, with a torn one, and with one that others signed."""
    signer = app.session_interface.get_signing_serializer(app)
    with app.app_context():
        content = {"_user_id": "staff.guessed", "_fresh": True, "_permanent": True}
        ours = signer.dumps(content)
        monkeypatch.setattr(app, "secret_key", "dev")
        theirs = app.session_interface.get_signing_serializer(app).dumps(content)
        monkeypatch.undo()
    before, odd = rows(), []
    for (method, rule), route in sorted(routes(app).items()):
        if not rule.startswith(("/admin", "/portal", "/staff")):
            continue
        # Who reads, asks for the head alone; what writes, is asked with a cookie that looks like one.
        browser = http()
        if method != "GET":
            browser.set_cookie(cookie_name(app, Realm.CLIENT if rule.startswith("/portal") else Realm.STAFF), theirs)
        answer = browser.open(path_of(route), method="HEAD" if method == "GET" else method)
        if answer.status_code not in {302, 400, 401, 403, 404, 405, 410}:
            odd.append(rule)
    assert set(odd) <= OPEN_TO_ALL
    for cookie in (ours[:-9], theirs, ours):
        browser = http()
        for realm in (Realm.STAFF, Realm.CLIENT):
            browser.set_cookie(cookie_name(app, realm), cookie)
        for path in ("/admin/", "/staff/", "/portal/schedule"):
            assert browser.get(path).status_code == 302
    # Only programs, which have no cookie, may change by another method.
    assert {method for method, rule in routes(app) if not rule.startswith("/api/")} == {"GET", "POST"}
    for path in ("/admin/clients/", "/portal/schedule", "/staff/", "/", "/nowhere"):
        for method in ("PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "CONNECT", "NONSENSE"):
            assert http().open(path, method=method).status_code in {302, 404, 405}, (method, path)
    assert rows() == before
