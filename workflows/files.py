"""Files of clients and of the office: keeping, replacing, taking away. Who may see which is in `file_access`.

`uploads` has looked at every file before it comes here. The bytes are put into the store first and the row says where;
a row that is taken away is marked, and `forget_removed` deletes its bytes after the commit.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence

import sqlalchemy as sa

from foundation import clock, storage, text
from foundation.db import db
from models import Client, FilePurpose, Notification, NotificationKind, Pet, ReportCard, Staff, StoredFile
from workflows import activity, notifications
from workflows.actors import Actor
from workflows.errors import N_, Invalid, NotAllowed
from workflows.locks import lock_client
from workflows.permissions import Permission
from workflows.uploads import Checked

#: the store's folder for all that has a row
FOLDER = "files"
#: what one household may have lying here as its own uploads
MAX_FILES, MAX_TOTAL = 500, 2 * 2**30
#: uploads that follow each other this closely are one line on HOME
ONE_LINE = dt.timedelta(minutes=15)
SHOWN_NAMES = 8
#: rows whose bytes are deleted in one transaction
AT_ONCE = 100
#: bytes without a row are left alone this long: their transaction may still be going on
ORPHAN_AGE = dt.timedelta(days=1)
#: more orphans than this, and more of them than files with rows, look like a wrong database rather than like leftovers
ORPHANS_BELIEVED = 10


def keep(
    checked: Checked,
    *,
    actor: Actor,
    purpose: FilePurpose,
    client: Client | None = None,
    pet: Pet | None = None,
    staff: Staff | None = None,
    card: ReportCard | None = None,
    note: str = "",
) -> StoredFile:
    """Put the bytes into the store and add the row. Says nothing to anybody: the caller logs and tells.

    Refused with Invalid: a pet of another client, a note of more than 255 characters.
    """
    if pet is not None and (client is None or pet.client_id != client.id):
        raise Invalid("other_pet", N_("Choose one of the pets."), field="pet")
    store = storage.here()
    file = StoredFile(
        purpose=purpose,
        client=client,
        pet=pet,
        staff_id=staff.id if staff else None,
        report_card_id=card.id if card else None,
        name=checked.name,
        note=_clean_note(note),
        media_type=checked.media_type,
        n_bytes=len(checked.data),
        sha256=fingerprint(checked),
        key=store.put(checked.data, folder=FOLDER, suffix=checked.suffix),
        thumbnail_key=store.put(checked.thumbnail, folder=FOLDER, suffix="webp") if checked.thumbnail else None,
        width=checked.width,
        height=checked.height,
        by_staff_id=actor.staff.id if actor.staff else None,
        by_client_login_id=actor.client_login.id if actor.client_login else None,
    )
    db.session.add(file)
    db.session.flush()
    return file


def fingerprint(checked: Checked) -> str:
    """What the same bytes share: to see whether a file is there already."""
    return hashlib.sha256(checked.data).hexdigest()


def upload(
    several: Sequence[Checked], *, client: Client, actor: Actor, pet: Pet | None = None, note: str = ""
) -> list[StoredFile]:
    """Keep photos and documents of the household, or of one of its pets: all of them or none.

    The log gets one line, HOME one that closely following uploads join. Refused: somebody else's household
    (NotAllowed), no files, another client's pet, and more than the household's room (Invalid).
    """
    require_household(client, actor=actor)
    if not several:
        raise Invalid("no_files", N_("Choose at least one file."), field="files")
    note = _clean_note(note)
    lock_client(client.id)
    _require_room(client, several)
    kept = [keep(c, actor=actor, purpose=FilePurpose.UPLOAD, client=client, pet=pet, note=note) for c in several]
    names = [f.name for f in kept]
    activity.record("file.uploaded", actor=actor, subject=kept[0], client=client, n_lines=len(kept), lines=names)
    if actor.is_client:
        _tell_office(client, [f"{f.name} ({pet.name})" if pet else f.name for f in kept])
    return kept


def set_pet_photo(pet: Pet, checked: Checked, *, actor: Actor) -> StoredFile:
    """Make this the pet's picture; the one before is taken away. Logged and told like an upload.

    Refused with NotAllowed: somebody else's pet. Two at once are served in turn; the later one stays.
    """
    client = pet.client
    require_household(client, actor=actor)
    lock_client(client.id)
    _take_photo_away(pet)
    file = keep(checked, actor=actor, purpose=FilePurpose.PET_PHOTO, client=client, pet=pet)
    activity.record("file.photo_set", actor=actor, subject=file, client=client, name=pet.name)
    if actor.is_client:
        _tell_office(client, [f"{file.name} ({pet.name})"])
    return file


def remove_pet_photo(pet: Pet, *, actor: Actor) -> bool:
    """Take the pet's picture away; was there one? Logged. Refused with NotAllowed: somebody else's pet."""
    require_household(pet.client, actor=actor)
    lock_client(pet.client_id)
    had_one = _take_photo_away(pet)
    if had_one:
        activity.record("file.photo_removed", actor=actor, subject=pet, client=pet.client, name=pet.name)
    return had_one


def add_form(checked: Checked, *, actor: Actor, client: Client | None, note: str = "") -> StoredFile:
    """Give a contract or form to one client, or to all (None). Logged.

    Refused with NotAllowed unless the actor is staff who may change clients, in the office.
    """
    require_office(actor=actor)
    file = keep(checked, actor=actor, purpose=FilePurpose.FORM, client=client, note=note)
    activity.record("file.form_added", actor=actor, subject=file, client=client, name=file.name)
    return file


def remove(file: StoredFile, *, actor: Actor) -> bool:
    """Take a file away; was it still there? Logged. Nobody gets it from the commit on, its bytes go soon after.

    Clients take away their household's own uploads and pictures, the office those and its forms. All else belongs to
    the record that it is a part of: NotAllowed.
    """
    if file.purpose is FilePurpose.FORM:
        require_office(actor=actor)
    elif file.purpose in {FilePurpose.UPLOAD, FilePurpose.PET_PHOTO} and file.client is not None:
        require_household(file.client, actor=actor)
    else:
        raise NotAllowed("not_removable", N_("This file belongs to another record and is changed there."))
    taken = _mark(StoredFile.id == file.id)
    if taken:
        activity.record("file.removed", actor=actor, subject=file, client=file.client, name=file.name)
    return bool(taken)


def discard(file: StoredFile) -> None:
    """Take away a file that a record no longer needs; the caller answers for who may, and logs it."""
    _mark(StoredFile.id == file.id)


def remove_all_of(client: Client) -> int:
    """Take away everything that belongs to a client whose data is erased; how many. The caller logs it."""
    return _mark(StoredFile.client_id == client.id)


# ------------------------------------------------------------------------------------------------------------ rules


def require_household(client: Client, *, actor: Actor) -> None:
    """Refuse with NotAllowed unless the actor is this client, or staff who may change clients."""
    if actor.client is None:
        actor.require(Permission.CLIENTS)
    elif actor.client.id != client.id:
        raise NotAllowed("not_allowed", N_("Your account does not allow this."))


def require_office(*, actor: Actor) -> None:
    """Refuse with NotAllowed unless the actor is staff who may change clients, and not in a client's portal."""
    if actor.is_client:
        raise NotAllowed("not_allowed", N_("Your account does not allow this."))
    actor.require(Permission.CLIENTS)


def _clean_note(note: str) -> str:
    tidy = " ".join(text.tidy(note).split())
    if len(tidy) > 255:
        raise Invalid("note_long", N_("Use at most %(most)s characters for the note."), field="note", most=255)
    return tidy


def _require_room(client: Client, several: Sequence[Checked]) -> None:
    n, total = db.session.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(StoredFile.n_bytes), 0)).where(
            StoredFile.client_id == client.id,
            StoredFile.purpose == FilePurpose.UPLOAD,
            StoredFile.removed_at.is_(None),
        )
    ).one()
    if n + len(several) > MAX_FILES or int(total) + sum(len(c.data) for c in several) > MAX_TOTAL:
        raise Invalid("files_full", N_("There is no room for more files. Remove some that are not needed any more."))


def _mark(*which: sa.ColumnElement[bool]) -> int:
    result = db.session.execute(
        sa.update(StoredFile)
        .where(*which, StoredFile.removed_at.is_(None))
        .values(removed_at=clock.now())
        .execution_options(synchronize_session="fetch")
    )
    return int(getattr(result, "rowcount", 0))


def _take_photo_away(pet: Pet) -> bool:
    return bool(_mark(StoredFile.pet_id == pet.id, StoredFile.purpose == FilePurpose.PET_PHOTO))


def _tell_office(client: Client, names: list[str]) -> None:
    """A line on HOME; the files of one batch come one by one, and join the line that is there."""
    line = db.session.scalar(
        sa.select(Notification)
        .where(
            Notification.client_id == client.id,
            Notification.kind == NotificationKind.FILES_UPLOADED,
            Notification.dismissed_at.is_(None),
            Notification.created_at > clock.now() - ONE_LINE,
        )
        .order_by(Notification.id.desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if line is None:
        line = notifications.notify_office(NotificationKind.FILES_UPLOADED, client=client, about=[], n=0)
    about = [x for x in line.facts.get("about", []) if x != "…"] + names
    n = int(line.facts.get("n", 0)) + len(names)
    line.facts = {**line.facts, "n": n, "about": about[:SHOWN_NAMES] + (["…"] if len(about) > SHOWN_NAMES else [])}
    db.session.flush()


# ------------------------------------------------------------------------------------------------- after the commit


def forget_removed() -> int:
    """Delete the bytes of some files that were taken away, and their rows; how many. Called until there are none.

    The bytes go first: if the rows' deletion is not committed, the next call does both again.
    """
    store = storage.here()
    gone = db.session.scalars(
        sa.select(StoredFile)
        .where(StoredFile.removed_at.is_not(None))
        .order_by(StoredFile.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for file in gone:
        store.delete(file.key)
        if file.thumbnail_key:
            store.delete(file.thumbnail_key)
    if gone:
        db.session.execute(sa.delete(StoredFile).where(StoredFile.id.in_([f.id for f in gone])))
        db.session.expire_all()
    return len(gone)


def orphans() -> list[str]:
    """Keys of the store, a day old and older, that no row knows: of transactions that were rolled back.

    Refused with Invalid when most of the store seems to be orphaned: then the database is more likely the wrong one.
    """
    prefix = f"{FOLDER}/"
    keys = [k for k in storage.here().keys(before=clock.now() - ORPHAN_AGE) if k.startswith(prefix)]
    lost: list[str] = []
    for start in range(0, len(keys), 400):
        some = keys[start : start + 400]
        known = set(db.session.scalars(sa.select(StoredFile.key).where(StoredFile.key.in_(some))))
        known |= set(db.session.scalars(sa.select(StoredFile.thumbnail_key).where(StoredFile.thumbnail_key.in_(some))))
        lost += [k for k in some if k not in known]
    if len(lost) > ORPHANS_BELIEVED and len(lost) * 2 > len(keys):
        raise Invalid(
            "too_many_orphans",
            N_("%(n)s of %(all)s stored files have no row; none was deleted. Is this the right database?"),
            n=len(lost),
            all=len(keys),
        )
    return lost


def forget_orphans() -> int:
    """Delete the bytes that no row knows; how many."""
    lost = orphans()
    for key in lost:
        storage.here().delete(key)
    return len(lost)
