"""Charging cards and bank accounts, exactly once. The one place beside refunds where a workflow commits: the intent
is committed before the gateway is asked, no transaction is open while it is, and its answer is committed afterwards.

No answer is not a failed charge: the attempt is UNKNOWN, its invoices stay locked, and `reconciling` finds out.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from foundation.db import db
from gateways.payments import Answer, GatewayProblem, Mandate, PaymentGateway, SaleOrder, SaleResult
from models import AttemptState, Client, Invoice, MethodKind, PaymentAttempt, StoredMethod
from workflows.actors import Actor
from workflows.billing import attempts, booking, consents, methods, payment_news, request_keys, sums
from workflows.limits import Refusal
from workflows.locks import lock_client

log = logging.getLogger("latchkey.payments")
ZERO = Decimal(0)


def can_pay(client: Client, invoices: Sequence[Invoice]) -> Refusal | None:
    """Why these invoices cannot be paid online now: one is locked by a running payment, void, or paid. None: they can."""
    ids = [invoice.id for invoice in invoices]
    owed, held = sums.invoice_sums(ids), attempts.active_on(ids)
    for invoice in invoices:
        problem = attempts.refusal_of(invoice, owed[invoice.id].outstanding, is_held=invoice.id in held)
        if problem is not None or invoice.client_id != client.id:
            return (
                Refusal(problem.code, problem.message, problem.values) if problem else Refusal("other_client", "", {})
            )
    return None


def pay(
    client: Client,
    *,
    submit_key: str,
    targets: Sequence[tuple[Invoice, Decimal]],
    tip: Decimal = ZERO,
    tip_note: str = "",
    method: StoredMethod | None = None,
    nonce: str = "",
    kind: MethodKind = MethodKind.CARD,
    store: bool = False,
    allow_automatic: bool = False,
    actor: Actor,
    gateway: PaymentGateway,
    automatic: bool = False,
    mandate: Mandate | None = None,
    consent_text: str = "",
    address: str = "",
    device: str = "",
) -> PaymentAttempt:
    """Charge a client's card or bank account for invoices, and a tip. Commits; the attempt's `state` says what happened.

    In this order: permission, card, invoices and amounts are checked under the client's lock; the attempt is written
    and COMMITTED; the gateway is asked, with no transaction open, and once more if it takes request keys and no answer
    came; what it said is booked and COMMITTED: a payment with its allocations, tip shares, postings, log, mail, HOME.
    The same `submit_key` again finds the first attempt and charges nothing. `nonce` alone is a new card, with `method`
    a kept card that the cardholder's bank has confirmed. A bank account is always kept, and needs its `mandate`.
    Refused before anything is sent (WorkflowError): an invoice that is being paid already, is not open or is another
    client's, more than is outstanding, no amount, a card that is gone, blocked, run out or unconfirmed.
    """
    charge = attempts.Charge(
        submit_key=submit_key, targets=targets, tip=tip, tip_note=tip_note, method=method, nonce=nonce, kind=kind,
        store=store or (kind is MethodKind.BANK and method is None), allow_automatic=allow_automatic,
        automatic=automatic, mandate=mandate,
    )  # fmt: skip
    attempt, is_new = attempts.begin(client, charge, actor=actor, gateway=gateway)
    if is_new:
        consents.of_attempt(attempt, mandate, text=consent_text, actor=actor, address=address, device=device)
    # All that the call needs is read now: afterwards a look at the database would open a transaction again.
    attempt_id, customer, order = attempt.id, methods.customer_of(client), attempts.order_of(attempt)
    needs_keeping = attempt.kind is MethodKind.BANK and bool(attempt.nonce)
    db.session.commit()
    if not is_new:
        return attempt
    result: SaleOrder | SaleResult = order
    if needs_keeping:
        result = _keep_bank_account(attempt_id, order, customer, mandate, actor=actor, gateway=gateway)
    if isinstance(result, SaleOrder):
        result = _ask(result, customer, gateway)
    return conclude(attempt_id, result, actor=actor)


def conclude(attempt_id: int, result: SaleResult, *, actor: Actor, late: bool = False) -> PaymentAttempt:
    """Write down what the gateway said, and commit. An attempt that was decided meanwhile stays as it is.

    `late` says that nobody waits at the screen for it any more: then the client hears of a failure by mail.
    """
    client_id = _client_of(attempt_id)
    lock_client(client_id)
    attempt = attempts.fresh(attempt_id)
    if result.key_refused:
        request_keys.remember_refused(attempt.mode)
    state = attempts.state_of(result)
    if state is AttemptState.SUCCEEDED and result.transaction is not None:
        booking.book(attempt, result.transaction, mismatch=result.mismatch, actor=actor)
    elif attempts.move(attempt, state, code=result.code, message=result.message):
        payment_news.tell_of_attempt(attempt, actor=actor, late=late)
    db.session.commit()
    return attempt


def _client_of(attempt_id: int) -> int:
    attempt = db.session.get(PaymentAttempt, attempt_id)
    if attempt is None:
        raise LookupError(attempt_id)
    return attempt.client_id


def _ask(order: SaleOrder, customer: methods.Customer, gateway: PaymentGateway) -> SaleResult:
    """Ask the gateway, and once more with the identical order where a key makes that safe and no answer came.

    Nothing here touches the database: its transaction is over, and none may be open while we wait.
    """
    methods.require_no_transaction()
    if order.store_in_vault:
        try:
            customer.make_known(gateway)
        except GatewayProblem as problem:
            return SaleResult(answer=Answer.NOT_SENT, code=problem.code, message=problem.message)
    result = _sale(order, gateway, repeat=False)
    if result.answer is not Answer.UNKNOWN or not order.request_key or result.key_refused:
        return result
    again = _sale(order, gateway, repeat=True)
    # What did not get there the second time says nothing about the first.
    return replace(again, answer=Answer.UNKNOWN) if again.answer is Answer.NOT_SENT else again


def _sale(order: SaleOrder, gateway: PaymentGateway, *, repeat: bool) -> SaleResult:
    try:
        return gateway.sale(order, repeat=repeat)
    except Exception:
        log.exception("charge %s: the gateway's adapter broke; nobody knows what happened", order.order_id)
        return SaleResult(answer=Answer.UNKNOWN, code="adapter")


def _keep_bank_account(
    attempt_id: int, order: SaleOrder, customer: methods.Customer, mandate: Mandate | None, *, actor: Actor,
    gateway: PaymentGateway,
) -> SaleOrder | SaleResult:  # fmt: skip
    """Keep a new bank account, for only one that is kept and verified can be charged: the order with it, or why not."""
    kept = methods.ask_to_keep(customer, order.nonce or "", MethodKind.BANK, mandate=mandate, gateway=gateway)
    if kept.answer is not Answer.SUCCEEDED or kept.method is None:
        # Whatever became of the account, no money has moved.
        answer = Answer.NOT_SENT if kept.answer in {Answer.UNKNOWN, Answer.SUCCEEDED} else kept.answer
        return SaleResult(answer=answer, code=kept.code, message=kept.message)
    lock_client(_client_of(attempt_id))
    attempt = attempts.fresh(attempt_id)
    method = methods.keep(attempt.client, kept.method, mode=attempt.mode, actor=actor)
    consents.belong_to(attempt, method)
    decided = attempt.state is not AttemptState.SENDING
    if not decided:
        attempt.method, attempt.kind, attempt.nonce = method, method.kind, ""
        db.session.flush()
    order, is_verified = attempts.order_of(attempt), method.is_verified
    db.session.commit()
    if decided:  # it took so long that the attempt was given up
        return SaleResult(answer=Answer.UNKNOWN, code="given_up")
    if not is_verified:
        return SaleResult(answer=Answer.REJECTED, code="method_unverified", message=methods.UNVERIFIED)
    return replace(order, store_in_vault=False, customer_id=None)
