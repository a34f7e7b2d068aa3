"""Steps for tables that people use meanwhile: each holds a table for a moment only, however many rows it has.

PostgreSQL stops everybody who wants a table while a step changes it, and everybody behind a step that waits for it. So
what reads all rows is done without that lock, in transactions of its own; a step that breaks off is simply run again,
and each of these looks first what is there already. SQLite has one writer anyway, and there they are the plain steps.
"""

import logging
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

log = logging.getLogger("latchkey.migrations")

#: rows in one piece of a backfill: some tens of milliseconds
ROWS_AT_ONCE = 2_000


def create_index(
    name: str, table: str, columns: Sequence[str], *, unique: bool = False, where: str | None = None
) -> None:
    """An index, made while people write (CREATE INDEX CONCURRENTLY). One that a broken-off try left half is made anew."""
    condition = sa.text(where) if where is not None else None
    if op.get_bind().dialect.name != "postgresql":
        op.create_index(name, table, list(columns), unique=unique, sqlite_where=condition)
        return
    with op.get_context().autocommit_block():
        _without_limits()
        _drop_half(name, table)
        op.create_index(
            name, table, list(columns), unique=unique, postgresql_concurrently=True, postgresql_where=condition,
            if_not_exists=True,
        )  # fmt: skip


def drop_index(name: str, table: str) -> None:
    """Take an index away while people write."""
    if op.get_bind().dialect.name != "postgresql":
        op.drop_index(name, table)
        return
    with op.get_context().autocommit_block():
        _without_limits()
        op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)


def create_part_index(name: str, table: str, words: Sequence[str], *, plain: Sequence[str] = ()) -> None:
    """PostgreSQL: an index by which `ILIKE '%part%'` is found, of `words` as searches compare them (by the rules of "C", see
    `admin_site.search.contains`) and of `plain` columns as they are. It needs the extension pg_trgm: where that is not to
    be had, there is none. SQLite has no such index."""
    if op.get_bind().dialect.name != "postgresql":
        return
    columns = [f'{column} COLLATE "C" gin_trgm_ops' for column in words] + [
        f"{column} gin_trgm_ops" for column in plain
    ]
    with op.get_context().autocommit_block():
        _without_limits()
        _drop_half(name, table)
        run = op.get_bind()
        if not run.scalar(sa.text("SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'")):
            return
        try:
            run.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            run.exec_driver_sql(
                f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {table} USING gin ({', '.join(columns)})"
            )
        except (
            sa.exc.ProgrammingError
        ) as refused:  # not allowed to add it, or it is in a schema that is not looked through
            log.warning("no index %s: %s", name, refused.orig)


def drop_part_index(name: str, table: str) -> None:
    """Take such an index away where there is one."""
    if op.get_bind().dialect.name == "postgresql":
        drop_index(name, table)


def add_check(table: str, name: str, condition: str) -> None:
    """PostgreSQL: a check constraint that new rows keep at once, and old ones once all were looked at.

    SQLite cannot add one to a table: `migrations.checks` rebuilds the table there.
    """
    _add(table, name, f"CHECK ({condition})")


def add_foreign_key(table: str, name: str, column: str, target: str, *, ondelete: str) -> None:
    """PostgreSQL: the same for a reference to `target`'s id."""
    _add(table, name, f"FOREIGN KEY ({column}) REFERENCES {target} (id) ON DELETE {ondelete}")


def backfill(table: str, values: str, where: str) -> int:
    """Set `values` in the rows that `where` finds, piece by piece; how many.

    `where` must not find a row any more that was set. On PostgreSQL each piece is a transaction of its own, so nobody waits for more
    than one piece, and a try that broke off goes on where it was.
    """
    bind = op.get_bind()
    few = f"SELECT id FROM {table} WHERE {where} ORDER BY id LIMIT {ROWS_AT_ONCE}"  # noqa: S608 -- a migration's own words
    piece = sa.text(f"UPDATE {table} SET {values} WHERE id IN ({few})")  # noqa: S608 -- as above
    n_set, more = 0, 1
    if bind.dialect.name != "postgresql":
        while more:
            more = bind.execute(piece).rowcount
            n_set += more
        return n_set
    with op.get_context().autocommit_block():
        while more:
            more = op.get_bind().execute(piece).rowcount
            n_set += more
    return n_set


def _add(table: str, name: str, what: str) -> None:
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        raise RuntimeError("SQLite cannot add a constraint to a table: see migrations.checks")
    with op.get_context().autocommit_block():
        there = sa.text("SELECT count(*) FROM pg_constraint WHERE conname = :name AND conrelid = to_regclass(:table)")
        run = op.get_bind()
        if not run.scalar(there, {"name": name, "table": table}):
            doubled = what.replace("%", "%%")  # the driver reads a single one as a placeholder
            run.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {name} {doubled} NOT VALID")
        run.exec_driver_sql("SET statement_timeout = 0")
        run.exec_driver_sql(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def _drop_half(name: str, table: str) -> None:
    """An index that a broken-off try left half goes."""
    whole = sa.text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
    if op.get_bind().scalar(whole, {"name": name}) is False:
        op.drop_index(name, table, postgresql_concurrently=True)


def _without_limits() -> None:
    """It waits for transactions that are under way, and reads all rows: both may take long, and neither stops anybody."""
    op.get_bind().exec_driver_sql("SET statement_timeout = 0")
    op.get_bind().exec_driver_sql("SET lock_timeout = 0")
