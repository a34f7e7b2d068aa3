"""Who may see which file: as conditions for queries, so that a foreign file is simply not found."""

import datetime as dt

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import (
    Client,
    CustomField,
    FieldPage,
    FieldSection,
    FieldValue,
    FilePurpose,
    Job,
    JobState,
    PortalAccess,
    Staff,
    StaffAccess,
    StoredFile,
)
from workflows.permissions import Permission, role_allows
from workflows.sitter_access import DAYS_AFTER

#: what a household sees of the files that are its own; those of fields as the fields' access says
HOUSEHOLD = (
    FilePurpose.PET_PHOTO,
    FilePurpose.UPLOAD,
    FilePurpose.FORM,
    FilePurpose.CERTIFICATE,
    FilePurpose.AGREEMENT,
)
#: what a sitter needs at the client's: no contracts
AT_WORK = (FilePurpose.PET_PHOTO, FilePurpose.UPLOAD, FilePurpose.CERTIFICATE)


def of_client(client: Client) -> sa.ColumnElement[bool]:
    """The files that a client may have: the household's own, and the forms for all."""
    own = sa.and_(
        StoredFile.client_id == client.id,
        sa.or_(
            StoredFile.purpose.in_(HOUSEHOLD),
            sa.and_(StoredFile.purpose == FilePurpose.FIELD, _in_field("portal_access", hidden=(PortalAccess.HIDDEN,))),
        ),
    )
    return sa.and_(StoredFile.removed_at.is_(None), sa.or_(own, is_for_all()))


def is_for_all() -> sa.ColumnElement[bool]:
    """Contracts and forms that every client may have."""
    return sa.and_(
        StoredFile.purpose == FilePurpose.FORM, StoredFile.client_id.is_(None), StoredFile.staff_id.is_(None)
    )


def of_sitter(staff: Staff) -> sa.ColumnElement[bool]:
    """The files of clients whom the sitter has visits with, as long as `sitter_access` shows the client; those that were
    called off not counted."""
    goes_there = sa.exists().where(
        Job.client_id == StoredFile.client_id,
        Job.sitter_id == staff.id,
        Job.state.not_in([JobState.CANCELLED, JobState.VOIDED]),
        Job.ends_on >= clock.today() - dt.timedelta(days=DAYS_AFTER),
    )
    hidden = (StaffAccess.HIDDEN, StaffAccess.RESTRICTED)
    return sa.and_(
        StoredFile.removed_at.is_(None),
        goes_there,
        sa.or_(
            StoredFile.purpose.in_(AT_WORK),
            sa.and_(StoredFile.purpose == FilePurpose.FIELD, _in_field("staff_access", hidden=hidden)),
        ),
    )


def of_office() -> sa.ColumnElement[bool]:
    """Everything that was not taken away."""
    return StoredFile.removed_at.is_(None)


def _in_field(access: str, *, hidden: tuple[PortalAccess | StaffAccess, ...]) -> sa.ColumnElement[bool]:
    """Is the file the value of a field that is shown? A page that is hidden hides all below."""
    shown = [getattr(level, access).not_in(hidden) for level in (CustomField, FieldSection, FieldPage)]
    in_use = [level.retired_at.is_(None) for level in (CustomField, FieldSection, FieldPage)]
    return (
        sa.select(FieldValue.id)
        .join(CustomField, FieldValue.field_id == CustomField.id)
        .join(FieldSection, CustomField.section_id == FieldSection.id)
        .join(FieldPage, FieldSection.page_id == FieldPage.id)
        .where(FieldValue.file_id == StoredFile.id, *shown, *in_use)
        .exists()
    )


def find(public_id: str, allowed: sa.ColumnElement[bool]) -> StoredFile | None:
    """The file of that id if it is among the allowed ones."""
    return db.session.scalar(sa.select(StoredFile).where(StoredFile.public_id == public_id, allowed))


def may_have(file: StoredFile, who: Client | Staff) -> bool:
    """May this client, or this member of staff, have the file?"""
    if isinstance(who, Client):
        allowed = of_client(who)
    elif not who.is_active:
        return False
    else:
        allowed = of_office() if role_allows(who.role, Permission.OFFICE) else of_sitter(who)
    return find(file.public_id, allowed) is not None
