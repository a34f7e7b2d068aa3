"""The desk: edited mail templates, refusals, own mails; imports and archives; saved views, comments.

Revision 0005, after 0004, 2026-11-26 15:03:16.810904.
"""

import sqlalchemy as sa
from alembic import op

from migrations.checks import change_values

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BULK = [
    "cancel", "move", "reassign", "generate", "invite", "invoice", "charge", "statement",
]  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "demo_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("table_name", sa.String(length=60), nullable=False),
        sa.Column("row_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demo_record")),
        sa.UniqueConstraint("table_name", "row_id", name=op.f("uq_demo_record_table_name_row_id")),
    )
    op.create_table(
        "import_mapping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "clients",
                "contacts",
                "pets",
                "vets",
                "services",
                "price_rules",
                "repeats",
                "visits",
                "keys",
                "balances",
                name="importkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("reading", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_mapping")),
        sa.UniqueConstraint("kind", "name", name=op.f("uq_import_mapping_kind_name")),
    )
    op.create_table(
        "imported_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "clients",
                "contacts",
                "pets",
                "vets",
                "services",
                "price_rules",
                "repeats",
                "visits",
                "keys",
                "balances",
                name="importkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("foreign_key", sa.String(length=255), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imported_record")),
        sa.UniqueConstraint("source", "kind", "foreign_key", name=op.f("uq_imported_record_source_kind_foreign_key")),
    )
    op.create_index("ix_imported_record_record", "imported_record", ["kind", "record_id"], unique=False)

    op.create_table(
        "mail_template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("in_use", sa.Integer(), nullable=True),
        sa.Column("broken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("broken_why", sa.String(length=255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_template")),
        sa.UniqueConstraint("kind", name=op.f("uq_mail_template_kind")),
    )
    op.create_table(
        "comment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("subject_type", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("author_name", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["staff.id"], name=op.f("fk_comment_author_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment")),
        sa.UniqueConstraint("public_id", name=op.f("uq_comment_public_id")),
    )
    op.create_index(op.f("ix_comment_author_id"), "comment", ["author_id"], unique=False)
    op.create_index("ix_comment_subject", "comment", ["subject_type", "subject_id", "id"], unique=False)

    op.create_table(
        "data_archive",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "running",
                "done",
                "failed",
                "gone",
                name="archivestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("with_files", sa.Boolean(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=True),
        sa.Column("n_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("n_done", sa.Integer(), nullable=False),
        sa.Column("n_total", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_data_archive_staff_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_archive")),
        sa.UniqueConstraint("public_id", name=op.f("uq_data_archive_public_id")),
    )
    op.create_index(op.f("ix_data_archive_staff_id"), "data_archive", ["staff_id"], unique=False)

    op.create_table(
        "import_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "clients",
                "contacts",
                "pets",
                "vets",
                "services",
                "price_rules",
                "repeats",
                "visits",
                "keys",
                "balances",
                name="importkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "matching",
                "checking",
                "checked",
                "running",
                "done",
                "undoing",
                "undone",
                "failed",
                "dropped",
                name="importstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("n_bytes", sa.Integer(), nullable=False),
        sa.Column("reading", sa.JSON(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("n_rows", sa.Integer(), nullable=False),
        sa.Column("n_done", sa.Integer(), nullable=False),
        sa.Column("n_new", sa.Integer(), nullable=False),
        sa.Column("n_changed", sa.Integer(), nullable=False),
        sa.Column("n_same", sa.Integer(), nullable=False),
        sa.Column("n_errors", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(length=255), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_import_run_staff_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
        sa.UniqueConstraint("public_id", name=op.f("uq_import_run_public_id")),
    )
    op.create_index(op.f("ix_import_run_staff_id"), "import_run", ["staff_id"], unique=False)
    op.create_index("ix_import_run_state", "import_run", ["state", "id"], unique=False)

    op.create_table(
        "mail_template_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by_id", sa.Integer(), nullable=True),
        sa.Column("saved_by_name", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["saved_by_id"], ["staff.id"], name=op.f("fk_mail_template_version_saved_by_id_staff"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["mail_template.id"],
            name=op.f("fk_mail_template_version_template_id_mail_template"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_template_version")),
        sa.UniqueConstraint("template_id", "number", name=op.f("uq_mail_template_version_template_id_number")),
    )
    op.create_index(
        op.f("ix_mail_template_version_saved_by_id"), "mail_template_version", ["saved_by_id"], unique=False
    )

    op.create_table(
        "saved_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("list_name", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_saved_view_staff_id_staff"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("public_id", name=op.f("uq_saved_view_public_id")),
        sa.UniqueConstraint("staff_id", "list_name", "name", name=op.f("uq_saved_view_staff_id_list_name_name")),
    )
    op.create_index("ix_saved_view_list", "saved_view", ["list_name", "is_shared"], unique=False)

    op.create_table(
        "import_row",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "new",
                "changed",
                "same",
                "error",
                name="rowoutcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("about", sa.String(length=255), nullable=False),
        sa.Column("record_type", sa.String(length=40), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=True),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("is_undone", sa.Boolean(), nullable=False),
        sa.Column("kept_why", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["import_run.id"], name=op.f("fk_import_row_run_id_import_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_row")),
        sa.UniqueConstraint("run_id", "number", name=op.f("uq_import_row_run_id_number")),
    )
    op.create_index("ix_import_row_outcome", "import_row", ["run_id", "outcome", "number"], unique=False)

    op.create_table(
        "mailing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("is_news", sa.Boolean(), nullable=False),
        sa.Column("chosen", sa.JSON(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("staff_name", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["bulk_run.id"], name=op.f("fk_mailing_run_id_bulk_run"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_mailing_staff_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing")),
        sa.UniqueConstraint("public_id", name=op.f("uq_mailing_public_id")),
    )
    op.create_index(op.f("ix_mailing_run_id"), "mailing", ["run_id"], unique=False)
    op.create_index(op.f("ix_mailing_staff_id"), "mailing", ["staff_id"], unique=False)

    op.create_table(
        "mail_refusal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=255), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "bounced", "unsubscribed", name="refusalkind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=True),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_mail_refusal_client_id_client"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["mail_id"], ["outbox_mail.id"], name=op.f("fk_mail_refusal_mail_id_outbox_mail"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_refusal")),
        sa.UniqueConstraint("address", "kind", name=op.f("uq_mail_refusal_address_kind")),
    )
    op.create_index(op.f("ix_mail_refusal_client_id"), "mail_refusal", ["client_id"], unique=False)
    op.create_index(op.f("ix_mail_refusal_mail_id"), "mail_refusal", ["mail_id"], unique=False)

    change_values("bulk_run", "kind", "bulkkind", BULK, [*BULK, "mailing"])


def downgrade() -> None:
    op.execute("DELETE FROM bulk_run WHERE kind = 'mailing'")  # the older check does not know it
    change_values("bulk_run", "kind", "bulkkind", [*BULK, "mailing"], BULK)
    op.drop_index("ix_mail_refusal_mail_id", "mail_refusal")
    op.drop_index("ix_mail_refusal_client_id", "mail_refusal")

    op.drop_table("mail_refusal")
    op.drop_index("ix_mailing_staff_id", "mailing")
    op.drop_index("ix_mailing_run_id", "mailing")

    op.drop_table("mailing")
    op.drop_index("ix_import_row_outcome", "import_row")

    op.drop_table("import_row")
    op.drop_index("ix_saved_view_list", "saved_view")

    op.drop_table("saved_view")
    op.drop_index("ix_mail_template_version_saved_by_id", "mail_template_version")

    op.drop_table("mail_template_version")
    op.drop_index("ix_import_run_state", "import_run")
    op.drop_index("ix_import_run_staff_id", "import_run")

    op.drop_table("import_run")
    op.drop_index("ix_data_archive_staff_id", "data_archive")

    op.drop_table("data_archive")
    op.drop_index("ix_comment_subject", "comment")
    op.drop_index("ix_comment_author_id", "comment")

    op.drop_table("comment")
    op.drop_table("mail_template")
    op.drop_index("ix_imported_record_record", "imported_record")

    op.drop_table("imported_record")
    op.drop_table("import_mapping")
    op.drop_table("demo_record")
