"""Files in the back office: a client's, the contracts and forms for all, every stored file as a list, and giving one out."""

from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from admin_site import filters, rows, search
from admin_site.base import ReadList
from admin_site.pages import Answer, WorkPage, get_or_404, page
from admin_site.people import OF_CLIENT, client_link
from admin_site.reading import read_id, read_page
from admin_site.rows import Column
from foundation.db import db
from models import Client, FilePurpose, Pet, Staff, StoredFile
from ui_kit import downloads, uploading
from ui_kit.files import DOCUMENTS, PHOTOS, FileRow, meta_words, size_words
from workflows import file_access, files, once, uploads
from workflows.errors import Conflict, WorkflowError
from workflows.permissions import Permission
from workflows.uploads import Upload

PER_PAGE = 60
#: what an upload on a client's page is: something for the client to read, or of the household; else a pet's number
FORM, HOME = "form", "home"
#: what the office itself removes here; the others belong to a record
REMOVABLE = (FilePurpose.FORM, FilePurpose.UPLOAD, FilePurpose.PET_PHOTO)


def register(admin: Admin) -> None:
    """Add the pages and the list to the back office."""
    admin.add_view(FilesPage(name="Files", endpoint="files_page", url="files"))
    admin.add_view(FileList(StoredFile, "stored_files", "/admin/stored-files"))


class FilesPage(WorkPage):
    """Sending, fetching and removing files."""

    @expose("/")
    def index(self) -> Response:
        """The contracts and forms for all."""
        return redirect(url_for(".forms"))

    @expose("/forms", methods=("GET", "POST"))
    @uploading.takes_files
    def forms(self) -> Answer:
        """Contracts and forms that every client can fetch; a post gives more."""
        if request.method == "GET":
            return self._forms()
        self.actor.require(Permission.CLIENTS)
        return self._keep(None, None, url_for(".forms"))

    def _forms(self, status: int = 200, *, problem: str = "") -> Answer:
        return page(
            "forms.html",
            status,
            **listed(file_access.is_for_all(), read_page()),
            **sending(),
            number=read_page(),
            may_send=self.actor.may(Permission.CLIENTS),
            problem=problem,
            note=request.form.get("note", ""),
        )

    @expose("/clients/<int:client_id>", methods=("POST",))
    @uploading.takes_files
    def add_for_client(self, client_id: int) -> Answer:
        """Give a form to one client, or keep a photo or document for the household or for a pet."""
        self.actor.require(Permission.CLIENTS)
        client = get_or_404(Client, client_id)
        about = request.form.get("about", FORM)
        pet = None
        if about not in {FORM, HOME}:
            pet = db.session.scalar(sa.select(Pet).where(Pet.client_id == client.id, Pet.id == (read_id(about) or 0)))
            if pet is None:
                abort(404)
        return self._keep(client, pet, url_for("client_page.show", client_id=client.id, tab="files"))

    def _keep(self, client: Client | None, pet: Pet | None, back: str) -> Answer:
        """Keep what can be kept; what cannot is named with its reason. The same form sent twice is kept once."""
        as_form = client is None or request.form.get("about", FORM) == FORM
        note, key = request.form.get("note", ""), request.form.get("form_key")
        sent = [Upload(name, data) for name, data in uploading.received()]
        db.session.commit()  # looking at a picture takes seconds, in which nobody else should wait for the database
        good, refusals = uploads.look_at_all(sent)
        bad = [f"{name}: {refusal.say(gettext)}" for name, refusal in refusals]
        try:
            if good:
                once.claim(key)
            if client is not None and not as_form and good:
                files.upload(good, client=client, pet=pet, note=note, actor=self.actor)
            elif good:
                for checked in good:
                    files.add_form(checked, actor=self.actor, client=client, note=note)
            elif not bad:
                bad = [gettext("Choose at least one file.")]
            db.session.commit()
        except Conflict as twice:
            db.session.rollback()
            flash(twice.say(gettext), "info")
            return uploading.answer() if uploading.by_script() else redirect(back, 303)
        except WorkflowError as refusal:
            db.session.rollback()
            good, bad = [], [*bad, refusal.say(gettext)]
        if uploading.by_script():
            return uploading.answer(" ".join(bad), 422 if bad else 200)
        if not good and client is None:
            return self._forms(422, problem=" ".join(bad))
        for problem in bad:
            flash(problem, "error")
        if good:
            flash(ngettext("%(num)d file is uploaded.", "%(num)d files are uploaded.", len(good)), "success")
        return redirect(back, 303)

    @expose("/<int:file_id>/<any(thumb, picture, download):how>")
    def give(self, file_id: int, how: str) -> Answer:
        """A file to be saved, or a picture in its place."""
        file = _here(file_id)
        answer = downloads.download(file) if how == "download" else downloads.picture(file, small=how == "thumb")
        return answer or abort(404)

    @expose("/<int:file_id>/removal", methods=("GET", "POST"))
    def removal(self, file_id: int) -> Answer:
        """Ask, and remove it; twice is once."""
        self.actor.require(Permission.CLIENTS)
        file = _here(file_id)
        if file.purpose not in REMOVABLE:
            abort(404)
        back = url_for("client_page.show", client_id=file.client_id, tab="files") if file.client_id else url_for(".forms")  # fmt: skip
        if request.method == "GET":
            return page("file_removal.html", file=file, back=back)
        files.remove(file, actor=self.actor)
        db.session.commit()
        flash(gettext("%(name)s is removed.", name=file.name), "success")
        return redirect(back, 303)


def _here(file_id: int) -> StoredFile:
    file = get_or_404(StoredFile, file_id)
    return file if file.removed_at is None else abort(404)


def _name(file: StoredFile) -> Any:
    return rows.link(file.name, f"/admin/stored-files/details/?id={file.id}", main=True)


class FileList(ReadList):
    """Every file that lies here, of whomever."""

    title = _l("Files")
    empty = ("dog", _l("No files yet"), _l("Photos and documents of clients and pets, and your contracts and forms."))
    search_hint = _l("Client or pet")
    default_order = (StoredFile.id.desc(),)
    list_options = (
        joinedload(StoredFile.client).load_only(*OF_CLIENT),
        joinedload(StoredFile.pet).load_only(Pet.name),
        joinedload(StoredFile.by_staff).load_only(Staff.first_name, Staff.last_name),
    )
    record_options = list_options
    columns = (
        Column("name", _l("Name"), show=_name),
        Column("purpose", _l("Kind")),
        Column("client", _l("Client"), show=lambda f: client_link(f.client) if f.client else ""),
        Column("pet", _l("Pet")),
        Column("size", _l("Size"), right=True, value=lambda f: size_words(f.n_bytes)),
        Column("created_at", _l("Added")),
        Column("note", _l("Note"), hidden=True),
        Column("media_type", _l("Type"), hidden=True),
        Column("by_staff", _l("Added by"), hidden=True),
        Column("download", _l("Download"), hidden=True, export=False, value=lambda f: f.name, show=lambda f: rows.link(gettext("Download"), url_for("files_page.give", file_id=f.id, how="download"))),
    )  # fmt: skip
    filters = (
        filters.Choice("purpose", StoredFile.purpose, _l("Kind"), FilePurpose),
        *filters.client_filters(StoredFile.client_id),
        filters.Day("from", StoredFile.created_at, _l("Added from")),
        filters.Day("until", StoredFile.created_at, _l("Added until"), until=True),
    )

    def scope(self, statement: Any) -> Any:
        """What was taken away is not seen any more."""
        return statement.where(file_access.of_office())

    def find(self, text: str) -> Any:
        return search.files(text)


# --------------------------------------------------------------------------------------------------------- sharing


def sending() -> dict[str, Any]:
    """What the upload form needs."""
    return {"form_key": once.new_key(), "accept": f"{PHOTOS},{DOCUMENTS}"}


def listed(which: sa.ColumnElement[bool], number: int = 1) -> dict[str, Any]:
    """One page of files, the newest first, as rows; two queries at most, whatever there is."""
    found = db.session.scalars(
        sa.select(StoredFile)
        .where(which, file_access.of_office())
        .options(joinedload(StoredFile.pet).load_only(Pet.name), joinedload(StoredFile.by_staff).load_only(Staff.first_name, Staff.last_name))
        .order_by(StoredFile.id.desc())
        .limit(PER_PAGE + 1)
        .offset((number - 1) * PER_PAGE)
    ).all()  # fmt: skip
    return {"files": [_row(f) for f in found[:PER_PAGE]], "has_more": len(found) > PER_PAGE}


def _row(file: StoredFile) -> FileRow:
    is_picture = file.thumbnail_key is not None

    def give(how: str) -> str:
        return url_for("files_page.give", file_id=file.id, how=how)

    words = {
        FilePurpose.FORM: gettext("Contract or form"),
        FilePurpose.PET_PHOTO: gettext("Profile photo"),
        FilePurpose.CERTIFICATE: gettext("Vaccination certificate"),
        FilePurpose.AGREEMENT: gettext("Copy of an agreement"),
        FilePurpose.REPORT: gettext("Photo of a report card"),
        FilePurpose.FIELD: gettext("Part of a form"),
    }
    by = str(file.by_staff) if file.by_staff else gettext("by the client") if file.by_client_login_id else ""
    return FileRow(
        file.name,
        ", ".join(x for x in (meta_words(file, file.created_at), by) if x),
        note=file.note,
        thumb_url=give("thumb") if is_picture else None,
        picture_url=give("picture") if is_picture else None,
        download_url=give("download"),
        remove_url=url_for("files_page.removal", file_id=file.id) if file.purpose in REMOVABLE else None,
        what=", ".join(x for x in (words.get(file.purpose, ""), file.pet.name if file.pet else "") if x),
    )


def photo_url(pet: Pet) -> str | None:
    """Where a pet's small photo is; the pet's `photo` should be loaded with it."""
    return url_for("files_page.give", file_id=pet.photo.id, how="thumb") if pet.photo else None
