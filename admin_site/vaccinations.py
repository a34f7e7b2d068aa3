"""Vaccinations of all pets: which run out, and entering what a client brings along."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask_admin import Admin
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from admin_site import filters, lookups, rows, search
from admin_site.base import OfficeList
from admin_site.forms import Section
from admin_site.list_address import Pill
from admin_site.people import OF_CLIENT, client_link
from admin_site.rows import Column
from foundation import clock
from models import Client, Pet, PetStatus, Vaccination
from workflows import vaccinations
from workflows.actors import Actor
from workflows.permissions import Permission

SOON = dt.timedelta(days=30)


def register(admin: Admin) -> None:
    """Add the list to the back office."""
    admin.add_view(VaccinationList(Vaccination, "vaccinations", "/admin/vaccinations"))


def _counts() -> sa.ColumnElement[bool]:
    """Of pets that are with us, and not replaced by a newer one."""
    return Vaccination.ended_at.is_(None) & Vaccination.pet.has(Pet.status == PetStatus.ACTIVE)


def _state(row: Vaccination) -> tuple[str, str]:
    if row.ended_at is not None:
        return "mute", gettext("Replaced")
    if row.expires_on is None or row.expires_on > clock.today() + SOON:
        return "ok", gettext("Valid")
    return ("late", gettext("Has run out")) if row.expires_on <= clock.today() else ("req", gettext("Runs out soon"))


class VaccinationList(OfficeList):
    """Each vaccination of each pet."""

    writing = Permission.CLIENTS
    may_change = False
    title, add_label = _l("Vaccinations"), _l("Enter vaccination")
    empty = ("dog", _l("No vaccinations yet"), _l("Clients enter them in the portal, or you do."))
    search_hint = _l("Pet, client or account number")
    default_order = (Vaccination.expires_on, Vaccination.id)
    list_options = (joinedload(Vaccination.pet).joinedload(Pet.client).load_only(*OF_CLIENT),)
    record_options = list_options
    pills = (
        Pill("current", _l("In force"), _counts),
        Pill("soon", _l("Run out within 30 days"), lambda: _counts() & (Vaccination.expires_on <= clock.today() + SOON) & (Vaccination.expires_on > clock.today())),
        Pill("over", _l("Have run out"), lambda: _counts() & (Vaccination.expires_on <= clock.today())),
        Pill("all", _l("All")),
    )  # fmt: skip
    columns = (
        Column("name", _l("Against")),
        Column("pet", _l("Pet"), value=lambda v: v.pet.name),
        Column("client", _l("Client"), value=lambda v: str(v.pet.client), show=lambda v: client_link(v.pet.client)),
        Column("given_on", _l("Given on")),
        Column("expires_on", _l("Lasts until"), sort=(Vaccination.expires_on, Vaccination.id)),
        Column("state", _l("State"), value=lambda v: _state(v)[1], show=lambda v: rows.chip(*_state(v))),
        Column("reminded_on", _l("Reminded on"), hidden=True),
    )
    filters = (
        filters.Day("from", Vaccination.expires_on, _l("Lasts until, from")),
        filters.Day("until", Vaccination.expires_on, _l("Lasts until, up to"), until=True),
    )
    sections = (Section(_l("Vaccination"), ("pet", "name", ("given_on", "expires_on"))),)
    form_ajax_refs = {"pet": lookups.pet("pet")}
    form_args = {
        "pet": {"label": _l("Pet")},
        "name": {"label": _l("Against"), "description": _l("Such as rabies. It takes the place of an older one with the same name.")},
        "given_on": {"label": _l("Given on")},
        "expires_on": {"label": _l("Lasts until"), "description": _l("The first day on which it has run out.")},
    }  # fmt: skip

    def find(self, text: str) -> Any:
        return sa.or_(
            Vaccination.pet_id.in_(sa.select(Pet.id).where(search.pets(text))),
            Vaccination.pet_id.in_(
                sa.select(Pet.id).join(Client, Pet.client_id == Client.id).where(search.clients(text))
            ),
        )

    def record_name(self, record: Vaccination) -> str:
        return f"{record.pet.name}: {record.name}"

    def add(self, values: dict[str, Any], actor: Actor) -> Vaccination:
        return vaccinations.add(values["pet"], values, actor=actor)

    def remove(self, record: Vaccination, actor: Actor) -> None:
        vaccinations.end(record, actor=actor)
