"""The first tables: people, pets, catalogue, requests, visits, mail, log.

Revision 0001, after , 2026-11-23 23:54:24.168072.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "closed_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("last_on >= first_on", name=op.f("ck_closed_day_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closed_day")),
    )
    with op.batch_alter_table("closed_day", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_closed_day_first_on"), ["first_on"], unique=False)

    op.create_table(
        "counter",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "form_key",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("result", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_form_key")),
    )
    with op.batch_alter_table("form_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_form_key_used_at"), ["used_at"], unique=False)

    op.create_table(
        "login_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "realm",
            sa.Enum("staff", "client", name="realm", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("account_key", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_attempt")),
    )
    with op.batch_alter_table("login_attempt", schema=None) as batch_op:
        batch_op.create_index("ix_login_attempt_account", ["account_key", "at"], unique=False)
        batch_op.create_index("ix_login_attempt_address", ["address", "at"], unique=False)
        batch_op.create_index("ix_login_attempt_at", ["at"], unique=False)

    op.create_table(
        "public_holiday",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("is_closed", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_public_holiday")),
        sa.UniqueConstraint("on_date", name=op.f("uq_public_holiday_on_date")),
    )
    op.create_table(
        "service_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "request_limit_kind",
            sa.Enum(
                "none",
                "hours",
                "days",
                "today_after",
                "tomorrow_after",
                name="limitkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("request_limit_number", sa.Integer(), nullable=True),
        sa.Column("request_limit_time", sa.Time(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_group")),
        sa.UniqueConstraint("name", name=op.f("uq_service_group_name")),
    )
    op.create_table(
        "setting",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_setting")),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("first_name", sa.String(length=120), nullable=False),
        sa.Column("last_name", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column(
            "role",
            sa.Enum(
                "owner", "manager", "sitter", name="staffrole", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("is_sitter", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("public_id", name=op.f("uq_staff_public_id")),
    )
    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_email"), ["email"], unique=False)
        batch_op.create_index("ix_staff_name", ["first_name", "last_name"], unique=False)

    op.create_table(
        "time_block",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("starts_at", sa.Time(), nullable=False),
        sa.Column("ends_at", sa.Time(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_block")),
        sa.UniqueConstraint("name", name=op.f("uq_time_block_name")),
    )
    op.create_table(
        "vet",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("address", sa.String(length=255), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vet")),
    )
    with op.batch_alter_table("vet", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_vet_name"), ["name"], unique=False)

    op.create_table(
        "client",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("account_number", sa.String(length=10), nullable=False),
        sa.Column("first_name", sa.String(length=120), nullable=False),
        sa.Column("last_name", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("address_line1", sa.String(length=255), nullable=False),
        sa.Column("address_line2", sa.String(length=255), nullable=False),
        sa.Column("city", sa.String(length=120), nullable=False),
        sa.Column("postcode", sa.String(length=20), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "prospect",
                "active",
                "inactive",
                "archived",
                name="clientstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("portal_enabled", sa.Boolean(), nullable=False),
        sa.Column("primary_sitter_id", sa.Integer(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["primary_sitter_id"], ["staff.id"], name=op.f("fk_client_primary_sitter_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
        sa.UniqueConstraint("account_number", name=op.f("uq_client_account_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_client_public_id")),
    )
    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.create_index("ix_client_created_at", ["created_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_client_email"), ["email"], unique=False)
        batch_op.create_index("ix_client_name", ["last_name", "first_name", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_client_phone"), ["phone"], unique=False)
        batch_op.create_index(batch_op.f("ix_client_primary_sitter_id"), ["primary_sitter_id"], unique=False)
        batch_op.create_index("ix_client_status", ["status", "id"], unique=False)

    op.create_table(
        "service_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("extra_pet_price", sa.BigInteger(), nullable=False),
        sa.Column(
            "pay_kind",
            sa.Enum("amount", "percent", name="paykind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("pay_amount", sa.BigInteger(), nullable=False),
        sa.Column("pay_percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column(
            "time_type",
            sa.Enum(
                "standard",
                "time_block",
                "anytime",
                "all_day",
                name="timetype",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("visible_in_portal", sa.Boolean(), nullable=False),
        sa.Column("is_internal", sa.Boolean(), nullable=False),
        sa.Column("key_not_needed", sa.Boolean(), nullable=False),
        sa.Column(
            "request_limit_kind",
            sa.Enum(
                "none",
                "hours",
                "days",
                "today_after",
                "tomorrow_after",
                name="limitkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("request_limit_number", sa.Integer(), nullable=True),
        sa.Column("request_limit_time", sa.Time(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("duration_minutes BETWEEN 1 AND 1440", name=op.f("ck_service_item_duration")),
        sa.CheckConstraint("pay_percent BETWEEN 0 AND 100", name=op.f("ck_service_item_pay_percent")),
        sa.CheckConstraint(
            "price >= 0 AND extra_pet_price >= 0 AND pay_amount >= 0", name=op.f("ck_service_item_amounts")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["service_group.id"], name=op.f("fk_service_item_group_id_service_group"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_item")),
        sa.UniqueConstraint("code", name=op.f("uq_service_item_code")),
        sa.UniqueConstraint("public_id", name=op.f("uq_service_item_public_id")),
    )
    with op.batch_alter_table("service_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_service_item_group_id"), ["group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_item_name"), ["name"], unique=False)

    op.create_table(
        "staff_login",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("link_serial", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_login_staff_id_staff"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_login")),
        sa.UniqueConstraint("email", name=op.f("uq_staff_login_email")),
    )
    with op.batch_alter_table("staff_login", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_login_staff_id"), ["staff_id"], unique=True)

    op.create_table(
        "time_off",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("last_on >= first_on", name=op.f("ck_time_off_order")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_time_off_staff_id_staff"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_off")),
    )
    with op.batch_alter_table("time_off", schema=None) as batch_op:
        batch_op.create_index("ix_time_off_staff_id", ["staff_id", "first_on"], unique=False)

    op.create_table(
        "client_contact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("relation", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("receives_copies", sa.Boolean(), nullable=False),
        sa.Column("is_emergency", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_client_contact_client_id_client"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_contact")),
    )
    with op.batch_alter_table("client_contact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_client_contact_client_id"), ["client_id"], unique=False)

    op.create_table(
        "client_login",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("link_serial", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_client_login_client_id_client"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_login")),
        sa.UniqueConstraint("client_id", "email", name=op.f("uq_client_login_client_id_email")),
    )
    with op.batch_alter_table("client_login", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_client_login_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_client_login_email"), ["email"], unique=False)

    op.create_table(
        "job_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("adds_to_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["adds_to_id"], ["job_request.id"], name=op.f("fk_job_request_adds_to_id_job_request"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_job_request_client_id_client"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_request")),
        sa.UniqueConstraint("number", name=op.f("uq_job_request_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_job_request_public_id")),
    )
    with op.batch_alter_table("job_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_job_request_adds_to_id"), ["adds_to_id"], unique=False)
        batch_op.create_index("ix_job_request_changed_at", ["changed_at"], unique=False)
        batch_op.create_index("ix_job_request_client_id", ["client_id", "submitted_at"], unique=False)
        batch_op.create_index(
            "uq_job_request_basket",
            ["client_id"],
            unique=True,
            sqlite_where=sa.text("submitted_at IS NULL"),
            postgresql_where=sa.text("submitted_at IS NULL"),
        )

    op.create_table(
        "outbox_mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("to_address", sa.String(length=255), nullable=False),
        sa.Column("cc_addresses", sa.JSON(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("message_id", sa.String(length=255), nullable=False),
        sa.Column("dedupe_key", sa.String(length=200), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "sending",
                "sent",
                "failed",
                "cancelled",
                name="mailstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_by", sa.String(length=80), nullable=True),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("subject", sa.String(length=255), nullable=True),
        sa.Column("body_text", sa.Text(), nullable=True),
        sa.Column("body_html", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_outbox_mail_client_id_client"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_outbox_mail_staff_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_mail")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_outbox_mail_dedupe_key")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_mail_message_id")),
    )
    with op.batch_alter_table("outbox_mail", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_mail_client_id"), ["client_id"], unique=False)
        batch_op.create_index("ix_outbox_mail_created_at", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_outbox_mail_due", ["state", "next_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_mail_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_mail_staff_id"), ["staff_id"], unique=False)

    op.create_table(
        "pet",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column(
            "species",
            sa.Enum(
                "dog",
                "cat",
                "rabbit",
                "bird",
                "fish",
                "reptile",
                "other",
                name="species",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("breed", sa.String(length=120), nullable=False),
        sa.Column("born_on", sa.Date(), nullable=True),
        sa.Column("warning", sa.String(length=255), nullable=False),
        sa.Column("feeding", sa.Text(), nullable=False),
        sa.Column("medication", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("vet_id", sa.Integer(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "active", "inactive", "deceased", name="petstatus", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_pet_client_id_client"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["vet_id"], ["vet.id"], name=op.f("fk_pet_vet_id_vet"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pet")),
        sa.UniqueConstraint("public_id", name=op.f("uq_pet_public_id")),
    )
    with op.batch_alter_table("pet", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pet_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pet_name"), ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_pet_vet_id"), ["vet_id"], unique=False)

    op.create_table(
        "service_item_time_block",
        sa.Column("service_item_id", sa.Integer(), nullable=False),
        sa.Column("time_block_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_item_id"],
            ["service_item.id"],
            name=op.f("fk_service_item_time_block_service_item_id_service_item"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["time_block_id"],
            ["time_block.id"],
            name=op.f("fk_service_item_time_block_time_block_id_time_block"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("service_item_id", "time_block_id", name=op.f("pk_service_item_time_block")),
    )
    with op.batch_alter_table("service_item_time_block", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_service_item_time_block_time_block_id"), ["time_block_id"], unique=False)

    op.create_table(
        "activity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verb", sa.String(length=60), nullable=False),
        sa.Column(
            "actor_kind",
            sa.Enum(
                "staff", "client", "system", name="actorkind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("actor_name", sa.String(length=255), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("client_login_id", sa.Integer(), nullable=True),
        sa.Column("on_behalf", sa.Boolean(), nullable=False),
        sa.Column(
            "via",
            sa.Enum(
                "portal", "office", "worker", "cli", name="via", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("subject_type", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_activity_client_id_client"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["client_login_id"],
            ["client_login.id"],
            name=op.f("fk_activity_client_login_id_client_login"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_activity_staff_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity")),
    )
    with op.batch_alter_table("activity", schema=None) as batch_op:
        batch_op.create_index("ix_activity_at", ["at", "id"], unique=False)
        batch_op.create_index("ix_activity_client_id", ["client_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_activity_client_login_id"), ["client_login_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_activity_staff_id"), ["staff_id"], unique=False)
        batch_op.create_index("ix_activity_subject", ["subject_type", "subject_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_activity_verb"), ["verb"], unique=False)

    op.create_table(
        "job_request_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("service_item_id", sa.Integer(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("start_time", sa.Time(), nullable=True),
        sa.Column("time_block_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("staff_note", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "submitted",
                "scheduled",
                "declined",
                "cancelled",
                "deleted",
                name="linestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("sitter_id", sa.Integer(), nullable=True),
        sa.Column("leave_unassigned", sa.Boolean(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("auto_submitted", sa.Boolean(), nullable=False),
        sa.Column("blocked_code", sa.String(length=40), nullable=True),
        sa.Column("fingerprint", sa.String(length=200), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decline_reason", sa.Text(), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_job_request_line_client_id_client"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["job_request.id"],
            name=op.f("fk_job_request_line_request_id_job_request"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["service_item_id"],
            ["service_item.id"],
            name=op.f("fk_job_request_line_service_item_id_service_item"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["sitter_id"], ["staff.id"], name=op.f("fk_job_request_line_sitter_id_staff"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["time_block_id"],
            ["time_block.id"],
            name=op.f("fk_job_request_line_time_block_id_time_block"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_request_line")),
        sa.UniqueConstraint("public_id", name=op.f("uq_job_request_line_public_id")),
    )
    with op.batch_alter_table("job_request_line", schema=None) as batch_op:
        batch_op.create_index("ix_job_request_line_client_date", ["client_id", "on_date"], unique=False)
        batch_op.create_index(batch_op.f("ix_job_request_line_request_id"), ["request_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_job_request_line_service_item_id"), ["service_item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_job_request_line_sitter_id"), ["sitter_id"], unique=False)
        batch_op.create_index("ix_job_request_line_state", ["state", "client_id", "on_date"], unique=False)
        batch_op.create_index(batch_op.f("ix_job_request_line_time_block_id"), ["time_block_id"], unique=False)
        batch_op.create_index(
            "uq_job_request_line_draft",
            ["request_id", "fingerprint"],
            unique=True,
            sqlite_where=sa.text("state = 'draft'"),
            postgresql_where=sa.text("state = 'draft'"),
        )

    op.create_table(
        "notification",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "request_received",
                "request_auto_submitted",
                "request_cancelled",
                "basket_blocked",
                "mail_failed",
                name="notificationkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("request_id", sa.Integer(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dismissed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_notification_client_id_client"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["dismissed_by_id"], ["staff.id"], name=op.f("fk_notification_dismissed_by_id_staff"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["job_request.id"], name=op.f("fk_notification_request_id_job_request"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
    )
    with op.batch_alter_table("notification", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notification_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_notification_dismissed_by_id"), ["dismissed_by_id"], unique=False)
        batch_op.create_index("ix_notification_open", ["dismissed_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_notification_request_id"), ["request_id"], unique=False)

    op.create_table(
        "request_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("to_client", sa.Boolean(), nullable=False),
        sa.Column("to_sitter", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["job_request.id"],
            name=op.f("fk_request_message_request_id_job_request"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_request_message_staff_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_message")),
    )
    with op.batch_alter_table("request_message", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_request_message_request_id"), ["request_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_request_message_staff_id"), ["staff_id"], unique=False)

    op.create_table(
        "sign_in",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "realm",
            sa.Enum("staff", "client", name="realm", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("staff_login_id", sa.Integer(), nullable=True),
        sa.Column("client_login_id", sa.Integer(), nullable=True),
        sa.Column("viewed_client_id", sa.Integer(), nullable=True),
        sa.Column("viewing_staff_id", sa.Integer(), nullable=True),
        sa.Column("opened_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_login_id"],
            ["client_login.id"],
            name=op.f("fk_sign_in_client_login_id_client_login"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["opened_by_id"], ["sign_in.id"], name=op.f("fk_sign_in_opened_by_id_sign_in"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["staff_login_id"],
            ["staff_login.id"],
            name=op.f("fk_sign_in_staff_login_id_staff_login"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["viewed_client_id"], ["client.id"], name=op.f("fk_sign_in_viewed_client_id_client"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["viewing_staff_id"], ["staff.id"], name=op.f("fk_sign_in_viewing_staff_id_staff"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_in_token_hash")),
    )
    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_client_login_id"), ["client_login_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_opened_by_id"), ["opened_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_staff_login_id"), ["staff_login_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_viewed_client_id"), ["viewed_client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_viewing_staff_id"), ["viewing_staff_id"], unique=False)

    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("service_item_id", sa.Integer(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("start_time", sa.Time(), nullable=True),
        sa.Column("end_time", sa.Time(), nullable=True),
        sa.Column("time_block_id", sa.Integer(), nullable=True),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("sitter_id", sa.Integer(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "scheduled",
                "in_progress",
                "completed",
                "cancelled",
                "voided",
                name="jobstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("sitter_pay", sa.BigInteger(), nullable=False),
        sa.Column("prior_price", sa.BigInteger(), nullable=True),
        sa.Column("prior_sitter_pay", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("staff_note", sa.Text(), nullable=False),
        sa.Column("request_line_id", sa.Integer(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("duration_minutes >= 1", name=op.f("ck_job_duration")),
        sa.CheckConstraint("ends_on >= on_date", name=op.f("ck_job_order")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_job_client_id_client"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["request_line_id"],
            ["job_request_line.id"],
            name=op.f("fk_job_request_line_id_job_request_line"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["service_item_id"],
            ["service_item.id"],
            name=op.f("fk_job_service_item_id_service_item"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(["sitter_id"], ["staff.id"], name=op.f("fk_job_sitter_id_staff"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["time_block_id"], ["time_block.id"], name=op.f("fk_job_time_block_id_time_block"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("public_id", name=op.f("uq_job_public_id")),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index("ix_job_client_id", ["client_id", "on_date"], unique=False)
        batch_op.create_index(
            "ix_job_longer",
            ["ends_on", "on_date"],
            unique=False,
            sqlite_where=sa.text("ends_on > on_date"),
            postgresql_where=sa.text("ends_on > on_date"),
        )
        batch_op.create_index("ix_job_on_date", ["on_date", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_job_request_line_id"), ["request_line_id"], unique=True)
        batch_op.create_index(batch_op.f("ix_job_service_item_id"), ["service_item_id"], unique=False)
        batch_op.create_index("ix_job_sitter_id", ["sitter_id", "on_date"], unique=False)
        batch_op.create_index("ix_job_state", ["state", "on_date"], unique=False)
        batch_op.create_index(batch_op.f("ix_job_time_block_id"), ["time_block_id"], unique=False)

    op.create_table(
        "job_request_line_pet",
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("pet_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["line_id"],
            ["job_request_line.id"],
            name=op.f("fk_job_request_line_pet_line_id_job_request_line"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["pet_id"], ["pet.id"], name=op.f("fk_job_request_line_pet_pet_id_pet"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("line_id", "pet_id", name=op.f("pk_job_request_line_pet")),
    )
    with op.batch_alter_table("job_request_line_pet", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_job_request_line_pet_pet_id"), ["pet_id"], unique=False)

    op.create_table(
        "job_pet",
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("pet_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_job_pet_job_id_job"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["pet_id"], ["pet.id"], name=op.f("fk_job_pet_pet_id_pet"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("job_id", "pet_id", name=op.f("pk_job_pet")),
    )
    with op.batch_alter_table("job_pet", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_job_pet_pet_id"), ["pet_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("job_pet", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_job_pet_pet_id"))

    op.drop_table("job_pet")
    with op.batch_alter_table("job_request_line_pet", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_job_request_line_pet_pet_id"))

    op.drop_table("job_request_line_pet")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_job_time_block_id"))
        batch_op.drop_index("ix_job_state")
        batch_op.drop_index("ix_job_sitter_id")
        batch_op.drop_index(batch_op.f("ix_job_service_item_id"))
        batch_op.drop_index(batch_op.f("ix_job_request_line_id"))
        batch_op.drop_index("ix_job_on_date")
        batch_op.drop_index(
            "ix_job_longer", sqlite_where=sa.text("ends_on > on_date"), postgresql_where=sa.text("ends_on > on_date")
        )
        batch_op.drop_index("ix_job_client_id")

    op.drop_table("job")
    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_in_viewing_staff_id"))
        batch_op.drop_index(batch_op.f("ix_sign_in_viewed_client_id"))
        batch_op.drop_index(batch_op.f("ix_sign_in_staff_login_id"))
        batch_op.drop_index(batch_op.f("ix_sign_in_opened_by_id"))
        batch_op.drop_index(batch_op.f("ix_sign_in_client_login_id"))

    op.drop_table("sign_in")
    with op.batch_alter_table("request_message", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_request_message_staff_id"))
        batch_op.drop_index(batch_op.f("ix_request_message_request_id"))

    op.drop_table("request_message")
    with op.batch_alter_table("notification", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notification_request_id"))
        batch_op.drop_index("ix_notification_open")
        batch_op.drop_index(batch_op.f("ix_notification_dismissed_by_id"))
        batch_op.drop_index(batch_op.f("ix_notification_client_id"))

    op.drop_table("notification")
    with op.batch_alter_table("job_request_line", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_job_request_line_draft",
            sqlite_where=sa.text("state = 'draft'"),
            postgresql_where=sa.text("state = 'draft'"),
        )
        batch_op.drop_index(batch_op.f("ix_job_request_line_time_block_id"))
        batch_op.drop_index("ix_job_request_line_state")
        batch_op.drop_index(batch_op.f("ix_job_request_line_sitter_id"))
        batch_op.drop_index(batch_op.f("ix_job_request_line_service_item_id"))
        batch_op.drop_index(batch_op.f("ix_job_request_line_request_id"))
        batch_op.drop_index("ix_job_request_line_client_date")

    op.drop_table("job_request_line")
    with op.batch_alter_table("activity", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_activity_verb"))
        batch_op.drop_index("ix_activity_subject")
        batch_op.drop_index(batch_op.f("ix_activity_staff_id"))
        batch_op.drop_index(batch_op.f("ix_activity_client_login_id"))
        batch_op.drop_index("ix_activity_client_id")
        batch_op.drop_index("ix_activity_at")

    op.drop_table("activity")
    with op.batch_alter_table("service_item_time_block", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_service_item_time_block_time_block_id"))

    op.drop_table("service_item_time_block")
    with op.batch_alter_table("pet", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pet_vet_id"))
        batch_op.drop_index(batch_op.f("ix_pet_name"))
        batch_op.drop_index(batch_op.f("ix_pet_client_id"))

    op.drop_table("pet")
    with op.batch_alter_table("outbox_mail", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_mail_staff_id"))
        batch_op.drop_index(batch_op.f("ix_outbox_mail_kind"))
        batch_op.drop_index("ix_outbox_mail_due")
        batch_op.drop_index("ix_outbox_mail_created_at")
        batch_op.drop_index(batch_op.f("ix_outbox_mail_client_id"))

    op.drop_table("outbox_mail")
    with op.batch_alter_table("job_request", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_job_request_basket",
            sqlite_where=sa.text("submitted_at IS NULL"),
            postgresql_where=sa.text("submitted_at IS NULL"),
        )
        batch_op.drop_index("ix_job_request_client_id")
        batch_op.drop_index("ix_job_request_changed_at")
        batch_op.drop_index(batch_op.f("ix_job_request_adds_to_id"))

    op.drop_table("job_request")
    with op.batch_alter_table("client_login", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_client_login_email"))
        batch_op.drop_index(batch_op.f("ix_client_login_client_id"))

    op.drop_table("client_login")
    with op.batch_alter_table("client_contact", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_client_contact_client_id"))

    op.drop_table("client_contact")
    with op.batch_alter_table("time_off", schema=None) as batch_op:
        batch_op.drop_index("ix_time_off_staff_id")

    op.drop_table("time_off")
    with op.batch_alter_table("staff_login", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_staff_login_staff_id"))

    op.drop_table("staff_login")
    with op.batch_alter_table("service_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_service_item_name"))
        batch_op.drop_index(batch_op.f("ix_service_item_group_id"))

    op.drop_table("service_item")
    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.drop_index("ix_client_status")
        batch_op.drop_index(batch_op.f("ix_client_primary_sitter_id"))
        batch_op.drop_index(batch_op.f("ix_client_phone"))
        batch_op.drop_index("ix_client_name")
        batch_op.drop_index(batch_op.f("ix_client_email"))
        batch_op.drop_index("ix_client_created_at")

    op.drop_table("client")
    with op.batch_alter_table("vet", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_vet_name"))

    op.drop_table("vet")
    op.drop_table("time_block")
    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.drop_index("ix_staff_name")
        batch_op.drop_index(batch_op.f("ix_staff_email"))

    op.drop_table("staff")
    op.drop_table("setting")
    op.drop_table("service_group")
    op.drop_table("public_holiday")
    with op.batch_alter_table("login_attempt", schema=None) as batch_op:
        batch_op.drop_index("ix_login_attempt_at")
        batch_op.drop_index("ix_login_attempt_address")
        batch_op.drop_index("ix_login_attempt_account")

    op.drop_table("login_attempt")
    with op.batch_alter_table("form_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_form_key_used_at"))

    op.drop_table("form_key")
    op.drop_table("counter")
    with op.batch_alter_table("closed_day", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_closed_day_first_on"))

    op.drop_table("closed_day")
