"""Whether booked money has really arrived: bank payments are pending until then, and some come back long after."""

import datetime as dt
import logging

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from gateways.payments import GatewayProblem, PaymentGateway, Transaction, TransactionStatus
from models import FindingKind, GatewayMode, Payment, PaymentState
from workflows import activity
from workflows.actors import WORKER, Actor
from workflows.billing import disputes, findings, methods, refunding
from workflows.locks import lock_client

log = logging.getLogger("latchkey.payments")
#: what has not settled by then is no longer asked for
LONGEST = dt.timedelta(days=60)


def settle(payment: Payment, truth: Transaction, *, actor: Actor) -> str:
    """Bring a payment in line with its charge, under the client's lock; a remark where nothing was to be done.

    Settled: it has arrived for good. Refused or lost by the bank, also after it had settled: it comes back. Voided by
    somebody at the gateway: a finding for a person, unless our own refund did it.
    """
    if payment.state is not PaymentState.RECEIVED:
        return "known already"
    if truth.status is TransactionStatus.SETTLED:
        if payment.settled_at is None:
            payment.settled_at = clock.now()
            activity.record(
                "payment.settled", actor=actor, subject=payment, client=payment.client, number=payment.number
            )
            db.session.flush()
        return ""
    if truth.status is TransactionStatus.VOIDED:
        if refunding.refundable(payment) > 0:
            findings.add(FindingKind.FOREIGN_REFUND, truth, client=payment.client, number=payment.number)
            return "voided at the gateway"
        payment.settled_at = clock.now()  # given back before it settled: there is nothing to wait for
        db.session.flush()
        return ""
    if truth.status.is_bad:
        disputes.bring_back(payment, return_code=truth.return_code, actor=actor)
        return ""
    return "still on its way"


def poll(*, gateway: PaymentGateway) -> int:
    """Ask for each payment that has not settled; how many have now. Commits each by itself.

    Cards settle without a message, so this is how we hear of it. Safe with many workers: asking twice changes nothing.
    """
    mode = gateway.mode()
    if mode == "off":
        return 0
    waiting = db.session.execute(
        sa.select(Payment.id, Payment.client_id, Payment.gateway_transaction_id)
        .where(
            Payment.settled_at.is_(None),
            Payment.mode == GatewayMode(mode),
            Payment.state == PaymentState.RECEIVED,
            Payment.created_at > clock.now() - LONGEST,
        )
        .order_by(Payment.id)
    ).all()
    db.session.commit()
    n_settled = 0
    for payment_id, client_id, transaction_id in waiting:
        methods.require_no_transaction()
        try:
            truth = gateway.find(transaction_id or "")
        except GatewayProblem as problem:
            log.warning("the gateway could not be asked about settlement (%s); tried again tomorrow", problem.code)
            break
        if truth is None:
            continue  # the comparison tells of it
        try:
            lock_client(client_id)
            payment = db.session.get_one(Payment, payment_id, populate_existing=True)
            settle(payment, truth, actor=WORKER)
            n_settled += payment.settled_at is not None
            db.session.commit()
        except Exception:
            db.session.rollback()
            log.exception("payment %s could not be brought in line with its charge", payment_id)
    return n_settled
