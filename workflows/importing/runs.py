"""The life of an import: a file comes, its columns are matched, the worker checks it, the office says yes or drops it.

`work` does what the worker does, `undoing` takes an import back. Nothing of the business is touched before the yes.
"""

import contextlib
import datetime as dt
import io
from collections.abc import Iterator, Mapping
from typing import IO, Any, BinaryIO

import sqlalchemy as sa

from foundation import clock, storage, text
from foundation.db import db
from models import IMPORT_MOVES, ImportKind, ImportRow, ImportRun, ImportState, RowOutcome
from workflows import activity, settings
from workflows.actors import Actor
from workflows.errors import N_, Conflict, Invalid
from workflows.importing import excel, matching, reading
from workflows.importing.kinds import KINDS
from workflows.permissions import Permission

MOST_BYTES = 50 * 2**20
FOLDER = "imports"
#: the file's bytes are kept this long
KEEP = dt.timedelta(days=30)
#: what of `ImportRun.reading` the office can choose
OPTIONS: dict[str, tuple[str, ...]] = {
    "encoding": reading.ENCODINGS,
    "delimiter": reading.DELIMITERS,
    "date_order": ("mdy", "dmy"),
    "decimal_sign": (".", ","),
}
_AT_ONCE = 1_000
#: how `excel` writes
_OUR_CSV = {"encoding": "utf-8", "delimiter": ","}
_EMPTY_SHEET = N_("There is nothing on the sheet “%(name)s”. Choose another one.")
_BARE_SHEET = N_("There is a head on the sheet “%(name)s”, but no row below it.")
OPEN = (ImportState.CHECKING, ImportState.RUNNING, ImportState.UNDOING)


def start(kind: ImportKind, name: str, data: bytes, *, actor: Actor) -> ImportRun:
    """Keep a file and look it over: encoding, delimiter, heads, which way round dates are; columns are guessed. Logged.

    Of an Excel file with one sheet its rows are kept, as CSV; of one with several the whole, and the first sheet that
    holds rows is chosen.

    Refused with Invalid: an empty file, more than 50 MB, one that is no table.
    """
    actor.require(Permission.IMPORT)
    if kind not in KINDS:
        raise Invalid("unknown_kind", N_("Choose what the rows are."), field="kind")
    if len(data) > MOST_BYTES:
        raise Invalid("too_large", N_("A file may have up to 50 MB. Cut it into several."), field="file")
    n_bytes, suffix, options = len(data), "csv", {"source": ""}
    names = excel.sheets(data) if excel.is_excel(data) else []
    if len(names) > 1:
        found, suffix = _first_with_rows(data, names), "xlsx"
    else:
        if names:
            data, options = excel.as_csv(data), {**options, **_OUR_CSV}
        with reading.local_copy(_stream(data)) as file:
            found = look_over(file, options)
    run = ImportRun(
        kind=kind, name=(text.tidy(name) or "file.csv")[-255:], n_bytes=n_bytes, reading=found, n_rows=found.pop("n_rows"),
        key=storage.here().put(data, folder=FOLDER, suffix=suffix), mapping=matching.guess(kind, found["heads"]),
        staff_id=actor.staff.id if actor.staff else None,
    )  # fmt: skip
    db.session.add(run)
    db.session.flush()
    activity.record("import.started", actor=actor, subject=run, name=run.name, kind=kind.value, n_rows=run.n_rows)
    return run


def _stream(data: bytes) -> BinaryIO:
    return io.BytesIO(data)


def _first_with_rows(data: bytes, names: list[str]) -> dict[str, Any]:
    """What a look over the first sheet with rows says; when there is none, what is wrong with the first of all."""
    first: Invalid | None = None
    for place in range(len(names)):
        try:
            return _look_over_sheet(data, {"source": "", "sheets": names, "sheet": place})
        except Invalid as problem:
            first = first or problem
    raise first or Invalid("empty_file", _EMPTY_SHEET, field="file")


def _look_over_sheet(data: bytes, options: Mapping[str, Any]) -> dict[str, Any]:
    """The same as `look_over`, of a sheet; it says which one holds nothing."""
    name = options["sheets"][options["sheet"]]
    with reading.local_copy(_stream(excel.as_csv(data, options["sheet"]))) as file:
        try:
            return look_over(file, {**options, **_OUR_CSV})
        except Invalid as problem:
            why = {"empty_file": _EMPTY_SHEET, "no_rows": _BARE_SHEET}.get(problem.code)
            if why is None:
                raise
            raise Invalid(problem.code, why, field="sheet", name=name) from problem


def look_over(file: IO[bytes], options: Mapping[str, Any]) -> dict[str, Any]:
    """How the file is read, with what was chosen in `options` in place of what is found; and `n_rows`."""
    found = reading.find_reading(file)
    chosen = {k: v for k, v in options.items() if v}
    found.update({k: chosen[k] for k in ("encoding", "delimiter") if k in chosen})
    survey = reading.survey(file, found)
    if not survey.n_rows:
        raise Invalid("no_rows", N_("There is a head in this file, but no row below it."), field="file")
    us = str(settings.read()["business.locale"]) == "en_US"
    return {
        **found,
        "date_order": chosen.get("date_order") or survey.date_order or ("mdy" if us else "dmy"),
        "decimal_sign": chosen.get("decimal_sign") or survey.decimal_sign or ".",
        "source": str(options.get("source") or ""),
        **{k: options[k] for k in ("sheets", "sheet") if k in options},
        "heads": survey.heads,
        "samples": survey.samples,
        "n_rows": survey.n_rows,
    }


def match(
    run: ImportRun, mapping: Mapping[str, str], options: Mapping[str, str], *, actor: Actor, seen: int | None = None
) -> ImportRun:
    """Say which column is which field, and how the file is read. What was checked before is to be checked anew.

    When the encoding, the delimiter or the sheet changes, the file is looked over again and its columns are guessed anew. Refused:
    something else was said meanwhile (Conflict), a sheet without rows, a file that is gone (Invalid).
    """
    actor.require(Permission.IMPORT)
    held = _held(run, seen)
    if held.state is not ImportState.MATCHING:
        _move(held, ImportState.MATCHING)
    wanted = {k: options[k] for k, allowed in OPTIONS.items() if options.get(k) in allowed}
    source = str(options.get("source", held.reading.get("source", "")))
    sheets, sheet = held.reading.get("sheets", []), options.get("sheet", "")
    if sheets:  # they are read as we write them
        wanted.update(_OUR_CSV)
    is_other = sheet in {str(n) for n in range(len(sheets))} - {str(held.reading.get("sheet"))}
    is_new = is_other or any(wanted.get(k, held.reading[k]) != held.reading[k] for k in ("encoding", "delimiter"))
    held.serial += 1
    if is_other:
        found = _look_over_sheet(_bytes(held), {"source": source, "sheets": sheets, "sheet": int(sheet)})
    elif is_new:
        with opened(held) as file:
            found = look_over(file, {**held.reading, **wanted, "source": source})
    if is_new:
        held.n_rows = found.pop("n_rows")
        held.reading, held.mapping = found, matching.guess(held.kind, found["heads"], source)
    else:
        held.reading = {**held.reading, **wanted, "source": source if source in matching.STYLES else ""}
        held.mapping = {k: v for k, v in mapping.items() if v in held.reading["heads"]}
    db.session.flush()
    return held


def check(run: ImportRun, *, actor: Actor, seen: int | None = None) -> ImportRun:
    """Have the worker read every row and say what would happen; nothing is changed by it.

    Refused with Invalid while a required field has no column, and without the permission for what the rows are.
    """
    actor.require(Permission.IMPORT)
    actor.require(KINDS[run.kind].permission)
    held = _held(run, seen)
    held.mapping = matching.check(held.kind, held.mapping, held.reading["heads"])
    _move(held, ImportState.CHECKING)
    _begin(held)
    return held


def run_now(run: ImportRun, *, actor: Actor, seen: int | None = None) -> ImportRun:
    """The yes: the worker brings in every row that has no error. Logged. Clients are told nothing."""
    actor.require(Permission.IMPORT)
    actor.require(KINDS[run.kind].permission)
    held = _held(run, seen)
    _move(held, ImportState.RUNNING)
    _begin(held)
    held.started_at = clock.now()
    held.staff_id = actor.staff.id if actor.staff else None
    activity.record("import.ran", actor=actor, subject=held, name=held.name, kind=held.kind.value, n_rows=held.n_rows)
    return held


def drop(run: ImportRun, *, actor: Actor) -> ImportRun:
    """Call an import off before it ran; its file goes. Logged."""
    actor.require(Permission.IMPORT)
    held = _held(run, None)
    _move(held, ImportState.DROPPED)
    held.finished_at = clock.now()
    db.session.execute(sa.delete(ImportRow).where(ImportRow.run_id == held.id))
    activity.record("import.dropped", actor=actor, subject=held, name=held.name, kind=held.kind.value)
    db.session.flush()
    return held


def undo(run: ImportRun, *, actor: Actor) -> ImportRun:
    """Have the worker take back what the import did; what was changed since stays, and says why. Logged."""
    actor.require(Permission.IMPORT)
    actor.require(KINDS[run.kind].permission)
    held = _held(run, None)
    if held.state is ImportState.FAILED and held.started_at is None:
        raise Conflict("import_moved", N_("This import brought nothing in."))
    _move(held, ImportState.UNDOING)
    held.n_done = 0
    held.staff_id = actor.staff.id if actor.staff else None
    activity.record("import.undone", actor=actor, subject=held, name=held.name, kind=held.kind.value)
    wake()
    db.session.flush()
    return held


def wake() -> None:
    """Have the worker look for imports after this commit; the minute's task would find them too."""
    db.session.info["nudge_imports"] = True


def forget_old() -> int:
    """Delete the bytes of imports that were begun a month ago or called off, and what was kept of their rows with
    errors: both say things about people. How many."""
    old = db.session.scalars(
        sa.select(ImportRun).where(
            ImportRun.key != "", ImportRun.state.not_in(OPEN),
            sa.or_(ImportRun.created_at < clock.now() - KEEP, ImportRun.state == ImportState.DROPPED),
        )
    ).all()  # fmt: skip
    for run in old:
        storage.here().delete(run.key)
        run.key, run.reading = "", {**run.reading, "samples": [[] for _head in run.reading["heads"]]}
        db.session.execute(
            sa.delete(ImportRow).where(ImportRow.run_id == run.id, ImportRow.outcome == RowOutcome.ERROR)
        )
        if IMPORT_MOVES[run.state] >= {ImportState.DROPPED}:
            run.state = ImportState.DROPPED
            run.finished_at = clock.now()
            db.session.execute(sa.delete(ImportRow).where(ImportRow.run_id == run.id))
    db.session.flush()
    return len(old)


def opened(run: ImportRun) -> IO[bytes]:
    """The file's bytes, to be closed. Invalid when they are gone."""
    if run.reading.get("sheets"):
        return reading.local_copy(_stream(excel.as_csv(_bytes(run), int(run.reading["sheet"]))))
    with _stored(run) as stream:
        return reading.local_copy(stream)


def _bytes(run: ImportRun) -> bytes:
    with _stored(run) as stream:
        return stream.read()


def _stored(run: ImportRun) -> BinaryIO:
    stream = storage.here().open(run.key) if run.key else None
    if stream is None:
        raise Invalid("file_gone", N_("The file is not kept any more. Send it again."), field="file")
    return stream


def errors(run: ImportRun) -> Iterator[tuple[int, list[str], list[dict[str, Any]]]]:
    """The rows with errors as the file has them: line, cells, problems. Invalid when the file is gone."""
    wrong = _with_errors(run)
    number, problems = next(wrong, (0, []))
    with opened(run) as file, contextlib.closing(reading.lines(file, run.reading)) as lines:
        for line in lines:
            if line.number == number:
                yield number, line.cells, problems
                number, problems = next(wrong, (0, []))


def _with_errors(run: ImportRun) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Line and problems, in the file's order, some at a time: all rows of a large file may be wrong."""
    last = 0
    while True:
        found = db.session.execute(
            sa.select(ImportRow.number, ImportRow.problems)
            .where(ImportRow.run_id == run.id, ImportRow.outcome == RowOutcome.ERROR, ImportRow.number > last)
            .order_by(ImportRow.number)
            .limit(_AT_ONCE)
        ).all()
        for number, problems in found:
            last = number
            yield number, problems
        if len(found) < _AT_ONCE:
            return


# ----------------------------------------------------------------------------------------------------------- helpers


def _begin(run: ImportRun) -> None:
    run.n_done = run.n_new = run.n_changed = run.n_same = run.n_errors = 0
    run.problem = ""
    wake()
    db.session.flush()


def locked(run_id: int) -> ImportRun | None:
    """The import, held until the commit."""
    return db.session.scalar(
        sa.select(ImportRun).where(ImportRun.id == run_id).with_for_update().execution_options(populate_existing=True)
    )


def _held(run: ImportRun, seen: int | None) -> ImportRun:
    held = locked(run.id)
    if held is None or (seen is not None and held.serial != seen):
        raise Conflict("import_moved", N_("Somebody changed this import meanwhile. Here is how it stands now."))
    return held


def _move(run: ImportRun, to: ImportState) -> None:
    if to not in IMPORT_MOVES[run.state]:
        raise Conflict("import_moved", N_("Somebody changed this import meanwhile. Here is how it stands now."))
    run.state = to


def move(run: ImportRun, to: ImportState) -> None:
    """The same for `work` and `undoing`."""
    _move(run, to)
