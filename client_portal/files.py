"""Photos and documents: the household's own and its pets', sent and taken away by clients; the office's forms to fetch.

Files come one by one by JavaScript, which is answered with JSON, or several in one form.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import sqlalchemy as sa
from flask import abort, flash, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import joinedload
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from client_portal.frame import (
    View,
    can_download,
    can_upload,
    client_here,
    data_is_on,
    files_are_on,
    page_group,
    see,
)
from client_portal.your_data import about, data_page, forget_about, own_pet
from foundation.db import db
from models import FilePurpose, Pet, PetStatus, StoredFile
from sign_in import current_actor
from ui_kit import downloads, uploading
from ui_kit.files import DOCUMENTS, PHOTOS, FileRow, meta_words
from workflows import file_access, files, once, uploads
from workflows.errors import Conflict, WorkflowError
from workflows.uploads import Upload

PER_PAGE = 60

pages = page_group("portal_files", __name__, under="/files", nav="data", switches=[files_are_on])
sending = page_group("portal_uploads", __name__, under="/files", nav="data", switches=[can_upload])
taking = page_group("portal_downloads", __name__, under="/files", nav="data", switches=[can_download])
small = page_group("portal_thumbs", __name__, under="/files", nav="data", switches=[data_is_on])


class Shelf(NamedTuple):
    """The files of one pet, of the household, or from the office."""

    title: str
    files: list[FileRow]


# --------------------------------------------------------------------------------------------------------- looking


@pages.get("")
def index() -> View:
    """All files that this client may have, and the form to send more."""
    return _index()


def _index(status: int = 200, *, problem: str = "", keep_form: bool = True) -> View:
    form = request.form if keep_form else {}
    number = max(1, request.args.get("page", 1, type=int))
    found = db.session.scalars(
        sa.select(StoredFile)
        .where(file_access.of_client(client_here()), StoredFile.report_card_id.is_(None))
        .options(joinedload(StoredFile.pet).load_only(Pet.name, Pet.public_id))
        .order_by(StoredFile.id.desc())
        .limit(PER_PAGE + 1)
        .offset((min(number, 10_000) - 1) * PER_PAGE)
    ).all()
    return data_page(
        "files.html",
        "files",
        status,
        shelves=_shelves(found[:PER_PAGE]),
        number=number,
        has_more=len(found) > PER_PAGE,
        can_send=can_upload(),
        pets=[pet for pet in about().pets if pet.status is PetStatus.ACTIVE],
        about=form.get("about", request.args.get("pet", "")),
        note=form.get("note", ""),
        problem=problem,
        form_key=once.new_key(),
        accept=f"{PHOTOS},{DOCUMENTS}",
    )


def _shelves(found: Sequence[StoredFile]) -> list[Shelf]:
    """From the office first, then the household's, then each pet's by name; within each the newest first."""
    office = {FilePurpose.FORM, FilePurpose.AGREEMENT}

    def place(file: StoredFile) -> tuple[int, str, int]:
        if file.purpose in office:
            return 0, "", 0
        return (2, file.pet.name, file.pet.id) if file.pet else (1, "", 0)

    titles = {0: _("Contracts and forms"), 1: _("Your home")}
    return [
        Shelf(titles.get(key[0], key[1]), [_row(f) for f in several])
        for key, several in groupby(sorted(found, key=place), key=place)
    ]


def _row(file: StoredFile) -> FileRow:
    is_picture, key = file.thumbnail_key is not None, file.public_id
    removable = can_upload() and file.purpose in {FilePurpose.UPLOAD, FilePurpose.PET_PHOTO}
    what = {
        FilePurpose.PET_PHOTO: _("Profile photo"),
        FilePurpose.CERTIFICATE: _("Vaccination certificate"),
        FilePurpose.AGREEMENT: _("Your copy"),
    }
    return FileRow(
        file.name,
        meta_words(file, file.created_at),
        note=file.note,
        thumb_url=url_for("portal_thumbs.thumb", file_id=key) if is_picture else None,
        picture_url=url_for("portal_downloads.picture", file_id=key) if is_picture and can_download() else None,
        download_url=url_for("portal_downloads.download", file_id=key) if can_download() else None,
        remove_url=url_for("portal_uploads.removal", file_id=key) if removable else None,
        what=what.get(file.purpose, ""),
    )


def _own(file_id: str) -> StoredFile:
    """A file that this client may have, or 404."""
    return file_access.find(file_id, file_access.of_client(client_here())) or abort(404)


@small.get("/<public_id:file_id>/thumb")
def thumb(file_id: str) -> Response:
    """The small copy of a picture; of pets and of fields also while files themselves are switched off."""
    file = _own(file_id)
    if not files_are_on() and file.purpose not in {FilePurpose.PET_PHOTO, FilePurpose.FIELD}:
        abort(404)
    return downloads.picture(file, small=True) or abort(404)


@taking.get("/<public_id:file_id>/picture")
def picture(file_id: str) -> Response:
    """A picture in full."""
    return downloads.picture(_own(file_id), small=False) or abort(404)


@taking.get("/<public_id:file_id>/download")
def download(file_id: str) -> Response:
    """A file to be saved."""
    return downloads.download(_own(file_id)) or abort(404)


# --------------------------------------------------------------------------------------------------------- sending


@sending.errorhandler(RequestEntityTooLarge)
def _too_large(_problem: RequestEntityTooLarge) -> View | Response:
    """The page with its form again and what to do; what was sent was not even read."""
    say = uploading.too_large()
    if uploading.by_script():
        return uploading.answer(say, 413)
    if request.view_args and "pet_id" in request.view_args:
        return _photo_form(own_pet(request.view_args["pet_id"]), 413, problem=say)
    return _index(413, problem=say, keep_form=False)


def _received() -> list[Upload]:
    return [Upload(name, data) for name, data in uploading.received()]


@sending.post("")
@uploading.takes_files
def upload() -> View | Response:
    """Keep what can be kept. What cannot is named with its reason; the same form sent twice is kept once."""
    client, key = client_here(), request.form.get("form_key")
    pet = _chosen_pet(request.form.get("about", ""))
    sent = _received()
    db.session.commit()  # looking at a picture takes seconds, in which nobody else should wait for the database
    good, refusals = uploads.look_at_all(sent)
    bad = [f"{name}: {refusal.say(_)}" for name, refusal in refusals]
    try:
        if good or not bad:
            once.claim(key)
            files.upload(good, client=client, pet=pet, note=request.form.get("note", ""), actor=current_actor())
            db.session.commit()
    except Conflict:
        db.session.rollback()
        return _answer(0, [_("These files were uploaded already. Nothing was done twice.")], twice=True)
    except WorkflowError as refusal:
        db.session.rollback()
        forget_about()
        return _answer(0, [*bad, refusal.say(_)])
    return _answer(len(good), bad)


def _answer(n_kept: int, bad: list[str], *, twice: bool = False) -> View | Response:
    if uploading.by_script():
        return uploading.answer("", 200) if twice or not bad else uploading.answer(" ".join(bad), 422)
    if not n_kept and not twice:
        return _index(422, problem=" ".join(bad))
    if n_kept:
        flash(ngettext("%(num)d file is uploaded.", "%(num)d files are uploaded.", n_kept), "success")
    for problem in bad:
        flash(problem, "info" if twice else "error")
    return see(url_for("portal_files.index"))


def _chosen_pet(pet_id: str) -> Pet | None:
    """The pet that the form names; none is the household. Another client's pet is 404, as if it were not there."""
    return own_pet(pet_id) if pet_id else None


# --------------------------------------------------------------------------------------------------- a pet's photo


@sending.get("/pets/<public_id:pet_id>/photo")
def photo_form(pet_id: str) -> View:
    """Choose the pet's photo."""
    return _photo_form(own_pet(pet_id))


@sending.post("/pets/<public_id:pet_id>/photo")
@uploading.takes_files
def set_photo(pet_id: str) -> View:
    """Put the photo in the place of the one before, or take it away."""
    pet = own_pet(pet_id)
    if request.form.get("do") == "remove":
        if files.remove_pet_photo(pet, actor=current_actor()):
            flash(_("The photo of %(name)s is removed.", name=pet.name), "success")
        db.session.commit()
        return see(_pet_page(pet))
    sent = _received()
    db.session.commit()
    try:
        if not sent:
            return _photo_form(pet, 422, problem=_("Choose a photo."))
        checked = uploads.photo(sent[0])
        once.claim(request.form.get("form_key"))
        files.set_pet_photo(pet, checked, actor=current_actor())
        db.session.commit()
    except Conflict as twice:
        db.session.rollback()
        flash(twice.say(_), "info")
    except WorkflowError as refusal:
        db.session.rollback()
        forget_about()
        return _photo_form(own_pet(pet_id), 422, problem=refusal.say(_))
    else:
        flash(_("%(name)s has a new photo.", name=pet.name), "success")
    return see(_pet_page(pet))


def _photo_form(pet: Pet, status: int = 200, *, problem: str = "") -> View:
    photo = pet.photo
    return data_page(
        "pet_photo.html",
        f"pet-{pet.public_id}",
        status,
        pet=pet,
        download_url=url_for("portal_downloads.download", file_id=photo.public_id)
        if photo and can_download()
        else None,
        back=_pet_page(pet),
        problem=problem,
        form_key=once.new_key(),
        accept=PHOTOS,
    )


def _pet_page(pet: Pet) -> str:
    return url_for("portal_pets.show", pet_id=pet.public_id)


# ------------------------------------------------------------------------------------------------------ taking away


@sending.get("/<public_id:file_id>/removal")
def removal(file_id: str) -> View:
    """Ask whether to remove a file."""
    return data_page("file_removal.html", "files", file=_removable(file_id))


@sending.post("/<public_id:file_id>/removal")
def remove(file_id: str) -> View:
    """Remove it; twice is once."""
    file = _removable(file_id)
    files.remove(file, actor=current_actor())
    db.session.commit()
    flash(_("%(name)s is removed.", name=file.name), "success")
    return see(url_for("portal_files.index"))


def _removable(file_id: str) -> StoredFile:
    file = _own(file_id)
    return file if file.purpose in {FilePurpose.UPLOAD, FilePurpose.PET_PHOTO} else abort(404)
