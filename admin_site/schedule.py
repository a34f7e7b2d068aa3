"""The schedule of the office: a day or a week, by sitter or by client, with filters. Moving a visit is on its own page."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import request, url_for
from flask_admin import Admin, expose

from admin_site import schedule_rows
from admin_site.pages import Answer, WorkPage, active_sitters, page
from admin_site.reading import FIRST_DAY, LAST_DAY, read_day, read_id, read_page
from admin_site.schedule_rows import DAY, MOST_CARDS, MOST_IN_CELL, Show, Wish
from foundation import clock
from foundation.db import db
from models import ServiceGroup
from ui_kit import formats

#: rows on one page; a day of few sitters is drawn as a board, of more as a list
SITTERS_A_PAGE, CLIENTS_A_PAGE, MOST_COLUMNS = 25, 50, 6


class SchedulePage(WorkPage):
    """Who does what, when."""

    @expose("/")
    def index(self) -> Answer:
        """A day or a week."""
        wish, on = _wish()
        sitters = active_sitters()
        found = schedule_rows.rows(wish, sitters)
        size = CLIENTS_A_PAGE if wish.by_client else SITTERS_A_PAGE
        pages = max(-(-len(found) // size), 1)
        number = min(read_page(), pages)
        shown = found[(number - 1) * size : number * size]
        if not wish.is_week:
            schedule_rows.add_pets(shown)
        if not wish.by_client:
            schedule_rows.add_time_off(shown, wish)
        return page(
            "schedule.html",
            wish=wish,
            rows=shown,
            n_visits=sum(row.n_visits for row in found),
            as_sums=wish.is_week and sum(row.n_visits for row in shown) > MOST_CARDS,
            as_board=not wish.is_week and not wish.by_client and len(shown) <= MOST_COLUMNS,
            most_in_cell=MOST_IN_CELL,
            number=number,
            pages=pages,
            sitters=sitters,
            groups=db.session.scalars(sa.select(ServiceGroup).order_by(ServiceGroup.position, ServiceGroup.name)).all(),
            title=_title(wish),
            today=clock.today(),
            before=max(on - DAY * len(wish.days), FIRST_DAY),
            after=min(on + DAY * len(wish.days), LAST_DAY),
            url=_url_maker(wish, on),
            on=on,
        )


def _wish() -> tuple[Wish, dt.date]:
    """What the query string asks for; what makes no sense there is left out."""
    asked = request.args
    on = read_day(asked.get("on")) or clock.today()
    is_week = asked.get("view") != "day"
    first = on - DAY * ((on.weekday() - formats.first_weekday()) % 7) if is_week else on
    state = asked.get("state", "")
    sitter = asked.get("sitter", "")
    return Wish(
        is_week=is_week,
        by_client=asked.get("by") == "client",
        first=first,
        last=first + DAY * 6 if is_week else on,
        show=Show(state) if state in set(Show) else Show.OPEN,
        with_requests=asked.get("requests") == "1",
        sitter=sitter if sitter == "none" else str(read_id(sitter) or ""),
        group_id=read_id(asked.get("group")),
    ), on


def _url_maker(wish: Wish, on: dt.date) -> Callable[..., str]:
    """Addresses of this page with something changed; `page` starts anew unless it is given."""
    now: dict[str, Any] = {
        "view": "week" if wish.is_week else "day",
        "by": "client" if wish.by_client else None,
        "on": on.isoformat(),
        "state": wish.show.value if wish.show is not Show.OPEN else None,
        "requests": "1" if wish.with_requests else None,
        "sitter": wish.sitter or None,
        "group": wish.group_id,
    }

    def url(**changes: Any) -> str:
        changed = {k: v.isoformat() if isinstance(v, dt.date) else v for k, v in changes.items()}
        return url_for("schedule.index", **{**now, **changed})

    return url


def _title(wish: Wish) -> str:
    if not wish.is_week:
        return formats.long_day(wish.first, year=wish.first.year != clock.today().year)
    first = formats.short_day(wish.first)
    last = formats.short_day(wish.last, year=wish.last.year != clock.today().year)
    return formats.time_span(first, last)


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(SchedulePage(name="Schedule", endpoint="schedule", url="schedule"))
