"""D3, D4: photos and documents as values of fields: sent with the page, kept when it comes back, taken away."""

import datetime as dt
import io
import re

import pytest
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from foundation import clock
from foundation.db import db
from models import Activity, FieldKind, FieldProposal, FilePurpose, Notification, StoredFile
from tests import factories as make
from tests.databases import count
from tests.portal.conftest import Page
from tests.sent_files import PDF, picture
from ui_kit import uploading
from ui_kit.files import MAX_BYTES
from workflows import field_files, field_proposals, field_values, uploads
from workflows.errors import Invalid

pytestmark = pytest.mark.covers("D3", "D4")


@pytest.fixture
def photos(cast):
    """A page with a photo and a document."""
    return make.field_section(make.field_page(name="Photos"))


@pytest.fixture
def gate(photos):
    return make.custom_field(photos, label="The gate", kind=FieldKind.IMAGE)


@pytest.fixture
def plan(photos):
    return make.custom_field(photos, label="The plan", kind=FieldKind.FILE)


def url(section, more=""):
    return f"/portal/your-data/{section.page.public_id}{more}"


def send(alice, section, **values):
    """Fill in the page: texts as they are, files as (bytes, name)."""
    data = alice.get(url(section, "/edit")).form(url(section)).filled()
    for name, value in values.items():
        data[name] = [(io.BytesIO(value[0]), value[1]) if isinstance(value, tuple) else value]
    return Page(alice.browser.post(url(section), data=data, content_type="multipart/form-data"))


def held(owner, field):
    return field_values.read(owner).of(field)


def test_a_photo_and_a_document_are_sent_shown_replaced_and_taken_away(walk, cast, photos, gate, plan):
    alice = walk(cast.alice)
    sent = send(alice, photos, **{f"f-{gate.public_id}": (picture(), "../gate.png"), f"f-{plan.public_id}": (PDF, "plan.pdf")})  # fmt: skip
    assert sent.status == 303
    first, document = held(cast.alice, gate), held(cast.alice, plan)
    assert (first.media_type, first.client_id, first.pet_id, first.purpose) == ("image/webp", cast.alice.id, None, FilePurpose.FIELD)  # fmt: skip
    assert document.name == "plan.pdf"
    page = alice.get(url(photos))
    assert f"/portal/files/{first.public_id}/thumb" in page.html
    assert f"/portal/files/{document.public_id}/download" in page.links()
    assert alice.browser.get(f"/portal/files/{first.public_id}/thumb").status_code == 200
    assert walk(cast.bob).browser.get(f"/portal/files/{first.public_id}/thumb").status_code == 404
    (line,) = db.session.query(Activity).filter_by(verb="client.changed")
    assert line.facts["changes"] == {"The gate": ["", first.name], "The plan": ["", "plan.pdf"]}
    assert count(Notification) == 1
    # Sent again without choosing anything, all stays.
    assert send(alice, photos).status == 303
    assert (held(cast.alice, gate), held(cast.alice, plan)) == (first, document)
    send(alice, photos, **{f"f-{gate.public_id}": (picture(), "new.png")})
    assert held(cast.alice, gate) is not first
    assert first.removed_at is not None
    send(alice, photos, **{f"drop-{plan.public_id}": "yes"})
    assert (held(cast.alice, plan), document.removed_at is None) == (None, False)


def test_a_refusal_elsewhere_keeps_the_file_and_a_bad_file_is_named(walk, cast, photos, gate, plan):
    door = make.custom_field(photos, label="Door", is_required=True)
    alice = walk(cast.alice)
    page = send(alice, photos, **{f"f-{gate.public_id}": (picture(), "gate.png"), f"f-{door.public_id}": ""})
    assert (page.status, "gate" in page.text, held(cast.alice, gate)) == (422, True, None)
    kept = page.form(url(photos)).filled()[f"kept-{gate.public_id}"]
    alice.press(page, url(photos), **{f"f-{door.public_id}": "blue", f"f-{gate.public_id}": None})
    assert [held(cast.alice, gate).public_id] == kept
    page = send(alice, photos, **{f"f-{gate.public_id}": (b"<svg onload=alert(1)>", "x.svg"), f"f-{door.public_id}": "red"})  # fmt: skip
    assert (page.status, "The gate" in page.text) == (422, True)
    assert page.form(url(photos)).filled()[f"f-{door.public_id}"] == ["red"]
    assert held(cast.alice, door) == "blue"


def test_nobody_puts_another_one_s_file_into_a_field(walk, cast, photos, gate, plan):
    facts = {"purpose": FilePurpose.FIELD, "media_type": "image/webp"}
    others = [make.stored_file(cast.bob, **facts), make.stored_file(cast.alice, pet=cast.mochi, **facts), make.stored_file(cast.alice)]  # fmt: skip
    alice = walk(cast.alice)
    for file in others:
        page = send(alice, photos, **{f"kept-{gate.public_id}": file.public_id})
        assert (page.status, held(cast.alice, gate)) == (422, None)


def test_a_pet_s_file_belongs_to_the_pet(walk, cast):
    section = make.field_section(make.field_page("pet"))
    chip = make.custom_field(section, kind=FieldKind.FILE)
    alice = walk(cast.alice)
    path = f"/portal/your-data/pets/{cast.mochi.public_id}/{section.page.public_id}"
    data = alice.get(f"{path}/edit").form(path).filled()
    data[f"f-{chip.public_id}"] = [(io.BytesIO(picture()), "chip.png")]
    assert alice.browser.post(path, data=data, content_type="multipart/form-data").status_code == 303
    assert (held(cast.mochi, chip).pet_id, held(cast.mochi, chip).client_id) == (cast.mochi.id, cast.alice.id)


@pytest.mark.covers("P8")
def test_while_uploads_are_off_files_stay_as_they_are(walk, cast, photos, gate, plan, change_settings):
    door = make.custom_field(photos, label="Door")
    alice = walk(cast.alice)
    send(alice, photos, **{f"f-{gate.public_id}": (picture(), "gate.png")})
    file = held(cast.alice, gate)
    change_settings({"portal.upload": False})
    form = alice.get(url(photos, "/edit"))
    assert 'type="file"' not in form.html
    mine = {f"seen-{gate.public_id}": "x", f"kept-{gate.public_id}": "", f"f-{gate.public_id}": (picture(), "x.png")}
    send(alice, photos, **{**mine, f"f-{door.public_id}": "blue"})
    assert (held(cast.alice, gate), file.removed_at, held(cast.alice, door)) == (file, None, "blue")
    door.retired_at = clock.now()
    assert alice.get(url(photos, "/edit")).status == 404


def test_too_large_a_form_comes_back_with_a_sentence(walk, cast, photos, gate, plan):
    alice = walk(cast.alice)
    answer = alice.browser.post(
        url(photos),
        content_type="multipart/form-data; boundary=x",
        headers={"X-CSRFToken": alice.token()},
        environ_overrides={"wsgi.input": io.BytesIO(b""), "CONTENT_LENGTH": str(100 * 2**20)},
    )
    assert (answer.status_code, "Nothing was saved." in answer.text) == (413, True)
    assert f'action="{url(photos)}"' in answer.text


def test_of_a_form_that_is_large_nothing_typed_is_lost(walk, cast, photos, gate, plan):
    """Beyond what other forms may hold, one file is too large: it is named, the other one and the text are there."""
    story = make.custom_field(photos, label="Story")
    alice = walk(cast.alice)
    data = MultiDict(alice.get(url(photos, "/edit")).form(url(photos)).filled())
    for key, value in (
        (story, "The door sticks"),
        (plan, FileStorage(io.BytesIO(b"%PDF-1.7\n" + b" " * (18 * 2**20)), "all.pdf")),
        (gate, FileStorage(io.BytesIO(picture()), "gate.png")),
    ):
        data.setlist(f"f-{key.public_id}", [value])
    boundary, body = encode_multipart(data)
    kind = f"multipart/form-data; boundary={boundary}"
    answer = Page(alice.browser.post(url(photos), content_type=kind, data=body))
    assert (answer.status, "larger than 15 MB" in answer.text) == (422, True)
    assert 'value="The door sticks"' in answer.html
    assert "gate.webp" in answer.text
    alice.press(answer, url(photos), **{f"f-{plan.public_id}": None, f"f-{gate.public_id}": None})
    assert (held(cast.alice, story), held(cast.alice, gate).name) == ("The door sticks", "gate.webp")


def test_the_script_knows_how_much_the_server_takes(walk, cast, photos, gate):
    form = walk(cast.alice).get(url(photos, "/edit")).html
    (most, room) = (int(re.search(rf'data-{name}="(\d+)"', form)[1]) for name in ("most", "room"))
    assert most == uploads.MAX_BYTES == MAX_BYTES
    assert room == uploading.ROOM - 4 * 2**20


def test_a_file_that_needs_approval_waits_with_its_proposal(walk, cast, photos, gate, plan):
    gate.needs_approval = True
    alice = walk(cast.alice)
    send(alice, photos, **{f"f-{gate.public_id}": (picture(), "gate.png")})
    wish = db.session.query(FieldProposal).one()
    assert held(cast.alice, gate) is None
    assert "Waiting for approval" in alice.get(url(photos)).text
    assert send(alice, photos).status == 303  # nothing chosen anew: the same still waits
    assert db.session.query(FieldProposal).one() is wish
    field_proposals.accept(wish, actor=cast.as_max)
    assert held(cast.alice, gate).name.startswith("gate")


def test_two_who_change_the_same_photo_choose_one(walk, cast, photos, gate, plan):
    one, two = walk(cast.alice), walk(cast.alice)
    data = two.get(url(photos, "/edit")).form(url(photos)).filled()
    send(one, photos, **{f"f-{gate.public_id}": (picture(), "first.png")})
    data[f"f-{gate.public_id}"] = [(io.BytesIO(picture()), "second.png")]
    page = Page(two.browser.post(url(photos), data=data, content_type="multipart/form-data"))
    assert (page.status, "first" in page.text, "second" in page.text) == (409, True, True)
    two.press(page, url(photos), **{f"f-{gate.public_id}": None})
    assert held(cast.alice, gate).name.startswith("second")


def test_files_of_pages_that_were_never_saved_go_after_a_day(walk, cast, photos, gate, plan, clock_at):
    facts = {"purpose": FilePurpose.FIELD, "media_type": "image/webp"}
    used, wished, lost = (make.stored_file(cast.alice, **facts) for _ in range(3))
    upload = make.stored_file(cast.alice)
    make.field_value(gate, cast.alice, text=None, file_id=used.id)
    make.field_proposal(plan, cast.alice, facts={"new": wished.public_id})
    db.session.commit()
    assert field_files.forget_unused() == 0
    clock_at(clock.now() + dt.timedelta(days=1, minutes=1))
    new = make.stored_file(cast.alice, **facts)
    assert field_files.forget_unused() == 1
    db.session.commit()
    db.session.expire_all()
    assert [f.removed_at is None for f in (used, wished, lost, upload, new)] == [True, True, False, True, True]


def test_a_household_has_room_for_so_many(cast, gate, monkeypatch):
    monkeypatch.setattr(field_files, "MAX_FILES", 1)
    make.stored_file(cast.alice, purpose=FilePurpose.FIELD)
    with pytest.raises(Invalid, match="too many files"):
        field_files.keep({"x": None}, owner=cast.alice, actor=cast.as_alice)
    assert count(StoredFile) == 1
