"""Requesting services: one page with the form and the basket; a basket line's own page; emptying and sending.

Every post ends in a redirect, except where the form comes back: with another month of days (200) or with what is
wrong in it (422). The rules are in `workflows.baskets` and `workflows.job_requests`.
"""

import datetime as dt

import sqlalchemy as sa
from flask import abort, flash, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import joinedload, selectinload

from client_portal import basket as basket_page
from client_portal import draft as drafts
from client_portal import picker as pickers
from client_portal.draft import Draft
from client_portal.frame import (
    View,
    basket_facts,
    by_htmx,
    client_here,
    know_basket,
    page,
    page_group,
    requests_are_on,
    see,
)
from client_portal.methods import WORDS, may_add
from client_portal.offer import Offer, offer_for, usual_pets
from client_portal.paying import is_office_view
from client_portal.urls import is_public_id, read_day, read_month
from foundation import clock
from foundation.db import db, reads_first
from models import Client, JobRequest, JobRequestLine, LineState, ServiceItem
from sign_in import current_actor
from workflows import basket_rows, baskets, limits, sending, settings
from workflows.billing import methods
from workflows.errors import Invalid, WorkflowError, WrongState
from workflows.wanted import MAX_LINES

pages = page_group("portal_requesting", __name__, under="/request", nav="request", switches=[requests_are_on])


@pages.before_request
def _may() -> None:
    """A client who may not use the portal (a member of staff can still look) requests nothing."""
    if not baskets.may_request(client_here()):
        abort(404)


# -------------------------------------------------------------------------------------------------------- the page


@pages.get("")
def show() -> View:
    """The form, with `?month=2026-12` and days picked by `?day=2026-12-24`, beside the basket.

    Eight queries, and the price book's two where prices are shown.
    """
    client = client_here()
    # Most have none when they come here, and that is known already.
    basket = basket_rows.read(client) if basket_facts(client).changed_at else None
    offer = offer_for(client)
    picked = map(read_day, request.args.getlist("day")[:MAX_LINES])
    days = {d for d in picked if d and d >= clock.today()}
    draft = Draft(
        month=read_month(request.args.get("month")) or min(days, default=clock.today()).replace(day=1),
        dates=sorted(days),
        pets=usual_pets(offer, basket.lines if basket else []),
        service=offer.services[0].key if len(offer.services) == 1 else "",
    )
    unread = request.args.get("month")
    return _show(draft, offer, basket, unread_month=bool(unread) and read_month(unread) is None)


@pages.post("")
@reads_first
def add() -> View:
    """Add visits to the basket; or, by a button that says `go`, show another month with everything kept."""
    client = client_here()
    offer = offer_for(client)
    draft = drafts.read(request.form, offer)
    go = request.form.get("go")
    if go:
        draft.errors.clear()
        draft.month = read_month(go) or draft.month
        draft.dates = [] if go == "clear" else draft.dates
        return _show(draft, offer, basket_rows.read(client))
    wanted = drafts.checked(draft, offer, client)
    if wanted is not None:
        try:
            added = baskets.add(client, wanted, actor=current_actor(), known=draft.calendar)
        except WorkflowError as problem:
            db.session.rollback()
            drafts.blame(draft, problem)
        else:
            db.session.commit()
            flash(_added(len(added.lines), added.n_duplicates), "success")
            kept = [d.isoformat() for d in draft.dates] if draft.keep_days else []
            return see(url_for(".show", month=f"{draft.month:%Y-%m}", day=kept))
    return _show(draft, offer, basket_rows.read(client), 422)


def _added(n_lines: int, n_duplicates: int) -> str:
    text = ngettext("%(num)d visit added to your request.", "%(num)d visits added to your request.", n_lines)
    if n_duplicates:
        text += " " + ngettext(
            "%(num)d was in it already and was not added twice.",
            "%(num)d were in it already and were not added twice.",
            n_duplicates,
        )
    return text + " " + _("Nothing is sent yet.")


def _show(
    draft: Draft, offer: Offer, basket: JobRequest | None, status: int = 200, *, unread_month: bool = False
) -> View:
    know_basket(basket)
    now, service = clock.now(), offer.service(draft.service)
    lines = basket.lines if basket else []
    known = limits.calendar(*limits.span([*pickers.stretch(draft), *(x.on_date for x in lines)]))
    picker = pickers.make(draft, service, known, now=now)
    if by_htmx("picker"):
        return page("_picker.html", draft=draft, picker=picker)
    found = baskets.problems(lines, known=known, now=now)
    going = [x for x in lines if x.id not in found]
    view = basket_page.view(basket, found, baskets.estimates(going, book=offer.book, now=now) if offer.book else {})
    return page(
        "request.html",
        status,
        draft=draft,
        offer=offer,
        picker=picker,
        basket=view,
        unread_month=unread_month,
        needs_method=methods.needs_card(client_here()),
        add_method_url=_add_method_url(),
        business=settings.read()["business.name"],
    )


def _add_method_url() -> str:
    """Where a client adds what is required before a request; empty where the office has to do it."""
    if is_office_view():
        return ""
    word = next((w for w, kind in WORDS.items() if may_add(kind)), "")
    return url_for("portal_methods.new", word=word, next="request") if word else ""


# ----------------------------------------------------------------------------------------------- lines of the basket


def _own_line(line_id: str) -> JobRequestLine:
    """A line of this client, or 404."""
    line = db.session.scalar(
        sa.select(JobRequestLine)
        .where(JobRequestLine.public_id == line_id, JobRequestLine.client_id == client_here().id)
        .options(
            joinedload(JobRequestLine.service_item).joinedload(ServiceItem.group),
            joinedload(JobRequestLine.time_block),
            joinedload(JobRequestLine.request),
            selectinload(JobRequestLine.pets),
        )
    )
    return line or abort(404)


def _sent_meanwhile(line: JobRequestLine) -> View:
    flash(_("This visit was sent already. You find it here."), "info")
    return see(url_for("portal_requests.one", request_id=line.request.public_id))


@pages.get("/lines/<public_id:line_id>")
def line(line_id: str) -> View:
    """A basket line, to be changed."""
    found = _own_line(line_id)
    if found.state is not LineState.DRAFT:
        return _sent_meanwhile(found)
    return _show_line(found, drafts.of_line(found), offer_for(client_here()))


@pages.post("/lines/<public_id:line_id>")
def change_line(line_id: str) -> View:
    """Change a basket line: another service, day, time, pets or note."""
    client, found = client_here(), _own_line(line_id)
    if found.state is not LineState.DRAFT:
        return _sent_meanwhile(found)
    offer = offer_for(client)
    draft = drafts.read(request.form, offer)
    wanted = drafts.checked(draft, offer, client)
    if wanted is not None:
        try:
            baskets.change_line(found, wanted, actor=current_actor())
        except WrongState:
            db.session.rollback()
            return _sent_meanwhile(_own_line(line_id))
        except WorkflowError as problem:
            db.session.rollback()
            drafts.blame(draft, problem)
        else:
            db.session.commit()
            flash(_("Changed. Nothing is sent yet."), "success")
            return see(url_for(".show", _anchor="basket"))
    return _show_line(_own_line(line_id), draft, offer, 422)


def _show_line(found: JobRequestLine, draft: Draft, offer: Offer, status: int = 200) -> View:
    values = settings.read()
    today = clock.today()
    return page(
        "line.html",
        status,
        line=found,
        draft=draft,
        offer=offer,
        first_day=today,
        last_day=today + dt.timedelta(days=values["booking.days_ahead"]),
        raw_day=request.form.get("dates", found.on_date.isoformat()),
        business=values["business.name"],
    )


@pages.post("/lines/<public_id:line_id>/removal")
def remove_line(line_id: str) -> View:
    """Take a line out of the basket. A second press finds it gone and says so; lines of others are 404."""
    client = client_here()
    if baskets.remove_line(client, line_id, actor=current_actor()):
        db.session.commit()
        flash(_("Taken out of your request."), "success")
        return see(url_for(".show", _anchor="basket"))
    known = db.session.scalar(
        sa.select(JobRequestLine)
        .where(JobRequestLine.public_id == line_id, JobRequestLine.client_id == client.id)
        .options(joinedload(JobRequestLine.request))
    )
    db.session.rollback()
    if known is not None:
        return _sent_meanwhile(known)
    if not _was_mine(client, request.form.get("basket")):
        abort(404)
    flash(_("This visit is no longer in your request."), "info")
    return see(url_for(".show", _anchor="basket"))


def _was_mine(client: Client, basket_id: str | None) -> bool:
    """Did the form come from a basket of this client, sent by now or not?"""
    if not is_public_id(basket_id):
        return False
    return bool(
        db.session.scalar(
            sa.select(JobRequest.id).where(JobRequest.public_id == basket_id, JobRequest.client_id == client.id)
        )
    )


@pages.get("/clearing")
def clearing() -> View:
    """Ask whether to empty the basket; the page behind the dialog."""
    basket = baskets.basket_of(client_here().id)
    know_basket(basket)
    if basket is None or not basket.lines:
        return see(url_for(".show"))
    return page("clearing.html", n_lines=len(basket.lines))


@pages.post("/clearing")
def clear() -> View:
    """Empty the basket."""
    n_lines = baskets.clear(client_here(), actor=current_actor())
    db.session.commit()
    flash(ngettext("%(num)d visit removed.", "%(num)d visits removed.", n_lines) if n_lines else _("Your request was empty already."), "success" if n_lines else "info")  # fmt: skip
    return see(url_for(".show"))


@pages.post("/new-start")
def new_start() -> View:
    """Not adding to a sent request after all: the basket becomes a request of its own."""
    baskets.leave_request(client_here())
    db.session.commit()
    flash(_("This will be a new request."), "success")
    return see(url_for(".show"))


# --------------------------------------------------------------------------------------------------------- sending


@pages.post("/submission")
@reads_first
def submit() -> View:
    """Send the basket that the page showed. A second press or a second tab finds it sent and is told so."""
    client, shown = client_here(), request.form.get("basket", "")
    try:
        sent = sending.submit(client, actor=current_actor(), shown=shown)
    except (WrongState, Invalid) as problem:
        db.session.rollback()
        if isinstance(problem, WrongState) and problem.code != methods.METHOD_REQUIRED.code:
            return _not_this_one(client, shown)
        flash(_("Nothing was sent.") + " " + problem.say(_), "error")
        return see(url_for(".show", _anchor="basket"))
    db.session.commit()
    flash(_sent(sent.number, len(sent.line_ids)), "success")
    if sent.kept_back:
        flash(_kept_back(len(sent.kept_back)), "warning")
    return see(url_for("portal_requests.one", request_id=sent.public_id))


def _sent(number: int, n_lines: int) -> str:
    return ngettext(
        "Request %(number)s sent: %(num)d visit.", "Request %(number)s sent: %(num)d visits.", n_lines, number=number
    )


def _kept_back(n_lines: int) -> str:
    return ngettext(
        "%(num)d visit can no longer be requested and stays in your basket. There you see why.",
        "%(num)d visits can no longer be requested and stay in your basket. There you see why.",
        n_lines,
    )


def _not_this_one(client: Client, shown: str) -> View:
    """The basket of the form is gone: sent meanwhile, or there is another one now."""
    mine = db.session.scalar(
        sa.select(JobRequest).where(
            JobRequest.public_id == (shown if is_public_id(shown) else ""),
            JobRequest.client_id == client.id,
            JobRequest.submitted_at.is_not(None),
        )
    )
    waiting = baskets.basket_of(client.id)
    db.session.rollback()
    if mine is not None:
        flash(_("Your request was sent already. Nothing was sent twice."), "info")
        return see(url_for("portal_requests.one", request_id=mine.public_id))
    if waiting is not None and waiting.lines:
        flash(_("Your request changed meanwhile. Look at it once more, then send it."), "warning")
        return see(url_for(".show", _anchor="basket"))
    flash(_("There is nothing to send: your request was sent already, or it is empty."), "info")
    return see(url_for("portal_requests.index"))
