"""SQLite: which rows of a big table can hold a part of a word, by its full text table of three letters each (migration 0017).

What it names is all that can fit and a little more; the comparison itself stays `search.contains`, so a search finds what
it would find without. On PostgreSQL its own index of trigrams serves that comparison.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from models import Client, Pet

#: what rows with rare letters hold besides (`migrations.part_tables`)
MARK = "\x01\x01\x01"

_TABLES: dict[type[Any], Any] = {
    model: sa.table(name, sa.column("rowid"), sa.column(name))
    for model, name in ((Client, "client_parts"), (Pet, "pet_parts"))
}
_LETTERS = 3
#: so many of a part's three letters are asked for. More only read long lists: those of "@example.com", of a number's beginning
_MOST = 6


def likely(model: type[Client | Pet], parts: Iterable[str]) -> sa.ColumnElement[bool] | None:
    """The rows in which one of the parts can occur. None where no index helps: a part of one or two letters."""
    asked = [_asked(part) for part in parts]
    if not all(asked):
        return None
    table = _TABLES[model]
    match = table.c[table.name].op("MATCH")(" OR ".join(asked))
    return model.id.in_(sa.select(table.c.rowid).where(match))


def _asked(part: str) -> str:
    """The part as a question in FTS5's language: letters that stand together three by three, of a number the last ones."""
    folded = part if part.isascii() else part.casefold()
    threes = [folded[n : n + _LETTERS] for n in range(len(folded) - _LETTERS + 1)]
    threes = threes[-_MOST:] if part[-1:].isdecimal() else threes[:_MOST]
    all_of_them = " AND ".join(map(_quoted, threes))
    if part.isascii() or not threes:
        return f"({all_of_them})" if threes else ""
    return f"(({all_of_them}) OR {_quoted(MARK)})"


def _quoted(letters: str) -> str:
    doubled = letters.replace('"', '""')
    return f'"{doubled}"'
