"""Lines of pay that the office enters by hand: a bonus, expenses, an advance. They wait for the next run."""

import datetime as dt
from decimal import Decimal

import sqlalchemy as sa

from foundation import money
from foundation.db import db
from models import PayLine, PayLineKind, Staff
from workflows import activity
from workflows.actors import Actor
from workflows.errors import N_, Invalid, WrongState
from workflows.locks import lock_sitters
from workflows.pay.due import MOST_TEXT
from workflows.permissions import Permission

MOST = Decimal(100_000)


def add(staff: Staff, *, on_date: dt.date, text: str, amount: Decimal, actor: Actor) -> PayLine:
    """Let the next run pay (or, below zero, take) so much; `text` says what for, as the sitter reads it. Logged.

    Refused: without the permission (NotAllowed), no words, no amount or too large a one (Invalid).
    """
    actor.require(Permission.PAY)
    line = PayLine(
        staff=staff, kind=PayLineKind.EXTRA, on_date=on_date, text=_words(text), amount=_amount(amount)
    )  # fmt: skip
    db.session.add(line)
    db.session.flush()
    activity.record("pay_line.added", actor=actor, subject=line, name=str(staff), text=line.text, amount=line.amount)
    return line


def change(line: PayLine, *, on_date: dt.date, text: str, amount: Decimal, actor: Actor) -> PayLine:
    """Change a line that still waits; logged old to new. Refused like `add`, and once a run has it (WrongState)."""
    actor.require(Permission.PAY)
    words, new = _words(text), _amount(amount)
    _still_waiting(line)
    pairs = {"on_date": (line.on_date, on_date), "text": (line.text, words), "amount": (line.amount, new)}
    line.on_date, line.text, line.amount = on_date, words, new
    changes = {name: list(pair) for name, pair in pairs.items() if pair[0] != pair[1]}
    if changes:
        activity.record("pay_line.changed", actor=actor, subject=line, name=str(line.staff), changes=changes)
    db.session.flush()
    return line


def remove(line: PayLine, *, actor: Actor) -> None:
    """Delete a line that still waits; logged. Refused without the permission, and once a run has it (WrongState)."""
    actor.require(Permission.PAY)
    _still_waiting(line)
    activity.record(
        "pay_line.removed", actor=actor, subject=line, name=str(line.staff), text=line.text, amount=line.amount
    )  # fmt: skip
    db.session.delete(line)
    db.session.flush()


def _still_waiting(line: PayLine) -> None:
    """As it is now, while no run can take it: a run holds the same sitter's row."""
    lock_sitters([line.staff_id])
    fresh = sa.select(PayLine).where(PayLine.id == line.id).execution_options(populate_existing=True)
    found = db.session.scalar(fresh)
    if found is None:
        raise WrongState("line_gone", N_("This line was removed meanwhile."))
    if found.kind is not PayLineKind.EXTRA or found.statement_id is not None:
        raise WrongState("line_paid", N_("A pay run has this line already. Enter the difference as a line of its own."))


def _words(text: str) -> str:
    words = " ".join(text.split())
    if not words:
        raise Invalid("no_words", N_("Say what it is for. The sitter reads it."), field="text")
    if len(words) > MOST_TEXT:
        raise Invalid("words_long", N_("At most %(most)s characters."), field="text", most=MOST_TEXT)
    return words


def _amount(amount: Decimal) -> Decimal:
    fine = amount.is_finite() and amount != 0
    try:
        money.to_minor(amount)
    except (money.BadAmountError, ArithmeticError):
        fine = False
    if not fine:
        raise Invalid("bad_amount", N_("Enter an amount, for example 24.00, or -24.00 to take it off."), field="amount")
    if abs(amount) > MOST:
        raise Invalid("too_much", N_("At most %(most)s at once."), field="amount", most=MOST)
    return amount.quantize(money.quantum())
