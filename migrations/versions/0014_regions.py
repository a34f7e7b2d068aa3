"""State, province or county in clients' addresses.

Revision 0014, after 0013, 2026-11-28 00:20:00.000000.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("client", sa.Column("region", sa.String(length=120), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("client", "region")
