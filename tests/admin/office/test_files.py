"""Files in the back office: forms for one and for all clients, what clients sent, giving out and removing."""

import io

import pytest
import sqlalchemy as sa
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from foundation import storage
from foundation.db import db
from models import Activity, FilePurpose, Notification, NotificationKind, StoredFile
from tests import factories as make
from tests import sent_files as sent
from tests.databases import statements
from workflows import files, once
from workflows.uploads import Upload, photo, photo_or_document

P = FilePurpose


@pytest.fixture(autouse=True)
def store(app):
    storage.use(app.extensions["store"])
    return storage.here()


@pytest.fixture
def tab(cast):
    return f"/admin/client/{cast.alice.id}/?tab=files"


def checked(name="plan.pdf", data=sent.PDF):
    return photo_or_document(Upload(name, data))


def kept():
    return db.session.scalars(
        sa.select(StoredFile).where(StoredFile.removed_at.is_(None)).order_by(StoredFile.id)
    ).all()


def send(office, page, action, *several, json=False, **values):
    """The form of the page that goes there, with these files."""
    data = MultiDict(office.get(page).fields(action))
    for name, value in values.items():
        data[name] = value
    data.setlist("files", [FileStorage(io.BytesIO(body), filename=name, name="files") for name, body in several])
    boundary, body = encode_multipart(data)
    headers = {"Accept": "application/json"} if json else None
    return office.browser.post(action, data=body, headers=headers, content_type=f"multipart/form-data; boundary={boundary}")  # fmt: skip


@pytest.mark.covers("D4")
def test_a_form_for_all_clients(office, cast):
    assert "No forms yet" in office.get("/admin/files/forms").main
    answer = send(office, "/admin/files/forms", "/admin/files/forms", ("rules.pdf", sent.PDF), ("prices.xlsx", sent.office(sent.EXCEL_MAIN)), note="Please read")  # fmt: skip
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/files/forms")
    assert [(f.name, f.purpose, f.client_id, f.note, f.by_staff_id) for f in kept()] == [("rules.pdf", P.FORM, None, "Please read", cast.olivia.id), ("prices.xlsx", P.FORM, None, "Please read", cast.olivia.id)]  # fmt: skip
    page = office.get("/admin/files/forms")
    assert "2 files are uploaded." in page.text
    for words in ("rules.pdf", "prices.xlsx", "Please read", "Olivia Owens"):
        assert words in page.main, words


@pytest.mark.covers("D4")
def test_a_form_for_one_client_and_a_file_about_a_pet(office, cast, tab):
    action = f"/admin/files/clients/{cast.alice.id}"
    send(office, tab, action, ("contract.pdf", sent.PDF), note="Sign it")
    send(office, tab, action, ("cage.jpg", sent.picture("JPEG")), about=str(cast.mochi.id))
    send(office, tab, action, ("key.txt", b"Under the pot"), about="home")
    assert [(f.name, f.purpose, f.client_id, f.pet_id) for f in kept()] == [("contract.pdf", P.FORM, cast.alice.id, None), ("cage.webp", P.UPLOAD, cast.alice.id, cast.mochi.id), ("key.txt", P.UPLOAD, cast.alice.id, None)]  # fmt: skip
    page = office.get(tab)
    for words in ("contract.pdf Contract or form", "cage.webp Mochi", "key.txt", "Sign it"):
        assert words in page.main, words
    assert db.session.scalars(sa.select(Notification)).all() == []
    log = office.get(f"/admin/client/{cast.alice.id}/?tab=log").main
    for words in ("Olivia Owens gave out the form contract.pdf", "Olivia Owens uploaded 1 file", "key.txt"):
        assert words in log, words


def test_the_same_form_sent_twice_is_kept_once(office, cast, tab):
    key, action = once.new_key(), f"/admin/files/clients/{cast.alice.id}"
    for _ in range(2):
        assert send(office, tab, action, ("contract.pdf", sent.PDF), form_key=key).status_code == 303
    assert (len(kept()), "Nothing was done twice" in office.get(tab).text) == (1, True)


@pytest.mark.covers("D4")
def test_a_script_gets_plain_answers(office, cast, tab):
    action = f"/admin/files/clients/{cast.alice.id}"
    good = send(office, tab, action, ("contract.pdf", sent.PDF), json=True)
    bad = send(office, tab, action, ("run.exe", b"MZ\x90\0"), json=True)
    assert (good.status_code, good.json, bad.status_code) == (200, {"ok": True, "problem": ""}, 422)
    assert bad.json["problem"].startswith("run.exe: This type of file")


@pytest.mark.covers("D4")
@pytest.mark.parametrize("name", ["html as pdf", "svg", "php", "zip bomb", "zip with macros", "40,000 pixels", "pdf and html", "empty", "over 15 MB"])  # fmt: skip
def test_nothing_hostile_comes_through_here_either(office, cast, tab, name):
    for page, action in (("/admin/files/forms", "/admin/files/forms"), (tab, f"/admin/files/clients/{cast.alice.id}")):
        answer = send(office, page, action, sent.HOSTILE[name])
        assert answer.status_code in {303, 422}
    assert kept() == []


def test_forms_without_a_file_or_with_a_long_note_come_back(office, cast, tab):
    answer = send(office, "/admin/files/forms", "/admin/files/forms", note="Read it")
    assert (answer.status_code, "Choose at least one file." in answer.text, 'value="Read it"' in answer.text) == (422, True, True)  # fmt: skip
    answer = send(office, "/admin/files/forms", "/admin/files/forms", ("a.pdf", sent.PDF), note="x" * 10_000)
    assert (answer.status_code, "Use at most 255 characters" in answer.text) == (422, True)
    send(office, tab, f"/admin/files/clients/{cast.alice.id}")
    assert "Choose at least one file." in office.get(tab).text
    assert kept() == []


def test_another_clients_pet_and_nonsense_are_not_found(office, cast, tab):
    action = f"/admin/files/clients/{cast.alice.id}"
    for about in (str(cast.bella.id), "999999", "x", "-1", "9" * 30, "1 OR 1=1"):
        assert send(office, tab, action, ("a.pdf", sent.PDF), about=about).status_code == 404, about
    assert kept() == []


@pytest.mark.covers("D4")
def test_the_office_fetches_what_a_client_sent(office, cast, tab):
    pdf, picture = files.upload([checked(), checked("a.png", sent.picture(size=(400, 200)))], client=cast.alice, actor=cast.as_alice)  # fmt: skip
    line = db.session.scalars(sa.select(Notification)).one()
    assert line.kind is NotificationKind.FILES_UPLOADED
    home = office.get("/admin/")
    assert "Alice Archer uploaded files: plan.pdf, a.webp" in home.text
    assert f'href="/admin/client/{cast.alice.id}/?tab=files"' in home.html
    page = office.get(tab)
    assert "plan.pdf" in page.main
    answer = office.browser.get(f"/admin/files/{pdf.id}/download")
    assert (answer.data, answer.headers["Content-Disposition"], answer.headers["X-Content-Type-Options"], answer.headers["Cache-Control"]) == (sent.PDF, 'attachment; filename="plan.pdf"', "nosniff", "private, no-store")  # fmt: skip
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    for how in ("thumb", "picture"):
        answer = office.browser.get(f"/admin/files/{picture.id}/{how}")
        assert (answer.status_code, answer.mimetype, answer.headers["Content-Disposition"]) == (200, "image/webp", 'inline; filename="a.webp"')  # fmt: skip
        assert office.browser.get(f"/admin/files/{pdf.id}/{how}").status_code == 404
    for nothing in (999_999, 2**40):
        assert office.browser.get(f"/admin/files/{nothing}/download").status_code == 404


@pytest.mark.covers("D4")
def test_forms_and_uploads_are_removed_and_parts_of_records_are_not(office, cast, tab):
    for_all = files.add_form(checked("rules.pdf"), actor=cast.as_olivia, client=None)
    (upload,) = files.upload([checked()], client=cast.alice, actor=cast.as_alice)
    copy = files.keep(checked("agreed.pdf"), actor=cast.as_alice, purpose=P.AGREEMENT, client=cast.alice)
    db.session.commit()
    for file, back in ((for_all, "/admin/files/forms"), (upload, f"/admin/client/{cast.alice.id}/?tab=files")):
        path = f"/admin/files/{file.id}/removal"
        page = office.get(path)
        assert (file.name in page.main, len(kept())) == (True, 3 if file is for_all else 2)
        done = page.press("Remove")
        assert (done.path, f"{file.name} is removed." in done.text) == (back, True)
        assert office.browser.get(path).status_code == 404
    assert office.browser.get(f"/admin/files/{copy.id}/removal").status_code == 404
    assert [f.id for f in kept()] == [copy.id]
    verbs = db.session.scalars(sa.select(Activity.verb).where(Activity.verb == "file.removed")).all()
    assert len(verbs) == 2


def test_pets_are_shown_as_they_look(office, cast):
    file = files.set_pet_photo(cast.biscuit, photo(Upload("b.png", sent.picture())), actor=cast.as_alice)
    text = office.get(f"/admin/client/{cast.alice.id}/").html
    assert text.count(f'src="/admin/files/{file.id}/thumb"') == 2


def test_the_tab_costs_the_same_with_many_files(office, cast, tab):
    make.stored_file(cast.alice, pet=cast.biscuit, by_staff=cast.olivia)
    with statements() as few:
        office.get(tab)
    for n in range(65):
        make.stored_file(
            cast.alice, pet=[cast.biscuit, cast.mochi, None][n % 3], by_staff=[cast.olivia, cast.max][n % 2]
        )
    with statements() as many:
        page = office.get(tab)
    assert len(many) == len(few)
    assert (page.html.count('class="ui-filerow"'), office.get(f"{tab}&page=2").html.count('class="ui-filerow"')) == (
        60,
        6,
    )
