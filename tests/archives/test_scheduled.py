"""Backups by themselves: made when due, sealed, pruned, read again, restored on the other database; failures are told."""

import datetime as dt
import zipfile

import pytest
import sqlalchemy as sa

from application import tasks
from foundation import clock, sealed_files, sealing
from foundation.db import db
from foundation.storage import LocalStore, StoreAwayError
from models import Activity, OutboxMail, Sign
from tests import factories
from workflows import backups, condition, outbox, settings
from workflows.archiving import shelf
from workflows.mail_facts import MailKind

pytestmark = pytest.mark.covers("S6")


@pytest.fixture
def key():
    """A key for backups; none afterwards."""
    sealed_files.use_keys([sealing.new_key()])
    yield
    sealed_files.use_keys([])


@pytest.fixture
def place(app, monkeypatch, tmp_path):
    """An empty folder where the backups go."""
    store = LocalStore(tmp_path)
    monkeypatch.setitem(app.extensions, "backups", store)
    return tmp_path / "backups"


def run(app, task=tasks.backups.back_up, **more):
    db.session.rollback()
    return task(app, **({"should_stop": lambda: False} | more if task is tasks.backups.back_up else more))


def alive():
    condition.leave(Sign.WORKER)
    db.session.commit()


def files(place):
    return sorted(p.name for p in place.iterdir()) if place.exists() else []


def mails():
    return list(db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == MailKind.BACKUP_FAILED.value)))


def test_made_once_a_day_from_its_time_on_and_never_before_the_first_night(app, cast, place, clock_at):
    assert run(app) is False  # no worker has been seen yet
    alive()
    assert run(app) is False  # 2:15 of today was before it came
    clock_at("2026-11-24 02:14")
    assert run(app) is False
    clock_at("2026-11-24 02:15")
    assert (run(app), run(app)) == (True, False)
    assert files(place) == ["latchkey-20261124-071500.zip"]
    clock_at("2026-11-26 18:00")  # the machine was off: made as soon as it is on
    assert (run(app), run(app)) == (True, False)
    settings.change({"backups.at": ""}, actor=cast.as_olivia)
    db.session.commit()
    clock_at("2026-11-29 18:00")
    assert run(app) is False
    sign = condition.signs()[Sign.BACKUP]
    assert (sign.facts["name"], sign.facts["is_sealed"]) == ("latchkey-20261126-230000.zip", False)
    assert sign.facts["n_bytes"] == (place / "latchkey-20261126-230000.zip").stat().st_size
    assert db.session.scalar(sa.select(sa.func.count()).where(Activity.verb == "backup.made")) == 2


def test_a_sealed_backup_is_restored_on_the_other_database(world, key, tmp_path, monkeypatch, clock_at):
    world.fill()
    monkeypatch.setitem(world.app.extensions, "backups", LocalStore(tmp_path))
    with world.app.app_context():
        alive()
    clock_at(clock.now() + dt.timedelta(days=1))
    before, stored = world.contents(without={"activity"}), world.files()
    assert run(world.app) is True
    assert run(world.app, tasks.backups.check_backup) is True
    (path,) = (tmp_path / "backups").iterdir()
    whole = path.read_bytes()
    assert (path.suffix, path.stat().st_mode & 0o077, zipfile.is_zipfile(path)) == (".lkb", 0, False)
    assert b"manifest" not in whole
    assert b"the plan" not in whole
    code, said = world.run("backups")
    assert (code, said) == (0, f"{path.name}\n")
    copy = tmp_path / "copy"
    assert world.run("backup-fetch", path.name, copy)[0] == 0
    assert (copy.read_bytes() == whole, world.run("backup-fetch", path.name, copy)[0]) == (True, 1)
    assert world.run("backup-fetch", "latchkey-20200101-000000.zip", tmp_path / "none")[0] == 1
    assert not (tmp_path / "none").exists()
    assert world.run("backup-check", copy)[0] == 0
    assert world.run("restore", copy, app=world.other)[0] == 0
    assert (world.contents(world.other, {"activity"}), world.files(world.other)) == (before, stored)


def test_a_sealed_backup_opens_with_its_key_alone_and_whole_alone(world, key, tmp_path):
    assert world.run("backup", tmp_path / "there")[0] == 0
    (path,) = (tmp_path / "there").iterdir()
    whole = path.read_bytes()
    empty = world.contents(world.other)
    for spoilt in (whole[:-1], whole[:-40_000], whole[:40], whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:]):
        path.write_bytes(spoilt)
        for command, app in (("backup-check", None), ("restore", world.other)):
            code, said = world.run(command, path, app=app)
            assert (code, said.startswith("Error: ")) == (1, True), said
    path.write_bytes(whole)
    sealed_files.use_keys([sealing.new_key()])
    code, said = world.run("restore", path, app=world.other)
    assert (code, "BACKUP_KEY" in said) == (1, True)
    assert world.contents(world.other) == empty


def test_what_fails_is_noted_told_once_a_day_and_tried_again_each_hour(app, cast, place, clock_at, monkeypatch):
    alive()
    clock_at("2026-11-24 02:15")
    assert run(app) is True
    good = files(place)
    clock_at("2026-11-25 02:15")

    def full(*_a, **_k):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(shelf.backup.making, "write", full)
        assert run(app) is False
        assert files(place) == good  # nothing half
        assert run(app) is False
        clock_at("2026-11-25 02:45")
        assert backups.is_due() is False
        clock_at("2026-11-25 03:15")
        assert run(app) is False
    sign = condition.signs()[Sign.BACKUP]
    assert (sign.is_well, sign.facts["name"], "No space left" in sign.facts["problem"]) == (False, good[0], True)
    (mail,) = mails()
    facts = MailKind.BACKUP_FAILED, mail.facts["is_check"], mail.facts["last_on"]
    assert (mail.to_address, *facts[1:]) == (cast.olivia.email, False, "2026-11-24")
    assert condition.troubles(actor=cast.as_olivia) == ["worker", "backup"]
    db.session.rollback()
    clock_at("2026-11-25 04:15")
    assert run(app) is True
    assert condition.signs()[Sign.BACKUP].is_well
    assert len(mails()) == 1


def test_a_worker_that_is_told_to_stop_leaves_nothing_and_begins_anew(app, cast, place, clock_at):
    alive()
    clock_at("2026-11-24 02:15")
    assert run(app, should_stop=lambda: True) is False
    assert (files(place), mails(), Sign.BACKUP in condition.signs()) == ([], [], False)
    assert run(app) is True


def test_the_newest_is_read_where_it_lies_once_and_each_day(app, cast, place, clock_at):
    assert run(app, tasks.backups.check_backup) is False  # there is none
    alive()
    clock_at("2026-11-24 02:15")
    run(app)
    clock_at("2026-11-24 02:20")
    assert [run(app, tasks.backups.check_backup) for _ in range(2)] == [True, False]
    found = condition.signs()[Sign.BACKUP_CHECK]
    assert (found.is_well, found.facts["name"], found.facts["n_rows"] > 10) == (True, files(place)[0], True)
    clock_at("2026-11-25 02:21")
    (path,) = place.iterdir()
    path.write_bytes(path.read_bytes()[:-30])
    assert run(app, tasks.backups.check_backup) is False
    assert condition.signs()[Sign.BACKUP_CHECK].is_well is False
    assert [m.facts["is_check"] for m in mails()] == [True]
    assert "backup_check" in condition.troubles(actor=cast.as_olivia)
    db.session.rollback()
    clock_at("2026-11-25 02:25")
    assert run(app) is True  # the next one is whole again
    clock_at("2026-11-25 02:30")
    assert run(app, tasks.backups.check_backup) is True


class Bucket(LocalStore):
    """A store that is no folder of ours: it takes streams, or does not."""

    is_away = False

    def __init__(self, root):
        self.inner = LocalStore(root)

    def take(self, stream, *, key):
        if self.is_away:
            raise StoreAwayError("nobody answers")
        self.inner.take(stream, key=key)

    def __getattribute__(self, name):
        if name in {"open", "keys", "delete", "read"}:
            return getattr(object.__getattribute__(self, "inner"), name)
        return object.__getattribute__(self, name)


def test_into_a_bucket_it_goes_when_it_is_whole(app, cast, clock_at, monkeypatch, tmp_path, key):
    bucket = type("Elsewhere", (), dict(vars(Bucket)) | {"is_away": True})(tmp_path)
    monkeypatch.setitem(app.extensions, "backups", bucket)
    alive()
    clock_at("2026-11-24 02:15")
    assert run(app) is False
    assert (shelf.names(bucket), "nobody answers" in condition.signs()[Sign.BACKUP].facts["problem"]) == ([], True)
    type(bucket).is_away = False
    clock_at("2026-11-24 03:15")
    assert run(app) is True
    assert shelf.names(bucket) == ["latchkey-20261124-081500.lkb"]
    assert run(app, tasks.backups.check_backup) is True


def test_what_is_kept(app):
    def name(day, hour=7, kind="zip"):
        return f"latchkey-202611{day:02}-{hour:02}1500.{kind}"

    there = [name(day) for day in range(1, 25)] + [name(24, 9, "lkb")]
    kept = shelf.to_keep(there, daily=3, weekly=3)
    #: Tuesday 24, Monday 23 and Sunday 22; of the weeks before this one and the last, the one before
    assert kept == {name(24, 9, "lkb"), name(23), name(22), name(15)}
    assert shelf.to_keep(there, daily=1, weekly=0) == {name(24, 9, "lkb")}
    assert shelf.to_keep(there[:1], daily=1, weekly=4) == {name(1)}
    assert shelf.to_keep([], daily=1, weekly=1) == set()


def test_others_files_are_left_alone_and_pruned_are_gone(app, cast, place, clock_at):
    place.mkdir()
    for name in ("latchkey-20250101-071500.zip", "latchkey-20250102-071500.zip", "notes.txt", "latchkey-of-mum.zip"):
        (place / name).write_bytes(b"x")
    settings.change({"backups.keep_daily": "1", "backups.keep_weekly": "2"}, actor=cast.as_olivia)
    alive()
    clock_at("2026-11-24 02:15")
    assert run(app) is True
    assert files(place) == [
        "latchkey-20250102-071500.zip", "latchkey-20261124-071500.zip", "latchkey-of-mum.zip", "notes.txt",
    ]  # fmt: skip


def test_a_clock_that_is_put_back_stops_neither_backups_nor_their_check(app, cast, place, clock_at):
    alive()
    clock_at("2028-01-01 09:00")  # by mistake
    assert (run(app), run(app, tasks.backups.check_backup)) == (True, True)
    clock_at("2026-11-24 09:00")
    assert (run(app), run(app)) == (True, False)
    assert [run(app, tasks.backups.check_backup) for _ in range(2)] == [True, False]
    clock_at("2028-01-01 09:00")
    backups.failed("full")
    db.session.commit()
    clock_at("2026-11-25 02:20")
    assert run(app) is True
    assert "latchkey-20261125-072000.zip" in files(place)


def test_two_workers_make_one(app, cast, place, clock_at, together):
    alive()
    clock_at("2026-11-24 02:15")
    done = together(*[lambda: tasks.backups.back_up(app, should_stop=lambda: False)] * 2)
    assert sorted(map(bool, done)) == [False, True]
    assert len(files(place)) == 1


def test_the_owners_are_told_whatever_the_admin_inbox_is(app, cast):
    settings.change({"business.admin_inbox": "desk@example.com"}, actor=cast.as_olivia)
    backups.failed("full")
    db.session.flush()
    assert mails()[0].to_address == cast.olivia.email
    assert outbox.office_addresses() == ["desk@example.com"]
    assert factories.staff().email not in mails()[0].cc_addresses


def test_a_backup_holds_all_that_was_saved_before_it_and_lets_people_save_meanwhile(world, key, tmp_path, elsewhere):
    """G22, A39: people go on saving while it is written; what was there when it began is in it, whole, and nothing half."""
    world.fill()
    before, saved = world.contents(without={"activity"}), []

    def save(_n_rows):
        number = len(saved)
        elsewhere(lambda: (factories.client(f"Meanwhile{number}"), db.session.commit()))
        saved.append(number)

    with world.app.app_context():
        made = shelf.make(LocalStore(tmp_path), near=tmp_path, passed=save)
        db.session.rollback()
    assert len(saved) > 20
    assert world.run("restore", tmp_path / "backups" / made.name, app=world.other)[0] == 0
    assert world.contents(world.other, {"activity"}) == before
    assert world.contents(without={"activity"}) != before
