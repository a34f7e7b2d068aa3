"""Keys of clients' homes: taken in, given out, handed over, lost; and which visits come without one."""

import datetime as dt

import pytest
import sqlalchemy as sa

from foundation import clock
from models import Activity, Job, JobState, Key, KeyMove, KeyPlace, Notification, NotificationKind, StaffRole
from tests import factories as make
from tests.databases import statements
from workflows import key_codes, key_facts, keys, people, roles, settings
from workflows.actors import staff_actor
from workflows.errors import Conflict, Invalid, NotAllowed, WrongState
from workflows.permissions import ROLE_PERMISSIONS, Permission

pytestmark = pytest.mark.covers("V5")
THU, FRI = dt.date(2026, 11, 26), dt.date(2026, 11, 27)


@pytest.fixture
def front_door(cast):
    """Alice's key at the office."""
    return keys.add(cast.alice, {"name": "Front door", "reference": "k 7", "description": "blue tag"}, actor=cast.as_olivia)  # fmt: skip


def log(session, key):
    return session.scalars(
        sa.select(Activity).where(Activity.subject_type == "home_key", Activity.subject_id == key.id).order_by(Activity.id)
    ).all()  # fmt: skip


def told(session, kind):
    return [n.facts for n in session.scalars(sa.select(Notification).where(Notification.kind == kind))]


def let_sitters_hand_over(cast):
    allowed = {*ROLE_PERMISSIONS[StaffRole.SITTER], Permission.HAND_OVER_KEYS}
    roles.change({StaffRole.SITTER: allowed}, actor=cast.as_olivia)


# ------------------------------------------------------------------------------------------------------- the cabinet


def test_a_key_is_taken_in_with_its_code_in_capitals_and_a_first_line_of_history(cast, front_door, db_session):
    assert (front_door.reference, front_door.place, front_door.holder) == ("K 7", KeyPlace.OFFICE, None)
    assert [(m.place, m.from_place, m.by_staff) for m in front_door.moves] == [(KeyPlace.OFFICE, None, cast.olivia)]
    (line,) = log(db_session, front_door)
    assert (line.verb, line.client_id, line.facts["name"]) == ("key.added", cast.alice.id, "K 7 Front door")


def test_a_proposed_code_is_random_and_says_nothing_of_the_client(cast):
    codes = {
        keys.add(cast.alice, {"name": "Gate", "reference": ""}, actor=cast.as_olivia).reference for _n in range(20)
    }
    assert len(codes) == 20
    assert all(len(code) == 5 and set(code) <= set(key_codes._LETTERS) for code in codes)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " ", "reference": "A1"}, "name"),
        ({"name": "Gate", "reference": "A\u202e1<"}, "reference"),
        ({"name": "Gate", "reference": "A" * 41}, "reference"),
        ({"name": "G" * 121, "reference": "A1"}, "name"),
        ({"name": "Gate", "reference": "A1", "description": "d" * 256}, "description"),
    ],
)
def test_what_is_no_name_or_code_is_refused_at_its_field(cast, values, field):
    with pytest.raises(Invalid) as refusal:
        keys.add(cast.alice, values, actor=cast.as_olivia)
    assert refusal.value.field == field


def test_no_two_keys_in_use_have_one_code_and_a_retired_one_sets_it_free(cast, front_door, db_session):
    with pytest.raises(Conflict, match="this code"):
        keys.add(cast.bob, {"name": "Door", "reference": "K  7"}, actor=cast.as_olivia)
    keys.retire(front_door, actor=cast.as_olivia)
    other = keys.add(cast.bob, {"name": "Door", "reference": "K 7"}, actor=cast.as_olivia)
    with pytest.raises(Conflict):
        keys.restore(front_door, actor=cast.as_olivia)
    keys.edit(other, {"reference": "B1"}, actor=cast.as_olivia)
    keys.restore(front_door, actor=cast.as_olivia)
    with pytest.raises(Conflict):
        keys.edit(other, {"reference": "k 7"}, actor=cast.as_olivia)
    assert (db_session.get(Key, other.id).reference, front_door.retired_at) == ("B1", None)


def test_what_is_changed_is_logged_but_not_what_the_description_says(cast, front_door, db_session):
    keys.edit(front_door, {"name": "Back door", "description": "under the pot"}, actor=cast.as_olivia)
    line = log(db_session, front_door)[-1]
    assert line.facts["changes"] == {"name": ["Front door", "Back door"], "description": ["…", "…"]}
    n = len(log(db_session, front_door))
    assert keys.edit(front_door, {"name": "Back door"}, actor=cast.as_olivia) == {}
    assert len(log(db_session, front_door)) == n


def test_a_key_that_has_gone_somewhere_stays_and_one_that_is_out_is_not_retired(cast, front_door, db_session):
    keys.move(front_door, KeyPlace.STAFF, cast.sam, actor=cast.as_olivia)
    with pytest.raises(WrongState, match="Sam Stone"):
        keys.retire(front_door, actor=cast.as_olivia)
    with pytest.raises(WrongState, match="Retire"):
        keys.remove(front_door, actor=cast.as_olivia)
    keys.move(front_door, KeyPlace.CLIENT, actor=cast.as_olivia)
    keys.retire(front_door, actor=cast.as_olivia)
    with pytest.raises(WrongState, match="K 7"):
        keys.move(front_door, KeyPlace.OFFICE, actor=cast.as_olivia)
    with pytest.raises(Invalid, match="stays"):
        people.remove_client(cast.alice, actor=cast.as_olivia)
    typo = keys.add(cast.alice, {"name": "Gate", "reference": "K8"}, actor=cast.as_olivia)
    keys.remove(typo, actor=cast.as_olivia)
    assert db_session.scalars(sa.select(Key.reference)).all() == ["K 7"]


# ------------------------------------------------------------------------------------------------------------ ways


def test_a_move_keeps_who_had_it_who_has_it_and_why(cast, front_door, db_session):
    keys.move(front_door, KeyPlace.STAFF, cast.sam, actor=cast.as_olivia, note="for the week", seen_version=1)
    keys.move(front_door, KeyPlace.STAFF, cast.sam, actor=cast.as_olivia)
    keys.move(front_door, KeyPlace.STAFF, cast.sita, actor=cast.as_max)
    keys.move(front_door, KeyPlace.OFFICE, actor=cast.as_olivia)
    db_session.expire_all()
    assert [(m.from_place, m.from_holder, m.place, m.holder, m.note, m.by_staff) for m in front_door.moves] == [
        (KeyPlace.STAFF, cast.sita, KeyPlace.OFFICE, None, "", cast.olivia),
        (KeyPlace.STAFF, cast.sam, KeyPlace.STAFF, cast.sita, "", cast.max),
        (KeyPlace.OFFICE, None, KeyPlace.STAFF, cast.sam, "for the week", cast.olivia),
        (None, None, KeyPlace.OFFICE, None, "", cast.olivia),
    ]
    lines = [(x.verb, x.facts.get("changes"), x.facts.get("reason")) for x in log(db_session, front_door)]
    assert lines[1:3] == [
        ("key.moved", {"key_place": ["office", "Sam Stone"]}, "for the week"),
        ("key.moved", {"key_place": ["Sam Stone", "Sita Singh"]}, ""),
    ]


def test_a_move_of_what_was_moved_meanwhile_is_refused(cast, front_door, db_session):
    keys.move(front_door, KeyPlace.STAFF, cast.sam, actor=cast.as_olivia, seen_version=1)
    with pytest.raises(Conflict, match="meanwhile"):
        keys.move(front_door, KeyPlace.STAFF, cast.sita, actor=cast.as_max, seen_version=1)
    assert front_door.holder is cast.sam


@pytest.mark.parametrize("why", ["nobody", "left", "both", "sitter"])
def test_a_move_to_nobody_or_to_somebody_who_left_or_by_a_sitter_is_refused(cast, front_door, why):
    cast.sita.is_active = False
    place, holder, actor = {
        "nobody": (KeyPlace.STAFF, None, cast.as_olivia), "left": (KeyPlace.STAFF, cast.sita, cast.as_olivia),
        "both": (KeyPlace.OFFICE, cast.sam, cast.as_olivia), "sitter": (KeyPlace.STAFF, cast.sam, cast.as_sam),
    }[why]  # fmt: skip
    with pytest.raises(NotAllowed if why == "sitter" else Invalid):
        keys.move(front_door, place, holder, actor=actor)
    assert (front_door.place, len(front_door.moves)) == (KeyPlace.OFFICE, 1)


def test_a_lost_key_stands_on_home_and_can_be_found_again(cast, front_door, db_session):
    keys.move(front_door, KeyPlace.STAFF, cast.sam, actor=cast.as_olivia)
    with pytest.raises(WrongState):
        keys.report_lost(front_door, actor=staff_actor(cast.sita))
    keys.report_lost(front_door, actor=cast.as_sam, note="in the park")
    assert told(db_session, NotificationKind.KEY_LOST) == [{"sitter": "Sam Stone", "about": ["K 7 Front door"]}]
    assert (front_door.place, front_door.holder, log(db_session, front_door)[-1].verb) == (KeyPlace.LOST, None, "key.lost")  # fmt: skip
    keys.move(front_door, KeyPlace.OFFICE, actor=cast.as_olivia)
    assert front_door.place is KeyPlace.OFFICE


def test_many_keys_are_given_at_once_or_none(cast, front_door, db_session):
    others = [make.key(cast.bob, f"B{n}") for n in range(3)]
    others[0].retired_at = clock.now()
    db_session.flush()
    with pytest.raises(WrongState, match="B0"):
        keys.bulk_assign([front_door, *others], KeyPlace.STAFF, cast.sam, actor=cast.as_olivia)
    with pytest.raises(Invalid):
        keys.bulk_assign([front_door], KeyPlace.LOST, actor=cast.as_olivia)
    with pytest.raises(Invalid):
        keys.bulk_assign([], KeyPlace.OFFICE, actor=cast.as_olivia)
    assert {k.place for k in (front_door, *others)} == {KeyPlace.OFFICE}
    keys.move(others[1], KeyPlace.STAFF, cast.sam, actor=cast.as_olivia)
    assert keys.bulk_assign([front_door, *others[1:]], KeyPlace.STAFF, cast.sam, actor=cast.as_olivia) == 2
    assert {k.holder_id for k in (front_door, *others[1:])} == {cast.sam.id}
    assert db_session.scalar(sa.select(sa.func.count(KeyMove.id)).where(KeyMove.holder_id == cast.sam.id)) == 3


# --------------------------------------------------------------------------------------------------- among sitters


def test_sitters_hand_keys_over_by_permission_and_among_those_who_visit(cast, front_door, db_session):
    keys.move(front_door, KeyPlace.STAFF, cast.sam, actor=cast.as_olivia)
    with pytest.raises(NotAllowed):
        keys.hand_over(front_door, cast.sita, actor=cast.as_sam)
    let_sitters_hand_over(cast)
    with pytest.raises(Invalid, match="Sita Singh has no visit"):
        keys.hand_over(front_door, cast.sita, actor=cast.as_sam)
    job = make.job(cast.alice, cast.walk, sitter=cast.sita)
    assert keys.receivers([cast.alice.id], cast.sam) == {cast.alice.id: [cast.sita]}
    keys.hand_over(front_door, cast.sita, actor=cast.as_sam, note="at the station")
    assert front_door.holder is cast.sita
    about = "K 7 Front door, Sam Stone → Sita Singh"
    assert told(db_session, NotificationKind.KEY_MOVED) == [{"sitter": "Sam Stone", "about": [about]}]
    with pytest.raises(WrongState):
        keys.hand_over(front_door, cast.sita, actor=cast.as_sam)
    with pytest.raises(NotAllowed):  # Sam has no visit there
        keys.take_over(front_door, actor=cast.as_sam)
    job.sitter = cast.sam
    db_session.flush()
    keys.take_over(front_door, actor=cast.as_sam)
    assert (front_door.holder, len(told(db_session, NotificationKind.KEY_MOVED))) == (cast.sam, 2)
    keys.move(front_door, KeyPlace.OFFICE, actor=cast.as_olivia)
    with pytest.raises(WrongState, match="Ask the office"):
        keys.take_over(front_door, actor=cast.as_sam)


def test_a_sitter_whose_visits_were_cancelled_takes_nothing_over(cast, front_door):
    let_sitters_hand_over(cast)
    keys.move(front_door, KeyPlace.STAFF, cast.sam, actor=cast.as_olivia)
    make.job(cast.alice, cast.walk, sitter=cast.sita, state=JobState.CANCELLED)
    with pytest.raises(NotAllowed):
        keys.take_over(front_door, actor=staff_actor(cast.sita))


# ------------------------------------------------------------------------------------------------ what is needed


def needed(sitter=None):
    return [(m.job_id, m.sitter, [k.reference for k in m.keys]) for m in key_facts.required(THU, FRI, sitter)]


def test_a_visit_needs_a_key_until_its_sitter_holds_one(cast, front_door, db_session):
    job = make.job(cast.alice, cast.walk, sitter=cast.sam)
    make.job(cast.alice, cast.walk)  # nobody yet: needs none yet
    make.job(cast.alice, cast.walk, sitter=cast.sam, state=JobState.CANCELLED)
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=dt.date(2026, 11, 29))
    assert needed() == needed(cast.sam) == [(job.id, "Sam Stone", ["K 7"])]
    assert (needed(cast.sita), key_facts.without_key([job.id])) == ([], {job.id})
    gate = make.key(cast.alice, "A2", holder=cast.sam)  # any key of the home will do
    assert needed() == []
    keys.move(gate, KeyPlace.OFFICE, actor=cast.as_olivia)
    assert needed() == [(job.id, "Sam Stone", ["A2", "K 7"])]
    cast.walk.key_not_needed = True
    db_session.flush()
    assert needed() == []
    cast.walk.key_not_needed, cast.alice.key_not_needed = False, True
    db_session.flush()
    assert needed() == []


def test_clients_without_any_key_count_only_when_one_of_every_client_is_expected(cast, front_door):
    keys.retire(front_door, actor=cast.as_olivia)
    job = make.job(cast.alice, cast.walk, sitter=cast.sam)
    assert needed() == []
    settings.change({"keys.expect_always": True}, actor=cast.as_olivia)
    assert needed() == [(job.id, "Sam Stone", [])]
    assert key_facts.who_lack({(cast.alice.id, cast.sam.id)})[cast.alice.id, cast.sam.id].keys == ()


def test_a_lost_key_is_missing_too(cast, front_door):
    job = make.job(cast.alice, cast.walk, sitter=cast.sam)
    keys.move(front_door, KeyPlace.LOST, actor=cast.as_olivia)
    assert needed() == [(job.id, "Sam Stone", ["K 7"])]


def test_required_keys_cost_two_questions_however_many(cast, front_door):
    for n in range(12):
        client = make.client(f"C{n}")
        make.key(client, f"N{n}")
        make.job(client, cast.walk, sitter=[cast.sam, cast.sita][n % 2])
    settings.read()
    with statements() as sent:
        found = key_facts.required(THU, FRI)
    assert (len(found), len(sent)) == (12, 2)
    with statements() as sent:
        assert len(key_facts.without_key(m.job_id for m in found)) == 12
    assert len(sent) == 1


def test_keys_of_people_who_left_are_pointed_out(cast, front_door, db_session):
    keys.move(front_door, KeyPlace.STAFF, cast.sam, actor=cast.as_olivia)
    assert key_facts.with_people_who_left() == []
    cast.sam.is_active = False
    db_session.flush()
    assert key_facts.with_people_who_left() == [(cast.sam.id, "Sam Stone", 1)]
    assert [k.reference for k in key_facts.held_by(cast.sam)] == ["K 7"]
    assert db_session.scalar(sa.select(sa.func.count(Job.id)).where(Job.sitter_id == cast.sam.id)) == 0
