"""The client's pets: the list, one pet, adding one, and saying that one is no longer with us."""

from flask import abort, flash, request, url_for
from flask_babel import gettext as _

from client_portal import data_pages
from client_portal.frame import View, can_add_pet, can_amend_data, client_here, data_is_on, page_group, see
from client_portal.urls import read_day
from client_portal.your_data import about, data_page, forget_about, own_pet, problems_of, species_words
from foundation import clock
from foundation.db import db
from models import Pet, PetStatus
from sign_in import current_actor
from workflows import once, own_pets, settings
from workflows.errors import Conflict, WorkflowError, WrongState

pages = page_group("portal_pets", __name__, under="/your-data/pets", nav="data", switches=[data_is_on])
adding = page_group("portal_adding_pets", __name__, under="/your-data/pets", nav="data", switches=[can_add_pet])
leaving = page_group("portal_leaving_pets", __name__, under="/your-data/pets", nav="data", switches=[can_amend_data])


# --------------------------------------------------------------------------------------------------------- reading


@pages.get("")
def index() -> View:
    """All pets; those who are no longer with us below."""
    found = about()
    return data_page(
        "pets.html",
        "pets",
        with_us=[pet for pet in found.pets if pet.status is PetStatus.ACTIVE],
        left=[pet for pet in found.pets if pet.status is not PetStatus.ACTIVE],
        missing={pet.id: found.n_missing(pet) for pet in found.pets},
        species=species_words(),
        can_add=can_add_pet(),
        business=settings.read()["business.name"],
    )


@pages.get("/<public_id:pet_id>")
def show(pet_id: str) -> View:
    """One pet: the first of its pages, or a word when the business has none."""
    pet = own_pet(pet_id)
    first = next(iter(about().pages_of(pet)), None)
    if first is not None:
        return data_pages.show_sheet(data_pages.Sheet(pet, first))
    return see(url_for("portal_health.show", pet_id=pet.public_id))


# ---------------------------------------------------------------------------------------------------------- adding


@adding.get("/new")
def form() -> View:
    """Ask for name and kind."""
    return _form()


@adding.post("")
def add() -> View:
    """Add it, and go on to its first page; pressed twice, it is added once."""
    try:
        once.claim(request.form.get("form_key"))
        pet = own_pets.add(client_here(), request.form, actor=current_actor())
    except Conflict as problem:
        db.session.rollback()
        flash(problem.say(_), "info")
        return see(url_for("portal_pets.index"))
    except WorkflowError as problem:
        db.session.rollback()
        forget_about()
        return _form(422, problem)
    db.session.commit()
    flash(_("%(pet)s is added.", pet=pet.name), "success")
    forget_about()
    return see(_first_form(pet))


def _first_form(pet: Pet) -> str:
    """The first page that can be filled in, else the pet."""
    for page in about().pages_of(pet):
        sheet = data_pages.Sheet(pet, page)
        if sheet.can_edit:
            return sheet.url("edit")
    return url_for("portal_pets.show", pet_id=pet.public_id)


def _form(status: int = 200, problem: WorkflowError | None = None) -> View:
    return data_page(
        "new_pet.html",
        "new-pet",
        status,
        name=request.form.get("name", ""),
        chosen=request.form.get("species", ""),
        species=species_words(),
        problems=problems_of(problem),
        form_key=once.new_key(),
    )


# --------------------------------------------------------------------------------------------------------- leaving


@leaving.get("/<public_id:pet_id>/leaving")
def ask(pet_id: str) -> View:
    """Ask what became of the pet."""
    return _ask(_with_us(pet_id))


@leaving.post("/<public_id:pet_id>/leaving")
def leave(pet_id: str) -> View:
    """Mark it as no longer with us."""
    pet = own_pet(pet_id)
    try:
        status = PetStatus(request.form.get("status", ""))
    except ValueError:
        status = PetStatus.ACTIVE
    typed = request.form.get("left_on", "")
    day = read_day(typed)
    if typed and day is None:
        return _ask(_with_us(pet_id), 422, part="left_on", sentence=_("Enter a day in the past, or today."))
    try:
        own_pets.leave(pet, status, actor=current_actor(), left_on=day, reason=request.form.get("reason", ""))
    except WrongState as problem:
        db.session.rollback()
        flash(problem.say(_), "info")
        return see(url_for("portal_pets.index"))
    except WorkflowError as problem:
        db.session.rollback()
        forget_about()
        return _ask(_with_us(pet_id), 422, part=problem.field or "", sentence=problem.say(_))
    db.session.commit()
    flash(_("%(pet)s is marked as no longer with you. Nothing was deleted.", pet=pet.name), "success")
    return see(url_for("portal_pets.index"))


def _with_us(pet_id: str) -> Pet:
    pet = own_pet(pet_id)
    return pet if pet.status is PetStatus.ACTIVE else abort(404)


def _ask(pet: Pet, status: int = 200, *, part: str = "", sentence: str = "") -> View:
    return data_page(
        "leaving.html",
        f"pet-{pet.public_id}",
        status,
        pet=pet,
        chosen=request.form.get("status", ""),
        left_on=request.form.get("left_on", clock.today().isoformat()),
        today=clock.today(),
        reason=request.form.get("reason", ""),
        part=part,
        sentence=sentence,
        business=settings.read()["business.name"],
    )
