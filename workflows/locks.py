"""Taking turns: whoever changes a client's requests or visits holds the client's row until the commit.

PostgreSQL locks the row. SQLite ignores FOR UPDATE, but a writing request there holds the one write lock from its
first statement on (`foundation.db`), so the same code is safe on both.
"""

import zlib
from collections.abc import Iterable

import sqlalchemy as sa

from foundation.among import among
from foundation.db import begin_writing, db, rows_of
from models import Client, ClientStatus, JobRequestLine, LineState, Staff
from workflows.errors import N_, WrongState
from workflows.merged import leads_to

#: built once: putting a statement together takes longer than the database takes to answer it
_CLIENTS = Client.__table__
_ONE_CLIENT = sa.select(_CLIENTS.c.status).where(_CLIENTS.c.id == sa.bindparam("client_id")).with_for_update()


_THESE_CLIENTS = (
    sa.select(Client.id, Client.status).where(among(Client.id, "client_ids")).order_by(Client.id).with_for_update()
)


def lock_client(client_id: int) -> None:
    """Wait for our turn with this client. Take it late, right before the state is read and checked.

    Refused with WrongState when the client was merged with another one while we waited: nothing may join the old record.
    """
    begin_writing()
    is_archived = any(status is ClientStatus.ARCHIVED for (status,) in rows_of(_ONE_CLIENT, {"client_id": client_id}))
    if is_archived and leads_to("client", client_id):
        raise WrongState("merged", N_("This client was merged with another one meanwhile. Nothing was done."))


def lock_clients(client_ids: Iterable[int]) -> None:
    """Wait for our turn with all of these clients, always in the same order, so that two of us never wait in a ring."""
    wanted = sorted(set(client_ids))
    if wanted:
        begin_writing()
        db.session.execute(sa.select(Client.id).where(Client.id.in_(wanted)).order_by(Client.id).with_for_update())


def lock_living(client_ids: Iterable[int]) -> None:
    """Wait for our turn with all of these clients, as `lock_clients`; refused as `lock_client` when one was merged."""
    begin_writing()
    rows = db.session.execute(_THESE_CLIENTS, {"client_ids": client_ids}).all()
    if any(status is ClientStatus.ARCHIVED and leads_to("client", client_id) for client_id, status in rows):
        raise WrongState("merged", N_("This client was merged with another one meanwhile. Nothing was done."))


def lock_sitters(sitter_ids: Iterable[int | None]) -> None:
    """Wait for our turn with these sitters, always in the same order: two offices cannot fill one gap twice."""
    wanted = sorted({i for i in sitter_ids if i is not None})
    if wanted:
        db.session.execute(sa.select(Staff.id).where(Staff.id.in_(wanted)).order_by(Staff.id).with_for_update())


def lock_place(name: str) -> None:
    """Wait for our turn with what has no row to be locked, such as "no archive is being made"."""
    begin_writing()
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(sa.text("SELECT pg_advisory_xact_lock(:n)"), {"n": zlib.crc32(f"place {name}".encode())})


def fresh_lines(line_ids: Iterable[int]) -> list[JobRequestLine]:
    """The lines as they are in the database now, in the order of their dates; what was loaded before is overwritten."""
    return list(
        db.session.scalars(
            sa.select(JobRequestLine)
            .where(JobRequestLine.id.in_(list(line_ids)))
            .order_by(JobRequestLine.on_date, JobRequestLine.start_time, JobRequestLine.id)
            .execution_options(populate_existing=True)
        )
    )


_MEANWHILE = {
    LineState.DRAFT: N_("This visit has not been sent yet."),
    LineState.SUBMITTED: N_("This visit is waiting for the office."),
    LineState.SCHEDULED: N_("This visit was scheduled meanwhile. Nothing was changed."),
    LineState.DECLINED: N_("This visit was declined meanwhile. Nothing was changed."),
    LineState.CANCELLED: N_("This visit was cancelled meanwhile. Nothing was changed."),
    LineState.DELETED: N_("This visit was deleted meanwhile. Nothing was changed."),
}


def require_submitted(lines: Iterable[JobRequestLine]) -> None:
    """Refuse with WrongState, naming what happened, when a line is no longer waiting for the office."""
    for line in lines:
        if line.state is not LineState.SUBMITTED:
            raise WrongState(f"line_{line.state.value}", _MEANWHILE[line.state])
