"""Making one record of two: what stands against it, what would move, and doing it in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import flag_modified

from foundation.db import begin_writing, db
from models import (
    AttemptState,
    BulkKind,
    BulkRun,
    BulkState,
    Client,
    ClientContact,
    ClientLogin,
    MergedRecord,
    Payment,
    PaymentAttempt,
    Pet,
    Refund,
    RefundState,
    SearchKind,
)
from workflows import activity, merged, privacy, search_index, sign_ins, vaccinations
from workflows.actors import Actor
from workflows.errors import N_, Conflict, Invalid, WorkflowError, WrongState
from workflows.locks import lock_clients
from workflows.merging import kinds, references
from workflows.merging.kinds import KINDS, Compared, Kind
from workflows.permissions import Permission

#: orders whose list has numbers of clients
_OF_CLIENTS = (BulkKind.INVITE, BulkKind.INVOICE, BulkKind.STATEMENT, BulkKind.MAILING)
_IN_SEARCH = {"client": SearchKind.CLIENT, "pet": SearchKind.PET, "vet": SearchKind.VET}
#: follows from other rows, so it is nothing that moves
_DERIVED = frozenset({"search_entry", "sign_in"})


@dataclass(frozen=True)
class Look:
    """What merging two records would come to."""

    compared: Compared
    #: table -> rows that would move
    moves: Mapping[str, int]
    #: why it cannot be done now
    stands_against: WorkflowError | None


def look(kind: Kind, stays: Any, goes: Any, *, actor: Actor) -> Look:  # noqa: ANN401 -- a record of the kind
    """Both records side by side, and what would move; a fixed number of queries.

    Who may not see invoices is told nothing of the books: neither how many rows nor which. Refused with NotAllowed
    without the permission to archive clients.
    """
    actor.require(Permission.CLIENTS)
    hidden = _DERIVED if actor.may(Permission.BILLING) else _DERIVED | set(privacy.BOOKS)
    moves = {t: n for t, n in references.n_rows(kind.name, goes.id).items() if t not in hidden}
    return Look(kinds.compare(kind, stays, goes), moves, why_not(kind, stays, goes))


def why_not(kind: Kind, stays: Any, goes: Any) -> WorkflowError | None:  # noqa: ANN401 -- as above
    """What stands against merging these two now."""
    if stays.id == goes.id:
        return Invalid("same", N_("These are not two records, but one and the same."))
    for record in (stays, goes):
        if merged.leads_to(kind.name, record.id) is not None:
            return WrongState("merged", N_("%(name)s was merged with another record already."), name=str(record))
    if kind.model is Pet and stays.client_id != goes.client_id:
        return Invalid("other_client", N_("These pets belong to different clients. Merge the clients first."))
    return _why_not_clients(stays, goes) if kind.model is Client else None


def _why_not_clients(stays: Client, goes: Client) -> WorkflowError | None:
    for client in (stays, goes):
        if client.erased_at is not None:
            return WrongState(
                "erased", N_("The data of one of these clients were erased; such a record stays as it is.")
            )
    ids = [stays.id, goes.id]
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


def merge(
    kind_name: str, stays_id: int, goes_id: int, choices: Mapping[str, str], *, versions: tuple[int, int], actor: Actor
) -> Any:  # noqa: ANN401 -- a record of the kind
    """Make one record of two; gives the one that stays.

    `choices` says for each key of `kinds.compare` whose value counts; `versions` are those of both records that the
    person saw. In this order, holding both (and the household of a pet): the values that were chosen are saved by the
    rules of a single edit and logged old to new; the household that goes is signed out; everything that names the
    record that goes names the one that stays (`references.give`): issued invoices, payments and the books change the
    account that they stand on and no amount; log-ins open the client who stays, and are asked again what they have not
    accepted there; the record that goes is archived (a pet or practice made inactive) and leads to the other; the
    histories of both say so; the search forgets the one that goes.

    Refused: one of them was changed since (Conflict "changed"); what `why_not` says; without the permission to archive
    clients (NotAllowed); values that a single edit refuses.
    """
    actor.require(Permission.CLIENTS)
    kind = KINDS[kind_name]
    stays, goes = _hold(kind, stays_id, goes_id)
    if (problem := why_not(kind, stays, goes)) is not None:
        raise problem
    if (stays.version, goes.version) != versions:
        raise Conflict("changed", N_("Somebody changed one of these records meanwhile. Look at both again: your choices are still here."))  # fmt: skip
    compared = kinds.compare(kind, stays, goes)
    name, number = _named(goes)
    kind.change(stays, kinds.chosen(compared, choices), actor)
    changes = kinds.keep_own(kind, compared, choices)
    if kind.model is Client:
        sign_ins.end_of_client(goes)
    db.session.flush()
    n_moved = {t: n for t, n in references.n_rows(kind.name, goes_id).items() if t not in {*privacy.BOOKS, *_DERIVED}}
    dropped = references.give(kind.name, goes_id, stays_id)
    db.session.expire_all()
    for record in (stays, goes):
        db.session.refresh(record)
    _let_lead(kind, stays_id, goes_id)
    for field, value in kind.away.items():
        setattr(goes, field, value)
    # Also where nothing else changed: whoever has one of the records open must notice.
    for record in (stays, goes):
        flag_modified(record, kind.fields[0])
    db.session.flush()
    _put_right(kind, stays, goes)
    client = stays if kind.model is Client else stays.client if kind.model is Pet else None
    into, into_number = _named(stays)
    activity.record("merged.in", actor=actor, subject=stays, client=client, name=name, number=number, moved=n_moved, dropped=dropped, changes=changes)  # fmt: skip
    activity.record("merged.away", actor=actor, subject=goes, client=client, name=into, number=into_number, of=name)
    db.session.flush()
    return stays


def _hold(kind: Kind, stays_id: int, goes_id: int) -> tuple[Any, Any]:
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


def _named(record: Any) -> tuple[str, str]:  # noqa: ANN401 -- as above
    return str(record), record.account_number_grouped if isinstance(record, Client) else ""


def _let_lead(kind: Kind, stays_id: int, goes_id: int) -> None:
    """The old number leads to the record that stays, and so do those that led to the one that goes."""
    led = sa.update(MergedRecord).where(MergedRecord.record_type == kind.name, MergedRecord.into_id == goes_id)
    db.session.execute(led.values(into_id=stays_id).execution_options(synchronize_session=False))
    db.session.add(MergedRecord(record_type=kind.name, record_id=goes_id, into_id=stays_id))


def _put_right(kind: Kind, stays: Any, goes: Any) -> None:  # noqa: ANN401 -- as above
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
