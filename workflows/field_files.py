"""Photos and documents that are the value of a field: kept before the page is saved, so that a refusal loses none.

Who never saves the page leaves files behind that no field names; `forget_unused` takes them away.
"""

import datetime as dt
from collections.abc import Mapping

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import Client, FieldProposal, FieldValue, FilePurpose, Pet, ProposalState, ReportCard, Staff, StoredFile
from workflows import field_values, files
from workflows.actors import Actor
from workflows.errors import N_, Invalid
from workflows.field_kinds import Owner
from workflows.locks import lock_client
from workflows.uploads import Checked

#: what one household may have lying here as values of fields
MAX_FILES = 500
#: a file that no field names is left alone this long: its page may still be open
UNUSED = dt.timedelta(days=1)


def keep(several: Mapping[str, Checked], *, owner: Owner, actor: Actor) -> dict[str, StoredFile]:
    """Keep what was chosen for the owner's fields (by public id); `field_saving.save` puts it into them.

    Nothing is logged or told: that happens when the page is saved. Refused with Invalid when the household has 500 such
    files.
    """
    client = field_values.client_of(owner)
    if client is not None and several:
        lock_client(client.id)
        _require_room(client, len(several))
    pet, staff = owner if isinstance(owner, Pet) else None, owner if isinstance(owner, Staff) else None
    card = owner if isinstance(owner, ReportCard) else None
    return {
        key: files.keep(checked, actor=actor, purpose=FilePurpose.FIELD, client=client, pet=pet, staff=staff, card=card)
        for key, checked in several.items()
    }


def _require_room(client: Client, n_more: int) -> None:
    there = sa.select(sa.func.count(StoredFile.id)).where(
        StoredFile.client_id == client.id, StoredFile.purpose == FilePurpose.FIELD, StoredFile.removed_at.is_(None),
        StoredFile.report_card_id.is_(None),
    )  # fmt: skip
    if (db.session.scalar(there) or 0) + n_more > MAX_FILES:
        raise Invalid("many_files", N_("There are too many files here already. Please remove some, or ask us."))


def forget_unused() -> int:
    """Take away files that no field and no waiting proposal names; how many. The nightly task calls it."""
    waiting = db.session.scalars(sa.select(FieldProposal.facts).where(FieldProposal.state == ProposalState.PENDING))
    wished = {facts.get("new") for facts in waiting if isinstance(facts.get("new"), str)}
    found = db.session.scalars(
        sa.select(StoredFile)
        .where(StoredFile.purpose == FilePurpose.FIELD, StoredFile.removed_at.is_(None))
        .where(StoredFile.created_at < clock.now() - UNUSED)
        .where(~sa.exists().where(FieldValue.file_id == StoredFile.id))
    ).all()
    unused = [file for file in found if file.public_id not in wished]
    for file in unused:
        files.discard(file)
    return len(unused)
