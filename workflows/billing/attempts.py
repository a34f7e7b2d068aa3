"""One try to charge: written down and committed before the gateway is asked, decided by its answer afterwards.

The states, and what each means for the invoices it is about (see `ATTEMPT_MOVES`):
SENDING and UNKNOWN keep them locked, for money may have moved; SUCCEEDED is the one that books a payment; DECLINED,
REJECTED, NOT_SENT and NOT_CHARGED free them. NOT_CHARGED is watched on: a charge that turns up late is booked.
"""

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from foundation import clock, money
from foundation.db import db
from gateways.payments import Answer, Mandate, PaymentGateway, SaleOrder, SaleResult
from models import (
    ATTEMPT_MOVES,
    ActorKind,
    AttemptState,
    AttemptTarget,
    Client,
    GatewayMode,
    Invoice,
    InvoiceState,
    MethodKind,
    PaymentAttempt,
    StoredMethod,
)
from workflows import demo_marks, settings
from workflows.actors import Actor
from workflows.billing import amounts, modes, request_keys, sums
from workflows.errors import N_, Conflict, Invalid, NotAllowed, WrongState
from workflows.locks import lock_client
from workflows.permissions import Permission

ZERO = Decimal(0)
#: an attempt that was sent this long ago and has no answer never gets one
LOST_AFTER = dt.timedelta(seconds=90)
#: an order that the gateway does not know was not charged only after so many looks and so much time
LEAST_LOOKS, LEAST_WAIT = 2, dt.timedelta(minutes=15)
#: how long a charge may turn up late
WATCH = dt.timedelta(days=2)
LONGEST_KEY = 80


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What is to be charged, as it was asked for."""

    submit_key: str
    targets: Sequence[tuple[Invoice, Decimal]]
    tip: Decimal = ZERO
    tip_note: str = ""
    method: StoredMethod | None = None
    nonce: str = ""
    kind: MethodKind = MethodKind.CARD
    store: bool = False
    allow_automatic: bool = False
    automatic: bool = False
    mandate: Mandate | None = None


def begin(client: Client, charge: Charge, *, actor: Actor, gateway: PaymentGateway) -> tuple[PaymentAttempt, bool]:
    """Write the intent down, or find the one that this form wrote before; True when it is new. The caller commits.

    Takes the client's lock; then, in this order: a key that was used finds its attempt and nothing else happens; the
    card, invoices, amounts and tip are checked against what is outstanding now; attempt and targets are written.
    """
    may_charge(client, actor)
    demo_marks.refuse_books(client)
    mode = _check_asked(charge, actor, gateway)
    lock_client(client.id)
    known = by_submit_key(charge.submit_key)
    if known is not None:
        if known.client_id != client.id:
            raise Conflict("sent_twice", N_("Open the page again, then pay."))
        return known, False
    if charge.method is not None:
        _check_method(charge.method, client, mode)
    targets = _check_targets(client, charge.targets)
    attempt = PaymentAttempt(
        client=client,
        submit_key=charge.submit_key,
        order_id=f"pay_{secrets.token_hex(12)}",
        request_key=request_keys.new(mode),
        amount=sum((amount for _invoice, amount in targets), ZERO) + charge.tip,
        tip_amount=charge.tip,
        tip_note=charge.tip_note.strip()[:255] if charge.tip else "",
        currency=money.currency(),
        mode=mode,
        via=actor.via,
        method=charge.method,
        nonce=charge.nonce,
        kind=charge.method.kind if charge.method else charge.kind,
        store_method=charge.store and charge.method is None,
        allow_automatic=charge.allow_automatic and charge.store and charge.method is None,
        three_d_secure=_three_d_secure(charge, actor),
        staff_id=actor.staff.id if actor.staff else None,
        client_login_id=actor.client_login.id if actor.client_login else None,
        is_automatic=charge.automatic,
        created_at=clock.now(),
        state=AttemptState.SENDING,
        targets=[AttemptTarget(invoice=invoice, amount=amount) for invoice, amount in targets],
    )
    try:
        with db.session.begin_nested():
            db.session.add(attempt)
    except IntegrityError as taken:
        raise _being_paid(targets[0][0]) from taken
    return attempt, True


def by_submit_key(key: str) -> PaymentAttempt | None:
    """The attempt that this form made."""
    return db.session.scalar(
        sa.select(PaymentAttempt).where(PaymentAttempt.submit_key == key).execution_options(populate_existing=True)
    )


def fresh(attempt_id: int) -> PaymentAttempt:
    """The attempt as it is in the database now, its row locked until the commit."""
    return db.session.scalars(
        sa.select(PaymentAttempt)
        .where(PaymentAttempt.id == attempt_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def order_of(attempt: PaymentAttempt) -> SaleOrder:
    """The charge as it goes to the gateway, from the stored row alone: a repeat is the identical request."""
    token = attempt.method.token if attempt.method is not None and not attempt.nonce else None
    return SaleOrder(
        order_id=attempt.order_id,
        amount=attempt.amount,
        currency=attempt.currency,
        request_key=attempt.request_key,
        payment_method_token=token,
        nonce=attempt.nonce or None,
        store_in_vault=attempt.store_method,
        customer_id=customer_id(attempt.client) if attempt.store_method else None,
        three_d_secure=attempt.three_d_secure,  # type: ignore[arg-type]  # one of the three words
    )


def customer_id(client: Client) -> str:
    """How the gateway knows this client: always the same, so that a lost answer makes no second customer."""
    return f"lk-{client.public_id}"


def state_of(result: SaleResult) -> AttemptState:
    """What an answer of the gateway makes of the attempt; without a transaction nothing has succeeded."""
    if result.answer is Answer.SUCCEEDED and result.transaction is None:
        return AttemptState.UNKNOWN
    return AttemptState(result.answer.value)


def move(attempt: PaymentAttempt, to: AttemptState, *, code: str = "", message: str = "") -> bool:
    """Give the attempt its next state; False when it has come further meanwhile, and nothing changed.

    Resolved: its invoices are free for other attempts. In every state but SENDING the one-time nonce is of no more use
    and wiped. UNKNOWN is looked at again in a minute, and what was not charged is watched for two days.
    """
    if to not in ATTEMPT_MOVES[attempt.state]:
        return False
    now = clock.now()
    attempt.state, attempt.nonce = to, ""
    attempt.code, attempt.message = code[:60], message[:255]
    attempt.next_look_at = None
    if to is AttemptState.UNKNOWN:
        attempt.next_look_at = now + dt.timedelta(minutes=1)
    else:
        attempt.resolved_at = now
        for target in attempt.targets:
            target.is_active = False
    if to is AttemptState.NOT_CHARGED:
        watch(attempt)
    db.session.flush()
    return True


def watch(attempt: PaymentAttempt) -> None:
    """Look at the gateway for two more days, seldom: a charge may turn up late, or twice."""
    now = clock.now()
    attempt.watch_until = now + WATCH
    attempt.next_look_at = now + dt.timedelta(minutes=30)


def active_on(invoice_ids: Sequence[int]) -> set[int]:
    """Which of these invoices a running or unclear attempt holds."""
    return set(
        db.session.scalars(
            sa.select(AttemptTarget.invoice_id).where(
                AttemptTarget.invoice_id.in_(invoice_ids), AttemptTarget.is_active
            )
        )
    )


# ------------------------------------------------------------------------------------------------------------ checks


def may_charge(client: Client, actor: Actor) -> None:
    """The client's own money moves by the client where that is switched on, by staff who may bill, or by the clock."""
    if actor.kind is ActorKind.SYSTEM:
        return
    if actor.client is not None and actor.client.id == client.id:
        if not (client.pays_online and settings.read()["portal.pay"]):
            raise NotAllowed("paying_off", N_("Payments online are switched off."))
        return
    if actor.is_client:
        raise NotAllowed("not_allowed", N_("Your account does not allow this."))
    actor.require(Permission.BILLING)


def _check_asked(charge: Charge, actor: Actor, gateway: PaymentGateway) -> GatewayMode:
    """What can be said without the database's present state; the gateway's mode."""
    mode = modes.of(gateway)
    if not gateway.takes(money.currency()):
        raise WrongState("currency", N_("Payments online are not set up for this currency."))
    if not charge.submit_key or len(charge.submit_key) > LONGEST_KEY:
        raise Invalid("no_key", N_("Open the page again, then pay."))
    if charge.tip:
        amounts.check(charge.tip, field="tip")
        if actor.is_client and not settings.read()["portal.tips"]:
            raise Invalid("tips_off", N_("Tips cannot be given at the moment."), field="tip")
    if charge.method is None:
        check_new_method(charge.kind, charge.nonce, actor=actor, mandate=charge.mandate)
        if charge.store:
            check_automatic(actor, wanted=charge.allow_automatic)
    return mode


def check_new_method(kind: MethodKind, nonce: str, *, actor: Actor, mandate: Mandate | None) -> None:
    """May a card or bank account that is not kept be used? Refused: none, switched off, a bank account unauthorised."""
    if not nonce:
        raise Invalid("no_method", N_("Choose a card or bank account."), field="method")
    values = settings.read()
    if kind is MethodKind.BANK:
        if not values["portal.bank_accounts"]:
            raise NotAllowed("banks_off", N_("Bank accounts are not accepted at the moment."))
        if money.currency() != "USD":
            raise Invalid("bank_currency", N_("Bank accounts can only be charged in US dollars."))
        if mandate is None or not mandate.text.strip():
            raise Invalid("no_mandate", N_("Agree to the authorization first."), field="mandate")
    elif actor.is_client and not values["portal.new_cards"]:
        raise NotAllowed("new_cards_off", N_("New cards are not accepted at the moment."))


def check_automatic(actor: Actor, *, wanted: bool) -> None:
    """May charges without asking again be allowed, or not allowed, by the owner's setting?"""
    mode = settings.read()["portal.automatic"]
    if wanted and mode == "off":
        raise NotAllowed("automatic_off", N_("Automatic payment is switched off."))
    if not wanted and mode == "required" and actor.is_client:
        raise Invalid(
            "automatic_required",
            N_("A card or bank account is kept only together with automatic payment."),
            field="allow_automatic",
        )


def _check_method(method: StoredMethod, client: Client, mode: GatewayMode) -> None:
    db.session.refresh(method)
    if method.client_id != client.id or method.removed_at is not None or method.mode is not mode:
        raise Invalid(
            "method_gone", N_("This card or bank account is no longer there. Choose another."), field="method"
        )
    if method.blocked_at is not None:
        raise WrongState("method_blocked", N_("The bank no longer allows debits of this account. Choose another way."))
    if not method.is_verified:
        raise WrongState("method_unverified", N_("This bank account is not confirmed yet."), field="method")
    if method.kind is MethodKind.BANK and not settings.read()["portal.bank_accounts"]:
        raise NotAllowed("banks_off", N_("Bank accounts are not accepted at the moment."))
    if is_expired(method):
        raise WrongState("method_expired", N_("This card has run out. Choose another."), field="method")


def is_expired(method: StoredMethod) -> bool:
    """A card whose month is over."""
    return bool(method.expires) and method.expires < f"{clock.today():%Y-%m}"


def _check_targets(client: Client, wanted: Sequence[tuple[Invoice, Decimal]]) -> list[tuple[Invoice, Decimal]]:
    """The invoices as they are now, with what is to be paid of each; nothing above what is outstanding."""
    ids = [invoice.id for invoice, _amount in wanted]
    if not ids or len(set(ids)) != len(ids):
        raise Invalid("no_invoice", N_("Choose what to pay."), field="invoices")
    now = {
        invoice.id: invoice
        for invoice in db.session.scalars(
            sa.select(Invoice).where(Invoice.id.in_(ids)).execution_options(populate_existing=True)
        )
    }
    owed, held = sums.invoice_sums(ids), active_on(ids)
    checked: list[tuple[Invoice, Decimal]] = []
    for invoice_id, (_stale, amount) in zip(ids, wanted, strict=True):
        invoice = now.get(invoice_id)
        if invoice is None or invoice.client_id != client.id:
            raise Invalid("other_client", N_("This invoice is another client's."))
        amounts.check(amount)
        if (refusal := refusal_of(invoice, owed[invoice_id].outstanding, is_held=invoice_id in held)) is not None:
            raise refusal
        if amount > owed[invoice_id].outstanding:
            raise Invalid(
                "more_than_owed",
                N_("That is more than invoice %(number)s still asks for."),
                field="amount",
                number=invoice.number,
            )
        checked.append((invoice, amount))
    return checked


def refusal_of(invoice: Invoice, outstanding: Decimal, *, is_held: bool) -> WrongState | Invalid | None:
    """Why an invoice cannot be paid now; None when it can."""
    if is_held:
        return _being_paid(invoice)
    if invoice.state is InvoiceState.PAID or (invoice.state is InvoiceState.OPEN and outstanding <= ZERO):
        return WrongState("invoice_paid", N_("Invoice %(number)s is paid already."), number=invoice.number)
    if invoice.state is not InvoiceState.OPEN:
        return WrongState("invoice_not_open", N_("Invoice %(number)s is not to be paid."), number=invoice.number or "")
    if invoice.currency != money.currency():
        return Invalid("other_currency", N_("Invoice %(number)s is in another currency."), number=invoice.number)
    return None


def _being_paid(invoice: Invoice) -> WrongState:
    return WrongState(
        "being_paid",
        N_("Invoice %(number)s is being paid at this moment. Wait until that payment is confirmed."),
        number=invoice.number,
    )


def _three_d_secure(charge: Charge, actor: Actor) -> str:
    """Only the cardholder can answer their bank: neither the office on the phone nor the clock."""
    kind = charge.method.kind if charge.method else charge.kind
    if kind is MethodKind.BANK or charge.automatic or not actor.is_client or actor.on_behalf:
        return "off"
    return str(settings.read()["payments.three_d_secure"])
