"""Changes what SQLite cannot alter (check constraints, how numbers are given) without losing what else guards a table.

Alembic's batch mode copies an SQLite table without its check constraints; so here the table's own text is changed, in
the order of steps that SQLite's manual gives for what ALTER TABLE cannot do. env.py has switched foreign keys off.
"""

import re
from collections.abc import Sequence

from alembic import op


def change_values(table: str, column: str, name: str, old: Sequence[str], new: Sequence[str]) -> None:
    """The constraint `ck_<table>_<name>` allows `new` in `column` in place of `old`."""
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, _condition(column, new))
        return
    found = _text(table)
    _rebuild(table, found.replace(_condition(column, old), _condition(column, new)))


def never_again(table: str, *, yes: bool) -> None:
    """Let SQLite give out each number of the table once, as PostgreSQL does anyway, or as before."""
    if op.get_bind().dialect.name != "sqlite":
        return
    plain = ("id INTEGER NOT NULL", f"CONSTRAINT pk_{table} PRIMARY KEY (id)")
    once = f"id INTEGER NOT NULL CONSTRAINT pk_{table} PRIMARY KEY AUTOINCREMENT"
    found = _text(table)
    if yes:
        changed = re.sub(rf",\s*{re.escape(plain[1])}", "", found.replace(plain[0], once, 1))
    else:
        changed = found.replace(once, plain[0], 1).rstrip().removesuffix(")").rstrip() + f", {plain[1]})"
    _rebuild(table, changed)


def _text(table: str) -> str:
    found = op.get_bind().exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,))
    return str(found.scalar_one())


def _rebuild(table: str, changed: str) -> None:
    """Make the table anew from this text, with its rows and indexes."""
    run = op.get_bind().exec_driver_sql
    if changed == _text(table):
        raise RuntimeError(f"{table} reads otherwise: {changed}")
    indexes = run("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", (table,))
    statements = [row[0] for row in indexes]
    head = changed.index("(")
    run(f'CREATE TABLE "_new_{table}" {changed[head:]}')
    run(f'INSERT INTO "_new_{table}" SELECT * FROM "{table}"')  # noqa: S608 -- our own table's name
    run(f'DROP TABLE "{table}"')
    run(f'ALTER TABLE "_new_{table}" RENAME TO "{table}"')
    for statement in statements:
        run(statement)


def _condition(column: str, values: Sequence[str]) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"
