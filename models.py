"""Every table and every enum of Latchkey. Columns, relationships, tiny derived properties; no rules, no queries.

This is the table of contents and the one place to import them from; the tables stand in `tables/`, in the order of
the story:
  tables/people.py         Staff, StaffLogin, ClientType, Client, ClientContact, ClientLogin, SignIn, RolePermission,
                           ClientSitter, Authenticator, RecoveryCode, Passkey, Registration, LoginAttempt
  tables/pets.py           Vet, Pet, Vaccination
  tables/catalogue.py      ServiceGroup, TimeBlock, ServiceItem, PublicHoliday, ClosedDay, OpeningHours
  tables/prices.py         PriceRule, ExtraPetPrice, ClientPrice, CancellationRule, CancellationReason
  tables/jobs.py           JobRequest, JobRequestLine, RequestMessage, Job
  tables/repeats.py        Repeat, RepeatTime, RepeatPause, RepeatSkip
  tables/visits.py         VisitCheck, VisitAlert, TimeOff
  tables/reports.py        ReportCard
  tables/keys.py           Key, KeyMove
  tables/changes.py        ChangeRequest, ChangeItem
  tables/custom_fields.py  FieldPage, FieldSection, CustomField, FieldValue, FieldProposal, VetProposal
  tables/papers.py         StoredFile, Agreement, AgreementVersion, AgreementAcceptance, Letter
  tables/invoices.py       TaxRate, PaymentTerms, Invoice, InvoiceLine, InvoiceTax, InvoiceReminder
  tables/credit_notes.py   CreditNote, CreditNoteLine
  tables/packages.py       VisitPackage, ClientPackage, PackageUse
  tables/payments.py       StoredMethod, PaymentConsent, PaymentAttempt, AttemptTarget, Payment, Allocation, Refund,
                           TipShare
  tables/gateway_news.py   Dispute, GatewayEvent, GatewayFinding, PaperFile
  tables/ledger.py         Posting, PostingLine
  tables/pay.py            PayRun, PayStatement, PayLine
  tables/communication.py  OutboxMail, Notification, CalendarFeed, SitterMessage
  tables/mail_texts.py     MailTemplate, MailTemplateVersion, MailRefusal, Mailing
  tables/importing.py      ImportRun, ImportRow, ImportedRecord, ImportMapping, DataArchive, DemoRecord
  tables/desk.py           SavedView, ListColumns, Comment, MergedRecord, MergeNote, DistinctPair
  tables/connections.py    ApiToken, ApiAnswer, WebHook, HookDelivery
  tables/search.py         SearchEntry
  tables/running.py        SignOfLife
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
    SitterMessage,
)
from tables.connections import DELIVERY_MOVES, ApiAnswer, ApiToken, DeliveryState, HookDelivery, WebHook
from tables.credit_notes import NOTE_MOVES, CreditNote, CreditNoteLine, NoteKind, NoteState
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
from tables.desk import Comment, DistinctPair, ListColumns, MergedRecord, MergeNote, SavedView
from tables.gateway_news import (
    DISPUTE_MOVES,
    EVENT_MOVES,
    Dispute,
    DisputeState,
    EventState,
    FindingKind,
    GatewayEvent,
    GatewayFinding,
    PaperFile,
)
from tables.importing import (
    ARCHIVE_MOVES,
    IMPORT_MOVES,
    ArchiveState,
    DataArchive,
    DemoRecord,
    ImportedRecord,
    ImportKind,
    ImportMapping,
    ImportRow,
    ImportRun,
    ImportState,
    RowOutcome,
)
from tables.invoices import (
    INVOICE_MOVES,
    DueKind,
    Invoice,
    InvoiceKind,
    InvoiceLine,
    InvoiceReminder,
    InvoiceState,
    InvoiceTax,
    LineKind,
    PaymentTerms,
    TaxRate,
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
    RequestMessage,
    job_pet,
    job_request_line_pet,
)
from tables.keys import (
    Key,
    KeyMove,
    KeyPlace,
)
from tables.ledger import (
    Account,
    Posting,
    PostingLine,
)
from tables.mail_texts import Mailing, MailRefusal, MailTemplate, MailTemplateVersion, RefusalKind
from tables.packages import ClientPackage, PackageUse, VisitPackage
from tables.papers import (
    Agreement,
    AgreementAcceptance,
    AgreementVersion,
    FilePurpose,
    Letter,
    StoredFile,
    agreement_client,
)
from tables.pay import (
    PAY_RUN_MOVES,
    PayLine,
    PayLineKind,
    PayRun,
    PayRunState,
    PayStatement,
)
from tables.payments import (
    ATTEMPT_MOVES,
    PAYMENT_MOVES,
    REFUND_MOVES,
    Allocation,
    AttemptState,
    AttemptTarget,
    ConsentKind,
    GatewayMode,
    MethodKind,
    Payment,
    PaymentAttempt,
    PaymentConsent,
    PaymentKind,
    PaymentState,
    Refund,
    RefundState,
    RefundWay,
    StoredMethod,
    TipShare,
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
from tables.repeats import Repeat, RepeatPause, RepeatSkip, RepeatTime, repeat_pet
from tables.reports import (
    REPORT_MOVES,
    ReportCard,
    ReportState,
)
from tables.running import Sign, SignOfLife
from tables.search import SearchEntry, SearchKind
from tables.visits import (
    TIME_OFF_MOVES,
    AlertKind,
    CheckKind,
    PlaceSource,
    TimeOff,
    TimeOffState,
    VisitAlert,
    VisitCheck,
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
    "SearchEntry", "SearchKind",
    "Comment", "DistinctPair", "ListColumns", "MailRefusal", "MailTemplate", "MailTemplateVersion", "Mailing", "MergeNote", "MergedRecord", "RefusalKind", "SavedView",
    "Sign", "SignOfLife",
    "ApiAnswer", "ApiToken", "DELIVERY_MOVES", "DeliveryState", "HookDelivery", "WebHook",
    "ARCHIVE_MOVES", "IMPORT_MOVES", "ArchiveState", "DataArchive", "DemoRecord", "ImportKind", "ImportMapping",
    "ImportRow", "ImportRun", "ImportState", "ImportedRecord", "RowOutcome",
    "Agreement", "AgreementAcceptance", "AgreementVersion", "FilePurpose", "Letter", "StoredFile", "agreement_client",
    "INVOICE_MOVES", "NOTE_MOVES", "ClientPackage", "CreditNote", "CreditNoteLine", "DueKind", "Invoice", "InvoiceKind", "InvoiceLine", "InvoiceReminder", "InvoiceState", "InvoiceTax", "LineKind", "NoteKind", "NoteState", "PackageUse", "PaymentTerms", "TaxRate", "VisitPackage", "ATTEMPT_MOVES", "DISPUTE_MOVES", "EVENT_MOVES", "PAYMENT_MOVES", "REFUND_MOVES", "Allocation", "AttemptState", "AttemptTarget", "ConsentKind", "Dispute", "DisputeState", "EventState", "FindingKind", "GatewayEvent", "GatewayFinding", "GatewayMode", "MethodKind", "PaperFile", "Payment", "PaymentAttempt", "PaymentConsent", "PaymentKind", "PaymentState", "Refund", "RefundState", "RefundWay", "StoredMethod", "TipShare", "Account", "Posting", "PostingLine",
    "AlertKind", "CheckKind", "Key", "KeyMove", "KeyPlace", "PAY_RUN_MOVES", "PayLine", "PayLineKind", "PayRun",
    "PayRunState", "PayStatement", "PlaceSource", "REPORT_MOVES", "ReportCard", "ReportState", "SitterMessage",
    "TIME_OFF_MOVES", "TimeOffState", "VisitAlert", "VisitCheck",
]  # fmt: skip
