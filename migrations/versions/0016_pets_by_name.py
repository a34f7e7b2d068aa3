"""Pets by name and then by number: the order of their list, of which the index then has the first page ready.

With the name alone PostgreSQL sorts all pets of the first name on the page, thousands where there are thousands of Bellas.

Revision 0016, after 0015, 2026-11-28 02:10:00.000000.
"""

from migrations import online

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    online.create_index("ix_pet_by_name", "pet", ["name", "id"])
    online.drop_index("ix_pet_name", "pet")


def downgrade() -> None:
    online.create_index("ix_pet_name", "pet", ["name"])
    online.drop_index("ix_pet_by_name", "pet")
