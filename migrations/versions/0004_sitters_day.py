"""The sitter's day: check-ins, alerts, report cards, keys, pay runs, messages, time off that is asked for.

Revision 0004, after 0003, 2026-11-26 10:38:19.020050.
"""

import sqlalchemy as sa
from alembic import op

from migrations.checks import add_choice, add_reference, change_check, change_values, drop_choice, drop_reference

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NOTICES = [
    "request_received", "request_auto_submitted", "request_cancelled", "request_answered", "change_requested",
    "cancellation_requested", "visit_cancelled", "change_withdrawn", "client_message", "series_requested",
    "series_trouble", "basket_blocked", "mail_failed", "data_changed", "data_proposed", "pet_added", "pet_left",
    "files_uploaded", "vet_proposed", "vaccination_due", "agreement_accepted", "client_registered",
    "registration_waiting", "letter_received", "visits_of_archived",
    "payment_received", "payment_failed", "payment_returned", "payment_unclear", "method_changed", "note_opened",
    "refund_due", "refund_failed", "dispute_opened", "dispute_closed", "books_differ",
]  # fmt: skip
NEW_NOTICES = [
    "time_off_requested", "time_off_withdrawn", "sitter_message", "report_sent", "report_thanked", "key_moved",
    "key_lost", "check_refused",
]  # fmt: skip
FIELDS = [
    "text", "long_text", "number", "date", "yes_no", "choice", "multi_choice", "email", "phone", "link", "image",
    "file",
]  # fmt: skip
FILES = ["pet_photo", "field", "upload", "form", "certificate", "agreement"]
TIME_OFF = ["requested", "approved", "declined", "withdrawn"]
OWNER = (
    "CASE WHEN client_id IS NULL THEN 0 ELSE 1 END + CASE WHEN pet_id IS NULL THEN 0 ELSE 1 END"
    " + CASE WHEN staff_id IS NULL THEN 0 ELSE 1 END = 1"
)
NEW_OWNER = OWNER.replace(" = 1", " + CASE WHEN report_card_id IS NULL THEN 0 ELSE 1 END = 1")


def upgrade() -> None:
    op.create_table(
        "pay_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("upto_on", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("made", "undone", name="payrunstate", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("by_staff_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_staff_id"], ["staff.id"], name=op.f("fk_pay_run_by_staff_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_run")),
        sa.UniqueConstraint("number", name=op.f("uq_pay_run_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_pay_run_public_id")),
    )
    op.create_index(op.f("ix_pay_run_by_staff_id"), "pay_run", ["by_staff_id"], unique=False)
    op.create_index("ix_pay_run_created_at", "pay_run", ["created_at", "id"], unique=False)

    op.create_table(
        "home_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column(
            "place",
            sa.Enum(
                "office",
                "staff",
                "client",
                "lost",
                name="keyplace",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("holder_id", sa.Integer(), nullable=True),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(place = 'staff') = (holder_id IS NOT NULL)", name=op.f("ck_home_key_holder")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_home_key_client_id_client"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["staff.id"], name=op.f("fk_home_key_holder_id_staff"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_home_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_home_key_public_id")),
    )
    op.create_index(op.f("ix_home_key_client_id"), "home_key", ["client_id"], unique=False)
    op.create_index(op.f("ix_home_key_holder_id"), "home_key", ["holder_id"], unique=False)
    op.create_index("ix_home_key_moved_at", "home_key", ["moved_at", "id"], unique=False)
    op.create_index("ix_home_key_place", "home_key", ["place", "holder_id"], unique=False)
    op.create_index(
        "uq_home_key_reference",
        "home_key",
        ["reference"],
        unique=True,
        sqlite_where=sa.text("retired_at IS NULL"),
        postgresql_where=sa.text("retired_at IS NULL"),
    )

    op.create_table(
        "pay_statement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("n_visits", sa.Integer(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["pay_run.id"], name=op.f("fk_pay_statement_run_id_pay_run"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_pay_statement_staff_id_staff"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_statement")),
        sa.UniqueConstraint("public_id", name=op.f("uq_pay_statement_public_id")),
        sa.UniqueConstraint("run_id", "staff_id", name=op.f("uq_pay_statement_run_id_staff_id")),
    )
    op.create_index(op.f("ix_pay_statement_staff_id"), "pay_statement", ["staff_id"], unique=False)

    op.create_table(
        "key_move",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "place",
            sa.Enum(
                "office",
                "staff",
                "client",
                "lost",
                name="keyplace",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("holder_id", sa.Integer(), nullable=True),
        sa.Column(
            "from_place",
            sa.Enum(
                "office",
                "staff",
                "client",
                "lost",
                name="from_place",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("from_holder_id", sa.Integer(), nullable=True),
        sa.Column("by_staff_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_staff_id"], ["staff.id"], name=op.f("fk_key_move_by_staff_id_staff"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["from_holder_id"], ["staff.id"], name=op.f("fk_key_move_from_holder_id_staff"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["staff.id"], name=op.f("fk_key_move_holder_id_staff"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["key_id"], ["home_key.id"], name=op.f("fk_key_move_key_id_home_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_move")),
    )
    op.create_index(op.f("ix_key_move_by_staff_id"), "key_move", ["by_staff_id"], unique=False)
    op.create_index(op.f("ix_key_move_from_holder_id"), "key_move", ["from_holder_id"], unique=False)
    op.create_index(op.f("ix_key_move_holder_id"), "key_move", ["holder_id"], unique=False)
    op.create_index(op.f("ix_key_move_key_id"), "key_move", ["key_id"], unique=False)

    op.create_table(
        "report_card",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("draft", "sent", name="reportstate", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("office_note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("thanked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("thanks", sa.Text(), nullable=False),
        sa.Column("thanked_by_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_report_card_job_id_job"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_report_card_staff_id_staff"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["thanked_by_id"],
            ["client_login.id"],
            name=op.f("fk_report_card_thanked_by_id_client_login"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_card")),
        sa.UniqueConstraint("public_id", name=op.f("uq_report_card_public_id")),
    )
    op.create_index(op.f("ix_report_card_job_id"), "report_card", ["job_id"], unique=True)
    op.create_index(op.f("ix_report_card_staff_id"), "report_card", ["staff_id"], unique=False)
    op.create_index("ix_report_card_sent_at", "report_card", ["sent_at", "id"], unique=False)
    op.create_index("ix_report_card_state", "report_card", ["state", "sent_at", "id"], unique=False)
    op.create_index(op.f("ix_report_card_thanked_by_id"), "report_card", ["thanked_by_id"], unique=False)

    op.create_table(
        "sitter_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("from_office", sa.Boolean(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("author_name", sa.String(length=255), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["staff.id"], name=op.f("fk_sitter_message_author_id_staff"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_sitter_message_job_id_job"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_sitter_message_staff_id_staff"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sitter_message")),
        sa.UniqueConstraint("public_id", name=op.f("uq_sitter_message_public_id")),
    )
    op.create_index(op.f("ix_sitter_message_author_id"), "sitter_message", ["author_id"], unique=False)
    op.create_index(op.f("ix_sitter_message_job_id"), "sitter_message", ["job_id"], unique=False)
    op.create_index("ix_sitter_message_staff_id", "sitter_message", ["staff_id", "id"], unique=False)
    op.create_index("ix_sitter_message_unread", "sitter_message", ["from_office", "read_at", "id"], unique=False)

    op.create_table(
        "visit_alert",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "unacknowledged",
                "late",
                "overdue",
                "short",
                "far",
                "no_place",
                "not_completed",
                name="alertkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("sitter_id", sa.Integer(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_visit_alert_job_id_job"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["seen_by_id"], ["staff.id"], name=op.f("fk_visit_alert_seen_by_id_staff"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["sitter_id"], ["staff.id"], name=op.f("fk_visit_alert_sitter_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_alert")),
        sa.UniqueConstraint("job_id", "kind", name=op.f("uq_visit_alert_job_id_kind")),
    )
    op.create_index("ix_visit_alert_raised_at", "visit_alert", ["raised_at", "id"], unique=False)
    op.create_index("ix_visit_alert_open", "visit_alert", ["seen_at", "cleared_at", "id"], unique=False)
    op.create_index(op.f("ix_visit_alert_seen_by_id"), "visit_alert", ["seen_by_id"], unique=False)
    op.create_index(op.f("ix_visit_alert_sitter_id"), "visit_alert", ["sitter_id"], unique=False)

    op.create_table(
        "visit_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("in", "out", name="checkkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("phone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column(
            "place",
            sa.Enum(
                "given",
                "refused",
                "unavailable",
                "adjusted",
                name="placesource",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("accuracy_metres", sa.Integer(), nullable=True),
        sa.Column("distance_metres", sa.Integer(), nullable=True),
        sa.Column("key", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(latitude IS NULL) = (longitude IS NULL) AND (latitude IS NULL OR latitude BETWEEN -90 AND 90) AND (longitude IS NULL OR longitude BETWEEN -180 AND 180)",
            name=op.f("ck_visit_check_place_on_earth"),
        ),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_visit_check_job_id_job"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_visit_check_staff_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_check")),
        sa.UniqueConstraint("key", name=op.f("uq_visit_check_key")),
    )
    op.create_index(op.f("ix_visit_check_job_id"), "visit_check", ["job_id"], unique=False)
    op.create_index(op.f("ix_visit_check_staff_id"), "visit_check", ["staff_id"], unique=False)
    op.create_index(
        "uq_visit_check_counts",
        "visit_check",
        ["job_id", "kind"],
        unique=True,
        sqlite_where=sa.text("replaced_at IS NULL"),
        postgresql_where=sa.text("replaced_at IS NULL"),
    )

    op.create_table(
        "pay_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("statement_id", sa.Integer(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "visit",
                "cancellation",
                "tip",
                "correction",
                "extra",
                name="paylinekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("text", sa.String(length=255), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("tip_share_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_pay_line_job_id_job"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_pay_line_staff_id_staff"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["pay_statement.id"],
            name=op.f("fk_pay_line_statement_id_pay_statement"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tip_share_id"], ["tip_share.id"], name=op.f("fk_pay_line_tip_share_id_tip_share"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_line")),
        sa.UniqueConstraint("public_id", name=op.f("uq_pay_line_public_id")),
    )
    op.create_index("ix_pay_line_job", "pay_line", ["job_id", "id"], unique=False)
    op.create_index("ix_pay_line_staff_id", "pay_line", ["staff_id", "on_date"], unique=False)
    op.create_index(op.f("ix_pay_line_statement_id"), "pay_line", ["statement_id"], unique=False)
    op.create_index("ix_pay_line_tip_share", "pay_line", ["tip_share_id", "id"], unique=False)
    op.create_index(
        "uq_pay_line_job",
        "pay_line",
        ["job_id"],
        unique=True,
        sqlite_where=sa.text("released_at IS NULL AND kind IN ('visit', 'cancellation')"),
        postgresql_where=sa.text("released_at IS NULL AND kind IN ('visit', 'cancellation')"),
    )
    op.create_index(
        "uq_pay_line_tip",
        "pay_line",
        ["tip_share_id"],
        unique=True,
        sqlite_where=sa.text("released_at IS NULL AND kind = 'tip'"),
        postgresql_where=sa.text("released_at IS NULL AND kind = 'tip'"),
    )

    op.add_column("client", sa.Column("latitude", sa.Double(), nullable=True))
    op.add_column("client", sa.Column("longitude", sa.Double(), nullable=True))
    op.add_column("client", sa.Column("key_not_needed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("job", sa.Column("checked_in_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("job", sa.Column("checked_out_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("job", sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("staff", sa.Column("mails_off", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("staff", sa.Column("quiet_from", sa.Time(), nullable=True))
    op.add_column("staff", sa.Column("quiet_until", sa.Time(), nullable=True))

    add_reference("field_value", "report_card_id", "report_card", ondelete="CASCADE")
    change_check("field_value", "one_owner", OWNER, NEW_OWNER)
    op.create_index("uq_field_value_report_card", "field_value", ["field_id", "report_card_id"], unique=True)
    add_reference("stored_file", "report_card_id", "report_card", ondelete="CASCADE")
    add_choice("time_off", "state", "timeoffstate", TIME_OFF, default="approved")
    op.add_column("time_off", sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("time_off", sa.Column("answer", sa.String(length=255), nullable=False, server_default=""))
    add_reference("time_off", "decided_by_id", "staff", ondelete="SET NULL")
    op.create_index("ix_time_off_state", "time_off", ["state", "first_on"])

    change_values("notification", "kind", "notificationkind", NOTICES, [*NOTICES, *NEW_NOTICES])
    change_values("custom_field", "kind", "fieldkind", FIELDS, [*FIELDS, "task"])
    change_values("stored_file", "purpose", "filepurpose", FILES, [*FILES, "report"])


def downgrade() -> None:
    # The older tables do not know these kinds, nor whom such rows belong to.
    for name, column, kinds in (
        ("notification", "kind", NEW_NOTICES),
        ("stored_file", "purpose", ["report"]),
        ("time_off", "state", ["requested", "declined", "withdrawn"]),
    ):
        table = sa.table(name, sa.column(column, sa.String))
        op.execute(sa.delete(table).where(table.c[column].in_(kinds)))
    op.execute("DELETE FROM field_value WHERE report_card_id IS NOT NULL")
    op.execute("DELETE FROM field_value WHERE field_id IN (SELECT id FROM custom_field WHERE kind = 'task')")
    op.execute("DELETE FROM custom_field WHERE kind = 'task'")
    change_values("stored_file", "purpose", "filepurpose", [*FILES, "report"], FILES)
    change_values("custom_field", "kind", "fieldkind", [*FIELDS, "task"], FIELDS)
    change_values("notification", "kind", "notificationkind", [*NOTICES, *NEW_NOTICES], NOTICES)

    op.drop_index("ix_time_off_state", "time_off")
    drop_reference("time_off", "decided_by_id", "staff", ondelete="SET NULL")
    op.drop_column("time_off", "answer")
    op.drop_column("time_off", "decided_at")
    drop_choice("time_off", "state", "timeoffstate", TIME_OFF, default="approved")
    drop_reference("stored_file", "report_card_id", "report_card", ondelete="CASCADE")
    op.drop_index("uq_field_value_report_card", "field_value")
    change_check("field_value", "one_owner", NEW_OWNER, OWNER)
    drop_reference("field_value", "report_card_id", "report_card", ondelete="CASCADE")

    for name, columns in (
        ("staff", ("quiet_until", "quiet_from", "mails_off")),
        ("job", ("completed_at", "checked_out_at", "checked_in_at")),
        ("client", ("key_not_needed", "longitude", "latitude")),
    ):
        for column in columns:
            op.drop_column(name, column)
    for name in (
        "pay_line",
        "visit_check",
        "visit_alert",
        "sitter_message",
        "report_card",
        "key_move",
        "pay_statement",
        "home_key",
        "pay_run",
    ):
        op.drop_table(name)
