"""Files: kept with their row, replaced, taken away; told to the office; the bytes deleted only after the commit."""

import datetime as dt
import hashlib
import os

import pytest
import sqlalchemy as sa

from application import tasks
from foundation import clock, storage
from foundation.db import db
from models import Activity, Client, FilePurpose, Notification, NotificationKind, Pet, StoredFile
from tests import factories as make
from tests import sent_files as sent
from workflows import files
from workflows.actors import client_actor, staff_as_client
from workflows.errors import Invalid, NotAllowed
from workflows.uploads import Upload, photo, photo_or_document


def checked(name="plan.pdf", data=sent.PDF):
    return photo_or_document(Upload(name, data))


def a_photo(color=sent.RED):
    return photo(Upload("Biscuit.jpg", sent.picture("JPEG", size=(400, 200), color=color)))


def in_store(app):
    """What lies in the store, of every age."""
    later = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    return {k for k in storage.here().keys(before=later) if k.startswith("files/")}


@pytest.fixture(autouse=True)
def empty_store(app):
    storage.use(app.extensions["store"])
    for key in in_store(app):
        storage.here().delete(key)


def run(app, task):
    """A task as the worker runs it, beside a session of ours that holds nothing."""
    db.session.commit()
    try:
        return task(app)
    finally:
        db.session.expire_all()


def count(*where):
    return db.session.scalar(sa.select(sa.func.count()).select_from(StoredFile).where(*where))


# --------------------------------------------------------------------------------------------------------- uploads


@pytest.mark.covers("D4")
def test_an_upload_is_kept_with_what_is_known_of_it(app, cast):
    pdf, picture = files.upload([checked(), checked("a.png", sent.picture(size=(400, 200)))], client=cast.alice, actor=cast.as_alice, pet=cast.biscuit, note=" Insulin\nplan ")  # fmt: skip
    assert (pdf.name, pdf.purpose, pdf.client, pdf.pet, pdf.note, pdf.media_type) == ("plan.pdf", FilePurpose.UPLOAD, cast.alice, cast.biscuit, "Insulin plan", "application/pdf")  # fmt: skip
    assert (pdf.n_bytes, pdf.sha256, pdf.thumbnail_key) == (len(sent.PDF), hashlib.sha256(sent.PDF).hexdigest(), None)
    assert storage.here().read(pdf.key) == sent.PDF
    assert (picture.name, picture.media_type, picture.width, picture.height) == ("a.webp", "image/webp", 400, 200)
    assert in_store(app) == {pdf.key, picture.key, picture.thumbnail_key}
    assert len(storage.here().read(picture.thumbnail_key)) < len(storage.here().read(picture.key))


def test_who_uploaded_is_kept(cast):
    login = make.client_login(cast.alice)
    (own,) = files.upload([checked()], client=cast.alice, actor=client_actor(cast.alice, login))
    (for_her,) = files.upload([checked()], client=cast.alice, actor=staff_as_client(cast.olivia, cast.alice))
    (by_office,) = files.upload([checked()], client=cast.alice, actor=cast.as_olivia)
    assert [(f.by_client_login_id, f.by_staff_id) for f in (own, for_her, by_office)] == [(login.id, None), (None, cast.olivia.id), (None, cast.olivia.id)]  # fmt: skip


@pytest.mark.covers("D4", "D6")
def test_files_that_come_one_by_one_are_one_line_on_home_and_each_a_line_of_the_log(cast, clock_at):
    for n in range(3):
        files.upload([checked(f"{n}.pdf")], client=cast.alice, actor=cast.as_alice, pet=cast.biscuit if n else None)
    line = db.session.scalars(sa.select(Notification)).one()
    assert (line.kind, line.client, line.facts) == (NotificationKind.FILES_UPLOADED, cast.alice, {"n": 3, "about": ["0.pdf", "1.pdf (Biscuit)", "2.pdf (Biscuit)"]})  # fmt: skip
    logged = db.session.scalars(sa.select(Activity).where(Activity.verb == "file.uploaded")).all()
    assert [(a.facts, a.client_id) for a in logged] == [({"n_lines": 1, "lines": [f"{n}.pdf"]}, cast.alice.id) for n in range(3)]  # fmt: skip
    files.upload([checked("bob.pdf")], client=cast.bob, actor=cast.as_bob)
    clock_at("2026-11-23 10:16")
    files.upload([checked("later.pdf")], client=cast.alice, actor=cast.as_alice)
    lines = db.session.scalars(sa.select(Notification).order_by(Notification.id)).all()
    assert [x.facts["about"][-1] for x in lines] == ["2.pdf (Biscuit)", "bob.pdf", "later.pdf"]


def test_a_long_batch_names_some_and_counts_all(cast):
    files.upload([checked(f"{n}.pdf") for n in range(12)], client=cast.alice, actor=cast.as_alice)
    files.upload([checked("one more.pdf")], client=cast.alice, actor=cast.as_alice)
    facts = db.session.scalars(sa.select(Notification)).one().facts
    assert facts == {"n": 13, "about": [*(f"{n}.pdf" for n in range(8)), "…"]}


def test_a_dismissed_line_is_not_joined(cast):
    files.upload([checked()], client=cast.alice, actor=cast.as_alice)
    db.session.scalars(sa.select(Notification)).one().dismissed_at = clock.now()
    files.upload([checked()], client=cast.alice, actor=cast.as_alice)
    assert len(db.session.scalars(sa.select(Notification)).all()) == 2


def test_what_the_office_keeps_is_no_news_to_it(cast):
    files.upload([checked()], client=cast.alice, actor=cast.as_olivia)
    assert db.session.scalars(sa.select(Notification)).all() == []


@pytest.mark.covers("D4")
def test_nobody_uploads_for_others(app, cast):
    for actor in (cast.as_bob, cast.as_sam, staff_as_client(cast.olivia, cast.bob)):
        with pytest.raises(NotAllowed):
            files.upload([checked()], client=cast.alice, actor=actor)
        with pytest.raises(NotAllowed):
            files.set_pet_photo(cast.biscuit, a_photo(), actor=actor)
        with pytest.raises(NotAllowed):
            files.remove_pet_photo(cast.biscuit, actor=actor)
    bobs = cast.bob.pets[0] if cast.bob.pets else make.pet(cast.bob, "Rex")
    with pytest.raises(Invalid, match="Choose one of the pets"):
        files.upload([checked()], client=cast.alice, actor=cast.as_alice, pet=bobs)
    db.session.rollback()
    assert (count(), in_store(app)) == (0, set())


def test_an_upload_without_files_or_with_a_long_note_is_refused(cast):
    with pytest.raises(Invalid, match="Choose at least one file"):
        files.upload([], client=cast.alice, actor=cast.as_alice)
    with pytest.raises(Invalid) as refused:
        files.upload([checked()], client=cast.alice, actor=cast.as_alice, note="x" * 256)
    assert (refused.value.code, refused.value.field, count()) == ("note_long", "note", 0)


def test_a_household_has_room_for_so_many_files_and_bytes(cast, monkeypatch):
    monkeypatch.setattr(files, "MAX_FILES", 2)
    files.upload([checked()], client=cast.alice, actor=cast.as_alice)
    with pytest.raises(Invalid, match="no room"):
        files.upload([checked(), checked()], client=cast.alice, actor=cast.as_alice)
    files.upload([checked()], client=cast.alice, actor=cast.as_alice)
    assert count() == 2
    files.remove(db.session.scalars(sa.select(StoredFile)).first(), actor=cast.as_alice)
    monkeypatch.setattr(files, "MAX_TOTAL", 2 * len(sent.PDF) - 1)
    with pytest.raises(Invalid, match="no room"):
        files.upload([checked()], client=cast.alice, actor=cast.as_alice)
    files.upload([checked()], client=cast.bob, actor=cast.as_bob)


# ------------------------------------------------------------------------------------------------------ pet photos


@pytest.mark.covers("D2", "D4")
def test_a_pet_has_one_photo_and_a_new_one_takes_its_place(cast):
    first = files.set_pet_photo(cast.biscuit, a_photo(), actor=cast.as_alice)
    second = files.set_pet_photo(cast.biscuit, a_photo((0, 0, 200)), actor=cast.as_alice)
    db.session.commit()
    db.session.expire_all()
    assert (cast.biscuit.photo, first.removed_at, second.removed_at) == (second, clock.now(), None)
    verbs = db.session.scalars(sa.select(Activity.verb).order_by(Activity.id)).all()
    assert verbs == ["file.photo_set", "file.photo_set"]
    assert db.session.scalars(sa.select(Notification)).one().facts["about"] == ["Biscuit.webp (Biscuit)"] * 2


def test_a_photo_can_be_taken_away_and_twice_is_once(cast):
    files.set_pet_photo(cast.biscuit, a_photo(), actor=cast.as_alice)
    assert [files.remove_pet_photo(cast.biscuit, actor=cast.as_alice) for _ in range(2)] == [True, False]
    db.session.expire_all()
    assert cast.biscuit.photo is None
    verbs = db.session.scalars(sa.select(Activity.verb).order_by(Activity.id)).all()
    assert verbs == ["file.photo_set", "file.photo_removed"]


@pytest.mark.covers("D2")
def test_six_devices_that_set_the_photo_at_once_leave_one(app, cast, together):
    pet_id, pictures = cast.biscuit.id, [a_photo((40 * n, 0, 0)) for n in range(6)]

    def set_it(picture):
        pet = db.session.get(Pet, pet_id)
        return files.set_pet_photo(pet, picture, actor=client_actor(pet.client)).id

    kept = together(*[lambda p=p: set_it(p) for p in pictures])
    assert len(set(kept)) == 6
    here = db.session.scalars(sa.select(StoredFile.id).where(StoredFile.removed_at.is_(None))).all()
    assert len(here) == 1
    assert count() == 6
    run(app, tasks.tidying.forget_removed_files)
    assert len(in_store(app)) == 2


def test_six_batches_at_once_are_one_line_on_home(app, cast, together):
    alice_id, papers = cast.alice.id, [checked(f"{n}.pdf") for n in range(6)]

    def send(paper):
        client = db.session.get(Client, alice_id)
        return files.upload([paper], client=client, actor=client_actor(client))[0].id

    together(*[lambda p=p: send(p) for p in papers])
    facts = db.session.scalars(sa.select(Notification)).one().facts
    assert (facts["n"], set(facts["about"])) == (6, {f"{n}.pdf" for n in range(6)})


# ----------------------------------------------------------------------------------------------------------- forms


@pytest.mark.covers("D4")
def test_the_office_gives_a_form_to_one_client_or_to_all(cast):
    one = files.add_form(checked("contract.pdf"), actor=cast.as_olivia, client=cast.alice, note="Sign it")
    for_all = files.add_form(checked("rules.pdf"), actor=cast.as_max, client=None)
    assert [(f.purpose, f.client, f.note, f.by_staff) for f in (one, for_all)] == [(FilePurpose.FORM, cast.alice, "Sign it", cast.olivia), (FilePurpose.FORM, None, "", cast.max)]  # fmt: skip
    logged = db.session.scalars(sa.select(Activity).order_by(Activity.id)).all()
    assert [(a.verb, a.client_id, a.facts) for a in logged] == [("file.form_added", cast.alice.id, {"name": "contract.pdf"}), ("file.form_added", None, {"name": "rules.pdf"})]  # fmt: skip


def test_nobody_else_gives_forms(cast):
    for actor in (cast.as_alice, cast.as_sam, staff_as_client(cast.olivia, cast.alice)):
        with pytest.raises(NotAllowed):
            files.add_form(checked(), actor=actor, client=cast.alice)
    assert count() == 0


# ------------------------------------------------------------------------------------------------------- taking away


@pytest.mark.covers("D4")
def test_a_file_that_is_taken_away_is_gone_for_all_and_its_bytes_only_after_the_commit(app, cast):
    (file,) = files.upload([checked()], client=cast.alice, actor=cast.as_alice)
    key = file.key
    db.session.commit()
    assert [files.remove(file, actor=cast.as_alice) for _ in range(2)] == [True, False]
    assert storage.here().read(key) == sent.PDF
    db.session.rollback()
    assert (run(app, tasks.tidying.forget_removed_files), storage.here().read(key)) == (0, sent.PDF)
    files.remove(db.session.scalars(sa.select(StoredFile)).one(), actor=cast.as_alice)
    db.session.commit()
    assert storage.here().read(key) == sent.PDF
    assert [run(app, tasks.tidying.forget_removed_files) for _ in range(2)] == [1, 0]
    assert (storage.here().read(key), count()) == (None, 0)
    verbs = db.session.scalars(sa.select(Activity.verb).order_by(Activity.id)).all()
    assert verbs == ["file.uploaded", "file.removed"]


def test_many_are_deleted_some_at_a_time(app, cast, monkeypatch):
    monkeypatch.setattr(files, "AT_ONCE", 2)
    files.upload([checked() for _ in range(5)], client=cast.alice, actor=cast.as_alice)
    assert files.remove_all_of(cast.alice) == 5
    db.session.commit()
    assert (run(app, tasks.tidying.forget_removed_files), in_store(app), count()) == (5, set(), 0)


def test_when_the_store_is_away_the_rows_wait(app, cast, monkeypatch):
    (file,) = files.upload([checked()], client=cast.alice, actor=cast.as_alice)
    files.remove(file, actor=cast.as_alice)
    db.session.commit()

    def away(key):
        raise storage.StoreAwayError("away")

    with monkeypatch.context() as patched:
        patched.setattr(storage.here(), "delete", away)
        with pytest.raises(storage.StoreAwayError):
            run(app, tasks.tidying.forget_removed_files)
    assert count() == 1
    assert (run(app, tasks.tidying.forget_removed_files), in_store(app)) == (1, set())


@pytest.mark.parametrize("purpose", [FilePurpose.FORM, FilePurpose.FIELD, FilePurpose.CERTIFICATE, FilePurpose.AGREEMENT])  # fmt: skip
def test_a_client_takes_away_own_uploads_only(cast, purpose):
    file = files.keep(checked(), actor=cast.as_olivia, purpose=purpose, client=cast.alice)
    with pytest.raises(NotAllowed):
        files.remove(file, actor=cast.as_alice)
    assert file.removed_at is None


def test_nobody_takes_away_what_is_others(cast):
    (upload,) = files.upload([checked()], client=cast.alice, actor=cast.as_alice)
    for_all = files.add_form(checked(), actor=cast.as_olivia, client=None)
    for actor, file in ((cast.as_bob, upload), (cast.as_sam, upload), (cast.as_sam, for_all), (cast.as_alice, for_all), (staff_as_client(cast.olivia, cast.alice), for_all)):  # fmt: skip
        with pytest.raises(NotAllowed):
            files.remove(file, actor=actor)
    assert count(StoredFile.removed_at.is_not(None)) == 0


def test_the_office_takes_away_forms_and_uploads_but_no_copies_of_agreements(cast):
    (upload,) = files.upload([checked()], client=cast.alice, actor=cast.as_alice)
    form = files.add_form(checked(), actor=cast.as_olivia, client=cast.alice)
    assert [files.remove(f, actor=cast.as_olivia) for f in (upload, form)] == [True, True]
    copy = files.keep(checked(), actor=cast.as_olivia, purpose=FilePurpose.AGREEMENT, client=cast.alice)
    with pytest.raises(NotAllowed):
        files.remove(copy, actor=cast.as_olivia)


def test_a_record_discards_its_own_file(cast):
    file = files.keep(checked(), actor=cast.as_alice, purpose=FilePurpose.FIELD, client=cast.alice)
    files.discard(file)
    db.session.expire_all()
    assert (file.removed_at, db.session.scalars(sa.select(Activity)).all()) == (clock.now(), [])


# --------------------------------------------------------------------------------------------------------- leftovers


def aged(app, key):
    """As if it had been put two days before the stopped clock."""
    then = clock.now().timestamp() - 2 * 86400
    os.utime(app.extensions["store"].root / key, (then, then))
    return key


def test_what_a_rolled_back_transaction_left_is_deleted_a_day_later(app, cast):
    (kept,) = files.upload([checked("a.png", sent.picture())], client=cast.alice, actor=cast.as_alice)
    db.session.commit()
    (lost,) = files.upload([checked()], client=cast.alice, actor=cast.as_alice)
    lost_key = lost.key
    db.session.rollback()
    logo = storage.here().put(b"logo", folder="logos", suffix="webp")
    for key in (kept.key, kept.thumbnail_key, logo):
        aged(app, key)
    os.utime(app.extensions["store"].root / lost_key, (clock.now().timestamp() - 3600,) * 2)
    run(app, tasks.tidying.clean_up)
    assert lost_key in in_store(app)
    aged(app, lost_key)
    run(app, tasks.tidying.clean_up)
    assert in_store(app) == {kept.key, kept.thumbnail_key}
    assert storage.here().read(logo) == b"logo"


def test_a_database_that_knows_next_to_no_file_deletes_none(app, cast, caplog):
    keys = {aged(app, storage.here().put(b"x", folder="files", suffix="pdf")) for _ in range(11)}
    with pytest.raises(Invalid, match="11 of 11 stored files have no row"):
        files.forget_orphans()
    assert in_store(app) == keys
    make.stored_file(cast.alice, key=keys.pop())
    assert files.forget_orphans() == 10
