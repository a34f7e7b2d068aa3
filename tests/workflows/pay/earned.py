"""What tests of pay begin with: done visits, a look at the pay, a run of what was seen."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from models import Job, JobState, PayLine, PayLineKind, PayRun, PayStatement, Staff
from tests import factories as make
from workflows.actors import Actor
from workflows.pay import previews, runs

#: the Monday on which the clock stands, and the Sunday before
TODAY = dt.date(2026, 11, 23)
SUNDAY = TODAY - dt.timedelta(days=1)


def done(client, sitter: Staff | None, *, on_date: dt.date = SUNDAY, pay: str | int = 10, item=None, **more) -> Job:
    """A visit that took place."""
    return make.job(
        client, item, sitter=sitter, on_date=on_date, sitter_pay=Decimal(pay), **{"state": JobState.COMPLETED, **more}
    )


def run(
    actor: Actor, upto_on: dt.date = TODAY, *, staff: Iterable[Staff] = (), key: str | None = None, **more
) -> PayRun:
    """Look at the pay and run what was seen, for everybody with a line or for some."""
    ids = [s.id for s in staff] or None
    seen = {s.staff.id: s.seen for s in previews.preview(upto_on, ids).sitters if s.lines}
    return runs.make(upto_on, list(seen), actor=actor, key=key, seen=seen, **more)


def statement_of(run_: PayRun, sitter: Staff) -> PayStatement:
    (found,) = [s for s in run_.statements if s.staff_id == sitter.id]
    return found


def said(lines: Iterable[PayLine | object]) -> list[tuple[PayLineKind, str, str]]:
    """Lines as kind, text and amount."""
    return [(x.kind, x.text, str(x.amount)) for x in lines]


def would_get(sitter: Staff, upto_on: dt.date = TODAY) -> Decimal:
    """What the next run would pay."""
    return sum((s.total for s in previews.preview(upto_on, [sitter.id]).sitters), Decimal(0))
