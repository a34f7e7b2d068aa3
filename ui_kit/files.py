"""Stored files as lists show them, for every face: name, size, day, a small picture, and what can be done with them."""

import datetime as dt
from dataclasses import dataclass

from flask_babel import format_decimal
from flask_babel import gettext as _

from models import StoredFile
from ui_kit.formats import local_date

#: what a file field offers first; what is taken is decided by content
PHOTOS = "image/jpeg,image/png,image/webp,image/heic,image/heif,.heic,.heif"
DOCUMENTS = ".pdf,.doc,.docx,.xls,.xlsx,.txt,.tif,.tiff"
#: the most that one file may have, in bytes; `files.js` says so before it sends
MAX_BYTES = 15 * 2**20


@dataclass(frozen=True)
class FileRow:
    """A file in a list. An address that is None is not offered."""

    name: str
    #: `PDF, 340 KB, 23 Nov 2026`
    meta: str
    note: str = ""
    thumb_url: str | None = None
    picture_url: str | None = None
    download_url: str | None = None
    remove_url: str | None = None
    #: what it is, before the name: "Photo of Biscuit"
    what: str = ""


def size_words(n_bytes: int) -> str:
    """`340 KB` or `1.2 MB`, as the reader's language writes it."""
    if n_bytes < 1000 * 1000:
        return _("%(number)s KB", number=format_decimal(max(1, round(n_bytes / 1000))))
    return _("%(number)s MB", number=format_decimal(round(n_bytes / 1000 / 1000, 1)))


def meta_words(file: StoredFile, created_at: dt.datetime) -> str:
    """Type, size and day."""
    kind = _("Photo") if file.thumbnail_key else file.name.rsplit(".", 1)[-1].upper()
    return ", ".join((kind, size_words(file.n_bytes), local_date(created_at)))
