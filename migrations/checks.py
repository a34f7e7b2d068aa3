"""Gives a check constraint another list of values, on both databases, without losing what else guards the table.

Alembic's batch mode copies an SQLite table without its check constraints; so here the table's own text is changed, in
the order of steps that SQLite's manual gives for what ALTER TABLE cannot do. env.py has switched foreign keys off.
"""

from collections.abc import Sequence

from alembic import op


def change_values(table: str, column: str, name: str, old: Sequence[str], new: Sequence[str]) -> None:
    """The constraint `ck_<table>_<name>` allows `new` in `column` in place of `old`."""
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, _condition(column, new))
        return
    run = op.get_bind().exec_driver_sql
    found = run("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).scalar_one()
    changed = found.replace(_condition(column, old), _condition(column, new))
    if changed == found:
        raise RuntimeError(f"the check of {table}.{column} reads otherwise: {found}")
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
