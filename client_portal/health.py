"""A pet's vet and its vaccinations: a page of the pet beside those that the office designs."""

from collections.abc import Callable

import sqlalchemy as sa
from flask import abort, flash, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import RequestEntityTooLarge

from client_portal.data_pages import pet_tabs
from client_portal.frame import (
    View,
    can_amend_data,
    can_download,
    can_upload,
    client_here,
    data_is_on,
    page_group,
    see,
)
from client_portal.urls import read_day
from client_portal.your_data import data_page, forget_about, own_pet, problems_of
from foundation import clock
from foundation.db import db
from foundation.text import tidy
from models import FilePurpose, Pet, PetStatus, Vaccination, Vet, VetProposal
from sign_in import current_actor
from ui_kit import uploading
from workflows import files, once, people, settings, uploads, vaccinations, vets
from workflows.errors import N_, Conflict, Invalid, Refusals, WorkflowError, WrongState
from workflows.uploads import Checked, Upload

MOST_FOUND = 20
#: a form that comes back as it was filled in; after 413 nothing of it can be read
UNFIT = 422


def can_choose_vet() -> bool:
    """May clients say which vet a pet goes to?"""
    return can_amend_data() and bool(settings.read()["portal.vets"])


pages = page_group("portal_health", __name__, under="/your-data/pets", nav="data", switches=[data_is_on])
amending = page_group("portal_vaccinating", __name__, under="/your-data/pets", nav="data", switches=[can_amend_data])
choosing = page_group("portal_vets", __name__, under="/your-data/pets", nav="data", switches=[can_choose_vet])


@pages.get("/<public_id:pet_id>/health")
def show(pet_id: str) -> View:
    """The vet and the vaccinations of one pet."""
    return _show(own_pet(pet_id))


def _show(pet: Pet, status: int = 200, *, problem: WorkflowError | None = None, sentence: str = "") -> View:
    with_us = pet.status is PetStatus.ACTIVE
    return data_page(
        "health.html",
        f"pet-{pet.public_id}",
        status,
        pet=pet,
        inner=pet_tabs(pet, "health"),
        vet=db.session.get(Vet, pet.vet_id) if pet.vet_id else None,
        show_phone=lambda number: people.show_phone(number, region=people.region()),
        waiting=[p for p in vets.waiting_of(client_here()) if p.pet_id in {None, pet.id}],
        given=vaccinations.of_pet(pet),
        today=clock.today(),
        soon=clock.today().toordinal() + int(settings.read()["vaccinations.remind_days"] or 0),
        may_choose=can_choose_vet() and with_us,
        may_enter=can_amend_data() and with_us,
        may_send=can_upload(),
        may_have=can_download(),
        typed=request.form if status == UNFIT else {},
        problems={"": sentence} if sentence else problems_of(problem),
        form_key=once.new_key(),
        business=settings.read()["business.name"],
    )


def _here(pet: Pet) -> str:
    return url_for("portal_health.show", pet_id=pet.public_id)


# ----------------------------------------------------------------------------------------------------- vaccinations


@amending.errorhandler(RequestEntityTooLarge)
def _too_large(_problem: RequestEntityTooLarge) -> View:
    """A certificate beyond all limits: the page again, with a sentence."""
    db.session.rollback()
    return _show(own_pet((request.view_args or {})["pet_id"]), 413, sentence=uploading.too_large())


@amending.post("/<public_id:pet_id>/vaccinations")
@uploading.takes_files
def enter(pet_id: str) -> View:
    """Enter a vaccination; sent twice, it is there once."""
    pet = own_pet(pet_id)
    days = {name: read_day(request.form.get(name)) for name in ("given_on", "expires_on")}
    refusals, checked = Refusals(), list[Checked]()
    for name, day in days.items():
        with refusals:
            if request.form.get(name) and day is None:
                raise Invalid("no_day", N_("Enter a day that there is."), field=name)
    with refusals:
        vaccinations.check(tidy(request.form.get("name", "")), days["given_on"], days["expires_on"])
    sent = [Upload(name, data) for name, data in uploading.received("certificate")] if can_upload() else []
    db.session.commit()  # looking at a picture takes seconds, in which nobody else should wait for the database
    try:
        with refusals:
            checked = [uploads.photo_or_document(one) for one in sent[:1]]
        refusals.say()
    except WorkflowError as problem:
        return _show(pet, UNFIT, problem=problem)

    def add() -> None:
        kept = [
            files.keep(one, actor=current_actor(), purpose=FilePurpose.CERTIFICATE, client=client_here(), pet=pet)
            for one in checked
        ]
        values = {"name": request.form.get("name", ""), **days}
        vaccinations.add(pet, values, actor=current_actor(), certificate=kept[0] if kept else None)

    return _once(pet, add, _("The vaccination is saved. The office is told."), _show)


def _once(pet: Pet, work: Callable[[], object], said: str, again: Callable[..., View]) -> View:
    """Do what a form wants, once however often it is sent; when it is refused, `again` shows the form as it was filled in."""
    key, number = request.form.get("form_key"), pet.public_id
    try:
        once.claim(key)
        work()
        db.session.commit()
    except Conflict as problem:
        db.session.rollback()
        flash(problem.say(_), "info")
        return see(_here(pet))
    except WorkflowError as problem:
        db.session.rollback()
        forget_about()
        return again(own_pet(number), UNFIT, problem=problem)
    flash(said, "success")
    return see(_here(pet))


@amending.post("/<public_id:pet_id>/vaccinations/<public_id:vaccination_id>/removal")
def remove(pet_id: str, vaccination_id: str) -> View:
    """Take one away that was entered by mistake."""
    pet = own_pet(pet_id)
    wanted = sa.select(Vaccination).where(Vaccination.public_id == vaccination_id, Vaccination.pet_id == pet.id)
    vaccinations.end(db.session.scalar(wanted) or abort(404), actor=current_actor())
    db.session.commit()
    flash(_("The vaccination is taken away."), "success")
    return see(_here(pet))


# ----------------------------------------------------------------------------------------------------------- the vet


@choosing.get("/<public_id:pet_id>/vet")
def find(pet_id: str) -> View:
    """Find a practice in the office's list."""
    return _find(_with_us(pet_id))


def _with_us(pet_id: str) -> Pet:
    pet = own_pet(pet_id)
    return pet if pet.status is PetStatus.ACTIVE else abort(404)


def _find(pet: Pet, status: int = 200, *, problem: WorkflowError | None = None) -> View:
    text = tidy(request.args.get("search", ""))[:100]
    statement = sa.select(Vet).where(Vet.is_active.is_(True))
    for word in text.split()[:5]:
        begun = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        statement = statement.where(sa.or_(Vet.name.ilike(begun, escape="\\"), Vet.address.ilike(begun, escape="\\")))
    found = db.session.scalars(statement.order_by(Vet.name, Vet.id).limit(MOST_FOUND + 1)).all()
    return data_page(
        "vet.html",
        f"pet-{pet.public_id}",
        status,
        pet=pet,
        search=text,
        found=found[:MOST_FOUND],
        has_more=len(found) > MOST_FOUND,
        show_phone=lambda number: people.show_phone(number, region=people.region()),
        typed=request.form,
        problems=problems_of(problem),
        form_key=once.new_key(),
        business=settings.read()["business.name"],
    )


@choosing.post("/<public_id:pet_id>/vet")
def choose(pet_id: str) -> View:
    """Take a practice of the list, or none."""
    pet, named = _with_us(pet_id), request.form.get("vet", "")
    vet = db.session.get(Vet, int(named)) if named.isdigit() and named.isascii() and len(named) < 10 else None
    if named and vet is None:
        abort(404)
    try:
        changed = vets.choose(pet, vet, actor=current_actor())
    except WorkflowError as problem:
        db.session.rollback()
        forget_about()
        return _find(_with_us(pet_id), UNFIT, problem=problem)
    db.session.commit()
    if changed:
        flash(_("The vet of %(pet)s is saved. The office is told.", pet=pet.name), "success")
    return see(_here(pet))


@choosing.post("/<public_id:pet_id>/vet/proposal")
def propose(pet_id: str) -> View:
    """My vet is not listed."""
    pet = _with_us(pet_id)
    return _once(
        pet,
        lambda: vets.propose(client_here(), pet, request.form, actor=current_actor()),
        _("Thank you. We look at it and tell you by mail."),
        _find,
    )


@choosing.post("/<public_id:pet_id>/vet/proposal/<public_id:proposal_id>/withdrawal")
def withdraw(pet_id: str, proposal_id: str) -> View:
    """Take a proposal back."""
    pet = own_pet(pet_id)
    wanted = sa.select(VetProposal).where(
        VetProposal.public_id == proposal_id, VetProposal.client_id == client_here().id
    )
    proposal = db.session.scalar(wanted) or abort(404)
    try:
        vets.withdraw(proposal, actor=current_actor())
        db.session.commit()
        flash(_("Taken back."), "success")
    except WrongState as problem:
        db.session.rollback()
        flash(problem.say(_), "info")
    return see(_here(pet))
