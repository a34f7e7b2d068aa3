"""What the office's search looks through: one row for each person, pet, practice and service."""

import enum

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from foundation.db import Base
from foundation.types import enum_column, line_text, long_text, pk
from tables.columns import fk


class SearchKind(enum.StrEnum):
    """What can be found by its name. Papers, requests and visits are found by their numbers, in their own tables."""

    CLIENT = "client"
    CONTACT = "contact"
    PET = "pet"
    VET = "vet"
    STAFF = "staff"
    SERVICE = "service"


class SearchEntry(Base):
    """One thing that can be found; kept right by `workflows.search_index`, which can make it anew."""

    # SQLite finds it through the FTS5 table `search_index` over `tokens`, which three triggers of migration 0006 keep;
    # PostgreSQL through a GIN index.
    __tablename__ = "search_entry"
    id: Mapped[pk]
    kind: Mapped[SearchKind] = mapped_column(enum_column(SearchKind))
    record_id: Mapped[int]
    #: whose it is; gone with them
    client_id: Mapped[int | None] = fk("client.id", ondelete="CASCADE")
    title: Mapped[line_text]
    #: the quiet line below the title
    detail: Mapped[line_text] = mapped_column(default="")
    #: everything it is found by, folded, without the tokens' helpers: what results are ranked by
    words: Mapped[long_text] = mapped_column(default="")
    #: the words, their ends ("-cher") and their near spellings ("~archr"), with a space between them
    tokens: Mapped[str] = mapped_column(sa.Text().with_variant(TSVECTOR(), "postgresql"), default="")
    #: archived, inactive, gone: found after the others
    is_past: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (
        sa.UniqueConstraint("kind", "record_id"),
        # The GIN index over `tokens` stands in the migration alone: SQLite must not have it.
    )
