"""/metrics: closed to all but those who are meant, right over several processes, and without a figure per stranger's whim."""

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import pytest

from foundation import clock
from foundation.db import db
from models import AttemptState, MailState, Sign
from tests import factories, money_factories
from workflows import condition

ROOT = Path(__file__).parents[2]
TOKEN = "t0ken-of-the-scraper"
NEAR = {"REMOTE_ADDR": "127.0.0.1"}

#: a web process: answers some requests, then says what the figures are if it is asked to
PROCESS = """
import sys
from application import create_app
client = create_app({"TESTING": True}).test_client()
for path in sys.argv[2:]:
    client.open(path, method=sys.argv[1])
if sys.argv[1] == "GET":
    print(client.get("/metrics", headers={"Authorization": "Bearer t0ken-of-the-scraper"}).text)
"""


def _run(folder, *words, code=None):
    environment = {
        **os.environ, "DATA_DIR": str(folder), "METRICS_TOKEN": TOKEN, "PYTHONPATH": str(ROOT),
        "SECRET_KEY": "x" * 40, "FIELD_KEYS": "a2V5IGZvciB0ZXN0cyBvbmx5LCBub3Qgc2VjcmV0ISE=",
    }  # fmt: skip
    environment.pop("PROMETHEUS_MULTIPROC_DIR", None)
    command = [sys.executable, "-m", "flask", *words] if code is None else [sys.executable, "-c", code, *words]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _figures(text):
    return {
        name: float(figure)
        for name, figure in (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    }


def test_two_processes_are_counted_together(tmp_path):
    _run(tmp_path, "db", "upgrade")
    _run(tmp_path, "POST", "/healthz", "/healthz", code=PROCESS)
    _run(tmp_path, "BREW", "/nowhere/1", "/nowhere/2", code=PROCESS)
    found = _figures(_run(tmp_path, "GET", "/healthz", "/healthz", "/healthz", "/nowhere/3", code=PROCESS))
    requests = {name: n for name, n in found.items() if name.startswith("latchkey_requests_total")}
    assert sum(n for name, n in requests.items() if 'route="/healthz",status="200"' in name) == 3
    assert sum(n for name, n in requests.items() if 'method="POST"' in name) == 2
    assert sum(n for name, n in requests.items() if 'method="OTHER"' in name) == 2
    assert not any("nowhere" in name or "BREW" in name for name in found)
    assert found['latchkey_request_duration_seconds_count{face="other"}'] == sum(requests.values()) == 8
    assert found['latchkey_request_queries_total{route="/healthz"}'] >= 3


@pytest.fixture
def figures(app, http, monkeypatch, tmp_path):
    """/metrics of this process as anybody asks for it."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))

    def ask(**more):
        return http().get("/metrics", **more)

    return ask


def test_nobody_gets_figures_unless_they_are_meant_to(app, figures, monkeypatch):
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert figures(headers=bearer, environ_base=NEAR).status_code == 404
    monkeypatch.setitem(app.config, "METRICS_TOKEN", TOKEN)
    assert figures(headers=bearer).status_code == 200
    for wrong in ({}, {"Authorization": TOKEN}, {"Authorization": "Bearer"}, {"Authorization": "Bearer \u00e4"}):
        assert figures(headers=wrong, environ_base=NEAR).status_code == 404
    monkeypatch.setitem(app.config, "METRICS_TOKEN", "")
    monkeypatch.setitem(app.config, "METRICS_LOOPBACK", True)
    assert figures(environ_base=NEAR).status_code == 200
    assert figures(headers={"Authorization": "Bearer "}, environ_base={"REMOTE_ADDR": "10.0.0.7"}).status_code == 404
    for betrayed in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
        assert figures(headers={betrayed: "127.0.0.1"}, environ_base=NEAR).status_code == 404, betrayed


def test_figures_say_how_the_installation_stands(app, figures, monkeypatch, clock_at):
    monkeypatch.setitem(app.config, "METRICS_TOKEN", TOKEN)
    now = clock.now()
    factories.outbox_mail(state=MailState.QUEUED, next_at=now - dt.timedelta(minutes=5))
    factories.outbox_mail(state=MailState.QUEUED, next_at=now + dt.timedelta(hours=5))
    factories.outbox_mail(state=MailState.FAILED)
    money_factories.payment_attempt(state=AttemptState.UNKNOWN)
    condition.leave(Sign.WORKER)
    condition.leave(Sign.BACKUP, name="latchkey-1.zip")
    clock_at(now + dt.timedelta(minutes=2))
    condition.leave(Sign.BACKUP, is_well=False)
    db.session.commit()
    found = _figures(figures(headers={"Authorization": f"Bearer {TOKEN}"}).text)
    assert {name.removeprefix("latchkey_"): n for name, n in found.items() if not name.startswith("latchkey_request")} == {
        "outbox_waiting": 1,
        "outbox_oldest_seconds": 420,
        "outbox_failed": 1,
        "queue_waiting": 1,
        "queue_oldest_seconds": 420,
        "payments_unknown": 1,
        "heartbeat_age_seconds": 120,
        "heartbeat_ok": 1,
        "backup_age_seconds": 120,
        "backup_ok": 0,
    }  # fmt: skip
