"""D3: a client who posts every field to every page by hand changes only what is open for editing, and only their own."""

import datetime as dt
import itertools
import random
from html.parser import HTMLParser

import pytest

from foundation.db import db
from models import Client, FieldArea, FieldKind, FieldValue, FilePurpose, Pet, PortalAccess, Species, StaffAccess
from tests import factories as make
from tests.databases import count
from tests.portal.conftest import Page
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


@pytest.mark.covers("D3")
def test_an_answer_that_is_sent_twice_is_one_answer(walk, cast):
    section = make.field_section(make.field_page())
    door, ways = (make.custom_field(section, label=label, **more) for label, more in (
        ("Door", {}), ("Ways", {"kind": FieldKind.MULTI_CHOICE, "choices": [{"key": k, "label": k} for k in "abc"]}),
    ))  # fmt: skip
    alice, url = walk(cast.alice), f"/portal/your-data/{section.page.public_id}"
    data = alice.get(f"{url}/edit").form(url).filled()
    data |= {f"f-{door.public_id}": ["blue", "red"], f"f-{ways.public_id}": ["a", "a", "c"]}
    assert alice.browser.post(url, data=data).status_code == 303
    values = field_values.read(cast.alice)
    assert (values.of(door), values.of(ways)) == ("blue", ("a", "c"))


class Marks(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self):
        super().__init__()
        self.bad = []

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name.startswith("on") or (name in {"href", "src", "action", "formaction"} and (value or "").strip().lower().startswith(("javascript:", "data:", "vbscript:"))):  # fmt: skip
                self.bad.append((tag, name, value))
        if tag == "xss" or (tag == "img" and dict(attrs).get("src") == "x"):
            self.bad.append((tag, attrs))


HOSTILE = "<img src=x onerror=alert(1)>\"' autofocus onfocus=alert(1) x='<xss>{{7*7}}</textarea></script><xss>"


@pytest.mark.covers("D1", "D2", "D3", "V6")
def test_whatever_was_typed_or_named_is_text_to_clients_sitters_and_the_office(walk, cast, http, sign_in_as_staff):
    """Labels, help, choices, names of pages, sections and files, and what is filled in; read, filled in, side by side."""
    home = make.field_page(name=f"P{HOSTILE}"[:120], help=HOSTILE)
    section = make.field_section(home, name=f"S{HOSTILE}"[:120], help=HOSTILE)
    more = {"help": HOSTILE, "staff_access": StaffAccess.VIEW}
    fields = {
        kind: make.custom_field(section, label=f"{kind.value} {HOSTILE}"[:120], kind=kind, **more)
        for kind in (FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.CHOICE, FieldKind.MULTI_CHOICE, FieldKind.LINK, FieldKind.FILE)
    }  # fmt: skip
    for kind in (FieldKind.CHOICE, FieldKind.MULTI_CHOICE):
        fields[kind].choices = [{"key": "a", "label": HOSTILE[:120]}, {"key": "b", "label": "B"}]
    waits = make.custom_field(section, label=f"waits {HOSTILE}"[:120], needs_approval=True)
    make.field_value(fields[FieldKind.TEXT], cast.alice, text=HOSTILE)
    make.field_value(fields[FieldKind.LONG_TEXT], cast.alice, text=f"{HOSTILE}\n{HOSTILE}")
    make.field_value(fields[FieldKind.CHOICE], cast.alice, text="a")
    make.field_value(fields[FieldKind.MULTI_CHOICE], cast.alice, text=None, keys=["a", "b"])
    make.field_value(
        fields[FieldKind.LINK], cast.alice, text="javascript:alert(1)"
    )  # as if an older check had let it in
    file = make.stored_file(cast.alice, purpose=FilePurpose.FIELD, name=f"{HOSTILE}.pdf")
    make.field_value(fields[FieldKind.FILE], cast.alice, text=None, file_id=file.id)
    cast.alice.first_name, cast.biscuit.name, cast.biscuit.warning, cast.biscuit.notes = HOSTILE[:120], HOSTILE[:120], HOSTILE, HOSTILE  # fmt: skip
    make.job(cast.alice, cast.walk, sitter=cast.sam, pets=[cast.biscuit], on_date=dt.date(2026, 11, 23), note=HOSTILE)
    make.client_contact(cast.alice, HOSTILE[:120], is_emergency=True, relation=HOSTILE[:120])
    db.session.commit()
    alice, url = walk(cast.alice), f"/portal/your-data/{home.public_id}"
    stale = alice.get(f"{url}/edit")
    link = fields[FieldKind.LINK].public_id  # left out, as it would be refused
    texts = {f"f-{waits.public_id}": HOSTILE, f"f-{fields[FieldKind.TEXT].public_id}": f"1{HOSTILE}", f"f-{link}": None, f"seen-{link}": None}  # fmt: skip
    pages = [stale, alice.press(stale, url, **texts), alice.press(stale, url, **{**texts, f"f-{fields[FieldKind.TEXT].public_id}": f"2{HOSTILE}"})]  # fmt: skip
    assert [page.status for page in pages] == [200, 200, 409]
    pages += [alice.get(x) for x in (url, f"{url}/edit", "/portal/your-data/pets", f"/portal/your-data/pets/{cast.biscuit.public_id}", "/portal/files", "/portal/your-data/contacts")]  # fmt: skip
    sam, olivia = sign_in_as_staff(http(), cast.sam), sign_in_as_staff(http(), cast.olivia)
    pages += [Page(sam.get(x)) for x in ("/staff/", f"/staff/clients/{cast.alice.public_id}/")]
    pages += [Page(olivia.get(x)) for x in (
        f"/admin/data/client/{cast.alice.id}/", f"/admin/data/client/{cast.alice.id}/{home.public_id}/", "/admin/", "/admin/proposals/",
        f"/admin/client/{cast.alice.id}/", f"/admin/client/{cast.alice.id}/?tab=log", f"/admin/client/{cast.alice.id}/?tab=files",
        f"/admin/fields/client/?page={home.public_id}", "/admin/custom-fields/", "/admin/field-sections/", "/admin/field-pages/", "/admin/log/",
    )]  # fmt: skip
    for page in pages:
        assert page.status in {200, 409}, page.path
        marks = Marks()
        marks.feed(page.html)
        assert (page.path, marks.bad) == (page.path, [])
        assert "49" not in page.text.replace("{{7*7}}", "") or "{{7*7}}" in page.text
    assert sum("<img src=x onerror" in page.text for page in pages) >= len(pages) - 2  # it was there to be shown
