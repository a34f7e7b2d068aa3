"""PostgreSQL and Redis servers that a test starts for itself, so that it may kill them.

    with OwnPostgres() as server:
        url = server.new_database("shop")
        server.kill()     # SIGKILL of all its processes, as when the power goes
        server.start()    # the same data on the same port: it recovers from its log, as after a real crash

Only processes of these objects are ever signalled, by their ids. Data lies in a folder of its own under the temporary
folder and is gone at the end. PostgreSQL refuses to run as root: then it runs as `postgres`, or as `nobody`. Both servers
keep what they confirmed (fsync and appendonly are on). Fixtures: `own_postgres`, `own_redis`, one server a test, for tests
marked `own_postgres` and `redis`.
"""

import contextlib
import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg
import pytest
import redis

#: how long a server may take to answer after a start (recovery included), and to end when asked
START_SECONDS = STOP_SECONDS = 30


def find_programs() -> Path | None:
    """The folder with `initdb` and `postgres`: on the PATH, or where the packages put the newest version."""
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    folders = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if (p / "postgres").exists()]
    return max(folders, key=lambda p: int(re.sub(r"\D", "", p.parent.name) or 0), default=None)


def find_redis() -> str | None:
    """Where `redis-server` is."""
    return shutil.which("redis-server")


def is_alive(pid: int) -> bool:
    """Whether it runs; a dead one that nobody has asked about yet does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def free_port() -> int:
    """A port of this machine that nobody uses; below those that the kernel gives to outgoing connections.

    So nobody takes it while the server is down.
    """
    while True:
        port = random.randint(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class OwnServer:
    """One server: `start`, `stop`, `kill`, and `start` again. As a context manager it is started, and gone at the end."""

    #: what an error says
    name = "server"

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"latchkey-{self.name}-"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_problem: object) -> None:
        self.remove()

    @property
    def pid(self) -> int:
        """The main process; only while it runs."""
        assert self._process is not None, f"{self.name} is not running"
        return self._process.pid

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def pids(self) -> list[int]:
        """The main process, then all that it started."""
        main = psutil.Process(self.pid)
        return [main.pid, *(child.pid for child in main.children(recursive=True))]

    def start(self) -> None:
        """Start it over the data that is there, and return when it answers."""
        assert not self.is_running(), f"{self.name} runs already"
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True, **self._account(),
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, f"{self.name} ended at once:\n{self.last_words()}"
            assert time.monotonic() < deadline, f"{self.name} does not answer:\n{self.last_words()}"
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL of the main process and all its children, at one moment."""
        main = psutil.Process(self.pid)
        with contextlib.suppress(psutil.NoSuchProcess):
            # Stopped, it starts no more children while we look for those that it has.
            main.suspend()
            children = main.children(recursive=True)
            for child in children:
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
            main.kill()
            until(lambda: not any(is_alive(child.pid) for child in children), seconds=STOP_SECONDS)
        self._ended()

    def stop(self) -> None:
        """Ask it to end, as the machine does when it goes down, and wait until it has."""
        assert self._process is not None
        self._process.send_signal(self._goodbye)
        self._ended()

    def freeze(self) -> None:
        """It no longer answers, and refuses nobody (SIGSTOP), until `thaw`."""
        for pid in self.pids():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on after `freeze`."""
        for pid in self.pids():
            os.kill(pid, signal.SIGCONT)

    def remove(self) -> None:
        """End it, in whatever state it is, and delete its data."""
        if self.is_running():
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def last_words(self) -> str:
        """The end of what it logged."""
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""

    @property
    def log(self) -> Path:
        return self.folder / "log"

    _goodbye = signal.SIGTERM

    def _ended(self) -> None:
        assert self._process is not None
        self._process.wait(timeout=STOP_SECONDS)
        self._process = None

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _answers(self) -> bool:
        raise NotImplementedError

    def _account(self) -> dict[str, Any]:
        """Popen's arguments: as whom it runs."""
        return {}


class OwnPostgres(OwnServer):
    """A PostgreSQL server with trust for everybody on this machine's loopback address, superuser `postgres`.

    `settings` are lines of its configuration, such as `max_connections="40"`.
    """

    name = "postgres"
    #: fast shutdown: connections are ended, work that is under way is rolled back
    _goodbye = signal.SIGINT

    def __init__(self, **settings: str) -> None:
        programs = find_programs()
        assert programs is not None, "no PostgreSQL server is installed"
        super().__init__()
        self._programs = programs
        self._settings = settings
        self._user = _unprivileged() if os.getuid() == 0 else None
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        self._data = self.folder / "data"
        made = subprocess.run(
            [programs / "initdb", "--pgdata", self._data, "--username", "postgres", "--auth", "trust", "--encoding",
             "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions"],
            cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False, **self._account(),
        )  # fmt: skip
        if made.returncode:
            self.remove()
            raise AssertionError(f"initdb: {made.stderr.decode(errors='replace')}")

    def url(self, database: str = "postgres") -> str:
        """The address of one of its databases, as DATABASE_URL wants it."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres", **more: Any) -> psycopg.Connection[Any]:
        """A plain connection, each statement in a transaction of its own."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname=database, connect_timeout=5, autocommit=True, **more
        )  # fmt: skip

    def new_database(self, name: str, template: str = "template0") -> str:
        """Make an empty database, or a copy of another one; its address."""
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop it, whoever is connected."""
        with self.connect() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def kill_one(self, kind: str = "client backend") -> int:
        """SIGKILL of one child (`backend_type`), as the kernel does when memory is short; its id.

        PostgreSQL then ends all others by itself and recovers, while the main process lives.
        """
        with self.connect() as connection:
            row = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = %s AND pid <> pg_backend_pid() ORDER BY pid LIMIT 1",
                [kind],
            ).fetchone()
        assert row is not None, f"there is no {kind}"
        assert row[0] in self.pids()
        os.kill(row[0], signal.SIGKILL)
        return int(row[0])

    def check(self, database: str) -> str:
        """What `pg_amcheck` says of all tables and indexes, row by row and page by page; empty when nothing is wrong."""
        found = subprocess.run(
            [self._programs / "pg_amcheck", "--host", "127.0.0.1", "--port", str(self.port), "--username", "postgres",
             "--no-password", "--install-missing", "--heapallindexed", "--parent-check", database],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False,
        )  # fmt: skip
        said = found.stdout + found.stderr if found.returncode else found.stdout
        return said.decode(errors="replace").strip()

    def _command(self) -> list[str]:
        options = {
            "listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": "", "fsync": "on",
            "full_page_writes": "on", "max_connections": "40", "shared_buffers": "32MB", "autovacuum": "on",
            "log_min_messages": "warning", **self._settings,
        }  # fmt: skip
        return [
            str(self._programs / "postgres"), "-D", str(self._data), *(f"--{name}={value}" for name, value in options.items())
        ]  # fmt: skip

    def _answers(self) -> bool:
        try:
            with self.connect():
                return True
        except psycopg.OperationalError:
            return False

    def _account(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}


class OwnRedis(OwnServer):
    """A Redis server that writes each change to its disk before it confirms it."""

    name = "redis"

    def __init__(self) -> None:
        program = find_redis()
        assert program is not None, "redis-server is not installed"
        super().__init__()
        self._program = program

    def url(self, number: int = 0) -> str:
        """The address of one of its databases, as QUEUE_URL wants it."""
        return f"redis://127.0.0.1:{self.port}/{number}"

    def client(self) -> redis.Redis:
        """A connection to look with; close it, or use it in `with`."""
        return redis.Redis(port=self.port, socket_connect_timeout=2, socket_timeout=5)

    def _command(self) -> list[str]:
        return [
            self._program, "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder), "--save", "",
            "--appendonly", "yes", "--appendfsync", "always", "--daemonize", "no",
        ]  # fmt: skip

    def _answers(self) -> bool:
        try:
            with self.client() as asked:
                return bool(asked.ping())
        except redis.exceptions.RedisError:  # not there yet, or still reading its file
            return False


def _unprivileged() -> pwd.struct_passwd:
    """The account that PostgreSQL gets when the tests run as root."""
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise AssertionError("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


@pytest.fixture
def own_postgres() -> Iterator[OwnPostgres]:
    """A PostgreSQL server of this test's own, for tests marked `own_postgres`."""
    with OwnPostgres() as server:
        yield server


@pytest.fixture
def own_redis() -> Iterator[OwnRedis]:
    """A Redis server of this test's own, for tests marked `redis`."""
    with OwnRedis() as server:
        yield server


def until(holds: Callable[[], bool], *, seconds: float = 40, saying: Callable[[], object] = str) -> None:
    """Look again and again until it holds; `saying` tells what is there when it never does."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited {seconds:g} seconds in vain: {saying()}"
        time.sleep(0.02)
