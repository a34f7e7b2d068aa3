"""Every table and every enum of Latchkey. Columns, relationships, tiny derived properties; no rules, no queries.

This is the table of contents and the one place to import them from; the tables stand in `tables/`, in the order of
the story:
  tables/people.py         Staff, StaffLogin, ClientType, Client, ClientContact, ClientLogin, SignIn, RolePermission,
                           ClientSitter, Authenticator, RecoveryCode, Passkey, Registration, LoginAttempt
  tables/pets.py           Vet, Pet, Vaccination
  tables/catalogue.py      ServiceGroup, TimeBlock, ServiceItem, PublicHoliday, ClosedDay, OpeningHours
  tables/prices.py         PriceRule, ExtraPetPrice, ClientPrice, CancellationRule, CancellationReason
  tables/jobs.py           JobRequest, JobRequestLine, RequestMessage, Repeat, RepeatTime, RepeatPause, RepeatSkip, Job,
                           TimeOff
  tables/changes.py        ChangeRequest, ChangeItem
  tables/custom_fields.py  FieldPage, FieldSection, CustomField, FieldValue, FieldProposal, VetProposal
  tables/papers.py         StoredFile, Agreement, AgreementVersion, AgreementAcceptance, Letter
  tables/communication.py  OutboxMail, Notification, CalendarFeed
  tables/bookkeeping.py    Activity, Setting, Counter, FormKey, BulkRun

The rules live in `workflows/`; allowed moves of a state stand as a dict right under its enum.
"""

from foundation.db import db
from tables.bookkeeping import (
    BULK_MOVES,
    Activity,
    ActorKind,
    BulkKind,
    BulkRun,
    BulkState,
    Counter,
    FormKey,
    Setting,
    Via,
)
from tables.catalogue import (
    ClosedDay,
    LimitKind,
    OpeningHours,
    PayKind,
    PublicHoliday,
    ServiceGroup,
    ServiceItem,
    TimeBlock,
    TimeType,
    service_item_time_block,
)
from tables.changes import (
    CHANGE_MOVES,
    ChangeItem,
    ChangeKind,
    ChangeRequest,
    ChangeState,
    change_item_pet,
)
from tables.communication import (
    MAIL_MOVES,
    CalendarFeed,
    MailState,
    Notification,
    NotificationKind,
    OutboxMail,
)
from tables.custom_fields import (
    PROPOSAL_MOVES,
    CustomField,
    FieldArea,
    FieldKind,
    FieldPage,
    FieldProposal,
    FieldSection,
    FieldValue,
    PortalAccess,
    ProposalState,
    StaffAccess,
    VetProposal,
)
from tables.jobs import (
    JOB_CLIENT_LABELS,
    JOB_MOVES,
    LINE_MOVES,
    Job,
    JobRequest,
    JobRequestLine,
    JobState,
    LineState,
    Repeat,
    RepeatPause,
    RepeatSkip,
    RepeatTime,
    RequestMessage,
    TimeOff,
    job_pet,
    job_request_line_pet,
    repeat_pet,
)
from tables.papers import (
    Agreement,
    AgreementAcceptance,
    AgreementVersion,
    FilePurpose,
    Letter,
    StoredFile,
    agreement_client,
)
from tables.people import (
    REGISTRATION_MOVES,
    Authenticator,
    Client,
    ClientContact,
    ClientLogin,
    ClientSitter,
    ClientStatus,
    ClientType,
    LoginAttempt,
    Passkey,
    Realm,
    RecoveryCode,
    Registration,
    RegistrationState,
    RolePermission,
    SignIn,
    Staff,
    StaffLogin,
    StaffRole,
)
from tables.pets import (
    Pet,
    PetStatus,
    Species,
    Vaccination,
    Vet,
)
from tables.prices import (
    CancellationReason,
    CancellationRule,
    ClientPrice,
    ExtraPetPrice,
    Initiator,
    NoticeKind,
    PolicyBasis,
    PriceEffect,
    PriceRule,
    PriceTarget,
    RefundTo,
)

__all__ = [
    "Activity", "ActorKind", "BULK_MOVES", "BulkKind", "BulkRun", "BulkState", "CHANGE_MOVES", "CalendarFeed",
    "CancellationReason", "CancellationRule", "ChangeItem", "ChangeKind", "ChangeRequest", "ChangeState", "Client",
    "ClientContact", "ClientLogin", "ClientPrice", "ClientStatus", "ClientType", "ClosedDay", "Counter",
    "ExtraPetPrice", "FormKey", "Initiator", "JOB_CLIENT_LABELS", "JOB_MOVES", "Job", "JobRequest", "JobRequestLine",
    "JobState", "LINE_MOVES", "LimitKind", "LineState", "LoginAttempt", "MAIL_MOVES", "MailState", "NoticeKind",
    "Notification", "NotificationKind", "OpeningHours", "OutboxMail", "PayKind", "Pet", "PetStatus", "PolicyBasis",
    "PriceEffect", "PriceRule", "PriceTarget", "PublicHoliday", "Realm", "RefundTo", "Repeat", "RepeatPause",
    "RepeatSkip", "RepeatTime", "RequestMessage", "ServiceGroup", "ServiceItem", "Setting", "SignIn", "Species",
    "Staff", "StaffLogin", "StaffRole", "TimeBlock", "TimeOff", "TimeType", "Vet", "Via", "db",
    "change_item_pet", "job_pet", "job_request_line_pet", "repeat_pet", "service_item_time_block",
    "Authenticator", "ClientSitter", "Passkey", "RecoveryCode", "Registration", "RegistrationState", "REGISTRATION_MOVES", "RolePermission",
    "Vaccination",
    "CustomField", "FieldArea", "FieldKind", "FieldPage", "FieldProposal", "FieldSection", "FieldValue", "PortalAccess", "PROPOSAL_MOVES", "ProposalState", "StaffAccess", "VetProposal",
    "Agreement", "AgreementAcceptance", "AgreementVersion", "FilePurpose", "Letter", "StoredFile", "agreement_client",
]  # fmt: skip
