"""Pets and the veterinary practices that look after them."""

import datetime as dt
import enum
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.db import Base
from foundation.types import created_at, enum_column, line_text, long_text, pk, public_id, short_text, utc
from tables.columns import fk
from tables.people import Client

if TYPE_CHECKING:
    from tables.papers import StoredFile


class Species(enum.StrEnum):
    """Kinds of pet, as far as they need different pictures and pages."""

    DOG = "dog"
    CAT = "cat"
    RABBIT = "rabbit"
    BIRD = "bird"
    FISH = "fish"
    REPTILE = "reptile"
    OTHER = "other"


class PetStatus(enum.StrEnum):
    """Pets are never deleted in the portal; they are 'no longer with us'."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    DECEASED = "deceased"


class Vet(Base):
    """A veterinary practice, shared by clients."""

    __tablename__ = "vet"
    id: Mapped[pk]
    name: Mapped[short_text] = mapped_column(index=True)
    phone: Mapped[str | None] = mapped_column(sa.String(40))
    email: Mapped[line_text | None]
    address: Mapped[line_text] = mapped_column(default="")
    notes: Mapped[long_text] = mapped_column(default="")
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[created_at]
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}

    def __str__(self) -> str:
        return self.name


class Pet(Base):
    """An animal of one client, with what a sitter must know."""

    __tablename__ = "pet"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    client_id: Mapped[int] = fk("client.id")
    name: Mapped[short_text]
    species: Mapped[Species] = mapped_column(enum_column(Species), default=Species.DOG)
    breed: Mapped[short_text] = mapped_column(default="")
    born_on: Mapped[dt.date | None]
    #: what everybody must see first: "insulin at 8:00 and 18:00"
    warning: Mapped[line_text] = mapped_column(default="")
    feeding: Mapped[long_text] = mapped_column(default="")
    medication: Mapped[long_text] = mapped_column(default="")
    notes: Mapped[long_text] = mapped_column(default="")
    vet_id: Mapped[int | None] = fk("vet.id", ondelete="SET NULL")
    #: the first day on which a vaccination has run out; None when it is not watched
    vaccinations_expire_on: Mapped[dt.date | None]
    status: Mapped[PetStatus] = mapped_column(enum_column(PetStatus), default=PetStatus.ACTIVE)
    #: since when it is no longer with us
    left_on: Mapped[dt.date | None]
    created_at: Mapped[created_at]
    version: Mapped[int] = mapped_column(default=1)
    client: Mapped[Client] = relationship(back_populates="pets")
    vet: Mapped[Vet | None] = relationship()
    vaccinations: Mapped[list["Vaccination"]] = relationship(back_populates="pet", order_by="Vaccination.id")
    photo: Mapped["StoredFile | None"] = relationship(
        primaryjoin="and_(StoredFile.pet_id == Pet.id, StoredFile.purpose == 'pet_photo', StoredFile.removed_at.is_(None))",
        viewonly=True,
        uselist=False,
    )
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (sa.Index("ix_pet_by_name", "name", "id"),)

    def __str__(self) -> str:
        return self.name


class Vaccination(Base):
    """A vaccination of a pet and until when it lasts."""

    __tablename__ = "vaccination"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    pet_id: Mapped[int] = fk("pet.id", ondelete="CASCADE")
    name: Mapped[short_text]
    given_on: Mapped[dt.date | None]
    #: the first day on which it has run out
    expires_on: Mapped[dt.date | None]
    certificate_id: Mapped[int | None] = fk("stored_file.id", ondelete="SET NULL")
    #: replaced by a newer one, or entered by mistake
    ended_at: Mapped[utc | None]
    #: the day of the last reminder about it
    reminded_on: Mapped[dt.date | None]
    created_at: Mapped[created_at]
    pet: Mapped[Pet] = relationship(back_populates="vaccinations")
    certificate: Mapped["StoredFile | None"] = relationship()
    __table_args__ = (sa.Index("ix_vaccination_expires_on", "expires_on", "id"),)

    def __str__(self) -> str:
        return self.name
