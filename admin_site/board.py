"""The schedule board: sitters as rows, time to the right, visits that can be dragged.

The page is a frame; its script asks here for the visits of the days shown, and for every move. The list and the Move
page do all of it without a script.
"""

import datetime as dt
from typing import Any

from flask import abort, jsonify, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from werkzeug.wrappers import Response

from admin_site import board_events, schedule_names, texts, undo
from admin_site.board_events import NOBODY
from admin_site.pages import Answer, WorkPage, page
from admin_site.reading import MAX_ID, read_clock, read_day, read_id, read_tokens, write_tokens
from admin_site.schedule_names import Named, Names
from admin_site.schedule_rows import DAY
from admin_site.schedule_wish import Show, Wish
from admin_site.visits_page import each_once
from foundation import clock
from foundation.db import db
from models import Job, JobState, Staff, TimeBlock, TimeType
from ui_kit import formats
from workflows import conflicts, jobs, moving, opening, settings, stretches
from workflows.errors import N_, Invalid, WorkflowError
from workflows.permissions import Permission

#: the script shows a day or a week; nobody needs more in one answer
MOST_DAYS = 8


class BoardPage(WorkPage):
    """Who does what, to be dragged."""

    permission = Permission.SCHEDULE

    @expose("/")
    def index(self) -> Answer:
        """The frame of the board."""
        on = read_day(request.args.get("on")) or clock.today()
        is_week = request.args.get("view") == "week"
        group_id, sitter = read_id(request.args.get("group")), read_id(request.args.get("sitter"))
        names = schedule_names.read()
        return page(
            "board.html", on=on, is_week=is_week, sitters=names.sitters, groups=names.groups, group_id=group_id, sitter=sitter,
            config=_config(on, is_week=is_week), seconds=settings.read()["schedule.undo_seconds"], undo=undo.to_undo(),
            here=url_for(".index", view="week" if is_week else "day", on=on.isoformat()),
        )  # fmt: skip

    @expose("/visits")
    def visits(self) -> Response:
        """The visits of the days from `start` up to, not including, `end`, and who has a row."""
        first, end = read_day(request.args.get("start", "")[:10]), read_day(request.args.get("end", "")[:10])
        if first is None or end is None or not 0 < (end - first).days <= MOST_DAYS:
            abort(400)
        sitter_id = read_id(request.args.get("sitter"))
        wish = Wish(
            is_week=False, by_client=False, first=first, last=end - DAY, show=Show.OPEN, with_requests=True,
            sitter=str(sitter_id or ""), group_id=read_id(request.args.get("group")),
        )  # fmt: skip
        names = schedule_names.read()
        sitters = [s for s in names.sitters if sitter_id in {None, s.id}]
        looks, drawn = board_events.visits(wish, names)
        return jsonify(
            looks=looks, visits=drawn, away=board_events.days_off(wish, sitters),
            resources=_rows(sitters, names, drawn, alone=sitter_id is not None),
        )  # fmt: skip

    @expose("/moves", methods=("POST",))
    def move(self) -> Answer | tuple[Response, int]:
        """A visit was dropped: saved, or what stands against it, or where it really is."""
        job = _job(request.form.get("job"))
        version = read_id(request.form.get("version"))
        try:
            moved = moving.move(
                job, _dropped(job), actor=self.actor, seen_version=version or 0, accept=read_tokens(request.form.get("accept")),
                tell_client=request.form.get("tell_client") == "1",
            )  # fmt: skip
            db.session.commit()
        except conflicts.ConflictsFound as found:
            db.session.rollback()
            clashes = each_once(found)
            never = next((c for c in clashes if c.is_final), None)
            if never is not None:
                return jsonify(error=texts.clash_sentence(never)), 409
            return jsonify(
                alert=found.say(gettext), conflicts=[texts.clash_sentence(c) for c in clashes],
                accept=write_tokens(c.token for c in clashes),
            ), 409  # fmt: skip
        except WorkflowError as problem:
            db.session.rollback()
            return _refused(problem, job.id)
        undo.remember(moved)
        return jsonify(
            visit=board_events.visit_of(moved.job), text=undo.moved_words(moved.job) if moved.changed else "",
            undo=url_for(".take_back", number=moved.number) if moved.number else None,
            seconds=settings.read()["schedule.undo_seconds"],
        ), 200  # fmt: skip

    @expose("/undoing/<int:number>", methods=("POST",))
    def take_back(self, number: int) -> tuple[Response, int]:
        """Put a moved visit back."""
        undo.forget()
        try:
            job = moving.undo(number if number <= MAX_ID else 0, actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            db.session.rollback()
            return _refused(problem, read_id(request.form.get("job")) or 0)
        return jsonify(visit=board_events.visit_of(job), text=undo.undone_words(job)), 200


def _job(text: str | None) -> Job:
    number = read_id(text)
    job = jobs.get_fresh(number) if number else None
    if job is None:
        abort(404)
    return job


def _refused(problem: WorkflowError, job_id: int) -> tuple[Response, int]:
    """The sentence, and the visit as it really is (the board draws it there)."""
    job = jobs.get_fresh(job_id)
    is_there = job is not None and job.state in stretches.BUSY_STATES
    return jsonify(error=problem.say(gettext), visit=board_events.visit_of(job) if job and is_there else None), 422 if isinstance(problem, Invalid) else 409  # fmt: skip


def _dropped(job: Job) -> moving.Place:
    """Where the visit was dropped: a day, a row, and a time unless the day view was left out of it."""
    if job.state is not JobState.SCHEDULED:
        raise jobs.not_now(job)
    on = read_day(request.form.get("date"))
    row = request.form.get("sitter", "")
    sitter = None if row == NOBODY else db.session.get(Staff, read_id(row) or 0)
    if on is None or (sitter is None and row != NOBODY):
        raise Invalid("no_place", N_("Choose a day and a sitter."))
    time = read_clock(request.form.get("time", ""))
    start, block = job.start_time, job.time_block
    if time is None or moving.is_stay_of(job) or time == _drawn_at(job):
        return moving.Place(on, start, block, sitter)
    if job.service_item.time_type is TimeType.TIME_BLOCK:
        block = _nearest(job, time)
        start = time if start is not None else None
    elif start is not None:
        start = time
    return moving.Place(on, start, block, sitter)


def _drawn_at(job: Job) -> dt.time | None:
    """Where its left edge stands."""
    return job.start_time or (job.time_block.starts_at if job.time_block else None)


def _nearest(job: Job, time: dt.time) -> TimeBlock | None:
    """The block of its service that holds this time, else the one that begins nearest to it."""
    offered = [b for b in job.service_item.time_blocks if b.is_active] or ([job.time_block] if job.time_block else [])

    def distance(block: TimeBlock) -> tuple[bool, int]:
        away = abs((block.starts_at.hour - time.hour) * 60 + block.starts_at.minute - time.minute)
        return not (job.start_time is not None and block.starts_at <= time < block.ends_at), away

    return min(offered, key=distance, default=job.time_block)


def _rows(sitters: list[Named], names: Names, drawn: list[board_events.Visit], *, alone: bool) -> list[dict[str, str]]:
    """Nobody first, then the sitters by name, then whoever has visits and is no sitter any more."""
    rows = [] if alone else [{"id": NOBODY, "title": gettext("Nobody yet")}]
    rows += [{"id": str(s.id), "title": s.name} for s in sitters]
    known = {row["id"] for row in rows}
    for row_id in dict.fromkeys(visit["row"] for visit in drawn):
        if row_id not in known:
            rows.append({"id": row_id, "title": names.staff.get(int(row_id)) or gettext("Nobody yet")})
    return rows


#: shown of a day while no opening hours are set
HOURS = (dt.time(7), dt.time(21))


def _config(on: dt.date, *, is_week: bool) -> dict[str, Any]:
    """What the script needs to know: addresses, the clock, and words in the reader's language."""
    opens, closes = opening.usual_hours() or HOURS
    return {
        # Whole hours; visits outside of them widen the day.
        "opens": opens.hour,
        "closes": closes.hour + (closes > dt.time(closes.hour)),
        "date": on.isoformat(),
        "view": "resourceTimelineWeek" if is_week else "resourceTimelineDay",
        "visits": url_for(".visits"),
        "moves": url_for(".move"),
        # A visit's own pages: its number, or its client's, takes the place of the 0.
        "visit": url_for("visits_page.show", job_id=0),
        "request": url_for("requests.batch", client_id=0),
        "move": url_for("moves.move", job_id=0),
        "here": url_for(".index"),
        "list": url_for("schedule.index"),
        "zone": settings.read()["business.time_zone"],
        "today": clock.today().isoformat(),
        "firstDay": (formats.first_weekday() + 1) % 7,
        "words": {
            "today": gettext("Today"), "prev": gettext("Previous"), "next": gettext("Next"),
            "resourceTimelineDay": gettext("Day"), "resourceTimelineWeek": gettext("Week"), "close": gettext("Close"),
            "board": gettext("Visits by sitter"), "sitter": gettext("Sitter"), "req": gettext("REQ:"), "noKey": gettext("no key"),
        },
    }  # fmt: skip


def register(admin: Admin) -> None:
    """Add the board to the back office."""
    admin.add_view(BoardPage(name="Schedule board", endpoint="board", url="board"))
