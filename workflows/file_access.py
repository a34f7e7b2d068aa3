"""Who may see which file: as conditions for queries, so that a foreign file is simply not found."""

import datetime as dt

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import (
    Client,
    CustomField,
    FieldPage,
    FieldProposal,
    FieldSection,
    FieldValue,
    FilePurpose,
    Job,
    JobState,
    PortalAccess,
    ProposalState,
    ReportCard,
    Staff,
    StaffAccess,
    StoredFile,
)
from workflows import report_views
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
    """The files that a client may have: the household's own, the photos of report cards that were sent, the forms for all."""
    own = sa.and_(
        StoredFile.client_id == client.id,
        sa.or_(
            StoredFile.purpose.in_(HOUSEHOLD),
            sa.and_(
                StoredFile.purpose == FilePurpose.FIELD,
                StoredFile.report_card_id.is_(None),
                sa.or_(_in_field("portal_access", hidden=(PortalAccess.HIDDEN,)), _is_proposed()),
            ),
            sa.and_(
                _of_card(report_views.of_client(client)),
                sa.or_(
                    StoredFile.purpose == FilePurpose.REPORT,
                    _in_field("portal_access", hidden=(PortalAccess.HIDDEN,)),
                ),
            ),
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
    called off not counted. Of report cards those that the sitter reads: own drafts, and what was sent."""
    hidden = (StaffAccess.HIDDEN, StaffAccess.RESTRICTED)
    in_card = sa.or_(StoredFile.purpose == FilePurpose.REPORT, _in_field("staff_access", hidden=(StaffAccess.HIDDEN,)))
    return sa.and_(
        StoredFile.removed_at.is_(None),
        _goes_there(staff),
        sa.or_(
            StoredFile.purpose.in_(AT_WORK),
            sa.and_(
                StoredFile.purpose == FilePurpose.FIELD,
                StoredFile.report_card_id.is_(None),
                _in_field("staff_access", hidden=hidden),
            ),
            sa.and_(_of_card(report_views.of_sitter(staff)), in_card),
        ),
    )


def of_sitter_around_visits(staff: Staff) -> sa.ColumnElement[bool]:
    """Files of fields that the office restricted, of the same clients: `sitter_access.open_file` says when they open."""
    return sa.and_(
        StoredFile.removed_at.is_(None),
        _goes_there(staff),
        StoredFile.purpose == FilePurpose.FIELD,
        StoredFile.report_card_id.is_(None),
        _in_field("staff_access", hidden=(StaffAccess.HIDDEN,)),
    )


def _of_card(readable: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Does it belong to one of these report cards?"""
    return sa.exists().where(ReportCard.id == StoredFile.report_card_id, readable)


def of_card(card: ReportCard) -> sa.ColumnElement[bool]:
    """The photos of a report card and the files of its fields."""
    return StoredFile.report_card_id == card.id


def _goes_there(staff: Staff) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        Job.client_id == StoredFile.client_id,
        Job.sitter_id == staff.id,
        Job.state.not_in([JobState.CANCELLED, JobState.VOIDED]),
        Job.ends_on >= clock.today() - dt.timedelta(days=DAYS_AFTER),
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


def _is_proposed() -> sa.ColumnElement[bool]:
    """Does it wait for the office's yes, as the answer of a field that clients still see?"""
    shown = [level.portal_access != PortalAccess.HIDDEN for level in (CustomField, FieldSection, FieldPage)]
    return (
        sa.select(FieldProposal.id)
        .join(CustomField, FieldProposal.field_id == CustomField.id)
        .join(FieldSection, CustomField.section_id == FieldSection.id)
        .join(FieldPage, FieldSection.page_id == FieldPage.id)
        .where(
            FieldProposal.client_id == StoredFile.client_id,
            FieldProposal.state == ProposalState.PENDING,
            FieldProposal.facts["new"].as_string() == StoredFile.public_id,
            *shown,
        )
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
