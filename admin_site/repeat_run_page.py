"""Run repeats: what is missing over a range, of one client or of all, listed first and made by a second press."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.wrappers import Response
from wtforms import HiddenField

from admin_site import texts
from admin_site.fields import DayField, OfficeForm
from admin_site.pages import Answer, get_or_404, is_htmx, page, refuse
from admin_site.reading import read_id
from admin_site.repeats import going_on
from foundation import clock
from foundation.db import db
from models import BulkKind, BulkRun, BulkState, Client, Repeat, RepeatTime
from ui_kit import repeat_words
from workflows import once, repeat_clashes, repeat_orders, repeat_outlook, repeat_runs
from workflows.actors import Actor
from workflows.errors import WorkflowError
from workflows.repeat_outlook import Outlook

#: rows of the dry run on one page; what has nothing to make or to tell is left out first
MOST_SHOWN = 100
DAY = dt.timedelta(days=1)
MOST_DAYS = 400


class RunForm(OfficeForm):
    """The days that are looked at."""

    first = DayField(_l("From"))
    until = DayField(_l("Until"), description=_l("This day included."))
    form_key = HiddenField()


def answer(actor: Actor) -> Answer:
    """The dry run, or with "Make visits" the run; a large one is left to the worker."""
    posted = request.method == "POST"
    source: Any = request.form if posted else request.args
    client_id = read_id(request.args.get("client"))
    client = get_or_404(Client, client_id) if client_id is not None else None
    form = RunForm(source if {"first", "until"} & set(source) else None)
    if form.first.data is None and not form.first.errors:
        form.first.data = clock.today()
    if form.until.data is None and not form.until.errors:
        form.until.data = repeat_runs.horizon()
    if not posted:
        form.form_key.data = once.new_key()
    days = _days(form)
    series = _series(client)
    if posted and days is not None:
        return _make(form, series, *days, actor=actor, client=client)
    outlooks = repeat_outlook.preview(series, days[1], first=days[0]).outlooks if days else []
    return _show(form, client, outlooks, is_fine=days is not None)


def _make(
    form: RunForm, series: Sequence[Repeat], first: dt.date, until: dt.date, *, actor: Actor, client: Client | None
) -> Response:
    back = url_for("repeat_page.run", client=client.id if client else None, first=first, until=until)
    try:
        once.claim(form.form_key.data)
        run = repeat_orders.order(series, first, until, actor=actor)
        result = None if run is not None else repeat_runs.generate(series, until, first=first, actor=actor)
        db.session.commit()
    except WorkflowError as problem:
        refuse(problem)
        return redirect(back)
    if run is not None:
        return redirect(url_for("repeat_page.follow_run", run_id=run.public_id))
    n = result.n_made if result else 0
    flash(ngettext("%(num)d visit made.", "%(num)d visits made.", n), "success")
    return redirect(back)


def _days(form: RunForm) -> tuple[dt.date, dt.date] | None:
    """The range, or None with a word beside the field."""
    first, until = form.first.data, form.until.data
    if first is None or until is None:
        for field in (form.first, form.until):
            if field.data is None and not field.errors:
                field.errors = [*field.errors, gettext("Choose a day.")]
        return None
    if until < first:
        form.until.errors = [*form.until.errors, gettext("The last day cannot be before the first.")]
    elif until > clock.today() + DAY * MOST_DAYS:
        form.until.errors = [*form.until.errors, gettext("Choose a day within the next %(n)s days.", n=MOST_DAYS)]
    return None if form.until.errors else (first, until)


def _series(client: Client | None) -> Sequence[Repeat]:
    query = sa.select(Repeat).where(going_on()).options(
        joinedload(Repeat.client), joinedload(Repeat.service_item), joinedload(Repeat.sitter),
        selectinload(Repeat.times).joinedload(RepeatTime.time_block), selectinload(Repeat.pauses),
    )  # fmt: skip
    if client is not None:
        query = query.where(Repeat.client_id == client.id)
    return db.session.scalars(query.order_by(Repeat.client_id, Repeat.id)).all()


def _show(form: RunForm, client: Client | None, outlooks: list[Outlook], *, is_fine: bool) -> Answer:
    found = [f for o in outlooks for f in o.conflicts[:2]]
    names = repeat_clashes.labels(found)
    worth = sorted(outlooks, key=lambda o: (not o.n_ready and not o.conflicts, str(o.repeat.client), o.repeat.id))
    return page(
        "repeat_run.html", 200 if is_fine else 422, form=form, client=client, outlooks=worth[:MOST_SHOWN],
        n_more=max(len(worth) - MOST_SHOWN, 0), words=repeat_words, n_ready=sum(o.n_ready for o in outlooks),
        n_already=sum(o.n_already for o in outlooks), n_conflicts=sum(len(o.conflicts) for o in outlooks),
        chip=chip, notes=lambda o: notes(o, names), n_clients=len({o.repeat.client_id for o in outlooks if o.n_ready}),
    )  # fmt: skip


def chip(o: Outlook) -> tuple[str, str]:
    """Where a series stands for this range."""
    if {"client_away", "no_pets"} & set(o.remarks):
        return "mute", gettext("Nothing is made")
    if not o.n_ready:
        return "mute", gettext("Already made") if o.n_already else gettext("No visits")
    return ("late", gettext("Conflicts")) if o.conflicts else ("ok", gettext("Ready"))


def notes(o: Outlook, names: dict[int, str]) -> list[str]:
    """What there is to say about a series, in sentences."""
    words = {
        "client_away": gettext("The client is not active."),
        "no_pets": gettext("None of its pets is with us any more."),
        "sitter_left": gettext("Its sitter has left: the visits are unassigned."),
        "sitter_blocked": gettext("The client does not want its sitter: the visits are unassigned."),
        "item_inactive": gettext("The service is inactive."),
    }
    said = [words[code] for code in o.remarks]
    said += [clash_words(f, names) for f in o.conflicts[:2]]
    if len(o.conflicts) > 2:
        n = len(o.conflicts) - 2
        said.append(ngettext("and %(num)d more conflict", "and %(num)d more conflicts", n))
    if o.closed:
        n = len(o.closed)
        said.append(ngettext("%(num)d visit falls on a closed day and is left out.", "%(num)d visits fall on closed days and are left out.", n))  # fmt: skip
    return said


def clash_words(found: repeat_clashes.Found, names: dict[int, str]) -> str:
    """One conflict of a series' visit, with its day. `names` as `repeat_clashes.labels` gives them."""
    words = {
        "overlap": gettext("at the same time as %(what)s", what=names.get(found.with_job_id or 0) or found.label),
        "block_full": gettext("the time block is full"),
        "time_off": gettext("the sitter is away"),
        "missing_key": gettext("the sitter has no key"),
    }
    kind = found.kind.value
    return gettext(
        "%(day)s: %(what)s", day=texts.day_words(found.on_date), what=words.get(kind, kind.replace("_", " "))
    )


def follow(run_id: str) -> Answer:
    """How far a large run is."""
    # What no public id can be does not reach the database: PostgreSQL takes no NUL.
    looks_right = re.fullmatch(r"[A-Za-z0-9_-]{1,16}", run_id)
    named = sa.select(BulkRun).where(BulkRun.public_id == run_id, BulkRun.kind == BulkKind.GENERATE)
    run = db.session.scalar(named) if looks_right else None
    if run is None:
        abort(404)
    is_over = run.state in {BulkState.DONE, BulkState.STOPPED}
    return page("_repeat_run_state.html" if is_htmx() else "repeat_run_state.html", run=run, is_over=is_over)
