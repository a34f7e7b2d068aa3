"""What the database has besides our tables, which Alembic's comparison must not take for something forgotten."""

from typing import Any

#: the FTS5 table of the search and the tables in which SQLite keeps it; PostgreSQL's index for the same
FULL_TEXT, FULL_TEXT_INDEX = "search_index", "ix_search_entry_tokens"
#: PostgreSQL's indexes of parts of names, where it has pg_trgm (0015)
PART_INDEXES = frozenset({"ix_client_parts", "ix_pet_parts"})


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Is it one of the things that `models.py` speaks of?"""
    if kind == "table" and name is not None:
        return name != FULL_TEXT and not name.startswith(f"{FULL_TEXT}_")
    return not (kind == "index" and (name == FULL_TEXT_INDEX or name in PART_INDEXES))
