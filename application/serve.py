"""`python -m application.serve`, which is what `make run` does: Latchkey on this machine, ready to be looked at.

It prepares the data folder and the database, then keeps two programs running: the web server and the worker that
sends mails. Standard library only, so that it can say what is wrong when nothing else works.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn

HOME = Path(__file__).resolve().parent.parent
FLASK = (sys.executable, "-m", "flask")
GUNICORN = (sys.executable, "-m", "gunicorn", "--config", "application/gunicorn_conf.py")
HOST = "127.0.0.1"
START_SECONDS = 180
STOP_SECONDS = 10
#: A worker that dies is started again; one that dies this often has a fault that a restart does not cure.
WORKER_LIVES = 4


class CannotServe(Exception):
    """Why Latchkey cannot run, as a sentence for the person at the terminal."""


class Stopped(Exception):
    """Someone asked us to stop."""


def main() -> int:
    """Prepare, start, watch, stop. Returns the exit code: 0 when asked to stop, 1 when something went wrong."""
    house = House()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, house.ask_to_stop)
    try:
        port = free_port(os.environ.get("PORT") or "8000")
        environment = prepare_environment(os.environ, port)
        prepare_database(house, environment)
        house.start_web(environment, port)
        house.start_worker(environment)
        house.wait_until_ready(f"http://{HOST}:{port}/healthz")
        announce(house, environment)
        house.watch(environment)
    except Stopped:
        print("Stopping ...", flush=True)
        return 0
    except CannotServe as reason:
        print(f"\n{reason}", file=sys.stderr, flush=True)
        return 1
    finally:
        house.stop_everything()


def free_port(wanted: str) -> int:
    """The port as a number, once nothing else answers on it."""
    if not wanted.isdecimal() or not 0 < int(wanted) < 65536:
        raise CannotServe(f"PORT must be a number from 1 to 65535, not {wanted!r}.")
    port = int(wanted)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise CannotServe(f"This account may not use port {port}. Choose another: make run PORT=8000") from None
        except OSError:
            raise CannotServe(
                f"Port {port} is taken by another program. Choose another: make run PORT={port % 65535 + 1}"
            ) from None
    return port


def prepare_environment(given: Mapping[str, str], port: int) -> dict[str, str]:
    """The environment for all that we start: what was given, and a default for each thing that was not."""
    data = Path(given.get("DATA_DIR") or HOME / "var").resolve()
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotServe(f"The data folder {data} cannot be made: {error.strerror}.") from None
    defaults = {
        "DATABASE_URL": f"sqlite:///{data / 'latchkey.db'}",
        "PUBLIC_URL": f"http://{HOST}:{port}",
    }
    environment = {**given, "DATA_DIR": str(data)}
    for name, value in defaults.items():
        environment[name] = given.get(name) or value
    environment["SECRET_KEY"] = given.get("SECRET_KEY") or own_secret_key(data)
    return environment


def own_secret_key(data: Path) -> str:
    """The random key kept in the data folder, made at the first start; only this account may read it."""
    path = data / "secret_key"
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123 -- a descriptor
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    key = path.read_text().strip()
    if len(key) < 32:
        raise CannotServe(f"{path} holds no usable key. Delete it to get a new one; everyone must then log in again.")
    return key


def wants_demo(environment: Mapping[str, str]) -> bool:
    """Whether DEMO says yes, which it does unless it says no."""
    answer = (environment.get("DEMO") or "yes").lower()
    if answer not in {"yes", "no"}:
        raise CannotServe(f"DEMO must be yes or no, not {answer!r}.")
    return answer == "yes"


def prepare_database(house: "House", environment: Mapping[str, str]) -> None:
    """Bring the tables up to date; `flask demo` then fills an empty database and leaves any other alone."""
    with_demo = wants_demo(environment)
    print("Preparing the database ...", flush=True)
    house.run(*FLASK, "db", "upgrade", environment=environment, quiet=True)
    if with_demo:
        print("Moving the demo business in, unless someone lives there already (DEMO=no: nobody) ...", flush=True)
        house.run(*FLASK, "demo", environment=environment, quiet=True)


def announce(house: "House", environment: Mapping[str, str]) -> None:
    """Say where Latchkey is, who can log in and where mails go."""
    rule = "-" * 72
    server = environment.get("MAIL_SERVER")
    print(f"\n{rule}\nLatchkey is running at {environment['PUBLIC_URL']}\n", flush=True)
    house.run(*FLASK, "demo", "--logins", environment=environment)
    print(f"\nMails go to {f'the server {server}' if server else Path(environment['DATA_DIR']) / 'outbox'}")
    print(f"Data is in {environment['DATA_DIR']}")
    print(f"Stop with Ctrl-C\n{rule}", flush=True)


class House:
    """The programs we started. Each has a process group of its own, so that Ctrl-C reaches them through us only."""

    def __init__(self) -> None:
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.worker_lives = WORKER_LIVES
        self.stop_wanted = False

    def ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        """The signal handler; whoever waits next finds out."""
        self.stop_wanted = True

    def start_web(self, environment: Mapping[str, str], port: int) -> None:
        """Start gunicorn."""
        arguments = ("--bind", f"{HOST}:{port}", "--log-level", "warning", "--graceful-timeout", "5", "wsgi:app")
        self._start("web", *GUNICORN, *arguments, environment=environment)

    def start_worker(self, environment: Mapping[str, str]) -> None:
        """Start the worker."""
        self._start("worker", *FLASK, "worker", environment=environment)

    def run(self, *command: str, environment: Mapping[str, str], quiet: bool = False) -> None:
        """Run one command to its end; a quiet one is heard only when it fails."""
        with tempfile.TemporaryFile() as said:
            self._start("command", *command, environment=environment, output=said if quiet else None)
            while (code := self.running["command"].poll()) is None:
                self._pause()
            del self.running["command"]
            if code != 0:
                said.seek(0)
                print(said.read().decode(errors="replace"), file=sys.stderr)
                raise CannotServe(f"`flask {' '.join(command[3:])}` failed; what it said is above.")

    def wait_until_ready(self, address: str) -> None:
        """Wait for the first good answer."""
        # No proxy of this machine's has a say in reaching ourselves.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        last = "nothing answered"
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self._pause()
            if self.running["web"].poll() is not None:
                raise CannotServe("The web server ended at once; what it said is above.")
            try:
                with opener.open(address, timeout=5):
                    return
            except urllib.error.HTTPError as error:
                last = f"it answered {error.code}"
            except OSError:
                continue
        raise CannotServe(f"{address} was not ready after {START_SECONDS} seconds: {last}.")

    def watch(self, environment: Mapping[str, str]) -> NoReturn:
        """Return only by an exception: someone asked to stop, or a program is beyond help."""
        while True:
            self._pause()
            if (code := self.running["web"].poll()) is not None:
                raise CannotServe(f"The web server ended by itself (code {code}).")
            if (code := self.running["worker"].poll()) is not None:
                self.worker_lives -= 1
                if self.worker_lives == 0:
                    raise CannotServe(f"The worker ended {WORKER_LIVES} times, at last with code {code}.")
                print(f"The worker ended by itself (code {code}); starting it again.", file=sys.stderr, flush=True)
                self._pause(1)
                self.start_worker(environment)

    def stop_everything(self) -> None:
        """Ask politely, wait a little, then insist, also with what the programs started themselves."""
        for process in self.running.values():
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self.running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(self, name: str, *command: str, environment: Mapping[str, str], output: IO[bytes] | None = None) -> None:
        self.running[name] = subprocess.Popen(
            command,
            cwd=HOME,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=True,
        )

    def _pause(self, seconds: float = 0.05) -> None:
        """Wait a moment; raises Stopped as soon as a signal came."""
        deadline = time.monotonic() + seconds
        while True:
            if self.stop_wanted:
                raise Stopped
            if time.monotonic() >= deadline:
                return
            time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
