"""Indexes of the office's lists: contacts by name, requested visits by day, mails by address.

Revision 0002, after 0001.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_client_contact_name", "client_contact", ["name", "id"])
    op.create_index("ix_job_request_line_on_date", "job_request_line", ["on_date", "id"])
    op.create_index(
        "ix_outbox_mail_to_address", "outbox_mail", ["to_address"], postgresql_ops={"to_address": "text_pattern_ops"}
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_mail_to_address", table_name="outbox_mail")
    op.drop_index("ix_job_request_line_on_date", table_name="job_request_line")
    op.drop_index("ix_client_contact_name", table_name="client_contact")
