"""Pages of fields in Your Data: read first, then edit and save; the same for the client and for each pet."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.exceptions import RequestEntityTooLarge

from client_portal import data_files, data_form, words
from client_portal.data_form import Part, Sent
from client_portal.frame import View, can_amend_data, can_upload, data_is_on, page_group, see
from client_portal.your_data import about, data_page, forget_about, own_pet, secrets_are_open, tabs
from foundation.db import db
from models import Client, FieldPage, Pet, PetStatus, PortalAccess
from sign_in import current_actor
from ui_kit import uploading
from workflows import field_kinds, field_saving, settings
from workflows.field_kinds import kind_of
from workflows.field_layout import PlacedPage
from workflows.field_saving import Clash, Crossed, Saved, Unfit
from workflows.field_values import area_of

pages = page_group("portal_data", __name__, under="/your-data", nav="data", switches=[data_is_on])
amending = page_group("portal_amending", __name__, under="/your-data", nav="data", switches=[can_amend_data])


@dataclass(frozen=True)
class Sheet:
    """A page of the client's or of a pet's."""

    owner: Client | Pet
    page: PlacedPage

    @property
    def tab(self) -> str:
        """The tab that it stands under."""
        return f"pet-{self.owner.public_id}" if isinstance(self.owner, Pet) else f"page-{self.page.page.public_id}"

    def url(self, what: str) -> str:
        """Where it is shown ("show"), filled in ("edit") and sent ("save")."""
        group = "portal_data" if what == "show" else "portal_amending"
        if isinstance(self.owner, Pet):
            return url_for(f"{group}.{what}_pet", pet_id=self.owner.public_id, page_id=self.page.page.public_id)
        return url_for(f"{group}.{what}", page_id=self.page.page.public_id)

    @property
    def can_edit(self) -> bool:
        """Is there anything on it that may be filled in here and now?"""
        if not can_amend_data() or (isinstance(self.owner, Pet) and self.owner.status is not PetStatus.ACTIVE):
            return False
        return bool(self.open_keys)

    @property
    def open_keys(self) -> frozenset[str]:
        """The fields that this person may fill in; files only while clients may send them."""
        actor, with_files = current_actor(), can_upload()
        return frozenset(
            p.key
            for p in self.page.fields
            if field_saving.may_edit(p, actor=actor) and (with_files or kind_of(p.field) not in field_kinds.FILES)
        )


def sheet(owner: Client | Pet, page_id: str) -> Sheet:
    """One of the owner's pages that the client sees, or 404."""
    found = next((p for p in about().pages_of(owner) if p.page.public_id == page_id), None)
    return Sheet(owner, found) if found else abort(404)


# --------------------------------------------------------------------------------------------------------- reading


@pages.get("/")
def start() -> View:
    """The first page there is."""
    return redirect(tabs()[0].url, 303)


@pages.get("/<public_id:page_id>")
def show(page_id: str) -> View:
    """A page about the client, to read."""
    return show_sheet(sheet(about().client, page_id))


@pages.get("/pets/<public_id:pet_id>/<public_id:page_id>")
def show_pet(pet_id: str, page_id: str) -> View:
    """A page about a pet, to read."""
    return show_sheet(sheet(own_pet(pet_id), page_id))


def show_sheet(one: Sheet) -> View:
    """The page, to read."""
    parts = data_form.read_page(
        one.page,
        about().layout_of(one.owner),
        about().values_of(one.owner),
        secrets=secrets_are_open(),
        asks=one.can_edit,
    )
    return data_page("show.html", one.tab, one=one, parts=parts, **_around(one))


def _around(one: Sheet) -> dict[str, Any]:
    """What the pages of a sheet share: the pet and its pages, the name of the business."""
    pet = one.owner if isinstance(one.owner, Pet) else None
    inner = pet_tabs(pet, one.page.page.public_id) if pet else []
    return {"pet": pet, "inner": inner, "business": settings.read()["business.name"]}


def pet_tabs(pet: Pet, current: str) -> list[tuple[str, str, bool, int | None]]:
    """The pages of a pet: those that the office designs, then vet and vaccinations ("health")."""
    tabs_ = [_inner_tab(pet, page, current) for page in about().pages_of(pet)]
    return [*tabs_, (_("Health"), url_for("portal_health.show", pet_id=pet.public_id), current == "health", None)]


def _inner_tab(pet: Pet, page: PlacedPage, current: str) -> tuple[str, str, bool, int | None]:
    url = url_for("portal_data.show_pet", pet_id=pet.public_id, page_id=page.page.public_id)
    return page.page.name, url, page.page.public_id == current, about().n_missing(pet, page) or None


# ------------------------------------------------------------------------------------------------------ filling in


@amending.get("/<public_id:page_id>/edit")
def edit(page_id: str) -> View:
    """A page about the client, to fill in."""
    return _edit(sheet(about().client, page_id))


@amending.get("/pets/<public_id:pet_id>/<public_id:page_id>/edit")
def edit_pet(pet_id: str, page_id: str) -> View:
    """A page about a pet, to fill in."""
    return _edit(sheet(own_pet(pet_id), page_id))


@amending.post("/<public_id:page_id>")
@uploading.takes_files
def save(page_id: str) -> View:
    """Save what was filled in about the client."""
    return _save(about().client, page_id)


@amending.post("/pets/<public_id:pet_id>/<public_id:page_id>")
@uploading.takes_files
def save_pet(pet_id: str, page_id: str) -> View:
    """Save what was filled in about a pet."""
    return _save(own_pet(pet_id), page_id)


def _edit(one: Sheet, status: int = 200, *, sent: Sent | None = None, problem: str = "") -> View:
    if not one.can_edit:
        abort(404)
    parts = _parts(one, sent)
    wrong = [row for part in parts for row in part.rows if row.error]
    return data_page("edit.html", one.tab, status, one=one, parts=parts, wrong=wrong, problem=problem, **_around(one))


def _parts(one: Sheet, sent: Sent | None) -> list[Part]:
    whole, values = about().layout_of(one.owner), about().values_of(one.owner)
    return data_form.form_page(one.page, whole, values, actor=current_actor(), open_=one.open_keys, sent=sent)


def _save(owner: Client | Pet, page_id: str) -> View:
    """Save, and go back to the page; what is refused comes back as it was typed, what two changed side by side."""
    gone = _gone_page(owner, page_id)
    if gone:
        flash(gone, "warning")
        return see(url_for("portal_data.start"))
    one = sheet(owner, page_id)
    if not one.can_edit:
        abort(404)
    sent = data_files.take_in(owner, one.page, data_form.read_form(request.form, about().layout_of(owner)))
    if sent.problems:
        forget_about()
        return _edit(_afresh(owner, page_id), 422, sent=sent)
    try:
        saved = field_saving.save(owner, sent.raw, actor=current_actor(), seen=sent.seen)
    except (Unfit, Crossed) as problem:
        db.session.rollback()
        forget_about()
        afresh = _afresh(owner, page_id)
        if isinstance(problem, Unfit):
            return _edit(afresh, 422, sent=Sent(sent.raw, sent.seen, problem.problems))
        return _merge(afresh, problem.clashes, sent)
    db.session.commit()
    _say(saved)
    return see(one.url("show"))


def _afresh(owner: Client | Pet, page_id: str) -> Sheet:
    return sheet(own_pet(owner.public_id) if isinstance(owner, Pet) else about().client, page_id)


@amending.errorhandler(RequestEntityTooLarge)
def _too_large(_problem: RequestEntityTooLarge) -> View:
    """The form again and what to do; what was sent was not even read."""
    args = request.view_args or {}
    owner = own_pet(args["pet_id"]) if "pet_id" in args else about().client
    return _edit(sheet(owner, args["page_id"]), 413, problem=data_files.too_large())


def _gone_page(owner: Client | Pet, page_id: str) -> str | None:
    """The sentence for who had a page open that the office has taken away since."""
    if any(p.page.public_id == page_id for p in about().pages_of(owner)):
        return None
    name = db.session.scalar(
        sa.select(FieldPage.name).where(
            FieldPage.public_id == page_id,
            FieldPage.area == area_of(owner),
            FieldPage.retired_at.is_not(None),
            FieldPage.portal_access != PortalAccess.HIDDEN,
        )
    )
    if name is None:
        abort(404)
    return _("%(business)s does not ask for \u201c%(page)s\u201d any more, so nothing was saved there.", business=settings.read()["business.name"], page=name)  # fmt: skip


def _say(saved: Saved) -> None:
    """What saving came to, in sentences."""
    business = settings.read()["business.name"]
    if saved.changed:
        flash(_("Saved. %(business)s sees it at once.", business=business), "success")
    if saved.proposed:
        n, what = len(saved.proposed), words.names([c.field.label for c in saved.proposed])
        flash(ngettext("%(what)s waits for the yes of %(business)s; until then the old answer stands.", "%(what)s wait for the yes of %(business)s; until then the old answers stand.", n, what=what, business=business), "info")  # fmt: skip
    if saved.withdrawn:
        flash(_("Taken back: %(what)s.", what=words.names([of.label for of in saved.withdrawn])), "success")
    if saved.gone:
        flash(ngettext("%(business)s does not ask for %(what)s any more, so that was not saved. Everything else was.", "%(business)s does not ask for %(what)s any more, so those were not saved. Everything else was.", len(saved.gone), what=words.names(saved.gone), business=business), "warning")  # fmt: skip
    if saved.unasked:
        flash(_("Not changed, as your other answers do not ask for it: %(what)s.", what=words.names(saved.unasked)), "info")  # fmt: skip
    if saved == Saved():
        flash(_("Nothing was changed."), "info")


# ---------------------------------------------------------------------------------------------------- two at once


def _merge(one: Sheet, clashes: tuple[Clash, ...], sent: Sent) -> View:
    """Both answers side by side; everything else that was typed is carried along."""
    both = {clash.field.public_id: clash for clash in clashes}
    now = {**sent.seen, **{key: field_kinds.mark(clash.theirs) for key, clash in both.items()}}
    rows = [
        (row, field_kinds.shown(both[row.key].field, both[row.key].theirs, reveal=True, translate=_))
        for part in _parts(one, Sent(sent.raw, now))
        for row in part.rows
        if row.key in both
    ]
    carried = [
        ((data_form.KEPT if data_form.KEPT + key in request.form else data_form.FIELD) + key, value)
        for key, values in sent.raw.items()
        if key not in both
        for value in (values if isinstance(values, list) else [values])
    ]
    carried += [(data_form.SEEN + key, sign) for key, sign in sent.seen.items() if key not in both]
    return data_page("merge.html", one.tab, 409, one=one, rows=rows, carried=carried, **_around(one))
