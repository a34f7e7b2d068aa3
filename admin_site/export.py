"""A list as a file: what is on the screen, every page of it, capped, safe for spreadsheets, logged.

The rows are read in pieces and sent in pieces, but all are read before the first is sent: whoever reads slowly holds
neither a transaction nor a connection.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from flask import Response

from admin_site import listing
from admin_site.listing import Wanted
from admin_site.rows import Column, csv_safe, plain
from foundation import clock
from foundation.db import db, mark_request
from workflows import activity
from workflows.actors import Actor

#: rows that are read at a time
_CHUNK = 500


def csv_file(of: Any, wanted: Wanted, *, actor: Actor, most: int) -> Response:
    """The rows that the list would show over all its pages, at most `most`; who took them is logged."""
    columns = [c for c in of.columns if c.export]
    conditions, order = listing.conditions_of(of, wanted), listing.order_of(of, wanted)
    ids = list(db.session.scalars(listing.page_of_ids(of, conditions, order, most, 0)))
    arguments = {k: v for k, v in wanted.arguments().items() if k not in {"page", "page_size"}}
    activity.record("list.exported", actor=actor, list=of.endpoint, n_rows=len(ids), of=arguments)
    db.session.commit()
    mark_request(reads_only=True)  # what follows needs no write lock
    name = f"{of.endpoint.replace('_', '-')}-{clock.today().isoformat()}.csv"
    return Response(
        list(_lines(of, columns, ids)),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _lines(of: Any, columns: list[Column], ids: list[int]) -> Iterator[str]:
    # The mark makes spreadsheets read the file as UTF-8.
    yield "\ufeff" + _row(str(c.label) for c in columns)
    for start in range(0, len(ids), _CHUNK):
        wanted = ids[start : start + _CHUNK]
        rows = sa.select(of.model).where(of.model.id.in_(wanted)).options(*of.list_options)
        found = {r.id: r for r in db.session.scalars(rows).unique()}
        of.prefetch(list(found.values()))
        yield "".join(_row(plain(c.raw(found[i])) for c in columns) for i in wanted if i in found)
        db.session.expunge_all()


def _row(cells: Any) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([csv_safe(cell) for cell in cells])
    return line.getvalue()


def csv_of(head: Iterable[object], body: Iterable[Iterable[object]], name: str) -> Response:
    """Rows that were gathered already as a file for spreadsheets."""
    return Response(
        ["\ufeff" + _row(str(cell) for cell in head), *(_row(plain(cell) for cell in line) for line in body)],
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )
