"""A PostgreSQL server whose tables lie on a disk of a few megabytes, so that a test may really fill it.

    with SmallDiskPostgres() as server:
        url = server.new_database("shop")
        with server.no_room():    # whoever makes a table longer is told: No space left on device (SQLSTATE 53100)
            ...

The disk is a tmpfs in a mount namespace of its own, which a process holds that does nothing else: so it stays when the
server is killed, nobody else sees it, and it is gone with the holder. Root mounts it as root; everybody else in a user namespace, as root
of that alone. The server's own folder lies on the ordinary disk, and so does its log of changes unless it is made `with_log`: without
room for that it ends by itself, and whoever runs it starts it again.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psycopg
import pytest

from tests.own_servers import STOP_SECONDS, OwnPostgres

MEGABYTES = 160
WHY_NOT = (
    "This test fills a small disk of its own, and none can be mounted here: run the tests as root with the right to mount (CAP_SYS_ADMIN), "
    "or let everybody make user namespaces (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns=0)."
)


def mounted(folder: Path, megabytes: int, program: str, *, options: str = "") -> list[str]:
    """The command that runs a line of shell where `folder` is a small disk of its own, which nobody else sees."""
    alone = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
    mount = f"mount -t tmpfs -o size={megabytes}m{options} tmpfs '{folder}'"
    return ["unshare", *alone, "--mount", "sh", "-c", f"{mount} && {program}"]


class SmallDiskPostgres(OwnPostgres):
    """Databases that are made by `new_database` lie on the small disk."""

    _holder: subprocess.Popen[bytes] | None = None

    def __init__(self, *, with_log: bool = False, **settings: str) -> None:
        super().__init__(**settings)
        self._space = self.folder / "space"
        self._space.mkdir()
        self._holder = self._mount()
        if with_log:
            there = self._data / "pg_wal"
            self._inside("cp", "--archive", str(there), str(self._space / "log"))
            shutil.rmtree(there)
            there.symlink_to(self._space / "log")

    def __enter__(self) -> Self:
        super().__enter__()
        with self.connect() as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{self._space}'")
        return self

    def new_database(self, name: str, template: str = "template0") -> str:
        """Make an empty database, or a copy of another one, on the small disk; its address."""
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" TABLESPACE small')
        return self.url(name)

    @contextmanager
    def no_room(self) -> Iterator[None]:
        """The disk is full to the last page meanwhile."""
        ballast = self.folder / "space" / "ballast"
        fill = f"COPY (SELECT repeat('x', 1023) FROM generate_series(1, {MEGABYTES * 1024})) TO '{ballast}'"  # noqa: S608 -- a path of ours
        with self.connect() as connection, pytest.raises(psycopg.errors.DiskFull):
            connection.execute(fill)
        try:
            yield
        finally:
            self._inside("rm", str(ballast))

    def n_refused(self) -> int:
        """How often a table or an index could not be made longer."""
        return self.log.read_text(errors="replace").count("could not extend file")

    def remove(self) -> None:
        """End the server, then let the disk go."""
        super().remove()
        if self._holder is not None:
            assert self._holder.stdin is not None
            self._holder.stdin.close()
            self._holder.wait(timeout=STOP_SECONDS)

    def _enter(self) -> list[str]:
        """What a command begins with that sees the disk, as root there."""
        assert self._holder is not None
        enter = ["nsenter", "--target", str(self._holder.pid), "--mount", "--wd=" + str(self.folder)]
        return enter if self._user is not None else [*enter, "--user", "--preserve-credentials"]

    def _inside(self, *command: str) -> None:
        subprocess.run([*self._enter(), *command], stdin=subprocess.DEVNULL, check=True, timeout=STOP_SECONDS)

    def _mount(self) -> subprocess.Popen[bytes]:
        owner = f",uid={self._user.pw_uid},gid={self._user.pw_gid}" if self._user is not None else ""
        # It ends with its input, so also when this process is killed.
        holder = subprocess.Popen(
            mounted(self._space, MEGABYTES, "echo ready && exec cat", options=f",mode=0700{owner}"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert holder.stdout is not None
        assert holder.stderr is not None
        with holder.stdout as said, holder.stderr as complaint:
            if said.readline() != b"ready\n":
                words = complaint.read().decode(errors="replace")
                holder.communicate()
                super().remove()
                pytest.fail(f"{WHY_NOT} {words}", pytrace=False)
        return holder

    def _command(self) -> list[str]:
        if self._user is not None:
            who = ["setpriv", f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups"]
        else:
            # Root of that namespace is nobody else outside, but PostgreSQL asks.
            who = ["unshare", "--user", f"--map-user={os.getuid()}", f"--map-group={os.getgid()}"]
        return [*self._enter(), *who, *super()._command()]

    def _account(self) -> dict[str, Any]:
        # initdb runs before there is a disk; the server is given its account by its command.
        return super()._account() if self._holder is None else {}
