"""Reading what was filled in: every kind, secrets sealed, files, columns, proposals; and who sees a secret."""

import datetime as dt
from decimal import Decimal

import pytest

from foundation import clock, sealing
from foundation.db import db
from models import Activity, FieldArea, FieldKind, FieldValue, FilePurpose, ProposalState
from tests import factories as make
from tests.databases import count, statements
from workflows import field_layout, field_values
from workflows.errors import Invalid, NotAllowed

pytestmark = pytest.mark.covers("D3")

EVERY = [
    (FieldKind.TEXT, "Back door"),
    (FieldKind.LONG_TEXT, "one\ntwo"),
    (FieldKind.NUMBER, Decimal("-12.3456")),
    (FieldKind.NUMBER, Decimal(0)),
    (FieldKind.DATE, dt.date(2026, 11, 26)),
    (FieldKind.YES_NO, False),
    (FieldKind.CHOICE, "raw"),
    (FieldKind.MULTI_CHOICE, ("raw", "dry")),
    (FieldKind.EMAIL, "ann@example.com"),
    (FieldKind.PHONE, "+12125550134"),
    (FieldKind.LINK, "https://example.com/"),
]


def put(field, owner, value):
    row = FieldValue(field=field, **{owner.__tablename__: owner})
    field_values.put(row, field, value)
    db.session.add(row)
    db.session.commit()
    return row


@pytest.mark.parametrize("secret", [False, True], ids=["open", "secret"])
@pytest.mark.parametrize(("kind", "value"), EVERY, ids=lambda x: str(x))
def test_a_value_comes_back_as_it_was_put_and_a_secret_lies_sealed(cast, kind, value, secret):
    field = make.custom_field(kind=kind, is_secret=secret)
    row = put(field, cast.mochi, value)
    values = field_values.read(cast.mochi)
    assert (values.of(field), type(values.of(field))) == (value, type(value))
    typed = [row.text, row.number, row.on_date, row.yes, row.keys]
    assert (row.sealed is not None, [x for x in typed if x is not None] == []) == (secret, secret)
    if secret:
        assert "raw" not in row.sealed
        assert len(row.sealed) > 90
        assert values.shown(field) == "••••"
    field_values.put(row, field, None)
    db.session.commit()
    assert (field_values.read(cast.mochi).of(field), row.sealed) == (None, None)


def test_a_file_comes_with_its_row_and_not_after_it_was_removed(cast):
    field = make.custom_field(kind=FieldKind.FILE)
    file = make.stored_file(cast.alice, purpose=FilePurpose.FIELD)
    put(field, cast.alice, file)
    assert field_values.read(cast.alice).of(field) is file
    file.removed_at = clock.now()
    db.session.commit()
    assert field_values.read(cast.alice).of(field) is None


def test_columns_stand_among_the_fields(cast):
    phone = make.custom_field(column="client.phone")
    cast.alice.phone = "+12125550134"
    values = field_values.read(cast.alice)
    assert (values.of(phone), values.shown(phone)) == ("+12125550134", "(212) 555-0134")
    cast.alice.phone = None
    assert values.of(phone) is None


@pytest.mark.parametrize("n", [1, 30])
def test_reading_costs_one_query_and_a_second_for_proposals(cast, n):
    fields = [make.custom_field() for _ in range(n)]
    for field in fields:
        make.field_value(field, cast.alice, text=f"{field.id}")
        make.field_value(field, cast.bob, text="Bob's")
        make.field_proposal(field, cast.alice, facts={"old": None, "new": "wish"})
        make.field_proposal(field, cast.alice, facts={"new": "old wish"}, state=ProposalState.DECLINED)
        make.field_proposal(field, cast.alice, pet=cast.mochi, facts={"new": "the cat's"})
    db.session.commit()
    assert cast.alice.id
    assert [f.id for f in fields]
    with statements() as sql:
        values = field_values.read(cast.alice, with_pending=True)
        assert [values.of(f) for f in fields] == [str(f.id) for f in fields]
        assert {values.proposed(f) for f in fields} == {"wish"}
    assert len(sql) == 2
    assert values.is_pending(fields[0])
    plain = field_values.read(cast.alice)
    assert (plain.is_pending(fields[0]), plain.proposed(fields[0])) == (False, None)
    assert field_values.read(cast.mochi, with_pending=True).proposed(fields[0]) == "the cat's"
    many = field_values.read_many([cast.alice, cast.bob])
    assert (many[cast.bob.id].of(fields[0]), field_values.read_many([])) == ("Bob's", {})


def test_conditions_are_judged_by_the_values(cast):
    alarm = make.custom_field(kind=FieldKind.YES_NO)
    code = make.custom_field(alarm.section, show_if={"field": alarm.public_id, "values": ["yes"]})
    layout = field_layout.layout(FieldArea.CLIENT)
    assert field_values.read(cast.alice).asked(layout) == {alarm.public_id}
    put(alarm, cast.alice, True)
    assert field_values.read(cast.alice).asked(layout) == {alarm.public_id, code.public_id}


def test_a_secret_whose_key_is_gone_says_so_and_breaks_nothing(cast):
    field = make.custom_field(is_secret=True)
    put(field, cast.alice, "4711")
    kept = field_values.closed(field, "4711")
    before = sealing._ring.fernet
    try:
        sealing.use_keys([sealing.new_key()])
        values = field_values.read(cast.alice)
        assert (values.of(field), values.is_unreadable(field)) == (None, True)
        assert values.shown(field, reveal=True) == "Cannot be read: its key is missing."
        assert field_values.opened(field, kept) is None
    finally:
        sealing._ring.fernet = before
    assert field_values.opened(field, kept) == "4711"


def test_owners_have_their_area_and_household(cast):
    assert [field_values.area_of(x) for x in (cast.alice, cast.mochi, cast.sam)] == [
        FieldArea.CLIENT, FieldArea.PET, FieldArea.STAFF,
    ]  # fmt: skip
    assert [field_values.client_of(x) for x in (cast.alice, cast.mochi, cast.sam)] == [cast.alice, cast.alice, None]


@pytest.mark.covers("D3", "D6")
def test_a_look_at_secrets_needs_the_permission_and_is_logged(cast):
    code, door = make.custom_field(label="Alarm code", is_secret=True), make.custom_field(label="Door")
    put(code, cast.alice, "4711")
    put(door, cast.alice, "blue")
    assert field_values.reveal(cast.alice, [code, door], actor=cast.as_max) == {code.public_id: "4711"}
    (line,) = db.session.query(Activity).filter_by(verb="secret.seen")
    assert (line.client_id, line.actor_name, line.facts) == (
        cast.alice.id,
        "Max Mason",
        {"name": "Alice Archer", "lines": ["Alarm code"]},
    )
    for actor in (cast.as_sam, cast.as_alice):
        with pytest.raises(NotAllowed):
            field_values.reveal(cast.alice, [code], actor=actor)
    with pytest.raises(Invalid):
        field_values.reveal(cast.alice, [door], actor=cast.as_max)
    assert count(Activity, Activity.verb == "secret.seen") == 1
