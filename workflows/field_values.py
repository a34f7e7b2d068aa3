"""What was filled in: all values of a client, pet, staff member or report card, in the clear for the code and masked for the eye.

A field of the office's has a row of `FieldValue`; a field with a column is the column. Secrets are sealed in the row.
Kinds are in `field_kinds`, pages in `field_layout`, saving in `field_saving`.
"""

import datetime as dt
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as _field
from decimal import Decimal
from functools import cache

import sqlalchemy as sa

from foundation import clock, sealing
from foundation.among import among
from foundation.db import db
from models import (
    Client,
    CustomField,
    FieldArea,
    FieldKind,
    FieldProposal,
    FieldValue,
    Pet,
    ProposalState,
    ReportCard,
    Staff,
    StoredFile,
)
from workflows import activity, field_kinds
from workflows.actors import Actor
from workflows.errors import N_, Invalid
from workflows.field_kinds import FILES, SCALE, Owner, Value, kind_of
from workflows.field_layout import Layout
from workflows.permissions import Permission

#: how long clients read the office's no
ANSWER_SHOWN = dt.timedelta(days=30)
#: what stands in place of a secret whose key is gone
UNREADABLE = N_("Cannot be read: its key is missing.")


def area_of(owner: Owner) -> FieldArea:
    """Which pages are about it."""
    areas = {Client: FieldArea.CLIENT, Pet: FieldArea.PET, Staff: FieldArea.STAFF, ReportCard: FieldArea.REPORT}
    return areas[type(owner)]


def client_of(owner: Owner) -> Client | None:
    """The household whose log tells about it; None for staff."""
    if isinstance(owner, ReportCard):
        return owner.job.client
    return owner.client if isinstance(owner, Pet) else owner if isinstance(owner, Client) else None


def owner_column(owner: Owner) -> str:
    """The column of `FieldValue` that names it."""
    return f"{owner.__tablename__}_id"


@dataclass(frozen=True)
class Held:
    """A row with the file that it names."""

    row: FieldValue
    file: StoredFile | None


@dataclass(frozen=True)
class Values:
    """All values of one owner, as they were read."""

    owner: Owner
    held: Mapping[int, Held] = _field(default_factory=dict)
    #: what waits for the office's yes, by field
    pending: Mapping[int, FieldProposal] = _field(default_factory=dict)
    #: what the office said no to lately, by field
    declined: Mapping[int, FieldProposal] = _field(default_factory=dict)

    def of(self, field: CustomField) -> Value:
        """The value, secrets in the clear; None when it is not filled in, or cannot be read any more."""
        if field.column:
            return getattr(self.owner, field.column.partition(".")[2]) or None
        held = self.held.get(field.id)
        return None if held is None else _of_row(field, held)

    def proposed(self, field: CustomField) -> Value:
        """What a client proposed and the office has not decided yet; None without a proposal."""
        proposal = self.pending.get(field.id)
        return None if proposal is None else opened(field, proposal.facts.get("new"))

    def refused(self, field: CustomField) -> FieldProposal | None:
        """The office's no of the last weeks to what a client proposed; None when something new waits."""
        return None if self.is_pending(field) else self.declined.get(field.id)

    def is_pending(self, field: CustomField) -> bool:
        """Does a proposal wait for the office?"""
        return field.id in self.pending

    def is_unreadable(self, field: CustomField) -> bool:
        """Is there a secret whose key is gone?"""
        held = self.held.get(field.id)
        return held is not None and held.row.sealed is not None and self.of(field) is None

    def shown(self, field: CustomField, *, reveal: bool = False, translate: Callable[[str], str] = str) -> str:
        """The value in words, '' when it is not filled in; secrets masked unless revealed."""
        if self.is_unreadable(field):
            return translate(UNREADABLE)
        return field_kinds.shown(field, self.of(field), reveal=reveal, translate=translate)

    def answers(self, layout: Layout) -> dict[str, Collection[str]]:
        """As conditions compare them; for `Layout.asked`."""
        return {key: field_kinds.keys_of(self.of(placed.field)) for key, placed in layout.fields.items()}

    def asked(self, layout: Layout) -> frozenset[str]:
        """The fields (public ids) that are asked for, by what is filled in."""
        return layout.asked(self.answers(layout))


def read(owner: Owner, *, with_pending: bool = False) -> Values:
    """All values of an owner with one query, and proposals (waiting, or declined) with a second."""
    return read_many([owner], with_pending=with_pending)[owner.id]


def read_many(
    owners: Iterable[Owner], *, with_pending: bool = False, only: Collection[int] | None = None
) -> dict[int, Values]:
    """The same for many owners of one kind, by id; as many queries as for one. `only`: no other fields than these."""
    every = list(owners)
    if not every:
        return {}
    name, ids = owner_column(every[0]), [owner.id for owner in every]
    held: dict[int, dict[int, Held]] = {}
    rows = _rows_of(name)
    if only is not None:
        rows = rows.where(FieldValue.field_id.in_(only))
    for row, file in db.session.execute(rows, {"ids": ids}):
        held.setdefault(getattr(row, name), {})[row.field_id] = Held(row, file)
    pending: dict[int, dict[int, FieldProposal]] = {}
    declined: dict[int, dict[int, FieldProposal]] = {}
    if with_pending and name in {"client_id", "pet_id"}:
        proposals = sa.select(FieldProposal).where(
            sa.or_(
                FieldProposal.state == ProposalState.PENDING,
                sa.and_(
                    FieldProposal.state == ProposalState.DECLINED,
                    FieldProposal.decided_at >= clock.now() - ANSWER_SHOWN,
                ),
            )
        )
        if name == "client_id":
            proposals = proposals.where(FieldProposal.pet_id.is_(None))
        for proposal in db.session.scalars(
            proposals.where(getattr(FieldProposal, name).in_(ids)).order_by(FieldProposal.id)
        ):
            found = pending if proposal.state is ProposalState.PENDING else declined
            found.setdefault(getattr(proposal, name), {})[proposal.field_id] = proposal
    return {
        i: Values(owner, held.get(i, {}), pending.get(i, {}), declined.get(i, {}))
        for owner in every
        for i in (owner.id,)
    }


@cache
def _rows_of(name: str) -> sa.Select[FieldValue, StoredFile]:
    """Of the owners whose key stands in this column. Built once: to put it together takes longer than to answer it."""
    return (
        sa.select(FieldValue, StoredFile)
        .outerjoin(StoredFile, sa.and_(StoredFile.id == FieldValue.file_id, StoredFile.removed_at.is_(None)))
        .where(among(getattr(FieldValue, name), "ids"))
    )


def _of_row(field: CustomField, held: Held) -> Value:
    row, kind = held.row, kind_of(field)
    if row.sealed is not None:
        return _unsealed(field, row.sealed)
    if kind in FILES:
        return held.file
    if kind is FieldKind.NUMBER:
        return None if row.number is None else Decimal(row.number).scaleb(-4).normalize() + 0
    if kind is FieldKind.DATE:
        return row.on_date
    if kind in {FieldKind.YES_NO, FieldKind.TASK}:
        return row.yes
    if kind is FieldKind.MULTI_CHOICE:
        return tuple(row.keys or ()) or None
    return row.text or None


def of_row(field: CustomField, row: FieldValue) -> Value:
    """The value of a row that holds no file, a secret in the clear; None when its key is gone."""
    return _of_row(field, Held(row, None))


def put(row: FieldValue, field: CustomField, value: Value) -> None:
    """Write a value into its row: the column that its kind needs, or sealed; the others are emptied."""
    row.text = row.number = row.on_date = row.yes = row.keys = row.sealed = row.file_id = None
    if isinstance(value, StoredFile):
        row.file_id = value.id
    elif value is None:
        pass
    elif field.is_secret:
        row.sealed = sealing.seal(json.dumps(field_kinds.pack(value)))
    elif isinstance(value, bool):
        row.yes = value
    elif isinstance(value, Decimal):
        row.number = int(value * SCALE)
    elif isinstance(value, dt.date):
        row.on_date = value
    elif isinstance(value, tuple):
        row.keys = list(value)
    else:
        row.text = value


def closed(field: CustomField, value: Value) -> object:
    """The value as a proposal's facts keep it; a secret sealed."""
    packed = field_kinds.pack(value)
    return {"sealed": sealing.seal(json.dumps(packed))} if field.is_secret and packed is not None else packed


def opened(field: CustomField, kept: object) -> Value:
    """The value again; None when its key is gone."""
    return _unsealed(field, kept["sealed"]) if isinstance(kept, dict) else field_kinds.unpack(field, kept)


def _unsealed(field: CustomField, sealed: str) -> Value:
    try:
        return field_kinds.unpack(field, json.loads(sealing.unseal(sealed)))
    except sealing.UnreadableError:
        return None


# ------------------------------------------------------------------------------------------------------- secrets


def reveal(owner: Owner, fields: Iterable[CustomField], *, actor: Actor) -> dict[str, str]:
    """The secrets among these fields in the clear, by public id; each look is logged in the client's log.

    Refused with NotAllowed without the permission. Clients see their own in their portal; sitters' own window around
    their visits is another rule, which ends in `look`.
    """
    actor.require(Permission.SECRETS)
    return look(owner, (field for field in fields if field.is_secret), actor=actor)


def look(owner: Owner, fields: Iterable[CustomField], *, actor: Actor) -> dict[str, str]:
    """All these fields in the clear for who was let in by another rule: the caller has checked. Logged: who saw which
    field of whom. Refused with Invalid when there are none.
    """
    secrets = list(fields)
    if not secrets:
        raise Invalid("no_secret", N_("There is nothing hidden here."))
    values = read(owner)
    activity.record(
        "secret.seen",
        actor=actor,
        subject=owner,
        client=client_of(owner),
        name=str(owner),
        lines=[field.label for field in secrets],
    )
    db.session.flush()
    return {field.public_id: values.shown(field, reveal=True) for field in secrets}
