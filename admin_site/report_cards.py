"""Report cards in the back office: the list of all, and the page on which the office writes, sends or corrects one.

The rules are in `workflows.report_cards`, the form in `ui_kit.report_form`.
"""

from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from admin_site import filters, rows, search
from admin_site.base import ReadList
from admin_site.field_columns import FieldColumns
from admin_site.list_address import Pill
from admin_site.pages import Answer, WorkPage, get_or_404, page, refuse
from admin_site.people import OF_CLIENT, client_link
from admin_site.rows import Column
from foundation.db import db
from models import FieldArea, Job, ReportCard, ReportState, ServiceItem, Staff, StoredFile
from ui_kit import report_form, uploading
from ui_kit.files import PHOTOS
from workflows import field_files, file_access, once, report_cards, report_photos, report_views
from workflows.actors import Actor
from workflows.errors import Invalid, WorkflowError
from workflows.field_saving import Unfit
from workflows.permissions import Permission
from workflows.report_cards import Crossed, Typed


def register(admin: Admin) -> None:
    """Add the list and the page to the back office."""
    admin.add_view(ReportList(ReportCard, "report_cards", "/admin/report-cards"))
    admin.add_view(ReportPage(name="Report card", endpoint="report_page", url="report"))


def _visit_words(card: ReportCard) -> str:
    return f"{rows.show(card.job.on_date)}, {card.job.service_item.name}"


def _visit_url(card: ReportCard) -> str:
    return url_for("visits_page.show", job_id=card.job_id, _anchor="report")


class ReportList(FieldColumns, ReadList):
    """Every report card; a row leads to its visit, where it stands."""

    area = FieldArea.REPORT
    list_template = "admin/report_cards/list.html"
    title = _l("Report cards")
    empty = ("dog", _l("No report cards yet"), _l("Sitters write one for each visit; what they sent is listed here."))
    search_hint = _l("Client, pet or words")
    default_order = (ReportCard.id.desc(),)
    list_options = (
        joinedload(ReportCard.staff).load_only(Staff.first_name, Staff.last_name),
        joinedload(ReportCard.job).options(
            joinedload(Job.client).load_only(*OF_CLIENT), joinedload(Job.service_item).load_only(ServiceItem.name)
        ),
    )
    record_options = list_options
    pills = (
        Pill("sent", _l("Sent"), lambda: ReportCard.state == ReportState.SENT),
        Pill("drafts", _l("Drafts"), lambda: ReportCard.state == ReportState.DRAFT),
        Pill("thanked", _l("Thanked"), lambda: ReportCard.thanked_at.is_not(None)),
        Pill("all", _l("All")),
    )
    own_columns = (
        Column("visit", _l("Visit"), value=_visit_words, show=lambda c: rows.link(_visit_words(c), _visit_url(c), main=True)),
        Column("client", _l("Client"), value=lambda c: c.job.client, show=lambda c: client_link(c.job.client)),
        Column("staff", _l("Sitter")),
        Column("state", _l("State"), words=rows.code_chip),
        Column("sent_at", _l("Sent"), sort=(ReportCard.sent_at,)),
        Column("message", _l("Message"), hidden=True),
        Column("office_note", _l("Note to the office"), hidden=True),
        Column("corrected_at", _l("Corrected"), hidden=True),
        Column("thanked_at", _l("Thanked"), hidden=True),
        Column("thanks", _l("Client's thanks"), hidden=True),
    )  # fmt: skip
    own_filters = (
        *filters.client_filters(Job.client_id),
        filters.sitter(ReportCard.staff_id),
        filters.service(Job.service_item_id),
        filters.YesNo("note", ReportCard.office_note, _l("Note to the office"), when=ReportCard.office_note != ""),
        filters.Day("from", ReportCard.sent_at, _l("Sent from")),
        filters.Day("until", ReportCard.sent_at, _l("Sent until"), until=True),
    )

    def scope(self, statement: Any) -> Any:
        """With the visit, which holds the client and the service."""
        return statement.join(ReportCard.job)

    def find(self, text: str) -> Any:
        return search.report_cards(text)

    def record_name(self, record: ReportCard) -> str:
        return _visit_words(record)

    def record_url(self, record: ReportCard) -> str:
        return _visit_url(record)


def of_visit(job: Job, actor: Actor) -> dict[str, Any]:
    """What the page of a visit says of its card, a draft among it; nothing while report cards are off."""
    if not report_views.is_on():
        return {"report_told": None, "may_report": False}
    card = report_views.card_of(job)
    told = report_views.told(card, to_client=False, translate=gettext) if card else None
    may = actor.may(Permission.SCHEDULE) and (card is not None or job.state in report_cards.TOLD_OF)
    return {"report_told": told, "may_report": may}


class ReportPage(WorkPage):
    """Writing a card in the sitter's place, sending it, correcting a sent one."""

    permission = Permission.SCHEDULE

    @expose("/")
    def index(self) -> Response:
        """The list."""
        return redirect(url_for("report_cards.index_view"))

    @expose("/<int:job_id>/")
    def show(self, job_id: int) -> Answer:
        """The card of a visit, to write or to correct."""
        return self._page(_visit(job_id))

    @expose("/<int:job_id>/", methods=("POST",))
    @uploading.takes_files
    def save(self, job_id: int) -> Answer:
        """Save the draft, send it, or correct what was sent; what is refused comes back as it was typed."""
        job, typed = _visit(job_id), report_form.read_form(request.form)
        open_ = report_cards.writable(report_views.layout_of(job), actor=self.actor)
        db.session.commit()  # looking at a picture takes seconds, in which nobody else should wait for the database
        checked, problems = report_form.look_at_files(open_)
        photos, bad = report_form.look_at_photos()
        said = " ".join(f"{name}: {problem.say(gettext)}" for name, problem in bad)
        try:
            card = report_cards.draft_of(_visit(job_id), actor=self.actor)
            kept = field_files.keep(checked, owner=card, actor=self.actor)
            if photos:
                report_photos.add(card, photos, actor=self.actor)
            db.session.commit()  # kept for good at once: whatever is refused, they need not be chosen again
            files = {key: file.public_id for key, file in kept.items()}
            typed = Typed({**typed.values, **files}, typed.texts, typed.seen, typed.base)
            problems = {**problems, **self._write(card, typed)}
            db.session.commit()
            if not problems and not said:
                return self._done(job_id, card)
        except (Crossed, Unfit) as refusal:
            db.session.rollback()
            sides = refusal.sides if isinstance(refusal, Crossed) else ()
            wrong = refusal.problems if isinstance(refusal, Unfit) else {}
            return self._page(_visit(job_id), 409 if sides else 422, sent=typed, problems=wrong, sides=sides, sentence=refusal.say(gettext))  # fmt: skip
        except Invalid as refusal:
            db.session.rollback()
            return self._page(_visit(job_id), 422, sent=typed, sentence=refusal.say(gettext))
        except WorkflowError as refusal:
            refuse(refusal)
            return redirect(url_for(".show", job_id=job_id))
        return self._page(_visit(job_id), 422, sent=typed, problems=problems, sentence=said)

    def _write(self, card: ReportCard, typed: Typed) -> dict[str, Invalid]:
        """Save or correct; what cannot be kept of a draft is named."""
        if card.state is ReportState.SENT:
            report_cards.correct(card, typed, actor=self.actor, mail=bool(request.form.get("mail")))
            return {}
        return dict(report_cards.save_draft(card, typed, actor=self.actor, key=request.form.get("key")).problems)

    def _done(self, job_id: int, card: ReportCard) -> Answer:
        if request.form.get("do") == "send" and card.state is ReportState.DRAFT:
            report_cards.send(card, actor=self.actor)
            db.session.commit()
            flash(gettext("Report card sent."), "success")
        else:
            flash(gettext("Report card saved."), "success")
        return redirect(url_for("visits_page.show", job_id=job_id, _anchor="report"))

    @expose("/<int:job_id>/photos/<int:file_id>/removal", methods=("POST",))
    def remove_photo(self, job_id: int, file_id: int) -> Answer:
        """Take a photo away; of a sent card it is a correction."""
        job = _visit(job_id)
        card = report_views.card_of(job) or abort(404)
        photo = db.session.scalar(sa.select(StoredFile).where(StoredFile.id == file_id, file_access.of_card(card)))
        try:
            report_photos.remove(card, photo or abort(404), actor=self.actor)
            db.session.commit()
        except WorkflowError as refusal:
            refuse(refusal)
        else:
            flash(gettext("The photo is taken away."), "success")
        return redirect(url_for(".show", job_id=job_id))

    def _page(self, job: Job, status: int = 200, *, sent: Typed | None = None, problems: Any = None, sides: Any = (), sentence: str = "") -> Answer:  # fmt: skip
        card = report_views.card_of(job)
        if card is None and job.state not in report_cards.TOLD_OF:
            abort(404)
        return page(
            "report.html",
            status,
            job=job,
            card=card,
            is_sent=card is not None and card.state is ReportState.SENT,
            form=report_form.form_of(job, card, actor=self.actor, sent=sent, problems=problems, sides=sides),
            photos=report_views.photos_of(card) if card else [],
            accept=PHOTOS,
            key=once.new_key(),
            sentence=sentence,
        )


def _visit(job_id: int) -> Job:
    """The visit, or 404, also while report cards are off."""
    if not report_views.is_on():
        abort(404)
    return get_or_404(Job, job_id, joinedload(Job.client), joinedload(Job.service_item))
