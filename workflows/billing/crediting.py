"""Credit that a client holds pays what they owe: by itself where the setting says so, or when the office asks for it."""

from decimal import Decimal

from models import Client
from workflows import activity, settings
from workflows.actors import Actor
from workflows.billing import allocations, attempts
from workflows.errors import N_, WrongState
from workflows.locks import lock_client
from workflows.permissions import Permission

ZERO = Decimal(0)


def pay_from_credit(client: Client, *, actor: Actor) -> Decimal:
    """Let all that the client holds pay their open invoices, due first first; how much was paid. Logged.

    Deposits go first, then notes, then payments, each oldest first; invoices of which a payment is under way are left
    alone. Refused: without the permission (NotAllowed), nothing to pay or to pay with (WrongState).
    """
    actor.require(Permission.BILLING)
    lock_client(client.id)
    paid = _spend(client, actor=actor)
    if not paid:
        raise WrongState("nothing_to_pay", N_("There is no credit, or no open invoice that it could pay."))
    return paid


def follow(client: Client, *, actor: Actor) -> Decimal:
    """Credit was freed: it pays what is open, if the setting says so; how much. The caller holds the client's lock."""
    return _spend(client, actor=actor) if settings.read()["billing.spend_credit"] else ZERO


def _spend(client: Client, *, actor: Actor) -> Decimal:
    invoices = allocations.open_invoices(client.id)
    held = attempts.active_on([i.id for i in invoices])
    made = allocations.spend_credit(client, actor=actor, invoices=[i for i in invoices if i.id not in held])
    paid = sum((row.amount for row in made), ZERO)
    if paid:
        activity.record(
            "credit.spent", actor=actor, client=client, amount=paid, n_invoices=len({r.invoice_id for r in made})
        )
    return paid
