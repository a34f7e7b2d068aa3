"""Files in a page of fields: taken in with the form, and kept although the form has to come back."""

from flask_babel import gettext as _

from client_portal.data_form import FIELD, Sent
from client_portal.frame import can_upload
from foundation.db import db
from models import Client, FieldKind, Pet
from sign_in import current_actor
from ui_kit import uploading
from workflows import field_files, field_saving, uploads
from workflows.errors import Invalid
from workflows.field_kinds import FILES, kind_of
from workflows.field_layout import PlacedPage
from workflows.uploads import Checked, Upload


def take_in(owner: Client | Pet, page: PlacedPage, sent: Sent) -> Sent:
    """What was sent, with the files that came along in it; those that cannot be kept are among the problems.

    The files are kept for good at once: whatever is refused about the page, they need not be chosen again.
    """
    wanted = [p.field for p in page.fields if kind_of(p.field) in FILES and field_saving.may_edit(p, actor=current_actor())]  # fmt: skip
    if not can_upload():
        files = {of.public_id for of in wanted}
        return Sent({k: v for k, v in sent.raw.items() if k not in files}, sent.seen)
    came = {of: uploading.received(FIELD + of.public_id)[:1] for of in wanted}
    if not any(came.values()):
        return sent
    db.session.commit()  # looking at a picture takes seconds, in which nobody else should wait for the database
    good: dict[str, Checked] = {}
    problems: dict[str, Invalid] = {}
    for of, several in came.items():
        for name, data in several:
            try:
                look = uploads.photo if kind_of(of) is FieldKind.IMAGE else uploads.photo_or_document
                good[of.public_id] = look(Upload(name, data))
            except Invalid as problem:
                problems[of.public_id] = problem
    try:
        kept = field_files.keep(good, owner=owner, actor=current_actor())
        db.session.commit()
    except Invalid as problem:
        db.session.rollback()
        return Sent(sent.raw, sent.seen, {**problems, **dict.fromkeys(good, problem)})
    return Sent({**sent.raw, **{key: file.public_id for key, file in kept.items()}}, sent.seen, problems)


def too_large() -> str:
    """What to say when a form was too large to be read at all."""
    return f"{uploading.too_large()} {_('Nothing was saved.')}"
