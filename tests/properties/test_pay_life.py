"""Pay in any order: visits done, called off, void, back; tips given, shared otherwise, taken back; runs made and undone.

After each step the lines of all runs and what is due next are together what everything is worth now, sitter by sitter.
"""

from collections import defaultdict
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from foundation.db import db
from models import (
    Job,
    JobState,
    PayLine,
    PayLineKind,
    Payment,
    PaymentKind,
    PaymentState,
    PayRun,
    PayStatement,
    TipShare,
)
from tests import factories as make
from tests.cast import make_cast
from tests.databases import empty
from tests.workflows.pay.earned import SUNDAY, TODAY, run
from workflows import cancelling
from workflows.billing import recording, tips
from workflows.errors import WorkflowError
from workflows.pay import due, extras, figures, previews, runs

D = Decimal
#: an example fills and empties tables, so fewer of them
FEWER = effort(max_examples=max(effort.default.max_examples // 3, 8))
WHICH = st.integers(0, 4)
STEP = st.tuples(
    st.sampled_from([
        "new", "new", "complete", "complete", "void", "unvoid", "cancel", "reinstate", "pay", "tip", "share", "untip",
        "extra", "change", "remove", "run", "run", "run some", "undo", "paid",
    ]),
    WHICH,
    st.integers(0, 3),
)  # fmt: skip


class Office:
    """Does one step, or is refused and does nothing."""

    def __init__(self) -> None:
        self.cast = make_cast()
        self.sitters = [self.cast.sam, self.cast.sita]
        db.session.commit()

    def step(self, what: str, which: int, more: int) -> None:
        try:
            getattr(self, f"_{what.replace(' ', '_')}")(which, more)
            db.session.commit()
        except WorkflowError:
            db.session.rollback()

    def _pick(self, kind, which, *where):
        found = db.session.scalars(sa.select(kind).where(*where).order_by(kind.id)).all()
        return found[which % len(found)] if found else None

    def _job(self, which, state):
        return self._pick(Job, which, Job.state == state, Job.client_id == self.cast.alice.id)

    def _new(self, which, more):
        make.job(
            self.cast.alice, self.cast.walk, sitter=self.sitters[which % 2], on_date=TODAY if more % 2 else SUNDAY,
            sitter_pay=D(more), state=JobState.COMPLETED if more == 3 else JobState.SCHEDULED,
        )  # fmt: skip

    def _complete(self, which, _more):
        job = self._job(which, JobState.SCHEDULED)
        if job is not None:
            job.state = JobState.COMPLETED

    def _void(self, which, _more):
        job = self._job(which, JobState.COMPLETED)
        if job is not None:
            cancelling.void([job], reason="Nobody there", actor=self.cast.as_olivia)

    def _unvoid(self, which, _more):
        job = self._job(which, JobState.VOIDED)
        if job is not None:
            cancelling.unvoid([job], actor=self.cast.as_olivia)

    def _cancel(self, which, more):
        job = self._job(which, JobState.SCHEDULED)
        if job is not None:
            cancelling.cancel([job], actor=self.cast.as_olivia)
            job.sitter_pay = D(more)

    def _reinstate(self, which, more):
        job = self._job(which, JobState.CANCELLED)
        if job is not None:
            cancelling.reinstate(job, actor=self.cast.as_olivia, sitter=self.sitters[more % 2])

    def _pay(self, which, more):
        job = self._job(which, JobState.COMPLETED)
        if job is not None:
            figures.set_pay(job, D(more), reason="Asked", actor=self.cast.as_olivia)

    def _tip(self, which, more):
        payment = recording.record_payment(
            self.cast.alice, kind=PaymentKind.CASH, amount=D(20), tip=D(4 + more), received_on=TODAY,
            actor=self.cast.as_olivia,
        )  # fmt: skip
        tips.decide(payment, {self.sitters[which % 2].id: payment.tip_amount}, actor=self.cast.as_olivia)

    def _payment(self, which):
        return self._pick(Payment, which, Payment.state == PaymentState.RECEIVED, Payment.tip_amount > 0)

    def _share(self, which, more):
        payment = self._payment(which)
        if payment is not None:
            wanted = {self.sitters[0].id: D(more), self.sitters[1].id: payment.tip_amount - more}
            tips.decide(payment, wanted, actor=self.cast.as_olivia)

    def _untip(self, which, _more):
        payment = self._payment(which)
        if payment is not None:
            recording.void_payment(payment, reason="Typed twice", actor=self.cast.as_olivia)

    def _extra(self, which, more):
        sitter = self.sitters[which % 2]
        extras.add(sitter, on_date=TODAY, text="Bus", amount=D(more - 2), actor=self.cast.as_olivia)

    def _line(self, which):
        return self._pick(PayLine, which, PayLine.kind == PayLineKind.EXTRA, PayLine.released_at.is_(None))

    def _change(self, which, more):
        if (line := self._line(which)) is not None:
            extras.change(line, on_date=TODAY, text="Taxi", amount=D(more), actor=self.cast.as_olivia)

    def _remove(self, which, _more):
        if (line := self._line(which)) is not None:
            extras.remove(line, actor=self.cast.as_olivia)

    def _run(self, _which, _more):
        run(self.cast.as_olivia)

    def _run_some(self, which, more):
        run(self.cast.as_olivia, TODAY if more else SUNDAY, staff=[self.sitters[which % 2]])

    def _undo(self, _which, _more):
        if (newest := runs.newest()) is not None:
            runs.undo(newest, reason="Wrong", actor=self.cast.as_olivia)

    def _paid(self, which, _more):
        if (statement := self._pick(PayStatement, which)) is not None:
            runs.mark_paid(statement, TODAY, actor=self.cast.as_olivia)

    # ------------------------------------------------------------------------------------------------ what must hold

    def check(self) -> None:
        """Paid and due together are what all is worth; statements are their lines; numbers have no gap."""
        db.session.expire_all()
        together: dict[int, Decimal] = defaultdict(Decimal)
        for line in db.session.scalars(sa.select(PayLine).where(due.counts())):
            together[line.staff_id] += line.amount
        for sitter in previews.preview(TODAY).sitters:
            together[sitter.staff.id] += sitter.total
        assert _without_nothing(together) == _without_nothing(self._worth())
        for statement in db.session.scalars(sa.select(PayStatement)):
            assert statement.total == due.total(statement.lines)
        numbers = db.session.scalars(sa.select(PayRun.number).order_by(PayRun.number)).all()
        assert list(numbers) == list(range(1, len(numbers) + 1))

    def _worth(self) -> dict[int, Decimal]:
        worth: dict[int, Decimal] = defaultdict(Decimal)
        for job in db.session.scalars(sa.select(Job).where(Job.state.in_([JobState.COMPLETED, JobState.CANCELLED]))):
            worth[job.sitter_id] += job.sitter_pay
        for share in db.session.scalars(sa.select(TipShare)):
            worth[share.staff_id] += share.amount
        own = sa.select(PayLine).where(PayLine.kind == PayLineKind.EXTRA, PayLine.released_at.is_(None))
        for line in db.session.scalars(own):
            worth[line.staff_id] += line.amount
        return worth


def _without_nothing(sums: dict[int, Decimal]) -> dict[int, Decimal]:
    return {who: amount for who, amount in sums.items() if amount}


@pytest.mark.covers("V5")
@FEWER
@given(steps=st.lists(STEP, min_size=8, max_size=30))
def test_what_was_paid_and_what_is_due_are_together_what_all_is_worth(sqlite_app, steps):
    empty(sqlite_app)
    with sqlite_app.app_context():
        office = Office()
        try:
            for what, which, more in steps:
                office.step(what, which, more)
                office.check()
        finally:
            db.session.rollback()
