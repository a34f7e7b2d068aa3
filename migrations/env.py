"""Alembic's environment: one history for SQLite and PostgreSQL.

On SQLite a changed table is copied and the old one dropped; with foreign keys on, that drop would cascade into the
children. So they are off meanwhile and checked before the commit, and each upgrade is one real transaction.

On PostgreSQL each step is a transaction of its own, and one that waits too long for a table gives up: everybody who wants
that table waits behind it.
"""

import os

import sqlalchemy as sa
from alembic import context
from flask import current_app
from sqlalchemy import Connection

from foundation.types import Money, UTCDateTime
from migrations.ours import include_name

database = current_app.extensions["migrate"].db
engine = database.engine
conf_args = {**current_app.extensions["migrate"].configure_args}


def render_item(kind: str, item: object, _context: object) -> str | bool:
    """Write our own column types as plain ones: a migration must still run when the code has moved on."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return "sa.BigInteger()" if kind == "type" and isinstance(item, Money) else False


def say_limits(connection: Connection) -> None:
    """Wait a little for a table (MIGRATION_LOCK_SECONDS), and work on it as long as it takes."""
    seconds = int(os.environ.get("MIGRATION_LOCK_SECONDS") or 5)
    wanted = sa.text("SELECT set_config('lock_timeout', :wait, true), set_config('statement_timeout', '0', true)")
    connection.execute(wanted, {"wait": f"{seconds}s"})


def run(connection: Connection) -> None:
    """Run the wanted steps on this connection."""
    sqlite = connection.dialect.name == "sqlite"
    raw = connection.connection.dbapi_connection
    if sqlite:
        raw.execute("PRAGMA foreign_keys=OFF")
        conf_args["transactional_ddl"] = True
    else:
        conf_args["transaction_per_migration"] = True
        sa.event.listen(connection, "begin", say_limits)
    context.configure(
        connection=connection,
        target_metadata=database.metadata,
        render_item=render_item,
        include_name=include_name,
        **conf_args,
    )
    with context.begin_transaction():
        context.run_migrations()
        if sqlite:
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise RuntimeError(f"foreign keys would be broken: {broken[:5]}")
    if sqlite:
        raw.execute("PRAGMA foreign_keys=ON")


with engine.connect() as connection:
    run(connection)
