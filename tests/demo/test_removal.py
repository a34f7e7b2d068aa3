"""The demo goes as it came: every row of it, and nothing of anybody else's."""

import pytest
import sqlalchemy as sa

from application import demo
from foundation.db import Base, db
from models import Client, DemoRecord, Invoice, Job, Pet, Staff, StaffLogin, StaffRole, StoredFile
from tests import factories as make
from tests import money_factories as money
from workflows import counters, demo_removal
from workflows.actors import COMMAND_LINE, staff_actor
from workflows.billing import books
from workflows.errors import NotAllowed, WrongState

pytestmark = pytest.mark.covers("S7")

#: what tells that a demo was here, and what has no number
LEFT = {"activity", "setting", "stored_file", "role_permission", "counter"}


def rows():
    found = {t.name: sorted(map(repr, db.session.execute(sa.select(t)))) for t in Base.metadata.sorted_tables}
    return {name: lines for name, lines in found.items() if lines}


def test_all_of_it_goes_and_it_can_come_again(app):
    demo.fill(app, cast_only=True)
    seen = demo_removal.look()
    assert (seen.n_clients, seen.n_kept, seen.n_visits > 20) == (2, 0, True)
    assert demo_removal.remove(actor=COMMAND_LINE) == seen
    db.session.commit()
    left = rows()
    assert set(left) <= LEFT, {name: lines[:2] for name, lines in left.items() if name not in LEFT}
    assert len(left["activity"]) == 1
    assert db.session.scalar(sa.select(sa.func.count()).where(StoredFile.removed_at.is_(None))) == 0
    assert [counters.last_value(x) for x in ("invoice", "job_request")] == [0, 0]
    assert demo_removal.remove(actor=COMMAND_LINE).n_records == 0
    db.session.commit()
    assert demo.fill(app, cast_only=True) is True
    assert books.check() == []


def test_real_records_stay_word_for_word_and_keep_what_they_need(app):
    demo.fill(app, cast_only=True)
    hannah, _leo = db.session.scalars(sa.select(Client).order_by(Client.id))
    olivia, sam = (db.session.scalar(sa.select(Staff).where(Staff.first_name == n)) for n in ("Olivia", "Sam"))
    walk = db.session.scalar(sa.select(Job).where(Job.client_id == hannah.id)).service_item
    owner = make.staff("Rita", role=StaffRole.OWNER)
    nora = make.client("Nora")
    rex = make.pet(nora, "Rex")
    own = make.job(nora, walk, sitter=owner)
    real_for_hannah = make.job(hannah, walk, sitter=sam)
    invoice = money.invoice(nora, sequence=9_001, number="F-9001")
    db.session.commit()
    kinds = {Client: nora, Pet: rex, Job: own, Invoice: invoice, Staff: owner}
    before = {kind.__tablename__: row.id for kind, row in kinds.items()}
    before["job2"] = real_for_hannah.id

    def real():
        return [
            repr(db.session.execute(sa.select(Base.metadata.tables[n.strip("2")]).filter_by(id=i)).one())
            for n, i in before.items()
        ]

    words = real()
    with pytest.raises(WrongState):
        demo_removal.remove(actor=staff_actor(olivia))
    with pytest.raises(NotAllowed):
        demo_removal.remove(actor=staff_actor(make.staff("Mona", role=StaffRole.MANAGER)))
    last = counters.last_value("invoice")
    seen = demo_removal.remove(actor=staff_actor(owner))
    db.session.commit()
    assert real() == words
    assert seen.kept == ["client: Hannah Okafor", "staff: Sam Reyes", f"service_item: {walk}"]
    assert [str(c) for c in db.session.scalars(sa.select(Client).order_by(Client.id))] == ["Hannah Okafor", str(nora)]
    assert db.session.scalar(sa.select(sa.func.count(StaffLogin.id))) == 0
    assert db.session.scalar(sa.select(sa.func.count(Job.id))) == 2
    assert counters.last_value("invoice") == last
    assert demo_removal.look().n_records == seen.n_kept
    assert db.session.scalar(sa.select(sa.func.count(DemoRecord.id))) == seen.n_kept


def test_books_of_a_client_with_a_real_payment_stay_whole(app):
    demo.fill(app, cast_only=True)
    invoice = db.session.scalar(sa.select(Invoice).order_by(Invoice.id.desc()))
    money.allocation(money.payment(invoice.client, sequence=9_001, number="P-9001"), invoice)
    db.session.commit()
    name, n = str(invoice.client), len(books.check())
    seen = demo_removal.remove(actor=COMMAND_LINE)
    db.session.commit()
    assert f"client: {name}" in seen.kept
    assert len(books.check()) == n
