"""Other programs: tokens of the API, answers that were given once, web hooks and what is sent to them.

Revision 0010, after 0012, 2026-11-26 22:40:00.000000.
"""

import sqlalchemy as sa
from alembic import op

from migrations.checks import change_values

revision = "0010"
down_revision = "0012"
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
    "time_off_requested", "time_off_withdrawn", "sitter_message", "report_sent", "report_thanked", "key_moved",
    "key_lost", "check_refused",
]  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_api_token_staff_id_staff"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("public_id", name=op.f("uq_api_token_public_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_index(op.f("ix_api_token_staff_id"), "api_token", ["staff_id"], unique=False)
    op.create_table(
        "api_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["token_id"], ["api_token.id"], name=op.f("fk_api_answer_token_id_api_token"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_answer")),
        sa.UniqueConstraint("token_id", "key", name=op.f("uq_api_answer_token_id_key")),
    )
    op.create_index("ix_api_answer_created_at", "api_answer", ["created_at"], unique=False)
    op.create_table(
        "web_hook",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("gave_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_web_hook_staff_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_hook")),
        sa.UniqueConstraint("public_id", name=op.f("uq_web_hook_public_id")),
    )
    op.create_index(op.f("ix_web_hook_staff_id"), "web_hook", ["staff_id"], unique=False)
    op.create_table(
        "hook_delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("hook_id", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting", "sending", "delivered", "failed",
                name="deliverystate", native_enum=False, create_constraint=True, length=32,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_by", sa.String(length=120), nullable=True),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["hook_id"], ["web_hook.id"], name=op.f("fk_hook_delivery_hook_id_web_hook"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_delivery")),
        sa.UniqueConstraint("public_id", name=op.f("uq_hook_delivery_public_id")),
    )  # fmt: skip
    op.create_index("ix_hook_delivery_hook_id", "hook_delivery", ["hook_id", "id"], unique=False)
    op.create_index("ix_hook_delivery_due", "hook_delivery", ["state", "next_at"], unique=False)
    change_values("notification", "kind", "notificationkind", NOTICES, [*NOTICES, "hook_failed"])


def downgrade() -> None:
    op.execute("DELETE FROM notification WHERE kind = 'hook_failed'")
    change_values("notification", "kind", "notificationkind", [*NOTICES, "hook_failed"], NOTICES)
    for name in ("hook_delivery", "web_hook", "api_answer", "api_token"):
        op.drop_table(name)
