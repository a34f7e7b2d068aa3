"""What makes one visit dearer than another, and what calling it off costs. All through the workflows."""

import datetime as dt
from decimal import Decimal
from typing import Any

from models import (
    CancellationReason,
    CancellationRule,
    Client,
    ClientPrice,
    ClientType,
    ExtraPetPrice,
    Initiator,
    NoticeKind,
    PriceEffect,
    PriceRule,
    PriceTarget,
    ServiceGroup,
    ServiceItem,
)
from workflows import policy, price_list
from workflows.actors import COMMAND_LINE

SETTINGS = {
    "portal.show_prices": True,
    "changes.policy_text": "Free of charge until 24 hours before a visit, and until a week before an overnight or a stay. "
    "Later, half the price is due. Visits on public holidays cost all of it within three days.",
}

FOSTERS = "Shelter foster home"
TYPES = (FOSTERS, "Weekly regular", "Friend of the house")

SATURDAY_AND_SUNDAY = 0b110_0000

#: name, the group or client type that it is for, the rest
PRICE_RULES: tuple[tuple[str, str | None, dict[str, Any]], ...] = (
    ("Public holiday", None, {"on_holiday": True, "effect": PriceEffect.ADD_PERCENT, "percent": Decimal(50)}),
    ("Weekend walk", "Dog walks", {"weekdays": SATURDAY_AND_SUNDAY, "effect": PriceEffect.ADD_AMOUNT, "amount": Decimal(4)}),
    ("After hours", "Dog walks", {"starts_from": dt.time(18, 30), "starts_before": dt.time(7, 30), "effect": PriceEffect.ADD_AMOUNT, "amount": Decimal(6)}),
    ("Bedtime", "Home visits", {"starts_from": dt.time(20), "starts_before": dt.time(23), "effect": PriceEffect.ADD_AMOUNT, "amount": Decimal(5)}),
    ("Asked for at short notice", None, {"booked_within_hours": 12, "effect": PriceEffect.ADD_AMOUNT, "amount": Decimal(5)}),
    ("Thank you for fostering", FOSTERS, {"effect": PriceEffect.ADD_PERCENT, "percent": Decimal(-10)}),
    ("Holiday pay", None, {"target": PriceTarget.PAY, "on_holiday": True, "effect": PriceEffect.ADD_AMOUNT, "amount": Decimal(3)}),
)  # fmt: skip

#: what the third pet and those after it add, where the second one's amount is another
EXTRA_PETS = (("Walk30", 3, 3), ("Walk60", 3, 4), ("Cat20", 3, 2), ("Cat40", 3, 2), ("Board", 3, 12))

#: name, the group that it is for, the rest; the first that fits decides
POLICY: tuple[tuple[str, str | None, dict[str, Any]], ...] = (
    ("We call it off", None, {"initiator": Initiator.OFFICE}),
    ("Public holiday, within 3 days", None, {"on_holiday": True, "notice_kind": NoticeKind.DAYS, "notice_number": 3, "charge_percent": Decimal(100), "pay_percent": Decimal(50)}),
    ("Overnights and stays, within a week", "Overnights and stays", {"notice_kind": NoticeKind.DAYS, "notice_number": 7, "charge_percent": Decimal(50), "pay_percent": Decimal(50)}),
    ("Within 24 hours", None, {"notice_kind": NoticeKind.HOURS, "notice_number": 24, "charge_percent": Decimal(50), "pay_percent": Decimal(50)}),
)  # fmt: skip

REASONS = (("Our plans changed", True), ("Our trip is postponed", True), ("A pet is unwell", True),
           ("We are at home", True), ("Snow or storm", False), ("Nobody of us can come", False))  # fmt: skip


def set_up(items: dict[str, ServiceItem], groups: dict[str, ServiceGroup]) -> dict[str, ClientType]:
    """Client types, price rules, extra pets, the cancellation policy and the reasons; the types by name."""
    types = {name: price_list.save_type(ClientType(), {"name": name}, actor=COMMAND_LINE) for name in TYPES}
    for name, whose, more in PRICE_RULES:
        scope = {"client_type": types[whose]} if whose in types else {"service_group": groups[whose] if whose else None}
        price_list.save_rule(PriceRule(), {"name": name, **scope, **more}, actor=COMMAND_LINE)
    for code, from_pet, each in EXTRA_PETS:
        extra = {"service_item": items[code], "from_pet": from_pet, "amount": Decimal(each)}
        price_list.save_extra_pet(ExtraPetPrice(), extra, actor=COMMAND_LINE)
    for name, whose, more in POLICY:
        values = {"name": name, "service_group": groups[whose] if whose else None, **more}
        policy.save_rule(CancellationRule(), values, actor=COMMAND_LINE)
    for name, for_clients in REASONS:
        policy.save_reason(CancellationReason(), {"name": name, "for_clients": for_clients}, actor=COMMAND_LINE)
    return types


def agree(hannah: Client, leo: Client, items: dict[str, ServiceItem]) -> None:
    """Prices of long standing that the two pay instead of the list's."""
    for client, code, price in ((hannah, "Cat20", 19), (leo, "Walk60", 34)):
        values = {"client": client, "service_item": items[code], "price": Decimal(price)}
        price_list.save_agreed(ClientPrice(), values, actor=COMMAND_LINE)
