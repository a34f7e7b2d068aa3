"""The last day stands in the indexes of a client's and a sitter's visits, so that a day is found without reading the others.

Revision 0009, after 0008, 2026-11-26 20:25:00.000000.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OWNERS = ("client_id", "sitter_id")


def upgrade() -> None:
    for owner in OWNERS:
        op.drop_index(f"ix_job_{owner}", "job")
        op.create_index(f"ix_job_{owner}", "job", [owner, "on_date", "ends_on"])


def downgrade() -> None:
    for owner in OWNERS:
        op.drop_index(f"ix_job_{owner}", "job")
        op.create_index(f"ix_job_{owner}", "job", [owner, "on_date"])
