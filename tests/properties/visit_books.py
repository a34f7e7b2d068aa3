"""The books that the machine of `test_visit_life` keeps, and what must hold after each of its steps."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Flask
from hypothesis.stateful import RuleBasedStateMachine, invariant
from sqlalchemy.orm import joinedload

from foundation import clock
from foundation.db import db
from models import (
    Activity,
    ChangeItem,
    ChangeRequest,
    ChangeState,
    CheckKind,
    Client,
    Initiator,
    Job,
    JobRequest,
    JobRequestLine,
    JobState,
    LineState,
    OutboxMail,
    ServiceItem,
    Staff,
    TimeType,
)  # fmt: skip
from tests import cast as cast_
from tests import databases
from tests import factories as make
from tests.conftest import NOW
from workflows import changing, conflicts, jobs, settings
from workflows.errors import WorkflowError
from workflows.mail_facts import MailKind
from workflows.wanted import Wanted

#: the end of a change request, told in one of these ways
END_MAILS = (MailKind.CHANGE_DECIDED, MailKind.CHANGE_WITHDRAWN, MailKind.CHANGE_SUPERSEDED, MailKind.VISIT_CANCELLED)

Chosen = TypeVar("Chosen")


@dataclass(frozen=True)
class Seen:
    """What a sitter must be told of when it is different afterwards."""

    sitter_id: int | None
    place: tuple[object, ...]


class Books(RuleBasedStateMachine):
    """A business with three clients, what must be there, and the comparing of both."""

    def __init__(self, app: Flask, move_to: Callable[[dt.datetime], object]) -> None:
        super().__init__()
        self.move_to = move_to
        move_to(NOW)
        db.session.rollback()
        databases.empty(app)
        settings.forget()
        self.cast = cast_.make_cast()
        carla, dora = make.client("Carla", "Clark", email="carla@example.com"), make.client("Dora", "Dean")
        dora.primary_sitter = self.cast.sita
        self.clients = [self.cast.alice, carla, dora]
        self.pets = {
            c.id: [make.pet(c, "Rex"), make.pet(c, "Tom")] if c is not self.cast.alice else [self.cast.biscuit, self.cast.mochi]
            for c in self.clients
        }  # fmt: skip
        self.half = make.cancellation_rule(
            "Half", initiator=Initiator.CLIENT, charge_percent=Decimal(50), pay_percent=Decimal(50)
        )
        #: the books: every line that was ever sent, every visit that there is, and what each of them costs and pays
        self.lines: dict[int, LineState] = {}
        self.visits: dict[int, JobState] = {}
        self.figures: dict[int, tuple[Decimal, Decimal]] = {}
        self.before_void: dict[int, JobState] = {}
        db.session.commit()
        self.bobs = self._of_bob()

    # --------------------------------------------------------------------------------------------- what must hold

    @invariant()
    def no_line_is_lost_and_each_is_one_thing(self) -> None:
        """Waiting, declined, cancelled, or exactly one visit."""
        rows = db.session.execute(
            sa.select(JobRequestLine.id, JobRequestLine.state, sa.func.count(Job.id))
            .outerjoin(Job, Job.request_line_id == JobRequestLine.id)
            .where(JobRequestLine.client_id.in_([c.id for c in self.clients]), JobRequestLine.state != LineState.DRAFT)
            .group_by(JobRequestLine.id, JobRequestLine.state)
        ).all()
        assert {line_id: state for line_id, state, _n in rows} == self.lines
        assert all(n_visits == (state is LineState.SCHEDULED) for _id, state, n_visits in rows)

    @invariant()
    def every_visit_is_in_its_one_state_with_its_figures_explained(self) -> None:
        found = self._jobs()
        assert {j.id: j.state for j in found} == self.visits
        for job in found:
            off = job.state in {JobState.CANCELLED, JobState.VOIDED}
            assert [x is not None for x in (job.prior_price, job.prior_sitter_pay, job.cancelled_at)] == [off] * 3
            whole = (job.prior_price, job.prior_sitter_pay) if off else (job.price, job.sitter_pay)
            assert whole == sums(job), "the price lines add up to what the visit costs and pays when it takes place"
            assert (job.price, job.sitter_pay) == self.figures[job.id], "each other figure is in the log"

    @invariant()
    def what_was_tapped_is_there_once_in_its_order(self) -> None:
        for job in self._jobs():
            rows = {c.kind: c.at for c in job.checks if c.replaced_at is None}
            assert len(rows) == len(job.checks)
            assert rows.get(CheckKind.IN) == job.checked_in_at
            assert rows.get(CheckKind.OUT) == job.checked_out_at
            if job.checked_out_at is not None:
                assert job.checked_in_at is not None
                assert job.checked_in_at <= job.checked_out_at <= clock.now()
            if job.state in {JobState.SCHEDULED, JobState.CANCELLED}:
                assert job.checked_in_at is None

    @invariant()
    def nothing_waits_about_a_visit_that_is_gone_or_another_one(self) -> None:
        pending = self._waiting()
        for item in pending:
            job = item.job
            assert job is not None
            assert job.state is JobState.SCHEDULED
            assert (item.old["service"], item.old["on_date"]) == (job.service_item.name, job.on_date.isoformat())
        assert len({i.job_id for i in pending}) == len(pending)
        is_pending = ChangeItem.state == ChangeState.PENDING
        open_ = set(db.session.scalars(sa.select(ChangeRequest.id).where(ChangeRequest.is_open)))
        assert open_ == set(db.session.scalars(sa.select(ChangeItem.request_id).where(is_pending)))

    @invariant()
    def nobody_elses_things_are_touched(self) -> None:
        assert self._of_bob() == self.bobs

    # -------------------------------------------------------------------------------------------- doing and looking

    def _do(
        self,
        doing: Callable[[], object],
        *,
        then: dict[int, LineState] | None = None,
        visits: dict[int, JobState] | None = None,
        tells: Sequence[tuple[MailKind, Client]] = (),
        sitters_hear: bool = True,
    ) -> None:
        """One transaction. Done: `then` and `visits` go into the books, and whoever must be told is. Refused: nothing."""
        books = dict(self.lines), dict(self.visits)
        found, waiting = self._jobs(), {i.id: i.request_id for i in self._waiting()}
        before, states, versions = seen(found), dict(self.visits), {j.id: j.version for j in found}
        last_mail, last_log = (db.session.scalar(sa.select(sa.func.max(t.id))) or 0 for t in (OutboxMail, Activity))
        try:
            doing()
        except WorkflowError:
            db.session.rollback()
            self.lines, self.visits = books
            return
        db.session.commit()
        db.session.expire_all()
        self.lines |= then or {}
        self.visits |= visits or {}
        self.before_void |= {i: states[i] for i, s in self.visits.items() if s is JobState.VOIDED and i in states and states[i] is not s}  # fmt: skip
        mails = list(db.session.scalars(sa.select(OutboxMail).where(OutboxMail.id > last_mail)))
        log = list(db.session.scalars(sa.select(Activity).where(Activity.id > last_log).order_by(Activity.id)))
        found = self._jobs()
        assert log or versions == {j.id: j.version for j in found}, "every act stands in the log"
        self._follow_figures({j.id: j for j in found}, log)
        self._check_told(tells, mails)
        self._check_ends_are_told(waiting, mails)
        if sitters_hear:
            check_sitters_hear(before, seen(found), mails, log)

    def _follow_figures(self, found: dict[int, Job], log: Iterable[Activity]) -> None:
        """New visits cost what their price lines say; from then on each log line goes on from the one before."""
        self.figures = {i: f for i, f in self.figures.items() if i in found}
        self.figures |= {i: sums(j) for i, j in found.items() if i not in self.figures}
        for line in log:
            pairs = line.facts.get("changes") or line.facts.get("figures")
            if line.subject_type != "job" or not pairs or line.subject_id not in found:
                continue
            price, pay = self.figures[line.subject_id]
            for name, figure in (("price", price), ("sitter_pay", pay)):
                assert name not in pairs or Decimal(pairs[name][0]) == figure, "a line goes on from the one before"
            self.figures[line.subject_id] = (
                Decimal(pairs["price"][1]) if "price" in pairs else price,
                Decimal(pairs["sitter_pay"][1]) if "sitter_pay" in pairs else pay,
            )

    def _check_told(self, tells: Sequence[tuple[MailKind, Client]], mails: Sequence[OutboxMail]) -> None:
        has_inbox = bool(settings.read()["business.admin_inbox"])
        for kind, client in tells:
            told = [m for m in mails if m.kind == kind.value and m.client_id == client.id]
            copied = has_inbox and any(m.kind == kind.value for m in mails)
            assert told or copied or not client.email, f"{client} is told: {kind}"

    def _check_ends_are_told(self, waiting: dict[int, int], mails: Sequence[OutboxMail]) -> None:
        ended = {waiting[i] for i in set(waiting) - {i.id for i in self._waiting()}}
        for request in db.session.scalars(sa.select(ChangeRequest).where(ChangeRequest.id.in_(ended))):
            kinds = {m.kind for m in mails if m.client_id == request.client_id}
            assert request.is_open or not request.client.email or kinds & {k.value for k in END_MAILS}

    def _jobs(self) -> list[Job]:
        ids = [c.id for c in self.clients]
        return list(db.session.scalars(sa.select(Job).where(Job.client_id.in_(ids)).order_by(Job.id)))

    def _has_past(self) -> bool:
        return JobState.COMPLETED in self.visits.values() or bool(self._past())

    def _in_state(self, state: JobState) -> list[Job]:
        return [j for j in self._jobs() if j.state is state]

    def _ahead(self) -> list[Job]:
        return [j for j in self._in_state(JobState.SCHEDULED) if j.ends_on >= clock.today()] or self._jobs()

    def _past(self) -> list[Job]:
        return [j for j in self._in_state(JobState.SCHEDULED) if j.ends_on < clock.today()]

    def _free(self) -> list[Job]:
        """Visits that a client can ask about; else any, so that refusals are tried too."""
        asked = {i.job_id for i in self._waiting()}
        return [j for j in self._ahead() if j.id not in asked] or self._jobs()

    def _lines(self, state: LineState) -> list[JobRequestLine]:
        mine = JobRequestLine.client_id.in_([c.id for c in self.clients])
        wanted = sa.select(JobRequestLine).where(mine, JobRequestLine.state == state).order_by(JobRequestLine.id)
        return list(db.session.scalars(wanted))

    @staticmethod
    def _waiting() -> list[ChangeItem]:
        pending = sa.select(ChangeItem).where(ChangeItem.state == ChangeState.PENDING).order_by(ChangeItem.id)
        return list(db.session.scalars(pending.options(joinedload(ChangeItem.request), joinedload(ChangeItem.job))))

    @staticmethod
    def _pick(rows: Sequence[Chosen], which: int) -> Chosen | None:
        return rows[which % len(rows)] if rows else None

    def _of_one_client(self, rows: Sequence[Any], which: Iterable[int]) -> list[Any]:
        """One to three of the rows, all of the client whose row comes first."""
        found = [rows[n % len(rows)] for n in which] if rows else []
        owner = lambda row: row.request.client_id if isinstance(row, ChangeItem) else row.client_id  # noqa: E731
        return list(dict.fromkeys(r for r in found if owner(r) == owner(found[0])))

    def _sitter(self, which: int) -> Staff | None:
        return (self.cast.sam, self.cast.sita, None)[which]

    def _item(self, which: int) -> ServiceItem:
        return (self.cast.walk, self.cast.cat_visit, self.cast.overnight)[which]

    def _wanted(self, client: Client, item: int, dates: Sequence[dt.date], hour: int, *, both: bool = False) -> Wanted:
        chosen, pets = self._item(item), self.pets[client.id][: 2 if both else 1]
        blocks = (
            [self.cast.morning if hour < 12 else self.cast.evening] if chosen.time_type is TimeType.TIME_BLOCK else []
        )
        start = dt.time(hour) if chosen.time_type is TimeType.STANDARD else None
        return Wanted(chosen, dates, start, blocks, pets)

    def _stay(self, item: ServiceItem, day: dt.date, hour: int) -> jobs.Stay | None:
        """Overnights that are booked from noon on are stays of two nights; those of the evening have times."""
        if item.time_type is not TimeType.ALL_DAY or hour < 12:
            return None
        times = (dt.time(hour), dt.time(9)) if hour > 12 else (None, None)
        return jobs.Stay(day, day + dt.timedelta(days=2), *times)

    def _change(self, job: Job, days: int, hour: int, item: int, sitter: int, *, both: bool = False) -> changing.Change:
        day = clock.today() + dt.timedelta(days=days)
        wanted = self._wanted(job.client, item, [day], hour, both=both)
        block = wanted.blocks[0] if wanted.blocks else None
        return changing.Change(wanted.item, day, wanted.start_time, block, self._sitter(sitter), wanted.pets)

    def _of_bob(self) -> list[object]:
        """Bob's request, basket and visit: nobody touches them."""
        bob = self.cast.bob.id
        tables = (Job, JobRequest, JobRequestLine)
        return [
            tuple(row)
            for table in tables
            for row in db.session.execute(sa.select(table.__table__).where(table.client_id == bob).order_by(table.id))
        ]


def seen(jobs_: Iterable[Job]) -> dict[int, Seen]:
    """The visits that are to take place, as their sitters know them."""
    return {
        j.id: Seen(j.sitter_id, (j.on_date, j.ends_on, j.start_time, j.time_block_id, j.service_item_id))
        for j in jobs_
        if j.state is JobState.SCHEDULED
    }


def check_sitters_hear(
    before: dict[int, Seen], after: dict[int, Seen], mails: Sequence[OutboxMail], log: Sequence[Activity]
) -> None:
    """Whoever lost, got or keeps a changed visit is mailed at once, or told in the evening."""
    concerned: set[int | None] = set()
    for job_id in before.keys() | after.keys():
        old, new = before.get(job_id), after.get(job_id)
        if old != new:
            concerned |= {x.sitter_id for x in (old, new) if x is not None}
    told = {m.staff_id for m in mails} | {i for line in log for i in line.facts.get("evening") or ()}
    assert concerned - {None} <= told, "a sitter hears of it, at once or in the evening"


def spans(placed: Iterable[Job | JobRequestLine]) -> list[str]:
    """From when to when visits and requested visits are; none here runs over midnight but stays."""
    return sorted(f"{x.on_date}, {x.start_time}, {x.ends_on or x.on_date}, {x.end_time}" for x in placed)


def insist(doing: Callable[[Iterable[str]], object]) -> object:
    """Do it; where there are conflicts, do it anyway."""
    try:
        return doing(())
    except conflicts.ConflictsFound as found:
        db.session.rollback()
        return doing(conflicts.tokens(found.clashes))


def sums(job: Job) -> tuple[Decimal, Decimal]:
    """What the visit's price lines add up to: price and pay."""
    lines = [(x["of"], Decimal(x["amount"])) for x in job.price_lines]
    price, pay = (sum((n for of, n in lines if of == what), Decimal(0)) for what in ("price", "pay"))
    return price, pay
