"""What S3 is tried with on each list: a record, a new one, a change, a word that finds it, a filter, a sort."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from models import (
    CancellationReason,
    CancellationRule,
    Client,
    ClientContact,
    ClientPrice,
    ClientType,
    ClosedDay,
    ExtraPetPrice,
    Key,
    PaymentTerms,
    Pet,
    PriceEffect,
    PriceRule,
    PublicHoliday,
    ServiceGroup,
    ServiceItem,
    Staff,
    TaxRate,
    TimeBlock,
    TimeOff,
    Vet,
    VisitPackage,
)
from tests import factories as make
from tests import money_factories as money
from tests.cast import Cast


@dataclass
class Table:
    """One list with a form."""

    kind: type[Any]
    url: str
    #: a record that nothing else needs
    make: Callable[[Cast], Any]
    #: what is typed into the empty form, and what the new record then has
    new: Callable[[Cast], dict[str, Any]]
    becomes: dict[str, Any]
    #: one field's change
    field: str
    typed: str
    stored: Any
    #: what the page calls it
    name: str
    #: a word that finds it, and the list's own words for it
    search: str
    #: a filter that keeps it, one that does not
    filters: tuple[str, str]
    sort: str
    #: the log's verb without its tail
    log: str
    view: str = "all"
    extra: dict[str, Any] = field(default_factory=dict)


DAY = dt.date(2026, 12, 24)

TABLES = {
    "clients": Table(
        Client, "/admin/clients/", lambda c: make.client("Grace", "Lindqvist", email="grace@example.com", created_at=dt.datetime(2026, 1, 5, tzinfo=dt.UTC)),
        lambda c: {"first_name": "Molly", "last_name": "Tran", "phone": "(212) 555-0123", "email": "Molly@Example.com", "primary_sitter": str(c.sam.id)},
        {"first_name": "Molly", "phone": "+12125550123", "email": "molly@example.com"},
        "city", "Springfield", "Springfield", "Grace Lindqvist", "lindq", ("flt_status=active", "flt_status=archived"), "name", "client",
    ),
    "contacts": Table(
        ClientContact, "/admin/contacts/", lambda c: make.client_contact(c.bob, "Kim Neighbour"),
        lambda c: {"client": str(c.alice.id), "name": "Toni Archer", "email": "toni@example.com", "receives_copies": "y"},
        {"name": "Toni Archer", "receives_copies": True, "is_emergency": False},
        "relation", "Neighbour", "Neighbour", "Kim Neighbour", "neigh", ("flt_copies=no", "flt_copies=yes"), "name", "client_contact",
    ),
    "pets": Table(
        Pet, "/admin/pets/", lambda c: make.pet(c.alice, "Zebedee", breed="Whippet"),
        lambda c: {"client": str(c.alice.id), "name": "Otis", "species": "rabbit", "born_on": "2024-05-01"},
        {"name": "Otis", "species": "rabbit", "born_on": dt.date(2024, 5, 1)},
        "warning", "Insulin at 8:00", "Insulin at 8:00", "Zebedee", "whipp", ("flt_species=dog", "flt_species=fish"), "name", "pet",
    ),
    "vets": Table(
        Vet, "/admin/vets/", lambda c: make.vet("Oakfield Vets"),
        lambda c: {"name": "Harbour Vets", "phone": "212 555 0199"},
        {"name": "Harbour Vets", "phone": "+12125550199", "is_active": True},
        "address", "1 Elm Road", "1 Elm Road", "Oakfield Vets", "oakf", ("flt_active=yes", "flt_active=no"), "name", "vet",
    ),
    "team": Table(
        Staff, "/admin/staff/", lambda c: make.staff("Una", "Vance"),
        lambda c: {"first_name": "Priya", "last_name": "Nair", "role": "manager", "email": "priya@example.com"},
        {"first_name": "Priya", "role": "manager", "is_sitter": True},
        "last_name", "Vance-Stone", "Vance-Stone", "Una Vance", "vance", ("flt_role=sitter", "flt_role=owner"), "name", "staff",
    ),
    "time_off": Table(
        TimeOff, "/admin/time-off/", lambda c: make.time_off(c.sam, DAY, note="Ski week"),
        lambda c: {"staff": str(c.sita.id), "first_on": "2026-12-01", "last_on": "2026-12-03"},
        {"first_on": dt.date(2026, 12, 1), "last_on": dt.date(2026, 12, 3)},
        "note", "Beach", "Beach", "Sam Stone", "ski", ("flt_from=2026-12-24", "flt_from=2026-12-25"), "first_on", "time_off",
    ),
    "keys": Table(
        Key, "/admin/keys/", lambda c: make.key(c.alice, "ZEBRA 7"),
        lambda c: {"client": str(c.bob.id), "name": "Gate", "reference": "b  12"},
        {"name": "Gate", "reference": "B 12", "place": "office", "holder_id": None},
        "name", "Back door", "Back door", "ZEBRA 7, Front door", "zebra", ("flt_of=archer", "flt_of=baker"), "reference", "key",
    ),
    "services": Table(
        ServiceItem, "/admin/services/", lambda c: make.service_item("Cat taxi", code="Taxi", visible_in_portal=False),
        lambda c: {"name": "Long walk", "code": "Walk60", "price": "32.50", "group": str(c.dog_walks.id), "duration_minutes": "60"},
        {"name": "Long walk", "code": "Walk60", "duration_minutes": 60, "visible_in_portal": False, "is_active": True},
        "description", "To the vet and back", "To the vet and back", "Cat taxi", "taxi", ("flt_portal=no", "flt_portal=yes"), "name", "service_item",
    ),
    "service_groups": Table(
        ServiceGroup, "/admin/service-groups/", lambda c: make.service_group("Taxis"),
        lambda c: {"name": "Nights", "request_limit_kind": "hours", "request_limit_number": "48"},
        {"name": "Nights", "request_limit_kind": "hours", "request_limit_number": 48, "request_limit_time": None},
        "position", "7", 7, "Taxis", "taxi", ("", ""), "name", "service_group",
    ),
    "time_blocks": Table(
        TimeBlock, "/admin/time-blocks/", lambda c: make.time_block("Lunch", dt.time(12), dt.time(13)),
        lambda c: {"name": "Late", "starts_at": "21:00", "ends_at": "23:30"},
        {"name": "Late", "starts_at": dt.time(21), "ends_at": dt.time(23, 30)},
        "ends_at", "13:30", dt.time(13, 30), "Lunch", "lun", ("flt_active=yes", "flt_active=no"), "name", "time_block",
    ),
    "holidays": Table(
        PublicHoliday, "/admin/holidays/", lambda c: make.public_holiday(dt.date(2026, 12, 25), "Christmas Day"),
        lambda c: {"name": "New Year", "on_date": "2027-01-01", "is_closed": "y"},
        {"name": "New Year", "on_date": dt.date(2027, 1, 1), "is_closed": True},
        "name", "Christmas", "Christmas", "Christmas Day", "christ", ("flt_closed=no", "flt_closed=yes"), "on_date", "public_holiday",
    ),
    "closed_days": Table(
        ClosedDay, "/admin/closed-days/", lambda c: make.closed_day(DAY, reason="Staff outing"),
        lambda c: {"first_on": "2027-07-01", "last_on": "2027-07-14", "reason": "Summer break"},
        {"first_on": dt.date(2027, 7, 1), "last_on": dt.date(2027, 7, 14), "reason": "Summer break"},
        "reason", "Outing", "Outing", "Staff outing", "outing", ("flt_from=2026-12-24", "flt_from=2026-12-25"), "first_on", "closed_day",
    ),
    "cancellation_rules": Table(
        CancellationRule, "/admin/cancellation-rules/", lambda c: make.cancellation_rule("Last minute"),
        lambda c: {
            "name": "Within a day", "is_active": "y", "notice_kind": "hours", "notice_number": "24", "basis": "visit",
            "on_holiday": "no", "charge_percent": "50", "pay_percent": "12.5", "refund_to": "money",
        },
        {"name": "Within a day", "notice_kind": "hours", "notice_number": 24, "on_holiday": False, "stay_begun": None, "refund_to": "money"},
        "name", "Very late", "Very late", "Last minute", "minute", ("flt_active=yes", "flt_active=no"), "name", "cancellation_rule",
    ),
    "cancellation_reasons": Table(
        CancellationReason, "/admin/cancellation-reasons/", lambda c: make.cancellation_reason("Bad weather"),
        lambda c: {"name": "My pet is ill", "for_clients": "y", "is_active": "y"},
        {"name": "My pet is ill", "for_clients": True, "is_active": True},
        "name", "Snow", "Snow", "Bad weather", "weather", ("flt_active=yes", "flt_active=no"), "name", "cancellation_reason",
    ),
    "price_rules": Table(
        PriceRule, "/admin/price-rules/", lambda c: make.price_rule("Weekend", weekdays=0b1100000, effect=PriceEffect.ADD_AMOUNT),
        lambda c: {"name": "Holiday", "effect": "add_amount", "amount": "12.50", "on_holiday": "yes"},
        {"name": "Holiday", "effect": PriceEffect.ADD_AMOUNT, "on_holiday": True, "is_active": True, "weekdays": None},
        "name", "Weekends", "Weekends", "Weekend", "week", ("flt_active=yes", "flt_active=no"), "name", "price_rule",
    ),
    "client_types": Table(
        ClientType, "/admin/client-types/", lambda c: make.client_type("Regular"),
        lambda c: {"name": "Friend"}, {"name": "Friend", "is_active": True},
        "name", "Regulars", "Regulars", "Regular", "regu", ("flt_active=yes", "flt_active=no"), "name", "client_type",
    ),
    "extra_pets": Table(
        ExtraPetPrice, "/admin/extra-pets/", lambda c: make.extra_pet_price(c.walk, 3),
        lambda c: {"service_item": str(c.walk.id), "from_pet": "4", "amount": "1.50"}, {"from_pet": 4},
        "from_pet", "5", 5, "Dog walk, from pet no. 3", "dog", ("", ""), "from_pet", "extra_pet_price",
    ),
    "agreed_prices": Table(
        ClientPrice, "/admin/agreed-prices/", lambda c: make.client_price(c.alice, c.walk),
        lambda c: {"client": str(c.bob.id), "service_item": str(c.walk.id), "price": "17.50"}, {"price": Decimal("17.50")},
        "price", "16.00", Decimal("16.00"), "Alice Archer", "alice", ("", ""), "price", "client_price",
    ),
    "tax_rates": Table(
        TaxRate, "/admin/tax-rates/", lambda c: money.tax_rate("Sales tax", Decimal("8.875")),
        lambda c: {"name": "VAT", "percent": "20", "is_default": "y"},
        {"name": "VAT", "percent": Decimal(20), "is_default": True, "is_active": True},
        "percent", "9.125", Decimal("9.125"), "Sales tax", "sales", ("flt_active=yes", "flt_active=no"), "name", "tax_rate",
    ),
    "payment_terms": Table(
        PaymentTerms, "/admin/payment-terms/", lambda c: money.payment_terms("Monthly"),
        lambda c: {"name": "Prepaid", "kind": "before_service", "days": "0"},
        {"name": "Prepaid", "kind": "before_service", "days": 0, "is_default": False},
        "days", "30", 30, "Monthly", "month", ("flt_active=yes", "flt_active=no"), "name", "payment_terms",
    ),
    "visit_packages": Table(
        VisitPackage, "/admin/visit-packages/", lambda c: money.visit_package("Ten walks", service_item=c.walk),
        lambda c: {"name": "Five nights", "service_group": str(c.dog_walks.id), "n_visits": "5", "price": "400"},
        {"name": "Five nights", "n_visits": 5, "price": Decimal(400), "valid_days": None},
        "valid_days", "90", 90, "Ten walks", "ten w", ("flt_active=yes", "flt_active=no"), "name", "visit_package",
    ),
}  # fmt: skip
