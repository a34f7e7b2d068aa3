"""The sentences of the log: what each verb, record and column is called. `texts.log_entry` puts them together."""

from workflows.errors import N_


def NN_(singular: str, plural: str = "") -> tuple[str, str]:  # noqa: N802 -- as gettext's N_, with a plural
    """Mark a sentence for translation; one without a plural says no number."""
    return singular, plural


#: verb -> picture, sentence for one and for several visits; %(who)s, %(num)d, and %(number)s, %(email)s of the facts
VERBS: dict[str, tuple[str, str, str]] = {
    "job_request.submitted": ("inbox", *NN_("%(who)s requested %(num)d visit", "%(who)s requested %(num)d visits")),
    "job_request.added": ("circle-plus", *NN_("%(who)s added %(num)d visit to request #%(number)s", "%(who)s added %(num)d visits to request #%(number)s")),
    "job_request.auto_submitted": ("clock", *NN_("Forgotten basket sent: %(num)d visit (Auto-submitted)", "Forgotten basket sent: %(num)d visits (Auto-submitted)")),
    "job_request.cancelled": ("calendar-x", *NN_("%(who)s cancelled a job request: %(num)d visit", "%(who)s cancelled a job request: %(num)d visits")),
    "job_request.line_edited": ("pencil", *NN_("%(who)s changed a requested visit")),
    "job_request.line_added": ("circle-plus", *NN_("%(who)s added %(num)d visit to request #%(number)s", "%(who)s added %(num)d visits to request #%(number)s")),
    "job_request.scheduled": ("calendar-check", *NN_("%(who)s scheduled %(num)d requested visit", "%(who)s scheduled %(num)d requested visits")),
    "job_request.declined": ("ban", *NN_("%(who)s declined %(num)d requested visit", "%(who)s declined %(num)d requested visits")),
    "job_request.client_answered": ("message", *NN_("%(who)s wrote about request #%(number)s")),
    "job_request.sitter_answered": ("message", *NN_("%(who)s answered the office about request #%(number)s")),
    "calendar_feed.on": ("rss", *NN_("%(who)s turned on a calendar feed")),
    "calendar_feed.renewed": ("rss", *NN_("%(who)s took a new address for the calendar feed")),
    "calendar_feed.off": ("rss", *NN_("%(who)s turned off a calendar feed")),
    "job_request.deleted": ("trash", *NN_("%(who)s deleted %(num)d requested visit", "%(who)s deleted %(num)d requested visits")),
    "basket.added": ("basket", *NN_("%(who)s put %(num)d visit into the basket", "%(who)s put %(num)d visits into the basket")),
    "basket.changed": ("basket", *NN_("%(who)s changed a visit in the basket")),
    "basket.removed": ("basket", *NN_("%(who)s took a visit out of the basket")),
    "basket.cleared": ("basket", *NN_("%(who)s emptied the basket")),
    "basket.item_hidden": ("basket", *NN_("%(num)d visit in the basket is no longer offered", "%(num)d visits in the basket are no longer offered")),
    "basket.blocked": ("basket", *NN_("%(num)d visit in the basket can no longer be requested", "%(num)d visits in the basket can no longer be requested")),
    "basket.reminded": ("mail", *NN_("%(who)s wrote about the unsent basket")),
    "job.booked": ("calendar-plus", *NN_("%(who)s booked %(num)d visit", "%(who)s booked %(num)d visits")),
    "job.moved": ("calendar-time", *NN_("%(who)s moved a visit")),
    "job.move_undone": ("arrow-back-up", *NN_("%(who)s undid a move")),
    "job.changed": ("pencil", *NN_("%(who)s changed a visit")),
    "job.cancelled": ("calendar-x", *NN_("%(who)s cancelled %(num)d visit", "%(who)s cancelled %(num)d visits")),
    "job.back_to_request": ("inbox", *NN_("%(who)s turned %(num)d visit back into a request", "%(who)s turned %(num)d visits back into requests")),
    "job.reinstated": ("calendar-check", *NN_("%(who)s put %(num)d cancelled visit back", "%(who)s put %(num)d cancelled visits back")),
    "job.voided": ("ban", *NN_("%(who)s voided %(num)d visit", "%(who)s voided %(num)d visits")),
    "job.unvoided": ("calendar-check", *NN_("%(who)s lets %(num)d void visit count again", "%(who)s lets %(num)d void visits count again")),
    "job.assigned": ("user-check", *NN_("%(num)d visit goes into the sitter's evening mail", "%(num)d visits go into the sitter's evening mail")),
    "job.repeated": ("user-check", *NN_("%(num)d repeating visit goes into the sitter's evening mail", "%(num)d repeating visits go into the sitter's evening mail")),
    "repeat.started": ("calendar-repeat", *NN_("%(who)s began a repeating service")),
    "repeat.run": ("calendar-repeat", *NN_("%(num)d repeating visit was made", "%(num)d repeating visits were made")),
    "repeat.followed": ("calendar-repeat", *NN_("%(who)s changed a repeating service from a day on")),
    "repeat.paused": ("calendar-repeat", *NN_("%(who)s paused a repeating service")),
    "repeat.resumed": ("calendar-repeat", *NN_("%(who)s ended a pause of a repeating service")),
    "repeat.ended": ("calendar-off", *NN_("%(who)s set the last day of a repeating service")),
    "access.logged_in": ("login", *NN_("%(who)s logged in")),
    "access.invited": ("send", *NN_("%(who)s sent a log-in link to %(email)s")),
    "access.password_set": ("lock", *NN_("%(who)s set a new password")),
    "access.portal_opened": ("eye", *NN_("%(who)s opened the portal as this client")),
    "access.portal_closed": ("eye-off", *NN_("%(who)s left the portal view")),
    "outbox_mail.retried": ("mail", *NN_("%(who)s sent a failed mail again")),
    "outbox_mail.cancelled": ("mail", *NN_("%(who)s stopped a mail")),
    "list.exported": ("download", *NN_("%(who)s saved a list as a file")),
    "setting.changed": ("settings", *NN_("%(who)s changed a setting")),
}  # fmt: skip

#: records of the CRUD views: "<table>.added", ".changed", ".removed"
RECORDS = {
    "client": ("user", N_("client")),
    "client_contact": ("address-book", N_("contact")),
    "pet": ("paw", N_("pet")),
    "vet": ("stethoscope", N_("vet")),
    "staff": ("users-group", N_("team member")),
    "service_item": ("list", N_("service")),
    "service_group": ("folder", N_("service group")),
    "time_block": ("clock", N_("time block")),
    "public_holiday": ("calendar-event", N_("holiday")),
    "closed_day": ("ban", N_("closed days")),
    "time_off": ("calendar-off", N_("time off")),
}

FIELDS = {
    "first_name": N_("First name"), "last_name": N_("Last name"), "email": N_("Mail"), "phone": N_("Phone"),
    "address_line1": N_("Address"), "address_line2": N_("Address, second line"), "city": N_("Town"),
    "postcode": N_("Postcode"), "status": N_("Status"), "portal_enabled": N_("Portal"),
    "primary_sitter": N_("Usual sitter"), "notes": N_("Notes"), "name": N_("Name"), "relation": N_("Relation"),
    "receives_copies": N_("Gets copies of mails"), "is_emergency": N_("Emergency contact"), "species": N_("Kind"),
    "breed": N_("Breed"), "born_on": N_("Birthday"), "warning": N_("Warning"), "feeding": N_("Feeding"),
    "medication": N_("Medication"), "vet": N_("Vet"), "role": N_("Role"), "is_sitter": N_("Can be given visits"),
    "is_active": N_("Active"), "price": N_("Price"), "code": N_("Code"), "duration_minutes": N_("Minutes"),
    "visible_in_portal": N_("Visible in portal"), "time_type": N_("Time type"), "time_blocks": N_("Time blocks"),
    "group": N_("Group"), "first_on": N_("First day"), "last_on": N_("Last day"), "on_date": N_("Day"),
    "starts_at": N_("Starts"), "ends_at": N_("Ends"), "reason": N_("Reason"), "is_closed": N_("Closed"),
    "description": N_("Description"), "position": N_("Position"), "note": N_("Note"), "address": N_("Address"),
    "sitter_pay": N_("Sitter pay"), "extra_pet_price": N_("Each further pet"), "pay_kind": N_("Pay"), "pay_amount": N_("Pay, amount"),
    "pay_percent": N_("Pay, share"), "is_internal": N_("Internal"), "key_not_needed": N_("Key not needed"),
}  # fmt: skip
