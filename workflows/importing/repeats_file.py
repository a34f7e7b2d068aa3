"""Files of repeating services: each row a weekly pattern of a client. Their visits are made by the nightly run, or when
the office has them made; so the visits of a series are not to be brought in as visits besides."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from foundation import clock
from foundation.db import db
from models import Client, ImportKind, Job, JobState, Repeat
from workflows import repeats
from workflows.actors import Actor
from workflows.errors import N_, Invalid, WorkflowError
from workflows.importing.kind import CLIENT_FIELDS, Added, Field, Row, client_key
from workflows.importing.values import date, time, weekdays, whole, words
from workflows.importing.visits import VisitKind
from workflows.permissions import Permission
from workflows.repeat_patterns import Pattern, PatternTime, occurrences

_SAME = ("service", "weekdays", "start_time", "time_block", "every_weeks", "starts_on")


class RepeatKind(VisitKind):
    """A row is a series: client, service, pets and sitter are found as those of a visit are."""

    kind = ImportKind.REPEATS
    permission = Permission.SCHEDULE
    model = Repeat  # type: ignore[assignment]
    one_of = (("client_id", "client_account", "client_email", "client_name"),)
    goes_along = frozenset({"repeat_time", "repeat_pet"})
    hint = N_("Clients, pets and services must be here. The visits are made by the next nightly run, or from the page of repeating services; do not bring them in as visits besides.")  # fmt: skip
    fields = (  # type: ignore[assignment]
        Field("foreign_id", N_("Number in the old program"), words(200), "701", aliases=("series id", "recurrence id", "id", "booking id", "schedule id")),
        *CLIENT_FIELDS,
        Field("service", N_("Service"), words(120), "Dog walk 30 minutes", N_("Its name or code."), required=True, aliases=("service name", "service type", "job type", "visit type")),
        Field("weekdays", N_("Weekdays"), weekdays, "Mon, Wed, Fri", N_("“Mon, Wed” or “Mon to Fri” or “daily”."), required=True, aliases=("days", "day", "weekday", "day of week", "days of week", "repeat on", "repeats on")),
        Field("start_time", N_("Time"), time, "12:00", aliases=("start time", "time", "start", "visit time")),
        Field("time_block", N_("Time block"), words(120), "", aliases=("block", "time window", "window", "slot")),
        Field("every_weeks", N_("Every so many weeks"), whole, "1", aliases=("frequency", "interval", "every", "repeat every", "weeks")),
        Field("starts_on", N_("First day"), date, "2026-12-01", required=True, aliases=("start date", "from", "from date", "begins", "first visit", "starts")),
        Field("ends_on", N_("Last day"), date, "", N_("For good without it."), aliases=("end date", "to", "until", "to date", "ends", "last visit")),
        Field("pets", N_("Pets"), words(500), "Biscuit", N_("Names with a comma between them; all of the client's without."), aliases=("pet", "pet names", "animals", "pet name")),
        Field("sitter", N_("Sitter"), words(240), "", N_("Name or mail address of one of the team."), aliases=("staff", "staff member", "assigned to", "walker", "sitter name", "employee")),
        Field("note", N_("Note"), words(5000), "", aliases=("notes", "visit notes", "instructions", "comments")),
    )  # fmt: skip

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.series: dict[tuple[Any, ...], Repeat] = {}
        #: {(client, service): (day, time, block) of visits to come that no series has made}
        self.singles: dict[tuple[int, int], list[tuple[dt.date, dt.time | None, int | None]]] = defaultdict(list)

    def prepare(self, rows: Sequence[Row]) -> None:
        """What visits speak of, and the clients' series."""
        super().prepare(rows)
        if not self.clients.ids():
            return
        wanted = sa.select(Repeat).where(Repeat.client_id.in_(self.clients.ids()), Repeat.is_active)
        for one in db.session.scalars(wanted.options(selectinload(Repeat.times)).order_by(Repeat.id.desc())):
            self.series[_same(one)] = one
        own = (Job.client_id, Job.service_item_id, Job.on_date, Job.start_time, Job.time_block_id)
        to_come = sa.select(*own).where(
            Job.client_id.in_(self.clients.ids()), Job.on_date >= clock.today(), Job.repeat_id.is_(None),
            Job.state == JobState.SCHEDULED,
        )  # fmt: skip
        for client_id, item_id, day, start, block_id in db.session.execute(to_come):
            self.singles[client_id, item_id].append((day, start, block_id))

    def key(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Whose, what, when."""
        return (*client_key(values), *(values.get(n, "") for n in _SAME))

    def about(self, values: Mapping[str, Any]) -> str:
        """The service and the client."""
        said = next((str(values[f.name]) for f in reversed(CLIENT_FIELDS) if values.get(f.name)), "")
        return ", ".join(str(x) for x in (values.get("service"), said) if x)

    def find(self, values: Mapping[str, Any]) -> Repeat | None:  # type: ignore[override]
        """The client's series of that service on those days at that time."""
        self.require(values)
        return self.series.get(self.identity(values))

    def identity(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Whose, what, on which days at which time, from when on."""
        item = self._item(values)
        start, block = self._when(item, values)
        times = frozenset((day, start, block.id if block else None) for day in values["weekdays"])
        return self.clients.of(values).id, item.id, values["starts_on"], values.get("every_weeks", 1), times

    def save(self, record: Repeat | None, values: Mapping[str, Any], *, actor: Actor) -> Repeat:  # type: ignore[override]
        """Write it down without visits; a series that is here already stays as it is."""
        if record is not None:
            return record
        client, pattern = self._pattern(values)
        made = repeats.write_down(client, pattern, actor=actor)
        self.series[_same(made)] = made
        self.warnings.extend(self._doubled(made))
        return made

    def add_many(self, several: Sequence[Mapping[str, Any]], *, actor: Actor) -> list[Added | WorkflowError]:
        """By the rules of `repeats`."""
        wanted, refused = self.split(several, self._pattern)
        made = repeats.write_down_all(wanted, actor=actor)
        self.series.update({_same(x): x for x in made if isinstance(x, Repeat)})
        added = [x if isinstance(x, WorkflowError) else Added(x, self._doubled(x)) for x in made]
        return self.joined(len(several), added, refused)

    def _pattern(self, values: Mapping[str, Any]) -> tuple[Client, Pattern]:
        client, item = self.clients.of(values), self._item(values)
        start, block = self._when(item, values)
        sitter = self.team.get(str(values["sitter"]).casefold()) if values.get("sitter") else None
        if values.get("sitter") and sitter is None:
            raise Invalid("unknown_sitter", N_("Nobody of the team is called so."), field="sitter")
        pattern = Pattern(
            item, [PatternTime(day, start, block) for day in values["weekdays"]], values["starts_on"], values.get("ends_on"),
            every_weeks=values.get("every_weeks", 1), sitter=sitter, pets=self._pets(client.id, values), note=str(values.get("note", "")),
        )  # fmt: skip
        return client, pattern

    def _doubled(self, made: Repeat) -> tuple[str, ...]:
        """A warning when visits that are no series' stand where the series will make its own."""
        for day, start, block_id in self.singles.get((made.client_id, made.service_item_id), ()):
            if any(
                (x.start_time, x.block.id if x.block else None) == (start, block_id)
                for x in occurrences(made, day, day, pauses=False)
            ):
                return (N_("Visits at these times are booked already. The series will make them a second time: cancel the booked ones."),)  # fmt: skip
        return ()


def _same(one: Repeat) -> tuple[Any, ...]:
    times = frozenset((t.weekday, t.start_time, t.time_block_id) for t in one.times)
    return one.client_id, one.service_item_id, one.starts_on, one.every_weeks, times
