"""Places, what two people do to them at once, narrowed access, and what is shown depending on which answer."""

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Activity, CustomField, FieldArea, FieldKind, PortalAccess, Species, Staff, StaffAccess
from tests.workflows.test_custom_fields import a_field, a_page, a_section, refused
from workflows import custom_fields, field_order
from workflows.actors import staff_actor
from workflows.errors import Conflict

pytestmark = pytest.mark.covers("D3")


def labels(part):
    return [str(p) for p in field_order.siblings(part)]


def ids(part):
    return [p.public_id for p in field_order.siblings(part)]


def last_log():
    return db.session.scalars(sa.select(Activity).order_by(Activity.id.desc()).limit(1)).one()


# ------------------------------------------------------------------------------------------------------------ places


def test_a_part_moves_among_the_live_ones_of_its_list(cast):
    section = a_section(cast.as_max)
    a, b, c, d = (a_field(cast.as_max, section, label) for label in "ABCD")
    other = a_field(cast.as_max, a_section(cast.as_max, section.page, "Other"), "Z")
    custom_fields.retire(b, actor=cast.as_max)
    versions = [f.version for f in (a, c, d, other)]
    assert field_order.move(d, 0, seen=ids(d), actor=cast.as_max)
    assert labels(a) == ["D", "A", "C"]
    assert (last_log().verb, last_log().facts["changes"]) == ("custom_field.moved", {"position": [3, 1]})
    assert field_order.move(d, 99, seen=ids(d), actor=cast.as_max)
    assert labels(a) == ["A", "C", "D"]
    before = last_log().id
    assert not field_order.move(a, -3, seen=ids(a), actor=cast.as_max)
    assert (last_log().id, labels(other), [f.version for f in (a, c, d, other)]) == (before, ["Z"], versions)
    pages = [section.page, a_page(cast.as_max, "Garden")]
    field_order.move(pages[1], 0, seen=[p.public_id for p in pages], actor=cast.as_max)
    assert labels(pages[0]) == ["Garden", "Home"]
    assert field_order.move(other.section, 0, seen=ids(section), actor=cast.as_max)
    assert labels(section) == ["Other", "Door"]


def test_a_move_looks_at_the_order_that_was_seen(cast):
    section = a_section(cast.as_max)
    a, b, c = (a_field(cast.as_max, section, label) for label in "ABC")
    seen = ids(a)
    field_order.move(c, 0, seen=seen, actor=cast.as_olivia)
    db.session.commit()
    for part, order in ((a, seen), (a, []), (a, [a.public_id])):
        doing = lambda p=part, s=order: field_order.move(p, 1, seen=s, actor=cast.as_max)  # noqa: E731
        assert refused(doing, Conflict) == ("order_changed", None)
    assert labels(a) == ["C", "A", "B"]
    custom_fields.retire(b, actor=cast.as_max)
    db.session.commit()
    assert refused(lambda: field_order.move(b, 0, seen=ids(a), actor=cast.as_max), Conflict) == ("order_changed", None)


def test_of_two_owners_who_move_at_once_the_second_looks_again(cast, together):
    section = a_section(cast.as_max)
    fields = [a_field(cast.as_max, section, label) for label in "ABCDE"]
    seen = ids(fields[0])
    db.session.commit()
    numbers, olivia = [f.id for f in fields], cast.olivia.id

    def move(which, to):
        actor = staff_actor(db.session.get(Staff, olivia))
        return field_order.move(db.session.get(CustomField, numbers[which]), to, seen=seen, actor=actor)

    answers = together(lambda: move(4, 0), lambda: move(0, 4), lambda: move(2, 0), lambda: move(1, 3))
    assert answers.count(True) == 1
    assert [a.code for a in answers if a is not True] == ["order_changed"] * 3
    rows = db.session.execute(sa.select(CustomField.label, CustomField.position).order_by(CustomField.position)).all()
    assert [p for _label, p in rows] == [1, 2, 3, 4, 5]
    assert sorted(label for label, _p in rows) == list("ABCDE")
    assert [label for label, _p in rows] != list("ABCDE")


def test_fields_that_are_added_at_once_get_places_of_their_own(cast, together):
    number, olivia = a_section(cast.as_max).id, cast.olivia.id
    db.session.commit()

    def add(label):
        section = db.session.get(custom_fields.FieldSection, number)
        return a_field(staff_actor(db.session.get(Staff, olivia)), section, label).id

    together(*(lambda label=label: add(label) for label in "ABCD"))
    assert sorted(db.session.scalars(sa.select(CustomField.position))) == [1, 2, 3, 4]


# ------------------------------------------------------------------------------------------------------------ access


@pytest.mark.parametrize(
    ("page", "section", "field", "portal", "says"),
    [
        (PortalAccess.HIDDEN, PortalAccess.EDIT, PortalAccess.EDIT, PortalAccess.HIDDEN, 0),
        (PortalAccess.EDIT, PortalAccess.VIEW, PortalAccess.EDIT, PortalAccess.VIEW, 1),
        (PortalAccess.VIEW, PortalAccess.EDIT, PortalAccess.HIDDEN, PortalAccess.HIDDEN, 2),
        (PortalAccess.HIDDEN, PortalAccess.HIDDEN, PortalAccess.HIDDEN, PortalAccess.HIDDEN, 0),
        (PortalAccess.EDIT, PortalAccess.EDIT, PortalAccess.EDIT, PortalAccess.EDIT, 0),
    ],
)
def test_the_narrowest_access_counts_and_the_highest_that_says_so_is_named(cast, page, section, field, portal, says):
    about = a_page(cast.as_max, portal_access=page)
    part = a_section(cast.as_max, about, portal_access=section, staff_access=StaffAccess.RESTRICTED)
    asked = a_field(cast.as_max, part, portal_access=field)
    found = field_order.narrowed(asked)
    assert found == (portal, [about, part, asked][says], StaffAccess.RESTRICTED, part)


# -------------------------------------------------------------------------------------------------------- conditions


def when(field, *answers):
    return {"field": field.public_id, "values": list(answers)}


def test_a_condition_names_an_earlier_field_and_answers_that_it_has(cast):
    section = a_section(cast.as_max)
    alarm = a_field(cast.as_max, section, "Alarm", kind=FieldKind.YES_NO)
    code = a_field(cast.as_max, section, "Code", is_secret=True, show_if=when(alarm, "yes", "yes"))
    assert code.show_if == when(alarm, "yes")
    later = a_section(cast.as_max, a_page(cast.as_max, "Later"), show_if=when(alarm, "no"))
    assert later.show_if == when(alarm, "no")
    filled = a_field(cast.as_max, later, "More", show_if=when(a_field(cast.as_max, section, "Parking")))
    assert filled.show_if["values"] == []
    db.session.commit()
    for condition, why in (
        (when(alarm, "maybe"), "decider_kind"),
        (when(alarm), None),
        ({"field": "nothing", "values": ["yes"]}, "decider_gone"),
        (when(section, "yes"), "decider_gone"),
        (when(code, "yes"), "decider_kind"),
        (when(filled), "decider_later"),
    ):
        doing = lambda c=condition: a_field(cast.as_max, section, "Panel", show_if=c)  # noqa: E731
        if why:
            assert refused(doing) == (why, "show_if"), condition
        else:
            assert doing().show_if == condition
    custom_fields.save_field(code, {"show_if": None}, actor=cast.as_max)
    assert last_log().facts["changes"] == {"show_if": ["Alarm: Yes", ""]}


def test_fields_cannot_wait_for_themselves_or_each_other(cast):
    section = a_section(cast.as_max)
    a, b = (a_field(cast.as_max, section, label, kind=FieldKind.YES_NO) for label in "AB")
    custom_fields.save_field(b, {"show_if": when(a, "yes")}, actor=cast.as_max)
    db.session.commit()
    for part, other in ((a, b), (a, a)):
        doing = lambda p=part, o=other: custom_fields.save_field(p, {"show_if": when(o, "yes")}, actor=cast.as_max)  # noqa: E731
        assert refused(doing) == ("decider_later", "show_if")
    doing = lambda: custom_fields.save_section(section, {"show_if": when(a, "yes")}, actor=cast.as_max)  # noqa: E731
    assert refused(doing) == ("decider_later", "show_if")


def test_no_move_retirement_or_removal_leaves_a_condition_hanging(cast):
    first, second = a_section(cast.as_max), a_section(cast.as_max, a_page(cast.as_max, "Second"))
    alarm = a_field(cast.as_max, first, "Alarm", kind=FieldKind.YES_NO)
    code = a_field(cast.as_max, second, "Code", show_if=when(alarm, "yes"))
    pages = ids(first.page)
    last = a_section(cast.as_max, second.page, "Last")
    db.session.commit()
    for doing, why in (
        (lambda: field_order.move(second.page, 0, seen=pages, actor=cast.as_max), "decider_later"),
        (lambda: custom_fields.save_field(alarm, {"section": last}, actor=cast.as_max), "decider_later"),
        (lambda: custom_fields.retire(alarm, actor=cast.as_max), "decider_gone"),
        (lambda: custom_fields.retire(first, actor=cast.as_max), "decider_gone"),
        (lambda: custom_fields.retire(first.page, actor=cast.as_max), "decider_gone"),
        (lambda: custom_fields.remove(first.page, actor=cast.as_max), "decider_gone"),
        (lambda: custom_fields.save_field(alarm, {"kind": FieldKind.TEXT}, actor=cast.as_max), "decider_kind"),
        (lambda: custom_fields.save_field(alarm, {"is_secret": True}, actor=cast.as_max), "decider_kind"),
    ):
        assert refused(doing) == (why, "show_if")
        assert (labels(first.page), labels(alarm), field_order.is_live(alarm)) == (["Home", "Second"], ["Alarm"], True)
    custom_fields.retire(code, actor=cast.as_max)
    custom_fields.retire(alarm, actor=cast.as_max)
    db.session.commit()
    assert refused(lambda: custom_fields.restore(code, actor=cast.as_max)) == ("decider_gone", "show_if")
    custom_fields.restore(alarm, actor=cast.as_max)
    custom_fields.restore(code, actor=cast.as_max)


def test_what_a_page_for_dogs_asks_decides_nothing_for_cats(cast):
    walks = a_section(cast.as_max, a_page(cast.as_max, "Walks", FieldArea.PET, species=Species.DOG))
    pulls = a_field(cast.as_max, walks, "Pulls", kind=FieldKind.YES_NO)
    sleep = a_section(cast.as_max, a_page(cast.as_max, "Sleep", FieldArea.PET))
    more = a_section(cast.as_max, a_page(cast.as_max, "More walks", FieldArea.PET, species=Species.DOG))
    db.session.commit()
    doing = lambda: a_field(cast.as_max, sleep, "Bed", show_if=when(pulls, "yes"))  # noqa: E731
    assert refused(doing) == ("decider_elsewhere", "show_if")
    a_field(cast.as_max, more, "Harness", show_if=when(pulls, "yes"))
    db.session.commit()
    doing = lambda: custom_fields.save_page(walks.page, {"species": Species.CAT}, actor=cast.as_max)  # noqa: E731
    assert refused(doing) == ("decider_elsewhere", "show_if")


def test_deciders_are_the_earlier_live_ones_that_everybody_of_the_page_is_asked(cast):
    section = a_section(cast.as_max)
    alarm = a_field(cast.as_max, section, "Alarm", kind=FieldKind.YES_NO)
    a_field(cast.as_max, section, "Code", is_secret=True)
    gone = a_field(cast.as_max, section, "Old")
    custom_fields.retire(gone, actor=cast.as_max)
    panel = a_field(cast.as_max, section, "Panel")
    later = a_page(cast.as_max, "Later")
    a_field(cast.as_max, a_section(cast.as_max, later), "Behind")
    pages = field_order.pages_of(FieldArea.CLIENT)
    assert field_order.deciders(pages, panel, section.page) == [alarm]
    assert field_order.deciders(pages, None, section.page) == [alarm, panel]
    assert field_order.deciders(pages, alarm, section.page) == []
