"""S8 in the office: a client's data as a file, and the page that erases it."""

import datetime as dt
import io
import json
import zipfile

import pytest

from foundation.db import db
from models import Job, JobState
from tests import factories as make
from tests.databases import count

pytestmark = pytest.mark.covers("S8")


def test_the_file_is_a_zip_with_the_clients_data_and_leaves_a_line_in_the_log(office, cast):
    make.client_contact(cast.alice, "Kim Clark")
    page = office.get(office.get(f"/admin/client/{cast.alice.id}/").link("Export or erase"))
    assert "Save as a file" in page.buttons()
    answer = office.browser.post(f"{page.path}export", data={"csrf_token": office.token()})
    assert (answer.status_code, answer.mimetype, answer.headers["Cache-Control"]) == (
        200,
        "application/zip",
        "no-store",
    )
    assert answer.headers["Content-Disposition"] == 'attachment; filename="client-4417209318.zip"'
    data = json.loads(zipfile.ZipFile(io.BytesIO(answer.data)).read("data.json"))
    assert [c["name"] for c in data["client_contact"]] == ["Kim Clark"]
    assert "Bob Baker" not in json.dumps(data)
    assert "saved everything about this client as a file" in office.get(f"/admin/client/{cast.alice.id}/?tab=log").main


def test_erasing_asks_for_the_account_number_and_shows_what_is_left(office, cast):
    done = make.job(cast.alice, cast.walk, pets=[cast.biscuit], on_date=dt.date(2026, 10, 1), state=JobState.COMPLETED)  # fmt: skip
    page = office.get(f"/admin/client-data/{cast.alice.id}/").follow("Erase for good")
    assert "Type the account number 4417 209 318" in page.main
    wrong = page.press("Erase for good", typed="441720931")
    assert (wrong.status, 'value="441720931"' in wrong.html) == (422, True)
    after = wrong.press("Erase for good", typed="4417 209 318")
    assert "Erased client" in after.main
    assert "Alice" not in after.html
    assert "Alice" not in office.get(f"/admin/visit/{done.id}/").html
    for tab in ("details", "schedule", "requests", "messages", "files", "log"):
        assert "Alice" not in office.get(f"/admin/client/{cast.alice.id}/?tab={tab}").html
    again = office.get(f"/admin/client-data/{cast.alice.id}/")
    assert "were erased already" in again.main
    assert "Erase for good" not in again.html


def test_with_visits_ahead_the_way_is_not_open(office, cast):
    make.job(cast.alice, cast.walk)
    page = office.get(f"/admin/client-data/{cast.alice.id}/")
    assert "There are visits ahead. Cancel them first." in page.main
    assert "Visits ahead of Alice Archer" in page.follow("Visits ahead").main
    token = office.token()
    data = {"csrf_token": token, "typed": cast.alice.account_number}
    assert "visits ahead" in office.send(f"/admin/client-data/{cast.alice.id}/erasure", data).text
    db.session.refresh(cast.alice)
    assert (cast.alice.first_name, count(Job, Job.client_id == cast.alice.id)) == ("Alice", 1)


def test_managers_do_not_erase(manager, cast):
    page = manager.get(f"/admin/client-data/{cast.alice.id}/")
    assert ("Save as a file" in page.main, "Erase" in page.main) == (True, False)
    manager.get(f"/admin/client-data/{cast.alice.id}/erasure", 403)
