"""Report cards in the portal: what the sitters told of visits, with photos, old ones too; and saying thanks, once.

A card of somebody else's, a draft, and all of it while it is switched off, answer 404.
"""

import sqlalchemy as sa
from flask import abort, flash, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from client_portal import words
from client_portal.frame import View, client_here, page, page_group, reports_are_on, schedule_is_on, see
from foundation.db import db
from models import Pet, ReportCard, StoredFile
from sign_in import current_actor
from ui_kit import downloads
from workflows import file_access, report_cards, report_views, settings
from workflows.errors import WorkflowError

PER_PAGE = 10

pages = page_group("portal_reports", __name__, under="/reports", nav="reports", switches=[reports_are_on])


@pages.get("/")
def index() -> View:
    """All cards, the newest first, ten a page; with `?pet=` those of one pet."""
    client = client_here()
    pets = report_views.pets_with_cards(client)
    chosen = next((pet for pet in pets if pet.public_id == request.args.get("pet")), None)
    number = max(1, min(request.args.get("page", 1, type=int), 10_000))
    found = db.session.scalars(
        report_views.reading()
        .where(report_views.of_client(client), *_of(chosen))
        .limit(PER_PAGE + 1)
        .offset((number - 1) * PER_PAGE)
    ).all()
    cards = found[:PER_PAGE]
    return page(
        "reports.html",
        cards=[(card, words.job_time(card.job)) for card in cards],
        first_photos=report_views.first_photos(cards),
        pets=pets,
        chosen=chosen,
        filters=[(pet.name, url_for(".index", pet=pet.public_id), pet is chosen, None) for pet in pets],
        number=number,
        has_more=len(found) > PER_PAGE,
        show_sitter=settings.read()["portal.show_sitter"],
    )


def _of(pet: Pet | None) -> list[sa.ColumnElement[bool]]:
    return [report_views.of_pet(pet.id)] if pet else []


@pages.get("/<public_id:card_id>")
def show(card_id: str) -> View:
    """One card: words, photos, what is filled in, and the field to say thanks."""
    return _show(_own(card_id))


def _show(card: ReportCard, status: int = 200, *, problem: str = "") -> View:
    return page(
        "report.html",
        status,
        told=report_views.told(card, to_client=True, translate=_),
        card=card,
        time=words.job_time(card.job),
        pets=words.names([pet.name for pet in card.job.pets]),
        sitter=card.staff.first_name if card.staff and settings.read()["portal.show_sitter"] else "",
        visit_url=url_for("portal_visits.show", visit_id=card.job.public_id) if schedule_is_on() else None,
        problem=problem,
        typed=request.form.get("words", ""),
        most=report_cards.MAX_THANKS,
    )


@pages.post("/<public_id:card_id>/thanks")
def thank(card_id: str) -> View:
    """Say thanks; a second time changes nothing and says so."""
    card = _own(card_id)
    try:
        report_cards.thank(card, actor=current_actor(), words=request.form.get("words", ""))
        db.session.commit()
    except WorkflowError as refusal:
        db.session.rollback()
        if refusal.field:
            return _show(_own(card_id), 422, problem=refusal.say(_))
        flash(refusal.say(_), "info")
    else:
        flash(_("Thank you. It is passed on."), "success")
    return see(url_for(".show", card_id=card_id))


@pages.get("/<public_id:card_id>/files/<public_id:file_id>/<any(thumb, picture, download):how>")
def give(card_id: str, file_id: str, how: str) -> Response:
    """A photo of a card that this client reads, or a file of its fields."""
    card = _own(card_id)
    allowed = sa.and_(file_access.of_client(client_here()), file_access.of_card(card))
    file: StoredFile = file_access.find(file_id, allowed) or abort(404)
    answer = downloads.download(file) if how == "download" else downloads.picture(file, small=how == "thumb")
    return answer or abort(404)


def _own(card_id: str) -> ReportCard:
    """A card that this client reads, or 404."""
    return report_views.find(card_id, report_views.of_client(client_here())) or abort(404)
