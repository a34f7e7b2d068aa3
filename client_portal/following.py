"""Asking to change a visit of a series and all that follow: another time, other days, service, pets or note.

The form changes the visits at the time of the one that was opened; the series' visits at other times keep theirs.
Prices follow the form visit by visit, by htmx and by a button, as on the form for one visit.
"""

from dataclasses import dataclass

from flask import abort, flash, request, url_for
from flask_babel import gettext as _

from client_portal import asking, words
from client_portal import draft as drafts
from client_portal.draft import Draft
from client_portal.frame import (
    View,
    by_htmx,
    can_ask_about_series,
    can_change_visits,
    client_here,
    page,
    page_group,
    see,
)
from client_portal.offer import Offer, offer_for
from client_portal.visits import own_job
from foundation import clock
from foundation.db import db
from models import Job, Repeat, RepeatTime, TimeType
from sign_in import current_actor
from ui_kit import formats, repeat_words
from workflows import following, settings
from workflows.change_preview import FiguresChanged
from workflows.errors import Invalid, WorkflowError
from workflows.following_preview import (
    FollowingPreview,
    Line,
    SeriesWish,
    as_it_is,
    check_following,
    pattern_for,
    preview_following,
)
from workflows.repeat_patterns import PatternTime

#: visits that are named one by one; the rest is counted
SHOWN = 8


def can_change_following() -> bool:
    """May clients ask to change a series from a visit on? Needs both switches."""
    return can_change_visits() and can_ask_about_series()


pages = page_group("portal_following", __name__, under="/visits", nav="schedule", switches=[can_change_following])


@dataclass(frozen=True)
class Row:
    """One visit before and after."""

    day: str
    #: what becomes of it
    text: str
    before: str
    after: str
    fee: str


@dataclass(frozen=True)
class Figures:
    """What the client is shown of the amounts."""

    rows: list[Row]
    n_more: int
    #: "" where prices are not shown
    before: str
    after: str
    is_same: bool
    fee: str
    policy: str
    mark: str


@dataclass(frozen=True)
class Subject:
    """The opened visit in its series."""

    job: Job
    repeat: Repeat
    #: the visits of a week at the time of the opened one
    own: list[RepeatTime]
    #: those at other times: they stay
    others: list[RepeatTime]


def _subject(visit_id: str) -> Subject:
    """The client's visit with its series that goes on, or 404; a series that was asked about waits for its answer."""
    job = own_job(visit_id)
    repeat = asking.series_of(job)
    if repeat is None or job.on_date < clock.today():
        abort(404)
    mine = next((t for t in repeat.times if t.id == job.repeat_time_id), repeat.times[0])
    own = [t for t in repeat.times if (t.start_time, t.time_block_id) == (mine.start_time, mine.time_block_id)]
    return Subject(job, repeat, own, [t for t in repeat.times if t not in own])


@pages.get("/<public_id:visit_id>/following")
def form(visit_id: str) -> View:
    """The series as it is, to be changed from this visit on."""
    about = _subject(visit_id)
    return _show(about, _draft(about), {t.weekday for t in about.own}, None)


@pages.post("/<public_id:visit_id>/following")
def ask(visit_id: str) -> View:
    """Ask for it; or, by the button `go`, show what it would do and cost with everything kept."""
    client, about = client_here(), _subject(visit_id)
    offer = _offer(about)
    draft, days = drafts.read(request.form, offer), _days()
    draft.dates = [about.job.on_date]
    shown = _preview(about, draft, days, offer)
    if request.form.get("go") and by_htmx("figures"):
        return page("_following_figures.html", figures=_figures(shown), errors=draft.errors)
    wish = None if draft.errors else _wish(about, draft, days, offer)
    if request.form.get("go") or wish is None or shown is None:
        return _show(
            about, draft, days, shown, 422 if draft.errors and not request.form.get("go") else 200, offer=offer
        )
    try:
        following.ask_to_change_following(
            client, about.repeat, about.job.on_date, wish, actor=current_actor(), body=request.form.get("body", ""),
            seen=request.form.get("seen", ""),
        )  # fmt: skip
    except FiguresChanged as changed:
        db.session.rollback()
        draft.blame("form", _("The amounts follow your changes. Please look at them, then send it once more."))
        return _show(_subject(visit_id), draft, days, changed.preview, 409)  # type: ignore[arg-type]  # of a series
    except WorkflowError as problem:
        db.session.rollback()
        if problem.code == "asked_already":
            flash(_("This was asked for already. Nothing was done twice."), "info")
            return see(url_for("portal_visits.show", visit_id=visit_id))
        _blame(draft, problem)
        return _show(_subject(visit_id), draft, days, None, 422)
    db.session.commit()
    business = settings.read()["business.name"]
    flash(_("Your request is being reviewed. All visits stand until %(business)s answers.", business=business), "success")  # fmt: skip
    return see(url_for("portal_schedule.month"))


# ------------------------------------------------------------------------------------------------- reading the form


def _draft(about: Subject) -> Draft:
    repeat, key = about.repeat, about.repeat.service_item.public_id
    mine = about.own[0]
    return Draft(
        month=about.job.on_date.replace(day=1),
        dates=[about.job.on_date],
        service=key,
        times={key: mine.start_time.strftime("%H:%M") if mine.start_time else ""},
        blocks={key: [str(mine.time_block_id)] if mine.time_block_id else []},
        pets=[p.public_id for p in repeat.pets],
        note=repeat.note,
    )


def _offer(about: Subject) -> Offer:
    return offer_for(client_here(), keep=about.job)


def _days() -> set[int]:
    return {int(d) for d in request.form.getlist("days") if d in set("0123456")}


def _wish(about: Subject, draft: Draft, days: set[int], offer: Offer) -> SeriesWish | None:
    """What the form asks for, or None with what is wrong in it."""
    wanted = drafts.checked(draft, offer, client_here(), is_new=False)
    if not days:
        draft.blame("dates", _("Choose at least one day of the week."))
    if wanted is None or draft.errors:
        return None
    others = [PatternTime(t.weekday, t.start_time, t.time_block) for t in about.others]
    if others and wanted.item.time_type is not about.repeat.service_item.time_type:
        draft.blame(
            "service", _("Your visits at other times cannot be of this service. Please write us a message instead.")
        )
        return None
    start = wanted.start_time
    if wanted.item.id == about.repeat.service_item_id and wanted.item.time_type is not TimeType.STANDARD:
        start = about.own[0].start_time  # the office's own, which the form does not ask for
    own = [PatternTime(day, start, block) for day in sorted(days) for block in (*wanted.blocks,) or (None,)]
    return SeriesWish(wanted.item, [*own, *others], tuple(wanted.pets), wanted.note)


def _preview(about: Subject, draft: Draft, days: set[int], offer: Offer) -> FollowingPreview | None:
    """The figures for what stands in the form, with what speaks against it noted in the draft."""
    wish = _wish(about, draft, days, offer)
    if wish is None:
        return None
    try:
        shown = preview_following(about.repeat, pattern_for(about.repeat, wish, about.job.on_date))
    except Invalid as problem:
        _blame(draft, problem)
        return None
    try:
        check_following(about.repeat, wish, shown)
    except Invalid as problem:
        if problem.code != "nothing_changed" or not request.form.get("go"):
            _blame(draft, problem)
    return shown


def _blame(draft: Draft, problem: WorkflowError) -> None:
    part = {"times": "dates", "starts_on": "dates", "visits": "dates", "service_item": "service"}
    draft.blame(part.get(problem.field or "", drafts.PARTS.get(problem.field or "", "form")), problem.say(_))


# ---------------------------------------------------------------------------------------------------------- showing


def _figures(shown: FollowingPreview | None) -> Figures | None:
    if shown is None:
        return None
    has_prices = settings.read()["portal.show_prices"]
    rows = [
        _row(line, has_prices=has_prices)
        for line in shown.lines
        if line.moves or line.fee or line.price_before != line.price_after
    ]
    return Figures(
        rows=rows[:SHOWN],
        n_more=len(rows[SHOWN:]),
        before=words.amount(shown.before) if has_prices else "",
        after=words.amount(shown.after) if has_prices else "",
        is_same=shown.before == shown.after,
        fee=words.amount(shown.total) if shown.total else "",
        policy=shown.policy_text if shown.total else "",
        mark=shown.mark,
    )


def _row(line: Line, *, has_prices: bool) -> Row:
    job, place = line.job, line.place
    new = _place_words(place.start_time, place.block) if place else ""
    if job is None:
        text = _("new visit, %(time)s", time=new) if new else _("new visit")
    elif place is None:
        text = _("cancelled")
    else:
        old, day = _place_words(job.start_time, job.time_block), ""
        if place.on_date != job.on_date:
            day = _("moved from %(day)s", day=words.day_words(job.on_date))
        text = ", ".join(x for x in (day, f"{old} → {new}" if old != new else new) if x)
    return Row(
        words.day_words(line.on_date), text,
        words.amount(line.price_before) if has_prices and job is not None else "",
        words.amount(line.price_after) if has_prices and place is not None else "",
        words.amount(line.fee) if line.fee else "",
    )  # fmt: skip


def _place_words(start: object, block: object) -> str:
    if start is not None:
        return formats.clock_time(start)  # type: ignore[arg-type]  # a time
    return formats.block_words(block) if block is not None else ""  # type: ignore[arg-type]  # a block


def _show(
    about: Subject,
    draft: Draft,
    days: set[int],
    shown: FollowingPreview | None,
    status: int = 200,
    *,
    offer: Offer | None = None,
) -> View:
    repeat = about.repeat
    if shown is None and not draft.errors:
        wish = as_it_is(repeat)
        shown = preview_following(repeat, pattern_for(repeat, wish, about.job.on_date))
    first, names = formats.first_weekday(), formats.weekday_names()
    return page(
        "following.html",
        status,
        job=about.job,
        day=words.day_words(about.job.on_date),
        name=repeat.service_item.name,
        pattern=words.pattern(repeat),
        others=repeat_words.week_lines(about.others),
        draft=draft,
        days=days,
        weekdays=[((first + n) % 7, short, long) for n, (short, long) in enumerate(names)],
        offer=offer or _offer(about),
        figures=_figures(shown),
        body=request.form.get("body", ""),
        back=url_for("portal_visits.show", visit_id=about.job.public_id),
        business=settings.read()["business.name"],
    )
