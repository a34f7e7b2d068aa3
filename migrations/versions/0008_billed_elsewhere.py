"""Visits that the program of before has billed.

Revision 0008, after 0007, 2026-11-26 20:00:00.000000.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job", sa.Column("billed_elsewhere", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("job", "billed_elsewhere")
