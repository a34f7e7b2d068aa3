"""Saving a page of fields: what is written, told and refused; two at once; fields that went away meanwhile."""

import datetime as dt
from decimal import Decimal

import pytest

from admin_site.notices import told_about
from foundation import clock
from foundation.db import db
from models import (
    Activity,
    FieldKind,
    FieldProposal,
    FieldValue,
    FilePurpose,
    Notification,
    NotificationKind,
    PortalAccess,
    ProposalState,
    Species,
)
from tests import factories as make
from tests.databases import count, statements, together
from workflows import field_news, field_saving, field_values
from workflows.actors import client_actor, staff_as_client
from workflows.errors import Invalid, NotAllowed
from workflows.field_kinds import mark
from workflows.field_saving import Crossed, Unfit, save

pytestmark = pytest.mark.covers("D1", "D3")
HIDDEN, VIEW, EDIT = PortalAccess.HIDDEN, PortalAccess.VIEW, PortalAccess.EDIT


@pytest.fixture
def home(cast):
    return make.field_section(make.field_page(name="Home"))


@pytest.fixture
def dogs(cast):
    return make.field_section(make.field_page("pet", name="Feeding", species=Species.DOG))


def held(owner, *fields):
    values = field_values.read(owner)
    found = [values.of(f) for f in fields]
    return found[0] if len(found) == 1 else found


def news(kind=NotificationKind.DATA_CHANGED):
    lines = db.session.query(Notification).filter_by(kind=kind).order_by(Notification.id)
    return [[field_news.sentence(k, *pair) for k, pair in n.facts["changes"].items()] for n in lines]


# --------------------------------------------------------------------------------------------------------- writing


@pytest.mark.covers("D6")
def test_a_client_s_change_is_live_logged_and_told_with_old_and_new(cast, home):
    door, visits = make.custom_field(home, label="Door"), make.custom_field(home, label="Visits", kind=FieldKind.NUMBER)
    before = cast.alice.version
    saved = save(cast.alice, {door.public_id: "blue", visits.public_id: "1.5"}, actor=cast.as_alice)
    assert [c.field for c in saved.changed] == [door, visits]
    db.session.commit()
    assert held(cast.alice, door, visits) == ["blue", Decimal("1.5")]
    save(cast.alice, {door.public_id: "red", visits.public_id: "1.50"}, actor=cast.as_alice)
    db.session.commit()
    first, second = db.session.query(Activity).filter_by(verb="client.changed").order_by(Activity.id)
    assert first.facts["changes"] == {"Door": ["", "blue"], "Visits": ["", "1.5"]}
    assert (second.facts["changes"], second.client_id, second.actor_name) == (
        {"Door": ["blue", "red"]}, cast.alice.id, "Alice Archer",
    )  # fmt: skip
    assert news() == [["Door: - → red", "Visits: - → 1.5"]]
    assert cast.alice.version == before + 2
    assert count(FieldValue, FieldValue.client_id == cast.bob.id) == 0


@pytest.mark.covers("D6")
def test_yes_and_no_are_told_as_they_are_and_said_in_the_reader_s_words(cast, home):
    alarm = make.custom_field(home, label="Alarm", kind=FieldKind.YES_NO)
    hidden = make.custom_field(home, label="Camera", kind=FieldKind.YES_NO, is_secret=True)
    for answer in ("yes", "no"):
        save(cast.alice, {alarm.public_id: answer, hidden.public_id: answer}, actor=cast.as_alice)
    log = [
        a.facts["changes"] for a in db.session.query(Activity).filter_by(verb="client.changed").order_by(Activity.id)
    ]
    assert log == [
        {"Alarm": ["", True], "Camera": ["", "••••"]},
        {"Alarm": [True, False], "Camera": ["••••", "••••"]},
    ]
    assert news() == [["Alarm: - → No", "Camera: - → ••••"]]
    (line,) = db.session.query(Notification).filter_by(kind=NotificationKind.DATA_CHANGED)
    said = [field_news.sentence(k, *pair, {"Yes": "Ja", "No": "Nein"}.get) for k, pair in line.facts["changes"].items()]
    assert said[0] == "Alarm: - → Nein"


def test_what_is_as_it_was_changes_and_tells_nothing(cast, home):
    door = make.custom_field(home)
    make.field_value(door, cast.alice, text="blue")
    before = count(Activity), cast.alice.version
    assert save(cast.alice, {door.public_id: " blue "}, actor=cast.as_alice) == field_saving.Saved()
    assert (count(Activity), cast.alice.version, news()) == (*before, [])


def test_fields_that_were_not_sent_stay(cast, home):
    door, gate = make.custom_field(home), make.custom_field(home)
    make.field_value(gate, cast.alice, text="green")
    save(cast.alice, {door.public_id: "blue"}, actor=cast.as_alice)
    assert held(cast.alice, door, gate) == ["blue", "green"]
    save(cast.alice, {gate.public_id: ""}, actor=cast.as_alice)
    assert held(cast.alice, door, gate) == ["blue", None]


def test_columns_are_written_by_the_record_s_own_rules(cast, home, dogs):
    phone, town = make.custom_field(home, column="client.phone"), make.custom_field(home, column="client.city")
    name = make.custom_field(dogs, column="pet.name")
    born = make.custom_field(dogs, column="pet.born_on")
    save(cast.alice, {phone.public_id: "(212) 555-0134", town.public_id: "Hartford"}, actor=cast.as_alice)
    assert (cast.alice.phone, cast.alice.city) == ("+12125550134", "Hartford")
    save(cast.alice, {phone.public_id: "", town.public_id: ""}, actor=cast.as_alice)
    assert (cast.alice.phone, cast.alice.city) == (None, "")
    assert count(FieldValue) == 0
    save(cast.biscuit, {born.public_id: "2020-02-29"}, actor=cast.as_alice)
    assert cast.biscuit.born_on == dt.date(2020, 2, 29)
    tomorrow = (clock.today() + dt.timedelta(days=1)).isoformat()
    with pytest.raises(Unfit) as refused:
        save(cast.biscuit, {name.public_id: " ", born.public_id: tomorrow}, actor=cast.as_max)
    assert {k: p.code for k, p in refused.value.problems.items()} == {name.public_id: "required", born.public_id: "bad_birthday"}  # fmt: skip


@pytest.mark.covers("D6")
def test_secrets_lie_sealed_and_are_masked_in_log_and_news(cast, home):
    code = make.custom_field(home, label="Alarm code", is_secret=True)
    save(cast.alice, {code.public_id: "4711"}, actor=cast.as_alice)
    save(cast.alice, {code.public_id: "1234"}, actor=cast.as_alice)
    db.session.commit()
    assert held(cast.alice, code) == "1234"
    everything = [*[str(a.facts) for a in db.session.query(Activity)], *[str(n.facts) for n in db.session.query(Notification)]]  # fmt: skip
    assert not [x for x in everything if "4711" in x or "1234" in x]
    (line,) = db.session.query(Activity).filter_by(verb="client.changed", id=count_last())
    assert line.facts["changes"] == {"Alarm code": ["••••", "••••"]}
    assert news() == [["Alarm code: - → ••••"]]
    (row,) = db.session.query(FieldValue)
    assert (row.text, "1234" in row.sealed) == (None, False)


def count_last():
    return db.session.query(Activity.id).order_by(Activity.id.desc()).limit(1).scalar()


def test_a_file_that_is_replaced_goes(cast, home):
    picture = make.custom_field(home, kind=FieldKind.IMAGE)
    facts = {"purpose": FilePurpose.FIELD, "media_type": "image/webp"}
    old, new = make.stored_file(cast.alice, **facts), make.stored_file(cast.alice, **facts)
    save(cast.alice, {picture.public_id: old}, actor=cast.as_alice)
    save(cast.alice, {picture.public_id: new.public_id}, actor=cast.as_alice)
    assert (held(cast.alice, picture), old.removed_at is None, new.removed_at) == (new, False, None)


def test_labels_that_are_twice_there_are_told_apart(cast, home):
    one, two = make.custom_field(home, label="Door"), make.custom_field(home, label="Door")
    save(cast.alice, {one.public_id: "a", two.public_id: "b"}, actor=cast.as_alice)
    assert news() == [["Door: - → a", "Door (2): - → b"]]


@pytest.mark.covers("D6")
def test_saves_within_minutes_are_one_line_on_home_but_not_after_it_was_dismissed(cast, home, dogs, clock_at):
    door, food = make.custom_field(home, label="Door"), make.custom_field(dogs, label="Food")

    def change(minute, owner, field, text):
        clock_at(f"2026-11-26 12:{minute:02}")
        save(owner, {field.public_id: text}, actor=cast.as_alice)
        db.session.commit()

    change(0, cast.alice, door, "a")
    change(5, cast.biscuit, food, "dry")
    change(9, cast.alice, door, "b")
    assert news() == [["Door: - → b", "Biscuit, Food: - → dry"]]
    db.session.query(Notification).one().dismissed_at = clock.now()
    change(10, cast.alice, door, "c")
    change(26, cast.alice, door, "d")
    assert news()[1:] == [["Door: b → c"], ["Door: c → d"]]


def test_the_office_s_own_changes_are_logged_but_not_told(cast, home):
    door = make.custom_field(home)
    save(cast.alice, {door.public_id: "blue"}, actor=cast.as_max)
    assert (held(cast.alice, door), news(), count(Activity, Activity.verb == "client.changed")) == ("blue", [], 1)
    badge = make.custom_field(make.field_section(make.field_page("staff")))
    save(cast.sam, {badge.public_id: "7"}, actor=cast.as_olivia)
    assert held(cast.sam, badge) == "7"


def test_saving_costs_the_same_for_one_field_and_for_thirty(cast, home):
    costs = []
    for n in (1, 30):
        fields = [make.custom_field(home) for _ in range(n)]
        db.session.commit()
        with statements() as sql:
            save(cast.alice, {f.public_id: str(n) for f in fields}, actor=cast.as_alice)
        costs.append(len(sql))
    assert costs[1] <= costs[0] + 1, costs  # the second save reads the line on HOME that it joins


# -------------------------------------------------------------------------------------------------------- who may


@pytest.mark.parametrize("level", ["page", "section", "field"])
@pytest.mark.parametrize("access", [HIDDEN, VIEW])
def test_what_is_not_open_for_editing_is_never_written(cast, level, access):
    page = make.field_page(portal_access=access if level == "page" else EDIT)
    section = make.field_section(page, portal_access=access if level == "section" else EDIT)
    field = make.custom_field(section, label="Risk", portal_access=access if level == "field" else EDIT)
    make.field_value(field, cast.alice, text="low")
    saved = save(cast.alice, {field.public_id: "none"}, actor=cast.as_alice)
    assert (saved.changed, held(cast.alice, field)) == ((), "low")
    assert saved.gone == (("Risk",) if access is VIEW else ())
    save(cast.alice, {field.public_id: "none"}, actor=cast.as_max)
    assert held(cast.alice, field) == "none"


def test_nobody_writes_to_somebody_else_s_record(cast, home, dogs):
    door, food = make.custom_field(home), make.custom_field(dogs)
    for owner, field, actor in [
        (cast.bob, door, cast.as_alice),
        (cast.bella, food, cast.as_alice),
        (cast.sam, door, cast.as_alice),
        (cast.alice, door, cast.as_sam),
        (cast.sam, door, cast.as_max),
    ]:
        with pytest.raises(NotAllowed):
            save(owner, {field.public_id: "x"}, actor=actor)
    assert count(FieldValue) == 0


def test_a_field_of_another_area_or_species_is_not_written(cast, home, dogs):
    door, food = make.custom_field(home), make.custom_field(dogs)
    assert save(cast.mochi, {door.public_id: "x", food.public_id: "x"}, actor=cast.as_alice).changed == ()
    assert save(cast.alice, {food.public_id: "x", "nothing": "x", "\x00": "x"}, actor=cast.as_alice).changed == ()
    assert count(FieldValue) == 0


def test_secrets_are_changed_by_their_client_or_by_staff_who_may_see_them(cast, home):
    code = make.custom_field(home, is_secret=True)
    save(cast.alice, {code.public_id: "1"}, actor=staff_as_client(cast.olivia, cast.alice))
    assert held(cast.alice, code) is None
    save(cast.alice, {code.public_id: "2"}, actor=cast.as_max)
    assert held(cast.alice, code) == "2"


# ------------------------------------------------------------------------------------------- required, conditions


def test_every_problem_is_named_and_nothing_is_saved(cast, home):
    door = make.custom_field(home, is_required=True)
    day, fine = make.custom_field(home, kind=FieldKind.DATE), make.custom_field(home)
    with pytest.raises(Unfit) as refused:
        save(cast.alice, {door.public_id: "", day.public_id: "soon", fine.public_id: "x"}, actor=cast.as_alice)
    assert {k: p.code for k, p in refused.value.problems.items()} == {door.public_id: "required", day.public_id: "value_date"}  # fmt: skip
    assert count(FieldValue) == 0
    assert save(cast.alice, {door.public_id: "", fine.public_id: "x"}, actor=cast.as_max).changed


def test_fields_not_asked_for_keep_what_they_had_and_are_not_required(cast, home):
    alarm = make.custom_field(home, kind=FieldKind.YES_NO)
    needs = {"field": alarm.public_id, "values": ["yes"]}
    code = make.custom_field(home, label="Code", is_required=True, show_if=needs)
    off = make.custom_field(home, kind=FieldKind.DATE, show_if=needs)
    make.field_value(code, cast.alice, text="4711")
    saved = save(cast.alice, {alarm.public_id: "no", code.public_id: "", off.public_id: "soon"}, actor=cast.as_alice)
    assert ([c.field for c in saved.changed], saved.unasked) == ([alarm], ("Code", off.label))
    assert held(cast.alice, alarm, code) == [False, "4711"]
    with pytest.raises(Unfit) as refused:
        save(cast.alice, {alarm.public_id: "yes", code.public_id: ""}, actor=cast.as_alice)
    assert list(refused.value.problems) == [code.public_id]


# ---------------------------------------------------------------------------------------------------- two at once


@pytest.mark.covers("D1", "D2")
def test_two_who_change_different_fields_both_get_what_they_typed(cast, home):
    door, gate = make.custom_field(home), make.custom_field(home)
    seen = {door.public_id: mark(None), gate.public_id: mark(None)}
    save(cast.alice, {door.public_id: "blue", gate.public_id: ""}, actor=cast.as_alice, seen=seen)
    save(cast.alice, {door.public_id: "", gate.public_id: "green"}, actor=cast.as_alice, seen=seen)
    assert held(cast.alice, door, gate) == ["blue", "green"]


def test_two_who_change_the_same_field_are_shown_both_answers_and_nothing_is_saved(cast, home):
    door, gate = make.custom_field(home), make.custom_field(home)
    seen = {door.public_id: mark(None), gate.public_id: mark(None)}
    save(cast.alice, {door.public_id: "blue"}, actor=cast.as_alice, seen=seen)
    with pytest.raises(Crossed) as crossed:
        save(cast.alice, {door.public_id: "red", gate.public_id: "green"}, actor=cast.as_alice, seen=seen)
    assert [(c.field, c.theirs, c.mine) for c in crossed.value.clashes] == [(door, "blue", "red")]
    assert held(cast.alice, door, gate) == ["blue", None]
    save(cast.alice, {door.public_id: "blue"}, actor=cast.as_alice, seen=seen)  # the same answer is no quarrel
    again = {**seen, door.public_id: mark("blue")}
    save(cast.alice, {door.public_id: "red", gate.public_id: "green"}, actor=cast.as_alice, seen=again)
    assert held(cast.alice, door, gate) == ["red", "green"]


@pytest.mark.covers("D2")
def test_two_log_ins_that_save_at_the_same_moment(app, cast, dogs):
    food = make.custom_field(dogs)
    db.session.commit()
    alice, biscuit, seen = cast.alice.id, cast.biscuit.id, {food.public_id: mark(None)}

    def doing(text):
        def do():
            from models import Client, Pet

            client, pet = db.session.get(Client, alice), db.session.get(Pet, biscuit)
            return save(pet, {food.public_id: text}, actor=client_actor(client), seen=seen)

        return do

    results = together(app, doing("dry"), doing("raw"))
    kinds = sorted(type(r).__name__ for r in results)
    assert kinds == ["Crossed", "Saved"]
    assert held(cast.biscuit, food) in {"dry", "raw"}
    assert count(FieldValue) == 1


def test_a_field_that_was_retired_while_the_form_was_open_is_named_and_the_others_are_saved(cast, home):
    door, gate, same = (make.custom_field(home, label=x) for x in ("Door", "Gate", "Same"))
    other = make.custom_field(make.field_section(home.page, retired_at=clock.now()), label="In a section")
    secret_place = make.custom_field(home, label="Hidden", portal_access=HIDDEN, retired_at=clock.now())
    make.field_value(same, cast.alice, text="as it was")
    gate.retired_at = same.retired_at = clock.now()
    sent = {f.public_id: "x" for f in (door, gate, other, secret_place)} | {same.public_id: "as it was"}
    saved = save(cast.alice, sent, actor=cast.as_alice, seen=dict.fromkeys(sent, mark(None)))
    assert ([c.field for c in saved.changed], saved.gone) == ([door], ("Gate", "In a section"))


# ------------------------------------------------------------------------------------------------------- proposals


@pytest.fixture
def place(home):
    return make.custom_field(home, label="Key place", needs_approval=True)


@pytest.mark.covers("D6")
def test_a_field_that_needs_approval_waits_and_a_newer_wish_replaces_the_older(cast, place):
    make.field_value(place, cast.alice, text="pot")
    (wish,) = save(cast.alice, {place.public_id: "mat"}, actor=cast.as_alice).proposed
    assert (wish.old, wish.new, held(cast.alice, place)) == ("pot", "mat", "pot")
    assert save(cast.alice, {place.public_id: "mat"}, actor=cast.as_alice).proposed == ()
    save(cast.alice, {place.public_id: "box"}, actor=cast.as_alice)
    states = [(p.facts["new"], p.state) for p in db.session.query(FieldProposal).order_by(FieldProposal.id)]
    assert states == [("mat", ProposalState.WITHDRAWN), ("box", ProposalState.PENDING)]
    assert (news(), news(NotificationKind.DATA_PROPOSED)) == ([], [["Key place: pot → box"]])
    save(cast.alice, {place.public_id: "pot"}, actor=cast.as_alice)
    assert count(FieldProposal, FieldProposal.state == ProposalState.PENDING) == 0


def test_the_office_writes_such_a_field_at_once(cast, place):
    saved = save(cast.alice, {place.public_id: "mat"}, actor=cast.as_max)
    assert (len(saved.changed), saved.proposed, count(FieldProposal)) == (1, (), 0)


def test_two_wishes_for_one_field_at_once_are_shown_side_by_side(cast, place):
    seen = {place.public_id: mark(None)}
    save(cast.alice, {place.public_id: "mat"}, actor=cast.as_alice, seen=seen)
    with pytest.raises(Crossed) as crossed:
        save(cast.alice, {place.public_id: "box"}, actor=cast.as_alice, seen=seen)
    (clash,) = crossed.value.clashes
    assert (clash.theirs, clash.mine) == ("mat", "box")


def test_a_sentence_for_people_stands_in_every_refusal(cast, home):
    assert str(Unfit({})) == "Some answers need another look. Nothing is saved yet."
    assert isinstance(Unfit({}), Invalid)
    assert "Nothing is lost" in str(Crossed(()))


def test_the_office_reads_that_another_client_has_the_new_address_and_the_client_does_not(cast, home):
    mail = make.custom_field(home, label="Mail address", kind=FieldKind.EMAIL, column="client.email")
    save(cast.alice, {mail.public_id: cast.bob.email}, actor=cast.as_alice)
    (line,) = db.session.query(Notification).filter_by(kind=NotificationKind.DATA_CHANGED)
    assert line.facts["shared"] == ["email"]
    assert "bob@example.com. Another client has this mail address too" in told_about(line.facts)
