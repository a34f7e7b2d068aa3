"""Every table and every enum of Latchkey. Columns, relationships, tiny derived properties; no rules, no queries.

This is the table of contents and the one place to import them from; the tables stand in `tables/`, in the order of
the story:
  tables/people.py         Staff, StaffLogin, ClientType, Client, ClientContact, ClientLogin, SignIn, LoginAttempt
  tables/pets.py           Vet, Pet
  tables/catalogue.py      ServiceGroup, TimeBlock, ServiceItem, PublicHoliday, ClosedDay, OpeningHours
  tables/prices.py         PriceRule, ExtraPetPrice, ClientPrice, CancellationRule, CancellationReason
  tables/jobs.py           JobRequest, JobRequestLine, RequestMessage, Repeat, RepeatTime, RepeatPause, RepeatSkip, Job,
                           TimeOff
  tables/changes.py        ChangeRequest, ChangeItem
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
from tables.people import (
    Client,
    ClientContact,
    ClientLogin,
    ClientStatus,
    ClientType,
    LoginAttempt,
    Realm,
    SignIn,
    Staff,
    StaffLogin,
    StaffRole,
)
from tables.pets import (
    Pet,
    PetStatus,
    Species,
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
]  # fmt: skip
