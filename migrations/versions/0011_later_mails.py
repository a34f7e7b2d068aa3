"""Mails of an order know their order, and wait for all others; people choose their language.

Revision 0011, after 0009, 2026-11-26 22:45:00.000000.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None


LOG_INS = ("client_login", "staff_login")


def upgrade() -> None:
    for table in LOG_INS:
        op.add_column(table, sa.Column("locale", sa.String(length=10), nullable=True))
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.add_column(sa.Column("mailing_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_outbox_mail_mailing_id_mailing"), "mailing", ["mailing_id"], ["id"], ondelete="SET NULL"
        )
        batch_op.create_index(op.f("ix_outbox_mail_mailing_id"), ["mailing_id"])
    mailing = sa.table("mailing", sa.column("id", sa.Integer))
    mail = sa.table("outbox_mail", sa.column("mailing_id", sa.Integer), sa.column("dedupe_key", sa.String))
    for (found,) in op.get_bind().execute(sa.select(mailing.c.id)).all():
        op.execute(sa.update(mail).where(mail.c.dedupe_key.like(f"mailing:{found}:%")).values(mailing_id=found))


def downgrade() -> None:
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.drop_index(op.f("ix_outbox_mail_mailing_id"))
        batch_op.drop_constraint(op.f("fk_outbox_mail_mailing_id_mailing"), type_="foreignkey")
        batch_op.drop_column("mailing_id")
    for table in LOG_INS:
        op.drop_column(table, "locale")
