"""Money: taxes, terms, invoices, notes, packages, stored cards, payments, refunds, what the gateway says, the books.

Revision 0003, after 0002, 2026-11-26 07:23:48.389408.
"""

import sqlalchemy as sa
from alembic import op

from migrations.checks import add_reference, change_values, drop_reference

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NOTICES = [
    "request_received", "request_auto_submitted", "request_cancelled", "request_answered", "change_requested",
    "cancellation_requested", "visit_cancelled", "change_withdrawn", "client_message", "series_requested",
    "series_trouble", "basket_blocked", "mail_failed", "data_changed", "data_proposed", "pet_added", "pet_left",
    "files_uploaded", "vet_proposed", "vaccination_due", "agreement_accepted", "client_registered",
    "registration_waiting", "letter_received", "visits_of_archived",
]  # fmt: skip
NEW_NOTICES = [
    "payment_received", "payment_failed", "payment_returned", "payment_unclear", "method_changed", "note_opened",
    "refund_due", "refund_failed", "dispute_opened", "dispute_closed", "books_differ",
]  # fmt: skip
BULK = ["cancel", "move", "reassign", "generate", "invite"]
NEW_BULK = ["invoice", "charge", "statement"]


def upgrade() -> None:
    op.create_table(
        "gateway_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("payload_hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "demo",
                "development",
                "sandbox",
                "production",
                name="gatewaymode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "done",
                "unmatched",
                "dismissed",
                name="eventstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("n_tries", sa.Integer(), nullable=False),
        sa.Column("remark", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_event")),
        sa.UniqueConstraint("payload_hash", name=op.f("uq_gateway_event_payload_hash")),
    )
    with op.batch_alter_table("gateway_event", schema=None) as batch_op:
        batch_op.create_index("ix_gateway_event_state", ["state", "id"], unique=False)

    op.create_table(
        "payment_terms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "after_sent", "before_service", name="duekind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=255), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("days BETWEEN 0 AND 365", name=op.f("ck_payment_terms_days")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_terms")),
        sa.UniqueConstraint("name", name=op.f("uq_payment_terms_name")),
    )
    with op.batch_alter_table("payment_terms", schema=None) as batch_op:
        batch_op.create_index(
            "uq_payment_terms_default",
            ["is_default"],
            unique=True,
            sqlite_where=sa.text("is_default"),
            postgresql_where=sa.text("is_default"),
        )

    op.create_table(
        "tax_rate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("percent", sa.Numeric(precision=6, scale=3), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name=op.f("ck_tax_rate_percent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_rate")),
        sa.UniqueConstraint("name", name=op.f("uq_tax_rate_name")),
    )
    with op.batch_alter_table("tax_rate", schema=None) as batch_op:
        batch_op.create_index(
            "uq_tax_rate_default",
            ["is_default"],
            unique=True,
            sqlite_where=sa.text("is_default"),
            postgresql_where=sa.text("is_default"),
        )

    op.create_table(
        "gateway_finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "orphan",
                "missing",
                "amount",
                "double",
                "foreign_refund",
                name="findingkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("gateway_transaction_id", sa.String(length=64), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dismissed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dismissed_by_id"],
            ["staff.id"],
            name=op.f("fk_gateway_finding_dismissed_by_id_staff"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_finding")),
        sa.UniqueConstraint(
            "kind", "gateway_transaction_id", name=op.f("uq_gateway_finding_kind_gateway_transaction_id")
        ),
    )
    with op.batch_alter_table("gateway_finding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gateway_finding_dismissed_by_id"), ["dismissed_by_id"], unique=False)
        batch_op.create_index("ix_gateway_finding_open", ["dismissed_at", "id"], unique=False)

    op.create_table(
        "invoice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("standard", "deposit", name="invoicekind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "open",
                "paid",
                "void",
                "written_off",
                name="invoicestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("payment_terms_id", sa.Integer(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("first_on", sa.Date(), nullable=True),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("number", sa.String(length=40), nullable=True),
        sa.Column("subtotal", sa.BigInteger(), nullable=False),
        sa.Column("tax_total", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("tax_inclusive", sa.Boolean(), nullable=False),
        sa.Column("frozen", sa.JSON(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("debited", sa.BigInteger(), nullable=False),
        sa.Column("written_off", sa.BigInteger(), nullable=False),
        sa.Column("end_reason", sa.String(length=255), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'draft') = (number IS NULL)", name=op.f("ck_invoice_number")),
        sa.CheckConstraint("total >= 0 AND debited >= 0 AND written_off >= 0", name=op.f("ck_invoice_amounts")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_invoice_client_id_client"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["payment_terms_id"],
            ["payment_terms.id"],
            name=op.f("fk_invoice_payment_terms_id_payment_terms"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["invoice.id"], name=op.f("fk_invoice_replaces_id_invoice"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["bulk_run.id"], name=op.f("fk_invoice_run_id_bulk_run"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_invoice_staff_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint("number", name=op.f("uq_invoice_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_invoice_public_id")),
        sa.UniqueConstraint("sequence", name=op.f("uq_invoice_sequence")),
    )
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.create_index("ix_invoice_client_id", ["client_id", "state", "issued_on"], unique=False)
        batch_op.create_index("ix_invoice_due_on", ["due_on", "id"], unique=False)
        batch_op.create_index("ix_invoice_issued_on", ["issued_on", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoice_payment_terms_id"), ["payment_terms_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoice_replaces_id"), ["replaces_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoice_run_id"), ["run_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoice_staff_id"), ["staff_id"], unique=False)
        batch_op.create_index("ix_invoice_state", ["state", "due_on"], unique=False)
        batch_op.create_index("ix_invoice_total", ["total", "id"], unique=False)

    op.create_table(
        "posting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("verb", sa.String(length=40), nullable=False),
        sa.Column("event_key", sa.String(length=80), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("subject_type", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("memo", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_posting_client_id_client"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting")),
        sa.UniqueConstraint("event_key", name=op.f("uq_posting_event_key")),
    )
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.create_index("ix_posting_client_id", ["client_id", "on_date", "id"], unique=False)
        batch_op.create_index("ix_posting_on_date", ["on_date", "id"], unique=False)
        batch_op.create_index("ix_posting_subject", ["subject_type", "subject_id"], unique=False)

    op.create_table(
        "stored_method",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("card", "bank", name="methodkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "mode",
            sa.Enum(
                "demo",
                "development",
                "sandbox",
                "production",
                name="gatewaymode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("token", sa.String(length=255), nullable=False),
        sa.Column("brand", sa.String(length=120), nullable=False),
        sa.Column("last4", sa.String(length=4), nullable=False),
        sa.Column("expires", sa.String(length=7), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("allows_automatic", sa.Boolean(), nullable=False),
        sa.Column("is_verified", sa.Boolean(), nullable=False),
        sa.Column("verification", sa.String(length=40), nullable=False),
        sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blocked_reason", sa.String(length=255), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_stored_method_client_id_client"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_method")),
        sa.UniqueConstraint("mode", "token", name=op.f("uq_stored_method_mode_token")),
        sa.UniqueConstraint("public_id", name=op.f("uq_stored_method_public_id")),
    )
    with op.batch_alter_table("stored_method", schema=None) as batch_op:
        batch_op.create_index("ix_stored_method_client_id", ["client_id", "removed_at"], unique=False)
        batch_op.create_index(
            "uq_stored_method_default",
            ["client_id", "mode"],
            unique=True,
            sqlite_where=sa.text("is_default AND removed_at IS NULL"),
            postgresql_where=sa.text("is_default AND removed_at IS NULL"),
        )

    op.create_table(
        "visit_package",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("service_item_id", sa.Integer(), nullable=True),
        sa.Column("service_group_id", sa.Integer(), nullable=True),
        sa.Column("n_visits", sa.Integer(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("valid_days", sa.Integer(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(service_item_id IS NULL) <> (service_group_id IS NULL)", name=op.f("ck_visit_package_scope")
        ),
        sa.CheckConstraint("n_visits BETWEEN 1 AND 1000", name=op.f("ck_visit_package_n_visits")),
        sa.CheckConstraint("price >= 0", name=op.f("ck_visit_package_price")),
        sa.ForeignKeyConstraint(
            ["service_group_id"],
            ["service_group.id"],
            name=op.f("fk_visit_package_service_group_id_service_group"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["service_item_id"],
            ["service_item.id"],
            name=op.f("fk_visit_package_service_item_id_service_item"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_package")),
        sa.UniqueConstraint("name", name=op.f("uq_visit_package_name")),
    )
    with op.batch_alter_table("visit_package", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visit_package_service_group_id"), ["service_group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_visit_package_service_item_id"), ["service_item_id"], unique=False)

    op.create_table(
        "credit_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "credit", "debit", "deposit", name="notekind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "open", "committed", "dropped", name="notestate", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("invoice_id", sa.Integer(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("number", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("committed_on", sa.Date(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subtotal", sa.BigInteger(), nullable=False),
        sa.Column("tax_total", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("tax_inclusive", sa.Boolean(), nullable=False),
        sa.Column("frozen", sa.JSON(), nullable=False),
        sa.CheckConstraint("state <> 'committed' OR number IS NOT NULL", name=op.f("ck_credit_note_number")),
        sa.CheckConstraint("total >= 0", name=op.f("ck_credit_note_total")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_credit_note_client_id_client"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_credit_note_invoice_id_invoice"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_credit_note_staff_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_note")),
        sa.UniqueConstraint("kind", "sequence", name=op.f("uq_credit_note_kind_sequence")),
        sa.UniqueConstraint("number", name=op.f("uq_credit_note_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_credit_note_public_id")),
    )
    with op.batch_alter_table("credit_note", schema=None) as batch_op:
        batch_op.create_index("ix_credit_note_client_id", ["client_id", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_credit_note_invoice_id"), ["invoice_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credit_note_staff_id"), ["staff_id"], unique=False)
        batch_op.create_index("ix_credit_note_state", ["state", "id"], unique=False)
        batch_op.create_index(
            "uq_credit_note_open",
            ["invoice_id", "kind"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "invoice_reminder",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_reminder_invoice_id_invoice"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_reminder")),
        sa.UniqueConstraint("invoice_id", "step", name=op.f("uq_invoice_reminder_invoice_id_step")),
    )
    op.create_table(
        "invoice_tax",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("percent", sa.Numeric(precision=6, scale=3), nullable=False),
        sa.Column("base", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_tax_invoice_id_invoice"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_tax")),
    )
    with op.batch_alter_table("invoice_tax", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invoice_tax_invoice_id"), ["invoice_id"], unique=False)

    op.create_table(
        "payment_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "sending",
                "succeeded",
                "declined",
                "rejected",
                "not_sent",
                "unknown",
                "not_charged",
                name="attemptstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("method_id", sa.Integer(), nullable=True),
        sa.Column("nonce", sa.String(length=255), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("card", "bank", name="method_kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("store_method", sa.Boolean(), nullable=False),
        sa.Column("allow_automatic", sa.Boolean(), nullable=False),
        sa.Column("three_d_secure", sa.String(length=20), nullable=False),
        sa.Column("tip_amount", sa.BigInteger(), nullable=False),
        sa.Column("tip_note", sa.String(length=255), nullable=False),
        sa.Column("client_login_id", sa.Integer(), nullable=True),
        sa.Column("is_automatic", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("submit_key", sa.String(length=80), nullable=False),
        sa.Column("order_id", sa.String(length=40), nullable=False),
        sa.Column("request_key", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "demo",
                "development",
                "sandbox",
                "production",
                name="gatewaymode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "via",
            sa.Enum(
                "portal", "office", "worker", "cli", name="via", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("gateway_transaction_id", sa.String(length=64), nullable=True),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("message", sa.String(length=255), nullable=False),
        sa.Column("n_looks", sa.Integer(), nullable=False),
        sa.Column("next_look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("watch_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "amount > 0 AND tip_amount >= 0 AND tip_amount <= amount", name=op.f("ck_payment_attempt_amounts")
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_payment_attempt_client_id_client"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["client_login_id"],
            ["client_login.id"],
            name=op.f("fk_payment_attempt_client_login_id_client_login"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["method_id"],
            ["stored_method.id"],
            name=op.f("fk_payment_attempt_method_id_stored_method"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_payment_attempt_staff_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_attempt")),
        sa.UniqueConstraint("order_id", name=op.f("uq_payment_attempt_order_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_payment_attempt_public_id")),
        sa.UniqueConstraint("submit_key", name=op.f("uq_payment_attempt_submit_key")),
    )
    with op.batch_alter_table("payment_attempt", schema=None) as batch_op:
        batch_op.create_index("ix_payment_attempt_client_id", ["client_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_attempt_client_login_id"), ["client_login_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_payment_attempt_gateway_transaction_id"), ["gateway_transaction_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_payment_attempt_method_id"), ["method_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_attempt_staff_id"), ["staff_id"], unique=False)
        batch_op.create_index("ix_payment_attempt_state", ["state", "next_look_at"], unique=False)

    op.create_table(
        "payment_consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("method_id", sa.Integer(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "bank_mandate", "automatic", name="consentkind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("is_given", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=120), nullable=False),
        sa.Column("client_login_id", sa.Integer(), nullable=True),
        sa.Column("by_name", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_payment_consent_client_id_client"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["client_login_id"],
            ["client_login.id"],
            name=op.f("fk_payment_consent_client_login_id_client_login"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["method_id"],
            ["stored_method.id"],
            name=op.f("fk_payment_consent_method_id_stored_method"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_consent")),
    )
    with op.batch_alter_table("payment_consent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payment_consent_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_consent_client_login_id"), ["client_login_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_consent_method_id"), ["method_id"], unique=False)

    op.create_table(
        "posting_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("posting_id", sa.Integer(), nullable=False),
        sa.Column(
            "account",
            sa.Enum(
                "receivable",
                "client_credit",
                "deposits_billed",
                "deposits_held",
                "income",
                "tax_payable",
                "tips_payable",
                "cash",
                "gateway",
                "bad_debt",
                name="account",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_posting_line_amount")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_posting_line_client_id_client"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["posting_id"], ["posting.id"], name=op.f("fk_posting_line_posting_id_posting"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting_line")),
    )
    with op.batch_alter_table("posting_line", schema=None) as batch_op:
        batch_op.create_index("ix_posting_line_account", ["account", "client_id"], unique=False)
        batch_op.create_index("ix_posting_line_client_id", ["client_id", "account", "amount"], unique=False)
        batch_op.create_index(batch_op.f("ix_posting_line_posting_id"), ["posting_id"], unique=False)

    op.create_table(
        "attempt_target",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_attempt_target_amount")),
        sa.ForeignKeyConstraint(
            ["attempt_id"],
            ["payment_attempt.id"],
            name=op.f("fk_attempt_target_attempt_id_payment_attempt"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_attempt_target_invoice_id_invoice"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt_target")),
    )
    with op.batch_alter_table("attempt_target", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attempt_target_attempt_id"), ["attempt_id"], unique=False)
        batch_op.create_index("ix_attempt_target_invoice_id", ["invoice_id"], unique=False)
        batch_op.create_index(
            "uq_attempt_target_active",
            ["invoice_id"],
            unique=True,
            sqlite_where=sa.text("is_active"),
            postgresql_where=sa.text("is_active"),
        )

    op.create_table(
        "payment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "card",
                "bank",
                "cash",
                "cheque",
                "transfer",
                "other",
                name="paymentkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "received",
                "returned",
                "voided",
                name="paymentstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("tip_amount", sa.BigInteger(), nullable=False),
        sa.Column("tip_note", sa.String(length=255), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("reference", sa.String(length=120), nullable=False),
        sa.Column("shown_as", sa.String(length=120), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=True),
        sa.Column("method_id", sa.Integer(), nullable=True),
        sa.Column("gateway_transaction_id", sa.String(length=64), nullable=True),
        sa.Column(
            "mode",
            sa.Enum(
                "demo",
                "development",
                "sandbox",
                "production",
                name="gatewaymode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=255), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("number", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "amount >= 0 AND tip_amount >= 0 AND amount + tip_amount > 0", name=op.f("ck_payment_amounts")
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"],
            ["payment_attempt.id"],
            name=op.f("fk_payment_attempt_id_payment_attempt"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_payment_client_id_client"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["method_id"], ["stored_method.id"], name=op.f("fk_payment_method_id_stored_method"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_payment_staff_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("gateway_transaction_id", name=op.f("uq_payment_gateway_transaction_id")),
        sa.UniqueConstraint("number", name=op.f("uq_payment_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_payment_public_id")),
        sa.UniqueConstraint("sequence", name=op.f("uq_payment_sequence")),
    )
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.create_index("ix_payment_amount", ["amount", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_attempt_id"), ["attempt_id"], unique=True)
        batch_op.create_index("ix_payment_client_id", ["client_id", "received_on", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_method_id"), ["method_id"], unique=False)
        batch_op.create_index("ix_payment_received_on", ["received_on", "id"], unique=False)
        batch_op.create_index("ix_payment_settling", ["settled_at", "mode"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_staff_id"), ["staff_id"], unique=False)

    op.create_table(
        "dispute",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("gateway_dispute_id", sa.String(length=64), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "won",
                "lost",
                "accepted",
                "expired",
                name="disputestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("amount_disputed", sa.BigInteger(), nullable=False),
        sa.Column("amount_lost", sa.BigInteger(), nullable=False),
        sa.Column("tip_lost", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=120), nullable=False),
        sa.Column("reply_by", sa.Date(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_dispute_payment_id_payment"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
        sa.UniqueConstraint("gateway_dispute_id", name=op.f("uq_dispute_gateway_dispute_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_dispute_public_id")),
    )
    with op.batch_alter_table("dispute", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dispute_payment_id"), ["payment_id"], unique=False)
        batch_op.create_index("ix_dispute_state", ["state", "reply_by"], unique=False)

    op.create_table(
        "invoice_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "visit",
                "item",
                "fee",
                "discount",
                "package",
                "deposit",
                name="linekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column("service_item_id", sa.Integer(), nullable=True),
        sa.Column("on_date", sa.Date(), nullable=True),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("detail", sa.String(length=255), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=9, scale=3), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("percent", sa.Numeric(precision=6, scale=3), nullable=True),
        sa.Column("visit_package_id", sa.Integer(), nullable=True),
        sa.Column("tax_rate_id", sa.Integer(), nullable=True),
        sa.Column("tax_name", sa.String(length=120), nullable=False),
        sa.Column("tax_percent", sa.Numeric(precision=6, scale=3), nullable=False),
        sa.Column("price_lines", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_line_invoice_id_invoice"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_invoice_line_job_id_job"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["service_item_id"],
            ["service_item.id"],
            name=op.f("fk_invoice_line_service_item_id_service_item"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["tax_rate_id"], ["tax_rate.id"], name=op.f("fk_invoice_line_tax_rate_id_tax_rate"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["visit_package_id"],
            ["visit_package.id"],
            name=op.f("fk_invoice_line_visit_package_id_visit_package"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_line")),
        sa.UniqueConstraint("public_id", name=op.f("uq_invoice_line_public_id")),
    )
    with op.batch_alter_table("invoice_line", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invoice_line_invoice_id"), ["invoice_id"], unique=False)
        batch_op.create_index("ix_invoice_line_job_id", ["job_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoice_line_service_item_id"), ["service_item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoice_line_tax_rate_id"), ["tax_rate_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoice_line_visit_package_id"), ["visit_package_id"], unique=False)
        batch_op.create_index(
            "uq_invoice_line_job",
            ["job_id"],
            unique=True,
            sqlite_where=sa.text("is_live AND job_id IS NOT NULL"),
            postgresql_where=sa.text("is_live AND job_id IS NOT NULL"),
        )

    op.create_table(
        "refund",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "succeeded",
                "unknown",
                "failed",
                name="refundstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "way",
            sa.Enum(
                "reverse",
                "refund",
                "reduce",
                "recorded",
                name="refundway",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "card",
                "bank",
                "cash",
                "cheque",
                "transfer",
                "other",
                name="refund_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("tip_amount", sa.BigInteger(), nullable=False),
        sa.Column("refunded_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("submit_key", sa.String(length=80), nullable=False),
        sa.Column("order_id", sa.String(length=40), nullable=False),
        sa.Column("request_key", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "demo",
                "development",
                "sandbox",
                "production",
                name="gatewaymode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "via",
            sa.Enum(
                "portal", "office", "worker", "cli", name="via", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("gateway_transaction_id", sa.String(length=64), nullable=True),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("message", sa.String(length=255), nullable=False),
        sa.Column("n_looks", sa.Integer(), nullable=False),
        sa.Column("next_look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("watch_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("number", sa.String(length=40), nullable=True),
        sa.CheckConstraint("amount > 0 AND tip_amount >= 0 AND tip_amount <= amount", name=op.f("ck_refund_amounts")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_refund_client_id_client"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_refund_payment_id_payment"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_refund_staff_id_staff"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.UniqueConstraint("number", name=op.f("uq_refund_number")),
        sa.UniqueConstraint("order_id", name=op.f("uq_refund_order_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_refund_public_id")),
        sa.UniqueConstraint("sequence", name=op.f("uq_refund_sequence")),
        sa.UniqueConstraint("submit_key", name=op.f("uq_refund_submit_key")),
    )
    with op.batch_alter_table("refund", schema=None) as batch_op:
        batch_op.create_index("ix_refund_client_id", ["client_id", "refunded_on", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_refund_gateway_transaction_id"), ["gateway_transaction_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_refund_payment_id"), ["payment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_refund_staff_id"), ["staff_id"], unique=False)
        batch_op.create_index("ix_refund_state", ["state", "next_look_at"], unique=False)

    op.create_table(
        "tip_share",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_tip_share_amount")),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_tip_share_payment_id_payment"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_tip_share_staff_id_staff"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tip_share")),
        sa.UniqueConstraint("payment_id", "staff_id", name=op.f("uq_tip_share_payment_id_staff_id")),
    )
    with op.batch_alter_table("tip_share", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tip_share_staff_id"), ["staff_id"], unique=False)

    op.create_table(
        "allocation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=True),
        sa.Column("note_id", sa.Integer(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("refund_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(payment_id IS NULL) <> (note_id IS NULL)", name=op.f("ck_allocation_source")),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_allocation_amount")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_allocation_client_id_client"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_allocation_invoice_id_invoice"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["note_id"], ["credit_note.id"], name=op.f("fk_allocation_note_id_credit_note"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_allocation_payment_id_payment"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["refund.id"], name=op.f("fk_allocation_refund_id_refund"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_allocation_staff_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocation")),
    )
    with op.batch_alter_table("allocation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_allocation_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_allocation_invoice_id"), ["invoice_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_allocation_note_id"), ["note_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_allocation_payment_id"), ["payment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_allocation_refund_id"), ["refund_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_allocation_staff_id"), ["staff_id"], unique=False)

    op.create_table(
        "client_package",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("visit_package_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("service_item_id", sa.Integer(), nullable=True),
        sa.Column("service_group_id", sa.Integer(), nullable=True),
        sa.Column("n_visits", sa.Integer(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("bought_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("invoice_line_id", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_client_package_client_id_client"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["invoice_line_id"],
            ["invoice_line.id"],
            name=op.f("fk_client_package_invoice_line_id_invoice_line"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["service_group_id"],
            ["service_group.id"],
            name=op.f("fk_client_package_service_group_id_service_group"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["service_item_id"],
            ["service_item.id"],
            name=op.f("fk_client_package_service_item_id_service_item"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["visit_package_id"],
            ["visit_package.id"],
            name=op.f("fk_client_package_visit_package_id_visit_package"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_package")),
        sa.UniqueConstraint("public_id", name=op.f("uq_client_package_public_id")),
    )
    with op.batch_alter_table("client_package", schema=None) as batch_op:
        batch_op.create_index("ix_client_package_client_id", ["client_id", "ended_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_client_package_invoice_line_id"), ["invoice_line_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_client_package_service_group_id"), ["service_group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_client_package_service_item_id"), ["service_item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_client_package_visit_package_id"), ["visit_package_id"], unique=False)

    op.create_table(
        "credit_note_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("note_id", sa.Integer(), nullable=False),
        sa.Column("invoice_line_id", sa.Integer(), nullable=True),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("on_date", sa.Date(), nullable=True),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("tax_name", sa.String(length=120), nullable=False),
        sa.Column("tax_percent", sa.Numeric(precision=6, scale=3), nullable=False),
        sa.Column(
            "refund_to",
            sa.Enum("credit", "money", "ask", name="refundto", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_credit_note_line_amount")),
        sa.ForeignKeyConstraint(
            ["invoice_line_id"],
            ["invoice_line.id"],
            name=op.f("fk_credit_note_line_invoice_line_id_invoice_line"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name=op.f("fk_credit_note_line_job_id_job"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["note_id"], ["credit_note.id"], name=op.f("fk_credit_note_line_note_id_credit_note"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_note_line")),
    )
    with op.batch_alter_table("credit_note_line", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credit_note_line_invoice_line_id"), ["invoice_line_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credit_note_line_job_id"), ["job_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credit_note_line_note_id"), ["note_id"], unique=False)

    op.create_table(
        "paper_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=True),
        sa.Column("note_id", sa.Integer(), nullable=True),
        sa.Column("payment_id", sa.Integer(), nullable=True),
        sa.Column("refund_id", sa.Integer(), nullable=True),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("storage_key", sa.String(length=255), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_paper_file_client_id_client"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_paper_file_invoice_id_invoice"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["note_id"], ["credit_note.id"], name=op.f("fk_paper_file_note_id_credit_note"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_paper_file_payment_id_payment"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["refund.id"], name=op.f("fk_paper_file_refund_id_refund"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_file")),
        sa.UniqueConstraint("content_hash", name=op.f("uq_paper_file_content_hash")),
    )
    with op.batch_alter_table("paper_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_paper_file_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_paper_file_invoice_id"), ["invoice_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_paper_file_note_id"), ["note_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_paper_file_payment_id"), ["payment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_paper_file_refund_id"), ["refund_id"], unique=False)

    op.create_table(
        "package_use",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("package_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_package_use_job_id_job"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["package_id"],
            ["client_package.id"],
            name=op.f("fk_package_use_package_id_client_package"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_package_use")),
        sa.UniqueConstraint("package_id", "position", name=op.f("uq_package_use_package_id_position")),
    )
    with op.batch_alter_table("package_use", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_package_use_job_id"), ["job_id"], unique=True)

    add_reference("client", "tax_rate_id", "tax_rate", ondelete="SET NULL")
    add_reference("client", "payment_terms_id", "payment_terms", ondelete="SET NULL")
    op.add_column("client", sa.Column("is_tax_exempt", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("client", sa.Column("tax_number", sa.String(length=40), nullable=False, server_default=""))
    op.add_column("client", sa.Column("pays_online", sa.Boolean(), nullable=False, server_default=sa.true()))
    add_reference("service_item", "tax_rate_id", "tax_rate", ondelete="SET NULL")
    change_values("notification", "kind", "notificationkind", NOTICES, [*NOTICES, *NEW_NOTICES])
    change_values("bulk_run", "kind", "bulkkind", BULK, [*BULK, *NEW_BULK])
    op.add_column("registration", sa.Column("terms", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("registration", "terms")
    # The older checks do not know these kinds.
    for name, kinds in (("notification", NEW_NOTICES), ("bulk_run", NEW_BULK)):
        table = sa.table(name, sa.column("kind", sa.String))
        op.execute(sa.delete(table).where(table.c.kind.in_(kinds)))
    change_values("bulk_run", "kind", "bulkkind", [*BULK, *NEW_BULK], BULK)
    change_values("notification", "kind", "notificationkind", [*NOTICES, *NEW_NOTICES], NOTICES)
    drop_reference("service_item", "tax_rate_id", "tax_rate", ondelete="SET NULL")
    for column in ("pays_online", "tax_number", "is_tax_exempt"):
        op.drop_column("client", column)
    drop_reference("client", "payment_terms_id", "payment_terms", ondelete="SET NULL")
    drop_reference("client", "tax_rate_id", "tax_rate", ondelete="SET NULL")
    for name in (
        "package_use",
        "paper_file",
        "credit_note_line",
        "client_package",
        "allocation",
        "tip_share",
        "refund",
        "invoice_line",
        "dispute",
        "payment",
        "attempt_target",
        "posting_line",
        "payment_consent",
        "payment_attempt",
        "invoice_tax",
        "invoice_reminder",
        "credit_note",
        "visit_package",
        "stored_method",
        "posting",
        "invoice",
        "gateway_finding",
        "tax_rate",
        "payment_terms",
        "gateway_event",
    ):
        op.drop_table(name)
