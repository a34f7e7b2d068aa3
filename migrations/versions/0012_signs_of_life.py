"""When what runs by itself last did, and how it went.

Revision 0012, after 0011, 2026-11-26 22:50:00.000000.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SIGNS = ("worker", "backup", "backup_check", "compare_books", "clean_up", "make_repeating_visits")


def upgrade() -> None:
    op.create_table(
        "sign_of_life",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "sign",
            sa.Enum(*SIGNS, name="sign", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_well", sa.Boolean(), nullable=False),
        sa.Column("well_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_of_life")),
        sa.UniqueConstraint("sign", name=op.f("uq_sign_of_life_sign")),
    )


def downgrade() -> None:
    op.drop_table("sign_of_life")
