"""D3: a client who posts every field to every page by hand changes only what is open for editing, and only their own."""

import itertools
import random

import pytest

from foundation.db import db
from models import Client, FieldArea, FieldKind, FieldValue, Pet, PortalAccess, Species
from tests.databases import count
from workflows import field_defaults, field_kinds, field_layout, field_values

GOOD = {
    FieldKind.NUMBER: "7", FieldKind.DATE: "2020-02-02", FieldKind.YES_NO: "yes", FieldKind.EMAIL: "eve@example.com",
    FieldKind.PHONE: "(212) 555-0199", FieldKind.LINK: "https://evil.example/",
}  # fmt: skip


def fitting(field):
    """Something that the field would take."""
    kind = field_kinds.kind_of(field)
    return field.choices[0]["key"] if field.choices else GOOD.get(kind, "changed")


@pytest.fixture
def pages(cast):
    """The usual pages, with every level of access mixed at every level of the tree."""
    field_defaults.install(FieldArea.CLIENT, FieldArea.PET, actor=cast.as_olivia)
    levels = itertools.cycle([PortalAccess.EDIT] * 3 + [PortalAccess.VIEW, PortalAccess.HIDDEN])
    shuffled = random.Random(7)
    for area in (FieldArea.CLIENT, FieldArea.PET):
        for page in field_layout.layout(area, of_all_kinds=True).pages:
            page.page.portal_access = next(levels)
            for section in page.sections:
                section.section.portal_access = next(levels)
                for placed in section.fields:
                    placed.field.portal_access = shuffled.choice([PortalAccess.EDIT, PortalAccess.EDIT, PortalAccess.VIEW, PortalAccess.HIDDEN])  # fmt: skip
                    placed.field.show_if = None
    db.session.commit()
    return {area: field_layout.layout(area, of_all_kinds=True) for area in (FieldArea.CLIENT, FieldArea.PET)}


def everything(layouts):
    """All that is filled in about everybody: {(owner, label): value}."""
    found = {}
    for owner in [*db.session.query(Client), *db.session.query(Pet)]:
        values, layout = field_values.read(owner), layouts[field_values.area_of(owner)]
        for placed in layout.fields.values():
            found[owner.__tablename__, owner.id, placed.key] = values.of(placed.field)
    return found


@pytest.mark.covers("D3", "P8")
def test_only_what_is_open_is_ever_written(walk, cast, pages):
    alice, before = walk(cast.alice), everything(pages)
    keys = {p.key: p for layout in pages.values() for p in layout.fields.values()}
    data = {f"f-{key}": fitting(placed.field) for key, placed in keys.items()}
    data |= {f"seen-{key}": field_kinds.mark(None) for key in keys}
    # The marks of what stands in columns, so that nothing is only saved from being written by a clash.
    for owner in (cast.alice, cast.biscuit):
        for placed in pages[field_values.area_of(owner)].fields.values():
            if placed.field.column:
                data[f"seen-{placed.key}"] = field_kinds.mark(field_values.read(owner).of(placed.field))
    data |= {"version": "1", "client_id": str(cast.bob.id), "portal_access": "edit", "is_secret": "", "owner": "bob"}
    pets = [None, cast.biscuit, cast.mochi, cast.bella]
    answers = set()
    for layout, pet in itertools.product(pages.values(), pets):
        for page in layout.pages:
            inside = f"pets/{pet.public_id}/" if pet else ""
            answers.add(alice.post(f"/portal/your-data/{inside}{page.page.public_id}", **data).status_code)
    assert answers <= {303, 404, 409, 422}
    assert {303, 404} <= answers
    after = everything(pages)
    written = {key for key, value in after.items() if value != before[key]}
    assert written, "the walk must write something, or it proves nothing"
    own = {("client", cast.alice.id), ("pet", cast.biscuit.id), ("pet", cast.mochi.id)}
    for table, owner, key in written:
        assert keys[key].portal is PortalAccess.EDIT, keys[key].field.label
        assert (table, owner) in own
    for pet in (cast.biscuit, cast.mochi):
        species = {keys[k].page.species for t, o, k in written if (t, o) == ("pet", pet.id)}
        assert species <= {None, pet.species}
    assert Species.CAT not in {keys[k].page.species for t, o, k in written if (t, o) == ("pet", cast.biscuit.id)}
    assert count(FieldValue, FieldValue.client_id == cast.bob.id) == count(FieldValue, FieldValue.pet_id == cast.bella.id) == 0  # fmt: skip


def test_no_page_shows_a_hidden_field_or_lets_a_closed_one_be_filled_in(walk, cast, pages):
    alice = walk(cast.alice)
    hidden = {p.key: p for layout in pages.values() for p in layout.fields.values() if p.portal is PortalAccess.HIDDEN}
    closed = {p.key for layout in pages.values() for p in layout.fields.values() if p.portal is not PortalAccess.EDIT}
    seen = set()
    for area, pet in ((FieldArea.CLIENT, None), (FieldArea.PET, cast.biscuit), (FieldArea.PET, cast.mochi)):
        for page in pages[area].pages:
            for more in ("", "/edit"):
                inside = f"pets/{pet.public_id}/" if pet else ""
                answer = alice.browser.get(f"/portal/your-data/{inside}{page.page.public_id}{more}")
                seen.add(answer.status_code)
                assert not [key for key in closed if key in answer.text]
                hidden_page = page.portal is PortalAccess.HIDDEN
                assert not hidden_page or answer.status_code == 404
    assert seen == {200, 404}
    assert hidden
