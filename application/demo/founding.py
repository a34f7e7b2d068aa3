"""The business before its first client: settings, price list, calendar, vets, staff. All through the workflows."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from application.demo import names, terms
from foundation import clock
from foundation.db import db
from models import (
    ClientType,
    ClosedDay,
    LimitKind,
    PayKind,
    PublicHoliday,
    ServiceGroup,
    ServiceItem,
    Staff,
    StaffLogin,
    StaffRole,
    TimeBlock,
    TimeOff,
    TimeType,
    Vet,
)
from workflows import access, catalogue, field_defaults, people, settings, time_off
from workflows.actors import COMMAND_LINE

#: of every log-in of the demo
PASSWORD = "walkies-at-noon"  # noqa: S105 -- printed at every start; it opens invented people's doors only

BUSINESS = {
    "business.name": "Maple Lane Pet Care",
    "business.address": "18 Maple Lane\nBrookmere 01091",
    "business.phone": "(413) 555-0100",
    "business.email": "hello@example.com",
    "business.admin_inbox": "office@example.com",
    "business.time_zone": "America/New_York",
    "business.currency": "USD",
    "business.locale": "en_US",
    "portal.notice": "",
}
COUNTRY = "US"

BLOCKS = (
    ("Early", dt.time(5, 30), dt.time(7)),
    ("Morning", dt.time(7), dt.time(10)),
    ("Midday", dt.time(11), dt.time(14)),
    ("Afternoon", dt.time(14), dt.time(17)),
    ("Evening", dt.time(17), dt.time(20)),
    ("Bedtime", dt.time(20), dt.time(22, 30)),
)

GROUPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Dog walks", {}),
    ("Cat visits", {"request_limit_kind": LimitKind.HOURS, "request_limit_number": 12}),
    ("Home visits", {}),
    ("Overnights and stays", {"request_limit_kind": LimitKind.DAYS, "request_limit_number": 2}),
    ("Office", {}),
)

#: code, name, group, time type, minutes, price, extra pet, pay, the rest
ITEMS: tuple[tuple[str, str, str, TimeType, int, int, int, int, dict[str, Any]], ...] = (
    ("Walk30", "Dog walk, 30 minutes", "Dog walks", TimeType.STANDARD, 30, 24, 6, 50, {"description": "A walk at your dog's pace, fresh water, and a note for you."}),
    ("Walk60", "Dog walk, 60 minutes", "Dog walks", TimeType.STANDARD, 60, 38, 8, 50, {"description": "Twice the pond."}),
    ("Potty15", "Potty break", "Dog walks", TimeType.ANYTIME, 15, 16, 4, 50, {"description": "Out into the yard and back, at a time that suits us."}),
    ("Cat20", "Cat visit, 20 minutes", "Cat visits", TimeType.TIME_BLOCK, 20, 21, 4, 50, {"description": "Food, water, litter, and a look at everybody.", "blocks": ("Early", "Morning", "Midday", "Evening")}),
    ("Cat40", "Cat visit with play, 40 minutes", "Cat visits", TimeType.TIME_BLOCK, 40, 31, 4, 50, {"description": "As above, with time to play.", "blocks": ("Morning", "Midday", "Afternoon", "Evening")}),
    ("Home30", "Home visit for small pets", "Home visits", TimeType.TIME_BLOCK, 30, 24, 3, 50, {"description": "Rabbits, birds, fish, reptiles. Plants and mail are included.", "blocks": ("Morning", "Midday", "Afternoon", "Evening", "Bedtime")}),
    ("Meet", "Meet and greet", "Home visits", TimeType.STANDARD, 30, 0, 0, 0, {"description": "We come by, free of charge, before the first visit.", "pay_kind": PayKind.AMOUNT, "pay_amount": Decimal(10), "key_not_needed": True}),
    ("Night", "Overnight at your home", "Overnights and stays", TimeType.STANDARD, 660, 98, 10, 60, {"description": "From evening to morning, your pets keep their own beds."}),
    ("Board", "Boarding stay", "Overnights and stays", TimeType.ALL_DAY, 1440, 62, 20, 60, {"description": "At our sitter's home, by the night.", "key_not_needed": True}),
    ("Keys", "Key pick-up", "Office", TimeType.ANYTIME, 15, 0, 0, 0, {"is_internal": True, "visible_in_portal": False, "pay_kind": PayKind.AMOUNT, "pay_amount": Decimal(8), "key_not_needed": True}),
    ("Taxi", "Pet taxi", "Office", TimeType.STANDARD, 45, 35, 5, 55, {"visible_in_portal": False}),
    ("Walk20", "Dog walk, 20 minutes", "Dog walks", TimeType.STANDARD, 20, 18, 5, 50, {"is_active": False, "visible_in_portal": False}),
)  # fmt: skip


@dataclass
class House:
    """The business as it stands when it opens."""

    items: dict[str, ServiceItem]
    blocks: dict[str, TimeBlock]
    #: kinds of clients by name
    types: dict[str, ClientType]
    vets: list[Vet]
    olivia: Staff
    max: Staff
    sam: Staff
    sita: Staff
    #: everybody who sits, the two above first
    sitters: list[Staff]


def found(random: Random, *, n_more_sitters: int) -> House:
    """Settings, price list, holidays of this year and the next, vets and staff with their log-ins."""
    settings.change({**BUSINESS, **terms.SETTINGS}, actor=COMMAND_LINE)
    field_defaults.install(actor=COMMAND_LINE)
    blocks, groups = _blocks(), _groups()
    items = _items(blocks, groups)
    types = terms.set_up(items, groups)
    olivia = access.create_owner("Olivia", "Hart", "olivia@example.com", PASSWORD, actor=COMMAND_LINE)
    people.change_staff(olivia, {"phone": "(413) 555-0101"}, actor=COMMAND_LINE)
    max_ = _staff("Max", "Brandt", "413-555-0102", role=StaffRole.MANAGER, is_sitter=False)
    sam = _staff("Sam", "Reyes", "413-555-0103", notes="Has a car. Knows everything about old cats.")
    sita = _staff("Sita", "Nair", "413-555-0104", notes="Trained in first aid for pets.")
    for who in (max_, sam, sita):
        log_in_for(who, access.hash_password(PASSWORD))
    shared = access.hash_password(PASSWORD) if n_more_sitters else ""
    others = []
    for i, (first, last) in enumerate(names.SITTER_NAMES[:n_more_sitters]):
        others.append(_staff(first, last, f"413-555-{105 + i:04}"))
        log_in_for(others[-1], shared)
    db.session.flush()
    return House(items, blocks, types, _vets(random), olivia, max_, sam, sita, [sam, sita, *others])


def load_calendar() -> None:
    """The public holidays of this year and the next; on Christmas Day nobody can request anything."""
    year = clock.today().year
    for each in (year, year + 1):
        catalogue.load_holidays(COUNTRY, each, actor=COMMAND_LINE)
        for holiday in db.session.query(PublicHoliday).filter(PublicHoliday.on_date == dt.date(each, 12, 25)):
            catalogue.save_plain(holiday, {"is_closed": True}, actor=COMMAND_LINE)
    monday = clock.today() + dt.timedelta(days=56 - clock.today().weekday())
    closed = {"first_on": monday, "last_on": monday + dt.timedelta(days=4), "reason": "our team week"}
    catalogue.save_plain(ClosedDay(), closed, actor=COMMAND_LINE)


def send_on_leave(house: House, random: Random) -> None:
    """Some days off of nearly everybody, past and to come; of a full crew the last one is away from next Monday on."""
    today = clock.today()
    for sitter in house.sitters[2:-1]:
        for around in (-250, -120, 75):
            first = today + dt.timedelta(days=around + random.randrange(-30, 30))
            note = random.choice(("Vacation", "Vacation", "Family", "Course", "Moving house", "Dentist"))
            days = 0 if note == "Dentist" else random.randrange(3, 12)
            _away(sitter, first, first + dt.timedelta(days=days), note)
    _away(house.sam, today + dt.timedelta(days=40), today + dt.timedelta(days=44), "Hiking")
    if len(house.sitters) > 2:
        _away(house.sitters[-1], *leave_of_last(today), "Vacation")


def leave_of_last(today: dt.date) -> tuple[dt.date, dt.date]:
    """The two weeks in which the last sitter is away: the story needs somebody who is."""
    monday = today + dt.timedelta(days=7 - today.weekday())
    return monday, monday + dt.timedelta(days=13)


def _away(sitter: Staff, first_on: dt.date, last_on: dt.date, note: str) -> None:
    values = {"staff": sitter, "first_on": first_on, "last_on": last_on, "note": note}
    time_off.save(TimeOff(), values, actor=COMMAND_LINE)


def log_in_for(staff: Staff, password_hash: str) -> None:
    """A staff member's log-in, with their own address."""
    db.session.add(StaffLogin(staff=staff, email=str(staff.email), password_hash=password_hash))


def _staff(first_name: str, last_name: str, phone: str, **more: Any) -> Staff:  # noqa: ANN401 -- any column
    values = {"first_name": first_name, "last_name": last_name, "email": f"{first_name.lower()}@example.com", **more}
    return people.add_staff({**values, "phone": phone}, actor=COMMAND_LINE)


def _blocks() -> dict[str, TimeBlock]:
    made = {}
    for name, starts_at, ends_at in BLOCKS:
        made[name] = TimeBlock()
        values = {"name": name, "starts_at": starts_at, "ends_at": ends_at}
        catalogue.save_plain(made[name], values, actor=COMMAND_LINE)
    return made


def _groups() -> dict[str, ServiceGroup]:
    made = {}
    for position, (name, limit) in enumerate(GROUPS):
        made[name] = ServiceGroup()
        catalogue.save_plain(made[name], {"name": name, "position": position, **limit}, actor=COMMAND_LINE)
    return made


def _items(blocks: dict[str, TimeBlock], groups: dict[str, ServiceGroup]) -> dict[str, ServiceItem]:
    made = {}
    for position, (code, name, group, time_type, minutes, price, extra, percent, more) in enumerate(ITEMS):
        values = {
            "code": code, "name": name, "group": groups[group], "time_type": time_type, "duration_minutes": minutes,
            "price": Decimal(price), "extra_pet_price": Decimal(extra), "pay_percent": Decimal(percent),
            "position": position, "visible_in_portal": True, **more,
        }  # fmt: skip
        values["time_blocks"] = [blocks[b] for b in values.pop("blocks", ())]
        made[code] = catalogue.save_item(ServiceItem(), values, actor=COMMAND_LINE)
    return made


def _vets(random: Random) -> list[Vet]:
    made = []
    for i, (name, address, notes) in enumerate(names.VETS):
        phone = f"413-555-{150 + i:04}"
        values = {"name": name, "address": address, "notes": notes, "phone": phone, "email": f"vet{i + 1}@example.net"}
        made.append(people.save_vet(Vet(), values, actor=COMMAND_LINE))
    random.shuffle(made)
    return made
