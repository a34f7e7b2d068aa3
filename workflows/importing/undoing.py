"""Taking an import back: what it made goes unless something hangs on it, what it changed gets its old values.

What the office changed since then is not overwritten: it stays, and its row says why.
"""

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import sqlalchemy as sa

from foundation import clock
from foundation.db import Base, db
from foundation.inserting import Written
from foundation.types import Money, UTCDateTime
from models import ImportedRecord, ImportRow, ImportRun, ImportState, RowOutcome
from workflows import activity, records
from workflows.actors import Actor
from workflows.errors import N_, WorkflowError
from workflows.importing import runs
from workflows.importing.kind import Kind, hanging
from workflows.importing.kinds import KINDS

PIECE = 200
_PLAIN = frozenset({str, int, bool})
#: columns that are no facts of the record
_ASIDE = frozenset({"id", "public_id", "created_at", "version", "last_seen_at"})


def snapshot(record: Base | Written) -> dict[str, Any]:
    """A record's facts as plain values; amounts are written one way, however many decimals the column adds."""
    # Straight from what is loaded: the attributes' own way took a tenth of an import.
    if isinstance(record, Written):
        return {k: _plain(record.values[k]) for k in _facts_of(record.model)}
    own = vars(record)
    return {k: _plain(own[k] if k in own else getattr(record, k)) for k in _facts_of(type(record))}


@cache
def _facts_of(model: type[Base]) -> tuple[str, ...]:
    return tuple(p.key for p in sa.inspect(model).column_attrs if p.columns[0].key not in _ASIDE)


def _plain(value: Any) -> Any:  # noqa: ANN401 -- whatever a column holds
    if value is None or type(value) in _PLAIN:
        return value
    return f"{value.normalize():f}" if isinstance(value, Decimal) else activity.plain(value)


def value_of(record: Base, name: str, plain: Any) -> Any:  # noqa: ANN401 -- whatever the column holds
    """A plain value as the column wants it."""
    if plain is None:
        return None
    kind = sa.inspect(type(record)).column_attrs[name].columns[0].type
    if isinstance(kind, sa.Enum) and kind.enum_class is not None:
        member: enum.Enum = kind.enum_class(plain)
        return member
    readers: tuple[tuple[Any, Any], ...] = (
        ((Money, sa.Numeric), Decimal), ((UTCDateTime, sa.DateTime), dt.datetime.fromisoformat),
        (sa.Date, dt.date.fromisoformat), (sa.Time, dt.time.fromisoformat),
    )  # fmt: skip
    for types, read in readers:
        if isinstance(kind, types) and not isinstance(kind, sa.Float):
            return read(plain)
    return plain


def piece(run: ImportRun, *, actor: Actor, before: int | None = None) -> int | None:
    """Take the next rows back, the last ones first, in the caller's transaction.

    The line that it came to: the next piece is told to begin `before` it, else it walks over all that is undone. None
    when nothing is left.
    """
    rows = db.session.scalars(
        sa.select(ImportRow)
        .where(
            ImportRow.run_id == run.id, *([ImportRow.number < before] if before is not None else []), ImportRow.outcome != RowOutcome.ERROR,
            ImportRow.is_undone.is_(False), ImportRow.kept_why == "",
        )
        .order_by(ImportRow.number.desc())
        .limit(PIECE)
    ).all()  # fmt: skip
    if not rows and before is not None:
        return piece(run, actor=actor)
    if not rows:
        runs.move(run, ImportState.UNDONE)
        run.undone_at = clock.now()
        db.session.flush()
        return None
    kind = KINDS[run.kind](str(run.reading.get("source") or ""))
    ids = [r.record_id for r in rows if r.record_id is not None]
    found = kind.load(ids)
    new = [found[r.record_id] for r in rows if r.outcome is RowOutcome.NEW and r.record_id in found]
    blocked = kind.blocked(new)
    flags = set(db.session.info)
    gone = _removed_at_once(kind, [r for r in rows if r.record_id not in blocked], found, actor)
    for row in rows:
        if row.id not in gone:
            _take_back(kind, row, found.get(row.record_id or 0), blocked, actor)
    for flag in set(db.session.info) - flags:
        if flag.startswith("nudge_"):
            db.session.info.pop(flag)
    _remove_made([r for r in rows if r.is_undone], actor)
    _forget_marks(kind, [r for r in rows if r.is_undone])
    run.n_done += len(rows)
    db.session.flush()
    return rows[-1].number


def _removed_at_once(kind: Kind, rows: Sequence[ImportRow], found: Mapping[int, Any], actor: Actor) -> set[int]:
    """Take away together what was made and is as it was, and on which nothing hangs; the rows that this settled.

    Where one of them cannot go after all, none goes, and each is tried for itself.
    """
    if type(kind).remove is not Kind.remove:
        return set()
    made = [r for r in rows if r.outcome is RowOutcome.NEW and r.record_id in found]
    made = [r for r in made if _is_as_made(r, found[r.record_id or 0])]
    if not made:
        return set()
    try:
        with db.session.begin_nested():
            records.remove_many(list({id(x): x for x in (found[r.record_id or 0] for r in made)}.values()), actor=actor)
    except sa.exc.IntegrityError:
        return set()
    for row in made:
        row.is_undone = True
    return {row.id for row in made}


def _is_as_made(row: ImportRow, record: Base) -> bool:
    now = snapshot(record)
    return all(now[k] == new for k, (_old, new) in _facts(row).items() if k in now)


def _take_back(kind: Kind, row: ImportRow, record: Any, blocked: Mapping[int, str], actor: Actor) -> None:  # noqa: ANN401 -- of the kind's model
    if record is None:  # somebody deleted it already
        row.is_undone = True
        return
    try:
        with db.session.begin_nested():
            why = (
                _remove(kind, row, record, blocked, actor)
                if row.outcome is RowOutcome.NEW
                else _restore(row, record, actor)
            )
            db.session.flush()
    except (WorkflowError, sa.exc.IntegrityError) as problem:
        why = problem.say() if isinstance(problem, WorkflowError) else N_("Other records need it.")
    row.is_undone, row.kept_why = not why, why[:255]


def _facts(row: ImportRow) -> dict[str, list[Any]]:
    return {k: v for k, v in row.changes.items() if k not in {"mark", "made"}}


def _remove(kind: Kind, row: ImportRow, record: Any, blocked: Mapping[int, str], actor: Actor) -> str:  # noqa: ANN401 -- of the kind's model
    if not _is_as_made(row, record):
        return N_("It was changed since the import.")
    if kind.number(record) in blocked:
        return blocked[kind.number(record)]
    kind.remove(record, actor=actor)
    return ""


def _restore(row: ImportRow, record: Base, actor: Actor) -> str:
    now, facts = snapshot(record), _facts(row)
    changed_since = sorted(k for k, (_old, new) in facts.items() if now.get(k) != new)
    values = {k: value_of(record, k, old) for k, (old, _new) in facts.items() if k not in changed_since}
    if values:
        records.change(record, values, actor=actor, client=getattr(record, "client", None))
    return N_("It was changed since the import.") if changed_since else ""


def _remove_made(rows: Sequence[ImportRow], actor: Actor) -> None:
    """What was made along with the rows goes too, unless something else has come to need it."""
    models: dict[str, type[Base]] = {m.class_.__tablename__: m.class_ for m in Base.registry.mappers}
    for table, record_id in (made for row in rows for made in row.changes.get("made", ())):
        record = db.session.get(models[table], record_id)
        if record is not None and not hanging(models[table], [record]):
            records.remove(record, actor=actor)


def _forget_marks(kind: Kind, rows: Sequence[ImportRow]) -> None:
    marks = [r.changes["mark"] for r in rows if r.changes.get("mark")]
    if marks:
        db.session.execute(
            sa.delete(ImportedRecord).where(
                ImportedRecord.kind == kind.kind,
                ImportedRecord.source == kind.source,
                ImportedRecord.foreign_key.in_(marks),
            )
        )
