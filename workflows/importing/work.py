"""What the worker does with an import: some hundred rows in one transaction with the note of how far it is.

A check does exactly what the import will do, and takes it back at the end of each piece; so it cannot say anything
else. A worker that is killed leaves the import where its last piece ended, and no row is brought in twice.
"""

import itertools
import logging
from collections.abc import Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

import sqlalchemy as sa

from foundation import clock
from foundation.db import Base, db
from foundation.inserting import Written, insert_rows
from foundation.money import BadAmountError
from models import ImportedRecord, ImportRow, ImportRun, ImportState, RowOutcome
from workflows import activity
from workflows.actors import WORKER, Actor, staff_actor
from workflows.errors import N_, Invalid, WorkflowError
from workflows.importing import reading, runs, undoing
from workflows.importing.kind import Added, Kind, Row, by_marks, mark_of, told
from workflows.importing.kinds import KINDS
from workflows.importing.seen import Seen

log = logging.getLogger("latchkey.importing")

#: rows in one transaction: others who write wait for about half a second
PIECE = 400
#: what a row's values can make the database, or the columns' types, say no with
_REFUSED = (sa.exc.IntegrityError, sa.exc.DataError, BadAmountError, OverflowError)
_BROKEN = N_("Something went wrong with this row. Nothing of it was kept.")


def _no_rows() -> Generator[reading.Line]:
    yield from ()


@dataclass
class Cursor:
    """Where a worker stands in a file, so that it need not be read from its beginning for each piece."""

    at: tuple[object, ...] = ()
    file: IO[bytes] | None = None
    rows: Generator[reading.Line] = field(default_factory=_no_rows)
    #: the rows so far
    seen: Seen = field(default_factory=Seen)
    #: to which line of which import the undoing came
    undone: tuple[int, int] | None = None

    def close(self) -> None:
        """Let the file go."""
        if self.file is not None:
            self.rows.close()
            self.file.close()
        self.seen.close()
        self.at, self.file, self.undone = (), None, None

    def stand(self, run: ImportRun) -> None:
        """Stand where the import is; the rows behind are read once more if it was somewhere else."""
        here = (run.id, run.serial, run.state, run.n_done)
        if self.at == here:
            return
        self.close()
        self.file, self.seen = runs.opened(run), Seen()
        self.rows = reading.lines(self.file, run.reading)
        next(self.rows, None)
        kind = KINDS[run.kind](str(run.reading.get("source") or ""))
        for start in range(0, run.n_done, 5000):
            behind = itertools.islice(self.rows, min(5000, run.n_done - start))
            rows = [parse(kind, line, run) for line in behind]
            kind.tidy(rows)
            self.seen.firsts({row.number: mark_of(kind, row.values) for row in rows if not row.problems})
        self.at = here

    def undo(self, run: ImportRun) -> bool:
        """Take the next rows of an import back; False when none is left."""
        before = self.undone[1] if self.undone is not None and self.undone[0] == run.id else None
        line = undoing.piece(run, actor=_actor(run), before=before)
        self.undone = None if line is None else (run.id, line)
        return line is not None


def due() -> list[int]:
    """Imports with work for the worker, the oldest first."""
    return list(
        db.session.scalars(sa.select(ImportRun.id).where(ImportRun.state.in_(runs.OPEN)).order_by(ImportRun.id))
    )


def work(run_id: int, cursor: Cursor) -> bool:
    """Do the next piece of an import in the caller's transaction; False when there is nothing left to do.

    The import's row is held until the commit, so two workers never take the same piece.
    """
    run = runs.locked(run_id)
    if run is None or run.state not in runs.OPEN:
        return False
    if run.state is ImportState.UNDOING:
        return cursor.undo(run)
    try:
        if run.n_done == 0:
            db.session.execute(sa.delete(ImportRow).where(ImportRow.run_id == run.id))
        cursor.stand(run)
        lines = list(itertools.islice(cursor.rows, PIECE))
    except WorkflowError as problem:
        fail(run, problem)
        return False
    if lines:
        _piece(run, lines, cursor, is_real=run.state is ImportState.RUNNING)
    if len(lines) < PIECE:
        _end(run)
    db.session.flush()
    cursor.at = (run.id, run.serial, run.state, run.n_done)
    return run.state in runs.OPEN


def fail(run: ImportRun, problem: WorkflowError) -> None:
    """The file cannot be read on: what was brought in so far stays and can be undone."""
    runs.move(run, ImportState.FAILED)
    run.problem, run.finished_at = problem.say()[:255], clock.now()
    activity.record("import.failed", actor=_actor(run), subject=run, name=run.name, kind=run.kind.value)
    db.session.flush()


def break_off(run_id: int) -> None:
    """End an import whose pieces break for a reason that nobody foresaw."""
    run = runs.locked(run_id)
    if run is None or run.state not in runs.OPEN:
        return
    why = Invalid("broke", N_("Something went wrong. What was brought in so far can be undone."))
    if run.state is ImportState.UNDOING:
        runs.move(run, ImportState.DONE)
        run.problem = why.say()
    else:
        fail(run, why)


def _end(run: ImportRun) -> None:
    is_real = run.state is ImportState.RUNNING
    runs.move(run, ImportState.DONE if is_real else ImportState.CHECKED)
    if is_real:
        run.finished_at = clock.now()
        activity.record(
            "import.done", actor=_actor(run), subject=run, name=run.name, kind=run.kind.value, n_new=run.n_new,
            n_changed=run.n_changed, n_same=run.n_same, n_errors=run.n_errors,
        )  # fmt: skip


def _actor(run: ImportRun) -> Actor:
    """Who gave the order; what they may no longer do fails."""
    return staff_actor(run.staff) if run.staff is not None else WORKER


# ----------------------------------------------------------------------------------------------------------- a piece


@dataclass
class Result:
    """What came of a row."""

    number: int
    outcome: RowOutcome
    about: str = ""
    problems: list[dict[str, Any]] = field(default_factory=list)
    record_id: int | None = None
    table: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    mark: str = ""


def parse(kind: Kind, line: reading.Line, run: ImportRun) -> Row:
    """A row's cells as values of its fields, with what could not be understood."""
    row = Row(line.number, {})
    if line.problem:
        row.problems.append({"field": "", "why": line.problem, "values": line.values})
        return row
    columns = {head: i for i, head in enumerate(run.reading["heads"])}
    for known in kind.fields:
        head = run.mapping.get(known.name)
        cell = line.cells[columns[head]] if head is not None else ""
        if not cell.strip():
            continue
        try:
            row.values[known.name] = known.read(cell, run.reading)
        except WorkflowError as problem:
            problem.field = known.name
            row.refuse(problem)
    return row


def _piece(run: ImportRun, lines: Sequence[reading.Line], cursor: Cursor, *, is_real: bool) -> None:
    kind = KINDS[run.kind](str(run.reading.get("source") or ""))
    rows = [parse(kind, line, run) for line in lines]
    kind.tidy(rows)
    actor, before = _actor(run), set(db.session.info)
    if is_real:
        results = _bring_in(kind, rows, cursor, actor)
        _remember(run, kind, results)
    else:
        trial = db.session.begin_nested()
        results = _bring_in(kind, rows, cursor, actor)
        trial.rollback()
    for flag in set(db.session.info) - before:  # nobody is woken for a trial, nor by an import
        if flag.startswith("nudge_"):
            db.session.info.pop(flag)
    _note(run, results, is_real=is_real)


def _bring_in(kind: Kind, rows: Sequence[Row], cursor: Cursor, actor: Actor) -> list[Result]:
    good = [row for row in rows if not row.problems]
    marks = {row.number: mark_of(kind, row.values) for row in good}
    firsts = cursor.seen.firsts(marks)
    known = by_marks(kind.kind, marks.values(), kind.source)
    records = kind.load(known.values())
    kind.prepare(good)
    results: list[Result] = []
    new: list[Row] = []
    again: list[Row] = []
    identities: set[Hashable] = set()
    for row in rows:
        if row.problems:
            results.append(Result(row.number, RowOutcome.ERROR, "", row.problems))
            continue
        mark, first = marks[row.number], firsts[row.number]
        if first != row.number:
            why = Invalid("twice", N_("The same as line %(line)s."), line=first)
            results.append(Result(row.number, RowOutcome.ERROR, "", [told(why)]))
            continue
        record = records.get(known.get(mark, 0))
        if record is None and _is_new(kind, row):
            same = kind.identity(row.values)
            (new if same is None or same not in identities else again).append(row)
            identities.add(same)
            continue
        result = _row(kind, row, record, actor)
        result.mark = "" if record is not None else mark
        results.append(result)
    added = _add_many(kind, new, actor)
    for result in [*added, *(_row(kind, row, None, actor) for row in again)]:
        result.mark = marks[result.number]
        results.append(result)
    abouts = {row.number: kind.about(row.values)[:255] for row in rows}
    for result in results:
        result.about = abouts[result.number]
    return sorted(results, key=lambda r: r.number)


def _is_new(kind: Kind, row: Row) -> bool:
    """Is there nothing yet, as far as can be told? What cannot be told is told by `_row`."""
    try:
        if kind.find(row.values) is not None:
            return False
        kind.require(row.values)
    except WorkflowError:
        return False
    return True


def _add_many(kind: Kind, rows: Sequence[Row], actor: Actor) -> list[Result]:
    """New records all at once; one after the other where the kind wants it so.

    Where the database refuses the lot it is cut in two, again and again, until the row that spoils it stands alone.
    """
    if not rows:
        return []
    try:
        with db.session.begin_nested():
            made = kind.add_many([row.values for row in rows], actor=actor)
            db.session.flush()
    except sa.exc.OperationalError:
        raise  # the database is away
    except Exception as problem:
        if not isinstance(problem, _REFUSED):
            log.exception("lines %s to %s could not be brought in together", rows[0].number, rows[-1].number)
        if len(rows) == 1:
            return [_row(kind, rows[0], None, actor)]
        middle = len(rows) // 2
        return [*_add_many(kind, rows[:middle], actor), *_add_many(kind, rows[middle:], actor)]
    if made is None:
        return [_row(kind, row, None, actor) for row in rows]
    return [_added(kind, row, one) for row, one in zip(rows, made, strict=True)]


def _added(kind: Kind, row: Row, one: Added | WorkflowError) -> Result:
    if isinstance(one, WorkflowError):
        return Result(row.number, RowOutcome.ERROR, "", [told(one)])
    result = _result(row, one.record, None, one.made)
    result.record_id, result.table = kind.number(one.record), one.record.__tablename__
    result.problems = [{"field": "", "why": why, "values": {}} for why in one.warnings]
    return result


def _row(kind: Kind, row: Row, record: Any, actor: Actor) -> Result:  # noqa: ANN401 -- of the kind's model
    """Bring one row in, or leave everything as it was and say why."""
    try:
        with db.session.begin_nested():
            if record is None:
                record = kind.find(row.values)
            old = undoing.snapshot(record) if record is not None else None
            if old is None:
                kind.require(row.values)
            saved = kind.save(record, row.values, actor=actor)
            db.session.flush()
            result = _result(row, saved, old, kind.made)
            result.record_id, result.table = kind.number(saved), saved.__tablename__
            result.problems = [{"field": "", "why": w, "values": {}} for w in kind.warnings]
            return result
    except WorkflowError as problem:
        why = told(problem)
    except _REFUSED:
        why = {"field": "", "why": _BROKEN, "values": {}}
    except sa.exc.DBAPIError:
        raise
    except Exception:
        log.exception("line %s could not be brought in", row.number)
        why = {"field": "", "why": _BROKEN, "values": {}}
    finally:
        kind.made, kind.warnings = [], []
    return Result(row.number, RowOutcome.ERROR, "", [why])


def _result(row: Row, saved: Base | Written, old: Mapping[str, Any] | None, made: Sequence[Base]) -> Result:
    new = undoing.snapshot(saved)
    if old is None:
        changes: dict[str, Any] = {k: [None, v] for k, v in new.items()}
        outcome = RowOutcome.NEW
    else:
        changes = {k: [old[k], v] for k, v in new.items() if old[k] != v}
        outcome = RowOutcome.CHANGED if changes else RowOutcome.SAME
    if made:
        changes["made"] = [[m.__tablename__, m.id] for m in made]  # type: ignore[attr-defined]
        outcome = outcome if outcome is RowOutcome.NEW else RowOutcome.CHANGED
    return Result(row.number, outcome, changes=changes)


def _remember(run: ImportRun, kind: Kind, results: Sequence[Result]) -> None:
    """Keep what the rows are called in the other program; a mark whose record is gone is given its new one."""
    wanted = {r.mark: r.record_id for r in results if r.mark and r.record_id is not None}
    if not wanted:
        return
    db.session.execute(
        sa.delete(ImportedRecord).where(
            ImportedRecord.kind == run.kind,
            ImportedRecord.source == kind.source,
            ImportedRecord.foreign_key.in_(wanted),
        )
    )
    rows = ((kind.source, run.kind, mark, record_id) for mark, record_id in wanted.items())
    insert_rows(Base.metadata.tables["imported_record"], ("source", "kind", "foreign_key", "record_id"), rows)


def _note(run: ImportRun, results: Sequence[Result], *, is_real: bool) -> None:
    """Write the outcomes down; rows that change nothing are only counted, so that a million of them take no room."""
    kept = []
    for r in results:
        is_marked = is_real and r.outcome is RowOutcome.SAME and r.mark
        if r.outcome is RowOutcome.SAME and not is_marked:
            continue
        changes = {**r.changes, **({"mark": r.mark} if r.mark else {})}
        kept.append(
            {
                "run_id": run.id, "number": r.number, "outcome": r.outcome, "problems": r.problems, "about": r.about,
                "record_type": r.table,
                "record_id": r.record_id if is_real or r.outcome is not RowOutcome.NEW else None,
                "changes": changes if is_real or r.outcome is RowOutcome.CHANGED else {}, "is_undone": False, "kept_why": "",
            }
        )  # fmt: skip
    if kept:
        insert_rows(Base.metadata.tables["import_row"], tuple(kept[0]), (tuple(row.values()) for row in kept))
    run.n_done += len(results)
    for outcome, name in _COUNTS.items():
        setattr(run, name, getattr(run, name) + sum(1 for r in results if r.outcome is outcome))


_COUNTS = {
    RowOutcome.NEW: "n_new",
    RowOutcome.CHANGED: "n_changed",
    RowOutcome.SAME: "n_same",
    RowOutcome.ERROR: "n_errors",
}
