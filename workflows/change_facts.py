"""Change and cancellation requests in words and plain values: for their mails, the log, HOME, and the snapshot."""

import dataclasses
from decimal import Decimal
from typing import Any

from models import ChangeItem, ChangeKind, Job, Repeat
from workflows import settings
from workflows.mail_facts import ChangedVisit, VisitFacts, visit_from_json
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
    return dataclasses.asdict(VisitFacts(repeat.service_item.name, repeat.starts_on.isoformat(), pets=pets))


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
    )


def _fee(fee: Decimal | None) -> str:
    return str(fee) if fee else ""


def said(item: ChangeItem) -> str:
    """One line for the log and HOME: "Dog walk, 2026-11-26 12:00 → Dog walk, 2026-11-27 12:00 (10.00)"."""
    text, wanted = short(visit_of(item)), wanted_of(item)
    if item.repeat_id is not None:
        days = " - ".join(day.isoformat() for day in (item.first_on, item.last_on) if day)
        text = f"{visit_of(item).service}, {days}"
    if wanted is not None:
        text += f" → {short(wanted)}"
    return f"{text} ({item.fee})" if item.fee else text
