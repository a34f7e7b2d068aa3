"""Files, agreements and letters: photos and documents, the terms that clients accept, messages with the office."""

import enum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.db import Base
from foundation.types import created_at, enum_column, line_text, long_text, pk, public_id, short_text, utc
from tables.columns import fk
from tables.people import Client, ClientLogin, Staff
from tables.pets import Pet


class FilePurpose(enum.StrEnum):
    """What a file is for, which also says who may have it."""

    #: the picture of a pet
    PET_PHOTO = "pet_photo"
    #: the value of a custom field
    FIELD = "field"
    #: photos and documents of a household or a pet that belong to no field
    UPLOAD = "upload"
    #: a contract or form of the office, for one client or for all
    FORM = "form"
    #: proof of a vaccination
    CERTIFICATE = "certificate"
    #: the copy of an accepted agreement
    AGREEMENT = "agreement"
    #: a photo of a report card
    REPORT = "report"


class StoredFile(Base):
    """A photo or document; the bytes lie in the file store under a random key."""

    __tablename__ = "stored_file"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    purpose: Mapped[FilePurpose] = mapped_column(enum_column(FilePurpose))
    #: None for a form that all clients may have, and for a staff member's file
    client_id: Mapped[int | None] = fk("client.id", ondelete="CASCADE", index=False)
    pet_id: Mapped[int | None] = fk("pet.id", ondelete="CASCADE")
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="CASCADE")
    report_card_id: Mapped[int | None] = fk("report_card.id", ondelete="CASCADE")
    #: shown to people and used for downloads; never a path
    name: Mapped[line_text]
    note: Mapped[line_text] = mapped_column(default="")
    media_type: Mapped[str] = mapped_column(sa.String(100))
    n_bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(sa.String(64))
    key: Mapped[str] = mapped_column(sa.String(120), unique=True)
    #: a small copy, for pictures
    thumbnail_key: Mapped[str | None] = mapped_column(sa.String(120), unique=True)
    #: pixels, for pictures
    width: Mapped[int | None]
    height: Mapped[int | None]
    by_staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    by_client_login_id: Mapped[int | None] = fk("client_login.id", ondelete="SET NULL")
    created_at: Mapped[created_at]
    #: taken away: nobody gets it any more, and a task deletes the bytes
    removed_at: Mapped[utc | None]
    client: Mapped[Client | None] = relationship()
    pet: Mapped[Pet | None] = relationship()
    by_staff: Mapped[Staff | None] = relationship(foreign_keys=[by_staff_id])
    by_client_login: Mapped[ClientLogin | None] = relationship()
    __table_args__ = (
        sa.Index("ix_stored_file_client_id", "client_id", "purpose", "id"),
        sa.Index("ix_stored_file_purpose", "purpose", "id"),
        sa.Index("ix_stored_file_removed_at", "removed_at"),
        # A pet has one picture at a time, whatever two tabs do.
        sa.Index(
            "uq_stored_file_pet_photo",
            "pet_id",
            unique=True,
            sqlite_where=sa.text("purpose = 'pet_photo' AND removed_at IS NULL"),
            postgresql_where=sa.text("purpose = 'pet_photo' AND removed_at IS NULL"),
        ),
    )

    def __str__(self) -> str:
        return self.name


agreement_client = sa.Table(
    "agreement_client",
    Base.metadata,
    sa.Column("agreement_id", sa.ForeignKey("agreement.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("client_id", sa.ForeignKey("client.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class Agreement(Base):
    """Terms or a contract that clients accept; its text stands in versions."""

    __tablename__ = "agreement"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    name: Mapped[short_text]
    #: of all clients, or of the chosen ones only
    for_all: Mapped[bool] = mapped_column(default=True)
    #: shown to who registers as the terms to agree to
    at_registration: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[created_at]
    version: Mapped[int] = mapped_column(default=1)
    versions: Mapped[list["AgreementVersion"]] = relationship(
        back_populates="agreement", order_by="AgreementVersion.number"
    )
    clients: Mapped[list[Client]] = relationship(secondary=agreement_client)
    __mapper_args__ = {"version_id_col": version}

    def __str__(self) -> str:
        return self.name


class AgreementVersion(Base):
    """The text of an agreement from a certain day on; never changed afterwards."""

    __tablename__ = "agreement_version"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    agreement_id: Mapped[int] = fk("agreement.id", index=False)
    number: Mapped[int]
    body: Mapped[long_text]
    text_hash: Mapped[str] = mapped_column(sa.String(64))
    #: "save as typo fix": who accepted the version before is not asked again
    keeps_consent: Mapped[bool] = mapped_column(default=False)
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    created_at: Mapped[created_at]
    agreement: Mapped[Agreement] = relationship(back_populates="versions")
    staff: Mapped[Staff | None] = relationship()
    __table_args__ = (sa.UniqueConstraint("agreement_id", "number"),)


class AgreementAcceptance(Base):
    """A client's yes: who typed which name, when, from where, to which text."""

    __tablename__ = "agreement_acceptance"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    version_id: Mapped[int] = fk("agreement_version.id", index=False)
    client_id: Mapped[int] = fk("client.id", ondelete="CASCADE")
    client_login_id: Mapped[int | None] = fk("client_login.id", ondelete="SET NULL")
    typed_name: Mapped[short_text]
    address: Mapped[str] = mapped_column(sa.String(64))
    text_hash: Mapped[str] = mapped_column(sa.String(64))
    accepted_at: Mapped[created_at]
    #: the copy as PDF, once the worker made it
    file_id: Mapped[int | None] = fk("stored_file.id", ondelete="SET NULL")
    agreement_version: Mapped[AgreementVersion] = relationship()
    client: Mapped[Client] = relationship()
    client_login: Mapped[ClientLogin | None] = relationship()
    file: Mapped[StoredFile | None] = relationship()
    __table_args__ = (
        sa.UniqueConstraint("version_id", "client_id"),
        sa.Index("ix_agreement_acceptance_accepted_at", "accepted_at", "id"),
    )


class Letter(Base):
    """One message between a client and the office; all of a client's letters are one thread."""

    __tablename__ = "letter"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    client_id: Mapped[int] = fk("client.id", ondelete="CASCADE", index=False)
    #: who wrote: one of the two; both empty when that person is gone
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    client_login_id: Mapped[int | None] = fk("client_login.id", ondelete="SET NULL")
    from_office: Mapped[bool]
    body: Mapped[long_text]
    created_at: Mapped[created_at]
    #: seen by the other side
    read_at: Mapped[utc | None]
    client: Mapped[Client] = relationship()
    staff: Mapped[Staff | None] = relationship()
    client_login: Mapped[ClientLogin | None] = relationship()
    __table_args__ = (
        sa.Index("ix_letter_client_id", "client_id", "id"),
        sa.Index("ix_letter_unread", "from_office", "read_at", "id"),
    )
