"""A sitter fetches photos and documents of clients with own visits, and of no others."""

import pytest

from foundation import storage
from foundation.db import db
from models import FilePurpose, JobState
from tests import factories as make
from tests import sent_files as sent
from workflows import files
from workflows.uploads import Upload, photo_or_document


@pytest.mark.covers("D4", "V6")
def test_files_of_clients_with_own_visits(app, cast, http, sign_in_as_staff):
    storage.use(app.extensions["store"])
    checked = photo_or_document(Upload("gate.png", sent.picture(size=(400, 200))))
    (upload,) = files.upload([checked], client=cast.alice, actor=cast.as_alice)
    contract = files.keep(checked, actor=cast.as_olivia, purpose=FilePurpose.FORM, client=cast.alice)
    sam = sign_in_as_staff(http(), cast.sam)

    def found(file):
        return {sam.get(f"/staff/files/{file.public_id}/{how}").status_code for how in ("thumb", "picture", "download")}

    assert found(upload) == {404}
    job = make.job(cast.alice, cast.walk, sitter=cast.sam)
    assert (found(upload), found(contract)) == ({200}, {404})
    answer = sam.get(f"/staff/files/{upload.public_id}/download")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="gate.webp"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    job.state = JobState.VOIDED
    db.session.commit()
    assert found(upload) == {404}
