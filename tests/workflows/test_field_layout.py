"""The pages that the office designs: what is on them for whom, the narrowing of access, and conditions with chains."""

import pytest

from foundation import clock
from foundation.db import db
from models import FieldArea, PortalAccess, Species, StaffAccess
from tests import factories as make
from tests.databases import statements
from workflows import field_layout

pytestmark = pytest.mark.covers("D3")
HIDDEN, VIEW, EDIT = PortalAccess.HIDDEN, PortalAccess.VIEW, PortalAccess.EDIT


def labels(layout):
    return [
        (page.page.name, [(s.section.name, [f.field.label for f in s.fields]) for s in page.sections])
        for page in layout.pages
    ]


def test_pages_sections_and_fields_come_in_their_order_without_retired_ones(app):
    home = make.field_page(name="Home", position=2)
    contact = make.field_page(name="Contact", position=1)
    make.field_page(name="Gone", retired_at=clock.now())
    alarm = make.field_section(home, name="Alarm", position=2)
    door = make.field_section(home, name="Door", position=1)
    make.custom_field(make.field_section(home, name="Old", retired_at=clock.now()), label="In an old section")
    make.custom_field(door, label="Second", position=2)
    make.custom_field(door, label="First", position=1)
    make.custom_field(door, label="Retired", retired_at=clock.now())
    make.custom_field(alarm, label="Code")
    make.custom_field(make.field_section(make.field_page(FieldArea.PET), name="x"), label="A pet's")
    assert labels(field_layout.layout(FieldArea.CLIENT)) == [
        ("Contact", []),
        ("Home", [("Door", ["First", "Second"]), ("Alarm", ["Code"])]),
    ]
    every = field_layout.layout(FieldArea.CLIENT, with_retired=True)
    assert sorted(f.field.label for f in every.fields.values()) == [
        "Code", "First", "In an old section", "Retired", "Second",
    ]  # fmt: skip
    assert every.page(contact.public_id).page is contact
    assert every.page("nothing") is None


def test_pages_of_a_species_and_of_a_service_group_come_only_with_it(app):
    group = make.service_group()
    make.field_page(FieldArea.PET, name="All pets")
    make.field_page(FieldArea.PET, name="Dogs", species=Species.DOG)
    make.field_page(FieldArea.REPORT, name="Walks", service_group_id=group.id)

    def names(area, **of):
        return [p.page.name for p in field_layout.layout(area, **of).pages]

    assert names(FieldArea.PET, species=Species.DOG) == ["All pets", "Dogs"]
    assert names(FieldArea.PET, species=Species.CAT) == names(FieldArea.PET) == ["All pets"]
    assert names(FieldArea.PET, of_all_kinds=True) == ["All pets", "Dogs"]
    assert (names(FieldArea.REPORT), names(FieldArea.REPORT, service_group_id=group.id)) == ([], ["Walks"])


@pytest.mark.parametrize("page", PortalAccess)
@pytest.mark.parametrize("section", PortalAccess)
@pytest.mark.parametrize("field", PortalAccess)
def test_the_narrowest_access_counts_and_nothing_below_opens_a_hidden_page(app, page, section, field):
    order = [HIDDEN, VIEW, EDIT]
    placed = make.custom_field(
        make.field_section(make.field_page(portal_access=page), portal_access=section), portal_access=field
    )
    layout = field_layout.layout(FieldArea.CLIENT)
    narrowest = order[min(order.index(level) for level in (page, section, field))]
    assert layout.fields[placed.public_id].portal is narrowest
    assert (placed.public_id in layout.for_portal().fields) is (narrowest is not HIDDEN)
    assert bool(layout.for_portal().pages) is (narrowest is not HIDDEN)


@pytest.mark.parametrize("page", StaffAccess)
@pytest.mark.parametrize("field", StaffAccess)
def test_staff_access_narrows_the_same_way(app, page, field):
    order = [StaffAccess.HIDDEN, StaffAccess.RESTRICTED, StaffAccess.VIEW]
    placed = make.custom_field(make.field_section(make.field_page(staff_access=page)), staff_access=field)
    layout = field_layout.layout(FieldArea.CLIENT)
    narrowest = order[min(order.index(page), order.index(field))]
    assert layout.fields[placed.public_id].staff is narrowest
    assert (placed.public_id in layout.for_sitters().fields) is (narrowest is not StaffAccess.HIDDEN)


@pytest.mark.parametrize("n", [1, 7])
def test_a_layout_costs_two_queries_whatever_its_size(app, n):
    for _ in range(n):
        page = make.field_page()
        for _ in range(n):
            section = make.field_section(page)
            for _ in range(n):
                make.custom_field(section)
    db.session.commit()
    with statements() as sql:
        layout = field_layout.layout(FieldArea.CLIENT)
        assert len(layout.fields) == n**3
        for placed in layout.fields.values():
            assert placed.page.name
            assert placed.section.name
            assert placed.field.label
    assert len(sql) == 2


# ------------------------------------------------------------------------------------------------------ conditions


@pytest.fixture
def section(app):
    return make.field_section()


def needs(other, *values):
    return {"field": other.public_id, "values": list(values)}


def asked(answers, *fields):
    found = field_layout.layout(FieldArea.CLIENT).asked({f.public_id: keys for f, keys in answers.items()})
    return [field.public_id in found for field in fields]


def test_a_field_is_asked_while_the_other_has_one_of_the_values(section):
    alarm = make.custom_field(section)
    code = make.custom_field(section, show_if=needs(alarm, "yes", "maybe"))
    assert asked({}, alarm, code) == [True, False]
    assert asked({alarm: ["no"]}, code) == [False]
    assert asked({alarm: ["maybe"]}, code) == [True]
    assert asked({alarm: ["no", "yes"]}, code) == [True]


def test_a_condition_without_values_asks_for_any_answer(section):
    alarm = make.custom_field(section)
    code = make.custom_field(section, show_if=needs(alarm))
    assert (asked({}, code), asked({alarm: ["x"]}, code)) == ([False], [True])


def test_a_section_s_condition_counts_for_all_its_fields(section):
    alarm = make.custom_field(section)
    below = make.field_section(section.page, show_if=needs(alarm, "yes"))
    one = make.custom_field(below)
    two = make.custom_field(below, show_if=needs(one, "yes"))
    assert asked({alarm: ["yes"], one: ["yes"]}, one, two) == [True, True]
    assert asked({alarm: ["no"], one: ["yes"]}, one, two) == [False, False]


def test_a_chain_closes_although_the_middle_keeps_its_answer(section):
    first = make.custom_field(section)
    middle = make.custom_field(section, show_if=needs(first, "yes"))
    last = make.custom_field(section, show_if=needs(middle, "yes"))
    assert asked({first: ["yes"], middle: ["yes"]}, first, middle, last) == [True, True, True]
    assert asked({first: ["no"], middle: ["yes"]}, first, middle, last) == [True, False, False]


def test_a_condition_on_a_retired_or_unknown_field_hides_nothing(section):
    gone = make.custom_field(section, retired_at=clock.now())
    field = make.custom_field(section, show_if=needs(gone, "yes"))
    other = make.custom_field(section, show_if={"field": "nowhere", "values": ["yes"]})
    assert asked({gone: ["no"]}, field, other) == [True, True]


def test_a_condition_on_a_field_hidden_in_the_portal_is_judged_by_what_it_holds(section):
    hidden = make.custom_field(section, portal_access=HIDDEN)
    field = make.custom_field(section, show_if=needs(hidden, "yes"))
    assert (asked({hidden: ["no"]}, field), asked({hidden: ["yes"]}, field)) == ([False], [True])


def test_conditions_in_a_ring_hide_nothing_for_ever(section):
    one, two, itself = (make.custom_field(section) for _ in range(3))
    one.show_if, two.show_if, itself.show_if = needs(two, "yes"), needs(one, "yes"), needs(itself, "yes")
    behind = make.custom_field(section, show_if=needs(one, "yes"))
    db.session.flush()
    assert asked({}, one, two, itself, behind) == [True, True, True, False]


def test_a_long_chain_is_followed_to_its_end(section):
    chain = [make.custom_field(section)]
    for _ in range(200):
        chain.append(make.custom_field(section, show_if=needs(chain[-1], "yes")))
    yes = {field: ["yes"] for field in chain}
    assert asked(yes, *chain) == [True] * 201
    assert asked({**yes, chain[1]: ["no"]}, *chain) == [True, True] + [False] * 199
