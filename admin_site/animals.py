"""The lists of pets and of the vets that they go to."""

from collections.abc import Sequence
from typing import Any

from flask_admin import Admin, expose
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.orm import joinedload

from admin_site import filters, lookups, merging, rows, search
from admin_site.base import Answer, OfficeList
from admin_site.bulk import bulk
from admin_site.edits_rows import EditsRows
from admin_site.field_columns import FieldColumns
from admin_site.forms import Section
from admin_site.list_address import Pill
from admin_site.people import OF_CLIENT, PLAIN_TEXT, client_link
from admin_site.rows import Column
from foundation.twins import Twin
from models import Client, FieldArea, Pet, PetStatus, Vet
from workflows import people, report_views
from workflows.actors import Actor
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add these lists to the back office."""
    admin.add_view(PetList(Pet, "pets", "/admin/pets"))
    admin.add_view(VetList(Vet, "vets", "/admin/vets"))


class PetList(EditsRows, FieldColumns, OfficeList):
    """Animals, each of one client."""

    area = FieldArea.PET
    writing = Permission.CLIENTS
    title, add_label = _l("Pets"), _l("Add pet")
    details_template = "admin/pets/details.html"
    list_template = "admin/pets/list.html"
    empty = ("rabbit", _l("No pets yet"), _l("Pets belong to a client: add the client first."))
    search_hint = _l("Pet, breed or client")
    keeps_page = True
    default_order = (Pet.name, Pet.id)
    list_options = (joinedload(Pet.client).load_only(*OF_CLIENT), joinedload(Pet.vet).load_only(Vet.name))
    twin = Twin(
        Pet, "name", "species", "breed", "status",
        client=Twin(Client, "first_name", "last_name", "account_number"), vet=Twin(Vet, "name"),
    )  # fmt: skip
    record_options = (joinedload(Pet.client), joinedload(Pet.vet))
    pills = (
        Pill("ours", _l("With us"), lambda: Pet.status == PetStatus.ACTIVE),
        Pill("gone", _l("No longer with us"), lambda: Pet.status != PetStatus.ACTIVE),
        Pill("all", _l("All")),
    )
    own_columns = (
        Column("name", _l("Name"), sort=(Pet.name,)),
        Column("client", _l("Client"), show=lambda p: client_link(p.client)),
        Column("species", _l("Kind")),
        Column("breed", _l("Breed")),
        Column("vet", _l("Vet")),
        Column("status", _l("Status"), words=rows.code_chip),
        Column("born_on", _l("Birthday"), hidden=True),
        Column("vaccinations_expire_on", _l("Vaccinations run out on"), hidden=True),
        Column("warning", _l("Warning"), hidden=True),
        Column("feeding", _l("Feeding"), hidden=True),
        Column("medication", _l("Medication"), hidden=True),
        Column("notes", _l("Notes"), hidden=True),
    )
    own_filters = (
        *filters.client_filters(Pet.client_id),
        filters.Record("vet", Pet.vet_id, _l("Vet"), Vet),
        filters.Choice("species", Pet.species, _l("Kind"), Pet.species.type.enum_class),
        filters.Choice("status", Pet.status, _l("Status"), PetStatus),
        filters.YesNo("warning", Pet.warning, _l("Has a warning"), when=Pet.warning != ""),
    )
    sections = (
        Section(_l("Who"), ("client", ("name", "species"), ("breed", "born_on"), ("status", "left_on"))),
        Section(_l("Care"), ("warning", "feeding", "medication", "notes", ("vet", "vaccinations_expire_on"))),
    )
    fixed = ("client",)
    form_ajax_refs = {"client": lookups.client(), "vet": lookups.vet()}
    form_args = {
        "client": {"label": _l("Client")},
        "name": {"label": _l("Name")},
        "species": {"label": _l("Kind")},
        "breed": {"label": _l("Breed")},
        "left_on": {"label": _l("No longer here since")},
        "born_on": {"label": _l("Birthday")},
        "status": {"label": _l("Status")},
        "warning": {
            "label": _l("Warning"),
            "description": _l("What everybody must see first, such as insulin at 8:00 and 18:00."),
        },
        "feeding": {"label": _l("Feeding")},
        "medication": {"label": _l("Medication")},
        "notes": {"label": _l("Notes")},
        "vet": {"label": _l("Vet"), "blank": _l("None")},
        "vaccinations_expire_on": {
            "label": _l("Vaccinations run out on"),
            "description": _l("Visits from this day on are warned of before they are scheduled. Empty: not watched."),
        },
    }

    def details_context(self, record: Pet) -> dict[str, Any]:
        """The last report cards of visits to the pet."""
        return {"reports": report_views.sent(report_views.of_pet(record.id)) if report_views.is_on() else None}

    @expose("/details/")
    def details_view(self) -> Answer:
        """Everything about a pet; the number of one that was merged with another leads there."""
        record = self.asked_record()
        return (record.status is PetStatus.INACTIVE and merging.gone_to("pet", record.id)) or super().details_view()

    def find(self, text: str) -> Any:
        return search.pets(text)

    def check(self, record: Pet | None, values: dict[str, Any]) -> None:
        people.check_pet(values)

    def add(self, values: dict[str, Any], actor: Actor) -> Pet:
        return people.add_pet(values, actor=actor)

    def change(self, record: Pet, values: dict[str, Any], actor: Actor) -> None:
        people.change_pet(record, values, actor=actor)

    def remove(self, record: Pet, actor: Actor) -> None:
        people.remove_pet(record, actor=actor)

    @bulk("with_us", _l("With us again"), permission=Permission.CLIENTS)
    def action_with_us(self, records: Sequence[Pet]) -> None:
        """Offered for requests again."""
        self._set(records, PetStatus.ACTIVE)

    @bulk("inactive", _l("No longer with us"), permission=Permission.CLIENTS)
    def action_inactive(self, records: Sequence[Pet]) -> None:
        """Not offered for requests any more."""
        self._set(records, PetStatus.INACTIVE)

    @bulk("deceased", _l("Passed away"), permission=Permission.CLIENTS)
    def action_deceased(self, records: Sequence[Pet]) -> None:
        """As above, and said so."""
        self._set(records, PetStatus.DECEASED)

    def _set(self, records: Sequence[Pet], status: PetStatus) -> None:
        self.each(
            records,
            lambda p: people.set_pet_status(p, status, actor=self.actor),
            lambda n: ngettext("%(num)d pet was changed.", "%(num)d pets were changed.", n),
        )


class VetList(EditsRows, OfficeList):
    """Veterinary practices, shared by all clients."""

    writing = Permission.CLIENTS
    title, add_label = _l("Vets"), _l("Add vet")
    list_template = "admin/vets/list.html"
    details_template = "admin/vets/details.html"
    empty = ("cat", _l("No vets yet"), _l("One entry for a practice serves every pet that goes there."))
    search_hint = _l("Name, mail, phone or address")
    default_order = (Vet.name, Vet.id)
    pills = (
        Pill("active", _l("Active"), lambda: Vet.is_active.is_(True)),
        Pill("inactive", _l("Inactive"), lambda: Vet.is_active.is_(False)),
        Pill("all", _l("All")),
    )
    columns = (
        Column("name", _l("Name"), sort=(Vet.name,)),
        Column("phone", _l("Phone"), words=rows.phone),
        Column("email", _l("Mail")),
        Column("address", _l("Address")),
        Column("is_active", _l("Active"), hidden=True),
        Column("notes", _l("Notes"), hidden=True),
    )
    filters = (filters.YesNo("active", Vet.is_active, _l("Active")),)
    sections = (
        Section(_l("Practice"), ("name", ("phone", "email"), "address")),
        Section(_l("Notes"), ("notes", "is_active")),
    )
    form_args = {
        "name": {"label": _l("Name")},
        "phone": {"label": _l("Phone"), "render_kw": {"inputmode": "tel", **PLAIN_TEXT}},
        "email": {"label": _l("Mail address"), "render_kw": {"inputmode": "email", **PLAIN_TEXT}},
        "address": {"label": _l("Address")},
        "notes": {"label": _l("Notes")},
        "is_active": {"label": _l("Active"), "description": _l("Off: it cannot be chosen for a pet any more.")},
    }

    @expose("/details/")
    def details_view(self) -> Answer:
        """Everything about a practice; the number of one that was merged with another leads there."""
        record = self.asked_record()
        return (not record.is_active and merging.gone_to("vet", record.id)) or super().details_view()

    def find(self, text: str) -> Any:
        return search.vets(text)

    def check(self, record: Vet | None, values: dict[str, Any]) -> None:
        people.checked_vet(values)

    def add(self, values: dict[str, Any], actor: Actor) -> Vet:
        return people.save_vet(Vet(), values, actor=actor)

    def change(self, record: Vet, values: dict[str, Any], actor: Actor) -> None:
        people.save_vet(record, values, actor=actor)

    def remove(self, record: Vet, actor: Actor) -> None:
        people.remove_vet(record, actor=actor)

    @bulk("activate", _l("Make active"), permission=Permission.CLIENTS)
    def action_activate(self, records: Sequence[Vet]) -> None:
        """Can be chosen again."""
        self._set(records, is_active=True)

    @bulk("deactivate", _l("Make inactive"), permission=Permission.CLIENTS)
    def action_deactivate(self, records: Sequence[Vet]) -> None:
        """Cannot be chosen any more; pets keep it."""
        self._set(records, is_active=False)

    def _set(self, records: Sequence[Vet], *, is_active: bool) -> None:
        self.each(
            records,
            lambda v: people.save_vet(v, {"is_active": is_active}, actor=self.actor),
            lambda n: ngettext("%(num)d vet was changed.", "%(num)d vets were changed.", n),
        )
