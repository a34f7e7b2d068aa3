"""Taking the demo business out again: exactly the rows that it made (table `demo_record`), and never a real one.

A demo record that a real one hangs on stays, with all that it needs in turn. Numbers are never given twice: a counter
goes back to its beginning only when nothing of its series is left.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from foundation import clock
from foundation.db import Base, db
from models import Client, DemoRecord, ServiceItem, Staff
from workflows import activity, demo_beside, privacy, search_index
from workflows.actors import Actor
from workflows.errors import N_, WrongState
from workflows.permissions import Permission

#: what only tells of others: it holds nothing, and goes or forgets with what it is about
TRAIL = frozenset(
    {
        "activity", "notification", "outbox_mail", "sign_in", "login_attempt", "form_key", "data_archive", "calendar_feed",
        "authenticator", "recovery_code", "passkey", "saved_view", "visit_alert", "gateway_event", "gateway_finding",
        "paper_file", "demo_record", "search_entry", "staff_login", "client_login", "imported_record", "import_run", "import_row",
        "merge_note",
    }
)  # fmt: skip
#: whose password everybody knows
LOG_INS = frozenset({"staff_login", "client_login"})
#: what has a name that people know, for the list of what stays
NAMED: dict[str, Any] = {"client": Client, "staff": Staff, "service_item": ServiceItem}
#: series of numbers -> the table that shows whether one of them is still in use
SERIES = {"invoice": "invoice", "job_request": "job_request", "receipt": "payment", "refund": "refund",
          "credit_note": "credit_note", "debit_note": "credit_note", "deposit_note": "credit_note", "pay_run": "pay_run"}  # fmt: skip
AT_ONCE = 500
#: what made-up things belong to, and the columns that say so where they do not go by themselves
_OWNERS = frozenset({"client", "pet", "job", "job_request", "job_request_line", "change_request", "repeat"})
_OWNING = frozenset({"client_id", "job_id", "request_id"})

Ids = dict[str, set[int]]


@dataclass(frozen=True)
class Look:
    """What removing the demo would do."""

    n_records: int
    n_clients: int
    n_visits: int
    #: rows that stay, because real ones hang on them
    n_kept: int
    #: "client: Ada Lane"
    kept: list[str] = field(default_factory=list)


# ---------------------------------------------------------------------------------------------------------- marking


def highest() -> dict[str, int]:
    """The highest number of each table, before the demo moves in."""
    return {
        t.name: db.session.scalar(sa.select(sa.func.max(t.c.id))) or 0
        for t in Base.metadata.sorted_tables
        if "id" in t.c and t.name not in {"demo_record", "search_entry"}
    }


def mark_since(before: dict[str, int]) -> None:
    """Note every row that came since as the demo's. Nobody else may have written meanwhile: the database was empty."""
    db.session.flush()
    for name, last in before.items():
        table = Base.metadata.tables[name]
        rows = sa.select(sa.literal(name), table.c.id).where(table.c.id > last)
        db.session.execute(sa.insert(DemoRecord).from_select(["table_name", "row_id"], rows))


# --------------------------------------------------------------------------------------------------------- removing


def look() -> Look:
    """What is there of the demo, and what of it would stay."""
    counted = dict(
        db.session.execute(sa.select(DemoRecord.table_name, sa.func.count()).group_by(DemoRecord.table_name)).all()
    )
    kept = _kept() if counted else {}
    return Look(
        sum(counted.values()),
        counted.get("client", 0),
        counted.get("job", 0),
        sum(map(len, kept.values())),
        _names(kept),
    )


def remove(*, actor: Actor) -> Look:
    """Delete the demo's rows, but for those that real ones hang on; says how many and which stay. Logged.

    In order: files are marked to be deleted by the worker; rows go, the ones that refer to others first; the log-ins of
    everybody who was invented go in any case. Settings stay as they are, and so do real records, word for word. Beside
    a real business what was tried out with the made-up clients goes too: their further visits, requests, messages.

    Refused: without the permission to erase clients (NotAllowed); for somebody who is of the demo (WrongState).
    """
    actor.require(Permission.ERASE)
    is_beside = demo_beside.is_there()
    if actor.staff is not None and _is_demo("staff", actor.staff.id):
        raise WrongState("invented", N_("You are part of the demo yourself. Make an owner account of your own first."))
    if is_beside:
        _let_go()
        _claim()
    seen = look()
    kept = _kept()
    _mark_files(kept)
    db.session.flush()
    db.session.expunge_all()
    for table in reversed(Base.metadata.sorted_tables):
        if "id" in table.c and table.name not in {"demo_record", "stored_file"}:
            _delete(table, kept[table.name])
    if not is_beside:  # the numbers of a real business are its own
        _reset_counters()
    search_index.rebuild()
    activity.record("demo.removed", actor=actor, n_records=seen.n_records - seen.n_kept, n_kept=seen.n_kept)
    db.session.flush()
    return seen


def _let_go() -> None:
    """Take marks off real rows. SQLite gives the number of a deleted row to the next one: where somebody deleted a
    made-up contact, the next real one may carry its mark. Whose row it is says the client, visit or request it belongs to."""
    for table in Base.metadata.sorted_tables:
        if "id" not in table.c:
            continue
        strange = [
            sa.and_(key.parent.is_not(None), key.parent.not_in(_ids(key.column.table.name)))
            for key in table.foreign_keys
            if key.column.table.name in _OWNERS and key.parent.name in _OWNING
        ]
        if table.name == ServiceItem.__tablename__:
            strange = [sa.not_(table.c.name.startswith(demo_beside.SERVICE))]
        if strange:
            rows = sa.select(table.c.id).where(sa.or_(*strange), table.c.id.in_(_ids(table.name)))
            _forget(table.name, list(db.session.scalars(rows)))


def _claim() -> None:
    """Note what came to the made-up clients, pets and visits since: it goes with them. The books are never theirs."""
    found = True
    while found:
        found = False
        for table in Base.metadata.sorted_tables:
            if "id" not in table.c or table.name in TRAIL or table.name in privacy.BOOKS:
                continue
            owners = [
                key.parent.in_(_ids(key.column.table.name))
                for key in table.foreign_keys
                if key.column.table.name in _OWNERS and (key.ondelete == "CASCADE" or key.parent.name in _OWNING)
            ]
            if owners:
                unmarked = sa.select(table.c.id).where(sa.or_(*owners), table.c.id.not_in(_ids(table.name)))
                # Asked for first: how many an INSERT from a SELECT wrote is not told by every driver.
                fresh = db.session.scalars(unmarked).all()
                if fresh:
                    found = True
                    marks = [{"table_name": table.name, "row_id": row_id, "is_beside": True} for row_id in fresh]
                    db.session.execute(sa.insert(DemoRecord), marks)


def _ids(name: str) -> sa.Select[Any]:
    return sa.select(DemoRecord.row_id).where(DemoRecord.table_name == name)


def _is_demo(name: str, row_id: int) -> bool:
    return db.session.scalar(_ids(name).where(DemoRecord.row_id == row_id)) is not None


def _owner(table: sa.Table) -> sa.Column[Any]:
    """Which column says whose a row is: its number, or the first part of its key."""
    return table.c.id if "id" in table.c else next(iter(table.primary_key.columns))


def _home(table: sa.Table) -> str | None:
    """The table whose rows decide whether this one's are the demo's; None for tables that the demo marks nothing in."""
    if "id" in table.c:
        return table.name
    return next((fk.column.table.name for fk in _owner(table).foreign_keys), None)


def _kept() -> Ids:
    """The demo's rows that stay: those that real rows refer to, and those that these need in turn."""
    kept: Ids = defaultdict(set)
    new: list[tuple[str, int]] = []

    def keep(name: str, ids: Iterable[int]) -> None:
        fresh = set(ids) - kept[name]
        kept[name] |= fresh
        new.extend((name, i) for i in fresh)

    book_clients = _held_by_real_rows(keep)
    while new or book_clients:
        while new:
            some = new[:AT_ONCE]
            del new[:AT_ONCE]
            for name in {n for n, _i in some}:
                ids = [i for n, i in some if n == name]
                for parent, found in _needed_by(name, ids):
                    keep(parent, found)
                book_clients |= _clients_of(name, ids)
        done, book_clients = book_clients, set()
        for name, found in _books_of(done):
            keep(name, found)
        book_clients -= done
    return kept


def _held_by_real_rows(keep: Any) -> set[int]:  # noqa: ANN401 -- a function
    """Keep what real rows refer to; the clients of the demo with real books come back."""
    with_books: set[int] = set()
    for table in Base.metadata.sorted_tables:
        home = _home(table)
        real = _owner(table).not_in(_ids(home)) if home else sa.true()
        if db.session.scalar(sa.select(sa.literal(1)).select_from(table).where(real).limit(1)) is None:
            continue
        for key in table.foreign_keys:
            parent = key.column.table.name
            if key.ondelete != "RESTRICT" and (table.name in TRAIL or parent in LOG_INS):
                continue
            found = set(db.session.scalars(sa.select(key.parent).where(real, key.parent.in_(_ids(parent))).distinct()))
            keep(parent, found)
            if parent == "client" and table.name in privacy.BOOKS:
                with_books |= found
    return with_books


def _needed_by(name: str, ids: list[int]) -> Iterator[tuple[str, set[int]]]:
    """The demo's rows that these rows of the demo cannot do without."""
    for table in Base.metadata.tables.values():
        if _home(table) != name:
            continue
        for key in table.foreign_keys:
            if key.ondelete != "SET NULL":
                parent = key.column.table.name
                wanted = sa.select(key.parent).where(_owner(table).in_(ids), key.parent.in_(_ids(parent)))
                yield parent, set(db.session.scalars(wanted.distinct()))
    for table in Base.metadata.tables.values():  # the parts of a paper of the books
        if name in privacy.BOOKS and table.name in privacy.BOOKS:
            for key in table.foreign_keys:
                if key.column.table.name == name:
                    parts = sa.select(table.c.id).where(key.parent.in_(ids), table.c.id.in_(_ids(table.name)))
                    yield table.name, set(db.session.scalars(parts))


def _clients_of(name: str, ids: list[int]) -> set[int]:
    """Whose books these are: of one client they stay as a whole, so that they still add up."""
    table = Base.metadata.tables[name]
    if name not in privacy.BOOKS or "client_id" not in table.c:
        return set()
    return {i for i in db.session.scalars(sa.select(table.c.client_id).where(table.c.id.in_(ids)).distinct()) if i}


def _books_of(client_ids: set[int]) -> Iterator[tuple[str, set[int]]]:
    for name in privacy.BOOKS:
        table = Base.metadata.tables[name]
        if "client_id" in table.c and client_ids:
            own = sa.select(table.c.id).where(table.c.client_id.in_(client_ids), table.c.id.in_(_ids(name)))
            yield name, set(db.session.scalars(own))


def _names(kept: Ids) -> list[str]:
    """The people and services among what stays."""
    found = []
    for name, kind in NAMED.items():
        rows = db.session.scalars(
            sa.select(kind).where(kind.id.in_(kept.get(name, ()))).order_by(kind.id).limit(AT_ONCE)
        )
        found += [f"{name}: {row}" for row in rows]
    return found


def _mark_files(kept: Ids) -> None:
    """The worker deletes the bytes, then the rows; nothing that goes now is in their way."""
    table = Base.metadata.tables["stored_file"]
    loose: dict[str, Any] = {c.name: None for c in table.c if c.foreign_keys and c.nullable}
    for ids in _in_pieces("stored_file", kept["stored_file"]):
        db.session.execute(sa.update(table).where(table.c.id.in_(ids)).values(removed_at=clock.now(), **loose))
        _forget("stored_file", ids)


def _delete(table: sa.Table, kept: set[int]) -> None:
    for ids in _in_pieces(table.name, kept):
        # By the table, past the guard of what is issued: these papers were never anybody's.
        db.session.execute(sa.delete(table).where(table.c.id.in_(ids)))
        _forget(table.name, ids)


def _in_pieces(name: str, kept: set[int]) -> Iterator[list[int]]:
    """The demo's rows of a table that go, the newest first: a later one may refer to an earlier one."""
    ids = [i for i in db.session.scalars(_ids(name).order_by(DemoRecord.row_id.desc())) if i not in kept]
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


def _forget(name: str, ids: list[int]) -> None:
    db.session.execute(sa.delete(DemoRecord).where(DemoRecord.table_name == name, DemoRecord.row_id.in_(ids)))


def _reset_counters() -> None:
    counter = Base.metadata.tables["counter"]
    for series, name in SERIES.items():
        if db.session.scalar(sa.select(sa.literal(1)).select_from(Base.metadata.tables[name]).limit(1)) is None:
            db.session.execute(sa.delete(counter).where(counter.c.name == series))
