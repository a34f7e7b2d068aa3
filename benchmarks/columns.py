"""The columns of the tables that `filling` fills, in the order of its tuples."""

STAFF = (
    "id", "public_id", "first_name", "last_name", "email", "role", "is_sitter", "is_active", "notes", "created_at",
    "version",
)  # fmt: skip
ITEM = (
    "id", "public_id", "code", "name", "description", "group_id", "price", "extra_pet_price", "pay_kind", "pay_amount",
    "pay_percent", "duration_minutes", "time_type", "position", "is_active", "visible_in_portal", "is_internal",
    "key_not_needed", "created_at", "version",
)  # fmt: skip
CLIENT = (
    "id", "public_id", "account_number", "first_name", "last_name", "email", "phone", "address_line1", "address_line2",
    "city", "postcode", "status", "portal_enabled", "primary_sitter_id", "notes", "created_at", "version",
)  # fmt: skip
CONTACT = ("id", "client_id", "name", "relation", "email", "receives_copies", "is_emergency")
PET = (
    "id", "public_id", "client_id", "name", "species", "breed", "born_on", "warning", "feeding", "medication", "notes",
    "vet_id", "status", "created_at", "version",
)  # fmt: skip
REQUEST = ("id", "public_id", "client_id", "number", "created_at", "changed_at", "submitted_at")
LINE = (
    "id", "public_id", "request_id", "client_id", "service_item_id", "on_date", "start_time", "time_block_id", "note",
    "staff_note", "state", "sitter_id", "leave_unassigned", "price", "auto_submitted", "fingerprint", "submitted_at",
    "decided_at", "decline_reason", "created_at", "version",
)  # fmt: skip
JOB = (
    "id", "public_id", "client_id", "service_item_id", "on_date", "ends_on", "start_time", "time_block_id",
    "duration_minutes", "sitter_id", "state", "price", "sitter_pay", "prior_price", "prior_sitter_pay", "note", "staff_note",
    "request_line_id", "cancelled_at", "cancel_reason", "created_at", "version",
)  # fmt: skip
ACTIVITY = (
    "id", "at", "verb", "actor_kind", "actor_name", "staff_id", "on_behalf", "via", "client_id", "subject_type",
    "subject_id", "facts",
)  # fmt: skip
