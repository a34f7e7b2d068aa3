"""The office's words for what the database keeps as codes, and what a chip of each looks like."""

import enum
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext

from admin_site import texts
from admin_site.money_words import MONEY_CHIPS, MONEY_WORDS
from admin_site.notice_words import NOTICE_WORDS
from models import (
    ActorKind,
    AlertKind,
    ArchiveState,
    BulkKind,
    BulkState,
    ChangeKind,
    ChangeState,
    CheckKind,
    ClientStatus,
    DeliveryState,
    FieldArea,
    FieldKind,
    FilePurpose,
    ImportKind,
    ImportState,
    Initiator,
    JobState,
    KeyPlace,
    LimitKind,
    LineState,
    MailState,
    NoticeKind,
    PayKind,
    PetStatus,
    PlaceSource,
    PolicyBasis,
    PortalAccess,
    PriceEffect,
    PriceTarget,
    ProposalState,
    RefundTo,
    RefusalKind,
    RegistrationState,
    ReportState,
    RowOutcome,
    SearchKind,
    Species,
    StaffAccess,
    StaffRole,
    TimeOffState,
    TimeType,
    Via,
)
from workflows.errors import N_
from workflows.invitations import InvitationState
from workflows.settings import LIMIT_LABELS

#: by class: members of two enums with the same text are equal to Python
WORDS: dict[type[enum.StrEnum], Mapping[Any, str]] = {
    StaffRole: {
        StaffRole.OWNER: N_("Owner"),
        StaffRole.MANAGER: N_("Manager"),
        StaffRole.SITTER: N_("Sitter"),
    },
    ClientStatus: {
        ClientStatus.PROSPECT: N_("Prospect"),
        ClientStatus.ACTIVE: N_("Active"),
        ClientStatus.INACTIVE: N_("Inactive"),
        ClientStatus.ARCHIVED: N_("Archived"),
    },
    Species: {
        Species.DOG: N_("Dog"),
        Species.CAT: N_("Cat"),
        Species.RABBIT: N_("Rabbit"),
        Species.BIRD: N_("Bird"),
        Species.FISH: N_("Fish"),
        Species.REPTILE: N_("Reptile"),
        Species.OTHER: N_("Another animal"),
    },
    PetStatus: {
        PetStatus.ACTIVE: N_("With us"),
        PetStatus.INACTIVE: N_("No longer with us"),
        PetStatus.DECEASED: N_("Passed away"),
    },
    TimeType: {
        TimeType.STANDARD: N_("At a time of day"),
        TimeType.TIME_BLOCK: N_("In a time block"),
        TimeType.ANYTIME: N_("Any time of the day"),
        TimeType.ALL_DAY: N_("All day"),
    },
    PayKind: {
        PayKind.AMOUNT: N_("An amount"),
        PayKind.PERCENT: N_("A share of the price"),
    },
    PriceTarget: {
        PriceTarget.PRICE: N_("The client's price"),
        PriceTarget.PAY: N_("The sitter's pay"),
    },
    PriceEffect: {
        PriceEffect.SET_AMOUNT: N_("Sets it to an amount"),
        PriceEffect.SET_PERCENT: N_("Sets it to a share of the price"),
        PriceEffect.ADD_AMOUNT: N_("Adds an amount"),
        PriceEffect.ADD_PERCENT: N_("Adds a percentage"),
    },
    LimitKind: LIMIT_LABELS,
    NoticeKind: {
        NoticeKind.HOURS: N_("Less than N hours before the start"),
        NoticeKind.DAYS: N_("Less than N days before the date"),
        NoticeKind.CLOCK: N_("After a time of day, N days before"),
        NoticeKind.BUSINESS_CLOCK: N_("After a time of day, N business days before"),
    },
    Initiator: {
        Initiator.CLIENT: N_("The client"),
        Initiator.OFFICE: N_("The office"),
    },
    PolicyBasis: {
        PolicyBasis.VISIT: N_("The visit itself"),
        PolicyBasis.STAY: N_("The first visit of its stay"),
    },
    RefundTo: {
        RefundTo.CREDIT: N_("Kept as credit"),
        RefundTo.MONEY: N_("Paid back"),
        RefundTo.ASK: N_("Ask each time"),
    },
    ChangeKind: {
        ChangeKind.CANCEL: N_("Cancellation"),
        ChangeKind.CHANGE: N_("Change"),
        ChangeKind.MESSAGE: N_("Message"),
        ChangeKind.PAUSE: N_("Pause"),
        ChangeKind.END: N_("End of a series"),
    },
    ChangeState: {
        ChangeState.PENDING: N_("Waiting"),
        ChangeState.APPROVED: N_("Approved"),
        ChangeState.DENIED: N_("Denied"),
        ChangeState.WITHDRAWN: N_("Withdrawn"),
        ChangeState.EXPIRED: N_("Visit began first"),
        ChangeState.SUPERSEDED: N_("Visit was changed"),
    },
    BulkKind: {
        BulkKind.CANCEL: N_("Cancel visits"),
        BulkKind.MOVE: N_("Move visits"),
        BulkKind.REASSIGN: N_("Give visits to another sitter"),
        BulkKind.GENERATE: N_("Make repeating visits"),
        BulkKind.INVITE: N_("Invite clients to the portal"),
        BulkKind.INVOICE: N_("Raise invoices"),
        BulkKind.CHARGE: N_("Take payments"),
        BulkKind.STATEMENT: N_("Send statements"),
        BulkKind.MAILING: N_("Write to clients"),
        BulkKind.EDIT: N_("Change one field"),
    },
    ImportKind: {
        ImportKind.CLIENTS: N_("Clients"),
        ImportKind.CONTACTS: N_("Contacts"),
        ImportKind.PETS: N_("Pets"),
        ImportKind.VETS: N_("Vets"),
        ImportKind.SERVICES: N_("Services"),
        ImportKind.PRICE_RULES: N_("Price rules"),
        ImportKind.REPEATS: N_("Repeating services"),
        ImportKind.VISITS: N_("Visits"),
        ImportKind.KEYS: N_("Keys"),
        ImportKind.BALANCES: N_("Open balances"),
    },
    ImportState: {
        ImportState.MATCHING: N_("Columns to be matched"),
        ImportState.CHECKING: N_("Being checked"),
        ImportState.CHECKED: N_("Ready to import"),
        ImportState.RUNNING: N_("Under way"),
        ImportState.DONE: N_("Imported"),
        ImportState.UNDOING: N_("Being undone"),
        ImportState.UNDONE: N_("Undone"),
        ImportState.FAILED: N_("Failed"),
        ImportState.DROPPED: N_("Called off"),
    },
    RowOutcome: {
        RowOutcome.NEW: N_("New"),
        RowOutcome.CHANGED: N_("Changed"),
        RowOutcome.SAME: N_("As it is already"),
        RowOutcome.ERROR: N_("Error"),
    },
    ArchiveState: {
        ArchiveState.WAITING: N_("Waiting"),
        ArchiveState.RUNNING: N_("Under way"),
        ArchiveState.DONE: N_("Ready"),
        ArchiveState.FAILED: N_("Failed"),
        ArchiveState.GONE: N_("Removed"),
    },
    SearchKind: {
        SearchKind.CLIENT: N_("Clients"),
        SearchKind.CONTACT: N_("Contacts"),
        SearchKind.PET: N_("Pets"),
        SearchKind.VET: N_("Vets"),
        SearchKind.STAFF: N_("Team"),
        SearchKind.SERVICE: N_("Services"),
    },
    RefusalKind: {
        RefusalKind.BOUNCED: N_("Mail came back"),
        RefusalKind.UNSUBSCRIBED: N_("Wants no news by mail"),
    },
    InvitationState: {
        InvitationState.NONE: N_("Not invited"),
        InvitationState.INVITED: N_("Invited"),
        InvitationState.EXPIRED: N_("Invitation expired"),
        InvitationState.ACCEPTED: N_("Has a password"),
        InvitationState.CLOSED: N_("Closed"),
    },
    BulkState: {
        BulkState.WAITING: N_("Waiting"),
        BulkState.RUNNING: N_("Under way"),
        BulkState.DONE: N_("Done"),
        BulkState.STOPPED: N_("Stopped"),
    },
    TimeOffState: {
        TimeOffState.REQUESTED: N_("Waiting"),
        TimeOffState.APPROVED: N_("Approved"),
        TimeOffState.DECLINED: N_("Declined"),
        TimeOffState.WITHDRAWN: N_("Withdrawn"),
    },
    MailState: {
        MailState.QUEUED: N_("Queued"),
        MailState.SENDING: N_("Being sent"),
        MailState.SENT: N_("Sent"),
        MailState.FAILED: N_("Failed"),
        MailState.CANCELLED: N_("Stopped"),
    },
    DeliveryState: {
        DeliveryState.WAITING: N_("Waiting"),
        DeliveryState.SENDING: N_("Being sent"),
        DeliveryState.DELIVERED: N_("Arrived"),
        DeliveryState.FAILED: N_("Given up"),
    },
    CheckKind: {CheckKind.IN: N_("Check-in"), CheckKind.OUT: N_("Check-out")},
    PlaceSource: {
        PlaceSource.GIVEN: N_("With its place"),
        PlaceSource.REFUSED: N_("Place not told"),
        PlaceSource.UNAVAILABLE: N_("Place not known"),
        PlaceSource.ADJUSTED: N_("Adjusted, no place"),
    },
    KeyPlace: {
        KeyPlace.OFFICE: N_("At the office"),
        KeyPlace.STAFF: N_("With the team"),
        KeyPlace.CLIENT: N_("Given back"),
        KeyPlace.LOST: N_("Lost"),
    },
    AlertKind: {
        AlertKind.UNACKNOWLEDGED: N_("Not acknowledged"),
        AlertKind.LATE: N_("Late"),
        AlertKind.OVERDUE: N_("Overdue"),
        AlertKind.SHORT: N_("Too short"),
        AlertKind.FAR: N_("Far away"),
        AlertKind.NO_PLACE: N_("Without a place"),
        AlertKind.NOT_COMPLETED: N_("Not completed"),
    },
    FieldArea: {
        FieldArea.CLIENT: N_("Clients"),
        FieldArea.PET: N_("Pets"),
        FieldArea.STAFF: N_("Staff"),
        FieldArea.REPORT: N_("Report cards"),
    },
    FieldKind: {
        FieldKind.TEXT: N_("Text"),
        FieldKind.LONG_TEXT: N_("Long text"),
        FieldKind.NUMBER: N_("Number"),
        FieldKind.DATE: N_("Date"),
        FieldKind.YES_NO: N_("Yes or no"),
        FieldKind.CHOICE: N_("One of a list"),
        FieldKind.MULTI_CHOICE: N_("Several of a list"),
        FieldKind.EMAIL: N_("Mail address"),
        FieldKind.PHONE: N_("Phone number"),
        FieldKind.LINK: N_("Web address"),
        FieldKind.IMAGE: N_("Photo"),
        FieldKind.FILE: N_("Document"),
        FieldKind.TASK: N_("Task to tick"),
    },
    PortalAccess: {
        PortalAccess.HIDDEN: N_("Hidden"),
        PortalAccess.VIEW: N_("Can see"),
        PortalAccess.EDIT: N_("Can see and change"),
    },
    StaffAccess: {
        StaffAccess.HIDDEN: N_("Hidden"),
        StaffAccess.RESTRICTED: N_("Around own visits only"),
        StaffAccess.VIEW: N_("Can see"),
    },
    ProposalState: {
        ProposalState.PENDING: N_("Waiting"),
        ProposalState.ACCEPTED: N_("Accepted"),
        ProposalState.DECLINED: N_("Declined"),
        ProposalState.WITHDRAWN: N_("Withdrawn"),
    },
    FilePurpose: {
        FilePurpose.PET_PHOTO: N_("Picture of a pet"),
        FilePurpose.FIELD: N_("Part of a form"),
        FilePurpose.UPLOAD: N_("Upload"),
        FilePurpose.FORM: N_("Contract or form"),
        FilePurpose.CERTIFICATE: N_("Vaccination certificate"),
        FilePurpose.AGREEMENT: N_("Copy of an agreement"),
        FilePurpose.REPORT: N_("Photo of a report card"),
    },
    ReportState: {
        ReportState.DRAFT: N_("Draft"),
        ReportState.SENT: N_("Sent"),
    },
    RegistrationState: {
        RegistrationState.MAILED: N_("Link mailed"),
        RegistrationState.WAITING: N_("Waiting"),
        RegistrationState.ACCEPTED: N_("Accepted"),
        RegistrationState.DECLINED: N_("Declined"),
    },
    ActorKind: {
        ActorKind.STAFF: N_("Team"),
        ActorKind.CLIENT: N_("Client"),
        ActorKind.SYSTEM: N_("Automatic"),
    },
    Via: {
        Via.PORTAL: N_("Portal"),
        Via.OFFICE: N_("Office"),
        Via.WORKER: N_("Automatic"),
        Via.COMMAND_LINE: N_("Command line"),
    },
    **MONEY_WORDS,
    **NOTICE_WORDS,
}

#: what is not named here is grey
_CHIPS: dict[type[enum.StrEnum], Mapping[Any, str]] = {
    ClientStatus: {ClientStatus.PROSPECT: "req", ClientStatus.ACTIVE: "ok"},
    PetStatus: {PetStatus.ACTIVE: "ok"},
    ChangeKind: {
        ChangeKind.CANCEL: "off",
        ChangeKind.CHANGE: "change",
        ChangeKind.MESSAGE: "info",
        ChangeKind.PAUSE: "change",
        ChangeKind.END: "change",
    },
    ChangeState: {
        ChangeState.PENDING: "req",
        ChangeState.APPROVED: "ok",
        ChangeState.DENIED: "late",
        ChangeState.WITHDRAWN: "off",
        ChangeState.EXPIRED: "off",
        ChangeState.SUPERSEDED: "off",
    },
    TimeOffState: {
        TimeOffState.REQUESTED: "req",
        TimeOffState.APPROVED: "ok",
        TimeOffState.DECLINED: "declined",
        TimeOffState.WITHDRAWN: "off",
    },
    MailState: {
        MailState.QUEUED: "req",
        MailState.SENDING: "live",
        MailState.SENT: "ok",
        MailState.FAILED: "late",
        MailState.CANCELLED: "off",
    },
    DeliveryState: {
        DeliveryState.WAITING: "req",
        DeliveryState.SENDING: "live",
        DeliveryState.DELIVERED: "ok",
        DeliveryState.FAILED: "late",
    },
    **MONEY_CHIPS,
}


def word(value: enum.StrEnum | None) -> str:
    """The office's word for a code, in the reader's language; nothing for None."""
    if value is None:
        return ""
    return chip_of(value)[1] if isinstance(value, LineState | JobState) else gettext(WORDS[type(value)][value])


def chip_of(value: enum.StrEnum) -> tuple[str, str]:
    """Kind and word of a code's chip."""
    if isinstance(value, LineState):
        return texts.line_chip(value)
    if isinstance(value, JobState):
        return texts.job_chip(value)
    return _CHIPS.get(type(value), {}).get(value, "mute"), word(value)


def choices(kind: type[enum.StrEnum]) -> list[tuple[str, str]]:
    """(value, word) of every member, in the order of the enum."""
    return [(member.value, word(member)) for member in kind]
