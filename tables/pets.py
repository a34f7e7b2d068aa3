"""Pets and the veterinary practices that look after them."""

import datetime as dt
import enum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.db import Base
from foundation.types import created_at, enum_column, line_text, long_text, pk, public_id, short_text
from tables.columns import fk
from tables.people import Client


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
    name: Mapped[short_text] = mapped_column(index=True)
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
    created_at: Mapped[created_at]
    version: Mapped[int] = mapped_column(default=1)
    client: Mapped[Client] = relationship(back_populates="pets")
    vet: Mapped[Vet | None] = relationship()
    __mapper_args__ = {"version_id_col": version}

    def __str__(self) -> str:
        return self.name
