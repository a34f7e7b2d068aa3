"""What arrives at the edges and what leaves there: broken requests, addresses that lead away, cookies, headers, logs, files.

The letters are those of the abuse cases in docs/security.toml.
"""

import logging
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Activity, FieldKind
from tests import factories as make
from tests.access.test_access_table import table
from tests.sign_in.test_abuse import NEW, ask, paths_of_links
from tests.sign_in.test_doors import log_in, token_of

pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)


def test_a36_what_is_too_much_or_broken_gets_an_answer(http, cast, sign_in_as_client):
    """A36, G7: a 4xx or a page, never a 5xx; and nothing of it is written."""
    alice = sign_in_as_client(http(), cast.alice)
    token = token_of(alice.get("/portal/messages/"))
    n_before = db.session.scalar(sa.select(sa.func.count()).select_from(Activity))
    boundary = {"content_type": "multipart/form-data; boundary=x"}
    parts = "".join(f'--x\r\nContent-Disposition: form-data; name="n{n}"\r\n\r\n1\r\n' for n in range(6000))
    bodies = {
        "400 kB field": {"data": {"csrf_token": token, "body": "x" * 400_000}},
        "2000 fields": {"data": {f"n{n}": "1" for n in range(2000)}},
        "6000 parts": {"data": parts + "--x--\r\n", **boundary},
        "3 MB form": {"data": "a=" + "x" * 3_000_000, "content_type": "application/x-www-form-urlencoded"},
        "20 MB": {"data": b"x" * (20 * 2**20), "content_type": "application/octet-stream"},
        "cut off": {"data": '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb', **boundary},
        "no boundary": {"data": "a", "content_type": "multipart/form-data"},
        "no part": {"data": "--x", **boundary},
        "bad name": {"data": "--x\r\nContent-Disposition: form-data\r\n\r\nb\r\n--x--\r\n", **boundary},
        "charset": {"data": "a=\xff", "content_type": "application/x-www-form-urlencoded; charset=nonsense"},
        "bytes": {"data": b"a=%ff%fe%00&\xff\xfe=\x00", "content_type": "application/x-www-form-urlencoded"},
        "json": {"data": '{"a": [[[[', "content_type": "application/json"},
        "length": {"data": "a=b", "headers": {"Content-Length": "x"}},
    }  # fmt: skip
    for path in ("/portal/log-in", "/portal/messages/", "/portal/files", "/admin/clients/new/", "/webhooks/braintree", "/hooks/bounces"):  # fmt: skip
        for name, more in bodies.items():
            status = alice.post(path, **more).status_code
            assert 300 <= status < 500, (path, name, status)
    for address in ("/portal/schedule?month=%ff", "/portal/schedule?%ff=%00", "/portal/%00", "/%ff%fe", "/portal/schedule?a=" + "x" * 9000, "/" + "x" * 9000, "/portal/schedule?month=2026-12&month=nonsense", "/portal/schedule?month[]=1", "//portal//schedule", "/portal/../admin/", "/%2e%2e/%2e%2e/etc/passwd"):  # fmt: skip
        assert alice.get(address).status_code < 500, address
    for header in ({"Accept-Language": "x" * 9000}, {"Accept": "\xff"}, {"Range": "bytes=9-1"}, {"If-None-Match": '"' * 99}, {"If-Modified-Since": "no"}, {"Cookie": "=; " * 900}, {"HX-Request": "\xff", "HX-Target": "'"}):  # fmt: skip
        assert alice.get("/portal/schedule", headers=header).status_code < 500, header
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Activity)) == n_before


def test_a36_json_of_any_depth_and_with_odd_signs_gets_an_answer(http, cast, sign_in_as_client, sign_in_as_staff):
    """A36, G7: every address that reads JSON, past its CSRF token: nested 100,000 deep, halves of characters, other kinds."""
    visit = make.job(cast.alice, sitter=cast.sam)
    db.session.commit()
    alice, sam = sign_in_as_client(http(), cast.alice), sign_in_as_staff(http(), cast.sam)
    stranger, colleague = http(), http()
    ways = [
        (stranger, "/portal/log-in", ["/portal/passkey"]),
        (colleague, "/office/log-in", ["/office/passkey"]),
        (alice, "/portal/messages/", ["/portal/settings/passkeys", "/portal/settings/passkeys/options"]),
        (sam, "/staff/", ["/staff/account/passkeys", "/staff/account/passkeys/options", "/staff/offline/taps", f"/staff/visits/{visit.public_id}/report/draft"]),
    ]  # fmt: skip
    tap = {
        "key": '"k1234567890123456"',
        "visit": f'"{visit.public_id}"',
        "tap": '"arrival"',
        "at": "null",
        "latitude": "1",
    }
    parts = ("answer", "name", "message", "key", "seen", "fields", "proof")

    def text(values):
        return "{" + ", ".join(f'"{name}": {value}' for name, value in values.items()) + "}"

    odd = ["[" * 5_000, '{"a":' * 100_000, "1e999", "9" * 5000, '"x"', "[[]]", "null", "\xff"]
    for value in ('"\\ud800"', '"\\u0000"', "{}", "[[]]", "1e999", "NaN", "7", '"' + "[" * 5_000 + '"'):
        odd += [text({"phone_now": "null", "taps": f"[{text({**tap, name: value})}]"}) for name in tap]
        odd.append(text(dict.fromkeys(parts, value)))
    for browser, page, paths in ways:
        token = token_of(browser.get(page))
        for path in paths:
            fair = browser.post(path, json={"taps": []}, headers={"X-CSRFToken": token})
            assert (path, fair.is_json) == (path, True), "stopped before the body was read"
            for body in odd:
                answer = browser.post(path, data=body, content_type="application/json", headers={"X-CSRFToken": token})
                assert answer.status_code < 500, (path, body[:200])


def test_a02_what_is_said_twice_or_written_otherwise_opens_nothing(http, cast, sign_in_as_client, sign_in_as_staff):
    """A02, ASVS 15.3.7: of doubled parameters one counts, the same each time, and it is looked at like any other."""
    mine, other = make.job(cast.alice, sitter=cast.sam), cast.bobs_job
    alice, olivia = sign_in_as_client(http(), cast.alice), sign_in_as_staff(http(), cast.olivia)
    for path in (f"/portal/visits/{other.public_id}", f"/portal/visits/{other.public_id}/", f"/portal/visits/{mine.public_id},{other.public_id}", f"/portal/visits/{mine.public_id}/../{other.public_id}", f"/portal/visits/{other.public_id.upper()}", f"/portal/visits/{other.id}", f"/portal/visits/{mine.id}", f"/portal/visits/{mine.public_id}?visit_id={other.public_id}&visit_id={other.id}"):  # fmt: skip
        assert "Bella" not in alice.get(path).text, path
    number = cast.alice.id
    for query in (f"id={number}&id={cast.bob.id}", f"id={cast.bob.id}&id={number}"):
        for way in ("details", "edit"):
            assert olivia.get(f"/admin/clients/{way}/?{query}").status_code == 404
    for odd in (f"{number},{cast.bob.id}", f"{number}.0", f" {number}", f"{number}/1", "9" * 20, "٣"):
        for way in ("details", "edit"):
            answer = olivia.get(f"/admin/clients/{way}/", query_string={"id": odd})
            assert answer.status_code in {302, 404} or str(cast.alice) in answer.text
            assert answer.status_code < 500


AWAY = [
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "\t//evil.example",
    "http:evil.example", "https://evil.example/portal/", "http://127.0.0.1:8000@evil.example/", "@evil.example",
    "javascript:alert(1)", "data:text/html,x", "/portal/\r\nLocation: https://evil.example", "/portal/\0", "evil.example",
]  # fmt: skip


def test_a37_no_address_in_a_parameter_leads_off_the_site(http, cast, sign_in_as_staff):
    """A37, G14: fifteen addresses under four names, at the log-in and at the office's ways back."""
    login = make.client_login(cast.alice)
    job = make.job(cast.alice, sitter=cast.sam)
    office = sign_in_as_staff(http(), cast.olivia)
    token = token_of(office.get("/admin/clients/new/"))
    tried = 0
    for target in AWAY:
        for name in ("next", "url", "back", "return_to"):
            tried += 1
            browser = http()
            page = browser.get(
                "/portal/log-in", query_string={name: target}, headers={"Referer": "https://evil.example/"}
            )
            data = {"csrf_token": token_of(page), "name": login.email, "password": make.PASSWORD, name: target}
            assert browser.post("/portal/log-in", data=data).headers["Location"] == "/portal/", (name, target)
        for path in (f"/admin/moves/{job.id}/", "/admin/orders/new", "/admin/vets/new/"):
            answer = office.post(path, data={"csrf_token": token, "back": target, "url": target, "name": "x"})
            led = urlsplit(answer.headers.get("Location", ""))
            assert (answer.status_code < 500, led.scheme, led.netloc, "evil" in answer.headers.get("Location", "")) == (True, "", "", False)  # fmt: skip
    assert tried == 60


def test_over_https_cookies_are_bound_to_this_host_and_every_kind_of_answer_is_guarded(app, http, cast, monkeypatch, sign_in_as_client):  # fmt: skip
    """G13, ASVS 3.3 and 3.4: flags and names of the cookies; the headers of a page, a file, JSON, a redirect and errors."""
    monkeypatch.setitem(app.config, "SESSION_COOKIE_SECURE", True)
    monkeypatch.setitem(app.config, "PUBLIC_URL", "https://127.0.0.1:8000")
    login, browser = make.client_login(cast.alice), http()
    base = {"base_url": "https://localhost"}
    page = browser.get("/portal/log-in", **base)
    data = {"csrf_token": token_of(page), "name": login.email, "password": make.PASSWORD}
    answer = browser.post("/portal/log-in", data=data, **base)
    assert answer.status_code == 302
    (cookie,) = answer.headers.getlist("Set-Cookie")
    parts = {part.strip().partition("=")[0] for part in cookie.split(";")[1:]}
    assert cookie.startswith("__Host-latchkey_portal=")
    assert {"Secure", "HttpOnly", "SameSite", "Path"} <= parts
    assert ("Domain" in parts, "SameSite=Lax" in cookie, "Path=/;" in cookie + ";") == (False, True, True)
    # What is in it can be read by whoever holds it: a secret of its own, and nothing else of anybody.
    assert cast.alice.email not in browser.get_cookie("__Host-latchkey_portal", domain="localhost").decoded_value
    asked = [
        ("GET", "/portal/schedule", 200), ("GET", "/portal/", 303), ("GET", "/portal/nowhere", 404), ("GET", "/admin/", 302),
        ("POST", "/portal/schedule", 405), ("POST", "/portal/messages/", 400), ("GET", "/healthz", 200),
        ("POST", "/portal/passkey/options", 400), ("GET", "/portal/calendar/x.ics", 404), ("GET", "/", 302),
    ]  # fmt: skip
    for method, path, status in asked:
        got = browser.open(path, method=method, **base)
        assert (path, got.status_code) == (path, status)
        h = got.headers
        assert h["Strict-Transport-Security"].startswith("max-age=31536000"), path
        assert (h["X-Content-Type-Options"], h["X-Frame-Options"], h["Referrer-Policy"], h["Cache-Control"]) == ("nosniff", "DENY", "same-origin", "no-store"), path  # fmt: skip
        assert "frame-ancestors 'none'" in h["Content-Security-Policy"], path
        assert "camera=()" in h["Permissions-Policy"], path
        assert not [name for name, _value in h if name.lower().startswith("access-control-")], path
        if got.mimetype == "text/html":
            assert got.content_type == "text/html; charset=utf-8", path


def test_the_log_keeps_its_lines_and_holds_nothing_that_was_typed(
    app, http, cast, caplog, monkeypatch, sign_in_as_client
):
    """ASVS 16.4.1, 14.2.1: a line break in an address or a name makes no line; values and one-time links stay out."""
    caplog.set_level(logging.INFO, logger="latchkey")
    monkeypatch.setitem(app.config, "PROPAGATE_BUGS", False)

    def bug(*_a, **_k):
        raise RuntimeError("the fault itself")

    monkeypatch.setitem(app.view_functions, "portal_door.set_password", bug)
    assert http().get("/portal/set-password/secret-link%0a2026-11-23 CRITICAL forged").status_code == 500
    alice = sign_in_as_client(http(), cast.alice)

    typed = "by Alice"  # a traceback shows our lines too

    def refuse(*_a, **_k):
        db.session.execute(sa.text("SELECT :x FROM nowhere"), {"x": f"typed {typed}"})

    monkeypatch.setitem(app.view_functions, "portal_schedule.month", refuse)
    alice.get("/portal/schedule")
    said = [record.getMessage() for record in caplog.records]
    assert said
    assert [line for line in said if "\n" in line or "forged" in line or "secret-link" in line] == []
    whole = caplog.text
    assert ("the fault itself" in whole, "secret-link" in whole, "typed by Alice" in whole) == (True, False, False)


def test_no_secret_of_a_journey_is_logged_or_stands_in_an_address(app, http, cast, caplog, sign_in_as_staff):
    """ASVS 14.2.1, 16.2.5, G17: log-in, forgotten password, a code of the home, a card number, from the first to the last page."""
    caplog.set_level(logging.DEBUG)
    login = make.client_login(cast.alice)
    code = make.custom_field(
        make.field_section(make.field_page()), kind=FieldKind.TEXT, label="Alarm code", is_secret=True
    )
    db.session.commit()
    browser, addresses = http(), []
    answer = log_in(browser, "/portal/log-in", login.email, make.PASSWORD)
    addresses.append(answer.headers["Location"])
    ask(http(), login.email)
    (link,) = paths_of_links()
    page = http().get(link)
    assert NEW not in page.text
    browser.post("/portal/messages/", data={"csrf_token": token_of(browser.get("/portal/messages/")), "subject": "Hello", "body": "canary-message", "number": "4111111111111111"})  # fmt: skip
    url = f"/portal/your-data/{code.section.page.public_id}"
    form = token_of(browser.get(f"{url}/edit"))
    kept = browser.post(url, data={"csrf_token": form, f"f-{code.public_id}": "canary-alarm"})
    assert kept.status_code == 303
    addresses += [r.headers.get("Location", "") for r in (browser.get("/portal/"), browser.get("/portal/nowhere"))]
    logged = caplog.text
    secrets = [make.PASSWORD, link.rsplit("/", 1)[1], "canary-message", "canary-alarm", "4111111111111111", browser.get_cookie("latchkey_portal").value]  # fmt: skip
    assert [s for s in secrets if s in logged] == []
    assert [s for s in secrets for a in addresses if s in a] == []
    # Nor does the code stand in the database's file, or in what is written ahead of it.
    file = Path(str(db.engine.url.database))
    raw = b"".join(x.read_bytes() for x in file.parent.glob(f"{file.name}*"))
    assert (b"canary-message" in raw, b"canary-alarm" in raw, make.PASSWORD.encode() in raw) == (True, False, False)


#: fetched in tests of their own, as they must be made first: admin/billing/test_pay_pages.py, archives/test_orders.py
MADE_FIRST = {"/admin/archives/<public_id:archive_id>/file", "/admin/pay/runs/<public_id:run_id>/file/<any(summary, detail):what>"}  # fmt: skip


def test_every_list_report_and_clients_data_that_leaves_is_in_the_log(app, http, cast, sign_in_as_staff):
    """Who took what and when: each way to a file of many rows writes one line, and none goes by a GET."""
    olivia = sign_in_as_staff(http(), cast.olivia)
    token = token_of(olivia.get("/admin/clients/new/"))
    ways = {rule: method for method, rule in table() if re.search(r"/export\b|/file\b|history\.csv", rule) and rule.startswith("/admin") and "/files" not in rule}  # fmt: skip
    assert len(ways) >= 50
    assert {rule for rule, method in ways.items() if method != "POST"} == set()

    def lines():
        db.session.rollback()
        return list(db.session.scalars(sa.select(Activity.verb).where(Activity.staff_id == cast.olivia.id).order_by(Activity.id)))  # fmt: skip

    for rule in sorted(ways.keys() - MADE_FIRST):
        path = rule.replace("<export_type>", "csv").replace("<int:client_id>", str(cast.alice.id)).replace("<report>", "visits")  # fmt: skip
        before = lines()
        answer = olivia.post(path, data={"csrf_token": token})
        assert (rule, answer.status_code) == (rule, 200)
        assert "attachment" in answer.headers["Content-Disposition"]
        assert "no-store" in answer.headers["Cache-Control"]
        assert lines()[len(before) :] in (["list.exported"], ["client.exported"]), rule
