"""The office's search: one row for each person, pet, practice and service, found by full text.

The rows themselves are written by `flask search-rebuild`, which the worker also does by itself each night.

Revision 0006, after 0005, 2026-11-26 15:35:00.000000.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KINDS = ("client", "contact", "pet", "vet", "staff", "service")

#: the index over `tokens` is SQLite's own table; the triggers tell it of every change, cascades included
FTS5 = (
    """CREATE VIRTUAL TABLE search_index USING fts5(
        tokens, content='search_entry', content_rowid='id', detail='none',
        tokenize="unicode61 remove_diacritics 0 tokenchars '-~'", prefix='2 3')""",
    """CREATE TRIGGER search_entry_added AFTER INSERT ON search_entry BEGIN
        INSERT INTO search_index(rowid, tokens) VALUES (new.id, new.tokens); END""",
    """CREATE TRIGGER search_entry_removed AFTER DELETE ON search_entry BEGIN
        INSERT INTO search_index(search_index, rowid, tokens) VALUES ('delete', old.id, old.tokens); END""",
    """CREATE TRIGGER search_entry_changed AFTER UPDATE ON search_entry BEGIN
        INSERT INTO search_index(search_index, rowid, tokens) VALUES ('delete', old.id, old.tokens);
        INSERT INTO search_index(rowid, tokens) VALUES (new.id, new.tokens); END""",
)


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "search_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(*KINDS, name="searchkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("detail", sa.String(length=255), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
        sa.Column("is_past", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_search_entry_client_id_client"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_entry")),
        sa.UniqueConstraint("kind", "record_id", name=op.f("uq_search_entry_kind_record_id")),
    )
    op.create_index(op.f("ix_search_entry_client_id"), "search_entry", ["client_id"], unique=False)
    if is_sqlite:
        for statement in FTS5:
            op.execute(statement)
    else:
        op.create_index("ix_search_entry_tokens", "search_entry", ["tokens"], unique=False, postgresql_using="gin")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_index")
    op.drop_table("search_entry")
