"""Your data: custom fields, files, agreements, letters, second factors, registration.

Revision 0002, after 0001, 2026-11-26 03:53:43.602341.
"""

import sqlalchemy as sa
from alembic import op

from migrations.checks import change_values, never_again

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NOTICES = [
    "request_received", "request_auto_submitted", "request_cancelled", "request_answered", "change_requested",
    "cancellation_requested", "visit_cancelled", "change_withdrawn", "client_message", "series_requested",
    "series_trouble", "basket_blocked", "mail_failed",
]  # fmt: skip
NEW_NOTICES = [
    "data_changed", "data_proposed", "pet_added", "pet_left", "files_uploaded", "vet_proposed", "vaccination_due",
    "agreement_accepted", "client_registered", "registration_waiting", "letter_received", "visits_of_archived",
]  # fmt: skip
BULK = ["cancel", "move", "reassign", "generate"]


def upgrade() -> None:
    op.create_table(
        "agreement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("for_all", sa.Boolean(), nullable=False),
        sa.Column("at_registration", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement")),
        sa.UniqueConstraint("public_id", name=op.f("uq_agreement_public_id")),
    )
    op.create_table(
        "role_permission",
        sa.Column(
            "role",
            sa.Enum(
                "owner", "manager", "sitter", name="staffrole", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("permission", sa.String(length=60), nullable=False),
        sa.Column("is_allowed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("role", "permission", name=op.f("pk_role_permission")),
    )
    op.create_table(
        "agreement_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("keeps_consent", sa.Boolean(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"],
            ["agreement.id"],
            name=op.f("fk_agreement_version_agreement_id_agreement"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_agreement_version_staff_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_version")),
        sa.UniqueConstraint("agreement_id", "number", name=op.f("uq_agreement_version_agreement_id_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_agreement_version_public_id")),
    )
    with op.batch_alter_table("agreement_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agreement_version_staff_id"), ["staff_id"], unique=False)

    op.create_table(
        "field_page",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column(
            "area",
            sa.Enum(
                "client",
                "pet",
                "staff",
                "report",
                name="fieldarea",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
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
            nullable=True,
        ),
        sa.Column("service_group_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("help", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "portal_access",
            sa.Enum(
                "hidden", "view", "edit", name="portalaccess", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "staff_access",
            sa.Enum(
                "hidden", "restricted", "view", name="staffaccess", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_group_id"],
            ["service_group.id"],
            name=op.f("fk_field_page_service_group_id_service_group"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_page")),
        sa.UniqueConstraint("public_id", name=op.f("uq_field_page_public_id")),
    )
    with op.batch_alter_table("field_page", schema=None) as batch_op:
        batch_op.create_index("ix_field_page_area", ["area", "position", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_field_page_service_group_id"), ["service_group_id"], unique=False)

    op.create_table(
        "agreement_client",
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"],
            ["agreement.id"],
            name=op.f("fk_agreement_client_agreement_id_agreement"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_agreement_client_client_id_client"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("agreement_id", "client_id", name=op.f("pk_agreement_client")),
    )
    with op.batch_alter_table("agreement_client", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agreement_client_client_id"), ["client_id"], unique=False)

    op.create_table(
        "client_sitter",
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("is_blocked", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_client_sitter_client_id_client"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_client_sitter_staff_id_staff"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("client_id", "staff_id", name=op.f("pk_client_sitter")),
    )
    with op.batch_alter_table("client_sitter", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_client_sitter_staff_id"), ["staff_id"], unique=False)

    op.create_table(
        "field_section",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("page_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("help", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "portal_access",
            sa.Enum(
                "hidden", "view", "edit", name="portalaccess", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "staff_access",
            sa.Enum(
                "hidden", "restricted", "view", name="staffaccess", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("show_if", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["page_id"], ["field_page.id"], name=op.f("fk_field_section_page_id_field_page"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_section")),
        sa.UniqueConstraint("public_id", name=op.f("uq_field_section_public_id")),
    )
    with op.batch_alter_table("field_section", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_field_section_page_id"), ["page_id"], unique=False)

    op.create_table(
        "registration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "mailed",
                "waiting",
                "accepted",
                "declined",
                name="registrationstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("link_serial", sa.Integer(), nullable=False),
        sa.Column("first_name", sa.String(length=120), nullable=False),
        sa.Column("last_name", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("answer", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_registration_client_id_client"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["staff.id"], name=op.f("fk_registration_decided_by_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration")),
        sa.UniqueConstraint("public_id", name=op.f("uq_registration_public_id")),
    )
    with op.batch_alter_table("registration", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registration_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registration_decided_by_id"), ["decided_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registration_email"), ["email"], unique=False)
        batch_op.create_index("ix_registration_state", ["state", "id"], unique=False)

    op.create_table(
        "authenticator",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_login_id", sa.Integer(), nullable=True),
        sa.Column("client_login_id", sa.Integer(), nullable=True),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_login_id"],
            ["client_login.id"],
            name=op.f("fk_authenticator_client_login_id_client_login"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["staff_login_id"],
            ["staff_login.id"],
            name=op.f("fk_authenticator_staff_login_id_staff_login"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authenticator")),
    )
    with op.batch_alter_table("authenticator", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_authenticator_client_login_id"), ["client_login_id"], unique=True)
        batch_op.create_index(batch_op.f("ix_authenticator_staff_login_id"), ["staff_login_id"], unique=True)

    op.create_table(
        "custom_field",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("section_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("help", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "text",
                "long_text",
                "number",
                "date",
                "yes_no",
                "choice",
                "multi_choice",
                "email",
                "phone",
                "link",
                "image",
                "file",
                name="fieldkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("column", sa.String(length=60), nullable=True),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("is_secret", sa.Boolean(), nullable=False),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column(
            "portal_access",
            sa.Enum(
                "hidden", "view", "edit", name="portalaccess", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "staff_access",
            sa.Enum(
                "hidden", "restricted", "view", name="staffaccess", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("show_if", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["section_id"],
            ["field_section.id"],
            name=op.f("fk_custom_field_section_id_field_section"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_field")),
        sa.UniqueConstraint("column", name=op.f("uq_custom_field_column")),
        sa.UniqueConstraint("public_id", name=op.f("uq_custom_field_public_id")),
    )
    with op.batch_alter_table("custom_field", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_custom_field_section_id"), ["section_id"], unique=False)

    op.create_table(
        "letter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("client_login_id", sa.Integer(), nullable=True),
        sa.Column("from_office", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_letter_client_id_client"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["client_login_id"],
            ["client_login.id"],
            name=op.f("fk_letter_client_login_id_client_login"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_letter_staff_id_staff"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sa.UniqueConstraint("public_id", name=op.f("uq_letter_public_id")),
    )
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.create_index("ix_letter_client_id", ["client_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_letter_client_login_id"), ["client_login_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_letter_staff_id"), ["staff_id"], unique=False)
        batch_op.create_index("ix_letter_unread", ["from_office", "read_at", "id"], unique=False)

    op.create_table(
        "passkey",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("staff_login_id", sa.Integer(), nullable=True),
        sa.Column("client_login_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("credential_id", sa.String(length=1400), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_login_id"],
            ["client_login.id"],
            name=op.f("fk_passkey_client_login_id_client_login"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["staff_login_id"],
            ["staff_login.id"],
            name=op.f("fk_passkey_staff_login_id_staff_login"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_passkey_public_id")),
    )
    with op.batch_alter_table("passkey", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_passkey_client_login_id"), ["client_login_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_passkey_staff_login_id"), ["staff_login_id"], unique=False)

    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_login_id", sa.Integer(), nullable=True),
        sa.Column("client_login_id", sa.Integer(), nullable=True),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_login_id"],
            ["client_login.id"],
            name=op.f("fk_recovery_code_client_login_id_client_login"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["staff_login_id"],
            ["staff_login.id"],
            name=op.f("fk_recovery_code_staff_login_id_staff_login"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
    )
    with op.batch_alter_table("recovery_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recovery_code_client_login_id"), ["client_login_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_recovery_code_staff_login_id"), ["staff_login_id"], unique=False)

    op.create_table(
        "stored_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "pet_photo",
                "field",
                "upload",
                "form",
                "certificate",
                "agreement",
                name="filepurpose",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("pet_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("note", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("n_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("thumbnail_key", sa.String(length=120), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("by_staff_id", sa.Integer(), nullable=True),
        sa.Column("by_client_login_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["by_client_login_id"],
            ["client_login.id"],
            name=op.f("fk_stored_file_by_client_login_id_client_login"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["by_staff_id"], ["staff.id"], name=op.f("fk_stored_file_by_staff_id_staff"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_stored_file_client_id_client"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["pet_id"], ["pet.id"], name=op.f("fk_stored_file_pet_id_pet"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_stored_file_staff_id_staff"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_file")),
        sa.UniqueConstraint("key", name=op.f("uq_stored_file_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_stored_file_public_id")),
        sa.UniqueConstraint("thumbnail_key", name=op.f("uq_stored_file_thumbnail_key")),
    )
    with op.batch_alter_table("stored_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stored_file_by_client_login_id"), ["by_client_login_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_stored_file_by_staff_id"), ["by_staff_id"], unique=False)
        batch_op.create_index("ix_stored_file_client_id", ["client_id", "purpose", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_stored_file_pet_id"), ["pet_id"], unique=False)
        batch_op.create_index("ix_stored_file_purpose", ["purpose", "id"], unique=False)
        batch_op.create_index("ix_stored_file_removed_at", ["removed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_stored_file_staff_id"), ["staff_id"], unique=False)
        batch_op.create_index(
            "uq_stored_file_pet_photo",
            ["pet_id"],
            unique=True,
            sqlite_where=sa.text("purpose = 'pet_photo' AND removed_at IS NULL"),
            postgresql_where=sa.text("purpose = 'pet_photo' AND removed_at IS NULL"),
        )

    op.create_table(
        "vet_proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("pet_id", sa.Integer(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "accepted",
                "declined",
                "withdrawn",
                name="proposalstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("address", sa.String(length=255), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("vet_id", sa.Integer(), nullable=True),
        sa.Column("client_login_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("answer", sa.String(length=255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_vet_proposal_client_id_client"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["client_login_id"],
            ["client_login.id"],
            name=op.f("fk_vet_proposal_client_login_id_client_login"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["staff.id"], name=op.f("fk_vet_proposal_decided_by_id_staff"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["pet_id"], ["pet.id"], name=op.f("fk_vet_proposal_pet_id_pet"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["vet_id"], ["vet.id"], name=op.f("fk_vet_proposal_vet_id_vet"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vet_proposal")),
        sa.UniqueConstraint("public_id", name=op.f("uq_vet_proposal_public_id")),
    )
    with op.batch_alter_table("vet_proposal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_vet_proposal_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_vet_proposal_client_login_id"), ["client_login_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_vet_proposal_decided_by_id"), ["decided_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_vet_proposal_pet_id"), ["pet_id"], unique=False)
        batch_op.create_index("ix_vet_proposal_state", ["state", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_vet_proposal_vet_id"), ["vet_id"], unique=False)

    op.create_table(
        "agreement_acceptance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("client_login_id", sa.Integer(), nullable=True),
        sa.Column("typed_name", sa.String(length=120), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_agreement_acceptance_client_id_client"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["client_login_id"],
            ["client_login.id"],
            name=op.f("fk_agreement_acceptance_client_login_id_client_login"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["stored_file.id"],
            name=op.f("fk_agreement_acceptance_file_id_stored_file"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["agreement_version.id"],
            name=op.f("fk_agreement_acceptance_version_id_agreement_version"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_acceptance")),
        sa.UniqueConstraint("public_id", name=op.f("uq_agreement_acceptance_public_id")),
        sa.UniqueConstraint("version_id", "client_id", name=op.f("uq_agreement_acceptance_version_id_client_id")),
    )
    with op.batch_alter_table("agreement_acceptance", schema=None) as batch_op:
        batch_op.create_index("ix_agreement_acceptance_accepted_at", ["accepted_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_agreement_acceptance_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_agreement_acceptance_client_login_id"), ["client_login_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_agreement_acceptance_file_id"), ["file_id"], unique=False)

    op.create_table(
        "field_proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("field_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("pet_id", sa.Integer(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "accepted",
                "declined",
                "withdrawn",
                name="proposalstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("client_login_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("answer", sa.String(length=255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_field_proposal_client_id_client"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["client_login_id"],
            ["client_login.id"],
            name=op.f("fk_field_proposal_client_login_id_client_login"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["staff.id"], name=op.f("fk_field_proposal_decided_by_id_staff"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["field_id"], ["custom_field.id"], name=op.f("fk_field_proposal_field_id_custom_field"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["pet_id"], ["pet.id"], name=op.f("fk_field_proposal_pet_id_pet"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_proposal")),
        sa.UniqueConstraint("public_id", name=op.f("uq_field_proposal_public_id")),
    )
    with op.batch_alter_table("field_proposal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_field_proposal_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_field_proposal_client_login_id"), ["client_login_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_field_proposal_decided_by_id"), ["decided_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_field_proposal_field_id"), ["field_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_field_proposal_pet_id"), ["pet_id"], unique=False)
        batch_op.create_index("ix_field_proposal_state", ["state", "id"], unique=False)

    op.create_table(
        "field_value",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("field_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("pet_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("on_date", sa.Date(), nullable=True),
        sa.Column("yes", sa.Boolean(), nullable=True),
        sa.Column("keys", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("file_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "CASE WHEN client_id IS NULL THEN 0 ELSE 1 END + CASE WHEN pet_id IS NULL THEN 0 ELSE 1 END + CASE WHEN staff_id IS NULL THEN 0 ELSE 1 END = 1",
            name=op.f("ck_field_value_one_owner"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_field_value_client_id_client"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["field_id"], ["custom_field.id"], name=op.f("fk_field_value_field_id_custom_field"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["stored_file.id"], name=op.f("fk_field_value_file_id_stored_file"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["pet_id"], ["pet.id"], name=op.f("fk_field_value_pet_id_pet"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_field_value_staff_id_staff"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_value")),
        sa.UniqueConstraint("field_id", "client_id", name=op.f("uq_field_value_field_id_client_id")),
        sa.UniqueConstraint("field_id", "pet_id", name=op.f("uq_field_value_field_id_pet_id")),
        sa.UniqueConstraint("field_id", "staff_id", name=op.f("uq_field_value_field_id_staff_id")),
    )
    with op.batch_alter_table("field_value", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_field_value_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_field_value_file_id"), ["file_id"], unique=False)
        batch_op.create_index("ix_field_value_number", ["field_id", "number"], unique=False)
        batch_op.create_index("ix_field_value_on_date", ["field_id", "on_date"], unique=False)
        batch_op.create_index(batch_op.f("ix_field_value_pet_id"), ["pet_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_field_value_staff_id"), ["staff_id"], unique=False)

    op.create_table(
        "vaccination",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("pet_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("certificate_id", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["stored_file.id"],
            name=op.f("fk_vaccination_certificate_id_stored_file"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["pet_id"], ["pet.id"], name=op.f("fk_vaccination_pet_id_pet"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vaccination")),
        sa.UniqueConstraint("public_id", name=op.f("uq_vaccination_public_id")),
    )
    with op.batch_alter_table("vaccination", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_vaccination_certificate_id"), ["certificate_id"], unique=False)
        batch_op.create_index("ix_vaccination_expires_on", ["expires_on", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_vaccination_pet_id"), ["pet_id"], unique=False)

    op.add_column("client", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))

    op.add_column("client_login", sa.Column("agreed_epoch", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("client_login", sa.Column("invited_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("client_login", sa.Column("mails_off", sa.JSON(), nullable=False, server_default="[]"))

    op.add_column("pet", sa.Column("left_on", sa.Date(), nullable=True))

    op.add_column("sign_in", sa.Column("device", sa.String(length=120), nullable=False, server_default=""))
    op.add_column("sign_in", sa.Column("address", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("sign_in", sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("sign_in", sa.Column("awaits_factor", sa.Boolean(), nullable=False, server_default=sa.false()))

    op.add_column("staff_login", sa.Column("invited_at", sa.DateTime(timezone=True), nullable=True))

    op.add_column("outbox_mail", sa.Column("file_ids", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("job_request_line", sa.Column("ends_on", sa.Date(), nullable=True))
    op.add_column("job_request_line", sa.Column("end_time", sa.Time(), nullable=True))
    op.create_index("ix_client_price_price", "client_price", ["price", "id"])
    never_again("job", yes=True)
    change_values("notification", "kind", "notificationkind", NOTICES, [*NOTICES, *NEW_NOTICES])
    change_values("bulk_run", "kind", "bulkkind", BULK, [*BULK, "invite"])


def downgrade() -> None:
    # The older check does not know these kinds.
    notification = sa.table("notification", sa.column("kind", sa.String))
    op.execute(sa.delete(notification).where(notification.c.kind.in_(NEW_NOTICES)))
    bulk_run = sa.table("bulk_run", sa.column("kind", sa.String))
    op.execute(sa.delete(bulk_run).where(bulk_run.c.kind == "invite"))
    change_values("bulk_run", "kind", "bulkkind", [*BULK, "invite"], BULK)
    change_values("notification", "kind", "notificationkind", [*NOTICES, *NEW_NOTICES], NOTICES)
    op.drop_column("staff_login", "invited_at")

    op.drop_column("sign_in", "awaits_factor")
    op.drop_column("sign_in", "last_seen_at")
    op.drop_column("sign_in", "address")
    op.drop_column("sign_in", "device")

    op.drop_column("pet", "left_on")

    never_again("job", yes=False)
    op.drop_index("ix_client_price_price", "client_price")
    op.drop_column("job_request_line", "end_time")
    op.drop_column("job_request_line", "ends_on")
    op.drop_column("outbox_mail", "file_ids")
    op.drop_column("client_login", "agreed_epoch")
    op.drop_column("client_login", "mails_off")
    op.drop_column("client_login", "invited_at")

    op.drop_column("client", "erased_at")

    with op.batch_alter_table("vaccination", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_vaccination_pet_id"))
        batch_op.drop_index("ix_vaccination_expires_on")
        batch_op.drop_index(batch_op.f("ix_vaccination_certificate_id"))

    op.drop_table("vaccination")
    with op.batch_alter_table("field_value", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_field_value_staff_id"))
        batch_op.drop_index(batch_op.f("ix_field_value_pet_id"))
        batch_op.drop_index("ix_field_value_on_date")
        batch_op.drop_index("ix_field_value_number")
        batch_op.drop_index(batch_op.f("ix_field_value_file_id"))
        batch_op.drop_index(batch_op.f("ix_field_value_client_id"))

    op.drop_table("field_value")
    with op.batch_alter_table("field_proposal", schema=None) as batch_op:
        batch_op.drop_index("ix_field_proposal_state")
        batch_op.drop_index(batch_op.f("ix_field_proposal_pet_id"))
        batch_op.drop_index(batch_op.f("ix_field_proposal_field_id"))
        batch_op.drop_index(batch_op.f("ix_field_proposal_decided_by_id"))
        batch_op.drop_index(batch_op.f("ix_field_proposal_client_login_id"))
        batch_op.drop_index(batch_op.f("ix_field_proposal_client_id"))

    op.drop_table("field_proposal")
    with op.batch_alter_table("agreement_acceptance", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agreement_acceptance_file_id"))
        batch_op.drop_index(batch_op.f("ix_agreement_acceptance_client_login_id"))
        batch_op.drop_index(batch_op.f("ix_agreement_acceptance_client_id"))
        batch_op.drop_index("ix_agreement_acceptance_accepted_at")

    op.drop_table("agreement_acceptance")
    with op.batch_alter_table("vet_proposal", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_vet_proposal_vet_id"))
        batch_op.drop_index("ix_vet_proposal_state")
        batch_op.drop_index(batch_op.f("ix_vet_proposal_pet_id"))
        batch_op.drop_index(batch_op.f("ix_vet_proposal_decided_by_id"))
        batch_op.drop_index(batch_op.f("ix_vet_proposal_client_login_id"))
        batch_op.drop_index(batch_op.f("ix_vet_proposal_client_id"))

    op.drop_table("vet_proposal")
    with op.batch_alter_table("stored_file", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_stored_file_pet_photo",
            sqlite_where=sa.text("purpose = 'pet_photo' AND removed_at IS NULL"),
            postgresql_where=sa.text("purpose = 'pet_photo' AND removed_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_stored_file_staff_id"))
        batch_op.drop_index("ix_stored_file_removed_at")
        batch_op.drop_index("ix_stored_file_purpose")
        batch_op.drop_index(batch_op.f("ix_stored_file_pet_id"))
        batch_op.drop_index("ix_stored_file_client_id")
        batch_op.drop_index(batch_op.f("ix_stored_file_by_staff_id"))
        batch_op.drop_index(batch_op.f("ix_stored_file_by_client_login_id"))

    op.drop_table("stored_file")
    with op.batch_alter_table("recovery_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_recovery_code_staff_login_id"))
        batch_op.drop_index(batch_op.f("ix_recovery_code_client_login_id"))

    op.drop_table("recovery_code")
    with op.batch_alter_table("passkey", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_passkey_staff_login_id"))
        batch_op.drop_index(batch_op.f("ix_passkey_client_login_id"))

    op.drop_table("passkey")
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.drop_index("ix_letter_unread")
        batch_op.drop_index(batch_op.f("ix_letter_staff_id"))
        batch_op.drop_index(batch_op.f("ix_letter_client_login_id"))
        batch_op.drop_index("ix_letter_client_id")

    op.drop_table("letter")
    with op.batch_alter_table("custom_field", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_custom_field_section_id"))

    op.drop_table("custom_field")
    with op.batch_alter_table("authenticator", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_authenticator_staff_login_id"))
        batch_op.drop_index(batch_op.f("ix_authenticator_client_login_id"))

    op.drop_table("authenticator")
    with op.batch_alter_table("registration", schema=None) as batch_op:
        batch_op.drop_index("ix_registration_state")
        batch_op.drop_index(batch_op.f("ix_registration_email"))
        batch_op.drop_index(batch_op.f("ix_registration_decided_by_id"))
        batch_op.drop_index(batch_op.f("ix_registration_client_id"))

    op.drop_table("registration")
    with op.batch_alter_table("field_section", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_field_section_page_id"))

    op.drop_table("field_section")
    with op.batch_alter_table("client_sitter", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_client_sitter_staff_id"))

    op.drop_table("client_sitter")
    with op.batch_alter_table("agreement_client", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agreement_client_client_id"))

    op.drop_table("agreement_client")
    with op.batch_alter_table("field_page", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_field_page_service_group_id"))
        batch_op.drop_index("ix_field_page_area")

    op.drop_table("field_page")
    with op.batch_alter_table("agreement_version", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agreement_version_staff_id"))

    op.drop_table("agreement_version")
    op.drop_table("role_permission")
    op.drop_table("agreement")
