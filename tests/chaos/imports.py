"""The office brings a file of clients in; what became of each of its rows."""

import itertools
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Flask

from foundation.db import db
from models import Client, ImportedRecord, ImportKind, ImportRow, ImportRun, ImportState
from tests.admin.office.walk import Office
from tests.chaos.journeys import Journey
from tests.chaos.people import Seen
from workflows.importing import work

#: some pieces, so that there is a middle
ROWS = 5 * work.PIECE + 10


class Imports(Journey):
    """It begins when a fault wants one, and not by itself: it would wait behind the mails of all others."""

    name = "imports"

    def __init__(self, app: Flask, address: str, seen: Seen, *, office: tuple[str, str]) -> None:
        super().__init__(app, address, seen)
        self.cookie = office
        self.numbers = itertools.count(1)
        self.ordered: list[tuple[str, int]] = []

    def order(self, wait: Callable[[Callable[[], bool]], None]) -> None:
        """Upload a file, have it checked, and say yes."""
        office, name = Office(self.browser(self.cookie)), f"Import{next(self.numbers)}"
        rows = "".join(f"{name}-{n},{name},Row {n}\n" for n in range(ROWS))
        form = office.get("/admin/imports/").fields("/admin/imports/new")
        form["kind"] = "clients"
        sent = office.browser.post(
            "/admin/imports/new", data=form, files=[("file", (f"{name}.csv", f"id,first name,last name\n{rows}".encode(), "text/csv"))]
        )  # fmt: skip
        page = office.get(sent.location).press("Check every row")
        wait(lambda: "Ready to import" in office.get(page.path).main)
        found = office.get(page.path)
        yes = next(words for words in ("Yes, import now", "Import now") if words in found.buttons())
        page = found.press(yes, at="run")
        self.told("Under way" in page.main or "Imported" in page.main, office.browser, page.main)
        number = self.look(lambda: db.session.scalar(sa.select(ImportRun.id).where(ImportRun.name == f"{name}.csv")))
        assert number is not None
        self.ordered.append((name, number))

    def is_in_the_middle(self) -> bool:
        """Some pieces of the last one are in, and some are not."""
        state, n_done = self._how_far()
        return state is ImportState.RUNNING and 0 < n_done < ROWS

    def is_done(self) -> bool:
        return self._how_far() == (ImportState.DONE, ROWS)

    def _how_far(self) -> tuple[Any, ...]:
        number = self.ordered[-1][1]
        return self.look(lambda: tuple(db.session.execute(sa.select(ImportRun.state, ImportRun.n_done).where(ImportRun.id == number)).one()))  # fmt: skip

    def wrong(self) -> list[str]:
        found = []
        for name, number in self.ordered:
            run = db.session.get(ImportRun, number)
            assert run is not None
            people = list(db.session.scalars(sa.select(Client.last_name).where(Client.first_name == name)))
            marks = sa.select(sa.func.count(ImportedRecord.id)).where(ImportedRecord.kind == ImportKind.CLIENTS, ImportedRecord.foreign_key.like(f"%{name}-%"))  # fmt: skip
            notes = sa.select(sa.func.count(ImportRow.id)).where(ImportRow.run_id == number)
            has = (run.state, run.n_done, run.n_new, run.n_errors, db.session.scalar(marks), db.session.scalar(notes))
            if has != (ImportState.DONE, ROWS, ROWS, 0, ROWS, ROWS):
                found.append(f"{name}: {has} of {ROWS} rows")
            if sorted(people) != sorted(f"Row {n}" for n in range(ROWS)):
                found.append(f"{name}: {len(people)} clients, {len(set(people))} different ones, of {ROWS} rows")
        return found
