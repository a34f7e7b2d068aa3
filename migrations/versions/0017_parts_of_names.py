"""Parts of names, mail addresses and numbers are found by an index on SQLite too; PostgreSQL has had one since 0015.

Revision 0017, after 0016, 2026-11-28 04:40:00.000000.
"""

from migrations import part_tables

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    part_tables.create("client_parts", "client", ["first_name", "last_name", "email", "account_number", "phone"])
    part_tables.create("pet_parts", "pet", ["name", "breed"])


def downgrade() -> None:
    part_tables.drop("pet_parts")
    part_tables.drop("client_parts")
