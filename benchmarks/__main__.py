"""`python -m benchmarks [--quick] [--database sqlite|postgresql]`: fill, serve, load, and print one table.

The load comes from this machine over loopback: a fixed time for each page over four connections. Shares compare a page
with the hello route of the same server in the same run; on another machine only they can be compared.
"""

import argparse
import datetime as dt
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import flask_migrate
import psutil
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from application import create_app
from benchmarks.fill import PASSWORD, Size, fill
from foundation import clock
from foundation.db import db, mark_request
from models import Client, ClientLogin, Realm
from sign_in import cookie_name
from workflows import access, settings

CONNECTIONS = 4
#: page -> (queries at most, share of the floor at least), from the figures that we set ourselves
TARGETS = {
    "HOME": (14, 1 / 20), "clients, page 1": (8, 1 / 10), "clients, last page": (8, 1 / 10), "clients, search": (8, 1 / 20),
    "client page": (14, 1 / 15), "client edit form": (14, 1 / 15), "request queue": (10, 1 / 20), "schedule, day": (8, 1 / 40),
    "schedule, week": (8, 1 / 120), "portal schedule, month": (8, 1 / 10), "portal schedule, day": (8, 1 / 10),
    "portal request form": (8, 1 / 10),
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--quick", action="store_true", help="a twentieth of the data, a second a page")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--port", type=int, default=8391)
    options = parser.parse_args()
    size, seconds = (Size().shrunk(20), 1.0) if options.quick else (Size(), options.seconds)
    folder = Path(tempfile.mkdtemp(prefix="latchkey-bench-"))
    url = f"sqlite:///{folder / 'latchkey.db'}" if options.database == "sqlite" else _fresh_postgresql()
    os.environ.update(DATA_DIR=str(folder), DATABASE_URL=url, SECRET_KEY="b" * 40)
    app = create_app()
    with app.app_context():
        flask_migrate.upgrade()
        began = time.perf_counter()
        fill(size)
        print(
            f"{options.database}: {size.n_clients} clients, {size.n_jobs} visits filled in {time.perf_counter() - began:.0f} s",
            flush=True,
        )
        cookies, pages = _cookies(app), _pages(size)
        queries = {name: _queries(app, path, cookies[realm]) for name, (realm, path) in pages.items()}
        db.session.remove()
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "application/gunicorn_conf.py", "--workers", "2", "--bind", f"127.0.0.1:{options.port}", "benchmarks.wsgi:app"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(options.port)
        _report(options.port, seconds, pages, cookies, queries)
        workers = [server, *psutil.Process(server.pid).children()]
        print(f"memory of a web worker: {max(psutil.Process(w.pid).memory_info().rss for w in workers) / 2**20:.0f} MB")
    finally:
        server.terminate()
        server.wait(timeout=10)
    return 0


def _fresh_postgresql() -> str:
    server = sa.make_url(os.environ.get("TEST_POSTGRES_URL") or "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
    with sa.create_engine(server, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("DROP DATABASE IF EXISTS latchkey_bench WITH (FORCE)")
        connection.exec_driver_sql("CREATE DATABASE latchkey_bench")
    return server.set(database="latchkey_bench").render_as_string(hide_password=False)


def _cookies(app: Flask) -> dict[str, str]:
    """A signed-in owner and a signed-in client, as cookie headers."""
    client = db.session.scalars(sa.select(Client).order_by(Client.id)).first()
    assert client is not None
    db.session.add(ClientLogin(client=client, email=client.email, password_hash=access.hash_password(PASSWORD)))
    db.session.flush()
    found = {}
    for realm, name in ((Realm.STAFF, "owner@example.com"), (Realm.CLIENT, client.account_number)):
        opened = access.log_in(realm, name, PASSWORD, address="127.0.0.1")
        assert opened is not None
        signer = app.session_interface.get_signing_serializer(app)
        content = {"_user_id": f"{realm.value}.{opened.token}", "_fresh": True, "_permanent": True}
        found[realm.value] = f"{cookie_name(app, realm)}={signer.dumps(content)}"
    db.session.commit()
    return found


def _pages(size: Size) -> dict[str, tuple[str, str]]:
    settings.read()
    today, client_id = clock.today(), db.session.scalar(sa.select(sa.func.min(Client.id)))
    last = (size.n_clients - 1) // 20
    return {
        "HOME": ("staff", "/admin/"),
        "clients, page 1": ("staff", "/admin/clients/"),
        "clients, last page": ("staff", f"/admin/clients/?page={last}"),
        "clients, search": ("staff", "/admin/clients/?search=Last77"),
        "client page": ("staff", f"/admin/client/{client_id}/"),
        "client edit form": ("staff", f"/admin/clients/edit/?id={client_id}"),
        "request queue": ("staff", "/admin/job-requests/"),
        "schedule, day": ("staff", f"/admin/schedule/?view=day&date={today}"),
        "schedule, week": ("staff", f"/admin/schedule/?view=week&date={today}"),
        "portal schedule, month": ("client", f"/portal/schedule?month={today:%Y-%m}"),
        "portal schedule, day": ("client", f"/portal/schedule/{today + dt.timedelta(days=1)}"),
        "portal request form": ("client", "/portal/request"),
    }


def _queries(app: Flask, path: str, cookie: str) -> int:
    """How many statements one visit sends, the session and the badge included."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE", "INSERT")):
            sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    db.session.remove()
    answer = app.test_client(use_cookies=False).get(path, headers={"Cookie": cookie})
    event.remove(db.engine, "before_cursor_execute", note)
    db.session.remove()
    mark_request(reads_only=False)
    if answer.status_code != 200:
        raise SystemExit(f"{path} answered {answer.status_code}")
    return len(sent)


def _wait(port: int) -> None:
    for _ in range(300):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not come up")


def _load(port: int, path: str, cookie: str, seconds: float) -> tuple[list[float], int]:
    """Milliseconds of every answer, and the size of one, from four connections that ask for `seconds`."""
    took: list[float] = []
    sizes: list[int] = []
    until = time.perf_counter() + seconds

    def ask() -> None:
        while time.perf_counter() < until:
            began = time.perf_counter()
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", path, headers={"Cookie": cookie})
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            if answer.status != 200:
                raise SystemExit(f"{path} answered {answer.status}")
            took.append((time.perf_counter() - began) * 1000)
            sizes.append(len(body))

    threads = [threading.Thread(target=ask) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(took), sizes[0] if sizes else 0


def _report(
    port: int, seconds: float, pages: dict[str, tuple[str, str]], cookies: dict[str, str], queries: dict[str, int]
) -> None:
    _load(port, "/hello", "", 0.5)
    floor, _size = _load(port, "/hello", "", seconds)
    print(
        f"\n| page | queries | req/s | share of hello | p50 ms | p95 ms | p99 ms | KB | targets |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n| hello | 0 | {len(floor) / seconds:.0f} | 1 | {statistics.median(floor):.1f} | | | | |"
    )
    for name, (realm, path) in pages.items():
        _load(port, path, cookies[realm], min(seconds, 1))
        took, size = _load(port, path, cookies[realm], seconds)
        at = lambda part, took=took: took[min(int(len(took) * part), len(took) - 1)]  # noqa: E731 -- one use
        share = len(took) / len(floor)
        most, least = TARGETS[name]
        met = [
            f"queries {'met' if queries[name] <= most else f'missed (at most {most})'}",
            f"share {'met' if share >= least else f'missed (1/{1 / least:.0f})'}",
        ]
        print(
            f"| {name} | {queries[name]} | {len(took) / seconds:.0f} | 1/{1 / share:.1f} | {at(0.5):.1f} | {at(0.95):.1f} | {at(0.99):.1f} | {size / 1024:.0f} | {', '.join(met)} |",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
