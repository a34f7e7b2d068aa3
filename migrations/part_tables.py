"""SQLite: full text tables by which `LIKE '%part%'` is found without reading every row; triggers keep them, whoever writes.

A table `<name>` holds three letters each of the words of another table, under the same number, and not the words
themselves. What it finds is all that can fit: `admin_site.search_parts` asks it first and compares the rows it names.
"""

from collections.abc import Sequence

from alembic import op

#: Letters that SQLite's trigrams fold otherwise than Python's `casefold`, by which words with other letters than a to z are
#: compared: those that become several ("ß"), and those that Unicode got after SQLite's list was made. Generous: whole
#: blocks of rare ones.
FOLDED_OTHERWISE = (
    "\u00df\u0130\u0149\u01f0\u037f\u0390\u03b0\u0528-\u052f\u0587\u13a0-\u13ff\u1c80-\u1cbf\u1e96-\u1e9e\u1f00-\u1fff"
    "\u2c2f\ua640-\ua7ff\uab30-\uabbf\ufb00-\ufb17\U00010000-\U0010ffff"
)
#: what a row with such a letter holds besides: whoever asks in such words asks for it too
MARK = "\x01\x01\x01"


def create(name: str, table: str, columns: Sequence[str]) -> None:
    """Make the full text table of these columns, fill it, and let triggers keep it in step. Nothing on PostgreSQL, which has
    `online.create_part_index` for it."""
    if op.get_bind().dialect.name != "sqlite":
        return
    run = op.get_bind().exec_driver_sql
    listed = ", ".join(columns)
    run(f"CREATE VIRTUAL TABLE {name} USING fts5(words, content='', columnsize=0, detail='none', tokenize='trigram')")
    run(f"INSERT INTO {name}(rowid, words) SELECT id, {_words('', columns)} FROM {table}")  # noqa: S608 -- a migration's own words
    adding = f"INSERT INTO {name}(rowid, words) VALUES (new.id, {_words('new.', columns)})"  # noqa: S608 -- as above
    removing = f"INSERT INTO {name}({name}, rowid, words) VALUES ('delete', old.id, {_words('old.', columns)})"  # noqa: S608 -- as above
    run(f"CREATE TRIGGER {name}_added AFTER INSERT ON {table} BEGIN {adding}; END")
    run(f"CREATE TRIGGER {name}_removed AFTER DELETE ON {table} BEGIN {removing}; END")
    run(f"CREATE TRIGGER {name}_changed AFTER UPDATE OF id, {listed} ON {table} BEGIN {removing}; {adding}; END")


def drop(name: str) -> None:
    """Take it and its triggers away."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for what in ("added", "removed", "changed"):
        op.execute(f"DROP TRIGGER {name}_{what}")
    op.execute(f"DROP TABLE {name}")


def _words(row: str, columns: Sequence[str]) -> str:
    """The row's words as one text, as SQL; between two columns stands a sign that no word has."""
    joined = " || char(10) || ".join(f"coalesce({row}{column}, '')" for column in columns)
    mark = ", ".join(str(ord(sign)) for sign in MARK)
    return f"{joined} || CASE WHEN {joined} GLOB '*[{FOLDED_OTHERWISE}]*' THEN char({mark}) ELSE '' END"
