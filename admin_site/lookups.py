"""Finding a record for a form's field: all of a short list, or what a few letters find."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from flask_admin.model.ajax import AjaxModelLoader
from flask_babel import gettext
from sqlalchemy.orm import class_mapper, joinedload

from admin_site import search
from foundation.db import db
from foundation.twins import Twin
from models import (
    Client,
    ClientType,
    PaymentTerms,
    Pet,
    PetStatus,
    ServiceGroup,
    ServiceItem,
    Staff,
    TaxRate,
    TimeBlock,
    Vet,
)

#: a list that is longer is not written into a page
MOST_OPTIONS = 200


class Lookup(AjaxModelLoader):
    """The records of one table that may be chosen. `only` leaves out those that may not be chosen any more, and always
    the same ones."""

    page_size = 20

    def __init__(
        self,
        name: str,
        kind: type[Any],
        *,
        find: Callable[[str], Any],
        order: Sequence[Any],
        only: Callable[[], Any] = sa.true,
        label: Callable[[Any], str] = str,
        options: Sequence[Any] = (),
    ) -> None:
        super().__init__(name, {"page_size": self.page_size})
        self.kind, self.find, self.order, self.only, self.label = kind, find, tuple(order), only, label
        #: what the labels need of other tables
        self.options = tuple(options)

    def _records(self) -> Any:
        return sa.select(self.kind).where(self.only()).order_by(*self.order).options(*self.options)

    def format(self, model: Any) -> tuple[Any, str] | None:
        """Flask-Admin's name for number and label."""
        return None if model is None else (model.id, self.label(model))

    def get_one(self, pk: Any) -> Any:
        """The record if it may be chosen."""
        return db.session.scalar(self._records().where(self.kind.id == pk))

    def get_list(self, query: str, offset: int = 0, limit: int = page_size) -> list[Any]:
        """What the words find."""
        return list(db.session.scalars(self._records().where(self.find(query)).offset(offset).limit(limit)))

    def is_long(self) -> bool:
        """Are there more than fit into a list?"""
        some = sa.select(self.kind.id).where(self.only()).limit(MOST_OPTIONS + 1).subquery()
        return (db.session.scalar(sa.select(sa.func.count()).select_from(some)) or 0) > MOST_OPTIONS

    def offered(self) -> Sequence[Any] | None:
        """Every record of a short list, to be shown only; None if it is long."""
        if self.options:
            return None if self.is_long() else self.all()
        twin, statement = self._plain
        found = db.session.connection().execute(statement).all()
        return None if len(found) > MOST_OPTIONS else twin.read(found)

    @cached_property
    def _plain(self) -> tuple[Twin[Any], Any]:
        """One more than fit into a list, without entities; put together once."""
        twin = Twin(self.kind, *(c.key for c in class_mapper(self.kind).column_attrs if c.key != "id"))
        rows = sa.select(*twin.columns).where(self.only()).order_by(*self.order)
        return twin, rows.limit(MOST_OPTIONS + 1)

    def all(self) -> list[Any]:
        """Every record of a short list."""
        return list(db.session.scalars(self._records().limit(MOST_OPTIONS)))


def _client_label(client: Client) -> str:
    return f"{client}, {client.account_number_grouped}"


def _staff_label(staff: Staff) -> str:
    return str(staff) if staff.is_active else gettext("%(name)s (inactive)", name=str(staff))


def client(name: str = "client") -> Lookup:
    """Any client."""
    order = (Client.last_name, Client.first_name, Client.id)
    return Lookup(name, Client, find=search.clients, order=order, label=_client_label)


def pet(name: str = "pet") -> Lookup:
    """An animal that is still with its client."""
    return Lookup(
        name, Pet, find=search.pets, order=(Pet.name, Pet.id), only=lambda: Pet.status == PetStatus.ACTIVE,
        label=lambda p: f"{p.name}, {p.client}", options=[joinedload(Pet.client)],
    )  # fmt: skip


def sitter(name: str) -> Lookup:
    """Who can be given visits."""
    return Lookup(
        name,
        Staff,
        find=search.staff,
        order=(Staff.first_name, Staff.last_name, Staff.id),
        only=lambda: sa.and_(Staff.is_active, Staff.is_sitter),
        label=_staff_label,
    )


def team(name: str) -> Lookup:
    """Anybody of the team who is still there."""
    order = (Staff.first_name, Staff.last_name, Staff.id)
    return Lookup(
        name, Staff, find=search.staff, order=order, only=lambda: Staff.is_active.is_(True), label=_staff_label
    )


def vet(name: str = "vet") -> Lookup:
    """A practice that is still there."""
    return Lookup(name, Vet, find=search.vets, order=(Vet.name, Vet.id), only=lambda: Vet.is_active.is_(True))


def service(name: str = "service_item") -> Lookup:
    """A service that is still offered."""
    return Lookup(
        name,
        ServiceItem,
        find=search.services,
        order=(ServiceItem.name, ServiceItem.id),
        only=lambda: ServiceItem.is_active.is_(True),
    )


def service_group(name: str = "group") -> Lookup:
    """Any group."""
    return Lookup(
        name, ServiceGroup, find=search.plain(ServiceGroup.name), order=(ServiceGroup.position, ServiceGroup.id)
    )


def time_block(name: str = "time_blocks") -> Lookup:
    """A time block that is still used."""
    return Lookup(
        name,
        TimeBlock,
        find=search.plain(TimeBlock.name),
        order=(TimeBlock.starts_at, TimeBlock.id),
        only=lambda: TimeBlock.is_active.is_(True),
    )


def client_type(name: str = "client_type") -> Lookup:
    """A client type that is still used."""
    return Lookup(
        name,
        ClientType,
        find=search.plain(ClientType.name),
        order=(ClientType.name, ClientType.id),
        only=lambda: ClientType.is_active.is_(True),
    )


def tax_rate(name: str = "tax_rate") -> Lookup:
    """A tax rate that is still used."""
    return Lookup(
        name,
        TaxRate,
        find=search.plain(TaxRate.name),
        order=(TaxRate.name, TaxRate.id),
        only=lambda: TaxRate.is_active.is_(True),
    )


def payment_terms(name: str = "payment_terms") -> Lookup:
    """Payment terms that are still used."""
    return Lookup(
        name,
        PaymentTerms,
        find=search.plain(PaymentTerms.name),
        order=(PaymentTerms.name, PaymentTerms.id),
        only=lambda: PaymentTerms.is_active.is_(True),
    )
