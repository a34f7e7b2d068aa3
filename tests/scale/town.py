"""Two web servers and two workers as on four machines: each with a data folder of its own, one PostgreSQL, one Redis, one S3.

The test itself is the fifth: it looks at the database, and makes the people who then walk through the pages.
"""

import contextlib
import http.client
import http.cookiejar
import io
import json
import os
import signal
import ssl
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import flask_migrate
from flask import Flask
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from application import create_app
from foundation.db import db
from gateways import choose
from gateways.demo import DemoGateway, server
from models import MailState, OutboxMail
from tests import own_servers, s3_server
from tests.databases import count
from tests.loaded_python import Python
from tests.mails.postbox import Postbox
from tests.portal.conftest import Page

ROOT = Path(__file__).resolve().parents[2]
#: long enough for a busy machine
PATIENCE = 120


class Town:
    """All of it. `a` and `b` are the ports of the web servers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: dict[str, subprocess.Popen[bytes] | Python] = {}
        self.a, self.b = own_servers.free_port(), own_servers.free_port()

    def build(self, stack: contextlib.ExitStack) -> None:
        """Start the servers that others make, and the database's tables; no process of ours yet."""
        self.postgres = stack.enter_context(own_servers.OwnPostgres(max_connections="60"))
        self.redis = stack.enter_context(own_servers.OwnRedis())
        self.s3 = stack.enter_context(s3_server.serving())
        self.postbox = Postbox().start()
        stack.callback(self.postbox.stop)
        self.gateway = DemoGateway()
        gateway_port = stack.enter_context(server.serving(self.gateway))
        keys = self.gateway.keys
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("BRAINTREE_", "AWS_"))},
            **s3_server.AS_SOMEBODY,
            "DATABASE_URL": self.postgres.new_database("latchkey"), "QUEUE_URL": self.redis.url(),
            "FILES_URL": "s3://paws/shop", "FILES_ENDPOINT": self.s3, "SECRET_KEY": "x" * 40,
            "FIELD_KEYS": "a2V5IGZvciB0ZXN0cyBvbmx5LCBub3Qgc2VjcmV0ISE=", "PUBLIC_URL": "http://127.0.0.1:8000",
            "TRUSTED_PROXIES": "1", "DATABASE_POOL": "2", "DATABASE_STATEMENT_SECONDS": "30",
            "MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(self.postbox.port), "MAIL_USE_TLS": "0",
            "BRAINTREE_ENVIRONMENT": "development", "GATEWAY_PORT": str(gateway_port),
            "BRAINTREE_MERCHANT_ID": keys.merchant_id, "BRAINTREE_PUBLIC_KEY": keys.public_key,
            "BRAINTREE_PRIVATE_KEY": keys.private_key, "BRAINTREE_MERCHANT_ACCOUNTS": "USD=demo_usd",
            "WEB_CONCURRENCY": "1",
        }  # fmt: skip
        boto3.client(
            "s3", endpoint_url=self.s3, aws_access_key_id="key", aws_secret_access_key="secret", region_name="us-east-1"
        ).create_bucket(Bucket="paws")
        self.app = self._own_app()
        stack.callback(self.end)

    def _own_app(self) -> Flask:
        """The test's own look at the same database."""
        app = create_app(
            {
                "SQLALCHEMY_DATABASE_URI": self.environment["DATABASE_URL"], "DATA_DIR": str(self.folder / "test"),
                "SECRET_KEY": self.environment["SECRET_KEY"], "FIELD_KEYS": self.environment["FIELD_KEYS"],
                "QUEUE_URL": self.environment["QUEUE_URL"], "BRAINTREE": choose.from_environment(self.environment),
            }
        )  # fmt: skip
        with app.app_context():
            flask_migrate.upgrade()
        return app

    def start_web(self, name: str, port: int, **more: str) -> None:
        """gunicorn as in earnest, on a port that stands for a machine; returns at once."""
        self._start_loaded(
            name, "gunicorn", "--config", "application/gunicorn_conf.py", "--log-level", "warning",
            "--bind", f"127.0.0.1:{port}", "wsgi:app", **more,
        )  # fmt: skip

    def start_worker(self, name: str, **more: str) -> None:
        """`flask worker` on a machine of its own; returns at once."""
        self._start_loaded(name, "flask", "worker", "--processes", "1", **more)

    def start(self, name: str, *command: str, pass_fds: tuple[int, ...] = (), **more: str) -> None:
        """A program of ours as on a machine of its own: its data folder, and the environment, changed by `more`."""
        with self._log(name).open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, cwd=ROOT, env=self._environment(name, more), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True, pass_fds=pass_fds,
            )  # fmt: skip

    def _start_loaded(self, name: str, module: str, *arguments: str, **more: str) -> None:
        """The same, in a process that need not load our program first."""
        self.processes[name] = Python("-m", module, *arguments, env=self._environment(name, more), log=self._log(name))

    def _log(self, name: str) -> Path:
        (self.folder / name).mkdir(exist_ok=True)
        return self.folder / name / "log"

    def _environment(self, name: str, more: dict[str, str]) -> dict[str, str]:
        return {**self.environment, "DATA_DIR": str(self.folder / name), **more}

    def wait_until_ready(self, *ports: int) -> None:
        """Until each of these web servers says that it has all it needs."""
        for port in ports:
            own_servers.until(lambda port=port: self.ready(port)[0] == 200, seconds=PATIENCE, saying=self.logs)  # type: ignore[misc]

    def ready(self, port: int) -> tuple[int, Any]:
        """What /readyz says: status and JSON; 0 when nobody answers."""
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except OSError:
            return 0, None
        finally:
            connection.close()

    def stop(self, name: str) -> int:
        """SIGTERM, as a machine is told to go; its exit code."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(PATIENCE)

    def logs(self) -> str:
        """The ends of what the processes said."""
        return "\n".join(f"== {log.parent.name}\n{log.read_text()[-1500:]}" for log in self.folder.glob("*/log"))

    def complaints(self) -> list[str]:
        """What the workers could not do and put off."""
        lines = [line for log in self.folder.glob("worker-*/log") for line in log.read_text().splitlines()]
        return [line for line in lines if "tried again" in line or line.startswith("Traceback")]

    def end(self) -> None:
        """Nothing of ours goes on."""
        with self.app.app_context():
            db.engine.dispose()
        self.app.extensions["huey"].storage.pool.disconnect()
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def mails_to(self, address: str) -> list[str]:
        """The subjects of what the mail server took for this address."""
        return [str(one.message["Subject"]) for one in list(self.postbox.letters) if address in one.recipients]


class Visitor:
    """A browser that speaks to whichever server is named each time; its cookies do not know which it was."""

    def __init__(self, address: str, *, trusting: Path | None = None) -> None:
        self.jar = http.cookiejar.CookieJar()
        #: the address that the proxy before the servers tells of
        self.address = address
        #: with a certificate to trust it speaks TLS to a proxy, and says where a form came from as browsers do
        self.host = "http://127.0.0.1" if trusting is None else "https://localhost"
        handlers = (
            []
            if trusting is None
            else [urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=trusting))]
        )
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.jar), _Stay(), *handlers
        )

    def ask(self, port: int, path: str, data: dict[str, Any] | None = None, **headers: str) -> Page:
        """One request, without going where the answer leads; `.answer.location` says where."""
        body = None if data is None else urllib.parse.urlencode(data, doseq=True).encode()
        return self._send(port, path, body, headers)

    def _send(self, port: int, path: str, body: bytes | None, headers: dict[str, str]) -> Page:
        address = f"{self.host}:{port}{path}"
        asked = urllib.request.Request(address, body, {"X-Forwarded-For": self.address, "Referer": address, **headers})  # noqa: S310 -- this machine
        try:
            answer = self._opener.open(asked, timeout=PATIENCE)
        except urllib.error.HTTPError as other:
            answer = other
        with answer:
            text = answer.read().decode(errors="replace")
        seen = SimpleNamespace(
            status_code=answer.status, text=text, request=SimpleNamespace(full_path=path),
            location=answer.headers.get("Location", ""), headers=answer.headers,
        )  # fmt: skip
        return Page(seen)  # type: ignore[arg-type]

    def get(self, port: int, path: str) -> Page:
        """Open a page and go where it leads."""
        return self.follow(port, self.ask(port, path))

    def post(self, port: int, path: str, data: dict[str, Any]) -> Page:
        """Send a form and go where it leads."""
        return self.follow(port, self.ask(port, path, data))

    def press(self, port: int, page: Page, action: str, **values: Any) -> Page:
        """Send the page's form that goes to `action`, at this server, and go where it leads."""
        form = page.form(action)
        return self.post(port, form.action, form.filled(**values))

    def send_file(self, port: int, page: Page, action: str, name: str, data: bytes) -> Page:
        """The same with a file in the field `files`."""
        (form,) = [f for f in page.forms if f.action == action and "form_key" in dict(f.fields)]
        upload = FileStorage(io.BytesIO(data), filename=name, name="files")
        boundary, body = encode_multipart(MultiDict({**form.filled(), "files": [upload]}))
        sent = self._send(port, action, body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
        return self.follow(port, sent)

    def read(self, port: int, path: str) -> bytes:
        """The bytes of a file."""
        asked = urllib.request.Request(  # noqa: S310 -- http or https of this machine
            f"{self.host}:{port}{path}", headers={"X-Forwarded-For": self.address}
        )
        with self._opener.open(asked, timeout=PATIENCE) as answer:
            return bytes(answer.read())

    def follow(self, port: int, page: Page) -> Page:
        """Where the answer leads, at the same server."""
        while page.status in {301, 302, 303, 308}:
            parts = urllib.parse.urlsplit(page.answer.location)  # type: ignore[attr-defined]
            page = self.ask(port, f"{parts.path}?{parts.query}" if parts.query else parts.path)
        return page

    def log_in(self, port: int, realm: str, name: str, password: str) -> Page:
        """By the page, as people do."""
        page = self.get(port, f"/{realm}/log-in")
        return self.post(port, f"/{realm}/log-in", {"csrf_token": token(page), "name": name, "password": password})


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_asked: Any, **_more: Any) -> None:
        """Nowhere by itself: the next step may go to another server."""


def token(page: Page) -> str:
    """The page's CSRF token."""
    return next(value for form in page.forms for name, value in form.fields if name == "csrf_token")


def eventually(holds: Callable[[], bool], town: Town) -> None:
    """Look until it holds; the processes' words if it never does."""

    def look() -> bool:
        db.session.rollback()
        db.session.expire_all()
        return holds()

    own_servers.until(look, seconds=PATIENCE, saying=town.logs)


def quiet(town: Town) -> None:
    """Until no mail waits any more and no task either; what would come twice has then come twice."""
    eventually(
        lambda: (
            count(OutboxMail, OutboxMail.state.in_([MailState.QUEUED, MailState.SENDING])) == 0
            and town.app.extensions["huey"].pending_count() == 0
        ),
        town,
    )
