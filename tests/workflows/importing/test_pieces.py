"""A piece of a file goes in with a few questions, however many rows it has; one bad row does not spoil the others."""

import sqlalchemy as sa

from foundation.db import db
from models import ImportKind, ImportRow, ImportRun, Key, RowOutcome, ServiceItem, Vet
from tests.databases import statements
from tests.workflows.importing.test_clients import brought_in, counts, sent
from workflows.actors import WORKER
from workflows.importing import work
from workflows.importing.catalogue_files import VetKind
from workflows.importing.kind import Row


def rows_of(kind, n, first=0):
    """A file of `n` new records, of twenty clients."""
    heads, row = {
        ImportKind.CLIENTS: ("id,first name,last name,email,phone", "{i},Ann,Lee {i},a{i}@example.com,212 555 {i:04}"),
        ImportKind.CONTACTS: ("client id,name,relation,phone", "{c},Tom {i},Aunt,212 556 {i:04}"),
        ImportKind.VETS: ("name,phone", "Vet {i},212 557 {i:04}"),
        ImportKind.PETS: ("pet id,client id,name,type", "{i},{c},Rex {i},dog"),
        ImportKind.SERVICES: ("service,group,price", "Walk {i},Walks,{i}.50"),
        ImportKind.KEYS: ("client id,key code,notes", "{c},K-{i},n {i}"),
    }[kind]
    return "\n".join([heads, *(row.format(i=i, c=i % 20) for i in range(first, first + n))]) + "\n"


def test_a_piece_costs_as_much_whether_it_has_twenty_rows_or_a_hundred(cast):
    brought_in(ImportKind.CLIENTS, rows_of(ImportKind.CLIENTS, 20), cast.as_olivia)
    for kind in (
        ImportKind.CONTACTS,
        ImportKind.VETS,
        ImportKind.PETS,
        ImportKind.SERVICES,
        ImportKind.KEYS,
        ImportKind.CLIENTS,
    ):
        costs = []
        for n in (20, 100):
            run = sent(kind, rows_of(kind, n, first=50), cast.as_olivia)
            run.state = run.state.CHECKING
            db.session.commit()
            db.session.expunge_all()
            cursor = work.Cursor()
            with statements() as seen:
                work.work(run.id, cursor)
            cursor.close()
            assert counts(db.session.get(ImportRun, run.id)) == ("checked", n, 0, 0, 0), kind
            costs.append(len(seen))
            db.session.rollback()
        assert costs[0] >= costs[1] - 3, (kind, costs)


def test_new_rows_of_one_piece_share_a_new_group_and_no_code(cast):
    run = brought_in(
        ImportKind.SERVICES,
        "service,group,price\nLong walk,New ones,5\nLong-walk,new ones,6\nOther,New ones,7\n",
        cast.as_olivia,
    )
    assert counts(run) == ("done", 3, 0, 0, 0)
    made = db.session.scalars(
        sa.select(ServiceItem).where(ServiceItem.name.in_(["Long walk", "Long-walk", "Other"])).order_by(ServiceItem.id)
    ).all()
    assert [item.code for item in made] == ["LongWalk", "LongWalk2", "Other"]
    assert len({item.group_id for item in made}) == 1
    keys = f"client email,key code\n{cast.alice.email},K-1\n{cast.alice.email},k-1\n{cast.alice.email},K-2\n"
    run = brought_in(ImportKind.KEYS, keys, cast.as_olivia)
    assert counts(run) == ("done", 2, 0, 0, 1)
    assert sorted(
        db.session.scalars(sa.select(Key.reference).where(Key.client == cast.alice, Key.reference.startswith("K-")))
    ) == ["K-1", "K-2"]


class Touchy(VetKind):
    """The database refuses what has “Bad” in it."""

    def add_many(self, several, *, actor):
        made = super().add_many(several, actor=actor)
        for values in several:
            self._perhaps(values)
        return made

    def save(self, record, values, *, actor):
        self._perhaps(values)
        return super().save(record, values, actor=actor)

    def _perhaps(self, values):
        if "Bad" in values["name"]:
            db.session.execute(sa.insert(Vet), [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}])


def test_rows_that_the_database_refuses_leave_the_others_alone(cast):
    rows = [Row(n, {"name": f"Bad {n}" if n in {3, 17, 18} else f"Good {n}"}) for n in range(2, 200)]
    with statements() as seen:
        results = work._bring_in(Touchy(""), rows, work.Cursor(), WORKER)
    assert {r.number for r in results if r.outcome is RowOutcome.ERROR} == {3, 17, 18}
    assert sorted(db.session.scalars(sa.select(Vet.name).where(Vet.name.startswith("Good ")))) == sorted(
        r.values["name"] for r in rows if "Good" in r.values["name"]
    )
    assert sum("INSERT INTO vet" in s for s in seen) < 60
    assert not db.session.scalar(sa.select(sa.func.count()).select_from(ImportRow))
