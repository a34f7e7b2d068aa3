"""What a merge of duplicates moved, so that it can be undone.

Revision 0013, after 0010, 2026-11-27 16:40:00.000000.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "merge_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_type", sa.String(length=40), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("into_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("staff_name", sa.String(length=255), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_merge_note_client_id_client"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_merge_note_staff_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge_note")),
        sa.UniqueConstraint("record_type", "record_id", name=op.f("uq_merge_note_record_type_record_id")),
    )
    op.create_index(op.f("ix_merge_note_client_id"), "merge_note", ["client_id"])
    op.create_index(op.f("ix_merge_note_staff_id"), "merge_note", ["staff_id"])
    op.create_index("ix_merge_note_into", "merge_note", ["record_type", "into_id"])
    op.create_index("ix_merge_note_merged_at", "merge_note", ["merged_at"])


def downgrade() -> None:
    op.drop_table("merge_note")
