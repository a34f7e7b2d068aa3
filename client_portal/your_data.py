"""The frame of Your Data: its tabs, and what they need to know, read once a request.

Other page groups (photos, contacts, agreements) bring their own tabs with `add_tabs` and answer with `data_page`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from flask import abort, g, url_for
from flask_babel import gettext as _
from markupsafe import Markup, escape

from client_portal.frame import (
    can_add_pet,
    can_amend_data,
    can_download,
    can_upload,
    client_here,
    files_are_on,
    page,
)
from foundation.db import db
from models import Client, FieldArea, Pet, PetStatus, PortalAccess, Species, StoredFile
from sign_in import current_actor
from workflows import field_layout, field_values
from workflows.errors import Invalid, WorkflowError
from workflows.field_kinds import is_needed
from workflows.field_layout import Layout, PlacedPage
from workflows.field_values import Values

#: where the groups of tabs stand: the client's pages, pets, and what others add
PAGES, PETS, FILES, CONTACTS, AGREEMENTS = 10, 20, 30, 40, 50


@dataclass(frozen=True)
class Tab:
    """A page of Your Data in the list on the left. `n_missing` is what is still to be filled in there."""

    key: str
    label: str
    url: str
    icon: str = "file-text"
    n_missing: int = 0
    #: drawn in place of the icon
    pet: Pet | None = None
    #: stands a step further in
    is_inner: bool = False


@dataclass
class About:
    """The client's and the pets' pages with all that is filled in: seven queries, however much there is."""

    client: Client
    layout: Layout
    values: Values
    pets: Sequence[Pet]
    pet_layout: Layout
    pet_values: dict[int, Values] = field(default_factory=dict)
    _of_species: dict[Species, Layout] = field(default_factory=dict)
    _asked: dict[Client | Pet, frozenset[str]] = field(default_factory=dict)

    def layout_of(self, owner: Client | Pet) -> Layout:
        """Everything on the owner's pages, hidden fields too, for conditions."""
        if not isinstance(owner, Pet):
            return self.layout
        if owner.species not in self._of_species:
            self._of_species[owner.species] = self.pet_layout.for_species(owner.species)
        return self._of_species[owner.species]

    def values_of(self, owner: Client | Pet) -> Values:
        """What is filled in."""
        return self.pet_values[owner.id] if isinstance(owner, Pet) else self.values

    def pages_of(self, owner: Client | Pet) -> tuple[PlacedPage, ...]:
        """The pages that the client sees."""
        return self.layout_of(owner).for_portal().pages

    def n_missing(self, owner: Client | Pet, of: PlacedPage | None = None) -> int:
        """How many required fields are empty, on this page or on all; none when clients may not fill them in."""
        if not can_amend_data() or (isinstance(owner, Pet) and owner.status is not PetStatus.ACTIVE):
            return 0
        layout, values = self.layout_of(owner), self.values_of(owner)
        if owner not in self._asked:
            self._asked[owner] = values.asked(layout)
        fields = of.fields if of else layout.fields.values()
        return sum(
            1
            for placed in fields
            if placed.portal is PortalAccess.EDIT
            and placed.key in self._asked[owner]
            and is_needed(placed.field)
            and values.of(placed.field) is None
            and not values.is_pending(placed.field)
        )


def about() -> About:
    """All about this request's client; read once."""
    if "your_data" not in g:
        client = client_here()
        pets = db.session.scalars(
            sa.select(Pet)
            .where(Pet.client_id == client.id)
            .order_by(Pet.name, Pet.id)
            .options(sa.orm.joinedload(Pet.photo))
        ).all()
        g.your_data = About(
            client,
            field_layout.layout(FieldArea.CLIENT),
            field_values.read(client, with_pending=True),
            pets,
            field_layout.layout(FieldArea.PET, of_all_kinds=True),
            field_values.read_many(pets, with_pending=True),
        )
    found: About = g.your_data
    return found


def forget_about() -> None:
    """Read it afresh: after a rollback, what was read is no longer whole."""
    g.pop("your_data", None)


def own_pet(pet_id: str) -> Pet:
    """One of this client's pets, also one that is no longer with us; 404 for any other."""
    return next((pet for pet in about().pets if pet.public_id == pet_id), None) or abort(404)


def secrets_are_open() -> bool:
    """Are alarm codes and the like shown here? To the household itself; staff see them in the office, where it is logged."""
    return not current_actor().on_behalf


# ------------------------------------------------------------------------------------------------------------ tabs

_groups: dict[int, Callable[[], Sequence[Tab]]] = {}


def add_tabs(place: int, make: Callable[[], Sequence[Tab]]) -> None:
    """Have `make` called for the tabs of one group, in the order of `place`; nothing when its function is off."""
    _groups[place] = make


def _page_tabs() -> list[Tab]:
    found = about()
    return [
        Tab(
            f"page-{p.page.public_id}",
            p.page.name,
            url_for("portal_data.show", page_id=p.page.public_id),
            "home",
            found.n_missing(found.client, p),
        )
        for p in found.pages_of(found.client)
    ]


def _pet_tabs() -> list[Tab]:
    found = about()
    with_us = [pet for pet in found.pets if pet.status is PetStatus.ACTIVE]
    tabs = [Tab("pets", _("Pets"), url_for("portal_pets.index"), "paw")]
    tabs += [
        Tab(
            f"pet-{pet.public_id}",
            pet.name,
            url_for("portal_pets.show", pet_id=pet.public_id),
            n_missing=found.n_missing(pet),
            pet=pet,
            is_inner=True,
        )
        for pet in with_us
    ]
    if can_add_pet():
        tabs.append(Tab("new-pet", _("Add pet"), url_for("portal_adding_pets.form"), "plus", is_inner=True))
    return tabs


def _file_tabs() -> list[Tab]:
    return [Tab("files", _("Photos and documents"), url_for("portal_files.index"), "photo")] if files_are_on() else []


add_tabs(PAGES, _page_tabs)
add_tabs(PETS, _pet_tabs)
add_tabs(FILES, _file_tabs)


def tabs() -> list[Tab]:
    """All tabs in order."""
    return [tab for place in sorted(_groups) for tab in _groups[place]()]


def data_page(template: str, tab: str, status: int = 200, **more: object) -> tuple[str, int]:
    """A page of Your Data, its tab marked; the template extends `portal/data/base.html`."""
    return page(
        f"data/{template}",
        status,
        tabs=tabs(),
        tab=tab,
        can_amend=can_amend_data(),
        can_upload=can_upload(),
        pet_photo_url=pet_photo_url,
        species_word=lambda species: species_words()[species],
        file_link=file_link,
        **more,
    )


def problems_of(refusal: WorkflowError | None) -> dict[str, str]:
    """Field -> what is wrong with it, in the reader's words; "" for what is about none."""
    several = refusal.all if isinstance(refusal, Invalid) else [refusal] if refusal else []
    return {one.field or "": one.say(_) for one in several}


def pet_photo_url(pet: Pet) -> str | None:
    """Where the pet's small photo is, or None for the drawing. The pet's `photo` should be loaded with it."""
    return url_for("portal_thumbs.thumb", file_id=pet.photo.public_id) if pet.photo else None


def file_link(file: StoredFile) -> Markup:
    """The name of a file that was given for a field, as a link to it where clients may save files."""
    if not can_download():
        return escape(file.name)
    address = url_for("portal_downloads.download", file_id=file.public_id)
    return Markup('<a class="ui-link" href="{}" download>{}</a>').format(address, file.name)


def species_words() -> dict[str, str]:
    """Kinds of pet as clients read them, the usual ones first."""
    return {
        Species.DOG.value: _("Dog"),
        Species.CAT.value: _("Cat"),
        Species.RABBIT.value: _("Rabbit or small animal"),
        Species.BIRD.value: _("Bird"),
        Species.FISH.value: _("Fish"),
        Species.REPTILE.value: _("Reptile"),
        Species.OTHER.value: _("Another kind"),
    }
