"""What every report is made of: columns, rows, sums, what the picture shows; and two of them beside each other."""

import datetime as dt
import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from foundation import money
from workflows.permissions import Permission
from workflows.reports.periods import Period, Step


class Said(str):
    """A cell whose text the program says, such as "Nobody": it is translated when it is shown."""

    __slots__ = ()


class Unit(enum.StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    DAY = "day"
    COUNT = "count"
    MONEY = "money"
    #: whole minutes, shown as hours
    TIME = "time"


class Picture(enum.StrEnum):
    """How a report is drawn beside its table."""

    NONE = "none"
    #: upright bars, one for each step of time
    TIME = "time"
    #: lying bars, the largest first
    PARTS = "parts"
    #: the table itself, its cells darker the more they hold
    HEAT = "heat"


SUMMED = frozenset({Unit.COUNT, Unit.MONEY, Unit.TIME})


@dataclass(frozen=True)
class Column:
    """One column; the label is a msgid, or the hour that it stands for."""

    label: str | dt.time
    unit: Unit = Unit.TEXT
    #: False: its sum means nothing, such as of people who are counted every month
    adds_up: bool = True
    #: one of the large figures above the table
    is_card: bool = False


@dataclass(frozen=True)
class Row:
    """One line. `key` is the same in another period; `about` says what its name is a link to: ("client", 17)."""

    key: Any
    cells: tuple[Any, ...]
    about: tuple[str, Any] | None = None
    #: the main figure of the other period
    before: Any = None


@dataclass(frozen=True)
class Report:
    """Columns, rows and their sums. `main` is the column that is drawn and compared."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    totals: tuple[Any, ...]
    main: int = 1
    picture: Picture = Picture.PARTS
    #: the sums of the other period
    totals_before: tuple[Any, ...] | None = None


@dataclass(frozen=True)
class Wish:
    """What is asked of a report."""

    period: Period
    by: str = ""
    step: Step = Step.DAY
    first_weekday: int = 0
    #: only clients whose first visit lies in the period
    new_only: bool = False
    #: of reports about days ahead or since; what is not offered becomes the usual number
    days: int = -1
    #: amounts may be shown
    may_money: bool = True


@dataclass(frozen=True)
class Subject:
    """A report as the index lists it. All texts are msgids."""

    name: str
    heading: str
    title: str
    sentence: str
    #: what is counted, and on which day: stands on the page
    meaning: str
    figures: Callable[[Wish], Report]
    needs: frozenset[Permission] = frozenset()
    #: {key: label}; the first is the usual one
    groups: Mapping[str, str] = field(default_factory=dict)
    has_period: bool = True
    #: offers "new clients only"
    offers_new: bool = False
    #: numbers of days to choose from, the usual one first
    days: tuple[int, ...] = ()


def nothing(unit: Unit) -> Any:  # noqa: ANN401 -- a number, an amount or no text
    """The empty cell of a column."""
    return money.from_minor(0) if unit is Unit.MONEY else 0 if unit in SUMMED else None


def add_up(columns: Sequence[Column], rows: Sequence[Row]) -> tuple[Any, ...]:
    """The sums of the columns that have one."""
    found: list[Any] = []
    for i, column in enumerate(columns):
        if column.unit in SUMMED and column.adds_up:
            found.append(sum((row.cells[i] or 0 for row in rows), nothing(column.unit)))
        else:
            found.append(None)
    return tuple(found)


def report(columns: Sequence[Column], rows: Sequence[Row], *, main: int = 1, picture: Picture = Picture.PARTS) -> Report:  # fmt: skip
    """A report with its sums."""
    return Report(tuple(columns), tuple(rows), add_up(columns, rows), main, picture)


def largest_first(rows: Sequence[Row], main: int = 1) -> list[Row]:
    """By the main figure, then by name."""
    return sorted(rows, key=lambda row: (-(row.cells[main] or 0), str(row.cells[0]).casefold(), str(row.key)))


def beside(now: Report, then: Report) -> Report:
    """The report with the main figures of the other period beside its own; who is only there follows with nothing now."""
    old = {row.key: row for row in then.rows}
    zero = nothing(now.columns[now.main].unit)
    rows = [replace(row, before=old[row.key].cells[then.main] if row.key in old else zero) for row in now.rows]
    if now.picture is not Picture.TIME:
        here = {row.key for row in now.rows}
        rows += [
            replace(row, cells=(row.cells[0], *(nothing(c.unit) for c in now.columns[1:])), before=row.cells[then.main])
            for row in then.rows
            if row.key not in here
        ]
    return replace(now, rows=tuple(rows), totals_before=then.totals)


def change(now: Any, before: Any) -> int | None:  # noqa: ANN401 -- numbers and amounts
    """By how many percent it went up or down, halves away from zero; None when there was nothing before."""
    if not before:
        return None
    share = (Decimal(now or 0) - Decimal(before)) * 100 / abs(Decimal(before))
    return int(share.to_integral_value(rounding="ROUND_HALF_UP"))
