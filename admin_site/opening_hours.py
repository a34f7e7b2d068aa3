"""Opening hours as a week: for the business, a group or one service. `workflows.policy` saves them."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext

from admin_site.pages import Answer, WorkPage, get_or_404, page
from admin_site.reading import read_clock, read_id
from foundation.db import db
from models import OpeningHours, ServiceGroup, ServiceItem
from ui_kit import formats
from workflows import policy
from workflows.errors import WorkflowError
from workflows.opening import HOLIDAY, Stretch
from workflows.permissions import Permission

#: stretches a day that the form has room for, and one more than are there already
FEWEST, MOST = 2, 6


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(HoursPage(name="Opening hours", endpoint="opening_hours", url="opening-hours"))


@dataclass
class DayLine:
    """A day of the form: what stands in its fields, and what is wrong with them."""

    weekday: int
    name: str
    #: (from, until) as typed
    typed: list[tuple[str, str]]
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Scope:
    """For what the hours are: the business, a group or a service."""

    key: str
    group: ServiceGroup | None = None
    item: ServiceItem | None = None

    @property
    def url(self) -> str:
        """Its week."""
        wanted: dict[str, Any] = {"for": self.key} if self.key else {}
        return url_for("opening_hours.index", **wanted)

    @property
    def name(self) -> str:
        """As the page calls it."""
        return str(self.item or self.group or gettext("Every service"))


class HoursPage(WorkPage):
    """The week of one scope; the others are a click away."""

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Answer:
        """The week, and saving it."""
        scope = _scope(request.args.get("for", ""))
        rows = _rows(scope)
        if request.method == "GET":
            return self._show(scope, _lines(_typed(rows)))
        if not self.actor.may(Permission.CATALOGUE):
            abort(403)
        lines = _lines({n: _posted(n) for n in range(HOLIDAY + 1)})
        week = _read(lines)
        if week is not None:
            try:
                changed = policy.save_week(week, actor=self.actor, group=scope.group, item=scope.item)
                db.session.commit()
            except WorkflowError as problem:
                db.session.rollback()
                line = next((x for x in lines if problem.field == f"day{x.weekday}"), lines[0])
                line.errors.append(problem.say(gettext))
            else:
                flash(gettext("Opening hours saved.") if changed else gettext("Nothing was changed."), "success")
                return redirect(scope.url)
        return self._show(scope, lines, 422)

    def _show(self, scope: Scope, lines: list[DayLine], status: int = 200) -> Answer:
        known = db.session.execute(sa.select(OpeningHours.service_group_id, OpeningHours.service_item_id).distinct())
        own = {f"service-{item}" if item else f"group-{group}" if group else "" for group, item in known}
        groups = db.session.scalars(sa.select(ServiceGroup).order_by(ServiceGroup.position, ServiceGroup.name)).all()
        items = db.session.scalars(
            sa.select(ServiceItem)
            .where(sa.or_(ServiceItem.is_active, ServiceItem.id == (scope.item.id if scope.item else 0)))
            .order_by(ServiceItem.position, ServiceItem.name)
        ).all()
        return page(
            "opening_hours.html", status, scope=scope, lines=lines, own=own, groups=groups, items=items,
            may_edit=self.actor.may(Permission.CATALOGUE), n=max(len(x.typed) for x in lines),
        )  # fmt: skip


def _scope(key: str) -> Scope:
    """The scope that the address names, or 404."""
    kind, _dash, number = key.partition("-")
    if not key:
        return Scope("")
    row_id = read_id(number) or 0
    if kind == "group":
        return Scope(key, group=get_or_404(ServiceGroup, row_id))
    if kind == "service":
        return Scope(key, item=get_or_404(ServiceItem, row_id))
    return abort(404)


def _rows(scope: Scope) -> list[OpeningHours]:
    return list(
        db.session.scalars(
            sa.select(OpeningHours)
            .where(
                OpeningHours.service_group_id == (scope.group.id if scope.group else None),
                OpeningHours.service_item_id == (scope.item.id if scope.item else None),
            )
            .order_by(OpeningHours.opens_at)
        )
    )


def _typed(rows: list[OpeningHours]) -> dict[int, list[tuple[str, str]]]:
    found: dict[int, list[tuple[str, str]]] = {n: [] for n in range(HOLIDAY + 1)}
    for row in rows:
        found[row.weekday].append((f"{row.opens_at:%H:%M}", f"{row.closes_at:%H:%M}"))
    room = min(max(FEWEST, *(len(own) + 1 if len(own) >= FEWEST else 0 for own in found.values())), MOST)
    return {n: (own + [("", "")] * room)[: max(room, len(own))] for n, own in found.items()}


def _posted(weekday: int) -> list[tuple[str, str]]:
    begins, ends = (request.form.getlist(f"{end}-{weekday}")[:20] for end in ("from", "until"))
    pairs = list(zip(begins, ends, strict=False))
    return [(a.strip()[:20], b.strip()[:20]) for a, b in pairs] or [("", "")] * FEWEST


def _lines(typed: dict[int, list[tuple[str, str]]]) -> list[DayLine]:
    """The days in the order of the reader's week, the public holidays last."""
    first = formats.first_weekday()
    days = [((first + n) % 7, long) for n, (_short, long) in enumerate(formats.weekday_names())]
    return [DayLine(n, name, typed[n]) for n, name in [*days, (HOLIDAY, gettext("Public holidays"))]]


def _read(lines: list[DayLine]) -> dict[int, list[Stretch]] | None:
    """What was typed as times, or None with the errors filled in. Midnight as an end is the last minute of the day."""
    week: dict[int, list[Stretch]] = {}
    for line in lines:
        for begin, end in line.typed:
            if not begin and not end:
                continue
            opens, closes = read_clock(begin), read_clock(end)
            if opens is None or closes is None:
                line.errors.append(gettext("Enter both times, for example 08:00 and 18:00."))
                continue
            week.setdefault(line.weekday, []).append((opens, dt.time(23, 59) if closes == dt.time(0) else closes))
    return None if any(line.errors for line in lines) else week
