"""A list as a file: what is on the screen, every page of it, capped, safe for spreadsheets, logged.

The rows are read in pieces and sent in pieces, but all are read before the first is sent: whoever reads slowly holds
neither a transaction nor a connection.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from flask import Response, request

from admin_site import listing
from admin_site.list_address import Wanted
from admin_site.rows import plain, typed
from foundation import clock, money, xlsx
from foundation.cells import safe_cell
from foundation.db import db, mark_request
from workflows import activity
from workflows.actors import Actor

#: rows that are read at a time
_CHUNK = 500


#: what a list can be saved as, and how each kind of file is named to browsers
KINDS = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def list_file(of: Any, wanted: Wanted, kind: str, *, actor: Actor, most: int) -> Response:
    """The rows that the list would show over all its pages, at most `most`; who took them is logged."""
    columns = [c for c in of.columns if c.export]
    conditions, order = listing.conditions_of(of, wanted), listing.order_of(of, wanted)
    ids = list(db.session.scalars(listing.page_of_ids(of, conditions, order, most, 0)))
    arguments = {k: v for k, v in wanted.arguments().items() if k not in {"page", "page_size", "cols"}}
    activity.record("list.exported", actor=actor, list=of.endpoint, n_rows=len(ids), of=arguments)
    db.session.commit()
    mark_request(reads_only=True)  # what follows needs no write lock
    head, records = [str(c.label) for c in columns], _records(of, ids)
    name = f"{of.endpoint.replace('_', '-')}-{clock.today().isoformat()}"
    if kind == "xlsx":
        return xlsx_of(head, ([c.raw(r) for c in columns] for r in records), name, str(of.title))
    return Response(
        # The mark makes spreadsheets read the file as UTF-8.
        ["\ufeff" + _row(head), *(_row(plain(c.raw(r)) for c in columns) for r in records)],
        mimetype=KINDS["csv"],
        headers=_as_file(f"{name}.csv"),
    )


def _records(of: Any, ids: list[int]) -> Iterator[Any]:
    """The rows in their order, a few hundred in memory at a time."""
    for start in range(0, len(ids), _CHUNK):
        wanted = ids[start : start + _CHUNK]
        rows = sa.select(of.model).where(of.model.id.in_(wanted)).options(*of.list_options)
        found = {r.id: r for r in db.session.scalars(rows).unique()}
        of.prefetch(list(found.values()))
        yield from (found[i] for i in wanted if i in found)
        db.session.expunge_all()


def xlsx_of(head: Iterable[object], body: Iterable[Iterable[object]], name: str, title: str) -> Response:
    """Rows as an Excel file of one sheet."""
    lines = ([typed(cell) for cell in line] for line in body)
    digits = money.exponent()
    data = xlsx.book(title, [str(cell) for cell in head], lines, digits=digits)
    return Response(data, mimetype=KINDS["xlsx"], headers=_as_file(f"{name}.xlsx"))


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}


def _row(cells: Any) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([safe_cell(cell) for cell in cells])
    return line.getvalue()


def file_of(head: Iterable[object], body: Iterable[Iterable[object]], name: str, title: str) -> Response:
    """Rows that were gathered already as the file that the pressed button asks for: `as=xlsx` Excel, else CSV.

    `name` is the file's, without its ending; `title` names the sheet.
    """
    if request.form.get("as") == "xlsx":
        return xlsx_of(head, body, name, title)
    return Response(
        ["\ufeff" + _row(str(cell) for cell in head), *(_row(plain(cell) for cell in line) for line in body)],
        mimetype=KINDS["csv"],
        headers=_as_file(f"{name}.csv"),
    )
