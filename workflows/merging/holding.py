"""Holding two records while they become one, or two again: the locks, what must not be under way, what is made anew."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from foundation.db import begin_writing, db
from models import (
    AttemptState,
    BulkKind,
    BulkRun,
    BulkState,
    Client,
    ClientContact,
    ClientLogin,
    Payment,
    PaymentAttempt,
    Pet,
    Refund,
    RefundState,
    SearchKind,
)
from workflows import search_index, vaccinations
from workflows.errors import N_, WorkflowError, WrongState
from workflows.locks import lock_clients
from workflows.merging.kinds import Kind

#: orders whose list has numbers of clients
_OF_CLIENTS = (BulkKind.INVITE, BulkKind.INVOICE, BulkKind.STATEMENT, BulkKind.MAILING)
_IN_SEARCH = {"client": SearchKind.CLIENT, "pet": SearchKind.PET, "vet": SearchKind.VET}


def hold(kind: Kind, stays_id: int, goes_id: int) -> tuple[Any, Any]:
    """Both records as they are now; nobody else changes them before the commit."""
    ids = [stays_id, goes_id]
    begin_writing()
    if kind.model is Client:
        lock_clients(ids)
    elif kind.model is Pet:
        lock_clients(db.session.scalars(sa.select(Pet.client_id).where(Pet.id.in_(ids))))
    rows = sa.select(kind.model).where(kind.model.id.in_(ids)).order_by(kind.model.id).with_for_update(of=kind.model)
    found = {r.id: r for r in db.session.scalars(rows.execution_options(populate_existing=True))}
    if not set(ids) <= set(found):
        raise WrongState("gone", N_("One of these records no longer exists."))
    return found[stays_id], found[goes_id]


def named(record: Any) -> tuple[str, str]:  # noqa: ANN401 -- a record of a kind
    """Its name, and the number of a client."""
    return str(record), record.account_number_grouped if isinstance(record, Client) else ""


def under_way(ids: Sequence[int]) -> WorkflowError | None:
    """Why nothing may change its client now: money that is moving, or an order that has these clients in its list."""
    attempts = sa.select(PaymentAttempt.client_id).where(
        PaymentAttempt.client_id.in_(ids), PaymentAttempt.state.in_([AttemptState.SENDING, AttemptState.UNKNOWN])
    )
    refunds = (
        sa.select(Payment.client_id)
        .join(Refund, Refund.payment_id == Payment.id)
        .where(Payment.client_id.in_(ids), Refund.state.in_([RefundState.PENDING, RefundState.UNKNOWN]))
    )
    if db.session.execute(attempts.union_all(refunds).limit(1)).first() is not None:
        return WrongState(
            "payment_under_way",
            N_("A payment or refund of one of them is still under way, or the gateway has not said what became of it. Merge them once that is settled."),
        )  # fmt: skip
    orders = sa.select(BulkRun).where(
        BulkRun.kind.in_(_OF_CLIENTS), BulkRun.state.in_([BulkState.WAITING, BulkState.RUNNING])
    )
    if any(set(ids) & set(run.wish.get("ids") or []) for run in db.session.scalars(orders)):
        return WrongState(
            "order_under_way",
            N_("An order about one of them (invoices, statements, invitations or a mail to many) is still being worked on. Merge them when it is done."),
        )  # fmt: skip
    return None


def put_right(kind: Kind, stays: Any, goes: Any) -> None:  # noqa: ANN401 -- as above
    """What is made of other rows is made anew."""
    search_index.renew(_IN_SEARCH[kind.name], [stays.id, goes.id])
    if kind.model is Pet:
        vaccinations.refresh(stays)
    if kind.model is not Client:
        return
    for entry, model in ((SearchKind.PET, Pet), (SearchKind.CONTACT, ClientContact)):
        search_index.renew(entry, db.session.scalars(sa.select(model.id).where(model.client_id == stays.id)))
    asked_again = sa.update(ClientLogin).where(ClientLogin.client_id == stays.id).values(agreed_epoch=0)
    db.session.execute(asked_again.execution_options(synchronize_session=False))
