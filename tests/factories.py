"""Rows for tests: one plain function for each table. No hidden siblings, round amounts; parents are made if not given.

Every function flushes, so that the row has its id; nobody commits.
"""

import datetime as dt
import itertools
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, TypeVar

from foundation import clock
from foundation.db import Base, db
from models import (
    Activity,
    ActorKind,
    Agreement,
    AgreementAcceptance,
    AgreementVersion,
    AlertKind,
    Authenticator,
    BulkKind,
    BulkRun,
    CalendarFeed,
    CancellationReason,
    CancellationRule,
    ChangeItem,
    ChangeKind,
    ChangeRequest,
    CheckKind,
    Client,
    ClientContact,
    ClientLogin,
    ClientPrice,
    ClientSitter,
    ClientType,
    ClosedDay,
    Counter,
    CustomField,
    ExtraPetPrice,
    FieldArea,
    FieldPage,
    FieldProposal,
    FieldSection,
    FieldValue,
    FilePurpose,
    FormKey,
    Job,
    JobRequest,
    JobRequestLine,
    Key,
    KeyMove,
    KeyPlace,
    Letter,
    LineState,
    LoginAttempt,
    Notification,
    NotificationKind,
    OpeningHours,
    OutboxMail,
    Passkey,
    PayKind,
    PayLine,
    PayLineKind,
    PayRun,
    PayStatement,
    Pet,
    PriceRule,
    PublicHoliday,
    Realm,
    RecoveryCode,
    Registration,
    Repeat,
    RepeatPause,
    RepeatSkip,
    RepeatTime,
    ReportCard,
    RequestMessage,
    RolePermission,
    ServiceGroup,
    ServiceItem,
    Setting,
    SignIn,
    SitterMessage,
    Staff,
    StaffLogin,
    StaffRole,
    StoredFile,
    TimeBlock,
    TimeOff,
    TimeType,
    Vaccination,
    Vet,
    VetProposal,
    Via,
    VisitAlert,
    VisitCheck,
)
from workflows import access, activity, tries
from workflows.change_facts import old_facts
from workflows.mail_facts import BasketReminder, MailKind
from workflows.plans import plan_of_item
from workflows.price_books import Book
from workflows.pricing import quote
from workflows.wanted import Slot, fingerprint

#: the password of every log-in
PASSWORD = "leash treat biscuit"
#: Thursday of the week in which the clock stands
DAY = dt.date(2026, 11, 26)
NOON = dt.time(12)

_numbers = itertools.count(1)


Row = TypeVar("Row", bound=Base)


def _save(row: Row) -> Row:
    db.session.add(row)
    if not _at_once:
        db.session.flush()
    return row


_at_once: list[bool] = []


@contextmanager
def at_once() -> Iterator[None]:
    """Inside, rows are only gathered, and flushed together at the end: fewer, larger statements. They get no ids before."""
    _at_once.append(True)
    try:
        with db.session.no_autoflush:
            yield
    finally:
        _at_once.pop()
    db.session.flush()


# ---------------------------------------------------------------------------------------------------------- people


def staff(first_name: str = "Toni", last_name: str = "Walker", **more: Any) -> Staff:
    return _save(Staff(first_name=first_name, last_name=last_name, **more))


def owner(first_name: str = "Oona", last_name: str = "Boss", **more: Any) -> Staff:
    return staff(first_name, last_name, role=StaffRole.OWNER, is_sitter=False, **more)


def staff_login(staff_: Staff | None = None, *, password: str = PASSWORD, **more: Any) -> StaffLogin:
    who = staff_ or staff()
    email = more.pop("email", None) or who.email or f"staff{next(_numbers)}@example.com"
    return _save(StaffLogin(staff=who, email=email, password_hash=access.hash_password(password), **more))


def client(first_name: str = "Carla", last_name: str = "Clark", **more: Any) -> Client:
    more.setdefault("account_number", f"{5_000_000_000 + next(_numbers)}")
    return _save(Client(first_name=first_name, last_name=last_name, **more))


def client_contact(client_: Client | None = None, name: str = "Kim Clark", **more: Any) -> ClientContact:
    return _save(ClientContact(client=client_ or client(), name=name, **more))


def client_login(client_: Client | None = None, *, password: str = PASSWORD, **more: Any) -> ClientLogin:
    who = client_ or client()
    more.setdefault("email", who.email)
    return _save(ClientLogin(client=who, password_hash=access.hash_password(password), **more))


def sign_in(login: StaffLogin | ClientLogin | None = None, **more: Any) -> SignIn:
    login = login or client_login()
    by_staff = isinstance(login, StaffLogin)
    more.setdefault("token_hash", secrets.token_hex(32))
    more.setdefault("expires_at", clock.now() + dt.timedelta(days=1))
    return _save(
        SignIn(
            realm=Realm.STAFF if by_staff else Realm.CLIENT,
            staff_login=login if by_staff else None,
            client_login=None if by_staff else login,
            **more,
        )
    )


def login_attempt(name: str = "carla@example.com", *, realm: Realm = Realm.CLIENT, **more: Any) -> LoginAttempt:
    more = {"purpose": "log-in", "address": "127.0.0.1", **more}
    return _save(LoginAttempt(realm=realm, account_key=tries.account_key(realm, name), **more))


# --------------------------------------------------------------------------------------------------- pets and vets


def vet(name: str = "High Street Vets", **more: Any) -> Vet:
    return _save(Vet(name=name, **more))


def pet(client_: Client | None = None, name: str = "Rex", **more: Any) -> Pet:
    return _save(Pet(client=client_ or client(), name=name, **more))


# ------------------------------------------------------------------------------------------------------- catalogue


def service_group(name: str | None = None, **more: Any) -> ServiceGroup:
    return _save(ServiceGroup(name=name or f"Group {next(_numbers)}", **more))


def time_block(
    name: str | None = None, starts_at: dt.time = dt.time(7), ends_at: dt.time = dt.time(10), **more: Any
) -> TimeBlock:
    return _save(TimeBlock(name=name or f"Block {next(_numbers)}", starts_at=starts_at, ends_at=ends_at, **more))


def service_item(name: str = "Visit", **more: Any) -> ServiceItem:
    """Visible in the portal, 30 minutes, 20.00, half of it for the sitter; no limit."""
    more = {
        "code": f"S{next(_numbers)}",
        "price": Decimal(20),
        "extra_pet_price": Decimal(5),
        "pay_kind": PayKind.PERCENT,
        "pay_percent": Decimal(50),
        "duration_minutes": 30,
        "time_type": TimeType.STANDARD,
        "visible_in_portal": True,
        **more,
    }
    return _save(ServiceItem(name=name, **more))


def public_holiday(on_date: dt.date = DAY, name: str = "Thanksgiving Day", **more: Any) -> PublicHoliday:
    return _save(PublicHoliday(on_date=on_date, name=name, **more))


def closed_day(first_on: dt.date = DAY, last_on: dt.date | None = None, **more: Any) -> ClosedDay:
    return _save(ClosedDay(first_on=first_on, last_on=last_on or first_on, **more))


def opening_hours(
    weekday: int = 3, opens_at: dt.time = dt.time(8), closes_at: dt.time = dt.time(18), **more: Any
) -> OpeningHours:
    return _save(OpeningHours(weekday=weekday, opens_at=opens_at, closes_at=closes_at, **more))


# ------------------------------------------------------------------------------------------------ prices and policy


def client_type(name: str | None = None, **more: Any) -> ClientType:
    return _save(ClientType(name=name or f"Type {next(_numbers)}", **more))


def price_rule(name: str = "Special", *, amount: Decimal | None = Decimal(30), **more: Any) -> PriceRule:
    """An active rule without conditions that sets the price to 30.00."""
    return _save(PriceRule(name=name, amount=amount, **more))


def extra_pet_price(
    item: ServiceItem | None = None, from_pet: int = 3, amount: Decimal = Decimal(2), **more: Any
) -> ExtraPetPrice:
    return _save(ExtraPetPrice(service_item=item or service_item(), from_pet=from_pet, amount=amount, **more))


def client_price(
    client_: Client | None = None, item: ServiceItem | None = None, price: Decimal = Decimal(15), **more: Any
) -> ClientPrice:
    return _save(ClientPrice(client=client_ or client(), service_item=item or service_item(), price=price, **more))


def cancellation_rule(name: str = "Late", **more: Any) -> CancellationRule:
    """An active rule without conditions that charges everything."""
    more.setdefault("charge_percent", Decimal(100))
    return _save(CancellationRule(name=name, **more))


def cancellation_reason(name: str | None = None, **more: Any) -> CancellationReason:
    return _save(CancellationReason(name=name or f"Reason {next(_numbers)}", **more))


# ----------------------------------------------------------------------------------------------- requests and jobs


def job_request(client_: Client | None = None, **more: Any) -> JobRequest:
    """A basket without lines; with `number` a request that was sent now."""
    if "number" in more:
        more.setdefault("submitted_at", clock.now())
    return _save(JobRequest(client=client_ or client(), **more))


def line(
    request: JobRequest | None = None,
    item: ServiceItem | None = None,
    *,
    on_date: dt.date = DAY,
    start_time: dt.time | None = None,
    block: TimeBlock | None = None,
    pets: Sequence[Pet] = (),
    **more: Any,
) -> JobRequestLine:
    """A draft in a basket, or a waiting line of a request that was sent."""
    request = request or job_request()
    item = item or service_item()
    more.setdefault("state", LineState.DRAFT if request.is_basket else LineState.SUBMITTED)
    if more["state"] is not LineState.DRAFT:
        more.setdefault("submitted_at", request.submitted_at or clock.now())
    more.setdefault("fingerprint", fingerprint(item, Slot(on_date, start_time, block), pets))
    more.setdefault("price", quote(item, n_pets=len(pets), book=Book()).price)
    return _save(
        JobRequestLine(
            request=request, client=request.client, service_item=item, on_date=on_date, start_time=start_time,
            time_block=block, pets=list(pets), **more,
        )
    )  # fmt: skip


def basket(
    client_: Client | None = None,
    item: ServiceItem | None = None,
    *,
    n_lines: int = 1,
    first_on: dt.date = DAY,
    **more: Any,
) -> JobRequest:
    """A basket with one visit a day from `first_on` on."""
    request = job_request(client_)
    return _with_lines(request, item, n_lines, first_on, more)


def sent_request(
    client_: Client | None = None, item: ServiceItem | None = None, *, n_lines: int = 1, first_on: dt.date = DAY,
    number: int | None = None, **more: Any,
) -> JobRequest:  # fmt: skip
    """A request with a number, whose lines wait for the office: one visit a day from `first_on` on."""
    request = job_request(client_, number=number or 1000 + next(_numbers))
    return _with_lines(request, item, n_lines, first_on, more)


def _with_lines(
    request: JobRequest, item: ServiceItem | None, n_lines: int, first_on: dt.date, more: dict[str, Any]
) -> JobRequest:
    item = item or service_item()
    for i in range(n_lines):
        line(request, item, on_date=first_on + dt.timedelta(days=i), **more)
    db.session.refresh(request, ["lines"])
    return request


def request_message(
    request: JobRequest | None = None, body: str = "Is the gate code the same?", **more: Any
) -> RequestMessage:
    return _save(RequestMessage(request=request or sent_request(), body=body, **more))


def job(
    client_: Client | None = None,
    item: ServiceItem | None = None,
    *,
    sitter: Staff | None = None,
    on_date: dt.date = DAY,
    start_time: dt.time | None = NOON,
    block: TimeBlock | None = None,
    ends_on: dt.date | None = None,
    end_time: dt.time | None = None,
    pets: Sequence[Pet] = (),
    **more: Any,
) -> Job:
    """A visit at noon without a sitter; nothing is checked, so it may overlap what it likes."""
    item = item or service_item()
    plan = plan_of_item(
        None,
        item,
        sitter_id=None,
        on_date=on_date,
        start_time=start_time,
        block=block,
        ends_on=ends_on,
        end_time=end_time,
    )
    figures = quote(item, n_pets=len(pets), book=Book())
    more = {"duration_minutes": item.duration_minutes, "price": figures.price, "sitter_pay": figures.sitter_pay, **more}
    return _save(
        Job(
            client=client_ or client(), service_item=item, sitter=sitter, on_date=on_date, ends_on=plan.ends_on,
            start_time=start_time, end_time=end_time, time_block=block, pets=list(pets), **more,
        )
    )  # fmt: skip


def time_off(
    staff_: Staff | None = None, first_on: dt.date = DAY, last_on: dt.date | None = None, **more: Any
) -> TimeOff:
    return _save(TimeOff(staff=staff_ or staff(), first_on=first_on, last_on=last_on or first_on, **more))


def repeat(
    client_: Client | None = None,
    item: ServiceItem | None = None,
    *,
    starts_on: dt.date = DAY,
    times: Sequence[tuple[int, dt.time | None]] = ((3, NOON),),
    pets: Sequence[Pet] = (),
    **more: Any,
) -> Repeat:
    """A series each Thursday at noon from Thanksgiving on; nothing is made of it yet."""
    made = _save(
        Repeat(
            client=client_ or client(), service_item=item or service_item(), starts_on=starts_on, pets=list(pets),
            times=[RepeatTime(weekday=day, start_time=time) for day, time in times], **more,
        )
    )  # fmt: skip
    db.session.flush()
    return made


def repeat_time(
    repeat_: Repeat | None = None, weekday: int = 4, start_time: dt.time | None = NOON, **more: Any
) -> RepeatTime:
    return _save(RepeatTime(repeat=repeat_ or repeat(), weekday=weekday, start_time=start_time, **more))


def repeat_pause(
    repeat_: Repeat | None = None, first_on: dt.date = DAY, last_on: dt.date | None = None, **more: Any
) -> RepeatPause:
    return _save(RepeatPause(repeat=repeat_ or repeat(), first_on=first_on, last_on=last_on or first_on, **more))


def repeat_skip(repeat_: Repeat | None = None, on_date: dt.date = DAY, **more: Any) -> RepeatSkip:
    series = repeat_ or repeat()
    return _save(RepeatSkip(repeat_id=series.id, repeat_time_id=series.times[0].id, on_date=on_date, **more))


def change_request(client_: Client | None = None, kind: ChangeKind = ChangeKind.CANCEL, **more: Any) -> ChangeRequest:
    return _save(ChangeRequest(client=client_ or client(), kind=kind, **more))


def change_item(request: ChangeRequest | None = None, job_: Job | None = None, **more: Any) -> ChangeItem:
    """A waiting item for a visit of the request's client."""
    request = request or change_request()
    job_ = job_ or job(request.client)
    more.setdefault("old", old_facts(job_))
    return _save(ChangeItem(request=request, job=job_, job_version=job_.version, **more))


# --------------------------------------------------------------------------------------------------- communication


def outbox_mail(kind: MailKind = MailKind.BASKET_REMINDER, **more: Any) -> OutboxMail:
    more = {
        "facts": activity.plain(vars(BasketReminder("Carla Clark", "5000000000", ()))),
        "to_address": "carla@example.com",
        "message_id": f"<{next(_numbers)}@latchkey.invalid>",
        **more,
    }
    return _save(OutboxMail(kind=kind.value, **more))


def notification(kind: NotificationKind = NotificationKind.REQUEST_RECEIVED, **more: Any) -> Notification:
    return _save(Notification(kind=kind, **more))


def calendar_feed(login: ClientLogin | None = None, **more: Any) -> CalendarFeed:
    return _save(CalendarFeed(client_login=login or client_login(), **more))


# ----------------------------------------------------------------------------------------------------- bookkeeping


def activity_line(verb: str = "client.changed", **more: Any) -> Activity:
    more = {"actor_kind": ActorKind.SYSTEM, "actor_name": "Latchkey", "via": Via.WORKER, "subject_type": "", **more}
    return _save(Activity(verb=verb, **more))


def setting(key: str = "business.name", value: Any = "Paws & Co") -> Setting:
    """A stored value, past all checks; tests of rules call `workflows.settings.change`."""
    return _save(Setting(key=key, value=value))


def counter(name: str = "job_request", value: int = 1) -> Counter:
    return _save(Counter(name=name, value=value))


def form_key(key: str = "k" * 24, **more: Any) -> FormKey:
    return _save(FormKey(key=key, **more))


def bulk_run(kind: BulkKind = BulkKind.CANCEL, **more: Any) -> BulkRun:
    return _save(BulkRun(kind=kind, **more))


def role_permission(
    role: StaffRole = StaffRole.MANAGER, permission: str = "office:lists:export", is_allowed: bool = False
) -> RolePermission:
    return _save(RolePermission(role=role, permission=permission, is_allowed=is_allowed))


def client_sitter(client: Client | None = None, sitter: Staff | None = None, **more: Any) -> ClientSitter:
    return _save(ClientSitter(client=client or globals()["client"](), staff=sitter or staff(), **more))


def authenticator(login: StaffLogin | None = None, **more: Any) -> Authenticator:
    owner = {} if "client_login_id" in more else {"staff_login_id": (login or staff_login()).id}
    return _save(Authenticator(**{"sealed": "x", **owner, **more}))


def recovery_code(login: StaffLogin | None = None, **more: Any) -> RecoveryCode:
    return _save(RecoveryCode(staff_login_id=(login or staff_login()).id, **{"code_hash": "0" * 64, **more}))


def passkey(login: StaffLogin | None = None, **more: Any) -> Passkey:
    facts = {"name": "Phone", "credential_id": secrets.token_urlsafe(24), "public_key": "x"}
    owner = {} if "client_login" in more else {"staff_login": login or staff_login()}
    return _save(Passkey(**{**facts, **owner, **more}))


def registration(email: str = "new@example.com", **more: Any) -> Registration:
    return _save(Registration(email=email, **more))


def vaccination(pet: Pet | None = None, **more: Any) -> Vaccination:
    return _save(Vaccination(pet=pet or globals()["pet"](), **{"name": "Rabies", **more}))


def field_page(area: FieldArea = FieldArea.CLIENT, **more: Any) -> FieldPage:
    return _save(FieldPage(area=area, **{"name": "Home", **more}))


def field_section(page: FieldPage | None = None, **more: Any) -> FieldSection:
    return _save(FieldSection(page=page or field_page(), **{"name": "Door", **more}))


def custom_field(section: FieldSection | None = None, **more: Any) -> CustomField:
    return _save(CustomField(section=section or field_section(), **{"label": "Way in", **more}))


def field_value(field: CustomField | None = None, client: Client | None = None, **more: Any) -> FieldValue:
    owner = {} if more.keys() & {"pet", "staff", "report_card"} else {"client": client or globals()["client"]()}
    return _save(FieldValue(field=field or custom_field(), **{"text": "Back door", **owner, **more}))


def field_proposal(field: CustomField | None = None, client: Client | None = None, **more: Any) -> FieldProposal:
    return _save(FieldProposal(field=field or custom_field(), client=client or globals()["client"](), **more))


def vet_proposal(client: Client | None = None, **more: Any) -> VetProposal:
    return _save(VetProposal(client=client or globals()["client"](), **{"name": "Hill Vets", **more}))


def stored_file(client: Client | None = None, **more: Any) -> StoredFile:
    facts = {
        "purpose": FilePurpose.UPLOAD, "name": "plan.pdf", "media_type": "application/pdf", "n_bytes": 9,
        "sha256": "0" * 64, "key": f"files/{secrets.token_urlsafe(24)}.pdf",
    }  # fmt: skip
    return _save(StoredFile(client=client or globals()["client"](), **{**facts, **more}))


def agreement(name: str = "Terms", **more: Any) -> Agreement:
    return _save(Agreement(name=name, **more))


def agreement_version(agreement: Agreement | None = None, number: int = 1, **more: Any) -> AgreementVersion:
    parent = agreement or globals()["agreement"]()
    facts = {"body": "We care.", "text_hash": "0" * 64}
    return _save(AgreementVersion(agreement=parent, number=number, **{**facts, **more}))


def agreement_acceptance(
    version: AgreementVersion | None = None, client: Client | None = None, **more: Any
) -> AgreementAcceptance:
    facts = {"typed_name": "Alice Archer", "address": "127.0.0.1", "text_hash": "0" * 64}
    parents = {"agreement_version": version or agreement_version(), "client": client or globals()["client"]()}
    return _save(AgreementAcceptance(**{**parents, **facts, **more}))


def letter(client: Client | None = None, **more: Any) -> Letter:
    facts = {"from_office": False, "body": "Is Sunday possible?"}
    return _save(Letter(client=client or globals()["client"](), **{**facts, **more}))


def visit_check(job_: Job | None = None, kind: CheckKind = CheckKind.IN, **more: Any) -> VisitCheck:
    return _save(VisitCheck(job=job_ or job(), kind=kind, **{"at": clock.now(), **more}))


def visit_alert(job_: Job | None = None, kind: AlertKind = AlertKind.LATE, **more: Any) -> VisitAlert:
    return _save(VisitAlert(job=job_ or job(), kind=kind, **more))


def report_card(job_: Job | None = None, **more: Any) -> ReportCard:
    return _save(ReportCard(job=job_ or job(), **{"message": "A good walk.", **more}))


def key(client: Client | None = None, reference: str | None = None, **more: Any) -> Key:
    """At the office, unless it has a holder."""
    place = KeyPlace.STAFF if more.get("holder") is not None else KeyPlace.OFFICE
    facts = {"name": "Front door", "reference": reference or f"K{next(_numbers)}", "place": place}
    return _save(Key(client=client or globals()["client"](), **{**facts, **more}))


def key_move(key_: Key | None = None, place: KeyPlace = KeyPlace.OFFICE, **more: Any) -> KeyMove:
    return _save(KeyMove(key=key_ or key(), place=place, **more))


def pay_run(upto_on: dt.date = DAY, **more: Any) -> PayRun:
    return _save(PayRun(upto_on=upto_on, **{"number": next(_numbers), **more}))


def pay_statement(run: PayRun | None = None, staff_: Staff | None = None, **more: Any) -> PayStatement:
    sitter = staff_ or staff()
    return _save(PayStatement(run=run or pay_run(), staff=sitter, **{"name": str(sitter), "total": Decimal(0), **more}))


def pay_line(staff_: Staff | None = None, kind: PayLineKind = PayLineKind.EXTRA, **more: Any) -> PayLine:
    facts = {"on_date": DAY, "text": "Bus fare", "amount": Decimal(5)}
    return _save(PayLine(staff=staff_ or staff(), kind=kind, **{**facts, **more}))


def sitter_message(staff_: Staff | None = None, **more: Any) -> SitterMessage:
    return _save(SitterMessage(staff=staff_ or staff(), **{"body": "The gate is stuck.", **more}))


FACTORIES: dict[type[Base], Callable[..., Base]] = {
    Activity: activity_line,
    Agreement: agreement,
    AgreementAcceptance: agreement_acceptance,
    AgreementVersion: agreement_version,
    Authenticator: authenticator,
    BulkRun: bulk_run,
    CalendarFeed: calendar_feed,
    CancellationReason: cancellation_reason,
    CancellationRule: cancellation_rule,
    ChangeItem: change_item,
    ChangeRequest: change_request,
    Client: client,
    ClientContact: client_contact,
    ClientLogin: client_login,
    ClientPrice: client_price,
    ClientSitter: client_sitter,
    ClientType: client_type,
    ClosedDay: closed_day,
    Counter: counter,
    CustomField: custom_field,
    ExtraPetPrice: extra_pet_price,
    FieldPage: field_page,
    FieldProposal: field_proposal,
    FieldSection: field_section,
    FieldValue: field_value,
    FormKey: form_key,
    Job: job,
    JobRequest: job_request,
    JobRequestLine: line,
    Key: key,
    KeyMove: key_move,
    Letter: letter,
    LoginAttempt: login_attempt,
    Notification: notification,
    OpeningHours: opening_hours,
    OutboxMail: outbox_mail,
    Passkey: passkey,
    PayLine: pay_line,
    PayRun: pay_run,
    PayStatement: pay_statement,
    Pet: pet,
    PriceRule: price_rule,
    PublicHoliday: public_holiday,
    RecoveryCode: recovery_code,
    Registration: registration,
    Repeat: repeat,
    RepeatPause: repeat_pause,
    RepeatSkip: repeat_skip,
    RepeatTime: repeat_time,
    ReportCard: report_card,
    RequestMessage: request_message,
    RolePermission: role_permission,
    ServiceGroup: service_group,
    ServiceItem: service_item,
    Setting: setting,
    SignIn: sign_in,
    SitterMessage: sitter_message,
    Staff: staff,
    StaffLogin: staff_login,
    StoredFile: stored_file,
    TimeBlock: time_block,
    TimeOff: time_off,
    Vaccination: vaccination,
    Vet: vet,
    VetProposal: vet_proposal,
    VisitAlert: visit_alert,
    VisitCheck: visit_check,
}

# Rows about money and of the desk have files of their own; they are asked for here all the same.
from tests.connection_factories import CONNECTION_FACTORIES  # noqa: E402 -- it needs what stands above
from tests.desk_factories import DESK_FACTORIES  # noqa: E402 -- it needs what stands above
from tests.money_factories import MONEY_FACTORIES  # noqa: E402 -- as above

FACTORIES |= MONEY_FACTORIES | DESK_FACTORIES | CONNECTION_FACTORIES
