"""The gateway's certificate is looked at: a server that only vouches for itself is sent nothing, above all no key."""

import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import braintree
import pytest
from braintree.util.http import Http
from requests.exceptions import SSLError

from gateways import answers
from gateways.payments import Answer
from gateways.transport import transport
from tests.mails.postbox import server_context


@pytest.fixture
def impostor(tmp_path):
    """An https server with a certificate of its own making: its port, the certificate, and what it was sent."""
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-keyout", key, "-out", cert, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    sent = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self):
            sent.append(dict(self.headers))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args):
            pass

    there = HTTPServer(("127.0.0.1", 0), Listener)
    there.socket = server_context(cert, key).wrap_socket(there.socket, server_side=True)
    thread = threading.Thread(target=there.serve_forever, daemon=True)
    thread.start()
    yield there.server_port, cert, sent
    there.shutdown()
    there.server_close()
    thread.join()


def post(port, trusted):
    environment = braintree.Environment("test", "localhost", str(port), "", is_ssl=True, ssl_certificate=trusted)
    way = transport(Http, None)(braintree.Configuration(environment, merchant_id="m", public_key="p", private_key="s"))
    return way.http_do("POST", f"https://localhost:{port}/merchants/m/transactions", {"Authorization": "Basic secret"}, "x")  # fmt: skip


@pytest.mark.parametrize("says", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", None])
def test_a_gateway_that_vouches_only_for_itself_gets_nothing(impostor, monkeypatch, says):
    """Whatever the environment trusts besides: only the certificates of the SDK's own list count."""
    port, cert, sent = impostor
    if says:
        monkeypatch.setenv(says, cert)
    with pytest.raises(SSLError) as refused:
        post(port, None)
    assert sent == []
    told = answers.from_problem(refused.value)
    assert (told.answer, told.code) == (Answer.NOT_SENT, "certificate")
    assert post(port, cert)[0] == 200, "one that is trusted is spoken to, so that the refusal shows something"
    assert len(sent) == 1
