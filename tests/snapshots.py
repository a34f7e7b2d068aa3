"""The cast from a copy: made once for each database, afterwards its rows are put back and its objects taken from a pickle.

Whoever asks for the cast gets what `make_cast` and a commit would have left: the same rows, and objects of the test's session
with the same things loaded. Where that is not certain (there are rows already, or another moment, zone or currency), it is made.
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
from tests.cast import Cast, make_cast


@dataclass
class Snapshot:
    #: what must be as it was
    circumstances: tuple[object, ...]
    #: puts the rows back, given the driver's connection
    put_back: Callable[[Any], object]
    people: bytes


def cast(app: Flask) -> Cast:
    """Everybody, committed."""
    session = db.session()
    untouched = app.extensions.get("tests_filled") is False and not (session.new or session.identity_map)
    kept: Snapshot | None = app.extensions.get("tests_cast")
    circumstances = (clock.now(), str(clock.zone()), money.currency())
    if untouched and kept is not None and kept.circumstances == circumstances:
        kept.put_back(session.connection().connection.driver_connection)
        made: Cast = pickle.loads(kept.people)  # noqa: S301 -- as above
        session.add_all(vars(made).values())
        session.commit()
        app.extensions["tests_filled"] = True
        return made
    made = make_cast()
    session.commit()
    if untouched:
        app.extensions["tests_cast"] = Snapshot(circumstances, _copy(session), pickle.dumps(made))
        session.commit()
    return made


def _copy(session: Any) -> Callable[[Any], object]:
    """What puts the rows back that are there now."""
    connection: sa.Connection = session.connection()
    rows: dict[str, list[Any]] = {}
    for table in Base.metadata.sorted_tables:
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
