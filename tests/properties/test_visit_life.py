"""The life of visits in any order: asked for, scheduled, changed, called off, taken back, while the clock moves on.

A machine does what clients and the office do, for three clients, three services and two sitters. It keeps its own
books of what must be there, and after each step compares them with the database.
"""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

import sqlalchemy as sa
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from foundation import clock
from foundation.db import db
from models import CancellationRule, Client, JobState, LineState, PriceRule
from tests import factories as make
from tests.properties.visit_books import Books, insist, spans
from workflows import (
    back_to_request,
    baskets,
    cancellation,
    cancelling,
    change_asking,
    change_deciding,
    change_requests,
    changing,
    job_requests,
    jobs,
    sending,
    settings,
    visit_checks,
    visits,
)  # fmt: skip
from workflows.actors import WORKER, client_actor, staff_actor
from workflows.change_preview import Wish
from workflows.mail_facts import MailKind

#: an example fills and empties tables, so fewer of them
FEWER = effort(max_examples=max(effort.default.max_examples // 8, 6), stateful_step_count=25)

WHO, WHICH = st.integers(0, 2), st.integers(0, 9)
FEW = st.lists(WHICH, min_size=1, max_size=3, unique=True)
DAYS = st.integers(0, 9)
HOURS = st.sampled_from([8, 12, 12, 17])


def has_room(life: "Life") -> bool:
    """More of the same teaches nothing."""
    return len(life.visits) + list(life.lines.values()).count(LineState.SUBMITTED) < 8


class Life(Books):
    """Clients, the office and the worker; each rule is one transaction of one of them, or refused and nothing."""

    @initialize(counts=st.booleans(), at_once=st.booleans(), admin=st.booleans())
    def the_business_is_set_up(self, counts: bool, at_once: bool, admin: bool) -> None:
        """With a fee for a moved date or without; cancellations approved by a person or not; an admin inbox or none."""
        values = {"changes.count_as_cancel": counts, "changes.auto_approve": at_once, "changes.future_only": False}
        settings.change(
            {**values, "business.admin_inbox": "office@example.com" if admin else ""}, actor=self.cast.as_olivia
        )
        db.session.commit()
        self._book(0, 0, 3, 12, 0)
        self._book(2, 2, 1, 8, 1)
        self._book(1, 2, 6, 17, 1)
        for who in (0, 1):
            self._request(who, who, 2, 8, several=True)
        self._schedule([0, 1], alone=False)
        self._ask_to_cancel([0])
        self._ask_to_change(2, 5, 17, 0, both=True)

    # Few rules with many ways, for a run of the machine leaves some rules out.

    @precondition(has_room)
    @rule(who=WHO, item=WHO, days=DAYS, hour=HOURS, sitter=WHO, by_phone=st.booleans(), several=st.booleans())
    def more(self, who: int, item: int, days: int, hour: int, sitter: int, by_phone: bool, several: bool) -> None:
        if by_phone:
            self._book(who, item, days, hour, sitter)
        else:
            self._request(who, item, days, hour, several=several)

    @precondition(lambda self: LineState.SUBMITTED in self.lines.values())
    @rule(
        how=st.sampled_from(["schedule", "schedule", "schedule", "decline", "cancel"]), which=FEW, alone=st.booleans()
    )
    def answer_a_request(self, how: str, which: list[int], alone: bool) -> None:
        if how == "schedule":
            self._schedule(which, alone=alone)
        else:
            (self._decline if how == "decline" else self._cancel_the_request)(which[0])

    @precondition(lambda self: JobState.SCHEDULED in self.visits.values())
    @rule(off=st.booleans(), which=FEW, days=DAYS, hour=HOURS, item=WHO, both=st.booleans())
    def ask(self, off: bool, which: list[int], days: int, hour: int, item: int, both: bool) -> None:
        if off:
            self._ask_to_cancel(which)
        else:
            self._ask_to_change(which[0], days, hour, item, both=both)

    @precondition(lambda self: bool(self._waiting()))
    @rule(
        how=st.sampled_from(["as asked", "as asked", "edited", "fee", "deny", "withdraw"]),
        which=FEW,
        hour=HOURS,
        sitter=WHO,
    )
    def answer_what_waits(self, how: str, which: list[int], hour: int, sitter: int) -> None:
        if how in {"deny", "withdraw"}:
            (self._deny if how == "deny" else self._withdraw)(which)
        else:
            self._approve(which, edited=how == "edited", other=how == "fee", hour=hour, sitter=sitter)

    @precondition(lambda self: JobState.VOIDED in self.visits.values() or self._has_past())
    @rule(which=FEW, back=st.booleans())
    def void_or_back(self, which: list[int], back: bool) -> None:
        if back:
            self._unvoid(which[0])
        else:
            self._void(which)

    # ------------------------------------------------------------------------------------------------- the sitters

    @precondition(lambda self: JobState.SCHEDULED in self.visits.values())
    @rule(
        which=WHICH,
        how=st.sampled_from(["in", "in", "out", "done", "read"]),
        early=st.booleans(),
        off=st.integers(-3, 3),
    )
    def tap(self, which: int, how: str, early: bool, off: int) -> None:
        """Sitters tap in any order, at their visit's time or too early, on phones whose clocks are off by hours."""
        begun = [j for j in self._jobs() if j.sitter_id and j.state in {JobState.SCHEDULED, JobState.IN_PROGRESS}]
        job = self._pick(begun, which)
        if job is None:
            return
        opens = visit_checks.opens_at(job)
        if not early and clock.now() < opens:
            self.move_to(opens)
        actor, at, place = staff_actor(job.sitter), clock.now() + dt.timedelta(hours=off), visit_checks.Place()
        doing = {
            "in": lambda: visits.check_in(job, actor=actor, place=place, at=at),
            "out": lambda: visits.check_out(job, actor=actor, place=place, at=at),
            "done": lambda: visits.complete(job, actor=actor),
            "read": lambda: visits.acknowledge(job, actor=actor),
        }[how]
        states = {
            "in": JobState.IN_PROGRESS if job.state is JobState.SCHEDULED else job.state,
            "out": JobState.COMPLETED,
            "done": JobState.COMPLETED,
            "read": job.state,
        }
        self._do(doing, visits={job.id: states[how]}, sitters_hear=False)

    # ------------------------------------------------------------------------------------------------ the clients

    def _request(self, who: int, item: int, days: int, hour: int, *, several: bool, both: bool = False) -> None:
        client = self.clients[who]
        dates = [clock.today() + dt.timedelta(days=days + n) for n in range(2 if several else 1)]
        wanted = self._wanted(client, item, dates, hour, both=both)

        def send() -> None:
            baskets.add(client, wanted, actor=client_actor(client))
            sent = sending.submit(client, actor=client_actor(client))
            self.lines |= {line.id: LineState.SUBMITTED for line in sent.lines}

        self._do(send, tells=[(MailKind.REQUEST_RECEIVED, client)])

    def _cancel_the_request(self, which: int) -> None:
        if line := self._pick(self._lines(LineState.SUBMITTED), which):
            client = line.client
            doing = lambda: job_requests.cancel_lines(client, [line], actor=client_actor(client))  # noqa: E731
            self._do(doing, then={line.id: LineState.CANCELLED}, tells=[(MailKind.REQUEST_CANCELLED, client)])  # fmt: skip

    def _ask_to_cancel(self, which: list[int]) -> None:
        found = self._of_one_client(self._free(), which)
        if not found:
            return
        client, actor = found[0].client, client_actor(found[0].client)
        at_once = change_requests.auto_approves()
        kind = MailKind.VISIT_CANCELLED_BY_CLIENT if at_once else MailKind.CANCELLATION_REQUESTED
        self._do(lambda: change_asking.ask_to_cancel(client, found, actor=actor), tells=[(kind, client)],
            visits={j.id: JobState.CANCELLED for j in found} if at_once else {},
        )  # fmt: skip

    def _ask_to_change(self, which: int, days: int, hour: int, item: int, *, both: bool) -> None:
        job = self._pick(self._free(), which)
        if job is None:
            return
        client, day = job.client, clock.today() + dt.timedelta(days=days)
        wanted = self._wanted(client, item, [day], hour, both=both)
        block = wanted.blocks[0] if wanted.blocks else None
        wish = Wish(wanted.item, day, wanted.start_time, block, wanted.pets)
        self._do(lambda: change_asking.ask_to_change(client, job, wish, actor=client_actor(client)),
            tells=[(MailKind.CHANGE_REQUESTED, client)],
        )  # fmt: skip

    def _withdraw(self, which: list[int]) -> None:
        found = self._of_one_client(self._waiting(), which)
        if found:
            client = found[0].request.client
            self._do(lambda: change_requests.withdraw(found, actor=client_actor(client)),
                tells=[(MailKind.CHANGE_WITHDRAWN, client)],
            )  # fmt: skip

    # ------------------------------------------------------------------------------------------------- the office

    def _schedule(self, which: list[int], *, alone: bool) -> None:
        found = self._of_one_client(self._lines(LineState.SUBMITTED), which)
        if not found:
            return
        client, actor = found[0].client, self.cast.as_olivia

        def do(accept: Iterable[str]) -> None:
            if alone or client.primary_sitter is None:
                job_requests.choose_sitters(client, {x.id: (None, True) for x in found}, actor=actor)
            made = job_requests.schedule(client, found, actor=actor, accept=accept)
            assert spans(made) == spans(found), "a visit is when it was asked for, a stay as long"
            self.visits |= {job.id: JobState.SCHEDULED for job in made}

        self._do(lambda: insist(do), then={x.id: LineState.SCHEDULED for x in found},
            tells=[(MailKind.JOB_SCHEDULED, client)],
        )  # fmt: skip

    def _decline(self, which: int) -> None:
        if line := self._pick(self._lines(LineState.SUBMITTED), which):
            client = line.client
            doing = lambda: job_requests.decline(client, [line], reason="We are full", actor=self.cast.as_olivia)  # noqa: E731
            self._do(doing, then={line.id: LineState.DECLINED}, tells=[(MailKind.REQUEST_DECLINED, client)])

    def _book(self, who: int, item: int, days: int, hour: int, sitter: int) -> None:
        client = self.clients[who]
        wanted = self._wanted(client, item, [clock.today() + dt.timedelta(days=days)], hour)
        stay = self._stay(wanted.item, wanted.dates[0], hour)

        def do(accept: Iterable[str]) -> None:
            made = jobs.book(
                client, wanted, sitter=self._sitter(sitter), actor=self.cast.as_olivia, stay=stay, accept=accept
            )
            self.visits |= {job.id: JobState.SCHEDULED for job in made}

        self._do(lambda: insist(do), tells=[(MailKind.VISITS_BOOKED, client)])

    @precondition(lambda self: JobState.SCHEDULED in self.visits.values())
    @rule(which=WHICH, days=DAYS, hour=HOURS, item=WHO, sitter=WHO, both=st.booleans())
    def edit(self, which: int, days: int, hour: int, item: int, sitter: int, both: bool) -> None:
        job = self._pick(self._ahead(), which)
        if job is None:
            return
        wanted = self._change(job, days, hour, item, sitter, both=both)
        self._do(
            lambda: insist(lambda accept: changing.change(job, wanted, actor=self.cast.as_olivia, accept=accept)),
        )

    @precondition(lambda self: JobState.SCHEDULED in self.visits.values())
    @rule(which=FEW, waive=st.booleans(), mail=st.booleans())
    def cancel(self, which: list[int], waive: bool, mail: bool) -> None:
        found = self._of_one_client(self._ahead(), which)
        if not found:
            return
        client = found[0].client
        given = {j.id: cancellation.FREE for j in found} if waive else None
        self._do(
            lambda: cancelling.cancel(
                found, actor=self.cast.as_olivia, reason="Snow", mail_client=mail, outcomes=given, fee_reason="Snow"
            ),
            visits={j.id: JobState.CANCELLED for j in found},
            tells=[(MailKind.VISIT_CANCELLED, client)] if mail else [],
        )

    @precondition(lambda self: JobState.CANCELLED in self.visits.values())
    @rule(which=WHICH, alone=st.booleans())
    def reinstate(self, which: int, alone: bool) -> None:
        if job := self._pick(self._in_state(JobState.CANCELLED), which):
            doing = lambda accept: cancelling.reinstate(  # noqa: E731
                job, actor=self.cast.as_olivia, accept=accept, leave_unassigned=alone, mail_client=True
            )
            self._do(lambda: insist(doing), visits={job.id: JobState.SCHEDULED},
                tells=[(MailKind.VISIT_REINSTATED, job.client)],
            )  # fmt: skip

    def _approve(self, which: list[int], *, edited: bool, other: bool, hour: int, sitter: int) -> None:
        """As asked, as edited, or with another fee than the policy's."""
        found = self._of_one_client(self._waiting(), which[:1] if edited else which)
        if not found:
            return
        changes = [i for i in found if i.new_service_item is not None]
        wanted = None
        if edited and changes and found[0].job is not None:
            days = max((found[0].new_on_date - clock.today()).days, 0) + 1
            wanted = self._change(found[0].job, days, hour, 0, sitter)
        decisions = {
            i.id: change_deciding.FeeDecision(Decimal(1), Decimal(1), "A long-standing client") for i in found if other
        }
        now = clock.now()
        gone = {
            i.job_id: JobState.CANCELLED for i in found if i not in changes and not change_requests.why_over(i, now)
        }
        self._do(
            lambda: insist(
                lambda accept: change_deciding.approve(
                    found, actor=self.cast.as_olivia, edited=wanted, fees=decisions, accept=accept
                )
            ),
            visits=gone,
        )

    def _deny(self, which: list[int]) -> None:
        if found := self._of_one_client(self._waiting(), which):
            self._do(lambda: change_deciding.deny(found, actor=self.cast.as_olivia, note="We are full"))

    @precondition(lambda self: JobState.SCHEDULED in self.visits.values())
    @rule(which=FEW, keep=st.booleans(), message=st.booleans())
    def back_to_request(self, which: list[int], keep: bool, message: bool) -> None:
        found = self._of_one_client(self._ahead(), which)
        if not found:
            return
        client, ids, before = found[0].client, [j.id for j in found], spans(found)

        def do() -> None:
            text = "Is the gate open?" if message else ""
            back = back_to_request.back_to_request(found, actor=self.cast.as_olivia, message=text, keep_sitter=keep)
            assert spans(back) == before, "the lines are what the visits were, a stay as long"
            self.lines |= {line.id: LineState.SUBMITTED for line in back}
            for job_id in ids:
                del self.visits[job_id]

        self._do(do, tells=[(MailKind.REQUEST_MESSAGE, client)] if message else [])

    def _void(self, which: list[int]) -> None:
        found = self._of_one_client([*self._in_state(JobState.COMPLETED), *self._past()], which)
        if found:
            doing = lambda: cancelling.void(found, actor=self.cast.as_olivia, reason="Nobody was there")  # noqa: E731
            self._do(doing, visits={j.id: JobState.VOIDED for j in found}, sitters_hear=False)

    def _unvoid(self, which: int) -> None:
        if job := self._pick(self._in_state(JobState.VOIDED), which):
            was = self.before_void[job.id]
            doing = lambda: cancelling.unvoid([job], actor=self.cast.as_olivia)  # noqa: E731
            self._do(doing, visits={job.id: was}, sitters_hear=False)

    @rule(percent=st.sampled_from([0, 50, 100]))
    def another_policy(self, percent: int) -> None:
        rule_ = db.session.get(CancellationRule, self.half.id)
        rule_.charge_percent = rule_.pay_percent = Decimal(percent)
        db.session.commit()

    @rule(amount=st.sampled_from([20, 24, 35]))
    def another_price(self, amount: int) -> None:
        """A rule of the price list, which visits that are priced already do not follow by themselves."""
        db.session.execute(sa.delete(PriceRule))
        if amount != 20:
            make.price_rule("Season", amount=Decimal(amount))
        db.session.commit()

    # ----------------------------------------------------------------------------------------------- time goes by

    @rule(hours=st.sampled_from([5, 26, 26, 50, 100]), done=st.booleans())
    def time_goes_by(self, hours: int, done: bool) -> None:
        """The worker looks at once what has begun meanwhile; and sitters do their visits, or forget to say so."""
        self.move_to(clock.now() + dt.timedelta(hours=hours))
        for client_id in change_requests.expire_due():
            client = db.session.get(Client, client_id)
            self._do(lambda client=client: change_requests.expire(client, actor=WORKER))
        if done:
            for job in [j for j in self._past() if j.sitter_id]:
                job.state = self.visits[job.id] = JobState.COMPLETED
        db.session.commit()


def test_no_visit_is_lost_doubled_or_unexplained(sqlite_app, clock_at):
    with sqlite_app.app_context():
        run_state_machine_as_test(lambda: Life(sqlite_app, clock_at), settings=FEWER)
        db.session.rollback()
