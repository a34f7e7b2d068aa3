"""What sitters are still to be paid: visits and tips that stand on no run, and what those of earlier runs are worth by now.

A visit is worth its `sitter_pay` to its sitter once it is done, or called off with the policy's pay; everything else is
worth nothing. A line of a run that was made pays so much of it. The difference is due, so that the lines of all runs
and what is due next are always together what the visits, tips and extras are worth.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from foundation import money
from foundation.db import db
from foundation.types import Money
from models import Client, Job, JobState, PayLine, PayLineKind, Payment, ServiceItem, TipShare
from workflows import demo_marks

#: the states in which a visit pays its sitter
PAYING = (JobState.COMPLETED, JobState.CANCELLED)
#: the lines of which a visit has one, on one run
FIRST_KINDS = (PayLineKind.VISIT, PayLineKind.CANCELLATION)
MOST_TEXT = 255
_NOTHING = sa.literal(Decimal(0), Money)

Ids = Collection[int] | None


@dataclass(frozen=True)
class Due:
    """One line that the next run would have."""

    staff_id: int
    kind: PayLineKind
    on_date: dt.date
    #: as the line keeps it: "30-minute visit, Hannah Okafor"; of a tip the client; "" for what is no longer there
    text: str
    amount: Decimal
    job_id: int | None = None
    tip_share_id: int | None = None
    #: the row that waits already, of what was entered by hand
    line_id: int | None = None


def find(upto_on: dt.date, staff_ids: Ids = None) -> list[Due]:
    """All that is due up to and including the day (a stay counts on its last), in the order of sitters and days.

    What earlier runs paid too much or too little comes whatever its day. Six queries.
    """
    found = [
        *_new_visits(upto_on, staff_ids),
        *_changed_visits(staff_ids),
        *_new_tips(upto_on, staff_ids),
        *_changed_tips(staff_ids),
        *_gone(upto_on, staff_ids),
        *_extras(upto_on, staff_ids),
    ]
    return sorted(found, key=_place)


_KINDS = list(PayLineKind)


def _place(line: Due) -> tuple[object, ...]:
    about = line.job_id or line.tip_share_id or line.line_id or 0
    return line.staff_id, line.on_date, _KINDS.index(line.kind), about


def counts() -> sa.ColumnElement[bool]:
    """Lines that pay: on a statement whose run was not undone."""
    return sa.and_(PayLine.statement_id.is_not(None), PayLine.released_at.is_(None))


def _of(column: Any, staff_ids: Ids) -> list[sa.ColumnElement[bool]]:  # noqa: ANN401 -- any column of a sitter's id
    return [] if staff_ids is None else [column.in_(list(staff_ids))]


def text_of(*parts: str) -> str:
    """What a line says of its visit or tip."""
    return ", ".join(part for part in parts if part)[:MOST_TEXT]


_CLIENT = (Client.first_name, Client.last_name)


def _name(first: str, last: str) -> str:
    return f"{first} {last}".strip()


def _new_visits(upto_on: dt.date, staff_ids: Ids) -> Iterator[Due]:
    """Done visits, and called off ones with pay, whose sitter has no line about them."""
    # Plus nothing: SQLite would else look through all lines of the sitter instead of the few of the visit.
    own = sa.exists().where(PayLine.job_id == Job.id, PayLine.staff_id + 0 == Job.sitter_id, counts())
    is_paid = sa.exists().where(PayLine.job_id == Job.id, PayLine.kind.in_(FIRST_KINDS), counts())
    rows = db.session.execute(
        sa.select(Job.id, Job.sitter_id, Job.state, Job.ends_on, Job.sitter_pay, ServiceItem.name, *_CLIENT, is_paid)
        .join(ServiceItem, ServiceItem.id == Job.service_item_id)
        .join(Client, Client.id == Job.client_id)
        .where(
            Job.sitter_id.is_not(None), Job.ends_on <= upto_on, ~own, *_of(Job.sitter_id, staff_ids),
            ~demo_marks.is_made_up("client", Job.client_id),
            sa.or_(
                Job.state == JobState.COMPLETED, sa.and_(Job.state == JobState.CANCELLED, Job.sitter_pay != _NOTHING)
            ),
        )
    )  # fmt: skip
    for job_id, sitter_id, state, day, pay, service, first, last, was_paid in rows:
        kind = PayLineKind.VISIT if state is JobState.COMPLETED else PayLineKind.CANCELLATION
        # Paid to another sitter before, then put back and done by this one: its one line is taken.
        kind = PayLineKind.CORRECTION if was_paid else kind
        yield Due(sitter_id or 0, kind, day, text_of(service, _name(first, last)), pay, job_id=job_id)


def _changed_visits(staff_ids: Ids) -> Iterator[Due]:
    paid = (
        sa.select(PayLine.job_id, PayLine.staff_id, sa.func.sum(PayLine.amount).label("amount"))
        .where(PayLine.job_id.is_not(None), counts(), *_of(PayLine.staff_id, staff_ids))
        .group_by(PayLine.job_id, PayLine.staff_id)
        .subquery()
    )
    is_worth = sa.case(
        (sa.and_(Job.sitter_id == paid.c.staff_id, Job.state.in_(PAYING)), Job.sitter_pay), else_=_NOTHING
    )
    rows = db.session.execute(
        sa.select(Job.id, paid.c.staff_id, Job.ends_on, paid.c.amount, is_worth, ServiceItem.name, *_CLIENT)
        .join(paid, paid.c.job_id == Job.id)
        .join(ServiceItem, ServiceItem.id == Job.service_item_id)
        .join(Client, Client.id == Job.client_id)
        .where(paid.c.amount != is_worth)
    )
    for job_id, staff_id, day, was, now, service, first, last in rows:
        text = text_of(service, _name(first, last))
        yield Due(staff_id, PayLineKind.CORRECTION, day, text, now - was, job_id=job_id)


def _new_tips(upto_on: dt.date, staff_ids: Ids) -> Iterator[Due]:
    known = sa.exists().where(PayLine.tip_share_id == TipShare.id, counts())
    rows = db.session.execute(
        sa.select(TipShare.id, TipShare.staff_id, Payment.received_on, TipShare.amount, *_CLIENT)
        .join(Payment, Payment.id == TipShare.payment_id)
        .join(Client, Client.id == Payment.client_id)
        .where(
            Payment.received_on <= upto_on, TipShare.amount != _NOTHING, ~known, *_of(TipShare.staff_id, staff_ids)
        )
    )  # fmt: skip
    for tip_id, staff_id, day, amount, first, last in rows:
        yield Due(staff_id, PayLineKind.TIP, day, text_of(_name(first, last)), amount, tip_share_id=tip_id)


def _changed_tips(staff_ids: Ids) -> Iterator[Due]:
    paid = (
        sa.select(PayLine.tip_share_id, sa.func.sum(PayLine.amount).label("amount"))
        .where(PayLine.tip_share_id.is_not(None), counts(), *_of(PayLine.staff_id, staff_ids))
        .group_by(PayLine.tip_share_id)
        .subquery()
    )
    rows = db.session.execute(
        sa.select(TipShare.id, TipShare.staff_id, Payment.received_on, paid.c.amount, TipShare.amount, *_CLIENT)
        .join(paid, paid.c.tip_share_id == TipShare.id)
        .join(Payment, Payment.id == TipShare.payment_id)
        .join(Client, Client.id == Payment.client_id)
        .where(paid.c.amount != TipShare.amount)
    )
    for tip_id, staff_id, day, was, now, first, last in rows:
        text = text_of(_name(first, last))
        yield Due(staff_id, PayLineKind.CORRECTION, day, text, now - was, tip_share_id=tip_id)


def _gone(upto_on: dt.date, staff_ids: Ids) -> Iterator[Due]:
    """What was paid for tips that went back altogether, or for visits that became requests again: their rows are gone."""
    total = sa.func.sum(PayLine.amount)
    rows = db.session.execute(
        sa.select(PayLine.staff_id, total)
        .where(
            PayLine.job_id.is_(None), PayLine.tip_share_id.is_(None), PayLine.kind != PayLineKind.EXTRA, counts(),
            *_of(PayLine.staff_id, staff_ids),
        )
        .group_by(PayLine.staff_id)
        .having(total != _NOTHING)
    )  # fmt: skip
    for staff_id, was in rows:
        yield Due(staff_id, PayLineKind.CORRECTION, upto_on, "", -was)


def _extras(upto_on: dt.date, staff_ids: Ids) -> Iterator[Due]:
    waiting = sa.select(PayLine).where(
        PayLine.statement_id.is_(None), PayLine.released_at.is_(None), PayLine.on_date <= upto_on,
        *_of(PayLine.staff_id, staff_ids),
    )  # fmt: skip
    for line in db.session.scalars(waiting):
        yield Due(line.staff_id, line.kind, line.on_date, line.text, line.amount, line_id=line.id)


def total(lines: Iterable[Due | PayLine]) -> Decimal:
    """What lines come to."""
    return sum((line.amount for line in lines), money.from_minor(0))
