"""Photos and documents in the portal: sending, seeing, saving, removing; and everything that must not come through."""

import io
import re

import pytest
import sqlalchemy as sa
from PIL import Image
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from application import tasks
from foundation import storage
from foundation.db import db
from models import Activity, FilePurpose, Notification, PetStatus, StoredFile
from tests import factories as make
from tests import sent_files as sent
from tests.databases import count
from workflows import files, once
from workflows.uploads import Upload, photo, photo_or_document

P = FilePurpose


@pytest.fixture(autouse=True)
def store(app):
    storage.use(app.extensions["store"])
    return storage.here()


@pytest.fixture
def alice(walk, cast):
    return walk(cast.alice)


def checked(name="plan.pdf", data=sent.PDF):
    return photo_or_document(Upload(name, data))


def sent_files(*several):
    return [FileStorage(io.BytesIO(data), filename=name, name="files") for name, data in several]


def send(walker, *several, path="/portal/files", json=False, page="/portal/files", **values):
    """The form of the page with these files (name, bytes)."""
    (form,) = [f for f in walker.get(page).forms if f.action == path and "form_key" in dict(f.fields)]
    data = {**form.filled(**values), "files": sent_files(*several)}
    headers = {"Accept": "application/json"} if json else None
    # Encoded here: werkzeug's client forgets to close the temporary file that it makes of a large form.
    boundary, body = encode_multipart(MultiDict(data))
    return walker.browser.post(
        path, data=body, headers=headers, content_type=f"multipart/form-data; boundary={boundary}"
    )


def kept():
    return db.session.scalars(
        sa.select(StoredFile).where(StoredFile.removed_at.is_(None)).order_by(StoredFile.id)
    ).all()


def owned(client, purpose=P.UPLOAD, name="plan.pdf", data=sent.PDF, actor=None, **more):
    file = files.keep(checked(name, data), actor=actor, purpose=purpose, client=client, **more)
    db.session.commit()
    return file


# --------------------------------------------------------------------------------------------------------- sending


@pytest.mark.covers("D4")
def test_several_files_are_sent_in_one_form_and_stand_on_the_page(alice, cast):
    answer = send(alice, ("plan.pdf", sent.PDF), ("Biscuit.JPG", sent.with_place((400, 200))), about=cast.biscuit.public_id, note="Insulin")  # fmt: skip
    assert (answer.status_code, answer.headers["Location"]) == (303, "/portal/files")
    page = alice.get("/portal/files")
    assert "2 files are uploaded." in page.text
    assert [(f.name, f.purpose, f.client_id, f.pet_id, f.note) for f in kept()] == [("plan.pdf", P.UPLOAD, cast.alice.id, cast.biscuit.id, "Insulin"), ("Biscuit.webp", P.UPLOAD, cast.alice.id, cast.biscuit.id, "Insulin")]  # fmt: skip
    assert all(f.by_client_login_id for f in kept())
    pdf, picture = kept()
    for file in kept():
        assert {f"/portal/files/{file.public_id}/{x}" for x in ("download", "removal")} <= page.links()
    assert f"/portal/files/{picture.public_id}/picture" in page.links()
    assert f'src="/portal/files/{picture.public_id}/thumb"' in page.html
    assert f"{pdf.public_id}/thumb" not in page.html
    assert "Biscuit" in page.text
    line = db.session.scalars(sa.select(Notification)).one()
    assert line.facts["about"] == ["plan.pdf (Biscuit)", "Biscuit.webp (Biscuit)"]


@pytest.mark.covers("D4")
def test_a_script_sends_them_one_by_one_and_gets_plain_answers(alice, cast):
    key = once.new_key()
    for n, name in enumerate(["a.pdf", "b.pdf"]):
        answer = send(alice, (name, sent.PDF), json=True, form_key=f"{key}-{n}")
        assert (answer.status_code, answer.json) == (200, {"ok": True, "problem": ""})
    again = send(alice, ("b.pdf", sent.PDF), json=True, form_key=f"{key}-1")
    assert (again.status_code, again.json["ok"], len(kept())) == (200, True, 2)
    bad = send(alice, ("c.exe", b"MZ\x90\0"), json=True)
    assert (bad.status_code, bad.json["ok"]) == (422, False)
    assert bad.json["problem"].startswith("c.exe: This type of file cannot be kept.")
    assert db.session.scalars(sa.select(Notification)).one().facts["about"] == ["a.pdf", "b.pdf"]


@pytest.mark.covers("D4")
def test_the_same_form_sent_twice_is_kept_once(alice):
    form = alice.get("/portal/files").form("/portal/files")
    for _ in range(2):
        data = {**form.filled(), "files": sent_files(("plan.pdf", sent.PDF))}
        answer = alice.browser.post("/portal/files", data=data, content_type="multipart/form-data")
        assert answer.status_code == 303
    assert (len(kept()), count(Activity, Activity.verb == "file.uploaded")) == (1, 1)
    page = alice.get("/portal/files")
    assert "These files were uploaded already. Nothing was done twice." in page.text


def test_good_files_are_kept_and_bad_ones_named(alice):
    answer = send(alice, ("plan.pdf", sent.PDF), ("run.exe", b"MZ\x90\0"), ("<b>.html", sent.HTML))
    assert (answer.status_code, [f.name for f in kept()]) == (303, ["plan.pdf"])
    page = alice.get("/portal/files")
    assert "1 file is uploaded." in page.text
    assert "run.exe: This type of file cannot be kept." in page.text
    assert "<b>.html: This type of file" in page.text
    assert "<b>.html" not in page.html


def test_when_none_can_be_kept_the_form_comes_back_filled(alice, cast):
    answer = send(alice, ("run.exe", b"MZ\x90\0"), about=cast.mochi.public_id, note="For the door")
    assert (answer.status_code, kept()) == (422, [])
    assert "run.exe: This type of file" in answer.text
    assert f'value="{cast.mochi.public_id}" selected' in answer.text
    assert 'value="For the door"' in answer.text


@pytest.mark.parametrize("values", [{"note": "x" * 10_000}, {"note": "\U0001f408" * 256}])
def test_a_note_that_is_too_long_is_refused_with_a_sentence(alice, values):
    answer = send(alice, ("plan.pdf", sent.PDF), **values)
    assert (answer.status_code, kept()) == (422, [])
    assert "Use at most 255 characters for the note." in answer.text


def test_a_form_without_a_file_is_refused_with_a_sentence(alice):
    answer = send(alice)
    assert (answer.status_code, kept()) == (422, [])
    assert "Choose at least one file." in answer.text


# ------------------------------------------------------------------------------------------------------- hostile


@pytest.mark.covers("D4")
@pytest.mark.parametrize("name", sent.HOSTILE)
def test_nothing_hostile_comes_through(alice, name, store):
    given_name, data = sent.HOSTILE[name]
    for json in (True, False):
        answer = send(alice, (given_name or "a", data), json=json)
        assert answer.status_code in {422, 413}, answer.text
    assert kept() == []
    assert db.session.scalars(sa.select(Notification)).all() == []


@pytest.mark.covers("D4")
def test_a_photo_is_served_without_place_camera_and_whatever_hung_on_it(alice, cast):
    send(alice, ("holiday.php.jpg", sent.with_place((3000, 1500)) + sent.PHP + sent.HTML))
    (file,) = kept()
    for how, size in (("picture", (1000, 2000)), ("thumb", (160, 320)), ("download", (1000, 2000))):
        answer = alice.browser.get(f"/portal/files/{file.public_id}/{how}")
        found = Image.open(io.BytesIO(answer.data))
        assert (answer.status_code, answer.mimetype, found.format, found.size, dict(found.getexif())) == (200, "image/webp", "WEBP", size, {})  # fmt: skip
        assert not [x for x in (b"<?php", b"<script", b"secret", b"PhonePhone", b"GPS") if x in answer.data]
    assert file.name == "holiday.php.webp"


NAMES = {
    "../../../etc/cron.d/evil.pdf": "evil.pdf", "..\\..\\evil.pdf": "evil.pdf", "/admin/../x.pdf": "x.pdf", "a\u202efdp.exe": "afdp.pdf",
    "<script>alert(1)</script>.pdf": "script>.pdf", "'><img src=x onerror=alert(1)>.pdf": "'><img src=x onerror=alert(1)>.pdf",
    "{{7*7}}.pdf": "{{7*7}}.pdf", "x" * 300 + ".pdf": "x" * 196 + ".pdf", "Gr\u00fc\u00dfe \U0001f408.pdf": "Gr\u00fc\u00dfe \U0001f408.pdf",
}  # fmt: skip


@pytest.mark.covers("D4")
@pytest.mark.parametrize("name", NAMES)
def test_names_are_shown_as_text_and_never_a_path_or_a_header(alice, name, app):
    root = app.extensions["store"].root
    before = {path for path in root.rglob("*") if path.is_file()}  # of tests that used the store before
    answer = send(alice, (name, sent.PDF), note="<img src=x onerror=alert(2)>")
    assert answer.status_code == 303
    (file,) = kept()
    assert file.name == NAMES[name]
    assert re.fullmatch(r"files/[A-Za-z0-9_-]{32}\.pdf", file.key)
    assert {path for path in root.rglob("*") if path.is_file()} - before == {root / file.key}
    page = alice.get("/portal/files")
    assert " ".join(file.name.split()) in page.text
    assert not re.search(r"<script>alert|<img src=x", page.html)
    header = alice.browser.get(f"/portal/files/{file.public_id}/download").headers["Content-Disposition"]
    assert header.startswith('attachment; filename="')
    assert re.fullmatch(r"attachment; filename=\"[A-Za-z0-9 ._()-]+\"(; filename\*=UTF-8''[A-Za-z0-9%._~-]+)?", header)


@pytest.mark.covers("D4")
@pytest.mark.parametrize("json", [True, False])
def test_a_body_of_100_mb_is_refused_with_a_page_that_has_the_form(alice, json, cast):
    token = alice.token()

    class Endless(io.RawIOBase):
        n_read = 0

        def readable(self):
            return True

        def readinto(self, buffer):
            self.n_read += len(buffer)
            return len(buffer)

    body = Endless()
    for path in ("/portal/files", f"/portal/files/pets/{cast.biscuit.public_id}/photo"):
        answer = alice.browser.post(
            path,
            content_type="multipart/form-data; boundary=x",
            headers={"X-CSRFToken": token, **({"Accept": "application/json"} if json else {})},
            environ_overrides={"wsgi.input": body, "CONTENT_LENGTH": str(100 * 2**20)},
        )
        assert (answer.status_code, body.n_read) == (413, 0)
        if json:
            assert answer.json["problem"].startswith("That was too much at once.")
        else:
            assert "send the others afterwards" in answer.text
            assert f'action="{path}"' in answer.text


# ------------------------------------------------------------------------------------------------------- downloads


@pytest.mark.covers("D4")
def test_a_download_is_a_sealed_attachment(alice, cast):
    file = owned(cast.alice, actor=cast.as_alice, name="plan.pdf")
    answer = alice.browser.get(f"/portal/files/{file.public_id}/download")
    assert (answer.status_code, answer.data) == (200, sent.PDF)
    wanted = {
        "Content-Type": "application/pdf", "Content-Length": str(len(sent.PDF)), "Content-Disposition": 'attachment; filename="plan.pdf"',
        "X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store", "Cross-Origin-Resource-Policy": "same-origin",
    }  # fmt: skip
    assert {k: answer.headers[k] for k in wanted} == wanted
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("sandbox")


def test_a_text_is_no_page(alice, cast):
    file = owned(cast.alice, actor=cast.as_alice, name="notes.txt", data=b"1 < 2")
    answer = alice.browser.get(f"/portal/files/{file.public_id}/download")
    assert (answer.mimetype, answer.headers["Content-Disposition"]) == (
        "text/plain",
        'attachment; filename="notes.txt"',
    )


@pytest.mark.covers("D4")
def test_pictures_stand_in_the_page_and_are_asked_for_again_each_time(alice, cast):
    file = owned(cast.alice, actor=cast.as_alice, name="a.png", data=sent.picture(size=(400, 200)))
    path = f"/portal/files/{file.public_id}/thumb"
    answer = alice.browser.get(path)
    wanted = {"Content-Type": "image/webp", "Content-Disposition": 'inline; filename="a.webp"', "Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}  # fmt: skip
    assert ({k: answer.headers[k] for k in wanted}, "sandbox" in answer.headers["Content-Security-Policy"]) == (
        wanted,
        True,
    )
    again = alice.browser.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert alice.browser.get(f"/portal/files/{file.public_id}/picture").headers["ETag"] != answer.headers["ETag"]
    files.remove(db.session.get(StoredFile, file.id), actor=cast.as_alice)
    assert alice.browser.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 404


def test_a_document_has_no_picture(alice, cast):
    file = owned(cast.alice, actor=cast.as_alice)
    assert [alice.browser.get(f"/portal/files/{file.public_id}/{x}").status_code for x in ("thumb", "picture")] == [404, 404]  # fmt: skip


def test_bytes_that_the_store_lost_are_404_and_a_store_that_is_away_503(alice, cast, store, monkeypatch, app):
    file = owned(cast.alice, actor=cast.as_alice)
    path = f"/portal/files/{file.public_id}/download"

    def away(_key):
        raise storage.StoreAwayError("away")

    with monkeypatch.context() as patched:
        patched.setattr(store, "open", away)
        answer = alice.browser.get(path)
        assert (answer.status_code, "busy for a moment" in answer.text) == (503, True)
    store.delete(file.key)
    assert alice.browser.get(path).status_code == 404


#: those of fields and of report cards come with what they belong to: see test_your_data.py and test_reports.py
ALL = [p for p in P if p not in {P.FIELD, P.REPORT}]


@pytest.mark.covers("D4")
def test_nobody_elses_files_can_be_had_by_any_address(alice, walk, cast, http, sign_in_as_staff):
    bob = walk(cast.bob)
    for purpose in ALL:
        file = owned(cast.bob, purpose, "a.png", sent.picture(), actor=cast.as_bob)
        base = f"/portal/files/{file.public_id}"
        for how in ("thumb", "picture", "download"):
            assert (alice.browser.get(f"{base}/{how}").status_code, bob.browser.get(f"{base}/{how}").status_code) == (404, 200), (purpose, how)  # fmt: skip
            assert http().get(f"{base}/{how}").status_code == 302
        removal = (alice.browser.get(f"{base}/removal"), alice.post(f"{base}/removal"))
        assert [x.status_code for x in removal] == [404, 404], purpose
        assert "a.webp" not in alice.get("/portal/files").text
    assert len(kept()) == len(ALL)


@pytest.mark.covers("D4")
def test_another_clients_pet_in_a_post_is_not_found(alice, cast):
    before = len(kept())
    for about in (cast.bella.public_id, "A" * 12, "x" * 400, "'; DROP TABLE pet", "nul\0"):
        answer = send(alice, ("plan.pdf", sent.PDF), about=about)
        assert answer.status_code == 404, about
    path = f"/portal/files/pets/{cast.bella.public_id}/photo"
    assert alice.browser.get(path).status_code == 404
    for values in ({"do": "remove"}, {}):
        assert alice.post(path, **values).status_code == 404
    assert (len(kept()), count(Activity, Activity.verb.like("file.%"))) == (before, 0)


def test_nobody_chooses_purpose_owner_or_key(alice, cast):
    more = {"purpose": "form", "client_id": str(cast.bob.id), "client": str(cast.bob.id), "key": "logos/x", "by_staff_id": str(cast.olivia.id), "public_id": "AAAA", "staff_id": "1"}  # fmt: skip
    send(alice, ("plan.pdf", sent.PDF), **more)
    (file,) = kept()
    assert (file.purpose, file.client_id, file.by_staff_id, file.staff_id, file.public_id == "AAAA") == (P.UPLOAD, cast.alice.id, None, None, False)  # fmt: skip


# --------------------------------------------------------------------------------------------------------- removing


@pytest.mark.covers("D4")
def test_a_client_removes_what_the_household_sent(alice, cast, app, store):
    file = owned(cast.alice, actor=cast.as_alice)
    key = file.key
    page = alice.get(f"/portal/files/{file.public_id}/removal")
    assert "plan.pdf" in page.text
    assert [f.id for f in kept()] == [file.id]
    done = alice.press(page, f"/portal/files/{file.public_id}/removal")
    assert (done.path, "plan.pdf is removed." in done.text, kept()) == ("/portal/files", True, [])
    assert alice.browser.get(f"/portal/files/{file.public_id}/download").status_code == 404
    assert alice.post(f"/portal/files/{file.public_id}/removal").status_code == 404
    tasks.tidying.forget_removed_files(app)
    assert store.read(key) is None


@pytest.mark.parametrize("purpose", [P.FORM, P.CERTIFICATE, P.AGREEMENT])
def test_what_is_not_the_households_own_stays(alice, cast, purpose):
    file = owned(cast.alice, purpose, actor=cast.as_olivia)
    path = f"/portal/files/{file.public_id}/removal"
    assert path not in alice.get("/portal/files").links()
    assert (alice.browser.get(path).status_code, alice.post(path).status_code, len(kept())) == (404, 404, 1)


# -------------------------------------------------------------------------------------------------- contracts and forms


@pytest.mark.covers("D4")
def test_forms_of_the_office_for_one_and_for_all_can_be_saved(alice, walk, cast):
    mine = files.add_form(checked("contract.pdf"), actor=cast.as_olivia, client=cast.alice, note="Please read")
    for_all = files.add_form(checked("rules.pdf"), actor=cast.as_olivia, client=None)
    db.session.commit()
    page = alice.get("/portal/files")
    assert "Contracts and forms" in page.text
    assert "Please read" in page.text
    bobs = walk(cast.bob).get("/portal/files")
    assert ("contract.pdf" in bobs.text, "rules.pdf" in bobs.text) == (False, True)
    for file in (mine, for_all):
        assert alice.browser.get(f"/portal/files/{file.public_id}/download").data == sent.PDF


# ------------------------------------------------------------------------------------------------------ pet photos


@pytest.mark.covers("D2", "D4")
def test_a_pets_photo_is_set_replaced_and_removed(alice, cast):
    path = f"/portal/files/pets/{cast.biscuit.public_id}/photo"
    for n in range(2):
        answer = send(alice, (f"{n}.jpg", sent.with_place((400, 200))), path=path, page=path)
        assert answer.status_code == 303
    (file,) = kept()
    assert (file.name, file.purpose, file.pet_id) == ("1.webp", P.PET_PHOTO, cast.biscuit.id)
    page = alice.get(path)
    assert f"/portal/files/{file.public_id}/thumb" in page.html
    done = alice.press(page, path, do="remove")
    assert ("The photo of Biscuit is removed." in done.text, kept()) == (True, [])


def test_a_photo_that_is_none_is_refused_on_its_page(alice, cast):
    path = f"/portal/files/pets/{cast.biscuit.public_id}/photo"
    for several, words in (([("a.pdf", sent.PDF)], "not a JPEG, PNG, WebP or HEIC"), ([], "Choose a photo."), ([("b.png", sent.huge_png())], "too many pixels")):  # fmt: skip
        answer = send(alice, *several, path=path, page=path)
        assert (answer.status_code, words in answer.text, kept()) == (422, True, []), words


def test_the_same_photo_form_sent_twice_is_one_photo(alice, cast):
    path = f"/portal/files/pets/{cast.biscuit.public_id}/photo"
    form = alice.get(path).form(path)
    for _ in range(2):
        data = {**form.filled(), "files": sent_files(("a.jpg", sent.picture("JPEG")))}
        assert alice.browser.post(path, data=data, content_type="multipart/form-data").status_code == 303
    assert (len(kept()), count(StoredFile)) == (1, 1)


def test_pets_that_left_are_not_offered_but_their_files_stay(alice, cast):
    owned(cast.alice, actor=cast.as_alice, pet=cast.mochi)
    cast.mochi.status = PetStatus.DECEASED
    page = alice.get("/portal/files")
    assert ("plan.pdf" in page.text, cast.mochi.public_id in page.html) == (True, False)


# --------------------------------------------------------------------------------------------------------- switches


@pytest.mark.covers("D4", "P8")
def test_without_downloads_files_are_listed_and_cannot_be_had(alice, cast, change_settings):
    file = owned(cast.alice, actor=cast.as_alice, name="a.png", data=sent.picture())
    change_settings({"portal.download": False})
    page = alice.get("/portal/files")
    assert ("a.webp" in page.text, f"{file.public_id}/thumb" in page.html) == (True, True)
    assert not [x for x in page.links() if x.endswith(("/download", "/picture"))]
    found = {x: alice.browser.get(f"/portal/files/{file.public_id}/{x}").status_code for x in ("thumb", "picture", "download")}  # fmt: skip
    assert found == {"thumb": 200, "picture": 404, "download": 404}


@pytest.mark.covers("D4", "P8")
def test_without_uploads_there_is_no_form_and_no_way_to_send_or_remove(alice, cast, change_settings):
    file = owned(cast.alice, actor=cast.as_alice)
    token = alice.token()
    change_settings({"portal.upload": False})
    page = alice.get("/portal/files")
    assert (page.status, "plan.pdf" in page.text, [f.action for f in page.forms if "files" in f.action]) == (200, True, [])  # fmt: skip
    for path in ("/portal/files", f"/portal/files/{file.public_id}/removal", f"/portal/files/pets/{cast.biscuit.public_id}/photo"):  # fmt: skip
        data = {"csrf_token": token, "files": sent_files(("b.pdf", sent.PDF))}
        assert alice.browser.post(path, data=data, content_type="multipart/form-data").status_code == 404
        assert alice.browser.post(path).status_code == 404
    assert [f.id for f in kept()] == [file.id]


@pytest.mark.covers("D4", "P8")
def test_with_both_off_only_pets_pictures_are_left_and_without_your_data_nothing(alice, cast, change_settings):
    upload = owned(cast.alice, actor=cast.as_alice, name="a.png", data=sent.picture())
    pet_photo = files.set_pet_photo(cast.biscuit, photo(Upload("b", sent.picture())), actor=cast.as_alice)
    change_settings({"portal.upload": False, "portal.download": False})
    thumbs = [f"/portal/files/{f.public_id}/thumb" for f in (upload, pet_photo)]
    assert [alice.browser.get(t).status_code for t in (*thumbs, "/portal/files")] == [404, 200, 404]
    change_settings({"portal.upload": True, "portal.download": True, "portal.your_data": False})
    assert [alice.browser.get(t).status_code for t in (*thumbs, "/portal/files")] == [404, 404, 404]
    assert alice.post("/portal/files").status_code == 404


# ------------------------------------------------------------------------------------------------------------- cost


def test_the_page_costs_the_same_with_many_files(alice, cast):
    owned(cast.alice, actor=cast.as_alice, pet=cast.biscuit)
    counted = []

    def visit():
        counted.clear()
        sa.event.listen(db.engine, "before_cursor_execute", note)
        try:
            return alice.get("/portal/files"), len(counted)
        finally:
            sa.event.remove(db.engine, "before_cursor_execute", note)

    def note(_connection, _cursor, statement, *_more):
        if statement.lstrip().upper().startswith("SELECT"):
            counted.append(statement)

    _page, few = visit()
    for n in range(65):
        make.stored_file(cast.alice, name=f"{n}.pdf", pet=[cast.biscuit, cast.mochi, None][n % 3])
    page, many = visit()
    assert (few, many) == (few, few)
    assert few <= 11  # seven of them for the tabs
    assert (page.html.count('class="ui-filerow"'), "/portal/files?page=2" in page.links()) == (60, True)
    assert alice.get("/portal/files?page=2").html.count('class="ui-filerow"') == 6
