"""What speaks against a planned visit: the sitter's other visits and days off, an expired vaccination, a missing key.

When two visits clash and when a block is full is said by `plans`; what was shown can be accepted by its token.
"""

import datetime as dt
import enum
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from foundation.db import db
from models import ClientSitter, Job, KeyPlace, Staff, TimeOff, TimeOffState
from workflows import key_facts
from workflows.errors import N_, Conflict
from workflows.plans import Plan, Window, clash, is_full, plan_of_job
from workflows.stretches import BUSY_STATES, touching_own

DAY = dt.timedelta(days=1)
#: days off that speak against a visit: those that are approved, and, less so, those that are asked for
AWAY = TimeOff.state.in_([TimeOffState.APPROVED, TimeOffState.REQUESTED])


class ClashKind(enum.StrEnum):
    """What speaks against it."""

    OVERLAP = "overlap"
    #: each of the others would fit beside it, all together do not
    BLOCK_FULL = "block_full"
    TIME_OFF = "time_off"
    #: nobody has said yes to it yet
    TIME_OFF_ASKED = "time_off_asked"
    #: a pet's vaccinations have run out on a day of the visit; whoever does it, and also when nobody does yet
    VACCINATION = "vaccination"
    #: the client never wants this sitter; nobody can do it anyway
    BLOCKED = "blocked"
    #: the sitter does not hold the client's key; the same one reason for all of the client's visits
    MISSING_KEY = "missing_key"


class Clash(NamedTuple):
    """One reason against a planned visit; `token` names exactly this reason, for "do it anyway".

    A file of stays has fifty for each row, and a dataclass takes five times as long to make.
    """

    kind: ClashKind
    token: str
    sitter_name: str
    #: "Dog walk, Hannah Okafor", the note of the time off, the name of the full block ("" without one), or the pet
    label: str
    on_date: dt.date
    last_on: dt.date
    start_time: dt.time | None = None
    #: how many other visits fill the block
    n_others: int = 0
    #: whom or what it clashes with, the same when it is asked again
    about: str = ""
    #: where the client's keys are: the place, and who has it
    keys: tuple[tuple[KeyPlace, str], ...] = ()

    @property
    def is_final(self) -> bool:
        """Does it stand against the visit whatever the office says?"""
        return self.kind is ClashKind.BLOCKED


def find(plans: Iterable[Plan]) -> dict[Hashable, list[Clash]]:
    """Every clash of the plans: with visits in the schedule, time off, among themselves, expired vaccinations, sitters
    who are never to be sent to the client, and keys that the sitter does not hold.

    Four queries however many plans, three when none asks for a key. Without a sitter only the last are asked for. Keys without clashes are left out.
    """
    all_plans = list(plans)
    found = _of_sitters([p for p in all_plans if p.sitter_id is not None])
    for key, clashes in vaccinations(all_plans).items():
        found[key] = [*found.get(key, []), *clashes]
    return found


def vaccinations(plans: Iterable[Plan]) -> dict[Hashable, list[Clash]]:
    """The pets of the plans whose vaccinations have run out on the visit's last day. No query beyond the pets."""
    found: dict[Hashable, list[Clash]] = {}
    for plan in plans:
        for pet in plan.pets:
            ends = pet.vaccinations_expire_on
            if ends is not None and ends <= plan.ends_on:
                about = f"pet-{pet.id}"
                token = f"{plan.key}:{ClashKind.VACCINATION}:{about}"
                clash_ = Clash(ClashKind.VACCINATION, token, "", pet.name, ends, ends, about=about)
                found.setdefault(plan.key, []).append(clash_)
    return found


def _of_sitters(wanted: list[Plan]) -> dict[Hashable, list[Clash]]:
    if not wanted:
        return {}
    sitters = {p.sitter_id for p in wanted if p.sitter_id is not None}
    first, last = min(p.on_date for p in wanted) - DAY, max(p.ends_on for p in wanted) + DAY
    names, blocked = _names(sitters, {p.client_id for p in wanted if p.client_id is not None})
    busy = _busy(sitters, _when_touched(wanted, first, last), {p.job_id for p in wanted if p.job_id})
    away: dict[int, list[TimeOff]] = defaultdict(list)
    for off in db.session.scalars(
        sa.select(TimeOff).where(
            TimeOff.staff_id.in_(sitters), TimeOff.first_on <= last, TimeOff.last_on >= first, AWAY
        )
    ):
        away[off.staff_id].append(off)
    lacks = key_facts.who_lack(
        {(p.client_id, p.sitter_id) for p in wanted if p.asks_for_key and p.client_id and p.sitter_id}
    )
    found: dict[Hashable, list[Clash]] = {}
    batches: dict[int | None, list[Plan]] = defaultdict(list)
    for plan in wanted:
        batches[plan.sitter_id].append(plan)
    around = {sitter_id: _around(busy.get(sitter_id or 0, []), batch) for sitter_id, batch in batches.items()}
    for plan in wanted:
        name = names[plan.sitter_id] if plan.sitter_id else ""
        clashes = list(_clashes(plan, around[plan.sitter_id], away, name))
        if (plan.client_id, plan.sitter_id) in blocked:
            clashes.insert(0, _blocked(plan, name))
        if plan.asks_for_key and (lack := lacks.get((plan.client_id or 0, plan.sitter_id or 0))):
            clashes.append(_missing_key(plan, name, lack))
        if clashes:
            found[plan.key] = clashes
    return found


def _names(sitters: set[int], clients: set[int]) -> tuple[dict[int, str], set[tuple[int, int]]]:
    """What the sitters are called, and which (client, sitter) never go together; one query."""
    never = sa.and_(
        ClientSitter.staff_id == Staff.id, ClientSitter.is_blocked.is_(True), ClientSitter.client_id.in_(clients)
    )
    names: dict[int, str] = {}
    blocked: set[tuple[int, int]] = set()
    for sitter, client_id in db.session.execute(
        sa.select(Staff, ClientSitter.client_id).outerjoin(ClientSitter, never).where(Staff.id.in_(sitters))
    ):
        names[sitter.id] = str(sitter)
        if client_id is not None:
            blocked.add((client_id, sitter.id))
    return names, blocked


def _blocked(plan: Plan, name: str) -> Clash:
    about = f"client-{plan.client_id}"
    token = f"{plan.key}:{ClashKind.BLOCKED}:{about}:{plan.sitter_id}"
    return Clash(ClashKind.BLOCKED, token, name, "", plan.on_date, plan.ends_on, about=about)


def _missing_key(plan: Plan, name: str, lack: key_facts.Lack) -> Clash:
    """Named without the visit: whoever books ten visits is asked once."""
    about = f"client-{plan.client_id}"
    token = f"{ClashKind.MISSING_KEY}:{about}:{plan.sitter_id}"
    where = tuple((key.place, key.holder) for key in lack.keys)
    return Clash(ClashKind.MISSING_KEY, token, name, lack.client, plan.on_date, plan.ends_on, about=about, keys=where)


def _when_touched(plans: list[Plan], first: dt.date, last: dt.date) -> sa.ColumnElement[bool]:
    """Visits around these plans: of the whole stretch where they stand close together, else of their own days, for
    between two visits a year apart lies all that the business does."""
    days = {p.on_date + DAY * n for p in plans for n in range(-1, (p.ends_on - p.on_date).days + 2)}
    if len(days) * 3 > (last - first).days:
        return touching_own(first, last)
    longer = sa.and_(Job.ends_on > Job.on_date, touching_own(first, last))
    return sa.or_(Job.on_date.in_(sorted(days)), longer)


def _busy(sitters: set[int], when: sa.ColumnElement[bool], leave_out: set[int]) -> Mapping[int, list[Plan]]:
    jobs = db.session.scalars(
        sa.select(Job)
        .where(Job.sitter_id.in_(sitters), Job.state.in_(BUSY_STATES), when)
        .options(joinedload(Job.service_item), joinedload(Job.client), joinedload(Job.time_block))
        .execution_options(populate_existing=True)
    )
    busy: dict[int, list[Plan]] = defaultdict(list)
    for job in jobs:
        if job.id not in leave_out and job.sitter_id is not None:
            busy[job.sitter_id].append(plan_of_job(job))
    return busy


#: what a sitter has to do: its window, what a token calls it, and the visit
_Beside = tuple[Window, str, Plan]


def _around(busy: Iterable[Plan], batch: Iterable[Plan]) -> list[_Beside]:
    """All that one sitter has in the schedule, and then what is planned."""
    there = [(p.window(), f"job-{p.job_id}", p) for p in busy]
    return [*there, *((p.window(), place(p), p) for p in batch)]


def _clashes(
    plan: Plan, around: Iterable[_Beside], away: Mapping[int, list[TimeOff]], name: str
) -> Iterable[Clash]:  # fmt: skip
    def found(kind: ClashKind, about: str, label: str, first: dt.date, last: dt.date, **more: Any) -> Clash:  # noqa: ANN401
        token = f"{plan.key}:{kind}:{about}:{plan.sitter_id}"
        return Clash(kind, token, name, label, first, last, about=about, **more)

    window, beside = plan.window(), []
    for theirs, about, other in around:
        if theirs.latest <= window.earliest or window.latest <= theirs.earliest or other.key == plan.key:
            continue
        if clash(window, theirs):
            yield found(
                ClashKind.OVERLAP, about, other.label, other.on_date, other.ends_on, start_time=other.start_time
            )
        else:
            beside.append((about, other, theirs))
    in_block = [theirs for _about, other, theirs in beside if _same_block(plan, other)]
    if is_full(window, [theirs for _about, _other, theirs in beside]) or _is_overfull(window, in_block):
        block = plan.block or next((other.block for _about, other, _theirs in beside if other.block), None)
        about = ",".join(sorted(about for about, _other, _theirs in beside))
        label = str(block) if block else ""
        yield found(ClashKind.BLOCK_FULL, about, label, plan.on_date, plan.on_date, n_others=len(beside))
    for off in away.get(plan.sitter_id or 0, []):
        if off.first_on <= plan.ends_on and off.last_on >= plan.on_date:
            kind = ClashKind.TIME_OFF if off.state is TimeOffState.APPROVED else ClashKind.TIME_OFF_ASKED
            yield found(kind, f"off-{off.id}", off.note, off.first_on, off.last_on)


def _same_block(plan: Plan, other: Plan) -> bool:
    blocks = plan.start_time is None and other.start_time is None and plan.block is not None and other.block is not None
    return blocks and plan.on_date == other.on_date and plan.block.id == other.block.id  # type: ignore[union-attr]


def _is_overfull(window: Window, in_block: list[Window]) -> bool:
    """Are the minutes of a sitter's visits in one block more than the block has? (Also when they were before.)"""
    return sum((w.length for w in in_block), window.length) > window.latest - window.earliest


def place(plan: Plan) -> str:
    """Where a planned visit stands in the schedule: names one that has no id yet, or a new one each time it is tried."""
    made: str | None = plan.__dict__.get("made_place")
    if made is None:  # in a file of stays each is asked for by all that it clashes with
        made = f"{plan.on_date}/{plan.start_time or ''}/{plan.block.id if plan.block else ''}"
        plan.__dict__["made_place"] = made
    return made


def tokens(found: Mapping[Hashable, list[Clash]]) -> set[str]:
    """The names of all clashes; a person who says "do it anyway" sends back those that were shown."""
    return {clash.token for clashes in found.values() for clash in clashes}


def stand_against(found: Mapping[Hashable, list[Clash]], accept: Iterable[str]) -> bool:
    """Is there a clash that was not accepted, or that cannot be?"""
    accepted = set(accept)
    return any(clash.is_final or clash.token not in accepted for clashes in found.values() for clash in clashes)


class ConflictsFound(Conflict):
    """Scheduling or booking would clash; nothing was changed. `clashes` holds what to show before asking again."""

    def __init__(self, clashes: Mapping[Hashable, list[Clash]]) -> None:
        self.clashes = clashes
        if any(clash.is_final for found in clashes.values() for clash in found):
            super().__init__("sitter_blocked", N_("This cannot be done. Choose another sitter."))
        else:
            super().__init__(
                "conflicts", N_("There are conflicts. Look at them, then do it anyway or choose another sitter.")
            )
