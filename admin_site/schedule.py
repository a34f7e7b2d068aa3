"""The schedule of the office: a day, a week or a month, by sitter or by client, with filters; and on paper.

Dragging is on the board (`board`), moving one visit on its own page (`moves`), many at once in `orders`.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from werkzeug.wrappers import Response

from admin_site import job_lines, schedule_marks, schedule_month, schedule_names, schedule_rows, schedule_wish, undo
from admin_site.pages import Answer, WorkPage, page, refuse
from admin_site.reading import FIRST_DAY, LAST_DAY, read_page
from admin_site.schedule_names import Names
from admin_site.schedule_rows import DAY, MOST_CARDS, MOST_IN_CELL
from admin_site.schedule_wish import Show, Wish
from foundation import clock
from foundation.db import db
from ui_kit import formats, month_grid
from workflows import master_schedule
from workflows.errors import WorkflowError
from workflows.permissions import Permission

#: rows on one page; a day of few sitters is drawn as a board, of more as a list
SITTERS_A_PAGE, CLIENTS_A_PAGE, MOST_COLUMNS = 25, 50, 6


class SchedulePage(WorkPage):
    """Who does what, when."""

    @expose("/")
    def index(self) -> Answer:
        """A day, a week or a month."""
        wish = schedule_wish.wish_of(request.args)
        on, names = wish.on, schedule_names.read()
        if wish.is_month:
            return self._month(wish, names)
        found = schedule_rows.rows(wish, names)
        size = CLIENTS_A_PAGE if wish.by_client else SITTERS_A_PAGE
        pages = max(-(-len(found) // size), 1)
        number = min(read_page(), pages)
        shown = found[(number - 1) * size : number * size]
        as_sums = wish.is_week and sum(row.n_drawn for row in shown) > MOST_CARDS
        if not as_sums:
            schedule_rows.fill(shown, wish, names)
            if wish.is_week:
                schedule_marks.add_keys(shown)
            else:
                schedule_marks.add_pets(shown, with_keys=True)
        if not wish.by_client:
            schedule_marks.add_time_off(shown, wish)
        picks = "pick" in request.args and self.actor.may(Permission.SCHEDULE)
        return page(
            "schedule.html",
            wish=wish,
            rows=shown,
            picks=picks,
            n_visits=sum(row.n_visits for row in found),
            as_sums=as_sums,
            as_board=not wish.is_week and not wish.by_client and len(shown) <= MOST_COLUMNS,
            most_in_cell=MOST_IN_CELL,
            number=number,
            pages=pages,
            sitters=names.sitters,
            groups=names.groups,
            title=_title(wish),
            today=clock.today(),
            before=max(on - DAY * len(wish.days), FIRST_DAY),
            after=min(on + DAY * len(wish.days), LAST_DAY),
            url=_url_maker(wish, on),
            on=on,
            lines=job_lines.SlotLines(by_client=wish.by_client, picks=picks),
            may_edit=self.actor.may(Permission.SCHEDULE),
            undo=undo.to_undo(),
            here=request.full_path.rstrip("?"),
        )

    def _month(self, wish: Wish, names: Names) -> Answer:
        """The whole month as sums that lead into the days."""
        url, found = _url_maker(wish, wish.on), schedule_month.sums(wish)
        grid = month_grid(
            wish.on, today=clock.today(), items={day: each.items() for day, each in found.items()},
            day_url=lambda day: url(view="day", on=day),
        )  # fmt: skip
        return page(
            "schedule_month.html", wish=wish, on=wish.on, grid=grid, sitters=names.sitters, groups=names.groups, url=url,
            n_visits=sum(s.visits for day, s in found.items() if day.month == wish.on.month), today=clock.today(),
            previous=max(grid.previous, FIRST_DAY), following=min(grid.next, LAST_DAY),
            may_edit=self.actor.may(Permission.SCHEDULE), undo=None, here="",
        )  # fmt: skip

    @expose("/print")
    def paper(self) -> Answer:
        """Visits by sitter and day, for paper: of the day or week that was looked at, or of 14 days."""
        wish = schedule_wish.wish_of({**request.args, "by": "sitter"})
        if request.args.get("days") == "14":
            wish = replace(wish, is_week=True, is_month=False, first=wish.on, last=min(wish.on + DAY * 13, LAST_DAY))
        elif wish.is_month:
            wish = schedule_wish.wish_of({**request.args, "by": "sitter", "view": "week"})
        wish = replace(wish, with_cancelled=False)
        names = schedule_names.read()
        found = [row for row in schedule_rows.rows(wish, names) if row.n_drawn]
        schedule_rows.fill(found, wish, names)
        schedule_marks.add_pets(found)
        addresses = schedule_marks.addresses(found)
        return page(
            "schedule_print.html", wish=wish, rows=found, addresses=addresses, title=_title(wish), made_at=clock.now(),
            back=url_for(".index", view=wish.view, on=wish.on.isoformat()), url=_url_maker(wish, wish.on),
            can_mail=self.actor.may(Permission.SCHEDULE),
        )  # fmt: skip

    @expose("/print/mail", methods=("POST",))
    def mail(self) -> Response:
        """The 14-day schedule, to one's own mail address."""
        try:
            sent = master_schedule.send_to(actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
        else:
            flash(gettext("The schedule of 14 days is on its way to %(address)s.", address=sent.to_address), "success")
        return redirect(url_for(".paper", days="14"))


def _url_maker(wish: Wish, on: dt.date) -> Callable[..., str]:
    """Addresses of this page with something changed; `page` starts anew unless it is given."""
    now: dict[str, Any] = {
        "view": wish.view,
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
    if wish.first == wish.last:
        return formats.long_day(wish.first, year=wish.first.year != clock.today().year)
    first = formats.short_day(wish.first)
    last = formats.short_day(wish.last, year=wish.last.year != clock.today().year)
    return formats.time_span(first, last)


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(SchedulePage(name="Schedule", endpoint="schedule", url="schedule"))
