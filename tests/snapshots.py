"""The cast from a copy: made once for each database, afterwards its rows are put back and its objects taken from a pickle.

Whoever asks for the cast gets what `make_cast` and a commit would have left: the same rows, and objects of the test's session
with the same things loaded. Where that is not certain (there are rows in the same tables already), it is made; and for another
moment, zone, currency or other settings there is another copy.
"""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask
from psycopg import sql
from psycopg.types.json import Jsonb

from foundation import clock, money
from foundation.db import Base, db
from models import Setting
from tests import databases
from tests.cast import Cast, make_cast


@dataclass
class Snapshot:
    #: the tables that it fills
    tables: frozenset[str]
    #: puts the rows back, given the driver's connection
    put_back: Callable[[Any], object]
    people: bytes


def cast(app: Flask) -> Cast:
    """Everybody, committed."""
    session = db.session()
    session.flush()
    filled: set[str] = app.extensions.get("tests_filled", {"?"})
    kept: dict[tuple[object, ...], Snapshot] = app.extensions.setdefault("tests_cast", {})
    circumstances = (clock.now(), str(clock.zone()), money.currency(), *_settings(session, filled))
    snapshot = kept.get(circumstances)
    if snapshot is not None and filled.isdisjoint(snapshot.tables):
        session.commit()
        with databases.sweeping(app).begin() as connection:
            snapshot.put_back(connection.connection.driver_connection)
        made: Cast = pickle.loads(snapshot.people)  # noqa: S301 -- as above
        session.add_all(vars(made).values())
        session.commit()
        filled |= snapshot.tables
        return made
    before = frozenset(filled)
    filled.clear()
    made = make_cast()
    session.commit()
    if filled.isdisjoint(before) and "?" not in before:
        kept[circumstances] = Snapshot(frozenset(filled), _copy(session, filled), pickle.dumps(made))
        session.commit()
    filled |= before
    return made


def _settings(session: Any, filled: set[str]) -> list[tuple[str, str]]:
    """What is set differently from the start: whatever is made may depend on it."""
    if "setting" not in filled:
        return []
    return sorted((key, repr(value)) for key, value in session.execute(sa.select(Setting.key, Setting.value)))


def _copy(session: Any, tables: set[str]) -> Callable[[Any], object]:
    """What puts the rows of these tables back that are there now."""
    connection: sa.Connection = session.connection()
    rows: dict[str, list[Any]] = {}
    for table in Base.metadata.sorted_tables:
        if table.name not in tables:
            continue
        ordered = "rowid" if connection.dialect.name == "sqlite" else "ctid"
        found = connection.exec_driver_sql(f"SELECT * FROM {table.name} ORDER BY {ordered}")  # noqa: S608 -- our own name
        names = ", ".join(found.keys())
        if values := [tuple(row) for row in found]:
            rows[f"INSERT INTO {table.name} ({names}) VALUES "] = values  # noqa: S608 -- our own names
    if connection.dialect.name == "sqlite":
        return lambda driver: [
            driver.executemany(f"{into} ({', '.join('?' * len(values[0]))})", values) for into, values in rows.items()
        ]  # fmt: skip
    driver = connection.connection.driver_connection
    script = "; ".join(into + ", ".join(_literal(row, driver) for row in values) for into, values in rows.items())
    return lambda driver: driver.execute(script)


def _literal(row: tuple[Any, ...], driver: Any) -> str:
    values = (Jsonb(value) if isinstance(value, dict | list) else value for value in row)
    return f"({', '.join(sql.Literal(value).as_string(driver) for value in values)})"
