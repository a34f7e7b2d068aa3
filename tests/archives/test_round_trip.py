"""Everything out and in again: from either database into the other, with nothing lost and nothing made up."""

import json
import zipfile

import flask_migrate
import pytest
import sqlalchemy as sa

from foundation import sealing, storage
from foundation.db import Base, db
from models import StaffLogin
from tests import databases, factories
from tests.archived import LEFT_OUT, rewritten, with_manifest
from tests.factories import FACTORIES
from workflows.archiving import shape

pytestmark = pytest.mark.covers("S6")


def test_everything_comes_back_on_the_other_database(world, tmp_path):
    world.fill()
    before, files = world.contents(), world.files()
    assert all(before[kind.__tablename__] for kind in FACTORIES if kind.__tablename__ in before)
    assert len(files) == 2
    path = tmp_path / "all.zip"
    code, said = world.run("archive", path)
    assert (code, "2 files" in said) == (0, True)
    code, said = world.run("restore", path, app=world.other)
    assert (code, "2 files are in" in said) == (0, True)
    after = world.contents(world.other)
    log = after.pop("activity")
    assert [line for line in log if line not in before["activity"]] == [
        line for line in log if "archive.written" in line or "archive.loaded" in line
    ]
    assert set(before.pop("activity")) <= set(log)
    assert after == before
    assert world.files(world.other) == files
    with world.other.app_context():  # the next number is free
        factories.client("Nora")
        db.session.commit()


def test_every_column_has_a_kind_and_every_table_is_in_or_left_out_by_name():
    named = {t.name for t in shape.tables(with_log_ins=True)} | shape.NEVER
    assert named == set(Base.metadata.tables)
    assert shape.NEVER == LEFT_OUT
    for table in Base.metadata.tables.values():
        assert set(shape.columns(table).values()) <= set(shape.KINDS)
    ways_in = {"password_hash", "code_hash", "public_key"}
    for table in shape.tables(with_log_ins=False):
        left = {c.name for c in table.columns if (table.name, c.name) not in shape.LOG_IN_COLUMNS}
        assert not ways_in & left


def test_backup_is_checked_kept_and_restored_with_log_ins(world, tmp_path, clock_at):
    email = world.fill()
    folder = tmp_path / "backups"
    for hour in (11, 12, 13):
        clock_at(f"2026-11-23 {hour}:00")
        assert world.run("backup", folder, "--keep", "2")[0] == 0
    kept = sorted(p.name for p in folder.iterdir())
    assert kept == ["latchkey-20261123-170000.zip", "latchkey-20261123-180000.zip"]
    newest = folder / kept[-1]
    assert newest.stat().st_mode & 0o077 == 0
    assert world.run("backup-check", newest)[0] == 0
    assert world.run("restore", newest, app=world.other)[0] == 0
    with world.other.app_context():
        login = db.session.scalar(sa.select(StaffLogin).where(StaffLogin.email == email))
        assert login.password_hash


def test_archive_without_log_ins_holds_none(world, tmp_path):
    world.fill()
    path = tmp_path / "out.zip"
    assert world.run("archive", path, "--no-log-ins", "--no-files")[0] == 0
    assert b"scrypt:" not in b"".join(zipfile.ZipFile(path).read(n) for n in zipfile.ZipFile(path).namelist())
    names = set(zipfile.ZipFile(path).namelist())
    assert not any(n.startswith("files/") or "passkey" in n or "authenticator" in n or "api_token" in n for n in names)
    code, said = world.run("restore", path, app=world.other)
    assert (code, "Forgot password" in said) == (0, True)
    gone = {
        "staff_login",
        "client_login",
        "registration",
        "authenticator",
        "recovery_code",
        "passkey",
        "api_token",
        "activity",
    }
    assert world.contents(world.other, gone) == world.contents(without=gone)


def test_restore_touches_no_database_in_use(world, tmp_path):
    world.fill()
    path = tmp_path / "all.zip"
    world.run("archive", path, "--no-files")
    before = world.contents()
    code, said = world.run("restore", path)
    assert (code, "in use" in said, world.contents() == before) == (1, True, True)


def _first_client_twice(data):
    lines = data.splitlines(keepends=True)
    return b"".join([*lines, lines[0]])


def _no_such_client(data):
    rows = [json.loads(line) for line in data.splitlines()]
    rows[0]["client_id"] = 987_654
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _bomb(path):
    changed = path.with_name("bomb.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, b" " * 2**26 if entry.filename == "tables/pet.jsonl" else old.read(entry))
    return changed


def _with_more(path, name, change, data=b"x"):
    """The archive with one more entry, a symbolic link, which its manifest knows rightly."""
    facts = shape.Tally()
    facts.add(data)
    changed = with_manifest(path, lambda m: change(m, facts.facts()))
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(changed, "a") as archive:
        archive.writestr(entry, data)
    return changed


def _with_row(path, **values):
    """The archive with the first client changed, and the manifest's sums as they should be."""

    def change(data):
        first, *others = data.splitlines(keepends=True)
        return b"".join([json.dumps(json.loads(first) | values).encode() + b"\n", *others])

    changed, facts = rewritten(path, change, name="tables/client.jsonl"), shape.Tally()
    facts.add(zipfile.ZipFile(changed).read("tables/client.jsonl"))
    return with_manifest(changed.rename(path), lambda m: m["tables"]["client"].update(facts.facts()))


TAMPERED = {
    "a row more": lambda p: rewritten(p, _first_client_twice, name="tables/client.jsonl"),
    "a file changed": lambda p: rewritten(p, lambda d: d + b"!", name=_a_file(p)),
    "a newer format": lambda p: with_manifest(p, lambda m: m.update(format=99)),
    "a newer database": lambda p: with_manifest(p, lambda m: m.update(revision="9999")),
    "a column more": lambda p: with_manifest(p, lambda m: m["tables"]["pet"]["columns"].update(wings="text")),
    "a table that is none": lambda p: _with_more(
        p, "tables/x; --.jsonl", lambda m, f: m["tables"].update({"x; --": {**m["tables"]["pet"], "rows": 0, **f}}), b""
    ),
    "a way out of the folder": lambda p: _with_more(
        p, "files/../../way_out", lambda m, f: m["files"].update({"../../way_out": f})
    ),
    "a name from the root": lambda p: _with_more(
        p, "files//tmp/way_out", lambda m, f: m["files"].update({"/tmp/way_out": f})
    ),
    "a link to elsewhere": lambda p: _with_more(
        p, "files/files/way_out", lambda m, f: m["files"].update({"files/way_out": f})
    ),
    "a file that nobody named": lambda p: _with_more(p, "files/more", lambda _m, _f: None),
    "letters that are none": lambda p: _with_row(p, first_name="\ud800"),
    "a number too large": lambda p: _with_row(p, id=2**70),
    "a day that is none": lambda p: _with_row(p, created_at="2026-02-30T10:00:00+00:00"),
    "a moment without a zone": lambda p: _with_row(p, created_at="2026-02-20T10:00:00"),
    "no manifest": lambda p: rewritten(p, lambda _d: b"[]"),
    "numbers for words": lambda p: with_manifest(p, lambda m: m.update(tables=7)),
    "a bomb": _bomb,
    "cut off": lambda p: p.write_bytes(p.read_bytes()[:-200]) and p,
}


def _a_file(path):
    return next(n for n in zipfile.ZipFile(path).namelist() if n.startswith("files/"))


def test_archives_that_were_tampered_with_leave_nothing_behind(world, tmp_path):
    world.fill()
    path = tmp_path / "all.zip"
    world.run("archive", path)
    whole = path.read_bytes()
    empty = world.contents(world.other)
    for what, spoil in TAMPERED.items():
        path.write_bytes(whole)
        code, said = world.run("restore", spoil(path), app=world.other)
        # The driver may have a word of its own before.
        assert (code, "\nError: " in f"\n{said}", "Traceback" in said) == (1, True, False), (what, said)
        assert world.contents(world.other) == empty, what
        assert world.files(world.other) == {}, what
    path.write_bytes(whole)
    assert world.run("backup-check", path)[0] == 0


def test_rows_that_refer_to_nothing_are_refused(world, tmp_path):
    world.fill()
    path = tmp_path / "all.zip"
    world.run("archive", path, "--no-files")
    changed = rewritten(path, _no_such_client, name="tables/pet.jsonl")
    facts = shape.Tally()
    facts.add(zipfile.ZipFile(changed).read("tables/pet.jsonl"))
    signed = with_manifest(changed.rename(path), lambda m: m["tables"]["pet"].update(facts.facts()))
    code, said = world.run("restore", signed, app=world.other)
    assert (code, "do not fit together" in said) == (1, True), said
    assert not any(world.contents(world.other).values())


def test_other_keys_are_told_and_secrets_stay_sealed(world, tmp_path):
    world.fill()
    path = tmp_path / "all.zip"
    world.run("archive", path, "--no-files")
    sealing.use_keys([sealing.new_key()])
    code, said = world.run("backup-check", path)
    assert (code, "FIELD_KEYS" in said) == (0, True)


def _only(lines, columns):
    """The rows with these columns alone."""
    rows = [json.loads(line) for line in lines.splitlines()]
    return b"".join(json.dumps({c: v for c, v in row.items() if c in columns}).encode() + b"\n" for row in rows)


def test_archive_of_an_older_version_is_loaded_and_brought_up_to_date(tmp_path):
    """Tables of the migration before, a client in them; a new installation makes its tables by itself."""
    apps = [databases.make_app(f"sqlite:///{tmp_path / name}.db", tmp_path / name) for name in ("old", "new")]
    with apps[0].app_context():
        factories.client("Nora")
        db.session.commit()
        db.session.remove()
    path = tmp_path / "old.zip"
    storage.use(apps[0].extensions["store"])
    assert apps[0].test_cli_runner().invoke(args=["archive", str(path)]).exit_code == 0
    with apps[1].app_context():
        flask_migrate.downgrade(revision="0004")
        there = set(sa.inspect(db.engine).get_table_names())
        columns = {t: {c["name"] for c in sa.inspect(db.engine).get_columns(t)} for t in there}
        flask_migrate.upgrade()
        db.engine.dispose()
    old = path.with_name("0004.zip")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(old, "w") as out:
        manifest = json.loads(source.read("manifest.json"))
        manifest["revision"] = "0004"
        manifest["tables"] = {
            name: facts
            for name, facts in manifest["tables"].items()
            if name == "client" or columns.get(name) == set(facts["columns"])
        }
        for name, facts in manifest["tables"].items():
            data = source.read(f"tables/{name}.jsonl")
            if name == "client":  # it had no region then
                data = _only(data, columns[name])
                tally = shape.Tally()
                tally.add(data)
                facts |= {"columns": {c: t for c, t in facts["columns"].items() if c in columns[name]}, **tally.facts()}
            out.writestr(f"tables/{name}.jsonl", data)
        out.writestr("manifest.json", json.dumps(manifest))
    assert "client" in manifest["tables"]
    with apps[1].app_context():
        flask_migrate.downgrade(revision="0003")  # as a restore of a still older one left it when it was killed
        db.engine.dispose()
    done = apps[1].test_cli_runner().invoke(args=["restore", str(old)])
    assert done.exit_code == 0, done.output
    with apps[1].app_context():
        assert sa.inspect(db.engine).has_table("data_archive")
        assert db.session.scalar(sa.text("SELECT first_name FROM client")) == "Nora"
        db.session.remove()
        db.engine.dispose()
