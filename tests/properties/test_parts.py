"""A search of clients and pets finds what comparing every row finds, and SQLite's index of parts is in step with the rows."""

import re
import sqlite3

import flask_migrate
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from admin_site import search
from foundation.db import db
from migrations import part_tables
from models import Client, Pet
from tests import factories as make
from workflows import erasing, search_index
from workflows.actors import staff_actor

#: letters that meet each other often, those that fold in their own ways, and what FTS5 and LIKE read as signs of theirs
LETTERS = "aAnNsStTfFiI'\"%_\\-*()^ßẞſKİıüÜéÉøﬁŉСсв語😀ᲀ"
texts = st.text(LETTERS, max_size=9)
rows = st.tuples(
    texts.map(lambda t: t or "x"), texts, texts, st.sampled_from(["", "+447700900123", "+49170555"]), texts
)


def plain(word):
    """The rule, row by row: what a client and a pet are found by."""
    digits = re.sub(r"\D", "", word) if re.fullmatch(r"[\d\s()+./-]*\d[\d\s()+./-]*", word) else ""
    of_client = [search.contains(c, word) for c in (Client.first_name, Client.last_name, Client.email)]
    if digits:
        of_client += [search.number_in(c, digits) for c in (Client.account_number, Client.phone)]
    named = Client.id.in_(sa.select(Pet.client_id).where(search.contains(Pet.name, word)))
    own = [search.contains(c, word) for c in (Pet.name, Pet.breed)]
    return sa.or_(named, *of_client), sa.or_(*own, Pet.client_id.in_(sa.select(Client.id).where(sa.or_(*of_client))))


def keys(model, condition):
    return set(db.session.scalars(sa.select(model.id).where(condition)))


@pytest.fixture
def people(cast):
    """Some clients with a pet each, whose names each example writes anew, past the session."""
    found = [make.client("x", account_number=f"441720831{n}") for n in range(4)]
    pets = [make.pet(client, "y") for client in found]
    db.session.commit()
    return [(client.id, pet.id) for client, pet in zip(found, pets, strict=True)]


def write(people, named):
    for (client_id, pet_id), (first, last, email, phone, pet) in zip(people, named, strict=False):
        client = {"first_name": first, "last_name": last, "email": email or None, "phone": phone or None}
        db.session.execute(sa.update(Client.__table__).where(Client.__table__.c.id == client_id).values(client))
        db.session.execute(
            sa.update(Pet.__table__).where(Pet.__table__.c.id == pet_id).values(name=pet or "y", breed=last)
        )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(rows, min_size=4, max_size=4), st.data())
@example([("Anna", "Straße", "", "", "")] * 4, "STRASSE").via("each letter becomes two")
def test_what_a_search_finds_is_what_comparing_every_row_finds(people, named, data):
    write(people, named)
    if isinstance(data, str):
        words = [data, data.lower(), "straße", "aße", "ss"]
    else:
        whole = "".join(data.draw(st.sampled_from(named)))
        start = data.draw(st.integers(0, max(0, len(whole) - 1)))
        part = whole[start : start + data.draw(st.integers(1, 7))]
        words = [
            part,
            part.swapcase(),
            data.draw(texts),
            data.draw(st.sampled_from(["0770", "208", "4417208310", "(07700)", "70", "0"])),
        ]
    for word in filter(None, map(search.tidy, words)):
        if " " in word:
            continue
        (client, pet), found = plain(word), search.words_of(word)
        assert keys(Client, search.clients(word)) == keys(Client, client), (word, found)
        assert keys(Pet, search.pets(word)) == keys(Pet, pet), word
    db.session.rollback()


def test_letters_that_sqlite_folds_otherwise_are_known():
    """All of Unicode: whatever becomes several letters, or is younger than SQLite's list. The others fold alike."""
    otherwise = re.compile(f"[{part_tables.FOLDED_OTHERWISE}]")
    index = sqlite3.connect(":memory:")
    index.execute("CREATE VIRTUAL TABLE parts USING fts5(words, detail='none', tokenize='trigram')")
    folded = {sign: sign.casefold() for sign in map(chr, range(0x80, 0x110000)) if sign.casefold() != sign}
    alike = [sign for sign in folded if not otherwise.match(sign)]
    assert len(alike) > 700
    index.executemany("INSERT INTO parts(rowid, words) VALUES (?, ?)", [(ord(sign), f"12{sign}") for sign in alike])
    for sign in alike:
        hits = index.execute("SELECT rowid FROM parts WHERE parts MATCH ?", (f'"12{folded[sign]}"',))
        assert (ord(sign),) in hits.fetchall(), sign


# ------------------------------------------------------------------------------------------------- the index in step


def held():
    """The three letters that SQLite's index holds, each with its number of rows."""
    run = db.session.connection().exec_driver_sql
    found = {}
    for table in ("client_parts", "pet_parts"):
        run(f"CREATE VIRTUAL TABLE temp.held USING fts5vocab('main', '{table}', 'row')")
        found[table] = dict(run("SELECT term, doc FROM temp.held WHERE doc > 0").fetchall())
        run("DROP TABLE temp.held")
    return found


def should_hold():
    """The same, made of the rows themselves by a table that is filled once."""
    run = db.session.connection().exec_driver_sql
    texts_of = {
        "client_parts": "SELECT id, first_name || char(10) || last_name || char(10) || coalesce(email, '') || char(10) || "
        "account_number || char(10) || coalesce(phone, '') FROM client",
        "pet_parts": "SELECT id, name || char(10) || breed FROM pet",
    }
    found = {}
    for table, wanted in texts_of.items():
        run("CREATE VIRTUAL TABLE temp.anew USING fts5(words, detail='none', tokenize='trigram')")
        run("CREATE VIRTUAL TABLE temp.seen USING fts5vocab('temp', 'anew', 'row')")
        run(f"INSERT INTO temp.anew(rowid, words) {wanted}")
        found[table] = dict(run("SELECT term, doc FROM temp.seen").fetchall())
        run("DROP TABLE temp.seen")
        run("DROP TABLE temp.anew")
    return found


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_the_index_follows_whatever_changes_the_rows_and_forgets_who_is_erased(cast):
    assert held() == should_hold()
    db.session.execute(
        sa.update(Client).values(last_name=Client.last_name + "son").execution_options(synchronize_session=False)
    )
    db.session.execute(sa.text("UPDATE pet SET breed = 'Komondor'"))
    assert held() == should_hold()
    db.session.rollback()
    lonely = make.client("Ludwig", "Unwiederbringlich", phone="+4917700900", email="ludwig@gone.example")
    make.pet(lonely, "Mopsi")
    db.session.commit()
    assert "unw" in held()["client_parts"]
    assert "mop" in held()["pet_parts"]
    erasing.erase(lonely, typed=lonely.account_number, actor=staff_actor(cast.olivia))
    db.session.flush()
    assert held() == should_hold()
    assert {"unw", "ops"} & {*held()["client_parts"], *held()["pet_parts"]} == set()
    search_index.rebuild()
    db.session.commit()
    run = db.session.connection().exec_driver_sql
    kept = [run(f"SELECT block FROM {table}_data").scalars().all() for table in held()]  # noqa: S608 -- names of our own
    assert not [block for blocks in kept for block in blocks if b"unw" in block or b"mop" in block]


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_the_step_that_brings_the_index_fills_it(app, cast):
    make.client("Weiß")
    db.session.commit()
    before = held()
    db.session.remove()
    flask_migrate.downgrade(revision="0016")
    flask_migrate.upgrade()
    assert held() == before
