"""How reports look: their cells in words, for the page and for the file, where a row leads, and what the picture shows."""

import datetime as dt
import enum
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import url_for
from flask_babel import gettext

from admin_site.frame import money_words
from admin_site.words import word
from models import KeyPlace
from ui_kit import formats
from workflows.actors import Actor
from workflows.permissions import Permission
from workflows.reports.periods import Bucket, Named, Period, Step
from workflows.reports.shapes import Column, Picture, Report, Row, Said, Unit, change

#: bars beside a table of names
MOST_PARTS = 10
HEATS = 5


# ------------------------------------------------------------------------------------------------------------- cells


def label(column: Column) -> str:
    """The head of a column."""
    return formats.pill_time(column.label) if isinstance(column.label, dt.time) else gettext(column.label)


def cell(value: Any, unit: Unit = Unit.TEXT) -> str:
    """A cell as the page shows it."""
    if value is None:
        return ""
    if unit is Unit.MONEY:
        return money_words(value)
    if unit is Unit.TIME:
        return f"{value // 60}:{value % 60:02d}"
    if unit is Unit.DAY:
        return formats.local_date(value)
    return _name(value)


def _name(value: Any) -> str:
    if isinstance(value, Bucket):
        return _bucket(value)
    if isinstance(value, Said):
        return gettext(str(value))
    if isinstance(value, enum.StrEnum):
        return word(value)
    return str(value)


def _bucket(bucket: Bucket) -> str:
    if bucket.step is Step.MONTH:
        return formats.month_name(bucket.first)
    day = formats.short_day(bucket.first)
    return gettext("Week of %(day)s", day=day) if bucket.step is Step.WEEK else day


def in_file(value: Any, unit: Unit = Unit.TEXT) -> Any:
    """The same as a file gets it: days that sort, hours with decimals, figures without signs."""
    if unit is Unit.TIME and value is not None:
        return (Decimal(value) / 60).quantize(Decimal("0.01"))
    if isinstance(value, Bucket):
        return value.first
    return _name(value) if value is not None and unit is Unit.TEXT else value


def changed(now: Any, before: Any) -> str:
    """`+12 %` against the other period; "" when there was nothing."""
    percent = change(now, before)
    return "" if percent is None else f"{percent:+d} %".replace("-", "\N{MINUS SIGN}")


def period_words(period: Period) -> str:
    """`Nov 1, 2026 to Nov 30, 2026`."""
    return formats.time_span(formats.local_date(period.first), formats.local_date(period.last))


def named_words(name: Named) -> str:
    """A period's name."""
    return {
        Named.THIS_MONTH: gettext("This month"),
        Named.LAST_MONTH: gettext("Last month"),
        Named.THIS_QUARTER: gettext("This quarter"),
        Named.LAST_QUARTER: gettext("Last quarter"),
        Named.THIS_YEAR: gettext("This year"),
        Named.LAST_YEAR: gettext("Last year"),
        Named.LAST_30_DAYS: gettext("The last 30 days"),
        Named.OWN: gettext("From day to day"),
    }[name]


# ------------------------------------------------------------------------------------------------------------- links

#: the list that a report's days, clients, services and sitters lead to, what it takes to see it, and its own filter
_LISTS: dict[str, tuple[str, Permission, dict[str, str]]] = {
    "revenue": ("visits", Permission.OFFICE, {}),
    "visits": ("visits", Permission.OFFICE, {}),
    "uninvoiced": ("visits", Permission.OFFICE, {}),
    "cancellations": ("visits", Permission.OFFICE, {"flt_state": "cancelled"}),
    "invoiced": ("invoices", Permission.BILLING, {}),
    "unpaid": ("invoices", Permission.BILLING, {"view": "open"}),
    "received": ("payments", Permission.BILLING, {}),
    "growth": ("clients", Permission.OFFICE, {}),
}
_FILTERS = {
    "client": "flt_client", "uninvoiced": "flt_client", "owed": "flt_client", "service": "flt_service", "sitter": "flt_sitter",
    "method": "flt_kind",
}  # fmt: skip


def link_of(name: str, row: Row, period: Period | None, actor: Actor) -> str | None:
    """Where a row's name leads, if this person may go there."""
    if row.about is None:
        return None
    kind, about = row.about
    if kind in _PAGES:
        needed, made = _PAGES[kind]
        return made(about) if actor.may(needed) else None
    endpoint, needed, more = _LISTS.get(name, ("", Permission.OFFICE, {}))
    if not endpoint or not actor.may(needed):
        return None
    arguments: dict[str, Any] = {"view": "all", **more}
    span = about if kind == "days" else (period.first, period.last) if period is not None else None
    if span is not None:
        arguments |= {"flt_from": span[0].isoformat(), "flt_until": span[1].isoformat()}
    if kind in _FILTERS:
        arguments[_FILTERS[kind]] = about
    return url_for(f"{endpoint}.index_view", **arguments)


def _keys(about: tuple[str, int | None]) -> str:
    place, holder = about
    asked: dict[str, Any] = {"view": "team" if place == KeyPlace.STAFF else place}
    if holder:
        asked["flt_sitter"] = holder
    return url_for("keys.index_view", **asked)


_PAGES: dict[str, tuple[Permission, Callable[[Any], str]]] = {
    "account": (Permission.BILLING, lambda i: url_for("client_page.show", client_id=i, tab="account")),
    "write": (Permission.OFFICE, lambda i: url_for("client_page.show", client_id=i, tab="messages")),
    "client_keys": (Permission.OFFICE, lambda i: url_for("client_page.show", client_id=i, tab="keys")),
    "pay": (Permission.PAY, lambda i: url_for("pay.sitter", staff_id=i)),
    "keys": (Permission.OFFICE, _keys),
    "pet": (Permission.OFFICE, lambda i: url_for("pets.details_view", id=i)),
}


# ---------------------------------------------------------------------------------------------------------- pictures


@dataclass(frozen=True)
class Bar:
    """One bar: from where and how high it is, in hundredths of the picture; and of the other period."""

    label: str
    words: str
    at: float
    size: float
    before_at: float | None = None
    before_size: float = 0


@dataclass(frozen=True)
class Drawn:
    """What is drawn, and the same in a sentence."""

    picture: Picture
    bars: list[Bar]
    sentence: str


def drawn(report: Report) -> Drawn | None:
    """Bars of the main column; nothing when there is nothing to see."""
    if report.picture not in {Picture.TIME, Picture.PARTS}:
        return None
    column = report.columns[report.main]
    rows = (
        [row for row in report.rows if row.cells[report.main]] if report.picture is Picture.PARTS else list(report.rows)
    )
    every = [row.cells[report.main] for row in rows]
    if len(rows) < 2 or not any(every):
        return None
    top = max([0, *every, *(row.before or 0 for row in rows)])
    low = min([0, *every, *(row.before or 0 for row in rows)])
    whole = float(top - low) or 1.0
    shown = rows[:MOST_PARTS] if report.picture is Picture.PARTS else rows
    bars = []
    for row in shown:
        at, size = _place(row.cells[report.main], top, whole)
        old = (None, 0.0) if row.before is None else _place(row.before, top, whole)
        bars.append(Bar(cell(row.cells[0]), cell(row.cells[report.main], column.unit), at, size, *old))
    most = max(rows, key=lambda row: row.cells[report.main])
    sentence = gettext(
        "%(what)s, highest: %(name)s with %(figure)s.", what=label(column), name=cell(most.cells[0]),
        figure=cell(most.cells[report.main], column.unit),
    )  # fmt: skip
    return Drawn(report.picture, bars, sentence)


def _place(value: Any, top: Any, whole: float) -> tuple[float, float]:
    """Where a bar begins, counted from the top, and its height."""
    begin = float(top - max(value, 0)) / whole * 100
    return round(begin, 1), round(abs(float(value)) / whole * 100, 1)


def heat(report: Report) -> Callable[[Any], int]:
    """How dark a cell is, 0 to HEATS, against the most of all."""
    most = max((c or 0 for row in report.rows for c in row.cells[2:]), default=0)
    return lambda value: -(-(value or 0) * HEATS // most) if most else 0
