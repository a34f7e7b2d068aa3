"""`flask doctor`: what is unsafe is named with what to do about it, what is broken is found, and it changes nothing."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from application import config, demo, doctor
from foundation import sealing
from foundation.db import Base, db
from models import JobState, StaffLogin
from tests import factories as make
from tests import issued
from tests.databases import count
from workflows import activity
from workflows.actors import COMMAND_LINE

MORE = [("demo log-ins", demo.printed_password)]


@pytest.fixture
def safe(app, monkeypatch, cast):
    """An installation as it should be on a server."""
    make.staff_login(cast.olivia)
    activity.record("backup.made", actor=COMMAND_LINE)
    db.session.commit()
    for name, value in {
        "ENV_NAME": "production", "PUBLIC_URL": "https://portal.example.com", "MAIL_SERVER": "mail.example.com",
        "MAIL_USE_TLS": True, "SECRET_KEY": "J8s-Qx2mWz5vB0rTn4cLy7eKpG1hUaDfIoXq3VtN6", "SECRET_KEY_FALLBACKS": [],
        "BRAINTREE": config.choose.Choice("off"),
    }.items():  # fmt: skip
        monkeypatch.setitem(app.config, name, value)
    monkeypatch.setenv("SECRET_KEY", app.config["SECRET_KEY"])
    monkeypatch.setenv("FIELD_KEYS", "set")
    monkeypatch.delenv("FLASK_DEBUG", raising=False)
    return app


def bad(app, *, production=True):
    """{what: what is told} of everything that is not right."""
    db.session.commit()
    return {
        f.about: f.told for f in doctor.examine(app, production=production, more=MORE) if f.level is not doctor.Level.OK
    }


def rows():
    return {t.name: count(t) for t in Base.metadata.sorted_tables}


def test_a_server_as_it_should_be_has_nothing_wrong_and_nothing_is_changed(safe):
    before = rows()
    assert bad(safe) == {}
    done = safe.test_cli_runner().invoke(args=["doctor"])
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "20 checks, 0 wrong, 0 warnings.")
    assert rows() == before


@pytest.mark.parametrize(
    ("about", "name", "value", "told"),
    [
        ("environment", "ENV_NAME", "development", "Set it to production"),
        ("secret key", "SECRET_KEY", "abc" * 20, "can be guessed"),
        ("secret key", "SECRET_KEY", "short-but-very-mixed-Q7", "can be guessed"),
        ("secret key", "SECRET_KEY_FALLBACKS", ["password"], "can be guessed"),
        ("address", "PUBLIC_URL", "http://portal.example.com", "https"),
        ("payments", "BRAINTREE", config.choose.Choice("demo"), "no money moves"),
        ("mail", "MAIL_SERVER", "", "nobody reads"),
        ("mail", "MAIL_USE_TLS", False, "without TLS"),
    ],
)
def test_what_is_unsafe_is_wrong_in_production_and_a_warning_elsewhere(safe, monkeypatch, about, name, value, told):
    monkeypatch.setitem(safe.config, name, value)
    assert list(bad(safe)) == [about]
    assert told in bad(safe)[about]
    levels = {f.level for f in doctor.examine(safe, production=False) if f.about == about}
    assert levels == {doctor.Level.WARNING}
    done = safe.test_cli_runner().invoke(args=["doctor", "--production"])
    assert (done.exit_code, f"wrong    {about}: " in done.output) == (1, True)


def test_debug_and_keys_beside_the_data_are_unsafe(safe, monkeypatch):
    monkeypatch.setenv("FLASK_DEBUG", "1")
    monkeypatch.delenv("SECRET_KEY")
    monkeypatch.delenv("FIELD_KEYS")
    found = bad(safe)
    assert set(found) == {"debug", "secret key", "field keys"}
    assert "run programs" in found["debug"]


def test_production_does_not_start_with_them():
    good = {
        "LATCHKEY_ENV": "production", "SECRET_KEY": "J8s-Qx2mWz5vB0rTn4cLy7eKpG1hUaDfIoXq3VtN6", "FIELD_KEYS": sealing.new_key(),
        "PUBLIC_URL": "https://portal.example.com",
    }  # fmt: skip
    config.complete(config.from_environment(good))
    for change, told in (
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"PUBLIC_URL": "http://portal.example.com"}, "https"),
        ({"BRAINTREE_ENVIRONMENT": "demo"}, "demo gateway"),
    ):
        with pytest.raises(config.ConfigError, match=told):
            config.complete(config.from_environment({**good, **change}))


def test_production_does_not_start_with_the_debugger(monkeypatch):
    good = config.from_environment(
        {"LATCHKEY_ENV": "production", "SECRET_KEY": "J8s-Qx2mWz5vB0rTn4cLy7eKpG1hUaDfIoXq3VtN6", "FIELD_KEYS": sealing.new_key(),
         "PUBLIC_URL": "https://portal.example.com"}
    )  # fmt: skip
    monkeypatch.setenv("FLASK_DEBUG", "1")
    with pytest.raises(config.ConfigError, match="FLASK_DEBUG"):
        config.complete(good)


def test_accounts_that_open_with_the_printed_password_are_named(safe, cast):
    email = demo.STAFF[1][2]
    make.staff_login(cast.max, email=email, password=demo.PASSWORD)
    assert email in bad(safe)["demo log-ins"]
    login = db.session.scalars(sa.select(StaffLogin).where(StaffLogin.email == email)).one()
    login.password_hash = None
    assert bad(safe) == {}


def test_broken_tables_books_and_seals_are_found(safe, cast):
    invoice = issued.invoice(cast.alice)
    field = make.custom_field(label="Alarm code", is_secret=True)
    make.field_value(field, cast.alice, text=None, sealed=sealing.seal('"4711"'))
    assert bad(safe) == {}
    old = safe.config["FIELD_KEYS"]
    sealing.use_keys([sealing.new_key()])
    assert "older keys" in bad(safe)["sealed fields"]
    sealing.use_keys(old)
    invoice.written_off = invoice.total
    assert "flask books check" in bad(safe)["books"]
    invoice.written_off = Decimal(0)
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    try:
        assert "flask db upgrade" in bad(safe)["tables"]
    finally:
        with db.engine.begin() as connection:
            (head,) = doctor.ScriptDirectory(str(doctor.ROOT / "migrations")).get_heads()
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{head}'")  # noqa: S608


def test_what_is_neglected_is_a_warning_also_in_production(safe, cast, clock_at):
    make.job(cast.alice, cast.walk, state=JobState.SCHEDULED)
    make.outbox_mail(next_at=doctor.clock.now() - dt.timedelta(minutes=5))
    assert bad(safe) == {}
    clock_at(doctor.clock.now() + dt.timedelta(days=3))
    found = {f.about: f for f in doctor.examine(safe, production=True) if f.level is not doctor.Level.OK}
    assert {f.level for f in found.values()} == {doctor.Level.WARNING}
    assert "flask worker" in found["worker"].told
    assert "3 days" in found["backup"].told


def test_a_queue_that_does_not_answer_is_named_with_what_it_said(safe, monkeypatch):
    def denied():
        raise ConnectionError("DENIED protected mode\nand more")

    monkeypatch.setattr(safe.extensions["huey"], "pending_count", denied)
    assert "QUEUE_URL does not answer (ConnectionError: DENIED protected mode)" in bad(safe)["queue"]


def test_a_check_that_fails_in_itself_is_a_finding_and_the_others_still_answer(safe, monkeypatch):
    monkeypatch.setitem(safe.config, "DATA_DIR", "/nowhere/at/all")
    found = bad(safe)
    assert "could not be looked at" in found["disk"]
    assert "books" not in found
