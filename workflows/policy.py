"""Editing the cancellation policy and the opening hours: rules and reasons in their order, a week of hours for a scope.

What the rules mean stands in `cancellation`, what the hours mean in `opening`.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from foundation.db import db
from models import CancellationReason, CancellationRule, NoticeKind, OpeningHours, ServiceGroup, ServiceItem
from workflows import activity, records
from workflows.actors import Actor
from workflows.amounts import check_amount
from workflows.errors import N_, Invalid, Refusals
from workflows.opening import HOLIDAY, Stretch, in_words
from workflows.permissions import Permission

MAX_NOTICE = 8760
Ordered = CancellationRule | CancellationReason


def save_rule(rule: CancellationRule, values: Mapping[str, Any], *, actor: Actor) -> CancellationRule:
    """Add a rule at the end, or change one; logged old to new.

    What a kind of notice does not use is emptied. Refused with Invalid: no name; a notice without its number or time;
    half a season or a day that no year has; days of a stay in the wrong order; shares beyond 100; negative amounts.
    """
    actor.require(Permission.CATALOGUE)
    _save(rule, checked_rule(rule, values), actor=actor)
    return rule


def checked_rule(rule: CancellationRule, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a rule as they are kept; refused as `save_rule` says, all at once."""
    values, refusals = records.tidy(values), Refusals()
    with refusals:
        records.require_text({"name": values.get("name", rule.name)}, ["name"], N_("Fill in a name."))
    merged = {c.key: values[c.key] if c.key in values else getattr(rule, c.key) for c in sa.inspect(CancellationRule).column_attrs}  # fmt: skip
    with refusals:
        values.update(_notice(merged))
    with refusals:
        _check_season(merged)
    with refusals:
        _check_stay(merged)
    for field in ("allowance_visits", "allowance_months"):
        with refusals:
            _check_number(merged[field], field, 0, 1000)
    for field in ("charge_percent", "pay_percent"):
        with refusals:
            _check_share(merged[field] or Decimal(0), field)
    for field in ("charge_amount", "charge_cap", "pay_amount"):
        with refusals:
            if merged[field] is not None:
                check_amount(merged[field], field)
    refusals.say()
    return values


def _check_share(share: Decimal, field: str) -> None:
    if not (share.is_finite() and 0 <= share <= 100 and share == round(share, 2)):
        raise Invalid("bad_percent", N_("Enter a share from 0 to 100, with at most two decimals."), field=field)


def _save(record: Ordered, values: Mapping[str, Any], *, actor: Actor) -> None:
    if record.id is None:
        for field, value in values.items():
            setattr(record, field, value)
        last = db.session.scalar(sa.select(sa.func.max(type(record).position)))
        record.position = (last or 0) + 1
        records.add(record, actor=actor)
    else:
        records.change(record, values, actor=actor)


def _notice(values: Mapping[str, Any]) -> dict[str, Any]:
    """The three columns of the notice, without what the kind does not use."""
    kind, number, time = values["notice_kind"], values["notice_number"], values["notice_time"]
    if kind is None:
        return {"notice_number": None, "notice_time": None}
    if kind in {NoticeKind.HOURS, NoticeKind.DAYS}:
        if number is None:
            raise Invalid("notice_number", N_("Say how many hours or days."), field="notice_number")
        _check_number(number, "notice_number", 0, MAX_NOTICE)
        return {"notice_time": None}
    if time is None:
        raise Invalid("notice_time", N_("Say from what time of day on."), field="notice_time")
    _check_number(number, "notice_number", 0, 365)
    return {"notice_number": number or 0}


def _check_season(values: Mapping[str, Any]) -> None:
    refusals = Refusals()
    for field, other in (("season_from", "season_to"), ("season_to", "season_from")):
        text = values[field]
        with refusals:
            if not text and values[other]:
                raise Invalid("season_half", N_("Give both ends of the season, or neither."), field=field)
            if text and not _is_day(text):
                raise Invalid("season_day", N_("Enter month and day, for example 12-01 for 1 December."), field=field)
    refusals.say()


def _is_day(text: str) -> bool:
    if not re.fullmatch(r"\d\d-\d\d", text, re.ASCII):
        return False
    try:
        dt.date.fromisoformat(f"2024-{text}")  # a leap year: 02-29 is a day
    except ValueError:
        return False
    return True


def _check_stay(values: Mapping[str, Any]) -> None:
    refusals, (first, last) = Refusals(), (values["stay_day_from"], values["stay_day_to"])
    for field in ("stay_day_from", "stay_day_to"):
        with refusals:
            _check_number(values[field], field, 1, 400)
    with refusals:
        if first and last and last < first:
            raise Invalid("order", N_("The last day cannot be before the first."), field="stay_day_to")
    refusals.say()


def _check_number(value: int | None, field: str, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        raise Invalid("bad_number", N_("Enter a whole number from %(least)s to %(most)s."), field=field, least=least, most=most)  # fmt: skip


def save_reason(reason: CancellationReason, values: Mapping[str, Any], *, actor: Actor) -> CancellationReason:
    """Add a reason at the end of the list, or change one; logged. Refused: no name, or one that is there already."""
    actor.require(Permission.CATALOGUE)
    values = records.tidy(values)
    name = values.get("name", reason.name)
    records.require_text({"name": name}, ["name"], N_("Fill in a name."))
    taken = sa.select(CancellationReason.id).where(sa.func.lower(CancellationReason.name) == str(name).lower())
    with db.session.no_autoflush:
        if db.session.scalar(taken.where(CancellationReason.id != (reason.id or 0))):
            raise Invalid("name_taken", N_("This name is taken already."), field="name")
    _save(reason, values, actor=actor)
    return reason


def remove(record: Ordered, *, actor: Actor) -> None:
    """Delete a rule or a reason; logged. Visits and requests keep what was decided with it."""
    actor.require(Permission.CATALOGUE)
    records.remove(record, actor=actor)


def move(record: Ordered, *, earlier: bool, actor: Actor) -> bool:
    """Change places with the one before (or after) it; logged. False when it is the first (or last) already."""
    actor.require(Permission.CATALOGUE)
    kind = type(record)
    all_rows: list[Any] = list(db.session.scalars(sa.select(kind).order_by(kind.position, kind.id).with_for_update()))
    here = all_rows.index(record)
    there = here - 1 if earlier else here + 1
    if not 0 <= there < len(all_rows):
        return False
    all_rows[here], all_rows[there] = all_rows[there], all_rows[here]
    for place, row in enumerate(all_rows, start=1):
        if row.position != place:
            row.position = place
    db.session.flush()
    activity.record(
        f"{kind.__tablename__}.moved", actor=actor, subject=record, name=str(record),
        changes={"position": [here + 1, there + 1]},
    )  # fmt: skip
    return True


# ------------------------------------------------------------------------------------------------------ opening hours

Week = Mapping[int, Sequence[Stretch]]


def save_week(week: Week, *, actor: Actor, group: ServiceGroup | None = None, item: ServiceItem | None = None) -> bool:
    """Replace all opening hours of a group, an item or (with neither) the business; an empty week takes them away.

    One log line with the days that changed; False when nothing did. Refused with Invalid and the weekday as field
    ("day3"): a stretch that ends before it begins, two that overlap.
    """
    actor.require(Permission.CATALOGUE)
    for weekday, stretches in week.items():
        _check_day(weekday, stretches)
    scope = (
        OpeningHours.service_item_id == item.id if item else OpeningHours.service_item_id.is_(None),
        OpeningHours.service_group_id == group.id if group else OpeningHours.service_group_id.is_(None),
    )
    rows = list(db.session.scalars(sa.select(OpeningHours).where(*scope).with_for_update()))
    changes: dict[str, list[str]] = {}
    for weekday in range(HOLIDAY + 1):
        there = sorted((r.opens_at, r.closes_at) for r in rows if r.weekday == weekday)
        wanted = sorted(week.get(weekday, ()))
        if there != wanted:
            changes[f"day{weekday}"] = [in_words(there), in_words(wanted)]
            for row in rows:
                if row.weekday == weekday:
                    db.session.delete(row)
            db.session.add_all(
                OpeningHours(weekday=weekday, opens_at=a, closes_at=b, service_group=group, service_item=item)
                for a, b in wanted
            )
    if changes:
        db.session.flush()
        subject = item or group
        activity.record("opening_hours.changed", actor=actor, subject=subject, name=str(subject or ""), changes=changes)
    return bool(changes)


def _check_day(weekday: int, stretches: Sequence[Stretch]) -> None:
    ends: dt.time | None = None
    for opens, closes in sorted(stretches):
        if closes <= opens:
            raise Invalid("order", N_("The end must be after the start."), field=f"day{weekday}")
        if ends is not None and opens <= ends:
            raise Invalid("overlap", N_("These hours overlap."), field=f"day{weekday}")
        ends = closes
