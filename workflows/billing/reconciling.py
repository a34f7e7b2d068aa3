"""Finding out what became of charges and refunds whose answer was lost; each minute, by any number of workers.

Commits, as `paying` does: each look is claimed first, the gateway is asked with no transaction open, and what it says is
written under the client's lock, so that two workers who look at the same moment do no harm.
"""

import datetime as dt
import logging
from dataclasses import dataclass

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from gateways.payments import Answer, GatewayProblem, PaymentGateway, RefundResult, Transaction
from models import (
    AttemptState,
    FindingKind,
    GatewayFinding,
    GatewayMode,
    PaymentAttempt,
    Refund,
    RefundState,
    RefundWay,
)
from workflows import activity
from workflows.actors import WORKER
from workflows.billing import attempts, booking, findings, methods, payment_news, refund_outcomes
from workflows.errors import N_
from workflows.locks import lock_client

log = logging.getLogger("latchkey.payments")
#: one look is somebody's for so long
CLAIM = dt.timedelta(minutes=2)
#: a surplus charge that cannot be given back is a person's after so many looks: the finding says so
MOST_LOOKS = 30
#: states in which there can be a next look; named so that the index on both serves
_LOOKED_AT: dict[type[PaymentAttempt | Refund], tuple[AttemptState | RefundState, ...]] = {
    PaymentAttempt: (AttemptState.UNKNOWN, AttemptState.NOT_CHARGED, AttemptState.SUCCEEDED),
    Refund: (RefundState.UNKNOWN,),
}
DECLINED = N_("The bank declined the payment.")
NOT_CHARGED = N_("The payment never reached the bank. Nothing was charged.")


def look_again(*, gateway: PaymentGateway, now: dt.datetime | None = None) -> int:
    """Look at every charge and refund that is due; how many were looked at. Nothing where there is no gateway.

    First what was sent 90 seconds ago, by whatever gateway, and has no answer becomes UNKNOWN: its process died, or its
    answer is lost. What another gateway took is left to a person (`stranded`).
    """
    mode, at = gateway.mode(), now or clock.now()
    _give_up(at)
    if mode == "off":
        return 0
    n_looks = 0
    for kind, look in ((PaymentAttempt, _look), (Refund, _look_at_refund)):
        for row_id in _due(kind, GatewayMode(mode), at):
            if not _claim(kind, row_id, at):
                continue
            try:
                look(row_id, gateway, at)
                n_looks += 1
            except GatewayProblem as problem:
                db.session.rollback()
                log.warning("the gateway could not be asked (%s); tried again in two minutes", problem.code)
            except Exception:
                db.session.rollback()
                log.exception("%s %s could not be looked at", kind.__tablename__, row_id)
    return n_looks


def _due(kind: type[PaymentAttempt | Refund], mode: GatewayMode, now: dt.datetime) -> list[int]:
    found = db.session.scalars(
        sa.select(kind.id)
        .where(kind.state.in_(_LOOKED_AT[kind]), kind.next_look_at <= now, kind.mode == mode)
        .order_by(kind.next_look_at)
        .limit(200)
    ).all()
    db.session.commit()
    return list(found)


def _claim(kind: type[PaymentAttempt | Refund], row_id: int, now: dt.datetime) -> bool:
    """Only one worker looks: whoever sets the next look further away."""
    result = db.session.execute(
        sa.update(kind)
        .where(kind.id == row_id, kind.next_look_at <= now)
        .values(next_look_at=now + CLAIM)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return getattr(result, "rowcount", 0) == 1


def _give_up(now: dt.datetime) -> None:
    """What was sent and never answered is unclear from now on."""
    before = now - attempts.LOST_AFTER
    sent = db.session.scalars(
        sa.select(PaymentAttempt.id).where(
            PaymentAttempt.state == AttemptState.SENDING, PaymentAttempt.created_at < before
        )
    ).all()
    pending = db.session.scalars(
        sa.select(Refund.id).where(
            Refund.state == RefundState.PENDING, Refund.created_at < before, Refund.way != RefundWay.RECORDED
        )
    ).all()  # fmt: skip
    db.session.commit()
    for attempt_id in sent:
        attempt = _locked(attempt_id)
        if attempt.state is AttemptState.SENDING and attempts.move(attempt, AttemptState.UNKNOWN, code="lost"):
            attempt.next_look_at = now
            payment_news.tell_of_attempt(attempt, actor=WORKER, late=True)
        db.session.commit()
    for refund_id in pending:
        row = refund_outcomes.locked(refund_id)
        if row.state is RefundState.PENDING:
            refund_outcomes.apply(row, RefundResult(answer=Answer.UNKNOWN, code="lost"), actor=WORKER)
            row.next_look_at = now
        db.session.commit()


def _locked(attempt_id: int) -> PaymentAttempt:
    attempt = db.session.get(PaymentAttempt, attempt_id)
    if attempt is None:
        raise LookupError(attempt_id)
    lock_client(attempt.client_id)
    return attempts.fresh(attempt_id)


# ----------------------------------------------------------------------------------------------------------- charges


@dataclass(frozen=True)
class _Seen:
    """The sales that the gateway knows of one order."""

    good: list[Transaction]
    declined: list[Transaction]
    #: neither good nor bad yet
    open: list[Transaction]


def _sort(found: list[Transaction]) -> _Seen:
    sales = [one for one in found if not one.is_refund]
    reversed_ids = _reversed(one.id for one in sales if one.refund_ids)
    good = [one for one in sales if one.status.is_good and one.id not in reversed_ids]
    # A duplicate is refused because another one may have gone through: it says nothing about that one.
    declined = [
        one for one in sales
        if (one.status.is_bad or one.id in reversed_ids) and one.gateway_rejection != "duplicate"
    ]  # fmt: skip
    open_ = [one for one in sales if not one.status.is_good and not one.status.is_bad]
    return _Seen(good, declined, open_)


def _reversed(ids: object) -> set[str]:
    """Those that we gave back after they had settled."""
    wanted = list(ids)  # type: ignore[call-overload]
    if not wanted:
        return set()
    return set(
        db.session.scalars(
            sa.select(GatewayFinding.gateway_transaction_id).where(
                GatewayFinding.gateway_transaction_id.in_(wanted),
                GatewayFinding.kind.in_([FindingKind.DOUBLE, FindingKind.AMOUNT]),
            )
        )
    )


def _look(attempt_id: int, gateway: PaymentGateway, now: dt.datetime) -> None:
    """Ask for the order, and decide: booked, declined, not charged, or looked at again; surplus charges go back."""
    order_id = db.session.scalar(sa.select(PaymentAttempt.order_id).where(PaymentAttempt.id == attempt_id)) or ""
    db.session.commit()
    methods.require_no_transaction()
    found = gateway.find_by_order(order_id)
    attempt = _locked(attempt_id)
    seen = _sort(found)
    attempt.n_looks += 1
    fitting = [one for one in seen.good if one.currency == attempt.currency]
    if fitting and attempt.state is not AttemptState.SUCCEEDED:
        booking.book(attempt, fitting[0], late=True, actor=WORKER)
    elif attempt.state is AttemptState.UNKNOWN:
        _decide(attempt, seen, now)
    elif attempt.state is AttemptState.SUCCEEDED:
        attempt.next_look_at = None
    else:
        in_watch = attempt.watch_until is not None and now < attempt.watch_until
        attempt.next_look_at = now + dt.timedelta(hours=2) if in_watch else None
    keep = attempt.gateway_transaction_id if attempt.state is AttemptState.SUCCEEDED else None
    surplus = [one for one in seen.good if one.id != keep]
    db.session.commit()
    for one in surplus:
        _give_back(attempt_id, one, gateway)


def _decide(attempt: PaymentAttempt, seen: _Seen, now: dt.datetime) -> None:
    """No good charge is known: declined, never charged, or not to be said yet."""
    waited = now - attempt.created_at
    if seen.declined and not seen.open and not seen.good:
        attempts.move(attempt, AttemptState.DECLINED, code="found_declined", message=DECLINED)
        payment_news.tell_of_attempt(attempt, actor=WORKER, late=True)
    elif not (seen.open or seen.good) and attempt.n_looks >= attempts.LEAST_LOOKS and waited >= attempts.LEAST_WAIT:
        attempts.move(attempt, AttemptState.NOT_CHARGED, code="not_found", message=NOT_CHARGED)
        payment_news.tell_of_attempt(attempt, actor=WORKER, late=True)
    else:
        attempt.next_look_at = now + _pause(attempt.n_looks)


def _pause(n_looks: int) -> dt.timedelta:
    """1, 2, 4, 8 … minutes, an hour at most."""
    return dt.timedelta(minutes=min(2 ** min(n_looks, 6), 60))


def _give_back(attempt_id: int, surplus: Transaction, gateway: PaymentGateway) -> None:
    """A charge too many, or in another currency than was asked for: give it back, and tell the office."""
    methods.require_no_transaction()
    result = gateway.reverse(surplus.id, request_key="")
    attempt = _locked(attempt_id)
    kind = FindingKind.DOUBLE if surplus.currency == attempt.currency else FindingKind.AMOUNT
    findings.add(kind, surplus, client=attempt.client, reversed=result.answer.value)
    if result.answer is Answer.SUCCEEDED:
        activity.record(
            "payment.double_reversed", actor=WORKER, subject=attempt, client=attempt.client, amount=surplus.amount,
            name=surplus.id,
        )  # fmt: skip
    else:
        log.error("charge %s is one too many and could not be given back: %s", surplus.id, result.code)
    # Looked at once more: an answer that was lost shows itself, and another currency leaves the attempt to be decided.
    if attempt.state is AttemptState.UNKNOWN or (
        result.answer is not Answer.SUCCEEDED and attempt.n_looks < MOST_LOOKS
    ):
        attempt.next_look_at = clock.now() + dt.timedelta(minutes=5)
    db.session.commit()


# ----------------------------------------------------------------------------------------------------------- refunds


def _look_at_refund(refund_id: int, gateway: PaymentGateway, now: dt.datetime) -> None:
    """Ask for the charge and its refunds; decided, or looked at again, or failed when it never shows itself."""
    row = db.session.get(Refund, refund_id)
    if row is None or row.state is not RefundState.UNKNOWN:  # decided meanwhile
        db.session.commit()
        return
    call = refund_outcomes.call_of(row)
    db.session.commit()
    result = refund_outcomes.find_out(call, gateway)
    row = refund_outcomes.locked(refund_id)
    row.n_looks += 1
    if result.answer is not Answer.UNKNOWN:
        refund_outcomes.apply(row, result, actor=WORKER)
    elif row.state is RefundState.UNKNOWN:
        waited = now - row.created_at
        if row.n_looks >= attempts.LEAST_LOOKS and waited >= attempts.LEAST_WAIT:
            refund_outcomes.fail(row, actor=WORKER, code="not_found", message=N_("The refund never reached the bank."))
        else:
            row.next_look_at = now + _pause(row.n_looks)
    db.session.commit()
