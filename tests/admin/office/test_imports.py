"""Imports in the back office: a file is sent, matched, checked, brought in, followed and undone."""

import csv
import io

import pytest
import sqlalchemy as sa
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from application import tasks
from foundation import storage
from foundation.db import db
from models import Client, ImportMapping, ImportRun, ImportState
from tests.databases import statements

FILE = (
    "Client ID,Forename,Surname,Email Address,Colour\r\n"
    "1,Ida,Lind,ida@example.com,red\r\n"
    "2,Jo,Marsh,jo at example.com,=cmd()\r\n"
    "3,Kai <b>,Noor,kai@example.com,blue\r\n"
)


@pytest.fixture(autouse=True)
def store(app):
    storage.use(app.extensions["store"])


def upload(office, data=None, name="old <i>clients.csv", kind="clients"):
    values = MultiDict(office.get("/admin/imports/").fields("/admin/imports/new"))
    values["kind"] = kind
    values["file"] = FileStorage(io.BytesIO(FILE.encode() if data is None else data), filename=name, name="file")
    boundary, body = encode_multipart(values)
    return office.browser.post(
        "/admin/imports/new", data=body, content_type=f"multipart/form-data; boundary={boundary}"
    )


def state():
    return db.session.scalar(sa.select(ImportRun.state).order_by(ImportRun.id.desc()))


@pytest.mark.covers("S6")
def test_clients_come_in_from_a_file_and_go_again(app, office, cast):
    answer = upload(office)
    page = office.get(answer.headers["Location"])
    assert "Ida, Jo, Kai" in page.main
    assert "Not used: Colour (red, =cmd())" in page.main
    checking = page.press("Check every row", save_as="Old program")
    assert "Being checked: 0 of 3 rows" in checking.main
    tasks.bring_in(app)
    db.session.rollback()
    found = checking.follow("Look again")
    assert "Ready to import" in found.main
    assert "Enter a full mail address" in found.main
    assert not db.session.scalar(sa.select(Client.id).where(Client.email == "ida@example.com"))
    lines = list(csv.reader(io.StringIO(office.get(found.link("Errors file")).html.removeprefix("\ufeff"))))
    assert lines[1][:6] == ["2", "Jo", "Marsh", "jo at example.com", "'=cmd()", "3"]
    assert "mail address" in lines[1][6]
    assert "Clients are told nothing" in found.follow("Import now").main
    running = (
        found.press("Yes, import now", at="run")
        if "Yes, import now" in found.buttons()
        else found.press("Import now", at="run")
    )
    assert "Under way" in running.main
    part = office.browser.get(running.path, headers={"HX-Request": "true"}).text
    assert "<main" not in part
    assert "0 of 3" in part
    tasks.bring_in(app)
    db.session.rollback()
    done = office.get(running.path)
    assert "Imported" in done.main
    assert "Kai &lt;b&gt; Noor" in done.html
    assert db.session.scalar(sa.select(Client.last_name).where(Client.email == "ida@example.com")) == "Lind"
    assert db.session.scalar(sa.select(ImportMapping.name)) == "Old program"
    undoing = done.press("Undo it", at="undo")
    assert "Being undone" in undoing.main
    tasks.bring_in(app)
    db.session.rollback()
    assert "Everything was taken back" in office.get(undoing.path).main
    assert not db.session.scalar(sa.select(Client.id).where(Client.email == "ida@example.com"))
    assert "import of old" in office.get("/admin/log/").text
    with statements() as few:
        office.get("/admin/imports/")
    upload(office)
    upload(office)
    with statements() as many:
        office.get("/admin/imports/")
    assert len(few) == len(many)


@pytest.mark.covers("S6")
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "nothing in this file"),
        (b"%PDF-1.4 hello", "no CSV"),
        (b"PK\x03\x04rest", "Excel"),
        (bytes(range(256)) * 40, "no CSV"),
        (b"Name,Email\r\n", "no row below"),
        (b"a," * 300 + b"b\r\n1", "200 columns"),
        (b"x" * 1_100_000, "no CSV"),
    ],
)
def test_what_is_no_list_is_refused_with_a_sentence(office, cast, data, said):
    answer = upload(office, data)
    assert answer.status_code == 422
    assert said in answer.text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ImportRun)) == 0


def test_odd_requests(office, manager, cast):
    manager.get("/admin/imports/", 403)
    assert not manager.get("/admin/").has_link("/admin/imports/")
    assert office.get("/admin/").has_link("/admin/imports/")
    assert "First name" in office.get("/admin/imports/template/clients.csv").html
    office.get("/admin/imports/template/nothing.csv", 404)
    office.get("/admin/imports/AAAAAAAAAAAA/", 404)
    assert upload(office, kind="dragons").status_code == 422
    answer = upload(office, "Naam;Ort\r\nÄnne Groß;Köln\r\n".encode("cp1252"))
    page = office.get(answer.headers["Location"])
    assert "Änne Groß" in page.main
    again = page.press("Look again", encoding="mac_roman")
    assert "Änne" not in again.main
    stale = page.press("Check every row")
    assert "Somebody changed this import" in stale.text
    refused = again.press("Check every row", **{"column-first_name": "", "column-full_name": "99999999999999999999"})
    assert refused.status == 422
    assert "Choose the column" in refused.main
    used = again.press("Use it", use="pet_sitter_plus", encoding="cp1252")
    assert "Pet Sitter Plus style" in used.main
    dropped = used.press("Call it off")
    assert state() is ImportState.DROPPED
    assert "Called off" in dropped.text
