"""Bringing a business in: files of clients and more, matched, checked, brought in, followed, undone."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask import Response, abort, g, redirect, request, stream_with_context, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse

from admin_site import words
from admin_site.pages import Answer, WorkPage, is_htmx, page, press, refuse
from admin_site.reading import read_id, read_page
from foundation.cells import safe_cell
from foundation.db import db
from models import IMPORT_MOVES, ImportKind, ImportMapping, ImportRow, ImportRun, ImportState, RowOutcome
from ui_kit import downloads, uploading
from workflows import once
from workflows.errors import N_, Invalid, WorkflowError
from workflows.importing import matching, runs
from workflows.importing.kinds import KINDS
from workflows.permissions import Permission

PER_PAGE = 50
_UNDER_WAY = (ImportState.CHECKING, ImportState.RUNNING, ImportState.UNDOING)
_OPTION_WORDS = {
    "encoding": {
        "utf-8": N_("UTF-8 (usual)"), "utf-16": N_("UTF-16"), "cp1252": N_("Windows, western languages"),
        "iso-8859-1": N_("ISO 8859-1"), "mac_roman": N_("Old Mac"),
    },
    "delimiter": {",": N_("Comma"), ";": N_("Semicolon"), "\t": N_("Tab"), "|": N_("Vertical bar")},
    "date_order": {"mdy": N_("Month first: 12/31/2026"), "dmy": N_("Day first: 31/12/2026")},
    "decimal_sign": {".": N_("Point: 1,234.50"), ",": N_("Comma: 1.234,50")},
}  # fmt: skip
_OPTION_LABELS = {
    "encoding": N_("Written in"), "delimiter": N_("Columns are parted by"), "date_order": N_("Dates"), "decimal_sign": N_("Amounts"),
}  # fmt: skip


class ImportsPage(WorkPage):
    """Sending files, matching, checking, following."""

    permission = Permission.IMPORT

    @expose("/")
    def index(self) -> Answer:
        """The imports so far, and a form for the next file."""
        return self._list()

    def _list(self, status: int = 200, *, problems: Sequence[str] = ()) -> Answer:
        number = read_page()
        found = db.session.scalars(
            sa.select(ImportRun)
            .options(sa.orm.joinedload(ImportRun.staff))
            .order_by(ImportRun.id.desc())
            .limit(PER_PAGE + 1)
            .offset((number - 1) * PER_PAGE)
        ).all()
        kinds = [(k.value, words.word(k), gettext(KINDS[k].hint)) for k in KINDS]
        return page(
            "imports.html", status, runs=found[:PER_PAGE], has_more=len(found) > PER_PAGE, number=number, kinds=kinds,
            chosen=request.form.get("kind") or request.args.get("kind", ""), problems=problems, form_key=once.new_key(),
            most=runs.MOST_BYTES // 2**20,
        )  # fmt: skip

    @expose("/new", methods=("POST",))
    @uploading.takes_files
    def new(self) -> Answer:
        """Take a file in."""
        try:
            kind, sent = _sent_file()
            once.claim(request.form.get("form_key"))
            run = runs.start(kind, sent.filename or "", sent.stream.read(runs.MOST_BYTES + 1), actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            db.session.rollback()
            said = problem.all if isinstance(problem, Invalid) else [problem]
            return self._list(422, problems=[one.say(gettext) for one in said])
        return redirect(url_for(".show", run_id=run.public_id), 303)

    @expose("/template/<kind>.csv")
    def template(self, kind: str) -> AnyResponse:
        """A file with our heads and one row, to be filled."""
        found = next((KINDS[k] for k in KINDS if k.value == kind), None)
        if found is None:
            abort(404)
        heads, cells = [str(gettext(f.label)) for f in found.fields], [f.example for f in found.fields]
        return _file(iter(["\ufeff", _line(heads), _line(cells)]), f"{kind}.csv")

    @expose("/<public_id:run_id>/")
    def show(self, run_id: str) -> Answer:
        """Where an import is: the columns, how far the worker is, what came of it."""
        run = _run(run_id)
        if run.state is ImportState.MATCHING:
            return self._match(run)
        return self._result(run)

    def _match(self, run: ImportRun, status: int = 200, *, problem: WorkflowError | None = None) -> Answer:
        mapping = run.mapping
        if request.method == "POST":  # as it was typed
            mapping = {k: v for k, v in _typed(run).items() if v}
        heads, samples = run.reading["heads"], run.reading["samples"]
        by_head = dict(zip(heads, samples, strict=True))
        kind = KINDS[run.kind]
        needed = {f.name for f in kind.fields if f.required} | {n for some in kind.one_of for n in some[:1]}
        fields = [
            {
                "name": f.name, "label": gettext(f.label), "help": gettext(f.help) if f.help else "", "needed": f.name in needed,
                "head": mapping.get(f.name, ""), "samples": by_head.get(mapping.get(f.name, ""), []),
                "problem": problem.say(gettext) if problem is not None and problem.field == f.name else "",
            }
            for f in kind.fields
        ]  # fmt: skip
        unused = [
            f"{h} ({', '.join(by_head[h][:2])})" if by_head[h] else h for h in heads if h not in set(mapping.values())
        ]
        return page(
            "import_match.html", status, run=run, kind_word=words.word(run.kind), hint=gettext(kind.hint) if kind.hint else "", fields=fields,
            heads=heads, unused=unused, options=_options(run), sheets=_sheets(run), styles=[(k, gettext(v)) for k, v in matching.STYLES.items()],
            saved=matching.saved(run.kind), problem=problem.say(gettext) if problem is not None else "",
            save_as=request.form.get("save_as", ""),
        )  # fmt: skip

    @expose("/<public_id:run_id>/match", methods=("POST",))
    def match(self, run_id: str) -> Answer:
        """Keep what was chosen; then look again, or have the worker check."""
        run = _run(run_id)
        what = request.form.get("do", "check")
        was = run.reading.get("sheet")
        try:
            seen = read_id(request.form.get("serial"))
            options = {k: request.form.get(k, "") for k in (*runs.OPTIONS, "sheet")}
            if what == "use":
                mapping, options["source"] = _used(run, request.form.get("use", ""), options)
            else:
                mapping = _typed(run)
            runs.match(run, mapping, options, actor=self.actor, seen=seen)
            if run.reading.get("sheet") != was:  # other columns: nobody has looked at these yet
                what = "look"
            if what == "check":
                runs.check(run, actor=self.actor)
                if request.form.get("save_as", "").strip():
                    matching.keep(run.kind, request.form["save_as"], run.mapping, run.reading, actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            db.session.rollback()
            db.session.refresh(run)
            if problem.code == "import_moved" or run.state is not ImportState.MATCHING:
                refuse(problem)
                return redirect(url_for(".show", run_id=run_id), 303)
            return self._match(run, 422, problem=problem)
        return redirect(url_for(".show", run_id=run_id), 303)

    @expose("/<public_id:run_id>/<any(run, drop, undo, back):what>", methods=("POST",))
    def act(self, run_id: str, what: str) -> AnyResponse:
        """The yes, calling off, taking back, and going back to the columns."""
        run = _run(run_id)
        seen = read_id(request.form.get("serial"))
        do, said = {
            "run": (lambda: runs.run_now(run, actor=self.actor, seen=seen), gettext("The import has begun.")),
            "drop": (lambda: runs.drop(run, actor=self.actor), gettext("Called off. Nothing was brought in.")),
            "undo": (lambda: runs.undo(run, actor=self.actor), gettext("The import is being undone.")),
            "back": (lambda: runs.match(run, run.mapping, {}, actor=self.actor, seen=seen), gettext("Choose the columns again.")),
        }[what]  # fmt: skip
        return press(do, said, url_for(".index") if what == "drop" else url_for(".show", run_id=run_id))

    @expose("/<public_id:run_id>/errors.csv")
    def errors(self, run_id: str) -> AnyResponse:
        """The rows with errors as they were sent, and what is wrong with each."""
        run = _run(run_id)
        try:
            runs.opened(run).close()
        except WorkflowError as problem:
            refuse(problem)
            return redirect(url_for(".show", run_id=run_id))
        name = f"errors-{run.kind.value}.csv"
        g.taken = downloads.Taken(name=name)
        return _file(stream_with_context(_error_lines(run)), name)

    def _result(self, run: ImportRun) -> Answer:
        is_over = run.state not in _UNDER_WAY
        context: dict[str, Any] = {
            "run": run, "state": words.word(run.state), "kind_word": words.word(run.kind), "is_over": is_over,
            "url": url_for(".show", run_id=run.public_id), "n_total": run.n_rows,
        }  # fmt: skip
        if run.state in {ImportState.UNDOING, ImportState.UNDONE}:
            context["n_total"] = run.n_new + run.n_changed
        if is_htmx() and not is_over:
            return page("_import_state.html", **context)
        if is_htmx():  # it ended: the page has more to say than its part
            return Response(headers={"HX-Refresh": "true"})
        outcome = next((o for o in RowOutcome if o.value == request.args.get("outcome")), None)
        kept_only = request.args.get("outcome") == "kept"
        number = read_page()
        rows = self._rows(run, outcome, kept_only=kept_only, number=number) if is_over else []
        n_kept = _n_kept(run) if run.state is ImportState.UNDONE else 0
        return page(
            "import_result.html", rows=[_row(run, r) for r in rows[:PER_PAGE]], has_more=len(rows) > PER_PAGE, number=number,
            outcome=request.args.get("outcome", ""), n_kept=n_kept, may_undo=_may_undo(run), has_file=bool(run.key),
            ask=request.args.get("ask", ""),
            may_run=run.state is ImportState.CHECKED, **context,
        )  # fmt: skip

    @staticmethod
    def _rows(run: ImportRun, outcome: RowOutcome | None, *, kept_only: bool, number: int) -> list[ImportRow]:
        wanted = sa.select(ImportRow).where(ImportRow.run_id == run.id)
        if kept_only:
            wanted = wanted.where(ImportRow.kept_why != "")
        elif outcome is not None:
            wanted = wanted.where(ImportRow.outcome == outcome)
        wanted = wanted.order_by(ImportRow.number).limit(PER_PAGE + 1).offset((number - 1) * PER_PAGE)
        return list(db.session.scalars(wanted))


def _sent_file() -> tuple[ImportKind, FileStorage]:
    """What the rows are, and the file; Invalid says all that is missing."""
    kind, sent = next((k for k in KINDS if k.value == request.form.get("kind")), None), request.files.get("file")
    no_kind = Invalid("no_kind", N_("Choose what the rows are."), field="kind")
    no_file = Invalid("no_file", N_("Choose a file."), field="file")
    if sent is None or not sent.filename:
        no_kind.also = (no_file,)
        raise no_file if kind is not None else no_kind
    if kind is None:
        raise no_kind
    return kind, sent


def _run(run_id: str) -> ImportRun:
    run = db.session.scalar(
        sa.select(ImportRun).where(ImportRun.public_id == run_id).options(sa.orm.joinedload(ImportRun.staff))
    )
    return run if run is not None and run.kind in KINDS else abort(404)


def _may_undo(run: ImportRun) -> bool:
    return ImportState.UNDOING in IMPORT_MOVES[run.state] and run.started_at is not None


def _n_kept(run: ImportRun) -> int:
    kept = sa.select(sa.func.count()).where(ImportRow.run_id == run.id, ImportRow.kept_why != "")
    return int(db.session.scalar(kept) or 0)


def _typed(run: ImportRun) -> dict[str, str]:
    """Our field -> the chosen column; columns are sent by their place, since heads can hold anything."""
    heads = run.reading["heads"]
    mapping = {}
    for field in KINDS[run.kind].fields:
        place = request.form.get(f"column-{field.name}", "")
        if place.isascii() and place.isdigit() and len(place) < 5 and int(place) < len(heads):
            mapping[field.name] = heads[int(place)]
    return mapping


def _used(run: ImportRun, use: str, options: dict[str, str]) -> tuple[Mapping[str, str], str]:
    """A mapping that was kept, that of another program's style, or a new guess."""
    heads = run.reading["heads"]
    kept = db.session.get(ImportMapping, read_id(use) or 0) if use not in matching.STYLES else None
    if kept is not None and kept.kind is run.kind:
        options.update({k: v for k, v in kept.reading.items() if k in runs.OPTIONS})
        return kept.mapping, str(kept.reading.get("source", ""))
    style = use if use in matching.STYLES else ""
    return matching.guess(run.kind, heads, style), style


def _sheets(run: ImportRun) -> dict[str, Any]:
    """The sheets of an Excel file that has several, with the chosen one; CSV has none."""
    names = run.reading.get("sheets", [])
    return {"names": names, "chosen": request.form.get("sheet") or str(run.reading.get("sheet", ""))}


def _options(run: ImportRun) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "label": gettext(_OPTION_LABELS[name]),
            "value": request.form.get(name) or run.reading.get(name),
            "choices": [(v, gettext(word)) for v, word in _OPTION_WORDS[name].items()],
        }
        for name in runs.OPTIONS
        if not (run.reading.get("sheets") and name in {"encoding", "delimiter"})
    ]


def _why(problem: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    sentence = gettext(problem["why"])
    values = problem.get("values") or {}
    said = sentence % values if "%(" in sentence else sentence
    label = labels.get(problem["field"])
    return f"{label}: {said}" if label else said


def _labels(run: ImportRun) -> dict[str, str]:
    return {f.name: gettext(f.label) for f in KINDS[run.kind].fields}


def _row(run: ImportRun, row: ImportRow) -> dict[str, Any]:
    labels = _labels(run)
    changes = []
    if row.outcome is RowOutcome.CHANGED:
        changes = [
            (
                labels.get(name.removesuffix("_id"), labels.get(name, name.replace("_", " "))),
                _plain(pair[0]),
                _plain(pair[1]),
            )
            for name, pair in row.changes.items()
            if name not in {"mark", "made"}
        ]
    return {
        "number": row.number, "about": row.about, "outcome": words.word(row.outcome), "value": row.outcome.value, "changes": changes,
        "problems": [_why(p, labels) for p in row.problems], "kept": gettext(row.kept_why) if row.kept_why else "",
        "url": _record_url(row),
    }  # fmt: skip


_PAGES = {"client": "client_page.show"}


def _record_url(row: ImportRow) -> str | None:
    if row.record_id is None or row.is_undone or row.record_type not in _PAGES:
        return None
    return url_for(_PAGES[row.record_type], client_id=row.record_id)


def _plain(value: Any) -> str:
    return "" if value is None else str(value)[:120]


# ------------------------------------------------------------------------------------------------------------- files


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([safe_cell(c) for c in cells])
    return out.getvalue()


def _error_lines(run: ImportRun) -> Iterator[str]:
    labels, width = _labels(run), len(run.reading["heads"])
    yield "\ufeff" + _line([*run.reading["heads"], gettext("Line"), gettext("Problem")])
    for number, cells, problems in runs.errors(run):
        padded = [*cells, *[""] * (width - len(cells))]
        yield _line([*padded[:width], str(number), " ".join(_why(p, labels) for p in problems)])


def _file(lines: Iterator[str], name: str) -> AnyResponse:
    return Response(
        lines,
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def register(admin: Admin) -> None:
    """Add the pages to the back office."""
    admin.add_view(ImportsPage(name="Import", endpoint="imports", url="imports"))
