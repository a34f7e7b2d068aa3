"""What each kind of line on HOME is called where kinds are listed; its own sentence is made by `notices`."""

import enum
from collections.abc import Mapping
from typing import Any

from models import NotificationKind
from workflows.errors import N_

NOTICE_WORDS: dict[type[enum.StrEnum], Mapping[Any, str]] = {
    NotificationKind: {
        NotificationKind.REQUEST_RECEIVED: N_("New request"),
        NotificationKind.REQUEST_AUTO_SUBMITTED: N_("Forgotten basket sent"),
        NotificationKind.REQUEST_CANCELLED: N_("Request cancelled"),
        NotificationKind.REQUEST_ANSWERED: N_("Answer about a request"),
        NotificationKind.CHANGE_REQUESTED: N_("Change asked for"),
        NotificationKind.CANCELLATION_REQUESTED: N_("Cancellation asked for"),
        NotificationKind.VISIT_CANCELLED: N_("Visit cancelled by the client"),
        NotificationKind.CHANGE_WITHDRAWN: N_("Request withdrawn"),
        NotificationKind.CLIENT_MESSAGE: N_("Message about the schedule"),
        NotificationKind.SERIES_REQUESTED: N_("Change, pause or end of a series asked for"),
        NotificationKind.BASKET_BLOCKED: N_("Basket cannot be sent"),
        NotificationKind.MAIL_FAILED: N_("Mail failed"),
        NotificationKind.SERIES_TROUBLE: N_("Repeating service needs a look"),
        NotificationKind.DATA_CHANGED: N_("Client changed details"),
        NotificationKind.DATA_PROPOSED: N_("Change waits for approval"),
        NotificationKind.PET_ADDED: N_("Pet added"),
        NotificationKind.PET_LEFT: N_("Pet no longer with us"),
        NotificationKind.FILES_UPLOADED: N_("Files uploaded"),
        NotificationKind.VET_PROPOSED: N_("Vet proposed"),
        NotificationKind.VACCINATION_DUE: N_("Vaccination runs out"),
        NotificationKind.AGREEMENT_ACCEPTED: N_("Agreement accepted"),
        NotificationKind.CLIENT_REGISTERED: N_("New client registered"),
        NotificationKind.REGISTRATION_WAITING: N_("Registration waits for approval"),
        NotificationKind.LETTER_RECEIVED: N_("Message from a client"),
        NotificationKind.VISITS_OF_ARCHIVED: N_("Visits of a client or pet that left"),
        NotificationKind.PAYMENT_RECEIVED: N_("Payment received"),
        NotificationKind.PAYMENT_FAILED: N_("Payment failed"),
        NotificationKind.PAYMENT_RETURNED: N_("Payment returned"),
        NotificationKind.PAYMENT_UNCLEAR: N_("Payment being confirmed"),
        NotificationKind.METHOD_CHANGED: N_("Card or bank account changed"),
        NotificationKind.NOTE_OPENED: N_("Note to commit"),
        NotificationKind.REFUND_DUE: N_("Refund to make"),
        NotificationKind.REFUND_FAILED: N_("Refund failed"),
        NotificationKind.DISPUTE_OPENED: N_("Dispute opened"),
        NotificationKind.DISPUTE_CLOSED: N_("Dispute closed"),
        NotificationKind.BOOKS_DIFFER: N_("Books and gateway differ"),
        NotificationKind.TIME_OFF_REQUESTED: N_("Time off asked for"),
        NotificationKind.TIME_OFF_WITHDRAWN: N_("Time off given back"),
        NotificationKind.SITTER_MESSAGE: N_("Message from a sitter"),
        NotificationKind.REPORT_SENT: N_("Report card sent"),
        NotificationKind.REPORT_THANKED: N_("Client said thanks"),
        NotificationKind.KEY_MOVED: N_("Key handed over"),
        NotificationKind.KEY_LOST: N_("Key lost"),
        NotificationKind.CHECK_REFUSED: N_("Check-in that could not count"),
        NotificationKind.HOOK_FAILED: N_("Web hook gave up"),
    },
}
