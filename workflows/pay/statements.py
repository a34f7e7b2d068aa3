"""A sitter's statement as plain values, for the page and for the PDF; and finding statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from foundation import clock, money
from foundation.db import db
from models import PayLine, PayLineKind, PayRun, PayRunState, PayStatement, Staff
from workflows.billing.papers import PaperParty
from workflows.billing.parties import business_party
from workflows.errors import N_
from workflows.pay import due
from workflows.people import region, show_phone

#: what a line is for, in words
KIND_WORDS: dict[PayLineKind, str] = {
    PayLineKind.VISIT: N_("Visit"),
    PayLineKind.CANCELLATION: N_("Cancelled visit"),
    PayLineKind.TIP: N_("Tip"),
    PayLineKind.CORRECTION: N_("Correction"),
    PayLineKind.EXTRA: N_("Extra"),
}


@dataclass(frozen=True)
class PayEntry:
    """One line; `text` is "" for what is no longer there."""

    on_date: str
    kind: PayLineKind
    text: str
    amount: str


@dataclass(frozen=True)
class PayPaper:
    """All that a statement says. Days are ISO text, money is text in major units."""

    number: int
    upto_on: str
    made_on: str
    currency: str
    business: PaperParty
    sitter: PaperParty
    entries: tuple[PayEntry, ...]
    total: str
    #: what the lines of each kind come to, and how many they are; kinds without a line are left out
    sums: tuple[tuple[PayLineKind, int, str], ...]
    #: days with a done visit
    n_days: int
    #: "" while it is not paid
    paid_on: str = ""
    is_undone: bool = False


def paper(statement: PayStatement) -> PayPaper:
    """What the statement says; its lines, its run and its sitter are best loaded before (`get`)."""
    lines, run = statement.lines, statement.run
    return PayPaper(
        number=run.number,
        upto_on=run.upto_on.isoformat(),
        made_on=_made_on(run),
        currency=money.currency(),
        business=business_party(),
        sitter=PaperParty(
            statement.name,
            email=statement.staff.email or "",
            phone=show_phone(statement.staff.phone or "", region=region()),
        ),
        entries=tuple(PayEntry(x.on_date.isoformat(), x.kind, x.text, str(x.amount)) for x in lines),
        total=str(statement.total),
        sums=tuple((kind, n, str(total)) for kind, n, total in sums(lines)),
        n_days=n_days(lines),
        paid_on=statement.paid_on.isoformat() if statement.paid_on else "",
        is_undone=run.state is PayRunState.UNDONE,
    )


def sums(lines: Sequence[PayLine]) -> list[tuple[PayLineKind, int, Decimal]]:
    """Of each kind that there is: how many lines, and what they come to."""
    found = []
    for kind in PayLineKind:
        own = [x for x in lines if x.kind is kind]
        if own:
            found.append((kind, len(own), due.total(own)))
    return found


def n_days(lines: Sequence[PayLine]) -> int:
    """Days with a done visit."""
    return len({x.on_date for x in lines if x.kind is PayLineKind.VISIT})


def _made_on(run: PayRun) -> str:
    """The local day on which the run was made."""
    return clock.to_local(run.created_at).date().isoformat()


def get(statement_id: int | str, *, staff: Staff | None = None) -> PayStatement | None:
    """A statement by its id, or by its public id; with `staff` only when it is theirs. Three queries with its lines."""
    key = PayStatement.id if isinstance(statement_id, int) else PayStatement.public_id
    wanted = sa.select(PayStatement).where(key == statement_id)
    if staff is not None:
        wanted = wanted.where(PayStatement.staff_id == staff.id)
    return db.session.scalar(
        wanted.options(
            joinedload(PayStatement.run), joinedload(PayStatement.staff), selectinload(PayStatement.lines)
        )
    )  # fmt: skip


def of_sitter(staff: Staff, *, most: int) -> Sequence[PayStatement]:
    """The sitter's statements that count, the newest first; one query."""
    return db.session.scalars(
        sa.select(PayStatement)
        .join(PayRun, PayStatement.run_id == PayRun.id)
        .where(PayStatement.staff_id == staff.id, PayRun.state == PayRunState.MADE)
        .options(joinedload(PayStatement.run))
        .order_by(PayRun.number.desc())
        .limit(most)
    ).all()
