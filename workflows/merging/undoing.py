"""Undoing a merge: what was moved is given back, as long as nothing stands against it.

For `KEEP` after the merge, what it moved, changed and dropped stands in a `MergeNote`. What happened since is not undone: a
value that was changed again, a row that was deleted and one that was added stay where they are. Only what was added to
something that goes back, and to nothing else, goes with it: a visit of a pet that goes back, a payment of its invoice.
"""

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from foundation import clock
from foundation.db import Base, begin_writing, db
from models import Client, MergedRecord, MergeNote, Pet
from workflows import activity, merged, privacy, records, sign_ins
from workflows.actors import Actor
from workflows.errors import N_, Conflict, Invalid, WorkflowError, WrongState
from workflows.importing.undoing import snapshot, value_of
from workflows.merging import ties
from workflows.merging.holding import hold, named, put_right, under_way
from workflows.merging.journal import Journal, kept, put_back, still
from workflows.merging.kinds import KINDS, Kind
from workflows.permissions import Permission

KEEP = dt.timedelta(days=30)
#: notes that a page shows
MOST = 50
#: nothing that anybody would count
_ASIDE = frozenset({"search_entry", "sign_in", "merged_record", "merge_note", "posting_line"})


@dataclass(frozen=True)
class Noted:
    """A merge that may still be undone, with its two records."""

    note: MergeNote
    stays: Any
    goes: Any


@dataclass(frozen=True)
class Look:
    """What undoing a merge would come to."""

    #: table -> rows that go back
    back: Mapping[str, int]
    #: table -> rows added since that go with them
    along: Mapping[str, int]
    #: table -> rows added since that stay
    added: Mapping[str, int]
    #: table -> rows that were deleted or moved on since, and stay so
    left: Mapping[str, int]
    #: columns of the record that stays whose values come back, and those that were changed since
    values: Sequence[str]
    kept: Sequence[str]
    #: (table, name) of what belongs to both by now
    between: Sequence[tuple[str, str]]
    stands_against: WorkflowError | None

    @property
    def mark(self) -> str:
        """Differs when something changed since it was looked at."""
        facts = [self.back, self.along, self.added, self.left, self.values, self.kept, self.between]
        return hashlib.sha256(json.dumps(facts, sort_keys=True, default=dict).encode()).hexdigest()[:32]


def note(
    kind: Kind, stays: Any, goes: Any, journal: Journal, *, before: tuple[dict[str, Any], dict[str, Any]], actor: Actor  # noqa: ANN401 -- records of the kind
) -> None:  # fmt: skip
    """Keep what a merge did, in its transaction; `before` are both records as they were."""
    values = {
        side: {k: [old[k], new[k]] for k in old if old[k] != new[k]}
        for side, old, new in (("stays", before[0], snapshot(stays)), ("goes", before[1], snapshot(goes)))
    }
    owner = stays.id if kind.model is Client else stays.client_id if kind.model is Pet else None
    db.session.add(
        MergeNote(
            record_type=kind.name, record_id=goes.id, into_id=stays.id, client_id=owner, staff_name=actor.name[:255],
            staff_id=actor.staff.id if actor.staff else None, merged_at=clock.now(),
            facts={"steps": journal.steps, "values": values, "high": ties.high_water() if kind.model is Client else {}},
        )
    )  # fmt: skip
    db.session.flush()


def noted(kind: str, *, into: int | None = None) -> list[Noted]:
    """The newest merges of a kind, or into one record, that may still be undone. Two queries."""
    model = KINDS[kind].model
    wanted = sa.select(MergeNote).where(MergeNote.record_type == kind, MergeNote.merged_at > clock.now() - KEEP)
    if into is not None:
        wanted = wanted.where(MergeNote.into_id == into)
    wanted = wanted.options(sa.orm.defer(MergeNote.facts)).order_by(MergeNote.id.desc()).limit(MOST)
    notes = list(db.session.scalars(wanted))
    ids = {i for n in notes for i in (n.record_id, n.into_id)}
    rows = sa.select(model).where(model.id.in_(ids))
    if model is Pet:
        rows = rows.options(sa.orm.joinedload(Pet.client))
    there = {r.id: r for r in db.session.scalars(rows)} if ids else {}
    return [Noted(n, there[n.into_id], there[n.record_id]) for n in notes if {n.into_id, n.record_id} <= set(there)]


def forget_old() -> int:
    """Drop the notes of merges that are older than `KEEP`; how many. The nightly task calls it."""
    result = db.session.execute(sa.delete(MergeNote).where(MergeNote.merged_at <= clock.now() - KEEP))
    return int(getattr(result, "rowcount", 0))


def look(found: MergeNote, *, actor: Actor) -> Look:
    """What undoing this merge would give back, what stays, and what stands against it. A fixed number of queries.

    Who may not see invoices is told nothing of the books. Refused with NotAllowed without the permission to archive clients.
    """
    actor.require(Permission.CLIENTS)
    return _shown(_look(found)[0], actor)


def _shown(seen: Look, actor: Actor) -> Look:
    hidden = _ASIDE if actor.may(Permission.BILLING) else _ASIDE | set(privacy.BOOKS)

    def told(part: Mapping[str, int]) -> dict[str, int]:
        return {t: n for t, n in part.items() if t not in hidden}

    return replace(
        seen, back=told(seen.back), along=told(seen.along), added=told(seen.added), left=told(seen.left),
        between=[(t, name if t not in hidden else "") for t, name in seen.between],
    )  # fmt: skip


def undo(kind_name: str, goes_id: int, *, mark: str, actor: Actor) -> Any:  # noqa: ANN401 -- a record of the kind
    """Make two records again of one; gives the one that comes back.

    `mark` is that of the `look` which the person saw. In this order, holding both records (and the household of a pet):
    what the merge moved names the record that comes back again, what it dropped is there again, what was added to that
    since goes with it; values of the record that stays are as before where nobody changed them since; the one that comes
    back is as active as it was, and leads nowhere; the household of a client who comes back is signed out, so that nobody
    goes on in the wrong one; a log-in that was dropped comes back without password and second factor; the histories of
    both say so.

    Refused: it was undone already, or is older than `KEEP` (WrongState "no_note"); what `look` says stands against it;
    something changed since it was looked at (Conflict "changed"); without the permission to archive clients (NotAllowed).
    """
    actor.require(Permission.CLIENTS)
    kind, gone = (
        KINDS[kind_name],
        WrongState("no_note", N_("This merge was undone already, or it can be undone no more.")),
    )
    begin_writing()
    into = db.session.scalar(_note_of(kind_name, goes_id).with_only_columns(MergeNote.into_id))
    if into is None:
        raise gone
    stays, goes = hold(kind, into, goes_id)
    found = db.session.scalar(_note_of(kind_name, goes_id).with_for_update().execution_options(populate_existing=True))
    if found is None or found.into_id != into:
        raise gone
    seen, along = _look(found)
    if seen.stands_against is not None:
        raise seen.stands_against
    if _shown(seen, actor).mark != mark:
        raise Conflict("changed", N_("Something changed meanwhile. Look at it again: this is what undoing the merge comes to now."))  # fmt: skip
    try:
        with db.session.begin_nested():
            n_back = _give_back(kind, found, stays, goes, along=along, actor=actor)
    except sa.exc.IntegrityError as problem:
        raise WrongState("contradicts", N_("What happened since the merge contradicts it by now, so it stays.")) from problem  # fmt: skip
    client = {Client: stays, Pet: getattr(stays, "client", None)}.get(kind.model)
    moved = {t: n for t, n in n_back.items() if t not in {*privacy.BOOKS, *_ASIDE} and n}
    name, number = named(goes)
    activity.record("merged.undone", actor=actor, subject=stays, client=client, name=name, number=number, moved=moved)
    own = goes if kind.model is Client else client
    activity.record("merged.back", actor=actor, subject=goes, client=own, name=named(stays)[0], number=named(stays)[1], of=name, into=stays.id)  # fmt: skip
    db.session.flush()
    return goes


def _note_of(kind: str, goes_id: int) -> sa.Select[MergeNote]:
    since = clock.now() - KEEP
    return sa.select(MergeNote).where(MergeNote.record_type == kind, MergeNote.record_id == goes_id, MergeNote.merged_at > since)  # fmt: skip


def find(kind: str, goes_id: int) -> Noted | None:
    """The merge that put this record away, while it may still be undone."""
    found = db.session.scalar(_note_of(kind, goes_id))
    if found is None:
        return None
    stays, goes = (db.session.get(KINDS[kind].model, i) for i in (found.into_id, goes_id))
    return Noted(found, stays, goes) if stays is not None and goes is not None else None


# ------------------------------------------------------------------------------------------------------- looking


def _look(found: MergeNote) -> tuple[Look, Mapping[str, Sequence[int]]]:
    """What would happen, and the rows added since that go along."""
    kind, steps = KINDS[found.record_type], found.facts["steps"]
    stays, goes = (db.session.get_one(kind.model, i) for i in (found.into_id, found.record_id))
    back, left = Counter[str](), Counter[str]()
    gives: dict[str, set[Any]] = {}
    for step in steps:
        if "rows" in step:
            back[step["table"]] += len(step["rows"])
        elif _gives(kind, step):
            there = still(step, found.merged_at)
            back[step["table"]] += len(there)
            left[step["table"]] += len(step["keys"]) - len(there)
            if not isinstance(next(iter(there), None), list):
                gives.setdefault(step["table"], set()).update(there)
    values, changed = _values(found, stays)
    hung = ties.Ties()
    if kind.model is Client:
        hung = ties.find(
            stays.id, gives, high=found.facts["high"], since=found.merged_at, loosens=_loosened(kind, steps)
        )
    between = [(table, _name(table, key)) for table, key in hung.between]
    seen = Look(
        back=+back, along={t: len(ids) for t, ids in hung.along.items()}, added=dict(hung.added), left=+left,
        values=sorted(values), kept=sorted(changed), between=between,
        stands_against=_why_not(kind, stays, goes, between),
    )  # fmt: skip
    return seen, hung.along


def _gives(kind: Kind, step: Mapping[str, Any]) -> bool:
    """Does this step move rows from the one record to the other? (Not: a flag, or what leads elsewhere.)"""
    loose = {("comment", "subject_id"), ("imported_record", "record_id")}
    table = Base.metadata.tables[step["table"]]
    return any(
        (table.name, c) in loose or any(k.column.table.name == kind.name for k in table.c[c].foreign_keys) for c in step["new"]
    )  # fmt: skip


def _loosened(kind: Kind, steps: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401 -- a function
    """Which columns of which rows lead elsewhere again afterwards: those of two baskets that lie in one until it is sent."""
    loose = {
        (s["table"], key, c)
        for s in steps
        if "keys" in s and not _gives(kind, s)
        for key in s["keys"]
        if not isinstance(key, list)
        for c in s["new"]
    }
    sent = _sent_baskets(steps)
    return lambda table, key, column: not sent and (table, key, column) in loose


def _sent_baskets(steps: Sequence[Mapping[str, Any]]) -> bool:
    ids = {s["new"]["request_id"] for s in steps if "request_id" in s.get("new", {})}
    request = Base.metadata.tables["job_request"]
    sent = sa.select(request.c.id).where(request.c.id.in_(ids), request.c.submitted_at.is_not(None))
    return bool(ids) and db.session.scalar(sent.limit(1)) is not None


def _why_not(kind: Kind, stays: Any, goes: Any, between: Sequence[object]) -> WorkflowError | None:  # noqa: ANN401 -- records of the kind
    if merged.leads_to(kind.name, stays.id) is not None:
        return WrongState(
            "merged", N_("%(name)s was merged with another record since. Undo that first."), name=str(stays)
        )
    if kind.model is Pet and stays.client_id != goes.client_id:
        return Invalid("other_client", N_("These pets belong to different clients by now."))
    if kind.model is Client and (problem := under_way([stays.id, goes.id])) is not None:
        return problem
    if between:
        return WrongState(
            "between", N_("Things of both belong together by now. Take them apart first, then undo the merge.")
        )
    return None


def _values(found: MergeNote, stays: Any) -> tuple[dict[str, Any], list[str]]:  # noqa: ANN401 -- as above
    """The values that the record that stays gets again, and the columns that somebody changed since."""
    now = snapshot(stays)
    noted_values = found.facts["values"]["stays"]
    same = {k: old for k, (old, new) in noted_values.items() if k in now and now[k] == new}
    return same, [k for k in noted_values if k in now and k not in same]


def _name(table: str, key: Any) -> str:  # noqa: ANN401 -- a number, or several
    models = {m.class_.__tablename__: m.class_ for m in Base.registry.mappers}
    record = db.session.get(models[table], key) if table in models else None
    return str(record) if record is not None and "object at" not in str(record) else ""


# --------------------------------------------------------------------------------------------------- giving back


def _give_back(
    kind: Kind, found: MergeNote, stays: Any, goes: Any, *, along: Mapping[str, Sequence[int]], actor: Actor  # noqa: ANN401 -- as above
) -> Counter[str]:  # fmt: skip
    values, _kept = _values(found, stays)
    away, steps = found.facts["values"]["goes"], found.facts["steps"]
    db.session.execute(sa.delete(MergedRecord).where(MergedRecord.record_type == kind.name, MergedRecord.record_id == goes.id))  # fmt: skip
    n_back = put_back(steps, found.merged_at)
    for name, ids in along.items():
        table = kept(name)
        moved = sa.update(table).where(table.c.client_id == stays.id, table.c.id.in_(ids)).values(client_id=goes.id)
        db.session.execute(moved)
    db.session.delete(found)
    db.session.flush()
    db.session.expire_all()
    owner = stays if kind.model is Client else getattr(stays, "client", None)
    records.change(stays, {k: value_of(stays, k, v) for k, v in values.items() if _is_there(stays, k, v)}, actor=actor, client=owner)  # fmt: skip
    now = snapshot(goes)
    for column, (old, new) in away.items():
        if now.get(column) == new:
            setattr(goes, column, value_of(goes, column, old))
    db.session.flush()
    if kind.model is Client:
        sign_ins.end_of_client(goes)
    put_right(kind, stays, goes)
    put_right(kind, goes, stays)
    db.session.flush()
    return n_back


def _is_there(record: Base, column: str, value: Any) -> bool:  # noqa: ANN401 -- a plain value
    """A value that names another record (a sitter, a practice) comes back only while that one is there."""
    keys = record.__table__.c[column].foreign_keys if column in record.__table__.c else ()
    return value is None or all(
        db.session.scalar(sa.select(k.column).where(k.column == value)) is not None for k in keys
    )
