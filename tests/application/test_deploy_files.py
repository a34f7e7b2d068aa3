"""deploy/ and docs/deploying.md name only what is there: settings, commands, files, units."""

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ui_kit.uploading import ROOM

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
GUIDE = (ROOT / "docs" / "deploying.md").read_text("utf-8")
UNITS = sorted(DEPLOY.glob("latchkey-*"))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
#: settings of other programs than ours
OTHERS = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "PUBLIC_NAME", "UPSTREAM", "DATABASE_PASSWORD"}
#: Python's own, and what boto3 reads
KNOWN = {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PATH"}


def read_from_the_environment():
    """Every name that our programs look up: a constant given to `get(…)`, `number(…)`, or between the brackets of environ."""
    found = set()
    for path in [*(ROOT / "application").glob("*.py"), ROOT / "gateways" / "choose.py", ROOT / "migrations" / "env.py"]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.fullmatch(r"[A-Z][A-Z_]+", node.value)
            ):
                found.add(node.value)
    return found


SETTINGS = read_from_the_environment()


def unit(path):
    """A unit's sections; of a name that comes several times, a list."""
    parser = configparser.RawConfigParser(strict=False, dict_type=_Several, interpolation=None)
    parser.optionxform = str
    parser.read(path, "utf-8")
    return {name: dict(parser[name]) for name in parser.sections()}


class _Several(dict):
    def __setitem__(self, key, value):
        if key in self and isinstance(value, list) and isinstance(self[key], list):
            self[key].extend(value)
        else:
            super().__setitem__(key, value)


def settings_in(text):
    return set(re.findall(r"^(?:Environment=)?([A-Z][A-Z_]{3,})=", text, re.MULTILINE))


def test_every_setting_that_a_file_sets_is_one_that_we_read():
    named = settings_in((DEPLOY / "environment.example").read_text("utf-8"))
    for path in UNITS:
        for line in path.read_text("utf-8").splitlines():
            if line.startswith("Environment="):
                named |= set(re.findall(r"([A-Z_]+)=", line.removeprefix("Environment=")))
    for service in COMPOSE["services"].values():
        named |= set(service.get("environment", {}))
    assert len(named) > 15
    assert named - SETTINGS - OTHERS - KNOWN == set()


def test_every_setting_that_the_guides_name_is_one_that_we_read():
    operating = (ROOT / "docs" / "operating.md").read_text("utf-8")
    rows = {name for line in operating.splitlines() if line.startswith("| `") for name in re.findall(r"`([A-Z_]{4,})`", line.split("|")[1])}  # fmt: skip
    in_words = set(re.findall(r"`([A-Z]+_[A-Z_]+)[=`]", GUIDE + (ROOT / "docs" / "scaling.md").read_text("utf-8")))
    assert len(rows) > 25
    assert {name for name in rows | in_words if not name.startswith("AWS_")} - SETTINGS - OTHERS == set()


def test_every_setting_of_the_database_and_of_gunicorn_is_explained():
    operating = (ROOT / "docs" / "operating.md").read_text("utf-8")
    ours = {name for name in SETTINGS if name.startswith(("WEB_", "DATABASE_")) and name != "DATABASE_LIMITS"}
    assert len(ours) > 8
    assert {name for name in ours if f"`{name}`" not in operating} == set()


def commands():
    """Every call of ours in all the files, as words."""
    texts = [path.read_text("utf-8") for path in [*UNITS, DEPLOY / "Procfile"]] + [GUIDE]
    found = [line for text in texts for line in re.findall(r"(?:\.venv/bin/|release: |worker: )(flask [^\n]*)", text)]
    found += [f"flask {rest}" for rest in re.findall(r"(?:^|`)latchkey ([^\n`]*)", GUIDE, re.MULTILINE)]
    found += re.findall(r"(?:exec \w+|run --rm latchkey) (flask [^\n#]*)", GUIDE)
    found += [" ".join(s["command"]) for s in COMPOSE["services"].values() if s.get("command", [""])[0] == "flask"]
    return [line.split() for line in found if not line.startswith('flask "$@"')]


def test_every_flask_command_and_its_options_exist(sqlite_app):
    seen = set()
    for _flask, *words in commands():
        command = sqlite_app.cli
        while words and hasattr(command, "commands"):
            name = words.pop(0)
            assert name in command.commands, (name, sorted(command.commands))
            command = command.commands[name]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {w for w in words if w.startswith("--")} <= known, (command.name, words)
        seen.add(command.name)
    assert {"worker", "upgrade", "backup", "backup-check", "doctor", "new", "create"} <= seen


def test_gunicorn_is_started_with_our_settings_everywhere():
    texts = [(DEPLOY / name).read_text("utf-8") for name in ("latchkey-web.service", "Procfile", "Dockerfile")]
    for text in texts:
        (line,) = [line for line in re.split(r"\n", text) if "gunicorn" in line and "wsgi:app" in line]
        assert "--config" in line
        assert "application/gunicorn_conf.py" in line
    assert (ROOT / "application" / "gunicorn_conf.py").exists()
    assert (ROOT / "wsgi.py").exists()


def test_stopping_leaves_the_time_that_our_programs_take():
    from application import gunicorn_conf, tasks

    stops = {path.name: int(unit(path)["Service"]["TimeoutStopSec"]) for path in UNITS if path.name in {"latchkey-web.service", "latchkey-worker.service"}}  # fmt: skip
    assert stops["latchkey-web.service"] > gunicorn_conf.graceful_timeout
    assert stops["latchkey-worker.service"] > tasks.worker.SHUTDOWN_SECONDS
    for name, least in (("web", gunicorn_conf.graceful_timeout), ("worker", tasks.worker.SHUTDOWN_SECONDS)):
        assert int(COMPOSE["services"][name]["stop_grace_period"].removesuffix("s")) > least
    web = unit(DEPLOY / "latchkey-web.service")["Service"]["Environment"]
    assert int(re.search(r"DATABASE_STATEMENT_SECONDS=(\d+)", web)[1]) < gunicorn_conf.timeout


def test_every_file_that_is_named_is_there():
    named = set(re.findall(r"(?:/srv/latchkey/)?((?:deploy|docs|requirements|application)/[\w./*-]+\w)", GUIDE))
    named |= {found for path in DEPLOY.iterdir() for found in re.findall(r"/srv/latchkey/((?:docs|deploy)/[\w./-]+\w)", path.read_text("utf-8"))}  # fmt: skip
    assert len(named) > 6
    assert sorted(name for name in named if not list(ROOT.glob(name)) and name != "deploy/environment") == []
    for target, anchor in re.findall(r"\]\((?!http)([^)#]+)(#[^)]+)?\)", GUIDE):
        text = (ROOT / "docs" / target).resolve()
        assert text.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.+)$", text.read_text("utf-8"), re.MULTILINE)
            assert anchor[1:] in {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in heads}, anchor


def test_the_compose_file_refers_to_nothing_that_is_not_in_it():
    services, volumes = COMPOSE["services"], COMPOSE["volumes"]
    assert {"migrate", "web", "worker", "postgres", "redis", "caddy"} == set(services)
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        for other, need in service.get("depends_on", {}).items():
            if need["condition"] == "service_healthy":
                assert "healthcheck" in services[other], (name, other)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in volumes or (DEPLOY / source).exists(), (name, source)
        if "build" in service:
            assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).exists()
            hosts = re.findall(r"@?(\w+)(?::\d+)?/", service["environment"]["DATABASE_URL"] + " " + service["environment"]["QUEUE_URL"])  # fmt: skip
            assert {"postgres", "redis"} <= set(hosts)
        # An image is a usual name and its version; which registry it comes from is the machine's business.
        assert re.fullmatch(r"[a-z]+(:\d+)?", service["image"]), service["image"]
    # The merged part is overwritten by a service's own environment, so the three must agree.
    shared = {"DATABASE_URL", "QUEUE_URL", "DATA_DIR"}
    assert (
        len({tuple(services[n]["environment"][k] for k in sorted(shared)) for n in ("migrate", "web", "worker")}) == 1
    )


def test_the_image_is_made_of_what_is_here():
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["python:3.13-slim", "python:3.13-slim"]
    assert re.search(r"^assets:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for lock in re.findall(r"requirements/[\w.]+", text):
        assert (ROOT / lock).exists()
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert {".git", ".venv", "var", "node_modules", "deploy/environment", "**/.env"} <= set(ignored), (
        "neither secrets nor data get into the image"
    )


def test_port_and_health_of_the_containers_are_those_of_the_program(sqlite_app):
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    web = COMPOSE["services"]["web"]
    (port,) = re.findall(r"^EXPOSE (\d+)$", text, re.MULTILINE)
    assert f"0.0.0.0:{port}" in text
    assert {published.rsplit(":", 1)[1] for published in web["ports"]} == {port}
    assert COMPOSE["services"]["caddy"]["environment"]["UPSTREAM"] == f"web:{port}"
    (asked,) = re.findall(rf"http://127\.0\.0\.1:{port}(/\w+)", " ".join(web["healthcheck"]["test"]))
    assert asked in {rule.rule for rule in sqlite_app.url_map.iter_rules()}
    folders = set(re.search(r"^VOLUME (.+)$", text, re.MULTILINE)[1].split())
    assert {volume.split(":")[1] for volume in web["volumes"]} == folders
    for name in re.findall(r"exec (\w+) flask", GUIDE):
        assert name in COMPOSE["services"]


# CI has it; there this test fails without it instead.
@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None and not os.environ.get("CI"), reason="needs systemd-analyze"
)
def test_the_units_are_right_for_systemd(tmp_path):
    """With this folder and its Python in place of /srv/latchkey, which is not there."""
    for path in UNITS:
        text = path.read_text("utf-8").replace("/srv/latchkey/.venv/bin/", f"{Path(sys.executable).parent}/")
        text = re.sub(r"^(?:User|Group)=.*\n", "", text.replace("/srv/latchkey", str(ROOT)), flags=re.MULTILINE)
        (tmp_path / path.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *[tmp_path / path.name for path in UNITS]],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "latchkey" in line]
    assert (done.returncode, ours) == (0, [])


def test_proxies_let_through_what_a_form_with_files_may_hold():
    caddy = re.search(r"max_size (\d+)MB", (DEPLOY / "Caddyfile").read_text("utf-8"))
    nginx = re.search(r"client_max_body_size (\d+)m;", (DEPLOY / "nginx.conf.example").read_text("utf-8"))
    assert min(int(caddy[1]) * 10**6, int(nginx[1]) * 2**20) > ROOM + 2**20
