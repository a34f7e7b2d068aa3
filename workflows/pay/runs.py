"""Pay runs: made exactly as they were looked at, undone while nothing of them is paid, paid statement by statement."""

import datetime as dt
from collections.abc import Collection, Mapping

import sqlalchemy as sa

from foundation import clock
from foundation.db import begin_writing, db
from models import PAY_RUN_MOVES, Counter, PayLine, PayLineKind, PayRun, PayRunState, PayStatement, Staff
from workflows import activity, counters, once, staff_mails
from workflows.actors import Actor
from workflows.errors import N_, Conflict, Invalid, WrongState
from workflows.locks import lock_sitters
from workflows.mail_facts import MailKind, PayStatementSent
from workflows.pay import due
from workflows.pay.due import Due
from workflows.pay.previews import SitterPay, preview
from workflows.permissions import Permission, role_allows
from workflows.wanted import clean_note

SERIES = "pay_run"
#: names in a sentence
MOST_NAMED = 5


def make(
    upto_on: dt.date,
    staff_ids: Collection[int],
    *,
    actor: Actor,
    key: str | None,
    seen: Mapping[int, str],
    mail: bool = False,
) -> PayRun:
    """Pay these sitters what is due up to and including the day, exactly as the preview showed it.

    `seen` is {sitter: `SitterPay.seen`} of what was looked at. In this order: the run with the next number, a statement
    for each sitter with its lines, frozen; if asked, a mail with the statement to each who has an address; the log.
    Two offices take turns. Refused: without the permission (NotAllowed), nobody, a day to come (Invalid); a form that
    came twice, pay that changed since it was looked at (Conflict, saying whose), nothing left to pay (Conflict).
    """
    actor.require(Permission.PAY)
    ids = sorted(set(staff_ids))
    if not ids:
        raise Invalid("nobody", N_("Tick at least one sitter."))
    if upto_on > clock.today():
        raise Invalid("day_ahead", N_("Choose today or an earlier day."), field="upto_on")
    once.claim(key)
    # The counter's row is ours until the commit: whoever runs at the same time waits, and then reads our lines.
    run = PayRun(number=counters.next_value(SERIES), upto_on=upto_on, by_staff=actor.staff)
    lock_sitters(ids)
    found = {s.staff.id: s for s in preview(upto_on, ids).sitters if s.lines}
    _check_unchanged(ids, found, seen)
    run.statements = [_statement(s) for s in found.values()]
    db.session.add(run)
    try:
        db.session.flush()
    except sa.exc.IntegrityError as twice:
        raise Conflict(
            "paid_meanwhile", N_("Some of these visits were paid meanwhile. Look at the pay again.")
        ) from twice
    for statement in run.statements:
        _take_extras(statement, found[statement.staff_id].lines)
    activity.record("pay_run.made", actor=actor, subject=run, number=run.number, upto_on=upto_on, n=len(run.statements))
    if mail:
        for statement in run.statements:
            send(statement, found[statement.staff_id].staff)
    db.session.flush()
    return run


def _check_unchanged(ids: Collection[int], found: Mapping[int, SitterPay], seen: Mapping[int, str]) -> None:
    changed = [i for i in ids if i not in found or found[i].seen != seen.get(i)]
    if not changed:
        return
    names = dict(db.session.execute(sa.select(Staff.id, Staff.first_name).where(Staff.id.in_(changed))).all())
    parts = []
    for staff_id in changed[:MOST_NAMED]:
        now = str(found[staff_id].total) if staff_id in found else str(due.total(()))
        was = seen.get(staff_id, "").partition(":")[0] or "?"
        parts.append(f"{names.get(staff_id, '?')} {was} → {now}" if was != now else names.get(staff_id, "?"))
    raise Conflict(
        "pay_changed", N_("The pay changed meanwhile (%(what)s). Nothing was paid. Look at it again, then run."), what=", ".join(parts)
    )  # fmt: skip


def _statement(of: SitterPay) -> PayStatement:
    lines = [
        PayLine(
            staff_id=d.staff_id, kind=d.kind, on_date=d.on_date, text=d.text, amount=d.amount, job_id=d.job_id,
            tip_share_id=d.tip_share_id,
        )
        for d in of.lines
        if d.line_id is None
    ]  # fmt: skip
    return PayStatement(staff=of.staff, name=str(of.staff), total=of.total, n_visits=of.n_visits, lines=lines)


def _take_extras(statement: PayStatement, lines: Collection[Due]) -> None:
    """The lines that waited move onto the statement; nobody can have changed them, for we hold the sitter's row."""
    ids = [d.line_id for d in lines if d.line_id is not None]
    if ids:
        db.session.execute(sa.update(PayLine).where(PayLine.id.in_(ids)).values(statement_id=statement.id))
        db.session.expire(statement, ["lines"])


def send(statement: PayStatement, staff: Staff, *, anyway: bool = False) -> None:
    """Queue the mail with the statement; nobody to write to, or who turned such mails off, is no error."""
    facts = PayStatementSent(
        staff.first_name, statement.run.number, statement.run.upto_on.isoformat(), str(statement.total),
        statement.n_visits, statement.id, role_allows(staff.role, Permission.OWN_PAY),
    )  # fmt: skip
    staff_mails.queue(MailKind.PAY_STATEMENT, facts, staff=staff, anyway=anyway)


def mail_again(statement: PayStatement, *, actor: Actor) -> None:
    """Mail the statement to its sitter, also to who turned such mails off. Logged.

    Refused: without the permission (NotAllowed), no address (Invalid), an undone run (WrongState).
    """
    actor.require(Permission.PAY)
    if statement.run.state is not PayRunState.MADE:
        raise WrongState("undone", N_("This run was undone already."))
    if not statement.staff.email:
        raise Invalid("no_address", N_("This sitter has no mail address."))
    send(statement, statement.staff, anyway=True)
    activity.record(
        "pay_statement.sent", actor=actor, subject=statement, number=statement.run.number, name=statement.name
    )  # fmt: skip
    db.session.flush()


def take_turn() -> None:
    """Wait until no other run is being made, undone or paid."""
    begin_writing()
    db.session.execute(sa.select(Counter.value).where(Counter.name == SERIES).with_for_update())


def newest() -> PayRun | None:
    """The last run that was not undone."""
    made = sa.select(PayRun).where(PayRun.state == PayRunState.MADE)
    return db.session.scalar(made.order_by(PayRun.number.desc()).limit(1).execution_options(populate_existing=True))


def why_not_undone(run: PayRun) -> WrongState | None:
    """What stands against undoing this run now."""
    if PayRunState.UNDONE not in PAY_RUN_MOVES[run.state]:
        return WrongState("undone", N_("This run was undone already."))
    last = newest()
    if last is None or last.id != run.id:
        return WrongState("not_newest", N_("Only the newest run can be undone. Enter what was wrong as an extra line."))
    paid = sa.select(PayStatement.id).where(PayStatement.run_id == run.id, PayStatement.paid_on.is_not(None)).limit(1)
    if db.session.scalar(paid) is not None:
        return WrongState("run_paid", N_("Somebody was paid already. Take that back first, or enter what was wrong as an extra line."))  # fmt: skip
    return None


def undo(run: PayRun, *, reason: str, actor: Actor) -> PayRun:
    """Take the newest run back while nobody is paid: its lines are released and come with the next one.

    What was entered by hand waits again, as new lines. The run and its statements stay, marked; its number is not given
    out again. Logged with the reason. Refused: without the permission (NotAllowed), no reason (Invalid), what
    `why_not_undone` says (WrongState).
    """
    actor.require(Permission.PAY)
    why = clean_note(reason)
    if not why:
        raise Invalid("no_reason", N_("Say why the run is undone."), field="reason")
    take_turn()
    db.session.refresh(run)
    if (stands_against := why_not_undone(run)) is not None:
        raise stands_against
    run.state, run.undone_at = PayRunState.UNDONE, clock.now()
    own = PayLine.statement_id.in_(sa.select(PayStatement.id).where(PayStatement.run_id == run.id))
    for line in db.session.scalars(sa.select(PayLine).where(own, PayLine.kind == PayLineKind.EXTRA)):
        db.session.add(
            PayLine(staff_id=line.staff_id, kind=line.kind, on_date=line.on_date, text=line.text, amount=line.amount)
        )
    db.session.execute(sa.update(PayLine).where(own).values(released_at=run.undone_at))
    activity.record("pay_run.undone", actor=actor, subject=run, number=run.number, reason=why)
    db.session.flush()
    return run


def mark_paid(statement: PayStatement, on: dt.date | None, *, actor: Actor) -> PayStatement:
    """Note the day on which the sitter got the money; None takes a wrong note back. Logged.

    Refused: without the permission (NotAllowed); a day to come (Invalid); an undone run, paid or not paid already
    (WrongState).
    """
    actor.require(Permission.PAY)
    if on is not None and on > clock.today():
        raise Invalid("day_ahead", N_("Choose today or an earlier day."), field="paid_on")
    take_turn()
    db.session.refresh(statement)
    db.session.refresh(statement.run)
    if statement.run.state is not PayRunState.MADE:
        raise WrongState("undone", N_("This run was undone already."))
    if (statement.paid_on is None) == (on is None):
        said = N_("This statement is not marked as paid.") if on is None else N_("This statement is marked as paid already.")  # fmt: skip
        raise WrongState("paid", said)
    statement.paid_on = on
    verb = "pay_statement.paid" if on is not None else "pay_statement.unpaid"
    activity.record(
        verb, actor=actor, subject=statement, number=statement.run.number, name=statement.name, paid_on=on
    )  # fmt: skip
    db.session.flush()
    return statement


def mark_all_paid(run: PayRun, on: dt.date, *, actor: Actor) -> int:
    """Note the day for every statement of the run that has none yet; how many. Refused like `mark_paid`."""
    waiting = sa.select(PayStatement).where(PayStatement.run_id == run.id, PayStatement.paid_on.is_(None))
    found = db.session.scalars(waiting.order_by(PayStatement.id)).all()
    if not found:
        raise WrongState("paid", N_("Everybody of this run is marked as paid already."))
    for statement in found:
        mark_paid(statement, on, actor=actor)
    return len(found)
