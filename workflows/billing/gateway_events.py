"""What the gateway tells by itself: each message kept first and once, worked on afterwards.

A message is a hint: for the truth the gateway is asked. One about money that we do not know yet (its charge is not booked
yet, or its refund's answer was lost) stays UNMATCHED and is tried again after each reconciliation.
"""

import datetime as dt
import logging
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from foundation import clock
from foundation.db import db
from gateways.events import BadWebhook, DisputeNews, EventKind
from gateways.events import GatewayEvent as Message
from gateways.payments import GatewayProblem, PaymentGateway, Transaction
from models import (
    EVENT_MOVES,
    EventState,
    FindingKind,
    GatewayEvent,
    GatewayMode,
    Payment,
    Refund,
    StoredMethod,
)
from workflows import activity
from workflows.actors import WORKER, Actor
from workflows.billing import booking, disputes, findings, methods, refund_outcomes, settling
from workflows.errors import N_, WrongState
from workflows.locks import lock_client
from workflows.permissions import Permission

log = logging.getLogger("latchkey.payments")
_SETTLEMENT = {EventKind.TRANSACTION_SETTLED, EventKind.TRANSACTION_SETTLEMENT_DECLINED}
Subject = Payment | Refund | StoredMethod
#: messages that are worked on at a time, of those that wait and of those that were unmatched
AT_ONCE = 500


def receive(signature: str, payload: str, *, gateway: PaymentGateway) -> GatewayEvent:
    """Keep a message whose signature is right; one that was kept before is found again. The caller commits.

    BadWebhook for everything else: a forged or broken one, one that the demo's keys signed when real ones are set, and
    any where there is no gateway. Nothing is done with it yet.
    """
    mode = gateway.mode()
    if mode == "off":
        raise BadWebhook("there is no gateway")
    message = gateway.parse_webhook(signature, payload)
    row = GatewayEvent(
        payload_hash=message.digest,
        kind=message.raw_kind[:80],
        mode=GatewayMode(mode),
        state=EventState.WAITING,
        facts=_facts(message),
        happened_at=message.at,
        received_at=clock.now(),
    )
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        return db.session.scalars(sa.select(GatewayEvent).where(GatewayEvent.payload_hash == message.digest)).one()
    db.session.info["nudge_gateway"] = True
    return row


def process(*, gateway: PaymentGateway) -> int:
    """Work on what waits, oldest first, then on what was unmatched; how many are done now. Commits each by itself.

    Of the unmatched the newest are looked at, and never in place of what waits: where another shop uses the same
    account, its messages stay unmatched until a person dismisses them.
    Safe with many workers: each message's row is locked and looked at again before anything is done.
    """
    mode = gateway.mode()
    if mode == "off":
        return 0
    ids = sa.select(GatewayEvent.id).where(GatewayEvent.mode == GatewayMode(mode)).limit(AT_ONCE)
    fresh = db.session.scalars(ids.where(GatewayEvent.state == EventState.WAITING).order_by(GatewayEvent.id)).all()
    unmatched = db.session.scalars(
        ids.where(GatewayEvent.state == EventState.UNMATCHED).order_by(GatewayEvent.id.desc())
    ).all()
    db.session.commit()
    n_done = 0
    for event_id in [*fresh, *sorted(unmatched)]:
        try:
            n_done += _work(event_id, gateway)
        except GatewayProblem as problem:
            db.session.rollback()
            log.warning("the gateway could not be asked about a message (%s); tried again in a minute", problem.code)
        except Exception:
            db.session.rollback()
            log.exception("message %s of the gateway could not be worked on; tried again in a minute", event_id)
    return n_done


def dismiss(event: GatewayEvent, *, actor: Actor, remark: str = "") -> GatewayEvent:
    """A person says that an unmatched message is not about us; logged. Twice changes nothing; others cannot be."""
    actor.require(Permission.BILLING)
    locked = _locked(event.id)
    if locked.state is EventState.DISMISSED:
        return locked
    if EventState.DISMISSED not in EVENT_MOVES[locked.state]:
        raise WrongState("event_state", N_("This message was worked on meanwhile."))
    _end(locked, EventState.DISMISSED, remark.strip())
    activity.record("gateway_event.dismissed", actor=actor, subject=locked, name=locked.kind)
    db.session.flush()
    return locked


def last() -> GatewayEvent | None:
    """The message that came last: for the settings page."""
    return db.session.scalar(sa.select(GatewayEvent).order_by(GatewayEvent.id.desc()).limit(1))


# ------------------------------------------------------------------------------------------------------------ inside


def _facts(message: Message) -> dict[str, Any]:
    news = message.dispute
    facts = {
        "what": message.kind.value, "transaction_id": message.transaction_id, "order_id": message.order_id,
        "token": message.token, "dispute": asdict(news) if news is not None else None,
    }  # fmt: skip
    plain: dict[str, Any] = activity.plain(facts)
    return plain


def _dispute(facts: dict[str, Any]) -> DisputeNews | None:
    told = facts.get("dispute")
    if not told:
        return None
    won, reply_by = told.get("amount_won"), told.get("reply_by")
    return DisputeNews(
        id=told["id"],
        amount_disputed=Decimal(told["amount_disputed"]),
        amount_won=Decimal(won) if won is not None else None,
        currency=told["currency"],
        reply_by=dt.date.fromisoformat(reply_by[:10]) if reply_by else None,
        status=told["status"],
        reason=told.get("reason", ""),
    )


def _locked(event_id: int) -> GatewayEvent:
    return db.session.scalars(
        sa.select(GatewayEvent)
        .where(GatewayEvent.id == event_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _work(event_id: int, gateway: PaymentGateway) -> bool:
    """One message: find whom it is about, ask the gateway, do it."""
    event = db.session.get_one(GatewayEvent, event_id)
    kind, facts = EventKind(event.facts["what"]), dict(event.facts)
    subject = _subject(kind, facts)
    needs_truth = kind in _SETTLEMENT or kind is EventKind.REFUND_FAILED
    client_id = subject.client_id if subject is not None else None
    db.session.commit()
    truth: Transaction | None = None
    if subject is not None and needs_truth:
        methods.require_no_transaction()
        truth = gateway.find(str(facts["transaction_id"]))
    if client_id is not None:
        lock_client(client_id)
    event = _locked(event_id)
    if event.state not in {EventState.WAITING, EventState.UNMATCHED}:
        db.session.commit()
        return False
    if subject is None and _is_about_money(kind):
        if event.state is EventState.WAITING:
            event.state, event.n_tries = EventState.UNMATCHED, event.n_tries + 1
            event.remark = "not in our books yet"
        db.session.commit()
        return False
    remark = _apply(kind, facts, subject, truth) if subject is not None else ""
    event.n_tries += 1
    _end(event, EventState.DONE, remark)
    db.session.commit()
    return True


def _end(event: GatewayEvent, to: EventState, remark: str) -> None:
    event.state, event.processed_at, event.remark = to, clock.now(), remark[:255]


def _is_about_money(kind: EventKind) -> bool:
    return kind in _SETTLEMENT or kind is EventKind.REFUND_FAILED or kind.is_dispute


def _subject(kind: EventKind, facts: dict[str, Any]) -> Subject | None:
    """The payment, refund or card in our books that a message is about."""
    transaction_id = facts.get("transaction_id")
    if kind is EventKind.METHOD_REVOKED:
        return db.session.scalar(sa.select(StoredMethod).where(StoredMethod.token == facts.get("token")))
    if not transaction_id or not _is_about_money(kind):
        return None
    payment = booking.of_transaction(str(transaction_id))
    if payment is not None and kind is not EventKind.REFUND_FAILED:
        return payment
    return db.session.scalar(sa.select(Refund).where(Refund.gateway_transaction_id == str(transaction_id)))


def _apply(kind: EventKind, facts: dict[str, Any], subject: Subject, truth: Transaction | None) -> str:
    """Do it, under the client's lock; a remark for people where nothing was to be done."""
    db.session.refresh(subject)
    if isinstance(subject, StoredMethod):
        methods.block(subject, "revoked")
        return ""
    if isinstance(subject, Refund):
        if truth is None or not truth.status.is_bad:
            return "the refund stands"
        return "" if refund_outcomes.fail(subject, actor=WORKER, code=truth.status.value) else "known already"
    news = _dispute(facts)
    if kind.is_dispute and news is not None:
        if news.currency != subject.currency:
            findings.add(
                FindingKind.AMOUNT, None, transaction_id=news.id, client=subject.client, dispute_currency=news.currency
            )
            return "another currency than the payment's"
        disputes.hear(news, kind, subject, actor=WORKER)
        return ""
    return settling.settle(subject, truth, actor=WORKER) if truth is not None else "the gateway does not know it"
