"""The office's lists: columns of one's own, records that were joined, one value for many rows.

Revision 0007, after 0006, 2026-11-26 19:10:00.000000.
"""

import sqlalchemy as sa
from alembic import op

from migrations.checks import change_values

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BULK = [
    "cancel", "move", "reassign", "generate", "invite", "invoice", "charge", "statement", "mailing",
]  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "list_columns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("list_name", sa.String(length=60), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_list_columns_staff_id_staff"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_columns")),
        sa.UniqueConstraint("staff_id", "list_name", name=op.f("uq_list_columns_staff_id_list_name")),
    )
    op.create_table(
        "merged_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_type", sa.String(length=40), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("into_id", sa.Integer(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merged_record")),
        sa.UniqueConstraint("record_type", "record_id", name=op.f("uq_merged_record_record_type_record_id")),
    )
    op.create_index("ix_merged_record_into", "merged_record", ["record_type", "into_id"])
    change_values("bulk_run", "kind", "bulkkind", BULK, [*BULK, "edit"])


def downgrade() -> None:
    op.execute("DELETE FROM bulk_run WHERE kind = 'edit'")  # the older check does not know it
    change_values("bulk_run", "kind", "bulkkind", [*BULK, "edit"], BULK)
    op.drop_index("ix_merged_record_into", "merged_record")
    op.drop_table("merged_record")
    op.drop_table("list_columns")
