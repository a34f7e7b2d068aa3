"""The price list and the calendar of the business: service items, groups, time blocks, holidays, closed days."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import holidays as holiday_calendars
import sqlalchemy as sa

from foundation.db import db
from models import (
    ClosedDay,
    LimitKind,
    PayKind,
    PublicHoliday,
    ServiceGroup,
    ServiceItem,
    TimeBlock,
    TimeType,
)
from workflows import baskets, records, settings
from workflows.actors import Actor
from workflows.amounts import check_amount
from workflows.errors import N_, Invalid, Refusals, WorkflowError
from workflows.permissions import Permission

_NAME = N_("Fill in a name.")


def save_item(item: ServiceItem, values: Mapping[str, Any], *, actor: Actor) -> ServiceItem:
    """Add or change a service item; logged old to new.

    Hiding it from the portal or making it inactive flags it in baskets, with an explanation for the client. Visits
    that exist keep their price. Refused with Invalid: no name or code, a code with spaces, impossible figures, time
    blocks missing for the Time block type, a limit without its number or time.
    """
    actor.require(Permission.CATALOGUE)
    values = checked_alone(item, values)
    offered_before = item.id is not None and item.is_active and item.visible_in_portal
    if item.id is None:
        for field, value in values.items():
            setattr(item, field, value)
        records.add(item, actor=actor)
    else:
        records.change(item, values, actor=actor)
    if offered_before and not (item.is_active and item.visible_in_portal):
        baskets.flag_hidden_item(item, actor=actor)
    return item


def checked_alone(item: ServiceItem, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a new or changed item as they are kept; refused as `save_item` says, all at once."""
    refusals = Refusals()
    with refusals:
        values = checked_item(item, values)
    code = str(values.get("code", item.code) or "").strip().lower()
    taken = sa.select(ServiceItem.id).where(sa.func.lower(ServiceItem.code) == code, ServiceItem.id != (item.id or 0))
    with refusals, db.session.no_autoflush:
        if db.session.scalar(taken):
            raise code_taken()
    refusals.say()
    return dict(values)


def add_items(several: Sequence[Mapping[str, Any]], *, actor: Actor) -> list[ServiceItem | WorkflowError]:
    """Add many service items as `save_item` does one, with a few statements; an item or its refusal for each, in order."""
    actor.require(Permission.CATALOGUE)
    wanted: list[dict[str, Any] | WorkflowError] = []
    for values in several:
        try:
            wanted.append(checked_item(ServiceItem(), values))
        except WorkflowError as problem:
            wanted.append(problem)
    codes = {v["code"].lower() for v in wanted if not isinstance(v, WorkflowError)}
    code = sa.func.lower(ServiceItem.code)
    with db.session.no_autoflush:
        used = set(db.session.scalars(sa.select(code).where(code.in_(codes))))
    made: list[ServiceItem | WorkflowError] = []
    for one in wanted:
        if isinstance(one, WorkflowError):
            made.append(one)
        elif one["code"].lower() in used:
            made.append(code_taken())
        else:
            used.add(one["code"].lower())
            made.append(ServiceItem(**one))
    records.add_many([item for item in made if isinstance(item, ServiceItem)], actor=actor)
    return made


def code_taken() -> Invalid:
    """The refusal of a code that another service has."""
    return Invalid("code_taken", N_("Another service has this code already."), field="code")


def checked_item(item: ServiceItem, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a new or changed item as they are kept; refused as `save_item` says, but for a code in use."""
    values = records.tidy(values)
    merged = {f: values[f] if f in values else _present(item, f) for f in (*_ITEM_FIELDS, *LIMIT_FIELDS)}
    refusals = Refusals()
    with refusals:
        records.require_text(merged, ["name"], _NAME)
    with refusals:
        _check_code(merged["code"])
    for field in ("price", "extra_pet_price", "pay_amount"):
        with refusals:
            check_amount(merged[field], field)
    with refusals:
        _check_share(merged["pay_kind"], merged["pay_percent"] or Decimal(0))
    with refusals:
        _check_time(merged)
    with refusals:
        check_limits(merged)
    refusals.say()
    return values


def _check_code(code: str | None) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,20}", code or ""):
        raise Invalid("bad_code", N_("Use letters and digits without spaces, at most 20."), field="code")


def _check_share(kind: PayKind, share: Decimal) -> None:
    if kind is PayKind.PERCENT and not (share.is_finite() and 0 <= share <= 100 and share == round(share, 2)):
        raise Invalid("bad_percent", N_("Enter a share from 0 to 100, with at most two decimals."), field="pay_percent")


def _check_time(values: Mapping[str, Any]) -> None:
    refusals = Refusals()
    with refusals:
        if not 1 <= (values["duration_minutes"] or 0) <= 1440:
            raise Invalid("bad_minutes", N_("Enter minutes from 1 to 1440."), field="duration_minutes")
    with refusals:
        if values["time_type"] is TimeType.TIME_BLOCK and not values["time_blocks"]:
            raise Invalid("needs_blocks", N_("Choose at least one time block, or another time type."), field="time_blocks")  # fmt: skip
    refusals.say()


_ITEM_FIELDS = (
    "name", "code", "price", "extra_pet_price", "pay_amount", "pay_kind", "pay_percent", "duration_minutes",
    "time_type", "time_blocks",
)  # fmt: skip


def _present(item: ServiceItem, field: str) -> Any:  # noqa: ANN401 -- each column has its own type
    """What the item has, or what a new one will get from the column's default."""
    column = ServiceItem.__table__.c.get(field)
    if item.id is None and column is not None and column.default is not None:
        return getattr(column.default, "arg", None)
    return getattr(item, field)


#: the columns of the limits: of requests, changes and cancellations
LIMITS = ("request_limit", "change_limit", "cancel_limit")
LIMIT_FIELDS = tuple(f"{limit}_{part}" for limit in LIMITS for part in ("kind", "number", "time"))


def check_limits(values: Mapping[str, Any]) -> None:
    """Each limit needs its number or its time; Invalid otherwise."""
    refusals = Refusals()
    for limit in LIMITS:
        with refusals:
            _check_limit(limit, *(values.get(f"{limit}_{part}") for part in ("kind", "number", "time")))
    refusals.say()


def _check_limit(limit: str, kind: LimitKind | None, number: int | None, time: dt.time | None) -> None:
    if kind in {LimitKind.HOURS, LimitKind.DAYS} and number is None:
        raise Invalid("limit_number", N_("Say how many hours or days."), field=f"{limit}_number")
    if number is not None and not 0 <= number <= 8760:
        raise Invalid("limit_number", N_("Enter a whole number from 0 to 8760."), field=f"{limit}_number")
    if kind in {LimitKind.TODAY_AFTER, LimitKind.TOMORROW_AFTER} and time is None:
        raise Invalid("limit_time", N_("Say until what time of day."), field=f"{limit}_time")


def save_plain(
    record: ServiceGroup | TimeBlock | PublicHoliday | ClosedDay, values: Mapping[str, Any], *, actor: Actor
) -> None:
    """Add or change a service group, time block, public holiday or closed stretch; logged old to new.

    Refused as `checked_plain`.
    """
    actor.require(Permission.CATALOGUE)
    values = checked_plain(record, values)
    if record.id is None:
        for field, value in values.items():
            setattr(record, field, value)
        records.add(record, actor=actor)
    else:
        records.change(record, values, actor=actor)


def checked_plain(
    record: ServiceGroup | TimeBlock | PublicHoliday | ClosedDay, values: Mapping[str, Any]
) -> dict[str, Any]:
    """The values as they are kept. Refused with Invalid, all at once: no name, or one that is taken; a limit without its
    number or time; a block that ends when it starts; days the wrong way round; a group and a service; a day twice.
    """
    values, refusals = records.tidy(values), Refusals()
    with refusals:
        if isinstance(record, ServiceGroup | TimeBlock | PublicHoliday):
            records.require_text(values, ["name"], _NAME)
    with refusals:
        if isinstance(record, ServiceGroup):
            check_limits({f: values.get(f, getattr(record, f)) for f in LIMIT_FIELDS})
    with refusals:
        if isinstance(record, TimeBlock):
            _check_block(values.get("starts_at", record.starts_at), values.get("ends_at", record.ends_at))
    with refusals:
        if isinstance(record, ClosedDay):
            _check_closed({f: values.get(f, getattr(record, f)) for f in ("first_on", "last_on", "service_group", "service_item")})  # fmt: skip
    with refusals, db.session.no_autoflush:
        _check_unique(record, values)
    refusals.say()
    return values


def _check_block(starts_at: dt.time | None, ends_at: dt.time | None) -> None:
    if starts_at is not None and starts_at == ends_at:
        raise Invalid("block_empty", N_("A time block needs an end other than its start."), field="ends_at")


def _check_closed(values: Mapping[str, Any]) -> None:
    refusals, (first, last) = Refusals(), (values["first_on"], values["last_on"])
    with refusals:
        if first is not None and last is not None and last < first:
            raise Invalid("order", N_("The last day cannot be before the first."), field="last_on")
    with refusals:
        if values["service_group"] is not None and values["service_item"] is not None:
            raise Invalid("two_scopes", N_("Choose a group or a service, not both."), field="service_item")
    refusals.say()


def _check_unique(record: ServiceGroup | TimeBlock | PublicHoliday | ClosedDay, values: Mapping[str, Any]) -> None:
    own = record.id or 0
    if isinstance(record, ServiceGroup | TimeBlock):
        kind = type(record)
        name = sa.func.lower(kind.name) == str(values.get("name", record.name)).lower()
        if db.session.scalar(sa.select(kind.id).where(name, kind.id != own)):
            raise Invalid("name_taken", N_("This name is taken already."), field="name")
    if isinstance(record, PublicHoliday) and db.session.scalar(
        sa.select(PublicHoliday.id).where(
            PublicHoliday.on_date == values.get("on_date", record.on_date), PublicHoliday.id != own
        )
    ):
        raise Invalid("date_taken", N_("This day is in the list already."), field="on_date")


def remove(
    record: ServiceItem | ServiceGroup | TimeBlock | PublicHoliday | ClosedDay, *, actor: Actor
) -> None:  # fmt: skip
    """Delete an entry that nothing uses; a used one is made inactive instead (Invalid says so)."""
    actor.require(Permission.CATALOGUE)
    if isinstance(record, ServiceGroup) and db.session.scalar(
        sa.select(ServiceItem.id).where(ServiceItem.group_id == record.id).limit(1)
    ):
        raise Invalid(
            "still_used", N_("%(name)s still has services. Move them to another group first."), name=record.name
        )
    records.remove(record, actor=actor)


def load_holidays(country: str, year: int, *, actor: Actor) -> int:
    """Add a country's public holidays of a year that are not in the list yet; says how many.

    Their names in the business's language where the calendar has them in it, else in English.
    """
    actor.require(Permission.CATALOGUE)
    language = str(settings.read()["business.locale"]).split("_")[0]
    try:
        found = holiday_calendars.country_holidays(
            country, years=year, language="en_US" if language == "en" else language
        )
    except (NotImplementedError, KeyError) as problem:
        raise Invalid("no_country", N_("No public holidays are known for this country."), field="country") from problem
    known = set(
        db.session.scalars(
            sa.select(PublicHoliday.on_date).where(
                PublicHoliday.on_date.between(dt.date(year, 1, 1), dt.date(year, 12, 31))
            )
        )
    )
    added = 0
    for day, name in sorted(found.items()):
        if day not in known:
            records.add(PublicHoliday(on_date=day, name=name[:120]), actor=actor)
            added += 1
    return added
