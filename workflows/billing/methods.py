"""Cards and bank accounts that clients keep with the gateway: add, remove, the default one, automatic payment.

We have a token and what people recognise them by; no number ever comes here. Adding and removing ask the gateway with
no transaction open, so `add` and `remove` commit, as `paying` does.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from gateways import payments as gateways
from gateways.payments import Answer, GatewayProblem, Mandate, PaymentGateway, StoreResult
from models import (
    Client,
    ConsentKind,
    GatewayMode,
    MethodKind,
    NotificationKind,
    PaymentAttempt,
    StoredMethod,
)
from workflows import activity, notifications, settings
from workflows.actors import Actor
from workflows.billing import attempts, consents, modes
from workflows.errors import N_, Invalid, WrongState
from workflows.limits import Refusal
from workflows.locks import lock_client

log = logging.getLogger("latchkey.payments")
UNVERIFIED = N_("This bank account must be confirmed before it can be charged. Nothing was charged.")
#: what `verification` says of one that was removed here and is still to be forgotten by the gateway
TO_FORGET = "to_forget"
MOST_MANDATE = 4000


@dataclass(frozen=True)
class Customer:
    """A client as the gateway's vault knows them; read before the call, for no transaction may be open during it."""

    id: str
    first: str
    last: str
    email: str

    def make_known(self, gateway: PaymentGateway) -> None:
        """Tell the vault name and address; GatewayProblem when it cannot be asked."""
        gateway.ensure_customer(self.id, first=self.first, last=self.last, email=self.email)


def customer_of(client: Client) -> Customer:
    """What the gateway is told of a client."""
    return Customer(attempts.customer_id(client), client.first_name or "", client.last_name or "", client.email or "")


def require_no_transaction() -> None:
    """A transaction that is open while the gateway is asked would hold locks for half a minute: a bug."""
    if db.session().in_transaction():
        raise RuntimeError("a database transaction is open while the gateway is asked")


# ------------------------------------------------------------------------------------------------------------ adding


def add(
    client: Client,
    *,
    nonce: str,
    kind: MethodKind = MethodKind.CARD,
    make_default: bool = False,
    allow_automatic: bool = False,
    mandate_text: str = "",
    automatic_text: str = "",
    actor: Actor,
    gateway: PaymentGateway,
    address: str = "",
    device: str = "",
) -> StoredMethod:
    """Keep a card or bank account that the browser gave a nonce for. Commits.

    In this order: the gateway keeps (and checks) it, with no transaction open; the row, the first one or a wished one
    as the default; what was allowed, with its words, time and network address; the log; HOME when the client did it.
    A bank account may still have to be confirmed: `is_verified`. Refused: switched off, no authorization for a bank
    account, automatic payment that is mandatory and not allowed, or the gateway's own refusal (WorkflowError).
    """
    attempts.may_charge(client, actor)
    mode = modes.of(gateway)
    text = mandate_text.strip()[:MOST_MANDATE]
    mandate = Mandate(text=text, accepted_at=clock.now()) if kind is MethodKind.BANK and text else None
    attempts.check_new_method(kind, nonce, actor=actor, mandate=mandate)
    attempts.check_automatic(actor, wanted=allow_automatic)
    customer = customer_of(client)
    db.session.commit()
    result = ask_to_keep(customer, nonce, kind, mandate=mandate, gateway=gateway)
    if result.answer is not Answer.SUCCEEDED or result.method is None:
        raise Invalid(
            "method_refused", result.message or N_("This card or bank account was not accepted. Try another."),
            field="method",
        )  # fmt: skip
    lock_client(client.id)
    method = keep(client, result.method, mode=mode, actor=actor)
    allowed = {ConsentKind.BANK_MANDATE: mandate.text} if mandate is not None else {}
    if allow_automatic:
        method.allows_automatic = True
        allowed[ConsentKind.AUTOMATIC] = automatic_text or str(settings.read()["portal.automatic_text"])
    for allowed_kind, words in allowed.items():
        consents.give(client, allowed_kind, words, actor=actor, method=method, address=address, device=device)
    if make_default:
        _be_default(method)
    db.session.commit()
    return method


def ask_to_keep(
    customer: Customer, nonce: str, kind: MethodKind, *, mandate: Mandate | None, gateway: PaymentGateway
) -> StoreResult:
    """Have the gateway keep it; answers and never raises. An answer that is lost leaves at most a token that nobody uses."""
    require_no_transaction()
    try:
        customer.make_known(gateway)
        return gateway.store_method(customer.id, nonce, verify_card=kind is MethodKind.CARD, mandate=mandate)
    except GatewayProblem as problem:
        return StoreResult(answer=Answer.NOT_SENT, code=problem.code, message=problem.message)


def keep(client: Client, kept: gateways.MethodShown, *, mode: GatewayMode, actor: Actor) -> StoredMethod:
    """The row of what the gateway keeps, made or brought up to date; a client's first is the default. Logged."""
    method = db.session.scalar(
        sa.select(StoredMethod).where(StoredMethod.mode == mode, StoredMethod.token == kept.token)
    )
    is_new = method is None
    if method is None:
        method = StoredMethod(client=client, mode=mode, token=kept.token, kind=MethodKind(kept.kind))
        db.session.add(method)
    elif method.client_id != client.id:
        raise WrongState("method_of_other", N_("This card or bank account was not accepted. Try another."))
    method.brand, method.last4, method.expires = kept.brand[:120], kept.last4[-4:], kept.expires[:7]
    method.removed_at = None
    if isinstance(kept, gateways.StoredMethod):
        method.is_verified, method.verification = kept.verified, kept.verification_status[:40]
    db.session.flush()
    if not any(m.is_default for m in of_client(client.id, mode=mode)):
        _be_default(method)
    if is_new:
        activity.record("stored_method.added", actor=actor, subject=method, client=client, name=str(method))
        if actor.is_client:
            notifications.notify_office(NotificationKind.METHOD_CHANGED, client=client, about=[str(method)])
    return method


def keep_charged(attempt: PaymentAttempt, shown: gateways.MethodShown, *, actor: Actor) -> StoredMethod:
    """The card that a charge kept, with what the client allowed along with it."""
    method = keep(attempt.client, shown, mode=attempt.mode, actor=actor)
    if attempt.allow_automatic:
        method.allows_automatic = True
    consents.belong_to(attempt, method)
    return method


# ---------------------------------------------------------------------------------------------------------- changing


def remove(method: StoredMethod, *, actor: Actor, gateway: PaymentGateway) -> StoredMethod:
    """Take a card or bank account away. Commits; twice changes nothing.

    In this order: it can no longer be chosen or charged, what was allowed with it is taken back, the newest other one
    becomes the default; the log, HOME when the client did it; then the gateway forgets it, tonight if it is away now.
    """
    client = method.client
    attempts.may_charge(client, actor)
    lock_client(client.id)
    db.session.refresh(method)
    if method.removed_at is None:
        if method.allows_automatic:
            consents.give(client, ConsentKind.AUTOMATIC, "", actor=actor, method=method, is_given=False)
        if method.kind is MethodKind.BANK:
            consents.give(client, ConsentKind.BANK_MANDATE, "", actor=actor, method=method, is_given=False)
        _take_away(method)
        activity.record("stored_method.removed", actor=actor, subject=method, client=client, name=str(method))
        if actor.is_client:
            notifications.notify_office(NotificationKind.METHOD_CHANGED, client=client, about=[str(method)])
    db.session.commit()
    forget_removed(gateway, [method.id])
    return method


def _take_away(method: StoredMethod) -> None:
    method.removed_at, method.verification = clock.now(), TO_FORGET
    method.is_default = method.allows_automatic = False
    db.session.flush()
    others = of_client(method.client_id, mode=method.mode)
    if others and not any(m.is_default for m in others):
        _be_default(others[0])


def forget_removed(gateway: PaymentGateway, method_ids: Iterable[int] | None = None) -> int:
    """Have the gateway forget what was removed here; how many. Commits; those it does not answer for wait for the night."""
    mode = gateway.mode()
    if mode == "off":
        return 0
    query = sa.select(StoredMethod.id, StoredMethod.token).where(
        StoredMethod.verification == TO_FORGET,
        StoredMethod.removed_at.is_not(None),
        StoredMethod.mode == GatewayMode(mode),
    )
    if method_ids is not None:
        query = query.where(StoredMethod.id.in_(list(method_ids)))
    waiting = db.session.execute(query).all()
    db.session.commit()
    n_done = 0
    for method_id, token in waiting:
        try:
            gateway.delete_method(token)
        except GatewayProblem as problem:
            log.warning("the gateway could not forget a removed card or account now: %s", problem.code)
            continue
        db.session.execute(
            sa.update(StoredMethod)
            .where(StoredMethod.id == method_id, StoredMethod.removed_at.is_not(None))
            .values(verification="")
            .execution_options(synchronize_session=False)
        )
        db.session.commit()
        n_done += 1
    return n_done


def make_default(method: StoredMethod, *, actor: Actor) -> StoredMethod:
    """The one that is offered first and charged automatically. Refused for one that is removed or blocked."""
    attempts.may_charge(method.client, actor)
    lock_client(method.client_id)
    _require_there(method)
    if not method.is_default:
        _be_default(method)
        activity.record(
            "stored_method.made_default", actor=actor, subject=method, client=method.client, name=str(method)
        )
    return method


def set_automatic(
    method: StoredMethod, *, on: bool, actor: Actor, text: str = "", address: str = "", device: str = ""
) -> StoredMethod:
    """Allow or take back charges without asking again; the words, time and network address are kept. Logged.

    Refused: the owner switched it off (for allowing), or made it mandatory (for taking back: remove the card instead).
    """
    client = method.client
    attempts.may_charge(client, actor)
    lock_client(client.id)
    _require_there(method)
    if method.allows_automatic == on:
        return method
    attempts.check_automatic(actor, wanted=on)
    method.allows_automatic = on
    words = text or (str(settings.read()["portal.automatic_text"]) if on else "")
    consents.give(
        client, ConsentKind.AUTOMATIC, words, actor=actor, method=method, is_given=on, address=address, device=device
    )
    verb = "stored_method.automatic_on" if on else "stored_method.automatic_off"
    activity.record(verb, actor=actor, subject=method, client=client, name=str(method))
    db.session.flush()
    return method


def confirm_deposits(
    method: StoredMethod, cents: tuple[int, int], *, actor: Actor, gateway: PaymentGateway
) -> StoredMethod:
    """Confirm a bank account by the two small amounts that came in on it. Commits.

    Refused: amounts that are none or not right (Invalid); the gateway counts the tries.
    """
    client = method.client
    attempts.may_charge(client, actor)
    _require_there(method)
    if method.is_verified:
        return method
    if not all(isinstance(c, int) and 1 <= c <= 99 for c in cents):
        raise Invalid("bad_deposits", N_("Enter the two amounts in cents, from 1 to 99."), field="deposits")
    token = method.token
    db.session.commit()
    try:
        result = gateway.micro_deposits(token, cents)
    except GatewayProblem as problem:
        raise WrongState("gateway", problem.message) from problem
    if result.answer is not Answer.SUCCEEDED or result.method is None or not result.method.verified:
        raise Invalid(
            "deposits_wrong", result.message or N_("These are not the amounts. Look at your account again."),
            field="deposits",
        )  # fmt: skip
    lock_client(client.id)
    _require_there(method)
    method.is_verified, method.verification = True, result.method.verification_status[:40]
    activity.record("stored_method.confirmed", actor=actor, subject=method, client=client, name=str(method))
    db.session.commit()
    return method


def block(method: StoredMethod, reason: str) -> None:
    """The bank refused for good: it is not charged again. Under the client's lock."""
    if method.blocked_at is None:
        method.blocked_at, method.blocked_reason = clock.now(), reason[:255]
        method.is_default = method.allows_automatic = False
        db.session.flush()


def _require_there(method: StoredMethod) -> None:
    db.session.refresh(method)
    if method.removed_at is not None:
        raise WrongState("method_gone", N_("This card or bank account is no longer there. Choose another."))
    if method.blocked_at is not None:
        raise WrongState("method_blocked", N_("The bank no longer allows debits of this account. Choose another way."))


def _be_default(method: StoredMethod) -> None:
    """The only one of its client and mode. The others first: the index allows one at a time."""
    db.session.execute(
        sa.update(StoredMethod)
        .where(
            StoredMethod.client_id == method.client_id,
            StoredMethod.mode == method.mode,
            StoredMethod.is_default,
            StoredMethod.id != method.id,
        )
        .values(is_default=False, version=StoredMethod.version + 1)
        .execution_options(synchronize_session="fetch")
    )
    method.is_default = True
    db.session.flush()


# ----------------------------------------------------------------------------------------------------------- reading


def of_client(client_id: int, *, mode: GatewayMode | None = None) -> list[StoredMethod]:
    """What a client keeps with the present gateway, the default first, then the newest."""
    at = mode or modes.current()
    if at is None:
        return []
    return list(db.session.scalars(_OF_CLIENT, {"client_id": client_id, "at": at}))


# Built once: putting a statement together takes longer than the database takes to answer it.
_OF_CLIENT = (
    sa.select(StoredMethod)
    .where(
        StoredMethod.client_id == sa.bindparam("client_id"),
        StoredMethod.mode == sa.bindparam("at"),
        StoredMethod.removed_at.is_(None),
    )
    .order_by(StoredMethod.is_default.desc(), StoredMethod.id.desc())
)


def usable(client_id: int) -> list[StoredMethod]:
    """Those that can be charged now."""
    return [m for m in of_client(client_id) if m.is_verified and m.blocked_at is None and not attempts.is_expired(m)]


def needs_card(client: Client) -> bool:
    """Must this client keep a card or bank account before the next request is sent?"""
    values = settings.read()
    if not (values["portal.method_required"] and values["portal.pay"] and client.pays_online):
        return False
    if not ((values["portal.cards"] and values["portal.new_cards"]) or values["portal.bank_accounts"]):
        return False  # nobody can be asked for what they cannot give
    return modes.current() is not None and not usable(client.id)


def preferred_kind() -> MethodKind:
    """What is offered first: bank accounts where the owner prefers them and they are on, else cards."""
    values = settings.read()
    banks = values["payments.prefer_bank"] and values["portal.bank_accounts"]
    return MethodKind.BANK if banks else MethodKind.CARD


METHOD_REQUIRED = Refusal(
    "method_required", N_("Before you send a request, please add a card or bank account that we may charge."), {}
)
