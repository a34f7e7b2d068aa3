"""`python -m application.serve`: its preparations one by one, and once the whole thing."""

import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from application import serve
from tests.own_servers import free_port

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_secret_key_is_made_once_and_readable_by_the_owner_only(tmp_path):
    first = serve.own_secret_key(tmp_path)
    assert (len(first) >= 32, serve.own_secret_key(tmp_path)) == (True, first)
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_secret_key_that_is_too_short_is_refused(tmp_path):
    (tmp_path / "secret_key").write_text("guess")
    with pytest.raises(serve.CannotServe, match="holds no usable key"):
        serve.own_secret_key(tmp_path)


def test_environment_has_defaults_inside_the_data_folder(tmp_path):
    environment = serve.prepare_environment({"DATA_DIR": str(tmp_path), "LANG": "C"}, 8123)
    assert environment == {
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/latchkey.db",
        "LANG": "C",
        "PUBLIC_URL": "http://127.0.0.1:8123",
        "SECRET_KEY": (tmp_path / "secret_key").read_text(),
    }


def test_environment_that_is_given_stays(tmp_path):
    given = {
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": "postgresql://db/latchkey",
        "PUBLIC_URL": "https://portal.example.com",
        "SECRET_KEY": "k" * 40,
    }
    assert serve.prepare_environment(given, 8123) == given
    assert not (tmp_path / "secret_key").exists()


@pytest.mark.parametrize("wanted", ["0", "65536", "-1", "http", ""])
def test_port_that_is_none_is_refused(wanted):
    with pytest.raises(serve.CannotServe, match="PORT must be a number"):
        serve.free_port(wanted)


def test_port_that_is_taken_is_refused_with_a_way_out(taken_port):
    with pytest.raises(serve.CannotServe, match=rf"Port {taken_port} is taken.*make run PORT="):
        serve.free_port(str(taken_port))


def test_demo_that_is_neither_yes_nor_no_is_refused():
    assert [serve.wants_demo(env) for env in ({}, {"DEMO": ""}, {"DEMO": "Yes"}, {"DEMO": "no"})] == [
        True,
        True,
        True,
        False,
    ]
    with pytest.raises(serve.CannotServe, match="DEMO must be yes or no"):
        serve.wants_demo({"DEMO": "perhaps"})


def test_serve_answers_says_where_and_stops_when_asked(tmp_path):
    port = free_port()
    environment = {
        name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "PUBLIC_URL", "SECRET_KEY"}
    } | {"DATA_DIR": str(tmp_path), "PORT": str(port), "DEMO": "no"}
    command = [sys.executable, "-m", "application.serve"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        said = []
        for line in process.stdout:
            said.append(line)
            if "Stop with Ctrl-C" in line:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=60) as answer:
                    assert answer.status == 200
                process.send_signal(signal.SIGINT)
    text = "".join(said)
    assert process.returncode == 0, text
    assert f"Latchkey is running at http://127.0.0.1:{port}" in text
    assert "flask owner create" in text
