"""The lists of people and animals: clients, their contacts and pets, vets, the team, time off."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask_admin import Admin
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from admin_site import filters, lookups, rows, search
from admin_site.base import OfficeList
from admin_site.bulk import bulk
from admin_site.forms import Section
from admin_site.listing import Pill
from admin_site.rows import Column
from foundation import clock
from models import Client, ClientContact, ClientStatus, Pet, PetStatus, Staff, TimeOff, Vet
from workflows import access, people
from workflows.actors import Actor
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add these lists to the back office."""
    admin.add_view(ClientList(Client, "clients", "/admin/clients"))
    admin.add_view(ContactList(ClientContact, "contacts", "/admin/contacts"))
    admin.add_view(PetList(Pet, "pets", "/admin/pets"))
    admin.add_view(VetList(Vet, "vets", "/admin/vets"))
    admin.add_view(StaffList(Staff, "team", "/admin/staff"))
    admin.add_view(TimeOffList(TimeOff, "time_off", "/admin/time-off"))


def client_url(client_id: int) -> str:
    """The client's own page."""
    return f"/admin/client/{client_id}/"


def client_link(client: Client) -> Any:
    """A client's name as a link to their page."""
    return rows.link(str(client), client_url(client.id))


_SITTER_NAME = joinedload(Client.primary_sitter).load_only(Staff.first_name, Staff.last_name)
_OF_CLIENT = (Client.first_name, Client.last_name, Client.account_number)
_PLAIN_TEXT = {"autocomplete": "off"}


class ClientList(OfficeList):
    """Clients; a row leads to the client's own page."""

    writing = Permission.CLIENTS
    title, add_label = _l("Clients"), _l("Add client")
    empty = ("dog", _l("No clients yet"), _l("Add the first household, then invite it to the portal."))
    search_hint = _l("Name, pet, mail, phone or account number")
    default_order = (Client.last_name, Client.first_name, Client.id)
    list_options = (_SITTER_NAME,)
    record_options = (joinedload(Client.primary_sitter),)
    pills = (
        Pill("active", _l("Active"), lambda: Client.status == ClientStatus.ACTIVE),
        Pill("prospects", _l("Prospects"), lambda: Client.status == ClientStatus.PROSPECT),
        Pill("inactive", _l("Inactive"), lambda: Client.status == ClientStatus.INACTIVE),
        Pill("archived", _l("Archived"), lambda: Client.status == ClientStatus.ARCHIVED),
        Pill("all", _l("All")),
    )
    columns = (
        Column(
            "name", _l("Name"), value=str, sort=(Client.last_name, Client.first_name),
            show=lambda c: rows.two_lines(rows.link(str(c), client_url(c.id), main=True), c.account_number_grouped),
        ),
        Column("account_number", _l("Account number"), hidden=True, show=lambda c: c.account_number_grouped),
        Column("status", _l("Status"), words=rows.code_chip, sort=(Client.status,)),
        Column("primary_sitter", _l("Usual sitter")),
        Column("phone", _l("Phone"), words=rows.phone),
        Column("email", _l("Mail"), hidden=True),
        Column("address_line1", _l("Address"), hidden=True),
        Column("address_line2", _l("Address, second line"), hidden=True),
        Column("city", _l("Town"), hidden=True),
        Column("postcode", _l("Postcode"), hidden=True),
        Column("portal_enabled", _l("Portal"), hidden=True),
        Column("created_at", _l("Client since"), sort=(Client.created_at,), value=lambda c: clock.to_local(c.created_at).date()),
        Column("notes", _l("Notes"), hidden=True),
    )  # fmt: skip
    filters = (
        filters.Choice("status", Client.status, _l("Status"), ClientStatus),
        filters.sitter(Client.primary_sitter_id, _l("Usual sitter")),
        filters.YesNo("portal", Client.portal_enabled, _l("Portal open")),
        filters.Day("from", Client.created_at, _l("Client since")),
        filters.Day("until", Client.created_at, _l("Client until"), until=True),
    )
    sections = (
        Section(_l("Name"), (("first_name", "last_name"), ("status", "primary_sitter"))),
        Section(_l("Contact"), (("email", "phone"), "address_line1", "address_line2", ("city", "postcode"))),
        Section(_l("Portal"), ("portal_enabled",)),
        Section(_l("Notes"), ("notes",)),
    )
    form_ajax_refs = {"primary_sitter": lookups.sitter("primary_sitter")}
    form_args = {
        "first_name": {"label": _l("First name")},
        "last_name": {"label": _l("Last name")},
        "status": {"label": _l("Status")},
        "primary_sitter": {"label": _l("Usual sitter"), "description": _l("Suggested for this client's visits.")},
        "email": {"label": _l("Mail address"), "render_kw": {"inputmode": "email", **_PLAIN_TEXT}},
        "phone": {"label": _l("Phone"), "render_kw": {"inputmode": "tel", **_PLAIN_TEXT}},
        "address_line1": {"label": _l("Address"), "render_kw": _PLAIN_TEXT},
        "address_line2": {"label": _l("Address, second line"), "render_kw": _PLAIN_TEXT},
        "city": {"label": _l("Town"), "render_kw": _PLAIN_TEXT},
        "postcode": {"label": _l("Postcode"), "render_kw": _PLAIN_TEXT},
        "portal_enabled": {
            "label": _l("Portal is open for this client"),
            "description": _l("Off: nobody of the household can log in; who is signed in is signed out at once."),
        },
        "notes": {"label": _l("Notes"), "description": _l("Only the office reads them.")},
    }

    def find(self, text: str) -> Any:
        return search.clients(text)

    def record_url(self, record: Client) -> str:
        return client_url(record.id)

    def add(self, values: dict[str, Any], actor: Actor) -> Client:
        return people.add_client(values, actor=actor)

    def change(self, record: Client, values: dict[str, Any], actor: Actor) -> None:
        people.change_client(record, values, actor=actor)

    def remove(self, record: Client, actor: Actor) -> None:
        people.remove_client(record, actor=actor)

    @bulk(
        "invite", _l("Invite to the portal"), permission=Permission.CLIENTS,
        question=_l("Invite to the portal? Everybody who is ticked gets a mail with a link to set a password."),
    )  # fmt: skip
    def action_invite(self, records: Sequence[Client]) -> None:
        """Mail the one-time link to each; those without an address are said."""
        self.each(
            records,
            lambda c: access.invite_client(c, actor=self.actor),
            lambda n: ngettext("%(num)d invitation is on its way.", "%(num)d invitations are on their way.", n),
        )

    @bulk("activate", _l("Make active"), permission=Permission.CLIENTS)
    def action_activate(self, records: Sequence[Client]) -> None:
        """Back among the active ones."""
        self._set(records, ClientStatus.ACTIVE, lambda n: ngettext("%(num)d client is active.", "%(num)d clients are active.", n))  # fmt: skip

    @bulk(
        "archive", _l("Archive"), permission=Permission.CLIENTS,
        question=_l("Archive these clients? They can no longer log in to the portal, and are signed out at once."),
    )  # fmt: skip
    def action_archive(self, records: Sequence[Client]) -> None:
        """Out of the way; nothing is deleted."""
        self._set(records, ClientStatus.ARCHIVED, lambda n: ngettext("%(num)d client archived.", "%(num)d clients archived.", n))  # fmt: skip

    def _set(self, records: Sequence[Client], status: ClientStatus, done: Any) -> None:
        self.each(records, lambda c: people.change_client(c, {"status": status}, actor=self.actor), done)


class ContactList(OfficeList):
    """Other people of a household, and who to call in an emergency."""

    writing = Permission.CLIENTS
    title, add_label = _l("Contacts"), _l("Add contact")
    empty = ("cat", _l("No contacts yet"), _l("Partners, neighbours with a key, somebody to call in an emergency."))
    search_hint = _l("Name, mail, phone or client")
    default_order = (ClientContact.name, ClientContact.id)
    list_options = (joinedload(ClientContact.client).load_only(*_OF_CLIENT),)
    record_options = (joinedload(ClientContact.client),)
    columns = (
        Column("name", _l("Name"), sort=(ClientContact.name,)),
        Column("relation", _l("Relation")),
        Column("client", _l("Client"), show=lambda c: client_link(c.client)),
        Column("phone", _l("Phone"), words=rows.phone),
        Column("email", _l("Mail")),
        Column("receives_copies", _l("Gets copies"), hidden=True),
        Column("is_emergency", _l("Emergency"), hidden=True),
        Column("for_what", _l("For"), export=False, value=lambda c: rows.ticks(c, ("receives_copies", _l("copies")), ("is_emergency", _l("emergency")))),
    )  # fmt: skip
    filters = (
        *filters.client_filters(ClientContact.client_id),
        filters.YesNo("copies", ClientContact.receives_copies, _l("Gets copies")),
        filters.YesNo("emergency", ClientContact.is_emergency, _l("Emergency")),
    )
    sections = (
        Section(_l("Who"), ("client", ("name", "relation"), ("email", "phone"))),
        Section(_l("What for"), ("receives_copies", "is_emergency")),
    )
    fixed = ("client",)
    form_ajax_refs = {"client": lookups.client()}
    form_args = {
        "client": {"label": _l("Client")},
        "name": {"label": _l("Name")},
        "relation": {"label": _l("Relation"), "description": _l("Partner, neighbour, daughter.")},
        "email": {"label": _l("Mail address"), "render_kw": {"inputmode": "email", **_PLAIN_TEXT}},
        "phone": {"label": _l("Phone"), "render_kw": {"inputmode": "tel", **_PLAIN_TEXT}},
        "receives_copies": {
            "label": _l("Gets copies of mails"),
            "description": _l("About requests and visits; needs a mail address."),
        },
        "is_emergency": {"label": _l("To call in an emergency")},
    }

    def find(self, text: str) -> Any:
        return search.contacts(text)

    def saved_url(self, record: ClientContact) -> str:
        return client_url(record.client_id)

    def add(self, values: dict[str, Any], actor: Actor) -> ClientContact:
        return people.save_contact(ClientContact(), values, actor=actor)

    def change(self, record: ClientContact, values: dict[str, Any], actor: Actor) -> None:
        people.save_contact(record, values, actor=actor)

    def remove(self, record: ClientContact, actor: Actor) -> None:
        people.remove_contact(record, actor=actor)


class PetList(OfficeList):
    """Animals, each of one client."""

    writing = Permission.CLIENTS
    title, add_label = _l("Pets"), _l("Add pet")
    empty = ("rabbit", _l("No pets yet"), _l("Pets belong to a client: add the client first."))
    search_hint = _l("Pet, breed or client")
    default_order = (Pet.name, Pet.id)
    list_options = (joinedload(Pet.client).load_only(*_OF_CLIENT), joinedload(Pet.vet).load_only(Vet.name))
    record_options = (joinedload(Pet.client), joinedload(Pet.vet))
    pills = (
        Pill("ours", _l("With us"), lambda: Pet.status == PetStatus.ACTIVE),
        Pill("gone", _l("No longer with us"), lambda: Pet.status != PetStatus.ACTIVE),
        Pill("all", _l("All")),
    )
    columns = (
        Column("name", _l("Name"), sort=(Pet.name,)),
        Column("client", _l("Client"), show=lambda p: client_link(p.client)),
        Column("species", _l("Kind")),
        Column("breed", _l("Breed")),
        Column("vet", _l("Vet")),
        Column("status", _l("Status"), words=rows.code_chip),
        Column("born_on", _l("Birthday"), hidden=True),
        Column("warning", _l("Warning"), hidden=True),
        Column("feeding", _l("Feeding"), hidden=True),
        Column("medication", _l("Medication"), hidden=True),
        Column("notes", _l("Notes"), hidden=True),
    )
    filters = (
        *filters.client_filters(Pet.client_id),
        filters.Record("vet", Pet.vet_id, _l("Vet"), Vet),
        filters.Choice("species", Pet.species, _l("Kind"), Pet.species.type.enum_class),
        filters.Choice("status", Pet.status, _l("Status"), PetStatus),
        filters.YesNo("warning", Pet.warning, _l("Has a warning"), when=Pet.warning != ""),
    )
    sections = (
        Section(_l("Who"), ("client", ("name", "species"), ("breed", "born_on"), "status")),
        Section(_l("Care"), ("warning", "feeding", "medication", "notes", "vet")),
    )
    fixed = ("client",)
    form_ajax_refs = {"client": lookups.client(), "vet": lookups.vet()}
    form_args = {
        "client": {"label": _l("Client")},
        "name": {"label": _l("Name")},
        "species": {"label": _l("Kind")},
        "breed": {"label": _l("Breed")},
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
    }

    def find(self, text: str) -> Any:
        return search.pets(text)

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


class VetList(OfficeList):
    """Veterinary practices, shared by all clients."""

    writing = Permission.CLIENTS
    title, add_label = _l("Vets"), _l("Add vet")
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
        "phone": {"label": _l("Phone"), "render_kw": {"inputmode": "tel", **_PLAIN_TEXT}},
        "email": {"label": _l("Mail address"), "render_kw": {"inputmode": "email", **_PLAIN_TEXT}},
        "address": {"label": _l("Address")},
        "notes": {"label": _l("Notes")},
        "is_active": {"label": _l("Active"), "description": _l("Off: it cannot be chosen for a pet any more.")},
    }

    def find(self, text: str) -> Any:
        return search.vets(text)

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


class StaffList(OfficeList):
    """The team. Managers see it; only who may change staff changes it."""

    writing = Permission.STAFF
    title, add_label = _l("Team"), _l("Add team member")
    empty = ("dog", _l("Nobody here yet"), "")
    search_hint = _l("Name, mail or phone")
    default_order = (Staff.first_name, Staff.last_name, Staff.id)
    record_options = (joinedload(Staff.login),)
    pills = (
        Pill("active", _l("Active"), lambda: Staff.is_active.is_(True)),
        Pill("inactive", _l("Inactive"), lambda: Staff.is_active.is_(False)),
        Pill("all", _l("All")),
    )
    columns = (
        Column("name", _l("Name"), value=str, sort=(Staff.first_name, Staff.last_name)),
        Column("role", _l("Role")),
        Column("is_sitter", _l("Takes visits")),
        Column("phone", _l("Phone"), words=rows.phone),
        Column("email", _l("Mail")),
        Column("is_active", _l("Active"), hidden=True),
        Column("created_at", _l("Added"), hidden=True),
        Column("notes", _l("Notes"), hidden=True),
    )
    filters = (
        filters.Choice("role", Staff.role, _l("Role"), Staff.role.type.enum_class),
        filters.YesNo("sitter", Staff.is_sitter, _l("Takes visits")),
        filters.YesNo("active", Staff.is_active, _l("Active")),
    )
    sections = (
        Section(_l("Name"), (("first_name", "last_name"), ("email", "phone"))),
        Section(_l("Work"), ("role", "is_sitter", "is_active")),
        Section(_l("Notes"), ("notes",)),
    )
    form_args = {
        "first_name": {"label": _l("First name"), "description": _l("Clients see it on their visits.")},
        "last_name": {"label": _l("Last name")},
        "email": {
            "label": _l("Mail address"),
            "description": _l("For the log-in and for mails."),
            "render_kw": {"inputmode": "email", **_PLAIN_TEXT},
        },
        "phone": {"label": _l("Phone"), "render_kw": {"inputmode": "tel", **_PLAIN_TEXT}},
        "role": {
            "label": _l("Role"),
            "description": _l("Owners may do everything, managers all but team and settings, sitters see their own day."),
        },
        "is_sitter": {"label": _l("Takes visits"), "description": _l("Can be chosen as sitter, whatever the role.")},
        "is_active": {"label": _l("Active"), "description": _l("Off: signed out at once, and cannot log in.")},
        "notes": {"label": _l("Notes")},
    }

    def find(self, text: str) -> Any:
        return search.staff(text)

    def add(self, values: dict[str, Any], actor: Actor) -> Staff:
        return people.add_staff(values, actor=actor)

    def change(self, record: Staff, values: dict[str, Any], actor: Actor) -> None:
        people.change_staff(record, values, actor=actor)

    def remove(self, record: Staff, actor: Actor) -> None:
        people.remove_staff(record, actor=actor)

    @bulk(
        "invite", _l("Invite to log in"), permission=Permission.STAFF,
        question=_l("Send a link to set a password? An older link is dead then."),
    )  # fmt: skip
    def action_invite(self, records: Sequence[Staff]) -> None:
        """Mail the one-time link to each; those without an address are said."""
        self.each(
            records,
            lambda s: access.invite_staff(s, actor=self.actor),
            lambda n: ngettext("%(num)d invitation is on its way.", "%(num)d invitations are on their way.", n),
        )

    @bulk("activate", _l("Make active"), permission=Permission.STAFF)
    def action_activate(self, records: Sequence[Staff]) -> None:
        """May log in again."""
        self._set(records, is_active=True)

    @bulk(
        "deactivate", _l("Make inactive"), permission=Permission.STAFF,
        question=_l("Make these people inactive? They are signed out at once and cannot log in any more."),
    )  # fmt: skip
    def action_deactivate(self, records: Sequence[Staff]) -> None:
        """Signed out at once."""
        self._set(records, is_active=False)

    def _set(self, records: Sequence[Staff], *, is_active: bool) -> None:
        self.each(
            records,
            lambda s: people.change_staff(s, {"is_active": is_active}, actor=self.actor),
            lambda n: ngettext("%(num)d person was changed.", "%(num)d people were changed.", n),
        )


class TimeOffList(OfficeList):
    """Days on which a sitter is away."""

    writing = Permission.SCHEDULE
    title, add_label = _l("Time off"), _l("Add time off")
    empty = ("bird", _l("Nobody is away"), _l("Visits for a sitter who is away are pointed out before you save them."))
    search_hint = _l("Sitter or note")
    default_order = (TimeOff.first_on.desc(), TimeOff.id.desc())
    list_options = (joinedload(TimeOff.staff).load_only(Staff.first_name, Staff.last_name),)
    record_options = (joinedload(TimeOff.staff),)
    pills = (
        Pill("coming", _l("Now and coming"), lambda: TimeOff.last_on >= clock.today()),
        Pill("past", _l("Past"), lambda: TimeOff.last_on < clock.today()),
        Pill("all", _l("All")),
    )
    columns = (
        Column("staff", _l("Sitter")),
        Column("first_on", _l("First day"), sort=(TimeOff.first_on,)),
        Column("last_on", _l("Last day")),
        Column("note", _l("Note")),
    )
    filters = (
        filters.sitter(TimeOff.staff_id, none=None),
        filters.Day("from", TimeOff.last_on, _l("From")),
        filters.Day("until", TimeOff.first_on, _l("Until"), until=True),
    )
    sections = (Section(_l("Away"), ("staff", ("first_on", "last_on"), "note")),)
    form_ajax_refs = {"staff": lookups.team("staff")}
    form_args = {
        "staff": {"label": _l("Who")},
        "first_on": {"label": _l("First day")},
        "last_on": {"label": _l("Last day"), "description": _l("This day included.")},
        "note": {"label": _l("Note")},
    }

    def find(self, text: str) -> Any:
        return sa.or_(
            TimeOff.staff_id.in_(sa.select(Staff.id).where(search.staff(text))), search.plain(TimeOff.note)(text)
        )

    def record_name(self, record: TimeOff) -> str:
        days = gettext("%(start)s to %(end)s", start=rows.show(record.first_on), end=rows.show(record.last_on))
        return f"{record.staff}, {days}"

    def saved_url(self, record: TimeOff) -> str:
        return f"{self.url}/"

    def add(self, values: dict[str, Any], actor: Actor) -> TimeOff:
        return people.save_time_off(TimeOff(), values, actor=actor)

    def change(self, record: TimeOff, values: dict[str, Any], actor: Actor) -> None:
        people.save_time_off(record, values, actor=actor)

    def remove(self, record: TimeOff, actor: Actor) -> None:
        people.remove_time_off(record, actor=actor)
