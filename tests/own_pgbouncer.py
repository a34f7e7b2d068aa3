"""A PgBouncer in transaction mode that a test starts for itself, before one of its own PostgreSQL servers."""

import os
import shutil
from typing import Any

import psycopg

from tests.own_servers import OwnPostgres, OwnServer, _unprivileged


def find_pgbouncer() -> str | None:
    """Where `pgbouncer` is; Debian puts it where only root looks."""
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")


class OwnPgBouncer(OwnServer):
    """It gives each transaction the connection that is free, and has two for each database."""

    name = "pgbouncer"

    def __init__(self, behind: OwnPostgres) -> None:
        program = find_pgbouncer()
        assert program is not None, "pgbouncer is not installed"
        super().__init__()
        self._program, self._behind = program, behind
        self._user = _unprivileged() if os.getuid() == 0 else None
        (self.folder / "users").write_text('"postgres" ""\n')
        (self.folder / "settings").write_text(
            f"[databases]\n* = host=127.0.0.1 port={behind.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {self.port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {self.folder}/users\n"
            "pool_mode = transaction\ndefault_pool_size = 2\nmax_client_conn = 200\n"
        )
        if self._user is not None:
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def url(self, database: str) -> str:
        """The address of a database behind it."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def _command(self) -> list[str]:
        return [self._program, str(self.folder / "settings")]

    def _answers(self) -> bool:
        try:
            with psycopg.connect(
                host="127.0.0.1", port=self.port, user="postgres", dbname="postgres", connect_timeout=5, autocommit=True
            ) as asked:
                asked.execute("SELECT 1", prepare=False)
                return True
        except psycopg.OperationalError:
            return False

    def _account(self) -> dict[str, Any]:
        return self._behind._account()
