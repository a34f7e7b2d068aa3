"""Mails of an order wait for all others; people choose their language; pairs that are no duplicates; billed visits' lines.

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
    op.add_column(
        "job_request_line", sa.Column("billed_elsewhere", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("demo_record", sa.Column("is_beside", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "distinct_pair",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_type", sa.String(length=40), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("staff_name", sa.String(length=255), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_distinct_pair_order")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_distinct_pair_staff_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_distinct_pair")),
        sa.UniqueConstraint(
            "record_type", "first_id", "second_id", name=op.f("uq_distinct_pair_record_type_first_id_second_id")
        ),
    )
    op.create_index(op.f("ix_distinct_pair_staff_id"), "distinct_pair", ["staff_id"])
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
    op.drop_table("distinct_pair")
    op.drop_column("demo_record", "is_beside")
    op.drop_column("job_request_line", "billed_elsewhere")
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.drop_index(op.f("ix_outbox_mail_mailing_id"))
        batch_op.drop_constraint(op.f("fk_outbox_mail_mailing_id_mailing"), type_="foreignkey")
        batch_op.drop_column("mailing_id")
    for table in LOG_INS:
        op.drop_column(table, "locale")
