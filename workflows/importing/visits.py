"""Files of visits and stays: those to come are booked, those behind us come in as completed. Nobody is told of any.

What the old program billed is history here: it is marked, and never waits for an invoice.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from foundation import clock
from foundation.db import db
from foundation.inserting import Written
from models import Client, ImportKind, Job, JobState, Pet, PetStatus, ServiceItem, Staff, TimeBlock, TimeType
from workflows import many_jobs, repeat_outlook, repeat_runs
from workflows.actors import Actor
from workflows.amounts import check_amount
from workflows.errors import N_, Invalid, WorkflowError
from workflows.importing.kind import CLIENT_FIELDS, Added, Clients, Field, Kind, Row, client_key
from workflows.importing.values import amount, date, time, words, yes_no
from workflows.jobs import Stay
from workflows.permissions import Permission
from workflows.wanted import Wanted

#: further back nobody sends an invoice, and further ahead nobody books
OLDEST = dt.timedelta(days=2 * 366)
#: what was billed may be as old as a business
HISTORY = dt.timedelta(days=40 * 366)


class VisitKind(Kind):
    """A row is a visit on one day, or a stay from a day to another."""

    kind = ImportKind.VISITS
    permission = Permission.SCHEDULE
    model = Job
    one_of = (("client_id", "client_account", "client_email", "client_name"),)
    goes_along = frozenset({"job_pet"})
    hint = N_("Clients, pets and services must be here. Past visits come in as completed, and the file must say whether they are billed already: those are kept as history and never invoiced again. Without a price the price list counts.")  # fmt: skip
    fields = (
        Field("foreign_id", N_("Number in the old program"), words(200), "9001", aliases=("visit id", "job id", "event id", "id", "booking id")),
        *CLIENT_FIELDS,
        Field("service", N_("Service"), words(120), "Dog walk 30 minutes", N_("Its name or code."), required=True, aliases=("service name", "service type", "job type", "visit type")),
        Field("on_date", N_("Day"), date, "2027-01-15", required=True, aliases=("date", "visit date", "job date", "start date", "scheduled date")),
        Field("ends_on", N_("Last day"), date, "", N_("Of a stay over several days."), aliases=("end date", "to date", "until", "check out date", "departure")),
        Field("start_time", N_("Time"), time, "12:00", aliases=("start time", "time", "start", "visit time")),
        Field("end_time", N_("Time of leaving"), time, "", N_("Of a stay; with the time of its beginning, or neither."), aliases=("end time", "check out time", "finish time")),
        Field("time_block", N_("Time block"), words(120), "", aliases=("block", "time window", "window", "slot")),
        Field("pets", N_("Pets"), words(500), "Biscuit", N_("Names with a comma between them; all of the client's without."), aliases=("pet", "pet names", "animals", "pet name")),
        Field("sitter", N_("Sitter"), words(240), "", N_("Name or mail address of one of the team."), aliases=("staff", "staff member", "assigned to", "walker", "sitter name", "employee")),
        Field("price", N_("Price"), amount, "", aliases=("amount", "charge", "total", "rate")),
        Field("billed", N_("Billed already"), yes_no, "no", aliases=("invoiced", "is invoiced", "on invoice", "paid")),
        Field("note", N_("Note"), words(5000), "", aliases=("notes", "visit notes", "instructions", "comments")),
    )  # fmt: skip

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.clients = Clients(source)
        self.items: dict[str, ServiceItem] = {}
        self.blocks: dict[str, TimeBlock] = {}
        self.team: dict[str, Staff] = {}
        self.pets: dict[int, list[Pet]] = {}
        self.known: dict[tuple[Any, ...], Job] = {}
        #: the numbers of those that this piece has brought in
        self.fresh: dict[tuple[Any, ...], int] = {}
        #: where series will make visits
        self.coming: set[tuple[Any, ...]] = set()

    def prepare(self, rows: Sequence[Row]) -> None:
        """The clients with their pets and visits of these days, the price list, the team."""
        # With their pets, which are looked at again when the visits are booked.
        self.clients.prepare(rows, selectinload(Client.pets))
        for item in db.session.scalars(sa.select(ServiceItem).order_by(ServiceItem.is_active, ServiceItem.id.desc())):
            self.items.update({item.name.casefold(): item, item.code.casefold(): item})
        self.blocks = {
            b.name.casefold(): b for b in db.session.scalars(sa.select(TimeBlock).where(TimeBlock.is_active))
        }
        for person in db.session.scalars(sa.select(Staff).where(Staff.is_active).order_by(Staff.id.desc())):
            self.team.update({str(person).casefold(): person, (person.email or "-").casefold(): person})
        ids, days = self.clients.ids(), {r.values["on_date"] for r in rows if r.values.get("on_date")}
        if not ids:
            return
        for client in self.clients.by_account.values():
            self.pets[client.id] = [p for p in client.pets if p.status is PetStatus.ACTIVE]
        if days:
            self._look_up(rows, ids, days)
            self._look_ahead(ids, days)

    def _look_up(self, rows: Sequence[Row], ids: Sequence[int], days: Collection[dt.date]) -> None:
        """The visits that rows speak of: of all that these clients have on these days only those become objects."""
        own = (Job.client_id, Job.service_item_id, Job.on_date, Job.start_time, Job.time_block_id)
        taken = sa.select(*own, Job.id).where(
            Job.client_id.in_(ids), Job.on_date.in_(sorted(days)), Job.state != JobState.CANCELLED
        )
        there = {tuple(place): job_id for *place, job_id in db.session.execute(taken.order_by(Job.id.desc()))}
        wanted = set()
        for row in rows:
            try:
                wanted.add(self.identity(row.values))
            except WorkflowError:
                continue  # `find` will say so
        jobs = self.load(there[place] for place in wanted & there.keys())
        self.known = {_place(job): job for job in jobs.values()}

    def _look_ahead(self, ids: Sequence[int], days: Collection[dt.date]) -> None:
        """Which visits of these days repeating services will still make."""
        first, last = max(min(days), clock.today()), min(max(days), clock.today() + OLDEST)
        if first > last:
            return
        series = repeat_outlook.fresh(repeat_runs.repeats_of(ids))
        for o in repeat_outlook.look(series, first, last):
            own = o.repeat.client_id, o.repeat.service_item_id
            self.coming |= {(*own, x.on_date, x.start_time, x.block.id if x.block else None) for x in o.ready}

    def key(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Whose, what, when, and with which pets."""
        return (*client_key(values), *(values.get(n, "") for n in ("service", "on_date", "start_time", "time_block", "pets")))  # fmt: skip

    def about(self, values: Mapping[str, Any]) -> str:
        """The day, the service and the client."""
        said = next((str(values[f.name]) for f in reversed(CLIENT_FIELDS) if values.get(f.name)), "")
        return ", ".join(str(x) for x in (values.get("on_date"), values.get("service"), said) if x)

    def _item(self, values: Mapping[str, Any]) -> ServiceItem:
        item = self.items.get(str(values.get("service", "")).casefold())
        if item is None:
            raise Invalid(
                "unknown_service", N_("There is no such service. Bring the services in first."), field="service"
            )
        return item

    def _when(self, item: ServiceItem, values: Mapping[str, Any]) -> tuple[dt.time | None, TimeBlock | None]:
        """The time that the service asks for."""
        block = self.blocks.get(str(values.get("time_block", "")).casefold())
        if item.time_type is TimeType.TIME_BLOCK and block is None:
            raise Invalid("no_block", N_("This service needs a time block that exists."), field="time_block")
        if item.time_type is TimeType.STANDARD and values.get("start_time") is None:
            raise Invalid("no_time", N_("This service needs a time."), field="start_time")
        exact = values.get("start_time") if item.time_type is TimeType.STANDARD else None
        return exact, block if item.time_type is TimeType.TIME_BLOCK else None

    def find(self, values: Mapping[str, Any]) -> Job | None:
        """The client's visit of that service at that time."""
        place = self.identity(values)
        if place not in self.fresh:
            return self.known.get(place)
        made = db.session.get(Job, self.fresh[place])
        # What the database refused is not there, and its number may be another visit's.
        return made if made is not None and _place(made) == place else None

    def identity(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Whose, what and when."""
        if not values.get("on_date"):
            raise Invalid("required", N_("This must be filled in."), field="on_date")
        item = self._item(values)
        stay = _stay(values)
        start, block = (stay.start_time, None) if stay is not None else self._when(item, values)
        return self.clients.of(values).id, item.id, values["on_date"], start, block.id if block else None

    def save(self, record: Job | None, values: Mapping[str, Any], *, actor: Actor) -> Job | Written:
        """Book it, silently; a visit that is here already stays as it is."""
        if record is not None:
            return record
        new = self._new(values)
        (booked,) = many_jobs.book_all([new], actor=actor)
        if isinstance(booked, WorkflowError):
            raise booked
        self.warnings.extend(_clashes(booked.n_clashes))
        return self._noted(booked)

    def add_many(self, several: Sequence[Mapping[str, Any]], *, actor: Actor) -> list[Added | WorkflowError]:
        """Book them, silently; also where they clash: the old program had it so. It is said beside the row."""
        wanted, refused = self.split(several, self._new)
        booked = many_jobs.book_all(wanted, actor=actor)
        added = [x if isinstance(x, WorkflowError) else Added(self._noted(x), _clashes(x.n_clashes)) for x in booked]
        return self.joined(len(several), added, refused)

    def _noted(self, booked: many_jobs.Booked) -> Written:
        own = booked.visit.values
        self.fresh[tuple(own[name] for name in _PLACE)] = booked.visit.id
        return booked.visit

    def _new(self, values: Mapping[str, Any]) -> many_jobs.Booking:
        client, item, day = self.clients.of(values), self._item(values), values["on_date"]
        stay, is_billed = _stay(values), values.get("billed") is True
        is_past = (stay.ends_on if stay is not None else day) < clock.today()
        if is_past and "billed" not in values:
            raise Invalid("billed", N_("Of a past visit “Billed already” must say yes or no."), field="billed")
        if day < clock.today() - (HISTORY if is_billed else OLDEST) or day > clock.today() + OLDEST:
            raise Invalid("far_day", N_("The day is more than two years away."), field="on_date")
        if self.identity(values) in self.coming:
            raise Invalid("in_series", N_("A repeating service of the client makes this visit. Leave it out."), field="on_date")  # fmt: skip
        sitter = self.team.get(str(values["sitter"]).casefold()) if values.get("sitter") else None
        if values.get("sitter") and sitter is None:
            raise Invalid("unknown_sitter", N_("Nobody of the team is called so."), field="sitter")
        start, block = (stay.start_time, None) if stay is not None else self._when(item, values)
        wanted = Wanted(
            item, [day], start_time=start, blocks=[block] if block else [], pets=self._pets(client.id, values), note=str(values.get("note", "")),
        )  # fmt: skip
        price = values.get("price")
        if price is not None:
            check_amount(price, "price")

        def shape(facts: dict[str, Any]) -> None:
            _price(facts, price, is_past=is_past)
            facts["billed_elsewhere"] = is_billed

        return many_jobs.Booking(client, wanted, sitter, is_past, shape, stay)

    def _pets(self, client_id: int, values: Mapping[str, Any]) -> list[Pet]:
        own = self.pets.get(client_id, [])
        if not values.get("pets"):
            return own
        names = [
            n.strip().casefold()
            for n in str(values["pets"]).replace("&", ",").replace(";", ",").split(",")
            if n.strip()
        ]
        chosen = [p for p in own if p.name.casefold() in names]
        if len({p.name.casefold() for p in chosen}) < len(set(names)):
            raise Invalid(
                "unknown_pet", N_("The client has no pet of this name. Bring the pets in first."), field="pets"
            )
        return chosen


def _stay(values: Mapping[str, Any]) -> Stay | None:
    """From when to when, of a row with a last day that is another than its first."""
    first, last = values["on_date"], values.get("ends_on")
    if last is None or last == first:
        return None
    return Stay(first, last, values.get("start_time"), values.get("end_time"))


_PLACE = ("client_id", "service_item_id", "on_date", "start_time", "time_block_id")


def _place(job: Job) -> tuple[Any, ...]:
    return tuple(getattr(job, name) for name in _PLACE)


def _clashes(n: int) -> tuple[str, ...]:
    return (N_("It clashes with something else in the schedule."),) if n else ()


def _price(facts: dict[str, Any], price: Decimal | None, *, is_past: bool) -> None:
    """What the file says it costs; what is behind us was paid to the sitter by the old program."""
    lines = list(facts["price_lines"])
    if price is not None:
        text = N_("Price as it was imported")
        kept = {"of": "price", "code": "imported", "text": text, "values": {}, "amount": str(price)}
        facts["price"], lines = price, [kept, *(x for x in lines if x["of"] != "price")]
    if is_past:
        facts["sitter_pay"], lines = Decimal(0), [x for x in lines if x["of"] != "pay"]
    facts["price_lines"] = lines
