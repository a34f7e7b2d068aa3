"""The rows of a large business, as plain tuples in the order of their columns; no database is asked while they are made.

The same seed and the same week make the same rows, except for the random public ids.
"""

import datetime as dt
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cached_property
from random import Random
from typing import Any

import models
from benchmarks import changes, columns, money
from benchmarks.tiers import Tier
from foundation import clock
from models import (
    ActorKind,
    ClientStatus,
    JobState,
    LineState,
    NotificationKind,
    PayKind,
    PetStatus,
    Species,
    StaffRole,
    TimeType,
    Via,
)

SEED = 41
PASSWORD = "bench-mark-bench"  # noqa: S105 -- of a database that only the benchmark sees
#: (code, name, time type, minutes, price, start time asked for)
ITEMS = (
    ("Walk30", "Dog walk, 30 minutes", TimeType.STANDARD, 30, 24),
    ("Cat20", "Cat visit, 20 minutes", TimeType.TIME_BLOCK, 20, 21),
    ("Walk60", "Dog walk, 60 minutes", TimeType.STANDARD, 40, 38),
    ("Potty15", "Potty break", TimeType.ANYTIME, 15, 16),
    ("Night", "Overnight", TimeType.ALL_DAY, 1440, 98),
)
BLOCKS = (("Morning", 7, 11), ("Midday", 11, 15), ("Evening", 15, 21))
FIRST = (
    "Ada", "Ben", "Cora", "Dev", "Ellis", "Farah", "Greta", "Hugo", "Ines", "Jonas", "Kai", "Lena", "Miles", "Nora",
)  # fmt: skip
LAST = (
    "Abara", "Bloom", "Crane", "Donnelly", "Eklund", "Finch", "Granger", "Holm", "Ibarra", "Jansen", "Kovac",
    "Lowell",
)  # fmt: skip
#: what the log is full of; with one verb alone no database would use the index on it
VERBS = (
    "job_request.scheduled",
    "job_request.submitted",
    "job_request.added",
    "job_request.declined",
    "job_request.cancelled",
)
#: the client whose portal is measured, and those who write
READER, FIRST_WRITER = 1, 2
#: how many of the first writers have a basket that they forgot
BASKETS = 40


DAYS_AHEAD = 28

Rows = tuple[str, Sequence[str], Iterable[tuple[Any, ...]]]


def peak_monday(today: dt.date) -> dt.date:
    """The Monday of the week that is measured: the next one."""
    return today + dt.timedelta(days=7 - today.weekday())


def peak_day(today: dt.date) -> dt.date:
    """The Thursday of that week, the fullest day."""
    return peak_monday(today) + dt.timedelta(days=3)


class Filling:
    """All tables of one tier, parents before children."""

    def __init__(self, tier: Tier, *, hash_password: Callable[[str], str], today: dt.date, now: dt.datetime) -> None:
        self.tier, self.today, self.now = tier, today, now
        self.password_hash = hash_password(PASSWORD)
        self.n_sitters = tier.staff - 3
        self.pets_of: list[list[int]] = [[] for _ in range(tier.clients + 1)]
        self._deal_pets()

    def tables(self) -> Iterator[Rows]:
        """Table name, columns, rows."""
        yield "setting", ("key", "value", "changed_at"), self._settings()
        yield "staff", columns.STAFF, self._staff()
        yield (
            "staff_login",
            ("id", "staff_id", "email", "password_hash", "link_serial", "is_active", "created_at"),
            self._staff_logins(),
        )
        yield "time_block", ("id", "name", "starts_at", "ends_at", "is_active", "version"), self._blocks()
        yield "service_group", ("id", "name", "position", "version"), [(1, "Visits", 0, 1)]
        yield "service_item", columns.ITEM, self._items()
        yield "service_item_time_block", ("service_item_id", "time_block_id"), [(2, n + 1) for n in range(len(BLOCKS))]
        yield "vet", ("id", "name", "address", "notes", "is_active", "created_at", "version"), self._vets()
        yield "client", columns.CLIENT, self._clients()
        yield (
            "client_login",
            ("id", "client_id", "email", "password_hash", "link_serial", "is_active", "created_at"),
            self._client_logins(),
        )
        yield "client_contact", columns.CONTACT, self._contacts()
        yield "pet", columns.PET, self._pets()
        yield "job_request", columns.REQUEST, self._requests()
        yield "job_request_line", columns.LINE, self._lines()
        yield "job_request_line_pet", ("line_id", "pet_id"), self._line_pets()
        yield "counter", ("name", "value"), [("job_request", len(self._request_plan))]
        yield "job", columns.JOB, self._jobs()
        yield "job_pet", ("job_id", "pet_id"), self._job_pets()
        yield from changes.tables(self._to_come(), self.tier.open_requests, now=self.now)
        bills = money.plan(self._to_charge(), single=READER, today=self.today)
        yield from money.tables(bills, [name for _code, name, *_more in ITEMS])
        yield "notification", ("id", "kind", "client_id", "facts", "created_at"), self._notifications()
        yield "activity", columns.ACTIVITY, self._activity()

    # ------------------------------------------------------------------------------------------------------ people

    def _settings(self) -> Iterable[tuple[Any, ...]]:
        values = {
            "business.name": "Bench and Sons",
            "business.admin_inbox": "office@example.com",
            "business.time_zone": "America/New_York",
        }
        return [(key, value, self.now) for key, value in values.items()]

    def _staff(self) -> Iterator[tuple[Any, ...]]:
        for i in range(1, self.tier.staff + 1):
            role = StaffRole.OWNER if i == 1 else StaffRole.MANAGER if i <= 3 else StaffRole.SITTER
            name = (FIRST[i % len(FIRST)], f"{LAST[i % len(LAST)]}{i}")
            yield i, _public_id(), *name, f"staff{i}@example.com", role, i > 3, True, "", self.now, 1

    def _staff_logins(self) -> Iterable[tuple[Any, ...]]:
        return [
            (i, i, f"staff{i}@example.com", self.password_hash, 0, True, self.now)
            for i in range(1, self.tier.staff + 1)
        ]

    def _vets(self) -> Iterable[tuple[Any, ...]]:
        return [(i, f"Vets of {LAST[i % len(LAST)]} {i}", "", "", True, self.now, 1) for i in range(1, 41)]

    def _clients(self) -> Iterator[tuple[Any, ...]]:
        for i in range(1, self.tier.clients + 1):
            status = ClientStatus.ACTIVE if i <= self.tier.active else ClientStatus.INACTIVE
            made = self.now - dt.timedelta(minutes=(i * 7919) % int(self.tier.years * 525_000))
            yield (
                i, _public_id(), str(4_000_000_000 + i), FIRST[i * 5 % len(FIRST)], f"{LAST[i * 7 % len(LAST)]}{_letters(i)}",
                f"client{i}@example.net", f"+1508555{i % 10_000:04}", f"{i % 200 + 1} Elm Street", "", "Brookmere", "01091",
                status, True, self.sitter(i), "Lock sticks: pull while turning.", made, 1,
            )  # fmt: skip

    def _client_logins(self) -> Iterable[tuple[Any, ...]]:
        return (
            (i, i, f"client{i}@example.net", self.password_hash, 0, True, self.now)
            for i in range(1, self.tier.clients + 1)
        )

    def _contacts(self) -> Iterable[tuple[Any, ...]]:
        return (
            (n, i, f"Contact of {i}", "Partner", f"contact{i}@example.net", i % 2 == 0, False)
            for n, i in enumerate(range(1, self.tier.clients + 1, 3), 1)
        )

    def _deal_pets(self) -> None:
        """One pet each, further ones in turn; the measured clients have two."""
        for pet_id in range(1, self.tier.pets + 1):
            self.pets_of[(pet_id - 1) % self.tier.clients + 1].append(pet_id)

    def _pets(self) -> Iterator[tuple[Any, ...]]:
        for client_id, pets in enumerate(self.pets_of):
            for pet_id in pets:
                species = Species.CAT if pet_id % 3 == 0 else Species.DOG
                yield (
                    pet_id, _public_id(), client_id, f"{('Milo', 'Luna', 'Otis', 'Bean', 'Fig')[pet_id % 5]}", species, "Mixed breed",
                    dt.date(2015 + pet_id % 10, 1 + pet_id % 12, 5), "Slips out of doors." if pet_id % 6 == 0 else "",
                    "One cup at 7:30 and 17:30.", "", "", pet_id % 40 + 1, PetStatus.ACTIVE, self.now, 1,
                )  # fmt: skip

    def sitter(self, n: int) -> int:
        """A sitter's id for any number."""
        return 4 + n % self.n_sitters

    # --------------------------------------------------------------------------------------------------- catalogue

    def _blocks(self) -> Iterable[tuple[Any, ...]]:
        return [(n, name, dt.time(first), dt.time(last), True, 1) for n, (name, first, last) in enumerate(BLOCKS, 1)]

    def _items(self) -> Iterator[tuple[Any, ...]]:
        for n, (code, name, time_type, minutes, price) in enumerate(ITEMS, 1):
            yield (
                n, _public_id(), code, name, "", 1, Decimal(price), Decimal(5), PayKind.PERCENT, Decimal(0), Decimal(50), minutes,
                time_type, n, True, True, False, False, self.now, 1,
            )  # fmt: skip

    # ---------------------------------------------------------------------------------------------------- requests

    @cached_property
    def _request_plan(self) -> list[tuple[int, int, bool]]:
        """(client, lines, open?), oldest first; the open ones come last."""
        n_old = self.tier.visits // 30
        old = [(i * 31 % self.tier.active + 1, 3 + i % 4, False) for i in range(n_old)]
        asking = range(10, 10 + self.tier.asking_clients)
        new = [(asking[i % self.tier.asking_clients], 3 + i % 4, True) for i in range(self.tier.open_requests)]
        return old + new

    def _asked_at(self, i: int) -> dt.datetime:
        share = (i + 1) / len(self._request_plan)
        return self.now - dt.timedelta(days=self.tier.years * 365 * (1 - share), hours=1)

    def _requests(self) -> Iterator[tuple[Any, ...]]:
        for i, (client_id, _n_lines, _open) in enumerate(self._request_plan):
            at = self._asked_at(i)
            yield i + 1, _public_id(), client_id, i + 1, at, at, at
        for n in range(BASKETS):
            at = self.now - dt.timedelta(hours=n % 20)
            yield len(self._request_plan) + 1 + n, _public_id(), FIRST_WRITER + n, None, at, at, None

    def _lines(self) -> Iterator[tuple[Any, ...]]:
        line_id = 0
        for i, (client_id, n_lines, is_open) in enumerate(self._request_plan):
            at = self._asked_at(i)
            first = peak_monday(self.today) + dt.timedelta(days=i % 9) if is_open else at.date() + dt.timedelta(days=4)
            for n in range(n_lines):
                line_id += 1
                day, item = first + dt.timedelta(days=n), 1 + (i + n) % 2
                yield (
                    line_id, _public_id(), i + 1, client_id, item, day, dt.time(8 + i % 10) if item == 1 else None,
                    1 + i % 3 if item == 2 else None, "Please send a picture." if i % 4 == 0 else "", "",
                    LineState.SUBMITTED if is_open else LineState.SCHEDULED, None, False, Decimal(24), False,
                    f"{item}|{day}|{i}", at, None if is_open else at, "", at, 1,
                )  # fmt: skip
        for n in range(BASKETS):
            day = peak_monday(self.today)
            yield (
                line_id + 1 + n, _public_id(), len(self._request_plan) + 1 + n, FIRST_WRITER + n, 1, day, dt.time(9), None, "", "",
                LineState.DRAFT, None, False, Decimal(24), False, f"1|{day}|{n}", None, None, "", self.now, 1,
            )  # fmt: skip

    def _line_pets(self) -> Iterator[tuple[int, int]]:
        line_id = 0
        for client_id, n_lines, _open in self._request_plan:
            for _ in range(n_lines):
                line_id += 1
                for pet_id in self.pets_of[client_id]:
                    yield line_id, pet_id

    # ------------------------------------------------------------------------------------------------------ visits

    @cached_property
    def days(self) -> list[tuple[dt.date, int]]:
        """Each day with its number of visits; the week that is measured is as full as the tier says."""
        first = self.today - dt.timedelta(days=round(self.tier.years * 365))
        all_days = [first + dt.timedelta(days=n) for n in range((self.today - first).days + DAYS_AHEAD)]
        monday, fullest = peak_monday(self.today), peak_day(self.today)
        week = {monday + dt.timedelta(days=n) for n in range(7)}
        others = [d for d in all_days if d not in week]
        weights = [0.6 if d.weekday() >= 5 else 1.15 for d in others]
        each = (self.tier.visits - self.tier.peak_week) / sum(weights)
        plan = dict(zip(others, (round(each * w) for w in weights), strict=True))
        rest, n_rest = divmod(self.tier.peak_week - self.tier.peak_day, 6)
        plan |= {d: rest + (n < n_rest) for n, d in enumerate(sorted(week - {fullest}))} | {fullest: self.tier.peak_day}
        plan[self.today] = self.tier.peak_day
        return sorted(plan.items())

    def _client_of(self, random: Random, i: int) -> int:
        """Nine visits of ten are for active clients; the measured one has a visit each day."""
        if i == 0:
            return READER
        return random.randrange(FIRST_WRITER, self.tier.active + 1 if random.random() < 0.9 else self.tier.clients + 1)

    def _scheduled_lines(self) -> dict[int, Iterator[int]]:
        """The lines of each client that became visits, oldest first."""
        found: dict[int, list[int]] = defaultdict(list)
        line_id = 0
        for client_id, n_lines, is_open in self._request_plan:
            if not is_open:
                found[client_id].extend(range(line_id + 1, line_id + 1 + n_lines))
            line_id += n_lines
        return {client_id: iter(lines) for client_id, lines in found.items()}

    def _jobs(self) -> Iterator[tuple[Any, ...]]:
        random, job_id, lines = Random(SEED), 0, self._scheduled_lines()
        price, pay, zero = Decimal(24), Decimal(12), Decimal(0)
        for day, n_visits in self.days:
            past = day < self.today
            made = clock.from_local(day - dt.timedelta(days=20), dt.time(9)) if past else self.now
            for i in range(n_visits):
                job_id += 1
                client_id = self._client_of(random, i)
                slot, item = i // self.n_sitters, _item_of(i)
                minute = 6 * 60 + 30 + slot * 48
                start = None if item in {2, 4} else dt.time(minute // 60 % 24, minute % 60)
                cancelled = job_id % 23 == 0
                sitter = None if not past and job_id % 29 == 0 else self.sitter(i)
                state = JobState.CANCELLED if cancelled else JobState.COMPLETED if past else JobState.SCHEDULED
                yield (
                    job_id, _public_id(), client_id, item, day, day, start, 1 + min(slot // 5, 2) if item == 2 else None,
                    ITEMS[item - 1][3], sitter, state, zero if cancelled else price, zero if cancelled else pay,
                    price if cancelled else None, pay if cancelled else None, "", "", next(lines.get(client_id, iter(())), None),
                    made if cancelled else None, "", made, 1,
                )  # fmt: skip

    def _job_pets(self) -> Iterator[tuple[int, int]]:
        random, job_id = Random(SEED), 0
        for _day, n_visits in self.days:
            for i in range(n_visits):
                job_id += 1
                for pet_id in self.pets_of[self._client_of(random, i)][:2]:
                    yield job_id, pet_id

    def _to_come(self) -> Iterator[tuple[int, int, dt.date]]:
        """(visit, client, day) of scheduled visits after the fullest day."""
        random, job_id = Random(SEED), 0
        for day, n_visits in self.days:
            for i in range(n_visits):
                job_id += 1
                client_id = self._client_of(random, i)
                if day > peak_day(self.today) and job_id % 23:
                    yield job_id, client_id, day

    def _to_charge(self) -> Iterator[tuple[int, int, dt.date, int]]:
        """(visit, client, day, item) of all visits that were not cancelled, day by day."""
        random, job_id = Random(SEED), 0
        for day, n_visits in self.days:
            for i in range(n_visits):
                job_id += 1
                client_id = self._client_of(random, i)
                if job_id % 23:
                    yield job_id, client_id, day, _item_of(i)

    # -------------------------------------------------------------------------------------------------------- rest

    def _notifications(self) -> Iterable[tuple[Any, ...]]:
        kind = NotificationKind.REQUEST_RECEIVED
        return [
            (n, kind, 9 + n, {"number": n, "n_lines": 3, "added": False}, self.now)
            for n in range(1, min(61, self.tier.clients - 9))
        ]

    def _activity(self) -> Iterator[tuple[Any, ...]]:
        span = dt.timedelta(days=self.tier.years * 365) / self.tier.activity
        facts = {"number": 7, "n_lines": 1, "lines": ["Dog walk, 30 minutes, 2026-11-26 12:00"], "accepted": 0}
        for n in range(1, self.tier.activity + 1):
            client_id = READER if n % 400 == 0 else n * 31 % self.tier.clients + 1
            at = self.now - span * (self.tier.activity - n)
            yield (
                n, at, VERBS[n % len(VERBS)], ActorKind.STAFF, "Cora Finch", 2, False, Via.OFFICE, client_id,
                "job_request", 1, facts,
            )  # fmt: skip


def _item_of(i: int) -> int:
    """The service of a day's visit of this number."""
    return (1, 1, 2, 1, 3, 2, 4)[i % 7]


def _public_id() -> str:
    return secrets.token_urlsafe(9)


def _letters(n: int) -> str:
    """1 is b, 26 is ba: names that differ and can be searched for."""
    text = ""
    while n:
        n, rest = divmod(n, 26)
        text = chr(97 + rest) + text
    return text


TABLES = models.db.metadata.tables
