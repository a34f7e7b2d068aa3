"""Change and cancellation requests in words and plain values: for their mails, the log, HOME, and the snapshot."""

import dataclasses
from decimal import Decimal
from typing import Any

from models import ChangeItem, ChangeKind, Job, Repeat
from workflows import settings
from workflows.mail_facts import ChangedVisit, SeriesFacts, VisitFacts, visit_from_json
from workflows.visit_facts import job_facts, short


def print_of(job: Job) -> str:
    """What the client knows a visit by: two states with the same print are the same visit to them."""
    pets = ",".join(str(i) for i in sorted(p.id for p in job.pets))
    parts = (
        job.service_item_id, job.on_date, job.ends_on, job.start_time, job.end_time, job.time_block_id, pets, job.price,
    )  # fmt: skip
    return "|".join("" if part is None else str(part) for part in parts)


def old_facts(job: Job) -> dict[str, Any]:
    """The visit as it is now, to be kept with what is asked about it."""
    return {**dataclasses.asdict(job_facts(job)), "print": print_of(job)}


def repeat_facts(repeat: Repeat) -> dict[str, Any]:
    """A repeating service, to be kept the same way."""
    pets = tuple(p.name for p in repeat.pets)
    facts = VisitFacts(repeat.service_item.name, repeat.starts_on.isoformat(), pets=pets, note=repeat.note)
    week = week_of_series(repeat)
    return {**dataclasses.asdict(facts), "week": week, "print": print_of_series(repeat)}


def week_of_series(repeat: Repeat) -> list[list[Any]]:
    """Its week as plain values: [weekday, ISO time or "", block id or None, block in words]."""
    rows = [
        [t.weekday, t.start_time.isoformat("minutes") if t.start_time else "", t.time_block.id if t.time_block else None, str(t.time_block or "")]
        for t in repeat.times
    ]  # fmt: skip
    return sorted(rows, key=str)


def print_of_series(repeat: Repeat) -> str:
    """As `print_of`: two states of a series with the same print are the same to its client."""
    pets = ",".join(str(i) for i in sorted(p.id for p in repeat.pets))
    week = [row[:3] for row in week_of_series(repeat)]
    parts = (
        repeat.service_item_id, week, repeat.every_weeks, repeat.week_starts, repeat.ends_on, repeat.is_active, pets, repeat.note,
    )  # fmt: skip
    return "|".join("" if part is None else str(part) for part in parts)


def is_about_following(item: ChangeItem) -> bool:
    """Does it want "this and all following" of a series changed?"""
    return item.repeat_id is not None and item.request.kind is ChangeKind.CHANGE


def series_of(item: ChangeItem) -> SeriesFacts | None:
    """The series as it was when the client asked to change it from a day on, or None for anything else."""
    if not is_about_following(item):
        return None
    old = item.old
    return SeriesFacts(old["service"], _times_of(old["week"]), tuple(old["pets"]), old["note"])


def series_wanted_of(item: ChangeItem) -> SeriesFacts | None:
    """The series as the client wants it from `ChangeItem.first_on` on, or None."""
    if not is_about_following(item) or item.new_service_item is None:
        return None
    pets = tuple(p.name for p in item.new_pets)
    return SeriesFacts(item.new_service_item.name, _times_of(item.request.snapshot["week"]), pets, item.new_note)


def _times_of(week: list[list[Any]]) -> tuple[tuple[int, str, str], ...]:
    return tuple((day, time, block) for day, time, _block_id, block in week)


def visit_of(item: ChangeItem) -> VisitFacts:
    """The visit as it was when it was asked about."""
    return visit_from_json(item.old)


def wanted_of(item: ChangeItem) -> VisitFacts | None:
    """The visit as the client wants it, or None for anything but a change."""
    if item.request.kind is not ChangeKind.CHANGE or item.new_service_item is None or item.new_on_date is None:
        return None
    ends_on = item.new_ends_on
    return VisitFacts(
        service=item.new_service_item.name,
        on_date=item.new_on_date.isoformat(),
        start_time=item.new_start_time.isoformat("minutes") if item.new_start_time else "",
        block=str(item.new_time_block) if item.new_time_block else "",
        ends_on=ends_on.isoformat() if ends_on and ends_on != item.new_on_date else "",
        end_time=item.new_end_time.isoformat("minutes") if item.new_end_time else "",
        duration_minutes=item.new_service_item.duration_minutes,
        pets=tuple(p.name for p in item.new_pets),
        note=item.new_note,
        price=str(item.price_after) if item.price_after is not None and settings.read()["portal.show_prices"] else "",
    )


def changed_visit(item: ChangeItem) -> ChangedVisit:
    """One line of a mail about a request. A fee is told also where prices are not shown: it is what this costs."""
    return ChangedVisit(
        visit=visit_of(item),
        wanted=wanted_of(item),
        fee=_fee(item.fee),
        fee_reason=item.fee_reason,
        state=item.state.value,
        note=item.note,
        first_on=item.first_on.isoformat() if item.first_on else "",
        last_on=item.last_on.isoformat() if item.last_on else "",
        series=series_of(item),
        series_wanted=series_wanted_of(item),
    )


def _fee(fee: Decimal | None) -> str:
    return str(fee) if fee else ""


def said(item: ChangeItem) -> str:
    """One line for the log and HOME: "Dog walk, 2026-11-26 12:00 → Dog walk, 2026-11-27 12:00 (10.00)"."""
    text, wanted = short(visit_of(item)), wanted_of(item)
    if item.repeat_id is not None:
        days = " - ".join(day.isoformat() for day in (item.first_on, item.last_on) if day)
        text = f"{visit_of(item).service}, {days}"
    if is_about_following(item):
        snapshot = item.request.snapshot
        text = f"{snapshot['before']} → {snapshot['after']}, {item.first_on} -"
    if wanted is not None:
        text += f" → {short(wanted)}"
    return f"{text} ({item.fee})" if item.fee else text
