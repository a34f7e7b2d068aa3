"""What the database has besides our tables, which Alembic's comparison must not take for something forgotten."""

from typing import Any

#: SQLite's full text tables: of the search (0006), and of the parts of names (0017); each is kept in more of its name
FULL_TEXT = ("search_index", "client_parts", "pet_parts")
#: PostgreSQL's index for the search
FULL_TEXT_INDEX = "ix_search_entry_tokens"
#: PostgreSQL's indexes of parts of names, where it has pg_trgm (0015)
PART_INDEXES = frozenset({"ix_client_parts", "ix_pet_parts"})


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Is it one of the things that `models.py` speaks of?"""
    if kind == "table" and name is not None:
        return not any(name == own or name.startswith(f"{own}_") for own in FULL_TEXT)
    return not (kind == "index" and (name == FULL_TEXT_INDEX or name in PART_INDEXES))
