"""What somebody asks for: which service, on which days, at which times, for which pets. Checks of meaning that the
portal's basket, the office's added lines and direct bookings share."""

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from foundation import text
from models import Client, Pet, PetStatus, ServiceItem, TimeBlock, TimeType
from workflows.errors import N_, Invalid, Refusals

#: one basket, one booking: enough for two visits a day over three months
MAX_LINES = 200
MAX_NOTE = 10_000


@dataclass(frozen=True)
class Wanted:
    """One service on one or many days; with time blocks, one visit a day for each block."""

    item: ServiceItem
    dates: Sequence[dt.date]
    start_time: dt.time | None = None
    blocks: Sequence[TimeBlock] = ()
    pets: Sequence[Pet] = ()
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "pets", tuple(dict.fromkeys(self.pets)))  # a pet that is named twice goes once


@dataclass(frozen=True)
class Slot:
    """One visit of what is wanted."""

    on_date: dt.date
    start_time: dt.time | None
    block: TimeBlock | None = field(default=None)


def clean_note(note: str, *, field: str = "note") -> str:
    """The note without what nobody sees; Invalid when it is too long to be read."""
    cleaned = text.tidy(note)
    if len(cleaned) > MAX_NOTE:
        raise Invalid(
            "note_long", N_("The note is too long: use at most %(most)s characters."), field=field, most=MAX_NOTE
        )
    return cleaned


def slots(wanted: Wanted, client: Client, *, any_block: bool = False) -> Iterator[Slot]:
    """The single visits of what is wanted, in order of date and time.

    Refused as `check` says. Times that the item's time type does not ask for are left out.
    """
    check(wanted, client, any_block=any_block)
    times = _times(wanted, any_block=any_block)
    for day in sorted(set(wanted.dates)):
        for start_time, block in times:
            yield Slot(day, start_time, block)


def check(wanted: Wanted, client: Client, *, any_block: bool = False) -> None:
    """Refuse with Invalid, all at once: no day; too many visits; no pet, or pets of others or no longer with us; no
    block, or one that the item does not have (the office may choose any block: `any_block`)."""
    refusals, n_days = Refusals(), len(set(wanted.dates))
    with refusals:
        if not n_days:
            raise Invalid("no_date", N_("Choose at least one day."), field="dates")
    with refusals:
        check_pets(wanted.pets, client)
    with refusals:
        _check_blocks(wanted, any_block=any_block)
        if n_days * len(_times(wanted, any_block=any_block)) > MAX_LINES:
            raise Invalid(
                "too_many", N_("That is too much at once: at most %(most)s visits in one request."), field="dates",
                most=MAX_LINES,
            )  # fmt: skip
    refusals.say()


def check_pets(pets: Sequence[Pet], client: Client) -> None:
    """At least one pet, all of this client, all still with us; a client without pets may go without."""
    present = [p for p in client.pets if p.status is PetStatus.ACTIVE]
    if any(p.client_id != client.id for p in pets):
        raise Invalid("foreign_pet", N_("Choose among your own pets."), field="pets")
    if any(p.status is not PetStatus.ACTIVE for p in pets):
        raise Invalid("pet_gone", N_("Choose pets that are with you now."), field="pets")
    if present and not pets:
        raise Invalid("no_pet", N_("Choose at least one pet."), field="pets")


def _check_blocks(wanted: Wanted, *, any_block: bool) -> None:
    if wanted.item.time_type is not TimeType.TIME_BLOCK:
        return
    if not wanted.blocks:
        raise Invalid("no_block", N_("Choose at least one time of day."), field="blocks")
    allowed = {b.id for b in wanted.item.time_blocks if b.is_active}
    if not any_block and any(b.id not in allowed for b in wanted.blocks):
        raise Invalid("foreign_block", N_("Choose among the times of this service."), field="blocks")


def _times(wanted: Wanted, *, any_block: bool) -> list[tuple[dt.time | None, TimeBlock | None]]:
    if wanted.item.time_type is TimeType.TIME_BLOCK:
        blocks = sorted({b.id: b for b in wanted.blocks}.values(), key=lambda b: b.starts_at)
        return [(wanted.start_time if any_block else None, block) for block in blocks]
    if wanted.item.time_type is TimeType.STANDARD:
        return [(wanted.start_time, None)]
    return [(wanted.start_time if any_block else None, None)]


def fingerprint(item: ServiceItem, slot: Slot, pets: Sequence[Pet]) -> str:
    """Two lines with the same fingerprint are the same wish. A whole pack of pets is told by its hash."""
    when = slot.start_time.strftime("%H:%M") if slot.start_time else ""
    who = ",".join(str(i) for i in sorted(p.id for p in pets))
    if len(who) > 120:
        who = hashlib.sha256(who.encode()).hexdigest()
    return f"{item.id}|{slot.on_date}|{when}|{slot.block.id if slot.block else ''}|{who}"
