"""Clients from a file: checked, brought in, brought in again, undone."""

import pytest
import sqlalchemy as sa

from foundation.db import Base, db
from models import Activity, Client, ImportKind, ImportRow, ImportRun, ImportState, OutboxMail, RowOutcome
from tests.databases import count, statements
from workflows import erasing, people
from workflows.errors import Conflict, Invalid, NotAllowed
from workflows.importing import runs, undoing, work

FILE = (
    "Client ID,Forename,Surname,Email,Mobile,Town,Default Sitter,Active\r\n"
    "1,Ida,Lind,IDA@example.com,212 555 0199,Boston,Sam Stone,yes\r\n"
    "2,Jo,Marsh,jo at example.com,212 555 0198,Boston,,yes\r\n"
    "3,Kai,Noor,kai@example.com,212 555 0197,=1+1,,no\r\n"
    "1,Ida,Lind,ida@example.com,,,,\r\n"
    "5,,Olsen,olsen@example.com,,,,\r\n"
    "6,Pia,Quist\r\n"
    "7,Rae,Stone,rae@example.com,,,Nobody Known,\r\n"
)


def work_off(run):
    """What the worker does, to the end."""
    cursor = work.Cursor()
    while work.work(run.id, cursor):
        db.session.commit()
    cursor.close()
    db.session.commit()
    return run


def sent(kind, text, actor, encoding="utf-8"):
    run = runs.start(kind, "list.csv", text.encode(encoding), actor=actor)
    db.session.commit()
    return run


def checked(kind, text, actor):
    run = sent(kind, text, actor)
    runs.check(run, actor=actor)
    return work_off(run)


def brought_in(kind, text, actor):
    run = checked(kind, text, actor)
    runs.run_now(run, actor=actor)
    return work_off(run)


def counts(run):
    return run.state.value, run.n_new, run.n_changed, run.n_same, run.n_errors


ASIDE = {"activity", "import_run", "import_row", "imported_record"}


def contents():
    """Every row of every table, but for the log and the imports' own; versions count up with a way back too."""
    db.session.flush()
    return {
        t.name: sorted(
            str([v for c, v in zip(t.columns, row, strict=True) if c.name not in {"version"}])
            for row in db.session.execute(sa.select(t))
        )
        for t in Base.metadata.sorted_tables
        if t.name not in ASIDE
    }


def test_a_check_says_everything_and_changes_nothing(cast):
    before = contents()
    run = checked(ImportKind.CLIENTS, FILE, cast.as_olivia)
    assert counts(run) == ("checked", 2, 0, 0, 5)
    assert contents() == before
    why = {r.number: [(p["field"], p["why"]) for p in r.problems] for r in db.session.scalars(sa.select(ImportRow))}
    assert why[3][0][0] == "email"
    assert "same as line" in why[5][0][1]
    assert why[6][0][0] == "first_name"
    assert "cells" in why[7][0][1]
    assert why[8][0][0] == "primary_sitter"


def test_what_is_brought_in_is_silent_the_same_twice_and_goes_again(cast):
    before = contents()
    n_mails = db.session.scalar(sa.select(sa.func.count()).select_from(OutboxMail))
    run = brought_in(ImportKind.CLIENTS, FILE, cast.as_olivia)
    assert counts(run) == ("done", 2, 0, 0, 5)
    ida = db.session.scalar(sa.select(Client).where(Client.email == "ida@example.com"))
    assert (str(ida), ida.phone, ida.primary_sitter) == ("Ida Lind", "+12125550199", cast.sam)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(OutboxMail)) == n_mails
    assert db.session.scalar(sa.select(Activity).where(Activity.subject_id == ida.id, Activity.verb == "client.added"))
    again = brought_in(ImportKind.CLIENTS, FILE, cast.as_olivia)
    assert counts(again) == ("done", 0, 0, 2, 5)
    changed = brought_in(ImportKind.CLIENTS, FILE.replace("Boston,Sam", "Salem,Sam"), cast.as_olivia)
    assert counts(changed) == ("done", 0, 1, 1, 5)
    assert ida.city == "Salem"
    for one in (changed, again, run):
        runs.undo(one, actor=cast.as_olivia)
        work_off(one)
        assert one.state is ImportState.UNDONE
    assert contents() == before


def test_a_new_client_with_the_address_of_another_comes_in_and_is_pointed_out(cast):
    file = (
        "First name,Last name,Email,Zip\n"
        "Hal,Archer,ALICE@example.com,1\nIda,Lind,ida@example.com,2\nTom,Lind,ida@example.com,3\nUma,Vale,,4\nVic,Wu,,5\n"
    )
    run = checked(ImportKind.CLIENTS, file, cast.as_olivia)
    assert counts(run) == ("checked", 5, 0, 0, 0)
    rows = db.session.scalars(sa.select(ImportRow).where(ImportRow.run_id == run.id).order_by(ImportRow.number))
    told = {row.number: [p["why"] for p in row.problems] for row in rows if row.problems}
    assert told == {2: ["Another client has this mail address too."], 4: ["Another client has this mail address too."]}


def test_undo_keeps_what_the_office_changed_and_what_is_needed(cast):
    run = brought_in(ImportKind.CLIENTS, FILE, cast.as_olivia)
    ida, kai = db.session.scalars(
        sa.select(Client).where(Client.email.in_(["ida@example.com", "kai@example.com"])).order_by(Client.id)
    )
    people.change_client(ida, {"city": "Lynn", "primary_sitter": cast.sam}, actor=cast.as_olivia)
    people.add_pet({"client": kai, "name": "Rex"}, actor=cast.as_olivia)
    db.session.commit()
    runs.undo(run, actor=cast.as_olivia)
    work_off(run)
    kept = db.session.scalars(
        sa.select(ImportRow.kept_why).where(ImportRow.kept_why != "").order_by(ImportRow.number)
    ).all()
    assert kept == ["It was changed since the import.", "Other records need it."]
    assert db.session.get(Client, kai.id) is not None


def test_what_was_made_is_taken_away_together_and_one_that_cannot_go_keeps_the_others_from_nothing(cast):
    def undone(n, *, spoil=False):
        lines = "".join(f"First{i},Last{i},first{i}@example.com\n" for i in range(n))
        run = brought_in(ImportKind.CLIENTS, "First name,Last name,Email\n" + lines, cast.as_olivia)
        made = db.session.scalars(sa.select(Client).where(Client.email.like("first%")).order_by(Client.id)).all()
        if spoil:
            people.change_client(made[3], {"city": "Lynn"}, actor=cast.as_olivia)
            people.add_pet({"client": made[5], "name": "Rex"}, actor=cast.as_olivia)
        runs.undo(run, actor=cast.as_olivia)
        db.session.commit()
        db.session.expunge_all()
        with statements() as sent:
            work_off(run := db.session.get_one(ImportRun, run.id))
        assert run.state is ImportState.UNDONE
        lines = count(Activity, Activity.verb == "client.removed")
        return len(sent), count(Client, Client.email.like("first%")), lines

    few, many = undone(5), undone(60)
    assert (few[1:], many[1:]) == ((0, 5), (0, 65))
    assert many[0] - few[0] < 30, "not one after the other"
    assert undone(9, spoil=True)[1:] == (2, 72)
    for client in db.session.scalars(sa.select(Client).where(Client.email.like("first%"))):
        assert client.email in {"first3@example.com", "first5@example.com"}


def test_who_is_here_already_is_found(cast):
    alice = cast.alice
    text = f"First name,Last name,Email,Notes,Phone\n{alice.first_name},{alice.last_name},{alice.email.upper()},Gate code,\nNew,One,,,\n"
    run = checked(ImportKind.CLIENTS, text, cast.as_olivia)
    assert counts(run) == ("checked", 1, 1, 0, 0)
    row = db.session.scalar(sa.select(ImportRow).where(ImportRow.outcome == RowOutcome.CHANGED))
    assert row.changes["notes"][1] == "Gate code"
    assert row.record_id == alice.id


def test_states_permissions_and_stale_pages(cast):
    with pytest.raises(NotAllowed):
        sent(ImportKind.CLIENTS, FILE, cast.as_max)
    run = sent(ImportKind.CLIENTS, FILE, cast.as_olivia)
    with pytest.raises(Conflict):
        runs.run_now(run, actor=cast.as_olivia)
    with pytest.raises(Conflict):
        runs.check(run, actor=cast.as_olivia, seen=run.serial + 1)
    runs.match(
        run,
        {"last_name": "Surname"},
        {"date_order": "dmy", "encoding": "nonsense"},
        actor=cast.as_olivia,
        seen=run.serial,
    )
    assert (run.reading["date_order"], run.reading["encoding"]) == ("dmy", "utf-8")
    with pytest.raises(Invalid, match="First name"):
        runs.check(run, actor=cast.as_olivia)
    runs.drop(run, actor=cast.as_olivia)
    db.session.commit()
    assert runs.forget_old() == 1
    assert run.key == ""


def test_a_worker_that_ends_midway_goes_on_where_it_was(cast, monkeypatch):
    monkeypatch.setattr(work, "PIECE", 2)
    run = checked(ImportKind.CLIENTS, FILE, cast.as_olivia)
    runs.run_now(run, actor=cast.as_olivia)
    db.session.commit()
    more = True
    while more:  # each piece by a worker that knows nothing
        cursor = work.Cursor()
        more = work.work(run.id, cursor)
        db.session.commit()
        cursor.close()
    assert counts(db.session.get(ImportRun, run.id)) == ("done", 2, 0, 0, 5)


def test_nothing_of_people_stays_behind(cast, clock_at):
    run = brought_in(ImportKind.CLIENTS, FILE, cast.as_olivia)
    ida = db.session.scalar(sa.select(Client).where(Client.email == "ida@example.com"))
    erasing.erase(ida, typed=ida.account_number, actor=cast.as_olivia)
    assert not db.session.scalar(
        sa.select(ImportRow.id).where(ImportRow.about.contains("Ida"), ImportRow.outcome != RowOutcome.ERROR)
    )
    clock_at("2026-12-30 10:00")
    assert runs.forget_old() == 1
    assert (run.key, run.state, run.reading["samples"][1]) == ("", ImportState.DONE, [])
    assert not db.session.scalar(sa.select(ImportRow.id).where(ImportRow.outcome == RowOutcome.ERROR))


def test_an_undoing_in_pieces_takes_back_also_what_a_lost_piece_left(cast, monkeypatch):
    monkeypatch.setattr(undoing, "PIECE", 2)
    before = count(Client)
    lines = "".join(f"{n},Lee,Lost{n},lost{n}@example.com\r\n" for n in range(5))
    run = brought_in(ImportKind.CLIENTS, "Id,First name,Last name,Email\r\n" + lines, cast.as_olivia)
    assert count(Client) == before + 5
    runs.undo(run, actor=cast.as_olivia)
    db.session.commit()
    cursor = work.Cursor()
    assert work.work(run.id, cursor)
    db.session.rollback()  # the worker does not see that its piece was lost
    while work.work(run.id, cursor):
        db.session.commit()
    cursor.close()
    db.session.commit()
    assert (run.state.value, count(Client)) == ("undone", before)
    assert db.session.scalars(sa.select(ImportRow.is_undone).where(ImportRow.run_id == run.id)).all() == [True] * 5
