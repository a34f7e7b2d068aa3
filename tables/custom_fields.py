"""The pages that the office designs: page, section, field, what was filled in, and what waits for approval."""

import datetime as dt
import enum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.db import Base
from foundation.types import created_at, enum_column, line_text, long_text, pk, public_id, short_text, utc
from tables.columns import fk
from tables.people import Client, ClientLogin, Staff
from tables.pets import Pet, Species

if TYPE_CHECKING:
    from tables.reports import ReportCard


class FieldArea(enum.StrEnum):
    """What a page is about."""

    CLIENT = "client"
    PET = "pet"
    STAFF = "staff"
    REPORT = "report"


class FieldKind(enum.StrEnum):
    """What a field asks for."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes_no"
    CHOICE = "choice"
    MULTI_CHOICE = "multi_choice"
    EMAIL = "email"
    PHONE = "phone"
    LINK = "link"
    IMAGE = "image"
    FILE = "file"
    #: of a check list: a box to tick when it is done; report cards only
    TASK = "task"


class PortalAccess(enum.StrEnum):
    """What clients may do with a page, section or field. The narrowest of the three counts."""

    HIDDEN = "hidden"
    VIEW = "view"
    EDIT = "edit"


class StaffAccess(enum.StrEnum):
    """What sitters see of it. RESTRICTED: around their own visits only, each look logged. The narrowest counts."""

    HIDDEN = "hidden"
    RESTRICTED = "restricted"
    VIEW = "view"


class FieldPage(Base):
    """A page of fields, a tab in the portal and in the back office."""

    __tablename__ = "field_page"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    area: Mapped[FieldArea] = mapped_column(enum_column(FieldArea))
    #: for pets of this kind only; None is for all
    species: Mapped[Species | None] = mapped_column(enum_column(Species))
    #: for report cards of this group's services only; None is for all
    service_group_id: Mapped[int | None] = fk("service_group.id", ondelete="SET NULL")
    name: Mapped[short_text]
    help: Mapped[long_text] = mapped_column(default="")
    position: Mapped[int] = mapped_column(default=0)
    portal_access: Mapped[PortalAccess] = mapped_column(enum_column(PortalAccess), default=PortalAccess.EDIT)
    staff_access: Mapped[StaffAccess] = mapped_column(enum_column(StaffAccess), default=StaffAccess.VIEW)
    retired_at: Mapped[utc | None]
    version: Mapped[int] = mapped_column(default=1)
    sections: Mapped[list["FieldSection"]] = relationship(
        back_populates="page", order_by="(FieldSection.position, FieldSection.id)"
    )
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (sa.Index("ix_field_page_area", "area", "position", "id"),)

    def __str__(self) -> str:
        return self.name


class FieldSection(Base):
    """A group of fields under one heading of a page."""

    __tablename__ = "field_section"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    page_id: Mapped[int] = fk("field_page.id", ondelete="CASCADE")
    name: Mapped[short_text] = mapped_column(default="")
    help: Mapped[long_text] = mapped_column(default="")
    position: Mapped[int] = mapped_column(default=0)
    portal_access: Mapped[PortalAccess] = mapped_column(enum_column(PortalAccess), default=PortalAccess.EDIT)
    staff_access: Mapped[StaffAccess] = mapped_column(enum_column(StaffAccess), default=StaffAccess.VIEW)
    #: {"field": public id, "values": [...]}: shown only while that field has one of the values
    show_if: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    retired_at: Mapped[utc | None]
    version: Mapped[int] = mapped_column(default=1)
    page: Mapped[FieldPage] = relationship(back_populates="sections")
    fields: Mapped[list["CustomField"]] = relationship(
        back_populates="section", order_by="(CustomField.position, CustomField.id)"
    )
    __mapper_args__ = {"version_id_col": version}

    def __str__(self) -> str:
        return self.name


class CustomField(Base):
    """One thing to fill in: a field of the office's own, or a column of ours that stands among them."""

    __tablename__ = "custom_field"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    section_id: Mapped[int] = fk("field_section.id", ondelete="CASCADE")
    label: Mapped[short_text]
    help: Mapped[long_text] = mapped_column(default="")
    kind: Mapped[FieldKind] = mapped_column(enum_column(FieldKind), default=FieldKind.TEXT)
    #: "client.phone": the value lives in this column, and kind and existence are not the office's to change
    column: Mapped[str | None] = mapped_column(sa.String(60), unique=True)
    #: [{"key": "raw", "label": "Raw food"}]; keys stay when labels change
    choices: Mapped[list[dict[str, str]]] = mapped_column(sa.JSON, default=list)
    is_required: Mapped[bool] = mapped_column(default=False)
    #: home access and the like: encrypted, masked in logs, mails and files
    is_secret: Mapped[bool] = mapped_column(default=False)
    #: what clients enter waits for the office's yes
    needs_approval: Mapped[bool] = mapped_column(default=False)
    portal_access: Mapped[PortalAccess] = mapped_column(enum_column(PortalAccess), default=PortalAccess.EDIT)
    staff_access: Mapped[StaffAccess] = mapped_column(enum_column(StaffAccess), default=StaffAccess.VIEW)
    #: {"field": public id, "values": [...]}: shown only while that field has one of the values
    show_if: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    position: Mapped[int] = mapped_column(default=0)
    #: not asked for any more; what was filled in stays
    retired_at: Mapped[utc | None]
    version: Mapped[int] = mapped_column(default=1)
    section: Mapped[FieldSection] = relationship(back_populates="fields")
    __mapper_args__ = {"version_id_col": version}

    def __str__(self) -> str:
        return self.label


class FieldValue(Base):
    """What was filled in for one client, pet, staff member or report card; the column that its kind needs, the others are empty."""

    __tablename__ = "field_value"
    id: Mapped[pk]
    field_id: Mapped[int] = fk("custom_field.id", index=False)
    client_id: Mapped[int | None] = fk("client.id", ondelete="CASCADE")
    pet_id: Mapped[int | None] = fk("pet.id", ondelete="CASCADE")
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="CASCADE")
    report_card_id: Mapped[int | None] = fk("report_card.id", ondelete="CASCADE")
    #: text, long text, email, phone, link, and the key of a choice
    text: Mapped[long_text | None]
    #: ten-thousandths: 1.5 is 15000
    number: Mapped[int | None] = mapped_column(sa.BigInteger)
    on_date: Mapped[dt.date | None]
    #: also whether a task is done
    yes: Mapped[bool | None]
    #: the keys of a multi-choice
    keys: Mapped[list[str] | None] = mapped_column(sa.JSON(none_as_null=True))
    #: a secret's ciphertext, whatever its kind
    sealed: Mapped[long_text | None]
    file_id: Mapped[int | None] = fk("stored_file.id", ondelete="SET NULL")
    field: Mapped[CustomField] = relationship()
    client: Mapped[Client | None] = relationship()
    pet: Mapped[Pet | None] = relationship()
    staff: Mapped[Staff | None] = relationship()
    report_card: Mapped["ReportCard | None"] = relationship()
    __table_args__ = (
        sa.UniqueConstraint("field_id", "client_id"),
        sa.UniqueConstraint("field_id", "pet_id"),
        sa.UniqueConstraint("field_id", "staff_id"),
        sa.Index("uq_field_value_report_card", "field_id", "report_card_id", unique=True),
        sa.CheckConstraint(
            "CASE WHEN client_id IS NULL THEN 0 ELSE 1 END + CASE WHEN pet_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN staff_id IS NULL THEN 0 ELSE 1 END + CASE WHEN report_card_id IS NULL THEN 0 ELSE 1 END = 1",
            name="one_owner",
        ),
        sa.Index("ix_field_value_number", "field_id", "number"),
        sa.Index("ix_field_value_on_date", "field_id", "on_date"),
    )


class ProposalState(enum.StrEnum):
    """What a client proposed, and what the office said to it."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


PROPOSAL_MOVES: dict[ProposalState, set[ProposalState]] = {
    ProposalState.PENDING: {ProposalState.ACCEPTED, ProposalState.DECLINED, ProposalState.WITHDRAWN},
    ProposalState.ACCEPTED: set(),
    ProposalState.DECLINED: set(),
    ProposalState.WITHDRAWN: set(),
}


class FieldProposal(Base):
    """A client's new value for a field that needs the office's approval."""

    __tablename__ = "field_proposal"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    field_id: Mapped[int] = fk("custom_field.id")
    client_id: Mapped[int] = fk("client.id", ondelete="CASCADE")
    #: the pet that it is about; None for the household
    pet_id: Mapped[int | None] = fk("pet.id", ondelete="CASCADE")
    state: Mapped[ProposalState] = mapped_column(enum_column(ProposalState), default=ProposalState.PENDING)
    #: {"old": ..., "new": ...} as stored values; a secret's are sealed
    facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    client_login_id: Mapped[int | None] = fk("client_login.id", ondelete="SET NULL")
    created_at: Mapped[created_at]
    decided_at: Mapped[utc | None]
    decided_by_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    #: the office's word to the client
    answer: Mapped[line_text] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)
    field: Mapped[CustomField] = relationship()
    client: Mapped[Client] = relationship()
    pet: Mapped[Pet | None] = relationship()
    client_login: Mapped[ClientLogin | None] = relationship()
    decided_by: Mapped[Staff | None] = relationship()
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (sa.Index("ix_field_proposal_state", "state", "id"),)


class VetProposal(Base):
    """A practice that a client misses in the list."""

    __tablename__ = "vet_proposal"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    client_id: Mapped[int] = fk("client.id", ondelete="CASCADE")
    pet_id: Mapped[int | None] = fk("pet.id", ondelete="CASCADE")
    state: Mapped[ProposalState] = mapped_column(enum_column(ProposalState), default=ProposalState.PENDING)
    name: Mapped[short_text]
    phone: Mapped[str] = mapped_column(sa.String(40), default="")
    address: Mapped[line_text] = mapped_column(default="")
    note: Mapped[long_text] = mapped_column(default="")
    #: what it became: a new practice of the list, or one that was there
    vet_id: Mapped[int | None] = fk("vet.id", ondelete="SET NULL")
    client_login_id: Mapped[int | None] = fk("client_login.id", ondelete="SET NULL")
    created_at: Mapped[created_at]
    decided_at: Mapped[utc | None]
    decided_by_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    answer: Mapped[line_text] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)
    client: Mapped[Client] = relationship()
    pet: Mapped[Pet | None] = relationship()
    client_login: Mapped[ClientLogin | None] = relationship()
    decided_by: Mapped[Staff | None] = relationship()
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (sa.Index("ix_vet_proposal_state", "state", "id"),)
