"""Changes what SQLite cannot alter (check constraints, how numbers are given) without losing what else guards a table.

Alembic's batch mode copies an SQLite table without its check constraints; so here the table's own text is changed, in
the order of steps that SQLite's manual gives for what ALTER TABLE cannot do. env.py has switched foreign keys off.
"""

import re
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op


def change_values(table: str, column: str, name: str, old: Sequence[str], new: Sequence[str]) -> None:
    """The constraint `ck_<table>_<name>` allows `new` in `column` in place of `old`."""
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, _condition(column, new))
        return
    found = _text(table)
    _rebuild(table, found.replace(_condition(column, old), _condition(column, new)))


def add_reference(table: str, column: str, target: str, *, ondelete: str) -> None:
    """A column that may be empty and points at `target`, with its index."""
    name = op.f(f"fk_{table}_{column}_{target}")
    if op.get_bind().dialect.name == "sqlite":
        columns, rest = _split(table)
        key = f"CONSTRAINT {name} FOREIGN KEY({column}) REFERENCES {target} (id) ON DELETE {ondelete}"
        _rebuild(table, f"{columns}, {column} INTEGER{rest}, {key})")
    else:
        op.add_column(table, sa.Column(column, sa.Integer(), nullable=True))
        op.create_foreign_key(name, table, target, [column], ["id"], ondelete=ondelete)
    op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def drop_reference(table: str, column: str, target: str, *, ondelete: str) -> None:
    """The way back."""
    op.drop_index(op.f(f"ix_{table}_{column}"), table)
    if op.get_bind().dialect.name != "sqlite":
        op.drop_column(table, column)
        return
    name = op.f(f"fk_{table}_{column}_{target}")
    key = f", CONSTRAINT {name} FOREIGN KEY({column}) REFERENCES {target} (id) ON DELETE {ondelete}"
    _rebuild(table, _text(table).replace(f", {column} INTEGER", "", 1).replace(key, "", 1))


def add_choice(table: str, column: str, name: str, values: Sequence[str], *, default: str) -> None:
    """A column that holds one of `values`, guarded by the constraint `ck_<table>_<name>`; rows get `default`."""
    check = f"CONSTRAINT {op.f(f'ck_{table}_{name}')} CHECK ({_condition(column, values)})"
    if op.get_bind().dialect.name != "sqlite":
        op.add_column(table, sa.Column(column, sa.String(32), nullable=False, server_default=default))
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, _condition(column, values))
        return
    columns, rest = _split(table)
    _rebuild(table, f"{columns}, {column} VARCHAR(32) DEFAULT '{default}' NOT NULL{rest}, {check})")


def drop_choice(table: str, column: str, name: str, values: Sequence[str], *, default: str) -> None:
    """The way back."""
    if op.get_bind().dialect.name != "sqlite":
        op.drop_column(table, column)
        return
    check = f", CONSTRAINT {op.f(f'ck_{table}_{name}')} CHECK ({_condition(column, values)})"
    left = _text(table).replace(f", {column} VARCHAR(32) DEFAULT '{default}' NOT NULL", "", 1)
    _rebuild(table, left.replace(check, "", 1))


def change_check(table: str, name: str, old: str, new: str) -> None:
    """The constraint `ck_<table>_<name>` says `new` in place of `old`."""
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, new)
        return
    _rebuild(table, _text(table).replace(old, new))


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


def _split(table: str) -> tuple[str, str]:
    """An SQLite table's text up to its last column, and its constraints without the last bracket."""
    found = _text(table).rstrip()
    first = re.search(r",\s*CONSTRAINT ", found)
    if first is None:
        raise RuntimeError(f"{table} reads otherwise: {found}")
    return found[: first.start()], found[first.start() :].removesuffix(")").rstrip()


def _text(table: str) -> str:
    found = op.get_bind().exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,))
    return str(found.scalar_one())


def _rebuild(table: str, changed: str) -> None:
    """Make the table anew from this text, with its rows, indexes and triggers."""
    run = op.get_bind().exec_driver_sql
    if changed == _text(table):
        raise RuntimeError(f"{table} reads otherwise: {changed}")
    own = "type IN ('index', 'trigger') AND tbl_name = ? AND sql IS NOT NULL"
    statements = [row[0] for row in run(f"SELECT sql FROM sqlite_master WHERE {own}", (table,))]  # noqa: S608 -- as it stands above
    head = changed.index("(")
    run(f'CREATE TABLE "_new_{table}" {changed[head:]}')
    # A name that the old table does not have would be read as a text.
    before, after = ([row[1] for row in run(f'PRAGMA table_info("{t}")')] for t in (table, f"_new_{table}"))
    kept = ", ".join(f'"{name}"' for name in before if name in after)
    run(f'INSERT INTO "_new_{table}" ({kept}) SELECT {kept} FROM "{table}"')  # noqa: S608 -- our own table's names
    run(f'DROP TABLE "{table}"')
    run(f'ALTER TABLE "_new_{table}" RENAME TO "{table}"')
    for statement in statements:
        run(statement)


def _condition(column: str, values: Sequence[str]) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"
