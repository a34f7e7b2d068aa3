"""The Host header: our names are answered, foreign ones are refused, and mails never follow it."""

import pytest

from application import config, create_app
from foundation.db import db
from mailer.render import render
from tests import factories as make
from workflows.mail_facts import MailKind

PUBLIC = {"LATCHKEY_ENV": "production", "PUBLIC_URL": "https://portal.example.com", "SECRET_KEY": "k" * 40}


def hosts(**env):
    given = {"FIELD_KEYS": "a2V5IGZvciB0ZXN0cyBvbmx5LCBub3Qgc2VjcmV0ISE=", **PUBLIC, **env}
    return config.complete(config.from_environment(given))["TRUSTED_HOSTS"]


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, ["portal.example.com"]),
        ({"TRUSTED_HOSTS": " pets.example.org, .example.net ,"}, ["portal.example.com", "pets.example.org", ".example.net"]),
        ({"PUBLIC_URL": "http://127.0.0.1:8000"}, ["127.0.0.1", "localhost"]),
        ({"LATCHKEY_ENV": "development", "PUBLIC_URL": "http://127.0.0.1:8000"}, ["127.0.0.1", "localhost"]),
        ({"LATCHKEY_ENV": "development"}, ["portal.example.com", "127.0.0.1", "localhost"]),
    ],
    ids=["production", "more names", "tried out here", "make run", "development"],
)  # fmt: skip
def test_trusted_hosts_come_from_the_public_address(env, expected, tmp_path):
    assert hosts(DATA_DIR=str(tmp_path), **env) == expected


@pytest.fixture(scope="module")
def public_app(sqlite_app, tmp_path_factory):
    """An app as in production, over the tests' database."""
    app = create_app(
        {
            **{key: sqlite_app.config[key] for key in ("SQLALCHEMY_DATABASE_URI", "SECRET_KEY", "FIELD_KEYS")},
            "DATA_DIR": str(tmp_path_factory.mktemp("public")), "PUBLIC_URL": "https://portal.example.com", "ENV_NAME": "production",
            "TRUSTED_HOSTS": [".pets.example.org"],
        }
    )  # fmt: skip
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize(
    "host", ["portal.example.com", "portal.example.com:8000", "PORTAL.example.com", "north.pets.example.org"]
)
def test_our_own_names_are_answered(public_app, host):
    assert public_app.test_client().get("/portal/log-in", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "portal.example.com.evil.example", "evilportal.example.com", "localhost", "127.0.0.1", "portal.example.com@evil.example", "a b"],
)  # fmt: skip
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/portal/log-in"), ("GET", "/"), ("POST", "/portal/forgotten"), ("GET", "/none")]
)
def test_foreign_names_are_refused_in_plain_words(public_app, host, method, path):
    answer = public_app.test_client().open(path, method=method, headers={"Host": host})
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert "does not answer under this name" in answer.text
    assert "evil" not in answer.text
    assert "evil" not in str(answer.headers)


def test_somebody_signed_in_is_refused_under_a_foreign_name_too(app, cast, http, sign_in_as_staff):
    office = sign_in_as_staff(http(), cast.olivia)
    assert office.get("/admin/", headers={"Host": "evil.example"}).status_code == 400
    assert office.get("/admin/", headers={"Host": "localhost:8000"}).status_code == 200
    assert office.get("/admin/", headers={"Host": "127.0.0.1:8000"}).status_code == 302, "no cookie of this name"


@pytest.mark.parametrize("host", ["10.0.0.7:8000", "portal.example.com", "evil.example"])
def test_health_is_told_to_whoever_asks(public_app, host):
    answer = public_app.test_client().get("/healthz", headers={"Host": host})
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-Host"])
def test_mails_lead_to_the_public_address_whatever_is_forwarded(app, cast, http, outbox, header):
    make.client_login(cast.alice)
    db.session.commit()
    browser = http()
    told = "host=evil.example" if header == "Forwarded" else "evil.example"
    page = browser.get("/portal/forgotten", headers={header: told})
    token = page.text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    browser.post("/portal/forgotten", data={"csrf_token": token, "name": "alice@example.com"}, headers={header: told})
    mail = outbox.one(MailKind.SET_PASSWORD)
    text = str(render(mail))
    assert app.config["PUBLIC_URL"] + "/portal/set-password/" in text
    assert "evil" not in text
