"""Indexes for what pages of the office ask again and again: open invoices, a client's invoices, parts of names.

The parts of names (trigrams) need PostgreSQL's extension pg_trgm. Where the server does not have it, or the program's own
user may not add it, searches read the clients and pets as before.

Revision 0015, after 0014, 2026-11-28 00:50:00.000000.
"""

from migrations import online

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What is owed by age needs no row of an invoice.
    columns = ["id", "due_on", "total", "debited", "written_off"]
    online.create_index("ix_invoice_open", "invoice", columns, where="state = 'open'")
    # With the id, PostgreSQL finds a client's last invoices without reading all of theirs.
    online.create_index("ix_invoice_of_client", "invoice", ["client_id", "state", "issued_on", "id"])
    online.drop_index("ix_invoice_client_id", "invoice")
    online.create_part_index("ix_client_parts", "client", ["first_name", "last_name", "email"], plain=["account_number", "phone"])  # fmt: skip
    online.create_part_index("ix_pet_parts", "pet", ["name", "breed"])


def downgrade() -> None:
    online.drop_part_index("ix_pet_parts", "pet")
    online.drop_part_index("ix_client_parts", "client")
    online.create_index("ix_invoice_client_id", "invoice", ["client_id", "state", "issued_on"])
    online.drop_index("ix_invoice_of_client", "invoice")
    online.drop_index("ix_invoice_open", "invoice")
