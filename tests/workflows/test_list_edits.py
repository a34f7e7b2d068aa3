"""S3, P9: one field of many records: preview, order, undo; by the rules of single edits, with a history for each."""

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Activity, BulkRun, BulkState, ClientStatus, PetStatus
from tests import factories as make
from workflows import bulk, list_edits, people
from workflows.errors import Conflict, Invalid, NotAllowed
from workflows.list_edits import TABLES

pytestmark = pytest.mark.covers("S3", "P9")


def work(run):
    while bulk.work(run.id):
        db.session.flush()
    assert run.state is BulkState.DONE
    return run


def test_a_field_is_previewed_changed_and_put_back_where_nothing_else_changed(cast):
    olivia = cast.as_olivia
    clients = [make.client(f"C{n}", "Edit", status=ClientStatus.ACTIVE) for n in range(60)]
    clients[1].status = ClientStatus.INACTIVE
    erased = clients[2]
    erased.erased_at = erased.created_at
    db.session.flush()
    ids = [c.id for c in clients]
    versions = {c.id: c.version for c in clients}
    lines = list_edits.preview("client", ids, "status", "inactive", actor=olivia)
    assert [(x.record, x.old, x.is_same) for x in lines[:2]] == [
        (clients[0], ClientStatus.ACTIVE, False),
        (clients[1], ClientStatus.INACTIVE, True),
    ]
    assert [x.record for x in lines if x.refusal] == [erased]
    db.session.expire_all()
    assert {c.id: c.version for c in clients} == versions, "a preview changes nothing"
    run = work(list_edits.order("client", ids, "status", "inactive", actor=olivia))
    assert ({c.status for c in clients if c is not erased}, run.n_done, len(run.failures)) == (
        {ClientStatus.INACTIVE},
        59,
        1,
    )
    assert run.failures[0]["values"]["label"] == str(erased)
    changed = db.session.scalars(
        sa.select(Activity).where(Activity.verb == "client.changed", Activity.subject_id == clients[0].id)
    ).one()
    assert changed.facts["changes"] == {"status": ["active", "inactive"]}
    # Somebody changes one of them meanwhile: it is left and listed.
    people.change_client(clients[5], {"city": "Newtown"}, actor=olivia)
    back = work(list_edits.undo(run, actor=olivia))
    assert [f["job_id"] for f in back.failures] == [clients[5].id]
    assert (clients[5].status, clients[0].status, clients[1].status) == (
        ClientStatus.INACTIVE,
        ClientStatus.ACTIVE,
        ClientStatus.INACTIVE,
    )
    assert [list_edits.can_undo(r) for r in (run, back)] == [False, False]
    with pytest.raises(Conflict, match="nothing left to undo"):
        list_edits.undo(run, actor=olivia)


def test_every_field_of_every_table_takes_each_of_its_values_and_goes_back(cast):
    for kind in ("payment_terms", "tax_rate", "client_type", "service_group", "vet"):
        next(f for t, f in make.FACTORIES.items() if t.__tablename__ == kind)()
    records = {
        "client": make.client("Any", "One"),
        "pet": make.pet(cast.alice, "Any"),
        "vet": make.vet("Any"),
        "service_item": make.service_item("Any"),
    }
    db.session.flush()
    for name, table in TABLES.items():
        record = records[name]
        for field in table.fields:
            before = getattr(record, field)
            offered = list_edits.options(table, field)
            token, value = next((t, v) for t, v in reversed(offered) if v not in {before, None})
            run = work(list_edits.order(name, [record.id], field, token, actor=cast.as_olivia))
            assert (run.failures, getattr(record, field)) == ([], value), (name, field)
            if run.wish["was"]:
                work(list_edits.undo(run, actor=cast.as_olivia))
            assert getattr(record, field) == before, (name, field)


def test_refusals_have_a_sentence_and_one_refusal_stops_nobody_else(cast):
    pet, olivia = cast.biscuit, cast.as_olivia
    for wrong, field, token in (
        (Invalid, "nothing", "x"),
        (Invalid, "status", "nonsense"),
        (Invalid, "vet", "999999"),
        (Invalid, "vet", "1e9"),
    ):
        with pytest.raises(wrong):
            list_edits.order("pet", [pet.id], field, token, actor=olivia)
    with pytest.raises(Invalid, match="Nothing was ticked"):
        list_edits.order("pet", [], "status", "active", actor=olivia)
    with pytest.raises(Invalid, match="At most 500"):
        list_edits.order("pet", range(1, 600), "status", "active", actor=olivia)
    for verb in (list_edits.order, list_edits.preview):
        with pytest.raises(NotAllowed):
            verb("service_item", [cast.walk.id], "is_active", "no", actor=cast.as_sam)
    run = list_edits.order("pet", [pet.id, 999_999], "status", "inactive", actor=olivia)
    with pytest.raises(Conflict, match="still being worked on"):
        list_edits.undo(run, actor=olivia)
    work(run)
    assert (pet.status, [f["job_id"] for f in run.failures]) == (PetStatus.INACTIVE, [999_999])
    # Killed between pieces it goes on where it was, and nothing is changed twice.
    assert bulk.work(run.id) is False
    assert db.session.scalar(sa.select(sa.func.count()).select_from(BulkRun)) == 1
