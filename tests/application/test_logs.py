"""The program's log: a line for each request without anybody's data, ids that lead from one line to the next, JSON."""

import json
import logging

import pytest
import sqlalchemy as sa
from flask import abort

from application import logs, tasks
from application.config import ConfigError, complete, from_environment
from foundation import tracing
from foundation.db import db
from workflows import outbox
from workflows.mail_facts import MailKind

FACTS = {"method", "route", "status", "ms", "queries", "role"}


@pytest.fixture
def lines(caplog):
    """What `latchkey.requests` or another log has said so far, as facts."""
    caplog.set_level(logging.INFO, logger="latchkey")
    return lambda name="latchkey.requests": [r for r in caplog.records if r.name == name]


def test_each_request_has_a_line_of_rule_role_and_figures_and_of_nobodys_data(
    app, http, cast, lines, caplog, sign_in_as_staff, sign_in_as_client
):
    office = sign_in_as_staff(http(), cast.olivia)
    portal = sign_in_as_client(http(), cast.alice)
    caplog.clear()
    answer = office.get("/admin/find/?q=archer+alarm")
    portal.get("/portal/schedule?on=2026-11-01")
    http().get("/portal/set-password/a-secret-link")
    http().get("/nowhere/alice@example.com")
    http().get("/healthz")
    said = lines()
    assert [set(r.facts) for r in said] == [FACTS] * 4
    assert [(r.facts["role"], r.facts["status"]) for r in said][1:] == [
        ("client", 200),
        ("nobody", said[2].facts["status"]),
        ("nobody", 404),
    ]
    assert (said[0].facts["role"], said[0].facts["status"]) == ("owner", answer.status_code)
    assert said[1].facts["route"] == "/portal/schedule"
    assert said[1].facts["queries"] > 0
    assert said[3].facts["route"] == "no route"
    for typed in (
        "archer",
        "2026-11-01",
        "a-secret-link",
        "alice@example.com",
        cast.alice.last_name,
        cast.olivia.email,
    ):
        assert typed not in caplog.text


def test_queries_are_counted_for_each_request_alone(app, http, cast, lines, monkeypatch, sign_in_as_staff):
    office = sign_in_as_staff(http(), cast.olivia)

    def asks(n):
        def view(*_a, **_k):
            for _ in range(n):
                db.session.execute(sa.text("SELECT 1"))
            return "done"

        return view

    counted = []
    for n in (0, 7):
        monkeypatch.setitem(app.view_functions, "admin.index", asks(n))
        office.get("/admin/")
        counted.append(lines()[-1].facts["queries"])
    assert counted[1] - counted[0] == 7


def test_slow_requests_have_a_line_of_their_own(app, http, lines, monkeypatch):
    monkeypatch.setitem(app.config, "SLOW_REQUEST_MS", 0.0001)
    http().get("/portal/log-in")
    (slow,) = lines("latchkey.slow")
    assert (slow.levelname, slow.facts["route"], set(slow.facts)) == ("WARNING", "/portal/log-in", FACTS)
    for never in (0, 600_000):
        monkeypatch.setitem(app.config, "SLOW_REQUEST_MS", never)
        http().get("/portal/log-in")
    assert len(lines("latchkey.slow")) == 1


def test_an_id_is_taken_from_our_own_proxy_alone_and_only_when_it_is_one(app, http, monkeypatch):
    given = {"X-Request-Id": "from-the-proxy.17"}
    own = http().get("/portal/log-in", headers=given).headers["X-Request-Id"]
    assert own != given["X-Request-Id"]
    assert tracing.trusted(own) == own
    monkeypatch.setitem(app.config, "TRUSTED_PROXIES", 1)
    assert http().get("/portal/log-in", headers=given).headers["X-Request-Id"] == "from-the-proxy.17"
    for forged in ("short", "x" * 65, "a b c d e f g h", "12345678;rm", "äöüäöüäö"):
        answer = http().get("/portal/log-in", headers={"X-Request-Id": forged.encode().decode("latin-1")})
        assert answer.headers["X-Request-Id"] not in {forged, ""}
    assert http().get("/portal/log-in").headers["X-Request-Id"] != own


def test_the_number_on_the_error_page_finds_the_fault_in_the_log(app, http, lines, caplog, monkeypatch):
    monkeypatch.setitem(app.config, "PROPAGATE_BUGS", False)

    def bug(*_a, **_k):
        raise RuntimeError("the fault itself")

    monkeypatch.setitem(app.view_functions, "portal_door.log_in", bug)
    answer = http().get("/portal/log-in")
    number = answer.headers["X-Request-Id"]
    assert (answer.status_code, f"number {number}" in answer.text) == (500, True)
    (fault,) = lines("latchkey.errors")
    assert (number in fault.getMessage(), fault.exc_info[1].args) == (True, ("the fault itself",))
    assert lines()[-1].facts["status"] == 500


def test_a_refused_request_has_its_line_too(app, http, lines, monkeypatch):
    monkeypatch.setitem(app.view_functions, "portal_door.log_in", lambda: abort(503))
    http().get("/portal/log-in")
    assert lines()[-1].facts["status"] == 503


def test_json_lines_hold_the_id_the_facts_and_the_trace_in_one_line(http, monkeypatch, capsys, app):
    shape = logs.JsonLines()
    with tracing.traced("request-of-a-test"):
        record = logging.LogRecord("latchkey.x", logging.WARNING, __file__, 1, "two\nlines of %s", ("Zoë",), None)
        record.facts = {"queries": 3}
        with pytest.raises(ZeroDivisionError) as problem:
            1 / 0  # noqa: B018 -- for its trace
        record.exc_info = (problem.type, problem.value, problem.tb)
        line = shape.format(record)
    said = json.loads(line)
    assert "\n" not in line
    assert (said["message"], said["request_id"], said["queries"]) == ("two\nlines of Zoë", "request-of-a-test", 3)
    assert (said["level"], said["logger"], "ZeroDivisionError" in said["trace"]) == ("warning", "latchkey.x", True)
    plain = logging.LogRecord("latchkey.x", logging.INFO, __file__, 1, "two\nlines", (), None)
    assert logs.Lines().format(plain).endswith("latchkey.x - two lines")


def test_the_task_that_a_request_wakes_goes_by_its_id(app, lines):
    huey = app.extensions["huey"]
    huey.storage.flush_all()
    with tracing.traced("request-of-a-mail"):
        outbox.queue_mail(MailKind.TEMPLATE_TEST, _facts(), to="alice@example.com")
        db.session.commit()
    ids = []
    original = tasks.mails.send_mails

    def seen(_app):
        ids.append(tracing.request_id())

    seen.__name__ = original.__name__
    task = huey.dequeue()
    assert (task.kwargs, task.args) == ({}, ("request-of-a-mail",))
    tasks._quietly(seen, app, *task.args)
    tasks._quietly(seen, app)
    assert ids[0] == "request-of-a-mail"
    assert tracing.trusted(ids[1]) == ids[1] != ids[0]
    assert lines("latchkey.tasks")[-1].facts["task"] == "send_mails"
    huey.storage.flush_all()


def _facts():
    from mailer.examples import PREVIEWS

    return PREVIEWS[MailKind.TEMPLATE_TEST]


@pytest.mark.parametrize("given", [{"LOG_FORMAT": "xml"}, {"LOG_LEVEL": "loud"}, {"METRICS_TOKEN": "short"}])
def test_what_is_none_is_refused_at_the_start(given, tmp_path):
    with pytest.raises(ConfigError):
        complete(from_environment({"DATA_DIR": str(tmp_path), **given}))
