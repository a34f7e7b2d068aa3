"""Taking everything out: ordering an archive, following it, fetching it, removing it."""

from flask import Response as FlaskResponse
from flask import abort, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from werkzeug.wrappers import Response
from werkzeug.wsgi import wrap_file

from admin_site.pages import Answer, WorkPage, page, press
from admin_site.words import word
from foundation import clock, storage
from foundation.db import db
from models import ArchiveState, DataArchive
from ui_kit import downloads
from ui_kit.files import size_words
from workflows import archives, once
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(ArchivePage(name="Archives", endpoint="archives", url="archives"))


class ArchivePage(WorkPage):
    """Everything of the business as one file."""

    permission = Permission.TAKE_ALL

    @expose("/")
    def index(self) -> Answer:
        """What can be ordered, and the last orders."""
        listed = archives.latest(actor=self.actor)
        is_open = any(a.state in {ArchiveState.WAITING, ArchiveState.RUNNING} for a in listed)
        return page(
            "archives.html", archives=listed, is_open=is_open, form_key=once.new_key(), word=word,
            size_words=size_words, days=archives.KEPT.days, last_day=_last_day,
        )  # fmt: skip

    @expose("/order", methods=("POST",))
    def order(self) -> Response:
        """Have one made."""

        def work() -> None:
            once.claim(request.form.get("form_key"))
            archives.order(with_files="with_files" in request.form, actor=self.actor)

        return press(work, gettext("Ordered. It is made in the background."), url_for(".index"))

    @expose("/<public_id:archive_id>/file", methods=("POST",))
    def fetch(self, archive_id: str) -> Answer:
        """The file, piece by piece; noted in the log before the first leaves."""
        archive = _get_or_404(archive_id)
        key = archives.fetch(archive, actor=self.actor) if archive.state is ArchiveState.DONE else None
        stream = storage.here().open(key) if key else None
        if stream is None:
            abort(404)
        name, n_bytes = f"latchkey-{clock.to_local(archive.created_at):%Y-%m-%d}.zip", archive.n_bytes or 0
        db.session.commit()
        answer = FlaskResponse(wrap_file(request.environ, stream), mimetype="application/zip", direct_passthrough=True)
        answer.headers["Content-Disposition"] = downloads.disposition("attachment", name)
        answer.headers["Cache-Control"] = "private, no-store"
        answer.content_length = n_bytes
        return downloads.sealed(answer)

    @expose("/<public_id:archive_id>/removal", methods=("POST",))
    def remove(self, archive_id: str) -> Response:
        """Delete the file, or call the order off."""
        archive = _get_or_404(archive_id)
        return press(
            lambda: archives.remove(archive, actor=self.actor), gettext("The archive was removed."), url_for(".index")
        )


def _get_or_404(public_id: str) -> DataArchive:
    archive = db.session.query(DataArchive).filter_by(public_id=public_id).one_or_none()
    if archive is None:
        abort(404)
    return archive


def _last_day(archive: DataArchive) -> object:
    """Until when its file is there."""
    return clock.to_local(archive.finished_at + archives.KEPT).date() if archive.finished_at else None
