"""The photos of a report card: the sitter's while it is a draft, the office's to put right afterwards."""

from collections.abc import Sequence

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import FilePurpose, ReportCard, ReportState, StoredFile
from workflows import files, report_cards, report_views
from workflows.actors import Actor
from workflows.errors import N_, Invalid, NotAllowed, WrongState
from workflows.locks import lock_client
from workflows.permissions import Permission
from workflows.uploads import Checked

MAX_PHOTOS = 20


def add(card: ReportCard, several: Sequence[Checked], *, actor: Actor) -> list[StoredFile]:
    """Add photos that `uploads.photo` has looked at; one that is there already is not added twice.

    Of a sent card it is a correction, logged. Refused: as `report_cards.draft_of`; no photo, more than 20 (Invalid); a
    sent card, to who may not correct it (WrongState).
    """
    _begin(card, actor)
    if not several:
        raise Invalid("no_files", N_("Choose at least one photo."), field="files")
    there = {photo.sha256: photo for photo in report_views.photos_of(card)}
    kept: list[StoredFile] = []
    for checked in several:
        found = there.get(files.fingerprint(checked))
        if found is None:
            if len(there) >= MAX_PHOTOS:
                raise Invalid("many_photos", N_("A report card has at most %(most)s photos."), field="files", most=MAX_PHOTOS)  # fmt: skip
            client = card.job.client
            found = files.keep(checked, actor=actor, purpose=FilePurpose.REPORT, client=client, card=card)
            there[found.sha256] = found
        kept.append(found)
    _changed(card, actor, added=[f.name for f in kept])
    return kept


def remove(card: ReportCard, photo: StoredFile, *, actor: Actor) -> bool:
    """Take a photo away; was it still there? Of a sent card it is a correction, logged. Refused as `add`."""
    _begin(card, actor)
    if photo.report_card_id != card.id or photo.purpose is not FilePurpose.REPORT:
        raise NotAllowed("not_removable", N_("This file belongs to another record and is changed there."))
    db.session.refresh(photo)
    if photo.removed_at is not None:
        return False
    files.discard(photo)
    _changed(card, actor, removed=[photo.name])
    return True


def _begin(card: ReportCard, actor: Actor) -> None:
    lock_client(card.job.client_id)
    db.session.refresh(card)
    db.session.refresh(card.job)
    report_cards.require_writer(card.job, actor=actor)
    if card.state is not ReportState.DRAFT and not actor.may(Permission.SCHEDULE):
        raise WrongState("report_sent", N_("This report card was sent already. Ask the office to correct it."))


def _changed(card: ReportCard, actor: Actor, **names: list[str]) -> None:
    """Photos come and go beside the form that is being typed: they leave the card's version alone while it is a draft."""
    if card.state is ReportState.SENT:
        report_cards.mark_corrected(card, actor=actor, **names)
    else:
        db.session.execute(
            sa.update(ReportCard)
            .where(ReportCard.id == card.id)
            .values(saved_at=clock.now())
            .execution_options(synchronize_session=False)
        )
        db.session.expire(card, ["saved_at"])
