"""Making one record of two: what stands against it, what would move, and doing it in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm.attributes import flag_modified

from foundation.db import Base, db
from models import (
    Client,
    MergedRecord,
    Pet,
)
from workflows import activity, merged, privacy, sign_ins
from workflows.actors import Actor
from workflows.errors import N_, Conflict, Invalid, WorkflowError, WrongState
from workflows.importing.undoing import snapshot
from workflows.merging import kinds, references, undoing
from workflows.merging.holding import hold, named, put_right, under_way
from workflows.merging.journal import Journal
from workflows.merging.kinds import KINDS, Compared, Kind
from workflows.permissions import Permission

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
    return under_way([stays.id, goes.id])


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
    histories of both say so; the search forgets the one that goes; what was moved and dropped is noted, so that it can be
    undone (`undoing`).

    Refused: one of them was changed since (Conflict "changed"); what `why_not` says; without the permission to archive
    clients (NotAllowed); values that a single edit refuses.
    """
    actor.require(Permission.CLIENTS)
    kind = KINDS[kind_name]
    stays, goes = hold(kind, stays_id, goes_id)
    if (problem := why_not(kind, stays, goes)) is not None:
        raise problem
    if (stays.version, goes.version) != versions:
        raise Conflict("changed", N_("Somebody changed one of these records meanwhile. Look at both again: your choices are still here."))  # fmt: skip
    compared = kinds.compare(kind, stays, goes)
    name, number = named(goes)
    journal, before = Journal(), (snapshot(stays), snapshot(goes))
    kind.change(stays, kinds.chosen(compared, choices), actor)
    changes = kinds.keep_own(kind, compared, choices, journal)
    if kind.model is Client:
        sign_ins.end_of_client(goes)
    db.session.flush()
    n_moved = {t: n for t, n in references.n_rows(kind.name, goes_id).items() if t not in {*privacy.BOOKS, *_DERIVED}}
    dropped = references.give(kind.name, goes_id, stays_id, journal)
    db.session.expire_all()
    for record in (stays, goes):
        db.session.refresh(record)
    _let_lead(kind, stays_id, goes_id, journal)
    for field, value in kind.away.items():
        setattr(goes, field, value)
    # Also where nothing else changed: whoever has one of the records open must notice.
    for record in (stays, goes):
        flag_modified(record, kind.fields[0])
    db.session.flush()
    put_right(kind, stays, goes)
    undoing.note(kind, stays, goes, journal, before=before, actor=actor)
    client = stays if kind.model is Client else stays.client if kind.model is Pet else None
    into, into_number = named(stays)
    activity.record("merged.in", actor=actor, subject=stays, client=client, name=name, number=number, moved=n_moved, dropped=dropped, changes=changes)  # fmt: skip
    activity.record("merged.away", actor=actor, subject=goes, client=client, name=into, number=into_number, of=name)
    db.session.flush()
    return stays


def _let_lead(kind: Kind, stays_id: int, goes_id: int, journal: Journal) -> None:
    """The old number leads to the record that stays, and so do those that led to the one that goes."""
    led = MergedRecord.record_type == kind.name, MergedRecord.into_id == goes_id
    journal.set(Base.metadata.tables["merged_record"], led, {"into_id": stays_id})
    db.session.add(MergedRecord(record_type=kind.name, record_id=goes_id, into_id=stays_id))
