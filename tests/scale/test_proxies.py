"""Latchkey behind the proxies of deploy/, with TLS: what people get through them, and what does not get through."""

import gzip
import http.client
import ssl
import subprocess
import threading

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import JobRequest, LoginAttempt, StoredFile
from tests import factories, own_servers
from tests.databases import count
from tests.own_proxies import OwnCaddy, OwnNginx
from tests.scale.town import Visitor, token
from ui_kit.uploading import ROOM
from workflows.tries import ACCOUNT_TRIES

pytestmark = [pytest.mark.own_postgres, pytest.mark.redis, pytest.mark.proxies]


@pytest.fixture(scope="module", params=[OwnCaddy, OwnNginx], ids=["caddy", "nginx"])
def proxy(request, town):
    """The proxy, with a web server of its own behind it that knows by which name people come."""
    with request.param(own_servers.free_port()) as found:
        town.start_web(found.name, found.upstream, PUBLIC_URL=found.origin)
        town.wait_until_ready(found.upstream)
        yield found
        town.stop(found.name)


@pytest.fixture
def through(proxy):
    """`through(address)`: a browser that goes through the proxy and says that it comes from this address."""
    return lambda address="198.51.100.7": Visitor(address, trusting=proxy.certificate)


def read(proxy, path, **headers):
    """One answer through TLS, as it is: status, headers, bytes."""
    context = ssl.create_default_context(cafile=proxy.certificate)
    connection = http.client.HTTPSConnection("localhost", proxy.port, context=context, timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def post_as_browsers_do(proxy, visitor, path, body, folder):
    """By HTTP/2, which can be told in the middle that it is too much; the status, a new line, and the page."""
    (folder / "body").write_bytes(body)
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in visitor.jar)
    done = subprocess.run(
        ["curl", "--silent", "--http2", "--noproxy", "*", "--cacert", proxy.certificate, "--max-time", "60",
         "--header", f"Cookie: {cookies}", "--header", f"Referer: {proxy.origin}{path}",
         "--header", "Content-Type: multipart/form-data; boundary=x", "--data-binary", f"@{folder / 'body'}",
         "--output", folder / "page", "--write-out", "%{http_code}", f"{proxy.origin}{path}"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return f"{done.stdout}\n{(folder / 'page').read_text()}"


def test_who_comes_without_tls_is_sent_to_it(proxy):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.plain, timeout=60)
    connection.request("GET", "/portal/log-in?next=%2Fportal%2F", headers={"Host": "localhost"})
    answer = connection.getresponse()
    connection.close()
    assert answer.status in {301, 308}
    # Caddy takes it that the street knows its TLS port as 443.
    assert answer.headers["Location"].replace(proxy.origin, "https://localhost") == (
        "https://localhost/portal/log-in?next=%2Fportal%2F"
    )


@pytest.mark.covers("B6")
def test_a_client_logs_in_and_sends_a_request_and_the_cookie_never_travels_without_tls(
    proxy, through, cast, newcomer, day
):
    client, pet = newcomer()
    request = factories.basket(client, cast.walk, n_lines=1, first_on=day, pets=[pet])
    db.session.commit()
    browser = through()
    page = browser.log_in(proxy.port, "portal", client.email, factories.PASSWORD)
    assert page.status == 200
    assert client.first_name in page.text
    assert all(cookie.secure and cookie.has_nonstandard_attr("HttpOnly") for cookie in browser.jar)
    assert len(list(browser.jar)) > 0
    answer = browser.ask(
        proxy.port, "/portal/request/submission",
        {"csrf_token": token(browser.get(proxy.port, "/portal/request")), "basket": request.public_id},
    )  # fmt: skip
    assert answer.status in {302, 303}
    assert answer.answer.location.startswith(("/portal/", proxy.origin))
    assert count(JobRequest, JobRequest.client_id == client.id, JobRequest.number.is_not(None)) == 1


def test_nobody_chooses_the_address_for_which_wrong_passwords_are_counted(proxy, through, newcomer):
    client, _pet = newcomer()
    for n in range(ACCOUNT_TRIES):
        page = through(f"198.51.100.{n}").log_in(proxy.port, "portal", client.email, "not the password")
        assert page.status in {200, 401, 422, 429}
    page = through("203.0.113.250").log_in(proxy.port, "portal", client.email, factories.PASSWORD)
    assert page.status == 429
    seen = db.session.scalars(
        sa.select(LoginAttempt.address).where(LoginAttempt.succeeded.is_(False)).order_by(LoginAttempt.id.desc()).limit(ACCOUNT_TRIES)
    ).all()  # fmt: skip
    assert set(seen) == {"127.0.0.1"}
    # Everybody in this file comes from there.
    db.session.execute(sa.delete(LoginAttempt).where(LoginAttempt.address == "127.0.0.1"))
    db.session.commit()


def test_what_is_for_whoever_watches_the_servers_is_not_for_the_street(proxy, town):
    assert town.ready(proxy.upstream)[0] == 200
    status, _headers, said = read(proxy, "/readyz")
    assert (status, b"ready" in said) == (404, False)
    assert read(proxy, "/healthz")[0] == 200


def test_files_with_the_packed_style_sheet_are_unpacked_once(proxy):
    _status, _headers, page = read(proxy, "/portal/log-in")
    path = page.decode().partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert path.startswith("/static/"), path
    status, headers, packed = read(proxy, path, **{"Accept-Encoding": "gzip"})
    _status, plain_headers, plain = read(proxy, path)
    assert (status, headers["Content-Encoding"], plain_headers["Content-Encoding"]) == (200, "gzip", None)
    assert gzip.decompress(packed) == plain
    assert len(plain) > 1000


def test_headers_that_keep_a_page_safe_come_through(proxy):
    _status, headers, _page = read(proxy, "/portal/log-in")
    assert "max-age" in headers["Strict-Transport-Security"]
    assert "default-src" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_as_much_as_a_form_may_hold_gets_through_and_more_gets_our_sentence(proxy, through, newcomer, tmp_path):
    """A proxy that lets less through than Latchkey takes would refuse photos with a bare page."""
    client, _pet = newcomer()
    nora = through()
    nora.log_in(proxy.port, "portal", client.email, factories.PASSWORD)

    def send(name, megabytes):
        page = nora.get(proxy.port, "/portal/files")
        return nora.send_file(proxy.port, page, "/portal/files", name, b"walk " * (megabytes * 2**20 // 5))

    first = send("plan.txt", 14)
    assert first.status == 200
    kept = db.session.scalars(sa.select(StoredFile.name).where(StoredFile.client_id == client.id)).all()
    assert kept == ["plan.txt"]
    refused = send("film.txt", ROOM // 2**20 - 1)
    assert "This file is larger than 15 MB." in refused.text
    too_much = post_as_browsers_do(proxy, nora, "/portal/files", b"x" * (ROOM + 2**20), tmp_path)
    assert too_much.startswith("413\n")
    assert "all files of one form together 60 MB" in too_much
    assert count(StoredFile, StoredFile.client_id == client.id) == 1


def test_who_comes_while_the_web_server_restarts(proxy, town):
    """Caddy lets people wait for it; nginx says at once that it is not there, and is well by itself afterwards."""
    town.stop(proxy.name)
    answers = []
    asks = threading.Thread(target=lambda: answers.append(read(proxy, "/portal/log-in")[0]))
    asks.start()
    if proxy.name == "nginx":
        asks.join()
        assert answers.pop() == 502
    town.start_web(proxy.name, proxy.upstream, PUBLIC_URL=proxy.origin)
    town.wait_until_ready(proxy.upstream)
    asks.join()
    assert answers == ([200] if proxy.name == "caddy" else [])
    assert read(proxy, "/portal/log-in")[0] == 200
