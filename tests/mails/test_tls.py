"""Links and home details travel only to a server that can prove who it is."""

import os
import shutil
import subprocess

import pytest

from foundation.db import db
from models import MailState, OutboxMail
from tests.mails.postbox import Postbox, server_context

pytestmark = [
    pytest.mark.usefixtures("business"),
    # CI has it; there these tests fail without it instead.
    pytest.mark.skipif(
        shutil.which("openssl") is None and not os.environ.get("CI"), reason="needs openssl to make a certificate"
    ),
]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for this machine that nobody but itself signed, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-keyout", str(key), "-out", str(cert), "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return str(cert), str(key)


@pytest.fixture(params=["starttls", "tls"])
def tls_server(request, certificate, use_server):
    """A server that speaks TLS after STARTTLS, or from the first byte."""
    context = server_context(*certificate)
    options = (
        {"tls_context": context, "require_starttls": True} if request.param == "starttls" else {"ssl_context": context}
    )
    box = Postbox().start(**options)
    use_server(box.port, MAIL_USE_TLS=request.param == "starttls", MAIL_USE_SSL=request.param == "tls")
    yield box
    box.stop()


@pytest.mark.filterwarnings("ignore:Exception in thread:pytest.PytestUnhandledThreadExceptionWarning")
def test_a_server_that_vouches_only_for_itself_gets_nothing(tls_server, queue, drain):
    mail = queue()
    assert drain() == 0
    row = db.session.get(OutboxMail, mail.id)
    assert (row.state, row.attempts) == (MailState.QUEUED, 0)
    assert "CERTIFICATE_VERIFY_FAILED" in row.last_error
    assert tls_server.letters == []


def test_a_server_that_we_trust_gets_it(tls_server, queue, drain, monkeypatch, certificate):
    monkeypatch.setenv("SSL_CERT_FILE", certificate[0])
    queue()
    assert drain() == 1
    assert len(tls_server.letters) == 1


def test_a_certificate_for_another_name_is_not_enough(tls_server, queue, drain, monkeypatch, certificate, app):
    monkeypatch.setenv("SSL_CERT_FILE", certificate[0])
    monkeypatch.setitem(app.config, "MAIL_SERVER", "127.1")  # this machine too, but not as the certificate calls it
    mail = queue()
    assert drain() == 0
    assert "CERTIFICATE_VERIFY_FAILED" in db.session.get(OutboxMail, mail.id).last_error
    assert tls_server.letters == []
