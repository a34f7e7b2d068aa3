"""Saving what prices depend on: price rules and their order, client types, extra-pet prices, agreed prices.

Visits that exist keep their price. `pricing` reads all this; the items' own prices are saved by `catalogue`.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import sqlalchemy as sa

from foundation.db import db
from models import Client, ClientPrice, ClientType, ExtraPetPrice, PriceEffect, PriceRule, PriceTarget
from workflows import activity, records
from workflows.actors import Actor
from workflows.amounts import MOST, check_amount
from workflows.errors import N_, Invalid, Refusals, WorkflowError
from workflows.permissions import Permission
from workflows.price_rules import PERCENTS, SETS

Saved = TypeVar("Saved", ClientType, ExtraPetPrice, ClientPrice)
MOST_PETS = 50
EVERY_DAY = 0b111_1111


def save_rule(rule: PriceRule, values: Mapping[str, Any], *, actor: Actor) -> PriceRule:
    """Add a rule at the end of the list, or change one; logged old to new. Visits that exist keep their price.

    The figure that the effect does not use is emptied, and seven weekdays are the same as none. Refused with Invalid,
    naming the field: no name; no figure, or one that makes no sense for the effect; a share of the price as a price; a
    service and a group; stretches (times, pets, dates) that end before they start; hours outside 1 to 8760.
    """
    actor.require(Permission.CATALOGUE)
    values = checked_rule(rule, values)
    if rule.id is not None:
        records.change(rule, values, actor=actor)
        return rule
    for field, value in {"position": _last_position() + 1, **values}.items():
        setattr(rule, field, value)
    records.add(rule, actor=actor)
    return rule


def add_rules(several: Sequence[Mapping[str, Any]], *, actor: Actor) -> list[PriceRule | WorkflowError]:
    """Add many rules at the end of the list, in their order, as `save_rule` does one: the rule or its refusal for each."""
    actor.require(Permission.CATALOGUE)
    made: list[PriceRule | WorkflowError] = []
    last = _last_position()
    for values in several:
        try:
            checked = checked_rule(PriceRule(), values)
        except WorkflowError as refusal:
            made.append(refusal)
        else:
            last += 1
            made.append(PriceRule(**{"position": last, **checked}))
    records.add_many([rule for rule in made if isinstance(rule, PriceRule)], actor=actor)
    return made


def _last_position() -> int:
    return db.session.scalar(sa.select(sa.func.max(PriceRule.position))) or 0


def checked_rule(rule: PriceRule, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are written; refused as `save_rule` says, all at once."""
    tidied, refusals = records.tidy(values), Refusals()
    wanted = {f: tidied[f] if f in tidied else _present(rule, f) for f in _RULE_FIELDS}
    with refusals:
        records.require_text(wanted, ["name"], N_("Fill in a name."))
    with refusals:
        tidied |= _figures(wanted)
    with refusals:
        _check_conditions(wanted)
    refusals.say()
    if wanted["weekdays"] is not None:
        tidied["weekdays"] = None if wanted["weekdays"] in {0, EVERY_DAY} else wanted["weekdays"] & EVERY_DAY
    return tidied


_RULE_FIELDS = (
    "name", "target", "effect", "amount", "percent", "service_item", "service_group", "weekdays", "starts_from",
    "starts_before", "pets_from", "pets_to", "first_on", "last_on", "booked_within_hours",
)  # fmt: skip


def _present(rule: PriceRule, field: str) -> Any:  # noqa: ANN401 -- each column has its own type
    """What the rule has, or what a new one will get from the column's default."""
    defaults = {"target": PriceTarget.PRICE, "effect": PriceEffect.SET_AMOUNT}
    return defaults.get(field) if rule.id is None and field in defaults else getattr(rule, field)


def _figures(wanted: Mapping[str, Any]) -> dict[str, Decimal | None]:
    """Amount and percent as the effect needs them: one is checked, the other emptied."""
    effect = wanted["effect"]
    if effect is PriceEffect.SET_PERCENT and wanted["target"] is PriceTarget.PRICE:
        raise Invalid("share_of_price", N_("Only a sitter's pay can be a share of the price."), field="effect")
    if effect in PERCENTS:
        least, most = (0, 100) if effect in SETS else (-100, 1000)
        percent = wanted["percent"]
        if percent is None or not least <= percent <= most or percent != round(percent, 2):
            raise Invalid("bad_percent", N_("Enter a percentage from %(least)s to %(most)s, with at most two decimals."), field="percent", least=least, most=most)  # fmt: skip
        return {"amount": None, "percent": percent}
    if wanted["amount"] is None:
        raise Invalid("no_amount", N_("Enter an amount."), field="amount")
    check_amount(wanted["amount"], "amount", least=0 if effect in SETS else -MOST)
    return {"amount": wanted["amount"], "percent": None}


def _check_conditions(wanted: Mapping[str, Any]) -> None:
    refusals = Refusals()
    with refusals:
        if wanted["service_item"] is not None and wanted["service_group"] is not None:
            raise Invalid("item_and_group", N_("Choose a service or a group, not both."), field="service_group")
    with refusals:
        if wanted["starts_from"] is not None and wanted["starts_from"] == wanted["starts_before"]:
            raise Invalid(
                "no_time", N_("Choose an end other than the start, or leave both empty."), field="starts_before"
            )
    for field in ("pets_from", "pets_to"):
        with refusals:
            if wanted[field] is not None and not 1 <= wanted[field] <= MOST_PETS:
                raise Invalid("bad_pets", N_("Enter a number of pets from 1 to %(most)s."), field=field, most=MOST_PETS)
    with refusals:
        if _is_turned(wanted["pets_from"], wanted["pets_to"]):
            raise Invalid("pets_order", N_("The larger number of pets comes second."), field="pets_to")
    with refusals:
        if _is_turned(wanted["first_on"], wanted["last_on"]):
            raise Invalid("order", N_("The last day cannot be before the first."), field="last_on")
    with refusals:
        hours = wanted["booked_within_hours"]
        if hours is not None and not 1 <= hours <= 8760:
            raise Invalid("bad_hours", N_("Enter a whole number of hours from 1 to 8760."), field="booked_within_hours")
    refusals.say()


def _is_turned(first: Any, last: Any) -> bool:  # noqa: ANN401 -- two of whatever can be compared
    return first is not None and last is not None and bool(last < first)


def move_before(rule: PriceRule, other: PriceRule, *, actor: Actor) -> None:
    """Put a rule directly before another one of the same list (price or pay); logged. Done twice, it is done once.

    Refused with Invalid: the other one is of the other list.
    """
    actor.require(Permission.CATALOGUE)
    if rule.target is not other.target:
        raise Invalid("other_list", N_("Rules for the price and rules for the pay are two lists."))
    ordered = list(
        db.session.scalars(sa.select(PriceRule).order_by(PriceRule.position, PriceRule.id).with_for_update())
    )
    before = [r.id for r in ordered]
    if rule is not other:
        ordered.remove(rule)
        ordered.insert(ordered.index(other), rule)
    for position, each in enumerate(ordered, start=1):
        each.position = position
    db.session.flush()
    if before != [r.id for r in ordered]:
        activity.record("price_rule.moved", actor=actor, subject=rule, name=rule.name, before=other.name)
        db.session.flush()


def save_type(kind: ClientType, values: Mapping[str, Any], *, actor: Actor) -> ClientType:
    """Add or change a client type; logged. Refused with Invalid: no name, or one that is taken."""
    actor.require(Permission.CATALOGUE)
    values = records.tidy(values)
    records.require_text({"name": kind.name, **values}, ["name"], N_("Fill in a name."))
    name = sa.func.lower(ClientType.name) == str(values.get("name", kind.name)).lower()
    with db.session.no_autoflush:
        if db.session.scalar(sa.select(ClientType.id).where(name, ClientType.id != (kind.id or 0))):
            raise Invalid("name_taken", N_("This name is taken already."), field="name")
    return _save(kind, values, actor)


def save_extra_pet(row: ExtraPetPrice, values: Mapping[str, Any], *, actor: Actor) -> ExtraPetPrice:
    """Add or change what further pets add for one service, from the nth pet on; logged.

    Refused with Invalid: no service, a number of pets below 2, no amount, a second row for the same pet.
    """
    actor.require(Permission.CATALOGUE)
    check_extra_pet(row, values)
    return _save(row, values, actor)


def check_extra_pet(row: ExtraPetPrice, values: Mapping[str, Any]) -> None:
    """Refused as `save_extra_pet` says, all at once."""
    refusals, wanted = Refusals(), {f: values.get(f, getattr(row, f)) for f in ("service_item", "from_pet", "amount")}
    with refusals:
        if wanted["service_item"] is None:
            raise Invalid("no_service", N_("Choose a service."), field="service_item")
    with refusals:
        if wanted["from_pet"] is None or not 2 <= wanted["from_pet"] <= MOST_PETS:
            raise Invalid("bad_pets", N_("Enter which pet: a number from 2 to %(most)s."), field="from_pet", most=MOST_PETS)  # fmt: skip
    with refusals:
        check_amount(wanted["amount"], "amount")
    refusals.say()
    same = sa.select(ExtraPetPrice.id).where(
        ExtraPetPrice.service_item_id == wanted["service_item"].id, ExtraPetPrice.from_pet == wanted["from_pet"],
        ExtraPetPrice.id != (row.id or 0),
    )  # fmt: skip
    with db.session.no_autoflush:
        if db.session.scalar(same):
            raise Invalid("pet_taken", N_("This service has an amount for this pet already."), field="from_pet")


def save_agreed(row: ClientPrice, values: Mapping[str, Any], *, actor: Actor) -> ClientPrice:
    """Add or change a price agreed with one client for one service; in the client's log.

    Refused with Invalid: no client, no service, no amount, a second price for the same two.
    """
    actor.require(Permission.CATALOGUE)
    check_agreed(row, values)
    return _save(row, values, actor, client=values.get("client", row.client))


def check_agreed(row: ClientPrice, values: Mapping[str, Any]) -> None:
    """Refused as `save_agreed` says, all at once."""
    refusals, wanted = Refusals(), {f: values.get(f, getattr(row, f)) for f in ("client", "service_item", "price")}
    with refusals:
        if wanted["client"] is None:
            raise Invalid("no_client", N_("Choose a client."), field="client")
    with refusals:
        if wanted["service_item"] is None:
            raise Invalid("no_service", N_("Choose a service."), field="service_item")
    with refusals:
        check_amount(wanted["price"], "price")
    refusals.say()
    same = sa.select(ClientPrice.id).where(
        ClientPrice.client_id == wanted["client"].id, ClientPrice.service_item_id == wanted["service_item"].id,
        ClientPrice.id != (row.id or 0),
    )  # fmt: skip
    with db.session.no_autoflush:
        if db.session.scalar(same):
            raise Invalid("price_there", N_("A price for this service is agreed with this client already."), field="service_item")  # fmt: skip


def _save(record: Saved, values: Mapping[str, Any], actor: Actor, *, client: Client | None = None) -> Saved:
    if record.id is not None:
        records.change(record, values, actor=actor, client=client)
        return record
    for field, value in values.items():
        setattr(record, field, value)
    records.add(record, actor=actor, client=client)
    return record


def remove(record: PriceRule | ClientType | ExtraPetPrice | ClientPrice, *, actor: Actor) -> None:
    """Delete an entry; logged. A client type that clients or rules still have is made inactive instead (Invalid)."""
    actor.require(Permission.CATALOGUE)
    if isinstance(record, ClientType):
        used = (
            sa.select(Client.id).where(Client.client_type_id == record.id),
            sa.select(PriceRule.id).where(PriceRule.client_type_id == record.id),
        )
        if any(db.session.scalar(found.limit(1)) for found in used):
            raise records.still_used(record)
    records.remove(record, actor=actor, client=record.client if isinstance(record, ClientPrice) else None)
