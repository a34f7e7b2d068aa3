"""Keeping what the office's search looks through (`SearchEntry`) in step with the records.

One place makes the entries: `renew` reads the rows of some records afresh and writes theirs. Every flush of
the session calls it for what changed, so no workflow has to think of it. What changes rows past the session (imports in
bulk, SQL by hand) is put right by `rebuild`, which the worker also does each night.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from foundation.db import Base, db
from models import Client, ClientContact, ClientStatus, Pet, PetStatus, SearchEntry, SearchKind, ServiceItem, Staff, Vet
from workflows import search_words
from workflows.merged import was_merged
from workflows.search_words import number_in, words_in

#: records that are read and written at a time
AT_ONCE = 500
_ENTRY: sa.Table = SearchEntry.__table__  # type: ignore[assignment]
#: SQLite's: of this search, and of the parts of names in the office's lists, which triggers keep (migration 0017)
_FULL_TEXT = ("search_index", "client_parts", "pet_parts")


@dataclass(frozen=True)
class Source:
    """How the records of one kind become entries."""

    model: type[Base]
    #: the columns that an entry is made of: a change of another one is none to the search
    columns: tuple[Any, ...]
    make: Callable[[Mapping[str, Any]], dict[str, Any]]
    #: belongs to a client, whose name finds it too
    of_client: bool = False


def _entry(
    title: str, names: Iterable[str | None], *, quiet: Iterable[str | None] = (), numbers: Iterable[str | None] = (),
    detail: Iterable[str | None] = (), is_past: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """An entry found by `names` (one slip is forgiven), by `quiet` words and by numbers."""
    forgiving = words_in(title, *names)
    words = list(dict.fromkeys([*forgiving, *words_in(*quiet), *filter(None, map(number_in, numbers))]))
    return {
        "title": title[:255] or "-",
        "detail": " · ".join(filter(None, detail))[:255],
        "words": " ".join(words),
        "tokens": search_words.tokens(words, forgiving),
        "is_past": is_past,
    }


def _full_name(row: Mapping[str, Any]) -> str:
    return f"{row['first_name']} {row['last_name']}".strip()


def _grouped(number: str) -> str:
    return f"{number[:4]} {number[4:7]} {number[7:]}"


def _client(row: Mapping[str, Any]) -> dict[str, Any]:
    return _entry(
        _full_name(row), (row["address_line1"], row["address_line2"], row["city"], row["region"]),
        quiet=(row["email"], row["postcode"]), numbers=(row["account_number"], row["phone"], row["postcode"]),
        detail=(_grouped(row["account_number"]), row["city"], row["phone"]), is_past=row["status"] == ClientStatus.ARCHIVED,
    )  # fmt: skip


def _contact(row: Mapping[str, Any]) -> dict[str, Any]:
    return _entry(
        row["name"], (), quiet=(row["email"], row["client_name"]), numbers=(row["phone"],),
        detail=(row["relation"], row["client_name"], row["phone"]), is_past=row["client_status"] == ClientStatus.ARCHIVED,
    )  # fmt: skip


def _pet(row: Mapping[str, Any]) -> dict[str, Any]:
    is_past = row["status"] != PetStatus.ACTIVE or row["client_status"] == ClientStatus.ARCHIVED
    return _entry(
        row["name"], (row["breed"],), quiet=(row["client_name"],), detail=(row["breed"], row["client_name"]),
        is_past=is_past,
    )  # fmt: skip


def _vet(row: Mapping[str, Any]) -> dict[str, Any]:
    return _entry(
        row["name"], (row["address"],), quiet=(row["email"],), numbers=(row["phone"],),
        detail=(row["address"], row["phone"]), is_past=not row["is_active"],
    )  # fmt: skip


def _staff(row: Mapping[str, Any]) -> dict[str, Any]:
    return _entry(
        _full_name(row), (), quiet=(row["email"],), numbers=(row["phone"],), detail=(row["phone"], row["email"]),
        is_past=not row["is_active"],
    )  # fmt: skip


def _service(row: Mapping[str, Any]) -> dict[str, Any]:
    return _entry(row["name"], (), quiet=(row["code"],), detail=(row["code"],), is_past=not row["is_active"])


C = Client
SOURCES: dict[SearchKind, Source] = {
    SearchKind.CLIENT: Source(
        Client,
        (C.first_name, C.last_name, C.email, C.phone, C.account_number, C.address_line1, C.address_line2, C.city, C.region, C.postcode, C.status, C.erased_at),
        _client,
    ),
    SearchKind.CONTACT: Source(
        ClientContact,
        (ClientContact.client_id, ClientContact.name, ClientContact.relation, ClientContact.email, ClientContact.phone),
        _contact,
        of_client=True,
    ),
    SearchKind.PET: Source(Pet, (Pet.client_id, Pet.name, Pet.breed, Pet.status), _pet, of_client=True),
    SearchKind.VET: Source(Vet, (Vet.name, Vet.phone, Vet.email, Vet.address, Vet.is_active), _vet),
    SearchKind.STAFF: Source(Staff, (Staff.first_name, Staff.last_name, Staff.email, Staff.phone, Staff.is_active), _staff),
    SearchKind.SERVICE: Source(ServiceItem, (ServiceItem.name, ServiceItem.code, ServiceItem.is_active), _service),
}  # fmt: skip
_KIND_OF = {source.model: kind for kind, source in SOURCES.items()}
#: what of a client stands in the entries of their pets and contacts
_OF_CLIENT = ("first_name", "last_name", "status", "erased_at")


# ------------------------------------------------------------------------------------------------------------ writing


def renew(kind: SearchKind, ids: Iterable[int], *, on: sa.Connection | None = None) -> None:
    """Write the entries of these records as the records are now; those of records that are gone, or erased, go."""
    connection = on or db.session.connection()
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        rows = [_row(kind, row) for row in connection.execute(_read(kind).where(_model(kind).id.in_(some))).mappings()]
        _write(connection, rows)
        gone = set(some) - {row["record_id"] for row in rows}
        if gone:
            connection.execute(sa.delete(_ENTRY).where(_ENTRY.c.kind == kind, _ENTRY.c.record_id.in_(gone)))


def rebuild(*, every: bool = False) -> int:
    """Write the entries that are not as they should be (or every one), and take out those of nothing; how many.

    Piece by piece in the caller's transaction; on SQLite its full text tables are then packed, which also forgets for
    good what was erased.
    """
    connection, wrong = db.session.connection(), 0
    for kind in SOURCES:
        wrong += sum(_repair(connection, kind, ids, every=every) for ids in _pieces(connection, kind))
        known = _read(kind).with_only_columns(_model(kind).id)
        stale = sa.delete(_ENTRY).where(_ENTRY.c.kind == kind, _ENTRY.c.record_id.not_in(known))
        wrong += connection.execute(stale).rowcount
    if connection.dialect.name == "sqlite":
        if every:
            connection.exec_driver_sql("INSERT INTO search_index(search_index) VALUES ('rebuild')")
        for table in _FULL_TEXT:
            connection.exec_driver_sql(f"INSERT INTO {table}({table}) VALUES ('optimize')")  # noqa: S608 -- our own names
    return wrong


def _model(kind: SearchKind) -> Any:  # noqa: ANN401 -- one of six tables' classes
    return SOURCES[kind].model


def _read(kind: SearchKind) -> Any:  # noqa: ANN401 -- a select
    """The columns of the records that are to be found; erased households are not, nor what was merged with another."""
    source, model = SOURCES[kind], _model(kind)
    wanted = sa.select(model.id, *source.columns)
    if source.of_client:
        name = sa.func.trim(Client.first_name + " " + Client.last_name)
        wanted = wanted.add_columns(name.label("client_name"), Client.status.label("client_status")).join(
            Client, Client.id == model.client_id
        )
    if model in {Client, Pet, Vet}:
        wanted = wanted.where(sa.not_(was_merged(model)))
    return wanted.where(Client.erased_at.is_(None)) if source.of_client or model is Client else wanted


def _row(kind: SearchKind, row: Mapping[Any, Any]) -> dict[str, Any]:
    source = SOURCES[kind]
    client_id = row["id"] if source.model is Client else row["client_id"] if source.of_client else None
    return {"kind": kind, "record_id": row["id"], "client_id": client_id, **source.make(row)}


def _write(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    insert = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    adding = insert(_ENTRY)
    changed = {name: adding.excluded[name] for name in ("client_id", "title", "detail", "words", "tokens", "is_past")}
    connection.execute(adding.on_conflict_do_update(index_elements=["kind", "record_id"], set_=changed), rows)


def _pieces(connection: sa.Connection, kind: SearchKind) -> Iterator[list[int]]:
    last = 0
    while True:
        wanted = sa.select(_model(kind).id).where(_model(kind).id > last).order_by(_model(kind).id).limit(AT_ONCE)
        ids = list(connection.scalars(wanted))
        if not ids:
            return
        yield ids
        last = ids[-1]


def _repair(connection: sa.Connection, kind: SearchKind, ids: list[int], *, every: bool) -> int:
    """Write those of these records whose entry is missing or another one; how many."""
    e = _ENTRY.c
    kept = {
        row.record_id: tuple(row)[1:]
        for row in connection.execute(
            sa.select(e.record_id, e.client_id, e.title, e.detail, e.words, e.is_past).where(
                e.kind == kind, e.record_id.in_(ids)
            )
        )
    }
    rows = [_row(kind, row) for row in connection.execute(_read(kind).where(_model(kind).id.in_(ids))).mappings()]
    wrong = [
        r for r in rows
        if every or kept.get(r["record_id"]) != tuple(r[n] for n in ("client_id", "title", "detail", "words", "is_past"))
    ]  # fmt: skip
    _write(connection, wrong)
    return len(wrong)


# ----------------------------------------------------------------------------------------------------------- watching


@event.listens_for(db.session, "after_flush")
def _after_flush(session: Session, _context: Any) -> None:  # noqa: ANN401 -- SQLAlchemy's unit of work
    """Renew the entries of what a flush changed, in the same transaction."""
    touched: dict[SearchKind, set[int]] = {}
    renamed: set[int] = set()
    for record in (*session.new, *session.dirty, *session.deleted):
        kind = _KIND_OF.get(type(record))
        if kind is None:
            continue
        if record in session.dirty and not _differs(record, [c.key for c in SOURCES[kind].columns]):
            continue
        touched.setdefault(kind, set()).add(record.id)
        if kind is SearchKind.CLIENT and record in session.dirty and _differs(record, _OF_CLIENT):
            renamed.add(record.id)
    if not touched:
        return
    connection = session.connection()
    if renamed:
        for kind in (k for k, source in SOURCES.items() if source.of_client):
            own = connection.scalars(sa.select(_model(kind).id).where(_model(kind).client_id.in_(renamed)))
            touched.setdefault(kind, set()).update(own)
    for kind, ids in touched.items():
        renew(kind, ids, on=connection)


def _differs(record: Any, names: Iterable[str]) -> bool:  # noqa: ANN401 -- a record of any kind
    attributes = sa.inspect(record).attrs
    return any(attributes[name].history.has_changes() for name in names)
