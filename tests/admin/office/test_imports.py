"""Imports in the back office: a file is sent, matched, checked, brought in, followed and undone."""

import csv
import io
import zipfile

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


def test_what_is_missing_is_said_at_once(office):
    answer = office.get("/admin/imports/").press("Upload and look", kind="")
    assert answer.status == 422
    assert "Choose what the rows are. Choose a file." in answer.main
    assert "Choose a file." not in upload(office, kind="").text.split("ui-problems")[1].split("</div>")[0]


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
    tasks.orders.bring_in(app)
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
    tasks.orders.bring_in(app)
    db.session.rollback()
    done = office.get(running.path)
    assert "Imported" in done.main
    assert "Kai &lt;b&gt; Noor" in done.html
    assert db.session.scalar(sa.select(Client.last_name).where(Client.email == "ida@example.com")) == "Lind"
    assert db.session.scalar(sa.select(ImportMapping.name)) == "Old program"
    undoing = done.press("Undo it", at="undo")
    assert "Being undone" in undoing.main
    tasks.orders.bring_in(app)
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


def workbook(**sheets):
    """An Excel file with these sheets of rows."""
    named = "".join(f'<sheet name="{name}" r:id="r{n}"/>' for n, name in enumerate(sheets))
    links = "".join(f'<Relationship Id="r{n}" Target="worksheets/{n}.xml"/>' for n in range(len(sheets)))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", f'<workbook xmlns:r="x"><sheets>{named}</sheets></workbook>')
        archive.writestr("xl/_rels/workbook.xml.rels", f"<Relationships>{links}</Relationships>")
        for n, rows in enumerate(sheets.values()):
            cells = "".join("<row>" + "".join(f'<c t="str"><v>{c}</v></c>' for c in row) + "</row>" for row in rows)
            archive.writestr(f"xl/worksheets/{n}.xml", f"<worksheet><sheetData>{cells}</sheetData></worksheet>")
    return out.getvalue()


@pytest.mark.covers("S6")
def test_a_sheet_of_an_excel_file_is_chosen(app, office, cast):
    people = [["Forename", "Surname", "Email"], ["Ida", "Lind", "ida@example.com"]]
    more = [["Surname", "First name"], ["Marsh", "Jo"], ["Noor", "Kai; Bo"]]
    book = workbook(Notes=[], Clients=people, Heads=[["Forename"]], Leads=more)
    page = office.get(upload(office, book, "all.xlsx").headers["Location"])
    assert "ida@example.com" in page.main
    chosen = page.fields(page.path + "match")
    assert chosen["sheet"] == "1"
    assert not {"encoding", "delimiter"} & set(chosen)
    for place, said in (
        ("0", "There is nothing on the sheet “Notes”"),
        ("2", "a head on the sheet “Heads”, but no row"),
    ):
        refused = page.press("Check every row", sheet=place)
        assert refused.status == 422
        assert said in refused.main
        assert refused.fields(page.path + "match")["sheet"] == place
    # what was not looked at yet is not checked, whichever button was pressed
    other = page.press("Check every row", sheet="3")
    assert "Jo, Kai; Bo" in other.main
    assert state() is ImportState.MATCHING
    db.session.rollback()
    same = other.press("Look again", sheet="99", encoding="utf-16")
    checking = same.press("Check every row")
    assert state() is ImportState.CHECKING
    db.session.rollback()
    tasks.orders.bring_in(app)
    db.session.rollback()
    assert "2 new" in office.get("/admin/imports/").main
    runs = db.session.scalars(sa.select(ImportRun)).all()
    assert [(r.n_rows, r.n_new, r.n_errors) for r in runs] == [(2, 2, 0)]
    db.session.rollback()
    assert "Marsh" in office.get(checking.path).main
    answer = upload(office, workbook(Notes=[], More=[]), "none.xlsx")
    assert answer.status_code == 422
    assert "There is nothing on the sheet “Notes”" in answer.text


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
